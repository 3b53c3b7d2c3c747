# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds what a run told its user against what really happened: outcomes, counts, names, and the sentence about the server."""

from __future__ import annotations

import json
import re
from typing import Any

from .estates import SECRETS
from .ledger import Ledger, Run, Shot

NONE, NOT_STARTED, STARTED, FINISHED, UNKNOWN = "none", "not_started", "started", "finished", "unknown"
CAREFUL = (UNKNOWN, STARTED, FINISHED, NOT_STARTED, NONE)  # of several outcomes the first of these is told
UNFINISHED = "earlier_run_unfinished"

# What a message may say of the server, and of one thing which outcomes go with it.
KNOWN = {
    "nothing": (re.compile(r"Nothing was changed\."), (NONE,)),
    "refused": (re.compile(r"The server refused the request; nothing was started\."), (NOT_STARTED,)),
    "started": (re.compile(r"The (?:job|deletion|cancel|unassignment|termination|request|profile|update|change|deployment|discovery)"
                           r" was (?:started|accepted|created)"
                           r"(?: \((?:job )?[\w-]+\))?\."
                           r"|the [a-z]+ was (?:started|accepted|created)(?: \((?:job )?[\w-]+\))? and could not be followed to its end: "
                           r"|the job [\w-]+ ended as "), (STARTED, FINISHED)),
    "unknown": (re.compile(r"It is not known whether the [a-z]+ was (?:started|accepted|created)\."), (UNKNOWN,)),
}  # fmt: skip
_THINGS = r"\d+ [a-z]+(?: and \d+ [a-z]+)* (?:was|were) [a-z]+"  # of one kind or several, which are counted as requests
COUNTED = re.compile(
    rf"^(\d+) of (\d+) [a-z ]+ failed \((.*?)\)(?:; (?:(\d+) (?:was|were) started|({_THINGS}(?:, {_THINGS})*))"
    r"(?:(?: and|, \d+ of them) could not be followed to the end)?)?\. The first: ",
    re.DOTALL,
)
NOT_KNOWN = re.compile(r"It is not known whether (\d+) of them (?:was|were) [a-z]+\.")
# The same in the message about a run that was cut short.
CUT = {
    FINISHED: re.compile(r"(\d+) of \d+ [a-z ]+ (?:is|are) done\b"),
    STARTED: re.compile(r"(?<!whether )\b(\d+)(?: of \d+ [a-z ]+)? (?:was|were) [a-z]+ \("),
    UNKNOWN: re.compile(r"[Ii]t is not known whether (\d+)(?: of \d+ [a-z ]+)? (?:was|were) [a-z]+ \("),
}
MORE = re.compile(r"(.*) and (\d+) more$", re.DOTALL)


def judge(ledger: Ledger, run: Run, folder: Any) -> list[str]:
    """What is wrong with what this run told."""
    wrong, ledger.wrong = ledger.wrong, []
    if run.result is None:
        return wrong
    result = run.result
    wrong += leaks(result, folder)
    if result.get("error", {}).get("code") in ("internal_error", "argument_spec"):
        return [*wrong, f"a defect: {result['msg']} {result.get('defect', '')}"]
    rows = rows_of(run)
    refusals = [row["error"]["message"] for _ident, row in rows if row.get("error", {}).get("code") == "auth_failed"]
    refusals += [result["msg"]] if result.get("error", {}).get("code") == "auth_failed" else []
    if any("the server did not accept the credentials" in text for text in refusals):
        wrong.append("a right password or key is told to be wrong")
    wrong += _check_outcomes(run, rows)
    wrong += _check_whole(run, rows)
    if result["failed"]:
        wrong += _check_message(run, rows)
    elif run.short:
        wrong.append(f"LOST: all is said to be well, but {run.short}")
    if len(result.get("msg", "")) > 600:
        wrong.append("the message has more than 600 characters")
    if run.check:
        return wrong
    if result.get("error", {}).get("code") == UNFINISHED:
        wrong += _check_asked(ledger, run)
    else:
        for ident, row in rows:
            ledger.tell(run.task, ident, all_of_it=bool(row.get("joined")))
    return wrong


def leaks(result: dict[str, Any], folder: Any) -> list[str]:
    """Secrets in the result, or in what is kept on this machine."""
    texts = [json.dumps(result, ensure_ascii=False, default=str)]
    texts += [path.read_text("latin-1") for path in folder.glob("state/*") if path.is_file()]
    return [f"leaked {secret}" for secret in (*SECRETS, "JSESSIONID=") if any(secret in text for text in texts)]


# -- each thing -----------------------------------------------------------------------------------------------------------


def rows_of(run: Run) -> list[tuple[str, dict[str, Any]]]:
    """(id of a thing, what the result says of it); where there is only one thing, the result itself is its row."""
    result, task = run.result or {}, run.task
    if task.verb == "unmanage":  # a server that is not there is told by what the task calls it
        return [(ident, row) for (_text, ident), row in zip(task.things, result.get("nodes", []), strict=False)]
    name = {"activate": "profiles", "unassign": "profiles", "cancel job": "jobs", "delete job": "jobs", "terminate": "servers",
            "cancel request": "requests", "make": "profiles", "remove": "profiles", "copy": "backups", "move": "backups",
            "verified move": "backups", "push": "backups", "delete": "backups", "pattern": "profiles",
            **dict.fromkeys(("on", "off", "restart", "manage", "assign", "withdraw", "firmware", "install"), "nodes"),
            }.get(task.verb, "")  # fmt: skip
    if task.verb == "order":
        return _orders(run)
    if not name:
        one = {**result, "error": {**result["error"], "message": result["msg"]}} if result["failed"] else result
        return [(task.things[0][1], one)] if "plan" in result and result.get("error", {}).get("code") != UNFINISHED else []
    key = {"backups": "uuid", "nodes": "uuid", "profiles": "name" if task.family == "clusters" else "id"}.get(name, "id")
    key = {"manage": "address", "pattern": "target"}.get(task.verb, key)
    return [(str(row[key]), row) for row in result.get(name, [])]


def _orders(run: Run) -> list[tuple[str, dict[str, Any]]]:
    """The order of this run, and the requests that it waits for. An order whose id is not known has no row of its own."""
    result, task = run.result or {}, run.task
    rows = [(task.things[0][1] if row["own"] else f"request {row['id']}", row) for row in result.get("requests", [])]
    asked = result.get("error", {}).get("code") == UNFINISHED
    if result.get("plan") and not asked and not any(row["own"] for row in result.get("requests", [])):
        error = {"error": {**result["error"], "message": result["msg"]}} if result["failed"] else {}
        rows.insert(0, (task.things[0][1], {"outcome": result["outcome"], "changed": result["changed"], **error}))
    return rows


def _check_outcomes(run: Run, rows: list[tuple[str, dict[str, Any]]]) -> list[str]:
    wrong = []
    for ident, row in rows:
        shots, outcome = run.of(ident), row["outcome"]
        applied, unclear = any(shot.applied for shot in shots), any(_unclear(shot, run) for shot in shots)
        what = f"{run.task.verb} {ident} is told as {outcome}"
        # What others did looks like the effect of a request that was lost; a discovery is not locked against another.
        by_others = (run.disturbed or (run.beside and run.task.verb == "manage")) and unclear
        if outcome in (STARTED, FINISHED) and not applied and not any(shot.pending for shot in shots) and not by_others:
            wrong.append(f"LOST: {what}, and the server has not acted on it")
        if outcome in (NONE, NOT_STARTED) and applied and not _ended_otherwise(run, ident):
            wrong.append(f"SILENT: {what}, and the server has acted on it")
        if outcome == NONE and shots and not all(shot.refused for shot in shots):
            wrong.append(f"SILENT: {what}, and {shots[0].method} {shots[0].target} was sent")
        if outcome == UNKNOWN and not unclear and not _job_is_lost(row):
            wrong.append(f"{what}, though each answer was clear")
        changed = row.get("changed")
        if changed is not None and changed != (outcome in (STARTED, FINISHED, UNKNOWN)) and run.task.verb != "export" and not run.check:
            wrong.append(f"{what}, and changed is {changed}")
        message = row.get("error", {}).get("message")
        if message is not None and len(rows) > 1:
            wrong += _check_sentence(message, outcome)
    named = {ident for ident, _row in rows}
    taken = [shot.key for shot in run.shots if shot.key and not shot.refused]
    strays = [key for key in taken if not any(run.task.owns(ident, key) for ident in named)]
    if strays:
        wrong.append(f"SILENT: {strays} was sent, and no row of the result is about it")
    return wrong


def _unclear(shot: Shot, run: Run) -> bool:
    return not shot.clear or run.decided is not None


def _ended_otherwise(run: Run, ident: str) -> bool:
    """A cancel that was accepted, while the request came to another end."""
    return run.task.verb == "cancel request"


def _job_is_lost(row: dict[str, Any]) -> bool:
    return row.get("error", {}).get("code") in ("job_lost",)


def _check_sentence(message: str, outcome: str) -> list[str]:
    found = {name: outcomes for name, (pattern, outcomes) in KNOWN.items() if pattern.search(message)}
    if len(found) != 1:
        return [f"{len(found)} sentences about the server in {message!r}"]
    (outcomes,) = found.values()
    return [] if outcome in outcomes else [f"the outcome is {outcome}, and the message says {message!r}"]


# -- all of them -----------------------------------------------------------------------------------------------------------


def _check_whole(run: Run, rows: list[tuple[str, dict[str, Any]]]) -> list[str]:
    result, wrong = run.result or {}, []
    outcomes = {row["outcome"] for _ident, row in rows} or {NONE}
    worst = next(one for one in CAREFUL if one in outcomes)
    if result.get("error", {}).get("code") != UNFINISHED and result["outcome"] != worst:
        wrong.append(f"the outcome is {result['outcome']}, and that of the things {sorted(outcomes)}")
    if not run.check and result["changed"] != any(row.get("changed", result["changed"]) for _ident, row in rows) and rows:
        wrong.append(f"changed is {result['changed']}, and that of the things is not")
    if not run.check and result["changed"] and not any(shot.key for shot in run.shots) and run.task.verb != "export":
        wrong.append("PHANTOM: changed, and nothing was sent")
    started = any(shot.applied and shot.key for shot in run.shots)
    if not run.check and not result["changed"] and started and run.task.verb != "cancel request":
        wrong.append("SILENT: something was started, and changed is false")
    if not result["failed"] and not run.check:
        planned = sorted((step["method"], step["path"]) for step in result["plan"])
        sent = sorted({(shot.method, shot.target.partition("?")[0]) for shot in run.shots if shot.key})
        if [one for one in sent if one not in planned]:
            wrong.append(f"sent {sent}, planned {planned}")
    return wrong


def _check_message(run: Run, rows: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """The one message of a failed run: its counts, its names, its sentence about the server."""
    result, wrong = run.result or {}, []
    message, error = result["msg"], result["error"]
    counted = COUNTED.match(message)
    failed = [(ident, row) for ident, row in rows if row.get("error")]
    if error["code"] == UNFINISHED or (counted is None and len(rows) < 2):
        if error["code"] != UNFINISHED:
            wrong += _check_sentence(message, result["outcome"])
        return wrong
    if counted is None:
        return wrong + _check_cut(message, error, result["outcome"], [row["outcome"] for _ident, row in rows])
    requests = sum(int(one) for one in re.findall(r"\d+", counted[5] or ""))
    number, of, names, started = int(counted[1]), int(counted[2]), counted[3], int(counted[4] or 0) or requests
    if (number, of) != (len(failed), len(rows)):
        wrong.append(f"{len(failed)} of {len(rows)} things failed, and the message says {message!r}")
    in_truth = sum(row["outcome"] in (STARTED, FINISHED) for _ident, row in rows)
    if started < in_truth or (started > in_truth and not requests):  # a thing may have had several requests
        wrong.append(f"{in_truth} were started, and the message says {message!r}")
    doubts = sum(row["outcome"] == UNKNOWN for _ident, row in rows)
    unknown = NOT_KNOWN.search(message)
    if int(unknown[1] if unknown else 0) != doubts:
        wrong.append(f"of {doubts} it is not known, and the message says {message!r}")
    if not started and not doubts:
        wrong += _check_sentence(message, result["outcome"])
    more = MORE.match(names)
    told = (more[1] if more else names).split(", ")
    if error["resources"][: len(told)] != told or len(error["resources"]) != number or (int(more[2]) if more else 0) != number - len(told):
        wrong.append(f"the message names {names!r}, and error.resources is {error['resources']}")
    return wrong


def _check_cut(message: str, error: dict[str, Any], outcome: str, outcomes: list[str]) -> list[str]:
    """The message about several of a run that was cut short: counted by kind; one sentence where nothing came of any."""
    if outcome in (NONE, NOT_STARTED):
        return _check_sentence(message, outcome)
    wrong = []
    for kind, pattern in CUT.items():
        found, count = pattern.search(message), outcomes.count(kind)
        if int(found[1] if found else 0) != count:
            wrong.append(f"{count} are {kind}, and the message says {message!r}")
    opened = sum(one in (STARTED, UNKNOWN) for one in outcomes)
    if len(error["resources"]) != opened:
        wrong.append(f"{opened} are open, and error.resources is {error['resources']}")
    return wrong


def _check_asked(ledger: Ledger, run: Run) -> list[str]:
    """What the user is asked about was asked for, and an earlier run has left it open."""
    wrong = []
    if any(shot.key for shot in run.shots):
        wrong.append("asks a person, and sends all the same")
    for name in (run.result or {})["error"]["resources"]:
        ident = _ident(run, name)
        if ident is None:
            wrong.append(f"asks about {name}, which was not asked for")
            continue
        earlier = [one for one in ledger.runs if one is not run and _may_be_open(one, run, ident)]
        if not earlier:
            wrong.append(f"asks about {name}, which no run has left open")
        for one in earlier:
            one.met += [] if run.cut else [f"told {ident}"]
        ledger.tell(run.task, ident)
    return wrong


def _may_be_open(earlier: Run, run: Run, ident: str) -> bool:
    """The earlier run may have sent the same, and its user was not told the end; nor was anybody asked about it since."""
    same = earlier.task.family == run.task.family and any(one == ident for _text, one in earlier.task.things)
    same = same and ("dest" in earlier.task.params) == ("dest" in run.task.params)  # an export to a file, or to a remote server
    told = earlier.result is not None and earlier.decided is None and not earlier.beside
    return same and not told and not earlier.check and f"told {ident}" not in earlier.met


def _ident(run: Run, name: str) -> str | None:
    """The id of the thing that a message calls so."""
    for text, ident in run.task.things:
        if name in (text, ident) or f"({ident})" in name or ident in name:
            return ident
    return next((ident for _text, ident in run.task.things if _label(ident) == name), None)


def _label(ident: str) -> str:
    from .estates import BACKUPS, NODE_NAMES, NODES, PROFILES

    named = [*((key, name) for key, name, _more in (*PROFILES, *BACKUPS)), *zip(NODES, NODE_NAMES, strict=True)]
    return next((name for key, name in named if key == ident), "")
