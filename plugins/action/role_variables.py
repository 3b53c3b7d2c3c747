# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse wrong variables of a role before it is reached.

An action without a module of its own, since it is about variables: each has to be evaluated by itself, for one may name a result that is
still to come. Ansible's validate_argument_spec evaluates all of them or none. Its documentation is plugins/modules/role_variables.yml.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from ansible_collections.groundwork.provision.plugins.module_utils._errors import MESSAGE_LIMIT
from ansible_collections.groundwork.provision.plugins.module_utils._options import is_blank
from ansible_collections.groundwork.provision.plugins.module_utils._run import RANGES, out_of_range
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.plugin_utils.role_words import documented, read
from ansible_collections.groundwork.provision.plugins.test.percentage import is_percentage
from ansible_collections.groundwork.provision.plugins.test.waves import is_waves

# Of the playbook of a role that works in waves: what it can be, and the words for that.
WAVES = {
    "serial": (is_waves, "a number of hosts from 1, a whole percentage from 1% to 100%, or a list of these"),
    "max_fail_percentage": (is_percentage, "a number from 0 to 100"),
}


class ActionModule(ActionBase):
    """See the documentation in plugins/modules/role_variables.yml."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Whether the variables of this host are as the role takes them."""
        variables = task_vars or {}
        super().run(tmp, variables)
        role = str(self._task.args["role"])
        options = documented(role)
        wrong: list[str] = []
        without: list[str] = []
        for name in (*options, *(f"{role}_{waves}" for waves in WAVES)):
            if name not in variables:
                continue
            try:
                value = self._templar.template(variables[name])
            except AnsibleError:
                # It names a result that is still to come. What it is instead is told by the role.
                without.append(name)
                continue
            wrong += _refused(name, name.removeprefix(f"{role}_"), options.get(name), value)
        missing = [name for name, option in options.items() if option.get("required") and name not in variables]
        missing = [name for name in missing if name not in read(role, "defaults", "main.yml")] if missing else []
        wrong += [f"missing required arguments: {', '.join(missing)}"] if missing else []
        if wrong:
            msg = f"{role} refuses its variables: {'; '.join(wrong)}. Nothing was changed. Correct them and run again."
            error = {"code": "config_options", "resource": role}
            return {"changed": False, "failed": True, "msg": clean(msg, MESSAGE_LIMIT), "error": error}
        return {"changed": False, "without_value": without}


def _refused(name: str, short: str, option: dict[str, t.Any] | None, value: t.Any) -> list[str]:
    """What is wrong with the value of one variable. short: its name without that of the role. option: its argument spec; None for those of
    the role's playbook."""
    blank = is_blank(value) or value == []
    if option is None:
        fits, told = WAVES[short]
        return [] if blank or fits(value) else [f"{name} takes {told}, got: {clean(str(value), 80)}"]
    found = ArgumentSpecValidator({name: option}).validate({name: value})
    # Without the empty choices, which stand for a variable that is not set.
    wrong = [text.replace(", , None, got", ", got") for text in found.error_messages]
    if short in RANGES and not blank and not wrong:
        number = ArgumentSpecValidator({name: {"type": "float"}}).validate({name: value})
        wrong += number.error_messages
        told = "" if number.error_messages else out_of_range(short, number.validated_parameters[name])
        wrong += [f"{name} {told}"] if told else []
    return [remove_values(text, found._no_log_values) for text in wrong]
