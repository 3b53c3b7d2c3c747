# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four shapes in which the clustering service says no."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from starlette.responses import Response

#: webob's title and explanation of each status used
_WORDS = {
    400: ("Bad Request",
          "The server could not comply with the request since it is either malformed or otherwise incorrect."),
    403: ("Forbidden", "Access was denied to this resource."),
    404: ("Not Found", "The resource could not be found."),
    406: ("Not Acceptable",
          "The server could not comply with the request since it is either malformed or otherwise incorrect."),
    409: ("Conflict", "There was a conflict when trying to complete your request."),
    500: ("Internal Server Error",
          "The server has either erred or is incapable of performing the requested operation."),
}


class SenlinError(Exception):
    """Shape 1, from Senlin's own fault wrapper: code, title, explanation, error {code, message, type}."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind

    def response(self) -> Response:
        title, explanation = _WORDS[self.status]
        return json_response({
            "code": self.status, "error": {"code": self.status, "message": str(self), "type": self.kind},
            "explanation": explanation, "title": title}, self.status)


class RoutingError(Exception):
    """Shapes 3 and 4, from routing and version code: JSON, HTML or plain text after the Accept header."""

    def __init__(self, status: int, detail: str = "") -> None:
        super().__init__(detail)
        self.status = status

    def response(self, accept: str) -> Response:
        title, explanation = _WORDS[self.status]
        status = f"{self.status} {title}"
        kind = _offer(accept)
        if kind == "application/json":
            message = f"{explanation}<br /><br />\n{self}\n\n"
            return json_response({"message": message, "code": status, "title": title}, self.status)
        if kind == "text/html":
            page = (f"<html>\n <head>\n  <title>{status}</title>\n </head>\n <body>\n  <h1>{status}</h1>\n"
                    f"  {explanation}<br /><br />\n{html.escape(str(self))}\n\n\n </body>\n</html>")
            return Response(page, self.status, media_type="text/html; charset=UTF-8")
        detail = re.sub(r"<.*?>", "", str(self))
        text = f"{status}\n\n{explanation}\n\n {detail}  "
        return Response(text, self.status, media_type="text/plain; charset=UTF-8")


def bad_request(message: str) -> SenlinError:
    """A 400 of the API layer (the conductor's own have other types)."""
    return SenlinError(400, "HTTPBadRequest", message)


def generic_bad_request() -> SenlinError:
    """What any TypeError inside Senlin turns into."""
    return bad_request(_WORDS[400][1])


def unauthorized(keystone_url: str) -> Response:
    """Shape 2, from keystonemiddleware in front of Senlin."""
    body = {"error": {"code": 401, "title": "Unauthorized",
                      "message": "The request you have made requires authentication."}}
    response = json_response(body, 401)
    response.headers["www-authenticate"] = f'Keystone uri="{keystone_url}"'
    return response


def json_response(data: Any, status: int = 200) -> Response:
    return Response(data if isinstance(data, bytes) else json.dumps(data), status, media_type="application/json")


def _offer(accept: str) -> str:
    """Which of HTML and JSON the Accept header likes better (HTML when equally); "" for neither."""
    best, best_quality = "", 0.0
    for offer in ("text/html", "application/json"):
        ranges = {offer, offer.partition("/")[0] + "/*", "*/*"}
        for part in accept.split(","):
            name, *parameters = (piece.strip() for piece in part.split(";"))
            quality = next((float(found[1]) for parameter in parameters
                            if (found := re.fullmatch(r"q=([\d.]+)", parameter))), 1.0)
            if name.lower() in ranges and quality > best_quality:
                best, best_quality = offer, quality
    return best
