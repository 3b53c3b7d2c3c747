# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring many server profiles into the wanted state: read, plan, apply, wait, read again and judge.

Requests for N activations: one list, N, one poll for all jobs at a time, one list. Login and logout come on top.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, apply, read_back, worst
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import NEVER_SEEN_SECONDS, State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs, profile_plans, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Choice, Want
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import Profile


@dataclasses.dataclass
class Item:
    """One profile on its way. watched: how the wait for its job ended; ``failure``: why it did not get there."""

    choice: Choice
    outcome: Outcome | None = None
    watched: Watched | None = None
    now: Profile | None = None
    failure: Failure | None = None

    @property
    def open(self) -> bool:
        """There is something to wait for."""
        started = self.outcome is not None and self.outcome.state == STARTED
        return self.failure is None and (started or self.choice.join)

    @property
    def changed(self) -> bool:
        return self.outcome is not None and self.outcome.changed

    def public(self) -> dict[str, t.Any]:
        shown = (self.now or self.choice.profile).public()
        shown["changed"] = self.changed
        shown["outcome"] = self.outcome.state if self.outcome else NONE
        shown["job"] = self.outcome.job if self.outcome else None
        shown["joined"] = self.choice.join
        shown["reconciled"] = self.outcome.reconciled if self.outcome else False
        shown["history"] = self.watched.history if self.watched else []
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def bring(run: Run, client: Client, wants: t.Sequence[Want], state: str, flags: t.Mapping[str, bool]) -> dict[str, t.Any]:
    """The whole contract for ``wants``; returns the result, raises :class:`Failure` with the result beside it."""
    params = run.params
    with run.guard(client.system, client.transport.endpoint.place, "profiles") as guard:
        items, plan = _plan(client, wants, state, flags, guard)
        if run.check_mode:
            return _result(plan, items, changed=bool(plan.steps))
        _apply(run, client, items, state, guard)
    if params["wait"]:
        deadline = Deadline(run.clock, params["wait_timeout"])
        _wait_for_jobs(run, client, items, deadline)
        _judge(run, client, items, state, deadline)
    failures = [item.failure for item in items if item.failure is not None]
    result = _result(plan, items, changed=any(item.changed for item in items))
    if guard.note:
        run.warn(guard.note)
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "profiles"), result)
    return result


def _plan(
    client: Client, wants: t.Sequence[Want], state: str, flags: t.Mapping[str, bool], guard: Guard
) -> tuple[list[Item], t.Any]:
    found = profiles.find(profiles.read_all(client), [want.profile for want in wants])
    _refuse_duplicates(found)
    if state == "inactive":
        choices = [profile_plans.choose_unassignment(profile, flags) for profile in found]
    else:
        pairs = list(zip(found, wants, strict=True))
        # Only where the list does not settle it is the second source asked.
        asked = [profile.uuid for profile, want in pairs if profile.uuid and profile_plans.unclear(profile, want)]
        running = profiles.read_activation(client, asked) if asked else {}
        choices = [profile_plans.choose_activation(p, w, running.get(p.uuid.casefold())) for p, w in pairs]
    _refuse_unproven(choices, guard)
    return [Item(choice) for choice in choices], profile_plans.plan_of(choices, state)


def _refuse_duplicates(found: t.Sequence[Profile]) -> None:
    seen: set[str] = set()
    for profile in found:
        if profile.id in seen:
            raise Failure(
                "duplicate_item",
                f"the profile {profile.name or profile.id} is given more than once.",
                "Give each profile once and run again.",
                resource=profile.name,
            )
        seen.add(profile.id)


def _refuse_unproven(choices: t.Sequence[Choice], guard: Guard) -> None:
    """An earlier run ended without learning what became of its request. An inactive profile proves that it did not
    arrive; for one that was assigned before, the state looks the same either way, so a person has to look, once."""
    unfinished = set(guard.unfinished)
    doubtful = [
        choice.profile.name or choice.profile.id
        for choice in choices
        if choice.step is not None
        and f"{choice.step.operation}:{choice.step.resource}" in unfinished
        and choice.step.operation == "activate"
        and choice.profile.status != profiles.INACTIVE
    ]
    if doubtful:
        guard.told()
        failure = Failure(
            "earlier_run_unfinished",
            f"an earlier run ended before it knew whether its activation of {', '.join(doubtful[:5])} had arrived.",
            "Look at the profile's last job on the server; run again to send the activation.",
            outcome=UNKNOWN,
            resource=doubtful[0],
        )
        raise _run.fail_with(failure, {"changed": False, "outcome": UNKNOWN})


def _apply(run: Run, client: Client, items: list[Item], state: str, guard: Guard) -> None:
    params = run.params
    acting = [item for item in items if item.choice.step is not None]
    if not acting:
        guard.finish()
        return
    accept = profile_plans.accept_activation if state == "active" else profile_plans.accept_unassignment
    outcomes = apply(
        client,
        [item.choice.step for item in acting if item.choice.step is not None],
        accept,
        guard,
        concurrency=params["concurrency"],
        stop=params["on_failure"] == "stop",
        empty_ok=state == "inactive",
    )
    choices = {id(outcome): item.choice for outcome, item in zip(outcomes, acting, strict=True)}

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        now = {profile.id: profile for profile in profiles.read_all(client)}
        pairs = [(choices[id(outcome)], now.get(choices[id(outcome)].profile.id)) for outcome in unknown]
        uuids = [profile.uuid for _choice, profile in pairs if profile is not None and profile.uuid]
        running = profiles.read_activation(client, uuids) if uuids else {}
        return {
            number: Accepted()
            for number, (choice, profile) in enumerate(pairs)
            if profile is not None
            and profile_plans.moved(choice.profile, profile, running.get(profile.uuid.casefold()), state, choice.want.uuid)
        }

    read_back(outcomes, find, run.clock, settle=params["reconcile_timeout"], where="the server's jobs and profiles")
    for item, outcome in zip(acting, outcomes, strict=True):
        item.outcome, item.failure = outcome, outcome.failure
    if not any(outcome.state == UNKNOWN for outcome in outcomes):
        guard.finish()


def _wait_for_jobs(run: Run, client: Client, items: list[Item], deadline: Deadline) -> None:
    params = run.params
    by_job = {item.outcome.job: item for item in items if item.open and item.outcome is not None and item.outcome.job}
    if not by_job:
        return
    deferred = {job for job, item in by_job.items() if item.choice.want.restart == "defer"}

    def poll(open_jobs: list[str]) -> dict[str, State]:
        states = jobs.poll(client)(open_jobs)
        # The job of a deferred activation may run until the manual restart, so the profile is looked at as well.
        if any(job in deferred and not (job in states and states[job].done) for job in open_jobs):
            now = {profile.id: profile for profile in profiles.read_all(client)}
            for job in deferred.intersection(open_jobs):
                choice = by_job[job].choice
                profile = now.get(choice.profile.id)
                if profile is not None and profile.status != choice.profile.status and profile_plans.reached(profile, choice, "active"):
                    states.setdefault(job, State(profile.told))
                    states[job] = dataclasses.replace(states[job], done=True, ok=True)
        return states

    ends = _waiting(
        lambda: wait(
            [job for job in by_job if job], poll, run.clock, timeout=max(deadline.left(), 0), interval=params["poll_interval"]
        ),
        by_job.values(),
    )
    for job, watched in ends.items():
        item = by_job[job]
        item.watched = watched
        failure = jobs.judge(watched, item.choice.what)
        if failure is not None and item.outcome is not None:
            item.outcome.state = FINISHED if watched.end == "done" else STARTED
            item.failure = failure.about(system=client.system, operation="activate", resource=item.choice.profile.name)


def _judge(run: Run, client: Client, items: list[Item], state: str, deadline: Deadline) -> None:
    """Read the profiles again. One whose job told the end is given a moment to show it, any other the whole wait."""
    params = run.params
    pending = {item.choice.profile.id: item for item in items if item.open}
    if not pending:
        return
    told = {key for key, item in pending.items() if item.watched is not None and item.watched.end == "done"}
    began = run.clock.monotonic()

    def poll(keys: list[str]) -> dict[str, State]:
        stale = run.clock.monotonic() - began < NEVER_SEEN_SECONDS
        states = {}
        asked = set(keys)
        for profile in profiles.read_all(client):
            if profile.id in asked:
                item = pending[profile.id]
                item.now = profile
                ended = profile.id in told
                states[profile.id] = profile_plans.resource_state(profile, item.choice, state, stale and not ended, ended)
        return states

    def look(keys: list[str], timeout: float, interval: float) -> None:
        ends = _waiting(lambda: wait(keys, poll, run.clock, timeout=timeout, interval=interval), [pending[k] for k in keys])
        for key, watched in ends.items():
            item = pending[key]
            if item.watched is None or not item.watched.history:
                item.watched = watched
            _end(item, watched, state, key in told)

    if told:
        look(sorted(told), params["reconcile_timeout"], min(params["poll_interval"], 1.0))
    rest = [key for key in pending if key not in told]
    if rest:
        look(rest, max(deadline.left(), 0), params["poll_interval"])


def _end(item: Item, watched: Watched, state: str, told: bool) -> None:
    at = watched.state
    if at is not None and at.done and at.ok:
        if item.outcome is not None:
            item.outcome.state = FINISHED
        return
    if watched.end == "timed_out" and not told:
        last = at.name if at else "never seen"
        job = item.outcome.job if item.outcome else None
        item.failure = Failure(
            "wait_timeout",
            f"the profile was not {' or '.join(profile_plans.goals(item.choice.want, state))} in time (last status: {last}).",
            "It goes on by itself: run this task again to join the wait, with a longer wait_timeout.",
            what=item.choice.what,
            outcome=STARTED,
            job=job,
            resource=item.choice.profile.name,
        )
    elif item.watched is not None and item.watched.end == "lost":
        item.failure = jobs.lost(item.watched, item.choice.what)
        if item.outcome is not None:
            item.outcome.state = UNKNOWN
    else:
        item.failure = profile_plans.not_reached(item.choice, item.now, item.outcome, state)


def _waiting(call: t.Callable[[], dict[str, Watched]], items: t.Iterable[Item]) -> dict[str, Watched]:
    """A wait that itself fails (login lost, certificate changed) leaves each item started, and says so."""
    try:
        return call()
    except Failure as failure:
        for item in items:
            job = item.outcome.job if item.outcome else None
            item.failure = jobs.while_waiting(failure, item.choice.what, job).about(resource=item.choice.profile.name)
        return {}


def _result(plan: t.Any, items: list[Item], *, changed: bool) -> dict[str, t.Any]:
    outcome = worst(item.outcome.state for item in items if item.outcome is not None)
    return _run.result(plan, changed=changed, outcome=outcome, profiles=[item.public() for item in items])
