# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do to activate or unassign server profiles, what the answers say, and when the end is reached.

Pure: no function of this file touches the network. Sources: the pages "POST /profiles/{id}" and
"POST /profiles/unassign/{id}".
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import (
    ACTIVATING,
    ACTIVE,
    FAILED,
    INACTIVE,
    OTHER,
    PENDING,
    Profile,
)


@dataclasses.dataclass(frozen=True)
class Want:
    """What the user asks of one profile. ``profile`` is an id or a name."""

    profile: str
    uuid: str = ""
    restart: str = ""
    redeploy: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """The plan for one profile: a step to send, or none; ``join``: an activation is under way, wait for it."""

    profile: Profile
    want: Want
    step: Step | None = None
    join: bool = False

    @property
    def what(self) -> str:
        """For messages."""
        return self.step.what if self.step else f"wait for {self.profile.name or self.profile.id}"


def unclear(profile: Profile, want: Want) -> bool:
    """The list alone does not tell whether an activation is running, and the plan depends on it."""
    if profile.status in (PENDING, FAILED, OTHER):
        return not (profile.status == PENDING and want.restart == "defer" and not want.redeploy)
    return profile.status == ACTIVE and want.redeploy


def choose_activation(profile: Profile, want: Want, running: str | None = None) -> Choice:
    """What to do to make ``profile`` active as wanted. running: its activation status, where it was asked for."""
    resource = profile.name or profile.id
    status = ACTIVATING if running == ACTIVATING else profile.status
    if status == OTHER and running in (ACTIVE, PENDING, FAILED):
        status = running or OTHER
    profile = dataclasses.replace(profile, status=status)
    if status == INACTIVE:
        if not want.uuid:
            raise bad_input(
                "uuid_missing",
                f"the profile {resource} is inactive, so its target must be named.",
                "Set uuid to the server's UUID (rack, tower) or location id (Flex) and run again.",
                resource=resource,
            )
        return Choice(profile, want, _activation(profile, want, f"it is inactive and is wanted on {want.uuid}"))
    if want.uuid and not profile.is_on(want.uuid):
        raise bad_input(
            "target_mismatch",
            f"the profile {resource} is assigned to {profile.target or 'a server that is not told'}, not to {clean(want.uuid, 80)}.",
            "Unassign it first (state inactive), or correct uuid, and run again.",
            resource=resource,
        )
    if status == ACTIVATING:
        # With defer an activation may count as running until the manual restart: there is nothing to wait for then.
        return Choice(profile, want, join=want.restart == "immediate")
    if not want.redeploy:
        if status == ACTIVE or (status == PENDING and want.restart == "defer"):
            return Choice(profile, want)
        if status == OTHER:
            raise bad_input(
                "state_unknown",
                f"the status {profile.told or '(none)'} of the profile {resource} is not understood, so a restart could be needless.",
                "Look at the profile on the server; set redeploy to true to activate it all the same.",
                resource=resource,
            )
    reason = {
        ACTIVE: "it is active and redeploy is asked for",
        PENDING: "it waits for a restart" if want.restart == "immediate" else "it is pending and redeploy is asked for",
        FAILED: "its last activation failed",
    }.get(status, "redeploy is asked for")
    return Choice(profile, want, _activation(profile, want, reason))


def choose_unassignment(profile: Profile, flags: t.Mapping[str, bool]) -> Choice:
    """What to do to make ``profile`` inactive. flags: force, powerDownITE, resetIMM, resetSwitch."""
    want = Want(profile.id)
    if profile.status == INACTIVE:
        return Choice(profile, want)
    step = Step(
        operation="unassign",
        method="POST",
        path="/profiles/unassign/" + segment(profile.id, "profile id"),
        resource=profile.name or profile.id,
        why=f"it is {profile.status} on {profile.target or 'its server'} and is wanted inactive",
        body=dict(flags),
    )
    return Choice(profile, want, step)


def plan_of(choices: t.Sequence[Choice], state: str) -> Plan:
    """The plan for all: the steps, and the state of each profile before and after."""

    def view(choice: Choice, after: bool) -> dict[str, str]:
        profile, want = choice.profile, choice.want
        status, target = profile.status, profile.target
        if after and state == "inactive":
            status, target = INACTIVE, ""
        elif after:
            # a profile that is active already stays so, whatever restart says
            goal = PENDING if want.restart == "defer" else ACTIVE
            status = goal if choice.step or choice.join else status
            target = target or want.uuid
        shown = {"status": status, "target": target}
        if after and choice.step is not None and choice.want.redeploy:
            shown["redeployed"] = "yes"
        return shown

    return Plan(
        [choice.step for choice in choices if choice.step is not None],
        {choice.profile.name or choice.profile.id: view(choice, False) for choice in choices},
        {choice.profile.name or choice.profile.id: view(choice, True) for choice in choices},
    )


def _activation(profile: Profile, want: Want, why: str) -> Step:
    body: dict[str, t.Any] = {"restart": want.restart}
    if want.uuid:
        body["uuid"] = want.uuid
    how = "restarts the server" if want.restart == "immediate" else "ends with the next manual restart"
    return Step(
        operation="activate",
        method="POST",
        path="/profiles/" + segment(profile.id, "profile id"),
        resource=profile.name or profile.id,
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


def goals(want: Want, state: str) -> tuple[str, ...]:
    """The states that count as reached. With ``defer`` that is pending: active comes with a manual restart."""
    if state == "inactive":
        return (INACTIVE,)
    return (PENDING, ACTIVE) if want.restart == "defer" else (ACTIVE,)


def reached(profile: Profile, choice: Choice, state: str, job_ended: bool = False) -> bool:
    """The resource itself shows the wanted end. job_ended: its job told a good end; with ``defer`` a profile may then
    still count as being activated, until the manual restart."""
    wanted = goals(choice.want, state) + ((ACTIVATING,) if job_ended and choice.want.restart == "defer" else ())
    if profile.status not in wanted:
        return False
    return state == "inactive" or not choice.want.uuid or profile.is_on(choice.want.uuid)


def moved(before: Profile, now: Profile, running: str | None, state: str, target: str) -> bool:
    """A request whose answer was lost has arrived: the profile left the state that it had before."""
    if running == ACTIVATING or now.status == ACTIVATING:
        return True
    if state == "inactive":
        return now.status == INACTIVE
    if now.status == before.status:
        return False
    return now.status != INACTIVE and (not target or now.is_on(target) or not now.target)


def resource_state(profile: Profile, choice: Choice, state: str, stale: bool, job_ended: bool = False) -> State:
    """For a wait on the profile itself. stale: what it shows may still be from before the request."""
    name = profile.told or profile.status
    if reached(profile, choice, state, job_ended) and not (stale and choice.profile.status == profile.status and choice.step):
        return State(name, done=True, ok=True)
    if profile.status == FAILED and not (stale and choice.profile.status == FAILED):
        return State(name, done=True, ok=False)
    return State(name)


def not_reached(choice: Choice, now: Profile | None, outcome: Outcome | None, state: str) -> Failure:
    """The work is said to be done, but the profile does not show it."""
    told = f"shows {now.told or now.status}" if now else "is not in the list any more"
    failed = now is not None and now.status == FAILED
    return Failure(
        "job_failed" if failed else "effect_missing",
        f"the profile {told} where {' or '.join(goals(choice.want, state))} was wanted.",
        "Look at the profile and its last job on the server, then run again.",
        what=choice.what,
        outcome=outcome.state if outcome else STARTED,
        job=outcome.job if outcome else None,
        system=api.SYSTEM,
        operation="activate" if state == "active" else "unassign",
        resource=choice.profile.name or choice.profile.id,
    )
