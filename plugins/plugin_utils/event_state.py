# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event source has passed on, kept on the disk: for each server and cursor a private file, always whole, used by one source.

After each event one short line is added to a second file, not synced: it outlives a kill of the process, whatever the size of the state.
The file itself is written, and synced, once for all events of a look. A line that a power cut took is an event that comes again.
Where whoever took an event may still lose it for a while, its line is added after that while.
"""

from __future__ import annotations

import collections
import fcntl
import hashlib
import json
import os
import stat
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder

VERSION = 1
MAX_SIZE = 256 * 1024 * 1024
# An engine that was told to end may still be logging out while the next one starts.
LOCK_PATIENCE, LOCK_POLL = 15.0, 0.5

Delta = dict[str, t.Any]


class SourceError(Exception):
    """The source cannot go on. The text is all that the user sees."""


class State:
    """``data``: plain JSON, as it was kept, or empty at the very first start. Who changes it tells so, by :meth:`add` or :meth:`touch`.

    directory: the option state_dir. key: what tells this state from all others, in plain texts.
    """

    def __init__(self, directory: str, key: t.Sequence[str], clock: Clock) -> None:
        self._clock = clock
        self._name = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        path = os.path.join(os.path.expanduser(directory), "events")
        self.path = os.path.join(path, f"{self._name}.json")
        self._lock: int | None = None
        self._log: int | None = None
        self._written = 0  # how often the file was written; the lines of the log belong to one of these
        self._dirty = False
        self._settling: collections.deque[tuple[Deadline, Delta]] = collections.deque()
        try:
            self._folder = Folder(path, make=True)
        except Failure as failure:
            raise SourceError(f"{failure.why.rstrip('.')}. Correct state_dir and start the source again.") from None
        try:
            self._check_private()
            self._take()
            self.data: dict[str, t.Any] = self._read()
            self._read_log()
            self.write()
        except BaseException:
            self.close()
            raise

    def add(self, delta: Delta, *, settles: float = 0.0) -> None:
        """``data`` was changed by this: values of its keys, or for a mapping the entries of it that are new. Noted on the disk by the
        first call of anything here after so many seconds; until then a kill leaves no trace of it."""
        self._dirty = True
        self._settling.append((Deadline(self._clock, settles), delta))
        self._note_settled()

    @property
    def settling(self) -> bool:
        """Something is not yet to be noted."""
        return bool(self._settling)

    def _note_settled(self) -> None:
        while self._settling and self._settling[0][0].passed():
            self._note(self._settling.popleft()[1])

    def _note(self, delta: Delta) -> None:
        try:
            if self._log is None:
                self._log = self._open(f"{self._name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
            os.write(self._log, json.dumps({"written": self._written, **delta}).encode() + b"\n")
        except OSError as exc:
            raise SourceError(f"The state file {self.path} cannot be written: {exc.strerror}.") from None

    def touch(self) -> None:
        """``data`` was changed; to be written with the next :meth:`write`."""
        self._dirty = True

    def write(self, *, at_once: bool = False) -> None:
        """Put the file in place, where something has changed and all of it has settled (at_once: whether or not). Raises
        :class:`SourceError`; what was not written stays to be written."""
        if at_once:
            self._settling.clear()
        self._note_settled()
        if self._settling or not self._dirty:
            return
        try:
            self._folder.write_json(f"{self._name}.json", {"version": VERSION, "written": self._written + 1, **self.data})
        except Failure as failure:
            raise SourceError(f"The state file {self.path} cannot be written: {failure.why}") from None
        self._written += 1
        self._dirty = False
        self._close_log()

    def close(self) -> None:
        """Let another source use it."""
        self._close_log()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        self._folder.close()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _check_private(self) -> None:
        found = os.fstat(self._folder.fd)
        if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise SourceError(f"The directory {self._folder.path} belongs to another user, or others may write to it. Correct state_dir.")

    def _take(self) -> None:
        try:
            self._lock = self._open(f"{self._name}.lock", os.O_RDWR | os.O_CREAT)
        except OSError as exc:
            raise SourceError(f"No file can be made in {self._folder.path}: {exc.strerror}. Correct state_dir.") from None
        deadline = Deadline(self._clock, LOCK_PATIENCE)
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if deadline.passed():
                    raise SourceError(
                        f"Another event source of this machine uses the state file {self.path}. "
                        "End it, or give this one a cursor of its own."
                    ) from None
                self._clock.sleep(LOCK_POLL)
            except OSError:
                return  # a file system without locks

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600, dir_fd=self._folder.fd)

    def _close_log(self) -> None:
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def _content(self, name: str) -> bytes | None:
        """A file; None when there is none."""
        try:
            fd = self._open(name, os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise self._unusable(f"cannot be opened ({exc.strerror})") from None
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            os.close(fd)
            raise self._unusable("is no file of this user alone")
        with os.fdopen(fd, "rb") as file:
            return file.read(MAX_SIZE)

    def _read(self) -> dict[str, t.Any]:
        content = self._content(f"{self._name}.json")
        if content is None:
            return {}
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            raise self._unusable("is broken") from None
        if not isinstance(value, dict) or value.pop("version", None) != VERSION or not isinstance(value.get("written"), int):
            raise self._unusable("is of another version of this collection, or not one of its files")
        self._written = value.pop("written")
        return value

    def _read_log(self) -> None:
        """Add what was noted after the file was written. A last line that is not whole was being written when the process was killed."""
        for line in (self._content(f"{self._name}.log") or b"").splitlines(keepends=True):
            try:
                delta = json.loads(line) if line.endswith(b"\n") else None
            except (ValueError, RecursionError):
                delta = None
            if not isinstance(delta, dict) or delta.pop("written", None) != self._written:
                continue
            for key, value in delta.items():
                old = self.data.get(key)
                self.data[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
            self._dirty = True

    def _unusable(self, why: str) -> SourceError:
        """It is not known what was told: neither everything nor nothing may be told again without a person's word."""
        return SourceError(
            f"The state file {self.path} {why}, so that it is not known which events were passed on. "
            "Remove it to begin anew: the source then passes on what changes from that start on."
        )
