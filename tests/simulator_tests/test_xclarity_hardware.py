# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware below a server profile, as the simulator has it: power, lights, managing, firmware, patterns, events, deployments."""

from __future__ import annotations

from typing import Any

import pytest
from xclarity_calls import BAY, CHASSIS, ESTATE, FLEX, IMAGE, OTHER_RACK, RACK, Calls

from simulator.client import Control

NEW = {"ip": "192.0.2.121", "uuid": "C" * 32, "name": "new-01"}


@pytest.fixture
def calls(control: Control) -> Calls:
    """Jobs take ten seconds of a clock that stands still."""
    control.seed(xclarity={
        **ESTATE, "discoverable": [NEW], "policies": [{"name": "production"}], "firmware": {RACK: {"policy": "production"}},
        "patterns": [{"id": "60", "name": "web"}], "events": [{"number": 4711, "msg": "one"}, {"number": 4720, "msg": "two"}],
    })  # fmt: skip
    control.clock(mode="manual")
    control.switches("xclarity", job_seconds=10)
    return Calls(control)


def power(calls: Calls, uuid: str = RACK) -> int:
    return int(calls("GET", f"/nodes/{uuid}").json()["powerStatus"])


def test_power_lags_and_comes_at_the_end(control: Control, calls: Calls) -> None:
    control.switches("xclarity", power_effect="at_end", power_status_lag=5, stubborn_systems=[OTHER_RACK])
    assert calls("PUT", f"/nodes/{RACK}?synchronous=false", {"powerState": "powerOff"}).content == b""
    control.clock(advance=10)
    assert power(calls) == 8
    control.clock(advance=5)
    assert power(calls) == 5
    assert calls("GET", "/nodes").json()["nodeList"][0]["powerStatus"] == 5
    calls("PUT", f"/nodes/{OTHER_RACK}", {"powerState": "powerOffSoftGraceful"})
    control.clock(advance=20)
    assert power(calls, OTHER_RACK) == 8


@pytest.mark.parametrize("body", [
    {"powerState": "powerCycleSoftGraceful"}, {"powerState": "powerOffHardGraceful"}, {"powerState": "on"}, {},
    {"powerState": "powerOn", "leds": []}, {"leds": [{"name": "Location", "state": "On"}]}, {"leds": [{"name": "Identify", "state": "on"}]},
])  # fmt: skip
def test_words_of_another_door_are_refused(calls: Calls, body: dict[str, object]) -> None:
    assert calls("PUT", f"/nodes/{RACK}", body).status_code == 400


def test_a_light_has_the_name_of_its_device(calls: Calls) -> None:
    for uuid, name in ((RACK, "Identify"), (FLEX, "Identification")):
        answer = calls("PUT", f"/nodes/{uuid}", {"leds": [{"name": name, "state": "Blinking"}]})
        assert (answer.json()["statusCode"], answer.json()["messages"][0]["recovery"]) == (200, "")
        assert {led["name"]: led["state"] for led in calls("GET", f"/nodes/{uuid}").json()["leds"]}[name] == "Blinking"


def test_discover_manage_unmanage(control: Control, calls: Calls) -> None:
    assert calls("POST", "/discoverRequest", {"ipAddresses": ["192.0.2.121"]}).status_code == 400
    place = calls("POST", "/discoverRequest", [{"ipAddresses": ["192.0.2.121", "192.0.2.200"]}]).headers["Location"]
    assert calls("GET", place).json()["serverList"] == []
    control.clock(advance=10)
    (entry,) = calls("GET", place).json()["serverList"]
    assert (calls("GET", place).json()["result"], entry["uuid"], entry["status"]["manageable"]) == (100, "c" * 32, True)
    assert [one["uuid"] for one in calls("GET", "/discovery").json()["nodeList"]] == ["c" * 32]
    keys = ("ipAddresses", "type", "uuid", "machineType", "managementPorts", "managementProcessor", "server-type")
    body = {key: entry[key] for key in keys}
    body |= {"username": "USERID", "password": "wrong", "securityDescriptor": {"managedAuthEnabled": True, "managedAuthSupported": False}}
    job = calls("POST", "/manageRequest", [body]).json()["jobID"]
    control.clock(advance=10)
    end = calls("GET", f"/manageRequest/jobs/{job}").json()
    assert (end["progress"], end["status"], end["results"][0]["result"]) == (100.0, "INCOMPLETE", "OTHER_FAIL")
    calls("POST", "/manageRequest", [{**body, "password": "Passw0rd-bmc"}])
    control.clock(advance=10)
    assert calls("GET", f"/nodes/{'C' * 32}").json()["name"] == "new-01"
    again = calls("POST", "/manageRequest", [{**body, "password": "Passw0rd-bmc"}]).json()["jobID"]
    control.clock(advance=10)
    assert "DUPLICATE" in calls("GET", f"/manageRequest/jobs/{again}").json()["results"][0]["status"]["substatus"][0]["id"]
    endpoint = {"ipAddresses": ["192.0.2.121"], "type": "Rack-Tower Server", "uuid": "C" * 32}
    calls("POST", "/unmanageRequest", {"endpoints": [endpoint], "forceUnmanage": False})
    control.clock(advance=10)
    assert calls("GET", f"/nodes/{'C' * 32}").status_code == 404


def test_firmware_compares_and_steps(control: Control, calls: Calls) -> None:
    reply = calls("GET", "/compliancePolicies/persistedResult")
    assert reply.headers["Content-Type"].endswith("charset=ISO-8859-1")
    branches = reply.json()["all"]
    assert [next(iter(branch)) for branch in branches] == ["chassis", "racklist", "complexlist", "rackswitchlist", "storagelist"]
    assert "vers\u00e3o" in branches[1]["racklist"][0]["targetFirmware"][0]["reason"]
    names = ["BMC (Primary)", "UEFI (Primary)"]

    def apply(parts: list[str], **query: str) -> object:
        servers = [{"UUID": RACK, "Components": [{"Component": name} for name in parts]}]
        return calls("PUT", "/updatableComponents", {"DeviceList": [{"ServerList": servers}]}, params={"action": "apply", **query})

    assert apply([*names, "UEFI (Backup)"]).status_code == 400
    started = apply(names, activationMode="immediate").json()
    assert (started["result"], isinstance(started["JobID"], int)) == ("informational", True)
    assert apply(names).status_code == 409

    def states() -> list[tuple[str, str]]:
        (server,) = calls("GET", "/updatableComponents").json()["DeviceList"][1]["ServerList"]
        return [(one["UpdateStatus"]["Phase"], one["UpdateStatus"]["State"]) for one in server["Components"]]

    control.clock(advance=2)
    assert states() == [("Applying", "InProgress"), ("Queued", "Blocked")]
    control.clock(advance=8)
    assert states() == [("Complete", "Complete")] * 2
    assert calls("GET", "/compliancePolicies/persistedResult").json()["all"][1]["racklist"][0]["endpointCompliant"] == "yes"
    unassigned = calls("POST", "/compliancePolicies/persistedResult", {"unassign": [{"uuid": RACK}, {"uuid": OTHER_RACK}]}).json()
    assert (unassigned["successCount"], unassigned["failedCount"]) == (1, 1)


def test_patterns_make_profiles(control: Control, calls: Calls) -> None:
    calls("POST", "/patterns/60", {"restart": "immediate", "uuid": [RACK]})
    calls("POST", "/patterns/60", {"restart": "pending", "endpointIds": [BAY]})
    control.clock(advance=10)
    made = {one["externalId"]: one["profileStatus"] for one in calls("GET", "/profiles").json()["items"] if one["templateName"] == "web"}
    assert (made[RACK], made[BAY]) == ("ACTIVE", "PENDING_ACTIVATION")
    assert calls("POST", "/patterns/60", {"restart": "immediate", "uuid": [BAY]}).status_code == 400
    assert calls("GET", "/patterns/60/includeSettings").json()["template_type"] == "server_template"
    assert CHASSIS in BAY


def test_events_have_ranges_of_numbers(calls: Calls) -> None:
    first = calls("GET", "/events", headers={"Range": "item=0-1"})
    assert (first.status_code, first.json(), first.headers["Content-Range"]) == (200, [], "0-1/4720")
    found = calls("GET", "/events", headers={"Range": "item=4700-4715"}).json()
    assert [one["cn"] for one in found] == ["4711"]
    newer = '{"filterType":"FIELDNOTREGEXAND","fields":[{"field":"cn","operation":"GT","value":"4711"}]}'
    assert [one["cn"] for one in calls("GET", "/events", params={"filterWith": newer}).json()] == ["4720"]


def test_images_that_fit_a_server(control: Control, calls: Calls) -> None:
    def told() -> list[Any]:
        items = calls("GET", "/hostPlatforms").json()["items"]
        return [one.get("availableImages", "missing") for one in items if one["uuid"] == RACK]

    assert [one["value"] for one in told()[0]][:1] == [IMAGE]
    for fitting in ([], None, "missing"):
        control.switches("xclarity", fitting_images={RACK: fitting})
        assert told() == [fitting]
    control.switches("xclarity", fitting_images={RACK: []})
    body = [{"uuid": RACK, "selectedImage": IMAGE, "networkSettings": {}, "storageSettings": {"targetDevice": "localdisk"}}]
    assert calls("PUT", "/hostPlatforms", body).status_code == 400


def test_a_deployment_steps_and_ends(control: Control, calls: Calls) -> None:
    control.switches("xclarity", deployed_state_seconds=5)
    body = [{"uuid": RACK, "selectedImage": IMAGE, "networkSettings": {}, "storageSettings": {"targetDevice": "localdisk"}}]
    assert calls("PUT", "/hostPlatforms", body[0]).status_code == 400
    assert calls("PUT", "/hostPlatforms", body).json()["result"] == "success"

    def state() -> int:
        return int(calls("GET", "/hostPlatforms").json()["items"][0]["deployStatusID"])

    seen = [state()]
    for _step in range(3):
        control.clock(advance=5)
        seen.append(state())
    assert (seen[0], 4 < seen[1] < 17, seen[2:]) == (4, True, [17, 3])
