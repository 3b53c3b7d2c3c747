# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every role: a variable that is empty is not set, and nothing on the controller becomes, wherever that is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hosts_of_a_play import NO_BECOME
from role_runs import SPEC, alone

ROLES = Path(__file__).resolve().parents[3] / "roles"
SERVER = "0A10000000000000000000000000000C"
# What each role cannot do without.
NEEDED = {
    "acquire_servers": {"wanted": [{"properties": {"Datacenter": "oslo", "Size": "m"}, "count": 1}]},
    "activate_profiles": {"profile": "web-03", "target": SERVER, "restart": "immediate"},
    "define_cluster_profiles": {"directory": "{{ playbook_dir }}/specs"},
    "deploy_os": {"node": SERVER, "image": "rhels9.4|rhels9.4-x86_64-install-web_gold", "confirm": True},
    "deploy_pattern": {"node": SERVER, "pattern": "web", "restart": "pending"},
    "manage_nodes": {"address": "192.0.2.121", "stored_credential": "3401", "managed_authentication": False},
    "protect_manager": {"passphrase": "Backup-demo", "destination": "/mnt/backups"},
    "publish_os_image": {"profile": "web_gold", "dest": "{{ playbook_dir }}"},
    "release_servers": {"hostnames": ["oslo-l1.example.net"]},
    "run_cluster": {"name": "web", "profile_spec": SPEC},
    "update_firmware": {"node": SERVER, "activation": "immediate"},
}


def needed(role: str) -> dict[str, object]:
    return {f"{role}_{name}": value for name, value in NEEDED[role].items()}


def documented(role: str) -> list[str]:
    told = yaml.safe_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return list(told["argument_specs"]["main"]["options"])


def test_every_role_is_here():
    assert sorted(path.name for path in ROLES.iterdir()) == sorted(NEEDED)


@pytest.mark.parametrize("value", ["", None], ids=["empty", "null"])
@pytest.mark.parametrize("role", NEEDED)
def test_an_empty_variable_is_not_set(sim_with_specs, harness, role, value):
    """Each documented variable that the role can do without, as a survey sends it; where the server is stands in the environment."""
    empty = dict.fromkeys(set(documented(role)) - set(needed(role)), value)
    assert len(empty) >= 6
    played = alone(harness, role, "-e", json.dumps(empty), **needed(role))
    assert played.rc == 0, played.output
    assert sim_with_specs.log(), "no server was asked"


@pytest.mark.parametrize("role, in_process", [*((role, "1") for role in NEEDED), ("manage_nodes", "0"), ("run_cluster", "0")])
def test_module_defaults_count_for_more_than_the_environment(sim_with_specs, harness, role, in_process):
    """Where they name a server, a role goes nowhere else: the environment names one of another estate."""
    ready = harness.control.ready
    defaults = {
        "group/groundwork.provision.xclarity": {"endpoint": ready["xclarity"]},
        "group/groundwork.provision.ops_manager": {"endpoint": ready["ops_manager"]},
        "group/groundwork.provision.openstack": {
            "ca_path": ready["ca"],
            "auth": {
                "auth_url": ready["keystone"], "username": "demo", "password": "demopw", "project_name": "demo",
                "user_domain_name": "Default", "project_domain_name": "Default",
            },
        },
    }  # fmt: skip
    elsewhere = "https://127.0.0.1:9"
    env = {"XCLARITY_ENDPOINT": elsewhere, "OPS_MANAGER_ENDPOINT": elsewhere, "OS_AUTH_URL": elsewhere, "GROUNDWORK_IN_PROCESS": in_process}
    played = alone(harness, role, play={"module_defaults": defaults}, env=env, **needed(role))
    assert played.rc == 0, played.output
    assert sim_with_specs.log(), "no server was asked"


@pytest.mark.parametrize("value", ["", None], ids=["empty", "null"])
@pytest.mark.parametrize("role", NEEDED)
def test_what_a_role_cannot_do_without_is_asked_for(sim_with_specs, harness, role, value):
    """All of its variables are empty: nothing is done, and nothing ends in an error of Ansible's own that nobody understands."""
    empty = dict.fromkeys([name for name in documented(role) if name.startswith(role)], value)
    played = alone(harness, role, "-e", json.dumps(empty))
    assert [entry for entry in sim_with_specs.log(changing=True) if entry["path"] != "/sessions"] == []
    for word in ("Traceback", "has no len", "object of type", "Unexpected failure", "undefined"):
        assert word not in played.output, played.output


BECOME = [(role, where) for role in NEEDED for where in ("variable", "option", "extra")]
# It looks at the file with ansible.builtin.stat, for which a variable of the command line counts as for every task.
BECOME.remove(("publish_os_image", "extra"))


@pytest.mark.parametrize("role, where", BECOME)
def test_nothing_becomes(sim_with_specs, harness, role, where):
    arguments = {"variable": [], "option": ["-b"], "extra": ["-e", "ansible_become=true"]}[where]
    given = {**needed(role), **NO_BECOME, **({"ansible_become": True} if where == "variable" else {})}
    played = alone(harness, role, *arguments, **given)
    assert played.rc == 0, played.output


# A number that every module refuses, and some mistakes that only one role can have.
WRONG = [
    *(
        (role, {"poll_interval": -1}, f"poll_interval comes from {role}_poll_interval")
        for role in NEEDED
        if role != "define_cluster_profiles"
    ),
    ("deploy_pattern", {"restart": ""}, "restart comes from deploy_pattern_restart"),
    ("deploy_os", {"network": {"ip_address": "nonsense"}}, "network comes from deploy_os_network"),
    ("manage_nodes", {"managed_authentication": "maybe"}, "managed_authentication comes from manage_nodes_managed_authentication"),
    ("deploy_os", {"network": "192.0.2.9/24"}, "argument 'network' is no dictionary. Nothing was changed. Correct it and run again."),
    ("publish_os_image", {"dest": "images"}, "dest comes from publish_os_image_dest"),
    ("update_firmware", {"wait_timeout": "abc"}, "wait_timeout comes from update_firmware_wait_timeout"),
]


@pytest.mark.parametrize("in_process", ["1", "0"])
@pytest.mark.parametrize("role, given, told", WRONG)
def test_what_a_module_refuses_is_told_with_the_variable_of_the_role(sim_with_specs, harness, role, given, told, in_process):
    wrong = {f"{role}_{name}": value for name, value in given.items()}
    played = alone(harness, role, "-e", json.dumps(wrong), env={"GROUNDWORK_IN_PROCESS": in_process}, **needed(role))
    assert played.rc == 2, played.output
    assert told in " ".join(played.output.split())


@pytest.mark.parametrize("role", ["manage_nodes", "activate_profiles"])
@pytest.mark.parametrize("env", [{"XCLARITY_CA_PATH": "/nonexist"}, {"XCLARITY_ENDPOINT": "127.0.0.1"}, {"XCLARITY_PASSWORD": ""}])
def test_what_comes_from_the_environment_is_not_told_to_come_from_a_variable(sim_with_specs, harness, role, env):
    played = alone(harness, role, env=env, **needed(role))
    assert played.rc == 2, played.output
    assert "comes from xclarity_" not in played.output
    played = alone(harness, role, env=env, xclarity_ca_path="/nowhere", **needed(role))
    assert "ca_path comes from xclarity_ca_path" in " ".join(played.output.split()) or "ca_path" not in played.output
