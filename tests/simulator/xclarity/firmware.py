# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
r"""Firmware: policies, how servers compare with theirs, and updates that go through their phases.

    assign --> compared --PUT /updatableComponents--> Queued --> Applying --> Complete       the server restarts (immediate)
                                                                          \--> Complete + Failed or Canceled
    delayed, prioritized: what is left takes effect at the next restart of the server

Only what does not comply may be named in an update; a component that the policy does not update is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from .jobs import Job
from .replies import Refused, call, json_body, message, reply

if TYPE_CHECKING:
    from . import XClarity

INSTALLED = {"BMC (Primary)": "1.00", "UEFI (Primary)": "1.00", "UEFI (Backup)": "1.00"}
_TYPES = {"CMM", "IOSwitch", "SWITCH", "RACKSWITCH", "SERVER", "STORAGE"}
_MODES = {"immediate", "delayed", "prioritized"}


class Firmware:
    """Policies by name, and for each server its policy, what is installed, and how its last update went."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.policies: dict[str, dict[str, Any]] = {}
        self.assigned: dict[str, str] = {}
        self.compared: dict[str, tuple[str, float]] = {}  # the policy a server is compared with, and from when that shows
        self.versions: dict[str, dict[str, str]] = {}
        self.shown: dict[str, tuple[dict[str, str], float]] = {}  # versions that the comparison still has, and until when
        self.waiting: dict[str, dict[str, str]] = {}  # what the next restart brings
        self.status: dict[str, dict[str, dict[str, Any]]] = {}
        self.updates = 0

    def seed(self, policies: list[dict[str, Any]], firmware: dict[str, Any]) -> None:
        """policies: as in the docstring of the package. firmware: by UUID, {policy, versions}."""
        for one in policies:
            components = one.get("components") or [
                {"name": "BMC (Primary)", "version": "2.00"}, {"name": "UEFI (Primary)", "version": "2.00"},
                {"name": "UEFI (Backup)", "version": "2.00", "do_not_update": True},
            ]
            self.policies[one["name"]] = {"machine_types": None, "description": "", **one, "components": components}
        for uuid, facts in firmware.items():
            if facts.get("policy"):
                self.assigned[uuid] = facts["policy"]
                self.compared[uuid] = (facts["policy"], 0.0)
            self.versions[uuid] = {**INSTALLED, **facts.get("versions", {})}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/compliancePolicies", self.all_policies, methods=["GET"]),
            Route("/compliancePolicies/nameList", self.names, methods=["GET"]),
            Route("/compliancePolicies/persistedResult", self.results, methods=["GET"]),
            Route("/compliancePolicies/persistedResult", self.unassign, methods=["POST"]),
            Route("/compliancePolicies/compareResult", self.assign, methods=["POST"]),
            Route("/updatableComponents", self.components, methods=["GET"]),
            Route("/updatableComponents", self.apply, methods=["PUT"]),
        ]

    # --- states ---

    def installed(self, uuid: str) -> dict[str, str]:
        return self.versions.setdefault(uuid, dict(INSTALLED))

    def _compare_with(self, uuid: str) -> dict[str, str]:
        """The versions as the comparison knows them."""
        versions, until = self.shown.get(uuid, ({}, 0.0))
        return versions if self.system.clock.now() < until else self.installed(uuid)

    def restarted(self, uuid: str) -> None:
        """The server was restarted: what waited for that takes effect."""
        if self.waiting.get(uuid):
            self._install(uuid, self.waiting.pop(uuid))

    def _install(self, uuid: str, versions: dict[str, str]) -> None:
        lag = self.system.switches["compliance_lag"]
        if lag is None or lag > 0:
            until = float("inf") if lag is None else self.system.jobs_part.moment() + lag
            self.shown[uuid] = (dict(self._compare_with(uuid)), until)
        self.versions[uuid] = {**self.installed(uuid), **versions}

    def _entry(self, node: dict[str, Any]) -> dict[str, Any]:
        uuid = node["uuid"]
        name, since = self.compared.get(uuid, ("", 0.0))
        name = name if self.system.clock.now() >= since else ""
        policy = self.policies.get(name)
        versions = self._compare_with(uuid)
        targets = [self._target(one, versions) for one in policy["components"]] if policy else []
        word = "" if not policy else "no" if any(one["compliant"] == "no" for one in targets) else "yes"
        return {
            "uuid": uuid, "policyName": name, self.system.switches["compliance_key"]: word, "message": [], "supported": "true",
            "targetFirmware": targets,
        }

    @staticmethod
    def _target(wanted: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
        alone = wanted.get("do_not_update", False)
        same = versions.get(wanted["name"]) == wanted["version"]
        return {
            "componentName": wanted["name"], "componentID": wanted["name"].split()[0], "category": wanted["name"].split()[0],
            "compliant": "DoNotUpdate" if alone else "yes" if same else "no", "level": "same" if same else "higher",
            "build": "", "versionList": [wanted["version"]],
            "fixid": "Do Not Update" if alone else f"lnvgy_fw_{wanted['name'].split()[0].lower()}_{wanted['version']}",
            "packageExistence": "yes" if wanted.get("package", True) else "no", "date": "",
            # As in a capture, whose appliance spoke Portuguese.
            "reason": "" if same else "A vers\u00e3o instalada n\u00e3o corresponde \u00e0 pol\u00edtica.",
        }

    # --- policies and comparison ---

    @call()
    async def all_policies(self, request: Request, _user: str) -> Response:
        if request.query_params.get("basic_full", "basic") not in ("basic", "full"):
            raise Refused(400, "FQXHMUP9001J", "basic_full must be basic or full.")
        return reply(self.system, {"policies": [
            {"id": number, "name": name, "description": one["description"], "inUse": name in self.assigned.values(),
             "userDefined": True, "filterType": "", "lastModified": "", "updateRule": "alertIfNotExactMatch"}
            for number, (name, one) in enumerate(self.policies.items(), 1)
        ]})

    @call()
    async def names(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"policies": [
            {"uuid": uuid, "currentPolicy": self.assigned.get(uuid, "")} for uuid in self.system.inventory_part.nodes
        ]})

    @call()
    async def results(self, request: Request, _user: str) -> Response:
        """One object a chassis, then objects of one key each; a complex has keys that are ids."""
        inventory = self.system.inventory_part
        managed = [node for node in inventory.nodes.values() if node["managed"]]
        everything: list[dict[str, Any]] = [
            {"chassis": uuid, "cmms": [], "switches": [], "message": [],
             "xITEs": [self._entry(node) for node in managed if node["chassis"] == uuid]}
            for uuid in inventory.chassis
        ]
        racks = [node for node in managed if not node["chassis"]]
        complexes: dict[str, Any] = {}
        for node in racks:
            if node.get("complex"):
                complexes[node["complex"]] = [{"1": [self._entry(node)], "partitionCompliant": ""}]
        everything.append({"racklist": [self._entry(node) for node in racks if not node.get("complex")]})
        everything.append({"complexlist": [{**complexes, "complexCompliant": ""}] if complexes else []})
        everything += [{"rackswitchlist": []}, {"storagelist": []}]
        charset = self.system.switches["compliance_charset"]
        text = json.dumps({"all": everything}, ensure_ascii=False, separators=(",", ":"))
        kind = self.system.switches["content_type"].partition(";")[0]
        return Response(text.encode(charset), 200, media_type=f"{kind}; charset={charset}")

    def _fits(self, policy: dict[str, Any], node: dict[str, Any]) -> bool:
        kind = self.system.inventory_part.machine_type(node)
        return policy["machine_types"] is None or kind in policy["machine_types"]

    @call()
    async def assign(self, request: Request, user: str) -> Response:
        body = await json_body(request, {"compliance"})
        rows = body.get("compliance")
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
            raise Refused(400, "FQXHMUP9002J", "compliance must be a list of one.")
        row = rows[0]
        key = self.system.switches["policy_name_key"]
        name = row.get("policyName", row.get("policyname")) if key == "both" else row.get(key)
        node = self.system.inventory_part.nodes.get(str(row.get("uuid")).upper())
        known = {"policyName", "policyname", "type", "uuid", "keep", "autoAssign"}
        if row.get("type") not in _TYPES or node is None or not set(row) <= known:
            raise Refused(400, "FQXHMUP9003J", "policyName, type and the uuid of a device are required.")
        policy = self.policies.get(name or "")
        if policy is None or not self._fits(policy, node):
            return reply(self.system, {
                "status": "failed", "errorMessage": "The policy cannot be assigned to this device.", "errorDetail": [], "message": [],
            })

        def finish(good: bool) -> None:
            if good:
                self.assigned[node["uuid"]] = str(name)
                self.compared[node["uuid"]] = (str(name), self.system.clock.now())

        job = self.system.jobs_part.begin("compare", "Compare with a compliance policy", node["uuid"], user, finish)
        return reply(self.system, {
            "status": "success", "errorMessage": "", "errorDetail": [],
            "message": [{"jobid": job.number, "tasks": [{"taskid": 0, "uuid": node["uuid"]}]}],
        })

    @call()
    async def unassign(self, request: Request, _user: str) -> Response:
        body = await json_body(request, {"unassign"})
        rows = body.get("unassign")
        if not isinstance(rows, list) or not rows:
            raise Refused(400, "FQXHMUP9004J", "unassign must be a list.")
        failed = []
        for row in rows:
            uuid = str(row.get("uuid")).upper()
            if self.assigned.pop(uuid, None) is None:
                failed.append({"originalPolicy": "", "uuid": uuid})
            self.compared.pop(uuid, None)
        return reply(self.system, {
            "unassignCount": len(rows), "successCount": len(rows) - len(failed), "failedCount": len(failed), "failedDevices": failed,
        })

    # --- updates ---

    @call()
    async def components(self, request: Request, _user: str) -> Response:
        action = request.query_params.get("action", "applyStatus")
        if action not in ("applyStatus", "getComponents"):
            raise Refused(400, "FQXHMUP9005J", "action is not valid.")
        shape = self.system.switches["get_components_shape"]
        servers = []
        for uuid in self.system.inventory_part.nodes:
            if action == "getComponents" and shape == "names":
                servers.append({"UUID": uuid, "Components": list(self.installed(uuid))})
            elif action == "getComponents" and shape == "documented":
                servers.append({"uuid": uuid, "Components": [{"componentName": name} for name in self.installed(uuid)]})
            elif uuid in self.status:
                servers.append({"UUID": uuid, "Components": [
                    {"Component": name, "Weight": 1, "UpdateStatus": self._status(one)} for name, one in self.status[uuid].items()
                ]})
        return reply(self.system, {
            "result": "informational", "messages": [],
            "DeviceList": [{"CMMList": []}, {"ServerList": servers}, {"SwitchList": []}, {"StorageList": []}],
        })

    def _status(self, one: dict[str, Any]) -> dict[str, Any]:
        """Seen words: Phase Queued, Applying, Complete; State NotStarted, Blocked, InProgress, Complete; Status Queued, Active,
        Failed, Canceled. The word of success was not seen."""
        job: Job = one["job"]
        clock = self.system.clock
        if job.final is None:
            share = job.progress(clock.now()) / 100 * one["of"] - one["place"]
            begun = share > 0
            phase, state, word, percent = (
                ("Applying", "InProgress", "Active", min(99, int(share * 100))) if begun
                else ("Queued", "NotStarted" if one["place"] == 0 else "Blocked", "Queued", 0)
            )
        else:
            good = job.final in ("Complete", "CompleteWithWarnings")
            word = self.system.switches["update_success_word"] if good else "Canceled" if job.final == "Cancelled" else "Failed"
            phase, state, percent = "Complete", "Complete", 100
        return {
            "JobID": job.number, "TaskID": one["place"], "PercentComplete": percent, "Phase": phase, "State": state, "Status": word,
            "StartTime": clock.iso(job.start), "EndTime": clock.iso(job.ended) if job.ended is not None else "", "Message": "",
        }

    def _asked(self, body: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The server and the components of an update. What the page says must not be there is refused."""
        lists = body.get("DeviceList")
        if not isinstance(lists, list) or not all(isinstance(one, dict) for one in lists):
            raise Refused(400, "FQXHMUP9006J", "DeviceList must be a list.")
        groups = [(key, value) for one in lists for key, value in one.items() if value or key == "ServerList"]
        if [key for key, _value in groups] != ["ServerList"]:
            raise Refused(400, "FQXHMUP9006J", "DeviceList must hold one ServerList.")
        servers = groups[0][1]
        if not isinstance(servers, list) or len(servers) != 1 or set(servers[0]) != {"UUID", "Components"} or not servers[0]["Components"]:
            raise Refused(400, "FQXHMUP9006J", "ServerList must hold one server with its Components.")
        node = self.system.inventory_part.nodes.get(str(servers[0]["UUID"]))
        if node is None:
            raise Refused(404, "FQXHMUP9007J", "The device was not found.")
        names = [str(one.get("Component")) for one in servers[0]["Components"]]
        policy = self.policies.get(self.assigned.get(node["uuid"], ""))
        if policy is None:
            raise Refused(400, "FQXHMUP9008J", "The device has no compliance policy.")
        may = {one["name"] for one in policy["components"] if not one.get("do_not_update") and one.get("package", True)}
        if not set(names) <= may:
            raise Refused(400, "FQXHMUP9009J", f"The component {sorted(set(names) - may)[0]} cannot be updated.")
        return node, names

    @call()
    async def apply(self, request: Request, user: str) -> Response:
        query = request.query_params
        action, mode = query.get("action", "apply"), query.get("activationMode", "immediate")
        if action != "apply" or mode not in _MODES:
            raise Refused(400, "FQXHMUP9010J", "action or activationMode is not valid.")
        node, names = self._asked(await json_body(request, {"DeviceList"}))
        uuid = node["uuid"]
        if any(one["job"].final is None for one in self.status.get(uuid, {}).values()):
            raise Refused(409, "FQXHMUP9011J", "The device is being updated.")
        policy = self.policies[self.assigned[uuid]]
        versions = {one["name"]: one["version"] for one in policy["components"] if one["name"] in names}
        self.updates += 1

        def finish(good: bool) -> None:
            if good:
                self._end(node, versions, mode)

        job = self.system.jobs_part.begin("firmware", "Update firmware", uuid, user, finish, [f"Update {name}" for name in names])
        self.status[uuid] = {name: {"job": job, "place": place, "of": len(names)} for place, name in enumerate(names)}
        words = message(self.system, "FQXHMUP9012I", "The update was started.", "No action is required.")
        return reply(self.system, {"result": "informational", "JobID": job.number, "messages": [words]})

    def _end(self, node: dict[str, Any], versions: dict[str, str], mode: str) -> None:
        now = versions if mode == "immediate" else {
            name: version for name, version in versions.items() if mode == "prioritized" and name.startswith("BMC")
        }
        rest = {name: version for name, version in versions.items() if name not in now}
        if now:
            self._install(node["uuid"], now)
        if rest:
            self.waiting[node["uuid"]] = rest
        if mode == "immediate":
            for _restart in range(2):
                self.system.inventory_part.restart(node)

    def state(self) -> dict[str, Any]:
        return {"assigned": dict(self.assigned), "updates": self.updates,
                "versions": {uuid: dict(one) for uuid, one in self.versions.items()},
                "waiting": {uuid: dict(one) for uuid, one in self.waiting.items()}}
