# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote file servers of XClarity Administrator: where exports go and OS images come from.

Source: the pages of /osImages/remoteFileServers. POST is an upsert: with ``serverId`` it changes that entry, without it
it makes one, and a display name is there once. Secrets can not be read back.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, UNKNOWN, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back, unread
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
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

    port = text("port")
    return Server(
        id=text("serverId"),
        name=text("displayName"),
        address=text("address"),
        port=int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0,
        protocol=text("protocol").upper(),
        server_username=text("username"),
        key_type=text("keyType"),
        public_key=text("serverPublicKey"),
    )


def read_all(client: Client) -> list[Server]:
    what = "list remote file servers"
    data = client.read(PATH, what=what)
    api.check_result(data, what)
    return [parse(entry) for entry in api.items(data, "serverList", what=what)]


def find(servers: t.Sequence[Server], wanted: str) -> Server:
    """The server with this id or display name."""
    matches = [s for s in servers if s.id == wanted] or [s for s in servers if s.name == wanted]
    if len(matches) == 1:
        return matches[0]
    there = ", ".join(f"{s.name} ({s.id})" for s in (matches or servers)[:5]) or "none"
    raise bad_input(
        "server_ambiguous" if matches else "server_not_found",
        f"{clean(wanted, 80)} names {'several remote file servers' if matches else 'no remote file server'}; there are: {there}.",
        "Give the id of the server, or make it with remote_file_server, and run again.",
        resource=clean(wanted, 200),
    )


# -- planning: pure ---------------------------------------------------------------------------------------------------


def current(servers: t.Sequence[Server], name: str | None, ident: str | None) -> Server | None:
    """The entry that the task is about. With an id it must be there; a name that two have is refused."""
    if ident:
        return find([s for s in servers if s.id == ident], ident)
    matches = [s for s in servers if s.name == name]
    return find(matches, str(name)) if matches else None


def plan(there: Server | None, want: t.Mapping[str, t.Any], *, state: str, secrets: t.Mapping[str, str], update_secret: bool) -> Plan:
    """What to send. want: our option names with what the task sets (None: leave as it is)."""
    if state == "absent":
        if there is None:
            return Plan()
        step = Step("delete", "DELETE", f"{PATH}/{segment(there.id, 'server id')}", there.name, "it is there and is wanted absent")
        return Plan([step], before=_shown(there), after={})
    wanted = {key: want.get(key) for key in READABLE}
    if there is None:
        missing = [key for key in ("name", "address", "protocol") if not wanted[key]]
        if missing:
            raise bad_input(
                "config_missing", f"{', '.join(missing)} must be set to make a remote file server.", "Set them and run again.",
                resource=str(want.get("name") or ""),
            )  # fmt: skip
        wanted["port"] = wanted["port"] or PORTS[str(wanted["protocol"])]
        values = {key: value for key, value in wanted.items() if value is not None}
        body = {READABLE[key]: value for key, value in values.items()} | dict(secrets) | _comment(want)
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
    body |= {"serverId": there.id} | dict(secrets) | _comment(want)
    why = f"not as wanted: {', '.join(sorted(changes))}" if changes else "update_secret is always, and a secret can not be compared"
    return Plan([_upsert(there.name, body, why)], before=before, after=after | _masked(secrets))


def reached(servers: t.Sequence[Server], step: Step) -> Server | bool:
    """The list shows what the step wanted: the server, True for one that is gone, False if it does not."""
    if step.method == "DELETE":
        return not any(s.id == step.path.rpartition("/")[2] for s in servers)
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
    return Step("set", "POST", PATH, name, why, body=body, secret=SECRETS)


def _shown(server: Server) -> dict[str, t.Any]:
    return {key: value for key, value in server.public().items() if key in READABLE}


def _comment(want: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {"keyComment": want["key_comment"]} if want.get("key_comment") else {}


def _masked(secrets: t.Mapping[str, str]) -> dict[str, str]:
    return {"secrets": "set anew"} if secrets else {}


# -- the whole contract -----------------------------------------------------------------------------------------------


def bring(run: Run, client: Client, want: t.Mapping[str, t.Any], secrets: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Read, plan, apply, read again and judge; returns the result, raises :class:`Failure` with the result beside it."""
    params = run.params
    state = params["state"]
    with run.guard(client.system, client.transport.endpoint.place, "remote_file_servers") as guard:
        servers, ident = read_all(client), params["server_id"]
        if state == "absent" and ident:
            there = next((s for s in servers if s.id == ident), None)
        else:
            there = current(servers, want["name"], ident)
        steps = plan(there, want, state=state, secrets=secrets, update_secret=params["update_secret"] == "always")
        if run.check_mode:
            return _run.result(steps, changed=bool(steps.steps), server=there.public() if there else {})
        # A request of a killed run is settled by this reading; of a secret nobody can tell, and setting it again does no harm.
        guard.told()
        outcomes = apply(client, steps.steps, accept, guard, empty_ok=True)
        only_secrets = bool(steps.steps) and state == "present" and there is not None and _readable(steps.before) == _readable(steps.after)

        def look(unknown: list[Outcome]) -> dict[int, Accepted]:
            # A secret alone leaves no trace in the list, so nothing found there would prove anything.
            servers = read_all(client)
            return {n: Accepted() for n, one in enumerate(unknown) if not only_secrets and reached(servers, one.step)}

        read_back(outcomes, look, run.clock, settle=params["reconcile_timeout"], where="the list of remote file servers")
        if not any(outcome.state == UNKNOWN for outcome in outcomes):
            guard.finish()
    if guard.note:
        run.warn(guard.note)
    return _judge(client, steps, outcomes, there)


def _judge(client: Client, plan: Plan, outcomes: list[Outcome], there: Server | None) -> dict[str, t.Any]:
    if not outcomes:
        return _run.result(plan, changed=False, server=there.public() if there else {})
    outcome = outcomes[0]
    failure, now = outcome.failure, None
    if failure is None:
        try:
            found = reached(read_all(client), outcome.step)
        except Failure as unreadable:
            raise _run.fail_with(unread(unreadable, outcome), _shown_result(plan, outcome, None)) from None
        now = found if isinstance(found, Server) else None
        outcome.state = FINISHED if found else STARTED
        if not found:
            failure = Failure(
                "effect_missing",
                "the server accepted it, but the list does not show it.",
                "Look at the list of remote file servers and run again.",
                what=outcome.step.what,
                outcome=STARTED,
                system=client.system,
                operation=outcome.step.operation,
                resource=outcome.step.resource,
            )
    shown = _shown_result(plan, outcome, now)
    if failure is not None:
        raise _run.fail_with(failure, shown)
    return shown


def _shown_result(plan: Plan, outcome: Outcome, now: Server | None) -> dict[str, t.Any]:
    shown = now.public() if now else {}
    return _run.result(plan, changed=outcome.changed, outcome=outcome.state, reconciled=outcome.reconciled, server=shown)


def _readable(shown: t.Any) -> dict[str, t.Any]:
    return {key: value for key, value in shown.items() if key in READABLE}
