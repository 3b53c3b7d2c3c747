# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an update that is joined leaves, and when that is planned."""

from __future__ import annotations

import pytest
from chaos.clocks import StillClock

from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_update_operations import UpdateFirmware
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_updates import Desired, asked_of

UUID = "0A10000000000000000000000000000C"


class Appliance:
    """Stands in for a client. parts: component -> (job, state, status); outdated: components that do not comply."""

    system = "xclarity"

    def __init__(self, parts, outdated, policy="production"):
        self.parts, self.outdated, self.policy = parts, outdated, policy

    def identity(self):
        return (self.system, "one")

    def read(self, path, **_more):
        if path == "/nodes":
            return {"nodeList": [{"uuid": UUID, "name": "web", "status": {"name": "MANAGED"}, "accessState": "Online"}]}
        if path == "/jobs":
            return []
        if path == "/updatableComponents":
            rows = [
                {"Component": name, "UpdateStatus": {"JobID": job, "State": state, "Status": status, "StartTime": ""}}
                for name, (job, state, status) in self.parts.items()
            ]
            return {"DeviceList": [{"ServerList": [{"UUID": UUID, "Components": rows}]}]}
        targets = [
            {"componentName": name, "compliant": "no" if name in self.outdated else "yes", "packageExistence": "yes"}
            for name in ("BMC", "UEFI")
        ]
        whole = "no" if self.outdated else "yes"
        entry = {"uuid": UUID, "policyName": self.policy, "endpointCompliant": whole, "supported": "true", "targetFirmware": targets}
        return {"all": [{"racklist": [entry]}]}


OPEN, GOOD, BAD = ("1", "InProgress", "Active"), ("1", "Complete", "Success"), ("1", "Complete", "Failed")
OLD, OTHER = ("0", "Complete", "Success"), ("2", "InProgress", "Active")


def joined(parts, *, components=(), activation="immediate"):
    appliance = Appliance(parts, ["BMC", "UEFI"])
    run = Run({"reconcile_timeout": 5.0}, clock=StillClock())
    operation = UpdateFirmware(run, appliance, [Desired("web", activation, tuple(components), False)])
    (item,) = operation.read()
    assert (item.join, list(item.steps)) == ("", [])
    return appliance, operation, item


def stands(operation, item):
    state = operation.look([item])[UUID]
    return state.done, state.ok


@pytest.mark.parametrize(
    "parts, left",
    [
        ({"UEFI": GOOD}, ["BMC"]),
        ({"UEFI": GOOD, "BMC": OLD}, ["BMC"]),  # what an earlier update has brought is outdated again
        ({"UEFI": ("1", "Complete", "Fine")}, ["BMC"]),  # a word that is not known is not sent again
        ({}, ["BMC"]),  # an update that has ended may not be told any more
        ({"UEFI": GOOD, "BMC": GOOD}, []),
    ],
)
def test_what_a_joined_update_brings_is_not_sent_again(parts, left):
    """The comparison does not follow."""
    appliance, operation, item = joined({"UEFI": OPEN})
    assert stands(operation, item) == (False, False)
    appliance.parts = parts
    assert stands(operation, item) == ((True, True) if left else (False, False))
    assert operation.has_next(item) is bool(left)
    work = operation.next_steps([item]) if left else []
    assert [asked_of(step) for _item, step in work] == ([left] if left else [])
    assert not operation.has_next(item)


def test_an_update_that_others_have_begun_meanwhile_is_waited_for_and_then_told():
    appliance, operation, item = joined({"UEFI": OPEN})
    appliance.parts = {"UEFI": GOOD}
    assert stands(operation, item) == (True, True)
    appliance.parts = {"UEFI": OTHER}
    assert (operation.next_steps([item]), item.failure, item.waits()) == ([], None, True)
    assert stands(operation, item) == (False, False)
    appliance.parts = {"UEFI": ("2", "Complete", "Success")}
    assert stands(operation, item) == (True, False)
    assert operation.not_reached(item).code == "effect_missing"


def test_a_joined_update_that_ended_badly_is_not_followed_by_another():
    appliance, operation, item = joined({"UEFI": OPEN})
    appliance.parts = {"UEFI": BAD}
    assert stands(operation, item) == (True, False)
    assert operation.not_reached(item).code == "update_failed"


def test_a_policy_that_changed_is_not_followed_by_an_update():
    appliance, operation, item = joined({"UEFI": OPEN})
    appliance.parts = {"UEFI": GOOD}
    assert stands(operation, item) == (True, True)
    appliance.policy = "newer"
    assert operation.next_steps([item]) == []
    assert stands(operation, item) == (True, False)


@pytest.mark.parametrize("activation, ok", [("delayed", True), ("immediate", False)])
def test_a_joined_update_of_all_that_the_comparison_does_not_show(activation, ok):
    appliance, operation, item = joined({"UEFI": OPEN, "BMC": OPEN}, activation=activation)
    appliance.parts = {"UEFI": GOOD, "BMC": GOOD}
    first = stands(operation, item)
    operation.run.clock.sleep(5.0)
    assert (first, stands(operation, item)) == (((True, True), (True, True)) if ok else ((False, False), (True, False)))


def test_of_a_joined_update_what_is_asked_for_counts():
    appliance, operation, item = joined({"UEFI": OPEN}, components=["UEFI"])
    appliance.parts, appliance.outdated = {"UEFI": GOOD}, ["BMC"]
    assert stands(operation, item) == (True, True)
    assert not operation.has_next(item)
