# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetch a tar.gz: stream it to a private temporary file, resume where it broke off, verify it.

Memory stays flat whatever the size: pieces go to the file and, over a short queue, to a second thread that computes the
digest and walks through the archive in the same pass. Nothing is put in place here; that is the caller's last step.
"""

from __future__ import annotations

import dataclasses
import hashlib
import queue
import re
import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._archive import Broken, TarGz
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder, Temporary
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import digits
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Answer, check_status

PIECE = 256 * 1024
QUEUED = 16  # pieces on their way to the second thread
FLUSH = 64 * 1024 * 1024
MAX_RESUMES = 5
RESUME_PAUSE = 0.5  # seconds, doubled each time
MISSING_PAUSE = 1.0

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Fetched:
    """A whole file in the temporary place. files: members of the archive. resumes: how often it broke off."""

    size: int
    sha256: str
    files: int
    resumes: int


@dataclasses.dataclass(frozen=True)
class Limits:
    """timeout: seconds for all of it. max_size: bytes. patience: seconds in which a 404 means "not there yet"."""

    timeout: float
    max_size: int
    patience: float = 0.0


def fetch(client: Client, path: str, folder: Folder, file: Temporary, limits: Limits, *, what: str) -> Fetched:
    """Download ``path`` into ``file``. Raises :class:`Failure`; ``file`` is then of no use."""
    stream = _Stream(client, path, folder, file, limits, what)
    try:
        return stream.run()
    except Broken as broken:
        raise broken.failure(what) from None
    finally:
        stream.judge.abandon()


class _Stream:
    """One download with its resumptions."""

    def __init__(self, client: Client, path: str, folder: Folder, file: Temporary, limits: Limits, what: str) -> None:
        self.client, self.path, self.folder, self.file, self.limits, self.what = client, path, folder, file, limits, what
        self.deadline = Deadline(client.clock, limits.timeout)
        self.patience = Deadline(client.clock, limits.patience)
        self.have = 0
        self.total: int | None = None
        self.validator = ""
        self.spliced = False  # what we have came in more than one reply
        self.breaks = 0
        self.judge = _Judge()

    def run(self) -> Fetched:
        while True:
            try:
                if not self._once():
                    continue
                sha256, files = self.judge.verdict()
                return Fetched(self.have, sha256, files, self.breaks)
            except Broken as broken:
                # Cut short, or put together from two replies of what was not the same file after all: once more.
                if not (broken.cut or self.spliced):
                    raise
                self._break_off(broken.why, whole=not broken.cut or self.have == self.total)
            except Failure as failure:
                if self.deadline.passed():
                    raise self._failure("download_timeout", f"the file was not here within {self.limits.timeout:g} s.", failure) from None
                if not failure.transient:
                    raise failure.about(what=self.what, system=self.client.system) from None
                self._break_off(failure.why, failure=failure)

    def _once(self) -> bool:
        """One request. True when its body came to its end, False when the file is not there yet."""
        headers = {"Range": f"bytes={self.have}-", "If-Range": self.validator} if self.have else {}
        if self.deadline.passed():
            raise Failure("download_timeout", "the time for the download is over.")
        with self.client.download(self.path, headers=headers, timeout=self.deadline.left(), what=self.what) as answer:
            if answer.status == 404 and not self.patience.passed():
                self.client.clock.sleep(min(MISSING_PAUSE, max(self.patience.left(), 0.01)))
                return False
            if answer.status == 416 and self.have:
                self._from_the_start()
                return False
            check_status(answer, starts=False, what=self.what, place=self.client.transport.endpoint.place)
            self._begin(answer)
            flushed = self.have
            while count := answer.fill(self.judge.buffer()):
                self.have += count
                if self.have > self.limits.max_size:
                    raise self._too_large(self.have)
                self.file.write(self.judge.buffer()[:count])
                self.judge.feed(count)
                if self.have - flushed >= FLUSH:
                    flushed = self.have
                    self.file.flush()
        if self.total is not None and self.have != self.total:
            raise Broken(f"{self.have} of {self.total} bytes came.", cut=True)
        return True

    def _begin(self, answer: Answer) -> None:
        """Settle where this reply begins, and what it promises."""
        told = _content_range(answer.headers) if answer.status == 206 else None
        if self.have:
            same = told is not None and told[0] == self.have and told[2] in (None, self.total if self.total is not None else told[2])
            if same and answer.headers.get("ETag", self.validator) == self.validator:
                self.spliced = True
            elif answer.status == 206:
                raise self._bad_range()
            else:
                self._from_the_start()
        elif answer.status == 206:
            raise self._bad_range()
        length = digits(answer.headers.get("Content-Length"))
        if length is not None:
            self.total = self.have + length
        elif told is not None:
            self.total = told[2]
        if self.total is not None:
            if self.total > self.limits.max_size:
                raise self._too_large(self.total)
            if self.total - self.have > self.folder.free():
                raise Failure(
                    "no_space", f"the file has {self.total} bytes, more than {self.folder.path} has room for.", "Make room and run again."
                )
        etag = answer.headers.get("ETag", "")
        self.validator = etag if etag.startswith('"') and etag.endswith('"') and len(etag) > 2 else ""

    def _break_off(self, why: str, *, whole: bool = False, failure: Failure | None = None) -> None:
        """Count a break and get ready for the next request. whole: what we have cannot be added to."""
        self.breaks += 1
        if self.breaks > MAX_RESUMES:
            raise self._failure(
                "download_incomplete", f"the download broke off {self.breaks} times; the last time: {why.rstrip('.')}.", failure
            ) from None
        if whole or not self.validator:
            self._from_the_start()
        told = failure.retry_after if failure is not None else None
        pause = RESUME_PAUSE * 2 ** (self.breaks - 1) if told is None else told
        self.client.clock.sleep(min(pause, max(self.deadline.left(), 0)))

    def _from_the_start(self) -> None:
        self.judge.abandon()
        self.judge = _Judge()
        self.file.restart()
        self.have, self.total, self.validator, self.spliced = 0, None, "", False

    def _bad_range(self) -> Failure:
        if self.have:
            self._from_the_start()
        return Failure("bad_reply", "the server answered with another part of the file than was asked for.", transient=True)

    def _too_large(self, size: int) -> Failure:
        return Failure(
            "too_large",
            f"the file has {size} bytes or more, and max_size is {self.limits.max_size}.",
            "Look at the export, or raise max_size, and run again.",
        )

    def _failure(self, code: str, why: str, last: Failure | None) -> Failure:
        return Failure(
            code,
            why,
            "Check the network and run again.",
            what=self.what,
            system=self.client.system,
            status=last.status if last else None,
            server_message=last.server_message if last else None,
        )


class _Judge:
    """The second thread: digest and archive, in the order of the bytes. What it finds wrong is raised by the first.

    The bytes go over in a few buffers that are used again and again.
    """

    def __init__(self) -> None:
        self._free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
        for _number in range(QUEUED):
            self._free.put(memoryview(bytearray(PIECE)))
        self._queue: queue.Queue[tuple[memoryview, int] | None] = queue.Queue()
        self._digest, self._archive = hashlib.sha256(), TarGz()
        self._error: BaseException | None = None
        self._mine: memoryview | None = None
        self._thread = threading.Thread(target=self._work, name="groundwork-archive", daemon=True)
        self._thread.start()

    def buffer(self) -> memoryview:
        """Where the next bytes belong: the same until :meth:`feed`. Waits while the second thread has all of them."""
        if self._mine is None:
            self._mine = self._free.get()
        return self._mine

    def feed(self, count: int) -> None:
        """Hand over the first ``count`` bytes of the buffer."""
        if self._error is not None:
            raise self._error
        self._queue.put((self.buffer(), count))
        self._mine = None

    def verdict(self) -> tuple[str, int]:
        """(sha256, number of files) of all that was fed so far. Raises :class:`Broken`; after a ``cut`` one more may be fed."""
        self._queue.join()
        if self._error is not None:
            raise self._error
        self._archive.finish()
        return self._digest.hexdigest(), self._archive.files

    def abandon(self) -> None:
        """End the thread."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            buffer, count = item
            try:
                if self._error is None:  # else drained only, so that the first thread is never stuck
                    self._digest.update(buffer[:count])
                    self._archive.feed(buffer[:count])
            except BaseException as exc:
                self._error = exc
            finally:
                self._free.put(buffer)
                self._queue.task_done()


def _content_range(headers: t.Mapping[str, str]) -> tuple[int, int, int | None] | None:
    match = _CONTENT_RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if match is None:
        return None
    return int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])
