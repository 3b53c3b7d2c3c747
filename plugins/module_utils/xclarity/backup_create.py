# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a backup of XClarity Administrator, by its label, once; and see it through the quiesce.

Sources: the pages "POST /managementServer/data" and "GET /managementServer/quiesce". While a backup is made the server is
quiesced: entering and leaving that state it answers nothing. ``PUT /managementServer/quiesce`` is never sent: it needs no
login and would stop the backup, or restart the server.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, NONE, STARTED, UNKNOWN, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Plan, Step, apply, read_back
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, PATH, Backup

QUIESCE = "/managementServer/quiesce"
# Polls that may fail in a row: the wait's own deadline ends it, since nobody knows how long a quiesce takes.
PATIENCE = 1_000_000
WHERE = "the server's jobs and list of backups"


@dataclasses.dataclass(frozen=True)
class Want:
    """What the user asks. share: mount point for the new backup, empty for the local repository."""

    label: str
    passphrase: str
    include_os: bool = False
    include_firmware: bool = False
    share: str = ""


@dataclasses.dataclass
class Making:
    """A backup in the making."""

    want: Want
    step: Step | None = None
    join: str | None = None
    joined: bool = False
    outcome: Outcome | None = None
    watched: Watched | None = None
    now: Backup | None = None
    failure: Failure | None = None

    @property
    def what(self) -> str:
        return self.step.what if self.step else f"create {self.want.label}"

    @property
    def job(self) -> str | None:
        return (self.outcome.job if self.outcome else None) or self.join

    @property
    def plan(self) -> Plan:
        def view(there: bool) -> dict[str, t.Any]:
            return {self.want.label: "present" if there else "absent"}

        here = self.now is not None
        return Plan([self.step] if self.step else [], view(here), view(True))


def attributes(want: Want) -> dict[str, t.Any]:
    """The body that starts a backup. The table of these attributes is not in any copy of the page that was read: the
    names follow the report of GET /managementServer/quiesce. Not proven on a real server; change them here only."""
    body: dict[str, t.Any] = {
        "action": "start",
        "operation": "backup",
        "label": want.label,
        "passphrase": want.passphrase,
        "includeOS": want.include_os,
        "includeFW": want.include_firmware,
    }
    if want.share:
        body["remoteShareDestination"] = want.share
    return body


def create(run: Run, client: Client, want: Want) -> dict[str, t.Any]:
    """The whole contract; returns the result, raises :class:`Failure` with the result beside it."""
    with run.guard(client.system, client.transport.endpoint.place, "backups") as guard:
        listed, report = _read(client, want.label)
        one = choose(want, listed, report)
        plan = one.plan
        if run.check_mode:
            return _result(plan, one, changed=bool(plan.steps))
        _start(run, client, one, guard)
    if guard.note:
        run.warn(guard.note)
    if run.params["wait"] and one.failure is None and (one.outcome or one.joined):
        _finish(run, client, one)
    if one.failure is not None:
        one.failure.about(what=one.what, system=client.system, operation="create", resource=want.label)
        raise _run.fail_with(one.failure, _result(plan, one, changed=bool(one.outcome and one.outcome.changed)))
    return _result(plan, one, changed=bool(one.outcome and one.outcome.changed))


# -- read and plan ----------------------------------------------------------------------------------------------------


def read_quiesce(client: Client) -> dict[str, t.Any]:
    """The report of a backup or restore that is running: ``{"backupRequest": {...}}``, ``{"restoreRequest": {...}}`` or
    neither. Empty where the appliance does not have the call."""
    try:
        data = client.read(QUIESCE, what="read whether the server is quiesced")
    except Failure as failure:
        if failure.status == 404:
            return {}
        raise
    return data if isinstance(data, dict) else {}


def _read(client: Client, label: str) -> tuple[list[Backup], dict[str, t.Any]]:
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


def labelled(listed: t.Iterable[Backup], label: str) -> Backup | None:
    return next((backup for backup in listed if backup.label == label), None)


def _request(report: t.Mapping[str, t.Any], label: str) -> t.Mapping[str, t.Any] | None:
    """The backup that is being made, when it has this label."""
    request = report.get("backupRequest")
    return request if isinstance(request, dict) and request.get("label") == label else None


def choose(want: Want, listed: t.Sequence[Backup], report: t.Mapping[str, t.Any]) -> Making:
    """There already: nothing. Being made: join. Another one being made, or a restore: refuse. Else a step."""
    one = Making(want, now=labelled(listed, want.label))
    if one.now is not None:
        return one
    request = _request(report, want.label)
    if request is not None:
        one.join, one.joined = api.job_id(request.get("jobId")), True
        return one
    for key, noun in (("backupRequest", "backup"), ("restoreRequest", "restore")):
        other = report.get(key)
        if isinstance(other, dict):
            raise bad_input(
                "busy",
                f"the server is quiesced by a {noun} ({clean(other.get('label') or other.get('filename') or 'no name', 80)}).",
                "Wait until it has ended, then run again.",
                resource=want.label,
                job=api.job_id(other.get("jobId")),
            )
    one.step = Step(
        operation="create",
        method="POST",
        path=PATH,
        resource=want.label,
        why=f"there is no backup with this label; it goes to {want.share or INTERNAL} and quiesces the server",
        body=attributes(want),
        secret=("passphrase",),
    )
    return one


# -- apply, wait, judge -----------------------------------------------------------------------------------------------


def _start(run: Run, client: Client, one: Making, guard: Guard) -> None:
    # A record of an earlier run needs no question here: the list and the report prove what became of its request.
    if one.step is None:
        guard.finish()
        return
    label = one.want.label
    outcome = apply(client, [one.step], backups.accept_job, guard)[0]

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        request = _request(read_quiesce(client), label)
        if request is not None:
            return {0: Accepted(api.job_id(request.get("jobId")))}
        return {0: Accepted()} if labelled(backups.read_all(client), label) else {}

    read_back([outcome], find, run.clock, settle=run.params["reconcile_timeout"], where=WHERE)
    one.outcome, one.failure = outcome, outcome.failure
    if outcome.state != UNKNOWN:
        guard.finish()


def _finish(run: Run, client: Client, one: Making) -> None:
    deadline = Deadline(run.clock, run.params["wait_timeout"])
    if one.job:
        followed = jobs.follow(run, client, {one.job: one.what}, deadline, poll_failures=PATIENCE)
        one.watched, one.failure = followed[one.job]
        if one.failure is not None:
            if one.outcome is not None and one.watched.end == "done":
                one.outcome.state = FINISHED
            return
    watched = one.watched
    ended = watched is not None and watched.end in ("done", "lost")
    try:
        # Until the server has left its quiesce the list can not be had; only then does the moment for the effect begin.
        seen = _look(run, client, one, deadline.left(), at_once=ended)
        if ended and not (seen.state and seen.state.ok):
            seen = _look(run, client, one, run.params["reconcile_timeout"])
    except Failure as failure:
        one.failure = jobs.while_waiting(failure, one.what, one.job)
        return
    if one.watched is None or not one.watched.history:
        one.watched = seen
    if seen.state is not None and seen.state.ok:
        if one.outcome is not None:
            one.outcome.state = FINISHED
    elif ended:
        lost = watched is not None and watched.end == "lost"
        one.failure = jobs.lost(Watched(one.job or ""), one.what) if lost else _missing(one)
        if lost and one.outcome is not None:
            one.outcome.state = UNKNOWN
    else:
        one.failure = jobs.judge(Watched(one.job or "unknown", seen.state, "timed_out"), one.what)


def _look(run: Run, client: Client, one: Making, timeout: float, *, at_once: bool = False) -> Watched:
    """Read the list until it has the label. at_once: the first list that can be had is the end."""

    def poll(keys: list[str]) -> dict[str, State]:
        one.now = labelled(backups.read_all(client), one.want.label)
        there = one.now is not None
        return {key: State("in the list" if there else "not in the list", done=there or at_once, ok=there) for key in keys}

    interval = run.params["poll_interval"]
    return wait(["label"], poll, run.clock, timeout=max(timeout, 0), interval=interval, poll_failures=PATIENCE)["label"]


def _missing(one: Making) -> Failure:
    return Failure(
        "effect_missing",
        "the job has ended, but the list holds no backup with this label.",
        "Look at the job and at the space of the repository on the server, then run again.",
        what=one.what,
        outcome=STARTED,
        job=one.job,
    )


def _result(plan: Plan, one: Making, *, changed: bool) -> dict[str, t.Any]:
    return _run.result(
        plan,
        changed=changed,
        outcome=one.outcome.state if one.outcome else NONE,
        backup=one.now.public() if one.now else None,
        backups=[one.now.public()] if one.now else [],
        job=one.job,
        joined=one.joined,
        reconciled=bool(one.outcome and one.outcome.reconciled),
        history=one.watched.history if one.watched else [],
        server_messages=backups.said(one.outcome.data) if one.outcome else [],
    )
