# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster profiles: read them, plan what to do with each, understand the answers.

Source: the page "Create Profile" (POST /v1/profiles, 201, the ten fields of a profile), and what a running Senlin
16.0.0 does: names are not unique; a name in the path may hit another profile whose id begins with it, so every request
names a whole id; an administrator sees and changes other projects' profiles, so only those of the token's project
count; a spec cannot be changed, only name and metadata can.
"""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlencode

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.specs import MARKER, OURS, REPLACES

KEYS = ("created_at", "domain", "id", "metadata", "name", "project", "spec", "type", "updated_at", "user")
PATH = api.VERSION + "/profiles"
MAX_QUERY = 4000  # characters of names in one URL; with more, or with more ids than IDS, everything is listed
IDS = 10
NEW_ID = "(id of the new profile)"  # in a plan, of what an earlier request will make
FRESH = "(a new id for each request)"  # stands in a plan for the marker, which is random


@dataclasses.dataclass(frozen=True)
class Profile:
    """One profile as the service has it. data: its ten fields, metadata never null."""

    id: str
    name: str
    project: str
    data: dict[str, t.Any]

    @property
    def spec(self) -> dict[str, t.Any]:
        return self.data["spec"]

    @property
    def metadata(self) -> dict[str, t.Any]:
        return self.data["metadata"]

    @property
    def tags(self) -> dict[str, t.Any]:
        """The user's metadata: without the keys that are the collection's."""
        return {key: value for key, value in self.metadata.items() if key not in OURS}

    @property
    def ours(self) -> dict[str, t.Any]:
        return {key: value for key, value in self.metadata.items() if key in OURS}

    @property
    def age(self) -> tuple[str, str]:
        """Sorts the oldest first, the same way for everybody."""
        return str(self.data["created_at"]), self.id

    def view(self) -> dict[str, t.Any]:
        """In the user's words, for diff."""
        return {"name": self.name, "metadata": self.tags, "spec": self.spec}


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one profile. None for what was not given; ``spec`` and ``metadata`` are checked already."""

    name: str | None = None
    id: str | None = None
    spec: dict[str, t.Any] | None = None
    metadata: dict[str, t.Any] | None = None

    @property
    def label(self) -> str:
        return self.name or self.id or ""


@dataclasses.dataclass(frozen=True)
class Choice:
    """The plan for one profile.

    found: the profile as it is, if it is. first: the requests to send; ``then``: what is sent once those were taken
    (the deletion of a profile that was replaced). leftovers: profiles that it took the place of in an earlier run.
    """

    desired: Desired
    found: Profile | None = None
    first: tuple[Step, ...] = ()
    then: tuple[Step, ...] = ()
    leftovers: tuple[Profile, ...] = ()
    kept: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # id of an old profile -> who uses it
    after: dict[str, t.Any] | None = None

    @property
    def name(self) -> str:
        return self.desired.name or (self.found.name if self.found else self.desired.label)

    @property
    def names(self) -> set[str]:
        """The names under which its profiles may stand, before and after."""
        return {one for one in (self.desired.name, self.found.name if self.found else None) if one}


@dataclasses.dataclass(frozen=True)
class Create(Step):
    """The creation of a profile. The plan shows users everything but the random marker."""

    def public(self) -> dict[str, t.Any]:
        shown = super().public()
        profile = dict(shown["body"]["profile"])
        if MARKER in profile["metadata"]:
            profile["metadata"] = {**profile["metadata"], MARKER: FRESH}
        return {**shown, "body": {"profile": profile}}

    @property
    def marker(self) -> str | None:
        return self.body["profile"]["metadata"].get(MARKER)


# -- reading ----------------------------------------------------------------------------------------------------------


def parse(entry: t.Any) -> Profile:
    """One profile of an answer. Raises ``bad_reply`` for what cannot be one."""
    if not isinstance(entry, dict) or not isinstance(entry.get("spec"), dict):
        raise bad_reply("the answer holds a profile without a spec")
    if not all(isinstance(entry.get(key), str) and entry[key] for key in ("id", "name", "project")):
        raise bad_reply("the answer holds a profile without id, name or project")
    metadata = entry.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise bad_reply("the answer holds a profile whose metadata is not a mapping")
    data = {key: entry.get(key) for key in KEYS}
    data["metadata"] = metadata or {}
    return Profile(entry["id"], entry["name"], entry["project"], data)


def read(client: api.Clustering, names: t.Iterable[str], ids: t.Iterable[str] = ()) -> list[Profile]:
    """The profiles of the token's project with these names (to the letter) or ids, each once. At least one is given."""
    names, ids = sorted(set(names)), sorted(set(ids))
    query = [("name", name) for name in names]
    found: dict[str, Profile] = {}
    if len(ids) > IDS or len(urlencode(query)) > MAX_QUERY:
        query = []
        wanted = {one.id: one for one in map(parse, api.pages(client, PATH, "profiles"))}
        found = {ident: one for ident, one in wanted.items() if ident in ids or one.name in names}
    else:
        listed = api.pages(client, PATH, "profiles", query) if query else []
        found = {one.id: one for one in map(parse, listed) if one.name in names}
        for ident in ids:
            one = found.get(ident) or read_one(client, ident)
            if one is not None:
                found[ident] = one
    return [one for one in found.values() if one.project == client.project]


def read_one(client: api.Clustering, ident: str) -> Profile | None:
    """The profile with this whole id, or None. (A name may look like an id; such a one is not taken for it.)"""
    try:
        data = client.read(f"{PATH}/{segment(ident, 'profile id')}", what=f"read profile {ident}")
    except Failure as failure:
        if failure.status == 404:
            return None
        raise
    profile = parse(data.get("profile") if isinstance(data, dict) else None)
    return profile if profile.id == ident else None


def search(
    client: api.Clustering, *, name: str | None = None, ident: str | None = None, kind: str | None = None, all_projects: bool = False
) -> list[Profile]:
    """The profiles that fit all that is given, oldest first. kind: a type with or without its version."""
    if ident is not None:
        one = read_one(client, ident)
        found = [one] if one is not None else []
    else:
        query = ([("name", name)] if name is not None else []) + ([("global_project", "true")] if all_projects else [])
        found = [parse(entry) for entry in api.pages(client, PATH, "profiles", query)]
    return sorted(
        (
            one
            for one in found
            if name in (None, one.name)
            and kind in (None, one.data["type"], one.spec.get("type"))
            and (all_projects or one.project == client.project)
        ),
        key=lambda one: one.age,
    )


def users(client: api.Clustering, ids: t.Container[str]) -> dict[str, list[str]] | None:
    """Which clusters and nodes use each of these profiles; None where the service does not tell."""
    found: dict[str, list[str]] = {}
    try:
        for path, key in ((api.VERSION + "/clusters", "clusters"), (api.VERSION + "/nodes", "nodes")):
            for one in api.pages(client, path, key):
                profile = one.get("profile_id")
                if isinstance(profile, str) and profile in ids:
                    found.setdefault(profile, []).append(f"{key[:-1]} {one.get('name') or one.get('id')}")
    except Failure as failure:
        if failure.status in (400, 403, 404):
            return None
        raise
    return found


# -- planning: pure ---------------------------------------------------------------------------------------------------


def choose(desired: Desired, profiles: t.Sequence[Profile], policy: str, marker: str | None) -> Choice:
    """What to do so that the profile is there as desired. profiles: those with its name or id, of its project.

    policy: ``fail`` or ``replace`` where the spec differs. marker: for the metadata of a profile that is made; None
    for none. Raises what is to be refused before anything is sent.
    """
    found, leftovers, twins = resolve(desired, profiles)
    removals = tuple(_delete(twin, "it is a double of the same name and spec, made by a race of two runs") for twin in twins)
    if found is None:
        if desired.id:
            raise bad_input(
                "profile_not_found",
                f"there is no profile with the id {desired.id} in this project.",
                "Look at cluster_profile_info, or leave out id to make a new profile, and run again.",
                resource=desired.label,
            )
        step = _create(desired, desired.metadata or {}, marker, "there is no profile of this name in this project")
        return Choice(desired, None, (step,), after=_view(desired.label, desired.metadata or {}, step.body["profile"]["spec"]))
    tags = found.tags if desired.metadata is None else desired.metadata
    if desired.spec is not None and not specs.same_spec(found.spec, desired.spec):
        return _replace(desired, found, leftovers, removals, policy, tags, marker)
    change: dict[str, t.Any] = {}
    if desired.name and desired.name != found.name:
        taken = [one.id for one in profiles if one.name == desired.name]
        if taken:
            raise bad_input(
                "name_taken",
                f"another profile ({', '.join(taken)}) has the name {desired.name} already.",
                "Choose another name and run again.",
                resource=desired.label,
            )
        change["name"] = desired.name
    if specs.canonical(tags) != specs.canonical(found.tags):
        change["metadata"] = {**tags, **found.ours}
    first = removals
    if change:
        first += (_update(found, change),)
    return Choice(desired, found, first, leftovers=leftovers, after=_view(desired.name or found.name, tags, found.spec))


def choose_absent(desired: Desired, profiles: t.Sequence[Profile]) -> Choice:
    """What to do so that no such profile is there: with a name, the one that was replaced and could not go goes too."""
    found, leftovers, twins = resolve(desired, profiles)
    gone = [_delete(one, "it is desired absent") for one in (found, *twins) if one is not None]
    old = [_delete(one, "it was replaced earlier, and what took its place is desired absent") for one in leftovers]
    return Choice(desired, found, (*gone, *old))


def settle_absent(choice: Choice, used: t.Mapping[str, list[str]] | None, on_use: str) -> Choice:
    """The choice without the deletion of profiles that are in use; raises where they are a reason to fail. used: as for :func:`settle`."""
    kept = {target(step): used[target(step)] for step in choice.first if target(step) in used} if used is not None else {}
    for ident, names in kept.items():
        what = f"the profile {choice.name} ({ident})"
        listing.refuse_use(what, names, "Give its clusters and nodes another profile", on_use, choice.name)
    first = tuple(step for step in choice.first if target(step) not in kept)
    stays = choice.found is not None and choice.found.id in kept
    view = _view(choice.found.name, choice.found.tags, choice.found.spec) if choice.found is not None and stays else None
    return dataclasses.replace(choice, first=first, kept=kept, after=view)


def resolve(desired: Desired, profiles: t.Sequence[Profile]) -> tuple[Profile | None, tuple[Profile, ...], tuple[Profile, ...]]:
    """The profile that is meant, those that it took the place of, and doubles of it that a race of two runs made.

    Of several with one name only what the collection's own metadata proves is told apart; else they are refused.
    """
    if desired.id:
        return next((one for one in profiles if one.id == desired.id), None), (), ()
    named = [one for one in profiles if one.name == desired.name]
    old: set[str] = set()
    for one in sorted(named, key=lambda one: one.age, reverse=True):
        if one.id not in old:  # one that was replaced itself has no say, so that not all can be old
            old.update(ident for ident in _replaced_by(one) if ident != one.id)
    current = sorted((one for one in named if one.id not in old), key=lambda one: one.age)
    leftovers = tuple(one for one in named if one.id in old)
    if len(current) <= 1:
        return (current[0] if current else None), leftovers, ()
    strangers = [one for one in current if MARKER not in one.metadata]
    if len(strangers) <= 1 and all(specs.same_spec(one.spec, current[0].spec) for one in current):
        keep = (strangers or current)[0]
        return keep, leftovers, tuple(one for one in current if one is not keep)
    raise bad_input(
        "profile_ambiguous",
        f"{desired.label} names several profiles, with the ids {', '.join(one.id for one in named[:10])}.",
        "Give the id of the one that is meant, or delete the others by id, and run again.",
        resource=desired.label,
    )


def meant(name: str, profiles: t.Sequence[Profile]) -> Profile | None:
    """The profile of these that a name means: the one that took the place of others. Several are refused."""
    return resolve(Desired(name), profiles)[0]


def _replaced_by(profile: Profile) -> list[str]:
    value = profile.metadata.get(REPLACES)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) and MARKER in profile.metadata else []


def _replace(
    desired: Desired,
    found: Profile,
    leftovers: tuple[Profile, ...],
    removals: tuple[Step, ...],
    policy: str,
    tags: dict[str, t.Any],
    marker: str | None,
) -> Choice:
    where = ", ".join(specs.differences(found.spec, desired.spec)[:5])
    if policy != "replace" or desired.id:
        how = "run with name in place of id" if desired.id else "set on_spec_change to replace (the new profile has a new id)"
        raise bad_input(
            "spec_differs",
            f"the profile {found.name} ({found.id}) has another spec, at {where}, and a spec cannot be changed.",
            f"Correct spec, or {how}, and run again." if policy != "replace" or desired.id else "",
            resource=found.name,
            details={"differences": specs.differences(found.spec, desired.spec)[:50], "id": found.id},
        )
    old = [found, *leftovers]
    step = _create(desired, tags, marker, f"its spec differs at {where}; it takes the place of {found.id}", [one.id for one in old])
    then = tuple(_delete(one, "another profile takes its place") for one in old)
    return Choice(desired, found, (*removals, step), then, leftovers, after=_view(found.name, tags, step.body["profile"]["spec"]))


def settle(choice: Choice, used: t.Mapping[str, list[str]] | None, marker: bool) -> Choice:
    """The choice without the deletion of old profiles that are in use, and with that of leftovers that no longer are.

    used: from :func:`users`; None when the service does not tell: then the deletion is tried once, and a leftover stays.
    """
    if not choice.then and not choice.leftovers:
        return choice
    old = {one.id: one for one in (choice.found, *choice.leftovers) if one is not None}
    kept = {ident: used[ident] for ident in old if ident in used} if used is not None else {}
    if choice.then:
        if kept and not marker:
            raise bad_input(
                "in_use",
                f"the profile {choice.name} is in use ({', '.join(next(iter(kept.values()))[:5])}) and could not be told from the new one.",
                "Set marker to true, or give its clusters another profile first, and run again.",
                resource=choice.name,
            )
        return dataclasses.replace(choice, then=tuple(s for s in choice.then if target(s) not in kept), kept=kept)
    if used is None:
        return dataclasses.replace(choice, kept={one.id: [] for one in choice.leftovers})
    kept = {one.id: kept[one.id] for one in choice.leftovers if one.id in kept}
    gone = tuple(_delete(one, "it was replaced earlier and is no longer in use") for one in choice.leftovers if one.id not in kept)
    return dataclasses.replace(choice, first=choice.first + gone, kept=kept)


def _view(name: str, tags: dict[str, t.Any], spec: t.Any) -> dict[str, t.Any]:
    return {"name": name, "metadata": tags, "spec": spec}


def _create(desired: Desired, tags: dict[str, t.Any], marker: str | None, why: str, replaces: t.Sequence[str] = ()) -> Create:
    if desired.spec is None:
        raise bad_input(
            "config_spec",
            f"there is no profile {desired.label} yet, and without spec it cannot be made.",
            "Set spec and run again.",
            resource=desired.label,
        )
    metadata = dict(tags)
    if marker is not None:
        metadata[MARKER] = marker
        if replaces:
            metadata[REPLACES] = list(replaces)
    body = {"profile": {"metadata": metadata, "name": desired.name, "spec": desired.spec}}
    specs.check_size(body, desired.label)
    return Create("create", "POST", PATH, desired.label, why, body=body, effect=("the profile", "created"))


def _update(profile: Profile, change: dict[str, t.Any]) -> Step:
    body = {"profile": change}
    specs.check_size(body, profile.name)
    why = f"its {' and '.join(sorted(change, reverse=True))} {'differ' if len(change) > 1 else 'differs'}"
    return Step(
        operation="update",
        method="PATCH",
        path=f"{PATH}/{segment(profile.id, 'profile id')}",
        resource=profile.id,
        title=profile.name,
        why=why,
        body=body,
        effect=("the update", "accepted"),
    )


def _delete(profile: Profile, why: str) -> Step:
    return Step(
        operation="delete",
        method="DELETE",
        path=f"{PATH}/{segment(profile.id, 'profile id')}",
        resource=profile.id,
        title=f"{profile.name} ({profile.id})",
        why=why,
        effect=("the deletion", "accepted"),
    )


def delete_own_double(mine: Profile, other: Profile) -> Step:
    """After a race of two runs: the younger of two equal profiles is the one that goes, each run deleting only its own."""
    return _delete(mine, f"another run made the same profile first ({other.id})")


def target(step: Step) -> str:
    """The id that a step of ours acts on; empty for a creation."""
    return step.path[len(PATH) + 1 :]


def going(choice: Choice) -> list[str]:
    """The ids of the profiles that it deletes, in order."""
    return [target(step) for step in (*choice.first, *choice.then) if step.method == "DELETE"]


def touched(choice: Choice) -> set[str]:
    """The ids of all profiles that a choice is about."""
    there = {one.id for one in (choice.found, *choice.leftovers) if one is not None}
    return there | {target(step) for step in (*choice.first, *choice.then) if target(step)}


def validation(spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The body of POST /v1/profiles/validate (it changes nothing), which takes the spec alone."""
    return {"profile": {"spec": dict(spec)}}


def explain_refusal(step: Step, failure: Failure) -> None:
    """Where the message of the service does not help: say what is known of the case."""
    if step.method != "POST" or failure.status != 400:
        return
    if failure.code == "bad_request":
        failure.next_step = "Correct spec and run again. (The service says no more than this when os.nova.server has no networks.)"
    elif failure.code == "name_taken" and step.body["profile"]["metadata"].get(REPLACES):
        failure.next_step = "Here a profile can only be replaced by hand: run with state absent, then again."


# -- answers ----------------------------------------------------------------------------------------------------------


def accept(step: Step, data: t.Any) -> Accepted:
    """The answer to a creation or an update is the profile; that to a deletion is empty (204)."""
    if step.method == "DELETE":
        return Accepted()
    try:
        profile = parse(data.get("profile") if isinstance(data, dict) else None)
    except Failure as failure:
        raise Unproven(failure.why + ".") from None
    if not fits(step, profile):
        raise Unproven("the service answered with another profile than the one that was sent.")
    return Accepted(data=profile)


def fits(step: Step, profile: Profile) -> bool:
    """The profile is what the step was to make of it."""
    if step.method == "PATCH" and profile.id != target(step):
        return False
    asked = step.body["profile"]
    return (
        asked.get("name", profile.name) == profile.name
        and specs.canonical(asked.get("metadata", profile.metadata)) == specs.canonical(profile.metadata)
        and ("spec" not in asked or specs.same_spec(asked["spec"], profile.spec))
    )


def arrived(step: Step, profiles: t.Sequence[Profile], before: t.Container[str]) -> Accepted | None:
    """What became of a step whose answer was lost, read from the profiles of its name. before: the ids that were there."""
    if step.method == "DELETE":
        return None if any(one.id == target(step) for one in profiles) else Accepted()
    mine = [one for one in profiles if fits(step, one) and (step.method == "PATCH" or one.id not in before)]
    return Accepted(data=mine[0]) if mine else None
