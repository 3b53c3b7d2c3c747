"""The table of everything in the collection, in README.md between two marks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from generators import BadSource, File, Generated, modules

PAGE = Path("README.md")
BEGIN, END = "<!-- contents: written by `make fix` -->\n", "<!-- end of the contents -->\n"
SOURCE = "the documentation of modules, plug-ins and roles"
TITLES = {"xclarity": "Lenovo XClarity Administrator", "ops_manager": "MongoDB Ops Manager", "openstack": "OpenStack Clustering"}
KINDS = {"callback": "callback plug-in", "inventory": "inventory plug-in", "event_source": "event source", "test": "test plug-in"}


def generate(root: Path) -> Generated:
    """What stands outside of the marks is kept."""
    if not (root / PAGE).exists():
        return Generated()
    page = (root / PAGE).read_text(encoding="utf-8")
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise BadSource(f"{PAGE}: the lines {BEGIN.strip()} and {END.strip()} have to be there once each")
    before, rest = page.split(BEGIN)
    return Generated([File(PAGE, f"{before}{BEGIN}{table(root)}{END}{rest.split(END)[1]}", SOURCE)])


def table(root: Path) -> str:
    """Modules by system, then plug-ins, then roles."""
    lines = []
    for system in modules.SYSTEMS:
        lines += ["", f"**{TITLES[system]}**", "", "| module | |", "|---|---|"]
        lines += [f"| `{one.name}` | {_short(one.documentation, one.path)} |" for one in modules.read_all(root) if one.system == system]
    lines += ["", "**Plug-ins**", "", "| plug-in | kind | |", "|---|---|---|"]
    lines += [f"| `{name}` | {kind} | {text} |" for name, kind, text in plugins(root)]
    lines += ["", "**Roles**, each with a playbook of the same name", "", "| role | |", "|---|---|"]
    for spec in sorted((root / "roles").glob("*/meta/argument_specs.yml")):
        name = spec.parts[-3]
        told = yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"]["main"]
        lines.append(f"| [{name}](roles/{name}/README.md) | {_short(told, spec.relative_to(root))} |")
    return "\n".join([*lines, "", ""])


def plugins(root: Path) -> list[tuple[str, str, str]]:
    """(name, kind, short description) of every plug-in that is no module, by kind."""
    found = []
    for kind, shown in KINDS.items():
        folders = (root / "plugins" / kind, root / "extensions" / "eda" / "plugins" / kind)
        for file in sorted(file for folder in folders for file in folder.glob("[!_]*.py")):
            sidecar, path = file.with_suffix(".yml"), file.relative_to(root)
            if sidecar.exists():
                told = yaml.safe_load(sidecar.read_text(encoding="utf-8"))["DOCUMENTATION"]
            else:
                text = file.read_text(encoding="utf-8")
                told = modules.parsed(path, modules.block(path, text, "DOCUMENTATION")[1], "DOCUMENTATION")
            found.append((file.stem, shown, _short(told, path)))
    for file in sorted((root / modules.FOLDER).glob("[!_]*.yml")):
        told = yaml.safe_load(file.read_text(encoding="utf-8"))["DOCUMENTATION"]
        found.append((file.stem, "action, used by the roles", _short(told, file.relative_to(root))))
    return found


def _short(told: dict[str, Any], path: Path) -> str:
    text = told.get("short_description")
    if not isinstance(text, str):
        raise BadSource(f"{path}: has no short_description; write one")
    return re.sub(r"[A-Z]\(([^)]*)\)", r"`\1`", " ".join(text.split())).replace("|", "\\|")
