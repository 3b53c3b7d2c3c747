# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the racks: /nodes, /chassis, /cabinet, /switches, /storage, /aicc; power and restarts of servers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import dumps, path_id
from .replies import Refused, call, json_body, reply

if TYPE_CHECKING:
    from . import XClarity

POWER_ON, POWER_OFF = 8, 5
_RESTARTS = {"powerCycleSoft", "powerCycleSoftGrace", "powerCycleHard", "bootToF1"}
_POWER_STATES = {"powerOn", "powerOff", "powerOffHardGrace", "powerNMI"} | _RESTARTS
_BAY = re.compile(r"(?P<chassis>.+)_bay(?P<bay>\d{1,2})\Z")
# Always returned, whatever includeAttributes asks for.
_BASE = ("uuid", "uri", "parent", "dataHandle")


@dataclass
class Target:
    """Where a profile can go: a rack server by its UUID, or a Flex bay by its location ID (perhaps an empty one)."""

    key: str
    flex: bool
    node: dict[str, Any] | None

    @property
    def name(self) -> str:
        return str(self.node["name"]) if self.node else ""


class Inventory:
    """Servers, chassis and the rest of the managed devices."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self.nodes: dict[str, dict[str, Any]] = {}
        self.chassis: dict[str, dict[str, Any]] = {}
        self.others: dict[str, list[dict[str, Any]]] = {"switches": [], "storage": []}
        self._at_bay: dict[str, str] = {}
        self._texts: dict[str, bytes] = {}
        self._lists: dict[str, bytes] = {}  # by query string, until something changes

    def seed_chassis(self, chassis: list[dict[str, Any]]) -> None:
        for one in chassis:
            self.chassis[one["uuid"]] = {"name": f"chassis {len(self.chassis) + 1}", "bays": 14, **one}

    def seed_nodes(self, nodes: list[dict[str, Any]]) -> None:
        for number, one in enumerate(nodes, len(self.nodes) + 1):
            flex = bool(one.get("chassis"))
            node = {
                "name": f"server-{number}", "rack": f"R{number // 40 + 1:02}", "unit": number % 40 + 1,
                "licensed": True, "managed": True, "power": POWER_ON, "bay": None, "chassis": None,
                "attributes": {}, "reboots": 0,
                "ip": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", **one,
            }
            if flex:
                if one["chassis"] not in self.chassis:
                    raise ValueError(f"no chassis {one['chassis']} for node {one['uuid']}")
                self._at_bay[f"{one['chassis']}_bay{one['bay']}"] = one["uuid"]
            self.nodes[one["uuid"]] = node
        self._lists.clear()

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/aicc", self.aicc, methods=["GET"]),
            Route("/nodes", self.all_nodes, methods=["GET"]),
            Route("/nodes", self.named_nodes, methods=["POST"]),
            Route("/nodes/{ids}", self.some_nodes, methods=["GET"]),
            Route("/nodes/{id}", self.power, methods=["PUT"]),
            Route("/chassis", self.all_chassis, methods=["GET"]),
            Route("/chassis/{id}", self.one_chassis, methods=["GET"]),
            Route("/cabinet", self.cabinets, methods=["GET"]),
            Route("/switches", self.other("switches", "switchList"), methods=["GET"]),
            Route("/storage", self.other("storage", "storageList"), methods=["GET"]),
        ]

    # --- used by the profiles ---

    def target(self, key: str) -> Target | None:
        """The place that this UUID or location ID names. A Flex server is named by its bay, not by its own UUID."""
        node = self.nodes.get(key)
        if node is not None:
            return None if node["chassis"] else Target(key, False, node)
        match = _BAY.match(key)
        chassis = self.chassis.get(match["chassis"]) if match else None
        if match is None or chassis is None or not 1 <= int(match["bay"]) <= chassis["bays"]:
            return None
        return Target(key, True, self.nodes.get(self._at_bay.get(key, "")))

    def changed(self, node: dict[str, Any]) -> None:
        self._texts.pop(node["uuid"], None)
        self._lists.clear()

    def restart(self, node: dict[str, Any]) -> None:
        """The server restarts; a profile that waits for this becomes active."""
        node["reboots"] += 1
        node["power"] = POWER_ON
        self.changed(node)
        key = f"{node['chassis']}_bay{node['bay']}" if node["chassis"] else node["uuid"]
        self.system.profiles_part.restarted(key)

    # --- shapes ---

    def _node(self, node: dict[str, Any]) -> dict[str, Any]:
        flex = node["chassis"] is not None
        parent = f"chassis/{node['chassis']}" if flex else f"cabinet/{node['rack']}"
        name = node["name"]
        host = "xcc-" + re.sub(r"[^a-z0-9-]", "-", name.lower())
        shown = {
            "uuid": node["uuid"], "name": name, "hostname": host, "FQDN": f"{host}.example.test",
            "dnsHostnames": [f"{host}.example.test"], "domainName": "example.test",
            "ipv4Addresses": [node["ip"], "169.254.95.118"], "ipv6Addresses": ["fe80:0:0:0:1:2:3:4"],
            "mgmtProcIPaddress": node["ip"], "mgmtProcType": "XCC", "powerStatus": node["power"],
            "accessState": "Online", "overallHealthState": "Normal", "cmmHealthState": "Normal",
            "excludedHealthState": "Normal",
            "status": {"message": "managed", "name": "MANAGED"} if node["managed"]
            else {"message": "unmanaged", "name": "UNMANAGED"},
            "type": "ITE" if flex else "Rack-Tower Server", "machineType": "7X16" if flex else "7X06",
            "model": "CTO1WW", "productName": "ThinkSystem SN550" if flex else "ThinkSystem SR650",
            "serialNumber": f"J30{node['uuid'][-5:]}", "manufacturer": "Lenovo", "FRU": "None",
            "location": {"location": "DC1", "rack": node["rack"], "room": "A", "lowestRackUnit": node["unit"]},
            "slots": [node["bay"] if flex else node["unit"]],
            "parent": {"uuid": node["chassis"] if flex else node["rack"], "uri": parent},
            "macAddress": "", "hostMacAddresses": "", "isConnectionTrusted": "true", "contact": "", "subType": "",
            "dataHandle": 0, "uri": f"node/{node['uuid']}", **node["attributes"],
        }
        return {key: value for key, value in shown.items() if value is not None}

    def _text(self, node: dict[str, Any]) -> bytes:
        text = self._texts.get(node["uuid"])
        if text is None:
            text = self._texts[node["uuid"]] = dumps(self._node(node))
        return text

    def _chosen(self, request: Request, nodes: list[dict[str, Any]]) -> bytes:
        """These servers as JSON objects joined by commas, with the filters and the attributes the query asks for."""
        query = request.query_params
        if query.get("formatType", "json") != "json":
            raise Refused(400, "FQXHMDI9001J", "formatType is not supported here.")
        status, processor = query.get("status"), query.get("mgmtProcType")
        if status not in (None, "managed", "unmanaged"):
            raise Refused(400, "FQXHMDI9002J", "status must be managed or unmanaged.")
        if status is not None:
            nodes = [node for node in nodes if node["managed"] is (status == "managed")]
        included = set(filter(None, query.get("includeAttributes", "").split(",")))
        excluded = set(filter(None, query.get("excludeAttributes", "").split(",")))
        if not (included or excluded or processor):
            return b",".join([self._text(node) for node in nodes])
        shown = [self._node(node) for node in nodes]
        if processor:
            shown = [node for node in shown if node.get("mgmtProcType") == processor]
        if included:
            included.update(_BASE)
            shown = [{key: value for key, value in node.items() if key in included} for node in shown]
        else:
            shown = [{key: value for key, value in node.items() if key not in excluded} for node in shown]
        return b",".join([dumps(node) for node in shown])

    # --- endpoints ---

    @call(anyway=True)
    async def aicc(self, request: Request, _user: str) -> Response:
        told = self.system.switches["appliance_uuid_told"]
        return reply(self.system, {
            "appliance": {"name": "xclarity", "version": self.system.switches["appliance_version"], "build": "103",
                          **({"uuid": self.system.appliance_uuid} if told else {})},
            "name": "xclarity", "version": "4.1.0", "hostname": "xclarity.example.test", "result": "success",
        })

    @call()
    async def all_nodes(self, request: Request, _user: str) -> Response:
        query = request.url.query
        if query not in self._lists:
            if len(self._lists) > 20:
                self._lists.clear()
            self._lists[query] = b'{"nodeList":[' + self._chosen(request, list(self.nodes.values())) + b"]}"
        return reply(self.system, self._lists[query])

    def _known(self, ids: str) -> list[dict[str, Any]]:
        nodes = [self.nodes[one] for one in ids.split(",") if one in self.nodes]
        if not nodes:
            raise Refused(404, "FQXHMDI9003J", "The server was not found.")
        return nodes

    @call()
    async def named_nodes(self, request: Request, _user: str) -> Response:
        body = await json_body(request)
        if not isinstance(body.get("uuids"), str):
            raise Refused(400, "FQXHMDI9004J", "uuids is required, as a comma-separated string.")
        return reply(self.system, b'{"nodeList":[' + self._chosen(request, self._known(body["uuids"])) + b"]}")

    @call()
    async def some_nodes(self, request: Request, _user: str) -> Response:
        ids = path_id(request, "ids")
        text = self._chosen(request, self._known(ids))
        return reply(self.system, b'{"nodeList":[' + text + b"]}" if "," in ids else text)

    @call()
    async def power(self, request: Request, user: str) -> Response:
        node = self._known(path_id(request))[0]
        wanted = (await json_body(request)).get("powerState")
        if wanted not in _POWER_STATES:
            raise Refused(400, "FQXHMDI9005J", "powerState is missing or not valid.")
        if wanted in _RESTARTS:
            self.restart(node)
        else:
            if wanted == "powerOn" and node["power"] == POWER_OFF:
                self.restart(node)
            node["power"] = POWER_ON if wanted == "powerOn" else POWER_OFF
            self.changed(node)
        job = self.system.jobs_part.begin("power", f"Power action {wanted}", node["uuid"], user, lambda good: None)
        return reply(self.system, None, headers={"Location": f"/tasks/{job.id}", "Jobids": job.id})

    def _chassis(self, chassis: dict[str, Any]) -> dict[str, Any]:
        nodes = [node for node in self.nodes.values() if node["chassis"] == chassis["uuid"]]
        return {
            "uuid": chassis["uuid"], "name": chassis["name"], "type": "Chassis", "bayCount": chassis["bays"],
            "nodes": [self._node(node) for node in nodes], "uri": f"chassis/{chassis['uuid']}",
        }

    @call()
    async def all_chassis(self, request: Request, _user: str) -> Response:
        return reply(self.system, {"chassisList": [self._chassis(one) for one in self.chassis.values()]})

    @call()
    async def one_chassis(self, request: Request, _user: str) -> Response:
        if path_id(request) not in self.chassis:
            raise Refused(404, "FQXHMDI9006J", "The chassis was not found.")
        return reply(self.system, self._chassis(self.chassis[path_id(request)]))

    @call()
    async def cabinets(self, request: Request, _user: str) -> Response:
        racks: dict[str, list[dict[str, Any]]] = {}
        for node in self.nodes.values():
            racks.setdefault(node["rack"], []).append(node)
        return reply(self.system, {"cabinetList": [
            {
                "cabinetName": rack, "UUID": rack, "height": 42, "location": "DC1", "room": "A", "chassisList": [],
                "nodeList": [{"itemUUID": node["uuid"], "itemName": node["name"],
                              "itemLowerUnit": node["unit"]} for node in nodes],
                "switchList": [], "storageList": [], "complexList": [], "placeholderList": [],
            }
            for rack, nodes in racks.items()
        ]})

    def other(self, kind: str, key: str) -> Any:
        """An endpoint that lists seeded devices as they are."""

        @call()
        async def listed(self: Inventory, request: Request, _user: str) -> Response:
            return reply(self.system, {key: self.others[kind]})

        return listed.__get__(self)

    def state(self) -> dict[str, Any]:
        return {key: {"name": node["name"], "reboots": node["reboots"], "power": node["power"]}
                for key, node in self.nodes.items()}
