# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the roles of this collection. By these a module of a role tells what it refuses: whoever uses the role sets them, and
not the options of the module."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import yaml
from ansible.playbook.task import Task

from ansible_collections.groundwork.provision.plugins.module_utils._options import is_blank

ROLES = Path(__file__).resolve().parents[2] / "roles"
# How Ansible begins when an option is missing or has a value that it does not take.
MISTAKE = re.compile(
    "value of |argument |Elements value |missing required |missing parameter|parameters are |Unsupported parameters|one of the "
)


def in_words_of_the_role(result: dict[str, t.Any], task: Task, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """``result``, whose message names the role's variables where it is about options of the task that were wrong."""
    if not _is_about_options(result):
        return result
    given = (task.get_ds() or {}).get(task.action)
    role = task._role.get_name().rpartition(".")[2]
    known = [name for name in documented(role) if may_be_meant(name, role, task_vars)]
    return with_sources(result, variables(given if isinstance(given, dict) else {}, role, known))


def may_be_meant(name: str, role: str, task_vars: t.Mapping[str, t.Any]) -> bool:
    """What is not set of the connection may come from ``module_defaults`` or the environment, and then not from this variable."""
    return name.startswith(f"{role}_") or not is_blank(task_vars.get(name))


def with_sources(result: dict[str, t.Any], sources: t.Mapping[str, str]) -> dict[str, t.Any]:
    """The same where it is known what sets each option."""
    if not _is_about_options(result):
        return result
    msg = str(result.get("msg") or "").rstrip(".")
    if "error" not in result:  # it is Ansible that refuses it
        msg += ". Nothing was changed. Correct it and run again"
    told = [f"{option} comes from {name}" for option, name in sources.items() if re.search(rf"\b{re.escape(option)}\b", msg)]
    return {**result, "msg": ". ".join([msg, *(["; ".join(told)] if told else [])]) + "."}


def _is_about_options(result: dict[str, t.Any]) -> bool:
    """A module refuses its options, or Ansible does that for it."""
    error = result.get("error")
    refused = str(error.get("code")).startswith("config_") if isinstance(error, dict) else bool(MISTAKE.match(str(result.get("msg"))))
    return bool(result.get("failed")) and refused


def variables(given: t.Mapping[str, t.Any], role: str, known: t.Container[str]) -> dict[str, str]:
    """The variable of the role that each option is set by; of several the one that has its name.

    given: the options of a task as they are written. known: the variables that the role documents.
    """
    found: dict[str, str] = {}
    for option, value in given.items():
        text = str(value)
        names = [f"{role}_{option}", *re.findall(r"\b[a-z]\w*", text)] if "{{" in text else []
        name = next((one for one in names if one in known), None)
        found |= {option: name} if name else {}
    return found


def documented(role: str) -> dict[str, dict[str, t.Any]]:
    """The argument spec of a role of this collection."""
    return read(role, "meta", "argument_specs.yml")["argument_specs"]["main"]["options"]


def read(role: str, *path: str) -> dict[str, t.Any]:
    """A file of the role."""
    text = ROLES.joinpath(role, *path).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
