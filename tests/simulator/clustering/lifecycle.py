# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the clustering API that changes things over time: clusters, nodes, policies, bindings, receivers, actions.

What is refused, with which status and in which words was read off Senlin 16.0.0; the table in tests/simulator_tests is
asked of both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .engine import BUSY, OPEN, Action, Binding, Cluster, Node, Policy, Receiver, new_id
from .errors import SenlinError, bad_request, generic_bad_request
from .store import is_uuid_like

if TYPE_CHECKING:
    from .senlin import Call
    from .system import Clustering

MAX_NODES = 1000
POLICY_TYPES = {
    "senlin.policy.affinity-1.0", "senlin.policy.batch-1.0", "senlin.policy.deletion-1.0", "senlin.policy.deletion-1.1",
    "senlin.policy.health-1.0", "senlin.policy.health-1.1", "senlin.policy.health-1.2", "senlin.policy.loadbalance-1.0",
    "senlin.policy.loadbalance-1.1", "senlin.policy.loadbalance-1.2", "senlin.policy.loadbalance-1.3",
    "senlin.policy.region_placement-1.0", "senlin.policy.scaling-1.0", "senlin.policy.zone_placement-1.0"}
CRITERIA = ("OLDEST_FIRST", "OLDEST_PROFILE_FIRST", "YOUNGEST_FIRST", "RANDOM")
WEBHOOK_ACTIONS = {
    "CLUSTER_DELETE", "CLUSTER_UPDATE", "CLUSTER_ADD_NODES", "CLUSTER_DEL_NODES", "CLUSTER_RESIZE", "CLUSTER_CHECK",
    "CLUSTER_RECOVER", "CLUSTER_REPLACE_NODES", "CLUSTER_SCALE_OUT", "CLUSTER_SCALE_IN", "CLUSTER_ATTACH_POLICY",
    "CLUSTER_DETACH_POLICY", "CLUSTER_UPDATE_POLICY", "CLUSTER_OPERATION"}
Answer = tuple[int, Any] | tuple[int, Any, str]


class Lifecycle:
    """Handlers take a Call and give (status, data), with the id of the action where one was started; None for 204."""

    def __init__(self, system: Clustering) -> None:
        self.system = system

    def register(self, add: Any) -> None:
        for method, path, handler in (
            ("GET", "clusters", self.list_clusters),
            ("POST", "clusters", self.create_cluster),
            ("GET", "clusters/{id}", self.show_cluster),
            ("PATCH", "clusters/{id}", self.update_cluster),
            ("DELETE", "clusters/{id}", self.delete_cluster),
            ("POST", "clusters/{id}/actions", self.cluster_action),
            ("GET", "clusters/{id}/policies", self.list_bindings),
            ("GET", "clusters/{id}/policies/{policy}", self.show_binding),
            ("GET", "clusters/{id}/attrs/{path}", self.attributes),
            ("GET", "nodes", self.list_nodes),
            ("POST", "nodes", self.create_node),
            ("GET", "nodes/{id}", self.show_node),
            ("PATCH", "nodes/{id}", self.update_node),
            ("DELETE", "nodes/{id}", self.delete_node),
            ("POST", "nodes/{id}/actions", self.node_action),
            ("GET", "policies", self.list_policies),
            ("POST", "policies", self.create_policy),
            ("POST", "policies/validate", self.validate_policy),
            ("GET", "policies/{id}", self.show_policy),
            ("PATCH", "policies/{id}", self.update_policy),
            ("DELETE", "policies/{id}", self.delete_policy),
            ("GET", "policy-types", self.list_policy_types),
            ("GET", "receivers", self.list_receivers),
            ("POST", "receivers", self.create_receiver),
            ("GET", "receivers/{id}", self.show_receiver),
            ("PATCH", "receivers/{id}", self.update_receiver),
            ("DELETE", "receivers/{id}", self.delete_receiver),
            ("GET", "actions", self.list_actions),
            ("GET", "actions/{id}", self.show_action),
            ("PATCH", "actions/{id}", self.update_action),
        ):
            add(method, path, handler)

    @property
    def engine(self) -> Any:
        engine = self.system.engine
        engine.settle()
        return engine

    # -- finding: by id, by name, by the beginning of an id; see store.py

    def _find(self, table: dict[str, Any], kind: str, identity: str, call: Call) -> Any:
        seen = [one for one in table.values() if call.token.is_admin or one.project == call.token.project_id]
        if is_uuid_like(identity):
            found = [one for one in seen if one.id == identity] or [one for one in seen if one.name == identity]
        else:
            pattern = "".join({"_": ".", "%": ".*"}.get(char, re.escape(char)) for char in identity)
            like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
            found = [one for one in seen if one.name == identity] or [one for one in seen if like.match(one.id)]
        if len(found) > 1:
            raise SenlinError(400, "MultipleChoices", "Multiple results found matching the query criteria"
                              f" '{identity}'. Please be more specific.")
        if not found:
            raise SenlinError(404, "ResourceNotFound", f"The {kind} '{identity}' could not be found.")
        return found[0]

    def _cluster(self, call: Call, identity: str | None = None) -> Cluster:
        found: Cluster = self._find(self.engine.clusters, "cluster", identity or call.values[0], call)
        return found

    def _specified(self, kind: str, identity: Any, call: Call) -> Any:
        """What a body names; unknown is a 400."""
        try:
            if kind == "profile":
                return self.system.store.find(identity, call.token)
            return self._find(getattr(self.engine, f"{kind[:-1]}ies" if kind == "policy" else f"{kind}s"), kind, identity, call)
        except SenlinError as error:
            if error.kind != "ResourceNotFound":
                raise
            raise SenlinError(400, "BadRequest", f"The specified {kind} '{identity}' could not be found.") from None

    def _list(self, call: Call, rows: list[Any], filters: dict[str, Any], shape: Any, key: str, *, quoted: bool = False,
              sorts: dict[str, Any]) -> Answer:
        """filters: parameter -> what a row has for it."""
        from .senlin import Senlin
        last = dict(call.query)
        for name, _value in call.query:
            if name not in (*filters, "limit", "marker", "sort", "global_project"):
                raise bad_request(f"Invalid parameter '{name}'" if quoted else f"Invalid parameter {name}")
        everywhere = last.get("global_project") or "false"
        if everywhere.lower() not in ("true", "false"):
            raise bad_request(f"Invalid value '{everywhere}' specified for 'global_project'")
        limit, marker = Senlin._limit(last.get("limit", "")), last.get("marker", "")
        if marker and not is_uuid_like(marker):
            raise bad_request(f"The value for marker is not a valid UUID: '{marker}'.")
        if everywhere.lower() == "true" and not call.token.is_admin:
            raise SenlinError(403, "Forbidden", "You are not authorized to complete this operation.")
        wanted = {name: {value for one, value in call.query if one == name} for name in filters if name in last}
        rows = [row for row in rows if call.token.is_admin or row.project == call.token.project_id]
        rows = [row for row in rows if all(str(filters[name](row)) in values for name, values in wanted.items())]
        rows.sort(key=lambda row: row.id)
        for part in reversed((last.get("sort") or next(iter(sorts))).split(",")):
            name, _colon, direction = part.partition(":")
            if direction not in ("", "asc", "desc"):
                raise bad_request(f"Unsupported sort dir '{direction}' for 'sort'.")
            if name not in sorts:
                raise bad_request(f"Unsupported sort key '{name}' for 'sort'.")
            rows.sort(key=sorts[name], reverse=direction == "desc")
        ids = [row.id for row in rows]
        rows = rows[ids.index(marker) + 1:] if marker in ids else rows
        return 200, {key: [shape(row, call) for row in rows[:limit]]}

    # -- clusters

    def cluster_entity(self, cluster: Cluster, _call: Any = None) -> dict[str, Any]:
        iso, engine = self._iso, self.system.engine
        return {
            "config": cluster.config, "created_at": iso(cluster.created), "data": {}, "dependents": {},
            "desired_capacity": cluster.desired, "domain": None, "id": cluster.id, "init_at": iso(cluster.init),
            "max_size": cluster.max, "metadata": cluster.metadata, "min_size": cluster.min, "name": cluster.name,
            "nodes": [node.id for node in engine.members(cluster.id)],
            "policies": [binding.id for binding in engine.bound(cluster.id)], "profile_id": cluster.profile,
            "profile_name": self._profile_name(cluster.profile), "project": cluster.project, "status": cluster.status,
            "status_reason": cluster.reason, "timeout": cluster.timeout, "updated_at": iso(cluster.updated),
            "user": cluster.user}

    def _iso(self, moment: float | None) -> str | None:
        return None if moment is None else str(self.system.clock.iso(moment))

    def _profile_name(self, profile: str) -> str:
        return str(self.system.store.profiles[profile].name)

    def list_clusters(self, call: Call) -> Answer:
        engine = self.engine
        return self._list(call, list(engine.clusters.values()), {"name": lambda one: one.name, "status": lambda one: one.status},
                          self.cluster_entity, "clusters", quoted=True, sorts={
                              "init_at": lambda one: one.init, "created_at": lambda one: one.created or 0.0,
                              "updated_at": lambda one: one.updated or 0.0, "name": lambda one: one.name,
                              "status": lambda one: one.status})

    def show_cluster(self, call: Call) -> Answer:
        return 200, {"cluster": self.cluster_entity(self._cluster(call))}

    def create_cluster(self, call: Call) -> Answer:
        given = _part(call, "cluster")
        _check_fields(given, {"name": _name, "profile_id": _text, "min_size": _capacity(0), "max_size": _capacity(-1),
                              "desired_capacity": _capacity(0), "metadata": _mapping, "timeout": _natural,
                              "config": _mapping}, required=("name", "profile_id"))
        engine, token = self.engine, call.token
        mine = [one for one in engine.clusters.values() if one.project == token.project_id]
        if len(mine) >= self.system.switches["cluster_quota"]:
            raise SenlinError(500, "OverQuota", "Quota exceeded for resources.")
        if self.system.switches["name_unique"] and any(one.name == given["name"] for one in mine):
            raise SenlinError(400, "BadRequest", f"a cluster named '{given['name']}' already exists.")
        profile = self._specified("profile", given["profile_id"], call)
        low, high = _number(given.get("min_size")), _number(given.get("max_size"))
        desired = _number(given.get("desired_capacity"))
        desired = (low or 0) if desired is None else desired
        refused = size_fault(None, desired, low, high)
        if refused:
            raise SenlinError(400, "BadRequest", refused)
        cluster = engine.add_cluster(Cluster(
            new_id(), given["name"], profile.id, token.project_id or "", token.user.id, engine.now, desired=desired,
            min=low or 0, max=-1 if high is None or high == 0 else high, metadata=given.get("metadata") or {},
            config=(given.get("config") or {}) if call.minor >= 7 else {}, timeout=_number(given.get("timeout")) or 3600))
        self.system.counts["created"] += 1
        action = self._act(call, "CLUSTER_CREATE", cluster)
        return 202, {"cluster": self.cluster_entity(cluster)}, action.id

    def _act(self, call: Call, action: str, cluster: Cluster, inputs: dict[str, Any] | None = None, name: str = "") -> Action:
        made: Action = self.system.engine.act(action, cluster.id, cluster.id, call.token.project_id or "", call.token.user.id,
                                              inputs, name=name)
        made.timeout = cluster.timeout
        return made

    def update_cluster(self, call: Call) -> Answer:
        given = call.body().get("cluster")
        if given is None:
            raise bad_request("Malformed request data, missing 'cluster' key in request body.")
        _check_fields(given, {"name": _nullable(_name), "profile_id": _nullable(_text), "metadata": _mapping,
                              "timeout": _natural, "profile_only": _boolean, "config": _mapping})
        cluster = self._cluster(call)
        if cluster.status == "ERROR":
            raise SenlinError(409, "FeatureNotSupported", "Updating a cluster in error state is not supported.")
        inputs: dict[str, Any] = {}
        if given.get("profile_id") is not None:
            old, new = self.system.store.profiles[cluster.profile], self._specified("profile", given["profile_id"], call)
            if old.type != new.type:
                raise SenlinError(400, "BadRequest", "Cannot update a cluster to a different profile type, operation aborted.")
            if old.id != new.id:
                inputs["new_profile_id"] = new.id
        for key in ("metadata", "timeout", "name", "config"):
            if key in given and given[key] != getattr(cluster, key) and (key != "config" or call.minor >= 7):
                inputs[key] = given[key]
        if "profile_only" in given and call.minor >= 6:
            inputs["profile_only"] = given["profile_only"]
        if not inputs:
            raise SenlinError(400, "BadRequest", "No property needs an update.")
        before = self.cluster_entity(cluster)
        self.system.counts["updated"] += 1
        return 202, {"cluster": before}, self._act(call, "CLUSTER_UPDATE", cluster, inputs).id

    def delete_cluster(self, call: Call) -> Answer:
        cluster = self._cluster(call)
        if cluster.status in BUSY and not self._forced(call):
            raise SenlinError(409, "ActionInProgress", f"The cluster '{call.values[0]}' is in status {cluster.status}.")
        self.system.counts["deleted"] += 1
        return 202, None, self._act(call, "CLUSTER_DELETE", cluster).id

    @staticmethod
    def _forced(call: Call) -> bool:
        text = dict(call.query).get("force")
        if text is not None and text.lower() not in ("true", "false"):
            raise bad_request(f"Invalid value '{text}' specified for 'force'")
        return text is not None and text.lower() == "true" and call.minor >= 8

    def attributes(self, call: Call) -> Answer:
        call.require(2)
        cluster, path = self._cluster(call), call.values[1]
        engine = self.engine
        values = []
        for node in engine.members(cluster.id):
            if path == "details.status":
                value = engine.server_status(node)
            else:
                value = self.node_entity(node, call).get(path)
            if value is not None:
                values.append({"id": node.id, "value": value})
        return 200, {"cluster_attributes": values}

    # -- actions on a cluster

    def cluster_action(self, call: Call) -> Answer:
        body = call.body()
        if not body:
            raise bad_request("No action specified")
        if len(body) > 1:
            raise bad_request("Multiple actions specified")
        (name, data), = body.items()
        handlers = {
            "resize": self._resize, "scale_out": self._scale, "scale_in": self._scale, "check": self._check,
            "recover": self._recover, "policy_attach": self._policy, "policy_detach": self._policy,
            "policy_update": self._policy, "add_nodes": self._add_nodes, "del_nodes": self._del_nodes}
        if name not in handlers:
            raise bad_request(f"Unrecognized action '{name}' specified")
        if not isinstance(data, dict):
            raise bad_request("The data provided is not a map")
        action = handlers[name](call, name, data)
        return 202, {"action": action.id}, action.id

    def _resize(self, call: Call, _name: str, data: dict[str, Any]) -> Action:
        keys = ("adjustment_type", "number", "min_size", "max_size")
        given = {key: data[key] for key in keys if data.get(key) is not None}
        if not given:
            raise bad_request("Not enough parameters to do resize action.")
        if data.get("strict") is not None:
            given["strict"] = data["strict"]
        _check_fields(given, {"adjustment_type": _adjustment, "number": _float, "min_size": _capacity(0),
                              "max_size": _capacity(-1), "strict": _boolean})
        if ("number" in given) != ("adjustment_type" in given):
            missing = "number" if "adjustment_type" in given else "adjustment_type"
            raise bad_request(f"Missing {missing} value for size adjustment.")
        low, high = _number(given.get("min_size")), _number(given.get("max_size"))
        if low is not None and high is not None and 0 < high < low:
            raise bad_request(f"The specified min_size ({low}) is greater than the specified max_size ({high}).")
        cluster = self._cluster(call)
        kind, desired = given.get("adjustment_type"), None
        number = None if kind is None else int(float(given["number"]))
        if kind == "EXACT_CAPACITY":
            if number is not None and number < 0:
                raise SenlinError(400, "BadRequest", "The 'number' must be non-negative integer for adjustment type"
                                  " 'EXACT_CAPACITY'.")
            desired = number
        elif number is not None:
            desired = len(self.engine.members(cluster.id)) + number
        refused = size_fault(cluster, desired, low, high)
        if refused:
            raise SenlinError(400, "BadRequest", refused)
        inputs = {"adjustment_type": kind, "number": number, "min_size": low, "max_size": high, "min_step": None,
                  "strict": given.get("strict", True)}
        return self._act(call, "CLUSTER_RESIZE", cluster, inputs)

    def _scale(self, call: Call, name: str, data: dict[str, Any]) -> Action:
        cluster = self._cluster(call)
        count = _number(data.get("count"))
        if count == 0:
            raise SenlinError(400, "BadRequest", f"Count for {name.replace('_', '-')} request cannot be 0.")
        return self._act(call, f"CLUSTER_{name.upper()}", cluster, {"count": count} if count else {})

    def _check(self, call: Call, _name: str, data: dict[str, Any]) -> Action:
        return self._act(call, "CLUSTER_CHECK", self._cluster(call), data)

    def _recover(self, call: Call, _name: str, data: dict[str, Any]) -> Action:
        cluster = self._cluster(call)
        return self._act(call, "CLUSTER_RECOVER", cluster, self._recovery(call, data))

    @staticmethod
    def _recovery(call: Call, data: dict[str, Any]) -> dict[str, Any]:
        operation = data.get("operation")
        if operation is not None and str(operation).upper() not in ("REBOOT", "REBUILD", "RECREATE"):
            raise SenlinError(400, "BadRequest", f"Operation value '{operation}' has to be one of the following: REBOOT,"
                              " REBUILD, RECREATE.")
        known = ("operation", "operation_params", *(("check", "check_capacity") if call.minor >= 6 else ()))
        extra = [key for key in data if key not in known]
        if extra and call.minor >= 6:
            raise SenlinError(400, "BadRequest", f"Action parameter {extra} is not recognizable.")
        return {key: value for key, value in data.items() if key in known}

    def _policy(self, call: Call, name: str, data: dict[str, Any]) -> Action:
        fields = {"policy_id": _text} if name == "policy_detach" else {"policy_id": _text, "enabled": _boolean}
        _check_fields(data, fields, required=("policy_id",))
        cluster = self._cluster(call)
        policy = self._specified("policy", data["policy_id"], call)
        verb = name.partition("_")[2]
        bound = any(one.policy == policy.id for one in self.engine.bound(cluster.id))
        if verb != "attach" and not bound:
            raise SenlinError(400, "BadRequest", f"The policy '{data['policy_id']}' is not attached to the specified cluster"
                              f" '{call.values[0]}'.")
        inputs: dict[str, Any] = {"policy_id": policy.id}
        if verb != "detach":
            inputs["enabled"] = data.get("enabled", True)
        return self._act(call, f"CLUSTER_{verb.upper()}_POLICY", cluster, inputs, name=f"{verb}_policy")

    def _nodes(self, call: Call, cluster: Cluster, identities: Any, joining: bool) -> list[str]:
        if not isinstance(identities, list) or not identities:
            raise bad_request("Value for 'nodes' must have at least 1 item(s).")
        engine, faults = self.engine, {"type": [], "owned": [], "bad": [], "unknown": []}  # type: dict[str, list[str]]
        profiles, found = self.system.store.profiles, []
        for identity in identities:
            try:
                node = self._find(engine.nodes, "node", identity, call)
            except SenlinError:
                faults["unknown"].append(identity)
                continue
            if joining:
                if profiles[node.profile].type != profiles[cluster.profile].type:
                    faults["type"].append(node.id)
                if node.cluster:
                    faults["owned"].append(node.id)
                if node.status != "ACTIVE":
                    faults["bad"].append(node.id)
            elif node.cluster != cluster.id:
                faults["owned"].append(node.id)
            found.append(node.id)
        if joining:
            words = {"type": "Profile type of nodes {} does not match that of the cluster.",
                     "owned": "Nodes {} already owned by some cluster.", "bad": "Nodes are not ACTIVE: {}.",
                     "unknown": "Nodes not found: {}."}
        else:
            words = {"unknown": "Nodes not found: {}.", "owned": "Nodes not members of specified cluster: {}."}
        told = [text.format(faults[key]) for key, text in words.items() if faults[key]]
        if told:
            raise SenlinError(400, "BadRequest", "\n".join(told))
        return found

    def _add_nodes(self, call: Call, _name: str, data: dict[str, Any]) -> Action:
        cluster = self._cluster(call)
        found = self._nodes(call, cluster, data.get("nodes", []), True)
        refused = size_fault(cluster, cluster.desired + len(found), None, None)
        if refused:
            raise SenlinError(400, "BadRequest", refused)
        return self._act(call, "CLUSTER_ADD_NODES", cluster, {"nodes": found})

    def _del_nodes(self, call: Call, _name: str, data: dict[str, Any]) -> Action:
        cluster = self._cluster(call)
        found = self._nodes(call, cluster, data.get("nodes", []), False)
        refused = size_fault(cluster, cluster.desired - len(found), None, None)
        if refused:
            raise SenlinError(400, "BadRequest", refused)
        inputs: dict[str, Any] = {"candidates": found, "count": len(found)}
        if call.minor >= 4:
            inputs["destroy_after_deletion"] = data.get("destroy_after_deletion", False)
        return self._act(call, "CLUSTER_DEL_NODES", cluster, inputs)

    # -- nodes

    def node_entity(self, node: Node, call: Call) -> dict[str, Any]:
        iso = self._iso
        entity = {
            "cluster_id": node.cluster, "created_at": iso(node.created), "data": node.data, "dependents": {}, "domain": None,
            "id": node.id, "index": node.index, "init_at": iso(node.init), "metadata": node.metadata, "name": node.name,
            "physical_id": node.physical, "profile_id": node.profile, "profile_name": self._profile_name(node.profile),
            "project": node.project, "role": node.role, "status": node.status, "status_reason": node.reason,
            "tainted": node.tainted, "updated_at": iso(node.updated), "user": node.user}
        if call.minor < 13:
            del entity["tainted"]
        return entity

    def list_nodes(self, call: Call) -> Answer:
        engine = self.engine
        wanted = dict(call.query).get("cluster_id")
        if wanted:
            try:
                ident = self._cluster(call, wanted).id
            except SenlinError as error:
                if error.kind != "ResourceNotFound":
                    raise
                raise SenlinError(400, "BadRequest", f"Cannot find the given cluster: {wanted}.") from None
            call.query = [(key, ident if key == "cluster_id" else value) for key, value in call.query]
        return self._list(call, list(engine.nodes.values()), {
            "cluster_id": lambda one: one.cluster, "name": lambda one: one.name, "status": lambda one: one.status},
            self.node_entity, "nodes", sorts={
                "init_at": lambda one: one.init, "index": lambda one: one.index, "name": lambda one: one.name,
                "status": lambda one: one.status, "created_at": lambda one: one.created or 0.0,
                "updated_at": lambda one: one.updated or 0.0})

    def _node(self, call: Call) -> Node:
        found: Node = self._find(self.engine.nodes, "node", call.values[0], call)
        return found

    def show_node(self, call: Call) -> Answer:
        node = self._node(call)
        entity = self.node_entity(node, call)
        if dict(call.query).get("show_details", "").lower() == "true":
            status = self.engine.server_status(node)
            if node.physical is None:
                entity["details"] = {}
            elif status is None:
                entity["details"] = {"Error": {"code": 404, "message": f"No Server found for {node.physical}"}}
            else:
                entity["details"] = self._server(node, status)
        return 200, {"node": entity}

    @staticmethod
    def _server(node: Node, status: str) -> dict[str, Any]:
        """The server as Nova tells it; nodes have addresses of their own, unlike those of Senlin's fake Nova."""
        number = max(node.index, 1)
        tags = {"cluster_id": node.cluster, "cluster_node_id": node.id, "cluster_node_index": str(node.index)}
        return {"addresses": {"private": [{"addr": f"192.168.{number // 250}.{number % 250}", "version": 4}]},
                "attached_volumes": [], "flavor": "1", "id": node.physical, "image": "70a599e0-31e7-49b7-b260-868f441e862b",
                "metadata": tags if node.cluster else {}, "name": node.name, "progress": 0, "security_groups": "",
                "status": status}

    def create_node(self, call: Call) -> Answer:
        given = _part(call, "node")
        _check_fields(given, {"cluster_id": _nullable(_text), "metadata": _mapping, "name": _name, "profile_id": _text,
                              "role": _nullable(_text)}, required=("name", "profile_id"))
        engine, token = self.engine, call.token
        profile = self._specified("profile", given["profile_id"], call)
        cluster = None
        if given.get("cluster_id"):
            cluster = self._specified("cluster", given["cluster_id"], call)
            if self.system.store.profiles[cluster.profile].type != profile.type:
                raise SenlinError(400, "BadRequest", "Node and cluster have different profile type, operation aborted.")
        node = engine.new_node(token.project_id or "", token.user.id, profile.id, given["name"], cluster,
                               role=given.get("role") or "", metadata=given.get("metadata") or {})
        if cluster is not None:
            cluster.desired += 1
        action = engine.act("NODE_CREATE", node.id, node.cluster, node.project, node.user)
        return 202, {"node": self.node_entity(node, call)}, action.id

    def update_node(self, call: Call) -> Answer:
        given = call.body().get("node")
        if given is None:
            raise bad_request("Malformed request data, missing 'node' key in request body.")
        _check_fields(given, {"metadata": _mapping, "name": _nullable(_name), "profile_id": _nullable(_text),
                              "role": _nullable(_text), "tainted": _boolean})
        node, inputs = self._node(call), {}
        if given.get("profile_id") is not None:
            new, old = self._specified("profile", given["profile_id"], call), self.system.store.profiles[node.profile]
            if new.type != old.type:
                raise SenlinError(400, "BadRequest", "Cannot update a node to a different profile type, operation aborted.")
            if new.id != old.id:
                inputs["new_profile_id"] = new.id
        for key in ("name", "role", "metadata", "tainted"):
            told = key in given and (key != "tainted" or call.minor >= 13) and (key != "name" or given[key])
            if told and given[key] != getattr(node, key):
                inputs[key] = given[key]
        if not inputs:
            raise SenlinError(400, "BadRequest", "No property needs an update.")
        action = self.engine.act("NODE_UPDATE", node.id, node.cluster, node.project, node.user, inputs)
        return 202, {"node": self.node_entity(node, call)}, action.id

    def delete_node(self, call: Call) -> Answer:
        node = self._node(call)
        if node.status in BUSY and not self._forced(call):
            raise SenlinError(409, "ActionInProgress", f"The node '{call.values[0]}' is in status {node.status}.")
        return 202, None, self.engine.act("NODE_DELETE", node.id, node.cluster, node.project, node.user).id

    def node_action(self, call: Call) -> Answer:
        body = call.body()
        if len(body) != 1:
            raise bad_request("Multiple actions specified" if body else "No action specified")
        (name, data), = body.items()
        if name not in ("check", "recover"):
            raise bad_request(f"Unrecognized action '{name}' specified")
        node = self._node(call)
        inputs = data if name == "check" else self._recovery(call, data or {})
        action = self.engine.act(f"NODE_{name.upper()}", node.id, node.cluster, node.project, node.user, inputs)
        return 202, {"action": action.id}, action.id

    # -- policies and bindings

    def policy_entity(self, policy: Policy, _call: Any = None, *, stored: bool = True) -> dict[str, Any]:
        created = self._iso(policy.created)
        if stored and created:                                  # GET has another form of the time than POST
            created = created.replace("Z", ".000001+00:00")
        updated = self._iso(policy.updated)
        return {"created_at": created, "data": {}, "domain": None, "id": policy.id, "name": policy.name,
                "project": policy.project, "spec": policy.spec, "type": policy.type,
                "updated_at": updated.replace("Z", ".000001+00:00") if updated and stored else updated, "user": policy.user}

    def list_policies(self, call: Call) -> Answer:
        return self._list(call, list(self.engine.policies.values()), {"name": lambda one: one.name, "type": lambda one: one.type},
                          self.policy_entity, "policies", sorts={
                              "created_at": lambda one: one.created, "name": lambda one: one.name, "type": lambda one: one.type,
                              "updated_at": lambda one: one.updated or 0.0})

    def _judge_policy(self, spec: dict[str, Any]) -> str:
        for key in ("type", "version"):
            if key not in spec:
                raise SenlinError(500, "ESchema", f"The '{key}' key is missing from the provided spec map.")
        kind = f"{spec['type']}-{spec['version']}"
        if kind not in POLICY_TYPES:
            raise SenlinError(404, "ResourceNotFound", f"The policy_type '{kind}' could not be found.")
        criteria = (spec.get("properties") or {}).get("criteria")
        if "deletion" in kind and criteria is not None and criteria not in CRITERIA:
            raise SenlinError(500, "ESchema", f"'{criteria}' must be one of the allowed values: {', '.join(CRITERIA)}")
        return kind

    def create_policy(self, call: Call) -> Answer:
        given = _part(call, "policy")
        _check_fields(given, {"name": _name, "spec": _mapping}, required=("name", "spec"))
        engine, token = self.engine, call.token
        mine = [one for one in engine.policies.values() if one.project == token.project_id]
        if self.system.switches["name_unique"] and any(one.name == given["name"] for one in mine):
            raise SenlinError(400, "BadRequest", f"A policy named '{given['name']}' already exists.")
        policy = Policy(new_id(), given["name"], self._judge_policy(given["spec"]), given["spec"], token.project_id or "",
                        token.user.id, engine.now)
        engine.policies[policy.id] = policy
        self.system.counts["created"] += 1
        return 201, {"policy": self.policy_entity(policy, stored=False)}

    def validate_policy(self, call: Call) -> Answer:
        call.require(2)
        given = _part(call, "policy")
        _check_fields(given, {"spec": _mapping}, required=("spec",))
        kind = self._judge_policy(given["spec"])
        return 200, {"policy": {
            "created_at": None, "data": {}, "domain": None, "id": None, "name": "validated_policy",
            "project": call.token.project_id, "spec": given["spec"], "type": kind, "updated_at": None,
            "user": call.token.user.id}}

    def _one_policy(self, call: Call) -> Policy:
        found: Policy = self._find(self.engine.policies, "policy", call.values[0], call)
        return found

    def show_policy(self, call: Call) -> Answer:
        return 200, {"policy": self.policy_entity(self._one_policy(call))}

    def update_policy(self, call: Call) -> Answer:
        given = call.body().get("policy")
        if given is None:
            raise bad_request("Malformed request data, missing 'policy' key in request body.")
        _check_fields(given, {"name": _name}, required=("name",))
        policy = self._one_policy(call)
        if given["name"] == policy.name:
            raise SenlinError(400, "BadRequest", "No property needs an update.")
        policy.name, policy.updated = given["name"], self.engine.now
        return 200, {"policy": self.policy_entity(policy)}

    def delete_policy(self, call: Call) -> None:
        policy = self._one_policy(call)
        if any(one.policy == policy.id for one in self.engine.bindings.values()):
            raise SenlinError(409, "ResourceInUse", f"The policy '{call.values[0]}' cannot be deleted: still attached to some"
                              " clusters.")
        del self.engine.policies[policy.id]

    def list_policy_types(self, call: Call) -> Answer:
        if call.minor < 5:
            return 200, {"policy_types": [{"name": name} for name in sorted(POLICY_TYPES)]}
        return 200, {"policy_types": [
            {"name": name.rpartition("-")[0], "version": name.rpartition("-")[2], "support_status": {}}
            for name in sorted(POLICY_TYPES)]}

    def binding_entity(self, binding: Binding) -> dict[str, Any]:
        engine = self.system.engine
        policy = engine.policies[binding.policy]
        return {"cluster_id": binding.cluster, "cluster_name": engine.clusters[binding.cluster].name, "data": None,
                "enabled": binding.enabled, "id": binding.id, "last_op": None, "policy_id": policy.id,
                "policy_name": policy.name, "policy_type": policy.type, "priority": binding.priority}

    def list_bindings(self, call: Call) -> Answer:
        last = dict(call.query)
        for key in last:
            if key not in ("enabled", "policy_name", "policy_type", "sort"):
                raise bad_request(f"Invalid parameter {key}")
        cluster = self._cluster(call)
        rows = [self.binding_entity(one) for one in self.engine.bound(cluster.id)]
        if "enabled" in last:
            rows = [row for row in rows if row["enabled"] is (last["enabled"].lower() == "true")]
        return 200, {"cluster_policies": rows}

    def show_binding(self, call: Call) -> Answer:
        cluster = self._cluster(call)
        policy = self._find(self.engine.policies, "policy", call.values[1], call)
        for binding in self.engine.bound(cluster.id):
            if binding.policy == policy.id:
                return 200, {"cluster_policy": self.binding_entity(binding)}
        raise SenlinError(404, "PolicyBindingNotFound", f"The policy '{call.values[1]}' is not found attached to the specified"
                          f" cluster '{call.values[0]}'.")

    # -- receivers

    def receiver_entity(self, receiver: Receiver, _call: Any = None) -> dict[str, Any]:
        return {"action": receiver.action, "actor": {"trust_id": receiver.trust}, "channel": {"alarm_url": receiver.url},
                "cluster_id": receiver.cluster, "created_at": self._iso(receiver.created), "domain": None, "id": receiver.id,
                "name": receiver.name, "params": receiver.params, "project": receiver.project, "type": receiver.type,
                "updated_at": self._iso(receiver.updated), "user": receiver.user}

    def list_receivers(self, call: Call) -> Answer:
        return self._list(call, list(self.engine.receivers.values()), {
            "name": lambda one: one.name, "type": lambda one: one.type, "cluster_id": lambda one: one.cluster,
            "action": lambda one: one.action, "user": lambda one: one.user}, self.receiver_entity, "receivers", sorts={
                "created_at": lambda one: one.created, "name": lambda one: one.name, "type": lambda one: one.type,
                "action": lambda one: one.action, "cluster_id": lambda one: one.cluster})

    def create_receiver(self, call: Call) -> Answer:
        given = _part(call, "receiver")
        _check_fields(given, {"name": _name, "type": _receiver_type, "cluster_id": _nullable(_text),
                              "action": _nullable(_webhook_action), "actor": _mapping, "params": _mapping},
                      required=("name", "type"))
        engine, token = self.engine, call.token
        if given["type"] == "message":
            raise SenlinError(500, "MissingAuthPlugin", "An auth plugin is required to fetch a token")
        if given.get("cluster_id") is None:
            raise SenlinError(400, "BadRequest", "Cluster identity is required for creating webhook receiver.")
        if given.get("action") is None:
            raise SenlinError(400, "BadRequest", "Action name is required for creating webhook receiver.")
        try:
            cluster = self._find(engine.clusters, "cluster", given["cluster_id"], call)
        except SenlinError as error:
            if error.kind != "ResourceNotFound":
                raise
            raise SenlinError(400, "BadRequest",
                              f"The referenced cluster '{given['cluster_id']}' could not be found.") from None
        ident, params = new_id(), given.get("params") or {}
        query = f"&{urlencode(sorted(params.items()))}" if params else ""
        url = f"{self.system.urls['clustering']}/v1/webhooks/{ident}/trigger?V=2{query}"
        receiver = Receiver(ident, given["name"], given["type"], cluster.id, given["action"], params, url,
                            new_id().replace("-", ""), token.project_id or "", token.user.id, engine.now)
        engine.receivers[ident] = receiver
        self.system.counts["created"] += 1
        return 201, {"receiver": self.receiver_entity(receiver)}

    def _receiver(self, call: Call) -> Receiver:
        found: Receiver = self._find(self.engine.receivers, "receiver", call.values[0], call)
        return found

    def show_receiver(self, call: Call) -> Answer:
        return 200, {"receiver": self.receiver_entity(self._receiver(call))}

    def update_receiver(self, call: Call) -> Answer:
        """The address keeps the parameters that it was made with."""
        given = call.body().get("receiver")
        if given is None:
            raise bad_request("Malformed request data, missing 'receiver' key in request body.")
        _check_fields(given, {"name": _nullable(_name), "action": _nullable(_webhook_action), "params": _mapping})
        receiver = self._receiver(call)
        changes = {key: value for key, value in given.items() if value is not None and value != getattr(receiver, key)}
        if not changes:
            raise SenlinError(400, "BadRequest", "No property needs an update.")
        for key, value in changes.items():
            setattr(receiver, key, value)
        receiver.updated = self.engine.now
        return 200, {"receiver": self.receiver_entity(receiver)}

    def delete_receiver(self, call: Call) -> None:
        del self.engine.receivers[self._receiver(call).id]

    def trigger(self, ident: str, body: dict[str, Any], query: dict[str, str]) -> Answer:
        """POST of a webhook, without a token: the action runs as the one who made the receiver."""
        engine = self.engine
        receiver = engine.receivers.get(ident)
        if receiver is None:
            raise SenlinError(404, "ResourceNotFound", f"The receiver '{ident}' could not be found.")
        inputs = {**{key: value for key, value in query.items() if key != "V"}, **body}
        if "count" in inputs:
            inputs["count"] = int(inputs["count"])
        action = engine.act(receiver.action, receiver.cluster, receiver.cluster, receiver.project, receiver.user, inputs)
        return 202, {"action": action.id}, action.id

    # -- actions

    def action_entity(self, action: Action, call: Call) -> dict[str, Any]:
        entity = {
            "action": action.action, "cause": action.cause, "cluster_id": action.cluster,
            "created_at": self._iso(action.created), "data": {}, "depended_by": action.depended_by if action.open else [],
            "depends_on": action.depends_on, "end_time": action.end, "id": action.id, "inputs": action.inputs, "interval": -1,
            "name": action.name, "outputs": {}, "owner": action.owner, "project": action.project, "start_time": action.start,
            "status": action.status, "status_reason": action.reason, "target": action.target, "timeout": action.timeout,
            "updated_at": None, "user": action.user}
        if call.minor < 14:
            del entity["cluster_id"]
        return entity

    def list_actions(self, call: Call) -> Answer:
        return self._list(call, list(self.engine.actions.values()), {
            "name": lambda one: one.name, "cluster_id": lambda one: one.cluster, "target": lambda one: one.target,
            "action": lambda one: one.action, "status": lambda one: one.status}, self.action_entity, "actions", sorts={
                "created_at": lambda one: one.created, "name": lambda one: one.name, "status": lambda one: one.status,
                "target": lambda one: one.target, "action": lambda one: one.action, "updated_at": lambda one: 0.0})

    def _action(self, call: Call) -> Action:
        found: Action = self._find(self.engine.actions, "action", call.values[0], call)
        return found

    def show_action(self, call: Call) -> Answer:
        return 200, {"action": self.action_entity(self._action(call), call)}

    def update_action(self, call: Call) -> Answer:
        call.require(12)
        given = call.body().get("action")
        if given is None:
            raise bad_request("Malformed request data, missing 'action' key in request body.")
        status = given.get("status")
        if status != "CANCELLED":
            raise SenlinError(400, "BadRequest", f"Unknown status {status} for action {self._action(call).id}.")
        action = self._action(call)
        if not action.open:
            raise SenlinError(409, "ActionImmutable", f"Action ({action.id[:8]}) is in status ({action.status}) while expected"
                              f" status must be one of ({tuple(one for one in OPEN if one != 'SUSPENDED')}).")
        self.engine.cancel(action, dict(call.query).get("force", "").lower() == "true")
        return 202, {"message": "The request is accepted for processing.<br /><br />\n\n\n", "code": "202 Accepted",
                     "title": "Accepted"}


def size_fault(cluster: Cluster | None, desired: int | None, low: int | None, high: int | None) -> str | None:
    """What Senlin has against these sizes (strict), or None."""
    if desired is not None:
        if desired > MAX_NODES:
            return f"The target capacity ({desired}) is greater than the maximum number of nodes allowed per cluster ({MAX_NODES})."
        if low is not None and desired < low:
            return f"The target capacity ({desired}) is less than the specified min_size ({low})."
        if low is None and cluster is not None and desired < cluster.min:
            return f"The target capacity ({desired}) is less than the cluster's min_size ({cluster.min})."
        if high is not None and 0 <= high < desired:
            return f"The target capacity ({desired}) is greater than the specified max_size ({high})."
        if high is None and cluster is not None and 0 <= cluster.max < desired:
            return f"The target capacity ({desired}) is greater than the cluster's max_size ({cluster.max})."
    if low is not None:
        if high is not None and 0 <= high < low:
            return f"The specified min_size ({low}) is greater than the specified max_size ({high})."
        if high is None and cluster is not None and 0 <= cluster.max < low:
            return f"The specified min_size ({low}) is greater than the current max_size ({cluster.max}) of the cluster."
        if desired is None and cluster is not None and low > cluster.desired:
            return f"The specified min_size ({low}) is greater than the current desired_capacity ({cluster.desired}) of the cluster."
    if high is not None and high >= 0:
        if low is None and cluster is not None and high < cluster.min:
            return f"The specified max_size ({high}) is less than the current min_size ({cluster.min}) of the cluster."
        if desired is None and cluster is not None and high < cluster.desired:
            return f"The specified max_size ({high}) is less than the current desired_capacity ({cluster.desired}) of the cluster."
    return None


# -- fields of a body, in the words of Senlin's versioned objects ------------------------------------------------------


def _part(call: Call, key: str) -> Any:
    body = call.body()
    if key not in body:
        raise bad_request(f"Request body missing '{key}' key.")
    return body[key]


def _check_fields(given: Any, fields: dict[str, Any], required: tuple[str, ...] = ()) -> None:
    if given is None:
        raise generic_bad_request()
    if not isinstance(given, dict):
        raise bad_request(f"{given!r} is not of type 'object'")
    for key, check in fields.items():
        if key in given:
            check(key, given[key])
    for key in required:
        if key not in given:
            raise bad_request(f"'{key}' is a required property")
    extra = sorted(set(given) - set(fields))
    if extra:
        names = ", ".join(f"'{key}'" for key in extra)
        raise bad_request(f"Additional properties are not allowed ({names} {'was' if len(extra) == 1 else 'were'} unexpected)")


def _nullable(check: Any) -> Any:
    return lambda key, value: None if value is None else check(key, value)


def _name(key: str, value: Any) -> None:
    from .senlin import _check_name
    _check_name(value, False)


def _text(key: str, value: Any) -> None:
    if value is None:
        raise bad_request(f"Field `{key}' cannot be None")
    if not isinstance(value, str):
        raise bad_request(f"{value!r} is not of type 'string'")


def _mapping(key: str, value: Any) -> None:
    if value is not None and not isinstance(value, dict):
        if isinstance(value, str):
            raise bad_request(f"The value ({value}) is not a valid JSON.")
        raise bad_request(f"{value!r} is not of type 'object', 'null'")


def _natural(key: str, value: Any) -> None:
    if value is None:
        return
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise bad_request(f"The value for {key} must be an integer: '{value}'.") from None
    if number < 0:
        raise bad_request(f"Value must be >= 0 for field '{key}'.")


def _capacity(minimum: int) -> Any:
    def check(key: str, value: Any) -> None:
        if value is None:
            return
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise bad_request(f"The value for {key} must be an integer: '{value}'.") from None
        if number < minimum:
            raise bad_request(f"The value for the {key} field must be greater than or equal to {minimum}.")
        if number > MAX_NODES:
            raise bad_request(f"The value for the {key} field must be less than or equal to {MAX_NODES}.")
    return check


def _boolean(key: str, value: Any) -> None:
    if value is not None and not isinstance(value, bool) and str(value).lower() not in ("true", "false", "1", "0"):
        raise bad_request(f"Unrecognized value '{value}', acceptable values are: '0', 'f', 'false', 'n', 'no', 'off', '1', 'on',"
                          " 't', 'true', 'y', 'yes'")


def _float(key: str, value: Any) -> None:
    try:
        float(value)
    except (TypeError, ValueError):
        raise bad_request(f"could not convert string to float: {value!r}") from None


def _adjustment(key: str, value: Any) -> None:
    if value not in ("EXACT_CAPACITY", "CHANGE_IN_CAPACITY", "CHANGE_IN_PERCENTAGE"):
        raise bad_request(f"Value '{value}' is not acceptable for field '{key}'.")


def _receiver_type(key: str, value: Any) -> None:
    if value not in ("webhook", "message"):
        raise bad_request(f"Value '{value}' is not acceptable for field '{key}'.")


def _webhook_action(key: str, value: Any) -> None:
    if value not in WEBHOOK_ACTIONS | {"CLUSTER_CREATE"}:
        raise bad_request(f"Value '{value}' is not acceptable for field '{key}'.")
    if value == "CLUSTER_CREATE":
        raise SenlinError(400, "BadRequest", "Action name cannot be any of ['CLUSTER_CREATE'].")


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
