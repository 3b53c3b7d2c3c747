# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role run_cluster: from a profile to its webhooks, scaled and given another profile by its variables, and torn down."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playbook_output import shown
from role_runs import SPEC
from test_roles import alone, changing

OUT = {"name": "more", "action": "CLUSTER_SCALE_OUT"}
STACK = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2018-08-31"}}}
OTHER = {**SPEC, "properties": {**SPEC["properties"], "flavor": "2"}}
DELETION = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
YOUNGEST = {**DELETION, "properties": {"criteria": "YOUNGEST_FIRST"}}
BATCH = {"type": "senlin.policy.batch", "version": "1.0", "properties": {"max_batch_size": 1}}
OLDEST = {"name": "oldest", "spec": DELETION}
WEB: dict[str, Any] = {
    "run_cluster_name": "web",
    "run_cluster_profile_spec": SPEC,
    "run_cluster_desired_capacity": 2,
    "run_cluster_policies": [OLDEST],
    "run_cluster_receivers": [{"name": "more", "action": "CLUSTER_SCALE_OUT", "params": {"count": 1}}],
}


@pytest.fixture
def run(empty_sim, harness):
    """The role with these variables; what it changed, as the server saw it."""

    def go(*arguments: str, **variables: Any) -> Any:
        since = empty_sim.last()
        played = alone(harness, "run_cluster", *arguments, **variables)
        return played, [method for method, _path in changing(empty_sim, "clustering", since)]

    return go


def state(sim: Any) -> tuple[list[Any], ...]:
    now = sim.state("clustering")
    return tuple([one["name"] for one in now[kind]] for kind in ("profiles", "clusters", "policies", "receivers"))


def test_the_whole_life(empty_sim, run):
    checked, sent = run("--check", **WEB)
    assert (checked.rc, sent) == (0, []), checked.output
    (plan,) = shown(checked.output)
    assert [step["path"] for step in plan["planned_requests"]] == ["/v1/profiles", "/v1/policies"]
    assert plan["not_predictable"] == [
        "the cluster web, the attachment of its policies and its receivers follow once its profile and policies are made"
    ]

    made, sent = run(**WEB)
    assert (made.rc, sent) == (0, ["POST"] * 5), made.output
    assert state(empty_sim) == (["web"], ["web"], ["oldest"], ["more"])
    assert len(empty_sim.state("clustering")["nodes"]) == 2
    again, sent = run(**WEB)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output
    alarm = empty_sim.state("clustering")["receivers"][0]["channel"]["alarm_url"]
    ident = empty_sim.state("clustering")["receivers"][0]["id"]
    other = {"run_cluster_receivers": [{"name": "more", "action": "CLUSTER_SCALE_OUT", "params": {"count": 2}}]}
    checked, sent = run("--check", "--diff", "-vvv", **WEB | other)
    assert (checked.rc, sent, "/v1/receivers/" in checked.output) == (0, [], True), checked.output
    assert not [secret for secret in (alarm, ident) if secret in made.output + again.output + checked.output]

    grown, sent = run(**WEB | {"run_cluster_desired_capacity": 3})
    assert (grown.rc, sent, len(empty_sim.state("clustering")["nodes"])) == (0, ["POST"], 3), grown.output

    moved = WEB | {"run_cluster_desired_capacity": 3, "run_cluster_profile_spec": OTHER}
    played, sent = run(**moved)
    assert (played.rc, sent) == (0, ["POST", "PATCH", "DELETE"]), played.output
    now = empty_sim.state("clustering")
    assert [one["spec"] for one in now["profiles"]] == [OTHER]
    assert {node["profile_id"] for node in now["nodes"]} == {now["profiles"][0]["id"]}
    again, sent = run(**moved)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output

    checked, sent = run("--check", **moved | {"run_cluster_state": "absent"})
    assert (checked.rc, sent) == (0, []), checked.output
    since = empty_sim.last()
    gone, sent = run(**moved | {"run_cluster_state": "absent"})
    assert (gone.rc, sent, state(empty_sim)) == (0, ["DELETE"] * 3, ([], [], [], [])), gone.output
    assert planned(checked) == changing(empty_sim, "clustering", since)
    again, sent = run(**moved | {"run_cluster_state": "absent"})
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output


@pytest.mark.parametrize("shared", ["policy", "profile", "both"])
def test_a_tear_down_leaves_what_another_cluster_uses(empty_sim, run, shared):
    """And deletes the rest, in the same words again when it is run again."""
    run(**WEB)
    other = {"name": "other", "profile": "web" if shared != "policy" else "own", "nodes": 1, "project": "demo"}
    other |= {} if shared == "profile" else {"policies": ["oldest"]}
    empty_sim.seed(clustering={"profiles": [{"name": "own", "project": "demo", "spec": SPEC}], "clusters": [other]})
    since = empty_sim.last()
    gone = WEB | {"run_cluster_state": "absent"}
    checked, sent = run("--check", **gone)
    assert (checked.rc, sent) == (0, []), checked.output
    played, sent = run(**gone)
    assert played.rc == 0, played.output
    assert planned(checked) == changing(empty_sim, "clustering", since)
    profiles, clusters, policies, _receivers = state(empty_sim)
    assert (clusters, "web" in profiles, "oldest" in policies) == (["other"], shared != "policy", shared != "profile")
    again, sent = run(**gone)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output
    for one in (checked, played, again):
        text = " ".join(one.output.split())
        assert ("The policy oldest stays: cluster other uses it." in text) is (shared != "profile"), one.output
        assert bool(re.search(r"The profile web \(\S+\) stays: cluster other, node \S+ use it\.", text)) is (shared != "policy"), one.output
        assert "stays: cluster web" not in text


def test_a_tear_down_that_would_be_refused_leaves_the_cluster(empty_sim, run):
    """Not half of it."""
    run(**WEB)
    empty_sim.seed(clustering={"policies": [{"name": "oldest", "project": "demo", "spec": DELETION}]})
    refused, sent = run(**WEB | {"run_cluster_state": "absent"})
    assert (refused.rc != 0, sent, state(empty_sim)[1]) == (True, [], ["web"]), refused.output


def planned(played: Any) -> list[tuple[str, str]]:
    (plan,) = shown(played.output)
    assert plan["not_predictable"] == []
    return [(step["method"], step["path"]) for step in plan["planned_requests"]]


@pytest.mark.parametrize("more", [{}, {"run_cluster_desired_capacity": 1, "run_cluster_metadata": {"a": "b"}}])
def test_check_mode_predicts_a_move_to_another_profile(empty_sim, run, more):
    """With the deletion of the old one, which nothing uses then."""
    run(**WEB)
    now = empty_sim.state("clustering")
    old, cluster = now["profiles"][0]["id"], now["clusters"][0]["id"]
    moved = WEB | {"run_cluster_profile_spec": OTHER} | more
    since = empty_sim.last()
    checked, sent = run("--check", **moved)
    assert (checked.rc, sent) == (0, []), checked.output
    played, _sent = run(**moved)
    assert played.rc == 0, played.output
    real = changing(empty_sim, "clustering", since)
    assert planned(checked) == real, checked.output
    assert real[0] == ("POST", "/v1/profiles")
    assert real[-1] == ("DELETE", f"/v1/profiles/{old}")
    assert shown(checked.output)[0]["planned_requests"][-1]["why"] == "another profile takes its place"
    assert ("PATCH", f"/v1/clusters/{cluster}") in real
    assert checked.recap["changed"] == played.recap["changed"] == 3
    again, sent = run(**moved)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output


def test_a_profile_that_the_role_keeps_counts_for_more_than_one_of_its_name_that_was_handed_on(empty_sim, run):
    """define_cluster_profiles in the same play has kept a profile of this name by another spec."""
    assert run(**WEB)[0].rc == 0
    handed_on = {"define_cluster_profiles_ids": {"web": empty_sim.state("clustering")["profiles"][0]["id"]}}
    moved = WEB | handed_on | {"run_cluster_profile_spec": OTHER}
    checked, sent = run("--check", **moved)
    (plan,) = shown(checked.output)
    assert (checked.rc, sent) == (0, []), checked.output
    played, sent = run(**moved)
    assert (played.rc, sent) == (0, [step["method"] for step in plan["planned_requests"]]), played.output
    now = empty_sim.state("clustering")
    assert [one["spec"] for one in now["profiles"]] == [OTHER]
    assert {one["profile_id"] for one in (*now["nodes"], *now["clusters"])} == {now["profiles"][0]["id"]}


def test_check_mode_predicts_policies_of_a_cluster_that_is_there(empty_sim, run):
    run(**WEB)
    more = WEB | {"run_cluster_policies": [{"name": "oldest", "spec": YOUNGEST}, {"name": "small", "spec": BATCH}]}
    since = empty_sim.last()
    checked, _sent = run("--check", **more)
    played, _sent = run(**more)
    assert (checked.rc, played.rc) == (0, 0), played.output
    assert [method for method, _path in planned(checked)] == [method for method, _path in changing(empty_sim, "clustering", since)]
    assert checked.recap["changed"] == played.recap["changed"] == 2


@pytest.mark.parametrize("sent_before", [1, 2])
def test_a_replacement_of_a_policy_that_broke_off_is_finished(empty_sim, run, sent_before):
    """After the new policy was made, or the old one detached: two policies have the name, and the cluster has one of them or none."""
    assert run(**WEB)[0].rc == 0
    empty_sim.clock(advance=5)
    other = WEB | {"run_cluster_policies": [{"name": "oldest", "spec": YOUNGEST}]}
    empty_sim.fault("clustering", "POST", "/actions$", nth=sent_before, times=1, status=403, body="{}")
    assert run(**other)[0].rc != 0
    assert len(empty_sim.state("clustering")["policies"]) == 2
    checked, sent = run("--check", **other)
    assert (checked.rc, sent) == (0, []), checked.output
    played, sent = run(**other)
    assert (played.rc, sent) == (0, ["POST"] * (3 - sent_before) + ["DELETE"]), played.output
    assert [method for method, _path in planned(checked)] == sent
    now = empty_sim.state("clustering")
    assert [one["spec"] for one in now["policies"]] == [YOUNGEST]
    assert [one["policy_id"] for one in now["bindings"]] == [one["id"] for one in now["policies"]]
    again, sent = run(**other)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output


def test_a_profile_that_others_use_stays_in_check_mode_too(empty_sim, run):
    run(**WEB)
    empty_sim.seed(clustering={"clusters": [{"name": "db", "profile": "web", "project": "demo", "nodes": 1}]})
    moved = WEB | {"run_cluster_profile_spec": OTHER}
    since = empty_sim.last()
    checked, _sent = run("--check", **moved)
    _played, sent = run(**moved)
    assert sent == ["POST", "PATCH"]
    assert planned(checked) == changing(empty_sim, "clustering", since)


@pytest.mark.parametrize(("more", "words"), [
    ({"run_cluster_on_profile_change": "fail"}, "has the profile web ({old}) and not web (id of the new profile)"),
    ({"run_cluster_on_profile_change": "fail", "run_cluster_profile": "new"}, "has the profile web ({old}) and not new (id of the new"),
    ({"run_cluster_max_size": 1}, "desired_capacity (2) is greater than max_size (1)"),
    ({"run_cluster_profile_spec": STACK}, "is of the type os.nova.server-1.0 and the profile web of os.heat.stack-1.0"),
])  # fmt: skip
def test_what_is_refused_is_refused_before_anything_is_changed(empty_sim, run, more, words):
    """The profile and the policies come first, so that the cluster is looked at before they are made."""
    run(**WEB)
    old = empty_sim.state("clustering")["profiles"][0]["id"]
    before = state(empty_sim)
    other = WEB | {"run_cluster_profile_spec": OTHER, "run_cluster_policies": [OLDEST, {"name": "new", "spec": BATCH}]} | more
    for arguments in ((), ("--check",)):
        refused, sent = run(*arguments, **other)
        assert (refused.rc != 0, sent, state(empty_sim)) == (True, [], before), refused.output
        assert words.format(old=old) in " ".join(refused.output.split()), refused.output
        assert "Nothing was changed." in " ".join(refused.output.split())


@pytest.mark.parametrize("there", [False, True], ids=["new", "there"])
@pytest.mark.parametrize(("more", "words"), [
    ({"run_cluster_receivers": [OUT | {"action": "CLUSTER_SCALE_UOT"}]}, "CLUSTER_SCALE_UOT"),
    ({"run_cluster_receivers": [OUT | {"name": "one more"}]}, "name one more is not 1 to 255 letters"),
    ({"run_cluster_receivers": [OUT, OUT | {"params": {"count": 3}}]}, "run_cluster_receivers holds more several times."),
    ({"run_cluster_policies": [{"name": "oldest"}, OLDEST]}, "run_cluster_policies holds oldest several"),
    ({"run_cluster_policies": [{"name": "two words", "spec": DELETION}]}, "name two words is not 1 to 255 letters"),
    ({"run_cluster_policies": [OLDEST, {"name": "new", "spec": YOUNGEST}]}, "of the type senlin.policy.deletion"),
    ({"run_cluster_policies": [{"name": "a", "spec": BATCH}, {"name": "b", "spec": BATCH}]},
     "two policies of the type senlin.policy.batch: a and b. Nothing was changed. Name only one of them"),
    ({"run_cluster_name": " "}, "run_cluster_name is not set. Nothing was changed."),
], ids=["action", "name", "double", "policy-double", "policy-name", "second-of-a-type", "two-of-a-type", "blank"])  # fmt: skip
def test_mistakes_in_the_variables_are_refused_before_anything_is_changed(empty_sim, run, there, more, words):
    """In check mode, too, whether the cluster is there or not."""
    if there:
        assert run(**WEB)[0].rc == 0
    before = state(empty_sim)
    for arguments in (("--check",), ()):
        refused, sent = run(*arguments, **WEB | {"run_cluster_profile_spec": OTHER} | more)
        assert (refused.rc != 0, sent, state(empty_sim)) == (True, [], before), refused.output
        assert words in " ".join(refused.output.split()), refused.output


def test_a_new_policy_of_a_type_of_which_the_cluster_has_one_of_another_name(empty_sim, run):
    """It was attached by somebody else. Scaling policies may be several."""
    assert run(**WEB)[0].rc == 0
    scaling = {"type": "senlin.policy.scaling", "version": "1.0", "properties": {"event": "CLUSTER_SCALE_IN"}}
    other = {"run_cluster_policies": [{"name": "new", "spec": YOUNGEST}]}
    for arguments in (("--check",), ()):
        refused, sent = run(*arguments, **WEB | other)
        assert (refused.rc != 0, sent) == (True, []), refused.output
        assert "Detach oldest (cluster_policy_binding)" in " ".join(refused.output.split()), refused.output
    two = {"run_cluster_policies": [{"name": name, "spec": scaling} for name in ("in", "out")]}
    checked, sent = run("--check", **WEB | two)
    assert (checked.rc, sent) == (0, []), checked.output
    played, sent = run(**WEB | two)
    assert (played.rc, sent) == (0, ["POST"] * 4), played.output


def test_what_is_broken_is_made_anew(empty_sim, run):
    run(**WEB)
    victim = empty_sim.state("clustering")["nodes"][0]["physical_id"]
    empty_sim.action("clustering", "server_orders", gone=[victim])
    left, sent = run(**WEB)
    assert (left.rc, sent) == (0, [])
    healed, sent = run(**WEB | {"run_cluster_healthy": True})
    assert (healed.rc, sent) == (0, ["POST"]), healed.output
    assert victim not in {node["physical_id"] for node in empty_sim.state("clustering")["nodes"]}


def test_check_mode_tells_that_a_changed_cluster_is_looked_at_once_more(empty_sim, run):
    assert run(**WEB)[0].rc == 0
    played, sent = run("--check", **WEB | {"run_cluster_desired_capacity": 3, "run_cluster_healthy": True})
    (plan,) = shown(played.output)
    assert (played.rc, sent, len(plan["planned_requests"])) == (0, [], 1), played.output
    assert plan["not_predictable"] == ["the cluster web is looked at once more after that, and what is broken then is made anew"]


def test_a_profile_that_is_there_and_empty_variables(empty_sim, run):
    """Empty is not set."""
    empty_sim.seed(clustering={"profiles": [{"name": "small", "project": "demo", "spec": SPEC}]})
    empty = {f"run_cluster_{key}": None for key in ("profile_spec", "desired_capacity", "min_size", "max_size", "metadata", "config")}
    played, sent = run(**empty, run_cluster_name="web", run_cluster_profile="small")
    assert (played.rc, sent, state(empty_sim)[1]) == (0, ["POST"], ["web"]), played.output
    missing, sent = run(run_cluster_name="db", run_cluster_profile="nope")
    assert (missing.rc != 0, sent) == (True, [])
    assert "there is no profile nope" in missing.output


def test_two_profiles_of_one_name_go_in_check_mode_too(empty_sim, run):
    """The nodes have one, the cluster the one that took its place for the nodes to come."""
    assert run(**WEB)[0].rc == 0
    later = WEB | {"run_cluster_profile_spec": OTHER, "run_cluster_on_profile_change": "profile_only"}
    assert run(**later)[0].rc == 0
    assert state(empty_sim)[0] == ["web", "web"]
    third = WEB | {"run_cluster_profile_spec": {**SPEC, "properties": {**SPEC["properties"], "flavor": "3"}}}
    for more in (later | {"run_cluster_state": "absent"}, third):
        checked, sent = run("--check", **more)
        assert (checked.rc, sent) == (0, []), checked.output
        deleted = [path for method, path in planned(checked) if (method, path[:12]) == ("DELETE", "/v1/profiles")]
        assert len(deleted) == 2, checked.output
    since = empty_sim.last()
    checked, _sent = run("--check", **third)
    assert run(**third)[0].rc == 0
    assert sorted(planned(checked)) == sorted(changing(empty_sim, "clustering", since))


def test_two_clusters_with_profiles_of_one_name(empty_sim, run):
    """Each keeps its own, whatever the other wants of the name."""
    web = WEB | {"run_cluster_profile": "shared", "run_cluster_policies": [], "run_cluster_receivers": []}
    db = web | {"run_cluster_name": "db"}
    assert run(**web)[0].rc == run(**db)[0].rc == 0
    assert state(empty_sim)[:2] == (["shared"], ["web", "db"])
    large = web | {"run_cluster_profile_spec": OTHER}
    moved, sent = run(**large)
    assert (moved.rc, sent) == (0, ["POST", "PATCH"]), moved.output
    for one in (db, large):
        for arguments in (("--check",), ()):
            played, sent = run(*arguments, **one)
            assert (played.rc, played.recap["changed"], sent) == (0, 0, []), played.output
    # With both of one spec again, and each with a profile of its own, nothing is moved either.
    changed, sent = run(**db | {"run_cluster_profile_spec": {**SPEC, "properties": {**SPEC["properties"], "flavor": "3"}}})
    assert (changed.rc, sent) == (0, ["POST", "PATCH", "DELETE"]), changed.output
    changed, sent = run(**db | {"run_cluster_profile_spec": OTHER})
    assert (changed.rc, sent) == (0, ["POST", "PATCH", "DELETE"]), changed.output
    played, sent = run(**large)
    assert (played.rc, played.recap["changed"], sent) == (0, 0, []), played.output
    # What one leaves goes with it, and what the other has stays.
    gone, sent = run(**large | {"run_cluster_state": "absent"})
    assert (gone.rc, sent) == (0, ["DELETE"] * 2), gone.output
    assert " use it." in " ".join(gone.output.split())
    now = empty_sim.state("clustering")
    assert [one["profile_id"] for one in now["clusters"]] == [one["id"] for one in now["profiles"]]


def test_a_cluster_whose_profile_has_another_name_is_given_the_one_that_is_named(empty_sim, run):
    """Its spec alone does not make a profile the one that is meant."""
    assert run(**WEB)[0].rc == 0
    named, sent = run(**WEB | {"run_cluster_profile": "named"})
    assert (named.rc, sent) == (0, ["POST", "PATCH"]), named.output


def test_another_spec_of_a_policy_is_told_with_the_clusters_that_get_it_too(empty_sim, run):
    assert run(**WEB)[0].rc == 0
    changed = WEB | {"run_cluster_policies": [{"name": "oldest", "spec": YOUNGEST}]}
    words = "The policy oldest is replaced on"
    alone_there, _sent = run("--check", **changed)
    assert (alone_there.rc, words in " ".join(alone_there.output.split())) == (0, False), alone_there.output
    others = [{"name": name, "profile": "web", "nodes": 1, "project": "demo", "policies": ["oldest"]} for name in ("db", "shop")]
    empty_sim.seed(clustering={"clusters": others})
    for arguments in (("--check",), ()):
        played, sent = run(*arguments, **changed)
        assert (played.rc, bool(sent)) == (0, not arguments), played.output
        assert f"{words} cluster db, cluster shop, too: it belongs to the project." in " ".join(played.output.split()), played.output
    now = empty_sim.state("clustering")
    assert {one["policy_id"] for one in now["bindings"]} == {one["id"] for one in now["policies"]}
    assert len(now["bindings"]) == 3
    again, sent = run(**changed)
    assert (again.rc, sent, words in again.output) == (0, [], False), again.output


def test_names_that_yaml_takes_for_numbers_are_names(empty_sim, run):
    """As in the modules: made, predicted, left, given other specs and deleted."""
    numbers: dict[str, Any] = {
        "run_cluster_name": 7,
        "run_cluster_profile": 2024,
        "run_cluster_profile_spec": SPEC,
        "run_cluster_desired_capacity": 1,
        "run_cluster_policies": [{"name": 11, "spec": DELETION}, {"name": 12, "spec": BATCH}],
        "run_cluster_receivers": [{"name": 13, "action": "CLUSTER_SCALE_OUT"}],
    }
    made, _sent = run(**numbers)
    names = [sorted(kind) for kind in state(empty_sim)]
    assert (made.rc, names) == (0, [["2024"], ["7"], ["11", "12"], ["13"]]), made.output
    again, sent = run(**numbers)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output
    other = numbers | {"run_cluster_policies": [{"name": 11, "spec": YOUNGEST}, {"name": 12}], "run_cluster_profile_spec": OTHER}
    checked, sent = run("--check", **other)
    assert (checked.rc, sent, "policy_attach" in checked.output) == (0, [], True), checked.output
    since = empty_sim.last()
    played, sent = run(**other)
    assert (played.rc, "The policy 11 is replaced on" in played.output) == (0, False), played.output
    assert len(planned(checked)) == len(changing(empty_sim, "clustering", since))
    double, sent = run(**other | {"run_cluster_policies": [{"name": 12}, {"name": "12"}]})
    assert (double.rc != 0, sent, "run_cluster_policies holds 12 several times" in double.output) == (True, [], True), double.output
    gone, _sent = run(**numbers | {"run_cluster_state": "absent"})
    assert (gone.rc, state(empty_sim)) == (0, ([], [], [], [])), gone.output
    nought, _sent = run(**numbers | {"run_cluster_name": 0, "run_cluster_profile": 0, "run_cluster_policies": []})
    assert (nought.rc, state(empty_sim)[:2]) == (0, (["0"], ["0"])), nought.output


SCALING = {"type": "senlin.policy.scaling", "version": "1.0", "properties": {"event": "CLUSTER_SCALE_IN"}}


@pytest.mark.parametrize(("there", "wanted", "words"), [
    ([SCALING], [DELETION, SCALING], "policy a ({id}) is of the type senlin.policy.scaling, and not senlin.policy.deletion"),
    ([DELETION], [BATCH, DELETION], "policy a ({id}) is of the type senlin.policy.deletion, and not senlin.policy.batch"),
    ([DELETION, BATCH], [BATCH, DELETION], "One of another type does not take its place there."),
    ([DELETION], [{}, DELETION], "senlin.policy.deletion"),
], ids=["scaling", "one-of-a-type", "swapped", "second-of-the-type"])  # fmt: skip
def test_a_policy_of_another_type_while_a_new_one_takes_its_type(empty_sim, run, there, wanted, words):
    """Refused before anything is changed, in whatever order they are given."""
    def named(specs: list[Any]) -> list[Any]:
        return [{"name": name} | ({"spec": spec} if spec else {}) for name, spec in zip("ab", specs, strict=False)]

    assert run(**WEB | {"run_cluster_policies": named(there)})[0].rc == 0
    before, ident = state(empty_sim), empty_sim.state("clustering")["policies"][0]["id"]
    for arguments, order in ((("--check",), 1), ((), 1), ((), -1)):
        refused, sent = run(*arguments, **WEB | {"run_cluster_policies": named(wanted)[::order]})
        assert (refused.rc != 0, sent, state(empty_sim)) == (True, [], before), refused.output
        assert words.format(id=ident) in " ".join(refused.output.split()), refused.output
        assert "Nothing was changed." in " ".join(refused.output.split())


@pytest.mark.parametrize("made", [False, True], ids=["new-cluster", "cluster-there"])
def test_a_policy_that_no_cluster_has_is_made_anew_with_another_type(empty_sim, run, made):
    """It ends as asked for, also when a new policy is of the type that the old one had."""
    if made:
        assert run(**WEB | {"run_cluster_policies": []})[0].rc == 0
    empty_sim.seed(clustering={"policies": [{"name": "a", "project": "demo", "spec": BATCH}]})
    wanted = WEB | {"run_cluster_policies": [{"name": "a", "spec": DELETION}, {"name": "b", "spec": BATCH}]}
    checked, sent = run("--check", **wanted)
    assert (checked.rc, sent) == (0, []), checked.output
    played, _sent = run(**wanted)
    assert played.rc == 0, played.output
    now = empty_sim.state("clustering")
    assert {one["name"]: one["spec"]["type"] for one in now["policies"]} == {"a": DELETION["type"], "b": BATCH["type"]}
    assert {one["policy_id"] for one in now["bindings"]} == {one["id"] for one in now["policies"]}
    again, sent = run(**wanted)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output
