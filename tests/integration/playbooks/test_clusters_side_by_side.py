# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several hosts of a play, or several plays at once, that each work on one cluster: what is desired is sent once, by one of them."""

from __future__ import annotations

import concurrent.futures
import re
from typing import Any

import pytest
import yaml
from hosts_of_a_play import recap
from test_run_cluster import DELETION, OTHER, SPEC, WEB

HOSTS = ("h0", "h1", "h2")
BATCH = {"type": "senlin.policy.batch", "version": "1.0", "properties": {"max_batch_size": 1}}
YOUNGEST = {**DELETION, "properties": {"criteria": "YOUNGEST_FIRST"}}
MORE = {"name": "more", "cluster": "web", "action": "CLUSTER_SCALE_OUT"}
QUICK = {"poll_interval": 0.3, "wait_timeout": 60}
ROLE = {"name": "Run the cluster", "ansible.builtin.include_role": {"name": "groundwork.provision.run_cluster"}}


@pytest.fixture
def estate(empty_sim: Any) -> Any:
    """A cluster of two nodes, whose actions take a moment; two policies, one attached; a receiver; two profiles."""
    profiles = [{"name": name, "project": "demo", "spec": spec} for name, spec in (("small", SPEC), ("large", OTHER))]
    policies = [{"name": name, "project": "demo", "spec": spec} for name, spec in (("oldest", DELETION), ("batch", BATCH))]
    web = {"name": "web", "profile": "small", "project": "demo", "nodes": 2, "policies": ["oldest"]}
    empty_sim.seed(clustering={"profiles": profiles, "policies": policies, "clusters": [web]})
    empty_sim.switches("clustering", cluster_seconds=0.5, node_seconds=0.3)
    return empty_sim


def task(module: str, **options: Any) -> dict[str, Any]:
    """One that each host runs on the controller."""
    return {"name": f"Keep it with {module}", f"groundwork.provision.{module}": options, "delegate_to": "localhost"}


def play(harness: Any, tasks: list[dict[str, Any]], *arguments: str, file: str = "side", env: Any = None, **variables: Any) -> Any:
    """The tasks on three hosts at once."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory, book = harness.folder / f"{file}-hosts.yml", harness.folder / f"{file}.yml"
    everything = {"all": {"hosts": {host: dict(local) for host in HOSTS}, "vars": {"run_cluster_poll_interval": 0.3, **variables}}}
    inventory.write_text(yaml.safe_dump(everything), encoding="utf-8")
    book.write_text(yaml.safe_dump([{"name": "Test", "hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    return harness.playbook("-i", str(inventory), str(book), "--forks", "3", *arguments, **(env or {}))


def accepted(sim: Any, since: int = 0) -> list[str]:
    """What was accepted of the requests that change something: the method and the end of the path, or the action of the cluster."""
    found = []
    for entry in sim.log(since=since, system="clustering", changing=True):
        if entry["status"] < 300:
            action = re.match(r'\{"(\w+)"', entry["body"]) if entry["path"].endswith("/actions") else None
            found.append(action[1] if action else f"{entry['method']} {entry['path'].split('/')[2]}")
    return found


def changed(played: Any) -> list[int]:
    """How many tasks changed something on each host, the busiest first."""
    assert played.rc == 0, played.output
    return sorted((numbers["changed"] for numbers in recap(played).values()), reverse=True)


def test_the_role_on_several_hosts(empty_sim, harness):
    empty_sim.switches("clustering", cluster_seconds=0.5, node_seconds=0.3)
    made = play(harness, [ROLE], **WEB)
    assert accepted(empty_sim) == ["POST profiles", "POST policies", "POST clusters", "policy_attach", "POST receivers"], made.output
    assert sum(changed(made)) == 4, made.output
    since = empty_sim.last()
    more = WEB["run_cluster_policies"][0], {"name": "small-steps", "spec": BATCH}
    sizes = {"run_cluster_desired_capacity": 4, "run_cluster_max_size": 5}
    grown = play(harness, [ROLE], **WEB | sizes | {"run_cluster_policies": list(more)})
    assert accepted(empty_sim, since) == ["POST policies", "policy_attach", "resize"], grown.output
    assert sum(changed(grown)) == 2, grown.output
    since = empty_sim.last()
    moved = play(harness, [ROLE], **WEB | {"run_cluster_desired_capacity": 4, "run_cluster_profile_spec": OTHER})
    assert accepted(empty_sim, since) == ["POST profiles", "PATCH clusters", "DELETE profiles"], moved.output
    since = empty_sim.last()
    gone = play(harness, [ROLE], **WEB | {"run_cluster_state": "absent", "run_cluster_profile_spec": OTHER})
    assert accepted(empty_sim, since) == ["DELETE clusters", "DELETE policies", "DELETE profiles"], gone.output
    assert sum(changed(gone)) == 3


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "cluster": (
        task("cluster", name="web", desired_capacity=3, max_size=5, policies=["batch"], metadata={"a": 1}, **QUICK),
        ["policy_attach", "PATCH clusters", "resize"],
    ),
    "a new cluster": (
        task("cluster", name="new", profile="small", desired_capacity=1, policies=["batch"], **QUICK), ["POST clusters", "policy_attach"],
    ),
    "absent": (task("cluster", name="web", state="absent", **QUICK), ["DELETE clusters"]),
    "attached": (task("cluster_policy_binding", cluster="web", policy="batch", **QUICK), ["policy_attach"]),
    "detached": (task("cluster_policy_binding", cluster="web", policy="oldest", state="detached", **QUICK), ["policy_detach"]),
    "disabled": (task("cluster_policy_binding", cluster="web", policy="oldest", enabled=False, **QUICK), ["policy_update"]),
    "a node": (
        task("cluster_node", name="leader", profile="small", cluster="web", role="leader", **QUICK),
        ["POST nodes", "add_nodes", "PATCH nodes"],
    ),
    "a policy in the place of another": (
        task("cluster_policy", name="oldest", spec=YOUNGEST, on_spec_change="replace", **QUICK),
        ["POST policies", "policy_detach", "policy_attach", "DELETE policies"],
    ),
    "a receiver": (task("cluster_receiver", **MORE, params={"count": 1}), ["POST receivers"]),
    "a profile in the place of another": (
        task("cluster_profile", name="large", spec={**SPEC, "version": "1.0", "properties": {**SPEC["properties"], "name": "z"}},
             on_spec_change="replace"),
        ["POST profiles", "DELETE profiles"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_host_does_it_and_the_others_find_it_done(estate, harness, case):
    one, requests = CASES[case]
    played = play(harness, [one])
    assert accepted(estate) == requests, played.output
    assert changed(played) == [1, 0, 0], played.output


def test_a_receiver_with_other_parameters(estate, harness):
    """It is deleted and made anew; in between nobody finds that there is none."""
    play(harness, [task("cluster_receiver", **MORE, params={"count": 1})])
    since = estate.last()
    played = play(harness, [task("cluster_receiver", **MORE, params={"count": 2})])
    assert accepted(estate, since) == ["DELETE receivers", "POST receivers"], played.output
    assert changed(played) == [1, 0, 0]


def test_a_cancel(estate, harness):
    estate.switches("clustering", cluster_seconds=30.0, node_seconds=3.0)
    begun = play(harness, [task("cluster", name="web", desired_capacity=3, wait=False)], "--limit", "h0")
    assert begun.rc == 0, begun.output
    ident = estate.state("clustering")["actions"][0]["id"]
    since = estate.last()
    played = play(harness, [task("cluster_action", id=ident, state="cancelled", **QUICK)])
    assert accepted(estate, since) == ["PATCH actions"], played.output
    assert changed(played) == [1, 0, 0]


def test_healthy(estate, harness):
    victim = estate.state("clustering")["nodes"][0]["physical_id"]
    estate.action("clustering", "server_orders", gone=[victim])
    played = play(harness, [task("cluster", name="web", state="healthy", **QUICK)])
    assert accepted(estate) == ["recover"], played.output
    assert changed(played) == [1, 0, 0]


def test_the_first_does_not_wait(estate, harness):
    """Whoever comes next waits for the action that is under way."""
    played = play(harness, [task("cluster", name="web", desired_capacity=3, wait=False, **QUICK)])
    assert accepted(estate) == ["resize"], played.output
    assert changed(played) == [1, 0, 0]
    since = estate.last()
    played = play(harness, [task("cluster_policy_binding", cluster="web", policy="batch", wait=False, **QUICK)])
    assert accepted(estate, since) == ["policy_attach"], played.output
    assert changed(played) == [1, 0, 0]


def test_a_cluster_and_its_binding_at_once(estate, harness):
    """Two modules that ask for the same."""
    cluster = task("cluster", name="web", desired_capacity=3, policies=["batch"], **QUICK) | {"when": "inventory_hostname == 'h0'"}
    binding = task("cluster_policy_binding", cluster="web", policy="batch", **QUICK) | {"when": "inventory_hostname != 'h0'"}
    book = [{"name": "Both", "block": [cluster, binding]}]
    played = play(harness, book, env={"ANSIBLE_STRATEGY": "free"})
    assert sorted(accepted(estate)) == ["policy_attach", "resize"], played.output


@pytest.mark.parametrize("shared", [True, False])
def test_plays_side_by_side(estate, harness, shared):
    """Of one user, and of two control nodes, which know of each other by what the service refuses."""
    one = [task("cluster", name="web", desired_capacity=3, max_size=5, policies=["batch"], **QUICK)]

    def run(number: int) -> Any:
        env = {} if shared else {"GROUNDWORK_STATE_DIR": str(harness.folder / f"state-{number}")}
        return play(harness, one, "--limit", "h0", file=f"play-{number}", env=env)

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        played = list(pool.map(run, range(3)))
    assert sorted(accepted(estate)) == ["policy_attach", "resize"], "\n".join(one.output for one in played)
    assert all(one.rc == 0 for one in played)
    if shared:
        assert sorted(one.recap["changed"] for one in played) == [0, 0, 1]
