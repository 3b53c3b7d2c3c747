# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Keystone and Senlin answer what the real ones answered, case by case (see clustering_table.py)."""

from __future__ import annotations

from typing import Any

import pytest
from clustering_table import Case, Service, recorded, run_table, table

from simulator.client import Control

CASES, RECORDED = table(), recorded()


@pytest.fixture(scope="module")
def seen(simulator: Control) -> dict[str, dict[str, Any]]:
    simulator.reset()
    ready = simulator.ready
    return run_table(Service(ready["keystone"], ready["clustering"], ready["ca"]), CASES)


def test_every_case_was_recorded() -> None:
    assert [case.name for case in CASES] == list(RECORDED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_as_recorded(case: Case, seen: dict[str, dict[str, Any]]) -> None:
    assert seen[case.name] == RECORDED[case.name]
