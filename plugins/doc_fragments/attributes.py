# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of the modules, as Ansible names them."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
"""
    INFO = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details: [This module changes nothing.]
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details: [This module changes nothing.]
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details: [This module changes nothing.]
"""
    XCLARITY = r"""
attributes:
  action_group:
    description:
      - Use C(group/groundwork.provision.xclarity) or C(group/groundwork.provision.all) in C(module_defaults) to set the connection once.
    support: full
    membership: [groundwork.provision.xclarity, groundwork.provision.all]
"""
    OPS_MANAGER = r"""
attributes:
  action_group:
    description:
      - Use C(group/groundwork.provision.ops_manager) or C(group/groundwork.provision.all) in C(module_defaults) to set the connection once.
    support: full
    membership: [groundwork.provision.ops_manager, groundwork.provision.all]
"""
    OPENSTACK = r"""
attributes:
  action_group:
    description:
      - Use C(group/groundwork.provision.openstack) or C(group/groundwork.provision.all) in C(module_defaults) to set the connection once.
    support: full
    membership: [groundwork.provision.openstack, groundwork.provision.all]
"""
