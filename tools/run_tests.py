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

import artifact
import tree

SUITES = ("tests/unit", "tests/property", "tests/simulator_tests", "tests/integration")
WORKERS = os.environ.get("JOBS") or str(min(4, max(2, os.cpu_count() or 2)))


def main() -> int:
    """Returns pytest's exit code."""
    arguments = sys.argv[1:]
    named = [argument.split("::")[0] for argument in arguments if not argument.startswith("-")]
    if not any((tree.ROOT / name).exists() for name in named):
        arguments += [suite for suite in SUITES if (tree.ROOT / suite).is_dir()]
    (tree.ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-", dir=tree.ROOT / "build") as folder:
        collections = Path(folder, "collections")
        print("Testing", artifact.build(Path(folder), collections).name, flush=True)
        command = [sys.executable, "-m", "pytest", "-n", WORKERS, "--dist", "worksteal", *arguments]
        environment = tree.environment(GROUNDWORK_COLLECTIONS=collections)
        return subprocess.run(command, cwd=tree.ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
