# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are added quickly are what Ansible's own add_host() and set_variable() make."""

from __future__ import annotations

import gc
import weakref

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData

from ansible_collections.groundwork.provision.plugins.plugin_utils import inventory_hosts
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder, collector_paused

VARIABLES = {"xclarity_name": "{{ 6 * 7 }}", "xclarity_slots": [1], "ansible_host": "192.0.2.1"}


def data(source):
    inventory = InventoryData()
    inventory.current_source = source
    return inventory


@pytest.fixture(params=["a file", "no file"])
def source(request, tmp_path):
    path = tmp_path / "estate.xclarity.yml"
    path.write_text("")
    return str(path) if request.param == "a file" else None


@pytest.mark.parametrize("name", ["web-01", "localhost", "käse", "known"])
def test_as_the_long_way(source, name):
    """The same variables, name and address; ungrouped once Ansible has put its rules in order."""
    made = []
    for quick in (True, False):
        inventory = data(source)
        inventory.add_host("known")
        inventory.hosts["known"].set_variable("ansible_host", "other")
        if quick:
            assert Adder(inventory).add(name, dict(VARIABLES)) is inventory.hosts[name]
        else:
            inventory.add_host(name)
            for key, value in VARIABLES.items():
                inventory.set_variable(name, key, value)
        inventory.reconcile_inventory()
        host = inventory.hosts[name]
        local = inventory.localhost.name if inventory.localhost else None
        made.append((host.name, host.address, host.vars, [str(one) for one in host.groups], host.implicit, local))
        assert host._uuid
    assert made[0] == made[1]
    assert made[0][2]["inventory_file"] == source


def test_a_host_without_a_name_is_refused():
    inventory = data(None)
    with pytest.raises(AnsibleError, match="empty host name"):
        Adder(inventory).add("", dict(VARIABLES))
    assert inventory.hosts == {}


def test_a_later_source_wins():
    inventory = data(None)
    Adder(inventory).add("web-01", {"rack": "R1", "room": "A"})
    Adder(inventory).add("web-01", {"rack": "R2"})
    assert (inventory.hosts["web-01"].vars["rack"], inventory.hosts["web-01"].vars["room"]) == ("R2", "A")


@pytest.mark.parametrize("name", ["web-01", "known"])
def test_marked_as_data_where_ansible_does_not_mark_trust(monkeypatch, name):
    monkeypatch.setattr(inventory_hosts, "MARKS_TRUST", False)
    marked = []
    monkeypatch.setattr(inventory_hosts.unsafe_proxy, "wrap_var", lambda value: marked.append(dict(value)) or value)
    inventory = data(None)
    inventory.add_host("known")
    Adder(inventory).add(name, dict(VARIABLES))
    assert marked == [VARIABLES]


class Node:
    """One end of a cycle, like a host and its group."""

    def __init__(self):
        self.me = self


def test_the_collector_leaves_them_alone_until_there_are_new_ones():
    with collector_paused():
        assert not gc.isenabled()
        old = Node()
        seen = weakref.ref(old)
    assert gc.isenabled()
    assert gc.get_freeze_count()
    del old
    gc.collect()
    assert seen() is not None
    with collector_paused():
        gc.collect()
        assert seen() is None
    gc.unfreeze()


def test_a_failure_ends_the_pause():
    with pytest.raises(ValueError), collector_paused():
        raise ValueError
    assert gc.isenabled()
    gc.unfreeze()
