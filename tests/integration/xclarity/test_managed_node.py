# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""managed_node and stored_credential against the simulator, which discovers, takes over and gives up as the pages tell."""

from __future__ import annotations

import json

import pytest

FIRST, SECOND = "192.0.2.121", "192.0.2.122"
UUID = "0A100000000000000000000000000121"
STORED = {"stored_credential": "3401", "managed_authentication": False}
OWN = {"bmc_username": "USERID", "bmc_password": "Passw0rd-bmc", "managed_authentication": True}


def bodies(sim, since=0):
    return [(e["method"], e["path"], json.loads(e["body"] or "null")) for e in sim.log(since=since, system="xclarity", changing=True)]


def managed(sim):
    return {node["name"] for node in sim.state("xclarity")["nodes"].values()}


@pytest.mark.parametrize("switches", [
    {}, {"discovery_shape": "array"}, {"manage_job_told": "location"}, {"manage_job_told": "text", "manage_status": 202},
    {"manage_job_told": "absent", "manage_status": 201},
])  # fmt: skip
def test_take_over_and_give_up(sim, run_module, switches):
    sim.switches("xclarity", **switches)
    params = {**STORED, "nodes": [{"address": FIRST}, {"address": SECOND}]}
    planned = run_module("managed_node", params, check=True)
    assert (planned["changed"], bodies(sim)) == (True, [])
    assert [step["path"] for step in planned["plan"]] == ["/discoverRequest"] * 2
    assert len(planned["not_predictable"]) == 2
    first = run_module("managed_node", params)
    assert not first.failed, first
    assert (first["changed"], first["outcome"], first["not_predictable"]) == (True, "finished", [])
    assert [step["path"] for step in first["plan"]] == ["/discoverRequest"] * 2 + ["/manageRequest"] * 2
    assert sorted(path for _method, path, _body in bodies(sim)) == sorted(step["path"] for step in first["plan"])
    assert [(row["name"], row["managed"], row["outcome"]) for row in first["nodes"]] == [
        ("new-01", True, "finished"), ("new-02", True, "finished"),
    ]  # fmt: skip
    assert {"new-01", "new-02"} <= managed(sim)
    body = next(body[0] for _method, path, body in bodies(sim) if path == "/manageRequest" and body[0]["ipAddresses"] == [FIRST])
    assert (body["uuid"], body["type"], body["server-type"], body["machineType"]) == (
        UUID.lower(), "Rack-Tower Server", "Rack-Tower Server", "7X06",
    )  # fmt: skip
    assert body["securityDescriptor"]["storedCredentials"]["userName"] == "USERID"
    assert body["securityDescriptor"]["managedAuthEnabled"] is False
    since = sim.last()
    second = run_module("managed_node", params)
    assert (second["changed"], second["outcome"], bodies(sim, since)) == (False, "none", [])
    gone = run_module("managed_node", {"state": "absent", "nodes": [{"address": FIRST}, {"node": "new-02"}, {"node": "nobody"}]})
    assert not gone.failed, gone
    assert [(row["changed"], row["managed"]) for row in gone["nodes"]] == [(True, False), (True, False), (False, False)]
    assert not {"new-01", "new-02"} & managed(sim)
    assert run_module("managed_node", {"state": "absent", "nodes": [{"address": FIRST}, {"node": UUID}]})["changed"] is False


def test_one_that_is_known_from_a_discovery_is_one_request(sim, run_module):
    """Then check mode shows exactly what a real run sends."""
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "known", "known": True}]})
    params = {**OWN, "address": "192.0.2.130"}
    planned = run_module("managed_node", params, check=True)
    result = run_module("managed_node", params)
    assert not result.failed, result
    assert planned["plan"] == result["plan"]
    assert [path for _method, path, _body in bodies(sim)] == ["/manageRequest"]
    assert planned["not_predictable"] == []
    assert "Passw0rd-bmc" not in str(planned) + str(result)
    assert result["plan"][0]["body"][0]["username"] == "USERID"


@pytest.mark.parametrize(
    "device, more, code, words",
    [
        ({}, {"bmc_password": "wrong-wrong"}, "job_failed", "password is not valid"),
        ({"password_expired": True}, {}, "job_failed", "password has expired"),
        ({"manageable": False}, {}, "managed_elsewhere", "another manager"),
        ({"type": "Chassis"}, {}, "not_a_server", "is a Chassis"),
        ({"type": "ITE"}, {}, "in_a_chassis", "chassis"),
        ({"ip": "192.0.2.131"}, {}, "device_not_found", "found nothing there"),
    ],
)
@pytest.mark.parametrize("known", [True, False])
def test_what_cannot_be_taken_over(sim, run_module, device, more, code, words, known):
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "odd", "known": known, **device}]})
    result = run_module("managed_node", {**OWN, **more, "address": "192.0.2.130"})
    assert (result.code, words in result["msg"]) == (code, True), result["msg"]
    assert "odd" not in managed(sim)
    if code == "job_failed":
        assert result["msg"].count(words) == 1
        assert "each try counts as a failed login" in result["error"]["hint"]
    refused = code not in ("job_failed", "device_not_found")
    assert len(bodies(sim)) == (0 if refused and known else 1 if refused or known or code == "device_not_found" else 2)


DOUBLE = {
    "uuid": UUID.lower(), "ipAddresses": [FIRST, "2001:db8::121"], "type": "Rack-Tower Server", "machineType": "7X06",
    "managementProcessor": "XCC", "managementPorts": [], "status": {"name": "UNMANAGED", "manageable": True},
}  # fmt: skip
BOTH = {**STORED, "nodes": [{"address": FIRST}, {"address": "2001:db8::121"}, {"address": SECOND}]}


@pytest.mark.parametrize("check", [True, False])
def test_two_addresses_of_one_server_that_is_known(sim, run_module, check):
    sim.fault("xclarity", "GET", "^/discovery$", times=-1, status=200, body=json.dumps({"nodeList": [DOUBLE], "chassisList": []}))
    result = run_module("managed_node", BOTH, check=check)
    assert (result.code, result["changed"], bodies(sim)) == ("duplicate_item", False, [])
    assert f"{FIRST} and 2001:db8::121" in result["msg"]


def test_two_addresses_of_one_server_that_a_discovery_tells(sim, run_module):
    """Neither of the two requests is sent, whose passwords may differ; the other server is taken over."""
    reply = json.dumps({"nodeList": [DOUBLE], "result": 100, "progress": 100})
    for job in ("11", "12", "13"):
        sim.fault("xclarity", "GET", f"^/discoverRequest/jobs/{job}$", times=-1, status=200, body=reply)
    both = {**BOTH, "nodes": BOTH["nodes"][:2]}
    result = run_module("managed_node", both)
    assert (result.code, {path for _method, path, _body in bodies(sim)}) == ("duplicate_item", {"/discoverRequest"})
    assert [row["error"]["code"] for row in result["nodes"]] == ["duplicate_item"] * 2
    assert managed(sim) & {"new-01"} == set()


def test_two_addresses_of_one_server_that_is_managed(sim, run_module):
    assert not run_module("managed_node", {**STORED, "address": FIRST}).failed
    nodes = json.dumps({"nodeList": [{"uuid": UUID, "name": "new-01", "accessState": "Online", "type": "Rack-Tower Server",
                                      "ipv4Addresses": [FIRST], "ipv6Addresses": ["2001:db8::121"]}]})  # fmt: skip
    sim.fault("xclarity", "GET", "^/nodes", times=-1, status=200, body=nodes)
    since = sim.last()
    result = run_module("managed_node", {**BOTH, "nodes": BOTH["nodes"][:2]})
    assert (result.code, bodies(sim, since)) == ("duplicate_item", [])


SECOND_ADDRESS, MINE = "192.0.2.133", "D" * 32


@pytest.fixture
def mine(sim):
    """A managed server that is discovered at an address which the list of managed servers does not tell. Returns what seeds that."""

    def seed(**device):
        sim.seed(xclarity={
            "nodes": [{"uuid": MINE, "name": "mine", "ip": "192.0.2.230"}],
            "discoverable": [{"ip": SECOND_ADDRESS, "uuid": MINE, "name": "mine", **device}],
        })  # fmt: skip

    return seed


def told(result, capfd):
    return f"{result.get('warnings')} {capfd.readouterr().err}"


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("manageable", [True, False])
@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_another_address_of_a_managed_server(sim, run_module, capfd, mine, known, force, manageable, check):
    """Its UUID is that of a managed server, whichever discovery tells it: it is not managed a second time."""
    mine(known=known, manageable=manageable)
    result = run_module("managed_node", {**OWN, "address": SECOND_ADDRESS, "force": force}, check=check)
    assert not result.failed, result
    assert [path for _method, path, _body in bodies(sim)] == ([] if known or check else ["/discoverRequest"])
    assert result["changed"] is not known
    if not known and check:
        return  # that is not known before it is discovered
    (row,) = result["nodes"]
    assert (row["managed"], row["uuid"], row["name"]) == (True, MINE, "mine")
    text = told(result, capfd)
    assert f"The server that was discovered at {SECOND_ADDRESS} is mine ({MINE}), which is managed already" in text
    assert "the list of managed servers tells it with 192.0.2.230" in text


def test_both_addresses_of_a_managed_server(sim, run_module, mine):
    mine(known=True, manageable=False)
    result = run_module("managed_node", {**OWN, "nodes": [{"address": SECOND_ADDRESS}, {"address": "192.0.2.230"}]})
    assert (result.code, bodies(sim)) == ("duplicate_item", [])


def test_another_address_of_a_server_that_is_being_given_up(sim, run_module, mine):
    sim.switches("xclarity", job_seconds_by_kind={"unmanage": 600})
    mine(known=True)
    assert not run_module("managed_node", {"node": "mine", "state": "absent", "wait": False}).failed
    assert run_module("managed_node", {**OWN, "address": SECOND_ADDRESS}).code == "busy"
    assert len(bodies(sim)) == 1


@pytest.mark.parametrize("check", [True, False])
def test_nothing_is_given_up_by_another_address_and_that_is_told(sim, run_module, mine, check):
    """What was discovered may be old. That the server stays managed is not told as done."""
    mine(known=True)
    result = run_module("managed_node", {"address": SECOND_ADDRESS, "state": "absent"}, check=check)
    assert (result.code, result["changed"], bodies(sim)) == ("address_differs", False, [])
    assert f"is mine ({MINE}), which is managed already; the list of managed servers tells it with 192.0.2.230." in result["msg"]
    both = run_module("managed_node", {"nodes": [{"node": "mine"}, {"address": SECOND_ADDRESS}], "state": "absent"}, check=check)
    assert (both.code, bodies(sim)) == ("address_differs", [])
    assert "mine" in managed(sim)


def test_an_address_at_which_no_managed_server_was_discovered_is_no_mistake(sim, run_module, mine):
    mine(known=True)
    assert not run_module("managed_node", {"node": "mine", "state": "absent"}).failed
    result = run_module("managed_node", {"address": SECOND_ADDRESS, "state": "absent"})
    assert (result.failed, result["changed"]) == (False, False)


# -- a list that does not tell the UUID of each -----------------------------------------------------------------------

STRANGE = [{}, {"uuid": 5, "name": "web-01", "ipv4Addresses": ["192.0.2.21"]}, {"uuid": "", "name": "web-01"}, {"uuid": None}]
GOOD = {
    "uuid": "0A10000000000000000000000000000A", "name": "web-01", "type": "Rack-Tower Server", "accessState": "Online", "powerStatus": 8,
    "status": {"name": "MANAGED"}, "ipv4Addresses": ["192.0.2.21"],
}  # fmt: skip


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("params", [
    {"address": "192.0.2.21", **OWN}, {"address": "192.0.2.21", "state": "absent"}, {"node": "web-01", "state": "absent"},
])  # fmt: skip
def test_an_entry_without_a_uuid_may_be_the_server(sim, run_module, params, strange):
    sim.fault("xclarity", "GET", "^/nodes", times=-1, status=200, body=json.dumps({"nodeList": [strange]}))
    result = run_module("managed_node", params)
    assert (result.code, result["changed"], bodies(sim)) == ("bad_reply", False, []), result


@pytest.mark.parametrize("params", [
    {"address": "192.0.2.21", **OWN}, {"address": "192.0.2.21", "state": "absent"}, {"node": "web-01", "state": "absent"},
])  # fmt: skip
def test_one_that_is_found_is_not_hindered_by_another_entry(sim, run_module, params):
    sim.fault("xclarity", "GET", "^/nodes", times=-1, status=200, body=json.dumps({"nodeList": [{"name": "odd"}, GOOD]}))
    result = run_module("managed_node", params, check=True)
    assert (result.failed, result["changed"]) == (False, params.get("state") == "absent"), result


def test_a_server_is_not_gone_while_the_list_does_not_tell_the_uuid_of_each(sim, run_module):
    """The reading after the request."""
    sim.fault("xclarity", "GET", "^/nodes", times=-1, nth=2, status=200, body=json.dumps({"nodeList": [{}]}))
    result = run_module("managed_node", {"node": "web-01", "state": "absent"})
    assert (result.code, [row["managed"] for row in result["nodes"]]) == ("bad_reply", [True]), result


def test_a_name_that_is_not_known_is_told(sim, run_module, capfd):
    """It may be misspelt, and the server stays managed. An address is no name: nothing is managed there, as is desired."""
    result = run_module("managed_node", {"state": "absent", "node": "web-1"})
    told = "No managed server is named web-1; nothing is given up for that."
    assert (result["changed"], told in capfd.readouterr().err) == (False, True)
    run_module("managed_node", {"state": "absent", "address": "192.0.2.200"})
    assert "No managed server" not in capfd.readouterr().err


def test_force_takes_what_another_manager_has_lost(sim, run_module):
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "lost", "manageable": False}]})
    result = run_module("managed_node", {**OWN, "address": "192.0.2.130", "force": True})
    assert not result.failed, result
    assert "lost" in managed(sim)


def test_one_fails_and_the_other_goes_on(sim, run_module):
    result = run_module("managed_node", {**OWN, "nodes": [{"address": "192.0.2.200"}, {"address": FIRST}]})
    assert result.code == "device_not_found"
    assert [(row["managed"], row.get("error", {}).get("code")) for row in result["nodes"]] == [
        (False, "device_not_found"), (True, None),
    ]  # fmt: skip
    assert "1 of 2 nodes failed (192.0.2.200); 2 discoveries and 1 job were started. The first:" in result["msg"]


def test_one_whose_management_is_refused_was_discovered_only(sim, run_module):
    sim.fault("xclarity", "POST", "^/manageRequest", status=400, body="{}")
    result = run_module("managed_node", {**OWN, "nodes": [{"address": FIRST}, {"address": SECOND}], "concurrency": 1})
    assert [row["managed"] for row in result["nodes"]] == [False, True], result
    assert "1 of 2 nodes failed (192.0.2.121); 2 discoveries and 1 job were started. The first:" in result["msg"]


def test_a_server_that_is_not_reached(sim, run_module):
    sim.seed(xclarity={"nodes": [{"uuid": "3" * 32, "name": "dark", "ip": "192.0.2.140", "attributes": {"accessState": "Offline"}}]})
    refused = run_module("managed_node", {"node": "dark", "state": "absent"})
    assert (refused.code, bodies(sim)) == ("node_offline", [])
    assert run_module("managed_node", {"node": "dark", "state": "absent", "force": True})["outcome"] == "finished"
    assert run_module("managed_node", {"node": "app-01", "state": "absent"}).code == "in_a_chassis"


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("bulk", [True, False])
@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("at", ["managed", "known", "found"])
def test_another_server_at_the_address_is_left_alone(sim, run_module, at, state, bulk, check):
    """Two sites use one address, and the connection is to the other one. A server that has to be discovered first is told by that only."""
    sim.seed(xclarity={
        "nodes": [{"uuid": MINE, "name": "mine", "ip": SECOND_ADDRESS}] if at == "managed" else [],
        "discoverable": [] if at == "managed" else [{"ip": SECOND_ADDRESS, "uuid": MINE, "name": "mine", "known": at == "known"}],
    })  # fmt: skip
    row = {"address": SECOND_ADDRESS, "uuid": UUID}
    keys = {"state": state, **(OWN if state == "present" else {})}
    result = run_module("managed_node", {**keys, **({"nodes": [row]} if bulk else row)}, check=check)
    sent = [path for _method, path, _body in bodies(sim)]
    if at == "managed" or (state, at) == ("present", "known"):
        assert (result.code, sent) == ("uuid_differs", []), result
        assert f"the server at {SECOND_ADDRESS} is mine ({MINE}), and not {UUID}." in result["msg"]
    elif state == "absent" or check:
        assert not result.failed, result
        assert sent == []
    else:
        assert (result.code, sent) == ("uuid_differs", ["/discoverRequest"]), result
    written = {**row, "uuid": f"{MINE[:8]}-{MINE[8:]}".lower()}
    right = run_module("managed_node", {**keys, **({"nodes": [written]} if bulk else written)}, check=check)
    assert not right.failed, right


@pytest.mark.parametrize("check", [True, False])
def test_a_server_that_is_managed_with_another_address_is_not_told_as_given_up(sim, run_module, mine, check):
    mine(known=False)
    result = run_module("managed_node", {"address": "192.0.2.77", "uuid": MINE, "state": "absent"}, check=check)
    assert (result.code, result["changed"], bodies(sim)) == ("address_differs", False, [])
    assert f"the server mine ({MINE}) is managed with 192.0.2.230, and not with 192.0.2.77." in result["msg"]
    assert not run_module("managed_node", {"address": "192.0.2.77", "uuid": UUID, "state": "absent"}, check=check).failed


@pytest.mark.parametrize("given", [{"nodes": [{"address": FIRST}]}, {"node": "web-01"}])
def test_a_uuid_is_for_one_address(sim, run_module, given):
    result = run_module("managed_node", {**given, "uuid": UUID, "state": "absent"})
    assert (result.failed, bodies(sim)) == (True, [])
    assert "parameters are mutually exclusive" in result["msg"]


@pytest.mark.parametrize(
    "params, code",
    [
        ({"nodes": [{"node": "web-01", "uuid": UUID}], "state": "absent"}, "config_missing"),
        ({"address": "xcc-new-01", **OWN}, "config_address"),
        ({"node": "web-01", **OWN}, "config_missing"),
        ({"address": FIRST}, "config_missing"),
        ({"address": FIRST, "bmc_username": "u", "managed_authentication": True}, "config_missing"),
        ({"address": FIRST, **OWN, "stored_credential": "3401"}, "config_missing"),
        ({"address": FIRST, "stored_credential": "3401"}, "config_missing"),
        ({"address": FIRST, "stored_credential": "3401", "managed_authentication": True}, "config_missing"),
        ({"address": FIRST, **STORED, "stored_credential": ""}, "config_missing"),
        ({"address": FIRST, **STORED, "stored_credential": "9"}, "credential_not_found"),
        ({"nodes": [{"address": FIRST}, {"address": FIRST}], **OWN}, "duplicate_item"),
        ({"nodes": [{"address": "2001:db8::1"}, {"address": "2001:DB8:0::1"}], **OWN}, "duplicate_item"),
        ({"nodes": [{"node": "web-01"}, {"address": "192.0.2.21"}], "state": "absent"}, "duplicate_item"),
        ({"nodes": []}, "config_empty"),
    ],
)
def test_mistakes(sim, run_module, params, code):
    result = run_module("managed_node", params)
    assert (result.code, bodies(sim)) == (code, [])


def test_a_lost_answer(sim, run_module):
    """Managed meanwhile: found in the list. A discovery that is lost and found: the second request is made of it."""
    sim.switches("xclarity", job_seconds=0.0)
    sim.fault("xclarity", "POST", "^/discoverRequest", reset="after")
    sim.fault("xclarity", "POST", "^/manageRequest", reset="after")
    result = run_module("managed_node", {**OWN, "address": FIRST})
    assert not result.failed, result
    assert (result["nodes"][0]["managed"], result["nodes"][0]["reconciled"], len(bodies(sim))) == (True, True, 2)


@pytest.mark.parametrize("served", [True, False])
def test_what_is_under_way_is_waited_for(sim, run_module, served):
    """An earlier run has begun it and did not wait. Only the older list of jobs tells the device of a job."""
    sim.switches("xclarity", older_jobs_served=served, job_seconds_by_kind={"manage": 1.0, "unmanage": 1.0})
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "known", "known": True}]})
    for params in ({**OWN, "address": "192.0.2.130"}, {"node": "known", "state": "absent"}):
        since = sim.last()
        begun = run_module("managed_node", {**params, "wait": False})
        assert (begun["outcome"], begun["nodes"][0]["joined"]) == ("started", False)
        second = run_module("managed_node", params)
        if served:
            assert not second.failed, second
            assert (second["changed"], second["nodes"][0]["joined"], len(bodies(sim, since))) == (False, True, 1)
            assert second["nodes"][0]["job"] == begun["nodes"][0]["job"]
        else:
            assert len(bodies(sim, since)) == 2


def test_what_is_managed_may_be_about_to_be_given_up_and_the_reverse(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"manage": 600, "unmanage": 600})
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "known", "known": True}]})
    assert not run_module("managed_node", {"node": "web-01", "state": "absent", "wait": False}).failed
    assert not run_module("managed_node", {**OWN, "address": "192.0.2.130", "wait": False}).failed
    for check in (True, False):
        stays = run_module("managed_node", {**OWN, "nodes": [{"address": "192.0.2.21"}, {"address": "192.0.2.22"}]}, check=check)
        assert (stays.code, [row.get("error", {}).get("code") for row in stays["nodes"]]) == ("busy", ["busy", None])
        rows = [{"address": "192.0.2.130"}, {"node": "C" * 32}, {"address": "192.0.2.199"}]
        for row in rows:
            goes = run_module("managed_node", {"nodes": [row], "state": "absent"}, check=check)
            assert goes.code == (None if row is rows[2] else "busy"), goes
    assert len(bodies(sim)) == 2


def test_another_run_that_was_quicker(sim, run_module):
    """It takes a server over between the first list and that of what is discovered."""
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "known", "known": True}]})
    assert not run_module("managed_node", {**OWN, "address": "192.0.2.130"}).failed
    since = sim.last()
    empty = json.dumps({"nodeList": []})
    sim.fault("xclarity", "GET", "^/nodes", status=200, body=empty, nth=1)
    result = run_module("managed_node", {**OWN, "address": "192.0.2.130"})
    assert not result.failed, result
    assert (result["changed"], bodies(sim, since)) == (False, [])


def test_a_run_that_was_killed_is_asked_about_once(sim, harness, run_module):
    uuid = sim.state("xclarity")["appliance_uuid"]
    harness.leave_unfinished("xclarity", "managed_nodes", ("xclarity", uuid), f"manage:{FIRST}", group="servers")
    first = run_module("managed_node", {**OWN, "address": FIRST})
    assert (first.code, bodies(sim)) == ("earlier_run_unfinished", [])
    assert run_module("managed_node", {**OWN, "address": FIRST})["outcome"] == "finished"


# -- stored credentials -----------------------------------------------------------------------------------------------

NEW = {"description": "fresh", "credential_username": "USERID", "credential_password": "Canary-secret-1"}


@pytest.mark.parametrize("at", ["top", "response"])
def test_a_credential_is_made_changed_and_removed(sim, run_module, at):
    sim.switches("xclarity", credential_id_at=at)
    planned = run_module("stored_credential", NEW, check=True)
    made = run_module("stored_credential", NEW)
    assert not made.failed, made
    assert (planned["plan"], planned["diff"]) == (made["plan"], made["diff"])
    assert made["credentials"][0]["id"] == "3402"
    assert "Canary-secret" not in str(planned) + str(made)
    assert run_module("stored_credential", NEW)["changed"] is False
    assert run_module("stored_credential", {**NEW, "update_password": "always"})["changed"] is True
    renamed = run_module("stored_credential", {**NEW, "credential_id": "3402", "description": "fresher"})
    assert renamed["credentials"][0]["description"] == "fresher"
    gone = run_module("stored_credential", {"state": "absent", "credentials": [{"description": "fresher"}, {"credential_id": "77"}]})
    assert [(row["changed"], row["present"]) for row in gone["credentials"]] == [(True, False), (False, False)]
    assert [(method, path) for method, path, _body in bodies(sim)] == [
        ("POST", "/storedCredentials"), ("PUT", "/storedCredentials/3402"), ("PUT", "/storedCredentials/3402"),
        ("DELETE", "/storedCredentials/3402"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "params, code",
    [
        ({"description": "fresh", "credential_username": "u"}, "config_missing"),
        ({"description": "controllers of rack R14", "credential_username": "other"}, "config_missing"),
        ({"description": " "}, "config_id"),
        ({"credential_id": "99", "credential_username": "u"}, "credential_not_found"),
        ({"description": "twin", "state": "absent"}, "credential_ambiguous"),
        ({"credentials": [{"credential_id": "3401"}, {"description": "controllers of rack R14"}]}, "duplicate_item"),
        ({"credentials": []}, "config_empty"),
        ({"credential_id": "3401", "description": "something else", "state": "absent"}, "credential_mismatch"),
        ({"credential_id": "3401", "description": "twin", "state": "absent"}, "credential_mismatch"),
        ({**NEW, "credential_id": "3401", "description": "twin"}, "credential_mismatch"),
    ],
)
def test_mistakes_with_credentials(sim, run_module, params, code):
    sim.seed(xclarity={"stored_credentials": [{"userName": "a", "description": "twin"}, {"userName": "b", "description": "twin"}]})
    result = run_module("stored_credential", params)
    assert (result.code, bodies(sim)) == (code, [])


def test_the_plan_tells_which_stored_credential_is_used(sim, run_module):
    sim.seed(xclarity={"discoverable": [{"ip": "192.0.2.130", "uuid": "C" * 32, "name": "new", "known": True}]})
    planned = run_module("managed_node", {**STORED, "address": "192.0.2.130"}, check=True)
    assert planned["plan"][0]["body"][0]["securityDescriptor"]["storedCredentials"]["id"] == "3401"


def test_an_id_and_its_own_description_agree(sim, run_module):
    params = {"credential_id": "3401", "description": "controllers of rack R14", "state": "absent"}
    assert run_module("stored_credential", params)["changed"] is True


def test_a_lost_answer_to_a_credential(sim, run_module):
    sim.fault("xclarity", "POST", "^/storedCredentials", reset="after")
    assert run_module("stored_credential", NEW)["credentials"][0]["reconciled"] is True
    sim.fault("xclarity", "PUT", "^/storedCredentials", reset="after")
    result = run_module("stored_credential", {**NEW, "update_password": "always"})
    assert (result["outcome"], result.failed) == ("unknown", True)
    assert "the list shows no password" in result["msg"]


INSIDE = ["169.254.95.118", "fe80::1:2:3:4", "0.0.0.0", "::", "127.0.0.1", "224.0.0.1", "::ffff:169.254.95.118"]


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_every_controller_has_inside_names_no_server(sim, run_module, address, state):
    result = run_module("managed_node", {"address": address, "state": state, **(STORED if state == "present" else {})})
    assert (result.code, result["changed"], bodies(sim)) == ("config_address", False, [])


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_address_of_two_servers_is_refused(sim, run_module, state):
    for number, name in ((1, "one"), (2, "two")):
        sim.seed(xclarity={"nodes": [{"uuid": f"{number:032X}", "name": name, "ipv4": ["192.0.2.77"], "ip": "192.0.2.77"}]})
    result = run_module("managed_node", {"address": "192.0.2.77", "state": state, **(STORED if state == "present" else {})})
    assert (result.code, result["changed"], bodies(sim)) == ("node_ambiguous", False, []), result
    assert "several devices have the address 192.0.2.77 (one, two)" in result["msg"]


@pytest.mark.parametrize("spelt", ["::ffff:192.0.2.21", " 192.0.2.21 "])
def test_an_address_in_another_spelling_is_the_same(sim, run_module, spelt):
    assert run_module("managed_node", {"address": spelt, **STORED})["changed"] is False
    result = run_module("managed_node", {"address": spelt, "state": "absent"}, check=True)
    assert result["changed"] is True, result
