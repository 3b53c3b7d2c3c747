# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of one exchange: once, never elsewhere, nothing from the environment, in time, bounded, told exactly."""

from __future__ import annotations

import contextlib
import gzip
import os
import resource
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from datetime import UTC, datetime, timedelta
from unittest import mock
from urllib.parse import unquote

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils import _transport, _wait, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint, retry_after, segment


def ok(request, wire):
    wire.reply(200, b'{"fine": true}', [("Content-Type", "application/json")])


# -- one transmission, and what its loss means ------------------------------------------------------------------------

# name -> (what the server does, code that must come out)
LOSSES = {
    "reset before any byte": (lambda wire: wire.reset(), "reply_lost"),
    "closed before any byte": (lambda wire: wire.fin(), "reply_lost"),
    "reset in the body": (lambda wire: (wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), wire.reset()), "reply_lost"),
    "body cut off": (lambda wire: (wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), wire.fin()), "reply_lost"),
    "chunked body cut off": (lambda w: (w.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"), w.fin()), "reply_lost"),
    "silence": (lambda wire: wire.stall(), "reply_timeout"),
    "only an interim answer": (lambda wire: (wire.send(b"HTTP/1.1 100 Continue\r\n\r\n"), wire.fin()), "reply_lost"),
    "no status line": (lambda wire: (wire.send(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), wire.fin()), "bad_reply"),
    "HTTP/0.9": (lambda wire: (wire.send(b"<html>hello</html>"), wire.fin()), "bad_reply"),
    "a header of 70,000 bytes": (lambda w: (w.send(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n"), w.fin()), "bad_reply"),
}


@pytest.mark.parametrize("method, starts", [("GET", False), ("GET", True), ("PUT", True), ("POST", True), ("DELETE", True)])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_lost_reply_is_unknown_for_a_start_and_never_sent_again(serve, connect, loss, method, starts):
    act, code = LOSSES[loss]
    server = serve(lambda request, wire: act(wire))
    with pytest.raises(Failure) as caught:
        connect(server, timeout=0.3).send(method, "/x", starts=starts, what="try")
    assert caught.value.code == code
    assert caught.value.outcome == (UNKNOWN if starts else NONE)
    assert len(server.requests) == 1


def test_more_than_a_hundred_headers_are_a_bad_reply(serve, connect):
    many = b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(150)) + b"\r\n"
    with pytest.raises(Failure) as caught:
        connect(serve(lambda request, wire: (wire.send(many), wire.fin()))).send("POST", "/x", starts=True)
    assert caught.value.outcome == UNKNOWN


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_answers_are_passed_over(serve, connect, status):
    def respond(request, wire):
        wire.send(b"HTTP/1.1 %d Wait\r\n\r\n" % status)
        ok(request, wire)

    assert connect(serve(respond)).send("POST", "/x", starts=True).status == 200


def test_refused_means_nothing_was_sent(connect, serve):
    server = serve(ok)
    transport = connect(server)
    server.close()
    for starts in (False, True):
        with pytest.raises(Failure) as caught:
            transport.send("POST", "/x", starts=starts)
        assert (caught.value.code, caught.value.outcome) == ("connect_refused", NONE)
        assert f"127.0.0.1:{server.port}" in caught.value.message()


def test_a_name_that_does_not_resolve(clock):
    transport = _transport.Transport(Endpoint.parse("https://x.invalid"), clock, use_proxy=False)
    with pytest.raises(Failure) as caught:
        transport.send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome) == ("dns_failure", NONE)


def test_a_black_hole_ends_in_time(clock):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = []
        for _number in range(3):  # a full queue answers no connection
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        transport = _transport.Transport(
            Endpoint.parse(f"http://127.0.0.1:{listener.getsockname()[1]}", schemes=("http",)), clock, use_proxy=False, timeout=0.3
        )
        began = time.monotonic()
        with pytest.raises(Failure) as caught:
            transport.send("POST", "/x", starts=True)
        for filler in fillers:
            filler.close()
    assert (caught.value.code, caught.value.outcome) == ("connect_timeout", NONE)
    assert time.monotonic() - began < 1.3


def test_a_start_never_meets_a_connection_that_the_server_has_closed(serve, connect, clock):
    """The server closes idle connections after each answer without saying so; reads may notice, starts may not."""
    server = serve(lambda request, wire: (ok(request, wire), wire.fin()) if request.method == "GET" else ok(request, wire))
    transport = connect(server)
    transport.send("GET", "/list")
    time.sleep(0.05)
    for _number in range(3):
        clock.sleep(1.0)
        assert transport.send("POST", "/x", starts=True).status == 200
    starts = [request for request in server.requests if request.method == "POST"]
    assert len(starts) == 3
    assert len({request.connection for request in starts}) == 3


def test_a_small_request_leaves_in_one_piece(serve, connect, monkeypatch):
    """Head and body together: one packet, and the server is woken once. A large one goes piece by piece, whole."""
    sent = []
    real = socket.socket.send

    def send(self, data, *args):
        count = real(self, data, *args)
        sent.append(count)
        return count

    server = serve(ok)
    transport = connect(server)
    monkeypatch.setattr(socket.socket, "send", send)
    transport.send("POST", "/x", body={"a": "b"}, starts=True)
    assert len(sent) == 1
    large = bytes(range(256)) * 8000
    transport.send("POST", "/x", body=large, starts=True)
    assert server.requests[1].body == large


def test_starts_in_quick_succession_share_a_connection_of_their_own(serve, connect):
    server = serve(ok)
    transport = connect(server)
    transport.send("GET", "/list")
    for _number in range(5):
        transport.send("POST", "/x", starts=True)
    assert {r.connection for r in server.requests if r.method == "POST"}.isdisjoint({r.connection for r in server.requests[:1]})
    assert server.connections == 2


# -- redirects --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("where", ["same", "evil", "//evil", "/relative", "http://[broken", "https://user:pw@evil.example/x"])
def test_no_redirect_is_followed_anywhere(serve, connect, status, where):
    evil = serve(ok)
    location = {"evil": evil.url, "//evil": evil.url.removeprefix("http:")}.get(where, where)
    server = serve(lambda request, wire: wire.reply(status, b"", [("Location", server.url if where == "same" else location)]))
    for starts in (False, True):
        reply = connect(server).send("GET", "/x", starts=starts, headers={"X-Auth-Token": "secret", "Authorization": "Basic x"})
        with pytest.raises(Failure) as caught:
            _transport.check_status(reply, starts=starts, what="x", place="here")
        assert caught.value.code == "redirect_refused"
        assert caught.value.outcome == ("not_started" if starts else NONE)
        assert "pw" not in caught.value.message()
    assert evil.connections == 0
    assert len(server.requests) == 2


# -- the environment --------------------------------------------------------------------------------------------------


def test_netrc_is_not_read(serve, connect, tmp_path, monkeypatch):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login thief password stolen\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve(ok)
    transport = connect(server, use_proxy=True)
    transport.send("GET", "/x")
    transport.send("GET", "/x", headers={"Authorization": "Digest ours"})
    assert [request.headers.get("authorization") for request in server.requests] == [None, "Digest ours"]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_does_not_choose_the_certificates(serve, connect, tmp_path, monkeypatch, variable):
    ours, other = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(str(tmp_path / "ours.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    server = serve(ok, tls_of(ours.issue_cert("127.0.0.1")))
    monkeypatch.setenv(variable, str(tmp_path / "other.pem"))
    assert connect(server, ca_path=str(tmp_path / "ours.pem")).send("GET", "/x").status == 200
    assert connect(server, validate_certs=False).send("GET", "/x").status == 200
    monkeypatch.setenv(variable, str(tmp_path / "ours.pem"))
    with pytest.raises(Failure) as caught:
        connect(server, ca_path=str(tmp_path / "other.pem")).send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome) == ("tls_untrusted", NONE)


@pytest.mark.parametrize(
    "variables, used",
    [
        ({"http_proxy": "PROXY"}, True),
        ({"HTTP_PROXY": "PROXY"}, True),
        ({"http_proxy": "PROXY", "no_proxy": "127.0.0.1"}, False),
        ({"http_proxy": "PROXY", "NO_PROXY": "127.0.0.1"}, False),
        ({"http_proxy": "PROXY", "no_proxy": "other.example"}, True),
    ],
)
@pytest.mark.parametrize("use_proxy", [True, False])
def test_a_proxy_is_used_on_purpose_only(serve, connect, monkeypatch, variables, used, use_proxy):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    proxy, server = serve(ok), serve(ok)
    for name, value in variables.items():
        monkeypatch.setenv(name, proxy.url if value == "PROXY" else value)
    connect(server, use_proxy=use_proxy).send("GET", "/x")
    assert bool(proxy.requests) == (used and use_proxy)
    assert len(proxy.requests) + len(server.requests) == 1


@pytest.mark.parametrize("status", [407, 502, 504])
def test_a_proxy_that_opens_no_tunnel_is_named_and_its_password_is_not(serve, clock, monkeypatch, status):
    proxy = serve(lambda request, wire: wire.reply(status))
    monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//user:canary-pw@"))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    transport = _transport.Transport(Endpoint.parse("https://xclarity.example"), clock, timeout=5)
    with pytest.raises(Failure) as caught:
        transport.send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome) == ("proxy_error", NONE)
    assert "canary-pw" not in caught.value.message()


# -- certificates -----------------------------------------------------------------------------------------------------


def tls_of(leaf: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
CERTIFICATES = {
    # name of the certificate, its end, whether we know the authority -> code
    "trusted": ("127.0.0.1", None, True, None),
    "of another authority": ("127.0.0.1", None, False, "tls_untrusted"),
    "expired": ("127.0.0.1", YESTERDAY, True, "tls_expired"),
    "for another address": ("192.0.2.1", None, True, "tls_hostname"),
    "for a name": ("localhost", None, True, "tls_hostname"),
}


@pytest.mark.parametrize("case", CERTIFICATES)
def test_the_certificate_is_judged_before_anything_is_sent(serve, connect, tmp_path, case):
    name, end, known, code = CERTIFICATES[case]
    ours, other = trustme.CA(), trustme.CA()
    (ours if known else other).cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    before = end - timedelta(days=5) if end else None
    server = serve(ok, tls_of(ours.issue_cert(name, not_after=end, not_before=before)))
    transport = connect(server, ca_path=str(tmp_path / "ca.pem"))
    if code is None:
        assert transport.send("POST", "/x", starts=True).status == 200
        return
    with pytest.raises(Failure) as caught:
        transport.send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome, caught.value.transient) == (code, NONE, False)
    assert "validate_certs" not in caught.value.message()
    assert {"tls_expired": "clock", "tls_hostname": "another name", "tls_untrusted": "ca_path"}[code] in caught.value.message()
    assert server.requests == []


def test_verification_comes_back_after_a_run_without(serve, connect, tmp_path):
    """CVE-2024-35195: a connection made without verification may not be used by one that wants it."""
    server = serve(ok, tls_of(trustme.CA().issue_cert("127.0.0.1")))
    assert connect(server, validate_certs=False).send("GET", "/x").status == 200
    with pytest.raises(Failure) as caught:
        connect(server).send("GET", "/x")
    assert caught.value.code == "tls_untrusted"


def test_no_tls_on_the_port(clock):
    def answer_in_the_clear():
        with listener.accept()[0] as sock:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            # Left to the client to close: a close with unread bytes would be a reset, which says less.
            sock.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while sock.recv(65536):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_in_the_clear, daemon=True)
        thread.start()
        endpoint = Endpoint.parse(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(Failure) as caught:
            _transport.Transport(endpoint, clock, use_proxy=False, timeout=2).send("POST", "/x", starts=True)
        thread.join(5)
    assert (caught.value.code, caught.value.outcome) == ("tls_protocol", NONE)
    assert "WRONG_VERSION_NUMBER" in str(caught.value)


def test_no_connection_changes_the_context_that_all_of_them_use(tmp_path):
    """OpenSSL frees the list of protocols that is replaced, while another thread may be copying it into its connection."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    shared = _wire.context(str(tmp_path / "ca.pem"))
    with mock.patch.object(ssl.SSLContext, "set_alpn_protocols") as changed, socket.socket() as sock, contextlib.suppress(OSError):
        _wire.urllib3.util.ssl_.ssl_wrap_socket(sock, ssl_context=shared, server_hostname="x.invalid")
    assert not changed.called


@pytest.mark.parametrize("way", ["closed", "reset"])
def test_a_connection_that_is_closed_in_the_handshake_is_one_that_could_not_be_made(clock, way):
    """As by a server, or a balancer in front of it, that is being restarted: a wait goes on, a start is sent once more."""

    def hang_up():
        with contextlib.suppress(OSError):
            while True:
                with listener.accept()[0] as sock:
                    sock.recv(65536)
                    if way == "reset":
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, daemon=True).start()
        endpoint = Endpoint.parse(f"https://127.0.0.1:{listener.getsockname()[1]}")
        with pytest.raises(Failure) as caught:
            _transport.Transport(endpoint, clock, use_proxy=False, timeout=2).send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome, caught.value.transient) == ("connect_failed", NONE, True)
    assert caught.value.code not in _wait.FINAL


@pytest.mark.parametrize("kind", ["missing", "directory", "no PEM"])
def test_ca_path_is_looked_at_before_the_network(tmp_path, clock, kind):
    path = {"missing": tmp_path / "none", "directory": tmp_path, "no PEM": tmp_path / "text"}[kind]
    (tmp_path / "text").write_text("hello", encoding="utf-8")
    with pytest.raises(Failure) as caught:
        _transport.Transport(Endpoint.parse("https://x.invalid"), clock, ca_path=str(path))
    assert caught.value.code == "config_ca_path"


# -- time and size ----------------------------------------------------------------------------------------------------

DRIPS = {
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500,
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b" " * 5000,
    "endless chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 5000,
}


@pytest.mark.parametrize("part", DRIPS)
def test_a_drip_ends_at_the_total_deadline(serve, connect, part):
    """Each byte comes in time; only the whole takes too long. A socket's time-out alone does not see that."""
    server = serve(lambda request, wire: wire.drip(DRIPS[part], 0.05))
    began = time.monotonic()
    with pytest.raises(Failure) as caught:
        connect(server, timeout=0.4).send("POST", "/x", starts=True)
    assert time.monotonic() - began < 1.4
    assert (caught.value.code, caught.value.outcome) == ("reply_timeout", UNKNOWN)


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([packer.compress(b"\0" * (1 << 20)) for _number in range(size >> 20)] + [packer.flush()])


SIZES = {
    "plain and long": lambda: ([("Content-Length", str(10**12))], b" " * (9 << 20)),
    "without a length": lambda: ([], b" " * (9 << 20)),
    "a gzip bomb of 300 MB": lambda: ([("Content-Encoding", "gzip")], bomb(300 << 20)),
    "a gzip bomb with capitals": lambda: ([("Content-Encoding", "GZIP")], bomb(64 << 20)),
}


@pytest.mark.parametrize("case", SIZES)
def test_the_decoded_size_is_capped(serve, connect, case):
    headers, body = SIZES[case]()
    server = serve(lambda request, wire: (wire.send(b"HTTP/1.1 200 OK\r\n" + lines(headers) + b"\r\n" + body), wire.fin()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Failure) as caught:
        connect(server).send("POST", "/x", starts=True)
    assert (caught.value.code, caught.value.outcome) == ("reply_too_large", UNKNOWN)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def lines(headers: list[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip, gzip, gzip, gzip, gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_a_bad_reply(serve, connect, encoding):
    server = serve(lambda request, wire: wire.reply(200, b"x", [("Content-Encoding", encoding)]))
    with pytest.raises(Failure) as caught:
        connect(server).send("POST", "/x", starts=True)
    assert caught.value.code == "bad_reply"
    assert caught.value.outcome == UNKNOWN, "the server has the request"
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_compressed_answer_is_understood_all_the_same(serve, connect):
    server = serve(lambda request, wire: wire.reply(200, gzip.compress(b'{"a": 1}'), [("Content-Encoding", "gzip")]))
    assert connect(server).send("GET", "/x").json() == {"a": 1}


@pytest.mark.parametrize(
    "body", [b"<html>", b"", b"[" * 100_000, b"9" * 5000, b"NaN", b'{"a": Infinity}', b"\xff\xfe{\0}\0", b'{"a":1} {', b"{'a': 1}"]
)
def test_what_is_not_json_says_so(serve, connect, body):
    reply = connect(serve(lambda request, wire: wire.reply(200, body))).send("GET", "/x")
    if body.startswith(b"\xff\xfe"):
        reply.json()  # UTF-16 is valid JSON by RFC 4627
        return
    with pytest.raises(Failure) as caught:
        reply.json()
    assert caught.value.code == "not_json"
    assert caught.value.transient


# -- addresses and ids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, root",
    [
        ("https://a.example", "https://a.example"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example:8443", "https://a.example:8443"),
        ("https://[::1]", "https://[::1]"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        (" https://a.example ", "https://a.example"),
    ],
)
def test_an_endpoint_that_can_be_used(text, root):
    assert Endpoint.parse(text).root == root


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a.example", "::1", "fe80::1%eth0", "https://[fe80::1%eth0]", "http://a.example", "ftp://a.example", "https://",
        "https://a.example:0", "https://a.example:65536", "https://a.example:x", "https://a b", "https://a.example?x=1",
        "https://a.example#x", "https://user:canary@a.example", "https://user@a.example", "https://a.example\nX: 1", "https://[::1",
        "https://a_b\x00.example", "https://a<b>.example", "https://" + "a" * 300 + "é.example", "//a.example", "https:/a.example",
    ],
)  # fmt: skip
def test_an_endpoint_that_is_refused_without_being_repeated(text):
    with pytest.raises(Failure) as caught:
        Endpoint.parse(text)
    assert caught.value.code == "config_host"
    assert "canary" not in caught.value.message()


@given(st.text(max_size=300))
def test_an_id_is_one_segment_or_refused(text):
    """The oracle: what the server decodes is what was given, and no character of the path's syntax is left."""
    broken = any(0xD800 <= ord(c) <= 0xDFFF or ord(c) < 32 or 127 <= ord(c) < 160 for c in text)
    if broken or text in ("", ".", "..") or len(text.encode("utf-8", "replace")) > 1024:
        with pytest.raises(Failure) as caught:
            segment(text, "profile")
        assert caught.value.code == "config_id"
        return
    coded = segment(text, "profile")
    assert unquote(coded, errors="strict") == text
    assert coded.isascii()
    assert not set(coded) & set("/?#;+ \r\n")
    assert coded not in (".", "..")


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("0", 0.0), ("3", 3.0), ("60", 60.0), ("999999999", 60.0), ("-5", None), ("1.5", None), ("abc", None), ("", None),
        ("1000000000000", None), ("٣", None), ("３", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None), (" 7 ", 7.0), ("+4", None),
    ],
)  # fmt: skip
def test_retry_after_is_believed_when_it_is_a_small_number(text, seconds):
    assert retry_after({"Retry-After": text}) == seconds


@pytest.mark.parametrize("value", ["canary\r\nX: 1", "canary\n", "canáry", "canary\0"])
def test_a_header_that_would_break_is_refused_without_its_value(serve, connect, value):
    server = serve(ok)
    with pytest.raises(Failure) as caught:
        connect(server).send("GET", "/x", headers={"X-Auth-Token": value})
    assert caught.value.code == "config_header"
    assert value[:4] not in caught.value.message()
    assert server.requests == []


@pytest.mark.parametrize("value", ["\ud800", float("nan"), float("inf"), {"a": ["\udfff"]}])
def test_a_body_that_cannot_be_written_is_refused_before_it_is_sent(serve, connect, value):
    server = serve(ok)
    with pytest.raises(Failure) as caught:
        connect(server).send("POST", "/x", body={"uuid": value}, starts=True)
    assert (caught.value.code, caught.value.outcome) == ("config_text", NONE)
    assert server.requests == []


def test_an_old_requests_is_refused(monkeypatch):
    from ansible_collections.groundwork.provision.plugins.module_utils import _wire

    monkeypatch.setattr(_wire.requests, "__version__", "2.31.0")
    assert _wire.requests_is_too_old() == "2.31.0"
    monkeypatch.setattr(_wire.requests, "__version__", "2.32.4")
    assert _wire.requests_is_too_old() is None


def test_the_wall_clock_is_not_asked_for_deadlines(serve, connect):
    """A suspended laptop or a corrected clock must not end a request early."""
    code = (
        "import time; time.time = lambda: 1 / 0\n"
        "from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline\n"
        "assert Deadline(Clock(), 5).left() > 4"
    )
    root = next(path for path in sys.path if os.path.isdir(os.path.join(path, "ansible_collections", "groundwork")))
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": root}, check=True)


# -- memory -----------------------------------------------------------------------------------------------------------

KEPT = {
    # name -> (what the server does, whether the failure is kept as the transport raises it)
    "reset": (lambda wire: wire.reset(), True),
    "reset in a long body": (lambda w: (w.send(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 20_000), w.reset()), True),
    "too large": (lambda wire: wire.reply(200, b"x" * 100_000), True),
    "no JSON": (lambda wire: wire.reply(200, b"<html>" + b"x" * 20_000), False),
    "500": (lambda wire: wire.reply(500, b"<html>" + b"x" * 20_000), False),
}


@pytest.mark.parametrize("case", KEPT)
def test_the_failures_of_many_lost_answers_keep_no_buffers(serve, client_of, case):
    """A bulk task keeps the failure of each item to its end: it may not keep body, buffers and connection with it."""
    act, raw = KEPT[case]
    server = serve(lambda request, wire: act(wire))
    client = client_of(server)
    kept = []

    def lose(count):
        for number in range(count):
            try:
                if raw:
                    client.transport.send("POST", f"/x/{number}", starts=True, body={"n": number}, max_body=50_000)
                else:
                    client.start("POST", f"/x/{number}", what="start", body={"n": number}).json()
            except Failure as failure:
                kept.append(failure if raw else failure.about(operation="start"))
            server.requests.clear()

    # What the threads of the server hold, which are still sending, is no buffer of ours.
    others = [tracemalloc.Filter(False, file) for file in (__file__, sys.modules[type(server).__module__].__file__)]
    lose(20)
    tracemalloc.start()
    try:
        lose(200)
        assert len(kept) == 220
        found = tracemalloc.take_snapshot().filter_traces(others)
        assert sum(trace.size for trace in found.traces) / 200 < 4096
    finally:
        tracemalloc.stop()


def test_a_failure_that_is_kept_keeps_no_frames(serve, client_of):
    with pytest.raises(Failure) as caught:
        client_of(serve(lambda request, wire: wire.reset())).start("POST", "/x", what="start")
    failure = caught.value.about(operation="start")
    assert (failure.__traceback__, failure.__context__, failure.__cause__) == (None, None, None)


@pytest.mark.parametrize("starts, outcome", [(True, "unknown"), (False, "none")])
def test_an_exchange_that_is_aborted_fails_at_once_as_one_whose_connection_was_closed(serve, connect, starts, outcome):
    arrived, let_go = threading.Event(), threading.Event()
    server = serve(lambda request, wire: (arrived.set(), let_go.wait(10)))
    transport = connect(server, timeout=20.0)
    failures = []

    def send():
        try:
            transport.send("POST", "/x", starts=starts, what="try")
        except Failure as failure:
            failures.append(failure)

    worker = threading.Thread(target=send)
    worker.start()
    assert arrived.wait(10)
    began = time.monotonic()
    transport.abort()
    worker.join(10)
    took = time.monotonic() - began
    let_go.set()
    assert not worker.is_alive()
    assert took < 8
    (failure,) = failures
    assert (failure.code, failure.outcome) == ("reply_lost", outcome)
    assert len(server.requests) == 1
    transport.abort()  # nothing is under way any more


def test_an_id_of_broken_unicode_is_refused():
    with pytest.raises(Failure) as caught:
        segment("a\ud800", "id")
    assert caught.value.code == "config_id"
