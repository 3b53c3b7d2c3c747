# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project resources beside the pool, as much as pool clients read: groups, agents, hosts, automation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ApiError
from .shapes import Answer, Call, Entity, link

if TYPE_CHECKING:
    from .system import OpsManager

AGENT_TYPES = ("AUTOMATION", "MONITORING", "BACKUP")


class ProjectCalls:
    """Handlers; each takes a Call and gives an Answer or raises ApiError."""

    def __init__(self, system: OpsManager) -> None:
        self.om = system

    def register(self, add: Any) -> None:
        add("GET", "groups", self.list_groups)
        add("GET", "groups/{group}", self.get_group)
        add("GET", "groups/byName/{name}", self.get_group_by_name)
        add("GET", "groups/{group}/agents", self.agent_links)
        add("GET", "groups/{group}/agents/{type}", self.list_agents)
        add("GET", "groups/{group}/agents/versions", self.agent_versions)
        add("GET", "groups/{group}/hosts", self.list_hosts)
        add("GET", "groups/{group}/hosts/byName/{name}", self.get_host)
        add("GET", "groups/{group}/automationConfig", self.automation_config)
        add("GET", "groups/{group}/automationStatus", self.automation_status)

    def _shape(self, call: Call, group: Entity) -> Entity:
        return {**group, "links": [link(f"{call.base}/groups/{group['id']}")]}

    def list_groups(self, call: Call) -> Answer:
        key = self.om.keys[call.user]
        groups = [group for group in self.om.groups.values() if key.member_of(group["id"])]
        return self.om.shapes.page(call, groups, lambda group: self._shape(call, group))

    def get_group(self, call: Call) -> Answer:
        return Answer(self._shape(call, self.om.group(call, call.values[0])))

    def get_group_by_name(self, call: Call) -> Answer:
        name = call.values[0]
        found = [group for group in self.om.groups.values() if group["name"] == name]
        if not found:
            raise ApiError(404, "GROUP_NAME_NOT_FOUND", f"No group with name {name} exists.", [name])
        if len(found) > 1:
            raise ApiError(409, "MULTIPLE_GROUPS", f"Multiple groups exist with the specified name {name}.", [name])
        return Answer(self._shape(call, self.om.group(call, found[0]["id"])))

    def agent_links(self, call: Call) -> Answer:
        group = self.om.group(call, call.values[0])
        root = f"{call.base}/groups/{group['id']}/agents"
        return self.om.shapes.page(call, [], lambda item: item, [
            link(f"{root}/{kind}", self.om.shapes.rel(call, f"{kind.lower()}Agents")) for kind in AGENT_TYPES])

    def list_agents(self, call: Call) -> Answer:
        group_id, kind = self.om.group(call, call.values[0])["id"], call.values[1]
        if kind not in AGENT_TYPES:
            raise ApiError(400, "INVALID_AGENT_TYPE_NAME", f"Invalid agent type name {kind} specified.", [kind])
        agents = [agent for agent in self.om.agents.get(group_id, []) if agent["typeName"] == kind]
        if kind == "AUTOMATION":                       # a pool server shows up here once bound, with no process yet
            named = {agent["hostname"] for agent in agents}
            agents += [{"typeName": kind, "hostname": server.hostname, "confCount": 1,
                        "lastConf": self.om.clock.iso(), "stateName": "NO_PROCESSES"}
                       for server in self.om.bound_servers(group_id) if server.hostname not in named]
        return self.om.shapes.page(call, agents, dict)

    def agent_versions(self, call: Call) -> Answer:
        group_id = self.om.group(call, call.values[0])["id"]
        entries = [{"hostname": server.hostname, "version": "5.4.0.4711"} for server in self.om.bound_servers(group_id)]
        return Answer({"count": len(entries), "entries": entries, "links": [link(f"https://{call.host}{call.path}")]})

    def list_hosts(self, call: Call) -> Answer:
        group_id = self.om.group(call, call.values[0])["id"]
        hosts = self.om.hosts.get(group_id, [])
        if "clusterId" in call.query:
            hosts = [host for host in hosts if host.get("clusterId") == call.query["clusterId"]]
        return self.om.shapes.page(call, hosts, dict)

    def get_host(self, call: Call) -> Answer:
        group_id = self.om.group(call, call.values[0])["id"]
        for host in self.om.hosts.get(group_id, []):
            if f"{host['hostname']}:{host['port']}" == call.values[1]:
                return Answer(dict(host))
        raise ApiError(404, "HOST_NOT_FOUND", f"No host {call.values[1]} exists.", [call.values[1]])

    def automation_config(self, call: Call) -> Answer:
        group_id = self.om.group(call, call.values[0])["id"]
        self.om.keys[call.user].require_automation_admin(group_id)
        processes = [{"name": f"{host['hostname']}_{host['port']}", "hostname": host["hostname"],
                      "processType": "mongod"} for host in self.om.hosts.get(group_id, [])]
        return Answer({"version": 1, "processes": processes, "replicaSets": [], "sharding": [],
                       "monitoringVersions": [], "backupVersions": []})

    def automation_status(self, call: Call) -> Answer:
        self.om.group(call, call.values[0])
        return Answer({"goalVersion": 1, "processes": []})
