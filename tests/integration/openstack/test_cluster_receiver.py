# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_receiver, cluster_action and their _info against the simulator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clustering_help import NOVA, changing, seed

MODULE, INFO, ACTION = "cluster_receiver", "cluster_receiver_info", "cluster_action"
OUT = {"name": "out", "cluster": "web", "action": "CLUSTER_SCALE_OUT", "params": {"count": 1}}
WEB = {"name": "web", "profile": "small", "desired_capacity": 3}


@pytest.fixture
def estate(empty_sim):
    """Two clusters of one node."""
    seed(empty_sim, "small", NOVA)
    empty_sim.seed(clustering={"clusters": [{"name": n, "profile": "small", "project": "demo", "nodes": 1} for n in ("web", "db")]})
    return empty_sim


def there(sim: Any) -> list[dict[str, Any]]:
    return sim.state("clustering")["receivers"]


def test_a_receiver_is_made_once_and_its_address_is_a_secret(estate, run_module):
    checked = run_module(MODULE, OUT, check=True)
    assert (checked["changed"], there(estate)) == (True, [])
    first = run_module(MODULE, OUT)
    assert not first.failed, first
    assert (first["changed"], first["plan"], first["diff"]) == (True, checked["plan"], checked["diff"])
    (made,) = there(estate)
    url = made["channel"]["alarm_url"]
    assert url not in json.dumps(first)
    assert "channel" not in first["receiver"]
    assert made["actor"]["trust_id"] not in json.dumps(first)
    since = estate.last()
    again = run_module(MODULE, OUT)
    assert (again["changed"], again["receiver"], changing(estate, since)) == (False, first["receiver"], [])
    asked = run_module(MODULE, OUT | {"return_url": True})
    assert (asked["changed"], asked["urls"]) == (False, {"out": url})
    assert run_module(INFO, {"return_url": True})["urls"] == {"out": url}
    assert url not in json.dumps(run_module(INFO))


def test_the_id_of_a_webhook_is_the_secret_of_its_address(estate, run_module, harness):
    """Whoever knows it can start the action without a token. So it stands in no result, plan, diff or message, nor in the record."""

    def told(*runs: Any) -> str:
        record = b"".join(path.read_bytes() for path in harness.folder.rglob("*") if path.is_file())
        return record.decode("utf-8", "replace") + json.dumps(runs)

    other = OUT | {"params": {"count": 2}}
    made = run_module(MODULE, OUT)
    (first,) = [one["id"] for one in there(estate)]
    shown = [run_module(INFO), run_module(INFO, {"name": "out", "cluster": "web"}), run_module(MODULE, OUT)]
    checked = [run_module(MODULE, other, check=True), run_module(MODULE, OUT | {"state": "absent"}, check=True)]
    estate.fault("clustering", "DELETE", "^/v1/receivers/", status=500, body=json.dumps({"error": {"message": f"no {first}"}}))
    refused = run_module(MODULE, other)
    assert refused.failed
    assert first not in told(made, *shown, *checked, refused)
    assert made["receiver"]["id"] is shown[0]["receivers"][0]["id"] is None
    estate.fault("clustering", "DELETE", "^/v1/receivers/", reset="after")
    replaced = run_module(MODULE, other)
    (second,) = [one["id"] for one in there(estate)]
    gone = run_module(MODULE, OUT | {"state": "absent"})
    assert (replaced["deleted"], gone["deleted"], there(estate)) == (["out"], ["out"], [])
    assert not [ident for ident in (first, second) if ident in told(replaced, gone)]


def test_a_replaced_webhook_has_a_new_address(estate, run_module):
    """The diff says so, since all callers of the old one have to be told."""
    new = {"address": "(a new one; the old one stops working)"}
    assert "address" not in run_module(MODULE, OUT)["diff"]["after"]["out"]
    for check in (True, False):
        diff = run_module(MODULE, OUT | {"params": {"count": 2}}, check=check)["diff"]
        assert diff["before"]["out"]["params"] == {"count": 1}
        assert diff["after"]["out"] == diff["before"]["out"] | {"params": {"count": 2}} | new


def test_the_record_of_a_killed_run_does_not_tell_the_id_of_a_webhook(estate, run_module, harness):
    run_module(MODULE, OUT)
    (ident,) = [one["id"] for one in there(estate)]
    estate.fault("clustering", "DELETE", "^/v1/receivers/", reset="before")
    doubt = run_module(MODULE, OUT | {"state": "absent", "reconcile_timeout": 0.2})
    (record,) = harness.folder.rglob("*receivers*.record")
    assert (doubt["outcome"], ident in record.read_text() + json.dumps(doubt)) == ("unknown", False)
    assert "delete:" in record.read_text()
    assert run_module(MODULE, OUT | {"state": "absent", "reconcile_timeout": 0.2})["deleted"] == ["out"]


def test_receivers_of_one_name_on_one_cluster_are_refused_without_their_ids(estate, run_module):
    """The service does not keep names unique."""
    run_module(MODULE, OUT)
    estate.seed(clustering={"receivers": [{"name": "out", "cluster": "web", "action": "CLUSTER_SCALE_OUT", "project": "demo"}]})
    idents = [one["id"] for one in there(estate)]
    for more, check in (({}, False), ({"state": "absent"}, False), ({"cluster": "(id of the new cluster) web"}, True)):
        refused = run_module(MODULE, OUT | more, check=check)
        assert (refused.code, len(idents)) == ("name_ambiguous", 2)
        assert "the cluster web has several receivers out" in refused["msg"]
        assert not [ident for ident in idents if ident in json.dumps(refused)]
    shown = run_module(INFO, {"return_url": True})
    assert set(shown["urls"].values()) == {one["channel"]["alarm_url"] for one in there(estate)}


def test_other_parameters_mean_another_receiver(estate, run_module):
    """The service would take them, and its address would go on with the old ones."""
    first = run_module(MODULE, OUT | {"return_url": True})
    checked = run_module(MODULE, OUT | {"params": {"count": 2}}, check=True)
    result = run_module(MODULE, OUT | {"params": {"count": 2}, "return_url": True})
    assert not result.failed, result
    assert [step["method"] for step in result["plan"]] == ["DELETE", "POST"] == [step["method"] for step in checked["plan"]]
    assert result["deleted"] == ["out"]
    assert result["urls"]["out"] != first["urls"]["out"]
    assert [one["params"] for one in there(estate)] == [{"count": 2}]
    assert run_module(MODULE, {"name": "out", "cluster": "web"})["changed"] is False


def test_a_receiver_is_known_by_name_and_cluster(estate, run_module):
    rows = [OUT, OUT | {"cluster": "db"}]
    assert not run_module(MODULE, {"receivers": rows}).failed
    assert run_module(MODULE, {"receivers": rows})["changed"] is False
    assert len(run_module(INFO, {"cluster": "db"})["receivers"]) == 1
    gone = run_module(MODULE, {"name": "out", "cluster": "db", "state": "absent"})
    assert (gone["changed"], len(there(estate))) == (True, 1)
    for cluster in ("db", "nope"):
        assert run_module(MODULE, {"name": "out", "cluster": cluster, "state": "absent"})["changed"] is False


def test_secrets_among_the_parameters_are_masked(estate, run_module):
    row = OUT | {"params": {"count": 1, "apiKey": "S3cret", "token": ["S3cret-2"]}}
    for params in (row, {"receivers": [row]}):
        result = run_module(MODULE, params)
        assert not result.failed, result
        assert "S3cret" not in json.dumps(result)
    assert there(estate)[0]["params"]["apiKey"] == "S3cret"


def test_receivers_of_one_name_on_two_clusters(estate, run_module):
    """Each has its address and its side of the diff."""
    rows = [OUT, OUT | {"cluster": "db"}]
    checked = run_module(MODULE, {"receivers": rows}, check=True)
    result = run_module(MODULE, {"receivers": rows, "return_url": True})
    names = {one["id"]: one["name"] for one in estate.state("clustering")["clusters"]}
    urls = {f"{names[one['cluster_id']]}/out": one["channel"]["alarm_url"] for one in there(estate)}
    assert result["urls"] == urls
    assert set(result["diff"]["after"]) == set(checked["diff"]["after"]) == {"web/out", "db/out"}
    assert [(one["cluster"], one["name"], one["receiver"]["name"]) for one in result["receivers"]] == [
        ("web", "out", "out"), ("db", "out", "out"),
    ]  # fmt: skip
    assert run_module(MODULE, {"receivers": rows, "return_url": True})["urls"] == urls
    since = estate.last()
    gone = run_module(MODULE, {"receivers": [{"name": "out", "cluster": cluster} for cluster in ("web", "db")], "state": "absent"})
    assert (set(gone["diff"]["before"]), len(changing(estate, since)), there(estate)) == ({"web/out", "db/out"}, 2, [])


def test_a_receiver_given_twice_by_the_name_and_the_id_of_its_cluster(estate, run_module):
    (ident,) = [one["id"] for one in estate.state("clustering")["clusters"] if one["name"] == "web"]
    result = run_module(MODULE, {"receivers": [OUT, OUT | {"cluster": ident}]})
    assert (result.code, there(estate)) == ("duplicate_item", [])


def test_clusters_of_one_name_each_have_their_side_of_the_diff(estate, run_module):
    estate.seed(clustering={"clusters": [{"name": "web", "profile": "small", "project": "demo", "nodes": 1}]})
    idents = [one["id"] for one in estate.state("clustering")["clusters"] if one["name"] == "web"]
    result = run_module("cluster", {"clusters": [{"id": ident} for ident in idents], "state": "absent"}, check=True)
    assert set(result["diff"]["before"]) == {f"web ({ident})" for ident in idents}
    assert len(idents) == 2


@pytest.mark.parametrize(
    ("params", "code"),
    [({"cluster": "nope"}, "cluster_not_found"), ({"action": None}, "config_action"), ({"name": "a b"}, "config_name")],
)
def test_a_receiver_that_is_refused(estate, run_module, params, code):
    result = run_module(MODULE, OUT | params)
    assert (result.code, there(estate)) == (code, [])


@pytest.mark.parametrize("action", ["CLUSTER_SCALE_OUT", "CLUSTER_SCALE_IN"])
@pytest.mark.parametrize("count", [-1, 0, "x", None, True, 2.0, "02", [1]], ids=repr)
def test_a_count_with_which_no_scaling_works_is_refused(estate, run_module, action, count):
    """The service takes it, and each action that the address starts fails."""
    since = estate.last()
    for check in (True, False):
        rows = [OUT | {"name": "good"}, OUT | {"action": action, "params": {"count": count}}]
        result = run_module(MODULE, {"receivers": rows}, check=check)
        assert (result.code, there(estate), result["error"]["resource"]) == ("config_number", [], "out"), result
        assert "params.count is not a whole number from 1 on" in result["msg"]
    assert changing(estate, since) == []


def test_a_count_that_works(estate, run_module):
    """Also one that is a text, one of another action, and none."""
    rows = [OUT | {"name": f"r{number}", "params": params} for number, params in enumerate(({"count": 2}, {"count": "2"}, {}, None))]
    rows.append({"name": "check", "cluster": "web", "action": "CLUSTER_CHECK", "params": {"count": -1}})
    assert (run_module(MODULE, {"receivers": rows}).failed, len(there(estate))) == (False, 5)


def test_a_receiver_whose_answer_is_lost(estate, run_module):
    estate.fault("clustering", "POST", "^/v1/receivers$", reset="after")
    result = run_module(MODULE, OUT)
    assert (result.failed, result["changed"], result["reconciled"], len(there(estate))) == (False, True, True, 1)
    assert there(estate)[0]["channel"]["alarm_url"] not in json.dumps(result)


# --- actions


def test_wait_for_an_action(estate, run_module):
    estate.switches("clustering", cluster_seconds=0.6)
    started = run_module("cluster", WEB | {"wait": False})
    (ident,) = started["actions"]
    shown = run_module(ACTION, {"id": ident, "wait": False})
    assert (shown["changed"], shown["actions"][0]["status"] in ("RUNNING", "WAITING")) == (False, True)
    done = run_module(ACTION, {"id": ident})
    assert (done["changed"], done["actions"][0]["status"], done["plan"]) == (False, "SUCCEEDED", [])
    assert done["actions"][0]["history"][-1]["state"] == "SUCCEEDED"
    assert run_module(ACTION, {"actions": [ident]})["actions"][0]["action"] == "CLUSTER_RESIZE"


def test_a_failed_action_fails_the_task(estate, run_module):
    estate.action("clustering", "server_orders", create=[{"error": "No valid host", "times": 1}])
    (ident,) = run_module("cluster", WEB | {"wait": False})["actions"]
    result = run_module(ACTION, {"id": ident})
    assert (result.code, result["changed"]) == ("action_failed", False)
    assert "No valid host" in result["msg"]
    failed = run_module("cluster_action_info", {"status": ["FAILED"], "cluster": "web"})["actions"]
    assert sorted(one["action"] for one in failed) == ["CLUSTER_RESIZE", "NODE_CREATE"]
    assert run_module("cluster_action_info", {"id": ident})["actions"][0]["status"] == "FAILED"
    assert run_module("cluster_action_info", {"cluster": "nope"})["actions"] == []


def test_cancel(estate, run_module):
    estate.switches("clustering", cluster_seconds=30.0, node_seconds=0.3)
    (ident,) = run_module("cluster", WEB | {"wait": False})["actions"]
    checked = run_module(ACTION, {"id": ident, "state": "cancelled"}, check=True)
    result = run_module(ACTION, {"id": ident, "state": "cancelled"})
    assert not result.failed, result
    assert (checked["changed"], result["changed"], result["plan"]) == (True, True, checked["plan"])
    assert result["actions"][0]["status"] == "CANCELLED"
    again = run_module(ACTION, {"id": ident, "state": "cancelled"})
    assert (again["changed"], again["plan"]) == (False, [])


def test_actions_that_are_refused(estate, run_module):
    nowhere = "00000000-0000-4000-8000-000000000000"
    assert run_module(ACTION, {"id": nowhere}).code == "action_not_found"
    assert run_module(ACTION, {"id": "x"}).code == "config_id"
    assert run_module(ACTION, {"actions": [nowhere, nowhere]}).code == "duplicate_item"
    assert run_module(ACTION, {"actions": []}).code == "config_empty"
    estate.switches("clustering", cluster_seconds=30.0, max_minor=11)
    (ident,) = run_module("cluster", WEB | {"wait": False})["actions"]
    assert run_module(ACTION, {"id": ident, "state": "cancelled"}).code == "microversion_too_low"
