# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xclarity_session against the simulator. The pages are "POST /sessions" and "DELETE /sessions"."""

from __future__ import annotations

import fcntl
import hashlib

import pytest
from harness import OMIT

from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

MODULE = "xclarity_session"
ONLY = {"username": OMIT, "password": OMIT}  # tasks that take a session need no other credentials

AT_ONCE = {"session_timeout": 0}


def open_sessions(sim):
    return sim.sessions("xclarity")["open"]


@pytest.mark.parametrize("check", [False, True])
def test_many_tasks_with_one_login(sim, run_module, check):
    login = run_module(MODULE, check=check)
    assert not login.failed, login
    assert login["changed"] is False
    assert set(login["session"]) == {"id", "csrf", "server"}
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


@pytest.mark.parametrize("params", [{}, {"state": "absent"}], ids=["use", "end"])
def test_a_session_goes_to_no_other_server(sim, run_module, params):
    """Easily had with two appliances: the session in module_defaults, the endpoint by host."""
    session = run_module(MODULE)["session"]
    since = sim.last()
    other = sim.ready["xclarity"].replace("localhost", "127.0.0.1") if "localhost" in sim.ready["xclarity"] else sim.ready["ops_manager"]
    module = MODULE if params else "backup_info"
    result = run_module(module, ONLY | {"session": session, "endpoint": other, **params})
    assert result.code == "config_credentials"
    assert "opened at another address" in result["msg"]
    assert sim.log(since=since) == []
    assert not run_module(module, ONLY | {"session": {**session, "server": ""}, **params}).failed
    assert not run_module(MODULE, ONLY | {"session": session, "state": "absent"}).failed


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
    elsewhere = {"endpoint": "https://127.0.0.1:1", "session": {**session, "server": ""}}
    assert run_module(MODULE, params | elsewhere).code == "connect_refused"
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
        ({"session": {"id": "0A1B;2C3D", "csrf": "4E5F6071"}, "state": "absent"}, "config_credentials"),
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
    refused = run_module(MODULE, AT_ONCE)
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
    assert run_module(MODULE, AT_ONCE).code == "sessions_exhausted"
    assert run_module(MODULE, {"password": "wr0ng"}).code == "auth_failed"
    sim.switches("xclarity", session_limit_message="")
    silent = run_module(MODULE, AT_ONCE)
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


# -- the list, and sessions that were left open ------------------------------------------------------------------------

INFO = "xclarity_session_info"
VIEWER = {"username": "VIEWER", "password": "Passw0rd-view"}


@pytest.fixture
def left(sim, run_module, tmp_path):
    """left(times, ...): sessions that some other machine has opened and left, by id; in the end all are closed."""

    def leave(times=1, **more):
        opened = [run_module(MODULE, {"state_dir": str(tmp_path / "elsewhere"), **more})["session"] for _time in range(times)]
        return [one["id"] for one in opened]

    yield leave
    sim.action("xclarity", "expire_sessions")


def digest(ident):
    return hashlib.sha256(ident.encode()).hexdigest()


def test_the_list_tells_whose_they_are_and_never_their_ids(sim, run_module, left):
    sim.clock(mode="manual")
    idents = left() + left(**VIEWER)
    sim.clock(advance=100)
    result = run_module(INFO)
    assert not result.failed, result
    rows = {row["digest"]: row for row in result["sessions"]}
    assert [rows[digest(one)]["user"] for one in idents] == ["AUTOMATION", "VIEWER"]
    assert [rows[digest(one)]["own"] for one in idents] == [False, False]
    assert [(rows[digest(one)]["age"], rows[digest(one)]["idle"]) for one in idents] == [(100.0, 100.0)] * 2
    (own,) = [row for row in result["sessions"] if row["own"]]
    assert (own["age"], own["task"]) == (0.0, "running")
    assert rows[digest(idents[0])]["task"] is None
    assert not any(one in str(dict(result)) for one in idents)


def in_a_run_that_was_killed(harness, sim, name):
    """A slot that names a session of a process that is gone."""
    folder = harness.folder / "state" / "sessions"
    folder.mkdir(parents=True, mode=0o700)
    (folder / f"{name}.slot").write_text(digest(sim.sessions("xclarity")["sessions"][0]["id"]), encoding="ascii")


def test_what_the_list_tells_of_tasks_of_this_machine(sim, run_module, left, harness):
    (ident,) = left()
    in_a_run_that_was_killed(harness, sim, "other-user-0")
    (row,) = [row for row in run_module(INFO)["sessions"] if row["digest"] == digest(ident)]
    assert row["task"] == "ended"
    with open(harness.folder / "state" / "sessions" / "other-user-0.slot", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        (row,) = [row for row in run_module(INFO)["sessions"] if row["digest"] == digest(ident)]
        assert row["task"] == "running"
        kept = run_module(MODULE, {"state": "absent", "older_than": 0})
        assert (kept["changed"], kept["sessions"]) == (False, []), "a task of this machine is using it"
        refused = run_module(MODULE, {"state": "absent", "sessions": [digest(ident)]})
        assert (refused.code, refused["outcome"]) == ("session_in_use", "none")
    assert open_sessions(sim) == 1
    assert run_module(MODULE, {"state": "absent", "sessions": [digest(ident)]})["changed"] is True
    assert open_sessions(sim) == 0


@pytest.mark.parametrize(
    "asked, ended",
    [
        ({"user": "viewer"}, ["viewer"]), ({"older_than": 90}, ["old"]), ({"idle_for": 90}, ["old"]), ({"idle_for": 5000}, []),
        ({"user": "automation", "older_than": 0}, ["old", "new"]), ({"user": "VIEWER", "older_than": 90}, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("check", [False, True])
def test_those_that_fit_are_ended_and_no_others(sim, run_module, left, asked, ended, check):
    sim.clock(mode="manual")
    names = {"old": left()[0]}
    sim.clock(advance=100)
    names |= {"new": left()[0], "viewer": left(**VIEWER)[0]}
    params = {"state": "absent", **asked}
    result = run_module(MODULE, params, check=check)
    assert not result.failed, result
    assert result["changed"] is bool(ended)
    assert {row["digest"] for row in result["sessions"]} == {digest(names[name]) for name in ended}
    there = {one["id"] for one in sim.sessions("xclarity")["sessions"]}
    assert there == {ident for name, ident in names.items() if check or name not in ended}
    assert len(result["plan"]) == len(ended)
    assert not any(ident in str(dict(result)) for ident in names.values())
    assert not any(ident in str(dict(run_module(MODULE, params))) for ident in names.values())
    assert run_module(MODULE, params)["changed"] is False


@pytest.mark.parametrize("reset", ["before", "after"])
def test_a_lost_answer_to_the_end_of_one_that_was_left_open(sim, run_module, left, reset):
    (ident,) = left()
    sim.fault("xclarity", "DELETE", "^/sessions/", reset=reset)
    result = run_module(MODULE, {"state": "absent", "sessions": [digest(ident)]})
    assert result.failed is (reset == "before")
    assert result["outcome"] == ("unknown" if reset == "before" else "finished")
    assert ident not in str(dict(result))
    assert not run_module(MODULE, {"state": "absent", "sessions": [digest(ident)]}).failed


def test_whoever_has_no_session_left_gets_at_them_with_basic(sim, run_module, left):
    left(3)
    assert run_module("backup_info", AT_ONCE).code == "sessions_exhausted"
    basic = {"auth_method": "basic"}
    assert len(run_module(INFO, basic)["sessions"]) == 3
    assert run_module(MODULE, {**basic, "state": "absent", "older_than": 0})["changed"] is True
    assert open_sessions(sim) == 0
    assert not run_module("backup_info", AT_ONCE).failed


@pytest.mark.parametrize(
    "module, params, seconds",
    [
        (INFO, {}, 30), (MODULE, {"state": "absent", "older_than": 3600}, 30), (MODULE, {}, 3600),
        (INFO, {"session_timeout": 7}, 7), (MODULE, {"state": "absent", "older_than": 3600, "session_timeout": 7}, 7),
    ],
)  # fmt: skip
def test_who_comes_to_look_at_the_sessions_does_not_wait_an_hour_for_one(sim, run_module, monkeypatch, module, params, seconds):
    """Often there is none left, which is why somebody looks."""
    patience = []

    class Noted(api.Slots):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            patience.append(self.patience)

    monkeypatch.setattr(api, "Slots", Noted)
    found = run_module(module, params)
    assert patience == [seconds]
    if "session" in found:
        run_module(MODULE, {"session": found["session"], "state": "absent"})


@pytest.mark.parametrize(
    "params, code",
    [
        ({"state": "absent", "sessions": ["0A1B"]}, "config_id"), ({"state": "absent", "idle_for": -1}, "config_number"),
        ({"state": "present", "user": "x"}, "config_options"),
    ],
)  # fmt: skip
def test_mistakes_about_the_list(sim, run_module, params, code):
    assert run_module(MODULE, params).code == code
    assert sim.log(system="xclarity") == []


def test_an_answer_of_another_shape(sim, run_module):
    sim.fault("xclarity", "GET", "^/sessions", times=-1, body='{"response": [{"UserId": "x"}]}')
    assert run_module(INFO).code == "bad_reply"
