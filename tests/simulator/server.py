# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves the systems: one TLS port an app, one event loop, one request log, faults, and /_control on every port."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import trustme
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .control import control_app
from .core import Clock, System
from .faults import Faults, handle_with_fault

_LOGGED_HEADERS = {
    "accept", "accept-encoding", "content-length", "content-type", "expect", "host", "if-range",
    "openstack-api-version", "range", "referer", "user-agent", "x-not-user-input", "x-openstack-request-id",
}
_SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization", "x-auth-token", "x-csrf-token", "x-subject-token"}
_SECRET_VALUES = re.compile(r'("(?:password|passphrase|keyPassphrase?|secret|csrf|adminPass)"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)
_TOKEN_ID = re.compile(r'("token"\s*:\s*\{\s*"id"\s*:\s*)"[^"]*"')
_LOGGED_BODY = 65536
_connections = itertools.count(1)


class Protocol(HttpToolsProtocol):
    """uvicorn's own protocol; each request also sees its connection's number and transport in scope["state"]."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": next(_connections), "transport": transport}


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: several run in one loop, and the caller decides when they end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class World:
    """Everything that is simulated: clock, systems, faults, request log."""

    def __init__(self, clock: Clock, systems: list[System]) -> None:
        self.clock = clock
        self.systems = {system.name: system for system in systems}
        for system in systems:
            system.peers = self.systems
        self.faults = Faults()
        self.entries: list[dict[str, Any]] = []
        self.sequence = 0

    def reset(self, names: list[str] | None = None) -> None:
        """Drop the data and put back the switches of these systems; of all, then also faults, log and clock."""
        for name in names or list(self.systems):
            system = self.systems[name]
            system.switches = dict(system.SWITCHES)
            system.reset()
        if not names:
            self.faults.clear()
            self.entries.clear()
            self.clock.reset()

    def record(self, app: str, scope: Any, target: str, body: bytes, changing: bool) -> dict[str, Any]:
        headers = {}
        for raw_name, raw_value in scope["headers"]:
            name = raw_name.decode("latin-1")
            if name in _SECRET_HEADERS:
                headers[name] = "present"
            elif name in _LOGGED_HEADERS:
                headers[name] = raw_value.decode("latin-1")
        self.sequence += 1
        entry = {
            "seq": self.sequence, "t": self.clock.now(), "system": app, "method": scope["method"], "path": target,
            "body": masked(body), "status": None, "user": None, "changing": changing,
            "connection": scope["state"]["connection"], "headers": headers,
        }
        self.entries.append(entry)
        return entry


def masked(body: bytes) -> str:
    """A request body as text, with the values of secrets in JSON replaced."""
    if not body:
        return ""
    text = body[:_LOGGED_BODY].decode("utf-8", "replace")
    return _TOKEN_ID.sub(r'\1"***"', _SECRET_VALUES.sub(r'\1"***"', text))


class Front:
    """The outermost ASGI app of one port: logs the request, applies a fault, and hands over to the system."""

    def __init__(self, world: World, system: System, app_name: str, app: Any) -> None:
        self.world = world
        self.system = system
        self.app_name = app_name
        self.app = app
        self.control = control_app(world)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raw_path = scope["raw_path"].decode("latin-1")
        if raw_path.startswith("/_control"):
            await self.control(scope, receive, send)
            return
        self.world.clock.request()
        # Route on the path as sent: decoding first would turn an encoded slash into a separator.
        scope["path"] = raw_path
        query = scope["query_string"].decode("latin-1")
        target = f"{raw_path}?{query}" if query else raw_path
        method = scope["method"]
        body = await read_body(receive)
        if body is None:
            # The sender went away in the middle of its request; there is nothing to handle.
            self.world.record(self.app_name, scope, target, b"", False)
            return
        entry = self.world.record(
            self.app_name, scope, target, body, self.system.changing(method, raw_path, body)
        )

        async def replay() -> dict[str, Any]:
            nonlocal body
            if body is None:
                return await receive()
            message = {"type": "http.request", "body": body, "more_body": False}
            body = None
            return message

        async def noting(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        do = self.world.faults.pick(self.app_name, method, target)
        state = scope["state"]
        try:
            if do is None:
                await self.app(scope, replay, noting)
            else:
                await handle_with_fault(do, self.app, scope, replay, receive, noting, state["transport"])
        finally:
            entry["user"] = state.get("user")


async def read_body(receive: Any) -> bytes | None:
    """The whole request body, or None when the sender left before its end."""
    chunks = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def certificates(address: str = "127.0.0.1") -> tuple[trustme.CA, trustme.LeafCert]:
    """A fresh authority and a certificate for this machine's loopback names, and for `address`."""
    authority = trustme.CA()
    return authority, authority.issue_cert("localhost", "127.0.0.1", "::1", *({address} - {"127.0.0.1"}))


def bind(port: int, address: str = "127.0.0.1") -> list[socket.socket]:
    """Listening sockets on `address`; on the loopback IPv4 always, and IPv6 on the same port where the machine has it."""
    first = socket.create_server((address, port), backlog=2048)
    if address != "127.0.0.1":
        return [first]
    sockets = [first]
    with contextlib.suppress(OSError):
        sockets.append(socket.create_server(
            ("::1", first.getsockname()[1]), family=socket.AF_INET6, backlog=2048, dualstack_ipv6=False
        ))
    return sockets


async def serve(
    world: World, leaf: trustme.LeafCert, port_base: int, stop: asyncio.Event, ready: Any, address: str = "127.0.0.1"
) -> None:
    """Serve every app until `stop`; call `ready({app name: base URL})` once all of them accept connections.

    `port_base` 0 takes free ports; else the apps get port_base, port_base + 1, ... in the order of the systems.
    """
    servers: list[tuple[Server, list[socket.socket]]] = []
    urls: dict[str, str] = {}
    port = port_base
    for system in world.systems.values():
        for app_name, routes in system.apps().items():
            sockets = bind(port, address)
            port += 1 if port_base else 0
            urls[app_name] = f"https://{address}:{sockets[0].getsockname()[1]}"
            system.urls[app_name] = urls[app_name]
            front = Front(world, system, app_name, Starlette(routes=routes))
            config = uvicorn.Config(
                front, http=Protocol, loop="none", ws="none", lifespan="off", access_log=False, log_config=None,
                server_header=False, proxy_headers=False, timeout_keep_alive=120, timeout_graceful_shutdown=1,
            )
            config.load()
            config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(config.ssl)
            servers.append((Server(config), sockets))
    tasks = [asyncio.create_task(server.serve(sockets=sockets)) for server, sockets in servers]
    while not all(server.started for server, _sockets in servers):
        await asyncio.sleep(0.01)
        for task in tasks:
            if task.done():
                task.result()
    ready(urls)
    await stop.wait()
    for server, _sockets in servers:
        server.should_exit = True
        server.force_exit = True
    await asyncio.gather(*tasks)
