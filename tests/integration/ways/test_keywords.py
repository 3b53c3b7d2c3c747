# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real plays: keywords that decide the way of a task or cut it short. No session may be left open."""

from __future__ import annotations

import os

import pytest
from running import until

INFO = "groundwork.provision.profile_info"
RACK = "0A10000000000000000000000000000A"
ACTIVATE = {"profile": "web-01", "uuid": RACK, "restart": "immediate", "poll_interval": 0.1, "wait_timeout": 60}
# The implicit localhost has the controller's own interpreter, so only the variable makes it a module.
HERE: dict[str, bool] = {}
MODULE = {"groundwork_in_process": False}
SEEN = {"ansible.builtin.assert": {"that": ["seen.profiles | map(attribute='name') | list == ['web-01']"]}}
ASKED = {INFO: {"profile": "web-01"}, "register": "seen"}

PLAIN = [
    [ASKED, SEEN],
    [{**ASKED, "async": 30, "poll": 1}, SEEN],
    [{**ASKED, "environment": {"XCLARITY_TIMEOUT": "11"}}, SEEN],
    [{**ASKED, "delegate_to": "localhost"}, SEEN],
    [{**ASKED, "become": True, "become_method": "ansible.builtin.su"}, SEEN],
    [{**ASKED, "timeout": 30}, SEEN],
    [
        {INFO: {"profile": "{{ item }}"}, "loop": ["web-01", "web-02"], "register": "many"},
        {"ansible.builtin.assert": {"that": ["many.results | map(attribute='profiles.0.name') | list == ['web-01', 'web-02']"]}},
    ],
    [
        {
            "module_defaults": {"group/groundwork.provision.xclarity": {"auth_method": "basic"}},
            "block": [ASKED, {"ansible.builtin.assert": {"that": ["seen.invocation is undefined or true"]}}],
        },
        SEEN,
    ],
]  # fmt: skip


@pytest.mark.parametrize("variables", [HERE, MODULE], ids=["in the controller where it can be", "as a module"])
def test_keywords(sim, play, tmp_path, variables):
    if os.geteuid() != 0:
        plays = [tasks for tasks in PLAIN if "become" not in tasks[0]]  # su asks everybody else for a password
    else:
        plays = PLAIN
    done = play([task for tasks in plays for task in tasks], variables=variables, ANSIBLE_ASYNC_DIR=str(tmp_path / "async"))
    assert done.rc == 0, done.output
    assert done.recap["failed"] == 0
    # The group's default was used: Basic opens no session, all the other readings open one each.
    logins = [entry for entry in sim.log() if (entry["method"], entry["path"]) == ("POST", "/sessions")]
    assert len(logins) == len(plays)  # one for each, two for the loop, none for the last


@pytest.mark.parametrize("variables", [HERE, MODULE], ids=["in the controller", "as a module"])
def test_the_timeout_keyword_ends_a_wait_and_its_session(sim, play, variables):
    """Ansible does not end a module of which it has stopped to wait: that one logs out when it notices."""
    sim.switches("xclarity", job_seconds=120)
    activate = {"groundwork.provision.profile_activation": {**ACTIVATE, "wait_timeout": 60}}
    task = {**activate, "timeout": 15, "register": "ended", "ignore_errors": True}
    seen = {"ansible.builtin.assert": {"that": ["ended is failed", "ended.timedout is defined"]}}
    done = play([task, seen], variables=variables)
    assert done.rc == 0, done.output
    assert len([entry for entry in sim.log(changing=True) if entry["path"].startswith("/profiles")]) == 1
    _closed(sim)


def _closed(sim) -> None:
    """A module that is told to end logs out on its way; Ansible does not wait for it, so the last request may be on its way."""
    until(lambda: sim.sessions("xclarity")["open"] == 0, 10)
