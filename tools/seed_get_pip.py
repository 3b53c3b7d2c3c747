#!/usr/bin/env python
"""Give ansible-test the pip bootstrap script that it would download from ci-files.testing.ansible.com.

Usage: seed_get_pip.py, with the Python that has ansible-core. ansible-test makes its environments without pip and looks
at ~/.ansible/test/cache/get_pip_X_Y.py before it downloads; this writes that file around the pip wheel of the package
index, so that the package index is the only thing the gates need from the network.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import ansible_test

SCRIPT = '''"""pip {version} for ansible-test, made by tools/seed_get_pip.py from the wheel of the package index."""
import base64
import os
import shutil
import sys
import tempfile

WHEEL = """
{data}
"""


def main():
    folder = tempfile.mkdtemp()
    try:
        wheel = os.path.join(folder, "{name}")
        with open(wheel, "wb") as file:
            file.write(base64.b85decode(WHEEL.replace("\\n", "")))
        sys.path.insert(0, wheel)
        from pip._internal.cli.main import main as pip
        # The two options belong to get-pip, not to pip; pip itself is then found in the folder.
        arguments = [item for item in sys.argv[1:] if item not in ("--no-setuptools", "--no-wheel")]
        return pip(["install", "--quiet", "--upgrade", "--force-reinstall", "--find-links", folder] + arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
'''


def wanted_versions() -> list[str]:
    """The pip versions named in the installed ansible-test."""
    source = Path(ansible_test.__file__).parent / "_internal" / "python_requirements.py"
    found = re.findall(r"^\s*(?:default_packages = dict\()?pip='([0-9.]+)'", source.read_text(encoding="utf-8"), re.M)
    if not found:
        sys.exit(f"No pip version found in {source}: this ansible-core is laid out in a new way")
    return sorted(set(found))


def wheel_of(version: str) -> tuple[str, bytes]:
    """(file name, content) of pip's wheel, by the pip of this environment and its settings."""
    with tempfile.TemporaryDirectory() as folder:
        download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*download, "--dest", folder, f"pip=={version}"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.name, wheel.read_bytes()


def main() -> None:
    """Write what is missing."""
    cache = Path("~/.ansible/test/cache").expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    for version in wanted_versions():
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        if script.exists():
            continue
        name, content = wheel_of(version)
        data = textwrap.fill(base64.b85encode(content).decode(), 100, break_on_hyphens=False)
        # Renamed into place: a second run at the same time must not read half of it.
        part = script.with_suffix(f".{os.getpid()}")
        part.write_text(SCRIPT.format(version=version, name=name, data=data), encoding="utf-8")
        part.replace(script)


if __name__ == "__main__":
    main()
