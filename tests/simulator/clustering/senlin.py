# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clustering API: versions, who may in, profiles, profile types; lifecycle.py has the rest of it."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ..core import set_user
from ..pathtree import PathTree
from .errors import RoutingError, SenlinError, bad_request, generic_bad_request, json_response, unauthorized
from .identity import Token
from .lifecycle import Lifecycle
from .specs import PROFILE_TYPES, SpecError, check_spec, type_name
from .store import SORT_KEYS, Profile, is_uuid_like

if TYPE_CHECKING:
    from .system import Clustering

BODY_LIMIT = 1048576
_NAME = re.compile(r"^[a-zA-Z\u4e00-\u9fa5\d._~-]*$")
_LIST_PARAMETERS = ("name", "type", "limit", "marker", "sort", "global_project")
Query = list[tuple[str, str]]


class Call:
    """One request that got through version negotiation and authentication."""

    def __init__(self, request: Request, body: bytes, token: Token, minor: int, values: list[str]) -> None:
        self.method = request.method
        self.raw_body = body
        self.content_type = request.headers.get("content-type", "").partition(";")[0].strip()
        self.query: Query = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        self.token = token
        self.minor = minor
        self.values = values

    def require(self, minor: int) -> None:
        """400 below this microversion."""
        if self.minor < minor:
            raise SenlinError(400, "MethodVersionNotFound",
                              f"API version '1.{self.minor}' is not supported on this method.")

    def body(self) -> dict[str, Any]:
        """The JSON object sent. Anything else but broken JSON counts as no body: the generic 400."""
        jsonish = self.content_type in ("", "text/plain", "JSON", "application/json")
        if not jsonish or not self.raw_body.startswith(b"{"):
            raise generic_bad_request()
        if len(self.raw_body) > BODY_LIMIT:
            raise SenlinError(400, "RequestLimitExceeded", (
                f"Request limit exceeded: JSON body size ({len(self.raw_body)} bytes) exceeds maximum allowed size"
                f" ({BODY_LIMIT} bytes)."))
        try:
            data: dict[str, Any] = json.loads(self.raw_body)
        except ValueError as error:
            raise bad_request(str(error)) from None
        return data

    def profile(self) -> Any:
        """What stands under "profile" in the body."""
        body = self.body()
        if "profile" not in body:
            raise bad_request("Request body missing 'profile' key.")
        return body["profile"]


class Senlin:
    """Handlers take a Call and give (status, JSON-able data or JSON bytes), or None for 204."""

    def __init__(self, system: Clustering) -> None:
        self.system = system
        self._tree = PathTree()
        add = self._tree.add
        add("GET", "profiles", self.list_profiles)
        add("POST", "profiles", self.create_profile)
        add("POST", "profiles/validate", self.validate_profile)
        add("GET", "profiles/{id}", self.show_profile)
        add("PATCH", "profiles/{id}", self.update_profile)
        add("DELETE", "profiles/{id}", self.delete_profile)
        add("GET", "profile-types", self.list_types)
        add("GET", "profile-types/{name}", self.show_type)
        add("GET", "profile-types/{name}/ops", self.type_operations)
        self.lifecycle = Lifecycle(system)
        self.lifecycle.register(add)

    # -- the pipeline: versions, token, project, route

    async def serve(self, request: Request) -> Response:
        body = await request.body()
        if request.method == "OPTIONS":
            return Response("")
        self.system.create_arrivals += request.method == "POST" and request.scope["path"] == "/v1/profiles"
        try:
            response = await self._negotiate(request, body)
        except RoutingError as error:
            response = error.response(request.headers.get("accept", ""))
        except SenlinError as error:
            response = error.response()
        response.headers["x-openstack-request-id"] = f"req-{uuid.uuid4()}"
        return response

    async def _negotiate(self, request: Request, body: bytes) -> Response:
        path: str = request.scope["path"]
        first = path.split("/")[1] if "/" in path else ""
        if first in ("", "versions"):
            return self._versions(request)
        if not re.fullmatch(r"v1(\.?0)?", first):
            if request.headers.get("accept") not in ("*/*", ""):
                raise RoutingError(404)
            return self._versions(request)
        minor = self._microversion(request)
        rest = path[len(first) + 1:]
        if not rest:
            return json_response({"version": self._version(request, "/v1")})
        hook = re.fullmatch(r"/webhooks/([0-9a-f-]{36})/trigger", rest)
        if hook and request.method == "POST":
            given = json.loads(body) if body.strip().startswith(b"{") else {}
            query = dict(parse_qsl(request.scope["query_string"].decode("latin-1")))
            result = self.lifecycle.trigger(hook[1], given, query)
            return self._answered(json_response(result[1], result[0]), minor)
        token = self.system.identity.valid(request.headers.get("x-auth-token"))
        if token is None:
            return unauthorized(self.system.keystone_url(request))
        set_user(request, token.user.name)
        if token.project is None:
            raise RoutingError(400, "Field `project' cannot be None")
        if rest == "/":
            return self._answered(json_response({"version": self._version(request, "/v1")}), minor)
        return await self._routed(Call(request, body, token, minor, []), request, rest[1:])

    async def _routed(self, call: Call, request: Request, path: str) -> Response:
        dead = self.system.switches["conductor"] != "alive"
        found = self._tree.find(path)
        handler = found[0].get(request.method) if found else None
        if found is None or handler is None or any("/" in value for value in found[1]):
            raise RoutingError(404)
        call.values = found[1]
        if dead:
            await self._wait_for_dead_conductor(call, handler)
        result = handler(call)
        if result is None:
            return Response(status_code=204)
        response = self._answered(json_response(result[1], result[0]), call.minor)
        if len(result) > 2:
            response.headers["location"] = f"https://{request.headers.get('host')}/v1/actions/{result[2]}"
        return response

    async def _wait_for_dead_conductor(self, call: Call, handler: Any) -> None:
        """500 after a pause; with switch "applied" the change was made all the same."""
        if self.system.switches["conductor"] == "applied" and call.method != "GET":
            handler(call)
        await asyncio.sleep(self.system.switches["rpc_timeout"])
        raise SenlinError(500, "MessagingTimeout", f"Timed out waiting for a reply to message ID {uuid.uuid4().hex}")

    @staticmethod
    def _answered(response: Response, minor: int) -> Response:
        response.headers["openstack-api-version"] = f"clustering 1.{minor}"
        response.headers["vary"] = "OpenStack-API-Version"
        return response

    def _microversion(self, request: Request) -> int:
        wanted = None
        for part in request.headers.get("openstack-api-version", "").split(","):
            service, dummy, version = part.strip().partition(" ")
            if service.lower() == "clustering" and version:
                wanted = version.strip()
        if wanted is None:
            return 0
        if wanted.lower() == "latest":
            return int(self.system.switches["max_minor"])
        match = re.fullmatch(r"([1-9]\d*)\.([1-9]\d*|0)", wanted)
        if match is None:
            raise RoutingError(400, f"API Version String '{wanted}' is of invalid format."
                               " It must be of format 'major.minor'.")
        highest = self.system.switches["max_minor"]
        if int(match[1]) != 1 or int(match[2]) > highest:
            raise SenlinError(406, "InvalidGlobalAPIVersion", f"Version '{wanted}' is not supported by the API."
                              f" Minimum is '1.0' and maximum is '1.{highest}'.")
        return int(match[2])

    def _version(self, request: Request, prefix: str = "") -> dict[str, Any]:
        # under /v1 the link to itself is wrong: /v1/v1
        return {
            "id": "1.0", "status": "CURRENT", "updated": "2016-01-18T00:00:00Z",
            "media-types": [{"base": "application/json", "type": "application/vnd.openstack.clustering-v1+json"}],
            "links": [{"href": f"https://{request.headers.get('host')}{prefix}/v1", "rel": "self"},
                      {"rel": "help", "href": "https://docs.openstack.org/api-ref/clustering"}],
            "min_version": "1.0", "max_version": f"1.{self.system.switches['max_minor']}"}

    def _versions(self, request: Request) -> Response:
        return json_response({"versions": [self._version(request)]}, 300)

    # -- profiles

    def create_profile(self, call: Call) -> tuple[int, Any]:
        fields = checked(call.profile(), required=("name", "spec"), optional=("metadata",))
        store, token, name = self.system.store, call.token, fields["name"]
        if self.system.switches["name_unique"] and store.named(name, token):
            raise SenlinError(400, "BadRequest", f"A profile named '{name}' already exists.")
        spec = fields["spec"]
        kind = type_name(spec)
        self._check(spec, name, f"Failed in creating profile {name}: ")
        profile = Profile(str(uuid.uuid4()), name, kind, spec, fields.get("metadata") or {}, token.user.id,
                          token.project_id or "", self.system.clock.now())
        store.add(profile)
        self.system.counts["created"] += 1
        return 201, self._one(profile)

    def _check(self, spec: dict[str, Any], name: str, prefix: str = "") -> None:
        kind, backend = spec["type"], self.system.switches
        try:
            check_spec(spec, name, self.system.known)
        except SpecError as error:
            raise SenlinError(400, "InvalidSpec", f"{prefix}{error}") from None
        if kind == "os.heat.stack" and not backend["heat"]:
            raise SenlinError(400, "InvalidSpec", "Failed in validating template: public endpoint for orchestration"
                              f" service in {backend['region']} region not found")
        if kind == "os.nova.server" and not backend["nova"]:
            raise SenlinError(500, "InternalError",
                              f"public endpoint for compute service in {backend['region']} region not found")

    def validate_profile(self, call: Call) -> tuple[int, Any]:
        call.require(2)
        fields = checked(call.profile(), required=("spec",))
        kind = type_name(fields["spec"])
        self._check(fields["spec"], "validated_profile")
        return 200, {"profile": {
            "created_at": None, "domain": None, "id": None, "metadata": None, "name": "validated_profile",
            "project": call.token.project_id, "spec": fields["spec"], "type": kind, "updated_at": None,
            "user": call.token.user.id}}

    def _one(self, profile: Profile) -> bytes:
        return b'{"profile": ' + self.system.store.text(profile) + b"}"

    def show_profile(self, call: Call) -> tuple[int, Any]:
        return 200, self._one(self.system.store.find(call.values[0], call.token))

    def update_profile(self, call: Call) -> tuple[int, Any]:
        wanted = call.body().get("profile")
        if wanted is None:
            raise bad_request("Malformed request data, missing 'profile' key in request body.")
        fields = checked(wanted, optional=("name", "metadata"), nullable_name=True)
        profile = self.system.store.find(call.values[0], call.token)
        name = fields.get("name") or profile.name
        metadata = fields.get("metadata", profile.metadata)
        if (name, metadata) == (profile.name, profile.metadata):
            raise SenlinError(400, "BadRequest", "No property needs an update.")
        self.system.store.update(profile, name, metadata)
        self.system.counts["updated"] += 1
        return 200, self._one(profile)

    def delete_profile(self, call: Call) -> None:
        self.system.store.delete(self.system.store.find(call.values[0], call.token))
        self.system.counts["deleted"] += 1

    def list_profiles(self, call: Call) -> tuple[int, Any]:
        for key, _value in call.query:
            if key not in _LIST_PARAMETERS:
                raise bad_request(f"Invalid parameter {key}")
        last = dict(call.query)                                   # of a parameter given twice the last one counts
        everywhere = last.get("global_project") or "false"
        if everywhere.lower() not in ("true", "false"):
            raise bad_request(f"Invalid value '{everywhere}' specified for 'global_project'")
        limit = self._limit(last.get("limit", ""))
        marker = last.get("marker", "")
        if marker and not is_uuid_like(marker):
            raise bad_request(f"The value for marker is not a valid UUID: '{marker}'.")
        self._check_sort(last.get("sort", ""))
        if everywhere.lower() == "true" and not call.token.is_admin:
            raise SenlinError(403, "Forbidden", "You are not authorized to complete this operation.")
        profiles = self.system.store.listing(
            call.token, [value for key, value in call.query if key == "name"],
            [value for key, value in call.query if key == "type"], last.get("sort", ""), limit, marker)
        return 200, b'{"profiles": [' + b", ".join(map(self.system.store.text, profiles)) + b"]}"

    @staticmethod
    def _limit(text: str) -> int | None:
        if not text:
            return None
        try:
            limit = int(text)
        except ValueError:
            raise bad_request(f"The value for limit must be an integer: '{text}'.") from None
        if limit < 0:
            raise bad_request("Value must be >= 0 for field 'limit'.")
        return limit

    @staticmethod
    def _check_sort(sort: str) -> None:
        for part in sort.split(",") if sort else []:
            key, dummy, direction = part.partition(":")
            if not key:
                raise bad_request("Missing sort key for 'sort'.")
            if direction not in ("", "asc", "desc"):
                raise bad_request(f"Unsupported sort dir '{direction}' for 'sort'.")
            if key not in SORT_KEYS:
                raise bad_request(f"Unsupported sort key '{key}' for 'sort'.")

    # -- profile types

    def list_types(self, call: Call) -> tuple[int, Any]:
        if call.minor < 5:
            return 200, {"profile_types": [{"name": name} for name in PROFILE_TYPES]}
        return 200, {"profile_types": [
            {"name": name.rpartition("-")[0], "version": name.rpartition("-")[2],
             "support_status": self._support(entry, name)} for name, entry in PROFILE_TYPES.items()]}

    @staticmethod
    def _support(entry: dict[str, Any], name: str) -> dict[str, Any]:
        version = name.rpartition("-")[2]
        return {version: entry["support_status"][version]}

    def show_type(self, call: Call) -> tuple[int, Any]:
        entry = PROFILE_TYPES.get(call.values[0])
        if entry is None:
            raise SenlinError(404, "ResourceNotFound", f"The profile_type '{call.values[0]}' could not be found.")
        shown = ("name", "schema") if call.minor < 5 else ("name", "schema", "support_status")
        return 200, {"profile_type": {key: entry[key] for key in shown}}

    def type_operations(self, call: Call) -> tuple[int, Any]:
        call.require(4)
        entry = PROFILE_TYPES.get(call.values[0])
        if entry is None:
            raise SenlinError(400, "BadRequest", f"The profile_type '{call.values[0]}' could not be found.")
        return 200, {"operations": entry["operations"]}


def checked(data: Any, required: tuple[str, ...] = (), optional: tuple[str, ...] = (), *,
            nullable_name: bool = False) -> dict[str, Any]:
    """The fields of a request object, in the order and words of Senlin's versioned objects and JSON schema."""
    if data is None:
        raise generic_bad_request()
    if not isinstance(data, dict):
        raise bad_request(f"{data!r} is not of type 'object'")
    if "name" in data and "name" in required + optional:
        _check_name(data["name"], nullable_name)
    for key, nullable in (("spec", False), ("metadata", True)):
        if key in data and key in required + optional:
            _check_is_json(key, data[key], nullable)
    # what follows is a JSON schema's: first the types, then what is missing, then what is too much
    for key, types in (("spec", "'object'"), ("metadata", "'object', 'null'")):
        if key in data and key in required + optional and not isinstance(data[key], dict | None):
            raise bad_request(f"{data[key]!r} is not of type {types}")
    for key in required:
        if key not in data:
            raise bad_request(f"'{key}' is a required property")
    extra = sorted(set(data) - set(required) - set(optional))
    if extra:
        names = ", ".join(f"'{key}'" for key in extra)
        raise bad_request(f"Additional properties are not allowed ({names} {'was' if len(extra) == 1 else 'were'}"
                          " unexpected)")
    return data


def _check_name(name: Any, nullable: bool) -> None:
    if name is None:
        if nullable:
            return
        raise bad_request("Field `name' cannot be None")
    if not isinstance(name, str):
        raise generic_bad_request()
    if not name:
        raise bad_request("The value for the name field must be at least 1 characters long.")
    if len(name) > 255:
        raise bad_request("The value for the name field must be less than 255 characters long.")
    if not _NAME.search(name):
        raise bad_request(f"The value for the 'name' ({name}) contains illegal characters. It must contain only"
                          ' alphanumeric or "_-.~" characters and must start with letter.')


def _check_is_json(key: str, value: Any, nullable: bool) -> None:
    if value is None and not nullable:
        raise bad_request(f"Field `{key}' cannot be None")
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError:
            raise bad_request(f"The value ({value}) is not a valid JSON.") from None
