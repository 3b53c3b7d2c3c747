"""The checkout as the other tools need it: its root, its files, and clean copies of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMESPACE, NAME = "groundwork", "provision"

# Only used where there is no git to ask: what .gitignore keeps out.
UNTRACKED_DIRS = {
    ".git", ".venv", ".cache", ".ansible", "build", "collections", "output", "__pycache__",
    ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis",
}


def files() -> list[Path]:
    """Every source file, relative to ROOT: tracked by git, or new and not ignored.

    Without git: all that is not in UNTRACKED_DIRS.
    """
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, stdout=subprocess.PIPE,
        ).stdout.decode().split("\0")
        # A tracked file may have been deleted and not committed yet.
        return sorted(Path(name) for name in set(listed) if name and os.path.lexists(ROOT / name))
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        subfolders[:] = [name for name in subfolders if name not in UNTRACKED_DIRS]
        found += [Path(folder, name).relative_to(ROOT) for name in names if not name.endswith(".pyc")]
    return sorted(found)


def copy(parent: Path) -> Path:
    """Copy the source files to parent/ansible_collections/groundwork/provision and return that folder.

    The copy is real: ansible-test looks at the working folder's real path, so a symlink would not do.
    """
    dest = parent / "ansible_collections" / NAMESPACE / NAME
    for name in files():
        target = dest / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    return dest


def digest(folder: Path) -> str:
    """One hash over the names and contents of all files in a folder."""
    result = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            result.update(f"{path.relative_to(folder)}\0{path.stat().st_mode & 0o111:o}\0".encode())
            result.update(hashlib.sha256(path.read_bytes()).digest())
    return result.hexdigest()
