# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keyword check_mode counts for a role as --check does, wherever it stands, and for more than --check where it is false.

The variable ansible_check_mode tells of --check only. A role that asks it believes, under the keyword, that its tasks have done what they
have only planned.
"""

from __future__ import annotations

import re
from typing import Any

import hosts_of_a_play as plays
import pytest
from playbook_output import shown
from role_runs import in_use
from test_hardware_roles import UUIDS
from test_role_variables import NEEDED, needed
from test_run_cluster import OTHER, WEB

HERE = {"localhost": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}}
# What more than NEEDED a role is tried with: a name, the role, its variables one after the other, and with which it has run before.
MORE: list[tuple[str, str, list[dict[str, Any]], dict[str, Any] | None]] = [
    ("a cluster that is there", "run_cluster",
     [{**WEB, "run_cluster_profile_spec": OTHER, "run_cluster_healthy": True}, {**WEB, "run_cluster_state": "absent"}], WEB),
    ("an update with a restart", "update_firmware",
     [{"update_firmware_node": UUIDS["web-03"], "update_firmware_activation": "delayed", "update_firmware_restart": True,
       "update_firmware_drain": "drain", "update_firmware_undrain": "undrain"}], None),
    ("a server that is still to be taken over", "deploy_pattern",
     [{"manage_nodes_address": "192.0.2.121", "deploy_pattern_pattern": "web", "deploy_pattern_restart": "pending"}], None),
]  # fmt: skip
CASES = [(role, role, [needed(role)], None) for role in NEEDED] + MORE


def quick(role: str) -> dict[str, Any]:
    return {f"{role}_poll_interval": 0.05, f"{role}_wait_timeout": 1}


def use(role: str, check_mode: bool | None = None, block: bool = False) -> dict[str, Any]:
    """A play with the role; the keyword stands on the play, or on a block around the role."""
    keyword = {} if check_mode is None else {"check_mode": check_mode}
    tasks = plays.use("include_role", f"groundwork.provision.{role}")["tasks"]
    tasks = [{"name": "Around it", "block": tasks, **keyword}] if block else tasks
    return {"name": "Test", "hosts": "all", "gather_facts": False, **({} if block else keyword), "tasks": tasks}


def requests(sim: Any, since: int) -> list[tuple[str, str]]:
    """All of them but those of sessions, of which one may serve several tasks."""
    log = [(entry["method"], entry["path"]) for entry in sim.log(since=since)]
    return [(method, path) for method, path in log if "/sessions" not in path and "/auth/tokens" not in path]


@pytest.mark.parametrize("role, uses, before", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_keyword_counts_as_the_option_does(sim_with_specs, harness, drained, role, uses, before):
    """On the play and on a block, one after the other: the same requests, the same recap and the same plan as with --check."""
    if before is not None:
        assert plays.play(harness, HERE, [use(role)], **before, **{**quick(role), f"{role}_wait_timeout": 30}).rc == 0
    for given in uses:
        variables = {**given, **{key: drained[key] for key in drained if given.get(key)}, **quick(role)}
        since = sim_with_specs.last()
        checked = plays.play(harness, HERE, [use(role)], "--check", **variables)
        wanted, since = requests(sim_with_specs, since), sim_with_specs.last()
        assert checked.rc == 0, checked.output
        assert wanted, checked.output
        kept = plays.play(harness, HERE, [use(role, True), use(role, True, block=True)], **variables)
        assert kept.rc == 0, kept.output
        assert requests(sim_with_specs, since) == wanted * 2, kept.output
        assert shown(kept.output) == shown(checked.output) * 2, kept.output
        assert kept.recap == {key: number * 2 for key, number in checked.recap.items()}, kept.output
    assert in_use(harness, "localhost") == ""


def test_a_false_keyword_makes_it_a_real_run(sim, harness, drained):
    """Of update_firmware: drained, updated, restarted, waited for and in use again, with --check as without."""
    seen = []
    for host, arguments, keyword in (("web-03", [], None), ("db-01", ["--check"], False)):
        since = sim.last()
        mine = {host: {"xclarity_uuid": UUIDS[host]}}
        wanted = {**drained, **quick("update_firmware"), "update_firmware_wait_timeout": 30,
                  "update_firmware_activation": "delayed", "update_firmware_restart": True}  # fmt: skip
        played = plays.play(harness, mine, [use("update_firmware", keyword)], *arguments, **wanted)
        assert (played.rc, in_use(harness, host)) == (0, "in"), played.output
        changing = [(entry["method"], entry["path"].replace(UUIDS[host], "UUID")) for entry in sim.log(since=since, changing=True)]
        seen.append(([one for one in changing if "/sessions" not in one[1]], played.recap, shown(played.output)))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 2


def test_a_false_keyword_hands_on_what_a_real_run_does(sim, harness):
    """Of publish_os_image, which believed that the file was still to come."""
    book = use("publish_os_image", False)
    book["tasks"].append({"name": "Next step", "ansible.builtin.debug": {"msg": "handed on: {{ publish_os_image_sha256 }} end"}})
    wanted = {"publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder), **quick("publish_os_image")}
    played = plays.play(harness, HERE, [book], "--check", **{**wanted, "publish_os_image_wait_timeout": 30})
    assert played.rc == 0, played.output
    assert re.search("handed on: [0-9a-f]{64} end", played.output), played.output
    assert shown(played.output) == []


def test_the_keyword_may_differ_from_host_to_host(sim, harness, drained):
    """One is updated, the other one only looked at, in one wave."""
    hosts = {name: {"xclarity_uuid": uuid} for name, uuid in UUIDS.items()}
    book = {**use("update_firmware"), "check_mode": "{{ inventory_hostname == 'db-01' }}"}
    wanted = {**drained, **quick("update_firmware"), "update_firmware_wait_timeout": 30, "update_firmware_activation": "immediate"}
    played = plays.play(harness, hosts, [book], **wanted)
    assert played.rc == 0, played.output
    assert [in_use(harness, host) for host in ("web-03", "db-01")] == ["in", ""]
    assert (sim.state("xclarity")["firmware"]["updates"], len(shown(played.output))) == (1, 1)
    assert plays.recap(played)["db-01"]["changed"] == 1
