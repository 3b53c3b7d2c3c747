# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""job and job_info against the simulator. The pages are "GET /tasks/{job_list}", "PUT /tasks" and "DELETE /tasks/{job_list}"."""

from __future__ import annotations

import json

import pytest
from harness import OMIT

MODULE = "job"
CANCEL = {"state": "cancelled"}
DELETE = {"state": "absent"}


def changing(sim, since=0):
    entries = sim.log(since=since, system="xclarity", changing=True)
    return [(e["method"], e["path"], json.loads(e["body"]) if e["body"] else None) for e in entries]


@pytest.fixture
def start(sim, run_module):
    """Starts copies that behave as told; gives their job ids."""

    def begin(*rules):
        found = []
        shares = [("nightly", "/mnt/backups"), ("nightly", "/mnt/archive"), ("before-upgrade", "/mnt/archive")]
        for rule, (backup, share) in zip(rules, shares, strict=False):
            sim.switches("xclarity", fail_next=[{"kind": "copy", **rule}])
            result = run_module(
                "backup_transfer", {"operation": "copy", "backup": backup, "destination": share, "wait": False}
            )
            found.append(result["backups"][0]["job"])
        return found

    return begin


# -- finished ---------------------------------------------------------------------------------------------------------


def test_wait_for_many_with_one_poll(sim, run_module, start):
    ids = start({"seconds": 0.3}, {"seconds": 0.6}, {"seconds": 0.1})
    since = sim.last()
    result = run_module(MODULE, {"jobs": ids})
    assert not result.failed, result
    assert result["changed"] is False
    assert result["plan"] == []
    assert [(one["id"], one["state"]) for one in result["jobs"]] == [(ident, "succeeded") for ident in ids]
    assert result["jobs"][1]["history"][-1]["state"] == "Complete"
    assert result["jobs"][0]["title"] == "Copy backup nightly to /mnt/backups"
    assert result["jobs"][0]["message"]
    polls = [e["path"] for e in sim.log(since=since, system="xclarity") if e["path"].startswith("/tasks")]
    assert polls[0] == "/tasks/" + ",".join(ids)
    assert changing(sim, since) == []


@pytest.mark.parametrize(
    "rule, code, state",
    [
        ({"state": "Stopped_With_Error", "message": "Share full."}, "job_failed", "failed"),
        ({"state": "CompleteWithErrors"}, "job_failed", "failed"),
        ({"children": ["Complete", "Stopped_With_Error"]}, "job_failed", "failed"),
        ({"state": "Cancelled"}, "job_cancelled", "cancelled"),
        ({"state": "Interrupted"}, "job_interrupted", "interrupted"),
    ],
)
def test_a_job_that_did_not_end_well_fails_the_task(sim, run_module, start, rule, code, state):
    """A failed job stands at 100 percent, and CompleteWithErrors contains Complete."""
    (bad, good) = start({"seconds": 0.1, **rule}, {"seconds": 0.1})
    result = run_module(MODULE, {"jobs": [bad, good]})
    assert result.code == code
    assert result["changed"] is False
    assert result["jobs"][0]["state"] == state
    assert result["jobs"][0]["percentage"] == 100.0
    assert result["jobs"][1]["state"] == "succeeded"
    assert "1 of 2 jobs failed" in result["msg"]


@pytest.mark.parametrize("unknown", [404, 400, "empty"])
def test_a_job_that_nobody_knows(sim, run_module, unknown):
    """What the server answers to an unknown id is not documented."""
    sim.switches("xclarity", unknown_task_reply=unknown)
    result = run_module(MODULE, {"job": "4711"})
    assert result.code == "job_not_found"
    assert result["changed"] is False
    assert result["jobs"][0]["state"] == "absent"


def test_running_out_of_time(sim, run_module, start):
    (ident,) = start({"seconds": 30})
    result = run_module(MODULE, {"job": ident, "wait_timeout": 0.2})
    assert result.code == "wait_timeout"
    assert result["changed"] is False
    assert result["jobs"][0]["state"] == "running"


@pytest.mark.parametrize("params, check", [({"wait": False}, False), ({}, True)])
def test_without_waiting_it_only_looks(sim, run_module, start, params, check):
    (ident,) = start({"seconds": 30})
    result = run_module(MODULE, {"job": ident, **params}, check=check)
    assert not result.failed, result
    assert result["jobs"][0]["state"] == "running"


# -- cancelled --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel_seconds", [0.0, 0.3])
def test_cancel_what_runs(sim, run_module, start, cancel_seconds):
    """The page PUT /tasks: {"action": "cancel", "list": ["83"]}; 200 without a body."""
    sim.switches("xclarity", cancel_seconds=cancel_seconds)
    running, ended = start({"seconds": 30}, {"seconds": 0.0})
    since = sim.last()
    params = CANCEL | {"jobs": [running, ended, "4711"]}
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(sim, since) == []
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["plan"] == predicted["plan"]
    assert first["diff"] == {
        "before": {running: "Running", ended: "Complete", "4711": "absent"},
        "after": {running: "cancelled", ended: "Complete", "4711": "absent"},
    }
    assert [one["state"] for one in first["jobs"]] == ["cancelled", "succeeded", "absent"]
    assert changing(sim, since) == [("PUT", "/tasks", {"action": "cancel", "list": [running]})]
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["plan"] == []
    assert len(changing(sim, since)) == 1


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_lost_answer_to_a_cancel(sim, run_module, start, when):
    (ident,) = start({"seconds": 30})
    since = sim.last()
    sim.fault("xclarity", "PUT", "^/tasks", reset=when)
    result = run_module(MODULE, CANCEL | {"job": ident})
    assert len(changing(sim, since)) == 1
    if when == "after":
        assert not result.failed, result
        assert result["jobs"][0]["reconciled"] is True
        assert result["jobs"][0]["state"] == "cancelled"
    else:
        assert result["outcome"] == "unknown"
        assert result["changed"] is True
        assert "The request was not repeated." in result["msg"]


@pytest.mark.parametrize("status, code", [(400, "bad_request"), (403, "forbidden"), (412, "precondition_failed"), (500, "server_error")])
def test_a_refused_cancel(sim, run_module, start, status, code):
    """The page PUT /tasks: 400, 401, 403, 412 (missing values), 500."""
    (ident,) = start({"seconds": 30})
    sim.fault("xclarity", "PUT", "^/tasks", status=status, body='{"messages":[{"id":"X","text":"No way."}]}')
    result = run_module(MODULE, CANCEL | {"job": ident})
    assert result.code == code
    assert "No way." in result["msg"]
    assert result["changed"] is (status == 500)


def test_a_job_that_ends_before_the_cancel_comes(sim, run_module, start):
    (ident,) = start({"seconds": 0.5})
    sim.fault("xclarity", "PUT", "^/tasks", delay=0.8)
    result = run_module(MODULE, CANCEL | {"job": ident})
    assert not result.failed, result
    assert result["changed"] is False
    assert result["jobs"][0]["state"] == "succeeded"


def test_a_cancel_that_takes_too_long(sim, run_module, start):
    sim.switches("xclarity", cancel_seconds=60)
    (ident,) = start({"seconds": 300})
    result = run_module(MODULE, CANCEL | {"job": ident, "wait_timeout": 0.3})
    assert result.code == "wait_timeout"
    assert result["changed"] is True
    assert "Cancelling" in result["msg"]
    again = run_module(MODULE, CANCEL | {"job": ident, "wait_timeout": 0.1})
    assert again.code == "wait_timeout"
    assert again["changed"] is False


# -- absent -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204])
def test_delete_what_has_ended(sim, run_module, start, status):
    """The page: DELETE /tasks/{job_list}."""
    sim.switches("xclarity", delete_task_status=status)
    ids = start({"seconds": 0.0}, {"seconds": 0.0})
    since = sim.last()
    params = DELETE | {"jobs": [*ids, "4711"]}
    predicted = run_module(MODULE, params, check=True)
    first = run_module(MODULE, params | {"concurrency": 1})
    assert not first.failed, first
    assert first["changed"] is True
    assert first["plan"] == predicted["plan"]
    assert changing(sim, since) == [("DELETE", f"/tasks/{ident}", None) for ident in ids]
    assert [one["state"] for one in first["jobs"]] == ["absent"] * 3
    assert run_module(MODULE, params)["changed"] is False
    assert len(changing(sim, since)) == 2


def test_a_running_job_is_not_deleted(sim, run_module, start):
    ended, running = start({"seconds": 0.0}, {"seconds": 30})
    since = sim.last()
    result = run_module(MODULE, DELETE | {"jobs": [ended, running]})
    assert result.code == "job_running"
    assert "Nothing was changed." in result["msg"]
    assert changing(sim, since) == []


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_lost_answer_to_a_deletion(sim, run_module, start, when):
    (ident,) = start({"seconds": 0.0})
    since = sim.last()
    sim.fault("xclarity", "DELETE", "^/tasks", reset=when)
    result = run_module(MODULE, DELETE | {"job": ident})
    assert len(changing(sim, since)) == 1
    assert result["outcome"] == ("finished" if when == "after" else "unknown")
    assert result.failed is (when == "before")


def test_somebody_else_was_quicker(sim, run_module, start):
    (ident,) = start({"seconds": 0.0})
    sim.fault("xclarity", "DELETE", "^/tasks", status=404, body="{}", applied=True)
    result = run_module(MODULE, DELETE | {"job": ident})
    assert not result.failed, result
    assert result["changed"] is False


def test_a_deletion_that_did_nothing(sim, run_module, start):
    (ident,) = start({"seconds": 0.0})
    sim.fault("xclarity", "DELETE", "^/tasks", status=200, body="{}")
    result = run_module(MODULE, DELETE | {"job": ident, "reconcile_timeout": 0.2})
    assert result.code == "effect_missing"
    assert result["changed"] is True


@pytest.mark.parametrize(
    "params, code",
    [
        ({"jobs": []}, "config_empty"),
        ({"job": ".."}, "config_id"),
        ({"job": "17,18"}, "config_id"),
        ({"job": ""}, "config_id"),
        ({"job": "0"}, "config_id"),
        ({"job": "1\n7"}, "config_id"),
        ({"jobs": ["17", "17"]}, "duplicate_item"),
        ({"job": "17", "password": "wrong-password"}, "auth_failed"),
    ],
)
@pytest.mark.parametrize("state", ["finished", "cancelled", "absent"])
def test_mistakes(sim, run_module, params, code, state):
    result = run_module(MODULE, {"state": state} | params)
    assert result.code == code, result
    assert "Nothing was changed." in result["msg"]


@pytest.mark.parametrize("params", [{}, {"job": "1", "jobs": ["2"]}, {"job": "1", "state": "paused"}])
def test_what_the_argument_spec_refuses(sim, run_module, params):
    assert run_module(MODULE, params).failed
    assert sim.log(system="xclarity") == []


# -- job_info ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(start):
    return start({"seconds": 0.0}, {"seconds": 0.0, "children": ["Complete", "Stopped_With_Error"]}, {"seconds": 30})


@pytest.mark.parametrize(
    "params, picked",
    [
        ({}, [0, 1, 2]),
        ({"states": ["succeeded"]}, [0]),
        ({"states": ["failed", "running"]}, [1, 2]),
        ({"states": ["cancelled"]}, []),
        ({"created_by": "automation"}, [0, 1, 2]),
        ({"created_by": "somebody"}, []),
        ({"title": "BEFORE-upgrade"}, [2]),
        ({"title": "no such"}, []),
        ({"jobs": ["4711"]}, []),
        ({"jobs": []}, []),
        ({"jobs": ["not an id", ".."]}, []),
    ],
)
def test_filters(sim, run_module, three, params, picked):
    result = run_module("job_info", params)
    assert not result.failed, result
    assert result["changed"] is False
    assert [one["id"] for one in result["jobs"]] == [three[number] for number in picked]


def test_jobs_by_id_in_the_order_asked_for(sim, run_module, three):
    result = run_module("job_info", {"jobs": [three[2], three[0], three[2]]})
    assert [one["id"] for one in result["jobs"]] == [three[2], three[0]]
    failed = run_module("job_info", {"jobs": [three[1]]})["jobs"][0]
    assert failed["state"] == "failed"
    assert len(failed["failing"]) == 1
    assert [child["state"] for child in failed["children"]] == ["succeeded", "failed"]


def test_without_children(sim, run_module, three):
    result = run_module("job_info", {"children": False})
    assert [one["children"] for one in result["jobs"]] == [[], [], []]
    assert "/tasks?compact=true" in [e["path"] for e in sim.log(system="xclarity")]


def test_info_tells_connection_failures(sim, run_module):
    assert run_module("job_info", {"endpoint": "https://127.0.0.1:1"}).code == "connect_refused"
    assert run_module("job_info", {"endpoint": OMIT}).failed
