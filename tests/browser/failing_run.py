#!/usr/bin/env python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the report of a run in which much goes wrong, to be looked at: failing_run.py FILE."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from harness import Harness  # noqa: E402  (found by the path set above)

from simulator.client import SimulatorProcess  # noqa: E402

COUNT = 40
LONG = "a-name-that-goes-on-and-on-" * 4
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def estate() -> dict[str, Any]:
    """That of the demo with many servers."""
    seed = yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8"))
    seed["xclarity"]["nodes"] = [{"uuid": f"{number:032X}", "name": f"node-{number:02}"} for number in range(1, COUNT + 1)]
    names = [LONG, *(f"node-{number:02}" for number in range(2, COUNT + 1))]
    seed["xclarity"]["profiles"] = [{"id": str(number), "name": name} for number, name in enumerate(names, 1)]
    seed["xclarity"]["firmware"] = {}
    return seed


def book() -> list[dict[str, Any]]:
    wanted = [{"profile": str(number), "uuid": f"{number:032X}"} for number in range(1, COUNT + 1)]
    options = {"restart": "immediate", "poll_interval": 0.1, "return_history": "full"}
    missing, hostile = {"profile": LONG + "x", "uuid": "1" * 32, **options}, "<script>alert(1)</script> " + "x" * 300
    tasks = [
        {"name": "A profile that is not there", "groundwork.provision.profile_activation": missing, "ignore_errors": True},
        {"name": "Read it", "groundwork.provision.profile_info": {}},
        {"name": "A task of another collection", "ansible.builtin.fail": {"msg": hostile}, "ignore_errors": True},
        {"name": "Activate them all", "groundwork.provision.profile_activation": {"profiles": wanted, **options}},
    ]
    return [{"name": "A bad day", "hosts": "localhost", "gather_facts": False, "vars": LOCAL, "tasks": tasks}]


def main() -> None:
    """Ends with an error unless the run failed as it has to."""
    target = Path(sys.argv[1]).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, SimulatorProcess(Path(folder, "servers")) as control:
        control.seed(**estate())
        control.switches("xclarity", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}] * 3)
        harness = Harness(control, Path(folder), Path(os.environ["GROUNDWORK_COLLECTIONS"]))
        path = Path(folder, "bad_day.yml")
        path.write_text(yaml.safe_dump(book(), sort_keys=False), encoding="utf-8")
        enabled = {"ANSIBLE_CALLBACKS_ENABLED": "groundwork.provision.report", "GROUNDWORK_REPORT": str(target)}
        command = [str(Path(sys.executable).with_name("ansible-playbook")), str(path)]
        done = subprocess.run(command, env=harness.environment(**enabled), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 2:
        sys.exit(f"ansible-playbook ended {done.returncode}:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
