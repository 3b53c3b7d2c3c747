# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step at most once; three outcomes; unknown is read back and never sent again."""

from __future__ import annotations

import json

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _reconcile
from ansible_collections.groundwork.provision.plugins.module_utils._errors import K2, K3, K4, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, Unproven, worst

STEP = Step("activate", "POST", "/profiles/71", "web-01", "it is inactive", body={"uuid": "A"})


def accept(step, data):
    if data == "refuse":
        raise Failure("server_refused", "no", "Fix it.")
    if isinstance(data, list):
        raise Failure("bad_reply", "no object", "Look.")
    if not isinstance(data, dict) or "job" not in data:
        raise Unproven("the answer names no job.")
    return Accepted(str(data["job"]), data)


@pytest.fixture
def guard(tmp_path, clock):
    with Guard(str(tmp_path / "state"), ("x",), clock, settle=15) as guard:
        yield guard


# what the server does -> (state, code of the failure, does the next run have to wait before it reads)
ANSWERS = {
    "a job": (lambda w: w.reply(200, b'{"job": 17}'), "started", None, False),
    "a refusal inside 200": (lambda w: w.reply(200, b'"refuse"'), "not_started", "server_refused", False),
    "another shape": (lambda w: w.reply(200, b'{"what": 1}'), "unknown", "bad_reply", True),
    "null": (lambda w: w.reply(200, b"null"), "unknown", "bad_reply", True),
    "a list": (lambda w: w.reply(200, b"[]"), "unknown", "bad_reply", True),
    "HTML": (lambda w: w.reply(200, b"<html>"), "unknown", "not_json", True),
    "empty": (lambda w: w.reply(200, b""), "unknown", "not_json", True),
    "202": (lambda w: w.reply(202, b'{"job": 17}'), "started", None, False),
    "400": (lambda w: w.reply(400), "not_started", "bad_request", False),
    "302": (lambda w: w.reply(302, b"", [("Location", "https://evil.example")]), "not_started", "redirect_refused", False),
    "500": (lambda w: w.reply(500), "unknown", "server_error", True),
    "reset": (lambda w: w.reset(), "unknown", "reply_lost", True),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_three_outcomes(serve, client_of, guard, case):
    act, state, code, still_open = ANSWERS[case]
    server = serve(lambda request, wire: act(wire))
    (outcome,) = _reconcile.apply(client_of(server), [STEP], accept, guard)
    assert outcome.state == state
    assert (outcome.failure.code if outcome.failure else None) == code
    assert outcome.changed == (state in ("started", "unknown"))
    assert outcome.job == ("17" if state == "started" else None)
    assert len(server.requests) == 1
    _header, killed, _settled, told = guard._read()
    assert killed == set()
    assert bool(told) == still_open
    if outcome.failure is not None:
        assert {"not_started": K2, "unknown": K4}[state] in outcome.failure.message()
        assert (outcome.failure.operation, outcome.failure.resource) == ("activate", "web-01")


def test_the_intent_is_written_before_the_request(serve, client_of, guard):
    found = []
    server = serve(lambda request, wire: (found.append(guard._read()[1]), wire.reply(200, b'{"job": 1}')))
    _reconcile.apply(client_of(server), [STEP], accept, guard)
    assert found == [{"activate:web-01"}]


def test_an_empty_answer_may_be_the_success(serve, client_of, guard):
    server = serve(lambda request, wire: wire.reply(204))
    (outcome,) = _reconcile.apply(client_of(server), [STEP], lambda s, data: Accepted(), guard, empty_ok=True)
    assert outcome.state == "started"


def test_a_step_goes_on_the_wire_as_it_is_shown(serve, client_of, guard):
    step = Step("move", "PUT", "/a/b%2Fc", "b", "why", query=(("q", "a b&c"),), body={"ключ": "ü", "pw": "canary"}, secret=("pw",))
    server = serve(lambda request, wire: wire.reply(200, b'{"job": 1}'))
    _reconcile.apply(client_of(server), [step], accept, guard)
    (request,) = server.requests
    shown = step.public()
    assert (request.method, request.target) == ("PUT", "/a/b%2Fc?q=a%20b%26c")
    assert "canary" not in str(shown)
    assert json.loads(request.body) == {**shown["body"], "pw": "canary"}
    assert Plan([step]).public() == [shown]


def unknown(count=1):
    steps = [Step("activate", "POST", f"/profiles/{n}", f"web-{n}", "why") for n in range(count)]
    return [Outcome(step, "unknown", failure=Failure("reply_lost", "lost", outcome="unknown")) for step in steps]


@pytest.mark.parametrize("after", [0, 1, 5, 15])
def test_what_shows_within_the_settle_time_is_adopted(still, after):
    outcomes, reads = unknown(), []

    def find(open_ones):
        reads.append(still.now)
        return {0: Accepted("17")} if still.now >= 1000 + after else {}

    _reconcile.read_back(outcomes, find, still, settle=15, where="the list")
    (outcome,) = outcomes
    assert (outcome.state, outcome.job, outcome.reconciled, outcome.failure) == ("started", "17", True, None)
    assert still.now - 1000 <= after + 1


def test_what_never_shows_stays_unknown_and_is_looked_for_until_the_end(still):
    outcomes, reads = unknown(), []
    _reconcile.read_back(outcomes, lambda open_ones: reads.append(still.now) or {}, still, settle=15, where="the list of jobs")
    (outcome,) = outcomes
    assert outcome.state == "unknown"
    assert reads[-1] - reads[0] >= 15
    assert "Look at the list of jobs for web-0 before running again." in outcome.failure.message()
    assert K4 in outcome.failure.message()


def test_only_what_is_open_is_looked_for(still):
    outcomes, asked = unknown(3), []

    def find(open_ones):
        asked.append([one.step.resource for one in open_ones])
        return {1: Accepted()} if len(asked) == 1 else {0: Accepted(), 1: Accepted()}

    _reconcile.read_back(outcomes, find, still, settle=15, where="x")
    assert asked == [["web-0", "web-1", "web-2"], ["web-0", "web-2"]]
    assert [one.state for one in outcomes] == ["started"] * 3


@pytest.mark.parametrize("transient, reads", [(True, 6), (False, 1)])
def test_a_read_that_fails_is_borne_if_it_can_pass(still, transient, reads):
    outcomes, made = unknown(), []

    def find(open_ones):
        made.append(1)
        raise Failure("reply_lost" if transient else "forbidden", "x", transient=transient)

    _reconcile.read_back(outcomes, find, still, settle=5, where="x")
    assert len(made) == reads
    assert outcomes[0].state == "unknown"


def test_nothing_unknown_nothing_read(still):
    _reconcile.read_back([Outcome(STEP, "started")], lambda open_ones: pytest.fail("read"), still, settle=15, where="x")


def test_after_the_first_failure_no_other_is_begun(serve, client_of, guard):
    steps = [Step("activate", "POST", f"/{n}", f"web-{n}", "why") for n in range(5)]
    server = serve(lambda request, wire: wire.reply(400 if request.target == "/1" else 200, b'{"job": 1}'))
    outcomes = _reconcile.apply(client_of(server), steps, accept, guard, stop=True)
    assert [o.state for o in outcomes] == ["started", "not_started", "none", "none", "none"]
    assert [o.failure.code for o in outcomes[2:]] == ["skipped"] * 3
    assert [r.target for r in server.requests] == ["/0", "/1"]
    assert guard._read()[1] == set()


def test_many_at_once_each_once(serve, client_of, guard):
    steps = [Step("activate", "POST", f"/{n}", f"web-{n}", "why") for n in range(60)]
    server = serve(lambda request, wire: wire.reset() if request.target.endswith("7") else wire.reply(200, b'{"job": 1}'))
    outcomes = _reconcile.apply(client_of(server), steps, accept, guard, concurrency=8)
    assert [o.step for o in outcomes] == steps
    assert sorted(r.target for r in server.requests) == sorted(f"/{n}" for n in range(60))
    assert {o.step.resource for o in outcomes if o.state == "unknown"} == {f"web-{n}" for n in range(60) if n % 10 == 7}


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
