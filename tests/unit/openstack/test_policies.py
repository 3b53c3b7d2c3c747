# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a replacement of a policy that broke off has to go on, and what it says of clusters without the policy."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NOT_STARTED, STARTED, UNKNOWN
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions, policies, policy_operations
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.policies import (
    ATTACH,
    DETACH,
    UPDATE,
    Bound,
    action_of,
    bind,
    left_bare,
    unattached,
)

DELETION = "senlin.policy.deletion-1.0"
OLD = {"id": "old", "type": DELETION, "created_at": "2026-01-01T00:00:00.000001+00:00"}
NEW = {"id": "new", "type": DELETION, "created_at": "2026-01-02T00:00:00.700000+00:00"}


def action(kind, policy, time="2026-01-02T00:00:00Z", status="SUCCEEDED", target="c", **inputs):
    return {"action": kind, "target": target, "status": status, "created_at": time, "inputs": {"policy_id": policy, **inputs}}


@pytest.mark.parametrize(
    "done, held, enabled",
    [
        ([], [], None),
        ([action(DETACH, "old")], [], True),
        ([action(DETACH, "old", status="FAILED")], [], True),
        ([action(DETACH, "old", "2026-01-01T23:59:59Z")], [], None),
        ([action(DETACH, "old", target="gone")], [], None),
        ([action(DETACH, "other")], [], None),
        ([action(ATTACH, "old", "2026-01-01T01:00:00Z", enabled=False), action(DETACH, "old")], [], False),
        ([action(UPDATE, "old", "2026-01-01T01:00:00Z", enabled=False), action(DETACH, "old")], [], False),
        ([action(DETACH, "old"), action(ATTACH, "new", status="FAILED", enabled=False)], [], False),
        ([action(DETACH, "old"), action(ATTACH, "new")], [], None),
        ([action(DETACH, "old"), action(ATTACH, "new"), action(DETACH, "new")], [], None),
        ([action(DETACH, "old")], [{"policy_id": "new", "policy_type": DELETION}], None),
        ([action(DETACH, "old")], [{"policy_id": "old", "policy_type": DELETION}], None),
        ([action(DETACH, "old")], [{"policy_id": "x", "policy_type": "senlin.policy.deletion-1.1"}], None),
        ([action(DETACH, "old")], [{"policy_id": "x", "policy_type": "senlin.policy.batch-1.0"}], True),
    ],
)
def test_a_cluster_that_a_replacement_left_without_the_policy(done, held, enabled):
    bare = left_bare(NEW, [OLD], done, {"c": held}, {"c": "web"})
    assert bare == ([] if enabled is None else [Bound("c", "web", enabled)])


def test_several_scaling_policies_do_not_keep_each_other_out():
    kind = "senlin.policy.scaling-1.0"
    new, old = ({**one, "type": kind} for one in (NEW, OLD))
    held = {"c": [{"policy_id": "x", "policy_type": kind}]}
    assert left_bare(new, [old], [action(DETACH, "old")], held, {"c": "web"}) == [Bound("c", "web", True)]


def test_the_old_policy_goes_back_where_its_spec_is_desired_again():
    done = [action(ATTACH, "old", "2026-01-01T01:00:00Z"), action(DETACH, "old")]
    assert left_bare(OLD, [NEW], done, {}, {"c": "web"}) == [Bound("c", "web", True)]


MOVE = (
    bind("c", "web", "detach", "p (old)", {"policy_detach": {"policy_id": "old"}}, ""),
    bind("c", "web", "attach", "p", {"policy_attach": {"policy_id": "new", "enabled": True}}, ""),
)


@pytest.mark.parametrize(
    "states, verified, names",
    [
        ([], False, []),
        ([NOT_STARTED], False, []),
        ([STARTED], False, ["web"]),
        ([UNKNOWN], False, ["web"]),
        ([FINISHED], True, ["web"]),
        ([FINISHED, NOT_STARTED], False, ["web"]),
        ([FINISHED, FINISHED], False, ["web"]),
        ([FINISHED, FINISHED], True, []),
    ],
)
def test_which_clusters_are_without_the_policy(states, verified, names):
    outcomes = [Outcome(step, state) for step, state in zip(MOVE, states, strict=False)]
    assert unattached(MOVE, outcomes, verified=verified) == names


def test_a_run_that_only_attaches_tells_all_that_are_left():
    attach = [bind(name, name, "attach", "p", {"policy_attach": {"policy_id": "new", "enabled": True}}, "") for name in ("a", "b")]
    assert unattached(attach, [Outcome(attach[0], NOT_STARTED)], verified=False) == ["a", "b"]


@pytest.mark.parametrize(
    "running, found",
    [
        ([action(ATTACH, "p")], 0),
        ([action(ATTACH, "other"), action(ATTACH, "p")], 1),
        ([action(ATTACH, "other")], None),  # of another policy of the task, which is attached to the same cluster
        ([action(DETACH, "p")], None),
        ([action(ATTACH, "p", target="d")], None),
        ([{**action(ATTACH, "p"), "inputs": None}], None),
        ([], None),
    ],
)
def test_the_action_of_a_request_to_bind_names_its_cluster_and_policy(running, found):
    step = bind("c", "web", "attach", "p", {"policy_attach": {"policy_id": "p", "enabled": True}}, "why")
    assert action_of(step, [{**one, "id": str(number)} for number, one in enumerate(running)]) == (None if found is None else str(found))


@pytest.mark.parametrize("verb, kind", [("policy_attach", ATTACH), ("policy_detach", DETACH)])
def test_of_two_lost_requests_about_one_cluster_each_is_told_by_its_own_action(monkeypatch, verb, kind):
    """Two policies are replaced that one cluster has: one action is not the proof of both requests."""
    steps = [bind("c", "web", verb.removeprefix("policy_"), name, {verb: {"policy_id": name}}, "why") for name in ("a", "b")]
    items = [Item(name, name, outcomes=[Outcome(step, UNKNOWN)]) for name, step in zip("ab", steps, strict=True)]
    bound = [] if verb == "policy_attach" else [{"policy_id": "a"}, {"policy_id": "b"}]
    monkeypatch.setattr(policy_operations.SetPolicies, "_entries", lambda self, names, ids: [])
    monkeypatch.setattr(actions, "read_open", lambda client: [{**action(kind, "b"), "id": "17"}])
    monkeypatch.setattr(policies, "bindings", lambda client, cluster: bound)
    operation = policy_operations.SetPolicies(Run({"state": "present"}), None, [], single=False)
    found = operation.find([(item, item.outcomes[0]) for item in items])
    assert {key: accepted.job for key, accepted in found.items()} == {steps[1].key: "17"}
