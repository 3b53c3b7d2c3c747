# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A calm line while a task waits: the pace, the words, and silence where nobody reads it."""

from __future__ import annotations

import functools

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._progress import JOIN, Progress, Standing, line, written
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State


def running(percent=None, name="Running"):
    return State(name, percent=percent)


def told(still, standings, interval=1.0):
    """(second, line) of all that is said, when each poll finds the next of these; the last for ever, for ten minutes."""
    said = []
    progress = Progress(still, lambda text: said.append((round(still.now - 1000), text)))
    polls = 0
    while still.now < 1600:
        progress.see(functools.partial(standings.__getitem__, min(polls, len(standings) - 1)))
        polls += 1
        still.sleep(interval)
    return said


def test_the_first_after_ten_seconds_then_ever_more_seldom(still):
    said = told(still, [Standing(0, 0, [("web-01", running(40.0))])])
    assert [second for second, _text in said] == [10, 20, 40, 80, 140, 200, 260, 320, 380, 440, 500, 560]
    assert said[0][1] == f"web-01: Running, 40 % after 10 s. It goes on by itself when the play is stopped; {JOIN}"
    assert said[4][1] == "web-01: Running, 40 % after 2 min 20 s."


def test_what_takes_less_than_ten_seconds_says_nothing(still):
    progress = Progress(still, pytest.fail)
    for _poll in range(10):
        progress.see(lambda: Standing(0, 0, [("web-01", None)]))
        still.sleep(0.9)


def test_a_change_of_note_is_told_at_once_but_no_sooner_than_ten_seconds_after_the_last(still):
    calm, failed = Standing(0, 0, [("a", running()), ("b", running())]), Standing(0, 1, [("b", running())])
    said = told(still, [calm] * 95 + [failed])
    assert [second for second, _text in said][:6] == [10, 20, 40, 80, 95, 155]
    assert "1 failed" in said[4][1]


def test_the_line_for_many(still):
    standing = Standing(412, 2, [("web-16", None), ("web-17", running(40.0)), ("web-18", running(90.0))])
    assert told(still, [standing])[1][1] == "412 of 417 done, 2 failed, 3 running after 20 s; slowest: web-17 (Running, 40 %)."
    assert "failed" not in told_line(Standing(1, 0, [("a", None), ("b", None)]))


def test_while_the_server_does_not_answer_it_says_so_at_once(still):
    """What is told of the items is old by then."""
    seen, dead = Standing(0, 0, [("web-01", running(40.0))]), Standing(0, 0, [("web-01", running(40.0))], silent=95.0)
    said = told(still, [seen] * 45 + [dead])
    assert [second for second, _text in said][:4] == [10, 20, 40, 50]
    assert said[3][1] == (
        "web-01: Running, 40 % after 50 s. The server has not answered for 1 min 35 s; this is what was seen last."
    )
    many = Standing(1, 0, [("a", running()), ("b", running())], silent=5.0)
    assert told_line(many).endswith("slowest: a (Running). The server has not answered for 5 s; this is what was seen last.")


def told_line(standing):
    return line(standing, standing.slowest, 5.0)


def test_one_that_was_not_seen_yet(still):
    assert told_line(Standing(0, 0, [("web-01", None)])) == "web-01: not seen yet after 5 s."


def test_without_anybody_to_read_it_nothing_is_looked_at(still):
    progress = Progress(still)
    for _poll in range(100):
        progress.see(lambda: pytest.fail("it was looked at"))
        still.sleep(5)


@pytest.mark.parametrize("seconds, text", [(0.4, "0 s"), (59.9, "59 s"), (80, "1 min 20 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")])
def test_times_as_people_write_them(seconds, text):
    assert written(seconds) == text


@pytest.mark.parametrize(
    "standing, text",
    [
        (Standing(0, 0, [("web-01", None)]), "The work (web-01) goes on by itself on the server."),
        (Standing(3, 1, [("a", None), ("b", None)]), "The work for 2 of 6 (a, b) goes on by itself on the server."),
        (Standing(3, 1, []), None),
    ],
)
def test_what_goes_on_when_the_run_is_told_to_end(still, standing, text):
    said = []
    progress = Progress(still, None, said.append)
    progress.part()
    progress.see(lambda: standing)
    progress.part()
    progress.part()
    assert said == ([f"{text} Run the task again to join the wait."] if text else [])


def test_what_does_not_join_is_to_be_looked_at(still):
    standing = Standing(0, 0, [("web-01", running(40.0))], "the jobs of the server")
    assert told(still, [standing])[0][1].endswith("when the play is stopped; look at the jobs of the server before running it again.")
    said = []
    progress = Progress(still, None, said.append)
    progress.see(lambda: standing)
    progress.part()
    assert said == ["The work (web-01) goes on by itself on the server. Look at the jobs of the server before running it again."]


@pytest.mark.parametrize("where, look", [("", "Run"), ("the policies", "Look at the policies, then run")])
def test_requests_that_follow_are_not_sent_when_the_run_is_told_to_end(still, where, look):
    standing = Standing(0, 0, [("old", running(40.0))], where, unsent=1)
    assert "What was sent goes on by itself when the play is stopped, the rest is not sent; " in told(still, [standing])[0][1]
    said = []
    progress = Progress(still, None, said.append)
    progress.see(lambda: standing)
    progress.part()
    assert said == [f"What was sent (old) goes on by itself on the server, the rest is not sent. {look} the task again to send the rest."]


def test_what_was_done_is_not_told_as_going_on_when_only_the_rest_is_left(still):
    said = []
    progress = Progress(still, None, said.append)
    progress.see(lambda: Standing(1, 0, [], unsent=2, ahead=2))
    progress.part()
    assert said == ["The rest is not sent. Run the task again to send the rest."]
    told = parted(still, Standing(0, 0, [("a", running())], unsent=2, ahead=2))
    assert told.startswith("What was sent for 1 of 3 (a) goes on by itself on the server, the rest is not sent. Run ")


def parted(still, standing):
    said = []
    progress = Progress(still, None, said.append)
    progress.see(lambda: standing)
    progress.part()
    return said[0]


# -- a wait for one's turn --------------------------------------------------------------------------------------------


def test_a_wait_for_a_session_is_told_once_after_ten_seconds():
    said = []
    progress = Progress(None, said.append)
    for second in (0, 5, 9.9):
        progress.queue("a session of automation", second, 3600)
    assert said == []
    for second in (10, 11, 500, 3000):
        progress.queue("a session of automation", second, 3600)
    assert said == ["waiting for a session of automation, up to 1 h 0 min."]
    for second in (0.2, 12):
        progress.queue("a session of automation", second, 60)
    assert len(said) == 2, "another wait"


def test_nobody_to_tell_of_a_wait_for_a_session():
    Progress(None).queue("a session of automation", 20, 60)
