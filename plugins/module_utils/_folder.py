# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are put in place whole: written under another name in a directory that is held open, then renamed.

Whoever reads the final name finds the old file or the new one, never a part; also after ``kill -9`` and after a power
cut. A directory is opened once and used through its descriptor, so that nobody can lead us elsewhere by swapping a
component of the path, and no symbolic link is followed in it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import stat
import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input

PIECE = 1024 * 1024
MAX_JSON = 65536
LEFTOVER = 3600.0  # seconds after which a temporary file of a run that is gone is removed
_TEMPORARY = re.compile(r"\.[^/]{1,200}\.[0-9a-f]{16}\.groundwork-part")
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def locate(dest: str, follow: bool) -> tuple[str, str | None]:
    """(directory, file name) for a destination; the name is None when ``dest`` is a directory.

    A symbolic link as the last component is refused unless ``follow``. Nothing is made.
    """
    wants_directory = dest.endswith("/")
    path = os.path.abspath(dest)
    if os.path.islink(path):
        if not follow:
            raise bad_input(
                "dest_symlink", f"dest {path} is a symbolic link.", "Name the file itself or set follow to true, and run again."
            )
        try:
            path = os.path.realpath(path, strict=False)
        except OSError:
            path = dest
        if os.path.islink(path):
            raise bad_input("dest_symlink", f"dest {path} is a loop of symbolic links.", "Correct dest and run again.")
    if os.path.isdir(path):
        return path, None
    parent, name = os.path.split(path)
    if wants_directory or not name or not os.path.isdir(parent):
        raise unwritable(f"the directory {path if wants_directory else parent} is not there")
    return parent, name


def unwritable(why: str) -> Failure:
    return Failure("dest_unwritable", f"{why}.", "Correct dest or its permissions and run again.")


def os_failure(exc: OSError, what: str) -> Failure:
    """What a failed call on a file means to the user."""
    if exc.errno in _NO_SPACE:
        return Failure("no_space", f"{what}: {exc.strerror}.", "Make room and run again.")
    return unwritable(f"{what}: {exc.strerror}")


class Folder:
    """An open directory. Names given to its methods are plain names, never paths. make: a private one, if it is not there."""

    def __init__(self, path: str, *, make: bool = False) -> None:
        self.path = path
        try:
            if make:
                os.makedirs(path, mode=0o700, exist_ok=True)
            self.fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as exc:
            raise os_failure(exc, f"the directory {path} cannot be opened") from None

    def close(self) -> None:
        os.close(self.fd)

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *exc: t.Any) -> None:
        self.close()

    def check_writable(self) -> None:
        """Fail when a file cannot be made here, as far as that can be told without making one."""
        room = os.fstatvfs(self.fd)
        if room.f_flag & os.ST_RDONLY:
            raise unwritable(f"the file system of {self.path} is read-only")
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise unwritable(f"the directory {self.path} may not be written to")

    def free(self) -> int:
        """Bytes that this user can still write."""
        room = os.fstatvfs(self.fd)
        return room.f_bavail * room.f_frsize

    def look(self, name: str) -> os.stat_result | None:
        """The regular file of this name; None when there is nothing. Fails for a link, a directory or a device."""
        try:
            found = os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise os_failure(exc, f"{self.path}/{name} cannot be looked at") from None
        if stat.S_ISLNK(found.st_mode):
            raise bad_input("dest_symlink", f"{self.path}/{name} is a symbolic link.", "Remove it or name another file, and run again.")
        if not stat.S_ISREG(found.st_mode):
            raise unwritable(f"{self.path}/{name} is there and is no regular file")
        return found

    def sha256(self, name: str) -> str | None:
        """The digest of a file in hex; None when it cannot be read."""
        digest = hashlib.sha256()
        try:
            fd = self._open(name)
        except OSError:
            return None
        try:
            buffer = bytearray(PIECE)
            view = memoryview(buffer)
            while count := os.readv(fd, [buffer]):
                digest.update(view[:count])
        except OSError:
            return None
        finally:
            os.close(fd)
        return digest.hexdigest()

    def set_mode(self, name: str, mode: int) -> None:
        try:
            fd = self._open(name)
            try:
                os.fchmod(fd, mode)
            finally:
                os.close(fd)
        except OSError as exc:
            raise os_failure(exc, f"the mode of {self.path}/{name} cannot be set") from None

    def names(self) -> list[str]:
        return sorted(os.listdir(self.fd))

    def temporary(self, label: str) -> Temporary:
        """A new private file to write to; see :class:`Temporary`."""
        return Temporary(self, label)

    def sweep(self, now: float) -> None:
        """Remove temporary files of runs that are gone: ours, an hour old (``now``: wall clock), and locked by nobody."""
        for name in self.names():
            if not _TEMPORARY.fullmatch(name):
                continue
            try:
                fd = self._open(name)
            except OSError:
                continue
            try:
                found = os.fstat(fd)
                if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and now - found.st_mtime > LEFTOVER:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(name, dir_fd=self.fd)
            except OSError:
                continue  # somebody is still writing to it, or it is gone already
            finally:
                os.close(fd)

    # -- small records -------------------------------------------------------------------------------------------

    def read_json(self, name: str) -> dict[str, t.Any] | None:
        """A record; None when there is none that can be trusted: not ours, writable for others, too large, no JSON."""
        try:
            fd = self._open(name)
        except OSError:
            return None
        try:
            found = os.fstat(fd)
            private = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if not stat.S_ISREG(found.st_mode) or not private or found.st_size > MAX_JSON:
                return None
            value = json.loads(os.read(fd, MAX_JSON))
        except (OSError, ValueError, RecursionError):
            return None
        finally:
            os.close(fd)
        return value if isinstance(value, dict) else None

    def write_json(self, name: str, value: t.Mapping[str, t.Any]) -> None:
        with self.temporary(name) as file:
            file.write(json.dumps(value, indent=1, sort_keys=True).encode() + b"\n")
            file.commit(name, 0o600)

    def remove(self, name: str) -> None:
        """Remove a record, if it is there."""
        try:
            os.unlink(name, dir_fd=self.fd)
        except OSError:
            return

    def _open(self, name: str) -> int:
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.fd)


class Temporary:
    """A file under a name of its own, 0600 from its first byte and locked while we live. Unless committed it is removed."""

    def __init__(self, folder: Folder, label: str) -> None:
        self._folder = folder
        self._flusher: threading.Thread | None = None
        self._flush_error: OSError | None = None
        self._name: str | None = f".{label[:160]}.{os.urandom(8).hex()}.groundwork-part"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._fd = os.open(self._name, flags, 0o600, dir_fd=folder.fd)
        except OSError as exc:
            raise os_failure(exc, f"no file can be made in {folder.path}") from None
        try:
            os.fchmod(self._fd, 0o600)  # whatever the umask says
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return  # a file system without locks or modes: an hour of silence then counts as gone

    def __enter__(self) -> Temporary:
        return self

    def __exit__(self, *exc: t.Any) -> None:
        if self._name is not None:
            self._folder.remove(self._name)
            self._name = None
        if self._flusher is not None:
            self._flusher.join()
        os.close(self._fd)

    def write(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as exc:
            raise os_failure(exc, f"writing in {self._folder.path} failed") from None

    def flush(self) -> None:
        """Let the disk begin with what was written, so that the end does not have to wait for all of it. Returns at once."""
        if self._flusher is None or not self._flusher.is_alive():
            self._settle()
            self._flusher = threading.Thread(target=self._flush, name="groundwork-flush", daemon=True)
            self._flusher.start()

    def _flush(self) -> None:
        try:
            os.fdatasync(self._fd)
        except OSError as exc:
            self._flush_error = exc  # the system tells it once only

    def _settle(self) -> None:
        if self._flusher is not None:
            self._flusher.join()
            self._flusher = None
        if self._flush_error is not None:
            error, self._flush_error = self._flush_error, None
            raise os_failure(error, f"writing in {self._folder.path} failed")

    def restart(self) -> None:
        """Empty it."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)

    def commit(self, name: str, mode: int) -> None:
        """Make it the file ``name``: mode, synced to disk, renamed, directory synced. What was there is replaced."""
        self._settle()
        try:
            os.fchmod(self._fd, mode)
            os.fsync(self._fd)
            os.rename(t.cast(str, self._name), name, src_dir_fd=self._folder.fd, dst_dir_fd=self._folder.fd)
            self._name = None
            os.fsync(self._folder.fd)
        except OSError as exc:
            raise os_failure(exc, f"{self._folder.path}/{name} could not be put in place") from None
