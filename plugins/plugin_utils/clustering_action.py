# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of the modules for OpenStack Clustering.

Ansible loads an action before it starts the worker of its task. What is imported here each worker finds there; by itself each would import
openstacksdk anew, which takes about 0.4 s of CPU, ten times as long as the rest of a task.
"""

from __future__ import annotations

import contextlib
import importlib

from ansible_collections.groundwork.provision.plugins.plugin_utils.in_process import InProcessAction

# What module_utils/openstack/settings.py and identity.py import where they need it.
LIBRARIES = ("openstack.config", "openstack.exceptions", "keystoneauth1.loading", "keystoneauth1.session", "keystoneauth1.identity.v3")

# Where they are missing or broken, the task says so; see module_utils/openstack/settings.py.
with contextlib.suppress(Exception):
    for library in LIBRARIES:
        importlib.import_module(library)


class ClusteringAction(InProcessAction):
    """The action of every module for OpenStack Clustering."""
