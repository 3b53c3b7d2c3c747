# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which profile belongs to which server."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.server_profiles import ServerProfiles

RACK, BLADE, CHASSIS = "A" * 32, "B" * 32, "C" * 32
SERVERS = {
    "rack": nodes.parse({"uuid": RACK, "name": "web-01"}),
    "blade": nodes.parse({"uuid": BLADE, "name": "app-01", "slots": [11, 12], "parent": {"uri": f"chassis/{CHASSIS}"}}),
}


def profile(ident="7", name="gold", status="ACTIVE", uuid="", location=None):
    return {"id": ident, "profileName": name, "profileStatus": status, "uuid": uuid, "externalId": location, "complianceStatus": "VALID"}


def facts(server, *entries, names=None):
    return ServerProfiles([profiles.parse(one) for one in entries], names=names).facts(SERVERS[server])


def test_where_a_profile_is_activated():
    assert facts("rack")["target"] == RACK
    assert facts("blade")["target"] == f"{CHASSIS}_bay11"


@pytest.mark.parametrize(
    "server, where",
    [
        ("rack", {"uuid": RACK}),
        ("rack", {"uuid": "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}),
        ("rack", {"location": RACK}),
        ("blade", {"location": f"{CHASSIS}_bay11"}),
        ("blade", {"location": f"{CHASSIS.lower()}_bay11"}),
        ("blade", {"uuid": BLADE}),
    ],
)
def test_the_profile_of_a_server(server, where):
    found = facts(server, profile("8", "other", uuid="D" * 32), profile(**where))
    assert [found[f"profile{key}"] for key in ("", "_name", "_status", "_compliance")] == ["7", "gold", "active", "valid"]


def test_a_server_without_a_profile():
    found = facts("blade", profile(location=f"{CHASSIS}_bay1"), profile("8", "app-01", "UNASSIGNED"))
    assert [found[f"profile_{key}"] for key in ("name", "status", "compliance")] == [""] * 3
    assert "profile" not in found


@pytest.mark.parametrize("turned", [False, True])
def test_an_inactive_profile_does_not_hide_the_one_that_the_server_has(turned):
    entries = [profile(uuid=RACK), profile("9", "old", "UNASSIGNED", uuid=RACK)]
    assert facts("rack", *(reversed(entries) if turned else entries))["profile"] == "7"


@pytest.mark.parametrize(
    "entries, found",
    [
        ([profile("9", "web-01", "UNASSIGNED")], "9"),
        ([profile("9", "WEB-01", "UNASSIGNED")], ""),
        ([profile("9", "web-01", "UNASSIGNED"), profile("7", uuid=RACK)], "7"),
        ([profile("9", "web-01", "UNASSIGNED"), profile("10", "web-01", "UNASSIGNED")], ""),
        ([profile("9", "web-01", "ACTIVE", uuid="D" * 32)], ""),
        ([profile("9", "web-01", "UNASSIGNED", uuid="D" * 32)], ""),
    ],
)
def test_the_inactive_profile_of_the_same_name(entries, found):
    assert facts("rack", *entries, names=["web-01", "app-01"]).get("profile", "") == found
    assert facts("rack", *entries).get("profile", "7") == "7"


def test_a_server_without_a_name_has_no_profile_by_name():
    nameless = nodes.parse({"uuid": RACK})
    assert ServerProfiles([profiles.parse(profile(name="", status="UNASSIGNED"))], names=[""]).facts(nameless).get("profile") is None


def test_a_name_that_two_servers_have_is_the_profile_of_none():
    """Which of them is meant nobody can tell, and the other one would be restarted."""
    told = ServerProfiles([profiles.parse(profile("9", "web-01", "UNASSIGNED"))], names=["web-01", "app-01", "web-01"])
    assert told.facts(SERVERS["rack"]).get("profile") is None
    assert told.unclear == ["web-01"]


@pytest.mark.parametrize("rows, found", [
    (None, {}), ("", {}), (["text", {}], {"": {"name": "", "version": "", "build": ""}}),
    ([{"type": "UEFI", "role": "Primary", "status": "Active", "name": "UEFI Firmware", "version": "2.40 ", "build": "IVE1"},
      {"type": "UEFI", "role": "Backup", "status": "Inactive", "name": "UEFI Backup", "version": "2.30", "build": "IVE0"}],
     {"UEFI": {"name": "UEFI Firmware", "version": "2.40 ", "build": "IVE1"}}),
    ([{"type": "IMM1", "role": "", "status": "ACTIVE", "version": "1.1", "build": 5}],
     {"IMM1": {"name": "", "version": "1.1", "build": ""}}),
])  # fmt: skip
def test_the_firmware_that_runs(rows, found):
    assert nodes.firmware({"firmware": rows}) == found
