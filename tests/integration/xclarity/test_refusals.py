# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in a list is told for all of it at once, so that a user who corrects it does so once."""

from __future__ import annotations

import pytest

IMAGE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
UNKNOWN = [{"node": "web-97"}, {"node": "web-01"}, {"node": "web-98"}]
DARK = [{"node": "dark-7"}, {"node": "web-03"}, {"node": "dark-8"}]


@pytest.mark.parametrize(
    "module, params, code, resources",
    [
        ("node_power", {"state": "on", "nodes": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("node_led", {"state": "on", "nodes": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("firmware_policy", {"policy": "production", "nodes": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("firmware_update", {"activation": "immediate", "nodes": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("os_deployment", {"confirm": True, "image": IMAGE, "nodes": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("pattern_deployment", {"pattern": "web", "restart": "immediate", "targets": UNKNOWN}, "node_not_found", ["web-97", "web-98"]),
        ("node_power", {"state": "off", "nodes": DARK}, "node_offline", ["dark-7", "dark-8"]),
        ("node_power", {"state": "off", "nodes": [*DARK, {"node": "strange"}]}, "node_offline", ["dark-7", "dark-8", "strange"]),
        ("firmware_update", {"activation": "immediate", "nodes": DARK}, "node_offline", ["dark-7", "dark-8"]),
        ("os_deployment", {"confirm": True, "image": IMAGE, "nodes": DARK}, "node_offline", ["dark-7", "dark-8"]),
        ("os_deployment", {"confirm": True, "nodes": [{"node": "web-01", "image": "x"}, {"node": "web-02", "image": "y"}]},
         "image_not_available", ["web-01", "web-02"]),
        ("firmware_policy", {"nodes": [{"node": "web-01", "policy": "a"}, {"node": "web-02", "policy": "b"}]}, "policy_not_found",
         ["a", "b"]),
        ("pattern_deployment",
         {"restart": "immediate", "targets": [{"node": "web-01", "pattern": "a"}, {"node": "web-02", "pattern": "b"}]},
         "pattern_not_found", ["a", "b"]),
        ("profile_activation", {"restart": "immediate", "profiles": [{"profile": "a"}, {"profile": "b"}]}, "profile_not_found", ["a", "b"]),
        ("profile_activation", {"restart": "immediate", "profiles": [{"profile": "web-01"}, {"profile": "web-02"}]}, "uuid_missing",
         ["web-01", "web-02"]),
        ("managed_node", {"stored_credential": "3401", "managed_authentication": False, "nodes": [{"address": "a"}, {"address": "b"}]},
         "config_address", ["a", "b"]),
        ("managed_node", {"state": "absent", "nodes": DARK}, "node_offline", ["dark-7", "dark-8"]),
        ("backup_transfer", {"operation": "copy", "destination": "/mnt/backups", "backups": [{"backup": "a"}, {"backup": "b"}]},
         "backup_not_found", ["a", "b"]),
    ],
)  # fmt: skip
def test_every_item_that_is_refused_is_named(sim, run_module, module, params, code, resources):
    sim.seed(xclarity={
        "nodes": [
            *({"uuid": n * 32, "name": f"dark-{n}", "attributes": {"accessState": "Offline"}} for n in "78"),
            {"uuid": "6" * 32, "name": "strange", "managed": False},
        ],
        "firmware": {n * 32: {"policy": "production"} for n in "78"},
    })  # fmt: skip
    for check in (True, False):
        result = run_module(module, params, check=check)
        assert (result.code, result["error"]["resources"]) == (code, resources), result
        assert all(name in result["msg"] for name in resources)
        assert "Nothing was changed." in result["msg"]
        if code in ("node_not_found", "node_offline", "profile_not_found"):
            assert result["error"]["hint"].endswith("or leave it out.")
    assert sim.log(system="xclarity", changing=True) == []


@pytest.mark.parametrize(
    "module, params, words",
    [
        ("firmware_update", {"activation": "immediate", "node": "web-03"}, "now, perhaps several times"),
        ("firmware_update", {"activation": "delayed", "node": "web-03"}, None),
        ("pattern_deployment", {"pattern": "web", "restart": "immediate", "node": "web-01"}, "now"),
        ("pattern_deployment", {"pattern": "web", "restart": "defer", "node": "web-01"}, "none; it ends with the next manual restart"),
        ("pattern_deployment", {"pattern": "web", "restart": "pending", "node": "web-01"}, "none; nothing is activated"),
    ],
)
def test_the_diff_tells_the_restart(sim, run_module, module, params, words):
    (after,) = run_module(module, params, check=True)["diff"]["after"].values()
    assert after.get("restart") == words
