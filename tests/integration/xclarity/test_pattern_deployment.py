# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pattern_info and pattern_deployment against the simulator, whose answer to a deployment is a switch since nobody has shown it."""

from __future__ import annotations

import json

import pytest

WEB, WEB2, DB = (f"0A1000000000000000000000000000{n}" for n in ("0A", "0B", "0D"))
BAY = "1B54B9AEFCE04D5E820C0B6310D03590_bay3"


def bodies(sim, since=0):
    return [(e["path"], json.loads(e["body"])) for e in sim.log(since=since, system="xclarity", changing=True)]


def test_patterns(sim, run_module):
    result = run_module("pattern_info")
    assert [(one["id"], one["name"], one["in_use"]) for one in result["patterns"]] == [("60", "web", True), ("61", "database", False)]
    (one,) = run_module("pattern_info", {"pattern": ["database", "no"], "settings": True})["patterns"]
    assert one["settings"]["server_template"]["name"] == "database"
    sim.switches("xclarity", licence_active=False)
    assert run_module("pattern_info").code == "forbidden"


def test_a_profile_that_is_being_activated_is_waited_for(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"activate": 1.0})
    params = {"pattern": "web", "restart": "immediate", "node": "web-01"}
    assert run_module("pattern_deployment", {**params, "wait": False})["profiles"][0]["joined"] is False
    since = sim.last()
    result = run_module("pattern_deployment", params)
    assert not result.failed, result
    assert (result["changed"], bodies(sim, since)) == (False, [])
    assert [(row["joined"], row["status"]) for row in result["profiles"]] == [(True, "active")]


@pytest.mark.parametrize("told", ["activation", "bare", "empty"])
@pytest.mark.parametrize("restart, status", [("immediate", "active"), ("defer", "pending"), ("pending", "pending")])
def test_deploy(sim, run_module, told, restart, status):
    """A rack server by its UUID, a Flex server by its bay; the profiles are found by pattern and target."""
    sim.switches("xclarity", pattern_reply=told)
    params = {"pattern": "web", "restart": restart, "targets": [{"node": "web-01"}, {"node": "app-01"}, {"node": WEB2}], "concurrency": 1}
    planned = run_module("pattern_deployment", params, check=True)
    assert (planned["changed"], bodies(sim)) == (True, [])
    result = run_module("pattern_deployment", params)
    assert not result.failed, result
    assert (result["outcome"], result["plan"], result["diff"]) == ("finished", planned["plan"], planned["diff"])
    assert bodies(sim) == [
        ("/patterns/60", {"restart": restart, "uuid": [WEB]}), ("/patterns/60", {"restart": restart, "endpointIds": [BAY]}),
        ("/patterns/60", {"restart": restart, "uuid": [WEB2]}),
    ]  # fmt: skip
    assert [(row["status"], row["target"]) for row in result["profiles"]] == [(status, WEB), (status, BAY), (status, WEB2)]
    assert all(row["name"].startswith("web profile") for row in result["profiles"])
    since = sim.last()
    second = run_module("pattern_deployment", params)
    assert (second["changed"], bodies(sim, since)) == (False, [])
    # profile_activation takes it from there.
    row = result["profiles"][0]
    activated = run_module("profile_activation", {"profile": row["id"], "restart": "immediate"})
    assert (activated["profiles"][0]["status"], activated["changed"]) == ("active", restart != "immediate")


@pytest.mark.parametrize(
    "params, code",
    [
        ({"pattern": "nonesuch", "node": "web-01"}, "pattern_not_found"),
        ({"pattern": "twin", "node": "web-01"}, "pattern_ambiguous"),
        ({"pattern": "8", "node": "web-01"}, "pattern_ambiguous"),
        ({"pattern": "web", "node": "nobody"}, "node_not_found"),
        ({"pattern": "web", "node": "db-01"}, "target_taken"),
        ({"pattern": "web", "node": "web-01", "restart": None}, "config_missing"),
        ({"node": "web-01"}, "config_missing"),
        ({"pattern": "web", "targets": [{}]}, "config_missing"),
        ({"pattern": "web", "location": "bay three"}, "config_location"),
        ({"pattern": "web", "targets": [{"node": "app-01"}, {"location": BAY}]}, "duplicate_target"),
        ({"pattern": "web", "targets": []}, "config_empty"),
    ],
)
def test_mistakes(sim, run_module, params, code):
    sim.seed(xclarity={"patterns": [{"id": 7, "name": "twin"}, {"id": 8, "name": "twin"}, {"id": 9, "name": "8"}],
                       "profiles": [{"id": 90, "name": "odd", "template_id": "61"}]})  # fmt: skip
    run_module("profile_activation", {"profile": "db-01", "state": "inactive"})
    run_module("profile_activation", {"profile": "90", "uuid": DB, "restart": "immediate"})
    since = sim.last()
    result = run_module("pattern_deployment", {"restart": "immediate", **params})
    assert (result.code, bodies(sim, since)) == (code, [])


def test_a_server_that_is_not_reached(sim, run_module):
    """What is only made on the appliance asks nothing of the server, and one that has its profile is sent nothing."""
    sim.seed(xclarity={"nodes": [{"uuid": n * 32, "name": f"dark-{n}", "attributes": {"accessState": "Offline"}} for n in "78"]})
    for restart in ("immediate", "defer"):
        for check in (True, False):
            params = {"pattern": "web", "restart": restart, "targets": [{"node": one} for one in ("dark-7", "web-01", "dark-8")]}
            result = run_module("pattern_deployment", params, check=check)
            assert (result.code, result["error"]["resources"], bodies(sim)) == ("node_offline", ["dark-7", "dark-8"], [])
            assert "leave it out" in result["msg"]
    made = {"pattern": "web", "node": "dark-7", "restart": "pending"}
    assert run_module("pattern_deployment", made)["outcome"] == "finished"
    assert run_module("pattern_deployment", made)["changed"] is False


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"status": 502, "applied": True}])
def test_a_lost_answer_is_found_by_pattern_and_target(sim, run_module, fault):
    sim.fault("xclarity", "POST", "^/patterns", **fault)
    result = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"})
    assert not result.failed, result
    assert (result["profiles"][0]["status"], result["profiles"][0]["reconciled"]) == ("active", True)
    assert sim.state("xclarity")["patterns"]["deployments"] == 1


def test_an_activation_that_fails_and_a_refused_target(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}])
    result = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"})
    assert (result.code, result["changed"]) == ("job_failed", True)
    assert "activate it with profile_activation; else run again." in result["msg"]
    body = json.dumps({"items": [{"message": "No.", "uuidsFailed": [WEB2], "jobRecordId": ""}]})
    sim.fault("xclarity", "POST", "^/patterns", status=200, body=body)
    refused = run_module("pattern_deployment", {"pattern": "web", "node": "web-02", "restart": "immediate"})
    assert (refused.code, refused["outcome"]) == ("activation_refused", "not_started")


# -- a profile of the pattern that is there already -----------------------------------------------------------------------


def held(sim, run_module, restart, **switches):
    """A profile of the pattern on web-01 whose deployment was begun and not waited for."""
    sim.switches("xclarity", **switches)
    assert not run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": restart, "wait": False}).failed
    return sim.last()


@pytest.mark.parametrize("restart", ["immediate", "defer", "pending"])
def test_a_profile_whose_activation_failed_is_no_success(sim, run_module, restart):
    """It is not deployed again, and the other targets of the task are."""
    since = held(sim, run_module, "immediate", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}])
    run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"})
    params = {"pattern": "web", "restart": restart, "targets": [{"node": "web-01"}, {"node": "web-02"}]}
    planned = run_module("pattern_deployment", params, check=True)
    result = run_module("pattern_deployment", params)
    for one in (planned, result):
        assert (one.code, one["profiles"][0]["status"]) == ("job_failed", "failed")
        assert "profile_activation" in one["msg"]
    assert [row["outcome"] for row in result["profiles"]] == ["none", "finished"]
    assert [body["uuid"] for _path, body in bodies(sim, since)] == [[WEB2]]
    assert "Nothing was changed." in result["profiles"][0]["error"]["message"]


def test_with_stop_nothing_is_sent_beside_a_profile_that_failed(sim, run_module):
    since = held(sim, run_module, "immediate", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}])
    run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"})
    params = {"pattern": "web", "restart": "immediate", "targets": [{"node": "web-01"}, {"node": "web-02"}], "on_failure": "stop"}
    result = run_module("pattern_deployment", params)
    assert (result.code, result["changed"], bodies(sim, since)) == ("job_failed", False, [])


def test_a_profile_that_waits_for_a_restart_is_not_active(sim, run_module):
    assert not run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "defer"}).failed
    since = sim.last()
    for check in (True, False):
        result = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"}, check=check)
        assert (result.code, result["changed"], bodies(sim, since)) == ("effect_missing", False, [])
        assert "profile_activation" in result["msg"]
    assert not run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "pending"}).failed
    row = result["profiles"][0]
    assert not run_module("profile_activation", {"profile": row["id"], "restart": "immediate"}).failed
    assert not run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"}).failed


def test_a_deferred_deployment_that_is_joined_does_not_restart(sim, run_module):
    """The wait ends when it does, and not when the time is over."""
    since = held(sim, run_module, "defer", job_seconds_by_kind={"activate": 1.0})
    result = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate", "wait_timeout": 20})
    assert (result.code, result["profiles"][0]["joined"], bodies(sim, since)) == ("effect_missing", True, [])
    assert result["duration"] < 15


@pytest.mark.parametrize("word", ["PENDING", "FAILED"])
def test_an_activation_that_is_listed_as_pending_or_failed_is_joined(sim, run_module, word):
    """Some appliances list a profile that is being activated as it was before; its status tells that it runs."""
    words = {"inactive": "INACTIVE", "pending": "PENDING", "active": "ACTIVE", "activating": word, "failed": "FAILED"}
    since = held(sim, run_module, "immediate", job_seconds_by_kind={"activate": 4.0}, profile_status_words=words)
    result = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate", "wait_timeout": 20})
    assert not result.failed, result
    assert (result["profiles"][0]["joined"], result["profiles"][0]["status"]) == (True, "active")
    assert bodies(sim, since) == []
