# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planning function refuses, for tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure


def code_of(call: Callable[[], Any]) -> tuple[str | None, Any]:
    """(code of the failure or None, what the call returned)."""
    try:
        return None, call()
    except Failure as failure:
        return failure.code, None
