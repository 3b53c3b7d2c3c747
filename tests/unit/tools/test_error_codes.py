# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of error codes is held against what the plug-ins raise, in both directions; the page is made of it."""

from __future__ import annotations

import pytest


def test_a_code_that_the_registry_lacks_is_named(tree):
    tree.module("thing", "own: {description: Own., type: str}", "xclarity", "once", code="no_such_code")
    tree.fix()
    for code, said in (tree.check(), tree.fix()):
        assert code == 1
        assert said.startswith("plugins/modules/thing.py:")
        assert "raises no_such_code, which tools/error_codes.yml does not have; add no_such_code to the registry and run `make fix`" in said
    tree.codes("busy", "no_such_code")
    assert tree.fix() == (0, "docs/error_codes.md: written\n")
    assert tree.check() == (0, "")


def test_a_code_that_nothing_raises_is_named(tree):
    tree.codes("busy", "old_code")
    tree.fix()
    code, said = tree.check()
    assert code == 1
    assert said == (
        "tools/error_codes.yml: nothing in plugins/ or roles/ raises old_code; remove old_code from the registry and run `make fix`\n"
    )


def test_a_raise_that_cannot_be_resolved_is_named(tree):
    tree.write("plugins/module_utils/odd.py", '''
        from ._errors import Failure

        def fail(kind):
            raise Failure("odd_" + kind, "why")
        ''')  # fmt: skip
    code, said = tree.check()
    assert code == 1
    assert "plugins/module_utils/odd.py:5: cannot tell which error code this gives ('odd_' + kind)" in said


def test_the_system_of_the_file_that_raises_it_has_to_be_there(tree):
    tree.write("plugins/module_utils/openstack/odd.py", 'from .._errors import Failure\nfailure = Failure("busy", "why")\n')
    code, said = tree.check()
    assert code == 1
    assert said.startswith("plugins/module_utils/openstack/odd.py:2: raises busy; ")
    assert said.endswith("; add openstack to its systems in tools/error_codes.yml and run `make fix`\n")


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("  do: Do something.\n", "", "has to have do, systems, when"),
        ("  do:", "  other: A.\n  do:", "has to have do, systems, when"),
        ("[xclarity]", "[xclarty]", "systems has to be a list of"),
        ("[xclarity]", "[]", "systems has to be a list of"),
        ("  when:", "  says: [perhaps]\n  when:", "says has to be a list of"),
        ("Do something.", "do something", "have to be sentences"),
        ("busy:", "Busy:", "a code is of small letters"),
    ],
)
def test_an_entry_that_is_not_as_it_has_to_be_is_named(tree, old, new, said):
    registry = tree.read("tools/error_codes.yml")
    page = tree.read("docs/error_codes.md")
    tree.write("tools/error_codes.yml", registry.replace(old, new))
    code, text = tree.fix()
    assert code == 1
    assert said in text
    assert tree.read("docs/error_codes.md") == page


def test_the_codes_stand_in_order(tree):
    tree.module("thing", "own: {description: Own., type: str}", "xclarity", "once", code="a_code")
    tree.codes("busy", "a_code")
    code, said = tree.fix()
    assert code == 1
    assert "tools/error_codes.yml: the codes have to stand in the order of the alphabet; the first that does not is busy" in said


def test_the_page_has_a_row_and_an_anchor_for_each_code(tree):
    tree.module("thing", "own: {description: Own., type: str}", "xclarity", "once", code="a_code")
    tree.write("tools/error_codes.yml", """
        a_code:
          systems: [xclarity, ops_manager, openstack]
          says: [nothing, started]
          when: >-
            One | or
            the other.
          do: Look.
        busy:
          systems: [xclarity]
          when: A.
          do: B.
        """)  # fmt: skip
    assert tree.fix()[0] == 0
    rows = [line for line in tree.read("docs/error_codes.md").splitlines() if line.startswith("| <a id=")]
    assert rows == [
        '| <a id="a_code"></a>`a_code` | One \\| or the other. | Look. | all | nothing changed, started |',
        '| <a id="busy"></a>`busy` | A. | B. | xclarity | |',
    ]


def test_a_page_that_was_edited_is_named_and_written_anew(tree):
    page = tree.read("docs/error_codes.md")
    tree.write("docs/error_codes.md", page.replace("Something happens.", "Something else."))
    code, said = tree.check()
    assert code == 1
    assert said.endswith("docs/error_codes.md: is not as tools/error_codes.yml says; run `make fix`\n")
    assert tree.fix()[0] == 0
    assert tree.read("docs/error_codes.md") == page


def test_codes_of_roles_are_held_against_the_registry_too(tree):
    tree.write("roles/thing/tasks/main.yml", """
        - name: Outer
          block:
            - name: Fail
              report:
                error: {code: config_keep}
            - name: Fail for one of two reasons
              report:
                error:
                  code: "{{ 'no_specs' if nothing else rows[0].code }}"
            - name: Fail as the task did
              report:
                error: "{{ failed.error | default({'code': 'task_failed'}) }}"
        """)  # fmt: skip
    code, said = tree.check()
    assert code == 1
    assert [line.split(" raises ")[1].split(",")[0] for line in said.splitlines()] == ["config_keep", "no_specs", "task_failed"]
    assert said.startswith("roles/thing/tasks/main.yml: raises config_keep, which tools/error_codes.yml does not have")
    tree.codes("busy", "config_keep", "no_specs", "task_failed")
    assert tree.fix()[0] == 0
    assert tree.check() == (0, "")
