# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of an update that ends with a restart of the server.

Until that restart the server does not comply, and the appliance tells neither that an update waits for it nor what it brings. So what is
asked for is remembered in the directory of the lock, a file for each server, before it is sent. An update of these components that was not
there by then, and that has ended well, is the one that waits. A request that was refused or never sent leaves the components as they were.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_updates import Part

SCHEMA = 1


@dataclasses.dataclass(frozen=True)
class Record:
    """server: the appliance, as it tells itself. components: by name what the policy asked for, and the update that was told of it
    before."""

    server: tuple[str, ...]
    activation: str
    components: t.Mapping[str, tuple[str, str]]

    @classmethod
    def load(cls, value: t.Mapping[str, t.Any] | None) -> Record | None:
        """From JSON; None for anything that is not one of ours."""
        try:
            if not value or value["schema"] != SCHEMA:
                return None
            components = {str(name): (str(target), str(began)) for name, (target, began) in value["components"].items()}
            return cls(tuple(map(str, value["server"])), str(value["activation"]), components)
        except (LookupError, TypeError, ValueError, AttributeError):
            return None

    def dump(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


def make(server: tuple[str, ...], activation: str, now: Compliance, names: t.Sequence[str], parts: t.Sequence[Part]) -> Record:
    """For a request that is about to be sent."""
    began = {part.name: part.began for part in parts}
    targets = _targets(now)
    return Record(server, activation, {name: (targets.get(name, ""), began.get(name, "")) for name in names})


def waits(record: Record, activation: str, now: Compliance, names: t.Sequence[str], parts: t.Sequence[Part]) -> bool:
    """All of these components were asked for, for what the policy asks now, and an update of each has ended well since. Pure."""
    targets = _targets(now)
    since = {
        part.name
        for part in parts
        if part.good and part.name in record.components and record.components[part.name][0] == targets.get(part.name)
        and part.began != record.components[part.name][1]
    }  # fmt: skip
    return record.activation == activation and set(names) <= since


def _targets(now: Compliance) -> dict[str, str]:
    return {one.name: " ".join((now.policy, one.fix_id, one.build, *one.versions)) for one in now.components}


# -- where records are ------------------------------------------------------------------------------------------------


class Records:
    """The records of the servers that are asked for. directory: that of the lock; None keeps none."""

    def __init__(self, directory: str | None) -> None:
        self._directory = os.path.expanduser(directory) if directory else None

    def read(self, uuid: str) -> Record | None:
        return self._with_folder(lambda folder: Record.load(folder.read_json(_name(uuid))))

    def write(self, uuid: str, record: Record) -> None:
        """Raises ``dest_unwritable`` or ``no_space``."""
        if self._directory:
            with Folder(self._directory, make=True) as folder:
                folder.write_json(_name(uuid), record.dump())

    def forget(self, uuid: str) -> None:
        """Nothing of this server waits for a restart any more."""
        self._with_folder(lambda folder: folder.remove(_name(uuid)))

    def _with_folder(self, call: t.Callable[[Folder], Record | None]) -> Record | None:
        if not self._directory or not os.path.isdir(self._directory):
            return None
        try:
            with Folder(self._directory) as folder:
                return call(folder)
        except Failure:
            return None


def _name(uuid: str) -> str:
    return f"firmware-{hashlib.sha256(uuid.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"
