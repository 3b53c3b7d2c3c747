# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that keep a total deadline and that know whether a request has left the machine.

``requests`` and urllib3 time each single read; a server that drips a byte a second can hold such a client for ever.
They also raise the same exception for "never connected" and for "sent, then reset". Both are settled here, by a
connection class of our own that looks at the :class:`Exchange` of its thread. Nothing else of urllib3 is changed.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import threading
import traceback
import typing as t

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:
    requests = None  # type: ignore[assignment]  # told to the user by _module.py
    REQUESTS_IMPORT_ERROR: str | None = traceback.format_exc()
    HTTPAdapter = HTTPConnection = HTTPSConnection = object  # type: ignore[assignment,misc]
    HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]
else:
    REQUESTS_IMPORT_ERROR = None
    # Whoever sets validate_certs to false knows; a line on stderr for each request helps nobody.
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline

# Below it the library itself can leak credentials (CVE-2024-35195, CVE-2024-47081).
REQUESTS_FLOOR = (2, 32, 4)


def requests_is_too_old() -> str | None:
    """The version found, when it is below the floor; else None."""
    if requests is None:
        return None
    found = tuple(int(p) for p in requests.__version__.split(".")[:3] if p.isdigit())
    return requests.__version__ if found < REQUESTS_FLOOR else None


class Exchange:
    """One request and its reply: the deadline they share and how far they got. idle: seconds that nothing may come."""

    def __init__(self, deadline: Deadline, idle: float | None = None, before: t.Callable[[], None] = lambda: None) -> None:
        self.deadline = deadline
        self.idle = idle
        self.before = before  # called right before the request is transmitted; may raise to hold it back
        self.sent = False  # the first byte of the request itself was handed to the socket
        self.answered = False  # the whole answer is there
        self.sock: t.Any = None

    def budget(self) -> float:
        """Seconds that a single socket operation may still take."""
        left = self.deadline.left()
        if left <= 0:
            raise TimeoutError("total deadline")
        return left if self.idle is None else min(left, self.idle)

    def abort(self) -> None:
        """From another thread: end what blocks on the socket. Past ``SSLSocket.shutdown``, which would take the TLS state away
        from under the thread that reads."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


_thread = threading.local()


def begin(deadline: Deadline, idle: float | None = None, before: t.Callable[[], None] = lambda: None) -> Exchange:
    """Open the exchange that the connections of this thread will look at."""
    _thread.exchange = Exchange(deadline, idle, before)
    return _thread.exchange


def forget() -> None:
    """This thread has no exchange any more."""
    _thread.exchange = None


def current() -> Exchange | None:
    """The last exchange of this thread."""
    return getattr(_thread, "exchange", None)


class _TimedIO(io.RawIOBase):
    """What the response is read from: each read gets the time that is left of the whole."""

    def __init__(self, sock: t.Any) -> None:
        super().__init__()
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        exchange = current()
        if exchange is not None:
            self._sock.settimeout(exchange.budget())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _TimedSocket:
    """Stands in for a socket in the one call that http.client makes of it for a response: ``makefile``."""

    def __init__(self, sock: t.Any) -> None:
        self._sock = sock

    def makefile(self, mode: str, *args: t.Any, **kwargs: t.Any) -> io.BufferedReader:
        return io.BufferedReader(_TimedIO(self._sock), 65536)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)


class _Response(http.client.HTTPResponse):
    """Passes over every interim answer (1xx); the standard library takes 102 and 103 for the final one."""

    def _read_status(self) -> t.Any:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if not 101 < status < 200:
                return version, status, reason
            http.client.parse_headers(self.fp)


class _HTTP(HTTPConnection):
    """A connection that keeps the deadline of its thread's exchange and notes that the request has left."""

    response_class: t.Any = _Response
    sock: t.Any
    _connecting = False
    _head: bytes | None = None  # held back until the body comes; None: nothing is held back

    def connect(self) -> None:
        self._connecting = True
        try:
            super().connect()
        finally:
            self._connecting = False

    def request(self, method: str, url: str, body: t.Any = None, *args: t.Any, **kwargs: t.Any) -> None:
        """Head and body leave in one write: a small request then costs one packet and wakes the server once."""
        self._head = b"" if isinstance(body, bytes) and body else None
        super().request(method, url, body, *args, **kwargs)

    def send(self, data: t.Any) -> None:
        if self.sock is None:
            self.connect()
        if self._head is not None and not self._connecting:
            if not self._head:
                self._head = data
                return
            data, self._head = self._head + data, None
        exchange = current()
        if exchange is not None and not self._connecting:
            self.sock.settimeout(exchange.budget())
            exchange.before()
            exchange.sent, exchange.sock = True, self.sock
        super().send(data)

    def getresponse(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        real = self.sock
        if real is not None and not isinstance(real, _TimedSocket):
            self.sock = _TimedSocket(real)
        try:
            return super().getresponse(*args, **kwargs)
        finally:
            # http.client may have closed it meanwhile ("Connection: close"); else the real one goes back.
            if isinstance(self.sock, _TimedSocket):
                self.sock = real


class _HTTPS(_HTTP, HTTPSConnection):
    """The same over TLS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class Adapter(HTTPAdapter):
    """The ``requests`` adapter with watched connections, one connection kept, and no retry of any kind."""

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager

    def drop(self) -> None:
        """Close what is open, so that the next request goes out on a new connection."""
        self.poolmanager.clear()
        for manager in self.proxy_manager.values():
            manager.clear()


def causes(exc: BaseException) -> t.Iterator[BaseException]:
    """The exception and everything that it wraps, outermost first."""
    seen: set[int] = set()
    todo: list[t.Any] = [exc]
    while todo:
        one = todo.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        todo += [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]


def network_errors() -> tuple[type[BaseException], ...]:
    """What a failed exchange can raise."""
    return (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException, OSError)
