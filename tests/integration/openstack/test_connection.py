# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the clustering modules find their cloud and authenticate, against the simulated Keystone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from clustering_help import HEAT, MODULE, PROFILES, changing, seed, there
from harness import OMIT

INFO = "cluster_profile_info"
SECRET = "app-cred-secret"


def tokens(sim: Any) -> int:
    return sum(e["method"] == "POST" and e["path"].endswith("/auth/tokens") for e in sim.log())


@pytest.fixture
def auth(harness) -> dict[str, str]:
    return harness.connection("openstack")["auth"]


@pytest.fixture
def credential(empty_sim) -> str:
    """The id of an application credential of demo."""
    given = {"name": "automation", "secret": SECRET, "user": "demo", "project": "demo"}
    empty_sim.seed(clustering={"application_credentials": [given]})
    return next(iter(empty_sim.state("clustering")["application_credentials"].values()))


@pytest.fixture
def clouds(empty_sim, tmp_path: Path, monkeypatch, auth) -> Path:
    """A clouds.yaml with demo (its password in secure.yaml) and wrong ones."""
    path = tmp_path / "clouds.yaml"
    entry = {"auth": {k: v for k, v in auth.items() if k != "password"}, "region_name": "RegionOne", "cacert": empty_sim.ready["ca"]}
    path.write_text(yaml.safe_dump({"clouds": {
        "demo": entry,
        "elsewhere": {**entry, "region_name": "Nowhere"},
        "certificate": {**entry, "cert": "/x.pem", "key": "/x.key"},
    }}), encoding="utf-8")  # fmt: skip
    secure = {name: {"auth": {"password": "demopw"}} for name in ("demo", "elsewhere", "certificate")}
    (tmp_path / "secure.yaml").write_text(yaml.safe_dump({"clouds": secure}), encoding="utf-8")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(tmp_path / "secure.yaml"))
    return path


ENVIRONMENT = ("auth", "region_name", "ca_path")


@pytest.fixture
def environment(monkeypatch, empty_sim, auth) -> None:
    for key, value in auth.items():
        monkeypatch.setenv("OS_" + key.upper(), value)
    monkeypatch.setenv("OS_CACERT", empty_sim.ready["ca"])
    monkeypatch.setenv("OS_REGION_NAME", "RegionOne")


def test_a_password(empty_sim, run_module):
    seed(empty_sim, "web")
    result = run_module(INFO)
    assert [one["name"] for one in result["profiles"]] == ["web"]
    assert tokens(empty_sim) == 1
    assert next(e["path"] for e in empty_sim.log() if e["method"] == "GET").startswith(PROFILES)  # no discovery


def test_an_application_credential(empty_sim, run_module, auth, credential):
    seed(empty_sim, "web")
    given = {"auth_url": auth["auth_url"], "application_credential_id": credential, "application_credential_secret": SECRET}
    for kind in (None, "v3applicationcredential", "applicationcredential"):
        result = run_module(INFO, {"auth": given, "auth_type": kind})
        assert [one["name"] for one in result["profiles"]] == ["web"]
        assert SECRET not in json.dumps(result)
    by_name = {
        "auth_url": auth["auth_url"], "application_credential_name": "automation", "application_credential_secret": SECRET,
        "username": "demo", "user_domain_name": "Default",
    }  # fmt: skip
    assert len(run_module(INFO, {"auth": by_name})["profiles"]) == 1


def test_a_token(empty_sim, run_module, auth):
    import requests

    user = {"name": "demo", "domain": {"name": "Default"}, "password": "demopw"}
    body = {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}}}
    reply = requests.post(auth["auth_url"] + "/auth/tokens", json=body, verify=empty_sim.ready["ca"], timeout=10)
    given = {"auth_url": auth["auth_url"], "token": reply.headers["X-Subject-Token"], "project_name": "demo", "domain_name": "Default"}
    result = run_module(INFO, {"auth": given})
    assert not result.failed, result
    assert given["token"] not in json.dumps(result)


def test_the_variables(empty_sim, run_module, environment):
    seed(empty_sim, "web")
    result = run_module(INFO, dict.fromkeys(ENVIRONMENT, OMIT))
    assert not result.failed, result
    assert len(result["profiles"]) == 1


def test_a_cloud_and_its_secret_beside_it(empty_sim, run_module, clouds, monkeypatch):
    """Variables of another cloud are not mixed in."""
    seed(empty_sim, "web")
    monkeypatch.setenv("OS_USERNAME", "somebody-else")
    monkeypatch.setenv("OS_REGION_NAME", "Nowhere")
    result = run_module(INFO, {"cloud": "demo", **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert not result.failed, result
    assert len(result["profiles"]) == 1
    monkeypatch.setenv("OS_CLOUD", "demo")
    assert not run_module(INFO, dict.fromkeys(ENVIRONMENT, OMIT)).failed
    assert "demopw" not in json.dumps(result)


@pytest.mark.parametrize("written", ["all below auth", "beside auth", "by the name of a cloud"])
def test_a_cloud_as_a_mapping(empty_sim, run_module, clouds, auth, written):
    """As openstack.cloud takes it. Its secrets are masked, its names are not."""
    seed(empty_sim, "web")
    rest = {"region_name": "RegionOne", "cacert": empty_sim.ready["ca"]}
    cloud = {"auth": auth, **rest} if written == "all below auth" else {**auth, **rest} if written == "beside auth" else {"cloud": "demo"}
    result = run_module(INFO, {"cloud": cloud, **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert not result.failed, result
    assert len(result["profiles"]) == 1
    assert "demopw" not in json.dumps(result)
    wrong = {**cloud, "password": "canary-pw"} if written == "beside auth" else {"auth": {**auth, "password": "canary-pw"}, **rest}
    result = run_module(INFO, {"cloud": wrong, **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert result.code == "auth_failed"
    assert "canary-pw" not in json.dumps(result)


def test_a_clouds_yaml_with_all_settings_beside_auth(empty_sim, run_module, clouds, auth):
    seed(empty_sim, "web")
    clouds.write_text(yaml.safe_dump({"clouds": {"demo": {**auth, "regions": ["RegionOne", "Two"], "cacert": empty_sim.ready["ca"]}}}))
    result = run_module(INFO, {"cloud": "demo", **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert not result.failed, result
    assert len(result["profiles"]) == 1


def test_interfaces_in_the_order_of_preference(empty_sim, run_module, clouds, auth):
    seed(empty_sim, "web")
    cloud = {"auth": auth, "region_name": "RegionOne", "cacert": empty_sim.ready["ca"], "interface": ["nowhere", "internal", "public"]}
    result = run_module(INFO, {"cloud": cloud, **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert not result.failed, result


def test_a_certificate_that_is_not_verified_is_told_once(empty_sim, run_module, capfd):
    result = run_module(INFO, {"validate_certs": False, "ca_path": OMIT})
    told = json.dumps(result.get("warnings", [])) + capfd.readouterr().err
    assert told.count("The certificate of 127.0.0.1 is not verified because validate_certs is false.") == 1
    assert "InsecureRequestWarning" not in told


@pytest.mark.parametrize("cloud, code, words", [
    ("elsewhere", "endpoint_missing", "It has it in RegionOne"),
    ("certificate", "config_cloud", "client certificate"),
    ("unheard-of", "config_cloud", "not found"),
])  # fmt: skip
def test_clouds_that_cannot_be_used(empty_sim, run_module, clouds, cloud, code, words):
    result = run_module(INFO, {"cloud": cloud, **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert (result.code, result["changed"]) == (code, False)
    assert words in result["msg"]


def test_a_broken_clouds_yaml_is_not_quoted(empty_sim, run_module, clouds):
    clouds.write_text("clouds: {demo: {auth: {password: canary-in-file\n", encoding="utf-8")
    result = run_module(INFO, {"cloud": "demo", **dict.fromkeys(ENVIRONMENT, OMIT)})
    assert result.code == "config_cloud"
    assert "canary" not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


def test_a_token_that_expires_in_the_middle(empty_sim, run_module):
    """A 401 is a certain refusal: one new token, and the same request once more."""
    empty_sim.fault("clustering", "POST", PROFILES + "$", status=401, body="{}")
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert not result.failed, result
    assert len(there(empty_sim)) == 1
    assert tokens(empty_sim) == 2


def test_many_workers_get_one_new_token(empty_sim, run_module, monkeypatch):
    from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profile_operations import SetProfiles

    original = SetProfiles.read

    def revoked_after_the_plan(self: Any) -> Any:
        found = original(self)
        empty_sim.action("clustering", "revoke_tokens")
        return found

    monkeypatch.setattr(SetProfiles, "read", revoked_after_the_plan)
    result = run_module(MODULE, {"profiles": [{"name": f"n{n}", "spec": HEAT} for n in range(12)], "concurrency": 6})
    assert not result.failed, result
    assert tokens(empty_sim) == 2
    assert len(there(empty_sim)) == 12


def test_a_service_that_takes_no_token_is_not_asked_for_ever(empty_sim, run_module):
    empty_sim.fault("clustering", None, PROFILES, times=-1, status=401, body="{}")
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert result.code == "auth_failed"
    assert tokens(empty_sim) == 2


@pytest.mark.parametrize("change, code", [
    ({"password": "wrong-password"}, "auth_failed"),
    ({"password": " demopw"}, "config_secret_whitespace"),
    ({"password": None}, "config_credentials"),
    ({"username": None}, "config_credentials"),
    ({"user_domain_name": None}, "config_credentials"),
    ({"project_domain_name": None}, "config_credentials"),
    ({"auth_url": None}, "config_credentials"),
    ({"auth_url": "ftp://x"}, "config_host"),
    ({"auth_url": "https://127.0.0.1:1/v3"}, "connect_refused"),
    ({"project_name": "no-such-project"}, "auth_failed"),
    ({"username": None, "user_domain_name": None, "password": None, "token": "not-a-token"}, "auth_failed"),
    ({"project_name": None, "project_domain_name": None}, "auth_unscoped"),
    ({"passcode": "123456"}, "config_credentials"),
])  # fmt: skip
def test_credentials_that_do_not_work(empty_sim, run_module, auth, change, code):
    given = {key: value for key, value in {**auth, **change}.items() if value is not None}
    result = run_module(MODULE, {"auth": given, "name": "web", "spec": HEAT})
    assert (result.code, result["changed"]) == (code, False), result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert result["error"]["hint"]
    assert changing(empty_sim) == []
    assert "demopw" not in json.dumps(result)


@pytest.mark.parametrize("params, code", [
    ({"auth": OMIT}, "config_credentials"),
    ({"auth_type": "kerberos"}, "config_auth_type"),
    ({"ca_path": None}, "tls_untrusted"),
    ({"ca_path": "/no/such/ca.pem"}, "config_ca_path"),
    ({"region_name": "Nowhere"}, "endpoint_missing"),
    ({"endpoint_override": "https://user:pw@x"}, "config_host"),
    ({"endpoint_override": "https://127.0.0.1:1"}, "connect_refused"),
])  # fmt: skip
def test_connections_that_do_not_work(empty_sim, run_module, params, code):
    result = run_module(MODULE, {"name": "web", "spec": HEAT, **params})
    assert (result.code, result["changed"]) == (code, False), result["msg"]
    assert changing(empty_sim) == []


def test_a_cloud_without_clustering(empty_sim, run_module):
    empty_sim.switches("clustering", clustering_in_catalog=False)
    assert run_module(INFO).code == "endpoint_missing"


@pytest.mark.parametrize("tail", ["", "/", "/v1", "/v1/"])
def test_an_endpoint_with_or_without_its_version(empty_sim, run_module, tail):
    assert not run_module(INFO, {"endpoint_override": empty_sim.ready["clustering"] + tail}).failed
    assert not run_module(INFO, {"validate_certs": False, "ca_path": OMIT, "interface": "internal"}).failed


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed_with_a_password_or_a_token(empty_sim, run_module, status):
    away = {"Location": "https://evil.example.com/v3/auth/tokens"}
    empty_sim.fault(None, "POST", "/auth/tokens", status=status, headers=away)
    result = run_module(INFO)
    assert (result.code, tokens(empty_sim)) == ("redirect_refused", 1)
    assert "evil.example.com" in result["msg"]
    empty_sim.fault("clustering", "GET", PROFILES, status=status, headers=away)
    assert run_module(INFO).code == "redirect_refused"


@pytest.mark.parametrize("fault, code", [
    ({"reset": "before"}, "reply_lost"),
    ({"reset": "after"}, "reply_lost"),
    ({"status": 503, "body": "<html>"}, "busy"),
    ({"status": 500, "body": "{}"}, "server_error"),
    ({"status": 404, "body": "{}"}, "not_found"),
    ({"body": "<html>"}, "bad_reply"),
    ({"body": "{}"}, "bad_reply"),
    ({"body": '{"token": []}'}, "bad_reply"),
    ({"body": '{"token": {"project": {"id": "x"}, "catalog": 5}}'}, "bad_reply"),
])  # fmt: skip
def test_a_keystone_that_answers_badly(empty_sim, run_module, fault, code):
    empty_sim.fault(None, "POST", "/auth/tokens", times=-1, **fault)
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert (result.code, result["changed"]) == (code, False), result["msg"]
    assert "Traceback" not in json.dumps(result)
    assert changing(empty_sim) == []


def test_names_in_auth_are_no_secrets(empty_sim, run_module):
    """auth as a whole is not masked: a profile with the user's name in its own keeps it in the result."""
    result = run_module(MODULE, {"name": "demo-web", "spec": HEAT, "metadata": {"team": "demo", "domain": "Default"}})
    assert result["profile"]["name"] == "demo-web"
    assert "VALUE_SPECIFIED" not in json.dumps({key: value for key, value in result.items() if key != "invocation"})
    # From ansible-core 2.21 on a module does not repeat its options, but where it is asked to.
    if "invocation" in result:
        assert result["invocation"]["module_args"]["auth"]["password"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_a_netrc_with_the_host_is_not_read(empty_sim, run_module, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password canary\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert not run_module(INFO).failed
    log = empty_sim.log()
    assert len(log) == 2
    assert all("authorization" not in entry["headers"] for entry in log)
    assert log[1]["headers"]["x-auth-token"] == "present"


def test_a_token_that_a_server_echoes_is_masked(empty_sim, run_module, monkeypatch, capfd):
    from ansible_collections.groundwork.provision.plugins.module_utils.openstack.identity import Keystone

    original = Keystone.login
    tokens = []

    def login(self: Any) -> None:
        original(self)
        tokens.append(self._token)
        body = json.dumps({"error": {"code": 403, "message": f"no access with {self._token}", "type": "Forbidden"}})
        empty_sim.fault("clustering", "GET", PROFILES, status=403, body=body)

    monkeypatch.setattr(Keystone, "login", login)
    result = run_module(INFO)
    assert result.code == "forbidden"
    assert "no access with" in result["error"]["server_message"]
    assert tokens[0][:20] not in json.dumps(result) + capfd.readouterr().err
