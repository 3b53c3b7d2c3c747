# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test boolean, for the variables of roles. Its documentation is boolean.yml."""

from __future__ import annotations

import typing as t

from ansible.module_utils.parsing.convert_bool import BOOLEANS


def is_boolean(value: t.Any) -> bool:
    """A boolean as the options of modules take it, or nothing: an empty text or null, which is not set."""
    if isinstance(value, str):
        value = value.strip().lower()
    return value is None or value == "" or (isinstance(value, (bool, int, float, str)) and value in BOOLEANS)


class TestModule:
    """See the documentation in boolean.yml."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"boolean": is_boolean}
