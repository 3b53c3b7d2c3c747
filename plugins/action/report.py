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

# Of a result that is told once more: what was shown with it already, and that its task was told not to fail, for then Ansible would not
# take it for a failure here either.
_LEFT_OUT = ("warnings", "deprecations", "exception", "diff", "failed_when_result")
# Strategies in which a host does not wait for the others; they know neither max_fail_percentage nor any_errors_fatal.
_WITHOUT_WAVES = ("free", "host_pinned")


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
            told = dict(args["result"]).items()
            result |= {key: value for key, value in told if not key.startswith("_ansible_") and key not in _LEFT_OUT}
            result["failed"] = True
        if args.get("begun"):
            result |= self._wave(str(args["begun"]), task_vars or {})
        if args.get("warning"):
            result["warnings"] = [clean(str(args["warning"]), MESSAGE_LIMIT)]
        if args.get("failure"):
            result |= {"failed": True, "msg": clean(str(args["failure"]), MESSAGE_LIMIT), "error": args.get("error") or {}}
            if args.get("errors"):
                result["errors"] = args["errors"]
        # Only the task itself knows: ansible_check_mode tells of --check, and not of the keyword that a play, block or role may have.
        return result | {"check_mode": bool(self._task.check_mode)}

    def _wave(self, begun: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The hosts of the wave that became unreachable after they had registered ``begun``, and whether the play is to end for that.

        Ansible compares max_fail_percentage with the hosts that have failed, any_errors_fatal counts at the task only in which a host
        became unreachable, and no rescue is entered there. Which hosts these are is told by what Ansible says of the others.
        """
        hostvars, play = variables["hostvars"], self._task.get_play()
        wave = [host.name for host in hostvars._inventory.get_hosts(play.hosts)]
        failed = set(variables["ansible_failed_hosts"])
        out = [host for host in wave if host not in failed and host not in variables["ansible_current_hosts"]]
        gone = [host for host in out if begun in hostvars[host]]
        if not gone or any(name in str(play.strategy) for name in _WITHOUT_WAVES):
            return {"gone": gone, "ends": False}
        budget = play.max_fail_percentage
        exceeded = budget is not None and len(failed.intersection(wave)) + len(out) > len(wave) * budget / 100
        return {"gone": gone, "ends": exceeded or bool(self._task.any_errors_fatal)}
