# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module loads what it uses and no more: nothing of another system, no OpenStack library, no part that only others need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
UTILS = "ansible_collections.groundwork.provision.plugins.module_utils."

LOADED = """
import importlib, json, sys
sys.path[:0] = sys.argv[1:2]
importlib.import_module("ansible_collections.groundwork.provision.plugins." + sys.argv[2])
print(json.dumps(sorted(sys.modules)))
"""


def loaded(name: str, kind: str = "modules") -> set[str]:
    """All that is in a fresh interpreter after the import of one plugin."""
    tree = os.environ["ANSIBLE_COLLECTIONS_PATH"]
    done = subprocess.run([sys.executable, "-c", LOADED, tree, f"{kind}.{name}"], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def system(name: str) -> str:
    return "ops_manager" if name.startswith("server_pool") else "openstack" if name.startswith("cluster") else "xclarity"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_loads_its_own_system_only(name):
    found = loaded(name)
    own = system(name)
    for other in {"xclarity", "ops_manager", "openstack"} - {own}:
        assert not [one for one in found if one.startswith(UTILS + other)]
    # Loaded when a client is made, and openstacksdk's reader only when the option cloud is given.
    assert not [one for one in found if one.split(".")[0] in ("keystoneauth1", "openstack", "yaml", "jinja2")]
    assert (UTILS + "_digest" in found) is (own == "ops_manager")
    assert not [one for one in found if one.startswith("ansible.module_utils.urls")]


@pytest.mark.parametrize("name", ["cluster", "cluster_info", "node_power", "server_pool_request"])
def test_an_action_loads_what_its_workers_would_load_one_by_one(name):
    """Ansible imports the action before it starts the worker of each task: openstacksdk once for all of them, and for nobody else."""
    found = loaded(name, "action")
    assert {"openstack.config", "keystoneauth1.identity.v3"} <= found or system(name) != "openstack"
    assert not [one for one in found if one.split(".")[0] in ("keystoneauth1", "openstack")] or system(name) == "openstack"


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("_info") and not name.startswith(("server_pool", "cluster"))])
def test_a_module_that_reads_loads_no_lock_and_no_pool(name):
    found = loaded(name)
    assert not found & {UTILS + one for one in ("_guard", "_bulk", "_download", "_archive")}


@pytest.mark.parametrize("name", ["profile_info", "node_info"])
def test_a_small_module_that_reads_sends_nothing_and_waits_for_nothing(name):
    """profile_info is the small task of the benchmark: as a module it compiles each file that it loads, each time."""
    assert not loaded(name) & {UTILS + one for one in ("_driver", "_operation", "_wait")}


def test_the_inventory_of_servers_loads_what_it_always_needs():
    """The rest is loaded when an option asks for it."""
    own = {one.removeprefix(UTILS) for one in loaded("xclarity", "inventory") if one.startswith(UTILS + "xclarity.")}
    assert own == {"xclarity.api", "xclarity.nodes"}
