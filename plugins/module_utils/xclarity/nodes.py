# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers ("nodes") that XClarity Administrator manages, as the module node_info and the inventory show them.

Source: the page "GET /nodes/{uuid}" and recorded replies. The names and addresses in an entry are those of the server's
management controller (BMC), not of an operating system. ``GET /nodes`` answers an object with ``nodeList``, for one UUID
the bare entry, for several again a ``nodeList``; there is no paging.
"""

from __future__ import annotations

import collections
import functools
import operator
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment

Told = t.TypeVar("Told")
STATUSES = ("managed", "unmanaged")
PROCESSORS = ("FSP", "IMM2", "lenovo-AMI-controller", "XCC", "XCC2")
# powerStatus is a number (observed; the vendor's own clients map it so).
POWER = {8: "on", 5: "off", 18: "standby", 0: "unknown"}
BATCH = 100  # UUIDs in one URL
NOWHERE = "No Location Configured"  # what the server says for an empty field

UUID = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_TEXTS = (
    ("uuid", "uuid"), ("name", "name"), ("hostname", "hostname"), ("fqdn", "FQDN"), ("domain", "domainName"),
    ("description", "userDescription"), ("bmc_type", "mgmtProcType"), ("access", "accessState"),
    ("health", "overallHealthState"), ("bmc_health", "cmmHealthState"), ("type", "type"), ("machine_type", "machineType"),
    ("model", "model"), ("product", "productName"), ("serial_number", "serialNumber"), ("manufacturer", "manufacturer"),
)  # fmt: skip


_REST = (
    "bmc_address", "ipv4_addresses", "ipv6_addresses", "power", "status", "location", "room", "rack", "rack_unit", "slots",
    "chassis", "mac_addresses",
)  # fmt: skip

_get_texts = operator.itemgetter(*(told for _key, told in _TEXTS))
_NO_TEXTS = {told: "" for _key, told in _TEXTS}
# No address to go to: link-local ones, which every controller has inside, and none at all.
_UNREACHABLE = ("169.254.", "0.0.0.0", *(f + e + digit for f in "fF" for e in "eE" for digit in "89abAB"))  # fe80::/10
# All that parse() looks at: a real entry has some 75 fields, some of them long.
ATTRIBUTES = ",".join(
    [told for _key, told in _TEXTS]
    + ["ipv4Addresses", "ipv6Addresses", "mgmtProcIPaddress", "powerStatus", "status", "location", "slots", "parent", "macAddress"]
)


def parse(entry: t.Mapping[str, t.Any], prefix: str = "") -> dict[str, t.Any]:
    """One server. Every key is always there: an empty text, list or None where the server tells nothing.

    Link-local addresses (169.254.0.0/16, fe80::/10) and 0.0.0.0 are left out: every controller has the same ones inside.
    prefix: what the keys begin with. (Written for speed: an inventory may have ten thousand.)
    """
    get = entry.get
    texts = _get_texts({**_NO_TEXTS, **entry})
    try:
        "".join(texts)
    except TypeError:
        texts = tuple(value if isinstance(value, str) else "" if value is None else str(value) for value in texts)
    ipv4, ipv6 = _addresses(get("ipv4Addresses")), _addresses(get("ipv6Addresses"))
    best = get("mgmtProcIPaddress")
    if not isinstance(best, str) or not best or best.startswith(_UNREACHABLE):
        best = ipv4[0] if ipv4 else ipv6[0] if ipv6 else ""
    power, status, place = get("powerStatus"), get("status"), get("location")
    if not isinstance(place, dict):
        place = {}
    slots, parent, macs = get("slots"), get("parent"), get("macAddress")
    uri = parent.get("uri") if isinstance(parent, dict) else None
    rest = (
        best,
        ipv4,
        ipv6,
        POWER.get(power, "unknown") if isinstance(power, int) else "unknown",
        str((status.get("name") if isinstance(status, dict) else status) or "").lower(),
        _place(place.get("location")),
        _place(place.get("room")),
        _place(place.get("rack")),
        place.get("lowestRackUnit"),
        slots if isinstance(slots, list) else [],
        uri[8:] if isinstance(uri, str) and uri.startswith("chassis/") else "",
        [one for one in macs.split(",") if one] if isinstance(macs, str) else [],
    )
    return dict(zip(_keys(prefix), texts + rest, strict=True))


def firmware(entry: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """The firmware that runs, by its type (``UEFI``, ``XCC``): name, version and build. Backup images are left out."""
    rows = entry.get("firmware")
    found: dict[str, dict[str, str]] = {}
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        told = {key: row.get(key) for key in ("type", "role", "status", "name", "version", "build")}
        texts = {key: value if isinstance(value, str) else "" for key, value in told.items()}
        if texts["role"].lower() != "backup" and texts["status"].lower() != "inactive":
            found.setdefault(texts["type"] or texts["name"], {key: texts[key] for key in ("name", "version", "build")})
    return found


@functools.cache
def _keys(prefix: str) -> tuple[str, ...]:
    return tuple(prefix + key for key in (*(key for key, _told in _TEXTS), *_REST))


def text_keys(prefix: str) -> tuple[str, ...]:
    """The keys whose values are texts as the server tells them."""
    return _keys(prefix)[: len(_TEXTS)]


def read_raw(
    client: Client,
    *,
    status: str | None = None,
    processor: str | None = None,
    attributes: str | None = None,
    uuids: t.Sequence[str] = (),
    attempts: int = READ_ATTEMPTS,
) -> list[dict[str, t.Any]]:
    """Entries as the server tells them: all, or those of these UUIDs that it knows, each once. attributes: only these fields."""
    uuids = list(dict.fromkeys(one.replace("-", "").upper() for one in uuids))
    asked = (("status", status), ("mgmtProcType", processor), ("includeAttributes", attributes))
    query = [(key, value) for key, value in asked if value]
    if not uuids:
        return _entries(client.read("/nodes", query=query, what="list nodes", attempts=attempts, max_body=MAX_LIST))
    found: list[dict[str, t.Any]] = []
    for begin in range(0, len(uuids), BATCH):
        batch = uuids[begin : begin + BATCH]
        path = "/nodes/" + ",".join(segment(one, "node") for one in batch)
        try:
            found += _entries(client.read(path, query=query, what="read nodes", attempts=attempts, max_body=MAX_LIST))
        except Failure as failure:
            if failure.status not in (400, 404):
                raise
            if len(batch) > 1:  # one that is not known may make the server refuse all of them
                for one in batch:
                    found += read_raw(client, status=status, processor=processor, attributes=attributes, uuids=[one], attempts=attempts)
    return found


def known_uuids(client: Client, uuids: t.Sequence[str]) -> set[str] | None:
    """The UUIDs (:func:`key_of`) of servers of this appliance, at least those of ``uuids`` that it has; None when it does not tell.

    Few are asked for by name. What is not told then is looked up in the list, as is what is asked for by many: that an appliance
    does not answer for one UUID does not say that it does not have the server.
    """
    found: set[str] = set()
    whole = True
    for named in (uuids, ()) if len(uuids) <= BATCH else ((),):
        try:
            keys = {key_of(entry) for entry in read_raw(client, attributes="uuid", uuids=named)}
            found, whole = found | keys - {""}, "" not in keys
        except Failure as failure:
            if failure.status in (None, 401) and failure.code not in ("bad_reply", "not_json"):
                raise
        if found.issuperset(uuid.replace("-", "").upper() for uuid in uuids):
            return found
    return found if found and whole else None


def read(
    client: Client, *, wanted: t.Sequence[str] | None = None, status: str | None = None, processor: str | None = None, raw: bool = False
) -> list[dict[str, t.Any]]:
    """Servers by UUID, name or address of their BMC, in the server's order; what is not known is left out. None: all. raw: the entry as
    ``raw`` too."""
    uuids = wanted if wanted and all(UUID.fullmatch(one) for one in wanted) else ()
    if wanted is not None and not wanted:
        return []
    entries = read_raw(
        client,
        status=status,
        processor=processor,
        attributes=None if raw else ATTRIBUTES,
        uuids=uuids,
    )
    nodes = [parse(entry) | {"raw": entry} if raw else parse(entry) for entry in entries]
    if wanted is None:
        return nodes

    def told(node: t.Mapping[str, t.Any]) -> set[str]:
        return known_as(node) | {text.casefold() for text in (node["bmc_address"], *node["ipv4_addresses"], *node["ipv6_addresses"])}

    refuse_incomplete(entries, wanted, lambda entry: told(parse(entry)))
    return nodes if uuids else meant(nodes, wanted, told)


def read_for(client: Client, wanted: t.Sequence[str], attributes: str, *, attempts: int = READ_ATTEMPTS) -> list[dict[str, t.Any]]:
    """The entries among which the servers ``wanted`` are, by :func:`find`: few UUIDs are asked for by themselves. See
    :func:`refuse_incomplete`."""
    few = 0 < len(wanted) <= BATCH and all(UUID.fullmatch(one) for one in wanted)
    entries = read_raw(client, attributes=attributes, uuids=wanted if few else (), attempts=attempts)
    refuse_incomplete(entries, wanted)
    return entries


def refuse_incomplete(
    entries: t.Sequence[t.Mapping[str, t.Any]],
    wanted: t.Iterable[str],
    keys: t.Callable[[t.Mapping[str, t.Any]], set[str]] | None = None,
) -> None:
    """Raise ``bad_reply`` where one that is wanted is not among the entries and some of these have no UUID: it may be one of them, so that
    it is not known not to be there. keys: what an entry is known by, as a rule :func:`known_as`."""
    usable = [entry for entry in entries if key_of(entry)]
    if len(usable) == len(entries):
        return
    known = set().union(*map(keys or known_as, usable))
    if any(known.isdisjoint(spelled(text)) for text in wanted):
        raise incomplete()


def incomplete() -> Failure:
    """A list of devices in which one is looked for that it does not tell, and that tells a device without its UUID."""
    return bad_reply("an entry of the list has no UUID, so the list does not tell which devices there are", what="list nodes")


def find(entries: t.Sequence[dict[str, t.Any]], wanted: t.Sequence[str], thing: str = "server") -> list[dict[str, t.Any]]:
    """The entry for each UUID (in any case, with dashes or without) or name, see :func:`spelled`. One that is unknown, given twice, or a
    name of several is refused, see also :func:`refuse_incomplete`. thing: what they are, server or chassis."""
    refuse_incomplete(entries, wanted)
    info, several_of = ("node_info", "servers") if thing == "server" else (f"{thing}_info", thing)
    by_key: dict[str, list[dict[str, t.Any]]] = {}
    for entry in entries:
        for key in known_as(entry):
            by_key.setdefault(key, []).append(entry)
    found: list[dict[str, t.Any]] = []
    seen: set[str] = set()
    refused = Refusals()
    for text in wanted:
        with refused:
            matches = next((by_key[key] for key in spelled(text) if key in by_key), [])
            if len(matches) != 1:
                several = ", ".join(clean(one.get("uuid"), 36) for one in matches[:10])
                raise bad_input(
                    "node_ambiguous" if matches else "node_not_found",
                    f"{clean(text, 80)} is the name of several {several_of}, with the UUIDs {several}."
                    if matches
                    else f"there is no {thing} with the UUID or name {clean(text, 80)}.",
                    f"Give its UUID, which {info} tells, and run again, or leave it out.",
                    resource=clean(text, 200),
                )
            if key_of(matches[0]) in seen:
                raise bad_input(
                    "duplicate_item", f"the {thing} {clean(text, 80)} is given more than once.", f"Give each {thing} once and run again.",
                    resource=clean(text, 200),
                )  # fmt: skip
            seen.add(key_of(matches[0]))
            found.append(matches[0])
    refused.tell()
    return found


def spelled(text: str) -> tuple[str, ...]:
    """What :func:`known_as` may call what a user calls so, in the order in which it counts: the text as it is, for a name may have blanks
    around it, and the text without these."""
    return tuple(one.replace("-", "").upper() if UUID.fullmatch(one) else one.casefold() for one in (text, text.strip()))


def known_as(entry: t.Mapping[str, t.Any]) -> set[str]:
    """Its UUID and its name, as keys."""
    uuid = key_of(entry)
    return {uuid if UUID.fullmatch(uuid) else uuid.casefold(), str(entry.get("name") or "").casefold()} - {""}


def meant(there: t.Sequence[Told], wanted: t.Iterable[str], keys: t.Callable[[Told], set[str]]) -> list[Told]:
    """Those of ``there`` that are wanted, in their order. keys: what one is known by."""
    known = [keys(one) for one in there]
    every = set().union(*known)
    chosen = {next((key for key in spelled(text) if key in every), "") for text in wanted} - {""}
    return [one for one, own in zip(there, known, strict=True) if own & chosen]


def key_of(entry: t.Mapping[str, t.Any]) -> str:
    """The UUID of an entry in one spelling: the case differs by endpoint, and cabinets have dashes. Empty where it tells none as a text."""
    told = entry.get("uuid") or entry.get("UUID")
    return told.replace("-", "").strip().upper() if isinstance(told, str) else ""


def titles(entries: t.Sequence[t.Mapping[str, t.Any]]) -> list[str]:
    """A name for people for each, with the UUID where several have one name."""
    names = [clean(entry.get("name") or "", 80) for entry in entries]
    counts = collections.Counter(names)
    return [name if name and counts[name] == 1 else f"{name} ({key_of(entry)})".strip() for name, entry in zip(names, entries, strict=True)]


def is_managed(entry: t.Mapping[str, t.Any]) -> bool:
    """``status`` is an object with a name. One that does not tell it is taken for managed."""
    status = entry.get("status")
    word = status.get("name") if isinstance(status, dict) else status
    return not isinstance(word, str) or word.casefold() != "unmanaged"


def refuse_unmanaged(entry: t.Mapping[str, t.Any], title: str, thing: str = "server") -> None:
    if not is_managed(entry):
        raise bad_input(
            "node_unmanaged", f"the {thing} {title} is not managed by this XClarity Administrator.",
            "Manage it first (module managed_node) and run again.", resource=title,
        )  # fmt: skip


def is_offline(entry: t.Mapping[str, t.Any]) -> bool:
    """It is told that the appliance does not reach it."""
    return str(entry.get("accessState") or "").casefold() == "offline"


def offline(title: str, so: str) -> Failure:
    """The refusal of a server that is not reached. so: what follows of that."""
    return bad_input(
        "node_offline", f"the server {title} is Offline, so {so}.",
        "Look at its management controller and its network and run again, or leave it out.", resource=title,
    )  # fmt: skip


def _entries(data: t.Any) -> list[dict[str, t.Any]]:
    if isinstance(data, dict):
        if "uuid" in data:
            return [data]
        data = data.get("nodeList")
    if isinstance(data, list) and all(isinstance(one, dict) for one in data):
        return data
    raise bad_reply("the answer holds no list of nodes", what="list nodes")


def _addresses(value: t.Any) -> list[str]:
    """Those of one address or a list that lead somewhere."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one and not one.startswith(_UNREACHABLE)]


def _place(value: t.Any) -> str:
    return value if isinstance(value, str) and value != NOWHERE else ""
