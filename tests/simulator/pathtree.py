# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the handler of a request by its raw, percent-encoded path.

A segment is decoded exactly once, after the path was cut at its slashes: an id which holds "%2F" stays one segment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

Handler = Callable[..., Any]


class PathTree:
    """Templates such as "groups/{group}/hosts" to handlers, one per method."""

    def __init__(self) -> None:
        self._root: dict[str | None, Any] = {}           # key None: any one segment; "": the handlers

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Serve `method` on `template`; a segment in braces takes any one non-empty segment."""
        node = self._root
        for segment in template.split("/"):
            node = node.setdefault(None if segment.startswith("{") else segment, {})
        node.setdefault("", {})[method] = handler

    def find(self, raw_path: str) -> tuple[dict[str, Handler], list[str]] | None:
        """The handlers by method and the decoded values of the braces in order, or None for an unknown path."""
        node, values = self._root, []
        for segment in raw_path.split("/"):
            if segment and segment in node:
                node = node[segment]
            elif segment and None in node:
                node = node[None]
                values.append(unquote(segment))
            else:
                return None
        return (node[""], values) if "" in node else None
