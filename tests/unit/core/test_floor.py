# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One oldest Python and one oldest version of each library: in the code, the requirements and the pages; told before anything is done."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.groundwork.provision.plugins.module_utils import _floor, _module, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._options import Spec
from ansible_collections.groundwork.provision.plugins.plugin_utils import in_process

ROOT = Path(__file__).resolve().parents[3]
PREFIX = "ansible_collections.groundwork.provision.plugins.module_utils"
MODULES = sorted((ROOT / "plugins" / "modules").glob("*.py"))
OLDEST = (3, 8)  # that any supported ansible-core runs modules with
EARLY = [*MODULES, ROOT / "plugins" / "module_utils" / "_module.py", ROOT / "plugins" / "module_utils" / "_floor.py"]


# -- Python -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EARLY, ids=lambda path: path.stem)
def test_what_is_compiled_before_the_check_compiles_with_every_python(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)


def first_import(path: Path) -> str:
    """The first name that a file imports of the collection."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ansible_collections."):
            return f"{node.module}.{node.names[0].name}"
    raise AssertionError("imports nothing")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_imports_the_check_before_all_else(path):
    assert first_import(path) == f"{PREFIX}._module"


def test_the_check_is_made_before_any_other_import():
    body = ast.parse((ROOT / "plugins" / "module_utils" / "_module.py").read_text(encoding="utf-8")).body
    ours = [number for number, node in enumerate(body) if isinstance(node, ast.ImportFrom) and "groundwork" in str(node.module)]
    assert first_import(ROOT / "plugins" / "module_utils" / "_module.py") == f"{PREFIX}._floor"
    assert ast.unparse(body[ours[0] + 1]) == "_floor.require_python()"
    assert ours[1] > ours[0] + 1


OLD = """
import importlib, sys
sys.path.insert(0, sys.argv[1])
sys.version_info = tuple(int(n) for n in sys.argv[3].split(".")) + ("final", 0)
import builtins
real = builtins.__import__
def watched(name, *args, **kwargs):
    names = {*name.split("."), *(args[2] if len(args) > 2 and args[2] else ())}
    if name.startswith("ansible_collections.groundwork") and not {"_module", "_floor"} & names:
        raise SyntaxError("imported too early: " + name)
    return real(name, *args, **kwargs)
builtins.__import__ = watched
importlib.import_module("ansible_collections.groundwork.provision.plugins.modules." + sys.argv[2])
"""


def run_old(name: str, version: str) -> subprocess.CompletedProcess[str]:
    """Import a module with a Python that says it is older."""
    command = [sys.executable, "-c", OLD, os.environ["ANSIBLE_COLLECTIONS_PATH"], name, version]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["3.9.18", "3.10.13"])
@pytest.mark.parametrize("name", ["profile_info", "backup", "cluster_profile"])
def test_an_older_python_is_told_so_before_anything_else_is_imported(name, version):
    done = run_old(name, version)
    told = json.loads(done.stdout)
    assert (done.returncode, told["failed"], told["changed"], told["error"]["code"]) == (1, True, False, "python_too_old")
    assert told["msg"].startswith(f"Python {version} (")
    for words in ("needs Python 3.11 or later", "Nothing was changed.", "dnf install python3.11", "ansible_python_interpreter"):
        assert words in told["msg"]


def test_main_asks_too(monkeypatch):
    monkeypatch.setattr(_floor, "PYTHON", (3, 99))
    told = json.loads(in_process.run_here(lambda: _module.main(Spec({}), lambda run: {"changed": True}), {}))
    assert (told["failed"], told["error"]["code"]) == (True, "python_too_old")


def found_pythons() -> list[Path]:
    """Pythons below the floor on this machine; where there is none, the tests above stand alone."""
    folders = [Path("/usr/bin"), Path("/usr/local/bin"), *Path("~/.pyenv/versions").expanduser().glob("3.*/bin")]
    named = {path.resolve() for folder in folders for path in folder.glob("python3.*") if re.fullmatch(r"python3\.(8|9|10)", path.name)}
    return sorted(named)


def test_real_older_pythons_end_with_that_sentence(harness):
    """Through ansible-playbook, without requests and without anything else that the collection imports."""
    for python in found_pythons():
        done = harness.play([{"groundwork.provision.backup": {"label": "x"}}], "-e", f"ansible_python_interpreter={python}")
        # A later ansible-core does not run modules with the oldest of them at all.
        said = ("this collection needs Python 3.11 or later", "Ansible requires Python 3.9 or newer on the target")
        assert any(words in done.output for words in said), done.output
        assert done.recap["changed"] == 0


# -- libraries --------------------------------------------------------------------------------------------------------


def test_a_library_that_is_too_old_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(_wire.requests, "__version__", "2.31.0")
    told = json.loads(in_process.run_here(lambda: _module.main(Spec({}), lambda run: {"changed": True}), {}))
    assert told["failed"] is True
    assert told["msg"].startswith("requests 2.31.0 is installed, this collection needs 2.32.4 or later.")
    assert sys.executable in told["msg"]


def test_a_library_that_is_missing_is_told_as_ansible_does(monkeypatch):
    monkeypatch.setattr(_wire, "requests", None)
    told = json.loads(in_process.run_here(lambda: _module.main(Spec({}), lambda run: {"changed": True}), {}))
    assert "requests >= 2.32.4" in told["msg"]
    assert "is required" not in told["msg"]


def requirements() -> dict[str, str]:
    """Library -> floor, of requirements.txt."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9]+)>=([0-9.]+)", text, re.M))


def documented() -> dict[str, set[str]]:
    """Library (or python) -> the floors that the pages of modules and inventories name."""
    found: dict[str, set[str]] = {}
    for folder in ("doc_fragments", "modules", "inventory"):
        for path in (ROOT / "plugins" / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            for library, floor in re.findall(r"^ *- (python|requests|keystoneauth1|openstacksdk) >= ([0-9.]+)", text, re.M):
                found.setdefault(library, set()).add(floor)
    return found


def test_one_floor_for_each_library():
    assert requirements()["requests"] == _floor.written(_wire.REQUESTS_FLOOR)
    assert documented() == {**{library: {floor} for library, floor in requirements().items()}, "python": {_floor.written(_floor.PYTHON)}}


def test_execution_environments_get_the_same_file():
    told = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))
    assert told["dependencies"]["python"] == "requirements.txt"


def test_no_page_names_another_floor():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")]
    for path in pages:
        for library, floor in re.findall(r"(requests|keystoneauth1|openstacksdk)`? *>= *([0-9.]*[0-9])", path.read_text(encoding="utf-8")):
            assert floor == requirements()[library], path
