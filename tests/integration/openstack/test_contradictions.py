# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An id and a name that are not of the same thing: one of them is a mistake, so nothing is deleted or healed."""

from __future__ import annotations

import pytest
from clustering_help import NOVA, changing, seed

KINDS = [("cluster", "clusters", "absent"), ("cluster", "clusters", "healthy"), ("cluster_policy", "policies", "absent"),
         ("cluster_profile", "profiles", "absent"), ("cluster_node", "nodes", "absent")]  # fmt: skip
SPEC = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {}}


@pytest.mark.parametrize(("module", "kind", "state"), KINDS)
def test_an_id_and_a_name_that_contradict_each_other(empty_sim, run_module, module, kind, state):
    seed(empty_sim, "small", NOVA)
    empty_sim.seed(
        clustering={
            "policies": [{"name": "oldest", "project": "demo", "spec": SPEC}],
            "clusters": [{"name": "web", "profile": "small", "project": "demo", "nodes": 1}],
        }
    )
    one = empty_sim.state("clustering")[kind][0]
    for row in ({"id": one["id"], "name": "db"}, {kind: [{"id": one["id"], "name": "db"}]}):
        for check in (True, False):
            result = run_module(module, row | {"state": state}, check=check)
            assert (result.code, result["changed"], changing(empty_sim)) == ("name_differs", False, []), result
            assert f"has the name {one['name']} and not db." in result["msg"]
    same = run_module(module, {"id": one["id"], "name": one["name"], "state": state}, check=True)
    assert same.code != "name_differs"
