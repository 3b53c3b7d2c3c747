# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of a project with their nodes, for whoever only reads: cluster_info and the inventory."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, nodes
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, NODES, Entry

KEYS = (
    "config", "created_at", "desired_capacity", "domain", "id", "init_at", "max_size", "metadata", "min_size", "name", "nodes",
    "policies", "profile_id", "profile_name", "project", "status", "status_reason", "timeout", "updated_at", "user",
)  # fmt: skip


def public(cluster: Entry) -> Entry:
    """A cluster for a result. The service tells the ids of nodes and policies in another order each time."""
    shown = {key: cluster.get(key) for key in KEYS}
    for key in ("nodes", "policies"):
        ids = shown[key]
        if isinstance(ids, list):
            shown[key] = sorted(ids, key=str)
    return shown


def search(
    client: api.Clustering,
    *,
    name: str | None = None,
    ident: str | None = None,
    status: str | None = None,
    with_nodes: bool = True,
    all_projects: bool = False,
) -> list[dict[str, t.Any]]:
    """The clusters that fit all that is given, oldest first, each with its nodes as ``members`` where they are asked for."""
    if ident is not None and not all_projects:
        one = listing.read_one(client, CLUSTERS, ident)
        found = [one] if one is not None else []
    else:
        found = listing.read_all(client, CLUSTERS, [("name", name)] if name is not None else [], all_projects=all_projects)
    found = [one for one in found if name in (None, one["name"]) and ident in (None, one["id"]) and status in (None, one.get("status"))]
    found.sort(key=lambda one: (str(one.get("init_at")), one["id"]))
    if not with_nodes:
        return [public(one) for one in found]
    if all_projects:
        listed = listing.read_all(client, NODES, all_projects=True)
        members = {one["id"]: [node for node in listed if node.get("cluster_id") == one["id"]] for one in found}
    else:
        members = nodes.of_clusters(client, {one["id"] for one in found})
    return [{**public(one), "members": [nodes.public(node) for node in members[one["id"]]]} for one in found]


# -- for inventories --------------------------------------------------------------------------------------------------


def missing(names: t.Iterable[str], clusters: t.Iterable[Entry]) -> list[str]:
    """The names that none of these clusters has, each once, in the order of the alphabet."""
    return sorted(set(names) - {one["name"] for one in clusters})


def hosts(client: api.Clustering, clusters: t.Iterable[Entry], *, active_only: bool, addresses: bool) -> list[dict[str, t.Any]]:
    """Each node of these clusters with its cluster, its role, its addresses by network, and its variables.

    addresses: ask the server of each node for them.
    """
    found = []
    for cluster in clusters:
        for node in cluster["members"]:
            if active_only and node["status"] != nodes.ACTIVE:
                continue
            details = nodes.details(client, node["id"]) if addresses and node["physical_id"] else {}
            found.append(
                {
                    "name": node["name"],
                    "id": node["id"],
                    "cluster": cluster["name"],
                    "role": node["role"] or "",
                    "addresses": _addresses(details),
                    "vars": {
                        "senlin_node_id": node["id"],
                        "senlin_node_name": node["name"],
                        "senlin_cluster": cluster["name"],
                        "senlin_cluster_id": cluster["id"],
                        "senlin_index": node["index"],
                        "senlin_role": node["role"] or "",
                        "senlin_status": node["status"],
                        "senlin_profile": node["profile_name"],
                        "senlin_server_id": node["physical_id"],
                        "senlin_metadata": node["metadata"] or {},
                    },
                }
            )
    return found


def _addresses(details: t.Mapping[str, t.Any]) -> dict[str, list[str]]:
    """The addresses of a server by the name of their network, IPv4 first."""
    told = details.get("addresses")
    found: dict[str, list[str]] = {}
    for network, entries in told.items() if isinstance(told, dict) else ():
        rows = [one for one in entries if isinstance(one, dict) and isinstance(one.get("addr"), str)] if isinstance(entries, list) else []
        rows.sort(key=lambda one: str(one.get("version")))
        found[str(network)] = [one["addr"] for one in rows]
    return found
