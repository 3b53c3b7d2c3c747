# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulator process for all tests of this folder; each test starts from an empty one with the default switches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.client import Control, SimulatorProcess


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    directory: Path = tmp_path_factory.mktemp("simulator")
    with SimulatorProcess(directory) as control:
        yield control


@pytest.fixture
def control(simulator: Control) -> Control:
    """The running simulator, reset: no data, default switches, no faults, an empty log, the machine's clock."""
    simulator.reset()
    return simulator
