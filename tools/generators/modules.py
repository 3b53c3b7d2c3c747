"""The modules of the collection, as their files describe them; nothing is imported."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import yaml

from generators import BadSource

COLLECTION = "groundwork.provision"
SYSTEMS = ("xclarity", "ops_manager", "openstack")
FOLDER = Path("plugins", "modules")


@dataclasses.dataclass(frozen=True)
class Module:
    """One file of plugins/modules/. path: relative to the root. documentation: the parsed DOCUMENTATION."""

    path: Path
    text: str
    documentation: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def fragments(self) -> set[str]:
        """The parts of the names of the collection's own documentation fragments that the module extends."""
        told = self.documentation.get("extends_documentation_fragment") or []
        names = [told] if isinstance(told, str) else told
        return {part for name in names if name.startswith(f"{COLLECTION}.") for part in name.split(".")[2:]}

    @property
    def system(self) -> str:
        """The one system whose fragment the module extends."""
        found = [system for system in SYSTEMS if system in self.fragments]
        if len(found) != 1:
            raise BadSource(
                f"{self.path}: extends the documentation fragments of {' and '.join(found) or 'no system'};"
                f" extend those of one of {', '.join(SYSTEMS)}"
            )
        return found[0]

    @property
    def changes(self) -> bool:
        """Whether it sends requests that change something: such modules extend the fragment ``once``."""
        return "once" in self.fragments


def block(path: Path, text: str, name: str) -> re.Match[str]:
    """The text between the quotes of ``NAME = r\"\"\"``, as group 1."""
    found = re.search(rf'^{name} = r"""\n(.*?)^"""$', text, re.M | re.S)
    if found is None:
        raise BadSource(f'{path}: has no {name}; write it as {name} = r"""..."""')
    return found


def parsed(path: Path, text: str, name: str) -> dict[str, Any]:
    """The mapping that a block of YAML holds."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as exc:
        raise BadSource(f"{path}: {name} is not valid YAML; correct it ({' '.join(str(exc).split())})") from None
    if not isinstance(value, dict):
        raise BadSource(f"{path}: {name} is not a mapping; correct it")
    return value


def read_all(root: Path) -> list[Module]:
    """Every module, by name."""
    found = []
    for file in sorted((root / FOLDER).glob("[!_]*.py")):
        path, text = file.relative_to(root), file.read_text(encoding="utf-8")
        found.append(Module(path, text, parsed(path, block(path, text, "DOCUMENTATION")[1], "DOCUMENTATION")))
    return found
