# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A token among many workers, and credentials that go nowhere but to where ``auth`` points."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from chaos.clocks import SkippingClock
from chaos.wire import WireServer

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport
from ansible_collections.groundwork.provision.plugins.module_utils._wire import requests
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import identity, settings

OPTIONS = dict.fromkeys(["cloud", "auth", "auth_type", "region_name", "interface", "endpoint_override", "validate_certs", "ca_path"])


class Cloud:
    """Keystone and a service in one: a token is good for ``uses`` requests. login: answers the n-th login in place of a token, or not."""

    def __init__(self, uses=10, login=lambda number, wire: False):
        self.uses, self.login = uses, login
        self.lock = threading.Lock()
        self.logins, self.used, self.executed, self.ended = 0, {}, [], []
        self.pause, self.since, self.late = 0.05, None, []

    def __call__(self, request, wire):
        if request.target == "/v3/auth/tokens":
            with self.lock:
                self.logins += 1
                number = self.logins
                self.since = time.monotonic()
            time.sleep(self.pause)
            self.since = None
            if not self.login(number, wire):
                self.used[f"token-{number}"] = 0
                token = {
                    "project": {"id": "p1"},
                    "user": {"id": "u1"},
                    "catalog": [],
                    "expires_at": "2099-01-01T00:00:00.000000Z",
                    "methods": [],
                }
                wire.reply(
                    201,
                    json.dumps({"token": token}).encode(),
                    [("X-Subject-Token", f"token-{number}"), ("Content-Type", "application/json")],
                )
            return
        token = request.headers.get("x-auth-token", "")
        with self.lock:
            if self.since is not None and time.monotonic() > self.since + self.pause / 2:
                self.late.append(request.target)
            good = self.used.get(token, self.uses) < self.uses
            if good:
                self.used[token] += 1
                self.executed.append(request.target)
            else:
                self.ended.append(token)
        if good and request.target.endswith("9"):
            time.sleep(self.pause * 0.7)
        wire.reply(200 if good else 401, b"{}")


@pytest.fixture
def cloud():
    """``cloud(...)``: (the cloud, a client of its service, its Keystone)."""
    servers = []

    def start(**options):
        made = Cloud(**options)
        server = WireServer(made)
        servers.append(server)
        run, keystone = keystone_of(server.url)
        keystone.login()
        transport = Transport(Endpoint.parse(server.url, schemes=("http",)), run.clock, use_proxy=False, timeout=5)
        return made, Client("openstack", transport, keystone)

    yield start
    for server in servers:
        server.close()
        assert server.errors == []


def keystone_of(url):
    run = Run({"use_proxy": False, "timeout": 5.0}, clock=SkippingClock())
    auth = {"auth_url": url + "/v3", "user_id": "u1", "password": "s3cret-word", "project_id": "p1"}
    return run, identity.Keystone(run, settings.read({**OPTIONS, "auth": auth}, {}))


def start_all(client, workers, count=60):
    def start(number):
        try:
            client.start("POST", f"/profiles/{number}", what="create")
        except Failure as failure:
            return failure.code
        return None

    with ThreadPoolExecutor(workers) as pool:
        return [code for code in pool.map(start, range(count)) if code]


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_while_a_token_is_replaced_nobody_sends_the_old_one(cloud, workers):
    made, client = cloud(uses=10)
    assert start_all(client, workers) == []
    assert sorted(made.executed) == sorted(f"/profiles/{number}" for number in range(60))
    assert made.logins == 6
    assert len(made.ended) <= 5 * workers, "those that were on their way"


def test_a_worker_that_becomes_free_meanwhile_waits_too(cloud):
    made, client = cloud(uses=10)
    made.pause = 0.4
    assert start_all(client, 4, 30) == []
    assert made.late == [], "a request with a token that was known to be of no use"


def test_a_login_that_is_refused_on_the_way_is_not_tried_by_each_worker(cloud):
    def login(number, wire):
        if number > 1:
            wire.reply(401, b'{"error": {"message": "The request you have made requires authentication.", "code": 401}}')
        return number > 1

    made, client = cloud(uses=10, login=login)
    assert start_all(client, 8) == ["auth_failed"] * 50
    assert made.logins == 2


def test_a_keystone_that_restarts_is_asked_again(cloud):
    def login(number, wire):
        if number == 2:
            wire.reply(503)
        return number == 2

    made, client = cloud(uses=1, login=login)
    client.start("POST", "/profiles/1", what="create")
    with pytest.raises(Failure) as caught:
        client.start("POST", "/profiles/2", what="create")
    assert (caught.value.code, caught.value.outcome) == ("busy", "not_started")
    client.start("POST", "/profiles/3", what="create")
    assert made.executed == ["/profiles/1", "/profiles/3"]


def test_a_token_that_is_not_taken_at_all_is_replaced_once(cloud):
    made, client = cloud(uses=0)
    with pytest.raises(Failure) as caught:
        client.start("POST", "/profiles/1", what="create")
    assert caught.value.code == "auth_failed"
    assert "Keystone accepted the credentials, and the service refused the token" in caught.value.message()
    assert made.logins == 2


@pytest.mark.parametrize("token", ["", "tok\u00ebn", "tok\tn", "tok n\x7f"])
def test_a_token_that_a_header_cannot_carry_is_refused(token):
    def respond(request, wire):
        content = {"project": {"id": "p1"}, "user": {"id": "u1"}, "catalog": [], "expires_at": "2099-01-01T00:00:00.000000Z", "methods": []}
        wire.reply(201, json.dumps({"token": content}).encode(), [("X-Subject-Token", token), ("Content-Type", "application/json")])

    with WireServer(respond) as server:
        _run, keystone = keystone_of(server.url)
        with pytest.raises(Failure) as caught:
            keystone.login()
        assert caught.value.code == "bad_reply"
        assert "no token" in caught.value.why


# -- where credentials go ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["port", "host", "scheme", "user"])
def test_credentials_go_only_to_where_auth_points(change):
    """keystoneauth1 follows what a server tells it; whatever that is, nothing is sent elsewhere."""
    with WireServer(lambda request, wire: wire.reply(200, b"{}")) as server, WireServer(lambda request, wire: wire.reply(200)) as evil:
        run, keystone = keystone_of(server.url)
        bridge = identity._Bridge(run, keystone._settings)
        url = {
            "port": evil.url + "/v3/auth/tokens",
            "host": f"http://localhost:{server.port}/v3/auth/tokens",
            "scheme": f"https://127.0.0.1:{server.port}/v3/auth/tokens",
            "user": f"http://me@127.0.0.1:{server.port}/v3/auth/tokens",
        }[change]
        request = requests.models.Request("POST", url, data="s3cret-word").prepare()
        with pytest.raises(Failure) as caught:
            bridge.send(request)
        assert caught.value.code == ("config_host" if change == "user" else "redirect_refused")
        assert server.requests == evil.requests == []
        good = bridge.send(requests.models.Request("GET", server.url + "/v3").prepare())
        assert good.status_code == 200
        bridge.close()


def test_a_catalog_that_names_another_keystone_gets_no_password():
    """A redirect by discovery: the versions document of Keystone names the address for v3."""
    with WireServer(lambda request, wire: wire.reply(200)) as evil:

        def respond(request, wire):
            versions = {"versions": {"values": [{"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": evil.url + "/v3"}]}]}}
            wire.reply(300, json.dumps(versions).encode(), [("Content-Type", "application/json"), ("Location", evil.url)])

        with WireServer(respond) as server:
            _run, keystone = keystone_of(server.url)
            with pytest.raises(Failure):
                keystone.login()
        assert evil.connections == 0


def test_the_password_of_a_proxy_is_a_secret(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://me:pr0xy-word@127.0.0.1:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    run, keystone = keystone_of("http://keystone.example")
    run.params["use_proxy"] = True
    identity._Bridge(run, keystone._settings)
    assert "pr0xy-word" not in run.redactor.text("it said pr0xy-word")
