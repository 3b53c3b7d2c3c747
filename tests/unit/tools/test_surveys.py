# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extensions/awx: the surveys that are generated, and the objects that name them."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path += [str(ROOT / "tools"), str(ROOT / "tests" / "awx")]
surveys = importlib.import_module("generators.surveys")
rules = importlib.import_module("rules")
BadSource = importlib.import_module("generators").BadSource


class Loader(yaml.SafeLoader):
    """Takes a template that Ansible must leave as it is."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))

DATA = yaml.load((ROOT / "extensions/awx/controller.yml").read_text(encoding="utf-8"), Loader)
SURVEYS = yaml.safe_load((ROOT / "extensions/awx/surveys.yml").read_text(encoding="utf-8"))["groundwork_surveys"]
TYPES = {one["name"]: one for one in DATA["controller_credential_types"]}
ANSWERS = ROOT / "playbooks/tasks/answers.yml"

SPEC = """\
argument_specs:
  main:
    options:
      thing_mode:
        description: [Says C(how)., "V(fast) is not slow, see O(thing_name) and M(a.b.c)."]
        type: str
        choices: [fast, slow, "", null]
        default: fast
      thing_name: {description: A name., type: str, required: true}
      thing_force: {description: A boolean., type: raw}
      thing_hosts: {description: Names., type: raw}
      thing_map: {description: A mapping., type: dict}
      thing_key: {description: A secret., type: str, no_log: true}
      xclarity_endpoint: {description: An address., type: str}
"""
BOOK = """\
- hosts: all
  tasks:
    - import_tasks: tasks/answers.yml
      vars:
        answers_role: thing
    - include_role:
        name: groundwork.provision.thing
"""
ASKS = """\
playbooks:
  thing: {asks}
workflows: {{}}
without: []
"""


@pytest.fixture
def thing(tree):
    """thing(asks): a role, its playbook, and what its survey asks."""
    tree.write("roles/thing/meta/argument_specs.yml", SPEC.replace("  main:\n", "  main:\n    short_description: A thing\n"))
    tree.write("playbooks/thing.yml", BOOK)

    def ask(asks: str) -> tuple[int, str]:
        tree.write("tools/surveys.yml", ASKS.format(asks=asks))
        return tree.fix()

    return ask


def made(tree):
    return yaml.safe_load(tree.read("extensions/awx/surveys.yml"))["groundwork_surveys"]["thing"]["spec"]


def test_a_choice_has_one_that_leaves_what_the_inventory_says(tree, thing):
    assert thing("[thing_mode]")[0] == 0
    (question,) = made(tree)
    assert question["question_name"] == "Mode"
    assert question["question_description"] == "Says how. fast is not slow, see thing_name and a.b.c."
    assert (question["type"], question["variable"], question["required"]) == ("multiplechoice", "launch_thing_mode", False)
    assert question["choices"] == ["as in the inventory", "fast", "slow"]
    assert question["default"] == "as in the inventory"  # not the role's
    assert tree.check() == (0, "")


def test_what_a_launch_has_to_answer_has_no_default(tree, thing):
    required = "{variable: thing_mode, required: true}, {variable: thing_name, required: true}"
    thing(f"[{required}, {{variable: thing_force, type: bool, required: true}}]")
    choice, text, boolean = made(tree)
    assert all(question["required"] and "default" not in question for question in (choice, text, boolean))
    assert (choice["choices"], boolean["choices"]) == (["fast", "slow"], ["true", "false"])
    assert (text["type"], text["min"]) == ("text", 1)


def test_a_list_is_one_text_on_each_line(tree, thing):
    thing("[{variable: thing_hosts, type: lines}]")
    (question,) = made(tree)
    assert question["type"] == "textarea"
    assert question["question_description"] == "One on each line. Names."


@pytest.mark.parametrize("asks, said", [
    ("[thing_key]", "thing_key is a connection or a secret, which come with a credential; do not ask it"),
    ("[xclarity_endpoint]", "xclarity_endpoint is a connection or a secret, which come with a credential; do not ask it"),
    ("[thing_map]", "thing_map is of the type dict, which a survey's text is not; say `type`, or do not ask it"),
    ("[thing_force]", "thing_force is of the type raw, which a survey's text is not; say `type`, or do not ask it"),
    ("[other_name]", "thing asks other_name, which is no option of its roles (thing)"),
])  # fmt: skip
def test_what_must_not_be_asked_is_named(thing, asks, said):
    assert thing(asks) == (1, f"tools/surveys.yml: {said}\n")


def test_a_playbook_without_an_entry_and_an_entry_without_a_playbook_are_named(tree, thing):
    tree.write("playbooks/other.yml", BOOK)
    code, said = thing("[thing_mode]\n  gone: []")
    assert code == 1
    assert "tools/surveys.yml: gone is no playbook\n" in said
    assert "tools/surveys.yml: other is not in `playbooks`; say what its survey asks\n" in said


def test_a_playbook_that_takes_no_answers_is_named(tree, thing):
    tree.write("playbooks/thing.yml", BOOK.replace("answers_role: thing", "answers_role: other"))
    assert thing("[thing_mode]")[1].endswith("playbooks/thing.yml: takes no answers; import tasks/answers.yml with answers_role: thing\n")


# -- the collection's own --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SURVEYS)
def test_a_controller_takes_the_survey(name):
    survey = json.loads(json.dumps(SURVEYS[name]))
    assert rules.survey(survey) == ""
    # Left as it is, and with every text left blank, it is only refused for what a launch has to answer.
    blank = {one["variable"]: one.get("default", "") for one in survey["spec"] if not one["required"]}
    needed = [one["variable"] for one in survey["spec"] if one["required"]]
    assert rules.answers(survey["spec"], blank) == [f"'{variable}' value missing" for variable in needed]
    everything_blank = {one["variable"]: "" for one in survey["spec"] if one["required"]} | blank
    assert len(rules.answers(survey["spec"], everything_blank)) == len(needed)


def test_no_question_has_a_name_that_counts_for_more_than_a_host():
    """An extra variable beats every other, also a blank one."""
    options = set()
    for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"):
        options |= set(yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"])
    asked = {question["variable"] for survey in SURVEYS.values() for question in survey["spec"]}
    assert asked & options == set()
    assert {variable.removeprefix("launch_") for variable in asked} <= options
    assert "'^launch_'" in ANSWERS.read_text(encoding="utf-8")
    assert f"'{surveys.NOTHING}'" in ANSWERS.read_text(encoding="utf-8")


def test_each_playbook_has_one_job_template_with_its_survey():
    told = yaml.safe_load((ROOT / "tools/surveys.yml").read_text(encoding="utf-8"))
    playbooks = [one["playbook"].removeprefix("groundwork.provision.") for one in DATA["controller_templates"]]
    assert sorted(playbooks) == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml") if path.stem not in told["without"])
    for template, playbook in zip(DATA["controller_templates"], playbooks, strict=True):
        assert template["survey_spec"] == f"{{{{ groundwork_surveys.{playbook} }}}}"
        # With a limit, a play of localhost would do nothing and end well.
        text = "".join(path.read_text(encoding="utf-8") for path in surveys._played(ROOT, playbook))
        assert template["ask_limit_on_launch"] is ("hosts: localhost\n" not in text)


def test_each_job_template_has_the_credentials_of_the_systems_that_it_uses():
    systems = {"xclarity_": "XClarity Administrator", "ops_manager_": "Ops Manager", "openstack_": "OpenStack Clustering"}
    for template in DATA["controller_templates"]:
        roles = surveys._roles(ROOT, template["playbook"].rpartition(".")[2])
        options = {option for role in roles for option in surveys._options(ROOT / "roles" / role / "meta/argument_specs.yml")}
        needed = {name for prefix, name in systems.items() if any(option.startswith(prefix) for option in options)}
        needed |= {"Backup passphrase"} if "protect_manager" in roles else set()
        assert set(template["credentials"]) == needed, template["name"]


def test_each_name_is_that_of_an_object():
    """What the lists name of each other."""
    templates = {one["name"] for one in DATA["controller_templates"]}
    credentials = {one["name"] for one in DATA["controller_credentials"]}
    assert {one["credential_type"] for one in DATA["controller_credentials"]} == set(TYPES)
    assert {name for one in DATA["controller_templates"] for name in one["credentials"]} <= credentials
    assert {one["credential"] for one in DATA["controller_inventory_sources"]} <= credentials
    assert {one["unified_job_template"] for one in DATA["controller_schedules"]} <= templates
    for workflow in DATA["controller_workflows"]:
        nodes = {node["identifier"]: node for node in workflow["simplified_workflow_nodes"]}
        assert {name for node in nodes.values() for name in node.get("success_nodes", [])} <= set(nodes)
        assert {node["unified_job_template"] for node in nodes.values() if "unified_job_template" in node} <= templates


@pytest.mark.parametrize("name", TYPES)
def test_a_controller_takes_the_credential_type(name):
    one = TYPES[name]
    assert rules.credential_type(one["inputs"], one["injectors"]) == {}
    fields = one["inputs"]["fields"]
    assert [field["id"] for field in fields if field.get("type") == "boolean" and field["id"] != "insecure"] == []
    assert all("default" not in field for field in fields), "a default is only the form's"
    assert all(field.get("secret") for field in fields if re.search("password|passphrase|private_key|secret$", field["id"]))


def test_the_variables_are_those_that_the_modules_read():
    fragments = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "plugins/doc_fragments").glob("*.py"))
    known = set(re.findall(r"E\((\w+)\)", fragments))
    ours = {name for one in TYPES.values() for name in one["injectors"].get("env", ())}
    assert {name for name in ours if not name.startswith("OS_")} <= known
