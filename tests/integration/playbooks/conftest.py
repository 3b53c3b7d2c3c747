# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a playbook of the collection with the demo's inventory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Harness, Played
from playbook_output import PASSPHRASE
from role_runs import SPEC, note

DEMO = Path(__file__).resolve().parents[2] / "demo"

Provision = Callable[..., Played]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Where the exported image goes."""
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.fixture
def provision(harness: Harness, images: Path) -> Provision:
    """Run a playbook of the collection by its name with the demo's inventory; a warning of Ansible fails the test."""

    def run(name: str, *arguments: str, **variables: Any) -> Played:
        extra = ["-e", json.dumps(variables)] if variables else []
        return harness.playbook(
            "-i", str(DEMO / "inventory"), f"groundwork.provision.{name}", *arguments, *extra,
            DEMO_FOLDER=str(images), DEMO_PASSPHRASE=PASSPHRASE,
        )  # fmt: skip

    return run


@pytest.fixture
def drained(harness: Harness) -> dict[str, Any]:
    """Variables of update_firmware: each host notes in a file of its own whether it is ``in`` use or ``out`` of it."""
    wanted = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    for name, word in (("drain", "out"), ("undrain", "in")):
        book = harness.folder / f"{name}.yml"
        book.write_text(yaml.safe_dump([note(harness, name, word)]), encoding="utf-8")
        wanted[f"update_firmware_{name}"] = str(book)
    return wanted


@pytest.fixture
def sim_with_specs(sim: Any, harness: Harness) -> Any:
    """With specs of cluster profiles in the folder of the playbook."""
    (harness.folder / "specs").mkdir()
    (harness.folder / "specs" / "web.yml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    return sim
