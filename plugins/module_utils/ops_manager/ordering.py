# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""See to it that a group holds the servers it wants: count, post the shortfall as one request, wait, count again.

Holding is the state, not having asked: a COMPLETED request stays in the list after its servers were given back. The
API has no field for a marker, so a request whose answer was lost is found by what is new in the list.
"""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, STARTED, UNKNOWN, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    Outcome,
    Plan,
    Step,
    Unproven,
    apply,
    read_back,
    unread,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool, watching
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.matching import assign, same
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Document, Request, Server, Wish
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.watching import Followed

READINGS = 5  # how often both lists are read anew when a request ended between them
CREATED_SLACK = 5.0  # seconds; ``created`` has whole seconds, and the server's clock is known only about as well
SETTLED_INTERVAL = 1.0


@dataclasses.dataclass(frozen=True)
class Reading:
    """The group's requests and bound servers at one moment. servers: None where the key may not list them."""

    requests: list[Request]
    servers: list[Server] | None

    @property
    def bound(self) -> list[Server]:
        return [server for server in self.servers or [] if server.status == server_pool.BOUND]


@dataclasses.dataclass(frozen=True)
class Choice:
    """What to do: the documents to post (maybe none), the requests to wait for, and the servers beyond the wish."""

    plan: Plan
    missing: list[Document]
    joined: list[Request]
    surplus: list[Server]


# -- planning: pure ---------------------------------------------------------------------------------------------------


def choose(group: str, wanted: t.Sequence[Document], reading: Reading, satisfied_by: str, now: float) -> Choice:
    """Count what the group holds and what is on its way; the rest is the shortfall.

    satisfied_by: ``servers`` counts bound servers, ``requests`` counts COMPLETED requests in their place. now: the
    server's time; a request past its expiry brings nothing any more.
    """
    bound = reading.bound
    done = [document for request in reading.requests if request.status == server_pool.COMPLETED for document in request.documents]
    held = done if satisfied_by == "requests" else [server.properties for server in bound]
    coming = [
        (request, document)
        for request in reading.requests
        if request.status == server_pool.EXECUTING and not _lapsed(request, now)
        for document in request.documents
    ]
    found = assign(wanted, held, [document for _request, document in coming])
    missing = [document for document, unit in zip(wanted, found, strict=True) if unit is None]
    joined = {coming[unit[1]][0].id: coming[unit[1]][0] for unit in found if unit is not None and unit[0] == 1}
    used = {unit[1] for unit in found if unit is not None and unit[0] == 0}
    surplus: list[Server] = []
    if satisfied_by == "servers":
        matching = {server.id for server in server_pool.select(bound, wanted)}
        surplus = [server for number, server in enumerate(bound) if server.id in matching and number not in used]
    plan = Plan(before=_counted(wanted, [unit is not None for unit in found]), after=_counted(wanted, [True] * len(wanted)))
    if missing:
        here = sum(unit is not None and unit[0] == 0 for unit in found)
        on_the_way = sum(unit is not None and unit[0] == 1 for unit in found)
        plan.steps.append(
            Step(
                operation="request",
                method="POST",
                path=f"{api.BASE}{server_pool.root(group)}/requests",
                resource=f"{len(missing)} server{'s' * (len(missing) > 1)} for group {group}",
                why=f"{len(wanted)} wanted, {here} held, {on_the_way} on the way",
                body={"properties": missing},
            )
        )
    return Choice(plan, missing, list(joined.values()), surplus)


def candidates(
    requests: t.Sequence[Request], known: t.Container[str], documents: t.Sequence[Document], earliest: float
) -> list[Request]:
    """The requests that may be the one whose answer was lost: not there before, asking for exactly this, made since."""
    found = []
    for request in requests:
        created = server_pool.moment(request.created)
        if request.id not in known and same(request.documents, documents) and (created is None or created >= earliest - CREATED_SLACK):
            found.append(request)
    return found


def attribute(before: Reading, after: Reading, waited: t.Sequence[Request]) -> tuple[set[str], bool]:
    """The ids of the servers that the requests waited for brought, and whether that is certain.

    No field ties a server to its request. It is certain when as many new servers are there as were asked for, each
    fits, and no other request of the group was fulfilled in the meantime.
    """
    if not waited:
        return set(), True
    documents = [document for request in waited for document in request.documents]
    old = {server.id for server in before.servers or []}
    fresh = server_pool.select([server for server in after.bound if server.id not in old], documents)
    ours = {request.id for request in waited}
    earlier = {request.id for request in before.requests if request.status == server_pool.COMPLETED}
    others = any(r.status == server_pool.COMPLETED and r.id not in ours and r.id not in earlier for r in after.requests)
    whole = len(fresh) == len(documents) and None not in assign(documents, [server.properties for server in fresh])
    readable = before.servers is not None and after.servers is not None
    return {server.id for server in fresh}, readable and whole and not others


def _lapsed(request: Request, now: float) -> bool:
    expires = server_pool.moment(request.expires)
    return expires is not None and expires <= now


def _counted(wanted: t.Sequence[Document], here: t.Sequence[bool]) -> dict[str, int]:
    counts = {server_pool.described(document): 0 for document in wanted}
    for document, one in zip(wanted, here, strict=True):
        counts[server_pool.described(document)] += one
    return counts


# -- acting -----------------------------------------------------------------------------------------------------------


def hold(run: Run, client: OpsManager, group: str, wishes: t.Sequence[Wish], satisfied_by: str) -> dict[str, t.Any]:
    """The whole contract of ``state: present``; returns the result, raises :class:`Failure` with the result beside it."""
    wanted = [document for one in wishes for document in one.documents()]
    with run.guard(client.system, client.transport.endpoint.place, group, "server_pool") as guard:
        server_pool.require_enabled(client, group)
        server_pool.check(wishes, server_pool.read_properties(client, group))
        before = _read(run, client, group, wishes, satisfied_by)
        choice = choose(group, wanted, before, satisfied_by, client.now())
        task = _Task(run, client, group, wanted, satisfied_by, before, choice.plan, choice.surplus)
        task.followed = [Followed(request) for request in choice.joined]
        if run.check_mode:
            return task.result(before, changed=bool(choice.plan.steps))
        task.apply(guard, choice.missing)
    if guard.note:
        run.warn(guard.note)
    return task.finish()


def follow(run: Run, client: OpsManager, group: str, ident: str) -> dict[str, t.Any]:
    """Wait for a request that somebody else made; sends nothing that changes anything."""
    server_pool.require_enabled(client, group)
    request = server_pool.read_request(client, group, ident)
    if request is None:
        raise bad_input(
            "request_not_found",
            f"the group has no request {ident[:80]}.",
            "Look at server_pool_request_info for the ids, and run again.",
            resource=ident[:80],
            system=api.SYSTEM,
        )
    before = Reading(server_pool.read_requests(client, group), _servers(client, group, "requests"))
    task = _Task(run, client, group, list(request.documents), "requests", before, Plan(), [])
    task.followed = [Followed(request)]
    if run.check_mode:
        return task.result(before)
    return task.finish()


@dataclasses.dataclass
class _Task:
    """One run of ``state: present`` from the plan to the result."""

    run: Run
    client: OpsManager
    group: str
    wanted: list[Document]
    satisfied_by: str
    before: Reading
    plan: Plan
    surplus: list[Server]
    outcome: Outcome | None = None
    followed: list[Followed] = dataclasses.field(default_factory=list)

    def apply(self, guard: Guard, missing: list[Document]) -> None:
        """Post the shortfall, once; find it in the list when its answer was lost."""
        if not self.plan.steps:
            guard.finish()
            return
        known = {request.id for request in self.before.requests}
        began = self.client.now()
        outcomes = apply(self.client, self.plan.steps, _accept, guard, empty_ok=True)
        twins: list[Request] = []

        def find(_unknown: list[Outcome]) -> dict[int, Accepted]:
            twins[:] = candidates(server_pool.read_requests(self.client, self.group), known, missing, began)
            if len(twins) > 1:
                raise Failure("ambiguous_match", "")
            return {0: Accepted(twins[0].id, twins[0])} if twins else {}

        read_back(outcomes, find, self.run.clock, settle=self.run.params["reconcile_timeout"], where="the group's server pool requests")
        self.outcome = outcomes[0]
        if self.outcome.state == UNKNOWN and len(twins) > 1:
            self.outcome.failure = _ambiguous(self.outcome, twins)
        if self.outcome.state != UNKNOWN:
            guard.finish()
        if self.outcome.state == STARTED:
            request = self.outcome.data
            if not request.documents:
                request = dataclasses.replace(request, documents=tuple(missing), num_servers=len(missing))
            self.followed.insert(0, Followed(request, own=True, reconciled=self.outcome.reconciled))

    def finish(self) -> dict[str, t.Any]:
        """Wait, count again, and say what came of it."""
        failures = [self.outcome.failure] if self.outcome is not None and self.outcome.failure is not None else []
        if not self.run.params["wait"] or failures:
            result = self.result(self.before)
            if failures:
                raise _run.fail_with(failures[0], result)
            return result
        watching.follow(self.run, self.client, self.group, self.followed, Deadline(self.run.clock, self.run.params["wait_timeout"]))
        if self.outcome is not None and any(one.own and one.now.ended() for one in self.followed):
            self.outcome.state = FINISHED
        # Nothing was waited for: the first reading is the last word.
        try:
            after, held = self._settled() if self.followed else (self.before, True)
        except Failure as failure:
            told = failure if self.outcome is None else unread(failure, self.outcome)
            raise _run.fail_with(told, self.result(self.before)) from None
        for one in self.followed:
            one.failure = watching.judge(one)
            if one.failure is not None and one.failure.code == "job_lost" and held and after.servers is not None:
                one.failure = None  # it brought its servers, whatever became of its entry
        failures = [one.failure for one in self.followed if one.failure is not None]
        if not failures and not held:
            failures = [self._effect_missing(after)]
        result = self.result(after)
        if failures:
            raise _run.fail_with(_run.of_many(failures, len(self.followed), "requests"), result)
        return result

    def _settled(self) -> tuple[Reading, bool]:
        """The last reading, and whether it shows the servers. A fulfilled request is given a moment to show them."""
        fulfilled = all(one.failure is None and one.now.ended() == "completed" for one in self.followed)
        deadline = Deadline(self.run.clock, self.run.params["reconcile_timeout"] if fulfilled else 0)
        while True:
            try:
                servers = _servers(self.client, self.group, self.satisfied_by)
                after = Reading(server_pool.read_requests(self.client, self.group), servers)
            except Failure:
                if fulfilled:
                    raise
                return self.before, False  # a request has failed; that is what the user has to read
            held = self.satisfied_by == "requests" or None not in assign(self.wanted, [one.properties for one in after.bound])
            if held or deadline.passed():
                return after, held
            self.run.clock.sleep(min(SETTLED_INTERVAL, max(deadline.left(), 0.01)))

    def _effect_missing(self, after: Reading) -> Failure:
        found = assign(self.wanted, [server.properties for server in after.bound])
        counts = collections.Counter(server_pool.described(d) for d, unit in zip(self.wanted, found, strict=True) if unit is None)
        short = "; ".join(f"{count} of {name}" for name, count in list(counts.items())[:3])
        own = self.outcome is not None
        return Failure(
            "effect_missing",
            f"the requests are fulfilled, but the group does not hold all of the servers (missing: {short}).",
            "Look at the group's servers; somebody may have given some back. Run again to ask for what is missing.",
            what=f"server pool of group {self.group}",
            outcome=FINISHED if own else NONE,
            system=api.SYSTEM,
            operation="request",
            resource=self.group,
            job=self.outcome.job if self.outcome is not None else None,
        )

    def result(self, after: Reading, changed: bool | None = None) -> dict[str, t.Any]:
        """What the user gets, also beside a failure."""
        new, certain = attribute(self.before, after, [one.now for one in self.followed])
        found = assign(self.wanted, [server.properties for server in after.bound])
        # Of servers that fit alike, those that these requests brought are shown first.
        if new and len(server_pool.select(after.bound, self.wanted)) > len(self.wanted):
            order = sorted(range(len(after.bound)), key=lambda n: after.bound[n].id not in new)
            found = [unit and (0, order[unit[1]]) for unit in assign(self.wanted, [after.bound[n].properties for n in order])]
        servers = [after.bound[number] for number in sorted(unit[1] for unit in found if unit is not None)]
        own = next((one for one in self.followed if one.own), None)
        if changed is None:
            changed = self.outcome is not None and self.outcome.changed
        return _run.result(
            self.plan,
            changed=changed,
            outcome=self.outcome.state if self.outcome is not None else NONE,
            group_id=self.group,
            request=own.public() if own is not None else None,
            requests=[one.public() for one in self.followed],
            servers=[{**server.public(), "new": server.id in new} for server in servers],
            certain=certain,
            surplus=[server.hostname for server in self.surplus],
        )


def _accept(step: Step, data: t.Any) -> Accepted:
    """The answer to the POST is the entity of the request (200 in the sample; 201 and 202 are borne)."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise Unproven("the answer holds no id of a request")
    request = server_pool.parse_request(data)
    return Accepted(request.id, request)


def _ambiguous(outcome: Outcome, twins: t.Sequence[Request]) -> Failure:
    return Failure(
        "ambiguous_match",
        f"the answer was lost, and several new requests ask for the same: {', '.join(twin.id for twin in twins[:5])}.",
        "Find out which of them is not wanted and cancel it (request_id with state absent), then run again.",
        what=outcome.step.what,
        outcome=UNKNOWN,
        system=api.SYSTEM,
        operation="request",
        resource=outcome.step.resource,
        details={"request_ids": [twin.id for twin in twins]},
    )


def _read(run: Run, client: OpsManager, group: str, wishes: t.Sequence[Wish], satisfied_by: str) -> Reading:
    """Both lists, as of one moment: requests, servers, and requests again while some are executing.

    A request that is fulfilled between the two lists would be counted twice. One that is being cancelled could still be
    fulfilled, so its end is waited for.
    """
    reading = Reading([], None)
    for _try in range(READINGS):
        requests = _without_cancelling(run, client, group, wishes)
        reading = Reading(requests, _servers(client, group, satisfied_by))
        if not any(request.live for request in requests):
            break
        again = server_pool.read_requests(client, group)
        if {(r.id, r.status) for r in requests} == {(r.id, r.status) for r in again}:
            break
    return reading


def _without_cancelling(run: Run, client: OpsManager, group: str, wishes: t.Sequence[Wish]) -> list[Request]:
    requests = server_pool.read_requests(client, group)
    leaving = [
        Followed(request)
        for request in requests
        if request.status == server_pool.CANCELLING and any(one.covers(document) for one in wishes for document in request.documents)
    ]
    if not leaving:
        return requests
    watching.follow(run, client, group, leaving, Deadline(run.clock, run.params["reconcile_timeout"]))
    for one in leaving:
        if one.failure is not None or not one.now.ended():
            raise one.failure or bad_input(
                "busy",
                f"the request {one.now.id} is being cancelled and could still be fulfilled.",
                "Wait until it is cancelled and run again.",
                resource=one.now.id,
                system=api.SYSTEM,
            )
    return server_pool.read_requests(client, group)


def _servers(client: OpsManager, group: str, satisfied_by: str) -> list[Server] | None:
    """The group's servers. Where requests are counted in their place, a key that may not list them is borne."""
    try:
        return server_pool.read_servers(client, group)
    except Failure as failure:
        if satisfied_by == "requests" and failure.code in ("forbidden", "not_found", "pool_disabled"):
            return None
        raise
