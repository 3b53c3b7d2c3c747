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
from harness import Harness, Played
from playbook_output import PASSPHRASE

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
