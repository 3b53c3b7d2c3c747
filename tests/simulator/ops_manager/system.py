# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MongoDB Ops Manager, as far as its server pool reaches.

Seed data, every section optional and added to what is there:

    groups:     [{id?, name, orgId?}]
    keys:       [{public_key, private_key, group_roles?: {group name or id: [role]}, global_roles?: [role],
                  access_list?: [cidr]}]
                roles: GROUP_READ_ONLY, GROUP_AUTOMATION_ADMIN, GROUP_OWNER; GLOBAL_READ_ONLY, GLOBAL_AUTOMATION_ADMIN,
                GLOBAL_OWNER
    pool:       {enabled: bool}
    properties: [{id, description?, multiSelect?, statusName?, values: [{value, description?, statusName?}]}]
                what the servers have is discovered from them; this adds descriptions and exposure
    servers:    [{hostname, properties, id?, status?, group?, count?, first?}]
                with `count`, that many, "{n}" in the hostname counting from `first` (default 1); `group` binds
    requests:   [{group, properties: [..], statusName?, created?, expires?, completed?, cancelled?, id?}]; epoch seconds
    agents:     {group name or id: [agent entity]}      hosts: {group name or id: [process entity]}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import System, dumps, set_user
from ..pathtree import PathTree
from .digest import DigestAuthenticator
from .errors import UNAUTHORIZED, ApiError, not_found
from .keys import Key
from .pool import Request, Server, ServerPool
from .projects import ProjectCalls
from .server_pool import ServerPoolCalls
from .shapes import BASE, Answer, Call, Shapes, parse_query

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")
_REQUESTS_PATH = re.compile(rf"{BASE}/groups/[^/]+/serverPool/requests")


class OpsManager(System):
    """The app: which user, which handler, and how its answer goes out."""

    name = "ops_manager"
    SWITCHES: dict[str, Any] = {
        # digest: Jetty's figures, and the ways a server may differ
        "nonce_life": 60.0,                    # seconds
        "nonce_max_count": 1024,               # nc must stay below it
        "digest_qop_spelling": "qop",          # "op": as the documentation prints the challenge
        "digest_qop": "auth",                  # "auth-int", "auth,auth-int", "none" (RFC 2069)
        "digest_algorithm": "MD5",             # "SHA-256", "SHA-512-256", "MD5-sess", "SHA-256-sess"
        "digest_uri_checked": True,            # the Jetty of the time hashed the header's uri and did not compare it
        "digest_nodes": 1,                     # so many nodes behind a balancer, each with nonces of its own
        "digest_balancing": "turns",           # request by request in turn; "random"; "connection": a connection stays with one
        "foreign_nonce_stale": True,           # False: the nonce of another node is answered with stale=false
        "stale_every": 0,                      # k: every k-th request meets a nonce gone stale
        "nextnonce": False,                    # Authentication-Info with a nonce for the next request
        "offer_digest": True,
        "offer_basic": False,                  # a Basic challenge stands beside the Digest one, and Basic is accepted
        # access list
        "access_list_required": False,         # the organisation requires one: an empty list lets nobody in
        # before 5.0 "IP_ADDRESS_NOT_ON_WHITELIST"; on old builds a plain 401: "401"
        "access_list_code": "IP_ADDRESS_NOT_ON_ACCESS_LIST",
        "unknown_group": "not_found",          # "not_in_group": 401, the same answer as for a group of others
        # rate limit: requests per clock minute and group; 0: none
        "rate_limit": 0,
        "retry_after": False,                  # 429 with Retry-After
        # what POST and DELETE answer
        "post_status": 200,                    # 201 by the general rule, 202 for asynchronous work
        "delete_request_reply": "empty",       # "json", "202", "204"
        "delete_server_reply": "json",         # "empty", "202", "204"
        "delete_terminal_reply": "ok",         # 400 or 409: deleting a request that has ended is refused
        # shapes
        "num_servers_shown": True,             # in the field table, in no sample reply
        "expires_dropped_when_completed": False,
        "rel_prefix": "mms",                   # "host": https://{host}/ as from 3.6
        "page_cap": 100,                       # 500 in later releases
        "page_over_cap": "clamp",              # "error": 400
        "list_order": "oldest",                # "newest"
        "group_status_filter": False,          # ?status= on a project's list: documented only for the pool-wide one
        "unexposed_properties": "hidden",      # "shown": a project sees them, as UNAVAILABLE
        "partly_bound_servers_shown": False,   # RESERVED servers of an executing request in the project's list
        # what POST takes
        "all_properties_required": True,       # a value for each property that the pool offers
        "list_values": False,                  # a list of strings as the value of a multiSelect property
        # the pool
        "disabled_pool_reply": "forbidden",    # "read_only": lists still answer; "not_found": 404 throughout
        "request_timeout": 7200.0,             # seconds from created to expires
        "allocation_seconds": 0.2,             # how long a request that can be met is EXECUTING; 0: POST completes it
        "cancel_seconds": 0.2,                 # CANCELLING to CANCELLED
        "cancel_result": "CANCELLED",          # "COMPLETED": the allocation wins the race if servers are there
        "fail_next_requests": 0,               # this many of the next requests end FAILED
        "clean_seconds": 0.2,                  # NEEDS_CLEAN to TRASH
        "auto_recycle": True,                  # the termination policy: servers return by themselves
        "recycle_seconds": 0.2,                # TRASH to AVAILABLE
    }

    def reset(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.keys: dict[str, Key] = {}
        self.agents: dict[str, list[dict[str, Any]]] = {}
        self.hosts: dict[str, list[dict[str, Any]]] = {}
        self.pool_enabled = True
        self.pool = ServerPool(self.clock, self.switches)
        self.shapes = Shapes(self.clock, self.switches)
        self.digest = DigestAuthenticator(
            self.clock, self.switches, lambda user: self.keys[user].private_key if user in self.keys else None)
        self.post_arrivals = 0                 # authorised POSTs of server requests, whatever was answered
        self.post_challenged = 0               # those that met a 401 of the digest layer
        self._minutes: dict[str, tuple[int, int]] = {}
        self._tree = PathTree()
        ProjectCalls(self).register(self._tree.add)
        ServerPoolCalls(self).register(self._tree.add)

    # -- seed and state

    def seed(self, data: dict[str, Any]) -> None:
        unknown = set(data) - {"groups", "keys", "pool", "properties", "servers", "requests", "agents", "hosts"}
        if unknown:
            raise ValueError(f"unknown sections: {sorted(unknown)}")
        now = self.clock.now()
        for group in data.get("groups", []):
            entity = {"id": group.get("id") or self.pool.ids.new(now), "name": group["name"],
                      "orgId": group.get("orgId") or self.pool.ids.new(now)}
            self.groups[entity["id"]] = entity
        for key in data.get("keys", []):
            self.keys[key["public_key"]] = Key(
                key["public_key"], key["private_key"],
                {self._group_id(name): set(roles) for name, roles in key.get("group_roles", {}).items()},
                set(key.get("global_roles", [])), list(key.get("access_list", [])))
        self.pool_enabled = data.get("pool", {}).get("enabled", self.pool_enabled)
        for server in data.get("servers", []):
            self._seed_server(server, now)
        for entry in data.get("properties", []):
            self._seed_property(entry)
        for request in data.get("requests", []):
            created = request.get("created", now)
            self.pool.add_request(Request(
                request.get("id") or self.pool.ids.new(created), self._group_id(request["group"]),
                request["properties"], created, request.get("expires", created + self.switches["request_timeout"]),
                request.get("statusName", "EXECUTING"), request.get("completed"), request.get("cancelled")))
        for section, store in (("agents", self.agents), ("hosts", self.hosts)):
            for name, entries in data.get(section, {}).items():
                store.setdefault(self._group_id(name), []).extend(entries)
        self.pool.serve_waiting(now)

    def _group_id(self, name: str) -> str:
        for group in self.groups.values():
            if name in (group["id"], group["name"]):
                found: str = group["id"]
                return found
        raise ValueError(f"unknown group {name!r}")

    def _seed_server(self, data: dict[str, Any], now: float) -> None:
        first = data.get("first", 1)
        group = self._group_id(data["group"]) if data.get("group") else None
        for number in range(first, first + data.get("count", 1)):
            self.pool.add_server(Server(
                data.get("id") or self.pool.ids.new(now), data["hostname"].replace("{n}", str(number)),
                dict(data["properties"]), now, data.get("status") or ("BOUND" if group else "AVAILABLE"), group=group))

    def _seed_property(self, data: dict[str, Any]) -> None:
        entry = self.pool.properties.setdefault(data["id"], {"id": data["id"], "values": []})
        entry["description"] = data.get("description", data["id"])
        entry["multiSelect"] = data.get("multiSelect", False)
        entry["statusName"] = data.get("statusName", "AVAILABLE")
        known = {value["value"]: value for value in entry["values"]}
        for value in data.get("values", []):
            known.setdefault(value["value"], {"value": value["value"], "statusName": "AVAILABLE"}).update(value)
        entry["values"] = list(known.values())

    def state(self) -> dict[str, Any]:
        """Counts, every request with the hostnames it holds, every server with its request."""
        self.pool.tick()
        pool = self.pool
        return {
            "enabled": self.pool_enabled, "groups": list(self.groups.values()), "keys": list(self.keys),
            "counts": {**pool.counts, "post_arrivals": self.post_arrivals, "post_challenged": self.post_challenged,
                       "challenges": self.digest.challenges, "refused": self.digest.refused, "basic_logins": self.digest.basic_logins},
            "requests": [{**self.shapes.request(request, []),
                          "hostnames": [pool.servers[server].hostname for server in request.servers.values()
                                        if server in pool.servers]} for request in pool.requests.values()],
            "servers": [{**self.shapes.server(server, []), "requestId": server.request}
                        for server in pool.servers.values()],
        }

    def actions(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """recycle {"hostname"}: the bin's button; fail {"request"}: end a request FAILED; pool {"enabled"}."""

        def recycle(body: dict[str, Any]) -> Any:
            self.pool.tick()
            self.pool.recycle(self.pool.by_hostname[body["hostname"]], self.clock.now())
            return {}

        def fail(body: dict[str, Any]) -> Any:
            self.pool.fail(self.pool.requests[body["request"]])
            return {}

        def pool(body: dict[str, Any]) -> Any:
            self.pool_enabled = bool(body["enabled"])
            return {"enabled": self.pool_enabled}

        return {"recycle": recycle, "fail": fail, "pool": pool}

    # -- what the handlers share

    def group(self, call: Call, group_id: str) -> dict[str, Any]:
        """The group that the caller may read; 404 or 401 otherwise."""
        if not _OBJECT_ID.fullmatch(group_id):
            raise ApiError(404, "INVALID_GROUP_ID", f"An invalid group ID {group_id} was specified.", [group_id])
        group = self.groups.get(group_id)
        if group is None and self.switches["unknown_group"] == "not_found":
            raise ApiError(404, "GROUP_NOT_FOUND", f"No group with ID {group_id} exists.", [group_id])
        if group is None or not self.keys[call.user].member_of(group_id):
            raise ApiError(401, "NOT_IN_GROUP",
                           "The current user is not in the group, or the group does not exist.", [group_id])
        self._count_rate(group_id)
        return group

    def bound_servers(self, group_id: str) -> list[Server]:
        return [server for server in self.pool.servers.values()
                if server.group == group_id and server.status == "BOUND"]

    def _count_rate(self, group_id: str) -> None:
        limit = self.switches["rate_limit"]
        if not limit:
            return
        minute, left = divmod(self.clock.now(), 60)
        known, used = self._minutes.get(group_id, (0, 0))
        used = used + 1 if known == int(minute) else 1
        self._minutes[group_id] = (int(minute), used)
        if used > limit:
            headers = {"retry-after": str(int(60 - left) + 1)} if self.switches["retry_after"] else {}
            raise ApiError(429, "RATE_LIMITED",
                           f"Resource group {group_id} is limited to {limit} requests every 1 minutes.",
                           [group_id, str(limit), "1"], headers)

    # -- HTTP

    def routes(self) -> list[BaseRoute]:
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return [Route("/{path:path}", self._serve, methods=methods)]

    async def _serve(self, request: HttpRequest) -> Response:
        body = await request.body()
        path = request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"]
        target = f"{path}?{query.decode('latin-1')}" if query else path
        is_post = request.method == "POST" and _REQUESTS_PATH.fullmatch(path) is not None
        verdict = self.digest.check(request.method, target, body, request.headers.get("authorization"),
                                    request.client.port if request.client else 0)
        if verdict.user is None:
            self.post_challenged += is_post
            reply = Response(dumps(UNAUTHORIZED), 401)
            reply.headers["content-type"] = "application/json;charset=ISO-8859-1"
            reply.raw_headers += [(name.encode(), value.encode()) for name, value in verdict.headers]
            return reply
        set_user(request, verdict.user)
        self.post_arrivals += is_post
        call = Call(request.method, path, parse_query(query), body, request.headers.get("content-type", ""),
                    request.headers.get("host", "localhost"), verdict.user, [])
        try:
            self.keys[verdict.user].check_address(request.client.host if request.client else "", self.switches)
            self.pool.tick()
            answer = self._dispatch(call)
        except ApiError as error:
            answer = Answer(error.body(), error.status, headers=error.headers)
        status, content = answer.encoded(call.query)
        headers = {**answer.headers, **dict(verdict.headers), "strict-transport-security": "max-age=300",
                   "vary": "Accept-Encoding"}
        return Response(content, status, headers, "application/json" if content else None)

    def _dispatch(self, call: Call) -> Answer:
        if call.path != BASE and not call.path.startswith(BASE + "/"):
            raise not_found(call.path)
        found = self._tree.find(call.path.removeprefix(BASE).strip("/"))
        if found is None:
            raise not_found(call.path)
        handlers, call.values = found
        handler = handlers.get("GET" if call.method == "HEAD" else call.method)
        if handler is None:
            raise ApiError(405, "METHOD_NOT_ALLOWED", "Method Not Allowed.",
                           headers={"allow": ", ".join(sorted(handlers))})
        answer: Answer = handler(call)
        return answer
