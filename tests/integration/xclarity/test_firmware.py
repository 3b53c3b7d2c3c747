# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firmware_info, firmware_policy and firmware_update against the simulator, whose comparison speaks ISO-8859-1 and Portuguese."""

from __future__ import annotations

import json

import pytest
from running import until

WEB, WEB3, DB, APP = (f"0A1000000000000000000000000000{n}" for n in ("0A", "0C", "0D", "0E"))


def bodies(sim, since=0):
    return [(e["path"], json.loads(e["body"])) for e in sim.log(since=since, system="xclarity", changing=True)]


def asked(body):
    return [one["Component"] for one in body["DeviceList"][0]["ServerList"][0]["Components"]]


def firmware(sim):
    return sim.state("xclarity")["firmware"]


# -- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, {"compliance_charset": "UTF-8", "compliance_key": "deviceCompliant"}])
def test_what_is_told_of_firmware(sim, run_module, switches):
    """Rack, chassis and complex stand in branches of their own."""
    sim.switches("xclarity", **switches)
    sim.seed(xclarity={
        "nodes": [{"uuid": "9" * 32, "name": "big", "complex": "219E1043"}], "firmware": {"9" * 32: {"policy": "production"}},
    })  # fmt: skip
    result = run_module("firmware_info")
    assert not result.failed, result
    found = {node["name"]: node for node in result["nodes"]}
    assert {name for name, node in found.items() if node["policy"] == "production"} == {"web-03", "db-01", "app-01", "big"}
    assert (found["web-01"]["policy"], found["web-01"]["compliant"], found["web-01"]["supported"]) == ("", None, True)
    big = found["big"]
    assert (big["compliant"], big["to_update"], big["without_package"]) == (False, ["BMC (Primary)", "UEFI (Primary)"], [])
    assert [(one["compliant"], one["do_not_update"]) for one in big["components"]] == [(False, False), (False, False), (None, True)]
    assert {"name": "UEFI (Primary)", "version": "1.00"}.items() <= big["installed"][1].items()
    assert [policy["name"] for policy in result["policies"]] == ["production", "flex-only"]
    assert [node["name"] for node in run_module("firmware_info", {"node": ["db-01", WEB.lower(), "no"]})["nodes"]] == ["web-01", "db-01"]


# -- policies ---------------------------------------------------------------------------------------------------------


def test_assign_and_take_away(sim, run_module):
    params = {"policy": "production", "nodes": [{"node": "web-01"}, {"node": "web-02"}, {"node": "app-01", "policy": "flex-only"}]}
    planned = run_module("firmware_policy", params, check=True)
    assert (planned["changed"], bodies(sim)) == (True, [])
    first = run_module("firmware_policy", params)
    assert not first.failed, first
    assert (first["outcome"], first["plan"], first["diff"]) == ("finished", planned["plan"], planned["diff"])
    assert [(row["policy"], row["compliant"]) for row in first["nodes"]] == [
        ("production", False), ("production", False), ("flex-only", False),
    ]  # fmt: skip
    assert bodies(sim)[0][1]["compliance"][0].keys() == {"policyName", "type", "uuid"}
    since = sim.last()
    assert run_module("firmware_policy", params)["changed"] is False
    assert bodies(sim, since) == []
    other = run_module("firmware_policy", {"node": "app-01", "policy": "production", "state": "absent"})
    assert other["changed"] is False
    gone = run_module("firmware_policy", {"state": "absent", "nodes": [{"node": "web-01"}, {"node": "app-01"}, {"node": "db-01"}]})
    assert not gone.failed, gone
    assert [row["policy"] for row in gone["nodes"]] == [""] * 3
    assert set(firmware(sim)["assigned"]) == {WEB3, "0A10000000000000000000000000000B"}


@pytest.mark.parametrize(
    "params, code",
    [
        ({"node": "web-01", "policy": "nonesuch"}, "policy_not_found"),
        ({"node": "nobody", "policy": "production"}, "node_not_found"),
        ({"node": "web-01"}, "config_missing"),
        ({"node": "strange", "policy": "production"}, "node_unmanaged"),
    ],
)
def test_mistakes_with_policies(sim, run_module, params, code):
    sim.seed(xclarity={"nodes": [{"uuid": "6" * 32, "name": "strange", "managed": False}]})
    result = run_module("firmware_policy", params)
    assert (result.code, bodies(sim)) == (code, [])


def test_a_policy_that_does_not_fit_the_machine_type(sim, run_module):
    """Which ones fit is not told; the server refuses inside a 200."""
    result = run_module("firmware_policy", {"nodes": [{"node": "web-01"}, {"node": "app-01"}], "policy": "flex-only"})
    assert "Look whether the policy is for the machine type of this server, and run again." in result["msg"]
    assert result.code == "server_refused"
    assert "cannot be assigned" in result["msg"]
    assert [row["outcome"] for row in result["nodes"]] == ["not_started", "finished"]


@pytest.mark.parametrize("body", [
    '{"status":"success","failedCount":1,"failedDevices":[{"uuid":"X"}]}', '{"status":"failure","errorMessage":"No."}',
])  # fmt: skip
def test_a_device_that_is_named_as_failed(sim, run_module, body):
    sim.fault("xclarity", "POST", "^/compliancePolicies", status=200, body=body)
    result = run_module("firmware_policy", {"node": "web-01", "policy": "production"})
    assert (result.code, result["outcome"]) == ("server_refused", "not_started")


def test_a_policy_that_cannot_be_taken_away_is_not_told_to_be_of_another_machine(sim, run_module):
    assert not run_module("firmware_policy", {"node": "web-01", "policy": "production"}).failed
    sim.fault("xclarity", "POST", "^/compliancePolicies", status=200, body='{"status":"failure","errorMessage":"No."}')
    result = run_module("firmware_policy", {"node": "web-01", "state": "absent"})
    assert (result.code, "machine type" in result["msg"]) == ("server_refused", False), result["msg"]


def test_a_lost_answer_to_an_assignment(sim, run_module):
    sim.fault("xclarity", "POST", "^/compliancePolicies", reset="after")
    result = run_module("firmware_policy", {"node": "web-01", "policy": "production"})
    assert (result["outcome"], result["nodes"][0]["reconciled"], len(bodies(sim))) == ("finished", True, 1)


# -- updates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, {"compliance_lag": 0.3}, {"update_success_word": "Fine"}])
def test_bring_servers_to_their_policy(sim, run_module, switches):
    sim.switches("xclarity", **switches)
    params = {"activation": "immediate", "nodes": [{"node": "web-03"}, {"node": DB}]}
    planned = run_module("firmware_update", params, check=True)
    assert (planned["changed"], bodies(sim)) == (True, [])
    result = run_module("firmware_update", params)
    assert not result.failed, result
    assert (result["outcome"], result["plan"], result["diff"]) == ("finished", planned["plan"], planned["diff"])
    assert [(row["compliant"], row["components"]) for row in result["nodes"]] == [(True, ["BMC (Primary)", "UEFI (Primary)"])] * 2
    assert {path for path, _body in bodies(sim)} == {"/updatableComponents?action=apply&activationMode=immediate"}
    # A component that the policy leaves alone makes the whole request fail.
    assert [asked(body) for _path, body in bodies(sim)] == [["BMC (Primary)", "UEFI (Primary)"]] * 2
    since = sim.last()
    second = run_module("firmware_update", params)
    assert (second["changed"], second["outcome"], bodies(sim, since)) == (False, "none", [])
    assert sim.state("xclarity")["nodes"][DB]["reboots"] == 2


@pytest.mark.parametrize("seen, code", [(True, "earlier_run_unfinished"), (False, None)])
def test_an_update_of_a_run_that_was_killed(sim, harness, run_module, seen, code):
    """Where an update of the server is told, and the comparison does not show it, it may be that of the killed run."""
    sim.switches("xclarity", compliance_lag=None)
    params = {"node": "web-03", "activation": "immediate"}
    if seen:  # by an update that this control node does not remember
        assert not run_module("firmware_update", {**params, "state_dir": str(harness.folder / "another")}).failed
    identity = ("xclarity", sim.state("xclarity")["appliance_uuid"])
    harness.leave_unfinished("xclarity", "firmware_update", identity, f"update:{WEB3}", group="servers")
    since = sim.last()
    assert run_module("firmware_update", params).code == code
    assert len(bodies(sim, since)) == (0 if seen else 1)


def test_a_policy_that_changes_while_it_is_waited_for(sim, run_module):
    """The components tell a good end, but of an update to what the policy was before."""
    target = {"componentName": "BMC (Primary)", "compliant": "no", "packageExistence": "yes", "versionList": ["9.00"]}
    entry = {"uuid": WEB3, "policyName": "newer", "endpointCompliant": "no", "supported": "true", "targetFirmware": [target]}
    changed = json.dumps({"all": [{"racklist": [entry]}]})
    sim.fault("xclarity", "GET", "^/compliancePolicies/persistedResult", nth=2, times=999, status=200, body=changed)
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert (result.code, result["outcome"]) == ("effect_missing", "started")
    assert "was production when the update was planned, and is newer now" in result["msg"]


def test_a_policy_that_changes_meanwhile(sim, run_module):
    """What was installed is not what the policy asks for now, though every component tells a good end."""
    sim.seed(xclarity={"policies": [{"name": "newer", "components": [{"name": "BMC (Primary)", "version": "9.00"}]}]})
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    assert not run_module("firmware_update", {"node": "web-03", "activation": "immediate", "wait": False}).failed
    assert not run_module("firmware_policy", {"node": "web-03", "policy": "newer"}).failed
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate", "wait_timeout": 3})
    assert result["nodes"][0]["joined"]
    assert result.code in ("effect_missing", "wait_timeout"), result["msg"]
    again = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert (again["changed"], again.failed, firmware(sim)["versions"][WEB3]["BMC (Primary)"]) == (True, False, "9.00")


def test_a_comparison_that_never_follows(sim, run_module, capfd):
    sim.switches("xclarity", compliance_lag=None)
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert not result.failed, result
    assert "does not show the update" in f"{result.get('warnings')} {capfd.readouterr().err}"


@pytest.mark.parametrize("activation, now", [("delayed", "1.00"), ("prioritized", "2.00")])
def test_what_waits_for_a_restart(sim, run_module, activation, now):
    result = run_module("firmware_update", {"node": "web-03", "activation": activation})
    assert not result.failed, result
    assert (result["outcome"], result["nodes"][0]["compliant"]) == ("finished", False)
    assert firmware(sim)["versions"][WEB3]["BMC (Primary)"] == now
    assert sim.state("xclarity")["nodes"][WEB3]["reboots"] == 0
    assert result["diff"]["after"][WEB3]["after_restart"] == ["BMC (Primary)", "UEFI (Primary)"]
    sim.action("xclarity", "reboot", uuid=WEB3)
    assert run_module("firmware_update", {"node": "web-03", "activation": activation})["changed"] is False


@pytest.mark.parametrize("activation", ["delayed", "prioritized"])
@pytest.mark.parametrize("early", [{}, {"wait": False}, {"wait_timeout": 0.1}], ids=["seen", "not waited for", "not seen"])
def test_what_waits_for_a_restart_is_not_sent_again(sim, run_module, activation, early):
    """The appliance tells neither that it waits nor what for; what was asked for is remembered here."""
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    params = {"node": "web-03", "activation": activation}
    run_module("firmware_update", {**params, **early})
    until(lambda: all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    for check in (True, False, True, False):
        result = run_module("firmware_update", params, check=check)
        assert (result.failed, result["changed"], result["plan"]) == (False, False, []), result
        row = result["nodes"][0]
        assert (row["joined"], row["compliant"]) == (True, False)
        assert row["awaited"] == ["BMC (Primary)", "UEFI (Primary)"][activation == "prioritized" :]
    assert firmware(sim)["updates"] == 1
    assert not run_module("node_power", {"node": "web-03", "state": "restarted"}).failed
    last = run_module("firmware_update", params)
    assert (last["changed"], last["nodes"][0]["joined"], last["nodes"][0]["compliant"]) == (False, False, True)
    assert last["nodes"][0]["awaited"] == []


def test_what_another_appliance_was_asked_for_is_not_awaited_of_this_one(sim, run_module, harness):
    params = {"node": "web-03", "activation": "delayed"}
    assert run_module("firmware_update", params)["nodes"][0]["awaited"]
    (path,) = (harness.folder / "state").glob("firmware-*.json")
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "server": ["xclarity", "OTHER"]}), encoding="utf-8")
    assert run_module("firmware_update", params, check=True)["nodes"][0]["awaited"] == []


def test_what_waits_is_sent_again_with_what_does_not(sim, run_module):
    """The appliance tells of the last update only, and not whether it takes the place of one that waits."""
    params = {"node": "web-03", "activation": "delayed"}
    assert not run_module("firmware_update", {**params, "components": ["UEFI (Primary)"]}).failed
    assert run_module("firmware_update", {**params, "components": ["UEFI (Primary)"]})["changed"] is False
    assert run_module("firmware_update", params)["nodes"][0]["components"] == ["BMC (Primary)", "UEFI (Primary)"]
    for components in (None, ["UEFI (Primary)"]):
        assert run_module("firmware_update", {**params, "components": components})["changed"] is False


@pytest.mark.parametrize("change", ["policy", "activation", "failure", "refusal", "another node"])
@pytest.mark.parametrize("restarted", [False, True], ids=["it waits for a restart", "it is in effect"])
def test_what_is_remembered_does_not_hold_for_something_else(sim, run_module, harness, change, restarted):
    sim.switches("xclarity", **({"compliance_lag": None} if restarted else {}))
    params = {"node": "web-03", "activation": "delayed", "reconcile_timeout": 0.2}
    if change == "failure":
        sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": WEB3, "state": "Stopped_With_Error"}])
    if change == "refusal":
        sim.fault("xclarity", "PUT", "^/updatableComponents", status=403, body='{"result":"failed","messages":[{"text":"Not so."}]}')
    first = run_module("firmware_update", params)
    assert first.failed is (change in ("failure", "refusal"))
    if restarted:
        assert not run_module("node_power", {"node": "web-03", "state": "restarted"}).failed
    if change == "policy":
        sim.seed(xclarity={"policies": [{"name": "newer", "components": [
            {"name": "BMC (Primary)", "version": "9.00"}, {"name": "UEFI (Primary)", "version": "9.00"}]}]})  # fmt: skip
        assert not run_module("firmware_policy", {"node": "web-03", "policy": "newer"}).failed
    if change == "activation":
        params["activation"] = "immediate"
    if change == "another node":
        params["state_dir"] = str(harness.folder / "another")
    since = sim.last()
    result = run_module("firmware_update", params)
    assert (result.failed, result["changed"], len(bodies(sim, since))) == (False, True, 1), result


def told(result, capfd):
    return f"{result.get('warnings')} {capfd.readouterr().err}"


def grow_old(state_dir, **back):
    """Move times of the memory of the update of web-03 back, by seconds."""
    (path,) = state_dir.glob("firmware-*.json")
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {key: record[key] - seconds for key, seconds in back.items()}))


@pytest.mark.parametrize("early", [{}, {"wait": False}], ids=["seen", "not waited for"])
@pytest.mark.parametrize("activation", ["delayed", "prioritized", "immediate"])
def test_what_is_in_effect_and_the_comparison_does_not_show_is_not_sent_again(sim, run_module, harness, capfd, activation, early):
    """For an hour; then it is sent again, and that is told."""
    sim.switches("xclarity", compliance_lag=None)
    folder = harness.folder / "memory"
    params = {"node": "web-03", "activation": activation, "reconcile_timeout": 0.2, "state_dir": str(folder)}
    assert not run_module("firmware_update", {**params, **early}).failed
    until(lambda: all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    if activation != "immediate":
        assert not run_module("node_power", {"node": "web-03", "state": "restarted", "state_dir": str(folder)}).failed
    since, end = sim.last(), "had ended well" if activation == "immediate" else "that node_power asked for was told at"
    capfd.readouterr()
    for check in (True, False, False):
        result = run_module("firmware_update", params, check=check)
        row = result["nodes"][0]
        assert (result.failed, result["changed"], result["plan"], result["outcome"]) == (False, False, [], "none"), result
        assert (row["joined"], row["compliant"], row["changed"]) == (False, False, False)
        assert row["awaited"] == ["BMC (Primary)", "UEFI (Primary)"]
        text = told(result, capfd)
        assert "The update of web-03 was sent at " in text
        assert end in text
        assert "does not show it yet, so nothing is sent until " in text
    assert bodies(sim, since) == []
    grow_old(folder, effective=3590)
    assert run_module("firmware_update", params)["changed"] is False
    grow_old(folder, effective=20)
    capfd.readouterr()
    for check in (True, False):
        result = run_module("firmware_update", params, check=check)
        assert (result.failed, result["changed"]) == (False, True), result
        assert "does not show it yet, and it is sent again." in told(result, capfd)
    assert len(bodies(sim, since)) == 1


def test_an_update_of_a_run_that_ended_early_is_believed_when_it_is_remembered(sim, run_module, harness, capfd):
    """The next run joins it, and the comparison does not follow; without the memory it could be any update."""
    sim.switches("xclarity", compliance_lag=None, job_seconds_by_kind={"firmware": 2.0})
    params = {"node": "web-03", "activation": "immediate", "reconcile_timeout": 0.2}
    assert not run_module("firmware_update", {**params, "wait": False}).failed
    since = sim.last()
    joined = run_module("firmware_update", params)
    assert (joined.failed, joined["changed"], joined["nodes"][0]["joined"]) == (False, False, True), joined
    assert "another run of this user and control node sends nothing" in told(joined, capfd)
    third = run_module("firmware_update", params)
    assert (third.failed, third["changed"], third["nodes"][0]["joined"], bodies(sim, since)) == (False, False, False, []), third


def test_a_comparison_that_follows_ends_the_memory(sim, run_module, harness):
    folder = harness.folder / "memory"
    params = {"node": "web-03", "activation": "immediate", "state_dir": str(folder)}
    assert not run_module("firmware_update", params).failed
    assert list(folder.glob("firmware-*.json")) == []


def test_the_memory_of_an_update_is_of_one_appliance(sim, run_module):
    params = {"node": "web-03", "activation": "delayed"}
    assert not run_module("firmware_update", params).failed
    sim.fault("xclarity", "GET", "^/aicc$", times=-1, status=200, body=json.dumps({"appliance": {"uuid": "another"}}))
    assert run_module("firmware_update", params, check=True)["changed"] is True


def test_each_appliance_has_a_memory_of_its_own(sim, run_module, harness):
    """Two of them may have one server, while it moves from one to the other."""
    params = {"node": "web-03", "activation": "delayed", "reconcile_timeout": 0.2}

    def at(another, module="firmware_update", **more):
        sim.clear_faults()
        if another:
            sim.fault("xclarity", "GET", "^/aicc$", times=-1, status=200, body=json.dumps({"appliance": {"uuid": "another"}}))
        result = run_module(module, {**params, **more} if module == "firmware_update" else more)
        assert not result.failed, result
        return result["changed"]

    assert [at(False), at(False), at(True), at(True), at(False), at(True), at(False)] == [True, False, True, False, False, False, False]
    assert len(bodies(sim)) == 2
    records = [json.loads(path.read_text()) for path in (harness.folder / "state").glob("firmware-*.json")]
    assert len({record["server"][1] for record in records}) == len(records) == 2
    sim.switches("xclarity", compliance_lag=None)
    assert at(True, "node_power", node="web-03", state="restarted")
    records = [json.loads(path.read_text()) for path in (harness.folder / "state").glob("firmware-*.json")]
    assert {record["server"][1] for record in records if record["effective"]} == {"ANOTHER"}, "the other one is still to be restarted"


def test_a_server_that_complies_asks_for_no_identity_where_nothing_is_remembered_of_it(sim, run_module):
    assert not run_module("firmware_update", {"node": "db-01", "activation": "immediate"}).failed
    assert not run_module("firmware_update", {"node": "web-03", "activation": "delayed"}).failed
    since = sim.last()
    assert run_module("firmware_update", {"node": "db-01", "activation": "immediate"})["changed"] is False
    assert [entry["path"] for entry in sim.log(since=since, system="xclarity") if entry["path"] == "/aicc"] == []


def test_a_memory_that_cannot_be_kept_is_told(sim, run_module, harness, capfd):
    folder = harness.folder / "full"
    folder.mkdir(mode=0o700)
    params = {"node": "web-03", "activation": "delayed", "state_dir": str(folder)}
    assert not run_module("firmware_update", {**params, "wait": False}).failed
    (path,) = folder.glob("firmware-*.json")
    path.unlink()
    path.mkdir()
    until(lambda: all(job["state"] == "Complete" for job in sim.state("xclarity")["jobs"]))
    capfd.readouterr()
    result = run_module("firmware_update", params)
    assert not result.failed, result
    assert "could not be recorded" in f"{result.get('warnings')} {capfd.readouterr().err}"


def test_only_some_components(sim, run_module):
    params = {"node": "web-03", "activation": "immediate", "components": ["UEFI (Primary)"]}
    result = run_module("firmware_update", params)
    assert not result.failed, result
    assert [asked(body) for _path, body in bodies(sim)] == [["UEFI (Primary)"]]
    assert run_module("firmware_update", params)["changed"] is False


@pytest.mark.parametrize("state, word", [("Stopped_With_Error", "Failed"), ("Cancelled", "Canceled")])
def test_complete_and_failed_or_canceled_is_no_success(sim, run_module, state, word):
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": WEB3, "state": state}])
    result = run_module("firmware_update", {"activation": "immediate", "nodes": [{"node": "web-03"}, {"node": "db-01"}]})
    assert result.code in ("job_failed", "job_cancelled")
    assert [row["compliant"] for row in result["nodes"]] == [False, True]
    # The same where no job tells it.
    answer = '{"result":"informational","messages":[]}'
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": WEB3, "state": state}])
    sim.fault("xclarity", "PUT", "^/updatableComponents", status=200, applied=True, body=answer)
    again = run_module("firmware_update", {"activation": "immediate", "node": "web-03"})
    assert (again.code, f"Complete {word}" in again["msg"]) == ("update_failed", True), again["msg"]
    assert "was started" not in again["msg"]  # beside how it ended


def test_an_update_that_runs_is_joined(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    first = run_module("firmware_update", {"node": "web-03", "activation": "immediate", "wait": False})
    assert (first["changed"], first["outcome"]) == (True, "started")
    second = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert not second.failed, second
    assert (second["changed"], second["nodes"][0]["joined"], second["nodes"][0]["compliant"]) == (False, True, True)
    assert firmware(sim)["updates"] == 1


@pytest.mark.parametrize("lag", [0.0, 0.5, None])
def test_what_a_smaller_update_that_is_joined_leaves_is_sent(sim, run_module, lag):
    """Somebody else updates one component. What that brings is not sent again, also where the comparison does not show it yet."""
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0}, compliance_lag=lag)
    params = {"node": "web-03", "activation": "immediate", "wait_timeout": 20}
    assert not run_module("firmware_update", {**params, "components": ["UEFI (Primary)"], "wait": False}).failed
    result = run_module("firmware_update", params)
    assert [asked(body) for _path, body in bodies(sim)] == [["UEFI (Primary)"], ["BMC (Primary)"]]
    row = result["nodes"][0]
    assert (row["changed"], row["joined"], row["components"]) == (True, True, ["BMC (Primary)"])
    assert (result.failed, [asked(step["body"]) for step in result["plan"]]) == (False, [["BMC (Primary)"]]), result["msg"]
    assert set(firmware(sim)["versions"][WEB3].values()) == {"2.00", "1.00"}
    if lag is not None:
        assert row["compliant"]


def test_a_server_that_complies_and_still_restarts_is_waited_for(sim, run_module):
    params = {"node": "web-03", "activation": "delayed"}
    assert not run_module("firmware_update", params).failed
    sim.switches("xclarity", job_seconds_by_kind={"power": 3.0})
    restart = run_module("node_power", {"node": "web-03", "state": "restarted", "wait": False})
    since = sim.last()
    planned = run_module("firmware_update", params, check=True)
    short = run_module("firmware_update", {**params, "wait_timeout": 0.1})
    assert (planned["changed"], planned["nodes"][0]["joined"], planned["nodes"][0]["compliant"]) == (False, True, True)
    assert (short.code, short["nodes"][0]["job"]) == ("wait_timeout", restart["nodes"][0]["job"])
    result = run_module("firmware_update", params)
    assert (result.failed, result["changed"], result["nodes"][0]["joined"], bodies(sim, since)) == (False, False, True, []), result
    assert sim.state("xclarity")["jobs"][-1]["state"] == "Complete"
    assert run_module("firmware_update", params)["nodes"][0]["joined"] is False


def test_a_job_of_a_server_that_complies_is_followed_by_no_update(sim, run_module):
    """What the server lacks by then was not planned by this run."""
    sim.switches("xclarity", job_seconds_by_kind={"power": 2.0})
    assert not run_module("firmware_update", {"node": "web-03", "activation": "immediate"}).failed
    assert not run_module("node_power", {"node": "web-03", "state": "restarted", "wait": False}).failed
    since = sim.last()
    target = {"componentName": "BMC (Primary)", "compliant": "no", "packageExistence": "yes", "versionList": ["9.00"]}
    entry = {"uuid": WEB3, "policyName": "production", "endpointCompliant": "no", "supported": "true", "targetFirmware": [target]}
    changed = json.dumps({"all": [{"racklist": [entry]}]})
    sim.fault("xclarity", "GET", "^/compliancePolicies/persistedResult", nth=2, times=999, status=200, body=changed)
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert (result.code, result["changed"], bodies(sim, since)) == ("effect_missing", False, [])


def test_of_an_update_that_is_joined_only_what_is_asked_for_counts(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    params = {"node": "web-03", "activation": "immediate", "components": ["UEFI (Primary)"]}
    assert not run_module("firmware_update", {**params, "wait": False}).failed
    result = run_module("firmware_update", params)
    assert not result.failed, result
    assert (result["nodes"][0]["joined"], result["changed"], result["nodes"][0]["compliant"]) == (True, False, False)
    assert firmware(sim)["updates"] == 1


def test_a_joined_update_that_the_comparison_does_not_show_is_no_success(sim, run_module):
    """It may have brought other versions, or wait for a restart."""
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    assert not run_module("firmware_update", {"node": "web-03", "activation": "delayed", "wait": False}).failed
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate", "reconcile_timeout": 0.5, "wait_timeout": 20})
    assert (result.code, result["changed"]) == ("effect_missing", False)
    again = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert (again.failed, again["changed"], again["nodes"][0]["compliant"]) == (False, True, True)


def test_what_is_left_of_a_joined_update_and_cannot_be_sent_fails_for_its_server(sim, run_module):
    parts = [{"name": "UEFI (Primary)", "version": "3.00", "package": False}, {"name": "BMC (Primary)", "version": "3.00"}]
    sim.seed(xclarity={"policies": [{"name": "new", "components": parts}], "firmware": {WEB3: {"policy": "new"}}})
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 1.0})
    params = {"activation": "immediate", "wait_timeout": 20}
    assert not run_module("firmware_update", {**params, "node": "web-03", "components": ["BMC (Primary)"], "wait": False}).failed
    result = run_module("firmware_update", {**params, "nodes": [{"node": "web-03"}, {"node": "db-01"}]})
    assert (result.code, [row["outcome"] for row in result["nodes"]]) == ("package_missing", ["none", "finished"])
    assert len(bodies(sim)) == 2


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"status": 502, "applied": True}])
def test_a_lost_answer_to_an_update_is_found_by_its_progress(sim, run_module, fault):
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 2.0})
    sim.fault("xclarity", "PUT", "^/updatableComponents", **fault)
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert not result.failed, result
    assert (result["nodes"][0]["reconciled"], result["nodes"][0]["compliant"], firmware(sim)["updates"]) == (True, True, 1)


@pytest.mark.parametrize(
    "params, code",
    [
        ({"node": "web-01"}, "policy_missing"),
        ({"node": "nobody"}, "node_not_found"),
        ({"node": "web-03", "activation": None}, "config_missing"),
        ({"node": "web-03", "components": []}, "config_empty"),
        ({"node": "web-03", "components": ["LXPM"]}, "component_not_found"),
        ({"node": "bare"}, "package_missing"),
        ({"node": "dark"}, "node_offline"),
        ({"nodes": [{"node": "web-03"}, {"node": "bare"}]}, "package_missing"),
    ],
)
def test_mistakes_with_updates(sim, run_module, params, code):
    parts = [{"name": "UEFI (Primary)", "version": "3.00", "package": False}, {"name": "BMC (Primary)", "version": "3.00"}]
    sim.seed(xclarity={
        "nodes": [{"uuid": "7" * 32, "name": "bare"}, {"uuid": "8" * 32, "name": "dark", "attributes": {"accessState": "Offline"}}],
        "policies": [{"name": "new", "components": parts}], "firmware": {"7" * 32: {"policy": "new"}, "8" * 32: {"policy": "production"}},
    })  # fmt: skip
    for check in (True, False):
        result = run_module("firmware_update", {"activation": "immediate", **params}, check=check)
        assert (result.code, bodies(sim)) == (code, [])
    if params.get("node") == "bare":
        skipped = run_module("firmware_update", {"activation": "immediate", "node": "bare", "skip_missing": True})
        assert [asked(body) for _path, body in bodies(sim)] == [["BMC (Primary)"]]
        assert (skipped["outcome"], skipped["nodes"][0]["without_package"]) == ("finished", ["UEFI (Primary)"])


def test_a_warning_word_and_a_refusal(sim, run_module):
    sim.fault("xclarity", "PUT", "^/updatableComponents", status=200, body='{"result":"failed","messages":[{"text":"No."}]}')
    result = run_module("firmware_update", {"node": "web-03", "activation": "immediate"})
    assert (result.code, result["outcome"], result["changed"]) == ("server_refused", "not_started", False)


def test_an_assignment_that_is_under_way_is_not_sent_again(sim, run_module):
    """The comparison shows the policy only when its job has ended."""
    sim.switches("xclarity", job_seconds_by_kind={"compare": 1.5})
    sim.seed(xclarity={"policies": [{"name": "first", "components": []}, {"name": "second", "components": []}]})
    params = {"policy": "first", "node": "web-01"}
    assert not run_module("firmware_policy", {**params, "wait": False}).failed
    since = sim.last()
    result = run_module("firmware_policy", params)
    assert (result["changed"], result["outcome"], result["nodes"][0]["joined"]) == (False, "none", True), result
    assert result["nodes"][0]["policy"] == "first"
    assert not run_module("firmware_policy", {**params, "policy": "second", "wait": False}).failed
    other = run_module("firmware_policy", params)
    assert other["nodes"][0]["joined"] is True
    assert (other.code, other["changed"], other["nodes"][0]["policy"]) == ("effect_missing", False, "second")
    assert [e["path"] for e in sim.log(since, system="xclarity", changing=True)].count("/compliancePolicies/compareResult") == 1
