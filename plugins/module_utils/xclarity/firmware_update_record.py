# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of an update whose effect the comparison with the policy does not show yet.

An update that ends with a restart of the server shows after that, and how soon the comparison follows any update is not documented.
The appliance tells neither that an update waits nor what it brings. So what is asked for is remembered in the directory of the lock, a
file for each server of an appliance, before it is sent. (Two appliances may have one server, while it moves from one to the other.) An
update of these components that was not there by then, and that has ended well, is the one that waits, for its restart or, once it is in
effect, for the comparison. A request that was refused or never sent leaves the components as they were.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_updates import Part

Told = t.TypeVar("Told")
SCHEMA = 2
# Seconds after the restart, or the good end of an update that restarts the server, for which the comparison is given time to follow.
COMPARISON_LAG = 3600.0


@dataclasses.dataclass(frozen=True)
class Record:
    """server: the appliance, as it tells itself. components: by name what the policy asked for, and the update that was told of it
    before. sent, effective: seconds since 1970 at which the request was about to be sent, and at which a run saw the end of the restart
    that the update waits for, or the good end of one that restarts the server; None until then."""

    server: tuple[str, ...]
    activation: str
    components: t.Mapping[str, tuple[str, str]]
    sent: float
    effective: float | None = None

    @classmethod
    def load(cls, value: t.Mapping[str, t.Any] | None) -> Record | None:
        """From JSON; None for anything that is not one of ours."""
        try:
            if not value or value["schema"] != SCHEMA:
                return None
            components = {str(name): (str(target), str(began)) for name, (target, began) in value["components"].items()}
            effective = None if value["effective"] is None else float(value["effective"])
            return cls(tuple(map(str, value["server"])), str(value["activation"]), components, float(value["sent"]), effective)
        except (LookupError, TypeError, ValueError, AttributeError):
            return None

    def dump(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    def lags(self, wall: float) -> bool:
        """It is in effect, and the comparison may still follow. wall: the time now."""
        return self.effective is not None and abs(wall - self.effective) < COMPARISON_LAG

    def told(self, title: str) -> str:
        """Of one that is in effect, for a warning: when it was sent, and since when the comparison could show it."""
        since = _date(self.effective or 0.0)
        end = f"it was seen at {since} that it had ended well"
        if self.activation != "immediate":  # that a job ended well does not prove that the server went down
            end = f"the restart or start of the server that node_power asked for was told at {since} to have ended"
        return f"The update of {title} was sent at {_date(self.sent)}, {end}; the comparison with the policy does not show it yet"


def make(
    server: tuple[str, ...], activation: str, now: Compliance, names: t.Sequence[str], parts: t.Sequence[Part], wall: float
) -> Record:  # fmt: skip
    """For a request that is about to be sent."""
    began = {part.name: part.began for part in parts}
    targets = _targets(now)
    return Record(server, activation, {name: (targets.get(name, ""), began.get(name, "")) for name in names}, wall)


def waits(record: Record, activation: str, now: Compliance, names: t.Sequence[str], parts: t.Sequence[Part]) -> bool:
    """All of these components were asked for, for what the policy asks now, and an update of each has ended well since. Pure."""
    return record.activation == activation and set(names) <= _ended_well(record, now, parts)


def awaited(record: Record, now: Compliance, parts: t.Sequence[Part]) -> list[str]:
    """The components that were asked for, that have ended well since, and that the comparison does not show. Pure."""
    good = _ended_well(record, now, parts)
    return [one.name for one in now.components if one.outdated and one.name in good]


def _ended_well(record: Record, now: Compliance, parts: t.Sequence[Part]) -> set[str]:
    """The components that were asked for, for what the policy asks now, and of which an update has ended well since."""
    targets = _targets(now)
    return {
        part.name
        for part in parts
        if part.good and part.name in record.components and record.components[part.name][0] == targets.get(part.name)
        and part.began != record.components[part.name][1]
    }  # fmt: skip


def until(effective: float) -> str:
    """Until when another run sends nothing, for a warning."""
    return _date(effective + COMPARISON_LAG)


def _date(wall: float) -> str:
    return datetime.datetime.fromtimestamp(wall, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _targets(now: Compliance) -> dict[str, str]:
    return {one.name: " ".join((now.policy, one.fix_id, one.build, *one.versions)) for one in now.components}


# -- where records are ------------------------------------------------------------------------------------------------


class Records:
    """The records of the servers of one appliance that are asked for. directory: that of the lock; None keeps none. ask: reads what the
    appliance is, as it tells itself; that is asked once, and not where no appliance has a record of the server."""

    def __init__(self, directory: str | None, ask: t.Callable[[], tuple[str, ...]]) -> None:
        self._directory = os.path.expanduser(directory) if directory else None
        self._ask = ask
        self._server: tuple[str, ...] = ()
        self._there: set[str] | None = None  # the servers of which there are records, while the appliance is not known

    def server(self) -> tuple[str, ...]:
        """The appliance. May send a reading."""
        self._server = self._server or self._ask()
        return self._server

    def read(self, uuid: str) -> Record | None:
        """Raises what hinders the appliance to tell itself."""
        if not self._may_be_there(uuid):
            return None
        server = self.server()
        record = self._with_folder(lambda folder: Record.load(folder.read_json(_name(server, uuid))))
        return record if record is not None and record.server == server else None

    def write(self, uuid: str, record: Record) -> None:
        """Raises ``dest_unwritable`` or ``no_space``."""
        if self._directory:
            with Folder(self._directory, make=True) as folder:
                folder.write_json(_name(record.server, uuid), record.dump())

    def restarted(self, uuid: str, wall: float) -> None:
        """What waits for a restart of this server is in effect. What cannot be written counts as waiting still."""
        with contextlib.suppress(Failure):
            record = self.read(uuid)
            if record is not None and record.activation != "immediate":
                self.effective(uuid, record, wall)

    def effective(self, uuid: str, record: Record, wall: float) -> Record:
        """Note, where that can be written, since when an update is in effect."""
        noted = dataclasses.replace(record, effective=wall)
        with contextlib.suppress(Failure):
            self.write(uuid, noted)
        return noted

    def forget(self, uuid: str) -> None:
        """The comparison shows all of what this server was asked for."""
        if self._may_be_there(uuid):
            with contextlib.suppress(Failure):  # it is forgotten by a later run then
                name = _name(self.server(), uuid)
                self._with_folder(lambda folder: folder.remove(name))

    def _may_be_there(self, uuid: str) -> bool:
        """Whether some appliance has a record of this server. Once the appliance is known its file is looked for by itself: other runs may
        have written it since. (The directory is listed once, since it may hold a file for each of thousands of servers.)"""
        if self._server:
            return True
        if self._there is None:
            self._there = {name.rpartition("-")[0] for name in self._with_folder(Folder.names) or ()}
        return _prefix(uuid) in self._there

    def _with_folder(self, call: t.Callable[[Folder], Told]) -> Told | None:
        if not self._directory or not os.path.isdir(self._directory):
            return None
        try:
            with Folder(self._directory) as folder:
                return call(folder)
        except Failure:
            return None


def _prefix(uuid: str) -> str:
    return f"firmware-{_digest(uuid)}"


def _name(server: tuple[str, ...], uuid: str) -> str:
    return f"{_prefix(uuid)}-{_digest(json.dumps(server))}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
