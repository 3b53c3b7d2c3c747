# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a server that was to be terminated, by what became of the request. No network."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, NOT_STARTED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.pool_server_operations import Terminate, select

HELD = server_pool.parse_server({"id": "s1", "hostname": "db-1", "statusName": "BOUND", "properties": {"Size": "l"}})


@pytest.mark.parametrize(
    "outcome, failed, verified, state",
    [
        (None, False, False, "present"),  # check mode
        (None, True, False, "present"),  # skipped
        (STARTED, False, False, "present"),  # not waited for
        (STARTED, False, True, "absent"),
        (STARTED, True, False, "present"),
        (UNKNOWN, True, False, "present"),
        (NOT_STARTED, True, False, "present"),
        (NONE, False, False, "absent"),  # refused, because somebody else was quicker
        (NONE, True, False, "present"),  # never sent
    ],
)
def test_a_server_is_absent_only_when_that_is_known(outcome, failed, verified, state):
    (item,) = select("g", ["db-1"], [HELD])
    item.verified = verified
    if outcome is not None:
        item.outcomes = [Outcome(item.steps[0], outcome)]
    if failed:
        item.failure = Failure("x", "why")
    assert Terminate(Run({}), None, "g", ["db-1"]).present(item)["state"] == state


def test_a_server_that_is_not_held_is_absent():
    (item,) = select("g", ["db-2"], [HELD])
    assert Terminate(Run({}), None, "g", ["db-2"]).present(item)["state"] == "absent"


@pytest.mark.parametrize("state, told", [(State("BOUND"), "last status: BOUND"), (None, "last status: never seen")])
def test_what_a_server_was_last_is_told(state, told):
    (item,) = select("g", ["db-1"], [HELD])
    assert told in Terminate(Run({}), None, "g", ["db-1"]).timed_out(item, Watched("s1", state)).why


@pytest.mark.parametrize(
    "names, words",
    [
        (["db-2"], ["no server named db-2;"]),
        (["web-1"], ["no server named web-1;", "web-1.example.net in place of web-1"]),
        (["WEB-1"], ["web-1.example.net in place of WEB-1"]),
        (["db-1", "db-2", "db-3"], ["no server named db-2, db-3;"]),
        (["web-2"], ["no server named web-2;"]),
        (["web"], ["no server named web;"]),
        (["db-1"], []),
    ],
)
def test_a_name_that_the_group_does_not_hold_is_told(monkeypatch, names, words):
    full = [
        server_pool.parse_server({"id": name, "hostname": name, "statusName": "BOUND"})
        for name in ("web-1.example.net", "web-2.example.net", "web-2.example.org")
    ]
    monkeypatch.setattr(server_pool, "require_enabled", lambda client, group: None)
    monkeypatch.setattr(server_pool, "read_servers", lambda client, group, **more: [HELD, *full])
    operation = Terminate(Run({}), None, "g", names)
    operation.read()
    assert len(operation.run.warnings) == bool(words)
    assert all(word in operation.run.warnings[0] for word in words)
    assert not any("in place of" in warning for warning in operation.run.warnings) or "web-1" in words[-1]
