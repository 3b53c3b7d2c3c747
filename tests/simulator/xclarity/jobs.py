# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs: what /tasks (current) and /jobs (old) show, and what happens when a job's time has come.

A job runs for a set number of seconds on the simulator's clock; its percentage is the share that has passed. Its effect
happens at its end, and not at all when it fails, is cancelled, or a rule says so.

A rule of switch `fail_next` is used up by the first job it fits:

    {"kind": "copy", "resource": "...",    both optional: what it fits (the resource is an id, uuid or file name)
     "state": "Stopped_With_Error",        state at the end (100 %); default Complete
     "effect": false,                      does the effect happen; default: only for Complete and CompleteWithWarnings
     "children": ["Complete", "Stopped_With_Error"],   states of the children at the end, in place of the own state
     "seconds": 5,                         how long it runs
     "stuck_at": 99,                       it stops at this percentage and never ends
     "vanish": 0.1,                        it is dropped from the lists this many seconds after its start
     "message": "...",                     text of its summary at the end
     "times": 2}                           how many jobs it hits; -1: all. Default 1
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core import dumps, path_id
from .replies import Refused, call, json_body, reply

if TYPE_CHECKING:
    from . import XClarity

GOOD = ("Complete", "CompleteWithWarnings")
NEVER = float("inf")


class Job:
    """One job. `finish(good)` is called once, when it has ended in any way."""

    def __init__(self, number: int, kind: str, title: str, resource: str, user: str, start: float, seconds: float,
                 parts: list[str], finish: Callable[[bool], None], rule: dict[str, Any]) -> None:
        self.id = str(number)
        self.number = number
        self.kind = kind
        self.title = title
        self.resource = resource
        self.user = user
        self.start = start
        self.parts = parts
        self.finish = finish
        self.rule = rule
        self.seconds = float(rule.get("seconds", seconds))
        self.end = NEVER if "stuck_at" in rule else start + self.seconds
        self.final: str | None = None
        self.ended: float | None = None
        self.cancelling = False
        #: Does it run until release(), in place of for a time.
        self.waits = False
        self.progress_at_end = 100.0
        self.text: bytes | None = None

    def progress(self, now: float) -> float:
        if self.final is not None:
            return self.progress_at_end
        share = (now - self.start) / self.seconds if self.seconds else 1.0
        return round(min(share * 100, float(self.rule.get("stuck_at", 99))), 1)

    def state(self) -> str:
        return self.final or ("Cancelling" if self.cancelling else "Running")

    def child_states(self) -> list[str]:
        given = self.rule.get("children")
        if self.final is not None and given and not self.cancelling:
            return list(given)
        return [self.state()] * len(self.parts)


class Jobs:
    """All jobs of the server."""

    def __init__(self, system: XClarity) -> None:
        self.system = system
        self.reset()

    def reset(self) -> None:
        self._moment: float | None = None
        self.all: dict[str, Job] = {}
        self._due: list[tuple[float, int, Job]] = []
        self._next = 11
        self.cancels = 0

    def seed(self, next_id: int) -> None:
        self._next = max(self._next, int(next_id))

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/tasks", self.tasks, methods=["GET"]),
            Route("/tasks", self.cancel, methods=["PUT"]),
            Route("/tasks/{ids}", self.tasks, methods=["GET"]),
            Route("/tasks/{ids}", self.update, methods=["PUT"]),
            Route("/tasks/{ids}", self.delete, methods=["DELETE"]),
            Route("/jobs", self.old_list, methods=["GET"]),
            Route("/jobs/{id}", self.old_one, methods=["GET"]),
            Route("/jobs/{id}", self.old_cancel, methods=["PUT"]),
            Route("/jobs/{ids}", self.delete, methods=["DELETE"]),
        ]

    # --- life of a job ---

    def begin(self, kind: str, title: str, resource: str, user: str, finish: Callable[[bool], None],
              parts: list[str] | None = None, waits: bool = False) -> Job:
        """Start a job. `parts` are the titles of its children; with `waits` it runs until `release()`."""
        switches = self.system.switches
        seconds = float(switches["job_seconds_by_kind"].get(kind, switches["job_seconds"]))
        job = Job(self._next, kind, title, resource, user, self.system.clock.now(), seconds, parts or [title], finish,
                  self._rule(kind, resource))
        self._next += 1
        self.all[job.id] = job
        if waits and job.end != NEVER:
            job.end = NEVER
            job.waits = True
        if job.end != NEVER:
            heapq.heappush(self._due, (job.end, job.number, job))
        return job

    def _rule(self, kind: str, resource: str) -> dict[str, Any]:
        rules = self.system.switches["fail_next"]
        rules = [rules] if isinstance(rules, dict) else list(rules or [])
        for index, rule in enumerate(rules):
            if rule.get("kind") in (None, kind) and rule.get("resource") in (None, resource):
                times = int(rule.get("times", 1))
                rules[index:index + 1] = [] if times == 1 else [{**rule, "times": times - 1 if times > 0 else -1}]
                # A new list, so that the defaults of the switches stay what they are.
                self.system.switches["fail_next"] = rules
                return dict(rule)
        return {}

    def settle(self) -> None:
        """Let everything happen whose time has come, in the order of time."""
        now = self.system.clock.now()
        while self._due and self._due[0][0] <= now:
            end, _number, job = heapq.heappop(self._due)
            if job.final is None and job.end == end:
                self._finish(job, "Cancelled" if job.cancelling else str(job.rule.get("state", "Complete")), end)

    def release(self, job: Job) -> None:
        """End a job that was waiting for something."""
        if job.final is None:
            self._finish(job, str(job.rule.get("state", "Complete")), self.system.clock.now())

    def stop(self, job: Job, at_once: bool = False) -> None:
        """Cancel a running job."""
        now = self.system.clock.now()
        job.progress_at_end = job.progress(now)
        job.cancelling = True
        job.end = now + (0 if at_once else self.system.switches["cancel_seconds"])
        self.cancels += 1
        if job.end <= now:
            self._finish(job, "Cancelled", now)
        else:
            heapq.heappush(self._due, (job.end, job.number, job))

    def _finish(self, job: Job, state: str, when: float) -> None:
        job.final, job.ended = state, when
        if not job.cancelling:
            job.progress_at_end = 100.0
        self._moment = when
        try:
            job.finish(bool(job.rule.get("effect", state in GOOD)) and not job.cancelling)
        finally:
            self._moment = None

    def moment(self) -> float:
        """Now; while the effect of a job happens, the time at which the job ended, which may be noticed later."""
        return self.system.clock.now() if self._moment is None else self._moment

    def running(self, kind: str) -> Job | None:
        return next((job for job in self.all.values() if job.kind == kind and job.final is None), None)

    def _visible(self, job: Job, now: float) -> bool:
        kept = self.system.switches["job_kept_seconds"]
        if "vanish" in job.rule and now >= job.start + job.rule["vanish"]:
            return False
        if kept is not None and job.ended is not None and now >= job.ended + kept:
            return False
        return now >= job.start + self.system.switches["job_visible_after"]

    def _named(self, ids: str) -> list[Job]:
        """The visible jobs of a comma list, in its order; refuses as the switch says when none is known."""
        now = self.system.clock.now()
        found = [self.all[one] for one in dict.fromkeys(ids.split(",")) if one in self.all]
        return [job for job in found if self._visible(job, now)]

    # --- /tasks ---

    def _task(self, job: Job, now: float, compact: bool) -> bytes:
        if job.text is not None and not compact:
            return job.text
        words = self.system.switches["task_status_words"]
        clock = self.system.clock
        done = job.final is not None
        shared = {
            "createdBy": job.user, "startTime": clock.iso(job.start),
            "endTime": clock.iso(job.ended) if job.ended is not None else None,
        }
        entry: dict[str, Any] = {
            "jobUID": job.id, "status": words.get(job.state(), job.state()), "percentage": job.progress(now),
            "complete": done, "title": job.title, "summary": self._summary(job), "isCancelable": not done, **shared,
        }
        if not compact:
            states = job.child_states()
            entry["children"] = [
                {
                    "jobUID": f"{job.id}-{number}", "status": words.get(state, state), "percentage": job.progress(now),
                    "complete": done, "title": job.parts[min(number, len(job.parts)) - 1], "children": [], **shared,
                }
                for number, state in enumerate(states, 1)
            ]
        text = dumps(entry)
        if done and not compact and not words:
            job.text = text
        return text

    def _summary(self, job: Job) -> Any:
        """Formatted text, as the pages describe it: an array of {"text", "format"}."""
        if job.final is None:
            return [{"text": f"{job.title} is running.", "format": ["paragraph"]}]
        words = job.rule.get("message") or f"{job.title}: {job.final}."
        return [{"text": [{"text": words, "format": ["bold"]}], "format": ["paragraph"]}]

    @call()
    async def tasks(self, request: Request, _user: str) -> Response:
        now = self.system.clock.now()
        if "ids" in request.path_params:
            jobs = self._named(path_id(request, "ids"))
            unknown = self.system.switches["unknown_task_reply"]
            if not jobs and unknown != "empty":
                raise Refused(unknown, "FQXHMJM9001J", "The job was not found.", "List the jobs and try again.")
        else:
            jobs = [job for job in self.all.values() if self._visible(job, now)]
        query = request.query_params
        compact = query.get("compact") == "true" or query.get("children") == "false"
        return reply(self.system, b"[" + b",".join([self._task(job, now, compact) for job in jobs]) + b"]")

    @call(licensed=True)
    async def cancel(self, request: Request, _user: str) -> Response:
        body = await json_body(request)
        ids = body.get("list")
        if "action" not in body or not ids:
            raise Refused(412, "FQXHMJM9002J", "action and list are required.")
        if body["action"] != "cancel" or not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise Refused(400, "FQXHMJM9003J", "action must be cancel, and list a list of job IDs.")
        jobs = self._named(",".join(ids))
        if len(jobs) != len(set(ids)):
            raise Refused(400, "FQXHMJM9001J", "The job was not found.")
        self._stop_all(jobs)
        return reply(self.system, None)

    def _stop_all(self, jobs: list[Job]) -> None:
        if any(job.final is not None for job in jobs):
            raise Refused(self.system.switches["cancel_finished_status"], "FQXHMJM9004J", "The job has ended already.")
        for job in jobs:
            if not job.cancelling:
                self.stop(job)

    @call(licensed=True)
    async def update(self, request: Request, _user: str) -> Response:
        await json_body(request)
        if not self._named(path_id(request, "ids")):
            raise Refused(404, "FQXHMJM9001J", "The job was not found.")
        return reply(self.system, None)

    @call()
    async def delete(self, request: Request, _user: str) -> Response:
        ids = path_id(request, "ids")
        jobs = self._named(ids)
        if not jobs or len(jobs) != len(set(ids.split(","))):
            raise Refused(404, "FQXHMJM9001J", "The job was not found.")
        if any(job.final is None for job in jobs):
            raise Refused(400, "FQXHMJM9005J", "A running job cannot be deleted.", "Cancel the job first.")
        for job in jobs:
            del self.all[job.id]
        status = self.system.switches["delete_task_status"]
        return reply(self.system, None if status == 204 else {}, status)

    # --- /jobs, the old view ---

    def _old(self, job: Job, now: float) -> dict[str, Any]:
        clock = self.system.clock
        return {
            "id": job.id, "uuid": job.resource, "category": "MANAGEMENT", "createdBy": job.user, "cancelledBy": "",
            "isCancelable": job.final is None, "cancelURI": f"/jobs/{job.id}", "messageDisplay": job.title,
            "messageID": "", "messageBundle": "", "messageParameters": [], "typeId": job.kind, "legacy": False,
            "startTime": clock.iso(job.start), "endTime": clock.iso(job.ended) if job.ended is not None else "",
            "status": {
                "state": job.state(), "percentage": int(job.progress(now)), "description": [job.title],
                "substatus": [
                    {"id": f"{job.id}-{number}", "status": {"state": state, "percentage": int(job.progress(now))}}
                    for number, state in enumerate(job.child_states(), 1)
                ],
            },
        }

    @call()
    async def old_list(self, request: Request, _user: str) -> Response:
        now = self.system.clock.now()
        if not self.system.switches["older_jobs_served"]:
            raise Refused(404, "FQXHMCR9004J", "The requested resource was not found.")
        state, uuid = request.query_params.get("state"), request.query_params.get("uuid")
        jobs = [
            job for job in self.all.values()
            if self._visible(job, now) and state in (None, job.state()) and uuid in (None, job.resource)
        ]
        return reply(self.system, [self._old(job, now) for job in jobs])

    def _one(self, request: Request) -> Job:
        jobs = self._named(path_id(request))
        if not jobs:
            raise Refused(404, "FQXHMJM9001J", "The job was not found.")
        return jobs[0]

    @call()
    async def old_one(self, request: Request, _user: str) -> Response:
        return reply(self.system, self._old(self._one(request), self.system.clock.now()))

    @call()
    async def old_cancel(self, request: Request, _user: str) -> Response:
        body = await json_body(request)
        if str(body.get("cancelRequest")).lower() != "true":
            raise Refused(400, "FQXHMJM9003J", "cancelRequest must be true.")
        self._stop_all([self._one(request)])
        return reply(self.system, {})

    def state(self) -> list[dict[str, Any]]:
        now = self.system.clock.now()
        return [
            {"id": job.id, "kind": job.kind, "resource": job.resource, "state": job.state(),
             "percentage": job.progress(now), "user": job.user, "start": job.start, "ended": job.ended}
            for job in self.all.values()
        ]
