# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credentials a server has refused in this run of Ansible, so that the tasks for other hosts do not try them again.

A play with one task for each of 300 hosts would try a wrong password 300 times, and the server would lock the account for all
other automation. So the tasks of a run share a few numbers in memory: Ansible's main process makes it before it starts its
workers, which inherit it; a module in a process of its own on the same machine opens it under ``/proc``. It holds no password, and no
digest that somebody could try passwords on: what stands in it was made with a random key, which is in the same memory and is gone
with the run. Nothing of it is ever written to a disk.

The first log-in of a run with some credentials is alone: the others wait until its answer is known. Where there is no such memory
(another system than Linux, a remote host) each task tries for itself.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hmac
import json
import os
import re
import struct
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure

ASKED_AGAIN = 600.0  # seconds after a refusal, since the account may have been unlocked or its password set meanwhile
UNCLEAR_AGAIN = 60.0  # after an answer that can mean something else as well, such as a server that is still starting
PAUSE = 0.05  # seconds between two looks at whether the first log-in has ended
MANY = 256  # credentials of a run; of any more nothing is known
NAME = "groundwork-logins"

_HEAD = struct.Struct("=16s32s16x")  # which run, its key
_ENTRY = struct.Struct("=32sB7xd16x")  # of which credentials, what is known, since when. 64 bytes each: none lies on two pages
_LOCKS = 1 << 20  # where the places for locks begin, behind all entries: one to add an entry, one for each first log-in
_TOLD = re.compile(r"([0-9a-f]{32})-(\d{1,10})-(\d{1,7})", re.ASCII)

# DOUBTED: accepted, and refused once since: a directory behind the server that was not there for a moment, or one path that is not for
# this user, looks the same. UNCLEAR: a refusal, perhaps of something else.
UNTRIED, TRIED, ACCEPTED, DOUBTED, REFUSED, UNCLEAR = range(6)


class Logins:
    """The memory that the processes of a run share. fd: of a file in memory."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.ident, self._key = _HEAD.unpack(os.pread(fd, _HEAD.size, 0))

    @classmethod
    def make(cls) -> Logins | None:
        """A new one, for the processes that are forked from now on; None where the system has no such thing."""
        try:
            fd = os.memfd_create(NAME, os.MFD_CLOEXEC)
            os.pwrite(fd, _HEAD.pack(os.urandom(16), os.urandom(32)), 0)
        except (AttributeError, OSError):
            return None
        return cls(fd)

    @classmethod
    def open(cls, told: str) -> Logins | None:
        """That of another process on this machine, which has told :meth:`whereabouts`; None where it cannot be had."""
        found = _TOLD.fullmatch(told)
        if found is None:
            return None
        path = f"/proc/{found[2]}/fd/{found[3]}"
        with contextlib.suppress(OSError, struct.error):
            if not os.readlink(path).startswith(f"/memfd:{NAME}"):
                return None
            made = cls(os.open(path, os.O_RDWR | os.O_CLOEXEC))
            if made.ident.hex() == found[1]:
                return made
        return None

    def whereabouts(self) -> str:
        """What another process of this machine finds it by; to be asked in the process that has made it. Nothing that is secret."""
        return f"{self.ident.hex()}-{os.getpid()}-{self._fd}"

    def is_there(self) -> bool:
        """Its descriptor is still that of the memory: nothing has closed and used it again."""
        try:
            return os.pread(self._fd, len(self.ident), 0) == self.ident
        except OSError:
            return False

    def digest(self, parts: t.Sequence[str]) -> bytes:
        """What credentials are known by in this run."""
        return hmac.digest(self._key, json.dumps(parts).encode(), "sha256")

    def entry(self, digest: bytes) -> int | None:
        """The number of the entry; a new one where there is none yet. None when there are too many."""
        found = self._find(digest)
        if found is not None:
            return found
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, _LOCKS)
        try:
            found = self._find(digest)
            if found is None:
                found = (os.fstat(self._fd).st_size - _HEAD.size) // _ENTRY.size
                if found >= MANY:
                    return None
                self._write(found, digest, UNTRIED, 0.0)
            return found
        finally:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, _LOCKS)

    def known(self, number: int) -> tuple[int, float]:
        """What is known of an entry, and since when (of the monotonic clock, which all processes of a machine share)."""
        _digest, state, since = _ENTRY.unpack(os.pread(self._fd, _ENTRY.size, _HEAD.size + number * _ENTRY.size))
        return state, since

    def note(self, number: int, digest: bytes, state: int, since: float) -> None:
        """From now on this is known of it."""
        self._write(number, digest, state, since)

    def take_turn(self, number: int) -> bool:
        """Whether this process is now the one that tries an entry. The kernel gives the turn back with the process."""
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _LOCKS + 1 + number)
        except OSError as exc:
            if exc.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise
        return True

    def give_turn(self, number: int) -> None:
        """Another process may try it."""
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, _LOCKS + 1 + number)

    def _find(self, digest: bytes) -> int | None:
        data = os.pread(self._fd, MANY * _ENTRY.size, _HEAD.size)
        places = range(0, len(data), _ENTRY.size)
        return next((place // _ENTRY.size for place in places if data[place : place + len(digest)] == digest), None)

    def _write(self, number: int, digest: bytes, state: int, since: float) -> None:
        os.pwrite(self._fd, _ENTRY.pack(digest, state, since), _HEAD.size + number * _ENTRY.size)


OURS: Logins | None = None  # of this process, and of the one that it was forked from


def share() -> str:
    """Make what the processes that are forked from now on share; what :func:`find` finds it by."""
    global OURS
    OURS = Logins.make()
    return "" if OURS is None else OURS.whereabouts()


def find(told: str) -> Logins | None:
    """What the tasks of this run share. told: by the process that has made it, empty where there is none."""
    if OURS is not None and told.startswith(OURS.ident.hex()) and OURS.is_there():
        return OURS
    return Logins.open(told)


def _counts(state: int) -> float:
    """For how many seconds nobody asks again."""
    return {REFUSED: ASKED_AGAIN, UNCLEAR: UNCLEAR_AGAIN}.get(state, 0.0)


class Login:
    """Some credentials at a server, on behalf of one task.

    logins: what the tasks of the run share, None for a task that is alone. parts: address, user, password and whatever else makes them
    what they are. place: the server, for people. noun: what is refused. advice: what to do then. None of these methods raises
    anything but ``auth_failed``, and only those that say so.
    """

    def __init__(
        self, logins: Logins | None = None, parts: t.Sequence[str] = (), *, place: str = "", noun: str = "", advice: str = ""
    ) -> None:
        self._logins, self._place, self._noun, self._advice = logins, place, noun, advice
        self._digest = logins.digest(parts) if logins is not None else b""
        self._number: int | None = None
        self._turn = False
        self._waited_in_vain = False

    def check(self, clock: Clock) -> None:
        """Raise ``auth_failed`` when the server has refused these credentials in this run."""
        self._refused_before(clock)

    def begin(self, clock: Clock, seconds: float) -> None:
        """The credentials are about to be sent. Waits, for at most so many seconds, while the first task of the run to try them has no
        answer yet. Raises as :meth:`check`. :meth:`end` has to be called afterwards."""
        if self._logins is None or self._turn:
            return
        deadline = Deadline(clock, seconds)
        while not self._refused_before(clock):
            if self._take():
                try:
                    done = self._refused_before(clock)  # by whoever had the turn before
                except Failure:
                    self._give()
                    raise
                if done:
                    self._give()
                return
            if deadline.passed():
                self._waited_in_vain = True
                return
            clock.sleep(PAUSE)

    def accepted(self) -> None:
        """The server has accepted them."""
        if self._state()[0] != ACCEPTED:
            self._note(ACCEPTED, 0.0)
        self._give()

    def refused(self, clock: Clock, *, unclear: bool = False) -> None:
        """The server has refused them; of credentials that it accepted before in this run that is believed the second time. unclear: its
        answer can mean something else as well."""
        accepted = self._state()[0] == ACCEPTED
        self._note(DOUBTED if accepted else UNCLEAR if unclear else REFUSED, clock.monotonic())
        self._give()

    def end(self, clock: Clock) -> None:
        """Whatever came of it. Without any answer about them, nobody waits for another answer any more."""
        if self._turn or self._waited_in_vain:
            state, since = self._state()
            if state not in (ACCEPTED, DOUBTED) and not self._fresh(clock, state, since):
                self._note(TRIED, 0.0)
        self._waited_in_vain = False
        self._give()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _refused_before(self, clock: Clock) -> bool:
        """Raises for credentials that were refused; whether they can be tried without waiting for anybody."""
        if self._logins is None:
            return True
        state, since = self._state()
        if not self._fresh(clock, state, since):
            return state in (TRIED, ACCEPTED, DOUBTED)
        ago = max(0, int(clock.monotonic() - since))
        when = {0: "less than a second", 1: "a second"}.get(ago, f"{ago} seconds") + " ago, in this run of Ansible"
        if state == REFUSED:
            why = f"the server refused {self._noun} {when}, and was not asked again: log-ins that are refused can lock an account."
        else:
            why = (
                f"the server refused a log-in with {self._noun} {when}, without telling whether it was for them or for its limit of "
                "sessions, and was not asked again: log-ins that are refused can lock an account."
            )
        left = max(1, round((_counts(state) - ago) / 60))
        raise Failure(
            "auth_failed",
            why,
            f"{self._advice} (The error of the first task that was refused has the server's message. A new run asks the server "
            f"again, this one not before {'1 minute has' if left == 1 else f'{left} minutes have'} passed.)",
            what=f"log in at {self._place}",
        )

    def _fresh(self, clock: Clock, state: int, since: float) -> bool:
        """A refusal that still counts."""
        return 0 <= clock.monotonic() - since < _counts(state)

    def _state(self) -> tuple[int, float]:
        number = self._entry()
        if self._logins is not None and number is not None:
            with contextlib.suppress(OSError, struct.error):
                return self._logins.known(number)
        return TRIED, 0.0

    def _entry(self) -> int | None:
        if self._number is None and self._logins is not None:
            with contextlib.suppress(OSError):
                self._number = self._logins.entry(self._digest)
        return self._number

    def _note(self, state: int, since: float) -> None:
        number = self._entry()
        if self._logins is not None and number is not None:
            with contextlib.suppress(OSError):
                self._logins.note(number, self._digest, state, since)

    def _take(self) -> bool:
        """The turn. Where there are no locks everybody has it."""
        number = self._entry()
        if self._logins is None or number is None:
            return True
        try:
            self._turn = self._logins.take_turn(number)
        except OSError:
            return True
        return self._turn

    def _give(self) -> None:
        if self._turn and self._logins is not None and self._number is not None:
            self._turn = False
            with contextlib.suppress(OSError):
                self._logins.give_turn(self._number)
