# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and tell what it took: wall seconds, CPU seconds and peak memory, those of its children included."""

from __future__ import annotations

import dataclasses
import functools
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Taken:
    """wall, cpu: seconds. rss: MiB at the peak of the largest process. output: what it printed."""

    wall: float
    cpu: float
    rss: float
    output: str = ""


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Taken:
    """Run to its end. Raises RuntimeError with what it printed when it does not end 0."""
    answer = _launcher().ask({"command": list(command), "env": dict(env), "cwd": str(cwd)})
    if answer["code"]:
        raise RuntimeError(f"{' '.join(command)} ended {answer['code']}:\n{answer['output'][-4000:]}")
    return Taken(answer["wall"], answer["cpu"], answer["rss"], answer["output"])


class _Launcher:
    """A small process that starts the commands.

    The kernel counts the memory of the process that started a command as the command's own; this one, with the log of ten
    thousand requests in it, is larger than what it measures.
    """

    def __init__(self) -> None:
        here = [sys.executable, "-S", str(Path(__file__).with_name("launch.py"))]
        self._process: Any = subprocess.Popen(here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what: dict[str, Any]) -> dict[str, Any]:
        print(json.dumps(what), file=self._process.stdin, flush=True)
        answer: dict[str, Any] = json.loads(next(self._process.stdout))
        return answer


@functools.cache
def _launcher() -> _Launcher:
    return _Launcher()


def interleaved(repeats: int, variants: Mapping[str, Callable[[], Taken]]) -> dict[str, list[Taken]]:
    """Run every variant in turn, ``repeats`` times, so that what disturbs the machine disturbs all of them."""
    found: dict[str, list[Taken]] = {name: [] for name in variants}
    for _repeat in range(repeats):
        for name, variant in variants.items():
            found[name].append(variant())
    return found


def wall(taken: Sequence[Taken]) -> float:
    """The median."""
    return statistics.median(one.wall for one in taken)


def cpu(taken: Sequence[Taken]) -> float:
    return statistics.median(one.cpu for one in taken)


def rss(taken: Sequence[Taken]) -> float:
    return max(one.rss for one in taken)


def beyond(ours: Sequence[Taken], start: Sequence[Taken]) -> float:
    """Seconds of wall beyond those of a mere start; medians of both."""
    return wall(ours) - wall(start)


def ratio(ours: Sequence[Taken], start: Sequence[Taken], theirs: Sequence[Taken], their_start: Sequence[Taken]) -> float:
    """Ours over theirs, each beyond its start: the median of the rounds, as a machine that slows down for a round slows all in it."""
    rounds = zip(ours, start, theirs, their_start, strict=True)
    return statistics.median((a.wall - b.wall) / (c.wall - d.wall) for a, b, c, d in rounds)
