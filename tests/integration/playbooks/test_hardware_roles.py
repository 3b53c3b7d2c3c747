# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles and playbooks for the hardware below a server profile, one after the other over new servers and each by itself."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import hosts_of_a_play as plays
import pytest
import yaml
from harness import Harness, Played
from role_runs import in_use, note
from running import until

IMAGE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
UUIDS = {"web-03": "0A10000000000000000000000000000C", "db-01": "0A10000000000000000000000000000D"}
NEW = {f"new-0{n}": {"manage_nodes_address": f"192.0.2.12{n}"} for n in (1, 2)}
QUICK = {
    f"{role}_{key}": value
    for role in ("manage_nodes", "update_firmware", "deploy_pattern", "deploy_os", "activate_profiles")
    for key, value in (("poll_interval", 0.1), ("wait_timeout", 30))
}
MANAGE = {"manage_nodes_stored_credential": "3401", "manage_nodes_managed_authentication": False}


@pytest.fixture
def book(harness: Harness) -> Any:
    """Run a playbook of the collection over hosts of the group xclarity_servers."""

    def run(name: str, hosts: dict[str, Any], *arguments: str, **variables: Any) -> Played:
        inventory = harness.folder / "hosts.yml"
        group = {"xclarity_servers": {"hosts": hosts, "vars": {**QUICK, "ansible_become": True, **variables}}}
        inventory.write_text(yaml.safe_dump(group, sort_keys=False), encoding="utf-8")
        return harness.playbook("-i", str(inventory), f"groundwork.provision.{name}", *arguments)

    return run


def changing(sim: Any, since: int = 0) -> list[tuple[str, str]]:
    return [(entry["method"], entry["path"]) for entry in sim.log(since=since, system="xclarity", changing=True)]


def test_from_a_rack_to_a_running_server(sim, book):
    """Two servers are found, taken over, brought to a policy, given a profile and a system; a second run changes nothing."""
    wanted = {
        **MANAGE, "update_firmware_policy": "production", "update_firmware_activation": "immediate", "xclarity_pattern": "web",
        "deploy_pattern_restart": "immediate", "xclarity_image": IMAGE, "deploy_os_confirm": True,
    }  # fmt: skip
    checked = book("provision_bare_metal", NEW, "--check", **{**wanted, "xclarity_pattern": "", "update_firmware_policy": ""})
    assert checked.rc == 0, checked.output
    assert changing(sim) == []
    assert "/discoverRequest" in checked.output
    first = book("provision_bare_metal", NEW, **wanted)
    assert first.rc == 0, first.output
    state = sim.state("xclarity")
    new = {node["name"]: uuid for uuid, node in state["nodes"].items() if node["name"] in NEW}
    assert set(new) == set(NEW)
    assert {state["firmware"]["assigned"][uuid] for uuid in new.values()} == {"production"}
    assert {state["firmware"]["versions"][uuid]["UEFI (Primary)"] for uuid in new.values()} == {"2.00"}
    made = {profile["target"]: profile["status"] for profile in state["profiles"].values()}
    assert [made[uuid] for uuid in new.values()] == ["active", "active"]
    assert state["deployments"]["deployed"] == dict.fromkeys(new.values(), IMAGE)
    since = sim.last()
    second = book("provision_bare_metal", NEW, **wanted, deploy_os_unless=True)
    assert second.rc == 0, second.output
    assert (second.recap["changed"], changing(sim, since)) == (0, [])
    gone = book("manage_nodes", NEW, **MANAGE, manage_nodes_state="absent")
    assert gone.rc == 0, gone.output
    assert not {node["name"] for node in sim.state("xclarity")["nodes"].values()} & set(NEW)


def test_the_rack_of_the_guide(sim, harness):
    page = (Path(__file__).parents[3] / "docs" / "guide_hardware.md").read_text(encoding="utf-8")
    (harness.folder / "rack14.yml").write_text(re.findall(r"^```yaml\n(# rack14.yml\n.*?)^```$", page, re.M | re.S)[0], encoding="utf-8")
    check, command = re.findall(r"^ansible-playbook (-i rack14.yml .*)$", page, re.M)
    quick = ("-e", json.dumps(QUICK))
    looked = harness.playbook(*check.split(), *quick)
    assert (looked.rc, changing(sim)) == (0, []), looked.output
    done = harness.playbook(*command.split(), *quick)
    assert done.rc == 0, done.output
    state = sim.state("xclarity")
    new = [uuid for uuid, node in state["nodes"].items() if node["name"] in NEW]
    assert len(new) == 2
    assert state["deployments"]["deployed"] == dict.fromkeys(new, IMAGE)


WANTED = {
    **MANAGE, "update_firmware_policy": "production", "update_firmware_activation": "immediate", "xclarity_pattern": "web",
    "deploy_pattern_restart": "immediate", "xclarity_image": IMAGE, "deploy_os_confirm": True,
}  # fmt: skip


def words(played: Played) -> str:
    return " ".join(played.output.split())


def test_check_mode_tells_what_follows_on_a_server_that_is_to_be_taken_over(sim, book):
    checked = book("provision_bare_metal", NEW, "--check", "--diff", **WANTED)
    assert (checked.rc, changing(sim)) == (0, []), checked.output
    for told in (
        "the policy production and the update (activation immediate): no server is managed at 192.0.2.121 yet",
        "a profile of the pattern web (restart immediate): no server is managed at 192.0.2.121 yet",
        f"the installation of {IMAGE}: no server is managed at 192.0.2.121 yet",
    ):
        assert told in words(checked), checked.output


def test_each_step_by_itself_finds_the_servers_of_an_earlier_run(sim, book):
    assert book("provision_bare_metal", NEW, "--tags", "manage_nodes", **WANTED).rc == 0
    later = book("provision_bare_metal", NEW, "--tags", "update_firmware,deploy_pattern", **WANTED)
    assert later.rc == 0, later.output
    assert later.recap["changed"] == 2 * 3  # of each host the policy, the update and the profile
    state = sim.state("xclarity")
    new = [uuid for uuid, node in state["nodes"].items() if node["name"] in NEW]
    assert {state["firmware"]["assigned"][uuid] for uuid in new} == {"production"}


@pytest.mark.parametrize("name", ["update_firmware", "deploy_pattern", "deploy_os"])
def test_a_server_that_nobody_took_over_is_not_green(sim, book, name):
    played = book(name, {"new-01": NEW["new-01"], "web-03": {"xclarity_uuid": UUIDS["web-03"]}, "nobody": {}}, **WANTED)
    assert played.rc == 2, played.output
    assert plays.recap(played)["new-01"]["failed"] == 1
    assert "No server is managed at 192.0.2.121, so " in words(played)
    assert "Take it over with the role manage_nodes first, or set " in words(played)
    assert '"code": "node_unmanaged"' in played.output
    assert not [path for _method, path in changing(sim) if "121" in path]
    assert plays.recap(played)["nobody"]["failed"] == 0
    assert "No server is known for this host, so" in words(played)


ONE_STEP = {
    # name -> (arguments, in the message)
    "all steps": (["-e", "manage_nodes_hosts=new-01"], "steps update_firmware, deploy_pattern, activate_profiles, deploy_os would"),
    "a name that no host has": (["-e", "manage_nodes_hosts=nwe"], "manage_nodes_hosts is set, and the steps update_firmware"),
    "a group without hosts": (["-e", "manage_nodes_hosts=empty"], "manage_nodes_hosts is set, and the steps update_firmware"),
    "two steps": (["-e", "update_firmware_hosts=new-01", "--tags", "update_firmware,deploy_os"], "the steps deploy_os would work"),
    "another step": (["-e", "update_firmware_hosts=new-01", "--tags", "deploy_os"], "variable of each step that runs (deploy_os_hosts)"),
    "all but one": (["-e", "update_firmware_hosts=new-01", "--skip-tags", "update_firmware,deploy_os"], "the steps manage_nodes, deploy_p"),
    "all by a tag": (["-e", "manage_nodes_hosts=new-01", "--tags", "tagged"], "manage_nodes_hosts is set, and the steps update_f"),
    "the others blank": (
        ["-e", '{"deploy_os_hosts": "new-02", "manage_nodes_hosts": "", "update_firmware_hosts": " ", "deploy_pattern_hosts": null}'],
        "deploy_os_hosts is set, and the steps manage_nodes, update_firmware, deploy_pattern, activate_profiles would",
    ),
    "a tag of somebody": (["-e", "deploy_os_hosts=new-02", "--tags", "rack"], "deploy_os_hosts is set, and the steps manage_nodes, "),
    "both": (["-e", "deploy_os_hosts=new-02", "--tags", "rack,deploy_os"], "deploy_os_hosts is set, and the steps manage_nodes, "),
    "some of them": (["-e", "manage_nodes_hosts=new-01", "--limit", "new-02"], "manage_nodes_hosts is set, and the steps update_firmware"),
}


@pytest.mark.parametrize("case", ONE_STEP)
def test_the_hosts_of_one_step_are_not_those_of_all(sim, book, case):
    """Whoever sets them for the first step does not mean the servers of production for all others."""
    arguments, told = ONE_STEP[case]
    refused = book("provision_bare_metal", {**NEW, "web-03": {"xclarity_uuid": UUIDS["web-03"]}}, *arguments, **WANTED)
    assert (refused.rc, changing(sim)) == (4, []), refused.output
    assert told in words(refused)
    assert "would work on the hosts of xclarity_servers. Set xclarity_hosts for all steps, " in words(refused)


INVENTORY = {
    "for all": ({"xclarity_hosts": "new-01"}, [], "xclarity_hosts is set for these hosts, to new-01, and not by an extra variable."),
    "for all, and a step by an extra variable": (
        {"xclarity_hosts": "new-01"}, ["-e", "manage_nodes_hosts=new-01", "--tags", "manage_nodes,update_firmware"], "",
    ),
    "for all, and for the step a blank": (
        {"xclarity_hosts": "new-01", "update_firmware_hosts": " "}, ["--tags", "update_firmware"], "xclarity_hosts is set for these hosts",
    ),
    "for one": ({"update_firmware_hosts": ["new-01"]}, ["--tags", "update_firmware"], "update_firmware_hosts is set for these hosts, to "),
}  # fmt: skip


@pytest.mark.parametrize("case", INVENTORY)
@pytest.mark.parametrize("name", ["provision_bare_metal", "update_firmware"])
def test_hosts_that_the_inventory_names_are_not_seen_and_not_passed_over(sim, book, name, case):
    """The keyword hosts sees no variable of an inventory, so the hosts would be those of production."""
    given, arguments, told = INVENTORY[case]
    arguments = [] if name == "update_firmware" else arguments
    refused = book(name, {**NEW, "web-03": {"xclarity_uuid": UUIDS["web-03"]}}, *arguments, **WANTED, **given)
    assert refused.rc != 0, refused.output
    assert changing(sim) == []
    assert told in words(refused)


def test_hosts_that_the_inventory_names_and_that_are_these_are_no_mistake(sim, book):
    done = book("update_firmware", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, xclarity_hosts="web-*", **WANTED)
    assert done.rc == 0, done.output
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("name", ["manage_nodes", "update_firmware", "deploy_pattern", "activate_profiles", "deploy_os"])
def test_an_empty_list_of_hosts_is_no_host(sim, harness, name):
    """What a filter leaves may be nothing, and that is not all servers."""
    inventory = {"xclarity_servers": {"hosts": {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, "vars": {**QUICK, **WANTED}}, "rack14": {}}
    (harness.folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    for value in ([], "{{ groups.rack14 | reject('search', 'new') }}"):
        given = ["-e", json.dumps({f"{name}_hosts": value}), "-e", "manage_nodes_state=absent"]
        played = harness.playbook("-i", str(harness.folder / "hosts.yml"), f"groundwork.provision.{name}", *given)
        assert (played.rc, played.recap, changing(sim)) == (0, {}, []), played.output
        assert "skipping: no hosts matched" in played.output


def test_one_step_has_hosts_of_its_own(sim, book):
    one = book("provision_bare_metal", NEW, "-e", "manage_nodes_hosts=new-01", "--tags", "manage_nodes", **WANTED)
    assert one.rc == 0, one.output
    assert "new-02" not in one.output
    every = book("provision_bare_metal", NEW, "-e", "xclarity_hosts=new-02", **WANTED)
    assert every.rc == 0, every.output
    assert set(plays.recap(every)) == {"new-02"}


@pytest.mark.parametrize("check", [[], ["--check"]])
@pytest.mark.parametrize("given", [
    {"deploy_os_confirm": False}, {"deploy_os_confirm": ""}, {"deploy_os_confirm": "maybe"}, {"deploy_os_unless": "no?"},
])  # fmt: skip
def test_what_the_last_step_refuses_is_refused_before_the_first(sim, book, given, check):
    """The servers are not managed yet, so that the module cannot look at anything."""
    refused = book("provision_bare_metal", NEW, *check, **(WANTED | given))
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert f"{next(iter(given))} " in words(refused)
    assert "Nothing was changed." in words(refused)


REFUSED = [
    ({"deploy_pattern_restart": "now"}, "deploy_pattern_restart must be one of: immediate, defer, pending"),
    ({"update_firmware_activation": "now"}, "update_firmware_activation must be one of: immediate, delayed, prioritized"),
    ({"update_firmware_activation": ""}, "update_firmware_activation is not set"),
    ({"update_firmware_serial": 0}, "update_firmware_serial takes a number of hosts from 1, a whole percentage from 1% to 100%, or a list"),
    ({"update_firmware_max_fail_percentage": "none"}, "update_firmware_max_fail_percentage takes a number from 0 to 100, got: none"),
    ({"activate_profiles_serial": ["10%", "most"]}, "activate_profiles_serial takes a number of hosts"),
    ({"deploy_os_wait_timeout": "-5"}, "deploy_os_wait_timeout must lie between 0 and 31536000"),
    ({"deploy_pattern_poll_interval": "soon"}, "deploy_pattern_poll_interval"),
    ({"manage_nodes_state": "gone"}, "manage_nodes_state must be one of: present, absent"),
    ({"activate_profiles_on_failure": "go"}, "activate_profiles_on_failure must be one of: continue, stop"),
]


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check"])
@pytest.mark.parametrize("given, told", REFUSED)
def test_what_a_later_step_refuses_by_its_argument_spec_is_refused_before_the_first(sim, book, given, told, check):
    """For one host only: the others are not taken over either."""
    refused = book("provision_bare_metal", {**NEW, "new-02": {**NEW["new-02"], **given}}, *check, **WANTED)
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert told in words(refused)
    assert "Nothing was changed." in words(refused)


FIRST = [
    {"manage_nodes_force": "maybe"}, {"manage_nodes_wait_timeout": "abc"}, {"manage_nodes_poll_interval": -3}, {"manage_nodes_uuid": "XYZ"},
    {"manage_nodes_address": "not an address"}, {"manage_nodes_managed_authentication": "perhaps"}, {"manage_nodes_stored_credential": ""},
]  # fmt: skip


@pytest.mark.parametrize("given", FIRST)
def test_a_mistake_of_one_host_in_the_first_step_stops_it_for_all(sim, book, given):
    """Else the others would have all steps, and be installed once more when it is corrected."""
    refused = book("provision_bare_metal", {**NEW, "new-02": {**NEW["new-02"], **given}}, **WANTED)
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert next(iter(given)) in words(refused)
    assert "Nothing was changed" in words(refused)


MISTAKES = {
    # name -> (variables, in the message, the code)
    "no such policy": ({"update_firmware_policy": "prodction"}, "there is no compliance policy prodction", "policy_not_found"),
    "a number of the update": ({"update_firmware_wait_timeout": "abc"}, "'update_firmware_wait_timeout'", "config_options"),
    "no such pattern": ({"xclarity_pattern": "wep"}, "there is no pattern with the id or name wep", "pattern_not_found"),
    "no restart of the pattern": ({"deploy_pattern_restart": ""}, "restart must be set", "config_missing"),
    "a number of the pattern": ({"deploy_pattern_poll_interval": -1}, "deploy_pattern_poll_interval must lie between", "config_options"),
    "no such image": ({"xclarity_image": "bogus"}, "there is no OS-image profile with the id bogus", "image_not_available"),
    "no address": ({"deploy_os_network": {"ip_address": "nonsense"}}, "ip_address nonsense is no IP address", "config_network"),
    "no restart of the profile": ({"xclarity_profile": "web-03"}, "restart is not set for the profile web-03", "config_restart"),
    "a number of the profile": (
        {"xclarity_profile": "web-03", "xclarity_restart": "defer", "activate_profiles_concurrency": 0},
        "activate_profiles_concurrency must lie", "config_options",
    ),
}  # fmt: skip


def test_an_option_of_the_profiles_that_is_no_boolean_is_refused_before_the_first_step(sim, book):
    """Ansible refuses it, so there is no code."""
    given = {"xclarity_profile": "web-03", "xclarity_restart": "defer", "activate_profiles_wait": "perhaps"}
    refused = book("provision_bare_metal", {**NEW, "new-02": {**NEW["new-02"], **given}}, **WANTED)
    assert (refused.rc, changing(sim), refused.recap["changed"]) == (2, [], 0), refused.output
    assert "Nothing was changed. Correct it and run again. wait comes from activate_profiles_wait." in words(refused)


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check"])
@pytest.mark.parametrize("case", MISTAKES)
def test_what_a_module_would_refuse_later_is_refused_before_the_first_step(sim, book, case, check):
    """Of servers that nobody has taken over yet, for one host only."""
    given, told, code = MISTAKES[case]
    refused = book("provision_bare_metal", {**NEW, "new-02": {**NEW["new-02"], **given}}, *check, **WANTED)
    assert (refused.rc, changing(sim), refused.recap["changed"]) == (2, [], 0), refused.output
    assert told in words(refused)
    assert "Nothing was changed" in words(refused)
    assert f'"code": "{code}"' in refused.output


@pytest.mark.parametrize("case", ["no such policy", "no such pattern", "no such image", "no address"])
def test_a_role_by_itself_tells_in_check_mode_what_is_wrong_about_a_server_to_come(sim, book, case):
    given, told, _code = MISTAKES[case]
    role = {"policy": "update_firmware", "pattern": "deploy_pattern"}.get(case.split()[-1], "deploy_os")
    refused = book(role, {"new-01": NEW["new-01"]}, "--check", **(WANTED | given))
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert told in words(refused)


@pytest.mark.parametrize("given, told", REFUSED)
def test_one_variable_without_a_value_hides_no_other(sim, book, given, told):
    """It names a result of the first step."""
    later = {
        "update_firmware_policy": "{{ manage_nodes_result.lost }}", "deploy_pattern_pattern": "{{ manage_nodes_result.lost }}",
        "activate_profiles_profile": "{{ manage_nodes_result.lost }}", "manage_nodes_uuid": "{{ lost }}",
    }  # fmt: skip
    if told.endswith("is not set"):
        later.pop("update_firmware_policy")
    refused = book("provision_bare_metal", {**NEW, "new-02": {**NEW["new-02"], **later, **given}}, **WANTED)
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert told in words(refused)


def test_the_variables_of_a_role_that_is_not_run_are_not_refused(sim, book):
    """Neither by the tags, nor for a host that is not one of its hosts, nor before an earlier step has given them a value."""
    hosts = {**NEW, "new-02": {**NEW["new-02"], "update_firmware_activation": "now"}}
    wrong = {**WANTED, "deploy_pattern_restart": "now"}
    steps = ["--tags", "manage_nodes,update_firmware", "-e", "manage_nodes_hosts=new-01,new-02", "-e", "update_firmware_hosts=new-01"]
    played = book("provision_bare_metal", hosts, *steps, **wrong)
    assert played.rc == 0, played.output
    later = {"update_firmware_policy": "{{ 'production' if manage_nodes_result is defined and manage_nodes_result.nodes else lost }}"}
    played = book("provision_bare_metal", NEW, "--tags", "manage_nodes,update_firmware", **{**WANTED, **later})
    assert played.rc == 0, played.output


def test_an_installation_that_is_not_confirmed_for_one_host_is_refused_before_any(sim, book):
    hosts = {**NEW, "new-02": {**NEW["new-02"], "deploy_os_confirm": False}}
    refused = book("provision_bare_metal", hosts, **WANTED)
    assert (refused.rc, changing(sim)) == (2, []), refused.output
    assert plays.recap(refused)["new-02"]["failed"] == 1


@pytest.mark.parametrize(("value", "installs"), [
    (True, False), ("yes", False), (1, False), ("on", False), ("True", False), ("{{ 1 == 1 }}", False),
    (False, True), ("no", True), ("", True), (None, True), (0, True),
    # What an option of a module takes for true and the filter bool for false is refused as well.
    ("y", None), ("t", None), (" True ", None), (1.0, None),
    ("installed", None), ({"failed": False, "state": "started"}, None), ({"failed": True}, None), (5, None), ([1], None),
])  # fmt: skip
def test_only_what_is_surely_false_overwrites_a_disk(sim, book, value, installs):
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    played = book("deploy_os", host, xclarity_image=IMAGE, deploy_os_confirm=True, deploy_os_unless=value)
    assert (len(changing(sim)), played.rc) == {True: (1, 0), False: (0, 0), None: (0, 2)}[installs], played.output
    if installs is None:
        assert "deploy_os_unless must be true or false; whatever else it is does not tell whether the system is there." in words(played)
        assert "{{ result is succeeded }}" in played.output
        assert '"code": "config_boolean"' in played.output


@pytest.mark.parametrize(("variables", "words_of_it"), [
    ({"update_firmware_undrain": "undrain.yml"}, "update_firmware_undrain is no file: /"),
    ({"update_firmware_drain": "/nowhere/drain.yml"}, "update_firmware_drain is no file: /nowhere/drain.yml."),
    ({"update_firmware_activation": "", "update_firmware_policy": "production"}, "update_firmware_activation is not set"),
    ({"update_firmware_restart": "ture"}, "update_firmware_restart is neither true nor false."),
    ({"update_firmware_skip_missing": "ture"}, "update_firmware_skip_missing is neither true nor false."),
])  # fmt: skip
@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check"])
def test_what_a_host_needs_later_is_looked_for_first(sim, book, drained, variables, words_of_it, check):
    """A host that is drained and updated cannot be taken into use again with a file that is not there."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    played = book("update_firmware", host, *check, **{**drained, "update_firmware_activation": "delayed", **variables})
    assert (played.rc, sim.log()) == (2, []), played.output
    assert words_of_it in words(played)


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check"])
def test_a_server_that_is_not_reached_is_refused_before_its_policy_is_assigned(sim, book, check):
    """One that has the policy and complies is not refused: nothing of it is to be updated."""
    sim.seed(xclarity={
        "nodes": [{"uuid": n * 32, "name": name, "attributes": {"accessState": "Offline"}} for n, name in (("7", "dark"), ("8", "done"))],
        "policies": [{"name": "now", "components": [{"name": "UEFI (Primary)", "version": "1.00"}]}],
        "firmware": {"8" * 32: {"policy": "now"}},
    })  # fmt: skip
    hosts = {"dark": {"xclarity_uuid": "7" * 32}, "done": {"xclarity_uuid": "8" * 32}}
    played = book("update_firmware", hosts, *check, update_firmware_policy="now", update_firmware_activation="immediate")
    assert (played.rc, played.recap["failed"], played.recap["changed"], changing(sim)) == (2, 1, 0, []), played.output
    assert f"The server {'7' * 32} is Offline, so its firmware cannot be updated. Nothing was changed." in words(played)
    assert '"code": "node_offline"' in played.output


@pytest.mark.parametrize("check", [[], ["--check"]], ids=["real", "check"])
@pytest.mark.parametrize(("told", "policy", "code"), [
    ({"attributes": {"accessState": "Pending"}}, "now", "node_offline"),
    ({"attributes": {"accessState": "Unknown"}}, "", "node_offline"),
    ({"power": 5, "attributes": {"bladeState_health": "POWER_DENIED"}}, "now", "power_denied"),
    ({"power": 5, "attributes": {"bladeState_health": "POWER_DENIED"}}, "", "power_denied"),
])  # fmt: skip
def test_a_server_that_cannot_be_restarted_is_neither_drained_nor_updated(sim, book, harness, drained, told, policy, code, check):
    """One that complies is not refused: there is nothing to restart it for."""
    sim.seed(xclarity={
        "nodes": [{"uuid": n * 32, "name": name, **told} for n, name in (("7", "odd"), ("8", "done"))],
        "policies": [{"name": name, "components": [{"name": "UEFI (Primary)", "version": "1.00"}]} for name in ("now", "then")],
        "firmware": {"7" * 32: {"policy": "production"}, "8" * 32: {"policy": "now"}},
    })  # fmt: skip
    hosts = {"odd": {"xclarity_uuid": "7" * 32}, "done": {"xclarity_uuid": "8" * 32}}
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True, "update_firmware_policy": policy}
    played = book("update_firmware", hosts, *check, **wanted)
    assert (played.rc, played.recap["failed"], in_use(harness, "odd"), changing(sim)) == (2, 1, "", []), played.output
    assert plays.recap(played)["odd"]["changed"] == 0
    assert f'"code": "{code}"' in played.output
    assert "Nothing was changed" in words(played)


def test_a_restart_that_is_refused_does_not_say_that_nothing_was_changed(sim, book, harness, drained):
    """The update was sent before; the server is not reached from the moment on at which it is drained."""
    node = {"uuid": "9" * 32, "name": "odd"}
    sim.seed(xclarity={"nodes": [node], "firmware": {"9" * 32: {"policy": "production"}}})
    ready = harness.control.ready
    lost = {"xclarity": {"nodes": [{**node, "attributes": {"accessState": "Pending"}}]}}
    ask = {"url": f"{ready['xclarity']}/_control/seed", "method": "POST", "body": lost, "body_format": "json", "ca_path": ready["ca"]}
    with (harness.folder / "drain.yml").open("a", encoding="utf-8") as book_of_drain:
        book_of_drain.write(yaml.safe_dump([{"name": "lose it", "ansible.builtin.uri": ask}]))
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True}
    played = book("update_firmware", {"odd": {"xclarity_uuid": "9" * 32}}, **wanted)
    assert (played.rc, in_use(harness, "odd"), len(changing(sim))) == (2, "out", 1), played.output
    assert '"code": "node_offline"' in played.output
    last = words(played).split("Fail for this host, now that the others are through")[1]
    assert "The server was not restarted by this run, and its update was sent." in last
    assert "Nothing was changed" not in last


def test_what_fails_after_the_policy_was_assigned_does_not_say_that_nothing_was_changed(sim, book):
    sim.seed(xclarity={"policies": [{"name": "lost", "components": [{"name": "UEFI (Primary)", "version": "3.00", "package": False}]}]})
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {"update_firmware_policy": "lost", "update_firmware_activation": "immediate"}
    played = book("update_firmware", host, **wanted)
    assert (played.rc, changing(sim)) == (2, [("POST", "/compliancePolicies/compareResult")]), played.output
    last = words(played).split("Fail for this host, now that the others are through")[1]
    assert "The policy lost was assigned to the server, and nothing else of it was changed." in last
    assert "Nothing was changed" not in last
    again = book("update_firmware", host, **wanted)
    assert "Nothing was changed" in words(again).split("Fail for this host, now that the others are through")[1]


@pytest.mark.parametrize("seconds", [0.5, 12.0], ids=["it has ended by then", "it is joined"])
@pytest.mark.parametrize("activation", ["immediate", "delayed"])
def test_a_run_that_ends_early_is_completed_by_the_next(sim, book, harness, drained, activation, seconds):
    """The firmware is in effect and the host in use again, whatever the update had reached when the second run began."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {**drained, "update_firmware_activation": activation, "update_firmware_restart": True, "update_firmware_poll_interval": 0.1}
    sim.switches("xclarity", job_seconds_by_kind={"firmware": seconds})
    first = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 0.1})
    assert (first.rc, in_use(harness, "web-03")) == (2, "out"), first.output
    second = book("update_firmware", host, **wanted)
    assert (second.rc, in_use(harness, "web-03")) == (0, "in"), second.output
    state = sim.state("xclarity")
    assert (state["firmware"]["waiting"], state["firmware"]["versions"][UUIDS["web-03"]]["UEFI (Primary)"]) == ({}, "2.00")
    assert state["firmware"]["updates"] == 1
    since = sim.last()
    third = book("update_firmware", host, **wanted)
    assert (third.rc, third.recap["changed"], changing(sim, since)) == (0, 0, []), third.output


def test_a_host_whose_update_waits_for_the_restart_of_somebody_else_is_not_drained_again(sim, book, harness, drained):
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {**drained, "update_firmware_activation": "delayed"}
    assert book("update_firmware", host, **wanted).rc == 0
    since = sim.last()
    again = book("update_firmware", host, **{**wanted, "update_firmware_drain": str(harness.folder / "drained-again.yml")})
    assert "update_firmware_drain is no file" in words(again)
    (harness.folder / "drained-again.yml").write_text("- name: drained again\n  ansible.builtin.fail:\n", encoding="utf-8")
    again = book("update_firmware", host, **{**wanted, "update_firmware_drain": str(harness.folder / "drained-again.yml")})
    assert (again.rc, changing(sim, since), in_use(harness, "web-03")) == (0, [], "in"), again.output


@pytest.mark.parametrize("sent", [False, True], ids=["nothing was sent", "the update waits for its restart"])
def test_check_mode_tells_the_restart_that_follows(sim, book, sent):
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    if sent:
        assert book("update_firmware", host, update_firmware_activation="delayed").rc == 0
    since = sim.last()
    wanted = {"update_firmware_activation": "delayed", "update_firmware_restart": True}
    checked = book("update_firmware", host, "--check", **wanted)
    assert (checked.rc, checked.recap["changed"], changing(sim, since)) == (0, 1, []), checked.output
    assert "the restart of the server, which follows on the update" in words(checked)
    assert book("update_firmware", host, **wanted).rc == 0
    assert ("PUT", f"/nodes/{UUIDS['web-03']}?synchronous=false") in changing(sim, since)
    since = sim.last()
    again = book("update_firmware", host, "--check", **wanted)
    assert (again.recap["changed"], "the restart of the server" in words(again)) == (0, False), again.output


@pytest.mark.parametrize("activation", ["immediate", "delayed"])
def test_a_comparison_that_lags_brings_no_second_update_and_no_second_restart(sim, book, harness, drained, activation):
    """The host is not in use before the comparison shows the update, also in a later run that has nothing to send."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {**drained, "update_firmware_activation": activation, "update_firmware_restart": True, "update_firmware_poll_interval": 0.1}
    sim.switches("xclarity", compliance_lag=3000.0)
    patience = {"update_firmware_wait_timeout": 3}
    if activation == "immediate":  # longer than reconcile_timeout, after which the components are believed
        patience = {"update_firmware_wait_timeout": 18, "update_firmware_poll_interval": 4}
    first = book("update_firmware", host, **{**wanted, **patience})
    assert (first.rc, in_use(harness, "web-03")) == (2, "out"), first.output
    assert "does not show it (" in " ".join(first.output.split())
    since, reboots = sim.last(), sim.state("xclarity")["nodes"][UUIDS["web-03"]]["reboots"]
    second = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 2})
    assert (second.rc, second.recap["changed"], in_use(harness, "web-03"), changing(sim, since)) == (2, 0, "out", []), second.output
    assert "does not show it yet" in " ".join(second.output.split())
    sim.clock(advance=3001.0)
    third = book("update_firmware", host, **wanted)
    assert (third.rc, in_use(harness, "web-03"), changing(sim, since)) == (0, "in", []), third.output
    assert sim.state("xclarity")["nodes"][UUIDS["web-03"]]["reboots"] == reboots


def test_a_host_whose_system_does_not_heed_the_restart_is_not_in_use(sim, book, harness, drained, run_module):
    """The job of the graceful restart is complete, and the server was not restarted: the comparison decides."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True, "update_firmware_poll_interval": 0.1}
    sim.switches("xclarity", stubborn_systems=[UUIDS["web-03"]])
    first = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 3})
    said = " ".join(first.output.split())
    assert (first.rc, in_use(harness, "web-03"), sim.state("xclarity")["nodes"][UUIDS["web-03"]]["reboots"]) == (2, "out", 0), first.output
    assert "UEFI (Primary)" in said
    assert "may not heed a graceful restart" in said
    assert "The host was not taken into use again." in said
    since = sim.last()
    second = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 2})
    said = " ".join(second.output.split())
    assert (second.rc, in_use(harness, "web-03"), changing(sim, since)) == (2, "out", []), second.output
    assert "server was restarted at" not in said
    assert not run_module("node_power", {"node": "web-03", "state": "restarted", "mode": "immediate"}).failed
    since = sim.last()
    third = book("update_firmware", host, **wanted)
    assert (third.rc, in_use(harness, "web-03"), changing(sim, since)) == (0, "in", []), third.output


def test_a_server_that_another_run_has_restarted_meanwhile_is_not_restarted_again(sim, book, harness, drained, run_module):
    """Between the end of the update and the restart of this run, in which it waits for the other hosts of its wave."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}, "db-01": {"xclarity_uuid": UUIDS["db-01"]}}
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True}
    assert book("update_firmware", {"web-03": host["web-03"]}, **{**wanted, "update_firmware_restart": False}).rc == 0
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 3600.0})
    went: dict[str, Any] = {}
    run = threading.Thread(target=lambda: went.update(played=book("update_firmware", host, **wanted)))
    run.start()
    until(lambda: ("PUT", "/updatableComponents?action=apply&activationMode=delayed") in changing(sim)[1:])
    assert not run_module("node_power", {"node": "web-03", "state": "restarted"}).failed
    sim.clock(advance=3600.0)
    run.join(60)
    played = went["played"]
    assert (played.rc, in_use(harness, "web-03"), in_use(harness, "db-01")) == (0, "in", "in"), played.output
    restarts = [path.split("?")[0].rpartition("/")[2] for _method, path in changing(sim) if path.startswith("/nodes/")]
    assert sorted(restarts) == sorted([UUIDS["web-03"], UUIDS["db-01"]])


def test_without_a_restart_nothing_is_waited_for(sim, book, harness, drained):
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    played = book("update_firmware", host, **drained, update_firmware_activation="delayed")
    assert (played.rc, in_use(harness, "web-03")) == (0, "in"), played.output
    assert UUIDS["web-03"] in sim.state("xclarity")["firmware"]["waiting"]


def test_a_host_is_not_in_use_while_its_restart_still_runs(sim, book, harness, drained, run_module):
    """The run that has begun the restart was ended in its wait. The firmware complies already, and the server is not up yet."""
    host = {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True, "update_firmware_poll_interval": 0.1}
    sim.switches("xclarity", job_seconds_by_kind={"power": 3600.0})
    first = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 2})
    assert (first.rc, in_use(harness, "web-03"), sim.state("xclarity")["firmware"]["waiting"]) == (2, "out", {}), first.output
    since = sim.last()
    second = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 0.1})
    assert (second.rc, in_use(harness, "web-03")) == (2, "out"), second.output
    sim.clock(advance=sim.state("xclarity")["jobs"][-1]["start"] + 3600 - 5 - sim.clock())
    third = book("update_firmware", host, **{**wanted, "update_firmware_wait_timeout": 60})
    assert (third.rc, in_use(harness, "web-03"), changing(sim, since)) == (0, "in", []), third.output
    assert {job["state"] for job in sim.state("xclarity")["jobs"]} == {"Complete"}


def test_a_joined_update_of_somebody_else_is_drained_for(sim, book, harness, drained, run_module):
    """The restart that it waits for is made by the role, so the host is drained for it."""
    sim.switches("xclarity", job_seconds_by_kind={"firmware": 12.0})
    assert not run_module("firmware_update", {"node": "web-03", "activation": "delayed", "wait": False}).failed
    story = harness.folder / "web-03.story"
    for name in ("drain", "undrain"):
        line = {"path": str(story), "line": name, "create": True, "mode": "0600"}
        (harness.folder / f"{name}.yml").write_text(yaml.safe_dump([{"name": name, "ansible.builtin.lineinfile": line}]), encoding="utf-8")
    wanted = {**drained, "update_firmware_activation": "delayed", "update_firmware_restart": True}
    checked = book("update_firmware", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, "--check", **wanted)
    assert (checked.rc, story.exists()) == (0, False), checked.output
    played = book("update_firmware", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, **wanted)
    assert (played.rc, story.read_text(encoding="utf-8").split()) == (0, ["drain", "undrain"]), played.output
    assert sim.state("xclarity")["firmware"]["waiting"] == {}


def test_firmware_in_waves_drained_and_restarted(sim, book, harness):
    for name in ("drain", "undrain"):
        told = {"path": str(harness.folder / "story"), "create": True, "mode": "0600", "line": f"{name} {{{{ inventory_hostname }}}}"}
        line = {"name": name, "ansible.builtin.lineinfile": told}
        (harness.folder / f"{name}.yml").write_text(yaml.safe_dump([line]), encoding="utf-8")
    hosts = {name: {"xclarity_uuid": uuid, "ansible_connection": "local", "ansible_become": False} for name, uuid in UUIDS.items()}
    hosts["bastion"] = {}
    wanted = {
        "update_firmware_activation": "delayed", "update_firmware_restart": True,
        "update_firmware_drain": str(harness.folder / "drain.yml"), "update_firmware_undrain": str(harness.folder / "undrain.yml"),
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
    }  # fmt: skip
    checked = book("update_firmware", hosts, "--check", "-e", "update_firmware_serial=1", **wanted)
    assert checked.rc == 0, checked.output
    assert changing(sim) == []
    assert checked.output.count("/updatableComponents") == 2
    first = book("update_firmware", hosts, "-e", "update_firmware_serial=1", **wanted)
    assert first.rc == 0, first.output
    # One wave after the other, and a restart after each update.
    assert [method + " " + path.split("?")[0] for method, path in changing(sim)] == [
        "PUT /updatableComponents", f"PUT /nodes/{UUIDS['web-03']}", "PUT /updatableComponents", f"PUT /nodes/{UUIDS['db-01']}",
    ]  # fmt: skip
    assert (harness.folder / "story").read_text().split("\n")[:4] == ["drain web-03", "undrain web-03", "drain db-01", "undrain db-01"]
    since = sim.last()
    second = book("update_firmware", hosts, **wanted)
    assert (second.rc, second.recap["changed"], changing(sim, since)) == (0, 0, [])


@pytest.mark.parametrize(("name", "variable", "value", "said"), [
    (name, f"{name}_{key}", value, said)
    for name in ("update_firmware", "activate_profiles")
    for key, value, said in [
        ("serial", "", ""), ("serial", " ", ""), ("serial", "100%", ""), ("serial", [1, "50%"], ""),
        ("serial", "1O%", "takes a number of hosts from 1"), ("serial", 0, "takes a number of hosts from 1"),
        ("serial", [1, ""], "takes a number of hosts from 1"),
        ("max_fail_percentage", "", ""), ("max_fail_percentage", "60%", ""), ("max_fail_percentage", 12.5, ""),
        ("max_fail_percentage", "lots", "takes a number from 0 to 100"), ("max_fail_percentage", "101", "takes a number from 0 to 100"),
    ]
])  # fmt: skip
def test_what_waves_and_their_budget_can_be(sim, book, name, variable, value, said):
    played = book(name, {"bastion": {}}, "-e", json.dumps({variable: value}))
    assert (played.rc == 0, sim.log()) == (not said, []), played.output
    assert said == "" or f"{variable} {said}" in words(played)
    assert "Traceback" not in played.output


@pytest.mark.parametrize(("budget", "updates"), [("", 1), ("0%", 1), ("60%", 2)])
def test_a_budget_is_read_as_it_is_written(sim, book, budget, updates):
    """The first of three hosts fails, in waves of two; blank is the default, 0."""
    ready(sim)
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": WEB["web-01"]["xclarity_uuid"], "state": "Stopped_With_Error"}])
    given = {"update_firmware_serial": 2, "update_firmware_max_fail_percentage": budget}
    played = book("update_firmware", WEB, "-e", json.dumps(given), update_firmware_activation="immediate")
    assert played.rc != 0
    assert sim.state("xclarity")["firmware"]["updates"] == updates + 1, played.output


def test_a_wave_that_fails_stops_the_play(sim, book):
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": UUIDS["web-03"], "state": "Stopped_With_Error"}])
    hosts = {name: {"xclarity_uuid": uuid} for name, uuid in UUIDS.items()}
    played = book("update_firmware", hosts, "-e", "update_firmware_serial=1", update_firmware_activation="immediate")
    assert played.rc != 0
    assert sim.state("xclarity")["firmware"]["updates"] == 1


WEB = {f"web-0{n}": {"xclarity_uuid": f"0A1000000000000000000000000000{n + 9:02X}"} for n in (1, 2, 3)}
FOUR = {**WEB, "db-01": {"xclarity_uuid": UUIDS["db-01"]}}
BAD = "web-02"


@pytest.fixture
def fragile(harness: Harness) -> Any:
    """Variables of update_firmware: as of ``drained``, in two tasks, of which that of ``BAD`` fails where ``where`` says so, or finds
    the host ``gone``."""

    def make(where: str, gone: bool = False, bad: str = BAD) -> dict[str, Any]:
        wanted = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        for name, word in (("drain", "out"), ("undrain", "in")):
            tasks = [note(harness, f"Note {word}", word)]
            broken: dict[str, Any] = {"name": f"Break in {name}", "ansible.builtin.fail": {"msg": f"{name} broke"}}
            if gone:
                # A port of nobody: the connection is refused.
                lost = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_retries": 0}
                broken = {"name": f"Reach in {name}", "ansible.builtin.raw": "true", "vars": lost, "changed_when": False}
            broken["when"] = f"inventory_hostname in {bad.split()}"
            tasks.insert(1 if name == "drain" else 0, broken if name == where else {"name": "Nothing", "ansible.builtin.debug": None})
            (harness.folder / f"{name}.yml").write_text(yaml.safe_dump(tasks), encoding="utf-8")
            wanted[f"update_firmware_{name}"] = str(harness.folder / f"{name}.yml")
        return wanted | {"update_firmware_activation": "immediate"}

    return make


def told(played: Played, host: str) -> list[dict[str, Any]]:
    """Each failed result of a host, in the order in which they were shown."""
    return [json.loads(text) for one, text in re.findall(r"^fatal: \[(\S+)\]: FAILED! => (.*)$", played.output, re.M) if one == host]


def ready(sim: Any) -> None:
    sim.switches("xclarity", max_concurrent_sessions=20)
    sim.seed(xclarity={"firmware": {host["xclarity_uuid"]: {"policy": "production"} for host in FOUR.values()}})


def bad_job(sim: Any) -> None:
    uuid = FOUR[BAD]["xclarity_uuid"]
    sim.switches("xclarity", fail_next=[{"kind": "firmware", "resource": uuid, "state": "Stopped_With_Error"}])


@pytest.mark.parametrize("where", ["find", "plan", "drain", "update", "undrain"])
def test_a_host_that_fails_keeps_no_other_out_of_use(sim, book, harness, fragile, where):
    """Whatever fails for one: the others of its wave are drained, updated and in use again, and the next wave is not begun."""
    ready(sim)
    hosts, told_as = dict(FOUR), {"find": "node_unmanaged", "plan": "node_not_found", "update": "job_failed"}.get(where)
    if where == "update":
        bad_job(sim)
    elif where == "find":
        hosts[BAD] = {"manage_nodes_address": "192.0.2.199"}
    elif where == "plan":
        hosts[BAD] = {"xclarity_uuid": "0A1000000000000000000000000000FF"}
    hosts = {name: hosts[name] for name in ("web-01", BAD, "web-03", "db-01")}
    played = book("update_firmware", hosts, "-e", "update_firmware_serial=3", **fragile(where))
    assert played.rc == 2, played.output
    numbers = plays.recap(played)
    assert {host: of["failed"] for host, of in numbers.items()} == {"web-01": 0, BAD: 1, "web-03": 0}, played.output
    assert {host: in_use(harness, host) for host in hosts} == {
        "web-01": "in", BAD: "" if where in ("find", "plan") else "out", "web-03": "in", "db-01": "",
    }  # fmt: skip
    first, last = told(played, BAD)
    assert (last["msg"], last.get("error")) == (first["msg"], first.get("error"))
    assert told_as is None or last["error"]["code"] == told_as
    if where in ("drain", "undrain"):
        assert last["msg"] == f"{where} broke"
    asked = [path for _method, path in changing(sim) if path.startswith("/updatableComponents")]
    assert len(asked) == {"undrain": 3, "update": 3}.get(where, 2)
    assert "update_firmware_undrain have not run to their end for the host web-02" in words(played)


def test_a_second_run_with_the_same_bad_host_takes_the_others_into_use(sim, book, harness, fragile):
    """An earlier run may have ended early for all of them."""
    ready(sim)
    wanted = fragile("nowhere")
    for _run in range(2):
        for host in FOUR:
            (harness.folder / f"{host}.state").write_text("out", encoding="utf-8")
        bad_job(sim)
        played = book("update_firmware", FOUR, **wanted)
        assert played.rc == 2, played.output
        assert {host: in_use(harness, host) for host in FOUR} == {**dict.fromkeys(FOUR, "in"), BAD: "out"}, played.output
    healed = book("update_firmware", FOUR, **wanted)
    assert (healed.rc, in_use(harness, BAD)) == (0, "in"), healed.output


@pytest.mark.parametrize(("keywords", "goes_on"), [
    ({"strategy": "linear", "max_fail_percentage": 0}, False),
    ({"strategy": "linear", "any_errors_fatal": True}, False),
    ({"strategy": "linear", "max_fail_percentage": 50}, True),
    ({"strategy": "free"}, True),
    ({"strategy": "host_pinned"}, True),
], ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "")  # fmt: skip
@pytest.mark.parametrize("form", ["roles", "include_role"])
def test_a_host_that_fails_whatever_the_play(sim, harness, fragile, keywords, goes_on, form):
    """The strategies that tell no percentage go on with the next wave."""
    ready(sim)
    bad_job(sim)
    one = {"hosts": "all", "gather_facts": False, "serial": 3, **keywords, **plays.use(form, "groundwork.provision.update_firmware")}
    one["post_tasks"] = [{"name": "After", "ansible.builtin.debug": {"msg": "after it on {{ inventory_hostname }}"}}]
    played = plays.play(harness, FOUR, [one], **QUICK, **fragile("update"))  # in the order of the alphabet
    assert played.rc == 2, played.output
    assert {host: of["failed"] for host, of in plays.recap(played).items() if of["failed"]} == {BAD: 1}
    assert {host: in_use(harness, host) for host in FOUR} == {
        "web-01": "in", BAD: "out", "db-01": "in", "web-03": "in" if goes_on else "",
    }, played.output  # fmt: skip
    assert ("after it on web-01" in played.output, f"after it on {BAD}" in played.output) == (goes_on, False)


@pytest.mark.parametrize(("where", "keywords", "goes_on"), [
    ("drain", {"strategy": "linear", "max_fail_percentage": 0}, False),
    ("undrain", {"strategy": "linear", "max_fail_percentage": 0}, False),
    ("undrain", {"strategy": "linear", "any_errors_fatal": True}, False),
    ("undrain", {"strategy": "linear", "max_fail_percentage": 50}, True),
    ("drain", {"strategy": "linear"}, True),
    ("drain", {"strategy": "free"}, True),
    ("undrain", {"strategy": "host_pinned"}, True),
], ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None)  # fmt: skip
def test_a_host_that_becomes_unreachable_counts_as_failed(sim, harness, fragile, keywords, goes_on, where):
    """A server that does not come back after new firmware ends the waves as one that fails does; nothing more is done for it."""
    ready(sim)
    one = {"hosts": "all", "gather_facts": False, "serial": 3, **keywords}
    one |= plays.use("include_role", "groundwork.provision.update_firmware")
    one["post_tasks"] = [{"name": "After", "ansible.builtin.debug": {"msg": "after it on {{ inventory_hostname }}"}}]
    played = plays.play(harness, FOUR, [one], **QUICK, **fragile(where, gone=True))  # in the order of the alphabet
    assert played.rc != 0, played.output
    numbers = plays.recap(played)
    assert {host: of["unreachable"] for host, of in numbers.items() if of["unreachable"]} == {BAD: 1}, played.output
    assert sum(of["failed"] for of in numbers.values()) == (0 if goes_on else 1)
    assert {host: in_use(harness, host) for host in FOUR} == {
        "web-01": "in", BAD: "out", "db-01": "in", "web-03": "in" if goes_on else "",
    }, played.output  # fmt: skip
    updated = [path for _method, path in changing(sim) if path.startswith("/updatableComponents")]
    assert len(updated) == (2 if where == "drain" else 3) + (1 if goes_on else 0)
    if keywords["strategy"] == "linear":  # the other strategies warn if a host is left that ends later
        assert f"so that nothing more was done for them: {BAD}. Each counts as failed." in words(played)
    assert ("after it on web-01" in played.output) == goes_on
    assert ('"code": "host_unreachable"' in played.output) != goes_on


@pytest.mark.parametrize(("budget", "goes_on"), [(49, False), (50, True)])
def test_failed_and_unreachable_hosts_share_the_budget(sim, harness, fragile, budget, goes_on):
    """One of four hosts fails, and another becomes unreachable."""
    ready(sim)
    bad_job(sim)
    hosts = {**FOUR, "web-04": {"xclarity_uuid": UUIDS["web-03"].replace("0C", "0E")}}
    one = {"hosts": "all", "gather_facts": False, "serial": 4, "max_fail_percentage": budget}
    one |= plays.use("roles", "groundwork.provision.update_firmware")
    played = plays.play(harness, hosts, [one], **QUICK, **fragile("undrain", gone=True, bad="web-01"))
    assert played.rc != 0
    assert {host: in_use(harness, host) for host in ("web-01", BAD, "db-01", "web-03")} == {
        "web-01": "out", BAD: "out", "db-01": "in", "web-03": "in",
    }, played.output  # fmt: skip
    assert ("web-04" in plays.recap(played)) == goes_on, played.output
    assert "update_firmware_undrain have not run to their end for the host web-02" in words(played)


def test_a_play_that_ignores_unreachable_hosts_updates_none_undrained(sim, harness, fragile):
    ready(sim)
    one = {"hosts": "all", "gather_facts": False, "ignore_unreachable": True, **plays.use("roles", "groundwork.provision.update_firmware")}
    played = plays.play(harness, FOUR, [one], **QUICK, **fragile("drain", gone=True))
    assert played.rc != 0, played.output
    assert {host: in_use(harness, host) for host in FOUR} == {**dict.fromkeys(FOUR, "in"), BAD: "out"}
    assert sum(path.startswith("/updatableComponents") for _method, path in changing(sim)) == len(FOUR) - 1


def test_a_wave_that_is_unreachable_as_a_whole_ends_the_play(sim, harness, fragile):
    """Ansible's own rule, which needs no host that is left."""
    ready(sim)
    one = {"hosts": "all", "gather_facts": False, "serial": 1, **plays.use("roles", "groundwork.provision.update_firmware")}
    played = plays.play(harness, FOUR, [one], **QUICK, **fragile("undrain", gone=True, bad="web-01"))
    assert (played.rc, sorted(plays.recap(played))) == (4, ["db-01", "web-01"]), played.output


def test_a_caller_can_rescue_and_ignore_it(sim, harness, fragile):
    """Several hosts fail. A second use in the same play knows nothing of the failures of the first."""
    ready(sim)
    wanted = fragile("nowhere")
    bad = ["web-01", BAD]
    sim.switches("xclarity", fail_next=[
        {"kind": "firmware", "resource": FOUR[host]["xclarity_uuid"], "state": "Stopped_With_Error"} for host in bad
    ])  # fmt: skip
    use = plays.use("include_role", "groundwork.provision.update_firmware")["tasks"]
    said = {"msg": "rescued {{ inventory_hostname }}: {{ ansible_failed_result.error.code }}, {{ ansible_failed_result.nodes | length }}"}
    tasks = [{"name": "Try", "block": use, "rescue": [{"name": "Say", "ansible.builtin.debug": said}]}, *use]
    book = {"hosts": "all", "gather_facts": False, "max_fail_percentage": 0, "tasks": tasks}
    played = plays.play(harness, FOUR, [book], **QUICK, **wanted)
    assert played.rc == 0, played.output
    assert [host for host in FOUR if f"rescued {host}: job_failed, 1" in played.output] == bad
    assert {in_use(harness, host) for host in FOUR} == {"in"}
    assert {of["failed"] for of in plays.recap(played).values()} == {0}


def test_a_caller_that_ignores_a_failure_does_not_have_the_host_in_use(sim, harness, fragile):
    ready(sim)
    bad_job(sim)
    use = {"roles": [{"role": "groundwork.provision.update_firmware", "ignore_errors": True}]}
    played = plays.play(harness, FOUR, [{"hosts": "all", "gather_facts": False, **use}], **QUICK, **fragile("update"))
    assert played.rc == 0, played.output
    assert {host: of["ignored"] for host, of in plays.recap(played).items() if of["ignored"]} == {BAD: 1}
    assert {host: in_use(harness, host) for host in FOUR} == {**dict.fromkeys(FOUR, "in"), BAD: "out"}


def test_check_mode_tells_of_all_hosts_where_one_fails(sim, book, fragile):
    ready(sim)
    hosts = {**FOUR, BAD: {"xclarity_uuid": "0A1000000000000000000000000000FF"}}
    checked = book("update_firmware", hosts, "--check", **fragile("nowhere"))
    assert (checked.rc, changing(sim)) == (2, []), checked.output
    assert checked.output.count("/updatableComponents") == len(FOUR) - 1
    assert {host: of["failed"] for host, of in plays.recap(checked).items()} == {**dict.fromkeys(FOUR, 0), BAD: 1}
    assert "have not run to their end" not in words(checked)


# role -> hosts, variables, the path of the last request for each
ASKED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "manage_nodes": ({f"new-0{n}": {"manage_nodes_address": f"192.0.2.12{n}"} for n in (1, 2, 3)}, MANAGE, "/manageRequest"),
    "update_firmware": (WEB, {"update_firmware_activation": "immediate"}, "/updatableComponents"),
    "deploy_pattern": (WEB, {"xclarity_pattern": "web", "deploy_pattern_restart": "pending"}, "/patterns/60"),
    "deploy_os": (WEB, {"xclarity_image": IMAGE, "deploy_os_confirm": True}, "/hostPlatforms"),
}
# The role of profiles is tried with each two values of the dimensions; these four, of which each host has tasks of its own, share its
# rows. A variable of the command line counts for more than what a role sets for its tasks, so that one is left out.
ROWS = [row for row in plays.pairwise() if row.become != "extra"]
TABLE = [(role, row) for place, row in enumerate(ROWS) for number, role in enumerate(ASKED) if place % 4 == number]


@pytest.mark.parametrize("role, row", TABLE, ids=lambda one: getattr(one, "name", one))
def test_each_host_gets_what_it_asks_for_whatever_the_play(sim, harness, role, row):
    hosts, variables, path = ASKED[role]
    first, *_others, last = hosts
    sim.switches("xclarity", max_concurrent_sessions=10)
    sim.seed(xclarity={"firmware": {host["xclarity_uuid"]: {"policy": "production"} for host in WEB.values()}})
    book, keywords, arguments = plays.cut_short(row, first, last)
    book |= {"name": "Test", "hosts": "all", **plays.use(row.form, f"groundwork.provision.{role}", **keywords)}
    if row.become == "variable":
        plays.write_group_vars(harness.folder, {"ansible_become": True})
    played = plays.play(harness, {**hosts, "bastion": {}}, [book], *arguments, **{**QUICK, **variables, **plays.NO_BECOME})
    expected = [host for host in hosts if not (row.cut == "limit" and host == last) and not (row.first != "normal" and host == first)]
    numbers = plays.recap(played)
    assert {host: of["changed"] for host, of in numbers.items() if of["changed"]} == dict.fromkeys(expected, 1), played.output
    assert [host for host, of in numbers.items() if of["failed"] or of["unreachable"]] == (
        [first] if row.first in ("unreachable", "failed") else []
    )
    assert [one.partition("?")[0] for _method, one in changing(sim)].count(path) == (0 if row.check else len(expected))
    assert (played.rc == 0) == (row.first in ("normal", "excluded"))
    assert sim.sessions("xclarity")["open"] == 0


def test_a_host_that_fails_is_the_only_one(sim, harness):
    hosts, variables, _path = ASKED["manage_nodes"]
    hosts = {**hosts, "new-02": {"manage_nodes_address": "192.0.2.199"}}
    book = {"name": "Test", "hosts": "all", "gather_facts": False, **plays.use("roles", "groundwork.provision.manage_nodes")}
    played = plays.play(harness, hosts, [book], **{**QUICK, **variables})
    numbers = plays.recap(played)
    assert [host for host, of in numbers.items() if of["failed"]] == ["new-02"], played.output
    assert [host for host, of in numbers.items() if of["changed"]] == ["new-01", "new-03"]


@pytest.mark.parametrize(
    "name, hosts, variables, words",
    [
        ("manage_nodes", NEW, {}, "stored_credential"),
        ("update_firmware", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, {}, "activation is not set"),
        ("deploy_pattern", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, {"xclarity_pattern": "web"}, "restart must be set"),
        ("deploy_os", {"web-03": {"xclarity_uuid": UUIDS["web-03"]}}, {"xclarity_image": IMAGE}, "confirm is not true"),
    ],
)
def test_nothing_is_assumed(sim, book, name, hosts, variables, words):
    played = book(name, hosts, **variables)
    assert played.rc != 0
    assert words in played.output
    assert changing(sim) == []


@pytest.mark.parametrize("name", ["manage_nodes", "update_firmware", "deploy_pattern", "deploy_os"])
def test_hosts_that_ask_for_nothing_are_left_out(sim, book, name):
    played = book(name, {"bastion": {}})
    assert (played.rc, sim.log(system="xclarity")) == (0, [])
