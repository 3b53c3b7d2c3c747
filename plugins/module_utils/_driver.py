# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one driver: read, plan, stop in check mode, lock, apply once, read back, wait, verify, report.

Nothing else takes the guard, sends a step or builds a result. What it drives is an :class:`Operation`; :mod:`_follow` waits,
:mod:`_summary` has the sentences about several items.
"""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline, Ended
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
    named,
    only_what_failed,
)
from ansible_collections.groundwork.provision.plugins.module_utils._fit import fit
from ansible_collections.groundwork.provision.plugins.module_utils._follow import Follower
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._operation import READ_BACK_INTERVAL, Item, Operation, Pairs, Work
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    NotNeeded,
    Outcome,
    Plan,
    Step,
    send_step,
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._summary import at_the_end, doubt_sentence, skipped, summary


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
        follower = Follower(self.op, self.items)
        follower.wait(self.items)
        while work := self._next(guard):
            follower.wait(work)

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
            next_step = f"Look at {self.op.where} and leave out what has gone well; run again to send the rest."
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
            known=doubt_sentence(jobs, step.effect, seen=not repeats or own),
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
                item.fail(skipped(), self.client.system)
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
            item.fail(skipped(), self.client.system)
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
            failure.of_all(at_the_end(self.items, self.op.noun))
        shown = self._selected()
        failure.result = self._fitting({**result, **self.op.rows(shown), "outcome": state}, shown)

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
        if not failed:
            return self.result() | {"changed": changed}
        self._tell_anew(failed)
        failure = summary(failed, self.items, self.op.noun)
        failure.result = self.result() | {"changed": changed}
        unknown = [outcome.step.key for item in failed for outcome in item.outcomes if outcome.state == UNKNOWN]
        if unknown:
            self.run.after_told.append(lambda: guard.tell(unknown))
        raise failure

    def _tell_anew(self, failed: t.Sequence[Item]) -> None:
        """Where running again would repeat what went well, the advice is to do it for the rest. Of one item alone others may have tasks of
        their own, as the hosts of a role have."""
        at_risk = [item for item in self.items if item.failure is None] if len(self.items) > 1 else self.items
        why = next((told for told in map(self.op.anew, at_risk) if told), "")
        for item in failed if why else ():
            if item.failure is not None:
                item.failure.next_step = only_what_failed(item.failure.next_step, why)

    def _tell_left(self, item: Item, failure: Failure | None) -> None:
        left = self.op.left(item)
        if left and failure is not None:
            failure.next_step = f"{left} {failure.next_step}".strip()

    def result(self) -> dict[str, t.Any]:
        """What every module that changes something returns. ``duration`` is added at the exit."""
        items = self.items
        shown = self._selected()
        return self._fitting(
            {
                "changed": any(item.changed for item in items),
                "outcome": worst(item.state for item in items),
                "plan": self._plan_of(shown),
                "diff": {"before": self.plan.before, "after": self.plan.after},
                **self.op.rows(shown),
                **(self.op.more(items) if self.planned else {}),
            },
            shown,
        )

    def _fitting(self, result: dict[str, t.Any], shown: t.Sequence[Item]) -> dict[str, t.Any]:
        """The same in so many characters as AWX keeps, where rows are short. shown: the items of the rows."""
        return fit(result, self.op.noun, shown) if shown and shown[0].brief else result

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


def validated(noun: str) -> dict[str, t.Any]:
    """The result of a run that only validates and has found no mistake. noun: key of the items in a result of its module."""
    return {"changed": False, "outcome": NONE, "plan": [], noun: []}
