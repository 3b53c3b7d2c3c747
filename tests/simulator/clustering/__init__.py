# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenStack Clustering (Senlin) with the Keystone in front of it."""

from .system import Clustering

__all__ = ["Clustering"]
