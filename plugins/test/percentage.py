# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test percentage, for the keyword max_fail_percentage of playbooks. Its documentation is percentage.yml."""

from __future__ import annotations

import re
import typing as t

_PERCENTAGE = re.compile(r"(?:[0-9]{1,2}(?:[.][0-9]+)?|100)%?")


def is_percentage(value: t.Any) -> bool:
    """A number from 0 to 100."""
    return _PERCENTAGE.fullmatch(str(value)) is not None


class TestModule:
    """See the documentation in percentage.yml."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"percentage": is_percentage}
