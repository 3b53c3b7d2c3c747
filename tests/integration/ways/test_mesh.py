# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Beyond one machine: a job's worker in another network namespace, as automation mesh runs it, and sliced over several."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from harness import Harness

from simulator.client import SimulatorProcess

ESTATE = Path(__file__).resolve().parents[2] / "simulator" / "estate.yml"
# Addresses for benchmarks (RFC 2544); a network of its own for each process, since several may run at once.
NETWORK = f"198.18.{os.getpid() >> 6 & 255}"
HERE, THERE = (f"{NETWORK}.{(os.getpid() & 63) * 4 + number}" for number in (1, 2))
COUNT = 12

PLAY = [
    {
        "name": "The hosts of a slice in one task",
        "hosts": "servers",
        "gather_facts": False,
        "connection": "local",
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {
                # Each host says which profile it is; one host of the slice speaks for all.
                "groundwork.provision.profile_activation": {"profiles": "{{ rows }}", "restart": "immediate", "poll_interval": 0.1},
                "vars": {"rows": "{{ ansible_play_hosts_all | map('extract', hostvars, 'row') }}"},
                "run_once": True,
            }
        ],
    }
]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def cannot() -> str:
    """Why a network namespace cannot be made here; empty when it can."""
    if shutil.which("ip") is None:
        return "the program ip (iproute2) is not there"
    if os.geteuid() != 0:
        return "network namespaces are root's"
    name = f"gw-try-{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return "this machine allows no network namespaces"
    ip("netns", "delete", name)
    return ""


@pytest.fixture
def namespace():
    """The name of a network namespace that reaches this one at HERE and nothing else."""
    reason = cannot()
    if reason:
        pytest.skip(reason)
    name, near, far = f"gw-{os.getpid()}", f"gwn{os.getpid() % 100000}", f"gwf{os.getpid() % 100000}"
    ip("netns", "add", name)
    try:
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        ip("address", "add", f"{HERE}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "address", "add", f"{THERE}/30", "dev", far)
        ip("-n", name, "link", "set", far, "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", near], capture_output=True, check=False)
        ip("netns", "delete", name)


@pytest.fixture
def appliance(namespace, tmp_path):
    with SimulatorProcess(tmp_path / "simulator", address=HERE) as control:
        control.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
        control.seed(xclarity={"generate": {"rack_nodes": COUNT, "profiles": COUNT, "prefix": "many"}})
        yield control


def job(folder: Path, harness: Harness, hosts: range) -> Path:
    """A private data directory for these hosts, with the credentials in its environment."""
    for name in ("project", "inventory", "env"):
        (folder / name).mkdir(parents=True)
    (folder / "project" / "site.yml").write_text(yaml.safe_dump(PLAY), encoding="utf-8")
    rows = {f"many-{n:05d}": {"row": {"profile": f"many-{n:05d}", "uuid": f"{n:032X}"}} for n in hosts}
    (folder / "inventory" / "hosts.yml").write_text(yaml.safe_dump({"servers": {"hosts": rows}}), encoding="utf-8")
    kept = {name: value for name, value in harness.environment().items() if name not in ("PATH", "HOME", "LC_ALL")}
    (folder / "env" / "envvars").write_text(yaml.safe_dump(kept), encoding="utf-8")
    return folder


def program(name: str) -> str:
    return str(Path(sys.executable).parent / name)


def transmit(folder: Path) -> bytes:
    return subprocess.run([program("ansible-runner"), "transmit", str(folder), "-p", "site.yml"], capture_output=True, check=True).stdout


def worker(namespace: str, tmp_path: Path) -> subprocess.Popen:
    """A worker in the namespace, with nothing of this process's environment but where programs are."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    command = ["ip", "netns", "exec", namespace, program("ansible-runner"), "worker"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def process(folder: Path, data: bytes) -> None:
    folder.mkdir()
    command = [program("ansible-runner"), "process", str(folder)]
    subprocess.run(command, input=data, capture_output=True, check=True)


def finished(folder: Path) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in folder.rglob("status"))


@pytest.mark.parametrize("slices", [1, 3])
def test_a_job_runs_in_slices_in_another_network(appliance, namespace, tmp_path, slices):
    """Three slices at once are three sessions, as many as a user has; each sends for its own hosts only."""
    harness = Harness(appliance, tmp_path, Path(os.environ["ANSIBLE_COLLECTIONS_PATH"]))
    size = COUNT // slices
    jobs = [job(tmp_path / f"job{n}", harness, range(1 + n * size, 1 + (n + 1) * size)) for n in range(slices)]
    sent = [transmit(folder) for folder in jobs]
    workers = [worker(namespace, tmp_path) for _one in jobs]
    for running, data in zip(workers, sent, strict=True):
        running.stdin.write(data)
        running.stdin.close()
        running.stdin = None
    answers = [running.communicate(timeout=120) for running in workers]
    for number, (answer, errors) in enumerate(answers):
        process(tmp_path / f"received{number}", answer)
        printed = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / f"received{number}").rglob("stdout"))
        assert workers[number].returncode == 0, errors.decode() + printed
        assert finished(tmp_path / f"received{number}") == "successful", printed
        # ansible-runner notes the environment that it was given in a file of its own; AWX removes it.
        files = [path for path in (tmp_path / f"received{number}").rglob("*") if path.is_file() and path.name != "command"]
        assert not [path for path in files if b"Passw0rd-demo" in path.read_bytes()]
    counts = appliance.state("xclarity")["counts"]
    assert counts["activations"] == COUNT
    log = appliance.log(system="xclarity")
    assert sum(entry["method"] == "POST" and entry["path"] == "/sessions" for entry in log) == slices
    _closed(appliance)


def test_this_network_is_not_the_workers(appliance, namespace):
    """The loopback of the namespace is its own: what the job reached it reached over the link."""
    port = appliance.ready["xclarity"].rpartition(":")[2]
    look = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    assert subprocess.run(["ip", "netns", "exec", namespace, sys.executable, "-c", look], capture_output=True, check=False).returncode == 1
    look = look.replace("127.0.0.1", HERE)
    assert subprocess.run(["ip", "netns", "exec", namespace, sys.executable, "-c", look], capture_output=True, check=False).returncode == 0


def _closed(control) -> None:
    end = time.monotonic() + 5
    while control.sessions("xclarity")["open"]:
        assert time.monotonic() < end
        time.sleep(0.05)
