# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of the clustering service, and how they are bound to clusters."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, POLICIES, Entry

NEW_ID = "(id of the new policy)"
KEYS = ("created_at", "data", "domain", "id", "name", "project", "spec", "type", "updated_at", "user")
BINDING_KEYS = ("cluster_id", "cluster_name", "enabled", "id", "policy_id", "policy_name", "policy_type", "priority")


def bindings(client: api.Clustering, cluster: str) -> list[Entry]:
    """The policies that are attached to a cluster; none when it is gone."""
    what = f"read the policies of cluster {cluster}"
    try:
        data = client.read(listing.path(CLUSTERS, cluster, "policies"), what=what)
    except Failure as failure:
        if failure.status == 404:
            return []
        raise
    return api.objects(data, "cluster_policies", what)


def public_binding(binding: Entry) -> Entry:
    """A binding for a result."""
    return {key: binding.get(key) for key in BINDING_KEYS}


def find(client: api.Clustering, asked: t.Collection[str], *, missing_ok: bool = False) -> dict[str, Entry]:
    """The policies of the project that are meant by these names or ids. Raises for one that is not there, unless that is no harm."""
    names, ids = listing.names_and_ids(asked)
    if not names:
        return {}
    entries = listing.read(client, POLICIES, names, ids)
    found = {}
    for name in names:
        one = listing.meant(POLICIES, name, entries)
        if one is None and missing_ok:
            continue
        if one is None:
            raise bad_input(
                "policy_not_found",
                f"there is no policy {name} in this project.",
                "Look at cluster_policy_info, correct the name, and run again.",
                resource=name,
            )
        found[name] = one
    return found


# -- one policy: planning, pure ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one policy. None for what was not given."""

    name: str | None = None
    id: str | None = None
    spec: dict[str, t.Any] | None = None

    @property
    def label(self) -> str:
        return self.name or self.id or ""


@dataclasses.dataclass(frozen=True)
class Bound:
    """A cluster that an old policy is attached to."""

    cluster: str
    name: str
    enabled: bool


def match(desired: Desired, entries: t.Sequence[Entry], replace: bool) -> tuple[Entry | None, list[Entry]]:
    """(the policy that is meant, the ones whose place it takes). entries: those with its name or id.

    Of several with one name the one with the desired spec is meant, and only where the user lets policies be replaced.
    """
    if desired.id:
        return next((one for one in entries if one["id"] == desired.id), None), []
    named = sorted((one for one in entries if one["name"] == desired.name), key=lambda one: (str(one.get("created_at")), one["id"]))
    if len(named) < 2:
        return next(iter(named), None), []
    same = [one for one in named if desired.spec is not None and specs.same_spec(one.get("spec") or {}, desired.spec)]
    if replace and len(same) == 1:
        return same[0], [one for one in named if one is not same[0]]
    return listing.meant(POLICIES, str(desired.name), named), []


def plan(
    desired: Desired, found: Entry | None, old: t.Sequence[Entry], bound: t.Mapping[str, list[Bound]], replace: bool
) -> tuple[Step, ...]:
    """The requests, in order. bound: by the id of an old policy, the clusters that it is attached to."""
    if found is None:
        if desired.id:
            raise bad_input(
                "policy_not_found",
                f"there is no policy with the id {desired.id} in this project.",
                "Look at cluster_policy_info, or leave out id to make a new policy, and run again.",
                resource=desired.label,
            )
        return (_create(desired, "there is no policy of this name in this project"),)
    if desired.spec is not None and not specs.same_spec(found.get("spec") or {}, desired.spec):
        where = specs.differences(found.get("spec") or {}, desired.spec)
        if not replace or desired.id:
            raise bad_input(
                "spec_differs",
                f"the policy {found['name']} ({found['id']}) has another spec, at {', '.join(where[:5])}, and a spec cannot be changed.",
                "Correct spec, or name the policy and set on_spec_change to replace (the new policy has a new id), and run again.",
                resource=found["name"],
                details={"differences": where[:50], "id": found["id"]},
            )
        why = f"its spec differs at {', '.join(where[:5])}; it takes the place of {found['id']}"
        return (_create(desired, why), *_moves(NEW_ID, found["name"], [found], bound))
    if old:
        return _moves(found["id"], found["name"], old, bound)
    if desired.name and desired.name != found["name"]:
        body = {"policy": {"name": desired.name}}
        step = Step("rename", "PATCH", listing.path(POLICIES, found["id"]), found["id"], "its name differs", body=body, title=found["name"])
        return (dataclasses.replace(step, effect=("the update", "accepted")),)
    return ()


def plan_absence(found: Entry | None) -> tuple[Step, ...]:
    return (_delete(found, "it is desired absent"),) if found is not None else ()


def _create(desired: Desired, why: str) -> Step:
    if desired.spec is None:
        raise bad_input(
            "config_spec",
            f"there is no policy {desired.label} yet, and without spec it cannot be made.",
            "Set spec and run again.",
            resource=desired.label,
        )
    body = {"policy": {"name": desired.name, "spec": desired.spec}}
    specs.check_size(body, desired.label)
    return Step("create", "POST", POLICIES.path, desired.label, why, body=body, effect=("the policy", "created"))


def _moves(new: str, name: str, old: t.Sequence[Entry], bound: t.Mapping[str, list[Bound]]) -> tuple[Step, ...]:
    """Detach the old policy, attach the new one in its place, then delete the old one. The service refuses to have both, but for
    scaling policies."""
    steps = []
    for one in old:
        for place in bound.get(one["id"], ()):
            detach = {"policy_detach": {"policy_id": one["id"]}}
            why = f"another policy takes its place on the cluster {place.name}"
            steps.append(bind(place.cluster, place.name, "detach", f"{name} ({one['id']})", detach, why))
            attach = {"policy_attach": {"policy_id": new, "enabled": place.enabled}}
            why = f"it takes the place of {one['id']} on the cluster {place.name}"
            steps.append(dataclasses.replace(bind(place.cluster, place.name, "attach", name, attach, why), foreseen=new == NEW_ID))
        steps.append(_delete(one, "another policy has taken its place"))
    return tuple(steps)


def bind(cluster: str, name: str, verb: str, policy: str, body: dict[str, t.Any], why: str) -> Step:
    """A request that attaches, updates or detaches a policy: an action of the cluster."""
    return Step(
        f"{verb} {policy} {'to' if verb == 'attach' else 'of'}",
        "POST",
        listing.path(CLUSTERS, cluster, "actions"),
        cluster,
        why,
        body=body,
        title=name,
        effect=("the action", "started"),
    )


def _delete(policy: Entry, why: str) -> Step:
    path, title = listing.path(POLICIES, policy["id"]), f"{policy['name']} ({policy['id']})"
    return Step("delete", "DELETE", path, policy["id"], why, title=title, effect=("the deletion", "accepted"))


def known(step: Step, policy: str) -> Step:
    """A foreseen step, with the id of the policy that was made."""
    ((verb, body),) = step.body.items()
    return dataclasses.replace(step, body={verb: {**body, "policy_id": policy}}, foreseen=False)


def same_bindings(step: Step, bound: t.Sequence[Entry]) -> bool:
    """What a request to bind is to bring is there."""
    ((verb, body),) = step.body.items()
    one = next((one for one in bound if one.get("policy_id") == body["policy_id"]), None)
    if verb == "policy_detach":
        return one is None
    return one is not None and (verb == "policy_attach" or one.get("enabled") is body["enabled"])


def public(policy: Entry) -> Entry:
    """A policy for a result."""
    return {key: policy.get(key) for key in KEYS}
