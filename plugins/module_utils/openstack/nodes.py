# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of clusters: their shape, and how those of many clusters are read at once."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import NODES, Entry

ACTIVE = "ACTIVE"
KEYS = (
    "cluster_id", "created_at", "id", "index", "metadata", "name", "physical_id", "profile_id", "profile_name", "project", "role",
    "status", "status_reason", "tainted", "updated_at", "user",
)  # fmt: skip
SHORT = ("id", "name", "index", "status", "status_reason", "physical_id", "profile_id", "role")


def of_clusters(client: api.Clustering, clusters: t.Collection[str]) -> dict[str, list[Entry]]:
    """The nodes of each of these clusters, by their index. One cluster is asked for its own; of more the project's are listed."""
    found: dict[str, list[Entry]] = {ident: [] for ident in clusters}
    if not found:
        return found
    listed = _of_one(client, next(iter(found))) if len(found) == 1 else listing.read_all(client, NODES)
    for node in listed:
        if node.get("cluster_id") in found:
            found[node["cluster_id"]].append(node)
    for members in found.values():
        members.sort(key=lambda node: (number(node), node["id"]))
    return found


def _of_one(client: api.Clustering, cluster: str) -> list[Entry]:
    try:
        return listing.read_all(client, NODES, [("cluster_id", cluster)])
    except Failure as failure:
        if failure.status == 400:  # the cluster is gone
            return []
        raise


def number(node: Entry) -> int:
    """Its index in its cluster, -1 for none."""
    index = node.get("index")
    return index if isinstance(index, int) else -1


def details(client: api.Clustering, ident: str) -> dict[str, t.Any]:
    """What the server of a node says of itself; empty when the node is gone meanwhile."""
    try:
        data = client.read(listing.path(NODES, ident), query=[("show_details", "true")], what=f"read node {ident}")
    except Failure as failure:
        if failure.status == 404:
            return {}
        raise
    found = listing.one_of(NODES, data).get("details")
    return found if isinstance(found, dict) else {}


def faults(members: t.Iterable[Entry]) -> list[str]:
    """Which of them are not ACTIVE, and why, in words."""
    return [
        f"node {node['name']} is {clean(node.get('status'), 20)}: {clean(node.get('status_reason') or 'no reason told', 120).rstrip('.')}"
        for node in members
        if node.get("status") != ACTIVE
    ]


def public(node: Entry) -> Entry:
    """A node for a result."""
    return {key: node.get(key) for key in KEYS}


def short(node: Entry) -> Entry:
    """A node as a part of its cluster's result."""
    return {key: node.get(key) for key in SHORT}
