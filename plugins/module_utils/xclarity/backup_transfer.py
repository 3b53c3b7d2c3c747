# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy or move backups: read, plan, apply, wait, read again and judge; for a verified move, then delete the source.

Requests for N copies: one list of backups, one of jobs, N starts, one poll for all jobs at a time, one list; a verified
move adds two lists and N deletions. Login and logout come on top. When nothing is to be sent, one list is all.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
)
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    Outcome,
    Plan,
    Step,
    apply,
    read_back,
    refused_later,
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backup_plans, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_plans import Choice, Want
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, Backup

Accept = t.Callable[[Step, t.Any], Accepted]
WHERE = "the server's jobs and list of backups"


@dataclasses.dataclass
class Item:
    """One backup on its way. outcome: of the start; last: of the deletion that ends a verified move."""

    choice: Choice
    outcome: Outcome | None = None
    last: Outcome | None = None
    watched: Watched | None = None
    now: Backup | None = None
    proven: bool = False
    failure: Failure | None = None

    @property
    def open(self) -> bool:
        """There is something to wait for, or to delete."""
        started = self.outcome is not None and self.outcome.state in (STARTED, FINISHED)
        return self.failure is None and (started or bool(self.choice.join) or self.choice.last is not None)

    @property
    def key(self) -> str:
        """Of the backup in :func:`_listed`."""
        return self.choice.backup.uuid.casefold()

    @property
    def job(self) -> str | None:
        return (self.outcome.job if self.outcome else None) or self.choice.join

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for outcome in (self.outcome, self.last) if outcome is not None]

    def public(self) -> dict[str, t.Any]:
        shown = (self.now or self.choice.backup).public()
        shown["destination"] = self.choice.want.destination
        shown["changed"] = any(outcome.changed for outcome in self.outcomes)
        shown["outcome"] = worst(outcome.state for outcome in self.outcomes)
        shown["job"] = self.job
        shown["joined"] = bool(self.choice.join)
        shown["reconciled"] = any(outcome.reconciled for outcome in self.outcomes)
        shown["proven"] = self.proven
        shown["server_messages"] = [text for outcome in self.outcomes for text in backups.said(outcome.data)]
        shown["history"] = self.watched.history if self.watched else []
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def transfer(run: Run, client: Client, wants: t.Sequence[Want]) -> dict[str, t.Any]:
    """The whole contract for ``wants``; returns the result, raises :class:`Failure` with the result beside it."""
    with _guard(run, client) as guard:
        items, plan, before = _plan(client, wants, guard)
        if run.check_mode:
            return _result(plan, items, changed=bool(plan.steps))
        _start(run, client, items, before, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"]:
        deadline = Deadline(run.clock, run.params["wait_timeout"])
        _follow(run, client, items, deadline)
        _judge(run, client, items, deadline)
        _delete_sources(run, client, items)
    failures = [item.failure for item in items if item.failure is not None]
    result = _result(plan, items, changed=any(o.changed for item in items for o in item.outcomes))
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "backups"), result)
    return result


def _guard(run: Run, client: Client) -> Guard:
    return run.guard(client.system, client.transport.endpoint.place, "backups")


def _listed(client: Client) -> dict[str, Backup]:
    return backups.by_uuid(backups.read_all(client))


# -- read and plan ----------------------------------------------------------------------------------------------------


def _plan(client: Client, wants: t.Sequence[Want], guard: Guard) -> tuple[list[Item], Plan, set[str]]:
    there = backups.read_all(client)
    pairs = [(backups.find(there, want.backup), want) for want in wants]
    _refuse_duplicates(pairs)
    before: list[dict[str, t.Any]] = []
    if not all(backup_plans.settled(backup, want) for backup, want in pairs):
        before = jobs.read_all(client)
        if any(not jobs.is_open(job) and backups.likely(job, want.operation, backup) for job in before for backup, want in pairs):
            # A job may have ended between the two readings: the list has to be as late as the jobs that explain it.
            there = backups.read_all(client)
            pairs = [(backups.find(there, want.backup), want) for want in wants]
    running = [job for job in before if jobs.is_open(job)]
    choices = [backup_plans.choose(backup, want, running) for backup, want in pairs]
    for choice in choices:
        if choice.step is not None and f"{choice.step.operation}:{choice.step.resource}" in guard.unfinished:
            _refuse_doubt(choice, choice.step, running, guard)
    items = [Item(choice, now=choice.backup, proven=_settled(choice)) for choice in choices]
    return items, backup_plans.plan_of(choices), {ident for ident in map(jobs.ident, before) if ident}


def _settled(choice: Choice) -> bool:
    return choice.step is None and choice.join is None and choice.last is None


def _refuse_duplicates(pairs: t.Sequence[tuple[Backup, Want]]) -> None:
    """The same copy twice; and a backup that is moved can go to one place only."""
    seen: set[tuple[str, str]] = set()
    for backup, want in pairs:
        key = (backup.uuid.casefold(), want.destination if want.operation == backup_plans.COPY else "")
        if key in seen:
            raise Failure(
                "duplicate_item",
                f"the backup {backup.title} is given more than once.",
                "Give each backup once for each destination and run again.",
                resource=backup.uuid,
            )
        seen.add(key)


def _refuse_doubt(choice: Choice, step: Step, running: t.Sequence[dict[str, t.Any]], guard: Guard) -> None:
    """An earlier run ended without knowing whether its request arrived, and what the server shows does not tell: a job
    that could be that one is running, or no locations are told. Otherwise the list is proof, and the plan stands."""
    doubtful = [job for job in running if backups.likely(job, step.operation, choice.backup)]
    if choice.backup.at is not None and not doubtful:
        return
    guard.told()
    seen = f" The job {jobs.ident(doubtful[0])} could be it." if doubtful else ""
    failure = Failure(
        "earlier_run_unfinished",
        f"an earlier run ended before it knew whether its {step.operation} of {choice.backup.title} had arrived.{seen}",
        f"Look at {WHERE}; run again to send the request.",
        outcome=UNKNOWN,
        operation=step.operation,
        resource=choice.backup.uuid,
    )
    raise _run.fail_with(failure, {"changed": False, "outcome": UNKNOWN})


# -- apply ------------------------------------------------------------------------------------------------------------


def _start(run: Run, client: Client, items: list[Item], before: set[str], guard: Guard) -> None:
    acting = [(item, item.choice.step) for item in items if item.choice.step is not None]
    outcomes = _send(run, client, [step for _item, step in acting], backups.accept_job, guard)
    chosen = {id(outcome): item.choice for outcome, (item, _step) in zip(outcomes, acting, strict=True)}

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        now = _listed(client)
        found, missing = {}, {}
        for number, outcome in enumerate(unknown):
            choice = chosen[id(outcome)]
            if backup_plans.arrived(now.get(choice.backup.uuid.casefold()), choice):
                found[number] = Accepted()
            else:
                missing[number] = (outcome.step.operation, choice.backup, choice.want.destination)
        if missing:
            fresh = [job for job in jobs.read_all(client) if jobs.ident(job) not in before]
            found.update(backups.adopt(fresh, missing))
        return found

    read_back(outcomes, find, run.clock, settle=run.params["reconcile_timeout"], where=WHERE)
    for outcome, (item, _step) in zip(outcomes, acting, strict=True):
        item.outcome, item.failure = outcome, outcome.failure
    if not any(outcome.state == UNKNOWN for outcome in outcomes):
        guard.finish()


def _send(run: Run, client: Client, steps: list[Step], accept: Accept, guard: Guard) -> list[Outcome]:
    params = run.params
    stop = params["on_failure"] == "stop"
    done = accept is backups.accept_done  # an answer without a body is as good as one with a result
    return apply(client, steps, accept, guard, concurrency=params["concurrency"], stop=stop, empty_ok=done)


# -- wait and judge ---------------------------------------------------------------------------------------------------


def _follow(run: Run, client: Client, items: list[Item], deadline: Deadline) -> None:
    by_job = {item.job: item for item in items if item.open and item.job}
    if not by_job:
        return
    ends = jobs.follow(run, client, {job: item.choice.what for job, item in by_job.items() if job}, deadline)
    for job, (watched, failure) in ends.items():
        item = by_job[job]
        item.watched = watched
        if failure is not None:
            item.failure = _facts(failure, client, item)
            if item.outcome is not None and watched.end == "done":
                item.outcome.state = FINISHED


def _judge(run: Run, client: Client, items: list[Item], deadline: Deadline) -> None:
    """Read the list until it shows each backup at its destination: for a moment where the job told the end, else as
    long as the wait may last."""
    params = run.params
    pending = {item.choice.resource: item for item in items if item.open and (item.outcome or item.choice.join)}
    for resource in [r for r, item in pending.items() if item.choice.backup.at is None]:
        _judge_unseen(pending.pop(resource))
    # A job that is lost leaves only the list to ask; one that was never seen may still run.
    told = {r: item for r, item in pending.items() if item.watched is None or item.watched.end in ("done", "lost")}
    _look(run, client, told, params["reconcile_timeout"], whole=False)
    rest = {r: item for r, item in pending.items() if r not in told}
    _look(run, client, rest, max(deadline.left(), 0), whole=False, late=True)


def _judge_unseen(item: Item) -> None:
    """Where the server tells no locations, the job's own end is all there is."""
    if item.watched is not None and item.watched.end == "done":
        if item.outcome is not None:
            item.outcome.state = FINISHED
        return
    item.failure = _lost(item)


def _look(
    run: Run, client: Client, pending: t.Mapping[str, Item], timeout: float, *, whole: bool, late: bool = False
) -> None:
    """Read the list until it shows the end. whole: of the operation; else, for a verified move, of its copying half.
    late: the job itself could not be watched, so running out of time says nothing about it."""
    if not pending:
        return
    interval = run.params["poll_interval"] if late else min(run.params["poll_interval"], 1.0)

    def poll(keys: list[str]) -> dict[str, State]:
        now = _listed(client)
        states = {}
        for key in keys:
            item = pending[key]
            item.now = now.get(item.key)
            complete = whole or not item.choice.want.verified
            states[key] = backup_plans.state_of(item.now, item.choice, whole=complete)
        return states

    try:
        ends = wait(list(pending), poll, run.clock, timeout=timeout, interval=interval)
    except Failure as failure:
        for item in pending.values():
            item.failure = _facts(jobs.while_waiting(failure, item.choice.what, item.job), client, item)
        return
    for key, watched in ends.items():
        _end(client, pending[key], watched, whole=whole, late=late)


def _end(client: Client, item: Item, watched: Watched, *, whole: bool, late: bool) -> None:
    outcome = item.last if whole else item.outcome
    lost = item.watched is not None and item.watched.end == "lost"
    if item.watched is None or not item.watched.history:
        item.watched = watched
    if watched.state is not None and watched.state.ok:
        item.proven = whole or not item.choice.want.verified
        if outcome is not None:
            outcome.state = FINISHED
    elif late and watched.end == "timed_out" and item.job:
        told = jobs.judge(Watched(item.job, watched.state, "timed_out"), item.choice.what)
        item.failure = told and _facts(told, client, item)
    elif lost:
        item.failure = _lost(item)
    else:
        state = outcome.state if outcome else STARTED
        item.failure = _facts(backup_plans.not_reached(item.choice, item.now, state, item.job), client, item)


def _lost(item: Item) -> Failure:
    if item.outcome is not None:
        item.outcome.state = UNKNOWN
    failure = jobs.lost(Watched(item.job or ""), item.choice.what)
    return failure.about(operation=item.choice.want.operation, resource=item.choice.backup.uuid)


def _facts(failure: Failure, client: Client, item: Item) -> Failure:
    want, uuid = item.choice.want, item.choice.backup.uuid
    return failure.about(what=item.choice.what, system=client.system, operation=want.operation, resource=uuid)


# -- the end of a verified move ---------------------------------------------------------------------------------------


def _delete_sources(run: Run, client: Client, items: list[Item]) -> None:
    """Delete each source whose copy a fresh list proves, under the lock, and judge by the list once more."""
    ready = [item for item in items if item.open and item.choice.last is not None]
    if not ready:
        return
    try:
        acting = _delete(run, client, ready)
    except Failure as failure:  # no lock, no list: nothing was deleted, and the copies are there
        for item in (one for one in ready if one.failure is None):
            item.failure = _facts(jobs.while_waiting(failure, item.choice.what, item.job), client, item)
            item.failure.outcome = _state(item)
        return
    rest = {item.choice.resource: item for item in acting if item.failure is None}
    _look(run, client, rest, run.params["reconcile_timeout"], whole=True)


def _delete(run: Run, client: Client, ready: t.Sequence[Item]) -> list[Item]:
    """Send the deletions; those that it was sent for. Raises :class:`Failure` only before anything was sent."""
    with _guard(run, client) as guard:
        now = _listed(client)
        acting: list[tuple[Item, Step]] = []
        for item in ready:
            item.now = now.get(item.key)
            if not backup_plans.copied(item.now, item.choice):
                failure = backup_plans.not_reached(item.choice, item.now, _state(item), item.job)
                item.failure = _facts(failure, client, item)
            elif item.now is not None and item.now.is_at(INTERNAL) and item.choice.last is not None:
                acting.append((item, item.choice.last))
            else:
                item.proven = True
        outcomes = _send(run, client, [step for _item, step in acting], backups.accept_done, guard)
        chosen = {id(outcome): item for outcome, (item, _step) in zip(outcomes, acting, strict=True)}

        def find(unknown: list[Outcome]) -> dict[int, Accepted]:
            listed = _listed(client)
            asked = [chosen[id(outcome)] for outcome in unknown]
            gone = [backup_plans.reached(listed.get(item.key), item.choice) for item in asked]
            return {number: Accepted() for number, yes in enumerate(gone) if yes}

        read_back(outcomes, find, run.clock, settle=run.params["reconcile_timeout"], where="the server's backups")
        for outcome, (item, _step) in zip(outcomes, acting, strict=True):
            item.last, item.failure = outcome, outcome.failure
            if outcome.failure is not None and item.outcome is not None:
                refused_later(outcome.failure, [item.outcome])
        if not any(outcome.state == UNKNOWN for outcome in outcomes):
            guard.finish()
    return [item for item, _step in acting]


def _state(item: Item) -> str:
    """What is known of the work so far, for a failure between the copy and the deletion."""
    return item.outcome.state if item.outcome is not None and item.outcome.state != NOT_STARTED else NONE


def _result(plan: Plan, items: list[Item], *, changed: bool) -> dict[str, t.Any]:
    outcome = worst(outcome.state for item in items for outcome in item.outcomes)
    return _run.result(plan, changed=changed, outcome=outcome, backups=[item.public() for item in items])
