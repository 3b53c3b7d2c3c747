# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play over two appliances, one of which goes down amid the activations: recap, check mode, handlers, rescue and junit report say of
each host what the servers' logs say.

GROUNDWORK_HOSTS=300 gives it as many hosts.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import hosts_of_a_play as plays
import pytest
from harness import Played

HOSTS = int(os.environ.get("GROUNDWORK_HOSTS", "30"))
HALF = HOSTS // 2
BEFORE_THE_FIRST = 4  # requests of a task before its first activation: log-in, identity, and two lists
PATIENCE = {"activate_profiles_wait_timeout": 8}  # with a server that is gone
SYSTEMS = ("xclarity", "xclarity_target")
ROLE = plays.use("import_role")["tasks"]
HANDLER = {"name": "Tell", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} has changed"}}
RESCUE = {"name": "Show the error", "ansible.builtin.debug": {
    "msg": "{{ inventory_hostname }} rescued {{ ansible_failed_result.changed }} {{ ansible_failed_result.outcome }} "
           "{{ ansible_failed_result.error.code }} {{ ansible_failed_result.error.resource }}"}}  # fmt: skip
# How it goes down: what each request from then on meets.
DOWN: dict[str, dict[str, Any]] = {"no connection": {"reset": "before"}, "an answer lost": {"reset": "after"}, "503": {"status": 503}}


def name(number: int) -> str:
    return f"{'near' if number < HALF else 'far'}-{number:03}"


def uuid(number: int) -> str:
    return f"0C3000000000000000000000{number:08X}"


@pytest.fixture
def hosts(sim) -> dict[str, Any]:
    """The hosts of the inventory, half of them on each appliance, with a server and an inactive profile each."""
    found: dict[str, Any] = {}
    for system, numbers in zip(SYSTEMS, (range(HALF), range(HALF, HOSTS)), strict=True):
        sim.seed(**{system: {
            "nodes": [{"uuid": uuid(number), "name": name(number)} for number in numbers],
            "profiles": [{"id": str(1000 + number), "name": name(number)} for number in numbers],
        }})  # fmt: skip
        sim.switches(system, job_seconds=0.5)
        endpoint = {"xclarity_endpoint": sim.ready[system]}
        found |= {name(one): {"xclarity_profile": name(one), "xclarity_target": uuid(one), **endpoint} for one in numbers}
    return found


def go_down(sim, how: str) -> None:
    """The second appliance is gone from about the half of its activations on."""
    sim.fault("xclarity_target", nth=BEFORE_THE_FIRST + HALF // 2, times=-1, **DOWN[how])


@dataclasses.dataclass(frozen=True)
class Truth:
    """What the servers say. sent: hosts whose activation arrived, each time. taken: answered with success. active: in the end."""

    sent: list[str]
    taken: set[str]
    active: set[str]

    @staticmethod
    def of(sim, since: int = 0) -> Truth:
        starts = [entry for entry in sim.log(since=since, changing=True) if entry["path"].startswith("/profiles/")]
        sent = [name(int(entry["path"].rpartition("/")[2]) - 1000) for entry in starts]
        taken = {host for host, entry in zip(sent, starts, strict=True) if entry.get("status") == 200}
        every = [profile for system in SYSTEMS for profile in sim.state(system)["profiles"].values()]
        own = {name(number) for number in range(HOSTS)}
        return Truth(sent, taken, own & {profile["name"] for profile in every if profile["status"] == "active"})


def results(played: Played) -> dict[str, dict[str, Any]]:
    """The result of the role's last task for each host, from the output of -v, with ``failed`` as it is shown."""
    task = played.output.partition("TASK [groundwork.provision.activate_profiles : Activate it")[2].partition("\nTASK [")[0]
    task = task.partition("\nRUNNING HANDLER")[0].partition("\nPLAY RECAP")[0]
    found = {}
    for word, host, text in re.findall(r"^(ok|changed|fatal): \[(\S+)\](?:: FAILED!)? => (\{.*\})$", task, re.M):
        found[host] = {**json.loads(text), "failed": word == "fatal"}
    return found


def compare(played: Played, truth: Truth) -> set[str]:
    """Hold each host's result against the servers; those that failed."""
    told = results(played)
    assert set(told) == {name(number) for number in range(HOSTS)}, played.output[-3000:]
    failed = {host for host, one in told.items() if one["failed"]}
    for host, one in told.items():
        seen = (host, one)
        if host not in truth.sent:
            assert (one["changed"], one["outcome"] in ("none", "not_started")) == (False, True), seen
            assert "Nothing was changed." in one["msg"] or "nothing was started" in one["msg"], seen
        elif one["outcome"] == "not_started":
            assert (one["changed"], host in truth.taken) == (False, False), seen
        elif one["outcome"] == "unknown":
            assert one["failed"], seen
            assert "It is not known whether" in one["msg"], seen
        else:
            assert (one["changed"], host in truth.taken) == (True, True), seen
        if host not in failed:
            assert (host in truth.active, one["outcome"]) == (True, "finished"), seen
        else:
            assert one["error"]["code"], seen
            assert one["error"]["resource"] == host, seen
    return failed


@pytest.mark.parametrize("how", DOWN)
def test_what_a_play_says_is_what_the_servers_logs_say(sim, harness, hosts, how, monkeypatch):
    everybody = [name(number) for number in range(HOSTS)]
    book = [{"hosts": "all", "gather_facts": False, "tasks": [{"name": "Try", "notify": ["Tell"], "block": ROLE}], "handlers": [HANDLER]}]
    arguments = ["--forks", "10", "-v"]

    checked = plays.play(harness, hosts, book, "--check", *arguments, **PATIENCE)
    assert checked.rc == 0, checked.output[-3000:]
    assert Truth.of(sim).sent == []
    assert {host: of["changed"] for host, of in plays.recap(checked).items()} == dict.fromkeys(everybody, 1)

    since = sim.last()
    go_down(sim, how)
    environment = harness.environment
    more = {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(harness.folder / "junit")}
    monkeypatch.setattr(harness, "environment", lambda **given: environment(**given, **more))
    played = plays.play(harness, hosts, book, *arguments, **PATIENCE)
    sim.clear_faults()
    truth = Truth.of(sim, since)
    assert len(truth.sent) == len(set(truth.sent)), "a start was sent twice"
    failed = compare(played, truth)
    # The first appliance is not touched by it; of the second some activations had arrived, and not all.
    assert failed == set(everybody[HALF:])
    assert truth.active >= set(everybody[:HALF])
    assert set() < truth.taken & failed < failed

    numbers = plays.recap(played)
    assert {host for host, of in numbers.items() if of["failed"]} == failed
    assert {host for host, of in numbers.items() if of["changed"]} == set(everybody) - failed
    assert set(re.findall(r"([\w-]+) has changed", played.output)) == set(everybody) - failed
    assert junit(harness.folder / "junit") == {host: host in failed for host in everybody}


def junit(folder: Path) -> dict[str, bool]:
    """Host -> whether its activation is a failure in the report."""
    (report,) = folder.glob("*.xml")
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        title = re.match(r"\[(\S+)\] .*Activate it", case.get("name", ""))
        if title:
            found[title[1]] = bool({part.tag for part in case} & {"failure", "error"})
    return found


@pytest.mark.parametrize("how", DOWN)
def test_a_rescue_knows_of_each_host_and_a_second_run_ends_it(sim, harness, hosts, how):
    everybody = [name(number) for number in range(HOSTS)]
    book = [{"hosts": "all", "gather_facts": False, "tasks": [{"name": "Try", "block": ROLE, "rescue": [RESCUE]}]}]
    go_down(sim, how)
    played = plays.play(harness, hosts, book, "--forks", "10", "-v", **PATIENCE)
    sim.clear_faults()
    truth = Truth.of(sim)
    failed = compare(played, truth)
    assert (played.rc, failed) == (0, set(everybody[HALF:]))
    rescued = {row[0]: row[1:] for row in re.findall(r"([\w-]+) rescued (True|False) (\S+) (\S+) ([\w-]+)", played.output)}
    told = results(played)
    assert rescued == {host: (str(told[host]["changed"]), told[host]["outcome"], told[host]["error"]["code"], host) for host in failed}
    assert {host for host, of in plays.recap(played).items() if of["rescued"]} == failed

    # It is back. What was not known is read, and asked about once where the reading does not tell.
    for _run in range(3):
        again = plays.play(harness, hosts, [{"hosts": "all", "gather_facts": False, "tasks": ROLE}], "--forks", "10", "-v", **PATIENCE)
        if again.rc == 0:
            break
    assert again.rc == 0, again.output[-3000:]
    end = Truth.of(sim)
    assert end.active == set(everybody)
    twice = {host for host in end.sent if end.sent.count(host) > 1}
    assert twice & truth.taken == set()
