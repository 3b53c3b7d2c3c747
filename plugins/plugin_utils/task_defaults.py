# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a task with ``module_defaults`` below them, where Ansible does not put them there."""

from __future__ import annotations

import typing as t

from ansible.executor import module_common
from ansible.playbook.task import Task
from ansible.template import Templar

COLLECTION = "groundwork.provision"


def with_defaults(action: str, task: Task, options: dict[str, t.Any], templar: Templar) -> dict[str, t.Any]:
    """``options`` over what the play's ``module_defaults`` have for the module ``action`` and its groups."""
    if hasattr(module_common, "_apply_action_arg_defaults"):
        return module_common._apply_action_arg_defaults(action, task, options, templar)
    # ansible-core 2.18
    groups = task.get_play()._action_groups
    return module_common.get_action_args_with_defaults(action, options, task.module_defaults, templar, action_groups=groups)


def is_of_own_role(task: Task) -> bool:
    """The task stands in a role of this collection."""
    return task._role is not None and task._role._role_collection == COLLECTION
