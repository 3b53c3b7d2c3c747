# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The import rule of docs/architecture.md, and a few things that only one file may do."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLUGINS = ROOT / "plugins"
PREFIX = "ansible_collections.groundwork.provision.plugins."

# From the bottom up. A file may import from the floors below its own, and from files of its own floor that do not
# import it back (Python itself sees to that).
FLOORS = [
    {"_floor"},
    {"_clock", "_search", "_numbers"},
    {"_text"},
    {"_errors", "_secret_names"},
    {"_wire", "_slots", "_logins"},
    {"_proxy", "_authorities"},
    {"_diagnosis"},
    {"_transport"},
    {"_sessions"},
    {"_auth"},
    {"_digest"},
    {"_client"},
    {"_bulk", "_wait", "_archive", "_folder"},
    {"_progress"},
    {"_guard", "_download"},
    {"_reconcile"},
    {"_run"},
    {"_operation", "_certificates"},
    {"_follow", "_summary", "_fit"},
    {"_driver"},
    {"xclarity", "ops_manager", "openstack"},
    {"_options", "_module"},
]
SYSTEMS = {"xclarity", "ops_manager", "openstack"}
FILES = sorted(PLUGINS.rglob("*.py"))


@functools.cache
def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, those inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module} | {f"{node.module}.{alias.name}" for alias in node.names})
    return found


def units(path: Path) -> set[str]:
    """The files or packages of module_utils that a file imports."""
    start = PREFIX + "module_utils."
    return {name[len(start) :].split(".")[0] for name in imports(path) if name.startswith(start)}


def floor(unit: str) -> int:
    return next(number for number, names in enumerate(FLOORS) if unit in names)


@pytest.mark.parametrize("path", sorted((PLUGINS / "module_utils").rglob("*.py")), ids=lambda p: str(p.relative_to(PLUGINS)))
def test_each_file_imports_only_from_below(path):
    own = path.relative_to(PLUGINS / "module_utils").parts[0].removesuffix(".py")
    for other in units(path):
        assert floor(other) <= floor(own), f"{own} imports {other}, which stands above it"
        assert other == own or not {own, other} <= SYSTEMS, "the systems do not know each other"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PLUGINS)))
def test_only_the_glue_knows_ansible(path):
    """The api files and the core are used by inventory plugins and event sources unchanged."""
    inside = path.relative_to(PLUGINS).parts
    if inside[0] != "module_utils" or inside[1] in ("_module.py", "_options.py"):
        return
    assert not [name for name in imports(path) if name == "ansible" or name.startswith("ansible.")]


@pytest.mark.parametrize("path", sorted((PLUGINS / "modules").glob("*.py")), ids=lambda p: p.stem)
def test_a_module_sends_nothing_and_exits_nowhere(path):
    names = imports(path)
    assert not names & {"requests", "urllib3", "socket", "http.client", "time", "sys", "os"}
    assert "exit_json" not in path.read_text(encoding="utf-8")
    assert "fail_json" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name, allowed", [("time", {"_clock.py"}), ("requests", {"_wire.py"}), ("urllib3", {"_wire.py"})])
def test_libraries_that_one_place_may_import(name, allowed):
    assert {path.name for path in FILES if name in imports(path)} <= allowed


@pytest.mark.parametrize(
    "text, allowed",
    [
        ("verify=False", set()),
        ("allow_redirects=True", set()),
        ("module.warn(", {"_module.py"}),
        ("exit_json(", {"_module.py"}),
        ("fail_json(", {"_module.py"}),
        ("extractall", set()),
        ("shell=True", set()),
        ("print(", set()),
        ("traceback.print", set()),
    ],
)
def test_things_that_one_place_may_do(text, allowed):
    found = {path.name for path in FILES if re.search(r"\b" + re.escape(text), code(path))}
    assert found <= allowed, f"{text} in {sorted(found - allowed)}"


@functools.cache
def code(path: Path) -> str:
    """The source without comments and strings, so that prose may name what code may not do."""
    return ast.unparse(_NoText().visit(ast.parse(path.read_text(encoding="utf-8"))))


class _NoText(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant("") if isinstance(node.value, str) else node


CORE = {"_driver.py", "_reconcile.py", "_guard.py", "_client.py"}


@pytest.mark.parametrize("path", sorted((PLUGINS / "module_utils").rglob("*.py")), ids=lambda p: str(p.relative_to(PLUGINS)))
def test_only_the_driver_locks_sends_and_reports(path):
    """The contract is written once: nothing else takes the guard, sends a step, reads back or builds a result."""
    if path.name in CORE:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    allowed = {"Guard", "guard"} if path.name == "_run.py" else set()
    assert not names & ({"send_step", "start", "intend", "resolve", "guard", "Guard"} - allowed - THREADS.get(path.name, set()))
    keys = {key.value for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys if isinstance(key, ast.Constant)}
    assert not {"plan", "outcome", "changed"} <= keys, "a result is built here"


# ``start`` of a thread, not of a client
THREADS = {name: {"start"} for name in ("_bulk.py", "_download.py", "_folder.py", "_module.py", "_wire.py")}


def test_operations_stand_in_files_of_their_name_and_inherit_once():
    for path in (PLUGINS / "module_utils").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and "Operation" in [ast.unparse(base) for base in node.bases]:
                assert path.name.endswith("_operations.py"), f"{node.name} in {path.name}"
            elif isinstance(node, ast.ClassDef) and path.name.endswith("_operations.py"):
                bases = [ast.unparse(base) for base in node.bases]
                assert bases in ([], ["Step"]), f"{node.name} in {path.name} inherits from something else than Operation"


def test_each_resource_has_its_operations_beside_it():
    """``<resource>.py`` says what the resource is, ``<resource>_operations.py`` what is done with it."""
    for path in (PLUGINS / "module_utils").rglob("*_operations.py"):
        stem = path.name.removesuffix("_operations.py")
        names = [f"{stem}{ending}.py" for ending in ("s", "", "_record")] + [f"{stem.removesuffix('y')}ies.py"]
        assert any((path.parent / name).exists() for name in names) or stem in ("pool_server",), path


def test_the_simulator_does_not_know_the_collection():
    for path in (ROOT / "tests" / "simulator").rglob("*.py"):
        assert not [name for name in imports(path) if name.startswith("ansible")], path


def test_the_rule_would_notice_a_break(tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text(f"from {PREFIX}module_utils import _module\n", encoding="utf-8")
    assert units(broken) == {"_module"}
    assert floor("_module") > floor("_transport")
