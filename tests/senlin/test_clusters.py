# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters in the real service: what the modules keep.

Where the service is not what it looks like: test_cluster_traps.py.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from middleman import Passing, between
from plays import Player, cluster
from real_cloud import Account

BOOK = Path(__file__).resolve().parent / "data" / "life_of_a_cluster.yml"
Spec = Callable[..., dict[str, Any]]
pytestmark = pytest.mark.usefixtures("no_orders")


def names_of(steps: list[dict[str, Any]]) -> list[str]:
    return [next(iter(step["body"])) if step["body"] else step["method"] for step in steps]


def test_the_whole_life_of_a_cluster(play: Player, alone: Account, spec: Spec, name: str) -> None:
    """One playbook, run twice: from a bare profile to three nodes, to five, to a new profile with one node that fails, healed,
    deleted. What each of its steps has to bring stands in it."""
    variables = {"auth": alone.login, "ca_path": alone.cloud.settings["ca"], "server_orders": alone.cloud.settings["server_orders"]}
    variables |= {"spec": spec(), "cluster_name": name}
    kinds = ("CREATE", "RESIZE", "UPDATE", "UPDATE", "RECOVER", "RECOVER", "DELETE")  # one recovery is the first part of finishing the move
    for run in (1, 2):
        alone.cloud.orders()
        play.playbook(str(BOOK), "-e", json.dumps(variables | {"rack": run}))
        asked = sorted(one["action"] for one in alone.actions())
        assert asked == sorted(f"CLUSTER_{kind}" for kind in kinds * run)
        assert (alone.clusters(), alone.nodes(), alone.profiles()) == ([], [], [])


def test_the_nodes_are_seen_on_their_way(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    alone.cloud.orders(create=[{"delay": 2.0, "name": name}])
    (made,) = play(alone.connection, cluster(name=name, profile="small", desired_capacity=3))
    assert (made["changed"], made["outcome"], len(made["nodes"])) == (True, "finished", 3), made
    assert any("3 NODE_CREATE under way" in one["state"] for one in made["history"]), made["history"]


def test_a_failed_recovery_names_the_node_and_its_reason(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """The actions of its nodes have no cluster_id. The node that takes longer is waited for, though the parent has failed before."""
    wanted = {"name": name, "profile": "small", "desired_capacity": 2}
    play(alone.connection, cluster(**wanted))
    servers = [node["physical_id"] for node in alone.nodes()]
    slow_and_failing = [{"error": "No valid host", "times": 1, "name": name}, {"delay": 4.0, "times": 1, "name": name}]
    alone.cloud.orders(create=slow_and_failing, gone=servers)
    failed, healed = play(alone.connection, *[cluster(name=name, state="healthy")] * 2)
    (broken,) = [node["name"] for node in failed["nodes"] if node["status"] == "ERROR"]
    assert failed["error"]["code"] == "action_failed"
    assert f"node {broken}: " in failed["msg"]
    assert "No valid host" in failed["msg"]
    assert any("NODE_RECOVER under way" in one["state"] for one in failed["history"]), failed["history"]
    assert [node["status"] for node in healed["nodes"]] == ["ACTIVE", "ACTIVE"]


def test_a_capacity_that_stays_raised(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """After a failed creation and a failed growth the nodes are counted, not the number that the cluster shows. The parent fails
    with the first node while the other still runs; nobody's next request meets the lock."""
    alone.cloud.orders(create=[{"error": "No valid host", "times": 1, "name": name}, {"delay": 2.0, "times": 1, "name": name}])
    wanted = {"name": name, "profile": "small", "desired_capacity": 2}
    failed, healed = play(alone.connection, cluster(**wanted), cluster(**wanted))
    assert failed["error"]["code"] == "action_failed"
    assert "No valid host" in failed["msg"]
    assert names_of(healed["plan"]) == ["recover"]
    assert [node["status"] for node in healed["nodes"]] == ["ACTIVE", "ACTIVE"]

    alone.cloud.orders(create=[{"error": "No valid host", "times": 2, "name": name}])
    failed, healed, again = play(alone.connection, *[cluster(**wanted | {"desired_capacity": 4})] * 3)
    assert failed["error"]["code"] == "action_failed"
    assert failed["cluster"]["desired_capacity"] == 4
    assert [node["status"] for node in healed["nodes"]] == ["ACTIVE"] * 4
    assert again["changed"] is False


def test_profile_only_and_its_way_back(play: Player, alone: Account, small: dict[str, Any], spec: Spec, name: str) -> None:
    large = alone.create("large", spec(name=f"{name}-large"))
    wanted = {"name": name, "profile": "small", "desired_capacity": 2}
    only = wanted | {"profile": "large", "on_profile_change": "profile_only"}
    _made, kept, again, refused = play(
        alone.connection, cluster(**wanted), cluster(**only), cluster(**only), cluster(**wanted | {"on_profile_change": "fail"})
    )
    assert (kept["changed"], kept["cluster"]["profile_id"], again["changed"]) == (True, large["id"], False)
    assert {node["profile_id"] for node in kept["nodes"]} == {small["id"]}
    assert refused["error"]["code"] == "profile_differs"
    brought, again = play(alone.connection, cluster(name=name, profile="large"), cluster(name=name, profile="large"))
    assert not brought.get("failed"), brought
    assert {node["profile_id"] for node in brought["nodes"]} == {large["id"]}
    assert again["changed"] is False


def test_names(play: Player, alone: Account, small: dict[str, Any], admin: Account, name: str) -> None:
    """Wildcards and prefixes hit nothing, twins are told apart by id, and an administrator leaves other projects alone."""
    (made,) = play(alone.connection, cluster(name=name, profile="small", desired_capacity=0))
    ident = made["cluster"]["id"]
    traps = ("____", ident[:2], ident[:8], ident)
    for trap, gone in zip(traps, play(alone.connection, *[cluster(name=trap, state="absent") for trap in traps]), strict=True):
        assert (gone["changed"], gone["plan"]) == (False, []), trap
    absent, healthy, by_id = play(
        admin.connection, cluster(name=name, state="absent"), cluster(name=name, state="healthy"), cluster(id=ident, state="absent")
    )
    assert [one["changed"] for one in (absent, healthy, by_id)] == [False] * 3
    assert [one.get("failed", False) for one in (absent, healthy, by_id)] == [False, True, False]
    reply = alone.call("POST", "/v1/clusters", {"cluster": {"name": name, "profile_id": small["id"]}})
    assert reply.status_code == 202
    twins = play(alone.connection, cluster(name=name, state="absent"), cluster(name=name, profile="small"))
    assert [one["error"]["code"] for one in twins] == ["name_ambiguous"] * 2
    (gone,) = play(alone.connection, cluster(id=ident, state="absent"))
    assert gone["changed"]
    assert [one["id"] for one in alone.clusters()] == [reply.json()["cluster"]["id"]]


def test_refusals_before_anything_is_sent(
    play: Player, alone: Account, small: dict[str, Any], heat_spec: dict[str, Any], name: str
) -> None:
    alone.create("stack", heat_spec)
    policy = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
    for one in ("one", "two"):
        assert alone.call("POST", "/v1/policies", {"policy": {"name": one, "spec": policy}}).status_code == 201
    wanted = {"name": name, "profile": "small", "desired_capacity": 1}
    refused = play(
        alone.connection,
        cluster(**wanted),
        cluster(**wanted | {"min_size": 2}),
        cluster(**wanted | {"max_size": 0}),
        cluster(**wanted | {"profile": "nope"}),
        cluster(**wanted | {"profile": "stack"}),
        cluster(**wanted | {"policies": ["nope"]}),
        cluster(**wanted | {"policies": ["one", "two"]}),
        cluster(**wanted | {"config": {"cluster.stop_timeout_before_update": "soon"}}),
        *[cluster(**wanted | {"name": one}) for one in ("a b", "a\x07", "a\nb")],
    )[1:]
    codes = ["config_size", "config_size", "profile_not_found", "profile_type_differs", "policy_not_found"]
    codes += ["policy_type_taken", "config_cluster", "config_name", "config_name", "config_name"]
    assert [one["error"]["code"] for one in refused] == codes
    assert all("Nothing was changed." in one["msg"] for one in refused)
    assert [one["action"] for one in alone.actions()] == ["CLUSTER_CREATE"]


def test_two_runs_at_once(play: Player, alone: Account, small: dict[str, Any], name: str, tmp_path: Path) -> None:
    """On two control nodes: one waits for the other's action, and one cluster of the right size is the end of it."""
    wanted = {"name": name, "profile": "small", "desired_capacity": 1}
    play(alone.connection, cluster(**wanted))
    players = []
    for number in (1, 2):
        folder = tmp_path / f"node-{number}"
        folder.mkdir()
        players.append(Player(folder, Path(os.environ["ANSIBLE_COLLECTIONS_PATH"])))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(one, alone.connection, cluster(**wanted | {"desired_capacity": 3})) for one in players]
        results = [run.result()[0] for run in runs]
    assert not any(one.get("failed") for one in results), results
    (found,) = alone.clusters()
    assert (found["desired_capacity"], len(alone.nodes(found["id"]))) == (3, 3)


@pytest.mark.parametrize("what", ["create", "resize", "delete"])
def test_answers_that_are_lost(play: Player, alone: Account, small: dict[str, Any], name: str, what: str) -> None:
    """The request arrives, its answer does not: the effect is found, and the request is not sent again."""
    wanted = {"name": name, "profile": "small", "desired_capacity": 2}
    task = {"create": wanted, "resize": wanted | {"desired_capacity": 3}, "delete": {"name": name, "state": "absent"}}[what]
    if what != "create":
        play(alone.connection, cluster(**wanted))
    method, part = {"create": ("POST", "/v1/clusters"), "resize": ("POST", "/actions"), "delete": ("DELETE", "/v1/clusters/")}[what]
    lost = []

    def hook(passing: Passing) -> Any:
        reply = passing.forward()
        if passing.method == method and part in passing.path and not lost:
            lost.append(passing.path)
            raise ConnectionResetError
        return reply

    with between(alone.cloud.settings["plain_clustering"], hook) as middleman:
        auth = {**alone.login, "auth_url": alone.cloud.settings["plain_keystone"]}
        (result,) = play({"auth": auth, "endpoint_override": middleman.url}, cluster(**task))
    assert lost
    assert (result.get("failed", False), result["changed"], result["reconciled"]) == (False, True, True), result
    assert len(alone.clusters()) == (0 if what == "delete" else 1)
    assert sum(one["action"] == f"CLUSTER_{what.upper()}" for one in alone.actions()) == 1
