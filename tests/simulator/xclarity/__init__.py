# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lenovo XClarity Administrator, simulated: sessions, profiles, jobs, backups, OS images, inventory.

Seed (every key optional; every key of an item but those marked * has a default):

    users:          {AUTOMATION: {password*: ..., role: supervisor | reader, password_expired: false}}
    chassis:        [{uuid*, name, bays: 14}]
    nodes:          [{uuid*, name, rack, unit, ip, power: 8, licensed: true, managed: true,
                      chassis: uuid, bay: 3          (both: a Flex server; neither: a rack server)
                      attributes: {...}}]            (added to what /nodes shows; null removes)
    profiles:       [{id*, name, status: inactive | activating | pending | active | failed, target: uuid or location id,
                      template, template_id, licensed: true}]
    backups:        [{uuid*, label, filename, size, checksum, date, locations: [internal], passphrase, processed}]
    shares:         [/mnt/backups]                   mount points of the configured remote shares
    os_images:      [{id*, name, osrelease, profiles: [{id*, name, customized: true, export_size: bytes}]}]
    remote_file_servers: [{serverId, displayName, address*, port, protocol, username}]
    switches:       [...], storage_devices: [...]    shown as they are
    discoverable:   [{ip*, uuid*, name, type, machine_type, username: USERID, password: Passw0rd-bmc, processor: XCC,
                      manageable: true, known: false  (GET /discovery tells of it), password_expired: false,
                      power, rack, unit, attributes   (of the server that it becomes)}]
    stored_credentials: [{id, userName*, password, description}]
    policies:       [{name*, description, machine_types: [...] or null for any,
                      components: [{name*, version*, do_not_update: false, package: true}]}]
    firmware:       {server UUID: {policy, versions: {component: version}}}      (a node may have complex: id)
    patterns:       [{id*, name, description, form_factor: r}]
    events:         [{number: the next, and keys of an event: msg, severity, eventClass, sourceID, ...}]
    alerts:         [{componentID, sourceID, eventClass, status}]
    deploy_states:  {server UUID: number of the state of its deployment, 0 by default}
    next_job_id:    number of the next job
    generate:       {rack_nodes: n, profiles: n, prefix: web}    many servers "web-00001" with UUIDs 000...001 in hex,
                    and inactive profiles of the same names with ids 100001, 100002, ...

Actions (POST /_control/xclarity/{action}): reboot {"uuid": server UUID} is a restart by hand; expire_sessions
{"user": name or null}; restart {"seconds": s}: the server is away for that time and its sessions are gone.

A second one, `xclarity_target`, is the fresh server that a push goes to.
"""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import Clock, System
from .backups import Backups
from .events import Events
from .firmware import Firmware
from .hostplatforms import HostPlatforms
from .inventory import Inventory
from .jobs import Jobs
from .managing import Managing
from .osimages import OsImages
from .patterns import Patterns
from .profiles import Profiles
from .replies import Refused, failed, reply
from .sessions import Sessions
from .switches import SWITCHES


class XClarity(System):
    name = "xclarity"
    SWITCHES = SWITCHES

    def __init__(self, clock: Clock) -> None:
        #: What GET /aicc tells the server by, as long as this process lives.
        self.appliance_uuid = secrets.token_hex(16).upper()
        self.sessions_part = Sessions(self)
        self.jobs_part = Jobs(self)
        self.inventory_part = Inventory(self)
        self.profiles_part = Profiles(self)
        self.backups_part = Backups(self)
        self.os_images_part = OsImages(self)
        self.managing_part = Managing(self)
        self.firmware_part = Firmware(self)
        self.patterns_part = Patterns(self)
        self.events_part = Events(self)
        self.host_platforms_part = HostPlatforms(self)
        # The jobs first: they are polled most.
        self.parts = (self.jobs_part, self.profiles_part, self.sessions_part, self.inventory_part, self.backups_part,
                      self.os_images_part, self.managing_part, self.firmware_part,
                      self.patterns_part, self.events_part, self.host_platforms_part)
        super().__init__(clock)

    def reset(self) -> None:
        for part in self.parts:
            part.reset()

    def seed(self, data: dict[str, Any]) -> None:
        known = {"users", "chassis", "nodes", "profiles", "backups", "shares", "os_images", "remote_file_servers",
                 "switches", "storage_devices", "next_job_id", "generate", "discoverable", "stored_credentials",
                 "policies", "firmware", "patterns", "events", "alerts",
                 "deploy_states"}
        if set(data) - known:
            raise ValueError(f"unknown part of the xclarity seed: {sorted(set(data) - known)}")
        self.sessions_part.seed(data.get("users") or {})
        self.inventory_part.seed_chassis(data.get("chassis") or [])
        self.inventory_part.seed_nodes(data.get("nodes") or [])
        self.inventory_part.others["switches"] += data.get("switches") or []
        self.inventory_part.others["storage"] += data.get("storage_devices") or []
        self._generate(data.get("generate") or {})
        self.profiles_part.seed(data.get("profiles") or [])
        self.backups_part.seed(data.get("backups") or [], data.get("shares") or [])
        self.os_images_part.seed(data.get("os_images") or [], data.get("remote_file_servers") or [])
        self.managing_part.seed(data.get("discoverable") or [], data.get("stored_credentials") or [])
        self.firmware_part.seed(data.get("policies") or [], data.get("firmware") or {})
        self.patterns_part.seed(data.get("patterns") or [])
        self.events_part.seed(data.get("events") or [], data.get("alerts") or [])
        self.host_platforms_part.seed(data.get("deploy_states") or {})
        self.jobs_part.seed(data.get("next_job_id") or 0)

    def _generate(self, wanted: dict[str, Any]) -> None:
        prefix = wanted.get("prefix", "web")
        self.inventory_part.seed_nodes([
            {"uuid": f"{number:032X}", "name": f"{prefix}-{number:05}"}
            for number in range(1, int(wanted.get("rack_nodes", 0)) + 1)
        ])
        self.profiles_part.seed([
            {"id": str(100000 + number), "name": f"{prefix}-{number:05}"}
            for number in range(1, int(wanted.get("profiles", 0)) + 1)
        ])

    def settle(self) -> None:
        """Let everything happen that is due by now, on the other server too: a push there ends by a job here."""
        for system in self.peers.values() or [self]:
            if isinstance(system, XClarity):
                system.jobs_part.settle()

    def unavailable(self, method: str, anyway: bool) -> Response | None:
        return self.backups_part.unavailable(method, anyway)

    def peer(self, destination: str) -> XClarity | None:
        """The simulated server at this address: by the switch `push_targets`, or by host:port of its URL."""
        name = self.switches["push_targets"].get(destination)
        for other in self.peers.values():
            if isinstance(other, XClarity) and other is not self:
                address = other.urls.get(other.name, "").removeprefix("https://")
                if other.name == name or (address and address == destination):
                    return other
        return None

    def state(self) -> dict[str, Any]:
        self.settle()
        return {
            "profiles": self.profiles_part.state(), "nodes": self.inventory_part.state(),
            "jobs": self.jobs_part.state(), "data": self.backups_part.state(),
            "os_images": self.os_images_part.state(), "managing": self.managing_part.state(),
            "deployments": self.host_platforms_part.state(),
            "firmware": self.firmware_part.state(), "patterns": self.patterns_part.state(), "appliance_uuid": self.appliance_uuid,
            "counts": {
                "activations": sum(one["activations"] for one in self.profiles_part.all.values()),
                "reboots": sum(one["reboots"] for one in self.inventory_part.nodes.values()),
                "exports": sum(one["exports"] for one in self.os_images_part.profiles.values()),
                "unassigned": self.profiles_part.unassigned, "cancels": self.jobs_part.cancels,
                **self.backups_part.counts,
            },
        }

    def sessions(self) -> dict[str, Any]:
        return self.sessions_part.report()

    def actions(self) -> dict[str, Any]:
        return {"reboot": self._reboot, "expire_sessions": self._expire, "restart": self._restart}

    def _reboot(self, body: dict[str, Any]) -> dict[str, Any]:
        self.settle()
        node = self.inventory_part.nodes[body["uuid"]]
        self.inventory_part.restart(node)
        return {"reboots": node["reboots"]}

    def _expire(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"expired": self.sessions_part.expire(body.get("user"))}

    def _restart(self, body: dict[str, Any]) -> dict[str, Any]:
        self.backups_part.go_down(float(body.get("seconds", self.switches["restart_seconds"])))
        return {}

    def changing(self, method: str, raw_path: str, body: bytes) -> bool:
        if raw_path == "/sessions" or raw_path.startswith("/sessions/"):
            return False
        if method == "GET":
            return raw_path.startswith("/osImages/") and self.os_images_part.starts_export(raw_path)
        return method != "HEAD" and (method, raw_path) != ("POST", "/nodes")

    def routes(self) -> list[BaseRoute]:
        routes = [route for part in self.parts for route in part.routes()]

        async def unknown(request: Request) -> Response:
            refused = Refused(404, "FQXHMCR9004J", "The requested resource was not found.")
            return reply(self, failed(self, refused), 404)

        methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        return [*routes, Route("/{anything:path}", unknown, methods=methods)]


class XClarityTarget(XClarity):
    """A newly set-up server: where a backup can be pushed to."""

    name = "xclarity_target"
