# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server patterns: read them, and as pattern_info shows them.

Source: the page "GET /patterns" and recorded replies. Patterns need a licence, so a 403 may be for want of one.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Refusals, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api


@dataclasses.dataclass(frozen=True)
class Pattern:
    """One entry. type: Server, or the category of a part. in_use: profiles were made of it."""

    id: str
    name: str
    description: str
    type: str
    form_factor: str
    server_type: str
    user_defined: bool | None
    in_use: bool | None

    def public(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def parse(entry: t.Mapping[str, t.Any]) -> Pattern:
    """One entry. Booleans came as such and as texts."""

    def text(key: str, limit: int = 200) -> str:
        value = entry.get(key)
        return clean(value, limit) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    def flag(key: str) -> bool | None:
        word = str(entry.get(key)).casefold()
        return True if word in ("true", "yes") else False if word in ("false", "no") else None

    return Pattern(
        text("id", 40), text("name"), text("description", 1000), text("type", 80), text("formFactor", 40), text("serverType", 80),
        flag("userDefined"), flag("inUse"),
    )  # fmt: skip


def read_all(client: Client) -> list[Pattern]:
    """Every pattern, in one request. (An attribute that is asked for does not make the list smaller.)"""
    what = "list server patterns"
    return [parse(one) for one in api.items(client.read("/patterns", what=what, max_body=MAX_LIST), "items", what=what)]


def read_settings(client: Client, ident: str) -> t.Any:
    """The export of one pattern."""
    return client.read(f"/patterns/{segment(ident, 'pattern id')}/includeSettings", what="read a pattern", max_body=MAX_LIST)


def find_each(client: Client, wanted: t.Iterable[str]) -> list[Pattern]:
    """The pattern of each id or name, in one request."""
    listed = read_all(client)
    refused = Refusals()
    found = []
    for one in wanted:
        with refused:
            found.append(find(listed, one))
    refused.tell()
    return found


def find(listed: t.Sequence[Pattern], wanted: str) -> Pattern:
    """The pattern with this id or name. What is the id of one and the name of another is refused."""
    matches = [one for one in listed if wanted in (one.id, one.name)]
    if len(matches) != 1:
        several = ", ".join(one.id for one in matches[:10])
        raise bad_input(
            "pattern_ambiguous" if matches else "pattern_not_found",
            f"{clean(wanted, 80)} names several patterns, with the ids {several}."
            if matches
            else f"there is no pattern with the id or name {clean(wanted, 80)}.",
            "Look at pattern_info for ids and names, and run again.",
            resource=clean(wanted, 200),
        )
    return matches[0]
