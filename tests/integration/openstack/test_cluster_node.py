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


def sized(sim, **clusters):
    """Clusters of the profile ``small`` (``heat``: of ``stack``) by name: (nodes, min_size, max_size)."""
    rows = []
    for name, (nodes, low, high) in clusters.items():
        profile = "stack" if name == "heat" else "small"
        rows.append({"name": name, "profile": profile, "project": "demo", "nodes": nodes, "min_size": low, "max_size": high})
    sim.seed(clustering={"clusters": rows})


def members(sim, name):
    return sorted(one["name"] for one in sim.state("clustering")["nodes"] if one["cluster_id"] == cluster(sim, name)["id"])


# What is desired of which nodes, and the code. Clusters, see places: full has no place free, room one, swap none and may lose its node,
# tight may lose none, one may lose one and has one place free, heat is of another type. a, b, c: nodes of one; x, y: of none.
REFUSED = [
    ([{"name": "a", "cluster": "full"}], "config_size"),
    ([{"name": "new", "profile": "small", "cluster": "full"}], "config_size"),
    ([{"name": "x", "cluster": "full"}], "config_size"),
    ([{"name": "a", "cluster": "least"}, {"name": "x", "cluster": "full"}], "config_size"),
    ([{"name": "new", "profile": "small", "cluster": "room"}, {"name": "a", "cluster": "room"}], "config_size"),
    ([{"name": "x", "cluster": "room"}, {"name": "y", "cluster": "room"}], "config_size"),
    ([{"name": "a", "standalone": True}, {"name": "x", "cluster": "one"}, {"name": "y", "cluster": "one"}], "config_size"),
    ([{"name": "tight-1", "standalone": True}], "config_size"),
    ([{"name": "tight-1", "cluster": "one"}], "config_size"),
    ([{"name": "tight-1", "cluster": "one"}, {"name": "x", "cluster": "tight"}], "config_size"),
    ([{"name": "a", "cluster": "heat"}], "profile_type_differs"),
    ([{"name": "new", "profile": "small", "cluster": "heat"}], "profile_type_differs"),
    ([{"name": "new", "profile": "stack", "cluster": "one"}], "profile_type_differs"),
]
TAKEN = [
    [{"name": "a", "cluster": "room"}],
    [{"name": "a", "cluster": "room"}, {"name": "x", "cluster": "least"}],
    [{"name": "a", "cluster": "swap"}, {"name": "swap-1", "cluster": "one"}],
    [{"name": "new", "profile": "stack", "cluster": "heat"}],
    [{"name": "a", "standalone": True}, {"name": "new", "profile": "small", "cluster": "one"}],
]


@pytest.fixture
def places(estate, run_module):
    sized(estate, full=(2, 0, 2), least=(2, 2, -1), room=(1, 0, 2), one=(3, 2, 4), heat=(1, 0, -1), tight=(1, 1, -1), swap=(1, 0, 1))
    names = {"one": ["a", "b", "c"], "tight": ["tight-1"], "swap": ["swap-1"]}
    for one in estate.state("clustering")["clusters"]:
        for name, ident in zip(names.get(one["name"], ()), one["nodes"], strict=False):
            estate.action("clustering", "node", id=ident, name=name)
    made = run_module(MODULE, {"nodes": [{"name": name, "profile": "small"} for name in "xy"]})
    assert not made.failed, made
    return estate


def test_a_cluster_that_cannot_take_or_lose_a_node(places, run_module):
    """It is known before anything is sent, so no node is taken out of its cluster for one that does not take it."""
    before = {name: members(places, name) for name in ("full", "least", "room", "one", "heat", "tight")}
    since = places.last()
    for rows, code in REFUSED:  # in one test, since none of them changes anything
        for check in (True, False):
            result = run_module(MODULE, {"nodes": rows}, check=check)
            assert (result.code, changing(places, since)) == (code, []), (rows, result)
            assert "Nothing was changed." in result["msg"]
    assert {name: members(places, name) for name in before} == before


@pytest.mark.parametrize("rows", TAKEN)
def test_what_fits_is_done(places, run_module, rows):
    result = run_module(MODULE, {"nodes": rows})
    assert not result.failed, result
    for row in rows:
        if "cluster" in row:
            assert row["name"] in members(places, row["cluster"])
    assert run_module(MODULE, {"nodes": rows})["changed"] is False


def test_a_member_is_not_deleted_below_the_least(places, run_module):
    since = places.last()
    for check in (True, False):
        result = run_module(MODULE, {"name": "tight-1", "state": "absent"}, check=check)
        assert (result.code, changing(places, since)) == ("config_size", []), result
    gone = run_module(MODULE, {"name": "a", "state": "absent"})
    assert (gone["changed"], members(places, "one")) == (True, ["b", "c"])


def test_a_node_that_is_not_active_joins_nothing(places, run_module):
    """WARNING is what a check leaves that could not ask the server."""
    places.action("clustering", "node", id=node(places, "a")["id"], status="WARNING")
    since = places.last()
    result = run_module(MODULE, {"name": "a", "cluster": "room"})
    assert (result.code, changing(places, since)) == ("node_not_active", []), result


def test_a_join_that_is_refused_after_all_tells_what_was_done_before(places, run_module):
    """Somebody else took the place in between."""
    places.fault("clustering", "POST", "/actions$", status=400, body='{"error":{"code":400,"message":"greater than max_size"}}', nth=2)
    result = run_module(MODULE, {"name": "a", "cluster": "room"})
    assert (result.failed, result["changed"], members(places, "one")) == (True, True, ["b", "c"])
    assert "The action was started (" in result["msg"]
    assert "). That was leave a; this request was refused and has done nothing." in result["msg"]


# Nodes and desired capacity of a cluster that differ, its sizes, and how many leave or join: the service holds a request against the
# desired capacity and its action against the number of nodes, which then is the desired capacity. False: refused.
DIFFERING = [
    (5, 3, 2, -1, "leave", 2, True),
    (5, 3, 3, -1, "leave", 1, False),
    (5, 2, 2, -1, "delete", 3, True),
    (2, 4, 2, -1, "delete", 1, False),
    (3, 5, 0, 6, "join", 2, True),
    (3, 6, 0, 6, "join", 1, False),
    (5, 3, 0, 6, "join", 2, False),
    (3, 5, 0, 6, "create", 1, True),
    (3, 6, 0, 6, "create", 1, False),
]


@pytest.mark.parametrize("nodes, desired, low, high, verb, count, good", DIFFERING)
def test_a_cluster_whose_desired_capacity_is_not_its_number_of_nodes(estate, run_module, nodes, desired, low, high, verb, count, good):
    sized(estate, odd=(nodes, low, high))
    estate.action("clustering", "cluster", id=cluster(estate, "odd")["id"], desired=desired)
    if verb in ("join", "create"):
        rows = [{"name": name, "profile": "small"} for name in "pq"[:count]]
        assert verb == "create" or not run_module(MODULE, {"nodes": rows}).failed
        asked = {"nodes": [row | {"cluster": "odd"} for row in rows]}
    else:
        inside = cluster(estate, "odd")["nodes"][:count]
        asked = {"nodes": [{"id": ident, **({"standalone": True} if verb == "leave" else {})} for ident in inside]}
        asked |= {"state": "absent"} if verb == "delete" else {}
    since = estate.last()
    result = run_module(MODULE, asked)
    assert (result.failed, result.code) == ((False, None) if good else (True, "config_size")), result
    assert (changing(estate, since) != []) is good
