# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the hosts of one call of a role register what they ask for, and find what became of it.

Ansible runs each task of each host in a process of its own, and tells none of them what the others do. Files in the private
temporary directory of the run, which Ansible removes at its end, are all that they share. A registration is taken once, with
all others that are alike; whoever takes them works for all of them, and the others wait for the result.

A process that ends releases its lock, however it ends, so nobody waits for one that is gone. Every step is one file or one
directory, so nothing grows faster than the number of hosts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import typing as t
import uuid
from pathlib import Path

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline

POLL = 0.1  # seconds between two looks for a result

Item = dict[str, t.Any]
Result = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Batch:
    """Registrations that were taken together: ``hosts`` and what each asks for, in the order of the play."""

    hosts: list[str]
    items: list[Item]


class Registry:
    """``folder`` is private to the run; ``call`` tells one call of the role from another.

    ``waiting/WAY/KEY/HOST``: a registration that nobody has taken. ``taken/ID/HOST``: one that was taken, with those of the same WAY and
    KEY; whoever took them holds the lock ``locks/ID``. ``hosts/HOST``: WAY/KEY, then the ID, then the result.
    """

    def __init__(self, folder: str, call: str) -> None:
        self._root = Path(folder) / f"groundwork_{_name(call)}"

    def register(self, host: str, way: str, key: str, item: Item) -> None:
        """``host`` asks for ``item``. Hosts with the same ``way`` can work for each other; what has the same ``key`` too is taken together.

        Both are names of files.
        """
        with self._locked():
            before = self._read(host)
            if "waiting" in before:
                (self._root / "waiting" / before["waiting"] / _name(host)).unlink(missing_ok=True)
            file = self._folder("waiting", way, key) / _name(host)
            file.write_text(json.dumps({"host": host, "item": item}), encoding="utf-8")
            self._write(host, {"waiting": f"{way}/{key}"})

    def registered(self, host: str) -> bool:
        """``host`` is registered, and its result was not read yet."""
        return self._state(host).exists()

    def is_empty(self) -> bool:
        """No host is registered."""
        folder = self._root / "hosts"
        return not folder.is_dir() or _first_of(folder) is None

    @contextlib.contextmanager
    def take(self, prefer: str, way: str, batch: t.Sequence[str]) -> t.Iterator[Batch | None]:
        """Take the registrations of one key: that of the host ``prefer`` if it waits, else any of ``way``; None when there is none.

        batch: the hosts that are in the play, in its order; others may have left it since and are dropped. Those that are taken
        wait for :meth:`store` until this context is left.
        """
        with contextlib.ExitStack() as stack:
            taken = None
            with self._locked():
                waiting = self._next(prefer, way)
                if waiting is not None:
                    folder = waiting.rename(self._folder("taken") / uuid.uuid4().hex)
                    stack.enter_context(_lock(self._folder("locks") / folder.name))
                    taken = self._taken(folder, batch)
            yield taken

    def store(self, results: t.Mapping[str, Result]) -> None:
        """Keep what became of each host."""
        for host, result in results.items():
            self._write(host, {"result": result})

    def dropped(self, host: str) -> bool:
        """Somebody who took the registration did not count ``host`` as one of the play."""
        return "dropped" in self._read(host)

    def has_result(self, host: str) -> bool:
        return "result" in self._read(host)

    def result(self, host: str) -> Result | None:
        """What became of ``host``, once whoever took its registration has left; None when it left without a result. Read once."""
        state = self._read(host)
        if "taken" in state:
            with _lock(self._folder("locks") / state["taken"], shared=True):
                state = self._read(host)
        self._state(host).unlink(missing_ok=True)
        return state.get("result")

    def withdraw(self, host: str) -> bool:
        """Take the registration of ``host`` back; False when somebody has taken it, and may work for it or have done so."""
        with self._locked():
            key = self._read(host).get("waiting")
            if key is None or not (self._root / "waiting" / key / _name(host)).is_file():
                return False
            (self._root / "waiting" / key / _name(host)).unlink()
            self._state(host).unlink()
            return True

    def result_within(self, host: str, seconds: float, clock: Clock) -> Result | None:
        """As :meth:`result`, for whom has no more time than that: None as well when it is not there by then."""
        deadline = Deadline(clock, seconds)
        while True:
            state = self._read(host)
            if "result" in state or "taken" not in state:
                break
            with contextlib.suppress(BlockingIOError), _lock(self._folder("locks") / state["taken"], shared=True, wait=False):
                break  # whoever took it has left
            if deadline.passed():
                return None
            clock.sleep(POLL)
        state = self._read(host)
        self._state(host).unlink(missing_ok=True)
        return state.get("result")

    def first(self, what: str) -> bool:
        """True for the first process that asks for ``what`` and False for all others."""
        try:
            (self._folder("first") / _name(what)).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    # -- files ---------------------------------------------------------------------------------------------------

    def _next(self, prefer: str, way: str) -> Path | None:
        """The folder of the registrations to take. Its own each host can work for, also where its way was evaluated anew since."""
        own = self._read(prefer).get("waiting")
        if own and (self._root / "waiting" / own).is_dir():
            return self._root / "waiting" / own
        folder = self._folder("waiting", way)
        first = _first_of(folder)
        return None if first is None else folder / first

    def _taken(self, folder: Path, batch: t.Sequence[str]) -> Batch:
        rows = {}
        for file in folder.iterdir():
            row = json.loads(file.read_text(encoding="utf-8"))
            rows[row["host"]] = row["item"]
        hosts = [host for host in batch if host in rows]
        left = rows.keys() - set(hosts)
        for host in rows:
            self._write(host, {"dropped": True} if host in left else {"taken": folder.name})
        return Batch(hosts, [rows[host] for host in hosts])

    def _state(self, host: str) -> Path:
        return self._root / "hosts" / _name(host)

    def _read(self, host: str) -> dict[str, t.Any]:
        try:
            return json.loads(self._state(host).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}

    def _write(self, host: str, state: dict[str, t.Any]) -> None:
        """Whole or not at all, since others read without the lock."""
        file = self._folder("hosts") / _name(host)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(state, default=str), encoding="utf-8")
        part.rename(file)

    def _folder(self, *names: str) -> Path:
        folder = self._root.joinpath(*names)
        if not folder.is_dir():
            self._root.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _locked(self) -> contextlib.AbstractContextManager[None]:
        return _lock(self._folder() / "lock")


@contextlib.contextmanager
def _lock(file: Path, *, shared: bool = False, wait: bool = True) -> t.Iterator[None]:
    """Hold a lock that ends with this process at the latest. Without ``wait`` raises BlockingIOError where another holds it."""
    with file.open("a", encoding="utf-8") as handle:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        yield


def _first_of(folder: Path) -> str | None:
    """A name in ``folder``, without reading the others."""
    with os.scandir(folder) as entries:
        return next((entry.name for entry in entries), None)


def _name(text: str) -> str:
    """A file name for any text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]
