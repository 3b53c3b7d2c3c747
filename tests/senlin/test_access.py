# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the product relies on in the real service: who may ask, how long, over which connection, and how it says no."""

from __future__ import annotations

import ssl
import time
from datetime import datetime
from typing import Any

import pytest
import requests
from real_cloud import Account, Cloud

# --- roles and projects


def test_a_reader_may_do_what_a_member_may(cloud: Cloud, demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    """Senlin's default policy asks for no role: that a reader is refused cannot be relied on."""
    reader = cloud.account("demo_reader")
    assert [role["name"] for role in reader.body["roles"]] == ["reader"]
    profile = create(reader, name, heat_spec)
    path = f"/v1/profiles/{profile['id']}"
    assert demo.call("GET", path).json()["profile"] == profile
    assert reader.call("PATCH", path, {"profile": {"metadata": {"a": 1}}}).status_code == 200
    assert reader.call("DELETE", path).status_code == 204


def test_a_profile_of_another_project_is_not_there(cloud: Cloud, demo: Account, create: Any, name: str, heat_spec: dict[str, Any]) -> None:
    path = f"/v1/profiles/{create(demo, name, heat_spec)['id']}"
    other = cloud.account("alt_demo")
    assert other.profiles(f"?name={name}") == []
    for method in ("GET", "DELETE"):
        assert other.call(method, path).status_code == 404
    assert other.call("PATCH", path, {"profile": {"metadata": {"a": 1}}}).status_code == 404
    assert other.call("GET", "/v1/profiles?global_project=true").status_code == 403


def test_an_admin_crosses_projects_without_asking_for_it(
    demo: Account, admin: Account, create: Any, name: str, heat_spec: dict[str, Any]
) -> None:
    """The role admin is never held to its project: a client must filter lists by its own project."""
    profile = create(demo, name, heat_spec)
    assert profile["project"] != admin.project
    assert admin.profiles(f"?name={name}") == [profile]
    path = f"/v1/profiles/{profile['id']}"
    assert admin.call("PATCH", path, {"profile": {"metadata": {"by": "admin"}}}).status_code == 200
    assert demo.call("GET", path).json()["profile"]["metadata"] == {"by": "admin"}
    assert admin.call("DELETE", path).status_code == 204
    assert demo.call("GET", path).status_code == 404


# --- tokens


def test_an_unscoped_token_is_a_bad_request(cloud: Cloud) -> None:
    unscoped = cloud.account("demo", scoped=False)
    assert unscoped.project is None
    reply = unscoped.call("GET", "/v1/profiles")
    assert reply.status_code == 400
    assert "Field `project' cannot be None" in reply.json()["message"]


def test_a_token_made_from_a_token(cloud: Cloud, alone: Account) -> None:
    scope = {"project": {"id": alone.project}}
    second = cloud.issue({"methods": ["token"], "token": {"id": alone.token}}, scope)
    assert second.token != alone.token
    assert second.profiles() == []


@pytest.mark.parametrize("unrestricted", [False, True])
def test_an_application_credential_works_once_its_user_has_a_trust(
    cloud: Cloud, alone: Account, name: str, heat_spec: dict[str, Any], unrestricted: bool
) -> None:
    """Senlin makes a trust at a user's first call in a project and cannot do it with this kind of token: 500 until
    the user has come once with another kind.
    """
    path = f"/users/{alone.user}/application_credentials"
    about = {"application_credential": {"name": name, "unrestricted": unrestricted}}
    credential = alone.keystone("POST", path, about).json()["application_credential"]
    identity = {
        "methods": ["application_credential"],
        "application_credential": {"id": credential["id"], "secret": credential["secret"]},
    }
    application = cloud.issue(identity)
    assert application.project == alone.project
    refused = application.call("GET", "/v1/profiles")
    assert (refused.status_code, refused.json()["error"]["type"]) == (500, "InternalError")
    assert alone.profiles() == []
    assert application.create(name, heat_spec)["user"] == alone.user


def test_a_token_that_expires_in_the_middle(strict_cloud: Cloud, name: str, heat_spec: dict[str, Any]) -> None:
    old = strict_cloud.account("demo")
    profile = old.create(name, heat_spec)
    issued, expires = (datetime.fromisoformat(old.body[key]).timestamp() for key in ("issued_at", "expires_at"))
    assert round(expires - issued) == strict_cloud.settings["token_expiration"]
    time.sleep(max(0.0, expires - time.time()) + 0.1)
    reply = old.call("GET", "/v1/profiles")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"].startswith("Keystone uri=")
    fresh = strict_cloud.account("demo")
    assert fresh.call("DELETE", f"/v1/profiles/{profile['id']}").status_code == 204


# --- the four shapes of an error


def test_error_shape_of_senlin(demo: Account) -> None:
    reply = demo.call("GET", "/v1/profiles/00000000-0000-0000-0000-000000000000")
    assert reply.status_code == 404
    assert reply.json() == {
        "code": 404,
        "title": "Not Found",
        "explanation": "The resource could not be found.",
        "error": {
            "code": 404,
            "type": "ResourceNotFound",
            "message": "The profile '00000000-0000-0000-0000-000000000000' could not be found.",
        },
    }


@pytest.mark.parametrize("token", [None, "not-a-token"])
def test_error_shape_of_the_token_check(cloud: Cloud, token: str | None) -> None:
    stranger = Account(cloud)
    stranger.token = token
    reply = stranger.call("GET", "/v1/profiles")
    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == f'Keystone uri="{cloud.keystone}"'
    message = "The request you have made requires authentication."
    assert reply.json() == {"error": {"code": 401, "title": "Unauthorized", "message": message}}


@pytest.mark.parametrize("path", ["/v1/profiles/", "/v1/bogus", "/v2/profiles"])
def test_error_shape_of_the_router(demo: Account, path: str) -> None:
    reply = demo.call("GET", path)
    assert reply.status_code == 404
    body = reply.json()
    assert set(body) == {"message", "code", "title"}
    assert (body["code"], body["title"]) == ("404 Not Found", "Not Found")
    assert "<br />" in body["message"]


def test_error_shape_without_an_accept_header_is_html(demo: Account) -> None:
    reply = demo.call("GET", "/v1/bogus", Accept="*/*")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "<title>404 Not Found</title>" in reply.text


def test_every_answer_has_a_request_id(cloud: Cloud, demo: Account) -> None:
    for account, path in ((demo, "/v1/profiles"), (demo, "/v1/bogus"), (Account(cloud), "/v1/profiles")):
        assert account.call("GET", path).headers["X-Openstack-Request-Id"].startswith("req-")


# --- versions


def test_the_version_documents_need_no_token(cloud: Cloud) -> None:
    nobody = Account(cloud)
    root, v1 = nobody.call("GET", "/"), nobody.call("GET", "/v1")
    assert (root.status_code, v1.status_code) == (300, 200)
    assert list(root.json()) == ["versions"]
    (version,) = root.json()["versions"]
    assert (version["id"], version["min_version"], version["max_version"]) == ("1.0", "1.0", "1.14")
    assert version["links"][0] == {"href": f"{cloud.clustering}/v1", "rel": "self"}


@pytest.mark.parametrize(
    "asked, used",
    [
        (None, "1.0"),
        ("1.14", "1.14"),
        ("latest", "1.14"),
        ("compute 2.1", "1.0"),
        ("compute 2.1,clustering 1.2", "1.2"),
    ],
)
def test_the_microversion_is_echoed(demo: Account, asked: str | None, used: str) -> None:
    reply = demo.call("GET", "/v1/profiles?limit=0", microversion=asked)
    assert reply.status_code == 200
    assert reply.headers["OpenStack-API-Version"] == f"clustering {used}"
    assert reply.headers["Vary"] == "OpenStack-API-Version"


@pytest.mark.parametrize("asked, status", [("1.15", 406), ("0.9", 400), ("x", 400)])
def test_microversions_that_are_refused(demo: Account, asked: str, status: int) -> None:
    reply = demo.call("GET", "/v1/profiles?limit=0", microversion=asked)
    assert reply.status_code == status
    assert "OpenStack-API-Version" not in reply.headers


@pytest.mark.parametrize("asked, status", [(None, 400), ("1.1", 400), ("1.2", 200), ("1.14", 200)])
def test_validate_needs_microversion_1_2(demo: Account, heat_spec: dict[str, Any], asked: str | None, status: int) -> None:
    reply = demo.call("POST", "/v1/profiles/validate", {"profile": {"spec": heat_spec}}, microversion=asked)
    assert reply.status_code == status
    if status == 400:
        assert reply.json()["error"]["type"] == "MethodVersionNotFound"


# --- TLS and the catalog


def test_only_a_client_that_knows_the_private_ca_gets_through(cloud: Cloud) -> None:
    assert cloud.clustering.startswith("https://")
    for url in (cloud.clustering, cloud.keystone):
        with requests.Session() as stranger:
            stranger.trust_env = False
            with pytest.raises(requests.exceptions.SSLError) as failure:
                stranger.get(url, timeout=10)
        reason = failure.value.args[0].reason
        assert isinstance(reason.args[0], ssl.SSLCertVerificationError)


def test_the_catalog_names_the_unversioned_https_endpoint(cloud: Cloud, demo: Account) -> None:
    (service,) = [entry for entry in demo.body["catalog"] if entry["type"] == "clustering"]
    urls = {endpoint["interface"]: (endpoint["url"], endpoint["region"]) for endpoint in service["endpoints"]}
    assert urls == dict.fromkeys(("public", "internal", "admin"), (cloud.clustering, cloud.settings["region"]))
