# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that keep a total deadline and that know whether a request has left the machine.

``requests`` and urllib3 time each single step and each single read; a server, a proxy or a resolver that drips can hold such a
client for ever. They also raise the same exception for "never connected" and for "sent, then reset". Both are settled here, by
a connection class of our own that looks at the :class:`Exchange` of its thread. Nothing else of urllib3 is changed.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import ipaddress
import os
import queue
import socket
import ssl
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

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline

# Below it the library itself can leak credentials (CVE-2024-35195, CVE-2024-47081).
REQUESTS_FLOOR = (2, 32, 4)


def requests_is_too_old() -> str | None:
    """The version found, when it is below the floor; else None."""
    if requests is None:
        return None
    found = tuple(int(p) for p in requests.__version__.split(".")[:3] if p.isdigit())
    return requests.__version__ if found < REQUESTS_FLOOR else None


# How far an exchange has come before its request is sent.
RESOLVE, CONNECT, TUNNEL, HANDSHAKE = "resolve", "connect", "tunnel", "handshake"

PIECE = 256 * 1024  # bytes handed to the socket at once


class Exchange:
    """One request and its reply: the deadline they share and how far they got. idle: seconds that nothing may come."""

    def __init__(self, deadline: Deadline, idle: float | None = None, before: t.Callable[[], None] = lambda: None) -> None:
        self.deadline = deadline
        self.idle = idle
        self.before = before  # called right before the request is transmitted; may raise to hold it back
        self.stage = RESOLVE
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
    """Stands in for a socket where somebody else reads from it or writes to it: each step gets the time that is left."""

    def __init__(self, sock: t.Any) -> None:
        self._sock = sock

    def makefile(self, mode: str, *args: t.Any, **kwargs: t.Any) -> io.BufferedReader:
        return io.BufferedReader(_TimedIO(self._sock), 65536)

    def recv(self, *args: t.Any) -> bytes:
        return self._timed().recv(*args)

    def recv_into(self, *args: t.Any) -> int:
        return self._timed().recv_into(*args)

    def send(self, *args: t.Any) -> int:
        return self._timed().send(*args)

    def sendall(self, *args: t.Any) -> None:
        self._timed().sendall(*args)

    def _timed(self) -> t.Any:
        exchange = current()
        if exchange is not None:
            self._sock.settimeout(exchange.budget())
        return self._sock

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._sock, name)


def _addresses(host: str, port: int, exchange: Exchange) -> list[t.Any]:
    """What a name resolves to. The system's resolver cannot be interrupted: it is asked in a thread, which is left to itself
    when the time is over."""
    family = urllib3.util.connection.allowed_gai_family()
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(host)
        return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
    answers: queue.SimpleQueue[t.Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, family, socket.SOCK_STREAM))
        except (OSError, UnicodeError) as exc:
            answers.put(exc)

    threading.Thread(target=ask, name="groundwork-resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=exchange.budget())
    except queue.Empty:
        raise TimeoutError("total deadline") from None
    if isinstance(answer, BaseException):
        raise OSError(str(answer)) if isinstance(answer, UnicodeError) else answer
    return answer


def _connected(host: str, port: int, options: t.Any, exchange: Exchange) -> socket.socket:
    """A socket to the first address of a name that takes the connection; each has its share of the time that is left."""
    exchange.stage = RESOLVE
    addresses = _addresses(host, port, exchange)
    exchange.stage = CONNECT
    failed: OSError = OSError("no address")
    for number, (family, kind, protocol, _name, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(exchange.budget() / (len(addresses) - number))
            sock.connect(address)
            sock.settimeout(exchange.budget())  # a handshake that follows gets no more than what is left
            return sock
        except OSError as exc:
            sock.close()
            failed = exc.with_traceback(None)
    raise failed


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

    def _new_conn(self) -> t.Any:
        exchange = current()
        if exchange is None:
            return super()._new_conn()
        return _connected(self._dns_host, self.port, self.socket_options, exchange)

    def _tunnel(self) -> None:
        """Ask a proxy for a connection; its answer has to be here in time too."""
        exchange = current()
        if exchange is not None:
            exchange.stage = TUNNEL
        real = self.sock
        self.sock = real if isinstance(real, _TimedSocket) else _TimedSocket(real)
        try:
            super()._tunnel()
        finally:
            if self.sock is not None:
                self.sock = real
        if exchange is not None:
            real.settimeout(exchange.budget())
            exchange.stage = HANDSHAKE

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
        if exchange is None or self._connecting:
            super().send(data)
            return
        exchange.before()
        # Piece by piece: with TLS one call would have its time anew for each record that the server is slow to take.
        view = memoryview(data)
        while view:
            self.sock.settimeout(exchange.budget())
            exchange.sent, exchange.sock = True, self.sock
            view = view[self.sock.send(view[:PIECE]) :]

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

    def _connect_tls_proxy(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        # What is made on top of it (TLS inside TLS) times nothing but single reads.
        return _TimedSocket(super()._connect_tls_proxy(*args, **kwargs))


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS

    def _validate_conn(self, conn: t.Any) -> None:
        # Without the library's warning: whoever sets validate_certs to false knows, and a line on stderr for each request
        # helps nobody (in the controller it is taken for a mistake of a worker).
        if conn.sock is None:
            conn.connect()


def context(path: str) -> ssl.SSLContext:
    """What verifies servers by the certificates in a file, or in a directory as OpenSSL wants it. Raises OSError for what is none."""
    made: ssl.SSLContext = urllib3.util.ssl_.create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    folder = os.path.isdir(path)
    made.load_verify_locations(None if folder else path, path if folder else None)
    # urllib3 sets the protocols anew for each connection. OpenSSL then frees what another thread may be copying at that moment.
    made.set_alpn_protocols(["http/1.1"])
    made.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign]
    return made


class Adapter(HTTPAdapter):
    """The ``requests`` adapter with watched connections, one connection kept, and no retry of any kind.

    authorization: what a proxy wants to have in its header, if anything. context: verifies the server, and a proxy; None where
    nothing is verified.
    """

    authorization: str | None = None
    context: ssl.SSLContext | None = None

    def __init__(self) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}

    def cert_verify(self, conn: t.Any, url: str, verify: t.Any, cert: t.Any) -> None:
        """As of ``requests``, but the certificates are in the context already."""
        conn.cert_reqs = "CERT_REQUIRED" if verify else "CERT_NONE"
        conn.ca_certs = conn.ca_cert_dir = None

    def build_connection_pool_key_attributes(self, request: t.Any, verify: t.Any, cert: t.Any = None) -> t.Any:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, pool if self.context is None else {**pool, "ssl_context": self.context}

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        if self.context is not None:
            kwargs["proxy_ssl_context"] = self.context
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
