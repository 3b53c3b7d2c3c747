# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MongoDB Ops Manager: digest authentication, projects, and the server pool."""

from .system import OpsManager

__all__ = ["OpsManager"]
