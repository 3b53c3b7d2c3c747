# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source xclarity_events: each event of the log once and in order, whatever restarts, also when numbers go back."""

from __future__ import annotations

import json

import pytest
from source_engine import Engine, Killed

from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import events as event_list
from simulator.client import Control

A = "0A10000000000000000000000000000A"


def numbers(events):
    return [int(event["id"]) for event in events]


def add(sim: Control, *events, count: int = 0, **more):
    sim.seed(xclarity={"events": [*events, *([more] * count)]})


def test_new_events_come_in_order_with_their_hosts(sim: Control, engine: Engine):
    arguments = engine.connection("xclarity")
    failed = {"msg": "A fan has failed.", "severity": 600, "eventClass": 300, "sourceID": A}
    back = {"number": 4720, "msg": "A fan is back.", "sourceID": A.lower()}
    found = engine.run("xclarity_events", arguments, lambda: add(sim, failed, {"msg": "Of the manager."}), lambda: add(sim, back))
    assert numbers(found) == [4712, 4713, 4720]
    assert [event["meta"].get("hosts") for event in found] == [["web-01"], None, ["web-01"]]
    assert (found[0]["kind"], found[0]["event"]["severity"], found[0]["event"]["class"]) == ("event", "critical", "cooling")
    assert len({event["meta"]["uuid"] for event in found}) == 3


def test_the_first_start_looks_back_as_far_as_it_is_told(sim: Control, engine: Engine):
    assert numbers(engine.run("xclarity_events", {**engine.connection("xclarity"), "last": 1})) == [4711]
    assert engine.run("xclarity_events", {**engine.connection("xclarity"), "last": 1}) == []
    assert engine.run("xclarity_events", {**engine.connection("xclarity"), "cursor": "other"}) == []
    assert numbers(engine.run("xclarity_events", {**engine.connection("xclarity"), "kind": "audit", "last": 100})) == [4710]


def test_only_what_is_asked_for(sim: Control, engine: Engine):
    arguments = {**engine.connection("xclarity"), "last": 100, "severity": ["critical"], "source": [A.lower()]}
    assert numbers(engine.run("xclarity_events", arguments)) == [4711]
    add(sim, {"severity": 600, "sourceID": "0B" * 16}, {"severity": 200, "sourceID": A}, {"severity": 600, "sourceID": A})
    assert numbers(engine.run("xclarity_events", arguments)) == [4714]


def test_a_log_of_many_pages_comes_once_each_over_a_kill_and_restarts(sim: Control, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_list, "PAGE", 30)
    arguments = {**engine.connection("xclarity"), "feedback": True}
    engine.run("xclarity_events", arguments)
    add(sim, count=200, msg="again")
    found = []

    def take(event):
        found.append(event)
        if len(found) == 77:
            raise Killed

    with pytest.raises(Killed):
        engine.run("xclarity_events", arguments, take=take)
    sim.clock(mode="manual")
    sim.action("xclarity", "restart", seconds=30)
    found += engine.run("xclarity_events", arguments, lambda: None, lambda: sim.clock(advance=31), lambda: None)
    assert numbers(found) == [*range(4712, 4789), *range(4788, 4912)]
    assert len({event["meta"]["uuid"] for event in found}) == 200


def test_pages_follow_each_other_without_a_pause(sim: Control, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(event_list, "PAGE", 30)
    add(sim, count=100)
    engine.run("xclarity_events", {**engine.connection("xclarity"), "last": 100})
    assert engine.slept == [5.0]


def test_an_appliance_that_was_restored(sim: Control, engine: Engine):
    """Its numbers have gone back: what it had then was passed on, what came since was not."""
    arguments = engine.connection("xclarity")
    engine.run("xclarity_events", arguments)
    add(sim, {"msg": "seen", "timeStamp": "2026-03-02T10:00:00Z"})

    def restore():
        sim.reset("xclarity")
        sim.seed(xclarity={"users": {"AUTOMATION": {"password": arguments["password"], "role": "supervisor"}}})
        add(sim, {"number": 4000, "timeStamp": "2026-03-01T10:00:00Z"}, {"number": 4001, "timeStamp": "2026-03-02T10:00:01Z"})

    found = engine.run("xclarity_events", arguments, restore, lambda: add(sim, {"timeStamp": "2026-03-02T10:00:02Z"}))
    assert numbers(found) == [4712, 4001, 4002]
    assert engine.run("xclarity_events", arguments) == []


@pytest.mark.parametrize("change, words", [({"last": -1}, "last must lie between"), ({"last": "all"}, "The value of last in the rulebook")])
def test_mistakes_in_the_options(sim: Control, engine: Engine, change, words):
    with pytest.raises(Exception, match=words):
        engine.run("xclarity_events", {**engine.connection("xclarity"), **change})


def test_no_secret_is_in_an_event_or_in_the_state(sim: Control, engine: Engine):
    arguments = engine.connection("xclarity")
    text = f"login of AUTOMATION with {arguments['password']}"
    found = engine.run("xclarity_events", arguments, lambda: add(sim, {"msg": text}))
    assert numbers(found) == [4712]
    (path,) = engine.state()
    assert arguments["password"] not in json.dumps(found) + path.read_text(encoding="utf-8")
