# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for server profiles as tables: how a profile stands, what is desired, what is sent, when it is there. No network."""

from __future__ import annotations

import types

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import code_of

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import profile_plans, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_operations import SetProfiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Desired, plan_activation
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import (
    ACTIVATING,
    ACTIVE,
    FAILED,
    INACTIVE,
    OTHER,
    PENDING,
    Profile,
)

HERE, THERE = "0A10000000000000000000000000000A", "0A10000000000000000000000000000B"
BAY = "1B54B9AEFCE04D5E820C0B6310D03590_bay3"


def profile(status, target=HERE, ident="71", name="web-01"):
    uuid = target if status != INACTIVE and "_bay" not in target else ""
    return Profile(ident, name, status, status.upper(), uuid, "" if status == INACTIVE else target, "", "")


# (status in the list, running, desired) -> "send", "join", "nothing" or the code of a refusal
NOW, LATER = {"restart": "immediate"}, {"restart": "defer"}
CASES = [
    # inactive: the target is needed
    (INACTIVE, None, {**NOW, "uuid": HERE}, "send"),
    (INACTIVE, None, {**LATER, "uuid": BAY}, "send"),
    (INACTIVE, None, NOW, "uuid_missing"),
    (INACTIVE, ACTIVATING, {**NOW, "uuid": HERE}, "target_mismatch"),
    # active: nothing, unless it is to be sent again
    (ACTIVE, None, NOW, "nothing"),
    (ACTIVE, None, LATER, "nothing"),
    (ACTIVE, None, {**NOW, "uuid": HERE}, "nothing"),
    (ACTIVE, None, {**NOW, "uuid": HERE.lower()}, "nothing"),
    (ACTIVE, None, {**NOW, "uuid": "0A100000-0000-0000-0000-00000000000A"}, "nothing"),
    (ACTIVE, None, {**NOW, "uuid": THERE}, "target_mismatch"),
    (ACTIVE, ACTIVE, {**NOW, "redeploy": True}, "send"),
    (ACTIVE, ACTIVATING, {**NOW, "redeploy": True}, "join"),
    (ACTIVE, ACTIVATING, {**LATER, "redeploy": True}, "nothing"),
    # pending: with defer it is reached
    (PENDING, None, LATER, "nothing"),
    (PENDING, PENDING, NOW, "send"),
    (PENDING, ACTIVATING, NOW, "join"),
    (PENDING, PENDING, {**LATER, "redeploy": True}, "send"),
    # failed: again, unless it runs already
    (FAILED, FAILED, NOW, "send"),
    (FAILED, ACTIVATING, NOW, "join"),
    (FAILED, profiles.NOT_TOLD, NOW, "send"),
    # under way
    (ACTIVATING, None, NOW, "join"),
    (ACTIVATING, None, LATER, "nothing"),
    # a word that is not understood: the second source, or a person
    (OTHER, ACTIVE, NOW, "nothing"),
    (OTHER, ACTIVATING, NOW, "join"),
    (OTHER, PENDING, LATER, "nothing"),
    (OTHER, None, NOW, "state_unknown"),
    (OTHER, OTHER, NOW, "state_unknown"),
    (OTHER, None, {**NOW, "redeploy": True}, "send"),
]


@pytest.mark.parametrize("status, running, desired, expected", CASES)
def test_what_is_sent(status, running, desired, expected):
    one = Desired("71", **desired)
    refused = expected not in ("send", "join", "nothing")
    code, choice = code_of(lambda: plan_activation(profile(status), one, "web-01", running))
    assert code == (expected if refused else None)
    if refused:
        return
    assert ("send" if choice.step else "join" if choice.join else "nothing") == expected
    if choice.step:
        body = {"restart": desired["restart"]} | ({"uuid": desired["uuid"]} if "uuid" in desired else {})
        assert (choice.step.method, choice.step.path, choice.step.body) == ("POST", "/profiles/71", body)
        assert (choice.step.resource, choice.step.name) == ("71", "web-01")
        assert ("restarts the server" in choice.step.why) == (desired["restart"] == "immediate")


@pytest.mark.parametrize("status, first", [(ACTIVE, "Unassign it first "), (ACTIVATING, "Wait for its activation, then unassign it ")])
def test_a_profile_on_another_server_is_not_taken_from_under_its_activation(status, first):
    with pytest.raises(Failure) as caught:
        plan_activation(profile(status), Desired("71", THERE, restart="immediate"), "web-01")
    assert caught.value.next_step.startswith(first)


@pytest.mark.parametrize("status", [INACTIVE, PENDING, ACTIVE, ACTIVATING, FAILED, OTHER])
def test_what_is_unassigned(status):
    sent = status != INACTIVE
    flags = {"force": False, "powerDownITE": True, "resetIMM": False, "resetSwitch": False}
    step = profile_plans.plan_unassignment(profile(status), flags, "web-01").step
    assert (step is not None) is sent
    if step:
        assert (step.method, step.path, step.body) == ("POST", "/profiles/unassign/71", flags)


def test_before_and_after_say_what_restarts():
    choice = plan_activation(profile(INACTIVE), Desired("71", HERE, "immediate"), "web-01")
    assert profile_plans.view(choice, active=True, after=False) == {"name": "web-01", "status": INACTIVE, "target": ""}
    assert profile_plans.view(choice, active=True, after=True) == {"name": "web-01", "status": ACTIVE, "target": HERE, "restart": "now"}
    deferred = plan_activation(profile(INACTIVE), Desired("71", HERE, "defer"), "web-01")
    assert "manual restart" in profile_plans.view(deferred, active=True, after=True)["restart"]
    again = plan_activation(profile(ACTIVE), Desired("71", "", "immediate", redeploy=True), "web-01", ACTIVE)
    assert profile_plans.view(again, active=True, after=True)["redeployed"] == "yes"
    same = plan_activation(profile(ACTIVE), Desired("71", "", "defer"), "web-01")
    assert profile_plans.view(same, active=True, after=True) == profile_plans.view(same, active=True, after=False)


# -- what the list tells to be impossible -----------------------------------------------------------------------------


def refused(desired, *others):
    every = [profile(INACTIVE, ident=str(n), name=f"web-{n}") for n in range(len(desired))] + list(others)
    try:
        profile_plans.refuse_conflicts(every, every[: len(desired)], desired)
    except Failure as failure:
        return failure
    return None


def conflict(desired, *others):
    failure = refused(desired, *others)
    return failure.code if failure else None


def test_all_that_are_for_one_target_are_told():
    failure = refused([Desired("0", HERE), Desired("1", THERE), Desired("2", HERE.lower()), Desired("3", HERE)])
    assert (failure.resources, failure.details) == (["web-0", "web-2", "web-3"], {"positions": [0, 2, 3]})
    assert "the profiles web-0, web-2, web-3 are all for the target" in str(failure)


def test_two_profiles_for_one_target_are_refused_however_it_is_spelled():
    assert conflict([Desired("0", HERE), Desired("1", HERE.lower())]) == "duplicate_target"
    assert conflict([Desired("0", HERE), Desired("1", "0a100000-0000-0000-0000-00000000000a")]) == "duplicate_target"
    assert conflict([Desired("0", BAY), Desired("1", BAY.upper())]) == "duplicate_target"
    assert conflict([Desired("0", HERE), Desired("1", THERE)]) is None
    assert conflict([Desired("0"), Desired("1")]) is None


@pytest.mark.parametrize("status", [ACTIVE, PENDING, ACTIVATING, FAILED, OTHER])
def test_a_target_that_another_profile_holds_is_refused(status):
    assert conflict([Desired("0", HERE)], profile(status, ident="9")) == "target_taken"
    assert conflict([Desired("0", THERE)], profile(status, ident="9")) is None
    free = profile(INACTIVE, ident="0")
    with pytest.raises(Failure) as caught:
        profile_plans.refuse_conflicts([free, profile(status, ident="9")], [free], [Desired("0", HERE)])
    assert caught.value.next_step.startswith("Wait for that activation, then unassign" if status == ACTIVATING else "Unassign that")


def test_a_profile_that_is_meant_twice_is_refused():
    one = profile(ACTIVE)
    with pytest.raises(Failure) as caught:
        profile_plans.refuse_conflicts([one], [one, one], [Desired("71"), Desired("web-01")])
    assert (caught.value.code, caught.value.resource, caught.value.details) == ("duplicate_item", "web-01", {"positions": [0, 1]})


def test_its_own_target_is_no_conflict():
    one = profile(ACTIVE)
    profile_plans.refuse_conflicts([one], [one], [Desired("71", HERE)])


@pytest.mark.parametrize("target, good", [
    (HERE, True), (HERE.lower(), True), ("0A100000-0000-0000-0000-00000000000A", True), (BAY, True), (BAY.upper(), True), ("", True),
    ("phc-12_bay3", True), (f"{HERE}_bay11_1", True),
    ("web-01", False), ("0A10", False), (HERE + "0", False), ("G" * 32, False), ("../71", False), ("_bay3", False), (f"{HERE}_bay", False),
])  # fmt: skip
def test_what_can_be_a_target(target, good):
    assert code_of(lambda: profile_plans.check_target(Desired("71", target), 0))[0] == (None if good else "config_uuid")


@pytest.mark.parametrize(
    "status, uuid, refused", [(INACTIVE, THERE, True), (INACTIVE, HERE, False), (INACTIVE, BAY, False), (ACTIVE, THERE, False)]
)
def test_a_server_that_nobody_knows_is_refused(status, uuid, refused):
    code, _none = code_of(lambda: profile_plans.refuse_unknown_servers([profile(status)], [Desired("71", uuid)], {HERE}))
    assert code == ("target_not_found" if refused else None)


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_name_that_several_have_is_told_with_the_id():
    twins = [profile(ACTIVE, ident="1", name="web"), profile(ACTIVE, THERE, "2", "web"), profile(ACTIVE, BAY, "3", "db")]
    assert profiles.titles(twins) == {"1": "web (1)", "2": "web (2)", "3": "db"}
    assert profiles.titles(twins[:1]) == {"1": "web"}
    assert profiles.titles([profile(ACTIVE, name="")]) == {"71": "(71)"}
    with pytest.raises(Failure) as caught:
        profile_plans.find(twins, ["web"])
    assert (caught.value.code, "1, 2" in str(caught.value)) == ("profile_ambiguous", True)


# -- the end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, target, restart, ended, reached",
    [
        (ACTIVE, HERE, "immediate", False, True), (ACTIVE, THERE, "immediate", True, False), (PENDING, HERE, "immediate", True, False),
        (PENDING, HERE, "defer", False, True), (ACTIVE, HERE, "defer", False, True), (ACTIVATING, HERE, "defer", True, True),
        (ACTIVATING, HERE, "defer", False, False), (ACTIVATING, HERE, "immediate", True, False), (INACTIVE, HERE, "immediate", True, False),
        (FAILED, HERE, "immediate", True, False), (OTHER, HERE, "immediate", True, False),
    ],
)  # fmt: skip
def test_when_the_end_is_reached(status, target, restart, ended, reached):
    assert profile_plans.reached(profile(status, target), Desired("71", HERE, restart), active=True, job_ended=ended) is reached


@pytest.mark.parametrize(
    "before, now, running, moved",
    [
        (INACTIVE, ACTIVE, None, True), (INACTIVE, ACTIVATING, None, True), (INACTIVE, INACTIVE, None, False),
        (ACTIVE, ACTIVE, None, False),
        (ACTIVE, ACTIVE, ACTIVATING, True), (FAILED, ACTIVE, None, True), (FAILED, FAILED, None, False), (PENDING, FAILED, None, True),
        (ACTIVE, INACTIVE, None, False),
    ],
)  # fmt: skip
def test_what_tells_that_a_lost_request_has_arrived(before, now, running, moved):
    assert profile_plans.moved(profile(before), profile(now), running, HERE, active=True) is moved


@pytest.mark.parametrize("now, moved", [(INACTIVE, True), (ACTIVATING, False), (ACTIVE, False), (FAILED, False)])
def test_only_an_inactive_profile_tells_that_an_unassignment_has_arrived(now, moved):
    """An activation that runs is why it was refused."""
    assert profile_plans.moved(profile(ACTIVE), profile(now), ACTIVATING if now == ACTIVATING else None, HERE, active=False) is moved


statuses = st.sampled_from([INACTIVE, PENDING, ACTIVE, ACTIVATING, FAILED, OTHER])


running_statuses = st.sampled_from([None, ACTIVATING, ACTIVE, PENDING, FAILED, OTHER, profiles.NOT_TOLD])


@given(statuses, running_statuses, st.sampled_from(["immediate", "defer"]))
def test_nothing_is_sent_while_it_runs_nor_when_it_is_reached(status, running, restart):
    desired = Desired("71", HERE, restart)
    one = profile(status)
    try:
        choice = plan_activation(one, desired, "web-01", running)
    except Failure:
        return
    if ACTIVATING in (status, running):
        assert choice.step is None
    if profile_plans.reached(one, desired, active=True):
        assert choice.step is None or running in (ACTIVATING,) or status == PENDING


# -- an activation of which only a job tells -----------------------------------------------------------------------------


class Old:
    """An appliance that is too old to tell the status of an activation. jobs: of its list."""

    system = "xclarity"

    def __init__(self, *jobs):
        self.jobs = jobs

    def read(self, path, **_more):
        if path == "/tasks":
            return list(self.jobs)
        raise Failure("not_found", "no such page", status=404)


@pytest.mark.parametrize(
    "status, desired, state, refused",
    [
        (PENDING, NOW, "Running", True),
        (ACTIVE, {**NOW, "redeploy": True}, "Running", True),
        (PENDING, NOW, "Complete", False),
        (ACTIVE, NOW, "Running", False),
    ],
)
def test_where_nothing_tells_whether_it_is_running_an_open_job_may_be_the_activation(status, desired, state, refused):
    client = Old({"jobUID": "17", "status": state, "name": "Activate profile"})
    operation = SetProfiles(Run({}), client, [Desired("71", **desired)], None)
    code, _told = code_of(lambda: operation._running([profile(status)], operation.asked))
    assert code == ("state_unknown" if refused else None)


@pytest.mark.parametrize(
    "listed, told, sent",
    [
        ("ACTIVE", "COMPLETED", 0),
        ("PENDING", "COMPLETED", 1),
        ("PENDING", "PENDING", 1),
        ("ACTIVE", None, 0),
        ("PENDING", None, 1),
    ],
)
def test_an_activation_that_ends_between_the_list_and_the_status_is_not_started_again(listed, told, sent):
    """Some appliances list a profile that is being activated as pending."""
    lists = ["PENDING", listed]

    def read(path, **_more):
        if path == "/tasks":
            return [{"jobUID": "17", "status": "Complete", "name": "Activate profile"}]
        if path == "/jobs":
            return []
        if path == "/profiles/status":
            if told is None:
                raise Failure("not_found", "no such page", status=404)
            return {"items": [{"uuid": HERE, "activationStatus": told}]}
        status = lists.pop(0) if len(lists) > 1 else lists[0]
        return {"items": [{"id": "71", "profileName": "web-01", "profileStatus": status, "uuid": HERE}]}

    client = types.SimpleNamespace(system="xclarity", read=read)
    (item,) = SetProfiles(Run({}), client, [Desired("71", **NOW)], None).read()
    assert len(item.steps) == sent


@pytest.mark.parametrize("wanted, code, positions", [
    (["web", "nobody", "db", "noone"], "profile_not_found", [1, 3]), (["nobody", "web", "nobody"], "profile_not_found", [0, 2]),
    (["twin", "web", "nobody"], "profile_ambiguous", [0, 2]),
])  # fmt: skip
def test_a_refusal_tells_where_all_that_it_is_about_stand(wanted, code, positions):
    """By these the role knows whose mistake it is."""
    listed = [profile(ACTIVE, ident=ident, name=name) for ident, name in (("1", "web"), ("2", "db"), ("3", "twin"), ("4", "twin"))]
    with pytest.raises(Failure) as caught:
        profile_plans.find(listed, wanted)
    assert (caught.value.code, caught.value.details["positions"]) == (code, positions)
