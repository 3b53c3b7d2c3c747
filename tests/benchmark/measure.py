# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command and tell what it took: wall seconds, CPU seconds and peak memory, those of its children included."""

from __future__ import annotations

import dataclasses
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Taken:
    """wall, cpu: seconds. rss: MiB at the peak of the largest process. output: what it printed."""

    wall: float
    cpu: float
    rss: float
    output: str = ""


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Taken:
    """Run to its end. Raises RuntimeError with what it printed when it does not end 0."""
    with tempfile.TemporaryFile() as printed:
        began = time.monotonic()
        process = subprocess.Popen(command, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)
        # Unlike RUSAGE_CHILDREN, wait4 tells of this one child, and of the children that it has waited for.
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        output = printed.read().decode("utf-8", "replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended {process.returncode}:\n{output[-4000:]}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


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
