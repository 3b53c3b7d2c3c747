# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role run_cluster: from a profile to its webhooks, scaled and given another profile by its variables, and torn down."""

from __future__ import annotations

from typing import Any

import pytest
from playbook_output import shown
from test_roles import alone, changing

SPEC = {
    "type": "os.nova.server",
    "version": "1.0",
    "properties": {"name": "web", "flavor": "1", "image": "image", "networks": [{"network": "private"}]},
}
OTHER = {**SPEC, "properties": {**SPEC["properties"], "flavor": "2"}}
DELETION = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
WEB: dict[str, Any] = {
    "run_cluster_name": "web",
    "run_cluster_profile_spec": SPEC,
    "run_cluster_desired_capacity": 2,
    "run_cluster_policies": [{"name": "oldest", "spec": DELETION}],
    "run_cluster_receivers": [{"name": "more", "action": "CLUSTER_SCALE_OUT", "params": {"count": 1}}],
}


@pytest.fixture
def run(empty_sim, harness):
    """The role with these variables; what it changed, as the server saw it."""

    def go(*arguments: str, **variables: Any) -> Any:
        since = empty_sim.last()
        played = alone(harness, "run_cluster", *arguments, **variables)
        return played, [method for method, _path in changing(empty_sim, "clustering", since)]

    return go


def state(sim: Any) -> tuple[list[Any], ...]:
    now = sim.state("clustering")
    return tuple([one["name"] for one in now[kind]] for kind in ("profiles", "clusters", "policies", "receivers"))


def test_the_whole_life(empty_sim, run):
    checked, sent = run("--check", **WEB)
    assert (checked.rc, sent) == (0, []), checked.output
    (plan,) = shown(checked.output)
    assert [step["path"] for step in plan["planned_requests"]] == ["/v1/profiles", "/v1/policies"]
    assert plan["not_predictable"]

    made, sent = run(**WEB)
    assert (made.rc, sent) == (0, ["POST"] * 5), made.output
    assert state(empty_sim) == (["web"], ["web"], ["oldest"], ["more"])
    assert len(empty_sim.state("clustering")["nodes"]) == 2
    again, sent = run(**WEB)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output
    alarm = empty_sim.state("clustering")["receivers"][0]["channel"]["alarm_url"]
    assert alarm not in made.output + again.output

    grown, sent = run(**WEB | {"run_cluster_desired_capacity": 3})
    assert (grown.rc, sent, len(empty_sim.state("clustering")["nodes"])) == (0, ["POST"], 3), grown.output

    moved = WEB | {"run_cluster_desired_capacity": 3, "run_cluster_profile_spec": OTHER}
    played, sent = run(**moved)
    assert (played.rc, sent) == (0, ["POST", "PATCH", "DELETE"]), played.output
    now = empty_sim.state("clustering")
    assert [one["spec"] for one in now["profiles"]] == [OTHER]
    assert {node["profile_id"] for node in now["nodes"]} == {now["profiles"][0]["id"]}
    again, sent = run(**moved)
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output

    checked, sent = run("--check", **moved | {"run_cluster_state": "absent"})
    assert (checked.rc, sent) == (0, []), checked.output
    gone, sent = run(**moved | {"run_cluster_state": "absent"})
    assert (gone.rc, sent, state(empty_sim)) == (0, ["DELETE"] * 3, ([], [], [], [])), gone.output
    again, sent = run(**moved | {"run_cluster_state": "absent"})
    assert (again.rc, again.recap["changed"], sent) == (0, 0, []), again.output


def test_what_is_broken_is_made_anew(empty_sim, run):
    run(**WEB)
    victim = empty_sim.state("clustering")["nodes"][0]["physical_id"]
    empty_sim.action("clustering", "server_orders", gone=[victim])
    left, sent = run(**WEB)
    assert (left.rc, sent) == (0, [])
    healed, sent = run(**WEB | {"run_cluster_healthy": True})
    assert (healed.rc, sent) == (0, ["POST"]), healed.output
    assert victim not in {node["physical_id"] for node in empty_sim.state("clustering")["nodes"]}


def test_a_profile_that_is_there_and_empty_variables(empty_sim, run):
    """Empty is not set."""
    empty_sim.seed(clustering={"profiles": [{"name": "small", "project": "demo", "spec": SPEC}]})
    empty = {f"run_cluster_{key}": None for key in ("profile_spec", "desired_capacity", "min_size", "max_size", "metadata", "config")}
    played, sent = run(**empty, run_cluster_name="web", run_cluster_profile="small")
    assert (played.rc, sent, state(empty_sim)[1]) == (0, ["POST"], ["web"]), played.output
    missing, sent = run(run_cluster_name="db", run_cluster_profile="nope")
    assert (missing.rc != 0, sent) == (True, [])
    assert "there is no profile nope" in missing.output
