# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several sources of one inventory: what one says of a server does not become another server's."""

from __future__ import annotations

import pytest
from ansible import template
from ansible.inventory.data import InventoryData
from ansible.template import Templar

from ansible_collections.groundwork.provision.plugins.inventory import server_pool, xclarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes
from ansible_collections.groundwork.provision.plugins.plugin_utils import host_names, inventory_source

A, B = "0A" * 16, "0B" * 16
OPTIONS = {
    "vars_prefix": "xclarity_",
    "bmc_as_ansible_host": False,
    "hostnames": ["name", "uuid"],
    "property_groups": True,
    "strict": True,
    "devices": [],
    "compose": {},
    "groups": {},
    "keyed_groups": [],
}


def fill(kind, inventory, rows, endpoint="https://oslo.example.com", **more):
    """What a file of its own adds; returns what is told of names."""
    plugin = kind.InventoryModule()
    plugin.inventory = inventory
    plugin._left_out, plugin._renamed, plugin._composed = [], [], {"composed"}
    plugin.get_option = {**OPTIONS, "endpoint": endpoint, **more}.__getitem__
    plugin._origins, plugin._origin = inventory_source._ORIGINS.setdefault(inventory, {}), plugin.origin()
    plugin.templar = Templar(loader=None)
    plugin.fill(rows)
    return plugin._renamed


def server(uuid, **more):
    return {**nodes.parse({"uuid": uuid, "name": "web-01"}, "xclarity_"), **{f"xclarity_{key}": value for key, value in more.items()}}


def of_pool(ident):
    return {"name": "web-01", "vars": {"server_pool_id": ident, "server_pool_properties": {"Site": ident}}}


def test_two_servers_of_one_name_are_two_hosts():
    inventory = InventoryData()
    assert fill(xclarity, inventory, [server(A, profile="71", rack="R1")]) == []
    before = dict(inventory.hosts["web-01"].vars)
    assert fill(xclarity, inventory, [server(B, rack="R2")]) == [f"'web-01' is 'web-01_{B}'"]
    assert inventory.hosts["web-01"].vars == before
    second = inventory.hosts[f"web-01_{B}"].vars
    assert (second["xclarity_rack"], "xclarity_profile" in second) == ("R2", False)
    assert {host.name for host in inventory.groups["xclarity_servers"].hosts} == {"web-01", f"web-01_{B}"}


@pytest.mark.parametrize("again", [A, A.lower(), "0a0a0a0a-0a0a-0a0a-0a0a-0a0a0a0a0a0a"])
def test_the_same_server_is_the_same_host(again):
    inventory = InventoryData()
    fill(xclarity, inventory, [server(A, rack="R1")])
    assert fill(xclarity, inventory, [server(again, rack="R2")]) == []
    assert list(inventory.hosts) == ["web-01"]
    assert inventory.hosts["web-01"].vars["xclarity_rack"] == "R2"


def test_a_server_that_two_administrators_tell_of_is_two_hosts():
    """Moved, and left behind in the list of the first: profile, endpoint and password of one are not those of the other."""
    inventory = InventoryData()
    fill(xclarity, inventory, [server(A, profile="71", endpoint="https://oslo.example.com")])
    before = dict(inventory.hosts["web-01"].vars)
    for _each in range(2):
        told = fill(xclarity, inventory, [server(A, endpoint="https://rome.example.com")], endpoint="https://rome.example.com")
        assert told == [f"'web-01' is 'web-01_{A}'"]
    assert inventory.hosts["web-01"].vars == before
    assert "xclarity_profile" not in inventory.hosts[f"web-01_{A}"].vars
    assert fill(xclarity, inventory, [server(A)], endpoint="https://OSLO.example.com:443/") == []
    assert len(inventory.hosts) == 2
    told = fill(xclarity, inventory, [server(A)], endpoint="https://kyiv.example.com")
    assert told == [f"'web-01' is 'web-01_{A}_2'"]
    assert len(inventory.hosts) == 3


def test_one_id_in_the_pools_of_two_ops_managers():
    inventory = InventoryData()
    fill(server_pool, inventory, [of_pool("1")])
    assert fill(server_pool, inventory, [of_pool("1")], endpoint="https://rome.example.com") == ["'web-01' is 'web-01_1'"]


def test_read_once_more_the_second_keeps_its_name():
    inventory = InventoryData()
    for uuid in (A, B, A, B):
        fill(xclarity, inventory, [server(uuid)])
    assert list(inventory.hosts) == ["web-01", f"web-01_{B}"]


def test_servers_that_do_not_tell_who_they_are_do_not_share_a_host():
    inventory = InventoryData()
    for _each in range(2):
        fill(xclarity, inventory, [server("")])
    assert len(inventory.hosts) == 2


def test_a_host_that_people_wrote_is_filled_in():
    inventory = InventoryData()
    inventory.add_host("web-01")
    inventory.set_variable("web-01", "xclarity_profile", "71")
    assert fill(xclarity, inventory, [server(A)]) == []
    assert inventory.hosts["web-01"].vars["xclarity_profile"] == "71"


def test_two_servers_of_two_pools():
    inventory = InventoryData()
    fill(server_pool, inventory, [of_pool("1")])
    assert fill(server_pool, inventory, [of_pool("2")]) == ["'web-01' is 'web-01_2'"]
    assert {name: (host.vars["server_pool_id"], host.vars.get("ansible_host")) for name, host in inventory.hosts.items()} == {
        "web-01": ("1", None), "web-01_2": ("2", "web-01"),
    }  # fmt: skip
    assert [host.name for host in inventory.groups["server_pool_Site_2"].hosts] == ["web-01_2"]


def test_the_machine_that_reads_it_is_no_host(monkeypatch):
    """Neither by name, nor as the address of a controller that hosts are connected to."""
    monkeypatch.setattr(host_names, "own", lambda: frozenset({"web-01", "198.51.100.7"}))
    monkeypatch.setitem(OPTIONS, "bmc_as_ansible_host", True)
    inventory = InventoryData()
    rows = [server(A, bmc_address="192.0.2.1"), {**server(B, name="db-01", bmc_address="198.51.100.7")}]
    fill(xclarity, inventory, rows)
    fill(server_pool, inventory, [of_pool("1"), {**of_pool("2"), "name": "web-01."}])
    assert sorted(inventory.hosts) == [A, "db-01"]
    assert "ansible_host" not in inventory.hosts["db-01"].vars
    assert inventory.hosts["db-01"].vars["xclarity_bmc_address"] == ""


TRUSTED = getattr(template, "trust_as_template", str)
GROUPS = {
    "compose": {"ansible_host": TRUSTED("xclarity_rack"), "where": TRUSTED("xclarity_rack")},
    "groups": {"composed": TRUSTED("xclarity_rack == 'R1'")},
    "keyed_groups": [{"prefix": "rack", "key": TRUSTED("xclarity_rack"), "parent_group": "racks"}],
}


@pytest.mark.parametrize("name", ["xclarity_servers", "xclarity_devices", "composed", "people", "rack_R1", "racks", "rack_R2"])
@pytest.mark.parametrize("first", [True, False])
def test_a_server_that_is_named_like_a_group_speaks_for_itself_only(name, first):
    """It chooses its name; what Ansible would do for the host it would do for the group."""
    inventory = InventoryData()
    inventory.add_group("people")
    inventory.add_host("by-hand", group="people")
    mean, other = server(B, name=name, rack="R1"), server(A, rack="R2")
    told = fill(xclarity, inventory, [mean, other] if first else [other, mean], **GROUPS, devices=["switches"])
    for group in inventory.groups.values():
        assert group.vars == {}, group.name
        assert group.name not in {child.name for child in group.child_groups}
    (host,) = (host for host in inventory.hosts.values() if host.vars.get("xclarity_uuid") == B)
    assert {group.name for group in host.groups} >= {"xclarity_servers", "composed", "rack_R1"}
    assert (host.vars["where"], inventory.hosts["web-01"].vars["where"]) == ("R1", "R2")
    assert inventory.hosts["by-hand"].vars == {} or "where" not in inventory.hosts["by-hand"].vars
    if name in ("xclarity_servers", "xclarity_devices", "composed", "people"):
        assert (told, host.name) == ([f"'{name}' is '{name}_{B}'"], f"{name}_{B}")
