# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deployment of operating systems: /hostPlatforms. The number of a server's state steps with its job.

    0 or 3 --PUT--> 4 .. 16 --job--> 17, or 20 when the job fails; 17 stays, or goes back to 3 after a while (a switch)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .jobs import Job
from .managing import json_list
from .replies import Refused, call, message, reply, success

if TYPE_CHECKING:
    from . import XClarity

_NEEDED = {"networkSettings", "selectedImage", "storageSettings", "uuid"}
_KEYS = _NEEDED | {
    "adusername", "adpassword", "configFileId", "unattendFileId", "licenseKey", "osCredentials", "windowsDomain", "windowsDomainBlob",
}
_NETWORK = {
    "dns1", "dns2", "gateway", "hostname", "ipAddress", "mtu", "prefixLength", "selectedMAC", "selectedMac", "subnetMask", "vlanId",
}
_WORDS = {0: "Ready", 1: "Not Ready", 3: "No OS being deployed", 17: "OS deployment completed", 20: "OS deployment failed"}


class HostPlatforms:
    """How far each server is."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.states: dict[str, int] = {}
        self.jobs: dict[str, Job] = {}
        self.deployed: dict[str, str] = {}
        self.deployments = 0

    def seed(self, states: dict[str, int]) -> None:
        self.states.update(states)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/hostPlatforms", self.index, methods=["GET"]),
            Route("/hostPlatforms", self.deploy, methods=["PUT"]),
        ]

    def _images(self) -> list[str]:
        return list(self.system.os_images_part.profiles)

    def _fitting(self, uuid: str) -> Any:
        """As the switch has them: ids, None, or "missing"."""
        told = self.system.switches["fitting_images"].get(uuid, self._images())
        return [one for one in told if one in self._images()] if isinstance(told, list) else told

    def _state(self, uuid: str) -> int:
        job = self.jobs.get(uuid)
        if job is None:
            return self.states.get(uuid, 0)
        now = self.system.clock.now()
        if job.final is None:
            return 4 + int(job.progress(now) / 100 * 12)
        if job.final not in ("Complete", "CompleteWithWarnings"):
            return 20
        kept = self.system.switches["deployed_state_seconds"]
        return 17 if kept is None or now < (job.ended or 0) + kept else 3

    @call(licensed=True)
    async def index(self, request: Request, _user: str) -> Response:
        images = self._images()
        items = []
        for node in self.system.inventory_part.nodes.values():
            if not node["managed"]:
                continue
            fitting = self._fitting(node["uuid"])
            told = [{"label": one, "selected": False, "value": one} for one in fitting] if isinstance(fitting, list) else None
            state = self._state(node["uuid"])
            items.append({
                "uuid": node["uuid"], "id": node["uuid"], "name": node["name"], "deployStatusID": state,
                "deployStatus": _WORDS.get(state, f"step {state}"), "bay": str(node["bay"] or ""), "chassisName": "",
                "immIpAddress": node["ip"], "rackID": node["rack"], "rackUnit": node["unit"], "isRealNode": True, "readyCheck": {},
                **({} if fitting == "missing" else {"availableImages": told}), "networkSettings": {}, "storageSettings": {},
            })
        return reply(self.system, {
            "availableImages": images, "imagesWithoutWinPERemoved": False, "incompatibleImagesRemoved": False, "isAuthorized": True,
            "items": items, **success(self.system),
        })

    @call(licensed=True)
    async def deploy(self, request: Request, user: str) -> Response:
        rows = await json_list(request)
        if len(rows) != 1:
            raise Refused(400, "FQXHMFC9001J", "One server at a time here.")
        row = rows[0]
        missing, odd = sorted(_NEEDED - set(row)), sorted(set(row) - _KEYS)
        if missing or odd:
            raise Refused(400, "FQXHMFC9002J", f"The attribute {(missing or odd)[0]} is {'missing' if missing else 'not valid'}.")
        if not set(row["networkSettings"]) <= _NETWORK or not row["storageSettings"].get("targetDevice"):
            raise Refused(400, "FQXHMFC9003J", "networkSettings or storageSettings is not valid.")
        node = self.system.inventory_part.nodes.get(str(row["uuid"]).upper())
        if node is None:
            raise Refused(404, "FQXHMFC9004J", "The server was not found.")
        if row["selectedImage"] not in self._images():
            raise Refused(400, "FQXHMFC9005J", "The image was not found.")
        uuid = node["uuid"]
        fitting = self._fitting(uuid)
        if isinstance(fitting, list) and row["selectedImage"] not in fitting:
            raise Refused(400, "FQXHMFC9008J", "The image does not fit the server.")
        if 4 <= self._state(uuid) <= 16:
            raise Refused(409, "FQXHMFC9006J", "A deployment is running.")
        self.deployments += 1

        def finish(good: bool) -> None:
            if good:
                self.deployed[uuid] = row["selectedImage"]
                self.system.inventory_part.restart(node)

        job = self.system.jobs_part.begin("deploy", f"Deploy {row['selectedImage']}", uuid, user, finish)
        self.jobs[uuid] = job
        return reply(self.system, {
            "result": "success", "jobId": job.id,
            "messages": [message(self.system, "FQXHMFC9007I", "The deployment was started.", "No action is required.")],
        })

    def state(self) -> dict[str, Any]:
        return {"deployed": dict(self.deployed), "deployments": self.deployments}
