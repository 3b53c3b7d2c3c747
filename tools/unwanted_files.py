#!/usr/bin/env python
"""Files that do not belong into the repository, or not in this form; `make gates` and the pre-commit hook call it.

Prints one line for each and ends 1: left-overs of editors and merges, links, large files, text that is not UTF-8 or has carriage
returns, blanks at the ends of lines, invisible characters, a missing last newline, a program without its first line or a file with one
that cannot be run.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import tree

LEFT_OVER = re.compile(r"~$|\.(orig|rej|swp|bak|tmp|pyc|retry|log)$|^(\.DS_Store|Thumbs\.db|nohup\.out|core)$")
LARGE = 2_000_000  # bytes
# Text that is kept as somebody else has written it.
AS_RECEIVED = re.compile(r"(^|/)(recordings?|recorded|data|fixtures)/|^COPYING$|^LICENSES/")
BINARY = {".png", ".gz", ".zip", ".iso", ".ico", ".woff2"}
# Where odd characters are the subject.
ODD_ON_PURPOSE = re.compile(r"^tests/")


def wrong_with(name: str, path: Path) -> Iterator[str]:
    """What is wrong with one file."""
    if LEFT_OVER.search(Path(name).name):
        yield "is a left-over"
    if path.is_symlink():
        if not AS_RECEIVED.search(name):
            yield "is a link"
        return
    data = path.read_bytes()
    if len(data) > LARGE:
        yield f"has {len(data)} bytes"
    if path.suffix in BINARY or AS_RECEIVED.search(name):
        return
    program = data.startswith(b"#!")
    if os.access(path, os.X_OK) and not program:
        yield "can be run, and has no first line that says by what"
    if program and not os.access(path, os.X_OK) and not name.startswith("plugins/modules/"):
        yield "says by what it is run, and cannot be run"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        yield "is no UTF-8"
        return
    if text and not text.endswith("\n"):
        yield "has no newline at its end"
    for number, line in enumerate(text.split("\n"), 1):
        if "\r" in line:
            yield f"{number}: carriage return"
        elif line != line.rstrip():
            yield f"{number}: blanks at the end of the line"
        if not ODD_ON_PURPOSE.match(name) and any(unicodedata.category(one) in ("Cf", "Co", "Cn") for one in line):
            yield f"{number}: a character that cannot be seen"


def main() -> int:
    """0 when there is nothing to say."""
    found = [f"{name}: {wrong}" for name in map(str, tree.files()) for wrong in wrong_with(name, tree.ROOT / name)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
