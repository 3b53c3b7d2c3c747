# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection openstack.cloud: its general module resource against the simulated Senlin, beside ours in the same situations.

The first half shows that the simulator is what that module expects; the second shows its defects, which ours has not.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import CLIENTS
from harness import Harness, Result

from simulator.client import Control

SPEC: dict[str, Any] = {
    "type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2016-10-14"}},
}  # fmt: skip
HOME = CLIENTS / "openstack.cloud"


@pytest.fixture
def resource(sim: Control, tmp_path: Path) -> Callable[..., list[Result]]:
    """resource(task, ...): what openstack.cloud.resource answers to each, in one play of an Ansible of its own."""

    def resource(*tasks: dict[str, Any], user: str = "demo", check: bool = False) -> list[Result]:
        auth = {
            "auth_url": sim.ready["keystone"], "username": user, "password": f"{user}pw", "project_name": user,
            "user_domain_name": "Default", "project_domain_name": "Default",
        }  # fmt: skip
        connection = {"auth": auth, "ca_cert": sim.ready["ca"], "region_name": "RegionOne", "service": "clustering", "type": "profile"}
        results = tmp_path / "results.json"
        steps = []
        for number, task in enumerate(tasks):
            steps.append({"openstack.cloud.resource": {**connection, **task}, "register": f"answer{number}", "ignore_errors": True})
        answers = "{{ [" + ", ".join(f"answer{number}" for number in range(len(tasks))) + "] | to_json }}"
        steps.append({
            "ansible.builtin.copy": {"content": answers, "dest": str(results), "mode": "0600"}, "check_mode": False, "diff": False,
        })  # fmt: skip
        play = [{
            "hosts": "localhost", "gather_facts": False, "tasks": steps,
            "vars": {"ansible_python_interpreter": str(HOME / "bin" / "python")},
        }]  # fmt: skip
        playbook = tmp_path / "resource.yml"
        playbook.write_text(yaml.safe_dump(play), encoding="utf-8")
        environment = {
            "PATH": f"{HOME / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(HOME / "collections"), "ANSIBLE_LOCALHOST_WARNING": "false",
        }  # fmt: skip
        command = [str(HOME / "bin" / "ansible-playbook"), "-i", "localhost,", "-c", "local", str(playbook)]
        done = subprocess.run(
            [*command, *(["--check"] if check else [])], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True
        )
        assert results.exists(), done.stdout + done.stderr
        return [Result(one) for one in json.loads(results.read_text(encoding="utf-8"))]

    return resource


def wanted(name: str, **more: Any) -> dict[str, Any]:
    return {"attributes": {"name": name, "spec": SPEC, **more}}


def profiles(sim: Control) -> dict[str, str]:
    """Id and name of each profile that the service holds."""
    return {one["id"]: one["name"] for one in sim.state("clustering")["profiles"]}


def test_life_of_a_profile(sim: Control, resource: Callable[..., list[Result]]) -> None:
    made, again, tagged, gone, gone_again = resource(
        wanted("net"), wanted("net"), wanted("net", metadata={"owner": "ops"}),
        {"attributes": {"name": "net"}, "state": "absent"}, {"attributes": {"name": "net"}, "state": "absent"},
    )  # fmt: skip
    results = [made, again, tagged, gone, gone_again]
    assert [one.failed for one in results] == [False] * 5, results
    assert [one["changed"] for one in results] == [True, False, True, True, False]
    assert "net" not in profiles(sim).values()


def test_ours_and_theirs_agree_on_the_same_profile(sim: Control, resource: Callable[..., list[Result]], run_module: Any) -> None:
    (made,) = resource(wanted("net"))
    ours = run_module("cluster_profile", {"name": "net", "spec": SPEC})
    assert (ours.failed, ours["changed"], ours["profile"]["id"]) == (False, False, made["resource"]["id"])


# -- what it does wrong ------------------------------------------------------------------------------------------------


def test_a_numeric_version_fails_on_its_second_run_and_not_on_ours(
    sim: Control, resource: Callable[..., list[Result]], run_module: Any
) -> None:
    """The service stores what it was sent; "1.0" then differs from 1.0, and a spec cannot be changed."""
    number = {**SPEC, "version": 1.0}
    for name, first, second in (("ours", number, SPEC), ("ours", SPEC, number)):
        assert run_module("cluster_profile", {"name": name, "spec": first}).failed is False
        again = run_module("cluster_profile", {"name": name, "spec": second})
        assert (again.failed, again["changed"]) == (False, False)
    # A number in a playbook arrives at the service as a number, a text as a text: who made it first is not always asked.
    made, again = resource({"attributes": {"name": "theirs", "spec": number}}, wanted("theirs"))
    assert (made.failed, again.failed) == (False, True)
    assert "spec" in json.dumps(again)


def test_as_admin_it_takes_and_deletes_another_projects_profile_and_ours_does_not(
    sim: Control, harness: Harness, resource: Callable[..., list[Result]], run_module: Any
) -> None:
    theirs = run_module("cluster_profile", {"name": "shared", "spec": SPEC})["profile"]["id"]
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    # Ours makes a profile in its own project, and deletes that one.
    own = run_module("cluster_profile", {"auth": auth, "name": "shared", "spec": SPEC})
    assert own["changed"] is True
    assert run_module("cluster_profile", {"auth": auth, "name": "shared", "state": "absent"})["changed"] is True
    assert theirs in profiles(sim)
    assert own["profile"]["id"] not in profiles(sim)
    # Theirs says that the other project's profile is what was wanted, and deletes it.
    found, deleted = resource(wanted("shared"), {"attributes": {"name": "shared"}, "state": "absent"}, user="admin")
    assert (found.failed, found["changed"], found["resource"]["id"]) == (False, False, theirs)
    assert (deleted.failed, deleted["changed"]) == (False, True)
    assert theirs not in profiles(sim)


def test_its_check_mode_promises_a_spec_that_the_service_refuses_and_ours_does_not(
    resource: Callable[..., list[Result]], run_module: Any
) -> None:
    bad = {**SPEC, "properties": {"no_such_property": 1}}
    (theirs,) = resource({"attributes": {"name": "bad", "spec": bad}}, check=True)
    assert (theirs.failed, theirs["changed"]) == (False, True)
    assert run_module("cluster_profile", {"name": "bad", "spec": bad}, check=True).failed is True
