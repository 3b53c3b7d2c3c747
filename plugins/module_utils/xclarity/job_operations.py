# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for jobs of XClarity Administrator, cancel them, delete them: what only these know, for the driver.

Sources: the pages "GET /tasks/{job_list}" and "PUT /tasks" (action cancel, a list of ids; 412 for missing values), and the
sentence of the vendor's page that jobs are deleted with DELETE /tasks/{job_list}. What the server answers for a job that
has ended or is not known is not documented, so the jobs are read first and decide at the end.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity

FINISHED, CANCELLED, ABSENT = "finished", "cancelled", "absent"


def check_ids(ids: t.Sequence[str]) -> list[str]:
    """The ids as they are sent. Raises for an empty list, for a double one and for what is no id."""
    if not ids:
        raise bad_input("config_empty", "jobs is an empty list.", "Name at least one job and run again.")
    found = [api.job_id(one) for one in ids]
    for given, ident in zip(ids, found, strict=True):
        if ident is None:
            raise bad_input("config_id", f"{given!r:.60} is no id of a job.", "Give the id that a module returned as job and run again.")
    if len(set(found)) != len(found):
        raise bad_input("duplicate_item", "a job is given more than once.", "Give each job once and run again.")
    return [ident for ident in found if ident is not None]


class SetJobs(Operation):
    """``current`` of an item is what the server says of the job; None when it does not know it.

    A record of an earlier run needs no question: the jobs themselves prove what became of its requests.
    """

    kind, noun, where = "jobs", "jobs", "the server's jobs"
    joins = True
    empty_ok = True
    refusals = (400, 404, 409, 410, 412)

    def __init__(self, run: Run, client: XClarity, ids: t.Sequence[str], state: str) -> None:
        super().__init__(run, client)
        self.ids, self.state = ids, state
        self.at_once, self.reads_only = state == ABSENT, state == FINISHED
        self.jobs = jobs.Reader(client) if state == FINISHED else None

    def read(self) -> list[Item]:
        there = jobs.read(self.client, self.ids)
        items = []
        for ident in self.ids:
            entry = there.get(ident)
            step = choose(ident, entry, self.state)
            item = Item(ident, ident, before=entry, current=entry, steps=[step] if step else [])
            # A job that nobody knows is waited for as well: it may show up late.
            stopping = self.state == CANCELLED and step is None and entry is not None and jobs.is_open(entry)
            item.join = ident if self.state == FINISHED or stopping else None
            items.append(item)
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        if self.state == FINISHED:
            return {item.key: self._as_followed(item) for item in items}
        now = jobs.read(self.client, [item.key for item in items], attempts=attempts)
        states = {}
        for item in items:
            entry = item.current = now.get(item.key)
            ended = entry is None or (self.state == CANCELLED and not jobs.is_open(entry))
            states[item.key] = State(ABSENT if entry is None else jobs.state(entry).name, done=ended, ok=ended)
        return states

    def _as_followed(self, item: Item) -> State:
        """The wait for the job was the last word."""
        seen = item.watched.state if item.watched is not None else None
        if seen is None or item.watched is None:
            return State("unknown", done=True)
        item.current = seen.data
        return State(seen.name, done=True, ok=item.watched.end == "done")

    def arrived(self, item: Item, outcome: Outcome, state: State) -> bool:
        return jobs.stopping(item.current) if self.state == CANCELLED else item.current is None

    def accept(self, step: Step, data: t.Any) -> Accepted:
        """The answer to a cancel or a deletion: 200 or 204, as a rule without a body."""
        if isinstance(data, dict) and "result" in data:
            api.check_result(data, step.what)
        return Accepted(step.resource, data)

    def ended(self, item: Item) -> None:
        if self.state == CANCELLED and item.current is not None and jobs.kind(item.current) != "cancelled":
            self.run.warn(f"The job {item.key} ended as {jobs.state(item.current).name} before the cancel took effect.")

    def not_reached(self, item: Item) -> Failure:
        if self.state == FINISHED:
            seen = item.watched is not None and item.watched.end == "lost"
            why = "the job was there and is gone" if seen else "the server does not know the job"
            return Failure(
                "job_lost" if seen else "job_not_found",
                f"{why}.",
                "Look at the resource that it worked on." if seen else "Look at job_info for ids, and run again.",
            )
        return Failure("effect_missing", "the server accepted the deletion, but the job is still there.", "Look at the job on the server.")

    def view(self, item: Item, after: bool) -> str:
        if after and item.steps:
            return self.state
        return ABSENT if item.before is None else jobs.state(item.before).name

    def present(self, item: Item) -> dict[str, t.Any]:
        if self.state == FINISHED and item.watched is not None and item.watched.state is not None:
            item.current = item.watched.state.data or item.current
        shown = jobs.public(item.current or {})
        if item.current is None:
            shown.update(state=ABSENT, status=None)
        return shown | {"id": item.key, **item.facts()}


def set_jobs(run: Run, client: XClarity, ids: t.Sequence[str], state: str) -> dict[str, t.Any]:
    """Wait for jobs, cancel or delete them; returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetJobs(run, client, ids, state))


def choose(ident: str, entry: t.Mapping[str, t.Any] | None, state: str) -> Step | None:
    """The request that cancels or deletes this job; None when there is nothing to do."""
    if entry is None or state == FINISHED:
        return None
    running = jobs.is_open(entry)
    if state == CANCELLED:
        if jobs.stopping(entry):
            return None
        return Step(
            operation="cancel",
            method="PUT",
            path="/tasks",
            resource=ident,
            why=f"it is {jobs.state(entry).name}",
            body={"action": "cancel", "list": [ident]},
            effect=("the cancel", "accepted"),
        )
    if running:
        raise bad_input(
            "job_running",
            f"the job {ident} is {jobs.state(entry).name}, and a running job cannot be deleted.",
            "Wait for it (state finished) or cancel it (state cancelled), then run again.",
            resource=ident,
            job=ident,
        )
    return Step(
        operation="delete",
        method="DELETE",
        path="/tasks/" + segment(ident, "job id"),
        resource=ident,
        why=f"it has ended as {jobs.state(entry).name}",
        effect=("the deletion", "accepted"),
    )
