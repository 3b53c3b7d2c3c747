# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX drops the result of a task that is longer than 700,000 characters, as a whole and without a word. Ours fit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from jobs import Tool

from simulator.client import Control

LIMIT = 700_000
LOCAL = "localhost ansible_connection=local ansible_python_interpreter='{{ ansible_playbook_python }}'\n"


def result_of(folder: Path, tool: Tool, count: int, **options: Any) -> dict[str, Any]:
    """The result in the event of one task with ``count`` activations."""
    profiles = [{"profile": f"many-{number:05d}", "uuid": f"{number:032X}"} for number in range(1, count + 1)]
    arguments = {"profiles": "{{ profiles }}", "restart": "immediate", "poll_interval": 0.5, **options}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"groundwork.provision.profile_activation": arguments}]}
    (folder / "project" / "many.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (folder / "env" / "extravars").write_text(json.dumps({"profiles": profiles}), encoding="utf-8")
    (folder / "inventory" / "one").write_text(LOCAL, encoding="utf-8")
    shutil.rmtree(folder / "artifacts" / "many", ignore_errors=True)
    tool("ansible-runner", "run", str(folder), "-p", "many.yml", "--ident", "many", "--inventory", str(folder / "inventory" / "one"))
    events = [json.loads(path.read_text()) for path in (folder / "artifacts" / "many" / "job_events").glob("*.json")]
    (found,) = [one["event_data"]["res"] for one in events if one["event"] in ("runner_on_ok", "runner_on_failed")]
    assert found, "it was dropped"
    return dict(found)


@pytest.mark.parametrize("count, which, rows", [(1000, "all", 1000), (10000, "failed", 2)])
def test_the_result_of_many_is_in_the_event(sim: Control, data_dir: Path, tool: Tool, count: int, which: str, rows: int) -> None:
    sim.seed(xclarity={"generate": {"rack_nodes": count, "profiles": count, "prefix": "many"}})
    failing = 2 if which == "failed" else 0
    sim.switches("xclarity", fail_next=[{"kind": "activate", "state": "Stopped_With_Error"}] * failing)
    result = result_of(data_dir, tool, count, return_items=which)
    assert len(str(result)) < LIMIT
    assert len(result["profiles"]) == len(result["plan"]) == rows
    assert result["changed"] is True
    failed = [row["name"] for row in result["profiles"] if "error" in row]
    assert len(failed) == failing
    for name in failed:
        assert name in result["msg"], "the names of those that failed are in the message"
        assert name in result["error"]["resources"]
    assert len(sim.state("xclarity")["jobs"]) >= count


REFUSAL = {"id": "FQXHMCP9001J", "text": "The request cannot be done now, because the server is not ready for it. Look at its log."}


@pytest.mark.parametrize("how, which", [("refused", "all"), ("lost", "failed")])
def test_the_result_of_many_that_failed_is_in_the_event(sim: Control, data_dir: Path, tool: Tool, how: str, which: str) -> None:
    sim.seed(xclarity={"generate": {"rack_nodes": 1000, "profiles": 1000, "prefix": "many"}})
    answer = {"reset": "before"} if how == "lost" else {"status": 400, "body": json.dumps({"result": "failed", "messages": [REFUSAL]})}
    sim.fault("xclarity", "POST", "^/profiles/", times=-1, **answer)
    result = result_of(data_dir, tool, 1000, return_items=which, reconcile_timeout=1, concurrency=16)
    code, outcome = ("reply_lost", "unknown") if how == "lost" else ("bad_request", "not_started")
    assert len(str(result)) < LIMIT
    assert len(result["profiles"]) == len(result["plan"]) == len(result["error"]["resources"]) == 1000
    assert {(row["error"]["code"], row["outcome"]) for row in result["profiles"]} == {(code, outcome)}
    assert result["msg"].startswith("1000 of 1000 profiles failed (many-00001, ")
    assert "profiles.error.message" in result["shortened"]
