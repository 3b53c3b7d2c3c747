# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a job, how it then stands, and what is told of it, as tables. No network."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, STARTED
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.job_operations import SetJobs

RUNNING = {"jobUID": "17", "status": "Running", "percentage": 40}
STOPPING = {"jobUID": "17", "status": "Cancelling", "percentage": 40}
STOPPED = {"jobUID": "17", "status": "Cancelled", "percentage": 40}
COMPLETE = {"jobUID": "17", "status": "Complete", "percentage": 100}


@pytest.fixture
def operation_of(monkeypatch):
    """``operation_of(entry, state)``: such a job is there (None: it is not), and this is desired of it."""
    there = {}
    monkeypatch.setattr(jobs, "read", lambda client, ids, attempts=4: {ident: entry for ident, entry in there.items() if ident in ids})

    def make(entry, state):
        there.clear()
        if entry is not None:
            there["17"] = entry
        return SetJobs(Run({}), None, ["17"], state)

    return make


@pytest.mark.parametrize(
    "entry, state, sent, join",
    [
        (RUNNING, "finished", [], "17"),
        (COMPLETE, "finished", [], "17"),
        (None, "finished", [], "17"),  # it may show up late
        (RUNNING, "cancelled", ["cancel"], None),
        (STOPPING, "cancelled", [], "17"),
        (STOPPED, "cancelled", [], None),
        (COMPLETE, "cancelled", [], None),
        (None, "cancelled", [], None),
        (COMPLETE, "absent", ["delete"], None),
        (None, "absent", [], None),
    ],
)
def test_what_is_sent_and_what_is_waited_for(operation_of, entry, state, sent, join):
    (item,) = operation_of(entry, state).read()
    assert ([step.operation for step in item.steps], item.join) == (sent, join)


@pytest.mark.parametrize(
    "entry, state, done",
    [
        (RUNNING, "cancelled", False), (STOPPING, "cancelled", False), (STOPPED, "cancelled", True), (COMPLETE, "cancelled", True),
        (None, "cancelled", True), (COMPLETE, "absent", False), (None, "absent", True),
    ],
)  # fmt: skip
def test_when_it_is_as_desired(operation_of, entry, state, done):
    operation = operation_of(RUNNING if state == "cancelled" else COMPLETE, state)
    (item,) = operation.read()
    operation_of(entry, state)
    found = operation.look([item])["17"]
    assert (found.done, found.ok, item.current) == (done, done, entry)


@pytest.mark.parametrize(
    "entry, state, arrived",
    [
        (RUNNING, "cancelled", False), (STOPPING, "cancelled", True), (STOPPED, "cancelled", True),
        (COMPLETE, "absent", False), (None, "absent", True),
    ],
)  # fmt: skip
def test_whether_a_request_without_an_answer_has_arrived(operation_of, entry, state, arrived):
    operation = operation_of(RUNNING if state == "cancelled" else COMPLETE, state)
    (item,) = operation.read()
    operation_of(entry, state)
    outcome = Outcome(item.steps[0])
    assert bool(operation.find([(item, outcome)])) is arrived


@pytest.mark.parametrize("entry, warned", [(STOPPED, False), (COMPLETE, True), (None, False)])
def test_a_job_that_ended_before_its_cancel_is_told(operation_of, entry, warned):
    operation = operation_of(RUNNING, "cancelled")
    (item,) = operation.read()
    operation_of(entry, "cancelled")
    operation.look([item])
    operation.ended(item)
    assert bool(operation.run.warnings) is warned


@pytest.mark.parametrize(
    "entry, state, shown", [(None, "absent", "absent"), (COMPLETE, "absent", "succeeded"), (RUNNING, "cancelled", "running")]
)
def test_what_is_told_of_it(operation_of, entry, state, shown):
    operation = operation_of(entry, state)
    (item,) = operation.read()
    told = operation.present(item)
    assert (told["id"], told["state"], told["changed"], told["outcome"]) == ("17", shown, False, NONE)
    if item.steps:
        item.outcomes = [Outcome(item.steps[0], STARTED)]
        assert operation.present(item)["changed"] is True


@pytest.mark.parametrize("end, ok, code", [("done", True, None), ("lost", False, "job_lost"), ("never_seen", False, "job_not_found")])
def test_how_the_wait_for_a_job_ends(operation_of, end, ok, code):
    operation = operation_of(RUNNING, "finished")
    (item,) = operation.read()
    item.watched = Watched("17", None if end == "never_seen" else State("Complete", done=True, ok=True, data=COMPLETE), end)
    state = operation.look([item])["17"]
    assert (state.done, state.ok) == (True, ok)
    if code:
        assert operation.not_reached(item).code == code
    if end != "never_seen":
        assert operation.present(item)["state"] == "succeeded"
