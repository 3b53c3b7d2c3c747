# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo as AWX lays it out for ansible-runner: a private data directory with project, inventory and environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from harness import Harness
from jobs import DEMO, PASSPHRASE, PLAYBOOK, Tool


@pytest.fixture
def credentials(harness: Harness, tmp_path: Path) -> dict[str, str]:
    """The variables that a job's credentials put into its environment, and those of the demo's inventory."""
    images = tmp_path / "images"
    images.mkdir()
    given = harness.environment(DEMO_FOLDER=str(images), DEMO_PASSPHRASE=PASSPHRASE)
    return {name: value for name, value in given.items() if name not in ("PATH", "HOME", "LC_ALL")}


@pytest.fixture
def data_dir(tmp_path: Path, credentials: dict[str, str]) -> Path:
    """The private data directory, with the credentials in env/envvars."""
    folder = tmp_path / "job"
    shutil.copytree(DEMO, folder)
    for name in ("project", "env"):
        (folder / name).mkdir(mode=0o700)
    (folder / "project" / "site.yml").write_text(yaml.safe_dump(PLAYBOOK), encoding="utf-8")
    variables = folder / "env" / "envvars"
    variables.touch(mode=0o600)
    variables.write_text(yaml.safe_dump({**credentials, "ANSIBLE_FORCE_COLOR": "0"}), encoding="utf-8")
    (folder / "env" / "settings").write_text(yaml.safe_dump({"fact_cache_type": "jsonfile", "job_timeout": 240}), encoding="utf-8")
    return folder


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    """tool(name, *arguments, stdin=..., **variables): run a program of this environment to its end, without credentials."""

    def run(name: str, *arguments: str, stdin: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        folder = Path(sys.executable).parent
        environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8", **variables}
        return subprocess.run(
            [str(folder / name), *arguments], cwd=tmp_path, env=environment, input=stdin, capture_output=True, check=False, timeout=300
        )

    return run
