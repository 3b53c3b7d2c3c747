# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time and the end of a run, in one place, so that a test can stand in for both. No other file of plugins/ may call time.*."""

from __future__ import annotations

import threading
import time


class Ended(BaseException):
    """The run was told to end (a signal, the task's ``timeout``): unwind, close sessions, remove temporary files."""


class Stop:
    """The decision that a run ends. Once it is made nothing waits and nothing is transmitted, in any thread."""

    def __init__(self) -> None:
        self.reason = ""
        self._event = threading.Event()

    def ask(self, reason: str) -> None:
        """Note the decision. Safe inside a signal handler: takes no lock, so a thread that waits is woken by :meth:`set` only."""
        self.reason = self.reason or reason

    def set(self, reason: str = "") -> None:
        """Make the decision and wake up whoever waits. Not from a signal handler."""
        self.ask(reason or "the run was told to end")
        self._event.set()

    @property
    def asked(self) -> bool:
        return bool(self.reason)

    def wait(self, seconds: float) -> None:
        """Sleep; raises :class:`Ended` as soon as the decision is made."""
        if not self.asked and seconds > 0:
            self._event.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raise :class:`Ended` when the decision was made."""
        if self.asked:
            raise Ended(self.reason)


class Clock:
    """The machine's clock. ``monotonic`` for deadlines (seconds, never jumps), ``wall`` for dates shown to people."""

    def __init__(self) -> None:
        self.stop = Stop()

    def monotonic(self) -> float:
        """Seconds since some fixed point; not moved by a change of the wall clock."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; nothing for zero or less. Raises :class:`Ended` when the run ends, also in the middle."""
        self.stop.wait(seconds)


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
