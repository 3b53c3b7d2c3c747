# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role activate_profiles however it is called: each host gets what it asks for or fails, once, and is told truly."""

from __future__ import annotations

import hosts_of_a_play as plays
import pytest

FAR = "0B20000000000000000000000000000{}"
NEAR = {f"web-0{n}": {"xclarity_profile": f"web-0{n}", "xclarity_target": f"0A1000000000000000000000000000{n + 9:02X}"} for n in (1, 2, 3)}


@pytest.fixture
def estate(sim):
    """Two appliances: web-01 to web-03 of the demo estate, far-01 and far-02; and hosts for the inventory, by appliance."""
    sim.seed(xclarity_target={
        "nodes": [{"uuid": FAR.format(n), "name": f"far-0{n}"} for n in (1, 2)],
        "profiles": [{"id": str(n), "name": f"far-0{n}"} for n in (1, 2)],
    })  # fmt: skip
    # How many sessions there may be at once is not what is tried here.
    for system in ("xclarity", "xclarity_target"):
        sim.switches(system, max_concurrent_sessions=10)
    far = {
        f"far-0{n}": {"xclarity_profile": f"far-0{n}", "xclarity_target": FAR.format(n), "xclarity_endpoint": sim.ready["xclarity_target"]}
        for n in (1, 2)
    }
    return {**NEAR, **far, "bastion": {}}


def activated(sim) -> list[str]:
    """The hosts whose profile was activated, once for each time."""
    paths = {f"/profiles/7{n}": f"web-0{n}" for n in (1, 2, 3)} | {f"/profiles/{n}": f"far-0{n}" for n in (1, 2)}
    return sorted(paths[entry["path"]] for entry in sim.log(changing=True) if entry["path"] != "/sessions")


@pytest.mark.parametrize("row", plays.pairwise(), ids=lambda row: row.name)
def test_each_host_gets_what_it_asks_for_whatever_the_play(sim, harness, estate, row):
    first = "web-01"
    before = {
        "unreachable": [{"name": "Lose it", "unreachable": None, "when": f"inventory_hostname == '{first}'"}],
        "failed": [{"name": "Fail it", "ansible.builtin.fail": None, "when": f"inventory_hostname == '{first}'"}],
    }.get(row.first, [])
    keywords = {"when": f"inventory_hostname != '{first}'"} if row.first == "excluded" else {}
    book = {"name": "Test", "hosts": "all", "gather_facts": False, "strategy": row.strategy, "pre_tasks": before,
            **plays.use(row.form, **keywords)}  # fmt: skip
    arguments, variables = ["--forks", "3"], dict(plays.NO_BECOME)
    if row.check:
        arguments += ["--check"]
    if row.cut == "serial":
        book["serial"] = 2
    if row.cut == "limit":
        arguments += ["--limit", "all:!web-03"]
    if row.become == "play":
        book["become"] = True
    if row.become == "variable":
        plays.write_group_vars(harness.folder, {"ansible_become": True})
    if row.become == "extra":
        arguments += ["-e", "ansible_become=true"]
    if row.become == "option":
        arguments += ["-b"]
    played = plays.play(harness, estate, [book], *arguments, **variables)

    expected = [host for host in estate if host != "bastion"]
    if row.cut == "limit":
        expected.remove("web-03")
    if row.first != "normal":
        expected.remove(first)
    numbers = plays.recap(played)
    assert [host for host, of in numbers.items() if of["changed"]] == sorted(expected), played.output
    assert {host: of["changed"] for host, of in numbers.items() if host in expected} == dict.fromkeys(expected, 1)
    assert [host for host, of in numbers.items() if of["failed"] or of["unreachable"]] == (
        [first] if row.first in ("unreachable", "failed") else []
    )
    assert activated(sim) == ([] if row.check else sorted(expected))
    assert (played.rc == 0) == (row.first in ("normal", "excluded"))
    assert "No profile is named for this host" in played.output
    for system in ("xclarity", "xclarity_target"):
        assert sim.sessions(system)["open"] == 0
    if row.strategy == "linear" and row.cut != "serial":
        assert [sim.sessions(system)["opened"] for system in ("xclarity", "xclarity_target")] == [1, 1]
