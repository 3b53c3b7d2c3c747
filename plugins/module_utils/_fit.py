# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of many items is made shorter where AWX would drop it, and says so: the least needed goes first, in each item alike."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item

# ansible-runner drops a result of more than 700,000 characters. The options of the task, its warnings and its message come on top.
ROOM = 620_000

REASON, SHORT_REASON = 200, 80  # characters of the reason in the row of an item that failed
NAMES = 2  # a row begins with what it is about
KEPT = ("job", "changed", "outcome", "error")

Entry = dict[str, t.Any]
Entries = list[Entry]
Items = t.Sequence[Item]
Cut = t.Callable[[Entries, Items], Entries]


def _reasons(limit: int) -> Cut:
    """Rows whose errors tell the reason only; the message of the task is that of the first one, in full."""

    def short(row: Entry, failure: Failure | None) -> Entry:
        return {**row, "error": {**row["error"], "message": failure.reason(limit)}} if failure is not None and "error" in row else row

    return lambda rows, items: [short(row, item.failure) for row, item in zip(rows, items, strict=True)]


def _without(*names: str) -> Cut:
    return lambda steps, _items: [{key: value for key, value in step.items() if key not in names} for step in steps]


def _flat(rows: Entries, _items: Items) -> Entries:
    return [{key: value for key, value in row.items() if key == "error" or not isinstance(value, (list, dict))} for row in rows]


def _names(rows: Entries, _items: Items) -> Entries:
    return [{key: value for place, (key, value) in enumerate(row.items()) if place < NAMES or key in KEPT} for row in rows]


# What is cut of the plan and of the rows, in this order, until the result fits.
PLAN, ROWS = "plan", ""
CUTS: tuple[tuple[str, Cut], ...] = (
    (PLAN, _without("why")),
    (ROWS, _reasons(REASON)),
    (PLAN, _without("body", "query")),
    (ROWS, _reasons(SHORT_REASON)),
    (ROWS, _flat),
    (ROWS, _names),
)


def fit(result: dict[str, t.Any], noun: str, items: Items) -> dict[str, t.Any]:
    """The result, with rows and requests as short as they have to be. items: those of the rows, in their order.

    What is cut is cut of all, and named in ``shortened``. One that does not fit even so would be dropped either way, and stays whole for
    those who have no limit. The difference is not counted: it is shown with ``--diff`` only.
    """
    parts: dict[str, Entries] = {PLAN: result[PLAN], ROWS: result.get(noun) or []}
    if len(parts[ROWS]) != len(items):
        return result
    rest = {key: value for key, value in result.items() if key not in (PLAN, noun, "diff")}
    named_in_the_error = sum(len(item.title) + 4 for item in items if item.failure is not None)
    room = ROOM - len(str(rest)) - named_in_the_error
    sizes = {part: len(str(entries)) for part, entries in parts.items()}
    shortened = dict.fromkeys(result.get("shortened", ()))
    for part, cut in CUTS:
        if sum(sizes.values()) <= room:
            break
        before, parts[part] = parts[part], cut(parts[part], items)
        shortened |= dict.fromkeys(f"{part or noun}.{name}" for name in _cut_keys(before, parts[part]))
        sizes[part] = len(str(parts[part]))
    if sum(sizes.values()) > room or not shortened:
        return result
    return {**result, PLAN: parts[PLAN], noun: parts[ROWS], "shortened": list(shortened)}


def _cut_keys(before: Entries, after: Entries) -> t.Iterator[str]:
    """The keys of which something is gone."""
    for old, new in zip(before, after, strict=True):
        yield from (key for key in old if key not in new)
        if old.get("error") != new.get("error"):
            yield "error.message"
