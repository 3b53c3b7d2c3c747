# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the server pool: their shape, how they end, what to order so that a group holds its servers.

Source: the page "Group Server Pool Requests" (entity, five statuses). No field ties a server to the request that brought it.
Holding is the state, not having asked: a COMPLETED request stays in the list after its servers were given back. The API has no
field for a marker, so a request whose answer was lost is found by what is new in the list.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply, ended_badly
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import Entry, OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.matching import assign, same
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Desired, Document, Server, text

EXECUTING, CANCELLING, CANCELLED, FAILED, COMPLETED = "EXECUTING", "CANCELLING", "CANCELLED", "FAILED", "COMPLETED"
STATUSES = (EXECUTING, CANCELLING, CANCELLED, FAILED, COMPLETED)
LIVE = (EXECUTING, CANCELLING)
SERVERS, REQUESTS = "servers", "requests"  # what satisfies a task
FAIL, PARTIAL, WAIT = "fail", "partial", "wait"  # what to do when the pool has too few free servers

_ID = re.compile(r"[0-9A-Fa-f]{24}")

# A request that lapses is cancelled by the server itself; its cancelDate then lies at expires or a little later.
EXPIRY_SLACK = 5.0
CREATED_SLACK = 5.0  # seconds; ``created`` has whole seconds, and the server's clock is known only about as well


@dataclasses.dataclass(frozen=True)
class Request:
    """One provisioning request. documents: what was asked, one for each server. Dates as the server wrote them."""

    id: str
    status: str
    group: str
    num_servers: int
    documents: tuple[Document, ...]
    created: str
    expires: str
    complete_date: str
    cancel_date: str

    @property
    def live(self) -> bool:
        return self.status in LIVE

    def ended(self) -> str:
        """``completed``, ``failed``, ``cancelled``, ``expired``, or empty while it goes on.

        There is no status for a lapse: the server cancels the request itself, so the dates tell.
        """
        if self.status == CANCELLED:
            cancelled, expires = server_pool.moment(self.cancel_date), server_pool.moment(self.expires)
            lapsed = cancelled is not None and expires is not None and cancelled >= expires - EXPIRY_SLACK
            return "expired" if lapsed else "cancelled"
        return {COMPLETED: "completed", FAILED: "failed"}.get(self.status, "")

    def public(self) -> dict[str, t.Any]:
        return {
            "id": self.id,
            "status": self.status,
            "ended": self.ended() or None,
            "group_id": self.group,
            "num_servers": self.num_servers,
            "properties": list(self.documents),
            "created": self.created or None,
            "expires": self.expires or None,
            "complete_date": self.complete_date or None,
            "cancel_date": self.cancel_date or None,
        }


def parse_request(entry: Entry) -> Request:
    """One request entity. ``numServers`` is in the field table but in no sample, so the documents count without it."""
    told = entry.get("properties")
    rows = [row for row in ([told] if isinstance(told, dict) else told if isinstance(told, list) else []) if isinstance(row, dict)]
    number = entry.get("numServers")
    count = number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else len(rows)
    if len(rows) == 1 and 1 < count <= server_pool.MAX_SERVERS:
        rows = rows * count
    ident = text(entry, "id")
    if not ident:
        raise bad_reply("a request has no id", what="read a server pool request")
    return Request(
        id=ident,
        status=text(entry, "statusName").upper(),
        group=text(entry, "groupId"),
        num_servers=count,
        documents=tuple(_dealt(row, number) for number, row in enumerate(rows)),
        created=text(entry, "created"),
        expires=text(entry, "expires"),
        complete_date=text(entry, "completeDate"),
        cancel_date=text(entry, "cancelDate"),
    )


def _dealt(row: Entry, number: int) -> Document:
    """One document with one value for each property: a list is dealt out round robin, as the pages say."""
    return {str(k): str(v[number % len(v)]) if isinstance(v, list) and v else str(v) for k, v in row.items()}


# -- reads ------------------------------------------------------------------------------------------------------------


def check_id(ident: str) -> None:
    """Refuse an id that cannot be one segment of a path."""
    segment(ident, "request_id")


def read_requests(client: OpsManager, group: str | None, status: str = "", attempts: int = READ_ATTEMPTS) -> list[Request]:
    """Every request, history too. status: asked of the server where that is documented (the pool-wide list)."""
    query = (("status", status),) if status and not group else ()
    entries = api.list_all(client, server_pool.root(group) + "/requests", query=query, what="list server pool requests", attempts=attempts)
    return [parse_request(entry) for entry in entries]


def read_request(client: OpsManager, group: str | None, ident: str, attempts: int = READ_ATTEMPTS) -> Request | None:
    """One request; None when the server does not know it."""
    path = f"{server_pool.root(group)}/requests/{segment(ident, 'request_id')}"
    try:
        return parse_request(api.read(client, path, what=f"read the request {clean(ident, 40)}", attempts=attempts))
    except Failure as failure:
        if failure.status == 404 and failure.code == "not_found":
            return None
        raise


# -- planning: pure ---------------------------------------------------------------------------------------------------


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
    """What to do: the documents to order (maybe none), the requests to wait for, and the servers beyond what is asked for.

    here: for each desired document whether the group holds it, or it is on its way.
    """

    missing: list[Document]
    joined: list[Request]
    surplus: list[Server]
    here: list[bool]
    why: str


def choose(wanted: t.Sequence[Document], reading: Reading, satisfied_by: str, now: float) -> Choice:
    """Count what the group holds and what is on its way; the rest is the shortfall.

    satisfied_by: ``servers`` counts bound servers, ``requests`` counts COMPLETED requests in their place. now: the
    server's time; a request past its expiry brings nothing any more.
    """
    bound = reading.bound
    done = [document for request in reading.requests if request.status == COMPLETED for document in request.documents]
    held = done if satisfied_by == REQUESTS else [server.properties for server in bound]
    coming = [
        (request, document)
        for request in reading.requests
        if request.status == EXECUTING and not _lapsed(request, now)
        for document in request.documents
    ]
    found = assign(wanted, held, [document for _request, document in coming])
    missing = [document for document, unit in zip(wanted, found, strict=True) if unit is None]
    joined = {coming[unit[1]][0].id: coming[unit[1]][0] for unit in found if unit is not None and unit[0] == 1}
    used = {unit[1] for unit in found if unit is not None and unit[0] == 0}
    surplus: list[Server] = []
    if satisfied_by == SERVERS:
        matching = {server.id for server in server_pool.select(bound, wanted)}
        surplus = [server for number, server in enumerate(bound) if server.id in matching and number not in used]
    held_now = sum(unit is not None and unit[0] == 0 for unit in found)
    on_the_way = sum(unit is not None and unit[0] == 1 for unit in found)
    why = f"{len(wanted)} desired, {held_now} held, {on_the_way} on the way"
    return Choice(missing, list(joined.values()), surplus, [unit is not None for unit in found], why)


def order_step(group: str, documents: t.Sequence[Document], why: str) -> Step:
    """The request for these servers, one document each."""
    number = f"{len(documents)} server{'s' if len(documents) > 1 else ''}"
    digest = hashlib.sha256(json.dumps(sorted(map(sorted, map(dict.items, documents)))).encode()).hexdigest()[:16]
    return Step(
        operation="request",
        method="POST",
        path=f"{api.BASE}{server_pool.root(group)}/requests",
        resource=f"order {digest} of group {group}",
        title=f"{number} for group {group}",
        why=why,
        body={"properties": list(documents)},
        effect=("the request", "accepted"),
    )


def cancel_step(group: str, request: Request) -> Step:
    return Step(
        operation="cancel",
        method="DELETE",
        path=f"{api.BASE}{server_pool.root(group)}/requests/{segment(request.id, 'request_id')}",
        resource=request.id,
        why=f"it is {request.status} and shall not bring servers any more",
        effect=("the cancel", "accepted"),
    )


def available(missing: t.Sequence[Document], free: t.Sequence[Server], on_shortage: str) -> list[Document]:
    """What to order of ``missing`` when only ``free`` servers can be had now. Raises ``pool_short`` where that is not enough.

    on_shortage: ``fail``, or ``partial`` for what there is. (With ``wait`` nobody asks.)
    """
    found = assign(missing, [server.properties for server in free])
    can = [document for document, unit in zip(missing, found, strict=True) if unit is not None]
    if len(can) == len(missing) or on_shortage == PARTIAL:
        return can
    raise bad_input(
        "pool_short",
        f"{len(missing)} servers are missing, and the pool has only {len(can)} free ones with these properties.",
        "Ask for fewer, ask an administrator for more servers, or set on_shortage to partial (order those) or wait (order all and"
        " wait until there are some), and run again.",
        system=api.SYSTEM,
        details={"missing": len(missing), "available": len(can)},
    )


def shortage_unknown(count: int, on_shortage: str) -> str:
    """The warning where nobody can see whether the pool has as many free servers; the servers are ordered all the same."""
    return (
        f"This key may not read the pool's servers, so that it is not known whether it can give {count}; all of them are ordered, as with"
        f" on_shortage wait, and not as with {on_shortage}. Give the key Global Read Only, or set on_shortage to wait."
    )


def not_listed(ident: str) -> str:
    """The warning for a request to be cancelled that the group does not have. Raises ``request_not_found`` where no request can have
    had this id: how long the server keeps those that have ended is not documented, the form of its ids is."""
    shown = clean(ident, 40)
    if not _ID.fullmatch(ident):
        raise bad_input(
            "request_not_found",
            f"the group has no request {shown}, and no id of a request looks like that (24 hexadecimal digits).",
            "Look at server_pool_request_info for the ids, and run again.",
            resource=shown,
            system=api.SYSTEM,
        )
    return (
        f"The group has no request {shown}, so that none was cancelled. If another one is meant, it goes on;"
        " server_pool_request_info lists them."
    )


def cancellable(requests: t.Sequence[Request], asked: t.Sequence[Desired]) -> list[Request]:
    """The live requests of which every document is covered by what is asked; one that asks for anything else is left alone."""
    return [
        request
        for request in requests
        if request.live and request.documents and all(any(one.covers(document) for one in asked) for document in request.documents)
    ]


def candidates(requests: t.Sequence[Request], known: t.Container[str], documents: t.Sequence[Document], earliest: float) -> list[Request]:
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
    earlier = {request.id for request in before.requests if request.status == COMPLETED}
    others = any(r.status == COMPLETED and r.id not in ours and r.id not in earlier for r in after.requests)
    whole = len(fresh) == len(documents) and None not in assign(documents, [server.properties for server in fresh])
    readable = before.servers is not None and after.servers is not None
    return {server.id for server in fresh}, readable and whole and not others


def _lapsed(request: Request, now: float) -> bool:
    expires = server_pool.moment(request.expires)
    return expires is not None and expires <= now


def counted(wanted: t.Sequence[Document], here: t.Sequence[bool]) -> dict[str, int]:
    counts = {server_pool.described(document): 0 for document in wanted}
    for document, one in zip(wanted, here, strict=True):
        counts[server_pool.described(document)] += one
    return counts


# -- answers and ends -------------------------------------------------------------------------------------------------


def accept_order(step: Step, data: t.Any) -> Accepted:
    """The answer to the POST is the entity of the request (200 in the sample; 201 and 202 are accepted)."""
    if not isinstance(data, dict) or not isinstance(data.get("id"), str) or not data["id"]:
        raise Unproven("the answer holds no id of a request.")
    request = parse_request(data)
    documents = step.body["properties"]
    if not request.documents:
        request = dataclasses.replace(request, documents=tuple(documents), num_servers=len(documents))
    return Accepted(request.id, request)


def state_of(request: Request) -> State:
    """The five statuses; any other word is no end, so the wait goes on and shows it."""
    ended = request.ended()
    return State(request.status or "unknown", done=bool(ended), ok=ended == "completed", data=request)


def not_granted(request: Request) -> Failure:
    """Why a request that has ended did not bring its servers."""
    ended = request.ended()
    if ended == "expired":
        return ended_badly(
            "request_expired",
            f"no servers could be had until the request {request.id} lapsed (created {request.created}, expired {request.expires}).",
            "Wait until the pool has free servers with these properties, or ask an administrator for more, and run again.",
        )
    if ended == "cancelled":
        at = f" at {request.cancel_date}" if request.cancel_date else ""
        why = f"somebody cancelled the request {request.id}{at}."
        return ended_badly("request_cancelled", why, "Ask who did, then run again to ask anew.")
    why = f"Ops Manager says that the request {request.id} failed; it gives no reason."
    return ended_badly("request_failed", why, "Look at its log and at the pool, and run again.")


def fulfilled(request: Request) -> Failure:
    """A request that was to be cancelled has won the race."""
    at = f" at {request.complete_date}" if request.complete_date else ""
    return Failure(
        "already_fulfilled",
        f"the request was fulfilled{at}, so it cannot be cancelled; its servers are bound to the group.",
        "Give the servers back with server_pool_server if they are not desired.",
    )
