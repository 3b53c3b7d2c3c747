# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers fulfil which documents: a largest matching. Pure functions.

A server fulfils a document when it has all of its properties; it may have more. Where one document asks for less than
another, a careless choice wastes the server that only the other can use, so the matching is made as large as possible.
Ten thousand servers are few kinds of servers: the work is done on kinds with counts.
"""

from __future__ import annotations

import collections
import typing as t

Document = t.Mapping[str, str]
Kind = frozenset[tuple[str, str]]


def fits(wanted: Document, offered: Document) -> bool:
    """Whether ``offered`` has every property of ``wanted``, letter for letter."""
    return all(offered.get(name) == value for name, value in wanted.items())


def same(one: t.Iterable[Document], other: t.Iterable[Document]) -> bool:
    """Whether two lists hold the same documents, each as often; order does not matter."""
    return collections.Counter(map(_kind, one)) == collections.Counter(map(_kind, other))


def assign(wanted: t.Sequence[Document], *tiers: t.Sequence[Document]) -> list[tuple[int, int] | None]:
    """For each wanted document the (tier, position) of what fulfils it, or None.

    No assignment fulfils more documents; of those that fulfil as many, this one takes the most from the first tier,
    then from the second. Within a tier earlier units are taken first.
    """
    demand: dict[Kind, list[int]] = {}
    for number, document in enumerate(wanted):
        demand.setdefault(_kind(document), []).append(number)
    names = {name for document in wanted for name in document}
    flow: dict[tuple[Kind, tuple[int, Kind]], int] = collections.defaultdict(int)
    stock: dict[tuple[int, Kind], list[int]] = {}
    for tier, units in enumerate(tiers):
        for number, unit in enumerate(units):
            kind = frozenset((name, unit[name]) for name in names if name in unit)
            stock.setdefault((tier, kind), []).append(number)
        # What an earlier tier gave away stays given away: a longer path only moves it between documents.
        while _augment(demand, stock, flow):
            pass
    found: list[tuple[int, int] | None] = [None] * len(wanted)
    left_units = {unit: list(numbers) for unit, numbers in stock.items()}
    for kind, numbers in demand.items():
        free = iter(numbers)
        for source, left in left_units.items():
            amount = flow.get((kind, source), 0)
            for position in left[:amount]:
                found[next(free)] = (source[0], position)
            del left[:amount]
    return found


def _augment(
    demand: dict[Kind, list[int]], stock: dict[tuple[int, Kind], list[int]], flow: dict[tuple[Kind, tuple[int, Kind]], int]
) -> bool:
    """Fulfil some more documents along one alternating path; False when there is none."""
    given: collections.Counter[Kind] = collections.Counter()
    taken: collections.Counter[tuple[int, Kind]] = collections.Counter()
    for (kind, unit), amount in flow.items():
        given[kind] += amount
        taken[unit] += amount
    came: dict[t.Any, t.Any] = {kind: None for kind in demand if given[kind] < len(demand[kind])}
    queue = collections.deque(came)
    while queue:
        kind = queue.popleft()
        for unit, numbers in stock.items():
            if unit in came or not kind <= unit[1]:
                continue
            came[unit] = kind
            if taken[unit] < len(numbers):
                _shift(unit, len(numbers) - taken[unit], came, demand, given, flow)
                return True
            for other in demand:
                if other not in came and flow.get((other, unit), 0) > 0:
                    came[other] = unit
                    queue.append(other)
    return False


def _shift(
    end: tuple[int, Kind],
    room: int,
    came: dict[t.Any, t.Any],
    demand: dict[Kind, list[int]],
    given: t.Mapping[Kind, int],
    flow: dict[tuple[Kind, tuple[int, Kind]], int],
) -> None:
    """Move as much as the narrowest place of the path to ``end`` lets through."""
    path: list[tuple[Kind, tuple[int, Kind], tuple[int, Kind] | None]] = []
    unit: tuple[int, Kind] | None = end
    kind: Kind = frozenset()
    while unit is not None:
        kind = came[unit]
        before = came[kind]
        path.append((kind, unit, before))
        unit = before
    amount = min([room, len(demand[kind]) - given[kind], *(flow[(k, b)] for k, _u, b in path if b is not None)])
    for kind, unit, before in path:
        flow[(kind, unit)] += amount
        if before is not None:
            flow[(kind, before)] -= amount


def _kind(document: Document) -> Kind:
    return frozenset(document.items())
