#!/usr/bin/env python
"""`make matrix`: the tests on every supported ansible-core, with each Python that it supports and this machine has.

Usage: matrix.py [CORE[/PYTHON]...] [-- PYTEST ARGUMENT...]   for example: matrix.py 2.18 2.21/3.13 -- -k profile
Each pair gets an environment of its own in .cache/matrix, kept for the next time. Interpreters are looked for on PATH
and among pyenv's; a pair whose Python is not found is passed over with a message. Fails when a pair fails, and when
for one of the versions of ansible-core no Python was found at all. Without arguments it also fails when PyPI has a
release that is newer than those in the table below.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import tree

# ansible-core's support matrix of control nodes, from Python 3.11 on. plugins/plugin_utils/in_process.py has the same releases.
SUPPORTED = {
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
# What the tests need of requirements-dev.txt; the gates run once, in .venv.
TEST_PACKAGES = (
    "ansible-navigator", "ansible-runner", "httptools", "hypothesis", "jsonschema", "psutil", "pytest", "starlette", "trustme",
    "uvicorn", "uvloop",
)


def find_python(version: str) -> str | None:
    """An interpreter of that version that really runs, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    on_path = shutil.which(f"python{version}", path=tree.environment()["PATH"])
    candidates = [on_path, *sorted(map(str, pyenv.glob(f"{version}.*/bin/python{version}")), reverse=True)]
    for candidate in filter(None, candidates):
        check = [candidate, "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(check, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.stdout.strip() == version:
            return candidate
    return None


def newest(listing: str) -> str | None:
    """The newest release that ``pip index versions ansible-core`` names, as ``2.21``; None when it names none."""
    found = re.search(r"^ansible-core \((\d+\.\d+)", listing, re.M)
    return found[1] if found else None


def ask_newest() -> str | None:
    """The newest release on PyPI for the newest Python of this machine; pip shows only what that Python can install."""
    pythons = sorted({version for versions in SUPPORTED.values() for version in versions}, key=lambda one: int(one.split(".")[1]))
    python = next(filter(None, map(find_python, reversed(pythons))), sys.executable)
    command = [python, "-m", "pip", "--disable-pip-version-check", "index", "versions", "ansible-core"]
    return newest(subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)


def requirements() -> list[str]:
    """The lines of the requirements files that the tests need."""
    lines = (tree.ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    return ["-r", str(tree.ROOT / "requirements.txt"), *(line for line in lines if line.startswith(TEST_PACKAGES))]


def prepare(core: str, version: str, python: str) -> Path:
    """The Python of an environment with that ansible-core; made when it is not there, else brought up to date."""
    folder = tree.ROOT / ".cache" / "matrix" / f"core-{core}-py{version}"
    if not (folder / "bin" / "pip").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, f"ansible-core=={core}.*", *requirements()], check=True)
    return folder / "bin" / "python"


def wanted(arguments: list[str]) -> dict[str, list[str]]:
    """The Pythons of each version of ansible-core that was asked for; without arguments all that is supported."""
    pairs: dict[str, list[str]] = {}
    for argument in arguments or SUPPORTED:
        core, dummy, version = argument.partition("/")
        if core not in SUPPORTED or (version and version not in SUPPORTED[core]):
            known = "; ".join(f"{one} with Python {', '.join(SUPPORTED[one])}" for one in SUPPORTED)
            sys.exit(f"Not supported: {argument}. Supported: {known}.")
        pairs.setdefault(core, []).extend([version] if version else SUPPORTED[core])
    return pairs


def main() -> int:
    """Returns the exit code."""
    split = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    pairs, pytest_arguments = wanted(sys.argv[1:split]), sys.argv[split + 1:]
    summary, failed = [], False
    if not sys.argv[1:split]:
        latest = ask_newest()
        failed = latest is None or latest not in SUPPORTED
        if latest is None:
            summary.append("PyPI did not tell its newest ansible-core; run again when it can be reached")
        elif failed:
            summary.append(f"ansible-core {latest} is on PyPI and not in the table: add it here and to in_process.py")
    for core, versions in pairs.items():
        tried = 0
        for version in versions:
            pair = f"ansible-core {core} on Python {version}"
            python = find_python(version)
            if python is None:
                summary.append(f"{pair}: passed over, no such Python on this machine")
                continue
            tried += 1
            started = time.monotonic()
            print(f"=== {pair}", flush=True)
            tests = [prepare(core, version, python), tree.ROOT / "tools" / "run_tests.py", *pytest_arguments]
            result = subprocess.run(tests, cwd=tree.ROOT, check=False).returncode
            failed |= result != 0
            summary.append(f"{pair}: {'ok' if result == 0 else 'FAILED'}, {time.monotonic() - started:.0f} s")
        failed |= not tried
    print("\n".join(summary))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
