# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure against the budgets: `make bench`. Ends 0 when every budget is kept.

Each comparison runs its sides in turn, several times over, in one run on one machine against one simulator; medians
count. Writes tests/benchmark/results.json (figures, and every single measurement) and docs/performance.md with its
plot. --quick takes small numbers and --only some of the parts, to try things out; both write nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import measure
import others
import plays
import report
from activations import POLL, Activations
from lab import Lab
from measure import Taken

from simulator.client import SimulatorProcess

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "performance.svg"

# key -> (the comparison that must hold, the limit); a key without a budget is only reported
BUDGETS = {
    "bulk_over_bare_1000": ("<=", 1.25),
    "uri_loop_over_bulk_1000": (">=", 100.0),
    "growth_10000_over_1000": ("<=", 1.2),
    "task_over_ping_in_process": ("<=", 0.10),
    "task_over_ping_module": ("<=", 1.5),
    "challenges_per_task": ("<=", 1),
    "requests_excess": ("<=", 0),
    "download_over_curl": (">=", 0.9),
    "download_rss_mib": ("<=", 64.0),
    "inventory_over_plain_10000": ("<=", 1.5),
    "per_host_failed_300": ("<=", 0),
    "per_host_300_forks_50": ("<=", 2.0),
    "role_over_list_1000": ("<=", 1.5),
    "result_chars_1000": ("<=", 700_000),
    "progress_cost": ("", 0.0),
    "bulk_over_curl_parallel_1000": ("", 0.0),
    "download_over_curl_without_link": ("", 0.0),
    "inventory_over_plain_10000_and_hosts": ("", 0.0),
    "resource_over_cluster_profile": ("", 0.0),
}

REPEATS = {(1000, 0.0): 7, (10000, 0.02): 1}  # rounds of N activations with a latency: more for a budget, fewer of what takes a minute


class Bench:
    """The figures and all single measurements of one run."""

    def __init__(self, lab: Lab, repeats: int, quick: bool) -> None:
        self.lab, self.repeats, self.quick = lab, repeats, quick
        self.figures: dict[str, float] = {}
        self.rows: list[dict[str, Any]] = []

    def compare(self, what: str, variants: Mapping[str, Any], repeats: int | None = None, **facts: Any) -> dict[str, list[Taken]]:
        """Run the variants in turn, note every measurement, and print one line for each."""
        load = os.getloadavg()[0]
        taken = measure.interleaved(repeats or self.repeats, variants)
        for name, ones in taken.items():
            figures = f"{measure.wall(ones):9.3f} s wall {measure.cpu(ones):9.3f} s cpu {measure.rss(ones):6.0f} MiB"
            print(f"  {what:18} {name:12} {facts.get('count', ''):>6} {figures}", flush=True)
            single = [{k: round(v, 4) for k, v in dataclasses.asdict(one).items() if k != "output"} for one in ones]
            row = {"what": what, "variant": name, **facts, "load_before": round(load, 2), "runs": single}
            self.rows.append(row)
        return taken

    # -- the parts ------------------------------------------------------------------------------------------------

    def activations(self) -> None:
        excess = 0
        each: dict[int, float] = {}
        for latency in (0.0, 0.02):
            for count in (1, 10, 100) if self.quick else (1, 10, 100, 1000, 10000):
                ways = Activations(self.lab, count, latency)
                names = ["bare", "bare_start", "bulk", "start"] + (["bulk_module"] if count <= 1000 else [])
                repeats = REPEATS.get((count, latency))
                taken = self.compare("activations", {n: getattr(ways, n) for n in names}, repeats, count=count, latency=latency)
                self.rows[-1]["sent"] = dict(ways.sent)
                excess = max(excess, ways.excess)
                if latency == 0:
                    each[count] = (measure.wall(taken["bulk"]) - measure.wall(taken["start"])) / count
                if count == 1000 and latency == 0:
                    # Both beyond their own start: Ansible's on one side, Python's with its imports on the other.
                    sides = [taken[name] for name in ("bulk", "start", "bare", "bare_start")]
                    self.figures["bulk_over_bare_1000"] = measure.ratio(*sides)
                if count == (100 if self.quick else 1000) and latency == 0:
                    self.loops(ways, each[count])
        if not self.quick:
            self.figures["growth_10000_over_1000"] = each[10000] / each[1000]
        self.figures["requests_excess"] = excess

    def loops(self, largest: Activations, bulk_each: float) -> None:
        """Loops of single tasks: 10 and 100 of each kind; of uri the full number, too, once."""
        for count in (10,) if self.quick else (10, 100):
            ways = Activations(self.lab, count)
            names = ["start", "uri_loop", "loop", "loop_module"]
            self.compare("loops", {n: getattr(ways, n) for n in names}, 1 if count > 10 else None, count=count, latency=0.0)
        if not self.quick:
            taken = self.compare("loops", {"start": largest.start, "uri_loop": largest.uri_loop}, 1, count=largest.count, latency=0.0)
            loop = measure.wall(taken["uri_loop"]) - measure.wall(taken["start"])
            self.figures["uri_loop_over_bulk_1000"] = loop / largest.count / bulk_each

    def tasks(self) -> None:
        count = 10 if self.quick else 50
        self.lab.fresh(0)
        ways = others.SmallTasks(self.lab, count)
        names = ("start", "ping", "in_process", "module")
        taken = self.compare("small tasks", {n: getattr(ways, n) for n in names}, None if self.quick else 9, count=count)
        for way in ("in_process", "module"):
            self.figures[f"task_over_ping_{way}"] = measure.ratio(taken[way], taken["start"], taken["ping"], taken["start"])
        self.figures["challenges_per_task"] = others.challenges(self.lab)

    def imports(self) -> None:
        self.compare("imports", others.imports(self.lab), max(self.repeats, 7))

    def download(self) -> None:
        small = others.Downloads(self.lab, 1024**2)
        base = self.compare("download", {"ours": small.ours, "start": small.start}, size=small.size)
        figures = {}
        for what, size, rate in (("download without a link", others.GIB, 0), ("download", 4 * others.GIB, others.LINK)):
            large = others.Downloads(self.lab, size // 16 if self.quick else size, rate)
            try:
                # What a link limits varies little, and takes long.
                repeats = 2 if rate and not self.quick else None
                figures[what] = self.compare(what, {"ours": large.ours, "curl": large.curl}, repeats, size=large.size)
            finally:
                large.close()
        taken, free = figures["download"], figures["download without a link"]
        # Beyond the same task with a small file: what is left is the transfer itself, and the proof of the file.
        self.figures["download_over_curl"] = measure.wall(taken["curl"]) / measure.beyond(taken["ours"], base["ours"])
        self.figures["download_over_curl_without_link"] = measure.wall(free["curl"]) / measure.beyond(free["ours"], base["ours"])
        self.figures["download_rss_mib"] = measure.rss(taken["ours"]) - measure.rss(base["start"])

    def inventory(self) -> None:
        ways = others.Inventories(self.lab, 1000 if self.quick else 10000)
        names = ("plugin", "start", "bare_hosts", "plain", "plain_start")
        taken = self.compare("inventory", {n: getattr(ways, n) for n in names}, max(self.repeats, 7), count=ways.count)
        # Ansible's start is taken away on one side and Python's on the other; each imports the libraries that it needs.
        plain = measure.beyond(taken["plain"], taken["plain_start"])
        # Ansible's own start with ten thousand hosts, of whatever origin, is the start with bare names.
        self.figures["inventory_over_plain_10000"] = measure.beyond(taken["plugin"], taken["bare_hosts"]) / plain
        self.figures["inventory_over_plain_10000_and_hosts"] = measure.beyond(taken["plugin"], taken["start"]) / plain

    def clusters(self) -> None:
        ways = others.ClusterProfiles(self.lab, 5 if self.quick else 20, others.peer(ROOT / ".cache"))
        names = ("start", "ours", "bulk", "peer_start", "resource")
        taken = self.compare("cluster profiles", {n: getattr(ways, n) for n in names}, count=ways.count)
        theirs = measure.beyond(taken["resource"], taken["peer_start"])
        self.figures["resource_over_cluster_profile"] = theirs / measure.beyond(taken["ours"], taken["start"])

    def plays(self) -> None:
        count = 30 if self.quick else 300
        ways = plays.Hosts(self.lab, count, 5.0)
        names = ("each", "each_unlimited")
        taken = self.compare("one task for each host", {n: getattr(ways, n) for n in names}, 1, count=count)
        self.figures["per_host_failed_300"] = ways.failed
        self.figures["per_host_300_forks_50"] = measure.wall(taken["each"]) / measure.wall(taken["each_unlimited"])

    def roles(self) -> None:
        count = 30 if self.quick else 1000
        ways = plays.Hosts(self.lab, count, POLL, forks=5)
        names = ("role", "list_and_trivial", "start")
        taken = self.compare("the role", {n: getattr(ways, n) for n in names}, 1 if self.quick else None, count=count)
        self.figures["role_over_list_1000"] = measure.wall(taken["role"]) / measure.wall(taken["list_and_trivial"])

    def results(self) -> None:
        self.figures["result_chars_1000"] = plays.result_characters(self.lab, 30 if self.quick else 1000)

    def progress(self) -> None:
        waits = plays.Waits(self.lab, 30 if self.quick else 1000, 15.0 if self.quick else 45.0)
        names = ("with_progress", "without_progress")
        taken = self.compare("a wait of 45 s", {n: getattr(waits, n) for n in names}, count=waits.count)
        self.figures["progress_cost"] = measure.wall(taken["with_progress"]) / measure.wall(taken["without_progress"])

    def curl(self) -> None:
        count = 30 if self.quick else 1000
        ways = Activations(self.lab, count)
        sides = {
            "bulk": ways.bulk,
            "start": ways.start,
            "curl": lambda: plays.curl_parallel(self.lab, count),
            "plain_start": lambda: plays.python_start(self.lab),
        }
        taken = self.compare("against curl", sides, count=count)
        self.figures["bulk_over_curl_parallel_1000"] = measure.ratio(*(taken[name] for name in sides))


PARTS = ("activations", "tasks", "imports", "download", "inventory", "clusters", "plays", "roles", "results", "progress", "curl")


def kept(key: str, value: float) -> bool:
    sign, limit = BUDGETS[key]
    return {"<=": value <= limit, ">=": value >= limit, "": True}[sign]


def machine() -> dict[str, Any]:
    import ansible.release

    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    return {
        "processor": model or platform.processor(), "cores": os.cpu_count(), "python": platform.python_version(),
        "ansible_core": ansible.release.__version__, "kernel": platform.release(), "load_at_start": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts to run, of {','.join(PARTS)}; writes nothing")
    parser.add_argument("--quick", action="store_true", help="small numbers, one repeat; writes nothing")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="where the 4 GiB go (default: a temporary directory)")
    options = parser.parse_args()
    collections = Path(os.environ.get("GROUNDWORK_COLLECTIONS") or ROOT / "build" / "checkout").resolve()
    parts = options.only.split(",")
    began, about = time.monotonic(), machine()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder, SimulatorProcess(Path(folder) / "simulator") as control:
        bench = Bench(Lab(control, Path(folder), collections), 1 if options.quick else options.repeats, options.quick)
        for part in parts:
            getattr(bench, part)()
    results: dict[str, Any] = {key: round(bench.figures[key], 4) for key in BUDGETS if key in bench.figures}
    missed = [key for key, value in results.items() if not kept(key, value)]
    for key, value in results.items():
        sign, limit = BUDGETS[key]
        print(f"{'MISSED' if key in missed else 'kept':7} {key:32} {value:10.3f} {sign} {limit if sign else ''}")
    if set(parts) == set(PARTS):
        results |= {
            "budgets": {key: f"{sign} {limit:g}".strip() if sign else None for key, (sign, limit) in BUDGETS.items()},
            "date": datetime.now(UTC).date().isoformat(), "seconds": round(time.monotonic() - began), "repeats": options.repeats,
            "machine": about, "raw": bench.rows,
        }  # fmt: skip
        page, plot = report.page(results, missed), report.plot(results["raw"])
        if not options.quick:
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            PAGE.write_text(page, encoding="utf-8")
            PLOT.write_text(plot, encoding="utf-8")
            print(f"written: {RESULTS.relative_to(ROOT)}, {PAGE.relative_to(ROOT)}, {PLOT.relative_to(ROOT)}")
    if options.quick:
        print("Small numbers say whether it works, not how fast it is.")
        return 0
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
