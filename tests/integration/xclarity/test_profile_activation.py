# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""profile_activation against the simulator. "The page" is the vendor's page "POST /profiles/{id}"."""

from __future__ import annotations

import pytest

RACK = "0A10000000000000000000000000000A"
BAY3 = "1B54B9AEFCE04D5E820C0B6310D03590_bay3"
MODULE = "profile_activation"


def changing(sim):
    return [e for e in sim.log(system="xclarity", changing=True) if "/sessions" not in e["path"]]


def sent(result):
    return [(step["method"], step["path"]) for step in result["plan"]]


@pytest.mark.parametrize("auth_method", ["session", "basic"])
def test_activate_a_rack_server_now(sim, run_module, auth_method):
    """The page: restart immediate, uuid of a rack server, 200."""
    params = {"profile": "web-01", "uuid": RACK, "restart": "immediate", "auth_method": auth_method}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    assert first["profiles"][0]["status"] == "active"
    assert first["profiles"][0]["uuid"] == RACK
    assert first["profiles"][0]["history"][-1]["state"] == "Complete"
    assert first["diff"]["before"] == {"71": {"name": "web-01", "status": "inactive", "target": ""}}
    assert first["diff"]["after"] == {"71": {"name": "web-01", "status": "active", "target": RACK, "restart": "now"}}
    assert sent(first) == [("POST", "/profiles/71")]
    assert first["plan"][0]["body"] == {"restart": "immediate", "uuid": RACK}
    assert [(e["method"], e["path"]) for e in changing(sim)] == [("POST", "/profiles/71")]

    since = sim.last()
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["outcome"] == "none"
    assert second["plan"] == []
    assert [e for e in sim.log(since=since, changing=True) if "/sessions" not in e["path"]] == []


def test_the_example_of_the_page(sim, run_module):
    """The page: its example, restart defer on the location id of a Flex bay; active only after a manual restart."""
    params = {"profile": "75", "uuid": BAY3, "restart": "defer"}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["profiles"][0]["status"] == "pending"
    assert first["profiles"][0]["location"] == BAY3
    assert run_module(MODULE, params)["changed"] is False
    sim.action("xclarity", "reboot", uuid="0A10000000000000000000000000000E")
    again = run_module(MODULE, params)
    assert again["changed"] is False
    assert again["profiles"][0]["status"] == "active"


@pytest.mark.parametrize(
    "switches", [{"defer_end_state": "activating"}, {"defer_job_waits": True}, {"defer_job_waits": True, "jobRecordId_is_task": False}]
)
def test_defer_ends_whatever_the_server_takes_it_for(sim, run_module, switches):
    """The page does not say what a deferred activation shows; neither reading makes the task hang or repeat."""
    sim.switches("xclarity", **switches)
    params = {"profile": "75", "uuid": BAY3, "restart": "defer", "wait_timeout": 5}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert run_module(MODULE, params)["changed"] is False
    assert len(changing(sim)) == 1


def test_check_mode_sends_nothing_and_tells_what_would_be_sent(sim, run_module):
    params = {"restart": "immediate", "profiles": [{"profile": "web-01", "uuid": RACK}, {"profile": "app-01", "uuid": BAY3}]}
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    real = run_module(MODULE, params | {"concurrency": 1})
    assert predicted["plan"] == real["plan"]
    assert predicted["diff"] == real["diff"]
    assert [(e["method"], e["path"]) for e in changing(sim)] == sent(predicted)


def test_a_pending_profile_is_finished_by_a_restart(sim, run_module):
    """The page: an assigned profile may be activated without uuid; its target comes from the profile."""
    result = run_module(MODULE, {"profile": "app-02", "restart": "immediate"})
    assert not result.failed, result
    assert result["changed"] is True
    assert result["plan"][0]["body"] == {"restart": "immediate"}
    assert result["profiles"][0]["status"] == "active"


def test_redeploy_is_only_done_when_asked_for(sim, run_module):
    """The page: redeploying a server profile that is active."""
    params = {"profile": "db-01", "restart": "immediate"}
    assert run_module(MODULE, params)["changed"] is False
    assert run_module(MODULE, params | {"redeploy": True})["changed"] is True
    assert sim.state("xclarity")["profiles"]["74"]["activations"] == 1


@pytest.mark.parametrize("redeploy", [True, False])
def test_one_whose_redeployment_fails_is_to_be_redeployed_alone(sim, run_module, redeploy):
    """Run again as it was, the task would restart the servers of the others."""
    rows = [{"profile": "web-01", "uuid": RACK}, {"profile": "db-01"}]
    sim.switches("xclarity", fail_next=[{"kind": "activate", "resource": "71", "state": "Stopped_With_Error"}])
    failed = run_module(MODULE, {"restart": "immediate", "redeploy": redeploy, "profiles": rows})
    assert (failed.code, failed["error"]["resources"]) == ("job_failed", ["web-01"])
    told = "then run again only for what failed (with --limit, or with the others left out), since with redeploy each run activates"
    assert (told in failed["msg"]) is redeploy, failed["msg"]
    assert failed["msg"].endswith(" every profile that it names." if redeploy else "then run again.")


def test_a_failed_activation_is_repaired(sim, run_module):
    """The page: redeploying a profile that failed activation."""
    sim.switches("xclarity", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}])
    params = {"profile": "web-01", "uuid": RACK, "restart": "immediate"}
    first = run_module(MODULE, params)
    assert first.failed
    assert first.code == "job_failed"
    assert first["changed"] is True
    assert " ended as Stopped_With_Error" in first["msg"]
    assert "was started" not in first["msg"], "its end is told"
    second = run_module(MODULE, params)
    assert not second.failed, second
    assert second["profiles"][0]["status"] == "active"


def test_target_mismatch_is_refused_before_sending(sim, run_module):
    """The page: the specified UUID must match the UUID of the current target server."""
    result = run_module(MODULE, {"profile": "db-01", "uuid": RACK, "restart": "immediate"})
    assert result.code == "target_mismatch"
    assert result["changed"] is False
    assert "Nothing was changed." in result["msg"]
    assert changing(sim) == []


@pytest.mark.parametrize(
    "params, code",
    [
        ({"profile": "web-01", "restart": "immediate"}, "uuid_missing"),
        ({"profile": "no-such", "uuid": RACK, "restart": "immediate"}, "profile_not_found"),
        ({"profiles": [], "restart": "immediate"}, "config_empty"),
        ({"profile": "web-01", "uuid": RACK}, "config_restart"),
        ({"profiles": [{"profile": "db-01"}, {"profile": "74"}], "restart": "immediate"}, "duplicate_item"),
        ({"profile": "web-01", "restart": "defer", "endpoint": "http://127.0.0.1"}, "config_host"),
        ({"profile": "web-01", "restart": "defer", "endpoint": "https://127.0.0.1:1"}, "connect_refused"),
        ({"profile": "web-01", "restart": "defer", "ca_path": None}, "tls_untrusted"),
        ({"profile": "web-01", "restart": "defer", "password": "wrong-password"}, "auth_failed"),
        ({"profile": "web-01", "restart": "defer", "poll_interval": 0}, "config_number"),
    ],
)
def test_bad_input_is_told_before_anything_is_sent(sim, run_module, params, code):
    result = run_module(MODULE, params)
    assert result.code == code, result["msg"]
    assert result["changed"] is False
    assert result["error"]["hint"]
    assert "Traceback" not in str(result)
    assert changing(sim) == []


def test_an_ambiguous_name_lists_the_ids(empty_sim, run_module, sim):
    sim.seed(xclarity={"profiles": [{"id": "90", "name": "71"}]})
    result = run_module(MODULE, {"profile": "71", "uuid": RACK, "restart": "immediate"})
    assert result.code == "profile_ambiguous"
    assert "71" in result["msg"]
    assert "90" in result["msg"]


@pytest.mark.parametrize("status, code, known", [
    (400, "bad_request", "The server refused the request"),
    (403, "forbidden", "The server refused the request"),
    (404, "not_found", "The server refused the request"),
    (500, "server_error", "It is not known whether"),
])  # fmt: skip
def test_every_status_code_of_the_page(sim, run_module, status, code, known):
    """The page: 400, 403, 404 and 500, each with a descriptive message in the body."""
    body = '{"result":"failed","messages":[{"id":"FQXHMCP0001J","text":"told by the server","recovery":[{"text":"do this"}]}]}'
    sim.fault("xclarity", "POST", "^/profiles/", status=status, body=body)
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate", "reconcile_timeout": 0.2})
    assert result.failed
    assert result.code == code
    assert result["error"]["status"] == status
    assert "told by the server" in result["error"]["server_message"]
    assert known in result["msg"]
    assert result["changed"] is (status == 500)
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("when, found", [("after", True), ("before", False)])
def test_a_lost_answer_is_looked_for_and_never_sent_again(sim, run_module, when, found):
    sim.fault("xclarity", "POST", "^/profiles/", reset=when)
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate"})
    assert len(changing(sim)) == 1
    assert result["changed"] is True
    if found:
        assert not result.failed, result
        assert result["profiles"][0]["reconciled"] is True
        assert result["profiles"][0]["status"] == "active"
    else:
        assert result["outcome"] == "unknown"
        assert "It is not known whether the job was started." in result["msg"]
        assert "The request was not repeated." in result["msg"]


@pytest.mark.parametrize("switches", [
    {"jobRecordId_is_task": False, "unknown_task_reply": 404},
    {"jobRecordId_is_task": False, "unknown_task_reply": 400},
    {"jobRecordId_is_task": False, "unknown_task_reply": "empty"},
    {"activation_job_id": "empty"},
    {"activation_job_id": "absent"},
    {"task_status_words": {"Complete": "complete"}},
    {"compliance_case": "upper"},
    {"content_type": "text/plain"},
])  # fmt: skip
def test_every_undocumented_variant_is_handled(sim, run_module, switches):
    """The page's response table is empty: what the id is good for is not known, so the profile itself is the judge."""
    sim.switches("xclarity", **switches)
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate"})
    assert not result.failed, result
    assert result["profiles"][0]["status"] == "active"
    assert len(changing(sim)) == 1


def test_a_refusal_inside_a_200(sim, run_module):
    """Observed: failed targets come in uuidsFailed with status 200."""
    sim.switches("xclarity", refused_targets=[RACK])
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate"})
    assert result.code == "activation_refused"
    assert result["changed"] is False
    assert RACK in result["msg"]


def test_one_bad_item_does_not_stop_the_others(sim, run_module):
    sim.switches("xclarity", refused_targets=[RACK])
    items = [{"profile": "web-01", "uuid": RACK}, {"profile": "web-02", "uuid": RACK[:-1] + "B"}]
    result = run_module(MODULE, {"profiles": items, "restart": "immediate"})
    assert result.failed
    assert result["changed"] is True
    assert "1 of 2 profiles failed (web-01); 1 was started. The first: activate web-01" in result["msg"]
    assert "nothing was started" not in result["msg"]
    assert result["error"]["resources"] == ["web-01"]
    assert [p["outcome"] for p in result["profiles"]] == ["not_started", "finished"]


def test_stop_begins_no_other_item(sim, run_module):
    sim.switches("xclarity", refused_targets=[RACK])
    items = [{"profile": "web-01", "uuid": RACK}, {"profile": "web-02", "uuid": RACK[:-1] + "B"}]
    result = run_module(MODULE, {"profiles": items, "restart": "immediate", "on_failure": "stop", "concurrency": 1})
    assert [p["outcome"] for p in result["profiles"]] == ["not_started", "none"]
    assert len(changing(sim)) == 1


def test_an_activation_under_way_is_joined(sim, run_module):
    sim.switches("xclarity", job_seconds=1.0)
    params = {"profile": "web-01", "uuid": RACK, "restart": "immediate"}
    started = run_module(MODULE, params | {"wait": False})
    assert started["outcome"] == "started"
    joined = run_module(MODULE, params)
    assert joined["changed"] is False
    assert joined["profiles"][0]["status"] == "active"
    assert len(changing(sim)) == 1


def test_a_timeout_tells_how_to_go_on(sim, run_module):
    sim.switches("xclarity", job_seconds=60)
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate", "wait_timeout": 0.3})
    assert result.code == "wait_timeout"
    assert result["changed"] is True
    assert "Running" in result["msg"]
    assert "wait_timeout" in result["error"]["hint"]


def test_unassign(sim, run_module):
    """The page "POST /profiles/unassign/{id}": all four booleans."""
    params = {"profile": "db-01", "state": "inactive", "power_down": True}
    predicted = run_module(MODULE, params, check=True)
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["plan"] == predicted["plan"]
    assert first["plan"][0]["body"] == {"force": False, "powerDownITE": True, "resetIMM": False, "resetSwitch": False}
    assert first["profiles"][0]["status"] == "inactive"
    assert run_module(MODULE, params)["changed"] is False


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("list_says", ["RUNNING", "PENDING"])
def test_an_activation_is_not_cancelled_unless_force_asks_for_it(sim, run_module, list_says, force, check):
    """Some appliances list a profile that is being activated as pending."""
    words = {"inactive": "INACTIVE", "pending": "PENDING", "active": "ACTIVE", "activating": list_says, "failed": "FAILED"}
    sim.switches("xclarity", job_seconds=600, profile_status_words=words)
    run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate", "wait": False})
    since = sim.last()
    result = run_module(MODULE, {"profile": "web-01", "state": "inactive", "force": force}, check=check)
    sent = [e["path"] for e in sim.log(since=since, changing=True) if e["path"].startswith("/profiles")]
    if force:
        assert not result.failed, result
        assert (result["changed"], len(sent)) == (True, int(not check))
    else:
        assert (result.code, result["changed"], sent) == ("busy", False, [])
        assert "the profile web-01 is being activated on this server. " in result["msg"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_a_server_that_something_else_is_done_to_keeps_its_profile(sim, run_module, force, check):
    """To switch it off, or to reset its controller, while its firmware is being written can break it."""
    sim.switches("xclarity", job_seconds=600)
    work = run_module("firmware_update", {"node": "db-01", "activation": "immediate", "wait": False})
    assert work["changed"], work
    since = sim.last()
    result = run_module(MODULE, {"profile": "db-01", "state": "inactive", "force": force, "power_down": True}, check=check)
    assert (result.code, result["changed"]) == ("busy", False), result
    assert not [e for e in sim.log(since=since, changing=True) if e["path"].startswith("/profiles")]


def test_requests_for_many_are_as_documented(sim, run_module):
    """login + list + servers + running jobs + identity + N + polls + list + logout; nothing else."""
    sim.seed(xclarity={"generate": {"rack_nodes": 50, "profiles": 50, "prefix": "many"}})
    items = [{"profile": f"many-{n:05d}", "uuid": f"{n:032X}"} for n in range(1, 51)]
    since = sim.last()
    result = run_module(MODULE, {"profiles": items, "restart": "immediate"})
    assert not result.failed, result
    log = sim.log(since=since, system="xclarity")
    polls = [e for e in log if e["path"].startswith("/tasks/")]
    assert len(log) == 1 + 1 + 1 + 1 + 1 + 50 + len(polls) + 1 + 1
    assert len(result["profiles"]) == 50
    assert all(p["status"] == "active" for p in result["profiles"])


def test_a_wait_survives_a_restart_of_the_appliance(sim, run_module):
    """Refused connections, then a server that does not know the session any more: one new login, and the wait goes on."""
    sim.switches("xclarity", job_seconds=1.0)
    sim.fault("xclarity", "GET", "^/tasks/", nth=3, times=4, reset="before")
    sim.fault("xclarity", "POST", "^/sessions", nth=2, times=2, reset="before")
    sim.fault("xclarity", "GET", "^/tasks/", nth=2, times=1, status=401, body="{}")
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate"})
    assert not result.failed, result
    assert len(changing(sim)) == 1


def test_a_refused_session_is_not_opened_again_and_again(sim, run_module):
    """Logins without end lock accounts: a session that the server refuses from the start is opened once, and the password is not blamed."""
    sim.fault("xclarity", "GET", "^/profiles", times=-1, status=401, body="{}")
    result = run_module(MODULE, {"profile": "web-01", "uuid": RACK, "restart": "immediate"})
    assert result.code == "auth_failed"
    assert "accepted user and password, and then refused the session" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert sum(e["method"] == "POST" and e["path"] == "/sessions" for e in sim.log()) == 1


@pytest.mark.parametrize("switches", [{}, {"defer_job_waits": True}])
def test_a_deferred_activation_that_was_joined_is_followed_by_the_restart(sim, run_module, switches):
    """What is under way turns out to end as pending, and the restart is desired now."""
    sim.switches("xclarity", job_seconds_by_kind={"activate": 1.0}, **switches)
    params = {"profile": "web-01", "uuid": RACK, "poll_interval": 0.1, "wait_timeout": 10}
    assert not run_module(MODULE, params | {"restart": "defer", "wait": False}).failed
    result = run_module(MODULE, params | {"restart": "immediate"})
    assert not result.failed, result
    row = result["profiles"][0]
    assert (row["status"], result["changed"], result["outcome"]) == ("active", True, "finished")
    assert [step["body"]["restart"] for step in result["plan"]] == ["immediate"]
    assert result["diff"]["after"]["71"]["restart"] == "now"
    assert len(changing(sim)) == 2
    assert run_module(MODULE, params | {"restart": "immediate"})["changed"] is False


def test_a_joined_activation_that_is_listed_as_pending_is_not_sent_again(sim, run_module):
    """Some appliances list a profile that is being activated as pending; its status tells that it runs."""
    sim.switches("xclarity", job_seconds_by_kind={"activate": 4.0})
    params = {"profile": "web-01", "uuid": RACK, "restart": "immediate", "poll_interval": 0.1, "wait_timeout": 10}
    assert not run_module(MODULE, params | {"wait": False}).failed
    words = {"inactive": "INACTIVE", "pending": "PENDING", "active": "ACTIVE", "activating": "PENDING", "failed": "FAILED"}
    sim.switches("xclarity", profile_status_words=words)
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert (result["profiles"][0]["joined"], result["changed"], len(changing(sim))) == (True, False, 1)
