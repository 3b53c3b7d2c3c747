# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many items over a bounded pool: each begun once, in order, and what ends the whole is told as it is."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _bulk
from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended


@pytest.mark.parametrize("concurrency", [-1, 0, 1, 3, 50])
def test_each_item_once_and_at_most_so_many_at_once(clock, concurrency):
    """All that may run at once do: they wait for each other."""
    count, most = 12, max(1, min(concurrency, 12))
    together = threading.Barrier(most, timeout=5)
    guard = threading.Lock()
    done, now, seen = [], [], []

    def work(item):
        with guard:
            now.append(item)
            seen.append(len(now))
        together.wait()
        with guard:
            done.append(item)
            now.remove(item)
        return True

    assert each(range(count), work, concurrency=concurrency, clock=clock) == count
    assert sorted(done) == list(range(count))
    assert max(seen) == most
    assert not clock.stop.asked


@pytest.mark.parametrize("concurrency", [1, 4])
def test_nothing_to_do(clock, concurrency):
    assert each([], lambda item: True, concurrency=concurrency, clock=clock) == 0


@pytest.mark.parametrize("stop, begun", [(False, 5), (True, 3)])
def test_what_is_begun_after_a_failure(clock, stop, begun):
    done = []
    assert each(range(5), lambda item: done.append(item) or item != 2, concurrency=1, clock=clock, stop=stop) == begun
    assert done == list(range(begun))


def test_those_under_way_at_a_failure_are_counted(clock):
    together = threading.Barrier(3, timeout=5)

    def work(item):
        together.wait()
        return False

    assert each(range(9), work, concurrency=3, clock=clock, stop=True) == 3


@pytest.mark.parametrize("stop", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_error_ends_the_whole_and_is_told_itself(clock, concurrency, stop):
    together = threading.Barrier(min(concurrency, 3), timeout=5)
    done = []

    def work(item):
        done.append(item)
        together.wait()
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        each(range(9), work, concurrency=concurrency, clock=clock, stop=stop)
    assert len(done) == concurrency
    assert clock.stop.asked


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("ended", [0, 1])
def test_a_defect_is_told_before_the_end_that_it_brought(clock, ended, first):
    """Whichever of the two was there first."""
    together, told = threading.Barrier(2, timeout=5), threading.Event()

    def work(item):
        together.wait()
        if item != first:
            told.wait(10)
        try:
            raise Ended("the end") if item == ended else ValueError("a defect")
        finally:
            told.set()

    with pytest.raises(ValueError, match="a defect"):
        each(range(2), work, concurrency=2, clock=clock)


def test_an_end_alone_is_told(clock):
    def work(item):
        raise Ended("the end")

    with pytest.raises(Ended):
        each(range(2), work, concurrency=2, clock=clock)


@pytest.mark.parametrize("heeds", ["the stop", "its closed connection", "nothing"])
def test_who_ends_the_run_does_not_wait_for_a_worker(clock, monkeypatch, heeds):
    monkeypatch.setattr(_bulk, "GRACE", 0.05)
    monkeypatch.setattr(_bulk, "FAREWELL", 0.05)
    begun, aborted, let_go = threading.Event(), threading.Event(), threading.Event()
    done, ends = [], []

    def work(item):
        done.append(item)
        begun.set()
        try:
            {"the stop": clock.stop.wait, "its closed connection": aborted.wait, "nothing": let_go.wait}[heeds](10)
        finally:
            ends.append(item)
        return True

    interrupts = [KeyboardInterrupt()]

    class Interrupted(threading.Thread):
        def join(self, timeout=None):
            if interrupts:
                assert begun.wait(10)
                raise interrupts.pop()
            super().join(timeout)

    monkeypatch.setattr(_bulk.threading, "Thread", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        each(range(9), work, concurrency=2, clock=clock, abort=aborted.set)
    assert clock.stop.asked
    assert aborted.is_set()
    assert len(done) <= 2
    if heeds != "nothing":
        assert sorted(ends) == sorted(done), "they have come to their end before the caller goes on"
    let_go.set()
