# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""While an open job is about a server, nothing is sent that would restart it, rewrite it or give it up."""

from __future__ import annotations

import itertools
import json

import pytest
from running import RunningPlay, until

WEB = "0A10000000000000000000000000000A"
SETTINGS = {"wait": False}
# what each sends, where nothing is under way
TASKS = {
    "power": ("node_power", {"node": WEB, "state": "off", "mode": "immediate", **SETTINGS}),
    "restart": ("node_power", {"node": WEB, "state": "restarted", **SETTINGS}),
    "install": ("os_deployment", {"node": WEB, "image": "rhels9.4|rhels9.4-x86_64-install-web_gold", "confirm": True, **SETTINGS}),
    "activate": ("profile_activation", {"profile": "web-01", "uuid": WEB, "restart": "immediate", **SETTINGS}),
    "unmanage": ("managed_node", {"node": WEB, "state": "absent", **SETTINGS}),
}


def sent(sim):
    return [(entry["method"], entry["path"]) for entry in sim.log(system="xclarity", changing=True)]


@pytest.mark.parametrize("second", TASKS)
@pytest.mark.parametrize("first", ["restart", "install", "activate"])
def test_one_thing_at_a_time_on_one_server(sim, run_module, first, second):
    """A restart that still runs is not sent again either, whatever the user was told to do."""
    sim.switches("xclarity", job_seconds=600)
    begun = run_module(*TASKS[first])
    assert not begun.failed, begun
    count = len(sent(sim))
    if first == second == "activate":
        assert not run_module(*TASKS[second])["changed"], "it joins the wait"
        assert len(sent(sim)) == count
        return
    for check in (True, False):
        result = run_module(*TASKS[second], check=check)
        assert result.failed, result
        assert result.code in ("busy", "deployment_running", "not_ready"), result
        assert (result["changed"], len(sent(sim))) == (False, count)
        if "is being activated" in result["msg"]:
            assert "the profile web-01 is being activated on this server. Nothing was changed. Wait for it (profile_a" in result["msg"]
        elif result.code == "busy":
            assert "has not ended, and it is about this server. Nothing was changed. Wait for it with the module job" in result["msg"]


@pytest.mark.parametrize("second", ["power", "install", "unmanage"])
def test_an_activation_that_is_listed_as_pending_is_one_too(sim, run_module, second):
    """Some appliances list a profile that is being activated so; its status tells that it runs."""
    sim.switches("xclarity", job_seconds=600)
    assert not run_module(*TASKS["activate"]).failed
    words = {"inactive": "INACTIVE", "pending": "PENDING", "active": "ACTIVE", "activating": "PENDING", "failed": "FAILED"}
    sim.switches("xclarity", profile_status_words=words)
    result = run_module(*TASKS[second])
    assert (result.code, len(sent(sim))) == ("busy", 1), result


@pytest.mark.parametrize("answer", [{"status": 404}, {"status": 403}, {"status": 200, "body": "[]"}, {"status": 200, "body": "<html>"}])
def test_an_appliance_without_profiles_keeps_nobody_from_the_power(sim, run_module, answer):
    sim.fault("xclarity", "GET", "^/profiles", times=-1, **answer)
    assert not run_module(*TASKS["power"]).failed
    assert len(sent(sim)) == 1


@pytest.mark.parametrize("first, second", list(itertools.pairwise([*TASKS, "power"])))
def test_two_plays_that_read_in_the_same_moment_do_not_both_send(sim, harness, first, second):
    """Both have read all that they plan on before anything is sent; whoever comes second reads again."""
    sim.switches("xclarity", job_seconds=600)
    sim.fault("xclarity", "GET", "^/aicc", times=2, delay=2)
    plays = []
    for task in (first, second):
        module, params = TASKS[task]
        plays.append([{"hosts": "localhost", "tasks": [{f"groundwork.provision.{module}": params}]}])
    with RunningPlay(harness, plays[0]) as one, RunningPlay(harness, plays[1]) as other:
        printed = one.output() + other.output()
    assert len(sent(sim)) == 1, printed
    assert sorted([one.process.returncode, other.process.returncode]) == [0, 2], printed


@pytest.mark.parametrize("state, before", [("on", 8), ("off", 5)])
def test_a_power_that_seems_to_be_so_already_may_be_about_to_change(sim, run_module, state, before):
    """A graceful stop, or a start, of somebody else: the server shows the old power until that ends."""
    sim.switches("xclarity", power_effect="at_end", job_seconds=600)
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "power": before}]})
    assert not run_module("node_power", {"node": "new", "state": "off" if state == "on" else "on", **SETTINGS}).failed
    for check in (True, False):
        result = run_module("node_power", {"nodes": [{"node": "new"}, {"node": "web-01", "state": "on"}], "state": state}, check=check)
        assert (result.code, result["changed"], len(sent(sim))) == ("busy", False, 1)
        assert [row.get("error", {}).get("code") for row in result["nodes"]] == ["busy", None]


def test_a_deferred_activation_does_not_hide_what_is_so_already(sim, run_module):
    """Its job may be open until the server restarts, and whether it is about the server or the profile is not documented."""
    job = {"id": "700", "uuid": WEB, "status": {"state": "Running", "percentage": 1}, "messageDisplay": "Activate the server profile"}
    sim.fault("xclarity", "GET", "^/jobs", times=-1, status=200, body=json.dumps([job]))
    result = run_module("node_power", {"node": WEB, "state": "on"})
    assert (result.failed, result["changed"]) == (False, False), result
    assert run_module("node_power", {"node": WEB, "state": "restarted", **SETTINGS}).code == "busy"


def test_the_others_of_the_list_go_on(sim, run_module):
    sim.switches("xclarity", job_seconds=600)
    run_module(*TASKS["restart"])
    rows = [{"node": WEB}, {"node": "web-02"}]
    result = run_module("node_power", {"nodes": rows, "state": "off", "mode": "immediate", **SETTINGS})
    assert (result.code, result["changed"]) == ("busy", True)
    assert [row["outcome"] for row in result["nodes"]] == ["none", "started"]
    assert "1 of 2 nodes failed (web-01)" in result["msg"]
    rows = [{"node": WEB}, {"node": "web-03"}]
    since = len(sent(sim))
    for check in (True, False):
        params = {"nodes": rows[::-1], "state": "off", "mode": "immediate", "on_failure": "stop", **SETTINGS}
        result = run_module("node_power", params, check=check)
        assert (result.code, result["plan"]) == ("busy", [])
        assert [row["error"]["code"] for row in result["nodes"]] == ["skipped", "busy"]
    assert (result["changed"], len(sent(sim))) == (False, since)


@pytest.mark.parametrize("task", ["restart", "install"])
def test_what_cannot_be_joined_is_not_offered_to_be_run_again(sim, run_module, task):
    """Run again, the task would restart or install once more."""
    sim.switches("xclarity", job_seconds=600)
    module, params = TASKS[task]
    result = run_module(module, {**params, "wait": True, "wait_timeout": 0.3, "poll_interval": 0.1})
    assert result.code == "wait_timeout"
    assert "It goes on by itself: wait for it with the module job (job " in result["msg"]
    assert "Run again once that job has ended, this task would send its request once more." in result["msg"]
    assert "join" not in result["msg"]


@pytest.mark.parametrize("task", ["restart", "install"])
def test_a_run_that_was_killed_in_its_wait_is_asked_about_once(sim, harness, run_module, task):
    """The server shows nothing of a restart or an installation that has ended since: the next run must not send it unasked."""
    module, params = TASKS[task]
    sim.switches("xclarity", job_seconds=2)
    play = [{"hosts": "localhost", "tasks": [{f"groundwork.provision.{module}": {**params, "wait": True, "poll_interval": 0.2}}]}]
    with RunningPlay(harness, play) as running:
        until(lambda: any(entry["path"].startswith("/tasks/") for entry in sim.log()), running)  # it waits
        running.kill()
    count = len(sent(sim))
    params = {**params, "wait": True, "reconcile_timeout": 0.1}
    until(lambda: run_module(module, params, check=True).code == "earlier_run_unfinished")  # "busy" before
    asked = run_module(module, params)
    assert (asked.code, asked["outcome"], asked["changed"], len(sent(sim))) == ("earlier_run_unfinished", "started", False, count)
    job = sim.state("xclarity")["jobs"][-1]["id"]
    made = {"restart": f"The job was started (job {job})", "install": f"The deployment was started ({job})"}[task]
    assert f"{made}; its end is not recorded. Name each only once, or look at" in asked["msg"]
    assert "is still at it, or ended before it saw the end" in asked["msg"]
    again = run_module(module, params)
    assert not again.failed, again
    assert len(sent(sim)) == count + 1, "it was asked about, so it is sent"
    assert not run_module(module, params).failed, "the end was seen, so nothing is asked"


def test_an_installation_that_was_found_by_reading_stays_in_the_record(sim, harness, run_module):
    """Its answer was lost, so no job is known; the run was killed in its wait."""
    module, params = TASKS["install"]
    sim.switches("xclarity", job_seconds=6)
    sim.fault("xclarity", "PUT", "^/hostPlatforms", reset="after")
    params = {**params, "wait": True, "poll_interval": 0.2}
    play = [{"hosts": "localhost", "tasks": [{f"groundwork.provision.{module}": params}]}]

    def looks():
        log = [(entry["method"], entry["path"]) for entry in sim.log(system="xclarity")]
        after = [number for number, (method, _path) in enumerate(log) if method == "PUT"]
        return log[after[0] :].count(("GET", "/hostPlatforms")) if after else 0

    with RunningPlay(harness, play) as running:
        until(lambda: looks() > 2, running)  # the first of these has found it
        running.kill()
    count, params = len(sent(sim)), {**params, "reconcile_timeout": 0.1}
    until(lambda: run_module(module, params, check=True).code != "deployment_running")
    asked = run_module(module, params)
    assert (asked.code, len(sent(sim))) == ("earlier_run_unfinished", count)
    assert "The deployment was started; its end is not recorded." in asked["msg"]
    assert not run_module(module, params).failed


@pytest.mark.parametrize("task", ["restart", "install"])
def test_an_end_that_was_not_seen_is_told_once(sim, run_module, task):
    """Whoever has read of it may run the task again when the job is over; a further attempt of the same task may not."""
    module, params = TASKS[task]
    sim.switches("xclarity", job_seconds=1.5)
    params = {**params, "wait": True, "poll_interval": 0.1, "reconcile_timeout": 0.1}
    first = {**params, "wait_timeout": 0.3, "_ansible_groundwork_task": "this task"}
    assert run_module(module, first).code == "wait_timeout"
    count = len(sent(sim))
    until(lambda: run_module(module, params, check=True).code not in ("busy", "deployment_running"))
    assert not run_module(module, params, check=True).failed, "it was told, so another task is not asked"
    retried = run_module(module, first)
    assert retried.code == "earlier_run_unfinished"
    assert "an earlier attempt of this task, for this host or another, has started it" in retried["msg"]
    assert len(sent(sim)) == count
    assert not run_module(module, params).failed
    assert len(sent(sim)) == count + 1


def test_the_job_of_any_request_is_not_offered_to_be_joined(sim, run_module):
    sim.switches("xclarity", job_seconds=600)
    params = {"method": "PUT", "path": f"/nodes/{WEB}", "body": {"powerState": "powerCycleSoft"}, "wait_timeout": 0.3, "poll_interval": 0.1}
    result = run_module("xclarity_request", params)
    assert result.code == "wait_timeout"
    assert "Run again once that job has ended, this task would send its request once more." in result["msg"]
