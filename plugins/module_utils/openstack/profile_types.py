# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of cluster profiles that the service knows. Their list changed its shape with microversion 1.5."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

PATH = api.VERSION + "/profile-types"
WITH_STATUS = "1.5"


def read(client: api.Clustering, kind: str | None = None) -> list[dict[str, t.Any]]:
    """All types, or the one named ``kind`` (``os.nova.server-1.0``) with its schema; empty when there is none."""
    if kind is not None:
        what = f"read the profile type {kind}"
        try:
            data = _read(client, f"{PATH}/{segment(kind, 'type')}", what)
        except Failure as failure:
            if failure.status == 404:
                return []
            raise
        entry = data.get("profile_type") if isinstance(data, dict) else None
        if not isinstance(entry, dict):
            raise bad_reply("the answer holds no profile type", what=what)
        return [{**parse(entry), "schema": entry.get("schema") or {}}]
    what = "list the profile types"
    return [parse(entry) for entry in api.objects(_read(client, PATH, what), "profile_types", what)]


def parse(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One entry of either shape: ``{"name": "a-1.0"}``, or name, version and support_status apart."""
    name, version = str(entry.get("name") or ""), entry.get("version")
    if version is None:
        name, _dash, version = name.rpartition("-")
    status = entry.get("support_status")
    status = status.get(str(version)) if isinstance(status, dict) else None
    return {
        "type": f"{name}-{version}",
        "name": name,
        "version": str(version),
        "support_status": status if isinstance(status, list) else [],
    }


def _read(client: api.Clustering, path: str, what: str) -> t.Any:
    try:
        return client.read(path, headers=api.microversion(WITH_STATUS), what=what)
    except Failure as failure:
        if failure.status != 406:
            raise
        return client.read(path, what=what)
