# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with LOCKS in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  lock_timeout:
    description:
      - Seconds to wait for an action that is under way on a cluster or node, of this collection or of anybody else, or for another run on
        this machine that has further requests for it, before the module gives up. Nothing is cancelled.
    type: float
    default: 300.0
"""
