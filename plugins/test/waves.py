# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test waves, for the keyword serial of playbooks. Its documentation is waves.yml."""

from __future__ import annotations

import re
import typing as t

_WAVE = re.compile(r"[1-9][0-9]{0,8}|(?:[1-9][0-9]?|100)%")


def is_waves(value: t.Any) -> bool:
    """A wave, or a list of at least one."""
    waves = value if isinstance(value, (list, tuple)) else [value]
    return bool(waves) and all(_WAVE.fullmatch(str(wave)) for wave in waves)


class TestModule:
    """See the documentation in waves.yml."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        return {"waves": is_waves}
