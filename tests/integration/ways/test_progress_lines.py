# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The line that a task shows while it waits, in real plays, and where there is none."""

from __future__ import annotations

import signal

import pytest
from running import RunningPlay, until

UUIDS = {"web-01": "A", "web-02": "B", "web-03": "C"}
PROFILES = [{"profile": name, "uuid": f"0A10000000000000000000000000000{last}"} for name, last in UUIDS.items()]
TASK = {"groundwork.provision.profile_activation": {"profiles": PROFILES, "restart": "immediate", "poll_interval": 0.5, "wait_timeout": 60}}
LINE = "[localhost] 0 of 3 done, 3 running after 1"


@pytest.mark.parametrize(
    "variables, environment, shown",
    [
        ({}, {}, True),
        ({}, {"ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}, True),
        ({"groundwork_progress": False}, {}, False),
        ({}, {"GROUNDWORK_PROGRESS": "0"}, False),
        ({}, {"ANSIBLE_STDOUT_CALLBACK": "oneline", "ANSIBLE_DEPRECATION_WARNINGS": "false"}, False),
        ({"groundwork_in_process": False}, {}, False),
    ],
    ids=["as it is", "another format", "variable", "environment", "a callback for programs", "as a module"],
)
def test_a_line_while_it_waits(sim, harness, variables, environment, shown):
    sim.switches("xclarity", job_seconds=12)
    done = harness.play([TASK], variables=variables, **environment)
    assert done.rc == 0, done.output
    assert (LINE in done.output) is shown, done.output
    assert done.output.count("running after") == (1 if shown else 0)
    assert sim.sessions("xclarity")["open"] == 0


def test_a_short_task_says_nothing(sim, harness):
    done = harness.play([TASK])
    assert done.rc == 0, done.output
    assert "running" not in done.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_end_says_what_goes_on(sim, harness, number):
    """Also where Ansible ends before its workers. And the task that is run again joins it."""
    sim.switches("xclarity", job_seconds=8)
    with RunningPlay(harness, [{"hosts": "localhost", "tasks": [TASK]}]) as play:
        until(lambda: len([one for one in sim.log() if one["path"].startswith("/tasks/")]) > 2, play)
        if number == signal.SIGINT:
            play.tell(number)
        else:
            play.process.send_signal(number)
        output = play.output()
    sent = len(sim.log(changing=True))
    again = harness.play([TASK])
    assert again.rc == 0, again.output
    assert [one for one in sim.log(changing=True)[sent:] if one["path"].startswith("/profiles/")] == []
    assert "\n[localhost] The work for 3 of 3 (web-01, web-02, web-03) goes on by itself on the server. Run the task again" in output
