# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the product relies on in the real service: profiles, their names, look-up, change and end."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from real_cloud import Account, Cloud

KEYS = ["created_at", "domain", "id", "metadata", "name", "project", "spec", "type", "updated_at", "user"]
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def error(reply: Any) -> tuple[int, str, str]:
    """Status, type and message of an error in Senlin's own shape."""
    body = reply.json()
    assert set(body) == {"code", "title", "explanation", "error"}
    assert set(body["error"]) == {"code", "message", "type"}
    assert body["code"] == body["error"]["code"] == reply.status_code
    return reply.status_code, body["error"]["type"], body["error"]["message"]


# --- create


def test_create_with_the_body_of_the_page(demo: Account, seed_request: bytes) -> None:
    """Page "Create Profile": 201, and the ten documented keys; nothing else tells where the profile is."""
    reply = demo.call("POST", "/v1/profiles", seed_request)
    assert reply.status_code == 201
    assert "Location" not in reply.headers
    assert list(reply.json()) == ["profile"]
    profile = reply.json()["profile"]
    try:
        assert list(profile) == KEYS
        sent = json.loads(seed_request)["profile"]
        assert {key: profile[key] for key in sent} == sent
        assert profile["type"] == "os.heat.stack-1.0"
        assert (profile["project"], profile["user"], profile["domain"]) == (demo.project, demo.user, None)
        assert profile["updated_at"] is None
        assert MOMENT.fullmatch(profile["created_at"])
        assert UUID.fullmatch(profile["id"])
        assert demo.call("GET", f"/v1/profiles/{profile['id']}").json() == {"profile": profile}
    finally:
        assert demo.call("DELETE", f"/v1/profiles/{profile['id']}").status_code == 204


def test_create_a_nova_server_profile(demo: Account, create: Any, name: str, nova_spec: dict[str, Any]) -> None:
    profile = create(demo, name, nova_spec, metadata={"owner": "ops"})
    assert (profile["type"], profile["spec"]) == ("os.nova.server-1.0", nova_spec)
    assert profile["metadata"] == {"owner": "ops"}


@pytest.mark.parametrize("version", [1.0, "1.0"])
def test_the_version_comes_back_as_it_was_sent(demo: Account, create: Any, name: str, heat_spec: dict[str, Any], version: Any) -> None:
    """A number stays a number and a text a text, so a client must compare versions as text."""
    profile = create(demo, name, {**heat_spec, "version": version})
    assert profile["type"] == "os.heat.stack-1.0"
    assert type(profile["spec"]["version"]) is type(version)
    assert profile["spec"]["version"] == version


@pytest.mark.parametrize(
    "change, status, kind, message",
    [
        ({"type": "os.bogus"}, 404, "ResourceNotFound", "The profile_type 'os.bogus-1.0' could not be found."),
        ({"version": "9.9"}, 404, "ResourceNotFound", "The profile_type 'os.heat.stack-9.9' could not be found."),
        ({"type": None}, 500, "ESchema", "The 'type' key is missing from the provided spec map."),
        ({"version": None}, 500, "ESchema", "The 'version' key is missing from the provided spec map."),
        ({"properties": None}, 400, "InvalidSpec", "Required spec item 'properties' not provided"),
        ({"properties": {"bogus": 1}}, 400, "InvalidSpec", "Unrecognizable spec item 'bogus'"),
        ({"properties": {}}, 400, "InvalidSpec", "Both template and template_url are not specified for profile"),
        ({"bogus": 1}, 400, "InvalidSpec", "Unrecognizable spec item 'bogus'"),
    ],
)
def test_a_wrong_spec_is_refused_alike_by_create_and_validate(
    alone: Account, name: str, heat_spec: dict[str, Any], change: dict[str, Any], status: int, kind: str, message: str
) -> None:
    spec = {key: value for key, value in {**heat_spec, **change}.items() if value is not None}
    created = error(alone.call("POST", "/v1/profiles", {"profile": {"name": name, "spec": spec}}))
    checked = error(alone.call("POST", "/v1/profiles/validate", {"profile": {"spec": spec}}, microversion="1.2"))
    for seen in (created, checked):
        assert seen[:2] == (status, kind)
        assert message in seen[2]
    assert alone.profiles() == []


@pytest.mark.parametrize("bad", ["", "a b", "a/b", "é", "x" * 256, 1])
def test_names_that_are_refused(demo: Account, heat_spec: dict[str, Any], bad: Any) -> None:
    reply = demo.call("POST", "/v1/profiles", {"profile": {"name": bad, "spec": heat_spec}})
    assert error(reply)[:2] == (400, "HTTPBadRequest")


def test_the_body_may_hold_one_mebibyte(demo: Account) -> None:
    limit = 1024 * 1024
    assert error(demo.call("POST", "/v1/profiles", b"{" * limit))[1] != "RequestLimitExceeded"
    assert error(demo.call("POST", "/v1/profiles", b"{" * (limit + 1)))[:2] == (400, "RequestLimitExceeded")


# --- names and look-up


def test_a_name_may_stand_twice(demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    ids = {create(demo, name, heat_spec)["id"], create(demo, name, heat_spec)["id"]}
    assert {profile["id"] for profile in demo.profiles(f"?name={name}")} == ids
    assert len(ids) == 2
    for method in ("GET", "DELETE"):
        assert error(demo.call(method, f"/v1/profiles/{name}"))[:2] == (400, "MultipleChoices")


def test_name_unique_refuses_the_second_create_but_not_a_rename(strict_cloud: Cloud, name: str, heat_spec: dict[str, Any]) -> None:
    with strict_cloud.own_project() as member:
        member.create(name, heat_spec)
        reply = member.call("POST", "/v1/profiles", {"profile": {"name": name, "spec": heat_spec}})
        assert error(reply)[:2] == (400, "BadRequest")
        assert f"A profile named '{name}' already exists." in error(reply)[2]
        other = member.create(f"{name}-other", heat_spec)
        renamed = member.call("PATCH", f"/v1/profiles/{other['id']}", {"profile": {"name": name}})
        assert renamed.status_code == 200
        assert len(member.profiles(f"?name={name}")) == 2


def test_an_identity_is_also_a_prefix_of_an_id(alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    """So GET or DELETE of a name that nothing has can hit a profile whose id begins like it."""
    profile = alone.create(name, heat_spec)
    assert alone.call("GET", f"/v1/profiles/{profile['id'][0]}").json()["profile"] == profile
    assert alone.call("GET", f"/v1/profiles/{profile['id'].upper()}").status_code == 404
    assert alone.call("DELETE", f"/v1/profiles/{profile['id'][:4]}").status_code == 204
    assert alone.profiles() == []


def test_an_underscore_in_an_identity_is_a_wildcard(alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    """The prefix goes into an SQL LIKE, and underscores are legal in names: the reason to act by full id only."""
    alone.create(name, heat_spec)
    assert alone.profiles("?name=____") == []
    assert alone.call("DELETE", "/v1/profiles/____").status_code == 204
    assert alone.profiles() == []


def test_a_name_goes_before_a_prefix(alone: Account, heat_spec: dict[str, Any], name: str) -> None:
    first = alone.create(name, heat_spec)
    named = alone.create(first["id"][:4], heat_spec)
    assert alone.call("GET", f"/v1/profiles/{first['id'][:4]}").json()["profile"] == named
    twin = alone.create(first["id"], heat_spec)
    assert alone.call("GET", f"/v1/profiles/{first['id']}").json()["profile"] == first
    assert {profile["id"] for profile in alone.profiles(f"?name={first['id']}")} == {twin["id"]}


def test_lists_filter_sort_and_page(alone: Account, heat_spec: dict[str, Any], nova_spec: dict[str, Any]) -> None:
    made = [alone.create(each, spec) for each, spec in (("c", heat_spec), ("a", nova_spec), ("b", heat_spec))]
    names = [profile["name"] for profile in alone.profiles("?sort=name:desc")]
    assert names == ["c", "b", "a"]
    assert alone.profiles("?name=a") == [made[1]]
    assert alone.profiles("?name=A") == []
    assert {profile["name"] for profile in alone.profiles("?name=a&name=b")} == {"a", "b"}
    assert alone.profiles("?type=os.nova.server-1.0") == [made[1]]
    assert alone.profiles("?type=os.nova.server") == []
    assert alone.profiles("?limit=0") == []
    paged, marker = [], ""
    while page := alone.profiles(f"?sort=name&limit=2{marker}"):
        paged += [profile["name"] for profile in page]
        marker = f"&marker={page[-1]['id']}"
    assert paged == ["a", "b", "c"]
    assert error(alone.call("GET", "/v1/profiles?bogus=1"))[:2] == (400, "HTTPBadRequest")


# --- change


def test_a_patch_that_changes_nothing_is_an_error(demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    profile = create(demo, name, heat_spec, metadata={"a": 1})
    for same in ({}, {"name": name}, {"metadata": {"a": 1}}, {"name": name, "metadata": {"a": 1}}):
        reply = demo.call("PATCH", f"/v1/profiles/{profile['id']}", {"profile": same})
        assert error(reply) == (400, "BadRequest", "No property needs an update."), same
    assert demo.call("GET", f"/v1/profiles/{profile['id']}").json()["profile"] == profile


def test_metadata_is_replaced_whole_and_may_become_null(demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    profile = create(demo, name, heat_spec, metadata={"a": 1, "b": {"deep": [1]}})
    path = f"/v1/profiles/{profile['id']}"
    for metadata in ({"c": "3"}, None, {}):
        reply = demo.call("PATCH", path, {"profile": {"metadata": metadata}})
        assert reply.status_code == 200
        assert reply.json()["profile"]["metadata"] == metadata
        assert MOMENT.fullmatch(reply.json()["profile"]["updated_at"])
    for wrong in ([], "text"):
        assert demo.call("PATCH", path, {"profile": {"metadata": wrong}}).status_code == 400


def test_metadata_null_at_creation_becomes_an_empty_object(demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    assert create(demo, name, heat_spec, metadata=None)["metadata"] == {}
    assert create(demo, name, heat_spec)["metadata"] == {}


def test_a_spec_cannot_be_changed(demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    profile = create(demo, name, heat_spec)
    path = f"/v1/profiles/{profile['id']}"
    reply = demo.call("PATCH", path, {"profile": {"name": f"{name}-new", "spec": heat_spec}})
    assert reply.status_code == 400
    assert "'spec' was unexpected" in error(reply)[2]
    assert demo.call("GET", path).json()["profile"] == profile


# --- the end of a profile


def test_delete_twice(demo: Account, name: str, heat_spec: dict[str, Any]) -> None:
    path = f"/v1/profiles/{demo.create(name, heat_spec)['id']}"
    gone = demo.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert error(demo.call("DELETE", path))[:2] == (404, "ResourceNotFound")


def test_a_profile_in_use_can_be_renamed_but_not_deleted(demo: Account, create: Any, name: str, nova_spec: dict[str, Any]) -> None:
    profile = create(demo, name, nova_spec)
    path = f"/v1/profiles/{profile['id']}"
    about = {"name": name, "profile_id": profile["id"], "desired_capacity": 0, "min_size": 0, "max_size": -1}
    made = demo.call("POST", "/v1/clusters", {"cluster": about})
    assert made.status_code == 202, made.text
    cluster = f"/v1/clusters/{made.json()['cluster']['id']}"
    try:
        status, kind, message = error(demo.call("DELETE", path))
        assert (status, kind) == (409, "ResourceInUse")
        assert "still referenced by some clusters and/or nodes" in message
        assert demo.call("PATCH", path, {"profile": {"name": f"{name}-new"}}).status_code == 200
    finally:
        remove_cluster(demo, cluster)
    assert demo.call("DELETE", path).status_code == 204


def remove_cluster(account: Account, path: str) -> None:
    """Ask until the engine has done it: a delete while the cluster is still being made is refused."""
    end = time.monotonic() + 30
    while account.call("GET", path).status_code != 404:
        account.call("DELETE", path)
        assert time.monotonic() < end, f"{path} is not gone after 30 s"
        time.sleep(0.1)


# --- check before create


def test_validate_answers_a_profile_that_is_not_made(alone: Account, heat_spec: dict[str, Any]) -> None:
    reply = alone.call("POST", "/v1/profiles/validate", {"profile": {"spec": heat_spec}}, microversion="1.2")
    assert reply.status_code == 200
    profile = reply.json()["profile"]
    assert list(profile) == KEYS
    assert (profile["name"], profile["spec"], profile["type"]) == ("validated_profile", heat_spec, "os.heat.stack-1.0")
    assert [profile[key] for key in ("id", "created_at", "updated_at", "metadata")] == [None] * 4
    assert alone.profiles() == []


def test_validate_takes_the_spec_and_nothing_else(demo: Account, heat_spec: dict[str, Any], name: str) -> None:
    body = {"profile": {"spec": heat_spec, "name": name}}
    reply = demo.call("POST", "/v1/profiles/validate", body, microversion="1.2")
    assert "('name' was unexpected)" in error(reply)[2]


def test_profile_types_have_a_schema(demo: Account) -> None:
    plain = demo.call("GET", "/v1/profile-types").json()["profile_types"]
    assert {"os.heat.stack-1.0", "os.nova.server-1.0"} <= {kind["name"] for kind in plain}
    later = demo.call("GET", "/v1/profile-types", microversion="1.5").json()["profile_types"]
    assert {"name": "os.nova.server", "version": "1.0"}.items() <= next(kind for kind in later if kind["name"] == "os.nova.server").items()
    one = demo.call("GET", "/v1/profile-types/os.nova.server-1.0").json()["profile_type"]
    assert one["name"] == "os.nova.server-1.0"
    assert one["schema"]["flavor"]["required"] is True
    assert error(demo.call("GET", "/v1/profile-types/os.bogus-1.0"))[:2] == (404, "ResourceNotFound")


# --- the conductor is dead


def test_without_a_conductor_a_create_ends_in_500_after_the_rpc_timeout(fragile_cloud: Cloud, name: str, heat_spec: dict[str, Any]) -> None:
    demo = fragile_cloud.account("demo")
    assert demo.profiles(f"?name={name}") == []
    fragile_cloud.conductor(alive=False)
    start = time.monotonic()
    reply = demo.call("POST", "/v1/profiles", {"profile": {"name": name, "spec": heat_spec}})
    took = time.monotonic() - start
    assert error(reply)[:2] == (500, "MessagingTimeout")
    assert took >= fragile_cloud.settings["rpc_timeout"]
    fragile_cloud.conductor(alive=True)
    assert demo.profiles(f"?name={name}") == []
