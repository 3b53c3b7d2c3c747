# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine for event sources, and the demo estate with a clock that only tests move."""

from __future__ import annotations

import pytest
from harness import Harness
from source_engine import Engine

from simulator.client import Control


@pytest.fixture
def engine(harness: Harness) -> Engine:
    return Engine(harness)


@pytest.fixture
def still(sim: Control) -> Control:
    """The simulator, whose time stands still."""
    sim.clock(mode="manual")
    return sim
