# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver where requests start jobs: their end is told from the effect, and what follows waits for both."""

from __future__ import annotations

import pytest
from test_operation import PARAMS, Light, items, outcome, step

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, ended_badly
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State

RUNNING, WELL, BADLY = State("Running"), State("Complete", done=True, ok=True), State("Failed", done=True)


class Jobs:
    """How jobs are followed. states: by job what each poll tells, the last of them for ever; None: it is not there."""

    def __init__(self, states):
        self.states, self.polls = states, []

    def poll(self, ids):
        self.polls.append(list(ids))
        told = {job: states[min(len(self.polls), len(states)) - 1] for job, states in self.states.items() if job in ids}
        return {job: state for job, state in told.items() if state is not None}

    def judge(self, watched, what):
        if watched.end == "timed_out":
            return Failure("wait_timeout", "it runs.")
        return ended_badly("job_failed", "it failed.", "") if watched.end == "done" and not watched.state.ok else None

    def lost(self, watched, what):
        return Failure("job_lost", "it is gone.")

    def timed_out(self, job, watched):
        return Failure("wait_timeout", f"job {job} runs.")


class WithJobs(Light):
    """The job of a request to ``/x`` is ``x``."""

    at_once = False

    def __init__(self, run, client, items, states, shows=lambda key, reading: True):
        super().__init__(run, client, items, shows)
        self.jobs = Jobs(states)
        self.looked = []

    def look(self, items, *, attempts=4):
        self.looked.append([item.key for item in items])
        return super().look(items, attempts=attempts)


@pytest.fixture
def run_of(tmp_path, clock):
    def make(**params):
        return Run({**PARAMS, "state_dir": str(tmp_path / "state"), **params}, check_mode=False, clock=clock)

    return make


@pytest.fixture
def client(serve, client_of):
    return client_of(serve(lambda request, wire: wire.reply(200, b'{"job": "%s"}' % request.target[1:].encode())))


# what the job tells, whether the resource shows the effect -> outcome, code, whether the resource is read
ENDS = {
    "it ends well": ([RUNNING, WELL], True, "finished", None, True),
    "it ends well without effect": ([WELL], False, "started", "effect_missing", True),
    "it fails": ([RUNNING, BADLY], True, "finished", "job_failed", False),
    "it vanishes, with the effect": ([RUNNING, None], True, "finished", None, True),
    "it vanishes, without": ([RUNNING, None], False, "unknown", "job_lost", True),
    "it was never there, with the effect": ([None], True, "finished", None, True),
    "it does not end": ([RUNNING], True, "started", "wait_timeout", False),
}


@pytest.mark.parametrize("case", ENDS)
def test_how_a_job_ends_and_what_that_means(client, run_of, case):
    states, shown, state, code, read = ENDS[case]
    operation = WithJobs(run_of(), client, items("a"), {"a": states}, lambda key, reading: shown)
    result, failure = outcome(lambda: drive(operation))
    (light,) = result["lights"]
    assert (light["outcome"], failure.code if failure else None, bool(operation.looked)) == (state, code, read)
    assert result["changed"] is True
    assert failure is None or failure.job == "a"


def test_one_poll_for_all_that_are_open_and_each_has_its_own_end(client, run_of):
    states = {"a": [RUNNING, WELL], "b": [BADLY], "c": [RUNNING, RUNNING, WELL]}
    operation = WithJobs(run_of(), client, items("a", "b", "c"), states)
    result, failure = outcome(lambda: drive(operation))
    assert operation.jobs.polls == [["a", "b", "c"], ["a", "c"], ["c"]]
    assert operation.looked == [["a", "c"]]
    assert [light.get("error", {}).get("code") for light in result["lights"]] == [None, "job_failed", None]
    assert failure.resources == ["name of b"]
    assert [[one["state"] for one in light["history"]] for light in result["lights"]] == [
        ["Running", "Complete"], ["Failed"], ["Running", "Complete"],
    ]  # fmt: skip


def test_without_a_wait_nothing_is_polled(client, run_of):
    operation = WithJobs(run_of(wait=False), client, items("a"), {"a": [RUNNING]})
    result = drive(operation)
    assert (result["outcome"], operation.jobs.polls, operation.looked) == ("started", [], [])


def test_an_effect_that_shows_before_the_job_ends_is_the_end_where_that_can_be(client, run_of):
    """Each poll then looks at those alone whose job is still open."""
    operation = WithJobs(run_of(), client, items("a", "b"), {"a": [RUNNING], "b": [WELL]}, lambda key, reading: reading > 2)
    operation.watches_resource = lambda item: True
    result = drive(operation)
    assert result["outcome"] == "finished"
    assert operation.looked[:3] == [["a"], ["a"], ["a"]]


def test_a_job_that_others_have_started_is_waited_for_and_not_counted_as_a_change(client, run_of):
    def read():
        return [Item("a", "name of a", join="17"), Item("b", "name of b", join="")]

    operation = WithJobs(run_of(), client, read, {"17": [RUNNING, BADLY]})
    result, failure = outcome(lambda: drive(operation))
    assert (result["changed"], result["outcome"], failure.code) == (False, "none", "job_failed")
    assert [light["outcome"] for light in result["lights"]] == ["none", "none"]
    assert failure.resources == ["name of a"]
    assert (failure.operation, failure.job) == ("wait", "17")


def staged(key):
    return Item(key, f"name of {key}", steps=[step(key)], later=[step(key + "-then", operation="delete")])


@pytest.mark.parametrize("stop", [False, True])
def test_what_follows_is_sent_for_what_was_verified_and_not_after_a_failure_that_stops(serve, client_of, run_of, stop):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": "%s"}' % request.target[1:].encode()))
    states = {"a": [WELL], "b": [BADLY], "a-then": [WELL]}
    run = run_of(on_failure="stop" if stop else "continue", concurrency=1)
    operation = WithJobs(run, client_of(server), lambda: [staged("a"), staged("b")], states)
    result, failure = outcome(lambda: drive(operation))
    assert [request.target for request in server.requests] == ["/a", "/b"] + ([] if stop else ["/a-then"])
    assert failure.resources == ["name of b"]
    assert len(result["plan"]) == 4
    assert result["lights"][0]["outcome"] == "finished"


def test_no_lock_for_what_follows_leaves_what_was_done(serve, client_of, run_of):
    """Nothing more is sent, and the first request stays what it was."""
    server = serve(lambda request, wire: wire.reply(200, b'{"job": "a"}'))
    operation = WithJobs(run_of(), client_of(server), lambda: [staged("a")], {"a": [WELL]})

    def next_steps(items):
        raise Failure("forbidden", "the list is refused.")

    operation.next_steps = next_steps
    result, failure = outcome(lambda: drive(operation))
    assert [request.target for request in server.requests] == ["/a"]
    assert (result["outcome"], failure.code) == ("finished", "forbidden")
    assert "before the next request" in failure.message()


def test_what_a_joined_work_left_is_sent_under_the_lock_of_the_server(serve, client_of, run_of, tmp_path):
    """Nothing was to be sent when the run began, so it did not ask who the server is."""
    held = []

    def answer(request, wire):
        held.extend(sorted(path.name for path in (tmp_path / "state").iterdir()))
        wire.reply(200, b'{"job": "a"}')

    operation = WithJobs(run_of(), client_of(serve(answer)), lambda: [Item("a", "name of a", join="")], {"a": [WELL]})
    operation.identity_is_known, operation.identity = False, lambda: ("lights", "7")
    rest = [step("a")]
    operation.has_next = lambda item: bool(rest)

    def next_steps(items):
        items[0].steps = [rest.pop()]
        return [(items[0], items[0].steps[0])]

    operation.next_steps = next_steps
    result, failure = outcome(lambda: drive(operation))
    assert (failure, result["outcome"], len(result["plan"])) == (None, "finished", 1)
    assert result["diff"]["before"] != result["diff"]["after"]
    assert {name.rpartition("-")[0] for name in held} == {f"{operation.client.system}-lights"}
    assert {name.rpartition(".")[2] for name in held} == {"lock", "record"}


@pytest.mark.parametrize("at_once, started, said", [
    (True, True, "the request was accepted, but what came of it could not be read: "),
    (True, False, "the work could not be followed to its end: "),
    (False, True, "the job was started (job a) and could not be followed to its end: "),
])  # fmt: skip
def test_a_wait_that_fails_itself_says_what_it_leaves(client, run_of, at_once, started, said):
    make = items("a") if started else lambda: [Item("a", "name of a", join="a")]
    operation = WithJobs(run_of(), client, make, {"a": [WELL]})
    operation.at_once = at_once

    def look(items, *, attempts=4):
        raise Failure("forbidden", "the list is refused.")

    operation.look = look
    result, failure = outcome(lambda: drive(operation))
    assert failure.why.startswith(said)
    assert (failure.code, result["outcome"], result["changed"]) == ("forbidden", "started" if started else "none", started)


@pytest.fixture
def unreadable(serve, client_of, run_of):
    """``unreadable(items)``: (result, failure) of a run whose requests start jobs and whose polls have no answer."""

    def make(read, joins=True):
        server = serve(lambda request, wire: wire.reply(200, b'{"job": "%s"}' % request.target[1:].encode()))
        operation = WithJobs(run_of(), client_of(server), read, {})
        operation.poll_failures, operation.joins = 0, joins

        def poll(ids):
            raise Failure("reply_lost", "the connection was closed after the request was sent.", "Run again.", transient=True)

        operation.jobs.poll = poll
        return outcome(lambda: drive(operation))

    return make


def test_a_poll_without_an_answer_is_not_told_as_the_request(unreadable):
    result, failure = unreadable(items("a"))
    assert failure.message() == (
        "activate name of a (POST /a): the job was started (job a) and could not be followed to its end: the connection was closed after "
        "the request was sent. Run again: the task joins the wait and starts nothing."
    )
    assert (failure.code, result["outcome"], result["lights"][0]["error"]["message"]) == ("reply_lost", "started", failure.message())


@pytest.mark.parametrize("silent", ["the jobs", "the resources"])
def test_a_server_that_is_silent_when_the_time_is_over_is_not_told_as_work_that_takes_long(client, run_of, silent):
    """A longer wait_timeout would not help, and nobody knows whether it still runs."""
    operation = WithJobs(run_of(), client, items("a"), {"a": [RUNNING]} if silent == "the jobs" else {"a": [None]})
    polls = []

    def down(*_args, **_more):
        polls.append(1)
        if len(polls) == 1 and silent == "the jobs":
            return {"a": RUNNING}
        raise Failure("connect_refused", "the server refused the connection.", "Check it.", transient=True)

    setattr(*((operation.jobs, "poll") if silent == "the jobs" else (operation, "look")), down)
    result, failure = outcome(lambda: drive(operation))
    assert (failure.code, result["outcome"], result["changed"]) == ("connect_refused", "started", True)
    assert "the job was started (job a) and could not be followed to its end: the server refused the connection." in failure.message()
    assert failure.next_step == "Look at the list of lights, then run again."


def test_only_what_joins_says_so(unreadable):
    _result, failure = unreadable(items("a"), joins=False)
    assert failure.next_step == "Look at the list of lights, then run again."


def test_a_poll_without_an_answer_for_what_others_have_started(unreadable):
    _result, failure = unreadable(lambda: [Item("a", "name of a", join="17")])
    assert "the work could not be followed to its end" in failure.message()
    assert "Nothing was changed. Run again: the task joins the wait" in failure.message()


def test_of_several_that_cannot_be_followed_nothing_is_counted_as_failed_and_as_started(unreadable):
    _result, failure = unreadable(items("a", "b"))
    beginning = "2 of 2 lights failed (name of a, name of b); 2 were started and could not be followed to the end. The first: activate"
    assert failure.message().startswith(beginning)
    assert failure.next_step == "Run again: the task joins the wait and starts nothing."


def test_after_the_end_of_a_job_it_is_not_said_that_it_was_started(client, run_of):
    _result, failure = outcome(lambda: drive(WithJobs(run_of(), client, items("a"), {"a": [BADLY]})))
    assert failure.message() == "activate name of a (POST /a): it failed."
    _result, failure = outcome(lambda: drive(WithJobs(run_of(), client, items("a"), {"a": [RUNNING]})))
    assert "The job was started (job a)." in failure.message(), "it has not ended"


def test_the_end_of_a_job_of_somebody_else_has_changed_nothing(client, run_of):
    operation = WithJobs(run_of(), client, lambda: [Item("a", "name of a", join="17")], {"17": [BADLY]})
    _result, failure = outcome(lambda: drive(operation))
    assert "Nothing was changed." in failure.message()


# -- what is said while it waits -------------------------------------------------------------------------------------


@pytest.fixture
def spoken(serve, client_of, run_of):
    """What is said in a run of these items, whose server looks as ``look`` has it, and its last line were it told to end now."""

    def speak(items, states, look=None, serial=True, **params):
        said, parts = [], []
        server = serve(lambda request, wire: wire.reply(200, b'{"job": "%s"}' % request.target[1:].encode()))
        run = run_of(**{"poll_interval": 5.0, "wait_timeout": 120.0, "concurrency": 1, **params})
        run.say = lambda text: said.append(text.partition(" It goes on")[0].partition(" What was sent")[0])
        run.part = parts.append
        operation = WithJobs(run, client_of(server), items, states)
        operation.serial = serial
        if look:
            operation.look = lambda items, *, attempts=4: look(operation, items)
        outcome(lambda: drive(operation))
        run.progress.part()
        return said, parts

    return speak


LONG = [RUNNING, RUNNING, WELL]  # it has ended when a line is due


def test_what_was_seen_and_has_ended_is_not_told_as_not_seen_yet(spoken):
    assert spoken(items("a"), {"a": LONG})[0] == []
    then = [*[None] * 3, RUNNING, WELL]
    assert spoken(lambda: [staged("a")], {"a": LONG, "a-then": then})[0] == ["name of a: Running after 10 s."]


def test_while_its_effect_cannot_be_read_the_last_state_of_its_job_is_told(spoken):
    readings = []

    def look(operation, items):
        readings.append(items)
        if len(readings) < 8:
            raise Failure("busy", "no answer.", transient=True)
        return Light.look(operation, items)

    said, _parts = spoken(items("a"), {"a": [WELL]}, look)
    assert said == []
    readings[:] = []
    said, _parts = spoken(items("a"), {"a": LONG}, look)
    assert said == ["name of a: Complete after 10 s. The server has not answered for 0 s; this is what was seen last."]


@pytest.mark.parametrize("serial", [True, False])
def test_of_a_second_request_that_was_not_seen_yet_it_says_that_the_first_is_done(spoken, serial):
    said, _parts = spoken(lambda: [staged("a")], {"a": [WELL], "a-then": [None, None, None, None, WELL]}, serial=serial)
    assert said[0] == "name of a: 1 of 2 requests done, the next not seen yet after 10 s."


def test_what_has_a_request_to_follow_is_not_done(spoken):
    """It waits for the others."""
    later = Item("c", "name of c", later=[step("c-then")])
    states = {"a": [WELL], "b": [RUNNING], "c-then": [WELL]}
    said, _parts = spoken(lambda: [staged("a"), staged("b"), later], states)
    assert said[0] == "0 of 3 done, 1 running, 2 with requests to follow after 10 s; slowest: name of b (Running)."
