# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pool of its own for each test: two sites, two sizes, a group that the key may act in."""

from __future__ import annotations

import pytest
from harness import Harness
from pool_under_test import SEED, Pool

from simulator.client import Control


@pytest.fixture
def pool(empty_sim: Control, harness: Harness) -> Pool:
    """The simulator with the pool of :data:`SEED`, quick enough for tests that wait."""
    empty_sim.seed(ops_manager=SEED)
    empty_sim.switches("ops_manager", allocation_seconds=0.1, cancel_seconds=0.1, clean_seconds=0.1, recycle_seconds=0.1)
    return Pool(empty_sim, harness)
