# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_pool_request with state absent. "The page" is "Group Server Pool Requests" of the Ops Manager documentation."""

from __future__ import annotations

import pytest
from pool_under_test import GROUP, LARGE, OSLO, ROME, Pool

DELETES = r"/serverPool/requests/\w+$"


def statuses(pool: Pool) -> list[str]:
    return [request["statusName"] for request in pool.requests()]


@pytest.fixture
def slow(pool: Pool) -> Pool:
    """A pool that does not fulfil anything by itself."""
    pool.switch(allocation_seconds=3600)
    return pool


def test_cancel_and_again(slow: Pool) -> None:
    """The page: DELETE /groups/GROUP-ID/serverPool/requests/REQUEST-ID, 200 without a body."""
    slow.request(OSLO)
    ident = slow.requests()[0]["id"]
    first = slow.ask(properties=OSLO, state="absent")
    assert not first.failed, first
    assert (first["changed"], first["outcome"]) == (True, "finished")
    assert (first["request"]["id"], first["request"]["status"], first["request"]["ended"]) == (ident, "CANCELLED", "cancelled")
    assert first["request"]["cancel_date"]
    assert first["diff"] == {"before": {ident: "EXECUTING"}, "after": {ident: "CANCELLED"}}
    path = f"/api/public/v1.0/groups/{GROUP}/serverPool/requests/{ident}"
    assert [(entry["method"], entry["path"], entry["body"]) for entry in slow.log(changing=True)] == [("DELETE", path, "")]

    slow.mark()
    second = slow.ask(properties=OSLO, state="absent")
    assert (second["changed"], second["plan"], second["requests"]) == (False, [], [])
    by_id = slow.ask(request_id=ident, state="absent")
    assert (by_id["changed"], by_id["request"]["ended"]) == (False, "cancelled")
    assert slow.log(changing=True) == []


def test_check_mode(slow: Pool) -> None:
    slow.request(OSLO)
    slow.request(ROME)
    predicted = slow.ask(properties={"Size": "m"}, state="absent", check=True)
    assert (predicted["changed"], slow.log(changing=True)) == (True, [])
    real = slow.ask(properties={"Size": "m"}, state="absent")
    assert predicted["plan"] == real["plan"]
    assert predicted["diff"] == real["diff"]
    assert [(e["method"], e["path"]) for e in slow.log(changing=True)] == [(s["method"], s["path"]) for s in real["plan"]]


def test_only_requests_that_ask_for_nothing_else(slow: Pool) -> None:
    slow.request(OSLO, OSLO)
    slow.request(OSLO, LARGE)
    slow.request(ROME)
    slow.request(OSLO, statusName="COMPLETED")
    slow.request(OSLO, statusName="FAILED")
    result = slow.ask(properties={"Datacenter": "oslo", "Size": "m"}, state="absent")
    assert [request["num_servers"] for request in result["requests"]] == [2]
    assert statuses(slow) == ["CANCELLED", "EXECUTING", "EXECUTING", "COMPLETED", "FAILED"]
    both = slow.ask(servers=[{"properties": OSLO}, {"properties": LARGE}], state="absent")
    assert len(both["requests"]) == 1
    several = slow.ask(properties={"Datacenter": ["rome", "bonn"]}, state="absent")
    assert len(several["requests"]) == 1
    assert "EXECUTING" not in statuses(slow)


@pytest.mark.parametrize("reply", ["empty", "json", "202", "204"])
def test_every_answer_to_a_delete(slow: Pool, reply: str) -> None:
    """The page: "This endpoint does not return a response body"; other answers are accepted."""
    slow.switch(delete_request_reply=reply)
    slow.request(OSLO)
    assert slow.ask(properties=OSLO, state="absent")["changed"] is True
    assert statuses(slow) == ["CANCELLED"]


def test_one_that_is_being_cancelled_is_waited_for(slow: Pool) -> None:
    """The page: CANCELLING."""
    slow.request(OSLO)
    slow.switch(cancel_seconds=0.5)
    first = slow.ask(properties=OSLO, state="absent", wait=False)
    assert (first["changed"], first["outcome"], first["request"]["status"]) == (True, "started", "EXECUTING")
    second = slow.ask(properties=OSLO, state="absent")
    assert (second["changed"], second["plan"], second["request"]["ended"]) == (False, [], "cancelled")
    assert second["request"]["history"][0]["state"] == "CANCELLING"
    assert len(slow.arrivals("DELETE")) == 1


def test_the_wait_for_a_cancellation_ends(slow: Pool) -> None:
    slow.request(OSLO)
    slow.switch(cancel_seconds=60)
    result = slow.ask(properties=OSLO, state="absent", wait_timeout=0.1)
    assert (result.code, result["changed"]) == ("wait_timeout", True)
    assert "CANCELLING" in result["msg"]


def test_fulfilled_in_the_meantime(slow: Pool) -> None:
    """COMPLETED wins the race: nothing was cancelled, and the servers are there."""
    slow.request(OSLO)
    slow.switch(cancel_result="COMPLETED")
    result = slow.ask(properties=OSLO, state="absent")
    assert result.code == "already_fulfilled"
    assert (result["changed"], result["outcome"]) == (False, "not_started")
    assert "server_pool_server" in result["error"]["hint"]
    assert slow.bound() == {"oslo1.example"}


def test_a_fulfilled_request_by_its_id(pool: Pool) -> None:
    ident = pool.ask(properties=OSLO)["request"]["id"]
    pool.mark()
    for check in (True, False):
        result = pool.ask(request_id=ident, state="absent", check=check)
        assert (result.code, result["changed"]) == ("already_fulfilled", False)
        assert result["requests"][0]["complete_date"] in result["msg"]
    assert pool.log(changing=True) == []


@pytest.mark.parametrize("status", [400, 409])
def test_a_refusal_because_it_had_ended(slow: Pool, status: int) -> None:
    slow.request(OSLO)
    ident = slow.requests()[0]["id"]
    slow.switch(delete_terminal_reply=status)
    slow.control.fault("ops_manager", "DELETE", DELETES, status=status, body='{"errorCode": "INVALID_REQUEST"}', applied=True)
    result = slow.ask(request_id=ident, state="absent")
    assert not result.failed, result["msg"]
    assert (result["changed"], result["request"]["ended"]) == (False, "cancelled")


@pytest.mark.parametrize("status", [400, 409])
def test_a_refusal_that_is_one(slow: Pool, status: int) -> None:
    slow.request(OSLO)
    slow.control.fault("ops_manager", "DELETE", DELETES, status=status, body='{"errorCode": "X", "detail": "not now"}')
    result = slow.ask(properties=OSLO, state="absent")
    assert (result["changed"], result["outcome"], result["error"]["status"]) == (False, "not_started", status)
    assert "not now" in result["msg"]


def test_an_id_that_nobody_knows_is_absent(slow: Pool) -> None:
    result = slow.ask(request_id="57e939ad87d9d63a1d2e4179", state="absent")
    assert (result.failed, result["changed"], result["requests"]) == (False, False, [])


@pytest.mark.parametrize("lost", [{"reset": "after"}, {"status": 500, "body": "", "applied": True}])
def test_a_lost_answer_is_read_back(slow: Pool, lost: dict) -> None:
    slow.request(OSLO)
    slow.control.fault("ops_manager", "DELETE", DELETES, **lost)
    result = slow.ask(properties=OSLO, state="absent")
    assert not result.failed, result["msg"]
    assert (result["changed"], result["request"]["reconciled"], result["outcome"]) == (True, True, "finished")
    assert len([entry for entry in slow.log() if entry["method"] == "DELETE"]) == 1


def test_a_cancellation_that_never_arrived_is_not_sent_again(slow: Pool) -> None:
    slow.request(OSLO)
    slow.control.fault("ops_manager", "DELETE", DELETES, reset="before")
    result = slow.ask(properties=OSLO, state="absent", reconcile_timeout=0.3)
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "The request was not repeated." in result["msg"]
    assert statuses(slow) == ["EXECUTING"]
    assert slow.ask(properties=OSLO, state="absent", reconcile_timeout=0.3)["changed"] is True


def test_the_role_that_it_needs(slow: Pool) -> None:
    """The page: DELETE needs the role Automation Admin."""
    slow.request(OSLO)
    result = slow.ask(properties=OSLO, state="absent", public_key="reader", private_key="r3ader-key")
    assert (result.code, result["outcome"], result["changed"]) == ("forbidden", "not_started", False)
    assert "Automation Admin" in result["msg"]


def test_many_are_cancelled_with_one_poll_at_a_time(slow: Pool) -> None:
    for _number in range(5):
        slow.request(OSLO)
    result = slow.ask(properties=OSLO, state="absent")
    assert [request["ended"] for request in result["requests"]] == ["cancelled"] * 5
    assert result["request"] is None
    assert len(slow.arrivals("DELETE")) == 5
    alone = {entry["path"] for entry in slow.log() if entry["method"] == "GET" and "/requests/" in entry["path"]}
    assert len(alone) <= 1  # the one that is the last to end
