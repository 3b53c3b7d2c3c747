# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs ("tasks") of XClarity Administrator: read many at once, tell success from failure exactly.

Source: GET /tasks/{job_list} answers a top-level array; fields seen: jobUID, status, percentage, complete, children. A
failed job stands at 100 percent, and ``CompleteWithErrors`` contains ``Complete``: only exact words count.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import STARTED, UNKNOWN, Failure, bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import number
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST, segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched, wait

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


def text(job: t.Mapping[str, t.Any]) -> str:
    """All that an entry says, in small letters, but for who created it: nothing else tells what a job is about."""
    return _all_text({key: value for key, value in job.items() if key not in ("createdBy", "children")}).casefold()


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


def follow(
    run: Run, client: Client, whats: t.Mapping[str, str], deadline: Deadline, *, poll_failures: int = 10
) -> dict[str, tuple[Watched, Failure | None]]:
    """Wait for these jobs with one poll for all. whats: job id -> what was tried, for messages.

    Gives for each how the wait ended, and the failure that this means (:func:`judge`; None also for a job that is lost
    or was never seen, since then the resource has to be looked at). A wait that itself fails leaves each job started.
    """
    try:
        ends = wait(
            list(whats),
            poll(client),
            run.clock,
            timeout=max(deadline.left(), 0),
            interval=run.params["poll_interval"],
            poll_failures=poll_failures,
        )
    except Failure as failure:
        return {job: (Watched(job), while_waiting(failure, what, job)) for job, what in whats.items()}
    return {job: (watched, judge(watched, whats[job])) for job, watched in ends.items()}


def while_waiting(failure: Failure, what: str, job: str | None) -> Failure:
    """The wait could not go on (login lost, certificate changed): what was started goes on by itself."""
    return failure.later("while waiting, ", what=what, job=job)


def read(client: Client, ids: t.Sequence[str], *, attempts: int = 4) -> dict[str, dict[str, t.Any]]:
    """The entries of these jobs, by id; those that the server does not know are left out.

    For an unknown id a 404, a 400 and an empty list are all borne (which of them is not documented). One request for
    up to 200 ids; when a batch is refused because of one id, its ids are asked for one by one.
    """
    found: dict[str, dict[str, t.Any]] = {}
    for begin in range(0, len(ids), BATCH):
        batch = ids[begin : begin + BATCH]
        try:
            found.update(_read(client, batch, attempts))
        except Failure as failure:
            if failure.status not in (400, 404):
                raise
            if len(batch) > 1:
                for one in batch:
                    found.update(read(client, [one], attempts=attempts))
    return found


def read_all(client: Client, *, children: bool = False) -> list[dict[str, t.Any]]:
    """Every job of the appliance, as a rule without its parts."""
    query = () if children else (("compact", "true"),)
    return _entries(client.read("/tasks", query=query, what="list jobs", max_body=MAX_LIST))


def poll(client: Client) -> t.Callable[[list[str]], dict[str, State]]:
    """For ``_wait.wait``: one look at all jobs that are still open."""
    return lambda ids: {ident: state(job) for ident, job in read(client, ids, attempts=1).items()}


def judge(watched: Watched, what: str) -> Failure | None:
    """The failure that the end of a wait for a job means; None when it went well or has to be judged by the resource."""
    job, at = watched.key, watched.state
    name = at.name if at else "never seen"
    facts: dict[str, t.Any] = {"what": what, "outcome": STARTED, "job": job, "details": {"job": job, "state": name}}
    if watched.end == "timed_out":
        percent = f", {at.percent:g} %" if at and at.percent is not None else ""
        return Failure(
            "wait_timeout",
            f"the job had not ended in time (last state: {name}{percent}).",
            f"It goes on by itself: wait for it with the module job (job {job}), or run this task again with a longer wait_timeout.",
            **facts,
        )
    if watched.end == "done" and at is not None and not at.ok:
        said = word(at.name)
        code = "job_cancelled" if said in CANCELLED else "job_interrupted" if said in INTERRUPTED else "job_failed"
        detail = f" ({at.detail})" if at.detail else ""
        message = _job_text(at.data)
        return Failure(
            code, f"the job ended as {name}{detail}.", "Look at the job on the server, then run again.", server_message=message, **facts
        )
    return None


def lost(watched: Watched, what: str) -> Failure:
    """A job that is gone while its resource does not show the wanted state."""
    return Failure(
        "job_lost",
        "the job can not be found any more and the resource does not show the wanted state.",
        "Look at the resource before running again.",
        what=what,
        outcome=UNKNOWN,
        job=watched.key,
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
        return clean(value, 2000)
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
