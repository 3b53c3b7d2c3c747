# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a run reaches whoever sleeps."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended, Stop


@pytest.fixture
def sleeper():
    """A thread that sleeps an hour on a clock: (the clock, what the sleep raised, the thread)."""
    clock, raised, begun = Clock(), [], threading.Event()

    def sleep():
        begun.set()
        try:
            clock.sleep(3600)
        except Ended as ended:
            raised.append(str(ended))

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    begun.wait()
    yield clock, raised, thread
    clock.stop.set()


def test_a_thread_that_sleeps_is_woken_and_told(sleeper):
    clock, raised, thread = sleeper
    clock.stop.set("the run was told to end (SIGTERM)")
    thread.join(30)
    assert raised == ["the run was told to end (SIGTERM)"]


@pytest.mark.parametrize("make", [lambda stop: stop.ask("over"), lambda stop: stop.set("over")])
def test_after_the_decision_nobody_goes_to_sleep(make):
    clock = Clock()
    make(clock.stop)
    for call in (clock.stop.check, lambda: clock.sleep(3600), lambda: clock.sleep(0)):
        with pytest.raises(Ended, match=r"^over$"):
            call()


def test_the_first_reason_stays():
    stop = Stop()
    assert not stop.asked
    stop.check()
    stop.ask("first")
    stop.set("second")
    assert (stop.asked, stop.reason) == (True, "first")
