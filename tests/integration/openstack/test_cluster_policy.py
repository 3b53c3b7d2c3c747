# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_policy, cluster_policy_binding and their _info against the simulator."""

from __future__ import annotations

from typing import Any

import pytest
from clustering_help import NOVA, changing, seed

POLICY, BINDING = "cluster_policy", "cluster_policy_binding"
OLDEST = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
YOUNGEST = {**OLDEST, "properties": {"criteria": "YOUNGEST_FIRST"}}
BATCH = {"type": "senlin.policy.batch", "version": "1.0", "properties": {"max_batch_size": 1}}
WEB = {"cluster": "web", "policy": "oldest"}


@pytest.fixture
def estate(empty_sim):
    """Two clusters; a policy of deletion and one of batches."""
    seed(empty_sim, "small", NOVA)
    empty_sim.seed(
        clustering={
            "policies": [{"name": name, "project": "demo", "spec": spec} for name, spec in (("oldest", OLDEST), ("batch", BATCH))],
            "clusters": [{"name": name, "profile": "small", "project": "demo", "nodes": 1} for name in ("web", "db")],
        }
    )
    return empty_sim


def there(sim: Any, kind: str = "policies") -> list[dict[str, Any]]:
    return sim.state("clustering")[kind]


def started(sim: Any) -> list[str]:
    return [one["action"] for one in there(sim, "actions") if one["cause"] == "RPC Request"]


def test_a_policy_is_made_once(empty_sim, run_module):
    checked = run_module(POLICY, {"name": "p", "spec": OLDEST}, check=True)
    assert (checked["changed"], changing(empty_sim)) == (True, [])
    first = run_module(POLICY, {"name": "p", "spec": OLDEST})
    assert not first.failed, first
    assert (first["changed"], first["plan"], first["diff"]) == (True, checked["plan"], checked["diff"])
    assert first["plan"][0]["body"] == {"policy": {"name": "p", "spec": OLDEST}}
    assert first["policy"]["type"] == "senlin.policy.deletion-1.0"
    since = empty_sim.last()
    again = run_module(POLICY, {"name": "p", "spec": {**OLDEST, "version": 1.0}})
    assert (again["changed"], again["policy"], changing(empty_sim, since)) == (False, first["policy"], [])
    renamed = run_module(POLICY, {"id": first["policy"]["id"], "name": "q"})
    assert (renamed["changed"], [one["name"] for one in there(empty_sim)]) == (True, ["q"])
    gone = run_module(POLICY, {"name": "q", "state": "absent"})
    assert (gone["changed"], gone["deleted"], there(empty_sim)) == (True, [first["policy"]["id"]], [])
    assert run_module(POLICY, {"name": "q", "state": "absent"})["changed"] is False


def test_many_policies(empty_sim, run_module):
    rows = [{"name": f"p-{number}", "spec": OLDEST} for number in range(5)]
    first = run_module(POLICY, {"policies": rows})
    assert [row["name"] for row in first["policies"]] == [row["name"] for row in rows]
    assert run_module(POLICY, {"policies": rows})["changed"] is False
    assert len(run_module(POLICY + "_info", {"type": "senlin.policy.deletion"})["policies"]) == 5
    assert run_module(POLICY + "_info", {"type": "senlin.policy.batch"})["policies"] == []


@pytest.mark.parametrize(
    ("spec", "code"),
    [({"type": "x"}, "config_spec"), ({**OLDEST, "properties": {"criteria": "x"}}, "invalid_spec"), (None, "config_spec")],
)
def test_a_bad_spec(empty_sim, run_module, spec, code):
    """A wrong value is a 500 of the service, and a refusal all the same; check mode finds it too."""
    for check in (True, False):
        result = run_module(POLICY, {"name": "p", **({"spec": spec} if spec else {})}, check=check)
        assert (result.code, result["changed"]) == (code, False)
    assert there(empty_sim) == []


def test_a_spec_that_differs_is_refused(estate, run_module):
    result = run_module(POLICY, {"name": "oldest", "spec": YOUNGEST})
    assert (result.code, result["error"]["differences"]) == ("spec_differs", ["spec.properties.criteria"])
    assert changing(estate) == []


def test_replace_takes_the_place_on_every_cluster(estate, run_module):
    run_module(BINDING, {"bindings": [WEB, {**WEB, "cluster": "db", "enabled": False}]})
    (old,) = [one["id"] for one in there(estate) if one["name"] == "oldest"]
    params = {"name": "oldest", "spec": YOUNGEST, "on_spec_change": "replace"}
    checked = run_module(POLICY, params, check=True)
    since = estate.last()
    result = run_module(POLICY, params)
    assert not result.failed, result
    assert [step["method"] for step in result["plan"]] == ["POST"] * 5 + ["DELETE"] == [step["method"] for step in checked["plan"]]
    assert changing(estate, since) == [(step["method"], step["path"]) for step in result["plan"]]
    assert (result["deleted"], result["policy"]["spec"]) == ([old], YOUNGEST)
    assert {(one["cluster_name"], one["policy_id"], one["enabled"]) for one in there(estate, "bindings")} == {
        ("web", result["policy"]["id"], True), ("db", result["policy"]["id"], False),
    }  # fmt: skip
    assert run_module(POLICY, params)["changed"] is False


@pytest.mark.parametrize("check", [True, False])
def test_one_of_another_type_does_not_take_its_place(estate, run_module, check):
    """The cluster may have one of that type already, and would be left without both."""
    run_module(BINDING, WEB)
    batch = {"type": "senlin.policy.batch", "version": "1.0", "properties": {"min_in_service": 1, "max_batch_size": 2, "pause_time": 3}}
    params = {"name": "oldest", "spec": batch, "on_spec_change": "replace"}
    since = estate.last()
    refused = run_module(POLICY, params, check=check)
    assert (refused.code, changing(estate, since)) == ("policy_type_differs", [])
    assert "and it is attached to web." in refused["msg"]
    run_module(BINDING, {**WEB, "state": "detached"})
    result = run_module(POLICY, params, check=check)
    assert not result.failed, result
    assert result["changed"] is True


def test_a_replacement_that_broke_off_is_finished(estate, run_module):
    run_module(BINDING, WEB)
    params = {"name": "oldest", "spec": YOUNGEST, "on_spec_change": "replace"}
    estate.fault("clustering", "POST", "/actions$", status=403, body="{}")
    assert run_module(POLICY, params).failed
    assert len([one for one in there(estate) if one["name"] == "oldest"]) == 2
    assert run_module(POLICY, {"name": "oldest", "spec": YOUNGEST}).code == "name_ambiguous"
    assert len(there(estate, "bindings")) == 1
    result = run_module(POLICY, params)
    assert not result.failed, result
    assert [one["spec"] for one in there(estate) if one["name"] == "oldest"] == [YOUNGEST]
    assert [one["policy_id"] for one in there(estate, "bindings")] == [result["policy"]["id"]]


REPLACED = {"name": "oldest", "spec": YOUNGEST, "on_spec_change": "replace"}


@pytest.mark.parametrize("enabled", [True, False])
def test_a_replacement_that_broke_off_between_detaching_and_attaching(estate, run_module, enabled):
    """The next run reads from the actions where the new policy has to go; the old one stays until it is there."""
    run_module(BINDING, {**WEB, "enabled": enabled})
    run_module(BINDING, {**WEB, "cluster": "db"})
    run_module(BINDING, {**WEB, "cluster": "db", "state": "detached"})  # by the user, before the replacement: not to be attached
    estate.clock(advance=5)
    estate.fault("clustering", "POST", "/actions$", nth=2, times=1, status=500, body="{}")
    broken = run_module(POLICY, REPLACED)
    assert broken.failed
    assert "Without the policy until it is attached: cluster web. Run again to attach it." in broken["msg"]
    assert len(broken["msg"]) <= 600
    assert there(estate, "bindings") == []
    since = estate.last()
    checked = run_module(POLICY, REPLACED, check=True)
    assert (checked["changed"], changing(estate, since)) == (True, [])
    result = run_module(POLICY, REPLACED)
    assert not result.failed, result
    assert [one["method"] for one in result["plan"]] == ["POST", "DELETE"]
    assert result["plan"] == checked["plan"]
    assert changing(estate, since) == [(step["method"], step["path"]) for step in result["plan"]]
    assert [(one["cluster_name"], one["policy_id"], one["enabled"]) for one in there(estate, "bindings")] == [
        ("web", result["policy"]["id"], enabled),
    ]  # fmt: skip
    assert run_module(POLICY, REPLACED)["changed"] is False


def test_the_old_policy_stays_while_the_new_one_cannot_be_attached(estate, run_module):
    run_module(BINDING, WEB)
    estate.fault("clustering", "POST", "/actions$", nth=2, times=2, status=403, body="{}")
    for _run in range(2):
        broken = run_module(POLICY, REPLACED)
        assert (broken.failed, len([one for one in there(estate) if one["name"] == "oldest"])) == (True, 2)
        assert "Run again to attach it." in broken["msg"]
    result = run_module(POLICY, REPLACED)
    assert not result.failed, result
    assert [one["policy_id"] for one in there(estate, "bindings")] == [result["policy"]["id"]]


def test_a_replacement_that_is_not_waited_for_is_finished_by_the_next_runs(estate, run_module):
    """As after a run that was killed: the old policy may still be about to be detached."""
    run_module(BINDING, WEB)
    for _run in range(5):
        result = run_module(POLICY, {**REPLACED, "wait": False})
        assert not result.failed, result
        if not result["changed"]:
            break
    assert (result["changed"], [one["policy_id"] for one in there(estate, "bindings")]) == (False, [result["policy"]["id"]])
    assert [one["spec"] for one in there(estate) if one["name"] == "oldest"] == [YOUNGEST]


def test_a_replacement_that_broke_off_is_taken_back(estate, run_module):
    """The old spec is desired again: the old policy goes back to the cluster that it was detached from."""
    run_module(BINDING, WEB)
    estate.clock(advance=5)
    estate.fault("clustering", "POST", "/actions$", nth=2, times=1, status=403, body="{}")
    assert run_module(POLICY, REPLACED).failed
    result = run_module(POLICY, {**REPLACED, "spec": OLDEST})
    assert not result.failed, result
    assert [one["policy_id"] for one in there(estate, "bindings")] == [result["policy"]["id"]]
    assert [one["spec"] for one in there(estate) if one["name"] == "oldest"] == [OLDEST]


def test_a_cluster_that_got_another_policy_of_the_type_is_left_alone(estate, run_module):
    run_module(BINDING, WEB)
    run_module(POLICY, {"name": "own", "spec": OLDEST})
    estate.fault("clustering", "POST", "/actions$", nth=2, times=1, status=403, body="{}")
    assert run_module(POLICY, REPLACED).failed
    assert run_module(BINDING, {"cluster": "web", "policy": "own"})["changed"]
    result = run_module(POLICY, REPLACED)
    assert not result.failed, result
    assert [one["method"] for one in result["plan"]] == ["DELETE"]
    assert [one["policy_name"] for one in there(estate, "bindings")] == ["own"]


def test_a_policy_that_is_attached_is_not_deleted(estate, run_module):
    run_module(BINDING, WEB)
    for check in (True, False):
        result = run_module(POLICY, {"name": "oldest", "state": "absent"}, check=check)
        assert (result.code, result["changed"], changing(estate, estate.last())) == ("in_use", False, [])
        assert "is used by cluster web." in result["msg"]
        assert "Nothing was changed." in result["msg"]


def test_a_policy_that_is_attached_stays_where_that_is_asked_for(estate, run_module):
    """The others of the task are deleted. The names are those of the clusters as they are."""
    run_module(BINDING, WEB)
    since = estate.last()
    rows = {"policies": [{"name": "oldest"}, {"name": "batch"}], "state": "absent", "on_use": "keep"}
    checked = run_module(POLICY, rows, check=True)
    result = run_module(POLICY, rows)
    assert not result.failed, result
    assert (len(result["plan"]), len(changing(estate, since))) == (1, 1) == (len(checked["plan"]), 1)
    kept = [one["kept"] for one in result["policies"]]
    assert [[one["used_by"] for one in row] for row in kept] == [[["cluster web"]], []]
    assert result["policies"][0]["policy"]["name"] == "oldest" == result["diff"]["after"]["oldest"]["name"]
    assert run_module(POLICY, rows)["changed"] is False


def test_a_policy_that_is_attached_meanwhile(estate, run_module):
    """The reading saw no cluster, and the service's refusal is the last word."""
    body = '{"code":409,"error":{"code":409,"message":"The policy p cannot be deleted: still attached","type":"ResourceInUse"}}'
    for on_use, failed in (("fail", True), ("keep", False), ("try", True)):
        estate.fault("clustering", "DELETE", "^/v1/policies/", status=409, body=body)
        result = run_module(POLICY, {"name": "oldest", "state": "absent", "on_use": on_use})
        assert (result.failed, result["changed"], len(result["kept"])) == (failed, False, int(on_use == "keep")), result
        assert not failed or (result.code, "Detach" in result["msg"]) == ("in_use", False)


def test_a_policy_whose_answer_is_lost(empty_sim, run_module):
    empty_sim.fault("clustering", "POST", "^/v1/policies$", reset="after")
    result = run_module(POLICY, {"name": "p", "spec": OLDEST})
    assert (result.failed, result["changed"], result["reconciled"], len(there(empty_sim))) == (False, True, True, 1)


# --- bindings


def test_attach_update_detach(estate, run_module):
    checked = run_module(BINDING, WEB, check=True)
    attached = run_module(BINDING, WEB)
    assert not attached.failed, attached
    assert (attached["changed"], attached["plan"], started(estate)) == (True, checked["plan"], ["CLUSTER_ATTACH_POLICY"])
    assert (attached["binding"]["policy_name"], attached["binding"]["enabled"]) == ("oldest", True)
    assert run_module(BINDING, WEB)["changed"] is False
    disabled = run_module(BINDING, WEB | {"enabled": False})
    assert (disabled["changed"], disabled["binding"]["enabled"]) == (True, False)
    for same in (WEB, WEB | {"enabled": False}):
        assert run_module(BINDING, same)["changed"] is False
    assert len(run_module(BINDING + "_info", {"cluster": "web"})["bindings"]) == 1
    assert run_module(BINDING + "_info", {"enabled": True})["bindings"] == []
    detached = run_module(BINDING, WEB | {"state": "detached"})
    assert (detached["changed"], detached["binding"], there(estate, "bindings")) == (True, None, [])
    assert run_module(BINDING, WEB | {"state": "detached"})["changed"] is False
    assert started(estate) == ["CLUSTER_ATTACH_POLICY", "CLUSTER_UPDATE_POLICY", "CLUSTER_DETACH_POLICY"]


def test_several_policies_of_one_cluster(estate, run_module):
    """The cluster does one thing at a time; the others are sent again until it is free."""
    rows = [WEB, {"cluster": "web", "policy": "batch"}, {"cluster": "db", "policy": "batch"}]
    result = run_module(BINDING, {"bindings": rows})
    assert not result.failed, result
    assert [row["binding"]["policy_name"] for row in result["bindings"]] == ["oldest", "batch", "batch"]
    assert len(there(estate, "bindings")) == 3
    assert run_module(BINDING, {"bindings": rows})["changed"] is False


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"cluster": "nope"}, "cluster_not_found"),
        ({"policy": "nope"}, "policy_not_found"),
        ({"policy": "young"}, "policy_type_taken"),
    ],
)
def test_a_binding_that_is_refused(estate, run_module, params, code):
    estate.seed(clustering={"policies": [{"name": "young", "project": "demo", "spec": YOUNGEST}]})
    run_module(BINDING, WEB)
    result = run_module(BINDING, WEB | params)
    assert (result.code, started(estate)) == (code, ["CLUSTER_ATTACH_POLICY"])
    if code != "policy_type_taken":
        assert run_module(BINDING, WEB | params | {"state": "detached"})["changed"] is False


@pytest.mark.parametrize("wait", [True, False])
def test_two_policies_of_one_type_in_one_task(estate, run_module, wait):
    """One of the two actions would fail, and which one is chance."""
    estate.seed(clustering={"policies": [{"name": "young", "project": "demo", "spec": YOUNGEST}]})
    rows = [WEB, WEB | {"policy": "young"}]
    for check in (True, False):
        result = run_module(BINDING, {"bindings": rows, "wait": wait}, check=check)
        assert (result.code, started(estate)) == ("policy_type_taken", []), result
    assert not run_module(BINDING, {"bindings": [WEB, {"cluster": "db", "policy": "young"}]}).failed


def test_two_scaling_policies(estate, run_module):
    """One grows and the other shrinks the cluster; the service takes several of this type alone."""
    for name, event in (("grow", "CLUSTER_SCALE_OUT"), ("shrink", "CLUSTER_SCALE_IN")):
        spec = {"type": "senlin.policy.scaling", "version": "1.0", "properties": {"event": event, "adjustment": {"number": 1}}}
        estate.seed(clustering={"policies": [{"name": name, "project": "demo", "spec": spec}]})
    result = run_module(BINDING, {"bindings": [{"cluster": "web", "policy": name} for name in ("grow", "shrink")]})
    assert not result.failed, result
    assert len(there(estate, "bindings")) == 2


def test_a_binding_whose_answer_is_lost(estate, run_module):
    estate.fault("clustering", "POST", "/actions$", reset="after")
    result = run_module(BINDING, WEB)
    assert (result.failed, result["changed"], result["reconciled"], len(there(estate, "bindings"))) == (False, True, True, 1)
    assert started(estate) == ["CLUSTER_ATTACH_POLICY"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("more", [{"type": "senlin.policy.deleton"}, {"version": "9.0"}])
def test_a_policy_type_that_the_service_does_not_know(empty_sim, run_module, more, check):
    result = run_module(POLICY, {"name": "p", "spec": OLDEST | more}, check=check)
    assert (result.code, there(empty_sim)) == ("policy_type_not_found", [])
    assert "Correct type or version in spec" in result["error"]["hint"]
