# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request on its way through the app, and the shapes that go back: entities, lists by the page, the envelope."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from .errors import ApiError, invalid_query
from .pool import Request, Server

BASE = "/api/public/v1.0"
Entity = dict[str, Any]


@dataclass
class Call:
    """What a handler sees. `values` are the decoded path segments in braces, in order."""

    method: str
    path: str                          # raw, without the query
    query: dict[str, str]
    body: bytes
    content_type: str
    host: str
    user: str
    values: list[str]

    @property
    def base(self) -> str:
        return f"https://{self.host}{BASE}"

    def json_object(self) -> Entity:
        """The body as an object; 415 or 400 otherwise."""
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Unsupported Media Type.")   # the code is invented
        try:
            data = json.loads(self.body)
        except (ValueError, RecursionError):
            raise ApiError(400, "INVALID_JSON", "Received JSON is malformed.") from None
        if not isinstance(data, dict):
            raise ApiError(400, "INVALID_JSON", "Received JSON is malformed.")
        return data


@dataclass
class Answer:
    """`content` None: no body at all. `listing`: the envelope of a list is the list itself with a status in it."""

    content: Entity | None
    status: int = 200
    listing: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self, query: dict[str, str]) -> tuple[int, bytes]:
        status, content = self.status, self.content
        if content is None:
            return status, b""
        if query.get("envelope") == "true":
            content = {**content, "status": status} if self.listing else {"status": status, "content": content}
            status = 200
        pretty = query.get("pretty") == "true"
        return status, json.dumps(content, indent=2 if pretty else None,
                                  separators=None if pretty else (",", ":")).encode()


def parse_query(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def link(href: str, rel: str = "self") -> Entity:
    return {"href": href, "rel": rel}


class Shapes:
    """Entities as the documentation prints them, fields in alphabetical order; what a user sent is echoed verbatim."""

    def __init__(self, clock: Any, switches: dict[str, Any]) -> None:
        self._clock = clock
        self._switches = switches

    def rel(self, call: Call, name: str) -> str:
        """The prefix of a rel drifts between releases."""
        return ("http://mms.mongodb.com/" if self._switches["rel_prefix"] == "mms" else f"https://{call.host}/") + name

    def pool_links(self, call: Call, self_href: str, root: str, *resources: str) -> list[Entity]:
        """`self` and the named resources ("", "servers", "properties", "requests") under a serverPool root."""
        return [link(self_href)] + [
            link(f"{root}/{name}" if name else root, self.rel(call, "serverPool" + name.capitalize()))
            for name in resources]

    def request(self, request: Request, links: list[Entity]) -> Entity:
        iso = self._clock.iso
        entity: Entity = {}
        if request.cancelled is not None:
            entity["cancelDate"] = iso(request.cancelled)
        if request.completed is not None:
            entity["completeDate"] = iso(request.completed)
        entity["created"] = iso(request.created)
        if not (request.status == "COMPLETED" and self._switches["expires_dropped_when_completed"]):
            entity["expires"] = iso(request.expires)
        entity.update(groupId=request.group, id=request.id, links=links)
        if self._switches["num_servers_shown"]:
            entity["numServers"] = len(request.documents)
        entity.update(properties=request.documents, statusName=request.status)
        return entity

    def server(self, server: Server, links: list[Entity]) -> Entity:
        iso = self._clock.iso
        entity: Entity = {} if server.group is None else {"boundGroupId": server.group}
        entity.update(created=iso(server.created), hostname=server.hostname, id=server.id, links=links,
                      properties=server.properties, recycled=iso(server.recycled), statusName=server.status)
        return entity

    def page(self, call: Call, items: Sequence[Any], shape: Callable[[Any], Entity],
             links: Iterable[Entity] = ()) -> Answer:
        """One page of a list; only its own entities are shaped."""
        number = self._number(call, "pageNum", 1)
        cap = self._switches["page_cap"]
        size = self._number(call, "itemsPerPage", 100)
        if size > cap:
            if self._switches["page_over_cap"] == "error":
                raise invalid_query("itemsPerPage")
            size = cap
        order = self._switches["list_order"]
        if order == "newest":
            items = items[::-1]
        start = (number - 1) * size
        own = [link(self._page_href(call, number, size))]
        if number > 1:
            own.append(link(self._page_href(call, number - 1, size), "previous"))
        if start + size < len(items):
            own.append(link(self._page_href(call, number + 1, size), "next"))
        content: Entity = {"links": own + list(links), "results": [shape(item) for item in items[start:start + size]]}
        if call.query.get("includeCount") != "false":
            content["totalCount"] = len(items)
        return Answer(content, listing=True)

    @staticmethod
    def _number(call: Call, name: str, default: int) -> int:
        text = call.query.get(name, "")
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise invalid_query(name)
        return int(text)

    @staticmethod
    def _page_href(call: Call, number: int, size: int) -> str:
        query = {**call.query, "pageNum": str(number), "itemsPerPage": str(size)}
        return f"https://{call.host}{call.path}?{urlencode(query)}"
