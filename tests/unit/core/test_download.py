# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A download that breaks off goes on, or begins anew; what is not verified never counts."""

from __future__ import annotations

import gzip
import hashlib
import io
import random
import resource
import tarfile
import threading
import tracemalloc

import pytest
from chaos.wire import head

from ansible_collections.groundwork.provision.plugins.module_utils import _download
from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth
from ansible_collections.groundwork.provision.plugins.module_utils._download import MAX_RESUMES, Limits, fetch
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder

STRONG = ("ETag", '"a1"')


def archive(size=50_000):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as packed:
        entry = tarfile.TarInfo("payload")
        entry.size = size
        packed.addfile(entry, io.BytesIO(random.Random(size).randbytes(size)))
    return out.getvalue()


FILE = archive()


class FileServer:
    """Serves ``data`` with ranges. cuts: where each reply in turn ends (a byte of the whole file); then none.

    how: fin or reset. told: whether the length is told. etag: the header, or None. honest: whether ranges are served.
    """

    def __init__(self, data=FILE, cuts=(), *, how="fin", told=True, etag=STRONG, ranges=True):
        self.data, self.cuts, self.how, self.told, self.etag, self.ranges = data, list(cuts), how, told, etag, ranges

    def __call__(self, request, wire):
        start = 0
        asked = request.headers.get("range")
        if asked and self.ranges and self.etag and request.headers.get("if-range") == self.etag[1]:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        headers = [("Content-Type", "application/gzip"), *([self.etag] if self.etag else [])]
        if asked and start >= len(self.data):
            wire.reply(416, b"", headers)
            return
        if start:
            headers.append(("Content-Range", f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"))
        if self.told:
            headers.append(("Content-Length", str(len(self.data) - start)))
        else:
            headers.append(("Connection", "close"))
        end = self.cuts.pop(0) if self.cuts else len(self.data)
        wire.send(head(206 if start else 200, headers) + self.data[start : max(end, start)])
        if end < len(self.data):
            getattr(wire, self.how)()
        elif not self.told:
            wire.fin()


def in_turn(*responders):
    """Each of them once, the last for ever."""
    turns, last = iter(responders), responders[-1]

    def respond(request, wire):
        next(turns, last)(request, wire)

    return respond


@pytest.fixture
def get(serve, client_of, tmp_path):
    """``get(respond)`` downloads from such a server; ``(Fetched, bytes, server)``."""

    def run(respond, auth=None, limits=None, timeout=5.0, keep=True):
        server = serve(respond)
        client = client_of(server, auth, timeout=timeout)
        with Folder(str(tmp_path)) as folder, folder.temporary("x") as file:
            run.server = server
            fetched = fetch(client, "/file", folder, file, limits or Limits(60.0, 1 << 40), what="download it")
            file.commit("x", 0o600)
        return fetched, (tmp_path / "x").read_bytes() if keep else b"", server

    return run


def code(get, respond, **options):
    with pytest.raises(Failure) as caught:
        get(respond, **options)
    return caught.value.code


def ranges(server):
    return [request.headers.get("range") for request in server.requests]


def test_the_plain_case(get):
    fetched, data, server = get(FileServer())
    assert data == FILE
    assert fetched.size == len(FILE)
    assert fetched.sha256 == hashlib.sha256(FILE).hexdigest()
    assert (fetched.files, fetched.resumes) == (1, 0)
    assert ranges(server) == [None]
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("how", ["fin", "reset"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("etag", [STRONG, ("ETag", 'W/"a1"'), None], ids=["strong", "weak", "none"])
def test_cut_anywhere(get, how, told, etag):
    """At 25 places each, 300 in all: the file is whole at the end, resumed only on a strong validator."""
    for place in range(25):
        cut = 1 + place * (len(FILE) - 2) // 24
        fetched, data, server = get(FileServer(cuts=[cut], how=how, told=told, etag=etag))
        assert data == FILE
        assert fetched.resumes == 1
        assert len(server.requests) == 2
        if etag != STRONG:
            assert ranges(server) == [None, None]
        elif how == "fin":
            assert ranges(server) == [None, f"bytes={cut}-"]
            assert server.requests[1].headers["if-range"] == '"a1"'


def test_cut_again_and_again(get):
    cuts = [len(FILE) * n // 6 for n in range(1, 6)]
    fetched, data, server = get(FileServer(cuts=cuts))
    assert data == FILE
    assert fetched.resumes == MAX_RESUMES
    assert ranges(server) == [None, *(f"bytes={cut}-" for cut in cuts)]


def test_cut_too_often(get):
    with pytest.raises(Failure) as caught:
        get(FileServer(cuts=[1000 * n for n in range(1, 20)]))
    assert caught.value.code == "download_incomplete"
    assert "broke off 6 times" in caught.value.message()
    assert len(get.server.requests) == MAX_RESUMES + 1


def test_the_pauses_grow(get, clock):
    get(FileServer(cuts=[100, 200, 300]))
    assert clock.slept == [0.5, 1.0, 2.0]


def test_a_server_that_forgets_the_range(get):
    fetched, data, _server = get(FileServer(cuts=[1000], ranges=False))
    assert data == FILE
    assert fetched.resumes == 1


def test_a_file_that_changes_between_two_replies(get):
    """The validator is another one: the server sends the whole, and the first part is thrown away."""
    other = archive(40_000)
    fetched, data, _server = get(in_turn(FileServer(cuts=[20_000]), FileServer(other, etag=("ETag", '"b2"'))))
    assert data == other
    assert fetched.resumes == 1


def halves(letter):
    """The two gzip members of an archive that was packed in parallel; those of two letters differ in nothing but their bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as packed:
        for name in ("first", "second"):
            entry = tarfile.TarInfo(name)
            entry.size = 20_480
            packed.addfile(entry, io.BytesIO(letter * entry.size))
    tar = out.getvalue()
    middle = 512 + 20_480
    return gzip.compress(tar[:middle], 0, mtime=0), gzip.compress(tar[middle:], 0, mtime=0)


@pytest.mark.parametrize("etag", [("ETag", '"b2"'), ("ETag", 'W/"a1"'), ("ETag", "a1")])
def test_a_part_of_another_file_is_never_added(get, etag):
    """A server that takes no notice of If-Range: what it sends fits in place and proof, but is of the file that stands there now."""
    ours, other = halves(b"a"), halves(b"b")
    assert [len(part) for part in ours] == [len(part) for part in other]
    size = len(ours[0] + ours[1])

    def rest(request, wire):
        assert request.headers["range"] == f"bytes={len(ours[0])}-"
        wire.reply(206, other[1], [etag, ("Content-Range", f"bytes {len(ours[0])}-{size - 1}/{size}")])

    whole = FileServer(other[0] + other[1], etag=("ETag", '"b2"'))
    _fetched, data, server = get(in_turn(FileServer(ours[0] + ours[1], cuts=[len(ours[0])]), rest, whole))
    assert data == other[0] + other[1]
    assert ranges(server)[2] is None


def test_a_part_without_a_validator_of_its_own_is_taken_for_the_one_that_was_asked_for(get):
    """If-Range has said which file is meant, and 206 says that this is it."""

    def rest(request, wire):
        wire.reply(206, FILE[20_000:], [("Content-Range", f"bytes 20000-{len(FILE) - 1}/{len(FILE)}")])

    fetched, data, server = get(in_turn(FileServer(cuts=[20_000]), rest))
    assert (data, fetched.resumes, len(server.requests)) == (FILE, 1, 2)


def test_a_file_that_changes_under_the_same_validator(get):
    """The proof fails, and since it was put together of two replies it is fetched once more."""
    other = archive(50_001)
    fetched, data, server = get(in_turn(FileServer(cuts=[20_000]), FileServer(other)))
    assert data == other
    assert ranges(server)[0::2] == [None, None]
    assert fetched.resumes == 2


@pytest.mark.parametrize(
    "content_range", ["bytes 7-99/100", "bytes 0-99/100", "bytes 1000-1001/3", "lines 1000-2000/50000", ""]
)  # fmt: skip
def test_the_wrong_part(get, content_range):
    def respond(request, wire):
        if "range" in request.headers:
            wire.reply(206, FILE[1000:], [STRONG, ("Content-Range", content_range)])
        else:
            FileServer(cuts=[1000])(request, wire)

    assert code(get, respond) == "download_incomplete"


def test_a_part_that_nobody_asked_for(get):
    assert code(get, lambda request, wire: wire.reply(206, FILE, [("Content-Range", f"bytes 0-{len(FILE) - 1}/{len(FILE)}")])) == (
        "download_incomplete"
    )


@pytest.mark.parametrize(
    "body",
    [b"<html>log in</html>", b'{"result":"failed"}', b"", gzip.compress(b"<html>" * 200), FILE + b"x", FILE[:5000] + b"?" + FILE[5001:]],
    ids=["a page", "JSON", "nothing", "packed, no tar", "more behind it", "a byte changed"],
)
def test_what_is_no_whole_archive(get, body):
    assert code(get, lambda request, wire: wire.reply(200, body)) in ("bad_archive", "download_incomplete")


def test_a_file_that_is_cut_on_the_server(get):
    assert code(get, FileServer(FILE[:-9])) == "download_incomplete"


def test_bytes_are_kept_as_they_are(get):
    """Content-Encoding: gzip said of a gzip file is not undone."""
    _fetched, data, _server = get(lambda request, wire: wire.reply(200, FILE, [("Content-Encoding", "gzip")]))
    assert data == FILE


def test_chunked(get):
    def respond(request, wire):
        wire.send(head(200, [("Transfer-Encoding", "chunked")]))
        for start in range(0, len(FILE), 7000):
            piece = FILE[start : start + 7000]
            wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        wire.send(b"0\r\n\r\n")

    assert get(respond)[1] == FILE


@pytest.mark.parametrize(
    "status, expected", [(403, "forbidden"), (404, "not_found"), (302, "redirect_refused"), (451, "unexpected_status")]
)
def test_a_definite_refusal_is_not_tried_again(get, status, expected):
    assert code(get, lambda request, wire: wire.reply(status)) == expected
    assert len(get.server.requests) == 1


def test_a_passing_error_is(get):
    turns = iter([503, 500])

    def respond(request, wire):
        status = next(turns, None)
        if status is None:
            FileServer()(request, wire)
        else:
            wire.reply(status, b"", [("Retry-After", "7")])

    assert get(respond)[0].resumes == 2


def test_an_error_in_the_middle_keeps_what_is_there(get):
    _fetched, data, server = get(in_turn(FileServer(cuts=[30_000]), lambda request, wire: wire.reply(503), FileServer()))
    assert data == FILE
    assert ranges(server) == [None, "bytes=30000-", "bytes=30000-"]


def test_not_there_yet(get, clock):
    turns = iter([404, 404, 404])

    def respond(request, wire):
        if next(turns, None):
            wire.reply(404)
        else:
            FileServer()(request, wire)

    assert get(respond, limits=Limits(60.0, 1 << 40, patience=10.0))[0].resumes == 0
    assert clock.slept == [1.0, 1.0, 1.0]


def test_never_there(get):
    assert code(get, lambda request, wire: wire.reply(404), limits=Limits(60.0, 1 << 40, patience=3.0)) == "not_found"
    assert len(get.server.requests) <= 6


def test_new_credentials_once(get):
    class Renewing(Auth):
        renewed = 0

        def headers(self, method, target):
            return {"X-Token": str(self.renewed)}

        def renew(self, transport, reply, sent):
            self.renewed += 1
            return True

    def respond(request, wire):
        if request.headers["x-token"] == "0":
            wire.reply(401)
        else:
            FileServer()(request, wire)

    assert get(respond, auth=Renewing())[1] == FILE
    assert code(get, lambda request, wire: wire.reply(401), auth=Renewing()) == "auth_failed"


def test_too_large(get):
    assert code(get, FileServer(), limits=Limits(60.0, 1000)) == "too_large"
    assert code(get, FileServer(told=False), limits=Limits(60.0, 40_000)) == "too_large"

    def huge(request, wire):
        wire.send(head(200, [("Content-Length", str(10**12))]))
        wire.stall()

    assert code(get, huge, limits=Limits(60.0, 10**9)) == "too_large"


def test_no_room_for_what_is_promised(get, monkeypatch):
    monkeypatch.setattr(Folder, "free", lambda self: 1000)
    with pytest.raises(Failure) as caught:
        get(FileServer())
    assert caught.value.code == "no_space"
    assert str(len(FILE)) in caught.value.message()


@pytest.mark.parametrize("size", range(0, 50_000, 1000))
def test_the_disk_is_full_in_the_middle(get, size, tmp_path):
    """Fifty places. The limit of a file's size stands for it; other files of the process are none."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        assert code(get, FileServer()) == "no_space"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_nothing_comes_for_a_while(get):
    """It goes on after ``timeout`` seconds of silence, not after the whole time for the download."""

    def stalling(request, wire):
        wire.send(head(200, [("Content-Length", str(len(FILE))), STRONG]) + FILE[:9000])
        wire.stall()

    fetched, data, _server = get(in_turn(stalling, FileServer()), timeout=0.3, limits=Limits(3600.0, 1 << 40))
    assert data == FILE
    assert fetched.resumes == 1


def test_a_byte_now_and_then(get):
    """No single wait is long; the time for the whole ends it."""

    def respond(request, wire):
        wire.send(head(200, [("Content-Length", "50000")]))
        wire.drip(FILE, 0.02)

    assert code(get, respond, limits=Limits(0.5, 1 << 40)) == "download_timeout"


def test_an_endless_stream(get):
    def respond(request, wire):
        wire.send(head(200, [("Connection", "close")]) + FILE)
        for _piece in range(1000):
            wire.send(bytes(65536))
        wire.fin()

    assert code(get, respond, limits=Limits(60.0, 5_000_000)) == "too_large"


def test_memory_stays_flat(get):
    """64 MB that unpack to as much: what is held at once is a few pieces."""
    big = archive(64_000_000)
    tracemalloc.start()
    try:
        base = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        fetched = get_size(get, big)
        peak = tracemalloc.get_traced_memory()[1] - base
    finally:
        tracemalloc.stop()
    assert fetched == len(big)
    assert peak < (_download.QUEUED + 8) * _download.PIECE + 8_000_000


def get_size(get, big):
    """Served from slices of one buffer, read back not at all."""
    view = memoryview(big)

    def respond(request, wire):
        wire.send(head(200, [("Content-Length", str(len(big)))]))
        for start in range(0, len(big), 65536):
            wire.send(view[start : start + 65536])

    try:
        return get(respond, keep=False)[0].size
    finally:
        view.release()


def test_no_thread_is_left(get):
    get(FileServer(cuts=[100, 200]))
    code(get, FileServer(FILE[:-9]))
    names = [thread.name for thread in threading.enumerate() if thread.name.startswith("groundwork-")]
    assert names == []


def test_much_comes_after_a_cut_whose_length_nobody_told(get):
    """More than the queue to the second thread holds: it must still be at work after the first verdict."""
    big = archive(3 * _download.QUEUED * _download.PIECE)
    fetched, data, _server = get(FileServer(big, cuts=[100_000], told=False))
    assert (data == big, fetched.resumes) == (True, 1)


def test_when_the_time_is_over_nothing_more_is_asked_for(serve, client_of, still, tmp_path):
    server = serve(lambda request, wire: wire.reply(404))
    client = client_of(server, clock=still)
    began = still.now
    with Folder(str(tmp_path)) as folder, folder.temporary("x") as file, pytest.raises(Failure) as caught:
        fetch(client, "/file", folder, file, Limits(3 * _download.MISSING_PAUSE, 1 << 40, patience=100.0), what="download it")
    assert (caught.value.code, len(server.requests)) == ("download_timeout", 3)
    assert still.now - began == 3 * _download.MISSING_PAUSE


@pytest.mark.parametrize("every, flushed", [(20_000, True), (1 << 30, False)])
def test_the_disk_begins_early_and_only_with_what_is_worth_it(get, monkeypatch, every, flushed):
    monkeypatch.setattr(_download, "FLUSH", every)
    flushes = []
    monkeypatch.setattr(_download.Temporary, "flush", lambda file: flushes.append(1))
    get(FileServer())
    assert bool(flushes) is flushed
    assert len(flushes) <= len(FILE) // 20_000
