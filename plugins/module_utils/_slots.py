# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions that a user of a server may have at once are shared by the tasks of this control node.

A task takes a slot before it logs in: one of a few small files in a private directory, locked while the task holds it. Whoever
finds none free waits. The kernel frees a slot with its process, also after ``kill -9``; what the file then still holds is a
digest of the session that was left open, so that the next task knows it again in the server's list and ends it. The id of a
session is its cookie, so it is never written.

Without a place for the files (no home, no locks) tasks go on without slots: the server then is the one that refuses.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure

LIMIT = 3  # sessions of a user, unless the server is set otherwise
UNLIMITED = 64  # how many slots are looked through where the server has no limit
QUEUE_POLL = 0.2  # seconds
MAX_DEAD = 50
DIGEST = 64  # letters


def digest(session: str) -> str:
    """What a session is known by on this machine."""
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()


class Slots:
    """The slots of one user of one server.

    directory: private (0700), made if need be. place, user: whose sessions. limit: how many, 0 for any number. patience:
    seconds to wait for a free one.
    """

    def __init__(self, directory: str, place: str, user: str, clock: Clock, *, limit: int = LIMIT, patience: float = 3600.0) -> None:
        self.clock, self.patience = clock, patience
        self._folder = os.path.join(os.path.expanduser(directory), "sessions")
        self._name = hashlib.sha256(f"{place}\0{user}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._count = limit or UNLIMITED

    def take(self) -> Slot | None:
        """A slot; waits until one is free. None where there can be none. Raises ``sessions_exhausted`` when the time is over."""
        deadline = Deadline(self.clock, self.patience)
        with contextlib.ExitStack() as stack:
            try:
                self._prepare()
                slot = self._look()
                if slot is None:
                    queue = self._open(f"{self._name}.queue")
                    stack.callback(os.close, queue)
                    _lock(queue, fcntl.LOCK_SH)  # tells those that hold one that somebody waits
                while slot is None:
                    if deadline.passed():
                        raise Failure(
                            "sessions_exhausted",
                            "other tasks on this machine have held all sessions of this user for the whole time.",
                            "Let fewer tasks run at once, or raise max_sessions if the server allows more, and run again.",
                        )
                    self.clock.sleep(QUEUE_POLL)
                    slot = self._look()
            except OSError:
                return None
        return slot

    @property
    def wanted(self) -> bool:
        """Somebody waits for a slot."""
        try:
            fd = self._open(f"{self._name}.queue")
        except OSError:
            return False
        try:
            return not _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(fd)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Raises OSError when this user has no private directory here."""
        if self._folder.startswith("~"):
            raise OSError("no home directory")
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        found = os.stat(self._folder)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OSError("not private")

    def _look(self) -> Slot | None:
        """A free slot, with the dead sessions of all free ones."""
        free: list[int] = []
        dead: list[str] = []
        try:
            for number in range(self._count):
                fd = self._open(f"{self._name}-{number}.slot")
                if (free and not os.fstat(fd).st_size) or not _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    os.close(fd)  # nothing to learn from it, or somebody's
                    continue
                free.append(fd)
                dead += _read(fd)
            if not free:
                return None
            slot = Slot(free.pop(0), dead)
            slot.keep()  # before the others forget theirs
            for fd in free:
                with contextlib.suppress(OSError):
                    os.ftruncate(fd, 0)
            return slot
        finally:
            for fd in free:
                os.close(fd)

    def _open(self, name: str) -> int:
        return os.open(os.path.join(self._folder, name), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def _lock(fd: int, how: int) -> bool:
    """Whether it was free. Raises OSError where there are no locks."""
    try:
        fcntl.flock(fd, how)
    except BlockingIOError:
        return False
    return True


class Slot:
    """A place of this task. dead: digests of sessions that killed runs have left open."""

    def __init__(self, fd: int, dead: t.Iterable[str]) -> None:
        self._fd = fd
        self.dead = list(dict.fromkeys(dead))[-MAX_DEAD:]
        self._own: str | None = None

    def opened(self, session: str) -> None:
        """This session is open from now on."""
        self._own = digest(session)
        self.keep()

    def closed(self, *, surely: bool) -> None:
        """It was ended. surely: the server said so; else the next task looks after it."""
        if self._own is not None and not surely:
            self.dead.append(self._own)
        self._own = None
        self.keep()

    def buried(self, one: str) -> None:
        """A dead session is known to be gone."""
        self.dead.remove(one)
        self.keep()

    def keep(self) -> None:
        """Write what the file has to say. What cannot be written is only not known to the next task."""
        text = "\n".join([*self.dead, *([self._own] if self._own else [])]).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self._fd, text, 0)
            os.ftruncate(self._fd, len(text))

    def release(self) -> None:
        """Give it back."""
        os.close(self._fd)


def _read(fd: int) -> list[str]:
    lines = os.pread(fd, (MAX_DEAD + 2) * (DIGEST + 1), 0).decode("ascii", "replace").split()
    return [line for line in lines if len(line) == DIGEST and not set(line) - set("0123456789abcdef")]
