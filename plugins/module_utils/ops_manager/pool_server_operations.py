# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give servers of a group back to the pool ("terminate"), by name only: what only this knows, for the driver.

Source: the page "Group Server Pool Servers": DELETE terminates a bound server. What becomes of its data is the pool's
termination policy; this client cannot know it.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Server


class Terminate(Operation):
    """``before`` of an item is the :class:`Server`; None when the group does not hold it."""

    kind, noun, where = "server_pool", "servers", "the group's servers"
    identity_is_known, empty_ok = True, True
    refusals = (404, 409)
    client: OpsManager

    def __init__(self, run: Run, client: OpsManager, group: str, hostnames: t.Sequence[str]) -> None:
        super().__init__(run, client)
        self.group, self.hostnames = group, hostnames

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.group)

    def read(self) -> list[Item]:
        server_pool.require_enabled(self.client, self.group)
        servers = server_pool.read_servers(self.client, self.group)
        items = select(self.group, self.hostnames, servers)
        if missing := [item.title for item in items if item.before is None]:
            self.run.warn(not_held(missing, servers))
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        held = {server.id: server.status for server in server_pool.read_servers(self.client, self.group, attempts=attempts)}
        return {item.key: State(held[item.key]) if item.key in held else State("gone", done=True, ok=True) for item in items}

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        last = watched.state.name if watched.state is not None else "never seen"
        why = f"the group still holds the server (last status: {last})."
        return Failure("wait_timeout", why, "Look at it in Ops Manager, then run again.")

    def view(self, item: Item, after: bool) -> dict[str, str]:
        return {"hostname": item.title, "state": "absent" if after or item.before is None else item.before.status}

    def present(self, item: Item) -> dict[str, t.Any]:
        server: Server | None = item.before
        gone = server is None or item.verified or (item.failure is None and bool(item.outcomes) and item.state == "none")
        return {
            "hostname": server.hostname if server is not None else item.title,
            "id": server.id if server is not None else None,
            "properties": server.properties if server is not None else {},
            "state": "absent" if gone else "present",
            **item.facts(),
        }


def terminate(run: Run, client: OpsManager, group: str, hostnames: t.Sequence[str]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(Terminate(run, client, group, hostnames))


def select(group: str, hostnames: t.Sequence[str], servers: t.Sequence[Server]) -> list[Item]:
    """An item for each name. Names of machines know no case; a name given twice, or held by two servers, is refused."""
    if not hostnames:
        raise bad_input("config_empty", "hostnames is an empty list.", "Name at least one server and run again.")
    by_name: dict[str, list[Server]] = {}
    for server in servers:
        by_name.setdefault(server.hostname.casefold(), []).append(server)
    items: dict[str, Item] = {}
    for name in hostnames:
        segment(name, "hostname")
        key = name.casefold()
        if key in items:
            raise bad_input("duplicate_item", f"the server {clean(name, 80)} is given more than once.", "Give it once and run again.")
        found = by_name.get(key, [])
        if len(found) > 1:
            raise bad_input(
                "server_ambiguous",
                f"the group holds several servers named {clean(name, 80)}: {', '.join(one.id for one in found[:5])}.",
                "Look at them in Ops Manager.",
                resource=name,
            )
        items[key] = _item(group, name, found[0] if found else None)
    return list(items.values())


def not_held(names: t.Sequence[str], servers: t.Sequence[Server]) -> str:
    """The warning for names that the group does not hold, with the full name where one was given that is the beginning of just one."""
    meant: list[str] = []
    for name in names:
        found = [server.hostname for server in servers if server.hostname.casefold().startswith(name.casefold() + ".")]
        if len(found) == 1 and len(meant) < 3:
            meant.append(f"{clean(found[0], 80)} in place of {clean(name, 80)}")
    hint = f" Give its full name if it is meant: {'; '.join(meant)}." if meant else ""
    return f"The group holds no server named {named(names, 120)}; nothing is given back for that.{hint}"


def _item(group: str, name: str, server: Server | None) -> Item:
    if server is None:
        return Item(f"name {name}", name)
    step = Step(
        operation="terminate",
        method="DELETE",
        path=f"{api.BASE}{server_pool.root(group)}/servers/{segment(server.id, 'server id')}",
        resource=server.id,
        title=server.hostname,
        why=f"the group holds {server.hostname} ({server.status})",
        effect=("the termination", "accepted"),
    )
    return Item(server.id, server.hostname, before=server, current=server, steps=[step])
