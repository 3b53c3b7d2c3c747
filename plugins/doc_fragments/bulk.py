# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with BULK in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  concurrency:
    description:
      - How many requests may be under way at once, each on a connection of its own.
    type: int
    default: 4
  on_failure:
    description:
      - What to do after an item failed. V(continue) goes on with the others, V(stop) begins no other.
      - A mistake that can be seen before anything is sent stops the task before anything is sent, whatever is set here.
    type: str
    choices: [continue, stop]
    default: continue
"""
