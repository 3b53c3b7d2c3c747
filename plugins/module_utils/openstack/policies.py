# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of the clustering service, and how they are bound to clusters."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions, api, listing, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, POLICIES, Entry

ATTACH, UPDATE, DETACH = "CLUSTER_ATTACH_POLICY", "CLUSTER_UPDATE_POLICY", "CLUSTER_DETACH_POLICY"
_STARTS = {"policy_attach": ATTACH, "policy_update": UPDATE, "policy_detach": DETACH}
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
    desired: Desired,
    found: Entry | None,
    old: t.Sequence[Entry],
    bound: t.Mapping[str, list[Bound]],
    replace: bool,
    bare: t.Sequence[Bound] = (),
) -> tuple[Step, ...]:
    """The requests, in order. bound: by the id of an old policy, the clusters that it is attached to. bare: see :func:`left_bare`."""
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
        _refuse_another_type(found, desired.spec, bound.get(found["id"], ()))
        why = f"its spec differs at {', '.join(where[:5])}; it takes the place of {found['id']}"
        return (_create(desired, why), *_moves(NEW_ID, found["name"], [found], bound))
    if old:
        return (*_attachments(found, bare), *_moves(found["id"], found["name"], old, bound))
    if desired.name and desired.name != found["name"]:
        body = {"policy": {"name": desired.name}}
        step = Step("rename", "PATCH", listing.path(POLICIES, found["id"]), found["id"], "its name differs", body=body, title=found["name"])
        return (dataclasses.replace(step, effect=("the update", "accepted")),)
    return ()


def _refuse_another_type(found: Entry, spec: t.Mapping[str, t.Any], places: t.Sequence[Bound]) -> None:
    """Whether a cluster takes another type depends on its other policies. Where it did not, it would be left without the old one too."""
    before, after = (found.get("spec") or {}).get("type"), spec.get("type")
    if before != after and places:
        raise bad_input(
            "policy_type_differs",
            f"the policy {found['name']} ({found['id']}) is of the type {before}, and not {after}, and it is attached to"
            f" {', '.join(place.name for place in places[:5])}. One of another type does not take its place there.",
            "Give the new policy another name, or detach this one (cluster_policy_binding), and run again.",
            resource=found["name"],
            details={"id": found["id"]},
        )


def plan_absence(found: Entry | None, used: t.Sequence[str], on_use: str) -> tuple[Step, ...]:
    """Its deletion, unless it is used and stays. used: the clusters that it is attached to. Raises where they are a reason to fail."""
    if found is None:
        return ()
    listing.refuse_use(f"the policy {found['name']} ({found['id']})", used, "Detach it where it is not needed", on_use, found["name"])
    return (_delete(found, "it is desired absent"),) if not used else ()


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


def _attachments(policy: Entry, bare: t.Sequence[Bound]) -> t.Iterator[Step]:
    for place in bare:
        why = f"a replacement broke off after it had detached the old policy from the cluster {place.name}"
        body = {"policy_attach": {"policy_id": policy["id"], "enabled": place.enabled}}
        yield bind(place.cluster, place.name, "attach", policy["name"], body, why)


def left_bare(
    found: Entry,
    old: t.Sequence[Entry],
    done: t.Sequence[actions.Action],
    held: t.Mapping[str, t.Sequence[Entry]],
    names: t.Mapping[str, str],
) -> list[Bound]:
    """The clusters that a replacement has left without the policy: from which it detached one, and to which it attached none.

    found: the policy that stays; old: the others of its name. done: the actions of the project that attach, update or detach policies,
    oldest first. held: by the id of a cluster, the policies that it has. names: of the clusters that are there.
    """
    twins = {one["id"]: one for one in (found, *old)}
    times = sorted(time for time in (_second(one.get("created_at")) for one in twins.values()) if time is not None)
    began = times[1] if len(times) > 1 else None  # there is something to replace since there are two
    enabled: dict[str, bool] = {}
    last: dict[str, tuple[str, str]] = {}
    attached: set[str] = set()
    for action in done:
        inputs, cluster = action.get("inputs") or {}, str(action.get("target"))
        policy, kind, time = str(inputs.get("policy_id")), action["action"], _second(action.get("created_at"))
        if policy not in twins or cluster not in names:
            continue
        if isinstance(inputs.get("enabled"), bool):
            enabled[cluster] = inputs["enabled"]
        if began is not None and time is not None and time < began:
            continue
        if kind == DETACH:  # however it ended: what counts then is whether the cluster has the policy
            last[cluster] = (kind, policy)
        elif kind == ATTACH and action["status"] == actions.GOOD:
            last[cluster] = (kind, policy)
            if policy == found["id"]:
                attached.add(cluster)
    bare = []
    for cluster, (kind, policy) in last.items():
        undone = policy == found["id"] and cluster in attached  # a user detached it, after the replacement was through with the cluster
        if kind == DETACH and not undone and not any(_in_place(one, found, twins) for one in held.get(cluster, ())):
            bare.append(Bound(cluster, names[cluster], enabled.get(cluster, True)))
    return sorted(bare, key=lambda one: (one.name, one.cluster))


def _in_place(binding: Entry, found: Entry, twins: t.Container[str]) -> bool:
    """A cluster with this binding lacks nothing, or could not take the policy: of all types but scaling it takes one."""
    types = {str(kind).partition("-")[0] for kind in (binding.get("policy_type"), found.get("type"))}
    return binding.get("policy_id") in twins or (len(types) == 1 and types != {"senlin.policy.scaling"})


def _second(text: t.Any) -> datetime.datetime | None:
    """A time of an answer, whose forms differ in the zone and in the microseconds."""
    try:
        return datetime.datetime.fromisoformat(str(text)[:19])
    except ValueError:
        return None


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


def action_of(step: Step, running: t.Sequence[actions.Action]) -> str | None:
    """The id of the action that a request to bind has started. Another one of the task may be about another policy of the same cluster."""
    ((verb, body),) = step.body.items()
    wanted = (_STARTS[verb], listing.ident(step.path), body["policy_id"])
    same = (one["id"] for one in running if (one["action"], one.get("target"), (one.get("inputs") or {}).get("policy_id")) == wanted)
    return next(same, None)


def unattached(steps: t.Sequence[Step], outcomes: t.Sequence[Outcome], *, verified: bool) -> list[str]:
    """The clusters of a plan that broke off that have no policy now: nothing is to be detached from them any more, and the policy is not
    known to be attached. verified: the effect of the last request was seen."""
    passed = {one.step.key for one in (outcomes if verified else outcomes[:-1])}
    sent = {one.step.key for one in outcomes if one.changed or not one.needed}
    binds = [step for step in steps if step.method == "POST" and "policy" not in step.body]
    kept = {step.resource for step in binds if "policy_detach" in step.body and step.key not in sent}
    return [step.title for step in binds if "policy_attach" in step.body and step.key not in passed and step.resource not in kept]


def public(policy: Entry) -> Entry:
    """A policy for a result."""
    return {key: policy.get(key) for key in KEYS}
