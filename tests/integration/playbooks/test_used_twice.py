# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role that is used twice in one play hands on what belongs to the second use, or nothing, and not what the first one has left."""

from __future__ import annotations

import pytest
from playbook_output import PASSPHRASE
from role_runs import alone
from test_run_cluster import WEB


def again(role, shown, **variables):
    """The tasks after the first use: another one, and what the role hands on."""
    use = {"name": "Use it again", "ansible.builtin.include_role": {"name": f"groundwork.provision.{role}"}, "vars": variables}
    return [use, {"name": "Next step", "ansible.builtin.debug": {"msg": f"handed on: {shown} end"}}]


@pytest.mark.parametrize("check", [True, False])
def test_a_cluster_that_is_torn_down_or_still_to_be_made(empty_sim, harness, check):
    assert alone(harness, "run_cluster", **WEB).rc == 0
    second = {"run_cluster_name": "other", "run_cluster_policies": [{"name": "newest", "spec": WEB["run_cluster_policies"][0]["spec"]}]}
    after = again("run_cluster", "{{ run_cluster_result }}", **(second if check else {
        "run_cluster_state": "absent", "run_cluster_name": "{{ run_cluster_result.cluster.name }}"}))  # fmt: skip
    played = alone(harness, "run_cluster", *(["--check"] if check else []), after=after, **WEB)
    assert played.rc == 0, played.output
    assert "handed on: {'cluster': None, 'nodes': []} end" in played.output
    assert ("web" in str(empty_sim.state("clustering")["clusters"])) is check


def test_an_image_that_is_still_to_come(sim, harness):
    variables = {"publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder)}
    assert alone(harness, "publish_os_image", **variables).rc == 0
    (harness.folder / "other").mkdir()
    after = again("publish_os_image", "{{ publish_os_image_file }}, {{ publish_os_image_sha256 }}",
                  publish_os_image_dest=str(harness.folder / "other"))  # fmt: skip
    played = alone(harness, "publish_os_image", "--check", after=after, **variables)
    assert played.rc == 0, played.output
    assert "handed on: ,  end" in played.output


def test_a_backup_that_is_still_to_be_made(sim, harness):
    variables = {"protect_manager_passphrase": PASSPHRASE, "protect_manager_destination": "/mnt/backups"}
    variables |= {"protect_manager_label": "groundwork-1"}
    assert alone(harness, "protect_manager", **variables).rc == 0
    after = again("protect_manager", "{{ protect_manager_backup }}", protect_manager_label="groundwork-2")
    played = alone(harness, "protect_manager", "--check", after=after, **variables)
    assert played.rc == 0, played.output
    assert "handed on: {} end" in played.output
