# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the settings of a cloud come from, and what is refused before Keystone is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

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


# -- a cloud of clouds.yaml, or written out as a mapping ------------------------------------------------------------------

FLAT = {key: value for key, value in PASSWORD.items() if key != "auth_url"}


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch):
    """clouds(name=entry, ...) writes a clouds.yaml, and more files beside it; they are found by OS_CLIENT_CONFIG_FILE."""

    def write(more: dict | None = None, secure: dict | None = None, **entries) -> None:
        (tmp_path / "clouds.yaml").write_text(yaml.safe_dump({"clouds": entries, **(more or {})}), encoding="utf-8")
        monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
        if secure:
            (tmp_path / "secure.yaml").write_text(yaml.safe_dump({"clouds": secure}), encoding="utf-8")
            monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))

    return write


AUTH_ONLY = {"auth": PASSWORD}
# What openstacksdk takes, and what becomes of it.
ENTRIES = {
    "all below auth": ({"auth": PASSWORD, "region_name": "R"}, {"region_name": "R"}),
    "beside auth": ({"auth": {"auth_url": URL}, **FLAT}, {}),
    "nothing below auth": ({"auth_url": URL, **FLAT}, {}),
    "names with hyphens": ({"auth": {"auth_url": URL, **{key.replace("_", "-"): value for key, value in FLAT.items()}}}, {}),
    "a tenant": ({"auth": {**{k: v for k, v in PASSWORD.items() if k != "project_name"}, "tenant_name": "p"}}, {}),
    "one domain": ({"auth": {**{k: v for k, v in PASSWORD.items() if "domain" not in k}, "domain_name": "d"}}, {}),
    "a default domain": ({"auth": {**{k: v for k, v in PASSWORD.items() if "domain" not in k}, "default_domain_name": "d"}}, {}),
    "a number as password": ({"auth": {**PASSWORD, "password": 12345}}, {"auth": {**PASSWORD, "password": "12345"}}),
    "braces in the password": ({"auth": {**PASSWORD, "password": "a{b}{0}"}}, {"auth": {**PASSWORD, "password": "a{b}{0}"}}),
    "a list of regions": ({**AUTH_ONLY, "regions": ["A", "B"]}, {"region_name": "A"}),
    "regions with values": ({**AUTH_ONLY, "regions": [{"name": "A", "values": {"cacert": "/ca"}}]}, {"region_name": "A", "ca_path": "/ca"}),
    "an interface": ({**AUTH_ONLY, "interface": "internal"}, {"interface": "internal"}),
    "an old interface": ({**AUTH_ONLY, "endpoint_type": "adminURL"}, {"interface": "admin"}),
    "interfaces in order": ({**AUTH_ONLY, "interface": ["internal", "public"]}, {"interface": ("internal", "public")}),
    "of this service": (
        {**AUTH_ONLY, "clustering_endpoint_override": "https://c", "clustering_interface": "admin", "clustering_service_name": "s"},
        {"endpoint": "https://c", "interface": "admin", "service_name": "s"},
    ),
    "a CA": ({**AUTH_ONLY, "cacert": "/ca"}, {"ca_path": "/ca"}),
    "blank settings": ({**AUTH_ONLY, "region_name": "", "cacert": "", "verify": "", "insecure": "", "project_id": ""}, {}),
    "v3password": ({**AUTH_ONLY, "auth_type": "v3password"}, {}),
    "not verified": ({**AUTH_ONLY, "verify": False}, {"validate_certs": False}),
    "not verified, by words": ({**AUTH_ONLY, "verify": "no"}, {"validate_certs": False}),
    "insecure": ({**AUTH_ONLY, "insecure": True}, {"validate_certs": False}),
    "insecure, by words": ({**AUTH_ONLY, "insecure": "true"}, {"validate_certs": False}),
    "secure": ({**AUTH_ONLY, "insecure": "false", "verify": "true"}, {}),
}  # fmt: skip


def expected(**changes):
    return settings.Settings(**{"auth_type": "password", "auth": PASSWORD, **changes})


@pytest.mark.parametrize("name", ENTRIES)
def test_what_openstacksdk_takes_works_in_a_file(clouds, name):
    entry, changes = ENTRIES[name]
    clouds(mine=entry)
    assert read(cloud="mine") == expected(**changes)
    assert read({"OS_CLOUD": "mine", "OS_USERNAME": "other"}) == expected(**changes)


@pytest.mark.parametrize("name", ENTRIES)
def test_what_openstacksdk_takes_works_as_a_mapping(name):
    """Alone: nothing of the environment is mixed in."""
    entry, changes = ENTRIES[name]
    regions = "regions" in entry
    if not regions:  # a choice between several belongs into a file
        assert read({"OS_CLOUD": "x", "OS_PROJECT_ID": "other", "OS_REGION_NAME": "other"}, cloud=entry) == expected(**changes)


def test_a_mapping_may_name_a_cloud(clouds):
    clouds(mine={**AUTH_ONLY, "region_name": "R"}, other={})
    assert read(cloud={"cloud": "mine", "interface": "admin"}) == expected(region_name="R", interface="admin")


@pytest.mark.parametrize(
    "beside", [{"auth": PASSWORD}, {"region_name": "R"}, {"ca_path": "/ca"}, {"validate_certs": True}, {"auth_type": "token"}]
)
def test_a_mapping_stands_alone(beside):
    """openstack.cloud refuses them too."""
    with pytest.raises(Failure) as caught:
        read(cloud=AUTH_ONLY, **beside)
    assert caught.value.code == "config_options"
    assert next(iter(beside)) in caught.value.why


@pytest.mark.parametrize("cloud", [["mine"], 5, True, {"auth": "secret"}, {"auth": ["secret"]}])
def test_a_cloud_that_is_none(cloud):
    with pytest.raises(Failure) as caught:
        read(cloud=cloud)
    assert caught.value.code == "config_cloud"
    assert "secret" not in caught.value.message()


def test_secure_yaml_profiles_and_defaults(clouds, tmp_path, monkeypatch):
    public = {"public-clouds": {"vendor": {"auth": {"auth_url": URL}, "region_name": "V"}}}
    (tmp_path / "clouds-public.yaml").write_text(yaml.safe_dump(public), encoding="utf-8")
    from openstack.config import loader

    monkeypatch.setattr(loader, "VENDOR_FILES", [str(tmp_path / "clouds-public.yaml")])
    rest = {key: value for key, value in PASSWORD.items() if key not in ("auth_url", "password")}
    clouds(mine={"profile": "vendor", "auth": rest}, secure={"mine": {"auth": {"password": "secret"}}})
    assert read(cloud="mine") == expected(region_name="V")
    assert read(cloud={"profile": "vendor", "auth": {**rest, "password": "secret"}}) == expected(region_name="V")


def test_settings_that_do_not_fit(clouds):
    clouds(mine={"auth_type": "v3oidcpassword", "auth": {**PASSWORD, "identity_provider": "i"}})
    with pytest.raises(Failure) as caught:
        read(cloud="mine")
    assert caught.value.code in ("config_cloud", "config_credentials")
    assert "secret" not in caught.value.message()


def test_another_plug_in_of_keystoneauth(clouds):
    entry = {
        "auth_type": "v3oidcpassword", "auth": {
            **{key: value for key, value in PASSWORD.items() if key != "user_domain_name"}, "identity_provider": "i", "protocol": "p",
            "client_id": "c", "client_secret": "s3cret", "access_token_endpoint": URL,
        },
    }  # fmt: skip
    clouds(mine=entry)
    found = read(cloud="mine")
    assert found.auth_type == "v3oidcpassword"
    assert set(found.secrets) >= {"password", "client_secret"}
    assert hasattr(found.plugin, "get_access")


def test_an_entry_that_is_refused_is_not_quoted(clouds):
    clouds(mine={**AUTH_ONLY, "regions": [{"nam": "A", "values": {"auth": {"password": "s3cret"}}}]})
    with pytest.raises(Failure) as caught:
        read(cloud="mine")
    assert caught.value.code == "config_cloud"
    assert "s3cret" not in caught.value.message()


@pytest.mark.parametrize("entry", [{"verify": "maybe"}, {"verify": "/ca.pem"}, {"insecure": "maybe"}, {"insecure": 2}])
def test_verification_is_a_plain_yes_or_no(clouds, entry):
    clouds(mine={**AUTH_ONLY, **entry})
    with pytest.raises(Failure) as caught:
        read(cloud="mine")
    assert caught.value.code == "config_cloud"
    assert "neither true nor false" in caught.value.why


@pytest.mark.parametrize("value, verified", [("1", False), ("true", False), ("", True), (" ", True), ("0", True), ("false", True)])
def test_the_variable_for_verification(value, verified):
    assert read({**ENV, "OS_INSECURE": value}).validate_certs is verified


# -- which source counts --------------------------------------------------------------------------------------------------


def test_blank_variables_are_not_set():
    blank = ["CLOUD", "REGION_NAME", "INTERFACE", "CACERT", "INSECURE", "AUTH_TYPE", "PROJECT_ID", "TENANT_NAME", "TOKEN", "USER_ID"]
    assert read({**ENV, **{f"OS_{name}": "" for name in blank}}) == expected()


def test_auth_that_says_where_stands_alone(clouds):
    """No password of another cloud is sent there."""
    clouds(mine={"auth": {**PASSWORD, "auth_url": "https://other.example/v3", "username": "other"}})
    assert read({**ENV, "OS_CLOUD": "mine", "OS_PROJECT_ID": "x"}, auth=PASSWORD) == expected()
    with pytest.raises(Failure) as caught:
        read({**ENV, "OS_CLOUD": "mine"}, auth={key: value for key, value in PASSWORD.items() if key != "password"})
    assert caught.value.code == "config_credentials"


def test_a_named_cloud_and_auth_that_says_where_are_refused(clouds):
    """The one may be of the task, the other of module_defaults: a cluster would be deleted in the wrong cloud."""
    clouds(mine=AUTH_ONLY)
    with pytest.raises(Failure) as caught:
        read(cloud="mine", auth=PASSWORD)
    assert caught.value.code == "config_options"
    assert "secret" not in str(caught.value)
    assert read(cloud=" ", auth=PASSWORD) == expected()


@pytest.mark.parametrize("name", ["a named cloud", "OS_CLOUD", "variables"])
def test_other_auth_is_laid_over_what_says_where(clouds, name):
    """Of an id and a name, the nearer one counts alone."""
    clouds(mine={"auth": {**PASSWORD, "project_id": "far"}, "user_id": "far"})
    environ = {"OS_CLOUD": "mine"} if name == "OS_CLOUD" else {**ENV, "OS_PROJECT_ID": "far", "OS_USER_ID": "far"}
    more = {"cloud": "mine"} if name == "a named cloud" else {}
    found = read(environ, auth={"project_name": "near", "username": "near"}, **more)
    assert found.auth == {**PASSWORD, "project_name": "near", "username": "near"}


def test_a_nearer_secret_is_the_one(clouds):
    clouds(mine={"auth": PASSWORD, "auth_type": "password"})
    found = read(cloud="mine", auth={"token": "t"})
    assert (found.auth_type, found.auth["token"], "password" in found.auth) == ("token", "t", False)


def test_a_named_cloud_before_the_variables(clouds):
    clouds(mine=AUTH_ONLY)
    assert read({**ENV, "OS_USERNAME": "other", "OS_CLOUD": "other"}, cloud="mine") == expected()


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
