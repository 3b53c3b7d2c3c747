# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with server profiles: find those that are meant, plan it (pure), understand the answers.

Sources: the pages "POST /profiles/{id}" and "POST /profiles/unassign/{id}".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, Failure, Refusals, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import (
    ACTIVATING,
    ACTIVE,
    FAILED,
    INACTIVE,
    NOT_TOLD,
    OTHER,
    PENDING,
    Profile,
    is_server,
    normal,
    titles,
)

_BAY = re.compile(r"[0-9A-Z-]+_BAY[0-9]+[0-9A-Z_]*")


def about(positions: t.Iterable[int]) -> dict[str, t.Any]:
    """The ``details`` of a refusal: where the profiles that it is about stand in the task. Names are for people, and may be spelled in
    several ways."""
    return {"positions": list(positions)}


def find(profiles: t.Sequence[Profile], wanted: t.Sequence[str]) -> list[Profile]:
    """The profile for each id or name. An unknown one, and a name that several have, is an error that lists what there is."""
    by_id = {profile.id: profile for profile in profiles}
    by_name: dict[str, list[Profile]] = {}
    for profile in profiles:
        by_name.setdefault(profile.name, []).append(profile)
    found = []
    refused = Refusals()
    for text in wanted:
        with refused:
            matches = {p.id: p for p in [*filter(None, [by_id.get(text)]), *by_name.get(text, [])]}
            facts: dict[str, t.Any] = {}
            if len(matches) != 1:
                alike = (position for position, other in enumerate(wanted) if other == text)
                facts = {"resource": clean(text, 200), "details": about(alike)}
            if not matches:
                raise bad_input(
                    "profile_not_found",
                    f"there is no profile with the id or name {clean(text, 80)}.",
                    "Look at profile_info for ids and names, correct it and run again, or leave it out.",
                    **facts,
                )
            if len(matches) > 1:
                raise bad_input(
                    "profile_ambiguous",
                    f"{clean(text, 80)} names several profiles, with the ids {', '.join(list(matches)[:10])}.",
                    "Give the id of the profile and run again.",
                    **facts,
                )
            found.append(next(iter(matches.values())))
    refused.tell()
    return found


# -- planning: pure ---------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one profile. ``profile`` is an id or a name."""

    profile: str
    uuid: str = ""
    restart: str = ""
    redeploy: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """The plan for one profile: a step to send, or none; ``join``: an activation is under way, wait for it."""

    profile: Profile
    desired: Desired
    step: Step | None = None
    join: bool = False


def check_target(desired: Desired, position: int) -> None:
    """Refuse a target that is neither the UUID of a server nor the location id of a bay (a server's name, for example). position: where
    it stands in the task."""
    target = normal(desired.uuid)
    if target and not is_server(target) and not _BAY.fullmatch(target):
        raise bad_input(
            "config_uuid",
            f"{clean(desired.uuid, 80)} (for the profile {clean(desired.profile, 80)}) is neither the UUID of a server (32 hexadecimal"
            " digits) nor the location id of a Flex bay (<chassis uuid>_bay<n>).",
            "Look at node_info for UUIDs, correct uuid and run again.",
            resource=clean(desired.profile, 200),
            details=about([position]),
        )


def refuse_conflicts(every: t.Sequence[Profile], found: t.Sequence[Profile], desired: t.Sequence[Desired]) -> None:
    """Refuse what the list tells to be impossible: a profile given twice, two profiles for one target, a target that another
    profile holds. every: the whole list. found: the profile that each of ``desired`` means."""
    names = titles(found)
    for alike in _alike([profile.id for profile in found]):
        name = names[found[alike[0]].id]
        raise bad_input(
            "duplicate_item",
            f"the profile {name} is given more than once.",
            "Give each profile once and run again.",
            resource=name,
            details=about(alike),
        )
    targets = [normal(one.uuid or profile.target) for profile, one in zip(found, desired, strict=True)]
    for alike in _alike(targets):
        several = [names[found[position].id] for position in alike]
        raise bad_input(
            "duplicate_target",
            f"the profiles {named(several)} are all for the target {clean(targets[alike[0]], 80)}.",
            "Give each profile a target of its own and run again.",
            resource=several[0],
            resources=several,
            details=about(alike),
        )
    holders: dict[str, Profile] = {}
    for profile in every:
        if profile.status != INACTIVE:
            holders.update((normal(target), profile) for target in (profile.uuid, profile.location) if target)
    for position, (profile, target) in enumerate(zip(found, targets, strict=True)):
        holder = holders.get(target)
        if holder is not None and holder.id != profile.id:
            wait = "Wait for that activation, then unassign" if holder.status == ACTIVATING else "Unassign"
            raise bad_input(
                "target_taken",
                f"the target {clean(target, 80)} of the profile {names[profile.id]} holds another profile,"
                f" {holder.name or holder.id} ({holder.status}).",
                f"{wait} that one first (state inactive), or correct uuid, and run again.",
                resource=names[profile.id],
                details=about([position]),
            )


def _alike(keys: t.Sequence[str]) -> list[list[int]]:
    """The positions of each key that is there more than once. An empty one is none."""
    places: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        places.setdefault(key, []).append(position)
    return [found for key, found in places.items() if key and len(found) > 1]


def refuse_unknown_servers(found: t.Sequence[Profile], desired: t.Sequence[Desired], known: t.Container[str]) -> None:
    """Refuse a target that is no server of this XClarity Administrator. known: the UUIDs of its servers, in one spelling."""
    names = titles(found)
    refused = Refusals()
    for position, (profile, one) in enumerate(zip(found, desired, strict=True)):
        with refused:
            if new_server(profile, one) and normal(one.uuid) not in known:
                raise bad_input(
                    "target_not_found",
                    f"the server {clean(one.uuid, 80)}, the target of the profile {names[profile.id]}, is not known.",
                    "Look at node_info for UUIDs, correct uuid and run again.",
                    resource=names[profile.id],
                    details=about([position]),
                )
    refused.tell()


def new_server(profile: Profile, desired: Desired) -> bool:
    """The profile is to be assigned to a server that is named by its UUID."""
    return profile.status == INACTIVE and is_server(desired.uuid)


def unclear(profile: Profile, desired: Desired) -> bool:
    """The list alone does not tell whether an activation is running, and the plan depends on it."""
    if profile.status in (PENDING, FAILED, OTHER):
        return not (profile.status == PENDING and desired.restart == "defer" and not desired.redeploy)
    return profile.status == ACTIVE and desired.redeploy


def outdated(profile: Profile, running: str | None) -> bool:
    """The list may be from before the end of an activation: the status, which was read later, is another one, or is not told (no
    job that could be the activation is open, so it may have ended just now)."""
    ends = (PENDING, FAILED, ACTIVE)
    return running == NOT_TOLD or (profile.status in ends and running in ends and profile.status != running)


def plan_activation(profile: Profile, desired: Desired, title: str, running: str | None = None) -> Choice:
    """What to do to make ``profile`` active as desired. running: its activation status, where it was asked for."""
    status = ACTIVATING if running == ACTIVATING else profile.status
    if status == OTHER and running in (ACTIVE, PENDING, FAILED):
        status = running or OTHER
    profile = dataclasses.replace(profile, status=status)
    if status == INACTIVE:
        if not desired.uuid:
            raise bad_input(
                "uuid_missing",
                f"the profile {title} is inactive, so its target must be named.",
                "Set uuid to the server's UUID (rack, tower) or location id (Flex) and run again.",
                resource=title,
            )
        return Choice(profile, desired, _activation(profile, desired, title, f"it is inactive and is desired on {desired.uuid}"))
    if desired.uuid and not profile.is_on(desired.uuid):
        first = "Wait for its activation, then unassign it" if status == ACTIVATING else "Unassign it first"
        raise bad_input(
            "target_mismatch",
            f"the profile {title} is assigned to {profile.target or 'a server that is not told'}, not to {clean(desired.uuid, 80)}.",
            f"{first} (state inactive), or correct uuid, and run again.",
            resource=title,
        )
    if status == ACTIVATING:
        # With defer an activation may count as running until the manual restart: there is nothing to wait for then.
        return Choice(profile, desired, join=desired.restart == "immediate")
    if not desired.redeploy:
        if status == ACTIVE or (status == PENDING and desired.restart == "defer"):
            return Choice(profile, desired)
        if status == OTHER:
            raise bad_input(
                "state_unknown",
                f"the status {profile.told or '(none)'} of the profile {title} is not understood, so a restart could be needless.",
                "Look at the profile on the server; set redeploy to true to activate it all the same.",
                resource=title,
            )
    reason = {
        ACTIVE: "it is active and redeploy is set",
        PENDING: "it waits for a restart" if desired.restart == "immediate" else "it is pending and redeploy is set",
        FAILED: "its last activation failed",
    }.get(status, "redeploy is set")
    return Choice(profile, desired, _activation(profile, desired, title, reason))


def plan_unassignment(profile: Profile, flags: t.Mapping[str, bool], title: str) -> Choice:
    """What to do to make ``profile`` inactive. flags: force, powerDownITE, resetIMM, resetSwitch."""
    desired = Desired(profile.id)
    if profile.status == INACTIVE:
        return Choice(profile, desired)
    step = Step(
        operation="unassign",
        method="POST",
        path="/profiles/unassign/" + segment(profile.id, "profile id"),
        resource=profile.id,
        title=title,
        why=f"it is {profile.status} on {profile.target or 'its server'} and is desired inactive",
        body=dict(flags),
        effect=("the unassignment", "accepted"),
    )
    return Choice(profile, desired, step)


def view(choice: Choice, *, active: bool, after: bool) -> dict[str, str]:
    """A profile before and after, in the user's words. active: the desired state."""
    profile, desired, step = choice.profile, choice.desired, choice.step
    status, target = profile.status, profile.target
    if after and not active:
        status, target = INACTIVE, ""
    elif after:
        # a profile that is active already stays so, whatever restart says
        status = (PENDING if desired.restart == "defer" else ACTIVE) if step or choice.join else status
        target = target or desired.uuid
    shown = {"name": profile.name, "status": status, "target": target}
    if after and step is not None and active:
        shown["restart"] = "now" if desired.restart == "immediate" else "none; it ends with the next manual restart"
        if desired.redeploy and profile.status != INACTIVE:
            shown["redeployed"] = "yes"
    return shown


def _activation(profile: Profile, desired: Desired, title: str, why: str) -> Step:
    body: dict[str, t.Any] = {"restart": desired.restart}
    if desired.uuid:
        body["uuid"] = desired.uuid
    how = "restarts the server" if desired.restart == "immediate" else "ends with the next manual restart"
    return Step(
        operation="activate",
        method="POST",
        path="/profiles/" + segment(profile.id, "profile id"),
        resource=profile.id,
        title=title,
        why=f"{why}; {how}",
        body=body,
    )


# -- answers and ends -------------------------------------------------------------------------------------------------


def accept_activation(step: Step, data: t.Any) -> Accepted:
    """The answer to POST /profiles/{id}: one item a request, with jobRecordId, and with failed targets inside a 200."""
    api.check_result(data, step.what)
    entries = data.get("items")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries) or not entries:
        raise Unproven("the server answered 200 without an item that tells what was started.")
    failed: list[str] = []
    job: str | None = None
    text = None
    for entry in entries:
        for key in ("uuidsFailed", "locationIdsFailed"):
            value = entry.get(key)
            failed += [clean(one, 80) for one in value] if isinstance(value, list) else []
        job = job or api.job_id(entry.get("jobRecordId"))
        text = text or entry.get("message")
    if failed:
        raise Failure(
            "activation_refused",
            f"the server answered 200 and named as failed: {', '.join(failed[:5])}.",
            "Check the target and the server's state, and run again.",
            outcome=NOT_STARTED,
            server_message=clean(text, 200) if isinstance(text, str) else None,
            details={"failed_targets": failed},
        )
    if job is None:
        raise Unproven("the server answered 200 without the id of a job.")
    return Accepted(job, data)


def accept_unassignment(step: Step, data: t.Any) -> Accepted:
    """The answer to POST /profiles/unassign/{id}: of its body only ``message`` is known, so the list is the judge."""
    if data is not None:
        api.check_result(data, step.what)
    job = None
    if isinstance(data, dict):
        entries = data.get("items")
        first = entries[0] if isinstance(entries, list) and entries and isinstance(entries[0], dict) else {}
        job = api.job_id(data.get("jobId") or data.get("jobID") or first.get("jobRecordId"))
    return Accepted(job, data)


def goals(desired: Desired, *, active: bool) -> tuple[str, ...]:
    """The states that count as reached. With ``defer`` that is pending: active comes with a manual restart."""
    if not active:
        return (INACTIVE,)
    return (PENDING, ACTIVE) if desired.restart == "defer" else (ACTIVE,)


def reached(profile: Profile, desired: Desired, *, active: bool, job_ended: bool = False) -> bool:
    """The resource itself shows the desired end. job_ended: its job told a good end; with ``defer`` a profile may then
    still count as being activated, until the manual restart."""
    accepted = goals(desired, active=active) + ((ACTIVATING,) if job_ended and desired.restart == "defer" else ())
    if profile.status not in accepted:
        return False
    return not active or not desired.uuid or profile.is_on(desired.uuid)


def moved(before: Profile, now: Profile, running: str | None, target: str, *, active: bool) -> bool:
    """A request whose answer was lost has arrived: the profile left the state that it had before."""
    if not active:
        return now.status == INACTIVE
    if running == ACTIVATING or now.status == ACTIVATING:
        return True
    if now.status == before.status:
        return False
    return now.status != INACTIVE and (not target or now.is_on(target) or not now.target)
