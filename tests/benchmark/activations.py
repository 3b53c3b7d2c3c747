# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Activations: one task with a list, against a bare script, a loop of ansible.builtin.uri, and loops of our own module."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
from lab import PASSWORD, Lab
from measure import Taken

MODULE = "groundwork.provision.profile_activation"
CONCURRENCY, POLL = 4, 0.2
BATCH = 200  # job ids in one poll
BARE = Path(__file__).with_name("bare.py")
IMPORTS = "import json, sys, threading, time, concurrent.futures, requests"

URI_LOOP: list[dict[str, Any]] = [
    {
        "ansible.builtin.uri": {
            "url": "{{ url }}/sessions", "method": "POST", "body_format": "json",
            "body": {"UserId": "AUTOMATION", "password": PASSWORD},
        },
        "register": "login",
    },
    {"ansible.builtin.uri": {"url": "{{ url }}/profiles"}, "register": "listed"},
    {
        "ansible.builtin.uri": {
            "url": "{{ url }}/profiles/{{ ids[item.profile] }}", "method": "POST", "body_format": "json",
            "body": {"restart": "immediate", "uuid": "{{ item.uuid }}"},
        },
        "vars": {
            "rows": "{{ listed.json['items'] }}",
            "ids": "{{ dict(rows | map(attribute='profileName') | zip(rows | map(attribute='id'))) }}",
        },
        "loop": "{{ profiles }}",
        "register": "started",
    },
    {
        "ansible.builtin.uri": {"url": "{{ url }}/tasks/{{ item | join(',') }}"},
        "loop": "{{ started.results | map(attribute='json') | map(attribute='items.0.jobRecordId') | batch(200) }}",
        "register": "jobs",
        "until": "jobs.json | rejectattr('status', 'equalto', 'Complete') | length == 0",
        "retries": 50,
        "delay": 1,
    },
    {
        "ansible.builtin.uri": {"url": "{{ url }}/profiles"},
        "register": "after",
        "failed_when": "after.json['items'] | selectattr('profileStatus', 'equalto', 'ACTIVE') | length < profiles | length",
    },
    {"ansible.builtin.uri": {"url": "{{ url }}/sessions", "method": "DELETE", "status_code": [200, 204]}},
]  # fmt: skip
URI_DEFAULTS = {
    "ansible.builtin.uri": {
        "ca_path": "{{ ca }}",
        "headers": "{{ {} if login is undefined else {'Cookie': login.cookies_string, 'X-Csrf-Token': login.cookies.csrf} }}",
    }
}


class Activations:
    """The ways to activate ``count`` profiles. Each starts on a fresh server and leaves a note of the requests it took."""

    def __init__(self, lab: Lab, count: int, latency: float = 0.0) -> None:
        self.lab, self.count, self.latency = lab, count, latency
        self.file = lab.items(count)
        self.sent: dict[str, int] = {}
        self.excess = 0

    def _counted(self, name: str, way: Callable[[], Taken]) -> Taken:
        self.lab.fresh(self.count, self.latency)
        taken = way()
        log = self.lab.control.log(system="xclarity")
        self.sent[name] = len(log)
        active = self.lab.control.state("xclarity")["counts"]["activations"]
        if active != self.count:
            raise RuntimeError(f"{name}: {active} activations where {self.count} were wanted")
        if self.lab.control.sessions("xclarity")["open"]:
            raise RuntimeError(f"{name}: a session was left open")
        if name.startswith("bulk"):
            self.excess = max(self.excess, len(log) - formula(self.count, log))
        return taken

    def bare(self) -> Taken:
        command = [sys.executable, str(BARE), self.lab.url, self.lab.ca, str(self.file), str(CONCURRENCY), str(POLL)]
        return self._counted("bare", lambda: measure.run(command, self.lab.environment(), self.lab.folder))

    def bare_start(self) -> Taken:
        return measure.run([sys.executable, "-c", IMPORTS], self.lab.environment(), self.lab.folder)

    def bulk(self) -> Taken:
        return self._bulk("bulk", "1")

    def bulk_module(self) -> Taken:
        return self._bulk("bulk_module", "0")

    def _bulk(self, name: str, in_process: str) -> Taken:
        arguments = {"profiles": "{{ profiles }}", "restart": "immediate", "poll_interval": POLL, "concurrency": CONCURRENCY}
        return self._counted(name, lambda: self.lab.play([{MODULE: arguments}], files=[self.file], GROUNDWORK_IN_PROCESS=in_process))

    def start(self) -> Taken:
        """Ansible with the same data and nothing to do."""
        return self.lab.play([], files=[self.file])

    def loop(self) -> Taken:
        return self._loop("loop", "1")

    def loop_module(self) -> Taken:
        return self._loop("loop_module", "0")

    def _loop(self, name: str, in_process: str) -> Taken:
        arguments = {"profile": "{{ item.profile }}", "uuid": "{{ item.uuid }}", "restart": "immediate", "poll_interval": POLL}
        task = {MODULE: arguments, "loop": "{{ profiles }}"}
        return self._counted(name, lambda: self.lab.play([task], files=[self.file], GROUNDWORK_IN_PROCESS=in_process))

    def uri_loop(self) -> Taken:
        block = [{"module_defaults": URI_DEFAULTS, "block": URI_LOOP}]
        variables = {"url": self.lab.url, "ca": self.lab.ca}
        return self._counted("uri_loop", lambda: self.lab.play(block, variables=variables, files=[self.file]))


def formula(count: int, log: list[dict[str, Any]]) -> int:
    """The requests that ``count`` activations may take: login, list, servers, running jobs, identity, one each, polls, list,
    logout; docs/requests.md has them.

    How often it has to poll depends on the jobs, so the rounds are taken from the log; each may take one request for
    each 200 jobs that it asks for.
    """
    rounds: list[set[str]] = []
    for entry in log:
        if entry["path"].startswith("/tasks/"):
            ids = set(entry["path"].removeprefix("/tasks/").split(","))
            if not rounds or ids & rounds[-1]:
                rounds.append(set())
            rounds[-1] |= ids
    return 7 + count + sum(math.ceil(len(ids) / BATCH) for ids in rounds)
