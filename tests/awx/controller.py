# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A controller (AWX 24.6.1) as far as its objects go: what awx.awx and the awx command ask, answered as a real one did (recorded.jsonl).

``with Controller() as controller``: it serves on ``controller.url`` from a thread of this process. No job is run; a launch only says
which variables the job would have.
"""

from __future__ import annotations

import base64
import copy
import json
import re
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import rules
import uvicorn
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Object = dict[str, Any]

KINDS = yaml.safe_load((Path(__file__).parent / "kinds.yml").read_text(encoding="utf-8"))
HEADERS = {"X-API-Product-Name": "AWX", "X-API-Product-Version": "24.6.1"}
NOW = "2026-11-25T18:29:25.653252Z"
ENCRYPTED = "$encrypted$"

PLURALS = {"inventory": "inventories"}
PATHS = {PLURALS.get(kind, f"{kind}s"): kind for kind in KINDS}
# Fields that name an object of another kind.
FOREIGN = {
    "organization": "organization", "inventory": "inventory", "project": "project", "source_project": "project",
    "execution_environment": "execution_environment", "default_environment": "execution_environment", "credential": "credential",
    "credential_type": "credential_type", "workflow_job_template": "workflow_job_template", "unified_job_template": "",
    "webhook_credential": "credential", "signature_validation_credential": "credential",
}  # fmt: skip
RUNNABLE = ("job_template", "workflow_job_template", "project", "inventory_source", "workflow_approval_template")
READ_ONLY = {
    "id", "type", "url", "related", "summary_fields", "created", "modified", "status", "next_run", "dtstart", "dtend", "until", "timezone",
    "has_inventory_sources", "pending_deletion", "success_nodes", "failure_nodes", "always_nodes", "cloud", "kubernetes", "namespace",
}
WITHOUT_NAME = ("workflow_job_template_node",)
UNIQUE_WITH = {
    "credential_type": ("kind",), "credential": ("organization", "credential_type"), "inventory_source": ("inventory",),
    "schedule": ("unified_job_template",), "workflow_job_template_node": ("workflow_job_template",), "execution_environment": (),
    "organization": (),
    # It has no organization, and the database counts what has none as different: workflows may have approvals of one name.
    "workflow_approval_template": ("id",),
}  # fmt: skip
LINKS = re.compile(r"credentials|labels|instance_groups|galaxy_credentials|(success|failure|always)_nodes|notification_templates_\w+")


class Refused(Exception):
    """An answer that is not 2xx: its status and body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Controller:
    """objects: by kind and id. log: (method, path, query, body, status) of each request. launched: the variables of each job.

    users: the password of each, and whether they may change anything.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[int, Object]] = {kind: {} for kind in KINDS}
        self.links: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[tuple[str, int], Object] = {}
        self.log: list[tuple[str, str, str, Any, int]] = []
        self.launched: list[Object] = []
        self.users = {"admin": ("admin", True), "auditor": ("auditor", False)}
        self.tokens: dict[str, str] = {}
        self.last_id = 0
        self._secrets: dict[int, Object] = {}
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        methods = ["GET", "POST", "PATCH", "DELETE", "OPTIONS"]
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> Controller:
        self._thread.start()
        end = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < end, "the controller does not start"
            time.sleep(0.01)
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()

    # -- one request -----------------------------------------------------------------------------------------------

    async def _answer(self, request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw) if raw else None
        path, query = "/" + request.path_params["path"], request.url.query
        status, reply = 200, None
        try:
            status, reply = self._route(request, path, body)
        except Refused as refused:
            status, reply = refused.status, refused.body
        may_post = isinstance(reply, dict) and "POST" in reply.get("actions", {})
        allow = "GET, POST, HEAD, OPTIONS" if may_post else "GET, HEAD, OPTIONS"
        self.log.append((request.method, path, query, body, status))
        headers = {**HEADERS, "Allow": allow}
        return Response(status_code=status, headers=headers) if reply is None else JSONResponse(reply, status, headers)

    def _route(self, request: Request, path: str, body: Any) -> tuple[int, Any]:
        parts = [part for part in path.split("/") if part]
        method = request.method
        if parts == ["api"]:
            return 200, {"description": "AWX REST API", "current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"}}
        if parts[:2] != ["api", "v2"]:
            raise Refused(404, {"detail": "The requested resource could not be found."})
        parts = parts[2:]
        if not parts:
            names = {PLURALS.get(kind, f"{kind}s"): kind for kind in KINDS} | {"users": "", "teams": "", "applications": ""}
            names["inventory"] = names.pop("inventories")
            return 200, {name: f"/api/v2/{'inventories' if name == 'inventory' else name}/" for name in names}
        user = self._user(request)
        if parts[0] == "tokens":
            return self._token(method, parts, user, body)
        if parts == ["me"]:
            return 200, page([{"id": 1, "type": "user", "url": "/api/v2/users/1/", "related": {}, "username": user}])
        if parts[0] in ("users", "teams", "applications", "roles"):
            return 200, page([])
        if method not in ("GET", "OPTIONS") and not self.users[user][1]:
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        if parts[0] == "unified_job_templates":
            every = [(kind, one) for kind in RUNNABLE for one in self.objects[kind].values()]
            return 200, self._list(every, "UnifiedJobTemplate", request)
        if parts[0] not in PATHS:
            raise Refused(404, {"detail": "The requested resource could not be found."})
        kind = PATHS[parts[0]]
        if len(parts) == 1:
            return self._kind(kind, request, body)
        one = self._find(kind, parts[1])
        if len(parts) == 2:
            return self._one(kind, one, method, body)
        return self._below(kind, one, parts[2], request, body)

    def _user(self, request: Request) -> str:
        scheme, _blank, given = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and given in self.tokens:
            return self.tokens[given]
        if scheme == "Basic":
            name, _colon, password = base64.b64decode(given).decode().partition(":")
            if name in self.users and self.users[name][0] == password:
                return name
            raise Refused(401, {"detail": "Invalid username/password. To establish a login session, visit /api/login/."})
        raise Refused(401, {"detail": "Authentication credentials were not provided. To establish a login session, visit /api/login/."})

    def _token(self, method: str, parts: list[str], user: str, body: Any) -> tuple[int, Any]:
        if method == "DELETE":
            self.tokens.pop(f"token-{parts[1]}", None)
            return 204, None
        ident = self._id()
        self.tokens[f"token-{ident}"] = user
        return 201, {
            "id": ident, "type": "o_auth2_access_token", "url": f"/api/v2/tokens/{ident}/", "related": {}, "summary_fields": {},
            "created": NOW, "modified": NOW, "description": body.get("description", ""), "user": 1, "token": f"token-{ident}",
            "refresh_token": None, "application": None, "expires": "3026-03-28T18:29:25.652686Z", "scope": body.get("scope", "write"),
        }  # fmt: skip

    def _id(self) -> int:
        self.last_id += 1
        return self.last_id

    # -- kinds -----------------------------------------------------------------------------------------------------

    def _kind(self, kind: str, request: Request, body: Any) -> tuple[int, Any]:
        if request.method == "GET":
            return 200, self._list([(kind, one) for one in self.objects[kind].values()], model(kind), request)
        if request.method == "OPTIONS":
            return 200, self._options(kind)
        if request.method == "POST":
            return 201, self.shown(kind, self.create(kind, body))
        raise Refused(405, {"detail": f'Method "{request.method}" not allowed.'})

    def _list(self, every: Iterable[tuple[str, Object]], name: str, request: Request) -> Object:
        query = list(request.query_params.multi_items())
        paging = {key: int(value) for key, value in query if key in ("page", "page_size")}
        wanted = [(key, value) for key, value in query if key not in ("page", "page_size", "order_by", "search")]
        found = []
        fields = {field for kind in KINDS if name in (model(kind), "UnifiedJobTemplate") for field in KINDS[kind]["fields"]}
        for key, _value in wanted:
            field = re.sub("^or__", "", key).partition("__")[0]
            if field not in fields:
                raise Refused(400, {"detail": f"{name} has no field named '{field}'"})
        for kind, one in every:
            must = [str(one.get(key)) == value for key, value in wanted if not key.startswith("or__")]
            may = [str(one.get(key.removeprefix("or__"))) == value for key, value in wanted if key.startswith("or__")]
            if all(must) and (any(may) or not may):
                found.append(self.shown(kind, one))
        return page(found, request.url.path, paging.get("page", 1), min(paging.get("page_size", 25), 200))

    def _find(self, kind: str, name: str) -> Object:
        parts = name.split("++")
        for one in self.objects[kind].values():
            if str(one["id"]) == name or (len(parts) > 1 and one.get("name") == parts[0]):
                return one
        raise Refused(404, {"detail": f"No {model(kind)} matches the given query."})

    def _options(self, kind: str) -> Object:
        written = {
            field: {"type": "id" if field in FOREIGN else "field", "required": field == "name", "label": field}
            for field in KINDS[kind]["fields"]
            if field not in READ_ONLY and not field.startswith(("last_", "next_", "total_", "has_", "hosts_", "inventory_sources_"))
            and field != "custom_virtualenv"
        }  # fmt: skip
        if kind in ("credential_type", "execution_environment", "credential"):
            written.pop("managed")
        if kind == "credential":
            written.pop("kind")
        return {"name": model(kind), "description": "", "actions": {"POST": written, "GET": {}}}

    # -- one object --------------------------------------------------------------------------------------------------

    def create(self, kind: str, given: Mapping[str, Any], ident: int | None = None) -> Object:
        """Make an object, or raise Refused."""
        one: Object = copy.deepcopy(KINDS[kind]["fields"])
        if kind not in WITHOUT_NAME and not given.get("name"):
            raise Refused(400, {"name": ["This field is required."]})
        self._check(kind, one, given)
        one |= {key: value for key, value in given.items() if key in one and key not in READ_ONLY}
        one |= {"id": ident or self._id(), "type": kind, "created": NOW, "modified": NOW}
        one["url"] = f"/api/v2/{PLURALS.get(kind, f'{kind}s')}/{one['id']}/"
        if kind == "project":
            one["local_path"] = f"_{one['id']}__{one['name'].lower()}"
        self.objects[kind][one["id"]] = one
        self._keep_secrets(kind, one)
        return one

    def _one(self, kind: str, one: Object, method: str, body: Any) -> tuple[int, Any]:
        if method == "PATCH":
            self._check(kind, one, body)
            before = self._secrets.get(one["id"], {})
            one |= {key: value for key, value in body.items() if key in one and key not in READ_ONLY}
            if kind == "inventory" and one["host_filter"] == "":
                one["host_filter"] = None
            if kind == "credential" and "inputs" in body:
                one["inputs"] = {key: before.get(key, value) if value == ENCRYPTED else value for key, value in body["inputs"].items()}
            self._keep_secrets(kind, one)
        elif method == "DELETE":
            del self.objects[kind][one["id"]]
            return 204, None
        elif method == "OPTIONS":
            return 200, {"name": model(kind), "description": "", "actions": {"GET": {}}}
        return 200, self.shown(kind, one)

    def _keep_secrets(self, kind: str, one: Object) -> None:
        """Secrets of a credential are not shown again."""
        if kind != "credential":
            return
        fields = self.objects["credential_type"][one["credential_type"]]["inputs"].get("fields", [])
        secret = {field["id"] for field in fields if field.get("secret")}
        self._secrets[one["id"]] = dict(one["inputs"])
        one["inputs"] = {key: ENCRYPTED if key in secret and value else value for key, value in sorted(one["inputs"].items())}

    def secrets_of(self, name: str) -> Object:
        """The inputs of a credential as they were given."""
        return next(self._secrets[one["id"]] for one in self.objects["credential"].values() if one["name"] == name)

    def _check(self, kind: str, one: Object, given: Mapping[str, Any]) -> None:
        new = {**one, **given}
        for field, of in FOREIGN.items():
            if given.get(field) is not None and not any(given[field] in self.objects[other] for other in ([of] if of else RUNNABLE)):
                raise Refused(400, {field: [f'Invalid pk "{given[field]}" - object does not exist.']})
        same = ("identifier" if kind in WITHOUT_NAME else "name", *UNIQUE_WITH.get(kind, ("organization",)))
        for other in self.objects[kind].values():
            if other["id"] != new["id"] and all(other.get(key) == new.get(key) for key in same):
                words = "Name and Kind" if kind == "credential_type" else " and ".join(key.replace("_", " ").capitalize() for key in same)
                label = {"credential_type": "Credential type"}.get(kind, model(kind))
                raise Refused(400, {"__all__": [f"{label} with this {words} already exists."]})
        errors = getattr(self, f"_check_{kind}", lambda _new: None)(new)
        if errors:
            raise Refused(400, errors)

    def _check_credential_type(self, new: Object) -> rules.Errors:
        if new["kind"] not in ("cloud", "net"):
            return {"kind": [f"Must be 'cloud' or 'net', not {new['kind']}"]}
        return rules.credential_type(new["inputs"], new["injectors"])

    def _check_credential(self, new: Object) -> rules.Errors:
        if new["organization"] is None and not new.get("user") and not new.get("team"):
            return {"detail": ["Missing 'user', 'team', or 'organization'."]}
        return rules.credential(self.objects["credential_type"][new["credential_type"]]["inputs"], new["inputs"])

    @staticmethod
    def _check_job_template(new: Object) -> rules.Errors:
        if new["project"] is None:
            return {"project": ["Job Templates must have a project assigned."]}
        if not new["playbook"]:
            return {"playbook": ["Must select playbook for project."]}
        if new["inventory"] is None and not new["ask_inventory_on_launch"]:
            return {"inventory": ["You must either set a default value or ask to prompt on launch."]}
        return {}

    @staticmethod
    def _check_schedule(new: Object) -> rules.Errors:
        found = rules.schedule(new["rrule"])
        return {"rrule": found} if found else {}

    # -- below an object -----------------------------------------------------------------------------------------------

    def _below(self, kind: str, one: Object, name: str, request: Request, body: Any) -> tuple[int, Any]:
        method = request.method
        if method == "OPTIONS":
            return 200, self._options_below(name)
        if name == "survey_spec":
            if method == "GET":
                return 200, self.surveys.get((kind, one["id"]), {})
            if problem := rules.survey(body):
                raise Refused(400, {"error": problem})
            self.surveys[kind, one["id"]] = body
            return 200, None
        if name == "create_approval_template" and method == "POST":
            made = self.create("workflow_approval_template", body)
            one["unified_job_template"] = made["id"]
            return 201, self.shown("workflow_approval_template", made)
        if name == "launch" and method == "POST":
            return 201, self._launch(kind, one, body or {})
        if name == "workflow_nodes" and method == "GET":
            nodes = [node for node in self.objects["workflow_job_template_node"].values() if node["workflow_job_template"] == one["id"]]
            return 200, page([self.shown("workflow_job_template_node", node) for node in nodes])
        if name == "schedules" and method == "GET":
            found = [other for other in self.objects["schedule"].values() if other["unified_job_template"] == one["id"]]
            return 200, page([self.shown("schedule", other) for other in found])
        if not LINKS.fullmatch(name):
            if name in KINDS[kind]["related"]:
                return 200, page([])
            raise Refused(404, {"detail": "The requested resource could not be found."})
        of = kind if name.endswith("_nodes") else "notification_template" if name.startswith("notification") else name.removesuffix("s")
        linked = self.links.setdefault((kind, one["id"], name), [])
        if method == "POST":
            self._link(kind, one, of, linked, body)
            if name in one:
                one[name] = list(linked)
            return 204, None
        return 200, page([self.shown(of, self.objects[of][ident]) for ident in linked] if of in KINDS else [])

    def _options_below(self, name: str) -> Object:
        """What may be posted: to a list of links an id, which tells it from a list in which objects are made."""
        made = {
            "workflow_nodes": "workflow_job_template_node", "schedules": "schedule",
            "create_approval_template": "workflow_approval_template",
        }  # fmt: skip
        if name in made:
            return self._options(made[name])
        actions: Object = {"GET": {}}
        if name == "survey_spec":
            actions["POST"] = {}
        elif LINKS.fullmatch(name):
            actions["POST"] = {"id": {"type": "integer", "required": False, "label": "id"}}
        return {"name": name, "description": "", "actions": actions}

    def _link(self, kind: str, one: Object, of: str, linked: list[int], body: Object) -> None:
        ident = body["id"]
        if body.get("disassociate"):
            linked.remove(ident)
            return
        if ident not in self.objects.get(of, {}):
            raise Refused(400, {"detail": f"{model(of)} matching query does not exist."})
        if of == "credential" and kind == "job_template":
            types = {self.objects[of][other]["credential_type"]: other for other in linked}
            if self.objects[of][ident]["credential_type"] in types:
                name = self.objects["credential_type"][self.objects[of][ident]["credential_type"]]["name"]
                raise Refused(400, {"error": f"Cannot assign multiple {name} credentials."})
        if ident not in linked:
            linked.append(ident)

    def _launch(self, kind: str, one: Object, body: Object) -> Object:
        given = body.get("extra_vars") or {}
        spec = self.surveys.get((kind, one["id"]), {}).get("spec", []) if one["survey_enabled"] else []
        if problems := rules.answers(spec, given):
            raise Refused(400, {"variables_needed_to_start": problems})
        asked = {question["variable"] for question in spec}
        accepted = given if one["ask_variables_on_launch"] else {key: value for key, value in given.items() if key in asked}
        defaults = {question["variable"]: question["default"] for question in spec if question.get("default") is not None}
        variables = {**(json.loads(one["extra_vars"]) if one["extra_vars"] else {}), **defaults, **accepted}
        self.launched.append(variables)
        return {"job": self._id(), "ignored_fields": {"extra_vars": {key: given[key] for key in given if key not in accepted}}}

    # -- what is shown -------------------------------------------------------------------------------------------------

    def shown(self, kind: str, one: Object) -> Object:
        """The object with its links and summaries."""
        related: Object = {}
        summary: Object = {}
        for name in KINDS[kind]["related"]:
            if name in FOREIGN or name == "created_by" or name == "modified_by":
                continue
            related[name] = f"{one['url']}{name}/"
        for name, of in FOREIGN.items():
            if one.get(name) is not None:
                other = next(self.objects[k][one[name]] for k in ([of] if of else RUNNABLE) if one[name] in self.objects[k])
                related[name] = other["url"]
                summary[name] = {"id": other["id"], "name": other.get("name", ""), "description": other.get("description", "")}
                if not of:
                    summary[name]["unified_job_type"] = other["type"].removesuffix("_template").replace("project", "project_update")
        for name in ("current_job", "current_update", "named_url"):
            related.pop(name, None)
        capable = {"edit": True, "delete": True, "copy": True, "start": True, "schedule": True, "use": True}
        return {**one, "related": related, "summary_fields": {**summary, "user_capabilities": capable}}


def page(results: list[Object], path: str = "", number: int = 1, size: int = 200) -> Object:
    """One page of a list."""
    more = number * size < len(results)
    link = f"{path}?page={number + 1}&page_size={size}" if more else None
    return {"count": len(results), "next": link, "previous": None, "results": results[(number - 1) * size : number * size]}


def model(kind: str) -> str:
    """The name of a kind in messages."""
    return "".join(word.capitalize() for word in kind.split("_"))
