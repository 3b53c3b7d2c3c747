# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""backup and backup_info against the simulator: make, delete, validate, list."""

from __future__ import annotations

import json

import pytest
from harness import OMIT, XCLARITY_PASSWORD

MODULE = "backup"
NIGHTLY = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"  # at internal
UPGRADE = "7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11"  # at internal and /mnt/backups
PHRASE = "Correct-horse-9"
MAKE = {"label": "weekly", "passphrase": PHRASE}
DELETE = {"state": "absent", "backup": "before-upgrade", "location": "all"}
PATH = "/managementServer/data"


def changing(sim, system="xclarity"):
    return [(e["method"], e["path"]) for e in sim.log(system=system, changing=True)]


def held(sim, system="xclarity"):
    return {one["label"]: one["locations"] for one in sim.state(system)["data"]["backups"].values()}


# -- present ----------------------------------------------------------------------------------------------------------


def test_make_a_backup_once(sim, run_module):
    """The pages POST /managementServer/data and GET /managementServer/quiesce (label, includeOS, includeFW)."""
    predicted = run_module(MODULE, MAKE, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    first = run_module(MODULE, MAKE)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    assert first["backup"]["label"] == "weekly"
    assert first["backup"]["uuid"]
    assert first["backups"] == [first["backup"]]
    assert first["job"]
    assert first["diff"] == {"before": {"weekly": "absent"}, "after": {"weekly": "present"}}
    assert first["plan"] == predicted["plan"]
    assert PHRASE not in json.dumps(first["plan"])
    assert changing(sim) == [("POST", PATH)]
    second = run_module(MODULE, MAKE)
    assert second["changed"] is False
    assert second["plan"] == []
    assert second["backup"] == first["backup"]
    assert changing(sim) == [("POST", PATH)]


def test_what_goes_into_it_and_where(sim, run_module):
    result = run_module(MODULE, MAKE | {"include_os": True, "include_firmware": True, "remote_share": "/mnt/archive"})
    assert not result.failed, result
    body = result["plan"][0]["body"]
    assert {key: body[key] for key in body if key != "passphrase"} == {
        "action": "start", "operation": "backup", "label": "weekly", "includeOS": True, "includeFW": True,
        "remoteShareDestination": "/mnt/archive",
    }  # fmt: skip
    assert held(sim)["weekly"] == ["/mnt/archive"]


@pytest.mark.parametrize("served", ["reads", "none"])
@pytest.mark.parametrize("reply", [503, "drop"])
def test_the_quiesce_is_waited_through(sim, run_module, served, reply):
    """The page: while it enters or leaves the quiesced state the server answers nothing."""
    sim.switches(
        "xclarity", quiesced_serves=served, quiesce_reply=reply, quiesce_edge_seconds=0.2, job_seconds_by_kind={"backup": 0.8}
    )
    result = run_module(MODULE, MAKE | {"reconcile_timeout": 4})
    assert not result.failed, result
    assert result["backup"]["label"] == "weekly"
    assert changing(sim) == [("POST", PATH)]


def test_a_lost_answer_is_found_by_the_report_of_the_quiesce(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"backup": 3.0})
    sim.fault("xclarity", "POST", f"^{PATH}", reset="after")
    result = run_module(MODULE, MAKE | {"reconcile_timeout": 10})
    assert not result.failed, result
    assert result["reconciled"] is True
    assert result["job"]
    assert changing(sim) == [("POST", PATH)]


def test_a_lost_request_stays_unknown(sim, run_module):
    sim.fault("xclarity", "POST", f"^{PATH}", reset="before")
    result = run_module(MODULE, MAKE)
    assert result["outcome"] == "unknown"
    assert result["changed"] is True
    assert "It is not known whether the job was started." in result["msg"]
    assert changing(sim) == [("POST", PATH)]
    assert PHRASE not in json.dumps(result)


def test_the_same_backup_in_the_making_is_joined(sim, run_module):
    """With Basic, since a session can be neither opened nor ended at the edge of a quiesce."""
    sim.switches("xclarity", job_seconds_by_kind={"backup": 1.5})
    first = run_module(MODULE, MAKE | {"wait": False, "auth_method": "basic"})
    assert first["outcome"] == "started"
    sim.clock(advance=0.2)
    second = run_module(MODULE, MAKE | {"auth_method": "basic", "reconcile_timeout": 4})
    assert not second.failed, second
    assert second["changed"] is False
    assert second["joined"] is True
    assert second["job"] == first["job"]
    assert second["backup"]["label"] == "weekly"
    assert changing(sim) == [("POST", PATH)]


def test_another_backup_in_the_making_is_not_disturbed(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"backup": 3.0})
    run_module(MODULE, MAKE | {"wait": False, "auth_method": "basic"})
    sim.clock(advance=0.2)
    result = run_module(MODULE, MAKE | {"label": "other", "auth_method": "basic"})
    assert result.code == "busy"
    assert "weekly" in result["msg"]
    assert "Nothing was changed." in result["msg"]
    assert changing(sim) == [("POST", PATH)]
    sim.clock(advance=5)


@pytest.mark.parametrize(
    "rule, code",
    [({"state": "Stopped_With_Error"}, "job_failed"), ({"effect": False}, "effect_missing"), ({"seconds": 30}, "wait_timeout")],
)
def test_a_backup_that_is_not_there_at_the_end(sim, run_module, rule, code):
    sim.switches("xclarity", fail_next=[{"kind": "backup", **rule}])
    result = run_module(MODULE, MAKE | {"wait_timeout": 1.0, "reconcile_timeout": 0.3})
    assert result.code == code, result
    assert result["changed"] is True
    told = " ended as Stopped_With_Error" if code == "job_failed" else "The job was started (job"
    assert told in result["msg"]
    sim.clock(advance=60)


@pytest.mark.parametrize("status, code", [(400, "bad_request"), (403, "forbidden"), (500, "server_error")])
def test_refusals(sim, run_module, status, code):
    sim.fault("xclarity", "POST", f"^{PATH}", status=status, body="{}")
    result = run_module(MODULE, MAKE)
    assert result.code == code
    assert changing(sim) == [("POST", PATH)]


@pytest.mark.parametrize(
    "params, code",
    [
        ({"passphrase": " padded"}, "config_secret_whitespace"),
        ({"passphrase": "line\nbreak"}, "config_secret_whitespace"),
        ({"label": " "}, "config_label"),
        ({"label": "a\tb"}, "config_label"),
        ({"label": "x" * 300}, "config_label"),
        ({"remote_share": "mnt/backups"}, "config_destination"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(sim, run_module, params, code):
    result = run_module(MODULE, MAKE | params)
    assert result.code == code, result
    assert sim.log(system="xclarity") == []


def test_the_quiesce_is_never_resumed(sim, run_module):
    """The page PUT /managementServer/quiesce: no login needed, stops the backup or restarts the server."""
    run_module(MODULE, MAKE)
    run_module(MODULE, DELETE)
    assert [e for e in sim.log(system="xclarity") if e["method"] == "PUT"] == []
    assert sim.state("xclarity")["counts"]["resumes"] == 0


# -- absent -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 204])
@pytest.mark.parametrize(
    "location, query, left",
    [("all", "all", None), ("internal", "internal", ["/mnt/backups"]), ("/mnt/backups/", "%2Fmnt%2Fbackups", ["internal"])],
)
def test_delete_once(sim, run_module, status, location, query, left):
    """The page DELETE /managementServer/data/{uuid}: location all, internal or a mount point."""
    sim.switches("xclarity", delete_backup_status=status)
    params = DELETE | {"location": location}
    predicted = run_module(MODULE, params, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["plan"] == predicted["plan"]
    assert first["diff"] == predicted["diff"]
    assert first["diff"]["after"] == {UPGRADE: {"label": "before-upgrade", "locations": left} if left else "absent"}
    assert changing(sim) == [("DELETE", f"{PATH}/{UPGRADE}?location={query}")]
    assert held(sim).get("before-upgrade") == left
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert second["plan"] == []
    assert len(changing(sim)) == 1


def test_delete_many_in_one_task(sim, run_module):
    params = {"state": "absent", "backups": ["nightly", UPGRADE, "no-such"], "location": "all"}
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert [one["changed"] for one in result["backups"]] == [True, True, False]
    assert held(sim) == {}
    assert [e["path"] for e in sim.log(system="xclarity") if e["method"] == "GET"] == [
        "/managementServer/data", "/tasks?compact=true", "/aicc", "/managementServer/data",
    ]  # fmt: skip
    assert run_module(MODULE, params)["changed"] is False


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_lost_answer_to_the_deletion(sim, run_module, when):
    sim.fault("xclarity", "DELETE", f"^{PATH}", reset=when)
    result = run_module(MODULE, DELETE)
    assert len(changing(sim)) == 1
    if when == "after":
        assert not result.failed, result
        assert result["backups"][0]["reconciled"] is True
    else:
        assert result["outcome"] == "unknown"
        assert "The request was not repeated." in result["msg"]
    again = run_module(MODULE, DELETE)
    assert not again.failed, again
    assert again["changed"] is (when == "before")


def test_somebody_else_was_quicker(sim, run_module):
    """Refused, and the list shows that it is gone: that is what was wanted."""
    sim.fault("xclarity", "DELETE", f"^{PATH}", status=400, body="{}", applied=True)
    result = run_module(MODULE, DELETE)
    assert not result.failed, result
    assert result["changed"] is False
    assert "before-upgrade" not in held(sim)


@pytest.mark.parametrize("status, code", [(400, "bad_request"), (403, "forbidden")])
def test_a_refused_deletion(sim, run_module, status, code):
    sim.fault("xclarity", "DELETE", f"^{PATH}", status=status, body="{}")
    result = run_module(MODULE, DELETE)
    assert result.code == code
    assert result["changed"] is False
    assert "nothing was started" in result["msg"]


def test_a_deletion_that_did_nothing_is_no_success(sim, run_module):
    sim.fault("xclarity", "DELETE", f"^{PATH}", status=200, body='{"result":"success","messages":[]}')
    result = run_module(MODULE, DELETE | {"reconcile_timeout": 0.2})
    assert result.code == "effect_missing"
    assert result["changed"] is True


def test_where_locations_are_not_told(sim, run_module):
    sim.switches("xclarity", location_key="absent")
    assert run_module(MODULE, DELETE | {"location": "internal"}).code == "locations_unknown"
    assert changing(sim) == []
    assert run_module(MODULE, DELETE)["changed"] is True
    assert run_module(MODULE, DELETE)["changed"] is False


@pytest.mark.parametrize(
    "params, code",
    [
        ({"location": "mnt/backups"}, "config_destination"),
        ({"location": "ALL"}, "config_destination"),
        ({"backup": OMIT, "backups": []}, "config_empty"),
        ({"backup": OMIT, "backups": ["nightly", NIGHTLY]}, "duplicate_item"),
    ],
)
def test_mistakes_of_a_deletion(sim, run_module, params, code):
    result = run_module(MODULE, DELETE | params)
    assert result.code == code, result
    assert changing(sim) == []


@pytest.mark.parametrize(
    "params",
    [
        {"label": "x"},
        {"passphrase": PHRASE},
        {"state": "absent", "location": "all"},
        {"state": "absent", "backup": "x"},
        {"state": "validated"},
        {"label": "x", "passphrase": PHRASE, "backup": "y"},
    ],
)
def test_what_the_argument_spec_refuses(sim, run_module, params):
    assert run_module(MODULE, params).failed
    assert sim.log(system="xclarity") == []


# -- validated --------------------------------------------------------------------------------------------------------


@pytest.fixture
def new_server(sim, run_module):
    """The connection of the other server, to which the backup was pushed."""
    assert not run_module("backup_transfer", {"operation": "push", "backup": "nightly", "destination": "192.0.2.11"}).failed
    yield {"endpoint": sim.ready["xclarity_target"], "username": "AUTOMATION", "password": XCLARITY_PASSWORD}
    assert sim.sessions("xclarity_target")["open"] == 0


VALIDATE = {"state": "validated", "passphrase": "Backup-demo"}
PROCESS = ("POST", "/files/managementServer/data?action=process")


@pytest.mark.parametrize("named", [{}, {"backup": "nightly"}])
def test_validate_what_was_pushed(sim, run_module, new_server, named):
    """The page POST /files/managementServer/data: action process, with the passphrase."""
    params = VALIDATE | new_server | named
    predicted = run_module(MODULE, params, check=True)
    assert changing(sim, "xclarity_target") == []
    result = run_module(MODULE, params)
    assert not result.failed, result
    assert result["changed"] is True
    assert result["plan"] == predicted["plan"]
    assert "Backup-demo" not in json.dumps(result)
    assert changing(sim, "xclarity_target") == [PROCESS]
    assert sim.state("xclarity_target")["data"]["backups"][NIGHTLY]["processed"] is True


def test_validate_with_the_wrong_passphrase(sim, run_module, new_server):
    result = run_module(MODULE, VALIDATE | new_server | {"passphrase": "Wrong-phrase"})
    assert result.code == "bad_request"
    assert result["changed"] is False
    assert "The passphrase is not right." in result["msg"]


def test_validate_what_the_server_does_not_have(sim, run_module, new_server):
    assert run_module(MODULE, VALIDATE | new_server | {"backup": "no-such"}).code == "backup_not_found"
    assert changing(sim, "xclarity_target") == []


@pytest.mark.parametrize("when", ["after", "before"])
def test_a_lost_answer_to_the_validation(sim, run_module, new_server, when):
    sim.fault("xclarity_target", "POST", "^/files/", reset=when)
    result = run_module(MODULE, VALIDATE | new_server | {"backup": "nightly"})
    assert changing(sim, "xclarity_target") == [PROCESS]
    if when == "after":
        assert not result.failed, result
        assert result["reconciled"] is True
    else:
        assert result["outcome"] == "unknown"


def test_an_answer_that_names_no_job_is_the_end(sim, run_module, new_server):
    sim.fault("xclarity_target", "POST", "^/files/", status=200, body='{"result":"success","messages":[]}', applied=True)
    result = run_module(MODULE, VALIDATE | new_server)
    assert not result.failed, result
    assert result["outcome"] == "finished"
    assert result["job"] is None


# -- backup_info ------------------------------------------------------------------------------------------------------


def test_list_everything(sim, run_module):
    """The pages GET /managementServer/data and GET /managementServer/data/repository."""
    result = run_module("backup_info")
    assert result["changed"] is False
    assert [one["label"] for one in result["backups"]] == ["nightly", "before-upgrade"]
    assert result["backups"][1]["locations"] == ["internal", "/mnt/backups"]
    assert result["backups"][0]["details"]["eth0IPv4"] == "192.0.2.10"
    assert result["repository"] == {"space_used": 734003200 + 701000000, "total_space": 68719476736, "fits": None}
    assert changing(sim) == []


@pytest.mark.parametrize(
    "params, labels",
    [
        ({"backup": "nightly"}, ["nightly"]),
        ({"backup": UPGRADE.upper()}, ["before-upgrade"]),
        ({"backup": "no-such"}, []),
        ({"location": "/mnt/backups/"}, ["before-upgrade"]),
        ({"location": "internal"}, ["nightly", "before-upgrade"]),
        ({"backup": "nightly", "location": "/mnt/backups"}, []),
        ({"only_at": "internal"}, ["nightly"]),
        ({"only_at": "Internal"}, ["nightly"]),
        ({"only_at": "/mnt/backups/"}, []),
        ({"backup": "before-upgrade", "only_at": "internal"}, []),
    ],
)
def test_filters(sim, run_module, params, labels):
    result = run_module("backup_info", params | {"repository": False})
    assert [one["label"] for one in result["backups"]] == labels
    assert "repository" not in result


@pytest.mark.parametrize("size, fits", [(0, True), (1024, True), (68719476736, False)])
@pytest.mark.parametrize("word", ["failed", "failure"])
def test_would_it_fit(sim, run_module, size, fits, word):
    sim.switches("xclarity", failed_word=word)
    assert run_module("backup_info", {"package_size": size})["repository"]["fits"] is fits


def test_where_locations_are_not_told_nothing_is_said_to_be_only_there(sim, run_module):
    sim.switches("xclarity", location_key="absent")
    assert run_module("backup_info", {"only_at": "internal"})["backups"] == []


def test_without_the_call_for_the_space_the_list_is_still_had(sim, run_module, capfd):
    sim.fault("xclarity", path="^/managementServer/data/repository", times=-1, status=404)
    result = run_module("backup_info", {"package_size": 1})
    assert not result.failed, result
    assert [one["label"] for one in result["backups"]] == ["nightly", "before-upgrade"]
    assert result["repository"] == {"space_used": None, "total_space": None, "fits": None}
    told = str(result.get("warnings")) + capfd.readouterr().err  # in this process it is shown at once
    assert "the space of its local repository" in told


@pytest.mark.parametrize("status", [403, 500])
def test_any_other_failure_of_that_call_is_one(sim, run_module, status):
    sim.fault("xclarity", path="^/managementServer/data/repository", times=-1, status=status)
    assert run_module("backup_info", {"timeout": 5}).failed


def test_a_size_that_is_none(sim, run_module):
    assert run_module("backup_info", {"package_size": -1}).code == "config_number"
