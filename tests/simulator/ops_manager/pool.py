# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server pool: servers, what they offer, and the requests that take them.

For each document of a request one AVAILABLE server is looked for whose properties contain it. All found: they are BOUND
to the group and the request is COMPLETED. Some found: these are RESERVED and the request stays EXECUTING until servers
come back or it lapses. Nothing runs in the background: `tick` carries out, in their order, the events that are due.
"""

from __future__ import annotations

import heapq
import itertools
import secrets
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


class ObjectIds:
    """BSON ObjectIds: four bytes creation second, five of this process, a counter of three."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(5)
        self._counter = itertools.count(secrets.randbelow(1 << 22))

    def new(self, created: float) -> str:
        return f"{int(created):08x}{self._process}{next(self._counter) & 0xFFFFFF:06x}"


@dataclass
class Server:
    id: str
    hostname: str
    properties: dict[str, str]
    created: float
    status: str = "AVAILABLE"          # RESERVED, BOUND, NEEDS_CLEAN, TRASH, DELETED
    recycled: float = 0.0              # 0 prints as 1970-01-01T00:00:00Z: never
    group: str | None = None
    request: str | None = None         # never shown by the API; for state()


@dataclass
class Request:
    id: str
    group: str
    documents: list[Document]
    created: float
    expires: float
    status: str = "EXECUTING"          # CANCELLING, CANCELLED, FAILED, COMPLETED
    completed: float | None = None
    cancelled: float | None = None
    servers: dict[int, str] = field(default_factory=dict)    # index of the document -> server id

    @property
    def terminal(self) -> bool:
        return self.status in ("COMPLETED", "CANCELLED", "FAILED")


class ServerPool:
    """State and events; `switches` are those of OpsManager, read when an event is made or carried out."""

    def __init__(self, clock: Any, switches: dict[str, Any]) -> None:
        self._clock = clock
        self._switches = switches
        self.ids = ObjectIds()
        self.servers: dict[str, Server] = {}
        self.requests: dict[str, Request] = {}
        self.properties: dict[str, dict[str, Any]] = {}
        self.by_hostname: dict[str, Server] = {}
        self.counts = {"requests_created": 0, "requests_cancelled": 0, "requests_expired": 0, "servers_terminated": 0,
                       "servers_removed": 0}
        self._available: dict[str, Server] = {}
        self._waiting: dict[str, Request] = {}            # EXECUTING, allocation tried and found wanting
        self._events: list[tuple[float, int, str, str]] = []
        self._order = itertools.count()

    # -- time

    def tick(self) -> None:
        """Carry out what is due by now."""
        now = self._clock.now()
        while self._events and self._events[0][0] <= now:
            due, dummy, action, subject = heapq.heappop(self._events)
            getattr(self, "_on_" + action)(due, subject)

    def _later(self, due: float, action: str, subject: str) -> None:
        heapq.heappush(self._events, (due, next(self._order), action, subject))

    # -- servers

    def add_server(self, server: Server) -> None:
        self.servers[server.id] = server
        self.by_hostname[server.hostname] = server
        for name, value in server.properties.items():
            self._discover(name, value)
        if server.status == "AVAILABLE":
            self._available[server.id] = server

    def _discover(self, name: str, value: str) -> None:
        """Properties and their values are found on the agents: there is no call that creates them."""
        entry = self.properties.setdefault(
            name, {"id": name, "multiSelect": False, "statusName": "AVAILABLE", "values": []})
        if all(known["value"] != value for known in entry["values"]):
            entry["values"].append({"value": value, "statusName": "AVAILABLE"})

    def terminate(self, server: Server) -> None:
        """The group gives a bound server back; it is cleaned, then waits in the bin or returns by itself."""
        self.counts["servers_terminated"] += 1
        server.status, server.group = "NEEDS_CLEAN", None
        self._later(self._clock.now() + self._switches["clean_seconds"], "cleaned", server.id)
        self.tick()

    def remove(self, server: Server) -> None:
        """An administrator takes a server out of the pool for good."""
        self.counts["servers_removed"] += 1
        server.status = "DELETED"
        self._available.pop(server.id, None)
        del self.servers[server.id]
        self.by_hostname.pop(server.hostname, None)

    def recycle(self, server: Server, when: float) -> None:
        """Back into the pool (a button of the user interface; no call for it is documented)."""
        server.status, server.recycled, server.request = "AVAILABLE", when, None
        self._available[server.id] = server
        self.serve_waiting(when)

    def _on_cleaned(self, due: float, server_id: str) -> None:
        server = self.servers.get(server_id)
        if server is not None and server.status == "NEEDS_CLEAN":
            server.status = "TRASH"
            if self._switches["auto_recycle"]:
                self._later(due + self._switches["recycle_seconds"], "recycle", server_id)

    def _on_recycle(self, due: float, server_id: str) -> None:
        server = self.servers.get(server_id)
        if server is not None and server.status == "TRASH":
            self.recycle(server, due)

    # -- requests

    def create_request(self, group: str, documents: list[Document]) -> Request:
        now = self._clock.now()
        request = Request(self.ids.new(now), group, documents, now, now + self._switches["request_timeout"])
        self.counts["requests_created"] += 1
        self.add_request(request)
        self.tick()
        return request

    def add_request(self, request: Request) -> None:
        self.requests[request.id] = request
        if request.status == "EXECUTING":
            self._later(request.created + self._switches["allocation_seconds"], "allocate", request.id)
            self._later(request.expires, "expire", request.id)

    def cancel(self, request: Request) -> None:
        self.counts["requests_cancelled"] += 1
        request.status = "CANCELLING"
        self._waiting.pop(request.id, None)
        self._later(self._clock.now() + self._switches["cancel_seconds"], "cancelled", request.id)
        self.tick()

    def _on_cancelled(self, due: float, request_id: str) -> None:
        request = self.requests[request_id]
        if self._switches["cancel_result"] == "COMPLETED":       # the allocation wins the race
            request.status = "EXECUTING"
            self._allocate(request, due)
        if not request.terminal:
            self._end_cancelled(request, due)

    def _on_expire(self, due: float, request_id: str) -> None:
        """There is no status for a lapse: Ops Manager cancels the request itself."""
        request = self.requests[request_id]
        if request.status == "EXECUTING":
            self.counts["requests_expired"] += 1
            self._end_cancelled(request, due)

    def _end_cancelled(self, request: Request, when: float) -> None:
        request.status, request.cancelled = "CANCELLED", when
        self._release(request, when)

    def _release(self, request: Request, when: float) -> None:
        self._waiting.pop(request.id, None)
        for server_id in request.servers.values():
            server = self.servers.get(server_id)
            if server is not None:
                server.status, server.group, server.request = "AVAILABLE", None, None
                self._available[server_id] = server
        request.servers.clear()
        self.serve_waiting(when)

    def _on_allocate(self, due: float, request_id: str) -> None:
        request = self.requests[request_id]
        if request.status != "EXECUTING":
            return
        if self._switches["fail_next_requests"] > 0:
            self._switches["fail_next_requests"] -= 1
            self.fail(request)
            return
        self._allocate(request, due)

    def fail(self, request: Request) -> None:
        """End a request FAILED; the API has no field for the reason."""
        request.status = "FAILED"
        self._release(request, self._clock.now())

    def serve_waiting(self, when: float) -> None:
        """Servers came back: try the waiting requests again, the oldest first."""
        for request in list(self._waiting.values()):
            if request.id in self._waiting:
                self._allocate(request, when)

    def _allocate(self, request: Request, when: float) -> None:
        missing: list[Document] = []                            # equal documents need not be looked for twice
        for index, document in enumerate(request.documents):
            # several values of one property are handed out round robin, one server a value
            wanted = {name: value[index % len(value)] if isinstance(value, list) else value
                      for name, value in document.items()}
            if index in request.servers or wanted in missing:
                continue
            server = self._find(wanted)
            if server is None:
                missing.append(wanted)
                continue
            del self._available[server.id]
            server.status, server.request = "RESERVED", request.id
            request.servers[index] = server.id
        if len(request.servers) < len(request.documents):
            self._waiting[request.id] = request
            return
        self._waiting.pop(request.id, None)
        for server_id in request.servers.values():
            server = self.servers[server_id]
            server.status, server.group = "BOUND", request.group
        request.status, request.completed = "COMPLETED", when

    def _find(self, wanted: Document) -> Server | None:
        for server in self._available.values():
            if all(server.properties.get(name) == value for name, value in wanted.items()):
                return server
        return None
