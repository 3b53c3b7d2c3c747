# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated XClarity's profiles: the state machine of activation, and every way it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from xclarity_calls import BAY, CHASSIS, EMPTY_BAY, ESTATE, FLEX, OTHER_RACK, RACK, Calls

from simulator.client import Control


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE)
    control.clock(mode="manual")
    control.switches("xclarity", job_seconds=10)
    return Calls(control)


def activate(calls: Calls, profile: str = "71", **body: Any) -> dict[str, Any]:
    reply = calls("POST", f"/profiles/{profile}", body)
    assert reply.status_code == 200
    assert reply.json()["identifier"] == "id"
    (item,) = reply.json()["items"]
    result: dict[str, Any] = item
    return result


def status(calls: Calls, profile: str = "71") -> str:
    return next(str(one["profileStatus"]) for one in calls("GET", "/profiles").json()["items"] if one["id"] == profile)


def test_immediate_activation_of_a_rack_server(control: Control, calls: Calls) -> None:
    item = activate(calls, restart="immediate", uuid=RACK)
    assert item["message"] is None
    assert (item["endPointIds"], item["endPointNames"]) == ([RACK], ["web-01"])
    assert (item["locationIds"], item["locationIdsFailed"], item["uuidsFailed"]) == ([], [], [])
    assert item["redeployedNodeUuids"] == []
    assert status(calls) == "ACTIVATING"
    assert calls("GET", f"/profiles/status?uuids={RACK}").json()["items"][0]["activationStatus"] == "RUNNING"
    control.clock(advance=10)
    listed = calls("GET", "/profiles").json()["items"][0]
    assert (listed["profileStatus"], listed["uuid"], listed["externalId"]) == ("ACTIVE", RACK, RACK)
    assert (listed["serverName"], listed["complianceStatus"]) == ("web-01", "valid")
    assert calls("GET", f"/config/server/{RACK}/status").json()["activationStatus"] == "COMPLETED"
    state = control.state("xclarity")
    assert state["profiles"]["71"]["activations"] == 1
    assert state["nodes"][RACK]["reboots"] == 1
    assert calls.task(item["jobRecordId"])["status"] == "Complete"


def test_deferred_activation_waits_for_a_restart(control: Control, calls: Calls) -> None:
    item = activate(calls, "75", restart="defer", uuid=BAY)
    assert (item["locationIds"], item["locationNames"], item["endPointIds"]) == ([BAY], ["app-01"], [])
    control.clock(advance=10)
    assert status(calls, "75") == "PENDING_ACTIVATION"
    assert calls.task(item["jobRecordId"])["status"] == "Complete"
    assert calls("GET", f"/profiles/status?uuids={FLEX}").json()["items"][0]["activationStatus"] == "PENDING"
    assert control.state("xclarity")["nodes"][FLEX]["reboots"] == 0
    control.clock(advance=1e6)
    assert status(calls, "75") == "PENDING_ACTIVATION"
    assert control.action("xclarity", "reboot", uuid=FLEX) == {"reboots": 1}
    assert status(calls, "75") == "ACTIVE"


def test_a_restart_during_a_deferred_activation_completes_it(control: Control, calls: Calls) -> None:
    activate(calls, restart="defer", uuid=RACK)
    control.clock(advance=5)
    control.action("xclarity", "reboot", uuid=RACK)
    assert status(calls) == "ACTIVATING"
    control.clock(advance=5)
    assert status(calls) == "ACTIVE"


def test_other_readings_of_defer(control: Control, calls: Calls) -> None:
    control.switches("xclarity", defer_end_state="activating")
    activate(calls, restart="defer", uuid=RACK)
    control.clock(advance=10)
    assert status(calls) == "ACTIVATING"
    calls("PUT", f"/nodes/{RACK}", {"powerState": "powerCycleSoft"})
    assert status(calls) == "ACTIVE"
    control.switches("xclarity", defer_job_waits=True)
    job = activate(calls, "72", restart="defer", uuid=OTHER_RACK)["jobRecordId"]
    control.clock(advance=1000)
    assert calls.task(job)["complete"] is False
    control.action("xclarity", "reboot", uuid=OTHER_RACK)
    assert calls.task(job)["status"] == "Complete"
    assert status(calls, "72") == "ACTIVE"


def test_an_empty_bay_can_be_given_a_profile(calls: Calls, control: Control) -> None:
    activate(calls, "75", restart="defer", uuid=EMPTY_BAY)
    control.clock(advance=10)
    listed = calls("GET", "/profiles").json()["items"][2]
    assert (listed["uuid"], listed["externalId"], listed["bayId"]) == ("", EMPTY_BAY, "9")
    assert (listed["chassisName"], listed["profileStatus"]) == ("chassis-1", "PENDING_ACTIVATION")


@pytest.mark.parametrize(
    "body",
    [{}, {"uuid": RACK}, {"restart": "pending", "uuid": RACK}, {"restart": "Immediate", "uuid": RACK},
     {"restart": None, "uuid": RACK}, {"restart": "immediate"}, {"restart": "immediate", "uuid": ""},
     {"restart": "immediate", "uuid": None}, {"restart": "immediate", "uuid": [RACK]},
     {"restart": "immediate", "uuid": RACK, "force": True}, [], "text"],
)
def test_bad_activations_start_nothing(control: Control, calls: Calls, body: Any) -> None:
    reply = calls("POST", "/profiles/71", body)
    assert reply.status_code == 400
    assert reply.json()["result"] == "failed"
    assert control.state("xclarity")["counts"]["activations"] == 0
    assert calls("GET", "/tasks").json() == []


def test_unknown_profile(calls: Calls) -> None:
    assert calls("POST", "/profiles/999", {"restart": "immediate", "uuid": RACK}).status_code == 404
    assert calls("GET", "/profiles/999").status_code == 404


@pytest.mark.parametrize(("target", "key"), [("no-such-server", "uuidsFailed"), (FLEX, "uuidsFailed"),
                                             (f"{CHASSIS}_bay99", "locationIdsFailed"), ("X_bay1", "locationIdsFailed")])
def test_unknown_target_fails_inside_a_200(control: Control, calls: Calls, target: str, key: str) -> None:
    item = activate(calls, restart="immediate", uuid=target)
    assert item[key] == [target]
    assert item["message"]
    assert item["jobRecordId"] == ""
    assert status(calls) == "UNASSIGNED"
    control.switches("xclarity", unknown_target_reply=400)
    assert calls("POST", "/profiles/71", {"restart": "immediate", "uuid": target}).status_code == 400


def test_a_taken_target_and_a_refused_one(control: Control, calls: Calls) -> None:
    activate(calls, restart="immediate", uuid=RACK)
    assert activate(calls, "72", restart="immediate", uuid=RACK)["uuidsFailed"] == [RACK]
    control.switches("xclarity", refused_targets=[OTHER_RACK], taken_target_reply=400, refused_names_job=True)
    assert calls("POST", "/profiles/72", {"restart": "immediate", "uuid": RACK}).status_code == 400
    item = activate(calls, "72", restart="immediate", uuid=OTHER_RACK)
    assert item["uuidsFailed"] == [OTHER_RACK]
    assert calls.task(item["jobRecordId"])["status"] == "Running"
    assert control.state("xclarity")["profiles"]["72"] == {
        "name": "web-02", "status": "inactive", "target": None, "activations": 0, "compliance": "none"}


@pytest.mark.parametrize("before", ["active", "pending", "failed"])
def test_redeploy_only_to_the_same_target(control: Control, calls: Calls, before: str) -> None:
    control.seed(xclarity={"profiles": [{"id": "80", "status": before, "target": RACK}]})
    assert calls("POST", "/profiles/80", {"restart": "immediate", "uuid": OTHER_RACK}).status_code == 400
    for body in ({"restart": "immediate"}, {"restart": "immediate", "uuid": RACK}):
        assert activate(calls, "80", **body)["redeployedNodeUuids"] == [RACK]
        control.clock(advance=10)
        assert status(calls, "80") == "ACTIVE"
    # A repeat is a second restart: this is what a client must not do by accident.
    assert control.state("xclarity")["nodes"][RACK]["reboots"] == 2


@pytest.mark.parametrize(("how", "code"), [("accept", 200), (400, 400), (409, 409)])
def test_activation_while_one_runs(control: Control, calls: Calls, how: str | int, code: int) -> None:
    control.switches("xclarity", activate_while_activating=how)
    activate(calls, restart="immediate", uuid=RACK)
    assert calls("POST", "/profiles/71", {"restart": "immediate"}).status_code == code
    assert control.state("xclarity")["profiles"]["71"]["activations"] == (2 if code == 200 else 1)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [({"state": "Stopped_With_Error"}, "ACTIVATION_FAILED"), ({"state": "CompleteWithErrors"}, "ACTIVATION_FAILED"),
     ({"state": "Complete", "effect": False}, "ACTIVATION_FAILED"),
     ({"state": "CompleteWithErrors", "effect": True}, "ACTIVE"), ({"state": "CompleteWithWarnings"}, "ACTIVE")],
)
def test_activation_that_ends_badly(control: Control, calls: Calls, rule: dict[str, Any], expected: str) -> None:
    control.switches("xclarity", fail_next={"kind": "activate", "resource": "71", **rule})
    job = activate(calls, restart="immediate", uuid=RACK)["jobRecordId"]
    control.clock(advance=10)
    task = calls.task(job)
    assert (task["status"], task["percentage"], task["complete"]) == (rule["state"], 100, True)
    assert status(calls) == expected


def test_cancelled_activation(control: Control, calls: Calls) -> None:
    job = activate(calls, restart="immediate", uuid=RACK)["jobRecordId"]
    control.clock(advance=4)
    assert calls("PUT", "/tasks", {"action": "cancel", "list": [job]}).status_code == 200
    assert status(calls) == "ACTIVATION_FAILED"
    assert calls("GET", f"/profiles/status?uuids={RACK}").json()["items"][0]["activationStatus"] == "TERMINATED"


def test_job_id_that_is_no_task(control: Control, calls: Calls) -> None:
    control.switches("xclarity", jobRecordId_is_task=False)
    record = activate(calls, restart="immediate", uuid=RACK)["jobRecordId"]
    assert calls("GET", f"/tasks/{record}").status_code == 404
    assert len(calls("GET", "/tasks").json()) == 1
    control.switches("xclarity", activation_job_id="empty")
    assert activate(calls, "72", restart="immediate", uuid=OTHER_RACK)["jobRecordId"] == ""
    control.switches("xclarity", activation_job_id="absent")
    assert "jobRecordId" not in activate(calls, "75", restart="immediate", uuid=BAY)


def test_server_without_licence(control: Control, calls: Calls) -> None:
    control.seed(xclarity={"nodes": [{"uuid": "AB", "licensed": False}]})
    reply = calls("POST", "/profiles/71", {"restart": "immediate", "uuid": "AB"})
    assert reply.status_code == 403
    assert "license" in reply.json()["messages"][0]["text"]


def test_list_and_single_have_different_shapes(control: Control, calls: Calls) -> None:
    activate(calls, "75", restart="defer", uuid=BAY)
    listed = next(one for one in calls("GET", "/profiles").json()["items"] if one["id"] == "75")
    single = calls("GET", "/profiles/75").json()
    assert {"id", "profileName", "profileStatus", "serverName", "uuid", "chassisName", "bayId", "subBayId", "type",
            "templateName", "templateId", "externalId", "managementPatternPresent", "addressPresent", "rackId", "unit",
            "complianceStatus"} == set(listed)
    assert (listed["bayId"], listed["externalId"], listed["subBayId"]) == ("3", BAY, None)
    assert (single["ID"], single["name"], single["endPointId"], single["externalId"]) == ("75", "app-01", BAY, BAY)
    assert single["profilePath"] == ["bay3", CHASSIS, "system01", "pod01", "datacenter01"]
    assert "profileStatus" not in single
    assert "profileStatus" not in calls("GET", "/profiles?excludeAttributes=profileStatus,uuid").json()["items"][0]
    assert "uuid" in calls("GET", "/profiles?includeAttributes=id").json()["items"][0]
    words = {"inactive": "INACTIVE", "activating": "RUNNING", "pending": "P", "active": "A", "failed": "F"}
    control.switches("xclarity", profile_status_words=words, compliance_case="upper")
    assert status(calls) == "INACTIVE"
    assert calls("GET", "/profiles").json()["items"][0]["complianceStatus"] == "NONE"


def test_status_query(control: Control, calls: Calls) -> None:
    for profile, target in (("71", RACK), ("75", BAY)):
        activate(calls, profile, restart="immediate", uuid=target)
    for query in (f"uuids={RACK},{FLEX}", f"uids={RACK},{BAY}", f"uuids={RACK},{FLEX},unknown"):
        reply = calls("GET", f"/profiles/status?{query}").json()
        assert reply["identifier"] == "uuid"
        assert [one["uuid"] for one in reply["items"]] == [RACK, FLEX]
    assert calls("GET", f"/profiles/status?uuids={OTHER_RACK}").status_code == 404
    control.switches("xclarity", profiles_status_unknown=200)
    assert calls("GET", f"/profiles/status?uuids={OTHER_RACK}").json()["items"] == []
    control.switches("xclarity", profiles_status_served=False)
    assert calls("GET", f"/profiles/status?uuids={RACK}").status_code == 404


def test_rename_and_compliance(control: Control, calls: Calls) -> None:
    reply = calls("PUT", "/profiles/71", {"profileName": "front", "complianceStatus": "VALID"})
    assert (reply.status_code, reply.content) == (204, b"")
    listed = calls("GET", "/profiles").json()["items"][0]
    assert (listed["profileName"], listed["complianceStatus"]) == ("front", "valid")
    assert calls("PUT", "/profiles/72", {"complianceStatus": "INVALID"}).status_code == 400
    for body in ({"profileName": "web-02"}, {"profileName": "a/b"}, {"profileName": ""}, {"complianceStatus": "NONE"},
                 {"profileName": "x", "complianceStatus": 1}):
        assert calls("PUT", "/profiles/71", body).status_code == 400


def test_unassign_and_delete(control: Control, calls: Calls) -> None:
    activate(calls, restart="immediate", uuid=RACK)
    assert calls("POST", "/profiles/unassign/71", {}).status_code == 400
    control.clock(advance=10)
    assert calls("DELETE", "/profiles/71").status_code == 400
    assert calls("POST", "/profiles/unassign/71,999", {}).status_code == 404
    assert calls("POST", "/profiles/unassign/71", {"powerDownITE": "maybe"}).status_code == 400
    assert calls("POST", "/profiles/unassign/71,72", {"powerDownITE": "True", "force": False}).status_code == 200
    assert status(calls) == "UNASSIGNED"
    state = control.state("xclarity")
    assert state["counts"]["unassigned"] == 1
    assert state["nodes"][RACK]["power"] == 5
    # The server is free again.
    assert activate(calls, "72", restart="immediate", uuid=RACK)["uuidsFailed"] == []
    assert calls("DELETE", "/profiles/71").json() == {"message": "service_operational"}
    assert calls("DELETE", "/profiles/71").status_code == 404


def test_forced_unassign_stops_the_activation(control: Control, calls: Calls) -> None:
    job = activate(calls, restart="immediate", uuid=RACK)["jobRecordId"]
    assert calls("POST", "/profiles/unassign/71", {"force": True}).status_code == 200
    control.clock(advance=10)
    assert calls.task(job)["status"] == "Cancelled"
    assert status(calls) == "UNASSIGNED"


def test_many_profiles(control: Control, calls: Calls) -> None:
    control.seed(xclarity={"generate": {"rack_nodes": 2000, "profiles": 2000}})
    items = calls("GET", "/profiles").json()["items"]
    assert len(items) == 2003
    assert items[-1]["profileName"] == "web-02000"
    uuid = next(one["uuid"] for one in calls("GET", "/nodes").json()["nodeList"] if one["name"] == "web-02000")
    activate(calls, items[-1]["id"], restart="immediate", uuid=uuid)
    control.clock(advance=10)
    assert calls("GET", "/profiles").json()["items"][-1]["profileStatus"] == "ACTIVE"


@pytest.mark.parametrize("profile", [{"id": "9", "status": "odd"}, {"id": "9", "status": "active"},
                                     {"id": "9", "target": RACK}, {"id": "9", "status": "active", "target": "none"}])
def test_impossible_seeds_are_refused(control: Control, calls: Calls, profile: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="400"):
        control.seed(xclarity={"profiles": [profile]})
