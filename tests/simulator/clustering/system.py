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
    clusters: [{name, profile, project, id?, nodes?, min_size?, max_size?, metadata?, config?, policies?, count?}]
              `profile` and `policies` by name: an ACTIVE cluster with `nodes` nodes (default 0); with `count`, that many
    policies: [{name, spec, project, id?}]
    receivers: [{name, cluster, action, params?, project, id?}]          `cluster` by name
    nodes:    [{name, profile, project, id?, metadata?, role?}]          nodes of no cluster
    known:    {flavors: [..], images: [..], networks: [..]}     what Nova, Glance and Neutron have; a kind that is
              left out is not asked for
"""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from ..core import System
from .engine import Binding, Cluster, Engine, Policy, Receiver, new_id
from .identity import ApplicationCredential, Identity, Project, User, fixed_id
from .keystone import Keystone
from .lifecycle import Lifecycle
from .senlin import Senlin
from .specs import type_name
from .store import Profile, Store

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_SECTIONS = ("domains", "projects", "users", "application_credentials", "profiles", "policies", "clusters", "nodes", "receivers",
             "known")


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
        "node_seconds": 0.1,               # what happens to one node
        "fails_early": True,               # a cluster's action fails with its first failed node while others go on, locked
        "cluster_quota": 100,              # clusters a project may have; one more is a 500
        "max_minor": 14,                   # the highest microversion
    }

    def reset(self) -> None:
        self.identity = Identity(self.clock, self.switches)
        self.store = Store(self.clock)
        self.engine = Engine(self.clock, self.switches, self.store.profiles)
        self.store.in_use = self.engine.profile_in_use
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
        for entry in data.get("policies", []):
            project = self._project(entry["project"])
            kind = f"{entry['spec']['type']}-{entry['spec']['version']}"
            policy = Policy(entry.get("id") or new_id(), entry["name"], kind, entry["spec"], project.id,
                            fixed_id("user", f"default/{entry['project']}"), self.engine.now)
            self.engine.policies[policy.id] = policy
        for entry in data.get("clusters", []):
            for number in range(1, entry.get("count", 1) + 1):
                self._seed_cluster(entry, entry["name"].replace("{n}", str(number)))
        for entry in data.get("nodes", []):
            profile = self._profile(entry)
            node = self.engine.new_node(profile.project, profile.user, profile.id, entry["name"], None,
                                        role=entry.get("role", ""), metadata=entry.get("metadata", {}))
            if "id" in entry:
                self.engine.nodes[entry["id"]] = self.engine.nodes.pop(node.id)
                node.id = entry["id"]
            self.engine._activate(node, "Creation succeeded")
        for entry in data.get("receivers", []):
            self._seed_receiver(entry)
        self.known.update(data.get("known", {}))

    def _profile(self, entry: dict[str, Any]) -> Profile:
        project = self._project(entry["project"])
        return next(one for one in self.store.profiles.values() if one.name == entry["profile"] and one.project == project.id)

    def _seed_cluster(self, entry: dict[str, Any], name: str) -> None:
        profile, engine = self._profile(entry), self.engine
        cluster = engine.add_cluster(Cluster(
            entry.get("id") or new_id(), name, profile.id, profile.project, profile.user, engine.now,
            min=entry.get("min_size", 0), max=entry.get("max_size", -1), metadata=entry.get("metadata", {}),
            config=entry.get("config", {})))
        engine.run_cluster(cluster, profile.project, profile.user, entry.get("nodes", 0))
        for wanted in entry.get("policies", []):
            policy = next(one for one in engine.policies.values() if one.name == wanted and one.project == profile.project)
            binding = Binding(new_id(), cluster.id, policy.id, True, 100)
            engine.bindings[binding.id] = binding

    def _seed_receiver(self, entry: dict[str, Any]) -> None:
        project, engine = self._project(entry["project"]), self.engine
        cluster = next(one for one in engine.clusters.values() if one.name == entry["cluster"] and one.project == project.id)
        ident, params = entry.get("id") or new_id(), entry.get("params", {})
        query = "".join(f"&{key}={value}" for key, value in sorted(params.items()))
        url = f"{self.urls['clustering']}/v1/webhooks/{ident}/trigger?V=2{query}"
        engine.receivers[ident] = Receiver(ident, entry["name"], "webhook", cluster.id, entry["action"], params, url,
                                           fixed_id("trust", ident), project.id, cluster.user, engine.now)

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
        """What there is as the API shows it at its highest version, what was done how often, logins by method."""
        store, engine, shown = self.store, self.engine, Lifecycle(self)
        engine.settle()
        newest = SimpleNamespace(minor=14)
        return {
            "profiles": [store.entity(profile) for profile in store.profiles.values()],
            "clusters": [shown.cluster_entity(one) for one in engine.clusters.values()],
            "nodes": [shown.node_entity(one, newest) for one in engine.nodes.values()],
            "policies": [shown.policy_entity(one) for one in engine.policies.values()],
            "bindings": [shown.binding_entity(one) for one in engine.bindings.values()],
            "receivers": [shown.receiver_entity(one) for one in engine.receivers.values()],
            "actions": [shown.action_entity(one, newest) for one in engine.actions.values()],
            "projects": {project.name: project.id for project in self.identity.projects.values()},
            "users": {user.name: user.id for user in self.identity.users.values()},
            "application_credentials": {one.name: one.id for one in self.identity.application_credentials.values()},
            "counts": {**self.counts, "create_arrivals": self.create_arrivals, "tokens": len(self.identity.tokens)},
            "logins": self.identity.logins,
        }

    def actions(self) -> dict[str, Any]:
        """revoke_tokens {}: every token issued so far stops to be good.

        server_orders {create, update, delete, rebuild, status, gone}: how servers fail from now on, see Engine.order.
        kill_engine {}: what is under way fails, as when the engine dies and is started again.
        cluster {id, ...}, node {id, ...}: set fields of a cluster or of a node, such as its status, as if somebody had.
        """

        def revoke_tokens(_body: dict[str, Any]) -> dict[str, int]:
            for token in self.identity.tokens.values():
                token.revoked = True
            return {"revoked": len(self.identity.tokens)}

        def server_orders(body: dict[str, Any]) -> dict[str, Any]:
            self.engine.settle()
            self.engine.order(**body)
            return body

        def kill_engine(_body: dict[str, Any]) -> dict[str, int]:
            self.engine.settle()
            return {"killed": self.engine.kill()}

        def setter(many: str) -> Any:
            def change(body: dict[str, Any]) -> dict[str, Any]:
                self.engine.settle()
                found = getattr(self.engine, many)[body.pop("id")]
                for key, value in body.items():
                    if not hasattr(found, key):
                        raise ValueError(f"there is no {key} in {many}")
                    setattr(found, key, value)
                return {}

            return change

        return {"revoke_tokens": revoke_tokens, "server_orders": server_orders, "kill_engine": kill_engine,
                "cluster": setter("clusters"), "node": setter("nodes")}

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
        if raw_path.endswith(("/auth/tokens", "/profiles/validate", "/policies/validate")):
            return False
        return method not in ("GET", "HEAD", "OPTIONS")
