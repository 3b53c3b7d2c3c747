# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel server pool requests that are executing, and wait until they are.

Cancelling takes no server away: those of a fulfilled request stay bound until they are terminated.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, NOT_STARTED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back, worst
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool, watching
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Request, Wish
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.watching import Followed


@dataclasses.dataclass
class Item:
    """One request on its way out."""

    followed: Followed
    outcome: Outcome | None = None
    gone: bool = False  # the server does not know it any more
    failure: Failure | None = None

    @property
    def changed(self) -> bool:
        return self.outcome is not None and self.outcome.changed

    def public(self) -> dict[str, t.Any]:
        shown = self.followed.public()
        del shown["own"]
        shown["changed"] = self.changed
        shown["outcome"] = self.outcome.state if self.outcome is not None else NONE
        shown["reconciled"] = self.outcome is not None and self.outcome.reconciled
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def matching(requests: t.Sequence[Request], wishes: t.Sequence[Wish]) -> list[Request]:
    """The live requests of which every document is covered by a wish; one that asks for anything else is left alone."""
    return [
        request
        for request in requests
        if request.live and request.documents and all(any(one.covers(document) for one in wishes) for document in request.documents)
    ]


def plan_of(group: str, requests: t.Sequence[Request]) -> Plan:
    """A DELETE for each request that is executing; one that is being cancelled already needs none."""
    steps = [
        Step(
            operation="cancel",
            method="DELETE",
            path=f"{api.BASE}{server_pool.root(group)}/requests/{segment(request.id, 'request_id')}",
            resource=request.id,
            why=f"it is {request.status} and shall not bring servers any more",
        )
        for request in requests
        if request.status == server_pool.EXECUTING
    ]
    before = {request.id: request.status for request in requests}
    return Plan(steps, before, {ident: server_pool.CANCELLED if status in server_pool.LIVE else status for ident, status in before.items()})


def cancel(run: Run, client: OpsManager, group: str, wishes: t.Sequence[Wish], ident: str | None) -> dict[str, t.Any]:
    """The whole contract of ``state: absent``, for one request by its id or for all that match the wishes."""
    with run.guard(client.system, client.transport.endpoint.place, group, "server_pool") as guard:
        server_pool.require_enabled(client, group)
        if ident:
            one = server_pool.read_request(client, group, ident)
            found = [one] if one is not None else []
        else:
            found = matching(server_pool.read_requests(client, group), wishes)
        plan = plan_of(group, found)
        items = [Item(Followed(request)) for request in found]
        for item in items:
            if item.followed.now.status == server_pool.COMPLETED:
                item.failure = _fulfilled(item)
        if run.check_mode:
            return _end(run, plan, items, changed=bool(plan.steps))
        _apply(run, client, group, plan, items, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"]:
        waiting = [item for item in items if item.failure is None and not item.gone]
        watching.follow(
            run, client, group, [item.followed for item in waiting], Deadline(run.clock, run.params["wait_timeout"])
        )
        for item in waiting:
            _judge(item)
    return _end(run, plan, items)


def _apply(run: Run, client: OpsManager, group: str, plan: Plan, items: t.Sequence[Item], guard: Guard) -> None:
    by_id = {item.followed.now.id: item for item in items}
    outcomes = apply(client, plan.steps, lambda step, data: Accepted(data=data), guard, empty_ok=True)

    def look(item: Item) -> bool:
        """Whether the request is not executing any more."""
        request = server_pool.read_request(client, group, item.followed.now.id)
        item.gone = request is None
        item.followed.now = request or item.followed.now
        return request is None or request.status != server_pool.EXECUTING

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        return {number: Accepted() for number, outcome in enumerate(unknown) if look(by_id[outcome.step.resource])}

    read_back(outcomes, find, run.clock, settle=run.params["reconcile_timeout"], where="the group's server pool requests")
    for outcome in outcomes:
        item = by_id[outcome.step.resource]
        item.outcome, item.failure = outcome, outcome.failure
        # A refusal may only mean that the request ended in the meantime.
        refused = outcome.failure if outcome.state == NOT_STARTED else None
        if refused is not None and refused.status in (400, 404, 409) and look(item):
            item.failure = None
    if not any(outcome.state == UNKNOWN for outcome in outcomes):
        guard.finish()


def _judge(item: Item) -> None:
    """The end of a cancellation: cancelled is well, fulfilled has won the race, failed brings no servers either."""
    one, ended = item.followed, item.followed.now.ended()
    sent = item.outcome is not None and item.outcome.state in (STARTED, FINISHED)
    if one.failure is not None:
        item.failure, one.failure = one.failure, None
        item.failure.operation = "cancel"
        item.failure.outcome = STARTED if sent else NONE
    elif ended == "completed":
        if item.outcome is not None:
            item.outcome.state = NOT_STARTED
        item.failure = _fulfilled(item)
    elif ended or (one.watched is not None and one.watched.end in ("lost", "never_seen")):
        if item.outcome is not None and sent:
            # One that failed by itself was not cancelled by this run.
            item.outcome.state = NOT_STARTED if ended == "failed" else FINISHED
    else:
        item.failure = Failure(
            "wait_timeout",
            f"the request was not cancelled in time (last status: {one.now.status}).",
            "Run this task again to join the wait, with a longer wait_timeout.",
            what=f"cancel server pool request {one.now.id}",
            outcome=STARTED if sent else NONE,
            system=api.SYSTEM,
            operation="cancel",
            resource=one.now.id,
            job=one.now.id,
        )


def _fulfilled(item: Item) -> Failure:
    request = item.followed.now
    at = f" at {request.complete_date}" if request.complete_date else ""
    return Failure(
        "already_fulfilled",
        f"the request was fulfilled{at}, so it can not be cancelled; its servers are bound to the group.",
        "Give the servers back with server_pool_server if they are not wanted.",
        what=f"cancel server pool request {request.id}",
        outcome=NOT_STARTED if item.outcome is not None else NONE,
        system=api.SYSTEM,
        operation="cancel",
        resource=request.id,
    )


def _end(run: Run, plan: Plan, items: t.Sequence[Item], changed: bool | None = None) -> dict[str, t.Any]:
    shown = _run.result(
        plan,
        changed=any(item.changed for item in items) if changed is None else changed,
        outcome=worst(item.outcome.state for item in items if item.outcome is not None),
        request=items[0].public() if len(items) == 1 else None,
        requests=[item.public() for item in items],
    )
    failures = [item.failure for item in items if item.failure is not None]
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "requests"), shown)
    return shown
