# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is this a whole tar.gz? Every cut and every flipped bit is seen, whatever program packed it."""

from __future__ import annotations

import gzip
import io
import random
import tarfile

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _archive
from ansible_collections.groundwork.provision.plugins.module_utils._archive import Broken, TarGz, TarWalk

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def tar(form=tarfile.GNU_FORMAT, sizes=(0, 1, 511, 512, 513, 3000), name="file{}"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for number, size in enumerate(sizes):
            entry = tarfile.TarInfo(name.format(number))
            entry.size = size
            archive.addfile(entry, io.BytesIO(random.Random(number).randbytes(size)))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "file0"
        archive.addfile(link)
    return out.getvalue()


def judge(data, piece=1 << 20):
    proof = TarGz()
    for start in range(0, len(data), piece):
        proof.feed(data[start : start + piece])
    proof.finish()
    return proof.files


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("piece", [1, 7, 512, 100000])
def test_a_whole_archive_in_pieces_of_any_size(form, piece):
    packed = gzip.compress(tar(FORMATS[form]), mtime=0)
    assert judge(packed, piece) == 7


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_long_names_are_members_of_their_own(form):
    packed = gzip.compress(tar(FORMATS[form], name="directory/" * 30 + "ü{}"))
    assert judge(packed) == 7 + 6


def test_every_cut_is_seen():
    packed = gzip.compress(tar(sizes=(700, 20)), mtime=0)
    for end in range(len(packed)):
        with pytest.raises(Broken) as caught:
            judge(packed[:end])
        assert caught.value.cut is True


def test_every_flipped_bit_is_seen():
    """But where it means nothing: time and system in the header of gzip, bits that only fill up a byte, codes that do not occur."""
    plain = tar(sizes=(700, 20))
    packed = gzip.compress(plain, mtime=0)
    seen = 0
    for position in range(len(packed)):
        for bit in (0, 5, 7):
            broken = bytearray(packed)
            broken[position] ^= 1 << bit
            try:
                judge(bytes(broken))
            except Broken:
                seen += 1
            else:
                assert gzip.decompress(bytes(broken)) == plain, (position, bit)
    assert seen > 0.95 * 3 * len(packed)


def test_many_gzip_members_and_padding_of_zeros():
    plain = tar()
    packed = b"".join(gzip.compress(plain[start : start + 1000]) for start in range(0, len(plain), 1000))
    assert judge(packed, 100) == 7
    assert judge(packed + bytes(5000), 100) == 7


@pytest.mark.parametrize(
    "data, why",
    [
        (b"<html>please log in</html>", "no gzip"),
        (b'{"result": "failed"}', "no gzip"),
        (gzip.compress(b"<html>" * 500), "no tar"),
        (gzip.compress(b"short"), "middle of a file"),
        (gzip.compress(bytes(10240)), "no files"),
        (gzip.compress(b""), "no files"),
        (gzip.compress(tar()) + b"more", "follows the end"),
        (gzip.compress(tar()) + bytes(100) + b"x", "follows the end"),
        (gzip.compress(gzip.compress(tar())), "no tar"),
        (gzip.compress(tar()[:1500]), "middle of a file"),
        (b"", "too early"),
        (b"\x1f", "too early"),
    ],
    # gzip writes the time into its header: bytes would give each worker another name for the same test
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_no_archive(data, why):
    with pytest.raises(Broken) as caught:
        judge(data)
    assert why in caught.value.why


def header(kind=b"0", size=b"00000000000\0", name=b"x", extra=b""):
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = size
    block[156:157] = kind
    if extra:
        block[482 : 482 + len(extra)] = extra
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def walk(data):
    walked = TarWalk()
    walked.feed(data)
    walked.finish()
    return walked.members


def test_a_size_that_only_the_pax_header_tells():
    """A file of more than 8 GiB has it so; its own header may say 0."""
    record = b"17 size=000001000\n"
    pax = header(b"x", b"%011o\0" % len(record)) + record.ljust(512, b"\0")
    assert walk(pax + header(b"0") + bytes(1024) + header(b"0", name=b"next") + bytes(1024)) == 3
    with pytest.raises(Broken):
        walk(pax + header(b"0") + bytes(600))


def test_a_binary_size():
    assert walk(header(size=b"\x80" + (513).to_bytes(11, "big")) + bytes(1024) + bytes(1024)) == 1
    with pytest.raises(Broken, match="no valid size"):
        raise_why(header(size=b"\xff" * 12))
    with pytest.raises(Broken, match="no valid size"):
        raise_why(header(size=b"xxxxxxxxxxx\0"))


def raise_why(data):
    try:
        walk(data)
    except Broken as broken:
        raise Broken(broken.why) from None


def test_sparse_files_of_gnu_may_have_longer_headers():
    more = bytes(504) + b"\x01" + bytes(7)
    last = bytes(512)
    assert walk(header(b"S", b"%011o\0" % 10, extra=b"\x01") + more + last + bytes(512) + header() + bytes(1024)) == 2
    with pytest.raises(Broken):
        walk(header(b"S", b"%011o\0" % 10, extra=b"\x01") + more)


def test_a_directory_with_a_size_has_no_data():
    assert walk(header(b"5", b"%011o\0" % 4096) + header() + bytes(1024)) == 2


def test_caps(monkeypatch):
    monkeypatch.setattr(_archive, "MAX_MEMBERS", 5)
    with pytest.raises(Broken, match="more files"):
        raise_why(header() * 6)
    monkeypatch.setattr(_archive, "MAX_UNPACKED", 4000)
    with pytest.raises(Broken, match="unpacks to more"):
        judge(gzip.compress(tar()))
    with pytest.raises(Broken, match="larger than"):
        raise_why(header(b"x", b"%011o\0" % (2 * 1024 * 1024)))


def test_a_bomb_is_unpacked_in_small_pieces(monkeypatch):
    """100 MB of zeros after the end mark: seen piece by piece, none larger than the limit."""
    seen = []
    feed = TarWalk.feed
    monkeypatch.setattr(TarWalk, "feed", lambda self, data: (seen.append(len(data)), feed(self, data)))
    assert judge(gzip.compress(tar() + bytes(100_000_000))) == 7
    assert sum(seen) > 100_000_000
    assert max(seen) <= _archive.PIECE
