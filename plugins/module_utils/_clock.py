# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, in one place, so that a test can stand in for it. No other file of plugins/ may call time.*."""

from __future__ import annotations

import time


class Clock:
    """The machine's clock. ``monotonic`` for deadlines (seconds, never jumps), ``wall`` for dates shown to people."""

    def monotonic(self) -> float:
        """Seconds since some fixed point; not moved by a change of the wall clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; nothing for zero or less."""
        if seconds > 0:
            time.sleep(seconds)


class Deadline:
    """A point in time, measured on the monotonic clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock = clock
        self.at = clock.monotonic() + seconds

    def left(self) -> float:
        """Seconds that remain; negative when it has passed."""
        return self.at - self.clock.monotonic()

    def passed(self) -> bool:
        return self.left() <= 0
