# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_power and node_led against the simulator, whose power lags, and whose lights have names by the kind of server."""

from __future__ import annotations

import json

import pytest
from running import until

from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import node_power_operations

WEB, WEB2, DB = "0A10000000000000000000000000000A", "0A10000000000000000000000000000B", "0A10000000000000000000000000000D"
FLEX = "0A10000000000000000000000000000E"


def bodies(sim, since=0):
    """What was sent that changes something."""
    return [(e["path"], json.loads(e["body"])) for e in sim.log(since=since, system="xclarity", changing=True)]


def power(sim, uuid):
    return sim.state("xclarity")["nodes"][uuid]["power"]


@pytest.fixture
def slow(sim):
    """Actions take effect at the end of their job, and the appliance tells it later still."""
    sim.switches("xclarity", power_effect="at_end", power_status_lag=0.3)
    return sim


@pytest.mark.parametrize(
    "state, mode, before, word",
    [
        ("on", "graceful", 5, "powerOn"), ("on", "immediate", 5, "powerOn"), ("off", "graceful", 8, "powerOffSoftGraceful"),
        ("off", "immediate", 8, "powerOff"), ("restarted", "graceful", 8, "powerCycleSoftGrace"),
        ("restarted", "immediate", 8, "powerCycleSoft"), ("restarted", "graceful", 5, "powerOn"),
    ],
)  # fmt: skip
def test_each_word(slow, run_module, state, mode, before, word):
    """The words of PUT /nodes: recorded requests and the sources of two clients."""
    slow.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "power": before}]})
    params = {"node": "new", "state": state, "mode": mode}
    planned = run_module("node_power", params, check=True)
    assert bodies(slow) == []
    result = run_module("node_power", params)
    assert not result.failed, result
    assert bodies(slow) == [(f"/nodes/{'B' * 32}?synchronous=false", {"powerState": word})]
    assert (planned["plan"], planned["diff"], planned["changed"]) == (result["plan"], result["diff"], True)
    assert (result["changed"], result["outcome"]) == (True, "finished")
    (row,) = result["nodes"]
    assert (row["uuid"], row["power"], row["outcome"]) == ("B" * 32, "off" if state == "off" else "on", "finished")
    assert row["job"]
    assert result["diff"]["before"]["B" * 32]["power"] == ("on" if before == 8 else "off")


def test_many_at_once_and_a_second_run(slow, run_module):
    params = {"state": "off", "nodes": [{"node": "web-01"}, {"node": WEB2.lower()}, {"node": DB, "mode": "immediate"}]}
    first = run_module("node_power", params)
    assert not first.failed, first
    assert [row["power"] for row in first["nodes"]] == ["off"] * 3
    assert sorted(body["powerState"] for _path, body in bodies(slow)) == ["powerOff", "powerOffSoftGraceful", "powerOffSoftGraceful"]
    since = slow.last()
    second = run_module("node_power", params)
    assert (second["changed"], second["outcome"], second["plan"], bodies(slow, since)) == (False, "none", [], [])
    mixed = run_module("node_power", {"state": "off", "nodes": [{"node": "web-01", "state": "on"}, {"node": WEB2}]})
    assert [row["changed"] for row in mixed["nodes"]] == [True, False]


def test_a_system_that_does_not_heed_a_graceful_stop(slow, run_module):
    """The job is complete and the server is on: the server decides."""
    slow.switches("xclarity", stubborn_systems=[WEB])
    result = run_module("node_power", {"node": "web-01", "state": "off", "wait_timeout": 1.0, "reconcile_timeout": 0.2})
    assert (result.code, result["changed"]) == ("effect_missing", True)
    assert "may not heed" in result["msg"]
    assert run_module("node_power", {"node": "web-01", "state": "off", "mode": "immediate"})["outcome"] == "finished"


def test_a_job_that_fails(slow, run_module):
    slow.switches("xclarity", fail_next=[{"kind": "power", "resource": WEB, "state": "Stopped_With_Error"}])
    result = run_module("node_power", {"state": "off", "nodes": [{"node": "web-01"}, {"node": "web-02"}]})
    assert result.code == "job_failed"
    assert [row["outcome"] for row in result["nodes"]] == ["finished", "finished"]
    assert [row["power"] for row in result["nodes"]] == ["on", "off"]


def test_one_whose_restart_fails_is_to_be_restarted_alone(slow, run_module):
    """A restart is sent at every run; to be on or off is a state, and what is there already is left alone."""
    for state in ("restarted", "off"):
        slow.switches("xclarity", fail_next=[{"kind": "power", "resource": WEB, "state": "Stopped_With_Error"}])
        result = run_module("node_power", {"state": state, "nodes": [{"node": "web-01"}, {"node": "web-02"}]})
        assert result.code == "job_failed"
        assert ("run again only for what failed (" in result["msg"]) is (state == "restarted"), result["msg"]
        assert result["msg"].endswith(
            "since each run restarts every server that it names and that is on." if state == "restarted" else "then run again."
        )


@pytest.mark.parametrize("place", ["jobs", "absent"])
def test_where_the_job_is_told(slow, run_module, capfd, place):
    slow.switches("xclarity", job_location=place)
    assert run_module("node_power", {"node": "web-01", "state": "off"})["outcome"] == "finished"
    assert power(slow, WEB) == 5
    restarted = run_module("node_power", {"node": "web-02", "state": "restarted"})
    assert restarted["outcome"] == "finished"
    assert ("named no job" in _warnings(restarted, capfd)) is (place == "absent")


@pytest.mark.parametrize(
    "params, code",
    [
        ({"node": "nobody", "state": "on"}, "node_not_found"),
        ({"node": "F" * 32, "state": "on"}, "node_not_found"),
        ({"nodes": [{"node": "web-01"}, {"node": "nobody"}], "state": "off"}, "node_not_found"),
        ({"nodes": [{"node": "web-01"}, {"node": WEB}], "state": "off"}, "duplicate_item"),
        ({"nodes": [{"node": WEB}, {"node": WEB.lower()}], "state": "off"}, "duplicate_item"),
        ({"node": "twin", "state": "on"}, "node_ambiguous"),
        ({"node": "dark", "state": "off"}, "node_offline"),
        ({"node": "hungry", "state": "on"}, "power_denied"),
        ({"node": "hungry", "state": "restarted"}, "power_denied"),
        ({"node": "odd", "state": "on"}, "state_unknown"),
        ({"node": "strange", "state": "on"}, "node_unmanaged"),
        ({"nodes": [], "state": "on"}, "config_empty"),
        ({"node": "web-01"}, "config_missing"),
    ],
)
def test_what_is_refused_before_anything_is_sent(sim, run_module, params, code):
    sim.seed(xclarity={"nodes": [
        {"uuid": "1" * 32, "name": "twin"}, {"uuid": "2" * 32, "name": "twin"},
        {"uuid": "3" * 32, "name": "dark", "attributes": {"accessState": "Offline"}},
        {"uuid": "4" * 32, "name": "hungry", "power": 5, "attributes": {"bladeState_health": "POWER_DENIED"}},
        {"uuid": "5" * 32, "name": "odd", "power": 0}, {"uuid": "6" * 32, "name": "strange", "managed": False},
    ]})  # fmt: skip
    for check in (True, False):
        result = run_module("node_power", params, check=check)
        assert (result.code, result["changed"], bodies(sim)) == (code, False, [])
        assert "Nothing was changed." in result["msg"]


def _warnings(result, capfd):
    """Where they are depends on how the module was run."""
    return f"{result.get('warnings')} {capfd.readouterr().err}"


def test_a_server_that_is_reached_in_part_is_warned_about(sim, run_module, capfd):
    sim.seed(xclarity={"nodes": [{"uuid": "3" * 32, "name": "half", "attributes": {"accessState": "Partial"}}]})
    result = run_module("node_power", {"node": "half", "state": "off"})
    assert result["outcome"] == "finished"
    assert "in part only" in _warnings(result, capfd)


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"status": 502, "applied": True}])
def test_a_lost_answer_is_found_by_the_power_of_the_server(sim, run_module, fault):
    sim.fault("xclarity", "PUT", "^/nodes", **fault)
    result = run_module("node_power", {"node": "web-01", "state": "off"})
    assert not result.failed, result
    assert (result["outcome"], result["nodes"][0]["reconciled"], len(bodies(sim))) == ("finished", True, 1)


def test_a_lost_answer_to_a_restart_stays_unknown(sim, run_module):
    sim.fault("xclarity", "PUT", "^/nodes", reset="after")
    result = run_module("node_power", {"node": "web-01", "state": "restarted"})
    assert (result["outcome"], result["changed"], len(bodies(sim))) == ("unknown", True, 1)
    assert sim.state("xclarity")["nodes"][WEB]["reboots"] == 1


def test_a_killed_restart_is_asked_about_once(sim, harness, run_module):
    uuid = sim.state("xclarity")["appliance_uuid"]
    harness.leave_unfinished("xclarity", "node_power", ("xclarity", uuid), f"restart:{WEB}", f"power off:{WEB2}", group="servers")
    result = run_module("node_power", {"state": "restarted", "nodes": [{"node": "web-01"}, {"node": "web-03"}]})
    assert (result.code, bodies(sim)) == ("earlier_run_unfinished", [])
    assert run_module("node_power", {"node": "web-02", "state": "off"})["outcome"] == "finished"
    assert run_module("node_power", {"node": "web-01", "state": "restarted"})["outcome"] == "finished"


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("again", ["on", "off", "restarted"])
def test_the_power_before_an_earlier_request_is_not_believed(sim, run_module, capfd, again, check):
    """The appliance tells it from a cache, and this control node has sent the opposite."""
    sim.switches("xclarity", power_status_lag=1.5)
    assert run_module("node_power", {"node": "web-01", "state": "off", "mode": "immediate", "wait": False})["changed"]
    until(lambda: power(sim, WEB) == 5 and all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    since = sim.last()
    result = run_module("node_power", {"node": "web-01", "state": again, "reconcile_timeout": 15}, check=check)
    assert (result.failed, result["changed"], bool(result["plan"])) == (False, again != "off", again != "off"), result
    assert [body["powerState"] for _path, body in bodies(sim, since)] == ([] if check or again == "off" else ["powerOn"])
    assert "An earlier task" not in _warnings(result, capfd)
    assert power(sim, WEB) == (5 if check or again == "off" else 8)
    if not check and again != "off":
        assert result["nodes"][0]["power"] == "on"


def test_what_a_run_did_not_see_in_its_time_is_waited_for_by_the_next(sim, run_module):
    sim.switches("xclarity", power_status_lag=2.5)
    params = {"node": "web-01", "state": "off", "mode": "immediate", "reconcile_timeout": 0.1, "wait_timeout": 0.5}
    assert run_module("node_power", params).failed
    until(lambda: power(sim, WEB) == 5 and all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    result = run_module("node_power", {"node": "web-01", "state": "on", "reconcile_timeout": 15})
    assert (result.failed, result["changed"], power(sim, WEB)) == (False, True, 8), result


def test_what_never_shows_is_told_once(sim, run_module, capfd):
    sim.switches("xclarity", power_status_lag=3600.0)
    assert run_module("node_power", {"node": "web-01", "state": "off", "mode": "immediate", "wait": False})["changed"]
    until(lambda: all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    since, params = sim.last(), {"node": "web-01", "state": "on", "reconcile_timeout": 1.0}
    capfd.readouterr()
    for check in (True, False):
        result = run_module("node_power", params, check=check)
        assert (result.failed, result["changed"], bodies(sim, since)) == (False, False, []), result
        told = "An earlier task asked for web-01 to be powered off. That was accepted, and the server still shows on."
        assert told in _warnings(result, capfd)
    assert "An earlier task" not in _warnings(run_module("node_power", params), capfd)


def recorded(harness):
    """What the record holds, key -> its line."""
    (record,) = (harness.folder / "state").glob("*node_power*.record")
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    return {key: line for line in lines if "keys" in line for key in line["keys"]}


def complete(sim):
    until(lambda: all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))


@pytest.mark.parametrize("last", ["off", "on"])
def test_what_has_shown_leaves_nothing_behind(sim, run_module, harness, last):
    for params in ({"state": "off"}, {"state": "on"}, {"state": "off", "wait": False}, {"state": last}):
        assert not run_module("node_power", {"node": "web-01", **params}).failed
        if "wait" in params:
            complete(sim)
    assert recorded(harness) == {}


def test_what_was_told_not_to_have_shown_stays_to_be_looked_for(sim, run_module, harness):
    """Not as what was told: that would be dropped with the next one that is in doubt."""
    sim.switches("xclarity", power_status_lag=3600.0)
    params = {"node": "web-01", "state": "off", "mode": "immediate", "wait_timeout": 0.3, "reconcile_timeout": 0.3}
    assert run_module("node_power", params).failed
    assert {key: line["state"] for key, line in recorded(harness).items()} == {f"power off:{WEB}": "open"}


def test_what_nobody_knows_to_be_accepted_is_not_told_to_be(sim, run_module, harness, capfd):
    """A run that was killed around its request: that is waited for as ever, and the reading counts."""
    uuid = sim.state("xclarity")["appliance_uuid"]
    harness.leave_unfinished("xclarity", "node_power", ("xclarity", uuid), f"power off:{WEB}", group="servers")
    capfd.readouterr()
    result = run_module("node_power", {"node": WEB, "state": "on", "reconcile_timeout": 0.1})
    assert (result.failed, result["changed"]) == (False, False)
    assert "An earlier task" not in _warnings(result, capfd)


def test_while_a_job_is_open_the_power_is_not_waited_for(sim, run_module, harness):
    """The task is refused at once, and the next one looks for the power."""
    sim.switches("xclarity", job_seconds=600, power_status_lag=3600.0)
    assert run_module("node_power", {"node": WEB, "state": "off", "mode": "immediate", "wait": False})["changed"]
    since = sim.last()
    assert run_module("node_power", {"node": WEB, "state": "on", "reconcile_timeout": 30.0}).code == "busy"
    assert sum("/nodes" in entry["path"] for entry in sim.log(since=since, system="xclarity")) == 1
    assert set(recorded(harness)) == {f"power off:{WEB}"}


def test_others_have_the_lock_while_a_power_is_waited_for(sim, run_module, monkeypatch):
    sim.switches("xclarity", power_status_lag=60)
    assert run_module("node_power", {"node": WEB, "state": "off", "mode": "immediate", "wait": False})["changed"]
    complete(sim)
    waits, real = [], node_power_operations.SetPower._wait_for

    def wait_for(self, late):
        waits.append(self.others._lock)
        sim.clock(advance=60)  # the appliance shows it from now on
        real(self, late)

    monkeypatch.setattr(node_power_operations.SetPower, "_wait_for", wait_for)
    assert run_module("node_power", {"node": WEB, "state": "on"})["changed"]
    assert waits == [None]


def test_a_refusal(sim, run_module):
    sim.fault("xclarity", "PUT", "^/nodes", status=403, body='{"result":"failed","messages":[{"text":"Not so."}]}')
    result = run_module("node_power", {"node": "web-01", "state": "off"})
    assert (result.code, result["outcome"], result["changed"]) == ("forbidden", "not_started", False)


def test_stop_at_the_first_failure(sim, run_module):
    sim.fault("xclarity", "PUT", f"^/nodes/{WEB}", status=400, body='{"result":"failed","messages":[]}')
    rows = [{"node": "web-01"}, {"node": "web-02"}]
    result = run_module("node_power", {"state": "off", "nodes": rows, "concurrency": 1, "on_failure": "stop"})
    assert [row["error"]["code"] for row in result["nodes"]] == ["bad_request", "skipped"]
    assert power(sim, WEB2) == 8


@pytest.mark.parametrize("module, params, more", [
    ("node_power", {"state": "off", "mode": "immediate"}, 7), ("firmware_policy", {"policy": "production"}, 8),
])  # fmt: skip
def test_three_hundred_servers_in_one_task(sim, run_module, module, params, more):
    """One request for each beside a few for all, whatever their number; docs/requests.md tells which."""
    sim.seed(xclarity={"generate": {"rack_nodes": 300}})
    since = sim.last()
    result = run_module(module, {**params, "nodes": [{"node": f"web-{n:05}"} for n in range(1, 301)], "concurrency": 16})
    assert not result.failed, result["msg"]
    assert [row["outcome"] for row in result["nodes"]] == ["finished"] * 300
    log = [entry["path"] for entry in sim.log(since=since, system="xclarity")]
    polls = sum(path.startswith("/tasks/") for path in log)
    assert len(log) - polls == 300 + more
    again = run_module(module, {**params, "nodes": [{"node": f"web-{n:05}"} for n in range(1, 301)]})
    assert (again["changed"], again.failed) == (False, False)


# -- lights -----------------------------------------------------------------------------------------------------------


def test_the_name_of_the_light_is_the_server_s_own(sim, run_module):
    params = {"state": "blinking", "nodes": [{"node": "web-01"}, {"node": FLEX}, {"node": "web-02", "state": "on"}], "concurrency": 1}
    planned = run_module("node_led", params, check=True)
    result = run_module("node_led", params)
    assert not result.failed, result
    assert planned["plan"] == result["plan"]
    assert [body["leds"] for _path, body in bodies(sim)] == [
        [{"name": "Identify", "state": "Blinking"}], [{"name": "Identification", "state": "Blinking"}],
        [{"name": "Identify", "state": "On"}],
    ]  # fmt: skip
    assert [(row["led"], row["state"]) for row in result["nodes"]] == [
        ("Identify", "blinking"), ("Identification", "blinking"), ("Identify", "on"),
    ]  # fmt: skip
    assert run_module("node_led", params)["changed"] is False
    assert len(bodies(sim)) == 3


def test_the_light_of_a_chassis(sim, run_module):
    params = {"state": "on", "nodes": [{"chassis": "chassis-1"}, {"node": "web-01"}], "concurrency": 1}
    planned = run_module("node_led", params, check=True)
    result = run_module("node_led", params)
    assert not result.failed, result
    assert (planned["plan"], planned["diff"]) == (result["plan"], result["diff"])
    assert [(path.partition("/")[2].partition("/")[0], body["leds"][0]["name"]) for path, body in bodies(sim)] == [
        ("chassis", "Location"), ("nodes", "Identify"),
    ]  # fmt: skip
    assert [(row["device"], row["led"], row["state"]) for row in result["nodes"]] == [
        ("chassis", "Location", "on"), ("server", "Identify", "on"),
    ]  # fmt: skip
    assert run_module("node_led", params)["changed"] is False
    assert run_module("node_led", {"chassis": "chassis-9", "state": "on"}).code == "node_not_found"
    assert run_module("node_led", {"nodes": [{"node": "web-01", "chassis": "chassis-1"}], "state": "on"}).code == "config_missing"


def test_a_server_without_a_light(sim, run_module):
    sim.seed(xclarity={"nodes": [{"uuid": "7" * 32, "name": "plain", "attributes": {"leds": []}}]})
    result = run_module("node_led", {"nodes": [{"node": "web-01"}, {"node": "plain"}], "state": "on"})
    assert (result.code, bodies(sim)) == ("led_missing", [])
    assert run_module("node_led", {"node": "web-01"}).code == "config_missing"


@pytest.mark.parametrize("body", ['{"statusCode":404,"messages":[{"id":"X","text":"No such light."}]}', '{"result":"failure"}'])
def test_a_refusal_inside_a_200(sim, run_module, body):
    sim.fault("xclarity", "PUT", "^/nodes", status=200, body=body)
    result = run_module("node_led", {"node": "web-01", "state": "on"})
    assert (result.code, result["outcome"]) == ("server_refused", "not_started")


def test_a_light_whose_answer_is_lost(sim, run_module):
    sim.fault("xclarity", "PUT", "^/nodes", reset="after")
    result = run_module("node_led", {"node": "web-01", "state": "on"})
    assert (result["outcome"], result["nodes"][0]["reconciled"]) == ("finished", True)
    sim.fault("xclarity", "PUT", "^/nodes", status=200, body='{"statusCode":200}')
    assert run_module("node_led", {"node": "web-02", "state": "on"}).code == "effect_missing"


# -- a list that does not tell the UUID of each -----------------------------------------------------------------------

STRANGE = [{}, {"uuid": 5, "name": "web-01"}, {"uuid": "", "name": "web-01"}]
FINDS = {
    "node_power": {"state": "off"},
    "node_led": {"state": "on"},
    "firmware_policy": {"policy": "production"},
    "firmware_update": {"activation": "immediate"},
    "node_info": {},
    "firmware_info": {},
}


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("wanted", ["web-01", "0A10000000000000000000000000000A"])
@pytest.mark.parametrize("module", FINDS)
def test_an_entry_without_a_uuid_may_be_the_server(sim, run_module, module, wanted, strange):
    sim.fault("xclarity", "GET", "^/nodes", times=-1, status=200, body=json.dumps({"nodeList": [strange]}))
    node = [wanted] if module.endswith("_info") else wanted
    result = run_module(module, {"node": node, **FINDS[module]})
    assert (result.code, sim.log(system="xclarity", changing=True)) == ("bad_reply", []), result


@pytest.mark.parametrize("module", ["node_power", "node_info", "firmware_info"])
def test_one_that_is_found_is_not_hindered_by_another_entry(sim, run_module, module):
    good = {
        "uuid": "0A10000000000000000000000000000A", "name": "web-01", "powerStatus": 8, "accessState": "Online",
        "status": {"name": "MANAGED"},
    }  # fmt: skip
    sim.fault("xclarity", "GET", "^/nodes", times=-1, status=200, body=json.dumps({"nodeList": [{"uuid": 5}, good]}))
    node = ["web-01"] if module.endswith("_info") else "web-01"
    result = run_module(module, {"node": node, **FINDS[module]}, check=True)
    assert (result.failed, [row["name"] for row in result["nodes"]]) == (False, ["web-01"]), result
