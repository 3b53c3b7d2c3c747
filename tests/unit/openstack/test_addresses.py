# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Advice about the address of a server names the option that its address is from: the cluster modules have no option ``endpoint``."""

from __future__ import annotations

import ssl

import pytest
from chaos.clocks import SkippingClock
from chaos.wire import WireServer
from test_identity import OPTIONS, keystone_of

from ansible_collections.groundwork.provision.plugins.module_utils import _diagnosis, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

KEYSTONE = "auth.auth_url (or OS_AUTH_URL, or auth_url in clouds.yaml)"
CATALOG = "the endpoint in the catalog (endpoint_override takes its place)"
CLOSED = "http://127.0.0.1:1"
ANSWERS = {
    "not_found": lambda wire: wire.reply(404, b"{}"),
    "redirect_refused": lambda wire: wire.reply(302, b"", [("Location", "https://other.example.com/")]),
    "unexpected_status": lambda wire: wire.reply(418, b"{}"),
    "not_json": lambda wire: wire.reply(200, b"<html>"),
}


class Open(Auth):
    def headers(self, method, target):
        return {}


def hint(call):
    with pytest.raises(Failure) as caught:
        call()
    return caught.value.code, caught.value.next_step


def reading(endpoint):
    transport = Transport(endpoint, SkippingClock(), use_proxy=False, timeout=5)
    return lambda: Client("openstack", transport, Open(), lambda reply: None, None).read("/v1/clusters", what="list clusters")


@pytest.mark.parametrize("code", ["connect_refused", *ANSWERS])
@pytest.mark.parametrize(
    "given, named",
    [({}, "endpoint"), ({"option": "endpoint_override"}, "endpoint_override"), ({"option": "x", "advice": CATALOG}, CATALOG)],
)
def test_of_a_service(code, given, named):
    if code == "connect_refused":
        found, step = hint(reading(Endpoint.parse(CLOSED, schemes=("http",), **given)))
    else:
        server = WireServer(lambda request, wire: ANSWERS[code](wire))
        found, step = hint(reading(Endpoint.parse(server.url, schemes=("http",), **given)))
        server.close()
    assert found == code
    assert named in step
    assert "endpoint" not in step.replace(named, "")


@pytest.mark.parametrize("code", ["connect_refused", "not_found", "redirect_refused", "unexpected_status"])
def test_of_keystone(code):
    server = None if code == "connect_refused" else WireServer(lambda request, wire: ANSWERS[code](wire))
    _run, keystone = keystone_of(server.url if server else CLOSED)
    found, step = hint(keystone.login)
    if server:
        server.close()
    assert found == code
    assert KEYSTONE in step
    assert "endpoint" not in step


def test_of_a_certificate():
    wrong = ssl.SSLCertVerificationError()
    wrong.verify_code = 62
    exchange = _wire.begin(Deadline(SkippingClock(), 5), None, lambda: None)
    peers = _diagnosis.Peers("cloud.example.com:443", CATALOG, None, "by a CA", 5)
    found = _diagnosis.explain(wrong, exchange, peers, starts=False)
    assert (found.code, found.next_step) == ("tls_hostname", f"Use the name that is in the certificate in {CATALOG}, and run again.")


def test_where_the_address_of_the_service_is_from(monkeypatch):
    class Known:
        def __init__(self, run, settings):
            pass

        def login(self):
            pass

        def endpoint(self):
            return "https://clustering.example.com"

    monkeypatch.setattr(api, "Keystone", Known)
    auth = {"auth_url": "https://keystone.example.com/v3", "user_id": "u1", "password": "s3cret-word", "project_id": "p1"}
    for override, named in ((None, CATALOG), ("https://other.example.com", "endpoint_override")):
        options = {**OPTIONS, "auth": auth, "endpoint_override": override, "use_proxy": False, "timeout": 5.0}
        assert api.connect(Run(options, clock=SkippingClock())).transport.endpoint.option == named
