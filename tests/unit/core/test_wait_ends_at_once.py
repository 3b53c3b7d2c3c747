# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wait ends with the poll that sees the end: no pause follows it, which would cost a poll_interval each time."""

from __future__ import annotations

from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, wait


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_no_pause_after_the_last_has_ended():
    clock, polls = Clock(), []

    def poll(keys):
        polls.append(list(keys))
        return {"a": State("Complete", done=True, ok=True), "b": State("Complete", done=len(polls) == 3, ok=True)}

    ends = wait(["a", "b"], poll, clock, timeout=100, interval=5)
    assert polls == [["a", "b"], ["b"], ["b"]]
    assert clock.now == 10
    assert {key: one.end for key, one in ends.items()} == {"a": "done", "b": "done"}


def test_nothing_to_wait_for_is_not_polled():
    assert wait([], lambda keys: 1 / 0, Clock(), timeout=100, interval=5) == {}
