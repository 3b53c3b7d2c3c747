# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs ("tasks") of XClarity Administrator: read many at once, tell success from failure exactly.

Source: GET /tasks/{job_list} answers a top-level array; fields seen: jobUID, status, percentage, complete, children. A
failed job stands at 100 percent, and ``CompleteWithErrors`` contains ``Complete``: only exact words count.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import STARTED, UNKNOWN, Failure, bad_reply, ended_badly
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import number
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched

# How many ids go into one URL: at 24 characters each they stay well under 8,000 bytes.
BATCH = 200

OK = frozenset({"complete", "completed", "resolved", "success"})
OK_WITH_WARNINGS = frozenset({"completewithwarnings", "completedwithwarnings", "completewithwarning"})
FAILED = frozenset(
    {
        "completewitherrors", "completedwitherrors", "stopped", "stoppedwitherror", "stoppedwitherrors", "aborted", "expired",
        "failed", "failure", "error", "skipped", "terminated",
    }
)  # fmt: skip
CANCELLED = frozenset({"cancelled", "canceled", "cancelledwitherrors", "cancelledwitherror"})
INTERRUPTED = frozenset({"interrupted"})
# What an entry says of other things than what it is about; the rest may be its title, wherever that stands.
_NO_TITLE = frozenset({
    "status", "state", "jobUID", "id", "jobId", "jobID", "uuid", "createdBy", "children", "complete", "percentage", "startTime", "endTime",
})  # fmt: skip


def word(status: t.Any) -> str:
    """A status word in one spelling: without case, blanks and underscores."""
    return clean(status, 60).replace("_", "").replace(" ", "").lower() if isinstance(status, str) else ""


def state(job: t.Mapping[str, t.Any]) -> State:
    """What a job's entry says. An unknown word is no end: the wait goes on, and its text is shown."""
    told = job.get("status")
    # The older /jobs view nests the word: {"status": {"state": ..., "percentage": ...}}
    percent = job.get("percentage")
    if isinstance(told, dict):
        percent, told = told.get("percentage", percent), told.get("state")
    name = clean(told, 60) if isinstance(told, str) else "unknown"
    said = word(told)
    at = number(percent)
    bad = failing(job)
    if said in OK or said in OK_WITH_WARNINGS:
        return State(name, done=True, ok=not bad, percent=at, detail=_list(bad), data=job)
    if said in FAILED or said in CANCELLED or said in INTERRUPTED:
        return State(name, done=True, ok=False, percent=at, detail=_list(bad), data=job)
    return State(name, percent=at, data=job)


def failing(job: t.Mapping[str, t.Any], depth: int = 0) -> list[str]:
    """Children at any depth that ended badly: a parent may say Complete all the same."""
    found: list[str] = []
    children = job.get("children")
    for child in children if isinstance(children, list) and depth < 20 else []:
        if isinstance(child, dict):
            said = word(child.get("status"))
            if said in FAILED or said in CANCELLED or said in INTERRUPTED:
                found.append(f"{clean(child.get('title') or child.get('jobUID') or 'child', 80)}: {clean(child.get('status'), 40)}")
            found += failing(child, depth + 1)
    return found


def ident(job: t.Mapping[str, t.Any]) -> str | None:
    """A job's id, as text; None when its entry holds none."""
    for key in ("jobUID", "id", "jobId", "jobID"):
        value = job.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
            return str(value)
    return None


def is_open(job: t.Mapping[str, t.Any]) -> bool:
    """It has not ended. 100 percent is an end of some kind, also under a word that is not known here."""
    at = state(job)
    return not at.done and job.get("complete") is not True and not (at.percent is not None and at.percent >= 100)


def kind(job: t.Mapping[str, t.Any]) -> str:
    """How it stands in one of our words: running, succeeded, failed, cancelled, interrupted or unknown."""
    at = state(job)
    said = word(at.name)
    if said in CANCELLED:
        return "cancelled"
    if said in INTERRUPTED:
        return "interrupted"
    if at.done:
        return "succeeded" if at.ok else "failed"
    return "running" if is_open(job) else "unknown"


@dataclasses.dataclass(frozen=True)
class Told:
    """A job, and all that its entry says, in small letters: read once, since many backups may be looked for in many jobs.

    Who created it is left out. Nothing else tells what a job is about.
    """

    id: str
    text: str
    open: bool


def told(entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[Told]:
    """The jobs of a list that have an id."""
    return [Told(known, text(job), is_open(job)) for job in entries if (known := ident(job))]


def text(job: t.Mapping[str, t.Any]) -> str:
    """All that an entry says, in small letters, but for who created it."""
    return _all_text({key: value for key, value in job.items() if key not in ("createdBy", "children")}).casefold()


def untitled(job: t.Mapping[str, t.Any]) -> bool:
    """Nothing in its entry says what it is about."""
    rest = {key: value for key, value in job.items() if key not in _NO_TITLE}
    return not re.search(r"[^\W\d_]{3}", _all_text(rest))


def holds(text: str, part: str) -> bool:
    """``part`` as a word of its own in the text of a job: ``a-1`` is not in ``a-12``."""
    part = part.casefold()
    # Nearly always it is not there at all, and that is told much faster.
    return part in text and bool(re.search(rf"(?<![\w./-]){re.escape(part)}(?![\w/-]|\.\w)", text))


def public(job: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """A job for a result. Times and texts are the server's own."""
    at = state(job)

    def plain(key: str) -> str | None:
        value = job.get(key)
        return clean(value, 400) if isinstance(value, str) and value else None

    told = job.get("children")
    children = [public(child) for child in told if isinstance(child, dict)] if isinstance(told, list) else []
    return {
        "id": ident(job),
        "state": kind(job),
        "status": at.name,
        "percentage": at.percent,
        "title": plain("title"),
        "message": _job_text(job),
        "created_by": plain("createdBy"),
        "started": plain("startTime"),
        "ended": plain("endTime"),
        "failing": failing(job),
        "children": children,
    }


def read(client: Client, ids: t.Sequence[str], *, attempts: int = READ_ATTEMPTS) -> dict[str, dict[str, t.Any]]:
    """The entries of these jobs, by id; those that the server does not know are left out.

    One request for up to 200 ids. For an unknown id a 404, a 400 and an empty list are all accepted (which of them is not
    documented). One such id may make the server refuse a whole batch: the list of all jobs then tells which ids it knows, and
    those are asked for once more, so that the number of requests does not grow with the number of unknown ids.
    """
    found: dict[str, dict[str, t.Any]] = {}
    refused: list[str] = []
    for begin in range(0, len(ids), BATCH):
        batch = list(ids[begin : begin + BATCH])
        try:
            found.update(_read(client, batch, attempts))
        except Failure as failure:
            if failure.status not in (400, 404):
                raise
            refused += batch if len(batch) > 1 else []
    if refused:
        known = {ident(job) for job in read_all(client, attempts=attempts)}
        there = [one for one in refused if one in known]
        for begin in range(0, len(there), BATCH):
            try:
                found.update(_read(client, there[begin : begin + BATCH], attempts))
            except Failure as failure:
                if failure.status not in (400, 404):  # one was deleted since; the next poll reads them
                    raise
    return found


def read_all(client: Client, *, children: bool = False, attempts: int = READ_ATTEMPTS) -> list[dict[str, t.Any]]:
    """Every job of the appliance, as a rule without its parts."""
    query = () if children else (("compact", "true"),)
    return _entries(client.read("/tasks", query=query, what="list jobs", attempts=attempts, max_body=MAX_LIST))


def read_open_devices(client: Client) -> list[tuple[str, str, str]]:
    """(id, UUID of its device, :func:`text`) of the jobs that have not ended. /tasks does not tell the device, only the older /jobs
    does; nothing where that is not there any more, or is answered otherwise."""
    try:
        entries = _entries(client.read("/jobs", query=(("state", "Running"),), what="list jobs", max_body=MAX_LIST))
    except Failure as failure:
        if failure.status not in (400, 403, 404, 405, 501) and failure.code not in ("bad_reply", "not_json"):
            raise
        return []
    found = []
    for entry in entries:
        known, device = ident(entry), entry.get("uuid")
        if known and isinstance(device, str) and device and is_open(entry):
            found.append((known, device.replace("-", "").upper(), text(entry)))
    return found


LOOK = "Look at the job on the server, then run again."


class Reader:
    """How the driver follows jobs: one look at all that are still open. before: the jobs as they were for the plan. joins: see
    :class:`_operation.Operation`. next_step: the advice for a job that failed."""

    def __init__(self, client: Client, *, joins: bool = True, next_step: str = LOOK) -> None:
        self.client, self.joins, self.next_step = client, joins, next_step
        self.before: list[Told] = []

    def begin(self) -> list[Told]:
        """Every job, now; :meth:`fresh` compares with them."""
        self.before = told(read_all(self.client))
        return self.before

    def fresh(self) -> list[Told]:
        """Those that were not there before."""
        known = {job.id for job in self.before}
        return [job for job in told(read_all(self.client)) if job.id not in known]

    def poll(self, ids: t.Sequence[str]) -> dict[str, State]:
        return {ident: state(job) for ident, job in read(self.client, ids, attempts=1).items()}

    def judge(self, watched: Watched, what: str) -> Failure | None:
        return judge(watched, what, joins=self.joins, next_step=self.next_step)

    def lost(self, watched: Watched, what: str) -> Failure:
        return lost(watched.key, what)

    def timed_out(self, job: str, watched: Watched) -> Failure:
        return timed_out(job, watched, joins=self.joins)


def _goes_on(job: str | None, joins: bool) -> str:
    """What to do while work goes on that was waited for. Never run again what would send its request once more."""
    wait = f"wait for it with the module job (job {job})" if job else ""
    if joins:
        return f"It goes on by itself: {wait}{', or ' if wait else ''}run this task again with a longer wait_timeout."
    when = " once that job has ended" if job else ""
    return f"It goes on by itself: {wait or 'look at it on the server'}. Run again{when}, this task would send its request once more."


def judge(watched: Watched, what: str, *, joins: bool = True, next_step: str = LOOK) -> Failure | None:
    """The failure that the end of a wait for a job means; None when it went well or has to be judged by the resource."""
    job, at = watched.key, watched.state
    name = at.name if at else "never seen"
    facts: dict[str, t.Any] = {"what": what, "outcome": STARTED, "job": job, "details": {"job": job, "state": name}}
    if watched.end == "timed_out":
        percent = f", {at.percent:g} %" if at and at.percent is not None else ""
        return Failure(
            "wait_timeout",
            f"the job had not ended in time (last state: {name}{percent}).",
            _goes_on(job, joins),
            **facts,
        )
    if watched.end == "done" and at is not None and not at.ok:
        said = word(at.name)
        code = "job_cancelled" if said in CANCELLED else "job_interrupted" if said in INTERRUPTED else "job_failed"
        detail = f" ({at.detail})" if at.detail else ""
        message = _job_text(at.data)
        why = f"the job {job} ended as {name}{detail}."
        return ended_badly(code, why, next_step, server_message=message, **facts)
    return None


def timed_out(job: str | None, watched: Watched, *, joins: bool = True) -> Failure:
    """The time is over while the work, or what is seen of it, goes on."""
    last = watched.state.name if watched.state else "never seen"
    return Failure(
        "wait_timeout",
        f"it had not ended in time (last state: {last}).",
        _goes_on(job, joins),
        details={"job": job, "state": last} if job else None,
    )


def stopping(job: t.Mapping[str, t.Any] | None) -> bool:
    """It runs no longer, or is being cancelled."""
    return job is None or not is_open(job) or word(state(job).name) == "cancelling"


def lost(job: str | None, what: str) -> Failure:
    """A job that is gone while its resource does not show the wanted state."""
    return Failure(
        "job_lost",
        "the job cannot be found any more and the resource does not show the wanted state.",
        "Look at the resource before running again.",
        what=what,
        outcome=UNKNOWN,
        job=job,
    )


def _read(client: Client, ids: t.Sequence[str], attempts: int) -> dict[str, dict[str, t.Any]]:
    path = "/tasks/" + ",".join(segment(one, "job id") for one in ids)
    data = client.read(path, what="read jobs", attempts=attempts, max_body=MAX_LIST)
    wanted = set(ids)
    found = {}
    for entry in _entries(data):
        for key in ("jobUID", "id", "jobId", "jobID"):
            if str(entry.get(key)) in wanted:
                found[str(entry[key])] = entry
    return found


def _entries(data: t.Any) -> list[dict[str, t.Any]]:
    if isinstance(data, dict):
        data = data.get("TaskList", [data] if "jobUID" in data or "id" in data else data)
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise bad_reply("the answer holds no list of jobs", what="read jobs", transient=True)
    return data


def _job_text(job: t.Any) -> str | None:
    """Summary and messages of a job; plain text, or the vendor's formatted text (an array of {"text": ...})."""
    if not isinstance(job, dict):
        return None
    texts = [_flatten(job.get(key)) for key in ("summary", "description", "messageDisplay", "messages")]
    return "; ".join(text for text in texts if text) or None


def _all_text(value: t.Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return " ".join(value[:2000].split())  # compared only, never shown
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list) and depth < 10:
        return " ".join(filter(None, (_all_text(one, depth + 1) for one in value[:100])))
    return ""


def _flatten(value: t.Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return clean(value, 300)
    if isinstance(value, dict):
        return _flatten(value.get("text"), depth + 1) if depth < 10 else ""
    if isinstance(value, list):
        return " ".join(filter(None, (_flatten(one, depth + 1) for one in value[:20]))) if depth < 10 else ""
    return ""


def _list(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
