# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every change is data before it is an act: steps, a plan, and what became of each step.

``Step`` and ``Plan`` are made by pure functions. ``send_step`` transmits one step at most once. What comes back is one of
three: refused (``not_started``), ``started``, ``unknown``. Unknown is read back by the driver, never sent again.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    JOB,
    NONE,
    NOT_STARTED,
    STARTED,
    UNKNOWN,
    Failure,
)
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK

if t.TYPE_CHECKING:
    from ansible_collections.groundwork.provision.plugins.module_utils._client import Client


@dataclasses.dataclass(frozen=True)
class Step:
    """One request that starts or changes something, for one resource, with one sentence why.

    path: as on the wire. query: pairs, not encoded. body: JSON-able. secret: names of body keys to
    mask, beside those that sound like a secret.
    operation: ``activate``, ``copy`` ... in the user's words. resource: the id that record and results know it by; title: the
    name for people, when that is another. effect: what an accepted request makes, and the participle for it. foreseen: its
    path holds what only an earlier request of the plan will tell; the step that is sent takes its place.
    """

    operation: str
    method: str
    path: str
    resource: str
    why: str
    query: tuple[tuple[str, str], ...] = ()
    body: t.Any = None
    secret: tuple[str, ...] = ()
    title: str = ""
    effect: tuple[str, str] = JOB
    foreseen: bool = False

    def public(self) -> dict[str, t.Any]:
        """The step as users see it; a real run sends exactly this."""
        body = [self._masked(one) for one in self.body] if isinstance(self.body, list) else self._masked(self.body)
        return {
            "method": self.method,
            "path": self.path,
            "query": masked(dict(self.query)),
            "body": masked(body),
            "resource": self.resource,
            "why": self.why,
        }

    def _masked(self, body: t.Any) -> t.Any:
        if not self.secret or not isinstance(body, dict):
            return body
        return {k: MASK if k in self.secret and v is not None else v for k, v in body.items()}

    @property
    def key(self) -> str:
        """What the record knows the request by."""
        return f"{self.operation}:{self.resource}"

    @property
    def name(self) -> str:
        return self.title or self.resource

    @property
    def what(self) -> str:
        """For messages: the operation, the resource, and the request without its query."""
        return f"{self.operation} {self.name} ({self.method} {self.path})"


@dataclasses.dataclass
class Plan:
    """The steps in the order of planning (several may be sent side by side), and the state before and after in the user's words, for
    ``--diff``."""

    steps: list[Step] = dataclasses.field(default_factory=list)
    before: t.Any = None
    after: t.Any = None

    def public(self) -> list[dict[str, t.Any]]:
        return [step.public() for step in self.steps]


@dataclasses.dataclass
class Outcome:
    """What became of one step. data: the parsed answer. job: the id of the job that it started, if told. needed: false when others
    brought the effect while it could not be sent."""

    step: Step
    state: str = NONE
    data: t.Any = None
    job: str | None = None
    failure: Failure | None = None
    reconciled: bool = False
    needed: bool = True

    @property
    def changed(self) -> bool:
        """True when this run started something, or may have: the safe side is that whoever reads the result looks."""
        return self.state in (STARTED, FINISHED, UNKNOWN)


@dataclasses.dataclass(frozen=True)
class Accepted:
    """What a system's ``accept`` makes of a 2xx answer: the job's id if there is one, and the parsed data."""

    job: str | None = None
    data: t.Any = None


class NotNeeded(Exception):
    """Raised in place of sending a request again that was refused for now: what it is to bring is there, by others."""


class Unproven(Exception):
    """Raised by ``accept``: a 2xx whose body does not prove that anything started. The state is read back."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Accept = t.Callable[[Step, t.Any, t.Mapping[str, str]], Accepted]


def send_step(
    client: Client, outcome: Outcome, accept: Accept, *, empty_ok: bool = False, turn: t.Callable[[], bool] | None = None
) -> None:
    """Send the step of ``outcome`` once; ``outcome`` is updated.

    accept: looks at the parsed answer (None for an empty body, when ``empty_ok``) and its headers; returns :class:`Accepted`, raises
    :class:`Failure` for a refusal inside a 200 and :class:`Unproven` for a shape that proves nothing. An exception of another
    kind (the run is told to end) leaves ``unknown`` when the request was transmitted, and ``none`` when not.
    turn: see :meth:`Client.start`; it may raise :class:`NotNeeded`, which leaves ``none`` and ``needed`` false.
    """
    step = outcome.step
    facts = {"what": step.what, "system": client.system, "operation": step.operation, "resource": step.name, "effect": step.effect}
    outcome.state = UNKNOWN  # until it is known better; whoever ends the run meanwhile finds it so
    try:
        reply = client.start(step.method, step.path, query=step.query, body=step.body, what=step.what, turn=turn)
    except NotNeeded:
        outcome.state, outcome.needed = NONE, False
        return
    except Failure as failure:
        outcome.state, outcome.failure = failure.outcome, failure.bare().about(**facts)
        return
    except BaseException:
        outcome.state = outcome.state if client.transmitted else NONE
        raise
    try:
        accepted = accept(step, None if empty_ok and not reply.body.strip() else reply.json(), reply.headers)
    except Unproven as unproven:
        doubt = Failure("bad_reply", unproven.why, outcome=UNKNOWN, status=reply.status, transient=True)
        outcome.state, outcome.failure = UNKNOWN, doubt.about(**facts)
    except Failure as failure:
        if failure.code in ("not_json", "bad_reply"):
            failure.outcome = UNKNOWN  # a 2xx of a shape that we do not know refuses nothing
        elif failure.outcome == NONE:
            failure.outcome = NOT_STARTED
        outcome.state, outcome.failure = failure.outcome, failure.bare().about(**facts, status=reply.status)
    else:
        outcome.state, outcome.data, outcome.job = STARTED, accepted.data, accepted.job or client.job_of(reply)


def worst(states: t.Iterable[str]) -> str:
    """One word for many outcomes: what a careful reader needs to know first."""
    found = set(states)
    for state in (UNKNOWN, STARTED, FINISHED, NOT_STARTED):
        if state in found:
            return state
    return NONE
