# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a change, what it is known by, and what is forgotten."""

from __future__ import annotations

import json
import random

import pytest

from ansible_collections.groundwork.provision.plugins.plugin_utils import event_source
from ansible_collections.groundwork.provision.plugins.plugin_utils.event_changes import FORGOTTEN, Item, Memory, event_uuid

SERVER = ("xclarity", "A")


def job(state: str, ident: str = "11", life: str = "2026-03-01T10:00:00Z") -> Item:
    return Item("job", ident, state, life)


def step(memory: Memory, *items: Item) -> list[tuple[str, str | None, str]]:
    """Look once and pass everything on: (state, previous, uuid)."""
    found = []
    for change in memory.changes(items):
        found.append((change.item.state, change.previous, memory.ident(SERVER, change)))
        memory.keep(change)
    return found


def test_a_change_is_told_once_and_survives_a_restart():
    memory = Memory({})
    assert [one[:2] for one in step(memory, job("running"))] == [("running", None)]
    assert step(memory, job("running")) == []
    again = Memory(json.loads(json.dumps(memory.data)))
    assert step(again, job("running")) == []
    assert [one[:2] for one in step(again, job("succeeded"))] == [("succeeded", "running")]


def test_a_job_of_the_same_id_that_began_at_another_time_is_another_one():
    memory = Memory({})
    step(memory, job("succeeded"))
    (second,) = step(memory, job("succeeded", life="2026-04-01T10:00:00Z"))
    assert second[1] is None
    assert step(memory, job("succeeded", life="2026-04-01T10:00:00Z")) == []


def test_a_time_that_was_not_told_yet_is_no_other_life():
    memory = Memory({})
    step(memory, job("running", life=""))
    assert step(memory, job("running")) == []
    assert step(memory, job("running", life="")) == []


def test_two_engines_know_the_change_of_a_job_by_the_same_uuid():
    uuids = {step(Memory({}), job("running"))[0][2] for _engine in range(2)}
    assert len(uuids) == 1
    assert uuids != {step(Memory({}), job("failed"))[0][2]}
    assert uuids != {step(Memory({}), job("running", ident="12"))[0][2]}


def test_a_state_that_comes_again_has_another_uuid_each_time_and_the_same_after_a_kill():
    memory = Memory({})
    states = ("active", "pending", "active", "pending", "active")
    uuids = [step(memory, Item("profile", "71", state))[0][2] for state in states]
    assert len(set(uuids)) == len(states)
    before = json.loads(json.dumps(memory.data))
    told = step(memory, Item("profile", "71", "failed"))
    assert step(Memory(before), Item("profile", "71", "failed")) == told


def test_a_thing_without_a_time_has_other_uuids_after_its_state_file_was_lost():
    """Else a receiver would take its next change for one of long ago."""
    uuids = {step(Memory({}), Item("profile", "71", "active"))[0][2] for _file in range(2)}
    assert len(uuids) == 2


def test_what_is_compared_may_be_more_than_the_state():
    memory = Memory({})
    step(memory, Item("profile", "71", "active", mark="active A"))
    assert [one[:2] for one in step(memory, Item("profile", "71", "active", mark="active B"))] == [("active", "active")]


def test_a_list_that_is_short_for_a_while_repeats_nothing():
    memory = Memory({})
    step(memory, job("succeeded"))
    assert memory.forget(["job"], [], 1000.0)
    assert not memory.forget(["job"], [], 1000.0 + FORGOTTEN)
    assert step(memory, job("succeeded")) == []
    assert memory.forget(["job"], [job("succeeded")], 1000.0 + FORGOTTEN)
    assert not memory.forget(["job"], [job("succeeded")], 1000.0)


def test_a_kind_that_is_not_watched_is_not_forgotten():
    memory = Memory({})
    step(memory, job("succeeded"), Item("profile", "71", "active"))
    memory.forget(["profile"], [], 1000.0)
    memory.forget(["profile"], [], 1001.0 + FORGOTTEN)
    assert list(memory.items) == ["job 11"]


def test_what_is_gone_for_long_is_forgotten():
    memory = Memory({})
    step(memory, job("succeeded"), job("succeeded", ident="12"))
    memory.forget(["job"], [job("succeeded", ident="12")], 1000.0)
    assert memory.forget(["job"], [job("succeeded", ident="12")], 1001.0 + FORGOTTEN)
    assert list(memory.items) == ["job 12"]


def test_a_fact_is_kept_beyond_the_look_that_told_it():
    memory = Memory({})
    item = job("running")
    assert memory.note(item, "device", "") == ""
    assert memory.note(item, "device", "0A") == "0A"
    step(memory, item)
    assert Memory(json.loads(json.dumps(memory.data))).note(job("succeeded"), "device", "") == "0A"


def test_the_parts_of_a_uuid_cannot_run_together():
    assert event_uuid(("a", "b"), "c") != event_uuid(("a", "bc"), "")
    assert event_uuid("a", "bc") != event_uuid("ab", "c")


@pytest.mark.parametrize("failures", [1, 3, 12, 10_000])
def test_pauses_grow_to_a_limit_and_are_never_short(failures, monkeypatch):
    monkeypatch.setattr(event_source.TIMING, "random", random.Random(failures))
    pauses = [event_source.pause_after(failures, 5.0, None) for _each in range(100)]
    ceiling = min(event_source.LONGEST_PAUSE, 5.0 * 2 ** min(failures, 10))
    assert ceiling / 2 <= min(pauses)
    assert max(pauses) <= ceiling
    assert len(set(pauses)) > 50
    assert event_source.pause_after(1, 5.0, 60.0) == 60.0
