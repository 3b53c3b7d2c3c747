# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server profiles of XClarity Administrator: read them and find those that are meant. What to do to them: profile_plans.py.

Sources: the pages "GET /profiles" and "GET /profiles/status".
``GET /profiles/{id}`` has no status, so state always comes from the list. The words of ``profileStatus`` are only
partly documented; they are read by :func:`status_of`, and a word that is not understood is never taken for success.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

INACTIVE, PENDING, ACTIVE, ACTIVATING, FAILED, OTHER = "inactive", "pending", "active", "activating", "failed", "unknown"

# activationStatus of GET /profiles/status
_ACTIVATION = {
    "RUNNING": ACTIVATING,
    "PENDING": PENDING,
    "COMPLETED": ACTIVE,
    "TERMINATED": FAILED,
    "CONFIGERROR": FAILED,
    "LDAPERROR": FAILED,
}
STATUS_BATCH = 150  # server UUIDs in one URL: 33 characters each


@dataclasses.dataclass(frozen=True)
class Profile:
    """One entry of GET /profiles. target: UUID or location id of its server, empty while unassigned."""

    id: str
    name: str
    status: str
    told: str
    uuid: str
    location: str
    server: str
    compliance: str

    def is_on(self, target: str) -> bool:
        return bool(target) and target.casefold() in (self.uuid.casefold(), self.location.casefold())

    @property
    def target(self) -> str:
        return self.location or self.uuid

    def public(self) -> dict[str, t.Any]:
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "profile_status": self.told,
            "uuid": self.uuid,
            "location": self.location,
            "server": self.server,
            "compliance": self.compliance,
        }


def status_of(told: t.Any) -> str:
    """``profileStatus`` in one of our six words. INACTIVE is asked before ACTIVE, which it contains."""
    word = clean(told, 60).upper().replace("_", "").replace(" ", "") if isinstance(told, str) else ""
    if "UNASSIGN" in word or "INACTIVE" in word:
        return INACTIVE
    if "PENDING" in word:
        return PENDING
    if "FAIL" in word or "ERROR" in word:
        return FAILED
    if "RUNNING" in word or "PROGRESS" in word or "ACTIVATING" in word:
        return ACTIVATING
    if word in ("ACTIVE", "ACTIVATED", "COMPLETED", "COMPLETE"):
        return ACTIVE
    return OTHER


def parse(entry: t.Mapping[str, t.Any]) -> Profile:
    """One entry of the list. A missing or null field is an empty text; ids may come as numbers."""

    def text(*keys: str) -> str:
        for key in keys:
            value = entry.get(key)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                return str(value)
        return ""

    told = text("profileStatus")
    return Profile(
        id=text("id", "ID"),
        name=text("profileName", "name"),
        status=status_of(told),
        told=told,
        uuid=text("uuid"),
        location=text("externalId"),
        server=text("serverName"),
        compliance=text("complianceStatus").lower(),
    )


def read_all(client: Client) -> list[Profile]:
    """Every profile, in one request (the API has no paging)."""
    data = client.read("/profiles", what="list profiles", max_body=MAX_LIST)
    return [parse(entry) for entry in api.items(data, "items", "profiles", what="list profiles")]


def read_activation(client: Client, uuids: t.Sequence[str]) -> dict[str, str]:
    """Our word for the activation status of each server UUID that the server knows (GET /profiles/status, 2.1 and later).

    Empty where the appliance is too old to have the call (404).
    """
    found: dict[str, str] = {}
    for begin in range(0, len(uuids), STATUS_BATCH):
        query = (("uuids", ",".join(uuids[begin : begin + STATUS_BATCH])),)
        try:
            data = client.read("/profiles/status", query=query, what="read the activation status")
        except Failure as failure:
            if failure.status in (400, 404):
                continue
            raise
        for entry in api.items(data, "items", what="read the activation status"):
            key = entry.get("uuid") or entry.get("id")
            if isinstance(key, str):
                found[key.casefold()] = _ACTIVATION.get(str(entry.get("activationStatus")).upper(), OTHER)
    return found


def find(profiles: t.Sequence[Profile], wanted: t.Sequence[str]) -> list[Profile]:
    """The profile for each id or name. An unknown one, and a name that several have, is an error that lists what there is."""
    by_id = {profile.id: profile for profile in profiles}
    by_name: dict[str, list[Profile]] = {}
    for profile in profiles:
        by_name.setdefault(profile.name, []).append(profile)
    found = []
    for text in wanted:
        matches = {p.id: p for p in [*filter(None, [by_id.get(text)]), *by_name.get(text, [])]}
        if not matches:
            raise bad_input(
                "profile_not_found",
                f"there is no profile with the id or name {clean(text, 80)}.",
                "Look at profile_info for ids and names, and run again.",
                resource=clean(text, 200),
            )
        if len(matches) > 1:
            raise bad_input(
                "profile_ambiguous",
                f"{clean(text, 80)} names several profiles, with the ids {', '.join(list(matches)[:10])}.",
                "Give the id of the profile and run again.",
                resource=clean(text, 200),
            )
        found.append(next(iter(matches.values())))
    return found
