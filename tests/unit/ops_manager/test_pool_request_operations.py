# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an order expects to find at its end, and what becomes of one request that is cancelled by its id."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import Watched
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_requests, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_request_operations import (
    CancelRequests,
    Order,
    _free,
    look_at,
)
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import desired

SMALL, LARGE = {"Size": "s"}, {"Size": "l"}


@pytest.mark.parametrize(
    "missing, sent, expected",
    [
        ([], [], [SMALL, SMALL, LARGE]),
        ([SMALL, LARGE], [[SMALL, LARGE]], [SMALL, SMALL, LARGE]),
        ([SMALL], [], [SMALL, LARGE]),
        ([SMALL, SMALL], [], [LARGE]),
        ([SMALL, SMALL, LARGE], [[SMALL]], [SMALL]),
        ([LARGE], [], [SMALL, SMALL]),
    ],
)
def test_what_the_pool_could_not_give_is_not_expected(missing, sent, expected):
    run = Run({})
    order = Order(run, None, "g", [desired(SMALL, 2), desired(LARGE)], "servers", "partial")
    order.choice = dataclasses.replace(order.choice, missing=missing)
    run.outcomes += [Outcome(Step("order", "POST", "/", "r", "why", body={"properties": documents})) for documents in sent]
    assert order._expected() == expected


class Pool:
    """Stands in for a client: the one request ``r1`` with this status; None: the server does not know it."""

    system = "ops_manager"

    def __init__(self, status):
        self.status = status

    def read(self, path, *, what, **more):
        if path.endswith("/requests/r1"):
            if self.status is None:
                raise Failure("not_found", "no", status=404)
            return {"id": "r1", "statusName": self.status, "properties": [SMALL], "cancelDate": "2026-01-01T00:00:00Z"}
        return {"enabled": True}


def cancel(status):
    operation = CancelRequests(Run({}), Pool(status), "g", [], "r1")
    return operation, operation.read()


# status -> how many requests are sent for it, whether its end is waited for, code
STATES = {
    "EXECUTING": (1, None, None),
    "CANCELLING": (0, "", None),
    "CANCELLED": (0, None, None),
    "FAILED": (0, None, None),
    "COMPLETED": (0, None, "already_fulfilled"),
}


@pytest.mark.parametrize("status", STATES)
def test_one_request_is_cancelled_by_its_id(status):
    _operation, (item,) = cancel(status)
    assert (len(item.steps), item.join, item.failure.code if item.failure else None) == STATES[status]
    assert item.key == "r1"


def test_what_cannot_be_the_id_of_a_request_is_refused():
    with pytest.raises(Failure) as caught:
        cancel(None)
    assert (caught.value.code, caught.value.resource) == ("request_not_found", "r1")


def test_a_request_that_the_server_does_not_know_is_no_item_and_is_told(monkeypatch):
    monkeypatch.setattr(pool_requests, "read_request", lambda *args, **more: None)
    operation = CancelRequests(Run({}), Pool(None), "g", [], "5a2f" * 6)
    assert operation.read() == []
    assert "no request 5a2f5a2f5a2f5a2f5a2f5a2f, so that none was cancelled" in operation.run.warnings[0]


@pytest.mark.parametrize("status", STATES)
def test_a_request_that_is_known_brings_no_warning(status):
    assert cancel(status)[0].run.warnings == []


# how the request stands when it is looked at again -> done, ok
ENDS = {
    "EXECUTING": (False, False), "CANCELLING": (False, False), "CANCELLED": (True, True), "FAILED": (True, True),
    "COMPLETED": (True, False),
}  # fmt: skip


@pytest.mark.parametrize("status", [*ENDS, None])
def test_how_a_cancelled_request_ends(status):
    operation, (item,) = cancel("EXECUTING")
    item.outcomes = [Outcome(item.steps[0], STARTED)]
    operation.client.status = status
    state = operation.look([item])["r1"]
    assert (state.done, state.ok) == ENDS.get(status, (True, True))
    if state.ok:
        operation.ended(item)
        assert item.state == (NOT_STARTED if status == "FAILED" else STARTED)
    elif state.done:
        assert (operation.not_reached(item).code, item.state) == ("already_fulfilled", NOT_STARTED)


LAPSE = "2026-01-02T00:00:00Z"


@pytest.mark.parametrize("expires, told", [(LAPSE, f"(last status: EXECUTING; it lapses at {LAPSE})"), ("", "(last status: EXECUTING)")])
def test_when_a_request_lapses_is_told_where_it_is_known(expires, told):
    order = Order(Run({}), None, "g", [], "servers", "fail")
    request = pool_requests.parse_request({"id": "r1", "statusName": "EXECUTING", "properties": [SMALL], "expires": expires})
    assert told in order.timed_out(Item("r1", "request r1", current=request), Watched("r1")).why


@pytest.mark.parametrize("count, lists, reads", [(0, 0, 0), (1, 0, 1), (3, 1, 0)])
def test_one_request_is_read_alone_and_several_in_one_list(monkeypatch, count, lists, reads):
    there = [pool_requests.parse_request({"id": f"r{n}", "statusName": "COMPLETED", "properties": [SMALL]}) for n in range(4)]
    asked = []
    monkeypatch.setattr(pool_requests, "read_requests", lambda client, group, attempts: asked.append("list") or there)
    monkeypatch.setattr(pool_requests, "read_request", lambda client, group, ident, attempts: asked.append(ident) or there[int(ident[1:])])
    items = [Item(f"key {n}", "title", current=dataclasses.replace(there[n], status="EXECUTING")) for n in range(count)]
    seen = look_at(None, "g", [*items, Item("new", "not told yet")], 1)
    assert (asked.count("list"), len(asked) - asked.count("list")) == (lists, reads)
    assert {key: request.id for key, request in seen.items()} == {f"key {n}": f"r{n}" for n in range(count)}
    assert [item.current.status for item in items] == ["COMPLETED"] * count


@pytest.mark.parametrize("refusal", [None, *[{"code": code} for code in ("forbidden", "pool_disabled", "auth_failed")], {"status": 405}])
def test_what_the_pool_can_give_now_is_not_known_to_every_key(monkeypatch, refusal):
    def read(client, group, status):
        if refusal is not None:
            raise Failure(refusal.get("code", "server_refused"), "no", status=refusal.get("status"))
        told = [("s1", "AVAILABLE"), ("s2", "RESERVED"), ("s3", "AVAILABLE")]  # also where the server does not heed the filter
        return [server_pool.parse_server({"id": ident, "hostname": ident, "statusName": status}) for ident, status in told]

    monkeypatch.setattr(server_pool, "read_servers", read)
    found = _free(None)
    assert (found and [server.id for server in found]) == (None if refusal else ["s1", "s3"])


def test_a_pool_that_cannot_be_read_is_a_failure(monkeypatch):
    def read(client, group, status):
        raise Failure("server_error", "no", status=500)

    monkeypatch.setattr(server_pool, "read_servers", read)
    with pytest.raises(Failure):
        _free(None)
