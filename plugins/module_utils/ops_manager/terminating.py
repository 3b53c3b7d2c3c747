# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give servers of a group back to the pool ("terminate"), by name only, and wait until the group does not hold them.

Source: the page "Group Server Pool Servers": DELETE terminates a bound server. What becomes of its data is the pool's
termination policy; this client can not know it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
    bad_input,
)
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back, worst
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Server

GONE = "gone"


@dataclasses.dataclass
class Item:
    """One hostname. server: None when the group does not hold it."""

    hostname: str
    server: Server | None
    outcome: Outcome | None = None
    watched: Watched | None = None
    failure: Failure | None = None
    gone: bool = False

    @property
    def changed(self) -> bool:
        return self.outcome is not None and self.outcome.changed

    def public(self) -> dict[str, t.Any]:
        state = self.outcome.state if self.outcome is not None else NONE
        shown: dict[str, t.Any] = {
            "hostname": self.server.hostname if self.server is not None else self.hostname,
            "id": self.server.id if self.server is not None else None,
            "properties": self.server.properties if self.server is not None else {},
            "state": "absent" if self.server is None or self.gone else "present",
            "changed": self.changed,
            "outcome": state,
            "reconciled": self.outcome is not None and self.outcome.reconciled,
            "history": self.watched.history if self.watched is not None else [],
        }
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def select(hostnames: t.Sequence[str], servers: t.Sequence[Server]) -> list[Item]:
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
        items[key] = Item(name, found[0] if found else None)
    return list(items.values())


def plan_of(group: str, items: t.Sequence[Item]) -> Plan:
    """A DELETE for each server that the group holds."""
    steps = [
        Step(
            operation="terminate",
            method="DELETE",
            path=f"{api.BASE}{server_pool.root(group)}/servers/{segment(item.server.id, 'server id')}",
            resource=item.server.hostname,
            why=f"the group holds it ({item.server.status})",
        )
        for item in items
        if item.server is not None
    ]
    before = {item.hostname: item.server.status if item.server is not None else "absent" for item in items}
    return Plan(steps, before, dict.fromkeys(before, "absent"))


def terminate(run: Run, client: OpsManager, group: str, hostnames: t.Sequence[str]) -> dict[str, t.Any]:
    """The whole contract; returns the result, raises :class:`Failure` with the result beside it."""
    params = run.params
    with run.guard(client.system, client.transport.endpoint.place, group, "server_pool") as guard:
        server_pool.require_enabled(client, group)
        items = select(hostnames, server_pool.read_servers(client, group))
        plan = plan_of(group, items)
        if run.check_mode:
            return _result(plan, items, changed=bool(plan.steps))
        acting = [item for item in items if item.server is not None]
        outcomes = apply(
            client,
            plan.steps,
            lambda step, data: Accepted(data=data),
            guard,
            concurrency=params["concurrency"],
            stop=params["on_failure"] == "stop",
            empty_ok=True,
        )
        by_name = {item.server.hostname: item for item in acting if item.server is not None}

        def find(unknown: list[Outcome]) -> dict[int, Accepted]:
            held = {server.id for server in server_pool.read_servers(client, group)}
            steps = [by_name[outcome.step.resource].server for outcome in unknown]
            return {number: Accepted() for number, server in enumerate(steps) if server is not None and server.id not in held}

        read_back(outcomes, find, run.clock, settle=params["reconcile_timeout"], where="the group's servers")
        for item, outcome in zip(acting, outcomes, strict=True):
            item.outcome, item.failure = outcome, outcome.failure
            if outcome.failure is not None and outcome.failure.status == 404 and outcome.state == NOT_STARTED:
                item.failure, item.gone = None, True  # somebody else was quicker
        if not any(outcome.state == UNKNOWN for outcome in outcomes):
            guard.finish()
    if guard.note:
        run.warn(guard.note)
    if params["wait"]:
        _wait(run, client, group, [item for item in acting if item.failure is None and not item.gone])
    result = _result(plan, items)
    failures = [item.failure for item in items if item.failure is not None]
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "servers"), result)
    return result


def _wait(run: Run, client: OpsManager, group: str, items: t.Sequence[Item]) -> None:
    """Until the group's list does not have them any more: one list for all of them."""
    by_id = {item.server.id: item for item in items if item.server is not None}

    def poll(ids: list[str]) -> dict[str, State]:
        held = {server.id: server.status for server in server_pool.read_servers(client, group, attempts=1)}
        return {ident: State(held[ident]) if ident in held else State(GONE, done=True, ok=True) for ident in ids}

    try:
        ends = wait(list(by_id), poll, run.clock, timeout=run.params["wait_timeout"], interval=run.params["poll_interval"])
    except Failure as failure:
        for item in items:
            item.failure = failure.later("while waiting, ", **_facts(item))
        return
    for ident, watched in ends.items():
        item = by_id[ident]
        item.watched = watched
        if watched.end == "done":
            item.gone = True
            if item.outcome is not None:
                item.outcome.state = FINISHED
        else:
            last = watched.state.name if watched.state is not None else "never seen"
            why = f"the group still holds the server (last status: {last})."
            item.failure = Failure("wait_timeout", why, "Look at it in Ops Manager, then run again.", **_facts(item))


def _facts(item: Item) -> dict[str, t.Any]:
    return {
        "what": item.outcome.step.what if item.outcome is not None else f"terminate {item.hostname}",
        "outcome": STARTED,
        "system": api.SYSTEM,
        "operation": "terminate",
        "resource": item.hostname,
    }


def _result(plan: Plan, items: t.Sequence[Item], changed: bool | None = None) -> dict[str, t.Any]:
    return _run.result(
        plan,
        changed=any(item.changed for item in items) if changed is None else changed,
        outcome=worst(item.outcome.state for item in items if item.outcome is not None),
        servers=[item.public() for item in items],
    )
