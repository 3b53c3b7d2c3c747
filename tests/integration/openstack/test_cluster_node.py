# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_node and cluster_node_info against the simulator."""

from __future__ import annotations

from typing import Any

import pytest
from clustering_help import HEAT, MARKER, NOVA, changing, seed

MODULE, INFO = "cluster_node", "cluster_node_info"
LEADER = {"name": "leader", "profile": "small", "role": "leader", "metadata": {"a": 1}}


@pytest.fixture
def estate(empty_sim):
    """A cluster of one node, and profiles of two types."""
    for name, spec in (("small", NOVA), ("large", {**NOVA, "properties": {**NOVA["properties"], "name": "large"}}), ("stack", HEAT)):
        seed(empty_sim, name, spec)
    empty_sim.seed(clustering={"clusters": [{"name": n, "profile": "small", "project": "demo", "nodes": 1} for n in ("web", "db")]})
    return empty_sim


def node(sim: Any, name: str = "leader") -> dict[str, Any]:
    (found,) = [one for one in sim.state("clustering")["nodes"] if one["name"] == name]
    return found


def cluster(sim: Any, name: str = "web") -> dict[str, Any]:
    return next(one for one in sim.state("clustering")["clusters"] if one["name"] == name)


def started(sim: Any) -> list[str]:
    return [one["action"] for one in sim.state("clustering")["actions"] if one["cause"] == "RPC Request"]


def test_a_node_outside_of_any_cluster(estate, run_module):
    checked = run_module(MODULE, LEADER, check=True)
    assert (checked["changed"], started(estate)) == (True, [])
    first = run_module(MODULE, LEADER)
    assert not first.failed, first
    assert (first["changed"], first["plan"], first["diff"]) == (True, checked["plan"], checked["diff"])
    shown = first["node"]
    assert (shown["status"], shown["role"], shown["cluster_id"]) == ("ACTIVE", "leader", "")
    assert shown["metadata"] == {"a": 1, MARKER: shown["metadata"][MARKER]}
    since = estate.last()
    assert run_module(MODULE, LEADER)["changed"] is False
    assert changing(estate, since) == []
    changed = run_module(MODULE, LEADER | {"role": "r", "metadata": {}, "tainted": True, "profile": "large"})
    assert [step["method"] for step in changed["plan"]] == ["PATCH"]
    now = node(estate)
    assert (now["role"], now["tainted"], now["profile_name"], list(now["metadata"])) == ("r", True, "large", [MARKER])
    renamed = run_module(MODULE, {"id": now["id"], "name": "other"})
    assert (renamed["changed"], node(estate, "other")["id"]) == (True, now["id"])
    gone = run_module(MODULE, {"name": "other", "state": "absent"})
    assert (gone["changed"], gone["node"]) == (True, None)
    assert run_module(MODULE, {"name": "other", "state": "absent"})["changed"] is False


def test_a_node_in_a_cluster_keeps_its_name_and_its_role(estate, run_module):
    """Made inside it would lose its name, and joining it loses its role."""
    params = LEADER | {"cluster": "web"}
    checked = run_module(MODULE, params, check=True)
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert [step["method"] for step in result["plan"]] == ["POST", "POST", "PATCH"] == [step["method"] for step in checked["plan"]]
    assert changing(estate) == [(step["method"], step["path"]) for step in result["plan"]]
    assert (node(estate)["cluster_id"], node(estate)["role"]) == (cluster(estate)["id"], "leader")
    assert cluster(estate)["desired_capacity"] == 2
    assert run_module(MODULE, params)["changed"] is False
    moved = run_module(MODULE, params | {"cluster": "db"})
    assert not moved.failed, moved
    assert (node(estate)["cluster_id"], node(estate)["role"]) == (cluster(estate, "db")["id"], "leader")
    assert (cluster(estate)["desired_capacity"], cluster(estate, "db")["desired_capacity"]) == (1, 2)
    out = run_module(MODULE, {"name": "leader", "standalone": True})
    assert (out["changed"], node(estate)["cluster_id"], node(estate)["status"]) == (True, "", "ACTIVE")
    assert run_module(MODULE, {"name": "leader", "standalone": True})["changed"] is False


def test_a_failed_node_is_recovered_by_the_next_run(estate, run_module):
    estate.action("clustering", "server_orders", create=[{"error": "No valid host", "times": 1}])
    first = run_module(MODULE, LEADER)
    assert (first.code, first["changed"]) == ("action_failed", True)
    assert "No valid host" in first["msg"]
    second = run_module(MODULE, LEADER)
    assert not second.failed, second
    assert [next(iter(step["body"])) for step in second["plan"]] == ["recover"]
    assert (node(estate)["status"], run_module(MODULE, LEADER)["changed"]) == ("ACTIVE", False)


def test_many_nodes_of_one_cluster(estate, run_module):
    rows = [{"name": f"n-{number}", "profile": "small", "cluster": "web"} for number in range(3)]
    result = run_module(MODULE, {"nodes": rows})
    assert not result.failed, result
    assert {row["node"]["cluster_id"] for row in result["nodes"]} == {cluster(estate)["id"]}
    assert run_module(MODULE, {"nodes": rows})["changed"] is False
    assert len(run_module(INFO, {"cluster": "web"})["nodes"]) == 4
    (shown,) = run_module(INFO, {"name": "n-1", "details": True})["nodes"]
    assert shown["details"]["status"] == "ACTIVE"
    assert run_module(INFO, {"cluster": "nope"})["nodes"] == run_module(INFO, {"status": "ERROR"})["nodes"] == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"profile": "nope"}, "profile_not_found"),
        ({"cluster": "nope"}, "cluster_not_found"),
        ({"cluster": "web", "standalone": True}, "config_options"),
        ({"profile": None}, "config_profile"),
        ({"name": "a b"}, "config_name"),
        ({"name": None, "id": "00000000-0000-4000-8000-000000000000"}, "node_not_found"),
    ],
)
def test_a_node_that_is_refused(estate, run_module, params, code):
    result = run_module(MODULE, LEADER | params)
    assert (result.code, started(estate)) == (code, [])
    assert "Nothing was changed." in result["msg"]


def test_another_type_and_an_older_service(estate, run_module):
    run_module(MODULE, LEADER)
    assert run_module(MODULE, LEADER | {"profile": "stack"}).code == "profile_type_differs"
    estate.switches("clustering", max_minor=12)
    assert run_module(MODULE, LEADER | {"tainted": True}).code == "microversion_too_low"


@pytest.mark.parametrize("what", ["create", "join"])
def test_a_node_whose_answer_is_lost(estate, run_module, what):
    estate.fault("clustering", "POST", "^/v1/nodes$" if what == "create" else "/actions$", reset="after")
    result = run_module(MODULE, LEADER | {"cluster": "web"})
    assert not result.failed, result
    assert (result["changed"], result["reconciled"], node(estate)["cluster_id"]) == (True, True, cluster(estate)["id"])
    assert [one for one in started(estate) if one in ("NODE_CREATE", "CLUSTER_ADD_NODES")] == ["NODE_CREATE", "CLUSTER_ADD_NODES"]


def test_a_lost_join_is_not_told_by_the_action_of_another_node(estate, run_module):
    """The answer about the first node is lost, the request about the second never arrives; both are of one cluster."""
    rows = [{"name": name, "profile": "small", "cluster": "web"} for name in ("one", "two")]
    for row in rows:
        run_module(MODULE, {key: row[key] for key in ("name", "profile")})
    estate.switches("clustering", node_seconds=2.0)
    estate.fault("clustering", "POST", "/actions$", reset="after")
    estate.fault("clustering", "POST", "/actions$", nth=2, reset="before")
    result = run_module(MODULE, {"nodes": rows, "concurrency": 1, "reconcile_timeout": 1})
    assert [(one["outcome"], one["reconciled"]) for one in result["nodes"]] == [("finished", True), ("unknown", False)], result
    assert (node(estate, "one")["cluster_id"], node(estate, "two")["cluster_id"]) == (cluster(estate)["id"], "")
