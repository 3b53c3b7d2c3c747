# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are put in place whole, links that are not followed, leftovers, records."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import resource
import stat
from pathlib import Path

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder, locate


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "here").mkdir()
    with Folder(str(tmp_path / "here")) as opened:
        yield opened


def code(call, *arguments):
    with pytest.raises(Failure) as caught:
        call(*arguments)
    return caught.value.code


def test_locate(tmp_path):
    (tmp_path / "file").write_text("x")
    assert locate(str(tmp_path / "file"), False) == (str(tmp_path), "file")
    assert locate(str(tmp_path / "new"), False) == (str(tmp_path), "new")
    assert locate(str(tmp_path), False) == (str(tmp_path), None)
    assert locate(f"{tmp_path}/", False) == (str(tmp_path), None)
    assert code(locate, str(tmp_path / "no" / "file"), False) == "dest_unwritable"
    assert code(locate, f"{tmp_path}/no/", False) == "dest_unwritable"
    assert code(locate, str(tmp_path / "file" / "below"), False) == "dest_unwritable"
    assert code(locate, f"{tmp_path}/file/", False) == "dest_unwritable"


@pytest.mark.parametrize("target", ["file", "directory", "nothing", "itself"])
def test_locate_and_links(tmp_path, target):
    (tmp_path / "file").write_text("x")
    (tmp_path / "directory").mkdir()
    link = tmp_path / "link"
    link.symlink_to(link if target == "itself" else tmp_path / target)
    assert code(locate, str(link), False) == "dest_symlink"
    if target == "itself":
        assert code(locate, str(link), True) == "dest_symlink"
    elif target == "directory":
        assert locate(str(link), True) == (str(tmp_path / "directory"), None)
    else:
        assert locate(str(link), True) == (str(tmp_path), target)


def test_private_from_the_first_byte_and_put_in_place(folder):
    old = os.umask(0)
    try:
        with folder.temporary("name") as file:
            (name,) = folder.names()
            assert os.stat(f"{folder.path}/{name}").st_mode & 0o777 == 0o600
            file.write(b"abc")
            file.flush()
            file.write(b"def")
            file.commit("name", 0o640)
    finally:
        os.umask(old)
    assert folder.names() == ["name"]
    found = folder.look("name")
    assert (found.st_mode & 0o777, found.st_size) == (0o640, 6)
    assert folder.sha256("name") == "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721"


def test_private_under_any_umask(folder):
    old = os.umask(0o777)
    try:
        with folder.temporary("name") as file:
            file.write(b"x")
            file.commit("name", 0o600)
    finally:
        os.umask(old)
    assert folder.look("name").st_mode & 0o777 == 0o600


def test_not_committed_is_gone_and_the_old_file_stays(folder):
    path = Path(folder.path, "name")
    path.write_text("old")

    def interrupted():
        with folder.temporary("name") as file:
            file.write(b"new")
            raise ValueError

    with pytest.raises(ValueError):
        interrupted()
    assert folder.names() == ["name"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("size", [0, 1, 1000, 4096, 5000, 65536])
def test_a_full_disk(folder, size):
    """As the limit of a file's size, which the system answers in the same way as a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with folder.temporary("name") as file:
            assert code(lambda: [file.write(bytes(1000)) for _piece in range(100)]) == "no_space"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert folder.names() == []


def test_an_error_of_the_disk_while_it_is_flushed_is_told(folder, monkeypatch):
    def broken(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", broken)
    with folder.temporary("name") as file:
        file.write(b"x")
        file.flush()
        assert code(file.commit, "name", 0o600) == "no_space"
    assert folder.names() == []


@pytest.mark.parametrize("kind", ["link", "directory", "fifo"])
def test_look_at_what_is_no_file(folder, kind, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("victim")
    path = f"{folder.path}/name"
    {"link": lambda: os.symlink(victim, path), "directory": lambda: os.mkdir(path), "fifo": lambda: os.mkfifo(path)}[kind]()
    assert code(folder.look, "name") == ("dest_symlink" if kind == "link" else "dest_unwritable")
    assert folder.sha256("name") is None or kind == "fifo"
    assert folder.read_json("name") is None
    assert victim.read_text() == "victim"


def test_a_link_swapped_in_is_replaced_not_followed(folder, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("victim")
    with folder.temporary("name") as file:
        file.write(b"new")
        os.symlink(victim, f"{folder.path}/name")
        file.commit("name", 0o600)
    assert victim.read_text() == "victim"
    assert folder.look("name").st_size == 3


def test_a_directory_swapped_away_does_not_lead_elsewhere(folder, tmp_path):
    with folder.temporary("name") as file:
        file.write(b"new")
        os.rename(folder.path, tmp_path / "moved")
        (tmp_path / "elsewhere").mkdir()
        os.symlink(tmp_path / "elsewhere", folder.path)
        file.commit("name", 0o600)
    assert os.listdir(tmp_path / "elsewhere") == []
    assert os.listdir(tmp_path / "moved") == ["name"]


def test_sweep(folder):
    now = 1_000_000.0

    def left(name, age, locked=False):
        path = f"{folder.path}/{name}"
        fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.utime(fd, (now - age, now - age))
        if locked:
            fcntl.flock(fd, fcntl.LOCK_EX)
            return fd
        os.close(fd)
        return -1

    left(".x.tar.gz.0123456789abcdef.groundwork-part", 3700)
    left(".young.0123456789abcdef.groundwork-part", 3500)
    left(".x.tar.gz.0123456789abcdef.part", 99999)
    left("x.0123456789abcdef.groundwork-part", 99999)
    busy = left(".busy.0123456789abcdef.groundwork-part", 99999, locked=True)
    folder.sweep(now)
    os.close(busy)
    assert folder.names() == [
        ".busy.0123456789abcdef.groundwork-part", ".x.tar.gz.0123456789abcdef.part",
        ".young.0123456789abcdef.groundwork-part", "x.0123456789abcdef.groundwork-part",
    ]  # fmt: skip


def test_our_own_temporary_is_one_that_sweep_knows(folder):
    """Its writer killed, its lock is free and its time long ago."""
    with folder.temporary("a.tar.gz") as file:
        (name,) = folder.names()
        os.utime(f"{folder.path}/{name}", (0, 0))
        folder.sweep(1_000_000.0)
        assert folder.names() == [name], "it is locked while we live"
        fcntl.flock(file._fd, fcntl.LOCK_UN)
        folder.sweep(1_000_000.0)
        assert folder.names() == []


def test_records(folder):
    assert folder.read_json("r") is None
    folder.write_json("r", {"a": 1})
    assert folder.read_json("r") == {"a": 1}
    assert folder.look("r").st_mode & 0o777 == 0o600
    os.chmod(f"{folder.path}/r", 0o666)
    assert folder.read_json("r") is None, "others may have written it"
    folder.remove("r")
    folder.remove("r")
    assert folder.names() == []


@pytest.mark.parametrize("text", ["", "[]", "{", "1", '{"a": ' * 100000, json.dumps({"a": "x" * 70000}), "\udcff"])
def test_records_that_are_none(folder, text):
    with open(f"{folder.path}/r", "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(f"{folder.path}/r", 0o600)
    assert folder.read_json("r") is None


def test_a_directory_that_may_not_be_written_to(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    assert code(folder.check_writable) == "dest_unwritable"


def test_no_such_directory(tmp_path):
    assert code(Folder, str(tmp_path / "no")) == "dest_unwritable"
    with Folder(str(tmp_path / "made" / "deep"), make=True) as made:
        assert os.stat(made.path).st_mode & 0o777 == 0o700


def test_a_power_cut_finds_the_old_file_or_the_new_one(folder, monkeypatch):
    """The content is on the disk before the name leads to it, and the name before anybody is told that it is done."""
    events = []
    real = {"fsync": os.fsync, "rename": os.rename}

    def fsync(fd):
        events.append("directory synced" if stat.S_ISDIR(os.fstat(fd).st_mode) else "content synced")
        real["fsync"](fd)

    def rename(*names, **more):
        events.append("renamed")
        real["rename"](*names, **more)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    with folder.temporary("name") as file:
        file.write(b"x")
        file.commit("name", 0o600)
    assert events == ["content synced", "renamed", "directory synced"]
    events.clear()
    folder.write_json("record", {"a": 1})
    assert events == ["content synced", "renamed", "directory synced"]


def test_a_directory_that_cannot_be_synced_is_told(folder, monkeypatch):
    real = os.fsync

    def fsync(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Failure) as caught, folder.temporary("name") as file:
        file.commit("name", 0o600)
    assert caught.value.code == "dest_unwritable"


def test_how_the_temporary_file_is_opened(folder, monkeypatch):
    """Made by us, never through a link, and 0600 by the very call that makes it; a strict umask takes nothing of that."""
    seen = []
    real = os.open

    def watched(path, flags, mode=0o777, **more):
        seen.append((flags, mode))
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", watched)
    old = os.umask(0o277)
    try:
        with folder.temporary("name") as file:
            assert os.fstat(file._fd).st_mode & 0o777 == 0o600
    finally:
        os.umask(old)
    ((flags, mode),) = seen
    assert flags & os.O_EXCL
    assert flags & os.O_NOFOLLOW
    assert mode == 0o600


# what is done with a folder -> once it is done, and once it has failed, no descriptor is left open
DONE = {
    "digest": lambda folder: folder.sha256("name"),
    "mode": lambda folder: folder.set_mode("name", 0o640),
    "record read": lambda folder: folder.read_json("name"),
    "record written": lambda folder: folder.write_json("name", {"a": 1}),
    "leftovers removed": lambda folder: folder.sweep(1e12),
    "all of it": lambda folder: Folder(folder.path).__exit__(),
}


@pytest.mark.parametrize("failing", ["", "readv", "fchmod", "read", "fstat", "fsync"])
@pytest.mark.parametrize("case", DONE)
def test_no_descriptor_is_left_open(folder, monkeypatch, case, failing):
    for name in ("name", ".name.0123456789abcdef.groundwork-part"):
        Path(folder.path, name).write_text("{}")
    before = sorted(os.listdir("/proc/self/fd"))

    def broken(*args, **more):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        if failing:
            patch.setattr(os, failing, broken)
        with contextlib.suppress(Failure):
            DONE[case](folder)
    assert sorted(os.listdir("/proc/self/fd")) == before
