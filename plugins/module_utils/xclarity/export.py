# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export one customised OS-image profile, to a file here or to a remote file server: the whole contract.

Read, decide, start once, wait, download and prove. What was exported is remembered (see export_record.py): beside the
file, or, for a remote file server, in the directory of the lock.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._archive import GZIP_MAGIC
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._download import Fetched, Limits, fetch
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._folder import Folder, Temporary, locate
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import check_status
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs, os_images, remote_file_servers
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_record import (
    FETCH,
    JOIN,
    SAME,
    START,
    Decision,
    Record,
    best_record,
    decide,
    file_diff,
    record_beside,
    record_of_remote,
    remote_diff,
)
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_images import Image


class Export:
    """One run of osimage_export."""

    def __init__(self, run: Run, client: Client) -> None:
        self.run, self.client, self.params = run, client, run.params
        self.place = client.transport.endpoint.place
        self.wanted_digest = (self.params["checksum"] or "").removeprefix("sha256:").lower()
        self.to_server = self.params["remote_file_server"] is not None
        # where it goes: a directory and the name of the file in it, or a remote file server
        self.folder: Folder | None = None
        self.file: Temporary | None = None
        self.name: str | None = None
        self.directory = False  # dest is a directory: the file gets the name that the server gives
        self.remote: remote_file_servers.Server | None = None
        # what the server has, and what was decided
        self.images: list[Image] = []
        self.record: Record | None = None
        self.decision = Decision(SAME, "")
        self.plan = Plan()
        self.mode_differs = False
        # what became of it
        self.filename = self.job = ""
        self.outcome: Outcome | None = None
        self.watched: Watched | None = None
        self.fetched: Fetched | None = None

    def bring(self) -> dict[str, t.Any]:
        """The whole; returns the result, raises :class:`Failure` with the result beside it."""
        run = self.run
        with contextlib.ExitStack() as stack:
            self._open(stack)
            with run.guard(self.client.system, self.place, "osimage_export") as guard:
                self._read()
                self._decide()
                self._refuse_unproven(guard)
                if run.check_mode:
                    return self._result(changed=self._changes)
                if self.decision.act == SAME and not self.mode_differs:
                    guard.finish()
                    return self._result(changed=False)
                self._make_ready(stack)
                self._start(guard)
            if guard.note:
                run.warn(guard.note)
            return self._go_on()

    # -- read and decide -----------------------------------------------------------------------------------------

    def _open(self, stack: contextlib.ExitStack) -> None:
        """The directory of the file, or that of the records; mistakes in dest are found before anything is sent."""
        params = self.params
        if not self.to_server:
            path, self.name = locate(params["dest"], params["follow"])
            self.directory = self.name is None
            self.folder = stack.enter_context(Folder(path))
            self.folder.check_writable()
            return
        path = os.path.expanduser(params["state_dir"])
        if os.path.isdir(path) or not self.run.check_mode:
            self.folder = stack.enter_context(Folder(path, make=True))

    def _read(self) -> None:
        self.images = os_images.read_all(self.client)
        self.profile = os_images.find(self.images, self.params["profile"])
        if self.to_server:
            servers = remote_file_servers.read_all(self.client)
            self.remote = remote_file_servers.find(servers, self.params["remote_file_server"])

    def _decide(self) -> None:
        params = self.params
        source = params["source_file"] or ""
        if source:
            os_images.check_source_file(source, self.images)
            self.name = self.name or source
        self.record = record = self._find_record()
        if self.name is None and record is not None and not self.to_server:
            self.name = record.local
        there = self.here.look(self.name) if self.name else None
        digest = self._digest(there, record)
        wanted = self.wanted_digest
        self.decision = decide(
            record,
            self.place,
            self.profile,
            file_same=self.to_server or (record is not None and digest == record.sha256 and wanted in ("", digest)),
            digest_wanted=bool(wanted) and digest == wanted,
            force=params["force"],
            source_file=source,
            still=self._still,
        )
        steps = []
        if self.decision.act == START:
            if self.directory:
                self.name, there = None, None
            where = self.remote.id if self.remote else ""
            steps = [os_images.export_step(self.profile, where, params["path"] or "", self.decision.why)]
        mode = int(params["mode"], 8)
        self.mode_differs = self.decision.act == SAME and there is not None and there.st_mode & 0o7777 != mode
        self.filename, self.job = self.decision.filename, self.decision.job
        if self.remote is not None:
            self.plan = Plan(steps, *remote_diff(self.decision, self.remote.name, params["path"]))
        else:
            path = f"{self.here.path}/{self.name or '(the name that the server gives)'}"
            self.plan = Plan(steps, *file_diff(self.decision, path, there, mode, record, self.profile))

    def _digest(self, there: os.stat_result | None, record: Record | None) -> str | None:
        """Of the file in place, where something depends on it."""
        if there is None or self.params["force"]:
            return None
        if self.wanted_digest or (record is not None and record.size == there.st_size):
            return self.here.sha256(t.cast(str, self.name))
        return None

    def _still(self, record: Record) -> str:
        """``running``, ``there`` or an empty text for the export in a record that is not completed, or whose file is gone."""
        if record.job and not record.finished:
            entry = jobs.read(self.client, [record.job]).get(record.job)
            at = jobs.state(entry) if entry is not None else None
            if at is not None and at.done and not at.ok:
                return ""
            if at is not None and (self.to_server or not at.done):
                return "running"  # one that has ended well meanwhile is joined too: the wait for it is short
        if self.to_server or not record.filename:
            return ""
        os_images.check_file_name(record.filename, self.images)
        return "there" if self._exists(record.filename) else ""

    def _refuse_unproven(self, guard: Guard) -> None:
        """An earlier run was killed around its request, and an export leaves no trace that would tell. A person has to look, once."""
        keys = {f"{step.operation}:{step.resource}" for step in self.plan.steps}
        if not keys & set(guard.unfinished):
            return
        guard.told()
        failure = Failure(
            "earlier_run_unfinished",
            "an earlier run ended before it knew whether its export had been started.",
            "Look at the server's jobs for an export; give its file as source_file, or run again to start one.",
            outcome=UNKNOWN,
            system=self.client.system,
            operation="export",
            resource=self.profile.id,
        )
        raise _run.fail_with(failure, self._result(changed=False) | {"outcome": UNKNOWN})

    @property
    def _changes(self) -> bool:
        return self.decision.act in (START, FETCH) or (self.decision.act == JOIN and not self.to_server) or self.mode_differs

    # -- start, once ---------------------------------------------------------------------------------------------

    def _make_ready(self, stack: contextlib.ExitStack) -> None:
        """All that can go wrong here goes wrong before the server is asked for anything."""
        if self.to_server or self.decision.act == SAME:
            return
        self.here.sweep(self.run.clock.wall())
        self.file = stack.enter_context(self.here.temporary(self.name or "export"))
        if self.here.free() == 0:
            raise Failure("no_space", f"there is no room in {self.here.path}.", "Make room and run again.")

    def _start(self, guard: Guard) -> None:
        if not self.plan.steps:
            guard.finish()
            return
        before = self._known_jobs()
        self.outcome = apply(self.client, self.plan.steps, self._accept, guard)[0]

        def look(unknown: list[Outcome]) -> dict[int, Accepted]:
            """The one new job that names the profile."""
            new = [] if before is None else [job for job in jobs.read_all(self.client) if _id(job) not in before]
            found = [job for job in new if os_images.mentions(job, self.profile)]
            if len(found) != 1:
                return {}
            accepted = Accepted(_id(found[0]), {"filename": os_images.file_name_in(found[0]), "warnings": []})
            self._remember(accepted)
            return {0: accepted}

        read_back([self.outcome], look, self.run.clock, settle=self.params["reconcile_timeout"], where="the server's jobs")
        if self.outcome.state != UNKNOWN:
            guard.finish()
        if self.outcome.failure is not None:
            raise self._failed(self.outcome.failure)
        self.job = self.outcome.job or ""

    def _known_jobs(self) -> set[str] | None:
        """Ids of the jobs before the request, to find a new one by if its answer is lost; None when they may not be read."""
        try:
            return {_id(job) for job in jobs.read_all(self.client)}
        except Failure as failure:
            if failure.status not in (403, 404):
                raise
            return None

    def _accept(self, step: Step, data: t.Any) -> Accepted:
        accepted = os_images.accept_export(step, data)
        if not self.to_server:
            try:
                os_images.check_file_name(accepted.data["filename"], self.images)
            except Failure as failure:
                failure.outcome, failure.job = STARTED, accepted.job
                raise
        # Remembered before the lock's record says that the request is settled: a kill in between loses nothing.
        self._remember(accepted)
        return accepted

    def _remember(self, accepted: Accepted) -> None:
        self.job, self.filename = accepted.job or "", accepted.data["filename"]
        if self.filename or self.to_server:
            self._save(self._fresh_record())

    # -- wait and download ---------------------------------------------------------------------------------------

    def _go_on(self) -> dict[str, t.Any]:
        """From here on an export exists: a failure says so, and how to go on without another one."""
        params = self.params
        started = self.outcome is not None or self.decision.act == JOIN
        if not params["wait"] and started:
            return self._result(changed=self.outcome is not None)
        try:
            if started:
                self._wait()
            if self.to_server:
                self._save(dataclasses.replace(self._fresh_record(), finished=True))
            elif self.decision.act != SAME:
                self._download(params["reconcile_timeout"] if started else 0.0)
            if self.mode_differs:
                self.here.set_mode(t.cast(str, self.name), int(params["mode"], 8))
        except Failure as failure:
            failure.job = failure.job or self.job or None
            if started and failure.outcome == NONE:
                failure.outcome = STARTED
            if self.outcome is not None and failure.outcome == UNKNOWN:
                self.outcome.state = UNKNOWN
            failure.about(what=f"export {self.profile.id}", system=self.client.system, operation="export", resource=self.profile.id)
            raise self._failed(failure) from None
        if self.outcome is not None:
            self.outcome.state = FINISHED
        return self._result(changed=self._changes)

    def _wait(self) -> None:
        params, clock = self.params, self.run.clock
        deadline = Deadline(clock, params["wait_timeout"])
        what = f"export {self.profile.id}"
        if self.job:
            self.watched = wait(
                [self.job], jobs.poll(self.client), clock, timeout=params["wait_timeout"], interval=params["poll_interval"]
            )[self.job]
            failure = jobs.judge(self.watched, what)
            if failure is not None:
                if failure.code != "wait_timeout":
                    self._forget()
                raise failure
            if self.watched.end == "done":
                if not self.filename and self.watched.state is not None:
                    self.filename = os_images.file_name_in(self.watched.state.data)
                self._check_name(what)
                return
        if self.to_server:
            raise jobs.lost(self.watched or Watched(self.job), what)
        self._check_name(what)
        # No job to follow: the file itself tells.
        name = self.filename
        seen = wait(
            [name],
            lambda keys: {name: State("there", done=True, ok=True) if self._exists(name) else State("not there yet")},
            clock,
            timeout=max(deadline.left(), 0.0),
            interval=params["poll_interval"],
        )[name]
        self.watched = self.watched if self.watched and self.watched.history else seen
        if seen.end != "done":
            raise Failure(
                "wait_timeout",
                "the exported file was not there in time.",
                "Run this task again to go on waiting, with a longer wait_timeout.",
                what=what,
            )

    def _check_name(self, what: str) -> None:
        if not self.to_server and not self.filename:
            raise Failure(
                "filename_lost",
                "the answer that names the exported file was lost, and the server does not tell it elsewhere.",
                "Look for the file on the server and give it as source_file; running again as it is exports anew.",
                what=what,
            )
        if not self.to_server:
            os_images.check_file_name(self.filename, self.images)

    def _exists(self, filename: str) -> bool:
        """The server has this export: its first byte is asked for."""
        what = f"look for the export {filename}"
        timeout = self.client.transport.timeout
        with self.client.download(os_images.file_path(filename), headers={"Range": "bytes=0-0"}, timeout=timeout, what=what) as answer:
            if answer.status in (400, 404, 410, 416, 500):
                return False
            check_status(answer, starts=False, what=what, place=self.place)
            return next(answer.pieces(1), b"") == GZIP_MAGIC[:1]

    def _download(self, patience: float) -> None:
        params, file = self.params, t.cast(Temporary, self.file)
        what = f"download {self.filename}"
        limits = Limits(params["download_timeout"], params["max_size"], patience)
        try:
            fetched = fetch(self.client, os_images.file_path(self.filename), self.here, file, limits, what=what)
            if self.wanted_digest and fetched.sha256 != self.wanted_digest:
                raise Failure(
                    "checksum_mismatch",
                    f"the file has the checksum sha256:{fetched.sha256}, not {params['checksum']}.",
                    "Correct checksum, or look at the export.",
                    what=what,
                )
            name = self.name = self.name or self.filename
            self.here.look(name)  # a link or a directory may have come into being meanwhile
            file.commit(name, int(params["mode"], 8))
        except Failure as failure:
            failure.what = failure.what or what
            if failure.status == 404:
                failure.code, failure.why = "effect_missing", "the server does not have this export."
                failure.next_step = "Look at the export on the server, and run again to export anew."
                self._forget()
            else:
                failure.details = {**failure.details, "filename": self.filename}
                failure.next_step += f" The export is kept on the server as {self.filename}; the next run only downloads it."
            raise
        self.fetched = fetched
        self._save(dataclasses.replace(self._fresh_record(), finished=True, local=name, sha256=fetched.sha256, size=fetched.size))

    # -- records -------------------------------------------------------------------------------------------------

    @property
    def here(self) -> Folder:
        return t.cast(Folder, self.folder)

    def _fresh_record(self) -> Record:
        return Record(self.place, self.profile.id, self.profile.fingerprint, self.filename, self.job, local=self.name or self.filename)

    def _record_name(self) -> str:
        if self.remote is not None:
            return record_of_remote(self.place, self.profile.id, self.remote.id, self.params["path"])
        return record_beside(self.name or self.filename)

    def _find_record(self) -> Record | None:
        """The record of this destination; in a directory, the one of this profile that is of most use."""
        if self.folder is None:
            return None
        if self.to_server or self.name is not None:
            return Record.load(self.folder.read_json(self._record_name()))
        return best_record(self.folder, self.place, self.profile)

    def _save(self, record: Record) -> None:
        try:
            self.here.write_json(self._record_name(), record.dump())
        except Failure as failure:
            self.run.warn(f"The record of the export could not be written ({failure.why.rstrip('.')}); the next run exports anew.")

    def _forget(self) -> None:
        """The export in the record leads nowhere."""
        self.here.remove(self._record_name())

    # -- what the user gets --------------------------------------------------------------------------------------

    def _failed(self, failure: Failure) -> Failure:
        changed = self.outcome is not None and self.outcome.changed
        state = self.outcome.state if self.outcome is not None and changed else failure.outcome
        return _run.fail_with(failure, self._result(changed=changed) | {"outcome": state})

    def _result(self, *, changed: bool) -> dict[str, t.Any]:
        outcome, fetched = self.outcome, self.fetched
        shown: dict[str, t.Any] = {
            "profile": self.profile.public(),
            "action": self.decision.act,
            "why": self.decision.why,
            "filename": self.filename,
            "job": self.job or None,
            "reconciled": outcome.reconciled if outcome else False,
            "server_messages": (outcome.data or {}).get("warnings", []) if outcome else [],
            "history": self.watched.history if self.watched else [],
        }
        if self.remote is not None:
            shown |= {"remote_file_server": self.remote.public(), "path": self.params["path"]}
        else:
            same = self.record if self.decision.act == SAME else None
            shown |= {
                "dest": f"{self.here.path}/{self.name}" if self.name else None,
                "size": fetched.size if fetched else same.size if same else None,
                "sha256": fetched.sha256 if fetched else same.sha256 if same else None,
                "files": fetched.files if fetched else None,
                "resumes": fetched.resumes if fetched else 0,
            }
        return _run.result(self.plan, changed=changed, outcome=outcome.state if outcome else NONE, export=shown)


def _id(job: t.Mapping[str, t.Any]) -> str:
    return str(job.get("jobUID") or job.get("id") or "")
