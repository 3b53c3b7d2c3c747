# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote file servers and nodes: shapes and plans, without a server."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes, profile_list
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import remote_file_servers as rfs

ENTRY = {
    "serverId": "101", "displayName": "images", "address": "192.0.2.80", "port": 22, "protocol": "SFTP", "username": "u", "keyType": "",
}  # fmt: skip
THERE = rfs.parse(ENTRY)
NONE = dict.fromkeys([*rfs.READABLE, "key_comment"])
SECRET = {"password": "hush-hush"}


def plan(there, want, state="present", secrets=None, update_secret=False):
    return rfs.plan(there, {**NONE, **want}, state=state, secrets=secrets or {}, update_secret=update_secret)


def code(call, *arguments, **more):
    with pytest.raises(Failure) as caught:
        call(*arguments, **more)
    return caught.value.code


@pytest.mark.parametrize("change, expected", [({"serverId": 101}, "101"), ({"port": "22"}, "101"), ({"protocol": "sftp"}, "101")])
def test_server_shapes(change, expected):
    """The id is text on one page and a number on another."""
    server = rfs.parse({**ENTRY, **change})
    assert (server.id, server.port, server.protocol) == (expected, 22, "SFTP")
    assert rfs.parse({}).port == 0


@pytest.mark.parametrize(
    "want, body",
    [
        ({"name": "n", "address": "a", "protocol": "SFTP"}, {"displayName": "n", "address": "a", "port": 22, "protocol": "SFTP"}),
        (
            {"name": "n", "address": "a", "protocol": "SFTP", "key_comment": "c"},
            {"displayName": "n", "address": "a", "port": 22, "protocol": "SFTP", "keyComment": "c"},
        ),
        ({"name": "n", "address": "a", "protocol": "HTTPS"}, {"displayName": "n", "address": "a", "port": 443, "protocol": "HTTPS"}),
        (
            {"name": "n", "address": "a", "protocol": "FTP", "port": 2121, "server_username": "u", "key_type": "RSA-4096"},
            {"displayName": "n", "address": "a", "port": 2121, "protocol": "FTP", "username": "u", "keyType": "RSA-4096"},
        ),
    ],
)
def test_make_one(want, body):
    """The page "POST /osImages/remoteFileServers": address, displayName, port and protocol are required."""
    made = plan(None, want, secrets=SECRET)
    assert [(s.method, s.path, s.body) for s in made.steps] == [("POST", rfs.PATH, {**body, **SECRET})]
    assert made.before == {}
    assert "hush" not in str([step.public() for step in made.steps])
    assert "hush" not in str(made.after)


@pytest.mark.parametrize("want", [{"name": "n"}, {"name": "n", "address": "a"}, {"address": "a", "protocol": "FTP"}])
def test_make_one_of_too_little(want):
    assert code(plan, None, want) == "config_missing"


@pytest.mark.parametrize(
    "want, secrets, update_secret, changed",
    [
        ({"name": "images"}, {}, False, None),
        ({"address": "192.0.2.80", "port": 22, "protocol": "SFTP", "server_username": "u"}, SECRET, False, None),
        ({}, {}, True, None),
        ({}, SECRET, True, {}),
        ({"address": "192.0.2.81"}, {}, False, {"address": "192.0.2.81"}),
        ({"protocol": "HTTPS"}, {}, False, {"protocol": "HTTPS", "port": 443}),
        ({"protocol": "HTTPS", "port": 8443}, {}, False, {"protocol": "HTTPS", "port": 8443}),
        ({"name": "new"}, SECRET, False, {"displayName": "new"}),
        ({"key_comment": "c"}, {}, False, None),
    ],
)
def test_change_one(want, secrets, update_secret, changed):
    """The page: with serverId the POST modifies; what is required goes along."""
    made = plan(THERE, want, secrets=secrets, update_secret=update_secret)
    if changed is None:
        assert made.steps == []
        assert made.before == made.after
        return
    required = {"displayName": "images", "address": "192.0.2.80", "port": 22, "protocol": "SFTP", "serverId": "101"}
    assert made.steps[0].body == {**required, **changed, **secrets}


def test_remove_one():
    assert plan(None, {}, "absent").steps == []
    (step,) = plan(THERE, {}, "absent").steps
    assert (step.method, step.path) == ("DELETE", "/osImages/remoteFileServers/101")
    assert rfs.reached([], step) is True
    assert rfs.reached([THERE], step) is False


def test_reached():
    (step,) = plan(THERE, {"port": 23}).steps
    assert rfs.reached([THERE], step) is False
    now = rfs.parse({**ENTRY, "port": 23})
    assert rfs.reached([now], step) == now
    assert rfs.reached([rfs.parse({**ENTRY, "port": 23, "serverId": "102"})], step) is False


def test_find_a_server():
    other = rfs.parse({**ENTRY, "serverId": "102"})
    assert rfs.find([THERE], "images") == THERE
    assert rfs.find([THERE, other], "102") == other
    assert code(rfs.find, [THERE, other], "images") == "server_ambiguous"
    assert code(rfs.find, [THERE, rfs.parse({**ENTRY, "serverId": "102", "displayName": THERE.id})], THERE.id) == "server_ambiguous"
    assert code(rfs.find, [THERE], "no") == "server_not_found"
    assert rfs.current([THERE], "no", None) is None
    assert code(rfs.current, [THERE], None, "9") == "server_not_found"


# -- nodes ------------------------------------------------------------------------------------------------------------

NODE = {
    "uuid": "A1B2C3D4E5F60718293A4B5C6D7E8F90", "name": "web-01", "hostname": "XCC-web-01", "FQDN": "xcc-web-01.example.test",
    "ipv4Addresses": ["192.0.2.21", "169.254.95.118"], "ipv6Addresses": ["fe80:0:0:0:1:2:3:4", "2001:db8::1"],
    "mgmtProcIPaddress": "192.0.2.21", "mgmtProcType": "XCC", "powerStatus": 8, "accessState": "Online", "overallHealthState": "Normal",
    "cmmHealthState": "Normal", "status": {"message": "managed", "name": "MANAGED"}, "type": "Rack-Tower Server", "machineType": "7X06",
    "model": "CTO1WW", "productName": "ThinkSystem SR650", "serialNumber": "J30000AA", "macAddress": "06:00:00:00:00:01,06:00:00:00:00:02",
    "location": {"location": "DC1", "rack": "R12", "room": "A", "lowestRackUnit": 14}, "slots": [1],
    "parent": {"uuid": "096F8C92", "uri": "chassis/096F8C92"}, "uri": "node/A1B2C3D4E5F60718293A4B5C6D7E8F90",
}  # fmt: skip


def test_a_node():
    node = nodes.parse(NODE)
    assert node["bmc_address"] == "192.0.2.21"
    assert node["ipv4_addresses"] == ["192.0.2.21"]
    assert node["ipv6_addresses"] == ["2001:db8::1"]
    assert (node["power"], node["status"], node["chassis"], node["rack"], node["rack_unit"]) == ("on", "managed", "096F8C92", "R12", 14)
    assert node["mac_addresses"] == ["06:00:00:00:00:01", "06:00:00:00:00:02"]
    assert {"p_" + key: value for key, value in node.items()} == nodes.parse(NODE, "p_")


@pytest.mark.parametrize(
    "status, word", [(8, "on"), (5, "off"), (18, "standby"), (0, "unknown"), (99, "unknown"), ("8", "unknown"), (None, "unknown")]
)
def test_power(status, word):
    assert nodes.parse({**NODE, "powerStatus": status})["power"] == word


@pytest.mark.parametrize(
    "change, address",
    [
        ({"mgmtProcIPaddress": None}, "192.0.2.21"),
        ({"mgmtProcIPaddress": "169.254.95.118"}, "192.0.2.21"),
        ({"mgmtProcIPaddress": "0.0.0.0"}, "192.0.2.21"),
        ({"mgmtProcIPaddress": "", "ipv4Addresses": None}, "2001:db8::1"),
        ({"mgmtProcIPaddress": "fe80::1", "ipv4Addresses": [], "ipv6Addresses": ["FE80::1", "febf::1"]}, ""),
        ({"mgmtProcIPaddress": 5, "ipv4Addresses": "192.0.2.9"}, "192.0.2.9"),
    ],
)
def test_the_address_of_the_controller(change, address):
    assert nodes.parse({**NODE, **change})["bmc_address"] == address


@pytest.mark.parametrize("key", [*NODE, "userDescription"])
@pytest.mark.parametrize("value", [None, 5, "text", [], {}, [None, 5], {"name": None, "uri": 5, "location": 7}])
def test_every_field_may_be_missing_or_odd(key, value):
    """No key of the result is ever missing, whatever a version of the server sends."""
    expected = set(nodes.parse(NODE))
    assert set(nodes.parse({**NODE, key: value})) == expected
    assert set(nodes.parse({k: v for k, v in NODE.items() if k != key})) == expected


def test_a_place_that_is_none():
    told = {"location": "No Location Configured", "rack": "No Location Configured", "room": "", "lowestRackUnit": 0}
    node = nodes.parse({**NODE, "location": told})
    assert (node["location"], node["rack"], node["room"], node["rack_unit"]) == ("", "", "", 0)


class Answers:
    """A client that answers each path from a table and remembers what was asked."""

    def __init__(self, table):
        self.table, self.asked = table, []

    def read(self, path, *, query=(), what="", max_body=0, attempts=4):
        self.asked.append(path)
        answer = self.table.get(path)
        if answer is None:
            raise Failure("not_found", "no", status=404)
        return answer


def test_one_uuid_is_answered_by_a_bare_object_and_several_by_a_list():
    other = {**NODE, "uuid": "B" * 32}
    one, two = f"/nodes/{NODE['uuid']}", f"/nodes/{NODE['uuid']},{'B' * 32}"
    client = Answers({one: NODE, two: {"nodeList": [NODE, other]}, "/nodes": {"nodeList": [NODE, other]}})
    assert [n["uuid"] for n in nodes.read(client, wanted=[NODE["uuid"].lower()])] == [NODE["uuid"]]
    assert len(nodes.read(client, wanted=[NODE["uuid"], "B" * 32])) == 2
    assert [n["uuid"] for n in nodes.read(client, wanted=["WEB-01"])] == [NODE["uuid"], "B" * 32]
    assert len(nodes.read(client)) == 2
    assert nodes.read(client, wanted=[]) == []
    assert client.asked == [one, two, "/nodes", "/nodes"]


def test_an_unknown_uuid_does_not_hide_the_others():
    client = Answers({f"/nodes/{NODE['uuid']}": NODE})
    assert [n["name"] for n in nodes.read(client, wanted=["C" * 32, NODE["uuid"]])] == ["web-01"]


@pytest.mark.parametrize("data", [None, [1], {"nodeList": None}, {"nodeList": [1]}, {}, "x"])
def test_no_list_of_nodes(data):
    assert code(nodes.read, Answers({"/nodes": data} if data is not None else {"/nodes": []} | {"/nodes": 5})) == "bad_reply"


@pytest.mark.parametrize("odd", [{}, {"uuid": 5, "name": "web-02"}, {"uuid": "", "name": "web-02"}, {"uuid": " "}, {"uuid": ["x"]}])
def test_an_entry_without_a_uuid_may_be_the_one_that_is_wanted(odd):
    """It hinders nobody who is found by another entry."""
    entries = [odd, NODE]
    client = Answers({"/nodes": {"nodeList": entries}, f"/nodes/{'B' * 32}": {"nodeList": [odd]}})
    address = NODE["ipv4Addresses"][0] if NODE.get("ipv4Addresses") else NODE["mgmtProcIPaddress"]
    for wanted in ("web-01", NODE["uuid"].lower()):
        assert nodes.find(entries, [wanted]) == [NODE]
    assert nodes.read_for(client, ["web-01"], "uuid,name") == entries
    assert [node["uuid"] for wanted in ("web-01", address) for node in nodes.read(client, wanted=[wanted])] == [NODE["uuid"]] * 2
    for wanted in ("web-02", "B" * 32, "192.0.2.250"):
        assert code(nodes.find, entries, [wanted]) == "bad_reply"
        assert code(nodes.find, entries, ["web-01", wanted]) == "bad_reply"
        assert code(nodes.read_for, client, [wanted], "uuid,name") == "bad_reply"
        assert code(nodes.read, client, wanted=["web-01", wanted] if len(wanted) < 32 else [wanted]) == "bad_reply"
    assert len(nodes.read(client)) == 2


def test_a_profile_of_the_list():
    entry = {"id": 71, "profileName": "web", "profileStatus": "UNASSIGNED", "templateID": 60, "bayId": "11 , 12", "unit": 3}
    shown = profile_list.parse(entry)
    assert (shown["id"], shown["status"], shown["template_id"], shown["bay"], shown["unit"]) == ("71", "inactive", "60", "11 , 12", 3)
    assert set(profile_list.parse({})) == set(shown)


class Appliance:
    """Stands in for a client. by_uuid, listed: what is answered for UUIDs and for the list, a list of UUIDs or a failure."""

    def __init__(self, by_uuid, listed):
        self.by_uuid, self.listed, self.asked = by_uuid, listed, []

    def read(self, path, **_more):
        self.asked.append(path)
        answer = self.listed if path == "/nodes" else self.by_uuid
        if isinstance(answer, Failure):
            raise answer
        return {"nodeList": [{"uuid": uuid} for uuid in answer]}


HERE, THERE_TOO = "A" * 32, "B" * 32


def no(status, told="not_found"):
    return Failure(told, "no", status=status)


@pytest.mark.parametrize("by_uuid, listed, known", [
    ([HERE], no(500), {HERE}),
    ([HERE.lower()], no(500), {HERE}),
    (no(404), [HERE, THERE_TOO], {HERE, THERE_TOO}), (no(400), [HERE], {HERE}), (no(500), [HERE], {HERE}), ([], [HERE], {HERE}),
    (no(200, "not_json"), [HERE], {HERE}),
    (no(404), [THERE_TOO], {THERE_TOO}), ([], [THERE_TOO], {THERE_TOO}),
    (no(404), [THERE_TOO, 5], None), (no(404), ["", THERE_TOO], None), ([HERE, 5], no(500), {HERE}), ([5], [HERE], {HERE}),
    ([5], no(403), None), ([5], [THERE_TOO], {THERE_TOO}),
    (no(404), no(404), None), (no(404), no(403), None), ([], [], None), (no(501), no(501), None),
])  # fmt: skip
def test_a_server_is_unknown_only_where_the_appliance_tells_others(by_uuid, listed, known):
    """An appliance that does not answer for one UUID, or does not list servers for this user, does not say that it has none."""
    assert nodes.known_uuids(Appliance(by_uuid, listed), [HERE]) == known


def test_what_is_known_at_once_costs_one_request():
    appliance = Appliance([HERE], [])
    nodes.known_uuids(appliance, [HERE])
    assert appliance.asked == [f"/nodes/{HERE}"]


@pytest.mark.parametrize("failure", [no(401), no(None)])
def test_a_login_that_is_lost_is_no_answer(failure):
    with pytest.raises(Failure):
        nodes.known_uuids(Appliance(failure, [HERE]), [HERE])
