# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one result of profile_activation means for each host."""

from __future__ import annotations

import pytest

from ansible_collections.groundwork.provision.plugins.plugin_utils.host_results import ended, share

HOSTS, ITEMS = ["a", "b"], [{"profile": "p-a"}, {"profile": "p-b"}]


def row(name, **more):
    return {"id": f"7{name}", "name": f"p-{name}", "changed": False, "outcome": "none", **more}


def step(name):
    return {"method": "POST", "path": f"/profiles/7{name}", "resource": f"p-{name}"}


def result(*rows, **more):
    return {"changed": False, "outcome": "none", "plan": [], "profiles": list(rows), **more}


def flags(shared):
    return {host: (one["changed"], bool(one.get("failed"))) for host, one in shared.items()}


def test_each_host_changes_by_itself():
    shared = share(result(row("a", changed=True, outcome="finished"), row("b"), plan=[step("a")]), HOSTS, ITEMS)
    assert flags(shared) == {"a": (True, False), "b": (False, False)}
    assert [len(one["plan"]) for one in shared.values()] == [1, 0]


def test_each_host_fails_by_itself_and_keeps_the_error():
    error = {"code": "job_failed", "resource": "p-b", "message": "it failed"}
    rows = row("a", changed=True, outcome="finished"), row("b", changed=True, outcome="started", error=error)
    shared = share(result(*rows, failed=True), HOSTS, ITEMS)
    assert flags(shared) == {"a": (True, False), "b": (True, True)}
    assert shared["b"]["error"]["code"] == "job_failed"
    assert shared["b"]["msg"] == "it failed"
    assert "message" not in shared["b"]["error"]  # as in a module's result, where msg says it


def test_the_error_of_a_host_has_the_keys_of_a_module():
    """A rescue reads error.hint. The task's is about the first that failed: it holds for who failed alike, the server's words do not."""
    whole = {
        "code": "job_failed", "resource": "p-a", "system": "xclarity", "operation": "activate", "hint": "Look.", "server_message": "No.",
    }  # fmt: skip
    codes = {"a": "job_failed", "b": "job_failed", "c": "conflict"}
    rows = [row(name, error={"code": code, "message": f"of {name}"}) for name, code in codes.items()]
    shared = share(result(*rows, failed=True, error=whole), list(codes), [{"profile": f"p-{name}"} for name in codes])
    told = {host: one["error"] for host, one in shared.items()}
    assert {host: (one["system"], one["operation"]) for host, one in told.items()} == dict.fromkeys(codes, ("xclarity", "activate"))
    assert [one["hint"] for one in told.values()] == ["Look.", "Look.", None]
    assert [one["server_message"] for one in told.values()] == ["No.", None, None]
    assert [one["code"] for one in told.values()] == list(codes.values())


END = {
    "failed": True,
    "changed": True,
    "outcome": "started",
    "msg": "the timeout of the task has passed. The job was started (job 12). Nothing more is sent. Look at it.",
    "error": {"code": "task_timeout", "resource": None, "resources": [], "hint": "Nothing more is sent. Look at it."},
}


@pytest.mark.parametrize(
    "own, known",
    [
        ({"outcome": "started", "changed": True, "job": "13"}, "The job was started (job 13)."),
        ({"outcome": "none"}, "Nothing was changed."),
        ({"outcome": "unknown", "changed": True}, "It is not known whether the job was started."),
        ({"outcome": "not_started"}, "The server refused the request; nothing was started."),
    ],
)
def test_when_the_task_ends_each_host_reads_of_its_own_profile(own, known):
    shared = share({**END, "profiles": [row("a", outcome="started", job="12", changed=True), row("b", **own)], "plan": []}, HOSTS, ITEMS)
    assert "The job was started (job 12). Nothing more is sent." in shared["a"]["msg"]
    told = shared["b"]["msg"]
    assert known in told
    assert told.startswith("activate the profile of this host: the timeout of the task has passed. ")
    assert ("job 12" in told, told.count(" was started"), told.count("Look at it.")) == (False, known.count(" was started"), 1)
    assert [shared[host]["error"]["resource"] for host in HOSTS] == ["p-a", "p-b"]
    assert shared["b"]["error"]["resources"] == ["p-b"]
    assert shared["b"]["error"]["code"] == "task_timeout"


def test_a_timeout_is_marked_as_ansible_does():
    shared = share({**END, "timedout": {"period": 3}, "profiles": [row("a"), row("b")]}, HOSTS, ITEMS)
    assert [shared[host]["timedout"] for host in HOSTS] == [{"period": 3}] * 2


@pytest.mark.parametrize("rows, told", [([], {"positions": [0]}), ([row("a"), row("b")], {})], ids=["refused", "planned"])
def test_who_is_stopped_by_another_host_reads_whose_fault_it_is(rows, told):
    """The refusal names the profile; the host is what people look for. Where there are no rows it tells the positions."""
    error = {"code": "target_in_use", "resource": "p-a", "resources": ["p-a"], "hint": "Name another.", **told}
    refused = {"failed": True, "changed": False, "msg": "activate p-a: it is taken. Nothing was changed. Name another.", "error": error}
    shared = share({**refused, "profiles": rows}, HOSTS, ITEMS)
    assert shared["a"]["msg"] == refused["msg"]
    assert shared["b"]["msg"] == (
        "activate the profile of this host: stopped before anything was sent because of host a: activate p-a: it is taken. "
        "Nothing was changed. Name another."
    )
    assert [shared[host]["error"]["resource"] for host in HOSTS] == ["p-a", "p-a"]
    # A rescue that goes by the code must not take b's profile for the taken one.
    assert [shared[host]["error"]["code"] for host in HOSTS] == ["target_in_use", "skipped"]
    assert flags(shared) == {"a": (False, True), "b": (False, True)}


def test_what_is_said_in_names_is_understood_of_profiles_with_one_name():
    """The task tells those by name and id."""
    rows = [{**row(name), "name": "web"} for name in HOSTS]
    error = {"code": "earlier_run_unfinished", "resource": "web (7b)", "resources": ["web (7b)"], "hint": "Look."}
    told = result(*rows, failed=True, msg="m. Nothing was changed. Look.", error=error)
    shared = share(told, HOSTS, [{"profile": "7a"}, {"profile": "7b"}])
    assert [shared[host]["error"]["code"] for host in HOSTS] == ["skipped", "earlier_run_unfinished"]


def test_a_name_that_is_the_id_of_another_profile_blames_nobody_else():
    """What was typed is not what the task calls it."""
    error = {"code": "target_taken", "resource": "7b", "resources": ["7b"], "hint": "", "positions": [0]}
    shared = share({"failed": True, "msg": "m. Nothing was changed.", "error": error}, HOSTS, [{"profile": "7a"}, {"profile": "7b"}])
    assert [shared[host]["error"]["code"] for host in HOSTS] == ["target_taken", "skipped"]


def test_an_error_of_a_row_that_is_kept_short_names_its_resource():
    shared = share(result(row("a", error={"code": "x", "message": "x"}), row("b"), failed=True, msg="m"), HOSTS, ITEMS)
    assert (shared["a"]["error"]["resource"], shared["a"]["error"]["resources"]) == ("p-a", ["p-a"])


def test_in_check_mode_a_row_says_what_its_host_says():
    shared = share(result(row("a"), row("b"), plan=[step("b")], changed=True), HOSTS, ITEMS, check_mode=True)
    assert {host: one["profile"]["changed"] for host, one in shared.items()} == {"a": False, "b": True}


def test_in_check_mode_who_has_a_request_would_change():
    rows = result(row("a"), row("b"), plan=[step("b")], changed=True)
    assert flags(share(rows, HOSTS, ITEMS, check_mode=True)) == {"a": (False, False), "b": (True, False)}
    # in a real run a request that was planned and not sent has changed nothing
    assert flags(share(rows, HOSTS, ITEMS)) == {"a": (False, False), "b": (False, False)}


@pytest.mark.parametrize("outcome, changed", [("none", False), ("unknown", True)])
def test_a_failure_without_items_is_everybodys(outcome, changed):
    told = {"failed": True, "changed": changed, "outcome": outcome, "msg": "no", "error": {"code": "auth_failed", "resource": None}}
    shared = share(told, HOSTS, ITEMS)
    assert flags(shared) == {"a": (changed, True), "b": (changed, True)}
    assert {one["error"]["code"] for one in shared.values()} == {"auth_failed"}


def test_a_failure_that_no_item_tells_of_is_everybodys():
    told = result(row("a", changed=True, outcome="started"), row("b"), failed=True, msg="ended", error={"code": "interrupted"})
    assert flags(share(told, HOSTS, ITEMS)) == {"a": (True, True), "b": (False, True)}


def test_an_item_of_which_nothing_is_known_is_not_green():
    error = {"code": "x", "message": "x"}
    told = result(row("a", outcome="unknown", changed=True), row("b", error=error), failed=True, msg="m", error=error)
    assert flags(share(told, HOSTS, ITEMS)) == {"a": (True, True), "b": (False, True)}


def test_rows_that_do_not_belong_to_the_items_are_not_given_to_anybody():
    shared = share(result(row("a")), HOSTS, ITEMS)
    assert flags(shared) == {"a": (True, True), "b": (True, True)}
    assert {one["outcome"] for one in shared.values()} == {"unknown"}


def test_a_failure_without_a_code_gets_one():
    assert share({"failed": True, "msg": "no such option"}, HOSTS, ITEMS)["a"]["error"]["code"] == "task_failed"


def test_what_was_left_out_of_a_long_result_is_told_to_each_host():
    shared = share(result(row("a"), row("b"), shortened=["plan.why"]), HOSTS, ITEMS)
    assert [one["shortened"] for one in shared.values()] == [["plan.why"]] * 2
    assert "shortened" not in share(result(row("a"), row("b")), HOSTS, ITEMS)["a"]


@pytest.mark.parametrize("key", ["p-a", "7a", "p-a (7a)"])
def test_a_diff_is_cut_to_the_host(key):
    diff = {side: {key: side, "p-b": side} for side in ("before", "after")}
    shared = share(result(row("a"), row("b"), diff=diff), HOSTS, ITEMS)
    assert shared["a"]["diff"] == {"before": {key: "before"}, "after": {key: "after"}}
    assert list(shared["b"]["diff"]["after"]) == ["p-b"]


def test_a_task_that_ended_leaves_the_state_unknown():
    assert {key: ended("why.")[key] for key in ("failed", "changed", "outcome")} == {"failed": True, "changed": True, "outcome": "unknown"}
    assert "It is not known" in ended("why.")["msg"]
