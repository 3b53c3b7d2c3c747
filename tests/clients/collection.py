# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`collection.py DIR`: put the collection openstack.cloud below DIR, taken out of the package ansible on the package index.

The package holds a hundred collections; only this one is unpacked.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "ansible==12.3.0"
INSIDE = "ansible_collections/openstack/cloud/"


def main() -> int:
    folder = Path(sys.argv[1])
    stamp = folder / PACKAGE
    if stamp.exists():
        return 0
    print(f"Taking openstack.cloud out of {PACKAGE}", flush=True)
    with tempfile.TemporaryDirectory() as download:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--dest", download, PACKAGE], check=True)
        (wheel,) = Path(download).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder, [name for name in archive.namelist() if name.startswith(INSIDE)])
    stamp.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
