# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role activate_profiles when something is wrong with the profile of a host: which host is told so, and what the others are told."""

from __future__ import annotations

import datetime
import json
import re

import hosts_of_a_play as plays
import pytest

SERVER = "0A1000000000000000000000000000{:02X}".format
IDS = {"web-01": "71", "web-02": "72", "web-03": "73", "db-01": "74"}
WEB = {name: {"profile": name, "target": SERVER(number)} for number, name in enumerate(("web-01", "web-02", "web-03"), 10)}
# What is changed of three hosts that are all right, and which of them are told to have made the mistake.
REFUSALS = {
    "profile_not_found": ({"web-02": {"profile": "nobody"}}, ["web-02"]),
    "profile_ambiguous": ({"web-02": {"profile": "twin"}}, ["web-02"]),
    "duplicate_item": ({"web-02": WEB["web-01"]}, ["web-01", "web-02"]),
    "duplicate_target": ({"web-02": {"target": SERVER(10)}}, ["web-01", "web-02"]),
    "target_taken": ({"web-02": {"target": SERVER(13)}}, ["web-02"]),
    "target_not_found": ({"web-02": {"target": SERVER(255)}}, ["web-02"]),
    "uuid_missing": ({"web-02": {"target": ""}}, ["web-02"]),
    "target_mismatch": ({"web-02": {"profile": "db-01"}}, ["web-02"]),
}
SPELLINGS = {
    "id": lambda name: IDS.get(name, name),
    "number": lambda name: int(IDS[name]) if name in IDS else name,
    "name": lambda name: name,
}
TELL = {"name": "Tell", "ansible.builtin.debug": {
    "msg": "TOLD {{ [inventory_hostname, ansible_failed_result.error, ansible_failed_result.msg] | to_json }}"}}  # fmt: skip


def innocent_hosts(spelling: str = "id") -> dict[str, dict[str, object]]:
    """Three hosts that are all right."""
    return {
        name: {"xclarity_profile": SPELLINGS[spelling](name), "xclarity_target": values["target"], "xclarity_restart": "defer"}
        for name, values in WEB.items()
    }


def told(played) -> dict[str, tuple[dict, str]]:
    """Host -> its error and message."""
    assert played.rc == 0, played.output
    rows = [json.loads(json.loads(f'"{text}"')) for text in re.findall(r'"msg": "TOLD (.*)"$', played.output, re.M)]
    return {host: (error, message) for host, error, message in rows}


def play(harness, hosts):
    block = {"name": "Try", "block": plays.use("include_role")["tasks"], "rescue": [TELL]}
    return plays.play(harness, hosts, [{"hosts": "all", "gather_facts": False, "tasks": [block]}])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_who_made_the_mistake_has_its_code_and_the_others_are_told_who(sim, harness, spelling):
    """Each refusal in a task of its own, which another wait_timeout makes. Nothing is sent for anybody."""
    sim.switches("xclarity", max_concurrent_sessions=10)
    sim.seed(xclarity={"profiles": [{"id": "91", "name": "twin"}, {"id": "92", "name": "twin"}]})
    hosts, expected = {}, {}
    for number, (code, (changes, culprits)) in enumerate(REFUSALS.items()):
        for name, values in WEB.items():
            made = {**values, **changes.get(name, {})}
            hosts[f"{code}.{name}"] = {
                "xclarity_profile": SPELLINGS[spelling](made["profile"]), "xclarity_target": made["target"],
                "activate_profiles_wait_timeout": 100 + number,
            }  # fmt: skip
            expected[f"{code}.{name}"] = code if name in culprits else "skipped"
    found = told(play(harness, hosts))
    assert {host: error["code"] for host, (error, _message) in found.items()} == expected
    for host, (error, message) in found.items():
        code = host.partition(".")[0]
        culprits = REFUSALS[code][1]
        more = " and 1 more" if len(culprits) > 1 else ""
        because = f"stopped before anything was sent because of host {code}.{culprits[0]}{more}: "
        assert (because in message) == (expected[host] == "skipped"), message
        if len(culprits) > 1 and expected[host] != "skipped":
            assert error["resource"] == str(hosts[host]["xclarity_profile"]), "of several each reads of its own"
        assert "positions" not in error  # those of a task that nobody has written
    assert [entry for entry in sim.log(changing=True) if entry["path"] != "/sessions"] == []


@pytest.mark.parametrize(
    "values, code, text",
    [
        ({"activate_profiles_redeploy": "maybe"}, "task_failed", "activate_profiles_redeploy is 'maybe', not a boolean."),
        ({"activate_profiles_redeploy": ["yes"]}, "task_failed", "activate_profiles_redeploy is ['yes'], not a boolean."),
        ({"xclarity_profile": ["72"]}, "task_failed", "xclarity_profile is ['72'], not a text."),
        ({"activate_profiles_profile": {"id": "72"}}, "task_failed", "activate_profiles_profile is {'id': '72'}, not a text."),
        ({"xclarity_target": [SERVER(11)]}, "task_failed", f"xclarity_target is ['{SERVER(11)}'], not a text."),
        ({"xclarity_target": "", "xclarity_uuid": [1]}, "task_failed", "xclarity_uuid is [1], not a text."),
        ({"xclarity_restart": "now"}, "config_restart", "xclarity_restart is 'now', not one of immediate, defer."),
        ({"xclarity_restart": ["defer"]}, "config_restart", "xclarity_restart is ['defer'], not one of immediate, defer."),
        ({"xclarity_target": "web-02"}, "config_uuid", "web-02 (for the profile 72) is neither the UUID of a server"),
    ],
)
def test_a_value_that_is_none_is_the_mistake_of_its_host_alone(sim, harness, values, code, text):
    """It is known before anything is asked for, so the others go on."""
    hosts = innocent_hosts()
    hosts["web-02"] |= values
    found = told(play(harness, hosts))
    assert {host: error["code"] for host, (error, _message) in found.items()} == {"web-02": code}
    assert text in found["web-02"][1]
    assert "Nothing was changed." in found["web-02"][1]
    paths = [entry["path"] for entry in sim.log(changing=True) if entry["path"] != "/sessions"]
    assert sorted(paths) == ["/profiles/71", "/profiles/73"]


def test_a_date_is_a_name_like_any_other(sim, harness):
    """YAML makes a date of 2026-03-01."""
    hosts = innocent_hosts()
    hosts["web-02"]["xclarity_profile"] = datetime.date(2026, 3, 1)
    found = told(play(harness, hosts))
    assert {host: error["code"] for host, (error, _message) in found.items()} == {
        "web-01": "skipped", "web-02": "profile_not_found", "web-03": "skipped"}  # fmt: skip
