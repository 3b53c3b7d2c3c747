# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The quick part of ``make chaos``: always the same sample of each kind. The whole is in tests/chaos/run.py."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from chaos import canaries, cells, cuts, downloads, fuzz, kills, races, soak
from chaos.lab import Lab, module_of
from chaos.live import live_lab
from chaos.memory import Memory
from chaos.sites import STARTS

SEED = 20260301


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab()
    lab.fresh()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def live() -> Iterator[Lab]:
    lab = live_lab()
    yield lab
    lab.close()


SAMPLE = [
    *itertools.islice(cells.start_cells(), 3, None, 41),
    *itertools.islice(cells.read_cells(), 5, None, 61),
    *itertools.islice(cells.late_cells(), 0, None, 29),
]


@pytest.mark.parametrize("cell", SAMPLE, ids=lambda cell: cell.name)
def test_a_fault_at_a_place(live, cell):
    assert cells.run(live, cell) == []


@pytest.mark.parametrize("task", cuts.TASKS, ids=lambda task: task.name)
def test_what_was_done_is_told_whatever_comes_after(lab, task):
    wrong = {(number, way): found for number, way in cuts.cuts(lab, task) if (found := cuts.run(lab, task, number, way))}
    assert wrong == {}


# What the first of its requests finds, or the id that the server gives to what is made, is in the later ones.
NOT_KNOWN_BEFORE = {"two servers taken over", "policy replaced on its cluster"}


@pytest.mark.parametrize("task", [task for task in cuts.TASKS if task.name not in NOT_KNOWN_BEFORE], ids=lambda task: task.name)
def test_a_change_is_shown_before_it_is_made_and_for_each_resource(lab, task):
    cuts.fresh(lab, task)
    shown = lab.whole(task.as_start(), check=True)
    real = lab.whole(task.as_start())
    assert (shown["plan"], shown["diff"], shown["changed"], real["changed"]) == (real["plan"], real["diff"], True, True)
    assert real["diff"]["before"] != real["diff"]["after"]
    rows = [row for result in (shown, real) for value in result.values() if isinstance(value, list) for row in value]
    assert None not in rows
    assert [row for row in rows if isinstance(row, dict) and row.get("changed") and row["outcome"] != "finished"] == []


# task -> the statuses of a refusal after which it is looked whether the effect is there already
QUICKER = {
    "activate": {400, 404, 409},
    "unassignment": {400, 404, 409},
    "push-cancel": {400, 404, 409, 412},
    "two backups deleted": {400, 404, 409, 410, 412},
    "jobs cancelled": {400, 404, 409, 410, 412},
    "jobs deleted": {400, 404, 409, 410, 412},
    "om-cancel": {400, 404, 409},
    "servers given back": {404, 409},
    "cluster profile deleted": {404},
}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 411, 412, 413])
@pytest.mark.parametrize("name", QUICKER)
def test_a_refusal_because_somebody_else_was_quicker(lab, name, status):
    """The server refuses what another client has brought about a moment before: no failure, and no change of ours."""
    task = next(task for task in cuts.TASKS if task.name == name)
    assert cuts.refused_although_done(lab, task, status) == ([] if status in QUICKER[name] else [f"it says {status} was a failure"])


# task -> what is said when the server has accepted it and done nothing; elsewhere the effect is waited for until the time is over.
NOT_DONE = {
    **dict.fromkeys(["push", "backup validated", "export to a server", "om-create", "two servers"], "job_lost"),
    **dict.fromkeys(["two backups deleted", "jobs deleted", "cluster profile deleted"], "effect_missing"),
    **dict.fromkeys(["new file server", "changed file server", "file server deleted"], "effect_missing"),
    **dict.fromkeys(["two lights", "credential stored", "credential deleted"], "effect_missing"),
    "two servers taken over": "not_found",  # the job of the discovery
    # the answer is that to another request, which had another random marker
    **dict.fromkeys(["senlin-create", "two cluster profiles", "cluster profile replaced", "cluster profile renamed",
                     "two clusters"], "bad_reply"),
}
# The state is the same before and after; and a job that ends by itself while its cancel is waited for.
SAME_EITHER_WAY = {"redeployment", "jobs cancelled", "restart", "request of one's own"}


@pytest.mark.parametrize("task", [task for task in cuts.TASKS if task.name not in SAME_EITHER_WAY], ids=lambda task: task.name)
def test_what_the_server_accepts_and_does_not_do_is_no_success(lab, task):
    assert cuts.accepted_and_not_done(lab, task) == (NOT_DONE.get(task.name, "wait_timeout"), [])


# Where the state looks the same either way, a person has to look before the request is sent again.
ASKED_FOR_A_LOOK = {
    "redeployment", "push", "backup validated", "export", "export to a server", "restart", "two servers taken over", "manage",
    "unmanage", "pattern", "install", "pattern deployed to two servers", "systems on two servers", "request of one's own",
}  # fmt: skip
# While the next run waits for what may be on its way these jobs come to their end.
ENDED_MEANWHILE = {"jobs cancelled"}


@pytest.mark.parametrize("task", [task for task in cuts.TASKS if task.name not in ENDED_MEANWHILE], ids=lambda task: task.name)
def test_what_a_killed_run_leaves_does_not_keep_the_work_from_being_done(lab, task):
    assert cuts.after_a_kill(lab, task) == (task.name in ASKED_FOR_A_LOOK, [])


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_check_mode_predicts_and_the_second_run_changes_nothing(lab, start):
    assert soak.idempotent(lab, start) == []


@pytest.mark.parametrize("point", kills.POINTS)
def test_a_run_that_is_killed(lab, point):
    for start in STARTS[list(kills.POINTS).index(point) % 3 :: 3]:
        assert kills.killed_at(lab, start, point) == [], start.name


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_two_runs_at_once(start):
    lab = Lab(Memory(clock=races.TurnClock()))
    options = {"wait": False} if "wait" in module_of(start.module).SPEC.options else {}
    for fates in (("ok", "ok"), ("late", "ok")):
        for found in races.schedules(lab, start, fates, most=12, chance=random.Random(SEED), **options):
            assert found == []
        for found in races.schedules(lab, start, fates, most=12, chance=random.Random(SEED + 1)):
            assert found == []
    lab.close()


def test_the_scheduler_finds_what_two_control_nodes_can_do(lab):
    """No lock is shared by two machines; that both may start the same is documented, and has to be found here."""
    found = []
    apart = Lab(Memory(clock=races.TurnClock()))
    for wrong in races.schedules(apart, STARTS[0], ("ok", "ok"), nodes=True, most=30, chance=random.Random(SEED)):
        found += wrong
    apart.close()
    assert any("DOUBLED" in text for text in found)


def test_broken_replies():
    samples = fuzz.samples()
    for number in range(2500):
        chance = random.Random(SEED + number)
        assert fuzz.one_reading(chance.choice(samples), chance) == [], number


@pytest.mark.parametrize("case, count", [("whole_run", 120), ("one_set", 400), ("one_path", 60)])
def test_broken_runs_and_odd_options(lab, case, count):
    for number in range(count):
        assert getattr(fuzz, case)(lab, random.Random(SEED + number)) == [], number


def test_no_secret_on_any_way_out(lab):
    for _name, start, how in canaries.all_exits(lab, random.Random(SEED)):
        assert canaries.one_exit(lab, start, how)[0] == []


@pytest.mark.parametrize("state", downloads.STATES, ids=lambda state: state.__name__)
def test_downloads_of_hostile_names(lab, state):
    for name in downloads.NAMES[:: 1 if state is downloads.old_file else 7]:
        assert downloads.named(lab, name, state) == [], name


@pytest.mark.parametrize("offset", range(0, 21000, 700))
def test_downloads_that_break_off(lab, offset):
    assert downloads.cut(lab, offset, again=offset % 1400 == 0) == []
    assert downloads.full(lab, offset) == []


def test_more_requests_than_fit_on_a_page(lab):
    """The group holds what it wants on the second page: nothing is asked for."""
    start = next(start for start in STARTS if start.name == "om-create")
    lab.fresh(start)
    lab.memory.world.systems["ops_manager"].switches.update(allocation_seconds=1.0e6, request_timeout=3.0e6)
    other = [{"group": "payments", "properties": [{"Datacenter": "bergen", "Size": "m"}]}] * 110
    wanted = {"group": "payments", "properties": [{"Datacenter": "oslo", "Size": "l"}]}
    lab.memory.seed(ops_manager={"requests": [*other, wanted, *other]})
    result = lab.run(start, properties={"Datacenter": "oslo", "Size": "l"}, wait=False)
    assert (result.failed, result["changed"], lab.transmitted(start)) == (False, False, 0), result


def test_an_export_that_is_here_is_not_waited_for(lab):
    """The second run looks at the file and at the lists of the server, and follows no job."""
    start = next(start for start in STARTS if start.name == "export")
    lab.fresh(start)
    assert lab.run(start)["changed"]
    lab.memory.world.entries.clear()
    again = lab.run(start)
    assert (again.failed, again["changed"]) == (False, False)
    assert not [entry for entry in lab.memory.world.entries if entry["path"].startswith("/tasks")]
