# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server pool: its servers and properties, and what a user asks of it. Requests: pool_requests.py.

Sources: the pages "Group Server Pool Servers" and "Group Server Pool Properties". One document stands for one server.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import Entry, OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.matching import fits

BOUND, AVAILABLE = "BOUND", "AVAILABLE"
SERVER_STATUSES = (AVAILABLE, "RESERVED", BOUND, "NEEDS_CLEAN", "TRASH", "DELETED")
MAX_SERVERS = 10_000

Document = dict[str, str]


# -- shapes -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Server:
    """One server of the pool, with all of its properties, also those that cannot be asked for."""

    id: str
    hostname: str
    properties: Document
    status: str
    group: str
    created: str
    recycled: str

    def public(self) -> dict[str, t.Any]:
        never = self.recycled.startswith("1970-01-01")
        return {
            "id": self.id,
            "hostname": self.hostname,
            "properties": self.properties,
            "status": self.status,
            "group_id": self.group or None,
            "created": self.created or None,
            "recycled": None if never else self.recycled or None,
        }


@dataclasses.dataclass(frozen=True)
class Property:
    """What may be asked for. values: each known value, and whether it may be asked for."""

    name: str
    description: str
    multi_select: bool
    available: bool
    values: dict[str, bool]

    def public(self) -> dict[str, t.Any]:
        return {
            "name": self.name,
            "description": self.description,
            "multi_select": self.multi_select,
            "available": self.available,
            "values": [{"value": value, "available": available} for value, available in self.values.items()],
        }


def moment(text: str) -> float | None:
    """Seconds since 1970 of a date such as ``2016-11-06T15:07:25Z``; None for anything else."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def parse_server(entry: Entry) -> Server:
    """One server entity. Without id or hostname nothing can be done with it, so the answer is a bad one."""
    ident, hostname = text(entry, "id"), text(entry, "hostname")
    if not ident or not hostname:
        raise bad_reply("a server has no id or no hostname", what="read the servers of the pool")
    told = entry.get("properties")
    return Server(
        id=ident,
        hostname=hostname,
        properties={str(name): str(value) for name, value in told.items()} if isinstance(told, dict) else {},
        status=text(entry, "statusName").upper(),
        group=text(entry, "boundGroupId"),
        created=text(entry, "created"),
        recycled=text(entry, "recycled"),
    )


def parse_property(entry: Entry) -> Property:
    """One property entity."""
    values = entry.get("values")
    rows = [row for row in (values if isinstance(values, list) else []) if isinstance(row, dict) and "value" in row]
    return Property(
        name=text(entry, "id"),
        description=text(entry, "description"),
        multi_select=entry.get("multiSelect") is True,
        available=text(entry, "statusName").upper() != "UNAVAILABLE",
        values={str(row["value"]): text(row, "statusName").upper() != "UNAVAILABLE" for row in rows},
    )


def text(entry: Entry, key: str) -> str:
    value = entry.get(key)
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


# -- reads ------------------------------------------------------------------------------------------------------------


def root(group: str | None) -> str:
    """The pool of a group, or (None) the whole pool, for which the key needs a global role."""
    return f"/groups/{segment(group, 'group_id')}/serverPool" if group else "/serverPool"


def enabled(client: OpsManager, group: str | None) -> bool:
    """Whether the pool is switched on."""
    try:
        return api.read(client, root(group), what="read the state of the server pool").get("enabled") is not False
    except Failure as failure:
        if failure.code == "pool_disabled" or failure.details.get("error_code") == "RESOURCE_NOT_FOUND":
            return False
        raise


def require_enabled(client: OpsManager, group: str | None) -> None:
    """Raise ``pool_disabled`` unless the pool is switched on (off by default since 4.0, gone in later releases)."""
    if not enabled(client, group):
        raise bad_input(
            "pool_disabled", "the server pool is not enabled.", api.ENABLE_POOL, what="read the state of the server pool", system=api.SYSTEM
        )


def read_servers(client: OpsManager, group: str | None, status: str = "", attempts: int = READ_ATTEMPTS) -> list[Server]:
    """The servers bound to a group, or those of the whole pool, by hostname.

    status: asked of the server where it can be (pool-wide AVAILABLE or TRASH), so that fewer pages come.
    """
    query = (("status", status),) if not group and status in (AVAILABLE, "TRASH") else ()
    entries = api.list_all(client, root(group) + "/servers", query=query, what="list the servers of the pool", attempts=attempts)
    return sorted(map(parse_server, entries), key=lambda server: (server.hostname, server.id))


def read_properties(client: OpsManager, group: str | None) -> list[Property]:
    """The properties by which servers can be asked for."""
    return [parse_property(entry) for entry in api.list_all(client, root(group) + "/properties", what="list the properties of the pool")]


# -- what a user asks for ---------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Desired:
    """``count`` servers; each property has one value, or several that are dealt out round robin."""

    values: dict[str, tuple[str, ...]]
    count: int = 1

    def documents(self) -> list[Document]:
        """One document a server."""
        return [{name: several[number % len(several)] for name, several in self.values.items()} for number in range(self.count)]

    def covers(self, document: Document) -> bool:
        """Whether ``document`` asks for such a server (any of several values)."""
        return all(document.get(name) in several for name, several in self.values.items())


def desired(properties: t.Mapping[str, t.Any] | None, count: int = 1) -> Desired:
    """What the options ask for. The API takes only text, so a number is written out; what has no one text is refused."""
    if not properties:
        raise bad_input("config_empty", "properties is empty.", "Name at least one property and run again.")
    if not 1 <= count <= MAX_SERVERS:
        raise bad_input("config_number", f"count must lie between 1 and {MAX_SERVERS}.", "Correct count and run again.")
    values = {}
    for name, told in properties.items():
        several = told if isinstance(told, (list, tuple)) else [told]
        if not several:
            why = f"the property {clean(name, 80)} has an empty list of values."
            raise bad_input("config_empty", why, "Give it a value and run again.")
        values[str(name)] = tuple(_written(str(name), one) for one in several)
    return Desired(values, count)


def _written(name: str, value: t.Any) -> str:
    """A value as text. YAML reads ``yes``, ``1.10`` and ``~`` as something that is not what was typed."""
    if isinstance(value, str) and value and value.isprintable():
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    kind = {bool: "a boolean", float: "a number with a fraction", type(None): "null"}.get(type(value), "no plain text")
    raise bad_input(
        "property_type",
        f"the value of the property {clean(name, 80)} is {kind}; the pool knows only text.",
        "Write the value in quotes, as the pool spells it, and run again.",
        resource=clean(name, 200),
    )


def check(asked: t.Sequence[Desired], offered: t.Sequence[Property]) -> None:
    """Refuse, before anything is sent, what the pool does not offer. Raises with the choices that there are."""
    by_name = {one.name: one for one in offered}
    open_ones = [one.name for one in offered if one.available]
    for one in asked:
        for name, several in one.values.items():
            if name not in by_name:
                raise _refused("property_unknown", f"the pool has no property {clean(name, 80)}", open_ones, name)
            known = by_name[name]
            if not known.available:
                raise _refused("property_unavailable", f"the property {clean(name, 80)} cannot be asked for", open_ones, name)
            if len(set(several)) > 1 and not known.multi_select:
                raise bad_input(
                    "property_multiple",
                    f"the property {clean(name, 80)} takes one value (its multiSelect is off).",
                    "Give one value, or several entries of servers, and run again.",
                    resource=clean(name, 200),
                )
            choices = [value for value, available in known.values.items() if available]
            for value in several:
                if value not in choices:
                    why = "cannot be asked for" if value in known.values else "is not known"
                    code = "value_unavailable" if value in known.values else "value_unknown"
                    raise _refused(code, f"the value {clean(value, 60)} of {clean(name, 60)} {why}", choices, name)
        missing = [name for name in open_ones if name not in one.values]
        if missing:
            raise _refused("property_missing", "a value is needed for each property of the pool", missing, missing[0], "Missing")


def _refused(code: str, why: str, choices: t.Sequence[str], name: str, word: str = "There is") -> Failure:
    shown = ", ".join(clean(choice, 60) for choice in choices[:12]) + (", ..." if len(choices) > 12 else "")
    step = "Correct properties (module server_pool_info lists what there is) and run again."
    return bad_input(code, f"{why}. {word}: {shown or 'nothing'}.", step, resource=clean(name, 200), system=api.SYSTEM)


def select(servers: t.Sequence[Server], documents: t.Sequence[Document]) -> list[Server]:
    """The servers that fulfil any of the documents."""
    return [server for server in servers if any(fits(document, server.properties) for document in documents)]


def described(document: t.Mapping[str, str]) -> str:
    """A document for people: ``Datacenter=oslo, Size=m``."""
    return clean(", ".join(f"{name}={value}" for name, value in document.items()), 200)
