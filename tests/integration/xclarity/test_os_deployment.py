# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""os_deployment against the simulator: an action, whose end is told by a number that may not stay, or else by the job."""

from __future__ import annotations

import json

import pytest
from running import RunningPlay

WEB, WEB2 = "0A10000000000000000000000000000A", "0A10000000000000000000000000000B"
IMAGE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
STATIC = {"ip_address": "192.0.2.221", "gateway": "192.0.2.1", "subnet_mask": "255.255.255.0"}
SENT = {"ipAddress": "192.0.2.221", "gateway": "192.0.2.1", "subnetMask": "255.255.255.0"}
ONE = {"confirm": True, "node": "web-01", "image": IMAGE}


def bodies(sim):
    return [(e["path"], json.loads(e["body"])) for e in sim.log(system="xclarity", changing=True)]


@pytest.mark.parametrize("kept, judged", [(None, "status"), (0.0, "job")])
def test_install(sim, run_module, kept, judged):
    sim.switches("xclarity", deployed_state_seconds=kept)
    params = {
        "confirm": True, "image": IMAGE, "license_key": "Canary-licence-1",
        "nodes": [{"node": "web-01", "network": {**STATIC, "hostname": "web-01"}}, {"node": WEB2}], "concurrency": 1,
    }  # fmt: skip
    planned = run_module("os_deployment", params, check=True)
    assert (planned["changed"], bodies(sim)) == (True, [])
    assert planned["diff"]["after"][WEB] == {"image": IMAGE, "disk": "localdisk is overwritten", "restart": "now"}
    result = run_module("os_deployment", params)
    assert not result.failed, result
    assert (result["outcome"], result["plan"]) == ("finished", planned["plan"])
    assert [row["judged_by"] for row in result["nodes"]] == [judged] * 2
    assert sim.state("xclarity")["deployments"]["deployed"] == {WEB: IMAGE, WEB2: IMAGE}
    path, (body,) = bodies(sim)[0]
    assert (path, body["networkSettings"], body["storageSettings"]) == (
        "/hostPlatforms", {"selectedMAC": "AUTO", **SENT, "hostname": "web-01"}, {"targetDevice": "localdisk"},
    )  # fmt: skip
    assert "Canary-licence" not in str(result)
    # An action, not a state.
    assert run_module("os_deployment", ONE)["changed"] is True


@pytest.mark.parametrize(
    "params, code",
    [
        ({"confirm": False}, "not_confirmed"),
        ({"node": "nobody"}, "node_not_found"),
        ({"image": None}, "config_missing"),
        ({"image": "rhels1"}, "image_not_available"),
        ({"node": "web-02"}, "not_ready"),
        ({"node": "web-03"}, "deployment_running"),
        ({"node": "dark"}, "node_offline"),
        ({"node": None, "nodes": [{"node": "web-01"}, {"node": "web-02"}]}, "not_ready"),
        ({"network": {"ip_address": "192.0.2.999"}}, "config_network"),
        ({"network": STATIC, "node": None, "nodes": [{"node": "web-01"}, {"node": "web-02"}]}, "duplicate_address"),
    ],
)
def test_what_is_refused_before_anything_is_sent(sim, run_module, params, code):
    sim.seed(xclarity={"nodes": [{"uuid": "8" * 32, "name": "dark", "attributes": {"accessState": "Offline"}}],
                       "deploy_states": {WEB2: 1, "0A10000000000000000000000000000C": 14}})  # fmt: skip
    for check in (True, False):
        result = run_module("os_deployment", {**ONE, **params}, check=check)
        assert (result.code, bodies(sim)) == (code, [])


@pytest.mark.parametrize("told, code", [([], "image_not_available"), (None, None), ("missing", None), ([IMAGE], None)])
def test_a_server_that_no_image_fits_and_one_of_which_it_is_not_told(sim, run_module, told, code):
    sim.switches("xclarity", fitting_images={WEB: told})
    for check in (True, False):
        result = run_module("os_deployment", ONE, check=check)
        assert (result.code, bool(bodies(sim))) == (code, code is None and not check)
    if code:
        assert "no image fits the server web-01" in result["msg"]


def test_a_deployment_that_fails(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "deploy", "resource": WEB, "state": "Stopped_With_Error"}])
    result = run_module("os_deployment", {"confirm": True, "image": IMAGE, "nodes": [{"node": "web-01"}, {"node": "web-02"}]})
    assert result.code == "job_failed"
    assert [row["judged_by"] for row in result["nodes"]] == ["", "status"]
    # The job says that it is complete, and the server that it has failed.
    sim.switches("xclarity", task_status_words={"Stopped_With_Error": "Complete"},
                 fail_next=[{"kind": "deploy", "state": "Stopped_With_Error"}])  # fmt: skip
    result = run_module("os_deployment", {**ONE, "node": "web-03"})
    assert result.code == "deployment_failed"
    assert "was started" not in result["msg"]  # beside how it ended


ONLY = "run again only for what failed (with --limit, or with the others left out), since each run installs every server that it names."


@pytest.mark.parametrize("names", [["web-01"], ["web-01", "web-02"], ["web-01", "web-02", "web-03"]])
def test_one_that_fails_is_to_be_installed_alone(sim, run_module, names):
    """Run again as it was, the task would overwrite the disks of those that are installed. Of one server alone the others may be hosts
    of the same play."""
    sim.seed(xclarity={"deploy_states": {"0A10000000000000000000000000000C": 0}})
    sim.switches("xclarity", fail_next=[{"kind": "deploy", "resource": WEB, "state": "Stopped_With_Error"}])
    result = run_module("os_deployment", {"confirm": True, "image": IMAGE, "nodes": [{"node": name} for name in names]})
    assert result.code == "job_failed"
    assert result["error"]["hint"] == f"Look at the job on the server, then {ONLY}"
    assert result["msg"].endswith(ONLY)
    assert result["nodes"][0]["error"]["message"].endswith(ONLY)


def test_one_that_is_refused_is_to_be_installed_alone(sim, run_module):
    """By itself only: of several nothing was sent, and all of them are still to be installed."""
    refused = run_module("os_deployment", {**ONE, "image": "rhels1"})
    assert refused["msg"].endswith(ONLY)
    rows = [{"node": "web-01", "image": "rhels1"}, {"node": "web-02", "image": IMAGE}]
    refused = run_module("os_deployment", {"confirm": True, "nodes": rows})
    assert "only for what failed" not in refused["msg"]
    sim.switches("xclarity", fail_next=[{"kind": "deploy", "state": "Stopped_With_Error"}] * 2)
    every = run_module("os_deployment", {"confirm": True, "image": IMAGE, "nodes": [{"node": "web-01"}, {"node": "web-02"}]})
    assert every["msg"].endswith("then run again.")


def test_a_lost_answer(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"deploy": 2.0})
    sim.fault("xclarity", "PUT", "^/hostPlatforms", reset="after")
    result = run_module("os_deployment", ONE)
    assert not result.failed, result
    assert (result["nodes"][0]["reconciled"], sim.state("xclarity")["deployments"]["deployments"]) == (True, 1)


def test_a_run_that_was_killed_is_asked_about_once(sim, harness, run_module):
    uuid = sim.state("xclarity")["appliance_uuid"]
    harness.leave_unfinished("xclarity", "os_deployments", ("xclarity", uuid), f"deploy to:{WEB}", group="servers")
    assert (run_module("os_deployment", ONE).code, bodies(sim)) == ("earlier_run_unfinished", [])
    assert run_module("os_deployment", ONE)["outcome"] == "finished"


@pytest.mark.parametrize(
    "module, params",
    [
        ("os_deployment", ONE), ("node_power", {"node": "web-01", "state": "restarted"}),
        ("xclarity_request", {"method": "PUT", "path": f"/nodes/{WEB}/bmc", "body": {"powerState": "restart"}}),
    ],
)  # fmt: skip
def test_what_is_cut_off_in_its_wait_is_not_to_be_run_again(sim, harness, module, params, tmp_path):
    """The keyword ``timeout`` tells the same as wait_timeout: what each run does anew is not done twice on its advice."""
    sim.switches("xclarity", job_seconds=60.0)
    told = tmp_path / "told.json"
    tell = {"ansible.builtin.copy": {"dest": str(told), "content": "{{ ended | to_json }}"}}
    task = {f"groundwork.provision.{module}": {**params, "poll_interval": 0.2}, "timeout": 3, "register": "ended", "ignore_errors": True}
    with RunningPlay(harness, [{"hosts": "localhost", "tasks": [task, tell]}]) as play:
        output = play.output()
    ended = json.loads(told.read_text(encoding="utf-8"))
    assert ended["error"]["code"] == "task_timeout", output
    assert "run it again" not in ended["msg"]
    assert "Wait for it with the module job (job 11)".casefold() in ended["msg"].casefold()
    assert "Run again once that job has ended, this task would send its request once more." in ended["msg"]
