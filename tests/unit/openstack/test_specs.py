# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user gives for a cluster profile: checks and comparisons."""

from __future__ import annotations

import datetime
import json
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import specs

SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=300))
def test_a_name_is_taken_exactly_when_the_service_takes_it(name):
    legal = 1 <= len(name) <= 255 and set(name) <= set(string.ascii_letters + string.digits + "_.~-")
    if legal:
        assert specs.check_name(name) == name
    else:
        with pytest.raises(Failure) as caught:
            specs.check_name(name)
        assert caught.value.code == "config_name"


@pytest.mark.parametrize("text", ["", "7fa885cd", "7fa885cdfa394531a42d780af95c84a4", "7fa885cd-fa39-4531-a42d-780af95c84a4/", "..", "%"])
def test_only_whole_ids(text):
    with pytest.raises(Failure) as caught:
        specs.check_id(text)
    assert caught.value.code == "config_id"


def test_an_id_is_put_in_lower_case():
    assert specs.check_id(" 7FA885CD-fa39-4531-a42d-780af95c84a4") == "7fa885cd-fa39-4531-a42d-780af95c84a4"


@given(JSON)
def test_a_spec_goes_through_to_the_letter(value):
    spec = {**SPEC, "properties": {"x": value}}
    assert specs.canonical(specs.check_spec(spec)) == specs.canonical(spec)


@given(JSON, JSON)
def test_specs_differ_exactly_where_their_json_does(one, other):
    first, second = ({**SPEC, "properties": {"x": value}} for value in (one, other))
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert specs.same_spec(first, second) is same
    found = specs.differences(first, second)
    assert (found == []) is same
    assert all(path.startswith("spec.properties.x") for path in found)


@pytest.mark.parametrize("one, other, same", [
    ("1.0", 1.0, True),
    (1, "1", True),
    (1, 1.0, False),
    ("1.0", "1.00", False),
])  # fmt: skip
def test_versions_are_compared_as_text(one, other, same):
    first, second = {**SPEC, "version": one}, {**SPEC, "version": other}
    assert specs.same_spec(first, second) is same
    assert specs.differences(first, second) == ([] if same else ["spec.version"])


@pytest.mark.parametrize("value", [
    float("nan"), float("inf"), b"x", {1, 2}, object(), "\ud800",
])  # fmt: skip
def test_what_json_cannot_carry(value):
    for code, call in (("config_spec", lambda: specs.check_spec({**SPEC, "properties": {"x": value}})),
                       ("config_metadata", lambda: specs.check_metadata({"x": value}))):  # fmt: skip
        with pytest.raises(Failure) as caught:
            call()
        assert caught.value.code == code


def test_an_endless_nesting():
    value: dict = {}
    value["x"] = value
    with pytest.raises(Failure):
        specs.check_metadata(value)
    deep: list = []
    for _level in range(5000):
        deep = [deep]
    with pytest.raises(Failure):
        specs.check_spec({**SPEC, "properties": {"x": deep}})


def test_dates_and_numbers_as_keys():
    found = specs.check_spec({**SPEC, "properties": {"date": datetime.date(2014, 10, 16), 1: True}})
    assert found["properties"] == {"date": "2014-10-16", "1": True}


def test_the_limit_of_the_service_counts_bytes():
    specs.check_size({"x": "é" * 500000}, "x")
    with pytest.raises(Failure) as caught:
        specs.check_size({"x": "é" * 530000}, "x")
    assert caught.value.code == "spec_too_large"


@pytest.mark.parametrize("text, found", [
    ("type: t\nversion: 1.0\nproperties: {}\n", {"type": "t", "version": 1.0, "properties": {}}),
    ("type: t\nversion: '1.0'\nproperties: {d: 2014-10-16, n: 0x10, y: yes}\n",
     {"type": "t", "version": "1.0", "properties": {"d": "2014-10-16", "n": 16, "y": True}}),
])  # fmt: skip
def test_yaml(tmp_path, text, found):
    path = tmp_path / "spec.yml"
    path.write_text(text, encoding="utf-8")
    assert specs.load(str(path)) == found


@pytest.mark.parametrize("name, text, words", [
    ("a.yml", "type: [", "not valid YAML (line"),
    ("a.yml", "!!python/object/apply:os.system ['true']", "not valid YAML"),
    ("a.yml", "- a", "not a mapping"),
    ("a.yml", "", "not a mapping"),
    ("a.json", "{", "not valid JSON (line 1)"),
    ("a.json", "type: t", "not valid JSON"),
    ("a.yml", b"\xff\xfe", "not UTF-8"),
    ("a.yml", "type: t", "lacks version and properties"),
])  # fmt: skip
def test_files_that_hold_no_spec(tmp_path, name, text, words):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Failure) as caught:
        specs.load(str(path))
    assert words in caught.value.why
    assert re.fullmatch("config_spec(_file)?", caught.value.code)
