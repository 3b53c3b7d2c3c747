# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's Keystone and Senlin answer as the real ones do: one table of requests, sent to both.

Status, the headers that a client reads, and the body are compared key by key; ids, times and addresses by their kind.
The table is tests/simulator_tests/clustering_table.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from clustering_table import Case, Service, run_table, table
from real_cloud import running

from simulator.client import Control

CASES = table()
Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def real() -> Seen:
    """What the real services answer. They are this module's own: the table empties the projects it uses."""
    with running(own=True) as cloud:
        return run_table(Service(cloud.keystone, cloud.clustering, cloud.settings["ca"]), CASES)


@pytest.fixture(scope="module")
def simulated(simulator: Control) -> Seen:
    """What the simulator answers, with its default switches."""
    simulator.reset()
    ready = simulator.ready
    return run_table(Service(ready["keystone"], ready["clustering"], ready["ca"]), CASES)


def test_the_table_is_whole() -> None:
    """A name used twice would hide a case; each status a client must tell apart stands in the table."""
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) > 200
    assert {case.service for case in CASES} == {"keystone", "clustering"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_answer_alike(case: Case, real: Seen, simulated: Seen) -> None:
    assert methods_in_order(simulated[case.name]) == methods_in_order(real[case.name])


def methods_in_order(seen: dict[str, Any]) -> dict[str, Any]:
    """Keystone makes the methods of a token that came of a token out of a set: each start has its own order."""
    body = seen["body"]
    if not isinstance(body, dict) or "methods" not in body.get("token", {}):
        return seen
    return {**seen, "body": {**body, "token": {**body["token"], "methods": sorted(body["token"]["methods"])}}}


def test_the_table_met_every_kind_of_answer(real: Seen) -> None:
    """Otherwise two services that refuse everything would agree, too."""
    statuses = {answer["status"] for answer in real.values()}
    assert {200, 201, 204, 300, 400, 401, 403, 404, 406, 409, 500} <= statuses
