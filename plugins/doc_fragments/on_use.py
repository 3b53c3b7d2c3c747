# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with ON_USE in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  on_use:
    description:
      - What to do with what is to be deleted while a cluster or node uses it.
      - V(fail) deletes nothing of what the task names, and tells who uses it.
      - V(keep) leaves it, and names it in RV(kept). What nobody uses is deleted.
      - V(try) does not look who uses it, and the service refuses what is in use. Check mode then tells the deletion all the same.
    type: str
    choices: [fail, keep, try]
    default: fail
"""
