# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate that is not verified is told once in the result, in the controller and as a module, and by nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

INFOS = ["profile_info", "server_pool_info", "cluster_profile_info"]
SENTENCE = "is not verified because validate_certs is false."


@pytest.mark.parametrize("in_process", [True, False], ids=["in the controller", "as a module"])
def test_one_warning_of_ours(sim, harness, in_process):
    tasks = []
    for name in INFOS:
        tasks.append({f"groundwork.provision.{name}": {"validate_certs": False}, "register": "seen"})
        tasks.append({"ansible.builtin.assert": {"that": [f"seen.warnings | select('search', '{SENTENCE}') | length == 1"]}})
    book = harness.folder / "play.yml"
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    program = Path(sys.executable).parent / "ansible-playbook"
    blank = {"XCLARITY_CA_PATH": "", "OPS_MANAGER_CA_PATH": "", "OS_CACERT": ""}
    environment = harness.environment(GROUNDWORK_IN_PROCESS=str(int(in_process)), **blank)
    done = subprocess.run([program, str(book)], env=environment, cwd=harness.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "InsecureRequestWarning" not in done.stdout + done.stderr
    assert "errantly" not in done.stdout + done.stderr
    assert done.stderr.count("[WARNING]") == " ".join(done.stderr.split()).count(SENTENCE) >= 1
