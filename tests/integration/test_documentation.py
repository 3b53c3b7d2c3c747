# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of README.md and of the guides work as they are printed, and the promises are in words that can be kept."""

from __future__ import annotations

import re
from pathlib import Path

import examples
import pytest

RUNNABLE = [examples.ROOT / "README.md", *sorted((examples.ROOT / "docs").glob("guide_*.md"))]
PAGES = sorted({*RUNNABLE, *(examples.ROOT / "docs").glob("*.md"), *(examples.ROOT / "roles").glob("*/README.md")})
BLOCKS = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
FORBIDDEN = ("exactly once", "guaranteed idempotent")


def plays(page: Path) -> list[str]:
    """The blocks that are tasks or plays."""
    return [block for block in BLOCKS.findall(page.read_text(encoding="utf-8")) if block.startswith("- name:")]


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_examples_of_a_page_work(empty_sim, harness, page):
    examples.prepare(harness)
    assert plays(page)
    for block in plays(page):
        played = examples.run(harness, block)
        assert played.rc == 0, played.output
        assert played.recap["skipped"] == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_no_page_promises_what_nobody_can_keep(page):
    text = " ".join(page.read_text(encoding="utf-8").lower().split())
    assert [phrase for phrase in FORBIDDEN if phrase in text] == []
    assert "safe to run concurrently" not in text.replace("safe to run concurrently from one control node", "")
