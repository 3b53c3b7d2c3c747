# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of README.md and of the guides work as they are printed, and the promises are in words that can be kept."""

from __future__ import annotations

import re
from pathlib import Path

import examples
import pytest

ERROR_CODES = examples.ROOT / "docs" / "error_codes.md"
RUNNABLE = [examples.ROOT / "README.md", ERROR_CODES, *sorted((examples.ROOT / "docs").glob("guide_*.md"))]
PAGES = sorted({*RUNNABLE, *(examples.ROOT / "docs").glob("*.md"), *(examples.ROOT / "roles").glob("*/README.md")})
BLOCKS = re.compile(r"^```yaml\n(.*?)^```$", re.M | re.S)
FORBIDDEN = ("exactly once", "guaranteed idempotent")


def plays(page: Path) -> list[str]:
    """The blocks that are tasks or plays. Those over an inventory are run in test_commands.py."""
    blocks = BLOCKS.findall(page.read_text(encoding="utf-8"))
    return [block for block in blocks if block.startswith("- name:") and "hosts: xclarity_servers" not in block]


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.name)
def test_the_examples_of_a_page_work(empty_sim, harness, page):
    examples.prepare(harness)
    assert plays(page)
    for block in plays(page):
        played = examples.run(harness, block)
        assert played.rc == 0, played.output
        assert played.recap["skipped"] == 0


def test_the_rescue_of_the_error_codes_is_for_the_codes_that_it_names(empty_sim, harness):
    examples.prepare(harness)
    _deletion, activation = plays(ERROR_CODES)
    assert examples.run(harness, activation).rc == 0
    elsewhere = examples.run(harness, activation.replace("A1B2C3D4E5F60718293A4B5C6D7E8F90", "C0FFEE00E5F60718293A4B5C6D7E8F91"))
    assert (elsewhere.rc, elsewhere.recap["rescued"]) == (0, 1), elsewhere.output
    assert "Unassign it first" in elsewhere.output
    unknown = examples.run(harness, activation.replace("profile: web-01", "profile: web-99"))
    assert unknown.rc != 0
    assert "there is no profile with the id or name web-99" in unknown.output


@pytest.mark.parametrize("status, failed", [(503, False), (403, True)])
def test_the_condition_of_the_error_codes_is_for_the_codes_that_it_names(empty_sim, harness, status, failed):
    examples.prepare(harness)
    deletion, _activation = plays(ERROR_CODES)
    empty_sim.fault("xclarity", "GET", "^/managementServer/data", times=-1, status=status)
    played = examples.run(harness, deletion)
    assert (played.rc != 0) == failed, played.output


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_no_page_promises_what_nobody_can_keep(page):
    text = " ".join(page.read_text(encoding="utf-8").lower().split())
    assert [phrase for phrase in FORBIDDEN if phrase in text] == []
    assert "safe to run concurrently" not in text.replace("safe to run concurrently from one control node", "")
