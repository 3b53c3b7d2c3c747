# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated XClarity's jobs in both views: progress, ends of every kind, cancel, delete, unknown ids."""

from __future__ import annotations

from typing import Any

import pytest
from xclarity_calls import BACKUP, ESTATE, RACK, Calls

from simulator.client import Control


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE)
    control.clock(mode="manual")
    control.switches("xclarity", job_seconds=10)
    return Calls(control)


def start(calls: Calls, destination: str = "/mnt/backups") -> str:
    """Start a copy of the backup; the id of its job."""
    body = {"action": "start", "operation": "copy", "uuid": BACKUP, "destination": destination}
    return str(calls("PUT", "/managementServer/data", body).json()["jobId"])


def test_progress_follows_the_clock(control: Control, calls: Calls) -> None:
    job = start(calls)
    seen = []
    for _step in range(5):
        task = calls.task(job)
        seen.append((task["status"], task["percentage"], task["complete"]))
        control.clock(advance=2.5)
    assert seen == [("Running", 0, False), ("Running", 25, False), ("Running", 50, False), ("Running", 75, False),
                    ("Complete", 100, True)]


def test_ids_are_strings_that_grow(control: Control, calls: Calls) -> None:
    control.seed(xclarity={"next_job_id": 500})
    jobs = [start(calls) for _number in range(3)]
    assert jobs == ["500", "501", "502"]
    listed = calls("GET", "/tasks").json()
    assert isinstance(listed, list)
    assert [task["jobUID"] for task in listed] == jobs
    assert [task["jobUID"] for task in calls("GET", "/tasks/502,500").json()] == ["502", "500"]
    assert [task["jobUID"] for task in calls("GET", "/tasks/502,9999").json()] == ["502"]


def test_task_shape(control: Control, calls: Calls) -> None:
    task = calls.task(start(calls))
    assert {"jobUID", "status", "percentage", "complete", "title", "createdBy", "children"} <= set(task)
    assert task["createdBy"] == "admin"
    (child,) = task["children"]
    assert (child["jobUID"], child["status"], child["children"]) == (f"{task['jobUID']}-1", "Running", [])
    for query in ("compact=true", "children=false"):
        assert "children" not in calls("GET", f"/tasks/{task['jobUID']}?{query}").json()[0]
    control.clock(advance=10)
    assert "children" not in calls("GET", "/tasks?compact=true").json()[0]
    assert calls.task(task["jobUID"])["children"][0]["status"] == "Complete"


@pytest.mark.parametrize(("reply", "code", "body"), [(404, 404, None), (400, 400, None), ("empty", 200, [])])
def test_unknown_task(control: Control, calls: Calls, reply: Any, code: int, body: Any) -> None:
    control.switches("xclarity", unknown_task_reply=reply)
    answer = calls("GET", "/tasks/9999")
    assert answer.status_code == code
    if body is not None:
        assert answer.json() == body


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        ({"state": "Stopped_With_Error"}, ("Stopped_With_Error", ["Stopped_With_Error"])),
        ({"state": "Complete", "children": ["Complete", "Stopped_With_Error"]},
         ("Complete", ["Complete", "Stopped_With_Error"])),
        ({"state": "complete"}, ("complete", ["complete"])),
        ({"state": "Interrupted"}, ("Interrupted", ["Interrupted"])),
    ],
)
def test_ends(control: Control, calls: Calls, rule: dict[str, Any], states: tuple[str, list[str]]) -> None:
    control.switches("xclarity", fail_next=rule)
    job = start(calls)
    control.clock(advance=10)
    task = calls.task(job)
    assert (task["status"], [child["status"] for child in task["children"]]) == states
    # Failed or not, a job that has ended stands at 100.
    assert (task["percentage"], task["complete"]) == (100, True)
    copied = "/mnt/backups" in control.state("xclarity")["data"]["backups"][BACKUP]["locations"]
    assert copied is (rule["state"] == "Complete")


def test_rules_hit_the_jobs_they_name(control: Control, calls: Calls) -> None:
    control.switches("xclarity", fail_next=[
        {"kind": "activate", "state": "Interrupted"}, {"kind": "copy", "state": "CompleteWithErrors", "times": 2},
        {"resource": "other", "state": "Cancelled"},
    ])
    jobs = [start(calls) for _number in range(3)]
    control.clock(advance=10)
    states = [task["status"] for task in calls("GET", f"/tasks/{','.join(jobs)}").json()]
    assert states == ["CompleteWithErrors", "CompleteWithErrors", "Complete"]
    assert [rule.get("kind") for rule in control.switches("xclarity")["fail_next"]] == ["activate", None]
    control.reset()
    assert control.switches("xclarity")["fail_next"] == []


def test_stuck_vanishing_and_slow_jobs(control: Control, calls: Calls) -> None:
    control.switches("xclarity", fail_next=[{"stuck_at": 99}, {"vanish": 5}, {"seconds": 100, "message": "Slow one"}])
    stuck, vanishing, slow = start(calls), start(calls), start(calls)
    control.clock(advance=50)
    assert calls.task(stuck)["percentage"] == 99
    assert calls("GET", f"/tasks/{vanishing}").status_code == 404
    assert calls.task(slow)["percentage"] == 50
    control.clock(advance=1e6)
    assert calls.task(stuck)["complete"] is False
    assert calls.task(slow)["summary"][0]["text"][0]["text"] == "Slow one"


def test_late_visibility_and_forgotten_jobs(control: Control, calls: Calls) -> None:
    control.switches("xclarity", job_visible_after=3, job_kept_seconds=5)
    job = start(calls)
    assert calls("GET", f"/tasks/{job}").status_code == 404
    assert calls("GET", "/tasks").json() == []
    control.clock(advance=3)
    assert calls.task(job)["status"] == "Running"
    control.clock(advance=7)
    assert calls.task(job)["status"] == "Complete"
    control.clock(advance=5)
    assert calls("GET", f"/tasks/{job}").status_code == 404


def test_durations_by_kind_and_words_by_switch(control: Control, calls: Calls) -> None:
    control.switches("xclarity", job_seconds_by_kind={"copy": 2}, task_status_words={"Complete": "COMPLETED"})
    job = start(calls)
    control.clock(advance=2)
    assert calls.task(job)["status"] == "COMPLETED"
    assert calls.task(job)["children"][0]["status"] == "COMPLETED"
    control.switches("xclarity", task_status_words={})
    assert calls.task(job)["status"] == "Complete"


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 412), ({"action": "cancel"}, 412), ({"list": ["11"]}, 412), ({"action": "cancel", "list": []}, 412),
     ({"action": "delete", "list": ["11"]}, 400), ({"action": "cancel", "list": [11]}, 400),
     ({"action": "cancel", "list": "11"}, 400), ({"action": "cancel", "list": ["11", "9999"]}, 400)],
)
def test_bad_cancels_stop_nothing(calls: Calls, body: dict[str, Any], code: int) -> None:
    job = start(calls)
    assert calls("PUT", "/tasks", body).status_code == code
    assert calls.task(job)["status"] == "Running"


def test_cancel(control: Control, calls: Calls) -> None:
    control.switches("xclarity", cancel_seconds=3)
    job = start(calls)
    control.clock(advance=4)
    reply = calls("PUT", "/tasks", {"action": "cancel", "list": [job]})
    assert (reply.status_code, reply.content) == (200, b"")
    assert calls.task(job)["status"] == "Cancelling"
    control.clock(advance=3)
    task = calls.task(job)
    assert (task["status"], task["percentage"], task["complete"]) == ("Cancelled", 40, True)
    assert control.state("xclarity")["data"]["backups"][BACKUP]["locations"] == ["internal"]
    assert calls("PUT", "/tasks", {"action": "cancel", "list": [job]}).status_code == 412
    control.switches("xclarity", cancel_finished_status=400)
    assert calls("PUT", "/tasks", {"action": "cancel", "list": [job]}).status_code == 400


def test_delete(control: Control, calls: Calls) -> None:
    job = start(calls)
    assert calls("DELETE", f"/tasks/{job}").status_code == 400
    control.clock(advance=10)
    assert calls("DELETE", f"/tasks/{job},9999").status_code == 404
    assert calls("DELETE", f"/tasks/{job}").status_code == 204
    assert calls("DELETE", f"/tasks/{job}").status_code == 404
    control.switches("xclarity", delete_task_status=200)
    job = start(calls)
    control.clock(advance=10)
    assert calls("DELETE", f"/tasks/{job}").json() == {}


def test_adding_a_cancel_callback(calls: Calls) -> None:
    job = start(calls)
    body = {"cancelRESTMethod": "PUT", "cancelURL": "/x", "cancelRESTBody": {}, "expirationTimeOut": -1}
    assert calls("PUT", f"/tasks/{job}", body).status_code == 200
    assert calls("PUT", "/tasks/9999", body).status_code == 404


def test_old_view_shows_the_same_jobs(control: Control, calls: Calls) -> None:
    reply = calls("PUT", f"/nodes/{RACK}", {"powerState": "powerCycleSoft"})
    assert (reply.status_code, reply.content) == (200, b"")
    job = reply.headers["Jobids"]
    assert reply.headers["Location"] == f"/tasks/{job}"
    control.clock(advance=5)
    shown = calls("GET", f"/jobs/{job}").json()
    assert (shown["id"], shown["uuid"], shown["isCancelable"]) == (job, RACK, True)
    assert shown["status"]["state"] == "Running"
    assert shown["status"]["percentage"] == 50
    assert [one["id"] for one in calls("GET", "/jobs?state=Running").json()] == [job]
    assert calls("GET", "/jobs?state=Complete").json() == []
    assert calls("GET", "/jobs?uuid=other").json() == []
    assert calls("PUT", f"/jobs/{job}", {"cancelRequest": "true"}).status_code == 200
    assert calls.task(job)["status"] == "Cancelled"
    assert calls("DELETE", f"/jobs/{job}").status_code == 204
    assert calls("GET", f"/jobs/{job}").status_code == 404
