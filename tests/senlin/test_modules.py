# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster_profile modules, run by ansible-playbook, against the real service: what they keep, and what they leave alone."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from plays import INFO, TYPES, Player, drop, keep
from real_cloud import Account, Cloud

KEYS = {"created_at", "domain", "id", "metadata", "name", "project", "spec", "type", "updated_at", "user"}


def names(account: Account) -> list[str]:
    return sorted(profile["name"] for profile in account.profiles())


@pytest.mark.parametrize("in_process", ["1", "0"], ids=["in-process", "as-module"])
def test_the_body_of_the_page(play: Player, alone: Account, seed_request: bytes, in_process: str) -> None:
    """Page "Create Profile": its body is what is sent, its response is what is returned; both ways in are alike."""
    sent = json.loads(seed_request)
    profile = sent["profile"]
    (checked,) = play(alone.connection, keep(**profile, marker=False), check=True, GROUNDWORK_IN_PROCESS=in_process)
    assert checked["changed"]
    assert checked["outcome"] == "none"
    assert alone.profiles() == []

    made, again, info, gone, gone_again = play(
        alone.connection,
        keep(**profile, marker=False),
        keep(**profile, marker=False),
        {INFO: {"name": profile["name"]}},
        drop(name=profile["name"]),
        drop(name=profile["name"]),
        GROUNDWORK_IN_PROCESS=in_process,
    )
    assert (made["changed"], made["outcome"]) == (True, "finished")
    assert [(step["method"], step["path"], step["body"]) for step in made["plan"]] == [("POST", "/v1/profiles", sent)]
    assert made["plan"] == checked["plan"]
    assert set(made["profile"]) == KEYS
    assert {key: made["profile"][key] for key in profile} == profile
    assert (made["profile"]["project"], made["profile"]["user"]) == (alone.project, alone.user)
    assert info["profiles"] == [made["profile"]] == [again["profile"]]
    assert (again["changed"], again["outcome"], again["plan"]) == (False, "none", [])
    assert (gone["changed"], gone["deleted"]) == (True, [made["profile"]["id"]])
    assert (gone_again["changed"], gone_again["plan"]) == (False, [])
    assert alone.profiles() == []


@pytest.mark.parametrize("kind", ["heat_spec", "nova_spec"])
def test_name_and_metadata_are_kept(play: Player, alone: Account, name: str, kind: str, request: pytest.FixtureRequest) -> None:
    spec = request.getfixturevalue(kind)
    made, same, tagged, emptied = play(
        alone.connection,
        keep(name=name, spec=spec, metadata={"a": 1, "b": [True, None]}),
        keep(name=name, spec=spec),
        keep(name=name, spec=spec, metadata={"a": "1"}),
        keep(name=name, metadata={}),
    )
    assert [result["changed"] for result in (made, same, tagged, emptied)] == [True, False, True, True]
    assert [step["method"] for step in tagged["plan"]] == ["PATCH"]
    ident = made["profile"]["id"]
    (stored,) = alone.profiles()
    assert (stored["id"], stored["spec"]) == (ident, spec)
    assert all(key.startswith("groundwork_provision_") for key in stored["metadata"])

    renamed, unchanged, refused = play(
        alone.connection,
        keep(id=ident, name=f"{name}-new"),
        keep(id=ident, name=f"{name}-new"),
        keep(name=f"{name}-new", spec={**spec, "properties": {**spec["properties"], "rollback": True}}),
    )
    assert (renamed["changed"], unchanged["changed"]) == (True, False)
    assert names(alone) == [f"{name}-new"]
    assert (refused["failed"], refused["changed"], refused["error"]["code"]) == (True, False, "spec_differs")


@pytest.mark.parametrize("there, wanted", [(1.0, "1.0"), ("1.0", 1.0)])
def test_a_version_may_be_a_number_or_a_text(
    play: Player, alone: Account, name: str, heat_spec: dict[str, Any], there: Any, wanted: Any
) -> None:
    profile = alone.create(name, {**heat_spec, "version": there})
    (result,) = play(alone.connection, keep(name=name, spec={**heat_spec, "version": wanted}))
    assert result["changed"] is False
    assert result["profile"] == profile


def test_a_name_never_hits_another_profile(play: Player, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    """GET and DELETE by these names would, see test_service.py: a prefix of the id, and the wildcard of LIKE."""
    profile = alone.create(name, heat_spec)
    traps = ("____", profile["id"][:2], profile["id"][:8].upper(), profile["id"])
    results = play(alone.connection, *[task for trap in traps for task in (drop(name=trap), {INFO: {"name": trap}})])
    for trap, absent, info in zip(traps, results[::2], results[1::2], strict=True):
        assert (absent["changed"], absent["plan"], info["profiles"]) == (False, [], []), trap
    assert alone.profiles() == [profile]
    (made,) = play(alone.connection, keep(name="____", spec=heat_spec))
    assert made["changed"]
    assert names(alone) == sorted(["____", name])
    (gone,) = play(alone.connection, drop(name="____"))
    assert gone["deleted"] == [made["profile"]["id"]]
    assert alone.profiles() == [profile]


def test_two_of_a_name_are_told_apart_by_id_only(play: Player, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    ids = [alone.create(name, heat_spec)["id"] for dummy in range(2)]
    kept, dropped, tagged, gone, left = play(
        alone.connection,
        keep(name=name, spec=heat_spec),
        drop(name=name),
        keep(id=ids[0], metadata={"which": "first"}),
        drop(id=ids[0]),
        keep(name=name, spec=heat_spec),
    )
    for refused in (kept, dropped):
        assert (refused["failed"], refused["changed"], refused["error"]["code"]) == (True, False, "profile_ambiguous")
        assert all(ident in refused["msg"] for ident in ids)
    assert tagged["changed"]
    assert gone["deleted"] == [ids[0]]
    assert (left["changed"], left["profile"]["id"]) == (False, ids[1])


def test_name_unique(play: Player, strict_cloud: Cloud, name: str, heat_spec: dict[str, Any]) -> None:
    """Where the operator allows a name once, nothing is different but replacing, which needs both for a moment."""
    other = {**heat_spec, "properties": {**heat_spec["properties"], "timeout": 5}}
    with strict_cloud.own_project() as member:
        made, same, replaced, gone = play(
            member.connection,
            keep(name=name, spec=heat_spec),
            keep(name=name, spec=heat_spec),
            keep(name=name, spec=other, on_spec_change="replace"),
            drop(name=name),
        )
        assert (made["changed"], same["changed"]) == (True, False)
        assert (replaced["failed"], replaced["changed"], replaced["error"]["code"]) == (True, False, "name_taken")
        assert "state absent" in replaced["msg"]
        assert gone["deleted"] == [made["profile"]["id"]]


def test_an_admin_leaves_other_projects_alone(
    play: Player, demo: Account, create: Any, admin: Account, name: str, heat_spec: dict[str, Any]
) -> None:
    """The service would let it: the list by name returns the other one, and DELETE works on it."""
    theirs = create(demo, name, heat_spec)
    before, made, tagged, info, everything, gone, gone_again = play(
        admin.connection,
        drop(name=name),
        keep(name=name, spec=heat_spec),
        keep(name=name, metadata={"by": "admin"}),
        {INFO: {"name": name}},
        {INFO: {"name": name, "all_projects": True}},
        drop(name=name),
        drop(id=theirs["id"]),
    )
    assert (before["changed"], made["changed"], tagged["changed"]) == (False, True, True)
    assert made["profile"]["project"] == admin.project
    assert [one["id"] for one in info["profiles"]] == [made["profile"]["id"]]
    assert {one["id"] for one in everything["profiles"]} == {made["profile"]["id"], theirs["id"]}
    assert gone["deleted"] == [made["profile"]["id"]]
    assert gone_again["changed"] is False
    assert demo.profiles(f"?name={name}") == [theirs]


def test_a_profile_in_use(play: Player, alone: Account, name: str, nova_spec: dict[str, Any]) -> None:
    """It is not deleted; replaced, it stays until nothing uses it, and then the next run removes it."""
    old = alone.create(name, nova_spec, metadata={"groundwork_provision_request": "first"})
    about = {"name": name, "profile_id": old["id"], "desired_capacity": 0, "min_size": 0, "max_size": -1}
    made = alone.call("POST", "/v1/clusters", {"cluster": about})
    assert made.status_code == 202, made.text
    cluster = f"/v1/clusters/{made.json()['cluster']['id']}"
    other = {**nova_spec, "properties": {**nova_spec["properties"], "flavor": "2"}}
    try:
        absent, tried, refused, replaced, same = play(
            alone.connection,
            drop(name=name),
            drop(name=name, on_use="try"),
            keep(name=name, spec=other),
            keep(name=name, spec=other, on_spec_change="replace"),
            keep(name=name, spec=other),
        )
    finally:
        end = time.monotonic() + 30
        while alone.call("GET", cluster).status_code != 404:
            alone.call("DELETE", cluster)
            assert time.monotonic() < end
            time.sleep(0.1)
    assert (absent["failed"], absent["changed"], absent["error"]["code"]) == (True, False, "in_use")
    assert absent["error"]["status"] is None, "it is refused before anything is sent"
    assert (tried["failed"], tried["changed"], tried["error"]["code"]) == (True, False, "in_use")
    assert tried["error"]["status"] == 409
    assert (refused["failed"], refused["error"]["code"]) == (True, "spec_differs")
    assert (replaced["changed"], replaced["deleted"]) == (True, [])
    assert [(one["id"], one["used_by"]) for one in replaced["kept"]] == [(old["id"], [f"cluster {name}"])]
    assert (same["changed"], same["profile"]["id"]) == (False, replaced["profile"]["id"])
    (tidied,) = play(alone.connection, keep(name=name, spec=other))
    assert tidied["deleted"] == [old["id"]]
    assert [one["id"] for one in alone.profiles()] == [replaced["profile"]["id"]]


def test_check_mode_asks_the_service_about_the_spec(
    play: Player, alone: Account, name: str, heat_spec: dict[str, Any], nova_spec: dict[str, Any]
) -> None:
    good, unknown, wrong, silent = play(
        alone.connection,
        keep(name=name, spec=heat_spec),
        keep(name=name, spec={**heat_spec, "type": "os.bogus"}),
        keep(name=name, spec={**heat_spec, "properties": {"bogus": 1}}),
        keep(name=name, spec={**nova_spec, "properties": {"flavor": "1"}}),
        check=True,
    )
    assert good["changed"]
    assert (unknown["error"]["code"], unknown["error"]["status"]) == ("profile_type_not_found", 404)
    assert (wrong["error"]["code"], wrong["error"]["status"]) == ("invalid_spec", 400)
    assert "Unrecognizable spec item 'bogus'" in wrong["error"]["server_message"]
    assert "networks" in silent["msg"]
    for refused in (unknown, wrong, silent):
        assert (refused["failed"], refused["changed"]) == (True, False)
        assert refused["error"]["request_id"].startswith("req-")
    assert alone.profiles() == []


def test_a_spec_that_the_service_refuses_is_not_made(play: Player, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    bare = {key: value for key, value in heat_spec.items() if key != "version"}
    unknown, wrong, incomplete = play(
        alone.connection,
        keep(name=name, spec={**heat_spec, "version": "9.9"}),
        keep(name=name, spec={**heat_spec, "properties": {}}),
        keep(name=name, spec=bare),
    )
    assert [one["error"]["code"] for one in (unknown, wrong)] == ["profile_type_not_found", "invalid_spec"]
    outcomes = [(one["failed"], one["changed"], one["outcome"]) for one in (unknown, wrong, incomplete)]
    assert outcomes == [(True, False, "not_started"), (True, False, "not_started"), (True, False, "none")]
    assert "version" in incomplete["msg"]
    assert alone.profiles() == []


def test_many_in_one_task(play: Player, alone: Account, name: str, heat_spec: dict[str, Any], nova_spec: dict[str, Any]) -> None:
    rows = [{"name": f"{name}-{number}", "spec": spec} for number, spec in enumerate([heat_spec, nova_spec] * 3)]
    bad = {"name": f"{name}-bad", "spec": {**heat_spec, "type": "os.bogus"}}
    first, second, gone = play(
        alone.connection,
        keep(profiles=[*rows, bad]),
        keep(profiles=rows),
        drop(profiles=[{"name": row["name"]} for row in rows]),
    )
    assert (first["failed"], first["changed"]) == (True, True)
    assert [row["changed"] for row in first["profiles"]] == [True] * 6 + [False]
    assert first["profiles"][-1]["error"]["code"] == "profile_type_not_found"
    assert (second["changed"], second["plan"]) == (False, [])
    assert [row["profile"]["id"] for row in second["profiles"]] == [row["profile"]["id"] for row in first["profiles"][:6]]
    assert not gone.get("failed"), gone["msg"]
    assert [row["outcome"] for row in gone["profiles"]] == ["finished"] * 6
    assert alone.profiles() == []


def test_profile_types(play: Player, alone: Account) -> None:
    everything, one, unknown = play(
        alone.connection,
        {TYPES: {}},
        {TYPES: {"type": "os.nova.server-1.0"}},
        {TYPES: {"type": "os.bogus-1.0"}},
    )
    assert {"os.heat.stack-1.0", "os.nova.server-1.0"} <= {each["type"] for each in everything["profile_types"]}
    (server,) = one["profile_types"]
    assert (server["name"], server["version"], server["schema"]["flavor"]["required"]) == ("os.nova.server", "1.0", True)
    assert unknown["profile_types"] == []


def test_the_options_set_by_the_group_reach_every_module(play: Player, alone: Account) -> None:
    """Without the group's defaults the same tasks have no credentials and send nothing."""
    tasks = ({INFO: {}}, {TYPES: {}}, drop(name="nothing"))
    for result in play({}, *tasks):
        assert (result["failed"], result["error"]["code"]) == (True, "config_credentials")
    for result in play(alone.connection, *tasks):
        assert not result.get("failed"), result
