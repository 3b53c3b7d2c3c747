# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented examples of the modules for backups, jobs and sessions, run by ansible-playbook, both ways in."""

from __future__ import annotations

import importlib
import re

import pytest
import yaml
from harness import XCLARITY_PASSWORD

MODULES = "ansible_collections.groundwork.provision.plugins.modules"
VARIABLES = {"xclarity_password": XCLARITY_PASSWORD, "backup_passphrase": "Backup-demo"}
PREFIX = "groundwork.provision."


def examples(sim, name):
    """The tasks of a module's EXAMPLES, against the simulated servers in place of the made-up addresses. The simulated jobs
    are short, so the polls are too."""
    module = importlib.import_module(f"{MODULES}.{name}")
    text = module.EXAMPLES.replace("username: automation", "username: AUTOMATION")
    for made_up, real in (
        ("https://xclarity.example.com", "xclarity"),
        ("https://xclarity-new.example.com", "xclarity_target"),
    ):
        text = text.replace(made_up, sim.ready[real])
    tasks = yaml.safe_load(text)
    for task in tasks:
        for module_name in ("backup", "backup_transfer", "job"):
            if PREFIX + module_name in task:
                task[PREFIX + module_name]["poll_interval"] = 0.1
    return tasks


def test_transfers(sim, play):
    tasks = examples(sim, "backup_transfer")
    copy_one, move, copy_many, push, cancel = tasks
    sim.switches("xclarity", location_entries="each")
    # The second example takes the backup away from where the third wants to copy it from.
    played = play([copy_one, copy_many, push, cancel, move], variables=VARIABLES)
    assert played.rc == 0, played.output
    assert (played.recap["ok"], played.recap["changed"]) == (5, 4), played.output
    again = play([copy_one, push, cancel, move], variables=VARIABLES, GROUNDWORK_IN_PROCESS="0")
    assert (again.rc, again.recap["changed"]) == (0, 0), again.output
    assert XCLARITY_PASSWORD not in played.output + again.output


def test_backups(sim, play):
    make, delete_one, delete_many, validate = examples(sim, "backup")
    push = examples(sim, "backup_transfer")[3]
    sim.seed(xclarity={"backups": [{"uuid": "weekly-8", "label": "weekly-08"}, {"uuid": "weekly-9", "label": "weekly-09"}]})
    played = play([make, push, validate, delete_one, delete_many], "--diff", variables=VARIABLES)
    assert played.rc == 0, played.output
    assert played.recap["changed"] == 5, played.output
    assert "Backup-demo" not in played.output
    again = play([make, delete_one, delete_many], variables=VARIABLES)
    assert (again.rc, again.recap["changed"]) == (0, 0), again.output


def test_jobs_and_lists(sim, play):
    tasks = [*examples(sim, "job"), *examples(sim, "job_info"), *examples(sim, "backup_info")]
    played = play(tasks, variables=VARIABLES)
    assert played.rc == 0, played.output
    assert (played.recap["ok"], played.recap["changed"]) == (len(tasks), 1), played.output


@pytest.mark.parametrize("in_process, more", [("1", "--check"), ("0", "-vvv")])
def test_sessions(sim, play, in_process, more):
    """The session is shown nowhere, and none is left open (the fixture sees to that)."""
    tasks = [*examples(sim, "xclarity_session"), *examples(sim, "xclarity_session_info")]
    seen = sim.sessions("xclarity")["opened"]
    played = play(tasks, more, variables=VARIABLES, GROUNDWORK_IN_PROCESS=in_process)
    assert played.rc == 0, played.output
    assert played.recap["changed"] == 0
    own = [task for task in tasks if "block" not in task and "basic" not in str(task)]
    assert sim.sessions("xclarity")["opened"] == seen + 1 + len(own), "two tasks with one login, and the others with one each"
    assert set(re.findall(r'"csrf": "([^"]*)"', played.output)) <= {"VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
