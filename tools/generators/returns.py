"""The RETURN keys that modules have in common: tools/return_blocks.yml is where they are defined.

Ansible has documentation fragments for options, none for return values, so these keys are written into each module's
RETURN. What is the module's own stays as it is written: its own keys, and of a common key its sample and, among its own
keys, when it is returned.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from generators import BadSource, File, Generated, modules, yaml_text
from generators.modules import Module
from generators.yaml_text import Entry, Sample

BLOCKS = Path("tools", "return_blocks.yml")

Spec = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Blocks:
    """The data file. changing: in front of the own keys of modules that change something. bulk: behind these, for those that take
    several items. always: behind those of every module. shared: the names that mean the same wherever a module that changes
    something has them. error_of: further keys of ``error``, by system. notes: module -> key -> a sentence more for its
    description."""

    changing: dict[str, Spec]
    bulk: dict[str, Spec]
    always: dict[str, Spec]
    shared: dict[str, Spec]
    error_of: dict[str, dict[str, Spec]]
    notes: dict[str, dict[str, str]]


def read_blocks(root: Path) -> Blocks:
    data = modules.parsed(BLOCKS, (root / BLOCKS).read_text(encoding="utf-8"), "it")
    names = [field.name for field in dataclasses.fields(Blocks)]
    if sorted(data) != sorted(names):
        raise BadSource(f"{BLOCKS}: its keys have to be {', '.join(names)}")
    return Blocks(**data)


def generate(root: Path) -> Generated:
    """Each module with its common keys as the data file has them."""
    found, blocks = Generated(), read_blocks(root)
    for module in modules.read_all(root):
        try:
            found.files.append(File(module.path, rewritten(module, blocks), str(BLOCKS)))
        except BadSource as exc:
            found.problems.append(str(exc))
    return found


def rewritten(module: Module, blocks: Blocks) -> str:
    """The module's file with its RETURN as it has to be."""
    place = modules.block(module.path, module.text, "RETURN")
    text = place[1]
    modules.parsed(module.path, text, "RETURN")
    lines = _Return(module, blocks, text).lines()
    return module.text[: place.start(1)] + "\n".join(lines) + "\n" + module.text[place.end(1) :]


class _Return:
    """One RETURN on its way to its new form."""

    def __init__(self, module: Module, blocks: Blocks, text: str) -> None:
        self.module, self.blocks, self.text = module, blocks, text
        self.old = text.splitlines()
        self.entries = {one.name: one for one in yaml_text.entries(yaml_text.compose(text))}
        self.changing = (blocks.changing if module.changes else {}) | (blocks.bulk if "bulk" in module.fragments else {})
        self.shared = blocks.shared if module.changes else {}

    def lines(self) -> list[str]:
        found: list[str] = []
        for name, spec in self.changing.items():
            found += self._common(name, spec)
        for name, one in self.entries.items():
            if name not in self.changing and name not in self.blocks.always:
                found += self._own(one)
        for name, spec in self.blocks.always.items():
            found += self._common(name, spec)
        return found

    def _common(self, name: str, spec: Spec) -> list[str]:
        """A key that the module has because of what it is."""
        old = self.entries.get(name)
        new = spec | self._kept(old, "sample")
        note = self.blocks.notes.get(self.module.name, {}).get(name)
        if note:
            told = spec["description"]
            new["description"] = [*(told if isinstance(told, list) else [told]), note]
        if name == "error":
            new["contains"] = self._error(spec["contains"], old)
        return yaml_text.entry(name, new, 0)

    def _error(self, specs: dict[str, Spec], old: Entry | None) -> dict[str, Spec | list[str]]:
        """The keys of ``error``: those of all, those of the system, and the module's own as they are."""
        there = {one.name: one for one in yaml_text.entries(old.child("contains") if old else None)}
        system = self.module.system
        found: dict[str, Spec | list[str]] = {
            name: spec | self._kept(there.get(name), "sample") for name, spec in (specs | self.blocks.error_of.get(system, {})).items()
        }
        found["system"] = specs["system"] | {"sample": Sample(system)}
        return found | {name: self.old[one.first : one.last] for name, one in there.items() if name not in found}

    def _own(self, one: Entry) -> list[str]:
        """A key of the module's own; what it shares with others, as a whole or inside it, is written anew."""
        if one.name in self.shared:
            return self._shared(one, 0)
        lines = self.old[one.first : one.last]
        inner = one.child("contains")
        if isinstance(inner, yaml.MappingNode) and inner.flow_style and {key.value for key, _value in inner.value} & set(self.shared):
            raise BadSource(f"{self.module.path}: write the contains of {one.name} in RETURN in block style, one line a key")
        for sub in reversed(yaml_text.entries(inner)):
            # What an alias stands for is written where its anchor is.
            if sub.name in self.shared and one.first < sub.first < one.last:
                indent = len(self.old[sub.first]) - len(self.old[sub.first].lstrip())
                lines[sub.first - one.first : sub.last - one.first] = self._shared(sub, indent)
        return lines

    def _shared(self, one: Entry, indent: int) -> list[str]:
        return yaml_text.entry(one.name, self.shared[one.name] | self._kept(one, "sample", "returned"), indent)

    def _kept(self, old: Entry | None, *names: str) -> Spec:
        """What a module says of a common key itself."""
        kept: Spec = {}
        if old is not None and "sample" in names and (sample := yaml_text.sample(old, self.text)) is not None:
            kept["sample"] = sample
        if old is not None and "returned" in names and isinstance(node := old.child("returned"), yaml.ScalarNode):
            kept["returned"] = node.value
        return kept
