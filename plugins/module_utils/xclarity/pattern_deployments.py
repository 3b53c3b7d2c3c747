# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make server profiles of a pattern: what to send, and how to find what it has made.

Source: the page "POST /patterns/{id}"; its answer is cut in every copy, and the name of a new profile is not documented. So a new
profile is found in the list by its pattern (templateId) and its target, never by its name. A deployment that is sent again restarts the
server again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, nodes, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.patterns import Pattern
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import Profile

RESTARTS = ("immediate", "defer", "pending")
# The states of a profile that count as reached.
GOALS = {
    "immediate": (profiles.ACTIVE,),
    "defer": (profiles.PENDING, profiles.ACTIVE),
    "pending": (profiles.INACTIVE, profiles.PENDING, profiles.ACTIVE, profiles.ACTIVATING, profiles.OTHER),
}
NODE_ATTRIBUTES = "uuid,name,status,accessState,parent,slots"


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one target: a server (node, by UUID or name), or a bay (location)."""

    pattern: str
    node: str
    location: str
    restart: str


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a profile goes: the UUID of a rack server, or the location id of a bay. uuid: of the server, where there is one. offline: it
    is told that the appliance does not reach that."""

    key: str
    uuid: str
    title: str
    offline: bool = False

    def holds(self, profile: Profile) -> bool:
        return profile.is_on(self.key) or bool(self.uuid and profile.is_on(self.uuid))


def target_of(entry: t.Mapping[str, t.Any], title: str) -> Target:
    """The target for a server; one in a chassis is named by its bay."""
    uuid = nodes.key_of(entry)
    node = nodes.parse(entry)
    if node["chassis"] and node["slots"]:
        return Target(f"{node['chassis']}_bay{node['slots'][0]}", uuid, title, nodes.is_offline(entry))
    return Target(uuid, uuid, title, nodes.is_offline(entry))


def check_location(text: str) -> None:
    if "_bay" not in text or not text.isprintable():
        raise bad_input(
            "config_location", f"{clean(text, 80)} is no location id of a bay (<chassis uuid>_bay<n>).",
            "Correct location, or give the server by node, and run again.", resource=clean(text, 80),
        )  # fmt: skip


def read_profiles(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[tuple[Profile, str]]:
    """Every profile, with the id of the pattern that it was made of."""
    what = "list profiles"
    data = client.read("/profiles", what=what, attempts=attempts, max_body=MAX_LIST)
    entries = api.items(data, "items", "profiles", what=what)
    return [(profiles.parse(one), str(one.get("templateId", one.get("templateID")) or "")) for one in entries]


def on(listed: t.Sequence[tuple[Profile, str]], target: Target) -> tuple[Profile, str] | None:
    """The profile that a target has, with the id of its pattern."""
    return next((pair for pair in listed if target.holds(pair[0])), None)


def plan(held: tuple[Profile, str] | None, target: Target, pattern: Pattern, restart: str) -> Step | None:
    """The request that makes the profile; None where the target has one of this pattern. One of another is refused."""
    if held is not None:
        profile, template = held
        if template == pattern.id:
            return None
        raise bad_input(
            "target_taken",
            f"the target {target.title} holds another profile, {profile.name or profile.id} ({profile.status}), which is not of the"
            f" pattern {pattern.name}.",
            "Unassign that one first (profile_activation with state inactive), and run again.",
            resource=target.title,
        )
    if target.offline and restart != "pending":  # a profile that is only made asks nothing of the server
        raise nodes.offline(target.title, "the pattern cannot be deployed to it")
    how = {
        "immediate": "the server restarts",
        "defer": "it ends with the next manual restart",
        "pending": "nothing is activated",
    }[restart]
    where = {"endpointIds": [target.key]} if "_bay" in target.key else {"uuid": [target.key]}
    return Step(
        operation="deploy the pattern to",
        method="POST",
        path="/patterns/" + segment(pattern.id, "pattern id"),
        resource=target.key,
        title=target.title,
        why=f"it has no profile of the pattern {pattern.name}; {how}",
        body={"restart": restart, **where},
        effect=("the deployment", "started"),
    )


def accept(step: Step, data: t.Any) -> Accepted:
    """The answer is not documented. What it says of a failure and of a job is heeded where it has the form of an activation's."""
    if not isinstance(data, dict):
        return Accepted(data=data)
    api.check_result(data, step.what)
    rows = data.get("items")
    job = api.started_job(data, {})
    for row in rows if isinstance(rows, list) else []:
        if not isinstance(row, dict):
            continue
        failed = [one for key in ("uuidsFailed", "locationIdsFailed") if isinstance(row.get(key), list) for one in row[key]]
        if failed:
            told = row.get("message")
            raise Failure(
                "activation_refused",
                f"the server answered 200 and named as failed: {', '.join(clean(one, 80) for one in failed[:5])}.",
                "Check the target and the server's state, and run again.",
                outcome=NOT_STARTED,
                server_message=told if isinstance(told, str) else None,
                details={"failed_targets": [clean(one, 80) for one in failed]},
            )
        job = job or api.job_id(row.get("jobRecordId"))
    return Accepted(job, data)
