# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete backups of XClarity Administrator, everywhere or at one location.

Source: the page "DELETE /managementServer/data/{uuid}" (2.2.0 and later). The server does it at once, without a job. What
it answers to a second deletion is not documented, so the list is read first and decides at the end.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, NOT_STARTED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    Outcome,
    Plan,
    Step,
    apply,
    read_back,
    unread,
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import Backup

ALL = "all"


@dataclasses.dataclass
class Removal:
    """One backup to delete at ``location``. backup: None when the list does not have it."""

    name: str
    location: str
    backup: Backup | None = None
    step: Step | None = None
    outcome: Outcome | None = None
    now: Backup | None = None
    failure: Failure | None = None

    @property
    def title(self) -> str:
        return self.backup.title if self.backup else self.name

    def gone(self, now: Backup | None) -> bool:
        """The list shows that it is not there any more."""
        return now is None or (self.location != ALL and now.at is not None and not now.is_at(self.location))

    def public(self) -> dict[str, t.Any]:
        nothing: dict[str, t.Any] = {"uuid": "", "label": "", "filename": "", "checksum": "", "locations": []}
        shown = self.backup.public() if self.backup else {**nothing, "label": self.name}
        shown["locations"] = self.now.locations if self.now else []
        shown["changed"] = bool(self.outcome and self.outcome.changed)
        shown["outcome"] = self.outcome.state if self.outcome else NONE
        shown["reconciled"] = bool(self.outcome and self.outcome.reconciled)
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def remove(run: Run, client: Client, names: t.Sequence[str], location: str) -> dict[str, t.Any]:
    """The whole contract. location: ``all``, ``internal`` or a mount point."""
    with run.guard(client.system, client.transport.endpoint.place, "backups") as guard:
        listed = backups.read_all(client)
        items = [choose(listed, name, location) for name in names]
        _refuse_duplicates(items)
        plan = plan_of(items)
        if run.check_mode:
            return _result(plan, items, changed=bool(plan.steps))
        _apply(run, client, items, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"]:
        _judge(run, client, items)
    failures = [item.failure for item in items if item.failure is not None]
    result = _result(plan, items, changed=any(item.outcome and item.outcome.changed for item in items))
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "backups"), result)
    return result


def choose(listed: t.Sequence[Backup], name: str, location: str) -> Removal:
    """What to do for one backup. A record of an earlier run needs no question: the list proves what became of it."""
    if not backups.matching(listed, name):
        return Removal(name, location)
    backup = backups.find(listed, name)
    one = Removal(name, location, backup, now=backup)
    if location != ALL and backup.at is None:
        raise backups.locations_unknown(backup, "Look at the server; location all deletes the backup wherever it is.")
    if one.gone(backup):
        return one
    where = f"at {location}" if location != ALL else f"at {', '.join(backup.at)}" if backup.at else "in the list"
    one.step = backups.delete_step(backup, location, f"it is {where} and is wanted absent")
    return one


def _refuse_duplicates(items: t.Sequence[Removal]) -> None:
    seen: set[str] = set()
    for item in items:
        key = item.backup.uuid.casefold() if item.backup else f"name {item.name}"
        if key in seen:
            raise Failure(
                "duplicate_item",
                f"the backup {clean(item.title, 120)} is given more than once.",
                "Give each backup once and run again.",
                resource=item.name,
            )
        seen.add(key)


def plan_of(items: t.Sequence[Removal]) -> Plan:
    def view(item: Removal, after: bool) -> dict[str, t.Any] | str:
        if item.backup is None or (after and item.step and item.location == ALL):
            return "absent"
        at = item.backup.locations
        left = [one for one in at or [] if not (after and item.step and one == item.location)]
        return {"locations": "not told" if at is None else left} if left or at is None else "absent"

    return Plan(
        [item.step for item in items if item.step is not None],
        {item.title: view(item, False) for item in items},
        {item.title: view(item, True) for item in items},
    )


def _apply(run: Run, client: Client, items: list[Removal], guard: Guard) -> None:
    params = run.params
    acting = [(item, item.step) for item in items if item.step is not None]
    outcomes = apply(
        client,
        [step for _item, step in acting],
        backups.accept_done,
        guard,
        concurrency=params["concurrency"],
        stop=params["on_failure"] == "stop",
        empty_ok=True,
    )
    chosen = {id(outcome): item for outcome, (item, _step) in zip(outcomes, acting, strict=True)}

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        now = backups.by_uuid(backups.read_all(client))
        asked = [chosen[id(outcome)] for outcome in unknown]
        return {n: Accepted() for n, item in enumerate(asked) if item.backup and item.gone(now.get(item.backup.uuid.casefold()))}

    read_back(outcomes, find, run.clock, settle=params["reconcile_timeout"], where="the server's list of backups")
    for outcome, (item, _step) in zip(outcomes, acting, strict=True):
        item.outcome, item.failure = outcome, outcome.failure
    if not any(outcome.state == UNKNOWN for outcome in outcomes):
        guard.finish()


def _judge(run: Run, client: Client, items: list[Removal]) -> None:
    """Read the list once more, for a moment: what was deleted, or refused, is not there."""
    refused = (NOT_STARTED, STARTED)
    pending = {item.backup.uuid.casefold(): item for item in items if item.backup and item.outcome and item.outcome.state in refused}
    if not pending:
        return

    def poll(keys: list[str]) -> dict[str, State]:
        now = backups.by_uuid(backups.read_all(client))
        states = {}
        for key in keys:
            item = pending[key]
            item.now = now.get(key)
            gone = item.gone(item.now)
            states[key] = State("gone" if gone else "there", done=gone or item.failure is not None, ok=gone)
        return states

    interval = min(run.params["poll_interval"], 1.0)
    try:
        ends = wait(list(pending), poll, run.clock, timeout=run.params["reconcile_timeout"], interval=interval)
    except Failure as failure:
        for item in pending.values():
            if item.outcome is not None and item.failure is None:
                item.failure = unread(failure, item.outcome)
        return
    for key, watched in ends.items():
        item = pending[key]
        gone = watched.state is not None and watched.state.ok
        if item.outcome is None:
            continue
        if gone and item.outcome.state == NOT_STARTED:
            item.outcome, item.failure = Outcome(item.outcome.step), None  # somebody else was quicker
        elif gone:
            item.outcome.state = FINISHED
        elif item.failure is None:
            item.failure = Failure(
                "effect_missing",
                f"the server accepted the deletion, but the list still shows the backup {item.title}.",
                "Look at the backup on the server, then run again.",
                what=item.outcome.step.what,
                outcome=STARTED,
                system=client.system,
                operation="delete",
                resource=item.outcome.step.resource,
            )


def _result(plan: Plan, items: list[Removal], *, changed: bool) -> dict[str, t.Any]:
    outcome = worst(item.outcome.state for item in items if item.outcome is not None)
    shown = [item.public() for item in items]
    return _run.result(plan, changed=changed, outcome=outcome, backup=shown[0] if len(shown) == 1 else None, backups=shown)
