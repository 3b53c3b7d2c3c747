# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Push a backup to another XClarity Administrator, and cancel the push that is running.

Source: the page "PUT /managementServer/data". This server keeps no record of what it pushed, so only the other side can
tell whether the backup is there: it is asked before and after when its connection is given, and else every run pushes.
A cancel names no push, it ends whatever push is running; so there is never more than one.
"""

from __future__ import annotations

import contextlib
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
    bad_input,
)
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    Outcome,
    Plan,
    Step,
    apply,
    read_back,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_plans import PUSH
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import PATH, Backup

Jobs = t.Sequence[t.Mapping[str, t.Any]]
WHERE = "this server's jobs and the other server's list of backups"


@dataclasses.dataclass
class Push:
    """One push on its way. there: the other side's view before (None: not asked). proven: it shows the backup."""

    backup: Backup
    destination: str
    asked: bool
    step: Step | None = None
    join: str | None = None
    outcome: Outcome | None = None
    watched: Watched | None = None
    proven: bool = False
    failure: Failure | None = None

    @property
    def what(self) -> str:
        return self.step.what if self.step else f"push {self.backup.uuid} to {self.destination}"

    @property
    def job(self) -> str | None:
        return (self.outcome.job if self.outcome else None) or self.join

    @property
    def plan(self) -> Plan:
        before: dict[str, t.Any] = {"on the other server": self.proven if self.asked else "not told"}
        after = {"on the other server": True} if self.step or self.join else before
        return Plan([self.step] if self.step else [], {self.backup.title: before}, {self.backup.title: after})

    def public(self) -> dict[str, t.Any]:
        shown = self.backup.public()
        shown["destination"] = self.destination
        shown["changed"] = bool(self.outcome and self.outcome.changed)
        shown["outcome"] = self.outcome.state if self.outcome else NONE
        shown["job"] = self.job
        shown["joined"] = bool(self.join)
        shown["reconciled"] = bool(self.outcome and self.outcome.reconciled)
        shown["proven"] = self.proven
        shown["server_messages"] = backups.said(self.outcome.data) if self.outcome else []
        shown["history"] = self.watched.history if self.watched else []
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def push(run: Run, client: Client, name: str, destination: str) -> dict[str, t.Any]:
    """The whole contract for one push. The other side is asked when ``target_username`` is set."""
    asked = bool(run.params["target_username"])
    with run.guard(client.system, client.transport.endpoint.place, "backups") as guard:
        backup = backups.find(backups.read_all(client), name)
        one = Push(backup, destination, asked)
        # The jobs first: a push that ends after this reading is joined, one that ended before it shows on the other side.
        before = jobs.read_all(client)
        if asked:
            one.proven = _is_there(_target(run, client), backup)
        if not one.proven:
            choose(one, before, guard)
        plan = one.plan
        if run.check_mode:
            return _result(plan, one)
        _start(run, client, one, before, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"] and one.failure is None and (one.outcome or one.join):
        _finish(run, client, one)
    if one.failure is not None:
        raise _run.fail_with(one.failure, _result(plan, one))
    return _result(plan, one)


def running(all_jobs: Jobs) -> list[t.Mapping[str, t.Any]]:
    """The jobs that have not ended and speak of a push."""
    return [job for job in all_jobs if jobs.is_open(job) and backups.speaks_of(job, PUSH)]


def choose(one: Push, all_jobs: Jobs, guard: Guard) -> None:
    """Join the push of this backup that is running, refuse while another runs, else plan one."""
    backup, destination = one.backup, one.destination
    for job in running(all_jobs):
        ident = jobs.ident(job)
        if backups.sure(job, PUSH, backup, destination):
            one.join = ident
            return
        raise bad_input(
            "busy",
            f"another push is running (job {ident}), and there can be only one at a time.",
            "Wait for it with the module job, then run again.",
            resource=backup.uuid,
            job=ident,
        )
    step = Step(
        operation=PUSH,
        method="PUT",
        path=PATH,
        resource=f"{backup.uuid} to {destination}",
        why="the other server does not have it" if one.asked else "whether the other server has it is not told",
        body={"action": "start", "destination": destination, "operation": PUSH, "uuid": backup.uuid},
    )
    if f"{step.operation}:{step.resource}" in guard.unfinished and not one.asked:
        guard.told()
        failure = Failure(
            "earlier_run_unfinished",
            f"an earlier run ended before it knew whether its push of {backup.title} had arrived, and no push is running now.",
            "Look at the other server's list of backups; run again to push.",
            outcome=UNKNOWN,
            operation=PUSH,
            resource=backup.uuid,
        )
        raise _run.fail_with(failure, {"changed": False, "outcome": UNKNOWN})
    one.step = step


def _start(run: Run, client: Client, one: Push, all_jobs: Jobs, guard: Guard) -> None:
    if one.step is None:
        guard.finish()
        return
    before = {jobs.ident(job) for job in all_jobs}
    outcomes = apply(client, [one.step], backups.accept_job, guard)

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        fresh = [job for job in jobs.read_all(client) if jobs.ident(job) not in before]
        return backups.adopt(fresh, {0: (PUSH, one.backup, one.destination)}) if unknown else {}

    read_back(outcomes, find, run.clock, settle=run.params["reconcile_timeout"], where=WHERE)
    one.outcome, one.failure = outcomes[0], outcomes[0].failure
    if one.outcome.state != UNKNOWN:
        guard.finish()


def _finish(run: Run, client: Client, one: Push) -> None:
    """Wait for the job; then the other side, where it can be asked, has the last word."""
    facts = {"system": client.system, "operation": PUSH, "resource": one.backup.uuid}
    deadline = Deadline(run.clock, run.params["wait_timeout"])
    if one.job:
        one.watched, failure = jobs.follow(run, client, {one.job: one.what}, deadline)[one.job]
        if failure is not None:
            one.failure = failure.about(**facts)
            if one.outcome is not None and one.watched.end == "done":
                one.outcome.state = FINISHED
            return
    ended = one.watched is not None and one.watched.end == "done"
    if one.asked:
        _ask_target(run, client, one, deadline, ended)
    elif not ended:
        one.failure = jobs.lost(one.watched or Watched(""), one.what)
        one.failure.next_step = f"Look at {WHERE} before running again."
        if one.outcome is not None:
            one.outcome.state = UNKNOWN
    if one.failure is not None:
        one.failure.about(**facts)
    elif one.outcome is not None:
        one.outcome.state = FINISHED


# -- the other side ---------------------------------------------------------------------------------------------------


def _target(run: Run, client: Client) -> t.Callable[[], contextlib.AbstractContextManager[Client]]:
    """Connects to the other server; what the ``target_`` options leave out is as for this one."""
    return lambda: api.connect(run, "target_")


def _is_there(connect: t.Callable[[], contextlib.AbstractContextManager[Client]], backup: Backup) -> bool:
    """The other server lists the backup, whole. With another checksum it is a failure: pushing again could not mend it."""
    with connect() as target:
        return _shows(backups.read_all(target), backup)


def _shows(listed: t.Sequence[Backup], backup: Backup) -> bool:
    found = backups.by_uuid(listed).get(backup.uuid.casefold())
    if found is None:
        return False
    if found.checksum != backup.checksum:
        raise backups.checksum_mismatch(backup, "the other server", found.checksum)
    return True


def _ask_target(run: Run, client: Client, one: Push, deadline: Deadline, ended: bool) -> None:
    """Read the other server's list until it shows the backup; for a moment once the job has ended."""
    seconds = run.params["reconcile_timeout"] if ended else max(deadline.left(), 0)
    interval = min(run.params["poll_interval"], 1.0) if ended else run.params["poll_interval"]
    try:
        with _target(run, client)() as target:

            def poll(keys: list[str]) -> dict[str, State]:
                there = _shows(backups.read_all(target), one.backup)
                name = "on the other server" if there else "not on the other server"
                return {key: State(name, done=there, ok=there) for key in keys}

            watched = wait(["there"], poll, run.clock, timeout=seconds, interval=interval)["there"]
    except Failure as failure:
        one.failure = jobs.while_waiting(failure, one.what, one.job)
        return
    if watched.state is not None and watched.state.ok:
        one.proven = True
        return
    one.failure = Failure(
        "effect_missing",
        "the other server does not list the backup.",
        "Look at the job here and at the list of backups there, then run again.",
        what=one.what,
        outcome=STARTED,
        job=one.job,
    )


def _result(plan: Plan, one: Push) -> dict[str, t.Any]:
    changed = bool(one.outcome.changed) if one.outcome else bool(plan.steps) and one.failure is None
    return _run.result(plan, changed=changed, outcome=one.outcome.state if one.outcome else NONE, backups=[one.public()])


# -- cancel -----------------------------------------------------------------------------------------------------------


def cancel(run: Run, client: Client, job_id: str | None) -> dict[str, t.Any]:
    """See to it that no push is running. job_id: only this one may be ended; while another runs nothing is sent."""
    with run.guard(client.system, client.transport.endpoint.place, "backups") as guard:
        job = choose_cancel(jobs.read_all(client), job_id)
        plan = plan_cancel(job)
        if run.check_mode or job is None:
            if not run.check_mode:
                guard.finish()
            return _run.result(plan, changed=bool(plan.steps), backups=[], job=job and _public(job))
        ident = t.cast(str, jobs.ident(job))
        outcome = apply(client, plan.steps, backups.accept_done, guard, empty_ok=True)[0]

        def find(unknown: list[Outcome]) -> dict[int, Accepted]:
            return {0: Accepted(ident)} if unknown and _stopping(jobs.read(client, [ident]).get(ident)) else {}

        read_back([outcome], find, run.clock, settle=run.params["reconcile_timeout"], where="the server's jobs")
        if outcome.state != UNKNOWN:
            guard.finish()
    if outcome.state == NOT_STARTED and outcome.failure is not None:
        job = jobs.read(client, [ident]).get(ident, job)
        if not jobs.is_open(job):  # it ended between the reading and the request
            outcome = Outcome(outcome.step)
    watched: Watched | None = None
    if outcome.failure is None and outcome.changed and run.params["wait"]:
        outcome.job = ident
        watched = _wait_for_end(run, client, outcome, ident)
        job = t.cast(dict[str, t.Any], watched.state.data) if watched and watched.state and watched.state.data else job
    more = {"backups": [], "job": _public(job), "history": watched.history if watched else []}
    result = _run.result(plan, changed=outcome.changed, outcome=outcome.state, **more)
    if outcome.failure is not None:
        raise _run.fail_with(outcome.failure, result)
    if watched is not None and jobs.kind(job) == "succeeded":
        run.warn(f"The push ended by itself (job {ident}) before the cancel took effect.")
    return result


def choose_cancel(all_jobs: Jobs, job_id: str | None) -> t.Mapping[str, t.Any] | None:
    """The push to cancel; None when none runs. One that is not ``job_id`` is somebody else's and is left alone."""
    pushes = running(all_jobs)
    named = [job for job in all_jobs if job_id and jobs.ident(job) == job_id and jobs.is_open(job)]
    others = [job for job in pushes if job_id and jobs.ident(job) != job_id]
    if others or len(pushes) > 1:
        other = jobs.ident((others or pushes)[0])
        raise bad_input(
            "push_not_named",
            f"the push that is running is job {other}" + (f", not {job_id}." if job_id else ", and it is not the only one."),
            "A cancel ends whatever push is running; correct job_id and run again.",
            job=other,
        )
    # What job_id names is believed to be the push, also where its title does not say so.
    return next(iter(pushes or named), None)


def plan_cancel(job: t.Mapping[str, t.Any] | None) -> Plan:
    if job is None:
        return Plan([], {"push": "none"}, {"push": "none"})
    step = Step(
        operation="cancel",
        method="PUT",
        path=PATH,
        resource=f"job {jobs.ident(job)}",
        why="it is the push that is running",
        body={"action": "cancel", "operation": PUSH},
    )
    return Plan([step], {"push": f"job {jobs.ident(job)}"}, {"push": "none"})


def _stopping(job: t.Mapping[str, t.Any] | None) -> bool:
    return job is None or not jobs.is_open(job) or jobs.word(jobs.state(job).name) == "cancelling"


def _wait_for_end(run: Run, client: Client, outcome: Outcome, ident: str) -> Watched:
    deadline = Deadline(run.clock, run.params["wait_timeout"])
    watched, failure = jobs.follow(run, client, {ident: outcome.step.what}, deadline)[ident]
    if watched.end in ("done", "lost"):
        outcome.state = FINISHED  # cancelled, or ended in another way, or removed: it runs no longer
    else:
        outcome.failure = failure or jobs.lost(watched, outcome.step.what)
    return watched


def _public(job: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    return None if job is None else jobs.public(job)
