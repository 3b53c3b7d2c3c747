# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes of an exported OS-image profile: a real tar.gz of any size, made on the fly, the same each time.

The members are those that the page names: device drivers, boot files, metadata with the unattend file, custom files,
and a checksum. Their names are invented. One member is a payload of the wanted size, the same 32 KiB block over and
over. It is stored in gzip without compression, so that any byte range can be produced at once and a file of gigabytes
costs neither time nor memory; the checksum of the whole is computed from that of one block.
"""

from __future__ import annotations

import io
import json
import random
import tarfile
import zlib
from collections.abc import Iterator

BLOCK = 32768
_PIECE = 262144
# DEFLATE: a stored block of BLOCK bytes (not the last): header byte, length, its complement.
_STORED = b"\x00" + BLOCK.to_bytes(2, "little") + (BLOCK ^ 0xFFFF).to_bytes(2, "little")
_PAYLOAD = random.Random(1).randbytes(BLOCK)
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_POLYNOMIAL = 0xEDB88320


def _times(a: int, b: int) -> int:
    """Product of two polynomials modulo that of CRC-32, in its reflected form."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product


def crc_shift(length: int) -> int:
    """x to the power 8*length modulo the polynomial: what `length` more bytes do to a CRC."""
    result, power, count = 1 << 31, 1 << 30, 8 * length
    while count:
        if count & 1:
            result = _times(result, power)
        power = _times(power, power)
        count >>= 1
    return result


def crc_join(first: int, second: int, length_of_second: int) -> int:
    """CRC-32 of two pieces put together."""
    return _times(crc_shift(length_of_second), first) ^ second


def crc_repeated(crc: int, length: int, times: int) -> int:
    """CRC-32 of a piece of this CRC and length, `times` in a row."""
    result, done = 0, 0
    piece, piece_length = crc, length
    while times:
        if times & 1:
            result = crc_join(result, piece, piece_length)
            done += piece_length
        piece = crc_join(piece, piece, piece_length)
        piece_length *= 2
        times >>= 1
    return result


class ExportFile:
    """One export: its length, its ETag, and its bytes from any offset."""

    def __init__(self, profile_id: str, stamp: str, size: int) -> None:
        count, rest = divmod(max(size, 0), BLOCK)
        payload_rest = _PAYLOAD[:rest]
        payload_crc = crc_join(crc_repeated(zlib.crc32(_PAYLOAD), BLOCK, count), zlib.crc32(payload_rest), rest)
        metadata = json.dumps({"id": profile_id, "exported": stamp, "unattend": "unattend/unattend.xml"}).encode()
        members = {
            "boot/boot.wim": _PAYLOAD[:512], "metadata/profile.json": metadata,
            "unattend/unattend.xml": b"<unattend><!-- simulated --></unattend>\n",
            "custom/postinstall.sh": b"#!/bin/sh\nexit 0\n",
        }
        sums = "".join(f"{zlib.crc32(data):08x}  {name}\n" for name, data in members.items())
        members["checksum.crc32"] = f"{sums}{payload_crc:08x}  drivers/payload.bin\n".encode()
        head = b"".join(_member(name, data) for name, data in members.items())
        head += _header("drivers/payload.bin", size)
        tail = payload_rest + bytes(-size % 512) + bytes(1024)
        tail += bytes(-(len(head) + count * BLOCK + len(tail)) % tarfile.RECORDSIZE)
        crc = crc_join(zlib.crc32(head), crc_repeated(zlib.crc32(_PAYLOAD), BLOCK, count), count * BLOCK)
        crc = crc_join(crc, zlib.crc32(tail), len(tail))
        plain = len(head) + count * BLOCK + len(tail)
        self._front = _GZIP_HEADER + _stored(head, last=False)
        self._unit = _STORED + _PAYLOAD
        # Enough repetitions that a piece can be cut out at any offset.
        self._units = self._unit * (_PIECE // len(self._unit) + 2)
        self._repeated = count * len(self._unit)
        self._back = _stored(tail, last=True) + crc.to_bytes(4, "little") + (plain & 0xFFFFFFFF).to_bytes(4, "little")
        self.length = len(self._front) + self._repeated + len(self._back)
        self.etag = f"{zlib.crc32(profile_id.encode()):08x}-{stamp}-{self.length:x}"

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` up to (not with) `end`, in pieces."""
        middle = len(self._front)
        back = middle + self._repeated
        while start < end:
            if start < middle:
                piece = self._front[start:min(end, start + _PIECE)]
            elif start < back:
                offset = (start - middle) % len(self._unit)
                piece = self._units[offset:offset + min(end - start, back - start, _PIECE)]
            else:
                piece = self._back[start - back:min(end - back, start - back + _PIECE)]
            start += len(piece)
            yield piece


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mode = 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _member(name: str, data: bytes) -> bytes:
    return _header(name, len(data)) + data + bytes(-len(data) % 512)


def _stored(data: bytes, last: bool) -> bytes:
    """Bytes as DEFLATE blocks without compression."""
    result = io.BytesIO()
    for start in range(0, len(data), 65535):
        piece = data[start:start + 65535]
        final = last and start + 65535 >= len(data)
        result.write(bytes([final]) + len(piece).to_bytes(2, "little") + (len(piece) ^ 0xFFFF).to_bytes(2, "little"))
        result.write(piece)
    return result.getvalue()
