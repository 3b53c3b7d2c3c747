# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which policies a cluster may have beside each other."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import clusters, listing, policies

DELETION, SCALING = "senlin.policy.deletion-1.1", "senlin.policy.scaling-1.0"


def policy(name: str, kind: str = DELETION) -> dict[str, Any]:
    return {"id": f"id-{name}", "name": name, "type": kind}


def new(name: str, kind: str = "") -> dict[str, Any]:
    asked = f"{policies.NEW_ID} {name} {kind}".strip()
    one = listing.foreseen(policies.NEW_ID, [asked])[asked]
    assert one["name"] == name
    return one


def bound(name: str, kind: str = DELETION) -> dict[str, Any]:
    return {"policy_id": f"id-{name}", "policy_name": name, "policy_type": kind}


@pytest.mark.parametrize(("asked", "attached", "hint"), [
    ([policy("a"), policy("b")], [], "Name only one of them and run again."),
    ([new("a", DELETION), new("b", DELETION)], [], "Name only one of them and run again."),
    ([policy("a"), policy("b")], [bound("a")], "Name only one of them and run again."),
    ([policy("b", "senlin.policy.deletion-1.0")], [bound("a")], "Detach a (cluster_policy_binding), or leave b out, and run again."),
    ([new("b", DELETION)], [bound("a")], "Detach a (cluster_policy_binding), or leave b out, and run again."),
])  # fmt: skip
def test_a_second_one_of_a_type_is_refused_with_what_helps(asked, attached, hint):
    with pytest.raises(Failure) as caught:
        clusters.refuse_types("web", asked, attached)
    assert (caught.value.code, caught.value.next_step) == ("policy_type_taken", hint)
    assert "two policies of the type senlin.policy.deletion: a and b" in caught.value.why


@pytest.mark.parametrize(("asked", "attached"), [
    ([policy("a", SCALING), new("b", SCALING)], [bound("c", SCALING)]),
    ([policy("a"), new("b", "senlin.policy.batch-1.0")], [bound("c", "senlin.policy.health-1.0")]),
    ([policy("a"), policy("b")], [bound("a"), bound("b")]),  # somebody has attached both already
    ([policy("a")], [bound("a"), bound("b")]),
    ([new("a"), new("b")], []),  # their types are not known
])  # fmt: skip
def test_what_may_be_beside_each_other(asked, attached):
    clusters.refuse_types("web", asked, attached)
