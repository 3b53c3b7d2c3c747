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
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.plugin_utils.role_words import documented, read


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
        for name, option in options.items():
            if name not in variables:
                continue
            try:
                value = self._templar.template(variables[name])
            except AnsibleError:
                # It names a result that is still to come. What it is instead is told by the role.
                without.append(name)
                continue
            found = ArgumentSpecValidator({name: option}).validate({name: value})
            wrong += remove_values([_plain(text) for text in found.error_messages], found._no_log_values)
        missing = [name for name, option in options.items() if option.get("required") and name not in variables]
        missing = [name for name in missing if name not in read(role, "defaults", "main.yml")] if missing else []
        wrong += [f"missing required arguments: {', '.join(missing)}"] if missing else []
        if wrong:
            msg = f"{role} refuses its variables: {'; '.join(wrong)}. Nothing was changed. Correct them and run again."
            error = {"code": "config_options", "resource": role}
            return {"changed": False, "failed": True, "msg": clean(msg, MESSAGE_LIMIT), "error": error}
        return {"changed": False, "without_value": without}


def _plain(text: str) -> str:
    """Ansible's words without the empty choices, which stand for a variable that is not set."""
    return text.replace(", , None, got", ", got")
