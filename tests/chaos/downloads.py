# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports under hostile names, onto every kind of destination, cut at every place, on disks that fill up."""

from __future__ import annotations

import errno
import os
import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.groundwork.provision.plugins.module_utils import _folder

from .lab import Lab, leaks, sentence
from .sites import START

EXPORT = START["export"]
OLD, VICTIM = b"the old file", b"the victim"

NAMES = [
    "gold.tar.gz", "a.tar.gz", "A-b_c.1.tar.gz", "20260301_gold.tar.gz", "0.tar.gz", "x" * 193 + ".tar.gz", "a..b.tar.gz", "a-.tar.gz",
    # none of these may be fetched
    "../../etc/cron.d/x.tar.gz", "/etc/passwd", "/tmp/x.tar.gz", "a\\..\\b.tar.gz", "a\0.tar.gz", "a\n.tar.gz", "a\x1b[2J.tar.gz",
    "\u202egz.rat.tar.gz", "x" * 300 + ".tar.gz", " ", ".", "..", "-rf", "-rf.tar.gz", ".bashrc", ".hidden.tar.gz", "CON", "NUL.tar.gz/",
    "ünï.tar.gz", "%2e%2e%2fx.tar.gz", "a%00.tar.gz", "win2016|win2016-x86_64-install-corp_gold", "a|b.tar.gz", "a b.tar.gz", "a/b.tar.gz",
    "a.tar", "a.zip", "a.tar.gz.sh", "a.tar.gz ", " a.tar.gz", "a.tar.gz\n", "~/x.tar.gz", "$HOME.tar.gz", "`id`.tar.gz", "a;b.tar.gz",
    "a&b.tar.gz", "a?b.tar.gz", "a#b.tar.gz", "a:b.tar.gz", "C:x.tar.gz", "a*.tar.gz", "a'b.tar.gz", 'a"b.tar.gz', "<a>.tar.gz",
    "{a}.tar.gz",
    "\ufeffa.tar.gz", "a\u2028.tar.gz", "\U0001f600.tar.gz", "a\x7f.tar.gz", "_a.tar.gz", "a.TAR.GZ", "a.tgz",
]  # fmt: skip
GOOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.tar\.gz")


def absent(folder: Path) -> Path:
    return folder / "gold.tar.gz"


def old_file(folder: Path) -> Path:
    (folder / "gold.tar.gz").write_bytes(OLD)
    return folder / "gold.tar.gz"


def directory(folder: Path) -> Path:
    (folder / "into").mkdir()
    return folder / "into"


def link(folder: Path) -> Path:
    (folder / "victim").write_bytes(VICTIM)
    (folder / "gold.tar.gz").symlink_to(folder / "victim")
    return folder / "gold.tar.gz"


def dangling(folder: Path) -> Path:
    (folder / "gold.tar.gz").symlink_to(folder / "nowhere")
    return folder / "gold.tar.gz"


def loop(folder: Path) -> Path:
    (folder / "gold.tar.gz").symlink_to(folder / "gold.tar.gz")
    return folder / "gold.tar.gz"


def no_directory(folder: Path) -> Path:
    return folder / "missing" / "gold.tar.gz"


def below_a_file(folder: Path) -> Path:
    (folder / "file").write_bytes(OLD)
    return folder / "file" / "gold.tar.gz"


# the destination -> code of a refusal before anything is sent, None: it can be used
STATES: dict[Callable[[Path], Path], str | None] = {
    absent: None, old_file: None, directory: None, link: "dest_symlink", dangling: "dest_symlink", loop: "dest_symlink",
    no_directory: "dest_unwritable", below_a_file: "dest_unwritable",
}  # fmt: skip


def named(lab: Lab, name: str, state: Callable[[Path], Path]) -> list[str]:
    """One export under a name, onto one destination."""
    lab.fresh(EXPORT)
    lab.memory.world.systems["xclarity"].switches["export_filename"] = name
    dest = state(lab.folder)
    refusal = STATES[state]
    result = lab.run(EXPORT, dest=str(dest))
    wrong = _always(lab, result)
    if refusal is not None:
        if (result.code, sentence(result), lab.transmitted(EXPORT)) != (refusal, "K1", 0):
            wrong.append(f"{result.code}, {result['msg']}")
        return wrong
    if not GOOD.fullmatch(name):
        fetched = [one for one in lab.memory.world.entries if one["path"].startswith("/osImages/")][1:]
        if result.code != "bad_filename" or sentence(result) != "K3" or fetched:
            wrong.append(f"{name!r}: {result.code}, {result.get('msg')}, {[one['path'] for one in fetched]}")
        if state is old_file and dest.read_bytes() != OLD:
            wrong.append("the old file is gone")
        return wrong
    return wrong + _whole(result, dest / name if state is directory else dest)


def cut(lab: Lab, offset: int, again: bool = False) -> list[str]:
    """The download ends after ``offset`` bytes, once or (again) every time: whole in the end, or the old file."""
    lab.fresh(EXPORT)
    dest = old_file(lab.folder)
    with Downloads(lab, lambda number, status, headers, body: (status, headers, body[:offset]) if again or number == 0 else None):
        result = lab.run(EXPORT)
    wrong = _always(lab, result)
    if result.failed:
        if not again or dest.read_bytes() != OLD or sentence(result) != "K3":
            wrong.append(f"{result.code}: {result['msg']}")
        return wrong
    return wrong + _whole(result, dest)


def full(lab: Lab, room: int) -> list[str]:
    """The disk is full after ``room`` bytes of the file: the old file stays, and the way on is told."""
    lab.fresh(EXPORT)
    dest = old_file(lab.folder)
    left, write = [room], os.write

    def filling(fd: int, data: Any) -> int:
        path = os.readlink(f"/proc/self/fd/{fd}")
        if path.startswith(str(dest.parent)) and path.endswith(".groundwork-part") and "/state/" not in path:
            if left[0] < len(data):
                raise OSError(errno.ENOSPC, "No space left on device")
            left[0] -= len(data)
        return write(fd, data)

    _folder.os.write = filling
    try:
        result = lab.run(EXPORT)
    finally:
        _folder.os.write = write
    wrong = _always(lab, result)
    if not result.failed:
        return wrong + _whole(result, dest)
    if (result.code, sentence(result), result["changed"]) != ("no_space", "K3", True) or dest.read_bytes() != OLD:
        wrong.append(f"{result.code}: {result['msg']}")
    return wrong


class Downloads:
    """While it lasts, ``change`` may alter each answer to a download, counted from 0."""

    def __init__(self, lab: Lab, change: Callable[..., Any]) -> None:
        self.memory, self.change, self.count = lab.memory, change, 0

    def __enter__(self) -> None:
        real = type(self.memory).exchange

        def exchange(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
            status, told, text = real(self.memory, method, url, headers, body)
            if url.endswith(".tar.gz"):
                changed = self.change(self.count, status, told, text)
                self.count += 1
                return changed or (status, told, text)
            return status, told, text

        self.memory.exchange = exchange

    def __exit__(self, *exc: object) -> None:
        del self.memory.exchange


def _whole(result: Any, path: Path) -> list[str]:
    if result.failed:
        return [f"failed: {result['msg']}"]
    with tarfile.open(path) as archive:
        archive.getmembers()
    return [] if path.stat().st_mode & 0o777 == 0o600 else ["the file is not private"]


def _always(lab: Lab, result: Any) -> list[str]:
    wrong = [f"leaked {canary}" for canary in leaks(result)]
    wrong += [f"left behind: {path}" for path in lab.folder.rglob("*groundwork-part")]
    if result.code == "internal_error":
        wrong.append(f"{result['msg']} {result.get('defect')}")
    if lab.transmitted(EXPORT) > 1:
        wrong.append("DOUBLED: exported twice")
    victim = lab.folder / "victim"
    if victim.exists() and victim.read_bytes() != VICTIM:
        wrong.append("the victim of a link was written to")
    return wrong
