# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster and cluster_info against the simulator: what they keep, what they refuse, and what can go wrong on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clustering_help import HEAT, MARKER, NOVA, changing, seed

MODULE, INFO = "cluster", "cluster_info"
CLUSTERS = "/v1/clusters"
DELETION = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
OTHER = {**NOVA, "properties": {**NOVA["properties"], "name": "other"}}
WEB = {"name": "web", "profile": "small", "desired_capacity": 2}


@pytest.fixture
def estate(empty_sim):
    """Two profiles of servers and one of stacks; nothing else."""
    for name, spec in (("small", NOVA), ("large", OTHER), ("stack", HEAT)):
        seed(empty_sim, name, spec)
    return empty_sim


def cluster(sim: Any, name: str = "web") -> dict[str, Any]:
    (found,) = [one for one in sim.state("clustering")["clusters"] if one["name"] == name]
    return found


def members(sim: Any, name: str = "web") -> list[dict[str, Any]]:
    ident = cluster(sim, name)["id"]
    return [node for node in sim.state("clustering")["nodes"] if node["cluster_id"] == ident]


def started(sim: Any) -> list[str]:
    """The actions that were asked for, without the children."""
    return [one["action"] for one in sim.state("clustering")["actions"] if one["cause"] == "RPC Request"]


def seeded(sim: Any, nodes: int = 2, name: str = "web", **more: Any) -> dict[str, Any]:
    sim.seed(clustering={"clusters": [{"name": name, "profile": "small", "project": "demo", "nodes": nodes, **more}]})
    return cluster(sim, name)


def profile(sim: Any, name: str) -> str:
    return next(one["id"] for one in sim.state("clustering")["profiles"] if one["name"] == name)


def sent(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["method"], step["path"]) for step in result["plan"]]


# --- create


def test_create_once(estate, run_module):
    checked = run_module(MODULE, WEB | {"metadata": {"a": 1}}, check=True)
    assert (checked["changed"], checked["outcome"], started(estate)) == (True, "none", [])
    estate.switches("clustering", cluster_seconds=1.5, node_seconds=1.0)  # long enough to be seen under way
    first = run_module(MODULE, WEB | {"metadata": {"a": 1}})
    assert not first.failed, first
    assert (first["changed"], first["outcome"], first["reconciled"]) == (True, "finished", False)
    assert first["plan"] == checked["plan"]
    assert first["diff"] == checked["diff"]
    body = first["plan"][0]["body"]["cluster"]
    assert {key: body[key] for key in ("name", "profile_id", "desired_capacity")} == {
        "name": "web", "profile_id": profile(estate, "small"), "desired_capacity": 2,
    }  # fmt: skip
    shown = first["cluster"]
    assert (shown["status"], shown["desired_capacity"], shown["profile_name"]) == ("ACTIVE", 2, "small")
    assert shown["metadata"] == {"a": 1, MARKER: shown["metadata"][MARKER]}
    assert [node["status"] for node in first["nodes"]] == ["ACTIVE", "ACTIVE"]
    assert first["actions"] == [one["id"] for one in estate.state("clustering")["actions"] if one["action"] == "CLUSTER_CREATE"]
    assert first["history"][-1]["state"] == "SUCCEEDED"
    assert any("NODE_CREATE under way" in one["state"] for one in first["history"])

    since = estate.last()
    second = run_module(MODULE, WEB | {"metadata": {"a": 1}})
    assert (second["changed"], second["outcome"], second["plan"], second["actions"]) == (False, "none", [], [])
    assert second["cluster"] == shown
    assert changing(estate, since) == []
    assert started(estate) == ["CLUSTER_CREATE"]


def test_every_request_asks_for_the_newest_microversion(estate, run_module):
    run_module(MODULE, WEB)
    headers = [one["headers"].get("openstack-api-version") for one in estate.log(system="clustering")]
    assert set(headers) == {"clustering 1.14"}


def test_a_cluster_with_all_that_it_can_have(estate, run_module):
    estate.seed(clustering={"policies": [{"name": "oldest", "project": "demo", "spec": DELETION}]})
    params = WEB | {
        "min_size": 1, "max_size": 4, "action_timeout": 60, "config": {"node.name.format": "web-$2I"}, "policies": ["oldest"],
    }  # fmt: skip
    checked = run_module(MODULE, params, check=True)
    assert sent(checked) == [("POST", CLUSTERS), ("POST", f"{CLUSTERS}/(id of the new cluster)/actions")]
    result = run_module(MODULE, params)
    assert not result.failed, result
    ident = result["cluster"]["id"]
    assert sent(result) == changing(estate) == [("POST", CLUSTERS), ("POST", f"{CLUSTERS}/{ident}/actions")]
    assert [step["body"] for step in result["plan"]][1:] == [step["body"] for step in checked["plan"]][1:]
    shown = result["cluster"]
    assert (shown["min_size"], shown["max_size"], shown["timeout"], len(shown["policies"])) == (1, 4, 60, 1)
    assert [node["name"] for node in result["nodes"]] == ["web-01", "web-02"]
    assert run_module(MODULE, params)["changed"] is False
    assert started(estate) == ["CLUSTER_CREATE", "CLUSTER_ATTACH_POLICY"]


def test_many_in_one_task(estate, run_module):
    rows = [{"name": f"web-{number}", "profile": "small", "desired_capacity": number % 3} for number in range(12)]
    first = run_module(MODULE, {"clusters": rows})
    assert not first.failed, first
    assert [row["name"] for row in first["clusters"]] == [row["name"] for row in rows]
    assert [len(row["nodes"]) for row in first["clusters"]] == [row["desired_capacity"] for row in rows]
    assert all(row["changed"] and row["outcome"] == "finished" for row in first["clusters"])
    since = estate.last()
    second = run_module(MODULE, {"clusters": rows})
    assert (second["changed"], changing(estate, since)) == (False, [])
    # the lists of clusters, profiles, actions and nodes, each with the page that ends it
    assert len(estate.log(since=since, system="clustering")) <= 10


# --- resize


def test_resize(estate, run_module):
    run_module(MODULE, WEB)
    grown = run_module(MODULE, {"name": "web", "desired_capacity": 4, "max_size": 5})
    assert not grown.failed, grown
    assert [step["body"] for step in grown["plan"]] == [
        {"resize": {"adjustment_type": "EXACT_CAPACITY", "number": 4, "max_size": 5, "strict": True}}
    ]
    assert (grown["cluster"]["desired_capacity"], len(grown["nodes"])) == (4, 4)
    assert grown["diff"]["before"]["web"]["desired_capacity"] == 2
    assert grown["diff"]["after"]["web"]["desired_capacity"] == 4
    assert run_module(MODULE, {"name": "web", "desired_capacity": 4, "max_size": 5})["changed"] is False
    limits = run_module(MODULE, {"name": "web", "min_size": 1})
    assert [step["body"] for step in limits["plan"]] == [{"resize": {"min_size": 1, "strict": True}}]
    shrunk = run_module(MODULE, WEB)
    assert len(shrunk["nodes"]) == len(members(estate)) == 2


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"desired_capacity": 3, "max_size": 2}, "config_size"),
        ({"desired_capacity": 1, "min_size": 2}, "config_size"),
        ({"min_size": 3, "max_size": 2}, "config_size"),
        ({"desired_capacity": -1}, "config_size"),
        ({"desired_capacity": 1001}, "config_size"),
        ({"max_size": 0}, "config_size"),
        ({"max_size": 1}, "config_size"),  # the cluster has two nodes
        ({"action_timeout": 0}, "config_size"),
        ({"profile": "nope"}, "profile_not_found"),
        ({"profile": "stack"}, "profile_type_differs"),
        ({"policies": ["nope"]}, "policy_not_found"),
        ({"config": {"cluster.stop_timeout_before_update": "soon"}}, "config_cluster"),
        ({"metadata": {MARKER: "x"}}, "config_metadata"),
        ({"name": "a b"}, "config_name"),
        ({"name": "a\x07"}, "config_name"),
        ({"name": "new"}, "config_profile"),
        ({"id": "00000000-0000-4000-8000-000000000000"}, "cluster_not_found"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(estate, run_module, params, code):
    seeded(estate)
    since = estate.last()
    result = run_module(MODULE, {"name": "web"} | params)
    assert (result.failed, result.code, result["changed"]) == (True, code, False)
    assert "Nothing was changed." in result["msg"]
    assert len(result["msg"]) <= 600
    assert changing(estate, since) == []


def test_two_policies_of_one_type_are_refused(estate, run_module):
    estate.seed(clustering={"policies": [{"name": name, "project": "demo", "spec": DELETION} for name in ("one", "two")]})
    assert run_module(MODULE, WEB | {"policies": ["one", "two"]}).code == "policy_type_taken"
    seeded(estate, policies=["one"])
    result = run_module(MODULE, WEB | {"policies": ["two"]})
    assert result.code == "policy_type_taken"
    assert started(estate) == []


def test_over_quota_is_a_refusal(estate, run_module):
    """The service answers 500, which elsewhere leaves open what has happened."""
    estate.switches("clustering", cluster_quota=0)
    result = run_module(MODULE, WEB)
    assert (result.code, result["outcome"], result["changed"]) == ("over_quota", "not_started", False)
    assert len(changing(estate)) == 1


def test_twins_are_told_apart_by_id_only(estate, run_module):
    ids = [seeded(estate, name=name)["id"] for name in ("web", "web-2")]
    for ident in ids:
        estate.action("clustering", "cluster", id=ident, name="web")
    result = run_module(MODULE, WEB)
    assert result.code == "name_ambiguous"
    assert all(ident in result["msg"] for ident in ids)
    assert run_module(MODULE, {"name": "web", "state": "absent"}).code == "name_ambiguous"
    gone = run_module(MODULE, {"id": ids[0], "state": "absent"})
    assert (gone["changed"], gone["cluster"]) == (True, None)
    assert cluster(estate)["id"] == ids[1]


@pytest.mark.parametrize("trap", ["____", "%", "a", "web_"])
def test_a_name_never_hits_another_cluster(estate, run_module, trap):
    seeded(estate, name="web-1", id="a1234567-0000-4000-8000-000000000000")
    if trap != "%":
        assert run_module(MODULE, {"name": trap, "state": "absent"})["changed"] is False
    assert run_module(MODULE, {"name": "a1234567-0000-4000-8000-000000000000", "state": "absent"})["changed"] is False
    assert cluster(estate, "web-1")["status"] == "ACTIVE"


def test_another_project_is_none_of_ours(estate, run_module, harness):
    """An administrator sees and may delete every project's clusters."""
    other = seeded(estate)
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    assert run_module(MODULE, {"auth": auth, "name": "web", "state": "absent"})["changed"] is False
    assert run_module(MODULE, {"auth": auth, "id": other["id"], "state": "absent"})["changed"] is False
    assert run_module(INFO, {"auth": auth})["clusters"] == []
    (shown,) = run_module(INFO, {"auth": auth, "all_projects": True})["clusters"]
    assert (shown["id"], len(shown["members"])) == (other["id"], 2)
    assert cluster(estate) == other


# --- update


def test_update_of_what_is_not_its_profile(estate, run_module):
    made = run_module(MODULE, WEB | {"metadata": {"a": 1}})["cluster"]
    params = {"name": "web", "metadata": {"b": 2}, "config": {"k": "v"}, "action_timeout": 60}
    result = run_module(MODULE, params)
    assert sent(result) == [("PATCH", f"{CLUSTERS}/{made['id']}")]
    now = cluster(estate)
    assert (now["metadata"], now["config"], now["timeout"]) == ({"b": 2, MARKER: made["metadata"][MARKER]}, {"k": "v"}, 60)
    assert run_module(MODULE, params)["changed"] is False
    emptied = run_module(MODULE, {"name": "web", "metadata": {}})
    assert emptied["cluster"]["metadata"] == {MARKER: made["metadata"][MARKER]}


def test_rename_by_id(estate, run_module):
    ident = seeded(estate)["id"]
    seeded(estate, name="taken")
    assert run_module(MODULE, {"id": ident, "name": "taken"}).code == "name_taken"
    result = run_module(MODULE, {"id": ident, "name": "new"})
    assert result["plan"][0]["body"] == {"cluster": {"name": "new"}}
    assert (result["changed"], cluster(estate, "new")["id"]) == (True, ident)
    assert run_module(MODULE, {"id": ident, "name": "new"})["changed"] is False


def test_a_new_profile_goes_to_all_nodes(estate, run_module):
    seeded(estate)
    result = run_module(MODULE, {"name": "web", "profile": "large"})
    assert not result.failed, result
    assert {node["profile_name"] for node in members(estate)} == {"large"}
    assert result["cluster"]["profile_name"] == "large"
    assert run_module(MODULE, {"name": "web", "profile": profile(estate, "large")})["changed"] is False


def test_a_new_profile_can_be_refused(estate, run_module):
    seeded(estate)
    result = run_module(MODULE, {"name": "web", "profile": "large", "on_profile_change": "fail"})
    assert (result.code, started(estate)) == ("profile_differs", [])


def test_profile_only_leaves_the_nodes_until_they_are_updated(estate, run_module):
    """No update of the cluster brings its own profile to its nodes: each is updated by itself."""
    seeded(estate)
    params = {"name": "web", "profile": "large", "on_profile_change": "profile_only"}
    result = run_module(MODULE, params)
    assert result["plan"][0]["body"]["cluster"]["profile_only"] is True
    assert {node["profile_name"] for node in members(estate)} == {"small"}
    assert run_module(MODULE, params)["changed"] is False
    brought = run_module(MODULE, {"name": "web", "profile": "large"})
    assert not brought.failed, brought
    assert [method for method, _path in sent(brought)] == ["PATCH", "PATCH"]
    assert {node["profile_name"] for node in members(estate)} == {"large"}
    assert run_module(MODULE, {"name": "web", "profile": "large"})["changed"] is False


@pytest.mark.parametrize(
    ("minor", "params", "word"),
    [
        (5, {"profile": "large", "on_profile_change": "profile_only"}, "1.6"),
        (7, {"state": "absent", "force": True}, "1.8"),
        (6, {"config": {"a": 1}}, "1.7"),
    ],
)
def test_an_older_service_is_not_asked_for_what_it_does_not_know(estate, run_module, minor, params, word):
    """Below 1.6 profile_only is dropped without a word, and all nodes are updated."""
    seeded(estate)
    estate.switches("clustering", max_minor=minor)
    result = run_module(MODULE, {"name": "web"} | params)
    assert (result.code, started(estate)) == ("microversion_too_low", [])
    assert word in result["msg"]


def test_an_older_service_is_used_for_the_rest(estate, run_module):
    estate.switches("clustering", max_minor=5)
    assert not run_module(MODULE, WEB).failed
    assert len(run_module(MODULE, WEB | {"desired_capacity": 3})["nodes"]) == 3
    estate.action("clustering", "server_orders", create=[{"error": "No valid host", "times": 1}])
    failed = run_module(MODULE, WEB | {"desired_capacity": 4})
    assert failed.code == "action_failed"  # whose nodes are not known here
    assert not run_module(MODULE, {"name": "web", "state": "absent"}).failed


def test_the_order_of_several_changes(estate, run_module):
    """Fewer servers are updated when the cluster shrinks first, and when it grows last."""
    seeded(estate, 3)
    shrunk = run_module(MODULE, WEB | {"profile": "large"})
    assert [method for method, _path in sent(shrunk)] == ["POST", "PATCH"]
    grown = run_module(MODULE, WEB | {"desired_capacity": 3})
    assert not grown.failed, grown
    assert [method for method, _path in sent(grown)] == ["PATCH", "POST"]
    assert {node["profile_name"] for node in members(estate)} == {"small"}


# --- what goes wrong on the server


def test_a_failed_creation_names_the_node_and_the_next_run_heals(estate, run_module):
    estate.action("clustering", "server_orders", create=[{"error": "No valid host was found", "times": 1}])
    first = run_module(MODULE, WEB)
    assert (first.failed, first.code, first["changed"], first["outcome"]) == (True, "action_failed", True, "finished")
    assert "No valid host was found" in first["msg"]
    assert any(node["name"] in first["msg"] for node in members(estate))
    assert first["error"]["action"] == first["actions"][0]
    checked = run_module(MODULE, WEB, check=True)
    second = run_module(MODULE, WEB)
    assert not second.failed, second
    assert second["plan"] == checked["plan"]
    assert [step["body"] for step in second["plan"]] == [{"recover": {"operation": "RECREATE", "check": True}}]
    assert [node["status"] for node in second["nodes"]] == ["ACTIVE", "ACTIVE"]
    assert run_module(MODULE, WEB)["changed"] is False
    assert len(members(estate)) == 2


def test_a_raised_capacity_is_not_taken_for_nodes(estate, run_module):
    run_module(MODULE, WEB)
    estate.action("clustering", "server_orders", create=[{"error": "No valid host", "times": 2}])
    assert run_module(MODULE, WEB | {"desired_capacity": 4}).code == "action_failed"
    assert cluster(estate)["desired_capacity"] == 4
    healed = run_module(MODULE, WEB | {"desired_capacity": 4})
    assert (healed["changed"], [node["status"] for node in healed["nodes"]]) == (True, ["ACTIVE"] * 4)


def test_a_parent_that_fails_early_is_waited_for(estate, run_module):
    """One node fails at once, the other takes a second more; until then the cluster is locked, and nobody's next run is refused."""
    orders = [{"error": "No valid host", "times": 1}, {"delay": 1.0, "times": 1}]
    estate.action("clustering", "server_orders", create=orders)
    failed = run_module(MODULE, WEB)
    assert failed.code == "action_failed"
    assert any(one["state"].startswith("FAILED, 1 NODE_CREATE under way") for one in failed["history"])
    assert all(one["status"] not in ("RUNNING", "WAITING") for one in estate.state("clustering")["actions"])


def test_a_failed_recovery_names_the_node_and_its_reason(estate, run_module):
    """The actions of its nodes have no cluster_id, so that they are found by their nodes. The node that takes longer is waited for, and one
    of another cluster that fails later is not told of."""
    assert not run_module(MODULE, WEB).failed
    assert not run_module(MODULE, WEB | {"name": "other"}).failed
    failed = heal(estate, run_module, "web", create=[{"error": "No valid host", "times": 1}, {"delay": 1.0, "times": 1}], gone=2)
    broken = [node["name"] for node in failed["nodes"] if node["status"] == "ERROR"]
    assert len(broken) == 1
    assert f"failed: node {broken[0]}: Failed in creating server: No valid host." in failed["msg"], failed["msg"]
    assert any(one["state"].startswith("FAILED, 1 NODE_RECOVER under way") for one in failed["history"])
    assert "Not here" in heal(estate, run_module, "other", create=[{"error": "Not here", "times": 1}], gone=1)["msg"]
    later = run_module("cluster_action", {"id": failed["actions"][0]})
    assert (later.code, later["msg"].count("; node ")) == ("action_failed", 0), later["msg"]
    assert f"failed: node {broken[0]}: Failed in creating" in later["msg"], later["msg"]


def heal(estate, run_module, name, *, create, gone):
    """A recovery that fails for this cluster, so many of whose servers are gone."""
    ident = next(one["id"] for one in estate.state("clustering")["clusters"] if one["name"] == name)
    servers = [one["physical_id"] for one in estate.state("clustering")["nodes"] if one["cluster_id"] == ident]
    estate.action("clustering", "server_orders", create=create, gone=servers[:gone])
    failed = run_module(MODULE, {"name": name, "state": "healthy"})
    assert failed.code == "action_failed", failed
    return failed


def test_a_partly_failed_update_is_finished_by_the_next_run(estate, run_module):
    seeded(estate, 3)
    estate.action("clustering", "server_orders", update=[{"error": "Busy", "times": 1}])
    params = {"name": "web", "profile": "large", "desired_capacity": 3}
    first = run_module(MODULE, params)
    assert first.code == "action_failed"
    assert "Busy" in first["msg"]
    assert cluster(estate)["profile_name"] == "small"
    second = run_module(MODULE, params)
    assert not second.failed, second
    assert {(node["profile_name"], node["status"]) for node in members(estate)} == {("large", "ACTIVE")}
    assert run_module(MODULE, params)["changed"] is False


def test_a_cluster_in_error_is_recovered_before_it_is_updated(estate, run_module):
    run_module(MODULE, WEB | {"min_size": 2})
    estate.action("clustering", "cluster", id=cluster(estate)["id"], status="ERROR")
    result = run_module(MODULE, WEB | {"min_size": 2, "metadata": {"a": 1}})
    assert not result.failed, result
    assert [step["method"] for step in result["plan"]] == ["POST", "PATCH"]
    assert cluster(estate)["status"] == "ACTIVE"


def test_an_action_under_way_is_waited_for(estate, run_module):
    """Before anything is planned; a cluster that is being made shows no node yet."""
    estate.switches("clustering", cluster_seconds=1.0)
    first = run_module(MODULE, WEB | {"wait": False})
    assert (first["changed"], first["outcome"]) == (True, "started")
    second = run_module(MODULE, WEB)
    assert (second["changed"], second["plan"], len(second["nodes"])) == (False, [], 2)


def test_the_wait_for_another_action_has_an_end(estate, run_module):
    estate.switches("clustering", cluster_seconds=30.0)
    run_module(MODULE, WEB | {"wait": False})
    result = run_module(MODULE, WEB | {"desired_capacity": 3, "lock_timeout": 0.3})
    assert (result.code, result["changed"]) == ("cluster_locked", False)
    assert "CLUSTER_CREATE" in result["msg"]
    assert started(estate) == ["CLUSTER_CREATE"]


def test_a_lock_that_was_taken_meanwhile_is_waited_out(estate, run_module):
    seeded(estate)
    locked = {"error": {"code": 409, "type": "ResourceIsLocked", "message": "already locked."}, "code": 409, "title": "Conflict"}
    estate.fault("clustering", "POST", "/actions$", times=2, status=409, body=json.dumps(locked))
    result = run_module(MODULE, WEB | {"desired_capacity": 3})
    assert (result.failed, len(result["nodes"])) == (False, 3)
    estate.fault("clustering", "POST", "/actions$", times=-1, status=409, body=json.dumps(locked))
    refused = run_module(MODULE, WEB | {"desired_capacity": 4, "lock_timeout": 0.3})
    assert (refused.code, refused["outcome"], refused["changed"]) == ("cluster_locked", "not_started", False)


def test_the_time_is_over(estate, run_module):
    estate.switches("clustering", cluster_seconds=30.0)
    result = run_module(MODULE, WEB | {"wait_timeout": 0.2})
    assert (result.code, result["outcome"], result["changed"]) == ("wait_timeout", "started", True)
    assert result["actions"][0] in result["msg"]


def test_an_engine_that_dies(estate, run_module):
    seeded(estate)
    estate.switches("clustering", cluster_seconds=30.0, node_seconds=20.0)
    run_module(MODULE, WEB | {"desired_capacity": 3, "wait": False})
    estate.action("clustering", "kill_engine")
    estate.switches("clustering", cluster_seconds=0.2, node_seconds=0.1)
    assert cluster(estate)["status"] == "RESIZING"
    healed = run_module(MODULE, WEB | {"desired_capacity": 3})
    assert not healed.failed, healed
    assert (cluster(estate)["status"], [node["status"] for node in members(estate)]) == ("ACTIVE", ["ACTIVE"] * 3)


# --- healthy


def test_healthy_sends_nothing_to_a_cluster_that_is_well(estate, run_module):
    seeded(estate)
    result = run_module(MODULE, {"name": "web", "state": "healthy"})
    assert (result["changed"], result["plan"], started(estate)) == (False, [], [])
    assert run_module(MODULE, {"name": "nope", "state": "healthy"}).code == "cluster_not_found"


@pytest.mark.parametrize("fault", ["gone", "status"])
def test_a_server_that_is_gone_is_made_anew(estate, run_module, fault):
    """Its node still says ACTIVE: only the server can tell. No action is needed to see it, so check mode sees it too."""
    seeded(estate, 3)
    victim = members(estate)[0]["physical_id"]
    estate.action("clustering", "server_orders", **{fault: [victim] if fault == "gone" else {victim: "ERROR"}})
    checked = run_module(MODULE, {"name": "web", "state": "healthy"}, check=True)
    assert (checked["changed"], started(estate)) == (True, [])
    assert checked["diff"]["before"]["web"]["active_nodes"] == 2
    result = run_module(MODULE, {"name": "web", "state": "healthy"})
    assert not result.failed, result
    assert result["plan"] == checked["plan"]
    assert started(estate) == ["CLUSTER_RECOVER"]
    assert victim not in {node["physical_id"] for node in members(estate)}
    assert run_module(MODULE, {"name": "web", "state": "healthy"})["changed"] is False


def test_healthy_tells_that_it_brings_nothing_else(estate, run_module, capsys):
    seeded(estate)
    since = estate.last()
    assert not run_module(MODULE, {"name": "web", "state": "healthy"}).failed
    assert "WARNING" not in capsys.readouterr().err
    result = run_module(MODULE, {"name": "web", "state": "healthy", "desired_capacity": 5, "policies": ["one"]})
    assert (result["changed"], changing(estate, since)) == (False, [])
    assert "desired_capacity, policies" in capsys.readouterr().err


def test_healthy_of_stacks_is_what_the_service_knows(estate, run_module):
    estate.seed(clustering={"clusters": [{"name": "net", "profile": "stack", "project": "demo", "nodes": 1}]})
    estate.fault("clustering", "GET", "/attrs/details.status", status=200, body=json.dumps({"cluster_attributes": []}))
    assert run_module(MODULE, {"name": "net", "state": "healthy"})["changed"] is False


# --- absent


def test_absent(estate, run_module):
    seeded(estate, 3)
    checked = run_module(MODULE, {"name": "web", "state": "absent"}, check=True)
    assert (checked["changed"], started(estate), checked["diff"]["after"]) == (True, [], {})
    result = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (result["changed"], result["cluster"], result["nodes"]) == (True, None, [])
    assert estate.state("clustering")["clusters"] == estate.state("clustering")["nodes"] == []
    again = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (again["changed"], again["plan"]) == (False, [])


def test_a_node_that_cannot_be_deleted(estate, run_module):
    seeded(estate, 2)
    estate.action("clustering", "server_orders", delete=[{"error": "Busy", "times": 1}])
    first = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (first.code, first["changed"]) == ("action_failed", True)
    assert "Busy" in first["msg"]
    assert not run_module(MODULE, {"name": "web", "state": "absent"}).failed
    assert estate.state("clustering")["clusters"] == []


def test_a_stuck_cluster_is_deleted_by_force_only(estate, run_module):
    ident = seeded(estate)["id"]
    estate.action("clustering", "cluster", id=ident, status="UPDATING")
    refused = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (refused.code, started(estate)) == ("cluster_stuck", [])
    forced = run_module(MODULE, {"name": "web", "state": "absent", "force": True})
    assert (forced["changed"], forced["plan"][0]["query"]) == (True, {"force": "true"})
    assert estate.state("clustering")["clusters"] == []


# --- answers that are lost


@pytest.mark.parametrize("when", ["after", "late"])
def test_a_creation_whose_answer_is_lost_is_found(estate, run_module, when):
    estate.fault("clustering", "POST", f"^{CLUSTERS}$", reset=when, **({"apply_after": 0.3} if when == "late" else {}))
    result = run_module(MODULE, WEB)
    assert not result.failed, result
    assert (result["changed"], result["reconciled"], result["cluster"]["status"]) == (True, True, "ACTIVE")
    assert len(estate.state("clustering")["clusters"]) == 1
    assert started(estate) == ["CLUSTER_CREATE"]


@pytest.mark.parametrize(
    ("method", "path", "params", "kind"),
    [
        ("POST", "/actions$", {"desired_capacity": 3}, "CLUSTER_RESIZE"),
        ("PATCH", CLUSTERS, {"profile": "large"}, "CLUSTER_UPDATE"),
        ("DELETE", CLUSTERS, {"state": "absent"}, "CLUSTER_DELETE"),
    ],
)
def test_a_change_whose_answer_is_lost_is_found(estate, run_module, method, path, params, kind):
    seeded(estate)
    estate.fault("clustering", method, path, reset="after")
    result = run_module(MODULE, {"name": "web"} | params)
    assert not result.failed, result
    assert (result["changed"], result["reconciled"]) == (True, True)
    assert started(estate) == [kind]


def test_a_request_that_never_arrived_is_not_sent_again(estate, run_module):
    estate.fault("clustering", "POST", f"^{CLUSTERS}$", reset="before")
    result = run_module(MODULE, WEB | {"reconcile_timeout": 0.3})
    assert (result.failed, result["outcome"], estate.state("clustering")["clusters"]) == (True, "unknown", [])
    assert not run_module(MODULE, WEB).failed
    assert len(estate.state("clustering")["clusters"]) == 1


# --- info


def test_info(estate, run_module):
    first = seeded(estate, 2)
    seeded(estate, 1, name="db")
    estate.action("clustering", "cluster", id=first["id"], status="WARNING")
    both = run_module(INFO)["clusters"]
    assert {one["name"]: len(one["members"]) for one in both} == {"web": 2, "db": 1}
    assert [one["name"] for one in run_module(INFO, {"status": "WARNING"})["clusters"]] == ["web"]
    (named,) = run_module(INFO, {"name": "db", "with_nodes": False})["clusters"]
    assert "members" not in named
    assert run_module(INFO, {"id": first["id"]})["clusters"][0]["name"] == "web"
    assert run_module(INFO, {"name": "none"})["clusters"] == []


def test_policies_that_are_no_names(empty_sim, run_module):
    result = run_module("cluster", {"name": "web", "profile": "small", "policies": [{"policy": "oldest"}]})
    assert (result.code, changing(empty_sim)) == ("config_cluster", [])
    assert "policies is a list of names" in result["msg"]


@pytest.mark.parametrize(("how", "told"), [("update", 2), ("profile_only", None)])
def test_the_diff_of_another_profile_says_how_many_nodes_are_updated(empty_sim, run_module, how, told):
    seed(empty_sim, "small", NOVA)
    seed(empty_sim, "large", NOVA)
    empty_sim.seed(clustering={"clusters": [{"name": "web", "profile": "small", "project": "demo", "nodes": 2}]})
    result = run_module(MODULE, {"name": "web", "profile": "large", "on_profile_change": how}, check=True)
    assert result["diff"]["after"]["web"].get("updated_nodes") == told
    assert ("its 2 nodes are updated" in result["plan"][0]["why"]) is (told is not None)
    assert "updated_nodes" not in run_module(MODULE, {"name": "web", "profile": "small"}, check=True)["diff"]["after"]["web"]
