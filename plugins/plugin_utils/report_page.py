# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of a run as one page of HTML. Pure: the rows of report_rows.py go in, a text comes out.

The page holds all that it needs: no script, no address outside, one style that its own policy names by its digest. Whatever a server
or a user has written is cleaned and escaped where it is put in; attributes hold nothing but words of this file and numbers.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import datetime
import hashlib
import html
import itertools
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.plugin_utils import report_rows as rows
from ansible_collections.groundwork.provision.plugins.plugin_utils.report_rows import Started

BARS = 300  # jobs in the timeline
HOSTS = 300  # hosts without trouble in the list of hosts
LISTED = 100  # resources named below one task
NAMED = 20  # hosts named in one line

SPACE = "&nbsp;"  # between a number and its unit

RUNNING, ENDED, INTERRUPTED, STOPPED = "running", "ended", "interrupted", "stopped"
_WHEN = {RUNNING: "this page was written", INTERRUPTED: "the run was interrupted", STOPPED: "Ansible ended the run"}
# What stands where for each verdict, in the order in which they are counted.
WORDS = {
    rows.FAILED: "failed", rows.UNREACHABLE: "unreachable", rows.RESCUED: "failed and rescued", rows.IGNORED: "failed and ignored",
    rows.CHANGED: "changed", rows.OK: "unchanged", rows.SKIPPED: "skipped",
    rows.LOOKED: "looked ahead in check mode",
}
STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1b1f24; --quiet: #59636e; --line: #d1d9e0; --box: #f6f8fa;
  --good: #1a7f37; --bad: #c21c2b; --work: #2f6fd0; --wait: #b6c0ca; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) {
  :root { --back: #0f1318; --text: #e6edf3; --quiet: #9aa5b1; --line: #333b45; --box: #181e25;
    --good: #3fb950; --bad: #ff7b72; --work: #5b9cf5; --wait: #57606a; --warn: #e0a63c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p, ul { margin: .25rem 0; }
ul { padding-left: 1.25rem; }
a { color: var(--work); }
code { font-size: .875em; }
.quiet { color: var(--quiet); font-size: .875rem; }
.verdict, .failure, .task { border: 1px solid var(--line); border-left: .3rem solid var(--wait); background: var(--box);
  padding: .5rem .75rem; margin: .5rem 0; border-radius: .25rem; }
.verdict { font-size: 1.125rem; }
.bad { border-left-color: var(--bad); }
.good { border-left-color: var(--good); }
.warn { border-left-color: var(--warn); }
.failed, .unreachable { color: var(--bad); font-weight: 600; }
.changed { color: var(--good); font-weight: 600; }
.rescued, .ignored { color: var(--warn); font-weight: 600; }
.count { display: inline-block; margin-right: .75rem; }
.hint { font-weight: 600; }
.job { margin: .35rem 0; }
.job svg, .axis { display: block; width: 100%; height: .75rem; background: var(--box); }
.axis-words { display: flex; justify-content: space-between; }
rect.wait { fill: var(--wait); } rect.work { fill: var(--work); } rect.good { fill: var(--good); } rect.bad { fill: var(--bad); }
summary { cursor: pointer; }
@media print { details > * { display: block; } }
""".strip()


@dataclasses.dataclass
class Run:
    """A run. began: the time of day in seconds since 1970. seconds: how long it has been going on. end: RUNNING, ENDED, INTERRUPTED, or
    STOPPED where Ansible ended it with an error that is none of a task, which is then in why.

    recap: host -> Ansible's own numbers, when it told them; else those of the rows are shown. under_way: tasks that have not ended.
    not_reached: (play, its hosts whose wave has not begun).
    """

    title: str
    playbooks: list[str]
    began: float
    seconds: float
    end: str
    check: bool
    rows: rows.Rows
    recap: dict[str, t.Mapping[str, int]] | None = None
    under_way: list[Started] = dataclasses.field(default_factory=list)
    not_reached: list[tuple[str, list[str]]] = dataclasses.field(default_factory=list)
    why: str = ""


def page(run: Run) -> str:
    """The whole page."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    parts = (_head(run), _under_way(run), _failures(run), _codes(run), _done(run), _timeline(run), _hosts(run), _warnings(run), _foot())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{_e(run.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "".join(parts) + "</body>\n</html>\n"
    )


def _e(text: t.Any, limit: int = rows.TEXT) -> str:
    """Any text for between two tags. What cannot be printed was cleaned where the rows were read; title and names of files were not."""
    return html.escape(clean(text, limit))


def _head(run: Run) -> str:
    began = datetime.datetime.fromtimestamp(run.began, datetime.UTC)
    names = ", ".join(run.playbooks) or "no playbook"
    mode = "<p><strong>Check mode: nothing was changed by this run.</strong> What is called changed would be.</p>\n" if run.check else ""
    return (
        f'<h1>{_e(run.title)}</h1>\n<p class="quiet">{_e(names)}. Began {began:%Y-%m-%d %H:%M:%S} UTC, {_seconds(run.seconds)}.</p>\n'
        f"{_verdict(run)}{mode}"
    )


def _verdict(run: Run) -> str:
    bad = [row for row in run.rows.trouble if row.verdict in rows.BAD]
    tasks, hosts = len({row.place for row in bad}), len({row.host for row in bad})
    words = f"{_number(tasks, 'task')} failed{f', on {hosts} hosts' if hosts > 1 else ''}." if bad else "No task failed."
    if run.end != ENDED:
        after = _seconds(run.seconds).replace(SPACE, " ")
        words = words if bad else "No task had failed by then."
        goes_on = "What the servers were doing then goes on there."
        if run.end == RUNNING:
            words = f"This run has not come to its end: this page was written {after} after its begin. {words}"
        elif run.end == INTERRUPTED:
            words = f"This run did not come to its end: it was interrupted after {after}. {words} {goes_on}"
        else:
            why = clean(run.why, rows.TEXT)
            words = f"This run did not come to its end: Ansible ended it after {after} with an error: {why.rstrip('.')}. {words}"
            words += f" {goes_on}" if run.under_way else ""
    kind = "bad" if bad or run.end == STOPPED else "good" if run.end == ENDED else "warn"
    counted = "".join(_count(verdict, run.rows.total(verdict)) for verdict in WORDS if verdict != rows.LOOKED)
    counted = f"Results of tasks of this collection, and what else failed: {counted}" if counted else _no_results(run)
    return f'<div class="verdict {kind}"><p><strong>{_e(words, 2 * rows.TEXT)}</strong></p>\n<p>{counted}</p></div>\n'


def _no_results(run: Run) -> str:
    if run.rows.tasks:
        return "The tasks of this collection looked ahead in check mode, and changed nothing."
    if run.end == ENDED:
        return "No task of this collection ran."
    which = "no task of this collection" if run.rows.hosts else "no task"
    return f"When {_WHEN[run.end]} {which} had ended yet."


def _under_way(run: Run) -> str:
    """What had begun and not ended. A page of a run that goes on may be the last one of a run that was killed."""
    if run.end == ENDED or not run.under_way:
        return ""
    stopped, when = run.end != RUNNING, _WHEN[run.end]
    text = f"<h2>Under way when {when}</h2>\n"
    for one in run.under_way:
        goes_on = "What it started goes on by itself; run again to join it."
        goes_on = goes_on if stopped else f"If the run was ended since, {goes_on[0].lower()}{goes_on[1:]}"
        since = f", for {_seconds(max(run.seconds - one.began, 0.0))}," if stopped else ""
        note = "" if run.check or one.reads else f"<p>{goes_on}</p>\n"
        text += (
            f'<div class="task warn"><strong>{_e(one.task)}</strong> <span class="quiet"><code>{_e(one.action)}</code></span>\n'
            f"<p>was under way when {when}{since} on {_names(one.hosts)}</p>\n{note}</div>\n"
        )
    return text


def _names(hosts: list[str]) -> str:
    more = f" and {len(hosts) - NAMED} more" if len(hosts) > NAMED else ""
    return ", ".join(_e(host, rows.SHORT) for host in hosts[:NAMED]) + more


def _count(verdict: str, number: int, noun: str = "") -> str:
    return f'<span class="count {verdict}">{number} {noun}{WORDS[verdict]}</span>' if number else ""


# -- failures ----------------------------------------------------------------------------------------------------------------


def _failures(run: Run) -> str:
    bad = [row for row in run.rows if row.verdict in rows.BAD]
    others = [row for row in run.rows if row.verdict in (rows.RESCUED, rows.IGNORED)]
    text = f"<h2>What failed, why, and what to do</h2>\n{_alike(bad)}" if bad else ""
    if others:
        text += f"<h2>What failed and was rescued or ignored</h2>\n{_alike(others)}"
    return text


def _alike(failed: list[rows.Row]) -> str:
    """What one task told of several hosts in the same words is told once, with what it was told of."""
    groups: dict[tuple[t.Any, ...], list[rows.Row]] = collections.defaultdict(list)
    for row in failed:
        several = len(row.failures) > 1
        told = tuple((several and what, error.message, error.slug, error.hint) for what, error in row.failures)
        groups[(row.place, row.verdict, row.label, row.check, told)].append(row)
    return "".join(map(_failure, groups.values()))


def _failure(alike: list[rows.Row]) -> str:
    """A hint that all items of the row share is told once."""
    row = alike[0]
    told = row.failures
    if len(told) == 1:  # of each host it may be another resource
        whats = dict.fromkeys(what for one in alike for what, _error in one.failures if what)
        told = [(_names(list(whats)), told[0][1])]
    else:
        told = [(_e(what, rows.SHORT), error) for what, error in told]
    hints = list(dict.fromkeys(error.hint for _what, error in told if error.hint))
    entries = "".join(f"<li>{_what(what)}{_e(error.message) or 'It told no reason.'}{_code(error)}</li>\n" for what, error in told)
    more = "".join(f'<p class="hint">What to do: {_e(hint)}</p>\n' for hint in hints)
    kind = "bad" if row.verdict in rows.BAD else "warn"
    where = f"on {_names([one.host for one in alike])}" + (f", {_e(row.label)}" if row.label else "")
    return (
        f'<div class="failure {kind}"><h3>{_e(row.task)}</h3>\n<p class="quiet"><span class="{row.verdict}">{WORDS[row.verdict]}</span> '
        f"{where}{', in check mode' if row.check else ''}; <code>{_e(row.action)}</code></p>\n<ul>{entries}</ul>\n{more}</div>\n"
    )


def _what(name: str) -> str:
    return f"<strong>{name}</strong>: " if name else ""


def _code(error: rows.Error) -> str:
    return f' (<a href="#code-{_anchor(error.slug)}">{_e(error.slug)}</a>)' if error.slug else ""


def _anchor(code: str) -> str:
    """Codes are lower-case words; of anything else that calls itself one nothing but such letters gets into an attribute."""
    return "".join(letter for letter in code if letter.isascii() and (letter.isalnum() or letter == "_"))


def _codes(run: Run) -> str:
    """Each code once, with how often it was told and what its failures say to do."""
    found: dict[str, list[rows.Error]] = collections.defaultdict(list)
    for row in sorted(run.rows.trouble, key=lambda row: row.again):
        for _name, error in row.failures:
            if error.slug and not (row.again and error.slug in found):
                found[error.slug].append(error)
    if not found:
        return ""
    entries = ""
    for code, errors in sorted(found.items()):
        hints = list(dict.fromkeys(error.hint for error in errors if error.hint))
        told = " ".join(hints[:3] or ["What to do is said with each failure."])
        told += f" ({len(hints) - 3} other hints are with the failures.)" if len(hints) > 3 else ""
        times = _number(len(errors), "time")
        entries += f'<li id="code-{_anchor(code)}"><code>{_e(code)}</code>, {times}. {_e(told, 3 * rows.TEXT)}</li>\n'
    return (
        f'<h3>Error codes</h3>\n<ul>{entries}</ul>\n<p class="quiet">The page Error codes of the collection\'s documentation '
        "(docs/error_codes.md) says of each code when it is raised and what to do then.</p>\n"
    )


# -- the timeline ------------------------------------------------------------------------------------------------------------


def _timeline(run: Run) -> str:
    """One line for each job: those that failed first to be kept, then the longest; shown by their begin."""
    found = [(row, item) for row in run.rows if not row.again for item in row.items if item.history]
    if not found:
        return ""
    shown = sorted(found, key=lambda pair: (pair[1].error is None, -pair[1].seconds))[:BARS]
    whole = max(item.ended for _row, item in shown)
    first = min(item.began for _row, item in shown)
    span = max(whole - first, 0.001)
    bars = "".join(_bar(row, item, first, span) for row, item in sorted(shown, key=lambda pair: (pair[1].began, pair[1].name)))
    total = sum(task.items[state] for task in run.rows.tasks.values() for state in (rows.CHANGED, rows.OK, rows.FAILED))
    left = f" {_number(len(shown), 'job')} shown, of {_number(total, 'resource')}." if total > len(shown) else ""
    return (
        '<h2>Timeline of the jobs</h2>\n<p class="quiet">Grey until the first state was seen, blue while it worked, then green, '
        f"or red where it failed or was not waited for any longer. Of many resources only the last state is known.{left}</p>\n"
        f'<div class="axis-words quiet"><span>{_seconds(first)}</span><span>{_seconds(first + span / 2)}</span>'
        f"<span>{_seconds(first + span)}</span></div>\n{bars}"
    )


def _bar(row: rows.Row, item: rows.Item, first: float, span: float) -> str:
    def x(second: float) -> float:
        return round(1000 * min(max(second - first, 0.0), span) / span, 1)

    times = [item.began, *(second for second, _state in item.history), *([] if item.until is None else [item.ended])]
    rects = ""
    for number, (start, end) in enumerate(itertools.pairwise(times)):
        kind = "work" if number and len(times) > 2 else "wait"
        rects += f'<rect class="{kind}" x="{x(start)}" y="0" width="{max(x(end) - x(start), 0):.1f}" height="12"/>'
    rects += f'<rect class="{"bad" if item.error else "good"}" x="{min(x(times[-1]), 994)}" y="0" width="6" height="12"/>'
    states = ", ".join(f"{_e(state)} {_seconds(second - item.began)}" for second, state in item.history)
    states += f", not ended after {_seconds(item.seconds)}" if item.until is not None else ""
    host = "" if row.host in ("localhost", item.name) else f" on {_e(row.host)}"
    task = _e(row.task.rpartition(" : ")[2])  # without the role
    return (
        f'<div class="job"><strong>{_e(item.name)}</strong>{host}: {task} <span class="quiet">{states}</span>\n'
        f'<svg viewBox="0 0 1000 12" preserveAspectRatio="none" role="img"><title>{_e(item.name)}</title>{rects}</svg></div>\n'
    )


# -- what was done -----------------------------------------------------------------------------------------------------------


def _done(run: Run) -> str:
    kept: dict[str, list[rows.Row]] = collections.defaultdict(list)
    for row in run.rows:
        kept[row.place].append(row)
    loud: list[str] = []
    quiet: list[str] = []
    ahead: list[str] = []
    for place, task in sorted(run.rows.tasks.items(), key=lambda pair: pair[1].began):
        idle = task.verdicts.keys() <= {rows.OK, rows.SKIPPED}
        looks = not task.real and bool(task.verdicts.keys() - {rows.SKIPPED})
        (ahead if looks else quiet if idle else loud).append(_task(task, kept[place], run.check))
    text = "<h2>What was done</h2>\n" + "".join(loud) if loud or quiet or ahead else ""
    if quiet:
        text += f"<details><summary>{_number(len(quiet), 'task')} that changed nothing</summary>\n{''.join(quiet)}</details>\n"
    if ahead:
        text += f"<details><summary>{_number(len(ahead), 'task')} in check mode, which looked ahead and changed nothing</summary>\n"
        text += f"{''.join(ahead)}</details>\n"
    return text


def _task(task: rows.Task, kept: list[rows.Row], check: bool) -> str:
    verdicts = "".join(_count(verdict, task.verdicts[verdict]) for verdict in WORDS)
    things = ", ".join(f"{task.items[key]} {word}" for key, word in _ITEMS.items() if task.items[key])
    resources = f'<span class="quiet">resources: {things}</span>' if things else ""
    names = [_resource(row, item, check) for row in kept if not row.again for item in row.items]
    plan = [_e(step) for row in kept for step in row.plan]
    kind = "bad" if any(task.verdicts[verdict] for verdict in rows.BAD) else "good" if task.verdicts[rows.CHANGED] else ""
    return (
        f'<div class="task {kind}"><strong>{_e(task.name)}</strong> <span class="quiet"><code>{_e(task.action)}</code>, '
        f"{_seconds(task.seconds)}</span>\n<p>{verdicts}{resources}</p>\n"
        + _listing("Resources", names, sum(task.items[key] for key in _ITEMS))
        + _listing("Planned requests", plan, task.items["planned"]) + "</div>\n"
    )


_ITEMS = {rows.FAILED: "failed", rows.CHANGED: "changed", rows.OK: "unchanged"}


def _resource(row: rows.Row, item: rows.Item, check: bool) -> str:
    verdict = rows.FAILED if item.error else rows.CHANGED if item.changed else rows.OK
    word = "would be changed" if verdict == rows.CHANGED and (check or row.check) else WORDS[verdict]
    last = f", {_e(item.outcome)}" if item.outcome else ""
    if item.history:
        last = f", {_e(item.history[-1][1])}{'' if item.until is None else ', not ended'} after {_seconds(item.seconds)}"
    host = "" if row.host in ("localhost", item.name) else f" on {_e(row.host)}"
    return f'{_e(item.name)}{host}: <span class="{verdict}">{word}</span>{last}'


def _listing(title: str, entries: list[str], total: int) -> str:
    """A list that is closed until somebody opens it. total: how many there are, kept or not."""
    if not entries:
        return ""
    shown = entries[:LISTED]
    more = f"<li>and {total - len(shown)} more</li>\n" if total > len(shown) else ""
    opened = " open" if len(shown) <= 5 else ""
    inside = "".join(f"<li>{entry}</li>\n" for entry in shown)
    return f"<details{opened}><summary>{title}</summary>\n<ul>{inside}{more}</ul></details>\n"


# -- hosts -------------------------------------------------------------------------------------------------------------------


def _hosts(run: Run) -> str:
    recap: t.Mapping[str, t.Mapping[str, int]] = run.recap if run.recap is not None else run.rows.hosts
    left = "".join(
        f'<p class="failure warn">Not reached by the play {_e(play, rows.SHORT)}{_ENDED[run.end]}: {_names(hosts)}</p>\n'
        for play, hosts in run.not_reached
    )
    if not recap:
        return f"<h2>Hosts</h2>\n{left}" if left else ""
    own: dict[str, list[rows.Row]] = collections.defaultdict(list)
    for row in run.rows:
        own[row.host].append(row)
    troubled = [host for host, numbers in recap.items() if any(numbers.get(key) for key in _TROUBLE)]
    fine = [host for host in recap if host not in set(troubled)]
    entries = "".join(_host(host, recap[host], own[clean(host, rows.SHORT)]) for host in sorted(troubled) + sorted(fine)[:HOSTS])
    more = f"<p>and {_number(len(fine) - HOSTS, 'host')} more without a failure</p>\n" if len(fine) > HOSTS else ""
    note = "" if run.recap is not None else '<p class="quiet">Counted until this page was written.</p>\n'
    return f"<h2>Hosts</h2>\n{note}{left}{entries}{more}"


_ENDED = {ENDED: ", which ended before", **{end: f" when {when}" for end, when in _WHEN.items()}}
_TROUBLE = ("failures", "failed", "unreachable", "rescued", "ignored")
_RECAP = {"ok": "ok", "changed": "changed", "failures": "failed", "failed": "failed", "unreachable": "unreachable", "skipped": "skipped",
          "rescued": "rescued", "ignored": "ignored"}  # fmt: skip


def _host(host: str, numbers: t.Mapping[str, int], own: list[rows.Row]) -> str:
    shown = "".join(
        f'<span class="count {word}">{word}={numbers[key]}</span>' for key, word in _RECAP.items() if numbers.get(key)
    )
    entries = "".join(
        f'<li>{_e(row.task)}{": " + _e(row.label) if row.label else ""}: <span class="{row.verdict}">{WORDS[row.verdict]}</span>'
        f"{_message(row)}</li>\n" for row in own[:LISTED]
    )
    more = f"<li>and {len(own) - LISTED} more</li>\n" if len(own) > LISTED else ""
    name = f"<strong>{_e(host, rows.SHORT)}</strong> {shown}"
    return f"<details><summary>{name}</summary>\n<ul>{entries}{more}</ul></details>\n" if own else f"<p>{name}</p>\n"


def _message(row: rows.Row) -> str:
    """Why it was skipped, or that it is hidden; what failed is told above."""
    return f", {_e(row.message)}" if row.message and (row.verdict == rows.SKIPPED or row.message == rows.HIDDEN) else ""


def _warnings(run: Run) -> str:
    found = run.rows.warnings
    return f"<h2>Warnings</h2>\n<ul>{''.join(f'<li>{_e(text)}</li>' for text in found)}</ul>\n" if found else ""


def _foot() -> str:
    return '<p class="quiet">Written by groundwork.provision.report.</p>\n'


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _seconds(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.1f}{SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}{SPACE}min {rest}{SPACE}s" if minutes < 60 else f"{minutes // 60}{SPACE}h {minutes % 60}{SPACE}min"
