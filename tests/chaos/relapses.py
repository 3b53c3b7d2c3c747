# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that the collection once had, each of which lies between two things that were tested alone; ``make mutants`` brings them
back one at a time, and the crossed stories have to find each again.

file: below plugins/module_utils/. old, new: text of the source, found exactly once. family: the stories that it is looked for in.

``python tests/chaos/relapses.py FAMILY`` tells stories until one is wrong, and ends 1 with the first line about it.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from pathlib import Path

SEED, STORIES, STEPS, ROUNDS = 20260301, 100, 14, 12


@dataclasses.dataclass(frozen=True)
class Relapse:
    name: str
    file: str
    old: str
    new: str
    family: str


RELAPSES = [
    # -- a start sent twice
    Relapse("knows a server by the address that was typed", "xclarity/api.py",
            'return (SYSTEM, uuid) if uuid else (SYSTEM, "at", self.transport.endpoint.place)',
            'return (SYSTEM, "at", self.transport.endpoint.place)', "profiles"),
    Relapse("knows a request by the name of its resource", "_reconcile.py",
            'return f"{self.operation}:{self.resource}"', 'return f"{self.operation}:{self.name}"', "profiles"),
    Relapse("a later task wipes the doubts of an earlier one", "_guard.py",
            "self._entries.update(dict.fromkeys(keys, now))", "self._entries = dict.fromkeys(keys, now)", "profiles"),
    Relapse("clears the doubts about what it has not named", "_driver.py",
            "named_ones = {key for item in doubtful for key in item.keys}", "named_ones = unfinished",
            "profiles"),
    Relapse("does not wait for what is on its way", "_guard.py",
            "            self._clock.sleep(max(waits))", "            pass", "backups"),
    Relapse("sends again what may have arrived", "_client.py",
            'failure.code in ("connect_refused",', 'failure.code in ("reply_lost", "connect_refused",', "clusters"),
    Relapse("takes an activation that is not told for none", "xclarity/profile_operations.py",
            "        if dark:", "        if not told:", "profiles"),
    Relapse("believes a list that was not read whole", "ops_manager/api.py",
            "        if not why:\n            return found\n", "        if not why or found:\n            return found\n", "pool"),
    Relapse("a worker that slept sends after the end", "_clock.py",
            "        if self.asked:\n", "        if self.asked and not self._event.is_set():\n", "profiles"),
    # -- a right key that is refused
    Relapse("answers with the challenge of another request", "_digest.py",
            "way.next = self._in_turn() if used is None and self._nonces else self._candidate(way.offers)",
            "way.next = self._in_turn() or self._candidate(way.offers)", "pool"),
    # -- untrue words
    Relapse("tells outcomes by position", "_driver.py",
            "for item, outcome in pairs[begun:]:", "for item, outcome in pairs[: len(pairs) - begun]:", "profiles"),
    Relapse("check mode does not show the refusal", "_driver.py",
            "            guard.peek()\n", "            pass\n", "profiles"),
    Relapse("adopts a job that could be somebody else's", "xclarity/backup_transfers.py",
            "return meant[0].uuid.casefold() if len(meant) == 1 else \"\"",
            "return next(iter(meant or listed)).uuid.casefold()", "backups"),
    Relapse("deletes the source of a move without a proof", "xclarity/backup_transfers.py",
            "return bool(source.checksum) and (now.at or {}).get(destination) == source.checksum", "return True", "backups"),
    # -- what is left behind
    Relapse("a run that fails leaves its session open", "_client.py",
            "            self.auth.close(self.transport)\n", "            kind or self.auth.close(self.transport)\n", "images"),
]  # fmt: skip


def hunt(family: str) -> str:
    """The first line about the first story that is wrong; empty when all hold."""
    from chaos import crossing
    from chaos.lab import Lab

    lab = Lab()
    try:
        for number in range(ROUNDS):
            crossing.play(lab, STORIES, STEPS, SEED + number, family=family, shrink=False)
    except AssertionError as exc:
        return str(exc).partition("\n")[0]
    finally:
        lab.close()
    return ""


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    importlib.import_module("conftest")  # puts the collection on the path
    found = hunt(sys.argv[1])
    print(found)
    sys.exit(1 if found else 0)
