# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a module: its parameters, its clock, its secrets, and how it ends. Knows nothing of Ansible."""

from __future__ import annotations

import dataclasses
import math
import random
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    FINISHED,
    NONE,
    STARTED,
    UNKNOWN,
    Failure,
    bad_input,
)
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor, clean

if t.TYPE_CHECKING:
    # A module that only reads loads neither.
    from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
    from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Plan

# option -> (lowest, highest) that make sense; seconds but for concurrency
_RANGES = {
    "timeout": (0.05, 86400),
    "wait_timeout": (0, 31536000),
    "poll_interval": (0.01, 86400),
    "reconcile_timeout": (0, 3600),
    "concurrency": (1, 64),
}


@dataclasses.dataclass
class Run:
    """params: the validated options. ``clock`` and ``random`` can be replaced by a test.

    reveal: what a good result carries although the redactor knows it; only for a module whose very result is a secret.
    """

    params: dict[str, t.Any]
    check_mode: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)
    random: random.Random = dataclasses.field(default_factory=random.Random)
    redactor: Redactor = dataclasses.field(default_factory=Redactor)
    warnings: list[str] = dataclasses.field(default_factory=list)
    guards: list[Guard] = dataclasses.field(default_factory=list)
    reveal: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = self.params.get(name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise bad_input("config_number", f"{name} must lie between {low} and {high}.", f"Correct {name} and run again.")

    @property
    def fate(self) -> str:
        """What is known of all that this run has sent, for an end that nobody expected."""
        fates = [fate for guard in self.guards for fate in guard.fates.values()]
        if not fates:
            return NONE
        from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import worst

        return worst(fates)

    def warn(self, text: str) -> None:
        """A warning for the user: cleaned, without secrets, once each."""
        text = clean(self.redactor.text(text), 400)
        if text not in self.warnings:
            self.warnings.append(text)

    def guard(self, *key: str) -> Guard:
        """The lock and record for this kind of work; in check mode nothing is taken, since nothing is sent."""
        from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard

        params = self.params
        guard = Guard(
            params["state_dir"],
            key,
            self.clock,
            settle=params["reconcile_timeout"],
            required=params["lock"] == "required",
        )
        self.guards.append(guard)
        return t.cast("Guard", _NoGuard(guard.path)) if self.check_mode else guard


class _NoGuard:
    """Stands in for a guard in check mode."""

    def __init__(self, path: str) -> None:
        self.path, self.waited, self.note = path, 0.0, None
        self.unfinished: list[str] = []

    def __enter__(self) -> _NoGuard:
        return self

    def __exit__(self, *exc: t.Any) -> None:
        return None


def result(plan: Plan, *, changed: bool, outcome: str = NONE, **more: t.Any) -> dict[str, t.Any]:
    """A result with what every module returns. ``duration`` is added at the exit."""
    return {"changed": changed, "outcome": outcome, "plan": plan.public(), "diff": {"before": plan.before, "after": plan.after}, **more}


def fail_with(failure: Failure, outcome: dict[str, t.Any]) -> Failure:
    """``failure`` with the (partial) result that the user gets beside it."""
    failure.result = outcome
    return failure


def failed_result(failure: Failure, fate: str = NONE) -> dict[str, t.Any]:
    """The result of a failed run: what was reached, and the error.

    fate: :attr:`Run.fate`, for a failure on the way that knows nothing of what was sent before it.
    """
    if failure.result is None and failure.outcome == NONE:
        failure.outcome = fate
    partial = failure.result or {}
    outcome = partial.get("outcome", failure.outcome)
    return {
        "changed": failure.outcome in (STARTED, FINISHED, UNKNOWN),
        **partial,
        "outcome": outcome,
        "error": failure.public(),
        "msg": failure.message(),
    }


def of_many(failures: t.Sequence[Failure], count: int, noun: str) -> Failure:
    """One failure for several items: the first as it is, with the number of the others in front."""
    first = failures[0]
    if count == 1:
        return first
    known = [f.outcome for f in failures]
    summary = Failure(
        first.code,
        first.why,
        first.next_step,
        what=f"{len(failures)} of {count} {noun} failed; the first: {first.what}",
        outcome=UNKNOWN if UNKNOWN in known else first.outcome,
        status=first.status,
        system=first.system,
        operation=first.operation,
        resource=first.resource,
        job=first.job,
    )
    summary.server_message = first.server_message
    return summary
