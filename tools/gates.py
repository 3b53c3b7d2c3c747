#!/usr/bin/env python
"""`make gates`: every check of the trade on a clean copy of the tree, none of them with an ignore file.

Usage: gates.py [NAME...]  (names as printed; without any, all of them)
The copy lies below a real ansible_collections folder, where ansible-test insists on being. Two lanes run side by side:
the sanity tests take as long as all else together. A gate fails when it ends with an error, and also when it prints a
warning or a deprecation. Caches: ~/.ansible/test (made by ansible-test) and .cache/.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import tree

WARNING = re.compile(r"\[WARNING\]|\[DEPRECATION WARNING\]|^WARNING\b|DeprecationWarning", re.M)
# Lines that say nothing about the collection.
HARMLESS = re.compile(
    r"WARNING: Using locale "  # ansible-test wants en_US.UTF-8, a bare machine has C.UTF-8
    r"|WARNING: Reviewing previous "  # the heading over a repetition of the others
    r"|WARNING: Required program \"shellcheck\" not found"  # only where it may not be installed: install_shellcheck
    r"|WARNING: (Location|Running pip|Retrying|The script|Cache entry|You are using pip) "  # pip's own
)

COLLECTION = f"ansible_collections/{tree.NAMESPACE}/{tree.NAME}"


@dataclass(frozen=True)
class Gate:
    """One check: its name, its command, and the folder it runs in, relative to the collection's copy."""

    name: str
    command: Sequence[str]
    folder: str = "."


def gates() -> tuple[list[Gate], list[Gate]]:
    """The two lanes."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    sanity = [Gate("sanity", ["ansible-test", "sanity", "--local", "--python", python, "--color", "no"])]
    others = [
        Gate("generated", [sys.executable, "tools/generate.py", "--check"]),
        Gate("words", [sys.executable, "tools/words.py"]),
        Gate("files", [sys.executable, "tools/unwanted_files.py"]),
        Gate("reuse", ["reuse", "lint", "--quiet"]),
        Gate("ruff", ["ruff", "check", "--quiet", "--no-cache", "--output-format=concise", "."]),
        Gate("changelog", ["antsibull-changelog", "lint"]),
        Gate(
            "mypy",
            ["mypy", "--config-file", f"{COLLECTION}/pyproject.toml", "--no-error-summary",
             "--cache-dir", str(tree.ROOT / ".cache" / "mypy"), f"{COLLECTION}/plugins"],
            "../../..",
        ),
        Gate(
            "docs",
            ["antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", "."],
        ),
        Gate("lint", ["ansible-lint", "--nocolor", "--offline", "-q"]),
    ]
    return sanity, others


def install_shellcheck() -> None:
    """The sanity test of shell scripts needs shellcheck: installed where we may, passed over where we may not."""
    if shutil.which("shellcheck"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        install = "apt-get install --yes --no-install-recommends shellcheck"
        script = f"{install} || {{ apt-get update && {install}; }}"
        subprocess.run(["sh", "-c", script], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not shutil.which("shellcheck"):
        print("shellcheck is missing: shell scripts are not checked (Debian and Ubuntu: apt-get install shellcheck)")


def run(gate: Gate, collection: Path) -> bool:
    """Run one gate and print its line, with all its output when it failed."""
    started = time.monotonic()
    done = subprocess.run(
        gate.command, cwd=collection / gate.folder, check=False,
        env=tree.environment(ANSIBLE_COLLECTIONS_PATH=collection.parents[2], NO_COLOR="1"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )
    warned = [line for line in done.stdout.splitlines() if WARNING.search(line) and not HARMLESS.search(line)]
    good = done.returncode == 0 and not warned
    verdict = "ok" if good else f"FAILED (exit {done.returncode}, {len(warned)} warnings)"
    text = f"{gate.name:<10} {verdict:<6} {time.monotonic() - started:6.1f} s\n"
    if not good:
        text += f"--- {' '.join(map(str, gate.command))}\n{done.stdout.rstrip()}\n---\n"
    sys.stdout.write(text)
    sys.stdout.flush()
    return good


def main() -> int:
    """Returns 0 when every gate is passed."""
    started = time.monotonic()
    lanes = [[gate for gate in lane if gate.name in sys.argv[1:] or not sys.argv[1:]] for lane in gates()]
    if not any(lanes):
        sys.exit(f"No such gate. There are: {', '.join(gate.name for lane in gates() for gate in lane)}")
    if lanes[0]:
        install_shellcheck()
        subprocess.run([sys.executable, tree.ROOT / "tools" / "seed_get_pip.py"], check=True)
    with tempfile.TemporaryDirectory(prefix="gates-") as folder, ThreadPoolExecutor(len(lanes)) as pool:
        # The real path: where the temporary folder is a symlink, ansible-test would see another one.
        collection = tree.copy(Path(folder).resolve())
        # A copy for each lane: what ansible-lint leaves behind must not be seen by the sanity tests, nor the other way.
        copies = [collection, tree.copy(Path(folder).resolve() / "second")]
        results = list(pool.map(lambda lane, copy: [run(gate, copy) for gate in lane], lanes, copies))
    passed = [result for lane in results for result in lane]
    print(f"gates: {sum(passed)} of {len(passed)} passed in {time.monotonic() - started:.0f} s")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
