# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed with -9 at a chosen point, in a process of their own, and what the next run makes of it.

The child has the module, the lock and the record; the servers and the clock stay with the parent and outlive it. They
talk over a pair of sockets, one message for a request and one for a sleep.
"""

from __future__ import annotations

import os
import pickle
import random
import select
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils import _folder, _guard, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock

from .lab import Lab, drive, module_of
from .memory import MemoryAdapter, Sent
from .sites import Start

# -- messages ---------------------------------------------------------------------------------------------------------


def _send(sock: socket.socket, value: Any) -> None:
    data = pickle.dumps(value)
    sock.sendall(struct.pack("!I", len(data)) + data)


def _receive(sock: socket.socket) -> Any:
    """The next message, or None at the end."""
    size = _exactly(sock, 4)
    data = _exactly(sock, struct.unpack("!I", size)[0]) if size else None
    return pickle.loads(data) if data is not None else None


def _exactly(sock: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        try:
            piece = sock.recv(count - len(data))
        except ConnectionResetError:
            return None
        if not piece:
            return None
        data += piece
    return data


# -- the child --------------------------------------------------------------------------------------------------------


class Killer:
    """Counts the events of a run and ends the process, with -9, when its turn has come."""

    def __init__(self, event: str, nth: int) -> None:
        self.event, self.nth, self.seen = event, nth, 0

    def will(self, event: str) -> bool:
        """Whether this event would be the last."""
        return self.event in (event, "any") and self.seen + 1 == self.nth

    def __call__(self, event: str) -> None:
        if self.event in (event, "any"):
            self.seen += 1
            if self.seen == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)


class FarClock(Clock):
    """The parent's clock."""

    def __init__(self, sock: socket.socket, kill: Killer) -> None:
        super().__init__()
        self._sock, self._kill, self._now = sock, kill, 0.0
        self._tell(0.0)

    def monotonic(self) -> float:
        return self._now

    wall = monotonic

    def sleep(self, seconds: float) -> None:
        if seconds > 0:
            self._kill("sleep")
            self._tell(seconds)

    def _tell(self, seconds: float) -> None:
        _send(self._sock, ("sleep", seconds))
        self._now = _receive(self._sock)


class FarMemory:
    """Stands in for :class:`Memory` in the child."""

    def __init__(self, sock: socket.socket, kill: Killer, start: Start) -> None:
        self._sock, self._kill, self._start = sock, kill, start
        self.clock = FarClock(sock, kill)

    def exchange(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        parts = urlsplit(url)
        app = (parts.hostname or "").removesuffix(".memory").replace("-", "_")
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        starting = self._start.matches(app, method, target, body)
        self._kill("before start" if starting else "before read")
        if (method, parts.path) == ("DELETE", "/sessions"):
            self._kill("before logout")
        # What becomes of a request whose sender dies is decided by the parent: `fate` of the case.
        _send(self._sock, ("request", method, url, headers, body, starting and self._kill.will("start on its way")))
        if starting:
            self._kill("start on its way")
        answer = _receive(self._sock)
        self._kill("after start" if starting else "after read")
        if isinstance(answer, Exception):
            raise answer
        self.clock._now = answer[0]
        return answer[1]


def _watch(kill: Killer) -> None:
    """Let the killer see the steps of the lock, the record and the file. In the child only."""

    def around(owner: Any, name: str, before: str, after: str) -> None:
        real = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            kill(before)
            value = real(*args, **kwargs)
            kill(after)
            return value

        setattr(owner, name, watched)

    around(_guard.Guard, "_acquire", "before lock", "after lock")
    around(_guard.Guard, "intend", "before record", "after record")
    around(_guard.Guard, "resolve", "before outcome", "after outcome")
    around(_guard.Guard, "_close", "before finish", "after finish")
    around(_guard.os, "fsync", "before sync", "after sync")
    around(_folder.Temporary, "write", "before write", "after write")
    around(_folder.Temporary, "commit", "before rename", "after rename")


# -- the parent -------------------------------------------------------------------------------------------------------

Hook = Callable[[Sent], None]


class Child:
    """A run in a process of its own. result: what it told, None when it was killed."""

    def __init__(self, lab: Lab, start: Start, event: str = "", nth: int = 0, **more: Any) -> None:
        self.lab, self.start = lab, start
        self.result: dict[str, Any] | None = None
        self.over = False
        self.before_sleep: Callable[[], None] = lambda: None
        self.sock, other = socket.socketpair()
        params = lab.params(start, **more)
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                self.sock.close()
                kill = Killer(event, nth)
                far = FarMemory(other, kill, start)
                _wire.Adapter = lambda: MemoryAdapter(far)
                _watch(kill)
                result = drive(module_of(start.module), params, far.clock)
                kill("end")
                _send(other, ("result", result))
                code = 0
            finally:
                os._exit(code)
        other.close()

    def step(self, fate: str = "now") -> None:
        """Serve one message of the child. fate: of a starting request whose sender is dead when it is served."""
        message = _receive(self.sock)
        if message is None:
            self._end()
        elif message[0] == "sleep":
            self.before_sleep()
            self.lab.memory.clock.sleep(message[1])
            self._answer(self.lab.memory.clock.monotonic())
        elif message[0] == "result":
            self.result = message[1]
        else:
            _kind, method, url, headers, body, dies = message
            if dies and fate != "now":
                self._lose(method, url, headers, body, fate)
                self._end()
                return
            try:
                answer: Any = (self.lab.memory.clock.monotonic(), self.lab.memory.exchange(method, url, headers, body))
            except ConnectionResetError as exc:
                answer = exc
            self._answer(answer)

    def _answer(self, value: Any) -> None:
        try:
            _send(self.sock, value)
        except OSError:
            self._end()

    def _lose(self, method: str, url: str, headers: dict[str, str], body: bytes, fate: str) -> None:
        parts = urlsplit(url)
        app = (parts.hostname or "").removesuffix(".memory").replace("-", "_")
        sent = Sent(app, method, parts.path + (f"?{parts.query}" if parts.query else ""), body, True)
        self.lab._note(sent)
        if fate == "late":
            self.lab.memory.deliver_later(5.0, sent, headers)

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self.sock.close()
            os.waitpid(self.pid, 0)

    def drain(self) -> None:
        """If it is dead: what it had sent before arrives now, and not after somebody else has slept."""
        dead = not self.over and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        while dead and not self.over:
            self.step()

    def finish(self, fate: str = "now") -> dict[str, Any] | None:
        """Serve it until it ends."""
        while not self.over:
            self.step(fate)
        return self.result


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
    first = Child(lab, start, event, nth).finish(fate)
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
    if second.failed and not asked and second.code not in ("filename_lost", "already_fulfilled"):
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
        children.append(Child(lab, start, event, nth))

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
BORNE = {"earlier_run_unfinished", "filename_lost", "already_fulfilled", "job_cancelled", "sessions_exhausted", "auth_failed"}
