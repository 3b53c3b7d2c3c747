# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for jobs of XClarity Administrator, cancel them, delete them.

Sources: the pages "GET /tasks/{job_list}" and "PUT /tasks" (action cancel, a list of ids; 412 for missing values), and the
sentence of the vendor's page that jobs are deleted with DELETE /tasks/{job_list}. What the server answers for a job that
has ended or is not known is not documented, so the jobs are read first and decide at the end.
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
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, jobs

DONE, CANCELLED, ABSENT = "finished", "cancelled", "absent"


@dataclasses.dataclass
class Item:
    """One job. entry: what the server says of it now; None when it does not know it."""

    id: str
    entry: t.Mapping[str, t.Any] | None
    step: Step | None = None
    outcome: Outcome | None = None
    watched: Watched | None = None
    failure: Failure | None = None

    def public(self) -> dict[str, t.Any]:
        shown = jobs.public(self.entry or {})
        if self.entry is None:
            shown.update(state=ABSENT, status=None)
        shown["id"] = self.id
        shown["changed"] = bool(self.outcome and self.outcome.changed)
        shown["outcome"] = self.outcome.state if self.outcome else NONE
        shown["reconciled"] = bool(self.outcome and self.outcome.reconciled)
        shown["history"] = self.watched.history if self.watched else []
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def check_ids(ids: t.Sequence[str]) -> list[str]:
    """The ids as they are sent. Raises for an empty list, for a double one and for what is no id."""
    if not ids:
        raise bad_input("config_empty", "jobs is an empty list.", "Name at least one job and run again.")
    found = [api.job_id(one) for one in ids]
    for given, ident in zip(ids, found, strict=True):
        if ident is None:
            raise bad_input("config_id", f"{given!r:.60} is no id of a job.", "Give the id that a module returned as job and run again.")
    if len(set(found)) != len(found):
        raise bad_input("duplicate_item", "a job is given more than once.", "Give each job once and run again.")
    return [ident for ident in found if ident is not None]


def bring(run: Run, client: Client, ids: t.Sequence[str], state: str) -> dict[str, t.Any]:
    """The whole contract; returns the result, raises :class:`Failure` with the result beside it."""
    if state == DONE:
        items = _items(client, ids)
        plan = plan_of(items, state)
        if run.params["wait"] and not run.check_mode:
            _wait_until_finished(run, client, items)
        return _end(plan, items)
    with run.guard(client.system, client.transport.endpoint.place, "jobs") as guard:
        items = _items(client, ids)
        for item in items:
            item.step = choose(item.id, item.entry, state)
        plan = plan_of(items, state)
        if run.check_mode:
            return _result(plan, items, changed=bool(plan.steps))
        _apply(run, client, items, state, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"]:
        _judge(run, client, items, state)
    return _end(plan, items)


def _items(client: Client, ids: t.Sequence[str]) -> list[Item]:
    found = jobs.read(client, ids)
    return [Item(ident, found.get(ident)) for ident in ids]


# -- planning: pure ---------------------------------------------------------------------------------------------------


def choose(ident: str, entry: t.Mapping[str, t.Any] | None, state: str) -> Step | None:
    """The request that cancels or deletes this job; None when there is nothing to do."""
    if entry is None:
        return None
    running = jobs.is_open(entry)
    if state == CANCELLED:
        if not running or stopping(entry):
            return None
        why = f"it is {jobs.state(entry).name}"
        return Step("cancel", "PUT", "/tasks", ident, why, body={"action": "cancel", "list": [ident]})
    if running:
        raise bad_input(
            "job_running",
            f"the job {ident} is {jobs.state(entry).name}, and a running job can not be deleted.",
            "Wait for it (state finished) or cancel it (state cancelled), then run again.",
            resource=ident,
            job=ident,
        )
    return Step("delete", "DELETE", "/tasks/" + segment(ident, "job id"), ident, f"it has ended as {jobs.state(entry).name}")


def stopping(entry: t.Mapping[str, t.Any] | None) -> bool:
    """It runs no longer, or is being cancelled."""
    return entry is None or not jobs.is_open(entry) or jobs.word(jobs.state(entry).name) == "cancelling"


def plan_of(items: t.Sequence[Item], state: str) -> Plan:
    def view(item: Item, after: bool) -> str:
        if after and item.step is not None:
            return state
        return ABSENT if item.entry is None else jobs.state(item.entry).name

    return Plan(
        [item.step for item in items if item.step is not None],
        {item.id: view(item, False) for item in items},
        {item.id: view(item, True) for item in items},
    )


# -- apply, wait, judge -----------------------------------------------------------------------------------------------


def accept(step: Step, data: t.Any) -> Accepted:
    """The answer to a cancel or a deletion: 200 or 204, as a rule without a body."""
    if isinstance(data, dict) and "result" in data:
        api.check_result(data, step.what)
    return Accepted(step.resource, data)


def _apply(run: Run, client: Client, items: list[Item], state: str, guard: Guard) -> None:
    # A record of an earlier run needs no question: the jobs themselves prove what became of its requests.
    params = run.params
    acting = [(item, item.step) for item in items if item.step is not None]
    outcomes = apply(
        client,
        [step for _item, step in acting],
        accept,
        guard,
        concurrency=params["concurrency"],
        stop=params["on_failure"] == "stop",
        empty_ok=True,
    )

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        now = jobs.read(client, [outcome.step.resource for outcome in unknown])
        entries = [now.get(outcome.step.resource) for outcome in unknown]
        return {n: Accepted() for n, one in enumerate(entries) if (stopping(one) if state == CANCELLED else one is None)}

    read_back(outcomes, find, run.clock, settle=params["reconcile_timeout"], where="the server's jobs")
    for outcome, (item, _step) in zip(outcomes, acting, strict=True):
        item.outcome, item.failure = outcome, outcome.failure
    if not any(outcome.state == UNKNOWN for outcome in outcomes):
        guard.finish()


def _wait_until_finished(run: Run, client: Client, items: list[Item]) -> None:
    deadline = Deadline(run.clock, run.params["wait_timeout"])
    followed = jobs.follow(run, client, {item.id: f"wait for job {item.id}" for item in items}, deadline)
    for item in items:
        watched, failure = followed[item.id]
        item.watched = watched
        item.entry = watched.state.data if watched.state is not None else item.entry
        if failure is None and watched.end != "done":
            seen = watched.end == "lost"
            why = "the job was there and is gone" if seen else "the server does not know the job"
            failure = Failure(
                "job_lost" if seen else "job_not_found",
                f"{why}.",
                "Look at the resource that it worked on." if seen else "Look at job_info for ids, and run again.",
                what=f"wait for job {item.id}",
                job=item.id,
            )
        if failure is not None:
            # This run started nothing, so nothing of it can be unknown.
            failure.outcome = NONE
            item.failure = failure.about(system=client.system, operation="wait", resource=item.id)


def _judge(run: Run, client: Client, items: list[Item], state: str) -> None:
    """Read the jobs until each has ended, or is gone; one whose request was refused may have done so meanwhile."""
    pending = {item.id: item for item in items if item.outcome and item.outcome.state in (NOT_STARTED, STARTED)}
    joined = [item for item in items if state == CANCELLED and item.outcome is None and item.entry and jobs.is_open(item.entry)]
    pending.update({item.id: item for item in joined})
    if not pending:
        return

    def poll(keys: list[str]) -> dict[str, State]:
        now = jobs.read(client, keys, attempts=1)
        states = {}
        for key in keys:
            item, entry = pending[key], now.get(key)
            item.entry = entry
            ended = entry is None or (state == CANCELLED and not jobs.is_open(entry))
            name = ABSENT if entry is None else jobs.state(entry).name
            states[key] = State(name, done=ended or item.failure is not None, ok=ended, data=entry)
        return states

    timeout = run.params["wait_timeout"] if state == CANCELLED else run.params["reconcile_timeout"]
    try:
        ends = wait(list(pending), poll, run.clock, timeout=timeout, interval=run.params["poll_interval"])
    except Failure as failure:
        for item in pending.values():
            item.failure = item.failure or jobs.while_waiting(failure, _what(item), item.id)
        return
    for key, watched in ends.items():
        item = pending[key]
        item.watched = watched
        ended = watched.state is not None and watched.state.ok
        if ended and item.outcome is not None and item.outcome.state == NOT_STARTED:
            item.outcome, item.failure = Outcome(item.outcome.step), None  # it ended before the request came
        elif ended:
            if item.outcome is not None:
                item.outcome.state = FINISHED
            if item.entry is not None and jobs.kind(item.entry) != "cancelled":
                run.warn(f"The job {key} ended as {jobs.state(item.entry).name} before the cancel took effect.")
        elif item.failure is None:
            item.failure = _not_ended(client, item, state)


def _what(item: Item) -> str:
    return item.step.what if item.step else f"wait for job {item.id}"


def _not_ended(client: Client, item: Item, state: str) -> Failure:
    name = jobs.state(item.entry).name if item.entry else "not known"
    return Failure(
        "wait_timeout" if state == CANCELLED else "effect_missing",
        f"the job is still {name}." if state == CANCELLED else "the server accepted the deletion, but the job is still there.",
        "Run again to look once more, with a longer wait_timeout." if state == CANCELLED else "Look at the job on the server.",
        what=_what(item),
        outcome=STARTED if item.outcome else NONE,
        system=client.system,
        operation="cancel" if state == CANCELLED else "delete",
        resource=item.id,
        job=item.id,
    )


def _end(plan: Plan, items: list[Item]) -> dict[str, t.Any]:
    failures = [item.failure for item in items if item.failure is not None]
    result = _result(plan, items, changed=any(item.outcome and item.outcome.changed for item in items))
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "jobs"), result)
    return result


def _result(plan: Plan, items: list[Item], *, changed: bool) -> dict[str, t.Any]:
    outcome = worst(item.outcome.state for item in items if item.outcome is not None)
    return _run.result(plan, changed=changed, outcome=outcome, jobs=[item.public() for item in items])
