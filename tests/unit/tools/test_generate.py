# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/generate.py: what is missing, changed or too much is named with the command that repairs it, and repaired by it."""

from __future__ import annotations

import pytest


def test_a_missing_stub_is_named_and_written(tree):
    stub = tree.read("plugins/action/thing.py")
    (tree.root / "plugins/action/thing.py").unlink()
    code, said = tree.check()
    assert code == 1
    assert said == "plugins/action/thing.py: is missing; run `make fix`\n"
    assert not (tree.root / "plugins/action/thing.py").exists()
    assert tree.fix() == (0, "plugins/action/thing.py: written\n")
    assert tree.read("plugins/action/thing.py") == stub
    assert "staticmethod(thing.main)" in stub


def test_a_changed_stub_is_shown_and_written_anew(tree):
    stub = tree.read("plugins/action/thing.py")
    tree.write("plugins/action/thing.py", stub.replace("staticmethod(thing.main)", "staticmethod(thing_info.main)"))
    code, said = tree.check()
    assert code == 1
    assert "-    main = staticmethod(thing_info.main)" in said
    assert said.endswith("plugins/action/thing.py: is not as tools/generators/stubs.py says; run `make fix`\n")
    assert tree.fix()[0] == 0
    assert tree.read("plugins/action/thing.py") == stub


def test_the_stub_of_a_module_that_is_gone_has_to_go(tree):
    (tree.root / "plugins/modules/thing_info.py").unlink()
    code, said = tree.check()
    assert code == 1
    assert "plugins/action/thing_info.py: has to go" in said
    assert (tree.root / "plugins/action/thing_info.py").exists()
    tree.fix()
    assert not (tree.root / "plugins/action/thing_info.py").exists()
    assert tree.check() == (0, "")


def test_an_action_that_is_no_stub_is_not_removed(tree):
    tree.write("plugins/action/other.py", "class ActionModule:\n    pass\n")
    for code, said in (tree.check(), tree.fix()):
        assert code == 1
        assert said == "plugins/action/other.py: there is no module other, and this is no stub; add the module or remove the file\n"
    assert (tree.root / "plugins/action/other.py").exists()


def test_an_action_that_is_documented_beside_the_modules_is_written_by_hand(tree):
    tree.write("plugins/action/other.py", "class ActionModule:\n    pass\n")
    tree.write("plugins/modules/other.yml", "DOCUMENTATION: {}\n")
    assert tree.check() == (0, "")


def test_the_groups_follow_the_fragments(tree):
    tree.module("pool_info", "own: {description: Own., type: str}", "ops_manager")
    tree.codes("busy", systems="xclarity, ops_manager")
    code, said = tree.check()
    assert code == 1
    assert "+    - pool_info" in said
    assert "meta/runtime.yml: is not as the documentation fragments of the modules says; run `make fix`" in said
    assert tree.fix()[0] == 0
    assert "  ops_manager:\n    - pool_info\n  openstack: []\n" in tree.read("meta/runtime.yml")
    assert tree.read("meta/runtime.yml").startswith('---\nrequires_ansible: ">=2.18.0"\n')


@pytest.mark.parametrize("fragments", [("once",), ("xclarity", "openstack")])
def test_a_module_has_one_system(tree, fragments):
    tree.module("odd", "own: {description: Own., type: str}", *fragments)
    code, said = tree.check()
    assert code == 1
    assert "plugins/modules/odd.py: extends the documentation fragments of" in said


def test_a_broken_source_does_not_hide_what_else_is_wrong(tree):
    tree.write("tools/return_blocks.yml", "changing: [")
    tree.codes("busy", "nobody_raises_this")
    code, said = tree.fix()
    assert code == 1
    assert "tools/return_blocks.yml: it is not valid YAML; correct it" in said
    assert "remove nobody_raises_this from the registry" in said


def test_a_long_difference_is_cut(tree):
    tree.write("docs/error_codes.md", "".join(f"line {number}\n" for number in range(500)))
    _code, said = tree.check()
    assert len(said.splitlines()) < 60
    assert "lines more" in said


PAGE = "# Title\n\n<!-- contents: written by `make fix` -->\n<!-- end of the contents -->\n\nThe rest.\n"


def test_the_contents_name_everything_with_its_description(tree):
    tree.write("README.md", PAGE)
    text = tree.read("plugins/modules/thing.py").replace("module: thing\n", "module: thing\nshort_description: Do C(one) | two\n")
    tree.write("plugins/modules/thing.py", text)
    text = tree.read("plugins/modules/thing_info.py").replace("info\n", "info\nshort_description: Look\n", 1)
    tree.write("plugins/modules/thing_info.py", text)
    tree.write("plugins/modules/helper.yml", "DOCUMENTATION: {short_description: Help}\n")
    tree.write("plugins/test/odd.py", "")
    tree.write("plugins/test/odd.yml", "DOCUMENTATION: {short_description: Odd}\n")
    tree.write("roles/work/meta/argument_specs.yml", "argument_specs: {main: {short_description: Work}}\n")
    assert tree.check()[0] == 1
    assert tree.fix() == (0, "README.md: written\n")
    page = tree.read("README.md")
    for row in ("| `thing` | Do `one` \\| two |", "| `thing_info` | Look |", "| `odd` | test plug-in | Odd |",
                "| `helper` | action, used by the roles | Help |", "| [work](roles/work/README.md) | Work |"):  # fmt: skip
        assert row in page
    assert page.startswith("# Title\n")
    assert page.endswith("<!-- end of the contents -->\n\nThe rest.\n")
    assert tree.check() == (0, "")


def test_a_page_without_the_marks_of_the_contents_is_named(tree):
    tree.write("README.md", "# Title\n")
    code, said = tree.check()
    assert code == 1
    assert said.startswith("README.md: the lines <!-- contents: written by `make fix` -->")
