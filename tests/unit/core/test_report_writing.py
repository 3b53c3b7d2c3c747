# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the callback report writes its page: at each start of a task of the collection, as long as that takes little of the run's time."""

from __future__ import annotations

import types
from typing import Any

import pytest

from ansible_collections.groundwork.provision.plugins.callback import report


class Watched(report.CallbackModule):
    """Writing takes ``cost`` seconds of a clock that stands still otherwise, and goes nowhere."""

    def __init__(self, cost: float) -> None:
        super().__init__()
        self.cost, self.now = cost, 0.0
        self.written: list[list[str]] = []
        self._clock: Any = types.SimpleNamespace(monotonic=lambda: self.now)
        self._began = 0.0

    def _write(self) -> None:
        self.written.append([host for one in self._together() for host in one.hosts])
        self.now += self.cost
        self._spent += self.cost
        self._written = self.now
        self._stale = False

    def complain(self, why: str) -> None:
        raise AssertionError(why)

    def start(self, host: str, action: str = "groundwork.provision.profile_activation", **more: Any) -> None:
        named = types.SimpleNamespace(get_name=lambda: host)
        facts = {"resolved_action": action, "action": action, "check_mode": False, "_uuid": "1", "get_name": lambda: "Activate", **more}
        self.v2_runner_on_start(named, types.SimpleNamespace(**facts))


def test_each_start_is_on_the_page():
    watched = Watched(cost=0.002)
    for host in ("a", "b", "c"):
        watched.start(host)
    assert watched.written == [["a"], ["a", "b"], ["a", "b", "c"]]


def test_starts_of_other_collections_are_not_told():
    watched = Watched(cost=0.002)
    watched.start("a", "ansible.builtin.command")
    watched.start("a", "groundwork.provision.report")
    assert watched.written == []


def test_writing_takes_at_most_a_second_and_a_twentieth_of_the_run():
    watched = Watched(cost=0.3)
    for number in range(10_000):
        watched.start(f"host-{number}")
    assert len(watched.written) == 4
    watched.now += 60.0
    watched.start("late")
    assert len(watched.written) == 5
    assert len(watched.written[-1]) == 10_001


def test_the_next_task_writes_what_the_one_before_left_out():
    """Where too much was written already, the page catches up at the next start of a task for which there is time."""
    watched = Watched(cost=1.2)
    watched.start("a")
    watched.start("b")
    assert watched.written == [["a"]]
    watched.now += 6.0
    watched.v2_playbook_on_task_start(types.SimpleNamespace(), False)
    watched.v2_playbook_on_task_start(types.SimpleNamespace(), False)
    assert watched.written == [["a"], ["a", "b"]]


@pytest.mark.parametrize("more, reads", [
    ({}, False), ({"check_mode": True}, True), ({"resolved_action": "groundwork.provision.job_info"}, True),
])  # fmt: skip
def test_what_only_reads(more, reads):
    watched = Watched(cost=0.002)
    watched.start("a", **more)
    assert [one.reads for one in watched._together()] == [reads]
