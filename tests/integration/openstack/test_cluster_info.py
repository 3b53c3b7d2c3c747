# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_profile_info and cluster_profile_type_info against the simulator."""

from __future__ import annotations

import pytest
from clustering_help import HEAT, KEYS, NOVA, changing, seed, there

INFO, TYPES = "cluster_profile_info", "cluster_profile_type_info"


@pytest.fixture
def profiles(empty_sim):
    seed(empty_sim, "web", HEAT)
    seed(empty_sim, "web", NOVA, metadata=None)
    seed(empty_sim, "db", NOVA)
    seed(empty_sim, "web", HEAT, project="alt_demo")
    return there(empty_sim)


def test_all_of_the_project_oldest_first(empty_sim, run_module, profiles):
    """The page: the ten attributes of the answer."""
    result = run_module(INFO)
    assert result["changed"] is False
    assert [one["id"] for one in result["profiles"]] == [one["id"] for one in sorted(profiles, key=lambda p: (p["created_at"], p["id"]))]
    assert all(sorted(one) == KEYS for one in result["profiles"])
    assert all(one["metadata"] == {} for one in result["profiles"])
    assert changing(empty_sim) == []


@pytest.mark.parametrize("params, count", [
    ({"name": "web"}, 2),
    ({"name": "we"}, 0),
    ({"name": "web", "type": "os.nova.server"}, 1),
    ({"type": "os.nova.server-1.0"}, 2),
    ({"type": "os.nova.server-9.9"}, 0),
    ({"type": "os.nova"}, 0),
    ({"id": "00000000-0000-4000-8000-000000000000"}, 0),
])  # fmt: skip
def test_filters(run_module, profiles, params, count):
    result = run_module(INFO, params)
    assert not result.failed, result
    assert len(result["profiles"]) == count


def test_by_id_only_in_the_own_project(empty_sim, run_module, profiles, harness):
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    params = {"id": profiles[0]["id"].upper()}
    assert [one["id"] for one in run_module(INFO, params)["profiles"]] == [profiles[0]["id"]]
    assert run_module(INFO, {"auth": auth, **params})["profiles"] == []
    assert len(run_module(INFO, {"auth": auth, "all_projects": True, **params})["profiles"]) == 1


def test_all_projects(run_module, profiles, harness):
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    assert run_module(INFO, {"auth": auth})["profiles"] == []
    assert len(run_module(INFO, {"auth": auth, "all_projects": True})["profiles"]) == 4
    assert run_module(INFO, {"all_projects": True}).code == "forbidden"


@pytest.mark.parametrize("params, code", [({"id": "12"}, "config_id"), ({"name": "a b"}, "config_name")])
def test_bad_input(empty_sim, run_module, params, code):
    result = run_module(INFO, params)
    assert result.code == code
    assert empty_sim.log(system="clustering") == []


@pytest.mark.parametrize("body", ["{}", "[]", '{"profiles": {}}', '{"profiles": [1]}', '{"profiles": [{"id": "x"}]}', "<html>"])
def test_answers_of_no_known_shape(empty_sim, run_module, body):
    empty_sim.fault("clustering", "GET", "/v1/profiles", times=-1, status=200, body=body)
    # An entry that comes on every page again is a list without an end.
    expected = ("list_unstable",) if '"id"' in body else ("bad_reply", "not_json")
    assert run_module(INFO).code in expected


def test_a_list_that_begins_anew_is_read_anew(empty_sim, run_module, monkeypatch):
    """The service takes no notice of a marker that was deleted meanwhile, and sends its first page again."""
    from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

    monkeypatch.setattr(api, "PAGE", 2)
    seed(empty_sim, "node-{n}", count=5)
    import json

    first = json.dumps({"profiles": sorted(there(empty_sim), key=lambda one: one["created_at"])[:2]})
    empty_sim.fault("clustering", "GET", "marker", status=200, body=first)
    assert len(run_module(INFO)["profiles"]) == 5
    empty_sim.fault("clustering", "GET", "/v1/profiles", times=-1, status=200, body=first)
    assert run_module(INFO).code == "list_unstable"


def test_the_types(empty_sim, run_module):
    result = run_module(TYPES)
    assert result["changed"] is False
    found = {one["type"]: one for one in result["profile_types"]}
    assert set(found) == {"container.dockerinc.docker-1.0", "os.heat.stack-1.0", "os.nova.server-1.0"}
    server = found["os.nova.server-1.0"]
    assert (server["name"], server["version"]) == ("os.nova.server", "1.0")
    assert server["support_status"] == [{"since": "2016.04", "status": "SUPPORTED"}]


def test_one_type_with_its_schema(empty_sim, run_module):
    (kind,) = run_module(TYPES, {"type": "os.nova.server-1.0"})["profile_types"]
    assert kind["schema"]["flavor"]["required"] is True
    assert run_module(TYPES, {"type": "os.bogus-1.0"})["profile_types"] == []


def test_the_types_of_an_older_service(empty_sim, run_module):
    """Below microversion 1.5 name and version are one text; 406 says that the number is too high."""
    empty_sim.fault("clustering", "GET", "/v1/profile-types", nth=1, status=406, body="{}")
    (kind,) = [one for one in run_module(TYPES)["profile_types"] if one["name"] == "os.heat.stack"]
    assert kind == {"type": "os.heat.stack-1.0", "name": "os.heat.stack", "version": "1.0", "support_status": []}


@pytest.mark.parametrize("name", [INFO, TYPES])
def test_the_examples_of_the_documentation_run(empty_sim, play, name):
    import importlib

    import yaml

    module = importlib.import_module(f"ansible_collections.groundwork.provision.plugins.modules.{name}")
    tasks = yaml.safe_load(module.EXAMPLES)
    for task in tasks:
        task[f"groundwork.provision.{name}"].pop("cloud")
    played = play(tasks)
    assert played.rc == 0, played.output
    assert played.recap["changed"] == 0
