# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of an event by the names that the inventory plugins of this collection give them."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._search import Words
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_list
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs, nodes, profiles
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import as_host_name, may_be_host, name_all, unique

FRESH = 300.0  # seconds for which names that were read are used
SOON = 30.0  # seconds between two readings for a server that is not among them
SHORTEST = 3  # letters of a name that is looked for in the text of a job


class Named:
    """Things that a text may speak of, by their names. entries: name and thing; names may repeat, in whatever case."""

    def __init__(self, entries: t.Iterable[tuple[str, t.Any]]) -> None:
        self._things: dict[str, list[t.Any]] = {}
        for name, thing in entries:
            if len(name) >= SHORTEST:
                self._things.setdefault(name.casefold(), []).append(thing)
        self._words = Words(self._things)

    def in_text(self, text: str) -> list[list[t.Any]]:
        """For each name that is a word of the text of a job, which is in small letters, all things of that name."""
        return [self._things[name] for name in self._words.present(text) if jobs.holds(text, name)]


class XClarityHosts:
    """Servers of XClarity Administrator, read when the first is asked for."""

    def __init__(self, keys: t.Sequence[str]) -> None:
        self._keys = keys
        self._read: float | None = None
        self._by_uuid: dict[str, str] = {}
        self._by_place: dict[str, str] = {}
        self._named = Named(())

    def of(self, client: t.Any, *targets: str) -> list[str]:
        """The hosts of these servers: UUIDs, or location ids of bays. Those that are not known have none."""
        wanted = [profiles.normal(target) for target in targets if target]
        if wanted:
            self._refresh(client, any(self._host(one) is None for one in wanted))
        return list(dict.fromkeys(host for one in wanted if (host := self._host(one))))

    def named_in(self, client: t.Any, text: str) -> list[str]:
        """The hosts of servers whose UUID or name is a word of the text of a job. A name that several have tells nothing."""
        self._refresh(client, False)
        return list(dict.fromkeys(hosts[0] for hosts in self._named.in_text(text) if len(hosts) == 1))

    def _host(self, target: str) -> str | None:
        return self._by_uuid.get(target, self._by_place.get(target))

    def _refresh(self, client: t.Any, missing: bool) -> None:
        clock: Clock = client.clock
        if self._read is not None and clock.monotonic() - self._read < (SOON if missing else FRESH):
            return
        found = [nodes.parse(entry) for entry in nodes.read_raw(client, attributes=nodes.ATTRIBUTES)]
        named = list(zip(name_all(found, self._keys, "uuid"), found, strict=True))
        self._by_uuid = {profiles.normal(node["uuid"]): name for name, node in named if node["uuid"]}
        self._by_place = {profiles.normal(f"{node['chassis']}_bay{node['slots'][0]}"): name for name, node in named if _has_bay(node)}
        self._named = Named((text, name) for name, node in named for text in dict.fromkeys((node["uuid"], node["name"])) if name)
        self._read = clock.monotonic()


def _has_bay(node: t.Mapping[str, t.Any]) -> bool:
    return bool(node["chassis"] and node["slots"])


def pool_hosts(servers: t.Sequence[t.Any]) -> list[str]:
    """Servers of a pool as its inventory names them."""
    usable = [server for server in servers if may_be_host(server.hostname)]
    return unique([server.hostname for server in usable], [server.id for server in usable])


def cluster_hosts(client: t.Any) -> dict[str, list[str]]:
    """The hosts of each node and of each cluster of the project, by id."""
    rows = []
    for row in cluster_list.hosts(client, cluster_list.search(client), active_only=False, addresses=False):
        name = row["name"] if may_be_host(row["name"]) else as_host_name(str(row["name"]))
        if may_be_host(name):
            rows.append((name, row))
    names = unique([name for name, _row in rows], [str(row["id"]) for _name, row in rows])
    found: dict[str, list[str]] = {}
    for name, (_plain, row) in zip(names, rows, strict=True):
        found[row["id"]] = [name]
        found.setdefault(row["vars"]["senlin_cluster_id"], []).append(name)
    return found
