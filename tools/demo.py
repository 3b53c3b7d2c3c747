#!/usr/bin/env python
"""`make demo`: run two playbooks twice over three simulated servers: tests/demo/new_servers.yml, which takes two servers from the rack to a
profile, and the installed groundwork.provision.provision.

Prints what was sent to each server, what changed and how long it took. Ends 0 only when the second run changed nothing
and sent nothing that changes something, and no session is open.

With --faults the simulator drops, delays and garbles replies (`make demo FAULTS=1`); see disturbed().
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tree

TESTS = tree.ROOT / "tests"
sys.path.insert(0, str(TESTS))

import yaml  # noqa: E402  (with the simulator it is found by the path set above)
from harness import Harness  # noqa: E402

from simulator.client import Control, SimulatorProcess  # noqa: E402

ESTATE = TESTS / "simulator" / "estate.yml"
INVENTORY = TESTS / "demo" / "inventory"
PLAYBOOKS = (str(TESTS / "demo" / "new_servers.yml"), "groundwork.provision.provision")
SYSTEMS = {
    "xclarity": "XClarity Administrator", "ops_manager": "Ops Manager", "keystone": "Keystone",
    "clustering": "OpenStack Clustering", "xclarity_target": "second XClarity Administrator",
}
RECAP = re.compile(r"^(\S+) +: (ok=.*)$")
REPORTS = tree.ROOT / "build" / "reports"
ATTEMPTS = 12

Entry = dict[str, Any]


@dataclass
class Run:
    """One ansible-playbook. hosts: name -> the numbers of its recap. sent: what the servers logged."""

    rc: int
    seconds: float
    hosts: dict[str, collections.Counter[str]]
    sent: list[Entry]
    warnings: int
    names_lost: int  # exports whose answer, and with it the name of the file, was lost

    @property
    def changed(self) -> int:
        return sum(numbers["changed"] for numbers in self.hosts.values())

    @property
    def changing(self) -> list[Entry]:
        return [entry for entry in self.sent if entry["changing"]]


class Demo:
    """The simulator, the installed collection, and a folder for what a run leaves behind."""

    def __init__(self, control: Control, folder: Path, collections_root: Path) -> None:
        self.control = control
        REPORTS.mkdir(parents=True, exist_ok=True)
        self.reports: list[Path] = []
        self.harness = Harness(control, folder, collections_root)

    def fresh(self, name: str) -> None:
        """Servers as in the estate, and an empty folder for what the run writes."""
        self.control.reset()
        self.control.seed(**yaml.safe_load(ESTATE.read_text(encoding="utf-8")))
        self.harness.folder = self.harness.folder / name
        (self.harness.folder / "images").mkdir(parents=True)

    def play(self, title: str, *arguments: str) -> Run:
        """Run the playbooks, their output as it comes, and read from the servers what it sent."""
        print(f"\n===== {title} =====", flush=True)
        self.reports.append(REPORTS / f"demo-{title.replace(' ', '-')}.html")
        environment = self.harness.environment(
            ANSIBLE_CALLBACKS_ENABLED="groundwork.provision.report", GROUNDWORK_REPORT=str(self.reports[-1]),
            GROUNDWORK_REPORT_TITLE=f"Demo: {title}",
            DEMO_FOLDER=str(self.harness.folder / "images"), DEMO_PASSPHRASE="a passphrase of the demo",
            ANSIBLE_DISPLAY_SKIPPED_HOSTS="false", PYTHONUNBUFFERED="1",
        )
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", str(INVENTORY), *PLAYBOOKS, *arguments]
        since, began = self.control.last(), time.monotonic()
        hosts: dict[str, collections.Counter[str]] = {}
        warnings = names_lost = 0
        with subprocess.Popen(
            command, env=environment, cwd=self.harness.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        ) as process:
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
                warnings += "[WARNING]" in line or "[DEPRECATION WARNING]" in line
                names_lost += '"code": "filename_lost"' in line
                recap = RECAP.match(line)
                if recap:  # one after each playbook
                    numbers = hosts.setdefault(recap[1], collections.Counter())
                    numbers.update({key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", recap[2])})
        seconds = time.monotonic() - began
        return Run(process.returncode, seconds, hosts, self.control.log(since=since), warnings, names_lost)

    def state(self) -> dict[str, Any]:
        """What a user would call the state of the servers, without ids, times and random marks."""
        state = self.control.state()
        xclarity, pool, clustering = state["xclarity"], state["ops_manager"], state["clustering"]
        held = [server for server in pool["servers"] if server["statusName"] == "BOUND"]
        images = sorted((self.harness.folder / "images").iterdir())
        return {
            "hardware": {node["name"]: [node["power"], node["reboots"]] for node in xclarity["nodes"].values()},
            "firmware": [xclarity["firmware"][key] for key in ("assigned", "versions", "updates")],
            # By the target: which of two new profiles gets which id is chance.
            "profiles": sorted([str(one["target"]), one["status"]] for one in xclarity["profiles"].values()),
            "backups": sorted([one["label"], sorted(one["locations"])] for one in xclarity["data"]["backups"].values()),
            "images": [path.stat().st_size for path in images if path.suffix == ".gz"],
            "servers": dict(collections.Counter(
                f"{server['properties']['Datacenter']} {server['properties']['Size']}" for server in held
            )),
            "cluster profiles": sorted(
                [one["name"], one["project"], json.dumps(one["spec"], sort_keys=True)] for one in clustering["profiles"]
            ),
            "done": {
                "xclarity": {key: number for key, number in xclarity["counts"].items() if number},
                "ops_manager": pool["counts"]["requests_created"],
                "clustering": {key: clustering["counts"][key] for key in ("created", "updated", "deleted")},
            },
        }


def show(title: str, run: Run) -> None:
    """What was sent to each server, what changed and how long it took."""
    print(f"\n{title}: {run.seconds:.1f} s, changed={run.changed} on {len(run.hosts)} hosts")
    for system, name in SYSTEMS.items():
        entries = [entry for entry in run.sent if entry["system"] == system]
        if not entries:
            continue
        changing = [entry for entry in entries if entry["changing"]]
        print(f"  {name}: {len(entries)} requests, {len(changing)} of them change something")
        for entry in changing:
            print(f"    {entry['method']:<6} {entry['path']} -> {entry['status']}  {entry['body'][:100]}")


def complaints(run: Run) -> list[str]:
    """Why this is not the second run of somebody whose servers are as wanted."""
    found = [f"{host}: {key}={numbers[key]}" for host, numbers in run.hosts.items()
             for key in ("changed", "failed", "unreachable") if numbers[key]]
    found += [f"sent {entry['method']} {entry['path']}" for entry in run.changing]
    if run.rc or not run.hosts:
        found.append(f"ansible-playbook ended {run.rc}")
    if run.warnings:
        found.append(f"{run.warnings} warnings of Ansible")
    return found


def undisturbed(demo: Demo) -> list[str]:
    """Two runs. Returns what is wrong."""
    demo.fresh("plain")
    first = demo.play("first run")
    second = demo.play("second run")
    show("First run", first)
    show("Second run", second)
    wrong = [f"first run: ansible-playbook ended {first.rc}"] if first.rc else []
    wrong += ["first run: warnings of Ansible"] if first.warnings else []
    wrong += ["first run: nothing changed"] if not first.changing else []
    return wrong + [f"second run: {complaint}" for complaint in complaints(second)]


# -- with faults ------------------------------------------------------------------------------------------------------


def disturb(control: Control, seed: int) -> None:
    """Faults for the requests to come: every system, any request, also those that start something.

    Logging in to XClarity is spared, for a login whose answer is lost leaves a session that nobody can close.
    """
    chance = random.Random(seed)
    kinds: list[dict[str, Any]] = [
        {"reset": "after"}, {"reset": "before"}, {"delay": 0.3}, {"delay_after": 0.3}, {"truncate": 5},
        {"status": 503, "body": "<html>maintenance</html>", "content_type": "text/html"},
        {"body": "\u0000 not what was asked for"}, {"reset": "after", "fin": True},
    ]
    for system, count, last in (("xclarity", 12, 110), ("ops_manager", 4, 14), ("clustering", 2, 4), ("keystone", 1, 1)):
        for number in sorted(chance.sample(range(1, last + 1), count)):
            kind = chance.choice(kinds)
            control.fault(system, path="^/(?!sessions)", nth=number, **kind)
            print(f"  {SYSTEMS[system]}, request {number}: {kind}")


def doubled(run: Run) -> list[str]:
    """Requests that start something and were sent twice in one run."""
    marks = re.compile(r'"groundwork_provision_request": *"[^"]*"')
    sent = collections.Counter(
        (entry["system"], entry["method"], entry["path"], marks.sub("", entry["body"])) for entry in run.changing
        # a refusal for certain: nothing was done, and the digest has to be computed anew
        if entry["status"] != 401
    )
    return [f"sent {number} times in one run: {' '.join(key[1:3])}" for key, number in sent.items() if number > 1]


def disturbed(demo: Demo, seed: int) -> list[str]:
    """The state that a quiet run ends in has to be the end under faults, too; nothing is started twice in any run.

    A run that does not know what became of a request fails and says so; as a person would do after a look at the
    server, the playbook is started again until a run succeeds. The counts of what the servers did are part of the state.
    """
    demo.fresh("quiet")
    quiet = demo.play("a run without faults, to compare with")
    wanted = demo.state()
    demo.harness.folder = demo.harness.folder.parent
    demo.fresh("faults")
    print(f"\nFaults of seed {seed} (the same again: make demo FAULTS=1 ARGS='--seed {seed}')")
    disturb(demo.control, seed)
    wrong = [f"without faults: ansible-playbook ended {quiet.rc}"] if quiet.rc else []
    runs: list[Run] = []
    while not runs or (runs[-1].rc and len(runs) < ATTEMPTS):
        runs.append(demo.play(f"run {len(runs) + 1} under faults"))
    for number, run in enumerate(runs, 1):
        show(f"Run {number} under faults" + (" (failed)" if run.rc else ""), run)
        wrong += [f"run {number}: {complaint}" for complaint in doubled(run)]
    hit = sum(fault["fired"] for fault in demo.control.faults())
    demo.control.clear_faults()
    last = demo.play("a last run without faults")
    show("Last run", last)
    reached = demo.state()
    # The name of an export is told once, in the answer. Where that was lost, the next run has to export anew.
    wanted["done"]["xclarity"]["exports"] += sum(run.names_lost for run in runs)
    for part in wanted:
        if reached[part] != wanted[part]:
            wrong.append(f"{part}: {json.dumps(reached[part])} in place of {json.dumps(wanted[part])}")
    wrong += [f"last run: {complaint}" for complaint in complaints(last)]
    print(f"\n{hit} faults hit in {len(runs)} runs.")
    return wrong


def main() -> int:
    """Returns 0 when all is as promised."""
    parser = argparse.ArgumentParser(description="Run the playbooks twice over three simulated servers.")
    parser.add_argument("--faults", action="store_true", help="let the servers drop, delay and garble replies")
    parser.add_argument("--seed", type=int, default=None, help="of the faults; default: a new one, printed")
    options = parser.parse_args()
    root = Path(os.environ.get("GROUNDWORK_COLLECTIONS") or tree.ROOT / "build" / "collections").resolve()
    if not (root / "ansible_collections" / tree.NAMESPACE / tree.NAME).is_dir():
        sys.exit(f"The collection is not installed in {root}: run make demo.")
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    with tempfile.TemporaryDirectory(prefix="groundwork-demo-") as folder, SimulatorProcess(Path(folder, "servers")) as control:
        demo = Demo(control, Path(folder), root)
        wrong = disturbed(demo, seed) if options.faults else undisturbed(demo)
        sessions = control.sessions("xclarity")
    print("\nReports, one page for each run:", *demo.reports, sep="\n  ")
    if sessions["open"]:
        wrong.append(f"{sessions['open']} sessions of XClarity Administrator are open")
    if wrong:
        print("\nNot as promised:", *wrong, sep="\n  ")
        return 1
    if options.faults:
        print(f"The same end state as without faults, nothing started twice, no session open (seed {seed}).")
    else:
        print(f"\nThe second run changed nothing and sent no changing request; {sessions['opened']} sessions were opened, none is open.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
