# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lenovo's pylxca 4.2.0 against the simulated XClarity Administrator, and what it leaves that ours reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import XCLARITY_SERVER, Client, ClientError
from harness import XCLARITY_PASSWORD

from simulator.client import Control

BACKUP = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
IMAGE = "/osImages/win2016%7Cwin2016-x86_64-install-corp_gold"


@pytest.fixture
def lxca(sim: Control, start_client: Callable[..., Client]) -> Client:
    """pylxca, not connected yet. Jobs take ten seconds of a clock that stands still."""
    sim.clock(mode="manual")
    sim.switches("xclarity", job_seconds=10)
    return start_client("pylxca")


@pytest.fixture
def connected(sim: Control, lxca: Client) -> Any:
    assert lxca.connect(url=sim.ready["xclarity"], user="AUTOMATION", password=XCLARITY_PASSWORD) is True
    yield lxca
    lxca.disconnect()


def test_log_in_and_out(sim: Control, connected: Client) -> None:
    assert sim.sessions("xclarity")["open"] == 1
    token = connected.sent_headers()["X-Csrf-Token"]
    # Our own client sends the same: the cookie csrf again as a header.
    assert token
    login = [entry for entry in sim.log(system="xclarity") if entry["path"] == "/sessions"]
    assert [(entry["method"], entry["status"]) for entry in login] == [("POST", 200)]


def test_a_wrong_password_is_told_as_not_connected(sim: Control, lxca: Client) -> None:
    assert lxca.connect(url=sim.ready["xclarity"], user="AUTOMATION", password="wrong") is False
    assert sim.sessions("xclarity")["open"] == 0


def test_csrf_is_demanded_of_a_session(sim: Control) -> None:
    """The header is what lets pylxca write; the simulator refuses the cookie alone, as pylxca's source says of the server."""
    import requests

    web = requests.Session()
    web.trust_env = False
    web.verify = sim.ready["ca"]
    web.post(f"{sim.ready['xclarity']}/sessions", json={"UserId": "AUTOMATION", "password": XCLARITY_PASSWORD}, timeout=10)
    refused = web.post(f"{sim.ready['xclarity']}/profiles/71", json={"restart": "defer"}, timeout=10)
    assert refused.status_code == 403
    ended = web.delete(f"{sim.ready['xclarity']}/sessions", headers={"X-Csrf-Token": web.cookies["csrf"]}, timeout=10)
    assert ended.status_code == 200


def test_list_of_profiles(connected: Client, run_module: Any) -> None:
    items = connected.profiles()["items"]
    ours = run_module("profile_info")["profiles"]
    assert {(one["id"], one["profileName"]) for one in items} == {(one["id"], one["name"]) for one in ours}
    one = connected.profiles(id="71")
    assert (one["ID"], one["name"]) == ("71", "web-01")
    assert "profileStatus" not in one


def test_activate_follow_and_activate_again(sim: Control, connected: Client, run_module: Any) -> None:
    (answer,) = connected.activate(id="71", endpoint=XCLARITY_SERVER, restart="immediate")["items"]
    job = answer["jobRecordId"]
    assert (answer["uuidsFailed"], answer["message"]) == ([], None)
    (task,) = connected.tasks(jobUID=job)["TaskList"]
    assert (task["jobUID"], task["status"], task["complete"]) == (job, "Running", False)
    sim.clock(advance=10)
    (task,) = connected.tasks(jobUID=job)["TaskList"]
    # What Lenovo's roles ask of a task.
    assert task["percentage"] == 100
    assert "Complete" in task["status"]
    assert "CompleteWithErrors" not in task["status"]
    # pylxca has no way to see that the profile is active on that server: it restarts the server a second time.
    connected.activate(id="71", endpoint=XCLARITY_SERVER, restart="immediate")
    sim.clock(advance=10)
    assert sim.state("xclarity")["counts"]["activations"] == 2
    # Ours finds it as it is wanted.
    result = run_module("profile_activation", {"profile": "web-01", "uuid": XCLARITY_SERVER, "restart": "immediate"})
    assert (result.failed, result["changed"]) == (False, False)
    assert sim.state("xclarity")["counts"]["activations"] == 2


def test_ours_joins_the_activation_that_pylxca_has_started(sim: Control, connected: Client, run_module: Any) -> None:
    connected.activate(id="71", endpoint=XCLARITY_SERVER, restart="immediate")
    sim.clock(mode="real")
    sim.clock(advance=9.5)
    result = run_module("profile_activation", {"profile": "web-01", "uuid": XCLARITY_SERVER, "restart": "immediate"})
    assert result["profiles"][0]["status"] == "active"
    assert sim.state("xclarity")["counts"]["activations"] == 1


def test_rename_unassign_and_a_refusal(sim: Control, connected: Client) -> None:
    assert connected.rename(id="71", name="web-one")["name"] == "web-one"  # made by pylxca from an empty 204
    connected.unassign(id="74", powerdown="false", force="true")
    sim.clock(advance=10)
    status = {one["id"]: one["profileStatus"] for one in connected.profiles()["items"]}
    assert status["74"] == "UNASSIGNED"
    with pytest.raises(ClientError) as caught:
        connected.activate(id="999", endpoint=XCLARITY_SERVER, restart="defer")
    assert (caught.value.name, caught.value.status) == ("HTTPError", 404)


def test_tasks(sim: Control, connected: Client) -> None:
    first = connected.activate(id="71", endpoint=XCLARITY_SERVER, restart="immediate")["items"][0]["jobRecordId"]
    assert [task["jobUID"] for task in connected.tasks()["TaskList"]] == [first]
    (whole,) = connected.tasks(jobUID=first, children="true")["TaskList"]
    (compact,) = connected.tasks(jobUID=first, children="false")["TaskList"]
    assert "children" in whole
    assert not compact.get("children")
    assert connected.tasks(jobUID=first, action="cancel") == 200
    sim.clock(advance=10)
    (task,) = connected.tasks(jobUID=first)["TaskList"]
    assert task["status"] == "Cancelled"
    assert 200 <= connected.tasks(jobUID=first, action="delete") < 300
    with pytest.raises(ClientError) as caught:
        connected.tasks(jobUID=first)
    assert caught.value.status == 404


def test_os_images_and_remote_file_servers(connected: Client, run_module: Any) -> None:
    images = connected.osimages(subcmd="list")
    assert {one["id"] for one in images["items"]} == {"win2016", "rhels9.4"}
    servers = connected.osimages(subcmd="remotefileservers")["serverList"]
    assert [one["displayName"] for one in servers] == ["images"]
    entry = {"address": "192.0.2.81", "displayName": "second", "port": 21, "protocol": "FTP", "username": "guest", "password": "guest-pw"}
    made = connected.osimages(subcmd="remotefileservers", settings=entry)
    assert made["result"] == "success"
    ours = run_module("remote_file_server_info")["servers"]
    (second,) = [one for one in ours if one["name"] == "second"]
    connected.osimages(subcmd="remotefileservers", settings={**entry, "putid": second["id"], "port": 2121})
    one = connected.osimages(subcmd="remotefileservers", settings={"id": second["id"]})
    assert one["port"] == 2121
    # A finding about pylxca: it reads JSON from the empty 204 that the pages promise here, and fails though it is done.
    with pytest.raises(ClientError) as caught:
        connected.osimages(subcmd="remotefileservers", settings={"deleteid": second["id"]})
    assert "JSONDecodeError" in caught.value.name
    assert [one["displayName"] for one in connected.osimages(subcmd="remotefileservers")["serverList"]] == ["images"]


def test_nodes(connected: Client, run_module: Any) -> None:
    theirs = {(one["uuid"], one["name"]) for one in connected.nodes()["nodeList"]}
    assert theirs == {(one["uuid"], one["name"]) for one in run_module("node_info")["nodes"]}
    assert connected.nodes(uuid=XCLARITY_SERVER)["uuid"] == XCLARITY_SERVER


def test_backups_through_its_session(sim: Control, connected: Client) -> None:
    """pylxca has no command for /managementServer/data; its session and headers are those of a real client all the same."""
    before = connected.request(method="GET", path="/managementServer/data")
    assert before["status"] == 200
    assert before["type"].startswith("application/com.lenovo.lxca-v")
    body = {"action": "start", "operation": "copy", "uuid": BACKUP, "destination": "/mnt/backups"}
    started = connected.request(method="PUT", path="/managementServer/data", body=body)
    assert started["json"]["result"] == "success"
    sim.clock(advance=10)
    (task,) = connected.tasks(jobUID=started["json"]["jobId"])["TaskList"]
    assert task["status"] == "Complete"
    backups = connected.request(method="GET", path="/managementServer/data")["json"]["backups"]
    assert {one["uuid"]: one["locations"] for one in backups}[BACKUP] == ["internal", "/mnt/backups"]


def test_export_through_its_session(sim: Control, connected: Client) -> None:
    started = connected.request(method="GET", path=IMAGE)["json"]
    sim.clock(advance=10)
    (task,) = connected.tasks(jobUID=started["jobID"])["TaskList"]
    assert task["status"] == "Complete"
    file = connected.request(method="GET", path=f"/osImages/{started['filename']}")
    assert (file["status"], file["type"]) == (200, "application/gzip")
    assert file["size"] > 4194304
    assert sim.state("xclarity")["counts"]["exports"] == 1


# -- the hardware below a profile -------------------------------------------------------------------------------------

OFF = {"powerState": "powerOff"}


def test_power_and_lights(sim: Control, connected: Client, run_module: Any) -> None:
    sim.switches("xclarity", power_effect="at_end")
    connected.set_node(uuid=XCLARITY_SERVER, modify=OFF)
    sim.clock(advance=10)
    assert connected.nodes(uuid=XCLARITY_SERVER)["powerStatus"] == 5
    # It sends the same again; ours finds it as it is desired.
    connected.set_node(uuid=XCLARITY_SERVER, modify=OFF)
    assert run_module("node_power", {"node": "web-01", "state": "off"})["changed"] is False
    sent = [entry["path"] for entry in sim.log(system="xclarity", changing=True)]
    assert sent == [f"/nodes/{XCLARITY_SERVER}?synchronous=false"] * 2
    connected.set_node(uuid=XCLARITY_SERVER, modify={"leds": [{"name": "Identify", "state": "Blinking"}]})
    assert run_module("node_led", {"node": "web-01", "state": "blinking"})["changed"] is False


def test_manage_and_unmanage(sim: Control, connected: Client, run_module: Any) -> None:
    """Its discovery, its body, and its way to ask how far the job is."""
    sim.clock(mode="real")
    sim.switches("xclarity", job_seconds=0.2)
    answer = connected.manage(subcmd="device", ip="192.0.2.121", storedcredential_id="3401")
    job = answer["manageRequestResponse"]["jobID"]
    sim.clock(advance=10)
    status = connected.manage(subcmd="job_status", job=job)
    assert status["results"][0]["result"] == "SUCCESS"
    node = next(one for one in connected.nodes()["nodeList"] if one["name"] == "new-01")
    ours = {"address": "192.0.2.121", "stored_credential": "3401", "managed_authentication": False}
    assert run_module("managed_node", ours)["changed"] is False
    connected.unmanage(subcmd="device", ep=f"192.0.2.121;{node['uuid']};Rack-Tower", force="True")
    sim.clock(advance=10)
    assert run_module("managed_node", {"address": "192.0.2.121", "state": "absent"})["changed"] is False


def test_stored_credentials_and_licences(sim: Control, connected: Client, run_module: Any) -> None:
    assert [one["id"] for one in connected.credentials()["storedcredentialsList"]] == ["3401"]
    sim.switches("xclarity", credential_id_at="response")
    connected.credentials(user_name="USERID", password="Canary-1", description="second")
    ours = run_module("stored_credential", {"description": "second", "credential_username": "USERID", "credential_password": "Canary-1"})
    assert (ours["changed"], ours["credentials"][0]["id"]) == (False, "3402")
    connected.credentials(delete_id="3402")
    assert list(sim.state("xclarity")["managing"]["credentials"]) == ["3401"]
    assert connected.licences()["response"]["active_entitlements"] == 6


def test_policies_and_firmware(sim: Control, connected: Client, run_module: Any) -> None:
    assert {one["name"] for one in connected.policies(subcmd="list")["policies"]} == {"production", "flex-only"}
    names = connected.policies(subcmd="query", info="NAMELIST")["policies"]
    assert {one["uuid"]: one["currentPolicy"] for one in names}["0A10000000000000000000000000000C"] == "production"
    connected.policies(subcmd="assign", policy="production", type="SERVER", uuid=XCLARITY_SERVER)
    sim.clock(advance=10)
    assert run_module("firmware_policy", {"node": "web-01", "policy": "production"})["changed"] is False
    server = f"{XCLARITY_SERVER},UEFI (Primary)"
    started = connected.firmware(subcmd="apply", action="apply", mode="immediate", server=server)
    assert (started["result"], isinstance(started["JobID"], int)) == ("informational", True)
    sim.clock(advance=10)
    (parts,) = [one["Components"] for one in connected.firmware(subcmd="info", query="status")["DeviceList"][1]["ServerList"]]
    assert [one["UpdateStatus"]["State"] for one in parts] == ["Complete"]
    (node,) = run_module("firmware_info", {"node": ["web-01"]})["nodes"]
    assert node["to_update"] == ["BMC (Primary)"]


def test_patterns_events_and_devices(sim: Control, connected: Client, run_module: Any) -> None:
    assert [one["name"] for one in connected.patterns(subcmd="list")["items"]] == ["web", "database"]
    connected.patterns(subcmd="apply", id="60", endpoint=XCLARITY_SERVER, restart="immediate", type="rack")
    sim.clock(advance=10)
    ours = run_module("pattern_deployment", {"pattern": "web", "node": "web-01", "restart": "immediate"})
    assert (ours["changed"], ours["profiles"][0]["status"]) == (False, "active")
    theirs = {int(one["cn"]) for one in connected.events()["eventList"]}
    assert theirs == {one["number"] for one in run_module("event_info")["events"]}
    assert [one["name"] for one in connected.devices(kind="chassis")["chassisList"]] == ["chassis-1"]
    assert [one["name"] for one in connected.devices(kind="switches")["switchList"]] == ["tor-1"]
