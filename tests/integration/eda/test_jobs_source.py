# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source jobs on XClarity Administrator: every change once, whatever restarts; clear words and no hammering otherwise."""

from __future__ import annotations

import json
import logging
import shutil
import stat
import threading
import time
from collections import Counter

import pytest
from harness import XCLARITY_PASSWORD
from running import until
from source_engine import Engine, Killed, told

from ansible_collections.groundwork.provision.plugins.plugin_utils import event_source
from simulator.client import Control

A = "0A10000000000000000000000000000A"
MANY = 200


def activate(engine: Engine, **options):
    """Begin to activate web-01, and say which job that is."""
    done = engine.harness.run_module(
        "profile_activation", {"profile": "web-01", "uuid": A, "restart": "immediate", "wait": False, **options}
    )
    assert not done.failed, done
    return done["profiles"][0]["job"]


def test_a_job_and_its_profile_are_followed_to_their_end(still: Control, engine: Engine):
    events = engine.run("jobs", engine.jobs("xclarity"), lambda: activate(engine), lambda: still.clock(advance=1))
    begun = [("job", "11", "running"), ("profile", "71", "activating")]
    assert told(events) == [*begun, ("job", "11", "succeeded"), ("profile", "71", "active")]
    assert [event["previous"] for event in events] == [None, "inactive", "running", "activating"]
    assert all(event["meta"]["hosts"] == ["web-01"] for event in events)
    assert events[0]["job"]["title"] == "Server Profile activation: web-01"
    assert events[3]["profile"]["uuid"] == A
    server = {"endpoint": still.ready["xclarity"].removeprefix("https://"), "id": still.state("xclarity")["appliance_uuid"]}
    assert all((event["system"], event["server"]) == ("xclarity", server) for event in events)
    assert len({event["meta"]["uuid"] for event in events}) == 4
    assert engine.slept == [5.0] * 3


def test_what_is_there_at_the_first_start_is_told_only_where_it_is_asked_for(still: Control, engine: Engine):
    activate(engine)
    assert engine.run("jobs", engine.jobs("xclarity", cursor="one")) == []
    events = engine.run("jobs", engine.jobs("xclarity", cursor="two", backlog=True))
    assert told(events)[0] == ("job", "11", "running")
    assert Counter(event["kind"] for event in events) == {"job": 1, "profile": 6}


def test_what_is_watched_later_begins_then(still: Control, engine: Engine):
    """Six profiles are no changes since they are watched."""
    engine.run("jobs", engine.jobs("xclarity", watch=["jobs"]))
    activate(engine)
    assert told(engine.run("jobs", engine.jobs("xclarity"))) == [("job", "11", "running")]
    still.clock(advance=1)
    assert told(engine.run("jobs", engine.jobs("xclarity"))) == [("job", "11", "succeeded"), ("profile", "71", "active")]


def test_what_changed_while_the_engine_was_down_is_told_by_the_next(still: Control, engine: Engine):
    arguments = engine.jobs("xclarity")
    assert engine.run("jobs", arguments) == []
    activate(engine)
    still.clock(advance=1)
    assert told(engine.run("jobs", arguments)) == [("job", "11", "succeeded"), ("profile", "71", "active")]
    assert engine.run("jobs", arguments) == []


def test_a_profile_that_comes_to_the_same_state_again_is_another_event(still: Control, engine: Engine):
    arguments = engine.jobs("xclarity", watch=["profiles"], backlog=True)
    (first,) = [event for event in engine.run("jobs", arguments) if event["id"] == "71"]
    activate(engine)
    (activating,) = engine.run("jobs", arguments)
    engine.harness.run_module("profile_activation", {"profile": "web-01", "state": "inactive", "force": True})
    (again,) = engine.run("jobs", arguments)
    assert (first["state"], activating["state"], again["state"]) == ("inactive", "activating", "inactive")
    assert first["meta"]["uuid"] != again["meta"]["uuid"]


def test_a_job_of_which_a_part_failed_has_failed(still: Control, engine: Engine):
    """The list says that it is complete; only the job itself shows its parts."""
    still.switches("xclarity", fail_next={"children": ["Complete", "Stopped_With_Error"]})
    arguments = engine.jobs("xclarity", watch=["jobs"])
    engine.run("jobs", arguments)
    activate(engine)
    still.clock(advance=1)
    (event,) = engine.run("jobs", arguments)
    assert (event["job"]["status"], event["state"], event["job"]["state"]) == ("Complete", "failed", "failed")
    assert event["job"]["failing"]
    assert engine.run("jobs", arguments) == []


def test_a_job_is_about_its_device_also_when_that_is_not_told_any_more(still: Control, engine: Engine):
    """The title names no server, and the list that tells the device has only jobs that run."""

    def restart():
        done = engine.harness.run_module("node_power", {"node": "web-03", "state": "restarted", "wait": False})
        assert not done.failed, done

    arguments = engine.jobs("xclarity", watch=["jobs"])
    events = engine.run("jobs", arguments, restart)
    still.clock(advance=1)
    events += engine.run("jobs", arguments)
    assert [(event["state"], event["meta"]["hosts"]) for event in events] == [("running", ["web-03"]), ("succeeded", ["web-03"])]


def test_a_job_of_a_profile_is_about_its_server_and_not_about_one_of_its_name(still: Control, engine: Engine):
    profiles = [{"id": "98", "name": "gold"}, {"id": "99", "name": "db-01"}]
    still.seed(xclarity={"nodes": [{"uuid": "0C" * 16, "name": "gold"}], "profiles": profiles})
    arguments = engine.jobs("xclarity", watch=["jobs"])
    engine.run("jobs", arguments)
    for profile, uuid in (("98", A), ("99", "0A10000000000000000000000000000B")):
        done = engine.harness.run_module("profile_activation", {"profile": profile, "uuid": uuid, "restart": "immediate", "wait": False})
        assert not done.failed, done
    gold, db = engine.run("jobs", arguments)
    assert ("gold" in gold["job"]["title"], "db-01" in db["job"]["title"]) == (True, True)
    assert gold["meta"]["hosts"] == ["web-01"]
    assert "hosts" not in db["meta"], "another profile has the same name"


def test_a_job_of_a_backup_is_about_no_server_that_is_called_like_it(still: Control, engine: Engine):
    still.seed(xclarity={"nodes": [{"uuid": "0C" * 16, "name": "backup"}, {"uuid": "0D" * 16, "name": "weekly"}]})
    arguments = engine.jobs("xclarity", watch=["jobs"])
    engine.run("jobs", arguments)
    done = engine.harness.run_module("backup", {"label": "weekly", "passphrase": "Passphrase-of-16", "wait": False})
    assert done["changed"], done
    still.clock(advance=3600)  # it serves nobody while it makes a backup
    (event,) = engine.run("jobs", arguments)
    assert ("backup" in event["job"]["title"], "hosts" in event["meta"]) == (True, False)


def test_an_event_that_a_filter_of_the_rulebook_drops_holds_nothing_up(still: Control, engine: Engine):
    """No receipt will come for it."""
    arguments = engine.jobs("xclarity", feedback=True)
    engine.run("jobs", arguments)
    activate(engine)
    assert told(engine.run("jobs", arguments, keep=lambda event: event["kind"] == "profile")) == [("profile", "71", "activating")]
    assert engine.run("jobs", arguments) == []


def many(engine: Engine, sim: Control):
    """Begin 50 activations: 50 jobs, 50 profiles, each with two changes."""
    half = MANY // 4
    sim.seed(xclarity={"generate": {"rack_nodes": half, "profiles": half, "prefix": "rack"}})
    wanted = [{"profile": str(100000 + number), "uuid": f"{number:032X}"} for number in range(1, half + 1)]

    def begin():
        done = engine.harness.run_module("profile_activation", {"profiles": wanted, "restart": "immediate", "wait": False})
        assert not done.failed, done

    return begin


def all_of(events):
    counts = Counter(event["meta"]["uuid"] for event in events)
    assert len(counts) == MANY
    assert len(set(told(events))) == MANY
    assert all(len(event["meta"]["hosts"]) == 1 and event["meta"]["hosts"][0].startswith("rack-") for event in events)
    return set(counts.values())


def test_each_change_comes_once_over_two_restarts_of_the_server_and_one_of_the_engine(still: Control, engine: Engine):
    begin = many(engine, still)
    arguments = engine.jobs("xclarity")

    def down():
        still.action("xclarity", "restart", seconds=30)

    def up():
        still.clock(advance=31)

    def nothing():
        pass

    still.switches("xclarity", job_seconds=40)
    events = engine.run("jobs", arguments, begin, down, nothing, nothing, up, nothing)
    assert len(events) == MANY // 2
    assert {event["state"] for event in events} == {"running", "activating"}
    events += engine.run("jobs", arguments, down, nothing, up, nothing)
    assert all_of(events) == {1}


@pytest.mark.parametrize("feedback, fewest", [(False, 0), (True, 3)])
def test_a_kill_repeats_with_the_same_uuid_and_loses_nothing(still: Control, engine: Engine, feedback: bool, fewest: int):
    """Killed three times as it took an event. Without receipts that may count as passed on by then; with them it never does."""
    begin = many(engine, still)
    arguments = engine.jobs("xclarity", feedback=feedback)
    engine.run("jobs", arguments)
    begin()
    events = []

    def run(kill_at: int):
        def take(event):
            events.append(event)
            if len(events) == kill_at:
                raise Killed

        try:
            engine.run("jobs", arguments, take=take)
        except Killed:
            assert len(events) == kill_at

    for kill_at in (17, 60, 0):
        run(kill_at)
    still.clock(advance=1)
    for kill_at in (150, 0):
        run(kill_at)
    assert all_of(events) <= {1, 2}
    assert fewest <= len(events) - MANY <= 3


@pytest.mark.parametrize("feedback, writes, repeated", [(False, 1e6, 1), (True, 0.0, 1), (True, 1e6, 17)])
def test_what_the_engine_may_not_have_on_its_disk_comes_again(
    still: Control, engine: Engine, monkeypatch: pytest.MonkeyPatch, feedback: bool, writes: float, repeated: int
):
    """Its receipts come before that. The state is copied as a kill at the seventeenth event would leave it."""
    monkeypatch.setattr(event_source, "ENGINE_WRITES", writes)
    begin = many(engine, still)
    arguments = engine.jobs("xclarity", feedback=feedback)
    engine.run("jobs", arguments)
    begin()
    events = []
    left = engine.state_dir.with_name("left")

    def take(event):
        events.append(event)
        if len(events) == 17:
            shutil.copytree(engine.state_dir, left)

    engine.run("jobs", arguments, lambda: None, take=take)
    assert engine.slept[0] == (writes if feedback and writes else 5.0), "it is noted as soon as it may be"
    again = engine.run("jobs", {**arguments, "state_dir": str(left)})
    seen = {event["meta"]["uuid"] for event in events}
    assert {event["meta"]["uuid"] for event in again} <= seen
    assert len(again) == len(events) - 17 + repeated
    assert engine.run("jobs", arguments) == [], "at its end all of it was noted"


def test_the_state_file_is_private_and_holds_no_secret(still: Control, engine: Engine):
    engine.run("jobs", engine.jobs("xclarity"), lambda: activate(engine))
    (path,) = engine.state()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    text = path.read_text(encoding="utf-8")
    assert XCLARITY_PASSWORD not in text
    assert "running" in text
    assert [one.name for one in path.parent.iterdir() if one.name.endswith("part")] == []


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', ""])
def test_a_broken_state_file_is_not_guessed_at(still: Control, engine: Engine, text: str):
    arguments = engine.jobs("xclarity")
    engine.run("jobs", arguments)
    (path,) = engine.state()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Exception, match="Remove it to begin anew") as refused:
        engine.run("jobs", arguments)
    assert str(path) in str(refused.value)
    assert path.read_text(encoding="utf-8") == text
    path.unlink()
    assert engine.run("jobs", arguments) == []


def test_a_state_file_is_for_one_source_at_a_time(still: Control, engine: Engine):
    arguments = engine.jobs("xclarity")
    second = Engine(engine.harness)

    def another():
        with pytest.raises(Exception, match="give this one a cursor of its own"):
            second.run("jobs", arguments)
        assert second.run("jobs", {**arguments, "cursor": "other"}) == []

    engine.run("jobs", arguments, another)


def test_a_wrong_password_ends_the_source_after_one_attempt(still: Control, engine: Engine):
    with pytest.raises(Exception, match="Check username and password") as refused:
        engine.run("jobs", engine.jobs("xclarity", password="wrong-password-of-mine"))
    assert "wrong-password-of-mine" not in str(refused.value)
    assert [entry["path"] for entry in still.log(system="xclarity") if entry["method"] == "POST"] == ["/sessions"]
    assert engine.slept == []


def test_an_appliance_that_forgets_its_sessions_twice_is_waited_for(still: Control, engine: Engine):
    """While it starts anew it takes the password, and then does not know the session that it gave."""

    def begin():
        activate(engine)
        still.fault("xclarity", path="^/(tasks|profiles)", times=2, status=401, body="")

    events = engine.run("jobs", engine.jobs("xclarity"), lambda: None, begin, *[lambda: None] * 4)
    assert ("job", "11", "running") in told(events)


def test_a_server_that_knows_no_session_from_the_start_ends_it(still: Control, engine: Engine):
    """The endpoint may lead to several: that does not go away by waiting."""
    still.fault("xclarity", path="^/(tasks|profiles|aicc)", times=-1, status=401, body="")
    with pytest.raises(Exception, match="then refused the session that it gave"):
        engine.run("jobs", engine.jobs("xclarity"), *[lambda: None] * 4)
    assert engine.slept == []


def test_a_password_that_is_changed_meanwhile_ends_it_too(still: Control, engine: Engine):
    def change():
        still.seed(xclarity={"users": {"AUTOMATION": {"password": "another", "role": "supervisor"}}})
        still.action("xclarity", "expire_sessions")

    with pytest.raises(Exception, match="Check username and password"):
        engine.run("jobs", engine.jobs("xclarity"), change, lambda: None)
    assert len([entry for entry in still.log(system="xclarity") if entry["path"] == "/sessions" and entry["method"] == "POST"]) == 2


@pytest.mark.parametrize(
    "change, words",
    [
        ({"system": "vmware"}, "system has to be one of xclarity, ops_manager, openstack"),
        ({"pasword": "x"}, "Unknown option pasword"),
        ({"session": {"id": "x"}}, "Unknown option session"),
        ({"poll_interval": "often"}, "the value of poll_interval in the rulebook has to be a number"),
        ({"poll_interval": 0}, "poll_interval must lie between"),
        ({"endpoint": "http://x"}, "endpoint must begin with https"),
        ({"endpoint": None}, "Endpoint is not set, in the rulebook or as XCLARITY_ENDPOINT"),
        ({"password": ""}, "password is not set"),
        ({"watch": ["nodes"]}, "the value of watch in the rulebook has to be a list of jobs, profiles"),
    ],
)
def test_mistakes_in_the_options_are_told_and_nothing_is_sent(still: Control, engine: Engine, change, words):
    with pytest.raises(Exception, match="(?i)" + words):
        engine.run("jobs", {**engine.jobs("xclarity"), **change})
    assert still.log(system="xclarity") == []


def test_options_come_from_the_environment_as_for_the_modules(still: Control, engine: Engine, monkeypatch: pytest.MonkeyPatch):
    for name, value in engine.harness.environment().items():
        if name.startswith(("XCLARITY_", "GROUNDWORK_STATE")):
            monkeypatch.setenv(name, value)
    events = engine.run("jobs", {"system": "xclarity"}, lambda: activate(engine))
    assert len(events) == 2
    assert len(engine.state()) == 1


def test_nonsense_is_waited_out_with_clear_words_and_ever_longer(still: Control, engine: Engine, caplog: pytest.LogCaptureFixture):
    nonsense = [b"<html>restarting</html>", b'{"result": "success"}', b"[1, 2]", b"[{}]", b"null", b'[{"jobUID": {"a": 1}}]']
    faults = [{"system": "xclarity", "path": "^/tasks", "do": {"body": one.decode(), "content_type": "text/html"}} for one in nonsense]

    def begin():
        activate(engine)
        for one in faults * 2:
            still.call("POST", "faults", one)

    events = engine.run("jobs", engine.jobs("xclarity"), begin, *[lambda: None] * 14)
    assert sorted(told(events)) == [("job", "11", "running"), ("profile", "71", "activating")]
    assert min(engine.slept) >= 5
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert any("The next attempt is in" in text for text in warnings)
    assert "The server answers again." in warnings
    assert all(len(text) < 700 for text in warnings)


def test_a_long_outage_is_asked_about_every_few_minutes(still: Control, engine: Engine):
    still.fault("xclarity", times=-1, reset="before")
    engine.run("jobs", engine.jobs("xclarity"), *[lambda: None] * 40)
    assert min(engine.slept[10:]) >= 150
    assert max(engine.slept) <= 300
    assert len(set(engine.slept)) == len(engine.slept)


def test_the_end_closes_the_session(still: Control, engine: Engine):
    engine.run("jobs", engine.jobs("xclarity"), lambda: None)
    log = still.log(system="xclarity")
    assert [entry["method"] for entry in log if entry["path"].startswith("/sessions")] == ["POST", "DELETE"]
    assert still.sessions("xclarity")["open"] == 0


def test_the_end_comes_at_once_also_in_the_middle_of_a_request(still: Control, engine: Engine):
    """A look hangs for as long as one request may take; the end does not wait for it, and the session is closed."""

    def hang():
        still.fault("xclarity", path="^/tasks", delay=600)

    begun = threading.Event()

    def end_the_engine():
        until(lambda: any(entry["status"] is None for entry in still.log(system="xclarity")))
        begun.set()

    began = time.monotonic()
    with pytest.raises(Killed):
        engine.run("jobs", engine.jobs("xclarity", timeout=600), hang, meanwhile=end_the_engine)
    assert begun.is_set()
    assert time.monotonic() - began < 20
    assert still.sessions("xclarity")["open"] == 0


def test_no_event_tells_a_secret(still: Control, engine: Engine):
    still.seed(xclarity={"profiles": [{"id": "99", "name": f"x-{XCLARITY_PASSWORD}"}]})
    events = engine.run("jobs", engine.jobs("xclarity", backlog=True))
    assert "99" in [event["id"] for event in events]
    assert XCLARITY_PASSWORD not in json.dumps(events)
