#!/usr/bin/env python
"""`make docs`: build/docs/html, the pages of the repository and the reference that Ansible makes of the plugins and roles.

The pages keep their places in the repository, so that a link between two of them is right on the site as well. No network is used.
A warning of Sphinx or antsibull-docs fails it: no kind of warning is suppressed.
"""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import artifact
import tree

INTRODUCTION = """\
# groundwork.provision

An Ansible collection that provisions machines through three management servers: Lenovo XClarity Administrator, MongoDB Ops Manager and
OpenStack Clustering (Senlin). Each task says what it did: what changed, what failed and why, and what to do next.
"""
REFERENCE_TITLE = "Modules, plug-ins and roles"
README = "Overview and installation"  # on the index and in the menu; its own heading is that of the site
# What stands on the index in the place of the first sentence of a page, where that one does not say what the page is for.
SENTENCES = {
    "CHANGELOG.rst": "What each release changed.",
    "CONTRIBUTING.md": "From a clone to a first change: commands, rules, style, what is generated.",
    "SECURITY.md": "How to report a weakness, and what is kept secret.",
    "collections/index.rst": "Every option, return value and example, as `ansible-doc` shows them.",
    "collections/environment_variables.rst": "Every variable of the environment that sets an option.",
    "docs/error_codes.md": "Every error code: when it is raised, and what to do then.",
    "docs/performance.md": "What was measured, beside other ways to do the same work.",
}


@dataclass(frozen=True)
class Group:
    """Pages under one heading of the index. pages: paths from the root of the repository, and patterns of those."""

    title: str
    sentence: str
    pages: tuple[str, ...]


GROUPS = (
    Group("Start", "What it is, how to install it, the first task against a server of your own.",
          ("README.md", "docs/guide_real_servers.md", "docs/guide_migration.md", "docs/migration_pylxca.md")),
    Group("Guides", "One piece of work each, from top to bottom, with examples that run.", ("docs/guide_*.md",)),
    Group("Roles", "What an operator wants done, from variables that an inventory already has.", ("roles/*/README.md",)),
    Group("Reference", "To look something up.",
          ("collections/index.rst", "collections/environment_variables.rst", "docs/error_codes.md", "docs/requests.md")),
    Group("Operations", "What it promises, what it costs, and how it is kept.",
          ("docs/reliability.md", "docs/compatibility.md", "docs/sizing.md", "docs/performance.md", "SECURITY.md", "CHANGELOG.rst")),
    Group("Development", "To change the collection itself.", ("docs/architecture.md", "CONTRIBUTING.md")),
)
LONG = 140  # characters of a sentence on the index; a longer one ends at its colon
REST = "Reference"  # the group of pages of docs/ that no group names


def title(text: str) -> str:
    """The first heading of a page in Markdown, or of one in reStructuredText."""
    heading = re.search(r"^# +(.+)$|^(.+)\n==+$", text, re.M)
    if not heading:
        raise ValueError("a page has no heading")
    return (heading[1] or heading[2]).strip()


def first_sentence(text: str) -> str:
    """The first sentence below the heading of a page in Markdown, without links: they lead from the page, not from the index."""
    text = re.sub(r"<!--.*?-->", "", text, flags=re.S).partition(f"# {title(text)}")[2]
    paragraph = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", " ".join(text.strip().split("\n\n")[0].split()))
    sentence = re.match(r"(?!#|```|\|).+?[.!?](?=\s|$)", paragraph)
    if not sentence:
        raise ValueError("it does not begin with a sentence that says what it is for")
    return sentence[0].split(": ")[0] + "." if len(sentence[0]) > LONG and ": " in sentence[0] else sentence[0]


def grouped(pages: list[str]) -> dict[str, list[str]]:
    """Title of a group -> its pages. Each page is in the first group that names it, else in the first whose pattern fits, else in REST."""
    named = {page: group.title for group in reversed(GROUPS) for page in group.pages}
    result: dict[str, list[str]] = {group.title: [page for page in group.pages if page in pages] for group in GROUPS}
    for page in sorted(page for page in pages if page not in named):
        fits = (group.title for group in GROUPS for pattern in group.pages if fnmatch.fnmatchcase(page, pattern))
        result[next(fits, REST)].append(page)
    return result


def index(folder: Path) -> str:
    """The first page: every page of the folder with a sentence, by group. The lists that Sphinx needs for its menu are hidden."""
    pages = [path.relative_to(folder).as_posix() for path in folder.rglob("*.md")]
    pages += ["CHANGELOG.rst", "collections/index.rst", "collections/environment_variables.rst"]
    found = grouped(pages)
    return INTRODUCTION + "".join(
        f"\n## {group.title}\n\n{group.sentence}\n\n" + "".join(_lines(folder, found[group.title])) + _menu(group.title, found[group.title])
        for group in GROUPS if found[group.title]
    )


def _lines(folder: Path, pages: list[str]) -> Iterator[str]:
    for page in pages:
        text = (folder / page).read_text(encoding="utf-8")
        try:
            yield f"* [{README if page == 'README.md' else title(text)}]({page}): {SENTENCES.get(page) or first_sentence(text)}\n"
        except ValueError as exc:
            raise ValueError(f"{page}: {exc}") from exc


def _menu(caption: str, pages: list[str]) -> str:
    entries = "\n".join(f"{README} <README>" if page == "README.md" else page.rpartition(".")[0] for page in pages)
    return f"\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n:caption: {caption}\n\n{entries}\n```\n"


def copy_pages(pages: Path) -> None:
    """The pages of the repository, in its own layout, with Sphinx's settings and our style."""
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.rst", "COPYING"):
        shutil.copy(tree.ROOT / name, pages)
    shutil.copytree(tree.ROOT / "docs", pages / "docs")
    # Data that a guide links to, to be taken as it is.
    shutil.copytree(tree.ROOT / "extensions" / "awx", pages / "extensions" / "awx", ignore=shutil.ignore_patterns("*.md"))
    for readme in (tree.ROOT / "roles").glob("*/README.md"):
        target = pages / readme.relative_to(tree.ROOT)
        target.parent.mkdir(parents=True)
        shutil.copy(readme, target)
    shutil.copy(tree.ROOT / "tools" / "docs_conf.py", pages / "conf.py")
    (pages / "style").mkdir()
    shutil.copy(tree.ROOT / "tools" / "docs.css", pages / "style" / "site.css")


def name_reference(path: Path) -> None:
    """antsibull-docs heads its page with the collection's name in capitals; the page says what is on it instead."""
    text = path.read_text(encoding="utf-8")
    made = "Groundwork.Provision\n====================\n"
    if made not in text:
        raise ValueError(f"{path} has another heading than antsibull-docs used to write")
    path.write_text(text.replace(made, f"{REFERENCE_TITLE}\n{'=' * len(REFERENCE_TITLE)}\n"), encoding="utf-8")


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
    name_reference(pages / "collections" / "index.rst")

    copy_pages(pages)
    (pages / "index.md").write_text(index(pages), encoding="utf-8")
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
