# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a server: what is planned and signed is what is sent, byte for byte; what cannot be sent is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proxies import VARIABLES

from ansible_collections.groundwork.provision.plugins.module_utils._digest import Digest
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport, segment

PATHS = {
    # as typed -> as sent
    "/plain": "/plain",
    "/a%2fb": "/a%2Fb",
    "/a%2Fb%c3%a9": "/a%2Fb%C3%A9",
    "/übersicht": "/%C3%BCbersicht",
    "/a|b": "/a%7Cb",
    '/a"b\\c^d`e{f}': "/a%22b%5Cc%5Ed%60e%7Bf%7D",
    "/a;b=c,d:e@f!$&'()*+~": "/a;b=c,d:e@f!$&'()*+~",
    "/a//b/": "/a//b",
    "/密码": "/%E5%AF%86%E7%A0%81",
    "/.well-known/...": "/.well-known/...",
    "": "",
    "/": "",
}


def parsed(url):
    """The endpoint, or None when it is refused."""
    try:
        return Endpoint.parse(url)
    except Failure as failure:
        if failure.code != "config_host":
            raise
        return None


def challenge(request, wire):
    if "authorization" in request.headers:
        wire.reply(200, b"{}")
    else:
        wire.reply(401, b"", [("WWW-Authenticate", 'Digest realm="r", nonce="one", qop="auth"')])


@pytest.mark.parametrize("typed", PATHS)
@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "by way of a proxy"])
def test_what_is_signed_is_what_is_sent(serve, client_of, clock, monkeypatch, typed, proxied):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    server = serve(challenge)
    proxy = serve(challenge)
    if proxied:
        monkeypatch.setenv("http_proxy", proxy.url)
    client = client_of(server, Digest("me", "pässword", Redactor()), use_proxy=proxied)
    client.transport.endpoint = Endpoint.parse(server.url + typed, schemes=("http",))
    path = "/things/" + segment("Ö/ä|%2f;", "thing")
    client.start("POST", path, query=(("a|b", "c d/é"),), body={"ü": 1}, what="start")
    expected = PATHS[typed] + "/things/%C3%96%2F%C3%A4%7C%252f%3B?a%7Cb=c%20d%2F%C3%A9"
    asked = (proxy if proxied else server).requests
    assert [request.target for request in asked] == [(server.url if proxied else "") + expected] * 2
    assert re.search(r'uri="([^"]*)"', asked[1].headers["authorization"]).group(1) == expected


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_path_is_sent_as_it_is_said_to_be_or_refused(text):
    """The oracle is urllib3 itself, which has the last hand on the request line."""
    from urllib3.util.url import _encode_target

    endpoint = parsed("https://server.example/" + text.replace("?", "").replace("#", ""))
    if endpoint is None:
        return
    assert _encode_target(endpoint.base + "/x") == endpoint.base + "/x"
    assert endpoint.base.isascii()
    assert not set(endpoint.base) & set(' "<>\\^`{|}')


@pytest.mark.parametrize("path", ["//two", "/a/../b", "/..", "/.", "/a/./b", "/%2e%2e/b", "/%2E/", "/50%", "/%zz", "/a%2", "/%u00e9"])
def test_a_path_that_would_arrive_as_another_one_is_refused(path):
    with pytest.raises(Failure) as caught:
        Endpoint.parse("https://server.example" + path)
    assert caught.value.code == "config_host"


@pytest.mark.parametrize(
    "typed, host",
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),  # as browsers do it; by the older rule it would be another server, fass.example
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("a_b.example", "a_b.example"),
        ("server.example.", "server.example."),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:DB8::1]", "2001:db8::1"),
    ],
)
def test_a_host_as_the_resolver_takes_it(typed, host):
    assert Endpoint.parse(f"https://{typed}:8443").host == host


@pytest.mark.parametrize(
    "host",
    [
        "a..example", ".example", "a" * 64 + ".example", "a." * 130 + "example", "a\u200bb.example", "a\u2028b", "ex ample",
        "xn--\u00fc.example",
        "[::1%25eth0]", "[::g]", "[v1.a]", "[192.0.2.1]", "a,b.example", "a:b:c", "..", "\u3002",
    ],
)  # fmt: skip
def test_a_host_that_cannot_be_resolved_is_refused(host):
    with pytest.raises(Failure) as caught:
        Endpoint.parse(f"https://{host}/")
    assert caught.value.code == "config_host"


@given(st.text(max_size=300))
def test_any_endpoint_is_taken_or_refused(text):
    for url in (text, "https://" + text):
        endpoint = parsed(url)
        if endpoint is not None:
            assert endpoint.root.isascii()
            endpoint.host.encode("idna")  # the resolver does this, and raises what nobody expects


def test_the_place_of_an_address(clock):
    transport = Transport(Endpoint.parse("https://[2001:db8::1]:8443/base"), clock, use_proxy=False)
    assert transport.endpoint.place == "[2001:db8::1]:8443"
    assert transport.target("/x", (("a", "b"),)) == "/base/x?a=b"
