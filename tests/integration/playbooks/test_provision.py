# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook groundwork.provision.provision over the demo estate, as ``make demo`` runs it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD
from playbook_output import PASSPHRASE, shown

SECRETS = (PASSPHRASE, XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY, "demopw")
MARK = "groundwork_provision_request"  # a random id in the metadata of a new cluster profile


def as_sent(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a server's log in the words of a plan, secrets and random ids levelled."""
    parts = urlsplit(entry["path"])
    body = json.loads(entry["body"]) if entry["body"] else None
    return level({"method": entry["method"], "path": parts.path, "query": dict(parse_qsl(parts.query)), "body": body})


def level(step: dict[str, Any]) -> dict[str, Any]:
    """A step or request without what cannot be predicted (a random id) or must not be shown (a passphrase)."""
    step = {key: step[key] for key in ("method", "path", "query", "body")}
    if isinstance(step["body"], dict):
        if "passphrase" in step["body"]:
            step["body"]["passphrase"] = ""
        if MARK in step["body"].get("profile", {}).get("metadata", {}):
            step["body"]["profile"]["metadata"][MARK] = ""
    return step


def in_order(steps: list[dict[str, Any]]) -> list[str]:
    """One text a step. Sorted: requests that are under way side by side arrive in any order."""
    return sorted(json.dumps(step, sort_keys=True) for step in steps)


def test_check_mode_sends_nothing_and_predicts_what_the_real_run_sends(sim, provision):
    predicted = provision("provision", "--check", "--diff")
    assert predicted.rc == 0, predicted.output
    assert sim.log(changing=True) == []
    plans = shown(predicted.output)
    assert len(plans) == 5
    expected = [level(step) for plan in plans for step in plan["planned_requests"]]
    announced = [step for plan in plans for step in plan["not_predictable"] if isinstance(step, dict)]
    assert "+++ after" in predicted.output

    since = sim.last()
    real = provision("provision", "-vvvvv", "--diff")
    assert real.rc == 0, real.output
    assert [secret for secret in SECRETS if secret in predicted.output + real.output] == []
    sent = [as_sent(entry) for entry in sim.log(since=since, changing=True)]
    # One request needs the uuid of a backup that is still to be made: it is announced, without its body.
    copies = [step for step in sent if step not in expected and step["method"] == "PUT" and step["body"]["operation"] == "copy"]
    assert [(step["method"], step["path"]) for step in announced] == [(step["method"], step["path"]) for step in copies]
    assert len(copies) == 1
    assert in_order([step for step in sent if step not in copies]) == in_order(expected)


def test_the_second_run_changes_nothing(sim, provision, images):
    first = provision("provision")
    assert first.rc == 0, first.output
    # copy of the newest, backup, copy, prune; export; six hosts of which five are activated; request; cluster profiles
    assert first.recap["changed"] == 4 + 1 + 5 + 1 + 1
    state = sim.state()
    assert {one["status"] for one in state["xclarity"]["profiles"].values()} == {"active"}
    backups = {one["label"]: one["locations"] for one in state["xclarity"]["data"]["backups"].values()}
    assert backups == {
        "nightly-demo": ["internal", "/mnt/backups"],
        "nightly": ["/mnt/backups"],  # the newest there was, so it was copied first; one stays in the local repository
        "before-upgrade": ["/mnt/backups"],
    }
    assert (images / "corp_gold.tar.gz").stat().st_mode & 0o777 == 0o600
    bound = {server["hostname"] for server in state["ops_manager"]["servers"] if server["statusName"] == "BOUND"}
    assert len(bound - {"reports1.example.net"}) == 5
    assert sorted(one["name"] for one in state["clustering"]["profiles"]) == ["database", "web", "web"]

    since = sim.last()
    second = provision("provision")
    assert second.rc == 0, second.output
    assert second.recap["changed"] == 0, second.output
    assert sim.log(since=since, changing=True) == []


@pytest.mark.parametrize(
    "tag, systems",
    [
        ("protect_manager", {"xclarity"}),
        ("publish_os_image", {"xclarity"}),
        ("activate_profiles", {"xclarity"}),
        ("acquire_servers", {"ops_manager"}),
        ("define_cluster_profiles", {"keystone", "clustering"}),
    ],
)
def test_a_tag_runs_one_step(sim, provision, tag, systems):
    """The others are not even looked at: their variables need not be set."""
    done = provision("provision", "--tags", tag)
    assert done.rc == 0, done.output
    assert done.recap["changed"] >= 1
    assert {entry["system"] for entry in sim.log()} == systems
    assert f"groundwork.provision.{tag} :" in done.output
    assert done.output.count(": Validating arguments") == 1


def test_a_cluster_of_a_profile_of_the_same_run(sim, provision):
    """Its part is left out until it has a name. In check mode the profile is still to be made, and so nothing is known of the cluster."""
    left_out = provision("provision", "--tags", "run_cluster")
    assert (left_out.rc, sim.log()) == (0, []), left_out.output
    tags = ("--tags", "define_cluster_profiles,run_cluster")
    shop = {"run_cluster_name": "shop", "run_cluster_profile": "database", "run_cluster_desired_capacity": 2}
    shop |= {"run_cluster_poll_interval": 0.1}
    checked = provision("provision", "--check", *tags, **shop)
    assert (checked.rc, sim.log(changing=True)) == (0, []), checked.output
    profiles, cluster = shown(checked.output)
    assert len(profiles["planned_requests"]) >= 1
    assert (cluster["planned_requests"], len(cluster["not_predictable"])) == ([], 1)

    made = provision("provision", *tags, **shop)
    assert made.rc == 0, made.output
    state = sim.state("clustering")
    (found,) = [one for one in state["clusters"] if one["name"] == "shop"]
    (profile,) = [one for one in state["profiles"] if one["name"] == "database"]
    assert found["profile_id"] == profile["id"]
    assert len([node for node in state["nodes"] if node["cluster_id"] == found["id"]]) == 2
    since = sim.last()
    again = provision("provision", *tags, **shop)
    assert (again.rc, again.recap["changed"], sim.log(since=since, changing=True)) == (0, 0, []), again.output
    checked = provision("provision", "--check", *tags, **shop | {"run_cluster_desired_capacity": 3})
    assert [step["path"] for step in shown(checked.output)[1]["planned_requests"]] == [f"/v1/clusters/{found['id']}/actions"]


@pytest.mark.parametrize("given, told", [
    ({"run_cluster_name": "web", "run_cluster_state": "gone"}, "run_cluster_state must be one of: present, absent"),
    ({"activate_profiles_on_failure": "go"}, "activate_profiles_on_failure must be one of: continue, stop"),
    ({"acquire_servers_on_shortage": "go"}, "acquire_servers_on_shortage must be one of"),
    ({"run_cluster_name": "web", "run_cluster_poll_interval": 0}, "run_cluster_poll_interval must lie between 0.01 and 86400"),
])  # fmt: skip
def test_what_the_argument_spec_of_a_later_step_refuses_is_refused_before_the_first(sim, provision, given, told):
    refused = provision("provision", "-e", json.dumps(given))
    assert (refused.rc, sim.log()) == (2, []), refused.output
    last = " ".join(refused.output.split()).split("Check each variable by itself, of the role", 1)[1]
    assert told in last
    assert ", None" not in last
    assert '"code": "config_options"' in last


def test_a_variable_that_a_later_step_cannot_do_without_is_missed_before_the_first(sim, harness):
    """Each of the steps on localhost has some; here nothing is set for the third."""
    wanted = {
        "protect_manager_passphrase": PASSPHRASE, "protect_manager_destination": str(harness.folder),
        "publish_os_image_profile": "web_gold", "publish_os_image_dest": str(harness.folder),
    }  # fmt: skip
    (harness.folder / "hosts.yml").write_text(yaml.safe_dump({"xclarity_servers": {"hosts": {}}}), encoding="utf-8")
    refused = harness.playbook("-i", str(harness.folder / "hosts.yml"), "groundwork.provision.provision", "-e", json.dumps(wanted))
    assert (refused.rc, sim.log()) == (2, []), refused.output
    assert "acquire_servers refuses its variables: missing required arguments: acquire_servers_wanted. Nothing was changed." in " ".join(
        refused.output.split()
    )


def test_the_variables_of_a_cluster_that_is_not_run_are_not_refused(sim, provision):
    played = provision("provision", "--check", "-e", json.dumps({"run_cluster_name": "", "run_cluster_state": "gone"}))
    assert played.rc == 0, played.output
