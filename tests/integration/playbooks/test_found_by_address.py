# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles that find the server of a host by the address of its management controller: always the one that has this address now."""

from __future__ import annotations

from typing import Any

import hosts_of_a_play as plays
import pytest
from harness import Harness, Played

IMAGE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
ONE, TWO = "B" * 32, "C" * 32
AT_ONE, AT_TWO = "192.0.2.71", "192.0.2.72"
NODES = [{"uuid": ONE, "name": "one", "ip": AT_ONE}, {"uuid": TWO, "name": "two", "ip": AT_TWO}]
ROLES = ("update_firmware", "deploy_pattern", "deploy_os")
WANTED = {
    "update_firmware_policy": "production", "update_firmware_activation": "immediate", "xclarity_pattern": "web",
    "deploy_pattern_restart": "immediate", "xclarity_image": IMAGE, "deploy_os_confirm": True,
    "manage_nodes_stored_credential": "3401", "manage_nodes_managed_authentication": False,
    **{f"{role}_poll_interval": 0.1 for role in (*ROLES, "manage_nodes")},
}  # fmt: skip


def use(role: str, loop: list[str] | None = None, **variables: Any) -> dict[str, Any]:
    """A task that uses the role. loop: addresses, one after the other."""
    task = {"name": "Use the role", "ansible.builtin.include_role": {"name": f"groundwork.provision.{role}"}, "vars": variables}
    return {**task, "loop": loop, "vars": {**variables, "manage_nodes_address": "{{ item }}"}} if loop else task


def play(harness: Harness, *tasks: dict[str, Any], check: bool = False, keywords: dict[str, Any] | None = None, **variables: Any) -> Played:
    """The tasks on one host that every use has in common."""
    here = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
    book = [{"name": "Test", "hosts": "all", "gather_facts": False, **(keywords or {}), "tasks": list(tasks)}]
    return plays.play(harness, here, book, *(["--check"] if check else []), **{**WANTED, **variables})


def treated(sim: Any, role: str, system: str = "xclarity") -> set[str]:
    """The servers for which the role has done something."""
    state = sim.state(system)
    return {
        "update_firmware": {uuid for uuid, policy in state["firmware"]["assigned"].items() if policy == "production"} & {ONE, TWO},
        "deploy_pattern": {profile["target"] for profile in state["profiles"].values()} & {ONE, TWO},
        "deploy_os": set(state["deployments"]["deployed"]),
    }[role]


def changing(sim: Any, system: str = "") -> list[str]:
    return [entry["path"] for entry in sim.log(since=0, system=system, changing=True)]


def words(played: Played) -> str:
    return " ".join(played.output.split())


@pytest.mark.parametrize("role", ROLES)
def test_each_address_of_a_loop_is_its_own_server(sim, harness, role):
    sim.seed(xclarity={"nodes": NODES})
    played = play(harness, use(role, [AT_ONE, AT_TWO]))
    assert (played.rc, treated(sim, role)) == (0, {ONE, TWO}), played.output


@pytest.mark.parametrize("check", [True, False])
def test_an_address_of_a_loop_at_which_nothing_is_managed(sim, harness, check):
    """Not the server of the address before it, also where the play ignores failures."""
    sim.seed(xclarity={"nodes": NODES[:1]})
    played = play(harness, use("deploy_os", [AT_ONE, AT_TWO]), check=check, keywords={"ignore_errors": True})
    assert played.rc == 0, played.output
    assert len(changing(sim)) == (0 if check else 1), played.output
    if check:
        assert f"the installation of {IMAGE}: no server is managed at {AT_TWO} yet" in words(played)
        assert played.output.count("/hostPlatforms") == 1, played.output
    else:
        assert f"No server is managed at {AT_TWO}, so " in words(played)


@pytest.mark.parametrize("role", ROLES)
def test_what_another_appliance_told_of_an_address_does_not_count(sim, harness, role):
    """There the server of this address has another place: it is not the one to work on."""
    data = {"policies": [{"name": "production"}], "patterns": [{"id": "60", "name": "web"}],
            "os_images": [{"id": "rhels9.4", "osrelease": "rhels9.4", "profiles": [{"id": IMAGE}]}]}  # fmt: skip
    sim.seed(xclarity={"nodes": NODES[:1]})
    moved = [{"uuid": ONE, "name": "one", "ip": "192.0.2.79"}, {"uuid": TWO, "name": "two", "ip": AT_ONE}]
    sim.seed(xclarity_target={"nodes": moved, **data})
    there = sim.ready["xclarity_target"]
    played = play(harness, use("manage_nodes"), use(role, xclarity_endpoint=there), manage_nodes_address=AT_ONE)
    assert played.rc == 0, played.output
    assert changing(sim, "xclarity") == []
    assert treated(sim, role, "xclarity_target") == {TWO}


@pytest.mark.parametrize("state", ["present", "absent"])
def test_another_server_at_the_address_of_a_host_whose_uuid_is_known_is_left_alone(sim, harness, state):
    """Two sites use one address, and the connection is to the other one."""
    sim.seed(xclarity={"nodes": NODES[:1]})
    played = play(harness, use("manage_nodes", manage_nodes_state=state), manage_nodes_address=AT_ONE, xclarity_uuid=TWO)
    assert (played.rc, changing(sim)) == (2, []), played.output
    assert '"code": "uuid_differs"' in played.output
    played = play(harness, use("manage_nodes", manage_nodes_state=state), manage_nodes_address=AT_ONE, xclarity_uuid=ONE.lower())
    assert (played.rc, len(changing(sim))) == (0, int(state == "absent")), played.output


def test_a_server_that_was_given_up_is_not_known_any_more(sim, harness):
    sim.seed(xclarity={"nodes": NODES[:1]})
    gone = use("manage_nodes", manage_nodes_state="absent")
    played = play(harness, use("manage_nodes"), gone, use("deploy_os"), manage_nodes_address=AT_ONE)
    assert (played.rc, treated(sim, "deploy_os")) == (2, set()), played.output
    assert '"code": "node_unmanaged"' in played.output


@pytest.mark.parametrize("role", ROLES)
def test_a_name_that_looks_like_the_address_is_no_address(sim, harness, role):
    sim.seed(xclarity={"nodes": [{"uuid": ONE, "name": AT_TWO, "ip": AT_ONE}]})
    played = play(harness, use(role), manage_nodes_address=AT_TWO)
    assert (played.rc, changing(sim)) == (2, []), played.output
    assert '"code": "node_unmanaged"' in played.output


def test_an_address_in_any_spelling(sim, harness):
    sim.seed(xclarity={"nodes": [NODES[0], {"uuid": TWO, "name": "two", "attributes": {"ipv6Addresses": ["2001:db8::10"]}}]})
    played = play(harness, use("deploy_os", [f"::ffff:{AT_ONE}", " 2001:0DB8:0::0010 "]))
    assert (played.rc, treated(sim, "deploy_os")) == (0, {ONE, TWO}), played.output


@pytest.mark.parametrize(("address", "code"), [("fe80::1", "config_address"), ("one", "config_address"), (AT_ONE, "node_ambiguous")])
def test_what_tells_no_single_server_is_refused(sim, harness, address, code):
    """Also in check mode: a real run cannot take it over first."""
    sim.seed(xclarity={"nodes": [NODES[0], {**NODES[1], "ip": AT_ONE}]})
    played = play(harness, use("deploy_os"), check=True, manage_nodes_address=address)
    assert (played.rc, changing(sim)) == (2, []), played.output
    assert f'"code": "{code}"' in played.output
