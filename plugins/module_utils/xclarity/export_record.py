# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of an export, and what a run makes of it.

The server keeps no list of exports and makes another file at each call. So a record is written as soon as an export is
started, that a later run joins it or only downloads, and is completed when the file is in place.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_images import OsProfile

SCHEMA = 1
SUFFIX = ".groundwork.json"
MAX_RECORDS = 1000  # looked at in one directory
SAME, JOIN, FETCH, START = "same", "join", "fetch", "start"


@dataclasses.dataclass(frozen=True)
class Record:
    """What is remembered of one export. local: name of the file here. sha256, size: of that file, once it is whole."""

    server: str
    profile: str
    fingerprint: str
    filename: str = ""
    job: str = ""
    finished: bool = False
    local: str = ""
    sha256: str = ""
    size: int = 0

    @classmethod
    def load(cls, value: t.Mapping[str, t.Any] | None) -> Record | None:
        """From JSON; None for anything that is not one of ours."""
        if not value or value.get("schema") != SCHEMA:
            return None
        fields = {f.name: value.get(f.name) for f in dataclasses.fields(cls)}
        kinds = {"finished": bool, "size": int}
        if not all(isinstance(fields[name], kinds.get(name, str)) for name in fields):
            return None
        return cls(**t.cast(dict[str, t.Any], fields))

    def dump(self) -> dict[str, t.Any]:
        return {"schema": SCHEMA, **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True)
class Decision:
    """What a run has to do, and why, in the user's words. filename, job: of the export that is gone on with."""

    act: str
    why: str
    filename: str = ""
    job: str = ""


def decide(
    record: Record | None,
    server: str,
    profile: OsProfile,
    *,
    file_same: bool,
    digest_wanted: bool = False,
    force: bool = False,
    source_file: str = "",
    still: t.Callable[[Record], str] = lambda record: "",
) -> Decision:
    """Pure but for ``still``, which tells of the export in a record ``running``, ``there`` (on the server) or an empty text.

    file_same: the file in place is the one of the record. digest_wanted: it has the digest that the task gives.
    """
    own = record is not None and record.server == server and record.profile == profile.id
    if source_file:
        if own and record is not None and record.filename == source_file and record.finished and file_same and not force:
            return Decision(SAME, "this export was downloaded before and the file is unchanged", source_file)
        return Decision(FETCH, "the task names an export that exists", source_file)
    if force:
        return Decision(START, "force is set")
    if digest_wanted:
        return Decision(SAME, "the file has the checksum that is asked for")
    if record is None or not own:
        return Decision(START, "no export of this profile is known here")
    if record.fingerprint != profile.fingerprint:
        return Decision(START, "the profile has changed since it was exported")
    if record.finished and file_same:
        return Decision(SAME, "profile and file are as they were after the last export", record.filename, record.job)
    state = still(record)
    if state == "running":
        return Decision(JOIN, "an export of this profile is running", record.filename, record.job)
    if state == "there":
        return Decision(FETCH, "the export is still on the server", record.filename, record.job)
    return Decision(START, "the file is gone or was changed, and its export is not on the server any more")


# -- where records are ------------------------------------------------------------------------------------------------


def record_beside(name: str) -> str:
    """The name of the record of a file, in the same directory."""
    return f".{name}{SUFFIX}"


def record_of_remote(server: str, profile: str, remote: str, path: str) -> str:
    """The name of the record of an export to a remote file server, in the directory of the lock."""
    key = "\0".join((server, profile, remote, path))
    return f"export-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def best_record(folder: Folder, server: str, profile: OsProfile) -> Record | None:
    """Of the records in a directory the one of this profile that is of most use."""
    names = [name for name in folder.names() if name.startswith(".") and name.endswith(SUFFIX)]
    records = [(name, Record.load(folder.read_json(name))) for name in names[:MAX_RECORDS]]
    own = [
        record
        for name, record in records
        if record is not None and (record.server, record.profile, record_beside(record.local)) == (server, profile.id, name)
    ]
    return max(own, key=lambda one: (one.fingerprint == profile.fingerprint, one.finished, one.filename), default=None)


# -- before and after, in the user's words ----------------------------------------------------------------------------

Diff = tuple[dict[str, t.Any], dict[str, t.Any]]


def remote_diff(decision: Decision, remote: str, path: str) -> Diff:
    place = {"remote_file_server": remote, "path": path}
    words = {START: ("none of the profile as it is now", "of the profile as it is now"), JOIN: ("running", "finished")}
    before, after = words.get(decision.act, ("finished", "finished"))
    return {**place, "export": before}, {**place, "export": after}


def file_diff(decision: Decision, path: str, there: os.stat_result | None, mode: int, record: Record | None, profile: OsProfile) -> Diff:
    """there: the file in place, if any. mode: the wanted one."""
    before: dict[str, t.Any] = {"path": path, "state": "absent"}
    if there is not None:
        before = {"path": path, "state": "file", "size": there.st_size, "mode": f"{there.st_mode & 0o7777:04o}"}
        if record is not None and record.finished:
            before["profile_fingerprint"] = record.fingerprint
    if decision.act == SAME:
        return before, {**before, "mode": f"{mode:04o}"}
    source = {"export": decision.filename} if decision.act == FETCH else {"profile_fingerprint": profile.fingerprint}
    return before, {"path": path, "state": "file", "mode": f"{mode:04o}", **source}
