# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an XClarity Administrator says of itself, for people: identity, release, licences.

Sources: recorded replies of GET /aicc; GET /notificationsLicense as Lenovo's client reads it. No capture of the second was found, so
what is not told there is null, and an appliance without it is no failure.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import number
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

LICENCES = (
    ("active", "active_entitlements"), ("managed_devices", "managed_devices"), ("compliant", "compliant"),
    ("remaining_days", "remaining_days"), ("expiring_soon", "expiring_soon"), ("functions_enabled", "enable_functions"),
)  # fmt: skip


def parse(data: t.Any) -> dict[str, str]:
    """The answer of GET /aicc. What describes the appliance stands under ``appliance``, or beside it."""
    outer = data if isinstance(data, dict) else {}
    inner = outer.get("appliance")
    inner = inner if isinstance(inner, dict) else {}

    def text(key: str) -> str:
        value = inner.get(key, outer.get(key))
        return clean(value, 200) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    return {key: text(key) for key in ("uuid", "name", "version", "build", "hostname")}


def parse_licences(data: t.Any) -> dict[str, t.Any]:
    """The answer of GET /notificationsLicense. A key is null where nothing is told; booleans may come as texts."""
    told = data.get("response") if isinstance(data, dict) else None
    told = told if isinstance(told, dict) else {}
    found: dict[str, t.Any] = {}
    for key, theirs in LICENCES:
        value = told.get(theirs)
        if isinstance(value, bool):
            found[key] = value
        elif isinstance(value, str) and value.lower() in ("true", "false"):
            found[key] = value.lower() == "true"
        else:
            said = number(value)
            found[key] = int(said) if said is not None else None
    return found


def read(client: Client) -> dict[str, t.Any]:
    """``{"appliance", "licences"}``; licences is null on an appliance that has no such call, or does not let this user read it."""
    appliance = parse(client.read("/aicc", what="read the identity of the server"))
    try:
        licences = parse_licences(client.read("/notificationsLicense", what="read the licences"))
    except Failure as failure:
        if failure.status not in (400, 403, 404):
            raise
        licences = None
    return {"appliance": appliance, "licences": licences}
