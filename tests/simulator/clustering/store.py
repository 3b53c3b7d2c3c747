# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The profiles of a Senlin database, found the way its queries find them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .errors import SenlinError
from .identity import Token


def is_uuid_like(text: str) -> bool:
    """Senlin takes upper case and missing dashes for a UUID, too."""
    try:
        bare = text.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "").lower()
        return uuid.UUID(text).hex == bare
    except ValueError:
        return False


@dataclass(eq=False)
class Profile:
    id: str
    name: str
    type: str
    spec: dict[str, Any]
    metadata: dict[str, Any] | None
    user: str
    project: str
    created: float
    updated: float | None = None
    text: bytes = b""                  # its JSON, kept because lists of thousands are asked for again and again


_SORT_VALUES: dict[str, Callable[[Profile], Any]] = {
    "type": lambda one: one.type, "name": lambda one: one.name, "created_at": lambda one: one.created,
    "updated_at": lambda one: one.updated or 0.0,            # null comes first
}
SORT_KEYS = tuple(_SORT_VALUES)


class Store:
    """Profiles by id and by name. in_use: whether a cluster or node has the profile with this id."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self.profiles: dict[str, Profile] = {}
        self.in_use: Callable[[str], bool] = lambda _profile: False
        self._by_name: dict[str, dict[str, Profile]] = {}

    # -- shapes

    def entity(self, profile: Profile) -> dict[str, Any]:
        iso = self._clock.iso
        return {
            "created_at": iso(profile.created), "domain": None, "id": profile.id, "metadata": profile.metadata,
            "name": profile.name, "project": profile.project, "spec": profile.spec, "type": profile.type,
            "updated_at": None if profile.updated is None else iso(profile.updated), "user": profile.user}

    def text(self, profile: Profile) -> bytes:
        if not profile.text:
            profile.text = json.dumps(self.entity(profile), sort_keys=True).encode()
        return profile.text

    # -- finding

    def find(self, identity: str, token: Token) -> Profile:
        """By id, name or the beginning of an id: the whole of Senlin's look-up, wildcards included."""
        found: Profile | None
        if is_uuid_like(identity):
            found = self._visible(self.profiles.get(identity), token) or \
                self._one(self.named(identity, token), identity)
        else:
            found = self._one(self.named(identity, token), identity) or \
                self._one(self._with_prefix(identity, token), identity)
        if found is None:
            raise SenlinError(404, "ResourceNotFound", f"The profile '{identity}' could not be found.")
        return found

    def named(self, name: str, token: Token) -> list[Profile]:
        return [profile for profile in self._by_name.get(name, {}).values() if self._visible(profile, token)]

    def _with_prefix(self, prefix: str, token: Token) -> list[Profile]:
        # the prefix goes into an SQL LIKE as it is: "_" and "%" are wildcards, ASCII case does not count
        pattern = "".join({"_": ".", "%": ".*"}.get(char, re.escape(char)) for char in prefix)
        like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return [profile for profile in self.profiles.values()
                if self._visible(profile, token) and like.match(profile.id)]

    @staticmethod
    def _visible(profile: Profile | None, token: Token) -> Profile | None:
        """An administrator is never held to a project."""
        if profile is not None and (token.is_admin or profile.project == token.project_id):
            return profile
        return None

    @staticmethod
    def _one(found: list[Profile], identity: str) -> Profile | None:
        if len(found) > 1:
            raise SenlinError(400, "MultipleChoices", "Multiple results found matching the query criteria"
                              f" '{identity}'. Please be more specific.")
        return found[0] if found else None

    def listing(self, token: Token, names: list[str], types: list[str], sort: str, limit: int | None,
                marker: str | None) -> list[Profile]:
        candidates: Iterable[Profile]
        candidates = [one for name in dict.fromkeys(names) for one in self._by_name.get(name, {}).values()] if names \
            else self.profiles.values()
        rows = [one for one in candidates if self._visible(one, token) and (not types or one.type in types)]
        after = self.profiles.get(marker) if marker else None
        if after is not None and after not in rows:
            rows.append(after)
        rows.sort(key=lambda one: one.id)
        for part in reversed((sort or "created_at").split(",")):
            key, dummy, direction = part.partition(":")
            rows.sort(key=_SORT_VALUES[key], reverse=direction == "desc")
        if after is not None:
            rows = rows[rows.index(after) + 1:]
        return rows if limit is None else rows[:limit]

    # -- changing

    def add(self, profile: Profile) -> None:
        self.profiles[profile.id] = profile
        self._by_name.setdefault(profile.name, {})[profile.id] = profile

    def update(self, profile: Profile, name: str, metadata: dict[str, Any] | None) -> None:
        del self._by_name[profile.name][profile.id]
        profile.name, profile.metadata, profile.updated, profile.text = name, metadata, self._clock.now(), b""
        self._by_name.setdefault(name, {})[profile.id] = profile

    def delete(self, profile: Profile) -> None:
        if self.in_use(profile.id):
            raise SenlinError(409, "ResourceInUse", f"The profile '{profile.id}' cannot be deleted:"
                              " still referenced by some clusters and/or nodes.")
        del self.profiles[profile.id]
        del self._by_name[profile.name][profile.id]
