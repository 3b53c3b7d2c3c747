"""The checkout as the other tools need it: its root, its files, clean copies of them, and a clean environment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
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


def environment(**extra: str | Path) -> dict[str, str]:
    """What the tools start programs in: this process's variables without what a user has set for Ansible or Python.

    The programs of the running virtual environment come first on PATH, then the interpreter that it was made with.
    Shims of pyenv and asdf are left out: they answer to the name of a Python that they may then not run.
    """
    own = ("ANSIBLE_", "MYPY", "PYTEST_", "PYTHON")
    result = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    folders = [str(Path(sys.executable).parent), str(Path(sys.base_prefix, "bin"))]
    folders += [folder for folder in result.get("PATH", os.defpath).split(os.pathsep) if Path(folder).name != "shims"]
    result["PATH"] = os.pathsep.join(dict.fromkeys(folders))
    result["LC_ALL"] = "C.UTF-8"  # Ansible refuses to start where the locale is not UTF-8, as on a bare machine
    return result | {key: str(value) for key, value in extra.items()}
