# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Threads that move one at a time, in virtual time: the real pool, locks and waits of the collection, the same on every run.

A thread gives its turn away where a real one would wait: before each request, while an answer is on its way, in a sleep, at a
lock. Who goes next is drawn from a seed. When nobody can go, time passes until the first sleeper wakes.

    turns = Turns(clock, seed)
    with turns.installed():
        module.run(...)

What the collection's files know as ``threading`` and ``time`` is replaced meanwhile, and chance is seeded; nothing else is.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import random
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any, Protocol

PLUGINS = "ansible_collections.groundwork.provision.plugins."
# Here threads and signals of the process itself are meant.
EXCEPT = tuple(
    PLUGINS + name for name in ("module_utils._module", "module_utils._download", "module_utils._folder", "plugin_utils.in_process")
)
LOOK = 0.2  # whoever joins for so long only looks for signals, which come here by themselves


class Time(Protocol):
    """What the turns ask of a clock."""

    def monotonic(self) -> float: ...

    def wall(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Abandoned(BaseException):
    """Ends a thread that nobody waits for any more."""


@dataclasses.dataclass(eq=False)
class _Runner:
    """One thread. ready: it can go; wake: the time at which it can go anyway. group: that of the thread that began it."""

    gate: threading.Semaphore = dataclasses.field(default_factory=lambda: threading.Semaphore(0))
    ready: Callable[[], bool] = lambda: True
    wake: float = math.inf
    group: int = 0
    gone: bool = False


class Turns:
    """seed: 0 lets the thread go on that was begun first; any other draws who goes next."""

    def __init__(self, clock: Time, seed: int = 0) -> None:
        self.clock = clock
        self._chance = random.Random(seed) if seed else None
        self._runners: dict[int, _Runner] = {threading.get_ident(): _Runner()}
        self._main = next(iter(self._runners.values()))
        self._signal: int | None = None
        self._over = False
        self.threading: Any = None  # what stands in for the module, while it is installed

    # -- what threads call -------------------------------------------------------------------------------------------

    def pause(self, ready: Callable[[], bool] = lambda: True, seconds: float = math.inf) -> None:
        """Let others go first; come back when ``ready``, or after so many seconds. Threads of others pass."""
        me = self._runners.get(threading.get_ident())
        if me is None:
            return
        if self._over:
            raise Abandoned
        me.ready, me.wake = ready, self.clock.monotonic() + seconds
        self._pass_on(me)
        if self._over and me is not self._main:
            raise Abandoned
        if me is self._main and self._signal is not None:
            number, self._signal = self._signal, None
            signal.raise_signal(number)

    def interrupt(self, number: int) -> None:
        """A signal for the process: its handler runs in the main thread, at once or as soon as that gets the turn."""
        if self._runners.get(threading.get_ident()) is self._main:
            signal.raise_signal(number)
        else:
            self._signal = number
            self.pause()

    def drain(self, seconds: float) -> None:
        """Let the other threads go on for so long, then end what is left of them."""
        self.pause(lambda: len(self._runners) == 1, seconds)
        self._over = True
        while len(self._runners) > 1:
            other = next(runner for runner in self._runners.values() if runner is not self._main)
            other.gate.release()
            self._main.gate.acquire()
        self._over = False

    # -- inside ------------------------------------------------------------------------------------------------------

    def begin(self, thread: threading.Thread, body: Callable[[], None]) -> None:
        """Called in the new thread: waits for its first turn."""
        me = self._runners[threading.get_ident()]
        me.gate.acquire()
        try:
            if not self._over:
                body()
        except Abandoned:
            pass
        finally:
            del self._runners[threading.get_ident()]
            me.gone = True
            (self._main if self._over else self._next()).gate.release()

    def enter(self, thread: threading.Thread, group: int | None) -> _Runner:
        """``thread`` was started: it can go."""
        runner = self._runners[thread.ident or 0] = _Runner(group=self.group if group is None else group)
        return runner

    @property
    def number(self) -> int:
        """Of this thread: 0 for the main one."""
        me = self._runners[threading.get_ident()]
        return 0 if me is self._main else threading.get_ident()

    @property
    def group(self) -> int:
        """Of this thread."""
        return self._runners[threading.get_ident()].group

    def _pass_on(self, me: _Runner) -> None:
        other = self._next()
        if other is not me:
            other.gate.release()
            me.gate.acquire()

    def _next(self) -> _Runner:
        if self._signal is not None:
            return self._main
        while True:
            now = self.clock.monotonic()
            able = [runner for runner in self._runners.values() if runner.wake <= now or runner.ready()]
            if able:
                return self._chance.choice(able) if self._chance else able[0]
            wake = min(runner.wake for runner in self._runners.values())
            if wake == math.inf:
                raise RuntimeError("every thread waits for another one")
            self.clock.sleep(wake - now)

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """While it lasts, the collection's threads, locks, events and clocks are these."""
        stand_in = self.threading = _threading(self)
        before: list[tuple[Any, str, Any]] = []
        for name, module in list(sys.modules.items()):
            if name.startswith(PLUGINS) and name not in EXCEPT and getattr(module, "threading", None) is threading:
                before.append((module, "threading", threading))
                module.threading = stand_in
        clock = sys.modules[PLUGINS + "module_utils._clock"]
        before.append((clock, "time", clock.time))
        clock.time = types.SimpleNamespace(monotonic=self.clock.monotonic, time=self.clock.wall)
        run = sys.modules[PLUGINS + "module_utils._run"].Run
        begin = run.__post_init__
        before.append((run, "__post_init__", begin))

        def begin_alike(self: Any) -> None:
            begin(self)
            self.random.seed(1)

        run.__post_init__ = begin_alike
        try:
            yield
        finally:
            for owner, attribute, value in before:
                setattr(owner, attribute, value)


def _threading(turns: Turns) -> Any:
    """What stands in for the module ``threading``."""

    class Thread(threading.Thread):
        group: int | None = None

        def start(self) -> None:
            body, entered = self.run, threading.Event()

            def run() -> None:
                entered.wait()
                turns.begin(self, body)

            self.run = run  # type: ignore[method-assign]
            super().start()
            self.runner = turns.enter(self, self.group)
            entered.set()

        def is_alive(self) -> bool:
            return not self.runner.gone

        def join(self, timeout: float | None = None) -> None:
            forever = timeout is None or timeout == LOOK
            turns.pause(lambda: not self.is_alive(), math.inf if forever else timeout or 0.0)

    class Event:
        def __init__(self) -> None:
            self._set = False

        def is_set(self) -> bool:
            return self._set

        def set(self) -> None:
            self._set = True

        def wait(self, timeout: float | None = None) -> bool:
            turns.pause(self.is_set, math.inf if timeout is None else timeout)
            return self._set

    class Lock:
        def __init__(self) -> None:
            self._held = False

        def acquire(self) -> bool:
            if self._held:
                turns.pause(lambda: not self._held)
            self._held = True
            return True

        def release(self) -> None:
            self._held = False

        def locked(self) -> bool:
            return self._held

        def __enter__(self) -> bool:
            return self.acquire()

        def __exit__(self, *exc: object) -> None:
            self.release()

    class Condition(Lock):
        def __init__(self) -> None:
            super().__init__()
            self._told = 0

        def wait(self, timeout: float | None = None) -> None:
            told = self._told
            self.release()
            turns.pause(lambda: self._told != told, math.inf if timeout is None else timeout)
            self.acquire()

        def notify_all(self) -> None:
            self._told += 1

    own = {"Thread": Thread, "Event": Event, "Lock": Lock, "Condition": Condition}
    return types.SimpleNamespace(**own, local=threading.local, get_ident=threading.get_ident)
