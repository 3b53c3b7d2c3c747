# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentences about several items: which failed, how many were started, of how many it is not known."""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    JOB,
    STARTED,
    UNKNOWN,
    Failure,
    named,
    was_made,
)
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import worst


def skipped() -> Failure:
    return Failure("skipped", "an earlier item failed and on_failure is stop.", "Run again.")


def summary(failed: t.Sequence[Item], items: t.Sequence[Item], noun: str) -> Failure:
    """One failure for all: the only one as it is; of several how many and which failed, how many requests were accepted, by what they
    make, and the first reason. The sentence about the server is of all items."""
    failures = [t.cast(Failure, item.failure) for item in failed]
    first = next((failure for failure in failures if failure.code != "skipped"), failures[0])
    if len(items) == 1:
        return first
    effect = first.effect or JOB
    started = sum(item.state in (STARTED, FINISHED) for item in items)
    unknown = sum(item.state == UNKNOWN for item in items)
    names = [item.title for item in failed]
    lost = sum(item.failure is not None and item.failure.unfollowed and item.changed for item in failed)
    made = _made(items, started)
    counted = f"; {made}{_not_followed(lost, started)}" if made else ""
    doubtful = next((item.effect for item in items if item.state == UNKNOWN), None) or effect
    known = _unknown_sentence(unknown, len(items), doubtful) if unknown else "" if made else None
    told = Failure(
        first.code,
        first.why,
        first.next_step,
        what=f"{len(failed)} of {len(items)} {noun} failed ({named(names)}){counted}. The first: {first.what}",
        outcome=worst(item.state for item in items),
        status=first.status,
        system=first.system,
        operation=first.operation,
        resource=first.resource,
        resources=names,
        job=first.job,
        effect=effect,
        known=known,
    )
    told.server_message = first.server_message
    return told


def _plural(noun: str) -> str:
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def at_the_end(items: t.Sequence[Item], noun: str) -> str | None:
    """What is known of several when the run ends before it is through with them: ``2 of 9 profiles were started (a, b), it is not
    known whether 1 was started (c), nothing was changed for the rest.`` None when nothing came of any."""
    told: list[str] = []
    count = 0
    for state, form in ((FINISHED, "{} done"), (STARTED, "{} {}"), (UNKNOWN, "it is not known whether {} {}")):
        some = [item for item in items if item.state == state]
        if not some:
            continue
        thing, done = some[0].effect or JOB
        one = len(some) == 1
        things = noun if (thing, done) == JOB or state == FINISHED else _plural(thing.removeprefix("the "))
        of = "" if told else f" of {len(items)} {things}"
        verb = ("is" if one else "are") if state == FINISHED else "was" if one else "were"
        names = "" if state == FINISHED else f" ({named([item.title for item in some], 120)})"
        told.append(form.format(f"{len(some)}{of} {verb}", done) + names)
        count += len(some)
    if not told:
        return None
    if count < len(items):
        told.append("nothing was changed for the rest")
    text = ", ".join(told)
    return f"{text[:1].upper()}{text[1:]}."


def _made(items: t.Sequence[Item], started: int) -> str:
    """What was accepted: ``296 were started``, of the items; ``3 deletions were accepted``; ``60 discoveries and 29 jobs were started``,
    where an item has requests of several kinds. started: the items."""
    accepted = [outcome.step.effect for item in items for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
    if set(accepted) <= {JOB}:
        return f"{started} {'was' if started == 1 else 'were'} {JOB[1]}" if started else ""
    by_done: dict[str, list[tuple[str, int]]] = {}
    for (thing, done), count in collections.Counter(accepted).items():
        word = thing.removeprefix("the ")
        by_done.setdefault(done, []).append((word if count == 1 else _plural(word), count))
    told = []
    for done, things in by_done.items():
        verb = "was" if [count for _word, count in things] == [1] else "were"
        told.append(f"{' and '.join(f'{count} {word}' for word, count in things)} {verb} {done}")
    return ", ".join(told)


def _not_followed(count: int, started: int) -> str:
    """Of those that were started how many could not be followed."""
    if not count:
        return ""
    return " and could not be followed to the end" if count == started else f", {count} of them could not be followed to the end"


def doubt_sentence(jobs: t.Sequence[t.Sequence[str] | None], effect: tuple[str, str], *, seen: bool = True) -> str | None:
    """What is known of the requests of another run. jobs: those that each item has started; None where that is not known. seen: that run is
    over, so the end was not seen; it may still be at it otherwise."""
    started = [found for found in jobs if found is not None]
    unknown = _unknown_sentence(len(jobs) - len(started), len(jobs), effect)
    end = "was not seen" if seen else "is not recorded"
    if not started:
        return unknown
    if len(jobs) == 1:
        made = was_made(effect, ", ".join(started[0]))
        return f"{made[:1].upper()}{made[1:]}; its end {end}."
    told = f"{len(started)} of them {'was' if len(started) == 1 else 'were'} {effect[1]}, and the end {end}."
    return told if len(started) == len(jobs) else f"{told} {unknown}"


def _unknown_sentence(count: int, of: int, effect: tuple[str, str]) -> str | None:
    """The fixed sentence for several; None for one, which has its own."""
    if of == 1:
        return None
    return f"It is not known whether {count} of them {'was' if count == 1 else 'were'} {effect[1]}."
