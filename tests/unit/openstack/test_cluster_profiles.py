# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a cluster profile, as tables: what is there, what is wanted, what is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Unproven
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_profiles as cp
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profiles import Desired, Profile

SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {}}
OTHER = {**SPEC, "properties": {"timeout": 1}}
MARKER, REPLACES = specs.MARKER, specs.REPLACES


def ident(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def profile(number: int = 1, name: str = "web", spec=None, marked: bool = False, replaces=(), **metadata) -> Profile:
    spec = SPEC if spec is None else spec
    if marked or replaces:
        metadata[MARKER] = f"m{number}"
    if replaces:
        metadata[REPLACES] = list(replaces)
    entry = {"id": ident(number), "name": name, "project": "p", "spec": spec, "metadata": metadata,
             "created_at": f"2026-01-01T00:00:{number:02d}Z"}  # fmt: skip
    return cp.parse(entry)


def shown(choice: cp.Choice) -> list[tuple[str, str]]:
    return [(step.method, step.path.removeprefix(cp.PATH)) for step in (*choice.first, *choice.then)]


@pytest.mark.parametrize("there, want, steps", [
    ([], Desired("web", spec=SPEC), [("POST", "")]),
    ([profile()], Desired("web", spec=SPEC), []),
    ([profile(a=1)], Desired("web", spec=SPEC), []),
    ([profile(a=1)], Desired("web", metadata={"a": 1}), []),
    ([profile(a=1)], Desired("web", metadata={"a": True}), [("PATCH", "/" + ident(1))]),
    ([profile(a=1)], Desired("web", metadata={}), [("PATCH", "/" + ident(1))]),
    ([profile(marked=True)], Desired("web", metadata={}), []),
    ([profile()], Desired("web", id=ident(1)), []),
    ([profile()], Desired("new", id=ident(1)), [("PATCH", "/" + ident(1))]),
    ([profile(spec=OTHER)], Desired("web", spec=SPEC), [("POST", ""), ("DELETE", "/" + ident(1))]),
    ([profile(1, marked=True), profile(2, marked=True)], Desired("web", spec=SPEC), [("DELETE", "/" + ident(2))]),
    ([profile(1, marked=True), profile(2)], Desired("web", spec=SPEC), [("DELETE", "/" + ident(1))]),
    ([profile(1), profile(2, spec=OTHER, replaces=[ident(1)])], Desired("web", spec=OTHER), []),
])  # fmt: skip
def test_what_is_sent(there, want, steps):
    assert shown(cp.choose(want, there, "replace", "m")) == steps


@pytest.mark.parametrize("there, want, code", [
    ([], Desired("web"), "config_spec"),
    ([], Desired(id=ident(1), metadata={}), "profile_not_found"),
    ([profile(spec=OTHER)], Desired("web", spec=SPEC), "spec_differs"),
    ([profile(1), profile(2)], Desired("web", spec=SPEC), "profile_ambiguous"),
    ([profile(1, marked=True), profile(2, marked=True, spec=OTHER)], Desired("web", spec=SPEC), "profile_ambiguous"),
    ([profile(1), profile(2, name="new")], Desired("new", id=ident(1)), "name_taken"),
])  # fmt: skip
def test_what_is_refused(there, want, code):
    with pytest.raises(Failure) as caught:
        cp.choose(want, there, "fail", "m")
    assert caught.value.code == code
    assert caught.value.outcome == "none"


@pytest.mark.parametrize("there, want, steps", [
    ([], Desired("web"), []),
    ([profile()], Desired("web"), [ident(1)]),
    ([profile()], Desired("other", id=ident(1)), [ident(1)]),
    ([profile()], Desired(id=ident(2)), []),
    ([profile(1), profile(2, replaces=[ident(1)])], Desired("web"), [ident(2), ident(1)]),
    ([profile(1, marked=True), profile(2, marked=True)], Desired("web"), [ident(1), ident(2)]),
])  # fmt: skip
def test_what_is_deleted(there, want, steps):
    assert [cp.target(step) for step in cp.choose_absent(want, there).first] == steps


def test_several_of_a_name_are_not_deleted_by_name():
    with pytest.raises(Failure) as caught:
        cp.choose_absent(Desired("web"), [profile(1), profile(2)])
    assert caught.value.code == "profile_ambiguous"


@pytest.mark.parametrize("used, deleted, kept", [
    ({}, [ident(1)], {}),
    ({ident(1): ["cluster c"]}, [], {ident(1): ["cluster c"]}),
    (None, [ident(1)], {}),
])  # fmt: skip
def test_what_is_done_with_the_one_that_was_replaced(used, deleted, kept):
    choice = cp.settle(cp.choose(Desired("web", spec=OTHER), [profile()], "replace", "m"), used, True)
    assert [cp.target(step) for step in choice.then] == deleted
    assert choice.kept == kept


@pytest.mark.parametrize("used, deleted, kept", [
    ({}, [ident(1)], {}),
    ({ident(1): ["cluster c"]}, [], {ident(1): ["cluster c"]}),
    (None, [], {ident(1): []}),
])  # fmt: skip
def test_what_is_done_with_one_that_was_replaced_earlier(used, deleted, kept):
    there = [profile(1), profile(2, spec=OTHER, replaces=[ident(1)])]
    choice = cp.settle(cp.choose(Desired("web", spec=OTHER), there, "fail", "m"), used, True)
    assert [cp.target(step) for step in choice.first] == deleted
    assert choice.kept == kept


def test_a_claim_to_replace_without_the_marker_is_not_believed():
    claim = profile(2, spec=OTHER, **{REPLACES: [ident(1)]})
    with pytest.raises(Failure):
        cp.choose(Desired("web", spec=OTHER), [profile(1), claim], "replace", "m")


@given(
    st.lists(
        st.builds(
            lambda number, name, spec, marked, replaces: profile(number, name, spec, marked, [ident(n) for n in replaces]),
            st.integers(1, 6), st.sampled_from(["web", "db"]), st.sampled_from([SPEC, OTHER]), st.booleans(),
            st.lists(st.integers(1, 6), max_size=2),
        ),
        max_size=5, unique_by=lambda one: one.id,
    ),
    st.sampled_from([SPEC, OTHER, None]),
    st.sampled_from([None, {}, {"a": 1}]),
    st.sampled_from(["fail", "replace"]),
)  # fmt: skip
def test_no_plan_deletes_what_is_not_proven_ours_or_told_to_be_replaced(there, spec, metadata, policy):
    """And after the plan was carried out, a second one has nothing left to do."""
    want = Desired("web", spec=spec, metadata=metadata)
    try:
        choice = cp.settle(cp.choose(want, there, policy, "m9"), {}, True)
    except Failure:
        return
    by_id = {one.id: one for one in there}
    gone = [cp.target(step) for step in (*choice.first, *choice.then) if step.method == "DELETE"]
    for target in gone:
        one = by_id[target]
        replaced = any(target in (other.metadata.get(REPLACES) or []) and MARKER in other.metadata for other in there)
        assert one.name == "web"
        assert MARKER in one.metadata or replaced or (choice.then and one is choice.found)
    after = [one for one in there if one.id not in gone]
    for step in choice.first:
        if step.method == "POST":
            after.append(cp.parse({"id": ident(9), "project": "p", "created_at": "2026-01-01T00:00:09Z", **step.body["profile"]}))
        elif step.method == "PATCH":
            after = [cp.parse({**one.data, **step.body["profile"]}) if one.id == cp.target(step) else one for one in after]
    again = cp.settle(cp.choose(want, after, policy, "m10"), {}, True)
    assert shown(again) == []


@pytest.mark.parametrize(
    "data", [None, [], {}, {"profile": None}, {"profile": {}}, {"profile": {"id": "x", "name": "web", "project": "p"}}]
)
def test_an_answer_that_is_no_profile_proves_nothing(data):
    step = cp.choose(Desired("web", spec=SPEC), [], "fail", "m").first[0]
    with pytest.raises(Unproven):
        cp.accept(step, data)


@pytest.mark.parametrize("change, fits", [
    ({}, True),
    ({"name": "other"}, False),
    ({"spec": OTHER}, False),
    ({"spec": {**SPEC, "version": 1.0}}, True),
    ({"metadata": {MARKER: "another run"}}, False),
    ({"metadata": None}, False),
])  # fmt: skip
def test_a_profile_is_ours_when_it_is_what_was_sent(change, fits):
    step = cp.choose(Desired("web", spec=SPEC), [], "fail", "m").first[0]
    entry = {"id": ident(1), "name": "web", "project": "p", "spec": SPEC, "metadata": {MARKER: "m"}, **change}
    assert cp.fits(step, cp.parse(entry)) is fits
    assert (cp.arrived(step, [cp.parse(entry)], set()) is not None) is fits
    assert cp.arrived(step, [cp.parse(entry)], {ident(1)}) is None


def test_the_plan_shows_no_random_marker_and_sends_one():
    step = cp.choose(Desired("web", spec=SPEC), [], "fail", "m").first[0]
    assert step.body["profile"]["metadata"][MARKER] == "m"
    assert step.public()["body"]["profile"]["metadata"][MARKER] == cp.FRESH
    plain = cp.choose(Desired("web", spec=SPEC), [], "fail", None).first[0]
    assert plain.body == plain.public()["body"] == {"profile": {"metadata": {}, "name": "web", "spec": SPEC}}
