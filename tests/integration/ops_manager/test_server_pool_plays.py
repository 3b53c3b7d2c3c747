# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server pool modules in real plays: every documented example, both ways in, and runs that follow one another."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest
import yaml
from harness import OPS_MANAGER_PRIVATE_KEY
from pool_under_test import OSLO, Pool

from simulator.client import Control

MODULES = ["server_pool_request", "server_pool_server", "server_pool_info", "server_pool_request_info"]
PLUGINS = "ansible_collections.groundwork.provision.plugins"


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_documentation_run(sim: Control, play, name: str) -> None:
    sim.switches("ops_manager", allocation_seconds=0, cancel_seconds=0, clean_seconds=0)
    tasks = yaml.safe_load(importlib.import_module(f"{PLUGINS}.modules.{name}").EXAMPLES)
    for task in tasks:
        options = task.get(f"groundwork.provision.{name}")
        if options is not None:
            options["endpoint"] = sim.ready["ops_manager"]
    played = play(tasks, variables={"ops_manager_private_key": OPS_MANAGER_PRIVATE_KEY})
    assert played.rc == 0, played.output
    assert played.recap["ok"] == len(tasks)
    assert (played.recap["changed"] > 0) == (name == "server_pool_request")


def test_both_ways_in_give_the_same_result(pool: Pool, play) -> None:
    """Inside the controller and as a module of its own, masked the same; the connection comes from the environment."""
    pool.switch(allocation_seconds=0)
    pool.ask(properties=OSLO)
    show = {"ansible.builtin.copy": {"content": "{{ got | to_json }}", "dest": str(pool.harness.folder / "got.json"), "mode": "0600"}}
    task: dict[str, Any] = {"groundwork.provision.server_pool_request": {"properties": OSLO, "count": 1}, "register": "got"}
    found = []
    for way in ("1", "0"):
        played = play([task, show], GROUNDWORK_IN_PROCESS=way)
        assert played.rc == 0, played.output
        assert OPS_MANAGER_PRIVATE_KEY not in played.output
        result = json.loads((pool.harness.folder / "got.json").read_text(encoding="utf-8"))
        del result["duration"]
        found.append(result)
    assert found[0] == found[1]
    assert found[0]["servers"][0]["hostname"] == "oslo1.example"


def test_a_request_that_arrives_late_is_waited_for_by_the_next_run(pool: Pool) -> None:
    """The answer is lost, and the request itself comes later than it is looked for; run again at once, it is not doubled."""
    pool.control.fault("ops_manager", "POST", r"/serverPool/requests$", reset="late", apply_after=0.8)
    first = pool.ask(properties=OSLO, reconcile_timeout=0.1)
    assert (first["outcome"], first["changed"]) == ("unknown", True)
    second = pool.ask(properties=OSLO, reconcile_timeout=2.0)
    assert (second.failed, second["changed"], len(second["servers"])) == (False, False, 1)
    assert len(pool.requests()) == 1


def test_what_the_server_says_is_made_harmless(pool: Pool) -> None:
    """Terminal sequences and broken Unicode in properties of the pool reach nobody's terminal."""
    entry = {"id": "1", "hostname": "h\x1b[31m\ud800", "properties": {"a\x07": "{{ 1 }}"}, "statusName": "BOUND"}
    evil = json.dumps({"results": [entry], "totalCount": 1})
    pool.control.fault("ops_manager", "GET", "/serverPool/servers", times=-1, body=evil)
    server = pool.run("server_pool_info", gather=["servers"])["servers"][0]
    assert "\x1b" not in json.dumps(server, ensure_ascii=False)
    json.dumps(server, ensure_ascii=False).encode()
