# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an export goes: a file on this machine, or a path on a remote file server; and what is remembered of it there.

Mistakes in the destination are found before anything is sent, and a file is put in place whole or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._download import Fetched, Limits, fetch
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder, Temporary, locate
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import export_record, os_images
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_record import Record
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_images import OsProfile
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.remote_file_servers import Server


class Destination:
    """Options ``dest`` or ``remote_file_server``. name: of the file; None while only its directory is known.

    server: what the server is, as it tells itself, by which a record knows it.
    """

    def __init__(self, run: Run, stack: contextlib.ExitStack) -> None:
        self.run, self.params = run, run.params
        self.server = ""
        self.to_server = self.params["remote_file_server"] is not None
        self.remote: Server | None = None
        self.given: str | None = None
        self.folder: Folder | None = None
        self.file: Temporary | None = None
        self._stack = stack
        if self.to_server:
            # Records of such exports are in the directory of the lock.
            path = os.path.expanduser(self.params["state_dir"])
            if os.path.isdir(path) or not run.check_mode:
                self.folder = stack.enter_context(Folder(path, make=True))
        else:
            path, self.given = locate(self.params["dest"], self.params["follow"])
            self.folder = stack.enter_context(Folder(path))
            self.folder.check_writable()
        self.name = self.given

    @property
    def here(self) -> Folder:
        return t.cast(Folder, self.folder)

    @property
    def directory(self) -> bool:
        """dest is a directory: the file gets the name that the server gives."""
        return not self.to_server and self.given is None

    @property
    def mode(self) -> int:
        return int(self.params["mode"], 8)

    @property
    def wanted_digest(self) -> str:
        return (self.params["checksum"] or "").removeprefix("sha256:").lower()

    @property
    def path(self) -> str:
        return f"{self.here.path}/{self.name or '(the name that the server gives)'}"

    # -- records -----------------------------------------------------------------------------------------------------

    def find_record(self, profile: OsProfile) -> Record | None:
        """The record of this destination; in a directory, the one of this profile that is of most use."""
        if self.folder is None:
            return None
        if self.to_server or self.name is not None:
            return Record.load(self.folder.read_json(self._record_name(profile, self.name or "")))
        return export_record.best_record(self.folder, self.server, profile)

    def save(self, record: Record) -> None:
        try:
            self.here.write_json(self._record_name_of(record), record.dump())
        except Failure as failure:
            self.run.warn(f"The record of the export could not be written ({failure.why.rstrip('.')}); the next run exports anew.")

    def forget(self, record: Record) -> None:
        """The export in the record leads nowhere."""
        self.here.remove(self._record_name_of(record))

    def record(self, profile: OsProfile, filename: str, job: str) -> Record:
        return Record(self.server, profile.id, profile.fingerprint, filename, job, local=self.name or filename)

    def _record_name_of(self, record: Record) -> str:
        if self.remote is not None:
            return export_record.record_of_remote(self.server, record.profile, self.remote.id, self.params["path"])
        return export_record.record_beside(record.local)

    def _record_name(self, profile: OsProfile, name: str) -> str:
        return self._record_name_of(dataclasses.replace(self.record(profile, name, ""), local=name))

    # -- the file ----------------------------------------------------------------------------------------------------

    def look(self) -> os.stat_result | None:
        """The file in place, if there is one."""
        return self.here.look(self.name) if self.name else None

    def digest(self, there: os.stat_result | None, record: Record | None) -> str | None:
        """Of the file in place, where something depends on it."""
        if there is None or self.params["force"]:
            return None
        if self.wanted_digest or (record is not None and record.size == there.st_size):
            return self.here.sha256(t.cast(str, self.name))
        return None

    def make_ready(self) -> None:
        """All that can go wrong here goes wrong before the server is asked for anything."""
        self.here.sweep(self.run.clock.wall())
        self.file = self._stack.enter_context(self.here.temporary(self.name or "export"))
        if self.here.free() == 0:
            raise Failure("no_space", f"there is no room in {self.here.path}.", "Make room and run again.")

    def download(self, client: Client, filename: str, patience: float) -> Fetched:
        """Fetch the export, verify it and put it in place. patience: seconds in which a 404 means "not there yet"."""
        params, file = self.params, t.cast(Temporary, self.file)
        what = f"download {filename}"
        limits = Limits(params["download_timeout"], params["max_size"], patience)
        fetched = fetch(client, os_images.file_path(filename), self.here, file, limits, what=what)
        if self.wanted_digest and fetched.sha256 != self.wanted_digest:
            raise Failure(
                "checksum_mismatch",
                f"the file has the checksum sha256:{fetched.sha256}, not {params['checksum']}.",
                "Correct checksum, or look at the export.",
                what=what,
            )
        name = self.name = self.name or filename
        self.here.look(name)  # a link or a directory may have come into being meanwhile
        file.commit(name, self.mode)
        return fetched

    def set_mode(self) -> None:
        self.here.set_mode(t.cast(str, self.name), self.mode)
