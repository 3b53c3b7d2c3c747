# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each test of the simulator starts from an empty one with the default switches."""

from __future__ import annotations

import pytest

from simulator.client import Control


@pytest.fixture
def control(simulator: Control) -> Control:
    """The running simulator, reset: no data, default switches, no faults, an empty log, the machine's clock."""
    simulator.reset()
    return simulator
