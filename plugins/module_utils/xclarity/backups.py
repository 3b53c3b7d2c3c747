# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups that XClarity Administrator keeps of itself: list and find them, know where they are, plan, read the answers.

Sources: the pages "GET /managementServer/data", "PUT /managementServer/data", "DELETE /managementServer/data/{uuid}"
and "GET /managementServer/data/repository". They say that the list tells where a backup is, but not under which key;
:func:`locations_of` reads the likely ones, and where none is there nothing is guessed.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import whole
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

PATH = "/managementServer/data"
INTERNAL = "internal"  # the local repository; any other location is the mount point of a remote share


@dataclasses.dataclass(frozen=True)
class Backup:
    """One backup. at: location -> the checksum that is told for that location itself, empty where one is told for several
    locations or none; None where the server does not tell locations. shared: one checksum is told for several locations."""

    uuid: str
    label: str
    filename: str
    date: str
    by: str
    checksum: str
    at: t.Mapping[str, str] | None
    shared: bool = False
    entry: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def title(self) -> str:
        """For people; unique because of the uuid."""
        return f"{self.label or self.filename} ({self.uuid})" if self.label or self.filename else self.uuid

    @property
    def locations(self) -> list[str] | None:
        return None if self.at is None else list(self.at)

    def is_at(self, location: str) -> bool:
        return self.at is not None and location in self.at

    def public(self) -> dict[str, t.Any]:
        return {
            "uuid": self.uuid,
            "label": self.label,
            "filename": self.filename,
            "date": self.date,
            "requested_by": self.by,
            "checksum": self.checksum,
            "locations": self.locations,
        }


def normal(location: str) -> str:
    """A location in one spelling: ``internal``, or a mount point without a slash at its end."""
    location = location.strip()
    return INTERNAL if location.casefold() == INTERNAL else location.rstrip("/") or location


def locations_of(entry: t.Mapping[str, t.Any]) -> list[str] | None:
    """Where a backup is: from ``locations``, ``location`` (text or list) or ``mountPoints``; None when not told."""
    found: list[str] = []
    for key in ("locations", "location", "mountPoints"):
        value = entry.get(key)
        if value is None:
            continue
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            return None
        found += [normal(part) for part in parts if part.strip()]
    return list(dict.fromkeys(found)) or None


def parse(entry: t.Mapping[str, t.Any]) -> Backup:
    """One entry of the list. A missing or null field is an empty text."""

    def text(*keys: str) -> str:
        for key in keys:
            value = entry.get(key)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                return str(value)
        return ""

    checksum = text("checksum")
    locations = locations_of(entry)
    return Backup(
        uuid=text("uuid", "UUID", "id"),
        label=text("label"),
        filename=text("filename", "fileName"),
        date=text("backupDate"),
        by=text("backupRequestedBy"),
        checksum=checksum,
        at=None if locations is None else dict.fromkeys(locations, checksum if len(locations) == 1 else ""),
        shared=locations is not None and len(locations) > 1,
        entry=entry,
    )


def gather(entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[Backup]:
    """The backups of a list. Should one backup have an entry for each location, they become one."""
    found: dict[str, Backup] = {}
    for number, entry in enumerate(entries):
        backup = parse(entry)
        key = backup.uuid.casefold() or f"#{number}"
        first = found.get(key)
        if first is not None:
            told = first.at is not None and backup.at is not None
            at = {**(first.at or {}), **(backup.at or {})} if told else None
            # The checksum of the original is the one to compare with, whichever entry comes first.
            original = backup if backup.is_at(INTERNAL) else first
            backup = dataclasses.replace(original, at=at, shared=first.shared or backup.shared)
        found[key] = backup
    return list(found.values())


def read_all(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[Backup]:
    """Every backup, in one request (the API has no paging)."""
    data = client.read(PATH, what="list backups", attempts=attempts, max_body=MAX_LIST)
    return gather(api.items(data, "backups", "items", what="list backups"))


def by_uuid(backups: t.Iterable[Backup]) -> dict[str, Backup]:
    return {backup.uuid.casefold(): backup for backup in backups}


def matching(backups: t.Iterable[Backup], text: str) -> list[Backup]:
    """Those that have ``text`` as uuid (in any case), label or file name."""
    return [b for b in backups if text and (text.casefold() == b.uuid.casefold() or text in (b.label, b.filename))]


def find(backups: t.Sequence[Backup], text: str) -> Backup:
    """The one backup with this uuid, label or file name. None or several is an error that says what there is."""
    found = matching(backups, text)
    if not found:
        raise bad_input(
            "backup_not_found",
            f"there is no backup with the uuid, label or file name {clean(text, 80)}.",
            "Look at backup_info for what there is, and run again.",
            resource=clean(text, 200),
        )
    if len(found) > 1:
        raise bad_input(
            "backup_ambiguous",
            f"{clean(text, 80)} names several backups, with the uuids {', '.join(b.uuid for b in found[:10])}.",
            "Give the uuid of the backup and run again.",
            resource=clean(text, 200),
        )
    if not found[0].uuid:
        raise bad_reply(f"the list tells no uuid for the backup {clean(text, 80)}", what="list backups")
    return found[0]


def read_space(client: Client, package_size: int | None = None) -> dict[str, t.Any]:
    """The local repository: bytes ``space_used`` and ``total_space`` (None when not told), and whether ``package_size``
    bytes would fit (``fits``; None when not asked). The page: with packageSize, ``result`` is the answer to that."""
    query = () if package_size is None else (("packageSize", str(package_size)),)
    data = client.read(PATH + "/repository", query=query, what="read the space of the repository")
    if not isinstance(data, dict):
        raise bad_reply("the answer is not an object", what="read the space of the repository")
    fits = None
    if package_size is None:
        api.check_result(data, "read the space of the repository")
    else:
        fits = clean(data.get("result"), 40).lower() in ("success", "warning")
    return {"space_used": whole(data.get("spaceUsed")), "total_space": whole(data.get("totalSpace")), "fits": fits}


# -- steps and answers ------------------------------------------------------------------------------------------------


def delete_step(backup: Backup, location: str, why: str) -> Step:
    """location: ``all``, ``internal`` or a mount point."""
    return Step(
        operation="delete",
        method="DELETE",
        path=f"{PATH}/{segment(backup.uuid, 'backup uuid')}",
        query=(("location", location),),
        resource=f"{backup.uuid} at {location}",
        title=f"{backup.title} at {location}",
        why=why,
        effect=("the deletion", "accepted"),
    )


def accept_job(step: Step, data: t.Any) -> Accepted:
    """The answer to a start: ``jobId``, which may be empty "if no job was created"; then the list has to tell."""
    api.check_result(data, step.what)
    job = _job(data)
    if job is None:
        raise Unproven("the server answered 200 without the id of a job.")
    return Accepted(job, data)


def accept_done(step: Step, data: t.Any) -> Accepted:
    """The answer to what is done at once: a result, or no body at all."""
    if data is not None:
        api.check_result(data, step.what)
    return Accepted(_job(data), data)


def _job(data: t.Any) -> str | None:
    if not isinstance(data, dict):
        return None
    return next((job for job in (api.job_id(data.get(key)) for key in ("jobId", "jobID", "jobUID")) if job), None)


def said(*answers: t.Any) -> list[str]:
    """What the server said in accepted answers with the result ``warning``, one line each."""
    return [text for data in answers if isinstance(data, dict) for text in api.check_result(data, "")]


def duplicate(title: str, resource: str, next_step: str = "Give each backup once and run again.") -> Failure:
    return bad_input("duplicate_item", f"the backup {clean(title, 120)} is given more than once.", next_step, resource=resource)


def locations_unknown(backup: Backup, next_step: str) -> Failure:
    return bad_input(
        "locations_unknown",
        f"the server does not tell where the backup {backup.title} is, so it cannot be seen what is left to do.",
        next_step,
        resource=backup.uuid,
    )


def checksum_mismatch(backup: Backup, location: str, other: str, **facts: t.Any) -> Failure:
    return Failure(
        "checksum_mismatch",
        f"the copy of {backup.title} at {location} has another checksum ({clean(other, 70) or 'none'}"
        f" in place of {clean(backup.checksum, 70) or 'none'}).",
        "Look at both; delete the wrong one with the module backup (state absent, location) and run again.",
        resource=backup.uuid,
        **facts,
    )
