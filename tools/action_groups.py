#!/usr/bin/env python
"""Write the action groups of meta/runtime.yml from what the modules say themselves, or check that they agree.

Usage: action_groups.py [--check]
A module belongs to the system whose documentation fragment it extends (groundwork.provision.FRAGMENT, where a part of
the name is one of SYSTEMS). `all` holds the groups of all systems. Exit code 1 when something does not agree.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "meta" / "runtime.yml"
COLLECTION = "groundwork.provision"
SYSTEMS = ("xclarity", "ops_manager", "openstack")
MARK = "# Written by tools/action_groups.py from the modules' documentation fragments; `make gates` checks it.\n"


def documentation(module: Path) -> dict[str, Any]:
    """The DOCUMENTATION of a module's file, read without importing it."""
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))
    sys.exit(f"{module.relative_to(ROOT)}: no DOCUMENTATION")


def system_of(module: Path) -> str:
    """The one system whose fragments a module extends."""
    fragments = documentation(module).get("extends_documentation_fragment") or []
    names = [fragments] if isinstance(fragments, str) else fragments
    parts = {part for name in names if name.startswith(f"{COLLECTION}.") for part in name.split(".")[2:]}
    found = [system for system in SYSTEMS if system in parts]
    if len(found) != 1:
        sys.exit(f"{module.relative_to(ROOT)}: extends fragments of {found or 'no system'}, expected one of {SYSTEMS}")
    return found[0]


def wanted() -> str:
    """The text of meta/runtime.yml from MARK on."""
    groups: dict[str, list[str]] = {system: [] for system in SYSTEMS}
    for module in sorted((ROOT / "plugins" / "modules").glob("[!_]*.py")):
        groups[system_of(module)].append(module.stem)
    lines = ["action_groups:"]
    for system, modules in groups.items():
        lines += [f"  {system}:", *(f"    - {module}" for module in modules)] if modules else [f"  {system}: []"]
    lines += ["  all:", "    - metadata:", "        extend_group:"]
    lines += [f"          - {COLLECTION}.{system}" for system in SYSTEMS]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write or check the action groups of meta/runtime.yml.")
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 when they do not agree")
    check = parser.parse_args().check
    before = RUNTIME.read_text(encoding="utf-8")
    after = before.split(MARK)[0] + MARK + wanted()
    if before == after:
        return 0
    if not check:
        RUNTIME.write_text(after, encoding="utf-8")
        return 0
    sys.stdout.writelines(difflib.unified_diff(
        before.splitlines(True), after.splitlines(True), "meta/runtime.yml", "as the modules say",
    ))
    print("Run tools/action_groups.py to bring meta/runtime.yml up to date.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
