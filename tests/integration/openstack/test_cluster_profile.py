# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""cluster_profile against the simulator: its contract, its page, and what can go wrong on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clustering_help import HEAT, KEYS, MARKER, MODULE, NOVA, PROFILES, REPLACES, SEED, changing, heat, seed, there, use


def sent(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["method"], step["path"]) for step in result["plan"]]


# --- create


def test_create_with_the_body_of_the_page(empty_sim, run_module):
    """The page: metadata, name and spec of its example, 201, and the ten attributes of the answer."""
    params = {"name": SEED["name"], "spec": SEED["spec"], "metadata": SEED["metadata"], "marker": False}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert (first["changed"], first["outcome"], first["reconciled"]) == (True, "finished", False)
    assert sorted(first["profile"]) == KEYS
    assert {key: first["profile"][key] for key in SEED} == SEED
    assert first["profile"]["type"] == "os.heat.stack-1.0"
    assert (first["profile"]["updated_at"], first["profile"]["domain"]) == (None, None)
    (arrival,) = empty_sim.log(system="clustering", changing=True)
    assert (arrival["method"], arrival["path"], arrival["status"]) == ("POST", PROFILES, 201)
    assert json.loads(arrival["body"]) == {"profile": SEED}
    assert first["plan"][0]["body"] == {"profile": SEED}

    since = empty_sim.last()
    second = run_module(MODULE, params)
    assert (second["changed"], second["outcome"], second["plan"]) == (False, "none", [])
    assert second["profile"] == first["profile"]
    assert changing(empty_sim, since) == []


@pytest.mark.parametrize("spec", [HEAT, NOVA])
def test_create_twice_is_create_once(empty_sim, run_module, spec):
    params = {"name": "web", "spec": spec, "metadata": {"owner": "ops"}}
    first = run_module(MODULE, params)
    assert first["changed"] is True
    assert first["profile"]["metadata"] == {"owner": "ops", MARKER: first["profile"]["metadata"][MARKER]}
    assert first["diff"] == {"before": {}, "after": {"web": {"name": "web", "metadata": {"owner": "ops"}, "spec": spec}}}
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["diff"]["before"] == second["diff"]["after"] == first["diff"]["after"]
    assert len(there(empty_sim)) == 1


def test_check_mode_sends_nothing_and_tells_what_would_be_sent(empty_sim, run_module):
    """The random marker is the one value that a plan does not show; the rest is what the server then gets."""
    seed(empty_sim, "old", metadata={"a": 1})
    params = {"concurrency": 1, "profiles": [{"name": "web", "spec": HEAT}, {"name": "old", "metadata": {"a": 2}}]}
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(empty_sim) == []
    real = run_module(MODULE, params)
    assert predicted["plan"] == real["plan"]
    assert predicted["diff"] == real["diff"]
    assert changing(empty_sim) == sent(predicted)
    for step, entry in zip(predicted["plan"], empty_sim.log(system="clustering", changing=True), strict=True):
        body = json.loads(entry["body"])
        marker = body["profile"]["metadata"].get(MARKER)
        if marker:
            body["profile"]["metadata"][MARKER] = step["body"]["profile"]["metadata"][MARKER]
        assert body == step["body"]


@pytest.mark.parametrize("version", [1.0, "1.0"])
def test_a_version_may_be_a_number_or_a_text(empty_sim, run_module, version):
    assert run_module(MODULE, {"name": "web", "spec": {**HEAT, "version": version}})["changed"] is True
    for other in (1.0, "1.0"):
        assert run_module(MODULE, {"name": "web", "spec": {**HEAT, "version": other}})["changed"] is False
    assert there(empty_sim)[0]["spec"]["version"] == version


def test_a_name_in_another_project_is_none_of_ours(sim, run_module, harness):
    """An administrator sees and may delete every project's profiles; the module keeps to the token's own."""
    (other,) = there(sim, "alt_demo")
    auth = {**harness.connection("openstack")["auth"], "username": "admin", "password": "adminpw", "project_name": "admin"}
    absent = run_module(MODULE, {"auth": auth, "name": other["name"], "state": "absent"})
    assert (absent["changed"], absent["profile"]) == (False, None)
    made = run_module(MODULE, {"auth": auth, "name": other["name"], "spec": HEAT, "metadata": {"mine": True}})
    assert made["changed"] is True
    assert made["profile"]["id"] != other["id"]
    by_id = run_module(MODULE, {"auth": auth, "id": other["id"], "metadata": {"stolen": True}})
    assert by_id.code == "profile_not_found"
    assert there(sim, "alt_demo") == [other]


@pytest.mark.parametrize("name", ["____", "a", "1234", "7fa885cd-fa39-4531-a42d-780af95c84a4"])
def test_a_name_never_hits_another_profile(empty_sim, run_module, name):
    """In the path of a request these would: wildcards, the beginning of an id, the look of an id."""
    seed(empty_sim, "only", id="a1234567-0000-4000-8000-000000000000")
    assert run_module(MODULE, {"name": name, "state": "absent"})["changed"] is False
    assert [one["name"] for one in there(empty_sim)] == ["only"]
    assert run_module(MODULE, {"name": name, "spec": HEAT})["changed"] is True
    assert run_module(MODULE, {"name": name, "state": "absent"})["changed"] is True
    assert [one["name"] for one in there(empty_sim)] == ["only"]


def test_an_id_never_hits_a_profile_that_has_it_for_a_name(empty_sim, run_module):
    ident = "7fa885cd-fa39-4531-a42d-780af95c84a4"
    seed(empty_sim, ident)
    assert run_module(MODULE, {"id": ident, "metadata": {"a": 1}}).code == "profile_not_found"
    assert run_module(MODULE, {"id": ident, "state": "absent"})["changed"] is False
    assert run_module("cluster_profile_info", {"id": ident})["profiles"] == []
    assert len(there(empty_sim)) == 1


def test_a_database_that_does_not_tell_capitals_apart(empty_sim, run_module):
    seed(empty_sim, "WEB")
    (other,) = there(empty_sim)
    empty_sim.fault("clustering", "GET", "name=web&limit=500$", status=200, body=json.dumps({"profiles": [other]}))
    empty_sim.fault("clustering", "GET", "name=web&limit=500&marker", status=200, body=json.dumps({"profiles": []}))
    assert run_module(MODULE, {"name": "web", "state": "absent"})["changed"] is False
    assert there(empty_sim) == [other]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("in_a_file", [True, False])
def test_secrets_of_a_spec_are_masked(empty_sim, run_module, tmp_path, check, in_a_file):
    """In plan, diff, result and invocation, the old ones as well."""
    old = HEAT | {"properties": {**HEAT["properties"], "parameters": {"db_password": "S3cret-old"}}}
    seed(empty_sim, "web", old)
    spec = HEAT | {"properties": {**HEAT["properties"], "parameters": {"db_password": "S3cret-new", "pins": ["S3cret-pin"], "size": 3}}}
    file = tmp_path / "web.json"
    file.write_text(json.dumps(spec))
    given = {"spec_file": str(file)} if in_a_file else {"spec": spec}
    result = run_module(MODULE, {"name": "web", "on_spec_change": "replace", **given}, check=check)
    assert (result.failed, result["changed"]) == (False, True)
    assert "S3cret" not in json.dumps(result)
    assert there(empty_sim)[-1]["spec"]["properties"]["parameters"] == (old if check else spec)["properties"]["parameters"]


def test_a_spec_file_is_the_file_of_the_other_client(empty_sim, run_module, tmp_path):
    """A date that nobody quoted is the text it looks like; JSON is taken too."""
    yml, jsn = tmp_path / "web.yml", tmp_path / "web.json"
    yml.write_text("type: os.heat.stack\nversion: 1.0\nproperties:\n  template:\n    heat_template_version: 2014-10-16\n", encoding="utf-8")
    jsn.write_text(json.dumps(HEAT), encoding="utf-8")
    first = run_module(MODULE, {"name": "web", "spec_file": str(yml)})
    assert first["profile"]["spec"] == {**HEAT, "version": 1.0}
    assert run_module(MODULE, {"name": "web", "spec_file": str(jsn)})["changed"] is False


# --- update


def test_metadata_is_replaced_kept_or_emptied(empty_sim, run_module):
    first = run_module(MODULE, {"name": "web", "spec": HEAT, "metadata": {"a": 1, "b": {"c": [True]}}})
    marker = first["profile"]["metadata"][MARKER]
    assert run_module(MODULE, {"name": "web", "spec": HEAT})["changed"] is False
    second = run_module(MODULE, {"name": "web", "metadata": {"a": "1"}})
    assert second["changed"] is True
    assert sent(second) == [("PATCH", f"{PROFILES}/{first['profile']['id']}")]
    assert second["diff"]["before"]["web"]["metadata"] == {"a": 1, "b": {"c": [True]}}
    assert second["diff"]["after"]["web"]["metadata"] == {"a": "1"}
    assert second["profile"]["metadata"] == {"a": "1", MARKER: marker}
    assert second["profile"]["updated_at"]
    emptied = run_module(MODULE, {"name": "web", "metadata": {}})
    assert emptied["profile"]["metadata"] == {MARKER: marker}
    assert run_module(MODULE, {"name": "web", "metadata": {}})["changed"] is False


def test_metadata_of_null_is_empty_metadata(empty_sim, run_module):
    seed(empty_sim, "web", metadata=None)
    result = run_module(MODULE, {"name": "web", "metadata": {}})
    assert (result["changed"], result["profile"]["metadata"]) == (False, {})


def test_rename_by_id(empty_sim, run_module):
    seed(empty_sim, "web")
    (profile,) = there(empty_sim)
    result = run_module(MODULE, {"id": profile["id"].upper(), "name": "web-2"})
    assert result["changed"] is True
    assert result["plan"][0]["body"] == {"profile": {"name": "web-2"}}
    assert (result["profile"]["id"], result["profile"]["name"]) == (profile["id"], "web-2")
    assert run_module(MODULE, {"id": profile["id"], "name": "web-2"})["changed"] is False
    seed(empty_sim, "taken")
    assert run_module(MODULE, {"id": profile["id"], "name": "taken"}).code == "name_taken"


# --- a spec that differs


def test_another_spec_is_refused_and_the_places_are_told(empty_sim, run_module):
    seed(empty_sim, "web", heat(60))
    result = run_module(MODULE, {"name": "web", "spec": heat(70), "metadata": {"a": 1}})
    assert result.code == "spec_differs"
    assert result["error"]["differences"] == ["spec.properties.timeout"]
    assert "Nothing was changed." in result["msg"]
    assert changing(empty_sim) == []


@pytest.mark.parametrize("before, after", [(1, True), (60, 60.0), (60, "60"), (None, {}), ({"a": 1}, {"a": 1, "b": None})])
def test_specs_are_compared_to_the_letter(empty_sim, run_module, before, after):
    def spec(value: Any) -> dict[str, Any]:
        return {**HEAT, "properties": {**HEAT["properties"], "parameters": {"p": value}}}

    seed(empty_sim, "web", spec(before))
    assert run_module(MODULE, {"name": "web", "spec": spec(before)})["changed"] is False
    assert run_module(MODULE, {"name": "web", "spec": spec(after)}).code == "spec_differs"


def test_replace_makes_the_new_one_first_and_deletes_the_old_one(empty_sim, run_module):
    params = {"name": "web", "on_spec_change": "replace"}
    old = run_module(MODULE, params | {"spec": heat(60), "metadata": {"a": 1}})["profile"]
    since = empty_sim.last()
    predicted = run_module(MODULE, params | {"spec": heat(70)}, check=True)
    result = run_module(MODULE, params | {"spec": heat(70)})
    assert not result.failed, result
    assert sent(result) == sent(predicted) == changing(empty_sim, since)
    assert sent(result) == [("POST", PROFILES), ("DELETE", f"{PROFILES}/{old['id']}")]
    assert result["deleted"] == [old["id"]]
    assert result["profile"]["spec"] == heat(70)
    assert result["profile"]["metadata"]["a"] == 1
    assert [one["id"] for one in there(empty_sim)] == [result["profile"]["id"]]
    assert run_module(MODULE, params | {"spec": heat(70)})["changed"] is False


def test_replace_keeps_the_old_one_while_it_is_used_and_deletes_it_later(empty_sim, run_module):
    params = {"name": "web", "on_spec_change": "replace", "spec": heat(70)}
    seed(empty_sim, "web", heat(60))
    (old,) = there(empty_sim)
    use(empty_sim, "web")
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert sent(first) == [("POST", PROFILES)]
    assert first["kept"] == [{"id": old["id"], "used_by": ["cluster web-cluster"]}]
    assert first["profile"]["metadata"][REPLACES] == [old["id"]]
    since = empty_sim.last()
    second = run_module(MODULE, params)
    assert (second["changed"], second["kept"], second["profile"]["id"]) == (False, first["kept"], first["profile"]["id"])
    assert changing(empty_sim, since) == []
    # a third spec, while the first is still used
    third = run_module(MODULE, params | {"spec": heat(80)})
    assert third["deleted"] == [first["profile"]["id"]]
    assert third["kept"] == first["kept"]
    assert run_module(MODULE, params | {"spec": heat(80)})["changed"] is False
    delete_clusters(empty_sim)
    last = run_module(MODULE, {"name": "web", "spec": heat(80)})
    assert (last["changed"], last["deleted"], last["kept"]) == (True, [old["id"]], [])
    assert [one["id"] for one in there(empty_sim)] == [third["profile"]["id"]]


def test_an_old_one_that_stays_since_nobody_tells_who_uses_it_is_told(empty_sim, run_module, capfd):
    """A replacement that was cut before its deletion, on a service that does not list clusters for this user."""
    seed(empty_sim, "web", heat(60))
    (old,) = there(empty_sim)
    use(empty_sim, "web")
    params = {"name": "web", "on_spec_change": "replace", "spec": heat(70)}
    assert not run_module(MODULE, params).failed
    empty_sim.fault("clustering", "GET", "^/v1/clusters", status=403, times=-1, body='{"error": {"code": 403, "message": "no"}}')
    capfd.readouterr()
    again = run_module(MODULE, params)
    assert (again["changed"], again["kept"]) == (False, [{"id": old["id"], "used_by": []}])
    assert f"The profiles {old['id']} were replaced earlier and stay" in capfd.readouterr().err


@pytest.mark.parametrize("state", ["present", "absent"])
def test_the_deletion_of_one_that_was_replaced_is_in_the_diff(empty_sim, run_module, state):
    """Under its name and id, and with its own reason."""
    seed(empty_sim, "web", heat(60))
    (old,) = there(empty_sim)
    use(empty_sim, "web")
    params = {"name": "web", "on_spec_change": "replace", "spec": heat(70)}
    run_module(MODULE, params)
    delete_clusters(empty_sim)
    params = params if state == "present" else {"name": "web", "state": "absent"}
    of_new = {"web": {"name": "web", "metadata": {}, "spec": heat(70)}}
    of_old = {f"web ({old['id']})": {"name": "web", "metadata": {}, "spec": heat(60)}}
    predicted, real = run_module(MODULE, params, check=True), run_module(MODULE, params)
    assert predicted["diff"] == real["diff"] == {"before": of_new | of_old, "after": of_new if state == "present" else {}}
    (why,) = [step["why"] for step in real["plan"] if step["resource"] == old["id"]]
    assert why.startswith("it was replaced earlier"), why


def delete_clusters(sim: Any) -> None:
    """The clusters are gone: reset and put back the profiles alone."""
    profiles = [{**one, "project": "demo"} for one in there(sim)]
    keep = ("name", "spec", "project", "metadata", "id")
    sim.reset("clustering")
    sim.seed(clustering={"profiles": [{key: one[key] for key in keep} for one in profiles]})


def test_a_profile_that_comes_into_use_meanwhile_is_kept(empty_sim, run_module):
    """The reading of clusters saw no use; the service's 409 has the last word, and it is no failure."""
    seed(empty_sim, "web", heat(60))
    (old,) = there(empty_sim)
    use(empty_sim, "web")
    empty_sim.fault("clustering", "GET", "^/v1/clusters", status=200, body='{"clusters": []}')
    result = run_module(MODULE, {"name": "web", "on_spec_change": "replace", "spec": heat(70)})
    assert not result.failed, result
    assert sent(result)[1] == ("DELETE", f"{PROFILES}/{old['id']}")
    assert result["kept"] == [{"id": old["id"], "used_by": []}]
    assert result["deleted"] == []


@pytest.mark.parametrize("params, code", [({"marker": False}, "in_use"), ({"id": True}, "spec_differs")])
def test_replace_is_refused_where_it_could_not_be_told_apart(empty_sim, run_module, params, code):
    seed(empty_sim, "web", heat(60))
    use(empty_sim, "web")
    if "id" in params:
        params = {"id": there(empty_sim)[0]["id"]}
    result = run_module(MODULE, {"name": "web", "on_spec_change": "replace", "spec": heat(70), **params})
    assert result.code == code
    assert changing(empty_sim) == []


def test_replace_where_names_are_unique(empty_sim, run_module):
    empty_sim.switches("clustering", name_unique=True)
    seed(empty_sim, "web", heat(60))
    result = run_module(MODULE, {"name": "web", "on_spec_change": "replace", "spec": heat(70)})
    assert (result.code, result["changed"]) == ("name_taken", False)
    assert "state absent" in result["error"]["hint"]
    assert len(there(empty_sim)) == 1


# --- several of one name


def test_two_of_a_name_are_refused_with_their_ids(empty_sim, run_module):
    seed(empty_sim, "web", count=2)
    ids = [one["id"] for one in there(empty_sim)]
    for params in ({"spec": HEAT}, {"state": "absent"}):
        result = run_module(MODULE, {"name": "web", **params})
        assert result.code == "profile_ambiguous"
        assert all(ident in result["msg"] for ident in ids)
    assert changing(empty_sim) == []
    assert run_module(MODULE, {"id": ids[0], "state": "absent"})["changed"] is True
    assert [one["id"] for one in there(empty_sim)] == ids[1:]


def test_a_double_of_an_earlier_race_is_removed(empty_sim, run_module):
    """Only doubles that carry the marker, and only of the same spec; the oldest stays."""
    for number, created in ((1, 2000), (2, 1000), (3, 3000)):
        seed(empty_sim, "web", metadata={MARKER: f"run-{number}"}, created=created)
    oldest = sorted(there(empty_sim), key=lambda one: one["created_at"])[0]
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert not result.failed, result
    assert (result["changed"], len(result["deleted"])) == (True, 2)
    assert there(empty_sim) == [oldest]
    assert run_module(MODULE, {"name": "web", "spec": HEAT})["changed"] is False


def test_a_profile_that_somebody_made_by_hand_is_never_taken_for_a_double(empty_sim, run_module):
    seed(empty_sim, "web", metadata={MARKER: "run-1"}, created=1000)
    seed(empty_sim, "web", created=2000)
    by_hand = next(one for one in there(empty_sim) if not one["metadata"])
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert not result.failed, result
    assert there(empty_sim) == [by_hand]
    seed(empty_sim, "web", created=500)
    assert run_module(MODULE, {"name": "web", "spec": HEAT}).code == "profile_ambiguous"


# --- absent


def test_absent(empty_sim, run_module):
    run_module(MODULE, {"name": "web", "spec": HEAT})
    (profile,) = there(empty_sim)
    predicted = run_module(MODULE, {"name": "web", "state": "absent"}, check=True)
    assert len(there(empty_sim)) == 1
    result = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (result["changed"], result["profile"], result["deleted"]) == (True, None, [profile["id"]])
    assert predicted["plan"] == result["plan"]
    assert list(result["diff"]["before"]) == ["web"]
    assert result["diff"]["after"] == {}
    again = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (again["changed"], again["plan"]) == (False, [])
    assert there(empty_sim) == []


def test_absent_while_in_use(empty_sim, run_module):
    seed(empty_sim, "web")
    use(empty_sim, "web")
    for check in (True, False):
        result = run_module(MODULE, {"name": "web", "state": "absent"}, check=check)
        assert (result.code, result["changed"], changing(empty_sim)) == ("in_use", False, [])
        assert "is used by cluster web-cluster." in result["msg"]
        assert "Nothing was changed." in result["msg"]
    tried = run_module(MODULE, {"name": "web", "state": "absent", "on_use": "try"})
    assert (tried.code, tried["changed"], tried["error"]["status"]) == ("in_use", False, 409)
    assert "The server refused the request; nothing was started." in tried["msg"]
    kept = run_module(MODULE, {"name": "web", "state": "absent", "on_use": "keep"})
    assert (kept.failed, kept["changed"], kept["plan"]) == (False, False, [])
    assert [one["used_by"] for one in kept["kept"]] == [["cluster web-cluster"]]
    assert kept["profile"]["name"] == "web"
    assert set(kept["diff"]["after"]) == {"web"}


def test_absent_where_the_service_does_not_tell_who_uses_a_profile(empty_sim, run_module):
    seed(empty_sim, "web")
    use(empty_sim, "web")
    for on_use, failed in (("fail", True), ("keep", False)):
        empty_sim.fault("clustering", "GET", "/clusters", status=403, body="{}")
        result = run_module(MODULE, {"name": "web", "state": "absent", "on_use": on_use})
        assert (result.failed, result["changed"], len(result["kept"])) == (failed, False, int(not failed)), result


def test_absent_of_what_went_meanwhile(empty_sim, run_module):
    seed(empty_sim, "web")
    body = '{"code":404,"error":{"code":404,"message":"gone","type":"ResourceNotFound"}}'
    empty_sim.fault("clustering", "DELETE", "", status=404, body=body)
    result = run_module(MODULE, {"name": "web", "state": "absent"})
    assert (result.failed, result["changed"], result["deleted"]) == (False, False, [])


# --- many


def test_many_in_one_task(empty_sim, run_module):
    """One token, one list (a page and the empty one after it), N, one list; a result for each in the order given."""
    names = [f"node-{number}" for number in range(60)]
    params = {"profiles": [{"name": name, "spec": HEAT} for name in names]}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert [one["name"] for one in first["profiles"]] == names
    assert all(one["changed"] and one["outcome"] == "finished" for one in first["profiles"])
    log = [(e["method"], e["path"].split("?")[0]) for e in empty_sim.log()]
    assert log.count(("POST", "/v3/auth/tokens")) == 1
    assert log.count(("POST", PROFILES)) == 60
    assert log.count(("GET", PROFILES)) == 1 + 2  # nothing was there, so the first list is one empty page
    assert len(log) == 1 + 60 + 3
    second = run_module(MODULE, params)
    assert (second["changed"], second["plan"]) == (False, [])


def test_every_page_is_read(empty_sim, run_module, monkeypatch):
    from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api

    monkeypatch.setattr(api, "PAGE", 3)
    seed(empty_sim, "node-{n}", count=10)
    assert len(run_module("cluster_profile_info")["profiles"]) == 10
    result = run_module(MODULE, {"profiles": [{"name": f"node-{n}", "spec": HEAT} for n in range(1, 11)]})
    assert result["changed"] is False


def test_names_that_fit_in_no_url_are_found_too(empty_sim, run_module):
    names = [f"{number}-{'x' * 200}" for number in range(30)]
    for name in names:
        seed(empty_sim, name)
    assert run_module(MODULE, {"profiles": [{"name": name, "spec": HEAT} for name in names]})["changed"] is False


def test_one_bad_item_does_not_stop_the_others(empty_sim, run_module):
    bad = {"name": "bad", "spec": {**HEAT, "type": "os.bogus"}}
    items = {"profiles": [bad, {"name": "good", "spec": HEAT}], "concurrency": 1}
    stopped = run_module(MODULE, items | {"on_failure": "stop"})
    assert [one["outcome"] for one in stopped["profiles"]] == ["not_started", "none"]
    result = run_module(MODULE, items)
    assert result.failed
    assert "1 of 2 profiles failed" in result["msg"]
    assert result["changed"] is True
    assert [one["outcome"] for one in result["profiles"]] == ["not_started", "finished"]
    assert result["profiles"][0]["error"]["code"] == "profile_type_not_found"


# --- bad input


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in HEAT.items() if name != key}


@pytest.mark.parametrize("params, code", [
    ({"name": "web"}, "config_spec"),
    ({"name": "web", "spec": without("type")}, "config_spec"),
    ({"name": "web", "spec": without("version")}, "config_spec"),
    ({"name": "web", "spec": without("properties")}, "config_spec"),
    ({"name": "web", "spec": {**HEAT, "extra": 1}}, "config_spec"),
    ({"name": "web", "spec": {**HEAT, "version": True}}, "config_spec"),
    ({"name": "web", "spec": {**HEAT, "properties": None}}, "config_spec"),
    ({"name": "two words", "spec": HEAT}, "config_name"),
    ({"name": "", "spec": HEAT}, "config_name"),
    ({"name": "a/b", "spec": HEAT}, "config_name"),
    ({"name": "é", "spec": HEAT}, "config_name"),
    ({"name": "x" * 256, "spec": HEAT}, "config_name"),
    ({"name": "web", "spec": HEAT, "metadata": {MARKER: "mine"}}, "config_metadata"),
    ({"name": "web", "spec": {**HEAT, "properties": {"template": {"x": "y" * 1048576}}}}, "spec_too_large"),
    ({"name": "web", "spec_file": "/no/such/file.yml"}, "config_spec_file"),
    ({"id": "1234"}, "config_id"),
    ({"id": ".."}, "config_id"),
    ({"id": "00000000-0000-4000-8000-000000000000", "metadata": {}}, "profile_not_found"),
    ({"profiles": []}, "config_empty"),
    ({"profiles": [{"name": "web", "spec": HEAT}, {"name": "web", "spec": HEAT}]}, "duplicate_item"),
    ({"name": "web", "spec": HEAT, "timeout": 0}, "config_number"),
])  # fmt: skip
def test_bad_input_is_told_before_anything_is_sent(empty_sim, run_module, params, code):
    result = run_module(MODULE, params)
    assert result.code == code, result["msg"]
    assert result["changed"] is False
    assert result["error"]["hint"]
    assert "Nothing was changed." in result["msg"]
    assert changing(empty_sim) == []


@pytest.mark.parametrize("params, words", [
    ({}, "one of the following is required: name, id, profiles"),
    ({"name": "web", "profiles": [{"name": "a"}]}, "mutually exclusive"),
    ({"name": "web", "spec": HEAT, "spec_file": "/x"}, "mutually exclusive"),
    ({"profiles": [{"spec": HEAT}]}, "one of the following is required: name, id"),
    ({"name": "web", "metadata": ["a"]}, "metadata"),
])  # fmt: skip
def test_options_that_do_not_go_together(empty_sim, run_module, params, words):
    result = run_module(MODULE, params)
    assert result.failed
    assert words in result["msg"]
    assert changing(empty_sim) == []


def test_a_bad_spec_fails_in_check_mode_already(empty_sim, run_module):
    for spec, code in (
        ({**HEAT, "properties": {"bogus": 1}}, "invalid_spec"),
        ({**HEAT, "version": "9.9"}, "profile_type_not_found"),
        ({**NOVA, "properties": {"flavor": "1"}}, "bad_request"),
    ):
        result = run_module(MODULE, {"name": "web", "spec": spec}, check=True)
        assert (result.code, result["changed"]) == (code, False)
        real = run_module(MODULE, {"name": "web", "spec": spec})
        assert (real.code, real["changed"], real["outcome"]) == (code, False, "not_started")
    assert "networks" in result["error"]["hint"]
    assert there(empty_sim) == []


def test_a_service_that_cannot_check_specs_is_said_to(empty_sim, run_module, capfd):
    empty_sim.fault("clustering", "POST", "/validate", status=406, body="{}")
    result = run_module(MODULE, {"name": "web", "spec": HEAT}, check=True)
    assert (result.failed, result["changed"]) == (False, True)
    assert "too old to check a spec" in str(result.get("warnings")) + capfd.readouterr().err


# --- answers that say no, answers that are lost

SENLIN = '{{"code":{0},"title":"x","explanation":"x","error":{{"code":{0},"message":"told by the service","type":"Some"}}}}'
TOKEN = '{{"error":{{"code":{0},"title":"x","message":"told by the service"}}}}'
ROUTER = '{{"message":"told by the service <br /><br />","code":"{0} x","title":"x"}}'
HTML = "<html><title>{0} x</title><body>Traceback told by the service</body></html>"


@pytest.mark.parametrize("shape", [SENLIN, TOKEN, ROUTER, HTML])
@pytest.mark.parametrize("status, code, known", [
    (400, "bad_request", "The server refused the request"),
    (401, "auth_failed", "The server refused the request"),
    (403, "forbidden", "The server refused the request"),
    (404, "not_found", "The server refused the request"),
    (409, "conflict", "The server refused the request"),
    (500, "server_error", "It is not known whether"),
    (503, "busy", "It is not known whether"),
])  # fmt: skip
def test_every_status_and_every_shape_of_an_error(empty_sim, run_module, status, code, known, shape):
    times = -1 if status == 401 else 1
    empty_sim.fault("clustering", "POST", PROFILES + "$", times=times, status=status, body=shape.format(status))
    result = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.1})
    assert (result.code, result["error"]["status"]) == (code, status), result["msg"]
    told = result["error"]["server_message"]
    assert told == (None if shape == HTML else "told by the service")
    assert known in result["msg"]
    assert result["changed"] is (status >= 500)
    # a 401 is a certain refusal: with one new token it is sent once more
    assert len(changing(empty_sim)) == (2 if status == 401 else 1)


def test_a_failure_tells_the_id_of_the_request(empty_sim, run_module):
    result = run_module(MODULE, {"name": "web", "spec": {**HEAT, "properties": {"bogus": 1}}})
    assert result["error"]["request_id"].startswith("req-")
    assert result["error"]["server_type"] == "InvalidSpec"


@pytest.mark.parametrize("marker", [True, False])
@pytest.mark.parametrize("when, found", [("after", True), ("before", False)])
def test_a_creation_whose_answer_is_lost_is_looked_for(empty_sim, run_module, when, found, marker):
    empty_sim.fault("clustering", "POST", PROFILES + "$", reset=when)
    result = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.3, "marker": marker})
    assert len(changing(empty_sim)) == 1
    assert result["changed"] is True
    if found:
        assert not result.failed, result
        assert (result["reconciled"], result["profile"]["name"]) == (True, "web")
    else:
        assert (result["outcome"], result.code) == ("unknown", "reply_lost")
        assert "The request was not repeated." in result["msg"]
    again = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.3})
    assert again["changed"] is not found
    assert len(there(empty_sim)) == 1


def test_the_profile_of_another_run_is_not_taken_for_ours(empty_sim, run_module):
    """The creation is lost and not applied; somebody else's profile of the same name has no marker of ours."""
    empty_sim.fault("clustering", "POST", PROFILES + "$", reset="before")
    empty_sim.fault("clustering", "GET", PROFILES, nth=2, times=-1, status=200, body=json.dumps({"profiles": []}))
    result = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.1})
    assert result["outcome"] == "unknown"


@pytest.mark.parametrize("when, found", [("after", True), ("before", False)])
@pytest.mark.parametrize("params, method", [({"metadata": {"a": 2}}, "PATCH"), ({"state": "absent"}, "DELETE")])
def test_a_change_whose_answer_is_lost_is_looked_for(empty_sim, run_module, when, found, params, method):
    seed(empty_sim, "web", metadata={"a": 1})
    empty_sim.fault("clustering", method, PROFILES, reset=when)
    result = run_module(MODULE, {"name": "web", "reconcile_timeout": 0.3, **params})
    assert [one[0] for one in changing(empty_sim)] == [method]
    assert result["changed"] is True
    assert result.failed is not found
    assert result["outcome"] == ("finished" if found else "unknown")


@pytest.mark.parametrize("switch, found", [("applied", True), ("lost", False)])
def test_a_dead_conductor(empty_sim, run_module, switch, found):
    """500 after its time is up, and the creation may have happened: looked for, not repeated."""
    # the first list is answered, the creation is not; then the conductor comes back
    empty_sim.switches("clustering", rpc_timeout=0.1, conductor=switch)
    empty_sim.fault("clustering", "GET", PROFILES, times=1, status=200, body='{"profiles": []}')
    result = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.1, "timeout": 30})
    assert result.failed
    assert result["changed"] is True
    assert len(changing(empty_sim)) == 1
    assert result.code == "conductor_timeout"
    empty_sim.switches("clustering", conductor="alive")
    again = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.1})
    assert again["changed"] is not found
    assert len(there(empty_sim)) == 1


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", '{"profile": null}', '{"profile": {"id": 1}}', "<html>"])
def test_an_answer_that_proves_nothing_is_checked_by_reading(empty_sim, run_module, body):
    """The service did what was asked; its answer was replaced on the way."""
    empty_sim.fault("clustering", "POST", PROFILES + "$", body=body, content_type="application/json")
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert not result.failed, result
    assert (result["changed"], result["reconciled"]) == (True, True)
    assert len(changing(empty_sim)) == 1


def test_after_a_lost_creation_the_old_profile_is_left(empty_sim, run_module):
    seed(empty_sim, "web", heat(60))
    empty_sim.fault("clustering", "POST", PROFILES + "$", reset="before")
    params = {"name": "web", "on_spec_change": "replace", "spec": heat(70), "reconcile_timeout": 0.1}
    result = run_module(MODULE, params)
    assert result["outcome"] == "unknown"
    assert [one[0] for one in changing(empty_sim)] == ["POST"]
    assert len(there(empty_sim)) == 1
    assert run_module(MODULE, params)["profile"]["spec"] == heat(70)
    assert len(there(empty_sim)) == 1


# --- two runs at once, on two control nodes: the other one's profile comes after our reading


def race(sim: Any, run_module: Any, spec: dict[str, Any], created: float) -> Any:
    """Run the module on an empty reading although the other run's profile is there. Returns its result."""
    seed(sim, "web", spec, metadata={MARKER: "the other run"}, created=created)
    sim.fault("clustering", "GET", PROFILES, status=200, body='{"profiles": []}')
    return run_module(MODULE, {"name": "web", "spec": HEAT})


def test_of_two_equal_profiles_the_older_stays_and_a_run_deletes_only_its_own(empty_sim, run_module):
    result = race(empty_sim, run_module, HEAT, created=1000)
    assert not result.failed, result
    (stays,) = there(empty_sim)
    assert stays["metadata"] == {MARKER: "the other run"}
    assert result["profile"]["id"] == stays["id"]
    assert sent(result) == changing(empty_sim)
    assert [step[0] for step in sent(result)] == ["POST", "DELETE"]


def test_the_younger_double_is_left_to_the_run_that_made_it(empty_sim, run_module):
    result = race(empty_sim, run_module, HEAT, created=4102444800)
    assert not result.failed, result
    assert [step[0] for step in changing(empty_sim)] == ["POST"]
    assert len(there(empty_sim)) == 2
    settled = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert there(empty_sim) == [{**settled["profile"]}]
    assert settled["profile"]["id"] == result["profile"]["id"]


def test_another_profile_of_the_name_is_told_and_not_touched(empty_sim, run_module, capfd):
    result = race(empty_sim, run_module, heat(60), created=1000)
    assert not result.failed, result
    assert "another profile with the name web" in str(result.get("warnings")) + capfd.readouterr().err
    assert len(there(empty_sim)) == 2
    assert run_module(MODULE, {"name": "web", "spec": HEAT}).code == "profile_ambiguous"


def test_a_profile_that_vanishes_after_its_creation_is_a_failure(empty_sim, run_module):
    empty_sim.fault("clustering", "GET", PROFILES, nth=2, times=-1, status=200, body='{"profiles": []}')
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert (result.code, result["changed"], result["outcome"]) == ("effect_missing", True, "started")


def test_a_creation_that_cannot_be_read_again_is_told_as_done(empty_sim, run_module):
    body = SENLIN.format(403)
    empty_sim.fault("clustering", "GET", PROFILES, nth=2, times=-1, status=403, body=body)
    result = run_module(MODULE, {"name": "web", "spec": HEAT})
    assert (result.code, result["changed"], result["outcome"]) == ("forbidden", True, "started")
    assert result["profile"]["name"] == "web"


def test_while_a_creation_is_unknown_what_it_replaces_is_not_deleted(empty_sim, run_module, harness):
    """The next run does it. What another item has replaced goes: that is verified."""
    for name in ("one", "two"):
        seed(empty_sim, name, heat(60))
    empty_sim.fault("clustering", "POST", PROFILES + "$", reset="before")
    items = [{"name": name, "spec": heat(70)} for name in ("one", "two")]
    params = {"profiles": items, "on_spec_change": "replace", "concurrency": 1, "reconcile_timeout": 0.1}
    first = run_module(MODULE, params)
    assert [one["outcome"] for one in first["profiles"]] == ["unknown", "finished"]
    assert [one[0] for one in changing(empty_sim)] == ["POST", "POST", "DELETE"]
    records = [path.read_text(encoding="utf-8") for path in (harness.folder / "state").iterdir()]
    assert any("create:one" in text for text in records), "the next run has to know of it"
    assert not run_module(MODULE, params).failed
    assert sorted((one["name"], one["spec"]) for one in there(empty_sim)) == [("one", heat(70)), ("two", heat(70))]
    assert all("create:" not in path.read_text(encoding="utf-8") for path in (harness.folder / "state").iterdir())


def test_a_killed_run_is_picked_up(empty_sim, run_module, harness):
    """The record of the lock holds an unfinished creation: the next run waits for it to arrive, and believes its reading."""
    empty_sim.fault("clustering", "POST", PROFILES + "$", reset="after")
    empty_sim.fault("clustering", "GET", PROFILES, nth=2, times=-1, status=403, body=SENLIN.format(403))
    first = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.2})
    assert first["outcome"] == "unknown"
    empty_sim.clear_faults()
    second = run_module(MODULE, {"name": "web", "spec": HEAT, "reconcile_timeout": 0.2})
    assert (second.failed, second["changed"]) == (False, False)
    assert len(there(empty_sim)) == 1


# --- every example of the documentation, and both ways in


def test_the_examples_of_the_documentation_run(empty_sim, play, tmp_path):
    import yaml

    from ansible_collections.groundwork.provision.plugins.modules import cluster_profile as module

    (tmp_path / "web-server.yml").write_text(yaml.safe_dump(NOVA), encoding="utf-8")
    (tmp_path / "worker.yml").write_text(yaml.safe_dump(HEAT), encoding="utf-8")
    text = module.EXAMPLES.replace("/etc/profiles", str(tmp_path))
    seed(empty_sim, "to-be-renamed", id="7fa885cd-fa39-4531-a42d-780af95c84a4")
    empty_sim.seed(
        clustering={"application_credentials": [{"name": "automation", "secret": "app-cred-secret", "user": "demo", "project": "demo"}]}
    )
    ident = next(iter(empty_sim.state("clustering")["application_credentials"].values()))
    text = text.replace("6cb5fa6a13184e6fab65ba2108adf50c", ident).replace("https://keystone.example.com/v3", empty_sim.ready["keystone"])
    tasks = yaml.safe_load(text)
    for task in tasks:
        options = task["groundwork.provision.cluster_profile"]
        if options.pop("cloud", None) is None:
            options["ca_path"] = empty_sim.ready["ca"]
    played = play(tasks, variables={"application_credential_secret": "app-cred-secret"})
    assert played.rc == 0, played.output
    assert played.recap["changed"] == 5
    assert sorted(one["name"] for one in there(empty_sim)) == ["web-server-old", "worker"]
    assert "app-cred-secret" not in played.output


@pytest.mark.parametrize("in_process", ["0", "1"])
def test_a_play_in_check_mode_and_for_real(empty_sim, play, in_process):
    task = {"name": "Keep a profile", "groundwork.provision.cluster_profile": {"name": "web", "spec": {**HEAT, "version": 1.0}}}
    env = {"GROUNDWORK_IN_PROCESS": in_process}
    checked = play([task], "--check", "--diff", **env)
    assert (checked.rc, checked.recap["changed"]) == (0, 1), checked.output
    assert "heat_template_version" in checked.output
    assert there(empty_sim) == []
    assert play([task], **env).recap["changed"] == 1
    assert play([task], **env).recap["changed"] == 0
