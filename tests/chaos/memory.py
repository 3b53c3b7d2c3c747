# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated servers without sockets, and a clock that moves by sleeping: a whole run of a module in a millisecond.

    memory = Memory()
    with memory.plugged():
        module.run(Run(memory.params("xclarity") | {...}, clock=memory.clock))

Every request passes through ``Memory.exchange``, where ``Memory.hook`` can delay it, lose it, answer in the server's place, or
let another run go first. The simulator's clock and the run's clock are one, so hours of waiting cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from starlette.applications import Starlette
from urllib3 import HTTPHeaderDict

from ansible_collections.groundwork.provision.plugins.module_utils import _authorities, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from simulator.__main__ import SYSTEMS, load_system
from simulator.core import Clock as SimulatorClock
from simulator.server import Front, World


class VirtualClock(Clock):
    """Time for a run and for the simulator at once. ``sleep`` moves it; nothing waits."""

    def __init__(self) -> None:
        super().__init__()
        self.simulator = SimulatorClock()
        self.simulator.set_mode("manual")
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.simulator.now()

    def wall(self) -> float:
        return self.simulator.now()

    def sleep(self, seconds: float) -> None:
        self.stop.check()
        if seconds > 0:
            self.slept += seconds
            self.simulator.advance(seconds)


@dataclasses.dataclass
class Sent:
    """One request on its way, as a hook sees it."""

    app: str
    method: str
    target: str
    body: bytes
    changing: bool
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


class LostBefore(Exception):
    """Raised by a hook: the request is lost on its way to the server."""


class LostAfter(Exception):
    """Raised by a hook: the server handles the request, its answer is lost."""


Reply = tuple[int, list[tuple[str, str]], bytes]  # status, headers, body


class Memory:
    """World, apps and clock. hook: called with every :class:`Sent` before it is handled; what it returns, if anything, is the answer."""

    def __init__(self, systems: tuple[str, ...] = tuple(SYSTEMS), clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.world = World(self.clock.simulator, [load_system(name, self.clock.simulator) for name in systems])
        self.hook: Callable[[Sent], Reply | None] | None = None
        self.late: list[tuple[float, Callable[[], Any]]] = []
        self.aliases: dict[str, str] = {}  # other names of the hosts -> app
        self._loop = asyncio.new_event_loop()
        self._connections = itertools.count(1)
        self.fronts: dict[str, Front] = {}
        for system in self.world.systems.values():
            for app, routes in system.apps().items():
                self.fronts[app] = Front(self.world, system, app, Starlette(routes=routes))
                system.urls[app] = f"https://{app.replace('_', '-')}.memory"

    def reset(self) -> None:
        """No data, default switches, an empty log; the clock goes on."""
        for name, system in self.world.systems.items():
            system.switches = dict(system.SWITCHES)
            system.reset()
            del name
        self.world.entries.clear()
        self.world.faults.clear()
        self.late.clear()
        self.aliases = {}
        self.hook = None

    def seed(self, **data: Any) -> None:
        for name, part in data.items():
            self.world.systems[name].seed(part)

    def url(self, app: str) -> str:
        return f"https://{app.replace('_', '-')}.memory"

    def changing(self, app: str | None = None) -> list[dict[str, Any]]:
        """Log entries of requests that start or change something; logins are none."""
        return [e for e in self.world.entries if e["changing"] and app in (None, e["system"]) and e["path"] != "/sessions"]

    def close(self) -> None:
        self._loop.close()

    # -- the wire ------------------------------------------------------------------------------------------------

    def plugged(self) -> contextlib.AbstractContextManager[None]:
        """While it lasts, every adapter that a transport makes leads here."""
        return plug(lambda: MemoryAdapter(self))

    def app_of(self, host: str) -> str:
        """Which server answers under this name."""
        name = host.removesuffix(".memory")
        return self.aliases.get(name, name).replace("-", "_")

    def reach(self, method: str, url: str, body: bytes) -> None:
        """Called before a request leaves."""

    def exchange(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """Handle one request. Raises ConnectionResetError where the hook loses it."""
        parts = urlsplit(url)
        app = self.app_of(parts.hostname or "")
        front = self.fronts[app]
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        self._arrive_late()
        sent = Sent(app, method, target, body, front.system.changing(method, parts.path, body), headers)
        try:
            answer = self.hook(sent) if self.hook is not None else None
        except LostBefore:
            raise ConnectionResetError("lost before") from None
        except LostAfter:
            self.handle(front, method, parts, headers, body)
            raise ConnectionResetError("lost after") from None
        return answer or self.handle(front, method, parts, headers, body)

    def deliver_later(self, seconds: float, sent: Sent, headers: dict[str, str]) -> None:
        """Let a request that was given up arrive after some time all the same."""
        parts = urlsplit(self.url(sent.app) + sent.target)
        front = self.fronts[sent.app]
        when = self.clock.monotonic() + seconds
        self.late.append((when, lambda: self.handle(front, sent.method, parts, headers, sent.body)))

    def _arrive_late(self) -> None:
        now = self.clock.monotonic()
        due = [call for when, call in self.late if when <= now]
        self.late = [(when, call) for when, call in self.late if when > now]
        for call in due:
            call()

    def handle(self, front: Front, method: str, parts: Any, headers: dict[str, str], body: bytes) -> Reply:
        """The app's own answer, without faults of this file."""
        messages: list[dict[str, Any]] = []
        incoming = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            messages.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "https",
            "path": parts.path, "raw_path": parts.path.encode("latin-1"), "query_string": parts.query.encode("latin-1"),
            "root_path": "", "server": (parts.hostname, 443), "client": ("127.0.0.1", 1),
            "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
            + [(b"host", parts.netloc.encode("latin-1"))],
            "state": {"connection": next(self._connections), "transport": _Transport()},
        }  # fmt: skip
        self._loop.run_until_complete(front(scope, receive, send))
        start = next(m for m in messages if m["type"] == "http.response.start")
        answer = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
        return start["status"], [(k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"]], answer


# No connection is made with them, and to load the certificates would be most of what a run costs.
_context = functools.cache(_authorities.context)


@contextlib.contextmanager
def plug(adapter: Callable[[], requests.adapters.BaseAdapter]) -> Iterator[None]:
    """While it lasts, every adapter that a transport makes is one of these."""
    before = _wire.Adapter, _authorities.context
    _wire.Adapter, _authorities.context = adapter, _context
    try:
        yield
    finally:
        _wire.Adapter, _authorities.context = before


class _Transport:
    """The part of a connection's transport that an app may ask."""

    def is_closing(self) -> bool:
        return False


class _Raw:
    """The part of urllib3's response that the transport reads from."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = HTTPHeaderDict()
        for name, value in headers:
            self.headers.add(name, value)
        self._original_response = self
        self._body, self._at, self.length = body, 0, 0

    def readinto(self, buffer: memoryview) -> int:
        piece = self._body[self._at : self._at + len(buffer)]
        self._at += len(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def release_conn(self) -> None:
        pass

    def close(self) -> None:
        pass


class MemoryAdapter(requests.adapters.BaseAdapter):
    """Stands in for ``_wire.Adapter``; also good enough for keystoneauth1's session."""

    def __init__(self, memory: Any) -> None:
        super().__init__()
        self._memory = memory

    def send(self, request: Any, **options: Any) -> requests.Response:
        if not (urlsplit(request.url).hostname or "").endswith(".memory"):
            raise requests.exceptions.ConnectionError(ConnectionRefusedError("no such server"))
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        self._memory.reach(request.method, request.url, body)
        exchange = _wire.current()
        if exchange is not None:
            exchange.before()
            exchange.sent = True
        try:
            status, headers, answer = self._memory.exchange(request.method, request.url, dict(request.headers), body)
        except (ConnectionResetError, TimeoutError) as exc:
            raise requests.exceptions.ConnectionError(exc) from exc
        response = requests.Response()
        response.status_code = status
        response.headers = requests.structures.CaseInsensitiveDict(headers)
        response.raw = _Raw(status, headers, answer)
        response.url, response.request, response.connection = request.url, request, self
        response._content = answer if not options.get("stream") else False
        return response

    def drop(self) -> None:
        pass

    def close(self) -> None:
        pass
