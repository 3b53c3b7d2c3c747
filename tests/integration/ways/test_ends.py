# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is told to end, by a signal or by the task's timeout, wherever it stands: no process of it is left, and none of
its threads has sent anything once the play was over. Crossed: how it is told, where it stands, both ways in."""

from __future__ import annotations

import json
import signal

import pytest
from running import RunningPlay, until

SERVERS = {"web-01": "A", "web-02": "B", "web-03": "C", "app-01": "E"}
PROFILES = [{"profile": name, "uuid": f"0A10000000000000000000000000000{last}"} for name, last in list(SERVERS.items())[:3]]
ACTIVATE = {"profiles": PROFILES, "restart": "immediate", "concurrency": 3, "poll_interval": 0.2, "wait_timeout": 60}

TIMEOUT = 10  # seconds; a busy machine takes some to start a module
# how -> a signal, or the keyword
HOW = {"SIGINT": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "timeout": None}
# where -> (what the server does, a request that shows that the run stands there)
WHERE = {
    "starts are refused for a while": (
        {"method": "POST", "path": "^/profiles/", "status": 429, "headers": {"Retry-After": "20"}}, ("POST", "/profiles/")),
    "starts are not answered": ({"method": "POST", "path": "^/profiles/", "delay": 60}, ("POST", "/profiles/")),
    "a reading is refused for a while": (
        {"method": "GET", "path": "^/profiles", "status": 503, "headers": {"Retry-After": "20"}}, ("GET", "/profiles")),
    "jobs run": ({}, ("GET", "/tasks/")),
}  # fmt: skip
# The implicit localhost has the controller's own interpreter, so only the variable makes it a module.
WAYS = {"in the controller": {}, "as a module": {"groundwork_in_process": False}}
# Every pair of these is crossed at least once.
CASES = [
    (how, where, way)
    for number, how in enumerate(HOW)
    for place, where in enumerate(WHERE)
    for turn, way in enumerate(WAYS)
    if place == 0 or (number + place + turn) % 2
]


@pytest.mark.parametrize("how, where, way", CASES, ids=[", ".join(case) for case in CASES])
def test_nothing_is_sent_after_the_end(sim, harness, tmp_path, how, where, way):
    fault, (method, path) = WHERE[where]
    sim.switches("xclarity", job_seconds=600)
    if fault:
        sim.fault("xclarity", times=-1, **fault)
    task = {"groundwork.provision.profile_activation": ACTIVATE, "register": "ended", "ignore_errors": True}
    if HOW[how] is None:
        task["timeout"] = TIMEOUT
    told = tmp_path / "told.json"
    tell = {"ansible.builtin.copy": {"dest": str(told), "content": "{{ ended | to_json }}"}}
    plays = [{"hosts": "localhost", "vars": WAYS[way], "tasks": [task, tell]}]
    with RunningPlay(harness, plays) as play:
        until(lambda: any(one["method"] == method and one["path"].startswith(path) for one in sim.log()), play)
        if HOW[how] is not None:
            play.tell_until_heard(HOW[how])
        output = play.output()  # no process is left, so nobody can send anything any more
    assert (play.process.returncode == 0) == (HOW[how] is None), output
    starts = [one["path"] for one in sim.log() if one["method"] == "POST" and one["path"].startswith("/profiles/")]
    assert len(starts) == len(set(starts)) <= 3, "each was sent once"
    assert sim.sessions("xclarity")["open"] == 0
    if HOW[how] is None:
        _check_told(json.loads(told.read_text(encoding="utf-8")), where, way)


def _check_told(told, where, way):
    """What the register says of a task whose time was over."""
    assert (told["failed"], told["timedout"]["period"], told["error"]["code"]) == (True, TIMEOUT, "task_timeout"), told
    if way == "as a module":
        expected = "unknown"
    elif where in ("starts are refused for a while", "a reading is refused for a while"):
        expected = "none"
    else:
        expected = "started" if where == "jobs run" else "unknown"
    assert (told["outcome"], told["changed"]) == (expected, expected != "none"), told
    if way != "as a module" and where != "a reading is refused for a while":
        assert len(told["profiles"]) == 3, "what was reached is told beside"
