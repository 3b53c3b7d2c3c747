# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs of real module code at once, in every order of their requests.

Each run is a thread that stops before every request and every sleep until it is given the turn, so only one of them
ever moves and a schedule is a list of choices. All schedules are walked through, depth first: a run is replayed with the
same choices up to the last one that has an alternative.
"""

from __future__ import annotations

import functools
import random
import threading
from collections.abc import Iterator
from typing import Any

from .lab import Lab
from .memory import LostAfter, LostBefore, Sent, VirtualClock
from .sites import Start

FATES = ("ok", "lost before", "lost after", "late")


class Turns:
    """Lets one thread go at a time. choices: which of those that can go is let go, by position; then the first, or by chance."""

    def __init__(self, choices: list[int], chance: random.Random | None = None) -> None:
        self.choices = choices
        self._chance = chance
        self.taken: list[tuple[int, int]] = []  # (choice, of how many)
        self._at: dict[int, str] = {}  # where each thread stands: "request" or "sleep"
        self._wake: dict[int, float] = {}
        self._stale: set[int] = set()  # sleepers for whom nothing has happened since they looked
        self._gates: dict[int, threading.Semaphore] = {}
        self._back = threading.Semaphore(0)
        self._numbers: dict[int, int] = {}

    def stop(self, why: str, wake: float = 0.0) -> None:
        """Called by a run: wait for the turn. Other threads (a test's own) pass."""
        number = self._numbers.get(threading.get_ident())
        if number is None:
            return
        self._at[number], self._wake[number] = why, wake
        self._back.release()
        self._gates[number].acquire()

    def run(self, bodies: list[Any], clock: VirtualClock) -> list[Any]:
        """All of them to their ends; their results."""
        results: list[Any] = [None] * len(bodies)
        alive = set(range(len(bodies)))

        def work(number: int) -> None:
            self._numbers[threading.get_ident()] = number
            try:
                self.stop("request")
                results[number] = bodies[number]()
            except BaseException as exc:
                results[number] = exc
            alive.discard(number)
            self._at.pop(number, None)
            self._back.release()

        for number in range(len(bodies)):
            self._gates[number] = threading.Semaphore(0)
            threading.Thread(target=work, args=(number,), daemon=True).start()
            self._back.acquire()
        while alive:
            able = [n for n in sorted(alive) if self._at[n] == "request" or n not in self._stale]
            if not able:
                # Everybody sleeps: time passes until the first wakes.
                able = [min(alive, key=lambda n: (self._wake[n], n))]
            chosen = self._choose(len(able))
            number = able[chosen]
            if self._at[number] == "sleep":
                clock.jump(max(0.0, self._wake[number] - clock.monotonic()))
                self._stale.add(number)
            else:
                self._stale.clear()
            self._gates[number].release()
            self._back.acquire()
            if number not in alive:
                self._stale.clear()
        return results

    def _choose(self, count: int) -> int:
        position = len(self.taken)
        otherwise = self._chance.randrange(count) if self._chance else 0
        choice = self.choices[position] if position < len(self.choices) else otherwise
        self.taken.append((choice, count))
        return choice

    def following(self) -> list[int] | None:
        """The choices of the next schedule, None after the last."""
        taken = list(self.taken)
        while taken and taken[-1][0] + 1 >= taken[-1][1]:
            taken.pop()
        return None if not taken else [choice for choice, _of in taken[:-1]] + [taken[-1][0] + 1]


class TurnClock(VirtualClock):
    """A sleep is a point where another run may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.turns: Turns | None = None

    def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if self.turns is None:
            super().sleep(seconds)
        else:
            self.turns.stop("sleep", self.monotonic() + seconds)

    def jump(self, seconds: float) -> None:
        super().sleep(seconds)


def schedules(
    lab: Lab, start: Start, fates: tuple[str, ...], *, nodes: bool = False, most: int = 0, chance: random.Random | None = None, **more: Any
) -> Iterator[list[str]]:
    """What is wrong with each schedule of ``len(fates)`` runs. nodes: each run on a control node of its own.

    fates: what becomes of the starting request of each run. most: stop after so many. chance: draw ``most`` schedules in
    place of walking through all. more: options of the runs.
    """
    clock = lab.memory.clock
    assert isinstance(clock, TurnClock)
    choices: list[int] | None = []
    done = 0
    while choices is not None and not (most and done >= most):
        lab.fresh(start)
        turns = Turns([] if chance else choices, chance)
        sent: dict[int, int] = {}

        def hook(turns: Turns, sent: dict[int, int], one: Sent) -> None:
            turns.stop("request")
            number = turns._numbers.get(threading.get_ident())
            if number is None or not start.matches(one.app, one.method, one.target, one.body):
                return
            sent[number] = sent.get(number, 0) + 1
            fate = fates[number]
            if fate == "lost before":
                raise LostBefore
            if fate == "lost after":
                raise LostAfter
            if fate == "late":
                lab.memory.deliver_later(5.0, one, dict(one.headers))
                raise LostBefore

        lab.hook = functools.partial(hook, turns, sent)
        clock.turns = turns
        apart = [{"state_dir": str(lab.folder / f"node{number}")} if nodes else {} for number in range(len(fates))]
        bodies = [lambda own=own: lab.body(start, **own, **more) for own in apart]
        with lab.memory.plugged():
            results = turns.run(bodies, clock)
        clock.turns = None
        lab.hook = None
        lab.settle()
        done += 1
        yield _judge(lab, start, results, sent)
        choices = [] if chance else turns.following()


# Two runs that want the same at once: what one of them may be told in place of a result.
BORNE = {"filename_lost", "already_fulfilled", "reply_lost", "busy", "conflict", "server_refused", "bad_request", "earlier_run_unfinished",
         "deployment_running"}  # fmt: skip


def _without_file_name(result: Any) -> bool:
    """The answer that was lost held the only mention of the export's file: the next run exports again, by right."""
    if isinstance(result, BaseException):
        return False
    return result.code == "filename_lost" or ("export" in result and not result["export"].get("filename"))


def _judge(lab: Lab, start: Start, results: list[Any], sent: dict[int, int]) -> list[str]:
    wrong = []
    by_right = start.repeats or any(_without_file_name(one) for one in results)
    if lab.applied(start) > 1 and not by_right:
        wrong.append(f"DOUBLED: applied {lab.applied(start)} times")
    for number, result in enumerate(results):
        if isinstance(result, BaseException):
            wrong.append(f"a defect: {result!r}")
            continue
        if sent.get(number, 0) > 1:
            wrong.append("DOUBLED: one run sent twice")
        if result["changed"] and not sent.get(number) and start.name != "export":
            wrong.append("PHANTOM: changed, and nothing sent")
        if not result["changed"] and sent.get(number) and result["outcome"] != "not_started":
            wrong.append("SILENT: sent, and said to be unchanged")
        if result.failed and result.code not in BORNE:
            wrong.append(f"LOST: {result['msg']}")
    return wrong
