# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays that people write: one task for each host against three sessions, the role over a list, what a result holds, a wait."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import measure
import yaml
from activations import CONCURRENCY, MODULE, POLL
from lab import Lab
from measure import Taken

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
TRIVIAL = {"ansible.builtin.debug": {"msg": "x"}}
CURL = Path(__file__).with_name("curl_parallel.py")


class Hosts:
    """A play on ``count`` hosts, each with a profile to activate; jobs take ``seconds``."""

    def __init__(self, lab: Lab, count: int, seconds: float, forks: int = 50) -> None:
        self.lab, self.count, self.seconds, self.forks = lab, count, seconds, forks
        hosts = {f"many-{n:05d}": {"xclarity_profile": f"many-{n:05d}", "xclarity_target": f"{n:032X}"} for n in range(1, count + 1)}
        self.inventory = lab.folder / f"hosts-{count}.yml"
        variables = {**LOCAL, "xclarity_restart": "immediate"}
        self.inventory.write_text(yaml.safe_dump({"all": {"vars": variables, "hosts": hosts}}), encoding="utf-8")
        self.failed = 0

    def _play(self, tasks: list[dict[str, Any]], *, sessions: int = 3, **play: Any) -> Taken:
        self.lab.fresh(self.count)
        self.lab.control.switches("xclarity", job_seconds=self.seconds, max_concurrent_sessions=sessions)
        book = self.lab.folder / "hosts-play.yml"
        book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks, **play}]), encoding="utf-8")
        program = str(Path(sys.executable).parent / "ansible-playbook")
        command = [program, str(book), "--inventory", str(self.inventory), "--forks", str(self.forks)]
        return measure.run(command, self.lab.environment(XCLARITY_MAX_SESSIONS=str(sessions)), self.lab.folder)

    def _all_active(self, taken: Taken) -> Taken:
        done = self.lab.control.state("xclarity")["counts"]["activations"]
        self.failed = max(self.failed, self.count - done)
        left = self.lab.control.sessions("xclarity")["open"]
        if done != self.count or left:
            raise RuntimeError(f"{done} activations where {self.count} were wanted, {left} sessions left open")
        return taken

    def each(self) -> Taken:
        """One task for each host, and three sessions."""
        return self._per_host(3)

    def each_unlimited(self) -> Taken:
        return self._per_host(0)

    def _per_host(self, sessions: int) -> Taken:
        arguments = {"profile": "{{ xclarity_profile }}", "uuid": "{{ xclarity_target }}", "restart": "immediate", "poll_interval": 1}
        return self._all_active(self._play([{MODULE: arguments, "delegate_to": "localhost"}], sessions=sessions))

    def role(self) -> Taken:
        play = {"roles": ["groundwork.provision.activate_profiles"], "vars": {"activate_profiles_poll_interval": POLL}}
        return self._all_active(self._play([], **play))

    def list_and_trivial(self) -> Taken:
        """What the role has to do at least: the list task, and a task for each host."""
        arguments = {"profiles": "{{ rows }}", "restart": "immediate", "poll_interval": POLL, "concurrency": CONCURRENCY}
        profiles = [{"profile": f"many-{n:05d}", "uuid": f"{n:032X}"} for n in range(1, self.count + 1)]
        task = {MODULE: arguments, "run_once": True, "vars": {"rows": profiles}}
        return self._all_active(self._play([task, TRIVIAL]))

    def start(self) -> Taken:
        return self._play([])


class Waits:
    """One task with a list whose jobs take long enough for several lines, with them and without."""

    def __init__(self, lab: Lab, count: int, seconds: float) -> None:
        self.lab, self.count, self.seconds, self.file = lab, count, seconds, lab.items(count)

    def _bulk(self, progress: str) -> Taken:
        self.lab.fresh(self.count)
        self.lab.control.switches("xclarity", job_seconds=self.seconds)
        arguments = {"profiles": "{{ profiles }}", "restart": "immediate", "poll_interval": 1, "concurrency": CONCURRENCY}
        taken = self.lab.play([{MODULE: arguments}], files=[self.file], GROUNDWORK_PROGRESS=progress)
        if ("running after" in taken.output) is not (progress == "1"):
            raise RuntimeError(taken.output[-2000:])
        return taken

    def with_progress(self) -> Taken:
        return self._bulk("1")

    def without_progress(self) -> Taken:
        return self._bulk("0")


def curl_parallel(lab: Lab, count: int) -> Taken:
    """The same requests as one task with a list, sent by ``curl --parallel``."""
    lab.fresh(count)
    command = [sys.executable, str(CURL), lab.url, lab.ca, str(lab.items(count)), str(CONCURRENCY), str(POLL)]
    taken = measure.run(command, lab.environment(), lab.folder)
    done = lab.control.state("xclarity")["counts"]["activations"]
    if done != count:
        raise RuntimeError(f"{done} activations where {count} were wanted")
    return taken


def python_start(lab: Lab) -> Taken:
    return measure.run([sys.executable, "-c", "import json, subprocess, sys, tempfile, time"], lab.environment(), lab.folder)


def result_characters(lab: Lab, count: int) -> int:
    """How long the result of ``count`` activations is in ansible-runner's event. Raises when it was dropped."""
    lab.fresh(count)
    folder = lab.folder / "runner"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("project", "env", "inventory"):
        (folder / name).mkdir(parents=True)
    arguments = {"profiles": "{{ profiles }}", "restart": "immediate", "poll_interval": POLL}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{MODULE: arguments}]}
    (folder / "project" / "many.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (folder / "env" / "extravars").write_text(json.dumps({"profiles": json.loads(lab.items(count).read_text())}), encoding="utf-8")
    (folder / "inventory" / "one").write_text(f"localhost {' '.join(f'{k}={v!r}' for k, v in LOCAL.items())}\n", encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-runner"), "run", str(folder), "-p", "many.yml", "--ident", "one"]
    measure.run(command, lab.environment(), lab.folder)
    for path in (folder / "artifacts" / "one" / "job_events").glob("*.json"):
        event = json.loads(path.read_text())
        if event["event"] == "runner_on_ok":
            if not event["event_data"]["res"]:
                raise RuntimeError("the result was dropped")
            return len(str(event["event_data"]["res"]))
    raise RuntimeError("there is no result")
