# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The driver: each step at most once; three outcomes; unknown is read back and never sent again; what is told is true."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import threading

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _driver
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    AGAIN,
    FINISHED,
    K1,
    K2,
    K3,
    K4,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
    only_what_failed,
)
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, Unproven, worst
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run, failed_result
from ansible_collections.groundwork.provision.plugins.module_utils._summary import summary
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State

PARAMS = {"reconcile_timeout": 5.0, "lock": "required", "wait_timeout": 30.0, "poll_interval": 1.0, "concurrency": 1, "wait": True}


def step(key, operation="activate", **more):
    return Step(operation, "POST", f"/{key}", key, "it is inactive", title=f"name of {key}", **more)


class Light(Operation):
    """Things that are switched on. on: how they stand; ``steps`` of the test say what is sent for which."""

    kind, noun, where, at_once, identity_is_known = "lights", "lights", "the list of lights", True, True
    refusals = (409,)

    def __init__(self, run, client, items, shows=lambda key, reading: True):
        super().__init__(run, client)
        self.make, self.shows, self.readings = items, shows, 0
        self.proven = True

    def read(self):
        return self.make()

    def look(self, items, *, attempts=4):
        self.readings += 1
        states = {item.key: self.shows(item.key, self.readings) for item in items}
        return {key: State("on" if on else "off", done=on, ok=on) for key, on in states.items() if on is not None}

    def accept(self, step, data):
        if data == "refuse":
            raise Failure("server_refused", "no", "Fix it.")
        if isinstance(data, list):
            raise Failure("bad_reply", "no object", "Look.")
        if not isinstance(data, dict) or "job" not in data:
            raise Unproven("the answer names no job.")
        return Accepted(str(data["job"]), data)

    def proves(self, item):
        return self.proven

    def view(self, item, after):
        return "on" if after else "off"

    def present(self, item):
        return {"key": item.key, **item.facts()}

    def not_reached(self, item):
        return Failure("effect_missing", "it is off.", "Look at it.")


def items(*keys, **more):
    return lambda: [Item(key, f"name of {key}", steps=[step(key, **more)]) for key in keys]


@pytest.fixture
def run_of(tmp_path, clock):
    def make(check_mode=False, **params):
        return Run({**PARAMS, "state_dir": str(tmp_path / "state"), **params}, check_mode=check_mode, clock=clock)

    return make


def outcome(call):
    """(result, failure or None) of a run."""
    try:
        return call(), None
    except Failure as failure:
        return failure.result or {}, failure


# what the server does -> (state, code of the failure, is it left open in the record)
ANSWERS = {
    "a job": (lambda w: w.reply(200, b'{"job": 17}'), "finished", None),
    "a refusal inside 200": (lambda w: w.reply(200, b'"refuse"'), "not_started", "server_refused"),
    "another shape": (lambda w: w.reply(200, b'{"what": 1}'), "unknown", "bad_reply"),
    "null": (lambda w: w.reply(200, b"null"), "unknown", "bad_reply"),
    "a list": (lambda w: w.reply(200, b"[]"), "unknown", "bad_reply"),
    "HTML": (lambda w: w.reply(200, b"<html>"), "unknown", "not_json"),
    "empty": (lambda w: w.reply(200, b""), "unknown", "not_json"),
    "202": (lambda w: w.reply(202, b'{"job": 17}'), "finished", None),
    "400": (lambda w: w.reply(400), "not_started", "bad_request"),
    "302": (lambda w: w.reply(302, b"", [("Location", "https://evil.example")]), "not_started", "redirect_refused"),
    "500": (lambda w: w.reply(500), "unknown", "server_error"),
    "reset": (lambda w: w.reset(), "unknown", "reply_lost"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_three_outcomes(serve, client_of, run_of, case):
    act, state, code = ANSWERS[case]
    server = serve(lambda request, wire: act(wire))
    shown = state == "finished"
    operation = Light(run_of(), client_of(server), items("71"), lambda key, reading: shown)
    result, failure = outcome(lambda: drive(operation))
    assert len(server.requests) == 1
    assert result["outcome"] == result["lights"][0]["outcome"] == state
    assert (failure.code if failure else None) == code
    assert result["changed"] == (state in ("finished", "unknown"))
    if failure is not None:
        assert {"not_started": K2, "unknown": K4}[state] in failure.message()
        assert (failure.operation, failure.resource) == ("activate", "name of 71")
        assert failure.public()["resources"] == ["name of 71"]


def test_the_intent_is_written_before_the_request(serve, client_of, run_of, tmp_path):
    found = []

    def respond(request, wire):
        (record,) = (tmp_path / "state").glob("*.record")
        found.append(record.read_text(encoding="utf-8"))
        wire.reply(200, b'{"job": 1}')

    drive(Light(run_of(), client_of(serve(respond)), items("71")))
    assert "activate:71" in found[0]
    (record,) = (tmp_path / "state").glob("*.record")
    assert "activate:71" not in record.read_text(encoding="utf-8")


def test_check_mode_sends_what_it_shows_never(serve, client_of, run_of, tmp_path):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    shown = drive(Light(run_of(check_mode=True), client_of(server), items("71", "72")))
    assert (shown["changed"], shown["outcome"], server.requests) == (True, "none", [])
    assert not (tmp_path / "state").exists()
    real = drive(Light(run_of(), client_of(server), items("71", "72")))
    assert (real["plan"], real["diff"]) == (shown["plan"], shown["diff"])
    assert [request.target for request in server.requests] == [step["path"] for step in shown["plan"]]
    assert list(shown["diff"]["before"]) == ["71", "72"]


def test_a_step_goes_on_the_wire_as_it_is_shown(serve, client_of, run_of):
    one = Step("move", "PUT", "/a/b%2Fc", "b", "why", query=(("q", "a b&c"),), body={"ключ": "ü", "pw": "canary"}, secret=("pw",))
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    drive(Light(run_of(), client_of(server), lambda: [Item("b", "b", steps=[one])]))
    (request,) = server.requests
    shown = one.public()
    assert (request.method, request.target) == ("PUT", "/a/b%2Fc?q=a%20b%26c")
    assert "canary" not in str(shown)
    assert json.loads(request.body) == {**shown["body"], "pw": "canary"}
    assert Plan([one]).public() == [shown]
    assert dataclasses.replace(one, body={"pw": None}).public()["body"] == {"pw": None}, "no password is not one that is hidden"


# -- reading back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reading", [1, 2, 5])
def test_what_shows_within_the_settle_time_is_adopted(serve, client_of, run_of, reading):
    server = serve(lambda request, wire: wire.reset())
    operation = Light(run_of(), client_of(server), items("71"), lambda key, count: count >= reading)
    result = drive(operation)
    assert (result["outcome"], result["lights"][0]["reconciled"], result["changed"]) == ("finished", True, True)
    assert len(server.requests) == 1


def test_what_never_shows_stays_unknown_and_is_looked_for_until_the_end(serve, client_of, run_of, clock):
    server = serve(lambda request, wire: wire.reset())
    operation = Light(run_of(), client_of(server), items("71"), lambda key, count: False)
    _result, failure = outcome(lambda: drive(operation))
    assert operation.readings >= 5
    assert sum(clock.slept) >= PARAMS["reconcile_timeout"] - 1
    assert "Look at the list of lights for name of 71 before running again. The request was not repeated." in failure.message()


@pytest.mark.parametrize("transient, readings", [(True, 6), (False, 1)])
def test_a_reading_back_that_fails_is_tolerated_if_it_can_pass(serve, client_of, run_of, transient, readings):
    server = serve(lambda request, wire: wire.reset())
    operation = Light(run_of(), client_of(server), items("71"))
    made = []

    def look(items, *, attempts=4):
        made.append(1)
        raise Failure("reply_lost" if transient else "forbidden", "x", transient=transient)

    operation.look = look
    result, failure = outcome(lambda: drive(operation))
    assert (result["outcome"], failure.code) == ("unknown", "reply_lost")
    assert abs(len(made) - readings) <= 1


def test_only_what_is_open_is_looked_for(serve, client_of, run_of):
    server = serve(lambda request, wire: wire.reset())
    asked = []
    operation = Light(run_of(), client_of(server), items("a", "b", "c"), lambda key, count: key == "b" or count > 1)
    real = operation.find
    operation.find = lambda unknown: (asked.append([item.key for item, _outcome in unknown]), real(unknown))[1]
    drive(operation)
    assert asked == [["a", "b", "c"], ["a", "c"]]


@pytest.mark.parametrize("shows, failed", [(True, False), (False, True)])
def test_a_refusal_may_mean_that_somebody_was_quicker(serve, client_of, run_of, shows, failed):
    server = serve(lambda request, wire: wire.reply(409))
    result, failure = outcome(lambda: drive(Light(run_of(), client_of(server), items("71"), lambda key, count: shows)))
    assert (failure is not None, result["changed"], len(server.requests)) == (failed, False, 1)


# -- many -------------------------------------------------------------------------------------------------------------


def test_after_the_first_failure_no_other_is_begun(serve, client_of, run_of, tmp_path):
    server = serve(lambda request, wire: wire.reply(400 if request.target == "/1" else 200, b'{"job": 1}'))
    operation = Light(run_of(on_failure="stop"), client_of(server), items("0", "1", "2", "3"))
    result, failure = outcome(lambda: drive(operation))
    assert [one["outcome"] for one in result["lights"]] == ["finished", "not_started", "none", "none"]
    assert [one.get("error", {}).get("code") for one in result["lights"]] == [None, "bad_request", "skipped", "skipped"]
    assert [request.target for request in server.requests] == ["/0", "/1"]
    (record,) = (tmp_path / "state").glob("*.record")
    assert "activate:" not in record.read_text(encoding="utf-8"), "nothing is left open"
    beginning = "3 of 4 lights failed (name of 1, name of 2, name of 3); 1 was started. The first: activate name of 1"
    assert failure.message().startswith(beginning)


def test_many_at_once_each_once(serve, client_of, run_of):
    keys = [str(n) for n in range(60)]
    server = serve(lambda request, wire: wire.reset() if request.target.endswith("7") else wire.reply(200, b'{"job": 1}'))
    operation = Light(run_of(concurrency=8, reconcile_timeout=0.0), client_of(server), items(*keys), lambda key, count: key[-1] != "7")
    result, failure = outcome(lambda: drive(operation))
    assert [one["key"] for one in result["lights"]] == keys
    assert sorted(request.target for request in server.requests) == sorted(f"/{key}" for key in keys)
    assert [one["key"] for one in result["lights"] if one["outcome"] == "unknown"] == [key for key in keys if key[-1] == "7"]
    assert failure.resources == [f"name of {key}" for key in keys if key[-1] == "7"]


# outcomes of the items -> what the message has to say, and what not
WORDS = {
    "some refused": ({"a": 400, "b": 200, "c": 200}, ["1 of 3 lights failed (name of a); 2 were started."], [K2, K1, "not known"]),
    "all refused": (
        {"a": 400, "b": 400}, ["2 of 2 lights failed (name of a, name of b). The first:", K2], ["1 was started", "were started"],
    ),
    "one unknown": (
        {"a": 0, "b": 200}, ["1 of 2 lights failed (name of a); 1 was started.", "It is not known whether 1 of them was started."], [K2],
    ),
    "two unknown, one refused": (
        {"a": 0, "b": 0, "c": 400}, ["3 of 3 lights failed", "It is not known whether 2 of them were started."], [K2, "1 was started"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_a_message_about_many_counts_names_and_is_true_of_all(serve, client_of, run_of, case):
    statuses, said, unsaid = WORDS[case]

    def respond(request, wire):
        status = statuses[request.target[1:]]
        return wire.reset() if not status else wire.reply(status, b'{"job": 1}')

    operation = Light(run_of(reconcile_timeout=0.0), client_of(serve(respond)), items(*statuses), lambda key, count: statuses[key] == 200)
    _result, failure = outcome(lambda: drive(operation))
    for text in said:
        assert text in failure.message()
    for text in unsaid:
        assert text not in failure.message()
    assert len(failure.message()) <= 600


def test_ten_names_are_in_the_message_and_all_in_the_error(serve, client_of, run_of):
    keys = [f"{n:03d}" for n in range(30)]
    server = serve(lambda request, wire: wire.reply(400))
    _result, failure = outcome(lambda: drive(Light(run_of(), client_of(server), items(*keys))))
    assert "name of 009 and 20 more)" in failure.message()
    assert "name of 010" not in failure.message()
    assert failure.public()["resources"] == [f"name of {key}" for key in keys]


EFFECTS = {
    "deletion": (("the deletion", "accepted"), "The deletion was accepted (1).", "2 deletions were accepted"),
    "profile": (("the profile", "created"), "The profile was created (1).", "2 profiles were created"),
    "job": (("the job", "started"), "The job was started (job 1).", "2 were started"),
}


DISCOVERY, MANAGEMENT, REMOVAL = ("the discovery", "started"), ("the job", "started"), ("the deletion", "accepted")


@pytest.mark.parametrize(
    "sent, words",
    [
        # of each item its requests: what they make, and what became of them
        ([[(DISCOVERY, FINISHED)], [(DISCOVERY, FINISHED), (MANAGEMENT, FINISHED)]], "; 2 discoveries and 1 job were started. The"),
        ([[(DISCOVERY, FINISHED), (MANAGEMENT, NOT_STARTED)], [(DISCOVERY, NOT_STARTED)]], "; 1 discovery was started. The"),
        ([[(DISCOVERY, FINISHED), (MANAGEMENT, UNKNOWN)], []], "; 1 discovery was started. The"),
        ([[(MANAGEMENT, FINISHED), (REMOVAL, FINISHED)], [(MANAGEMENT, STARTED)]], "; 2 jobs were started, 1 deletion was accepted. The"),
        ([[(MANAGEMENT, STARTED)], [(MANAGEMENT, FINISHED)]], "; 2 were started. The"),
        ([[(MANAGEMENT, STARTED)], [(MANAGEMENT, NOT_STARTED)]], "; 1 was started. The"),
        ([[(REMOVAL, NOT_STARTED)], []], "failed (name of 0). The"),
    ],
)
def test_of_several_each_kind_of_request_is_counted_by_itself(sent, words):
    many = []
    for number, requests in enumerate(sent):
        steps = [Step(f"do {at}", "POST", f"/{number}", str(number), "why", effect=effect) for at, (effect, _state) in enumerate(requests)]
        outcomes = [Outcome(step, state) for step, (_effect, state) in zip(steps, requests, strict=True)]
        many.append(Item(str(number), f"name of {number}", steps=steps, outcomes=outcomes))
    many[0].fail(Failure("x", "it failed."), "system")
    assert words in summary([many[0]], many, "lights").message()


@pytest.mark.parametrize("case", EFFECTS)
def test_what_happened_is_said(serve, client_of, run_of, case):
    effect, one, many = EFFECTS[case]
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    light = Light(run_of(), client_of(server), items("a", effect=effect), lambda key, count: False)
    _result, failure = outcome(lambda: drive(light))
    assert one in failure.message()
    lights = Light(run_of(), client_of(server), items("a", "b", effect=effect), lambda key, count: key == "b")
    _result, failure = outcome(lambda: drive(lights))
    assert many in failure.message()


# -- an earlier run that was killed -----------------------------------------------------------------------------------


def leave_open(run, *keys):
    guard = run.guard("test", "lights")
    guard.identify(*("test", "127.0.0.1"))
    return guard, keys


@pytest.fixture
def killed(tmp_path, clock):
    """``killed(client, *keys)``: the record as a killed run leaves it."""

    def make(client, *keys, jobs=()):
        guard = Run({**PARAMS, "state_dir": str(tmp_path / "state")}, clock=clock).guard("test", "lights")
        guard.identify(*client.identity())
        with guard:
            guard.intend(keys)
            for key, job in dict(jobs).items():
                guard.keep(key, job)

    return make


@pytest.mark.parametrize("keys, jobs, state, sentence", [
    (["1"], {"activate:1": "17"}, "started", "for name of 1. The job was started (job 17); its end was not seen. Look at"),
    (["1"], {}, "unknown", "for name of 1. It is not known whether the job was started. Look at"),
    (["1", "2"], {"activate:1": "17", "activate:2": "18"}, "started", "2 of them were started, and the end was not seen. Look at"),
    (["1", "2"], {"activate:1": "17"}, "unknown",
     "1 of them was started, and the end was not seen. It is not known whether 1 of them was started. Look at"),
])  # fmt: skip
def test_what_the_record_knows_to_be_started_is_told_so(serve, client_of, run_of, killed, keys, jobs, state, sentence):
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    killed(client, *(f"activate:{key}" for key in keys), jobs=jobs)
    for check in (True, False):
        operation = Light(run_of(check), client, items(*keys))
        operation.proven = False
        result, failure = outcome(functools.partial(drive, operation))
        assert (failure.code, failure.outcome, result["outcome"], result["changed"]) == ("earlier_run_unfinished", state, state, False)
        assert sentence in failure.message()
        ended = "before it saw the end of what it had started" if state == "started" else "before it knew what became of its requests"
        assert f"an earlier run ended {ended} for" in failure.message()


def test_all_doubts_of_a_task_are_named_and_only_they_are_cleared(serve, client_of, run_of, killed):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    client = client_of(server)
    killed(client, *(f"activate:{n}" for n in range(12)))

    def attempt(*keys, check_mode=False, told=True):
        operation = Light(run_of(check_mode), client, items(*keys))
        operation.proven = False
        try:
            return outcome(lambda: drive(operation))
        finally:
            if told:
                operation.run.told()

    keys = [str(n) for n in range(11)]
    predicted, told_in_check_mode = attempt(*keys, check_mode=True)
    assert attempt(*keys, told=False)[1].code == "earlier_run_unfinished"  # killed before anybody could read it
    result, failure = attempt(*keys)
    assert failure.code == told_in_check_mode.code == "earlier_run_unfinished"
    assert (result["changed"], result["outcome"], predicted["changed"], server.requests) == (False, "unknown", False, [])
    assert failure.public()["resources"] == [f"name of {key}" for key in keys]
    assert "name of 9 and 1 more" in failure.message()
    assert "It is not known whether 11 of them were started." in failure.message()
    _result, failure = attempt(*keys)
    assert failure is None, "they were named, so they are sent"
    _result, failure = attempt("11")
    assert failure.code == "earlier_run_unfinished", "this one was not"


@pytest.mark.parametrize("jobs, known", [
    ({}, "It is not known whether the job was started."),
    ({"activate:1": "17"}, "The job was started (job 17); its end is not recorded."),
])  # fmt: skip
def test_of_what_each_run_sends_anew_the_other_run_may_be_at_it_still(serve, client_of, run_of, killed, jobs, known):
    """Two hosts of a play that name one server: the second one is not told that the first has ended."""
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    killed(client, "activate:1", jobs=jobs)
    operation = Light(run_of(), client, items("1"))
    operation.proven, operation.repeats = False, lambda item: True
    _result, failure = outcome(lambda: drive(operation))
    assert failure.code == "earlier_run_unfinished"
    assert "another run has started the same for name of 1 and is still at it, or ended before it saw the end." in failure.message()
    assert f"Two hosts or plays may name it. {known} Name each only once, or look at the list of lights" in failure.message()
    assert "and leave out what has gone well; run again to send the rest." in failure.message()
    assert "not seen" not in failure.message()


@pytest.mark.parametrize("jobs, sentence", [
    ({"activate:1": "17"}, "has started it for name of 1. The job was started (job 17); its end was not seen."),
    ({}, "does not know what became of it for name of 1. It is not known whether the job was started."),
])  # fmt: skip
def test_an_earlier_attempt_of_the_same_task_is_told_so(serve, client_of, run_of, killed, jobs, sentence):
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    killed(client, "activate:1", jobs=jobs)

    def attempt(task):
        run = run_of()
        run.task = task
        operation = Light(run, client, items("1"))
        operation.proven, operation.repeats = False, lambda item: True
        _result, failure = outcome(lambda: drive(operation))
        run.told()
        return failure

    assert "another run has started the same" in attempt("this task").message()
    retried = attempt("this task")
    assert f"an earlier attempt of this task, for this host or another, {sentence} Look at the list of lights" in retried.message()
    assert attempt("another task") is None


def test_a_doubt_is_told_by_a_run_that_is_told_to_end_afterwards(serve, client_of, run_of, killed):
    """Amid its log-out for example: the record has it as told by then."""
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    killed(client, "activate:1")
    run = run_of()
    operation = Light(run, client, items("1"))
    operation.proven = False
    outcome(lambda: drive(operation))
    result = failed_result(Failure("interrupted", "the run was told to end.", "Look."), run)
    assert (result["error"]["code"], result["outcome"], result["changed"]) == ("earlier_run_unfinished", "unknown", False)
    assert result["error"]["resources"] == ["name of 1"]


def test_a_task_for_one_does_not_clear_the_doubt_of_another(serve, client_of, run_of, killed):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    client = client_of(server)
    killed(client, "activate:1", "activate:2")
    operations = [Light(run_of(), client, items(key)) for key in ("1", "2")]
    for operation in operations:
        operation.proven = False
        _result, failure = outcome(functools.partial(drive, operation))
        assert failure.code == "earlier_run_unfinished"
    assert server.requests == []


def test_what_is_as_it_is_desired_settles_its_doubt(serve, client_of, run_of, killed):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    client = client_of(server)
    killed(client, "activate:1")
    assert drive(Light(run_of(), client, lambda: [Item("1", "one")]))["changed"] is False
    operation = Light(run_of(), client, items("1"))
    operation.proven = False
    assert outcome(lambda: drive(operation))[1] is None


class Watched(Light):
    """The identity is asked for between the reading and the lock; meanwhile another run does its work."""

    identity_is_known = False

    def __init__(self, run, client, items, meanwhile):
        super().__init__(run, client, items)
        self.meanwhile, self.reads = meanwhile, 0

    def read(self):
        self.reads += 1
        return super().read()

    def identity(self):
        self.meanwhile()
        return super().identity()


@pytest.mark.parametrize("disturbed", [False, True])
def test_what_is_acted_on_was_read_when_nobody_else_was_at_it(serve, client_of, run_of, disturbed):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    client = client_of(server)
    done = []

    def other():
        if disturbed:
            done.append(drive(Light(run_of(), client, items("1"))))

    def there():
        return [Item("1", "one", steps=[] if done else [step("1")])]

    operation = Watched(run_of(), client, there, other)
    assert drive(operation)["changed"] is not disturbed
    assert (operation.reads, len(server.requests)) == (2 if disturbed else 1, 1)


# -- the end of a run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concurrency", [1, 4])
def test_a_run_that_is_told_to_end_sends_nothing_more_and_tells_what_it_had_sent(serve, client_of, run_of, clock, concurrency):
    """Refused with 429 the workers would wait and send again: after the end they do not."""
    run = run_of(concurrency=concurrency)
    asleep = threading.Event()

    def respond(request, wire):
        if request.target == "/0":
            return wire.reply(200, b'{"job": 1}')
        wire.reply(429, b"", [("Retry-After", "8")])
        return None

    def sleep(seconds):
        asleep.set()
        run.clock.stop.wait(30.0)

    server = serve(respond)
    run.clock.sleep = sleep
    client = client_of(server)
    timer = threading.Thread(target=lambda: (asleep.wait(10), run.clock.stop.set("the test says so")))
    timer.start()
    with pytest.raises(Ended):
        drive(Light(run, client, items("0", "1", "2", "3")))
    timer.join()
    sent = len(server.requests)
    assert run.partial["lights"][0]["outcome"] == "started"
    assert run.partial["changed"] is True
    assert [one["outcome"] for one in run.partial["lights"][1:]] == ["none"] * 3
    told = failed_result(Failure("interrupted", "the run was told to end."), run)
    assert (told["changed"], told["outcome"]) == (True, "started")
    assert "1 of 4 lights was started (name of 0), nothing was changed for the rest." in told["msg"]
    assert told["error"]["resources"] == ["name of 0"]
    assert K3 in told["lights"][0]["error"]["message"]
    assert "error" not in told["lights"][1]
    with pytest.raises(Ended):
        client.start("POST", "/late", what="a late one")
    assert len(server.requests) == sent


@pytest.mark.parametrize(
    "joins, reads_only, later, again",
    [
        (True, False, False, "Run the task again to join"),
        (False, True, False, "Run the task again to join"),
        (False, False, False, "Look at the list of lights before"),
        (True, False, True, "the rest is not sent. Run the task again to send the rest."),
        (False, False, True, "the rest is not sent. Look at the list of lights, then run the task again to send the rest."),
    ],
)
def test_a_run_that_is_told_to_end_in_a_wait_says_what_to_do_next(serve, client_of, run_of, joins, reads_only, later, again):
    run, said = run_of(), []
    run.part = said.append
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    made = items("1")()
    made[0].later = (step("1", "dim"),) if later else ()
    operation = Light(run, client_of(server), lambda: made, shows=lambda key, reading: False)
    operation.joins, operation.reads_only, operation.at_once = joins, reads_only, False
    sleep = run.clock.sleep

    def end(seconds):
        if run.progress._look is not None:
            run.clock.stop.set("the test says so")
            run.clock.stop.check()
        sleep(seconds)

    run.clock.sleep = end
    with pytest.raises(Ended):
        drive(operation)
    (line,) = said
    assert again in line


ENDINGS = {
    "interrupted": lambda: Failure("interrupted", "the run was told to end (SIGTERM).", "Look."),
    "task_timeout": lambda: Failure("task_timeout", "the timeout of the task has passed.", "Look."),
    "internal_error": lambda: Failure("internal_error", "a defect of the collection.", "Report it."),
}


@pytest.fixture
def cut(serve, client_of, run_of):
    """``cut(code, *keys, effect=...)``: the result of a run that ends with that code while it reads back. Of the keys ``s...`` are
    started, ``u...`` have no answer, ``r...`` are refused."""

    def make(code, *keys, **more):
        def respond(request, wire):
            kind = request.target[1]
            return wire.reset() if kind == "u" else wire.reply(400 if kind == "r" else 200, b'{"job": "17"}')

        run = run_of()
        operation = Light(run, client_of(serve(respond)), items(*keys, **more))

        def look(items, *, attempts=4):
            raise Ended

        operation.look = look
        with pytest.raises(Ended):
            drive(operation)
        return failed_result(ENDINGS[code](), run)

    return make


@pytest.mark.parametrize("code", ENDINGS)
def test_a_bulk_task_that_is_cut_short_counts_and_names_like_one_that_failed(cut, code):
    told = cut(code, "s1", "s2", "u1", "r1")
    said = (
        "2 of 4 lights were started (name of s1, name of s2), it is not known whether 1 was started (name of u1), nothing was changed for "
        "the rest."
    )
    assert said in told["msg"].replace("It is", "it is")
    assert told["error"]["resources"] == ["name of s1", "name of s2", "name of u1"]
    assert (told["error"]["code"], told["error"]["system"], told["error"]["operation"]) == (code, "test", "activate")
    assert (told["changed"], told["outcome"]) == (True, "unknown")
    rows = {row["key"]: row["error"] for row in told["lights"]}
    assert "The job was started (job 17)." in rows["s1"]["message"]
    assert K4 in rows["u1"]["message"]
    assert [rows[key]["code"] for key in rows] == [code, code, code, "bad_request"]
    assert len(told["msg"]) <= 600


ONLY = " only for what failed (with --limit, or with the others left out), since each run restarts"


@pytest.mark.parametrize("advice, told", [
    ("Look, then run again.", f"Look, then run again{ONLY}."),
    ("Look before running again.", f"Look before running again{ONLY}."),
    ("Run again once that job has ended, this task would send its request once more.",) * 2,
    ("Look at the server.",) * 2,
])  # fmt: skip
def test_the_advice_to_run_again_for_what_failed_only(advice, told):
    once = only_what_failed(advice, "each run restarts")
    assert once == told
    assert only_what_failed(once, "each run restarts") == told


@pytest.fixture
def cut_anew(serve, client_of, run_of):
    """As ``cut``, of lights that each run sends anew, with the hint of the module."""

    def make(code, *keys):
        def respond(request, wire):
            return wire.reset() if request.target[1] == "u" else wire.reply(200, b'{"job": "17"}')

        run = run_of()
        operation = Light(run, client_of(serve(respond)), items(*keys))
        operation.repeats = lambda item: True

        def look(items, *, attempts=4):
            raise Ended

        operation.look = look
        with pytest.raises(Ended):
            drive(operation)
        return failed_result(Failure(code, "the run was told to end.", f"Nothing more is sent. {AGAIN}"), run)

    return make


@pytest.mark.parametrize("code", ["interrupted", "task_timeout"])
@pytest.mark.parametrize("keys", [("s1",), ("u1",), ("s1", "s2", "u1")])
def test_who_sends_anew_is_not_told_to_run_again(cut_anew, code, keys):
    told = cut_anew(code, *keys)
    for hint in (told["error"]["hint"], *(row["error"]["hint"] for row in told["lights"])):
        assert "then run it again" not in hint
        assert "once more" in hint
        assert hint.startswith("Nothing more is sent.")
    assert len(told["msg"]) <= 600


def test_one_that_is_cut_short_names_its_job(cut):
    told = cut("interrupted", "s1")
    assert told["msg"] == "activate name of s1 (POST /s1): the run was told to end (SIGTERM). The job was started (job 17). Look."
    assert told["error"]["resources"] == ["name of s1"]


@pytest.mark.parametrize(
    "key, sentence", [("s", "The deletion was accepted (17)."), ("u", "It is not known whether the deletion was accepted.")]
)
def test_one_that_is_cut_short_tells_what_it_had_asked_for(cut, key, sentence):
    effect = ("the deletion", "accepted")
    assert sentence in cut("interrupted", key, effect=effect)["msg"]
    many = cut("interrupted", *(f"{key}{number:02d}" for number in range(30)), effect=effect)
    assert "30 of 30 deletions were accepted (name of " in many["msg"]
    assert "more)" in many["msg"]
    assert len(many["error"]["resources"]) == 30
    assert len(many["msg"]) <= 600


@pytest.mark.parametrize("status, changed", [(200, True), (403, False)])
def test_a_run_that_is_told_to_end_after_all_was_done_tells_what_it_had_done(serve, client_of, run_of, status, changed):
    """Amid the log-out, for example."""
    run = run_of()
    client = client_of(serve(lambda request, wire: wire.reply(status, b'{"job": 1}')))
    with contextlib.suppress(Failure):
        drive(Light(run, client, items("0", "1")))
    told = failed_result(Failure("interrupted", "the run was told to end."), run)
    assert [one["key"] for one in told["lights"]] == ["0", "1"]
    assert (told["changed"], [one["changed"] for one in told["lights"]]) == (changed, [changed, changed])


def test_the_record_of_a_run_that_was_told_to_end_holds_what_is_not_known(serve, client_of, run_of, tmp_path):
    run = run_of()

    def respond(request, wire):
        run.clock.stop.set("in the middle")
        wire.reset()

    operation = Light(run, client_of(serve(respond)), items("0", "1"), lambda key, count: False)
    with pytest.raises(Ended):
        drive(operation)
    (record,) = (tmp_path / "state").glob("*.record")
    text = record.read_text(encoding="utf-8")
    assert "activate:0" in text, "sent, and no answer"
    assert "activate:1" not in text, "never sent"


@pytest.mark.parametrize(
    "states, word",
    [
        ([], "none"), (["none"], "none"), (["finished", "started"], "started"), (["finished", "unknown", "started"], "unknown"),
        (["not_started", "finished"], "finished"), (["not_started", "none"], "not_started"),
    ],
)  # fmt: skip
def test_one_word_for_many(states, word):
    assert worst(states) == word


def test_a_started_failure_names_its_job():
    assert Failure("job_failed", "x", outcome="started", job="17").message().count(f"{K3} (job 17).") == 1


def test_what_is_not_the_drivers_own_is_not_imported_by_it():
    assert not [name for name in vars(_driver) if name.startswith("xclarity")]


# -- what others wait for ---------------------------------------------------------------------------------------------


def test_between_two_polls_the_client_pauses_and_before_the_lock_it_resumes(serve, client_of, run_of, monkeypatch):
    """Whoever waits for the lock has a session, so the lock is not held by somebody who waits for a session."""
    order = []
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    monkeypatch.setattr(client, "pause", lambda: order.append("pause"))
    monkeypatch.setattr(client, "resume", lambda: order.append("resume"))
    enter = _driver.Guard.__enter__
    monkeypatch.setattr(_driver.Guard, "__enter__", lambda guard: (order.append("lock"), enter(guard))[1])
    items = [Item("71", "name of 71", steps=[step("71")], later=[step("71", "delete")])]
    drive(Light(run_of(), client, lambda: items, lambda key, reading: reading not in (1, 2)))
    assert order == ["lock", "pause", "resume", "lock"]


def test_no_session_for_the_next_stage_leaves_the_first_done(serve, client_of, run_of, monkeypatch):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    client = client_of(server)

    def resume():
        raise Failure("sessions_exhausted", "none is left.", "Wait.")

    monkeypatch.setattr(client, "resume", resume)
    items = [Item("71", "name of 71", steps=[step("71")], later=[step("71", "delete")])]
    result, failure = outcome(lambda: drive(Light(run_of(), client, lambda: items)))
    assert failure.code == "sessions_exhausted"
    assert (len(server.requests), result["changed"], result["outcome"]) == (1, True, "finished")


# -- results that fit -------------------------------------------------------------------------------------------------


def some_fail(serve, client_of, run_of, **params):
    """Three items: one is on already, one is switched on, one is refused."""
    answer = {"/72": b'{"job": 1}', "/73": b'"refuse"'}
    client = client_of(serve(lambda request, wire: wire.reply(200, answer[request.target])))
    made = [Item("71", "name of 71"), *items("72", "73")()]
    return outcome(lambda: drive(Light(run_of(**params), client, lambda: made)))


@pytest.mark.parametrize(
    "which, shown, sent",
    [("all", ["71", "72", "73"], ["72", "73"]), ("changed", ["72", "73"], ["72", "73"]), ("failed", ["73"], ["73"])],
)
def test_only_the_items_that_are_asked_for_are_in_the_result(serve, client_of, run_of, which, shown, sent):
    result, failure = some_fail(serve, client_of, run_of, return_items=which)
    assert [row["key"] for row in result["lights"]] == shown
    assert [step["resource"] for step in result["plan"]] == sent
    assert (result["changed"], result["outcome"]) == (True, "finished"), "of all items"
    assert "1 of 3 lights failed (name of 73)" in failure.message()
    assert failure.public()["resources"] == ["name of 73"]


@pytest.mark.parametrize("which, shown", [("all", ["71", "72"]), ("changed", ["72"]), ("failed", [])])
def test_in_check_mode_what_would_change_is_what_is_asked_for(serve, client_of, run_of, which, shown):
    client = client_of(serve(lambda request, wire: wire.reply(500)))
    made = [Item("71", "name of 71"), *items("72")()]
    result = drive(Light(run_of(check_mode=True, return_items=which), client, lambda: made))
    assert [row["key"] for row in result["lights"]] == shown
    assert [step["resource"] for step in result["plan"]] == [key for key in shown if key != "71"]


def test_the_row_of_one_among_many_is_short(serve, client_of, run_of):
    told = {}
    for how in ("short", "full"):
        client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
        made = items("71", "72")()
        result = drive(Light(run_of(return_history=how), client, lambda made=made: made, lambda key, reading: key == "71" or reading > 3))
        told[how] = [seen["state"] for seen in result["lights"][1]["history"]]
    assert told == {"short": ["on"], "full": ["off", "on"]}
    rows = some_fail(serve, client_of, run_of, return_history="short", state_dir=run_of().params["state_dir"] + "2")[0]["lights"]
    assert set(rows[2]["error"]) == {"code", "status", "message"}


def test_the_row_of_one_alone_tells_all(serve, client_of, run_of):
    client = client_of(serve(lambda request, wire: wire.reply(200, b'{"job": 1}')))
    result = drive(Light(run_of(return_history="short"), client, items("72"), lambda key, reading: reading > 3))
    assert [seen["state"] for seen in result["lights"][0]["history"]] == ["off", "on"]


def test_no_item_is_compared_with_the_others(serve, client_of, run_of, monkeypatch):
    """Ten thousand would be compared a hundred million times."""

    def compared(self, other):
        raise AssertionError("an item was compared with another")

    monkeypatch.setattr(Item, "__eq__", compared)
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 17}'))
    assert drive(Light(run_of(), client_of(server), items("a", "b", "c")))["changed"] is True


def test_what_reads_more_than_the_body_sees_the_headers(serve, client_of, run_of):
    class Headed(Light):
        def receive(self, step, data, headers):
            return Accepted(headers.get("Location", "").rpartition("/")[2], data)

    server = serve(lambda request, wire: wire.reply(200, b"{}", [("Location", "/tasks/19")]))
    run = run_of()
    drive(Headed(run, client_of(server), items("a")))
    assert [one.job for one in run.outcomes] == ["19"]


def test_a_request_that_is_made_later_is_asked_about_too(serve, client_of, run_of):
    """The record knows it by the key that the item names, though there is no step for it yet."""
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 17}'))
    guard = run_of().guard("test", "lights")
    client = client_of(server)
    guard.identify(*client.identity())
    with guard:
        guard.intend(["connect:a"])

    def make():
        item = Item("a", "name of a", steps=[step("a")])
        item.follows = ["connect:a"]
        return [item]

    lights = Light(run_of(), client, make)
    lights.proven = False
    _result, failure = outcome(lambda: drive(lights))
    assert failure is not None
    assert failure.code == "earlier_run_unfinished"
    lights.run.told()
    again = Light(run_of(), client, make)
    again.proven = False
    assert drive(again)["changed"] is True


# -- others that send the same ----------------------------------------------------------------------------------------


class Shared(Light):
    """Things that do one thing at a time; ``there`` are the steps whose effect others have brought."""

    serial, refusals = True, ()

    def __init__(self, run, client, items, **more):
        super().__init__(run, client, items, **more)
        self.there, self.under_way, self.asked = set(), 0, []

    def free(self, work, *, wait):
        self.asked.append(wait)
        self.under_way -= not wait and self.under_way > 0
        return not self.under_way

    def brought(self, work):
        return {step.key for _item, step in work} & self.there


def in_stages(*later):
    return lambda: [Item("1", "one", steps=[step("1")], later=[step("1", operation) for operation in later])]


@pytest.mark.parametrize("there, sent", [
    ([], ["/1", "/1", "/1"]), (["join"], ["/1", "/1"]), (["label"], ["/1", "/1"]), (["join", "label"], ["/1"]),
])  # fmt: skip
def test_what_others_have_brought_between_two_stages_is_not_sent(serve, client_of, run_of, there, sent):
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    operation = Shared(run_of(), client_of(server), in_stages("join", "label"))
    operation.there = {f"{one}:1" for one in there}
    result = drive(operation)
    assert [request.target for request in server.requests] == sent == [one["path"] for one in result["plan"]]
    assert (result["changed"], result["outcome"]) == (True, "finished")
    assert set(operation.asked) == {True}


@pytest.mark.parametrize("there", [False, True])
def test_what_was_refused_for_now_is_sent_again_only_if_it_is_still_needed(serve, client_of, run_of, monkeypatch, there):
    """The one that was quicker may have asked for the same."""
    answers = [409, 409, 200]
    server = serve(lambda request, wire: wire.reply(answers.pop(0), b'{"job": 1}'))
    client = client_of(server)
    client.lock_timeout = 30.0
    monkeypatch.setattr(client, "_held", lambda failure: failure.status == 409)
    operation = Shared(run_of(), client, in_stages())
    operation.under_way = 2
    operation.there = {"activate:1"} if there else set()
    result = drive(operation)
    assert len(server.requests) == (1 if there else 3), "nothing is sent while the other one is at work"
    assert (result["changed"], result["outcome"]) == (not there, "none" if there else "finished")
    assert (result["plan"] == []) is there
    assert operation.asked == [False] * (2 if there else 3)


def test_a_thing_that_was_brought_by_others_goes_on_with_the_rest(serve, client_of, run_of, monkeypatch):
    answers = [409, 200]
    server = serve(lambda request, wire: wire.reply(answers.pop(0), b'{"job": 1}'))
    client = client_of(server)
    client.lock_timeout = 30.0
    monkeypatch.setattr(client, "_held", lambda failure: failure.status == 409)
    operation = Shared(run_of(), client, in_stages("join"))
    operation.there = {"activate:1"}
    result = drive(operation)
    assert [one["path"] for one in result["plan"]] == ["/1"]
    assert (result["changed"], result["outcome"], len(server.requests)) == (True, "finished", 2)


def test_a_look_that_fails_while_something_else_is_under_way_is_made_again_or_told(serve, client_of, run_of, monkeypatch):
    server = serve(lambda request, wire: wire.reply(409))
    client = client_of(server)
    client.lock_timeout = 3.0
    monkeypatch.setattr(client, "_held", lambda failure: failure.status == 409)
    for transient, code in ((True, "conflict"), (False, "forbidden")):
        operation = Shared(run_of(), client, in_stages())

        def free(work, *, wait, transient=transient):
            raise Failure("reply_lost" if transient else "forbidden", "x.", transient=transient)

        operation.free = free
        result, failure = outcome(functools.partial(drive, operation))
        assert (failure.code, result["outcome"], result["changed"]) == (code, "not_started", False)
    assert len(server.requests) == 2


@pytest.mark.parametrize("holds", [False, True])
def test_the_lock_is_held_to_the_end_where_the_way_shows_nothing(serve, client_of, run_of, monkeypatch, holds):
    order = []
    server = serve(lambda request, wire: (order.append("sent"), wire.reply(200, b'{"job": 1}'))[1])
    for name, word in (("__enter__", "lock"), ("__exit__", "unlock")):
        real = getattr(_driver.Guard, name)
        monkeypatch.setattr(_driver.Guard, name, lambda *given, real=real, word=word: (order.append(word), real(*given))[1])
    operation = Shared(run_of(), client_of(server), in_stages("join"))
    operation.holds = holds
    assert drive(operation)["outcome"] == "finished"
    assert order == (["lock", "sent", "sent", "unlock"] if holds else ["lock", "sent", "unlock"] * 2)


@pytest.mark.parametrize("wait", [True, False])
def test_what_further_requests_follow_for_is_reserved_until_the_last_is_sent(serve, client_of, run_of, wait):
    found = []
    server = serve(lambda request, wire: (found.append(other()), wire.reply(200, b'{"job": 1}'))[1])
    operation = Shared(run_of(wait=wait), client_of(server), in_stages("join", "label"))
    operation.reserves = lambda item: [item.key]
    looker = run_of().guard("test", "lights")
    looker.identify(*client_of(server).identity())

    def other():
        return looker.reserved("1")

    shows = operation.look
    operation.look = lambda items, **more: (found.append(other()), shows(items, **more))[1]
    drive(operation)
    assert found == ([False, True, True, True, True, False] if wait else [False])
    assert not other()
