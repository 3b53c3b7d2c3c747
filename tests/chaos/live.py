# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated servers behind raw sockets: real connections, real TLS, and on request a fault on the wire.

Sleeping is skipped over, so that hours of waiting cost nothing; socket time-outs are the machine's own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import trustme

from .lab import Lab
from .memory import Memory, Sent, VirtualClock
from .wire import Request, Wire, WireServer, head

Fate = Literal["never", "now", "late in", "late out"]
APPS = ("xclarity", "ops_manager", "keystone", "clustering")


class SkippingWorldClock(VirtualClock):
    """The machine's time plus all that was slept, for the run and for the simulators at once."""

    def __init__(self) -> None:
        super().__init__()
        self.simulator.set_mode("real")


@dataclasses.dataclass
class Exchange:
    """One request under a fault. fate: what becomes of the request itself, whatever becomes of the answer."""

    live: LiveMemory
    sent: Sent
    request: Request
    wire: Wire
    fate: Fate

    def answer(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Let the request have its fate; the answer that the server gives, or an innocent one if it never got it."""
        if self.fate == "now":
            return self.live.serve(self.sent, self.request)
        if self.fate in ("late in", "late out"):
            headers = {name: value for name, value in self.request.headers.items() if name != "host"}
            self.live.deliver_later(5.0 if self.fate == "late in" else 3600.0, self.sent, headers)
        return 200, [("Content-Type", "application/json")], b'{"result": "success", "id": "0"}'

    def bytes(self) -> bytes:
        """The answer as it would go on the wire."""
        status, headers, body = self.answer()
        return head(status, [*headers, ("Content-Length", str(len(body)))]) + body


@dataclasses.dataclass
class Injection:
    """Which request is hit: the ``nth`` that matches and, when ``always``, all after it."""

    app: str
    method: str
    matches: Callable[[Sent], bool]
    act: Callable[[Exchange], None] | None = None
    fate: Fate = "never"
    nth: int = 1
    always: bool = False
    greet: Callable[[Tls, WireServer, Any], ssl.SSLContext | None] | None = None
    connection: int = 0  # `greet` is for this connection and those after it
    cut: bool = False
    word: bytes = b""  # stands for the body that is not read when `cut`
    seen: int = 0

    def hits(self, sent: Sent) -> bool:
        if self.act is None or sent.app != self.app or sent.method != self.method or not self.matches(sent):
            return False
        self.seen += 1
        return self.seen == self.nth or (self.always and self.seen > self.nth)


class Tls:
    """One authority that the client trusts, and certificates that are wrong in different ways."""

    def __init__(self) -> None:
        from datetime import UTC, datetime, timedelta

        ours = trustme.CA()
        past = datetime.now(UTC) - timedelta(days=1)
        self.path = Path(tempfile.mkdtemp(prefix="chaos-ca-")) / "ca.pem"
        ours.cert_pem.write_to_path(str(self.path))
        self.good = _context(ours.issue_cert("127.0.0.1"))
        self.untrusted = _context(trustme.CA().issue_cert("127.0.0.1"))
        self.expired = _context(ours.issue_cert("127.0.0.1", not_before=past - timedelta(days=9), not_after=past))
        self.other_name = _context(ours.issue_cert("localhost"))


def _context(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


class LiveMemory(Memory):
    """As :class:`Memory`, but reached over sockets."""

    def __init__(self) -> None:
        super().__init__(clock=SkippingWorldClock())
        self.tls = Tls()
        self.injection: Injection | None = None
        self.servers: dict[str, WireServer] = {}
        self._one = threading.RLock()
        self.open()

    def open(self) -> None:
        """New listeners, so that no connection of an earlier run is left."""
        self.shut()
        for app in APPS:
            self.servers[app] = WireServer(
                lambda request, wire, app=app: self._respond(app, request, wire),
                greet=lambda number, sock, app=app: self._greet(app, number, sock),
                cut=lambda method, target, app=app: self._cut(app, method, target),
            )
        for system in self.world.systems.values():
            for app in system.apps():
                if app in self.servers:
                    system.urls[app] = self.servers[app].url

    def shut(self) -> None:
        for server in self.servers.values():
            server.close()
        self.servers.clear()

    def close(self) -> None:
        self.shut()
        super().close()

    def url(self, app: str) -> str:
        return self.servers[app].url

    @contextlib.contextmanager
    def plugged(self) -> Iterator[None]:
        yield

    def serve(self, sent: Sent, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """The simulator's own answer, without its length."""
        parts = urlsplit(self.url(sent.app) + sent.target)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        with self._one:
            status, told, body = self.handle(self.fronts[sent.app], sent.method, parts, headers, sent.body)
        return status, [(name, value) for name, value in told if name.lower() != "content-length"], body

    def _respond(self, app: str, request: Request, wire: Wire) -> None:
        front = self.fronts[app]
        path = request.target.partition("?")[0]
        sent = Sent(app, request.method, request.target, request.body, front.system.changing(request.method, path, request.body))
        with self._one:
            self._arrive_late()
            if self.hook is not None:
                self.hook(sent)
            hit = self.injection is not None and self.injection.hits(sent)
        if hit and self.injection is not None and self.injection.act is not None:
            self.injection.act(Exchange(self, sent, request, wire, self.injection.fate))
        else:
            status, headers, body = self.serve(sent, request)
            wire.reply(status, body, headers)

    def _greet(self, app: str, number: int, sock: Any) -> ssl.SSLContext | None:
        it = self.injection
        if it is not None and it.greet is not None and it.app == app and number >= it.connection:
            return it.greet(self.tls, self.servers[app], sock)
        return self.tls.good

    def _cut(self, app: str, method: str, target: str) -> bool:
        it = self.injection
        if it is None or not it.cut or it.app != app or it.method != method:
            return False
        sent = Sent(app, method, target, it.word, True)
        if not it.matches(sent):
            return False
        with self._one:
            if self.hook is not None:
                self.hook(sent)
        return True


def live_lab() -> Lab:
    """A lab whose modules reach the servers over sockets."""
    memory = LiveMemory()
    lab = Lab(memory)
    lab.ca = str(memory.tls.path)
    return lab
