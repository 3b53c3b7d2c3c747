# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup_transfer, copy and move, against the simulator. "The page" is "PUT /managementServer/data"."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest
from harness import OMIT

MODULE = "backup_transfer"
NIGHTLY = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"  # the uuid of the page's examples; at internal
UPGRADE = "7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11"  # at internal and /mnt/backups
COPY = {"operation": "copy", "backup": "nightly", "destination": "/mnt/backups"}
MOVE = {"operation": "move", "backup": "nightly", "destination": "/mnt/archive"}


def changing(sim, since=0):
    """What changed something, as the server saw it: method, path with query, parsed body."""
    entries = sim.log(since=since, system="xclarity", changing=True)
    return [(e["method"], e["path"], json.loads(e["body"]) if e["body"] else None) for e in entries]


def planned(result):
    """The plan of a result in the same shape."""
    return [
        (s["method"], s["path"] + ("?" + urlencode(s["query"], quote_via=quote, safe="") if s["query"] else ""), s["body"])
        for s in result["plan"]
    ]


def locations(sim, uuid=NIGHTLY):
    return sim.state("xclarity")["data"]["backups"][uuid]["locations"]


@pytest.mark.parametrize("auth_method", ["session", "basic"])
@pytest.mark.parametrize("name", ["nightly", NIGHTLY, "lxca_backup_nightly.tar"])
def test_copy_to_a_share(sim, run_module, auth_method, name):
    """The page: copy to a mount point, 200 with jobId, result success and message; by uuid, label and file name."""
    params = COPY | {"backup": name, "auth_method": auth_method}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    (one,) = first["backups"]
    assert one["job"]
    assert one["proven"] is True
    assert one["locations"] == ["internal", "/mnt/backups"]
    assert one["history"][-1]["state"] == "Complete"
    body = {"action": "start", "destination": "/mnt/backups", "operation": "copy", "uuid": NIGHTLY}
    assert changing(sim) == planned(first) == [("PUT", "/managementServer/data", body)]
    key = f"{NIGHTLY} to /mnt/backups"
    assert first["diff"]["before"] == {key: {"label": "nightly", "locations": ["internal"]}}
    assert first["diff"]["after"] == {key: {"label": "nightly", "locations": ["/mnt/backups", "internal"]}}

    since = sim.last()
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["outcome"] == "none"
    assert second["plan"] == []
    assert second["diff"]["before"] == second["diff"]["after"]
    assert changing(sim, since) == []


def test_copy_to_internal_chooses_the_share_itself(sim, run_module):
    """The page: first example, destination internal; the share is chosen by the server."""
    assert not run_module(MODULE, MOVE).failed
    since = sim.last()
    result = run_module(MODULE, {"operation": "copy", "backup": NIGHTLY, "destination": "internal"})
    assert not result.failed, result
    assert changing(sim, since) == [
        ("PUT", "/managementServer/data", {"action": "start", "destination": "internal", "operation": "copy", "uuid": NIGHTLY})
    ]
    assert locations(sim) == ["/mnt/archive", "internal"]


def test_the_move_of_the_page(sim, run_module):
    """The page: second example, move to /mnt/my_remote_share."""
    sim.seed(xclarity={"shares": ["/mnt/my_remote_share"]})
    params = {"operation": "move", "backup": NIGHTLY, "destination": "/mnt/my_remote_share"}
    first = run_module(MODULE, params)
    assert not first.failed, first
    body = {"operation": "move", "action": "start", "uuid": NIGHTLY, "destination": "/mnt/my_remote_share"}
    assert changing(sim) == [("PUT", "/managementServer/data", body)]
    assert locations(sim) == ["/mnt/my_remote_share"]
    assert first["backups"][0]["locations"] == ["/mnt/my_remote_share"]
    assert run_module(MODULE, params)["changed"] is False
    assert len(changing(sim)) == 1


@pytest.fixture
def each_told(sim):
    """The list has an entry for each location, with the checksum of the copy there."""
    sim.switches("xclarity", location_entries="each")
    return sim


def test_a_verified_move_copies_compares_and_deletes(each_told, sim, run_module):
    params = MOVE | {"move_method": "verified"}
    predicted = run_module(MODULE, params, check=True)
    assert changing(sim) == []
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert locations(sim) == ["/mnt/archive"]
    assert changing(sim) == planned(first) == planned(predicted)
    assert [(m, p) for m, p, _body in changing(sim)] == [
        ("PUT", "/managementServer/data"),
        ("DELETE", f"/managementServer/data/{NIGHTLY}?location=internal"),
    ]
    assert run_module(MODULE, params)["changed"] is False


def test_a_verified_move_of_what_is_at_both_only_deletes(each_told, sim, run_module):
    result = run_module(MODULE, {"operation": "move", "move_method": "verified", "backup": UPGRADE, "destination": "/mnt/backups"})
    assert not result.failed, result
    assert [method for method, _path, _body in changing(sim)] == ["DELETE"]
    assert locations(sim, UPGRADE) == ["/mnt/backups"]


def test_a_native_move_of_what_is_at_both_is_sent_once_more(sim, run_module):
    result = run_module(MODULE, {"operation": "move", "backup": UPGRADE, "destination": "/mnt/backups"})
    assert not result.failed, result
    assert [body["operation"] for _method, _path, body in changing(sim)] == ["move"]
    assert locations(sim, UPGRADE) == ["/mnt/backups"]


def test_a_move_that_left_the_original_is_not_called_moved(sim, run_module):
    """The page: a successful response does not mean that the operation was; here the deleting half is missing."""
    sim.switches("xclarity", move_deletes_source=False)
    result = run_module(MODULE, MOVE)
    assert result.code == "effect_missing"
    assert result["changed"] is True
    assert "still in the local repository" in result["msg"]
    assert "The job was started (job" in result["msg"]
    assert result["backups"][0]["proven"] is False


def test_check_mode_is_the_plan_of_the_real_run(sim, run_module):
    params = {"operation": "copy", "destination": "/mnt/archive", "backups": [{"backup": "nightly"}, {"backup": "before-upgrade"}]}
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    real = run_module(MODULE, params | {"concurrency": 1})
    assert real["plan"] == predicted["plan"]
    assert real["diff"] == predicted["diff"]
    assert changing(sim) == planned(predicted)


def test_many_with_one_list_and_one_poll(sim, run_module):
    """Requests: login, list, jobs, identity, N starts, polls of all, list, logout."""
    params = {
        "operation": "copy",
        "destination": "/mnt/archive",
        "backups": [{"backup": "nightly"}, {"backup": "before-upgrade"}, {"backup": "nightly", "destination": "/mnt/backups"}],
    }
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert [(one["label"], one["destination"]) for one in result["backups"]] == [
        ("nightly", "/mnt/archive"), ("before-upgrade", "/mnt/archive"), ("nightly", "/mnt/backups"),
    ]  # fmt: skip
    paths = [e["path"] for e in sim.log(system="xclarity")]
    polls = [p for p in paths if p.startswith("/tasks/")]
    assert len(paths) == 2 + 1 + 1 + 1 + 3 + len(polls) + 1
    assert set(locations(sim)) == {"internal", "/mnt/archive", "/mnt/backups"}
    again = run_module(MODULE, params)
    assert again["changed"] is False
    assert again["plan"] == []


def test_one_of_many_fails_and_the_others_are_told(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "copy", "resource": NIGHTLY, "state": "Stopped_With_Error", "message": "Share full."}])
    params = {"operation": "copy", "destination": "/mnt/archive", "backups": [{"backup": "before-upgrade"}, {"backup": "nightly"}]}
    result = run_module(MODULE, params)
    assert result.code == "job_failed"
    assert "1 of 2 backups failed" in result["msg"]
    assert "Share full." in result["msg"]
    good, bad = result["backups"]
    assert good["proven"] is True
    assert "error" not in good
    assert bad["error"]["code"] == "job_failed"
    assert locations(sim, UPGRADE) == ["internal", "/mnt/backups", "/mnt/archive"]


def test_on_failure_stop_begins_no_other(sim, run_module):
    sim.fault("xclarity", "PUT", "^/managementServer/data", status=400, body="{}")
    params = {"operation": "copy", "destination": "/mnt/archive", "backups": [{"backup": "before-upgrade"}, {"backup": "nightly"}]}
    result = run_module(MODULE, params | {"concurrency": 1, "on_failure": "stop"})
    assert [one["error"]["code"] for one in result["backups"]] == ["bad_request", "skipped"]
    assert len(changing(sim)) == 1


# -- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, code, sentence, outcome",
    [
        (400, "bad_request", "nothing was started", "not_started"),
        (403, "forbidden", "nothing was started", "not_started"),
        (500, "server_error", "It is not known whether the job was started.", "unknown"),
    ],
)
@pytest.mark.parametrize("params", [COPY, MOVE])
def test_response_codes(sim, run_module, params, status, code, sentence, outcome):
    """The page: 400, 403, 500, "a descriptive error message is returned in the response body"."""
    body = '{"result":"failed","message":[{"id":"FQXHMDM9001J","text":"Told why.","explanation":"","recovery":[{"text":"Do.","URL":""}]}]}'
    sim.fault("xclarity", "PUT", "^/managementServer/data", status=status, body=body)
    result = run_module(MODULE, params)
    assert result.code == code
    assert result["error"]["status"] == status
    assert "Told why." in result["msg"]
    assert sentence in result["msg"]
    assert result["outcome"] == outcome
    assert result["changed"] is (outcome == "unknown")
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("word", ["failed", "failure"])
@pytest.mark.parametrize("key", ["message", "messages"])
def test_a_failed_result_inside_a_200(sim, run_module, word, key):
    """The page: result failed, with message; a live appliance said failure, and other pages say messages."""
    sim.switches("xclarity", unknown_destination_reply="failed", failed_word=word, data_message_key=key)
    result = run_module(MODULE, COPY | {"destination": "/mnt/unknown"})
    assert result.code == "server_refused"
    assert "The destination is not known." in result["msg"]
    assert "The server refused the request; nothing was started." in result["msg"]
    assert result["changed"] is False
    assert result["outcome"] == "not_started"


@pytest.mark.parametrize("shape", ["object", "list", "string"])
def test_recovery_in_each_of_its_shapes(sim, run_module, shape):
    """The page: recovery is an array of objects with text and URL; seen as one object, and as a string."""
    sim.switches("xclarity", recovery_shape=shape)
    result = run_module(MODULE, COPY | {"destination": "/mnt/unknown"})
    assert result.code == "bad_request"
    assert "Correct the request and send it again." in result["error"]["server_message"]


def test_a_warning_goes_on_and_is_told(sim, run_module):
    """The page: result warning, with message."""
    body = '{"jobId":"11","result":"warning","message":[{"id":"FQXHMDM9002G","text":"The share is slow."}]}'
    sim.fault("xclarity", "PUT", "^/managementServer/data", status=200, body=body, applied=True)
    result = run_module(MODULE, COPY)
    assert not result.failed, result
    assert result["backups"][0]["server_messages"] == ["FQXHMDM9002G The share is slow."]
    assert result["backups"][0]["proven"] is True


def test_an_answer_without_a_job_is_judged_by_reading(sim, run_module):
    """The page: jobId is empty if no job was created."""
    sim.switches("xclarity", empty_job_id=True)
    result = run_module(MODULE, COPY)
    assert not result.failed, result
    assert result["backups"][0]["reconciled"] is True
    assert result["changed"] is True
    assert len(changing(sim)) == 1


def test_an_answer_without_a_job_and_no_effect_is_unknown(sim, run_module):
    """The page: the same, and nothing is seen of it either."""
    sim.fault("xclarity", "PUT", "^/managementServer/data", status=200, body='{"jobId":"","result":"success","message":[]}')
    result = run_module(MODULE, COPY)
    assert result["outcome"] == "unknown"
    assert "It is not known whether the job was started." in result["msg"]
    assert "The request was not repeated." in result["msg"]
    assert result["changed"] is True
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("params", [COPY, MOVE, MOVE | {"move_method": "verified"}])
def test_a_lost_answer_is_read_back_and_never_sent_again(each_told, sim, run_module, params):
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="after")
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert result["backups"][0]["reconciled"] is True
    assert result["changed"] is True
    assert [body["operation"] for _m, _p, body in changing(sim) if body].count(changing(sim)[0][2]["operation"]) == 1
    assert run_module(MODULE, params)["changed"] is False


def test_a_lost_request_is_not_taken_for_started_because_of_another_backup_of_the_same_label(sim, run_module):
    """The job of the second copy has the label of both in its title."""
    twin = "22222222-2222-4222-8222-222222222222"
    sim.seed(xclarity={"backups": [{"uuid": twin, "label": "nightly", "locations": ["internal"]}]})
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="before")
    params = {"operation": "copy", "backups": [{"backup": NIGHTLY}, {"backup": twin}], "destination": "/mnt/backups", "concurrency": 1}
    result = run_module(MODULE, params)
    assert [one["outcome"] for one in result["backups"]] == ["unknown", "finished"], result
    assert (locations(sim), locations(sim, twin)) == (["internal"], ["internal", "/mnt/backups"])


@pytest.mark.parametrize("seconds", [0.0, 1.5])
def test_a_lost_request_is_not_told_by_the_job_of_another_whose_answer_was_lost(sim, run_module, seconds):
    """The first is handled and its answer lost, the second never arrives. However soon the job of the first ends, it is its own."""
    sim.switches("xclarity", job_seconds=seconds)
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="after")
    sim.fault("xclarity", "PUT", "^/managementServer/data", nth=2, reset="before")
    params = {"operation": "copy", "backups": [{"backup": NIGHTLY}, {"backup": UPGRADE}], "destination": "/mnt/archive", "concurrency": 1}
    result = run_module(MODULE, params)
    first, second = result["backups"]
    assert (first["outcome"], first["reconciled"]) == ("finished", True), result
    assert (second["outcome"], second["reconciled"], second["job"]) == ("unknown", False, None), result
    assert "It is not known whether the job was started" in second["error"]["message"]
    assert (locations(sim), "/mnt/archive" in locations(sim, UPGRADE)) == (["internal", "/mnt/archive"], False)


@pytest.mark.parametrize("params", [COPY, MOVE])
def test_a_lost_request_is_not_sent_again(sim, run_module, params):
    sim.fault("xclarity", "PUT", "^/managementServer/data", reset="before")
    result = run_module(MODULE, params)
    assert result.code == "reply_lost"
    assert result["outcome"] == "unknown"
    assert result["changed"] is True
    assert "Look at the server's jobs and list of backups" in result["msg"]
    assert len(changing(sim)) == 1
    # The next run waits until nothing can be on its way, reads, and the list is proof enough to send it.
    second = run_module(MODULE, params)
    assert not second.failed, second
    assert len(changing(sim)) == 2


@pytest.mark.parametrize("when, done", [("after", True), ("before", False)])
def test_the_lost_answer_of_the_deletion(each_told, sim, run_module, when, done):
    sim.fault("xclarity", "DELETE", "^/managementServer/data", reset=when)
    result = run_module(MODULE, MOVE | {"move_method": "verified"})
    assert [method for method, _p, _b in changing(sim)] == ["PUT", "DELETE"]
    assert locations(sim) == (["/mnt/archive"] if done else ["internal", "/mnt/archive"])
    if done:
        assert not result.failed, result
        assert result["backups"][0]["reconciled"] is True
    else:
        assert result["outcome"] == "unknown"
        assert result["backups"][0]["job"], "the copy is told all the same"
    since = sim.last()
    again = run_module(MODULE, MOVE | {"move_method": "verified"})
    assert not again.failed, again
    assert [method for method, _p, _b in changing(sim, since)] == ([] if done else ["DELETE"])


def test_a_copy_that_is_not_there_at_the_end_is_no_success(sim, run_module):
    """The page: accepted does not mean done. The job says Complete and has done nothing."""
    sim.switches("xclarity", fail_next=[{"kind": "copy", "effect": False}])
    result = run_module(MODULE, COPY)
    assert result.code == "effect_missing"
    assert "not at /mnt/backups" in result["msg"]


@pytest.mark.parametrize(
    "rule, code",
    [
        ({"state": "Stopped_With_Error"}, "job_failed"),
        ({"state": "CompleteWithErrors"}, "job_failed"),
        ({"children": ["Complete", "Stopped_With_Error"]}, "job_failed"),
        ({"state": "Cancelled"}, "job_cancelled"),
        ({"state": "Interrupted"}, "job_interrupted"),
    ],
)
def test_a_job_that_does_not_end_well(sim, run_module, rule, code):
    sim.switches("xclarity", fail_next=[{"kind": "copy", **rule}])
    result = run_module(MODULE, COPY)
    assert result.code == code
    assert " ended as " in result["msg"]
    assert "was started" not in result["msg"], "its end is told"
    assert result["changed"] is True


@pytest.mark.parametrize("rule", [{"vanish": 0.1, "seconds": 0.3}, {"vanish": 0.0, "seconds": 0.3}])
def test_a_job_that_is_not_to_be_seen_is_judged_by_the_list(sim, run_module, rule):
    sim.switches("xclarity", fail_next=[{"kind": "copy", **rule}])
    result = run_module(MODULE, COPY | {"reconcile_timeout": 3})
    assert not result.failed, result
    assert result["backups"][0]["proven"] is True


def test_a_job_that_vanishes_without_effect_is_unknown(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "copy", "vanish": 0.1, "seconds": 0.3, "effect": False}])
    result = run_module(MODULE, COPY)
    assert result.code == "job_lost"
    assert result["outcome"] == "unknown"


def test_running_out_of_time_and_joining_again(sim, run_module):
    sim.switches("xclarity", fail_next=[{"kind": "copy", "seconds": 1.5}])
    first = run_module(MODULE, COPY | {"wait_timeout": 0.2})
    assert first.code == "wait_timeout"
    assert first["changed"] is True
    assert "run this task again" in first["msg"]
    second = run_module(MODULE, COPY)
    assert not second.failed, second
    assert second["changed"] is False
    assert second["backups"][0]["joined"] is True
    assert second["backups"][0]["job"] == first["backups"][0]["job"]
    assert len(changing(sim)) == 1


def test_without_waiting_the_job_is_told(sim, run_module):
    result = run_module(MODULE, COPY | {"wait": False})
    assert result["outcome"] == "started"
    done = run_module("job", {"job": result["backups"][0]["job"]})
    assert done["jobs"][0]["state"] == "succeeded"
    assert run_module(MODULE, COPY)["changed"] is False


# -- locations that are not told --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["locations", "mountPoints", "location", "location_string"])
@pytest.mark.parametrize("params", [COPY, MOVE, MOVE | {"move_method": "verified"}])
def test_every_name_of_the_locations(each_told, sim, run_module, key, params):
    sim.switches("xclarity", location_key=key)
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["backups"][0]["proven"] is True
    assert run_module(MODULE, params)["changed"] is False


def test_locations_that_are_not_told_are_not_guessed(sim, run_module):
    sim.switches("xclarity", location_key="absent")
    refused = run_module(MODULE, COPY)
    assert refused.code == "locations_unknown"
    assert "Nothing was changed." in refused["msg"]
    assert "assume_absent" in refused["msg"]
    assert changing(sim) == []
    assumed = run_module(MODULE, COPY | {"assume_absent": True})
    assert not assumed.failed, assumed
    assert assumed["changed"] is True
    assert assumed["backups"][0]["proven"] is False
    assert assumed["backups"][0]["locations"] is None


def killed(harness, operation, resource):
    """Leave the record of a run that was killed between writing it and learning what became of its request."""
    identity = ("xclarity", harness.control.state("xclarity")["appliance_uuid"])
    harness.leave_unfinished("xclarity", "backups", identity, f"{operation}:{resource}")


def test_a_killed_run_whose_outcome_the_list_shows_needs_no_question(sim, run_module, harness):
    killed(harness, "copy", f"{NIGHTLY} to /mnt/backups")
    result = run_module(MODULE, COPY)
    assert not result.failed, result
    assert len(changing(sim)) == 1


def test_a_killed_run_whose_outcome_nothing_shows_is_told_once(sim, run_module, harness):
    sim.switches("xclarity", location_key="absent")
    killed(harness, "copy", f"{NIGHTLY} to /mnt/backups")
    told = run_module(MODULE, COPY | {"assume_absent": True})
    assert told.code == "earlier_run_unfinished"
    assert told["outcome"] == "unknown"
    assert changing(sim) == []
    assert not run_module(MODULE, COPY | {"assume_absent": True}).failed
    assert len(changing(sim)) == 1


def test_a_killed_run_whose_job_could_be_running_is_told_once(sim, run_module, harness):
    """Another copy of the backup runs: whether it is the one of the killed run cannot be told for sure."""
    sim.switches("xclarity", fail_next=[{"kind": "copy", "seconds": 30}])
    assert run_module(MODULE, COPY | {"destination": "/mnt/archive", "wait": False})["changed"] is True
    killed(harness, "copy", f"{NIGHTLY} to /mnt/backups")
    told = run_module(MODULE, COPY)
    assert told.code == "earlier_run_unfinished"
    assert "could be it" in told["msg"]
    assert len(changing(sim)) == 1


# -- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params, code",
    [
        ({"backup": "no-such"}, "backup_not_found"),
        ({"backup": "."}, "backup_not_found"),
        ({"backup": "night\x00ly"}, "backup_not_found"),
        ({"destination": "mnt/backups"}, "config_destination"),
        ({"destination": "192.0.2.11"}, "config_destination"),
        ({"destination": ""}, "config_destination"),
        ({"operation": "move", "destination": "internal"}, "config_destination"),
        ({"backup": OMIT, "backups": []}, "config_empty"),
        ({"backup": OMIT, "backups": [{"backup": "nightly"}, {"backup": NIGHTLY}]}, "duplicate_item"),
        ({"action": "cancel"}, "config_options"),
        ({"job_id": "17"}, None),
        ({"target_username": "a", "target_password": "b"}, "config_options"),
        ({"operation": "move", "move_method": "verified", "wait": False}, "config_options"),
        ({"endpoint": "http://127.0.0.1"}, "config_host"),
        ({"endpoint": "https://127.0.0.1:1"}, "connect_refused"),
        ({"ca_path": None}, "tls_untrusted"),
        ({"password": "wrong-password"}, "auth_failed"),
        ({"poll_interval": 0}, "config_number"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(sim, run_module, params, code):
    result = run_module(MODULE, COPY | params)
    assert result.failed
    assert result.code == code, result
    assert "Nothing was changed." in result["msg"] or (code is None and "mutually exclusive" in result["msg"])
    assert not result.get("changed")
    assert changing(sim) == []


@pytest.mark.parametrize(
    "params",
    [
        {"operation": "copy", "destination": "/mnt/a"},
        {"operation": "copy", "backup": "a", "backups": [{"backup": "b"}], "destination": "/mnt/a"},
        {"operation": "steal", "backup": "a", "destination": "/mnt/a"},
        {"backup": "a", "destination": "/mnt/a"},
    ],
)
def test_what_the_argument_spec_refuses(sim, run_module, params):
    result = run_module(MODULE, params)
    assert result.failed
    assert "error" not in result
    assert sim.log(system="xclarity") == []


def test_an_ambiguous_label_lists_the_uuids(sim, run_module):
    sim.seed(xclarity={"backups": [{"uuid": "11111111-aaaa", "label": "nightly"}]})
    result = run_module(MODULE, COPY)
    assert result.code == "backup_ambiguous"
    assert NIGHTLY in result["msg"]
    assert "11111111-aaaa" in result["msg"]
    assert changing(sim) == []


def test_a_user_who_may_only_read(sim, run_module):
    """The page: 403, ensure that you have privileges."""
    result = run_module(MODULE, COPY | {"username": "VIEWER", "password": "Passw0rd-view"})
    assert result.code == "forbidden"
    assert "nothing was started" in result["msg"]


@pytest.mark.parametrize("params, code", [(MOVE | {"move_method": "verified"}, "checksum_mismatch"), (COPY, "checksum_mismatch")])
def test_a_copy_with_another_checksum_is_no_copy_and_nothing_is_deleted(each_told, sim, run_module, params, code):
    """The list that is read after the job shows the backup at its destination, but not the same bytes."""
    entry = {"uuid": NIGHTLY, "label": "nightly", "checksum": "other", "locations": ["internal", params["destination"]]}
    listed = json.dumps({"backups": [entry], "result": "success", "messages": []})
    sim.fault("xclarity", "GET", "^/managementServer/data$", nth=2, times=-1, body=listed)
    result = run_module(MODULE, params)
    assert result.code == code
    assert "The job was started (job" in result["msg"]
    assert [method for method, _path, _body in changing(sim)] == ["PUT"]
    assert locations(sim) == ["internal", params["destination"]]


@pytest.mark.parametrize("both", [True, False])
def test_a_copy_without_a_checksum_of_its_own_proves_nothing_and_the_source_stays(sim, run_module, both):
    """One checksum for all locations: a comparison would be of a value with itself. Where the list tells that, nothing begins."""
    sim.seed(xclarity={})
    if not both:
        assert not run_module("backup", {"state": "absent", "backup": UPGRADE, "location": "/mnt/backups"}).failed
    since = sim.last()
    result = run_module(MODULE, MOVE | {"move_method": "verified"})
    assert result.code == "copy_not_proven"
    assert "the source is not deleted" in result["msg"]
    assert [method for method, _path, _body in changing(sim, since)] == ([] if both else ["PUT"])
    assert ("Nothing was changed." in result["msg"]) == both
    assert "internal" in locations(sim)
    assert both or result["backups"][0]["proven"] is False


@pytest.mark.parametrize("checksums", [{"/mnt/archive": ""}, {"/mnt/archive": "other"}, {"internal": "", "/mnt/archive": ""}])
def test_an_empty_or_another_checksum_of_the_copy_proves_nothing(each_told, sim, run_module, checksums):
    sim.seed(xclarity={"backups": [{"uuid": "9edf27ff-08d1-49b5-b7f3-7e8edc4fd279", "label": "odd", "checksums": checksums}]})
    result = run_module(MODULE, {"operation": "move", "move_method": "verified", "backup": "odd", "destination": "/mnt/archive"})
    assert result.code in ("copy_not_proven", "checksum_mismatch")
    assert "DELETE" not in [method for method, _path, _body in changing(sim)]
    assert "internal" in locations(sim, "9edf27ff-08d1-49b5-b7f3-7e8edc4fd279")


def test_the_copy_is_compared_once_more_right_before_the_deletion(each_told, sim, run_module):
    """Between the comparison after the job and the deletion somebody deletes the copy: the only backup stays."""
    gone = json.dumps({"backups": [{"uuid": NIGHTLY, "label": "nightly", "checksum": "x", "locations": ["internal"]}]})
    sim.fault("xclarity", "GET", "^/managementServer/data$", nth=3, body=gone)
    result = run_module(MODULE, MOVE | {"move_method": "verified"})
    assert result.code == "effect_missing"
    assert [method for method, _path, _body in changing(sim)] == ["PUT"]
