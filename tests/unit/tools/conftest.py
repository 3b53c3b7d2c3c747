# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small collection in a temporary folder, which tools/generate.py can write and check."""

from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools"))
generate = importlib.import_module("generate")

MODULE = '''\
# header

DOCUMENTATION = r"""
module: {name}
extends_documentation_fragment:
{fragments}
"""

RETURN = r"""
{returns}
"""

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure


def run() -> None:
    raise Failure("{code}", "why")
'''
ERRORS = '''\
class Failure(Exception):
    def __init__(self, code: str, why: str, **facts: object) -> None:
        self.code = code


def bad_input(code: str, why: str) -> Failure:
    return Failure(code, why)
'''
ENTRY = """\
{code}:
  systems: [{systems}]
  when: Something happens.
  do: Do something.
"""
RUNTIME = "---\nrequires_ansible: \">=2.18.0\"\n"


class Tree:
    """The folder, and what the tool says of it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text), encoding="utf-8")
        return file

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def module(self, name: str, returns: str = "own: {description: Own., type: str}", *fragments: str, code: str = "busy") -> None:
        """A module; without fragments one of XClarity that only reads."""
        named = "\n".join(f"  - groundwork.provision.{one}" for one in fragments or ("xclarity", "attributes.info"))
        text = MODULE.format(name=name, fragments=named, returns=dedent(returns).strip(), code=code)
        (self.root / "plugins" / "modules" / f"{name}.py").write_text(text, encoding="utf-8")

    def codes(self, *codes: str, systems: str = "xclarity") -> None:
        """The registry."""
        self.write("tools/error_codes.yml", "---\n" + "\n".join(ENTRY.format(code=code, systems=systems) for code in codes))

    def check(self) -> tuple[int, str]:
        """The exit code of generate.py --check, and what it printed."""
        code = generate.main(["--check"], self.root)
        return code, self._capsys.readouterr().out

    def fix(self) -> tuple[int, str]:
        code = generate.main([], self.root)
        return code, self._capsys.readouterr().out


@pytest.fixture
def tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Tree:
    """Two modules and what is generated of them, up to date."""
    made = Tree(tmp_path, capsys)
    for name in ("tools", "plugins/modules", "plugins/action", "docs"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "return_blocks.yml", tmp_path / "tools")
    made.write("plugins/module_utils/_errors.py", ERRORS)
    made.write("meta/runtime.yml", RUNTIME)
    made.module("thing_info")
    made.module("thing", "own: {description: Own., type: str}", "xclarity", "once")
    made.codes("busy")
    assert made.fix()[0] == 0
    assert made.check() == (0, "")
    return made
