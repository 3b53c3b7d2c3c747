# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option validate_only: what can be told of a server that is not there yet, and nothing else."""

from __future__ import annotations

import json

import pytest

NOBODY = "no-such-server"
IMAGE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
GOOD = {
    "firmware_policy": {"node": NOBODY, "policy": "production"},
    "firmware_update": {"node": NOBODY, "activation": "delayed"},
    "pattern_deployment": {"node": NOBODY, "pattern": "web", "restart": "defer"},
    "os_deployment": {"node": NOBODY, "image": IMAGE, "confirm": True},
}
WRONG = [
    ("firmware_policy", {"policy": "prodction"}, "policy_not_found"),
    ("firmware_policy", {"policy": ""}, "config_missing"),
    ("firmware_update", {"activation": ""}, "config_missing"),
    ("firmware_update", {"poll_interval": 0}, "config_number"),
    ("pattern_deployment", {"pattern": "wep"}, "pattern_not_found"),
    ("pattern_deployment", {"restart": ""}, "config_missing"),
    ("os_deployment", {"image": "bogus"}, "image_not_available"),
    ("os_deployment", {"network": {"ip_address": "192.0.2.9"}}, "config_network"),
    ("os_deployment", {"confirm": False}, "not_confirmed"),
]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("module", GOOD)
def test_a_server_that_is_not_there_yet(sim, run_module, module, check):
    result = run_module(module, {**GOOD[module], "validate_only": True}, check=check)
    assert (result.failed, result["changed"], result["outcome"], result["plan"]) == (False, False, "none", []), result
    assert [entry for entry in sim.log(system="xclarity", changing=True) if not entry["path"].startswith("/sessions")] == []


@pytest.mark.parametrize("module", GOOD)
def test_without_it_that_server_is_missed(sim, run_module, module):
    assert run_module(module, GOOD[module], check=True).code == "node_not_found"


@pytest.mark.parametrize("module, given, code", WRONG)
def test_a_mistake(sim, run_module, module, given, code):
    result = run_module(module, {**GOOD[module], "validate_only": True, **given})
    assert (result.code, result["changed"], result["outcome"]) == (code, False, "none")
    assert "Nothing was changed" in result["msg"]


@pytest.mark.parametrize("told", [None, []])
def test_images_whose_profiles_are_not_told_are_not_refused(sim, run_module, told):
    body = {"items": [{"id": "rhels9.4", "profiles": told}], "result": "success", "messages": []}
    sim.fault("xclarity", "GET", "^/osImages", status=200, body=json.dumps(body))
    assert not run_module("os_deployment", {**GOOD["os_deployment"], "image": "bogus", "validate_only": True}).failed


def test_a_policy_that_is_taken_away_need_not_be_there(sim, run_module):
    assert not run_module("firmware_policy", {"node": NOBODY, "policy": "old", "state": "absent", "validate_only": True}).failed
