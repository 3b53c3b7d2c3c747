# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions that a user of a server may have at once are shared by the tasks of this control node.

A task takes a slot before it logs in: one of a few small files in a private directory, locked while the task holds it. Whoever
finds none free waits. The kernel frees a slot with its process, also after ``kill -9``; what the file then still holds is a
digest of the session that was left open, so that the next task knows it again in the server's list and ends it. The id of a
session is its cookie, so it is never written. Before a login is sent the file gets the time of it, for a session whose id was
never learned because the process ended before the answer came.

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
LOGIN = "login:"  # and the time of a login, in a file


def digest(session: str) -> str:
    """What a session is known by on this machine."""
    return hashlib.sha256(session.encode("utf-8", "surrogatepass")).hexdigest()


class Slots:
    """The slots of one user of one server.

    directory: private (0700), made if need be. place, user: whose sessions. limit: how many, 0 for any number. patience:
    seconds to wait for a free one. told: called again and again during a wait for a session, with the seconds that it has lasted.
    """

    def __init__(
        self,
        directory: str,
        place: str,
        user: str,
        clock: Clock,
        *,
        limit: int = LIMIT,
        patience: float = 3600.0,
        told: t.Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self.clock, self.patience, self.told = clock, patience, told
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
                    stack.enter_context(self.queueing())
                while slot is None:
                    if deadline.passed():
                        raise Failure(
                            "sessions_exhausted",
                            "other tasks on this machine have held all sessions of this user for the whole time.",
                            "Let fewer tasks run at once, or raise max_sessions if the server allows more, and run again. "
                            "xclarity_session_info and xclarity_session (state absent) need no session with auth_method: basic.",
                        )
                    self.told(self.patience - deadline.left())
                    self.clock.sleep(QUEUE_POLL)
                    slot = self._look()
            except OSError:
                return None
        return slot

    @contextlib.contextmanager
    def queueing(self) -> t.Iterator[None]:
        """While it lasts those that hold a session can see that somebody waits for one. Raises OSError when it cannot be told."""
        self._prepare()
        queue = self._open(f"{self._name}.queue")
        try:
            _lock(queue, fcntl.LOCK_SH)
            yield
        finally:
            os.close(queue)

    def living(self, own: Slot) -> Living:
        """What the tasks of this machine that run now have open, or are about to open."""
        digests: set[str] = set()
        logins: list[float] = []
        for number in range(self._count):
            with contextlib.suppress(OSError):
                fd = self._open(f"{self._name}-{number}.slot")
                try:
                    if os.path.samestat(os.fstat(fd), os.fstat(own.fd)) or _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        continue  # ours, or nobody's
                    known, begun = _read(fd)
                    digests.update(known)
                    logins += begun
                finally:
                    os.close(fd)
        return Living(frozenset(digests), min(logins, default=None))

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
        lost: list[float] = []
        try:
            for number in range(self._count):
                fd = self._open(f"{self._name}-{number}.slot")
                if (free and not os.fstat(fd).st_size) or not _lock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    os.close(fd)  # nothing to learn from it, or somebody's
                    continue
                free.append(fd)
                digests, logins = _read(fd)
                dead += digests
                lost += logins
            if not free:
                return None
            slot = Slot(free.pop(0), dead, lost)
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


def noted(directory: str) -> tuple[set[str], set[str]]:
    """Digests of the sessions that this machine knows of, of all users and servers: of tasks that run, and of those that have
    ended without closing theirs."""
    running: set[str] = set()
    ended: set[str] = set()
    folder = os.path.join(os.path.expanduser(directory), "sessions")
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".slot")]
    except OSError:
        return running, ended
    for name in names:
        with contextlib.suppress(OSError):
            fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                (ended if _lock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB) else running).update(_read(fd)[0])
            finally:
                os.close(fd)
    return running, ended - running


class Living(t.NamedTuple):
    """Of the tasks that run now: digests of their sessions, and when the first of the logins began that are under way."""

    digests: frozenset[str]
    first_login: float | None


class Slot:
    """A place of this task. dead: digests of sessions that killed runs have left open. lost: when logins began (seconds since
    1970) whose answer nobody has seen, so that a session may be open whose id is not known."""

    def __init__(self, fd: int, dead: t.Iterable[str], lost: t.Iterable[float] = ()) -> None:
        self.fd = fd
        self.dead = list(dict.fromkeys(dead))[-MAX_DEAD:]
        self.lost = sorted(set(lost))[-MAX_DEAD:]
        self._own: str | None = None
        self._begun: float | None = None

    def opening(self, wall: float) -> None:
        """A login is about to be sent."""
        self._begun = wall
        self.keep()

    def refused(self) -> None:
        """It has opened no session."""
        self._begun = None
        self.keep()

    def unanswered(self) -> None:
        """It may have opened a session whose id is not known."""
        if self._begun is not None:
            self.lost.append(self._begun)
        self.refused()

    def opened(self, session: str) -> None:
        """This session is open from now on."""
        self._own, self._begun = digest(session), None
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

    def found(self, login: float, session: str | None = None) -> None:
        """It is known what a lost login has opened: this session, by its digest, or nothing that is still there."""
        self.lost.remove(login)
        self.dead += [session] if session is not None else []
        self.keep()

    def keep(self) -> None:
        """Write what the file has to say. What cannot be written is only not known to the next task."""
        logins = [*self.lost, *([] if self._begun is None else [self._begun])]
        text = "\n".join([*self.dead, *([self._own] if self._own else []), *(f"{LOGIN}{one:.3f}" for one in logins)]).encode()
        with contextlib.suppress(OSError):
            os.pwrite(self.fd, text, 0)
            os.ftruncate(self.fd, len(text))

    def release(self) -> None:
        """Give it back."""
        os.close(self.fd)


def _read(fd: int) -> tuple[list[str], list[float]]:
    """The digests and the times of logins in a file."""
    lines = os.pread(fd, 2 * (MAX_DEAD + 2) * (DIGEST + 1), 0).decode("ascii", "replace").split()
    digests = [line for line in lines if len(line) == DIGEST and not set(line) - set("0123456789abcdef")]
    logins = [line.removeprefix(LOGIN) for line in lines if line.startswith(LOGIN)]
    return digests, [float(one) for one in logins if one.count(".") == 1 and one.replace(".", "").isdigit() and len(one) < 20]
