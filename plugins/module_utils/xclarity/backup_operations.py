# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, delete and validate backups of XClarity Administrator: what only these know, for the driver.

Sources: the pages "POST /managementServer/data", "GET /managementServer/quiesce", "DELETE /managementServer/data/{uuid}" (2.2.0
and later) and "POST /files/managementServer/data" (action process). While a backup is made the server is quiesced: entering and
leaving that state it answers nothing. ``PUT /managementServer/quiesce`` is never sent: it needs no login and would stop the
backup, or restart the server. A deletion is done at once, without a job; what the server answers to a second one is not
documented. A validation names no backup, the server takes the one that waits for it, and no list tells whether one was validated.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backup_transfers, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, PATH, Backup

QUIESCE = "/managementServer/quiesce"
# Polls that may fail in a row: the wait's own deadline ends it, since nobody knows how long a quiesce takes.
PATIENCE = 1_000_000
ALL = "all"
VALIDATE = "validate"


@dataclasses.dataclass(frozen=True)
class Desired:
    """A backup that shall be there. share: mount point for the new backup, empty for the local repository."""

    label: str
    passphrase: str
    include_os: bool = False
    include_firmware: bool = False
    share: str = ""


def attributes(desired: Desired) -> dict[str, t.Any]:
    """The body that starts a backup. The table of these attributes is not in any copy of the page that was read: the
    names follow the report of GET /managementServer/quiesce. Not proven on a real server; change them here only."""
    body: dict[str, t.Any] = {
        "action": "start",
        "operation": "backup",
        "label": desired.label,
        "passphrase": desired.passphrase,
        "includeOS": desired.include_os,
        "includeFW": desired.include_firmware,
    }
    if desired.share:
        body["remoteShareDestination"] = desired.share
    return body


def labelled(listed: t.Iterable[Backup], label: str) -> Backup | None:
    return next((backup for backup in listed if backup.label == label), None)


# -- create -----------------------------------------------------------------------------------------------------------


class Create(Operation):
    """Make a backup, by its label, once. ``current`` of the item is the :class:`Backup`, None while it is not listed.

    A record of an earlier run needs no question: the list and the report prove what became of its request.
    """

    kind, noun, where = "backups", "backups", "the server's jobs and list of backups"
    joins = True
    client: XClarity
    about_one, poll_failures = True, PATIENCE

    def __init__(self, run: Run, client: XClarity, desired: Desired) -> None:
        super().__init__(run, client)
        self.desired = desired
        self.jobs: jobs.Reader = jobs.Reader(client)

    def read(self) -> list[Item]:
        label = self.desired.label
        listed, report = _read(self.client, label)
        there = labelled(listed, label)
        item = Item(label, label, before=there, current=there)
        if there is None:
            request = _request(report, label)
            if request is not None:
                item.join = api.job_id(request.get("jobId")) or ""
            else:
                item.steps = [create_step(self.desired, report)]
        return [item]

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        (item,) = items
        item.current = labelled(backups.read_all(self.client, attempts=attempts), item.key)
        there = item.current is not None
        return {item.key: State("in the list" if there else "not in the list", done=there, ok=there)}

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        request = _request(read_quiesce(self.client), self.desired.label)
        if request is not None:
            return {outcome.step.key: Accepted(api.job_id(request.get("jobId"))) for _item, outcome in unknown}
        listed = labelled(backups.read_all(self.client), self.desired.label)
        return {outcome.step.key: Accepted() for _item, outcome in unknown} if listed else {}

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_job(step, data)

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the job has ended, but the list holds no backup with this label.",
            "Look at the job and at the space of the repository on the server, then run again.",
        )

    def view(self, item: Item, after: bool) -> dict[str, str]:
        return {item.key: "present" if after or item.before is not None else "absent"}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        shown = [item.current.public()] if item.current else []
        return {
            "backup": shown[0] if shown else None,
            "backups": shown,
            "job": item.job,
            "joined": item.join is not None,
            "reconciled": item.reconciled,
            "history": item.history,
            "server_messages": backups.said(*item.answers),
        }


def create(run: Run, client: XClarity, desired: Desired) -> dict[str, t.Any]:
    return drive(Create(run, client, desired))


def read_quiesce(client: XClarity) -> dict[str, t.Any]:
    """The report of a backup or restore that is running: ``{"backupRequest": {...}}``, ``{"restoreRequest": {...}}`` or
    neither. Empty where the appliance does not have the call."""
    try:
        data = client.read(QUIESCE, what="read whether the server is quiesced")
    except Failure as failure:
        if failure.status == 404:
            return {}
        raise
    return data if isinstance(data, dict) else {}


def _read(client: XClarity, label: str) -> tuple[list[Backup], dict[str, t.Any]]:
    """The list, and the report when the label is not in the list. While the server is quiesced the list may not be had;
    the report then says whether it is our backup that is being made."""
    try:
        listed = backups.read_all(client)
    except Failure as failure:
        if not failure.transient:
            raise
        report = read_quiesce(client)
        if _request(report, label) is None:
            raise
        return [], report
    return listed, {} if labelled(listed, label) else read_quiesce(client)


def _request(report: t.Mapping[str, t.Any], label: str) -> t.Mapping[str, t.Any] | None:
    """The backup that is being made, when it has this label."""
    request = report.get("backupRequest")
    return request if isinstance(request, dict) and request.get("label") == label else None


def create_step(desired: Desired, report: t.Mapping[str, t.Any]) -> Step:
    """The request. Refused while the server is quiesced for another backup, or a restore."""
    for key, noun in (("backupRequest", "backup"), ("restoreRequest", "restore")):
        other = report.get(key)
        if isinstance(other, dict):
            raise bad_input(
                "busy",
                f"the server is quiesced by a {noun} ({clean(other.get('label') or other.get('filename') or 'no name', 80)}).",
                "Wait until it has ended, then run again.",
                resource=desired.label,
                job=api.job_id(other.get("jobId")),
            )
    return Step(
        operation="create",
        method="POST",
        path=PATH,
        resource=desired.label,
        why=f"there is no backup with this label; it goes to {desired.share or INTERNAL} and quiesces the server",
        body=attributes(desired),
        secret=("passphrase",),
    )


# -- delete -----------------------------------------------------------------------------------------------------------


class Delete(Operation):
    """Delete backups everywhere, or at one location. ``before`` of an item is None when the list does not have it.

    A record of an earlier run needs no question: the list proves what became of it.
    """

    kind, noun, where = "backups", "backups", "the server's list of backups"
    at_once, empty_ok = True, True
    refusals = (400, 404, 409, 410, 412)

    def __init__(self, run: Run, client: XClarity, names: t.Sequence[str], location: str) -> None:
        super().__init__(run, client)
        self.names, self.location = names, location

    def read(self) -> list[Item]:
        listed = backups.read_all(self.client)
        items = [choose_deletion(listed, name, self.location) for name in self.names]
        seen: set[str] = set()
        for item in items:
            if item.key in seen:
                raise backups.duplicate(item.title, item.key)
            seen.add(item.key)
        work = [item for item in items if item.steps]
        if work:
            running = [job for job in jobs.told(jobs.read_all(self.client)) if job.open]
            nameless = backup_transfers.unnamed(running, listed)
            for item in work:
                backup_transfers.refuse_busy(item.before, running, nameless)
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        now = backups.by_uuid(backups.read_all(self.client, attempts=attempts))
        states = {}
        for item in items:
            item.current = now.get(item.key)
            gone = is_gone(item.current, self.location)
            states[item.key] = State("gone" if gone else "there", done=gone, ok=gone)
        return states

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_done(step, data)

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            f"the server accepted the deletion, but the list still shows the backup {item.title}.",
            "Look at the backup on the server, then run again.",
        )

    def view(self, item: Item, after: bool) -> dict[str, t.Any] | str:
        backup: Backup | None = item.before
        if backup is None or (after and item.steps and self.location == ALL):
            return "absent"
        left = [one for one in backup.locations or [] if not (after and item.steps and one == self.location)]
        if backup.at is not None and not left:
            return "absent"
        return {"label": backup.label, "locations": "not told" if backup.at is None else left}

    def present(self, item: Item) -> dict[str, t.Any]:
        nothing: dict[str, t.Any] = {"uuid": "", "label": "", "filename": "", "checksum": "", "locations": []}
        shown = item.before.public() if item.before else {**nothing, "label": item.title}
        return {**shown, "locations": item.current.locations if item.current else [], **item.facts()}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        return {"backup": self.present(items[0]) if len(items) == 1 else None}


def delete(run: Run, client: XClarity, names: t.Sequence[str], location: str) -> dict[str, t.Any]:
    """location: ``all``, ``internal`` or a mount point."""
    return drive(Delete(run, client, names, location))


def choose_deletion(listed: t.Sequence[Backup], name: str, location: str) -> Item:
    """What to do for one backup."""
    if not backups.matching(listed, name):
        return Item(f"name {name}", name)
    backup = backups.find(listed, name)
    item = Item(backup.uuid.casefold(), backup.title, before=backup, current=backup)
    if location != ALL and backup.at is None:
        raise backups.locations_unknown(backup, "Look at the server; location all deletes the backup wherever it is.")
    if not is_gone(backup, location):
        where = f"at {location}" if location != ALL else f"at {', '.join(backup.at)}" if backup.at else "in the list"
        item.steps = [backups.delete_step(backup, location, f"it is {where} and is desired absent")]
    return item


def is_gone(now: Backup | None, location: str) -> bool:
    """The list shows that it is not there any more."""
    return now is None or (location != ALL and now.at is not None and not now.is_at(location))


# -- validate ---------------------------------------------------------------------------------------------------------


class Validate(Operation):
    """Validate and prepare a backup that was pushed or imported to this server, with its passphrase. Every run sends it."""

    kind, noun, where = "backups", "backups", "the server's jobs"
    joins = True
    empty_ok, about_one = True, True

    def __init__(self, run: Run, client: XClarity, name: str | None, passphrase: str) -> None:
        super().__init__(run, client)
        self.name, self.passphrase = name, passphrase
        self.jobs: jobs.Reader = jobs.Reader(client)

    def read(self) -> list[Item]:
        backup = backups.find(backups.read_all(self.client), self.name) if self.name else None
        step = validate_step(backup, self.passphrase)
        item = Item(step.resource, backup.title if backup else step.resource, before=backup, current=backup)
        ours = [job for job in self.jobs.begin() if job.open and self._is_ours(job, backup)]
        if ours:
            item.join = ours[0].id
        else:
            item.steps = [step]
        return [item]

    def _is_ours(self, job: jobs.Told, backup: Backup | None) -> bool:
        return backup_transfers.speaks_of(job, VALIDATE) and (backup is None or backup_transfers.names(job, backup))

    def proves(self, item: Item) -> bool:
        return False

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        return (
            "an earlier run ended before it knew whether its validation had arrived, and none is running now.",
            "Look at the server's jobs; run again to validate.",
        )

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        """Nothing tells it but the job, and the answer where that names no job."""
        (item,) = items
        lost = item.watched is not None and item.watched.end != "done"
        return {item.key: State("not told", done=True, ok=not lost)}

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        item, outcome = unknown[0]
        ours = [job for job in self.jobs.fresh() if self._is_ours(job, item.before)]
        return {outcome.step.key: Accepted(ours[0].id)} if len(ours) == 1 else {}

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return backups.accept_done(step, data)

    def not_reached(self, item: Item) -> Failure:
        return jobs.lost(item.job, item.what)

    def view(self, item: Item, after: bool) -> dict[str, str]:
        return {item.title if item.before else "backup": "validated" if after or item.join is not None else "not told"}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        shown = [item.before.public()] if item.before else []
        return {
            "backup": shown[0] if shown else None,
            "backups": shown,
            "job": item.job,
            "joined": item.join is not None,
            "reconciled": item.reconciled,
            "history": item.history,
            "server_messages": backups.said(*item.answers),
        }


def validate(run: Run, client: XClarity, name: str | None, passphrase: str) -> dict[str, t.Any]:
    """name: a backup that the list must hold before anything is sent; None does not look."""
    return drive(Validate(run, client, name, passphrase))


def validate_step(backup: Backup | None, passphrase: str) -> Step:
    return Step(
        operation=VALIDATE,
        method="POST",
        path="/files" + PATH,
        resource=backup.uuid if backup else "the backup that was pushed or imported",
        title=backup.title if backup else "",
        why="no list tells whether a backup was validated",
        query=(("action", "process"),),
        body={"passphrase": passphrase},
        secret=("passphrase",),
    )
