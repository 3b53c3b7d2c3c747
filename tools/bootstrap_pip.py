#!/usr/bin/env python
"""Install pip into the running environment when Python came without ensurepip (Debian without python3-venv).

Run with the Python of a bare virtual environment. Takes the newest pip wheel from the package index named by
PIP_INDEX_URL (default: PyPI), checks the digest that the index gives with it, and lets the wheel install itself.
Exits 1 with a hint when the index cannot be reached.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

HINT = "Install the missing piece instead (Debian and Ubuntu: apt-get install python3-venv) and run make again."
JSON_INDEX = "application/vnd.pypi.simple.v1+json"


def fetch(url: str, accept: str = "*/*") -> bytes:
    """The body of one URL; raises OSError when it cannot be had."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return reply.read()


def newest_wheel(index: str) -> tuple[str, str]:
    """(URL, sha256) of the newest final pip wheel on an index that speaks PEP 691."""
    page = f"{index.rstrip('/')}/pip/"
    wheels = [entry for entry in json.loads(fetch(page, JSON_INDEX))["files"] if entry["filename"].endswith(".whl")]

    def version(entry: dict) -> list[int]:
        number = entry["filename"].split("-")[1]
        return [int(part) for part in number.split(".")] if number.replace(".", "").isdigit() else [0]

    best = max((entry for entry in wheels if not entry.get("yanked")), key=version)
    return urllib.parse.urljoin(page, best["url"]), best["hashes"]["sha256"]


def main() -> int:
    """Returns the exit code."""
    try:
        url, digest = newest_wheel(os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple"))
        data = fetch(url)
    except (OSError, ValueError, KeyError) as exc:
        print(f"pip could not be fetched: {exc}. {HINT}", file=sys.stderr)
        return 1
    if hashlib.sha256(data).hexdigest() != digest:
        print(f"{url} is not what the index says it is. {HINT}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        wheel = os.path.join(folder, os.path.basename(urllib.parse.urlsplit(url).path))
        with open(wheel, "wb") as file:
            file.write(data)
        # A wheel is a zip file that Python can run from.
        install = [sys.executable, f"{wheel}/pip", "install", "--quiet", "--no-index", wheel]
        return subprocess.run(install, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
