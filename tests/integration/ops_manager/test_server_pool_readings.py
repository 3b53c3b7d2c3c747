# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documents of Ops Manager leave open: each reading that the simulator can take is handled."""

from __future__ import annotations

import pytest
from pool_under_test import GROUP, LARGE, OSLO, ROME, Pool

SWITCHES = [
    {"post_status": 200},
    {"post_status": 201},
    {"post_status": 202},
    {"num_servers_shown": False},
    {"expires_dropped_when_completed": True},
    {"rel_prefix": "host"},
    {"page_cap": 500},
    {"page_over_cap": "error"},
    {"list_order": "newest"},
    {"group_status_filter": True},
    {"unexposed_properties": "shown"},
    {"partly_bound_servers_shown": True},
    {"all_properties_required": False},
    {"list_values": True},
    {"allocation_seconds": 0},
    {"delete_request_reply": "204"},
    {"delete_server_reply": "empty"},
    {"delete_terminal_reply": 409},
    {"digest_uri_checked": False},
    {"nextnonce": True},
    {"offer_basic": True},
    {"unknown_group": "not_in_group"},
]


@pytest.mark.parametrize("switch", SWITCHES, ids=str)
def test_every_reading_of_the_documents(pool: Pool, switch: dict) -> None:
    """Ask, ask again, wait in vain and cancel, give back: the same results whatever the server does."""
    pool.switch(**switch)
    desired = {"properties": {"Datacenter": ["oslo", "rome"], "Size": "m"}, "count": 3}
    first = pool.ask(**desired)
    assert not first.failed, first["msg"]
    assert (first["changed"], first["certain"], len(first["servers"])) == (True, True, 3)
    assert (first["request"]["num_servers"], first["request"]["properties"]) == (3, [OSLO, ROME, OSLO])
    assert pool.ask(**desired)["changed"] is False
    assert pool.ask(properties=LARGE, count=3, wait=False)["outcome"] == "started"
    joined = pool.ask(properties=LARGE, count=3, wait_timeout=0.1)
    assert (joined.code, joined["changed"]) == ("wait_timeout", False)
    cancelled = pool.ask(properties=LARGE, state="absent")
    assert (cancelled["changed"], cancelled["request"]["ended"]) == (True, "cancelled")
    names = [server["hostname"] for server in first["servers"]]
    assert pool.run("server_pool_server", hostnames=names, state="absent")["changed"] is True
    assert pool.bound() == set()
    assert len(pool.requests()) == 2


@pytest.mark.parametrize("order", ["oldest", "newest"])
@pytest.mark.parametrize("cap", [100, 500])
def test_lists_are_read_to_their_end(pool: Pool, order: str, cap: int) -> None:
    """The page "Group Server Pool Requests": lists are paged. The request that matters is on a later page."""
    pool.switch(list_order=order, page_cap=cap, allocation_seconds=3600)
    pool.control.seed(ops_manager={
        "servers": [{"hostname": "bulk{n}.example", "properties": LARGE, "count": 250, "group": "payments"}],
        "requests": [{"group": "payments", "properties": [LARGE], "statusName": "CANCELLED"}] * 120
        + [{"group": "payments", "properties": [ROME], "statusName": "EXECUTING"}]
        + [{"group": "payments", "properties": [LARGE], "statusName": "FAILED"}] * 130,
    })  # fmt: skip
    assert len(pool.run("server_pool_request_info")["requests"]) == 251
    assert len(pool.run("server_pool_info", gather=["servers"])["servers"]) == 250
    assert pool.ask(properties=ROME, check=True)["changed"] is False
    held = pool.ask(properties=LARGE, count=250, check=True)
    assert (held["changed"], len(held["servers"])) == (False, 250)


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_a_list_that_grows_while_it_is_read(pool: Pool, order: str) -> None:
    """There is no snapshot: with the newest first, an entry moves from one page to the next."""
    pool.switch(list_order=order)
    for _number in range(15):
        pool.control.seed(ops_manager={"requests": [{"group": "payments", "properties": [LARGE], "statusName": "FAILED"}] * 10})
    pool.control.fault("ops_manager", "GET", "pageNum=2", delay=0.4)

    def second_page() -> bool:
        return any("pageNum=1" in entry["path"] and entry["status"] == 200 for entry in pool.log())

    with pool.meanwhile(second_page, lambda: pool.request(LARGE, statusName="FAILED")):
        found = pool.run("server_pool_request_info")["requests"]
    assert len(found) == 151
    assert len({request["id"] for request in found}) == 151


def test_a_list_that_shrinks_while_it_is_read(pool: Pool) -> None:
    """A server that is given back moves the others up: one would be missed between two pages."""
    pool.control.seed(ops_manager={"servers": [{"hostname": "bulk{n}.example", "properties": LARGE, "count": 150, "group": "payments"}]})
    gone = next(server for server in pool.state()["servers"] if server["hostname"] == "bulk1.example")
    pool.control.fault("ops_manager", "GET", "pageNum=2", delay=0.4)

    def second_page() -> bool:
        return any("servers?pageNum=1" in entry["path"] and entry["status"] == 200 for entry in pool.log())

    with pool.meanwhile(second_page, lambda: pool.terminate(gone["id"])):
        found = pool.run("server_pool_info", gather=["servers"])["servers"]
    assert {server["hostname"] for server in found} == {f"bulk{n}.example" for n in range(2, 151)}


def test_values_of_others_that_are_lists(pool: Pool) -> None:
    """How several values look in JSON is not shown anywhere; a list is read as dealt out in turn."""
    pool.switch(list_values=True, allocation_seconds=3600)
    pool.request({"Datacenter": ["oslo", "rome"], "Size": "m"}, {"Datacenter": ["oslo", "rome"], "Size": "m"})
    assert pool.ask(servers=[{"properties": OSLO}, {"properties": ROME}], check=True)["changed"] is False
    assert pool.ask(properties=OSLO, count=2, check=True)["plan"][0]["body"] == {"properties": [OSLO]}


def test_a_request_fulfilled_between_the_two_lists_is_not_counted_twice(pool: Pool) -> None:
    """Executing in the first list, its server bound in the second: counted twice, one server too few would be asked for."""
    pool.control.clock("manual")
    pool.request(OSLO)
    pool.control.fault("ops_manager", "GET", "/serverPool/servers", delay=0.5)

    def listed() -> bool:
        return any("/serverPool/requests?" in entry["path"] for entry in pool.log())

    def fulfil() -> None:
        pool.control.clock(advance=60)
        pool.control.clock("real")

    with pool.meanwhile(listed, fulfil):
        result = pool.ask(properties=OSLO, count=2)
    assert result["changed"] is True
    assert len(result["servers"]) == 2


def test_a_property_name_that_needs_quoting(pool: Pool) -> None:
    odd = {"Größe/Rack #1?": "groß & klein", "x%2F": "a+b"}
    pool.control.seed(ops_manager={"servers": [{"hostname": "odd.example", "properties": {**OSLO, **odd}}], "properties": [
        {"id": name} for name in odd]})  # fmt: skip
    result = pool.ask(properties={**OSLO, **odd})
    assert [server["hostname"] for server in result["servers"]] == ["odd.example"]
    assert result["group_id"] == GROUP
