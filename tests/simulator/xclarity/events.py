# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events and alerts: an array whose pages are ranges of sequence numbers, named by a header.

``Range: item=A-B`` gives the events whose number lies there; the answer is 200, and Content-Range ends with the newest number (both seen).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .replies import Refused, call, reply

if TYPE_CHECKING:
    from . import XClarity

_RANGE = re.compile(r"item=([0-9]+)-([0-9]+)\Z")


class Events:
    """The events, by number."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.all: list[dict[str, Any]] = []
        self.alerts: list[dict[str, Any]] = []
        self.newest = 0

    def seed(self, events: list[dict[str, Any]], alerts: list[dict[str, Any]]) -> None:
        for one in events:
            self.newest = int(one.get("number", self.newest + 1))
            now = self.system.clock.iso()
            facts = {key: value for key, value in one.items() if key != "number"}
            self.all.append({
                "cn": str(self.newest), "timeStamp": now, "eventDate": now, "eventID": "FQXHMSE9030I", "commonEventID": "", "msg": "",
                "msgID": "", "args": [], "severity": 200, "severityText": "Informational", "eventClass": 800, "service": 100,
                "serviceabilityText": "None", "typeText": "", "eventSourceText": "", "sourceID": "", "componentID": "",
                "systemName": "Management Server", "systemText": "", "systemTypeText": "", "bayText": "", "chassisText": "",
                "failFRUs": "", "failSNs": "", "serialnum": "", "mtm": "", "userid": "", "originatorUUID": "", "senderUUID": "",
                "action": 100, **facts,
            })
        self.alerts += alerts

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/events", self.index, methods=["GET"]),
            Route("/events/audit", self.audit, methods=["GET"]),
            Route("/events/activeAlerts/status", self.alert_status, methods=["GET"]),
            Route("/events/activeAlerts/summary", self.alert_summary, methods=["GET"]),
        ]

    def _filtered(self, request: Request, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        text = request.query_params.get("filterWith")
        if text is None:
            return events
        try:
            wanted = json.loads(text)
            fields = [(one["field"], one["operation"], str(one["value"])) for one in wanted["fields"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Refused(400, "FQXHMEM9001J", "filterWith is not valid.") from error
        for field, operation, value in fields:
            if operation == "GT":
                events = [one for one in events if int(one.get(field) or 0) > int(value)]
            elif operation == "NOT":
                events = [one for one in events if str(one.get(field)) != value]
            else:
                raise Refused(400, "FQXHMEM9002J", "The operation is not known.")
        return events

    def _answer(self, request: Request, events: list[dict[str, Any]]) -> Response:
        header = request.headers.get("range")
        headers = {}
        if header is not None:
            match = _RANGE.match(header)
            if match is None:
                raise Refused(400, "FQXHMEM9003J", "Range is not valid.")
            first, last = int(match[1]), int(match[2])
            events = [one for one in events if first <= int(one["cn"]) <= last]
            headers = {"Content-Range": f"{first}-{last}/{self.newest}"}
        return reply(self.system, self._filtered(request, events), headers=headers)

    @call()
    async def index(self, request: Request, _user: str) -> Response:
        return self._answer(request, self.all)

    @call()
    async def audit(self, request: Request, _user: str) -> Response:
        return self._answer(request, [one for one in self.all if one["eventClass"] == 200])

    @call()
    async def alert_status(self, request: Request, _user: str) -> Response:
        if not self.system.switches["alerts_told"]:
            raise Refused(404, "FQXHMCR9004J", "The requested resource was not found.")
        return reply(self.system, self.alerts)

    @call()
    async def alert_summary(self, request: Request, _user: str) -> Response:
        return reply(self.system, [{"severity": one["status"], "msg": ""} for one in self.alerts])
