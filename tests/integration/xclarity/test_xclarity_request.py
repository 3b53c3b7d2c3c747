# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xclarity_request and xclarity_info against the simulator."""

from __future__ import annotations

import json

import pytest

WEB = "0A10000000000000000000000000000A"
BMC = {"method": "PUT", "path": f"/nodes/{WEB}/bmc", "body": {"powerState": "restart"}}


def changing(sim):
    return [(e["method"], e["path"]) for e in sim.log(system="xclarity", changing=True)]


def test_identity_and_licences(sim, run_module):
    result = run_module("xclarity_info")
    assert result["appliance"]["uuid"] == sim.state("xclarity")["appliance_uuid"]
    assert (result["appliance"]["version"], result["appliance"]["name"]) == ("4.1.0", "xclarity")
    assert result["licences"] == {
        "active": 6, "managed_devices": 6, "compliant": True, "remaining_days": 250, "expiring_soon": False, "functions_enabled": True,
    }  # fmt: skip
    sim.switches("xclarity", licences_told=False)
    assert run_module("xclarity_info")["licences"] is None


@pytest.mark.parametrize("check", [True, False])
def test_a_request_that_reads_is_sent_in_check_mode_too(sim, run_module, check):
    sim.fault("xclarity", "GET", "^/nodes", status=503)  # and again after a passing fault
    result = run_module("xclarity_request", {"path": "/nodes", "query": {"includeAttributes": "name", "status": "managed"}}, check=check)
    assert (result["changed"], result["outcome"], result["plan"]) == (False, "none", [])
    assert [node["name"] for node in result["response"]["nodeList"]][:2] == ["web-01", "web-02"]
    posted = run_module("xclarity_request", {"path": "/nodes", "method": "POST", "body": {"uuids": WEB}, "changes": False}, check=check)
    assert posted["response"]["nodeList"][0]["uuid"] == WEB


def test_one_that_changes_is_a_plan_and_sent_once(sim, run_module):
    planned = run_module("xclarity_request", BMC, check=True)
    assert (planned["changed"], changing(sim)) == (True, [])
    result = run_module("xclarity_request", BMC)
    assert not result.failed, result
    assert (result["changed"], result["outcome"], result["plan"]) == (True, "finished", planned["plan"])
    assert result["job"] == "11"
    assert [state["state"] for state in result["history"]][-1] == "Complete"
    assert changing(sim) == [("PUT", f"/nodes/{WEB}/bmc")]


def test_a_lost_answer_is_unknown_and_not_repeated(sim, run_module):
    sim.fault("xclarity", "PUT", "^/nodes", reset="after")
    result = run_module("xclarity_request", BMC)
    assert (result["outcome"], result["changed"], len(changing(sim))) == ("unknown", True, 1)


def test_a_job_that_fails_and_a_refusal(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "power", "state": "Stopped_With_Error"}])
    assert run_module("xclarity_request", BMC).code == "job_failed"
    assert run_module("xclarity_request", {**BMC, "body": {"powerState": "up"}}).code == "bad_request"
    sim.fault("xclarity", "PUT", "^/nodes", status=200, body='{"result":"failed","messages":[{"text":"No."}]}')
    assert run_module("xclarity_request", BMC).code == "server_refused"
    sim.fault("xclarity", "PUT", "^/nodes", status=200, body='{"result":"informational"}')
    assert run_module("xclarity_request", BMC)["response"] == {"result": "informational"}


def test_secrets_are_masked(sim, run_module):
    body = {"address": "192.0.2.9", "displayName": "fresh", "port": 22, "protocol": "SFTP", "username": "u", "password": "Canary-1"}
    result = run_module("xclarity_request", {"method": "POST", "path": "/osImages/remoteFileServers", "body": body})
    assert not result.failed, result
    assert "Canary-1" not in str(result)
    assert result["plan"][0]["body"]["displayName"] == "fresh"


@pytest.mark.parametrize(
    "params, code",
    [
        ({"path": "nodes"}, "config_path"), ({"path": "/nodes?status=managed"}, "config_path"), ({"path": "/a/../sessions"}, "config_path"),
        ({"path": "//host/x"}, "config_path"), ({"path": "/sessions"}, "config_path"), ({"path": "/Sessions/x"}, "config_path"),
        ({"path": "/nodes", "query": {"a": ["b"]}}, "config_path"), ({"path": "/nodes", "body": {"a": 1}}, "config_body"),
        ({"path": "/nodes", "method": "POST", "body": "text"}, "config_body"),
        ({"path": f"/ffdc/endpoint/{WEB}"}, "config_changes"), ({"path": "/osImages/win%7Cx"}, "config_changes"),
        ({"path": "/discovery", "query": {"refresh": True}}, "config_changes"),
        ({"path": "/nodes", "method": "PUT", "range": "item=0-1"}, "config_options"),
    ],
)  # fmt: skip
def test_what_is_refused_before_anything_is_sent(sim, run_module, params, code):
    result = run_module("xclarity_request", params)
    assert (result.code, result["changed"]) == (code, False)
    assert sim.log(system="xclarity") == []


HIDING = {
    "passwords": ["S3cret-list"], "password": {"value": "S3cret-nested", "n": 48151623}, "apiKey": "S3cret-api", "pwd": "S3cret-pwd",
    "Authorization": "Basic S3cret-basic", "authKey": "S3cret-auth", "pin": 48151, "snmpCommunity": "S3cret-community",
    "secret_list": ["a", "S3cret-second"], "shown": [{"name": "adminPassword", "value": "S3cret-pair"}, {"keyboard": "qwerty"}],
}  # fmt: skip
CANARIES = ("S3cret", "S3CRET", "48151")


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("as_text", [False, True])
def test_secrets_of_any_type_are_masked_everywhere(sim, run_module, check, as_text):
    """In plan, diff, invocation, the answer, and what the server says, also where it gives them back."""
    body = json.dumps({"result": "failed", "messages": [{"text": f"{HIDING['passwords']} of {HIDING['pin']} is wrong"}]})
    sim.fault("xclarity", "POST", "^/anything", status=200, body=body)
    params = {"method": "POST", "path": "/anything", "query": {"token": "S3cret-query"}, "body": json.dumps(HIDING) if as_text else HIDING}
    result = run_module("xclarity_request", params, check=check, diff=True)
    assert result.failed is not check
    text = json.dumps(result)
    assert [word for word in CANARIES if word in text] == []
    assert ("qwerty" in str(result["plan"]), "qwerty" in str(result["diff"]), "qwerty" in str(result["invocation"])) == (True, True, True)


def test_secrets_of_an_answer_are_masked(sim, run_module):
    sim.fault("xclarity", "GET", "^/anything", status=200, body=json.dumps({"answer": HIDING}))
    text = json.dumps(run_module("xclarity_request", {"path": "/anything"})["response"])
    assert [word for word in CANARIES if word in text] == []
    assert "qwerty" in text
