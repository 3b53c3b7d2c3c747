# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutate the collection at random places, one at a time, in a copy, and count which mutations no test notices.

The seed decides what is drawn; the files that keep tasks safe are drawn more often. For each mutation the tests that enter
its function run, those first that are quick and enter little else, until one fails. ``which_tests.json`` knows them:
``--map`` makes it anew. Ends 0 when at least 90 % are noticed in the safety files. ``equivalent.yml`` lists the mutations
that no test can notice, and why; they are not drawn.

Everything that pytest printed is kept in build/mutations/SEED/.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from mutate import MODULE_LEVEL, Mutation, mutations
from run import INSIDE, ROOT, copy_of

HERE = Path(__file__).resolve().parent
SOURCES = ROOT / "plugins" / "module_utils"
MAP = HERE / "which_tests.json"
EQUIVALENT = HERE / "equivalent.yml"
SUITES = ("tests/unit", "tests/property")
SAFETY = {
    "_auth", "_bulk", "_clock", "_digest", "_download", "_driver", "_folder", "_follow", "_guard", "_operation", "_reconcile", "_slots",
    "_transport", "_wire",
}  # fmt: skip
SAFETY_WEIGHT = 4
THRESHOLD = 0.9
# Seconds as the map has them: measured with a tracer on a busy machine, so really a third of it.
TESTS_SECONDS = 40.0
MOST_TESTS = 100  # of one function
LIMIT = 180.0
MEMORY = 6 << 30
# With --integration, what survives the unit and property tests runs into the integration tests of its module: some minutes each.
INTEGRATION_LIMIT = 900.0
INTEGRATION = {
    ("xclarity", "backup_transfer"): ["xclarity/test_backup_transfer.py", "xclarity/test_backup_push.py"],
    ("xclarity", "backup"): ["xclarity/test_backup.py"],
    ("xclarity", "export"): ["xclarity/test_osimage_export.py", "xclarity/test_osimage_faults.py"],
    ("xclarity", "os_image"): ["xclarity/test_osimage_export.py", "xclarity/test_osimage_faults.py"],
    ("xclarity", "job"): ["xclarity/test_job.py"],
    ("xclarity", "profile"): ["xclarity/test_profile_activation.py"],
    ("xclarity", "remote_file_server"): ["xclarity/test_remote_file_server.py"],
    ("xclarity", "session"): ["xclarity/test_xclarity_session.py"],
    ("xclarity", ""): ["xclarity/test_info_modules.py"],
    ("ops_manager", "pool_server"): ["ops_manager/test_server_pool_server.py"],
    ("ops_manager", ""): [
        "ops_manager/test_server_pool_request.py", "ops_manager/test_server_pool_cancel.py", "ops_manager/test_server_pool_readings.py",
    ],
    ("openstack", ""): ["openstack/test_cluster_profile.py", "openstack/test_cluster_info.py", "openstack/test_connection.py"],
}  # fmt: skip
CAUGHT, SURVIVED = "caught", "SURVIVED"


def is_safety(file: str) -> bool:
    stem = Path(file).stem
    return stem in SAFETY or stem.endswith("_operations")


def integration(file: str) -> list[str]:
    """The integration tests of the modules that a file of a system is for."""
    system, _slash, name = file.rpartition("/")
    found = next((tests for (of, begin), tests in INTEGRATION.items() if of == system and name.startswith(begin)), [])
    return [f"tests/integration/{test}" for test in found]


# -- what is drawn -------------------------------------------------------------------------------------------------


def all_mutations() -> list[Mutation]:
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        found += mutations(path.relative_to(SOURCES).as_posix(), path.read_text(encoding="utf-8"))
    return found


def equivalent(every: list[Mutation]) -> set[str]:
    """The names of those that change nothing that can be noticed. One that is no longer there ends the run."""
    listed = [f"{one['file']}: {one['function']}: {one['change']}" for one in yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []]
    gone = set(listed) - {one.name for one in every}
    if gone:
        raise SystemExit("equivalent.yml lists mutations that the source no longer has:\n" + "\n".join(sorted(gone)))
    return set(listed)


def draw(every: list[Mutation], count: int, seed: int) -> list[Mutation]:
    """``count`` different ones. Drawn by keys, so that the first of many are those of few."""
    chance = random.Random(seed)
    keyed = [(chance.random() ** (1 / (SAFETY_WEIGHT if is_safety(one.file) else 1)), one) for one in every]
    return [one for _key, one in sorted(keyed, key=lambda pair: -pair[0])[:count]]


# -- which tests ---------------------------------------------------------------------------------------------------


class Map:
    """tests: name -> (seconds, functions that it enters). functions: name -> tests, the best first."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.seconds: dict[str, float] = dict(data["tests"])
        names = list(self.seconds)
        self.functions = {name: [names[number] for number in numbers] for name, numbers in data["functions"].items()}

    def tests(self, mutation: Mutation) -> list[str]:
        """Those that enter its function. For a constant of a class or a module, or a new function: that enter any of it."""
        known = self.functions.get(f"{mutation.file}: {mutation.function}")
        if not known:
            begin = f"{mutation.file}: {'' if mutation.function == MODULE_LEVEL else mutation.function}"
            near = [tests for name, tests in self.functions.items() if name.startswith(begin)]
            near = near or [tests for name, tests in self.functions.items() if name.startswith(mutation.file + ":")]
            # The best of each function, then the second best of each.
            known = list(dict.fromkeys(test for rank in zip_longest(near) for test in rank))
        chosen, left = [], TESTS_SECONDS
        for test in known:
            if self.seconds[test] <= left or not chosen:
                left -= self.seconds[test]
                chosen.append(test)
        return chosen


def zip_longest(lists: list[list[str]]) -> list[list[str]]:
    return [[one[rank] for one in lists if rank < len(one)] for rank in range(max(map(len, lists), default=0))]


def make_map(records: list[Path]) -> dict[str, Any]:
    """The parameters of a test are one with it; those of the fault matrix are each a test of other functions."""
    seconds: collections.Counter[str] = collections.Counter()
    entered: dict[str, set[str]] = collections.defaultdict(set)
    for path in records:
        for line in path.read_text(encoding="utf-8").splitlines():
            name, took, functions = json.loads(line)
            if "/test_chaos.py" not in name:
                name = name.partition("[")[0]
            seconds[name] += took
            entered[name] |= set(functions)
    tests = sorted(name for name in entered if entered[name])
    by_function: dict[str, list[str]] = collections.defaultdict(list)
    for name in sorted(tests, key=lambda name: (seconds[name] + 0.02) * len(entered[name])):
        for function in entered[name]:
            if len(by_function[function]) < MOST_TESTS and sum(seconds[other] for other in by_function[function]) < TESTS_SECONDS:
                by_function[function].append(name)
    number = {name: index for index, name in enumerate(tests)}
    return {
        "tests": {name: round(seconds[name], 2) for name in tests},
        "functions": {function: [number[name] for name in names] for function, names in sorted(by_function.items())},
    }


def record() -> None:
    """Run everything once with a tracer, and write the map."""
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        environment = {**os.environ, "TOUCHED_RECORD": str(Path(folder, "touched")), "PYTHONPATH": str(HERE)}
        command = [sys.executable, "-m", "pytest", "-p", "touched", "-p", "no:cacheprovider", "-q", "-n", "2", *SUITES]
        subprocess.run(command, cwd=ROOT, env=environment, check=False)
        write_map(sorted(Path(folder).glob("touched.*")))


def write_map(records: list[Path]) -> None:
    data = make_map(records)
    text = json.dumps(data, separators=(",", ":")).replace('],"', '],\n"').replace(',"tests/', ',\n"tests/')
    MAP.write_text(text + "\n", encoding="utf-8")


# -- one mutation --------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Judgement:
    mutation: Mutation
    verdict: str
    test: str  # that failed first
    seconds: float


def run_tests(place: Path, tests: list[str], limit: float) -> tuple[int | None, str]:
    """(pytest's exit code, or None when the time was over; what it printed)."""
    chosen, scratch = place / "chosen.txt", place / "tmp"
    chosen.write_text("\n".join(tests), encoding="utf-8")
    scratch.mkdir()
    environment = {
        **os.environ, "GROUNDWORK_COLLECTIONS": str(place), "TOUCHED_CHOSEN": str(chosen), "PYTHONPATH": str(HERE),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(place / "hypothesis"), "TMPDIR": str(scratch), "HOME": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    command = [sys.executable, "-m", "pytest", "-p", "touched", "-p", "no:cacheprovider", "-x", "-q", "--no-header", *files]
    with open(place / "output", "w+", encoding="utf-8", errors="replace") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        try:
            code: int | None = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            # Also what a test has started and a mutation kept from ending.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return code, output.read()


def judge(mutation: Mutation | None, tests: list[str], limit: float = LIMIT) -> tuple[int | None, str, str]:
    """(pytest's code, the test that failed first, the output) of the collection with one mutation, or with none."""
    with tempfile.TemporaryDirectory(prefix="mutation-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        copy_of(place)
        if mutation is not None:
            path = place / INSIDE / "plugins" / "module_utils" / mutation.file
            path.write_text(mutation.apply(path.read_text(encoding="utf-8")), encoding="utf-8")
        code, output = run_tests(place, tests, limit)
    found = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", output, re.MULTILINE)
    if code is None:
        return code, "did not end", output
    return code, found.group(1) if found else "", output


class Run:
    def __init__(self, folder: Path, tests: Map, integration: bool = False) -> None:
        self.folder, self.tests, self.integration = folder, tests, integration
        folder.mkdir(parents=True, exist_ok=True)
        self.results = folder / "results.jsonl"

    def one(self, number: int, mutation: Mutation) -> Judgement:
        began = time.monotonic()
        tests = self.tests.tests(mutation)
        code, test, output = judge(mutation, tests) if tests else (0, "", "no test enters it")
        if code == 0 and self.integration and (later := integration(mutation.file)):
            code, test, more = judge(mutation, later, INTEGRATION_LIMIT)
            code, output = code or 0, output + more  # without an end nothing is known
        took = time.monotonic() - began
        # Tests that cannot even be collected have noticed as well; all_green looks that they can be without a mutation.
        verdict = SURVIVED if code == 0 else CAUGHT
        text = f"{verdict}\n{mutation.name}\nline {mutation.line}\n\n{output}"
        (self.folder / f"{number:04}.txt").write_text(text, encoding="utf-8")
        line = {"number": number, "verdict": verdict, "test": test, "seconds": round(took, 1), **dataclasses.asdict(mutation)}
        with open(self.results, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        return Judgement(mutation, verdict, test, took)

    def false_alarms(self, judged: list[Judgement]) -> list[str]:
        """The tests that caught something and fail without any mutation as well."""
        alarms, left = [], sorted({one.test for one in judged if "::" in one.test})
        while left:
            code, test, output = judge(None, left)
            if code == 0:
                break
            (self.folder / f"without_a_mutation_{len(alarms)}.txt").write_text(output, encoding="utf-8")
            alarms.append(test)
            if test not in left:
                break
            left.remove(test)
        return alarms


def report(judged: list[Judgement]) -> bool:
    """Print the counts; whether enough was noticed in the safety files."""
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for one in judged:
        counts[one.mutation.file][one.verdict] += 1
    print(f"\n{'file':<55} {'caught':>7} {'survived':>9}")
    sums = {True: collections.Counter[str](), False: collections.Counter[str]()}
    for file in sorted(counts, key=lambda file: (not is_safety(file), file)):
        sums[is_safety(file)].update(counts[file])
        print(f"{file + (' *' if is_safety(file) else ''):<55} {counts[file][CAUGHT]:>7} {counts[file][SURVIVED]:>9}")
    rate = 1.0
    for safety, name in ((True, "* the files that keep tasks safe"), (False, "all others")):
        total = sums[safety].total()
        if total:
            share = sums[safety][CAUGHT] / total
            rate = share if safety else rate
            print(f"{name:<55} {sums[safety][CAUGHT]:>7} {sums[safety][SURVIVED]:>9}  {share:.1%}")
    late = sum(one.test == "did not end" for one in judged)
    print(f"{late} were noticed because the tests did not end within {LIMIT:.0f} s")
    for one in judged:
        if one.verdict == SURVIVED:
            print(f"survived: {one.mutation.name} (line {one.mutation.line})")
    return rate >= THRESHOLD


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--names", type=Path, help="a file with names of mutations, one a line, to be run instead of drawing")
    parser.add_argument("--integration", action="store_true", help="try what survives on the integration tests of its module as well")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--map", action="store_true", help="make which_tests.json anew, which takes some minutes")
    options = parser.parse_args()
    if options.map:
        record()
        return 0
    every = all_mutations()
    known = equivalent(every)
    if options.names:
        by_name = {one.name: one for one in every}
        drawn = [by_name[name] for name in options.names.read_text(encoding="utf-8").splitlines() if name in by_name]
    else:
        drawn = draw([one for one in every if one.name not in known], options.count, options.seed)
    print(f"{len(drawn)} of {len(every)} mutations, seed {options.seed}; {len(known)} are known to change nothing", flush=True)
    run = Run(ROOT / "build" / "mutations" / (options.names.stem if options.names else str(options.seed)),
              Map(json.loads(MAP.read_text(encoding="utf-8"))), options.integration)  # fmt: skip
    run.results.unlink(missing_ok=True)
    judged = []
    with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
        for one in pool.map(run.one, range(len(drawn)), drawn):
            judged.append(one)
            print(f"{one.verdict:<9} {one.seconds:5.1f} s  {one.mutation.name}  {one.test.removeprefix('tests/')}", flush=True)
    good = report(judged)
    alarms = run.false_alarms(judged)
    for test in alarms:
        print(f"fails without any mutation as well: {test}")
    print(f"All output is in {run.folder.relative_to(ROOT)}")
    return 0 if good and not alarms else 1


if __name__ == "__main__":
    sys.exit(main())
