#!/usr/bin/env python
"""`make test`: run the tests on the collection as a user gets it, built and installed from its own artifact.

Usage: run_tests.py [PYTEST ARGUMENT...]. With a path among the arguments only that is run, else all of SUITES.
Each run installs into a folder of its own, so that two runs, or an edit in the middle of one, disturb nothing.
Ends with pytest's exit code.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import build
import tree

SUITES = ("tests/unit", "tests/property", "tests/simulator_tests", "tests/integration")
WORKERS = os.environ.get("JOBS") or str(min(4, max(2, os.cpu_count() or 2)))


def environment(collections: Path) -> dict[str, str]:
    """What the tests run in: this one's, without what a user has set for Ansible or Python."""
    result = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON", "PYTEST_"))}
    result["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{result.get('PATH', os.defpath)}"
    result["GROUNDWORK_COLLECTIONS"] = str(collections)
    result["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start where the locale is not UTF-8, as on a bare machine
    return result


def main() -> int:
    """Returns pytest's exit code."""
    arguments = sys.argv[1:]
    named = [argument.split("::")[0] for argument in arguments if not argument.startswith("-")]
    if not any((tree.ROOT / name).exists() for name in named):
        arguments += [suite for suite in SUITES if (tree.ROOT / suite).is_dir()]
    (tree.ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-", dir=tree.ROOT / "build") as folder:
        collections = Path(folder, "collections")
        print("Testing", build.build(Path(folder), collections).name, flush=True)
        command = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", *arguments]
        return subprocess.run(command, cwd=tree.ROOT, env=environment(collections), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
