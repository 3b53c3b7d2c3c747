# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password that a server has refused is not tried again for the other hosts of the run: 300 hosts would lock the account."""

from __future__ import annotations

import hashlib
import re

import pytest
import yaml
from running import RunningPlay, until

WRONG, OTHER = "not-the-Passw0rd", "nor-this-Passw0rd"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
INFO, ACTIVATE = "groundwork.provision.profile_info", "groundwork.provision.profile_activation"
POWER, MANAGED = "groundwork.provision.node_power", "groundwork.provision.managed_node"
POOL, CLUSTERS = "groundwork.provision.server_pool_info", "groundwork.provision.cluster_info"
AS_MODULES = {"groundwork_in_process": False}
# One task for each host, of several kinds.
TASKS = {
    "profile_info": {INFO: {"profile": "web-01"}},
    "profile_activation": {ACTIVATE: {"profile": "web-01", "uuid": "0A10000000000000000000000000000A", "restart": "immediate"}},
    "node_power": {POWER: {"node": "0A10000000000000000000000000000A", "state": "on"}},
}
TOLD = re.compile(r'"msg": "log in at \S+: the server refused this user and password [\w ]+ ago, in this run of Ansible, and was not asked')


@pytest.fixture
def run(harness):
    """run(count, tasks, ...): the tasks on so many hosts. What the command line has to say comes last."""

    def go(count, tasks, *arguments, forks=5, strategy="linear", variables=None, hosts=None, serial=None, **environment):
        inventory, book = harness.folder / "hosts.yml", harness.folder / "play.yml"
        every = hosts or {f"host{number:02}": {} for number in range(count)}
        inventory.write_text(yaml.safe_dump({"all": {"vars": {**LOCAL, **(variables or {})}, "hosts": every}}), encoding="utf-8")
        play = {"hosts": "all", "gather_facts": False, "strategy": strategy, "tasks": tasks, **({"serial": serial} if serial else {})}
        book.write_text(yaml.safe_dump([play]), encoding="utf-8")
        return harness.playbook(str(book), "--inventory", str(inventory), "--forks", str(forks), *arguments, **environment)

    return go


def logins(sim, system="xclarity", since=0) -> list[int]:
    found = sim.log(since, system)
    return [entry["status"] for entry in found if (entry["method"], entry["path"]) == ("POST", "/sessions")]


# Modules take two seconds of a core each, so that there are few of them.
@pytest.mark.parametrize("count, forks, variables", [
    (1, 5, {}), (3, 5, {}), (20, 5, {}), (20, 20, {}), (1, 5, AS_MODULES), (3, 2, AS_MODULES), (6, 6, AS_MODULES),
])  # fmt: skip
@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_wrong_password_is_tried_once(sim, run, count, forks, strategy, variables):
    done = run(count, [TASKS["profile_info"]], forks=forks, strategy=strategy, variables=variables, XCLARITY_PASSWORD=WRONG)
    assert (done.rc, done.recap["failed"], done.recap["ok"]) == (2, count, 0), done.output
    assert logins(sim) == [403]
    assert len(TOLD.findall(done.output)) == count - 1, done.output
    assert len(re.findall(r'"code": "auth_failed"', done.output)) == count, done.output
    assert WRONG not in done.output


@pytest.mark.parametrize("task", TASKS)
def test_whatever_the_task_is(sim, run, task):
    done = run(6, [TASKS[task]], XCLARITY_PASSWORD=WRONG)
    assert (done.recap["failed"], logins(sim)) == (6, [403]), done.output


def test_tasks_of_several_kinds_one_after_the_other(sim, run):
    tasks = [{**task, "ignore_errors": True} for task in TASKS.values()]
    done = run(4, tasks, XCLARITY_PASSWORD=WRONG)
    assert (done.recap["ignored"], logins(sim)) == (12, [403]), done.output


@pytest.mark.parametrize("variables", [{}, AS_MODULES], ids=["in the controller", "as modules"])
def test_basic(sim, run, variables):
    task = {INFO: {"profile": "web-01", "auth_method": "basic"}}
    done = run(10, [task], forks=10, variables=variables, XCLARITY_PASSWORD=WRONG)
    assert done.recap["failed"] == 10, done.output
    assert [entry["status"] for entry in sim.log(0, "xclarity")] == [401]


def test_basic_that_is_refused_says_nothing_of_sessions(sim, run):
    """An appliance may refuse Basic to a user that may open a session."""
    tasks = [{INFO: {"profile": "web-01", "auth_method": "basic", "password": WRONG}, "ignore_errors": True}, {INFO: {"profile": "web-01"}}]
    assert run(3, tasks).recap["failed"] == 0


def test_it_can_be_switched_off(sim, run):
    run(4, [TASKS["profile_info"]], XCLARITY_PASSWORD=WRONG, GROUNDWORK_SHARE_LOGINS="0")
    assert logins(sim) == [403] * 4


@pytest.mark.parametrize("variables", [{}, AS_MODULES], ids=["in the controller", "as modules"])
def test_a_wrong_group_of_one_host_is_not_a_wrong_key_of_all(sim, run, variables):
    hosts = {f"host{number}": {"group": "no-such-group" if number == 0 else "payments"} for number in range(5)}
    done = run(0, [{POOL: {"group_name": "{{ group }}"}}], hosts=hosts, forks=1, variables=variables)
    assert (done.recap["failed"], done.recap["ok"]) == (1, 4), done.output


def test_the_role_that_works_for_all_hosts_and_a_task_after_it(sim, run):
    role = {"ansible.builtin.include_role": {"name": "groundwork.provision.activate_profiles"}}
    hosts = {f"host{n}": {"xclarity_profile": "web-01", "xclarity_target": "0A10000000000000000000000000000A"} for n in range(1)}
    tasks = [{"block": [role], "rescue": [TASKS["profile_info"]]}]
    done = run(1, tasks, hosts=hosts, variables={"xclarity_restart": "immediate"}, XCLARITY_PASSWORD=WRONG)
    assert (done.rc, logins(sim)) == (2, [403]), done.output


def test_the_role_in_waves(sim, run):
    """No other task of the play makes Ansible's main process load what its workers share."""
    role = {"ansible.builtin.include_role": {"name": "groundwork.provision.activate_profiles"}}
    hosts = {f"host{n}": {"xclarity_profile": f"web-0{n}", "xclarity_target": f"0A1000000000000000000000000000{n:02}"} for n in (1, 2, 3)}
    tasks = [{"block": [role], "rescue": [{"ansible.builtin.debug": {"msg": "rescued"}}]}]
    done = run(0, tasks, hosts=hosts, serial=1, variables={"xclarity_restart": "immediate"}, XCLARITY_PASSWORD=WRONG)
    assert (done.rc, done.recap["rescued"], logins(sim)) == (0, 3, [403]), done.output


def test_another_run_of_ansible_asks(sim, run):
    for _run in range(2):
        run(3, [TASKS["profile_info"]], XCLARITY_PASSWORD=WRONG)
    assert logins(sim) == [403, 403]
    done = run(3, [TASKS["profile_info"]])
    assert (done.rc, logins(sim)[2:]) == (0, [200] * 3), done.output


def test_other_users_passwords_and_servers_are_asked(sim, run):
    """Two of each: every pair of user and password is tried once at each server, and the good one is let in."""
    hosts = {}
    for server in ("xclarity", "xclarity_target"):
        for user in ("AUTOMATION", "NOBODY"):
            for password in (WRONG, OTHER):
                for number in range(3):
                    variables = {"address": sim.ready[server], "user": user, "password": password}
                    hosts[f"{server}-{user}-{password}-{number}".lower()] = variables
    hosts["good"] = {"address": sim.ready["xclarity"], "user": "AUTOMATION", "password": "Passw0rd-demo"}
    task = {INFO: {"profile": "web-01", "endpoint": "{{ address }}", "username": "{{ user }}", "password": "{{ password }}"}}
    done = run(0, [task], hosts=hosts, forks=20)
    assert (done.recap["failed"], done.recap["ok"]) == (24, 1), done.output
    assert sorted(logins(sim)) == [200, 403, 403, 403, 403]
    assert logins(sim, "xclarity_target") == [403] * 4


def test_hosts_with_the_right_password_do_not_wait_for_each_other(sim, run):
    """Only the first log-in of a run is alone."""
    sim.fault("xclarity", "POST", "^/sessions", times=-1, delay=0.5)
    done = run(9, [TASKS["profile_info"]], forks=9)
    assert (done.rc, logins(sim)) == (0, [200] * 9), done.output


def test_nothing_that_tells_of_the_password_is_written_or_shown(sim, run, harness):
    done = run(5, [TASKS["profile_info"]], "-vvvvv", variables=AS_MODULES, XCLARITY_PASSWORD=WRONG)
    assert logins(sim) == [403]
    made = {WRONG, *(hashlib.new(name, text.encode()).hexdigest()[:32] for name in ("sha256", "md5", "sha1")
                     for text in (WRONG, f"AUTOMATION\0{WRONG}", f"AUTOMATION:{WRONG}"))}  # fmt: skip
    written = [path for path in (harness.folder / "state").rglob("*") if path.is_file()]
    for text in (done.output, *(path.read_text(errors="replace") for path in written)):
        assert not [one for one in made if one in text]
    assert {path.suffix for path in written} <= {".slot", ".queue"}


@pytest.mark.parametrize("state", ["missing", "read only"])
def test_without_a_state_directory(sim, run, harness, state):
    place = harness.folder / "nowhere"
    if state == "read only":
        place.write_text("a file, so that no directory can be made here")
    done = run(6, [TASKS["profile_info"]], XCLARITY_PASSWORD=WRONG, GROUNDWORK_STATE_DIR=str(place))
    assert (done.recap["failed"], logins(sim)) == (6, [403]), done.output


def test_a_password_that_is_changed_during_the_run(sim, harness):
    """The first task is let in; then the server is told another password, and only one more log-in is refused."""
    sim.switches("xclarity", job_seconds=2)
    tasks = [TASKS["profile_info"], {"ansible.builtin.pause": {"seconds": 4}}, TASKS["profile_info"]]
    hosts = harness.folder / "hosts.yml"
    hosts.write_text(yaml.safe_dump({"all": {"vars": LOCAL, "hosts": {f"host{n}": {} for n in range(6)}}}), encoding="utf-8")
    with RunningPlay(harness, [{"hosts": "all", "tasks": tasks}], "--inventory", str(hosts), "--forks", "2") as play:
        until(lambda: logins(sim) == [200] * 6, play)
        sim.fault("xclarity", "POST", "^/sessions", times=-1, status=401)
        play.output()
    # Nobody is alone any more, since the password was right: as many may be under way at once as there are forks. And one answer that
    # does not tell whether it is about the password is not held against one that was right.
    assert 1 <= len(logins(sim)[6:]) <= 3


@pytest.mark.parametrize("forks", [1, 10])
@pytest.mark.parametrize("count, variables", [(10, {}), (3, AS_MODULES)], ids=["in the controller", "as modules"])
def test_ops_manager(sim, run, count, variables, forks):
    done = run(count, [{POOL: {}}], forks=forks, variables=variables, OPS_MANAGER_PRIVATE_KEY=WRONG)
    assert done.recap["failed"] == count, done.output
    sent = [entry["status"] for entry in sim.log(0, "ops_manager")]
    assert sent == [401] * len(sent)
    # Each task that began before the key was refused was challenged, which takes no key; the key itself is tried two or three times.
    assert len(sent) <= forks + 3


@pytest.mark.parametrize("count, variables", [(10, {}), (3, AS_MODULES)], ids=["in the controller", "as modules"])
def test_keystone(sim, run, count, variables):
    done = run(count, [{CLUSTERS: {}}], forks=10, variables=variables, OS_PASSWORD=WRONG)
    assert done.recap["failed"] == count, done.output
    asked = [entry["status"] for entry in sim.log() if entry["path"].endswith("/auth/tokens")]
    assert asked == [401]
