# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source groundwork.provision.jobs: how the work of a server stands, whenever that changes."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPENSTACK, OPS_MANAGER, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api as openstack_api
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api as ops_manager_api
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_requests, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api as xclarity_api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs, profile_list, profiles
from ansible_collections.groundwork.provision.plugins.plugin_utils import event_hosts
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_changes import Change, Item, Memory
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_source import (
    COMMON,
    XCLARITY_CONNECTION,
    Event,
    Found,
    News,
    Source,
)
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_state import SourceError

NAME = "groundwork.provision.jobs"


class JobSource(Source):
    """What is the same for each system: read all items, pass on those whose state has changed."""

    NAME = NAME
    connection: t.ClassVar[Spec]  # the options of the system
    own: t.ClassVar[Options] = {}  # and of what is watched there

    memory: Memory

    @classmethod
    def options(cls) -> Spec:
        chosen = {"system": {"type": "str", "required": True, "choices": [cls.system]}, "backlog": {"type": "bool", "default": False}}
        return COMMON + cls.connection + Spec({**chosen, **cls.own})

    def kinds(self) -> list[str]:
        """The kinds of what is watched."""
        raise NotImplementedError

    def items(self) -> list[Item]:
        """All that is watched, as it stands now."""
        raise NotImplementedError

    def tell(self, changes: t.Sequence[Change]) -> list[tuple[t.Sequence[str], Event]]:
        """(hosts, body) of the event for each change."""
        raise NotImplementedError

    def begin(self) -> None:
        self.memory = Memory(self.state.data)

    def find(self) -> Found:
        items = self.items()
        kinds = self.kinds()
        if self.memory.begin(kinds, items, known=not self.params["backlog"]):
            self.state.touch()
        if self.memory.forget(kinds, items, self.client.clock.wall()):
            self.state.touch()
        changes = self.memory.changes(items)
        told = self.tell(changes) if changes else []
        return Found([self._news(change, *one) for change, one in zip(changes, told, strict=True)])

    def _news(self, change: Change, hosts: t.Sequence[str], body: Event) -> News:
        item = change.item
        facts = {"kind": item.kind, "id": item.id, "state": item.state, "previous": change.previous, **body}
        return News(self.event(self.memory.ident(self.server, change), hosts, facts), lambda: self.memory.keep(change))


class XClarityJobs(JobSource):
    """Jobs, and the states of server profiles."""

    system = xclarity_api.SYSTEM
    connection = XCLARITY_CONNECTION
    own: t.ClassVar[Options] = {
        "watch": {"type": "list", "elements": "str", "choices": ["jobs", "profiles"], "default": ["jobs", "profiles"]},
    }

    def __init__(self, params: dict[str, t.Any]) -> None:
        super().__init__(params)
        self._hosts = event_hosts.XClarityHosts(params["hostnames"])
        # Of this look, once they were read.
        self._profiles: list[dict[str, t.Any]] | None = None
        self._named: event_hosts.Named | None = None

    def connect(self, run: Run) -> Client:
        return xclarity_api.connect(run)

    def kinds(self) -> list[str]:
        return [one.removesuffix("s") for one in self.params["watch"]]

    def items(self) -> list[Item]:
        found: list[Item] = []
        self._profiles = self._named = None
        if "jobs" in self.params["watch"]:
            for entry in jobs.read_all(self.client):
                ident, began = jobs.ident(entry), entry.get("startTime")
                if ident is not None:
                    found.append(Item("job", ident, jobs.kind(entry), began if isinstance(began, str) else "", about=entry))
        if "profiles" in self.params["watch"]:
            self._profiles = profile_list.read(self.client)
            for one in self._profiles:
                target = profiles.normal(one["location"] or one["uuid"])
                found.append(Item("profile", one["id"], one["status"], mark=f"{one['status']} {target}", about=one))
        return found

    def tell(self, changes: t.Sequence[Change]) -> list[tuple[t.Sequence[str], Event]]:
        ids = [change.item.id for change in changes if change.item.kind == "job"]
        # With their parts, which the list leaves out: a job may say that it is complete although one of them failed.
        whole = jobs.read(self.client, ids) if ids else {}
        # For which device a job is, is told only as long as it runs.
        running = any(change.item.kind == "job" and change.item.state == "running" for change in changes)
        devices = {ident: device for ident, device, _text in jobs.read_open_devices(self.client)} if running else {}
        told: list[tuple[t.Sequence[str], Event]] = []
        for change in changes:
            about = change.item.about
            if change.item.kind == "profile":
                told.append((self._hosts.of(self.client, about["location"] or about["uuid"]), {"profile": about}))
                continue
            entry = whole.get(change.item.id, about)
            device = self.memory.note(change.item, "device", devices.get(change.item.id, ""))
            shown = jobs.public(entry)
            state = shown["state"] if change.item.state == "succeeded" else change.item.state
            told.append((self._hosts_of_job(entry, device), {"state": state, "job": shown}))
        return told

    def _hosts_of_job(self, entry: t.Mapping[str, t.Any], device: str) -> list[str]:
        """The hosts that a job is about: that of its device, else those whose names stand in its texts.

        One that speaks of a profile is about the server of that profile, whatever else is called like it. One that speaks of a backup is
        about the appliance, and about no server that is called like the backup or by that word. A name that several have tells nothing.
        """
        found = self._hosts.of(self.client, device)
        if found:
            return found
        text = _all_text(entry)
        if _OF_A_BACKUP.search(text):
            return []
        if profiles.may_activate(text):
            if self._named is None:
                every = profile_list.read(self.client) if self._profiles is None else self._profiles
                self._named = event_hosts.Named((one["name"], one) for one in every)
            named = self._named.in_text(text)
            if named:
                sure = [several[0] for several in named if len(several) == 1]
                return self._hosts.of(self.client, *(one["location"] or one["uuid"] for one in sure))
        return self._hosts.named_in(self.client, text)


# In small letters, and in English: a text in another language tells no host that is called by this word.
_OF_A_BACKUP = re.compile(r"\bback-?ups?\b")


def _all_text(entry: t.Mapping[str, t.Any]) -> str:
    """The words of a job and of its parts, in small letters."""
    children = entry.get("children")
    parts = [one for one in children if isinstance(one, dict)] if isinstance(children, list) else []
    return " ".join([jobs.text(entry), *(jobs.text(one) for one in parts[:100])])


class PoolRequests(JobSource):
    """Requests to the server pool of a group. ``bound`` of the state: the ids of the servers that the group had at the last change."""

    system = ops_manager_api.SYSTEM
    connection = OPS_MANAGER
    WORDS: t.ClassVar[dict[str, str]] = {"completed": "succeeded", "": "running"}

    def __init__(self, params: dict[str, t.Any]) -> None:
        super().__init__(params)
        self._group = ""

    def connect(self, run: Run) -> Client:
        return ops_manager_api.connect(run)

    def identity(self) -> tuple[str, ...]:
        self._group = ops_manager_api.group_id(self.client, self.params)
        return (self.system, self._group)

    def kinds(self) -> list[str]:
        return ["request"]

    def items(self) -> list[Item]:
        found = []
        for request in pool_requests.read_requests(self.client, self._group):
            ended = request.ended()
            found.append(Item("request", request.id, self.WORDS.get(ended, ended), request.created, about=request))
        if "bound" not in self.memory.data:
            self.memory.data["bound"] = _bound(self._servers())
        return found

    def tell(self, changes: t.Sequence[Change]) -> list[tuple[t.Sequence[str], Event]]:
        servers = self._servers()
        brought = self._brought([change.item.about for change in changes if change.item.state == "succeeded"], servers)
        self._bound_now = _bound(servers)
        told: list[tuple[t.Sequence[str], Event]] = []
        for change in changes:
            mine = brought.get(change.item.id)
            shown = None if mine is None else [one.public() for one in mine]
            told.append((event_hosts.pool_hosts(mine or ()), {"request": change.item.about.public(), "servers": shown}))
        return told

    def find(self) -> Found:
        found = super().find()
        if found.news:
            event, passed_on = found.news[-1]

            def last_passed_on() -> dict[str, t.Any]:
                delta = passed_on()
                self.memory.data["bound"] = self._bound_now
                return {**delta, "bound": self._bound_now}

            found.news[-1] = News(event, last_passed_on)
        return found

    def _servers(self) -> list[server_pool.Server] | None:
        """None where the key may not list them."""
        try:
            return server_pool.read_servers(self.client, self._group)
        except Failure as failure:
            if failure.status != 403:
                raise
            return None

    def _brought(
        self, done: t.Sequence[pool_requests.Request], servers: t.Sequence[server_pool.Server] | None
    ) -> dict[str, list[server_pool.Server]]:
        """The servers that each of these requests brought, by its id, where that is certain: no field tells it."""
        if not done or servers is None:
            return {}
        before = set(self.memory.data["bound"])
        fresh = [one for one in servers if one.status == server_pool.BOUND and one.id not in before]
        found = {request.id: server_pool.select(fresh, request.documents) for request in done}
        certain = sum(map(len, found.values())) == len(fresh) and all(len(found[one.id]) == len(one.documents) for one in done)
        return found if certain else {}


def _bound(servers: t.Sequence[server_pool.Server] | None) -> list[str]:
    return [one.id for one in servers or () if one.status == server_pool.BOUND]


class ClusterActions(JobSource):
    """Actions of the clustering service."""

    system = openstack_api.SYSTEM
    connection = OPENSTACK
    WORDS: t.ClassVar[dict[str, str]] = {
        **dict.fromkeys(actions.OPEN, "running"), actions.GOOD: "succeeded", actions.FAILED: "failed", actions.CANCELLED: "cancelled",
    }  # fmt: skip

    def connect(self, run: Run) -> Client:
        return openstack_api.connect(run, minor=openstack_api.NEWEST)

    def identity(self) -> tuple[str, ...]:
        # One project can have clusters in several regions; its id is that of all of them.
        return (self.system, *self.client.service, self.client.project)

    def kinds(self) -> list[str]:
        return ["action"]

    def items(self) -> list[Item]:
        return [
            Item("action", one["id"], self.WORDS.get(one["status"], "unknown"), str(one.get("created_at") or ""), about=one)
            for one in actions.search(self.client, ())
        ]

    def tell(self, changes: t.Sequence[Change]) -> list[tuple[t.Sequence[str], Event]]:
        hosts = event_hosts.cluster_hosts(self.client)
        told: list[tuple[t.Sequence[str], Event]] = []
        for change in changes:
            action = actions.public(change.item.about)
            told.append((hosts.get(str(action["target"]), ()), {"action": {**action, "inputs": masked(action["inputs"])}}))
        return told


SYSTEMS: dict[str, type[JobSource]] = {one.system: one for one in (XClarityJobs, PoolRequests, ClusterActions)}


def of(args: t.Mapping[str, t.Any]) -> type[JobSource]:
    """The source for the system that the arguments name."""
    found = SYSTEMS.get(str(args.get("system")))
    if found is None:
        raise SourceError(f"{NAME}: system has to be one of {', '.join(SYSTEMS)}. No server was asked.")
    return found
