# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change, move and delete single nodes: what only these know, for the driver.

The service throws the name away of a node that is made inside a cluster, so it is made outside and then joins: its name is its key.
A node that joins loses its role, so the role is set after that.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs, Work
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import (
    actions,
    api,
    cluster_profiles,
    clusters,
    listing,
    nodes,
    specs,
)
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, NODES, Entry
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.specs import MARKER, OURS

NEW_ID = "(id of the new node)"


MEMBERSHIP = {"join": "CLUSTER_ADD_NODES", "leave": "CLUSTER_DEL_NODES"}
ACTIONS = {
    "create": "NODE_CREATE", "delete": "NODE_DELETE", "recover": "NODE_RECOVER", "taint": "NODE_UPDATE", "update": "NODE_UPDATE",
    **MEMBERSHIP,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one node. cluster: the one that it is to be a member of; standalone: it is to be a member of none."""

    name: str | None = None
    id: str | None = None
    profile: str | None = None
    cluster: str | None = None
    standalone: bool = False
    role: str | None = None
    metadata: dict[str, t.Any] | None = None
    tainted: bool | None = None

    @property
    def label(self) -> str:
        return self.name or self.id or ""


@dataclasses.dataclass(frozen=True)
class Create(Step):
    """The creation of a node. The plan shows users everything but the random marker."""

    def public(self) -> dict[str, t.Any]:
        shown = super().public()
        node = dict(shown["body"]["node"])
        node["metadata"] = {**node["metadata"], MARKER: clusters.FRESH}
        return {**shown, "body": {"node": node}}

    @property
    def marker(self) -> str:
        return self.body["node"]["metadata"][MARKER]


def tags(node: Entry) -> dict[str, t.Any]:
    """The user's metadata."""
    return {key: value for key, value in (node.get("metadata") or {}).items() if key not in OURS}


def plan(desired: Desired, found: Entry | None, cluster: Entry | None, profile: Entry | None, marker: str) -> tuple[Step, ...]:
    """The requests, in order. cluster: the one that is to have the node."""
    if found is None:
        return _creation(desired, cluster, profile, marker)
    if found.get("status") == "ERROR":
        return (*_recovery(found), *_rest(desired, found, cluster, profile))
    return _rest(desired, found, cluster, profile)


def _rest(desired: Desired, found: Entry, cluster: Entry | None, profile: Entry | None) -> tuple[Step, ...]:
    steps: list[Step] = []
    joins = cluster is not None and found.get("cluster_id") != cluster["id"]
    if joins and found.get("status") not in (nodes.ACTIVE, "ERROR"):  # in ERROR it was recovered before
        raise bad_input(
            "node_not_active",
            f"{nodes.faults([found])[0]}. Only a node that is ACTIVE can join a cluster.",
            "Heal the cluster that it is in (module cluster, state healthy), or look at its server, and run again.",
            resource=found["name"],
        )
    if found.get("cluster_id") and (joins or desired.standalone):
        steps.append(
            _member("leave", found["cluster_id"], found["id"], found["name"], "it is a member of a cluster that it is not desired in")
        )
    if joins and cluster is not None:
        steps.append(_member("join", cluster["id"], found["id"], found["name"], f"it is no member of the cluster {cluster['name']}"))
    change: dict[str, t.Any] = {}
    if desired.name and desired.name != found["name"]:
        change["name"] = desired.name
    if desired.role is not None and (joins or desired.role != (found.get("role") or "")):
        change["role"] = desired.role
    if desired.metadata is not None and specs.canonical(desired.metadata) != specs.canonical(tags(found)):
        change["metadata"] = {**desired.metadata, **{key: value for key, value in (found.get("metadata") or {}).items() if key in OURS}}
    if desired.tainted is not None and desired.tainted is not found.get("tainted"):
        change["tainted"] = desired.tainted
    if profile is not None and profile["id"] != found.get("profile_id"):
        change["profile_id"] = profile["id"]
    if change:
        steps.append(_update(found["id"], found["name"], change))
    return tuple(steps)


def _recovery(found: Entry) -> tuple[Step, ...]:
    """check: without it the service makes the server anew although it is well."""
    body = {"recover": {"operation": "RECREATE", "check": True}}
    path = listing.path(NODES, found["id"], "actions")
    return (
        Step(
            "recover", "POST", path, found["id"], "its status is ERROR", body=body, title=found["name"], effect=("the recovery", "started")
        ),
    )


def _creation(desired: Desired, cluster: Entry | None, profile: Entry | None, marker: str) -> tuple[Step, ...]:
    if desired.id:
        raise bad_input(
            "node_not_found",
            f"there is no node with the id {desired.id} in this project.",
            "Look at cluster_node_info, or leave out id to make a new node, and run again.",
            resource=desired.label,
        )
    if profile is None:
        raise bad_input(
            "config_profile",
            f"there is no node {desired.label} yet, and without profile it cannot be made.",
            "Set profile and run again.",
            resource=desired.label,
        )
    body: dict[str, t.Any] = {
        "name": desired.name,
        "profile_id": profile["id"],
        "metadata": {**(desired.metadata or {}), MARKER: marker},
    }
    if desired.role is not None and cluster is None:
        body["role"] = desired.role
    create = Create(
        "create", "POST", NODES.path, desired.label, "there is no node of this name in this project", body={"node": body},
        effect=("the node", "created"),
    )  # fmt: skip
    steps: list[Step] = [create]
    if cluster is not None:
        join = _member("join", cluster["id"], NEW_ID, desired.label, f"it is desired in the cluster {cluster['name']}")
        steps.append(dataclasses.replace(join, foreseen=True))
        if desired.role is not None:
            steps.append(dataclasses.replace(_update(NEW_ID, desired.label, {"role": desired.role}), foreseen=True))
    if desired.tainted:
        steps.append(dataclasses.replace(_update(NEW_ID, desired.label, {"tainted": True}, "taint"), foreseen=True))
    return tuple(steps)


def _member(verb: str, cluster: str, node: str, name: str, why: str) -> Step:
    body = {"add_nodes": {"nodes": [node]}} if verb == "join" else {"del_nodes": {"nodes": [node], "destroy_after_deletion": False}}
    path, resource = listing.path(CLUSTERS, cluster, "actions"), f"{cluster}/{name}"
    return Step(verb, "POST", path, resource, why, body=body, title=name, effect=("the action", "started"))


def _cluster(step: Step) -> str:
    """The cluster that a node joins or leaves."""
    return step.resource.partition("/")[0]


def _action_of(step: Step, node: str, running: t.Sequence[actions.Action]) -> str | None:
    """The id of the action that a request has started. One of the cluster may be about another node of the task."""
    kind = ACTIONS[step.operation]
    for one in running:
        if one["action"] != kind or one.get("cause") == actions.DERIVED:
            continue
        given = one.get("inputs") or {}
        of_cluster = one.get("target") == _cluster(step) and node in (given.get("nodes") or given.get("candidates") or ())
        if of_cluster if step.operation in MEMBERSHIP else one.get("target") == node:
            return str(one["id"])
    return None


def _update(ident: str, name: str, change: dict[str, t.Any], operation: str = "update") -> Step:
    path = f"{NODES.path}/{NEW_ID}" if ident == NEW_ID else listing.path(NODES, ident)
    why = f"its {', '.join(sorted(change))} {'differ' if len(change) > 1 else 'differs'}"
    return Step(
        operation,
        "PATCH",
        path,
        name if ident == NEW_ID else ident,
        why,
        body={"node": change},
        title=name,
        effect=("the update", "accepted"),
    )


def known(step: Step, ident: str) -> Step:
    """A foreseen step, with the id of the node that was made."""
    if "node" in step.body:
        return dataclasses.replace(step, path=listing.path(NODES, ident), foreseen=False)
    ((verb, body),) = step.body.items()
    return dataclasses.replace(step, body={verb: {**body, "nodes": [ident]}}, foreseen=False)


def shows(step: Step, node: Entry | None) -> bool:
    """The effect of an accepted request is there."""
    if step.method == "DELETE":
        return node is None
    if node is None:
        return False
    if isinstance(step, Create):
        return (node.get("metadata") or {}).get(MARKER) == step.marker and node.get("status") == nodes.ACTIVE
    if "node" in step.body:
        return all(specs.canonical(node.get(key)) == specs.canonical(value) for key, value in step.body["node"].items())
    if "recover" in step.body:
        return node.get("status") == nodes.ACTIVE
    return (node.get("cluster_id") == _cluster(step)) is ("add_nodes" in step.body)


def refuse_sizes(items: t.Sequence[Item], clusters: t.Mapping[str, Entry]) -> None:
    """Refuse what leaves a cluster with fewer nodes than it may have, or gives it more: the service refuses it only after what comes
    before, when a node that moves is out of its old cluster. items: as planned. clusters: by id.

    Rows are sent side by side, each request after the one before of its row. So a place that another row makes free counts only for
    what is not the first request of its row.
    """
    out: dict[str, list[Item]] = {}
    joins: dict[str, list[tuple[Item, bool]]] = {}
    deleted: set[str] = set()
    for item in items:
        for number, step in enumerate((*item.steps, *item.later)):
            if step.operation == "join":
                joins.setdefault(_cluster(step), []).append((item, number == 0))
            elif step.operation == "leave" or (step.operation == "delete" and item.before and item.before.get("cluster_id")):
                out.setdefault(item.before["cluster_id"], []).append(item)
                deleted |= {item.before["cluster_id"]} if step.operation == "delete" else set()
    for ident in [one for one in (*out, *joins) if one in clusters]:
        cluster, leaving, joining = clusters[ident], out.get(ident, []), joins.get(ident, [])
        now, told = len(cluster.get("nodes") or ()), whole(cluster.get("desired_capacity"))
        low, high = whole(cluster.get("min_size")) or 0, whole(cluster.get("max_size"))
        at_once = sum(first for _item, first in joining)
        # A request is held against the desired capacity, its action against the number of nodes, which then is the desired capacity.
        # A deletion is held against the number of nodes only.
        desired = now if told is None or ident in deleted else told
        least = [("nodes", now - len(leaving)), ("as desired capacity", desired - 1)] if leaving else []
        most = [("nodes", now + max(at_once, len(joining) - len(leaving)))] if joining else []
        most += [("as desired capacity", desired + 1)] if at_once or (joining and not leaving) else []
        for what, number in least:
            if number < low:
                raise _size_fault(leaving[-1], cluster, f"{number} {what}, fewer than its min_size ({low})")
        for what, number in most:
            if high is not None and 0 <= high < number:
                raise _size_fault(joining[-1][0], cluster, f"{number} {what}, more than its max_size ({high})")


def _size_fault(item: Item, cluster: Entry, why: str) -> Failure:
    return bad_input(
        "config_size",
        f"with what is desired of the node {item.title}, the cluster {cluster['name']} would have {why}.",
        "Change the sizes of the cluster (module cluster), or leave the node where it is, and run again.",
        resource=item.title,
    )


def _profile_of(item: Item) -> str:
    """The id of the profile that a node has when it joins."""
    return str(item.before["profile_id"] if item.before is not None else item.steps[0].body["node"]["profile_id"])


class SetNodes(Operation):
    """``desired`` of an item is the user's :class:`Desired`, ``before`` and ``current`` are entries, None for no node."""

    kind, noun, where = "clusters", "nodes", "the nodes of this project (cluster_node_info)"
    empty_ok, identity_is_known, serial = True, True, True
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, asked: t.Sequence[Desired], *, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.single, self.is_present = asked, single, run.params["state"] == "present"
        self.jobs = actions.Reader(client)
        self._moves = self.is_present and any(one.cluster or one.standalone for one in asked)

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    # -- read and plan -----------------------------------------------------------------------------------------------

    def read(self) -> list[Item]:
        try:
            found, entries = actions.at_rest(self.client, self.run, self.others, self._found, self._names)
            return self._items(found, entries)
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None

    def _found(self) -> tuple[list[Entry | None], list[Entry]]:
        """The nodes that are meant, and the clusters that they are to be members of, or may leave."""
        entries = self._entries(self.asked)
        if not self.is_present:
            listing.refuse_names("node", ((one.name, one.id) for one in self.asked), {one["id"]: one["name"] for one in entries})
        there = [self._meant(one, entries) for one in self.asked]
        names, ids = listing.names_and_ids(one.cluster for one in self.asked if one.cluster and self.is_present)
        left = {
            node["cluster_id"] for desired, node in zip(self.asked, there, strict=True)
            if node is not None and node.get("cluster_id") and (desired.cluster or desired.standalone or not self.is_present)
        }  # fmt: skip
        return there, listing.read(self.client, CLUSTERS, names, {*ids, *left}) if names or left else []

    def _names(self, read: tuple[list[Entry | None], list[Entry]]) -> dict[str, str]:
        """A node that joins or leaves is changed by an action of the cluster."""
        found, entries = read
        there = [one for one in found if one is not None]
        names = {one["cluster_id"]: f"the cluster of {one['name']}" for one in there if one.get("cluster_id") and self._moves}
        return names | {one["id"]: one["name"] for one in (*entries, *there)}

    def _entries(self, asked: t.Sequence[Desired]) -> list[Entry]:
        return listing.read(self.client, NODES, [one.name for one in asked if one.name], [one.id for one in asked if one.id])

    @staticmethod
    def _meant(desired: Desired, entries: t.Sequence[Entry]) -> Entry | None:
        if desired.id:
            return next((one for one in entries if one["id"] == desired.id), None)
        return listing.meant(NODES, str(desired.name), [one for one in entries if one["name"] == desired.name])

    def _items(self, found: t.Sequence[Entry | None], entries: t.Sequence[Entry]) -> list[Item]:
        # A node may be given a name that another has. (The service has them made by the dozen.)
        rows = zip(self.asked, found, strict=True)
        listing.refuse_doubles("node", ((desired, None, [node["id"]] if node is not None else []) for desired, node in rows))
        items: list[Item] = []
        for desired, node in zip(self.asked, found, strict=True):
            key = listing.item_key(desired, node["id"] if node is not None else None)
            steps = self._plan(desired, node, entries)
            title = desired.name or (node["name"] if node else desired.label)
            items.append(Item(key, title, desired=desired, before=node, current=node, steps=steps[:1], later=steps[1:]))
        clusters = {one["id"]: one for one in entries}
        refuse_sizes(items, clusters)
        self._refuse_types(items, clusters)
        if any("tainted" in (step.body or {}).get("node", {}) for item in items for step in (*item.steps, *item.later)):
            self.client.require(13, "tainted")
        return items

    def _plan(self, desired: Desired, node: Entry | None, entries: t.Sequence[Entry]) -> tuple[Step, ...]:
        if not self.is_present:
            if node is None:
                return ()
            path = listing.path(NODES, node["id"])
            return (
                Step("delete", "DELETE", path, node["id"], "it is desired absent", title=node["name"], effect=("the deletion", "accepted")),
            )
        cluster = listing.meant(CLUSTERS, desired.cluster, entries) if desired.cluster else None
        if desired.cluster and cluster is None:
            raise bad_input(
                "cluster_not_found",
                f"there is no cluster {desired.cluster} in this project.",
                "Look at cluster_info, correct the name, and run again.",
                resource=desired.label,
            )
        profile = self._profile(desired, node)
        marker = str(uuid.UUID(int=self.run.random.getrandbits(128), version=4))
        return plan(desired, node, cluster, profile, marker)

    def _profile(self, desired: Desired, node: Entry | None) -> Entry | None:
        if not desired.profile:
            return None
        names, ids = listing.names_and_ids([desired.profile])
        read = cluster_profiles.read(self.client, names, {*ids, *([node["profile_id"]] if node is not None else [])})
        one = next((one for one in read if one.id == desired.profile.lower()), None)
        one = one or cluster_profiles.meant(desired.profile, [one for one in read if one.name == desired.profile])
        if one is None:
            raise bad_input(
                "profile_not_found",
                f"there is no profile {desired.profile} in this project.",
                "Look at cluster_profile_info, or make it with cluster_profile, and run again.",
                resource=desired.profile,
            )
        old = next((other for other in read if node is not None and other.id == node["profile_id"]), None)
        if old is not None and old.data["type"] != one.data["type"]:
            raise bad_input(
                "profile_type_differs",
                f"the node {desired.label} is of the type {old.data['type']} and the profile {one.name} of {one.data['type']}.",
                "Make a new node for another type, or correct profile, and run again.",
                resource=desired.label,
            )
        return one.data

    def _refuse_types(self, items: t.Sequence[Item], clusters: t.Mapping[str, Entry]) -> None:
        """The service takes only nodes of the type of a cluster's profile into it."""
        moves = []  # (item, profile of the cluster, profile of the node), where these differ
        for item in items:
            cluster = next((clusters.get(_cluster(step)) for step in (*item.steps, *item.later) if step.operation == "join"), None)
            if cluster is not None and cluster["profile_id"] != _profile_of(item):
                moves.append((item, cluster["profile_id"], _profile_of(item)))
        if not moves:
            return
        read = cluster_profiles.read(self.client, [], {ident for _item, *pair in moves for ident in pair})
        types = {one.id: one.data["type"] for one in read}
        for item, wanted, profile in moves:
            if types.get(wanted) and types.get(profile) and types[wanted] != types[profile]:
                raise bad_input(
                    "profile_type_differs",
                    f"the node {item.title} is of the type {types[profile]} and the cluster {item.desired.cluster} of {types[wanted]}.",
                    "Correct cluster or profile, and run again.",
                    resource=item.title,
                )

    # -- answers and verifying ---------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        if isinstance(step, Create):
            try:
                node = listing.one_of(NODES, data)
            except Failure as failure:
                raise Unproven(failure.why + ".") from None
            return Accepted(data=node)
        return Accepted()

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        running = actions.read_open(self.client)
        there = self._look([item for item, _outcome in unknown])
        found = {}
        for item, outcome in unknown:
            step, node = outcome.step, there.get(item.key)
            mine = node is not None and (not isinstance(step, Create) or (node.get("metadata") or {}).get(MARKER) == step.marker)
            job = _action_of(step, node["id"], running) if node is not None else None
            if (mine and (job or isinstance(step, Create))) or shows(step, node):
                found[step.key] = Accepted(job=job, data=node if isinstance(step, Create) else None)
        return found

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """Somebody else deleted it."""
        return outcome.step.method == "DELETE" and outcome.failure is not None and outcome.failure.status == 404

    def _look(self, items: t.Sequence[Item]) -> dict[str, Entry]:
        made = {item.key: outcome.data["id"] for item in items for outcome in item.outcomes if isinstance(outcome.data, dict)}
        ids = {item.key: made.get(item.key) or (item.before["id"] if item.before else None) for item in items}
        names = [item.title for item in items if not ids[item.key]]
        entries = listing.read(self.client, NODES, names, [ident for ident in ids.values() if ident])
        found = {}
        for item in items:
            markers = {outcome.step.marker for outcome in item.outcomes if isinstance(outcome.step, Create)}
            for one in entries:
                if one["id"] == ids[item.key] or (not ids[item.key] and (one.get("metadata") or {}).get(MARKER) in markers):
                    found[item.key] = one
        return found

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        there = self._look(items)
        states = {}
        for item in items:
            node = item.current = there.get(item.key)
            sent = [outcome.step for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
            good = not sent or shows(sent[-1], node)
            states[item.key] = State(str(node.get("status")) if node else "absent", done=good, ok=good)
        return states

    def reserves(self, item: Item) -> list[str]:
        made = [outcome.data["id"] for outcome in item.outcomes if isinstance(outcome.data, dict)]
        return [item.before["id"]] if item.before is not None else made

    def free(self, work: Work, *, wait: bool) -> bool:
        names = {listing.ident(step.path): item.title for item, step in work if step.path != NODES.path}
        names |= {item.current["id"]: item.title for item, _step in work if item.current is not None}
        return actions.free(self.client, self.run, self.others, names, wait)

    def brought(self, work: Work) -> set[str]:
        there = self._look([item for item, _step in work]) if work else {}
        for item, _step in work:
            item.current = there.get(item.key)
        return {step.key for item, step in work if shows(step, item.current)}

    def known(self, item: Item, step: Step) -> Step:
        return known(step, item.current["id"]) if step.foreseen else step

    def not_reached(self, item: Item) -> Failure:
        faults = nodes.faults([item.current]) if item.current else []
        return Failure(
            "effect_missing",
            f"the action ended well, but the node is not as desired{': ' + faults[0] if faults else ''}.",
            "Look at the node and its server, and run again.",
        )

    # -- words -------------------------------------------------------------------------------------------------------

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        def view(item: Item) -> dict[str, t.Any] | None:
            now, desired = item.before, item.desired
            if not after:
                return _view(now) if now else None
            if not self.is_present:
                return None
            shown = (
                _view(now) if now else {"name": item.title, "profile": None, "cluster": "", "role": "", "metadata": {}, "tainted": False}
            )
            for step in (*item.steps, *item.later):
                body = (step.body or {}).get("node", {})
                shown.update({key: value for key, value in body.items() if key in ("name", "role", "tainted")})
                shown["profile"] = body.get("profile_id", shown["profile"])
                if "add_nodes" in (step.body or {}) or "del_nodes" in (step.body or {}):
                    shown["cluster"] = _cluster(step) if "add_nodes" in step.body else ""
            if desired.metadata is not None:
                shown["metadata"] = desired.metadata
            return shown

        return listing.by_title(items, view)

    def present(self, item: Item) -> dict[str, t.Any]:
        return {
            "name": item.title,
            "node": nodes.public(item.current) if item.current else None,
            **item.facts(),
            "actions": [outcome.job for outcome in item.outcomes if outcome.job],
        }

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("node", "actions", "reconciled", "history") if key in shown}


def _view(node: Entry) -> dict[str, t.Any]:
    return {
        "name": node["name"],
        "profile": node.get("profile_id"),
        "cluster": node.get("cluster_id") or "",
        "role": node.get("role") or "",
        "metadata": tags(node),
        "tainted": bool(node.get("tainted")),
    }


def set_nodes(run: Run, client: api.Clustering, asked: t.Sequence[Desired], *, single: bool) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetNodes(run, client, asked, single=single))
