# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which devices are managed: discovery, taking over and giving up, and the stored credentials that are used for it.

    POST /discoverRequest --job--> lists of what is at the addresses      (a page, and mock replies pasted from real ones)
    POST /manageRequest   --job--> the device is in /nodes                fails, at 100 %, for a wrong password, a device that is
                                                                          managed already, or by somebody else without forceManage
    POST /unmanageRequest --job--> the device is gone from /nodes

A device that is not reached is unmanaged with forceUnmanage only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import path_id
from .jobs import Job
from .replies import Refused, call, json_body, reply, success

if TYPE_CHECKING:
    from . import XClarity

_MANAGE_KEYS = {
    "ipAddresses", "type", "uuid", "machineType", "managementPorts", "managementProcessor", "server-type", "username", "password",
    "recoveryPassword", "forceManage", "securityDescriptor", "os", "enableHttps", "enablePassword",
}
_MANAGE_NEEDED = {"ipAddresses", "type", "uuid", "machineType", "managementPorts", "securityDescriptor"}
_TYPES = {"Chassis", "Edge Server", "IBM Tape", "Lenovo ThinkServer", "Lenovo Storage", "Rackswitch", "Rack-Tower Server"}


async def json_list(request: Request) -> list[dict[str, Any]]:
    """The JSON array of objects of a request."""
    try:
        data = json.loads(await request.body() or b"[]")
    except ValueError as error:
        raise Refused(400, "FQXHMCR9001J", f"The request body is not valid JSON: {error}") from error
    if not isinstance(data, list) or not data or not all(isinstance(one, dict) for one in data):
        raise Refused(400, "FQXHMCR9001J", "The request body must be a JSON array of objects.")
    return data


class Managing:
    """What can be discovered, what is known of it, and the jobs of these three calls."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.devices: dict[str, dict[str, Any]] = {}  # by address: what can be discovered and is not managed
        self.known: set[str] = set()  # addresses of which GET /discovery tells
        self.found: dict[str, list[str]] = {}  # addresses by the job of a discovery
        self.ends: dict[str, dict[str, Any]] = {}  # of a job of managing: device, and why it fails, if it does
        self.credentials: dict[str, dict[str, Any]] = {}
        self._next = 3401

    def seed(self, devices: list[dict[str, Any]], credentials: list[dict[str, Any]]) -> None:
        for one in devices:
            device = {
                "name": f"device-{len(self.devices) + 1}", "type": "Rack-Tower Server", "machine_type": "7X06", "username": "USERID",
                "password": "Passw0rd-bmc", "processor": "XCC", "manageable": True, "known": False, **one,
            }
            self.devices[device["ip"]] = device
            if device["known"]:
                self.known.add(device["ip"])
        for one in credentials:
            self._store(one["userName"], one.get("password", ""), one.get("description", ""), str(one.get("id") or ""))

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/discoverRequest", self.discover, methods=["POST"]),
            Route("/discoverRequest/jobs/{id}", self.discovery_job, methods=["GET"]),
            Route("/discovery", self.discovery, methods=["GET"]),
            Route("/manageRequest", self.manage, methods=["POST"]),
            Route("/manageRequest/jobs/{id}", self.managing_job, methods=["GET"]),
            Route("/unmanageRequest", self.unmanage, methods=["POST"]),
            Route("/unmanageRequest/jobs/{id}", self.managing_job, methods=["GET"]),
            Route("/storedCredentials", self.all_credentials, methods=["GET"]),
            Route("/storedCredentials", self.add_credential, methods=["POST"]),
            Route("/storedCredentials/{id}", self.one_credential, methods=["GET"]),
            Route("/storedCredentials/{id}", self.set_credential, methods=["PUT"]),
            Route("/storedCredentials/{id}", self.delete_credential, methods=["DELETE"]),
        ]

    # --- discovery ---

    def _entry(self, device: dict[str, Any]) -> dict[str, Any]:
        """Hyphens and lower case as in the captures; managementProcessor is what Lenovo's client reads."""
        return {
            "uuid": device["uuid"].lower(), "ipAddresses": [device["ip"]], "type": device["type"], "server-type": device["type"],
            "enclosure-form-factor": "rack-tower", "management-processor-type": device["processor"],
            "managementProcessor": device["processor"], "machineType": device["machine_type"], "model": "CTO1WW",
            "serialNumber": f"J30{device['uuid'][-5:]}", "name": device["name"], "displayName": device["name"],
            "hostname": f"xcc-{device['name']}", "fruNumber": "", "firmware": [],
            "managementPorts": [{"protocol": "https", "port": 443, "enabled": True}],
            "securityDescriptor": {"managedAuthEnabled": True, "managedAuthSupported": True, "roleGroups": [],
                                   "uri": f"nodes/{device['uuid'].lower()}"},
            "status": {"name": "UNMANAGED" if device["manageable"] else "MANAGED", "message": "", "manageable": device["manageable"]},
            "username": None, "password": None, "recoveryPassword": None,
        }

    def _managed_at(self, address: str) -> dict[str, Any] | None:
        """A managed server is found at its address too; Lenovo's client relies on that when it gives one up."""
        for node in self.system.inventory_part.nodes.values():
            if node["ip"] == address and node["attributes"].get("accessState", "Online") != "Offline":
                return {
                    "ip": address, "uuid": node["uuid"], "name": node["name"], "type": node["attributes"].get("type", "Rack-Tower Server"),
                    "machine_type": self.system.inventory_part.machine_type(node), "processor": "XCC", "manageable": False,
                }
        return None

    def _lists(self, addresses: list[str], servers: str) -> dict[str, list[dict[str, Any]]]:
        lists: dict[str, list[dict[str, Any]]] = {
            servers: [], "chassisList": [], "rackswitchList": [], "storageList": [], "xhmcList": [],
        }
        for address in addresses:
            device = self.devices.get(address) or self._managed_at(address)
            if device is not None:
                key = {"Chassis": "chassisList", "Rackswitch": "rackswitchList"}.get(device["type"], servers)
                lists[key].append(self._entry(device))
        return lists

    @call()
    async def discover(self, request: Request, user: str) -> Response:
        body = await json_list(request)
        addresses = [one for row in body for one in row.get("ipAddresses", [])]
        if not addresses or any(set(row) != {"ipAddresses"} for row in body):
            raise Refused(400, "FQXHMDI9020J", "ipAddresses is required.")

        def finish(good: bool) -> None:
            if good:
                self.known.update(one for one in addresses if one in self.devices)

        job = self.system.jobs_part.begin("discover", "Discover", ",".join(addresses), user, finish)
        self.found[job.id] = addresses
        return reply(self.system, {}, headers={"Location": f"/discoverRequest/jobs/{job.id}"})

    def _job(self, request: Request, mine: dict[str, Any]) -> Job:
        job = self.system.jobs_part.all.get(path_id(request))
        if job is None or job.id not in mine:
            raise Refused(404, "FQXHMJM9001J", "The job was not found.")
        return job

    @call()
    async def discovery_job(self, request: Request, _user: str) -> Response:
        job = self._job(request, self.found)
        done = job.final is not None
        good = job.final in ("Complete", "CompleteWithWarnings")
        data = {
            "progress": job.progress(self.system.clock.now()), "result": 100 if done else 50,
            **self._lists(self.found[job.id] if good else [], "serverList"),
        }
        return reply(self.system, [data] if self.system.switches["discovery_shape"] == "array" else data)

    @call()
    async def discovery(self, request: Request, _user: str) -> Response:
        return reply(self.system, {
            "discoveryInProgress": False, "lastUpdateElapsedTime": 60, **self._lists(sorted(self.known), "nodeList"),
        })

    # --- managing ---

    def _begin(self, kind: str, uuid: str, user: str, why: str | None, act: Any) -> Response:
        def finish(good: bool) -> None:
            if good:
                act()

        job = self.system.jobs_part.begin(kind, kind.capitalize(), uuid, user, finish)
        if why is not None and "state" not in job.rule:
            job.rule = {**job.rule, "state": "Stopped_With_Error", "message": "The device could not be handled."}
        self.ends[job.id] = {"uuid": uuid, "why": why, "kind": kind}
        place = f"/{kind}Request/jobs/{job.id}"
        told = self.system.switches["manage_job_told"]
        data: dict[str, Any] = {**success(self.system)}
        if told == "body":
            data["jobID"] = job.id
        elif told == "text":
            data["statusDescription"] = f"The bulk job with the ID {job.id} was created."
        headers = {"Location": place} if told == "location" else {}
        return reply(self.system, data, self.system.switches["manage_status"] if kind == "manage" else 200, headers)

    @call()
    async def manage(self, request: Request, user: str) -> Response:
        rows = await json_list(request)
        if len(rows) != 1:
            raise Refused(400, "FQXHMDI9021J", "One device at a time.")
        row = rows[0]
        missing, odd = sorted(_MANAGE_NEEDED - set(row)), sorted(set(row) - _MANAGE_KEYS)
        if missing or odd:
            raise Refused(400, "FQXHMDI9022J", f"The attribute {(missing or odd)[0]} is {'missing' if missing else 'not valid'}.")
        if row["type"] in ("Rack-Tower Server", "Edge Server") and not {"managementProcessor", "server-type"} <= set(row):
            raise Refused(400, "FQXHMDI9022J", "managementProcessor and server-type are required for this type.")
        device = next((one for one in self.devices.values() if one["ip"] in row["ipAddresses"]), None)
        uuid = str(row["uuid"]).upper()
        why = self._why_not(row, device, uuid)
        return self._begin("manage", uuid, user, why, lambda: self._take(device, row))

    def _why_not(self, row: dict[str, Any], device: dict[str, Any] | None, uuid: str) -> str | None:
        """Why the job ends badly: a step of it names each of these."""
        if uuid in self.system.inventory_part.nodes and self.system.inventory_part.nodes[uuid]["managed"]:
            return "DUPLICATE_CHECK: The device is managed already."
        if device is None or device["uuid"].upper() != uuid:
            return "DESCRIPTOR: The device was not found at this address."
        if not device["manageable"] and row.get("forceManage") is not True:
            return "LOGIN: The device is managed by another management server."
        stored = (row["securityDescriptor"].get("storedCredentials") or {}).get("id")
        given = {"userName": row.get("username"), "password": row.get("password")}
        credential = given if stored is None else self.credentials.get(str(stored))
        if credential is None or (credential["userName"], credential["password"]) != (device["username"], device["password"]):
            return "LOGIN: The user name or the password is not valid."
        return "LOGIN: The password has expired." if device.get("password_expired") else None

    def _take(self, device: dict[str, Any] | None, row: dict[str, Any]) -> None:
        if device is None:
            return
        self.devices.pop(device["ip"], None)
        self.known.discard(device["ip"])
        inventory = self.system.inventory_part
        inventory.nodes.pop(device["uuid"].upper(), None)
        facts = {key: device[key] for key in ("power", "rack", "unit") if key in device}
        attributes = {"type": device["type"], "machineType": device["machine_type"], "mgmtProcType": device["processor"]}
        inventory.seed_nodes([{
            "uuid": device["uuid"].upper(), "name": device["name"], "ip": device["ip"], **facts,
            "attributes": {**attributes, **device.get("attributes", {})},
        }])
        inventory.nodes[device["uuid"].upper()]["device"] = device
        if not (row["securityDescriptor"].get("storedCredentials") or {}).get("id"):
            self._store(str(row.get("username")), str(row.get("password")), f"Credentials for {device['name']}")

    @call()
    async def unmanage(self, request: Request, user: str) -> Response:
        body = await json_body(request, {"endpoints", "forceUnmanage"})
        endpoints = body.get("endpoints")
        if not isinstance(endpoints, list) or len(endpoints) != 1 or not isinstance(body.get("forceUnmanage", False), bool):
            raise Refused(400, "FQXHMDI9023J", "endpoints must be a list of one, forceUnmanage true or false.")
        endpoint = endpoints[0]
        if not {"ipAddresses", "type", "uuid"} <= set(endpoint) or endpoint["type"] not in _TYPES:
            raise Refused(400, "FQXHMDI9024J", "ipAddresses, type and uuid are required, type as documented.")
        node = self.system.inventory_part.nodes.get(str(endpoint["uuid"]).upper())
        if node is None or not node["managed"]:
            raise Refused(404, "FQXHMDI9025J", "The device is not managed.")
        reached = node["attributes"].get("accessState", "Online") != "Offline"
        why = None if reached or body.get("forceUnmanage") else "CONNECTION_CHECK: The device cannot be reached."
        return self._begin("unmanage", node["uuid"], user, why, lambda: self._give_up(node))

    def _give_up(self, node: dict[str, Any]) -> None:
        inventory = self.system.inventory_part
        if inventory.nodes.pop(node["uuid"], None) is None:
            return
        inventory.forget(node)
        device = node.get("device") or {"ip": node["ip"], "uuid": node["uuid"], "name": node["name"]}
        self.seed([{**device, "manageable": True}], [])

    @call()
    async def managing_job(self, request: Request, _user: str) -> Response:
        job = self._job(request, self.ends)
        end = self.ends[job.id]
        done, good = job.final is not None, job.final in ("Complete", "CompleteWithWarnings")
        word = self.system.switches["manage_success_word"] if good else "OTHER_FAIL" if done else "INCOMPLETE"
        text = "" if not done or good else end["why"] or "The job failed."
        progress = job.progress(self.system.clock.now())
        step = text.partition(":")[0] or ("MANAGESTOP" if done else "INVENTORY")
        return reply(self.system, {
            "progress": progress, "result": 100 if done else 50, "status": "COMPLETE" if good else "INCOMPLETE",
            "results": [{
                "uuid": end["uuid"], "taskid": job.number, "result": word, "resultShortDescription": text.partition(": ")[2],
                "resultLongDescription": text.partition(": ")[2], "messageBundle": "", "messageID": "", "messageParameters": [],
                "progress": progress, "time_spent": 0,
                "status": {"state": job.state(), "percentage": progress, "description": [],
                           "substatus": [{"id": step, "status": {"state": job.state(), "percentage": progress}}]},
            }],
        })

    # --- stored credentials ---

    def _store(self, user: str, password: str, description: str, ident: str = "") -> str:
        ident = ident or str(self._next)
        self._next = max(self._next, int(ident) if ident.isdigit() else 0) + 1
        self.credentials[ident] = {"id": ident, "userName": user, "password": password, "description": description}
        return ident

    @staticmethod
    def _shown(credential: dict[str, Any]) -> dict[str, Any]:
        return {key: credential[key] for key in ("id", "userName", "description")}

    def _credential(self, request: Request) -> dict[str, Any]:
        found = self.credentials.get(path_id(request))
        if found is None:
            raise Refused(404, "FQXHMSE9020J", "The stored credential was not found.")
        return found

    async def _given(self, request: Request) -> dict[str, Any]:
        body = await json_body(request, {"userName", "password", "description"})
        if not body.get("userName") or not body.get("password"):
            raise Refused(400, "FQXHMSE9021J", "userName and password are required.")
        return body

    @call()
    async def all_credentials(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"response": [self._shown(one) for one in self.credentials.values()], **success(self.system)})

    @call()
    async def one_credential(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"response": self._shown(self._credential(request)), **success(self.system)})

    @call()
    async def add_credential(self, request: Request, _user: str) -> Response:
        body = await self._given(request)
        ident = self._store(body["userName"], body["password"], body.get("description") or "")
        told = {"id": ident} if self.system.switches["credential_id_at"] == "top" else {"response": {"id": ident}}
        return reply(self.system, {**told, **success(self.system)})

    @call()
    async def set_credential(self, request: Request, _user: str) -> Response:
        found = self._credential(request)
        body = await self._given(request)
        found.update({key: body[key] for key in ("userName", "password", "description") if key in body})
        return reply(self.system, success(self.system))

    @call()
    async def delete_credential(self, request: Request, _user: str) -> Response:
        del self.credentials[self._credential(request)["id"]]
        return reply(self.system, success(self.system))

    def state(self) -> dict[str, Any]:
        return {
            "discoverable": sorted(self.devices), "known": sorted(self.known),
            "credentials": {key: dict(one) for key, one in self.credentials.items()},
        }
