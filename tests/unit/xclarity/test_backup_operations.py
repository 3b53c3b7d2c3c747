# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for making and deleting backups, for a push and its cancel, and for jobs, as tables. No network."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._wait import Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    backup_operations,
    backup_transfer_operations,
    backups,
    job_operations,
    jobs,
)

UUID = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
NIGHTLY = {"uuid": UUID, "label": "nightly", "filename": "n.tar", "checksum": "5f0c", "locations": ["internal", "/mnt/a"]}
DESIRED = backup_operations.Desired("weekly", "secret phrase", include_firmware=True)


def listed(*entries):
    return backups.gather(entries)


# -- making -----------------------------------------------------------------------------------------------------------


def test_the_attributes_of_a_new_backup_stand_in_one_place():
    """The page GET /managementServer/quiesce names label, includeOS, includeFW and remoteShareDestination."""
    assert backup_operations.attributes(DESIRED) == {
        "action": "start", "operation": "backup", "label": "weekly", "passphrase": "secret phrase",
        "includeOS": False, "includeFW": True,
    }  # fmt: skip
    share = backup_operations.Desired("weekly", "secret phrase", share="/mnt/a")
    assert backup_operations.attributes(share)["remoteShareDestination"] == "/mnt/a"


def test_the_passphrase_is_not_in_the_plan():
    step = backup_operations.create_step(DESIRED, {})
    assert step.body["passphrase"] == "secret phrase"
    assert "secret phrase" not in str(step.public())


def test_a_label_is_found_in_the_list():
    assert backup_operations.labelled(listed(NIGHTLY), "nightly").uuid == UUID
    assert backup_operations.labelled(listed(NIGHTLY), "night") is None


@pytest.mark.parametrize(
    "report",
    [
        {"backupRequest": {"label": "other", "jobId": "17"}},
        {"backupRequest": {}},
        {"restoreRequest": {"filename": "n.tar", "jobId": "17"}},
    ],
)
def test_a_server_that_is_quiesced_for_something_else_is_left_alone(report):
    with pytest.raises(Failure) as caught:
        backup_operations.create_step(DESIRED, report)
    assert caught.value.code == "busy"


@pytest.mark.parametrize("report", [{}, {"backupRequest": None}, {"backupRequest": "x"}, {"result": "success"}])
def test_a_server_that_is_not_quiesced_is_asked(report):
    assert backup_operations.create_step(DESIRED, report).body["label"] == "weekly"


# -- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at, location, sent",
    [
        (["internal", "/mnt/a"], "all", True),
        (["internal", "/mnt/a"], "internal", True),
        (["internal", "/mnt/a"], "/mnt/a", True),
        (["internal", "/mnt/a"], "/mnt/b", False),
        (["/mnt/a"], "internal", False),
        (None, "all", True),
    ],
)
def test_what_is_deleted(at, location, sent):
    entry = {key: value for key, value in NIGHTLY.items() if key != "locations"} | ({} if at is None else {"locations": at})
    item = backup_operations.choose_deletion(listed(entry), "nightly", location)
    assert bool(item.steps) is sent
    if sent:
        (step,) = item.steps
        assert (step.method, step.path, step.query) == ("DELETE", f"/managementServer/data/{UUID}", (("location", location),))


def test_deleting_at_a_place_that_is_not_told_is_refused():
    entry = {key: value for key, value in NIGHTLY.items() if key != "locations"}
    with pytest.raises(Failure) as caught:
        backup_operations.choose_deletion(listed(entry), "nightly", "internal")
    assert caught.value.code == "locations_unknown"


def test_what_is_not_there_is_absent_already():
    item = backup_operations.choose_deletion(listed(NIGHTLY), "no-such", "all")
    assert (item.title, item.before, list(item.steps)) == ("no-such", None, [])


# -- push and cancel --------------------------------------------------------------------------------------------------


def job(ident, title, status="Running", **more):
    return {"jobUID": ident, "title": title, "status": status, "percentage": 10.0, **more}


COPY = job("16", "Copy backup nightly to /mnt/a")
PUSH = job("17", "Push backup nightly to 192.0.2.11")
OTHER = job("18", "Push backup other to 192.0.2.12")
OVER = job("15", "Push backup nightly to 192.0.2.11", "Complete", percentage=100.0)
NAMELESS = job("19", "Management server data")


@pytest.mark.parametrize(
    "known, job_id, expected",
    [
        ([], None, None),
        ([COPY, OVER], None, None),
        ([COPY, OVER], "15", None),
        ([COPY, PUSH], None, "17"),
        ([COPY, PUSH], "17", "17"),
        ([PUSH], "16", "push_not_named"),
        ([PUSH, OTHER], None, "push_not_named"),
        ([PUSH, OTHER], "17", "push_not_named"),
        # a title that does not say what the job is: the user's word is taken, but only for the job that he names
        ([NAMELESS], None, None),
        ([NAMELESS], "19", "19"),
        ([NAMELESS, PUSH], "19", "push_not_named"),
    ],
)
def test_which_push_is_cancelled(known, job_id, expected):
    if expected == "push_not_named":
        with pytest.raises(Failure) as caught:
            backup_transfer_operations.choose_cancel(jobs.told(known), job_id)
        assert caught.value.code == expected
    else:
        found = backup_transfer_operations.choose_cancel(jobs.told(known), job_id)
        assert (found and found.id) == expected


def test_the_cancel_of_the_page():
    """The page PUT /managementServer/data, third example of a push."""
    step = backup_transfer_operations.cancel_step(jobs.told([PUSH])[0])
    assert (step.method, step.path, step.body) == ("PUT", "/managementServer/data", {"action": "cancel", "operation": "push"})


# -- jobs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry, kind, is_open",
    [
        ({"status": "Running", "percentage": 40.0}, "running", True),
        ({"status": "Pending"}, "running", True),
        ({"status": "Cancelling", "percentage": 40.0}, "running", True),
        ({"status": "Complete", "percentage": 100.0}, "succeeded", False),
        ({"status": "complete"}, "succeeded", False),
        ({"status": "CompleteWithErrors"}, "failed", False),
        ({"status": "Complete", "children": [{"status": "Stopped_With_Error"}]}, "failed", False),
        ({"status": "Stopped_With_Error", "percentage": 100}, "failed", False),
        ({"status": "Cancelled_With_Errors"}, "cancelled", False),
        ({"status": "Interrupted"}, "interrupted", False),
        ({"status": "Half-way", "percentage": 50}, "running", True),
        ({"status": "Archived", "percentage": 100}, "unknown", False),
        ({"status": "Archived", "complete": True}, "unknown", False),
        ({"status": {"state": "Stopped_With_Error", "percentage": 100}}, "failed", False),
        ({}, "running", True),
    ],
)
def test_how_a_job_stands(entry, kind, is_open):
    assert (jobs.kind(entry), jobs.is_open(entry)) == (kind, is_open)


def test_a_job_for_a_result():
    """The page GET /tasks/{job_list}: formatted text is an array of {"text", "format"}, nested."""
    entry = job("17", "Copy", startTime="2026-03-01T09:15:00Z", createdBy="AUTOMATION")
    entry["summary"] = [{"text": [{"text": "Half of it.", "format": ["bold"]}], "format": ["paragraph"]}]
    entry["children"] = [job("17-1", "Part", "Stopped_With_Error"), "no object"]
    shown = jobs.public(entry)
    assert shown["message"] == "Half of it."
    assert shown["created_by"] == "AUTOMATION"
    assert shown["started"] == "2026-03-01T09:15:00Z"
    assert shown["failing"] == ["Part: Stopped_With_Error"]
    assert [child["id"] for child in shown["children"]] == ["17-1"]
    assert shown["ended"] is None


@pytest.mark.parametrize(
    "entry, state, expected",
    [
        (None, "cancelled", None),
        (None, "absent", None),
        (PUSH, "cancelled", ("PUT", "/tasks", {"action": "cancel", "list": ["17"]})),
        ({**PUSH, "status": "Cancelling"}, "cancelled", None),
        ({**PUSH, "status": "Complete"}, "cancelled", None),
        ({**PUSH, "status": "Complete"}, "absent", ("DELETE", "/tasks/17", None)),
        (PUSH, "absent", "job_running"),
    ],
)
def test_what_is_done_to_a_job(entry, state, expected):
    """The page PUT /tasks: action cancel and a list of ids as text."""
    if isinstance(expected, str):
        with pytest.raises(Failure) as caught:
            job_operations.choose("17", entry, state)
        assert caught.value.code == expected
    else:
        step = job_operations.choose("17", entry, state)
        assert (step and (step.method, step.path, step.body)) == expected


def test_a_job_that_is_lost_is_named_by_its_id_whatever_was_looked_at_last():
    operation = object.__new__(backup_operations.Validate)
    item = Item("a backup", "a backup", join="17", watched=Watched("a backup"))
    assert operation.not_reached(item).job == "17"
