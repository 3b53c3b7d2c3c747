# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which request is hit, and what then happens to its reply.

A fault:

    {"system": "xclarity",      app it is for (xclarity, ops_manager, keystone, clustering); null: any
     "method": "POST",          null: any
     "path": "^/profiles/",     regular expression, searched in the raw path with its query; null: any
     "nth": 1,                  first matching request that is hit, counted from 1
     "times": 1,                how many are hit; -1: all from then on
     "probability": null,       0.1: each one that would be hit is hit with this chance (seeded, so repeatable)
     "do": {...}}

`do`, any of these together (times in real seconds):

    status, headers, body       this reply instead of handling the request; "applied": true handles it all the same
    raw                         these bytes (a string, sent as latin-1) on the wire, then close; "applied" as above
    reset: before|after|late    abort the TCP connection (RST) before handling (nothing is done), after handling (the
                                reply is lost), or at once with the handling `apply_after` seconds later
    fin: true                   with `reset`: an orderly close in place of the RST
    delay                       wait before handling; `delay_after` waits between handling and replying
    body, content_type          without status: replace the body after handling; "headers" are set as well
    truncate: n                 send the true headers and the first n bytes of the body, then close
    drip: seconds               send the body one byte at a time, with this pause between bytes
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Any, Any], Awaitable[None]]

_ACTIONS = {
    "status", "headers", "body", "content_type", "applied", "raw", "reset", "fin", "apply_after", "delay",
    "delay_after", "truncate", "drip",
}


class Cut(Exception):
    """Raised inside an app's send() to stop a body that nobody will receive."""


class Fault:
    """One fault rule and how often it matched and fired."""

    def __init__(self, rule: dict[str, Any]) -> None:
        unknown = set(rule) - {"system", "method", "path", "nth", "times", "probability", "do"}
        self.do: dict[str, Any] = dict(rule.get("do") or {})
        unknown |= set(self.do) - _ACTIONS
        if unknown or not self.do:
            raise ValueError(f"unknown or missing part of a fault: {sorted(unknown) or 'do'}")
        if self.do.get("reset") not in (None, "before", "after", "late"):
            raise ValueError("reset must be before, after or late")
        self.system = rule.get("system")
        self.method = rule.get("method")
        self.path = re.compile(rule.get("path") or "")
        self.nth = int(rule.get("nth") or 1)
        self.times = int(rule.get("times", 1))
        self.probability = rule.get("probability")
        self.matched = 0
        self.fired = 0

    def counts(self, app: str, method: str, target: str) -> bool:
        """Count this request if it matches, and say whether its turn to be hit has come."""
        if self.system not in (None, app) or self.method not in (None, method) or not self.path.search(target):
            return False
        self.matched += 1
        return self.matched >= self.nth and (self.times < 0 or self.fired < self.times)

    def fires(self, chance: random.Random) -> bool:
        """Hit a request whose turn has come, unless chance spares it."""
        if self.probability is not None and chance.random() >= self.probability:
            return False
        self.fired += 1
        return True


class Faults:
    """All faults in force, in the order they were added. Each counts every request; the first that fires decides."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.rules: list[Fault] = []
        self._chance = random.Random(20260301)

    def add(self, rule: dict[str, Any]) -> int:
        self.rules.append(Fault(rule))
        return len(self.rules)

    def pick(self, app: str, method: str, target: str) -> dict[str, Any] | None:
        due = [fault for fault in self.rules if fault.counts(app, method, target)]
        return next((fault.do for fault in due if fault.fires(self._chance)), None)

    def summary(self) -> list[dict[str, Any]]:
        return [{"do": fault.do, "matched": fault.matched, "fired": fault.fired} for fault in self.rules]


def abort(transport: Any, fin: bool = False) -> None:
    """End the TCP connection now: with an RST, or with `fin` in the orderly way after what was already written."""
    if fin:
        transport.close()
        return
    handle = transport.get_extra_info("socket")
    if handle is not None and handle.fileno() >= 0:
        # The transport's own socket object may not allow options, so a duplicate of its descriptor sets them.
        # SO_LINGER with zero seconds makes the close an RST.
        duplicate = socket.socket(fileno=os.dup(handle.fileno()))
        duplicate.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        duplicate.close()
    transport.abort()


async def hang_up(transport: Any, fin: bool, receive: Any) -> None:
    """End the connection and wait until it is gone, so that the server does not miss a reply."""
    abort(transport, fin)
    while (await receive())["type"] != "http.disconnect":
        pass


async def discard(message: Message) -> None:
    """A send() for a reply that nobody gets."""


async def handle_with_fault(
    do: dict[str, Any], app: App, scope: Any, receive: Any, hung_up: Any, send: Send, transport: Any
) -> None:
    """Run one request under a fault. `receive` gives the body to the app, `hung_up` is the server's own receive()."""
    if do.get("reset") == "late":
        await hang_up(transport, bool(do.get("fin")), hung_up)
        await asyncio.sleep(do.get("apply_after", 0))
        await app(scope, receive, discard)
        return
    if do.get("delay"):
        await asyncio.sleep(do["delay"])
    if do.get("reset") == "before":
        await hang_up(transport, bool(do.get("fin")), hung_up)
        return
    if do.get("reset") == "after":
        await app(scope, receive, discard)
        if do.get("delay_after"):
            await asyncio.sleep(do["delay_after"])
        await hang_up(transport, bool(do.get("fin")), hung_up)
        return
    if "status" in do or "raw" in do:
        if do.get("applied"):
            await app(scope, receive, discard)
        if do.get("delay_after"):
            await asyncio.sleep(do["delay_after"])
        if "raw" in do:
            transport.write(do["raw"].encode("latin-1"))
            await hang_up(transport, True, hung_up)
        else:
            await _canned(do, send)
        return
    try:
        await app(scope, receive, _altered(do, send))
    except Cut:
        await hang_up(transport, True, hung_up)


async def _canned(do: dict[str, Any], send: Send) -> None:
    body = _body(do)
    headers = {"content-type": do.get("content_type", "text/plain; charset=utf-8"), **(do.get("headers") or {})}
    await send(_start(do["status"], [*headers.items()], len(body)))
    await send({"type": "http.response.body", "body": body})


def _body(do: dict[str, Any]) -> bytes:
    body = do.get("body") or ""
    return body.encode() if isinstance(body, str) else bytes(body)


def _start(status: int, headers: list[tuple[str, str]], length: int) -> Message:
    pairs = [(name.lower().encode("latin-1"), str(value).encode("latin-1")) for name, value in headers]
    if all(name not in (b"content-length", b"transfer-encoding") for name, _value in pairs):
        pairs.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": status, "headers": pairs}


def _altered(do: dict[str, Any], send: Send) -> Send:
    """A send() that replaces, cuts, slows or delays what the app replies."""
    left = do.get("truncate")
    replacement = _body(do) if "body" in do else None

    async def altered(message: Message) -> None:
        nonlocal left
        if message["type"] == "http.response.start":
            if do.get("delay_after"):
                await asyncio.sleep(do["delay_after"])
            await send(_with_headers(message, do, replacement))
            return
        body = message.get("body", b"")
        more = message.get("more_body", False)
        if replacement is not None:
            body = b"" if more else replacement
        if left is not None:
            body = body[:left]
            left -= len(body)
            if left == 0 or not more:
                await send({"type": "http.response.body", "body": body, "more_body": True})
                raise Cut
        if do.get("drip"):
            for index in range(len(body)):
                await send({"type": "http.response.body", "body": body[index:index + 1], "more_body": True})
                await asyncio.sleep(do["drip"])
            body = b""
        await send({"type": "http.response.body", "body": body, "more_body": more})

    return altered


def _with_headers(message: Message, do: dict[str, Any], replacement: bytes | None) -> Message:
    changed = {name.lower().encode("latin-1"): str(value).encode("latin-1")
               for name, value in (do.get("headers") or {}).items()}
    if "content_type" in do:
        changed[b"content-type"] = do["content_type"].encode("latin-1")
    if replacement is not None:
        changed[b"content-length"] = str(len(replacement)).encode()
    kept = [(name, value) for name, value in message.get("headers", []) if name not in changed]
    return {**message, "headers": kept + list(changed.items())}
