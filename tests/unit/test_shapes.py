# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest replies that fit the shapes of tests/schemas go through the parsers of the systems' own files.

A change of a shape is then a change of one schema, one parser and nothing else.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from schemas.shapes import SYSTEMS, differences, find, shapes

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api as clustering
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_profiles
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import pool_requests, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    api,
    backups,
    jobs,
    nodes,
    os_images,
    profiles,
    remote_file_servers,
)

UUID = "0A10000000000000000000000000000A"
ID = "5a9d0a0a1d41c81a2b3c4d01"
TIME = "2026-03-01T02:00:00Z"
CLUSTER_PROFILE = {
    "created_at": TIME, "domain": None, "id": "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278", "metadata": None, "name": "net", "project": "p",
    "spec": {"type": "a", "version": 1.0, "properties": {}}, "type": "a-1.0", "updated_at": None, "user": "u",
}  # fmt: skip

# (system, method, path, reply, where its list is, parser of an entry, what the parser has to find)
CASES: list[tuple[str, str, str, Any, tuple[str, ...], Callable[[Any], Any], dict[str, Any]]] = [
    (
        "xclarity", "GET", "/profiles",
        {"items": [{
            "id": "71", "profileName": "web-01", "profileStatus": "PENDING_ACTIVATION", "serverName": "", "uuid": UUID, "externalId": None,
            "templateName": "", "templateId": "",
        }]},
        ("items",), profiles.parse, {"id": "71", "name": "web-01", "status": "pending", "uuid": UUID, "location": ""},
    ),
    (
        "xclarity", "GET", "/managementServer/data",
        {"backups": [{
            "backupDate": TIME, "backupRequestedBy": "A", "chassis": "1", "checksum": "c", "dhcp": False, "eth0IPv4": "",
            "filename": "f.tar", "firmware": "0", "ipRedirect": "", "uuid": "u", "label": "l", "locations": ["internal"],
        }]},
        ("backups",), backups.parse, {"uuid": "u", "label": "l", "filename": "f.tar", "checksum": "c", "locations": ["internal"]},
    ),
    (
        "xclarity", "GET", "/osImages",
        {"result": "success", "bootFiles": [], "items": [{
            "id": "win", "name": "win", "type": "win", "osrelease": "1",
            "profiles": [{"id": "win|a", "name": "a", "customizationOptions": None}],
        }]},
        ("items",), os_images.parse, {"id": "win"},
    ),
    (
        "xclarity", "GET", "/osImages/remoteFileServers",
        {"result": "success", "messages": [], "serverList": [
            {"address": "192.0.2.1", "displayName": "n", "port": 22, "protocol": "SFTP", "serverId": 101}
        ]},
        ("serverList",), remote_file_servers.parse, {"id": "101", "name": "n", "port": 22, "protocol": "SFTP"},
    ),
    (
        "ops_manager", "GET", f"/groups/{ID}/serverPool/requests",
        {"links": [], "totalCount": 1, "results": [
            {"id": ID, "created": TIME, "groupId": ID, "properties": [{"Size": "m"}, {"Size": "m"}], "statusName": "EXECUTING", "links": []}
        ]},
        ("results",), pool_requests.parse_request, {"id": ID, "status": "EXECUTING", "num_servers": 2, "live": True},
    ),
    (
        "ops_manager", "GET", f"/groups/{ID}/serverPool/servers",
        {"links": [], "totalCount": 1, "results": [
            {"id": ID, "created": TIME, "recycled": TIME, "hostname": "h", "properties": {"Size": "m"}, "statusName": "BOUND", "links": []}
        ]},
        ("results",), server_pool.parse_server, {"hostname": "h", "status": "BOUND", "properties": {"Size": "m"}, "group": ""},
    ),
    (
        "ops_manager", "GET", f"/groups/{ID}/serverPool/properties",
        {"links": [], "totalCount": 1, "results": [
            {"id": "Size", "multiSelect": False, "statusName": "AVAILABLE", "values": [{"value": "m", "statusName": "UNAVAILABLE"}]}
        ]},
        ("results",), server_pool.parse_property, {"name": "Size", "available": True, "values": {"m": False}},
    ),
    (
        "clustering", "GET", "/v1/profiles", {"profiles": [CLUSTER_PROFILE]}, ("profiles",), cluster_profiles.parse,
        {"id": CLUSTER_PROFILE["id"], "name": "net", "project": "p", "metadata": {}, "spec": CLUSTER_PROFILE["spec"]},
    ),
]  # fmt: skip
NAMES = [f"{case[0]} {case[2].rpartition('/')[2]}" for case in CASES]


def entries(system: str, body: Any, keys: tuple[str, ...]) -> list[dict[str, Any]]:
    """The list of a reply, found by the system's own function where it has one."""
    if system == "xclarity":
        return api.items(body, *keys, what="test")
    return clustering.objects(body, keys[0], "test") if system == "clustering" else body[keys[0]]


def ending(parse: Callable[[], Any]) -> str:
    """How a parser ended: "parsed", or the code of its failure."""
    try:
        parse()
    except Failure as failure:
        return failure.code
    return "parsed"


@pytest.mark.parametrize(("system", "method", "path", "body", "keys", "parse", "expected"), CASES, ids=NAMES)
def test_the_smallest_reply_is_understood(system, method, path, body, keys, parse, expected) -> None:
    shape = find(system, method, path, 200)
    assert shape is not None
    assert differences(shape, body) == []
    parsed = parse(entries(system, body, keys)[0])
    assert {name: getattr(parsed, name) for name in expected} == expected


@pytest.mark.parametrize(("system", "method", "path", "body", "keys", "parse", "expected"), CASES, ids=NAMES)
def test_each_key_of_the_smallest_reply_counts_and_none_crashes_the_parser(system, method, path, body, keys, parse, expected) -> None:
    """What is asked for is asked for by the schema; a parser that meets less says so, or goes on with an empty value."""
    shape = find(system, method, path, 200)
    assert shape is not None
    optional = {"uuid", "label", "locations"} if parse is backups.parse else set()
    for key in body[keys[0]][0]:
        less = copy.deepcopy(body)
        del less[keys[0]][0][key]
        if key not in optional:
            assert differences(shape, less), key
        assert ending(lambda less=less: parse(entries(system, less, keys)[0])) in ("parsed", "bad_reply")


def test_a_node_and_a_task() -> None:
    node = {
        "uuid": UUID, "name": "web-01", "hostname": "h", "ipv4Addresses": ["192.0.2.1"], "ipv6Addresses": [], "powerStatus": 8,
        "accessState": "Online", "overallHealthState": "Normal", "status": {"message": "managed", "name": "MANAGED"}, "type": "ITE",
        "uri": f"node/{UUID}", "slots": [1],
    }  # fmt: skip
    shape = find("xclarity", "GET", f"/nodes/{UUID}", 200)
    assert shape is not None
    assert differences(shape, node) == []
    assert nodes.parse(node)["uuid"] == UUID
    task = {"jobUID": "17", "status": "CompleteWithErrors", "percentage": 100, "complete": True}
    shape = find("xclarity", "GET", "/tasks/17", 200)
    assert shape is not None
    assert differences(shape, [task]) == []
    assert jobs.ident(task) == "17"
    assert not jobs.is_open(task)


def test_each_call_has_one_shape_for_a_status() -> None:
    for system in SYSTEMS:
        seen: set[tuple[str, int]] = set()
        for shape in shapes(system):
            for status in shape.status:
                assert (shape.call, status) not in seen
                seen.add((shape.call, status))
            shape.validator.check_schema(shape.validator.schema)


def test_the_path_with_words_goes_before_the_path_with_a_parameter() -> None:
    for path, call in (
        ("/profiles/status?uuids=A", "GET /profiles/status"),
        ("/profiles/71", "GET /profiles/{id}"),
        ("/osImages/remoteFileServers", "GET /osImages/remoteFileServers"),
    ):
        shape = find("xclarity", "GET", path, 200)
        assert shape is not None
        assert shape.call == call
    assert find("xclarity", "GET", "/nowhere", 200) is None
