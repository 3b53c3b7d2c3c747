# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warn, or fail with the error or the whole result of another task, in the words of a role.

An action without a module of its own: it only makes a result. ansible.builtin.fail drops everything but its message, so that a
``rescue`` could not tell one failure of a role from another, and nothing of Ansible's own warns. Its documentation is
plugins/modules/report.yml.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.groundwork.provision.plugins.module_utils._errors import MESSAGE_LIMIT
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

# Of a result that is told once more: what was shown with it already.
_SHOWN = ("warnings", "deprecations", "exception", "diff")


class ActionModule(ActionBase):
    """See the documentation in plugins/modules/report.yml."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """A warning, a failure, or both."""
        super().run(tmp, task_vars or {})
        args = self._task.args
        result: dict[str, t.Any] = {"changed": bool(args.get("changed", False))}
        if args.get("result"):
            result |= {key: value for key, value in dict(args["result"]).items() if not key.startswith("_ansible_") and key not in _SHOWN}
            result["failed"] = True
        if args.get("warning"):
            result["warnings"] = [clean(str(args["warning"]), MESSAGE_LIMIT)]
        if args.get("failure"):
            result |= {"failed": True, "msg": clean(str(args["failure"]), MESSAGE_LIMIT), "error": args.get("error") or {}}
            if args.get("errors"):
                result["errors"] = args["errors"]
        return result
