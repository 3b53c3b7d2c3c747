# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers as one run meets them: requests get lost, late or refused, answers are cut, and somebody else acts in between."""

from __future__ import annotations

import dataclasses
import json
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils import _wire

from .estates import Other
from .ledger import READ, Ledger, Run, Shot, held_and_coming, key_of, needless, standing
from .memory import Memory, Reply

LATE = 5.0  # seconds until a request arrives that was given up; less than what a later run waits for it
SLOW = 20.0  # seconds that a slow answer takes; less than a request may take
# What may become of a request. The first group never reaches the server.
FATES = (
    "is lost", "is given up and arrives late", "is answered 429", "is answered 423", "is answered 503",
    "loses its answer", "is answered late", "is answered 500 after all", "has its answer cut", "is answered without what it started",
    "is answered for a part only",
)  # fmt: skip
JSON = [("Content-Type", "application/json")]
REFUSALS = {
    "is answered 429": (429, [("Retry-After", "8"), *JSON], b"{}"),
    "is answered 423": (423, JSON, b"{}"),
    "is answered 503": (503, JSON, b"{}"),
}


@dataclasses.dataclass(frozen=True, repr=False)
class Upset:
    """What becomes of some requests of a run: the ``nth`` (from 1) that is of this sort, and ``times`` - 1 after it. where: start,
    read, session, or any."""

    where: str
    nth: int
    fate: str
    times: int = 1

    def __repr__(self) -> str:
        kind = {"any": "request", "start": "starting request", "read": "reading", "session": "request for a session"}[self.where]
        return f"{kind} {self.nth}{f' to {self.nth + self.times - 1}' if self.times > 1 else ''} {self.fate}"


@dataclasses.dataclass(frozen=True, repr=False)
class Intrusion:
    """Another control node acts before the ``nth`` request of a run, and before each of ``times`` - 1 that follow."""

    other: Other
    nth: int
    times: int
    number: int

    def __repr__(self) -> str:
        until = f" to {self.nth + self.times - 1}" if self.times > 1 else ""
        return f"somebody {self.other.name} ({self.number}) before request {self.nth}{until}"


class Service:
    """dark: the UUID of a server for which the status call is refused, alone and with others. dying: what becomes of the request
    that is on its way when its sender is killed."""

    def __init__(
        self, memory: Memory, ledger: Ledger, run: Run, upsets: tuple[Upset, ...] = (), intrusions: tuple[Intrusion, ...] = (),
        dark: str = "", dying: str = "now",
    ) -> None:  # fmt: skip
        self.memory, self.ledger, self.run = memory, ledger, run
        self.upsets, self.intrusions, self.dark, self.dying = upsets, intrusions, dark, dying
        self._last: dict[int, Shot] = {}  # of each thread
        self._counts = {"any": 0, "start": 0, "read": 0, "session": 0}

    def starts(self, app: str, method: str, target: str, body: bytes) -> bool:
        return key_of(self.memory.world, app, method, target, body) != READ

    def serve(
        self, method: str, url: str, headers: dict[str, str], body: bytes, dies: bool = False, thread: int = 0
    ) -> tuple[Reply | None, float]:
        """(the answer, or None for a connection that breaks; seconds until the client has it). dies: its sender is killed meanwhile.
        thread: the sender's number, 0 for the main one."""
        memory, run = self.memory, self.run
        parts = urlsplit(url)
        app, target = memory.app_of(parts.hostname or ""), parts.path + (f"?{parts.query}" if parts.query else "")
        memory._arrive_late()
        self.ledger.names.update((one.id, one.name) for one in memory.world.systems["clustering"].store.profiles.values())
        number = self._counts["any"] + 1
        for intrusion in self.intrusions:
            if intrusion.nth <= number < intrusion.nth + intrusion.times:
                intrusion.other.do(memory, intrusion.number + number - intrusion.nth)
                run.helped, run.disturbed = run.helped or intrusion.other.helps, True
        if run.task.family == "pool":
            now = held_and_coming(memory.world)
            run.least = run.least & now if number > 1 else now
        key = key_of(memory.world, app, method, target, body, self.ledger.names)
        key = f"{key} {run.task.export_to}" if key.startswith("export") else key
        shot = Shot(run.number, method, target, key, memory.clock.monotonic())
        run.shots.append(shot)
        for earlier in self._last.values() if not thread else [self._last[thread]] if thread in self._last else []:
            earlier.known = True
        self._last[thread] = shot
        if run.over or (run.decided is not None and (method, parts.path) != ("DELETE", "/sessions")):
            self.ledger.wrong.append(f"LATE: run {run.number} transmitted {method} {target} after its end")
        session = parts.path.endswith(("/sessions", "/auth/tokens"))
        fate = self._fate("session" if session else "start" if key else "read")
        if dies:
            fate = {"now": fate, "lost": "is lost", "late": "is given up and arrives late"}[self.dying]
        if fate:
            run.met.append(f"{method} {target} {fate}")
        before = set(self._sessions(app))
        try:
            return self._answer(shot, fate, app, method, url, headers, body)
        finally:
            if session and method == "DELETE":
                self._forget(app, set(), headers.get("Cookie", ""))
            elif session and fate:
                self._forget(app, set(self._sessions(app)) - before)

    def recorded(self, thread: int) -> None:
        """The record of the run tells what became of the last request of this thread."""
        self._last[thread].known = True

    def _sessions(self, app: str) -> dict[str, Any]:
        return self.memory.world.systems[app].sessions_part.open if app.startswith("xclarity") else {}

    def _forget(self, app: str, opened: set[str], cookie: str = "") -> None:
        """End the sessions that a run cannot end: whose log-in was disturbed, or whose log-out was lost or refused."""
        for ident in [one for one in self._sessions(app) if one in opened or one in cookie]:
            self.memory.world.systems[app].sessions_part._end(ident)

    def _fate(self, where: str) -> str:
        self._counts["any"] += 1
        self._counts[where] += 1
        for upset in self.upsets:
            if upset.where in ("any", where) and upset.nth <= self._counts[upset.where] < upset.nth + upset.times:
                return upset.fate
        return ""

    def _answer(
        self, shot: Shot, fate: str, app: str, method: str, url: str, headers: dict[str, str], body: bytes
    ) -> tuple[Reply | None, float]:
        if self.dark and "/profiles/status" in url and self.dark in url:
            shot.answer = 400
            return (400, JSON, b'{"result": "failed"}'), 0.0
        if fate in REFUSALS:
            shot.answer, shot.clear, shot.refused = REFUSALS[fate][0], fate != "is answered 503", fate != "is answered 503"
            return REFUSALS[fate], 0.0
        if fate == "is lost":
            shot.clear = False
            return None, 0.0
        if fate == "is given up and arrives late":
            shot.clear, shot.pending = False, True
            self.memory.late.append((self.memory.clock.monotonic() + LATE, lambda: self._handle(shot, app, method, url, headers, body)))
            return None, 0.0
        run = self.run
        status, told, answer = self._handle(shot, app, method, url, headers, body)
        shot.answer, shot.clear = status, status < 500
        if status < 500 and shot.key.startswith(("activate", "copy", "move", "push")):
            shot.clear = status >= 400 or shot.refused or names_job(answer)
        if fate == "loses its answer":
            shot.answer, shot.clear = None, False
            return None, 0.0
        if fate == "is answered 500 after all":
            shot.answer, shot.clear = 500, False
            return (500, JSON, b"{}"), 0.0
        if fate == "has its answer cut" and len(answer) > 1:
            shot.clear = status >= 400
            return (status, told, answer[: len(answer) // 2]), 0.0
        if fate == "is answered without what it started" and status < 300 and shot.key and answer:
            shot.clear = False
            return (status, told, b"{}"), 0.0
        if fate == "is answered for a part only" and status < 300:
            answer, told_all = partly(answer), answer
            # An answer about jobs has no count: one that lacks a job says that there is none.
            run.misled = run.misled or (app.startswith("xclarity") and answer != told_all)
        return (status, told, answer), SLOW if fate == "is answered late" else 0.0

    def _handle(self, shot: Shot, app: str, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        """The server's own answer; the ledger learns what came of it."""
        world, run = self.memory.world, self.run
        why = needless(world, shot, run, body) if shot.key else ""
        shot.before = standing(world, shot.key) if shot.key else ""
        proof = self._proof(shot) if shot.key.startswith("delete ") and run.task.verb == "verified move" else ""
        before = set(self._sessions(app))
        reply = self.memory.handle(self.memory.fronts[app], method, urlsplit(url), headers, body)
        if shot.pending and url.endswith("/sessions"):
            self._forget(app, set(self._sessions(app)) - before)
        self.ledger.arrive(shot, run, reply[0], reply[2], why)
        if proof and shot.applied:
            self.ledger.wrong.append(f"LOST: run {run.number} deleted the source of a move, but {proof}")
        return reply

    def _proof(self, shot: Shot) -> str:
        """Why the deletion of a move's source is not justified by what the list tells."""
        system = self.memory.world.systems["xclarity"]
        backup = system.backups_part.all.get(shot.key.split(" ")[1])
        where = self.run.task.params["destination"].rstrip("/")
        if backup is None:
            return ""
        if where not in backup["locations"]:
            return f"there is no copy at {where}"
        if system.switches["location_entries"] != "each":
            return "the list tells no checksum of the copy itself"
        return "the copy is broken" if backup.get("checksums", {}).get(where, backup["checksum"]) != backup["checksum"] else ""


def names_job(answer: bytes) -> bool:
    """An acceptance that says which job was started."""
    told: Any = json.loads(answer or b"{}")
    return bool(told.get("jobId") or any(row.get("jobRecordId") for row in told.get("items", [])))


def partly(answer: bytes) -> bytes:
    """A list without its last entry, though its count stays."""
    try:
        told: Any = json.loads(answer)
    except ValueError:
        return answer
    rows = told if isinstance(told, list) else next((told[key] for key in ("results",) if isinstance(told, dict) and key in told), None)
    if not rows:
        return answer
    rows.pop()
    return json.dumps(told).encode()


class Line:
    """The client's end, where the servers are in this process: what :class:`MemoryAdapter` sends to. turns: of the threads."""

    def __init__(self, service: Service, turns: Any) -> None:
        self.service, self.turns = service, turns

    def reach(self, method: str, url: str, body: bytes) -> None:
        """Before a request leaves."""
        self.turns.pause()

    def exchange(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        answer, seconds = self.service.serve(method, url, headers, body)
        return receive(self.turns, answer, seconds)


def receive(turns: Any, answer: Reply | None, seconds: float) -> Reply:
    """Wait for an answer that is on its way; ends early when the client closes the connection from another thread, or when the
    time of the exchange is over."""
    exchange = _wire.current()
    closed: list[bool] = []
    left = seconds
    if exchange is not None and seconds:
        exchange.abort = lambda: closed.append(True)  # type: ignore[method-assign]
        left = min(seconds, max(exchange.deadline.left(), 0.0))
    turns.pause(lambda: bool(closed) or not seconds, left)
    if left < seconds:
        raise TimeoutError("total deadline")
    if answer is None or closed:
        raise ConnectionResetError("the answer was lost")
    return answer
