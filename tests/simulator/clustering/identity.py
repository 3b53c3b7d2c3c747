# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who there is in Keystone: domains, projects, users and their roles, application credentials, tokens."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any

#: Roles that a role brings along
_IMPLIED = {"admin": ("admin", "manager", "member", "reader"), "manager": ("manager", "member", "reader"),
            "member": ("member", "reader")}


def fixed_id(kind: str, name: str) -> str:
    """32 hex digits, the same in every run, so that tests need not ask for them."""
    return hashlib.sha256(f"{kind}:{name}".encode()).hexdigest()[:32]


@dataclass
class User:
    id: str
    name: str
    domain: str
    password: str
    roles: dict[str, set[str]] = field(default_factory=dict)     # project or domain id -> roles given, not implied


@dataclass
class Project:
    id: str
    name: str
    domain: str


@dataclass
class ApplicationCredential:
    id: str
    name: str
    secret: str
    user: str
    project: str
    roles: list[str]
    unrestricted: bool | None = None
    description: str | None = None
    expires: float | None = None


@dataclass
class Token:
    id: str
    user: User
    methods: list[str]
    issued: float
    expires: float
    audit_ids: list[str]
    roles: list[str]
    project: Project | None = None
    domain: str | None = None
    application_credential: ApplicationCredential | None = None
    revoked: bool = False

    @property
    def project_id(self) -> str | None:
        return self.project.id if self.project else None

    @property
    def is_admin(self) -> bool:
        return "admin" in self.roles


class Identity:
    """The tables. `domains` is id -> name."""

    def __init__(self, clock: Any, switches: dict[str, Any]) -> None:
        self._clock = clock
        self._switches = switches
        self.domains: dict[str, str] = {"default": "Default"}
        self.projects: dict[str, Project] = {}
        self.users: dict[str, User] = {}
        self.application_credentials: dict[str, ApplicationCredential] = {}
        self.tokens: dict[str, Token] = {}
        self.logins: dict[str, int] = {}

    # -- making

    def add_project(self, name: str, domain: str = "default", project_id: str | None = None) -> Project:
        project = Project(project_id or fixed_id("project", f"{domain}/{name}"), name, domain)
        return self.projects.setdefault(project.id, project)

    def add_user(self, name: str, password: str, domain: str = "default", user_id: str | None = None) -> User:
        user = User(user_id or fixed_id("user", f"{domain}/{name}"), name, domain, password)
        known = self.users.setdefault(user.id, user)
        known.password = password
        return known

    # -- finding

    def domain_id(self, wanted: dict[str, Any]) -> str | None:
        """The id for {"id": ..} or {"name": ..}, or None."""
        if "id" in wanted:
            return wanted["id"] if wanted["id"] in self.domains else None
        return next((key for key, name in self.domains.items() if name == wanted.get("name")), None)

    def find(self, table: dict[str, Any], wanted: dict[str, Any]) -> Any:
        """A user or project for {"id": ..} or {"name": .., "domain": {..}}, or None."""
        if "id" in wanted:
            return table.get(wanted["id"])
        domain = self.domain_id(wanted.get("domain", {}))
        return next((one for one in table.values() if one.name == wanted.get("name") and one.domain == domain), None)

    @staticmethod
    def effective_roles(user: User, target: str) -> list[str]:
        """The user's roles on a project or domain, with the implied ones, sorted."""
        return sorted({implied for role in user.roles.get(target, ()) for implied in _IMPLIED.get(role, (role,))})

    # -- tokens

    def issue(self, user: User, methods: list[str], roles: list[str], *, project: Project | None = None,
              domain: str | None = None, parent: Token | None = None,
              application_credential: ApplicationCredential | None = None) -> Token:
        """A new token; one made from another ends when that one ends."""
        now = self._clock.now()
        audit_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        token = Token(
            "gAAAAAB" + secrets.token_urlsafe(120), user, methods, now,
            parent.expires if parent else now + self._switches["token_seconds"],
            [audit_id, *(parent.audit_ids[-1:] if parent else [])], roles, project, domain, application_credential)
        self.tokens[token.id] = token
        self.logins[methods[0]] = self.logins.get(methods[0], 0) + 1
        return token

    def valid(self, token_id: str | None) -> Token | None:
        """The token if it is known, not revoked and not expired."""
        token = self.tokens.get(token_id or "")
        if token is None or token.revoked or token.expires <= self._clock.now():
            return None
        return token
