# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with VALIDATE_ONLY in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  validate_only:
    description:
      - Only checks what can be told without the server that is named - the options of the task, and whether the policy, pattern or image
        that they name is there. The server itself is not looked at, so it need not be managed yet; nothing is planned or changed.
      - For a playbook that takes servers over first, and that shall refuse a mistake in a later step before that.
    type: bool
    default: false
"""
