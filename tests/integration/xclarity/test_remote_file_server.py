# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""remote_file_server and its info module against the simulator. "The page" is "POST /osImages/remoteFileServers"."""

from __future__ import annotations

import pytest

MODULE = "remote_file_server"
NEW = {"name": "golden", "address": "192.0.2.81", "protocol": "SFTP", "server_username": "images", "server_password": "Canary-secret-1"}


def changing(sim, since=0):
    return [(e["method"], e["path"]) for e in sim.log(since=since, system="xclarity", changing=True)]


def sent(result):
    return [(step["method"], step["path"]) for step in result["plan"]]


def stored(sim, name):
    servers = sim.state("xclarity")["os_images"]["remote_file_servers"].values()
    return next((server for server in servers if server["displayName"] == name), None)


@pytest.mark.parametrize("switches", [{}, {"server_id_type": "integer"}])
def test_make_change_remove(sim, run_module, switches):
    """The page: without serverId an entry is made, with it the entry is modified; DELETE answers 204 with no body."""
    sim.switches("xclarity", **switches)
    predicted = run_module(MODULE, NEW, check=True)
    assert (predicted["changed"], changing(sim)) == (True, [])
    first = run_module(MODULE, NEW)
    assert not first.failed, first
    assert (first["changed"], first["outcome"]) == (True, "finished")
    assert (predicted["plan"], predicted["diff"]) == (first["plan"], first["diff"])
    assert sent(first) == changing(sim) == [("POST", "/osImages/remoteFileServers")]
    assert first["server"] == {"id": "102", "name": "golden", "address": "192.0.2.81", "port": 22, "protocol": "SFTP",
                               "server_username": "images", "key_type": "", "public_key": ""}  # fmt: skip
    assert "Canary-secret-1" not in str(first)
    assert run_module(MODULE, NEW)["changed"] is False

    moved = run_module(MODULE, {**NEW, "address": "192.0.2.82", "protocol": "HTTPS"})
    assert moved["changed"] is True
    assert (moved["server"]["id"], moved["server"]["address"], moved["server"]["port"]) == ("102", "192.0.2.82", 443)
    assert moved["diff"]["before"]["address"] == "192.0.2.81"
    assert moved["diff"]["after"]["port"] == 443

    renamed = run_module(MODULE, {"server_id": "102", "name": "silver"})
    assert (renamed["changed"], renamed["server"]["name"], renamed["server"]["address"]) == (True, "silver", "192.0.2.82")

    since = sim.last()
    gone = run_module(MODULE, {"name": "silver", "state": "absent"})
    assert (gone["changed"], gone["outcome"], gone["server"]) == (True, "finished", {})
    assert changing(sim, since) == [("DELETE", "/osImages/remoteFileServers/102")]
    for again in ({"name": "silver"}, {"server_id": "102"}, {"server_id": "102", "name": "silver"}):
        assert run_module(MODULE, {**again, "state": "absent"})["changed"] is False
    assert stored(sim, "images") is not None


def test_secrets_are_sent_when_asked(sim, run_module):
    """They cannot be read back: on_create sends them with the entry and with other changes, always at every run."""
    run_module(MODULE, NEW)
    assert run_module(MODULE, {**NEW, "server_password": "Canary-secret-2"})["changed"] is False
    always = {**NEW, "server_password": "Canary-secret-2", "key_passphrase": "Canary-secret-3", "update_secret": "always"}
    result = run_module(MODULE, always)
    assert result["changed"] is True
    assert result["diff"]["after"]["secrets"] == "set anew"
    assert "Canary-secret" not in str(result)
    body = [e["body"] for e in sim.log(changing=True)][-1]
    assert '"password"' in body
    assert '"keyPassphrase"' in body
    assert run_module(MODULE, {**NEW, "update_secret": "always", "server_password": None})["changed"] is False


@pytest.mark.parametrize(
    "params, code",
    [
        ({"name": "new"}, "config_missing"),
        ({"name": "new", "address": "a"}, "config_missing"),
        ({"name": " "}, "config_id"),
        ({"name": "a\x1b"}, "config_id"),
        ({"server_id": "999", "port": 1}, "server_not_found"),
        ({"server_id": "101", "name": "other", "state": "absent"}, "server_mismatch"),
        ({"name": "images", "port": 0}, "config_number"),
        ({"name": "images", "port": 65536}, "config_number"),
    ],
)
def test_mistakes(sim, run_module, params, code):
    result = run_module(MODULE, params)
    assert result.code == code
    assert (result["changed"], changing(sim)) == (False, [])
    assert "Nothing was changed." in result["msg"]


def test_one_of_name_and_id_is_needed(sim, run_module):
    assert run_module(MODULE, {"address": "a"}).failed


@pytest.mark.parametrize("status, code", [(400, "bad_request"), (403, "forbidden"), (404, "not_found")])
def test_refusals(sim, run_module, status, code):
    """The page: 400 for a display name that exists, 403."""
    sim.fault("xclarity", "POST", "remoteFileServers", status=status, body='{"result":"failed","messages":[{"text":"Not so."}]}')
    result = run_module(MODULE, NEW)
    assert (result.code, result["changed"], result["outcome"]) == (code, False, "not_started")
    assert "Not so." in result["msg"]


def test_a_name_that_somebody_takes_meanwhile(sim, run_module):
    run_module(MODULE, {**NEW, "name": "other"})
    result = run_module(MODULE, {"server_id": "102", "name": "images"})
    assert result.code == "bad_request"
    assert "exists already" in result["msg"]


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"body": "<html>"}, {"status": 502, "applied": True}])
@pytest.mark.parametrize(
    "params", [NEW, {"name": "images", "port": 2222}, {"name": "images", "state": "absent"}], ids=["make", "change", "remove"]
)
def test_a_lost_answer_is_found_by_reading(sim, run_module, params, fault):
    method = "DELETE" if params.get("state") == "absent" else "POST"
    sim.fault("xclarity", method, "remoteFileServers", **fault)
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert (result["changed"], result["outcome"]) == (True, "finished")
    assert result["reconciled"] is True or (method, fault) == ("DELETE", {"body": "<html>"})
    assert len(changing(sim)) == 1
    assert run_module(MODULE, params)["changed"] is False


def test_a_lost_answer_that_is_not_found(sim, run_module):
    sim.fault("xclarity", "POST", "remoteFileServers", reset="before")
    result = run_module(MODULE, NEW)
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "It is not known whether the change was accepted." in result["msg"]
    assert len(changing(sim)) == 1
    assert run_module(MODULE, NEW)["outcome"] == "finished"


def test_a_lost_answer_to_a_secret_proves_nothing(sim, run_module):
    """The list looks the same whether it was set or not."""
    run_module(MODULE, NEW)
    sim.fault("xclarity", "POST", "remoteFileServers", reset="after")
    result = run_module(MODULE, {**NEW, "update_secret": "always"})
    assert (result.failed, result["outcome"]) == (True, "unknown")


def test_accepted_and_not_there(sim, run_module):
    sim.fault("xclarity", "POST", "remoteFileServers", status=200, body='{"result":"success","serverId":"102","messages":[]}')
    result = run_module(MODULE, NEW)
    assert (result.code, result["changed"]) == ("effect_missing", True)


def test_a_refusal_inside_a_200(sim, run_module):
    sim.fault("xclarity", "POST", "remoteFileServers", status=200, body='{"result":"failed","messages":["No."]}')
    result = run_module(MODULE, NEW)
    assert (result.code, result["changed"]) == ("server_refused", False)


def test_info(sim, run_module):
    """The page "GET /osImages/remoteFileServers"."""
    run_module(MODULE, NEW)
    everything = run_module("remote_file_server_info")
    assert [server["name"] for server in everything["servers"]] == ["images", "golden"]
    assert "Canary" not in str(everything)
    assert [s["id"] for s in run_module("remote_file_server_info", {"server": ["golden", "101", "no"]})["servers"]] == ["101", "102"]
    assert run_module("remote_file_server_info", {"server": ["no"]})["servers"] == []
    assert run_module("remote_file_server_info", {"server": []})["servers"] == []
