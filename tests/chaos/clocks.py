# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clocks for tests: nobody waits, and every wait is remembered."""

from __future__ import annotations

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock


class StillClock(Clock):
    """Stands still but for ``sleep`` and ``advance``. ``slept``: each wait, in order."""

    def __init__(self, wall: float = 1_780_000_000.0) -> None:
        super().__init__()
        self.now = 1000.0
        self.offset = wall - self.now
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.offset

    def sleep(self, seconds: float) -> None:
        self.stop.check()
        if seconds > 0:
            self.slept.append(seconds)
            self.now += seconds

    def advance(self, seconds: float) -> None:
        self.now += seconds


class SkippingClock(Clock):
    """The machine's clock, so that socket time-outs are real ones, but a sleep is skipped over in no time."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    def wall(self) -> float:
        return super().wall() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.stop.check()
        if seconds > 0:
            self.slept.append(seconds)
