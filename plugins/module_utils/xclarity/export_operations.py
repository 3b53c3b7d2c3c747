# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Export one customised OS-image profile, to a file here or to a remote file server: what only this knows, for the driver.

What was exported is remembered (export_record.py) where it went (export_destination.py), so that a later run joins it, only
downloads, or has nothing to do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._archive import GZIP_MAGIC
from ansible_collections.groundwork.provision.plugins.module_utils._download import Fetched
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import check_status
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, jobs, os_images, remote_file_servers
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_destination import Destination
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.export_record import (
    FETCH,
    JOIN,
    SAME,
    START,
    Decision,
    Record,
    decide,
    file_diff,
    remote_diff,
)

JOB_ENDED_BADLY = ("job_failed", "job_cancelled", "job_interrupted")


class Export(Operation):
    """``desired`` of the item is the :class:`Decision`, ``before`` what ``diff`` shows."""

    kind, noun, where = "osimage_export", "exports", "the server's jobs"
    joins = True
    about_one = True

    def __init__(self, run: Run, client: XClarity, destination: Destination) -> None:
        super().__init__(run, client)
        self.params, self.to = run.params, destination
        self.jobs: jobs.Reader = jobs.Reader(client)
        self.images: list[os_images.Image] = []
        self.profile = os_images.OsProfile("", "", "", {})
        self.record: Record | None = None
        self.decision = Decision(SAME, "")
        self.shown: t.Any = ({}, {})
        self.mode_differs = False
        self.compares_jobs = True
        self.filename = ""
        self.fetched: Fetched | None = None

    # -- read and decide ---------------------------------------------------------------------------------------------

    def read(self) -> list[Item]:
        params, to = self.params, self.to
        self.images = os_images.read_all(self.client)
        self.profile = os_images.find(self.images, params["profile"])
        to.server = " ".join(self.client.identity()[1:])
        if to.to_server:
            to.remote = remote_file_servers.find(remote_file_servers.read_all(self.client), params["remote_file_server"])
        source = params["source_file"] or ""
        if source:
            os_images.check_source_file(source, self.images)
        to.name = to.given or source or None
        self.record = record = to.find_record(self.profile)
        if to.name is None and record is not None and not to.to_server:
            to.name = record.local
        there = to.look()
        digest = to.digest(there, record)
        wanted = to.wanted_digest
        decision = self.decision = decide(
            record,
            to.server,
            self.profile,
            file_same=to.to_server or (record is not None and digest == record.sha256 and wanted in ("", digest)),
            digest_wanted=bool(wanted) and digest == wanted,
            force=params["force"],
            source_file=source,
            still=self._still,
        )
        if decision.act == START and to.directory:
            to.name, there = None, None
        self.mode_differs = decision.act == SAME and there is not None and there.st_mode & 0o7777 != to.mode
        self.filename = decision.filename
        step = os_images.export_step(self.profile, to.remote.id if to.remote else "", params["path"] or "", decision.why)
        if to.remote is not None:
            self.shown = remote_diff(decision, to.remote.name, params["path"])
        else:
            self.shown = file_diff(decision, to.path, there, to.mode, record, self.profile)
        return [
            Item(
                step.resource,
                self.profile.id,
                desired=decision,
                steps=[step] if decision.act == START else [],
                join=decision.job if decision.act == JOIN else None,
                touches=decision.act == FETCH or (decision.act == JOIN and not to.to_server and params["wait"]) or self.mode_differs,
            )
        ]

    def _still(self, record: Record) -> str:
        """``running``, ``there`` or an empty text for the export in a record that is not completed, or whose file is gone."""
        if record.job and not record.finished:
            entry = jobs.read(self.client, [record.job]).get(record.job)
            at = jobs.state(entry) if entry is not None else None
            if at is not None and at.done and not at.ok:
                return ""
            if at is not None and (self.to.to_server or not at.done):
                return "running"  # one that has ended well meanwhile is joined too: the wait for it is short
        if self.to.to_server or not record.filename:
            return ""
        os_images.check_file_name(record.filename, self.images)
        return "there" if self._exists(record.filename) else ""

    def proves(self, item: Item) -> bool:
        """An export leaves no trace that would tell, so a person has to look, once."""
        return False

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        return (
            "an earlier run ended before it knew whether its export had been started.",
            "Look at the server's jobs for an export; give its file as source_file, or run again to start one.",
        )

    def prepare(self, items: t.Sequence[Item]) -> None:
        if not self.to.to_server and self.decision.act != SAME:
            self.to.make_ready()
        if not items[0].steps:
            return
        try:
            self.jobs.begin()  # to find a new one by, if the answer is lost
        except Failure as failure:
            if failure.status not in (403, 404):
                raise
            self.compares_jobs = False

    # -- start, once -------------------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        accepted = os_images.accept_export(step, data)
        if not self.to.to_server:
            try:
                os_images.check_file_name(accepted.data["filename"], self.images)
            except Failure as failure:
                failure.outcome, failure.job = STARTED, accepted.job
                raise
        # Remembered before the lock's record says that the request is settled: a kill in between loses nothing.
        self._remember(accepted)
        return accepted

    def _remember(self, accepted: Accepted) -> None:
        self.filename = accepted.data["filename"]
        if self.filename or self.to.to_server:
            self.to.save(self.to.record(self.profile, self.filename, accepted.job or ""))

    def explain(self, step: Step, failure: Failure) -> None:
        if api.says_not_customized(failure):
            failure.why = "the server exports customised profiles only."
            failure.next_step = "Give a customised profile (osimage_info shows the customization of each), and run again."

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        """The one new job that names the profile."""
        if not self.compares_jobs:
            return {}
        known = {job.id for job in self.jobs.before}
        new = [job for job in jobs.read_all(self.client) if (jobs.ident(job) or "") not in known]
        found = [job for job in new if os_images.mentions(job, self.profile)]
        if len(found) != 1:
            return {}
        accepted = Accepted(jobs.ident(found[0]), {"filename": os_images.file_name_in(found[0]), "warnings": []})
        self._remember(accepted)
        return {outcome.step.key: accepted for _item, outcome in unknown}

    # -- wait --------------------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        """The job tells the end; where it cannot be followed, the file itself does."""
        (item,) = items
        ended = item.watched is not None and item.watched.end == "done"
        if ended and not self.filename and item.watched is not None and item.watched.state is not None:
            self.filename = os_images.file_name_in(item.watched.state.data)
        if self.to.to_server or not self.filename:
            return {item.key: State("ended" if ended else "not told", done=True, ok=ended and self.to.to_server)}
        there = ended or self._exists(self.filename)
        return {item.key: State("there" if there else "not there yet", done=there, ok=there)}

    def not_reached(self, item: Item) -> Failure:
        if self.to.to_server:
            return jobs.lost(item.job, item.what)
        return Failure(
            "filename_lost",
            "the answer that names the exported file was lost, and the server does not tell it elsewhere.",
            "Look for the file on the server and give it as source_file; running again as it is exports anew.",
        )

    def _exists(self, filename: str) -> bool:
        """The server has this export: its first byte is asked for."""
        what = f"look for the export {filename}"
        timeout = self.client.transport.timeout
        with self.client.download(os_images.file_path(filename), headers={"Range": "bytes=0-0"}, timeout=timeout, what=what) as answer:
            if answer.status in (400, 404, 410, 416, 500):
                return False
            check_status(answer, starts=False, what=what, place=self.client.transport.endpoint.place)
            return next(answer.pieces(1), b"") == GZIP_MAGIC[:1]

    # -- what is left to do here -------------------------------------------------------------------------------------

    def conclude(self, items: t.Sequence[Item]) -> None:
        """Download, or complete the record. From here on an export exists: a failure says how to go on without another one."""
        (item,) = items
        started = bool(item.outcomes) or item.join is not None
        if item.failure is not None and item.failure.code in JOB_ENDED_BADLY:
            self.to.forget(self._record(item))
            self._not_finished(item)
        if item.failure is not None or (started and not item.verified):
            return
        try:
            if self.to.to_server:
                if started:
                    self.to.save(dataclasses.replace(self._record(item), finished=True))
            elif self.decision.act != SAME:
                self._download(item, started)
            elif self.mode_differs:
                self.to.set_mode()
                item.touched = True
        except Failure as failure:
            self._not_finished(item)
            item.fail(failure, self.client.system)

    def _not_finished(self, item: Item) -> None:
        """The export is finished only when its file is where it belongs."""
        for outcome in item.outcomes:
            outcome.state = STARTED if outcome.state == FINISHED else outcome.state

    def _record(self, item: Item) -> Record:
        return self.to.record(self.profile, self.filename, item.job or self.decision.job)

    def _download(self, item: Item, started: bool) -> None:
        os_images.check_file_name(self.filename, self.images)
        try:
            fetched = self.fetched = self.to.download(self.client, self.filename, self.params["reconcile_timeout"] if started else 0.0)
        except Failure as failure:
            failure.about(what=f"download {self.filename}", operation="export")
            if failure.status == 404:
                failure.code, failure.why = "effect_missing", "the server does not have this export."
                failure.next_step = "Look at the export on the server, and run again to export anew."
                self.to.forget(self._record(item))
            else:
                failure.details = {**failure.details, "filename": self.filename}
                failure.next_step += f" The export is kept on the server as {self.filename}; the next run only downloads it."
            raise
        item.touched = True
        self.to.save(
            dataclasses.replace(self._record(item), finished=True, local=self.to.name or "", sha256=fetched.sha256, size=fetched.size)
        )

    # -- what the user gets ------------------------------------------------------------------------------------------

    def view(self, item: Item, after: bool) -> t.Any:
        return self.shown[1 if after else 0]

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        fetched, to = self.fetched, self.to
        shown: dict[str, t.Any] = {
            "profile": self.profile.public(),
            "action": self.decision.act,
            "why": self.decision.why,
            "filename": self.filename,
            "job": item.job or self.decision.job or None,
            "reconciled": item.reconciled,
            "server_messages": (item.data or {}).get("warnings", []),
            "history": item.history,
        }
        if to.remote is not None:
            shown |= {"remote_file_server": to.remote.public(), "path": self.params["path"]}
        else:
            same = self.record if self.decision.act == SAME else None
            shown |= {
                "dest": f"{to.here.path}/{to.name}" if to.name else None,
                "size": fetched.size if fetched else same.size if same else None,
                "sha256": fetched.sha256 if fetched else same.sha256 if same else None,
                "files": fetched.files if fetched else None,
                "resumes": fetched.resumes if fetched else 0,
            }
        return {"export": shown}


def export(run: Run, client: XClarity) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    with contextlib.ExitStack() as stack:
        return drive(Export(run, client, Destination(run, stack)))
