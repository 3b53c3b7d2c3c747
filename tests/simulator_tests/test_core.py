# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the simulator that need no server: clock, masking, counting of faults."""

from __future__ import annotations

import random

import pytest

from simulator.core import Clock
from simulator.faults import Fault, Faults
from simulator.server import masked


def test_manual_clock_moves_only_by_advance() -> None:
    clock = Clock()
    clock.set_mode("manual")
    start = clock.now()
    assert clock.now() == start
    clock.advance(12.5)
    assert clock.now() == start + 12.5


def test_fast_clock_keeps_its_time_when_the_mode_changes() -> None:
    clock = Clock(speed=1e6)
    clock.advance(1000)
    fast = clock.now()
    clock.set_mode("manual")
    assert clock.now() >= fast
    with pytest.raises(ValueError, match="mode"):
        clock.set_mode("lunar")


def test_iso_is_utc_in_whole_seconds() -> None:
    assert Clock().iso(1772356500.9) == "2026-03-01T09:15:00Z"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b'{"UserId": "u", "password": "s\\"x"}', '{"UserId": "u", "password": "***"}'),
        (b'{"passphrase":"s","keyPassphrase":"t"}', '{"passphrase":"***","keyPassphrase":"***"}'),
        (b'{"auth":{"identity":{"methods":["token"],"token":{"id":"gAAA"}}}}',
         '{"auth":{"identity":{"methods":["token"],"token":{"id":"***"}}}}'),
        (b'{"restart": "defer"}', '{"restart": "defer"}'),
        (b"\xff", "�"),
        (b"", ""),
    ],
)
def test_secrets_are_masked_in_logged_bodies(body: bytes, shown: str) -> None:
    assert masked(body) == shown


def fired(rule: dict[str, object], count: int) -> list[int]:
    """Which of `count` matching requests the fault hits, counted from 1."""
    fault, chance = Fault({"do": {"status": 503}, **rule}), random.Random(1)
    return [number for number in range(1, count + 1)
            if fault.counts("xclarity", "POST", "/profiles/71") and fault.fires(chance)]


@pytest.mark.parametrize(
    ("rule", "hits"),
    [
        ({}, [1]),
        ({"nth": 3}, [3]),
        ({"nth": 2, "times": 2}, [2, 3]),
        ({"times": -1}, [1, 2, 3, 4, 5]),
        ({"method": "GET"}, []),
        ({"system": "ops_manager"}, []),
        ({"system": "xclarity", "method": "POST", "path": "^/profiles/7"}, [1]),
        ({"path": "^/tasks"}, []),
        ({"times": -1, "probability": 0.0}, []),
    ],
)
def test_a_fault_hits_the_requests_it_counts(rule: dict[str, object], hits: list[int]) -> None:
    assert fired(rule, 5) == hits


def test_probability_is_repeatable() -> None:
    runs = []
    for _run in range(2):
        faults = Faults()
        faults.add({"times": -1, "probability": 0.3, "do": {"status": 500}})
        runs.append([faults.pick("xclarity", "GET", "/") is not None for _request in range(200)])
    assert runs[0] == runs[1]
    assert 30 < sum(runs[0]) < 90


def test_faults_count_requests_that_another_fault_hits() -> None:
    faults = Faults()
    faults.add({"do": {"status": 500}})
    faults.add({"nth": 2, "do": {"status": 502}})
    faults.add({"do": {"status": 503}})
    hits = [faults.pick("xclarity", "GET", "/") for _request in range(4)]
    assert hits == [{"status": 500}, {"status": 502}, {"status": 503}, None]


@pytest.mark.parametrize(
    "rule", [{}, {"do": {}}, {"do": {"expode": 1}}, {"do": {"reset": "never"}}, {"on": 1, "do": {"delay": 1}}]
)
def test_a_misspelt_fault_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Fault(rule)
