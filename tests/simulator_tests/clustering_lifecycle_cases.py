# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of the table about clusters, nodes, policies, receivers and actions, in the order in which they are sent."""

from __future__ import annotations

from typing import Any

from clustering_table import Case

SERVER: dict[str, Any] = {"type": "os.nova.server", "version": "1.0", "properties": {
    "name": "node", "flavor": "1", "image": "cirros", "networks": [{"network": "private"}]}}
STACK: dict[str, Any] = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"a": 1}}}
DELETION: dict[str, Any] = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
NOWHERE = "00000000-0000-4000-8000-000000000000"
LOCATION = "header:location"


def call(label: str, method: str, path: str, body: Any = None, **options: Any) -> Case:
    return Case(f"life: {label}", method, path, body, **{"version": "1.14", **options})


def ended(label: str, action: str) -> Case:
    """Until the action has ended. `action`: the name under which its Location was captured."""
    return call(label, "GET", "/v1/actions/{" + action + "_id}", shape_only=True, ends="action.status")


def profile(label: str, name: str, spec: Any, capture: str) -> Case:
    return call(label, "POST", "/v1/profiles", {"profile": {"name": name, "spec": spec}}, capture={capture: "profile.id"})


def cluster(label: str, **given: Any) -> Case:
    options = {key: given.pop(key) for key in ("capture", "user", "version", "shape_only") if key in given}
    return call(label, "POST", "/v1/clusters", {"cluster": {"name": "life", "profile_id": "{small}", **given}}, **options)


def act(label: str, name: str, body: Any, **options: Any) -> Case:
    return call(label, "POST", "/v1/clusters/{life}/actions", {name: body}, **options)


REFUSED = [
    cluster("create: no such profile", profile_id="nope"),
    call("create: no profile", "POST", "/v1/clusters", {"cluster": {"name": "life"}}),
    cluster("create: above max_size", desired_capacity=3, max_size=2),
    cluster("create: below min_size", desired_capacity=1, min_size=2),
    cluster("create: limits crossed", desired_capacity=3, min_size=3, max_size=2),
    cluster("create: too many", desired_capacity=1001),
    cluster("create: less than none", desired_capacity=-1),
    cluster("create: no number", desired_capacity="x"),
    cluster("create: a key too much", more=1),
    cluster("create: an illegal name", name="a/b"),
    cluster("create: metadata is a list", metadata=[1]),
    cluster("create: negative timeout", timeout=-1),
    call("create: nothing", "POST", "/v1/clusters", {}),
    call("update: unknown", "PATCH", f"/v1/clusters/{NOWHERE}", {"cluster": {"name": "x"}}),
    call("delete: unknown", "DELETE", f"/v1/clusters/{NOWHERE}"),
    call("show: unknown", "GET", f"/v1/clusters/{NOWHERE}"),
    call("list: an unknown filter", "GET", "/v1/clusters?profile=x"),
    call("list: everywhere", "GET", "/v1/clusters?global_project=true"),
    call("nodes: of an unknown cluster", "GET", f"/v1/nodes?cluster_id={NOWHERE}"),
    call("nodes: an unknown filter", "GET", "/v1/nodes?profile=x"),
    call("actions: an unknown filter", "GET", "/v1/actions?profile=x"),
    call("actions: unknown", "GET", f"/v1/actions/{NOWHERE}"),
    call("actions: of an unknown cluster", "GET", f"/v1/actions?cluster_id={NOWHERE}"),
    call("nodes: unknown", "GET", f"/v1/nodes/{NOWHERE}"),
    call("policies: unknown", "GET", f"/v1/policies/{NOWHERE}"),
    call("receivers: unknown", "GET", f"/v1/receivers/{NOWHERE}"),
]

CLUSTERS = [
    cluster("create", desired_capacity=1, max_size=4, metadata={"a": 1}, capture={"life": "cluster.id", "created": LOCATION}),
    act("resize while it is created", "resize", {"adjustment_type": "EXACT_CAPACITY", "number": 2}, status_only=True),
    ended("created", "created"),
    call("show", "GET", "/v1/clusters/{life}", capture={"first": "cluster.nodes.0"}),
    call("list by name", "GET", "/v1/clusters?name=life&name=other"),
    call("list: another project sees none", "GET", "/v1/clusters?name=life", user="alt_demo"),
    call("an administrator sees it", "GET", "/v1/clusters/{life}", user="admin"),
    call("nodes", "GET", "/v1/nodes?cluster_id={life}"),
    call("nodes at 1.12", "GET", "/v1/nodes?cluster_id={life}", version="1.12"),
    call("node with details", "GET", "/v1/nodes/{first}?show_details=true", shape_only=True),
    call("status of the servers", "GET", "/v1/clusters/{life}/attrs/details.status"),
    call("attributes at 1.1", "GET", "/v1/clusters/{life}/attrs/details.status", version="1.1"),
    call("actions of the cluster", "GET", "/v1/actions?target={life}", shape_only=True),
    call("actions that are open", "GET", "/v1/actions?cluster_id={life}&status=RUNNING&status=WAITING&status=READY"),
    call("actions at 1.13", "GET", "/v1/actions?target={life}", version="1.13", shape_only=True),
    call("update: nothing", "PATCH", "/v1/clusters/{life}", {"cluster": {}}),
    call("update: what it has", "PATCH", "/v1/clusters/{life}", {"cluster": {"metadata": {"a": 1}, "name": "life"}}),
    call("update: sizes", "PATCH", "/v1/clusters/{life}", {"cluster": {"desired_capacity": 2}}),
    call("update: without the key", "PATCH", "/v1/clusters/{life}", {"name": "x"}),
    call("update: no such profile", "PATCH", "/v1/clusters/{life}", {"cluster": {"profile_id": "nope"}}),
    call("update: another type", "PATCH", "/v1/clusters/{life}", {"cluster": {"profile_id": "{stack}"}}),
    act("resize: above max_size", "resize", {"adjustment_type": "EXACT_CAPACITY", "number": 5, "strict": True}),
    act("resize: no number", "resize", {"adjustment_type": "EXACT_CAPACITY"}),
    act("resize: no type", "resize", {"number": 2}),
    act("resize: nothing", "resize", {"strict": True}),
    act("resize: less than none", "resize", {"adjustment_type": "EXACT_CAPACITY", "number": -1}),
    act("resize: min above desired", "resize", {"min_size": 3, "strict": True}),
    act("resize: max below min", "resize", {"min_size": 3, "max_size": 2, "strict": True}),
    act("resize: max below desired", "resize", {"max_size": 0, "strict": True}),
    act("no such action", "explode", {}),
    call("two actions", "POST", "/v1/clusters/{life}/actions", {"check": {}, "recover": {}}),
    call("no action", "POST", "/v1/clusters/{life}/actions", {}),
    act("no map", "check", 5),
    act("recover: an unknown key", "recover", {"force": True}),
    act("recover: an unknown operation", "recover", {"operation": "PRAY"}),
    act("scale out by nothing", "scale_out", {"count": 0}),
    act("resize", "resize", {"adjustment_type": "EXACT_CAPACITY", "number": 2, "min_size": 1, "strict": True},
        capture={"resized": LOCATION}),
    call("a second action", "PATCH", "/v1/clusters/{life}", {"cluster": {"metadata": {}}}, status_only=True),
    ended("resized", "resized"),
    call("show resized", "GET", "/v1/clusters/{life}"),
    call("update", "PATCH", "/v1/clusters/{life}", {"cluster": {
        "profile_id": "{large}", "metadata": {"b": 2}, "config": {"node.name.format": "web-$2I"}, "timeout": 60}},
        capture={"updated": LOCATION}),
    ended("updated", "updated"),
    call("show updated", "GET", "/v1/clusters/{life}"),
    call("nodes updated", "GET", "/v1/nodes?cluster_id={life}&status=ACTIVE"),
    call("update: profile only", "PATCH", "/v1/clusters/{life}", {"cluster": {"profile_id": "{small}", "profile_only": True}},
         capture={"only": LOCATION}),
    ended("profile only", "only"),
    call("nodes keep theirs", "GET", "/v1/nodes?cluster_id={life}"),
    call("update: the profile that it has", "PATCH", "/v1/clusters/{life}", {"cluster": {"profile_id": "{small}"}}),
    act("recover what is well", "recover", {"operation": "RECREATE", "check": True}, capture={"recovered": LOCATION}),
    ended("recovered", "recovered"),
    act("check", "check", {}, capture={"checked": LOCATION}),
    ended("checked", "checked"),
    call("cancel what has ended", "PATCH", "/v1/actions/{checked_id}", {"action": {"status": "CANCELLED"}}),
    call("cancel at 1.11", "PATCH", "/v1/actions/{checked_id}", {"action": {"status": "CANCELLED"}}, version="1.11"),
    call("cancel: another word", "PATCH", "/v1/actions/{checked_id}", {"action": {"status": "DONE"}}),
    call("profile in use", "DELETE", "/v1/profiles/{small}"),
]

NODES = [
    call("node: no such profile", "POST", "/v1/nodes", {"node": {"name": "n", "profile_id": "nope"}}),
    call("node: no such cluster", "POST", "/v1/nodes", {"node": {"name": "n", "profile_id": "{small}", "cluster_id": "nope"}}),
    call("node: another type than the cluster's", "POST", "/v1/nodes",
         {"node": {"name": "n", "profile_id": "{stack}", "cluster_id": "{life}"}}),
    call("node: create", "POST", "/v1/nodes", {"node": {"name": "alone", "profile_id": "{small}", "role": "r", "metadata": {"a": 1}}},
         capture={"alone": "node.id", "node_created": LOCATION}),
    ended("node: created", "node_created"),
    call("node: show", "GET", "/v1/nodes/{alone}"),
    call("node: update nothing", "PATCH", "/v1/nodes/{alone}", {"node": {"name": "alone"}}),
    call("node: update its cluster", "PATCH", "/v1/nodes/{alone}", {"node": {"cluster_id": "{life}"}}),
    call("node: taint at 1.12", "PATCH", "/v1/nodes/{alone}", {"node": {"tainted": True}}, version="1.12"),
    call("node: update", "PATCH", "/v1/nodes/{alone}", {"node": {"role": "s", "metadata": {}, "tainted": True}},
         capture={"node_updated": LOCATION}),
    ended("node: updated", "node_updated"),
    call("node: show updated", "GET", "/v1/nodes/{alone}"),
    act("add nodes: none", "add_nodes", {"nodes": []}),
    act("add nodes: unknown", "add_nodes", {"nodes": [NOWHERE]}),
    act("add nodes: a member", "add_nodes", {"nodes": ["{first}"]}),
    act("add nodes", "add_nodes", {"nodes": ["{alone}"]}, capture={"added": LOCATION}),
    ended("added", "added"),
    call("show with the added", "GET", "/v1/clusters/{life}"),
    call("node: show added", "GET", "/v1/nodes/{alone}"),
    act("resize: no node to lose", "resize", {"min_size": 3, "strict": True}, capture={"tight": LOCATION}),
    ended("no node to lose", "tight"),
    act("del nodes: below min_size", "del_nodes", {"nodes": ["{alone}"]}),
    call("node: delete below min_size", "DELETE", "/v1/nodes/{alone}", capture={"too_few": LOCATION}),
    ended("node: not deleted", "too_few"),
    call("node: show not deleted", "GET", "/v1/nodes/{alone}"),
    act("resize: one node to lose", "resize", {"min_size": 1, "strict": True}, capture={"loose": LOCATION}),
    ended("one node to lose", "loose"),
    act("del nodes", "del_nodes", {"nodes": ["{alone}"]}, capture={"removed": LOCATION}),
    ended("removed", "removed"),
    act("del nodes: no member", "del_nodes", {"nodes": ["{alone}"]}),
    call("node: show removed", "GET", "/v1/nodes/{alone}"),
    call("node: delete", "DELETE", "/v1/nodes/{alone}", capture={"node_deleted": LOCATION}),
    ended("node: deleted", "node_deleted"),
    call("node: gone", "GET", "/v1/nodes/{alone}"),
]

POLICIES = [
    call("policy: create", "POST", "/v1/policies", {"policy": {"name": "oldest", "spec": DELETION}}, capture={"policy": "policy.id"}),
    call("policy: unknown type", "POST", "/v1/policies", {"policy": {"name": "p", "spec": {**DELETION, "type": "senlin.policy.x"}}}),
    call("policy: without a version", "POST", "/v1/policies", {"policy": {"name": "p", "spec": {"type": "x", "properties": {}}}}),
    call("policy: a wrong value", "POST", "/v1/policies",
         {"policy": {"name": "p", "spec": {**DELETION, "properties": {"criteria": "x"}}}}),
    call("policy: validate", "POST", "/v1/policies/validate", {"policy": {"spec": DELETION}}),
    call("policy: show", "GET", "/v1/policies/{policy}"),
    call("policy: list", "GET", "/v1/policies?name=oldest"),
    call("policy: a new spec", "PATCH", "/v1/policies/{policy}", {"policy": {"spec": DELETION}}),
    call("policy: rename", "PATCH", "/v1/policies/{policy}", {"policy": {"name": "older"}}),
    act("attach: unknown", "policy_attach", {"policy_id": "nope"}),
    act("detach: not attached", "policy_detach", {"policy_id": "{policy}"}),
    act("attach", "policy_attach", {"policy_id": "{policy}", "enabled": True}, capture={"attached": LOCATION}),
    ended("attached", "attached"),
    call("bindings", "GET", "/v1/clusters/{life}/policies"),
    call("binding", "GET", "/v1/clusters/{life}/policies/{policy}"),
    act("update binding", "policy_update", {"policy_id": "{policy}", "enabled": False}, capture={"disabled": LOCATION}),
    ended("disabled", "disabled"),
    call("bindings that are enabled", "GET", "/v1/clusters/{life}/policies?enabled=true"),
    call("policy: delete while attached", "DELETE", "/v1/policies/{policy}"),
    act("detach", "policy_detach", {"policy_id": "{policy}"}, capture={"detached": LOCATION}),
    ended("detached", "detached"),
    call("policy: delete", "DELETE", "/v1/policies/{policy}"),
]

RECEIVERS = [
    call("receiver: no cluster", "POST", "/v1/receivers",
         {"receiver": {"name": "r", "type": "webhook", "action": "CLUSTER_SCALE_OUT"}}),
    call("receiver: unknown cluster", "POST", "/v1/receivers",
         {"receiver": {"name": "r", "type": "webhook", "action": "CLUSTER_SCALE_OUT", "cluster_id": "nope"}}),
    call("receiver: no action", "POST", "/v1/receivers", {"receiver": {"name": "r", "type": "webhook", "cluster_id": "{life}"}}),
    call("receiver: create", "POST", "/v1/receivers", {"receiver": {
        "name": "out", "type": "webhook", "action": "CLUSTER_SCALE_OUT", "cluster_id": "{life}", "params": {"count": "1"}}},
        capture={"receiver": "receiver.id"}),
    call("receiver: show", "GET", "/v1/receivers/{receiver}"),
    call("receiver: list", "GET", "/v1/receivers?name=out&cluster_id={life}"),
    call("receiver: no change", "PATCH", "/v1/receivers/{receiver}", {"receiver": {"name": "out"}}),
    call("receiver: other params", "PATCH", "/v1/receivers/{receiver}", {"receiver": {"params": {"count": "2"}}}),
    call("receiver: delete", "DELETE", "/v1/receivers/{receiver}"),
    call("receiver: deleted", "DELETE", "/v1/receivers/{receiver}"),
]

END = [
    call("delete", "DELETE", "/v1/clusters/{life}", capture={"deleted": LOCATION}),
    ended("deleted", "deleted"),
    call("gone", "GET", "/v1/clusters/{life}"),
    call("list: none", "GET", "/v1/clusters?name=life"),
    call("nodes: none", "GET", "/v1/nodes"),
]

CASES = [
    profile("profile small", "small", SERVER, "small"),
    profile("profile large", "large", {**SERVER, "properties": {**SERVER["properties"], "name": "large"}}, "large"),
    profile("profile stack", "stack", STACK, "stack"),
    *REFUSED, *CLUSTERS, *NODES, *POLICIES, *RECEIVERS, *END,
]
