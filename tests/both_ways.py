# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a task the way Ansible's worker does, without a playbook around it: in the controller, or as a module of its own process.

A real task, a real local connection and the collection's own action plugin; only the start of ansible-playbook is left
out. `normal` and `differences` compare what the two ways give.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.text.converters import to_text
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugin_loader
from ansible.template import Templar

COLLECTION = "groundwork.provision"
IN_PROCESS, MODULE = "in_process", "module"
SWITCH = {IN_PROCESS: "1", MODULE: "0"}


def start() -> None:
    """Let Ansible find collections. Once in a process, and before anything of a collection is imported there."""
    plugin_loader.init_plugin_loader([])


def action(name: str, arguments: Mapping[str, Any], *, check: bool = False, diff: bool = True, **task_fields: Any) -> Any:
    """The collection's action plugin for one task with these arguments, ready to run."""
    loader = DataLoader()
    task = Task.load({"name": "one task", f"{COLLECTION}.{name}": dict(arguments)}, loader=loader)
    task.check_mode, task.diff = check, diff
    for key, value in task_fields.items():
        setattr(task, key, value)
    context = PlayContext()
    context.check_mode, context.diff = check, diff
    connection = plugin_loader.connection_loader.get("ansible.builtin.local", context, new_stdin=None)
    # The shell's options hold the remote directory for temporary files.
    connection.set_options(var_options={})
    connection._shell.set_options(var_options={})
    return plugin_loader.action_loader.get(
        f"{COLLECTION}.{name}",
        task=task,
        connection=connection,
        play_context=context,
        loader=loader,
        templar=Templar(loader=loader),
        shared_loader_obj=plugin_loader,
    )


def run(name: str, arguments: Mapping[str, Any], way: str, *, check: bool = False, diff: bool = True) -> dict[str, Any]:
    """The result of one task, as the worker makes it of what the action plugin returns."""
    before = os.environ.get("GROUNDWORK_IN_PROCESS")
    os.environ["GROUNDWORK_IN_PROCESS"] = SWITCH[way]
    one = action(name, arguments, check=check, diff=diff)
    variables = {"ansible_python_interpreter": sys.executable, "inventory_hostname": "localhost"}
    try:
        return _with_warnings(lambda: one.run(task_vars=variables))
    finally:
        one.cleanup(force=True)
        if before is None:
            del os.environ["GROUNDWORK_IN_PROCESS"]
        else:
            os.environ["GROUNDWORK_IN_PROCESS"] = before


def _with_warnings(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """As TaskExecutor does: warnings that were shown inside the controller become a part of the result."""
    try:
        from ansible._internal._display_utils import DeferredWarningContext
    except ImportError:  # ansible-core 2.18: what a module warns of is in its result both ways
        return work()
    try:
        from ansible._internal._task import UnifiedTaskResult
    except ImportError:  # ansible-core 2.19 and 2.20
        UnifiedTaskResult = None
    if UnifiedTaskResult is not None:
        with DeferredWarningContext(variables={}) as context:
            whole = UnifiedTaskResult.from_action_result_dict(work())
        whole.finalize_warnings(context)
        return whole.as_result_dict()
    from ansible.executor.task_executor import TaskExecutor

    with DeferredWarningContext(variables={}) as context:
        result = work()
        TaskExecutor._apply_task_result_compat(result, context)
    for key, found in (("warnings", context.get_warnings()), ("deprecations", context.get_deprecation_warnings())):
        result.pop(key, None)
        if found:
            result[key] = found
    return result


def options(name: str) -> dict[str, Any]:
    """The options of a module."""
    return importlib.import_module(f"ansible_collections.{COLLECTION}.plugins.modules.{name}").SPEC.options


# Tasks and variables, and whether the controller may run them itself.
PLAIN = {"ansible_python_interpreter": sys.executable}
WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "a plain local task": ({}, PLAIN, True),
    "an environment that is not set": ({"environment": [{}]}, PLAIN, True),
    "several that are not set": ({"environment": [{}, {}]}, PLAIN, True),
    "an environment": ({"environment": [{}, {"A": "b"}]}, PLAIN, False),
    "async": ({"async_val": 30}, PLAIN, False),
    "no interpreter named": ({}, {}, False),
    "another interpreter": ({}, {"ansible_python_interpreter": "/usr/bin/python3"}, False),
    "an interpreter by template": ({}, {"ansible_python_interpreter": "{{ ansible_playbook_python }}",
                                        "ansible_playbook_python": sys.executable}, True),
    "switched off by the variable": ({}, {**PLAIN, "groundwork_in_process": False}, False),
    "switched off by a text": ({}, {**PLAIN, "groundwork_in_process": "no"}, False),
    "delegated to a host with this interpreter": (
        {"delegate_to": "localhost"}, {"ansible_delegated_vars": {"localhost": PLAIN}}, True),
    "delegated to a host with another": (
        {"delegate_to": "localhost"}, {**PLAIN, "ansible_delegated_vars": {"localhost": {"ansible_python_interpreter": "/x"}}}, False),
}  # fmt: skip


def taken() -> dict[str, bool]:
    """For each of :data:`WAYS`, whether the controller runs the task itself."""
    from ansible import template

    trust = getattr(template, "trust_as_template", str)  # ansible-core 2.18 trusts every text
    found = {}
    for name, (fields, variables, _wanted) in WAYS.items():
        variables = {key: trust(value) if isinstance(value, str) else value for key, value in variables.items()}
        one = action("profile_info", {}, **fields)
        one._templar = Templar(loader=DataLoader(), variables=variables)
        found[name] = one._same_here(variables)
    return found


# -- comparing --------------------------------------------------------------------------------------------------------

# What differs between any two runs. A date or an id is replaced by its kind, so that its absence still shows.
_SECONDS = {"duration", "second", "waited"}
_FOLDERS = {"ca_path", "state_dir"}  # of the test; where a test has a very short secret, no pattern finds them
_TEXTS = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b(?:localhost|127\.0\.0\.1|\[::1\]):\d{2,5}\b"), "<place>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<date>"),
    (re.compile(r"(?<!\d)20\d{12}(?!\d)"), "<stamp>"),
    (re.compile(r"\b[0-9a-f]{24,64}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"/[^\s\"']*?/pytest-\d+/(?:popen-gw\d+/)?\w*"), "<folder>"),
    (re.compile(r"\b[0-9.]+ %"), "<percent>"),
    (re.compile(r"\bjob \d+\b"), "job <id>"),
)


def normal(value: Any, key: str = "") -> Any:
    """A result in plain JSON types, without what differs between any two runs."""
    if key == "history" and isinstance(value, (list, tuple)):
        value = value[-1:]  # how many states are seen on the way depends on when one looks
    if key == "job" and isinstance(value, str) and value:
        return "<id>"
    if key in _FOLDERS and isinstance(value, str) and value:
        return "<folder>"
    if key == "locations" and isinstance(value, (list, tuple)):
        value = sorted(value)  # copies that run at the same time end in any order
    if isinstance(value, Mapping):
        shown: dict[str, Any] = {}
        for k, v in value.items():
            if not str(k).startswith("_ansible_"):
                name = normal(str(k))
                shown[name if name not in shown else f"{name} {len(shown)}"] = normal(v, str(k))
        return shown
    if isinstance(value, (list, tuple)):
        return [normal(one, key) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    if key in _SECONDS and isinstance(value, (int, float)):
        return "<seconds>"
    if isinstance(value, (int, float)):
        return value
    text = to_text(value) if isinstance(value, (str, bytes)) else repr(value)
    for pattern, kind in _TEXTS:
        text = pattern.sub(kind, text)
    return text


def differences(one: Any, other: Any, path: str = "") -> list[str]:
    """Where two normalised results differ, key by key."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = []
        for key in sorted(set(one) | set(other)):
            here = f"{path}.{key}" if path else key
            if key not in one or key not in other:
                found.append(f"{here}: only {'the second' if key in other else 'the first'} has it")
            else:
                found += differences(one[key], other[key], here)
        return found
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return [f"{path}: {len(one)} items and {len(other)}"]
        return [line for number, pair in enumerate(zip(one, other, strict=True)) for line in differences(*pair, f"{path}[{number}]")]
    if type(one) is not type(other) or one != other:
        return [f"{path}: {json.dumps(one)[:300]} and {json.dumps(other)[:300]}"]
    return []
