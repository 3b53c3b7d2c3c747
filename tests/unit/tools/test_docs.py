# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The index of the documentation site: a sentence for each page, each page once, new guides by themselves."""

from __future__ import annotations

import pytest

import docs
import tree


@pytest.mark.parametrize("text, sentence", [
    ("# A page\n\nWhat it is. And more.\n", "What it is."),
    ("# A page\n\n<!-- written by a tool -->\n\nWhat `version: 1.0` is\nfor. More.\n", "What `version: 1.0` is for."),
    ("<!-- licence -->\n# A page\nSee [the roles](../roles/x.md) first! Then\n\nmore.\n", "See the roles first!"),
    ("# A page\n\n" + "word " * 30 + "end: and more. More.\n", "word " * 30 + "end."),
])
def test_the_first_sentence_of_a_page(text, sentence):
    assert (docs.title(text), docs.first_sentence(text)) == ("A page", sentence)


@pytest.mark.parametrize("text", ["no heading", "# A page\n\n## A part\n\nText.\n", "# A page\n\n```sh\nmake x.\n```\n", "# A page\n"])
def test_a_page_that_does_not_say_what_it_is_for_is_refused(text):
    with pytest.raises(ValueError, match=r"heading|begin with a sentence"):
        docs.first_sentence(text)


def test_each_page_is_in_one_group():
    pages = ["README.md", "roles/a/README.md", "docs/guide_real_servers.md", "docs/guide_new.md", "docs/other.md", "docs/reliability.md"]
    found = docs.grouped(pages)
    assert sorted(page for group in found.values() for page in group) == sorted(pages)
    assert found["Start"] == ["README.md", "docs/guide_real_servers.md"]
    assert found["Guides"] == ["docs/guide_new.md"]
    assert found["Roles"] == ["roles/a/README.md"]
    assert found["Reference"] == ["docs/other.md"]


def test_every_page_of_the_repository_says_what_it_is_for(tmp_path):
    """Also those that the tool knows a sentence for have a heading; none of its sentences is for a page that is gone."""
    docs.copy_pages(tmp_path)
    (tmp_path / "collections").mkdir()
    for name in ("index", "environment_variables"):
        (tmp_path / "collections" / f"{name}.rst").write_text(".. _label:\n\nTitle\n=====\n", encoding="utf-8")
    text = docs.index(tmp_path)
    for page in [*docs.SENTENCES, *(path.relative_to(tree.ROOT).as_posix() for path in (tree.ROOT / "docs").glob("*.md"))]:
        assert text.count(f"]({page}): ") == 1, page
    assert not [line for line in text.splitlines() if line.startswith("* ") and not line.endswith((".", "!", "?"))]
