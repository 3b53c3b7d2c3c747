# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test-ways`: the integration suite twice, with every call of a module as a real task in the controller, then as a module.

Fails when a test fails in either pass, when a call was made in one pass only, or when two results differ in any key
beyond seconds, ports, ids and dates.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests"))

# Suites that start ansible-playbook themselves: there the way is Ansible's own choice, and nothing is noted.
PLAYS = ("ways", "playbooks", "runner", "test_examples.py", "test_documentation.py")


def pytest(way: str, folder: Path, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    suite = ROOT / "tests" / "integration"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "ways_selection", str(suite)]
    command += [f"--ignore={suite / name}" for name in PLAYS if (suite / name).exists()]
    environment = {**os.environ, "GROUNDWORK_WAYS": way, "GROUNDWORK_WAYS_DIR": str(folder), "PYTHONPATH": str(ROOT / "tests")}
    return subprocess.run([*command, *arguments], cwd=ROOT, env=environment, check=False, text=True, **how)


def left_out(folder: Path, arguments: list[str]) -> list[str]:
    """The tests that cannot run both ways, each with its reason."""
    printed = pytest("in_process", folder, "--collect-only", *arguments, stdout=subprocess.PIPE).stdout
    return [line for line in printed.splitlines() if line.startswith("left out: ")]


def noted(way: str, folder: Path) -> dict[tuple[str, int], dict[str, Any]]:
    found = {}
    for path in folder.glob(f"{way}-*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found[(entry["test"], entry["call"])] = entry
    return found


def compare(folder: Path) -> tuple[int, list[str]]:
    """The number of calls of both passes, and a line for each thing that differs."""
    from both_ways import IN_PROCESS, MODULE, differences

    one, other = noted(IN_PROCESS, folder), noted(MODULE, folder)
    lines = [f"{test} call {call}: in one pass only" for test, call in sorted(set(one) ^ set(other))]
    for key in sorted(set(one) & set(other)):
        found = differences(one[key]["result"], other[key]["result"])
        lines += [f"{key[0]} call {key[1]} ({one[key]['module']}): {text}" for text in found]
    return len(set(one) & set(other)), lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder for the noted results")
    options, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        failed = 0
        for way in ("in_process", "module"):
            began = time.monotonic()
            failed |= pytest(way, folder, "-n", "2", *arguments).returncode
            print(f"{way}: {time.monotonic() - began:.0f} s", flush=True)
        calls, lines = compare(folder)
        told = left_out(folder, arguments)
    print("\n".join([*told, *lines]))
    print(f"{calls} calls compared, {len(lines)} differences")
    return 1 if failed or lines or not calls else 0


if __name__ == "__main__":
    sys.exit(main())
