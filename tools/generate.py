#!/usr/bin/env python
"""Write what is generated in this repository, or check that it is up to date.

Usage: generate.py [--check]
With --check nothing is written: what differs is printed, and the exit code is 1. What a person has to correct (an error
code without an entry in tools/error_codes.yml, for example) is printed and makes the exit code 1 either way.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from generators import BadSource, File, Generated, contents, error_codes, event_sources, groups, returns, stubs, surveys

ROOT = Path(__file__).resolve().parent.parent
GENERATORS: tuple[Callable[[Path], Generated], ...] = (
    stubs.generate, groups.generate, returns.generate, error_codes.generate, event_sources.generate, contents.generate,
    surveys.generate,
)
SHOWN = 40  # lines of one difference


def collect(root: Path) -> Generated:
    """What all generators say of the tree below ``root``. One that cannot read its sources does not stop the others."""
    found = Generated()
    for generator in GENERATORS:
        try:
            one = generator(root)
        except BadSource as exc:
            one = Generated(problems=[str(exc)])
        found.files += one.files
        found.problems += [problem for problem in one.problems if problem not in found.problems]
    return found


def present(root: Path, file: File) -> str | None:
    path = root / file.path
    return path.read_text(encoding="utf-8") if path.exists() else None


def difference(root: Path, file: File) -> str:
    """What is not as it has to be, and the command that repairs it."""
    before = present(root, file)
    if file.text is None:
        return f"{file.path}: has to go, as {file.source} says; run `make fix`"
    if before is None:
        return f"{file.path}: is missing; run `make fix`"
    wanted = f"as {file.source} says"
    lines = list(difflib.unified_diff(before.splitlines(), file.text.splitlines(), str(file.path), wanted, lineterm="", n=1))
    more = [f"... and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *more, f"{file.path}: is not {wanted}; run `make fix`"])


def write(root: Path, file: File) -> None:
    path = root / file.path
    if file.text is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write what is generated, or check it.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when something is not up to date")
    check = parser.parse_args(arguments).check
    found = collect(root)
    stale = [file for file in found.files if present(root, file) != file.text]
    for file in stale:
        if check:
            print(difference(root, file))
        else:
            write(root, file)
            print(f"{file.path}: {'removed' if file.text is None else 'written'}")
    for problem in found.problems:
        print(problem)
    return 1 if found.problems or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main())
