# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks as users write them: a module, some resources by id or by name, one of several spellings of the server, and options."""

from __future__ import annotations

import collections
import dataclasses
from typing import Any

from hypothesis import strategies as st

from .estates import (
    ADDRESSES,
    BACKUPS,
    CREDENTIAL,
    FOUND_AT,
    GROUP,
    HARDWARE,
    IMAGE,
    KINDS,
    NOBODY_AT,
    NODE_NAMES,
    NODES,
    PATTERNS,
    POLICIES,
    PROFILES,
    PROJECT,
    SECRETS,
    SHARES,
    SPECS,
    TARGET,
)  # fmt: skip

MODULES = (
    "profile_activation", "job", "backup", "backup_transfer", "osimage_export", "server_pool_request", "server_pool_server",
    "cluster_profile", "node_power", "managed_node", "firmware_policy", "firmware_update", "pattern_deployment", "os_deployment",
)  # fmt: skip
LABELS = ("fresh", "fresher")
PUSHED_TO = ("192.0.2.11", "192.0.2.12")  # the other server of the estate, and one that nobody can ask
HOSTS = tuple(f"{size}{number}.example" for size, count in (("m", 8), ("l", 3)) for number in range(count))


@dataclasses.dataclass(frozen=True, repr=False)
class Task:
    """verb: what it does, in one word. things: (how each resource is given, its id or what stands for it).

    redeploy: it starts again what is done already. counts: servers that are asked for, of each kind.
    """

    family: str
    verb: str
    module: str
    params: dict[str, Any]
    things: tuple[tuple[str, str], ...] = ()
    redeploy: bool = False
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    @property
    def waits(self) -> bool:
        return bool(self.params.get("wait", True))

    @property
    def again(self) -> bool:
        """Every run starts something, as is documented."""
        if self.verb in ("restart", "install") or self.params.get("activation") in ("delayed", "prioritized"):
            return True
        if self.family == "images" and self.params.get("force"):
            return True
        return self.redeploy or (self.verb == "push" and "target_username" not in self.params)

    def owns(self, ident: str, key: str) -> bool:
        """A request with this key is one for the thing ``ident`` of this task."""
        where = self.params.get("destination", "")
        where = where.rstrip("/") if where.startswith("/") else where
        if self.verb == "verified move":
            return key in (f"copy {ident} to {where}", f"delete {ident} at internal")
        if self.family == "clusters":
            return key == f"make {ident}" or key.startswith((f"update {ident} ", f"delete {ident} "))
        if self.family in HARDWARE:
            more = {"restart": f"on {ident}", "manage": f"discover {ident}"}.get(self.verb)
            return key in (f"{self.verb} {ident}", more) or (self.verb == "assign" and key.startswith(f"assign {ident} to "))
        if self.verb == "delete":
            return key == f"delete {ident} at {self.params['location'].rstrip('/')}"
        if self.verb in ("copy", "move", "push"):
            return key == f"{self.verb} {ident} to {where}"
        if self.verb == "export":
            return key == f"export {ident} {self.export_to}"
        return key == (self.verb if self.verb == "cancel push" else f"{self.verb} {ident}")

    @property
    def export_to(self) -> str:
        """Where an export goes: two of one profile are two exports, which no request tells."""
        return f"to {self.params.get('dest') or self.params.get('path')}"

    def __repr__(self) -> str:
        """In plain words."""
        given = ", ".join(text if text == ident else f"{text} [{ident}]" for text, ident in self.things)
        shown = {
            key: value for key, value in self.params.items()
            if key in ("restart", "redeploy", "destination", "location", "wait", "concurrency", "on_failure", "on_spec_change", "force",
                       "on_shortage", "lock", "dest", "path", "mode", "activation", "policy", "pattern")
        }  # fmt: skip
        who = self.params.get("username") or self.params.get("public_key") or self.params.get("auth", {}).get("username")
        where = self.params.get("endpoint") or self.params.get("auth", {}).get("auth_url")
        counts = ", ".join(f"{count} of {kind}" for kind, count in self.counts.items())
        options = " ".join(f"{key}={value}" for key, value in shown.items())
        return f"{self.verb} {counts or given} ({options}) as {who} at {where}"


# -- options ------------------------------------------------------------------------------------------------------------------


def _options(**more: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional={
        "concurrency": st.sampled_from([1, 2, 4]), "on_failure": st.just("stop"), "wait": st.just(False), "lock": st.just("best_effort"),
        **more,
    })  # fmt: skip


# Spellings of each server.
ENDPOINTS = (
    ("https://xclarity.memory", "https://manager.memory", "https://XClarity.memory:443/"),
    ("https://ops-manager.memory", "https://pool.memory/", "https://ops-manager.memory:443/api/public/v1.0"),
)
XCLARITY = st.fixed_dictionaries({
    "endpoint": st.sampled_from(ENDPOINTS[0]),
    "user": st.sampled_from([("AUTOMATION", SECRETS[0]), ("OPERATOR", SECRETS[1])]),
    "auth_method": st.sampled_from(["session", "session", "basic"]),
})  # fmt: skip
OPS_MANAGER = st.fixed_dictionaries({
    "endpoint": st.sampled_from(ENDPOINTS[1]),
    "user": st.sampled_from([("automation", SECRETS[2]), ("operator", SECRETS[3])]),
    "group": st.sampled_from([("group_id", GROUP), ("group_name", "payments")]),
})  # fmt: skip
OPENSTACK = st.fixed_dictionaries({
    "auth_url": st.sampled_from(["https://keystone.memory/v3", "https://identity.memory/v3/"]),
    "user": st.sampled_from([("maker", SECRETS[4]), ("keeper", SECRETS[5])]),
})  # fmt: skip


def _xclarity(drawn: dict[str, Any]) -> dict[str, Any]:
    user, password = drawn["user"]
    return {"endpoint": drawn["endpoint"], "username": user, "password": password, "auth_method": drawn["auth_method"]}


def _ops_manager(drawn: dict[str, Any]) -> dict[str, Any]:
    user, secret = drawn["user"]
    return {"endpoint": drawn["endpoint"], "public_key": user, "private_key": secret, drawn["group"][0]: drawn["group"][1]}


def _openstack(drawn: dict[str, Any]) -> dict[str, Any]:
    user, secret = drawn["user"]
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    return {"auth": {"auth_url": drawn["auth_url"], "username": user, "password": secret, "project_name": PROJECT, **domains}}


# What the tasks of each family may do; the first is what the family is for.
VERBS = {
    "profiles": ("activate", "unassign", "cancel job", "delete job"),
    "backups": ("copy", "move", "verified move", "push", "cancel push", "create", "delete"),
    "images": ("export",),
    "pool": ("order", "cancel request", "terminate"),
    "clusters": ("make", "remove"),
    "servers": ("restart", "on", "off", "manage", "unmanage"),
    "firmware": ("firmware", "assign", "withdraw"),
    "deployments": ("pattern", "install"),
}

# -- one strategy for each family ---------------------------------------------------------------------------------------------


def _some(rows: list[Any], most: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(rows), min_size=1, max_size=most, unique_by=str)


@st.composite
def profiles(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _xclarity(draw(XCLARITY)), draw(_options())
    verb = draw(st.sampled_from(verbs))
    if verb.endswith("job"):
        ids = draw(_some([str(number) for number in range(11, 17)], 3))
        state = "cancelled" if verb == "cancel job" else "absent"
        return Task("profiles", verb, "job", {**connection, **options, "jobs": ids, "state": state}, tuple((one, one) for one in ids))
    rows = draw(_some(PROFILES, 8))
    alone = collections.Counter(name for _id, name, _state in PROFILES)
    things = tuple((name if alone[name] == 1 and draw(st.booleans()) else ident, ident) for ident, name, _state in rows)
    own: dict[str, Any] = {"state": "inactive", "force": draw(st.booleans())}
    redeploy = False
    if verb == "activate":
        redeploy = draw(st.booleans())
        own = {"restart": draw(st.sampled_from(["immediate", "immediate", "defer"])), "redeploy": redeploy}
    asked = [{"profile": text, **({"uuid": TARGET[ident]} if verb == "activate" else {})} for text, ident in things]
    return Task("profiles", verb, "profile_activation", {**connection, **options, **own, "profiles": asked}, things, redeploy)


@st.composite
def backups(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _xclarity(draw(XCLARITY)), draw(_options())
    verb = draw(st.sampled_from(verbs))
    if verb == "create":
        label = draw(st.sampled_from(LABELS))
        options = {key: value for key, value in options.items() if key not in ("concurrency", "on_failure")}
        own: dict[str, Any] = {"label": label, "passphrase": SECRETS[6], "remote_share": draw(st.sampled_from([None, SHARES[0]]))}
        return Task("backups", verb, "backup", {**connection, **options, **own}, ((label, label),))
    if verb == "cancel push":
        own = {"operation": "push", "action": "cancel"}
        return Task("backups", verb, "backup_transfer", {**connection, **options, **own}, (("push", "push"),))
    rows = draw(_some(BACKUPS, 1 if verb == "push" else 3))
    alone = collections.Counter(label for _id, label, _at in BACKUPS)
    spelled = {ident: [ident, ident.upper(), *([label] if alone[label] == 1 else [])] for ident, label, _at in rows}
    things = tuple((draw(st.sampled_from(spelled[ident])), ident) for ident, _label, _at in rows)
    names = [text for text, _ident in things]
    if verb == "delete":
        own = {"state": "absent", "backups": names, "location": draw(st.sampled_from(["internal", "/mnt/a", "/mnt/a/", "all"]))}
        return Task("backups", verb, "backup", {**connection, **options, **own}, things)
    if verb == "push":
        own = {"operation": "push", "backup": names[0], "destination": draw(st.sampled_from(PUSHED_TO))}
        if own["destination"] == PUSHED_TO[0] and draw(st.booleans()):
            own |= {"target_endpoint": "https://xclarity-target.memory", "target_username": "OPERATOR", "target_password": SECRETS[1]}
        return Task("backups", verb, "backup_transfer", {**connection, **options, **own}, things)
    own = {"operation": "copy" if verb == "copy" else "move", "backups": [{"backup": name} for name in names]}
    places = ["/mnt/a", "/mnt/b", "/mnt/b/"] + (["internal"] if verb == "copy" else [])
    own["destination"] = draw(st.sampled_from(places))
    if verb == "verified move":
        own["move_method"] = "verified"
        options.pop("wait", None)
    return Task("backups", verb, "backup_transfer", {**connection, **options, **own}, things)


@st.composite
def images(draw: st.DrawFn, _verbs: tuple[str, ...]) -> Task:
    options = {key: value for key, value in draw(_options(force=st.just(True))).items() if key not in ("concurrency", "on_failure")}
    files = [{"dest": "{folder}/gold.tar.gz"}, {"dest": "{folder}/other.tar.gz"}]
    where = draw(st.sampled_from([*files, {"remote_file_server": "images", "path": "/srv/gold"}]))
    own = {**_xclarity(draw(XCLARITY)), **options, **where, "profile": IMAGE}
    return Task("images", "export", "osimage_export", own, ((IMAGE, IMAGE),))


@st.composite
def pool(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _ops_manager(draw(OPS_MANAGER)), draw(_options())
    verb = draw(st.sampled_from(verbs))
    if verb == "terminate":
        names = draw(_some(list(HOSTS), 3))
        own: dict[str, Any] = {"hostnames": [name.upper() if draw(st.booleans()) else name for name in names], "state": "absent"}
        return Task("pool", verb, "server_pool_server", {**connection, **options, **own}, tuple((one, one) for one in names))
    for name in ("concurrency", "on_failure"):
        options.pop(name, None)
    kinds = draw(_some(list(KINDS), 2))
    counts = collections.Counter({f"{kind['Datacenter']} {kind['Size']}": draw(st.integers(1, 9)) for kind in kinds})
    own = {"servers": [{"properties": kind, "count": counts[f"{kind['Datacenter']} {kind['Size']}"]} for kind in kinds]}
    things = ((GROUP, GROUP),)
    if verb == "order":
        own["on_shortage"] = draw(st.sampled_from(["wait", "partial", "fail"]))
        return Task("pool", verb, "server_pool_request", {**connection, **options, **own}, things, counts=counts)
    return Task("pool", verb, "server_pool_request", {**connection, **options, **own, "state": "absent"}, things)


@st.composite
def clusters(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    options = {key: value for key, value in draw(_options()).items() if key != "wait"}
    names = draw(_some(["a", "b", "c"], 3))
    own: dict[str, Any] = {"state": "absent"}
    rows: list[dict[str, Any]] = [{"name": name} for name in names]
    verb = draw(st.sampled_from(verbs))
    if verb == "make":
        own = {"on_spec_change": draw(st.sampled_from(["fail", "replace"]))}
        metadata = draw(st.sampled_from([None, {"team": "x"}, {"team": "y"}]))
        rows = [{"name": name, "spec": draw(st.sampled_from(SPECS)), "metadata": metadata} for name in names]
    things = tuple((name, name) for name in names)
    return Task("clusters", verb, "cluster_profile", {**_openstack(draw(OPENSTACK)), **options, **own, "profiles": rows}, things)


def _given(draw: st.DrawFn, most: int, nodes: list[str] | None = None) -> tuple[tuple[str, str], ...]:
    """Some servers, by UUID in several spellings or by name."""
    rows = draw(_some(NODES if nodes is None else nodes, most))
    alone = collections.Counter(NODE_NAMES)
    names = {node: [name] if alone[name] == 1 else [] for node, name in zip(NODES, NODE_NAMES, strict=True)}
    return tuple((draw(st.sampled_from([node, node.lower(), *names[node]])), node) for node in rows)


@st.composite
def servers(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _xclarity(draw(XCLARITY)), draw(_options())
    verb = draw(st.sampled_from(verbs))
    if verb == "manage":
        places = draw(_some([*FOUND_AT, *ADDRESSES[:2], NOBODY_AT], 3))
        secret: dict[str, Any] = {"bmc_username": "USERID", "bmc_password": SECRETS[7], "managed_authentication": True}
        stored = {"stored_credential": CREDENTIAL, "managed_authentication": False}
        own = {**draw(st.sampled_from([secret, stored])), "nodes": [{"address": place} for place in places]}
        return Task("servers", verb, "managed_node", {**connection, **options, **own}, tuple((place, place) for place in places))
    things = _given(draw, 3)
    if verb == "unmanage":
        at = dict(zip(NODES, ADDRESSES, strict=True))
        rows = [{"address": at[ident]} if draw(st.booleans()) else {"node": text} for text, ident in things]
        own = {"state": "absent", "force": draw(st.booleans()), "nodes": rows}
        return Task("servers", verb, "managed_node", {**connection, **options, **own}, things)
    state = {"restart": "restarted"}.get(verb, verb)
    own = {"state": state, "mode": draw(st.sampled_from(["graceful", "immediate"])), "nodes": [{"node": text} for text, _ident in things]}
    return Task("servers", verb, "node_power", {**connection, **options, **own}, things)


@st.composite
def firmware(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _xclarity(draw(XCLARITY)), draw(_options())
    verb = draw(st.sampled_from(verbs))
    things = _given(draw, 3, NODES[:5] if verb == "assign" else NODES[:4])
    own: dict[str, Any] = {"nodes": [{"node": text} for text, _ident in things]}
    if verb == "firmware":
        own["activation"] = draw(st.sampled_from(["immediate", "immediate", "delayed", "prioritized"]))
        return Task("firmware", verb, "firmware_update", {**connection, **options, **own}, things)
    own |= {"policy": draw(st.sampled_from(POLICIES))} if verb == "assign" else {"state": "absent"}
    return Task("firmware", verb, "firmware_policy", {**connection, **options, **own}, things)


@st.composite
def deployments(draw: st.DrawFn, verbs: tuple[str, ...]) -> Task:
    connection, options = _xclarity(draw(XCLARITY)), draw(_options())
    things = _given(draw, 3)
    rows = [{"node": text} for text, _ident in things]
    if draw(st.sampled_from(verbs)) == "install":
        own: dict[str, Any] = {"image": IMAGE, "confirm": True, "nodes": rows}
        return Task("deployments", "install", "os_deployment", {**connection, **options, **own}, things)
    own = {"pattern": draw(st.sampled_from(PATTERNS[0])), "restart": draw(st.sampled_from(["immediate", "immediate", "defer", "pending"]))}
    return Task("deployments", "pattern", "pattern_deployment", {**connection, **options, **own, "targets": rows}, things)


TASKS = {
    "profiles": profiles, "backups": backups, "images": images, "pool": pool, "clusters": clusters, "servers": servers,
    "firmware": firmware, "deployments": deployments,
}  # fmt: skip


@st.composite
def like(draw: st.DrawFn, task: Task) -> Task:
    """The same for a part of the things, and perhaps through another spelling of the server."""
    params, things = dict(task.params), task.things
    endpoints = next((places for places in ENDPOINTS if params.get("endpoint") in places), None)
    if endpoints is not None:
        params["endpoint"] = draw(st.sampled_from(endpoints))
    lists = ("profiles", "backups", "jobs", "hostnames", "nodes", "targets")
    listed = next((key for key in lists if len(params.get(key, ())) == len(things)), None)
    if listed is not None:
        keep = draw(st.lists(st.integers(0, len(things) - 1), min_size=1, max_size=len(things), unique=True))
        params[listed], things = [params[listed][number] for number in keep], tuple(things[number] for number in keep)
    return dataclasses.replace(task, params=params, things=things)
