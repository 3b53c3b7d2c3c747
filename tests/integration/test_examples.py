# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every module work as they are printed."""

from __future__ import annotations

import importlib

import examples
import pytest
import yaml
from harness import PACKAGE


@pytest.mark.parametrize("name", examples.MODULES)
def test_the_examples_of_a_module_work(empty_sim, harness, run_module, name):
    text = importlib.import_module(f"{PACKAGE}.modules.{name}").EXAMPLES
    tasks = yaml.safe_load(text)
    assert f"groundwork.provision.{name}:" in text
    examples.prepare(harness)
    if name in ("job", "job_info"):
        # two jobs for the examples to speak of
        empty_sim.seed(xclarity={"next_job_id": 17})
        rows = [{"backup": "nightly", "destination": "/mnt/backups"}, {"backup": "before-upgrade", "destination": "/mnt/archive"}]
        empty_sim.switches("xclarity", job_seconds=5.0)
        params = {"operation": "copy", "backups": rows, "wait": False, "concurrency": 1}
        started = run_module("backup_transfer", params)
        assert sorted(row["job"] for row in started["backups"]) == ["17", "18"], started
        empty_sim.switches("xclarity", job_seconds=0.2)
    played = examples.run(harness, text)
    assert played.rc == 0, played.output
    assert played.recap["failed"] == 0
    # A task is run, not skipped; loops and blocks have more.
    assert played.recap["ok"] >= len(tasks)
    assert played.recap["skipped"] == 0
