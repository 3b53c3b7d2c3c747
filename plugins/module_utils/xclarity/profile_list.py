# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server profiles as profile_info shows them: the words of profiles.py, and the rest of the list's entry.

Source: the page "GET /profiles" and recorded replies, which spell some fields in two ways.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, profiles

_TEXTS = {
    "template": ("templateName",), "template_id": ("templateId", "templateID"), "chassis": ("chassisName",), "bay": ("bayId",),
    "sub_bay": ("subBayId",), "rack": ("rackId", "rackID"), "type": ("type",),
}  # fmt: skip


def parse(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One entry; every key is always there."""

    def text(keys: tuple[str, ...]) -> str:
        for key in keys:
            value = entry.get(key)
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                return str(value)
        return ""

    unit = entry.get("unit")
    return {
        **profiles.parse(entry).public(),
        **{key: text(keys) for key, keys in _TEXTS.items()},
        "unit": unit if isinstance(unit, int) and not isinstance(unit, bool) else None,
        "management_pattern": entry.get("managementPatternPresent") is True,
        "addresses": entry.get("addressPresent") is True,
    }


def read(
    client: Client, *, wanted: t.Sequence[str] | None = None, statuses: t.Sequence[str] | None = None, activation: bool = False
) -> list[dict[str, t.Any]]:
    """Profiles by id or name, and by our words for their status; what is not known is left out. None: all.

    activation: ask GET /profiles/status too, for those that have a server; ``activation`` is then our word for it or empty.
    """
    data = client.read("/profiles", what="list profiles", max_body=MAX_LIST)
    shown = [parse(entry) for entry in api.items(data, "items", "profiles", what="list profiles")]
    if wanted is not None:
        names = set(wanted)
        shown = [one for one in shown if one["id"] in names or one["name"] in names]
    if statuses is not None:
        shown = [one for one in shown if one["status"] in statuses]
    if activation:
        uuids = [one["uuid"] for one in shown if one["uuid"]]
        told = profiles.read_activation(client, uuids) if uuids else {}
        for one in shown:
            one["activation"] = told.get(one["uuid"].casefold(), "")
    return shown
