# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One table of requests for Keystone and Senlin, to be run against the real services and against the simulator.

clustering_recorded.json holds what the real services answered, so that the simulator is held to them where they cannot
run; `python clustering_table.py KEYSTONE_URL CLUSTERING_URL [CA]` writes it anew.

`run_table` sends every case in order and returns what was seen, with everything that differs between two runs (ids,
times, addresses, tokens) replaced by its kind; two runs against equal services give equal observations. The services
must have the users of `USERS` and their projects must hold no profiles and clusters named like those made here (`clean`
sees to that).
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

RECORDED = Path(__file__).with_name("clustering_recorded.json")
#: Token name -> (user, password, project or None for an unscoped token)
USERS: dict[str, tuple[str, str, str | None]] = {
    "demo": ("demo", "demopw", "demo"),
    "alt_demo": ("alt_demo", "demopw", "alt_demo"),
    "reader": ("demo_reader", "demopw", "demo"),
    "admin": ("admin", "adminpw", "admin"),
    "unscoped": ("demo", "demopw", None),
}
COMPARED_HEADERS = ("content-type", "location", "openstack-api-version", "vary", "www-authenticate",
                    "x-openstack-request-id", "x-subject-token")
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Case:
    """One request. `{name}` in path and body stands for a value captured from an earlier reply."""

    name: str
    method: str
    path: str
    body: Any = None                         # JSON-able, or text sent as it is
    user: str | None = "demo"                # a token of USERS; None: no token; "bogus": one that nobody issued
    version: str | None = None               # microversion
    headers: dict[str, str] = field(default_factory=lambda: dict(_JSON))
    capture: dict[str, str] = field(default_factory=dict)    # name -> dotted path in the reply, or "header:name"
    service: str = "clustering"
    shape_only: bool = False                 # compare keys and types, not values
    until: int | None = None                 # repeat until this status (for work that the engine does later)
    ends: str = ""                           # repeat until the word at this dotted path is that of an action that has ended
    status_only: bool = False                # compare the status and nothing else: the words depend on who was quicker


def replaced(value: Any, values: dict[str, str]) -> Any:
    """Fill captured values into every string of `value`."""
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, list):
        return [replaced(one, values) for one in value]
    if isinstance(value, dict):
        return {key: replaced(one, values) for key, one in value.items()}
    return value


_KINDS = (
    (r"req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<request-id>"),
    (r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", "<uuid>"),
    (r"\b[0-9a-f]{32}\b", "<hex>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", "<time>"),
    (r"node-[A-Za-z0-9]{8}\b", "<node>"),
    (r"https?://[^/\"'\s<>]+", "<url>"),
    (r"(?<=')[0-9a-f]{6,8}(?=')", "<prefix>"),
    (r"(?<=\()[0-9a-f]{8}(?=\))", "<prefix>"),
)


def normal(value: Any) -> Any:
    """The value with ids, times and addresses replaced by their kind."""
    if isinstance(value, str):
        for pattern, kind in _KINDS:
            value = re.sub(pattern, kind, value)
        return value
    if isinstance(value, list):
        return [normal(one) for one in value]
    if isinstance(value, dict):
        return {key: unordered(key, normal(one)) for key, one in value.items()}
    return value


def unordered(key: str, value: Any) -> Any:
    """Keystone gives roles in any order, and audit ids are random text."""
    if key == "roles" and isinstance(value, list):
        return sorted(value, key=lambda role: str(role.get("name")))
    if key == "audit_ids" and isinstance(value, list):
        return ["<audit-id>"] * len(value)
    return value


def shape(value: Any) -> Any:
    """Keys and types only; a list is the set of the shapes in it."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(one), sort_keys=True) for one in value})
    return "null" if value is None else type(value).__name__


def at(body: Any, where: str) -> Any:
    """The value at a dotted path, or None."""
    for step in where.split("."):
        if isinstance(body, list):
            body = body[int(step)] if int(step) < len(body) else None
        else:
            body = body.get(step) if isinstance(body, dict) else None
    return body


def _arrived(case: Case, reply: requests.Response) -> bool:
    """What the case waits for is there."""
    if case.until is not None:
        return reply.status_code == case.until
    return not case.ends or reply.status_code != 200 or at(reply.json(), case.ends) in ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Service:
    """Where to send the table: base URL of Keystone (with /v3) and of clustering (without /v1), and the CA, if any."""

    keystone: str
    clustering: str
    ca: str | None = None

    def __post_init__(self) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.clear()
        if self.ca:
            self.session.verify = self.ca
        self.values: dict[str, str] = {}
        self.tokens: dict[str, str] = {}

    def token(self, name: str) -> str:
        """A token of USERS, asked for once."""
        if name not in self.tokens:
            user, password, project = USERS[name]
            auth: dict[str, Any] = {"identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": {"id": "default"}, "password": password}}}}
            if project:
                auth["scope"] = {"project": {"name": project, "domain": {"id": "default"}}}
            reply = self.session.post(f"{self.keystone}/auth/tokens", json={"auth": auth}, timeout=60)
            assert reply.status_code == 201, reply.text
            self.tokens[name] = reply.headers["X-Subject-Token"]
            body = reply.json()["token"]
            self.values[f"user_{name}"] = body["user"]["id"]
            self.values[f"token_{name}"] = self.tokens[name]
            if project:
                self.values[f"project_{name}"] = body["project"]["id"]
        return self.tokens[name]

    def send(self, case: Case) -> requests.Response:
        headers = dict(case.headers)
        if case.user is not None:
            headers["X-Auth-Token"] = case.user if case.user == "bogus" else self.token(case.user)
        if case.version:
            headers["OpenStack-API-Version"] = f"clustering {case.version}"
        body = replaced(case.body, self.values)
        if body is not None:
            if not isinstance(body, str):
                body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        base = self.keystone if case.service == "keystone" else self.clustering
        # sent as written: requests would re-quote the path
        request = requests.Request(case.method, base, headers=replaced(headers, self.values), data=body).prepare()
        request.url = base + replaced(case.path, self.values)
        return self.session.send(request, timeout=120, allow_redirects=False)

    def observe(self, case: Case) -> dict[str, Any]:
        """Send one case and tell what came back, comparable with another service's answer."""
        reply = self.send(case)
        for dummy in range(300):
            if _arrived(case, reply):
                break
            time.sleep(0.1)
            reply = self.send(case)
        try:
            body = reply.json()
        except ValueError:
            body = reply.text
        for name, where in case.capture.items():
            value = reply.headers.get(where[7:]) if where.startswith("header:") else at(body, where)
            if value is not None:                       # absent: the statuses will differ, and tell more
                self.values[f"{name}_id"] = value.rpartition("/")[2]
                self.values.update({
                    name: value, f"{name}_8": value[:8], f"{name}_14": value[:14], f"{name}_upper": value.upper(),
                    f"{name}_8_upper": value[:8].upper()})
        headers = {name: normal(value) for name, value in sorted(reply.headers.lower_items())
                   if name in COMPARED_HEADERS}
        if "x-subject-token" in headers:
            headers["x-subject-token"] = "<token>"
        if case.status_only:
            return {"status": reply.status_code, "headers": {}, "body": None}
        body = shape(body) if case.shape_only else normal(body)
        return {"status": reply.status_code, "headers": headers, "body": body}


def clean(service: Service) -> None:
    """Delete every cluster, node, policy and profile of the users of the table."""
    for user in ("demo", "alt_demo", "admin"):
        own = f"project_{user}"
        service.token(user)
        for kind in ("clusters", "nodes", "policies", "profiles"):
            listing = service.send(Case("", "GET", f"/v1/{kind}", user=user)).json()[kind]
            for one in listing:
                if one["project"] == service.values[own]:
                    service.observe(Case("", "DELETE", f"/v1/{kind}/{one['id']}", user=user))
                    service.observe(Case("", "GET", f"/v1/{kind}/{one['id']}", user=user, until=404))


def run_table(service: Service, cases: list[Case]) -> dict[str, dict[str, Any]]:
    """Observations by the name of the case."""
    for name in USERS:
        service.token(name)
    clean(service)
    seen = {case.name: service.observe(case) for case in cases}
    clean(service)
    return seen


def table() -> list[Case]:
    """All cases, in the order in which they must be sent."""
    from clustering_cases import CASES  # it is made of this module's Case
    return CASES


def recorded() -> dict[str, dict[str, Any]]:
    """What the real services answered, by the name of the case."""
    answers: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return answers


def record(service: Service) -> None:
    """Run the table against the real services and keep the answers, one case a line."""
    lines = [f"{json.dumps(name)}: {json.dumps(answer, sort_keys=True)}"
             for name, answer in run_table(service, table()).items()]
    RECORDED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    record(Service(*sys.argv[1:]))
