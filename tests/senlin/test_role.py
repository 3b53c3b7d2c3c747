# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role define_cluster_profiles and its playbooks, from a directory of specs to profiles in the real service."""

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
