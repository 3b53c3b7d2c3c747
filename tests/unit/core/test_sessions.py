# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of XClarity Administrator among many workers, and the difference between a limit and a wrong password."""

from __future__ import annotations

import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._auth import XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply

# -- what a refused login means ---------------------------------------------------------------------------------------

LIMITS = [
    "The user has reached the maximum of 3 sessions.",
    "The maximum number of user sessions is reached.",
    "Unable to create a new session because the maximum number of sessions for this user has been reached.",
    "Login failed: session limit reached",
    "Too many concurrent sessions.",
    "User ADMIN already has 3 sessions, no more are allowed; log out of another session.",
    "MAX SESSIONS EXCEEDED",
    "The number of sessions exceeds the quota.",
]
CREDENTIALS = [
    "The user name or the password is not valid.",
    "Wrong password",
    "Invalid credentials",
    "The account is locked. Too many failed login attempts in this session.",
    "The maximum number of login attempts for this session is exceeded.",
    "Your password has expired.",
]
BOTH = [
    "The password is wrong, or the maximum number of sessions is reached.",
    "Login denied: invalid user, locked account or session limit.",
]
NEITHER = ["", "Unauthorized", "The request could not be completed.", "Your session is not there."]


def body(text, shape="standard", result="failed"):
    recovery = {"text": "Contact your administrator.", "URL": ""}
    message = {
        "standard": {"messages": [{"id": "FQXHMSE9003J", "text": text, "explanation": "", "recovery": recovery}]},
        "explained": {"messages": [{"id": "X", "text": "The login failed.", "explanation": text, "recovery": [recovery]}]},
        "singular": {"message": {"text": text, "recovery": ""}},
        "strings": {"messages": [text]},
    }[shape]
    return json.dumps({"result": result, **message} if text else {}).encode()


def refusal(serve, client_of, status, content):
    server = serve(lambda request, wire: wire.reply(status, content))
    with pytest.raises(Failure) as caught:
        client_of(server, XClaritySession("me", "Passw0rd", Redactor())).__enter__()
    assert len(server.requests) == 1, "a login is tried once"
    assert caught.value.outcome == "none"
    return caught.value


@pytest.mark.parametrize("shape", ["standard", "explained", "singular", "strings"])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 409, 429, 500, 503])
@pytest.mark.parametrize("text", LIMITS)
def test_a_limit_of_sessions_has_a_code_of_its_own(serve, client_of, text, status, shape):
    failure = refusal(serve, client_of, status, body(text, shape))
    assert failure.code == "sessions_exhausted"
    assert failure.transient, "another task ends its session, and then there is room"
    assert "no session left" in failure.why
    assert "password" not in failure.why + failure.next_step
    assert text in str(failure.server_message)


LOG_OUT = "Log out of another session."


@pytest.mark.parametrize("recovery", [LOG_OUT, [LOG_OUT], {"text": LOG_OUT}, [None, 7, {"text": 7}, {}, {"text": LOG_OUT}]])
def test_what_is_to_be_done_tells_of_a_limit_as_well(serve, client_of, recovery):
    """In whatever shape it comes; what is no text is passed over."""
    content = {"result": "failed", "messages": [{"id": "X", "text": "The request could not be completed.", "recovery": recovery}]}
    failure = refusal(serve, client_of, 403, json.dumps(content).encode())
    assert failure.code == "sessions_exhausted"
    content["messages"][0]["text"] = ""
    failure = refusal(serve, client_of, 403, json.dumps(content).encode())
    assert failure.server_message == LOG_OUT


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("text", CREDENTIALS)
def test_a_wrong_password_is_never_taken_for_a_limit(serve, client_of, text, status):
    failure = refusal(serve, client_of, status, body(text))
    assert (failure.code, failure.transient) == ("auth_failed", False)
    assert "Check username and password" in failure.next_step


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("text", BOTH + NEITHER)
def test_where_nothing_tells_the_two_apart_both_are_named(serve, client_of, text, status):
    failure = refusal(serve, client_of, status, body(text))
    assert (failure.code, failure.transient) == ("auth_failed", False)
    assert "user and password" in failure.why
    assert "no session left" in failure.why
    assert "does not tell which" in failure.why


@pytest.mark.parametrize(
    "content", [b"", b"<html>denied</html>", b"[]", b"null", b'{"messages": 5}', b'{"messages": [null, 7, {"text": 5}]}']
)
def test_an_answer_without_words(serve, client_of, content):
    assert refusal(serve, client_of, 403, content).code == "auth_failed"
    for status, code in ((429, "rate_limited"), (409, "conflict")):
        failure = refusal(serve, client_of, status, content)
        assert failure.code == code, "a wrong password is not answered like this"
        assert "number of sessions" in failure.why
    assert refusal(serve, client_of, 503, content).code == "busy"
    assert refusal(serve, client_of, 500, content).code == "server_error"


def test_what_a_good_login_says_of_sessions_is_no_limit(serve, client_of):
    data = {
        "response": {"session": {"id": "abc", "csrf": "def"}},
        "result": "warning",
        "messages": [{"text": "This is the last of the maximum of 3 sessions."}],
    }
    server = serve(lambda request, wire: wire.reply(200, json.dumps(data).encode()))
    with client_of(server, XClaritySession("me", "Passw0rd", Redactor())) as client:
        assert client.auth.session == {"id": "abc", "csrf": "def"}


# -- renewal among many workers ---------------------------------------------------------------------------------------


class Appliance:
    """Sessions that end after ``ends_after`` requests. login: told the number of a login, answers it in place of a session, or not."""

    def __init__(self, ends_after=10, login=lambda number, wire: False):
        self.ends_after, self.login = ends_after, login
        self.used: dict[str, int] = {}
        self.logins = itertools.count(1)
        self.tried = 0
        self.bare: list[str] = []
        self.ended: list[str] = []
        self.executed: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, request, wire):
        ident = request.headers.get("cookie", "").partition("JSESSIONID=")[2].partition(";")[0]
        if (request.method, request.target) == ("POST", "/sessions"):
            number = next(self.logins)
            self.tried = number
            time.sleep(0.05)
            if not self.login(number, wire):
                with self.lock:
                    self.used[f"id-{number}"] = 0
                wire.reply(200, json.dumps({"response": {"session": {"id": f"id-{number}", "csrf": f"csrf-{number}"}}}).encode())
            return
        with self.lock:
            if not ident:
                self.bare.append(request.target)
            if request.target == "/sessions":
                self.used.pop(ident, None)
                good = True
            else:
                good = ident in self.used and self.used[ident] < self.ends_after
                if good:
                    self.used[ident] += 1
                    self.executed.append(request.target)
                elif ident not in self.used:
                    self.ended.append(request.target)
        wire.reply(200 if good else 401, b"{}")


def start_all(client, workers, count=60):
    def start(number):
        try:
            client.start("POST", f"/profiles/{number}", what="activate")
        except Failure as failure:
            return failure.code
        return None

    with ThreadPoolExecutor(workers) as pool:
        return [code for code in pool.map(start, range(count)) if code]


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_while_a_session_is_renewed_nothing_leaves_without_one(serve, client_of, workers):
    appliance = Appliance(ends_after=10)
    with client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor())) as client:
        assert start_all(client, workers) == []
    assert appliance.bare == [], "a request without a session"
    assert sorted(appliance.executed) == sorted(f"/profiles/{number}" for number in range(60))
    assert appliance.tried == 6
    assert len(appliance.used) == 0, "each session was ended"


def test_a_worker_that_the_others_overtake_again_and_again(serve, client_of):
    """Each time it sends, its session has been used up by the others meanwhile."""
    appliance = Appliance(ends_after=1)
    with client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor())) as client, ThreadPoolExecutor(1) as others:
        send = client.transport.send

        def late(method, path, **more):
            if path == "/profiles/slow" and len(appliance.executed) < 8:
                for _number in range(2):
                    others.submit(client.start, "POST", "/profiles/fast", what="activate").result()
            return send(method, path, **more)

        client.transport.send = late
        client.start("POST", "/profiles/slow", what="activate")
    assert appliance.executed == ["/profiles/fast"] * 8 + ["/profiles/slow"]
    assert appliance.bare == []


def test_a_refusal_that_is_seen_before_the_answers_that_prove_the_session_good(serve, client_of):
    """The thread that the eleventh answer is for may go on first."""
    appliance = Appliance(ends_after=1)
    with client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor())) as client:
        sent = client.auth.headers("GET", "/")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(client.auth.headers, "GET", "/").result()
        refused = Reply(401, {}, b"")
        assert client.auth.renew(client.transport, refused, sent)
        sent = client.auth.headers("GET", "/")
        with ThreadPoolExecutor(1) as pool:
            pool.submit(client.auth.headers, "GET", "/").result()
        assert not client.auth.renew(client.transport, refused, sent)
    assert appliance.tried == 2, "once, since logins without end lock accounts"
    assert "accepted user and password" in client.auth.elsewhere[0]


def test_a_login_that_is_refused_on_the_way_is_not_tried_by_each_worker(serve, client_of):
    """The password was changed meanwhile: one refusal, not one for each worker, and no request without a session."""

    def login(number, wire):
        if number > 1:
            wire.reply(403, body("The user name or the password is not valid."))
        return number > 1

    appliance = Appliance(ends_after=10, login=login)
    with client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor())) as client:
        failed = start_all(client, 8)
    assert failed == ["auth_failed"] * 50
    assert appliance.tried == 2
    assert appliance.bare == []


@pytest.mark.parametrize("status, content", [(503, b""), (403, body(LIMITS[0]))])
def test_a_login_that_is_refused_for_now_is_tried_again(serve, client_of, status, content):
    """The appliance restarts, or the limit of sessions is reached: the next poll finds it well."""

    def login(number, wire):
        if number == 2:
            wire.reply(status, content)
        return number == 2

    appliance = Appliance(ends_after=1, login=login)
    with client_of(serve(appliance), XClaritySession("me", "Passw0rd", Redactor())) as client:
        client.start("POST", "/profiles/1", what="activate")
        with pytest.raises(Failure) as caught:
            client.start("POST", "/profiles/2", what="activate")
        assert caught.value.code in ("busy", "sessions_exhausted")
        assert caught.value.outcome == "not_started"
        client.start("POST", "/profiles/3", what="activate")
    assert appliance.executed == ["/profiles/1", "/profiles/3"]
    assert appliance.bare == []
    assert appliance.tried == 3


def test_after_the_end_nothing_is_sent(serve, client_of):
    """A worker that was still busy when the run ended."""
    appliance = Appliance()
    server = serve(appliance)
    client = client_of(server, XClaritySession("me", "Passw0rd", Redactor()))
    with client:
        client.start("POST", "/profiles/1", what="activate")
    before = len(server.requests)
    with pytest.raises(Failure) as caught:
        client.start("POST", "/profiles/2", what="activate")
    assert (caught.value.code, caught.value.outcome) == ("interrupted", "none")
    assert len(server.requests) == before
    with client:
        client.start("POST", "/profiles/2", what="activate")
    assert appliance.tried == 2


def test_a_password_that_has_to_be_changed_leaves_no_session(serve, client_of):
    data = {"response": {"session": {"id": "abc", "csrf": "def"}, "pwChangeRequired": True}}
    server = serve(lambda request, wire: wire.reply(200, json.dumps(data).encode()))
    with pytest.raises(Failure) as caught:
        client_of(server, XClaritySession("me", "Passw0rd", Redactor())).__enter__()
    assert caught.value.code == "auth_failed"
    assert server.targets() == [("POST", "/sessions"), ("DELETE", "/sessions")]
    assert server.requests[1].headers["cookie"] == "JSESSIONID=abc; csrf=def"
