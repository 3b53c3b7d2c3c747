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
    """A cluster for a result."""
    return {key: cluster.get(key) for key in KEYS}


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
