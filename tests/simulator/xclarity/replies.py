# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of XClarity's replies, and the door that every call passes: availability, authentication, privilege.

Message ids follow the documented form FQXHM + component + number + severity. FQXHMSE0001I, 0251J and 0252J were seen
on real servers; every id whose number begins with 9 is invented here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from ..core import dumps
from ..faults import hang_up

if TYPE_CHECKING:
    from . import XClarity

_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store, no-cache, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Vary": "Accept-Encoding, User-Agent",
}


class Refused(Exception):
    """A call that is answered with an error: status, invented message id, text, advice."""

    def __init__(
        self, status: int, message_id: str, text: str, recovery: str = "Correct the request and send it again."
    ) -> None:
        super().__init__(text)
        self.status = status
        self.message_id = message_id
        self.text = text
        self.recovery = recovery


class Dropped(Response):
    """No reply at all: the connection is reset."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await hang_up(scope["state"]["transport"], False, receive)


def message(system: XClarity, message_id: str, text: str, recovery: str) -> dict[str, Any]:
    """One message in the standard shape; the form of `recovery` is a switch."""
    advice: Any = {"text": recovery, "URL": ""}
    if system.switches["recovery_shape"] == "list":
        advice = [advice]
    elif system.switches["recovery_shape"] == "string":
        advice = recovery
    return {"id": message_id, "text": text, "explanation": "", "recovery": advice}


def reply(system: XClarity, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON (from data, or from bytes that are JSON already) with the media type and the headers of the real server.

    Data None: no body at all.
    """
    body = b"" if data is None else data if isinstance(data, bytes) else dumps(data)
    return Response(body, status, {**_HEADERS, **(headers or {})}, system.switches["content_type"])


def success(system: XClarity) -> dict[str, Any]:
    return {
        "result": "success",
        "messages": [message(system, "FQXHMSE0001I", "The request completed.", "No action is required.")],
    }


def failed(system: XClarity, refused: Refused, key: str = "messages") -> dict[str, Any]:
    """The body of an error; a refusal without text has no message."""
    words = [message(system, refused.message_id, refused.text, refused.recovery)] if refused.text else []
    return {"result": system.switches["failed_word"], key: words}


async def json_body(request: Request, allowed: set[str] | None = None) -> dict[str, Any]:
    """The JSON object of a request. An attribute outside `allowed` is not valid, and refused with 400."""
    try:
        data = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise Refused(400, "FQXHMCR9001J", f"The request body is not valid JSON: {error}") from error
    if not isinstance(data, dict):
        raise Refused(400, "FQXHMCR9001J", "The request body must be a JSON object.")
    unknown = sorted(set(data) - allowed) if allowed is not None else []
    if unknown:
        raise Refused(400, "FQXHMCR9002J", f"The attribute {unknown[0]} is not valid.")
    return data


Handler = Callable[..., Awaitable[Response]]


def call(authenticated: bool = True, licensed: bool = False, anyway: bool = False, error_key: str = "messages") -> Any:
    """Decorator of an endpoint method `handler(self, request, user)` of a part that has `.system`.

    Time passes first, so that everything due by now has happened. `licensed`: an active licence is needed.
    `anyway`: served while the server is quiesced too. `error_key`: name of the list of messages in an error.
    """

    def decorate(handler: Handler) -> Any:
        @functools.wraps(handler)
        async def endpoint(self: Any, request: Request) -> Response:
            system: XClarity = self.system
            system.settle()
            try:
                away = system.unavailable(request.method, anyway)
                if away is not None:
                    return away
                limit = system.switches["max_url_length"]
                if limit and len(request.scope["raw_path"]) + len(request.scope["query_string"]) > limit:
                    raise Refused(414, "FQXHMCR9003J", "The request URL is too long.")
                user = system.sessions_part.authenticate(request) if authenticated else ""
                if licensed and not system.switches["licence_active"]:
                    raise Refused(403, "FQXHMCR9004J", "There is no active license for this function.",
                                  "Ensure that each managed server has an active license.")
                result: Response = await handler(self, request, user)
                return result
            except Refused as refused:
                return reply(system, failed(system, refused, error_key), refused.status)
            finally:
                system.sessions_part.release(request)

        return endpoint

    return decorate
