# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make chaos``: what gets lost, doubled, leaked or wrong under faults, kills and races; one table.

Ends 0 only when every such number is 0 and every count is at or above its target. ``--quick`` runs a sample.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import importlib
import itertools
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS))
importlib.import_module("conftest")  # puts the collection on the path

SEED = 20260301


@dataclasses.dataclass
class Unit:
    """A part of a kind: the kind's function is called with a seed and the numbers of the cases that it shall run."""

    kind: str
    seed: int
    first: int
    last: int
    step: int = 1


@dataclasses.dataclass
class Tally:
    kind: str
    cases: int = 0
    runs: int = 0  # of modules, where a case has several
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    wrong: int = 0
    seconds: float = 0.0
    notes: list[str] = dataclasses.field(default_factory=list)

    def add(self, found: list[str], name: str = "", cases: int = 1) -> None:
        self.cases += cases
        for text in found:
            if "DOUBLED" in text:
                self.doubled += 1
            elif "LOST" in text or "SILENT" in text:
                self.lost += 1
            elif "leaked" in text.lower() or (" in the " in text and "canary" in text):
                self.leaked += 1
            else:
                self.wrong += 1
            if len(self.notes) < 20:
                self.notes.append(f"{name}: {text}"[:6000])

    def merge(self, other: Tally) -> None:
        for field in ("cases", "runs", "lost", "doubled", "leaked", "wrong", "seconds"):
            setattr(self, field, getattr(self, field) + getattr(other, field))
        self.notes += other.notes

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.leaked or self.wrong)


# -- the kinds: each runs the cases first, first + step, ... below last ------------------------------------------------

Kind = Callable[[Unit, Tally], None]


def cells_of(generate: str) -> Kind:
    def kind(unit: Unit, tally: Tally) -> None:
        from chaos import cells
        from chaos.live import live_lab

        lab = live_lab()
        for cell in itertools.islice(getattr(cells, generate)(), unit.first, unit.last, unit.step):
            found = cells.run(lab, cell)
            if found:
                found = cells.run(lab, cell) and found  # a machine that was too slow once is no fault of the collection
            tally.add(found, cell.name)
        lab.close()

    return kind


def cut_off(unit: Unit, tally: Tally) -> None:
    from chaos import cuts
    from chaos.lab import Lab

    lab = Lab()
    for task in cuts.TASKS[unit.first : unit.last : unit.step]:
        for number, way in cuts.cuts(lab, task):
            tally.add(cuts.run(lab, task, number, way), f"{task.name}, request {number}, {way}")
    lab.close()


def model(unit: Unit, tally: Tally) -> None:
    from chaos.model import LATE, LOST, NAIVE, NO_FAULTS, OURS, bad, ends

    for clients, reruns, faults in itertools.product((1, 2, 3), (1, 2), (NO_FAULTS, LOST, LATE)):
        states = ends(OURS, faults, clients, reruns)
        tally.add(["DOUBLED: end state"] * sum(world.active > 1 for world in states), f"{clients} clients", len(states))
    if not bad(NAIVE, LATE, 2)[0]:
        tally.add(["the model does not notice a naive client"], cases=0)


def kills_fixed(unit: Unit, tally: Tally) -> None:
    from chaos import kills
    from chaos.lab import Lab
    from chaos.sites import STARTS

    lab = _warm(Lab())
    for start, point in list(itertools.product(STARTS, kills.POINTS))[unit.first : unit.last : unit.step]:
        tally.add(kills.killed_at(lab, start, point), f"{start.name}, {point}")
    lab.close()


def kills_random(unit: Unit, tally: Tally) -> None:
    from chaos import kills
    from chaos.lab import Lab
    from chaos.sites import STARTS

    lab = _warm(Lab())
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(f"{unit.seed} {number}")
        start = chance.choice(STARTS)
        tally.add(kills.killed_somewhere(lab, start, chance), f"{start.name}, case {number}")
    lab.close()


def crowds(unit: Unit, tally: Tally) -> None:
    from chaos import kills
    from chaos.lab import Lab
    from chaos.sites import STARTS

    lab = _warm(Lab())
    starts = [start for start in STARTS if not start.repeats and start.proves]
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(f"{unit.seed} {number}")
        start = chance.choice(starts)
        tally.add(kills.crowd(lab, start, chance.randint(2, 8), chance), f"{start.name}, case {number}")
    lab.close()


# All orders of the requests of two runs that do not wait for the end; what becomes of the starting request of each.
PAIRS = [("ok", "ok"), ("lost after", "ok"), ("lost before", "ok"), ("late", "ok")]


def races(unit: Unit, tally: Tally) -> None:
    from chaos import races as these
    from chaos.lab import Lab, module_of
    from chaos.memory import Memory
    from chaos.sites import STARTS

    lab = _warm(Lab(Memory(clock=these.TurnClock())))
    pairs = list(itertools.product(STARTS, PAIRS))
    for start, fates in pairs[unit.first : unit.last : unit.step]:
        options = {"wait": False} if "wait" in module_of(start.module).SPEC.options else {}
        for found in these.schedules(lab, start, fates, most=700, **options):
            tally.add(found, f"{start.name}, {fates}")
    lab.close()


def races_drawn(unit: Unit, tally: Tally) -> None:
    from chaos import races as these
    from chaos.lab import Lab
    from chaos.memory import Memory
    from chaos.sites import STARTS

    lab = _warm(Lab(Memory(clock=these.TurnClock())))
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(f"{unit.seed} {number}")
        start = chance.choice(STARTS)
        fates = tuple(chance.choice(these.FATES) for _run in range(chance.choice([2, 3])))
        for found in these.schedules(lab, start, fates, most=1, chance=chance):
            tally.add(found, f"{start.name}, {fates}, case {number}")
    lab.close()


def fuzz_answers(unit: Unit, tally: Tally) -> None:
    from chaos import fuzz

    samples = fuzz.samples()
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(unit.seed * 1_000_003 + number)
        tally.add(fuzz.one_reading(chance.choice(samples), chance), f"case {number}")


def fuzz_tapes(unit: Unit, tally: Tally) -> None:
    from chaos import fuzz

    tapes = fuzz.tapes()
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(unit.seed * 1_000_003 + number)
        tally.add(fuzz.one_reply(chance.choice(tapes), chance), f"case {number}")
    for _start, lab, _count in tapes:
        lab.close()


def fuzz_runs(unit: Unit, tally: Tally) -> None:
    _fuzz(unit, tally, "whole_run")


def fuzz_options(unit: Unit, tally: Tally) -> None:
    _fuzz(unit, tally, "one_set")


def fuzz_paths(unit: Unit, tally: Tally) -> None:
    _fuzz(unit, tally, "one_path")


def _fuzz(unit: Unit, tally: Tally, name: str) -> None:
    from chaos import fuzz
    from chaos.lab import Lab

    lab = Lab()
    lab.fresh()
    for number in range(unit.first, unit.last, unit.step):
        tally.add(getattr(fuzz, name)(lab, random.Random(unit.seed * 1_000_003 + number)), f"case {number}")
    lab.close()


# Stories of one family in one case, and cases; steps of a story.
STORIES, CROSSINGS, STEPS = 20, 100, 14


def crossed(unit: Unit, tally: Tally) -> None:
    from chaos import crossing
    from chaos.lab import Lab

    lab = Lab()
    for number in range(unit.first, unit.last, unit.step):
        family = crossing.FAMILIES[number * len(crossing.FAMILIES) // CROSSINGS]
        try:
            stories, runs = crossing.play(lab, STORIES, STEPS, unit.seed + number, family=family)
        except AssertionError as exc:
            tally.add([str(exc)], f"{family}, case {number}", 0)
        else:
            tally.runs += runs
            tally.add([], cases=stories)
    lab.close()


def exits(unit: Unit, tally: Tally) -> None:
    from chaos import canaries
    from chaos.lab import Lab

    lab = Lab()
    for number in range(unit.first, unit.last, unit.step):
        chance = random.Random(unit.seed * 1_000_003 + number)
        for name, start, how in canaries.all_exits(lab, chance):
            hits, looked = canaries.one_exit(lab, start, how)
            tally.add([f"leaked: {hit}" for hit in hits], name, looked)
    lab.close()


def playbooks(unit: Unit, tally: Tally) -> None:
    from chaos import plays

    hits, count = plays.run()
    tally.add([f"leaked: {hit}" for hit in hits], "plays", count)


def download_names(unit: Unit, tally: Tally) -> None:
    from chaos import downloads
    from chaos.lab import Lab

    lab = Lab()
    for name, state in list(itertools.product(downloads.NAMES, downloads.STATES))[unit.first : unit.last : unit.step]:
        tally.add(downloads.named(lab, name, state), f"{name!r} onto {state.__name__}")
    lab.close()


def download_cuts(unit: Unit, tally: Tally) -> None:
    from chaos import downloads
    from chaos.lab import Lab

    lab = Lab()
    for number in range(unit.first, unit.last, unit.step):
        if number % 11 == 10:
            tally.add(downloads.full(lab, number * 41), f"full after {number * 41}")
        else:
            tally.add(downloads.cut(lab, number * 41, again=number % 7 == 0), f"cut at {number * 41}")
    lab.close()


def soak(unit: Unit, tally: Tally) -> None:
    from chaos import soak as these
    from chaos.lab import Lab
    from chaos.sites import START

    lab = Lab()
    for name in list(these.SLOW)[unit.first : unit.last : unit.step]:
        tally.add(these.waits(lab, START[name]), name, these.HOURS)
    tally.add(these.crowd_of_waiters(random.Random(unit.seed)), "waiters", 0)
    lab.close()


def twice(unit: Unit, tally: Tally) -> None:
    from chaos import soak as these
    from chaos.lab import Lab
    from chaos.sites import STARTS

    lab = Lab()
    for start in STARTS[unit.first : unit.last : unit.step]:
        tally.add(these.idempotent(lab, start), start.name)
    lab.close()


def _warm(lab):
    """Let everything be imported that a forked child would else import again and again."""
    from chaos.sites import STARTS

    for start in STARTS:
        lab.fresh(start)
        lab.run(start)
    return lab


@dataclasses.dataclass(frozen=True)
class Plan:
    """title, function, number of cases, target of the count, parts, and one in how many for ``--quick``; 0 for none of them,
    which is so for F1c, since the tests run all of it."""

    title: str
    run: Kind
    cases: int
    target: int
    parts: int = 4
    sample: int = 25


def plans() -> dict[str, Plan]:
    from chaos import cells, cuts, kills
    from chaos.sites import STARTS

    late, killed, pairs = (len(STARTS) * count for count in (4 * len(cells.AMBIGUOUS), len(kills.POINTS), len(PAIRS)))
    starts, reads = sum(1 for _c in cells.start_cells()), sum(1 for _c in cells.read_cells())
    return {
        "F1a": Plan("faults at starts", cells_of("start_cells"), starts, 1200, 6),
        "F1b": Plan("faults at reads and logins", cells_of("read_cells"), reads, 1200, 6),
        "F1c": Plan("nothing good from a request on", cut_off, len(cuts.TASKS), 900, 2, 0),
        "F2": Plan("lost answers, four fates", cells_of("late_cells"), late, late, 4),
        "F3a": Plan("broken replies, parsed", fuzz_answers, 100_000, 100_000, 4),
        "F3b": Plan("broken replies, in replayed runs", fuzz_tapes, 8_000, 8_000, 4),
        "F3c": Plan("broken replies, in whole runs", fuzz_runs, 5_000, 5_000, 4),
        "F4a": Plan("odd options", fuzz_options, 18_000, 18_000, 4),
        "F4b": Plan("odd ids against an oracle", fuzz_paths, 2_000, 2_000, 2),
        "F5": Plan("crossed tasks, stories", crossed, CROSSINGS, STORIES * CROSSINGS, 10, 40),
        "F6a": Plan("kill -9 at named points", kills_fixed, killed, killed, 2, 15),
        "F6b": Plan("kill -9 at random", kills_random, 5_000, 5_000, 6, 50),
        "F7a": Plan("two runs, every order", races, pairs, 10_000, 32, 80),
        "F7b": Plan("two and three runs, drawn orders", races_drawn, 3_000, 3_000, 4),
        "F8": Plan("two to eight processes, kills", crowds, 300, 300, 2, 30),
        "F9": Plan("model, end states", model, 1, 100, 1, 1),
        "F10a": Plan("secrets, looked for", exits, 6, 30_000, 2, 6),
        "F10b": Plan("secrets, tasks of real plays", playbooks, 1, 40, 1, 0),
        "F11a": Plan("downloads: names x destinations", download_names, 480, 480, 2),
        "F11b": Plan("downloads: cut, disk full", download_cuts, 550, 550, 2),
        "F13": Plan("hours of waiting", soak, 6, 5_000, 3, 0),
        "F14": Plan("second run, check mode", twice, len(STARTS), len(STARTS), 1, 1),
    }


def work(unit: Unit) -> Tally:
    """One part, in a process of its own."""
    tally = Tally(unit.kind)
    began = time.monotonic()
    try:
        plans()[unit.kind].run(unit, tally)
    except Exception as exc:
        import traceback

        tally.add([f"the suite itself failed: {exc!r} {traceback.format_exc()[-700:]}"])
    tally.seconds = time.monotonic() - began
    return tally


def units(chosen: dict[str, Plan], seed: int, quick: bool) -> Iterator[Unit]:
    for kind, plan in chosen.items():
        if quick:
            if plan.sample:
                offset = random.Random(seed).randrange(plan.sample)
                yield Unit(kind, seed, min(offset, plan.cases - 1), plan.cases, plan.sample)
            continue
        size = -(-plan.cases // plan.parts)
        yield from (Unit(kind, seed, first, min(first + size, plan.cases)) for first in range(0, plan.cases, size))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a sample of each kind; targets are not asked for")
    parser.add_argument("--seed", type=int, default=SEED, help="draws other cases")
    parser.add_argument("--only", default="", help="kinds, with commas: F1a,F6b")
    parser.add_argument("--processes", type=int, default=min(os.cpu_count() or 1, 8))
    options = parser.parse_args(arguments)
    every = plans()
    chosen = {kind: plan for kind, plan in every.items() if not options.only or kind in options.only.split(",")}
    tallies = {kind: Tally(kind) for kind in chosen}
    began = time.monotonic()
    todo = sorted(units(chosen, options.seed, options.quick), key=lambda unit: list(every).index(unit.kind))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.processes, mp_context=context, max_tasks_per_child=1) as pool:
        for future in concurrent.futures.as_completed([pool.submit(work, unit) for unit in todo]):
            tally = future.result()
            tallies[tally.kind].merge(tally)
            if tally.notes:
                print("\n".join(f"  {tally.kind} {note}" for note in tally.notes), flush=True)
    print(f"\n{'kind':<5} {'':<34} {'cases':>8} {'target':>8} {'lost':>5} {'doubled':>8} {'leaked':>7} {'wrong':>6} {'seconds':>8}")
    short = []
    for kind, tally in tallies.items():
        plan = chosen[kind]
        if not options.quick and tally.cases < plan.target:
            short.append(kind)
        target = "-" if options.quick else str(plan.target)
        print(
            f"{kind:<5} {plan.title:<34} {tally.cases:>8} {target:>8} {tally.lost:>5} {tally.doubled:>8} {tally.leaked:>7}"
            f" {tally.wrong:>6} {tally.seconds:>8.1f}" + (f"   {tally.runs} runs" if tally.runs else "")
        )
    whole = collections.Counter[str]()
    for tally in tallies.values():
        whole.update(cases=tally.cases, lost=tally.lost, doubled=tally.doubled, leaked=tally.leaked, wrong=tally.wrong)
    print(
        f"all   {'':<34} {whole['cases']:>8} {'':>8} {whole['lost']:>5} {whole['doubled']:>8} {whole['leaked']:>7} {whole['wrong']:>6}"
        f" {time.monotonic() - began:>8.1f}   seed {options.seed}"
    )
    if short:
        print(f"below its target: {', '.join(short)}")
    return 0 if all(tally.clean for tally in tallies.values()) and not short else 1


if __name__ == "__main__":
    sys.exit(main())
