# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The random mutations: what is changed in a source, that a seed draws the same again, and which tests run first."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "mutants"))
mutate = importlib.import_module("mutate")
random_mutations = importlib.import_module("random_mutations")
by_hand = importlib.import_module("run")

# statement -> the changes of it
CASES = {
    "if a:\n    b()": ["a -> negated", "b() -> dropped"],
    "if a == b:\n    c = d": ["a == b -> a != b"],
    "if a < b:\n    c = d": ["a < b -> a <= b", "a < b -> negated"],
    "a = b and c": ["b and c -> b or c"],
    "a = 1, True, None": ["1 -> 2", "True -> False", "None -> True"],
    "a = b if c else d": ["c -> negated"],
    "a = [b for b in c if d]": ["d -> negated"],
    "return a": ["return a -> dropped"],
    "raise a": ["raise a -> dropped"],
    "a += b": ["a += b -> dropped"],
    "for a in b:\n    continue": ["continue -> dropped"],
    "while a:\n    break": ["a -> negated", "break -> dropped"],
    "with lock:\n    a = b": ["with lock -> if True"],
    "with lock as a:\n    a = b": [],
    "try:\n    a = b\nexcept E:\n    a = c": ["a = c -> the handler's body dropped"],
    "a: int | None = b": [],
    '"""Words."""': [],
    'a = f"{1} {b if c else d}"': [],
    "a = 'ä', b in c": ["b in c -> b not in c"],
}


@pytest.mark.parametrize("bad", by_hand.BAD_CLIENTS + by_hand.OLD_FAULTS, ids=lambda bad: bad.name)
def test_a_rule_that_is_broken_by_hand_still_stands_in_the_source(bad):
    """`make mutants` would say so, but it is run rarely, and the source changes daily."""
    source = (random_mutations.SOURCES / bad.file).read_text(encoding="utf-8")
    assert source.count(bad.old) == 1


@pytest.mark.parametrize("statement", CASES)
def test_what_is_changed(statement):
    source = "def f(x: int = y) -> None:\n" + "".join(f"    {line}\n" for line in statement.splitlines())
    found = mutate.mutations("a.py", source)
    assert sorted(one.change for one in found) == sorted(CASES[statement])
    assert {one.function for one in found} <= {"f"}
    for one in found:
        compile(one.apply(source), "a.py", "exec")
        assert one.apply(source) != source


def test_names_lead_to_one_mutation_each():
    source = dedent("""
        a = 1
        class C:
            b = 1
            def f(self, c=1):
                def g():
                    return d(1, 1)
    """)
    found = mutate.mutations("a.py", source)
    assert [(one.function, one.change) for one in found] == [
        ("<module>", "1 -> 2"), ("C", "1 -> 2"), ("C", "1 -> 2 (number 2)"), ("C.f.<locals>.g", "return d(1, 1) -> dropped"),
        ("C.f.<locals>.g", "1 -> 2"), ("C.f.<locals>.g", "1 -> 2 (number 2)"),
    ]  # fmt: skip


def test_a_seed_draws_the_same_again_and_a_few_are_the_first_of_many():
    every = random_mutations.all_mutations()
    many = random_mutations.draw(every, 200, 7)
    assert random_mutations.draw(every, 40, 7) == many[:40]
    assert len(set(many)) == 200
    assert random_mutations.draw(every, 40, 8) != many[:40]


def test_which_tests_run_and_which_first(monkeypatch, tmp_path):
    monkeypatch.setattr(random_mutations, "TESTS_SECONDS", 60.0)
    records = tmp_path / "records"
    records.write_text(
        '["t.py::slow", 50, ["_a.py: f", "_a.py: g"]]\n["t.py::quick[1]", 0.5, ["_a.py: f"]]\n["t.py::quick[2]", 0.5, ["_a.py: f"]]\n'
        '["t.py::other", 30, ["_a.py: g"]]\n["t.py::none", 0, []]\n',
        encoding="utf-8",
    )
    tests = random_mutations.Map(random_mutations.make_map([records]))

    def of(function):
        return tests.tests(mutate.Mutation("_a.py", function, "", 1, 0, 0, ""))

    assert of("f") == ["t.py::quick", "t.py::slow"]
    assert of("g") == ["t.py::other"], "both together take too long"
    assert of("<module>") == ["t.py::quick", "t.py::other"]
    assert of("new") == ["t.py::quick", "t.py::other"]


def test_every_mutation_that_is_said_to_change_nothing_is_there():
    random_mutations.equivalent(random_mutations.all_mutations())
