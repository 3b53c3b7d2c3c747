# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server pool: a project's resources under /groups/{id}/serverPool, their pool-wide twins under /serverPool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .errors import ApiError, invalid_attribute, malformed_attribute, missing_attribute, not_found
from .pool import Request, Server
from .shapes import Answer, Call, Entity, link

if TYPE_CHECKING:
    from .system import OpsManager

REQUEST_STATUSES = ("EXECUTING", "CANCELLING", "CANCELLED", "FAILED", "COMPLETED")
FILTERABLE_SERVER_STATUSES = ("AVAILABLE", "TRASH")


class ServerPoolCalls:
    """Handlers; each takes a Call and gives an Answer or raises ApiError."""

    def __init__(self, system: OpsManager) -> None:
        self.om = system
        self.shapes = system.shapes

    def register(self, add: Any) -> None:
        own, wide = "groups/{group}/serverPool", "serverPool"
        add("GET", own, self.group_root)
        add("GET", f"{own}/properties", self.group_properties)
        add("GET", f"{own}/servers", self.group_servers)
        add("GET", f"{own}/servers/{{id}}", self.group_server)
        add("GET", f"{own}/servers/byName/{{hostname}}", self.group_server_by_name)
        add("DELETE", f"{own}/servers/{{id}}", self.terminate_server)
        add("POST", f"{own}/requests", self.create_request)
        add("GET", f"{own}/requests", self.group_requests)
        add("GET", f"{own}/requests/{{id}}", self.group_request)
        add("DELETE", f"{own}/requests/{{id}}", self.cancel_group_request)
        add("GET", wide, self.pool_root)
        add("GET", f"{wide}/properties", self.pool_properties)
        add("PATCH", f"{wide}/properties/{{name}}", self.edit_property)
        add("DELETE", f"{wide}/properties/{{name}}", self.delete_property)
        add("PATCH", f"{wide}/properties/{{name}}/values/{{value}}", self.edit_value)
        add("DELETE", f"{wide}/properties/{{name}}/values/{{value}}", self.delete_value)
        add("GET", f"{wide}/servers", self.pool_servers)
        add("GET", f"{wide}/servers/{{id}}", self.pool_server)
        add("GET", f"{wide}/servers/byName/{{hostname}}", self.pool_server_by_name)
        add("DELETE", f"{wide}/servers/{{id}}", self.remove_server)
        add("GET", f"{wide}/requests", self.pool_requests)
        add("GET", f"{wide}/requests/{{id}}", self.pool_request)
        add("DELETE", f"{wide}/requests/{{id}}", self.cancel_pool_request)

    # -- who may come in

    def _group(self, call: Call, admin: bool = False, root: bool = False) -> str:
        """The group's id, after membership, the role for writes, and the state of the pool were checked."""
        group: str = self.om.group(call, call.values[0])["id"]
        if admin:
            self.om.keys[call.user].require_automation_admin(group)
        self._require_pool(call, root)
        return group

    def _wide(self, call: Call, owner: bool = False, root: bool = False) -> None:
        key = self.om.keys[call.user]
        if owner:
            key.require_global_owner()
        else:
            key.require_global_read()
        self._require_pool(call, root)

    def _require_pool(self, call: Call, root: bool) -> None:
        if self.om.pool_enabled:
            return
        reply = self.om.switches["disabled_pool_reply"]
        if reply == "not_found":
            raise not_found(call.path)
        if not root and (reply == "forbidden" or call.method != "GET"):
            raise ApiError(403, "UNSUPPORTED_FOR_CURRENT_CONFIG", "The server pool is not enabled.")

    # -- roots

    def group_root(self, call: Call) -> Answer:
        group = self._group(call, root=True)
        return self._root(call, f"{call.base}/groups/{group}/serverPool")

    def pool_root(self, call: Call) -> Answer:
        self._wide(call, root=True)
        return self._root(call, f"{call.base}/serverPool")

    def _root(self, call: Call, href: str) -> Answer:
        return Answer({"enabled": self.om.pool_enabled,
                       "links": self.shapes.pool_links(call, href, href, "servers", "properties", "requests")})

    # -- servers

    def group_servers(self, call: Call) -> Answer:
        group = self._group(call)
        return self._servers(call, self._visible_servers(group))

    def _visible_servers(self, group: str) -> list[Server]:
        servers = self.om.bound_servers(group)
        if self.om.switches["partly_bound_servers_shown"]:
            for request in self.om.pool.requests.values():
                if request.group == group and request.status == "EXECUTING":
                    servers += [self.om.pool.servers[server_id] for server_id in request.servers.values()]
        return servers

    def group_server(self, call: Call) -> Answer:
        return self._server(call, self._own_server(call, self._group(call)))

    def group_server_by_name(self, call: Call) -> Answer:
        group = self._group(call)
        server = self.om.pool.by_hostname.get(call.values[1])
        return self._server(call, self._require_server(call, server, group))

    def terminate_server(self, call: Call) -> Answer:
        server = self._own_server(call, self._group(call, admin=True))
        self.om.pool.terminate(server)
        return self._deleted("delete_server_reply")

    def _own_server(self, call: Call, group: str) -> Server:
        return self._require_server(call, self.om.pool.servers.get(call.values[1]), group)

    @staticmethod
    def _require_server(call: Call, server: Server | None, group: str | None = None) -> Server:
        if server is None or (group is not None and server.group != group):
            raise not_found(call.path)
        return server

    def pool_servers(self, call: Call) -> Answer:
        self._wide(call)
        servers = list(self.om.pool.servers.values())
        if "status" in call.query:
            status = self._enum(call.query["status"], FILTERABLE_SERVER_STATUSES)
            servers = [server for server in servers if server.status == status]
        return self._servers(call, servers)

    def pool_server(self, call: Call) -> Answer:
        self._wide(call)
        return self._server(call, self._require_server(call, self.om.pool.servers.get(call.values[0])))

    def pool_server_by_name(self, call: Call) -> Answer:
        self._wide(call)
        return self._server(call, self._require_server(call, self.om.pool.by_hostname.get(call.values[0])))

    def remove_server(self, call: Call) -> Answer:
        self._wide(call, owner=True)
        self.om.pool.remove(self._require_server(call, self.om.pool.servers.get(call.values[0])))
        return self._deleted("delete_server_reply")

    def _root_of(self, call: Call) -> str:
        """The serverPool root that this call went through."""
        return f"https://{call.host}{call.path.partition('/serverPool')[0]}/serverPool"

    def _servers(self, call: Call, servers: list[Server]) -> Answer:
        root = self._root_of(call)
        return self.shapes.page(
            call, servers, lambda server: self.shapes.server(server, [link(f"{root}/servers/{server.id}")]))

    def _server(self, call: Call, server: Server) -> Answer:
        root = self._root_of(call)
        wide = () if "/groups/" in root else ("servers", "properties")
        links = self.shapes.pool_links(call, f"{root}/servers/{server.id}", root, *wide)
        return Answer(self.shapes.server(server, links))

    @staticmethod
    def _enum(value: str, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            raise ApiError(400, "INVALID_ENUM_VALUE", f"An invalid enumeration value {value} was specified.", [value])
        return value

    def _deleted(self, switch: str) -> Answer:
        """200 with no body, 200 with {}, 202 or 204, as the switch says."""
        return {"empty": Answer(None), "json": Answer({}), "202": Answer(None, 202),
                "204": Answer(None, 204)}[self.om.switches[switch]]

    # -- properties

    def group_properties(self, call: Call) -> Answer:
        self._group(call)
        entries = list(self.om.pool.properties.values())
        if self.om.switches["unexposed_properties"] == "hidden":
            entries = [entry for entry in entries if entry["statusName"] == "AVAILABLE"]
        return self._properties(call, entries)

    def pool_properties(self, call: Call) -> Answer:
        self._wide(call)
        return self._properties(call, list(self.om.pool.properties.values()))

    def _properties(self, call: Call, entries: list[Entity]) -> Answer:
        root = self._root_of(call)
        return self.shapes.page(
            call, entries, lambda entry: {**entry, "links": [link(f"{root}/properties/{quote(entry['id'], safe='')}")]})

    def _property(self, call: Call) -> Entity:
        self._wide(call, owner=True)
        entry = self.om.pool.properties.get(call.values[0])
        if entry is None:
            raise not_found(call.path)
        return entry

    def _value(self, call: Call, entry: Entity) -> Entity:
        for value in entry["values"]:
            if value["value"] == call.values[1]:
                found: Entity = value
                return found
        raise not_found(call.path)

    def edit_property(self, call: Call) -> Answer:
        entry = self._property(call)
        return self._edit(call, entry, entry, {"description": str, "multiSelect": bool, "statusName": str})

    def edit_value(self, call: Call) -> Answer:
        entry = self._property(call)
        return self._edit(call, entry, self._value(call, entry), {"description": str, "statusName": str})

    def _edit(self, call: Call, entry: Entity, target: Entity, fields: dict[str, type]) -> Answer:
        changes = call.json_object()
        for name, value in changes.items():
            if name in ("id", "value", "values", "links"):
                raise ApiError(400, "ATTRIBUTE_READ_ONLY", f"The attribute {name} is read only.", [name])
            if name not in fields:
                raise invalid_attribute(name)
            if not isinstance(value, fields[name]):
                raise malformed_attribute(name)
            if name == "statusName":
                self._enum(str(value), ("AVAILABLE", "UNAVAILABLE"))
        target.update(changes)
        return Answer({**entry, "links": []})

    def delete_property(self, call: Call) -> Answer:
        del self.om.pool.properties[self._property(call)["id"]]
        return Answer({})

    def delete_value(self, call: Call) -> Answer:
        entry = self._property(call)
        entry["values"].remove(self._value(call, entry))
        return Answer({})

    # -- requests

    def create_request(self, call: Call) -> Answer:
        group = self._group(call, admin=True)
        documents = self._documents(call.json_object())
        request = self.om.pool.create_request(group, documents)
        answer = self._request(call, request)
        answer.status = self.om.switches["post_status"]
        return answer

    def _documents(self, body: Entity) -> list[Entity]:
        """The documents of a body that holds `properties` and nothing else, judged by what the pool offers."""
        for name in body:
            if name != "properties":
                raise invalid_attribute(name)
        if "properties" not in body:
            raise missing_attribute("properties")
        documents = body["properties"]
        if not isinstance(documents, list) or not documents or \
                not all(isinstance(one, dict) and one for one in documents):
            raise ApiError(400, "MISSING_OR_INVALID_ATTRIBUTE",
                           "The required attribute properties was incorrectly specified or omitted.", ["properties"])
        offered = {name: entry for name, entry in self.om.pool.properties.items() if entry["statusName"] == "AVAILABLE"}
        for document in documents:
            for name, value in document.items():
                if name not in offered:
                    raise invalid_attribute(name)
                self._check_value(offered[name], value)
            if self.om.switches["all_properties_required"]:
                for name in offered:
                    if name not in document:
                        raise missing_attribute(name)
        return documents

    def _check_value(self, entry: Entity, value: Any) -> None:
        several = isinstance(value, list) and value and entry["multiSelect"] and self.om.switches["list_values"]
        values = value if several else [value]
        if not all(isinstance(one, str) for one in values):
            raise malformed_attribute(entry["id"])
        allowed = tuple(known["value"] for known in entry["values"] if known["statusName"] == "AVAILABLE")
        for one in values:
            self._enum(one, allowed)

    def group_requests(self, call: Call) -> Answer:
        group = self._group(call)
        requests = [request for request in self.om.pool.requests.values() if request.group == group]
        if self.om.switches["group_status_filter"]:
            requests = self._by_status(call, requests)
        return self._requests(call, requests)

    def pool_requests(self, call: Call) -> Answer:
        self._wide(call)
        return self._requests(call, self._by_status(call, list(self.om.pool.requests.values())))

    def _by_status(self, call: Call, requests: list[Request]) -> list[Request]:
        if "status" not in call.query:
            return requests
        status = self._enum(call.query["status"], REQUEST_STATUSES)
        return [request for request in requests if request.status == status]

    def _requests(self, call: Call, requests: list[Request]) -> Answer:
        root = self._root_of(call)
        return self.shapes.page(
            call, requests, lambda request: self.shapes.request(request, [link(f"{root}/requests/{request.id}")]))

    def group_request(self, call: Call) -> Answer:
        return self._request(call, self._own_request(call, self._group(call)))

    def pool_request(self, call: Call) -> Answer:
        self._wide(call)
        return self._request(call, self._require_request(call, call.values[0]))

    def _own_request(self, call: Call, group: str) -> Request:
        return self._require_request(call, call.values[1], group)

    def _require_request(self, call: Call, request_id: str, group: str | None = None) -> Request:
        request = self.om.pool.requests.get(request_id)
        if request is None or (group is not None and request.group != group):
            raise not_found(call.path)
        return request

    def _request(self, call: Call, request: Request) -> Answer:
        root = self._root_of(call)
        links = self.shapes.pool_links(call, f"{root}/requests/{request.id}", root, "", "requests")
        if "/groups/" in root:
            links.append(link(f"{call.base}/groups/{request.group}", self.shapes.rel(call, "group")))
        return Answer(self.shapes.request(request, links))

    def cancel_group_request(self, call: Call) -> Answer:
        return self._cancel(self._own_request(call, self._group(call, admin=True)))

    def cancel_pool_request(self, call: Call) -> Answer:
        self._wide(call, owner=True)
        return self._cancel(self._require_request(call, call.values[0]))

    def _cancel(self, request: Request) -> Answer:
        if request.status == "EXECUTING":
            self.om.pool.cancel(request)
        elif request.terminal and self.om.switches["delete_terminal_reply"] != "ok":
            status = self.om.switches["delete_terminal_reply"]
            raise ApiError(status, "INVALID_REQUEST", f"The request is in status {request.status}.")   # invented code
        return self._deleted("delete_request_reply")
