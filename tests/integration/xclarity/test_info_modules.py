# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""node_info, profile_info and osimage_info against the simulator, and the examples of their documentation and their like."""

from __future__ import annotations

import importlib
import json

import pytest
import yaml
from harness import XCLARITY_PASSWORD

WEB, FLEX = "0A10000000000000000000000000000A", "0A10000000000000000000000000000E"
CHASSIS = "1B54B9AEFCE04D5E820C0B6310D03590"


def names(result, key):
    return [one["name"] for one in result[key]]


def test_all_nodes(sim, run_module):
    """The page "GET /nodes/{uuid}": nodeList."""
    result = run_module("node_info")
    assert result["changed"] is False
    assert names(result, "nodes") == ["web-01", "web-02", "web-03", "db-01", "app-01", "app-02"]
    web = result["nodes"][0]
    assert (web["uuid"], web["bmc_address"], web["power"], web["rack"], web["status"]) == (WEB, "192.0.2.21", "on", "R12", "managed")
    assert result["nodes"][4]["chassis"] == CHASSIS
    assert "169.254" not in json.dumps(result["nodes"])
    assert "fe80" not in json.dumps(result["nodes"])


@pytest.mark.parametrize(
    "node, found, path",
    [
        ([WEB], ["web-01"], f"/nodes/{WEB}"),
        ([WEB, FLEX], ["web-01", "app-01"], f"/nodes/{WEB},{FLEX}"),
        ([FLEX.lower(), "F" * 32], ["app-01"], "/nodes/"),
        ([WEB, WEB.lower()], ["web-01"], f"/nodes/{WEB}"),
        (["web-01", FLEX], ["web-01", "app-01"], "/nodes?"),
        (["no-such"], [], "/nodes?"),
        (["F" * 32], [], "/nodes/"),
        ([], [], None),
    ],
)
def test_some_nodes(sim, run_module, node, found, path):
    """A bare object for one UUID, nodeList for several; what is not known is left out."""
    assert names(run_module("node_info", {"node": node}), "nodes") == found
    asked = [e["path"] for e in sim.log(system="xclarity") if e["path"].startswith("/nodes")]
    assert asked == [] if path is None else asked[0].startswith(path)


@pytest.mark.parametrize(("options", "found"), [
    ({"addresses": ["192.0.2.21"]}, ["web-01"]),
    ({"addresses": [" ::FFFF:192.0.2.21 ", "2001:0DB8:0::0010", "192.0.2.250"]}, ["web-01", "six"]),
    ({"addresses": ["192.0.2.121"]}, []),
    ({"addresses": []}, []),
    ({"addresses": ["192.0.2.21"], "node": ["web-02", "six"]}, []),
    ({"addresses": ["192.0.2.21"], "node": [WEB], "raw": True}, ["web-01"]),
])  # fmt: skip
def test_nodes_at_addresses(sim, run_module, options, found):
    """Compared as managed_node does; a name that looks like an address is none."""
    sim.seed(xclarity={"nodes": [
        {"uuid": "B" * 32, "name": "six", "attributes": {"ipv6Addresses": ["fe80::1", "2001:db8::10"]}},
        {"uuid": "C" * 32, "name": "192.0.2.121"},
    ]})  # fmt: skip
    assert names(run_module("node_info", options), "nodes") == found


@pytest.mark.parametrize("address", ["fe80::1", "169.254.1.1", "0.0.0.0", "web-01", ""])
def test_what_is_no_address_of_one_device(sim, run_module, address):
    result = run_module("node_info", {"addresses": ["192.0.2.21", address]})
    assert (result.failed, result.code) == (True, "config_address")
    assert sim.log(system="xclarity") == []


def test_filters_of_nodes(sim, run_module):
    """The page: status and mgmtProcType as a query."""
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "new", "managed": False, "attributes": {"mgmtProcType": "XCC2"}}]})
    assert names(run_module("node_info", {"status": "unmanaged"}), "nodes") == ["new"]
    assert "new" not in names(run_module("node_info", {"status": "managed"}), "nodes")
    assert names(run_module("node_info", {"bmc_type": "XCC2"}), "nodes") == ["new"]
    assert run_module("node_info", {"bmc_type": "XCC9"}).failed


def test_raw_nodes(sim, run_module):
    node = run_module("node_info", {"node": ["web-01"], "raw": True})["nodes"][0]
    assert node["raw"]["mgmtProcType"] == "XCC"
    assert "raw" not in run_module("node_info", {"node": ["web-01"]})["nodes"][0]


def test_nodes_that_lack_much(sim, run_module):
    attributes = dict.fromkeys(("mgmtProcIPaddress", "location", "slots", "parent", "status", "FQDN", "productName", "ipv4Addresses"))
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "bare", "attributes": attributes}]})
    node = run_module("node_info", {"node": ["bare"]})["nodes"][0]
    assert (node["bmc_address"], node["rack"], node["slots"], node["status"], node["product"]) == ("", "", [], "", "")


def test_hostile_text_is_made_harmless(sim, run_module):
    sim.seed(xclarity={"nodes": [{"uuid": "B" * 32, "name": "evil\x1b[31m\r\nok", "attributes": {"userDescription": "a\u202eb"}}]})
    node = run_module("node_info", {"node": ["B" * 32]})["nodes"][0]
    assert node["description"].isprintable()
    assert "\x1b" not in node["name"]


def test_profiles(sim, run_module):
    """The page "GET /profiles"."""
    result = run_module("profile_info")
    assert names(result, "profiles") == ["web-01", "web-02", "web-03", "db-01", "app-01", "app-02"]
    database = result["profiles"][3]
    assert (database["status"], database["profile_status"], database["template"]) == ("active", "ACTIVE", "database")
    assert "activation" not in database
    assert names(run_module("profile_info", {"profile": ["web-01", "74", "no"]}), "profiles") == ["web-01", "db-01"]
    assert names(run_module("profile_info", {"status": ["pending", "active"]}), "profiles") == ["db-01", "app-02"]
    assert run_module("profile_info", {"profile": ["no"]})["profiles"] == []
    assert run_module("profile_info", {"status": ["odd"]}).failed


@pytest.mark.parametrize("served, told", [(True, "active"), (False, "")])
def test_profiles_with_their_activation(sim, run_module, served, told):
    """The page "GET /profiles/status", which came with 2.1: without it the text is empty."""
    sim.switches("xclarity", profiles_status_served=served)
    profiles = {one["name"]: one for one in run_module("profile_info", {"activation": True})["profiles"]}
    assert profiles["db-01"]["activation"] == told
    assert profiles["web-01"]["activation"] == ""


def test_os_images(sim, run_module):
    """The page "GET /osImages"; nothing is asked for by the id of a profile, since that would start an export."""
    result = run_module("osimage_info")
    assert [image["id"] for image in result["images"]] == ["win2016", "rhels9.4"]
    assert [profile["name"] for profile in result["profiles"]] == ["Standard_core", "corp_gold", "Minimal", "web_gold"]
    assert result["images"][0]["os_release"] == "2016"
    gold = run_module("osimage_info", {"profile": ["corp_gold"]})
    assert [image["id"] for image in gold["images"]] == ["win2016"]
    assert gold["profiles"][0]["id"] == "win2016|win2016-x86_64-install-corp_gold"
    assert len(gold["profiles"][0]["fingerprint"]) == 64
    assert [i["id"] for i in run_module("osimage_info", {"image": ["rhels9.4"]})["images"]] == ["rhels9.4"]
    assert run_module("osimage_info", {"image": ["no"]})["images"] == []
    assert run_module("osimage_info", {"profile": ["win2016|win2016-x86_64-install-corp_gold"]})["profiles"] == gold["profiles"]
    assert {e["path"] for e in sim.log(system="xclarity") if "osImages" in e["path"]} == {"/osImages"}


@pytest.mark.parametrize("module", ["node_info", "profile_info", "osimage_info", "remote_file_server_info"])
@pytest.mark.parametrize(
    "fault, code",
    [
        ({"status": 403, "body": '{"messages":[{"text":"No licence."}]}'}, "forbidden"),
        ({"body": "[]"}, None),
        ({"body": "{}"}, None),
        ({"body": '{"items": [1], "serverList": [1], "nodeList": [1]}'}, None),
        ({"body": '{"items": null, "serverList": null, "nodeList": null}'}, None),
    ],
)
def test_lists_that_fail(sim, run_module, module, fault, code):
    """A refusal tells the server's words; a shape that nobody knows is a clear failure, never a traceback."""
    sim.fault("xclarity", "GET", "^/(nodes|profiles|osImages)", times=-1, **fault)
    result = run_module(module)
    if code is None:
        assert result.code == "bad_reply" or (module, fault["body"]) == ("node_info", "[]"), result
    else:
        assert result.code == code
        assert "No licence." in result["msg"]
    assert result["changed"] is False


@pytest.mark.parametrize("module", ["node_info", "profile_info", "osimage_info", "remote_file_server_info"])
def test_one_login_one_list_one_logout(sim, run_module, module):
    run_module(module, check=True)
    assert [e["method"] for e in sim.log(system="xclarity")] == ["POST", "GET", "DELETE"]


# -- examples ---------------------------------------------------------------------------------------------------------


def examples(sim, name, folder):
    module = importlib.import_module(f"ansible_collections.groundwork.provision.plugins.modules.{name}")
    text = module.EXAMPLES.replace("username: automation", "username: AUTOMATION").replace("/var/tmp", str(folder))
    return yaml.safe_load(text.replace("https://xclarity.example.com", sim.ready["xclarity"]))


@pytest.mark.parametrize(
    "name, changed, again",
    [
        ("node_info", 0, 0), ("profile_info", 0, 0), ("osimage_info", 0, 0), ("remote_file_server_info", 0, 0),
        ("remote_file_server", 2, 2), ("osimage_export", 3, 1),
    ],
)  # fmt: skip
def test_examples(sim, play, tmp_path, name, changed, again):
    """They run as documented. (The last example of an export does not wait, so the second run has its file to download.)"""
    tasks = examples(sim, name, tmp_path)
    variables = {"xclarity_password": XCLARITY_PASSWORD, "images_password": "Canary-secret-1"}
    first = play(tasks, "--diff", variables=variables)
    assert (first.rc, first.recap["changed"]) == (0, changed), first.output
    second = play(tasks, variables=variables)
    assert (second.rc, second.recap["changed"]) == (0, again), second.output
    assert "Canary-secret-1" not in first.output + second.output
    assert XCLARITY_PASSWORD not in first.output + second.output
