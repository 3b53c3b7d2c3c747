# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate and prepare a backup that was pushed or imported to this server, with its passphrase.

Source: the page "POST /files/managementServer/data" (action process). The request names no backup, the server takes the
one that waits for it; and no list tells whether a backup was validated, so every run sends the request.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import Backup

PATH = "/files" + backups.PATH
OPERATION = "validate"


def validate(run: Run, client: Client, name: str | None, passphrase: str) -> dict[str, t.Any]:
    """The whole contract. name: a backup that the list must hold before anything is sent; None does not look."""
    with run.guard(client.system, client.transport.endpoint.place, "backups") as guard:
        backup = backups.find(backups.read_all(client), name) if name else None
        before = jobs.read_all(client)
        join = _running(before, backup)
        step = None if join else step_for(backup, passphrase)
        view = {backup.title if backup else "backup": "validated" if join else "not told"}
        plan = Plan([step] if step else [], view, dict.fromkeys(view, "validated"))
        if run.check_mode:
            return _result(plan, backup, None, None, changed=bool(step))
        outcome = _start(run, client, backup, step, before, guard) if step else None
        if step is None:
            guard.finish()
    if guard.note:
        run.warn(guard.note)
    watched, failure = _finish(run, client, outcome, join)
    result = _result(plan, backup, outcome, watched, changed=bool(outcome and outcome.changed), join=join)
    if failure is not None:
        failure.about(system=client.system, operation=OPERATION, resource=backup.uuid if backup else None)
        raise _run.fail_with(failure, result)
    return result


def step_for(backup: Backup | None, passphrase: str) -> Step:
    return Step(
        operation=OPERATION,
        method="POST",
        path=PATH,
        resource=backup.uuid if backup else "the backup that was pushed or imported",
        why="no list tells whether a backup was validated",
        query=(("action", "process"),),
        body={"passphrase": passphrase},
        secret=("passphrase",),
    )


def _running(all_jobs: t.Sequence[t.Mapping[str, t.Any]], backup: Backup | None) -> str | None:
    """A validation that is under way already, of this backup where one is named."""
    for job in all_jobs:
        if jobs.is_open(job) and backups.speaks_of(job, OPERATION) and (backup is None or backups.names(job, backup)):
            return jobs.ident(job)
    return None


def _start(
    run: Run, client: Client, backup: Backup | None, step: Step, all_jobs: t.Sequence[t.Mapping[str, t.Any]], guard: Guard
) -> Outcome:
    if f"{step.operation}:{step.resource}" in guard.unfinished:
        guard.told()
        failure = Failure(
            "earlier_run_unfinished",
            "an earlier run ended before it knew whether its validation had arrived, and none is running now.",
            "Look at the server's jobs; run again to validate.",
            outcome=UNKNOWN,
            operation=OPERATION,
            resource=step.resource,
        )
        raise _run.fail_with(failure, {"changed": False, "outcome": UNKNOWN})
    before = {jobs.ident(job) for job in all_jobs}
    outcome = apply(client, [step], backups.accept_done, guard, empty_ok=True)[0]

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        fresh = [job for job in jobs.read_all(client) if jobs.ident(job) not in before and backups.speaks_of(job, OPERATION)]
        ours = [job for job in fresh if backup is None or backups.names(job, backup)]
        return {0: Accepted(jobs.ident(ours[0]))} if len(ours) == 1 else {}

    read_back([outcome], find, run.clock, settle=run.params["reconcile_timeout"], where="the server's jobs")
    if outcome.state != UNKNOWN:
        guard.finish()
    return outcome


def _finish(run: Run, client: Client, outcome: Outcome | None, join: str | None) -> tuple[Watched | None, Failure | None]:
    if outcome is not None and outcome.failure is not None:
        return None, outcome.failure
    job = (outcome.job if outcome else None) or join
    if not run.params["wait"]:
        return None, None
    if job is None:
        # The answer named no job: its result is the end.
        if outcome is not None:
            outcome.state = FINISHED
        return None, None
    what = outcome.step.what if outcome else "validate a backup"
    deadline = Deadline(run.clock, run.params["wait_timeout"])
    watched, failure = jobs.follow(run, client, {job: what}, deadline)[job]
    if outcome is not None and watched.end == "done":
        outcome.state = FINISHED
    if failure is None and watched.end != "done":
        failure = jobs.lost(watched, what)
        if outcome is not None:
            outcome.state = UNKNOWN
    return watched, failure


def _result(
    plan: Plan, backup: Backup | None, outcome: Outcome | None, watched: Watched | None, *, changed: bool, join: str | None = None
) -> dict[str, t.Any]:
    return _run.result(
        plan,
        changed=changed,
        outcome=outcome.state if outcome else NONE,
        backup=backup.public() if backup else None,
        backups=[backup.public()] if backup else [],
        job=(outcome.job if outcome else None) or join,
        joined=bool(join),
        reconciled=bool(outcome and outcome.reconciled),
        history=watched.history if watched else [],
        server_messages=backups.said(outcome.data) if outcome else [],
    )
