# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Senlin's engine: clusters, nodes, policies, receivers, and the actions that change them while time goes by.

An action takes its cluster's lock, starts a child for each node, and ends with them. As in Senlin 16.0.0 the parent
fails with the first child that fails, while the others still run: the lock stays until the last of them has ended.
Servers are made and asked for as in tests/services/senlin/lifecycle.py, with the same orders to fail.
"""

from __future__ import annotations

import fnmatch
import heapq
import itertools
import random
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import SenlinError

OPEN = ("INIT", "WAITING", "READY", "RUNNING", "SUSPENDED", "WAITING_LIFECYCLE_COMPLETION")
BUSY = ("CREATING", "UPDATING", "DELETING", "RECOVERING")
BYPASS = ("CLUSTER_DELETE", "NODE_DELETE", "NODE_OPERATION")      # ask for no lock and mind no other action
PRIORITIES = {"scaling": 100, "affinity": 200, "placement": 300, "deletion": 400, "loadbalance": 500, "batch": 200,
              "health": 600}


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(eq=False)
class Cluster:
    id: str
    name: str
    profile: str
    project: str
    user: str
    init: float
    created: float | None = None
    updated: float | None = None
    status: str = "INIT"
    reason: str = "Initializing"
    desired: int = 0
    min: int = 0
    max: int = -1
    metadata: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    timeout: int = 3600
    next_index: int = 1
    lock: str | None = None                  # the action that holds it


@dataclass(eq=False)
class Node:
    id: str
    name: str
    profile: str
    cluster: str
    index: int
    project: str
    user: str
    init: float
    role: str | None = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    status: str = "INIT"
    reason: str = "Initializing"
    physical: str | None = None
    created: float | None = None
    updated: float | None = None
    tainted: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    lock: str | None = None


@dataclass(eq=False)
class Policy:
    id: str
    name: str
    type: str
    spec: dict[str, Any]
    project: str
    user: str
    created: float
    updated: float | None = None


@dataclass(eq=False)
class Binding:
    id: str
    cluster: str
    policy: str
    enabled: bool
    priority: int


@dataclass(eq=False)
class Receiver:
    id: str
    name: str
    type: str
    cluster: str
    action: str | None
    params: dict[str, Any]
    url: str
    trust: str
    project: str
    user: str
    created: float
    updated: float | None = None


@dataclass(eq=False)
class Action:
    id: str
    action: str
    name: str
    target: str
    cluster: str
    cause: str
    inputs: dict[str, Any]
    project: str
    user: str
    created: float
    status: str = "READY"
    reason: str = "Action is ready."
    start: float | None = None
    end: float | None = None
    timeout: int = 3600
    depends_on: list[str] = field(default_factory=list)
    depended_by: list[str] = field(default_factory=list)
    owner: str | None = None

    @property
    def open(self) -> bool:
        return self.status in OPEN


class ServerError(Exception):
    """Nova, or what stands for it, said no."""


class Engine:
    """The tables and what happens in them. `settle()` brings them up to the clock's time."""

    def __init__(self, clock: Any, switches: dict[str, Any], profiles: dict[str, Any]) -> None:
        self._clock, self._switches, self._profiles = clock, switches, profiles
        self.clusters: dict[str, Cluster] = {}
        self.nodes: dict[str, Node] = {}
        self.policies: dict[str, Policy] = {}
        self.bindings: dict[str, Binding] = {}
        self.receivers: dict[str, Receiver] = {}
        self.actions: dict[str, Action] = {}
        self.servers: dict[str, str] = {}                       # id of a server -> its status
        self.orders: dict[str, Any] = {}
        self._used: dict[tuple[str, int], int] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()
        self._random = random.Random(7)
        self._time = 0.0

    # -- time

    @property
    def now(self) -> float:
        """The time of the event that is worked on, or the clock's."""
        return self._time or float(self._clock.now())

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._number), what))

    def settle(self) -> None:
        now = self._clock.now()
        while self._events and self._events[0][0] <= now:
            self._time, _number, what = heapq.heappop(self._events)
            try:
                what()
            finally:
                self._time = 0.0

    # -- finding

    def members(self, cluster: str) -> list[Node]:
        return sorted((node for node in self.nodes.values() if node.cluster == cluster), key=lambda node: node.index)

    def bound(self, cluster: str) -> list[Binding]:
        return [one for one in self.bindings.values() if one.cluster == cluster]

    def profile_in_use(self, profile: str) -> bool:
        self.settle()
        return any(one.profile == profile for one in (*self.clusters.values(), *self.nodes.values()))

    # -- servers

    def order(self, **orders: Any) -> None:
        """Faults of servers from now on: create, update, delete, rebuild: [{error, times?, delay?, name?}]; status: {id or
        "*": word}; gone: [id]."""
        self.orders, self._used = orders, {}

    def _obey(self, what: str, name: str) -> tuple[float, str | None]:
        """(delay, error) that the orders have for one call of this kind."""
        for number, order in enumerate(self.orders.get(what, ())):
            used = self._used.get((what, number), 0)
            if not fnmatch.fnmatch(name, order.get("name", "*")) or used >= order.get("times", 1 << 30):
                continue
            self._used[what, number] = used + 1
            return float(order.get("delay", 0)), order.get("error")
        return 0.0, None

    def server_status(self, node: Node) -> str | None:
        """What the node's server says of itself; None when there is no server."""
        if node.physical is None or node.physical not in self.servers or node.physical in self.orders.get("gone", ()):
            return None
        status = self.orders.get("status", {})
        return str(status.get(node.physical, status.get("*", self.servers[node.physical])))

    def _new_server(self) -> str:
        ident = new_id()
        self.servers[ident] = "ACTIVE"
        return ident

    # -- clusters and nodes

    def add_cluster(self, cluster: Cluster) -> Cluster:
        self.clusters[cluster.id] = cluster
        return cluster

    def new_node(self, project: str, user: str, profile: str, name: str, cluster: Cluster | None, **more: Any) -> Node:
        index = -1
        if cluster is not None:
            index, name = cluster.next_index, self._node_name(cluster)
            cluster.next_index += 1
        node = Node(new_id(), name, profile, cluster.id if cluster else "", index, project, user, self.now, **more)
        self.nodes[node.id] = node
        return node

    def _node_name(self, cluster: Cluster) -> str:
        pattern = str(cluster.config.get("node.name.format") or "")
        letters = "".join(self._random.choices(string.ascii_letters + string.digits, k=8))
        if not pattern:
            return f"node-{letters}"
        index = cluster.next_index
        for width in range(9, 0, -1):
            pattern = pattern.replace(f"${width}I", f"{index:0{width}d}").replace(f"${width}R", letters[:width])
        return pattern.replace("$I", str(index)).replace("$R", letters)

    def run_cluster(self, cluster: Cluster, project: str, user: str, number: int) -> None:
        """Seed: an ACTIVE cluster with this many nodes, as if it had been there for long."""
        now = self.now
        cluster.status, cluster.created, cluster.updated = "ACTIVE", now, now
        cluster.reason = f"CLUSTER_CREATE: number of active nodes is equal or above desired_capacity ({number})."
        for _number in range(number):
            node = self.new_node(project, user, cluster.profile, "", cluster)
            self._activate(node, "Creation succeeded")
        cluster.desired = number

    def _activate(self, node: Node, reason: str) -> None:
        node.physical = self._new_server()
        node.status, node.reason, node.updated = "ACTIVE", reason, self.now
        node.created = node.created or self.now
        profile = self._profiles.get(node.profile)
        if profile is not None and profile.type.startswith("os.nova.server"):
            port = {"fixed_ips": ["172.17.1.129"], "id": new_id(), "network_id": new_id(), "remove": True,
                    "security_group_ids": [new_id()]}
            node.data = {"internal_ports": [port], "placement": {"zone": "ZONE1"}}

    def eval_status(self, cluster: Cluster, action: str) -> None:
        """What Senlin says after each action."""
        active = sum(node.status == "ACTIVE" for node in self.members(cluster.id))
        if active < cluster.min:
            status, words = "ERROR", f"below min_size ({cluster.min})"
        elif active < cluster.desired:
            status, words = "WARNING", f"below desired_capacity ({cluster.desired})"
        elif cluster.max < 0 or active <= cluster.max:
            status, words = "ACTIVE", f"equal or above desired_capacity ({cluster.desired})"
        else:
            status, words = "WARNING", f"above max_size ({cluster.max})"
        cluster.status, cluster.reason = status, f"{action}: number of active nodes is {words}."
        cluster.updated = self.now

    # -- actions

    def refuse_conflicts(self, action: str, target: str) -> None:
        """409 while the target is locked, or has an action that has not ended."""
        if action in BYPASS:
            return
        kind = "cluster" if action.startswith("CLUSTER_") else "node"
        holder = self.clusters.get(target) if kind == "cluster" else self.nodes.get(target)
        if holder is not None and holder.lock is not None:
            raise SenlinError(409, "ResourceIsLocked", f"{action} for {kind} '{target}' cannot be completed because it is"
                              " already locked.")
        active = [one.id for one in self.actions.values() if one.target == target and one.open]
        if active:
            raise SenlinError(409, "ActionConflict", f"The {action} action for target {target} conflicts with the following"
                              f" action(s): {','.join(active)}")

    def act(self, action: str, target: str, cluster: str, project: str, user: str, inputs: dict[str, Any] | None = None,
            *, name: str = "") -> Action:
        """A new action, wanted from outside. It starts at once."""
        self.refuse_conflicts(action, target)
        made = self._record(action, target, cluster, project, user, "RPC Request", inputs or {}, name)
        self.later(0.0, lambda: self._begin(made))
        return made

    def _record(self, action: str, target: str, cluster: str, project: str, user: str, cause: str, inputs: dict[str, Any],
                name: str = "") -> Action:
        made = Action(new_id(), action, f"{name or action.lower()}_{target[:8]}", target, cluster, cause, inputs, project,
                      user, self.now)
        self.actions[made.id] = made
        return made

    def _begin(self, action: Action) -> None:
        if not action.open:
            return
        action.status, action.start, action.owner = "RUNNING", self.now, new_id()
        action.reason = "The action is being processed."
        if action.action.startswith("NODE_"):
            self._begin_node(action)
            return
        cluster = self.clusters.get(action.target)
        if cluster is None:
            self._end(action, "FAILED", f"The cluster '{action.target}' could not be found.")
            return
        if cluster.lock is not None:                           # only a deletion comes here: it waits for the lock
            action.status, action.reason = "READY", "Failed in locking cluster."
            self.later(0.05, lambda: self._begin(action))
            return
        cluster.lock = action.id
        try:
            children = self._children(cluster, action)
        except ServerError as error:
            self._finish_cluster(cluster, action, [], str(error))
            return
        if not children:
            whole = self._switches["cluster_seconds"]
            pause = whole if action.action in ("CLUSTER_CREATE", "CLUSTER_DELETE") else min(whole, 0.05)
            self.later(pause, lambda: self._finish_cluster(cluster, action, []))
            return
        action.status, action.reason = "WAITING", "Waiting for depended actions."
        action.depends_on = [child.id for child in children]
        began = self.now
        for child in children:
            child.depended_by = [action.id]
            self._start_child(child)
        self._wait_for(cluster, action, children, began)

    def _wait_for(self, cluster: Cluster, action: Action, children: list[Action], began: float) -> None:
        """Looks at the children from time to time: fails with the first that failed, ends with the last."""
        failed = [child for child in children if child.status in ("FAILED", "CANCELLED")]
        running = [child for child in children if child.open]
        if failed and action.open and self._switches["fails_early"]:
            self._end(action, "FAILED", "Action execution failed")
        if not running and self.now >= began + self._switches["cluster_seconds"]:
            self._finish_cluster(cluster, action, children)
            return
        self.later(0.02, lambda: self._wait_for(cluster, action, children, began))

    def _finish_cluster(self, cluster: Cluster, action: Action, children: list[Action], error: str = "") -> None:
        failed = [child for child in children if child.status != "SUCCEEDED"]
        good = not failed and not error
        if action.action == "CLUSTER_DELETE" and not self.members(cluster.id):
            self._remove_cluster(cluster)
        else:
            if good:
                self._apply_cluster(cluster, action)
            if action.action == "CLUSTER_CREATE":
                cluster.created = cluster.created or self.now
            self.eval_status(cluster, action.action)
        cluster.lock = None
        action.depends_on = []
        if action.open:
            cancelled = any(child.status == "CANCELLED" for child in failed)
            status = "SUCCEEDED" if good else "CANCELLED" if cancelled else "FAILED"
            self._end(action, status, "Action completed successfully." if good else error or "Action execution failed")

    def _end(self, action: Action, status: str, reason: str) -> None:
        action.status, action.reason, action.end, action.owner = status, reason, self.now, None

    def _remove_cluster(self, cluster: Cluster) -> None:
        del self.clusters[cluster.id]
        for table in (self.bindings, self.receivers):
            for one in [one for one in table.values() if one.cluster == cluster.id]:
                del table[one.id]

    # -- what a cluster's action does

    def _children(self, cluster: Cluster, action: Action) -> list[Action]:
        """Set the status that is seen meanwhile, and make the children. Raises ServerError for an action that fails at once."""
        kind, inputs, nodes = action.action, action.inputs, self.members(cluster.id)
        words = {"CLUSTER_CREATE": "CREATING", "CLUSTER_DELETE": "DELETING", "CLUSTER_UPDATE": "UPDATING",
                 "CLUSTER_RESIZE": "RESIZING", "CLUSTER_SCALE_OUT": "RESIZING", "CLUSTER_SCALE_IN": "RESIZING",
                 "CLUSTER_CHECK": "CHECKING", "CLUSTER_RECOVER": "RECOVERING"}
        before = cluster.status
        if kind in words:
            cluster.status = words[kind]
        if kind == "CLUSTER_CREATE":
            return self._create_nodes(cluster, action, cluster.desired)
        if kind == "CLUSTER_DELETE":
            return [self._child(action, node, "NODE_DELETE") for node in nodes]
        if kind == "CLUSTER_UPDATE" and "new_profile_id" in inputs and not inputs.get("profile_only"):
            wanted = [node for node in nodes if node.profile != inputs["new_profile_id"]]
            return [self._child(action, node, "NODE_UPDATE", {"new_profile_id": inputs["new_profile_id"]}) for node in wanted]
        if kind in ("CLUSTER_RESIZE", "CLUSTER_SCALE_OUT", "CLUSTER_SCALE_IN"):
            return self._resize(cluster, action, nodes)
        if kind == "CLUSTER_CHECK":
            cluster.status = before
            return [self._child(action, node, "NODE_CHECK") for node in nodes]
        if kind == "CLUSTER_RECOVER":
            if inputs.get("check"):
                for node in nodes:
                    self._check(node)
            bad = [node for node in nodes if node.status != "ACTIVE"]
            return [self._child(action, node, "NODE_RECOVER", dict(inputs)) for node in bad]
        if kind == "CLUSTER_ATTACH_POLICY":
            self._refuse_second(cluster, inputs["policy_id"])
        if kind == "CLUSTER_DEL_NODES":
            gone = [self.nodes[one] for one in inputs["candidates"] if one in self.nodes]
            child = "NODE_DELETE" if inputs.get("destroy_after_deletion") else "NODE_LEAVE"
            cluster.desired = self._fitting(cluster, len(nodes) - len(gone))
            return [self._child(action, node, child) for node in gone]
        if kind == "CLUSTER_ADD_NODES":
            cluster.desired = self._fitting(cluster, len(nodes) + len(inputs["nodes"]))
            return [self._child(action, self.nodes[one], "NODE_JOIN", {"cluster_id": cluster.id}) for one in inputs["nodes"]]
        return []

    @staticmethod
    def _fitting(cluster: Cluster, number: int) -> int:
        """The number of nodes that an action brings, which becomes the desired capacity, whatever that was. Raises for what is too many or
        too few."""
        if 0 <= cluster.max < number:
            raise ServerError(f"The target capacity ({number}) is greater than the cluster's max_size ({cluster.max}).")
        if number < cluster.min:
            raise ServerError(f"The target capacity ({number}) is less than the cluster's min_size ({cluster.min}).")
        return number

    def _refuse_second(self, cluster: Cluster, policy: str) -> None:
        """Two policies of one type and version, but for scaling policies."""
        kind = self.policies[policy].type
        for one in self.bound(cluster.id):
            if one.policy != policy and self.policies[one.policy].type == kind and "scaling" not in kind:
                raise ServerError(f"Only one instance of policy type ({kind}) can be attached to a cluster, but another instance"
                                  f" ({one.policy}) is found attached to the cluster ({cluster.id}).")

    def _resize(self, cluster: Cluster, action: Action, nodes: list[Node]) -> list[Action]:
        inputs, current = action.inputs, len(nodes)
        if action.action == "CLUSTER_RESIZE":
            kind, number = inputs.get("adjustment_type"), inputs.get("number")
            desired = current if kind is None else number if kind == "EXACT_CAPACITY" else current + number
            for key, value in (("min", inputs.get("min_size")), ("max", inputs.get("max_size"))):
                if value is not None:
                    setattr(cluster, key, value)
        else:
            count = inputs.get("count") or 1
            desired = cluster.desired + (count if action.action == "CLUSTER_SCALE_OUT" else -count)
        cluster.desired = self._fitting(cluster, desired)
        if desired >= current:
            return self._create_nodes(cluster, action, desired - current)
        bad = [node for node in nodes if node.status == "ERROR" or node.tainted]
        good = [node for node in nodes if node not in bad]
        self._random.shuffle(good)
        return [self._child(action, node, "NODE_DELETE") for node in (bad + good)[: current - desired]]

    def _create_nodes(self, cluster: Cluster, action: Action, count: int) -> list[Action]:
        made = [self.new_node(cluster.project, action.user, cluster.profile, "", cluster) for _number in range(count)]
        return [self._child(action, node, "NODE_CREATE") for node in made]

    def _apply_cluster(self, cluster: Cluster, action: Action) -> None:
        inputs = action.inputs
        if action.action == "CLUSTER_UPDATE":
            cluster.profile = inputs.get("new_profile_id", cluster.profile)
            for key in ("name", "metadata", "config", "timeout"):
                if inputs.get(key) is not None:
                    setattr(cluster, key, inputs[key])
        elif action.action == "CLUSTER_ATTACH_POLICY":
            if not any(one.policy == inputs["policy_id"] for one in self.bound(cluster.id)):
                kind = self.policies[inputs["policy_id"]].type.split(".")[2].partition("-")[0]
                priority = next((value for name, value in PRIORITIES.items() if name in kind), 50)
                binding = Binding(new_id(), cluster.id, inputs["policy_id"], inputs["enabled"], priority)
                self.bindings[binding.id] = binding
        else:
            for binding in [one for one in self.bound(cluster.id) if one.policy == inputs.get("policy_id")]:
                if action.action == "CLUSTER_DETACH_POLICY":
                    del self.bindings[binding.id]
                elif action.action == "CLUSTER_UPDATE_POLICY":
                    binding.enabled = inputs["enabled"]

    # -- what a node's action does

    def _child(self, parent: Action, node: Node, kind: str, inputs: dict[str, Any] | None = None) -> Action:
        """Those that check or recover have no cluster_id."""
        cluster = "" if kind in ("NODE_CHECK", "NODE_RECOVER") else parent.cluster
        return self._record(kind, node.id, cluster, parent.project, parent.user, "Derived Action", inputs or {})

    def _start_child(self, child: Action) -> None:
        child.status, child.start, child.owner = "RUNNING", self.now, new_id()
        child.reason = "The action is being processed."
        self._begin_node(child)

    def _begin_node(self, action: Action) -> None:
        node = self.nodes.get(action.target)
        if node is None:
            self._end(action, "FAILED", f"The node '{action.target}' could not be found.")
            return
        if node.lock is not None and action.action not in BYPASS:
            self._end(action, "FAILED", f"{action.action} for node '{node.id}' cannot be completed because it is already locked.")
            return
        cluster = self.clusters.get(node.cluster)
        if action.action == "NODE_DELETE" and action.cause == "RPC Request" and cluster is not None:
            try:
                self._fitting(cluster, len(self.members(cluster.id)) - 1)
            except ServerError as refused:
                self._end(action, "FAILED", str(refused))
                return
        node.lock = action.id
        word = action.action.partition("_")[2]
        node.status = {"CREATE": "CREATING", "DELETE": "DELETING", "UPDATE": "UPDATING", "RECOVER": "RECOVERING"}.get(
            word, node.status)
        delay, error = self._obey({"RECOVER": "create"}.get(word, word.lower()), self._server_name(node))
        seconds = self._switches["node_seconds"] + delay
        self.later(seconds, lambda: self._finish_node(node, action, error))

    def _server_name(self, node: Node) -> str:
        profile = self._profiles.get(node.profile)
        properties = profile.spec.get("properties") if profile is not None else None
        return str((properties or {}).get("name") or node.name)

    def _finish_node(self, node: Node, action: Action, error: str | None) -> None:
        node.lock = None
        if not action.open:
            return
        node.updated = self.now
        try:
            reason = self._apply_node(node, action, error)
        except ServerError as failure:
            node.status, node.reason = "ERROR", str(failure)
            # Only the action of a creation tells the reason itself.
            words = {"NODE_DELETE": "Node deletion failed.", "NODE_UPDATE": "Node update failed.", "NODE_CHECK": "Node check failed.",
                     "NODE_RECOVER": "Node recover failed."}
            self._end(action, "FAILED", words.get(action.action, str(failure)))
        else:
            node.reason = reason or node.reason
            self._end(action, "SUCCEEDED", "Action completed successfully.")
        cluster = self.clusters.get(node.cluster)
        if cluster is not None and cluster.lock is None and action.cause == "RPC Request":
            self.eval_status(cluster, action.action)
            cluster.reason = f"Node {node.name}: {node.reason}"

    def _apply_node(self, node: Node, action: Action, error: str | None) -> str:
        word = action.action.partition("_")[2]
        if word == "CREATE":
            if error:
                raise ServerError(f"Failed in creating server: {error}.")
            self._activate(node, "Creation succeeded")
            return node.reason
        if word == "DELETE":
            if error:
                raise ServerError(f"Failed in deleting server '{node.physical}': {error}.")
            self.servers.pop(node.physical or "", None)
            del self.nodes[node.id]
            cluster = self.clusters.get(node.cluster)
            if cluster is not None and action.cause == "RPC Request":
                cluster.desired = len(self.members(cluster.id))
            return ""
        if word == "UPDATE":
            return self._update_node(node, action, error)
        if word == "CHECK":
            self._check(node)
            if node.status == "ERROR" and node.physical is not None:
                raise ServerError(node.reason)
            return node.reason
        if word == "RECOVER":
            if error:
                raise ServerError(f"Failed in creating server: {error}.")
            if action.inputs.get("check"):
                self._check(node)
                if node.status == "ACTIVE":
                    return "Recover: Node is ACTIVE."
            self.servers.pop(node.physical or "", None)
            self._activate(node, "Recovery succeeded")
            return node.reason
        if word == "LEAVE":
            node.cluster, node.index, node.status = "", -1, "ACTIVE"
            return node.reason
        node.cluster, node.role = action.inputs["cluster_id"], None      # JOIN
        node.index = self.clusters[node.cluster].next_index
        self.clusters[node.cluster].next_index += 1
        return node.reason

    def _update_node(self, node: Node, action: Action, error: str | None) -> str:
        inputs = action.inputs
        if "new_profile_id" in inputs:
            if error:
                raise ServerError(f"Failed in updating server '{node.physical}': {error}.")
            node.profile = inputs["new_profile_id"]
        for key in ("name", "role", "metadata", "tainted"):
            if inputs.get(key) is not None:
                setattr(node, key, inputs[key])
        node.status = "ACTIVE"
        return "Update succeeded"

    def _check(self, node: Node) -> None:
        status = self.server_status(node)
        if status == "ACTIVE":
            node.status, node.reason = "ACTIVE", "Check: Node is ACTIVE."
        elif status is None:
            node.status, node.reason = "ERROR", f"Server '{node.physical}' was not found."
            node.physical = None
        else:
            node.status, node.reason = "ERROR", f"Check: Server is {status}."
        node.updated = self.now

    # -- from outside

    def cancel(self, action: Action, force: bool) -> None:
        """PATCH of an action: children that run go on; the action itself is CANCELLED when they have ended, by force at once."""
        children = [self.actions[one] for one in action.depends_on if one in self.actions]
        for child in children:
            if child.status in ("INIT", "WAITING", "READY"):
                self._end(child, "CANCELLED", "Action execution cancelled")
        if force or not children:
            self._end(action, "CANCELLED", "Action execution cancelled" if not force else "Force cancelled by user.")
            cluster = self.clusters.get(action.target)
            if cluster is not None and cluster.lock == action.id:
                cluster.lock = None
            return

        def stop() -> None:
            if action.open:
                self._end(action, "CANCELLED", "Action execution cancelled")

        self.later(self._switches["node_seconds"], stop)

    def kill(self) -> int:
        """The engine dies and comes back: what was under way has failed, locks are free, statuses stay as they were."""
        killed = [one for one in self.actions.values() if one.open]
        self._events.clear()
        for one in killed:
            self._end(one, "FAILED", "Engine failure")
        for holder in (*self.clusters.values(), *self.nodes.values()):
            holder.lock = None
        return len(killed)
