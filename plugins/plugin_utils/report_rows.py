# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report keeps of the results of a run. Pure: results go in, bounded rows come out; report_page.py makes a page of them.

Every failure is kept, each in a bounded text. Of all else the first KEPT are kept and the rest are counted, so that ten thousand
items make neither a process nor a page that is large.
"""

from __future__ import annotations

import bisect
import collections
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

KEPT = 500  # rows, items and planned requests that are no failures
TEXT = 700  # characters of a message; those of this collection have at most 600
SHORT = 120  # characters of a name
STATES = 30  # states of one item, the first and the last ones

FAILED, RESCUED, IGNORED, UNREACHABLE = "failed", "rescued", "ignored", "unreachable"
CHANGED, OK, SKIPPED = "changed", "ok", "skipped"
LOOKED = "looked"  # a task in check mode of a run that is not: what it would change may be changed by a later task
BAD = (FAILED, UNREACHABLE)
TROUBLE = (FAILED, UNREACHABLE, RESCUED, IGNORED)

HIDDEN = "The output of this task is hidden (no_log)."
# Keys of a result that hold no resources.
_NO_ITEMS = frozenset({"plan", "diff", "error", "errors", "warnings", "deprecations", "invocation", "exception", "results"})
# What a thing may be called, in a result and in a plan, what people know first.
_NAMES = ("name", "label", "title", "hostname", "file_name", "address", "description", "target", "id", "uuid")
_ARGUMENTS = ("name", "label", "group_name", "group_id", "id")  # of a module that is about one thing
_GOES_ON = "wait_timeout"  # the code of a job that had not ended when its task did

Facts = t.Mapping[str, t.Any]


@dataclasses.dataclass
class Error:
    """Why something failed, and what to do, which is not in ``message`` again. slug: the code, empty for failures of other collections."""

    message: str
    slug: str = ""
    hint: str = ""
    resource: str = ""


@dataclasses.dataclass
class Item:
    """One resource of a result. history: (second of the run, state). until: the second at which the wait for it was given up."""

    name: str
    changed: bool
    began: float
    history: list[tuple[float, str]]
    error: Error | None = None
    names: tuple[str, ...] = ()  # all that it may be called
    outcome: str = ""
    until: float | None = None

    @property
    def ended(self) -> float:
        last = self.history[-1][0] if self.history else self.began
        return last if self.until is None else max(last, self.until)

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclasses.dataclass
class Row:
    """One task on one host, or one turn of its loop. place: of the task in the run. began, ended: seconds of the run.

    ahead: it is in check mode, the run is not. again: it fails with the result of another task, whose row tells the rest."""

    place: str
    task: str
    action: str
    host: str
    verdict: str
    began: float
    ended: float
    check: bool = False
    label: str = ""
    message: str = ""
    error: Error | None = None
    items: list[Item] = dataclasses.field(default_factory=list)
    plan: list[str] = dataclasses.field(default_factory=list)
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)  # of items: changed, ok, failed; and planned
    ahead: bool = False
    again: bool = False

    @property
    def failures(self) -> list[tuple[str, Error]]:
        """(what, why) for each item that failed, or for the task as a whole."""
        own = [(item.name, item.error) for item in self.items if item.error]
        whole = self.error or Error(self.message)
        return own or [(whole.resource or self.label, whole)]


@dataclasses.dataclass
class Started:
    """A task that has begun and not ended. reads: it changes nothing, so that nothing goes on when it is stopped."""

    task: str
    action: str
    began: float
    hosts: list[str]
    reads: bool = False


@dataclasses.dataclass
class Task:
    """All rows of one task, counted. spans: when it ran, from and until, apart from each other and in their order: a task may be reached
    several times. real: not all that was not skipped only looked ahead."""

    name: str
    action: str
    spans: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    real: bool = False
    verdicts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    items: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)

    @property
    def began(self) -> float:
        return self.spans[0][0]

    @property
    def seconds(self) -> float:
        """How long it ran on any host."""
        return sum(ended - began for began, ended in self.spans)

    def ran(self, began: float, ended: float) -> None:
        first = bisect.bisect_left(self.spans, began, key=lambda span: span[1])
        last = bisect.bisect_right(self.spans, ended, key=lambda span: span[0])
        joined = [(began, ended), *self.spans[first:last]]
        self.spans[first:last] = [(min(span[0] for span in joined), max(span[1] for span in joined))]


class Rows:
    """Everything that a report shows of a run's tasks. add() is called in the order in which results come."""

    def __init__(self) -> None:
        self.trouble: list[Row] = []
        self.others: list[Row] = []
        self.tasks: dict[str, Task] = {}
        self.hosts: dict[str, collections.Counter[str]] = {}
        self.warnings: list[str] = []
        self._room = KEPT  # for items of rows without trouble

    def __iter__(self) -> t.Iterator[Row]:
        return iter(sorted([*self.trouble, *self.others], key=lambda row: (row.began, row.host)))

    def count(self, host: str, verdict: str) -> None:
        """Of any task, of whatever collection."""
        numbers = self.hosts.setdefault(clean(host, SHORT), collections.Counter())
        if verdict == CHANGED:
            numbers[OK] += 1
        numbers[verdict] += 1

    def warn(self, texts: t.Any) -> None:
        for text in texts if isinstance(texts, (list, tuple)) else ():
            line = clean(text, TEXT)
            if line not in self.warnings and len(self.warnings) < KEPT:
                self.warnings.append(line)

    def add(self, row: Row) -> None:
        task = self.tasks.setdefault(row.place, Task(row.task, row.action))
        task.ran(row.began, row.ended)
        task.verdicts[row.verdict] += 1
        task.real = task.real or (row.verdict != SKIPPED and not row.ahead)
        task.items.update(row.counts)
        if row.verdict in TROUBLE:
            row.items = [item for item in row.items if item.error or self._takes()]
            self.trouble.append(row)
        elif row.verdict == SKIPPED and not row.message:
            pass  # by a condition: it is counted
        elif len(self.others) < KEPT:
            row.items = [item for item in row.items if self._takes()]
            self.others.append(row)

    def _takes(self) -> bool:
        self._room -= 1
        return self._room >= 0

    def total(self, *verdicts: str) -> int:
        """How many rows of tasks there are with these verdicts, also those that are not kept."""
        return sum(task.verdicts[verdict] for task in self.tasks.values() for verdict in verdicts)


def read(result: Facts, *, ours: bool, **facts: t.Any) -> Row:
    """One result as a row. ours: the task is one of this collection's, so that more than its message is known. facts: of Row."""
    shown = {key: clean(value, SHORT) for key, value in facts.items() if isinstance(value, str) and key != "place"}
    row = Row(**{**facts, **shown})
    looked = row.ahead and row.verdict in (CHANGED, OK)
    row.verdict = LOOKED if looked else row.verdict
    if "censored" in result:
        row.message = HIDDEN
        return row
    row.message = clean(result.get("msg") or result.get("reason") or "", TEXT)  # reason: of a file that is included
    if not ours:
        return row
    row.error = _error(result.get("error"), row.message) if row.verdict in TROUBLE else None
    duration: t.Any = result.get("duration")
    began = max(row.began, row.ended - duration) if _is_number(duration) else row.began
    plan = result.get("plan")
    steps = [step for step in plan if isinstance(step, t.Mapping)] if isinstance(plan, list) else []
    row.items = list(_items(result, began)) or list(_own(result, row, began, steps))
    for item in row.items:
        if item.error and item.error.slug == _GOES_ON:
            item.until = row.ended
        if item.error and row.error and not item.error.hint and item.error.slug == row.error.slug:
            # Of many items each has its code and message only.
            item.error.hint = row.error.hint
            item.error.message = item.error.message.removesuffix(row.error.hint).rstrip() or item.error.message
    if row.check:
        # An item of check mode was not changed; the plan says which would be.
        planned = {clean(step.get("resource", ""), SHORT) for step in steps}
        for item in row.items:
            item.changed = item.changed or not planned.isdisjoint(item.names) or (len(row.items) == 1 and bool(steps))
        row.plan = [] if looked or row.again else list(map(_step, steps[:KEPT]))
    if looked or row.again:
        return row
    row.counts.update(_state(item) for item in row.items)
    row.counts["planned"] = len(steps)
    return row


def _state(item: Item) -> str:
    return FAILED if item.error else CHANGED if item.changed else OK


def _items(result: Facts, began: float) -> t.Iterator[Item]:
    alone: set[tuple[str, ...]] = set()  # a list may hold what is a result by itself too
    for key, value in sorted(result.items(), key=lambda pair: isinstance(pair[1], list)):
        if key in _NO_ITEMS:
            continue
        for facts in value if isinstance(value, list) else [value]:
            if isinstance(facts, t.Mapping) and ("history" in facts or {"changed", "outcome"} <= facts.keys()):
                names = tuple(clean(facts[one], SHORT) for one in _NAMES if facts.get(one)) or (clean(key, SHORT),)
                error = _error(facts.get("error"), "") if facts.get("error") else None
                history = list(_history(facts.get("history"), began))
                if value is facts:
                    alone.add(names)
                elif names in alone:
                    continue
                # A result that is about one thing may say only of itself that it was changed.
                changed = facts.get("changed", result.get("changed") if value is facts else False)
                yield Item(names[0], bool(changed), began, history, error, names, _word(facts.get("outcome")))


def _own(result: Facts, row: Row, began: float, steps: list[t.Any]) -> t.Iterator[Item]:
    """The one thing that a result without a list of resources is about, from what the result says of itself."""
    if "outcome" not in result or row.verdict == SKIPPED or (row.verdict in TROUBLE and row.error is None):
        return
    invocation = result.get("invocation")
    given = invocation.get("module_args") if isinstance(invocation, t.Mapping) else None
    told = [facts[one] for facts in result.values() if isinstance(facts, t.Mapping) for one in _NAMES[:1] if facts.get(one)]
    told += [given[one] for one in _ARGUMENTS if given.get(one)] if isinstance(given, t.Mapping) else []
    told += [row.error.resource] if row.error and row.error.resource else []
    resources = [step["resource"] for step in steps if step.get("resource")]
    told += resources if result.get("changed") else []
    if told or result.get("changed"):
        name = clean(told[0] if told else row.action.rpartition(".")[2], SHORT)
        names = (name, *(clean(one, SHORT) for one in resources))  # all that it plans is for this one
        error = dataclasses.replace(row.error) if row.error else None
        yield Item(name, bool(result.get("changed")), began, list(_history(result.get("history"), began)), error, names,
                   _word(result["outcome"]))  # fmt: skip


def _word(outcome: t.Any) -> str:
    return clean(outcome, SHORT) if isinstance(outcome, str) and outcome != "none" else ""


def _history(told: t.Any, began: float) -> t.Iterator[tuple[float, str]]:
    """Each wait of an item begins at its own second 0: a later one goes on where the one before ended."""
    base = last = 0.0
    listed = told if isinstance(told, list) else []
    entries = [entry for entry in listed if isinstance(entry, t.Mapping) and _is_number(entry.get("second"))]
    for entry in entries if len(entries) <= STATES else entries[: STATES // 2] + entries[-STATES // 2 :]:
        if base + entry["second"] < last:
            base = last
        last = base + max(0.0, float(entry["second"]))
        yield began + last, clean(entry.get("state", ""), SHORT)


def _error(told: t.Any, message: str) -> Error | None:
    if not isinstance(told, t.Mapping):
        return Error(message) if message else None
    hint = clean(told.get("hint") or "", TEXT)
    text = clean(told.get("message") or message or told.get("server_message") or "", TEXT)
    if hint and text != hint:
        text = text.removesuffix(hint).rstrip()
    return Error(text, clean(told.get("code") or "", SHORT), hint, clean(told.get("resource") or "", SHORT))


def _step(step: Facts) -> str:
    request = f"{step.get('method', '')} {step.get('path', '')}"
    return ": ".join(clean(part, 2 * SHORT) for part in (step.get("resource"), request, step.get("why")) if part)


def _is_number(value: t.Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e9
