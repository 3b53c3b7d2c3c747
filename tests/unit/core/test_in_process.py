# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's main inside another process: what it finds there, and what it leaves behind."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible.module_utils.common import warnings

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import LOGINS, Spec
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process


def test_what_others_warned_of_is_not_told(monkeypatch):
    """ansible-core 2.18 keeps warnings in a list, later ones in a dict of the process; a module begins without any."""
    stores = ("_global_warnings", "_global_deprecations")
    for name in stores:
        kind = type(getattr(warnings, name))
        monkeypatch.setattr(warnings, name, kind(["old"]) if kind is list else kind(old=None))
    before = [getattr(warnings, name) for name in stores]
    seen = []
    in_process.run_here(lambda: seen.extend(len(getattr(warnings, name)) for name in stores), {})
    assert seen == [0, 0]
    assert [getattr(warnings, name) for name in stores] == before


def test_the_memory_of_the_controller_stays_under_its_collector(monkeypatch):
    """A process of its own ends at once, so what it has imported is not looked through again; the controller goes on."""
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append("freeze"))
    monkeypatch.setattr(_module.signal, "signal", lambda number, handler: None)

    def main():
        _module.main(Spec({}), lambda run: {"changed": False})

    def process():
        _module.OWN_PROCESS = True
        main()

    assert json.loads(in_process.run_here(main, {}))["changed"] is False
    assert frozen == []
    assert json.loads(in_process.run_here(process, {}))["changed"] is False
    assert frozen == ["freeze"]


@pytest.mark.parametrize(
    "release, tested",
    [("2.18.0", True), ("2.19.14", True), ("2.21.5", True), ("2.21.0rc1", True), ("2.17.14", False), ("2.22.0", False),
     ("2.22.0.dev0", False), ("2.180.1", False), ("3.0.0", False), ("", False)],
)  # fmt: skip
def test_only_releases_that_were_tested_run_a_module_inside_the_controller(release, tested):
    assert in_process.is_tested(release) is tested


@pytest.mark.parametrize("release, here", [("2.19.0", True), ("2.99.0", False)])
def test_another_release_runs_the_module_and_says_nothing(monkeypatch, release, here):
    monkeypatch.setattr(in_process, "ansible_version", release)
    monkeypatch.delenv("GROUNDWORK_IN_PROCESS", raising=False)
    action = in_process.InProcessAction.__new__(in_process.InProcessAction)
    action._task = SimpleNamespace(async_val=0, environment=[], delegate_to=None)
    action._connection = SimpleNamespace(transport="local", become=None)
    action._templar = SimpleNamespace(template=lambda value: value)
    assert action._same_here({"ansible_python_interpreter": in_process.sys.executable}) is here


def test_the_releases_are_those_of_the_matrix_and_the_documentation():
    root = Path(__file__).resolve().parents[3]
    matrix = re.findall(r'^    "(\d+\.\d+)": \(', (root / "tools" / "matrix.py").read_text(encoding="utf-8"), re.M)
    page = re.findall(r"^\| (2\.\d+) \| Python", (root / "docs" / "compatibility.md").read_text(encoding="utf-8"), re.M)
    assert list(in_process.TESTED) == matrix == page
    assert f"ansible-core {matrix[0]} to {matrix[-1]}" in (root / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check, sentence", [(False, "It is not known whether the request was accepted."), (True, "Nothing was changed.")])
def test_a_module_that_nobody_waits_for_any_more_is_not_said_to_have_had_a_job(check, sentence):
    task = SimpleNamespace(check_mode=check, action="groundwork.provision.cluster_profile")
    told = in_process.InProcessAction._given_up(SimpleNamespace(_task=task))
    assert sentence in told["msg"]
    assert told["changed"] is not check


# -- the last line ----------------------------------------------------------------------------------------------------


@pytest.fixture
def parent(monkeypatch):
    """Starts a process with this stderr that stands in for the one that started the worker."""
    started = []

    def start(stderr):
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr)
        started.append(process)
        monkeypatch.setattr(in_process.os, "getppid", lambda: process.pid)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_last_line_when_the_controller_is_gone(tmp_path, parent):
    """It stands on a line of its own, also after half a line, and comes to where its messages went and to nobody else."""
    messages, strange = tmp_path / "messages", tmp_path / "strange"
    messages.write_text("half a line")
    with messages.open("a") as file, strange.open("w") as other:
        controller = parent(file)
        screen = in_process.Screen("web-01")
        controller.kill()
        controller.wait()
        parent(other)  # whoever adopts the worker
        screen.part("It goes on.")
        screen.close()
        screen.part("closed")
    assert (messages.read_text(), strange.read_text()) == ("half a line\n[web-01] It goes on.\n", "")


def test_the_last_line_is_not_written_over(tmp_path, parent, monkeypatch):
    """ansible-playbook 2>file: it writes where it had come to, so the place is shared."""
    path = tmp_path / "messages"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        os.write(fd, b"[WARNING]: first\n")
        parent(fd)
        monkeypatch.setattr(in_process, "MESSAGES", fd)
        screen = in_process.Screen("web-01")
        screen.part("It goes on.")
        os.write(fd, b"[ERROR]: User interrupted execution\n")
        screen.close()
    finally:
        os.close(fd)
    assert path.read_text() == "[WARNING]: first\n\n[web-01] It goes on.\n[ERROR]: User interrupted execution\n"


def test_the_last_line_to_a_socket(parent, monkeypatch):
    """As a service has it, whose messages go to a journal: a socket cannot be opened anew."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        parent(theirs.fileno())
        monkeypatch.setattr(in_process, "MESSAGES", theirs.fileno())
        screen = in_process.Screen("h")
        screen.part("x")
        screen.close()
        ours.settimeout(5)
        assert ours.recv(100) == b"\n[h] x\n"


def test_no_last_line_where_nobody_is_known_to_read_it(tmp_path, parent, monkeypatch):
    before = sorted(os.listdir("/proc/self/fd"))
    with (tmp_path / "messages").open("w") as file:
        controller = parent(file)
        changes = iter([controller.pid])
        monkeypatch.setattr(in_process.os, "getppid", lambda: next(changes, 1))
        in_process.Screen("h").part("x")
        monkeypatch.setattr(in_process.os, "getppid", lambda: 2**22 + 1)
        in_process.Screen("h").part("x")
    assert (tmp_path / "messages").read_text() == ""
    assert len(os.listdir("/proc/self/fd")) <= len(before) + 1  # the pipe to the process that stands in


def test_a_terminal_that_takes_nothing_does_not_hold_the_end_up(parent, monkeypatch):
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write, True)
    monkeypatch.setattr(in_process, "PATIENCE", 0.01)
    monkeypatch.setattr(in_process, "MESSAGES", write)
    parent(write)
    screen = in_process.Screen("h")
    screen.part("x")
    screen.close()
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("transport, shared", [("local", True), ("ssh", False)])
def test_only_a_task_of_this_machine_is_told_what_the_run_shares(transport, shared):
    action = SimpleNamespace(_connection=SimpleNamespace(transport=transport), _task=SimpleNamespace(args={}, _uuid="u"))
    assert (LOGINS in in_process.InProcessAction._arguments(action)) is (shared and bool(in_process.SHARED))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_run_also_where_python_drops_what_its_handler_raises(monkeypatch, number):
    """As it does in a destructor, and so while it collects garbage, wherever the run is then."""
    dropped, told = [], []

    class Destroyed:
        def __del__(self):
            signal.raise_signal(number)

    def body(run):
        Destroyed()
        run.clock.sleep(1)
        return {"changed": True}

    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    before = signal.signal(number, lambda came, _frame: told.append(came))
    try:
        text = in_process.run_to_end(lambda: _module.main(Spec({}), body), {})
    finally:
        signal.signal(number, before)
    assert len(dropped) == 1
    assert json.loads(text)["error"]["code"] == "interrupted"
    assert told == [number]
