# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, bindings, receivers, nodes and actions in the real service; every task runs twice, and the second run changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
import yaml
from plays import COLLECTION, Player, Task
from real_cloud import Account

QUICK = {"poll_interval": 0.3}
OLDEST: dict[str, Any] = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
YOUNGEST = {**OLDEST, "properties": {"criteria": "YOUNGEST_FIRST"}}


def task(module: str, **options: Any) -> Task:
    return {f"{COLLECTION}.{module}": options}


def twice(play: Player, account: Account, one: Task) -> dict[str, Any]:
    """The result of the first run. The second changes nothing and sends nothing."""
    first, second = play(account.connection, one, one)
    assert not first.get("failed"), first
    assert (first["changed"], second["changed"], second["plan"]) == (True, False, []), second
    return first


def test_policies_and_bindings(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    alone.create("small", nova_spec)
    play(alone.connection, task("cluster", name=name, profile="small", desired_capacity=0, **QUICK))
    (bad,) = play(alone.connection, task("cluster_policy", name=name, spec={**OLDEST, "properties": {"criteria": "x"}}))
    assert (bad["error"]["code"], bad["changed"]) == ("invalid_spec", False)
    old = twice(play, alone, task("cluster_policy", name=name, spec=OLDEST, **QUICK))["policy"]
    bound = twice(play, alone, task("cluster_policy_binding", cluster=name, policy=name, **QUICK))
    assert (bound["binding"]["policy_id"], bound["binding"]["enabled"]) == (old["id"], True)
    disabled = twice(play, alone, task("cluster_policy_binding", cluster=name, policy=name, enabled=False, **QUICK))
    assert disabled["binding"]["enabled"] is False
    second, kept, refused = play(
        alone.connection,
        task("cluster_policy", name=f"{name}-2", spec=YOUNGEST, **QUICK),
        task("cluster_policy", name=name, state="absent", **QUICK),
        task("cluster_policy_binding", cluster=name, policy=f"{name}-2", **QUICK),
    )
    assert second["changed"]
    assert (kept["error"]["code"], refused["error"]["code"]) == ("in_use", "policy_type_taken")
    new = twice(play, alone, task("cluster_policy", name=name, spec=YOUNGEST, on_spec_change="replace", **QUICK))
    assert new["deleted"] == [old["id"]]
    (listed,) = play(alone.connection, task("cluster_policy_binding_info", cluster=name))
    assert [(one["policy_id"], one["enabled"]) for one in listed["bindings"]] == [(new["policy"]["id"], False)]
    twice(play, alone, task("cluster_policy_binding", cluster=name, policy=name, state="detached", **QUICK))
    twice(play, alone, task("cluster_policy", name=name, state="absent", **QUICK))


def test_receivers(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    """The address starts an action without a token, and is in no output."""
    alone.create("small", nova_spec)
    play(alone.connection, task("cluster", name=name, profile="small", desired_capacity=0, **QUICK))
    wanted = {"name": name, "cluster": name, "action": "CLUSTER_SCALE_OUT", "params": {"count": 1}}
    made = twice(play, alone, task("cluster_receiver", **wanted))
    url = alone.listing("receivers")[0]["channel"]["alarm_url"]
    assert url not in json.dumps(made) + play.output
    (asked,) = play(alone.connection, {**task("cluster_receiver", **wanted, return_url=True), "no_log": True})
    assert asked["urls"] == {name: url}
    assert url not in play.output
    other = twice(play, alone, task("cluster_receiver", **{**wanted, "params": {"count": 2}}))
    assert (other["deleted"], made["receiver"]["id"]) == ([name], None)  # the id is all that is secret in the address
    assert url.rpartition("/webhooks/")[2].partition("/")[0] not in json.dumps(other) + play.output
    now = alone.listing("receivers")[0]["channel"]["alarm_url"]
    assert now != url
    with requests.Session() as http:
        http.trust_env = False
        reply = http.post(now, verify=alone.cloud.settings["ca"], timeout=90)
    assert reply.status_code == 202, reply.text
    (waited,) = play(alone.connection, task("cluster_action", id=reply.json()["action"], **QUICK))
    assert (waited["changed"], waited["actions"][0]["status"]) == (False, "SUCCEEDED")
    assert len(alone.nodes()) == 2
    twice(play, alone, task("cluster_receiver", name=name, cluster=name, state="absent"))


def test_nodes(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    """A node keeps its name and its role in a cluster, and leaves it alive."""
    alone.create("small", nova_spec)
    play(alone.connection, task("cluster", name=name, profile="small", desired_capacity=1, **QUICK))
    wanted = {"name": f"{name}-node", "profile": "small", "cluster": name, "role": "leader", "metadata": {"a": 1}}
    made = twice(play, alone, task("cluster_node", **wanted, **QUICK))
    assert (made["node"]["name"], made["node"]["role"], made["node"]["status"]) == (f"{name}-node", "leader", "ACTIVE")
    assert alone.clusters()[0]["desired_capacity"] == 2
    out = twice(play, alone, task("cluster_node", name=f"{name}-node", standalone=True, tainted=True, **QUICK))
    assert (out["node"]["cluster_id"], out["node"]["tainted"], out["node"]["status"]) == ("", True, "ACTIVE")
    (info,) = play(alone.connection, task("cluster_node_info", name=f"{name}-node", details=True))
    assert info["nodes"][0]["details"]["status"] == "ACTIVE"
    twice(play, alone, task("cluster_node", name=f"{name}-node", state="absent", **QUICK))
    assert alone.clusters()[0]["desired_capacity"] == 1


def test_actions(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    """One that is cancelled lets its node go on; one that failed fails the task that waits for it."""
    nova_spec["properties"]["name"] = name
    alone.create("small", nova_spec)
    alone.cloud.orders(create=[{"delay": 20.0, "times": 1, "name": name}])
    (begun,) = play(alone.connection, task("cluster", name=name, profile="small", desired_capacity=1, wait=False))
    ident = begun["actions"][0]
    cancelled, again = play(alone.connection, *[task("cluster_action", id=ident, state="cancelled", force=True, **QUICK)] * 2)
    assert (cancelled["changed"], cancelled["actions"][0]["status"]) == (True, "CANCELLED"), cancelled
    assert (again["changed"], again["plan"]) == (False, [])
    (waited,) = play(alone.connection, task("cluster_action", id=ident, **QUICK))
    assert waited["error"]["code"] == "action_cancelled"
    alone.cloud.orders()


def test_the_inventory(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    """The nodes of the clusters as hosts, with the addresses that their servers tell."""
    alone.create("small", nova_spec)
    formatted = {"config": {"node.name.format": "web-$2I"}}
    made, _other = play(
        alone.connection,
        task("cluster", name=name, profile="small", desired_capacity=2, **formatted, **QUICK),
        task("cluster_node", name="alone", profile="small", **QUICK),
    )
    path = play.folder / "estate.senlin_cluster.yml"
    path.write_text(yaml.safe_dump({"plugin": f"{COLLECTION}.senlin_cluster", **alone.connection}), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(path), "--list"]
    environment = play.environment(ANSIBLE_INVENTORY_ENABLED=f"{COLLECTION}.senlin_cluster")
    done = subprocess.run(command, env=environment, cwd=play.folder, capture_output=True, text=True, check=True)
    assert "[WARNING]" not in done.stderr, done.stderr
    found = json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))
    hosts = found["_meta"]["hostvars"]
    assert {host: one["senlin_node_id"] for host, one in hosts.items()} == {node["name"]: node["id"] for node in made["nodes"]}
    assert set(hosts) == {"web-01", "web-02"}
    told = alone.call("GET", f"/v1/nodes/{made['nodes'][0]['id']}?show_details=true", microversion="1.14").json()["node"]["details"]
    assert told["addresses"]
    addresses = {one["addr"] for network in told["addresses"].values() for one in network}
    assert hosts[made["nodes"][0]["name"]]["ansible_host"] in addresses
