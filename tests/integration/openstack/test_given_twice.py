# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing in two rows is refused before anything is sent; two things of one name, each given by its id, are not one."""

from __future__ import annotations

from typing import Any

import pytest
from clustering_help import HEAT, NOVA, changing, heat, seed

KINDS = [("cluster", "clusters"), ("cluster_policy", "policies"), ("cluster_profile", "profiles"), ("cluster_node", "nodes")]
DELETION = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
NOBODY = "00000000-0000-4000-8000-00000000000"


@pytest.fixture
def twins(empty_sim):
    """Two of each kind with the name twin."""
    seed(empty_sim, "small", NOVA)
    one: dict[str, Any] = {"name": "twin", "project": "demo"}
    empty_sim.seed(
        clustering={
            "profiles": [one | {"spec": HEAT}, one | {"spec": heat(2)}],
            "policies": [one | {"spec": DELETION}] * 2,
            "clusters": [one | {"profile": "small", "nodes": 1}] * 2,
            "nodes": [one | {"profile": "small"}] * 2,
        }
    )
    return empty_sim


def idents(sim: Any, kind: str, name: str = "twin") -> list[str]:
    return [one["id"] for one in sim.state("clustering")[kind] if one["name"] == name]


@pytest.mark.parametrize(("module", "kind"), KINDS)
def test_two_of_one_name_by_their_ids(twins, run_module, module, kind):
    ids = idents(twins, kind)
    assert len(ids) == 2
    rows = {kind: [{"id": ids[0]}, {"id": ids[1], "name": "twin"}], "state": "absent"}
    checked = run_module(module, rows, check=True)
    assert not checked.failed, checked
    assert sorted(step["resource"] for step in checked["plan"]) == sorted(ids)
    assert len(checked["diff"]["before"]) == 2
    gone = run_module(module, rows)
    assert (gone.failed, gone["changed"], idents(twins, kind)) == (False, True, []), gone
    named = {kind: [{"id": one, "name": "twin"} for one in ids], "state": "absent"}
    for again in (run_module(module, rows), run_module(module, named)):
        assert (again.failed, again["changed"], len(again[kind])) == (False, False, 2), again


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("module", "kind"), KINDS)
def test_one_by_its_name_and_its_id(twins, run_module, module, kind, check):
    run_module(module, {"id": idents(twins, kind)[0], "state": "absent"})
    (ident,) = idents(twins, kind)
    since = twins.last()
    for rows, state in (
        ([{"name": "twin"}, {"id": ident}], "absent"),
        ([{"id": ident}, {"name": "twin"}], "absent"),
        ([{"id": ident}, {"id": ident, "name": "twin"}], "absent"),
        ([{"id": NOBODY + "1"}, {"id": NOBODY + "1"}], "absent"),
        ([{"name": "gone"}, {"name": "gone"}], "absent"),
        ([{"id": ident, "name": "other"}, {"name": "twin"}], "present"),
    ):
        result = run_module(module, {kind: rows, "state": state}, check=check)
        assert (result.code, result["changed"]) == ("duplicate_item", False), (rows, result)
    assert changing(twins, since) == []


@pytest.mark.parametrize(("module", "kind"), KINDS[:3])
def test_two_that_are_to_get_one_name(twins, run_module, module, kind):
    result = run_module(module, {kind: [{"id": one, "name": "other"} for one in idents(twins, kind)]})
    assert (result.code, changing(twins)) == ("duplicate_item", []), result


@pytest.mark.parametrize(("module", "kind"), KINDS)
def test_two_of_one_name_that_keep_it(twins, run_module, module, kind):
    more = {} if module == "cluster_policy" else {"metadata": {}}
    result = run_module(module, {kind: [{"id": one, **more} for one in idents(twins, kind)]})
    assert (result.failed, result["changed"], len(result[kind])) == (False, False, 2), result


def test_a_profile_whose_place_another_has_taken_goes_with_its_name_and_is_not_given_beside_it(empty_sim, run_module):
    run_module("cluster_profile", {"name": "web", "spec": HEAT})
    empty_sim.seed(clustering={"clusters": [{"name": "c", "profile": "web", "project": "demo"}]})
    replaced = run_module("cluster_profile", {"name": "web", "spec": heat(2), "on_spec_change": "replace"})
    (old,) = replaced["kept"]
    run_module("cluster", {"name": "c", "profile": replaced["profile"]["id"]})
    since = empty_sim.last()
    result = run_module("cluster_profile", {"profiles": [{"name": "web"}, {"id": old["id"]}], "state": "absent"})
    assert (result.code, changing(empty_sim, since)) == ("duplicate_item", []), result


def test_a_policy_whose_place_another_takes_is_not_given_beside_it(twins, run_module):
    other = {**DELETION, "properties": {"criteria": "YOUNGEST_FIRST"}}
    one = idents(twins, "policies")[0]
    twins.seed(clustering={"policies": [{"name": "twin", "project": "demo", "spec": other}]})
    rows = [{"name": "twin", "spec": other}, {"id": one, "name": "apart"}]
    result = run_module("cluster_policy", {"policies": rows, "on_spec_change": "replace"})
    assert (result.code, changing(twins)) == ("duplicate_item", []), result
