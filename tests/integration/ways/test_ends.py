# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is told to end, by a signal or by the task's timeout, wherever it stands: no process of it is left, and none of
its threads has sent anything once the play was over. Crossed: how it is told, where it stands, both ways in."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

SERVERS = {"web-01": "A", "web-02": "B", "web-03": "C", "app-01": "E"}
PROFILES = [{"profile": name, "uuid": f"0A10000000000000000000000000000{last}"} for name, last in list(SERVERS.items())[:3]]
ACTIVATE = {"profiles": PROFILES, "restart": "immediate", "concurrency": 3, "poll_interval": 0.2, "wait_timeout": 60}

# how -> a signal, or the keyword
HOW = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "timeout": None}
# where -> (what the server does, a request that shows that the run stands there)
WHERE = {
    "starts are refused for a while": (
        {"method": "POST", "path": "^/profiles/", "status": 429, "headers": {"Retry-After": "4"}}, ("POST", "/profiles/")),
    "starts are not answered": ({"method": "POST", "path": "^/profiles/", "delay": 20}, ("POST", "/profiles/")),
    "a reading is refused for a while": (
        {"method": "GET", "path": "^/profiles", "status": 503, "headers": {"Retry-After": "4"}}, ("GET", "/profiles")),
    "jobs run": ({}, ("GET", "/tasks/")),
}  # fmt: skip
# The implicit localhost has the controller's own interpreter, so only the variable makes it a module.
WAYS = {"in the controller": {}, "as a module": {"groundwork_in_process": False}}
# Every pair of these is crossed at least once.
CASES = [
    (how, where, way)
    for number, how in enumerate(HOW)
    for place, where in enumerate(WHERE)
    for turn, way in enumerate(WAYS)
    if place == 0 or (number + place + turn) % 2
]


@pytest.mark.parametrize("how, where, way", CASES, ids=[", ".join(case) for case in CASES])
def test_nothing_is_sent_after_the_end(sim, harness, tmp_path, how, where, way):
    fault, (method, path) = WHERE[where]
    sim.switches("xclarity", job_seconds=600)
    if fault:
        sim.fault("xclarity", times=-1, **fault)
    task = {"groundwork.provision.profile_activation": ACTIVATE, "register": "ended", "ignore_errors": True}
    if HOW[how] is None:
        task["timeout"] = 4
    told = tmp_path / "told.json"
    tell = {"ansible.builtin.copy": {"dest": str(told), "content": "{{ ended | to_json }}"}}
    marker = secrets.token_hex(8)
    running = _start(harness, [task, tell], WAYS[way], marker)
    try:
        _until(lambda: any(one["method"] == method and one["path"].startswith(path) for one in sim.log()), running)
        if HOW[how] is not None:
            os.killpg(running.pid, HOW[how])
        output, _none = running.communicate(timeout=120)
        # Ansible does not wait for a module that it gave up; once no process is left, nobody can send anything.
        _until(lambda: not _processes(marker))
    finally:
        for one in _processes(marker):
            os.kill(one, signal.SIGKILL)
    assert (running.returncode == 0) == (HOW[how] is None), output
    starts = [one["path"] for one in sim.log() if one["method"] == "POST" and one["path"].startswith("/profiles/")]
    assert len(starts) == len(set(starts)) <= 3, "each was sent once"
    assert sim.sessions("xclarity")["open"] == 0
    if HOW[how] is None:
        _check_told(json.loads(told.read_text(encoding="utf-8")), where, way)


def _check_told(told, where, way):
    """What the register says of a task whose time was over."""
    assert (told["failed"], told["timedout"]["period"], told["error"]["code"]) == (True, 4, "task_timeout"), told
    if way == "as a module":
        expected = "unknown"
    elif where in ("starts are refused for a while", "a reading is refused for a while"):
        expected = "none"
    else:
        expected = "started" if where == "jobs run" else "unknown"
    assert (told["outcome"], told["changed"]) == (expected, expected != "none"), told
    if way != "as a module" and where != "a reading is refused for a while":
        assert len(told["profiles"]) == 3, "what was reached is told beside"


def _start(harness, tasks, variables, marker):
    book = [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]
    path = Path(harness.folder, "play.yml")
    path.write_text(yaml.safe_dump(book), encoding="utf-8")
    return subprocess.Popen(
        [str(Path(sys.executable).parent / "ansible-playbook"), str(path)],
        env={**harness.environment(), "GROUNDWORK_TEST": marker}, cwd=harness.folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip


def _processes(marker):
    """The processes that came from the play, wherever they have gone."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"GROUNDWORK_TEST={marker}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def _until(true, running=None):
    """Wait for what another process brings about."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not happen"
        assert running is None or running.poll() is None, running.communicate()[0]
        time.sleep(0.05)
