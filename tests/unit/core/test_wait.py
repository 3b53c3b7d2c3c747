# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting that tells the truth: on the monotonic clock, patient with faults, exact about how it ended."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._wait import FINAL, State, wait

RUNNING, DONE, FAILED = State("Running"), State("Complete", done=True, ok=True), State("Failed", done=True)


def failure(code, transient=True):
    return Failure(code, "x", transient=transient)


LOST, REFUSED = failure("reply_lost"), failure("connect_refused")

# each poll in turn, the last for ever: a state, None for "not in the answer", or a failure -> how it ends
SCRIPTS = {
    "at once": ([DONE], "done"),
    "in the end": ([RUNNING, RUNNING, DONE], "done"),
    "failed": ([RUNNING, FAILED], "done"),
    "for ever at 99 percent": ([State("Running", percent=99.0)], "timed_out"),
    "an unknown word is not the end": ([State("Odd")], "timed_out"),
    "gone for two polls": ([RUNNING, None, None, DONE], "done"),
    "gone for three polls": ([RUNNING, None, None, None, DONE], "lost"),
    "shows after fifty seconds": ([None] * 10 + [DONE], "done"),
    "shows after two minutes": ([None] * 24 + [DONE], "never_seen"),
    "never shows": ([None], "never_seen"),
    "ten faults in a row": ([RUNNING, *[LOST] * 10, DONE], "done"),
    "ten faults twice": ([*[LOST] * 10, RUNNING, *[LOST] * 10, DONE], "done"),
    "eleven faults in a row": ([*[LOST] * 11, DONE], "reply_lost"),
    "an appliance that restarts for long": ([RUNNING, *[REFUSED] * 40, DONE], "done"),
    "an appliance that is quiesced for long": ([RUNNING, *[failure("busy")] * 40, DONE], "done"),
    "down until the deadline": ([RUNNING, REFUSED], "timed_out"),
    "a shape that is wrong for good": ([failure("bad_reply", transient=False)], "bad_reply"),
    **{f"final: {code}": ([RUNNING, failure(code), DONE], code) for code in FINAL},
}


@pytest.mark.parametrize("case", SCRIPTS)
def test_how_a_wait_ends(still, case):
    script, end = SCRIPTS[case]
    turns = iter(script)

    def poll(keys):
        now = next(turns, script[-1])
        if isinstance(now, Failure):
            raise now
        return {} if now is None else {"17": now}

    if end in ("done", "lost", "never_seen", "timed_out"):
        assert wait(["17"], poll, still, timeout=600, interval=5)["17"].end == end
    else:
        with pytest.raises(Failure) as caught:
            wait(["17"], poll, still, timeout=600, interval=5)
        assert caught.value.code == end
    assert still.now - 1000 <= 605


def test_a_time_that_is_over_while_nothing_answers_is_told_from_work_that_takes_long(still):
    """What was seen last says nothing of how it stands by then."""
    turns = iter([RUNNING, REFUSED, RUNNING])
    silent = []

    def poll(keys):
        now = next(turns, REFUSED)
        if isinstance(now, Failure):
            raise now
        return {"17": now}

    one = wait(["17"], poll, still, timeout=20, interval=5, seen=lambda watched: silent.append(watched["17"].silent))["17"]
    assert (one.end, one.unread, one.state) == ("timed_out", REFUSED, RUNNING)
    assert silent == [0, 5, 0, 5, 10]
    assert wait(["17"], lambda keys: {"17": RUNNING}, still, timeout=20, interval=5)["17"].unread is None


@pytest.mark.parametrize("timeout, interval", [(0, 5), (0.5, 5), (10, 3), (3600, 86400)])
def test_one_more_look_after_the_deadline(still, timeout, interval):
    def poll(keys):
        return {"17": DONE if still.now >= 1000 + timeout else RUNNING}

    assert wait(["17"], poll, still, timeout=timeout, interval=interval)["17"].end == "done"
    assert still.now - 1000 <= timeout


def test_a_jump_of_the_wall_clock_changes_nothing(still):
    def poll(keys):
        still.offset += 3600 if still.now < 1100 else -7200
        return {"17": DONE if still.now >= 1200 else RUNNING}

    assert wait(["17"], poll, still, timeout=300, interval=5)["17"].end == "done"


def test_the_history_has_each_state_once_with_its_second(still):
    words = iter(["Pending", "Pending", "Running", "Running", "Complete"])
    watched = wait(["17"], lambda keys: {"17": State(w := next(words), done=w == "Complete")}, still, timeout=60, interval=5)["17"]
    assert watched.history == [
        {"state": "Pending", "second": 0.0}, {"state": "Running", "second": 10.0}, {"state": "Complete", "second": 20.0},
    ]  # fmt: skip


def test_one_poll_for_all_that_are_open(still):
    asked = []

    def poll(keys):
        asked.append(list(keys))
        return {key: DONE if int(key) <= len(asked) else RUNNING for key in keys}

    wait(["1", "2", "3"], poll, still, timeout=60, interval=5)
    assert asked == [["1", "2", "3"], ["2", "3"], ["3"]]


@pytest.mark.parametrize("hours", [1, 24, 1000])
def test_requests_of_a_waiting_hour_are_bounded(still, hours):
    polls = []

    def poll(keys):
        polls.append(1)
        return {"17": RUNNING}

    wait(["17"], poll, still, timeout=hours * 3600, interval=60)
    assert len(polls) <= hours * 60 + 5
