# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""osimage_export against the simulator. "The page" is the vendor's page "GET /osImages/{id}"."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tarfile

import pytest

MODULE = "osimage_export"
GOLD = "win2016|win2016-x86_64-install-corp_gold"
GOLD_PATH = "/osImages/win2016%7Cwin2016-x86_64-install-corp_gold"
WEB_PATH = "/osImages/rhels9.4%7Crhels9.4-x86_64-install-web_gold"


def changing(sim, since=0):
    return [(e["method"], e["path"]) for e in sim.log(since=since, system="xclarity", changing=True)]


def downloads(sim, since=0):
    return [e for e in sim.log(since=since, system="xclarity") if e["path"].endswith(".tar.gz") and "?" not in e["path"]]


def sent(result):
    return [(step["method"], step["path"]) for step in result["plan"]]


@pytest.fixture
def dest(tmp_path):
    (tmp_path / "files").mkdir()
    return tmp_path / "files" / "gold.tar.gz"


@pytest.fixture
def web(dest):
    """Options for the small profile of the estate."""
    return {"profile": "web_gold", "dest": str(dest)}


def left_over(dest):
    return [name for name in os.listdir(dest.parent) if name.endswith("groundwork-part")]


# -- what the page says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth_method", ["session", "basic"])
@pytest.mark.parametrize("profile", [GOLD, "corp_gold"])
def test_export_and_download(sim, run_module, dest, profile, auth_method):
    """The page: 200, filename and jobID; the file is a tar.gz that GET /osImages/{file_name} gives. | goes encoded."""
    params = {"profile": profile, "dest": str(dest), "auth_method": auth_method}
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert first["changed"] is True
    assert first["outcome"] == "finished"
    assert sent(first) == changing(sim) == [("GET", GOLD_PATH)]
    export = first["export"]
    state = sim.state("xclarity")["os_images"]["exports"][0]
    assert (export["filename"], export["job"], export["action"]) == (state["filename"], state["job"], "start")
    assert export["history"][-1]["state"] == "Complete"
    assert (export["dest"], export["size"], export["files"]) == (str(dest), state["length"], 6)
    assert export["sha256"] == hashlib.sha256(dest.read_bytes()).hexdigest()
    assert dest.stat().st_mode & 0o777 == 0o600
    with tarfile.open(dest) as archive:
        assert "unattend/unattend.xml" in archive.getnames()
    assert first["diff"]["before"] == {"path": str(dest), "state": "absent"}
    assert first["diff"]["after"]["profile_fingerprint"] == export["profile"]["fingerprint"]

    since = sim.last()
    second = run_module(MODULE, params)
    assert second["changed"] is False
    assert (second["outcome"], second["plan"], second["export"]["action"]) == ("none", [], "same")
    assert second["export"]["sha256"] == export["sha256"]
    assert second["diff"]["before"] == second["diff"]["after"]
    assert changing(sim, since) == []
    assert downloads(sim, since) == []


def test_requests(sim, run_module, web):
    """What the documentation promises: login, list, jobs, export, polls, download, logout."""
    run_module(MODULE, web)
    paths = [(e["method"], e["path"].split("/")[1].split("?")[0]) for e in sim.log(system="xclarity")]
    polls = [path for path in paths if path == ("GET", "tasks")]
    rest = [path for path in paths if path != ("GET", "tasks")]
    list_and_export = [("GET", "osImages"), ("GET", "aicc"), ("GET", "osImages"), ("GET", "osImages")]
    assert rest == [("POST", "sessions"), *list_and_export, ("DELETE", "sessions")]
    assert len(polls) >= 2


@pytest.mark.parametrize("existing", [False, True])
def test_check_mode_sends_nothing_and_tells_what_would_be_sent(sim, run_module, web, dest, existing):
    if existing:
        dest.write_text("something else")
    predicted = run_module(MODULE, web, check=True)
    assert predicted["changed"] is True
    assert changing(sim) == []
    assert sorted(os.listdir(dest.parent)) == (["gold.tar.gz"] if existing else [])
    assert not list((dest.parent.parent / "state").glob("*.record"))
    real = run_module(MODULE, web)
    assert predicted["plan"] == real["plan"]
    assert predicted["diff"] == real["diff"]
    assert changing(sim) == sent(predicted)
    assert run_module(MODULE, web, check=True)["changed"] is False


@pytest.mark.parametrize(
    "path, wire",
    [
        ("/some/path/to/file", "%2Fsome%2Fpath%2Fto%2Ffile"),
        ("/a b/c?d#e&f=g+h", "%2Fa%20b%2Fc%3Fd%23e%26f%3Dg%2Bh"),
        ("/%2F/100%", "%2F%252F%2F100%25"),
        ("/ü/✓.tar.gz", "%2F%C3%BC%2F%E2%9C%93.tar.gz"),
        ("/a;b,c:d@e!f$g'h(i)*", "%2Fa%3Bb%2Cc%3Ad%40e%21f%24g%27h%28i%29%2A"),
    ],
)
def test_export_to_a_remote_file_server(sim, run_module, path, wire):
    """The page: serverId and path as a query, the whole path percent-encoded; nothing is kept on the management server."""
    params = {"profile": "web_gold", "remote_file_server": "images", "path": path}
    predicted = run_module(MODULE, params, check=True)
    first = run_module(MODULE, params)
    assert not first.failed, first
    assert (first["changed"], first["outcome"]) == (True, "finished")
    assert predicted["plan"] == first["plan"]
    assert first["plan"][0]["query"] == {"serverId": "101", "path": path}
    assert changing(sim) == [("GET", f"{WEB_PATH}?serverId=101&path={wire}")]
    assert sim.state("xclarity")["os_images"]["exports"][0]["path"] == path
    assert first["export"]["remote_file_server"]["name"] == "images"
    assert first["export"]["path"] == path
    assert downloads(sim) == []
    second = run_module(MODULE, {**params, "remote_file_server": "101"})
    assert (second["changed"], second["plan"]) == (False, [])
    assert run_module(MODULE, {**params, "force": True})["changed"] is True
    assert run_module(MODULE, {**params, "path": path + "2"})["changed"] is True


@pytest.mark.parametrize("status, code", [(403, "forbidden"), (400, "bad_request"), (401, "auth_failed"), (404, "not_found")])
def test_refusals(sim, run_module, web, dest, status, code):
    """The page: 403 with a message in the body; the other codes of the family in the same way. Nothing was started."""
    body = json.dumps({"result": "failed", "messages": ["The license has expired."]})
    sim.fault("xclarity", "GET", "install-web_gold$", times=-1, status=status, body=body)
    result = run_module(MODULE, web)
    assert result.code == code
    assert (result["changed"], result["outcome"]) == (False, "not_started")
    assert "nothing was started" in result["msg"]
    assert "The license has expired." in result["msg"]
    assert not dest.exists()
    assert left_over(dest) == []


def test_without_a_licence(sim, run_module, web):
    """The page: 403, active licenses are needed."""
    sim.switches("xclarity", licence_active=False)
    result = run_module(MODULE, web)
    assert result.code == "forbidden"
    assert "license" in result["msg"]


def test_an_internal_error_leaves_it_unknown(sim, run_module, web):
    """The page: 500. Whether a job was started is not told; it is not sent again."""
    sim.fault("xclarity", "GET", "install-web_gold$", status=500, body="<html>stack trace</html>")
    result = run_module(MODULE, web)
    assert result.code == "server_error"
    assert (result["changed"], result["outcome"]) == (True, "unknown")
    assert "It is not known whether the job was started." in result["msg"]
    assert "stack trace" not in result["msg"]
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("status", [500, 403])
def test_a_profile_that_is_not_customised_is_refused(sim, run_module, web, status):
    """The page lists 403 and 500 only. The reason rules a start out, whatever the status."""
    sim.switches("xclarity", predefined_export_reply=status)
    result = run_module(MODULE, {**web, "profile": "Minimal"})
    assert (result["changed"], result["outcome"]) == (False, "not_started")
    assert "customised profiles only" in result["msg"]
    assert result["msg"].endswith("and run again.")


@pytest.mark.parametrize("word", ["failed", "failure"])
def test_a_refusal_inside_a_200(sim, run_module, web, word):
    """The page: result, and messages as an array of strings."""
    sim.switches("xclarity", predefined_export_reply=200, failed_word=word)
    result = run_module(MODULE, {**web, "profile": "Minimal"})
    assert result.code == "server_refused"
    assert (result["changed"], result["outcome"]) == (False, "not_started")
    assert "not customized" in result["msg"]


def test_a_warning_is_passed_on(sim, run_module, web, dest):
    """The page: result warning."""
    sim.fault("xclarity", "GET", "install-web_gold$", nth=1, body=json.dumps(
        {"filename": "20990101_web_gold.tar.gz", "jobID": "11", "result": "warning", "messages": ["Low on space."]}))  # fmt: skip
    sim.switches("xclarity", export_filename="20990101_web_gold.tar.gz")
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert result["export"]["server_messages"] == ["Low on space."]
    assert dest.exists()


@pytest.mark.parametrize("change", [{"jobID": ""}, {"jobID": None}, {"jobID": "987654"}])
def test_without_a_job_the_file_tells(sim, run_module, web, dest, change):
    """The page: jobID. Where it is missing, or no task has it, the file itself is waited for."""
    sim.switches("xclarity", export_filename="1_web_gold.tar.gz")
    body = {"filename": "1_web_gold.tar.gz", "jobID": "11", "result": "success", "messages": []} | change
    sim.fault("xclarity", "GET", "install-web_gold$", body=json.dumps(body))
    result = run_module(MODULE, web)
    assert not result.failed, result
    assert dest.exists()
    assert len(changing(sim)) == 1


# -- idempotence ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [{}, {"dest": None, "remote_file_server": "images", "path": "/srv"}])
def test_an_export_is_known_by_the_server_and_not_by_how_its_address_is_typed(sim, run_module, web, where):
    params = {key: value for key, value in {**web, **where}.items() if value is not None}
    assert run_module(MODULE, params)["changed"] is True
    address = sim.ready["xclarity"]
    again = run_module(MODULE, {**params, "endpoint": address.replace("127.0.0.1", "localhost")})
    assert (again.failed, again["changed"], len(changing(sim))) == (False, False, 1), again


def test_the_file_was_changed(sim, run_module, web, dest):
    """It is fetched again; the export is still on the server, so nothing is started."""
    first = run_module(MODULE, web)
    whole = dest.read_bytes()
    dest.write_bytes(whole[:-1] + b"?")
    again = run_module(MODULE, web)
    assert (again["changed"], again["outcome"], again["export"]["action"]) == (True, "none", "fetch")
    assert again["export"]["filename"] == first["export"]["filename"]
    assert dest.read_bytes() == whole
    assert len(changing(sim)) == 1


def test_the_file_and_the_export_are_gone(sim, run_module, web, dest):
    sim.switches("xclarity", export_removed_after_download=True)
    run_module(MODULE, web)
    dest.unlink()
    again = run_module(MODULE, web)
    assert (again["changed"], again["export"]["action"]) == (True, "start")
    assert len(changing(sim)) == 2


def test_the_profile_was_changed(sim, run_module, web):
    run_module(MODULE, web)
    sim.switches("xclarity", customized_mark="type")  # its entry looks otherwise now
    again = run_module(MODULE, web)
    assert (again["changed"], again["export"]["why"]) == (True, "the profile has changed since it was exported")
    assert run_module(MODULE, web)["changed"] is False


def test_force(sim, run_module, web, dest):
    run_module(MODULE, web)
    assert run_module(MODULE, {**web, "force": True})["changed"] is True
    assert len(changing(sim)) == 2


def test_another_file_at_dest_is_replaced(sim, run_module, web, dest):
    dest.write_text("old")
    assert run_module(MODULE, web)["changed"] is True
    assert dest.stat().st_size > 1000


@pytest.mark.parametrize("relative", ["here.tar.gz", "./here.tar.gz", "~nobody-of-this-name/here.tar.gz"])
def test_a_relative_dest_is_refused(sim, run_module, web, relative):
    """Another run may be in another directory, and would begin anew there."""
    since = sim.last()
    result = run_module(MODULE, {**web, "dest": relative})
    assert (result.code, sim.log(since)) == ("config_destination", []), result
    assert "dest is no absolute path" in result["msg"]


def test_a_directory(sim, run_module, web, dest):
    """The file gets the server's name; a second run finds it by its record, another profile's record is another one's."""
    first = run_module(MODULE, {**web, "dest": str(dest.parent)})
    assert first["export"]["dest"] == f"{dest.parent}/{first['export']['filename']}"
    assert run_module(MODULE, {**web, "dest": f"{dest.parent}/"})["changed"] is False
    assert run_module(MODULE, {"profile": "corp_gold", "dest": str(dest.parent)})["changed"] is True
    assert run_module(MODULE, {**web, "dest": str(dest.parent)})["changed"] is False
    forced = run_module(MODULE, {**web, "dest": str(dest.parent), "force": True})
    assert forced["export"]["dest"] != first["export"]["dest"]
    assert len([name for name in os.listdir(dest.parent) if name.endswith("_web_gold.tar.gz")]) == 2
    assert len(changing(sim)) == 3


def test_mode(sim, run_module, web, dest):
    old = os.umask(0o077)
    try:
        run_module(MODULE, {**web, "mode": "0640"})
    finally:
        os.umask(old)
    assert dest.stat().st_mode & 0o777 == 0o640
    again = run_module(MODULE, web, check=True)
    assert (again["changed"], again["plan"], again["diff"]["after"]["mode"]) == (True, [], "0600")
    assert run_module(MODULE, web)["changed"] is True
    assert dest.stat().st_mode & 0o777 == 0o600
    assert run_module(MODULE, web)["changed"] is False
    assert len(changing(sim)) == 1


def test_source_file_only_downloads(sim, run_module, web, dest):
    name = run_module(MODULE, web)["export"]["filename"]
    other = {**web, "dest": str(dest.parent / "other.tar.gz"), "source_file": name}
    result = run_module(MODULE, other)
    assert (result["changed"], result["outcome"], result["plan"]) == (True, "none", [])
    assert (dest.parent / "other.tar.gz").read_bytes() == dest.read_bytes()
    assert run_module(MODULE, other)["changed"] is False
    missing = run_module(MODULE, {**other, "source_file": "19990101_web_gold.tar.gz"})
    assert missing.code == "effect_missing"
    assert missing["changed"] is False
    assert (dest.parent / "other.tar.gz").read_bytes() == dest.read_bytes()
    assert len(changing(sim)) == 1


def test_checksum(sim, run_module, web, dest):
    name = run_module(MODULE, web)["export"]["filename"]
    whole = dest.read_bytes()
    digest = "sha256:" + hashlib.sha256(whole).hexdigest()
    good = {**web, "checksum": digest.upper().replace("SHA256", "sha256")}
    assert run_module(MODULE, good)["changed"] is False
    dest.write_text("old")
    wrong = run_module(MODULE, {**web, "source_file": name, "checksum": "sha256:" + "0" * 64})
    assert wrong.code == "checksum_mismatch"
    assert digest.removeprefix("sha256:") in wrong["msg"]
    assert "0" * 64 in wrong["msg"]
    assert dest.read_text() == "old"
    assert left_over(dest) == []
    assert run_module(MODULE, {**good, "source_file": name})["changed"] is True
    (dest.parent / ".gold.tar.gz.groundwork.json").unlink()
    assert run_module(MODULE, good)["changed"] is False, "a known file needs no record"
    assert len(changing(sim)) == 1


def test_wait_false_and_then_again(sim, run_module, web, dest):
    """The first run starts, the second joins and downloads; one export in all."""
    sim.switches("xclarity", job_seconds_by_kind={"export": 600.0})
    first = run_module(MODULE, {**web, "wait": False})
    assert (first["changed"], first["outcome"]) == (True, "started")
    assert first["export"]["job"]
    assert not dest.exists()
    assert run_module(MODULE, {**web, "wait": False}, check=True)["changed"] is False
    between = run_module(MODULE, {**web, "wait": False})
    assert (between["changed"], between["outcome"], between["export"]["action"]) == (False, "none", "join")
    sim.clock(advance=600)
    predicted = run_module(MODULE, web, check=True)
    second = run_module(MODULE, web)
    assert (second["changed"], second["outcome"], second["plan"]) == (True, "none", [])
    assert predicted["diff"] == second["diff"]
    assert second["export"]["filename"] == first["export"]["filename"]
    assert dest.exists()
    assert run_module(MODULE, web)["changed"] is False
    assert len(changing(sim)) == 1


def test_wait_false_to_a_remote_file_server(sim, run_module):
    sim.switches("xclarity", job_seconds_by_kind={"export": 0.5})
    params = {"profile": "web_gold", "remote_file_server": "images", "path": "/x"}
    assert run_module(MODULE, {**params, "wait": False})["changed"] is True
    joined = run_module(MODULE, params)
    assert (joined["changed"], joined["export"]["action"]) == (False, "join")
    assert joined["export"]["history"][-1]["state"] == "Complete"
    assert run_module(MODULE, params)["export"]["action"] == "same"
    assert len(changing(sim)) == 1


def test_wait_timeout(sim, run_module, web, dest):
    sim.switches("xclarity", job_seconds_by_kind={"export": 1.0})
    result = run_module(MODULE, {**web, "wait_timeout": 0.1})
    assert result.code == "wait_timeout"
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert f"The job was started (job {result['export']['job']})." in result["msg"]
    assert run_module(MODULE, web)["export"]["action"] == "join"
    assert dest.exists()
    assert len(changing(sim)) == 1


@pytest.mark.parametrize("state", ["Stopped_With_Error", "CompleteWithErrors", "Cancelled", "Interrupted"])
def test_a_job_that_fails(sim, run_module, web, dest, state):
    """At 100 percent all the same; the next run exports anew."""
    sim.switches("xclarity", fail_next=[{"kind": "export", "state": state}])
    result = run_module(MODULE, web)
    assert result.code in ("job_failed", "job_cancelled", "job_interrupted")
    assert (result["changed"], result["outcome"]) == (True, "started")
    assert f"the job {result['export']['job']} ended as " in result["msg"]
    assert "was started" not in result["msg"], "its end is told"
    assert not dest.exists()
    assert left_over(dest) == []
    assert run_module(MODULE, web)["outcome"] == "finished"


# -- what can be seen before anything is sent --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, code",
    [
        ({"profile": "no-such"}, "profile_not_found"),
        ({"profile": "win2016"}, "profile_not_found"),
        ({"profile": " "}, "config_id"),
        ({"profile": "a\nb"}, "config_id"),
        ({"dest": "/no/such/dir/file"}, "dest_unwritable"),
        ({"dest": "/dev/null"}, "dest_unwritable"),
        ({"mode": "600"}, "config_mode"),
        ({"mode": "u=rw"}, "config_mode"),
        ({"mode": "420"}, "config_mode"),
        ({"checksum": "md5:abc"}, "config_checksum"),
        ({"checksum": "sha256:abc"}, "config_checksum"),
        ({"source_file": "../../etc/passwd"}, "config_file_name"),
        ({"source_file": GOLD}, "config_file_name"),
        ({"max_size": 0}, "config_number"),
        ({"download_timeout": -1}, "config_number"),
        ({"endpoint": "http://127.0.0.1"}, "config_host"),
        ({"endpoint": "https://127.0.0.1:1"}, "connect_refused"),
        ({"ca_path": None}, "tls_untrusted"),
        ({"password": "wrong-password"}, "auth_failed"),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(sim, run_module, web, dest, change, code):
    result = run_module(MODULE, {**web, **change})
    assert result.code == code, result
    assert result["changed"] is False
    assert "Nothing was changed." in result["msg"]
    assert changing(sim) == []
    assert os.listdir(dest.parent) == []


@pytest.mark.parametrize(
    "params",
    [
        {"profile": "x"},
        {"dest": "/tmp/x"},
        {"profile": "x", "dest": "/tmp/x", "remote_file_server": "images", "path": "/x"},
        {"profile": "x", "remote_file_server": "images"},
        {"profile": "x", "dest": "/tmp/x", "path": "/x"},
        {"profile": "x", "dest": "/tmp/x", "source_file": "a.tar.gz", "force": True},
        {"profile": "x", "remote_file_server": "images", "path": "/x", "checksum": "sha256:" + "0" * 64},
    ],
)
def test_forms_that_do_not_go_together(sim, run_module, params):
    assert run_module(MODULE, params).failed
    assert sim.log(system="xclarity") == []


@pytest.mark.parametrize(
    "change, code", [({"remote_file_server": "no"}, "server_not_found"), ({"path": ""}, "config_id"), ({"path": "/a\n"}, "config_id")]
)
def test_mistakes_with_a_remote_file_server(sim, run_module, change, code):
    result = run_module(MODULE, {"profile": "web_gold", "remote_file_server": "images", "path": "/x", **change})
    assert result.code == code
    assert changing(sim) == []


# -- destinations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "directory", "nothing", "itself"])
@pytest.mark.parametrize("follow", [False, True])
def test_dest_is_a_link(sim, run_module, web, dest, kind, follow):
    """Refused unless follow is set; then what it points to is replaced and the link stays."""
    target = {"file": dest.parent / "victim", "directory": dest.parent / "dir", "nothing": dest.parent / "new", "itself": dest}[kind]
    (dest.parent / "victim").write_text("victim")
    (dest.parent / "dir").mkdir()
    dest.symlink_to(target)
    result = run_module(MODULE, {**web, "follow": follow})
    if not follow or kind == "itself":
        assert result.code == "dest_symlink"
        assert changing(sim) == []
        assert (dest.parent / "victim").read_text() == "victim"
        return
    assert not result.failed, result
    assert dest.is_symlink()
    real = target / result["export"]["filename"] if kind == "directory" else target
    assert real.stat().st_size == result["export"]["size"]
    assert run_module(MODULE, {**web, "follow": True})["changed"] is False


def test_a_directory_that_may_not_be_written_to(sim, run_module, web, dest, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **more: str(path) != str(dest.parent) and real(path, mode, **more))
    result = run_module(MODULE, web)
    assert result.code == "dest_unwritable"
    assert changing(sim) == []


def test_an_existing_file_that_nobody_may_read(sim, run_module, web, dest):
    """It is replaced by renaming; nothing is written into it."""
    dest.write_text("old")
    hard = dest.parent / "hard"
    os.link(dest, hard)
    dest.chmod(0)
    assert run_module(MODULE, web)["changed"] is True
    assert hard.stat().st_size == 3
    assert dest.stat().st_mode & 0o777 == 0o600


def test_leftovers_of_a_killed_run(sim, run_module, web, dest):
    old = dest.parent / ".gold.tar.gz.0123456789abcdef.groundwork-part"
    old.write_text("part")
    os.utime(old, (0, 0))
    run_module(MODULE, web, check=True)
    assert old.exists()
    run_module(MODULE, web)
    assert left_over(dest) == []


# -- both ways in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_process", ["1", "0"])
def test_in_a_play(sim, play, dest, in_process):
    task = {"name": "Export", "groundwork.provision.osimage_export": {"profile": "web_gold", "dest": str(dest), "poll_interval": 0.1}}
    check = play([task], "--check", "--diff", GROUNDWORK_IN_PROCESS=in_process)
    assert (check.rc, check.recap["changed"]) == (0, 1), check.output
    assert changing(sim) == []
    first = play([task], "--diff", GROUNDWORK_IN_PROCESS=in_process)
    assert (first.rc, first.recap["changed"]) == (0, 1), first.output
    second = play([task], GROUNDWORK_IN_PROCESS=in_process)
    assert (second.rc, second.recap["changed"]) == (0, 0), second.output
    assert len(changing(sim)) == 1


def test_two_at_once(sim, harness, web, dest):
    """Two processes with the same task: one export; the other one joins it."""
    sim.switches("xclarity", job_seconds_by_kind={"export": 1.0})
    book = harness.folder / "play.yml"
    task = {"groundwork.provision.osimage_export": {**web, "poll_interval": 0.1}}
    book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    command = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), str(book)]
    both = [subprocess.Popen(command, env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _n in range(2)]
    outputs = [one.communicate()[0].decode() for one in both]
    assert [one.returncode for one in both] == [0, 0], outputs
    assert len(changing(sim)) == 1
    assert dest.exists()
