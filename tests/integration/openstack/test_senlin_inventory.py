# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin senlin_cluster, through the real ansible-inventory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import forked
import pytest
import yaml
from clustering_help import NOVA, changing, seed

PLUGIN = "groundwork.provision.senlin_cluster"


@pytest.fixture
def estate(empty_sim):
    """Two clusters of the project and one of another; a node of none."""
    seed(empty_sim, "small", NOVA)
    seed(empty_sim, "small", NOVA, project="alt_demo")
    named = {"config": {"node.name.format": "web-$2I"}}
    empty_sim.seed(
        clustering={
            "clusters": [
                {"name": "web", "profile": "small", "project": "demo", "nodes": 2, **named},
                {"name": "db.1", "profile": "small", "project": "demo", "nodes": 1},
                {"name": "theirs", "profile": "small", "project": "alt_demo", "nodes": 1},
            ],
            "nodes": [{"name": "alone", "profile": "small", "project": "demo"}],
        }
    )
    return empty_sim


def run(harness: Any, options: dict[str, Any], **env: str) -> subprocess.CompletedProcess[str]:
    path = harness.folder / "estate.senlin_cluster.yml"
    path.write_text(yaml.safe_dump({"plugin": PLUGIN, **options}), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-inventory")
    environment = {**harness.environment(**env), "ANSIBLE_INVENTORY_ENABLED": PLUGIN}
    return forked.run([program, "-i", str(path), "--list"], env=environment, cwd=harness.folder)


def listing(harness: Any, **options: Any) -> dict[str, Any]:
    done = run(harness, options)
    assert done.returncode == 0, done.stderr
    assert "[WARNING]" not in done.stderr, done.stderr
    assert "demopw" not in done.stdout + done.stderr
    return json.loads(done.stdout, object_hook=lambda entry: entry.get("__ansible_unsafe", entry))


def test_hosts_groups_and_addresses(estate, harness):
    since = estate.last()
    found = listing(harness)
    hosts = found["_meta"]["hostvars"]
    assert {"web-01", "web-02"} < set(hosts)
    assert len(hosts) == 3
    assert hosts["web-01"]["ansible_host"] == "192.168.0.1"
    assert (hosts["web-01"]["senlin_cluster"], hosts["web-01"]["senlin_status"]) == ("web", "ACTIVE")
    assert found["senlin_cluster_web"]["hosts"] == ["web-01", "web-02"]
    assert len(found["senlin_cluster_db_1"]["hosts"]) == 1
    assert changing(estate, since) == []


def test_filters_and_constructed_features(estate, harness):
    found = listing(harness, clusters=["web"], addresses=False, keyed_groups=[{"key": "senlin_profile", "prefix": "profile"}])
    assert sorted(found["_meta"]["hostvars"]) == ["web-01", "web-02"] == found["profile_small"]["hosts"]
    assert "ansible_host" not in found["_meta"]["hostvars"]["web-01"]
    assert "ansible_host" in listing(harness, clusters=["web"], network=" ")["_meta"]["hostvars"]["web-01"]  # not set


def test_a_cluster_that_is_not_there_is_warned_of(estate, harness):
    """A cluster without nodes is there."""
    estate.seed(clustering={"clusters": [{"name": "bare", "profile": "small", "project": "demo", "nodes": 0}]})
    done = run(harness, {"clusters": ["web", "bare", "wbe", "theirs"]})
    assert done.returncode == 0, done.stderr
    assert "there is no cluster theirs, wbe in this project" in " ".join(done.stderr.split()), done.stderr
    assert "web-01" in done.stdout


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return " ".join(done.stderr.split())


def test_a_network_that_no_node_has_is_warned_of(estate, harness):
    done = run(harness, {"clusters": ["web"], "network": "privat"})
    assert "no node has an address in the network 'privat' (option network); there are: 'private'" in said(done)
    assert "ansible_host" not in done.stdout
    assert "option network" in said(run(harness, {"clusters": ["web"], "network": "private", "addresses": False}))
    assert "[WARNING]" not in said(run(harness, {"clusters": ["web"], "network": "private"}))


def test_what_fits_nothing_is_warned_of_with_a_cache_too(estate, harness, tmp_path):
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    for _each in range(2):
        since = estate.last()
        text = said(run(harness, {**cache, "clusters": ["web", "wbe"], "network": "privat"}))
        assert "there is no cluster wbe in this project" in text
        assert "no node has an address in the network 'privat'" in text
    assert estate.log(since=since) == []


def test_an_address_that_leads_to_this_machine_is_left_out(estate, harness):
    node = next(one for one in estate.state("clustering")["nodes"] if one["name"] == "web-01")
    details = {"addresses": {"private": [{"addr": "127.0.0.1", "version": 4}]}, "status": "ACTIVE"}
    body = json.dumps({"node": {**node, "details": details}})
    estate.fault("clustering", "GET", f"/nodes/{node['id']}", status=200, body=body)
    done = run(harness, {"clusters": ["web"]})
    assert done.returncode == 0, done.stderr
    assert "the address of web-01" in done.stderr
    assert "127.0.0.1" not in done.stdout


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"cluster": "web"}, "Unknown option cluster"),
        ({"clusters": {"a": 1}}, "clusters"),
        ({"addresses": "perhaps"}, "addresses"),
        ({"auth": {"passwort": "demopw"}}, "Auth has no passwort; it takes"),
        ({"auth": {"password": {"a": "demopw"}}}, "The value of auth in the file"),
    ],
)
def test_an_option_is_read_strictly(estate, harness, options, word):
    since = estate.last()
    done = run(harness, options, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert done.returncode != 0
    assert word in " ".join(done.stderr.split())
    assert "demopw" not in done.stderr
    assert estate.log(since=since) == []


def test_a_wrong_password_is_not_shown(estate, harness):
    auth = {**harness.connection("openstack")["auth"], "password": "not-the-one"}
    done = run(harness, {"auth": auth, "ca_path": estate.ready["ca"]}, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert done.returncode != 0
    assert "not-the-one" not in done.stdout + done.stderr


def test_a_password_of_the_environment_that_keystone_echoes_is_not_shown(estate, harness):
    body = json.dumps({"error": {"message": "no user has s3cret-canary"}})
    estate.fault("keystone", "POST", "/auth/tokens", times=-1, status=401, body=body)
    done = run(harness, {}, OS_PASSWORD="s3cret-canary", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert done.returncode != 0
    assert "no user has" in " ".join(done.stderr.split())
    assert "s3cret-canary" not in done.stdout + done.stderr


OTHERS = [
    {"OS_PROJECT_NAME": "alt_demo", "OS_USERNAME": "alt_demo"}, {"OS_REGION_NAME": "Elsewhere"}, {"OS_PASSWORD": "not-the-right-one"},
    {"OS_AUTH_URL": "https://keystone.invalid/v3"}, {"OS_CLOUD": "other"},
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS, ids=lambda one: next(iter(one)))
def test_a_cache_is_for_one_cloud_and_one_user_wherever_these_are_told(estate, harness, other):
    """The variables of the environment and clouds.yaml choose the cloud; none of them is an option of the file."""
    cache = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(harness.folder / "cache")}
    assert "web-01" in run(harness, cache).stdout
    since = estate.last()
    assert "web-01" in run(harness, cache).stdout
    assert estate.log(since=since) == []
    elsewhere = run(harness, cache, **other)
    assert "web-01" not in elsewhere.stdout, elsewhere.stdout


def test_clusters_whose_names_make_one_group_have_one_each(estate, harness):
    estate.seed(clustering={"clusters": [{"name": name, "profile": "small", "project": "demo", "nodes": 1} for name in ("a.1", "a-1")]})
    done = run(harness, {})
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    groups = [told[name]["hosts"] for name in told if name.startswith("senlin_cluster_a_1")]
    assert ([len(hosts) for hosts in groups], "senlin_cluster_a_1" in told) == ([1, 1], False)
    assert "2 of the groups would be those of several clusters" in " ".join(done.stderr.split())


def test_a_node_with_the_name_of_a_node_of_another_cloud_is_a_host_of_its_own(estate, harness):
    """Each project has a node of that name, and a file of its own."""
    ready = estate.ready["ca"]
    auth = harness.connection("openstack")["auth"]
    estate.seed(clustering={"clusters": [
        {"name": "web", "profile": "small", "project": "alt_demo", "nodes": 1, "config": {"node.name.format": "web-$2I"}}]})  # fmt: skip
    for name, project in (("one", "demo"), ("two", "alt_demo")):
        given = {"plugin": PLUGIN, "auth": {**auth, "username": project, "project_name": project}, "ca_path": ready, "clusters": ["web"]}
        (harness.folder / f"{name}.senlin_cluster.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
    program = str(Path(sys.executable).parent / "ansible-inventory")
    sources = ["-i", "one.senlin_cluster.yml", "-i", "two.senlin_cluster.yml"]
    environment = {**harness.environment(), "ANSIBLE_INVENTORY_ENABLED": PLUGIN}
    done = forked.run([program, *sources, "--list"], env=environment, cwd=harness.folder)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    hosts = told["_meta"]["hostvars"]
    assert len(hosts) == 3, sorted(hosts)
    first, second = sorted(name for name in told if name.startswith("senlin_cluster_"))
    assert (first, second.startswith("senlin_cluster_web_")) == ("senlin_cluster_web", True)
    assert not set(told[first]["hosts"]) & set(told[second]["hosts"])
    assert "1 of the groups would be those of several clusters" in " ".join(done.stderr.split())
    assert len({json.dumps(one["senlin_node_id"]) for one in hosts.values()}) == 3
    assert "have the name of another server or of a group of this inventory" in " ".join(done.stderr.split())
