# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How profiles stand; and what it means that the server does not tell it: that depends on whether it has the call at all."""

from __future__ import annotations

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils._errors import STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import NEVER_SEEN_SECONDS, State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_operations import SetProfiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Choice, Desired
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import ACTIVE, FAILED, INACTIVE, PENDING, Profile

WEB, DB = "0A10000000000000000000000000000A", "0A10000000000000000000000000000B"
RUNNING = {"id": 17, "jobUID": "17", "status": "Running", "percentage": 40, "name": "Activate server profile"}
ENDED = {**RUNNING, "status": "Complete", "percentage": 100}


class Appliance:
    """Stands in for a client. activations: what is told of a server; others are refused. ``db`` is there for ``others``."""

    system = "xclarity"

    def __init__(self, activations, *, others=True, version="", jobs=(RUNNING,)):
        self.activations, self.others, self.version, self.jobs = activations, others, version, list(jobs)
        self.appliance, self.status, self.where = None, "PENDING", {"uuid": WEB}
        self.told: object = None  # in place of the items of the status
        self.older: list[dict[str, object]] = []

    def read(self, path, *, query=(), what, attempts=4, max_body=0):
        if path == "/profiles":
            rows = [{"id": "1", "profileName": "web", "profileStatus": self.status, **self.where}]
            if self.others:
                rows.append({"id": "2", "profileName": "db", "profileStatus": "ACTIVE", "uuid": DB})
            return {"items": rows}
        if path == "/profiles/status":
            asked = dict(query)["uuids"].split(",")
            if self.told is not None:
                return {"items": self.told}
            if set(asked) - set(self.activations):
                raise Failure("not_found", "no", status=404)
            return {"items": [{"uuid": uuid, "activationStatus": self.activations[uuid]} for uuid in asked]}
        if path == "/tasks":
            return self.jobs
        if path == "/jobs":
            return self.older
        assert path == "/aicc"
        return {"appliance": {"uuid": "A", "version": self.version}}


def read(appliance, *names):
    desired = [Desired(name, "", "immediate", redeploy=True) for name in names]
    return SetProfiles(Run({}), appliance, desired, None).read()


@pytest.mark.parametrize("force", [True, False])
def test_an_activation_in_a_bay_is_not_cancelled_without_force(force):
    """The profile of a bay may name no server, so that the list alone tells of its activation."""
    appliance = Appliance({})
    appliance.status, appliance.where = "RUNNING", {"externalId": "1B54B9AEFCE04D5E820C0B6310D03590_bay3"}
    (item,) = SetProfiles(Run({}), appliance, [Desired("web")], {"force": force}).read()
    assert (bool(item.steps), item.failure and item.failure.code) == ((True, None) if force else (False, "busy"))


@pytest.mark.parametrize(
    "appliance, names",
    [
        (Appliance({DB: "COMPLETED"}), ["web", "db"]),
        (Appliance({DB: "COMPLETED"}), ["web"]),
        (Appliance({}, others=False, version="2.1.0"), ["web"]),
        (Appliance({}, others=False, version="4.0"), ["web"]),
        (Appliance({}, version="9.9"), ["web"]),
        (Appliance({}, others=False, version="2.0.9"), ["web"]),
        (Appliance({}, others=False), ["web"]),
    ],
    ids=[
        "told of another that is asked for", "told of another server", "the first release with the call", "a later release",
        "it refuses for all servers", "an older release", "a release that is not told",
    ],
)
def test_what_the_server_could_tell_and_does_not_is_not_taken_for_no(appliance, names):
    with pytest.raises(Failure) as caught:
        read(appliance, *names)
    assert caught.value.code == "state_unknown"
    assert caught.value.job == "17"
    assert caught.value.resource == "web"


@pytest.mark.parametrize(
    "appliance",
    [
        Appliance({}, version="9.9", jobs=[]),
        Appliance({}, others=False, version="2.0.9", jobs=[]),
        Appliance({}, others=False, jobs=[]),
        Appliance({DB: "COMPLETED"}, jobs=[ENDED]),
        Appliance({DB: "COMPLETED"}, jobs=[{**RUNNING, "name": "Backup"}]),
    ],
    ids=["it refuses for all servers", "an older release", "a release that is not told", "the job has ended", "another job"],
)
def test_where_no_activation_can_be_running_it_is_sent(appliance):
    (item,) = read(appliance, "web")
    assert len(item.steps) == 1
    assert item.join is None


NAMELESS = {"jobUID": "17", "status": "Running", "percentage": 40, "complete": False, "children": [], "createdBy": "profile admin"}
DARK = {
    "the server is left out": {"told": []},
    "no word": {"told": [{"uuid": WEB, "activationStatus": None}]},
    "a word that says nothing": {"told": [{"uuid": WEB, "activationStatus": "UNKNOWN"}]},
    "a word that is not known": {"told": [{"uuid": WEB, "activationStatus": "STARTED"}]},
    "a bay whose server is not told": {"where": {"uuid": "", "externalId": "C1_bay4"}},
}


@pytest.mark.parametrize("job", [RUNNING, NAMELESS, ENDED, {**RUNNING, "name": "Backup"}], ids=["open", "nameless", "ended", "other"])
@pytest.mark.parametrize("status", ["PENDING", "FAILED"])
@pytest.mark.parametrize("answer", DARK)
def test_an_answer_that_says_nothing_is_not_no(answer, status, job):
    """A restart in the middle of an activation is what it would cost. An open job that can be the activation keeps it from that."""
    appliance = Appliance({WEB: "PENDING"}, jobs=[job])
    appliance.status = status
    for name, value in DARK[answer].items():
        setattr(appliance, name, value)
    if job in (RUNNING, NAMELESS):
        with pytest.raises(Failure) as caught:
            read(appliance, "web")
        assert (caught.value.code, caught.value.job) == ("state_unknown", "17")
        assert caught.value.details == {"positions": [0]}
    else:
        (item,) = read(appliance, "web")
        assert len(item.steps) == 1


@pytest.mark.parametrize("name, sent", [("Activate profile", True), ("Firmware update", False)])
def test_other_work_on_the_server_is_left_to_end(name, sent):
    """The job of a deferred activation may be open until the server restarts, which is what is sent."""
    appliance = Appliance({WEB: "COMPLETED"})
    appliance.older = [{"id": "18", "uuid": WEB, "name": name, "status": {"state": "Running", "percentage": 5}}]
    (item,) = read(appliance, "web")
    assert bool(item.steps) is sent
    assert (item.failure is None) is sent


def test_what_is_told_counts():
    (item,) = read(Appliance({WEB: "RUNNING"}), "web")
    assert (list(item.steps), item.join) == ([], "")


@pytest.mark.parametrize("titles, said", [(["web"], "its activation of web had"), (["web", "db"], "its activations of web, db had")])
def test_what_a_killed_run_may_have_started_is_named(titles, said):
    operation = SetProfiles(Run({}), Appliance({}), [], None)
    why, next_step = operation.doubt([Item(title, title) for title in titles])
    assert said in why
    assert "run again to send" in next_step


@pytest.mark.parametrize("flags, status, proves", [(None, INACTIVE, True), (None, ACTIVE, False), ({}, ACTIVE, True)])
def test_which_reading_tells_what_became_of_a_killed_run(flags, status, proves):
    before = Profile("1", "web", status, status, WEB, WEB, "", "")
    assert SetProfiles(Run({}), Appliance({}), [], flags).proves(Item("1", "web", before=before)) is proves


# -- how a profile stands ---------------------------------------------------------------------------------------------


def item_of(before, restart="immediate", *, sent=True, watched=None, active=True):
    profile = Profile("1", "web", before, before.upper(), WEB if before != INACTIVE else "", WEB if before != INACTIVE else "", "", "")
    step = Step("activate", "POST", "/profiles/1", "1", "why")
    item = Item("1", "web", desired=Choice(profile, Desired("web", "", restart), step), before=profile, current=profile, steps=[step])
    item.outcomes = [Outcome(step, STARTED)] if sent else []
    item.watched = watched
    operation = SetProfiles(Run({}, clock=StillClock()), Appliance({}), [], None if active else {})
    return operation, item


def now(status):
    return Profile("1", "web", status, status.upper(), WEB if status != INACTIVE else "", WEB if status != INACTIVE else "", "", "")


DONE = Watched("17", State("Complete", done=True, ok=True), "done")


@pytest.mark.parametrize(
    "before, sent, watched, after, expected",
    [
        (INACTIVE, True, None, ACTIVE, (True, True)),
        (INACTIVE, True, None, INACTIVE, (False, False)),
        (INACTIVE, True, None, FAILED, (True, False)),
        (ACTIVE, True, None, ACTIVE, (False, False)),  # what the list shows may be from before the request
        (ACTIVE, True, DONE, ACTIVE, (True, True)),
        (FAILED, True, None, FAILED, (False, False)),
        (FAILED, True, DONE, FAILED, (True, False)),
        (FAILED, True, None, ACTIVE, (True, True)),
        (FAILED, False, None, FAILED, (True, False)),
        (ACTIVE, False, None, ACTIVE, (True, True)),
    ],
)
def test_how_an_activation_stands(before, sent, watched, after, expected):
    operation, item = item_of(before, sent=sent, watched=watched)
    state = operation._state(item, now(after))
    assert (state.done, state.ok) == expected


def test_what_does_not_change_is_believed_after_a_while():
    operation, item = item_of(FAILED)
    assert not operation._state(item, now(FAILED)).done
    operation.run.clock.advance(NEVER_SEEN_SECONDS - 1)
    assert not operation._state(item, now(FAILED)).done
    operation.run.clock.advance(1)
    assert operation._state(item, now(FAILED)).done


@pytest.mark.parametrize(
    "after, watched, code, said",
    [
        (FAILED, None, "job_failed", "shows FAILED"),
        (INACTIVE, None, "effect_missing", "shows INACTIVE"),
        (FAILED, Watched("1"), "effect_missing", "is not in the list any more"),
        (INACTIVE, DONE, "effect_missing", "shows INACTIVE"),
    ],
)
def test_what_is_said_of_an_activation_that_did_not_come(after, watched, code, said):
    operation, item = item_of(INACTIVE, watched=watched)
    item.current = now(after)
    failure = operation.not_reached(item)
    assert failure.code == code
    assert said in failure.why
    assert "where active was desired" in failure.why


@pytest.mark.parametrize(
    "restart, active, goal", [("immediate", True, "active"), ("defer", True, "pending or active"), ("", False, "inactive")]
)
def test_what_was_waited_for_is_told(restart, active, goal):
    operation, item = item_of(INACTIVE, restart, active=active)
    assert f"was not {goal} in time (last status: PENDING)" in operation.timed_out(item, Watched("1", State("PENDING"))).why
    assert "never seen" in operation.timed_out(item, Watched("1")).why


# -- after an activation that was joined -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told, sent",
    [("PENDING", 1), ("RUNNING", 0)],
    ids=["still pending", "begun by another run meanwhile"],
)
def test_the_restart_that_a_joined_activation_left_is_planned_once(told, sent):
    operation, item = item_of(PENDING, sent=False)
    operation.client.activations[WEB] = told
    item.join, item.steps = "", []
    item.current = now(PENDING)
    assert operation.has_next(item)
    work = operation.next_steps([item])
    assert [step.body["restart"] for _item, step in work] == ["immediate"] * sent
    assert (item.failure, item.verified, item.waits() or bool(work), operation.has_next(item)) == (None, False, True, False)


def test_a_joined_activation_that_leaves_the_restart_twice_is_told():
    operation, item = item_of(PENDING, sent=False)
    operation.client.activations[WEB] = "RUNNING"
    item.join, item.steps = "", []
    assert operation._state(item, now(PENDING)).ok
    assert operation.next_steps([item]) == []
    state = operation._state(item, now(PENDING))
    assert (state.done, state.ok, operation.not_reached(item).code) == (True, False, "effect_missing")


def test_a_profile_that_another_run_moves_meanwhile_fails_alone():
    operation, item = item_of(PENDING, sent=False)
    item.desired = Choice(item.before, Desired("web", DB, "immediate"), join=True)
    operation.client.activations[WEB] = "PENDING"
    item.join, item.steps = "", []
    assert operation.next_steps([item]) == []
    assert item.failure.code == "target_mismatch"


@pytest.mark.parametrize("listed", [PENDING, FAILED])
@pytest.mark.parametrize("told, ended", [("RUNNING", False), (None, False), ("PENDING", True)])
def test_a_list_that_is_older_than_the_activation_that_is_joined_does_not_end_it(listed, told, ended):
    operation, item = item_of(PENDING, sent=False)
    item.join, item.steps = "", []
    operation.client.activations.update({WEB: told} if told else {})
    operation.client.status = listed.upper()
    assert operation.look([item])["1"].done is ended


@pytest.mark.parametrize("listed", [PENDING, FAILED])
def test_an_activation_that_ends_between_the_list_and_its_status_is_not_taken_for_another_end(listed):
    operation, item = item_of(PENDING, sent=False)
    item.join, item.steps = "", []
    operation.client.status = listed.upper()
    tell = operation.client.read

    def read(path, **more):
        if path == "/profiles/status":
            operation.client.status, operation.client.activations[WEB] = "ACTIVE", "COMPLETED"
        return tell(path, **more)

    operation.client.read = read
    state = operation.look([item])["1"]
    assert (state.done, state.ok, item.current.status) == (True, True, ACTIVE)
    assert not operation.has_next(item)
