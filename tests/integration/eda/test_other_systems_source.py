# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source jobs on Ops Manager and on OpenStack Clustering, with the hosts that an event is about."""

from __future__ import annotations

import json

import pytest
from harness import OPS_MANAGER_PRIVATE_KEY
from source_engine import Engine, told

from simulator.client import Control

OSLO, ROME = {"Datacenter": "oslo"}, {"Datacenter": "rome"}
NOVA = {
    "type": "os.nova.server",
    "version": "1.0",
    "properties": {"name": "node", "flavor": "1", "image": "image", "networks": [{"network": "private"}]},
}


@pytest.fixture
def pool(empty_sim: Control) -> Control:
    """A pool whose time stands still."""
    key = {"public_key": "automation", "private_key": OPS_MANAGER_PRIVATE_KEY, "group_roles": {"payments": ["GROUP_AUTOMATION_ADMIN"]}}
    empty_sim.seed(
        ops_manager={
            "groups": [{"id": "5a9d0a0a1d41c81a2b3c4d01", "name": "payments"}],
            "keys": [key],
            "servers": [
                {"hostname": "oslo{n}.example", "properties": OSLO, "count": 4},
                {"hostname": "rome{n}.example", "properties": ROME, "count": 4},
            ],
        }
    )
    empty_sim.clock(mode="manual")
    return empty_sim


def order(engine: Engine, properties: dict[str, str], count: int) -> str:
    done = engine.harness.run_module(
        "server_pool_request", {"properties": properties, "count": count, "wait": False, "satisfied_by": "requests", "on_shortage": "wait"}
    )
    assert not done.failed, done
    return str(done["request"]["id"])


def test_a_request_brings_its_servers_as_hosts(pool: Control, engine: Engine):
    arguments = engine.jobs("ops_manager")
    idents: list[str] = []
    events = engine.run(
        "jobs", arguments, lambda: idents.append(order(engine, OSLO, 2)), lambda: pool.clock(advance=1), lambda: pool.clock(advance=1)
    )
    assert told(events) == [("request", idents[0], "running"), ("request", idents[0], "succeeded")]
    assert "hosts" not in events[0]["meta"]
    held = {one["hostname"] for one in pool.state("ops_manager")["servers"] if one["statusName"] == "BOUND"}
    assert set(events[1]["meta"]["hosts"]) == held == {one["hostname"] for one in events[1]["servers"]}
    assert events[1]["request"]["status"] == "COMPLETED"
    assert events[1]["server"]["id"] == "5a9d0a0a1d41c81a2b3c4d01"


def test_requests_that_end_together_have_their_own_servers_where_that_can_be_told(pool: Control, engine: Engine):
    arguments = engine.jobs("ops_manager")
    engine.run("jobs", arguments)
    one, two = order(engine, OSLO, 1), order(engine, ROME, 2)
    pool.clock(advance=1)
    events = {event["id"]: event for event in engine.run("jobs", arguments)}
    assert [name[:4] for name in events[one]["meta"]["hosts"]] == ["oslo"]
    assert [name[:4] for name in events[two]["meta"]["hosts"]] == ["rome"] * 2
    more = [order(engine, OSLO, 2), order(engine, ROME, 4)]
    pool.clock(advance=1)
    events = {event["id"]: event for event in engine.run("jobs", arguments)}
    assert set(events) == set(more)
    assert engine.run("jobs", arguments) == []


def test_requests_that_end_together_and_ask_for_the_same_have_no_hosts(pool: Control, engine: Engine):
    arguments = engine.jobs("ops_manager")
    engine.run("jobs", arguments)
    order(engine, OSLO, 1)
    order(engine, OSLO, 3)
    pool.clock(advance=1)
    events = engine.run("jobs", arguments)
    assert [event["state"] for event in events] == ["succeeded"] * 2
    assert [event["request"]["num_servers"] for event in events] == [1, 2]
    assert [(event["servers"], "hosts" in event["meta"]) for event in events] == [(None, False)] * 2


def test_a_request_that_is_cancelled_has_no_hosts(pool: Control, engine: Engine):
    arguments = engine.jobs("ops_manager")
    ident = order(engine, OSLO, 2)
    engine.run("jobs", arguments)
    engine.harness.run_module("server_pool_request", {"request_id": ident, "state": "absent", "wait": False})
    pool.clock(advance=1)
    (event,) = engine.run("jobs", arguments)
    assert (event["state"], event["previous"], event["servers"]) == ("cancelled", "running", None)
    assert "hosts" not in event["meta"]


def test_a_wrong_key_ends_the_source(pool: Control, engine: Engine):
    with pytest.raises(Exception, match="Check public_key and private_key") as refused:
        engine.run("jobs", engine.jobs("ops_manager", private_key="wrong-key-of-mine"))
    assert "wrong-key-of-mine" not in str(refused.value)
    assert engine.slept == []


@pytest.fixture
def cloud(empty_sim: Control) -> Control:
    """A cluster of two nodes whose time stands still."""
    named = {"config": {"node.name.format": "web-$2I"}}
    empty_sim.seed(
        clustering={
            "profiles": [{"name": "small", "spec": NOVA, "project": "demo"}],
            "clusters": [{"name": "web", "profile": "small", "project": "demo", "nodes": 2, **named}],
        }
    )
    empty_sim.clock(mode="manual")
    return empty_sim


def test_an_action_of_a_cluster_is_for_its_nodes(cloud: Control, engine: Engine):
    arguments = engine.jobs("openstack")

    def check():
        done = engine.harness.run_module("cluster", {"name": "web", "profile": "small", "desired_capacity": 3, "wait": False})
        assert not done.failed, done

    events = engine.run("jobs", arguments, check, *[lambda: cloud.clock(advance=1)] * 4)
    whole = [event for event in events if event["action"]["action"].startswith("CLUSTER_")]
    assert [event["state"] for event in whole] == ["running", "succeeded"]
    assert whole[0]["meta"]["hosts"][:2] == ["web-01", "web-02"]
    assert whole[1]["meta"]["hosts"] == ["web-01", "web-02", "web-03"]
    nodes = [event for event in events if event["action"]["action"] == "NODE_CREATE" and event["state"] == "succeeded"]
    assert [event["meta"]["hosts"] for event in nodes] == [["web-03"]]
    assert engine.run("jobs", arguments) == []
    assert "demopw" not in json.dumps(events)


@pytest.mark.parametrize("by", ["endpoint_override", "region_name"])
def test_each_clustering_service_of_a_project_has_a_first_start_of_its_own(cloud: Control, engine: Engine, by: str):
    """One project can have clusters in several regions. What has ended in the second before is not told as new."""
    first, second = engine.jobs("openstack"), engine.jobs("openstack")
    if by == "region_name":
        del first[by]
    else:
        second[by] = cloud.ready["clustering"]
    assert engine.run("jobs", first) == []
    done = engine.harness.run_module("cluster", {"name": "web", "profile": "small", "desired_capacity": 3, "wait": False})
    assert not done.failed, done
    assert engine.run("jobs", second) == []
    assert engine.run("jobs", first) != []


def test_a_wrong_password_of_the_cloud_ends_the_source(cloud: Control, engine: Engine):
    arguments = engine.jobs("openstack")
    arguments["auth"] = {**arguments["auth"], "password": "wrong-password-of-mine"}
    with pytest.raises(Exception) as refused:
        engine.run("jobs", arguments)
    assert "SourceError" in type(refused.value).__name__
    assert "wrong-password-of-mine" not in str(refused.value)
    assert engine.slept == []
