"""YAML as lines of text: find the entries of a mapping, take out a sample as it is written, write an entry in one format."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

WIDTH = 140
ORDER = ("description", "returned", "type", "elements", "sample", "contains")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One key of a mapping in block style, and the lines that it takes: from ``first`` up to but not including ``last``."""

    name: str
    value: yaml.Node
    first: int
    last: int

    def child(self, name: str) -> yaml.Node | None:
        """The value of a key of this entry."""
        if not isinstance(self.value, yaml.MappingNode):
            return None
        return next((value for key, value in self.value.value if key.value == name), None)


def compose(text: str) -> yaml.MappingNode:
    """The nodes of a YAML mapping, with their places. Raises yaml.YAMLError."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError("it is not a mapping")
    return node


def entries(node: yaml.Node | None) -> list[Entry]:
    """The entries of a mapping in block style; none for anything else."""
    if not isinstance(node, yaml.MappingNode) or node.flow_style or not node.value:
        return []
    starts = [key.start_mark.line for key, _value in node.value]
    return [
        Entry(key.value, value, first, last)
        for (key, value), first, last in zip(node.value, starts, [*starts[1:], node.end_mark.line], strict=True)
    ]


@dataclasses.dataclass(frozen=True)
class Sample:
    """A sample: text for one line, or the lines of a block without its indentation."""

    line: str = ""
    block: tuple[str, ...] = ()


def sample(entry: Entry, text: str) -> Sample | None:
    """The sample of an entry as it is written; only the quotes of a text are put in one form."""
    node = entry.child("sample")
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        return Sample(scalar(node.value) if node.tag == "tag:yaml.org,2002:str" else node.value)
    if isinstance(node, yaml.CollectionNode) and node.flow_style:
        return Sample(" ".join(text[node.start_mark.index : node.end_mark.index].split()))
    lines = text.splitlines()[node.start_mark.line : min(node.end_mark.line, entry.last)]
    return Sample(block=tuple(textwrap.dedent("\n".join(lines)).rstrip().splitlines()))


def scalar(text: str, form: str = "{k: %s}") -> str:
    """A text as YAML has it on one line, in quotes only where it needs them; form: where it stands, by default in flow style."""
    try:
        plain = yaml.safe_load(form.replace("%s", text)) == {"k": text}
    except yaml.YAMLError:
        plain = False
    return text if plain else json.dumps(text, ensure_ascii=False)


def entry(name: str, spec: Mapping[str, Any], indent: int) -> list[str]:
    """The lines of a documented value, its keys in :data:`ORDER`.

    spec: ``description`` is a text or a list of texts, ``sample`` a :class:`Sample`, ``contains`` maps names to specs, or to
    the lines of an entry as they are.
    """
    spec = {key: spec[key] for key in ORDER if key in spec}
    if indent and (line := _one_line(name, spec, indent)):
        return [line]
    lines = [" " * indent + f"{name}:"]
    for key, value in spec.items():
        if isinstance(value, list):
            lines.append(" " * (indent + 2) + f"{key}:")
            for one in value:
                lines += _wrapped("- ", one, indent + 4)
        elif isinstance(value, Sample):
            lines += _sample(value, indent + 2)
        elif isinstance(value, Mapping):
            lines.append(" " * (indent + 2) + f"{key}:")
            for inner, told in value.items():
                lines += entry(inner, told, indent + 4) if isinstance(told, Mapping) else told
        else:
            lines += _wrapped(f"{key}: ", value, indent + 2)
    return lines


def _one_line(name: str, spec: Mapping[str, Any], indent: int) -> str | None:
    """The entry in flow style, if that fits."""
    parts = []
    for key, value in spec.items():
        if isinstance(value, (list, Mapping)) or (isinstance(value, Sample) and value.block):
            return None
        parts.append(f"{key}: {value.line if isinstance(value, Sample) else scalar(value)}")
    line = " " * indent + f"{name}: {{{', '.join(parts)}}}"
    return line if len(line) <= WIDTH else None


def _sample(value: Sample, indent: int) -> list[str]:
    if value.block:
        return [" " * indent + "sample:", *(" " * (indent + 2) + line if line else "" for line in value.block)]
    return [" " * indent + f"sample: {value.line}"]


def _wrapped(prefix: str, text: str, indent: int) -> Sequence[str]:
    return textwrap.wrap(
        prefix + scalar(text, "k: %s"), WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
