# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone and Senlin on two ports, one set of users between them.

A fresh simulator has the deployment of the real services under tests/services/senlin: projects admin, demo and
alt_demo; users admin/adminpw (admin), demo/demopw and alt_demo/demopw (member), demo_reader/demopw (reader in demo).

Seed data, every section optional and added to what is there (a "domain" is an id, default "default"):

    domains:  [{id, name}]
    projects: [{name, domain?, id?}]
    users:    [{name, password, domain?, id?, projects: {name: [role]}, domains: {id: [role]}}]
              roles: reader, member, manager, admin
    application_credentials: [{name, secret, user, project, id?, roles?, unrestricted?, expires?}]; in epoch seconds
    profiles: [{name, spec, project, user?, metadata?, id?, created?, count?}]
              with `count`, that many, "{n}" in the name counting from 1; specs are not judged
    clusters: [{name, profile, project}]                 `profile` by name: makes it "in use"
    known:    {flavors: [..], images: [..], networks: [..]}     what Nova, Glance and Neutron have; a kind that is
              left out is not asked for
"""

from __future__ import annotations

import uuid
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from ..core import System
from .identity import ApplicationCredential, Identity, Project, User, fixed_id
from .keystone import Keystone
from .senlin import Senlin
from .specs import type_name
from .store import Cluster, Profile, Store

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SECTIONS = ("domains", "projects", "users", "application_credentials", "profiles", "clusters", "known")


class Clustering(System):
    """The two apps and their data."""

    name = "clustering"
    SWITCHES: dict[str, Any] = {
        "token_seconds": 86400.0,          # life of a token
        "region": "RegionOne",
        "clustering_in_catalog": True,
        "name_unique": False,              # the operator's own setting: a second profile of a name is a 400
        "conductor": "alive",              # "lost": 500 after rpc_timeout, nothing done; "applied": the same, but done
        "rpc_timeout": 1.0,                # real seconds; Senlin's default is 60
        "heat": True,                      # False: no orchestration service; stack specs are refused with 400
        "nova": True,                      # False: no compute service; server specs end in 500
        "cluster_seconds": 0.2,            # until a new cluster is ACTIVE, and a deleted one gone
    }

    def reset(self) -> None:
        self.identity = Identity(self.clock, self.switches)
        self.store = Store(self.clock)
        self.known: dict[str, list[str]] = {}
        self.counts = {"created": 0, "updated": 0, "deleted": 0}
        self.create_arrivals = 0           # POSTs of profiles, whatever was answered
        self.seed({
            "projects": [{"name": "admin"}, {"name": "demo"}, {"name": "alt_demo"}],
            "users": [
                {"name": "admin", "password": "adminpw", "projects": {"admin": ["admin"]}},
                {"name": "demo", "password": "demopw", "projects": {"demo": ["member"]}},
                {"name": "alt_demo", "password": "demopw", "projects": {"alt_demo": ["member"]}},
                {"name": "demo_reader", "password": "demopw", "projects": {"demo": ["reader"]}},
            ]})

    # -- seed and state

    def seed(self, data: dict[str, Any]) -> None:
        unknown = set(data) - set(_SECTIONS)
        if unknown:
            raise ValueError(f"unknown sections: {sorted(unknown)}")
        identity = self.identity
        for domain in data.get("domains", []):
            identity.domains[domain["id"]] = domain["name"]
        for project in data.get("projects", []):
            identity.add_project(project["name"], project.get("domain", "default"), project.get("id"))
        for entry in data.get("users", []):
            domain = entry.get("domain", "default")
            user = identity.add_user(entry["name"], entry["password"], domain, entry.get("id"))
            for name, roles in entry.get("projects", {}).items():
                user.roles.setdefault(self._project(name, domain).id, set()).update(roles)
            for name, roles in entry.get("domains", {}).items():
                user.roles.setdefault(name, set()).update(roles)
        for entry in data.get("application_credentials", []):
            self._seed_application_credential(entry)
        for entry in data.get("profiles", []):
            self._seed_profiles(entry)
        for entry in data.get("clusters", []):
            project = self._project(entry["project"])
            profile = next(one for one in self.store.profiles.values()
                           if one.name == entry["profile"] and one.project == project.id)
            cluster = Cluster(str(uuid.uuid4()), entry["name"], profile.id, project.id, profile.user, self.clock.now(),
                              self.clock.now())
            self.store.clusters[cluster.id] = cluster
        self.known.update(data.get("known", {}))

    def _project(self, name: str, domain: str = "default") -> Project:
        project: Project | None = self.identity.find(self.identity.projects, {"name": name, "domain": {"id": domain}})
        if project is None:
            raise ValueError(f"unknown project {name!r}")
        return project

    def _user(self, name: str) -> User:
        user: User | None = self.identity.find(self.identity.users, {"name": name, "domain": {"id": "default"}})
        if user is None:
            raise ValueError(f"unknown user {name!r}")
        return user

    def _seed_application_credential(self, entry: dict[str, Any]) -> None:
        user, project = self._user(entry["user"]), self._project(entry["project"])
        credential = ApplicationCredential(
            entry.get("id") or fixed_id("application_credential", f"{user.name}/{entry['name']}"), entry["name"],
            entry["secret"], user.id, project.id, entry.get("roles") or Identity.effective_roles(user, project.id),
            entry.get("unrestricted"), None, entry.get("expires"))
        self.identity.application_credentials[credential.id] = credential

    def _seed_profiles(self, entry: dict[str, Any]) -> None:
        project = self._project(entry["project"])
        user = entry.get("user", fixed_id("user", f"default/{entry['project']}"))
        for number in range(1, entry.get("count", 1) + 1):
            name = entry["name"].replace("{n}", str(number))
            self.store.add(Profile(
                entry.get("id") or str(uuid.uuid4()), name, type_name(entry["spec"]), entry["spec"],
                entry.get("metadata", {}), user, project.id, entry.get("created", self.clock.now())))

    def state(self) -> dict[str, Any]:
        """Profiles and clusters as the API shows them, what was done how often, logins by method."""
        store = self.store
        return {
            "profiles": [store.entity(profile) for profile in store.profiles.values()],
            "clusters": [store.cluster_entity(cluster) for cluster in store.live_clusters()],
            "projects": {project.name: project.id for project in self.identity.projects.values()},
            "users": {user.name: user.id for user in self.identity.users.values()},
            "application_credentials": {one.name: one.id for one in self.identity.application_credentials.values()},
            "counts": {**self.counts, "create_arrivals": self.create_arrivals, "tokens": len(self.identity.tokens)},
            "logins": self.identity.logins,
        }

    def actions(self) -> dict[str, Any]:
        """revoke_tokens {}: every token issued so far stops to be good."""

        def revoke_tokens(_body: dict[str, Any]) -> dict[str, int]:
            for token in self.identity.tokens.values():
                token.revoked = True
            return {"revoked": len(self.identity.tokens)}

        return {"revoke_tokens": revoke_tokens}

    # -- HTTP

    def apps(self) -> dict[str, list[BaseRoute]]:
        keystone, senlin = Keystone(self), Senlin(self)
        return {"keystone": [Route("/{path:path}", keystone.serve, methods=_METHODS)],
                "clustering": [Route("/{path:path}", senlin.serve, methods=_METHODS)]}

    def keystone_url(self, request: Request) -> str:
        """Keystone's address, on the name by which the clustering port was reached."""
        host = request.headers.get("host", "localhost").rpartition(":")[0]
        return f"https://{host}:{self.urls['keystone'].rpartition(':')[2]}/v3"

    def changing(self, method: str, raw_path: str, _body: bytes) -> bool:
        if raw_path.endswith(("/auth/tokens", "/profiles/validate")):
            return False
        return method not in ("GET", "HEAD", "OPTIONS")
