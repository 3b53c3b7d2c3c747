# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for the effect of what was sent: first the jobs, where there are some, then the resources themselves."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, UNKNOWN, Failure, was_made
from ansible_collections.groundwork.provision.plugins.module_utils._operation import READ_BACK_INTERVAL, Item, JobReader, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._progress import Standing
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait


class Follower:
    """Waits for the items of one run. items: all of them, for its progress."""

    def __init__(self, operation: Operation, items: t.Sequence[Item]) -> None:
        self.op, self.run, self.client = operation, operation.run, operation.client
        self.items = items

    def wait(self, items: t.Sequence[Item]) -> None:
        """Until each effect shows: first the jobs where there are some, then the resources themselves."""
        params = self.run.params
        pending = [item for item in items if item.waits()]
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
        nobody: dict[str, t.Sequence[Item]] = dict.fromkeys(by_key, ())
        ends = self._bear(items, lambda: self._polled(nobody, poll, deadline.left(), interval))
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
        """followed: the items behind each key that is polled; where none are, there is something to tell only while nothing is answered."""

        def seen(watched: t.Mapping[str, Watched]) -> None:
            tells = any(followed.values()) or any(one.silent for one in watched.values())
            self.run.progress.see(lambda: self._standing(followed, watched), tells=tells)

        return wait(
            followed,
            poll,
            self.run.clock,
            timeout=max(timeout, 0.0),
            interval=interval,
            poll_failures=self.op.poll_failures,
            pause=self.client.pause,
            seen=seen,
        )

    def _standing(self, followed: t.Mapping[str, t.Sequence[Item]], watched: t.Mapping[str, Watched]) -> Standing:
        """How all items stand in the middle of a wait."""
        now = {id(item): watched[key] for key, items in followed.items() for item in items}
        done = failed = ahead = unsent = 0
        still: list[tuple[str, State | None]] = []
        for item in self.items:
            one = now.get(id(item))
            ended = one is not None and one.end == "done" and one.state is not None
            if item.failure is not None or (ended and one is not None and one.state is not None and not one.state.ok):
                failed += 1
                continue
            unsent += bool(item.unsent)
            if not ended and item.waits():
                still.append((item.title, _last_seen(item, one)))
            elif item.unsent:
                ahead += 1
            else:
                done += 1
        silent = max((one.silent for one in watched.values() if not one.end), default=0.0)
        return Standing(done, failed, still, "" if self.op.joins or self.op.reads_only else self.op.where, silent, unsent, ahead)

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


def _last_seen(item: Item, watched: Watched | None) -> State | None:
    """What this wait has seen, or an earlier one of the same request. Of a request that was not seen yet, that those before are done."""
    job = item.outcomes[-1].job if item.outcomes else item.join
    before = item.watched
    if before is not None and (before.key != job if job else len(item.outcomes) > 1):
        before = None  # of an earlier request
    for one in (watched, before):
        if one is not None and one.state is not None:
            return one.state
    done = sum(outcome.state == FINISHED for outcome in item.outcomes)
    return State(f"{done} of {len(item.outcomes) + len(item.unsent)} requests done, the next not seen yet") if done else None
