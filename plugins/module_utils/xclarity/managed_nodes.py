# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take servers over, and give them up: discovery, the list of what is managed, and what to send.

Sources: the pages of /discoverRequest, /discovery, /manageRequest and /unmanageRequest, mock replies pasted from real ones, and the
requests of Lenovo's client. The page of the request is cut in every copy, so the body is the one that Lenovo's client sends, made of
what the discovery tells. The word by which a job of managing tells its success was never seen, so the list is the judge.
"""

from __future__ import annotations

import functools
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply, named
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import number
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import busy, nodes
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.addresses import addresses

ATTRIBUTES = "uuid,name,status,type,machineType,accessState,ipv4Addresses,ipv6Addresses,mgmtProcIPaddress"
LISTS = ("serverList", "nodeList", "chassisList", "rackswitchList", "switchList", "storageList", "xhmcList")
# Of these the client sends the kind of management processor too.
RACK_TYPES = ("Rack-Tower Server", "Edge Server")
SERVER_TYPES = (*RACK_TYPES, "Lenovo ThinkServer", "NeXtScale", "ITE", "SCU")
IN_A_CHASSIS = ("ITE", "SCU")
SECRETS = ("password", "recoveryPassword")


class Entries(list[dict[str, t.Any]]):
    """A list of servers that thousands of addresses are looked up in."""

    @functools.cached_property
    def by_address(self) -> dict[str, dict[str, dict[str, t.Any]]]:
        """address -> the entries that have it, by their UUID, or their place in the list where they have none."""
        found: dict[str, dict[str, dict[str, t.Any]]] = {}
        for place, entry in enumerate(self):
            for address in addresses(entry):
                found.setdefault(address, {})[nodes.key_of(entry) or str(place)] = entry
        return found

    @functools.cached_property
    def by_uuid(self) -> dict[str, dict[str, t.Any]]:
        """UUID -> the first entry with it; those without one are under the empty text."""
        found: dict[str, dict[str, t.Any]] = {}
        for entry in self:
            found.setdefault(nodes.key_of(entry), entry)
        return found


# -- reading ----------------------------------------------------------------------------------------------------------


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> Entries:
    """The servers that are managed."""
    return Entries(entry for entry in nodes.read_raw(client, attributes=ATTRIBUTES, attempts=attempts) if nodes.is_managed(entry))


def read_known(client: Client) -> Entries:
    """What the appliance has discovered by itself. (Without ``refresh``, which would start a broadcast.)"""
    try:
        return discovered(client.read("/discovery", what="list what is discovered", max_body=MAX_LIST))
    except Failure as failure:
        if failure.status not in (400, 403, 404):
            raise
        return Entries()


def discovered(data: t.Any) -> Entries:
    """The entries of all lists of an answer; an object, or an array of one (a pasted reply shows that, clients read the other)."""
    data = _one(data)
    found = Entries()
    for key in LISTS:
        value = data.get(key)
        found += [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return found


def read_discovery(client: Client, job: str, *, attempts: int) -> tuple[bool, Entries]:
    """(whether a discovery has ended, what it found)."""
    data = _one(client.read(f"/discoverRequest/jobs/{segment(job, 'job id')}", what="read the discovery", attempts=attempts))
    ended = (number(data.get("result")) or 0) >= 100 or (number(data.get("progress")) or 0) >= 100
    return ended, discovered(data)


def read_reason(client: Client, path: str, job: str) -> str | None:
    """What a job of managing or unmanaging says of its end, for people. Texts are localised, so nothing else is done with them."""
    try:
        data = _one(client.read(f"/{path}/jobs/{segment(job, 'job id')}", what="read the job", attempts=1))
    except Failure:
        return None
    results = data.get("results")
    texts = []
    for row in results if isinstance(results, list) else []:
        if isinstance(row, dict):
            texts += [row.get(key) for key in ("resultShortDescription", "resultLongDescription") if isinstance(row.get(key), str)]
    return "; ".join(dict.fromkeys(clean(text, 200) for text in texts if text)) or None


def running(client: Client, path: str, going: busy.Going, uuids: t.Collection[str]) -> dict[str, str]:
    """Of the open jobs the one of managing or unmanaging (``path``) of each of these servers that has one.

    /tasks does not tell the device of a job; the older /jobs does. Whether a job is one of this kind tells its own call, which does not
    know others. An appliance without /jobs tells of none.
    """
    found: dict[str, str] = {}
    for ident, uuid, _text in going:
        if uuid in uuids and uuid not in found:
            try:
                client.read(f"/{path}/jobs/{segment(ident, 'job id')}", what="read the job")
            except Failure as failure:
                if failure.status not in (400, 404):
                    raise
            else:
                found[uuid] = ident
    return found


def _one(data: t.Any) -> dict[str, t.Any]:
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        raise bad_reply("the answer is no object", what="read the discovery")
    return data


def at(entries: Entries, address: str) -> dict[str, t.Any] | None:
    """The entry with this address. One that several devices have is refused."""
    found = entries.by_address.get(address, {})
    if len(found) > 1:
        names = ", ".join(clean(entry.get("name") or key, 80) for key, entry in list(found.items())[:5])
        raise bad_input(
            "node_ambiguous", f"several devices have the address {address} ({names}).",
            "Correct the addresses of their management controllers, or, to give one up, name it by node; then run again.", resource=address,
        )  # fmt: skip
    return next(iter(found.values()), None)


def managed_at(
    managed: Entries, address: str, discovered: t.Mapping[str, t.Any] | None
) -> dict[str, t.Any] | None:
    """The managed server with this address, or with the UUID that a discovery tells at it: the list may tell another address of the server.
    Raises ``bad_reply`` where there is none and a managed one is told without a UUID, which may be it."""
    found = at(managed, address)
    if found is None:
        uuid = nodes.key_of(discovered or {})
        found = managed.by_uuid.get(uuid) if uuid else None
    if (found is None and "" in managed.by_uuid) or (found is not None and not nodes.key_of(found)):
        raise nodes.incomplete()
    return found


def also_at(managed: Entries, known: Entries, address: str) -> dict[str, t.Any] | None:
    """The managed server that was discovered at an address which the list does not tell."""
    uuids = [nodes.key_of(entry) for entry in known.by_address.get(address, {}).values()]
    return next((managed.by_uuid[uuid] for uuid in uuids if uuid and uuid in managed.by_uuid), None)


def other_address(address: str, entry: t.Mapping[str, t.Any]) -> str:
    """For messages: that a managed server was discovered at an address, and how the list of managed servers tells it."""
    told = f"with {named(sorted(addresses(entry)), 80)}" if addresses(entry) else "without an address"
    name = f"{clean(entry.get('name') or '', 80)} ({nodes.key_of(entry)})".strip()
    return f"the server that was discovered at {address} is {name}, which is managed already; the list of managed servers tells it {told}"


def refuse_another(address: str, uuid: str | None, entry: t.Mapping[str, t.Any] | None) -> None:
    """uuid: what the server at an address has to have, if that is said; entry: what is told to be there."""
    if not uuid or entry is None or nodes.key_of(entry) == nodes.key_of({"uuid": uuid}):
        return
    name = clean(entry.get("name") or "", 80)
    there = nodes.key_of(entry) or "a server without a UUID"
    raise bad_input(
        "uuid_differs", f"the server at {address} is {f'{name} ({there})' if name else there}, and not {clean(uuid, 60)}.",
        "Look whether endpoint, address and UUID belong together, and run again.", resource=address,
    )  # fmt: skip


def refuse_elsewhere(managed: Entries, address: str, uuid: str | None) -> None:
    """The server that is to be given up is managed, but not with this address: that it stays is told."""
    entry = managed.by_uuid.get(nodes.key_of({"uuid": uuid})) if uuid else None
    if entry is not None:
        name, told = clean(entry.get("name") or "", 80), named(sorted(addresses(entry)), 80) if addresses(entry) else "no address"
        raise bad_input(
            "address_differs", f"the server {name} ({nodes.key_of(entry)}) is managed with {told}, and not with {address}.",
            "Give it up by its UUID, as node, or by an address of the list, and run again; or leave it out.", resource=address,
        )  # fmt: skip


# -- planning: pure ---------------------------------------------------------------------------------------------------


def obstacle(address: str, entry: t.Mapping[str, t.Any], force: bool) -> Failure | None:
    """Why a discovered device cannot be taken over."""
    kind = clean(entry.get("type") or "", 60)
    if kind and kind not in SERVER_TYPES:
        return bad_input(
            "not_a_server", f"the device at {address} is a {kind}, and not a server.", "Leave it out and run again.", resource=address
        )
    if kind in IN_A_CHASSIS:
        return bad_input(
            "in_a_chassis", f"the server at {address} stands in a chassis, and is managed with it.", "Manage the chassis.", resource=address
        )
    status = entry.get("status")
    if isinstance(status, dict) and status.get("manageable") is False and not force:
        told = clean(status.get("name") or "no status", 60)
        return bad_input(
            "managed_elsewhere", f"the server at {address} is told not to be manageable ({told}); another manager may have it.",
            "Give it up there first, or set force to true where that manager is lost, and run again.", resource=address,
        )  # fmt: skip
    return None


def discovery(address: str) -> Step:
    return Step(
        operation="discover",
        method="POST",
        path="/discoverRequest",
        resource=address,
        why="it is not managed, and not known from a discovery",
        body=[{"ipAddresses": [address]}],
        effect=("the discovery", "started"),
    )


def management(address: str, entry: t.Mapping[str, t.Any], row: t.Mapping[str, t.Any], credential: t.Mapping[str, t.Any] | None) -> Step:
    """The request that takes a discovered server over. row: what the task gives; credential: the stored one that it names."""
    body: dict[str, t.Any] = {
        "ipAddresses": [address],
        **{key: entry[key] for key in ("type", "uuid", "machineType", "managementPorts") if entry.get(key) is not None},
    }
    if entry.get("type") in RACK_TYPES:
        processor = entry.get("managementProcessor", entry.get("management-processor-type"))
        body |= {"managementProcessor": processor} if processor is not None else {}
        body["server-type"] = entry["type"]
    body |= {"username": row["bmc_username"], "password": row["bmc_password"]}
    if row["recovery_password"]:
        body["recoveryPassword"] = row["recovery_password"]
    if row["force"]:
        body["forceManage"] = True
    descriptor: dict[str, t.Any] = {"managedAuthEnabled": bool(row["managed_authentication"]), "managedAuthSupported": False}
    if credential is not None:
        descriptor["storedCredentials"] = {key: credential.get(key) for key in ("id", "userName", "description")}
    return Step(
        operation="manage",
        method="POST",
        path="/manageRequest",
        resource=address,
        why="it is not managed",
        body=[{**body, "securityDescriptor": descriptor}],
        secret=SECRETS,
    )


def release(entry: t.Mapping[str, t.Any], title: str, force: bool) -> Step:
    """The request that gives a server up. Refuses what is told to be impossible."""
    kind = clean(entry.get("type") or "", 60)
    if kind in IN_A_CHASSIS:
        raise bad_input(
            "in_a_chassis", f"the server {title} stands in a chassis, and is unmanaged with it.", "Unmanage the chassis.", resource=title
        )
    if str(entry.get("accessState") or "").casefold() == "offline" and not force:
        raise bad_input(
            "node_offline", f"the server {title} is Offline, so it cannot be unmanaged without force.",
            "Set force to true and run again, or leave it out.", resource=title,
        )  # fmt: skip
    endpoint = {"ipAddresses": sorted(addresses(entry)), "type": kind, "uuid": entry.get("uuid")}
    if entry.get("machineType"):
        endpoint["machineType"] = entry["machineType"]
    return Step(
        operation="unmanage",
        method="POST",
        path="/unmanageRequest",
        resource=nodes.key_of(entry),
        title=title,
        why="it is managed",
        body={"endpoints": [endpoint], "forceUnmanage": force},
    )


_NUMBER = re.compile(r"\b[0-9]{1,12}\b")


def job_in_text(data: t.Any) -> str | None:
    """The id of a job inside the text statusDescription, where the newest page puts it; only when it is the one number there."""
    text = data.get("statusDescription") if isinstance(data, dict) else None
    found = _NUMBER.findall(text) if isinstance(text, str) else []
    return found[0] if len(found) == 1 else None
