# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make mutants``: break one rule at a time, in a copy, and show which test notices; bring back one old fault at a time, and show what
the crossed stories of ``make chaos`` say of it. Ends 0 when every one is caught."""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bad_clients import BAD_CLIENTS, BadClient

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path("ansible_collections") / "groundwork" / "provision"
sys.path.insert(0, str(ROOT / "tests"))
OLD_FAULTS = [
    BadClient(one.name, one.file, one.old, one.new, family=one.family) for one in importlib.import_module("chaos.relapses").RELAPSES
]
CROSSED = "tests/property/test_crossing.py"


def copy_of(place: Path) -> Path:
    """A tree with the collection's plugins, as they are."""
    target = place / INSIDE
    target.mkdir(parents=True)
    shutil.copytree(ROOT / "plugins", target / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("meta", "galaxy.yml"):
        (target / name).symlink_to(ROOT / name)
    return target


def break_rule(tree: Path, bad: BadClient) -> None:
    path = tree / "plugins" / "module_utils" / bad.file
    source = path.read_text(encoding="utf-8")
    if source.count(bad.old) != 1:
        raise SystemExit(f"{bad.name}: the text to change stands {source.count(bad.old)} times in {bad.file}")
    path.write_text(source.replace(bad.old, bad.new), encoding="utf-8")


def tests_fail(place: Path, tests: str) -> tuple[bool, str]:
    """(whether a test failed, which one first)."""
    environment = {**os.environ, "GROUNDWORK_COLLECTIONS": str(place), "HYPOTHESIS_STORAGE_DIRECTORY": str(place / "hypothesis")}
    command = [sys.executable, "-m", "pytest", *tests.split(), "-x", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly"]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    except subprocess.TimeoutExpired:
        return True, "did not end"
    found = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1):
        raise SystemExit(f"pytest itself failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1, found.group(1).removeprefix("tests/") if found else ""


def story_fails(place: Path, family: str) -> tuple[bool, str]:
    """(whether a crossed story was wrong, what was wrong with it)."""
    environment = {**os.environ, "GROUNDWORK_COLLECTIONS": str(place)}
    command = [sys.executable, "tests/chaos/relapses.py", family]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise SystemExit(f"the stories themselves failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 1, done.stdout.strip()


def selection(tests: list[str]) -> list[str]:
    """These tests, once each, those of one file in one run."""
    by_file: dict[str, set[str]] = {}
    for one in tests:
        by_file.setdefault(one.partition("::")[0], set()).add(one)
    return [file if file in named else " ".join(sorted(named)) for file, named in sorted(by_file.items())]


def judge(bad: BadClient | None, tests: str) -> tuple[BadClient | None, bool, str, float]:
    """tests: what is run against the good client, where there is no bad one."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = copy_of(Path(folder))
        if bad is not None:
            break_rule(tree, bad)
        failed, test = story_fails(Path(folder), bad.family) if bad and bad.family else tests_fail(Path(folder), tests)
    return bad, failed, test, time.monotonic() - began


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="part of a name")
    options = parser.parse_args()
    clients = [bad for bad in BAD_CLIENTS if options.only in bad.name]
    old = [bad for bad in OLD_FAULTS if options.only in bad.name]
    caught = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        # First the good client: a test that fails without a reason would catch everything.
        everything = selection([bad.tests for bad in clients if bad.tests]) + ([CROSSED] if old else [])
        for _bad, failed, test, _seconds in pool.map(lambda tests: judge(None, tests), everything):
            if failed:
                print(f"the tests fail without any change: {test}")
                return 1
        for bad, failed, test, seconds in pool.map(lambda one: judge(one, one.tests), [*clients, *old]):
            assert bad is not None
            caught += failed
            print(f"{'caught' if failed else 'MISSED':<7} {bad.name:<48} {seconds:5.1f} s  {test[:140]}", flush=True)
    print(f"{caught} of {len(clients) + len(old)} caught: {len(clients)} bad clients, {len(old)} old faults")
    return 0 if caught == len(clients) + len(old) else 1


if __name__ == "__main__":
    sys.exit(main())
