# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin xclarity, through the real ansible-inventory and ansible-playbook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml
from harness import XCLARITY_PASSWORD

import ansible_collections.groundwork.provision.plugins.inventory.xclarity as plugin

PLUGIN = "groundwork.provision.xclarity"


@pytest.fixture
def listing(sim, harness):
    """``listing(options)`` is what ansible-inventory --list says; ``.run`` gives the process."""

    def run(options: dict[str, Any], *arguments: str, program: str = "ansible-inventory", **env: str) -> subprocess.CompletedProcess[str]:
        path = harness.folder / "estate.xclarity.yml"
        path.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}), encoding="utf-8")
        command = [str(Path(sys.executable).parent / program), "-i", str(path), *arguments]
        environment = {**harness.environment(), **env}
        done = subprocess.run(command, env=environment, cwd=harness.folder, capture_output=True, text=True, check=False)
        assert XCLARITY_PASSWORD not in done.stdout + done.stderr
        return done

    def get(options: dict[str, Any], **env: str) -> dict[str, Any]:
        done = run(options, "--list", **env)
        assert done.returncode == 0, done.stderr
        assert "[WARNING]" not in done.stderr, done.stderr
        return json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))  # marked as data

    get.run = run
    return get


def test_hosts_and_variables(sim, listing):
    found = listing({})
    variables = found["_meta"]["hostvars"]
    assert sorted(variables) == ["app-01", "app-02", "db-01", "web-01", "web-02", "web-03"]
    web = variables["web-01"]
    assert (web["xclarity_bmc_address"], web["xclarity_rack"]) == ("192.0.2.21", "R12")
    assert "ansible_host" not in web
    assert "169.254" not in json.dumps(found)
    assert "fe80" not in json.dumps(found)
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]
    assert not sim.log(changing=True)


def test_constructed_features(sim, listing):
    options = {
        "compose": {"ansible_host": 'xclarity_name ~ ".servers.example"'},
        "groups": {"racked": 'xclarity_rack == "R12"', "blades": 'xclarity_chassis != ""'},
        "keyed_groups": [{"key": "xclarity_rack", "prefix": "rack"}, {"key": "xclarity_power", "prefix": "power"}],
    }
    found = listing(options)
    assert found["_meta"]["hostvars"]["db-01"]["ansible_host"] == "db-01.servers.example"
    assert found["racked"]["hosts"] == ["web-01", "web-02", "web-03"]
    assert found["blades"]["hosts"] == ["app-01", "app-02"]
    assert found["rack_R13"]["hosts"] == ["db-01"]
    assert len(found["power_on"]["hosts"]) == 6


def test_strict(sim, listing):
    broken = {"compose": {"x": "no_such_variable + 1"}}
    assert "x" not in listing(broken)["_meta"]["hostvars"]["web-01"]
    assert "no_such_variable" in listing.run({**broken, "strict": True}, "--list").stderr


@pytest.mark.parametrize("key, name", [("fqdn", "xcc-web-01.example.test"), ("bmc_address", "192.0.2.21")])
def test_host_names(sim, listing, key, name):
    assert name in listing({"hostnames": [key]})["_meta"]["hostvars"]


@pytest.mark.parametrize(
    "nodes, names",
    [
        ([{"name": "a", "fqdn": "f"}], ["a"]),
        ([{"name": "", "fqdn": "f"}], ["f"]),
        ([{"name": "", "fqdn": ""}], ["U0"]),
        ([{"name": "a", "fqdn": ""}, {"name": "b", "fqdn": ""}, {"name": "a", "fqdn": ""}], ["a_U0", "b", "a_U2"]),
        ([{"name": "Web Server 1", "fqdn": ""}], ["Web_Server_1"]),
        ([{"name": "!&@-a:b,c[0]*?", "fqdn": ""}], ["__@-a_b_c_0___"]),
        ([{"name": "-+@", "fqdn": ""}], ["U0"]),
        ([{"name": "käse", "fqdn": ""}], ["käse"]),
    ],
)
def test_names(nodes, names):
    """The first key that is told; fit for a pattern of hosts; no two the same."""
    nodes = [{**node, "uuid": f"U{number}"} for number, node in enumerate(nodes)]
    assert plugin.name_all(nodes, ["name", "fqdn"], "uuid") == names


def test_names_that_are_taken_twice_or_hard_to_use(sim, listing):
    more = [
        ("B" * 32, "Web Server 1", {}), ("C" * 32, "twin", {}), ("D" * 32, "twin", {}), ("E" * 32, "", {}),
        ("F" * 32, "a,b:c&d!e[0:9]*", {}), ("1" * 32, "-dash", {"FQDN": None}),
    ]  # fmt: skip
    sim.seed(xclarity={"nodes": [{"uuid": uuid, "name": name, "attributes": extra} for uuid, name, extra in more]})
    hosts = set(listing({"hostnames": ["name", "uuid"]})["_meta"]["hostvars"])
    assert {"Web_Server_1", "twin_" + "C" * 32, "twin_" + "D" * 32, "E" * 32, "a_b_c_d_e_0_9__", "dash"} <= hosts
    assert len(hosts) == 12


def test_the_controller_as_the_host(sim, listing):
    found = listing({"bmc_as_ansible_host": True, "vars_prefix": "lx_"})["_meta"]["hostvars"]["web-01"]
    assert (found["ansible_host"], found["lx_name"]) == ("192.0.2.21", "web-01")
    assert not [key for key in found if key.startswith("xclarity_")]


def test_filters(sim, listing):
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "managed": False, "attributes": {"mgmtProcType": "XCC2"}}]})
    assert list(listing({"status": "unmanaged"})["_meta"]["hostvars"]) == ["new"]
    assert list(listing({"bmc_type": "XCC2"})["_meta"]["hostvars"]) == ["new"]
    assert "new" not in listing({"status": "managed"})["_meta"]["hostvars"]


def test_hostile_text(sim, listing):
    """Templates stay text, control characters go."""
    texts = {"productName": "{{ 6 * 7 }}", "model": "a\x1b[31m\r\nb"}
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "evil", "attributes": texts}]})
    found = listing({"keyed_groups": [{"key": "xclarity_product", "prefix": "p"}]})
    assert found["_meta"]["hostvars"]["evil"]["xclarity_product"] == "{{ 6 * 7 }}"
    assert "\x1b" not in found["_meta"]["hostvars"]["evil"]["xclarity_model"]
    assert "p_42" not in found


def test_hostile_text_in_a_play(sim, harness, listing):
    """What a server tells is never evaluated, whatever the release of Ansible trusts by itself."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "evil", "attributes": {"productName": "{{ 6 * 7 }}"}}]})
    book = harness.folder / "play.yml"
    task = {"ansible.builtin.debug": {"msg": "got {{ xclarity_product }}"}}
    book.write_text(json.dumps([{"hosts": "evil", "gather_facts": False, "tasks": [task]}]))
    done = listing.run({}, str(book), program="ansible-playbook")
    assert "got {{ 6 * 7 }}" in done.stdout, done.stdout + done.stderr


def test_no_servers_at_all(empty_sim, listing):
    empty_sim.reset()
    empty_sim.seed(xclarity={"users": {"AUTOMATION": {"password": XCLARITY_PASSWORD}}})
    done = listing.run({}, "--list")
    assert done.returncode == 0
    assert json.loads(done.stdout)["_meta"]["hostvars"] == {}


def test_cache(sim, harness, listing, tmp_path):
    """The second run asks nothing; --flush-cache asks again. No secret is in the cache, and nothing of the other options."""
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache"), "cache_timeout": 600}
    first = listing({**options, "bmc_as_ansible_host": True})
    assert first["_meta"]["hostvars"]["web-01"].pop("ansible_host") == "192.0.2.21"
    since = sim.last()
    second = listing(options)
    assert "ansible_host" not in second["_meta"]["hostvars"]["web-01"]
    assert second["_meta"]["hostvars"]["web-01"] == first["_meta"]["hostvars"]["web-01"]
    assert sim.log(since=since) == []
    book = harness.folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": []}]))
    assert listing.run(options, "--flush-cache", str(book), program="ansible-playbook").returncode == 0
    assert [e["method"] for e in sim.log(since=since)] == ["POST", "GET", "DELETE"]
    assert "lx_uuid" in listing({**options, "vars_prefix": "lx_"})["_meta"]["hostvars"]["web-01"]
    (cached,) = (tmp_path / "cache").iterdir()
    assert XCLARITY_PASSWORD not in cached.read_text()


@pytest.mark.parametrize(
    "options, env, text",
    [
        ({}, {"XCLARITY_PASSWORD": "wrong-password"}, "did not accept user and password"),
        ({"endpoint": "http://127.0.0.1"}, {}, "must begin with https://"),
        ({"ca_path": certifi.where()}, {}, "not trusted"),
        ({"timeout": 0}, {}, "timeout must lie between"),
    ],
)
def test_mistakes(sim, listing, options, env, text):
    """A clear sentence, no traceback, no secret."""
    done = listing.run(options, "--list", **env)
    assert text in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong-password" not in done.stderr


@pytest.mark.parametrize("name, ours", [("xclarity.yml", True), ("a.xclarity.yaml", True), ("estate.yml", False), ("xclarity.json", False)])
def test_files_that_are_ours(tmp_path, name, ours):
    (tmp_path / name).write_text(f"plugin: {PLUGIN}\n")
    assert plugin.InventoryModule().verify_file(str(tmp_path / name)) is ours


def test_options_of_the_file_may_be_templates(sim, listing):
    options = {"password": "{{ lookup('ansible.builtin.env', 'MY_SECRET') }}", "username": "AUTOMATION"}
    done = listing.run(options, "--list", XCLARITY_PASSWORD="", MY_SECRET=XCLARITY_PASSWORD)
    assert "web-01" in done.stdout, done.stderr


def test_in_a_play(sim, harness, listing):
    """The documented example, and a play over what it makes."""
    book = harness.folder / "play.yml"
    task = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }} {{ xclarity_bmc_address }}"}}
    book.write_text(json.dumps([{"hosts": "rack_R12", "gather_facts": False, "tasks": [task]}]))
    options = {"keyed_groups": [{"key": "xclarity_rack", "prefix": "rack"}]}
    done = listing.run(options, str(book), program="ansible-playbook")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "web-02 192.0.2.22" in done.stdout
    assert "db-01" not in done.stdout


def test_the_documented_example(sim, listing):
    example = yaml.safe_load(plugin.EXAMPLES)
    del example["plugin"], example["endpoint"], example["ca_path"]
    found = listing(example)
    assert found["rack_R12"]["hosts"] == ["web-01", "web-02", "web-03"]
    assert len(found["powered_on"]["hosts"]) == 6
    assert found["_meta"]["hostvars"]["db-01"]["ansible_host"] == "db-01.servers.example.com"


def test_many(sim, listing):
    """Ten thousand with one list; every one is there."""
    sim.seed(xclarity={"generate": {"rack_nodes": 10000, "prefix": "many"}})
    done = listing.run({}, "--graph")
    assert done.stdout.count("--many-") == 10000
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]
