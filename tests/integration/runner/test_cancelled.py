# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One task for each host through ansible-runner, cancelled in the middle again and again: SIGKILL to the whole job, as AWX does it."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from simulator.client import Control

HOSTS = 40
TASK = {
    "groundwork.provision.profile_activation": {
        "profile": "{{ inventory_hostname }}", "uuid": "{{ uuid }}", "restart": "immediate", "poll_interval": 1, "reconcile_timeout": 2,
    },
    "delegate_to": "localhost",
    "register": "done",
    # What a killed run may have sent is asked about once where the state does not tell it.
    "until": "done is not failed or done.error.code != 'earlier_run_unfinished'",
    "retries": 2,
    "delay": 1,
}  # fmt: skip
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


class Job:
    """A job of ansible-runner that is started and killed. Every process that came from it is known by a variable."""

    def __init__(self, folder: Path, number: int) -> None:
        name, value = "GROUNDWORK_TEST", secrets.token_hex(8)
        self._marker = f"{name}={value}".encode()
        programs = Path(sys.executable).parent
        environment = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8", name: value}
        command = [str(programs / "ansible-runner"), "run", str(folder), "-p", "per_host.yml", "--ident", f"job{number}", "--forks", "20"]
        self.process = subprocess.Popen(
            [*command, "--inventory", str(folder / "inventory" / "per_host.yml")], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not true():
            assert time.monotonic() < end, "it did not happen"
            assert self.process.poll() is None, self.process.communicate()[0]
            time.sleep(0.02)

    def kill(self) -> None:
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if self._marker in (path / "environ").read_bytes():
                    os.kill(int(path.name), signal.SIGKILL)
            except OSError:
                continue
        self.process.communicate()


def test_three_cancels_in_a_row_and_the_fourth_run_succeeds(sim: Control, data_dir: Path) -> None:
    sim.seed(xclarity={"generate": {"rack_nodes": HOSTS, "profiles": HOSTS, "prefix": "many"}})
    sim.switches("xclarity", job_seconds=5)
    hosts = {f"many-{number:05d}": {"uuid": f"{number:032X}"} for number in range(1, HOSTS + 1)}
    (data_dir / "inventory" / "per_host.yml").write_text(yaml.safe_dump({"all": {"vars": LOCAL, "hosts": hosts}}), encoding="utf-8")
    play = {"hosts": "all", "gather_facts": False, "tasks": [TASK]}
    (data_dir / "project" / "per_host.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")

    def starts() -> list[str]:
        return [one["path"] for one in sim.log(changing=True) if one["path"].startswith("/profiles/")]

    for number in range(3):
        job = Job(data_dir, number)
        wanted = len(starts()) + 8
        job.until(lambda wanted=wanted: len(starts()) >= wanted)
        job.kill()
    last = Job(data_dir, 3)
    output, _none = last.process.communicate(timeout=300)
    assert last.process.returncode == 0, output
    assert sorted(starts()) == sorted(set(starts())), "none was activated twice"
    assert len(starts()) == HOSTS
    assert sim.sessions("xclarity")["open"] == 0, "no session is left"
