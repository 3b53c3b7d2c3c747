# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_pool_server: terminate servers of a group by name (page "Group Server Pool Servers")."""

from __future__ import annotations

import pytest
from pool_under_test import GROUP, OSLO, Pool

MODULE = "server_pool_server"
DELETES = r"/serverPool/servers/\w+$"


@pytest.fixture
def held(pool: Pool) -> Pool:
    """The group holds oslo1, oslo2 and oslo3."""
    pool.ask(properties=OSLO, count=3)
    pool.mark()
    return pool


def test_terminate_and_again(held: Pool) -> None:
    names = ["oslo2.example", "oslo1.example"]
    first = held.run(MODULE, hostnames=names, state="absent")
    assert not first.failed, first
    assert (first["changed"], first["outcome"]) == (True, "finished")
    assert [server["hostname"] for server in first["servers"]] == names
    assert {server["state"] for server in first["servers"]} == {"absent"}
    assert [list(first["diff"][side].values()) for side in ("before", "after")] == [
        [{"hostname": name, "state": state} for name in names] for state in ("BOUND", "absent")
    ]
    assert held.bound() == {"oslo3.example"}
    assert {entry["path"] for entry in held.arrivals("DELETE")} == {step["path"] for step in first["plan"]}

    held.mark()
    second = held.run(MODULE, hostnames=names, state="absent")
    assert (second["changed"], second["plan"], second["outcome"]) == (False, [], "none")
    assert second["servers"][0]["state"] == "absent"
    assert held.log(changing=True) == []


def test_check_mode(held: Pool) -> None:
    names = {"hostnames": ["oslo1.example", "elsewhere.example"], "state": "absent"}
    predicted = held.run(MODULE, **names, check=True)
    assert (predicted["changed"], held.log(changing=True)) == (True, [])
    real = held.run(MODULE, **names)
    assert (predicted["plan"], predicted["diff"]) == (real["plan"], real["diff"])
    assert [(e["method"], e["path"]) for e in held.log(changing=True)] == [(s["method"], s["path"]) for s in real["plan"]]
    assert real["plan"][0]["path"].startswith(f"/api/public/v1.0/groups/{GROUP}/serverPool/servers/")


@pytest.mark.parametrize("reply", ["empty", "json", "202", "204"])
def test_every_answer_to_a_delete(held: Pool, reply: str) -> None:
    held.switch(delete_server_reply=reply)
    assert held.run(MODULE, hostnames=["OSLO1.example"], state="absent")["changed"] is True
    assert "oslo1.example" not in held.bound()


@pytest.mark.parametrize(
    "hostnames, code",
    [([], "config_empty"), (["oslo1.example", "Oslo1.example"], "duplicate_item"), (["a\nb"], "config_id"), ([""], "config_id")],
)
def test_mistakes_in_the_list_cost_no_request(held: Pool, hostnames: list[str], code: str) -> None:
    result = held.run(MODULE, hostnames=hostnames, state="absent")
    assert (result.code, held.log()) == (code, [])


def test_names_are_never_chosen_for_the_user(held: Pool) -> None:
    for params in ({"state": "absent"}, {"hostnames": ["oslo1.example"]}, {"hostnames": ["oslo1.example"], "state": "present"}):
        assert held.run(MODULE, **params).failed
    result = held.run(MODULE, hostnames=["oslo*", "oslo1"], state="absent")
    assert (result["changed"], held.arrivals("DELETE")) == (False, [])


def test_a_server_of_another_group_is_out_of_reach(held: Pool) -> None:
    held.control.seed(ops_manager={"servers": [{"hostname": "theirs.example", "properties": OSLO, "group": "billing"}]})
    assert held.run(MODULE, hostnames=["theirs.example"], state="absent")["changed"] is False
    assert "theirs.example" in held.bound()


def test_one_refused_among_many(held: Pool) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, status=409, body='{"errorCode": "X", "detail": "in use"}')
    names = ["oslo1.example", "oslo2.example", "oslo3.example"]
    result = held.run(MODULE, hostnames=names, state="absent", concurrency=1)
    assert result.code == "conflict"
    assert [server["state"] for server in result["servers"]] == ["present", "absent", "absent"]
    assert [server["outcome"] for server in result["servers"]] == ["not_started", "finished", "finished"]
    assert result["changed"] is True
    assert "1 of 3 servers failed" in result["msg"]


def test_stop_at_the_first_failure(held: Pool) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, status=409, body="{}")
    result = held.run(MODULE, hostnames=["oslo1.example", "oslo2.example"], state="absent", concurrency=1, on_failure="stop")
    assert [server.get("error", {}).get("code") for server in result["servers"]] == ["conflict", "skipped"]
    assert len([entry for entry in held.log() if entry["method"] == "DELETE"]) == 1


def test_somebody_else_was_quicker(held: Pool) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, status=404, body='{"errorCode": "RESOURCE_NOT_FOUND"}', applied=True)
    result = held.run(MODULE, hostnames=["oslo1.example"], state="absent")
    assert (result.failed, result["changed"], result["servers"][0]["state"]) == (False, False, "absent")


@pytest.mark.parametrize("lost", [{"reset": "after"}, {"status": 500, "body": "", "applied": True}, {"truncate": 1}])
def test_a_lost_answer_is_read_back(held: Pool, lost: dict) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, **lost)
    result = held.run(MODULE, hostnames=["oslo1.example"], state="absent")
    assert not result.failed, result["msg"]
    assert (result["changed"], result["servers"][0]["reconciled"]) == (True, True)
    assert len([entry for entry in held.log() if entry["method"] == "DELETE"]) == 1


def test_a_termination_that_never_arrived_is_not_sent_again(held: Pool) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, reset="before")
    result = held.run(MODULE, hostnames=["oslo1.example"], state="absent", reconcile_timeout=0.3)
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "The request was not repeated." in result["msg"]
    assert "oslo1.example" in held.bound()


def test_a_server_that_stays(held: Pool) -> None:
    held.control.fault("ops_manager", "DELETE", DELETES, status=200, body="{}")
    result = held.run(MODULE, hostnames=["oslo1.example"], state="absent", wait_timeout=0.1)
    assert (result.code, result["changed"], result["servers"][0]["state"]) == ("wait_timeout", True, "present")
    assert "BOUND" in result["msg"]


def test_the_role_that_it_needs(held: Pool) -> None:
    result = held.run(MODULE, hostnames=["oslo1.example"], state="absent", public_key="reader", private_key="r3ader-key")
    assert (result.code, result["outcome"], result["changed"]) == ("forbidden", "not_started", False)
