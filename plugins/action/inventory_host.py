# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Add a host to the inventory of the run, for each host of a play that asks for it and under any strategy.

An action without a module of its own: ansible.builtin.add_host works for the first host of a play only, so what the others ask for
is left out without a word, and ends a run with the strategy free or host_pinned. Nothing else is different. Its documentation is
plugins/modules/inventory_host.yml.
"""

from __future__ import annotations

from ansible.plugins.action.add_host import ActionModule as AddHost


class ActionModule(AddHost):
    """See the documentation in plugins/modules/inventory_host.yml."""

    BYPASS_HOST_LOOP = False
