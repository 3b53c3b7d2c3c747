# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forks against the three sessions that a user of XClarity has: what docs/sizing.md says, tried."""

from __future__ import annotations

import signal

import pytest
import yaml
from running import RunningPlay, until

HOSTS = 8
INFO, ACTIVATE = "groundwork.provision.profile_info", "groundwork.provision.profile_activation"
TASK = {INFO: {"profile": "web-01"}}
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
HELD = [
    {"groundwork.provision.xclarity_session": {"state": "present"}, "register": "opened", "run_once": True},
    {INFO: {"profile": "web-01", "session": "{{ opened.session }}"}},
    {"groundwork.provision.xclarity_session": {"state": "absent", "session": "{{ opened.session }}"}, "run_once": True},
]


@pytest.fixture
def run(sim, harness):
    """run(tasks, keyword=...): the tasks on all hosts with eight forks, on a server that takes its time to answer."""
    inventory = harness.folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": LOCAL, "hosts": {f"host{n}": {} for n in range(HOSTS)}}}), encoding="utf-8")
    sim.fault("xclarity", "GET", "^/profiles", times=-1, delay=0.7)

    def go(tasks, **keywords):
        book = harness.folder / "play.yml"
        book.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": tasks, **keywords}]), encoding="utf-8")
        return harness.playbook(str(book), "--inventory", str(inventory), "--forks", str(HOSTS))

    return go


def logins(sim) -> list[int]:
    return [entry["status"] for entry in sim.log() if (entry["method"], entry["path"]) == ("POST", "/sessions")]


@pytest.mark.parametrize("variables", [{}, {"groundwork_in_process": False}], ids=["in the controller", "as modules"])
def test_more_forks_than_sessions_take_turns(sim, run, variables):
    """No option is set, nobody fails, and the server never has to refuse a login."""
    done = run([TASK], vars=variables)
    assert (done.rc, done.recap["ok"], done.recap["failed"]) == (0, HOSTS, 0), done.output
    assert logins(sim) == [200] * HOSTS
    assert sim.sessions("xclarity")["open"] == 0


@pytest.mark.parametrize(
    "tasks, keywords, opened",
    [
        ([{**TASK, "throttle": 3}], {}, HOSTS),
        ([TASK], {"serial": 3}, HOSTS),
        ([{INFO: {"profile": "web-01", "auth_method": "basic"}}], {}, 0),
        ([{**TASK, "run_once": True}], {}, 1),
        (HELD, {}, 1),
    ],
    ids=["throttle", "serial", "basic", "one task for all", "a session handed on"],
)
def test_what_stays_within_the_limit(sim, run, tasks, keywords, opened):
    done = run(tasks, **keywords)
    assert done.rc == 0, done.output
    assert done.recap["failed"] == 0
    assert len(logins(sim)) == opened
    assert sim.sessions("xclarity")["open"] == 0


@pytest.mark.parametrize("variables", [{}, {"groundwork_in_process": False}], ids=["in the controller", "as a module"])
def test_plays_that_were_killed_lock_nobody_out(sim, harness, variables):
    """As a cancelled job does it: SIGKILL to all of its processes. Three of them, and the user would have no session left."""
    activate = {"profile": "web-01", "uuid": "0A10000000000000000000000000000A", "restart": "immediate", "poll_interval": 0.2}
    sim.switches("xclarity", job_seconds=600)
    for number in range(3):
        since = sim.last()
        with RunningPlay(harness, [{"hosts": "localhost", "vars": variables, "tasks": [{ACTIVATE: activate}]}]) as play:
            until(lambda since=since: len(sim.log(since, "xclarity", changing=False)) > 6, play)  # it waits
            play.kill()
        # Each one ends what the one before it has left open.
        assert sim.sessions("xclarity")["open"] <= 1, number
    done = harness.play([TASK], variables=variables)
    assert done.rc == 0, done.output
    assert sim.sessions("xclarity")["open"] == 0


def test_whoever_is_locked_out_by_killed_runs_gets_in(sim, harness):
    """Three at once, so that the limit is reached before anybody could end one."""
    sim.fault("xclarity", "GET", "^/profiles", times=-1, delay=30)
    hosts = harness.folder / "three.yml"
    hosts.write_text(yaml.safe_dump({"all": {"vars": LOCAL, "hosts": {f"host{n}": {} for n in range(3)}}}), encoding="utf-8")
    with RunningPlay(harness, [{"hosts": "all", "tasks": [TASK]}], "--inventory", str(hosts)) as play:
        # Each has its session in its record by then; one that is killed before it has read the answer to its log-in has no more of it
        # than anybody else.
        until(lambda: sum(entry["path"].startswith("/profiles") for entry in sim.log(0, "xclarity")) == 3, play)
        play.kill()
    sim.clear_faults()
    done = harness.play([TASK])
    assert done.rc == 0, done.output
    assert sim.sessions("xclarity")["open"] == 0


SIXTY = 60
# A list task starts while others wait, and jobs take longer than a poll, so that more tasks wait than there are sessions.
PER_HOST = {
    ACTIVATE: {
        "profile": "{{ inventory_hostname }}", "uuid": "{{ uuid }}", "restart": "immediate", "poll_interval": 1,
        "reconcile_timeout": 5,
    },
    "delegate_to": "localhost",
}  # fmt: skip
PLAY = {"hosts": "all", "gather_facts": False, "tasks": [PER_HOST]}


@pytest.fixture
def per_host(sim, harness):
    """per_host(count): a playbook with one activation for each of so many hosts, and its inventory. Jobs take five seconds."""

    def make(count, **variables):
        sim.seed(xclarity={"generate": {"rack_nodes": count, "profiles": count, "prefix": "many"}})
        sim.switches("xclarity", job_seconds=5)
        hosts = {f"many-{number:05d}": {"uuid": f"{number:032X}"} for number in range(1, count + 1)}
        inventory = harness.folder / "many.yml"
        inventory.write_text(yaml.safe_dump({"all": {"vars": {**LOCAL, **variables}, "hosts": hosts}}), encoding="utf-8")
        book = harness.folder / "per_host.yml"
        book.write_text(yaml.safe_dump([PLAY]), encoding="utf-8")
        return str(book), str(inventory)

    return make


def answers(sim) -> dict[str, list[int]]:
    """What was answered to more than one activation of a profile."""
    found: dict[str, list[int]] = {}
    for one in sim.log():
        if one["method"] == "POST" and one["path"].startswith("/profiles/"):
            found.setdefault(one["path"], []).append(one["status"])
    return {path: statuses for path, statuses in found.items() if len(statuses) > 1}


def starts(sim):
    return [one["path"] for one in sim.log() if one["method"] == "POST" and one["path"].startswith("/profiles/")]


@pytest.mark.parametrize("variables", [{}, {"groundwork_in_process": False}], ids=["in the controller", "as modules"])
def test_one_task_per_host_with_fifty_forks_and_three_sessions(sim, harness, per_host, variables):
    """The play that people write. No option is set for it, nobody fails, and a wait holds no session that others queue for."""
    count = 12 if variables else SIXTY
    book, inventory = per_host(count, **variables)
    done = harness.playbook(book, "--inventory", inventory, "--forks", "50")
    assert (done.rc, done.recap["changed"], done.recap["failed"]) == (0, count, 0), done.output
    assert (len(starts(sim)), len(set(starts(sim)))) == (count, count), "each server was activated once"
    assert set(logins(sim)) == {200}, "the server never had to refuse one, so no account is locked"
    assert len(logins(sim)) > count, "tasks logged out between polls"
    assert sim.sessions("xclarity")["open"] == 0


@pytest.mark.parametrize("forks", [5, 20])
def test_a_play_that_is_ended_in_the_middle_and_run_again(sim, harness, per_host, forks):
    """Ctrl-C when a third of the hosts have been started. Nothing is started twice, and no session is left in the end."""
    count = 30
    book, inventory = per_host(count)
    with RunningPlay(harness, [PLAY], "--inventory", inventory, "--forks", str(forks)) as play:
        until(lambda: len(starts(sim)) >= count // 3, play)
        play.tell(signal.SIGINT)
        play.output()
    assert len(starts(sim)) < count
    done = harness.playbook(book, "--inventory", inventory, "--forks", str(forks))
    assert (done.rc, done.recap["failed"]) == (0, 0), done.output
    assert (len(starts(sim)), len(set(starts(sim)))) == (count, count), answers(sim)
    assert sim.sessions("xclarity")["open"] == 0
