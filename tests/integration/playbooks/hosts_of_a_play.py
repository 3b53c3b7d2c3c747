# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays with a role over many hosts, and what they say of each."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from harness import Harness, Played

ROLE = "groundwork.provision.activate_profiles"
# A way to become that is not there: whatever tries to use it fails. (Nobody becomes who he is, as root in a container.)
NO_BECOME = {"ansible_become_method": "sudo", "ansible_become_exe": "/nonexistent/sudo", "ansible_become_user": "somebody"}
# A task that makes its host unreachable, without a network.
UNREACHABLE = """
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        return {"unreachable": True, "msg": "the host does not answer"}
"""


def recap(played: Played) -> dict[str, dict[str, int]]:
    """Host -> the numbers of its recap."""
    lines = re.findall(r"^(\S+) +: (ok=\d+ .*)$", played.output, re.M)
    return {host: {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", numbers)} for host, numbers in lines}


def play(harness: Harness, hosts: dict[str, Any], book: Sequence[dict[str, Any]], *arguments: str, **variables: Any) -> Played:
    """Run ``book`` over an inventory of ``hosts``."""
    (harness.folder / "action_plugins").mkdir(exist_ok=True)
    (harness.folder / "action_plugins" / "unreachable.py").write_text(UNREACHABLE, encoding="utf-8")
    inventory, path = harness.folder / "hosts.yml", harness.folder / "book.yml"
    everything = {"hosts": hosts, "vars": {"activate_profiles_poll_interval": 0.1, "xclarity_restart": "immediate", **variables}}
    inventory.write_text(yaml.safe_dump({"all": everything}), encoding="utf-8")
    path.write_text(yaml.safe_dump(list(book), sort_keys=False), encoding="utf-8")
    return harness.playbook("-i", str(inventory), str(path), *arguments)


def use(form: str, role: str = ROLE, **keywords: Any) -> dict[str, Any]:
    """The part of a play that calls the role in one of the forms; keywords such as ``when`` on the role itself."""
    if form == "roles":
        return {"roles": [{"role": role, **keywords}]}
    return {"tasks": [{"name": "Use the role", f"ansible.builtin.{form}": {"name": role}, **keywords}]}


@dataclasses.dataclass(frozen=True)
class Row:
    """One combination. ``first``: what becomes of the first host before or at the role."""

    strategy: str
    form: str
    cut: str
    first: str
    become: str
    check: bool

    @property
    def name(self) -> str:
        return "-".join(str(value) for value in dataclasses.astuple(self)).replace("_", "")


DIMENSIONS: dict[str, Sequence[Any]] = {
    "strategy": ("linear", "free", "host_pinned"),
    "form": ("roles", "import_role", "include_role"),
    "cut": ("all", "serial", "limit"),
    "first": ("normal", "excluded", "unreachable", "failed"),
    "become": ("no", "play", "variable", "extra", "option"),
    "check": (False, True),
}


def pairwise() -> list[Row]:
    """Rows in which each two values of different dimensions meet at least once."""
    names = list(DIMENSIONS)
    rows = [Row(*values) for values in itertools.product(*DIMENSIONS.values())]

    def pairs(row: Row) -> set[tuple[str, Any, str, Any]]:
        return {(one, getattr(row, one), two, getattr(row, two)) for one, two in itertools.combinations(names, 2)}

    missing = set().union(*map(pairs, rows))
    chosen = []
    while missing:
        best = max(rows, key=lambda row: len(pairs(row) & missing))
        chosen.append(best)
        missing -= pairs(best)
    return chosen


def cut_short(row: Row, first: str, last: str) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """(keywords of the play, keywords of the role, arguments) of a combination. first: the host that something becomes of; last: the one
    that a limit leaves out."""
    before = {
        "unreachable": [{"name": "Lose it", "unreachable": None, "when": f"inventory_hostname == '{first}'"}],
        "failed": [{"name": "Fail it", "ansible.builtin.fail": None, "when": f"inventory_hostname == '{first}'"}],
    }.get(row.first, [])
    book: dict[str, Any] = {"gather_facts": False, "strategy": row.strategy, "pre_tasks": before}
    book |= {"serial": 2} if row.cut == "serial" else {}
    book |= {"become": True} if row.become == "play" else {}
    arguments = ["--forks", "3", *(["--check"] if row.check else []), *(["-b"] if row.become == "option" else [])]
    arguments += ["--limit", f"all:!{last}"] if row.cut == "limit" else []
    arguments += ["-e", "ansible_become=true"] if row.become == "extra" else []
    return book, {"when": f"inventory_hostname != '{first}'"} if row.first == "excluded" else {}, arguments


def write_group_vars(folder: Path, values: dict[str, Any]) -> None:
    (folder / "group_vars").mkdir(exist_ok=True)
    (folder / "group_vars" / "all.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
