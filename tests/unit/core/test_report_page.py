# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report: nothing that a text can break out of, every failure, and a bounded size."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from typing import Any

import pytest

from ansible_collections.groundwork.provision.plugins.plugin_utils import report_page, report_rows
from ansible_collections.groundwork.provision.plugins.plugin_utils.report_rows import CHANGED, FAILED, HIDDEN, OK, SKIPPED

HOSTILE = "</title></style></p>'\"><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\u202e\x00\x1b[31m\ud800"
VOID = {"meta", "br", "rect"}


class Strict(html.parser.HTMLParser):
    """Every tag is closed in its turn, and only tags and attributes that the page itself has are there."""

    TAGS = frozenset(
        {"html", "head", "meta", "title", "style", "body", "h1", "h2", "h3", "p", "div", "span", "strong", "code", "ul", "li", "a",
         "details", "summary", "svg", "rect"}
    )  # fmt: skip
    ATTRIBUTES = frozenset(
        {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "open", "role", "viewbox", "preserveaspectratio",
         "x", "y", "width", "height"}
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.policy, self.style, self.words = "", "", []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.TAGS
        found = dict(attrs)
        assert found.keys() <= self.ATTRIBUTES
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def row(result: dict[str, Any], verdict: str = CHANGED, **more: Any) -> report_rows.Row:
    facts = {"place": "play 1", "task": "Activate", "action": "groundwork.provision.profile_activation", "host": "localhost",
             "verdict": verdict, "began": 1.0, "ended": 9.0, **more}  # fmt: skip
    return report_rows.read(result, ours=facts.pop("ours", True), **facts)


def page(*found: report_rows.Row, **more: Any) -> Strict:
    return Strict(source(*found, **more))


def source(*found: report_rows.Row, **more: Any) -> str:
    rows = more.pop("rows", None) or report_rows.Rows()
    for one in found:
        rows.count(one.host, one.verdict)
        rows.add(one)
    return report_page.page(report_page.Run(**{
        "title": "Report", "playbooks": ["site.yml"], "began": 1.8e9, "seconds": 9.0, "end": report_page.ENDED, "check": False,
        "rows": rows, **more,
    }))  # fmt: skip


def item(name: str = "web-01", **more: Any) -> dict[str, Any]:
    history = [{"state": "Running", "second": 0.5}, {"state": "Complete", "second": 4.0}]
    return {"id": "71", "name": name, "changed": True, "outcome": "finished", "history": history, **more}


def error(code: str = "job_failed", hint: str = "Look at the job, then run again.", **more: Any) -> dict[str, Any]:
    return {"code": code, "hint": hint, "resource": "web-01", "message": f"it failed. {hint}", **more}


def test_hostile_texts_are_texts():
    """Wherever a server, a user or a file can put one."""
    hostile = {"msg": HOSTILE, "warnings": [HOSTILE], "error": error(HOSTILE, HOSTILE, message=HOSTILE, resource=HOSTILE), HOSTILE: [
        item(HOSTILE, error=error(HOSTILE, HOSTILE, message=HOSTILE), history=[{"state": HOSTILE, "second": 1}]),
        item(HOSTILE, history=[{"state": HOSTILE, "second": 2}]),
    ], "plan": [{"method": HOSTILE, "path": HOSTILE, "why": HOSTILE, "resource": HOSTILE}]}  # fmt: skip
    rows = report_rows.Rows()
    rows.warn(hostile["warnings"])
    facts = {"task": HOSTILE, "action": HOSTILE, "host": HOSTILE, "label": HOSTILE, "place": HOSTILE, "check": True}
    found = [row(hostile, verdict, **facts) for verdict in report_page.WORDS]
    made = page(*found, rows=rows, title=HOSTILE, playbooks=[HOSTILE], recap={HOSTILE: {"ok": 1, "failures": 2}})
    assert made.text.count("<script>alert(1)</script>") > 20
    assert not re.search("[\u202e\x00\x1b]", made.text)
    assert all(re.fullmatch(r"code-\w*", one, re.ASCII) for one in made.ids)
    assert all(re.fullmatch(r"#code-\w*", one, re.ASCII) for one in made.links)


@pytest.mark.parametrize("told", [
    {"history": "no list"}, {"history": [1, None, {"second": "x"}, {"second": float("nan")}, {"second": -1}, {"state": None, "second": 1}]},
    {"error": "no mapping"}, {"error": {"code": None, "message": None}}, {"name": None, "id": 5}, {"name": ["a", {"b": 1}]},
])
def test_results_of_any_shape(told):
    result = {"profiles": [item(**told), None, 1, "x"], "plan": "no list", "duration": "long", "error": 5, "warnings": "x"}
    for verdict in report_page.WORDS:
        page(row(result, verdict))


def test_the_policy_lets_the_style_through_and_nothing_else():
    made = page(row({"profiles": [item()]}))
    digest = base64.b64encode(hashlib.sha256(made.style.encode()).digest()).decode()
    assert made.policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_a_failure_says_why_and_what_to_do_once():
    failed = [item(f"web-{number}", error=error(hint="", message=f"web-{number} failed. Look at it.")) for number in range(3)]
    made = page(row({"profiles": [*failed, item()], "error": error(hint="Look at it."), "msg": "3 of 4 failed. Look at it."}, FAILED))
    assert made.text.count("What to do: Look at it.") == 1
    assert "web-2: web-2 failed. (job_failed)" in made.text
    assert "job_failed, 3 times. Look at it." in made.text
    assert made.ids == ["code-job_failed"]
    assert "1 task failed." in made.text
    assert "resources: 3 failed, 1 changed" in made.text


def test_the_hint_is_told_apart_from_the_message():
    made = page(row({"msg": "it failed. Look at the job, then run again.", "error": error()}, FAILED))
    assert "web-01: it failed. (job_failed) What to do: Look at the job, then run again." in made.text
    assert made.text.count("Look at the job") == 2, "with the failure and with its code"


def test_a_failure_without_a_resource_or_of_another_collection():
    made = page(row({"msg": "non-zero return code", "error": {"code": "not_ours"}}, FAILED, ours=False, action="ansible.builtin.command"))
    assert "non-zero return code" in made.text
    assert "not_ours" not in made.text
    assert "It told no reason." in page(row({}, FAILED)).text


def test_what_is_hidden_is_not_read():
    made = source(row({"censored": "hidden", "msg": "s3cret", "profiles": [item("s3cret")], "error": error("s3cret")}, FAILED))
    assert HIDDEN in made
    assert "s3cret" not in made


def test_check_mode_names_what_would_be_changed_and_the_requests():
    plan = [{"method": "POST", "path": "/profiles/71", "why": "it is inactive", "resource": "web-01", "body": {"password": "s3cret"}}]
    result = {"profiles": [item(changed=False, history=[]), item("web-02", id="72", changed=False, history=[])], "plan": plan}
    made = page(row(result, check=True), check=True)
    assert "Check mode: nothing was changed by this run." in made.text
    assert "web-01: would be changed" in made.text
    assert "web-02: unchanged" in made.text
    assert "web-01: POST /profiles/71: it is inactive" in made.text
    assert "s3cret" not in made.text
    assert "POST" not in page(row(result)).text


@pytest.mark.parametrize("end, said", [
    (report_page.RUNNING, "has not come to its end"), (report_page.INTERRUPTED, "was interrupted after 9.0 s"),
])  # fmt: skip
def test_a_run_that_did_not_end(end, said):
    made = page(row({"profiles": [item()]}), end=end)
    assert said in made.text
    assert "Counted until this page was written." in made.text
    assert "come to its end" not in page().text
    assert "No task of this collection ran." in page().text


def test_a_run_that_ansible_ended_says_why_and_is_not_called_interrupted():
    text = page(end=report_page.STOPPED, why="update_firmware_serial takes <b>a number</b> from 1.").text
    assert "did not come to its end: Ansible ended it after 9.0 s with an error: update_firmware_serial takes <b>a number</b> from" in text
    assert "interrupted" not in text
    assert "What the servers were doing" not in text
    assert "No task had failed by then." in text
    assert "When Ansible ended the run no task had ended yet." in text
    under_way = page(end=report_page.STOPPED, why="no.", under_way=[started("web-01")]).text
    assert "What the servers were doing then goes on there." in under_way
    assert "Under way when Ansible ended the run" in under_way
    left = page(end=report_page.STOPPED, why="no.", not_reached=[("In waves", ["c"])]).text
    assert "Not reached by the play In waves when Ansible ended the run: c" in left


def test_an_include_that_cannot_be_read_tells_its_reason():
    assert row({"reason": "Could not find it."}, FAILED, ours=False).message == "Could not find it."


def test_a_task_that_is_reached_twice_has_the_time_in_which_it_ran():
    """Not the time between, in which others ran. What ran on several hosts at once counts once."""
    times = [(10, 14), (11, 13), (0, 2), (12, 15), (100, 101.5), (2, 3)]
    made = source(*(row({}, began=float(began), ended=float(ended)) for began, ended in times))
    assert re.findall(r"</code>, ([\d.]+)&nbsp;s</span>", made) == ["9.5"]


def test_the_bars_lie_where_the_states_were_seen():
    """The task took 8 of its 9 seconds for itself: its jobs begin at second 1, or by what it tells later."""
    failed = item("b", history=[{"state": "Failed", "second": 2}], error=error())
    made = source(row({"profiles": [item()], "duration": 8.0}), row({"backup": failed}))
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', made)
    waited = [("wait", "0.0", "500.0"), ("bad", "500.0", "6")]
    assert bars == [*waited, ("wait", "0.0", "125.0"), ("work", "125.0", "875.0"), ("good", "994", "6")]


def test_a_second_wait_of_an_item_goes_on_after_the_first():
    told = [{"state": "Running", "second": 1}, {"state": "Complete", "second": 5}, {"state": "Running", "second": 2}]
    assert row({"profiles": [item(history=told)]}).items[0].history == [(2.0, "Running"), (6.0, "Complete"), (8.0, "Running")]


def test_hosts_those_with_failures_first_and_not_all_of_the_others():
    recap: dict[str, dict[str, int]] = {f"host-{number:05}": {"ok": 1} for number in range(10_000)}
    recap["host-09999"] = {"ok": 0, "failures": 1}
    made = page(row({"msg": "why"}, FAILED, host="host-09999"), recap=recap)
    assert made.text.index("host-09999 failed=1") < made.text.index("host-00000")
    assert "host-00299" in made.text
    assert "host-00300" not in made.text
    assert "and 9699 hosts more without a failure" in made.text


def test_tasks_of_one_long_path_are_told_apart():
    """The place of a task is its key, never shown, and so never shortened."""
    path = "/a/long/folder" * 20
    rows = report_rows.Rows()
    for name in ("Plan", "Activate"):
        rows.add(row({}, place=f"play {path} {name}", task=name))
    assert [task.name for task in rows.tasks.values()] == ["Plan", "Activate"]


def test_a_task_that_only_reads_or_skips_is_one_of_many():
    made = page(row({}, OK, task="Read"), row({}, SKIPPED, task="Skip", place="play 2"), row({"profiles": [item()]}, place="play 3"))
    assert "2 tasks that changed nothing" in made.text
    assert made.text.index("Activate") < made.text.index("Read")


@pytest.mark.parametrize("one_task", [True, False])
def test_ten_thousand_items_make_no_large_page(one_task):
    """All failures are on it; of the rest 500, and all are counted."""
    items = [item(f"node-{number:05}", id=str(number), error=error(message="m" * 500 + f" {number}") if number % 10 == 0 else None)
             for number in range(10_000)]  # fmt: skip
    results = [{"profiles": items}] if one_task else [{"profiles": [one]} for one in items]
    verdicts = [FAILED if any(one["error"] for one in result["profiles"]) else CHANGED for result in results]
    found = [row(result, verdict, host=f"h{number}") for number, (result, verdict) in enumerate(zip(results, verdicts, strict=True))]
    rows = report_rows.Rows()
    made = source(*found, rows=rows)
    assert len(made) < 3_000_000
    assert "resources: 1000 failed, 9000 changed" in made
    assert all(f"m {number} (" in made for number in range(0, 10_000, 10))
    assert made.count("<svg") == report_page.BARS
    kept = [one for single in rows for one in single.items]
    assert len(kept) <= 1000 + report_rows.KEPT
    Strict(made)


def test_ten_thousand_failures_are_all_there():
    results = ({"msg": "m" * 1000, "error": error(message=f"{number} " + "m" * 1000)} for number in range(10_000))
    found = [row(result, FAILED, host=f"h{number}") for number, result in enumerate(results)]
    made = source(*found)
    assert made.count("<div class=\"failure bad\">") == 10_000
    assert len(made) < 20_000_000


def test_reading_keeps_nothing_of_the_result_alive():
    """A result of ten thousand items is not held for the rest of the run."""
    result = {"profiles": [item(f"node-{number}") for number in range(10_000)], "plan": [{"path": "/x"}] * 10_000}
    rows = report_rows.Rows()
    rows.add(row(result))
    (kept,) = rows.others
    assert len(kept.items) == report_rows.KEPT
    assert kept.plan == []
    assert rows.tasks["play 1"].items == {CHANGED: 10_000, "planned": 10_000}


def started(*hosts: str, reads: bool = False) -> report_rows.Started:
    return report_rows.Started("Activate <b>", "groundwork.provision.profile_activation", 2.0, list(hosts), reads)


GOES_ON = "What it started goes on by itself; run again to join it."


def test_a_page_of_a_run_that_goes_on_says_what_was_under_way():
    """It may be the last page of a run that was killed."""
    made = page(end=report_page.RUNNING, under_way=[started("web-01", "web-02")])
    assert "No task had failed by then." in made.text
    assert "When this page was written no task had ended yet." in made.text
    assert "No task of this collection ran" not in made.text
    assert "Activate <b> groundwork.provision.profile_activation was under way when this page was written" in made.text
    assert "written on web-01, web-02 If the run was ended since, what it started goes on by itself; run again to join it." in made.text
    rows = report_rows.Rows()
    rows.count("web-01", OK)
    assert "no task of this collection had ended yet." in page(end=report_page.RUNNING, rows=rows).text


def test_a_page_of_an_interrupted_run_says_what_was_under_way():
    made = page(row({"profiles": [item()]}), end=report_page.INTERRUPTED, under_way=[started("web-01")])
    assert "Under way when the run was interrupted" in made.text
    assert "when the run was interrupted, for 7.0 s, on web-01" in made.text
    assert GOES_ON in made.text
    assert "When the run was interrupted no task had ended yet." in page(end=report_page.INTERRUPTED).text
    assert "Under way" not in page(under_way=[started("web-01")]).text


def test_what_only_reads_does_not_go_on():
    for more in ({"under_way": [started("a", reads=True)]}, {"under_way": [started("a")], "check": True}):
        made = page(end=report_page.INTERRUPTED, **more)
        assert "Under way when the run was interrupted" in made.text
        assert GOES_ON not in made.text


def test_of_ten_thousand_hosts_under_way_some_are_named():
    made = page(end=report_page.RUNNING, under_way=[started(*(f"host-{number:05}" for number in range(10_000)))])
    assert "host-00019 and 9980 more" in made.text
    assert "host-00020" not in made.text


def test_a_look_in_check_mode_is_no_change_of_a_real_run():
    plan = [{"method": "POST", "path": "/profiles/71", "why": "it is inactive", "resource": "web-01"}]
    look = {"profiles": [item(changed=False, history=[])], "plan": plan}
    found = [row(look, verdict, check=True, ahead=True, place=verdict, task=f"Look {verdict}") for verdict in (CHANGED, OK)]
    made = page(*found, row({"profiles": [item()]}))
    assert "Results of tasks of this collection, and what else failed: 1 changed What" in made.text
    assert "2 tasks in check mode, which looked ahead and changed nothing" in made.text
    assert "Planned requests" not in made.text
    assert made.text.count("resources: ") == 1
    assert "The tasks of this collection looked ahead in check mode, and changed nothing." in page(*found).text
    assert "1 task failed." in page(row({"msg": "why", "error": error()}, FAILED, check=True, ahead=True)).text


def test_one_task_that_failed_in_the_same_words_on_several_hosts():
    told = {"msg": "no connection.", "error": error("connect_refused", "Look at the network.", message="no connection.", resource="")}
    made = page(*(row(told, FAILED, host=f"host-{number:02}") for number in range(30)))
    assert "1 task failed, on 30 hosts." in made.text
    assert made.text.count("no connection.") == 1
    assert "on host-00, host-01" in made.text
    assert "host-19 and 10 more;" in made.text
    rows = [row({**told, "error": {**told["error"], "resource": f"p{number}"}}, FAILED, host=f"host-{number}") for number in range(3)]
    of_each = page(*rows)
    assert of_each.text.count("no connection.") == 1
    assert "p0, p1, p2: no connection." in of_each.text
    second = row(told, FAILED, host="b", place="play 2", task="Other")
    other = page(row(told, FAILED, host="a"), second, row({"msg": "x"}, FAILED, host="a"))
    assert "2 tasks failed, on 2 hosts." in other.text
    assert other.text.count("no connection.") == 2


def test_the_bar_of_a_job_that_did_not_end_goes_to_the_end_of_the_wait():
    history = [{"state": "Running", "second": 1.0}]
    late = item(history=history, error=error("wait_timeout", message="it had not ended in time."))
    result = {"profiles": [late], "error": error("wait_timeout"), "duration": 45.0}
    made = source(row(result, FAILED, began=0.0, ended=45.0))
    bars = re.findall(r'<rect class="(\w+)" x="([\d.]+)" y="0" width="([\d.]+)"', made)
    assert bars == [("wait", "0.0", "22.2"), ("work", "22.2", "977.8"), ("bad", "994", "6")]
    text = Strict(made).text
    assert "web-01: failed, Running, not ended after 45.0 s" in text
    assert "Running 1.0 s, not ended after 45.0 s" in text


def test_a_result_without_a_list_of_resources_has_a_row_of_its_own():
    cluster = {"changed": True, "outcome": "finished", "cluster": {"name": "web", "id": "7f"}, "nodes": [{"name": "n"}], "plan": [],
               "history": [{"state": "SUCCEEDED", "second": 3.0}]}  # fmt: skip
    assert "web: changed, finished" in page(row({**cluster, "history": []})).text
    assert "resources: 1 changed Resources web: changed, SUCCEEDED after 3.0 s" in page(row(cluster)).text
    deleted = {"changed": True, "outcome": "started", "cluster": None, "invocation": {"module_args": {"name": "web"}}}
    assert "web: changed, started" in page(row(deleted)).text
    failed = {"changed": False, "outcome": "none", "msg": "it failed.", "error": error()}
    assert "Resources web-01: failed" in page(row(failed, FAILED)).text
    assert "resources" not in page(row({"changed": False}, OK)).text
    assert "resources" not in page(row({"changed": False, "outcome": "none", "profiles": []}, OK)).text


def test_check_mode_of_a_result_without_a_list_of_resources():
    plan = [{"method": "POST", "path": "/clusters", "why": "there is none", "resource": "cluster web"}]
    result = {"changed": True, "outcome": "none", "cluster": None, "plan": plan}
    assert "cluster web: would be changed" in page(row(result, check=True), check=True).text


def test_one_thing_is_changed_when_its_result_says_so():
    request = {"id": "57e9", "history": []}
    result = {"changed": True, "outcome": "finished", "request": request, "requests": [request]}
    made = page(row(result))
    assert "57e9: changed" in made.text
    assert "resources: 1 changed Resources" in made.text, "once, although it is in the list too"
