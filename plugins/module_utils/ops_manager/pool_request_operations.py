# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order servers from the pool, follow a request, cancel requests: what only these know, for the driver.

To order: count what the group holds and what is on its way, post the shortfall as one request, wait, count again. Cancelling
takes no server away: those of a fulfilled request stay bound until they are terminated.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NOT_STARTED, UNKNOWN, Failure, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, pool_requests, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.matching import assign
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_requests import REQUESTS, Choice, Reading, Request
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Desired, Document, Server

READINGS = 5  # how often both lists are read anew when a request ended between them
SETTLED_INTERVAL = 1.0
WHERE = "the group's server pool requests"


def look_at(client: OpsManager, group: str, items: t.Sequence[Item], attempts: int) -> dict[str, Request]:
    """The requests of these items that the server knows, by the key of the item; kept as ``item.current``. One request is asked
    for by its id, several by one list."""
    ids = {item.current.id: item for item in items if item.current is not None}
    if len(ids) == 1:
        one = pool_requests.read_request(client, group, next(iter(ids)), attempts=attempts)
        found = [one] if one is not None else []
    else:
        found = pool_requests.read_requests(client, group, attempts=attempts) if ids else []
    seen = {}
    for request in found:
        if request.id in ids:
            item = ids[request.id]
            if not request.documents:
                request = item.current if request.status == item.current.status else request
            item.current = request
            seen[item.key] = request
    return seen


# -- order ------------------------------------------------------------------------------------------------------------


class Order(Operation):
    """Ensure that a group holds the servers that are asked for. An item is a request: the one to send, or one that is joined.

    ``current`` of an item is its :class:`Request`, None until the server has told it. ident: only wait for this request, which
    somebody else has made.
    """

    kind, noun, where = "server_pool", "requests", WHERE
    joins = True
    identity_is_known, empty_ok = True, True
    client: OpsManager

    def __init__(
        self, run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired], satisfied_by: str, on_shortage: str, ident: str = ""
    ) -> None:
        super().__init__(run, client)
        self.group, self.asked, self.satisfied_by, self.on_shortage, self.ident = group, asked, satisfied_by, on_shortage, ident
        self.reads_only = bool(ident)
        self.documents = [document for one in asked for document in one.documents()]
        self.before = self.after = Reading([], None)
        self.choice = Choice([], [], [], [], "")
        self.began = 0.0
        self.short = 0  # servers that the pool cannot give, left out with on_shortage partial

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.group)

    def read(self) -> list[Item]:
        server_pool.require_enabled(self.client, self.group)
        if self.ident:
            return [self._followed()]
        server_pool.check(self.asked, server_pool.read_properties(self.client, self.group))
        self.before = self.after = _read_both(self.run, self.client, self.group, self.asked, self.satisfied_by)
        choice = self.choice = pool_requests.choose(self.documents, self.before, self.satisfied_by, self.client.now())
        items = [
            Item(request.id, f"request {request.id} (joined; it was ordered before)", current=request, join="") for request in choice.joined
        ]
        missing = choice.missing
        if missing and self.on_shortage != pool_requests.WAIT:
            free = _free(self.client)
            if free is None:
                self.run.warn(pool_requests.shortage_unknown(len(missing), self.on_shortage))
            else:
                missing = pool_requests.available(missing, free, self.on_shortage)
        self.short = len(choice.missing) - len(missing)
        if self.short:
            asked = len(choice.missing)
            self.run.warn(f"The pool has no free servers for {self.short} of the {asked} that are missing; these are not ordered.")
        if missing:
            step = pool_requests.order_step(self.group, missing, choice.why)
            items.insert(0, Item(step.resource, step.title, desired=missing, steps=[step]))
        if choice.surplus:
            names = named([server.hostname for server in choice.surplus], 120)
            self.run.warn(
                f"The group holds {len(choice.surplus)} more of these servers than the {len(self.documents)} that are asked for ({names});"
                " none is given back."
            )
        return items

    def _followed(self) -> Item:
        request = pool_requests.read_request(self.client, self.group, self.ident)
        if request is None:
            raise bad_input(
                "request_not_found",
                f"the group has no request {self.ident[:80]}.",
                "Look at server_pool_request_info for the ids, and run again.",
                resource=self.ident[:80],
                system=api.SYSTEM,
            )
        self.documents = list(request.documents)
        self.choice = Choice([], [], [], [True] * len(self.documents), "")
        requests = pool_requests.read_requests(self.client, self.group)
        self.before = self.after = Reading(requests, _servers(self.client, self.group, self.satisfied_by))
        return Item(request.id, f"request {request.id}", current=request, join="")

    def prepare(self, items: t.Sequence[Item]) -> None:
        self.began = self.client.now()

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return pool_requests.accept_order(step, data)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        item, outcome = unknown[0]
        known = {request.id for request in self.before.requests}
        listed = pool_requests.read_requests(self.client, self.group)
        twins = pool_requests.candidates(listed, known, item.desired, self.began)
        if len(twins) > 1:
            raise _ambiguous(item, twins)
        return {outcome.step.key: Accepted(twins[0].id, twins[0])} if twins else {}

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        for item in items:
            if item.current is None:
                item.current = item.data
        return {key: pool_requests.state_of(one) for key, one in look_at(self.client, self.group, items, attempts).items()}

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        last = item.current.status or "never seen"
        lapse = f"; it lapses at {item.current.expires}" if item.current.expires else ""
        return Failure(
            "wait_timeout",
            f"the request {item.current.id}{'' if item.steps else ', which was ordered before,'} had not ended in time"
            f" (last status: {last}{lapse}).",
            "It goes on by itself: run this task again to join the wait, with a longer wait_timeout, or cancel it with state absent.",
        )

    def not_reached(self, item: Item) -> Failure:
        if item.current.ended():
            for outcome in item.outcomes:
                outcome.state = FINISHED
            return pool_requests.not_granted(item.current)
        for outcome in item.outcomes:
            outcome.state = UNKNOWN
        return Failure(
            "job_lost",
            f"the server does not know the request {item.current.id} any more.",
            "Look at the group's requests and servers before running again.",
        )

    # -- count again -------------------------------------------------------------------------------------------------

    def conclude(self, items: t.Sequence[Item]) -> None:
        """A last reading of both lists. A fulfilled request is given a moment to show its servers."""
        waited = [item for item in items if item.verified or item.watched is not None]
        if not waited:
            return  # nothing was waited for: the first reading is the last word
        try:
            self.after, held = self._settled(all(item.verified for item in waited))
        except Failure as failure:
            for item in waited:
                item.fail(failure.later("the request was fulfilled, but the group's servers could not be read: "), api.SYSTEM)
            return
        for item in waited:
            if item.failure is not None and item.failure.code == "job_lost" and held and self.after.servers is not None:
                item.failure = None  # it brought its servers, whatever became of its entry
        if not held and not any(item.failure is not None for item in items):
            items[0].fail(self._effect_missing(), api.SYSTEM)

    def _settled(self, fulfilled: bool) -> tuple[Reading, bool]:
        deadline = Deadline(self.run.clock, self.run.params["reconcile_timeout"] if fulfilled else 0)
        expected = self._expected()
        while True:
            try:
                servers = _servers(self.client, self.group, self.satisfied_by)
                after = Reading(pool_requests.read_requests(self.client, self.group), servers)
            except Failure:
                if fulfilled:
                    raise
                return self.before, False  # a request has failed; that is what the user has to read
            held = self.satisfied_by == REQUESTS or None not in assign(expected, [one.properties for one in after.bound])
            if held or deadline.passed():
                return after, held
            self.run.clock.sleep(min(SETTLED_INTERVAL, max(deadline.left(), 0.01)))

    def _expected(self) -> list[Document]:
        """What the group shall hold at the end: all that is asked for, less what the pool could not give."""
        given_up = collections.Counter(map(_frozen, self.choice.missing))
        given_up.subtract(_frozen(document) for item in self._items_ordered() for document in item)
        expected = []
        for document in self.documents:
            if given_up[_frozen(document)] > 0:
                given_up[_frozen(document)] -= 1
            else:
                expected.append(document)
        return expected

    def _items_ordered(self) -> list[list[Document]]:
        return [outcome.step.body["properties"] for outcome in self.run.outcomes]

    def _effect_missing(self) -> Failure:
        found = assign(self.documents, [server.properties for server in self.after.bound])
        counts = collections.Counter(server_pool.described(d) for d, unit in zip(self.documents, found, strict=True) if unit is None)
        short = "; ".join(f"{count} of {name}" for name, count in list(counts.items())[:3])
        return Failure(
            "effect_missing",
            f"the requests are fulfilled, but the group does not hold all of the servers (missing: {short}).",
            "Look at the group's servers; somebody may have given some back. Run again to ask for what is missing.",
            what=f"server pool of group {self.group}",
        )

    # -- words -------------------------------------------------------------------------------------------------------

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, int]:
        here = list(self.choice.here)
        if after:
            ordered = [document for item in items for document in item.desired or []]
            for number, document in enumerate(self.documents):
                if not here[number] and document in ordered:
                    ordered.remove(document)
                    here[number] = True
        return pool_requests.counted(self.documents, here)

    def present(self, item: Item) -> dict[str, t.Any]:
        item.current = item.current or item.data
        told = item.current.public() if item.current is not None else {}
        return {**told, "own": bool(item.steps), **item.facts()}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        shown = [item for item in items if item.current is not None]
        own = next((item for item in shown if item.steps), None)
        after = self.after
        new, certain = pool_requests.attribute(self.before, after, [item.current for item in shown])
        found = assign(self.documents, [server.properties for server in after.bound])
        # Of servers that fit alike, those that these requests brought are shown first.
        if new and len(server_pool.select(after.bound, self.documents)) > len(self.documents):
            order = sorted(range(len(after.bound)), key=lambda n: after.bound[n].id not in new)
            found = [unit and (0, order[unit[1]]) for unit in assign(self.documents, [after.bound[n].properties for n in order])]
        servers = [after.bound[number] for number in sorted(unit[1] for unit in found if unit is not None)]
        return {
            "group_id": self.group,
            "request": self.present(own) if own is not None else None,
            "requests": [self.present(item) for item in shown],
            "servers": [{**server.public(), "new": server.id in new} for server in servers],
            "certain": certain,
            "surplus": [server.hostname for server in self.choice.surplus],
            "short": self.short,
        }


def order(run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired], satisfied_by: str, on_shortage: str) -> dict[str, t.Any]:
    """``state: present``; returns the result, raises :class:`Failure` with the result beside it."""
    return drive(Order(run, client, group, asked, satisfied_by, on_shortage))


def follow(run: Run, client: OpsManager, group: str, ident: str) -> dict[str, t.Any]:
    """Wait for a request that somebody else made; sends nothing that changes anything."""
    return drive(Order(run, client, group, [], REQUESTS, pool_requests.WAIT, ident))


def _frozen(document: Document) -> frozenset[tuple[str, str]]:
    return frozenset(document.items())


def _ambiguous(item: Item, twins: t.Sequence[Request]) -> Failure:
    return Failure(
        "ambiguous_match",
        f"the answer was lost, and several new requests ask for the same: {', '.join(twin.id for twin in twins[:5])}.",
        "Find out which of them is not desired and cancel it (request_id with state absent), then run again.",
        outcome=UNKNOWN,
        details={"request_ids": [twin.id for twin in twins]},
    )


def _free(client: OpsManager) -> list[Server] | None:
    """The servers that the pool can give now; None where the key may not list them (it needs a global role)."""
    try:
        servers = server_pool.read_servers(client, None, server_pool.AVAILABLE)
    except Failure as failure:
        if failure.code in ("forbidden", "not_found", "pool_disabled", "auth_failed") or failure.status in (403, 404, 405):
            return None
        raise
    return [server for server in servers if server.status == server_pool.AVAILABLE]


def _read_both(run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired], satisfied_by: str) -> Reading:
    """Both lists, as of one moment: requests, servers, and requests again while some are executing.

    A request that is fulfilled between the two lists would be counted twice. One that is being cancelled could still be
    fulfilled, so its end is waited for.
    """
    for _try in range(READINGS):
        requests = _without_cancelling(run, client, group, asked)
        reading = Reading(requests, _servers(client, group, satisfied_by))
        if not any(request.live for request in requests):
            return reading
        again = pool_requests.read_requests(client, group)
        if {(r.id, r.status) for r in requests} == {(r.id, r.status) for r in again}:
            return reading
    raise Failure(
        "list_unstable",
        "the group's requests changed again and again while they and the group's servers were read.",
        "Run again when the pool is quieter.",
        what="read the group's requests and servers",
        transient=True,
        system=api.SYSTEM,
    )


def _without_cancelling(run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired]) -> list[Request]:
    requests = pool_requests.read_requests(client, group)
    leaving = [
        Item(request.id, request.id, current=request)
        for request in requests
        if request.status == pool_requests.CANCELLING and any(one.covers(document) for one in asked for document in request.documents)
    ]
    if not leaving:
        return requests
    by_id = {item.key: item for item in leaving}

    def poll(ids: list[str]) -> dict[str, State]:
        return {key: pool_requests.state_of(one) for key, one in look_at(client, group, [by_id[i] for i in ids], 1).items()}

    ends = wait(list(by_id), poll, run.clock, timeout=run.params["reconcile_timeout"], interval=run.params["poll_interval"])
    for ident, watched in ends.items():
        if watched.end == "timed_out":
            raise bad_input(
                "busy",
                f"the request {ident} is being cancelled and could still be fulfilled.",
                "Wait until it is cancelled and run again.",
                resource=ident,
                system=api.SYSTEM,
            )
    return pool_requests.read_requests(client, group)


def _servers(client: OpsManager, group: str, satisfied_by: str) -> list[Server] | None:
    """The group's servers. Where requests are counted in their place, a key that may not list them is accepted."""
    try:
        return server_pool.read_servers(client, group)
    except Failure as failure:
        if satisfied_by == REQUESTS and failure.code in ("forbidden", "not_found", "pool_disabled"):
            return None
        raise


# -- cancel -----------------------------------------------------------------------------------------------------------


class CancelRequests(Operation):
    """Cancel one request by its id, or all that ask for nothing but what is asked here. ``current`` of an item: its :class:`Request`."""

    kind, noun, where = "server_pool", "requests", WHERE
    joins = True
    identity_is_known, empty_ok = True, True
    refusals = (400, 404, 409)
    client: OpsManager

    def __init__(self, run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired], ident: str | None) -> None:
        super().__init__(run, client)
        self.group, self.asked, self.ident = group, asked, ident

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.group)

    def read(self) -> list[Item]:
        server_pool.require_enabled(self.client, self.group)
        if self.ident:
            one = pool_requests.read_request(self.client, self.group, self.ident)
            found = [one] if one is not None else []
            if one is None:
                self.run.warn(pool_requests.not_listed(self.ident))
        else:
            found = pool_requests.cancellable(pool_requests.read_requests(self.client, self.group), self.asked)
        items = []
        for request in found:
            item = Item(request.id, f"server pool request {request.id}", before=request, current=request)
            if request.status == pool_requests.EXECUTING:
                item.steps = [pool_requests.cancel_step(self.group, request)]
            elif request.status == pool_requests.CANCELLING:
                item.join = ""
            elif request.status == pool_requests.COMPLETED:
                item.fail(pool_requests.fulfilled(request), api.SYSTEM)
            items.append(item)
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        seen = look_at(self.client, self.group, items, attempts)
        states = {}
        for item in items:
            request = seen.get(item.key)
            if request is None:
                states[item.key] = State("gone", done=True, ok=True)
                continue
            ended = request.ended()
            states[item.key] = State(request.status or "unknown", done=bool(ended), ok=bool(ended) and ended != "completed")
        return states

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        found = {}
        for item, outcome in unknown:
            request = pool_requests.read_request(self.client, self.group, item.key)
            item.current = request or item.current
            if request is None or request.status != pool_requests.EXECUTING:
                # A refusal may only mean that it ended meanwhile: how, is waited for and told.
                item.join = ""
                found[outcome.step.key] = Accepted()
        return found

    def ended(self, item: Item) -> None:
        if item.current.ended() == "failed":  # by itself; this run has not cancelled it
            for outcome in item.outcomes:
                outcome.state = NOT_STARTED

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        return Failure(
            "wait_timeout",
            f"the request was not cancelled in time (last status: {item.current.status}).",
            "Run this task again to join the wait, with a longer wait_timeout.",
        )

    def not_reached(self, item: Item) -> Failure:
        for outcome in item.outcomes:
            outcome.state = NOT_STARTED
        return pool_requests.fulfilled(item.current)

    def view(self, item: Item, after: bool) -> str:
        return pool_requests.CANCELLED if after and item.before.live else item.before.status

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**item.current.public(), **item.facts()}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        return {"request": self.present(items[0]) if len(items) == 1 else None}


def cancel(run: Run, client: OpsManager, group: str, asked: t.Sequence[Desired], ident: str | None) -> dict[str, t.Any]:
    """``state: absent``, for one request by its id or for all that match."""
    return drive(CancelRequests(run, client, group, asked, ident))
