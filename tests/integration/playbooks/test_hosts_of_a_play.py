# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role activate_profiles however it is called: each host gets what it asks for or fails, once, and is told truly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import hosts_of_a_play as plays
import pytest
from harness import XCLARITY_PASSWORD

FAR = "0B20000000000000000000000000000{}"
NEAR = {f"web-0{n}": {"xclarity_profile": f"web-0{n}", "xclarity_target": f"0A1000000000000000000000000000{n + 9:02X}"} for n in (1, 2, 3)}


@pytest.fixture
def estate(sim):
    """Two appliances: web-01 to web-03 of the demo estate, far-01 and far-02; and hosts for the inventory, by appliance."""
    sim.seed(xclarity_target={
        "nodes": [{"uuid": FAR.format(n), "name": f"far-0{n}"} for n in (1, 2)],
        "profiles": [{"id": str(n), "name": f"far-0{n}"} for n in (1, 2)],
    })  # fmt: skip
    # How many sessions there may be at once is not what is tried here.
    for system in ("xclarity", "xclarity_target"):
        sim.switches(system, max_concurrent_sessions=10)
    far = {
        f"far-0{n}": {"xclarity_profile": f"far-0{n}", "xclarity_target": FAR.format(n), "xclarity_endpoint": sim.ready["xclarity_target"]}
        for n in (1, 2)
    }
    return {**NEAR, **far, "bastion": {}}


def activated(sim) -> list[str]:
    """The hosts whose profile was activated, once for each time."""
    paths = {f"/profiles/7{n}": f"web-0{n}" for n in (1, 2, 3)} | {f"/profiles/{n}": f"far-0{n}" for n in (1, 2)}
    return sorted(paths[entry["path"]] for entry in sim.log(changing=True) if entry["path"] != "/sessions")


@pytest.mark.parametrize("row", plays.pairwise(), ids=lambda row: row.name)
def test_each_host_gets_what_it_asks_for_whatever_the_play(sim, harness, estate, row):
    first = "web-01"
    book, keywords, arguments = plays.cut_short(row, first, "web-03")
    book |= {"name": "Test", "hosts": "all", **plays.use(row.form, **keywords)}
    if row.become == "variable":
        plays.write_group_vars(harness.folder, {"ansible_become": True})
    played = plays.play(harness, estate, [book], *arguments, **plays.NO_BECOME)

    expected = [host for host in estate if host != "bastion"]
    if row.cut == "limit":
        expected.remove("web-03")
    if row.first != "normal":
        expected.remove(first)
    numbers = plays.recap(played)
    assert [host for host, of in numbers.items() if of["changed"]] == sorted(expected), played.output
    assert {host: of["changed"] for host, of in numbers.items() if host in expected} == dict.fromkeys(expected, 1)
    assert [host for host, of in numbers.items() if of["failed"] or of["unreachable"]] == (
        [first] if row.first in ("unreachable", "failed") else []
    )
    assert activated(sim) == ([] if row.check else sorted(expected))
    assert (played.rc == 0) == (row.first in ("normal", "excluded"))
    assert "No profile is named for this host" in played.output
    for system in ("xclarity", "xclarity_target"):
        assert sim.sessions(system)["open"] == 0
    if row.strategy == "linear" and row.cut != "serial":
        assert [sim.sessions(system)["opened"] for system in ("xclarity", "xclarity_target")] == [1, 1]


@pytest.mark.parametrize(
    "checked, form, strategy",
    [(["web-03"], "include_role", "free"), (["web-03"], "roles", "linear"), (["web-01", "web-02"], "roles", "free"),
     (["web-01", "web-02"], "include_role", "linear")],
    ids=str,
)  # fmt: skip
def test_a_host_whose_own_task_is_in_check_mode_stays_as_it_is_and_no_other_does(sim, harness, checked, form, strategy):
    """Whoever works for a host has the same keywords. (The second host, for which the first one works, comes before the third does.)"""
    keywords = {"check_mode": f"{{{{ inventory_hostname in {checked} }}}}", "strategy": strategy}
    played = plays.play(harness, NEAR, [{"name": "Test", "hosts": "all", "gather_facts": False, **keywords, **plays.use(form)}])
    assert played.rc == 0, played.output
    assert activated(sim) == sorted(NEAR.keys() - set(checked))
    assert {host: of["changed"] for host, of in plays.recap(played).items()} == dict.fromkeys(NEAR, 1)
    assert sim.sessions("xclarity")["open"] == 0


@pytest.mark.parametrize("strategy", ["linear", "free"])
@pytest.mark.parametrize("far", [["web-03"], ["web-01", "web-02"]], ids="-".join)
def test_the_environment_of_a_host_counts_for_this_host_only(sim, harness, far, strategy):
    """Both appliances know all profiles and servers, so that nothing is refused for what is sent to the wrong one."""
    servers = [{"uuid": of["xclarity_target"], "name": name} for name, of in NEAR.items()]
    sim.seed(xclarity_target={"nodes": servers, "profiles": [{"id": f"7{n}", "name": f"web-0{n}"} for n in (1, 2, 3)]})
    endpoint = f"{{{{ far if inventory_hostname in {far} else near }}}}"
    keywords = {"gather_facts": False, "strategy": strategy, "environment": {"XCLARITY_ENDPOINT": endpoint}}
    book = {"name": "Test", "hosts": "all", **keywords, **plays.use("roles")}
    places = {"near": sim.ready["xclarity"], "far": sim.ready["xclarity_target"]}
    played = plays.play(harness, NEAR, [book], **places)
    assert played.rc == 0, played.output
    sent = [(entry["system"], entry["path"][-1]) for entry in sim.log(changing=True) if entry["path"] != "/sessions"]
    assert sorted(sent) == sorted(("xclarity_target" if host in far else "xclarity", host[-1]) for host in NEAR)


ERROR = "ansible_failed_result.error"
SHOW = {"name": "Show the error", "ansible.builtin.debug": {
    "msg": f"{{{{ inventory_hostname }}}} has {{{{ {ERROR}.code }}}} for {{{{ {ERROR}.resource }}}}"}}  # fmt: skip


def test_an_appliance_that_is_down_fails_its_own_hosts_only_and_errors_reach_a_rescue(sim, harness, estate):
    sim.fault("xclarity_target", times=-1, status=503)
    sim.switches("xclarity", refused_targets=[NEAR["web-02"]["xclarity_target"]])
    block = {"name": "Try", "block": [plays.use("include_role")["tasks"][0]], "rescue": [SHOW]}
    played = plays.play(harness, estate, [{"hosts": "all", "gather_facts": False, "tasks": [block]}], activate_profiles_wait_timeout=10)
    assert played.rc == 0, played.output
    for text in ("web-02 has activation_refused for web-02", "far-01 has busy for", "far-02 has busy for"):
        assert text in played.output
    numbers = plays.recap(played)
    assert sorted(host for host, of in numbers.items() if of["rescued"]) == ["far-01", "far-02", "web-02"]
    assert [host for host, of in numbers.items() if of["changed"]] == ["web-01", "web-03"]


def test_appliances_are_worked_for_side_by_side_although_hosts_are_ordered_by_appliance(sim, harness, estate):
    """There are two forks, and two hosts or more of the first appliance."""
    for system in ("xclarity", "xclarity_target"):
        sim.switches(system, job_seconds=2.0)
    played = plays.play(harness, estate, [{"hosts": "all", "gather_facts": False, **plays.use("roles")}], "--forks", "2")
    assert played.rc == 0, played.output
    order = [(entry["system"], entry["method"]) for entry in sim.log() if entry["path"].startswith(("/profiles/", "/sessions"))]
    for one, other in (("xclarity", "xclarity_target"), ("xclarity_target", "xclarity")):
        ended = max(number for number, told in enumerate(order) if told == (other, "DELETE"))
        assert order.index((one, "POST")) < ended


def test_handlers_run_for_the_hosts_that_changed(sim, harness, estate):
    sim.seed(xclarity={"profiles": [{"id": "72", "name": "web-02", "status": "active", "target": NEAR["web-02"]["xclarity_target"]}]})
    book = {
        "hosts": "all", "gather_facts": False,
        "tasks": [{"name": "Notify", "notify": ["Tell"], "block": plays.use("import_role")["tasks"]}],
        "handlers": [{"name": "Tell", "ansible.builtin.debug": {"msg": "{{ inventory_hostname }} has changed"}}],
    }  # fmt: skip
    played = plays.play(harness, estate, [book])
    assert played.rc == 0, played.output
    assert [host for host in estate if f"{host} has changed" in played.output] == ["web-01", "web-03", "far-01", "far-02"]


@pytest.mark.parametrize("form", ["import_role", "include_role"])
def test_a_second_call_in_a_play_uses_nothing_of_the_first(sim, harness, estate, form):
    first = plays.use(form, when="inventory_hostname != 'web-03'")
    second = plays.use(form, when="inventory_hostname in ['web-01', 'web-03']")
    book = {"hosts": "all", "gather_facts": False, "tasks": first["tasks"] + second["tasks"]}
    played = plays.play(harness, estate, [book])
    assert played.rc == 0, played.output
    assert activated(sim) == sorted({*estate} - {"bastion"})
    assert {host: of["changed"] for host, of in plays.recap(played).items()} == dict.fromkeys(estate, 1) | {"bastion": 0}


def test_a_mistake_of_one_host_stops_a_play_that_is_to_stop_before_anything_is_sent(sim, harness, estate):
    hosts = {**estate, "web-03": {**NEAR["web-03"], "xclarity_restart": ""}}
    book = {"hosts": "all", "gather_facts": False, "any_errors_fatal": True, **plays.use("roles")}
    played = plays.play(harness, hosts, [book])
    assert played.rc != 0
    assert "restart is not set for the profile web-03" in played.output
    assert sim.log() == []


def test_a_mistake_of_one_host_leaves_the_others_alone(sim, harness, estate):
    hosts = {**estate, "web-03": {**NEAR["web-03"], "xclarity_restart": ""}}
    played = plays.play(harness, hosts, [{"hosts": "all", "gather_facts": False, **plays.use("roles")}])
    assert [host for host, of in plays.recap(played).items() if of["failed"]] == ["web-03"]
    assert activated(sim) == ["far-01", "far-02", "web-01", "web-02"]


def test_what_the_list_tells_is_wrong_is_everybodys_on_that_server_and_nobodys_elsewhere(sim, harness, estate):
    hosts = {**estate, "web-03": {**NEAR["web-03"], "xclarity_profile": "web-33"}}
    block = {"name": "Try", "block": plays.use("import_role")["tasks"], "rescue": [SHOW]}
    played = plays.play(harness, hosts, [{"hosts": "all", "gather_facts": False, "tasks": [block]}])
    for host in NEAR:
        code = "profile_not_found" if host == "web-03" else "skipped"
        assert f"{host} has {code} for web-33" in played.output
    assert activated(sim) == ["far-01", "far-02"]


def test_a_wrong_password_of_one_host_is_its_own(sim, harness, estate):
    hosts = {**estate, "web-03": {**NEAR["web-03"], "xclarity_username": "AUTOMATION", "xclarity_password": "not-the-right-one"}}
    played = plays.play(harness, hosts, [{"hosts": "all", "gather_facts": False, **plays.use("roles")}])
    assert [host for host, of in plays.recap(played).items() if of["failed"]] == ["web-03"]
    assert activated(sim) == ["far-01", "far-02", "web-01", "web-02"]
    assert "not-the-right-one" not in played.output


@pytest.mark.parametrize("keyword", [{"any_errors_fatal": True}, {"max_fail_percentage": 10}])
def test_a_play_that_is_to_end_with_a_failure_tells_truly_what_was_done_for_each(sim, harness, estate, keyword, monkeypatch):
    sim.switches("xclarity", refused_targets=[NEAR["web-01"]["xclarity_target"]])
    after = [{"name": "Never", "ansible.builtin.debug": {"msg": "went on"}}]
    book = {"hosts": "all", "gather_facts": False, **keyword, **plays.use("roles"), "post_tasks": after}
    more = {"ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit", "JUNIT_OUTPUT_DIR": str(harness.folder / "junit")}
    environment = harness.environment
    monkeypatch.setattr(harness, "environment", lambda **given: environment(**given, **more))
    played = plays.play(harness, estate, [book])
    assert played.rc != 0
    assert "went on" not in played.output
    numbers = plays.recap(played)
    assert [host for host, of in numbers.items() if of["failed"]] == ["web-01"]
    assert [host for host, of in numbers.items() if of["changed"]] == ["far-01", "far-02", "web-02", "web-03"]
    (report,) = (harness.folder / "junit").glob("*.xml")
    cases = ElementTree.parse(report).iter("testcase")
    failed = [case.get("name", "") for case in cases if {part.tag for part in case} & {"failure", "error"}]
    assert [name[: name.index("]")] for name in failed] == ["[web-01"]


@pytest.mark.parametrize("part", ["rescue", "always"])
@pytest.mark.parametrize("form", ["import_role", "include_role"])
def test_hosts_that_failed_before_can_call_it_in_a_rescue_or_always(sim, harness, estate, part, form):
    """Ansible does not count a host in ``always`` among those of the play any more."""
    block = {"name": "Try", "block": [{"name": "Fail", "ansible.builtin.fail": None, "when": "inventory_hostname in ['web-02', 'far-01']"}],
             part: plays.use(form)["tasks"]}  # fmt: skip
    played = plays.play(harness, estate, [{"hosts": "all", "gather_facts": False, "tasks": [block]}])
    called = ["far-01", "web-02"] if part == "rescue" else sorted({*estate} - {"bastion"})
    assert activated(sim) == called, played.output
    numbers = plays.recap(played)
    assert sorted(host for host, of in numbers.items() if of["changed"]) == called
    assert sum(of["failed"] for of in numbers.values()) == (2 if part == "always" else 0)


def test_a_call_that_is_delegated_is_worked_for_all_the_same(sim, harness, estate):
    book = {"hosts": "all", "gather_facts": False, **plays.use("import_role", delegate_to="localhost")}
    played = plays.play(harness, estate, [book])
    assert played.rc == 0, played.output
    assert activated(sim) == sorted({*estate} - {"bastion"})


def test_a_password_may_be_in_a_vault(sim, harness, estate):
    (harness.folder / "vault").write_text("a vault of the test", encoding="utf-8")
    tool = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt_string", "--vault-password-file", str(harness.folder / "vault")]
    done = subprocess.run([*tool, XCLARITY_PASSWORD], env=harness.environment(), capture_output=True, text=True, check=True)
    (harness.folder / "group_vars").mkdir()
    (harness.folder / "group_vars" / "all.yml").write_text("xclarity_password: " + done.stdout, encoding="utf-8")
    book = {"hosts": "all", "gather_facts": False, **plays.use("roles")}
    played = plays.play(harness, estate, [book], "--vault-password-file", str(harness.folder / "vault"))
    assert played.rc == 0, played.output
    assert activated(sim) == sorted({*estate} - {"bastion"})
    assert [sim.sessions(system)["opened"] for system in ("xclarity", "xclarity_target")] == [1, 1]


def test_an_item_that_is_not_begun_fails_its_host(sim, harness, estate):
    sim.switches("xclarity", refused_targets=[NEAR["web-01"]["xclarity_target"]])
    book = {"hosts": "all:!far*", "gather_facts": False, **plays.use("roles")}
    played = plays.play(harness, estate, [book], activate_profiles_concurrency=1, activate_profiles_on_failure="stop")
    assert [host for host, of in plays.recap(played).items() if of["failed"]] == ["web-01", "web-02", "web-03"]
    assert "on_failure is stop" in played.output
    assert activated(sim) == ["web-01"]


def test_each_host_has_its_own_diff(sim, harness, estate):
    played = plays.play(harness, estate, [{"hosts": "web*", "gather_facts": False, **plays.use("roles")}], "--check", "--diff")
    assert played.rc == 0, played.output
    seen = {}
    for part in played.output.split("--- before")[1:]:
        diff, _word, rest = part.partition("changed: [")
        seen[rest.partition("]")[0]] = [name for name in NEAR if f'"{name}"' in diff]
    assert seen == {name: [name] for name in NEAR}
    assert sim.log(changing=True) == []


def test_empty_variables_hide_neither_the_environment_nor_module_defaults(sim, harness, estate):
    """Surveys send an empty text for what was left out. The environment says where the server is, module_defaults how to wait."""
    names = ["endpoint", "username", "password", "ca_path", "validate_certs"]
    empty = [f"xclarity_{name}" for name in names]
    empty += [f"activate_profiles_{name}" for name in (
        "profile", "target", "restart", "redeploy", "concurrency", "on_failure", "wait", "wait_timeout", "poll_interval")]  # fmt: skip
    defaults = {"groundwork.provision.profile_activation": {"wait": False}, "group/groundwork.provision.xclarity": {"timeout": 20}}
    book = {"hosts": "web*", "gather_facts": False, "module_defaults": defaults, **plays.use("roles")}
    for value in ("", None):
        played = plays.play(harness, NEAR, [book], "-e", json.dumps(dict.fromkeys(empty, value)))
        assert played.rc == 0, played.output
    assert activated(sim) == ["web-01", "web-02", "web-03"]
    polls = [entry for entry in sim.log() if entry["path"].startswith("/tasks")]
    assert polls == []


def test_variables_of_a_call_are_each_hosts_own(sim, harness, estate):
    """Given with the role, as templates, and evaluated for the host that they are about, whoever runs the task for it."""
    mine = {"activate_profiles_profile": "{{ called }}", "activate_profiles_restart": "{{ hostvars[inventory_hostname].how }}"}
    hosts = {name: {**values, "called": values["xclarity_profile"], "xclarity_profile": "nobody", "how": "immediate"}
             for name, values in estate.items() if name != "bastion"}  # fmt: skip
    books = [
        {"hosts": "all", "gather_facts": False, "roles": [{"role": plays.ROLE, **mine}]},
        {"hosts": "all", "gather_facts": False, "tasks": [{**plays.use("include_role")["tasks"][0], "vars": mine}]},
    ]
    played = plays.play(harness, hosts, books)
    assert played.rc == 0, played.output
    assert activated(sim) == sorted(hosts)


@pytest.mark.parametrize("in_process", ["1", "0"])
def test_the_task_can_run_as_a_module_of_the_controllers_interpreter(sim, harness, estate, in_process, monkeypatch):
    """The hosts' own connection and interpreter are not used."""
    elsewhere = {"ansible_connection": "ssh", "ansible_host": "192.0.2.1", "ansible_python_interpreter": "/nonexistent/python"}
    hosts = {name: {**values, **elsewhere} for name, values in estate.items()}
    book = {"hosts": "all", "gather_facts": False, **plays.use("roles")}
    environment = harness.environment
    monkeypatch.setattr(harness, "environment", lambda **more: environment(**more, GROUNDWORK_IN_PROCESS=in_process))
    played = plays.play(harness, hosts, [book])
    assert played.rc == 0, played.output
    assert activated(sim) == sorted({*estate} - {"bastion"})


def test_a_host_that_did_not_register_is_worked_for_all_the_same(sim, harness, estate):
    book = {"hosts": "web*", "gather_facts": False, **plays.use("roles")}
    played = plays.play(harness, NEAR, [book], "--start-at-task", "Activate it, together with all that are registered")
    assert played.rc == 0, played.output
    assert activated(sim) == ["web-01", "web-02", "web-03"]


def test_a_task_that_is_cut_short_leaves_no_host_waiting_and_none_green(sim, harness, estate):
    sim.switches("xclarity", job_seconds=60.0)
    block = {"name": "Not for long", "timeout": 3, "block": plays.use("import_role")["tasks"]}
    played = plays.play(harness, NEAR, [{"hosts": "web*", "gather_facts": False, "tasks": [block]}])
    assert played.rc != 0
    assert {host: of["failed"] for host, of in plays.recap(played).items()} == dict.fromkeys(NEAR, 1)


def test_hosts_of_the_inventory_plugin_need_only_a_profile(sim, harness):
    """The plugin tells the servers, and of those in a chassis the bay, which is what a profile belongs to there."""
    (harness.folder / "inventory").mkdir()
    (harness.folder / "inventory" / "xclarity.yml").write_text("plugin: groundwork.provision.xclarity\n", encoding="utf-8")
    plays.write_group_vars(harness.folder / "inventory", {"xclarity_profile": "{{ inventory_hostname }}", "xclarity_restart": "immediate",
                                                          "activate_profiles_poll_interval": 0.1})  # fmt: skip
    book = harness.folder / "book.yml"
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **plays.use("roles")}]), encoding="utf-8")
    played = harness.playbook("-i", str(harness.folder / "inventory"), str(book))
    assert played.rc == 0, played.output
    assert {one["status"] for one in sim.state("xclarity")["profiles"].values()} == {"active"}


def test_with_a_timeout_no_host_says_less_than_happened(sim, harness, estate):
    """Whoever works and whoever waits: a server that restarts has changed, and the failure has a code."""
    sim.switches("xclarity", job_seconds=60.0)
    near = {host: estate[host] for host in NEAR}
    role = {"roles": [{"role": plays.ROLE, "timeout": 6}]}
    played = plays.play(harness, near, [{"hosts": "all", "gather_facts": False, **role}], "--forks", "5", "-v")
    assert activated(sim) == sorted(near)
    numbers = plays.recap(played)
    assert {host: of["failed"] for host, of in numbers.items()} == dict.fromkeys(near, 1), played.output
    told = re.findall(r"^fatal: \[(\S+)\]: FAILED! => (.*)$", played.output, re.M)
    results = {host: json.loads(text) for host, text in told}
    assert {host: (one["changed"], one["error"]["code"], one["error"]["resource"]) for host, one in results.items()} == {
        host: (True, "task_timeout", host) for host in near
    }
    assert all("The job was started" in one["msg"] or "It is not known" in one["msg"] for one in results.values())


def test_a_mistake_in_a_variable_names_the_variable(sim, harness, estate):
    """One of a host fails this host; one of the task fails all of its hosts, before anything is sent."""
    hosts = {host: estate[host] for host in NEAR}
    hosts["web-03"] = {**hosts["web-03"], "xclarity_restart": "immediatly"}
    book = [{"hosts": "all", "gather_facts": False, **plays.use("roles")}]
    played = plays.play(harness, hosts, book)
    assert "xclarity_restart is 'immediatly', not one of immediate, defer. Nothing was changed." in played.output
    assert activated(sim) == ["web-01", "web-02"]
    played = plays.play(harness, hosts, book, activate_profiles_concurrency="many")
    assert "Nothing was changed. Correct it and run again. concurrency comes from activate_profiles_concurrency." in played.output
    assert activated(sim) == ["web-01", "web-02"]
