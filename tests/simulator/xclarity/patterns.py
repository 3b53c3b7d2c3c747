# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server patterns: the list, the export, and the deployment, which makes a profile for each target.

    POST /patterns/{id} --> a profile in state activating --job--> active (immediate) or pending (defer); pending at once (pending)

The name of a new profile is invented here: the name of the pattern and a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import path_id
from .replies import Refused, call, json_body, reply

if TYPE_CHECKING:
    from . import XClarity


class Patterns:
    """The patterns by id."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.deployments = 0

    def seed(self, patterns: list[dict[str, Any]]) -> None:
        for one in patterns:
            self.all[str(one["id"])] = {"name": f"pattern-{one['id']}", "description": "", "form_factor": "r", **one, "id": str(one["id"])}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/patterns", self.index, methods=["GET"]),
            Route("/patterns/{id}", self.one, methods=["GET"]),
            Route("/patterns/{id}", self.deploy, methods=["POST"]),
            Route("/patterns/{id}/includeSettings", self.settings, methods=["GET"]),
        ]

    def _shown(self, pattern: dict[str, Any]) -> dict[str, Any]:
        used = [one["id"] for one in self.system.profiles_part.all.values() if one["template_id"] == pattern["id"]]
        return {
            "id": pattern["id"], "name": pattern["name"], "description": pattern["description"], "type": "Server",
            "formFactor": pattern["form_factor"], "nodeType": "sysx", "serverType": "IMMv2", "userDefined": True, "inUse": bool(used),
            "referencedBy": [], "uri": f"/patterns/{pattern['id']}",
        }

    def _named(self, request: Request) -> dict[str, Any]:
        pattern = self.all.get(path_id(request))
        if pattern is None:
            raise Refused(404, "FQXHMCP9020J", "The pattern was not found.", "List the patterns and retry.")
        return pattern

    @call(licensed=True)
    async def index(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"identifier": "id", "label": "name", "items": [self._shown(one) for one in self.all.values()]})

    @call(licensed=True)
    async def one(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"identifier": "id", "label": "name", "items": [self._shown(self._named(request))]})

    @call(licensed=True)
    async def settings(self, request: Request, _user: str) -> Response:
        pattern = self._named(request)
        return reply(self.system, {
            "template_type": "server_template",
            "server_template": {"name": pattern["name"], "type": "Server", "description": pattern["description"], "userDefined": True,
                                "formFactor": pattern["form_factor"], "templates": [{"id": "57", "type": "ExtendedIMM"}]},
            "sub_templates": {"57": {"template": {"LoginProfile": "Disable"}, "template_type": "ExtendedIMM"}},
        })

    @call(licensed=True)
    async def deploy(self, request: Request, user: str) -> Response:
        pattern = self._named(request)
        body = await json_body(request, {"restart", "uuid", "endpointIds"})
        keys = [one for key in ("uuid", "endpointIds") for one in (body.get(key) or [])]
        if body.get("restart") not in ("immediate", "defer", "pending") or len(keys) != 1:
            raise Refused(400, "FQXHMCP9021J", "restart and one target are required.")
        target = self.system.inventory_part.target(keys[0])
        if target is None or target.flex == ("uuid" in body):
            raise Refused(400, "FQXHMCP9022J", "The target is not known, or not named as its kind is.")
        profiles = self.system.profiles_part
        held = profiles.all.get(profiles.by_target.get(keys[0], ""))
        if held is not None and held["template_id"] != pattern["id"]:
            raise Refused(400, "FQXHMCP9023J", "Another profile is assigned to the target.")
        self.deployments += 1
        profile = held or self._new_profile(pattern)
        told = self.system.switches["pattern_reply"]
        if body["restart"] == "pending":
            profiles.assign_pending(profile, keys[0])
            return reply(self.system, {} if told != "empty" else None)
        job = profiles.begin(profile, target, body["restart"] == "defer", user)
        if told == "empty":
            return reply(self.system, None)
        if told == "bare":
            return reply(self.system, {"message": ""})
        return profiles.outcome(job, target)

    def _new_profile(self, pattern: dict[str, Any]) -> dict[str, Any]:
        profiles = self.system.profiles_part
        number = max([int(one) for one in profiles.all if one.isdigit()], default=70) + 1
        of_it = sum(1 for one in profiles.all.values() if one["template_id"] == pattern["id"])
        profiles.seed([{"id": number, "name": f"{pattern['name']} profile{of_it + 1}", "template": pattern["name"],
                        "template_id": pattern["id"]}])
        return profiles.all[str(number)]

    def state(self) -> dict[str, Any]:
        return {"deployments": self.deployments}
