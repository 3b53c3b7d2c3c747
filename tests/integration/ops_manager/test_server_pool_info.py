# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_pool_info and server_pool_request_info (pages "Group Server Pool", "... Properties", "... Servers", "... Requests")."""

from __future__ import annotations

import pytest
from harness import OMIT
from pool_under_test import GROUP, LARGE, OSLO, ROME, Pool

OWNER = {"public_key": "owner", "private_key": "0wner-key"}


def hosts(result) -> list[str]:
    return [server["hostname"] for server in result["servers"]]


def test_the_pool_of_a_group(pool: Pool) -> None:
    pool.ask(properties=OSLO, count=2)
    pool.mark()
    result = pool.run("server_pool_info")
    assert (result["changed"], result["enabled"], result["outcome"]) == (False, True, "none")
    assert [one["name"] for one in result["properties"]] == ["Datacenter", "Size"]
    site = result["properties"][0]
    assert (site["description"], site["multi_select"], site["available"]) == ("Site", True, True)
    assert {one["value"]: one["available"] for one in site["values"]} == {"oslo": True, "rome": True, "bonn": False}
    assert hosts(result) == ["oslo1.example", "oslo2.example"]
    server = result["servers"][0]
    assert (server["status"], server["group_id"], server["recycled"]) == ("BOUND", GROUP, None)
    assert server["properties"] == {**OSLO, "Rack": "r1"}
    assert server["created"].endswith("Z")
    assert pool.log(changing=True) == []


@pytest.mark.parametrize(
    "filters, found",
    [
        ({"hostnames": ["OSLO2.example", "nowhere"]}, ["oslo2.example"]),
        ({"hostnames": []}, []),
        ({"properties": {"Datacenter": "rome"}}, ["rome1.example"]),
        ({"properties": {"Datacenter": ["rome", "oslo"], "Rack": "r1"}}, ["oslo1.example", "oslo2.example"]),
        ({"properties": {"Datacenter": "atlantis"}}, []),
        ({"status": ["AVAILABLE"]}, []),
        ({"gather": ["properties"]}, []),
    ],
)
def test_filters(pool: Pool, filters: dict, found: list[str]) -> None:
    pool.ask(servers=[{"properties": OSLO, "count": 2}, {"properties": ROME}])
    assert hosts(pool.run("server_pool_info", **filters)) == found


def test_the_whole_pool_shows_a_shortage(pool: Pool) -> None:
    pool.ask(properties=LARGE)
    result = pool.run("server_pool_info", scope="pool", group_name=OMIT, **OWNER)
    assert len(hosts(result)) == 10
    free = pool.run("server_pool_info", scope="pool", status=["AVAILABLE"], properties={"Size": "l"}, **OWNER)
    assert hosts(free) == ["large2.example"]
    assert pool.run("server_pool_info", scope="pool").code == "forbidden"
    requests = pool.run("server_pool_request_info", scope="pool", status=["COMPLETED"], group_name=OMIT, **OWNER)["requests"]
    assert [request["group_id"] for request in requests] == [GROUP]


def test_a_group_must_be_named_for_its_own_view(pool: Pool) -> None:
    for module in ("server_pool_info", "server_pool_request_info"):
        assert pool.run(module, group_name=OMIT).failed
    assert pool.log() == []


@pytest.mark.parametrize("reply", ["forbidden", "read_only", "not_found"])
def test_a_pool_that_is_not_enabled_is_told_not_failed(pool: Pool, reply: str) -> None:
    pool.control.seed(ops_manager={"pool": {"enabled": False}})
    pool.switch(disabled_pool_reply=reply)
    result = pool.run("server_pool_info")
    assert (result.failed, result["enabled"], result["servers"], result["properties"]) == (False, False, [], [])


def test_another_server_is_no_disabled_pool(pool: Pool) -> None:
    assert pool.run("server_pool_info", endpoint=pool.control.ready["xclarity"]).failed


def test_requests_and_their_fields(pool: Pool) -> None:
    """Page "Group Server Pool Requests": entity fields, GET of the list and of one request."""
    sent = pool.ask(properties=OSLO, count=2)["request"]
    result = pool.run("server_pool_request_info")
    assert result["changed"] is False
    [request] = result["requests"]
    assert set(request) == {
        "id", "status", "ended", "group_id", "num_servers", "properties", "created", "expires", "complete_date", "cancel_date",
    }  # fmt: skip
    assert {key: request[key] for key in request} == {key: sent[key] for key in request}
    assert pool.run("server_pool_request_info", request_id=request["id"])["requests"] == [request]


def test_requests_filtered(pool: Pool) -> None:
    """Page "Group Server Pool Requests": each of the five statuses."""
    pool.switch(allocation_seconds=3600, cancel_seconds=3600)
    for status in ("EXECUTING", "CANCELLING", "CANCELLED", "FAILED", "COMPLETED"):
        pool.request(OSLO, statusName=status)
    pool.request(OSLO, ROME, statusName="CANCELLED", created=0, expires=7200, cancelled=7201)
    pool.request(OSLO, ROME, statusName="CANCELLED", created=0, expires=7200, cancelled=60)
    for status in ("EXECUTING", "CANCELLING", "FAILED", "COMPLETED"):
        found = pool.run("server_pool_request_info", status=[status])["requests"]
        assert [request["status"] for request in found] == [status]
    cancelled = pool.run("server_pool_request_info", status=["CANCELLED"])["requests"]
    assert [request["ended"] for request in cancelled] == ["cancelled", "expired", "cancelled"]
    assert len(pool.run("server_pool_request_info", status=["FAILED", "COMPLETED"])["requests"]) == 2
    assert len(pool.run("server_pool_request_info", properties={"Datacenter": "rome"})["requests"]) == 2
    assert pool.run("server_pool_request_info", properties={"Datacenter": "atlantis"})["requests"] == []
    assert pool.run("server_pool_request_info", request_id="57e939ad87d9d63a1d2e4179")["requests"] == []


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_errors_with_the_words_of_the_server(pool: Pool, status: int) -> None:
    body = f'{{"error": {status}, "errorCode": "SOME_CODE", "detail": "because\\u001b[31m of it", "reason": "x", "parameters": []}}'
    pool.control.fault("ops_manager", "GET", "/serverPool/requests", times=-1, status=status, body=body)
    result = pool.run("server_pool_request_info")
    assert result.failed
    assert (result["error"]["status"], result["error"]["error_code"]) == (status, "SOME_CODE")
    assert result["error"]["server_message"] == "because [31m of it (SOME_CODE)"
    assert result["changed"] is False


def test_a_passing_fault_is_tolerated(pool: Pool) -> None:
    pool.control.fault("ops_manager", "GET", "/serverPool/requests", times=1, status=502, body="<html>")
    pool.control.fault("ops_manager", "GET", "/serverPool/requests", nth=2, times=1, reset="after")
    assert pool.run("server_pool_request_info")["requests"] == []
