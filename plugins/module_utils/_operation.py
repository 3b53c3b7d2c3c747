# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a resource has to say for its changes: its :class:`Item` and its :class:`Operation`, which :mod:`_driver` runs.

The file of a resource describes its operation: what only it can know. Nothing else than the driver takes the guard, sends a step or
builds a result. Everything is keyed by :attr:`Item.key`, the id that the server knows the resource by.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, STARTED, UNKNOWN, Failure, named, was_made
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step, worst
from ansible_collections.groundwork.provision.plugins.module_utils._run import Others, Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched

READ_BACK_INTERVAL = 1.0  # seconds between two readings that look for an effect
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
        done = [one for one in self.outcomes if one.changed]
        if done and any(one.failure is failure and one.state == NOT_STARTED for one in self.outcomes):
            made = was_made(done[-1].step.effect, done[-1].job)
            failure.refused_after(made, [f"{one.step.operation} {one.step.name}" for one in done])
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

    def anew(self, item: Item) -> str:
        """What each run does once more for all that it names, also where it went well before, in words: ``each run installs every server
        that it names``. Empty where what is as desired is left alone."""
        return ""

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
            rest = f"look at {self.where} and leave out what has gone well; run again to send the rest."
            return f"{why} Two hosts or plays may name it.", f"Name each only once, or {rest}"
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
