# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server made of raw sockets that does to a reply whatever a test asks for.

    def respond(request, wire):
        wire.reply(200, b"{}")

    with WireServer(respond) as server:
        Endpoint.parse(server.url, schemes=("http",))

It is the only witness of what was sent: ``server.requests`` holds every request that arrived whole, ``server.connections``
how many connections were made.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any


@dataclasses.dataclass
class Request:
    """One request as it came: the target as on the wire, header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Wire:
    """The server's end of one connection, while one request waits for its reply."""

    def __init__(self, sock: Any, stopped: threading.Event) -> None:
        self.sock = sock
        self.open = True
        self._stopped = stopped

    def send(self, data: bytes) -> None:
        """Bytes as they are; a client that left is no error of the test."""
        if self.open:
            try:
                self.sock.sendall(data)
            except OSError:
                self.open = False

    def reply(self, status: int, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()) -> None:
        """A whole answer with its length."""
        self.send(head(status, [*headers, ("Content-Length", str(len(body)))]) + body)

    def fin(self) -> None:
        """Close in the orderly way."""
        if self.open:
            self.open = False
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)
            self.sock.close()

    def reset(self) -> None:
        """Close with an RST."""
        if self.open:
            self.open = False
            with contextlib.suppress(OSError):
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()

    def stall(self) -> None:
        """Say nothing until the client gives up."""
        with contextlib.suppress(OSError):
            while self.open and not self._stopped.is_set():
                self.sock.settimeout(0.05)
                try:
                    if not self.sock.recv(1):
                        break
                except TimeoutError:
                    continue
        self.fin()

    def drip(self, data: bytes, pause: float = 0.02) -> None:
        """One byte at a time, until the client gives up."""
        for index in range(len(data)):
            if not self.open or self._stopped.is_set():
                break
            self.send(data[index : index + 1])
            time.sleep(pause)
        self.fin()


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """Status line and headers of an answer."""
    lines = [f"HTTP/1.1 {status} Text", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class WireServer:
    """Listens on a free port of the loopback; one thread for each connection. tls: a server's context, or None."""

    def __init__(
        self,
        respond: Callable[[Request, Wire], None],
        tls: ssl.SSLContext | None = None,
        greet: Callable[[int, Any], ssl.SSLContext | None] | None = None,
        cut: Callable[[str, str], bool] | None = None,
    ) -> None:
        """greet: called with the number and the socket of each new connection, gives its TLS context; None: it was dealt with.
        cut: says of a method and target whether the connection is reset after the headers, before the body was read."""
        self.respond = respond
        self._greet = greet or (lambda number, sock: tls)
        self._cut = cut or (lambda method, target: False)
        self.requests: list[Request] = []
        self.connections = 0
        self.errors: list[BaseException] = []
        self._plain = tls is None and greet is None
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'http' if self._plain else 'https'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> WireServer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._stopped.set()
        # A thread in accept() does not see the close; a last connection wakes it.
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        self._thread.join(5)
        self._listener.close()

    def stop_listening(self) -> None:
        """From now on connections are refused; those that are open go on."""
        self._listener.close()

    def targets(self) -> list[tuple[str, str]]:
        return [(request.method, request.target) for request in self.requests]

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                sock, _peer = self._listener.accept()
            except OSError:
                return
            if self._stopped.is_set():
                sock.close()
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: Any, number: int) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not self._plain:
                tls = self._greet(number, sock)
                if tls is None:
                    return
                sock = tls.wrap_socket(sock, server_side=True)
            reader = sock.makefile("rb")
            while not self._stopped.is_set():
                request = _read(reader, number, self._cut)
                if request is None:
                    Wire(sock, self._stopped).reset()
                    break
                self.requests.append(request)
                wire = Wire(sock, self._stopped)
                self.respond(request, wire)
                if not wire.open:
                    return
        except OSError:
            pass  # the client left
        except BaseException as exc:
            self.errors.append(exc)
            raise
        finally:
            sock.close()


def _read(reader: Any, number: int, cut: Callable[[str, str], bool]) -> Request | None:
    """The next request, or None when the connection ends before one is whole."""
    line = reader.readline(65536).decode("latin-1").split()
    if len(line) != 3:
        return None
    headers: dict[str, str] = {}
    while True:
        text = reader.readline(65536).decode("latin-1")
        if not text:
            return None
        if text in ("\r\n", "\n"):
            break
        name, _colon, value = text.partition(":")
        headers[name.strip().lower()] = value.strip()
    if cut(line[0], line[1]):
        return None
    length = int(headers.get("content-length", 0))
    body = reader.read(length)
    return Request(line[0], line[1], headers, body, number) if len(body) == length else None
