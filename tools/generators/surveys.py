"""The surveys of the job templates, extensions/awx/surveys.yml: the questions that tools/surveys.yml names, as the argument specs say.

A question's variable is ``launch_`` and the role's variable: what is left blank at a launch is passed as an empty text, and would
otherwise count for more than what the inventory says. playbooks/tasks/answers.yml takes the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from generators import BadSource, File, Generated

SOURCE = Path("tools", "surveys.yml")
PATH = Path("extensions", "awx", "surveys.yml")
HEAD = """\
---
# Written by tools/generators/surveys.py from tools/surveys.yml and the roles' argument specs; `make gates` checks it.
# The variables are the roles' own with launch_ before them; an answer that is blank, or `{nothing}`, leaves the inventory's value.
"""
PREFIX = "launch_"
NOTHING = "as in the inventory"
CONNECTIONS = ("xclarity_", "ops_manager_", "openstack_")
LONGEST = 1024


class _Dumper(yaml.SafeDumper):
    """Indents lists, as yamllint has it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def generate(root: Path) -> Generated:
    """All surveys in one file, by playbook and by workflow."""
    if not (root / SOURCE).exists():
        return Generated()
    told = yaml.safe_load((root / SOURCE).read_text(encoding="utf-8"))
    options = {path.parts[-3]: _options(path) for path in sorted((root / "roles").glob("*/meta/argument_specs.yml"))}
    problems = []
    playbooks = {path.stem for path in (root / "playbooks").glob("*.yml")} - set(told["without"])
    for name in sorted(playbooks ^ set(told["playbooks"])):
        problems.append(f"{SOURCE}: {name} is " + ("not in `playbooks`; say what its survey asks" if name in playbooks else "no playbook"))
    surveys = {}
    for name in sorted(playbooks & set(told["playbooks"])):
        entries, roles = told["playbooks"][name], sorted(_roles(root, name))
        problems += _answers_missing(root, name, entries)
        if entries:
            surveys[name] = _survey(name, entries, roles, options)
    for name, workflow in told["workflows"].items():
        roles = sorted({role for playbook in workflow["playbooks"] for role in _roles(root, playbook)})
        surveys[f"workflow_{name}"] = _survey(name, workflow["questions"], roles, options)
    text = yaml.dump({"groundwork_surveys": surveys}, Dumper=_Dumper, sort_keys=False, width=110)
    return Generated([File(PATH, HEAD.format(nothing=NOTHING) + text, f"{SOURCE} and the roles' argument specs")], problems)


def _survey(name: str, entries: list[Any], roles: list[str], options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    spec = []
    for entry in entries:
        entry = entry if isinstance(entry, dict) else {"variable": entry}
        role = next((role for role in roles if entry["variable"] in options[role]), None)
        if role is None:
            raise BadSource(f"{SOURCE}: {name} asks {entry['variable']}, which is no option of its roles ({', '.join(roles)})")
        spec.append(question(role, entry, options[role][entry["variable"]], alone=len(roles) == 1))
    return {"name": _words(name), "description": "Blank is as in the inventory.", "spec": spec}


def question(role: str, entry: Mapping[str, Any], option: Mapping[str, Any], *, alone: bool = True) -> dict[str, Any]:
    """One question of a survey. Raises BadSource for what must not be asked, or cannot be."""
    variable, kind = entry["variable"], entry.get("type", option.get("type", "str"))
    required = bool(entry.get("required"))
    where = f"{SOURCE}: {variable}"
    if variable.startswith(CONNECTIONS) or option.get("no_log"):
        raise BadSource(f"{where} is a connection or a secret, which come with a credential; do not ask it")
    choices = [str(one) for one in option.get("choices", ()) if one not in ("", None)]
    if kind == "bool":
        choices = ["true", "false"]
    asked: dict[str, Any] = {
        "question_name": _words(variable.removeprefix(role)) if alone else f"{_words(role)}: {_words(variable.removeprefix(role)).lower()}",
        "question_description": _text(option.get("description", "")),
        "required": required,
        "type": "multiplechoice" if choices else "textarea" if kind == "lines" else "text",
        "variable": PREFIX + variable,
    }
    if kind not in ("bool", "lines", "str"):
        raise BadSource(f"{where} is of the type {kind}, which a survey's text is not; say `type`, or do not ask it")
    if kind == "lines":
        asked["question_description"] = f"One on each line. {asked['question_description']}"
    if choices:
        # The controller takes no blank answer to a question with choices, so that there is a choice that says it.
        asked["choices"] = choices if required else [NOTHING, *choices]
        if not required:
            asked["default"] = NOTHING
    else:
        asked |= {"min": int(required), "max": LONGEST * 16 if kind == "lines" else LONGEST}
    return asked


def _answers_missing(root: Path, playbook: str, entries: list[Any]) -> Iterator[str]:
    """A playbook that asks has to take the answers, each role's of its own."""
    for path in _played(root, playbook):
        text = path.read_text(encoding="utf-8")
        for role in re.findall(r"groundwork\.provision\.(\w+)$", text, re.M):
            names = [entry["variable"] if isinstance(entry, dict) else entry for entry in entries]
            if any(name.startswith(role) for name in names) and f"answers_role: {role}\n" not in text:
                yield f"{path.relative_to(root)}: takes no answers; import tasks/answers.yml with answers_role: {role}"


def _played(root: Path, playbook: str) -> list[Path]:
    """The playbook and those that it imports."""
    path = root / "playbooks" / f"{playbook}.yml"
    imported = re.findall(r"import_playbook: (\w+)\.yml", path.read_text(encoding="utf-8"))
    return [path, *(found for name in imported for found in _played(root, name))]


def _roles(root: Path, playbook: str) -> set[str]:
    return {
        role for path in _played(root, playbook)
        for role in re.findall(r"^ +name: groundwork\.provision\.(\w+)$", path.read_text(encoding="utf-8"), re.M)
    }


def _options(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]


def _words(name: str) -> str:
    words = name.strip("_").replace("_", " ")
    return (words[:1].upper() + words[1:]).replace("os ", "OS ").replace(" os", " OS")


def _text(description: str | list[str]) -> str:
    """A description without the marks of Ansible's documentation."""
    text = " ".join(description if isinstance(description, list) else [description])
    return re.sub(r"\b[A-Z]\(([^)#]*)[^)]*\)", r"\1", " ".join(text.split()))
