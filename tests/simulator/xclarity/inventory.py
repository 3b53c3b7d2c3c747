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
from .replies import Refused, call, json_body, reply, success

if TYPE_CHECKING:
    from . import XClarity

POWER_ON, POWER_OFF = 8, 5
# The words of PUT /nodes; PUT /updatableComponents has others for the same.
_RESTARTS = {"powerCycleSoft", "powerCycleSoftGrace", "bootToF1"}
_POWER_STATES = {"powerOn", "powerOff", "powerOffSoftGraceful", "powerNMI", "virtualReseat"} | _RESTARTS
_GRACEFUL = {"powerOffSoftGraceful", "powerCycleSoftGrace"}
_LED_STATES = {"On", "Off", "Blinking"}
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
        self._lagging: dict[str, tuple[int, float]] = {}  # the power that is still shown, and until when

    def seed_chassis(self, chassis: list[dict[str, Any]]) -> None:
        for one in chassis:
            self.chassis[one["uuid"]] = {"name": f"chassis {len(self.chassis) + 1}", "bays": 14, **one}

    def seed_nodes(self, nodes: list[dict[str, Any]]) -> None:
        for number, one in enumerate(nodes, len(self.nodes) + 1):
            flex = bool(one.get("chassis"))
            node = {
                "name": f"server-{number}", "rack": f"R{number // 40 + 1:02}", "unit": number % 40 + 1,
                "licensed": True, "managed": True, "power": POWER_ON, "bay": None, "chassis": None,
                "attributes": {}, "reboots": 0, "led": "Off",
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
            Route("/nodes/{id}/bmc", self.restart_bmc, methods=["PUT"]),
            Route("/notificationsLicense", self.licences, methods=["GET"]),
            Route("/chassis", self.all_chassis, methods=["GET"]),
            Route("/chassis/{id}", self.one_chassis, methods=["GET"]),
            Route("/chassis/{id}", self.chassis_light, methods=["PUT"]),
            Route("/cabinet", self.cabinets, methods=["GET"]),
            Route("/switches", self.other("switches", "switchList"), methods=["GET"]),
            Route("/storage", self.other("storage", "storageList"), methods=["GET"]),
        ]

    @staticmethod
    def machine_type(node: dict[str, Any]) -> str:
        return str(node["attributes"].get("machineType") or ("7X16" if node["chassis"] else "7X06"))

    def _firmware(self, node: dict[str, Any]) -> list[dict[str, str]]:
        return [
            {"type": name.split()[0], "name": name, "version": version, "build": "", "role": "Primary", "status": "Active", "date": ""}
            for name, version in self.system.firmware_part.installed(node["uuid"]).items()
        ]

    def forget(self, node: dict[str, Any]) -> None:
        """A server that is not managed any more."""
        self._at_bay = {bay: uuid for bay, uuid in self._at_bay.items() if uuid != node["uuid"]}
        self._lagging.pop(node["uuid"], None)
        self.changed(node)

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

    def _set_power(self, node: dict[str, Any], power: int) -> None:
        """The power changes now; what is shown of it may lag."""
        lag = float(self.system.switches["power_status_lag"])
        if lag and power != node["power"]:
            shown, _until = self._lagging.get(node["uuid"], (node["power"], 0.0))
            self._lagging[node["uuid"]] = (shown, self.system.jobs_part.moment() + lag)
        node["power"] = power
        self.changed(node)

    def _catch_up(self) -> None:
        """Show what has lagged long enough."""
        for uuid in [uuid for uuid, (_shown, until) in self._lagging.items() if until <= self.system.clock.now()]:
            del self._lagging[uuid]
            self.changed(self.nodes[uuid])

    def _act(self, node: dict[str, Any], wanted: str) -> None:
        """What a power action does to a server."""
        switches = self.system.switches
        if wanted in _GRACEFUL and node["uuid"] in switches["stubborn_systems"]:
            return
        if wanted in _RESTARTS or (wanted == "powerOn" and node["power"] == POWER_OFF):
            self.restart(node)
        elif wanted == "powerOn":
            self._set_power(node, POWER_ON)
        elif wanted in ("powerOff", "powerOffSoftGraceful"):
            self._set_power(node, POWER_OFF)

    def changed(self, node: dict[str, Any]) -> None:
        self._texts.pop(node["uuid"], None)
        self._lists.clear()

    def restart(self, node: dict[str, Any]) -> None:
        """The server restarts; a profile that waits for this becomes active."""
        node["reboots"] += 1
        self._set_power(node, POWER_ON)
        key = f"{node['chassis']}_bay{node['bay']}" if node["chassis"] else node["uuid"]
        self.system.profiles_part.restarted(key)
        self.system.firmware_part.restarted(node["uuid"])

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
            "mgmtProcIPaddress": node["ip"], "mgmtProcType": "XCC",
            "powerStatus": self._lagging.get(node["uuid"], (node["power"],))[0],
            "accessState": "Online", "overallHealthState": "Normal", "cmmHealthState": "Normal",
            "excludedHealthState": "Normal",
            "status": {"message": "managed", "name": "MANAGED"} if node["managed"]
            else {"message": "unmanaged", "name": "UNMANAGED"},
            "type": "ITE" if flex else "Rack-Tower Server", "machineType": self.machine_type(node),
            "model": "CTO1WW", "productName": "ThinkSystem SN550" if flex else "ThinkSystem SR650",
            "serialNumber": f"J30{node['uuid'][-5:]}", "manufacturer": "Lenovo", "FRU": "None",
            "location": {"location": "DC1", "rack": node["rack"], "room": "A", "lowestRackUnit": node["unit"]},
            "slots": [node["bay"] if flex else node["unit"]],
            "parent": {"uuid": node["chassis"] if flex else node["rack"], "uri": parent},
            "macAddress": "", "hostMacAddresses": "", "isConnectionTrusted": "true", "contact": "", "subType": "",
            "firmware": self._firmware(node),
            "leds": self._leds("Identification" if flex else "Identify", node["led"]),
            "dataHandle": 0, "uri": f"node/{node['uuid']}", **node["attributes"],
        }
        return {key: value for key, value in shown.items() if value is not None}

    def _leds(self, name: str, state: str) -> list[dict[str, Any]]:
        """The name of the light differs by the kind of device; a real one tells others beside it."""
        return [
            {"name": "Fault", "state": "Off", "color": "Yellow", "location": "Front panel", "conditions": ""},
            {"name": name, "state": state, "color": "Blue", "location": "Front panel", "conditions": ""},
        ]

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
        self._catch_up()
        if query not in self._lists:
            if len(self._lists) > 20:
                self._lists.clear()
            self._lists[query] = b'{"nodeList":[' + self._chosen(request, list(self.nodes.values())) + b"]}"
        return reply(self.system, self._lists[query])

    def _known(self, ids: str) -> list[dict[str, Any]]:
        self._catch_up()
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
        if request.query_params.get("synchronous", "true") not in ("true", "false"):
            raise Refused(400, "FQXHMDI9007J", "synchronous must be true or false.")
        body = await json_body(request)
        if "leds" in body:
            shown = node["attributes"].get("leds", self._node(node).get("leds"))
            state = self._wanted_led(body, shown)
            if "leds" in node["attributes"]:
                node["attributes"]["leds"] = [{**led, "state": state} if led["name"] == body["leds"][0]["name"] else led for led in shown]
            node["led"] = state
            self.changed(node)
            return reply(self.system, self._hardware_message())
        wanted = body.get("powerState")
        if wanted not in _POWER_STATES or len(body) != 1:
            raise Refused(400, "FQXHMDI9005J", "powerState is missing or not valid, or there is something beside it.")
        refusal = self.system.switches["offline_power_reply"]
        if node["attributes"].get("accessState", "Online") == "Offline" and refusal != "accept":
            raise Refused(refusal, "FQXHMDI9008J", "The server cannot be reached.")
        at_end = self.system.switches["power_effect"] == "at_end"

        def finish(good: bool) -> None:
            if at_end and good and self.nodes.get(node["uuid"]) is node:
                self._act(node, wanted)

        job = self.system.jobs_part.begin("power", f"Power action {wanted}", node["uuid"], user, finish)
        if not at_end:
            self._act(node, wanted)
        return reply(self.system, None, headers=self.job_headers(job.id))

    @call()
    async def restart_bmc(self, request: Request, user: str) -> Response:
        node = self._known(path_id(request))[0]
        if await json_body(request) != {"powerState": "restart"}:
            raise Refused(400, "FQXHMDI9005J", "powerState must be restart.")
        job = self.system.jobs_part.begin("power", "Restart of the management controller", node["uuid"], user, lambda good: None)
        return reply(self.system, None, headers=self.job_headers(job.id))

    @call()
    async def licences(self, request: Request, _user: str) -> Response:
        if not self.system.switches["licences_told"]:
            raise Refused(404, "FQXHMCR9004J", "The requested resource was not found.")
        managed = sum(1 for node in self.nodes.values() if node["managed"])
        return reply(self.system, {"response": {
            "active_entitlements": managed, "managed_devices": managed, "compliant": True, "remaining_days": 250,
            "expiring_soon": False, "enable_functions": self.system.switches["licence_active"], "accepted_eula": True, "notifications": [],
        }, **success(self.system)})

    def job_headers(self, job: str) -> dict[str, str]:
        """Where the older calls name their job."""
        place = self.system.switches["job_location"]
        if place == "absent":
            return {}
        return {"Location": f"/{place}/{job}", **({"Jobids": job} if place == "tasks" else {})}

    def _wanted_led(self, body: dict[str, Any], leds: Any) -> str:
        asked = body["leds"]
        if len(body) != 1 or not isinstance(asked, list) or len(asked) != 1 or set(asked[0]) != {"name", "state"}:
            raise Refused(400, "FQXHMDI9009J", "leds must be a list of one name and state.")
        if asked[0]["name"] not in {led["name"] for led in leds or []} or asked[0]["state"] not in _LED_STATES:
            raise Refused(400, "FQXHMDI9010J", "The device has no such LED, or the LED no such state.")
        return str(asked[0]["state"])

    def _hardware_message(self) -> dict[str, Any]:
        """The shape of the older hardware calls, with `recovery` as a string."""
        return {"statusCode": 200, "statusDescription": "The request completed successfully.", "messages": [
            {"id": "FQXDM0200", "recoveryUrl": "", "text": "The request completed successfully.", "explanation": "", "recovery": ""}]}

    def _chassis(self, chassis: dict[str, Any]) -> dict[str, Any]:
        nodes = [node for node in self.nodes.values() if node["chassis"] == chassis["uuid"]]
        return {
            "uuid": chassis["uuid"], "name": chassis["name"], "type": "Chassis", "bayCount": chassis["bays"],
            "nodes": [self._node(node) for node in nodes], "uri": f"chassis/{chassis['uuid']}",
            "status": {"message": "MANAGED", "name": "MANAGED"}, "leds": self._leds("Location", chassis.get("led", "Off")),
        }

    @call()
    async def all_chassis(self, request: Request, _user: str) -> Response:
        included = set(filter(None, request.query_params.get("includeAttributes", "").split(",")))
        shown = [self._chassis(one) for one in self.chassis.values()]
        if included:
            shown = [{key: value for key, value in one.items() if key in included | set(_BASE)} for one in shown]
        return reply(self.system, {"chassisList": shown})

    @call()
    async def chassis_light(self, request: Request, _user: str) -> Response:
        chassis = self.chassis.get(path_id(request))
        if chassis is None:
            raise Refused(404, "FQXHMDI9006J", "The chassis was not found.")
        body = await json_body(request, {"leds"})
        if "leds" not in body:
            raise Refused(400, "FQXHMDI9009J", "leds is required.")
        chassis["led"] = self._wanted_led(body, self._chassis(chassis)["leds"])
        return reply(self.system, {**self._hardware_message(), "result": "success"})

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
