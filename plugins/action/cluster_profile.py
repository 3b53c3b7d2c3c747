# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs cluster_profile in the controller where that gives the same result as a module; see plugin_utils/in_process.py."""

from __future__ import annotations

from ansible_collections.groundwork.provision.plugins.modules import cluster_profile
from ansible_collections.groundwork.provision.plugins.plugin_utils.clustering_action import ClusteringAction


class ActionModule(ClusteringAction):
    main = staticmethod(cluster_profile.main)
