"""What is generated in this repository. tools/generate.py writes it, or checks it.

Each file of this package makes one kind of thing from what the collection says already, or from a data file beside
tools/generate.py. It reads the tree and says what there has to be; it writes nothing.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class File:
    """A file that is generated, or has a generated part.

    path: relative to the root. text: the whole file as it has to be; None when it must not be there. source: what it is
    made from.
    """

    path: Path
    text: str | None
    source: str


@dataclasses.dataclass
class Generated:
    """What a generator found. problems: what a person has to correct, one line each, with the file and what to do."""

    files: list[File] = dataclasses.field(default_factory=list)
    problems: list[str] = dataclasses.field(default_factory=list)


class BadSource(Exception):
    """A source that cannot be read as it is. Its text names the file and says what to do."""
