# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retry is decided by what a call does, never by its verb."""

from __future__ import annotations

import contextlib
import random

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._auth import MEANWHILE, Auth
from ansible_collections.groundwork.provision.plugins.module_utils._client import BACKOFF_BASE, BACKOFF_CAP, READ_ATTEMPTS, Budget
from ansible_collections.groundwork.provision.plugins.module_utils._errors import K1, K2, K4, Failure


def replies(*script):
    """A server that answers with each of ``script`` in turn, the last for ever. A number is a status, else a function."""
    turn = iter(script)
    last = [script[-1]]

    def respond(request, wire):
        act = next(turn, last[0])
        if isinstance(act, int):
            wire.reply(act, b'{"n": 1}')
        else:
            act(wire)

    return respond


def reset(wire):
    wire.reset()


# name -> (what the server does, code, outcome of a start, sentence); for all of them a read is sent again
PASSING = {
    "reset": (reset, "reply_lost", "unknown", K4),
    "close": (lambda wire: wire.fin(), "reply_lost", "unknown", K4),
    "500": (500, "server_error", "unknown", K4),
    "502": (502, "server_error", "unknown", K4),
    "503": (503, "busy", "unknown", K4),
    "504": (504, "server_error", "unknown", K4),
    "599": (599, "server_error", "unknown", K4),
    "999": (999, "server_error", "unknown", K4),
}


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_a_start_is_sent_once_whatever_its_verb(serve, client_of, fault, method):
    act, code, outcome, sentence = PASSING[fault]
    server = serve(replies(act))
    with pytest.raises(Failure) as caught:
        client_of(server).start(method, "/x", what="start it")
    assert (caught.value.code, caught.value.outcome) == (code, outcome)
    assert sentence in caught.value.message()
    assert "was not repeated" in caught.value.message()
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", PASSING)
def test_a_read_is_sent_again(serve, client_of, clock, fault):
    act, code, _outcome, _sentence = PASSING[fault]
    server = serve(replies(act, act, 200))
    assert client_of(server).read("/x", what="read it") == {"n": 1}
    assert len(server.requests) == 3
    assert len(clock.slept) == 2
    server = serve(replies(act))
    with pytest.raises(Failure) as caught:
        client_of(server).read("/x", what="read it")
    assert (caught.value.code, caught.value.outcome) == (code, "none")
    assert K1 in caught.value.message()
    assert "before running again" not in caught.value.message(), "nothing was started"
    assert len(server.requests) == READ_ATTEMPTS


class LogsIn(Auth):
    def open(self, transport):
        transport.send("POST", "/sessions", body={}, what="log in")


def test_a_login_without_an_answer_is_told_as_one_and_has_started_nothing(serve, client_of):
    with pytest.raises(Failure) as caught, client_of(serve(replies(reset)), LogsIn()):
        pass
    error = caught.value.public()
    assert (error["code"], error["system"], error["operation"], error["hint"]) == ("reply_lost", "test", "log in", "Run again.")


@pytest.mark.parametrize("status", [301, 400, 403, 404, 405, 409, 411, 412, 415, 421, 422, 426, 431, 451])
def test_a_refusal_is_final_for_both(serve, client_of, status):
    server = serve(replies(status))
    client = client_of(server)
    for call, outcome, sentence in ((client.read, "none", K1), (client.start, "not_started", K2)):
        with pytest.raises(Failure) as caught:
            call(*(("GET",) if call == client.start else ()), "/x", what="do it")
        assert caught.value.outcome == outcome
        assert sentence in caught.value.message()
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [423, 429])
@pytest.mark.parametrize("told, waited", [("0", 0.0), ("3", 3.0), ("9999999", 60.0), ("abc", None), (None, None)])
def test_limited_is_a_refusal_for_certain_so_a_start_may_be_sent_again(serve, client_of, clock, status, told, waited):
    headers = [("Retry-After", told)] if told is not None else []
    turns = iter([status, 200])
    server = serve(lambda request, wire: wire.reply(next(turns), b"{}", headers))
    assert client_of(server).start("POST", "/x", what="start it").status == 200
    assert len(server.requests) == 2
    if waited is not None:
        assert sum(clock.slept) == waited
    else:
        assert 0 <= sum(clock.slept) <= BACKOFF_CAP


def test_limited_for_ever_ends(serve, client_of):
    server = serve(replies(429))
    with pytest.raises(Failure) as caught:
        client_of(server).start("POST", "/x", what="start it")
    assert (caught.value.code, caught.value.outcome) == ("rate_limited", "not_started")
    assert len(server.requests) == 4


def test_connection_refused_is_tried_twice_for_a_start(serve, client_of, clock):
    server = serve(replies(200))
    client = client_of(server)
    server.close()
    with pytest.raises(Failure) as caught:
        client.start("POST", "/x", what="start it")
    assert (caught.value.code, caught.value.outcome) == ("connect_refused", "none")
    assert client.transport.sent == 2
    assert clock.slept == [random.Random(1).uniform(0, 2 * BACKOFF_BASE)]


class Once(Auth):
    """New credentials for the first 401 only."""

    def __init__(self, times: int) -> None:
        self.left = times

    def headers(self, method, target):
        return {"X-Token": str(self.left)}

    def renew(self, transport, reply, sent):
        self.left -= 1
        return self.left >= 0


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_401_is_a_refusal_so_a_start_is_sent_again_with_new_credentials(serve, client_of, method):
    server = serve(replies(401, 200))
    assert client_of(server, Once(1)).start(method, "/x", what="start it").status == 200
    assert [request.headers["x-token"] for request in server.requests] == ["1", "0"]


@pytest.mark.parametrize("renewed, sent", [(True, Auth.MAX_CHALLENGES + 1), (MEANWHILE, 30)])
def test_a_401_to_credentials_that_another_worker_has_replaced_counts_for_nothing(serve, client_of, renewed, sent):
    """A worker that the others overtake again and again is not refused for it."""

    class Overtaken(Once):
        def renew(self, transport, reply, sent):
            return super().renew(transport, reply, sent) and renewed

    server = serve(lambda request, wire: wire.reply(401 if len(server.requests) < 30 else 200))
    with contextlib.suppress(Failure):
        client_of(server, Overtaken(40)).start("POST", "/x", what="start it")
    assert len(server.requests) == sent


def test_401_without_new_credentials_is_final(serve, client_of):
    server = serve(replies(401))
    with pytest.raises(Failure) as caught:
        client_of(server, Once(1)).start("POST", "/x", what="start it")
    assert (caught.value.code, caught.value.outcome) == ("auth_failed", "not_started")
    assert len(server.requests) == 2


def test_when_no_new_credentials_can_be_had_the_401_is_what_counts(serve, client_of):
    class Broken(Once):
        def renew(self, transport, reply, sent):
            raise Failure("auth_unsupported", "no Digest is offered.")

    with pytest.raises(Failure) as caught:
        client_of(serve(replies(401)), Broken(1)).start("POST", "/x", what="start it")
    assert (caught.value.code, caught.value.outcome) == ("auth_unsupported", "not_started")


def test_a_reset_after_a_401_is_not_repeated(serve, client_of):
    """The challenge was a refusal; the second transmission is the one whose outcome is unknown."""
    server = serve(replies(401, reset))
    with pytest.raises(Failure) as caught:
        client_of(server, Once(3)).start("POST", "/x", what="start it")
    assert caught.value.outcome == "unknown"
    assert len(server.requests) == 2


def test_the_retries_of_a_whole_run_are_bounded(serve, client_of):
    server = serve(replies(500))
    client = client_of(server)
    for _number in range(50):
        with pytest.raises(Failure):
            client.read("/x", what="read it")
    assert len(server.requests) == 50 + 20


def test_a_success_gives_a_fifth_of_a_retry_back():
    budget = Budget(2)
    assert [budget.take() for _number in range(3)] == [True, True, False]
    for _number in range(5):
        budget.give()
    assert [budget.take() for _number in range(2)] == [True, False]


def test_a_login_page_is_read_again(serve, client_of):
    server = serve(replies(lambda wire: wire.reply(200, b"<html>log in</html>"), 200))
    assert client_of(server).read("/x", what="read it") == {"n": 1}
    assert len(server.requests) == 2


def test_an_interrupted_run_logs_out_in_two_seconds(serve, client_of):
    closed = []

    class Session(Auth):
        def close(self, transport):
            closed.append(transport.timeout)

    def interrupt() -> None:
        with client_of(serve(replies(200)), Session(), timeout=30.0):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert closed == [2.0]


def test_the_message_of_the_server_is_told(serve, client_of):
    client = client_of(serve(replies(409)))
    client._explain = lambda reply: "in use by\x1b[31m web-01\r\nok: [localhost]"
    with pytest.raises(Failure) as caught:
        client.start("POST", "/x", what="start it")
    assert caught.value.server_message == "in use by [31m web-01 ok: [localhost]"


def test_a_reply_is_read_with_its_headers_and_nothing_is_sent_along(serve, client_of):
    server = serve(lambda request, wire: wire.reply(200, b"x", [("X-Told", "1")]))
    reply = client_of(server).read_reply("/x", query=(("a", "b"),), what="look")
    (request,) = server.requests
    assert (reply.status, reply.headers["X-Told"], reply.body) == (200, "1", b"x")
    assert (request.method, request.target, request.body) == ("GET", "/x?a=b", b"")
    assert "content-type" not in request.headers


@pytest.mark.parametrize("earlier, by_endpoint, body, blamed", [
    (0, True, b"<html>", True), (1, True, b"<html>", False), (0, False, b"<html>", False), (0, True, b"said", False),
])  # fmt: skip
def test_a_404_to_the_first_request_is_about_the_endpoint(serve, client_of, earlier, by_endpoint, body, blamed):
    def respond(request, wire):
        wire.reply(404 if "/x" in request.target else 200, body)

    client = client_of(serve(respond))
    client.by_endpoint = by_endpoint
    client._explain = lambda reply: "said" if reply.body == b"said" else None
    for _request in range(earlier):
        client.read_reply("/well", what="read it")
    with pytest.raises(Failure) as caught:
        client.read("/x", query=(("a", "b"),), what="list them")
    assert caught.value.code == "not_found"
    assert ("does not know the path /x." in caught.value.why) is blamed
    assert caught.value.next_step.startswith("Check endpoint: it is the address of the server") is blamed
