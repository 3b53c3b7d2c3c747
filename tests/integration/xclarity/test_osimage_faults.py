# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""osimage_export when things go wrong: lost answers, killed runs, hostile names, broken downloads, full disks."""

from __future__ import annotations

import hashlib
import json
import os
import resource

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils import _download, _follow
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder, Temporary
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import export_destination, jobs

MODULE = "osimage_export"
EXPORT = "install-web_gold(\\?|$)"
DOWNLOAD = "web_gold.tar.gz$"


def arrivals(sim):
    return len(sim.log(system="xclarity", changing=True))


def exports(sim):
    return sim.state("xclarity")["counts"]["exports"]


@pytest.fixture
def dest(tmp_path):
    (tmp_path / "files").mkdir()
    return tmp_path / "files" / "gold.tar.gz"


@pytest.fixture
def web(dest):
    return {"profile": "web_gold", "dest": str(dest)}


REMOTE = {"profile": "web_gold", "remote_file_server": "images", "path": "/x"}


def nothing_left(dest):
    return not [name for name in os.listdir(dest.parent) if name.endswith("groundwork-part")]


# -- a lost answer ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"reset": "after", "fin": True}, {"body": "<html>log in</html>"}, {"truncate": 20}])
def test_lost_and_found_among_the_jobs(sim, run_module, fault):
    """Applied, the answer lost: the one new job that names the profile is ours. It is sent once."""
    sim.fault("xclarity", "GET", EXPORT, **fault)
    result = run_module(MODULE, REMOTE)
    assert not result.failed, result
    assert (result["changed"], result["outcome"], result["export"]["reconciled"]) == (True, "finished", True)
    assert result["export"]["job"] == sim.state("xclarity")["os_images"]["exports"][0]["job"]
    assert (arrivals(sim), exports(sim)) == (1, 1)
    assert run_module(MODULE, REMOTE)["changed"] is False


def test_lost_and_found_and_the_job_tells_the_file(sim, run_module, web, dest):
    sim.switches("xclarity", export_filename="1_web_gold.tar.gz",
                 fail_next=[{"kind": "export", "state": "Complete", "message": "Written to 1_web_gold.tar.gz."}])  # fmt: skip
    sim.fault("xclarity", "GET", EXPORT, reset="after")
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert result["export"]["reconciled"] is True
    assert dest.exists()
    assert (arrivals(sim), exports(sim)) == (1, 1)


def test_lost_and_found_but_nobody_knows_the_file(sim, run_module, web, dest):
    """The name of the file was in the lost answer only: said so, with the job, and how to go on."""
    sim.fault("xclarity", "GET", EXPORT, reset="after")
    result = run_module(MODULE, web)
    assert result.code == "filename_lost"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert f"The job was started (job {result['export']['job']})." in result["msg"]
    assert "source_file" in result["msg"]
    assert (arrivals(sim), exports(sim)) == (1, 1)
    assert nothing_left(dest)
    name = sim.state("xclarity")["os_images"]["exports"][0]["filename"]
    assert run_module(MODULE, {**web, "source_file": name})["changed"] is True
    assert (arrivals(sim), exports(sim)) == (1, 1)


@pytest.mark.parametrize("fault", [{"reset": "before"}, {"reset": "before", "fin": True}, {"status": 502}, {"status": 503}])
@pytest.mark.parametrize("remote", [False, True])
def test_lost_and_not_found(sim, run_module, web, fault, remote):
    """Nothing shows that it arrived: unknown, and not sent again. Who runs it again has been told to look before."""
    params = REMOTE if remote else web
    sim.fault("xclarity", "GET", EXPORT, **fault)
    result = run_module(MODULE, params)
    assert result.failed
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "It is not known whether the job was started." in result["msg"]
    assert "The request was not repeated." in result["msg"]
    assert "the server's jobs" in result["msg"]
    assert arrivals(sim) == 1
    assert run_module(MODULE, params)["outcome"] == "finished"
    assert arrivals(sim) == 2


def test_two_jobs_that_it_could_be(sim, run_module, monkeypatch):
    """Somebody else exported the same profile meanwhile: never guessed."""
    real = jobs.read_all

    def crowded(client, **options):
        return [*(found := real(client, **options)), *({**job, "jobUID": "9" + job["jobUID"]} for job in found)]

    monkeypatch.setattr(jobs, "read_all", crowded)
    sim.fault("xclarity", "GET", EXPORT, reset="after")
    result = run_module(MODULE, REMOTE)
    assert (result.failed, result["outcome"]) == (True, "unknown")
    assert arrivals(sim) == 1


def test_jobs_that_may_not_be_read(sim, run_module, web, dest):
    """They are only needed when an answer is lost."""
    sim.fault("xclarity", "GET", "^/tasks\\?", status=403)
    assert run_module(MODULE, web)["changed"] is True
    assert dest.exists()


# -- a killed run -----------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """Stands for kill -9: nobody catches it, and the record stays as it is. (tests/chaos kills real processes.)"""


def kill(*arguments, **more):
    Guard.resolve = lambda self, key, outcome: None  # put back by the test
    Guard._close = Guard._give_back
    raise Killed


def kill_after(real):
    def call(*arguments, **more):
        real(*arguments, **more)
        kill()

    return call


KILLS = {
    "before the request": (Client, "start", kill),
    "after the request": (Client, "start", kill_after(Client.start)),
    "before the outcome is noted": (Guard, "resolve", kill),
    "while waiting": (_follow, "wait", kill),
    "before the download": (export_destination, "fetch", kill),
    "in the download": (_download._Judge, "verdict", kill),
    "before the rename": (Temporary, "commit", None),
    "after the rename": (export_destination.Destination, "save", None),
}


@pytest.mark.parametrize("point", KILLS)
def test_killed_and_run_again(sim, run_module, web, dest, point, monkeypatch):
    """One export in all, never a part of a file; only where nothing tells does a person have to look, once."""
    owner, name, call = KILLS[point]
    with monkeypatch.context() as patch:
        if point == "before the rename":
            call = unless_record(Temporary.commit)
        elif point == "after the rename":
            call = once_finished(export_destination.Destination.save)
        for method in ("resolve", "_close"):
            patch.setattr(Guard, method, getattr(Guard, method))
        patch.setattr(owner, name, call)
        with pytest.raises(Killed):
            run_module(MODULE, web)
    sim.action("xclarity", "expire_sessions")
    assert dest.exists() is (point == "after the rename")
    again = run_module(MODULE, web)
    if point in ("before the request", "after the request"):
        assert again.code == "earlier_run_unfinished"
        assert (again["changed"], again["outcome"]) == (False, "unknown")
        assert arrivals(sim) == (1 if point == "after the request" else 0)
        again = run_module(MODULE, web)
        assert arrivals(sim) == (2 if point == "after the request" else 1)
    else:
        assert arrivals(sim) == 1
    assert not again.failed, again
    assert dest.stat().st_size == again["export"]["size"]
    assert run_module(MODULE, web)["changed"] is False


def unless_record(real):
    """Dies when the big file is about to be put in place; the small records are written."""

    def commit(self, name, mode):
        if not name.endswith((".json", ".record")):
            kill()
        real(self, name, mode)

    return commit


def once_finished(real):
    def save(self, record):
        if record.finished:
            kill()
        real(self, record)

    return save


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x", "/etc/passwd", "a\nb.tar.gz", "\x1b[31mred.tar.gz", "a\u202ezg.tar.gz", "-rf.tar.gz", ".bashrc", "..",
     "%2e%2e%2fa", "a" * 300 + ".tar.gz", "win2016|win2016-x86_64-install-corp_gold", "ü.tar.gz"],
)  # fmt: skip
@pytest.mark.parametrize("directory", [False, True])
def test_hostile_names(sim, run_module, web, dest, name, directory):
    """Nothing is fetched, nothing is written; the job did run."""
    sim.switches("xclarity", export_filename=name)
    result = run_module(MODULE, {**web, "dest": str(dest.parent if directory else dest)})
    assert result.code == "bad_filename"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert "The job was started (job" in result["msg"]
    assert result["msg"].isprintable()
    assert len(result["msg"]) <= 600
    assert os.listdir(dest.parent) == []
    assert [e["path"] for e in sim.log(system="xclarity") if e["path"].startswith("/osImages/")] == [
        "/osImages/rhels9.4%7Crhels9.4-x86_64-install-web_gold"
    ]
    assert exports(sim) == 1


# -- downloads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("switches", [{}, {"download_etag": "weak"}, {"download_etag": "absent"}, {"download_ranges": False},
                                      {"download_length": False}, {"download_length": False, "download_etag": "absent"}])  # fmt: skip
@pytest.mark.parametrize("fault", [{"truncate": 1}, {"truncate": 30000}, {"reset": "before"}, {"status": 503}])
def test_a_download_that_breaks_off(sim, run_module, web, dest, switches, fault):
    """Whatever the server offers for going on, the file is whole, and one export was started."""
    sim.switches("xclarity", **switches)
    sim.fault("xclarity", "GET", DOWNLOAD, **fault)
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert result["export"]["resumes"] == 1
    assert result["export"]["size"] == sim.state("xclarity")["os_images"]["exports"][0]["length"]
    assert hashlib.sha256(dest.read_bytes()).hexdigest() == result["export"]["sha256"]
    assert arrivals(sim) == 1
    if not switches and fault == {"truncate": 30000}:
        assert [e["headers"].get("range") for e in sim.log() if e["path"].endswith(DOWNLOAD[:-1])] == [None, "bytes=30000-"]


@pytest.mark.parametrize(
    "fault, code",
    [
        ({"body": "<html>Please log in</html>", "content_type": "text/html"}, "bad_archive"),
        ({"body": json.dumps({"result": "failed", "messages": ["no"]})}, "bad_archive"),
        ({"body": ""}, "download_incomplete"),
        ({"status": 403}, "forbidden"),
        ({"status": 302, "headers": {"Location": "https://evil.example/x"}}, "redirect_refused"),
    ],
)
def test_a_download_that_fails_for_good(sim, run_module, web, dest, fault, code, monkeypatch):
    """The old file stays; the export is kept, and the next run only downloads it."""
    monkeypatch.setattr(_download, "RESUME_PAUSE", 0.001)
    dest.write_text("old")
    sim.fault("xclarity", "GET", DOWNLOAD, times=-1, **fault)
    result = run_module(MODULE, web)
    assert result.code == code, result
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert "The job was started (job" in result["msg"]
    assert result["error"]["filename"] == result["export"]["filename"]
    assert "only downloads it" in result["error"]["hint"]
    assert dest.read_text() == "old"
    assert nothing_left(dest)
    sim.clear_faults()
    again = run_module(MODULE, web)
    assert (again["export"]["action"], again["outcome"]) == ("fetch", "none")
    assert dest.stat().st_size > 1000
    assert arrivals(sim) == 1


def test_the_job_is_complete_and_the_file_is_not_there(sim, run_module, web, dest):
    sim.fault("xclarity", "GET", DOWNLOAD, times=-1, status=404)
    result = run_module(MODULE, web)
    assert result.code == "effect_missing"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert nothing_left(dest)


def test_the_file_comes_a_moment_after_the_job(sim, run_module, web, dest):
    sim.fault("xclarity", "GET", DOWNLOAD, times=1, status=404)
    result = run_module(MODULE, {**web, "reconcile_timeout": 5.0})
    assert (result.failed, result["export"]["resumes"]) == (False, 0)


def test_a_full_disk(sim, run_module, web, dest):
    """faults: the old file is intact, no part is left, the file's name is told, and the next run only downloads."""
    dest.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, before[1]))
    try:
        result = run_module(MODULE, web)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert result.code == "no_space"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert dest.read_text() == "old"
    assert nothing_left(dest)
    name = result["error"]["filename"]
    again = run_module(MODULE, {**web, "source_file": name})
    assert (again["changed"], again["plan"]) == (True, [])
    assert arrivals(sim) == 1


def test_no_room_at_all_is_seen_before(sim, run_module, web, monkeypatch):
    monkeypatch.setattr(Folder, "free", lambda self: 0)
    result = run_module(MODULE, web)
    assert result.code == "no_space"
    assert "Nothing was changed." in result["msg"]
    assert arrivals(sim) == 0


def test_too_large(sim, run_module, web, dest):
    result = run_module(MODULE, {**web, "max_size": 1000})
    assert result.code == "too_large"
    assert nothing_left(dest)
    assert run_module(MODULE, web)["export"]["action"] == "fetch"


def test_a_link_that_comes_into_being_meanwhile(sim, run_module, web, dest, monkeypatch):
    """The victim is not written to."""
    victim = dest.parent / "victim"
    victim.write_text("victim")
    real = export_destination.fetch

    def swapped(*arguments, **more):
        dest.symlink_to(victim)
        return real(*arguments, **more)

    monkeypatch.setattr(export_destination, "fetch", swapped)
    result = run_module(MODULE, web)
    assert result.code == "dest_symlink"
    assert "The job was started" in result["msg"]
    assert victim.read_text() == "victim"
    assert nothing_left(dest)


# -- the wait ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"status": 500, "body": "<html>"}, {"reset": "before"}, {"body": "<html>"}, {"status": 401}]
)
def test_polls_that_fail_for_a_while(sim, run_module, web, dest, fault):
    sim.fault("xclarity", "GET", "^/tasks/", times=1 if fault == {"status": 401} else 3, **fault)
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert dest.exists()
    assert arrivals(sim) == 1


def test_the_session_ends_in_the_middle(sim, run_module, web, dest, monkeypatch):
    """One new login, and the wait and the download go on."""
    real = _follow.wait

    def expired(*arguments, **more):
        monkeypatch.setattr(_follow, "wait", real)
        sim.action("xclarity", "expire_sessions")
        return real(*arguments, **more)

    monkeypatch.setattr(_follow, "wait", expired)
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert len([e for e in sim.log(system="xclarity") if (e["method"], e["path"]) == ("POST", "/sessions")]) == 2


@pytest.mark.parametrize(
    "switches", [{"job_visible_after": 0.3}, {"job_kept_seconds": 0.0}, {"unknown_task_reply": "empty", "job_kept_seconds": 0.0}]
)
def test_a_job_that_is_hard_to_see(sim, run_module, web, dest, switches):
    """It shows late, or is gone when it has ended: the file itself tells."""
    sim.switches("xclarity", **switches)
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert dest.exists()


def test_a_remote_export_whose_job_is_gone(sim, run_module):
    """Nothing else tells how it ended."""
    sim.switches("xclarity", job_kept_seconds=0.0)
    result = run_module(MODULE, REMOTE)
    assert result.code == "job_lost"
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert arrivals(sim) == 1
