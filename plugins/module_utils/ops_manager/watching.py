# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for server pool requests to end, and say how they ended."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Request


@dataclasses.dataclass
class Followed:
    """One request on its way. own: this run sent it. now: how it was last seen. failure: why it did not come to its end."""

    now: Request
    own: bool = False
    reconciled: bool = False
    watched: Watched | None = None
    failure: Failure | None = None

    def public(self) -> dict[str, t.Any]:
        shown = self.now.public()
        shown["own"] = self.own
        shown["reconciled"] = self.reconciled
        shown["history"] = self.watched.history if self.watched else []
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def state(request: Request) -> State:
    """The five statuses; any other word is no end, so the wait goes on and shows it."""
    ended = request.ended()
    return State(request.status or "unknown", done=bool(ended), ok=ended == "completed", data=request)


def follow(run: Run, client: OpsManager, group: str, requests: t.Sequence[Followed], deadline: Deadline) -> None:
    """Wait for the end of ``requests``; each then holds how it was last seen and how the wait ended.

    One request is asked for by its id, several by one list. What goes wrong with the wait itself becomes the failure of
    each request.
    """
    by_id = {one.now.id: one for one in requests if one.now.live or not one.now.ended()}

    def poll(ids: list[str]) -> dict[str, State]:
        if len(ids) == 1:
            one = server_pool.read_request(client, group, ids[0], attempts=1)
            found = [one] if one is not None else []
        else:
            found = server_pool.read_requests(client, group, attempts=1)
        seen = {request.id: request for request in found if request.id in by_id}
        for ident, request in seen.items():
            by_id[ident].now = request
        return {ident: state(request) for ident, request in seen.items()}

    try:
        ends = wait(list(by_id), poll, run.clock, timeout=max(deadline.left(), 0.0), interval=run.params["poll_interval"])
    except Failure as failure:
        for one in by_id.values():
            one.failure = failure.later("while waiting, ", **_facts(one))
        return
    for ident, watched in ends.items():
        by_id[ident].watched = watched


def judge(one: Followed) -> Failure | None:
    """Why this request did not bring its servers; None when it did. A lost one is left to the caller, who can look at
    the servers."""
    if one.failure is not None:
        return one.failure
    request, ended = one.now, one.now.ended()
    if ended == "completed":
        return None
    if ended == "expired":
        return _of(
            one,
            "request_expired",
            f"no servers could be had until the request lapsed (created {request.created}, expired {request.expires}).",
            "Wait until the pool has free servers with these properties, or ask an administrator for more, and run again.",
        )
    if ended == "cancelled":
        at = f" at {request.cancel_date}" if request.cancel_date else ""
        return _of(one, "request_cancelled", f"somebody cancelled the request{at}.", "Ask who did, then run again to ask anew.")
    if ended == "failed":
        why = "Ops Manager says that the request failed; it gives no reason."
        return _of(one, "request_failed", why, "Look at its log and at the pool, and run again.")
    if one.watched is not None and one.watched.end in ("lost", "never_seen"):
        return lost(one)
    last = request.status or "never seen"
    lapse = f"; it lapses at {request.expires}" if request.expires else ""
    return _of(
        one,
        "wait_timeout",
        f"the request had not ended in time (last status: {last}{lapse}).",
        "It goes on by itself: run this task again to join the wait, with a longer wait_timeout, or cancel it with state absent.",
    )


def lost(one: Followed) -> Failure:
    """A request that the server does not know any more."""
    step = "Look at the group's requests and servers before running again."
    failure = _of(one, "job_lost", "the server does not know the request any more.", step)
    failure.outcome = UNKNOWN if one.own else NONE
    return failure


def _of(one: Followed, code: str, why: str, step: str) -> Failure:
    return Failure(code, why, step, **_facts(one))


def _facts(one: Followed) -> dict[str, t.Any]:
    return {
        "what": f"server pool request {one.now.id}",
        "outcome": STARTED if one.own else NONE,
        "system": api.SYSTEM,
        "operation": "request",
        "resource": one.now.id,
        "job": one.now.id if one.own else None,
    }
