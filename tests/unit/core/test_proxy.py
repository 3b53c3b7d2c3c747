# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy is named when it is at fault, its user and password never are, and what cannot be used is refused before anything is sent."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import sys
import types

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from proxies import VARIABLES, tunnel

from ansible_collections.groundwork.provision.plugins.module_utils import _proxy
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, Transport

SERVER = "https://xclarity.example"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Without a proxy; ``environment(name=value)`` sets variables."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def put(**values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.fixture
def refused(clock):
    """The failure of an exchange by way of the proxy that the environment names."""

    def run(server=SERVER, **options):
        endpoint = Endpoint.parse(server, schemes=("http", "https"))
        with pytest.raises(Failure) as caught:
            Transport(endpoint, clock, **{"timeout": 2, **options}).send("POST", "/x", starts=True, what="try")
        failure = caught.value
        assert failure.outcome == NONE
        assert "canary" not in failure.message() + str(failure.public())
        return failure

    return run


@pytest.fixture(params=["without PySocks", "with PySocks"])
def socks(request, monkeypatch):
    """Both ways requests can be installed: it asks urllib3, which asks for a module named socks."""
    import requests.adapters
    import urllib3.poolmanager

    if request.param == "with PySocks":
        monkeypatch.setitem(sys.modules, "socks", types.ModuleType("socks"))
        monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", urllib3.poolmanager.ProxyManager)


@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h", "SOCKS5", "ftp", "quic", "wpad+http"])
@pytest.mark.parametrize("user", ["", "canary-user:canary-pw@"])
@pytest.mark.usefixtures("socks")
def test_a_proxy_that_is_not_an_http_proxy_is_refused_by_name(environment, refused, scheme, user):
    environment(https_proxy=f"{scheme}://{user}proxy.example:1080")
    failure = refused()
    assert failure.code == "proxy_unsupported"
    assert "proxy.example:1080" in failure.why
    assert "https_proxy" in failure.why
    assert ("SOCKS" in failure.why) == scheme.lower().startswith("socks")


MALFORMED = [
    # URL, what is shown of it
    ("http://proxy.example:notaport", "proxy.example"),
    ("http://proxy.example:99999", "proxy.example:99999"),
    ("http://proxy.example:0", "proxy.example:0"),
    ("http://", ""),
    ("http://:3128", ""),
    ("http://canary-user:canary-pw@", ""),
    ("http://canary-user:canary#pw@proxy.example:3128", "proxy.example:3128"),
    ("http://canary-user:canary/pw@proxy.example:3128", "proxy.example:3128"),
    ("http://canary-user:canary?pw@proxy.example:3128", "proxy.example:3128"),
    ("http://canary-user:canary pw@proxy.example:3128", "proxy.example:3128"),
    ("http://canary\nuser:x@proxy.example:3128", "proxy.example:3128"),
    ("http://[::1", ""),
    ("http://[proxy]:3128", ""),
    ("http://[fe80::1%25eth0]:3128", ""),
    ("http://proxy..example:3128", "proxy..example:3128"),
    ("http://" + "a" * 64 + ".example:3128", "a" * 64 + ".example:3128"),
    ("http://proxy example:3128", "proxy"),
    ("http://pr<x>y:3128", "pr"),
    ("http://canary-user:canary-pw@proxy.example:31x28", "proxy.example"),
    ("http://proxy.example:3128/path", "proxy.example:3128"),
    ("http://user:%ff%fe-canary\ud800@proxy.example:3128", "proxy.example:3128"),
    ("http://proxÿ.example:3128", "prox"),
]


@pytest.mark.parametrize("url, shown", MALFORMED)
def test_a_proxy_that_cannot_be_read_is_refused_before_anything_is_sent(environment, refused, monkeypatch, url, shown):
    monkeypatch.setattr(_proxy.requests.utils, "getproxies", lambda: {"https": url})  # not every text can stand in the environment
    failure = refused()
    assert failure.code == "config_proxy"
    assert f"the proxy {shown} in" in failure.why if shown else "the proxy in" in failure.why


@pytest.mark.parametrize(
    "url, place, authorization",
    [
        ("http://proxy.example:3128", "proxy.example:3128", None),
        ("http://proxy.example:3128/", "proxy.example:3128", None),
        ("proxy.example:3128", "proxy.example:3128", None),
        ("//proxy.example:3128", "proxy.example:3128", None),
        ("HTTP://Proxy.Example", "proxy.example:80", None),
        ("https://proxy.example", "proxy.example:443", None),
        ("http://[2001:db8::1]:3128", "[2001:db8::1]:3128", None),
        (" http://192.0.2.1:8080 ", "192.0.2.1:8080", None),
        ("http://me:pw@proxy.example:3128", "proxy.example:3128", "me:pw"),
        ("me:pw@proxy.example:3128", "proxy.example:3128", "me:pw"),
        ("http://me@proxy.example:3128", "proxy.example:3128", "me:"),
        ("http://me:p%40%23%2F%3A@proxy.example:3128", "proxy.example:3128", "me:p@#/:"),
        ("http://%D1%8E:%E5%AF%86@proxy.example:3128", "proxy.example:3128", "ю:密"),
        ("http://ю:密@proxy.example:3128", "proxy.example:3128", "ю:密"),
        ("http://me:a@b@proxy.example:3128", "proxy.example:3128", "me:a@b"),
    ],
)
def test_a_proxy_is_read(environment, url, place, authorization):
    environment(https_proxy=url)
    found = _proxy.find(SERVER)
    assert found is not None
    assert found.place == place
    assert found.url.endswith("://" + place)
    expected = base64.b64encode(authorization.encode()).decode() if authorization else None
    assert found.authorization == (f"Basic {expected}" if expected else None)
    assert found.secrets == ((*(p for p in [authorization.partition(":")[2]] if p), expected) if authorization else ())


@pytest.mark.parametrize(
    "variables, used",
    [
        ({"https_proxy": "a:1"}, "a:1"),
        ({"HTTPS_PROXY": "a:1"}, "a:1"),
        ({"https_proxy": "a:1", "HTTPS_PROXY": "b:1"}, "a:1"),
        ({"all_proxy": "a:1"}, "a:1"),
        ({"ALL_PROXY": "a:1"}, "a:1"),
        ({"https_proxy": "a:1", "all_proxy": "b:1"}, "a:1"),
        ({"http_proxy": "a:1"}, None),
        ({"https_proxy": ""}, None),
        ({"https_proxy": "  "}, None),
        ({}, None),
        ({"https_proxy": "a:1", "no_proxy": "xclarity.example"}, None),
        ({"https_proxy": "a:1", "NO_PROXY": "xclarity.example"}, None),
        ({"https_proxy": "a:1", "no_proxy": ".example"}, None),
        ({"https_proxy": "a:1", "no_proxy": "*"}, None),
        ({"https_proxy": "a:1", "no_proxy": "other.example, xclarity.example"}, None),
        ({"https_proxy": "a:1", "no_proxy": "other.example"}, "a:1"),
    ],
)
def test_which_variable_counts(environment, variables, used):
    environment(**variables)
    found = _proxy.find(SERVER)
    assert (found.place if found else None) == used


@pytest.mark.parametrize(
    "host, no_proxy, direct",
    [
        ("192.0.2.7", "192.0.2.0/24", True),
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "198.51.100.0/24", False),
        ("[2001:db8::7]", "2001:db8::7", True),
        ("[2001:db8::7]", "[2001:db8::7]", True),
        ("[2001:db8::7]", "2001:db8::/32", True),
        ("[2001:db8::7]", "other.example,[2001:db8:0::7]", True),
        ("[2001:db8::7]", "2001:db9::/32,nonsense,", False),
    ],
)
def test_addresses_that_are_reached_directly(environment, host, no_proxy, direct):
    environment(https_proxy="proxy.example:3128", no_proxy=no_proxy)
    assert (_proxy.find(f"https://{host}:8443") is None) == direct


WORDS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=40)
PIECES = st.lists(
    st.sampled_from(["http://", "https://", "socks5://", "me", ":", "@", "pw", "[", "]", "::1", "/", "?", "#", "%", "3128", ".", "a", " "]),
    max_size=9,
)


@given(
    WORDS | PIECES.map("".join), WORDS | PIECES.map("".join), st.sampled_from([SERVER, "https://192.0.2.7:8443", "https://[2001:db8::7]"])
)
def test_whatever_the_environment_says_it_is_a_proxy_or_a_refusal(proxy, direct, root):
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        patch.setenv("https_proxy", proxy)
        patch.setenv("no_proxy", direct)
        try:
            found = _proxy.find(root)
        except Failure as failure:
            if failure.code not in ("config_proxy", "proxy_unsupported"):
                raise
        else:
            assert found is None or found.place.isascii()


# -- a proxy that fails -----------------------------------------------------------------------------------------------


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def silent(wire):
    wire.stall()


FAULTS = {
    # name -> (what the proxy does with CONNECT, words, whether it may pass)
    "407": (lambda wire: wire.reply(407), "407", False),
    "403": (lambda wire: wire.reply(403), "answered 403", False),
    "502": (lambda wire: wire.reply(502), "answered 502", True),
    "504": (lambda wire: wire.reply(504, b"canary", [("X", "canary")]), "answered 504", True),
    "silence": (silent, "within 0.5 s", True),
    "close": (lambda wire: wire.fin(), "closed its own", True),
    "reset": (lambda wire: wire.reset(), "closed its own", True),
    "no HTTP": (lambda wire: (wire.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), wire.fin()), "does not speak HTTP", True),
    "a line without end": (lambda wire: wire.send(b"HTTP/1.1 200 " + b"x" * 70_000), "does not speak HTTP", True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_proxy_that_makes_no_connection(serve, environment, refused, fault):
    act, words, transient = FAULTS[fault]
    proxy = serve(lambda request, wire: act(wire))
    environment(https_proxy=proxy.url.replace("//", "//canary-user:canary-pw@"))
    failure = refused(timeout=0.5)
    assert failure.code == "proxy_error"
    assert failure.transient is transient
    assert f"the proxy 127.0.0.1:{proxy.port} " in failure.why
    assert words in failure.why
    assert [request.target for request in proxy.requests] == ["xclarity.example:443"]


TUNNELLED = b"HTTP/1.1 200 Connection established\r\n\r\n"
# What comes out of the tunnel that a proxy says it has made.
LEADS_NOWHERE = {
    "close": lambda wire: (wire.send(TUNNELLED), wire.fin()),
    "reset": lambda wire: (wire.send(TUNNELLED), wire.reset()),
    "silence": lambda wire: (wire.send(TUNNELLED), wire.stall()),
    "a page": lambda wire: (wire.send(TUNNELLED + b"<html>login</html>\r\n\r\n"), wire.fin()),
}


@pytest.mark.parametrize("fault", LEADS_NOWHERE)
def test_a_tunnel_that_leads_nowhere_names_the_proxy_too(serve, environment, refused, fault):
    proxy = serve(lambda request, wire: LEADS_NOWHERE[fault](wire))
    environment(https_proxy=proxy.url.replace("//", "//canary-user:canary-pw@"))
    failure = refused(timeout=0.5)
    assert f"xclarity.example:443 through the proxy 127.0.0.1:{proxy.port}" in failure.why
    assert "canary" not in failure.why


@pytest.mark.parametrize("server", [SERVER, "http://keystone.example:5000"])
def test_a_proxy_that_cannot_be_reached_is_not_taken_for_the_server(environment, refused, server):
    port = closed_port()
    environment(all_proxy=f"http://canary-user:canary-pw@127.0.0.1:{port}")
    failure = refused(server)
    assert (failure.code, failure.transient) == ("proxy_error", True)
    assert f"the proxy 127.0.0.1:{port} refused the connection" in failure.why
    environment(all_proxy="http://canary-user:canary-pw@proxy.invalid:3128")
    failure = refused(server)
    assert failure.code == "proxy_error"
    assert "the proxy proxy.invalid:3128 has a name that could not be resolved" in failure.why


def test_a_server_that_fails_behind_a_proxy_is_not_taken_for_the_proxy(serve, environment, refused, tmp_path):
    ours, other = trustme.CA(), trustme.CA()
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(lambda request, wire: wire.reply(200), context)
    environment(https_proxy=serve(tunnel).url)
    failure = refused(server.url, ca_path=str(tmp_path / "other.pem"))
    assert failure.code == "tls_untrusted"
    assert f"the certificate of 127.0.0.1:{server.port}" in failure.why
    assert server.requests == []


@pytest.mark.parametrize("user", ["", "me:p%40ss@", "ю:密@"])
@pytest.mark.parametrize("tls", [False, True], ids=["http proxy", "https proxy"])
def test_by_way_of_a_proxy(serve, connect, environment, tmp_path, user, tls):
    """Also with TLS to the proxy itself, and the server's TLS inside of it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(lambda request, wire: wire.reply(200, b'{"body": "' + b"x" * 300_000 + b'"}'), context)
    proxy = serve(tunnel, context if tls else None)
    environment(https_proxy=proxy.url.replace("//", "//" + user))
    transport = connect(server, ca_path=str(tmp_path / "ca.pem"), use_proxy=True)
    assert transport.send("POST", "/x", body={"a": "y" * 600_000}, starts=True).json()["body"] == "x" * 300_000
    assert transport.send("GET", "/x").status == 200
    assert {request.method for request in proxy.requests} == {"CONNECT"}
    sent = {request.headers.get("proxy-authorization") for request in proxy.requests}
    expected = {"": None, "me:p%40ss@": "me:p@ss", "ю:密@": "ю:密"}[user]
    assert sent == {f"Basic {base64.b64encode(expected.encode()).decode()}" if expected else None}
    assert not [name for request in server.requests for name in request.headers if name.startswith("proxy")]
    assert [len(request.body) > 600_000 for request in server.requests] == [True, False]
    assert transport.secrets == (() if expected is None else (expected.partition(":")[2], next(iter(sent)).removeprefix("Basic ")))
    transport.close()


def test_without_tls_the_proxy_is_asked_for_the_whole_url(serve, connect, environment):
    proxy = serve(lambda request, wire: wire.reply(200, b"{}"))
    server = serve(lambda request, wire: wire.reply(500))
    environment(http_proxy=proxy.url.replace("//", "//me:pw@"))
    assert connect(server, use_proxy=True).send("GET", "/x").status == 200
    assert proxy.targets() == [("GET", f"{server.url}/x")]
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic " + base64.b64encode(b"me:pw").decode()


def test_407_without_a_tunnel_is_the_proxy_too(serve, client_of, environment):
    proxy = serve(lambda request, wire: wire.reply(407))
    environment(http_proxy=proxy.url)
    with pytest.raises(Failure) as caught:
        client_of(serve(lambda request, wire: wire.reply(200)), use_proxy=True).start("POST", "/x", what="start")
    assert (caught.value.code, caught.value.outcome) == ("proxy_error", "not_started")


def test_an_https_proxy_with_another_certificate(serve, environment, refused, tmp_path):
    ours, other = trustme.CA(), trustme.CA()
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    proxy = serve(tunnel, context)
    environment(https_proxy=proxy.url)
    failure = refused(ca_path=str(tmp_path / "other.pem"))
    assert failure.code == "proxy_error"
    assert f"the proxy 127.0.0.1:{proxy.port} has a certificate that is not trusted" in failure.why


def test_an_https_proxy_that_speaks_no_tls(serve, environment, refused):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        import threading

        def answer():
            sock, _peer = listener.accept()
            sock.recv(100)
            sock.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
            sock.close()

        threading.Thread(target=answer, daemon=True).start()
        environment(https_proxy=f"https://127.0.0.1:{listener.getsockname()[1]}")
        failure = refused()
    assert failure.code == "proxy_error"
