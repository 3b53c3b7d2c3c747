# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line now and then while a task waits: how many are done, how long it takes, which is slowest."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import named
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State

# Seconds until the first line, and from each line to the next; the last one for ever. A change of note is told after the first of them.
PACE = (10.0, 10.0, 20.0, 40.0, 60.0)
ALONE = "It goes on by itself when the play is stopped"
JOIN = "run the task again to join the wait."

Say = t.Callable[[str], None]


@dataclasses.dataclass(frozen=True)
class Standing:
    """How the items of a wait stand. open: title and last state of each that is still waited for. where: the place to look at before
    the task is run again, which would send it again; empty where it joins the wait. silent: seconds since the server has answered,
    when the last poll had no answer. unsent: how many have requests that are sent only after the wait; ahead: those of them that are
    not waited for themselves."""

    done: int
    failed: int
    open: t.Sequence[tuple[str, State | None]]
    where: str = ""
    silent: float = 0.0
    unsent: int = 0
    ahead: int = 0

    @property
    def again(self) -> str:
        """What to do when the play was stopped."""
        if self.unsent:
            return f"{f'look at {self.where}, then ' if self.where else ''}run the task again to send the rest."
        return f"look at {self.where} before running it again." if self.where else JOIN

    @property
    def total(self) -> int:
        return self.done + self.failed + len(self.open) + self.ahead

    @property
    def slowest(self) -> tuple[str, State | None] | None:
        """The one with the least percent; where none is told, the first."""

        def rank(one: tuple[str, State | None]) -> float:
            percent = one[1].percent if one[1] is not None else None
            return 101.0 if percent is None else percent

        return min(self.open, key=rank, default=None)


class Progress:
    """One for the whole run. say: shows a line; part: shows the last one, when the run is told to end. None
    where there is nobody to show it to."""

    def __init__(self, clock: Clock, say: Say | None = None, part: Say | None = None) -> None:
        self._clock, self._say, self._part = clock, say, part
        self._began: float | None = None
        self._last = 0.0
        self._lines = 0
        self._noted: tuple[int, str, bool] | None = None
        self._look: t.Callable[[], Standing] | None = None
        self._queued = False

    def queue(self, what: str, seconds: float, limit: float) -> None:
        """It waits for its turn, before it can send anything: told once for each such wait, after ten seconds."""
        if seconds < PACE[0]:
            self._queued = False
        elif self._say is not None and not self._queued:
            self._queued = True
            self._say(f"waiting for {what}, up to {written(limit)}.")

    def see(self, look: t.Callable[[], Standing], *, tells: bool = True) -> None:
        """After a poll. look: is asked only when a line may be due. tells: there is something to tell."""
        self._look = look
        if self._say is None:
            return
        now = self._clock.monotonic()
        if self._began is None:
            self._began = self._last = now
        if not tells:
            return
        since = now - self._last
        if since < PACE[0]:
            return
        standing = look()
        slowest = standing.slowest
        noted = (standing.failed, slowest[1].name if slowest is not None and slowest[1] is not None else "", standing.silent > 0)
        if since < PACE[min(self._lines, len(PACE) - 1)] and noted == self._noted:
            return
        if slowest is None:
            return
        text = line(standing, slowest, now - self._began)
        goes = "What was sent goes on by itself when the play is stopped, the rest is not sent" if standing.unsent else ALONE
        self._say(text if self._lines else f"{text} {goes}; {standing.again}")
        self._last, self._noted = now, noted
        self._lines += 1

    def part(self) -> None:
        """The run is told to end in the middle of a wait: say what goes on without it. Called once, before anything is closed."""
        look, self._look = self._look, None
        if self._part is None or look is None:
            return
        standing = look()
        titles = [title for title, _state in standing.open]
        if titles:
            work = "The work" if standing.total == 1 else f"The work for {len(titles)} of {standing.total}"
            again = standing.again[:1].upper() + standing.again[1:]
            if standing.unsent:
                work = "What was sent" if standing.total == 1 else f"What was sent for {len(titles)} of {standing.total}"
            rest = ", the rest is not sent" if standing.unsent else ""
            self._part(f"{work} ({named(titles, 100)}) goes on by itself on the server{rest}. {again}")
        elif standing.unsent:
            self._part(f"The rest is not sent. {standing.again[:1].upper()}{standing.again[1:]}")


def line(standing: Standing, slowest: tuple[str, State | None], seconds: float) -> str:
    """``412 of 1000 done, 2 failed, 586 running after 1 min 20 s; slowest: web-17 (Running, 40 %).``

    While the server does not answer, what is told of the items is what was seen last, and it says so.
    """
    title, state = slowest
    told = "not seen yet" if state is None else state.name
    if state is not None and state.percent is not None:
        told += f", {state.percent:g} %"
    quiet = f" The server has not answered for {written(standing.silent)}; this is what was seen last." if standing.silent else ""
    if standing.total == 1:
        return f"{title}: {told} after {written(seconds)}.{quiet}"
    failed = f", {standing.failed} failed" if standing.failed else ""
    ahead = f", {standing.ahead} with requests to follow" if standing.ahead else ""
    running = f"{standing.done} of {standing.total} done{failed}, {len(standing.open)} running{ahead}"
    return f"{running} after {written(seconds)}; slowest: {title} ({told}).{quiet}"


def written(seconds: float) -> str:
    """``50 s``, ``1 min 20 s``, ``2 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
