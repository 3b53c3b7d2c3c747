# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed with -9 at a chosen point, in a process of their own, and what the next run makes of it."""

from __future__ import annotations

import random
import select
from typing import Any
from urllib.parse import urlsplit

from .child import Child
from .lab import Lab, module_of
from .memory import Reply, Sent
from .sites import Start


def begin(lab: Lab, start: Start, event: str = "", nth: int = 0, fate: str = "now") -> Child:
    """A run in a process of its own, killed at the ``nth`` event of this name. fate: of a starting request that is on its way then."""

    def sent(method: str, url: str, body: bytes) -> Sent:
        parts = urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return Sent(lab.memory.app_of(parts.hostname or ""), method, target, body, True)

    def starts(method: str, url: str, body: bytes) -> bool:
        one = sent(method, url, body)
        return start.matches(one.app, one.method, one.target, one.body)

    def serve(method: str, url: str, headers: dict[str, str], body: bytes, dies: bool, _thread: int) -> tuple[Reply | None, float]:
        if dies and fate != "now":
            one = sent(method, url, body)
            lab._note(one)
            if fate == "late":
                lab.memory.deliver_later(5.0, one, headers)
            raise ConnectionResetError("its sender is dead")
        return lab.memory.exchange(method, url, headers, body), 0.0

    return Child(lab.memory, module_of(start.module), lab.params(start), serve, starts, event=event, nth=nth)


# -- F6 ---------------------------------------------------------------------------------------------------------------

# the point -> (event, which, what becomes of the request that was on its way)
POINTS: dict[str, tuple[str, int, str]] = {
    "before the lock": ("before lock", 1, "now"),
    "with the lock, before any reading": ("after lock", 1, "now"),
    "before the record is written": ("before record", 1, "now"),
    "the record written, not synced": ("before sync", 1, "now"),
    "the record synced": ("after record", 1, "now"),
    "before the request": ("before start", 1, "now"),
    "the request on its way, and lost": ("start on its way", 1, "lost"),
    "the request on its way, and late": ("start on its way", 1, "late"),
    "the request applied, no reply read": ("start on its way", 1, "now"),
    "the reply read": ("after start", 1, "now"),
    "the outcome recorded": ("after outcome", 1, "now"),
    "the record closed": ("after finish", 1, "now"),
    "in the first wait": ("sleep", 1, "now"),
    "a file half written, or the second reading": ("before write", 1, "now"),
    "before the rename, or the last reading": ("before rename", 1, "now"),
    "at the end, before the result is told": ("end", 1, "now"),
}
# Where a start has no file the readings are the points.
WITHOUT_FILE = {"before write": ("after read", 2), "before rename": ("after read", 4)}


def killed_at(lab: Lab, start: Start, point: str) -> list[str]:
    """Kill at a named point, run again until it ends well, and look at the accounts."""
    event, nth, fate = POINTS[point]
    if start.name != "export" and event in WITHOUT_FILE:
        event, nth = WITHOUT_FILE[event]
    return _killed(lab, start, event, nth, fate)


def killed_somewhere(lab: Lab, start: Start, chance: random.Random) -> list[str]:
    """Kill at a random event."""
    return _killed(lab, start, "any", chance.randint(1, 45), chance.choice(["now", "lost", "late"]))


def _killed(lab: Lab, start: Start, event: str, nth: int, fate: str) -> list[str]:
    lab.fresh(start)
    first = begin(lab, start, event, nth, fate).finish()
    told_first = first is not None and not first["failed"]
    wrong: list[str] = []
    transmitted = lab.transmitted(start)
    second = lab.run(start)
    wrong += _truthful(lab, start, second, transmitted)
    # A push that was over when the next run looked may be pushed again: nobody can see that it was done.
    if lab.applied(start) > 1 and not start.repeats:
        wrong.append("DOUBLED: applied twice")
    asked = second.code == "earlier_run_unfinished"
    if asked and start.proves:
        wrong.append("asked a person although a reading proves it")
    if second.failed and not asked and second.code not in ("filename_lost", "already_fulfilled", "deployment_running", "busy"):
        wrong.append(f"LOST: the next run fails with {second.code}: {second['msg']}")
    if asked:
        third = lab.run(start)
        if third.code == "earlier_run_unfinished":
            wrong.append("asked twice")
        elif third.failed and third.code != "filename_lost":
            wrong.append(f"LOST: the third run fails with {third.code}: {third['msg']}")
    elif not second.failed and not start.repeats:
        count = lab.transmitted(start)
        last = lab.run(start)
        if last["changed"] or lab.transmitted(start) != count:
            wrong.append("one more run changes something")
    if told_first and not start.repeats and second["changed"]:
        wrong.append("changed again although the first run told its end")
    wrong += _files(lab, start)
    return wrong


def _truthful(lab: Lab, start: Start, result: Any, before: int) -> list[str]:
    sent = lab.transmitted(start) - before
    wrong = []
    if sent > 1:
        wrong.append("DOUBLED: one run sent twice")
    if result["changed"] and not sent and result["outcome"] in ("started", "finished") and start.name != "export":
        wrong.append("PHANTOM: changed, and nothing sent")
    if not result["changed"] and sent and result["outcome"] != "not_started":
        wrong.append("SILENT: sent, and said to be unchanged")
    if result.code == "internal_error":
        wrong.append(result["msg"])
    return wrong


def _files(lab: Lab, start: Start) -> list[str]:
    """The file is there whole, or not at all."""
    import tarfile

    path = lab.folder / "gold.tar.gz"
    if start.name != "export" or not path.exists():
        return []
    try:
        with tarfile.open(path) as archive:
            archive.getmembers()
    except (tarfile.TarError, OSError, EOFError):
        return ["PARTIAL: the file is broken"]
    return [] if path.stat().st_mode & 0o777 == 0o600 else ["the file is not private"]


# -- F8: real processes at once ---------------------------------------------------------------------------------------


def crowd(lab: Lab, start: Start, count: int, chance: random.Random) -> list[str]:
    """``count`` processes at once, some killed on the way; the parent serves them in a random order."""
    lab.fresh(start)
    children = []
    for _number in range(count):
        event, nth = ("any", chance.randint(5, 40)) if chance.random() < 0.4 else ("", 0)
        children.append(begin(lab, start, event, nth))

    def drain_all() -> None:
        for other in children:
            other.drain()

    for child in children:
        child.before_sleep = drain_all
    while running := [child for child in children if not child.over]:
        ready, _w, _x = select.select([child.sock for child in running], [], [], 5)
        by_sock = {child.sock: child for child in running}
        by_sock[chance.choice(ready)].step()
    wrong = []
    if lab.applied(start) > 1:
        wrong.append(f"DOUBLED: {count} processes, applied {lab.applied(start)} times")
    for child in children:
        if child.result is not None and child.result["failed"] and child.result["error"]["code"] not in BORNE:
            wrong.append(f"LOST: {child.result['msg']}")
    last = lab.run(start)
    if last.failed and last.code not in BORNE:
        wrong.append(f"LOST: {last['msg']}")
    return wrong


# Two runs for one thing at once: one starts it; the others join, or are told by these codes.
BORNE = {"busy", "earlier_run_unfinished", "filename_lost", "already_fulfilled", "job_cancelled", "sessions_exhausted", "auth_failed"}
