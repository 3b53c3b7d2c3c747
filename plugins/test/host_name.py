# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test host_name, by the same rule as the inventory plugins. Its documentation is host_name.yml."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import may_be_host


class TestModule:
    """See the documentation in host_name.yml."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"host_name": may_be_host}
