# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote file servers of XClarity Administrator: where exports go and OS images come from.

Source: the pages of /osImages/remoteFileServers. POST is an upsert: with ``serverId`` it changes that entry, without it
it makes one, and a display name is there once. Secrets cannot be read back.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Plan, Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

PATH = "/osImages/remoteFileServers"
PROTOCOLS = ("HTTP", "HTTPS", "FTP", "SFTP")
KEY_TYPES = ("RSA-2048", "RSA-4096", "ECDSA-521-secp521r1")
PORTS = {"HTTP": 80, "HTTPS": 443, "FTP": 21, "SFTP": 22}
# The page's example says keyPassphrase, its table keyPassphras.
SECRETS = ("password", "keyPassphrase")
# The word of the API for each of ours; what can be read back.
READABLE = {
    "name": "displayName", "address": "address", "port": "port", "protocol": "protocol", "server_username": "username",
    "key_type": "keyType",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Server:
    """One entry of ``serverList``."""

    id: str
    name: str
    address: str
    port: int
    protocol: str
    server_username: str
    key_type: str
    public_key: str

    def public(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


def parse(entry: t.Mapping[str, t.Any]) -> Server:
    """One entry. ``serverId`` is text on one page and a number on another."""

    def text(key: str) -> str:
        value = entry.get(key)
        return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""

    port = whole(entry.get("port"))
    return Server(
        id=text("serverId"),
        name=text("displayName"),
        address=text("address"),
        port=port if port is not None and 0 < port < 10**5 else 0,
        protocol=text("protocol").upper(),
        server_username=text("username"),
        key_type=text("keyType"),
        public_key=text("serverPublicKey"),
    )


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[Server]:
    what = "list remote file servers"
    data = client.read(PATH, what=what, attempts=attempts)
    api.check_result(data, what)
    return [parse(entry) for entry in api.items(data, "serverList", what=what)]


def find(servers: t.Sequence[Server], wanted: str) -> Server:
    """The server with this id or display name. What is the id of one and the name of another is refused."""
    matches = [s for s in servers if wanted in (s.id, s.name)]
    if len(matches) == 1:
        return matches[0]
    there = ", ".join(f"{s.name} ({s.id})" for s in (matches or servers)[:5]) or "none"
    raise bad_input(
        "server_ambiguous" if matches else "server_not_found",
        f"{clean(wanted, 80)} names {'several remote file servers' if matches else 'no remote file server'}; there are: {there}.",
        "Give the id of the server, or rename the one whose name is the id of another, and run again."
        if matches
        else "Give the id of the server, or make it with remote_file_server, and run again.",
        resource=clean(wanted, 200),
    )


# -- planning: pure ---------------------------------------------------------------------------------------------------


def current(servers: t.Sequence[Server], name: str | None, ident: str | None) -> Server | None:
    """The entry that the task is about. With an id it must be there; a name that two have is refused."""
    if ident:
        return find([s for s in servers if s.id == ident], ident)
    matches = [s for s in servers if s.name == name]
    return find(matches, str(name)) if matches else None


def leaving(servers: t.Sequence[Server], name: str | None, ident: str) -> Server | None:
    """The entry with this id, which is to be deleted. A name that is not its own is refused: which of the two is meant is not known."""
    there = next((one for one in servers if one.id == ident), None)
    if there is not None and name and there.name != name:
        raise bad_input(
            "server_mismatch", f"the remote file server {clean(ident, 40)} is named {clean(there.name, 80)}, not {clean(name, 80)}.",
            "Give server_id or name alone, and run again.", resource=clean(ident, 200),
        )  # fmt: skip
    return there


def plan(there: Server | None, desired: t.Mapping[str, t.Any], *, state: str, secrets: t.Mapping[str, str], update_secret: bool) -> Plan:
    """What to send. desired: our option names with what the task sets (None: leave as it is)."""
    if state == "absent":
        if there is None:
            return Plan()
        step = Step(
            operation="delete",
            method="DELETE",
            path=f"{PATH}/{segment(there.id, 'server id')}",
            resource=there.id,
            title=there.name,
            why="it is there and is desired absent",
            effect=("the deletion", "accepted"),
        )
        return Plan([step], before=_shown(there), after={})
    wanted = {key: desired.get(key) for key in READABLE}
    if there is None:
        missing = [key for key in ("name", "address", "protocol") if not wanted[key]]
        if missing:
            raise bad_input(
                "config_missing", f"{', '.join(missing)} must be set to make a remote file server.", "Set them and run again.",
                resource=str(desired.get("name") or ""),
            )  # fmt: skip
        wanted["port"] = wanted["port"] or PORTS[str(wanted["protocol"])]
        values = {key: value for key, value in wanted.items() if value is not None}
        body = {READABLE[key]: value for key, value in values.items()} | dict(secrets) | _comment(desired)
        return Plan([_upsert(str(wanted["name"]), body, "it is not there")], before={}, after=values | _masked(secrets))
    if wanted["protocol"] not in (None, there.protocol) and wanted["port"] is None:
        wanted["port"] = PORTS[str(wanted["protocol"])]
    before = _shown(there)
    changes = {key: value for key, value in wanted.items() if value is not None and value != before[key]}
    if not changes and not (update_secret and secrets):
        return Plan(before=before, after=before)
    after = before | changes
    # The four that are required go along, and the secrets if they are told: whether they are kept is not documented.
    body = {READABLE[key]: after[key] for key in ("name", "address", "port", "protocol", *changes) if after[key] not in (None, "")}
    body |= {"serverId": there.id} | dict(secrets) | _comment(desired)
    why = f"not as desired: {', '.join(sorted(changes))}" if changes else "update_secret is always, and a secret cannot be compared"
    return Plan([_upsert(there.name, body, why)], before=before, after=after | _masked(secrets))


def reached(servers: t.Sequence[Server], step: Step) -> Server | bool:
    """The list shows what the step asks for: the server, True for one that is gone, False if it does not."""
    if step.method == "DELETE":
        return not any(s.id == step.resource for s in servers)
    body = step.body
    for server in servers:
        entry = {READABLE[key]: value for key, value in server.public().items() if key in READABLE}
        same = all(entry[key] == value for key, value in body.items() if key in entry)
        if same and body.get("serverId", server.id) == server.id:
            return server
    return False


def accept(step: Step, data: t.Any) -> Accepted:
    """POST answers with the entry's id and key; DELETE with 204 and nothing, though a body is documented."""
    if data is not None:
        api.check_result(data, step.what)
    return Accepted(None, data)


def _upsert(name: str, body: dict[str, t.Any], why: str) -> Step:
    return Step("set", "POST", PATH, name, why, body=body, secret=SECRETS, effect=("the change", "accepted"))


def _shown(server: Server) -> dict[str, t.Any]:
    return {key: value for key, value in server.public().items() if key in READABLE}


def _comment(desired: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"keyComment": desired["key_comment"]} if desired.get("key_comment") else {}


def readable(shown: t.Any) -> dict[str, t.Any]:
    """Of a view only what can be read back."""
    return {key: value for key, value in shown.items() if key in READABLE}


def _masked(secrets: t.Mapping[str, str]) -> dict[str, str]:
    return {"secrets": "set anew"} if secrets else {}
