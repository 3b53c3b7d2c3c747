# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX drops the result of a task that is longer than 700,000 characters. That of a thousand items fits, of every module, however they end.

Each module is run for one or two items against the servers in memory; what it has then is told as that of a thousand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos import cuts
from chaos.cuts import Task
from chaos.lab import Lab, module_of
from chaos.sites import EXPORT, RACK

from ansible_collections.groundwork.provision.plugins.module_utils import _driver
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import failed_result
from ansible_collections.groundwork.provision.plugins.module_utils._summary import summary

LIMIT = 640_000  # of 700,000: the arguments of the task and warnings count as well
ARGUMENTS = 10_000

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
BULK = {path.stem for path in MODULES.glob("*.py") if "return_items" in module_of(path.stem).SPEC.options}
ADDRESS = {"ip_address": "198.19.255.101", "gateway": "198.19.255.1", "subnet_mask": "255.255.255.0", "hostname": "web-00001"}
NODES = {"nodes": [{"name": name, "profile": "chaos", "cluster": "a"} for name in "xy"], "concurrency": 1}
MORE = [
    Task("systems with addresses", "os_deployment", "xclarity",
         {"nodes": [{"node": RACK, "network": ADDRESS}], "image": EXPORT["profile"], "confirm": True}),
    Task("receiver", "cluster_receiver", "openstack", {"name": "more", "cluster": "a", "action": "CLUSTER_SCALE_OUT"}, cuts.CLUSTER),
    Task("nodes of a cluster", "cluster_node", "openstack", NODES, cuts.CLUSTER),
    Task("action waited for", "cluster_action", "openstack", {}, cuts.CLUSTER),
    Task("sessions ended", "xclarity_session", "xclarity", {"state": "absent", "idle_for": 0}, (("xclarity_session", {}),)),
]  # fmt: skip
ABOUT_ONE = {"push-cancel", "new backup", "new backup on a share", "backup validated"}
TASKS = [task for task in (*cuts.TASKS, *MORE) if task.module in BULK and task.name not in ABOUT_ONE]
MANY = dict.fromkeys((task.name for task in TASKS), 1000) | {"policy replaced on its cluster": 700}  # four requests for each


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = Lab()
    lab.fresh()
    yield lab
    lab.close()


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The runs of the driver that have ended."""
    found: list[Any] = []
    keep = _driver._Task.keep

    def kept(self: Any, reached: Any) -> None:
        found.append(self)
        keep(self, reached)

    monkeypatch.setattr(_driver._Task, "keep", kept)
    return found


def run_of(lab: Lab, ended: list[Any], task: Task, count: int) -> Any:
    """A run of the task that went well, of which each item stands there many times."""
    cuts.fresh(lab, task)
    if task.module == "cluster_action":
        task.params["id"] = lab.whole(task.as_start("cluster_action_info"))["actions"][0]["id"]
    ended.clear()
    real = lab.whole(task.as_start())
    assert not real.failed, real
    (run,) = ended
    times = count // len(run.items)
    run.items = [dataclasses.replace(item) for _time in range(times) for item in run.items]
    run.plan.steps = run.plan.steps * times
    if hasattr(run.op, "single"):
        run.op.single = False
    return run


def told(run: Any, outcomes: list[str | None]) -> dict[str, Any]:
    """The result when the items ended so, in turn; None went well."""
    for number, item in enumerate(run.items):
        outcome = outcomes[number % len(outcomes)]
        item.failure = None
        if outcome is not None:
            lost = outcome == UNKNOWN
            why = f"the connection was closed {'x' * 80}." if lost else "the server found the request not valid."
            failure = Failure("bad_request", why, "Correct the option that the server names and run again.", status=400)
            failure.server_message = None if lost else f"FQXHMCP9001J The request cannot be done. {'x' * 160}"
            if run.client.system == "openstack":
                failure.details = {"request_id": "req-00000000-0000-4000-8000-000000000000", "server_type": "BadRequest"}
            item.fail(failure, run.client.system)
            item.failure.outcome = outcome
    failed = [item for item in run.items if item.failure is not None]
    result = run.result()
    if failed:
        failure = summary(failed, run.items, run.op.noun)
        failure.result = result
        result = failed_result(failure)
    return {key: value for key, value in result.items() if key != "diff"}


ENDS: dict[str, list[str | None]] = {
    "well": [None],
    "refused": [NOT_STARTED],
    "lost": [UNKNOWN],
    "mixed": [None, NOT_STARTED],
    "one": [NOT_STARTED, *[None] * 999],
}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_result_of_a_thousand_fits(lab: Lab, ended: list[Any], task: Task) -> None:
    run = run_of(lab, ended, task, MANY[task.name])
    sizes = {}
    for how, outcomes in ENDS.items():
        result = told(run, outcomes)
        sizes[how] = len(str(result)) + ARGUMENTS
        rows = result[run.op.noun]
        assert len(rows) == len(run.items)
        assert all({"changed", "outcome"} <= row.keys() for row in rows)
        assert [row["error"]["code"] for row in rows if "error" in row] == ["bad_request" for item in run.items if item.failure]
        assert all({"method", "path", "resource"} <= step.keys() for step in result["plan"])
        assert len(result["plan"]) == len(run.plan.steps)
        if "shortened" not in result:
            assert result["plan"] == run.plan.public()
            assert rows == [run.op.present(item) for item in run.items]
    assert {how: size for how, size in sizes.items() if size > LIMIT} == {}


def test_there_is_a_task_of_every_module_that_takes_several_items() -> None:
    assert {task.module for task in TASKS} == BULK


PATTERN = next(task for task in TASKS if task.name == "pattern deployed to two servers")


def test_what_is_left_out_is_named(lab: Lab, ended: list[Any]) -> None:
    run = run_of(lab, ended, PATTERN, 1000)
    whole, result = run.op.rows(run.items)["profiles"], told(run, [NOT_STARTED])
    left = {f"profiles.{key}" for key in whole[0].keys() - result["profiles"][0].keys()}
    left |= {f"plan.{key}" for key in run.plan.public()[0].keys() - result["plan"][0].keys()}
    assert set(result["shortened"]) == left | {"profiles.error.message"}
    assert "The server said" in result["msg"]
    assert {row["error"]["message"] for row in result["profiles"]} == {
        "the server found the request not valid. The server said: FQXHMCP9001J The re ..."
    }


def test_nothing_is_left_out_where_it_does_not_help_or_is_not_wanted(lab: Lab, ended: list[Any]) -> None:
    """Ten thousand do not fit either way, and a play has no limit."""
    run = run_of(lab, ended, PATTERN, 4000)
    assert "shortened" not in told(run, [NOT_STARTED])
    run.items, run.plan.steps = run.items[:1000], run.plan.steps[:1000]
    assert "shortened" in told(run, [NOT_STARTED])
    run.run.params["return_history"] = "full"
    run.items, run.plan.steps = run.items[:700], run.plan.steps[:700]  # too long as they are, and not too many to be made to fit
    result = told(run, [NOT_STARTED])
    assert len(str(result)) > LIMIT
    assert "shortened" not in result
    assert result["plan"] == run.plan.public()


def test_a_run_that_is_told_to_end_fits_as_well(lab: Lab, ended: list[Any]) -> None:
    run = run_of(lab, ended, PATTERN, 1000)
    run.run.partial = None
    run.keep(None)
    failure = Failure("interrupted", "the run was told to end.", "Look.")
    for item in run.items:
        item.outcomes = [dataclasses.replace(outcome, state=UNKNOWN) for outcome in item.outcomes]
    result = failed_result(failure, run.run)
    assert len(result["profiles"]) == len(result["plan"]) == 1000
    assert "profiles.error.message" in result["shortened"]
    assert len(str({key: value for key, value in result.items() if key != "diff"})) + ARGUMENTS <= LIMIT
