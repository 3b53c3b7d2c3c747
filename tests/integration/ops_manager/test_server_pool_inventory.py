# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin server_pool, through the real ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    return subprocess.run([program, "-i", str(path), *arguments], env=environment, cwd=pool.harness.folder, capture_output=True,
                          text=True, check=False)  # fmt: skip


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
