# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run in a process of its own that is ended at a chosen event: with -9, by a signal, or by the task's timeout.

The child has the module, the lock and the record; the servers and the clock stay with the parent and outlive it. They
talk over a pair of sockets, one message for a request and one for a sleep.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import pickle
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any

from ansible_collections.groundwork.provision.plugins.module_utils import _folder, _guard, _module
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, UNKNOWN
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process

from .lab import drive
from .memory import Memory, MemoryAdapter, Reply, plug
from .service import hung_up, receive
from .turns import Turns

AFTERWARDS = 300.0  # seconds that a controller's process lives on after a run

# How a run is ended: name -> (signal, whether the module runs in the controller)
ENDS = {
    "kill -9": (signal.SIGKILL, False),
    "SIGTERM": (signal.SIGTERM, False),
    "Ctrl-C": (signal.SIGINT, False),
    "Ctrl-C in the controller": (signal.SIGINT, True),
    "the task's timeout in the controller": (signal.SIGALRM, True),
}


class TaskTimeoutError(BaseException):
    """As ansible-core raises it in the main thread of a worker."""


# -- messages ---------------------------------------------------------------------------------------------------------


def send(sock: socket.socket, value: Any) -> None:
    data = pickle.dumps(value)
    sock.sendall(struct.pack("!I", len(data)) + data)


def take(sock: socket.socket) -> Any:
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


# -- in the child -----------------------------------------------------------------------------------------------------


class End:
    """Counts the events of a run and ends the run when its turn has come. number: of the signal."""

    def __init__(self, event: str, nth: int, number: int = signal.SIGKILL) -> None:
        self.event, self.nth, self.number, self.seen = event, nth, number, 0
        self.last = ""
        self.act: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGKILL)

    def will(self, event: str) -> bool:
        """Whether this event would be the last, with no time to do anything."""
        return self.event in (event, "any") and self.seen + 1 == self.nth and self.number == signal.SIGKILL

    def __call__(self, event: str) -> bool:
        """Whether the end was told now."""
        self.last = event
        if self.event in (event, "any"):
            self.seen += 1
            if self.seen == self.nth:
                self.act()
                return True
        return False


class FarClock(Clock):
    """The parent's clock; the monotonic one is the child's own, so that what the others sleep is not the length of its requests."""

    def __init__(self, sock: socket.socket, end: End) -> None:
        super().__init__()
        self._sock, self._end, self._now = sock, end, 0.0
        self._tell(0.0)
        self._own = self._now

    def monotonic(self) -> float:
        return self._own

    def wall(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        if seconds > 0 and not self._end("sleep"):
            self._tell(seconds)
            self._own += seconds

    def _tell(self, seconds: float) -> None:
        send(self._sock, ("sleep", seconds))
        self._now = take(self._sock)


class FarMemory:
    """Stands in for :class:`Memory` in the child. starts: tells a request that starts something."""

    def __init__(self, sock: socket.socket, end: End, turns: Turns, clock: FarClock, starts: Callable[[str, str, bytes], bool]) -> None:
        self._sock, self._end, self._turns, self._clock, self._starts = sock, end, turns, clock, starts

    def reach(self, method: str, url: str, body: bytes) -> None:
        self._turns.pause()
        self._end("before " + self._kind(method, url, body))

    def _kind(self, method: str, url: str, body: bytes) -> str:
        if url.endswith("/sessions"):
            return "logout" if method == "DELETE" else "login"
        return "start" if self._starts(method, url, body) else "read"

    def exchange(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Reply:
        kind, closed = self._kind(method, url, body), hung_up()
        # What becomes of a request whose sender dies is decided by the parent.
        dies = kind == "start" and self._end.will("start on its way")
        send(self._sock, ("request", method, url, headers, body, dies, self._turns.number))
        if kind == "start":
            self._end("start on its way")
        answered = take(self._sock)
        if isinstance(answered, Exception):
            raise answered
        self._clock._now, answer, seconds = answered
        reply = receive(self._turns, closed, answer, seconds)
        self._end("after " + kind)
        return reply


def _watch(end: End, resolved: Callable[[], None]) -> None:
    """Let ``end`` see the steps of the lock, the record and the file. In the child only. resolved: called when the record has what
    became of the last request of this thread."""
    record = _guard.Guard.resolve

    def resolve(self: _guard.Guard, key: str, outcome: str) -> None:
        record(self, key, outcome)
        if outcome not in (UNKNOWN, NONE):
            resolved()

    _guard.Guard.resolve = resolve  # type: ignore[method-assign]

    def around(owner: Any, name: str, before: str, after: str) -> None:
        real = getattr(owner, name)

        def watched(*args: Any, **kwargs: Any) -> Any:
            end(before)
            value = real(*args, **kwargs)
            end(after)
            return value

        setattr(owner, name, watched)

    around(_guard.Guard, "_acquire", "before lock", "after lock")
    around(_guard.Guard, "intend", "before record", "after record")
    around(_guard.Guard, "resolve", "before outcome", "after outcome")
    around(_guard.Guard, "_close", "before finish", "after finish")
    around(_guard.os, "fsync", "before sync", "after sync")
    around(_folder.Temporary, "write", "before write", "after write")
    around(_folder.Temporary, "commit", "before rename", "after rename")


def _whole(module: Any, params: dict[str, Any], in_controller: bool) -> dict[str, Any]:
    """What the module's own ``main`` prints, with the signals of a module's process or of a controller's worker."""
    arguments = {key: value for key, value in params.items() if value is not None}

    def timed_out(number: int, frame: Any) -> None:
        raise TaskTimeoutError

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, timed_out)
    if in_controller:
        return {"failed": False, **json.loads(in_process.run_to_end(module.main, arguments))}

    def main() -> None:
        _module.OWN_PROCESS = True
        module.main()

    return {"failed": False, **json.loads(in_process.run_here(main, arguments))}


# -- in the parent ----------------------------------------------------------------------------------------------------


class Child:
    """A run in a process of its own. result: what it told, None when it told nothing. died: of a signal.

    serve: answers a request, see :meth:`Service.serve`. starts: tells a request that starts something. how: one of ENDS. whole: the
    module's own ``main`` in place of its body. seed: of the turns of its threads.
    """

    def __init__(
        self, memory: Memory, module: Any, params: dict[str, Any], serve: Callable[..., tuple[Reply | None, float]],
        starts: Callable[[str, str, bytes], bool], *, event: str = "", nth: int = 0, how: str = "kill -9", whole: bool = False,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.memory, self.serve = memory, serve
        self.result: dict[str, Any] | None = None
        self.over = self.died = False
        self.before_sleep: Callable[[], None] = lambda: None
        self.decided: Callable[[str], None] = lambda event: None  # called when the run is told to end
        self.resolved: Callable[[int], None] = lambda thread: None  # called when the record has what became of this thread's request
        self.ended: Callable[[], None] = lambda: None  # called when the run is over, though its process lives on
        self.sock, other = socket.socketpair()
        gc.freeze()  # the child does not look through what is the parent's
        self.pid = os.fork()
        if self.pid == 0:
            code = 1
            try:
                self.sock.close()
                self._live(other, module, params, starts, End(event, nth, ENDS[how][0]), ENDS[how][1], whole, seed)
                code = 0
            finally:
                os._exit(code)
        gc.unfreeze()
        other.close()

    def _live(
        self, sock: socket.socket, module: Any, params: dict[str, Any], starts: Callable[[str, str, bytes], bool], end: End,
        in_controller: bool, whole: bool, seed: int,
    ) -> None:  # fmt: skip
        """The child's life."""
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        clock = FarClock(sock, end)
        turns = Turns(clock, seed)

        def interrupt() -> None:
            send(sock, ("decided", end.last))
            turns.interrupt(end.number)

        if end.number != signal.SIGKILL:
            end.act = interrupt
        far = FarMemory(sock, end, turns, clock, starts)
        _watch(end, lambda: send(sock, ("resolved", turns.number)))
        result = None

        def out(result: dict[str, Any]) -> None:
            end("end")
            send(sock, ("result", result))

        with plug(lambda: MemoryAdapter(far)), turns.installed(), contextlib.suppress(KeyboardInterrupt):
            result = _whole(module, params, in_controller) if whole else drive(module, params, Clock(), out=out)
        if whole or result is None:
            send(sock, ("result", result))
        if in_controller:
            turns.drain(AFTERWARDS)

    def step(self) -> None:
        """Serve one message of the child."""
        message = take(self.sock)
        if message is None:
            self._end()
        elif message[0] == "sleep":
            self.before_sleep()
            self.memory.clock.sleep(message[1])
            self._answer(self.memory.clock.monotonic())
        elif message[0] == "decided":
            self.decided(message[1])
        elif message[0] == "resolved":
            self.resolved(message[1])
        elif message[0] == "result":
            self.result = message[1]
            self.ended()
        else:
            try:
                answer, seconds = self.serve(*message[1:])
            except ConnectionResetError as exc:
                self._answer(exc)
            else:
                self._answer((self.memory.clock.monotonic(), answer, seconds))

    def _answer(self, value: Any) -> None:
        try:
            send(self.sock, value)
        except OSError:
            self._end()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self.sock.close()
            self.died = os.WIFSIGNALED(os.waitpid(self.pid, 0)[1])

    def drain(self) -> None:
        """If it is dead: what it had sent before arrives now, and not after somebody else has slept."""
        dead = not self.over and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        while dead and not self.over:
            self.step()

    def finish(self) -> dict[str, Any] | None:
        """Serve it until it ends."""
        while not self.over:
            self.step()
        return self.result
