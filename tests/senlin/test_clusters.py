# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters in the real service: what the modules keep, and each of the service's traps.

An action with nodes takes the service about four seconds, so each test walks through several states.
"""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from middleman import Passing, between
from plays import COLLECTION, Player, Task
from real_cloud import Account, Cloud

Spec = Callable[..., dict[str, Any]]
QUICK = {"poll_interval": 0.3}


def cluster(**options: Any) -> Task:
    return {f"{COLLECTION}.cluster": {**QUICK, **options}}


def names_of(steps: list[dict[str, Any]]) -> list[str]:
    return [next(iter(step["body"])) if step["body"] else step["method"] for step in steps]


@pytest.fixture
def spec(name: str) -> Spec:
    """A spec of servers with a name that only this test orders to fail."""

    def make(**properties: Any) -> dict[str, Any]:
        given = {"name": name, "flavor": "1", "image": "image", "networks": [{"network": "private"}], **properties}
        return {"type": "os.nova.server", "version": "1.0", "properties": given}

    return make


@pytest.fixture
def small(alone: Account, spec: Spec) -> dict[str, Any]:
    return alone.create("small", spec())


@pytest.fixture(autouse=True)
def no_orders(cloud: Cloud) -> Iterator[None]:
    yield
    cloud.orders()


def test_the_whole_life_of_a_cluster(play: Player, alone: Account, spec: Spec, name: str) -> None:
    """From a bare profile to three nodes, to five, to a new profile with one node that fails, healed, deleted. Every task runs
    twice, and the second run adds no action."""
    profiles = [{"name": "small", "spec": spec()}, {"name": "large", "spec": spec(name=f"{name}-large")}]
    wanted = {"name": name, "profile": "small", "desired_capacity": 3, "max_size": 6, "metadata": {"owner": "web"}}
    (checked,) = play(alone.connection, {f"{COLLECTION}.cluster_profile": {"profiles": profiles}}, check=True)
    assert checked["changed"]
    made, again = play(
        alone.connection, {f"{COLLECTION}.cluster_profile": {"profiles": profiles}}, cluster(**wanted), cluster(**wanted)
    )[1:]
    assert (made["changed"], made["outcome"], made["cluster"]["status"]) == (True, "finished", "ACTIVE"), made
    assert [node["status"] for node in made["nodes"]] == ["ACTIVE"] * 3
    assert any("3 NODE_CREATE under way" in one["state"] for one in made["history"]), made["history"]
    assert (again["changed"], again["plan"], again["cluster"]) == (False, [], made["cluster"])

    grown, again = play(alone.connection, cluster(**wanted | {"desired_capacity": 5}), cluster(**wanted | {"desired_capacity": 5}))
    assert (grown["changed"], len(grown["nodes"]), again["changed"]) == (True, 5, False), grown
    assert [one["action"] for one in alone.actions()] == ["CLUSTER_CREATE", "CLUSTER_RESIZE"]

    alone.cloud.orders(update=[{"error": "No room", "times": 1, "name": f"{name}*"}])
    moved = wanted | {"desired_capacity": 5, "profile": "large"}
    failed, healed, again = play(alone.connection, cluster(**moved), cluster(**moved), cluster(**moved))
    assert (failed["failed"], failed["changed"], failed["error"]["code"]) == (True, True, "action_failed")
    assert "No room" in failed["msg"], failed["msg"]
    assert any(node["name"] in failed["msg"] for node in failed["nodes"])
    assert (healed.get("failed", False), healed["cluster"]["profile_name"]) == (False, "large"), healed
    assert {(node["status"], node["profile_id"]) for node in healed["nodes"]} == {("ACTIVE", healed["cluster"]["profile_id"])}
    assert (again["changed"], again["plan"]) == (False, [])

    before = {node["id"]: node["physical_id"] for node in alone.nodes()}
    victim = next(iter(before))
    alone.cloud.orders(gone=[before[victim]])
    (foretold,) = play(alone.connection, cluster(name=name, state="healthy"), check=True)
    count = len(alone.actions())
    well, again = play(alone.connection, cluster(name=name, state="healthy"), cluster(name=name, state="healthy"))
    assert (foretold["changed"], foretold["plan"], well["changed"]) == (True, well["plan"], True), well
    after = {node["id"]: node["physical_id"] for node in alone.nodes()}
    assert [ident for ident in before if before[ident] != after[ident]] == [victim]
    assert (again["changed"], len(alone.actions())) == (False, count + 1)

    gone, again = play(alone.connection, cluster(name=name, state="absent"), cluster(name=name, state="absent"))
    assert (gone["changed"], gone["cluster"], again["changed"]) == (True, None, False)
    assert (alone.clusters(), alone.nodes()) == ([], [])


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
    for trap in ("____", ident[:2], ident[:8], ident):
        (gone,) = play(alone.connection, cluster(name=trap, state="absent"))
        assert (gone["changed"], gone["plan"]) == (False, []), trap
    for state in ("absent", "healthy"):
        (other,) = play(admin.connection, cluster(name=name, state=state))
        assert (other["changed"], other.get("failed", False)) == (False, state == "healthy")
    (by_id,) = play(admin.connection, cluster(id=ident, state="absent"))
    assert by_id["changed"] is False
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
    wanted = {"name": name, "profile": "small", "desired_capacity": 1}
    refused = play(
        alone.connection,
        cluster(**wanted),
        cluster(**wanted | {"min_size": 2}),
        cluster(**wanted | {"max_size": 0}),
        cluster(**wanted | {"profile": "nope"}),
        cluster(**wanted | {"profile": "stack"}),
        cluster(**wanted | {"policies": ["nope"]}),
        cluster(**wanted | {"name": "a b"}),
    )[1:]
    codes = [one["error"]["code"] for one in refused]
    assert codes == ["config_size", "config_size", "profile_not_found", "profile_type_differs", "policy_not_found", "config_name"]
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
