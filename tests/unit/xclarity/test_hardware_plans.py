# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning and judging of the hardware below a server profile, without network: tables of what is told and what is sent."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import code_of

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked, secrets
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    addresses,
    api,
    devices,
    events,
    firmware,
    firmware_list,
    firmware_updates,
    managed_nodes,
    node_led,
    node_power,
    nodes,
    os_deployments,
    pattern_deployments,
    profiles,
    raw_requests,
    stored_credentials,
)
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.patterns import Pattern

UUID = "0A10000000000000000000000000000A"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


# -- power and lights -------------------------------------------------------------------------------------------------


def power(status: object = 8, access: object = "Online", health: str = "GOOD") -> node_power.Power:
    return node_power.parse({"uuid": UUID, "name": "web-01", "powerStatus": status, "accessState": access, "bladeState_health": health})


@pytest.mark.parametrize(
    "now, state, mode, sent",
    [
        (power(8), "on", "graceful", None), (power(5), "on", "graceful", "powerOn"), (power(5), "off", "graceful", None),
        (power(8), "off", "graceful", "powerOffSoftGraceful"), (power(8), "off", "immediate", "powerOff"),
        (power(8), "restarted", "graceful", "powerCycleSoftGrace"), (power(8), "restarted", "immediate", "powerCycleSoft"),
        (power(5), "restarted", "graceful", "powerOn"), (power(18), "on", "graceful", "powerOn"),
        (power(18), "off", "immediate", "powerOff"), (power(8, "Partial"), "off", "graceful", "powerOffSoftGraceful"),
        (power(0), "restarted", "graceful", "powerCycleSoftGrace"), (power(8, health="POWER_DENIED"), "off", "immediate", "powerOff"),
        # 2 of 16 recorded servers that were Offline said that they were on.
        (power(8, "Offline"), "on", "graceful", "node_offline"), (power(5, "Offline"), "off", "graceful", "node_offline"),
        (power(8, None), "off", "graceful", "node_offline"), (power(8, "Pending"), "off", "graceful", "node_offline"),
        (power(0), "on", "graceful", "state_unknown"), (power("8"), "off", "graceful", "state_unknown"),
        (power(True), "off", "graceful", "state_unknown"), (power(5, health="POWER_DENIED"), "on", "graceful", "power_denied"),
        (power(5, health="POWER_DENIED"), "restarted", "immediate", "power_denied"),
    ],
)  # fmt: skip
def test_power(now, state, mode, sent):
    code, step = code_of(lambda: node_power.plan(now, node_power.Desired("web-01", state, mode), "web-01"))
    assert (code or (step.body["powerState"] if step else None)) == sent
    if step:
        assert (step.method, step.path, step.query) == ("PUT", f"/nodes/{UUID}", (("synchronous", "false"),))


@pytest.mark.parametrize("state, now, good", [
    ("on", power(8), True), ("restarted", power(8), True), ("off", power(5), True), ("off", power(5, "Offline"), False),
    ("on", power(18), False), ("off", power(0), False),
])  # fmt: skip
def test_power_is_reached_only_while_the_server_is(state, now, good):
    assert node_power.reached(now, state) is good


@pytest.mark.parametrize("name", ["Identify", "Identification", "Location"])
def test_the_light_has_the_name_that_the_device_gives_it(name):
    entry = {"uuid": UUID, "leds": [{"name": "Fault", "state": "On"}, {"name": name, "state": "Off"}]}
    step = node_led.plan(node_led.parse(entry), node_led.Desired(UUID, "blinking"), "x")
    assert step is not None
    assert step.body == {"leds": [{"name": name, "state": "Blinking"}]}
    assert node_led.plan(node_led.parse(entry), node_led.Desired(UUID, "off"), "x") is None


@pytest.mark.parametrize("leds", [None, [], "x", [{"name": "Fault", "state": "Off"}], [{"state": "On"}], [5]])
def test_a_device_without_that_light(leds):
    light = node_led.parse({"uuid": UUID, "leds": leds})
    assert code_of(lambda: node_led.plan(light, node_led.Desired(UUID, "on"), "x"))[0] == "led_missing"


@pytest.mark.parametrize("wanted", [UUID, UUID.lower(), "0a100000-0000-0000-0000-00000000000a", "WEB-01", " web-01 "])
def test_a_server_by_any_spelling(wanted):
    assert nodes.find([{"uuid": "b" * 32, "name": "other"}, {"uuid": UUID.lower(), "name": "web-01"}], [wanted])[0]["name"] == "web-01"


@pytest.mark.parametrize("wanted, found", [
    (" web-01", ["1"]), (" WEB-01", ["1"]), ("web-01", ["2"]), ("web-01 ", ["2"]), (f" {UUID} ", ["2"]), ("web01", []),
    ("0a100000-0000-0000-0000-00000000000a", ["2"]),
])  # fmt: skip
def test_a_name_counts_as_it_is_given_first(wanted, found):
    """Blanks around it are left out only where no server has them, in each way to ask for servers and other devices."""
    entries = [{"uuid": "1" * 32, "name": " web-01"}, {"uuid": UUID, "name": "web-01"}]
    uuids = [{"1": "1" * 32, "2": UUID}[one] for one in found]

    class Appliance:
        def read(self, path, **_more):
            if path.startswith("/nodes/"):
                return {"nodeList": [one for one in entries if one["uuid"] in path]}
            return {"nodeList": entries, "switchList": entries, "all": [], "policies": []}

    client = Appliance()
    if found:
        assert [one["uuid"] for one in nodes.find(entries, [wanted])] == uuids
    else:
        assert code_of(lambda: nodes.find(entries, [wanted]))[0] == "node_not_found"
    assert [one["uuid"] for one in nodes.read(client, wanted=[wanted])] == uuids
    assert [one["uuid"] for one in nodes.read(client, wanted=[wanted, "nobody"])] == uuids
    assert [one["uuid"] for one in devices.read(client, devices.SWITCHES, [wanted])] == uuids
    assert [one["uuid"] for one in firmware_list.read(client, [wanted])["nodes"]] == uuids


# -- managing ---------------------------------------------------------------------------------------------------------

ROW = {"bmc_username": "u", "bmc_password": "p", "recovery_password": None, "managed_authentication": True, "force": False}
ENTRY = {
    "uuid": "c" * 32, "ipAddresses": ["192.0.2.1"], "type": "Rack-Tower Server", "machineType": "7X06", "managementPorts": [],
    "management-processor-type": "XCC", "status": {"name": "UNMANAGED", "manageable": True},
}  # fmt: skip


def test_the_body_that_takes_a_server_over():
    """The one that Lenovo's client sends; an older appliance has hyphens in the key of the processor."""
    step = managed_nodes.management("192.0.2.1", ENTRY, ROW, None)
    (body,) = step.body
    assert body == {
        "ipAddresses": ["192.0.2.1"], "type": "Rack-Tower Server", "uuid": "c" * 32, "machineType": "7X06", "managementPorts": [],
        "managementProcessor": "XCC", "server-type": "Rack-Tower Server", "username": "u", "password": "p",
        "securityDescriptor": {"managedAuthEnabled": True, "managedAuthSupported": False},
    }  # fmt: skip
    assert step.public()["body"][0]["password"] == MASK
    stored = managed_nodes.management(
        "192.0.2.1", {**ENTRY, "type": "Lenovo ThinkServer"}, {**ROW, "force": True, "managed_authentication": False},
        {"id": "1", "userName": "u", "description": "d", "more": 1},
    ).body[0]  # fmt: skip
    assert (stored["forceManage"], stored["securityDescriptor"]["storedCredentials"]) == (
        True, {"id": "1", "userName": "u", "description": "d"},
    )  # fmt: skip
    assert not {"managementProcessor", "server-type"} & stored.keys()


@pytest.mark.parametrize("change, force, code", [
    ({}, False, None), ({"type": None}, False, None), ({"type": "Chassis"}, True, "not_a_server"), ({"type": "ITE"}, True, "in_a_chassis"),
    ({"status": {"name": "MANAGED", "manageable": False}}, False, "managed_elsewhere"),
    ({"status": {"name": "MANAGED", "manageable": False}}, True, None), ({"status": None}, False, None),
])  # fmt: skip
def test_what_cannot_be_taken_over(change, force, code):
    refused = managed_nodes.obstacle("192.0.2.1", {**ENTRY, **change}, force)
    assert (refused.code if refused else None) == code


@pytest.mark.parametrize("text, address", [
    ("192.0.2.1", "192.0.2.1"), (" 2001:DB8::0:1 ", "2001:db8::1"), ("host", None), ("192.0.2.1/24", None), ("", None),
])  # fmt: skip
def test_addresses_have_one_spelling(text, address):
    code, found = code_of(lambda: addresses.address_of(text))
    assert found == address
    assert (code == "config_address") is (address is None)


def test_each_entry_of_a_list_is_looked_at_once_for_thousands_of_addresses(monkeypatch):
    listed = managed_nodes.Entries({"uuid": f"{n:032X}", "ipv4Addresses": [f"198.51.100.{n}"]} for n in range(1, 201))
    looked, real = [], managed_nodes.addresses
    monkeypatch.setattr(managed_nodes, "addresses", lambda entry: (looked.append(entry), real(entry))[1])
    for n in range(1, 201):
        found = managed_nodes.managed_at(listed, f"198.51.100.{n}", None)
        assert (found or {}).get("uuid") == f"{n:032X}"
        assert managed_nodes.also_at(listed, listed, f"198.51.100.{n}") == found
    assert managed_nodes.managed_at(listed, "198.51.100.250", {"uuid": f"{7:032X}"}) == listed[6]
    assert len(looked) == len(listed)


@pytest.mark.parametrize("data, headers, job", [
    ({"jobID": 12}, {}, "12"), ({"JobID": "13"}, {}, "13"), ({"jobId": "", "jobid": 14}, {}, "14"), (None, {"Location": "/tasks/15"}, "15"),
    ({}, {"Location": "https://x/manageRequest/jobs/16/"}, "16"), ({}, {"Location": "/nodes/17"}, None), ({}, {"Jobids": "18"}, "18"),
    ({"jobID": True}, {}, None), ([], {}, None), ({"jobId": "../x"}, {}, None),
])  # fmt: skip
def test_where_a_job_is_named(data, headers, job):
    assert api.started_job(data, headers) == job


@pytest.mark.parametrize("text, job", [("The job 17 was created.", "17"), ("Jobs 17 and 18", None), ("none", None), (5, None)])
def test_a_job_inside_a_text(text, job):
    assert managed_nodes.job_in_text({"statusDescription": text}) == job


# -- firmware ---------------------------------------------------------------------------------------------------------


def target(name: str, compliant: str = "no", package: str = "yes", fixid: str = "f") -> dict[str, object]:
    return {"componentName": name, "compliant": compliant, "packageExistence": package, "fixid": fixid, "versionList": ["2"]}


def compliance(*targets: dict[str, object], word: str = "no", policy: str = "p") -> firmware.Compliance:
    return firmware.parse_compliance({"uuid": UUID, "policyName": policy, "endpointCompliant": word, "targetFirmware": list(targets)})


@pytest.mark.parametrize(
    "now, more, sent",
    [
        (compliance(target("UEFI"), target("BMC", "yes")), {}, ["UEFI"]),
        (compliance(target("UEFI"), target("Backup", "DoNotUpdate"), target("XCC", "no", fixid="Do Not Update")), {}, ["UEFI"]),
        (compliance(target("UEFI"), target("BMC")), {"components": ("BMC",)}, ["BMC"]),
        (compliance(target("UEFI", "yes"), word="yes"), {}, None),
        (compliance(target("Backup", "DoNotUpdate")), {}, None),
        (compliance(target("UEFI"), target("BMC", package="no")), {}, "package_missing"),
        (compliance(target("UEFI"), target("BMC", package="no")), {"skip_missing": True}, ["UEFI"]),
        (compliance(target("UEFI"), target("BMC", package="no")), {"components": ("UEFI",)}, ["UEFI"]),
        (compliance(policy=""), {}, "policy_missing"), (compliance(word=""), {}, "state_unknown"),
        (compliance(target("UEFI")), {"components": ("LXPM",)}, "component_not_found"),
    ],
)  # fmt: skip
def test_what_of_a_server_is_updated(now, more, sent):
    desired = firmware_updates.Desired(UUID, "immediate", more.get("components", ()), more.get("skip_missing", False))
    code, step = code_of(lambda: firmware_updates.plan(now, desired, "x"))
    assert (code or (firmware_updates.asked_of(step) if step else None)) == sent


@pytest.mark.parametrize("state, status, open_, good", [
    ("NotStarted", "Queued", True, None), ("Blocked", "Queued", True, None), ("InProgress", "Active", True, None),
    ("Complete", "Success", False, True), ("Complete", "Failed", False, False), ("Complete", "Canceled", False, False),
    ("Complete", "Splendid", False, None), ("", "", False, None),
])  # fmt: skip
def test_only_status_tells_how_a_component_ended(state, status, open_, good):
    part = firmware_updates.parse_part({"Component": "UEFI", "UpdateStatus": {"State": state, "Status": status, "PercentComplete": 100}})
    assert (part.open, part.good) == (open_, good)


def test_devices_stand_in_any_branch():
    entry = {"uuid": "a", "policyName": "", "endpointCompliant": ""}
    everything = [
        {"chassis": "x", "cmms": [{**entry, "uuid": "1"}], "xITEs": [{**entry, "uuid": "2"}], "message": []},
        {"racklist": [{**entry, "uuid": "3"}]},
        {"complexlist": [{"219E1043": [{"1": [{**entry, "uuid": "4"}], "partitionCompliant": ""}], "complexCompliant": ""}]},
        {"racklist": [{"uuid": "5", "deviceCompliant": "yes"}]},
    ]  # fmt: skip
    found = [firmware.parse_compliance(one) for one in firmware.walk(everything)]
    assert [one.uuid for one in found] == ["1", "2", "3", "4", "5"]
    assert found[-1].compliant is True


@given(ANY)
def test_no_shape_of_a_comparison_is_too_odd(value):
    for entry in firmware.walk(value):
        firmware.parse_compliance(entry)
    firmware.parse_component({"componentName": value, "compliant": value, "versionList": value, "fixid": value})


# -- patterns, deployments, the rest ----------------------------------------------------------------------------------

PATTERN = Pattern("60", "web", "", "Server", "r", "", None, None)


def held(template: str, target: str = UUID) -> list[tuple[profiles.Profile, str]]:
    return [(profiles.parse({"id": "7", "profileName": "n", "profileStatus": "ACTIVE", "externalId": target, "uuid": UUID}), template)]


@pytest.mark.parametrize("listed, key, sent", [
    ([], UUID, {"uuid": [UUID]}), ([], "X_bay3", {"endpointIds": ["X_bay3"]}), (held("60"), UUID, None), (held("61"), UUID, "target_taken"),
    (held("60", "X_bay3"), "X_bay3", None), (held("61", "OTHER_bay3"), "X_bay3", {"endpointIds": ["X_bay3"]}),
])  # fmt: skip
def test_where_a_pattern_goes(listed, key, sent):
    aim = pattern_deployments.Target(key, UUID if key == UUID else "", "x")
    code, step = code_of(lambda: pattern_deployments.plan(pattern_deployments.on(listed, aim), aim, PATTERN, "defer"))
    assert (code or ({k: v for k, v in step.body.items() if k != "restart"} if step else None)) == sent


@pytest.mark.parametrize("state, images, code", [
    (0, None, None), (3, None, None), (17, None, None), (20, None, None), (None, None, None), (1, (), "not_ready"), (2, None, "not_ready"),
    (0, (), "image_not_available"), (4, (), "deployment_running"), (16, (), "deployment_running"), (19, (), "deployment_running"),
    (0, ("other",), "image_not_available"), (0, ("img", "other"), None),
])  # fmt: skip
def test_what_is_told_before_a_deployment(state, images, code):
    host = os_deployments.Host(UUID, "x", state, "", images)
    desired = os_deployments.Desired("x", "img", "localdisk", {}, "", "", "")
    assert code_of(lambda: os_deployments.refuse(host, desired, "x"))[0] == code


@pytest.mark.parametrize("entry, images", [
    ({}, None), ({"availableImages": None}, None), ({"availableImages": "img"}, None), ({"availableImages": []}, ()),
    ({"availableImages": [{"label": "a", "value": "b"}, {"label": "c", "selected": True}]}, ("b", "c")),
    ({"availableImages": ["a"]}, ("a",)), ({"availableImages": [{"value": "a"}, {"other": "b"}]}, None),
])  # fmt: skip
def test_the_images_that_are_told_to_fit(entry, images):
    """A list with what cannot be read may hold the one that is meant: it is not told."""
    assert os_deployments.parse({"uuid": UUID, **entry}).images == images


V4 = {"ip_address": "192.0.2.9", "gateway": "192.0.2.1", "subnet_mask": "255.255.255.0"}
V6 = {"ip_address": "2001:db8::9", "gateway": "2001:db8::1", "prefix_length": 64}


def without(settings: dict[str, object], *keys: str, **more: object) -> dict[str, object]:
    return {**{key: value for key, value in settings.items() if key not in keys}, **more}


@pytest.mark.parametrize(
    "networks, code",
    [
        # What the global setting of the appliance decides is tolerated: no address at all, or only a part of the rest.
        ([{}, {}], None), ([{"hostname": "a"}] * 2, None), ([{"gateway": "192.0.2.1"}] * 2, None),
        ([{"mac": "AUTO"}, {"mac": "auto"}], None),
        ([V4, without(V4, ip_address="192.0.2.10")], None), ([V6], None), ([without(V6, gateway="fe80::1")], None),
        ([without(V4, dns1="192.0.2.53", dns2="2001:db8::53", mac="00:11:22:AA:bb:cc")], None),
        ([without(V4, ip_address="192.0.2.999")], "config_network"), ([without(V4, ip_address="192.0.2")], "config_network"),
        ([without(V4, ip_address="192.0.2.9/24")], "config_network"), ([without(V4, ip_address="web-01")], "config_network"),
        ([without(V4, ip_address="0.0.0.0")], "config_network"), ([without(V4, ip_address="127.0.0.1")], "config_network"),
        ([without(V4, ip_address="224.0.0.1")], "config_network"), ([without(V6, ip_address="fe80::9%eth0")], "config_network"),
        ([without(V4, gateway="nonsense")], "config_network"), ([{"gateway": "nonsense"}], "config_network"),
        ([{"dns1": "ns"}], "config_network"), ([{"dns2": "192.0.2.1."}], "config_network"),
        ([without(V4, gateway="192.0.2.9")], "config_network"), ([without(V4, gateway="2001:db8::1")], "config_network"),
        ([without(V4, "gateway")], "config_network"), ([without(V4, "subnet_mask")], "config_network"),
        ([without(V4, "subnet_mask", prefix_length=64)], "config_network"), ([without(V6, "prefix_length")], "config_network"),
        ([without(V6, "prefix_length", subnet_mask="255.255.255.0")], "config_network"), ([{"ip_address": "192.0.2.9"}], "config_network"),
        ([without(V4, subnet_mask="255.0.255.0")], "config_network"), ([without(V4, subnet_mask="0.0.0.255")], "config_network"),
        ([without(V4, subnet_mask="0.0.0.0")], "config_network"), ([without(V4, subnet_mask="24")], "config_network"),
        ([without(V6, prefix_length=0)], "config_network"), ([without(V6, prefix_length=129)], "config_network"),
        ([{"mac": "eth0"}], "config_network"), ([{"mac": "00:11:22:aa:bb"}], "config_network"),
        ([without(V4, "ip_address")], "config_network"), ([without(V6, "ip_address")], "config_network"),
        ([without(V4, prefix_length=16)], "config_network"), ([without(V4, prefix_length=24)], None),
        ([{"vlan_id": 4095}], "config_network"), ([{"vlan_id": 4094, "mtu": 9000}], None), ([{"mtu": -1}], "config_network"),
        ([without(V4, ip_address="192.0.2.0")], "config_network"), ([without(V4, ip_address="192.0.2.255")], "config_network"),
        ([without(V4, subnet_mask="255.255.255.255")], None),
        ([V4, V4], "duplicate_address"), ([V6, without(V6, ip_address="2001:0DB8:0:0::9")], "duplicate_address"),
        ([V4, {}, V4], "duplicate_address"),
        ([{"mac": "00:11:22:aa:bb:cc"}, {"mac": "00-11-22-AA-BB-CC"}], "duplicate_address"),
    ],
)  # fmt: skip
def test_what_network_is_refused_before_a_disk_is_overwritten(networks, code):
    every = [os_deployments.Desired(f"web-{n}", "img", "localdisk", one, "", "", "") for n, one in enumerate(networks)]
    assert code_of(lambda: os_deployments.check_networks(every))[0] == code


@pytest.mark.parametrize("path, query, changes, code", [
    ("/nodes", {}, False, None), ("/nodes/%7Cx", {"a": 1, "b": True}, False, None), ("/nodes/../sessions", {}, False, "config_path"),
    ("/sessions/x", {}, True, "config_path"), ("nodes", {}, False, "config_path"), ("/a?b", {}, False, "config_path"),
    ("/a#b", {}, False, "config_path"), ("/", {}, False, "config_path"), ("//x", {}, False, "config_path"),
    ("/nodes\n", {}, False, "config_path"), ("/osImages/x", {}, False, "config_changes"), ("/osImages/x", {}, True, None),
    ("/osImages/remoteFileServers", {}, False, None), ("/updateRepositories/firmware", {"key": "size"}, False, None),
    ("/%73essions", {}, True, "config_path"), ("/%53ESSIONS/x", {}, True, "config_path"), ("/%2Fsessions", {}, True, "config_path"),
    ("/sessions;a=b", {}, True, "config_path"), ("/nodes/%2e%2e/sessions", {}, True, "config_path"),
    ("/%6fsImages/x", {}, False, "config_changes"), ("/osImages%2Fx", {}, False, "config_changes"),
    ("/osimages/x", {}, False, "config_changes"),
    ("/discovery/", {"refresh": "true"}, False, "config_changes"), ("/%2573essions", {}, False, None),
    ("/updateRepositories/firmware", {"action": "export"}, False, "config_changes"), ("/nodes", {"a": []}, False, "config_path"),
])  # fmt: skip
def test_what_may_be_requested(path, query, changes, code):
    assert code_of(lambda: raw_requests.check("GET", path, query, changes))[0] == code


def test_secrets_of_a_request_and_its_answer():
    value = {"userPw": "a", "Password": "b", "list": [{"csrf_token": "c", "passwordChanged": True}], "name": "d"}
    assert masked(value) == {
        "userPw": "a", "Password": MASK, "list": [{"csrf_token": MASK, "passwordChanged": True}], "name": "d",
    }  # fmt: skip
    assert secrets(value) == {"b", "c"}


def test_a_changed_credential_needs_user_and_password():
    there = stored_credentials.Credential("1", "u", "d")

    def plan(**more: object) -> tuple[str | None, object]:
        desired = stored_credentials.Desired(**{"id": "", "description": "d", "username": "", "password": "", "always": False, **more})
        return code_of(lambda: stored_credentials.plan(there, desired, absent=False))

    assert plan() == (None, None)
    assert plan(password="p") == (None, None)
    assert plan(password="p", always=True)[1].method == "PUT"
    assert plan(username="v")[0] == "config_missing"
    assert plan(username="v", password="p")[1].body == {"userName": "v", "password": "p", "description": "d"}


@pytest.mark.parametrize(
    "told, state", [(17, 17), ("17", 17), (17.0, 17), ("²", None), ("9" * 400, None), ("9" * 5000, None), (True, None), ("", None)]
)
def test_the_number_of_a_deployment(told, state):
    assert os_deployments.parse({"uuid": UUID, "deployStatusID": told}).state == state


@given(ANY)
def test_devices_and_events_of_any_shape(value):
    for kind in (devices.CHASSIS, devices.SWITCHES, devices.STORAGE):
        devices.parse(kind, dict.fromkeys(("uuid", "name", "location", "status", "nodes", "powerState", "ipv4Addresses"), value))
    events.parse(dict.fromkeys(("cn", "severity", "eventClass", "msg", "service"), value))
    node_power.parse({"uuid": value, "powerStatus": value, "accessState": value})


def test_a_reply_is_read_in_its_charset():
    text = json.dumps({"reason": "n\u00e3o"}, ensure_ascii=False)
    latin = Reply(200, {"Content-Type": "application/com.lenovo.lxca-v2.2.0+json; charset=ISO-8859-1"}, text.encode("latin-1"))
    assert latin.json() == {"reason": "n\u00e3o"}
    assert Reply(200, {"Content-Type": "application/json"}, text.encode()).json() == {"reason": "n\u00e3o"}
    with pytest.raises(Failure):
        Reply(200, {"Content-Type": "application/json"}, text.encode("latin-1")).json()


@pytest.mark.parametrize("word, firmware_call, good", [
    ("success", False, True), ("informational", False, False), ("informational", True, True), ("warning", True, True),
    ("failure", True, False),
])  # fmt: skip
def test_informational_is_a_success_of_the_firmware_calls_only(word, firmware_call, good):
    code, _messages = code_of(lambda: api.check_result({"result": word, "messages": []}, "x", informational=firmware_call))
    assert (code is None) is good
