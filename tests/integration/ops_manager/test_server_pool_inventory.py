# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin server_pool, through the real ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import forked
import pytest
import yaml
from harness import OPS_MANAGER_PRIVATE_KEY
from pool_under_test import GROUP, LARGE, OSLO, ROME, Pool

PLUGIN = "groundwork.provision.server_pool"


@pytest.fixture
def held(pool: Pool) -> Pool:
    """The group holds oslo1, rome1 and large1; oslo1 runs a database."""
    pool.switch(allocation_seconds=0)
    assert not pool.ask(servers=[{"properties": one} for one in (OSLO, ROME, LARGE)]).failed
    pool.control.seed(ops_manager={
        "agents": {"payments": [{"typeName": "AUTOMATION", "hostname": "OSLO1.example", "confCount": 7, "stateName": "ACTIVE"}]},
        "hosts": {"payments": [{"id": "p1", "hostname": "oslo1.example", "port": 27017, "typeName": "REPLICA_PRIMARY"}]},
    })  # fmt: skip
    pool.mark()
    return pool


def run(pool: Pool, command: str, options: dict[str, Any], *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    path = pool.harness.folder / "estate.server_pool.yml"
    path.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}), encoding="utf-8")
    program = str(Path(sys.executable).parent / command)
    environment = {**pool.harness.environment(**env), "ANSIBLE_INVENTORY_ENABLED": PLUGIN}
    return forked.run([program, "-i", str(path), *arguments], env=environment, cwd=pool.harness.folder)


def listing(pool: Pool, **options: Any) -> dict[str, Any]:
    done = run(pool, "ansible-inventory", options, "--list")
    assert done.returncode == 0, done.stderr
    assert "[WARNING]" not in done.stderr, done.stderr
    assert OPS_MANAGER_PRIVATE_KEY not in done.stdout + done.stderr
    return json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))  # marked as data


def test_hosts_groups_and_facts(held: Pool) -> None:
    found = listing(held, agents=True, processes=True)
    variables = found["_meta"]["hostvars"]
    assert sorted(variables) == ["large1.example", "oslo1.example", "rome1.example"]
    oslo = variables["oslo1.example"]
    assert oslo["server_pool_properties"] == {**OSLO, "Rack": "r1"}
    assert (oslo["server_pool_status"], oslo["server_pool_group_id"]) == ("BOUND", GROUP)
    assert oslo["server_pool_agent"] == {"state": "ACTIVE", "conf_count": 7, "last_conf": None}
    assert oslo["server_pool_processes"][0]["type"] == "REPLICA_PRIMARY"
    assert variables["rome1.example"]["server_pool_agent"]["state"] == "NO_PROCESSES"
    assert variables["rome1.example"]["server_pool_processes"] == []
    assert found["server_pool_Datacenter_oslo"]["hosts"] == ["large1.example", "oslo1.example"]
    assert found["server_pool_Size_l"]["hosts"] == ["large1.example"]
    assert held.log(changing=True) == []
    # one challenge, the group, and one list each for servers, agents and processes
    assert len(held.log()) == 5


def test_constructed_features_and_filters(held: Pool) -> None:
    found = listing(
        held,
        property_groups=False,
        properties={"Datacenter": "oslo"},
        compose={"rack": "server_pool_properties.Rack"},
        groups={"big": "server_pool_properties.Size == 'l'"},
        keyed_groups=[{"key": "server_pool_properties.Size", "prefix": "size"}],
    )
    assert sorted(found["_meta"]["hostvars"]) == ["large1.example", "oslo1.example"]
    assert found["_meta"]["hostvars"]["large1.example"]["rack"] == "r3"
    assert found["big"]["hosts"] == found["size_l"]["hosts"] == ["large1.example"]
    assert "server_pool_Size_l" not in found


def test_the_key_as_a_template(held: Pool) -> None:
    key = "{{ lookup('ansible.builtin.env', 'MY_KEY') }}"
    done = run(held, "ansible-inventory", {"private_key": key}, "--list", MY_KEY=OPS_MANAGER_PRIVATE_KEY, OPS_MANAGER_PRIVATE_KEY="")
    assert '"oslo1.example"' in done.stdout, done.stderr


def test_the_cache_saves_the_requests(held: Pool) -> None:
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(held.harness.folder / "cache")}
    first = listing(held, **options)
    held.mark()
    assert listing(held, **options) == first
    assert held.log() == []


@pytest.mark.parametrize(
    "properties, text",
    [
        ({"Datacenter": "Olso"}, "no server of the group has Datacenter=Olso (option properties)"),
        ({"Datacenter": ["oslo", "Olso"], "Colour": 7}, "no server of the group has Colour=7, Datacenter=Olso (option properties)"),
        ({"Datacenter": ROME["Datacenter"], "Size": LARGE["Size"]}, "no server of the group has all of the properties (option properties)"),
        ({"Datacenter": OSLO["Datacenter"]}, ""),
    ],
)
def test_properties_that_fit_nothing_are_warned_of_with_a_cache_too(held: Pool, properties: dict[str, Any], text: str) -> None:
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(held.harness.folder / "cache")}
    for options in ({}, cache, cache):
        held.mark()
        done = run(held, "ansible-inventory", {"properties": properties, **options}, "--list")
        assert done.returncode == 0, done.stderr
        shown = " ".join(done.stderr.split())
        assert text in shown
        assert ("[WARNING]" in shown) == bool(text), shown
    assert held.log() == []


def test_properties_are_data_and_never_evaluated(held: Pool) -> None:
    evil = {"Datacenter": "{{ lookup('ansible.builtin.pipe', 'touch pwned') }}", "Size": "m"}
    held.control.seed(ops_manager={"servers": [{"hostname": "evil.example", "properties": evil, "group": "payments"}]})
    book = held.harness.folder / "show.yml"
    shown = "{{ server_pool_properties.Datacenter }} {{ hostvars[inventory_hostname].server_pool_properties }}"
    tasks = [{"ansible.builtin.debug": {"msg": shown}}]
    book.write_text(yaml.safe_dump([{"hosts": "evil.example", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    done = run(held, "ansible-playbook", {}, str(book))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "lookup(" in done.stdout
    assert not (held.harness.folder / "pwned").exists()


@pytest.mark.parametrize(
    "options, told",
    [
        ({"private_key": "wr0ng-key"}, "did not accept the credentials"),
        ({"group_name": "nobodys"}, "no group of that name"),
        ({"endpoint": "http://plain.example"}, "must begin with https://"),
        ({"properties": {"Size": True}}, "the pool knows only text"),
    ],
)
def test_failures_say_why_and_hold_no_secret(held: Pool, options: dict[str, Any], told: str) -> None:
    done = run(held, "ansible-inventory", options, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert done.returncode != 0
    assert told in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert "wr0ng-key" not in done.stdout + done.stderr


def told(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join((done.stdout + done.stderr).split())


HOSTILE = [
    "-oProxyCommand=touch pwned", "a b", "a\nb", "a;touch pwned", "{{ 7 * 7 }}", "../../etc", "localhost", "127.0.0.1", "all", "\x1b[2J",
]  # fmt: skip


def test_only_a_host_name_becomes_a_host(held: Pool) -> None:
    """An agent names its machine. What is no name is left out, with one warning."""
    servers = [{"hostname": name, "properties": OSLO, "group": "payments"} for name in HOSTILE]
    held.control.seed(ops_manager={"servers": servers})
    done = run(held, "ansible-inventory", {}, "--list")
    found = json.loads(done.stdout)
    assert sorted(found["_meta"]["hostvars"]) == ["large1.example", "oslo1.example", "rome1.example"]
    assert found["server_pool_Datacenter_oslo"]["hosts"] == ["large1.example", "oslo1.example"]
    assert done.stderr.count("[WARNING]") == 1
    assert f"{len(HOSTILE)} of the names and addresses that the server told cannot be used and are left out: the server '" in told(done)
    assert "\x1b" not in done.stderr
    book = held.harness.folder / "play.yml"
    book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [{"ansible.builtin.raw": "true"}]}]), encoding="utf-8")
    run(held, "ansible-playbook", {}, str(book), "--ssh-common-args=-o ConnectTimeout=1 -o ProxyCommand=false")
    assert not (held.harness.folder / "pwned").exists()


def test_two_servers_of_one_name_stay_two(held: Pool) -> None:
    again = {"hostname": "oslo1.example", "properties": {**OSLO, "Rack": "r9"}, "group": "payments"}
    held.control.seed(ops_manager={"servers": [again]})
    variables = listing(held)["_meta"]["hostvars"]
    both = {name: one for name, one in variables.items() if name.startswith("oslo1.example")}
    assert len(both) == 2
    assert {one["server_pool_properties"]["Rack"] for one in both.values()} == {"r1", "r9"}
    assert {one["ansible_host"] for one in both.values()} == {"oslo1.example"}
    assert "oslo1.example" not in both


def test_groups_are_made_of_letters_digits_and_underscores(held: Pool) -> None:
    """Those of properties and those of keyed_groups, whatever agents wrote. A group's name is looked for on the disk."""
    evil = {"Datacenter": "../../{{ 7 * 7 }}\x1b[2J;-o", "Size": "x" * 5000, "Rack\n": "all"}
    held.control.seed(ops_manager={"servers": [{"hostname": "evil.example", "properties": evil, "group": "payments"}]})
    keyed = [{"key": "server_pool_properties", "prefix": "p"}, {"key": "server_pool_properties.Datacenter", "prefix": "", "separator": ""}]
    found = listing(held, keyed_groups=keyed)
    names = [name for name in found if name != "_meta"]
    assert all(re.fullmatch(r"\w+", name, re.ASCII) for name in names), names
    book = held.harness.folder / "play.yml"
    book.write_text(yaml.safe_dump([{"hosts": "evil.example", "gather_facts": False, "tasks": [{"ansible.builtin.debug": {}}]}]))
    done = run(held, "ansible-playbook", {"keyed_groups": keyed}, str(book))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_template_in_the_properties(held: Pool) -> None:
    """Values and names; what a variable holds is not evaluated once more."""
    wanted = {"{{ 'Data' }}center": "{{ site }}", "Size": ["{{ size | default('m') }}", "l"]}
    done = run(held, "ansible-inventory", {"properties": wanted}, "--list", "-e", "site=oslo")
    assert sorted(json.loads(done.stdout)["_meta"]["hostvars"]) == ["large1.example", "oslo1.example"], done.stderr
    done = run(held, "ansible-inventory", {"properties": wanted}, "--list")
    assert "value of properties in the file cannot be evaluated as a template: a variable in it is not defined" in told(done)


@pytest.mark.parametrize("blank", ["", "another-group"])
def test_the_group_of_the_file_is_the_one(held: Pool, blank: str) -> None:
    """Whatever the environment has for its id."""
    found = run(held, "ansible-inventory", {"group_name": "payments"}, "--list", OPS_MANAGER_GROUP_ID=blank, OPS_MANAGER_GROUP_NAME="")
    assert '"oslo1.example"' in found.stdout, found.stderr
    both = run(held, "ansible-inventory", {"group_name": "payments", "group_id": GROUP}, "--list")
    assert "Group_id and group_name say the same thing: set one of them." in told(both)


def test_names_of_the_options_as_the_modules_have_them(held: Pool) -> None:
    options = {"username": "automation", "api_key": OPS_MANAGER_PRIVATE_KEY, "project_name": "payments"}
    found = run(held, "ansible-inventory", options, "--list", OPS_MANAGER_PUBLIC_KEY="nobody", OPS_MANAGER_PRIVATE_KEY="")
    assert '"oslo1.example"' in found.stdout, found.stderr
    twice = run(held, "ansible-inventory", {"group_name": "payments", "project_name": "other"}, "--list")
    assert "Group_name is set twice, under two of its names." in told(twice)


@pytest.mark.parametrize(
    "options, env",
    [
        ({"properties": {"Datacenter": "rome"}}, {}),
        ({"agents": True}, {}),
        ({"group_name": "nobodys"}, {}),
        ({}, {"OPS_MANAGER_PRIVATE_KEY": "wr0ng-key"}),
    ],
)
def test_a_cache_is_for_one_group_one_key_and_one_choice(held: Pool, options: dict[str, Any], env: dict[str, str]) -> None:
    cached = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(held.harness.folder / "cache")}
    listing(held, **cached)
    held.mark()
    run(held, "ansible-inventory", {**cached, **options}, "--list", **env)
    assert held.log() != []
