# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every simulated system is made of: the clock, the base class, and helpers for requests and replies.

The server hands Starlette the path as it came on the wire (still percent-encoded), so that an id with an encoded
slash stays one segment; `path_id()` decodes it, once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute


class Clock:
    """The only time of the simulator, in epoch seconds.

    Mode `real` follows the machine's clock, `speed` times as fast; mode `manual` moves only by `advance()`; mode `stepped`
    by as much with every request that comes in, so that the same requests find the same state, however slowly they come.
    """

    def __init__(self, speed: float = 1.0, step: float = 0.0) -> None:
        self._initial_speed = speed
        self._step = step
        self.reset()

    def reset(self) -> None:
        """Back to the machine's time and to the mode and the speed that the simulator was started with."""
        self.mode = "stepped" if self._step else "real"
        self.speed = self._initial_speed
        self._base = time.time()
        self._mark = time.monotonic()

    def now(self) -> float:
        if self.mode != "real":
            return self._base
        return self._base + (time.monotonic() - self._mark) * self.speed

    def request(self) -> None:
        """A request has come in."""
        if self.mode == "stepped":
            self._base += self._step

    def advance(self, seconds: float) -> None:
        self._base = self.now() + seconds
        self._mark = time.monotonic()

    def set_mode(self, mode: str, speed: float = 1.0) -> None:
        if mode not in ("real", "manual"):
            raise ValueError(f"unknown clock mode {mode!r}")
        self._base = self.now()
        self._mark = time.monotonic()
        self.mode = mode
        self.speed = speed

    def iso(self, t: float | None = None) -> str:
        """`t` (default: now) as "2026-03-01T09:15:00Z"."""
        moment = datetime.fromtimestamp(self.now() if t is None else t, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class System:
    """Base class of the simulated systems. A subclass sets `name` and `SWITCHES` and overrides the rest."""

    name = ""
    #: Every point the documents leave open, with the behaviour chosen by default.
    SWITCHES: dict[str, Any] = {}

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.switches: dict[str, Any] = dict(self.SWITCHES)
        #: Base URL by app name (see `apps`), known once the ports are bound.
        self.urls: dict[str, str] = {}
        #: All systems of this simulator by name, this one too.
        self.peers: dict[str, System] = {}
        self.reset()

    def reset(self) -> None:
        """Drop all data. The switches are put back by the caller."""

    def seed(self, data: dict[str, Any]) -> None:
        """Add data, in the shape that the module's docstring gives. Raises ValueError or KeyError on a bad shape."""

    def state(self) -> dict[str, Any]:
        """A dump of the state as plain JSON, for tests."""
        return {}

    def sessions(self) -> dict[str, Any]:
        """Login sessions: how many are open, which, and how many were ever opened and closed."""
        return {"open": 0, "sessions": [], "opened": 0, "closed": 0}

    def routes(self) -> list[BaseRoute]:
        return []

    def apps(self) -> dict[str, list[BaseRoute]]:
        """Routes by app name; each app gets its own port. One app named like the system, unless overridden."""
        return {self.name: self.routes()}

    def actions(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """What POST /_control/{system}/{action} can do: a function of the JSON body that returns JSON-able data."""
        return {}

    def changing(self, method: str, raw_path: str, body: bytes) -> bool:
        """Does this request start or change something on the server (a login does not count)?"""
        return method not in ("GET", "HEAD", "OPTIONS")


def path_id(request: Request, name: str = "id") -> str:
    """A path parameter, percent-decoded once."""
    return unquote(request.path_params[name])


def set_user(request: Request, user: str) -> None:
    """Note the user in the request log."""
    request.scope["state"]["user"] = user


def dumps(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def json_reply(
    data: Any, status: int = 200, headers: dict[str, str] | None = None, media_type: str = "application/json"
) -> Response:
    """A reply from JSON-able data, or from bytes that already are JSON (a cached list)."""
    return Response(data if isinstance(data, bytes) else dumps(data), status, headers, media_type)
