# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two error bodies of Ops Manager: five fields from the API, three from the digest layer in front of it."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """An answer with the five-field body (MongoDB documentation, "Errors" of the public API principles).

    `code` is an errorCode of the published list; none of that list speaks of the server pool, so generic ones stand in.
    """

    def __init__(self, status: int, code: str, detail: str, parameters: Iterable[str] = (),
                 headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.parameters = list(parameters)
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        return {"detail": self.detail, "error": self.status, "errorCode": self.code, "parameters": self.parameters,
                "reason": HTTPStatus(self.status).phrase}


#: What the digest layer says, seen in captures: no errorCode, no parameters.
UNAUTHORIZED = {"detail": "You are not authorized for this resource.", "error": 401, "reason": "Unauthorized"}


def invalid_query(name: str) -> ApiError:
    return ApiError(400, "INVALID_QUERY_PARAMETER", f"Invalid query parameter {name} specified.", [name])


def not_found(path: str) -> ApiError:
    return ApiError(404, "RESOURCE_NOT_FOUND", f"Cannot find resource {path}.", [path])


def invalid_attribute(name: str) -> ApiError:
    return ApiError(400, "INVALID_ATTRIBUTE", f"Invalid attribute {name} specified.", [name])


def malformed_attribute(name: str) -> ApiError:
    return ApiError(400, "INVALID_JSON_ATTRIBUTE", f"Received JSON for the {name} attribute is malformed.", [name])


def missing_attribute(name: str) -> ApiError:
    return ApiError(400, "MISSING_ATTRIBUTE", f"The required attribute {name} was not specified.", [name])


def unauthorized_role() -> ApiError:
    return ApiError(401, "USER_UNAUTHORIZED", "The current user is not authorized to perform this action.")
