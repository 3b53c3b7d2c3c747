#!/usr/bin/env python
"""Find words that this project does not use: tools/words.yml names them, and what stands in their place.

Usage: words.py
Prints ``path:line: word (use this)`` for each, in contents and in names of files, and ends with 1 when there are any.
"""

from __future__ import annotations

import fnmatch
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

import tree

LIST = Path("tools", "words.yml")


def patterns(words: Mapping[str, str]) -> list[tuple[str, re.Pattern[str], str]]:
    """(word, what finds it, what to use in its place). Between its parts a blank, a line break or an underscore may stand."""
    return [
        (word, re.compile(rf"(?<![A-Za-z])(?:{word.replace(' ', '[ _]')})(?![A-Za-z])", re.IGNORECASE), instead)
        for word, instead in words.items()
    ]


def find(root: Path, files: list[Path], told: Mapping[str, Any]) -> Iterator[str]:
    """Each place where a word stands that is not used."""
    rules = patterns(told["words"])
    for file in files:
        path = file.as_posix()
        if any(fnmatch.fnmatch(path, pattern) for pattern in told["skip"]):
            continue
        try:
            text = (root / file).read_text(encoding="utf-8")
        except (UnicodeDecodeError, IsADirectoryError):
            continue
        for word, pattern, instead in rules:
            if any(fnmatch.fnmatch(path, one) for one in told["except"].get(word, ())):
                continue
            for number, line in enumerate([path, *text.splitlines()]):
                if match := pattern.search(line):
                    yield f"{path}:{number}: {match[0]} (use: {instead})"


def main() -> int:
    """Returns the exit code."""
    told = yaml.safe_load((tree.ROOT / LIST).read_text(encoding="utf-8"))
    found = list(find(tree.ROOT, tree.files(), told))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
