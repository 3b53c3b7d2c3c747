# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every suite: where the collection is, a simulator for each worker, a way to run modules and plays."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# The same examples on every run and no limit of time for one, so that a change turns a test red and a slow machine does
# not. New examples are drawn by `make chaos`, which prints its seed.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None)
hypothesis.settings.load_profile("steady")

# Started by nohup, the programs that the tests start and send SIGHUP would inherit that it is ignored.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent


def _collections() -> Path:
    """The root above ansible_collections/: the installed artifact, or a link to this checkout for a quick run."""
    named = os.environ.get("GROUNDWORK_COLLECTIONS")
    if named:
        return Path(named).resolve()
    tree = ROOT / "build" / "checkout"
    link = tree / "ansible_collections" / "groundwork" / "provision"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)
    return tree


COLLECTIONS = _collections()
sys.path.insert(0, str(COLLECTIONS))
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(COLLECTIONS)
if os.environ.get("GROUNDWORK_WAYS"):
    # Ansible's own finder of collections has to be there before anything is imported from one.
    import both_ways

    both_ways.start()

from harness import Harness  # noqa: E402  (it imports the collection from the path set above)

from simulator.client import Control, SimulatorProcess  # noqa: E402

ESTATE = TESTS / "simulator" / "estate.yml"


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    """One simulator process for each worker."""
    # To start a module takes as long as some simulated jobs; results can be compared when time moves with the requests only.
    options = {"step": 0.05} if os.environ.get("GROUNDWORK_WAYS") else {}
    with SimulatorProcess(tmp_path_factory.mktemp("simulator"), **options) as control:
        yield control


@pytest.fixture
def empty_sim(simulator: Control) -> Iterator[Control]:
    """The simulator without data, with default switches. At the end no XClarity session may be open."""
    simulator.reset()
    yield simulator
    simulator.clear_faults()
    assert simulator.sessions("xclarity")["open"] == 0, "a session of XClarity was left open"


@pytest.fixture
def sim(empty_sim: Control) -> Control:
    """The simulator with the demo estate."""
    import yaml

    empty_sim.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
    return empty_sim


@pytest.fixture
def harness(simulator: Control, tmp_path: Path) -> Harness:
    """Runs modules and plays against the simulator; see harness.py."""
    return Harness(simulator, tmp_path, COLLECTIONS)


@pytest.fixture
def run_module(harness: Harness):
    return harness.run_module


@pytest.fixture
def play(harness: Harness):
    return harness.play
