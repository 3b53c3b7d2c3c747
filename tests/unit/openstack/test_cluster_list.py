# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters as results show them."""

from __future__ import annotations

from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_list


def test_what_the_service_tells_in_any_order_is_shown_in_one():
    """It lists the ids of the same nodes and policies in another order each time."""
    shown = [cluster_list.public({"id": "1", "nodes": nodes, "policies": ["y", "x"]}) for nodes in (["b", "a"], ["a", "b"])]
    assert shown[0] == shown[1]
    assert (shown[0]["nodes"], shown[0]["policies"]) == (["a", "b"], ["x", "y"])
    assert cluster_list.public({"nodes": None})["nodes"] is None
