# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters: what a user asks of one, how it stands, and the requests in between. No network in here.

Read off a running Senlin 16.0.0. A second identical resize is a new action, so what is as desired is asked nothing. After a
failed scale-out the cluster's desired_capacity stays raised: its nodes are counted. After a partly failed change of profile the
cluster keeps its old profile, and the same request goes on with the rest. A cluster in ERROR takes no update, but it is recovered.
"""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import listing, nodes, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, NODES, Entry
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.specs import MARKER, OURS

PRESENT, ABSENT, HEALTHY = "present", "absent", "healthy"
UPDATE, PROFILE_ONLY, FAIL = "update", "profile_only", "fail"
MAX_NODES = 1000  # the service's limit
BUSY = ("CREATING", "UPDATING", "DELETING", "RECOVERING")  # a cluster that shows one of these is deleted by force only
FRESH = "(a new id for each request)"  # stands in a plan for the marker, which is random
NEW_ID = "(id of the new cluster)"
SCALING = "senlin.policy.scaling"
STOP_TIMEOUT = "cluster.stop_timeout_before_update"


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one cluster. None for what was not given."""

    name: str | None = None
    id: str | None = None
    profile: str | None = None
    desired_capacity: int | None = None
    min_size: int | None = None
    max_size: int | None = None
    metadata: dict[str, t.Any] | None = None
    config: dict[str, t.Any] | None = None
    timeout: int | None = None
    policies: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name or self.id or ""


@dataclasses.dataclass(frozen=True)
class Reading:
    """How one cluster stands. bound: its bindings, where they were asked for. live: what the server of each node says of
    itself, by the node's id, where that was asked for; a server that is gone is missing in it."""

    cluster: Entry
    members: tuple[Entry, ...] = ()
    bound: tuple[Entry, ...] = ()
    live: dict[str, t.Any] | None = None

    @property
    def id(self) -> str:
        return self.cluster["id"]

    @property
    def name(self) -> str:
        return self.cluster["name"]

    @property
    def metadata(self) -> dict[str, t.Any]:
        return self.cluster.get("metadata") or {}

    @property
    def tags(self) -> dict[str, t.Any]:
        """The user's metadata: without the keys that are the collection's."""
        return {key: value for key, value in self.metadata.items() if key not in OURS}

    @property
    def config(self) -> dict[str, t.Any]:
        return self.cluster.get("config") or {}

    @property
    def capacity(self) -> int:
        return whole(self.cluster.get("desired_capacity")) or 0

    @property
    def min_size(self) -> int:
        return whole(self.cluster.get("min_size")) or 0

    @property
    def max_size(self) -> int:
        value = whole(self.cluster.get("max_size"))
        return -1 if value is None else value

    @property
    def well(self) -> int:
        """How many nodes are ACTIVE, and their servers too where these were asked."""
        return sum(self.is_well(node) for node in self.members)

    def is_well(self, node: Entry) -> bool:
        return node.get("status") == nodes.ACTIVE and (self.live is None or self.live.get(node["id"]) == nodes.ACTIVE)

    @property
    def age(self) -> tuple[str, str]:
        """Sorts the oldest first, the same way for everybody."""
        return str(self.cluster.get("init_at")), self.id

    def faults(self) -> list[str]:
        """What is wrong with its nodes, in words."""
        told = nodes.faults(self.members)
        for node in self.members:
            if node.get("status") == nodes.ACTIVE and not self.is_well(node):
                found = (self.live or {}).get(node["id"])
                told.append(f"the server of node {node['name']} {f'is {found}' if found else 'is gone'}")
        return told

    def view(self) -> dict[str, t.Any]:
        """In the user's words, for diff."""
        cluster = self.cluster
        return {
            "name": self.name,
            "profile": cluster.get("profile_id"),
            "desired_capacity": self.capacity,
            "min_size": self.min_size,
            "max_size": self.max_size,
            "metadata": self.tags,
            "config": self.config,
            "timeout": cluster.get("timeout"),
            "active_nodes": self.well,
            **({"policies": sorted(str(one.get("policy_name")) for one in self.bound)} if self.bound else {}),
        }


@dataclasses.dataclass(frozen=True)
class Context:
    """What the plan knows beside the cluster. profile: the one that is meant by ``desired.profile``; old: the one that the
    cluster has, where the two differ. policies: those that are meant, in the order given. minor: the service's microversion."""

    profile: Entry | None = None
    old: Entry | None = None
    policies: tuple[Entry, ...] = ()
    on_profile_change: str = UPDATE
    minor: int = 14
    marker: str | None = None


@dataclasses.dataclass(frozen=True)
class Create(Step):
    """The creation of a cluster. The plan shows users everything but the random marker."""

    def public(self) -> dict[str, t.Any]:
        shown = super().public()
        cluster = dict(shown["body"]["cluster"])
        cluster["metadata"] = {**cluster["metadata"], MARKER: FRESH}
        return {**shown, "body": {"cluster": cluster}}

    @property
    def marker(self) -> str:
        return self.body["cluster"]["metadata"][MARKER]


# -- checking what is given -------------------------------------------------------------------------------------------


def check(desired: Desired) -> Desired:
    """Refuse sizes out of order, policies that are no names, and a config that would leave the cluster stuck."""
    for name, low in (("desired_capacity", 0), ("min_size", 0), ("max_size", -1), ("timeout", 1)):
        value = getattr(desired, name)
        high = MAX_NODES if name != "timeout" else 2**31 - 1
        option = "action_timeout" if name == "timeout" else name
        if value is not None and (not low <= value <= high or (name == "max_size" and value == 0)):
            also = " or -1 for no limit, and not 0" if name == "max_size" else ""
            raise bad_input("config_size", f"{option} must lie between {max(low, 0)} and {high}{also}.", f"Correct {option} and run again.")
    order(desired.label, desired.min_size, desired.desired_capacity, desired.max_size)
    odd = next((one for one in desired.policies if one[:1] in ("{", "[")), None)  # a mapping or list, which Ansible makes a text of
    if odd is not None:
        raise bad_input(
            "config_cluster",
            f"policies is a list of names, and {odd[:80]} is none.",
            "Correct policies and run again.",
            resource=desired.label,
        )
    stop = (desired.config or {}).get(STOP_TIMEOUT)
    if stop is not None and (isinstance(stop, bool) or not isinstance(stop, int)):
        raise bad_input(
            "config_cluster",
            f"config holds {STOP_TIMEOUT} with something that is not a whole number, which would leave the cluster in UPDATING.",
            "Correct config and run again.",
        )
    return desired


def order(label: str, low: int | None, size: int | None, high: int | None) -> None:
    """Refuse sizes that do not follow min_size <= desired_capacity <= max_size."""
    limit = None if high is None or high < 0 else high
    given = [(name, value) for name, value in (("min_size", low), ("desired_capacity", size), ("max_size", limit)) if value is not None]
    for (smaller, one), (larger, other) in itertools.pairwise(given):
        if one > other:
            raise bad_input(
                "config_size",
                f"of the cluster {label}, {smaller} ({one}) is greater than {larger} ({other}).",
                "Correct the sizes and run again.",
                resource=label,
            )


# -- planning: pure ---------------------------------------------------------------------------------------------------


def plan(desired: Desired, found: Reading | None, context: Context) -> tuple[Step, ...]:
    """The requests, in order, each sent once the one before has been verified. Raises what is to be refused."""
    if found is None:
        return _creation(desired, context)
    taken = [policy for policy in context.policies if all(one.get("policy_id") != policy["id"] for one in found.bound)]
    refuse_types(desired.label, context.policies, found.bound)
    size = found.capacity if desired.desired_capacity is None else desired.desired_capacity
    order(
        desired.label,
        found.min_size if desired.min_size is None else desired.min_size,
        size,
        found.max_size if desired.max_size is None else desired.max_size,
    )
    resize = _resize(desired, found, size)
    update, repairs = _update(desired, found, context)
    shrinks = resize is not None and size < len(found.members)
    broken = _lacks(desired, found, size) or (update is not None and found.cluster.get("status") == "ERROR")
    recover = (_recover(found, desired.label, "fewer nodes are ACTIVE than desired"),) if broken else ()
    attach = tuple(_attach(found.id, found.name, policy) for policy in taken)
    sized, updated = (resize,) if resize else (), (update,) if update else ()
    if shrinks:
        return (*attach, *sized, *recover, *updated, *repairs)
    return (*attach, *recover, *updated, *repairs, *sized)


def plan_health(found: Reading, label: str) -> tuple[Step, ...]:
    """One recovery for a cluster that has a node which is not ACTIVE, or too few nodes."""
    if found.well == len(found.members) and len(found.members) >= found.capacity:
        return ()
    faults = found.faults() or [f"it has {len(found.members)} of {found.capacity} nodes"]
    return (_recover(found, label, "; ".join(faults[:5])),)


def plan_absence(found: Reading | None, force: bool) -> tuple[Step, ...]:
    """Its deletion. Raises for a cluster that the service would refuse to delete for ever."""
    if found is None:
        return ()
    status = found.cluster.get("status")
    if status in BUSY and not force:
        raise bad_input(
            "cluster_stuck",
            f"the cluster {found.name} is in status {status} although none of its actions is under way.",
            "Set force to true to delete it all the same, and run again.",
            resource=found.name,
        )
    return (
        Step(
            "delete",
            "DELETE",
            listing.path(CLUSTERS, found.id),
            found.id,
            f"it is desired absent, with its {len(found.members)} nodes",
            query=(("force", "true"),) if force else (),
            title=found.name,
            effect=("the deletion", "accepted"),
        ),
    )


def delete_own_double(mine: Reading, other: Reading) -> Step:
    """After a race of two runs: of two new clusters of one name each run deletes its own, when it is the younger."""
    return Step(
        "delete double",
        "DELETE",
        listing.path(CLUSTERS, mine.id),
        mine.id,
        f"another run made a cluster of this name first ({other.id})",
        title=f"{mine.name} ({mine.id})",
        effect=("the deletion", "accepted"),
    )


def _lacks(desired: Desired, found: Reading, size: int) -> bool:
    """A node has to be recovered, since what is created or deleted by a resize does not make up for it."""
    if desired.desired_capacity is None:
        return False
    rows, well = len(found.members), found.well
    return well < rows if rows < size else well < size


def _creation(desired: Desired, context: Context) -> tuple[Step, ...]:
    if desired.id:
        raise bad_input(
            "cluster_not_found",
            f"there is no cluster with the id {desired.id} in this project.",
            "Look at cluster_info, or leave out id to make a new cluster, and run again.",
            resource=desired.label,
        )
    if context.profile is None:
        raise bad_input(
            "config_profile",
            f"there is no cluster {desired.label} yet, and without profile it cannot be made.",
            "Set profile and run again.",
            resource=desired.label,
        )
    refuse_types(desired.label, context.policies, ())
    body: dict[str, t.Any] = {
        "name": desired.name,
        "profile_id": context.profile["id"],
        "metadata": {**(desired.metadata or {}), MARKER: context.marker},
    }
    for key in ("desired_capacity", "min_size", "max_size", "timeout", "config"):
        value = getattr(desired, key)
        if value is not None:
            body[key] = value
    create = Create(
        "create",
        "POST",
        CLUSTERS.path,
        desired.label,
        "there is no cluster of this name in this project",
        body={"cluster": body},
        effect=("the cluster", "created"),
    )
    later = [dataclasses.replace(_attach(None, desired.label, policy), foreseen=True) for policy in context.policies]
    return (create, *later)


def rebased(step: Step, ident: str) -> Step:
    """A foreseen step, for the cluster that has its id by now."""
    return dataclasses.replace(step, path=listing.path(CLUSTERS, ident, "actions"), foreseen=False)


def refuse_types(label: str, policies: t.Sequence[Entry], bound: t.Sequence[Entry]) -> None:
    """The service's action fails for a second policy of one type, or attaches one of another version, which does nothing. It takes
    several scaling policies, for one grows and another shrinks."""
    for policy in policies:
        kind = _kind(policy.get("type"))
        there = [one for one in bound if _kind(one.get("policy_type")) == kind]
        if kind in ("", SCALING) or any(one.get("policy_id") == policy["id"] for one in there):
            continue
        named = [str(one["name"]) for one in policies if one is not policy and _kind(one.get("type")) == kind]
        others = named or [str(one.get("policy_name")) for one in there]
        if others:
            detach = f"Detach {others[0]} (cluster_policy_binding), or leave {policy['name']} out, and run again."
            raise bad_input(
                "policy_type_taken",
                f"the cluster {label} would have two policies of the type {kind}: {' and '.join(sorted((policy['name'], others[0])))}.",
                "Name only one of them and run again." if named else detach,
                resource=label,
            )


def _kind(name: t.Any) -> str:
    return str(name).rpartition("-")[0]


def _action(ident: str | None, title: str, operation: str, body: dict[str, t.Any], why: str, effect: tuple[str, str]) -> Step:
    where = listing.path(CLUSTERS, ident, "actions") if ident else f"{CLUSTERS.path}/{NEW_ID}/actions"
    return Step(operation, "POST", where, ident or title, why, body=body, title=title, effect=effect)


def _attach(ident: str | None, title: str, policy: Entry) -> Step:
    body = {"policy_attach": {"policy_id": policy["id"], "enabled": True}}
    why = f"the policy {policy['name']} is not attached"
    return _action(ident, title, f"attach {policy['name']} to", body, why, ("the attachment", "accepted"))


def _recover(found: Reading, label: str, why: str) -> Step:
    """check: the service looks at every server first, so that a node whose server is well is not made anew."""
    body = {"recover": {"operation": "RECREATE", "check": True}}
    return _action(found.id, found.name or label, "recover", body, why, ("the recovery", "started"))


def _resize(desired: Desired, found: Reading, size: int) -> Step | None:
    limits = {
        key: value
        for key, value, now in (("min_size", desired.min_size, found.min_size), ("max_size", desired.max_size, found.max_size))
        if value is not None and value != now
    }
    body: dict[str, t.Any] = dict(limits)
    if desired.desired_capacity is not None and (size != found.capacity or size != len(found.members)):
        body = {"adjustment_type": "EXACT_CAPACITY", "number": size, **limits}
    if not body:
        return None
    differ = f"its {' and '.join(limits)} {'differs' if len(limits) == 1 else 'differ'}"
    why = f"it has {len(found.members)} nodes and not {size}" if "number" in body and size != len(found.members) else differ
    if "number" in body and not limits and size == len(found.members):
        why = f"its desired_capacity is {found.capacity}"
    return _action(found.id, found.name, "resize", {"resize": {**body, "strict": True}}, why, ("the resize", "accepted"))


def _update(desired: Desired, found: Reading, context: Context) -> tuple[Step | None, tuple[Step, ...]]:
    """(the update, updates of single nodes that it cannot bring)."""
    change: dict[str, t.Any] = {}
    repairs: tuple[Step, ...] = ()
    if desired.name and desired.name != found.name:
        change["name"] = desired.name
    if desired.metadata is not None and specs.canonical(desired.metadata) != specs.canonical(found.tags):
        change["metadata"] = {**desired.metadata, **{key: value for key, value in found.metadata.items() if key in OURS}}
    if desired.config is not None and specs.canonical(desired.config) != specs.canonical(found.config):
        change["config"] = desired.config
    if desired.timeout is not None and desired.timeout != found.cluster.get("timeout"):
        change["timeout"] = desired.timeout
    profile = context.profile
    if profile is not None and profile["id"] != found.cluster.get("profile_id"):
        _refuse_profile(desired, found, context, profile)
        change["profile_id"] = profile["id"]
        if context.on_profile_change == PROFILE_ONLY:
            change["profile_only"] = True
    elif profile is not None and context.on_profile_change == UPDATE:
        behind = [node for node in found.members if node.get("profile_id") != profile["id"]]
        repairs = tuple(_update_node(found, node, profile) for node in behind)
    if not change:
        return None, repairs
    keys = sorted(key for key in change if key != "profile_only")
    why = f"its {', '.join(keys)} {'differ' if len(keys) > 1 else 'differs'}"
    if "profile_id" in change and "profile_only" not in change and found.members:
        why += f"; its {len(found.members)} nodes are updated" if len(found.members) > 1 else "; its node is updated"
    step = Step(
        "update",
        "PATCH",
        listing.path(CLUSTERS, found.id),
        found.id,
        why,
        body={"cluster": change},
        title=found.name,
        effect=("the update", "accepted"),
    )
    return step, repairs


def _refuse_profile(desired: Desired, found: Reading, context: Context, profile: Entry) -> None:
    if context.on_profile_change == FAIL:
        raise bad_input(
            "profile_differs",
            f"the cluster {found.name} ({found.id}) has the profile {found.cluster.get('profile_name')} ({found.cluster.get('profile_id')})"
            f" and not {_called(profile)}.",
            "Correct profile, or set on_profile_change to update or profile_only, and run again.",
            resource=found.name,
        )
    old = context.old
    if old is not None and "type" in profile and old.get("type") != profile.get("type"):
        raise bad_input(
            "profile_type_differs",
            f"the cluster {found.name} is of the type {old.get('type')} and the profile {profile['name']} of {profile.get('type')}.",
            "Make a new cluster for another type, or correct profile, and run again.",
            resource=desired.label,
        )


def _called(entry: Entry) -> str:
    """Name and id. The words for the id of what is still to be made stand in brackets already."""
    return f"{entry['name']} {entry['id']}" if entry["id"].startswith("(") else f"{entry['name']} ({entry['id']})"


def _update_node(found: Reading, node: Entry, profile: Entry) -> Step:
    """The cluster has the profile already, so that no update of it would bring it to this node."""
    return Step(
        f"update node {node['name']} of",
        "PATCH",
        listing.path(NODES, node["id"]),
        found.id,
        f"the node has another profile than its cluster, {node.get('profile_name')}",
        body={"node": {"profile_id": profile["id"]}},
        title=found.name,
        effect=("the update", "accepted"),
    )


# -- verifying: pure --------------------------------------------------------------------------------------------------


def shows(step: Step, found: Reading | None) -> bool:
    """The effect of an accepted request is there."""
    if step.method == "DELETE":
        return found is None
    if found is None:
        return False
    body = step.body
    if isinstance(step, Create):
        asked = body["cluster"]
        size = asked.get("desired_capacity", asked.get("min_size", 0))
        return found.metadata.get(MARKER) == step.marker and found.well >= size
    if "cluster" in body:
        change = {key: value for key, value in body["cluster"].items() if key != "profile_only"}
        same = all(specs.canonical(found.cluster.get(key) or type(value)()) == specs.canonical(value) for key, value in change.items())
        behind = [node for node in found.members if node.get("profile_id") != change.get("profile_id")]
        return same and ("profile_id" not in change or "profile_only" in body["cluster"] or not behind)
    if "node" in body:
        node = next((one for one in found.members if listing.path(NODES, one["id"]) == step.path), None)
        return node is not None and node.get("profile_id") == body["node"]["profile_id"]
    ((name, asked),) = body.items()
    if name == "resize":
        sizes = {"min_size": found.min_size, "max_size": found.max_size, "number": len(found.members)}
        return all(sizes[key] == asked[key] for key in sizes if key in asked) and found.capacity == asked.get("number", found.capacity)
    if name == "recover":
        return found.well == len(found.members)
    return any(one.get("policy_id") == asked["policy_id"] for one in found.bound)


ACTIONS = {
    "create": "CLUSTER_CREATE", "delete": "CLUSTER_DELETE", "update": "CLUSTER_UPDATE", "resize": "CLUSTER_RESIZE",
    "recover": "CLUSTER_RECOVER", "attach": "CLUSTER_ATTACH_POLICY",
}  # fmt: skip


def action_name(step: Step) -> str:
    """The action that a request of ours starts, as the service names it."""
    return ACTIONS.get(step.operation.partition(" ")[0], "") if not step.operation.startswith("update node") else "NODE_UPDATE"
