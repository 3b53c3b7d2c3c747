# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/words.py notices the words that are not used, wherever they stand, and nothing else."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "tools"))
words = importlib.import_module("words")
LIST = yaml.safe_load((ROOT / "tools" / "words.yml").read_text(encoding="utf-8"))


def found(folder: Path, text: str, name: str = "docs/page.md") -> list[str]:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return list(words.find(folder, [Path(name)], LIST))


@pytest.mark.parametrize(
    "text",
    [
        "It can not be read.", "def test_it_can_not_be_read():", "Cannot. Can not.", "what is foretold", "would_send: []", "not_foretold",
        "Sees to it that", "mend it", "whose fate is unknown", "the server's own word.", "proven whole", "off the box",
    ],
)  # fmt: skip
def test_a_word_that_is_not_used_is_named_with_its_line(tmp_path, text):
    first = found(tmp_path, f"Good.\n{text}\n")[0]
    assert first.startswith("docs/page.md:2: ")
    assert " (use: " in first


@pytest.mark.parametrize("text", ["It cannot be read.", "recommend", "amended", "unfated", "planned_requests", "its own wording"])
def test_other_words_are_left_alone(tmp_path, text):
    assert found(tmp_path, text) == []


def test_names_of_files_are_searched_too(tmp_path):
    assert found(tmp_path, "", "tests/test_it_can_not_be.py") == ["tests/test_it_can_not_be.py:0: can_not (use: cannot)"]


def test_what_is_no_text_and_what_is_skipped_is_left_alone(tmp_path):
    (tmp_path / "image.bin").write_bytes(b"\xff\xfecan not")
    assert list(words.find(tmp_path, [Path("image.bin")], LIST)) == []
    assert found(tmp_path, "can not", "COPYING") == []


def test_exceptions_are_still_needed():
    """Each file that may use a word does."""
    for word, files in LIST["except"].items():
        pattern = next(pattern for name, pattern, _instead in words.patterns(LIST["words"]) if name == word)
        for one in files:
            texts = [path.read_text(encoding="utf-8") for path in ROOT.glob(one)]
            assert any(pattern.search(text) for text in texts), (word, one)
