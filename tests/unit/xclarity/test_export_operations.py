# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gone on with of an earlier export, and when an export counts as there, as tables. No network."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NOT_STARTED, STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_operations import Export
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_record import Record

NAME = "1447690453711.tar.gz"
JOBS = {
    "running": {"jobUID": "17", "status": "Running", "percentage": 40},
    "well": {"jobUID": "17", "status": "Complete", "percentage": 100},
    "badly": {"jobUID": "17", "status": "Failed", "percentage": 40},
    "gone": None,
}


class Server:
    """Stands in for a client: one file, answered with this status and these first bytes. asked: what was asked for."""

    system, option = "xclarity", "endpoint"
    transport = SimpleNamespace(timeout=5.0, endpoint=SimpleNamespace(place="here"))

    def __init__(self, status=206, begin=b"\x1f\x8b"):
        self.status, self.begin, self.asked, self.headers = status, begin, [], {}

    def download(self, path, *, headers, timeout, what):
        self.asked.append((path, headers["Range"]))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass

    def pieces(self, count):
        return iter([self.begin[:count]] if self.begin else [])


def export(server=None, *, to_server=False):
    saved = []
    to = SimpleNamespace(to_server=to_server, save=saved.append, saved=saved)
    return Export(Run({}), server or Server(), to)


@pytest.mark.parametrize("status", [200, 206, 400, 404, 410, 416, 500])
@pytest.mark.parametrize("begin, whole", [(b"\x1f\x8b", True), (b"<html>", False), (b"", False)])
def test_whether_the_server_has_a_file(status, begin, whole):
    """Its first byte is asked for, which an archive and no error page begins with."""
    server = Server(status, begin)
    assert export(server)._exists(NAME) is (whole and status < 300)
    assert server.asked == [(f"/osImages/{NAME}", "bytes=0-0")]


@pytest.mark.parametrize("status", [302, 403, 429, 503])
def test_what_does_not_tell_is_a_failure(status):
    with pytest.raises(Failure):
        export(Server(status))._exists(NAME)


@pytest.mark.parametrize(
    "job, finished, filename, to_server, still",
    [
        ("running", False, NAME, False, "running"),
        ("running", False, "", True, "running"),
        ("well", False, "", True, "running"),  # joined too: the wait is short
        ("well", False, NAME, False, "there"),
        ("badly", False, NAME, False, ""),
        ("badly", False, "", True, ""),
        ("gone", False, NAME, False, "there"),
        ("gone", False, "", False, ""),
        ("gone", False, "", True, ""),
        ("running", True, NAME, False, "there"),
        ("running", True, NAME, True, ""),
        ("running", True, "", False, ""),
    ],
)
def test_what_is_left_of_an_earlier_export(monkeypatch, job, finished, filename, to_server, still):
    monkeypatch.setattr(jobs, "read", lambda client, ids: {"17": JOBS[job]} if JOBS[job] else {})
    record = Record("s", "p", "f", filename=filename, job="17", finished=finished)
    assert export(to_server=to_server)._still(record) == still


def test_a_record_without_a_job_asks_for_none(monkeypatch):
    monkeypatch.setattr(jobs, "read", None)
    assert export()._still(Record("s", "p", "f", filename=NAME)) == "there"
    assert export(Server(404))._still(Record("s", "p", "f", filename=NAME)) == ""


@pytest.mark.parametrize("name", ["../../etc/passwd", "remoteFileServers", "a b", "x\r\n"])
def test_a_name_in_a_record_is_not_asked_for_as_it_is(name):
    server = Server()
    with pytest.raises(Failure) as caught:
        export(server)._still(Record("s", "p", "f", filename=name))
    assert (caught.value.code, server.asked) == ("bad_filename", [])


# how the wait for the job ended, the name that is known, whether the server has the file -> done, ok
ENDS = [
    ("done", NAME, True, False, (True, True)),
    ("done", NAME, False, False, (True, True)),  # the job is the last word
    ("lost", NAME, True, False, (True, True)),
    ("lost", NAME, False, False, (False, False)),
    ("", NAME, True, False, (True, True)),
    ("done", "", True, False, (True, False)),
    ("lost", "", True, False, (True, False)),
    ("done", "", True, True, (True, True)),
    ("lost", "", True, True, (True, False)),
    ("", "", True, True, (True, False)),
]


@pytest.mark.parametrize("end, name, there, to_server, expected", ENDS)
def test_when_an_export_is_there(end, name, there, to_server, expected):
    operation = export(Server(206 if there else 404), to_server=to_server)
    operation.filename = name
    item = Item("k", "image", watched=Watched("17", end=end) if end else None)
    state = operation.look([item])["k"]
    assert (state.done, state.ok) == expected
    assert operation.not_reached(item).code == ("job_lost" if to_server else "filename_lost")


def test_the_job_may_tell_the_name():
    operation = export()
    state = State("Complete", done=True, ok=True, data={**JOBS["well"], "description": f"exported to {NAME}"})
    assert operation.look([Item("k", "image", watched=Watched("17", state, "done"))])["k"].ok
    assert operation.filename == NAME


@pytest.mark.parametrize("state, after", [(FINISHED, STARTED), (STARTED, STARTED), (NOT_STARTED, NOT_STARTED)])
def test_an_export_is_finished_only_with_its_file(state, after):
    item = Item("k", "image", outcomes=[Outcome(Step("export", "GET", "/x", "k", "why"), state)])
    export()._not_finished(item)
    assert item.state == after
