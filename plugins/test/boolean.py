# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test boolean, for the variables of roles. Its documentation is boolean.yml."""

from __future__ import annotations

import typing as t

# What the filter ``bool``, with which roles go on, understands. An option of a module also takes y, t, n, f and 1.0, which the filter
# takes for false.
WORDS = frozenset({"true", "yes", "on", "1", "false", "no", "off", "0"})


def is_boolean(value: t.Any) -> bool:
    """A boolean, or nothing: an empty text or null, which is not set."""
    if isinstance(value, str):
        return value == "" or value.lower() in WORDS
    return value is None or (isinstance(value, int) and value in (0, 1))


class TestModule:
    """See the documentation in boolean.yml."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"boolean": is_boolean}
