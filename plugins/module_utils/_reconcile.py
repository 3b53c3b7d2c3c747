# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change is data before it is an act: steps, a plan, and what became of each step.

``Step`` and ``Plan`` are made by pure functions. ``apply`` sends each step at most once. What comes back is one of
three: refused (``not_started``), ``started``, ``unknown``. Unknown is read back, never sent again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
)
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK

if t.TYPE_CHECKING:
    from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
    from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard

READ_BACK_INTERVAL = 1.0


@dataclasses.dataclass(frozen=True)
class Step:
    """One request that starts or changes something, for one resource, with one sentence why.

    path: as on the wire. query: pairs, not encoded. body: JSON-able. secret: names of body keys to mask.
    operation: ``activate``, ``copy`` ... in the user's words.
    """

    operation: str
    method: str
    path: str
    resource: str
    why: str
    query: tuple[tuple[str, str], ...] = ()
    body: t.Any = None
    secret: tuple[str, ...] = ()

    def public(self) -> dict[str, t.Any]:
        """The step as users see it; a real run sends exactly this."""
        body = self.body
        if self.secret and isinstance(body, dict):
            body = {k: MASK if k in self.secret and v is not None else v for k, v in body.items()}
        return {
            "method": self.method,
            "path": self.path,
            "query": dict(self.query),
            "body": body,
            "resource": self.resource,
            "why": self.why,
        }

    @property
    def what(self) -> str:
        """For messages: the operation, the resource, and the request without its query."""
        return f"{self.operation} {self.resource} ({self.method} {self.path})"


@dataclasses.dataclass
class Plan:
    """The steps in the order of sending, and the state before and after in the user's words (for ``--diff``)."""

    steps: list[Step] = dataclasses.field(default_factory=list)
    before: t.Any = None
    after: t.Any = None

    def public(self) -> list[dict[str, t.Any]]:
        return [step.public() for step in self.steps]


@dataclasses.dataclass
class Outcome:
    """What became of one step. data: the parsed answer. job: the id of the job that it started, if told."""

    step: Step
    state: str = NONE
    data: t.Any = None
    job: str | None = None
    failure: Failure | None = None
    reconciled: bool = False

    @property
    def changed(self) -> bool:
        """True when this run started something, or may have: the safe side is that people and handlers look."""
        return self.state in (STARTED, FINISHED, UNKNOWN)


@dataclasses.dataclass(frozen=True)
class Accepted:
    """What a system's ``accept`` makes of a 2xx answer: the job's id if there is one, and the parsed data."""

    job: str | None = None
    data: t.Any = None


class Unproven(Exception):
    """Raised by ``accept``: a 2xx whose body does not prove that anything started. The state is read back."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def apply(
    client: Client,
    steps: t.Sequence[Step],
    accept: t.Callable[[Step, t.Any], Accepted],
    guard: Guard,
    *,
    concurrency: int = 1,
    stop: bool = False,
    empty_ok: bool = False,
    deadline: Deadline | None = None,
) -> list[Outcome]:
    """Send each step once; an outcome for each, in order.

    accept: looks at the parsed answer (None for an empty body, when ``empty_ok``); returns :class:`Accepted`, raises
    :class:`Failure` for a refusal inside a 200 and :class:`Unproven` for a shape that proves nothing.
    stop: after the first failure begin no other; those stay ``none`` with a failure that says so.
    """
    from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each

    if not steps:
        return []
    guard.intend(_key(step) for step in steps)

    def send(step: Step) -> Outcome:
        outcome = _send(client, step, accept, empty_ok, deadline)
        guard.resolve(_key(step), outcome.state)
        return outcome

    done = each(steps, send, concurrency=concurrency, stop=stop, failed=lambda outcome: outcome.failure is not None)
    outcomes = []
    for step, outcome in zip(steps, done, strict=True):
        if outcome is None:
            guard.resolve(_key(step), NOT_STARTED)
            outcome = Outcome(
                step, failure=Failure("skipped", "an earlier item failed and on_failure is stop.", "Run again.", what=step.what)
            )
        outcomes.append(outcome)
    return outcomes


def read_back(
    outcomes: t.Sequence[Outcome],
    find: t.Callable[[list[Outcome]], t.Mapping[int, Accepted]],
    clock: Clock,
    *,
    settle: float,
    where: str,
) -> None:
    """Learn what became of the steps whose answer was lost, by reading only; ``outcomes`` are updated in place.

    find: given the unknown outcomes, reads the server once and returns, by position in the list it was given, those
    that it finds done or under way. Asked until ``settle`` seconds have passed. where: the place that a person has to
    look at when nothing is found.
    """
    unknown = [outcome for outcome in outcomes if outcome.state == UNKNOWN]
    deadline = Deadline(clock, settle)
    while unknown:
        try:
            found = find(unknown)
        except Failure as failure:
            found = {}
            if not failure.transient:
                break
        for position, accepted in found.items():
            outcome = unknown[position]
            outcome.state, outcome.job, outcome.data = STARTED, accepted.job or outcome.job, accepted.data
            outcome.reconciled, outcome.failure = True, None
        unknown = [outcome for outcome in unknown if outcome.state == UNKNOWN]
        if deadline.passed():
            break
        if unknown:
            clock.sleep(min(READ_BACK_INTERVAL, max(deadline.left(), 0.01)))
    for outcome in unknown:
        if outcome.failure is not None:
            outcome.failure.next_step = f"Look at {where} for {outcome.step.resource} before running again."


def worst(states: t.Iterable[str]) -> str:
    """One word for many outcomes: what a careful reader needs to know first."""
    found = set(states)
    for state in (UNKNOWN, STARTED, FINISHED, NOT_STARTED):
        if state in found:
            return state
    return NONE


def unread(failure: Failure, outcome: Outcome) -> Failure:
    """What a reading afterwards failed with, told as what it is: the request was accepted, and that stays known."""
    step = outcome.step
    beginning = "the request was accepted, but what came of it could not be read: "
    return failure.later(beginning, what=step.what, operation=step.operation, resource=step.resource, job=outcome.job)


def refused_later(failure: Failure, earlier: t.Iterable[Outcome]) -> None:
    """A later step of one piece of work was refused: what its earlier steps have started stays started."""
    known = [outcome for outcome in earlier if outcome.state in (STARTED, FINISHED)]
    if known and failure.outcome in (NONE, NOT_STARTED):
        failure.outcome, failure.job = STARTED, known[0].job


def _key(step: Step) -> str:
    return f"{step.operation}:{step.resource}"


def _send(
    client: Client, step: Step, accept: t.Callable[[Step, t.Any], Accepted], empty_ok: bool, deadline: Deadline | None
) -> Outcome:
    facts = {"what": step.what, "system": client.system, "operation": step.operation, "resource": step.resource}
    try:
        reply = client.start(step.method, step.path, query=step.query, body=step.body, what=step.what, deadline=deadline)
    except Failure as failure:
        return Outcome(step, failure.outcome, failure=failure.about(**facts))
    try:
        if empty_ok and not reply.body.strip():
            accepted = accept(step, None)
        else:
            accepted = accept(step, reply.json())
    except Unproven as unproven:
        doubt = Failure("bad_reply", unproven.why, outcome=UNKNOWN, status=reply.status, transient=True)
        return Outcome(step, UNKNOWN, failure=doubt.about(**facts))
    except Failure as failure:
        if failure.code in ("not_json", "bad_reply"):
            failure.outcome = UNKNOWN  # a 2xx of a shape that we do not know refuses nothing
        elif failure.outcome == NONE:
            failure.outcome = NOT_STARTED
        return Outcome(step, failure.outcome, failure=failure.about(**facts, status=reply.status))
    return Outcome(step, STARTED, data=accepted.data, job=accepted.job)
