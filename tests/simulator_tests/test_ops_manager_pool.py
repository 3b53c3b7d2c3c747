# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated server pool: requests, servers, properties, roles, lists and the switches of what is not documented."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import requests
from requests.auth import HTTPDigestAuth

from simulator.client import Control

GROUP, OTHER = "5a9d0a0a1d41c81a2b3c4d01", "5a9d0a0a1d41c81a2b3c4d02"
BASE = "/api/public/v1.0"
OWN = f"{BASE}/groups/{GROUP}/serverPool"
SEED: dict[str, Any] = {
    "groups": [{"id": GROUP, "name": "shop"}, {"id": OTHER, "name": "other"}],
    "keys": [
        {"public_key": "admin", "private_key": "p", "group_roles": {"shop": ["GROUP_AUTOMATION_ADMIN"]}},
        {"public_key": "reader", "private_key": "p", "group_roles": {"shop": ["GROUP_READ_ONLY"]}},
        {"public_key": "global_reader", "private_key": "p", "global_roles": ["GLOBAL_READ_ONLY"]},
        {"public_key": "owner", "private_key": "p", "global_roles": ["GLOBAL_OWNER"]},
        {"public_key": "far", "private_key": "p", "group_roles": {"shop": ["GROUP_OWNER"]},
         "access_list": ["192.0.2.0/24"]},
    ],
    "properties": [
        {"id": "Datacenter", "description": "Site", "multiSelect": True,
         "values": [{"value": "rome", "description": "Italy", "statusName": "UNAVAILABLE"}]},
        {"id": "Rack", "statusName": "UNAVAILABLE"},
    ],
    "servers": [
        {"hostname": "oslo{n}", "count": 3, "properties": {"Datacenter": "oslo", "Size": "m", "Rack": "r1"}},
        {"hostname": "bergen{n}", "count": 1, "properties": {"Datacenter": "bergen", "Size": "m", "Rack": "r2"}},
    ],
}
OSLO, BERGEN = {"Datacenter": "oslo", "Size": "m"}, {"Datacenter": "bergen", "Size": "m"}


class Api:
    """Calls by key; `call` returns the response, `json` its body after the status was checked."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.root = control.ready["ops_manager"]
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = control.ready["ca"]
        self.auth = {key["public_key"]: HTTPDigestAuth(key["public_key"], key["private_key"]) for key in SEED["keys"]}

    def call(self, method: str, path: str, key: str = "admin", **options: Any) -> requests.Response:
        return self.session.request(method, self.root + path, auth=self.auth[key], timeout=10, **options)

    def json(self, method: str, path: str, status: int = 200, key: str = "admin", **options: Any) -> Any:
        reply = self.call(method, path, key, **options)
        assert reply.status_code == status, reply.text
        return reply.json()

    def post(self, *documents: dict[str, Any], status: int = 200) -> Any:
        return self.json("POST", f"{OWN}/requests", status, json={"properties": list(documents)})

    def error(self, method: str, path: str, status: int, key: str = "admin", **options: Any) -> str:
        """The errorCode of an answer with the five-field body."""
        body = self.json(method, path, status, key, **options)
        assert set(body) == {"detail", "error", "errorCode", "parameters", "reason"}
        assert body["error"] == status
        code: str = body["errorCode"]
        return code

    def bound(self) -> set[str]:
        return {server["hostname"] for server in self.json("GET", f"{OWN}/servers")["results"]}


@pytest.fixture
def api(control: Control) -> Iterator[Api]:
    control.clock("manual")
    control.seed(ops_manager=SEED)
    api = Api(control)
    yield api
    api.session.close()


def seconds_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


# -- requests


def test_a_request_executes_then_completes(api: Api) -> None:
    """Page "Group Server Pool Requests": the sample reply and the entity's fields."""
    request = api.post(OSLO, OSLO)
    assert list(request) == ["created", "expires", "groupId", "id", "links", "numServers", "properties", "statusName"]
    assert request["statusName"] == "EXECUTING"
    assert request["properties"] == [OSLO, OSLO]
    assert request["groupId"] == GROUP
    assert request["numServers"] == 2
    assert seconds_between(request["created"], request["expires"]) == 7200
    assert datetime.fromisoformat(request["created"]).timestamp() == int(request["id"][:8], 16)
    assert [link["rel"].rpartition("/")[2] for link in request["links"]] == [
        "self", "serverPool", "serverPoolRequests", "group"]
    assert api.bound() == set()
    api.control.clock(advance=0.3)
    done = api.json("GET", f"{OWN}/requests/{request['id']}")
    assert done["statusName"] == "COMPLETED"
    assert "completeDate" in done
    assert "cancelDate" not in done
    assert api.bound() == {"oslo1", "oslo2"}


def test_no_delay_completes_in_the_post(api: Api) -> None:
    api.control.switches("ops_manager", allocation_seconds=0, post_status=201, num_servers_shown=False)
    request = api.post(BERGEN, status=201)
    assert request["statusName"] == "COMPLETED"
    assert "numServers" not in request


def test_a_request_that_cannot_be_met_reserves_and_lapses(api: Api) -> None:
    request = api.post(BERGEN, BERGEN)
    api.control.clock(advance=7199)
    assert api.json("GET", f"{OWN}/requests/{request['id']}")["statusName"] == "EXECUTING"
    assert [server["statusName"] for server in api.control.state("ops_manager")["servers"]].count("RESERVED") == 1
    assert api.bound() == set()
    api.control.switches("ops_manager", partly_bound_servers_shown=True)
    assert api.bound() == {"bergen1"}
    api.control.clock(advance=2)
    lapsed = api.json("GET", f"{OWN}/requests/{request['id']}")
    assert lapsed["statusName"] == "CANCELLED"
    assert lapsed["cancelDate"] == lapsed["expires"]
    assert {server["statusName"] for server in api.control.state("ops_manager")["servers"]} == {"AVAILABLE"}


def test_new_servers_serve_the_waiting_request(api: Api) -> None:
    request = api.post(BERGEN, BERGEN)
    api.control.clock(advance=60)
    api.json("GET", f"{OWN}/requests/{request['id']}")
    api.control.seed(ops_manager={"servers": [{"hostname": "bergen9", "properties": {**BERGEN, "Rack": "r3"}}]})
    assert api.json("GET", f"{OWN}/requests/{request['id']}")["statusName"] == "COMPLETED"
    assert api.bound() == {"bergen1", "bergen9"}


@pytest.mark.parametrize(("switch", "status", "text"), [
    ("empty", 200, ""), ("json", 200, "{}"), ("202", 202, ""), ("204", 204, "")])
def test_cancel(api: Api, switch: str, status: int, text: str) -> None:
    api.control.switches("ops_manager", delete_request_reply=switch)
    request = api.post(BERGEN, BERGEN)
    reply = api.call("DELETE", f"{OWN}/requests/{request['id']}")
    assert (reply.status_code, reply.text) == (status, text)
    assert api.json("GET", f"{OWN}/requests/{request['id']}")["statusName"] == "CANCELLING"
    api.control.clock(advance=1)
    cancelled = api.json("GET", f"{OWN}/requests/{request['id']}")
    assert cancelled["statusName"] == "CANCELLED"
    assert cancelled["cancelDate"] < cancelled["expires"]
    assert api.control.state("ops_manager")["counts"]["requests_cancelled"] == 1


def test_cancel_can_lose_the_race(api: Api) -> None:
    api.control.switches("ops_manager", cancel_result="COMPLETED")
    request = api.post(BERGEN)
    api.call("DELETE", f"{OWN}/requests/{request['id']}")
    api.control.clock(advance=1)
    assert api.json("GET", f"{OWN}/requests/{request['id']}")["statusName"] == "COMPLETED"


def test_deleting_an_ended_request(api: Api) -> None:
    api.control.switches("ops_manager", allocation_seconds=0)
    request = api.post(BERGEN)
    assert api.call("DELETE", f"{OWN}/requests/{request['id']}").status_code == 200
    assert api.json("GET", f"{OWN}/requests/{request['id']}")["statusName"] == "COMPLETED"
    api.control.switches("ops_manager", delete_terminal_reply=409)
    api.error("DELETE", f"{OWN}/requests/{request['id']}", 409)


def test_a_request_can_fail(api: Api) -> None:
    api.control.switches("ops_manager", fail_next_requests=1)
    first, second = api.post(OSLO), api.post(OSLO)
    api.control.clock(advance=1)
    assert api.json("GET", f"{OWN}/requests/{first['id']}")["statusName"] == "FAILED"
    assert api.json("GET", f"{OWN}/requests/{second['id']}")["statusName"] == "COMPLETED"
    third = api.post(OSLO)
    api.control.action("ops_manager", "fail", request=third["id"])
    assert api.json("GET", f"{OWN}/requests/{third['id']}")["statusName"] == "FAILED"


@pytest.mark.parametrize(("body", "code"), [
    ({"properties": [OSLO], "numServers": 1}, "INVALID_ATTRIBUTE"),
    ({}, "MISSING_ATTRIBUTE"),
    ({"properties": OSLO}, "MISSING_OR_INVALID_ATTRIBUTE"),
    ({"properties": []}, "MISSING_OR_INVALID_ATTRIBUTE"),
    ({"properties": [{"Colour": "red"}]}, "INVALID_ATTRIBUTE"),
    ({"properties": [{**OSLO, "Rack": "r1"}]}, "INVALID_ATTRIBUTE"),
    ({"properties": [{**OSLO, "Datacenter": "rome"}]}, "INVALID_ENUM_VALUE"),
    ({"properties": [{**OSLO, "Datacenter": ["oslo"]}]}, "INVALID_JSON_ATTRIBUTE"),
    ({"properties": [{**OSLO, "Size": 16}]}, "INVALID_JSON_ATTRIBUTE"),
    ({"properties": [{"Datacenter": "oslo"}]}, "MISSING_ATTRIBUTE"),
    ([], "INVALID_JSON"),
])
def test_bad_bodies(api: Api, body: Any, code: str) -> None:
    assert api.error("POST", f"{OWN}/requests", 400, json=body) == code
    counts = api.control.state("ops_manager")["counts"]
    assert counts["post_arrivals"] == 1
    assert counts["requests_created"] == 0


def test_body_must_be_json(api: Api) -> None:
    half = {"data": "{", "headers": {"Content-Type": "application/json"}}
    assert api.error("POST", f"{OWN}/requests", 400, **half) == "INVALID_JSON"
    api.error("POST", f"{OWN}/requests", 415, data="{}", headers={"Content-Type": "text/plain"})


def test_lists_of_values_are_dealt_out_round_robin(api: Api) -> None:
    api.control.switches("ops_manager", list_values=True, allocation_seconds=0)
    both = {**OSLO, "Datacenter": ["oslo", "bergen"]}
    assert api.post(both, both, both)["statusName"] == "COMPLETED"
    assert api.bound() == {"oslo1", "bergen1", "oslo2"}
    single = {"properties": [{**OSLO, "Size": ["m"]}]}
    assert api.error("POST", f"{OWN}/requests", 400, json=single) == "INVALID_JSON_ATTRIBUTE"


# -- lists


def test_paging(api: Api) -> None:
    past = [{"group": "shop", "properties": [OSLO], "statusName": "COMPLETED", "created": 1.5e9 + n}
            for n in range(130)]
    api.control.seed(ops_manager={"requests": past})
    first = api.json("GET", f"{OWN}/requests?itemsPerPage=500")
    assert (len(first["results"]), first["totalCount"]) == (100, 130)
    assert [link["rel"] for link in first["links"]] == ["self", "next"]
    assert all([link["rel"] for link in entity["links"]] == ["self"] for entity in first["results"])
    second = api.json("GET", f"{OWN}/requests?pageNum=2&includeCount=false")
    assert len(second["results"]) == 30
    assert "totalCount" not in second
    assert api.json("GET", f"{OWN}/requests?pageNum=3")["results"] == []
    api.control.switches("ops_manager", page_cap=500, list_order="newest")
    newest = api.json("GET", f"{OWN}/requests?itemsPerPage=500")["results"]
    assert len(newest) == 130
    assert newest[0]["created"] > newest[-1]["created"]
    assert api.error("GET", f"{OWN}/requests?pageNum=0", 400) == "INVALID_QUERY_PARAMETER"
    api.control.switches("ops_manager", page_over_cap="error")
    assert api.error("GET", f"{OWN}/requests?itemsPerPage=501", 400) == "INVALID_QUERY_PARAMETER"


def test_envelope_and_pretty(api: Api) -> None:
    wrapped = api.json("GET", f"{OWN}/requests/{'0' * 24}?envelope=true")
    assert wrapped["status"] == 404
    assert wrapped["content"]["errorCode"] == "RESOURCE_NOT_FOUND"
    assert api.json("GET", f"{OWN}/requests?envelope=true")["status"] == 200
    assert "\n" in api.call("GET", f"{OWN}?pretty=true").text


def test_status_filter(api: Api) -> None:
    api.post(OSLO)
    wide = f"{BASE}/serverPool/requests?status="
    assert api.json("GET", f"{wide}EXECUTING", key="owner")["totalCount"] == 1
    assert api.json("GET", f"{wide}FAILED", key="owner")["totalCount"] == 0
    assert api.error("GET", f"{wide}EXPIRED", 400, key="owner") == "INVALID_ENUM_VALUE"
    assert api.json("GET", f"{OWN}/requests?status=FAILED")["totalCount"] == 1
    api.control.switches("ops_manager", group_status_filter=True)
    assert api.json("GET", f"{OWN}/requests?status=FAILED")["totalCount"] == 0


# -- servers


def test_terminate_cleans_and_recycles(api: Api) -> None:
    api.control.switches("ops_manager", allocation_seconds=0, clean_seconds=10, recycle_seconds=10)
    api.post(BERGEN)
    server = api.json("GET", f"{OWN}/servers/byName/bergen1")
    assert server["boundGroupId"] == GROUP
    assert server["properties"] == {**BERGEN, "Rack": "r2"}
    assert server["recycled"] == "1970-01-01T00:00:00Z"
    assert api.json("DELETE", f"{OWN}/servers/{server['id']}") == {}
    wide = f"{BASE}/serverPool/servers/{server['id']}"
    assert api.json("GET", wide, key="owner")["statusName"] == "NEEDS_CLEAN"
    assert api.call("GET", f"{OWN}/servers/{server['id']}").status_code == 404
    api.control.clock(advance=10)
    assert api.json("GET", f"{BASE}/serverPool/servers?status=TRASH", key="owner")["totalCount"] == 1
    api.control.clock(advance=10)
    recycled = api.json("GET", wide, key="owner")
    assert recycled["statusName"] == "AVAILABLE"
    assert recycled["recycled"] > recycled["created"]
    assert "boundGroupId" not in recycled
    assert api.control.state("ops_manager")["counts"]["servers_terminated"] == 1


def test_without_auto_recycle_the_bin_waits_for_the_button(api: Api) -> None:
    api.control.switches("ops_manager", allocation_seconds=0, auto_recycle=False)
    api.post(BERGEN)
    api.call("DELETE", f"{OWN}/servers/{api.json('GET', f'{OWN}/servers')['results'][0]['id']}")
    api.control.clock(advance=3600)
    assert api.json("GET", f"{BASE}/serverPool/servers?status=TRASH", key="owner")["totalCount"] == 1
    api.control.action("ops_manager", "recycle", hostname="bergen1")
    assert api.json("GET", f"{BASE}/serverPool/servers?status=AVAILABLE", key="owner")["totalCount"] == 4


def test_owner_removes_a_server(api: Api) -> None:
    server = api.json("GET", f"{BASE}/serverPool/servers/byName/oslo1", key="owner")
    assert api.json("DELETE", f"{BASE}/serverPool/servers/{server['id']}", key="owner") == {}
    assert api.json("GET", f"{BASE}/serverPool/servers", key="owner")["totalCount"] == 3
    assert api.error("GET", f"{BASE}/serverPool/servers?status=BOUND", 400, key="owner") == "INVALID_ENUM_VALUE"


# -- properties


def test_properties(api: Api) -> None:
    own = {entry["id"]: entry for entry in api.json("GET", f"{OWN}/properties")["results"]}
    assert set(own) == {"Datacenter", "Size"}
    assert own["Datacenter"]["multiSelect"] is True
    assert {value["value"]: value["statusName"] for value in own["Datacenter"]["values"]} == {
        "oslo": "AVAILABLE", "bergen": "AVAILABLE", "rome": "UNAVAILABLE"}
    api.control.switches("ops_manager", unexposed_properties="shown")
    shown = {entry["id"]: entry["statusName"] for entry in api.json("GET", f"{OWN}/properties")["results"]}
    assert shown["Rack"] == "UNAVAILABLE"
    assert api.json("GET", f"{BASE}/serverPool/properties", key="global_reader")["totalCount"] == 3


def test_owner_edits_properties(api: Api) -> None:
    api.control.seed(ops_manager={"servers": [{"hostname": "x", "properties": {"OS / build": "a/b"}}]})
    path = f"{BASE}/serverPool/properties/OS%20%2F%20build"
    changed = api.json("PATCH", path, key="owner", json={"statusName": "UNAVAILABLE", "description": "text"})
    assert (changed["id"], changed["statusName"], changed["description"]) == ("OS / build", "UNAVAILABLE", "text")
    value = api.json("PATCH", f"{path}/values/a%2Fb", key="owner", json={"statusName": "UNAVAILABLE"})
    assert value["values"] == [{"value": "a/b", "statusName": "UNAVAILABLE"}]
    assert api.error("PATCH", path, 400, key="owner", json={"id": "y"}) == "ATTRIBUTE_READ_ONLY"
    assert api.error("PATCH", path, 400, key="owner", json={"statusName": "BOUND"}) == "INVALID_ENUM_VALUE"
    assert api.json("DELETE", f"{path}/values/a%2Fb", key="owner") == {}
    assert api.json("DELETE", path, key="owner") == {}
    assert api.error("PATCH", path, 404, key="owner", json={}) == "RESOURCE_NOT_FOUND"


# -- who may


@pytest.mark.parametrize(("key", "method", "path", "status", "code"), [
    ("reader", "POST", f"{OWN}/requests", 401, "USER_UNAUTHORIZED"),
    ("reader", "DELETE", f"{OWN}/requests/{'0' * 24}", 401, "USER_UNAUTHORIZED"),
    ("admin", "GET", f"{BASE}/serverPool", 401, "USER_UNAUTHORIZED"),
    ("global_reader", "DELETE", f"{BASE}/serverPool/requests/{'0' * 24}", 401, "USER_UNAUTHORIZED"),
    ("global_reader", "PATCH", f"{BASE}/serverPool/properties/Size", 401, "USER_UNAUTHORIZED"),
    ("admin", "GET", f"{BASE}/groups/{OTHER}/serverPool", 401, "NOT_IN_GROUP"),
    ("admin", "GET", f"{BASE}/groups/{'f' * 24}/serverPool", 404, "GROUP_NOT_FOUND"),
    ("admin", "GET", f"{BASE}/groups/short/serverPool", 404, "INVALID_GROUP_ID"),
    ("admin", "GET", f"{BASE}/groups/byName/nobody", 404, "GROUP_NAME_NOT_FOUND"),
    ("admin", "GET", f"{BASE}/groups/{GROUP}/agents/ROBOT", 400, "INVALID_AGENT_TYPE_NAME"),
    ("admin", "GET", f"{BASE}/admin/serverPool/requests", 404, "RESOURCE_NOT_FOUND"),
    ("admin", "GET", f"{OWN}/requests/{'0' * 24}", 404, "RESOURCE_NOT_FOUND"),
    ("owner", "POST", f"{BASE}/serverPool/requests", 405, "METHOD_NOT_ALLOWED"),
    ("far", "GET", OWN, 403, "IP_ADDRESS_NOT_ON_ACCESS_LIST"),
])
def test_refusals(api: Api, key: str, method: str, path: str, status: int, code: str) -> None:
    assert api.error(method, path, status, key, json={"properties": [OSLO]} if method == "POST" else None) == code


def test_access_list_required(api: Api) -> None:
    api.control.switches("ops_manager", access_list_required=True, access_list_code="401")
    assert api.error("GET", OWN, 401) == "NO_CURRENT_USER"


@pytest.mark.parametrize(("reply", "root", "listing", "post"), [
    ("forbidden", 200, 403, 403), ("read_only", 200, 200, 403), ("not_found", 404, 404, 404)])
def test_disabled_pool(api: Api, reply: str, root: int, listing: int, post: int) -> None:
    api.control.switches("ops_manager", disabled_pool_reply=reply)
    api.control.action("ops_manager", "pool", enabled=False)
    answer = api.call("GET", OWN)
    assert answer.status_code == root
    if root == 200:
        assert answer.json()["enabled"] is False
    assert api.call("GET", f"{OWN}/requests").status_code == listing
    assert api.call("POST", f"{OWN}/requests", json={"properties": [OSLO]}).status_code == post


def test_rate_limit_counts_by_the_clock_minute(api: Api) -> None:
    api.control.clock(advance=60 - api.control.clock() % 60)
    api.control.switches("ops_manager", rate_limit=2, retry_after=True)
    assert [api.call("GET", OWN).status_code for dummy in range(3)] == [200, 200, 429]
    reply = api.call("GET", OWN)
    assert reply.json()["errorCode"] == "RATE_LIMITED"
    assert 0 < int(reply.headers["Retry-After"]) <= 61
    api.control.clock(advance=60)
    assert api.call("GET", OWN).status_code == 200


# -- projects


def test_groups_agents_and_hosts(api: Api) -> None:
    api.control.switches("ops_manager", allocation_seconds=0)
    api.control.seed(ops_manager={"hosts": {"shop": [{"id": "h", "hostname": "oslo1", "port": 27017}]}})
    api.post(OSLO)
    assert [group["name"] for group in api.json("GET", f"{BASE}/groups")["results"]] == ["shop"]
    assert api.json("GET", f"{BASE}/groups/byName/shop")["id"] == GROUP
    assert api.json("GET", f"{BASE}/groups/{GROUP}/agents")["results"] == []
    agents = api.json("GET", f"{BASE}/groups/{GROUP}/agents/AUTOMATION")["results"]
    assert [(agent["hostname"], agent["stateName"]) for agent in agents] == [("oslo1", "NO_PROCESSES")]
    assert api.json("GET", f"{BASE}/groups/{GROUP}/agents/versions")["count"] == 1
    assert api.json("GET", f"{BASE}/groups/{GROUP}/hosts")["totalCount"] == 1
    assert api.json("GET", f"{BASE}/groups/{GROUP}/hosts/byName/oslo1:27017")["id"] == "h"


def test_seed_is_checked(api: Api) -> None:
    with pytest.raises(Exception, match="unknown sections"):
        api.control.seed(ops_manager={"severs": []})
