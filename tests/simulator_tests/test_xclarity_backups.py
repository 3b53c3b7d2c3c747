# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated XClarity's backups: copy, move, push, create, delete, validation, quiesce, and the open points."""

from __future__ import annotations

from typing import Any

import pytest
from xclarity_calls import BACKUP, ESTATE, Calls

from simulator.client import Control

DATA = "/managementServer/data"


@pytest.fixture
def calls(control: Control) -> Calls:
    control.seed(xclarity=ESTATE, xclarity_target={"users": ESTATE["users"]})
    control.clock(mode="manual")
    control.switches("xclarity", job_seconds=10)
    return Calls(control)


def put(calls: Calls, operation: str, destination: str, uuid: str = BACKUP, code: int = 200) -> dict[str, Any]:
    body = {"action": "start", "operation": operation, "uuid": uuid, "destination": destination}
    reply = calls("PUT", DATA, body)
    assert reply.status_code == code
    result: dict[str, Any] = reply.json()
    return result


def locations(calls: Calls) -> list[str]:
    result: list[str] = calls("GET", DATA).json()["backups"][0]["locations"]
    return result


def test_copy_and_move(control: Control, calls: Calls) -> None:
    assert put(calls, "copy", "/mnt/archive") == {"jobId": "11", "result": "success", "message": []}
    # Accepted is not done.
    assert locations(calls) == ["internal"]
    control.clock(advance=10)
    assert locations(calls) == ["internal", "/mnt/archive"]
    put(calls, "move", "/mnt/backups")
    control.clock(advance=10)
    assert locations(calls) == ["/mnt/archive", "/mnt/backups"]
    put(calls, "copy", "internal")
    control.clock(advance=10)
    assert locations(calls) == ["/mnt/archive", "/mnt/backups", "internal"]
    counts = control.state("xclarity")["counts"]
    assert (counts["copies"], counts["moves"]) == (2, 1)


def test_of_two_moves_at_once_the_second_finds_nothing(control: Control, calls: Calls) -> None:
    put(calls, "move", "/mnt/backups")
    put(calls, "move", "/mnt/archive")
    control.clock(advance=10)
    assert locations(calls) == ["/mnt/backups"]


def test_directions_that_do_not_exist(control: Control, calls: Calls) -> None:
    put(calls, "move", "internal", code=400)
    put(calls, "move", "/mnt/backups")
    control.clock(advance=10)
    # Gone from internal: neither a second move nor a copy from share to share is possible.
    put(calls, "move", "/mnt/backups", code=400)
    put(calls, "move", "/mnt/archive", code=400)
    put(calls, "copy", "/mnt/archive", code=400)
    assert control.state("xclarity")["counts"]["moves"] == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"action": "start"}, {"action": "start", "operation": "copy", "uuid": BACKUP},
     {"action": "start", "operation": "copy", "destination": "/mnt/backups"},
     {"action": "stop", "operation": "copy", "uuid": BACKUP, "destination": "/mnt/backups"},
     {"action": "start", "operation": "link", "uuid": BACKUP, "destination": "/mnt/backups"},
     {"action": "cancel", "operation": "copy"}, {"action": "start", "operation": "push"},
     {"action": "start", "operation": "copy", "uuid": BACKUP, "destination": "/mnt/backups", "source": "internal"}],
)
def test_bad_requests(control: Control, calls: Calls, body: dict[str, Any]) -> None:
    reply = calls("PUT", DATA, body)
    assert reply.status_code == 400
    # This page says `message` where all others say `messages`.
    assert reply.json()["message"][0]["id"].startswith("FQXHM")
    assert calls("GET", "/tasks").json() == []


@pytest.mark.parametrize(("how", "code"), [(400, 400), ("failed", 200)])
def test_unknown_backup_and_destination(control: Control, calls: Calls, how: Any, code: int) -> None:
    control.switches("xclarity", unknown_backup_reply=how, unknown_destination_reply=how, repeated_copy_reply=how,
                     second_push_reply=how, cancel_no_push_reply=how, failed_word="failure", data_message_key="messages")
    for arguments in (("copy", "/mnt/backups", "no-such-backup"), ("copy", "/mnt/nowhere", BACKUP),
                      ("copy", "internal", BACKUP), ("push", "198.51.100.1", BACKUP)):
        answer = put(calls, *arguments, code=code)
        assert answer["result"] == "failure"
        if code == 200:
            assert answer["messages"]
            assert answer["jobId"] == ""
    assert calls("PUT", DATA, {"action": "cancel", "operation": "push"}).status_code == code
    put(calls, "push", "192.0.2.12")
    assert put(calls, "push", "192.0.2.11", code=code)["result"] == "failure"
    assert len(calls("GET", "/tasks").json()) == 1


def test_repeated_copy_can_be_a_job_that_does_nothing(control: Control, calls: Calls) -> None:
    for _time in range(2):
        put(calls, "copy", "/mnt/backups")
        control.clock(advance=10)
    assert locations(calls) == ["internal", "/mnt/backups"]
    assert control.state("xclarity")["counts"]["copies"] == 2


def test_open_points_of_the_reply(control: Control, calls: Calls) -> None:
    control.switches("xclarity", empty_job_id=True, data_message_key="messages")
    assert put(calls, "copy", "/mnt/backups") == {"jobId": "", "result": "success", "messages": []}
    assert len(calls("GET", "/tasks").json()) == 1


@pytest.mark.parametrize(
    ("key", "shown"),
    [("locations", {"locations": ["internal"]}), ("mountPoints", {"mountPoints": ["internal"]}),
     ("location", {"location": ["internal"]}), ("location_string", {"location": "internal"}), ("absent", {})],
)
def test_name_of_the_locations(control: Control, calls: Calls, key: str, shown: dict[str, Any]) -> None:
    control.switches("xclarity", location_key=key)
    (backup,) = calls("GET", DATA).json()["backups"]
    names = ("locations", "location", "mountPoints")
    assert {name: backup[name] for name in names if name in backup} == shown
    assert (backup["uuid"], backup["label"], backup["filename"]) == (BACKUP, "nightly", "lxca_backup_nightly.tar")
    assert len(backup["checksum"]) == 64
    assert "passphrase" not in backup


def test_half_done_move(control: Control, calls: Calls) -> None:
    control.switches("xclarity", move_deletes_source=False)
    put(calls, "move", "/mnt/backups")
    control.clock(advance=10)
    assert locations(calls) == ["internal", "/mnt/backups"]


def test_push_and_what_the_target_does_with_it(control: Control, calls: Calls) -> None:
    target = Calls(control, "xclarity_target")
    job = put(calls, "push", "192.0.2.11")["jobId"]
    assert calls("GET", f"/tasks/{job}").json()[0]["status"] == "Running"
    assert target("GET", DATA).json()["backups"] == []
    control.clock(advance=10)
    assert calls.task(job)["status"] == "Complete"
    (arrived,) = target("GET", DATA).json()["backups"]
    assert (arrived["uuid"], arrived["locations"]) == (BACKUP, ["internal"])
    process = f"/files{DATA}?action=process"
    assert target("POST", process, {"passphrase": "wrong"}).status_code == 400
    assert target("POST", process, {}).status_code == 400
    job = target("POST", process, {"passphrase": "secret"}).json()["jobId"]
    control.clock(advance=1)
    assert target.task(job)["status"] == "Complete"
    assert control.state("xclarity_target")["data"]["backups"][BACKUP]["processed"] is True
    assert target("POST", process, {"passphrase": "secret"}).status_code == 400
    assert control.state("xclarity")["data"]["pushes"] == [
        {"uuid": BACKUP, "destination": "192.0.2.11", "result": "done"}]


def test_push_by_address_and_port(control: Control, calls: Calls) -> None:
    put(calls, "push", control.ready["xclarity_target"].removeprefix("https://"))
    control.clock(advance=10)
    assert BACKUP in control.state("xclarity_target")["data"]["backups"]


def test_cancelled_push(control: Control, calls: Calls) -> None:
    assert calls("PUT", DATA, {"action": "cancel", "operation": "push"}).status_code == 400
    job = put(calls, "push", "192.0.2.11")["jobId"]
    assert calls("PUT", DATA, {"action": "cancel", "operation": "push"}).json() == {"result": "success", "message": []}
    control.clock(advance=10)
    assert calls.task(job)["status"] == "Cancelled"
    assert control.state("xclarity_target")["data"]["backups"] == {}
    assert control.state("xclarity")["data"]["pushes"][0]["result"] == "not done"
    control.switches("xclarity", cancel_no_push_reply="success")
    assert calls("PUT", DATA, {"action": "cancel", "operation": "push"}).json()["result"] == "success"


def test_creating_a_backup_quiesces_the_server(control: Control, calls: Calls) -> None:
    control.switches("xclarity", quiesce_edge_seconds=2)
    body = {"action": "start", "operation": "backup", "label": "weekly", "passphrase": "p", "includeOS": True,
            "remoteShareDestination": "/mnt/archive"}
    reply = calls("POST", DATA, body)
    job = reply.json()["jobId"]
    codes = []
    for _second in range(10):
        codes.append(calls("GET", "/managementServer/quiesce").status_code)
        control.clock(advance=1)
    assert codes == [503] * 2 + [200] * 7 + [503]
    assert calls.task(job)["status"] == "Complete"
    new = calls("GET", DATA).json()["backups"][1]
    assert (new["label"], new["locations"], new["includeOS"], new["backupRequestedBy"]) == (
        "weekly", ["/mnt/archive"], True, "admin")
    assert calls("GET", "/managementServer/quiesce").json() == {"result": "success", "messages": []}


def test_what_a_quiesced_server_serves(control: Control, calls: Calls) -> None:
    job = calls("POST", DATA, {"action": "start", "operation": "backup", "label": "l", "passphrase": "p"}).json()["jobId"]
    control.clock(advance=5)
    report = calls("GET", "/managementServer/quiesce").json()["backupRequest"]
    assert (report["label"], report["progress"], report["jobId"]) == ("l", "50", job)
    assert calls("GET", DATA).status_code == 200
    assert calls("PUT", DATA, {}).status_code == 503
    control.switches("xclarity", quiesced_serves="none")
    assert calls("GET", DATA).status_code == 503
    assert calls("GET", "/managementServer/quiesce").status_code == 200
    control.switches("xclarity", quiesce_reply="drop")
    with pytest.raises(Exception, match="Connection aborted"):
        calls("GET", DATA)


@pytest.mark.parametrize(
    "body",
    [{"operation": "backup", "action": "start"}, {"operation": "backup", "action": "start", "label": "l"},
     {"operation": "backup", "action": "start", "label": "l", "passphrase": "p", "remoteShareDestination": "/mnt/no"},
     {"operation": "backup", "action": "prepare", "label": "l", "passphrase": "p"},
     {"operation": "restore", "action": "start", "uuid": "no"}, {"operation": "restore", "action": "stop"},
     {"operation": "restore", "action": "prepare", "uuid": BACKUP, "passphrase": "wrong"}],
)
def test_bad_create_and_restore(calls: Calls, body: dict[str, Any]) -> None:
    assert calls("POST", DATA, body).status_code == 400


def test_restore(control: Control, calls: Calls) -> None:
    prepared = {"operation": "restore", "action": "prepare", "uuid": BACKUP, "passphrase": "secret"}
    assert calls("POST", DATA, prepared).status_code == 200
    assert calls("POST", DATA, {"operation": "restore", "action": "start", "uuid": BACKUP}).status_code == 200
    control.clock(advance=5)
    assert calls("GET", "/managementServer/quiesce").json()["restoreRequest"]["uuid"] == BACKUP
    control.clock(advance=5)
    assert control.state("xclarity")["counts"]["restored"] == 1


def test_resume_needs_no_authentication_and_may_restart_the_server(control: Control, calls: Calls) -> None:
    calls("POST", DATA, {"action": "start", "operation": "backup", "label": "l", "passphrase": "p"})
    control.clock(advance=5)
    stranger = Calls(control)
    stranger.http.auth = None
    assert stranger("PUT", "/managementServer/quiesce", {"action": "go"}).status_code == 400
    assert stranger("PUT", "/managementServer/quiesce", {"action": "resume"}).status_code == 200
    assert len(calls("GET", DATA).json()["backups"]) == 1
    assert control.state("xclarity")["counts"]["restarts"] == 0
    assert stranger("PUT", "/managementServer/quiesce", {"action": "resume"}).status_code == 200
    assert calls("GET", DATA).status_code == 503
    assert control.state("xclarity")["counts"]["restarts"] == 1


def test_delete(control: Control, calls: Calls) -> None:
    put(calls, "copy", "/mnt/backups")
    control.clock(advance=10)
    path = f"{DATA}/{BACKUP}"
    assert calls("DELETE", path).status_code == 400
    assert calls("DELETE", f"{path}?location=/mnt/archive").status_code == 400
    assert calls("DELETE", f"{path}?location=internal").json()["result"] == "success"
    assert locations(calls) == ["/mnt/backups"]
    assert calls("DELETE", f"{path}?location=%2Fmnt%2Fbackups").status_code == 200
    assert calls("GET", DATA).json()["backups"] == []
    assert calls("DELETE", f"{path}?location=all").status_code == 400
    control.switches("xclarity", delete_backup_again=404)
    assert calls("DELETE", f"{path}?location=all").status_code == 404


def test_delete_everywhere_with_the_other_status(control: Control, calls: Calls) -> None:
    control.switches("xclarity", delete_backup_status=204)
    reply = calls("DELETE", f"{DATA}/{BACKUP}?location=all")
    assert (reply.status_code, reply.content) == (204, b"")
    assert control.state("xclarity")["counts"]["deleted"] == 1


def test_repository_space(control: Control, calls: Calls) -> None:
    control.switches("xclarity", repository_bytes=5000)
    path = f"{DATA}/repository"
    reply = calls("GET", path).json()
    assert (reply["spaceUsed"], reply["totalSpace"], reply["result"]) == ("1000", "5000", "success")
    assert calls("GET", f"{path}?packageSize=4000").json()["result"] == "success"
    assert calls("GET", f"{path}?packageSize=4001").json()["result"] == "failed"
    assert calls("GET", f"{path}?packageSize=many").status_code == 400


def test_import(control: Control, calls: Calls) -> None:
    reply = calls("POST", f"/files{DATA}?action=import", files={"uploadedfile": ("old.tar", b"x" * 500, "application/x-tar")})
    assert reply.status_code == 200
    imported = calls("GET", DATA).json()["backups"][1]
    assert (imported["filename"], imported["locations"]) == ("old.tar", ["internal"])
    assert calls("POST", f"/files{DATA}?action=import", {}).status_code == 400
    assert calls("POST", f"/files{DATA}?action=operation", {"passphrase": "p"}).status_code == 400
