# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles define_cluster_profiles and run_cluster and their playbooks: from a directory of specs to a cluster in the real service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from plays import Player
from real_cloud import Account

DEMO_INVENTORY = Path(__file__).resolve().parent.parent / "demo" / "inventory"
WHOLE = ["groundwork.provision.provision", "--tags", "define_cluster_profiles", "-i", str(DEMO_INVENTORY)]
ALONE = ["groundwork.provision.define_cluster_profiles"]


def changed(output: str) -> int:
    return sum(int(number) for number in re.findall(r"\bchanged=(\d+)", output))


@pytest.mark.parametrize("book", [ALONE, WHOLE], ids=["its-own-playbook", "provision"])
def test_a_directory_of_specs_becomes_profiles(
    play: Player, alone: Account, heat_spec: dict[str, Any], nova_spec: dict[str, Any], book: list[str]
) -> None:
    """Check mode makes nothing; then one profile a file; then nothing; a changed spec is refused, then replaced."""
    folder = play.folder / "specs"
    folder.mkdir()
    (folder / "stack.json").write_text(json.dumps(heat_spec))
    (folder / "web.yml").write_text(yaml.safe_dump({**nova_spec, "version": 1.0}))
    variables = {"openstack_auth": alone.login, "openstack_ca_path": alone.cloud.settings["ca"]}
    variables |= {"define_cluster_profiles_directory": str(folder), "define_cluster_profiles_metadata": {"by": "role"}}
    settings = play.folder / "settings.yml"
    settings.write_text(yaml.safe_dump(variables))
    command = [*book, "-e", f"@{settings}"]

    checked = play.playbook(*command, "--check", "--diff")
    assert "POST" in checked
    assert alone.profiles() == []

    assert changed(play.playbook(*command)) >= 1
    made = {profile["name"]: profile for profile in alone.profiles()}
    assert {name: profile["spec"] for name, profile in made.items()} == {
        "stack": heat_spec,
        "web": {**nova_spec, "version": 1.0},
    }
    assert {profile["metadata"]["by"] for profile in made.values()} == {"role"}

    assert changed(play.playbook(*command)) == 0
    assert {profile["name"]: profile for profile in alone.profiles()} == made

    other = {**heat_spec, "properties": {**heat_spec["properties"], "timeout": 7}}
    (folder / "stack.json").write_text(json.dumps(other))
    with pytest.raises(AssertionError, match="spec_differs"):
        play.playbook(*command)
    assert {profile["name"]: profile for profile in alone.profiles()} == made
    assert changed(play.playbook(*command, "-e", "define_cluster_profiles_on_spec_change=replace")) >= 1
    now = {profile["name"]: profile for profile in alone.profiles()}
    assert (now["stack"]["spec"], now["web"]) == (other, made["web"])
    assert len(alone.profiles()) == 2


def test_a_directory_of_specs_becomes_a_cluster(play: Player, alone: Account, nova_spec: dict[str, Any], name: str) -> None:
    """The profiles are handed on to the cluster, which is scaled and given another profile by its variables, healed and torn down.
    The second run of each sends nothing that starts an action."""
    folder = play.folder / "specs"
    folder.mkdir()
    settings = play.folder / "settings.yml"
    policy = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
    variables: dict[str, Any] = {
        "openstack_auth": alone.login,
        "openstack_ca_path": alone.cloud.settings["ca"],
        "define_cluster_profiles_directory": str(folder),
        "define_cluster_profiles_on_spec_change": "replace",
        "run_cluster_name": name,
        "run_cluster_profile": "web",
        "run_cluster_desired_capacity": 2,
        "run_cluster_policies": [{"name": "oldest", "spec": policy}],
        "run_cluster_receivers": [{"name": "more", "action": "CLUSTER_SCALE_OUT", "params": {"count": 1}}],
        "run_cluster_healthy": True,
        "run_cluster_poll_interval": 0.3,
    }

    def run(spec: dict[str, Any], *arguments: str, **changes: Any) -> tuple[int, list[str]]:
        """How much changed, and the actions that the service got."""
        (folder / "web.yml").write_text(yaml.safe_dump(spec))
        variables.update(changes)
        settings.write_text(yaml.safe_dump(variables))
        before = {one["id"] for one in alone.actions()}
        tags = "define_cluster_profiles,run_cluster"
        count = changed(play.playbook(WHOLE[0], "--tags", tags, "-i", str(DEMO_INVENTORY), "-e", f"@{settings}", *arguments))
        return count, sorted(one["action"] for one in alone.actions() if one["id"] not in before)

    run(nova_spec, "--check")
    assert (alone.profiles(), alone.clusters()) == ([], [])
    assert run(nova_spec)[1] == ["CLUSTER_ATTACH_POLICY", "CLUSTER_CREATE"]
    url = alone.listing("receivers")[0]["channel"]["alarm_url"]
    assert url not in play.output
    assert run(nova_spec) == (0, [])
    (profile,) = alone.profiles()
    assert {node["profile_id"] for node in alone.nodes()} == {profile["id"]}

    alone.cloud.orders(gone=[alone.nodes()[0]["physical_id"]])
    assert run(nova_spec, run_cluster_desired_capacity=3)[1] == ["CLUSTER_RECOVER", "CLUSTER_RESIZE"]
    alone.cloud.orders()

    other = {**nova_spec, "properties": {**nova_spec["properties"], "name": f"{name}-other"}}
    assert run(other)[1] == ["CLUSTER_UPDATE"]
    now = {one["id"] for one in alone.profiles()} - {profile["id"]}
    assert {node["profile_id"] for node in alone.nodes()} == now
    assert run(other)[1] == []
    assert {one["id"] for one in alone.profiles()} == now  # the old profile goes as soon as nothing has it
    assert run(other) == (0, [])

    assert run(other, run_cluster_state="absent")[1] == ["CLUSTER_DELETE"]
    assert run(other) == (0, [])
    assert (alone.clusters(), alone.nodes(), alone.listing("policies"), alone.listing("receivers")) == ([], [], [], [])
