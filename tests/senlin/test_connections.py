# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster_profile modules against the real service: how they get in, and what they do when it fails them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest
import requests
from middleman import Passing, between
from plays import INFO, Player, drop, keep
from real_cloud import Account, Cloud

PROFILES = "/v1/profiles"


def failure(result: dict[str, Any]) -> tuple[str, int | None]:
    assert result["failed"] is True
    return result["error"]["code"], result["error"]["status"]


def plain(account: Account, url: str) -> dict[str, Any]:
    """The connection of an account through a middleman, without TLS."""
    auth = {**account.login, "auth_url": account.cloud.settings["plain_keystone"]}
    return {"auth": auth, "endpoint_override": url}


# --- ways to sign in


def test_clouds_yaml(play: Player, cloud: Cloud, demo: Account, name: str, heat_spec: dict[str, Any]) -> None:
    """Each user by the name of its cloud; a reader is not held back by Senlin's default policy."""
    tasks = [
        {**task, "module_defaults": {"group/groundwork.provision.openstack": {"cloud": user}}}
        for user in ("demo_reader", "demo")
        for task in (keep(name=f"{name}-{user}", spec=heat_spec), drop(name=f"{name}-{user}"))
    ]
    results = play({}, *tasks, OS_CLIENT_CONFIG_FILE=str(cloud.clouds_yaml))
    assert [result["changed"] for result in results] == [True] * 4
    assert results[0]["profile"]["project"] == results[2]["profile"]["project"] == demo.project
    assert results[0]["profile"]["user"] != results[2]["profile"]["user"] == demo.user


def test_a_cloud_that_is_not_in_clouds_yaml(play: Player, cloud: Cloud) -> None:
    (result,) = play({"cloud": "nowhere"}, {INFO: {}}, OS_CLIENT_CONFIG_FILE=str(cloud.clouds_yaml))
    assert failure(result) == ("config_cloud", None)
    assert "nowhere" in result["msg"]


def test_os_variables(play: Player, cloud: Cloud, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    variables = {f"OS_{key.upper()}": value for key, value in alone.login.items()}
    variables |= {"OS_CACERT": cloud.settings["ca"], "OS_REGION_NAME": cloud.settings["region"]}
    made, gone = play({}, keep(name=name, spec=heat_spec), drop(name=name), **variables)
    assert (made["changed"], made["profile"]["project"]) == (True, alone.project)
    assert gone["deleted"] == [made["profile"]["id"]]


def test_a_token(play: Player, cloud: Cloud, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    auth = {"auth_url": cloud.keystone, "token": alone.token, "project_id": alone.project}
    made, wrong = play(
        {"ca_path": cloud.settings["ca"]},
        keep(auth=auth, auth_type="token", name=name, spec=heat_spec),
        {INFO: {"auth": {**auth, "token": "not-a-token"}, "auth_type": "token"}},
    )
    assert made["profile"]["user"] == alone.user
    # Keystone has never heard of it: 404, not 401.
    assert failure(wrong)[1] == 404
    assert "Fernet token" in wrong["msg"], wrong


def test_application_credentials(play: Player, cloud: Cloud, alone: Account, name: str, heat_spec: dict[str, Any]) -> None:
    """By id and by name; before the user's first call by password the service fails, and the message knows why."""
    about = {"application_credential": {"name": name}}
    reply = alone.keystone("POST", f"/users/{alone.user}/application_credentials", about)
    credential = reply.json()["application_credential"]
    by_id = {
        "auth_url": cloud.keystone,
        "application_credential_id": credential["id"],
        "application_credential_secret": credential["secret"],
    }
    user = {key: alone.login[key] for key in ("username", "user_domain_name")}
    by_name = {
        **user,
        "auth_url": cloud.keystone,
        "application_credential_name": name,
        "application_credential_secret": credential["secret"],
    }
    first, _password, made, same, wrong = play(
        {"ca_path": cloud.settings["ca"]},
        {INFO: {"auth": by_id}},
        {INFO: {"auth": alone.login}},
        keep(auth=by_id, name=name, spec=heat_spec),
        keep(auth=by_name, name=name, spec=heat_spec),
        {INFO: {"auth": {**by_id, "application_credential_secret": "wrong"}}},
    )
    assert failure(first)[1] == 500
    assert "With an application credential, its user must have called the service once with a password" in first["msg"]
    assert (made["changed"], same["changed"]) == (True, False)
    assert (made["profile"]["user"], made["profile"]["project"]) == (alone.user, alone.project)
    assert failure(wrong) == ("auth_failed", 401)
    assert credential["secret"] not in play.output


def test_sign_ins_that_are_refused(play: Player, cloud: Cloud, demo: Account) -> None:
    """A wrong password, a project that is not the user's, and no project: each is told before Senlin is asked."""
    unscoped = {key: value for key, value in demo.login.items() if not key.startswith("project_")}
    with between(cloud.settings["plain_clustering"], Passing.forward) as middleman:
        password, project, nothing = play(
            {**plain(demo, middleman.url), "auth": None},
            {INFO: {"auth": {**demo.login, "password": "wrong"}, "ca_path": cloud.settings["ca"]}},
            {INFO: {"auth": {**demo.login, "project_name": "alt_demo"}, "ca_path": cloud.settings["ca"]}},
            {INFO: {"auth": unscoped, "ca_path": cloud.settings["ca"]}},
        )
        assert middleman.log == []
    assert failure(password) == failure(project) == ("auth_failed", 401)
    assert failure(nothing) == ("auth_unscoped", None)
    assert "project_name" in nothing["msg"]


# --- TLS with a private CA


def test_only_with_the_private_ca(play: Player, cloud: Cloud, demo: Account, tmp_path: Any) -> None:
    localhost = {**demo.login, "auth_url": cloud.keystone.replace("127.0.0.1", "127.0.0.2")}
    good, unknown, name, missing = play(
        {"auth": demo.login},
        {INFO: {"ca_path": cloud.settings["ca"], "name": "nobody"}},
        {INFO: {}},
        {INFO: {"ca_path": cloud.settings["ca"], "auth": localhost}},
        {INFO: {"ca_path": str(tmp_path / "nothing.pem")}},
    )
    assert good["profiles"] == []
    assert failure(unknown) == ("tls_untrusted", None)
    assert "ca_path" in unknown["msg"]
    assert failure(name)[1] is None  # nothing listens on 127.0.0.2, or the certificate is not for it
    assert failure(missing) == ("config_ca_path", None)
    for refused in (unknown, name, missing):
        assert refused["changed"] is False


# --- a token that ends in the middle


def test_a_token_that_expires_in_the_middle_is_fetched_anew(
    play: Player, strict_cloud: Cloud, name: str, heat_spec: dict[str, Any]
) -> None:
    """The middleman holds the create back until the run's token has expired: Senlin says 401 and nothing was made."""
    statuses = []

    def hold(passing: Passing) -> requests.Response:
        if (passing.method, passing.number) == ("POST", 1):
            holder = Account(strict_cloud)
            holder.token = passing.headers["X-Auth-Token"]
            headers = {"X_Subject_Token": holder.token}
            body = holder.call("GET", "/auth/tokens", base=strict_cloud.keystone, **headers).json()["token"]
            time.sleep(max(0.0, datetime.fromisoformat(body["expires_at"]).timestamp() - time.time()) + 0.1)
        reply = passing.forward()
        statuses.append((passing.method, reply.status_code))
        return reply

    demo = strict_cloud.account("demo")
    with between(strict_cloud.settings["plain_clustering"], hold) as middleman:
        (made,) = play(plain(demo, middleman.url), keep(name=name, spec=heat_spec))
    assert (made["changed"], made["outcome"], made["reconciled"]) == (True, "finished", False)
    assert [status for method, status in statuses if method == "POST"] == [401, 201]
    fresh = strict_cloud.account("demo")
    assert [profile["id"] for profile in fresh.profiles(f"?name={name}")] == [made["profile"]["id"]]
    assert fresh.call("DELETE", f"{PROFILES}/{made['profile']['id']}").status_code == 204


# --- a create whose outcome is not known


def test_the_conductor_dies_before_the_create(play: Player, fragile_cloud: Cloud, name: str, heat_spec: dict[str, Any]) -> None:
    """500 after a pause: looked for, not repeated, said to be unknown; the next run makes one profile."""

    def kill(passing: Passing) -> requests.Response:
        if passing.method == "POST":
            fragile_cloud.conductor(alive=False)
        return passing.forward()

    with fragile_cloud.own_project() as member:
        with between(fragile_cloud.settings["plain_clustering"], kill) as middleman:
            options = {"name": name, "spec": heat_spec, "reconcile_timeout": 4}
            (lost,) = play(plain(member, middleman.url), keep(**options))
            assert middleman.count("POST", PROFILES) == 1
        assert failure(lost) == ("conductor_timeout", 500)
        assert (lost["changed"], lost["outcome"]) == (True, "unknown")
        assert "The request was not repeated." in lost["msg"]
        fragile_cloud.conductor(alive=True)
        assert member.profiles() == []
        made, same = play(member.connection, keep(**options), keep(**options))
        assert (made["changed"], same["changed"]) == (True, False)
        assert [profile["id"] for profile in member.profiles()] == [made["profile"]["id"]]


@pytest.mark.parametrize("marker", [True, False])
def test_a_create_that_was_done_though_the_answer_was_500(
    play: Player, cloud: Cloud, alone: Account, name: str, heat_spec: dict[str, Any], marker: bool
) -> None:
    """It is found by its marker, or by what it holds, and taken for what it is."""

    def lose(passing: Passing) -> requests.Response:
        reply = passing.forward()
        if passing.method == "POST":
            assert reply.status_code == 201
            reply.status_code = 500
            reply._content = b'{"code": 500, "title": "Internal Server Error", "explanation": "", "error": %s}' % (
                b'{"code": 500, "message": "Timed out waiting for a reply", "type": "MessagingTimeout"}'
            )
        return reply

    with between(cloud.settings["plain_clustering"], lose) as middleman:
        (made,) = play(plain(alone, middleman.url), keep(name=name, spec=heat_spec, marker=marker))
        assert middleman.count("POST", PROFILES) == 1
    assert (made["changed"], made["outcome"], made["reconciled"]) == (True, "finished", True)
    assert [profile["id"] for profile in alone.profiles()] == [made["profile"]["id"]]


# --- the four shapes of an error


def test_each_shape_of_an_error_is_understood(play: Player, cloud: Cloud, demo: Account, name: str, heat_spec: dict[str, Any]) -> None:
    def change(passing: Passing) -> requests.Response:
        query = passing.path.partition("?")[2]
        if "token-check" in query:
            passing.headers["X-Auth-Token"] = "not-a-token"
        elif "router" in query or "html" in query:
            passing.path = "/v1/bogus"
        if "html" in query:
            passing.headers["Accept"] = "*/*"
        return passing.forward()

    with between(cloud.settings["plain_clustering"], change) as middleman:
        senlin, token, router, html = play(
            plain(demo, middleman.url),
            keep(name=name, spec={**heat_spec, "type": "os.bogus"}),
            {INFO: {"name": "token-check"}},
            {INFO: {"name": "router"}},
            {INFO: {"name": "html"}},
        )
    assert failure(senlin) == ("profile_type_not_found", 404)
    assert senlin["error"]["server_message"] == "The profile_type 'os.bogus-1.0' could not be found."
    assert failure(token)[1] == 401
    assert token["error"]["server_message"] == "The request you have made requires authentication."
    assert failure(router)[1] == failure(html)[1] == 404
    assert "The resource could not be found." in router["error"]["server_message"]
    for result in (senlin, token, router, html):
        assert result["error"]["request_id"].startswith("req-")
        assert "<" not in result["msg"]
