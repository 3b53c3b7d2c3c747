# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a launch of a job template answers: nothing of it that is blank counts for more than what the inventory says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
SURVEYS = yaml.safe_load((ROOT / "extensions/awx/surveys.yml").read_text(encoding="utf-8"))["groundwork_surveys"]
ESTATE = str(ROOT / "tests" / "demo" / "inventory")


def answers(playbook: str, **given: str) -> str:
    """The extra variables of a job: each text is blank and each choice is left as it is, but for what is given."""
    blank = {one["variable"]: one.get("default", "") for one in SURVEYS[playbook]["spec"]}
    return json.dumps(blank | {f"launch_{variable}": value for variable, value in given.items()})


def run(harness, playbook, *arguments, hosts=None):
    inventory = ESTATE
    if hosts is not None:
        path = harness.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"children": {"xclarity_servers": {"hosts": hosts}}}}), encoding="utf-8")
        inventory = str(path)
    played = harness.playbook("-i", inventory, f"groundwork.provision.{playbook}", *arguments, DEMO_PASSPHRASE="Passphrase-canary-7",
                              DEMO_FOLDER=str(harness.folder))  # fmt: skip
    assert played.rc == 0, played.output
    return played


def changes(sim):
    return [(one["method"], one["path"], one.get("body")) for one in sim.log() if one["changing"] and "/sessions" not in one["path"]]


def test_an_empty_survey_leaves_a_firmware_update_as_the_host_has_it(sim, harness):
    """Without a way to activate the role fails, and so it would with the choice of the survey that says nothing."""
    node = {"update_firmware_node": "0A10000000000000000000000000000D", "update_firmware_policy": "production"}
    hosts = {"db-01": {**node, "update_firmware_activation": "immediate"}}
    more = ["-e", "update_firmware_poll_interval=0.1", "--check"]
    without = run(harness, "update_firmware", *more, hosts=hosts)
    blank = run(harness, "update_firmware", *more, "-e", answers("update_firmware"), hosts=hosts)
    told = [played.output.partition("planned_requests")[2] for played in (without, blank)]
    assert told[0].strip()
    assert told[0] == told[1]


def test_an_answer_counts_for_each_host(sim, harness):
    hosts = {"web-02": {"xclarity_profile": "web-02", "xclarity_target": "0A10000000000000000000000000000B", "xclarity_restart": "defer",
                        "activate_profiles_poll_interval": 0.1, "activate_profiles_redeploy": False}}  # fmt: skip
    assert run(harness, "activate_profiles", hosts=hosts).recap["failed"] == 0
    left = len(changes(sim))
    assert run(harness, "activate_profiles", "-e", answers("activate_profiles"), hosts=hosts).recap["changed"] == 0
    assert len(changes(sim)) == left
    asked = run(harness, "activate_profiles", "-e", answers("activate_profiles", activate_profiles_redeploy="true"), "--check", hosts=hosts)
    assert asked.recap["changed"] == 1, asked.output


@pytest.mark.parametrize("how", ["all at once", "waves", "limited"])
def test_an_answer_counts_for_all_hosts(sim, harness, how):
    """It is taken once, whatever host that is on."""
    targets = {"web-01": "A", "web-02": "B", "web-03": "C"}
    hosts = {
        name: {"xclarity_profile": name, "xclarity_target": f"0A10000000000000000000000000000{last}", "xclarity_restart": "defer",
               "activate_profiles_poll_interval": 0.1}
        for name, last in targets.items()
    }  # fmt: skip
    run(harness, "activate_profiles", hosts=hosts)
    more = {"waves": ["-e", "activate_profiles_serial=1"], "limited": ["--limit", "!web-01"]}.get(how, [])
    given = answers("activate_profiles", activate_profiles_redeploy="true")
    played = run(harness, "activate_profiles", "-e", given, "--check", *more, hosts=hosts)
    assert played.recap["changed"] == (2 if how == "limited" else 3), played.output


@pytest.mark.parametrize("names", ["oslo-l1.example.net", "oslo-l1.example.net\noslo-l2.example.net\n"])
def test_names_of_servers_one_on_each_line(sim, harness, names):
    wanted = [{"properties": {"Datacenter": "oslo", "Size": "l"}, "count": 2}]
    run(harness, "acquire_servers", "-e", json.dumps({"acquire_servers_wanted": wanted}))
    played = run(harness, "release_servers", "-e", answers("release_servers", release_servers_hostnames=names), "--check")
    assert played.output.count('"resource"') == len(names.split()), played.output


def test_no_names_release_nothing(sim, harness):
    played = harness.playbook("-i", ESTATE, "groundwork.provision.release_servers", "-e", answers("release_servers"))
    assert played.rc != 0
    assert sim.log() == []


def test_a_backup_has_the_label_of_the_launch_or_that_of_the_inventory(sim, harness):
    labels = []
    for given in ({"protect_manager_label": ""}, {"protect_manager_label": "before-the-upgrade"}):
        run(harness, "protect_manager", "-e", answers("protect_manager", **given), "-e", "protect_manager_keep=9")
        labels.append({one["label"] for one in sim.state("xclarity")["data"]["backups"].values()})
    assert "nightly-demo" in labels[0]
    assert labels[1] - labels[0] == {"before-the-upgrade"}


def test_profiles_in_waves(sim, harness):
    """A list comes as the extra variable of a job template."""
    played = run(harness, "activate_profiles", "-e", '{"activate_profiles_serial": [1, "50%", "100%"]}')
    assert played.recap["failed"] == 0
    assert played.output.count("PLAY [Activate the server profiles of hosts]") == 3
