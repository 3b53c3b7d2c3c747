# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy, move and push backups, and cancel a push: what only these know, for the driver.

Requests for N copies: one list of backups, one of jobs, the identity, N starts, one poll for all jobs at a time, one list; a
verified move adds two lists, one of jobs and N deletions. Login and logout come on top. When nothing is to be sent, one list is all.

This server keeps no record of what it pushed, so only the other side can tell whether the backup is there: it is asked before
and after when its connection is given, and else every run pushes. A cancel names no push, it ends whatever push is running; so
there is never more than one.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    STARTED,
    UNKNOWN,
    Failure,
    Refusals,
    bad_input,
    named,
)
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backup_transfers, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_transfers import COPY, PUSH, Choice, Desired, Sent
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, PATH, Backup

DELETE = "delete"


class Transfer(Operation):
    """Copies and moves. ``desired`` of an item is its :class:`Choice`, ``current`` the :class:`Backup` as listed last."""

    kind, noun, where = "backups", "backups", "the server's jobs and list of backups"
    joins = True

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.jobs: jobs.Reader = jobs.Reader(client)

    def read(self) -> list[Item]:
        there = backups.read_all(self.client)
        pairs = self._pairs(there)
        running: list[jobs.Told] = []
        if not all(backup_transfers.settled(backup, one) for backup, one in pairs):
            told = self.jobs.begin()
            if any(not job.open and backup_transfers.likely(job, one.operation, backup) for backup, one in pairs for job in told):
                # A job may have ended between the two readings: the list has to be as late as the jobs that explain it.
                there = backups.read_all(self.client)
                pairs = self._pairs(there)
            running = [job for job in told if job.open]
        nameless = backup_transfers.unnamed(running, there)
        choices = [backup_transfers.choose(backup, one, running, nameless) for backup, one in pairs]
        backup_transfers.refuse_unprovable(there, choices)
        return [
            Item(
                choice.resource,
                choice.title,
                desired=choice,
                before=choice.backup,
                current=choice.backup,
                steps=[choice.step] if choice.step else [],
                later=[choice.last] if choice.last else [],
                join=choice.join,
                verified=not (choice.step or choice.join or choice.last),
            )
            for choice in choices
        ]

    def _pairs(self, there: t.Sequence[Backup]) -> list[tuple[Backup, Desired]]:
        """The backup that each means. Refused: the same copy twice; a backup that is moved can go to one place only."""
        pairs, refused = [], Refusals()
        for one in self.asked:
            with refused:
                pairs.append((backups.find(there, one.backup), one))
        refused.tell()
        seen: set[tuple[str, str]] = set()
        for backup, one in pairs:
            key = (backup.uuid.casefold(), one.destination if one.operation == COPY else "")
            if key in seen:
                raise backups.duplicate(backup.title, backup.uuid, "Give each backup once for each destination and run again.")
            seen.add(key)
        return pairs

    def proves(self, item: Item) -> bool:
        """The list proves it, unless it tells no locations, or a job that could be that request is running."""
        return item.before.at is not None and not self._running(item)

    def _running(self, item: Item) -> list[jobs.Told]:
        choice: Choice = item.desired
        return [job for job in self.jobs.before if job.open and backup_transfers.likely(job, choice.desired.operation, choice.backup)]

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        running = [job.id for item in items for job in self._running(item)]
        seen = f" The job {running[0]} could be it." if running else ""
        what = items[0].desired.desired.operation
        return (
            f"an earlier run ended before it knew whether its {what} of {named([item.title for item in items])} had arrived.{seen}",
            f"Look at {self.where}; run again to send the request.",
        )

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        now = backups.by_uuid(backups.read_all(self.client, attempts=attempts))
        return {item.key: self._state(item, now.get(item.before.uuid.casefold())) for item in items}

    def _state(self, item: Item, now: Backup | None) -> State:
        item.current = now
        if item.before.at is None:
            # Where the server tells no locations, the job's own end is all there is.
            ended = item.watched is not None and item.watched.end == "done"
            return State("not told", done=True, ok=ended)
        return backup_transfers.state_of(now, item.desired, whole=self._is_last(item) or not item.later)

    def _is_last(self, item: Item) -> bool:
        return any(outcome.step.operation == DELETE for outcome in item.outcomes)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        there = backups.read_all(self.client)
        now = backups.by_uuid(there)
        found: dict[str, Accepted] = {}
        missing: dict[str, Sent] = {}
        for item, outcome in unknown:
            choice, step = item.desired, outcome.step
            listed = now.get(item.before.uuid.casefold())
            if step.operation == DELETE:
                if backup_transfers.reached(listed, choice):
                    found[step.key] = Accepted()
            elif backup_transfers.arrived(listed, choice):
                found[step.key] = Accepted()
            else:
                missing[step.key] = _sent(step)
        if missing:
            known = {outcome.job for outcome in self.run.outcomes}
            fresh = [job for job in self.jobs.fresh() if job.id not in known]
            found.update(backup_transfers.adopt(fresh, there, missing, self._jobless(missing)))
        return found

    def _jobless(self, missing: t.Container[str]) -> list[Sent]:
        """The transfers of this run, but for these, that may have started a job which is not known: what the list shows to be done leaves
        its job to be seen."""
        may = [outcome for outcome in self.run.outcomes if outcome.job is None and outcome.state in (STARTED, FINISHED, UNKNOWN)]
        return [_sent(outcome.step) for outcome in may if outcome.step.operation != DELETE and outcome.step.key not in missing]

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """Delete each source whose copy a fresh list proves, and which no job works on."""
        there = backups.read_all(self.client)
        now = backups.by_uuid(there)
        running = [job for job in jobs.told(jobs.read_all(self.client)) if job.open]
        nameless = backup_transfers.unnamed(running, there)
        work: list[tuple[Item, Step]] = []
        for item in items:
            choice: Choice = item.desired
            backup = item.current = now.get(item.before.uuid.casefold())
            if not backup_transfers.copied(backup, choice):
                item.fail(backup_transfers.not_reached(choice, backup), self.client.system)
            elif backup is None or not backup.is_at(INTERNAL):
                item.later, item.verified = (), True
            elif not backup_transfers.proven(backup, item.before, choice.desired.destination):
                item.fail(backup_transfers.unproven(backup, choice.desired.destination), self.client.system)
            else:
                try:
                    backup_transfers.refuse_busy(backup, running, nameless)
                except Failure as failure:
                    item.fail(failure, self.client.system)
                else:
                    work.append((item, item.later[0]))
        return work

    # -- answers and words -------------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_done(step, data) if step.operation == DELETE else backups.accept_job(step, data)

    def not_reached(self, item: Item) -> Failure:
        if item.before.at is None:
            for outcome in item.outcomes:
                outcome.state = UNKNOWN
            return jobs.lost(item.job, item.what)
        return backup_transfers.not_reached(item.desired, item.current)

    def view(self, item: Item, after: bool) -> dict[str, t.Any]:
        return backup_transfers.view(item.desired, after)

    def present(self, item: Item) -> dict[str, t.Any]:
        return {
            **(item.current or item.before).public(),
            "destination": item.desired.desired.destination,
            "job": item.job,
            "joined": item.join is not None,
            "proven": item.verified and item.failure is None and item.before.at is not None,
            "server_messages": backups.said(*item.answers),
            **item.facts(),
        }


def _sent(step: Step) -> Sent:
    """What the request that starts a transfer asks for."""
    return Sent(step.operation, step.body["uuid"], step.body["destination"])


def transfer(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Copy or move backups; returns the result, raises :class:`Failure` with the result beside it."""
    return drive(Transfer(run, client, desired))


# -- push -------------------------------------------------------------------------------------------------------------


class Push(Operation):
    """One push. ``current`` of the item is the :class:`Backup`. target: connects to the other side; None does not ask it."""

    kind, noun, where = "backups", "backups", "this server's jobs and the other server's list of backups"
    joins = True

    def __init__(
        self, run: Run, client: XClarity, name: str, destination: str, target: t.Callable[[], XClarity] | None, stack: contextlib.ExitStack
    ) -> None:
        super().__init__(run, client)
        self.name, self.destination, self.target, self.stack = name, destination, target, stack
        self.jobs: jobs.Reader = jobs.Reader(client)
        self.other: XClarity | None = None
        self.there = False  # the other side had it before
        self.listed: list[Backup] = []

    def read(self) -> list[Item]:
        self.listed = backups.read_all(self.client)
        backup = backups.find(self.listed, self.name)
        item = Item(f"{backup.uuid} to {self.destination}", f"{backup.title} to {self.destination}", before=backup, current=backup)
        # The jobs first: a push that ends after this reading is joined, one that ended before it shows on the other side.
        told = self.jobs.begin()
        if self.target is not None:
            with self.target() as other:
                item.verified = self.there = _shows(backups.read_all(other), backup)
        if item.verified:
            return [item]
        for job in running(told):
            if not backup_transfers.sure(job, PUSH, backup, self.destination):
                raise bad_input(
                    "busy",
                    f"another push is running (job {job.id}), and there can be only one at a time.",
                    backup_transfers.WAIT_FOR_IT,
                    resource=backup.uuid,
                    job=job.id,
                )
            item.join = job.id
            return [item]
        backup_transfers.refuse_busy(backup, [job for job in told if job.open], moves_only=True)
        why = "the other server does not have it" if self.target else "whether the other server has it is not told"
        item.steps = [backup_transfers.transfer_step(PUSH, backup, self.destination, why)]
        return [item]

    def proves(self, item: Item) -> bool:
        return self.target is not None

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        return (
            f"an earlier run ended before it knew whether its push of {items[0].before.title} had arrived, and no push is running now.",
            "Look at the other server's list of backups; run again to push.",
        )

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        """The other side has the last word, where it can be asked; else the job's own end is all there is."""
        (item,) = items
        if self.target is None:
            ended = item.watched is not None and item.watched.end == "done"
            return {item.key: State("not told", done=True, ok=ended)}
        if self.other is None:
            self.other = self.stack.enter_context(self.target())
        there = _shows(backups.read_all(self.other, attempts=attempts), item.before)
        return {item.key: State("on the other server" if there else "not on the other server", done=there, ok=there)}

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        missing = {outcome.step.key: _sent(outcome.step) for _item, outcome in unknown}
        return backup_transfers.adopt(self.jobs.fresh(), self.listed, missing)

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_job(step, data)

    def not_reached(self, item: Item) -> Failure:
        if self.target is None:
            for outcome in item.outcomes:
                outcome.state = UNKNOWN
            lost = jobs.lost(item.job, item.what)
            lost.next_step = f"Look at {self.where} before running again."
            return lost
        return Failure(
            "effect_missing",
            "the other server does not list the backup.",
            "Look at the job here and at the list of backups there, then run again.",
        )

    def view(self, item: Item, after: bool) -> dict[str, t.Any]:
        before: t.Any = self.there if self.target else "not told"
        return {"label": item.before.label, "on the other server": True if after and (item.steps or item.join) else before}

    def present(self, item: Item) -> dict[str, t.Any]:
        return {
            **item.before.public(),
            "destination": self.destination,
            "job": item.job,
            "joined": item.join is not None,
            "proven": item.verified and self.target is not None and item.failure is None,
            "server_messages": backups.said(*item.answers),
            **item.facts(),
        }


def push(run: Run, client: XClarity, name: str, destination: str) -> dict[str, t.Any]:
    """Push one backup. The other side is asked when ``target_username`` is set; what its options leave out is as for this one."""
    target = (lambda: api.connect(run, "target_")) if run.params["target_username"] else None
    with contextlib.ExitStack() as stack:
        return drive(Push(run, client, name, destination, target, stack))


def running(told: t.Iterable[jobs.Told]) -> list[jobs.Told]:
    """The jobs that have not ended and speak of a push."""
    return [job for job in told if job.open and backup_transfers.speaks_of(job, PUSH)]


def _shows(listed: t.Sequence[Backup], backup: Backup) -> bool:
    """The other server lists the backup, whole. With another checksum it is a failure: pushing again could not repair it."""
    found = backups.by_uuid(listed).get(backup.uuid.casefold())
    if found is None:
        return False
    if found.checksum != backup.checksum:
        raise backups.checksum_mismatch(backup, "the other server", found.checksum)
    return True


# -- cancel -----------------------------------------------------------------------------------------------------------


class Cancel(Operation):
    """End the push that is running, if one is. job_id: only this one may be ended. ``current`` of the item is the job's entry.

    The job is read by :meth:`look`, not followed: any end of it is well.
    """

    kind, noun, where = "backups", "backups", "the server's jobs"
    empty_ok, about_one = True, True
    refusals = (400, 404, 409, 412)

    def __init__(self, run: Run, client: XClarity, job_id: str | None) -> None:
        super().__init__(run, client)
        self.job_id = job_id

    def read(self) -> list[Item]:
        entries = jobs.read_all(self.client)
        job = choose_cancel(jobs.told(entries), self.job_id)
        if job is None:
            return [Item("none", "push")]
        entry = next(one for one in entries if jobs.ident(one) == job.id)
        return [Item(f"job {job.id}", f"job {job.id}", before=job, current=entry, steps=[cancel_step(job)])]

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        (item,) = items
        entry = jobs.read(self.client, [item.before.id], attempts=attempts).get(item.before.id)
        item.current = entry if entry is not None else item.current
        ended = entry is None or not jobs.is_open(entry)
        return {item.key: State("gone" if entry is None else jobs.state(entry).name, done=ended, ok=ended)}

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        item, outcome = unknown[0]
        entry = jobs.read(self.client, [item.before.id]).get(item.before.id)
        item.current = entry if entry is not None else item.current
        return {outcome.step.key: Accepted(item.before.id)} if jobs.stopping(entry) else {}

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_done(step, data)

    def ended(self, item: Item) -> None:
        if jobs.kind(item.current) == "succeeded":
            self.run.warn(f"The push ended by itself (job {item.before.id}) before the cancel took effect.")

    def not_reached(self, item: Item) -> Failure:
        return jobs.timed_out(item.before.id, item.watched or Watched(""))

    def view(self, item: Item, after: bool) -> dict[str, str]:
        return {"push": "none" if after or item.before is None else item.title}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        return {"backups": [], "job": None if item.before is None else jobs.public(item.current), "history": item.history}


def cancel(run: Run, client: XClarity, job_id: str | None) -> dict[str, t.Any]:
    """Ensure that no push is running. job_id: only this one may be ended; while another runs nothing is sent."""
    return drive(Cancel(run, client, job_id))


def choose_cancel(told: t.Sequence[jobs.Told], job_id: str | None) -> jobs.Told | None:
    """The push to cancel; None when none runs. One that is not ``job_id`` is somebody else's and is left alone."""
    pushes = running(told)
    given = [job for job in told if job_id and job.id == job_id and job.open]
    others = [job for job in pushes if job_id and job.id != job_id]
    if others or len(pushes) > 1:
        other = (others or pushes)[0].id
        raise bad_input(
            "push_not_named",
            f"the push that is running is job {other}" + (f", not {job_id}." if job_id else ", and it is not the only one."),
            "A cancel ends whatever push is running; correct job_id and run again.",
            job=other,
        )
    # What job_id names is believed to be the push, also where its title does not say so.
    return next(iter(pushes or given), None)


def cancel_step(job: jobs.Told) -> Step:
    return Step(
        operation="cancel",
        method="PUT",
        path=PATH,
        resource=f"job {job.id}",
        why="it is the push that is running",
        body={"action": "cancel", "operation": PUSH},
        effect=("the cancel", "accepted"),
    )
