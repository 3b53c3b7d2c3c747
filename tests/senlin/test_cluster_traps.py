# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters where the real service is not what it looks like: busy, old, full, killed, or slower than the task that waits."""

from __future__ import annotations

import concurrent.futures
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from middleman import Passing, between
from plays import COLLECTION, Player, cluster
from real_cloud import Account, Cloud

pytestmark = pytest.mark.usefixtures("no_orders")
Spec = Callable[..., dict[str, Any]]
VERSION = "1.14"


def plain(account: Account, url: str) -> dict[str, Any]:
    """The connection of an account through a middleman, without TLS."""
    return {"auth": {**account.login, "auth_url": account.cloud.settings["plain_keystone"]}, "endpoint_override": url}


def until(true: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, what
        time.sleep(0.1)
    return found


def created(account: Account, name: str, profile: str, size: int) -> str:
    """The id of a new cluster, once it is there."""
    body = {"cluster": {"name": name, "profile_id": profile, "desired_capacity": size}}
    reply = account.call("POST", "/v1/clusters", body, microversion=VERSION)
    assert reply.status_code == 202, reply.text
    ident = reply.json()["cluster"]["id"]
    settled(account, ident)
    return ident


def settled(account: Account, ident: str) -> None:
    """Until no action of the cluster is open."""
    last = ("SUCCEEDED", "FAILED", "CANCELLED")
    until(lambda: all(one["status"] in last for one in account.listing("actions", f"?cluster_id={ident}")), "the actions have not ended")


def test_what_the_status_says_is_not_believed(play: Player, alone: Account, small: dict[str, Any], spec: Spec, name: str) -> None:
    """A cluster shows ACTIVE before its action begins and again before it ends. Here it shows that all the time: the action is what
    is waited for."""
    large = alone.create("large", spec(name=f"{name}-large"))
    created(alone, name, small["id"], 2)
    alone.cloud.orders(update=[{"delay": 2.0, "name": name}])

    def cover(passing: Passing) -> requests.Response:
        reply = passing.forward()
        if passing.method == "GET" and passing.path.startswith("/v1/clusters?"):
            body = reply.json()
            for one in body["clusters"]:
                one["status"] = "ACTIVE"
            reply._content = json.dumps(body).encode()
        return reply

    with between(alone.cloud.settings["plain_clustering"], cover) as middleman:
        (moved,) = play(plain(alone, middleman.url), cluster(name=name, profile="large"))
    assert (moved.get("failed", False), moved["changed"], moved["cluster"]["profile_id"]) == (False, True, large["id"]), moved
    assert {node["profile_id"] for node in moved["nodes"]} == {large["id"]}
    action = alone.listing("actions", f"?cluster_id={moved['cluster']['id']}&action=CLUSTER_UPDATE")[0]
    assert (moved["actions"], action["status"]) == ([action["id"]], "SUCCEEDED")
    assert action["end_time"] - action["start_time"] >= 2.0


def test_a_lock_that_is_taken_between_reading_and_sending(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """The service refuses with 409, which is sent again until lock_timeout, and only that."""
    ident = created(alone, name, small["id"], 1)
    alone.cloud.orders(create=[{"delay": 2.5, "name": name}])
    answers: list[int] = []

    def grow(passing: Passing) -> requests.Response:
        """Somebody else is quicker than the first request."""
        if passing.method != "POST":
            return passing.forward()
        if not answers:
            body = {"resize": {"adjustment_type": "CHANGE_IN_CAPACITY", "number": 1}}
            alone.call("POST", f"/v1/clusters/{ident}/actions", body, microversion=VERSION)
            until(lambda: alone.clusters()[0]["status"] == "RESIZING", "the other resize has not begun")
        reply = passing.forward()
        answers.append(reply.status_code)
        return reply

    with between(alone.cloud.settings["plain_clustering"], grow) as middleman:
        (grown,) = play(plain(alone, middleman.url), cluster(name=name, desired_capacity=3))
    assert (grown.get("failed", False), len(grown["nodes"])) == (False, 3), grown
    assert set(answers[:-1]) == {409}
    assert answers[-1] == 202

    answers.clear()
    with between(alone.cloud.settings["plain_clustering"], grow) as middleman:
        (refused,) = play(plain(alone, middleman.url), cluster(name=name, desired_capacity=5, lock_timeout=0.5))
    assert (refused["error"]["code"], refused["outcome"], refused["changed"]) == ("cluster_locked", "not_started", False)
    assert set(answers) == {409}
    settled(alone, ident)
    assert alone.clusters()[0]["desired_capacity"] == 4


def test_an_older_service(play: Player, strict_cloud: Cloud, spec: Spec, name: str) -> None:
    """Below 1.6 it takes profile_only for nothing and updates every node. What it would not heed is refused; the rest works."""
    strict_cloud.orders()
    with strict_cloud.own_project() as old:
        small, large = old.create("small", spec()), old.create("large", spec(flavor="2"))
        made, refused, forced, configured, healthy, grown = play(
            old.connection,
            cluster(name=name, profile="small", desired_capacity=1),
            cluster(name=name, profile="large", on_profile_change="profile_only"),
            cluster(name=name, state="absent", force=True),
            cluster(name=name, config={"node.name.format": "web-$I"}),
            cluster(name=name, state="healthy"),
            cluster(name=name, desired_capacity=2),
        )
        assert (made["changed"], grown["changed"], len(grown["nodes"])) == (True, True, 2), grown
        assert (healthy["changed"], healthy["plan"]) == (False, [])
        for result, needed in ((refused, "1.6"), (forced, "1.8"), (configured, "1.7")):
            assert (result["error"]["code"], result["changed"]) == ("microversion_too_low", False), result
            assert needed in result["msg"]
            assert "which has 1.5" in result["msg"]
        ident = made["cluster"]["id"]
        again = renewed(old)
        assert {node["profile_id"] for node in again.nodes(ident)} == {small["id"]}
        # What the refusal keeps from happening.
        body = {"cluster": {"profile_id": large["id"], "profile_only": True}}
        assert again.call("PATCH", f"/v1/clusters/{ident}", body, microversion="1.5").status_code == 202
        until(lambda: {node["profile_id"] for node in renewed(old).nodes(ident)} == {large["id"]}, "profile_only was heeded")
        (gone,) = play(old.connection, cluster(name=name, state="absent"))
        assert (gone.get("failed", False), gone["changed"], renewed(old).clusters()) == (False, True, []), gone


def renewed(account: Account) -> Account:
    """The same with a new token, where they do not live long."""
    return account.cloud.account(account.login["username"], password=account.login["password"], project=account.login["project_name"])


def test_over_quota(play: Player, fragile_cloud: Cloud, spec: Spec, name: str) -> None:
    """The service says 500, which elsewhere leaves open what has happened. It is a refusal, and is not sent again."""
    rows = [{"name": f"{name}-{number}", "profile": "small", "desired_capacity": 0} for number in range(3)]
    with fragile_cloud.own_project() as member:
        member.create("small", spec())
        with between(fragile_cloud.settings["plain_clustering"], Passing.forward) as middleman:
            first, second = play(plain(member, middleman.url), *[cluster(clusters=rows, concurrency=1)] * 2)
            assert middleman.count("POST", "/v1/clusters") == 3 + 1
        for result, others in ((first, True), (second, False)):
            assert [row["changed"] for row in result["clusters"]] == [others, others, False]
            assert [row["outcome"] for row in result["clusters"]] == [*(["finished" if others else "none"] * 2), "not_started"]
            error = result["clusters"][2]["error"]
            assert (error["code"], error["status"]) == ("over_quota", 500)
            assert "quota" in result["msg"]
        assert sorted(one["name"] for one in member.clusters()) == [row["name"] for row in rows[:2]]


def test_an_engine_that_is_killed_in_the_middle(play: Player, fragile_cloud: Cloud, spec: Spec, name: str) -> None:
    """Its actions fail when another engine finds it dead, and leave statuses that nothing ends any more. The run that waits tells
    the reason, the next one heals, and what cannot be healed is deleted by force only."""
    wanted = {"name": f"{name}-grown", "profile": "small", "desired_capacity": 2}
    with fragile_cloud.own_project() as member:
        small = member.create("small", spec())
        ident = created(member, wanted["name"], small["id"], 1)
        fragile_cloud.orders(create=[{"delay": 300.0, "name": name}])

        def kill() -> None:
            until(
                lambda: [one["status"] for one in member.listing("actions") if one["action"] == "NODE_CREATE"].count("RUNNING") == 3,
                "three nodes are not being made",
            )
            fragile_cloud.crash()
            fragile_cloud.orders()

        rows = [wanted, {**wanted, "name": f"{name}-new"}]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            killed = pool.submit(kill)
            (failed,) = play(member.connection, cluster(clusters=rows, poll_interval=1.0))
            killed.result()
        for row in failed["clusters"]:
            assert (row["error"]["code"], row["outcome"], row["changed"]) == ("action_failed", "finished", True), row
            assert "Engine failure" in row["error"]["message"]
        stuck = {one["name"]: one["status"] for one in member.clusters()}
        assert stuck == {f"{name}-grown": "RESIZING", f"{name}-new": "CREATING"}

        healed, again, refused, forced = play(
            member.connection,
            cluster(**wanted),
            cluster(**wanted),
            cluster(name=f"{name}-new", state="absent"),
            cluster(name=f"{name}-new", state="absent", force=True),
        )
        assert (healed.get("failed", False), healed["cluster"]["id"], healed["cluster"]["status"]) == (False, ident, "ACTIVE"), healed
        assert [node["status"] for node in healed["nodes"]] == ["ACTIVE"] * 2
        assert again["changed"] is False
        assert (refused["error"]["code"], refused["changed"]) == ("cluster_stuck", False)
        assert (forced.get("failed", False), forced["changed"]) == (False, True), forced
        assert [one["name"] for one in member.clusters()] == [wanted["name"]]


def test_a_cluster_in_error_takes_no_update(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """Fewer nodes than min_size: the service refuses to update it, so it is recovered first."""
    alone.cloud.orders(create=[{"error": "No valid host", "times": 2, "name": name}])
    wanted = {"name": name, "profile": "small", "desired_capacity": 2, "min_size": 2}
    failed, healed = play(alone.connection, cluster(**wanted), cluster(**wanted, metadata={"a": 1}))
    assert (failed["error"]["code"], failed["cluster"]["status"]) == ("action_failed", "ERROR")
    assert [step["method"] for step in healed["plan"]] == ["POST", "PATCH"]
    assert (healed["cluster"]["status"], healed["cluster"]["metadata"]["a"]) == ("ACTIVE", 1)


def test_the_time_is_over_and_the_action_goes_on(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """Nothing is cancelled, the message names the action, and the next run joins the wait and asks for nothing."""
    alone.cloud.orders(create=[{"delay": 6.0, "name": name}])
    wanted = {"name": name, "profile": "small", "desired_capacity": 1}
    late, joined = play(alone.connection, cluster(**wanted, wait_timeout=0.5), cluster(**wanted))
    assert (late["error"]["code"], late["outcome"], late["changed"]) == ("wait_timeout", "started", True)
    (action,) = alone.actions()
    assert action["id"] in late["msg"]
    assert (joined.get("failed", False), joined["changed"], joined["cluster"]["status"]) == (False, False, "ACTIVE"), joined
    assert [node["status"] for node in joined["nodes"]] == ["ACTIVE"]


def test_a_cooldown_holds_up_no_resize(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """After a webhook has scaled out, the policy refuses to scale for a while; exact sizes are not its business. Shrinking takes
    the oldest nodes, as a policy of deletion says."""
    ident = created(alone, name, small["id"], 1)
    scaling = {"type": "senlin.policy.scaling", "version": "1.0", "properties": {
        "event": "CLUSTER_SCALE_OUT", "adjustment": {"type": "CHANGE_IN_CAPACITY", "number": 1, "cooldown": 600}}}  # fmt: skip
    oldest = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
    policies = [{"name": "scaling", "spec": scaling}, {"name": "oldest", "spec": oldest}]
    play(
        alone.connection,
        {f"{COLLECTION}.cluster_policy": {"policies": policies}},
        cluster(name=name, policies=["scaling", "oldest"]),
    )
    scale = f"/v1/clusters/{ident}/actions"
    assert alone.call("POST", scale, {"scale_out": {}}, microversion=VERSION).status_code == 202
    settled(alone, ident)
    refused = alone.call("POST", scale, {"scale_out": {}}, microversion=VERSION)
    assert (refused.status_code, refused.json()["error"]["type"]) == (409, "ActionCooldown")
    born = [node["id"] for node in sorted(alone.nodes(ident), key=lambda node: node["index"])]
    grown, shrunk = play(alone.connection, cluster(name=name, desired_capacity=4), cluster(name=name, desired_capacity=2))
    assert (len(grown["nodes"]), len(shrunk["nodes"])) == (4, 2), shrunk
    assert not {node["id"] for node in shrunk["nodes"]} & set(born)


def test_a_node_whose_server_is_well_again_keeps_it(play: Player, alone: Account, small: dict[str, Any], name: str) -> None:
    """A recovery that does not look first makes a new server whatever the old one says."""
    wanted = {f"{COLLECTION}.cluster_node": {"name": name, "profile": "small", "poll_interval": 0.3}}
    (made,) = play(alone.connection, wanted)
    node, server = made["node"]["id"], made["node"]["physical_id"]
    alone.cloud.orders(status={server: "ERROR"})
    assert alone.call("POST", f"/v1/nodes/{node}/actions", {"check": {}}, microversion=VERSION).status_code == 202
    until(lambda: alone.nodes()[0]["status"] == "ERROR", "the check has not found it")
    alone.cloud.orders()
    well, again = play(alone.connection, wanted, wanted)
    assert (well["changed"], well["node"]["status"], well["node"]["physical_id"]) == (True, "ACTIVE", server), well
    assert again["changed"] is False
