"""The action groups of meta/runtime.yml: one a system, and ``all``."""

from __future__ import annotations

from pathlib import Path

from generators import File, Generated, modules

PATH = Path("meta", "runtime.yml")
SOURCE = "the documentation fragments of the modules"
MARK = "# Written by tools/generate.py from the modules' documentation fragments; `make gates` checks it.\n"


def generate(root: Path) -> Generated:
    """What stands above MARK is kept."""
    by_system: dict[str, list[str]] = {system: [] for system in modules.SYSTEMS}
    for module in modules.read_all(root):
        by_system[module.system].append(module.name)
    lines = ["action_groups:"]
    for system, names in by_system.items():
        lines += [f"  {system}:", *(f"    - {name}" for name in names)] if names else [f"  {system}: []"]
    lines += ["  all:", "    - metadata:", "        extend_group:"]
    lines += [f"          - {modules.COLLECTION}.{system}" for system in modules.SYSTEMS]
    before = (root / PATH).read_text(encoding="utf-8").split(MARK)[0]
    return Generated([File(PATH, before + MARK + "\n".join(lines) + "\n", SOURCE)])
