# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which states have changed since the last look; pure. What was passed on is remembered, and nothing else.

A server tells how things stand, not what has happened: a state that begins and ends between two looks is never seen.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "groundwork.provision")
# Seconds that a thing which the list does not tell any more is remembered. A server that restarts may tell a part of its list for a while.
FORGOTTEN = 86400.0


@dataclasses.dataclass(frozen=True)
class Item:
    """One thing as it stands now. state: our word for it. mark: what has to differ for a change; by default the state. life: what tells
    it from an earlier thing of the same id, such as the time at which it began. about: all that is known of it, for the event."""

    kind: str
    id: str
    state: str
    life: str = ""
    mark: str = ""
    about: t.Any = None

    @property
    def key(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def compared(self) -> str:
        return self.mark or self.state


@dataclasses.dataclass(frozen=True)
class Change:
    """item: as it stands now. previous: its state before, None for a new one. number: how often it has come to this state, from 1."""

    item: Item
    previous: str | None
    number: int


class Memory:
    """The items as they were passed on. data: of a state file; kept in it."""

    def __init__(self, data: dict[str, t.Any]) -> None:
        self.data = data
        data.setdefault("epoch", uuid.uuid4().hex)
        self.items: dict[str, dict[str, t.Any]] = data.setdefault("items", {})
        self._noted: dict[str, dict[str, str]] = {}

    def begin(self, kinds: t.Iterable[str], items: t.Iterable[Item], *, known: bool) -> bool:
        """What belongs to the first look at a kind of thing; True for such a look. known: all that is there counts as passed on."""
        begun: list[str] = self.data.setdefault("begun", [])
        fresh = [kind for kind in kinds if kind not in begun]
        begun += fresh
        if known and fresh:
            for item in items:
                if item.kind in fresh:
                    self.keep(Change(item, None, 1))
        return bool(fresh)

    def changes(self, items: t.Iterable[Item]) -> list[Change]:
        """What is new or stands otherwise than it was passed on, in the order of ``items``."""
        found = []
        for item in items:
            was = self._same(item)
            if was is None:
                found.append(Change(item, None, 1))
            elif was["mark"] != item.compared:
                found.append(Change(item, was["state"], was["times"].get(item.compared, 0) + 1))
        return found

    def keep(self, change: Change) -> dict[str, t.Any]:
        """It was passed on. Returns what has changed of the data."""
        item = change.item
        was = self._same(item) or {"times": {}}
        was.update(state=item.state, mark=item.compared, life=item.life)
        was["times"][item.compared] = change.number
        was.update(self._noted.pop(item.key, {}))
        self.items[item.key] = was
        return {"items": {item.key: was}}

    def note(self, item: Item, name: str, value: str) -> str:
        """A fact of an item that the server does not tell for ever: ``value``, or where that is empty the one of an earlier look."""
        if value:
            self._noted[item.key] = {name: value}
        return value or (self._same(item) or {}).get(name, "")

    def forget(self, kinds: t.Collection[str], items: t.Iterable[Item], now: float) -> bool:
        """Forget what has not been in the list of its kind for long. now: the wall clock. True when something of the state has changed."""
        there = {item.key for item in items}
        changed = False
        for key, was in list(self.items.items()):
            if key.partition(" ")[0] not in kinds:
                continue
            gone = was.get("gone")
            if key in there:
                changed |= was.pop("gone", None) is not None
            elif gone is None:
                was["gone"], changed = now, True
            elif now - gone > FORGOTTEN:
                del self.items[key]
                changed = True
        return changed

    def ident(self, server: t.Sequence[str], change: Change) -> str:
        """The event's uuid: the same whenever this change is passed on again, by whichever engine. Of things without a time of their own
        it holds within one state file, since they come to the same state again and again."""
        item = change.item
        return event_uuid(server, item.kind, item.id, item.life or self.data["epoch"], item.compared, str(change.number))

    def _same(self, item: Item) -> dict[str, t.Any] | None:
        """What is known of this item. A time that was not told yet is no other life."""
        was = self.items.get(item.key)
        return None if was is None or (was["life"] and item.life and was["life"] != item.life) else was


def event_uuid(*parts: str | t.Sequence[str]) -> str:
    """The same for the same parts, on any machine."""
    return str(uuid.uuid5(NAMESPACE, "\0".join("\0".join(part) if not isinstance(part, str) else part for part in parts)))
