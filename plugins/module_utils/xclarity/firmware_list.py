# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firmware as firmware_info shows it: what is installed, the policy, how the server compares with it, and what would be updated."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import firmware, nodes

_KEYS = ("type", "name", "version", "build", "role", "status")


def installed(entry: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
    """What a server tells of its firmware. role and status differ by the kind of controller."""
    told = entry.get("firmware")
    rows = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return [{key: clean(value, 120) if isinstance(value := one.get(key), str) else "" for key in _KEYS} for one in rows]


def read(client: Client, wanted: t.Sequence[str] | None) -> dict[str, t.Any]:
    """``{"nodes", "policies"}``; wanted: UUIDs or names, what is not there is left out."""
    entries = nodes.read_raw(client, attributes=f"{nodes.ATTRIBUTES},firmware")
    if wanted is not None:
        nodes.refuse_incomplete(entries, wanted)
        entries = nodes.meant(entries, wanted, nodes.known_as)
    results = firmware.read_compliance(client)
    found = []
    for entry in entries:
        now = results.get(nodes.key_of(entry))
        shown = now or firmware.Compliance("", "", None, False, ())
        found.append(
            {
                "uuid": nodes.key_of(entry),
                "name": clean(entry.get("name") or "", 200),
                "machine_type": clean(entry.get("machineType") or "", 40),
                "installed": installed(entry),
                **shown.public(),
            }
        )
    return {"nodes": found, "policies": firmware.read_policies(client)}
