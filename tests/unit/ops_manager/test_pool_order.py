# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order of servers: which two lists belong together, what it finds at its end, and what it says then. No network."""

from __future__ import annotations

import dataclasses

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import Watched
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_request_operations as operations
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_requests, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_request_operations import Order
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import desired

SMALL, LARGE = {"Size": "s"}, {"Size": "l"}
PARAMS = {"reconcile_timeout": 5.0, "poll_interval": 1.0}


def request(ident, status, document=None, **more):
    return pool_requests.parse_request({"id": ident, "statusName": status, "properties": [document or SMALL], **more})


def server(ident, document=None):
    return server_pool.parse_server({"id": ident, "hostname": ident, "statusName": "BOUND", "properties": document or SMALL})


class Pool:
    """requests, servers: what each reading in turn tells, the last for ever; a failure is raised."""

    system = "ops_manager"

    def __init__(self, monkeypatch, requests, servers=((),)):
        self.requests, self.servers, self.reads = list(requests), list(servers), []
        monkeypatch.setattr(pool_requests, "read_requests", lambda client, group, attempts=4: list(self.next("requests")))
        monkeypatch.setattr(server_pool, "read_servers", lambda client, group, *more: list(self.next("servers")))
        monkeypatch.setattr(server_pool, "require_enabled", lambda client, group: None)
        monkeypatch.setattr(pool_requests, "read_request", self.one)

    def next(self, kind):
        self.reads.append(kind)
        told = getattr(self, kind)
        value = told.pop(0) if len(told) > 1 else told[0]
        if isinstance(value, Failure):
            raise value
        return value

    def one(self, client, group, ident, attempts=4):
        return next((one for one in self.next("requests") if one.id == ident), None)


def order_of(pool, *asked, ident="", satisfied_by="servers"):
    return Order(Run(dict(PARAMS), clock=StillClock()), pool, "g", asked or [desired(SMALL)], satisfied_by, "wait", ident)


DENIED, BROKEN = Failure("forbidden", "no", status=403), Failure("server_error", "no", status=500)
RUNS, DONE = request("r1", "EXECUTING"), request("r1", "COMPLETED")


def read_both(pool, satisfied_by="servers"):
    return operations._read_both(Run(dict(PARAMS), clock=StillClock()), pool, "g", [desired(SMALL)], satisfied_by)


@pytest.mark.parametrize(
    "requests, reads",
    [
        ([[DONE]], ["requests", "servers"]),
        ([[RUNS]], ["requests", "servers", "requests"]),
        ([[RUNS], [DONE], [DONE]], ["requests", "servers", "requests", "requests", "servers"]),
    ],
)
def test_both_lists_are_of_one_moment(monkeypatch, requests, reads):
    pool = Pool(monkeypatch, requests, [[server("s1")]])
    found = read_both(pool)
    assert pool.reads == reads
    assert ([one.status for one in found.requests], [one.id for one in found.bound]) == ([requests[-1][0].status], ["s1"])


def test_lists_that_never_agree_are_no_reading(monkeypatch):
    pool = Pool(monkeypatch, [[request(f"r{n}", "EXECUTING")] for n in range(99)])
    with pytest.raises(Failure) as caught:
        read_both(pool)
    assert caught.value.code == "list_unstable"
    assert pool.reads.count("servers") == operations.READINGS


@pytest.mark.parametrize(
    "document, requests, code, waited",
    [
        (SMALL, ["CANCELLING", "CANCELLED"], None, True),
        (SMALL, ["CANCELLING"], "busy", True),
        (LARGE, ["CANCELLING"], None, False),
        (SMALL, ["CANCELLED"], None, False),
    ],
)
def test_a_request_that_is_being_cancelled_is_waited_for_where_it_could_still_count(monkeypatch, document, requests, code, waited):
    pool = Pool(monkeypatch, [[request("r1", status, document)] for status in requests])
    run = Run(dict(PARAMS), clock=StillClock())
    if code:
        with pytest.raises(Failure) as caught:
            operations._without_cancelling(run, pool, "g", [desired(SMALL)])
        assert (caught.value.code, caught.value.resource) == (code, "r1")
        assert sum(run.clock.slept) == PARAMS["reconcile_timeout"]
    else:
        assert operations._without_cancelling(run, pool, "g", [desired(SMALL)])[0].status == requests[-1]
    assert (len(pool.reads) > 1) is waited


@pytest.mark.parametrize(
    "failure, satisfied_by, tolerated", [(DENIED, "requests", True), (DENIED, "servers", False), (BROKEN, "requests", False)]
)
def test_servers_that_may_not_be_listed(monkeypatch, failure, satisfied_by, tolerated):
    pool = Pool(monkeypatch, [[DONE]], [failure])
    if tolerated:
        assert read_both(pool, satisfied_by).servers is None
    else:
        with pytest.raises(Failure):
            read_both(pool, satisfied_by)


# -- the end ----------------------------------------------------------------------------------------------------------


def waited_for(status, *, verified, **more):
    item = Item("r1", "request r1", current=request("r1", status, **more), steps=[Step("order", "POST", "/", "r", "why")])
    item.outcomes, item.watched, item.verified = [Outcome(item.steps[0], STARTED)], Watched("r1", end="done"), verified
    return item


ENDS = [
    ("CANCELLED", {"cancelDate": "2026-01-01T00:00:00Z", "expires": "2026-01-03T00:00:00Z"}, "request_cancelled", FINISHED),
    ("CANCELLED", {"cancelDate": "2026-01-03T00:00:00Z", "expires": "2026-01-03T00:00:00Z"}, "request_expired", FINISHED),
    ("FAILED", {}, "request_failed", FINISHED),
    ("EXECUTING", {}, "job_lost", UNKNOWN),
]


@pytest.mark.parametrize("status, more, code, state", ENDS)
def test_how_a_request_ends_that_brought_nothing(monkeypatch, status, more, code, state):
    item = waited_for(status, verified=False, **more)
    failure = order_of(Pool(monkeypatch, [[]])).not_reached(item)
    assert (failure.code, item.state) == (code, state)


@pytest.mark.parametrize(
    "servers, code, slept",
    [
        ([[server("s1")]], None, 0),
        ([[], [], [server("s1")]], None, 2),  # given a moment to show
        ([[]], "effect_missing", 5),
        ([[server("s1", LARGE)]], "effect_missing", 5),
        ([BROKEN], "server_error", 0),
    ],
)
def test_a_fulfilled_request_has_to_show_its_servers(monkeypatch, servers, code, slept):
    pool = Pool(monkeypatch, [[DONE]], servers)
    operation = order_of(pool)
    item = waited_for("COMPLETED", verified=True)
    operation.conclude([item])
    assert (item.failure.code if item.failure else None, sum(operation.run.clock.slept)) == (code, slept)
    if code == "effect_missing":
        assert f"missing: 1 of {server_pool.described(SMALL)}" in item.failure.why
        assert operation.after.servers is not None


def test_a_request_that_vanished_counts_by_its_servers(monkeypatch):
    for servers, code in (([server("s1")], None), ([], "job_lost")):
        operation = order_of(Pool(monkeypatch, [[]], [servers]))
        item = waited_for("EXECUTING", verified=False)
        item.fail(operation.not_reached(item), "ops_manager")
        operation.conclude([item])
        assert (item.failure.code if item.failure else None) == code
        assert operation.run.clock.slept == []


def test_after_a_failure_a_reading_that_fails_is_not_told_instead(monkeypatch):
    operation = order_of(Pool(monkeypatch, [[]], [BROKEN]))
    item = waited_for("FAILED", verified=False)
    item.fail(operation.not_reached(item), "ops_manager")
    operation.conclude([item])
    assert item.failure.code == "request_failed"


def test_without_a_wait_nothing_is_read_again(monkeypatch):
    pool = Pool(monkeypatch, [[RUNS]])
    item = Item("r1", "request r1", current=RUNS)
    order_of(pool).conclude([item])
    assert (pool.reads, item.failure) == ([], None)


# -- a request of somebody else ---------------------------------------------------------------------------------------


def test_a_request_that_is_only_followed(monkeypatch):
    pool = Pool(monkeypatch, [[RUNS]], [[server("s1")]])
    operation = order_of(pool, ident="r1")
    (item,) = operation.read()
    assert (operation.reads_only, item.key, item.join, list(item.steps)) == (True, "r1", "", [])
    assert operation.documents == [SMALL]
    assert operation.choice.here == [True]
    assert [one.id for one in operation.before.bound] == ["s1"]


def test_a_request_that_the_group_does_not_have(monkeypatch):
    with pytest.raises(Failure) as caught:
        order_of(Pool(monkeypatch, [[]]), ident="r9").read()
    assert (caught.value.code, caught.value.resource) == ("request_not_found", "r9")


@pytest.mark.parametrize("twins", [0, 1, 2])
def test_which_new_request_is_the_one_whose_answer_was_lost(monkeypatch, twins):
    pool = Pool(monkeypatch, [[RUNS, *(request(f"n{n}", "EXECUTING", created="2026-06-01T00:00:00Z") for n in range(twins))]])
    operation = order_of(pool)
    operation.before = pool_requests.Reading([RUNS], [])
    operation.began = server_pool.moment("2026-06-01T00:00:00Z")
    item = Item("r", "order", desired=[SMALL], steps=[Step("order", "POST", "/", "r", "why")])
    unknown = [(item, Outcome(item.steps[0], UNKNOWN))]
    if twins > 1:
        with pytest.raises(Failure) as caught:
            operation.find(unknown)
        assert (caught.value.code, caught.value.outcome) == ("ambiguous_match", UNKNOWN)
        assert caught.value.details == {"request_ids": ["n0", "n1"]}
    else:
        assert [accepted.job for accepted in operation.find(unknown).values()] == ["n0"] * twins


@pytest.mark.parametrize(
    "here, ordered, counts",
    [
        ([True, True, False], [], [2, 2]),
        ([True, False, False], [SMALL, LARGE], [1, 3]),
        ([False, False, False], [SMALL], [0, 1]),
        ([False, False, True], [SMALL, SMALL], [1, 3]),
    ],
)
def test_the_diff_counts_what_is_here_and_what_is_ordered(monkeypatch, here, ordered, counts):
    operation = order_of(Pool(monkeypatch, [[]]), desired(SMALL, 2), desired(LARGE))
    operation.choice = dataclasses.replace(operation.choice, here=here)
    items = [Item("r", "order", desired=ordered)]
    assert [sum(operation.diff(items, after=after).values()) for after in (False, True)] == counts
    assert operation.choice.here == here


@pytest.mark.parametrize("free, on_shortage, warned", [
    (None, "fail", True), (None, "partial", True), (None, "wait", False), ([server("f1"), server("f2")], "fail", False),
])  # fmt: skip
def test_a_shortage_that_cannot_be_seen_is_told(monkeypatch, free, on_shortage, warned):
    pool = Pool(monkeypatch, [[]])
    pool.now = lambda: 0.0
    monkeypatch.setattr(server_pool, "check", lambda *args: None)
    monkeypatch.setattr(server_pool, "read_properties", lambda *args: [])
    monkeypatch.setattr(operations, "_free", lambda client: free)
    order = Order(Run(dict(PARAMS), clock=StillClock()), pool, "g", [desired(SMALL, 2)], "servers", on_shortage)
    (item,) = order.read()
    assert len(item.desired) == 2
    assert [("may not read the pool's servers" in text, "can give 2;" in text) for text in order.run.warnings] == [(True, True)] * warned


def test_a_request_that_is_joined_is_told_as_such(monkeypatch):
    pool = Pool(monkeypatch, [[RUNS]])
    pool.now = lambda: 0.0
    monkeypatch.setattr(server_pool, "check", lambda *args: None)
    monkeypatch.setattr(server_pool, "read_properties", lambda *args: [])
    order = order_of(pool)
    (item,) = order.read()
    assert (item.title, item.join) == ("request r1 (joined; it was ordered before)", "")
    assert "the request r1, which was ordered before, had not ended" in order.timed_out(item, Watched("r1")).why
