# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request of the user's own choice: what may be sent, and what of its answer is shown.

A request that changes something is planned, locked and sent once by the driver; one that only reads is read like all others.
"""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")
_PATH = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+/?")
# GETs that start work, by their documentation.
_WORKING_GETS = (
    (re.compile(r"/ffdc/endpoint/.+", re.IGNORECASE), None),
    (re.compile(r"/discovery", re.IGNORECASE), "refresh"),
    (re.compile(r"/osImages/(?!remoteFileServers).+", re.IGNORECASE), None),
    (re.compile(r"/updateRepositories/firmware", re.IGNORECASE), "action"),
)


def check(method: str, path: str, query: t.Mapping[str, t.Any], changes: bool) -> tuple[tuple[str, str], ...]:
    """The query as it is sent. Refused: a path that is none, the calls of the log-in, a GET that works under ``changes`` false."""
    if not _PATH.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        raise bad_input(
            "config_path",
            "path is no absolute path of the API (it begins with /, is percent-encoded, and has neither query nor fragment).",
            "Correct path, give the query by the option query, and run again.",
        )
    # The server decodes it, so that it is judged as it is understood there.
    parts = [part.partition(";")[0] for part in urllib.parse.unquote(path).split("/") if part]
    meant = "/" + "/".join(parts)
    if any(part in (".", "..") for part in parts):
        raise bad_input("config_path", "path has . or .. in it, percent-encoded.", "Correct path and run again.")
    if parts and parts[0].casefold() == "sessions":
        raise bad_input(
            "config_path", "the calls of /sessions are the collection's own; their answers are secrets.",
            "Use the module xclarity_session.",
        )  # fmt: skip
    pairs = []
    for key, value in query.items():
        if isinstance(value, (dict, list)) or value is None:
            raise bad_input("config_path", f"the value of {key} in query is no text.", "Give a text or a number and run again.")
        pairs.append((str(key), str(value).lower() if isinstance(value, bool) else str(value)))
    names = {key for key, _value in pairs}
    if method == "GET" and not changes and any(shape.fullmatch(meant) and (not key or key in names) for shape, key in _WORKING_GETS):
        raise bad_input(
            "config_changes", f"GET {path} starts work on the server.", "Set changes to true and run again.", resource=f"GET {path}"
        )
    return tuple(pairs)


def plan(method: str, path: str, query: tuple[tuple[str, str], ...], body: t.Any) -> Step:
    return Step(
        operation="request",
        method=method,
        path=path,
        resource=f"{method} {path}",
        why="the task asks for it",
        query=query,
        body=body,
        effect=("the request", "accepted"),
    )
