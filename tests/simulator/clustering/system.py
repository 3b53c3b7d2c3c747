# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keystone and Senlin on two ports."""

from __future__ import annotations

from starlette.routing import BaseRoute

from ..core import System


class Clustering(System):
    name = "clustering"

    def apps(self) -> dict[str, list[BaseRoute]]:
        return {"keystone": [], "clustering": []}
