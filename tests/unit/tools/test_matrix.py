# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/matrix.py notices a release of ansible-core that it does not run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[3] / "tools"))
matrix = importlib.import_module("matrix")


@pytest.mark.parametrize(
    "listing, found",
    [("ansible-core (2.21.5)\nAvailable versions: 2.21.5, 2.20.1\n  INSTALLED: 2.19.14\n", "2.21"), ("", None), ("ERROR: no index", None)],
)
def test_the_newest_release_is_read_from_pip(listing, found):
    assert matrix.newest(listing) == found


@pytest.mark.parametrize(
    "latest, code, said", [("2.21", 0, ""), ("2.99", 1, "2.99 is on PyPI and not in the table"), (None, 1, "PyPI did not tell")]
)
def test_a_release_that_is_not_in_the_table_fails_a_run_of_all(monkeypatch, capsys, latest, code, said):
    monkeypatch.setattr(sys, "argv", ["matrix.py"])
    monkeypatch.setattr(matrix, "ask_newest", lambda: latest)
    monkeypatch.setattr(matrix, "find_python", lambda version: "/python")
    monkeypatch.setattr(matrix, "prepare", lambda core, version, python: Path("/python"))
    monkeypatch.setattr(matrix.subprocess, "run", lambda *args, **more: type("Done", (), {"returncode": 0}))
    assert matrix.main() == code
    assert said in capsys.readouterr().out


def test_a_run_of_some_asks_nobody(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["matrix.py", "2.18/3.11"])
    monkeypatch.setattr(matrix, "ask_newest", lambda: pytest.fail("asked"))
    monkeypatch.setattr(matrix, "find_python", lambda version: "/python")
    monkeypatch.setattr(matrix, "prepare", lambda core, version, python: Path("/python"))
    monkeypatch.setattr(matrix.subprocess, "run", lambda *args, **more: type("Done", (), {"returncode": 0}))
    assert matrix.main() == 0
