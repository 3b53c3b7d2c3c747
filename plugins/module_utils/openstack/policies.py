# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies of the clustering service, and how they are bound to clusters."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, POLICIES, Entry

BINDING_KEYS = ("cluster_id", "cluster_name", "enabled", "id", "policy_id", "policy_name", "policy_type", "priority")


def bindings(client: api.Clustering, cluster: str) -> list[Entry]:
    """The policies that are attached to a cluster; none when it is gone."""
    what = f"read the policies of cluster {cluster}"
    try:
        data = client.read(listing.path(CLUSTERS, cluster, "policies"), what=what)
    except Failure as failure:
        if failure.status == 404:
            return []
        raise
    return api.objects(data, "cluster_policies", what)


def public_binding(binding: Entry) -> Entry:
    """A binding for a result."""
    return {key: binding.get(key) for key in BINDING_KEYS}


def find(client: api.Clustering, asked: t.Iterable[str]) -> dict[str, Entry]:
    """The policies of the project that are meant by these names or ids. Raises for one that is not there."""
    names, ids = listing.names_and_ids(asked)
    if not names:
        return {}
    entries = listing.read(client, POLICIES, names, ids)
    found = {}
    for name in names:
        one = listing.meant(POLICIES, name, entries)
        if one is None:
            raise bad_input(
                "policy_not_found",
                f"there is no policy {name} in this project.",
                "Look at cluster_policy_info, correct the name, and run again.",
                resource=name,
            )
        found[name] = one
    return found
