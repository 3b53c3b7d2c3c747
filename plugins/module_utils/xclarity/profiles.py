# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server profiles of XClarity Administrator: what they are, and how they are read.

Sources: the pages "GET /profiles" and "GET /profiles/status".
``GET /profiles/{id}`` has no status, so state always comes from the list. The words of ``profileStatus`` are only
partly documented; they are read by :func:`status_of`, and a word that is not understood is never taken for success.
"""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
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
SAYING = frozenset(_ACTIVATION.values())  # the words that tell whether an activation is running
STATUS_BATCH = 150  # server UUIDs in one URL: 33 characters each
NOT_TOLD = ""  # the server refuses to tell the activation status of this server

_RACK = re.compile(r"[0-9A-F]{32}")


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
        return bool(target) and normal(target) in (normal(self.uuid), normal(self.location))

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


def normal(target: str) -> str:
    """A target in one spelling: the UUID of a server without dashes, or the location id of a bay."""
    text = target.strip().upper()
    bare = text.replace("-", "")
    return bare if _RACK.fullmatch(bare) else text


def is_server(target: str) -> bool:
    """The UUID of a server, not the location id of a bay."""
    return bool(_RACK.fullmatch(normal(target)))


def titles(profiles: t.Sequence[Profile]) -> dict[str, str]:
    """id -> name for people; with the id where several of ``profiles`` have one name."""
    return titles_of({profile.id: profile.name for profile in profiles})


def titles_of(names: t.Mapping[str, str]) -> dict[str, str]:
    """The same for id -> name."""
    counts = collections.Counter(names.values())
    return {ident: name if name and counts[name] == 1 else f"{name} ({ident})".strip() for ident, name in names.items()}


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


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[Profile]:
    """Every profile, in one request (the API has no paging)."""
    data = client.read("/profiles", what="list profiles", attempts=attempts, max_body=MAX_LIST)
    return [parse(entry) for entry in api.items(data, "items", "profiles", what="list profiles")]


def read_activation(client: Client, uuids: t.Sequence[str], *, attempts: int = READ_ATTEMPTS) -> dict[str, str]:
    """Our word for the activation status of each server UUID that the server knows (GET /profiles/status, 2.1 and later).

    One UUID that the server does not know may make it refuse all of them; they are then asked for in smaller groups, and what it
    refuses alone is :data:`NOT_TOLD`. On an appliance that is too old to have the call all are.
    """
    found: dict[str, str] = {}
    groups = [list(uuids[begin : begin + STATUS_BATCH]) for begin in range(0, len(uuids), STATUS_BATCH)]
    while groups:
        group = groups.pop()
        try:
            query = (("uuids", ",".join(group)),)
            data = client.read("/profiles/status", query=query, what="read the activation status", attempts=attempts)
        except Failure as failure:
            if failure.status not in (400, 404):
                raise
            half = len(group) // 2
            if half:
                groups += [group[:half], group[half:]]
            else:
                found[group[0].casefold()] = NOT_TOLD
            continue
        for entry in api.items(data, "items", what="read the activation status"):
            key = entry.get("uuid") or entry.get("id")
            if isinstance(key, str):
                found[key.casefold()] = _ACTIVATION.get(str(entry.get("activationStatus")).upper(), OTHER)
    return found


def may_activate(text: str) -> bool:
    """The words of a job that could be the activation of a profile; titles are not documented."""
    return "activat" in text or "profile" in text
