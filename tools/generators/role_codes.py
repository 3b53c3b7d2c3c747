"""Which error codes the roles raise: texts under a key ``code`` in their tasks and variables, also inside of templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CODE = r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+"
QUOTED = re.compile(rf"'({CODE})'")
IN_TEMPLATE = re.compile(rf"'code': '({CODE})'")


def scan(root: Path) -> dict[str, list[str]]:
    """Each code, with the files that raise it."""
    found: dict[str, set[str]] = {}
    for file in sorted((root / "roles").glob("*/*/*.yml")):
        for code in _codes(yaml.safe_load(file.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(str(file.relative_to(root)))
    return {code: sorted(files) for code, files in sorted(found.items())}


def _codes(node: Any) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                if key == "code" and isinstance(value, str):
                    yield from QUOTED.findall(value) if "{{" in value else [value]
                else:
                    yield from _codes(value)
        case list():
            for one in node:
                yield from _codes(one)
        case str():
            yield from IN_TEMPLATE.findall(node)
