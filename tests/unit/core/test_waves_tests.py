# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests waves and percentage: what the keywords of a play take, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.test.percentage import TestModule as Percentage
from ansible_collections.groundwork.provision.plugins.test.waves import TestModule as Waves

TESTS = {**Waves().tests(), **Percentage().tests()}


@pytest.mark.parametrize("value", [1, "1", 999999999, "1%", "99%", "100%", [1, "25%", "100%"], (2,)])
def test_waves(value):
    assert TESTS["waves"](value)


@pytest.mark.parametrize("value", [
    0, -1, 1.5, True, None, "", " ", "1 ", "01", "1O%", "0%", "101%", "1.5%", "1\n", "all", [], [1, ""], [[1]], {"a": 1}, 10**9, "\u0661",
])  # fmt: skip
def test_no_waves(value):
    assert not TESTS["waves"](value)


@pytest.mark.parametrize("value", [0, 100, 12.5, "0", "0%", "60%", "12.5%", "100%"])
def test_a_percentage(value):
    assert TESTS["percentage"](value)


@pytest.mark.parametrize("value", [-1, 101, 100.5, True, None, "", " ", "lots", "60 %", "%", "60%\n", [60], "\u0661"])
def test_no_percentage(value):
    assert not TESTS["percentage"](value)
