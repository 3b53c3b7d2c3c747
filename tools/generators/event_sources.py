"""The page of the event sources, docs/event_sources.md, from their own documentation: antsibull-docs knows no such plugins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from generators import File, Generated, modules

FOLDER = Path("extensions", "eda", "plugins", "event_source")
PAGE = Path("docs", "event_sources.md")
SOURCE = f"the documentation in {FOLDER}"

BEGIN = f"""\
# Event sources

<!-- Written by `make fix` from the files of {FOLDER}; a change made here is lost. -->

Every option of the sources for Event-Driven Ansible. The [guide](guide_eda.md) tells how they are used and what they promise.
"""


def generate(root: Path) -> Generated:
    """One page for all of them; none where there are none."""
    parts = []
    for file in sorted((root / FOLDER).glob("[!_]*.py")):
        path, text = file.relative_to(root), file.read_text(encoding="utf-8")
        told = modules.parsed(path, modules.block(path, text, "DOCUMENTATION")[1], "DOCUMENTATION")
        parts.append(section(told, modules.block(path, text, "EXAMPLES")[1]))
    return Generated([File(PAGE, "\n".join([BEGIN, *parts]), SOURCE)]) if parts else Generated()


def section(told: Mapping[str, Any], examples: str) -> str:
    """One source: what it does, its options, what has to be known, examples."""
    lines = [f"## {modules.COLLECTION}.{told['name']}", "", plain(told["short_description"]) + ".", ""]
    lines += [f"* {plain(one)}" for one in _list(told["description"])]
    lines += ["", "### Options", "", "| option | type | default | |", "|---|---|---|---|"]
    lines += [_row(name, option) for name, option in sorted(told["options"].items(), key=_order)]
    lines += ["", "### Notes", "", *(f"* {plain(one)}" for one in _list(told.get("notes")))]
    lines += ["", "### Requirements", "", *(f"* {plain(one)}" for one in _list(told.get("requirements")))]
    return "\n".join([*lines, "", "### Examples", "", "```yaml", examples.rstrip(), "```", ""])


def plain(text: str) -> str:
    """Ansible's marks as Markdown: what is in brackets, as code. (Nothing of it is a link here.)"""
    text = re.sub(r"P\(([^()#]*)#[a-z]+\)", r"`\1`", " ".join(text.split()))
    return re.sub(r"\b[A-Z]\(([^()]*)\)", r"`\1`", text)


def _order(entry: tuple[str, Mapping[str, Any]]) -> tuple[bool, str]:
    """Those that are required first, then by name."""
    return (not entry[1].get("required"), entry[0])


def _row(name: str, option: Mapping[str, Any]) -> str:
    names = ", ".join(f"`{one}`" for one in (name, *option.get("aliases", ())))
    kind = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    default = "required" if option.get("required") else _value(option.get("default"))
    words = [plain(one) for one in _list(option["description"])]
    if "choices" in option:
        words.append(f"{'Some' if option['type'] == 'list' else 'One'} of {', '.join(map(_value, option['choices']))}.")
    return f"| {names} | {kind} | {default} | {' '.join(words)} |".replace("  ", " ")


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return "" if value is None else f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _list(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)
