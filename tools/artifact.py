#!/usr/bin/env python
"""Build the collection's artifact from a clean copy of the sources, and install it where tests and the demo find it.

Usage: artifact.py [--output build] [--collections build/collections]
Leaves OUTPUT/groundwork-provision-VERSION.tar.gz and COLLECTIONS/ansible_collections/groundwork/provision; does
nothing when both are there and no source file changed. No network: the collection has no dependencies.
"""

from __future__ import annotations

import argparse
import fcntl
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tree


def galaxy(*arguments: str) -> None:
    """Run ansible-galaxy of this Python's environment; a warning of its own fails the build, as an error does."""
    command = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", *arguments]
    with tempfile.TemporaryDirectory() as home:
        # An empty file keeps out the settings of the user and of the machine.
        settings = Path(home, "ansible.cfg")
        settings.write_text("[defaults]\n", encoding="utf-8")
        environment = tree.environment(ANSIBLE_CONFIG=settings, ANSIBLE_HOME=home, ANSIBLE_NOCOLOR="1")
        if "--collections-path" in arguments:
            environment["ANSIBLE_COLLECTIONS_PATH"] = arguments[arguments.index("--collections-path") + 1]
        done = subprocess.run(
            command, env=environment, cwd=home, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
    if done.returncode or re.search(r"\[(DEPRECATION )?WARNING\]", done.stdout):
        sys.exit(f"{' '.join(command)} ended {done.returncode}:\n{done.stdout}")


def install(artifact: Path, collections: Path) -> None:
    """Install an artifact into a folder for ANSIBLE_COLLECTIONS_PATH, in the place of what was there."""
    shutil.rmtree(collections, ignore_errors=True)
    collections.mkdir(parents=True)
    galaxy("install", "--no-deps", "--offline", "--collections-path", str(collections), str(artifact))


def build(output: Path, collections: Path) -> Path:
    """Build and install; returns the artifact's path. Two at once in one OUTPUT take turns."""
    output.mkdir(parents=True, exist_ok=True)
    stamp = output / f".{collections.name}.sha256"
    with open(output / ".lock", "w", encoding="utf-8") as lock, tempfile.TemporaryDirectory() as folder:
        fcntl.flock(lock, fcntl.LOCK_EX)
        source = tree.copy(Path(folder))
        sources = tree.digest(source)
        present = sorted(output.glob(f"{tree.NAMESPACE}-{tree.NAME}-*.tar.gz"))
        if len(present) == 1 and collections.is_dir() and stamp.exists() and stamp.read_text() == sources:
            return present[0]
        stamp.unlink(missing_ok=True)
        for old in present:
            old.unlink()
        galaxy("build", "--force", "--output-path", str(output), str(source))
        (artifact,) = output.glob(f"{tree.NAMESPACE}-{tree.NAME}-*.tar.gz")
        install(artifact, collections)
        stamp.write_text(sources)
        return artifact


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build the artifact and install it.")
    parser.add_argument("--output", type=Path, default=tree.ROOT / "build")
    parser.add_argument("--collections", type=Path, default=tree.ROOT / "build" / "collections")
    options = parser.parse_args()
    print(build(options.output.resolve(), options.collections.resolve()))


if __name__ == "__main__":
    main()
