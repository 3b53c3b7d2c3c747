# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable that a role makes for itself carries the role's name: one that a user gives with -e would beat it otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.glob("roles/*/tasks/*.yml"))
# What Ansible and the collection's plugins read, and the variables of the tasks that roles borrow from manage_nodes.
SHARED = ("ansible_", "groundwork_", "manage_nodes_")


def made(node: Any) -> Iterator[str]:
    """The names of the variables that the tasks below `node` make: of `vars`, `register`, `set_fact` and loops."""
    if isinstance(node, list):
        for one in node:
            yield from made(one)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key in ("vars", "ansible.builtin.set_fact"):
                yield from value
            elif key in ("register", "loop_var", "index_var"):
                yield value
            yield from made(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_variable_of_a_role_carries_its_name(path):
    allowed = (path.parts[-3] + "_", *SHARED)
    names = set(made(yaml.safe_load(path.read_text(encoding="utf-8")))) - {"cacheable"}
    assert [name for name in sorted(names) if not name.startswith(allowed)] == []
