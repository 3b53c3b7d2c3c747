# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chassis, switches and storage that XClarity Administrator manages, as their info modules and the inventory show them.

Source: recorded replies. There is no paging. Words differ by the kind of device: the power of a switch is a text, ``status.message`` of a
chassis is in capitals; real storage and Flex storage nodes, which look like servers, stand in one list.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes

_EMPTY = ("", "NC", "location", "--", nodes.NOWHERE)  # what was seen where nobody has written a place
# key -> the appliance's word
_TEXTS = {
    "name": "name", "type": "type", "machine_type": "machineType", "model": "model", "product": "productName",
    "serial_number": "serialNumber", "access": "accessState", "health": "overallHealthState", "hostname": "hostname",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of device: its path, the key of its list, and what it tells beside what all tell."""

    path: str
    key: str
    more: t.Callable[[t.Mapping[str, t.Any]], dict[str, t.Any]]


def _text(value: t.Any, limit: int = 200) -> str:
    return clean(value, limit) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _addresses(entry: t.Mapping[str, t.Any]) -> list[str]:
    told = [entry.get("mgmtProcIPaddress"), *_list(entry.get("ipv4Addresses")), *_list(entry.get("ipv6Addresses"))]
    if not any(told):
        told = [entry.get("ipAddress"), *_list(entry.get("ipAddresses"))]
    good = (one for one in told if isinstance(one, str) and one and not one.startswith(("169.254.", "0.0.0.0", "fe80", "FE80")))
    return list(dict.fromkeys(good))


def parse(kind: Kind, entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """One device. Every key is always there, and empty where nothing is told."""
    place = entry.get("location")
    place = place if isinstance(place, dict) else {}
    where = {key: _text(place.get(key)) for key in ("location", "room", "rack")}
    unit = place.get("lowestRackUnit")
    status = entry.get("status")
    managed = status.get("name") if isinstance(status, dict) else status
    addresses = _addresses(entry)
    return {
        "uuid": nodes.key_of(entry),
        **{key: _text(entry.get(theirs)) for key, theirs in _TEXTS.items()},
        "address": addresses[0] if addresses else "",
        "addresses": addresses,
        "status": _text(managed).lower(),
        **{key: "" if value in _EMPTY else value for key, value in where.items()},
        "rack_unit": unit if isinstance(unit, int) and not isinstance(unit, bool) else None,
        **kind.more(entry),
    }


def _chassis(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    members = {"nodes": "nodes", "switches": "switches", "controllers": "cmms"}
    slots = entry.get("bladeSlots", entry.get("bayCount"))
    return {
        "bays": slots if isinstance(slots, int) and not isinstance(slots, bool) else None,
        **{key: [nodes.key_of(one) for one in _list(entry.get(theirs)) if isinstance(one, dict)] for key, theirs in members.items()},
    }


def _switch(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        "power": _text(entry.get("powerState"), 40).lower(),
        "os": _text(entry.get("OS"), 80),
        "attached_nodes": [_text(one, 80) for one in _list(entry.get("attachedNodes")) if isinstance(one, str)],
    }


def _storage(entry: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """flex_node: a storage node of a chassis, which is a server in the list of servers too."""
    power = entry.get("powerStatus")
    return {
        "power": nodes.POWER.get(power, "unknown") if isinstance(power, int) and not isinstance(power, bool) else "unknown",
        "flex_node": _text(entry.get("type")) == "SCU",
    }


CHASSIS = Kind("/chassis", "chassisList", _chassis)
SWITCHES = Kind("/switches", "switchList", _switch)
STORAGE = Kind("/storage", "storageList", _storage)


def read_raw(
    client: Client, kind: Kind, *, attributes: str | None = None, attempts: int = READ_ATTEMPTS
) -> list[dict[str, t.Any]]:
    """The entries as the server tells them. attributes: only these fields."""
    what = f"list {kind.path.lstrip('/')}"
    query = (("includeAttributes", attributes),) if attributes else ()
    data = client.read(kind.path, query=query, what=what, attempts=attempts, max_body=MAX_LIST)
    found = data.get(kind.key) if isinstance(data, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise bad_reply(f"the answer holds no list of {kind.path.lstrip('/')}", what=what)
    return found


def read(client: Client, kind: Kind, wanted: t.Sequence[str] | None, *, raw: bool = False) -> list[dict[str, t.Any]]:
    """Devices by UUID or name, in the server's order; what is not there is left out. None: all."""
    entries = read_raw(client, kind)
    if wanted is not None:
        entries = nodes.meant(entries, wanted, nodes.known_as)
    return [{**parse(kind, entry), "raw": entry} if raw else parse(kind, entry) for entry in entries]
