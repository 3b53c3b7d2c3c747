# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_transfer, push and its cancel, against the simulator. "The page" is "PUT /managementServer/data", table 2."""

from __future__ import annotations

import json

import pytest
from harness import OMIT, XCLARITY_PASSWORD

MODULE = "backup_transfer"
NIGHTLY = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
NEW, OTHER = "192.0.2.11", "192.0.2.12"  # both take a push; the first is the simulated xclarity_target
PUSH = {"operation": "push", "backup": "nightly", "destination": NEW}
CANCEL = {"operation": "push", "action": "cancel"}
START = ("PUT", "/managementServer/data", {"action": "start", "destination": NEW, "operation": "push", "uuid": NIGHTLY})
STOP = ("PUT", "/managementServer/data", {"action": "cancel", "operation": "push"})


@pytest.fixture
def asked(sim):
    """A push that asks the other side."""
    yield PUSH | {
        "target_endpoint": sim.ready["xclarity_target"], "target_username": "AUTOMATION", "target_password": XCLARITY_PASSWORD,
    }  # fmt: skip
    assert sim.sessions("xclarity_target")["open"] == 0, "a session of the other server was left open"


def changing(sim, system="xclarity"):
    entries = sim.log(system=system, changing=True)
    return [(e["method"], e["path"], json.loads(e["body"]) if e["body"] else None) for e in entries]


def running_push(sim, run_module, seconds=30, **params):
    """Start a push that runs for a while; its job."""
    sim.switches("xclarity", fail_next=[{"kind": "push", "seconds": seconds}])
    result = run_module(MODULE, PUSH | {"wait": False} | params)
    assert not result.failed, result
    return result["backups"][0]["job"]


def killed(harness, operation, resource):
    """Leave the record of a run that was killed between writing it and learning what became of its request."""
    identity = ("xclarity", harness.control.state("xclarity")["appliance_uuid"])
    harness.leave_unfinished("xclarity", "backups", identity, f"{operation}:{resource}")


def test_without_the_other_side_every_run_pushes(sim, run_module):
    """The page: push start, jobId, result success, message []."""
    first = run_module(MODULE, PUSH)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    assert first["backups"][0]["proven"] is False
    assert changing(sim) == [START]
    assert first["diff"] == {
        "before": {f"{NIGHTLY} to 192.0.2.11": {"label": "nightly", "on the other server": "not told"}},
        "after": {f"{NIGHTLY} to 192.0.2.11": {"label": "nightly", "on the other server": True}},
    }
    assert run_module(MODULE, PUSH)["changed"] is True
    assert changing(sim) == [START, START]


def test_with_the_other_side_the_second_run_changes_nothing(sim, run_module, asked):
    predicted = run_module(MODULE, asked, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    first = run_module(MODULE, asked)
    assert not first.failed, first
    assert first["plan"] == predicted["plan"]
    assert first["diff"] == predicted["diff"]
    assert first["backups"][0]["proven"] is True
    assert NIGHTLY in sim.state("xclarity_target")["data"]["backups"]
    second = run_module(MODULE, asked)
    assert second["changed"] is False
    assert second["plan"] == []
    assert second["backups"][0]["proven"] is True
    assert changing(sim) == [START]
    assert changing(sim, "xclarity_target") == []


def test_another_backup_under_the_same_uuid_is_no_success(sim, run_module, asked):
    sim.seed(xclarity_target={"backups": [{"uuid": NIGHTLY, "label": "nightly", "checksum": "other"}]})
    result = run_module(MODULE, asked)
    assert result.code == "checksum_mismatch"
    assert changing(sim) == []


def test_a_push_that_did_not_arrive_is_no_success(sim, run_module, asked):
    """The page: a successful response does not mean that the operation was."""
    sim.switches("xclarity", fail_next=[{"kind": "push", "effect": False}])
    result = run_module(MODULE, asked)
    assert result.code == "effect_missing"
    assert "the other server does not list the backup" in result["msg"]
    assert result["changed"] is True


@pytest.mark.parametrize(
    "target, code",
    [
        ({"target_password": "wrong-password"}, "auth_failed"),
        ({"target_endpoint": "https://127.0.0.1:1"}, "connect_refused"),
        ({"target_endpoint": "http://127.0.0.1"}, "config_host"),
        ({"target_ca_path": "/no/such/file"}, "config_ca_path"),
    ],
)
def test_nothing_is_pushed_when_the_other_side_cannot_be_asked(sim, run_module, asked, target, code):
    result = run_module(MODULE, asked | target)
    assert result.code == code, result
    assert "Nothing was changed." in result["msg"]
    assert next(iter(target)) in result["msg"]
    assert changing(sim) == []
    assert "wrong-password" not in str(result)


def test_the_certificate_of_the_other_side_is_checked_as_that_of_this_one(sim, run_module, asked):
    result = run_module(MODULE, asked | {"ca_path": OMIT, "validate_certs": False, "target_validate_certs": True})
    assert result.code == "tls_untrusted"
    assert not run_module(MODULE, asked | {"ca_path": OMIT, "validate_certs": False}).failed


def test_the_address_is_the_destination_unless_it_is_told(sim, run_module, monkeypatch):
    result = run_module(
        MODULE, PUSH | {"destination": "xclarity.invalid", "target_username": "AUTOMATION", "target_password": XCLARITY_PASSWORD}
    )
    assert result.code == "dns_failure"
    assert "xclarity.invalid:443" in result["msg"]
    assert changing(sim) == []


# -- one at a time ----------------------------------------------------------------------------------------------------


def test_the_same_push_is_joined(sim, run_module):
    job = running_push(sim, run_module, seconds=1)
    result = run_module(MODULE, PUSH)
    assert not result.failed, result
    assert result["changed"] is False
    assert result["backups"][0]["joined"] is True
    assert result["backups"][0]["job"] == job
    assert changing(sim) == [START]


@pytest.mark.parametrize("params", [{"destination": OTHER}, {"backup": "before-upgrade"}])
def test_another_push_is_never_started_beside_one(sim, run_module, params):
    job = running_push(sim, run_module)
    result = run_module(MODULE, PUSH | params)
    assert result.code == "busy"
    assert f"job {job}" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert changing(sim) == [START]


@pytest.mark.parametrize(
    "reply, code, sentence", [(400, "bad_request", "nothing was started"), ("failed", "server_refused", "nothing was started")]
)
def test_a_refusal_of_the_server(sim, run_module, reply, code, sentence):
    """The page: 400, and result failed inside a 200."""
    sim.switches("xclarity", unknown_destination_reply=reply)
    result = run_module(MODULE, PUSH | {"destination": "192.0.2.99"})
    assert result.code == code
    assert sentence in result["msg"]
    assert result["changed"] is False


# -- lost answers -----------------------------------------------------------------------------------------------------


def test_a_lost_answer_is_found_by_its_job(sim, run_module, asked):
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="after")
    result = run_module(MODULE, asked)
    assert not result.failed, result
    assert result["backups"][0]["reconciled"] is True
    assert result["backups"][0]["proven"] is True
    assert changing(sim) == [START]


def test_a_lost_request_stays_unknown_and_is_not_repeated(sim, run_module):
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="before")
    result = run_module(MODULE, PUSH)
    assert result["outcome"] == "unknown"
    assert result["changed"] is True
    assert "It is not known whether the job was started." in result["msg"]
    assert "the other server's list of backups" in result["msg"]
    assert changing(sim) == [START]


def test_a_killed_run_is_told_once_unless_the_other_side_can_be_asked(sim, run_module, harness, asked):
    killed(harness, "push", f"{NIGHTLY} to {NEW}")
    told = run_module(MODULE, PUSH)
    assert told.code == "earlier_run_unfinished"
    assert told["outcome"] == "unknown"
    assert changing(sim) == []
    assert not run_module(MODULE, PUSH).failed
    killed(harness, "push", f"{NIGHTLY} to {NEW}")
    assert run_module(MODULE, asked)["changed"] is False
    assert changing(sim) == [START]


def test_a_job_that_vanishes_is_unknown_unless_the_other_side_shows_it(sim, run_module, asked):
    sim.switches("xclarity", fail_next=[{"kind": "push", "vanish": 0.1, "seconds": 0.3}] * 2)
    assert run_module(MODULE, asked | {"wait_timeout": 5})["backups"][0]["proven"] is True
    alone = run_module(MODULE, PUSH | {"destination": OTHER})
    assert alone.code == "job_lost"
    assert alone["outcome"] == "unknown"


@pytest.mark.parametrize("rule, code", [({"state": "Stopped_With_Error"}, "job_failed"), ({"seconds": 30}, "wait_timeout")])
def test_a_push_that_does_not_end_well(sim, run_module, rule, code):
    sim.switches("xclarity", fail_next=[{"kind": "push", **rule}])
    result = run_module(MODULE, PUSH | {"wait_timeout": 0.3})
    assert result.code == code
    assert result["changed"] is True


# -- cancel -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancel_seconds", [0.0, 0.3])
@pytest.mark.parametrize("named", [True, False])
def test_the_running_push_is_cancelled(sim, run_module, named, cancel_seconds):
    """The page: third example and its answer, without a jobId."""
    sim.switches("xclarity", cancel_seconds=cancel_seconds)
    job = running_push(sim, run_module)
    params = CANCEL | ({"job_id": job} if named else {})
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == [START]
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["plan"] == predicted["plan"]
    assert first["diff"] == {"before": {"push": f"job {job}"}, "after": {"push": "none"}}
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    assert first["job"]["state"] == "cancelled"
    assert first["history"][-1]["state"] == "Cancelled"
    assert changing(sim) == [START, STOP]
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["plan"] == []
    assert changing(sim) == [START, STOP]


def test_nothing_running_is_unchanged(sim, run_module):
    result = run_module(MODULE, CANCEL)
    assert result["changed"] is False
    assert result["job"] is None
    assert result["backups"] == []
    assert changing(sim) == []


def test_somebody_elses_push_is_left_alone(sim, run_module):
    job = running_push(sim, run_module)
    result = run_module(MODULE, CANCEL | {"job_id": "4711"})
    assert result.code == "push_not_named"
    assert f"job {job}" in result["msg"]
    assert changing(sim) == [START]


def test_a_copy_is_no_push(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "copy", "seconds": 30}])
    run_module(MODULE, {"operation": "copy", "backup": "nightly", "destination": "/mnt/archive", "wait": False})
    assert run_module(MODULE, CANCEL)["changed"] is False


@pytest.mark.parametrize("when, sent", [("after", [STOP]), ("before", [STOP])])
def test_a_lost_answer_to_the_cancel(sim, run_module, when, sent):
    running_push(sim, run_module)
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset=when)
    result = run_module(MODULE, CANCEL)
    assert changing(sim) == [START, *sent]
    if when == "after":
        assert not result.failed, result
        assert result["job"]["state"] == "cancelled"
    else:
        assert result["outcome"] == "unknown"
        assert result["changed"] is True
        assert "The request was not repeated." in result["msg"]


def test_a_push_that_ends_before_the_cancel_comes_is_told(sim, run_module):
    """The push ends between the reading and the request; the server refuses, and nothing was left to cancel."""
    running_push(sim, run_module, seconds=0.4)
    sim.fault("xclarity", "PUT", "^/managementServer/data", delay=0.6)
    result = run_module(MODULE, CANCEL)
    assert not result.failed, result
    assert result["changed"] is False
    assert result["job"]["state"] == "succeeded"


@pytest.mark.parametrize("status, code", [(400, "bad_request"), (403, "forbidden")])
def test_a_refused_cancel(sim, run_module, status, code):
    """The page: 400 and 403."""
    running_push(sim, run_module)
    sim.fault("xclarity", "PUT", "^/managementServer/data", status=status, body="{}")
    result = run_module(MODULE, CANCEL)
    assert result.code == code
    assert "nothing was started" in result["msg"]


@pytest.mark.parametrize(
    "params, code",
    [
        ({"destination": "/mnt/backups"}, "config_destination"),
        ({"destination": "https://192.0.2.11"}, "config_destination"),
        ({"destination": OMIT}, "config_destination"),
        ({"destination": "127.0.0.1"}, "config_destination"),
        ({"backup": "no-such"}, "backup_not_found"),
        ({"backup": OMIT, "backups": [{"backup": "nightly"}]}, "config_options"),
        ({"job_id": "17"}, None),
        ({"target_endpoint": "https://192.0.2.11"}, None),
        ({"action": "cancel"}, "config_options"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(sim, run_module, params, code):
    result = run_module(MODULE, PUSH | params)
    assert result.failed
    assert result.code == code, result
    assert code is None or "Nothing was changed." in result["msg"]
    assert changing(sim) == []


def test_a_push_that_ends_between_two_readings_is_not_sent_again(sim, run_module, asked):
    """The other side is asked after the jobs: what they do not show any more, it does."""
    running_push(sim, run_module, seconds=0.8)
    sim.fault("xclarity", "GET", "^/tasks", delay=1.5)
    second = run_module(MODULE, asked)
    assert not second.failed, second
    assert second["changed"] is False
    assert changing(sim) == [START]
