# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role protect_manager: one backup more that is safe, at most one that is not, and none lost."""

from __future__ import annotations

import json

import pytest
from hosts_of_a_play import NO_BECOME
from playbook_output import shown
from role_runs import alone, changing, output_with_a_warning

SAFE = {"protect_manager_destination": "/mnt/backups", "protect_manager_passphrase": "Passphrase-canary-72"}


def seed_series(sim, *days, locations):
    """Backups series-DAY, older days first."""
    sim.seed(xclarity={"backups": [
        {"uuid": f"00000000-0000-4000-8000-0000000000{day}", "label": f"series-{day}", "date": f"2026-03-{day}T02:00:00Z",
         "locations": list(locations)} for day in days
    ]})  # fmt: skip


def test_only_what_is_on_the_share_is_pruned_and_never_the_newest(sim, harness):
    seed_series(sim, 11, 12, 14, locations=["internal", "/mnt/backups"])
    seed_series(sim, 13, locations=["internal"])
    options = {**SAFE, "protect_manager_series": "series-", "protect_manager_label": "series-15", "protect_manager_keep": 2}
    predicted = alone(harness, "protect_manager", "--check", **options)
    assert predicted.rc == 0, predicted.output
    deletions = [step["path"] for step in shown(predicted.output)[0]["planned_requests"] if step["method"] == "DELETE"]
    played = alone(harness, "protect_manager", **options)
    assert played.rc == 0, played.output
    sent = [path.partition("?")[0] for method, path in changing(sim) if method == "DELETE"]
    assert sorted(sent) == sorted(deletions)  # side by side: they arrive in any order
    left = {one["label"]: one["locations"] for one in sim.state("xclarity")["data"]["backups"].values()}
    assert left == {
        "series-11": ["/mnt/backups"],
        "series-12": ["/mnt/backups"],
        "series-13": ["internal"],  # nowhere else
        "series-14": ["internal", "/mnt/backups"],  # the second newest
        "series-15": ["internal", "/mnt/backups"],
        "nightly": ["internal"],  # of no series
        "before-upgrade": ["internal", "/mnt/backups"],
    }
    since = sim.last()
    again = alone(harness, "protect_manager", **options)
    assert again.recap["changed"] == 0, again.output
    assert changing(sim, since=since) == []


def test_where_copies_cannot_be_seen_nothing_is_made_or_deleted(sim, harness):
    """The server does not tell where backups are."""
    sim.switches("xclarity", location_key="absent")
    seed_series(sim, 11, 12, locations=["internal", "/mnt/backups"])
    played = alone(harness, "protect_manager", **SAFE, protect_manager_series="series-", protect_manager_keep=1)
    assert played.rc != 0
    assert "locations_unknown" in played.output
    assert changing(sim) == []  # nor is one made, each night, whose copy nobody could verify


def test_to_keep_no_backup_is_refused(sim, harness):
    played = alone(harness, "protect_manager", **SAFE, protect_manager_keep=0)
    assert played.rc != 0
    assert "must be 1 or more" in played.output
    assert sim.log() == []


def locations(sim):
    return {one["label"]: one["locations"] for one in sim.state("xclarity")["data"]["backups"].values()}


LOCAL = ["internal", "INTERNAL", " Internal ", "internal/", "Internal//"]


@pytest.mark.parametrize("destination", [*LOCAL, "", "/", "mnt/backups", "/mnt/../backups"])
def test_what_is_no_share_is_refused_before_anything_is_sent(sim, harness, destination):
    options = {**SAFE, "protect_manager_destination": destination, "protect_manager_series": "", "protect_manager_label": "x"}
    played = alone(harness, "protect_manager", **options)
    assert played.rc != 0
    assert "config_destination" in played.output
    assert sim.log() == []


def test_a_share_is_one_however_it_is_spelt(sim, harness):
    seed_series(sim, 11, 12, locations=["internal", "/mnt/backups"])
    options = {**SAFE, "protect_manager_destination": " /mnt/backups// ", "protect_manager_series": "series-", "protect_manager_keep": 1}
    played = alone(harness, "protect_manager", **options, protect_manager_label="series-13")
    assert played.rc == 0, played.output
    found = locations(sim)
    assert found["series-13"] == ["internal", "/mnt/backups"]
    assert found["series-11"] == found["series-12"] == ["/mnt/backups"]


def nightly(harness, night, *arguments, **options):
    return alone(harness, "protect_manager", *arguments, protect_manager_series="night-", protect_manager_label=f"night-{night}", **options)


def test_while_a_share_does_not_work_one_backup_is_left_over_however_often_it_runs(sim, harness):
    wrong = {**SAFE, "protect_manager_destination": "/mnt/nowhere"}
    for night in range(1, 4):
        played = nightly(harness, night, **wrong)
        assert played.rc != 0
        # The backup that is not safe and the share that does not take it, and the code for a rescue.
        error = json.loads(played.output.rpartition("FAILED! => ")[2].splitlines()[0])
        assert "The backup night-1 is not on /mnt/nowhere" in error["msg"]
        assert error["error"]["code"] == "bad_request"
        assert error["error"]["resource"].startswith("night-1 (")
        assert error["error"]["resource"].endswith(") to /mnt/nowhere")
        assert len(error["msg"]) <= 600
    assert [name for name in locations(sim) if name.startswith("night-")] == ["night-1"]
    # A check-mode run of the next night says what is going to happen first.
    predicted = nightly(harness, 4, "--check", **SAFE)
    assert predicted.rc == 0, predicted.output
    assert [(step["method"], step["body"].get("operation")) for step in shown(predicted.output)[0]["planned_requests"]] == [
        ("PUT", "copy"), ("POST", "backup")]  # fmt: skip
    since = sim.last()
    played = nightly(harness, 4, **SAFE)
    assert played.rc == 0, played.output
    assert [method for method, _path in changing(sim, since=since)] == ["PUT", "POST", "PUT"]
    found = locations(sim)
    assert found["night-1"] == found["night-4"] == ["internal", "/mnt/backups"]


def test_a_backup_of_today_whose_copy_failed_is_copied_and_not_made_again(sim, harness):
    assert nightly(harness, 1, **{**SAFE, "protect_manager_destination": "/mnt/nowhere"}).rc != 0
    since = sim.last()
    played = nightly(harness, 1, **SAFE)
    assert played.rc == 0, played.output
    assert [method for method, _path in changing(sim, since=since)] == ["PUT"]


def test_a_copy_with_another_checksum_is_no_reason_to_delete(sim, harness):
    """A list that has an entry for each location tells the checksum of each."""
    seed_series(sim, 11, 12, 13, locations=["internal", "/mnt/backups"])
    entries = [
        {"uuid": f"00000000-0000-4000-8000-0000000000{day}", "label": f"series-{day}", "backupDate": f"2026-03-{day}T02:00:00Z",
         "checksum": "bad" if (day, where) == (11, "/mnt/backups") else f"good{day}", "locations": [where]}
        for day in (11, 12, 13) for where in ("internal", "/mnt/backups")
    ]  # fmt: skip
    body = json.dumps({"backups": entries, "result": "success", "messages": []})
    sim.fault("xclarity", "GET", "^/managementServer/data$", times=-1, body=body)
    options = {**SAFE, "protect_manager_series": "series-", "protect_manager_label": "series-13", "protect_manager_keep": 1}
    played = alone(harness, "protect_manager", "--check", **options)
    assert played.rc == 0, played.output
    deletions = [step["path"][-2:] for step in shown(played.output)[0]["planned_requests"] if step["method"] == "DELETE"]
    assert deletions == ["12"]


@pytest.mark.parametrize(
    "options, code",
    [
        ({"protect_manager_passphrase": ""}, "config_passphrase"),
        ({"protect_manager_passphrase": None}, "config_passphrase"),
        ({"protect_manager_passphrase": " secret-of-the-test"}, "config_passphrase"),
        ({"protect_manager_passphrase": "secret-of\nthe-test"}, "config_passphrase"),
        ({"protect_manager_keep": "some"}, "config_keep"),
        ({"protect_manager_include_os": "ture"}, "config_boolean"),
        ({"protect_manager_include_firmware": {"failed": False}}, "config_boolean"),
        ({"protect_manager_label": "other-1"}, "config_label"),
        ({"protect_manager_label": "groundwork-1 "}, "config_label"),
        ({"protect_manager_label": "groundwork-" + "x" * 255}, "config_label"),
    ],
)
def test_a_mistake_in_a_variable_shows_before_anything_is_sent(sim, harness, options, code):
    played = alone(harness, "protect_manager", **{**SAFE, **options})
    assert played.rc != 0
    # Null is refused by Ansible's own validation of a required variable, in words that depend on its version.
    assert f'"code": "{code}"' in played.output or None in options.values()
    assert "secret-of" not in played.output
    assert sim.log() == []


def test_no_space_is_known_before_the_server_is_quiesced(sim, harness):
    seed_series(sim, 11, locations=["internal", "/mnt/backups"])
    sim.switches("xclarity", repository_bytes=734003200 + 701000000 + 1048576 + 1048575)
    options = {**SAFE, "protect_manager_series": "series-"}
    played = alone(harness, "protect_manager", **options)
    assert played.rc != 0
    assert '"code": "no_space"' in played.output
    assert changing(sim) == []
    sim.switches("xclarity", repository_bytes=734003200 + 701000000 + 1048576 + 1048576)
    assert alone(harness, "protect_manager", **options, protect_manager_label="series-12").rc == 0


def test_backups_that_cannot_be_put_in_order_are_copied_and_never_deleted(sim, harness):
    sim.seed(xclarity={"backups": [
        {"uuid": f"00000000-0000-4000-8000-00000000000{n}", "label": f"series-{n}", "date": f"March {n}", "locations": ["internal"]}
        for n in (1, 2)]})  # fmt: skip
    options = {**SAFE, "protect_manager_series": "series-", "protect_manager_label": "series-3", "protect_manager_keep": 1}
    output = output_with_a_warning(harness, "protect_manager", **options)
    assert "no comparable date of series-1, series-2" in output
    assert locations(sim) == {
        "nightly": ["internal"], "before-upgrade": ["internal", "/mnt/backups"],
        **{f"series-{n}": ["internal", "/mnt/backups"] for n in (1, 2, 3)},
    }  # fmt: skip


def test_empty_variables_are_not_set(sim, harness):
    names = ("label", "include_os", "include_firmware", "keep", "wait_timeout")
    empty = {f"protect_manager_{name}": "" for name in names} | {
        f"xclarity_{name}": "" for name in ("endpoint", "username", "password", "ca_path", "validate_certs")}  # fmt: skip
    for value in ("", None):
        series = {"protect_manager_series": None}  # empty, it means every backup
        played = alone(harness, "protect_manager", "-e", json.dumps(dict.fromkeys(empty, value) | series), **SAFE)
        assert played.rc == 0, played.output
    (label,) = [name for name in locations(sim) if name.startswith("groundwork-")]
    assert locations(sim)[label] == ["internal", "/mnt/backups"]


def test_nothing_becomes(sim, harness):
    become = {"ansible_become": True, **NO_BECOME}
    played = alone(harness, "protect_manager", "-b", **SAFE, **become)
    assert played.rc == 0, played.output
