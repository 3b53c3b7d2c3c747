# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event sources in the real engine, ansible-rulebook, against simulated servers that restart."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Harness

from simulator.client import Control

HERE = Path(__file__).resolve().parent
ENGINE = HERE.parents[1] / ".cache" / "eda" / "bin"
CHANGES = 200
PATIENCE = 120.0
# What the engine says when a kill has left its own database (H2) unusable, as one of about twenty does.
UNUSABLE = "Failed to initialize HA mode"
SEEN = re.compile(r"SEEN (\S+) (\S+ \S+ \S+)")


class Rulebook:
    """ansible-rulebook, running. ``lines``: what it has printed, also before a restart of it."""

    def __init__(self, harness: Harness, rules: list[dict[str, Any]], *, keeps: bool = False, **variables: Any) -> None:
        self._harness = harness
        self.lines: list[str] = []
        self._folder = folder = harness.folder / "rules"
        (folder / "playbooks").mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "playbooks" / "note.yml", folder / "playbooks" / "after_activation.yml")
        if keeps:  # the engine keeps what is under way, and so may acknowledge events
            variables["drools_db_file_path"] = str(harness.folder / "drools")
            for source in rules[0]["sources"]:
                next(value for key, value in source.items() if key != "name")["feedback"] = True
        files = {"activated.yml": rules, "vars.yml": variables, "servers.xclarity.yml": {"plugin": "groundwork.provision.xclarity"}}
        for file, content in files.items():
            (folder / file).write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        command = "ansible-rulebook --rulebook activated.yml -i servers.xclarity.yml --vars vars.yml"
        self._command = f"{command} --persistence-id provisioning --id 1".split() if keeps else command.split()
        self.start()

    def start(self) -> None:
        path = f"{ENGINE}{os.pathsep}{os.environ['PATH']}"
        # For each playbook the engine makes a folder in TMPDIR, and leaves it there when it is killed.
        environment = {**self._harness.environment(), "PATH": path, "TMPDIR": str(self._folder.parent), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [str(ENGINE / self._command[0]), *self._command[1:]], env=environment, cwd=self._folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self.lines.append(line)

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal to all of it and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
        self.process.wait(60)
        self._reader.join(10)

    def ended_with(self, text: str) -> bool:
        """It has ended by itself, and said so."""
        if self.process.poll() is None:
            return False
        self._reader.join(10)
        return text in "".join(self.lines)

    def forget_what_it_kept(self) -> None:
        for file in self._harness.folder.glob("drools.*"):
            file.unlink()

    @property
    def seen(self) -> list[tuple[str, str]]:
        """uuid, and kind, id and state, of each event that led to an action."""
        return [(found[1], found[2]) for line in list(self.lines) if (found := SEEN.search(line))]

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, "".join(self.lines)
            assert self.process.poll() is None or true(), "".join(self.lines)
            time.sleep(0.05)

    def until_seen(self, number: int) -> None:
        self.until(lambda: len(self.seen) >= number)

    def until_distinct(self, number: int) -> None:
        self.until(lambda: len(dict(self.seen)) >= number)


@pytest.fixture
def estate(sim: Control) -> Control:
    """The simulator, whose time stands still, with servers and profiles for so many changes."""
    number = CHANGES // 4
    sim.seed(xclarity={"generate": {"rack_nodes": number, "profiles": number, "prefix": "rack"}})
    sim.clock(mode="manual")
    sim.switches("xclarity", job_seconds=60)
    return sim


@pytest.fixture
def rulebook(harness: Harness) -> Iterator[Callable[..., Rulebook]]:
    """``rulebook(rules, variables)`` starts the engine; nothing of it is left after the test."""
    running: list[Rulebook] = []

    def start(rules: list[dict[str, Any]], **options: Any) -> Rulebook:
        running.append(Rulebook(harness, rules, **options))
        return running[-1]

    yield start
    for one in running:
        if one.process.poll() is None:
            one.end(signal.SIGKILL)


def counting() -> list[dict[str, Any]]:
    """A rulebook that says each event."""
    rules: list[dict[str, Any]] = yaml.safe_load((HERE / "rulebooks" / "count.yml").read_text(encoding="utf-8"))
    return rules


def of_the_guide() -> list[dict[str, Any]]:
    """The rulebook of the guide, with the connection from the environment, and the event log beside."""
    page = (HERE.parents[1] / "docs" / "guide_eda.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(# activated.yml\n.*?)^```$", page, re.M | re.S)
    rules: list[dict[str, Any]] = yaml.safe_load(block)
    sources = rules[0]["sources"]
    sources[0]["groundwork.provision.jobs"] = {"system": "xclarity", "poll_interval": 0.2}
    sources.append({"name": "log", "groundwork.provision.xclarity_events": {"poll_interval": 0.2, "severity": ["critical"]}})
    playbook = {"name": "playbooks/after_activation.yml", "extra_vars": {"folder": "{{ folder }}"}}
    for rule in rules[0]["rules"]:
        if "run_playbook" in rule["action"]:
            assert rule["action"]["run_playbook"] == {"name": playbook["name"]}
            rule["action"]["run_playbook"] = playbook
    condition = 'event.kind == "event" and event.meta.hosts is defined'
    rules[0]["rules"].append({"name": "A critical event came from a server", "condition": condition, "action": {"run_playbook": playbook}})
    return rules


def activate_all(harness: Harness) -> None:
    """Begin to activate a profile on each server: a change of a job and one of a profile each; and as many when they end."""
    wanted = [{"profile": str(100000 + number), "uuid": f"{number:032X}"} for number in range(1, CHANGES // 4 + 1)]
    done = harness.run_module("profile_activation", {"profiles": wanted, "restart": "immediate", "wait": False})
    assert not done.failed, done


def looked(sim: Control, running: Rulebook, since: int) -> None:
    """Wait until the source has looked once more."""
    running.until(lambda: has_looked(sim, since))


def has_looked(sim: Control, since: int) -> bool:
    return any(entry["path"].startswith("/profiles") and entry["status"] == 200 for entry in sim.log(since, "xclarity"))


def start_after_kill(sim: Control, running: Rulebook) -> None:
    """As the guide says: where the engine's own database is unusable, without it."""
    since = sim.last()
    running.start()
    running.until(lambda: has_looked(sim, since) or running.ended_with(UNUSABLE))
    if running.ended_with(UNUSABLE):
        running.forget_what_it_kept()
        running.start()
        looked(sim, running, since)


def restart_server(sim: Control, running: Rulebook) -> None:
    """The server is away until the source has failed at least twice; half a minute passes for its jobs."""
    since = sim.last()
    sim.action("xclarity", "restart", seconds=31)
    running.until(lambda: len([entry for entry in sim.log(since, "xclarity") if entry["status"] == 503]) >= 2)
    sim.clock(advance=32)


def complete(running: Rulebook) -> Counter[str]:
    """How often each change was seen; each of them was."""
    counts = Counter(what for _uuid, what in running.seen)
    words = Counter(what.split()[2] for what in counts)
    quarter = CHANGES // 4
    assert words == {"running": quarter, "activating": quarter, "succeeded": quarter, "active": quarter}
    assert len(dict(running.seen)) == CHANGES, "one uuid for each change, whenever it came"
    return counts


def test_each_change_is_seen_once_over_restarts_of_both_sides(estate, harness, rulebook):
    """Two restarts of the server, and one of the engine in the middle of a burst, by SIGTERM."""
    running = rulebook(counting())
    looked(estate, running, 0)
    activate_all(harness)
    running.until_seen(1)
    restart_server(estate, running)
    running.until_seen(CHANGES // 2)
    restart_server(estate, running)
    running.until_seen(CHANGES // 2 + 1)
    running.end()
    assert running.process.returncode == 0
    assert estate.sessions("xclarity")["open"] == 0
    since = estate.last()
    running.start()
    looked(estate, running, since)
    running.until_seen(CHANGES)
    since = estate.last()
    looked(estate, running, since)
    running.end()
    assert set(complete(running).values()) == {1}
    assert estate.sessions("xclarity")["open"] == 0


def test_each_change_is_seen_over_a_kill_of_the_engine(estate, harness, rulebook):
    running = rulebook(counting(), keeps=True)
    looked(estate, running, 0)
    activate_all(harness)
    running.until_seen(CHANGES // 5)
    running.end(signal.SIGKILL)
    killed = len(running.seen)
    start_after_kill(estate, running)
    running.until_distinct(CHANGES // 2)
    restart_server(estate, running)
    restart_server(estate, running)
    running.until_distinct(CHANGES)
    running.end()
    repeated = sum(complete(running).values()) - CHANGES
    print(f"{killed} seen before the kill, {repeated} repeated")
    assert repeated <= killed + 12, "the last two seconds before the kill, and what the engine and the source had on their way"


def test_a_playbook_runs_on_the_host_of_the_event(sim, harness, rulebook, tmp_path):
    folder = tmp_path / "noted"
    folder.mkdir()
    running = rulebook(of_the_guide(), folder=str(folder))
    running.until(lambda: len({entry["path"].partition("?")[0] for entry in sim.log(0, "xclarity")} & {"/profiles", "/events"}) == 2)
    looked(sim, running, 0)
    web, db = "0A10000000000000000000000000000B", "0A10000000000000000000000000000D"
    done = harness.run_module("profile_activation", {"profile": "web-02", "uuid": web, "restart": "immediate"})
    assert not done.failed, done
    sim.seed(xclarity={"events": [{"severity": 600, "sourceID": db}, {"severity": 600}]})
    running.until(lambda: (folder / "web-02").exists() and (folder / "db-01").exists())
    running.end()
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {
        "web-02": "profile 72 active\n", "db-01": "event 4712 \n",
    }  # fmt: skip
