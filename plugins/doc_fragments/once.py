# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with ONCE in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  reconcile_timeout:
    description:
      - Seconds to look for a request whose answer was lost. It is never sent again.
      - A run that follows one that was killed waits as long before it reads the server's state.
    type: float
    default: 15.0
  lock:
    description:
      - Two runs of the same user on one machine do not start the same work at once; a lock in O(state_dir) ensures that.
      - With V(required) the task fails when the lock cannot be had, with V(best_effort) it warns and goes on.
    type: str
    choices: [required, best_effort]
    default: required
  state_dir:
    description:
      - Private directory on a local file system for what the runs of this user on this machine have to know of each other. That is the
        lock and the record of unfinished requests, and for XClarity Administrator the sessions in use. It holds no secrets. A relative
        path is refused.
      - If not set, the environment variable E(GROUNDWORK_STATE_DIR) is used.
    type: path
    default: ~/.ansible/groundwork
"""
