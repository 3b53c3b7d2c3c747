# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One for one with WAIT in module_utils/_options.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  wait:
    description:
      - Whether to wait for the end and to judge it by reading the resource again.
      - With V(false) the module returns as soon as the server has accepted the request.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds to wait. The server's work is not cancelled when they are over. The message then says whether
        the task, run again, joins the wait.
    type: float
    default: 3600.0
  poll_interval:
    description:
      - Seconds between two looks at everything that is being waited for. Fractions are allowed.
    type: float
    default: 5.0
"""
