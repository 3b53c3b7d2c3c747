# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one driver: read, plan, stop in check mode, lock, apply once, read back, wait, verify, report.

The file of a resource describes its :class:`Operation`: what only it can know. Nothing else takes the guard, sends a step or
builds a result. Everything is keyed by :attr:`Item.key`, the id that the server knows the resource by.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    JOB,
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
    named,
    was_made,
)
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._progress import Standing
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    NotNeeded,
    Outcome,
    Plan,
    Step,
    send_step,
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Others, Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait

READ_BACK_INTERVAL = 1.0
Pairs = t.Sequence[tuple["Item", Outcome]]
Work = t.Sequence[tuple["Item", Step]]


@dataclasses.dataclass
class Item:
    """One resource in this run.

    key: its id on the server. title: its name for people, unique in the task. desired: what the user asks of it. before: as
    read for the plan; current: as read last. steps: the requests to send. later: those that are sent once the first have been
    verified. follows: what the record knows a request by that will be made of what the first ones find. join: work that is under way
    already and is waited for: the id of its job, or an empty text. touches: the operation also changes something on this machine
    (a file). brief: its row is one of many, so that it is kept short.
    """

    key: str
    title: str
    desired: t.Any = None
    before: t.Any = None
    current: t.Any = None
    steps: t.Sequence[Step] = ()
    later: t.Sequence[Step] = ()
    follows: t.Sequence[str] = ()
    join: str | None = None
    touches: bool = False
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    watched: Watched | None = None
    failure: Failure | None = None
    verified: bool = False
    touched: bool = False
    brief: bool = False
    past: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)  # the history of the stages before this one

    @property
    def predicted(self) -> bool:
        """Whether the plan changes something."""
        return bool(self.steps or self.later or self.touches)

    @property
    def keys(self) -> set[str]:
        """What the record knows its requests by."""
        return {step.key for step in (*self.steps, *self.later)} | set(self.follows)

    @property
    def changed(self) -> bool:
        return self.touched or any(outcome.changed for outcome in self.outcomes)

    @property
    def state(self) -> str:
        """What is known of its requests, in one word."""
        return worst(outcome.state for outcome in self.outcomes)

    @property
    def job(self) -> str | None:
        """The job that was started last, or is joined."""
        return next((outcome.job for outcome in reversed(self.outcomes) if outcome.job), None) or self.join or None

    @property
    def reconciled(self) -> bool:
        return any(outcome.reconciled for outcome in self.outcomes)

    @property
    def history(self) -> list[dict[str, t.Any]]:
        seen = self.past + (self.watched.history if self.watched else [])
        return seen[-1:] if self.brief else seen

    @property
    def unsent(self) -> list[Step]:
        """Its later requests that have not been sent."""
        sent = {outcome.step.key for outcome in self.outcomes}
        return [step for step in self.later if step.key not in sent]

    @property
    def what(self) -> str:
        """For messages."""
        step = self.outcomes[-1].step if self.outcomes else next(iter(self.steps), None)
        return step.what if step else f"wait for {self.title}"

    @property
    def effect(self) -> tuple[str, str] | None:
        """What its request makes; of several the one that was sent last."""
        step = self.outcomes[-1].step if self.outcomes else next(iter(self.steps), None)
        return step.effect if step else None

    @property
    def answers(self) -> list[t.Any]:
        """The parsed answers of its requests that were accepted."""
        return [outcome.data for outcome in self.outcomes if outcome.data is not None]

    @property
    def data(self) -> t.Any:
        """The last of them, or None."""
        return next(reversed(self.answers), None)

    def waits(self) -> bool:
        """There is something to wait for or to verify."""
        started = any(outcome.state == STARTED for outcome in self.outcomes)
        return self.failure is None and not self.verified and (started or self.join is not None)

    @property
    def ready(self) -> bool:
        """Nothing has to be done before its later requests."""
        return bool(self.later) and not self.steps and self.join is None and not self.outcomes

    def facts(self) -> dict[str, t.Any]:
        """What every result says of an item."""
        shown: dict[str, t.Any] = {
            "changed": self.changed,
            "outcome": self.state,
            "reconciled": self.reconciled,
            "history": self.history,
        }
        if self.failure is not None:
            told = self.failure.public()
            if self.brief:  # the rest is in the message, or in the row
                told = {key: told[key] for key in ("code", "status", *self.failure.details) if key in told}
            shown["error"] = {**told, "message": self.failure.message()}
        return shown

    def fail(self, failure: Failure, system: str) -> None:
        """Keep a failure, with what is known of the item. What this run has not started is not told as started."""
        step = self.outcomes[-1].step if self.outcomes else next(iter(self.steps), None)
        failure.about(
            what=self.what,
            system=system,
            operation=step.operation if step else "wait",
            resource=self.title,
            effect=self.effect,
            job=self.job,
        )
        failure.outcome = self.state
        self.failure = failure.bare()


class JobReader(t.Protocol):
    """How jobs are followed on a system that has them."""

    def poll(self, ids: t.Sequence[str]) -> t.Mapping[str, State]:
        """One reading of all of these jobs."""

    def judge(self, watched: Watched, what: str) -> Failure | None:
        """The failure that the end of a wait means; None when it went well, or has to be judged by the resource."""

    def lost(self, watched: Watched, what: str) -> Failure:
        """A job that is gone while its resource does not show the effect."""

    def timed_out(self, job: str, watched: Watched) -> Failure:
        """The time is over before its end was seen."""


class Operation:
    """What a resource has to say. A subclass defines the first group; the rest has defaults.

    kind: of the work, for the record, and for the lock. group: of the kinds that share a lock, since they are about the same
    things. noun: key of the items in the result, and their plural in messages. about_one: there is one item, which diff and result
    (:meth:`more`) are about. where: the place that a person has to look at when an outcome stays unknown. at_once: an accepted
    request has its effect at once, so it is given a moment to show (``reconcile_timeout``), not the whole wait. lags: what is read
    may be older than the end of the job, so that the rest of the wait is given to it. refusals: statuses of a refusal that may mean
    that the effect is there already. jobs: how its jobs are followed, where it has some. reads_only: it only waits for what others
    have started. joins: run again while its work is under way, it waits for that and starts nothing. serial: each of the later
    requests of an item is a stage of its own, since its resource does one thing at a time. holds: the lock is held to the end, for
    what others read on the way shows neither the old state nor the new one. others: for :meth:`read` and :meth:`free`, which give
    the lock back while they wait for other runs.
    """

    kind = ""
    group = ""
    noun = ""
    about_one = False
    where = ""
    at_once = False
    lags = False
    reads_only = False
    joins = False
    empty_ok = False
    serial = False
    refusals: tuple[int, ...] = ()
    poll_failures = 10
    jobs: JobReader | None = None
    identity_is_known = False  # identity() sends nothing
    holds = False
    others: Others

    def __init__(self, run: Run, client: Client) -> None:
        self.run, self.client = run, client

    def identity(self) -> tuple[str, ...]:
        """What the server is, as it tells itself, or the part of it that the work is about."""
        return self.client.identity()

    def read(self) -> list[Item]:
        """The items with their steps, from one reading. Raises what is refused before anything is sent."""
        raise NotImplementedError

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> t.Mapping[str, State]:
        """One reading: how each item stands, ``ok`` once the effect shows. Keeps it as ``item.current``."""
        raise NotImplementedError

    def view(self, item: Item, after: bool) -> t.Any:
        """The item before and after, in the user's words, for --diff."""
        raise NotImplementedError

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        """The items in the result."""
        return {} if self.about_one else {self.noun: [self.present(item) for item in items]}

    def diff(self, items: t.Sequence[Item], *, after: bool) -> t.Any:
        """One side of --diff."""
        if self.about_one:
            return self.view(items[0], after)
        return {item.key: self.view(item, after) for item in items}

    def present(self, item: Item) -> dict[str, t.Any]:
        """The item in the result."""
        return item.facts()

    def not_reached(self, item: Item) -> Failure:
        """The work is said to be done, but the resource does not show it."""
        raise NotImplementedError

    # -- with defaults -----------------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        """What an answer means; see :func:`_reconcile.send_step`."""
        return Accepted(data=data)

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        """The same where the headers count too: some answers name their job there only."""
        return self.accept(step, data)

    def arrived(self, item: Item, outcome: Outcome, state: State) -> bool:
        """The request whose answer was lost has had its effect."""
        return state.ok

    def find(self, unknown: Pairs) -> t.Mapping[str, Accepted]:
        """Of the requests without an answer those that are found to have arrived, by the key of their step. One reading."""
        states = self.look([item for item, _outcome in unknown])
        return {
            outcome.step.key: Accepted()
            for item, outcome in unknown
            if item.key in states and self.arrived(item, outcome, states[item.key])
        }

    def proves(self, item: Item) -> bool:
        """The reading tells what became of the same request of an earlier run that was killed."""
        return True

    def repeats(self, item: Item) -> bool:
        """Each run sends it anew, and none joins it: a restart, an installation."""
        return False

    def shows_late(self, item: Item) -> bool:
        """What is read may be as it was before an accepted request, even when its job has ended. So that one stays in the record until its
        effect was seen, and :meth:`read` judges what it finds there (``others.accepted``)."""
        return False

    def sends_anew(self, item: Item) -> bool:
        """Run again, the task sends the request of this item once more, whatever came of it."""
        return self.repeats(item)

    def goes_on(self, items: t.Sequence[Item]) -> str:
        """What to do about requests of these items, which the run has left under way, where running again is no advice."""
        if len(items) > 1:
            return f"What was started goes on by itself: look at {self.where}. Run again, this task would send its requests once more."
        item = items[0]
        if item.state == UNKNOWN:
            return f"Look at {self.where}. Run again, this task would send its request once more."
        if self.jobs is not None and item.job:
            return self.jobs.timed_out(item.job, Watched(item.job)).next_step
        return f"It goes on by itself: look at {self.where}. Run again, this task would send its request once more."

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        """(why, next step) where it does not. What each run sends anew stays in the record to its end, so the other run may be at it."""
        names = named([item.title for item in items])
        if any(self.repeats(item) for item in items):
            why = f"another run has started the same for {names} and is still at it, or ended before it saw the end."
            return f"{why} Two hosts or plays may name it.", f"Name each only once, or look at {self.where}; run again to send them."
        return (
            f"an earlier run ended before it knew what became of its requests for {names}.",
            f"Look at {self.where}; run again to send them.",
        )

    def watches_resource(self, item: Item) -> bool:
        """The effect may show before the job ends, so that the resource is looked at in each poll as well."""
        return False

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        """The time is over, and the work goes on."""
        if self.jobs is not None and item.job:
            return self.jobs.timed_out(item.job, watched)
        last = watched.state.name if watched.state is not None else "never seen"
        joins = "run this task again to join the wait, with a longer wait_timeout."
        hint = joins if self.joins or self.reads_only else f"look at {self.where} before running again."
        return Failure("wait_timeout", f"it had not ended in time (last state: {last}).", f"It goes on by itself: {hint}")

    def left(self, item: Item) -> str:
        """What an item that failed leaves open on the server, and how to close it, when the failure itself does not tell; or nothing."""
        return ""

    def ended(self, item: Item) -> None:
        """Called once the effect shows, for a warning perhaps."""

    def has_next(self, item: Item) -> bool:
        """Something follows on what was verified so far."""
        return bool(item.unsent)

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """The requests of the next stage for these items, which have one. Called with the lock in hand; may read. For an item of which
        others have begun the work meanwhile it sets ``join`` in place of a request."""
        if self.serial:
            return [(item, self.known(item, item.unsent[0])) for item in items]
        return [(item, step) for item in items for step in item.later]

    def free(self, work: Work, *, wait: bool) -> bool:
        """Nothing else is under way on the resources of these requests, where they do one thing at a time. wait: until that is so; raises
        when it takes too long."""
        return True

    def reserves(self, item: Item) -> t.Iterable[str]:
        """What no other run of this machine works on until the last request for the item is sent, by the ids that :meth:`read` and
        :meth:`free` look at."""
        return ()

    def brought(self, work: Work) -> t.Collection[str]:
        """Of these requests, which were planned some time ago, those whose effect is there by now, by the keys of their steps: others
        may have sent the same meanwhile. One reading, kept as ``item.current``."""
        return ()

    def known(self, item: Item, step: Step) -> Step:
        """A foreseen request with what an earlier one of its item has told by now."""
        return step

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """A refusal that the user does not have to read: the item is as it is desired all the same."""
        return False

    def explain(self, step: Step, failure: Failure) -> None:
        """Put into a refusal what is known of the case where the server's message does not help."""

    def check(self, items: t.Sequence[Item]) -> None:
        """In check mode: ask the server what only it can tell. May set failures."""

    def prepare(self, items: t.Sequence[Item]) -> None:
        """Before anything is sent: what can go wrong on this machine goes wrong here. May read."""

    def conclude(self, items: t.Sequence[Item]) -> None:
        """After the wait: a last reading, and what is left to do on this machine. May set failures."""

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        """More keys of the result."""
        return {}


def drive(operation: Operation) -> dict[str, t.Any]:
    """Run an operation; returns the result, raises :class:`Failure` with the result beside it."""
    task = _Task(operation)
    try:
        result = task.carry_out()
    except Failure as failure:
        task.keep(failure.result)
        raise
    except BaseException as exc:
        if isinstance(exc, Ended):
            operation.run.progress.part()
        task.keep(None)
        raise
    task.keep(result)
    return result


class _Task:
    """One run of an operation."""

    def __init__(self, operation: Operation) -> None:
        self.op, self.run, self.client = operation, operation.run, operation.client
        self.items: list[Item] = []
        self.plan = Plan()
        self.planned = self.sent = False

    def carry_out(self) -> dict[str, t.Any]:
        op, run = self.op, self.run
        guard = run.guard(self.client.system, op.kind, op.group)
        op.others = guard
        try:
            return self._carry_out(guard)
        finally:
            guard.reserve(())

    def _carry_out(self, guard: Guard) -> dict[str, t.Any]:
        op, run = self.op, self.run
        with contextlib.ExitStack() as stack:
            self._read(guard, stack)
            self._refuse_doubts(guard)
            self._stop_early()
            self.plan = Plan(
                [step for item in self.items for step in item.steps] + [step for item in self.items for step in item.later],
                op.diff(self.items, after=False),
                op.diff(self.items, after=True),
            )
            self.planned = True
            if run.check_mode:
                op.check(self.items)
                return self._end(guard, any(item.predicted and item.failure is None for item in self.items))
            op.prepare(self.items)
            self._send(guard, [(item, step) for item in self.items for step in item.steps])
            if op.holds:
                self._follow_up(guard)
        if not op.holds:
            self._follow_up(guard)
        op.conclude(self.items)
        return self._end(guard, any(item.changed for item in self.items))

    def _follow_up(self, guard: Guard) -> None:
        self._wait()
        while work := self._next(guard):
            self._wait(work)

    # -- read and plan -----------------------------------------------------------------------------------------------

    def _read(self, guard: Guard, stack: contextlib.ExitStack) -> None:
        """Read and plan. Where something is to be sent, the reading that counts is made under the lock, or nobody had the lock
        since it was made. So what changes nothing asks for no identity, takes no lock and waits for nobody."""
        op, run = self.op, self.run
        if op.reads_only:
            self.items = op.read()
            return
        read = False
        if not op.identity_is_known and guard.quiet():
            self.items, read = op.read(), True
            if run.check_mode or not any(item.steps or item.later for item in self.items):
                return
        guard.identify(*op.identity())
        if run.check_mode:
            guard.peek()
        else:
            stack.enter_context(guard)
            if guard.note:
                run.warn(guard.note)
        if not (read and guard.undisturbed):
            self.items = op.read()

    def _refuse_doubts(self, guard: Guard) -> None:
        """Refuse what an earlier run may have sent already, when the reading does not tell. All of it is named, and only what was
        named is not asked about again."""
        unfinished = guard.unfinished
        if not unfinished:
            return
        doubtful: list[Item] = []
        for item in self.items:
            if item.keys & unfinished and not self.op.proves(item):
                doubtful.append(item)
            elif not item.predicted and item.join is None and item.failure is None and not self.run.check_mode:
                # It is as it is wanted: whatever was sent for it has come to its end.
                guard.settled_by_reading(key for key in unfinished if key.partition(":")[2] == item.key)
        if not doubtful:
            return
        if not self.run.check_mode:
            named_ones = {key for item in doubtful for key in item.keys}
            self.run.after_told.append(lambda: guard.tell(named_ones))
        step = next(iter((*doubtful[0].steps, *doubtful[0].later)))
        jobs = [guard.started(item.keys) for item in doubtful]
        started = sum(found is not None for found in jobs)
        why, next_step = self.op.doubt(doubtful)
        repeats = any(self.op.repeats(item) for item in doubtful)
        names = named([item.title for item in doubtful])
        own = all(guard.told_by_this_task(item.keys) for item in doubtful)
        if repeats and own:
            sent = "has started it for {}." if started == len(doubtful) else "does not know what became of it for {}."
            why = f"an earlier attempt of this task, for this host or another, {sent.format(names)}"
            next_step = f"Look at {self.op.where}; run again to send it."
        elif started == len(doubtful) and not repeats:
            why = f"an earlier run ended before it saw the end of what it had started for {names}."
        state = STARTED if started == len(doubtful) else UNKNOWN
        failure = Failure(
            "earlier_run_unfinished",
            why,
            next_step,
            outcome=state,
            system=self.client.system,
            operation=step.operation,
            resource=doubtful[0].title,
            resources=[item.title for item in doubtful],
            effect=step.effect,
            known=_doubt_sentence(jobs, step.effect, seen=not repeats or own),
        )
        failure.result = {**self.result(), "changed": False, "outcome": state}
        # It counts as told from now on, so a run that is told to end before its exit tells it all the same.
        self.run.ending = lambda ended: ended.become(failure)
        raise failure

    def _stop_early(self) -> None:
        """An item that was refused in the plan is a failed one, after which no other is begun where the user wants that."""
        if self.run.params.get("on_failure") != "stop" or not any(item.failure is not None for item in self.items):
            return
        for item in self.items:
            if item.failure is None and item.predicted:
                item.fail(_skipped(), self.client.system)
                item.steps, item.later, item.touches = (), (), False

    # -- apply -------------------------------------------------------------------------------------------------------

    def _send(self, guard: Guard, work: Work) -> None:
        """Send each step once; read back what has no answer."""
        if not work:
            return
        op, params = self.op, self.run.params
        guard.intend(step.key for _item, step in work)
        self.sent = True
        pairs: list[tuple[Item, Outcome]] = []
        for item, step in work:
            outcome = Outcome(step)
            item.outcomes.append(outcome)
            pairs.append((item, outcome))
        self.run.outcomes += [outcome for _item, outcome in pairs]

        def work_on(pair: tuple[Item, Outcome]) -> bool:
            outcome = pair[1]
            send_step(self.client, outcome, op.receive, empty_ok=op.empty_ok, turn=lambda: self._turn(*pair))
            self._resolve(guard, *pair)
            return outcome.failure is None

        begun = 0
        try:
            begun = each(
                pairs,
                work_on,
                concurrency=params.get("concurrency", 1),
                clock=self.run.clock,
                stop=params.get("on_failure") == "stop",
                abort=self.client.transport.abort,
            )
        except BaseException:
            for _item, outcome in pairs:
                if outcome.state == NONE:
                    guard.resolve(outcome.step.key, NONE)
            raise
        for item, outcome in pairs[begun:]:
            guard.resolve(outcome.step.key, NONE)
            item.outcomes.remove(outcome)
            item.fail(_skipped(), self.client.system)
        for item, outcome in pairs[:begun]:
            if not outcome.needed:
                item.outcomes.remove(outcome)
                item.verified = True
                self._drop(item, outcome.step)
        self._read_back(guard, pairs[:begun])
        self._look_at_refused(pairs[:begun])
        self._reserve(guard)
        for item, outcome in pairs[:begun]:
            if outcome.failure is None:
                continue
            if outcome.state == NOT_STARTED and op.tolerates(item, outcome):
                outcome.failure = None
                continue
            op.explain(outcome.step, outcome.failure)
            if item.failure is None:
                item.fail(outcome.failure, self.client.system)

    def _reserve(self, guard: Guard) -> None:
        """Keep what further requests follow for, and only that."""
        if not self.run.params.get("wait", True):
            return
        kept = [(item, list(self.op.reserves(item))) for item in self.items if item.failure is None and item.outcomes]
        guard.reserve({ident for item, idents in kept if idents and self.op.has_next(item) for ident in idents})

    def _turn(self, item: Item, outcome: Outcome) -> bool:
        """A request was refused because other work was under way on its resource: whether it can be sent again. Raises
        :class:`NotNeeded` when that work has brought what it asks for."""
        work = [(item, outcome.step)]
        try:
            if not self.op.free(work, wait=False):
                return False
            if outcome.step.key in self.op.brought(work):
                raise NotNeeded
        except Failure as failure:
            if failure.transient:
                return False
            failure.outcome = NOT_STARTED
            raise
        return True

    def _drop(self, item: Item, step: Step) -> None:
        """A planned request is not needed any more: the plan tells what was sent."""
        item.steps = [one for one in item.steps if one.key != step.key]
        item.later = [one for one in item.later if one.key != step.key]
        planned = self.plan.steps
        exactly = [number for number, one in enumerate(planned) if one == step]
        foreseen = [number for number, one in enumerate(planned) if one.key == step.key and one.foreseen]
        if exactly or foreseen:
            del planned[(exactly or foreseen)[0]]
        if not item.predicted and not item.outcomes:
            self.plan.after = self.op.diff(self.items, after=True)

    def _read_back(self, guard: Guard, pairs: Pairs) -> None:
        """Learn what became of the requests whose answer was lost, by reading only, until nothing can be on its way any more."""
        clock = self.run.clock
        unknown = [(item, outcome) for item, outcome in pairs if outcome.state == UNKNOWN]
        deadline = Deadline(clock, self.run.params["reconcile_timeout"])
        while unknown:
            found: t.Mapping[str, Accepted] = {}
            try:
                found = self.op.find(unknown)
            except Failure as failure:
                if failure.outcome == UNKNOWN:  # the operation tells itself what is not known
                    for _item, outcome in unknown:
                        outcome.failure = failure
                    return
                if not failure.transient:
                    break
            for item, outcome in unknown:
                accepted = found.get(outcome.step.key)
                if accepted is not None:
                    outcome.state, outcome.job, outcome.data = STARTED, accepted.job or outcome.job, accepted.data
                    outcome.reconciled, outcome.failure = True, None
                    self._resolve(guard, item, outcome)
            unknown = [(item, outcome) for item, outcome in unknown if outcome.state == UNKNOWN]
            if deadline.passed():
                break
            if unknown:
                clock.sleep(min(READ_BACK_INTERVAL, max(deadline.left(), 0.01)))
        for item, outcome in unknown:
            if outcome.failure is not None:
                outcome.failure.next_step = f"Look at {self.op.where} for {item.title} before running again."

    def _look_at_refused(self, pairs: Pairs) -> None:
        """A refusal may only mean that somebody else was quicker."""
        refused = [
            (item, outcome)
            for item, outcome in pairs
            if outcome.state == NOT_STARTED and outcome.failure is not None and outcome.failure.status in self.op.refusals
        ]
        if not refused:
            return
        try:
            found = self.op.find(refused)
        except Failure:
            return  # the refusal is what the user has to read
        for _item, outcome in refused:
            if outcome.step.key in found:
                outcome.state, outcome.failure = NONE, None

    # -- wait and verify ---------------------------------------------------------------------------------------------

    def _wait(self, items: t.Sequence[Item] | None = None) -> None:
        """Until each effect shows: first the jobs where there are some, then the resources themselves."""
        params = self.run.params
        pending = [item for item in (self.items if items is None else items) if item.waits()]
        if not pending or not params.get("wait", True):
            return
        settle = params["reconcile_timeout"]
        deadline = Deadline(self.run.clock, params.get("wait_timeout", settle))
        if self.op.jobs is not None:
            self._follow(self.op.jobs, pending, deadline)
        pending = [item for item in pending if item.waits()]
        told = [item for item in pending if self.op.at_once or (item.watched is not None and item.watched.end == "done")]
        interval = params.get("poll_interval", READ_BACK_INTERVAL)
        soon = min(interval, READ_BACK_INTERVAL)
        self._first_reading(told, deadline, soon)
        patience = max(deadline.left(), settle) if self.op.lags else settle
        self._verify([item for item in told if item.waits()], patience, interval if self.op.lags else soon, told=True)
        known = {id(item) for item in told}
        late = [item for item in pending if id(item) not in known]
        self._verify(late, max(deadline.left(), 0.0), interval, told=False)

    def _follow(self, jobs: JobReader, items: t.Sequence[Item], deadline: Deadline) -> None:
        """Wait for the jobs, with one poll for all of them."""
        by_job: dict[str, list[Item]] = {}
        for item in items:
            if item.job:
                by_job.setdefault(item.job, []).append(item)
        if not by_job:
            return
        beside = [item for item in items if item.job and self.op.watches_resource(item)]

        def poll(ids: list[str]) -> dict[str, State]:
            states = dict(jobs.poll(ids))
            looked = [item for item in beside if item.job in ids and not (item.job in states and states[item.job].done)]
            for key, state in (self.op.look(looked, attempts=1) if looked else {}).items():
                job = next(item.job for item in looked if item.key == key)
                if job is not None and state.ok:
                    states[job] = dataclasses.replace(states.get(job, state), done=True, ok=True)
            return states

        interval = self.run.params["poll_interval"]
        ends = self._bear(items, lambda: self._polled(by_job, poll, deadline.left(), interval))
        for job, watched in ends.items():
            for item in by_job[job]:
                item.watched = watched
                if watched.unread is not None:
                    self._unread(item, watched.unread)
                    continue
                failure = jobs.judge(watched, item.what)
                if failure is not None:
                    if watched.end == "done":
                        self._finished(item)
                    item.fail(failure, self.client.system)

    def _verify(self, items: t.Sequence[Item], timeout: float, interval: float, *, told: bool) -> None:
        """Read the resources until they show the effect. told: their jobs, or the server, said that it is there."""
        by_key = {item.key: item for item in items}
        if not by_key:
            return

        def poll(keys: list[str]) -> t.Mapping[str, State]:
            return self.op.look([by_key[key] for key in keys], attempts=1)

        followed = {key: [item] for key, item in by_key.items()}
        ends = self._bear(items, lambda: self._polled(followed, poll, timeout, interval))
        for key, watched in ends.items():
            self._judge(by_key[key], watched, told)

    def _first_reading(self, items: t.Sequence[Item], deadline: Deadline, interval: float) -> None:
        """Until the resources can be read at all (a server may be quiesced, or restart): only then does the moment begin in which
        the effect has to show."""
        by_key = {item.key: item for item in items}
        if not by_key:
            return

        def poll(keys: list[str]) -> t.Mapping[str, State]:
            states = self.op.look([by_key[key] for key in keys], attempts=1)
            missing = {key: State("not there") for key in keys}
            return {key: dataclasses.replace(state, done=True) for key, state in {**missing, **states}.items()}

        # Whatever is read ends this wait, so that it says nothing of how the items stand.
        silent: dict[str, t.Sequence[Item]] = dict.fromkeys(by_key, ())
        ends = self._bear(items, lambda: self._polled(silent, poll, deadline.left(), interval))
        for key, watched in ends.items():
            if watched.state is not None and watched.state.ok:
                self._judge(by_key[key], watched, True)

    def _polled(
        self,
        followed: t.Mapping[str, t.Sequence[Item]],
        poll: t.Callable[[list[str]], t.Mapping[str, State]],
        timeout: float,
        interval: float,
    ) -> dict[str, Watched]:
        """followed: the items behind each key that is polled."""
        return wait(
            followed,
            poll,
            self.run.clock,
            timeout=max(timeout, 0.0),
            interval=interval,
            poll_failures=self.op.poll_failures,
            pause=self.client.pause,
            seen=lambda watched: self.run.progress.see(lambda: self._standing(followed, watched)),
        )

    def _standing(self, followed: t.Mapping[str, t.Sequence[Item]], watched: t.Mapping[str, Watched]) -> Standing:
        """How all items stand in the middle of a wait."""
        now = {id(item): watched[key] for key, items in followed.items() for item in items}
        done = failed = 0
        still: list[tuple[str, State | None]] = []
        unsent = 0
        for item in self.items:
            one = now.get(id(item))
            ended = one is not None and one.end == "done" and one.state is not None
            if item.failure is not None or (ended and one is not None and one.state is not None and not one.state.ok):
                failed += 1
            elif ended or not item.waits():
                done += 1
            else:
                still.append((item.title, one.state if one is not None else None))
                unsent += bool(item.unsent)
        silent = max((one.silent for one in watched.values() if not one.end), default=0.0)
        return Standing(done, failed, still, "" if self.op.joins or self.op.reads_only else self.op.where, silent, unsent)

    def _bear(self, items: t.Sequence[Item], call: t.Callable[[], dict[str, Watched]]) -> dict[str, Watched]:
        """A wait that itself fails (login lost, certificate changed) leaves what was started as it is, and says so."""
        try:
            return call()
        except Failure as failure:
            for item in items:
                if item.waits():
                    self._unread(item, failure)
            return {}

    def _unread(self, item: Item, failure: Failure) -> None:
        """How it stands could not be read any more."""
        joins = self.op.joins or self.op.reads_only
        hint = "Run again: the task joins the wait and starts nothing." if joins else f"Look at {self.op.where}, then run again."
        if self.op.at_once and item.state == STARTED:
            told = failure.later("the request was accepted, but what came of it could not be read: ")
            told.next_step = hint if failure.transient else failure.next_step
        else:
            told = failure.not_followed(was_made(item.effect, item.job) if item.changed else "", hint)
        item.fail(told, self.client.system)

    def _judge(self, item: Item, watched: Watched, told: bool) -> None:
        job = item.watched
        if job is None or not job.history:
            item.watched = watched
        if watched.state is not None and watched.state.ok:
            self._finished(item)
            item.verified = True
            self.op.ended(item)
        elif watched.unread is not None:
            self._unread(item, watched.unread)
        elif job is not None and job.end == "lost" and self.op.jobs is not None:
            for outcome in item.outcomes:
                outcome.state = UNKNOWN if outcome.state == STARTED else outcome.state
            item.fail(self.op.jobs.lost(job, item.what), self.client.system)
        elif watched.end == "timed_out" and not told:
            item.fail(self.op.timed_out(item, watched), self.client.system)
        else:
            item.fail(self.op.not_reached(item), self.client.system)

    def _finished(self, item: Item) -> None:
        for outcome in item.outcomes:
            outcome.state = FINISHED if outcome.state == STARTED else outcome.state

    # -- the next stage ----------------------------------------------------------------------------------------------

    def _next(self, guard: Guard) -> list[Item]:
        """Send what follows on verified first requests; the items that it was sent for."""
        self._reserve(guard)
        done = [item for item in self.items if item.failure is None and (item.verified or item.ready)]
        ready = [item for item in done if self.op.has_next(item)]
        stopped = self.run.params.get("on_failure") == "stop" and any(item.failure is not None for item in self.items)
        if not ready or stopped:
            return []
        try:
            self.client.resume()  # whoever holds a session may wait for the lock, so the lock is not held while one is waited for
            if not guard.identified:  # nothing was to be sent so far
                guard.identify(*self.op.identity())
            with guard if not self.op.holds else contextlib.nullcontext():
                unplanned = {id(item) for item in ready if not item.predicted}
                work = self._due(ready)
                self._plan_more([step for _item, step in work])
                if any(id(item) in unplanned for item, _step in work):
                    self.plan.after = self.op.diff(self.items, after=True)
                for item, _step in work:
                    item.verified = False
                    if self.op.serial:
                        item.past, item.watched = item.history, None
                self._send(guard, work)
        except Failure as failure:  # no lock, no list: nothing more was sent, and the first requests stay done
            for item in (one for one in ready if one.failure is None):
                item.fail(failure.later("before the next request, "), self.client.system)
            return []
        return [item for item in ready if item.waits()]

    def _due(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """The requests of the next stage, with the lock in hand. It was given back since they were planned, so what others have brought
        meanwhile is left out."""
        due: list[tuple[Item, Step]] = []
        while items:
            work = self.op.next_steps(items)
            self.op.free(work, wait=True)
            brought = self.op.brought(work)
            due += [(item, step) for item, step in work if step.key not in brought]
            gone = [(item, step) for item, step in work if step.key in brought]
            for item, step in gone:
                self._drop(item, step)
            items = [item for item, _step in gone if self.op.has_next(item)] if self.op.serial else []
        return due

    def _plan_more(self, steps: t.Sequence[Step]) -> None:
        """What is sent now stands in the plan: where it was foreseen, with what was not known then (an id that the server gave)."""
        planned = self.plan.steps
        places: dict[str, list[int]] = {}
        for number, step in enumerate(planned):
            places.setdefault(step.key, []).append(number)
        for step in steps:
            of_one = places.get(step.key, [])
            if any(planned[number] == step for number in of_one):
                continue
            place = next((number for number in of_one if planned[number].foreseen), None)
            if place is None:
                planned.append(step)
            else:
                planned[place] = step

    # -- report ------------------------------------------------------------------------------------------------------

    def keep(self, reached: dict[str, t.Any] | None) -> None:
        """The run may be told to end, or meet a defect, here or afterwards (amid the log-out): what it had reached is told beside."""
        if self.sent:
            self.run.partial = reached or self.result()
            self.run.ending = self.tell_ending

    def tell_ending(self, failure: Failure) -> None:
        """Fill in what is known of the items when the run ended with ``failure``, which came from elsewhere. Those whose end is open
        get an error of their own. Nothing is read for it."""
        system, result = self.client.system, self.run.partial or {}
        for item in (one for one in self.items if one.failure is None):
            refusal = next((one.failure for one in item.outcomes if one.failure is not None), None)
            if item.state in (STARTED, UNKNOWN):
                own = failure.copy()
                if self.op.sends_anew(item):
                    own.left_under_way(self.op.goes_on([item]))
                item.fail(own, system)
            elif item.state == NOT_STARTED and refusal is not None:
                item.fail(refusal, system)
        state = worst(item.state for item in self.items)
        opened = [item for item in self.items if item.state in (STARTED, UNKNOWN)]
        first = (opened or self.items)[0]
        step = first.outcomes[-1].step if first.outcomes else None
        anew = [item for item in opened if self.op.sends_anew(item)]
        if anew:
            failure.left_under_way(self.op.goes_on(anew))
        self._tell_left(first, failure)
        failure.outcome = state
        failure.about(system=system, operation=step.operation if step else None, resource=first.title, effect=first.effect)
        if len(self.items) == 1:
            failure.about(what=first.what, job=first.job)
        else:
            failure.resources = [item.title for item in opened]
            failure.of_all(_at_the_end(self.items, self.op.noun))
        failure.result = {**result, **self.op.rows(self._selected()), "outcome": state}

    def _is_open(self, item: Item) -> bool:
        """Its request stays in the record until its end was seen, or its user was told that it was not: run again, it would be sent
        once more, and nothing else holds whoever comes after a run that was killed."""
        return self.op.shows_late(item) or (self.op.repeats(item) and bool(self.run.params.get("wait", True)))

    def _resolve(self, guard: Guard, item: Item, outcome: Outcome) -> None:
        """Record what became of a request, unless it stays open until its end was seen."""
        if outcome.state == STARTED and self._is_open(item):
            guard.keep(outcome.step.key, outcome.job)
        else:
            guard.resolve(outcome.step.key, outcome.state)

    def _settle(self, guard: Guard) -> None:
        """What became of such requests is in the record: the end was seen, or it is told that it was not."""
        kept = [item for item in self.items if item.outcomes and self._is_open(item)]
        over = [
            item for item in kept
            if (item.failure.over if item.failure is not None else item.verified or not self.op.shows_late(item))
        ]  # fmt: skip
        seen = {outcome.step.key for item in over for outcome in item.outcomes}
        rest = {outcome.step.key for item in kept if not self.op.shows_late(item) for outcome in item.outcomes} - seen
        if seen:
            guard.settle(seen)
        if rest:
            self.run.after_told.append(lambda: guard.tell(rest))

    def _end(self, guard: Guard, changed: bool) -> dict[str, t.Any]:
        self._settle(guard)
        failed = [item for item in self.items if item.failure is not None]
        for item in failed:
            self._tell_left(item, item.failure)
        result = self.result() | {"changed": changed}
        if not failed:
            return result
        failure = _summary(failed, self.items, self.op.noun)
        failure.result = result
        unknown = [outcome.step.key for item in failed for outcome in item.outcomes if outcome.state == UNKNOWN]
        if unknown:
            self.run.after_told.append(lambda: guard.tell(unknown))
        raise failure

    def _tell_left(self, item: Item, failure: Failure | None) -> None:
        left = self.op.left(item)
        if left and failure is not None:
            failure.next_step = f"{left} {failure.next_step}".strip()

    def result(self) -> dict[str, t.Any]:
        """What every module that changes something returns. ``duration`` is added at the exit."""
        items = self.items
        shown = self._selected()
        return {
            "changed": any(item.changed for item in items),
            "outcome": worst(item.state for item in items),
            "plan": self._plan_of(shown),
            "diff": {"before": self.plan.before, "after": self.plan.after},
            **self.op.rows(shown),
            **(self.op.more(items) if self.planned else {}),
        }

    def _selected(self) -> list[Item]:
        """The items that the user wants in the result, made short where there are many."""
        params = self.run.params
        for item in self.items:
            item.brief = len(self.items) > 1 and params.get("return_history") == "short"
        which = params.get("return_items", "all")
        if which == "all" or self.op.about_one:
            return self.items
        changed = which == "changed"
        return [
            item
            for item in self.items
            if item.failure is not None or (changed and (item.changed or (self.run.check_mode and item.predicted)))
        ]

    def _plan_of(self, items: list[Item]) -> list[dict[str, t.Any]]:
        """The planned requests of these."""
        if items is self.items:
            return self.plan.public()
        keys = {step.key for item in items for step in (*item.steps, *item.later, *(outcome.step for outcome in item.outcomes))}
        return [step.public() for step in self.plan.steps if step.key in keys]


def _skipped() -> Failure:
    return Failure("skipped", "an earlier item failed and on_failure is stop.", "Run again.")


def _summary(failed: t.Sequence[Item], items: t.Sequence[Item], noun: str) -> Failure:
    """One failure for all: the only one as it is; of several how many and which failed, how many were started, and the first
    reason. The sentence about the server is of all items."""
    failures = [t.cast(Failure, item.failure) for item in failed]
    first = next((failure for failure in failures if failure.code != "skipped"), failures[0])
    if len(items) == 1:
        return first
    effect = first.effect or JOB
    started = sum(item.state in (STARTED, FINISHED) for item in items)
    unknown = sum(item.state == UNKNOWN for item in items)
    names = [item.title for item in failed]
    lost = sum(item.failure is not None and item.failure.unfollowed and item.changed for item in failed)
    counted = f"; {_counted(started, effect)}{_not_followed(lost, started)}" if started else ""
    known = _unknown_sentence(unknown, len(items), effect) if unknown else "" if started else None
    summary = Failure(
        first.code,
        first.why,
        first.next_step,
        what=f"{len(failed)} of {len(items)} {noun} failed ({named(names)}){counted}. The first: {first.what}",
        outcome=worst(item.state for item in items),
        status=first.status,
        system=first.system,
        operation=first.operation,
        resource=first.resource,
        resources=names,
        job=first.job,
        effect=effect,
        known=known,
    )
    summary.server_message = first.server_message
    return summary


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def _at_the_end(items: t.Sequence[Item], noun: str) -> str | None:
    """What is known of several when the run ends before it is through with them: ``2 of 9 profiles were started (a, b), it is not
    known whether 1 was started (c), nothing was changed for the rest.`` None when nothing came of any."""
    told: list[str] = []
    count = 0
    for state, form in ((FINISHED, "{} done"), (STARTED, "{} {}"), (UNKNOWN, "it is not known whether {} {}")):
        some = [item for item in items if item.state == state]
        if not some:
            continue
        thing, done = some[0].effect or JOB
        one = len(some) == 1
        things = noun if (thing, done) == JOB or state == FINISHED else _plural(thing.removeprefix("the "))
        of = "" if told else f" of {len(items)} {things}"
        verb = ("is" if one else "are") if state == FINISHED else "was" if one else "were"
        names = "" if state == FINISHED else f" ({named([item.title for item in some], 120)})"
        told.append(form.format(f"{len(some)}{of} {verb}", done) + names)
        count += len(some)
    if not told:
        return None
    if count < len(items):
        told.append("nothing was changed for the rest")
    text = ", ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _counted(count: int, effect: tuple[str, str]) -> str:
    """``296 were started``; ``3 deletions were accepted``."""
    thing, done = effect
    word = thing.removeprefix("the ")
    noun = "" if effect == JOB else f"{word if count == 1 else _plural(word)} "
    return f"{count} {noun}{'was' if count == 1 else 'were'} {done}"


def _not_followed(count: int, started: int) -> str:
    """Of those that were started how many could not be followed."""
    if not count:
        return ""
    return " and could not be followed to the end" if count == started else f", {count} of them could not be followed to the end"


def _doubt_sentence(jobs: t.Sequence[t.Sequence[str] | None], effect: tuple[str, str], *, seen: bool = True) -> str | None:
    """What is known of the requests of another run. jobs: those that each item has started; None where that is not known. seen: that run is
    over, so the end was not seen; it may still be at it otherwise."""
    started = [found for found in jobs if found is not None]
    unknown = _unknown_sentence(len(jobs) - len(started), len(jobs), effect)
    end = "was not seen" if seen else "is not recorded"
    if not started:
        return unknown
    if len(jobs) == 1:
        made = was_made(effect, ", ".join(started[0]))
        return f"{made[:1].upper()}{made[1:]}; its end {end}."
    told = f"{len(started)} of them {'was' if len(started) == 1 else 'were'} {effect[1]}, and the end {end}."
    return told if len(started) == len(jobs) else f"{told} {unknown}"


def _unknown_sentence(count: int, of: int, effect: tuple[str, str]) -> str | None:
    """The fixed sentence for several; None for one, which has its own."""
    if of == 1:
        return None
    return f"It is not known whether {count} of them {'was' if count == 1 else 'were'} {effect[1]}."
