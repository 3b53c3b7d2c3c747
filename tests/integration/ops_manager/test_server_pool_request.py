# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_pool_request with state present. "The page" is "Group Server Pool Requests" of the Ops Manager documentation."""

from __future__ import annotations

import json
import re

import pytest
from harness import OMIT
from pool_under_test import GROUP, LARGE, OSLO, ROME, Pool

POSTS = r"/serverPool/requests$"


def documents(pool: Pool) -> list[list[dict[str, str]]]:
    """The bodies of the requests that got through."""
    return [json.loads(entry["body"])["properties"] for entry in pool.arrivals()]


def names(result) -> list[str]:
    return [server["hostname"] for server in result["servers"]]


# -- asking, and asking again


def test_the_example_of_the_page_and_again(pool: Pool) -> None:
    """The page: POST /groups/GROUP-ID/serverPool/requests with only the properties array; 200; fields of the entity."""
    first = pool.ask(properties=OSLO)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    request = first["request"]
    assert re.fullmatch("[0-9a-f]{24}", request["id"])
    assert (request["status"], request["ended"], request["num_servers"]) == ("COMPLETED", "completed", 1)
    assert request["properties"] == [OSLO]
    assert request["group_id"] == first["group_id"] == GROUP
    assert request["expires"] > request["created"]
    assert request["complete_date"]
    assert request["cancel_date"] is None
    assert [seen["state"] for seen in request["history"]] == ["EXECUTING", "COMPLETED"]
    assert names(first) == ["oslo1.example"]
    assert first["servers"][0]["properties"] == {**OSLO, "Rack": "r1"}
    assert (first["servers"][0]["new"], first["certain"], first["surplus"]) == (True, True, [])
    assert [entry["body"] for entry in pool.arrivals()] == ['{"properties": [{"Datacenter": "oslo", "Size": "m"}]}']
    assert first["diff"] == {"before": {"Datacenter=oslo, Size=m": 0}, "after": {"Datacenter=oslo, Size=m": 1}}

    pool.mark()
    second = pool.ask(properties=OSLO)
    assert (second["changed"], second["outcome"], second["plan"], second["request"]) == (False, "none", [], None)
    assert names(second) == ["oslo1.example"]
    assert second["servers"][0]["new"] is False
    assert second["diff"]["before"] == second["diff"]["after"] == {"Datacenter=oslo, Size=m": 1}
    assert pool.log(changing=True) == []


def test_several_values_are_dealt_out_in_turn(pool: Pool) -> None:
    """The page: several values for a property whose multiSelect is on; one document a server."""
    result = pool.ask(properties={"Datacenter": ["oslo", "rome"], "Size": "m"}, count=3)
    assert documents(pool) == [[OSLO, ROME, OSLO]]
    assert result["request"]["num_servers"] == 3
    assert names(result) == ["oslo1.example", "oslo2.example", "rome1.example"]
    assert pool.ask(properties={"Datacenter": ["oslo", "rome"], "Size": "m"}, count=3)["changed"] is False


def test_only_the_shortfall_is_asked_for(pool: Pool) -> None:
    pool.ask(properties=OSLO, count=2)
    pool.mark()
    result = pool.ask(servers=[{"properties": OSLO, "count": 3}, {"properties": LARGE}])
    assert documents(pool) == [[OSLO, LARGE]]
    assert names(result) == ["large1.example", "oslo1.example", "oslo2.example", "oslo3.example"]
    assert [server["new"] for server in result["servers"]] == [True, False, False, True]
    assert result["certain"] is True
    assert result["plan"][0]["why"] == "4 desired, 2 held, 0 on the way"


def test_more_than_wanted_is_told_and_kept(pool: Pool) -> None:
    pool.ask(properties=OSLO, count=3)
    result = pool.ask(properties=OSLO, count=1)
    assert result["changed"] is False
    assert names(result) == ["oslo1.example"]
    assert result["surplus"] == ["oslo2.example", "oslo3.example"]
    assert pool.bound() == {"oslo1.example", "oslo2.example", "oslo3.example"}


def test_servers_given_back_are_asked_for_anew_although_their_request_is_completed(pool: Pool) -> None:
    pool.ask(properties=OSLO)
    pool.run("server_pool_server", hostnames=["oslo1.example"], state="absent")
    assert [request["statusName"] for request in pool.requests()] == ["COMPLETED"]
    again = pool.ask(properties=OSLO)
    assert again["changed"] is True
    assert len(pool.bound()) == 1


def test_satisfied_by_requests_counts_history(pool: Pool) -> None:
    pool.ask(properties=OSLO)
    pool.run("server_pool_server", hostnames=["oslo1.example"], state="absent")
    assert pool.ask(properties=OSLO, satisfied_by="requests")["changed"] is False
    more = pool.ask(properties=OSLO, count=2, satisfied_by="requests")
    assert more["changed"] is True
    assert more["request"]["num_servers"] == 1


def test_satisfied_by_requests_needs_no_list_of_servers(pool: Pool) -> None:
    body = json.dumps({"error": 401, "errorCode": "USER_UNAUTHORIZED", "detail": "no", "reason": "Unauthorized", "parameters": []})
    pool.control.fault("ops_manager", "GET", "/serverPool/servers", times=-1, status=401, body=body)
    result = pool.ask(properties=OSLO, satisfied_by="requests")
    assert (result["changed"], result["servers"], result["certain"]) == (True, [], False)
    assert pool.ask(properties=OSLO).code == "forbidden"


# -- check mode


def test_check_mode_sends_nothing_and_predicts_the_request(pool: Pool) -> None:
    desired = {"servers": [{"properties": {"Datacenter": ["oslo", "rome"], "Size": "m"}, "count": 3}, {"properties": LARGE}]}
    predicted = pool.ask(**desired, check=True)
    assert predicted["changed"] is True
    assert pool.log(changing=True) == []
    real = pool.ask(**desired)
    assert predicted["plan"] == real["plan"]
    assert predicted["diff"] == real["diff"]
    sent = [(e["method"], e["path"], json.loads(e["body"])) for e in pool.log(changing=True)]
    assert sent == [(step["method"], step["path"], step["body"]) for step in predicted["plan"]]
    after = pool.ask(**desired, check=True)
    assert (after["changed"], after["plan"]) == (False, [])


# -- joining what others asked for


def test_an_executing_request_is_waited_for_not_repeated(pool: Pool) -> None:
    pool.switch(allocation_seconds=2)  # it is still coming when the task reads, also on a busy machine
    pool.request(OSLO, OSLO)
    result = pool.ask(properties=OSLO, count=2)
    assert (result["changed"], result["outcome"], result["plan"]) == (False, "none", [])
    assert [one["own"] for one in result["requests"]] == [False]
    assert names(result) == ["oslo1.example", "oslo2.example"]
    assert (result["certain"], [server["new"] for server in result["servers"]]) == (True, [True, True])
    assert pool.arrivals() == []


def test_half_is_coming_the_other_half_is_asked_for(pool: Pool) -> None:
    pool.switch(allocation_seconds=1)  # it is still coming when the task reads
    pool.request(OSLO, LARGE)
    result = pool.ask(properties=OSLO, count=3)
    assert documents(pool) == [[OSLO, OSLO]]
    assert len(result["requests"]) == 2
    assert len(names(result)) == 3


@pytest.mark.parametrize("status", ["CANCELLED", "FAILED"])
def test_requests_that_ended_badly_bring_nothing(pool: Pool, status: str) -> None:
    pool.request(OSLO, statusName=status)
    assert pool.ask(properties=OSLO)["changed"] is True


def test_a_request_past_its_expiry_is_not_counted(pool: Pool) -> None:
    """The server has yet to cancel it (allocation held back here); no server comes of it any more."""
    pool.switch(allocation_seconds=3600)
    pool.control.clock("manual")
    pool.request(OSLO)
    path = "/serverPool/requests"
    own = pool.run("server_pool_request_info")["requests"][0]
    stale = {"id": own["id"], "statusName": "EXECUTING", "created": "2026-01-01T00:00:00Z", "expires": "2026-01-01T02:00:00Z",
             "groupId": GROUP, "properties": [OSLO], "links": []}  # fmt: skip
    pool.control.fault("ops_manager", "GET", path, times=-1, body=json.dumps({"results": [stale], "totalCount": 1, "links": []}))
    assert pool.ask(properties=OSLO, check=True)["changed"] is True


def test_a_request_being_cancelled_is_waited_for_first(pool: Pool) -> None:
    """It may still be fulfilled; planned on too early, one server too many would come."""
    pool.switch(cancel_seconds=0.3, allocation_seconds=0.6, cancel_result="COMPLETED")
    pool.request(OSLO)
    pool.run("server_pool_request", properties=OSLO, state="absent", wait=False)
    assert pool.requests()[0]["statusName"] == "CANCELLING"
    result = pool.ask(properties=OSLO, reconcile_timeout=5)
    assert (result["changed"], names(result)) == (False, ["oslo1.example"])


def test_a_request_that_stays_cancelling_is_said_to_be_busy(pool: Pool) -> None:
    pool.switch(cancel_seconds=60, allocation_seconds=60)
    pool.request(OSLO)
    pool.run("server_pool_request", properties=OSLO, state="absent", wait=False)
    result = pool.ask(properties=OSLO, reconcile_timeout=0.2)
    assert result.code == "busy"
    assert "Nothing was changed." in result["msg"]
    assert pool.arrivals() == []


# -- how a request ends (the page: five statuses)


def test_expired_is_told_from_cancelled(pool: Pool) -> None:
    """The page has no status for a lapse: cancelDate at or after expires tells."""
    pool.switch(request_timeout=0.4)
    result = pool.ask(properties=LARGE, count=3)
    assert result.code == "request_expired"
    assert result["changed"] is True
    assert result["outcome"] == "finished"
    assert (result["request"]["status"], result["request"]["ended"]) == ("CANCELLED", "expired")
    assert result["request"]["expires"] in result["msg"]
    assert f"the request {result['request']['id']} lapsed" in result["msg"]
    assert "was accepted" not in result["msg"]  # beside how it ended
    assert result["servers"] == []


def test_cancelled_by_somebody_else(pool: Pool) -> None:
    pool.switch(allocation_seconds=60)
    with pool.meanwhile(lambda: bool(pool.requests()), lambda: pool.cancel(pool.requests()[0]["id"])):
        result = pool.ask(properties=OSLO)
    assert result.code == "request_cancelled"
    assert (result["changed"], result["outcome"]) == (True, "finished")
    assert result["request"]["ended"] == "cancelled"
    assert result["request"]["cancel_date"] in result["msg"]
    again = pool.ask(request_id=result["request"]["id"])
    assert (again.code, again["changed"]) == ("request_cancelled", False)


def test_failed(pool: Pool) -> None:
    """The page: FAILED; the entity has no field for the reason."""
    pool.switch(fail_next_requests=1)
    result = pool.ask(properties=OSLO)
    assert result.code == "request_failed"
    assert "was accepted" not in result["msg"]  # beside how it ended
    assert (result["changed"], result["request"]["status"]) == (True, "FAILED")
    assert pool.ask(properties=OSLO)["changed"] is True


def test_the_wait_ends_and_the_next_run_joins(pool: Pool) -> None:
    pool.switch(allocation_seconds=1.5)
    result = pool.ask(properties=OSLO, wait_timeout=0.2)
    assert result.code == "wait_timeout"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert f"The request was accepted ({result['request']['id']})." in result["msg"]
    assert result["request"]["expires"] in result["msg"]
    joined = pool.ask(properties=OSLO)
    assert (joined["changed"], names(joined)) == (False, ["oslo1.example"])
    assert len(pool.arrivals()) == 1


def test_without_waiting(pool: Pool) -> None:
    result = pool.ask(properties=OSLO, wait=False)
    assert (result["changed"], result["outcome"], result["request"]["status"]) == (True, "started", "EXECUTING")
    assert (result["servers"], result["certain"]) == ([], False)
    assert pool.ask(properties=OSLO, wait=False)["changed"] is False


def test_a_request_by_its_id_is_followed(pool: Pool) -> None:
    pool.request(OSLO)
    ident = pool.requests()[0]["id"]
    result = pool.ask(request_id=ident)
    assert (result["changed"], result["requests"][0]["ended"], names(result)) == (False, "completed", ["oslo1.example"])
    assert pool.ask(request_id=ident)["changed"] is False
    unknown = pool.ask(request_id="57e939ad87d9d63a1d2e4179")
    assert unknown.code == "request_not_found"


def test_a_status_that_nobody_knows_is_no_end(pool: Pool) -> None:
    pool.control.fault("ops_manager", "GET", r"/serverPool/requests/\w+$", times=3, body=json.dumps(
        {"id": "5a9d0a531d41c81a2b3c4d5e", "statusName": "PONDERING", "properties": [OSLO]}))  # fmt: skip
    pool.control.fault("ops_manager", "POST", POSTS, body=json.dumps(
        {"id": "5a9d0a531d41c81a2b3c4d5e", "statusName": "PONDERING", "properties": [OSLO]}))  # fmt: skip
    result = pool.ask(properties=OSLO, wait_timeout=0.1, poll_interval=0.05)
    assert result.code == "wait_timeout"
    assert "PONDERING" in result["msg"]


def test_an_entry_that_vanishes_while_its_servers_are_there(pool: Pool) -> None:
    pool.control.fault("ops_manager", "GET", r"/serverPool/requests/\w+$", nth=2, times=-1, status=404, body="{}")
    result = pool.ask(properties=OSLO)
    assert (result.failed, names(result)) == (False, ["oslo1.example"])


def test_an_entry_that_vanishes_without_its_servers(pool: Pool) -> None:
    pool.switch(allocation_seconds=3600)
    pool.control.fault("ops_manager", "GET", r"/serverPool/requests/\w+$", nth=2, times=-1, status=404, body="{}")
    result = pool.ask(properties=OSLO)
    assert result.code == "job_lost"
    assert result["changed"] is True
    assert "It is not known whether" in result["msg"]


def test_fulfilled_but_the_servers_are_not_there(pool: Pool) -> None:
    """The end is judged by the servers, not by the word of the request."""
    pool.control.fault("ops_manager", "GET", "/serverPool/servers", nth=2, times=-1, body='{"results": [], "totalCount": 0, "links": []}')
    result = pool.ask(properties=OSLO, reconcile_timeout=0.1)
    assert result.code == "effect_missing"
    assert (result["changed"], result["outcome"]) == (True, "finished")


# -- an answer that is lost


@pytest.mark.parametrize(
    "lost",
    [
        {"reset": "after"},
        {"reset": "after", "fin": True},
        {"truncate": 20},
        {"status": 500, "body": "<html>", "applied": True},
        {"status": 502, "body": "<html>bad gateway</html>", "applied": True},
        {"status": 200, "body": "", "applied": True},
        {"status": 200, "body": "[]", "applied": True},
        {"status": 200, "body": "<html>login</html>", "applied": True},
        {"delay_after": 1.0},
    ],
)
def test_a_lost_answer_is_found_by_what_is_new(pool: Pool, lost: dict) -> None:
    pool.ask(properties=OSLO)
    pool.mark()
    pool.control.fault("ops_manager", "POST", POSTS, **lost)
    result = pool.ask(properties=OSLO, count=2, timeout=0.5)
    assert not result.failed, result["msg"]
    assert (result["changed"], result["request"]["reconciled"], result["outcome"]) == (True, True, "finished")
    assert len(names(result)) == 2
    assert len(pool.requests()) == 2
    assert len([entry for entry in pool.log() if entry["method"] == "POST"]) == 1


@pytest.mark.parametrize("lost", [{"reset": "before"}, {"status": 500, "body": "{}"}, {"status": 503, "body": "later"}])
def test_a_request_that_never_arrived_is_not_sent_again(pool: Pool, lost: dict) -> None:
    pool.control.fault("ops_manager", "POST", POSTS, **lost)
    result = pool.ask(properties=OSLO, reconcile_timeout=0.3)
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "It is not known whether the request was accepted." in result["msg"]
    assert "The request was not repeated." in result["msg"]
    assert pool.requests() == []
    assert len([entry for entry in pool.log() if entry["method"] == "POST"]) == 1
    # Looked at again after the settle time, nothing is there: it is asked for.
    assert pool.ask(properties=OSLO, reconcile_timeout=0.3)["changed"] is True
    assert len(pool.requests()) == 1


def test_several_new_requests_for_the_same_are_left_to_a_person(pool: Pool) -> None:
    """Between our reading and our POST somebody else asks for the same, and our answer is lost."""
    pool.switch(allocation_seconds=60)
    pool.control.fault("ops_manager", "POST", POSTS, delay=0.5, reset="after")

    def read() -> bool:
        return any("/serverPool/servers" in entry["path"] for entry in pool.log())

    with pool.meanwhile(read, lambda: pool.request(OSLO)):
        result = pool.ask(properties=OSLO, reconcile_timeout=0.5)
    assert result.code == "ambiguous_match"
    assert result["outcome"] == "unknown"
    assert sorted(result["error"]["request_ids"]) == sorted(request["id"] for request in pool.requests())


def test_a_refusal_is_a_refusal(pool: Pool) -> None:
    """The page: POST needs the role Automation Admin."""
    result = pool.ask(properties=OSLO, public_key="reader", private_key="r3ader-key")
    assert result.code == "forbidden"
    assert (result["changed"], result["outcome"]) == (False, "not_started")
    assert "The server refused the request; nothing was started." in result["msg"]
    assert "Automation Admin" in result["error"]["hint"]
    assert result["error"]["error_code"] == "USER_UNAUTHORIZED"
    assert pool.requests() == []


def test_a_limit_on_requests_is_waited_out(pool: Pool) -> None:
    pool.control.fault("ops_manager", "POST", POSTS, status=429, headers={"retry-after": "0"}, body='{"errorCode": "RATE_LIMITED"}')
    assert pool.ask(properties=OSLO)["changed"] is True
    assert len(pool.requests()) == 1


# -- whose servers they are


def test_attribution_is_uncertain_when_another_request_was_fulfilled_meanwhile(pool: Pool) -> None:
    pool.switch(allocation_seconds=0.4)

    def posted() -> bool:
        return bool(pool.requests())

    with pool.meanwhile(posted, lambda: pool.request(OSLO)):
        result = pool.ask(properties=OSLO, poll_interval=0.6)
    assert not result.failed
    assert result["certain"] is False


# -- what can be seen to be wrong before anything is sent


@pytest.mark.parametrize(
    "properties, code, told",
    [
        ({"Datacenter": "paris", "Size": "m"}, "value_unknown", "There is: oslo, rome."),
        ({"Datacenter": "bonn", "Size": "m"}, "value_unavailable", "cannot be asked for"),
        ({"Site": "oslo", "Size": "m"}, "property_unknown", "There is: Datacenter, Size."),
        ({"Datacenter": "oslo", "Size": ["m", "l"]}, "property_multiple", "multiSelect"),
        ({"Datacenter": "oslo"}, "property_missing", "Missing: Size."),
        ({"Datacenter": "oslo", "Size": 16}, "value_unknown", "the value 16 of Size"),
        ({"Datacenter": "Oslo", "Size": "m"}, "value_unknown", "oslo"),
    ],
)
def test_what_the_pool_does_not_offer_is_refused_before_anything_is_sent(pool: Pool, properties, code: str, told: str) -> None:
    result = pool.ask(properties=properties, count=2)
    assert result.code == code
    assert told in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert (result["changed"], pool.log(changing=True)) == (False, [])


@pytest.mark.parametrize("shown, code", [("shown", "property_unavailable"), ("hidden", "property_unknown")])
def test_a_property_that_is_not_exposed(pool: Pool, shown: str, code: str) -> None:
    pool.switch(unexposed_properties=shown)
    assert pool.ask(properties={**OSLO, "Rack": "r1"}).code == code
    assert pool.ask(properties=OSLO, check=True)["changed"] is True


@pytest.mark.parametrize(
    "params, code",
    [
        ({"properties": {}}, "config_empty"),
        ({"servers": []}, "config_empty"),
        ({"properties": {"Size": []}}, "config_empty"),
        ({"properties": {"Size": True}}, "property_type"),
        ({"properties": {"Size": 1.5}}, "property_type"),
        ({"properties": {"Size": None}}, "property_type"),
        ({"properties": {"Size": {"a": 1}}}, "property_type"),
        ({"properties": {"Size": ""}}, "property_type"),
        ({"properties": {"Size": "a\x1b[2J"}}, "property_type"),
        ({"properties": OSLO, "count": 0}, "config_number"),
        ({"properties": OSLO, "count": -1}, "config_number"),
        ({"properties": OSLO, "count": 10_001}, "config_number"),
        ({"servers": [{"properties": OSLO, "count": 0}]}, "config_number"),
        ({"request_id": ".."}, "config_id"),
        ({"request_id": "a\nb"}, "config_id"),
        ({"properties": OSLO, "group_name": OMIT, "group_id": "."}, "config_id"),
        ({"properties": OSLO, "endpoint": "http://127.0.0.1"}, "config_host"),
        ({"properties": OSLO, "endpoint": "https://user:pw@127.0.0.1"}, "config_host"),
        ({"properties": OSLO, "private_key": " padded"}, "config_secret_whitespace"),
        ({"properties": OSLO, "private_key": OMIT}, "config_credentials"),
        ({"properties": OSLO, "public_key": OMIT}, "config_credentials"),
    ],
)
def test_mistakes_in_the_options_cost_no_request(pool: Pool, params: dict, code: str) -> None:
    result = pool.ask(**params)
    assert result.code == code, result
    assert pool.log() == []


@pytest.mark.parametrize(
    "params", [{}, {"properties": OSLO, "servers": [{"properties": OSLO}]}, {"properties": OSLO, "request_id": "1"},
               {"properties": OSLO, "group_id": GROUP}, {"properties": OSLO, "group_name": OMIT}]
)  # fmt: skip
def test_two_forms_at_once_or_none(pool: Pool, params: dict) -> None:
    assert pool.ask(**params).failed
    assert pool.log() == []


@pytest.mark.parametrize("reply", ["forbidden", "read_only", "not_found"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_pool_that_is_not_enabled(pool: Pool, reply: str, state: str) -> None:
    pool.control.seed(ops_manager={"pool": {"enabled": False}})
    pool.switch(disabled_pool_reply=reply)
    result = pool.ask(properties=OSLO, state=state)
    assert result.code == "pool_disabled"
    assert "administrator" in result["msg"]


def test_who_may_not_and_which_group_is_not(pool: Pool) -> None:
    stranger = pool.ask(properties=OSLO, public_key="stranger", private_key="str4nger-key")
    assert (stranger.code, stranger["error"]["error_code"]) == ("forbidden", "NOT_IN_GROUP")
    assert pool.ask(properties=OSLO, group_name="nobodys").code == "group_not_found"
    assert pool.ask(properties=OSLO, group_name=OMIT, group_id="5a9d0a0a1d41c81a2b3c4dff").code == "group_not_found"
    assert pool.ask(properties=OSLO, group_name=OMIT, group_id="short").code == "group_not_found"
    pool.control.seed(ops_manager={"groups": [{"name": "payments"}]})
    assert pool.ask(properties=OSLO).code == "group_ambiguous"


@pytest.mark.parametrize("code, found", [("IP_ADDRESS_NOT_ON_ACCESS_LIST", "forbidden"), ("IP_ADDRESS_NOT_ON_WHITELIST", "forbidden"),
                                         ("401", "auth_failed")])  # fmt: skip
def test_an_address_that_is_not_on_the_access_list(pool: Pool, code: str, found: str) -> None:
    pool.switch(access_list_required=True, access_list_code=code)
    result = pool.ask(properties=OSLO)
    assert result.code == found
    assert "access list" in result["msg"]


@pytest.mark.parametrize("ending", ["", "/", "/api", "/api/public/v1.0", "/api/public/v1.0/"])
def test_the_endpoint_with_and_without_the_path_of_the_api(pool: Pool, ending: str) -> None:
    endpoint = pool.harness.connection("ops_manager")["endpoint"] + ending
    assert pool.ask(properties=OSLO, endpoint=endpoint, check=True)["changed"] is True


def test_the_budget_of_requests(pool: Pool) -> None:
    """One challenge; one connection for reads, one for the POST."""
    pool.ask(properties=OSLO)
    log = pool.log()
    assert pool.challenges() == 1
    assert len({entry["connection"] for entry in log}) == 2
    polls = [entry for entry in log if re.search(r"/requests/\w+$", entry["path"])]
    # challenge, group, root, properties, requests, servers, the pool's free ones, POST; servers, requests
    assert len(log) - len(polls) == 10


# -- the pool has too few, or the group more than is asked for


OWNER = {"public_key": "owner", "private_key": "0wner-key"}  # may list the whole pool


@pytest.mark.parametrize("check", [True, False])
def test_a_pool_that_cannot_give_is_told_before_anything_is_ordered(pool: Pool, check: bool) -> None:
    result = pool.ask(properties=LARGE, count=9, check=check, **OWNER)
    assert result.code == "pool_short"
    assert "9 servers are missing, and the pool has only 2 free ones" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert pool.log(changing=True) == []


def test_what_there_is_can_be_ordered(pool: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    first = pool.ask(properties=LARGE, count=9, on_shortage="partial", **OWNER)
    assert not first.failed, first
    assert (first["changed"], len(first["servers"]), first["short"]) == (True, 2, 7)
    assert "no free servers for 7 of the 9" in str(first.get("warnings")) + capfd.readouterr().err
    again = pool.ask(properties=LARGE, count=9, on_shortage="partial", **OWNER)
    assert (again.failed, again["changed"], again["short"]) == (False, False, 7)


def test_all_can_be_ordered_and_waited_for(pool: Pool) -> None:
    pool.switch(request_timeout=0.4)
    result = pool.ask(properties=LARGE, count=9, on_shortage="wait", **OWNER)
    assert result.code == "request_expired"


def test_a_key_that_may_not_list_the_pool_orders(pool: Pool) -> None:
    assert not pool.ask(properties=LARGE, count=2).failed


def test_a_surplus_is_told(pool: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    pool.ask(properties=OSLO, count=3)
    result = pool.ask(properties=OSLO, count=1)
    assert (result["changed"], len(result["servers"]), len(result["surplus"])) == (False, 1, 2)
    assert "2 more of these servers than the 1" in str(result.get("warnings")) + capfd.readouterr().err
