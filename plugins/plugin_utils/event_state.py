# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event source has told, kept on the disk: one file for each server and cursor, private, always whole, used by one source."""

from __future__ import annotations

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
# Writing takes at most about a tenth of the time: a state of ten thousand items is not written after each event of a burst.
SHARE = 10.0


class SourceError(Exception):
    """The source cannot go on. The text is all that the user sees."""


class State:
    """``data``: plain JSON, as it was kept, or empty at the very first start. Changed in place, then told by :meth:`touch` and kept by
    :meth:`write`.

    directory: the option state_dir. key: what tells this state from all others, in plain texts.
    """

    def __init__(self, directory: str, key: t.Sequence[str], clock: Clock) -> None:
        self._clock = clock
        self._name = hashlib.sha256("\0".join(key).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        path = os.path.join(os.path.expanduser(directory), "events")
        self.path = os.path.join(path, f"{self._name}.json")
        self._began, self._cost = clock.monotonic(), 0.0
        self._lock: int | None = None
        self._dirty = False
        try:
            self._folder = Folder(path, make=True)
        except Failure as failure:
            raise SourceError(f"{failure.why.rstrip('.')}. Correct state_dir and start the source again.") from None
        try:
            self._check_private()
            self._take()
            self.data: dict[str, t.Any] = self._read()
        except BaseException:
            self.close()
            raise

    def touch(self) -> None:
        """``data`` was changed."""
        self._dirty = True

    def write_soon(self) -> None:
        """As :meth:`write`, but only where the last writing is not a moment ago. A later one then writes this, too."""
        if self._clock.monotonic() - self._began >= SHARE * self._cost:
            self.write()

    def write(self) -> None:
        """Put the file in place, where something has changed. Raises :class:`SourceError`; what was not written stays to be written."""
        if not self._dirty:
            return
        began = self._clock.monotonic()
        try:
            self._folder.write_json(f"{self._name}.json", {"version": VERSION, **self.data})
        except Failure as failure:
            raise SourceError(f"The state file {self.path} cannot be written: {failure.why}") from None
        self._dirty = False
        self._began = self._clock.monotonic()
        self._cost = self._began - began

    def close(self) -> None:
        """Let another source use it."""
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
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._lock = os.open(f"{self._name}.lock", flags, 0o600, dir_fd=self._folder.fd)
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

    def _read(self) -> dict[str, t.Any]:
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            fd = os.open(f"{self._name}.json", flags, dir_fd=self._folder.fd)
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise self._unusable(f"cannot be opened ({exc.strerror})") from None
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            os.close(fd)
            raise self._unusable("is no file of this user alone")
        with os.fdopen(fd, "rb") as file:
            try:
                value = json.loads(file.read(MAX_SIZE))
            except (OSError, ValueError, RecursionError):
                raise self._unusable("is broken") from None
        if not isinstance(value, dict) or value.pop("version", None) != VERSION:
            raise self._unusable("is of another version of this collection, or not one of its files")
        return value

    def _unusable(self, why: str) -> SourceError:
        """It is not known what was told: neither everything nor nothing may be told again without a person's word."""
        return SourceError(
            f"The state file {self.path} {why}, so that it is not known which events were passed on. "
            "Remove it to begin anew: the source then passes on what changes from that start on."
        )
