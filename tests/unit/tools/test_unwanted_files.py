# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that do not belong into the repository."""

from __future__ import annotations

import os

import pytest
import unwanted_files
import yaml


@pytest.mark.parametrize(
    "name, data, mode, told",
    [
        ("plugins/a.py", b"x = 1\n", 0o644, ""),
        ("plugins/a.py.orig", b"x = 1\n", 0o644, "left-over"),
        ("plugins/a.py~", b"x = 1\n", 0o644, "left-over"),
        ("a.md", b"one \n", 0o644, "1: blanks"),
        ("a.md", b"one\r\ntwo\r\n", 0o644, "1: carriage return"),
        ("a.md", b"one", 0o644, "no newline"),
        ("a.md", b"", 0o644, ""),
        ("a.md", b"\xff\n", 0o644, "no UTF-8"),
        ("a.md", "a\u200bb\n".encode(), 0o644, "cannot be seen"),
        ("a.md", "a\u202eb\n".encode(), 0o644, "cannot be seen"),
        ("tests/unit/a.py", "a\u202eb\n".encode(), 0o644, ""),
        ("tests/data/a.json", b"{} ", 0o644, ""),
        ("tools/a", b"#!/bin/sh\n", 0o644, "cannot be run"),
        ("tools/a", b"#!/bin/sh\n", 0o755, ""),
        ("tools/a.py", b"x = 1\n", 0o755, "no first line"),
        ("plugins/modules/a.py", b"#!/usr/bin/python\n", 0o644, ""),
        ("a.svg", b"x" * 2_000_001 + b"\n", 0o644, "2000002 bytes"),
        ("a.png", b"\x89PNG", 0o644, ""),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path, name, data, mode, told):
    path = tmp_path / os.path.basename(name)
    path.write_bytes(data)
    path.chmod(mode)
    found = list(unwanted_files.wrong_with(name, path))
    assert bool(found) is bool(told)
    assert told in "\n".join(found)


def test_a_link_is_unwanted(tmp_path):
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert list(unwanted_files.wrong_with("plugins/link", tmp_path / "link")) == ["is a link"]


def test_the_hooks_are_commands_of_this_repository():
    """Nothing is fetched, and each program and script is there."""
    root = unwanted_files.tree.ROOT
    (repository,) = yaml.safe_load((root / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        words = hook["entry"].split()
        assert words[0].startswith(".venv/bin/")
        assert all((root / word).exists() for word in words if word.startswith("tools/"))
