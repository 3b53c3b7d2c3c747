# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The search for the codes that are raised: each way in which a code can be told is followed, and any other is named."""

from __future__ import annotations

import pytest

from generators import raised


def cases(text: str) -> dict[str, str]:
    """The name of each case, and its lines: a case begins with a comment."""
    return {name: lines for name, _newline, lines in (one.partition("\n") for one in text.strip().removeprefix("# ").split("\n# "))}


FOUND = cases('''
# a text: one
raise Failure("one", "why")

# a keyword: one
raise Failure(why="why", code="one")

# another function of the file: one
raise bad_input("one", "why")

# a choice: one two three
raise Failure("one" if now else "two" if later else "three", "why")

# a default: one
raise Failure(given or "one", "why")
given = None

# a name: one two
code = "one"
if now:
    code = "two"
raise Failure(code, "why")

# one of several names: one
code, why = "one", "why"
raise Failure(code, why)

# a name that a function inside has too: one
def run():
    code = "one"
    def inner():
        code = now()
        return code
    raise Failure(code, inner())

# a walrus: one
if code := "one" if now else None:
    raise Failure(code, "why")

# a table: one two three
TABLE = {400: ("one", "why"), 404: ("two", "why")}
TABLE[500] = TABLE[404]
TABLE[409] = ("three", "")
code, why = TABLE[status]
raise Failure(code, why)

# a table with a default: one two
TABLE = {1: "one"}
def fail(n):
    return Failure(TABLE.get(n, "two"), "why")

# a table joined from two: one two
A = {1: "one"}
B = A | {2: "two"}
def fail(n):
    return Failure(B[n], "why")

# a table with another in it: one two
A = {1: "one"}
B = {2: "two", **A}
def fail(n):
    return Failure(B[n], "why")

# a position of a table: one two
PAIRS = (("why", "one"), ("why", "two"))
for pair in PAIRS:
    Failure(pair[1], "why")

# a loop: one two
for code, why in (("one", "why"), ("two", "why")):
    Failure(code, why)

# the items of a table: one two
TABLE = {"one": "why", "two": "why"}
for code, why in sorted(TABLE.items()):
    Failure(code, why)

# the values of a table: one
TABLE = {1: "one"}
all = [Failure(code, "why") for code in TABLE.values()]

# the keys of a table: one
TABLE = {"one": 1}
for code in TABLE:
    Failure(code, "why")

# a list that is made: one two
codes = [code for code in ("one", "two")]
for code in codes:
    Failure(code, "why")

# a parameter: one two
def fail(why, code):
    return Failure(code, why)
fail("why", "one")
fail(code="two", why="why")

# a parameter's default: one two
def fail(code="one", *, other="two"):
    return Failure(code, "why"), Failure(other, "why")
fail()

# a parameter of a method: one
class A:
    def _fail(self, code):
        return Failure(code, "why")
    def run(self):
        raise self._fail("one")

# a parameter of a static method: one
class A:
    @staticmethod
    def _fail(code):
        return Failure(code, "why")
A._fail("one")

# a parameter through two functions: one
def fail(code):
    return refuse(code)
def refuse(text):
    return Failure(text, "why")
fail("one")

# a function inside a function: one
def run():
    def refuse(code):
        return Failure(code, "why")
    raise refuse("one")
def other():
    def refuse(why):
        return ValueError(why)
    raise refuse(now())

# what a function returns: one two
def explain():
    if now:
        return "one", "why"
    return "two", "why"
code, why = explain()
raise Failure(code, why)

# what a method returns: one
class A:
    def fail(self):
        raise Failure(self._code(), "why")
    def _code(self):
        return "one"

# a constant of the class: one
class A:
    CODES = {1: "one"}
    def fail(self, n):
        raise Failure(self.CODES[n], "why")

# an attribute: one
failure.code = "one"

# an attribute among others: one
failure.why, failure.code = "why", "one"

# an attribute out of a table: one
TABLE = {1: ("one", "why")}
failure.code, why = TABLE[n]

# setattr: one
setattr(failure, "code", "one")

# a fact: one
failure.about(code="one", what="what")

# a result made by hand: one
result = {"failed": True, "error": {"code": "one"}}

# the code of another failure:
raise Failure(failure.code, "why")

# a data class: one two
class Reason:
    why: str
    code: str
Reason("why", "one")
Reason(why="why", code="two")

# a class attribute: one
class Reason:
    code = "one"

# a comparison is no raise:
if failure.code in ("one", "two") or failure.code == "three":
    raise failure
''')
NOT_FOUND = cases('''
# a text that is put together
raise Failure(f"odd_{kind}", "why")

# a name that is bound to nothing
raise Failure(nowhere, "why")

# a name of another library
from os import name
raise Failure(name, "why")

# the text of an exception
try:
    pass
except ValueError as exc:
    raise Failure(exc, "why")

# what a call of something unknown gives
raise Failure(choose(), "why")

# a table that is filled elsewhere
raise Failure(TABLE[1], "why")

# arguments in one
raise Failure(*told)

# arguments behind others in one
def fail(why, code):
    raise Failure(code, why)
fail(*told, "one")

# a tuple with another in it
why, code = (*told, "one")
raise Failure(code, why)

# arguments in one mapping
raise Failure(**told)

# a variable number of arguments
def fail(*code):
    return Failure(code[0], "why")
fail("one")

# a name that grows
code = "one"
code += "_more"
raise Failure(code, "why")

# the class under another name
make = Failure
make("one", "why")

# the class handed on
run(Failure, "one")

# the class without a call
raise Failure

# a function handed on
run(bad_input, "one")

# a subclass
class Busy(Failure):
    pass

# a mapping with another in it
TABLE = {1: "one", **more}
raise Failure(TABLE[n], "why")

# a lambda's parameter
fail = lambda code: Failure(code, "why")

# an attribute that grows
failure.code += "_more"
''')
HARMLESS = """
def look(failure: Failure | None, kind: type) -> Failure:
    with suppress(Failure):
        pass
    try:
        pass
    except (Failure, ValueError):
        pass
    known: dict[str, Failure] = {}
    assert isinstance(failure, Failure) or issubclass(kind, Failure)
    return t.cast(Failure, failure)
"""


def search(tree, text: str) -> tuple[set[str], list[str]]:
    """The codes of one file, and what was not resolved in it."""
    tree.write("plugins/module_utils/tried.py", "from ._errors import Failure, bad_input\n" + text + "\n")
    found = raised.scan(tree.root)
    codes = {code for code, places in found.codes.items() if any("tried.py" in place for place in places)}
    return codes, found.unresolved


@pytest.mark.parametrize("case", FOUND)
def test_a_code_is_found(tree, case):
    """The codes stand behind the colon."""
    assert search(tree, FOUND[case]) == (set(case.partition(":")[2].split()), [])


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_cannot_be_followed_is_named(tree, case):
    _codes, unresolved = search(tree, NOT_FOUND[case])
    assert len(unresolved) == 1
    assert unresolved[0].startswith("plugins/module_utils/")


def test_other_uses_of_the_class_are_no_raises(tree):
    assert search(tree, HARMLESS) == (set(), [])


def test_a_name_of_another_file(tree):
    prefix = "ansible_collections.groundwork.provision.plugins.module_utils"
    tree.write("plugins/module_utils/tables.py", 'CODES = {1: "one"}\nMORE = {2: "two"}\n')
    text = f"from {prefix} import tables\nfrom {prefix}.tables import MORE\nFailure(tables.CODES[n], '')\nFailure(MORE[n], '')"
    tree.write("plugins/module_utils/tried.py", text)
    found = raised.scan(tree.root)
    assert {"one", "two"} <= set(found.codes)
    assert found.unresolved == []


def test_a_function_of_the_own_file_goes_before_those_of_others(tree):
    tree.write("plugins/module_utils/other.py", "def explain():\n    return now()\n")
    assert search(tree, 'def explain():\n    return "one"\nraise Failure(explain(), "why")') == ({"one"}, [])
    tree.write("plugins/module_utils/other.py", 'def explain_elsewhere():\n    return "one"\n')
    search(tree, 'raise Failure(other.explain_elsewhere(), "why")')
    assert raised.scan(tree.root).codes["one"] == ["plugins/module_utils/other.py:2"]


def test_a_private_function_is_called_in_its_own_file_only(tree):
    tree.write("plugins/module_utils/other.py", 'def _fail(why):\n    return ValueError(why)\n_fail(now())\n')
    text = 'def _fail(code):\n    return Failure(code, "why")\n_fail("one")'
    assert search(tree, text) == ({"one"}, [])


def test_the_place_is_where_the_text_stands(tree):
    search(tree, 'TABLE = {\n    1: "one",\n}\nraise Failure(TABLE[n], "why")')
    assert raised.scan(tree.root).codes["one"] == ["plugins/module_utils/tried.py:3"]
