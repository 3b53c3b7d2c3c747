#!/usr/bin/env python
"""`make docs`: build/docs/html, the guides of docs/ and the reference that Ansible makes of the plugins and roles.

No network is used. A warning of Sphinx or antsibull-docs fails it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import artifact
import tree

INDEX = """\
groundwork.provision
====================

.. toctree::
   :maxdepth: 1
   :caption: Guides

   README
{guides}

.. toctree::
   :maxdepth: 2
   :caption: Reference

   collections/index
   collections/environment_variables
"""


def main() -> None:
    """Ends with the exit code of the tool that failed."""
    site = tree.ROOT / "build" / "docs"
    pages = site / "pages"
    shutil.rmtree(site, ignore_errors=True)
    pages.mkdir(parents=True, mode=0o755)  # antsibull-docs refuses a folder that others may write to
    collections = site / "collections"
    artifact.build(site, collections)

    environment = tree.environment(ANSIBLE_COLLECTIONS_PATH=collections)
    programs = Path(sys.executable).parent
    generate = ["collection", "--use-current", "--squash-hierarchy", "--dest-dir", str(pages / "collections")]
    (pages / "collections").mkdir(mode=0o755)
    subprocess.run([programs / "antsibull-docs", *generate, "groundwork.provision"], env=environment, check=True)

    shutil.copytree(tree.ROOT / "docs", pages, dirs_exist_ok=True)
    shutil.copy(tree.ROOT / "README.md", pages)
    shutil.copy(tree.ROOT / "tools" / "docs_conf.py", pages / "conf.py")
    guides = sorted(page.relative_to(tree.ROOT / "docs").with_suffix("") for page in (tree.ROOT / "docs").rglob("*.md"))
    index = INDEX.format(guides="\n".join(f"   {guide.as_posix()}" for guide in guides))
    (pages / "index.rst").write_text(index, encoding="utf-8")

    subprocess.run(
        [programs / "sphinx-build", "-q", "-W", "--keep-going", "-b", "html", str(pages), str(site / "html")],
        env=environment, check=True,
    )
    print(site / "html" / "index.html")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as exc:
        sys.exit(exc.returncode)
