# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One control node never starts the same thing twice: a lock, and a record of what was about to be sent.

One small file for each (server, kind of work), in a private directory of the user. Its ``flock`` keeps two runs from
planning on the same reading; the kernel frees it with the process, also after ``kill -9``. Its lines are the record:
what is about to be sent (written and synced before), and what became of it. A run that finds an unfinished line waits
until nothing can be on its way any more, reads the server's state as it does anyway, and so sees what happened.

Not covered, and said so in docs/reliability.md: a second control node, and a person at the vendor's console.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import UNKNOWN, Failure

SCHEMA = 1
LOCK_POLL = 0.1
DOUBT_LIFETIME = 86400.0  # seconds after which nobody wonders any more what a killed run did


class Guard:
    """Hold from before the first reading until the fate of every request is known.

    directory: private (0700), made if need be. key: what must not run twice at once. settle: seconds after which a
    request that was on its way has arrived or never will. required: fail when the lock can not be had; otherwise go on
    without one and say so in ``note``. wait: seconds to wait for another run.
    """

    def __init__(
        self, directory: str, key: t.Sequence[str], clock: Clock, *, settle: float, required: bool = True, wait: float = 600.0
    ) -> None:
        self._directory = os.path.expanduser(directory)
        self._name = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._clock, self._settle, self._required, self._wait = clock, settle, required, wait
        self._fd: int | None = None
        self._doubts: set[str] = set()  # the same as ``unfinished``, less what this run has dealt with
        self.fates: dict[str, str] = {}  # what is known of each request of this run
        self.waited = 0.0  # seconds that another run held the lock
        self.note: str | None = None
        self.unfinished: list[str] = []  # what an earlier run was about to send when it was killed: nobody was told

    @property
    def path(self) -> str:
        return os.path.join(self._directory, self._name)

    def __enter__(self) -> Guard:
        try:
            self._fd = self._open()
        except OSError as exc:
            if self._required:
                raise self._unavailable(f"{type(exc).__name__}: {exc.strerror}") from None
            self.note = "No lock could be taken; another run on this machine could start the same work."
            return self
        try:
            self._acquire()
            self._recover()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *exc: t.Any) -> None:
        self._close()

    def intend(self, resources: t.Iterable[str]) -> None:
        """Record, before anything is sent, that these resources are about to be asked for."""
        resources = list(resources)
        # What a killed run left about other resources stays in the file: another task may be the one to ask about it.
        self._doubts.difference_update(resources)
        self._append([{"intent": resource} for resource in resources], sync=True, header=True, clear=not self._doubts)
        # Not before: a record that cannot be written means that nothing is sent.
        self.fates.update(dict.fromkeys(resources, UNKNOWN))

    def resolve(self, resource: str, outcome: str) -> None:
        """Record what became of one request: ``not_started``, ``started`` or ``unknown``.

        Never raises: the request is out, and its outcome is what has to be told. What could not be written looks to the next
        run like the work of a killed one, so it waits and reads.
        """
        self.fates[resource] = outcome
        with contextlib.suppress(Failure):
            self._append([{"resolved": resource, "outcome": outcome}], sync=False)

    def finish(self) -> None:
        """Everything about this run's own requests is known and told: their record is not needed any more."""
        if self._fd is not None and not self._doubts:
            os.ftruncate(self._fd, 0)

    def told(self) -> None:
        """The user was told that the fate of a killed run's requests is not known; that is done once."""
        self._doubts.clear()
        self.unfinished = []
        self.finish()

    # -- inside --------------------------------------------------------------------------------------------------

    def _open(self) -> int:
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        folder = os.stat(self._directory)
        if folder.st_uid != os.geteuid() or folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise self._unsafe("the directory of the record belongs to somebody else or others may write to it")
        try:
            fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            if os.path.islink(self.path):
                raise self._unsafe("the record is a symbolic link") from None
            raise exc
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            os.close(fd)
            raise self._unsafe("the record is not a private file of this user")
        return fd

    def _acquire(self) -> None:
        deadline = Deadline(self._clock, self._wait)
        began = self._clock.monotonic()
        while True:
            try:
                fcntl.flock(t.cast(int, self._fd), fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.waited = self._clock.monotonic() - began
                return
            except BlockingIOError:
                if deadline.passed():
                    raise self._unavailable("another run on this machine holds it") from None
                self._clock.sleep(LOCK_POLL)
            except OSError as exc:
                if self._required:
                    raise self._unavailable(f"the file system has no locks ({exc.strerror})") from None
                self.note = "The file system has no locks; another run on this machine could start the same work."
                return

    def _recover(self) -> None:
        """Read what an earlier run left; wait until its last request can not be on its way any more."""
        header, killed, settled, told = self._read()
        age = abs(self._clock.wall() - float(header.get("wall", 0.0)))
        if killed and age < DOUBT_LIFETIME:
            self.unfinished = sorted(killed)
            self._doubts = set(killed)
            if killed - settled:
                # It may have sent its last request right before it died, and that may have been a moment ago.
                self._clock.sleep(self._settle)
                self._append([{"settled": True}], sync=False)
        elif told:
            same = header.get("boot") == _boot_id()
            elapsed = self._clock.monotonic() - float(header.get("monotonic", 0.0)) if same else age
            self._clock.sleep(min(self._settle, max(0.0, self._settle - elapsed)))

    def _read(self) -> tuple[dict[str, t.Any], set[str], set[str], set[str]]:
        """The last header, what was never resolved (a kill), which of that a later run has waited for, and what a run told
        its user that it could not find out."""
        fd = t.cast(int, self._fd)
        text = os.pread(fd, 64 * 1024 * 1024, 0).decode("utf-8", "replace")
        header: dict[str, t.Any] = {}
        killed: set[str] = set()
        settled: set[str] = set()
        told: set[str] = set()
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # cut off by a kill in the middle of a write: that request had not been sent yet
            if not isinstance(entry, dict):
                continue
            if "schema" in entry:
                if entry["schema"] != SCHEMA:
                    raise self._unsafe("the record was written by another version of the collection")
                header = entry
            elif "intent" in entry:
                killed.add(str(entry["intent"]))
                settled.discard(str(entry["intent"]))
            elif "settled" in entry:
                settled |= killed
            elif "resolved" in entry:
                killed.discard(str(entry["resolved"]))
                if entry.get("outcome") == "unknown":
                    told.add(str(entry["resolved"]))
        return header, killed, settled, told

    def _append(self, entries: list[dict[str, t.Any]], *, sync: bool, header: bool = False, clear: bool = False) -> None:
        if self._fd is None:
            return
        if header:
            now = {"monotonic": self._clock.monotonic(), "wall": self._clock.wall()}
            entries = [{"schema": SCHEMA, "pid": os.getpid(), "boot": _boot_id(), **now}, *entries]
        # The line break comes first: what a kill or a full disk has cut off does not spoil the next line.
        data = "".join("\n" + json.dumps(entry) for entry in entries).encode()
        try:
            if clear:
                os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_END)
            while data:
                data = data[os.write(self._fd, data) :]
            if sync:
                os.fsync(self._fd)
        except OSError as exc:
            if self._required:
                raise self._unavailable(f"the record could not be written ({exc.strerror})") from None

    def _close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _unavailable(self, why: str) -> Failure:
        return Failure(
            "lock_unavailable",
            f"the lock {self.path} can not be had: {why}.",
            "Wait for the other run, or set state_dir to a local directory of this user, or lock to best_effort, and run again.",
        )

    def _unsafe(self, why: str) -> Failure:
        return Failure("journal_unsafe", f"{why} ({self.path}).", "Look at it, remove it, and run again.")


def _boot_id() -> str:
    """Changes when the machine starts anew, and with it the monotonic clock."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "none"
