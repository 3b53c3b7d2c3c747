# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated XClarity's sessions: cookies, CSRF, Basic, limits, lockout, roles, and the shapes of refusals."""

from __future__ import annotations

from typing import Any

import pytest
from xclarity_calls import ESTATE, Calls

from simulator.client import Control


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE)
    control.clock(mode="manual")
    return Calls(control)


def test_log_in_and_out(control: Control, calls: Calls) -> None:
    reply = calls.log_in()
    session = reply.json()["response"]["session"]
    assert reply.headers["Content-Type"] == "application/com.lenovo.lxca-v4.1.0+json; charset=UTF-8"
    assert reply.json()["result"] == "success"
    assert reply.json()["response"]["pwChangeRequired"] is False
    assert session["UserId"] == "admin"
    assert session["inactivityTimeout"] == 1440
    cookies = {cookie.name: cookie for cookie in calls.http.cookies}
    assert cookies["JSESSIONID"].value == session["id"]
    assert cookies["csrf"].value == session["csrf"]
    assert cookies["user"].value == "admin"
    assert all(cookie.secure and cookie.path == "/" for cookie in cookies.values())
    listed = calls("GET", "/sessions").json()["response"]
    assert [(one["UserId"], one["isOwnSession"]) for one in listed] == [("admin", True)]
    assert control.sessions("xclarity")["open"] == 1
    assert calls("DELETE", "/sessions").json()["result"] == "success"
    assert calls("GET", "/profiles").status_code == 401
    report = control.sessions("xclarity")
    assert (report["open"], report["opened"], report["closed"]) == (0, 1, 1)


def test_one_session_can_end_another(calls: Calls, control: Control) -> None:
    other = Calls(control)
    identifier = other.log_in().json()["response"]["session"]["id"]
    calls.log_in()
    assert calls("DELETE", f"/sessions/{identifier}").status_code == 200
    assert calls("DELETE", f"/sessions/{identifier}").status_code == 404
    assert other("GET", "/aicc").status_code == 401


def test_writes_of_a_cookie_session_need_the_csrf_header(calls: Calls, control: Control) -> None:
    calls.log_in()
    token = calls.http.headers.pop("X-Csrf-Token")
    assert calls("GET", "/profiles").status_code == 200
    for method, path in (("PUT", "/tasks"), ("POST", "/profiles/71"), ("DELETE", "/profiles/71"), ("DELETE", "/sessions")):
        assert calls(method, path, {}).status_code == 403
        assert calls(method, path, {}, headers={"X-Csrf-Token": "wrong"}).status_code == 403
    control.switches("xclarity", csrf_on_get=True)
    assert calls("GET", "/profiles").status_code == 403
    calls.http.headers["X-Csrf-Token"] = token
    assert calls("GET", "/profiles").status_code == 200
    assert calls("DELETE", "/sessions").status_code == 200


def test_basic_needs_neither_session_nor_csrf(calls: Calls, control: Control) -> None:
    assert calls("PUT", "/profiles/71", {"profileName": "renamed"}).status_code == 204
    assert control.sessions("xclarity")["opened"] == 0
    assert calls("GET", "/aicc").headers["Content-Type"].startswith("application/")
    calls.http.auth = ("admin", "wrong")
    assert calls("GET", "/aicc").status_code == 401
    calls.http.auth = None
    assert calls("GET", "/aicc").status_code == 401
    assert calls("GET", "/aicc", headers={"Authorization": "Basic *"}).status_code == 401


@pytest.mark.parametrize("status", [403, 401])
def test_bad_login(calls: Calls, control: Control, status: int) -> None:
    control.switches("xclarity", login_failure_status=status)
    reply = calls.log_in(password="wrong")
    assert reply.status_code == status
    assert reply.json()["result"] == "failed"
    assert calls.log_in("nobody").status_code == status
    assert calls("POST", "/sessions", {"UserId": "admin"}).status_code == 400
    assert calls("POST", "/sessions", {"UserId": 1, "password": 2}).status_code == 400


def test_no_more_than_three_sessions_a_user(calls: Calls, control: Control) -> None:
    clients = [Calls(control) for _number in range(3)]
    assert [client.log_in().status_code for client in clients] == [200, 200, 200]
    assert calls.log_in().status_code == 403
    assert Calls(control).log_in("viewer").status_code == 200
    control.switches("xclarity", session_limit_status=500)
    assert calls.log_in().status_code == 500
    clients[0]("DELETE", "/sessions")
    assert calls.log_in().status_code == 200
    control.switches("xclarity", max_concurrent_sessions=0)
    assert Calls(control).log_in().status_code == 200


def test_the_words_of_the_two_refusals(calls: Calls, control: Control) -> None:
    control.switches("xclarity", max_concurrent_sessions=1)
    Calls(control).log_in()
    assert calls.log_in().json()["messages"][0]["text"] == "The user has reached the maximum of 1 sessions."
    control.switches("xclarity", session_limit_message="", login_failure_message="No.")
    assert calls.log_in().json() == {"result": "failed", "messages": []}
    assert calls.log_in("nobody").json()["messages"][0]["text"] == "No."


def test_basic_can_be_counted_as_a_session(calls: Calls, control: Control) -> None:
    control.switches("xclarity", basic_counts_session=True, max_concurrent_sessions=1)
    assert calls("GET", "/aicc").status_code == 200
    assert calls("GET", "/aicc").status_code == 200
    Calls(control).log_in()
    assert calls("GET", "/aicc").status_code == 403


def test_inactivity_ends_a_session(calls: Calls, control: Control) -> None:
    control.switches("xclarity", inactivity_minutes=10)
    calls.log_in()
    for _call in range(3):
        control.clock(advance=590)
        assert calls("GET", "/aicc").status_code == 200
    # Polling that says that it is no user does not keep the session.
    control.clock(advance=590)
    assert calls("GET", "/aicc", headers={"X-NOT-USER-INPUT": "checkSession"}).status_code == 200
    control.clock(advance=20)
    assert calls("GET", "/aicc").status_code == 401
    assert control.sessions("xclarity")["closed"] == 1


def test_timed_out_sessions_free_their_slots(calls: Calls, control: Control) -> None:
    for _number in range(3):
        Calls(control).log_in()
    assert calls.log_in().status_code == 403
    control.clock(advance=1441 * 60)
    assert calls.log_in().status_code == 200


def test_lockout(calls: Calls, control: Control) -> None:
    control.switches("xclarity", max_login_failures=3, lockout_minutes=60)
    for password in ("wrong", "wrong", None, "wrong", "wrong", "wrong"):
        # The right one in between begins the count anew.
        calls.log_in(password=password)
    assert calls.log_in().status_code == 403
    control.clock(advance=3601)
    assert calls.log_in().status_code == 200


def test_account_policy(calls: Calls, control: Control) -> None:
    assert calls("GET", "/userAccountSettings").json()["response"] == [
        {"MaximumLoginFailures": 20, "LockoutTime": 60, "MaxConcurrentSessions": 3, "InactivityTimeout": 1440}
    ]
    assert calls("PUT", "/userAccountSettings", {"MaxConcurrentSessions": 7}).status_code == 200
    assert calls("PUT", "/userAccountSettings", {"MaxConcurrentSessions": "7"}).status_code == 400
    assert calls("PUT", "/userAccountSettings", {"Other": 7}).status_code == 400
    assert control.switches("xclarity")["max_concurrent_sessions"] == 7
    default = calls("GET", "/userAccountSettings?default=true").json()["response"][0]
    assert default["MaxConcurrentSessions"] == 3


def test_a_reader_may_read(control: Control, calls: Calls) -> None:
    viewer = Calls(control, user="viewer")
    assert viewer("GET", "/profiles").status_code == 200
    assert viewer("POST", "/nodes", {"uuids": ESTATE["nodes"][0]["uuid"]}).status_code == 200
    assert viewer("POST", "/profiles/71", {"restart": "defer"}).status_code == 403


def test_licence_is_the_other_meaning_of_403(control: Control, calls: Calls) -> None:
    control.switches("xclarity", licence_active=False)
    for method, path in (("GET", "/profiles"), ("POST", "/profiles/71"), ("PUT", "/tasks"), ("GET", "/osImages")):
        reply = calls(method, path, {})
        assert reply.status_code == 403
        assert "license" in reply.json()["messages"][0]["text"]
    assert calls("GET", "/nodes").status_code == 200
    assert calls("GET", "/tasks").status_code == 200


@pytest.mark.parametrize(
    ("shape", "expected"),
    [("object", {"text": "List profiles and retry.", "URL": ""}),
     ("list", [{"text": "List profiles and retry.", "URL": ""}]), ("string", "List profiles and retry.")],
)
def test_shapes_of_messages(control: Control, calls: Calls, shape: str, expected: Any) -> None:
    control.switches("xclarity", recovery_shape=shape, failed_word="failure", content_type="text/plain")
    reply = calls("GET", "/profiles/999")
    assert reply.status_code == 404
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert reply.json()["result"] == "failure"
    assert reply.json()["messages"][0]["recovery"] == expected
    assert set(reply.json()["messages"][0]) == {"id", "text", "explanation", "recovery"}


def test_unknown_paths_and_long_ones(control: Control, calls: Calls) -> None:
    assert calls("GET", "/nothing/here").json()["result"] == "failed"
    assert calls("PATCH", "/profiles").status_code == 404
    control.switches("xclarity", max_url_length=100)
    assert calls("GET", "/tasks/" + ",".join(str(number) for number in range(100))).status_code == 414


def test_sessions_end_when_the_server_restarts(control: Control, calls: Calls) -> None:
    calls.log_in()
    control.action("xclarity", "restart", seconds=30)
    assert calls("GET", "/aicc").status_code == 503
    control.clock(advance=31)
    assert calls("GET", "/aicc").status_code == 401
    assert control.state("xclarity")["counts"]["restarts"] == 1


def test_sessions_can_be_expired_by_a_test(control: Control, calls: Calls) -> None:
    calls.log_in()
    assert control.action("xclarity", "expire_sessions", user="nobody") == {"expired": 0}
    assert control.action("xclarity", "expire_sessions") == {"expired": 1}
    assert calls("GET", "/aicc").status_code == 401
