# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that is told to end closes its session first. Ansible's programs die of SIGTERM and SIGHUP where they stand."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended

GRACE = 2.0  # seconds that a log-in or log-out under way may still take, once a signal has come

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """While the block lasts, a signal that would end the program unwinds it first; the program ends when the block has been left.

    A signal that is ignored (nohup) stays ignored. Outside the main thread, where Python runs no handlers, this does nothing.
    """

    def __init__(self) -> None:
        self._came: int | None = None
        self._held = True
        self._before: dict[int, t.Any] = {}

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._note)
            self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._too_late)
        self._held = False
        return self

    def __exit__(self, *exc: t.Any) -> None:
        if self._before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._came is not None:
            handler = self._before[self._came]
            if callable(handler):
                handler(self._came, None)
            else:
                os.kill(os.getpid(), self._came)

    @contextlib.contextmanager
    def session(self, client: t.Any) -> t.Iterator[t.Any]:
        """``with client``, whose log-in and log-out are not cut off in the middle: a session nobody knows of would stay open."""
        self._held = True
        with client:
            self._held = False
            self._unwind()
            try:
                yield client
            finally:
                self._held = True
        self._held = False
        self._unwind()

    def _unwind(self) -> None:
        if self._came is not None:
            raise Ended

    def _note(self, number: int, frame: t.Any) -> None:
        if self._came is None:
            self._came = number
            if not self._held:
                self._unwind()
            signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _too_late(self, number: int, frame: t.Any) -> None:
        raise Ended
