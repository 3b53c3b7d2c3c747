# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xclarity_session against the simulator. The pages are "POST /sessions" and "DELETE /sessions"."""

from __future__ import annotations

import pytest
from harness import OMIT

MODULE = "xclarity_session"
ONLY = {"username": OMIT, "password": OMIT}  # tasks that take a session need no other credentials


def open_sessions(sim):
    return sim.sessions("xclarity")["open"]


@pytest.mark.parametrize("check", [False, True])
def test_many_tasks_with_one_login(sim, run_module, check):
    login = run_module(MODULE, check=check)
    assert not login.failed, login
    assert login["changed"] is False
    assert set(login["session"]) == {"id", "csrf"}
    session = {"session": login["session"]}
    assert open_sessions(sim) == 1
    for _time in range(5):
        assert len(run_module("backup_info", ONLY | session)["backups"]) == 2
    copy = {"operation": "copy", "backup": "nightly", "destination": "/mnt/backups"}
    assert run_module("backup_transfer", ONLY | session | copy, check=check)["changed"] is True
    assert open_sessions(sim) == 1
    assert len([e for e in sim.log(system="xclarity") if (e["method"], e["path"]) == ("POST", "/sessions")]) == 1
    assert not run_module(MODULE, ONLY | session | {"state": "absent"}, check=check).failed
    assert open_sessions(sim) == 0


def test_the_session_is_shown_nowhere_else(sim, run_module):
    session = run_module(MODULE)["session"]
    for result in (run_module("backup_info", ONLY | {"session": session}), run_module(MODULE, {"session": session, "state": "absent"})):
        assert session["id"] not in str(result)
        assert session["csrf"] not in str(result)


def test_ending_is_idempotent(sim, run_module):
    """The page DELETE /sessions; a second end, a restart and a time-out look the same: 401."""
    params = ONLY | {"session": run_module(MODULE)["session"], "state": "absent"}
    assert run_module(MODULE, params)["changed"] is False
    assert open_sessions(sim) == 0
    assert not run_module(MODULE, params).failed
    assert not run_module(MODULE, params | {"session": {}}).failed


def test_a_session_that_has_ended_is_told(sim, run_module):
    session = run_module(MODULE)["session"]
    sim.action("xclarity", "expire_sessions")
    result = run_module("backup_info", ONLY | {"session": session})
    assert result.code == "auth_failed"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_to_the_end(sim, run_module, when):
    params = ONLY | {"session": run_module(MODULE)["session"], "state": "absent"}
    sim.fault("xclarity", "DELETE", "^/sessions", reset=when)
    assert not run_module(MODULE, params).failed
    assert open_sessions(sim) == 0


def test_a_server_that_cannot_be_reached_keeps_the_session_and_says_so(sim, run_module):
    session = run_module(MODULE)["session"]
    params = ONLY | {"session": session, "state": "absent"}
    assert run_module(MODULE, params | {"endpoint": "https://127.0.0.1:1"}).code == "connect_refused"
    assert open_sessions(sim) == 1
    assert not run_module(MODULE, params).failed


@pytest.mark.parametrize(
    "params, code",
    [
        ({"password": "wrong-password"}, "auth_failed"),
        ({"password": OMIT}, "config_credentials"),
        ({"username": OMIT}, "config_credentials"),
        ({"auth_method": "basic"}, "config_options"),
        ({"session": {"id": "0A1B2C3D", "csrf": "4E5F6071"}}, "config_options"),
        ({"session": {"id": "0A1B2C3D"}, "state": "absent"}, "config_credentials"),
        ({"session": {"id": "0A1B;2C3D", "csrf": "4E5F6071"}, "state": "absent"}, "bad_reply"),
    ],
)
def test_mistakes(sim, run_module, params, code):
    result = run_module(MODULE, params)
    assert result.code == code, result
    assert "session" not in result
    assert open_sessions(sim) == 0


def test_absent_needs_a_session(sim, run_module):
    assert run_module(MODULE, {"state": "absent"}).failed
    assert sim.log(system="xclarity") == []


def test_the_limit_of_sessions_is_told(sim, run_module):
    """Three a user; a session that is handed on takes one of them for all of its tasks."""
    sessions = [run_module(MODULE)["session"] for _time in range(3)]
    refused = run_module(MODULE)
    assert refused.code == "sessions_exhausted"
    assert "no session left" in refused["msg"]
    assert "xclarity_session" in refused["error"]["hint"]
    assert len(run_module("backup_info", ONLY | {"session": sessions[0]})["backups"]) == 2
    for session in sessions:
        run_module(MODULE, {"session": session, "state": "absent"})


@pytest.mark.parametrize("status", [400, 401, 403, 409, 429, 500, 503])
def test_the_limit_of_sessions_is_told_from_a_wrong_password(sim, run_module, status):
    """Which status and which words a real appliance has for it is not known."""
    sim.switches("xclarity", session_limit_status=status, login_failure_status=status if status < 409 else 403)
    sessions = [run_module(MODULE)["session"] for _time in range(3)]
    assert run_module(MODULE).code == "sessions_exhausted"
    assert run_module(MODULE, {"password": "wr0ng"}).code == "auth_failed"
    sim.switches("xclarity", session_limit_message="")
    silent = run_module(MODULE)
    expected = {409: "conflict", 429: "rate_limited", 500: "server_error", 503: "busy"}
    assert silent.code == expected.get(status, "auth_failed")
    assert silent.code != "auth_failed" or "does not tell which" in silent["msg"]
    for session in sessions:
        run_module(MODULE, {"session": session, "state": "absent"})


@pytest.mark.parametrize(
    "url, code",
    [("socks5://me:canary-pw@proxy.example:1080", "proxy_unsupported"), ("http://me:canary-pw@proxy.example:no", "config_proxy")],
)
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_named(sim, run_module, monkeypatch, variable, url, code):
    for name in ("https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv(variable, url)
    result = run_module(MODULE, {"use_proxy": True})
    assert result.code == code
    assert "proxy.example" in result["msg"]
    assert "canary" not in str(dict(result))
    assert sim.log(system="xclarity") == []


def test_a_very_short_secret_does_not_break_the_result(sim, run_module):
    """It masks much of the text, as Ansible's own masking would, but the result stays a result."""
    result = run_module("backup_info", {"session": {"id": "a", "csrf": "e"}})
    assert result.failed
    assert result["changed"] is False
    assert "msg" in result
