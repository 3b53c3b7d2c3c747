# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the firmware of servers to their policy: what to send, and how far it is.

Sources: the pages of /updatableComponents, mock replies pasted from real ones, Lenovo's client. The components come from the comparison
with the policy and not from a table of our own: one that is not to be updated makes the whole request fail. ``State: Complete,
PercentComplete: 100, Status: Canceled`` is a pair that was seen, so only Status tells how a component ended; its word for success was not
seen.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input, bad_reply, named
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance

PATH = "/updatableComponents"
ACTIVATIONS = ("immediate", "delayed", "prioritized")
OPEN_STATES = frozenset({"notstarted", "blocked", "inprogress", "queued", "running", "pending"})
GOOD = frozenset({"success", "successful", "succeeded", "complete", "completed", "finished"})
BAD = frozenset({"failed", "failure", "canceled", "cancelled", "aborted", "error", "stopped", "skipped", "timeout", "timedout"})


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one server. components: only these, or all that the policy asks for."""

    node: str
    activation: str
    components: tuple[str, ...]
    skip_missing: bool


@dataclasses.dataclass(frozen=True)
class Part:
    """How far one component is. open: it is being updated, or waits for that. good: None where its end is not told in a known word.
    job: that updates it; began: the same, and when that began, as the server tells them."""

    name: str
    open: bool
    good: bool | None
    told: str
    began: str = ""
    job: str = ""


def _word(value: t.Any) -> str:
    return clean(value, 60) if isinstance(value, str) else ""


def _key(word: str) -> str:
    return word.replace(" ", "").replace("_", "").casefold()


def parse_part(entry: t.Mapping[str, t.Any]) -> Part:
    told = entry.get("UpdateStatus")
    status = told if isinstance(told, dict) else {}
    state, word = _word(status.get("State")), _word(status.get("Status"))
    said = _key(word)
    unfinished = _key(state) in OPEN_STATES or (not state and said in ("queued", "active"))
    good = None if unfinished else True if said in GOOD else False if said in BAD else None
    job = str(status.get("JobID"))
    return Part(_word(entry.get("Component")), unfinished, good, f"{state} {word}".strip(), f"{job} {status.get('StartTime')}", job)


def read_status(client: Client, *, attempts: int = READ_ATTEMPTS) -> dict[str, list[Part]]:
    """How far the components of each server are, by UUID. What is not being updated and was not lately is not told."""
    what = "read the state of updates"
    data = client.read(PATH, what=what, attempts=attempts, max_body=MAX_LIST)
    lists = data.get("DeviceList") if isinstance(data, dict) else None
    if not isinstance(lists, list):
        raise bad_reply("the answer holds no DeviceList", what=what)
    found: dict[str, list[Part]] = {}
    for group in lists:
        servers = group.get("ServerList") if isinstance(group, dict) else None
        for server in servers if isinstance(servers, list) else []:
            if isinstance(server, dict):
                parts = server.get("Components")
                rows = [one for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
                found[nodes.key_of(server)] = [parse_part(one) for one in rows]
    return found


def busy(parts: t.Sequence[Part]) -> bool:
    return any(part.open for part in parts)


# -- planning: pure ---------------------------------------------------------------------------------------------------


def components(now: Compliance, desired: Desired, title: str) -> list[str]:
    """What of a server is to be updated. Refuses what the comparison tells to be impossible."""
    if not now.policy:
        raise bad_input(
            "policy_missing", f"the server {title} has no compliance policy, so there is nothing to bring it to.",
            "Assign one with firmware_policy, and run again.", resource=title,
        )  # fmt: skip
    unknown = [one for one in desired.components if one not in {part.name for part in now.components}]
    if unknown:
        raise bad_input(
            "component_not_found", f"the policy {now.policy} of the server {title} tells of no component {named(unknown)}.",
            "Look at firmware_info for the names, and run again.", resource=title,
        )  # fmt: skip
    if now.compliant is None:
        raise bad_input(
            "state_unknown", f"it is not told whether the server {title} complies with its policy {now.policy}.",
            "Wait for the comparison, or assign the policy anew, and run again.", resource=title,
        )  # fmt: skip
    if now.compliant:
        return []

    def meant(name: str) -> bool:
        return not desired.components or name in desired.components

    missing = [one.name for one in now.without_package if meant(one.name)]
    if missing and not desired.skip_missing:
        raise bad_input(
            "package_missing", f"for the server {title} the repository lacks the packages of {named(missing)}.",
            "Acquire them, or set skip_missing to true, and run again.", resource=title,
        )  # fmt: skip
    return [one.name for one in now.to_update if meant(one.name)]


def plan(now: Compliance, desired: Desired, title: str) -> Step | None:
    """The request that updates a server; None when it complies, or nothing of it is to be updated."""
    names = components(now, desired, title)
    return request(now, desired, title, names) if names else None


def missing(now: Compliance, desired: Desired, brought: t.Container[str] = ()) -> list[str]:
    """The components that the user asks for and that are outdated, without those that an update has ``brought`` already. How soon the
    comparison follows an update is not documented."""
    return [
        one.name
        for one in now.components
        if one.outdated
        and (not desired.components or one.name in desired.components)
        and (one.package or not desired.skip_missing)
        and one.name not in brought
    ]


def request(now: Compliance, desired: Desired, title: str, names: t.Sequence[str]) -> Step:
    """The request that updates these components of a server."""
    how = {
        "immediate": "the server restarts, perhaps several times",
        "delayed": "it ends with the next manual restart",
        "prioritized": "the management controller now, the rest with the next manual restart",
    }[desired.activation]
    return Step(
        operation="update",
        method="PUT",
        path=PATH,
        query=(("action", "apply"), ("activationMode", desired.activation)),
        resource=now.uuid,
        title=title,
        why=f"it does not comply with its policy {now.policy}; {how}",
        body={"DeviceList": [{"ServerList": [{"UUID": now.uuid, "Components": [{"Component": name} for name in names]}]}]},
        effect=("the update", "started"),
    )


def asked_of(step: Step) -> list[str]:
    """The components that a planned request names."""
    server = step.body["DeviceList"][0]["ServerList"][0]
    return [one["Component"] for one in server["Components"]]
