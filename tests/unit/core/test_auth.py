# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Authentication: never a weaker method, never another login than needed, no secret that is not known to the redactor."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._auth import (
    Basic,
    XClaritySession,
    check_secret,
)
from ansible_collections.groundwork.provision.plugins.module_utils._digest import Digest
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK, Redactor

PASSWORD = "pässwörd-密码"


@pytest.mark.parametrize(
    "value, code",
    [
        ("", "config_credentials"), (None, "config_credentials"), (" canary", "config_secret_whitespace"),
        ("canary\n", "config_secret_whitespace"), ("can\tary", "config_secret_whitespace"), ("can\0ary", "config_secret_whitespace"),
        ("\ud800canary", "config_secret_encoding"), ("\u00a0canary", "config_secret_whitespace"),
    ],
)  # fmt: skip
def test_a_secret_that_would_break_is_refused_and_not_shown(value, code):
    with pytest.raises(Failure) as caught:
        check_secret(value, "password")
    assert caught.value.code == code
    assert "canary" not in caught.value.message()


@pytest.mark.parametrize("value", ["a", "inner blank", PASSWORD, "quote\"s'", "x" * 5000])
def test_a_secret_is_taken_as_it_is(value):
    assert check_secret(value, "password") == value


def test_basic_is_utf_8_and_its_header_is_a_secret():
    redactor = Redactor()
    header = Basic("юзер", PASSWORD, redactor).headers("GET", "/")["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == f"юзер:{PASSWORD}"
    assert MASK in redactor.text(f"sent {header}")
    with pytest.raises(Failure):
        Basic("us:er", PASSWORD, redactor)


# -- XClarity's session -----------------------------------------------------------------------------------------------


def appliance(*, ends_after=None, refuses=False, body=None):
    """A little XClarity: logins are counted, each session lives for ``ends_after`` requests."""
    used: dict[str, int] = {}

    def respond(request, wire):
        if request.target == "/sessions" and request.method == "POST":
            number = str(len(used) + 1)
            if refuses:
                wire.reply(401, b'{"messages": [{"text": "Wrong password"}]}')
                return
            used[f"id{number}-abcdef"] = 0
            data = {"response": {"session": {"id": f"id{number}-abcdef", "csrf": f"csrf{number}-abcdef"}}}
            wire.reply(200, json.dumps(data if body is None else body).encode())
            return
        found = re.match(r"JSESSIONID=([^;]+); csrf=", request.headers.get("cookie", ""))
        ident = found.group(1) if found else ""
        if ident not in used or not request.headers.get("x-csrf-token") or used[ident] == ends_after:
            wire.reply(401)
            return
        used[ident] += 1
        wire.reply(200, b"{}")

    return respond


def test_one_login_one_logout(serve, client_of):
    server, redactor = serve(appliance()), Redactor()
    with client_of(server, XClaritySession("me", PASSWORD, redactor)) as client:
        client.read("/a", what="read")
        client.start("POST", "/b", what="start")
    assert [(r.method, r.target) for r in server.requests] == [
        ("POST", "/sessions"), ("GET", "/a"), ("POST", "/b"), ("DELETE", "/sessions"),
    ]  # fmt: skip
    assert "id1-abcdef" not in redactor.text("cookie id1-abcdef and csrf1-abcdef")
    assert "csrf1-abcdef" not in redactor.text("cookie id1-abcdef and csrf1-abcdef")


def logins(server):
    return len([r for r in server.requests if r.target == "/sessions" and r.method == "POST"])


def test_before_it_is_opened_there_is_no_session():
    assert XClaritySession("me", PASSWORD, Redactor()).headers("GET", "/") == {}


def test_a_session_that_was_good_is_opened_again_for_a_read_and_for_a_start(serve, client_of):
    server = serve(appliance(ends_after=2))
    with client_of(server, XClaritySession("me", PASSWORD, Redactor())) as client:
        for _number in range(4):
            client.read("/a", what="read")
        assert client.start("POST", "/b", what="start").status == 200
    assert logins(server) == 3
    assert [r.target for r in server.requests].count("/b") == 2, "401 is a refusal, so it was sent again"


def test_a_session_that_is_refused_from_the_start_is_not_opened_again(serve, client_of):
    """Logins without end would lock the account."""
    server = serve(appliance(ends_after=0))
    with pytest.raises(Failure) as caught, client_of(server, XClaritySession("me", PASSWORD, Redactor())) as client:
        client.start("POST", "/b", what="start")
    assert (caught.value.code, caught.value.outcome) == ("auth_failed", "not_started")
    assert logins(server) == 1


def test_a_wrong_password_is_tried_once(serve, client_of):
    server = serve(appliance(refuses=True))
    client = client_of(server, XClaritySession("me", PASSWORD, Redactor()))
    with pytest.raises(Failure) as caught:
        client.__enter__()
    assert caught.value.code == "auth_failed"
    assert caught.value.server_message == "Wrong password"
    assert len(server.requests) == 1


@pytest.mark.parametrize("session", [{"id": "a\nb", "csrf": "c"}, {"id": "a", "csrf": "c;d"}, {"id": "ü", "csrf": "c"}])
def test_a_session_handed_in_that_no_header_can_carry_is_a_mistake_in_the_options(session):
    with pytest.raises(Failure) as caught:
        XClaritySession("", "", Redactor(), session)
    assert caught.value.code == "config_credentials"
    assert "the session's id or CSRF token holds characters that a header cannot carry. Nothing was changed." in caught.value.message()


def test_a_session_handed_in_is_neither_opened_nor_renewed_nor_closed(serve, client_of):
    server = serve(appliance())
    auth = XClaritySession("", "", Redactor(), session={"id": "old-one", "csrf": "old-csrf"})
    with pytest.raises(Failure), client_of(server, auth) as client:
        client.read("/a", what="read")
    assert [(r.method, r.target) for r in server.requests] == [("GET", "/a")]


@pytest.mark.parametrize(
    "body",
    [
        None, [], {}, {"response": None}, {"response": {"session": None}}, {"response": {"session": {"id": 5, "csrf": "x"}}},
        {"response": {"session": {"id": "", "csrf": "x"}}}, {"response": {"session": {"id": "a;b", "csrf": "x"}}},
        {"response": {"session": {"id": "a\r\nX: 1", "csrf": "x"}}}, {"response": {"session": {"id": "ä", "csrf": "x"}}}, 17, "text",
    ],
)  # fmt: skip
def test_a_login_answer_of_another_shape_is_told(serve, client_of, body):
    server = serve(lambda request, wire: wire.reply(200, json.dumps(body).encode()))
    with pytest.raises(Failure) as caught:
        client_of(server, XClaritySession("me", PASSWORD, Redactor())).__enter__()
    assert caught.value.code == "bad_reply"


# -- Digest -----------------------------------------------------------------------------------------------------------


def parts(header: str) -> dict[str, str]:
    return {k: q or p for k, q, p in re.findall(r'(\w+\*?)=(?:"([^"]*)"|([^\s,]+))', header)}


def digest_server(*, offer, script=(), algorithm="MD5", one_use=False):
    """Checks each response as the RFC says. script: challenges to send before one is accepted."""
    turns = iter(script)
    seen: set[str] = set()
    count = iter(range(1, 1000))

    def respond(request, wire):
        given = parts(request.headers.get("authorization", ""))
        challenge = next(turns, None)
        if not given or challenge is not None or (one_use and given["nonce"] in seen):
            wire.reply(401, b"", [("WWW-Authenticate", (challenge or offer).replace("NONCE", f"nonce{next(count)}"))])
            return
        seen.add(given["nonce"])
        name = algorithm.lower().removesuffix("-sess").replace("sha-512-256", "sha512_256").replace("sha-256", "sha256")

        def h(text):
            return hashlib.new(name, text.encode()).hexdigest()

        user = "me" if "username" in given else "юзер"
        a1 = h(f"{user}:{given['realm']}:{PASSWORD}")
        if algorithm.endswith("-sess"):
            a1 = h(f"{a1}:{given['nonce']}:{given['cnonce']}")
        want = h(f"{a1}:{given['nonce']}:{given['nc']}:{given['cnonce']}:auth:{h(request.method + ':' + request.target)}")
        assert given["uri"] == request.target
        wire.reply(200 if want == given["response"] else 403, b"{}")

    return respond


OFFERS = {
    # header -> algorithm that is used, None: refused
    'Digest realm="r", nonce="NONCE", qop="auth"': "MD5",
    'Digest realm="r", nonce="NONCE", qop="auth", algorithm=MD5': "MD5",
    'Digest realm="r", nonce="NONCE", qop="auth", algorithm=MD5-sess': "MD5-sess",
    'Digest realm="r", nonce="NONCE", qop="auth", algorithm=SHA-256': "SHA-256",
    'Digest realm="r", nonce="NONCE", qop="auth,auth-int", algorithm=SHA-512-256': "SHA-512-256",
    'Digest realm="r", nonce="NONCE", op="auth", stale=false, domain=""': "MD5",
    'Digest realm="r", nonce="NONCE", qop="auth", algorithm=MD5, Digest realm="r", nonce="N2", qop="auth", algorithm=SHA-256': "SHA-256",
    'Basic realm="r", Digest realm="r", nonce="NONCE", qop="auth"': "MD5",
    'digest realm="r",nonce="NONCE",qop=auth': "MD5",
    'Digest realm="r", nonce="NONCE", qop="auth-int"': None,
    'Digest realm="r", nonce="NONCE", qop="auth", algorithm=TOKEN': None,
    'Basic realm="r"': None,
    "Negotiate": None,
}


@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("method, target", [("GET", "/a"), ("POST", "/a/b%2Fc")])
def test_the_strongest_digest_is_used_and_basic_never(serve, client_of, offer, method, target):
    algorithm = OFFERS[offer]
    server = serve(digest_server(offer=offer, algorithm=algorithm or "MD5"))
    client = client_of(server, Digest("me", PASSWORD, Redactor()))
    if algorithm is None:
        with pytest.raises(Failure) as caught:
            client.start(method, target, what="start")
        assert caught.value.code == "auth_unsupported"
        assert len(server.requests) == 1
    else:
        assert client.start(method, target, what="start", query=(("a", "b c"),)).status == 200
        assert len(server.requests) == 2
    assert not any("Basic" in r.headers.get("authorization", "") for r in server.requests)


OFFER = 'Digest realm="r", nonce="NONCE", qop="auth"'


def test_one_challenge_a_run(serve, client_of):
    server = serve(digest_server(offer=OFFER))
    auth = Digest("me", PASSWORD, Redactor())
    client = client_of(server, auth)
    for _number in range(30):
        client.read("/a", what="read")
    assert auth.challenges == 1
    assert len(server.requests) == 31
    assert [parts(r.headers["authorization"])["nc"] for r in server.requests[1:4]] == ["00000001", "00000002", "00000003"]


def test_a_nonce_that_may_be_used_once(serve, client_of):
    server = serve(digest_server(offer=OFFER, one_use=True))
    client = client_of(server, Digest("me", PASSWORD, Redactor()))
    for _number in range(3):
        assert client.start("POST", "/a", what="start").status == 200
    assert len(server.requests) == 6


@pytest.mark.parametrize("stale, more", [(", stale=true", 3), ("", 1), (", stale=false", 1)])
def test_further_challenges_are_answered_while_they_make_sense(serve, client_of, stale, more):
    server = serve(digest_server(offer=OFFER, script=[OFFER + stale] * more))
    assert client_of(server, Digest("me", PASSWORD, Redactor())).start("POST", "/a", what="start").status == 200
    assert len(server.requests) == more + 1


def test_challenges_without_end_are_ended(serve, client_of):
    server = serve(digest_server(offer=OFFER, script=[OFFER] * 20))
    with pytest.raises(Failure) as caught:
        client_of(server, Digest("me", PASSWORD, Redactor())).start("POST", "/a", what="start")
    assert (caught.value.code, caught.value.outcome) == ("auth_failed", "not_started")
    assert len(server.requests) <= 4


def test_the_same_nonce_again_means_a_wrong_key(serve, client_of):
    server = serve(lambda request, wire: wire.reply(401, b"", [("WWW-Authenticate", 'Digest realm="r", nonce="one", qop="auth"')]))
    with pytest.raises(Failure) as caught:
        client_of(server, Digest("me", PASSWORD, Redactor())).start("POST", "/a", what="start")
    assert caught.value.code == "auth_failed"
    assert len(server.requests) == 2


def test_a_user_beyond_ascii(serve, client_of):
    server = serve(digest_server(offer=OFFER))
    assert client_of(server, Digest("юзер", PASSWORD, Redactor())).start("POST", "/a", what="start").status == 200
    assert "username*=UTF-8''%D1%8E" in server.requests[1].headers["authorization"]


@pytest.mark.parametrize("user", ['a"b', "a\\b", "a\nb", "a\x7fb"])
def test_a_user_that_would_break_out_of_the_header(user):
    with pytest.raises(Failure):
        Digest(user, PASSWORD, Redactor())


@pytest.mark.parametrize("value", ['a\\"b', "a\r\nX: 1", "ä", "x" * 2000])
def test_a_challenge_that_would_break_out_of_the_header_is_not_repeated(serve, client_of, value):
    offer = f'Digest realm="{value}", nonce="NONCE", qop="auth", opaque="{value}"'.replace("\r\n", "\t")
    server = serve(lambda request, wire: wire.reply(401, b"", [("WWW-Authenticate", offer.replace("NONCE", str(len(server.requests))))]))
    with pytest.raises(Failure):
        client_of(server, Digest("me", PASSWORD, Redactor())).start("POST", "/a", what="start")
    assert all(value not in r.headers.get("authorization", "") for r in server.requests)


def test_the_digest_of_the_password_is_a_secret(serve, client_of):
    redactor = Redactor()
    client_of(serve(digest_server(offer=OFFER)), Digest("me", PASSWORD, redactor)).read("/a", what="read")
    half = hashlib.md5(f"me:r:{PASSWORD}".encode()).hexdigest()
    assert half not in redactor.text(f"HA1 is {half}")


def test_a_login_that_the_address_does_not_know_is_about_the_endpoint(serve, connect):
    transport = connect(serve(lambda request, wire: wire.reply(404, b"<html>")))
    with pytest.raises(Failure) as caught:
        XClaritySession("u", "p", Redactor()).open(transport)
    assert caught.value.code == "not_found"
    assert "does not know the path /sessions. Nothing was changed. Check endpoint:" in caught.value.message()


@pytest.mark.parametrize("value, state", [(None, "not set either"), ("", "blank"), (" ", "blank")])
def test_a_secret_that_is_missing_names_the_variable_that_it_is_read_from_and_how_that_stands(monkeypatch, value, state):
    monkeypatch.delenv("XCLARITY_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("XCLARITY_PASSWORD", value)
    with pytest.raises(Failure) as caught:
        check_secret("", "password", "XCLARITY_PASSWORD")
    assert caught.value.why == f"password is not set, and the environment variable XCLARITY_PASSWORD is {state}."
    with pytest.raises(Failure) as caught:
        check_secret("", "target_password")
    assert caught.value.why == "target_password is not set."
