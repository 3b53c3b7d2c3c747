# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this stream a whole tar.gz? Told while it passes by: nothing is extracted, nothing is kept.

Two proofs in one: the trailer of gzip (checksum and length of all that was packed), and a walk from tar header to tar
header, each with its own checksum, to the end. The second is there because an error page can be gzip too.
"""

from __future__ import annotations

import re
import zlib

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure

GZIP_MAGIC = b"\x1f\x8b\x08"
BLOCK = 512
PACKED = 32 * 1024  # looked at at a time; what zlib leaves over of it is copied
PIECE = 64 * 1024  # unpacked at a time; larger ones would be new memory from the system each time
MAX_MEMBERS = 1_000_000
MAX_UNPACKED = 16 * 1024**4
MAX_PAX = 1024 * 1024

# Members of these types carry no data, whatever their size field says (links, devices, directories).
_WITHOUT_DATA = b"123456"
_PAX_SIZE = re.compile(rb"(?:^|\n)\d+ size=(\d{1,19})\n")


class Broken(Exception):
    """Not a whole tar.gz. why: one sentence. cut: it only ends too early."""

    def __init__(self, why: str, *, cut: bool = False) -> None:
        super().__init__(why)
        self.why, self.cut = why, cut

    def failure(self, what: str) -> Failure:
        return Failure("bad_archive", self.why, "Look at the export on the server, and export it again.", what=what)


class TarGz:
    """``feed`` it every byte in order, then call ``finish``. Both raise :class:`Broken`."""

    def __init__(self) -> None:
        self._gzip = zlib.decompressobj(31)
        self._begin = b""
        self._members = 0  # gzip members that ended; programs that pack in parallel write many
        self._inside = False
        self._padding = False
        self._tar = TarWalk()

    @property
    def files(self) -> int:
        """Members of the tar archive so far."""
        return self._tar.members

    def feed(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        if len(self._begin) < len(GZIP_MAGIC):
            self._begin += view[: len(GZIP_MAGIC) - len(self._begin)]
            if not GZIP_MAGIC.startswith(self._begin):
                raise Broken("what the server sent is no gzip archive (an error page, perhaps).")
        for at in range(0, len(view), PACKED):
            self._unpack(view[at : at + PACKED])

    def _unpack(self, data: bytes | memoryview) -> None:
        while data:
            if not self._inside and self._members and data[0] != GZIP_MAGIC[0]:
                self._padding = True
            if self._padding:  # zeros that fill up a record
                if bytes(data).strip(b"\0"):
                    raise Broken("something follows the end of the gzip archive.")
                return
            self._inside = True
            try:
                self._tar.feed(self._gzip.decompress(data, PIECE))
            except zlib.error:
                raise Broken("the gzip archive is broken: its data or its checksum is wrong.") from None
            data = self._gzip.unconsumed_tail
            if self._gzip.eof:
                data = self._gzip.unused_data
                self._members, self._inside = self._members + 1, False
                self._gzip = zlib.decompressobj(31)

    def finish(self) -> None:
        if self._inside or not self._members:
            raise Broken("the archive ends too early.", cut=True)
        self._tar.finish()


class TarWalk:
    """Goes from header to header of a tar stream (ustar, GNU and pax), skipping the data."""

    def __init__(self) -> None:
        self.members = 0
        self._total = 0
        self._skip = 0  # bytes of data, with their padding, still to pass
        self._block = b""  # a header that is not complete yet
        self._pax: bytearray | None = None  # the content of a pax header for the next member
        self._pax_left = 0
        self._size: int | None = None  # size told by a pax header
        self._extended = False  # a GNU sparse header goes on in the next block
        self._data_after = 0
        self._ended = False

    def feed(self, data: bytes) -> None:
        self._total += len(data)
        if self._total > MAX_UNPACKED:
            raise Broken("the archive unpacks to more than is plausible.")
        at, end = 0, len(data)
        while at < end:
            if self._ended:
                return  # after the end mark tar allows anything
            if self._skip:
                step = min(self._skip, end - at)
                if self._pax is not None and self._pax_left:
                    kept = min(step, self._pax_left)
                    self._pax += data[at : at + kept]
                    self._pax_left -= kept
                self._skip -= step
                at += step
                continue
            need = BLOCK - len(self._block)
            self._block += data[at : at + need]
            at += need
            if len(self._block) == BLOCK:
                block, self._block = self._block, b""
                self._header(block)

    def finish(self) -> None:
        if self._skip or self._block or self._extended:
            raise Broken("the tar archive ends in the middle of a file.")
        if not self.members:
            raise Broken("the tar archive holds no files.")

    def _header(self, block: bytes) -> None:
        if self._extended:
            self._extended = bool(block[504])
            if not self._extended:
                self._skip = self._data_after
            return
        if block.count(0) == BLOCK:
            self._ended = True
            return
        if _number(block[148:156]) not in _sums(block):
            raise Broken("what is packed is no tar archive, or one of its headers is damaged.")
        self.members += 1
        if self.members > MAX_MEMBERS:
            raise Broken("the archive holds more files than is plausible.")
        size = _number(block[124:136])
        kind = block[156:157]
        if self._pax is not None:
            told = _PAX_SIZE.search(self._pax)
            self._size = int(told.group(1)) if told else self._size
            self._pax = None
        if kind not in (b"x", b"g", b"L", b"K"):
            size, self._size = size if self._size is None else self._size, None
        if size is None or size < 0:
            raise Broken("a header of the tar archive tells no valid size.")
        if kind in _WITHOUT_DATA:
            size = 0
        if kind == b"x":
            if size > MAX_PAX:
                raise Broken("a header of the tar archive is larger than is plausible.")
            self._pax, self._pax_left = bytearray(), size
        padded = -(-size // BLOCK) * BLOCK
        if kind == b"S" and block[482]:
            self._extended, self._data_after = True, padded
        else:
            self._skip = padded


def _sums(block: bytes) -> tuple[int, int]:
    """The header's checksum, its own field counted as blanks; some old programs added the bytes as signed."""
    rest = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(rest)
    return unsigned, unsigned - 256 * sum(byte > 127 for byte in rest)


def _number(field: bytes) -> int | None:
    """An octal number, or GNU's binary form for large ones; None when it is neither."""
    if field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big", signed=False) - (256 ** (len(field) - 1) if field[0] == 0xFF else 0)
    text = field.split(b"\0", 1)[0].strip()
    try:
        return int(text, 8) if text else 0
    except ValueError:
        return None
