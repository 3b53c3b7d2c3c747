# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the settings of a cloud come from, and what is refused before Keystone is asked."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Reply
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, profile_types, settings

URL = "https://keystone.example.com/v3"
PASSWORD = {
    "auth_url": URL, "username": "u", "password": "secret", "user_domain_name": "d", "project_name": "p", "project_domain_name": "d",
}  # fmt: skip
ENV = {"OS_" + key.upper(): value for key, value in PASSWORD.items()}
OPTIONS = dict.fromkeys(["cloud", "auth", "auth_type", "region_name", "interface", "endpoint_override", "validate_certs", "ca_path"])


def read(environ=None, **options):
    return settings.read({**OPTIONS, **options}, environ or {})


@pytest.mark.parametrize("more, kind", [
    ({}, "password"),
    ({"auth_type": "v3password"}, "password"),
    ({"auth_type": "V3_PASSWORD"}, "password"),
])  # fmt: skip
def test_a_password(more, kind):
    found = read(auth=PASSWORD, **more)
    assert (found.auth_type, found.auth) == (kind, PASSWORD)
    assert (found.interface, found.validate_certs, found.region_name) == ("public", True, None)


def test_variables_are_read_only_without_auth():
    environ = {**ENV, "OS_REGION_NAME": "R", "OS_INTERFACE": "internalURL", "OS_CACERT": "/ca", "OS_INSECURE": "true", "OS_TENANT_ID": ""}
    found = read(environ)
    assert found.auth == PASSWORD
    assert (found.region_name, found.interface, found.ca_path, found.validate_certs) == ("R", "internal", "/ca", False)
    with pytest.raises(Failure) as caught:
        read(environ, auth={"auth_url": URL, "username": "u"})
    assert caught.value.code == "config_secret_whitespace" or "password" in caught.value.why


def test_options_come_before_variables():
    found = read({**ENV, "OS_REGION_NAME": "R", "OS_INSECURE": "1"}, region_name="S", interface="admin", validate_certs=True, ca_path="/x")
    assert (found.region_name, found.interface, found.validate_certs, found.ca_path) == ("S", "admin", True, "/x")


def test_names_of_older_clients():
    environ = {key: value for key, value in ENV.items() if "PROJECT" not in key and "DOMAIN" not in key}
    found = read({**environ, "OS_TENANT_NAME": "t", "OS_DOMAIN_NAME": "d"})
    assert (found.auth["project_name"], found.auth["project_domain_name"], found.auth["user_domain_name"]) == ("t", "d", "d")


@pytest.mark.parametrize("auth, kind", [
    ({"token": "t"}, "token"),
    ({"application_credential_id": "i", "application_credential_secret": "s"}, "applicationcredential"),
    ({"user_id": "u", "passcode": "123456"}, None),
])  # fmt: skip
def test_the_kind_is_told_from_the_secret(auth, kind):
    given = {"auth_url": URL, **auth}
    assert read(auth=given, auth_type=None if kind else "v3totp").auth_type == (kind or "totp")


@pytest.mark.parametrize("change, code", [
    ({"password": "x\n"}, "config_secret_whitespace"),
    ({"password": "\ud800"}, "config_secret_encoding"),
    ({"auth_url": ""}, "config_credentials"),
    ({"project_domain_name": ""}, "config_credentials"),
    ({"passcode": "1"}, "config_credentials"),
])  # fmt: skip
def test_what_is_refused_and_never_shown(change, code):
    with pytest.raises(Failure) as caught:
        read(auth={**PASSWORD, **change})
    assert caught.value.code == code
    assert "secret" not in caught.value.message().replace("secret_", "")


def test_no_credentials_at_all():
    with pytest.raises(Failure) as caught:
        read()
    assert "Set auth, or cloud" in caught.value.next_step


@pytest.mark.parametrize("url, base", [
    ("https://c:8778", ""), ("https://c/v1", ""), ("https://c/v1/", ""), ("https://c/v1/0123abc", ""),
    ("https://c/clustering", "/clustering"), ("https://c/clustering/v1", "/clustering"), ("https://c/v10", "/v10"),
])  # fmt: skip
def test_the_version_is_taken_off_the_endpoint(url, base):
    assert api.unversioned(Endpoint.parse(url)).base == base


@pytest.mark.parametrize("body, kind, message", [
    (b'{"code":400,"error":{"code":400,"message":"a","type":"InvalidSpec"}}', "InvalidSpec", "a"),
    (b'{"error":{"code":401,"title":"Unauthorized","message":"b"}}', "", "b"),
    (b'{"message":"c <br /><br />d","code":"404 Not Found","title":"Not Found"}', "", "c d"),
    (b"<html><title>503</title>Traceback</html>", "", ""),
    (b"", "", ""), (b"[]", "", ""), (b"null", "", ""), (b'{"error": 5, "message": 6}', "", ""), (b'{"error":{"message":[1]}}', "", ""),
])  # fmt: skip
def test_the_four_shapes_of_an_error(body, kind, message):
    assert api._error(Reply(400, {}, body)) == (kind, message)


@pytest.mark.parametrize("kind, message, status, code", [
    ("InvalidSpec", "x", 400, "invalid_spec"),
    ("RequestLimitExceeded", "x", 400, "spec_too_large"),
    ("ResourceNotFound", "The profile_type 'x-1.0' could not be found.", 404, "profile_type_not_found"),
    ("ResourceNotFound", "The profile 'x' could not be found.", 404, "was"),
    ("ResourceInUse", "x", 409, "in_use"),
    ("BadRequest", "A profile named 'x' already exists.", 400, "name_taken"),
    ("MessagingTimeout", "x", 500, "conductor_timeout"),
    ("InternalError", "x", 500, "was"),
    ("", "", 500, "was"),
])  # fmt: skip
def test_a_code_for_each_type_of_error(kind, message, status, code):
    failure = Failure("was", "why", "next", status=status)
    api._name(failure, kind, message)
    assert failure.code == code
    assert failure.next_step


@pytest.mark.parametrize("entry", [
    {"name": "os.nova.server-1.0"},
    {"name": "os.nova.server", "version": "1.0", "support_status": {"1.0": []}},
    {"name": "os.nova.server", "version": 1.0, "support_status": None},
])  # fmt: skip
def test_both_shapes_of_a_type(entry):
    assert profile_types.parse(entry) == {"type": "os.nova.server-1.0", "name": "os.nova.server", "version": "1.0", "support_status": []}
