# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a replacement of a policy that broke off has to go on, and what it says of clusters without the policy."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NOT_STARTED, STARTED, UNKNOWN
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.policies import (
    ATTACH,
    DETACH,
    UPDATE,
    Bound,
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
