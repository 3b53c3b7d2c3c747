# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""chassis_info, switch_info, storage_info and event_info against the simulator."""

from __future__ import annotations

import pytest

WEB, FLEX, CHASSIS = "0A10000000000000000000000000000A", "0A10000000000000000000000000000E", "1B54B9AEFCE04D5E820C0B6310D03590"


def test_chassis(sim, run_module):
    (one,) = run_module("chassis_info")["chassis"]
    assert (one["uuid"], one["name"], one["bays"], FLEX in one["nodes"]) == (CHASSIS, "chassis-1", 14, True)
    assert run_module("chassis_info", {"chassis": [CHASSIS.lower()]})["chassis"] == [one]
    assert run_module("chassis_info", {"chassis": ["no"]})["chassis"] == []
    assert run_module("chassis_info", {"raw": True})["chassis"][0]["raw"]["uuid"] == CHASSIS


def test_switches_and_storage(sim, run_module):
    """The power of a switch is a text, that of storage a number; placeholders are no places."""
    (switch,) = run_module("switch_info", {"switch": ["tor-1"]})["switches"]
    assert (switch["power"], switch["os"], switch["attached_nodes"], switch["address"], switch["status"]) == (
        "on", "CNOS", [WEB], "192.0.2.61", "managed",
    )  # fmt: skip
    sim.seed(xclarity={"storage_devices": [{"uuid": "5E" * 16, "name": "scu", "type": "SCU", "powerStatus": 18}]})
    array, scu = run_module("storage_info")["storage"]
    assert (array["location"], array["room"], array["rack"], array["rack_unit"]) == ("", "", "R12", 30)
    assert [(one["flex_node"], one["power"]) for one in (array, scu)] == [(False, "on"), (True, "standby")]


@pytest.mark.parametrize("module, path", [("chassis_info", "chassis"), ("switch_info", "switches"), ("storage_info", "storage")])
def test_an_answer_of_another_shape(sim, run_module, module, path):
    sim.fault("xclarity", "GET", f"^/{path}", status=200, body='{"list":[]}', times=-1)
    assert run_module(module).code == "bad_reply"


def test_events_by_number(sim, run_module):
    first = run_module("event_info", {"alerts": True})
    assert [(one["number"], one["severity"], one["class"]) for one in first["events"]] == [
        (4710, "informational", "audit"), (4711, "critical", "cooling"),
    ]  # fmt: skip
    assert (first["newest"], first["alerts"][0]["status"]) == (4711, "CRITICAL")
    sim.seed(xclarity={"events": [{"number": 25_000, "severity": 300}, {"number": 25_001, "sourceID": FLEX, "severity": "500"}]})
    since = run_module("event_info", {"after": first["newest"], "last": 100_000})
    assert [one["number"] for one in since["events"]] == [25_000, 25_001]
    assert [one["number"] for one in run_module("event_info", {"last": 1})["events"]] == [25_001]
    # After a restore the numbers begin anew.
    assert [one["number"] for one in run_module("event_info", {"after": 900_000})["events"]] == [25_000, 25_001]
    assert [one["number"] for one in run_module("event_info", {"last": 30_000, "severity": ["critical", "major"]})["events"]] == [
        4711, 25_001,
    ]  # fmt: skip
    assert [one["number"] for one in run_module("event_info", {"last": 30_000, "source": [WEB.lower()]})["events"]] == [4711]
    assert [one["number"] for one in run_module("event_info", {"last": 30_000, "kind": "audit"})["events"]] == [4710]
    assert run_module("event_info", {"last": 0}).code == "config_number"


def test_no_events_and_no_alerts(empty_sim, run_module):
    empty_sim.seed(xclarity={"users": {"AUTOMATION": {"password": "Passw0rd-demo", "role": "supervisor"}}})
    empty_sim.switches("xclarity", alerts_told=False)
    result = run_module("event_info", {"alerts": True})
    assert (result["events"], result["newest"], result["alerts"]) == ([], 0, None)
