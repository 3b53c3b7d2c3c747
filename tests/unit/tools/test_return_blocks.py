# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The common RETURN keys: one text for all modules, and what is a module's own stays to the letter."""

from __future__ import annotations

import re

import pytest
import yaml

from generators import yaml_text

ONCE = ("xclarity", "once")
RETURNS = """
    things:
      description: "The things;   as they are."   # a remark
      returned: always
      type: list
      elements: dict
      contains: &thing
        id: {description: Its id., type: str, sample: "17"}
        changed:
          description: Whatever.
          type: bool
          sample: true
          returned: when it was asked for
        history:
          description: Whatever.
          type: list
          elements: dict
          sample:
              - {state: Running, second: 0.5}
        last: {type: str, description: The last own one.}
        error: {type: dict, description: Whatever.}
    more:
      description: The same.
      type: list
      elements: dict
      contains: *thing
    reconciled: {description: Whatever., returned: in one case only, type: bool, sample: false}
    plan:
      description: Whatever.
      sample:
        - method: GET
          query: {a: b}
    error:
      contains:
        code: {description: Whatever., sample: busy}
        hint: {sample: "Wait, then run again."}
        filename: {description: Name of the file.,   type: str}
    """


def returns(tree, name: str) -> tuple[str, dict]:
    """The RETURN of a module, as text and parsed."""
    text = re.search(r'RETURN = r"""\n(.*?)"""', tree.read(f"plugins/modules/{name}.py"), re.S)[1]
    return text, yaml.safe_load(text)


def test_a_changed_block_is_named_and_repaired(tree):
    text = tree.read("plugins/modules/thing.py")
    tree.write("plugins/modules/thing.py", text.replace("Seconds that the run took.", "Some seconds."))
    code, said = tree.check()
    assert code == 1
    assert "-  description: Some seconds." in said
    assert said.endswith("plugins/modules/thing.py: is not as tools/return_blocks.yml says; run `make fix`\n")
    assert tree.fix() == (0, "plugins/modules/thing.py: written\n")
    assert tree.read("plugins/modules/thing.py") == text


def test_a_change_of_the_data_reaches_every_module(tree):
    blocks = tree.read("tools/return_blocks.yml")
    tree.write("tools/return_blocks.yml", blocks.replace("Seconds that the run took.", "How long it took."))
    assert tree.check()[0] == 1
    assert tree.fix()[0] == 0
    for name in ("thing", "thing_info"):
        assert returns(tree, name)[1]["duration"]["description"] == "How long it took."


def test_a_module_that_changes_something_has_all_and_one_that_reads_only_two(tree):
    assert list(returns(tree, "thing")[1]) == ["outcome", "plan", "own", "duration", "error"]
    assert list(returns(tree, "thing_info")[1]) == ["own", "duration", "error"]


def test_own_keys_and_samples_stay(tree):
    tree.module("thing", RETURNS, *ONCE)
    assert tree.fix()[0] == 0
    text, found = returns(tree, "thing")
    assert list(found) == ["outcome", "plan", "things", "more", "reconciled", "duration", "error"]
    for line in ('  description: "The things;   as they are."   # a remark', "  contains: &thing", "  contains: *thing"):
        assert line + "\n" in text
    assert '    id: {description: Its id., type: str, sample: "17"}\n' in text
    assert "    last: {type: str, description: The last own one.}\n" in text
    assert "    filename: {description: Name of the file.,   type: str}\n" in text
    assert found["plan"]["sample"] == [{"method": "GET", "query": {"a": "b"}}]
    assert "  sample:\n    - method: GET\n      query: {a: b}\n" in text
    assert tree.check() == (0, "")


def test_shared_keys_inside_own_ones_are_written_anew(tree):
    tree.module("thing", RETURNS, *ONCE)
    tree.fix()
    text, found = returns(tree, "thing")
    assert "Whatever" not in text
    inner = found["things"]["contains"]
    assert list(inner) == ["id", "changed", "history", "last", "error"]
    assert inner["changed"]["returned"] == "when it was asked for"
    assert inner["changed"]["sample"] is True
    assert inner["history"]["sample"] == [{"state": "Running", "second": 0.5}]
    assert inner["error"]["returned"] == "when it failed"
    assert found["more"]["contains"] == inner
    assert (found["reconciled"]["returned"], found["reconciled"]["sample"]) == ("in one case only", False)


def test_the_keys_of_an_error(tree):
    tree.module("thing", RETURNS, *ONCE)
    tree.module("pool_info", "own: {description: Own., type: str}", "ops_manager")
    tree.codes("busy", systems="xclarity, ops_manager")
    tree.fix()
    common = ["code", "status", "system", "operation", "resource", "resources", "server_message", "hint"]
    keys = returns(tree, "thing")[1]["error"]["contains"]
    assert list(keys) == [*common, "filename"]
    assert (keys["code"]["sample"], keys["hint"]["sample"], keys["system"]["sample"]) == ("busy", "Wait, then run again.", "xclarity")
    assert keys["resources"] | {"description": ""} == {"description": "", "type": "list", "elements": "str"}
    keys = returns(tree, "pool_info")[1]["error"]["contains"]
    assert list(keys) == [*common, "error_code"]
    assert keys["system"]["sample"] == "ops_manager"


def test_what_a_reading_module_calls_the_same_is_its_own(tree):
    own = """
        outcome: {description: Always none., type: str}
        things:
          description: Things.
          type: list
          elements: dict
          contains:
            error: {description: What the thing says., type: str}
        """
    tree.module("thing_info", own)
    tree.fix()
    text, _found = returns(tree, "thing_info")
    assert text.startswith("outcome: {description: Always none., type: str}\nthings:\n")
    assert "    error: {description: What the thing says., type: str}\n" in text


def test_a_note_is_a_sentence_more(tree):
    blocks = tree.read("tools/return_blocks.yml")
    tree.write("tools/return_blocks.yml", blocks.replace("  cluster_profile:\n    plan:", "  thing:\n    plan:"))
    tree.fix()
    assert returns(tree, "thing")[1]["plan"]["description"][-1] == "The random id of a new profile is not shown."


@pytest.mark.parametrize(
    "own, said",
    [
        ("things: {description: A., contains: {error: {type: dict}}}", "write the contains of things in RETURN in block style"),
        ("things: [", "RETURN is not valid YAML"),
        ("- things", "RETURN is not a mapping"),
    ],
)
def test_what_cannot_be_written_is_named(tree, own, said):
    tree.module("thing", own, *ONCE)
    before = tree.read("plugins/modules/thing.py")
    code, text = tree.fix()
    assert code == 1
    assert f"plugins/modules/thing.py: {said}" in text
    assert tree.read("plugins/modules/thing.py") == before


def test_a_module_without_return_is_named(tree):
    text = tree.read("plugins/modules/thing.py")
    tree.write("plugins/modules/thing.py", text.replace('RETURN = r"""', 'RETURN = """'))
    code, said = tree.check()
    assert code == 1
    assert 'plugins/modules/thing.py: has no RETURN; write it as RETURN = r"""..."""' in said


TEXTS = ("Plain.", "With: a colon.", "One, two.", "- a dash", "It's", 'A "quote".', "a #comment", "null", "17", "\ttab", "ö [x]")


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_can_be_written(text):
    spec = {"description": [text], "type": "str", "sample": yaml_text.Sample(yaml_text.scalar(text))}
    for one in (spec, spec | {"description": text}):
        for indent in (0, 4):
            lines = yaml_text.entry("key", one, indent)
            assert yaml.safe_load("\n".join(lines)) == {"key": one | {"sample": text}}


def test_an_entry_is_one_line_where_that_fits():
    short = {"type": "str", "description": "Something."}
    assert yaml_text.entry("key", short, 4) == ["    key: {description: Something., type: str}"]
    assert yaml_text.entry("key", short, 0) == ["key:", "  description: Something.", "  type: str"]
    long = " ".join(["Something long."] * 20)
    lines = yaml_text.entry("key", short | {"description": long}, 4)
    assert lines[0] == "    key:"
    assert max(map(len, lines)) <= yaml_text.WIDTH
    assert yaml.safe_load("\n".join(lines)) == {"key": short | {"description": long}}
