# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a module: its parameters, its clock, its secrets, and how it ends. Knows nothing of Ansible."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
import random
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Ended, Stop
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
    from ansible_collections.groundwork.provision.plugins.module_utils._guard import Entry, Guard
    from ansible_collections.groundwork.provision.plugins.module_utils._logins import Logins
    from ansible_collections.groundwork.provision.plugins.module_utils._progress import Progress
    from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Outcome

# option -> (lowest, highest) that make sense; seconds but for concurrency
RANGES = {
    "timeout": (0.05, 86400),
    "wait_timeout": (0, 31536000),
    "poll_interval": (0.01, 86400),
    "reconcile_timeout": (0, 3600),
    "lock_timeout": (0, 31536000),
    "concurrency": (1, 64),
    "max_sessions": (0, 64),
    "session_timeout": (0, 31536000),
}


def out_of_range(option: str, value: float | None) -> str:
    """What is wrong with the number of an option of this name, such as "must lie between 0 and 64"; empty where it makes sense."""
    low, high = RANGES[option]
    return "" if value is None or low <= value <= high else f"must lie between {low} and {high}"


class Others(t.Protocol):
    """What a run has to do with the others of this machine while it waits for something."""

    def released(self) -> t.ContextManager[None]:
        """Meanwhile others may have the lock."""

    def reserved(self, thing: str) -> bool:
        """Another run has further requests for it."""

    def accepted(self, key: str) -> Entry | None:
        """The request of an earlier run, if it is in the record and is known to have been accepted."""

    def settled_by_reading(self, keys: t.Iterable[str]) -> None:
        """A reading has shown what became of these requests."""


@dataclasses.dataclass
class Run:
    """params: the validated options. ``clock`` and ``random`` can be replaced by a test.

    outcomes: what became of every request that changes something. partial: what was reached, for an end that nobody expected.
    ending: fills into a failure that came from outside of the driver what is known of each item by then.
    task: names the task of this run of Ansible, the same for each of its attempts; empty where that is not known.
    logins: what the tasks of this run of Ansible know of log-ins; None for one that is alone.
    say: shows a line to whoever watches the run, where there is somebody; part: shows the last one of a run that is told to end.
    reveal: what a good result carries although the redactor knows it; only for a module whose very result is a secret.
    after_told: what is done once the result is out, since it holds only for what somebody could read.
    """

    params: dict[str, t.Any]
    check_mode: bool = False
    clock: Clock = dataclasses.field(default_factory=Clock)
    random: random.Random = dataclasses.field(default_factory=random.Random)
    redactor: Redactor = dataclasses.field(default_factory=Redactor)
    warnings: list[str] = dataclasses.field(default_factory=list)
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    partial: dict[str, t.Any] | None = None
    ending: t.Callable[[Failure], None] | None = None
    reveal: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    task: str = ""
    logins: Logins | None = None
    say: t.Callable[[str], None] | None = None
    part: t.Callable[[str], None] | None = None
    after_told: list[t.Callable[[], None]] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock.stop = Stop()
        for name in RANGES:
            wrong = out_of_range(name, self.params.get(name))
            if wrong:
                raise bad_input("config_number", f"{name} {wrong}.", f"Correct {name} and run again.")
        place = os.path.expanduser(self.params.get("state_dir") or "~")
        if not place.startswith(("/", "~")):
            raise bad_input(
                "config_options",
                "state_dir is no absolute path. A run from another directory would not know of this one.",
                "Set state_dir, or the environment variable GROUNDWORK_STATE_DIR, to an absolute path and run again.",
            )

    @property
    def fate(self) -> str:
        """What is known of all that this run has sent, for an end that nobody expected."""
        if not self.outcomes:
            return NONE
        from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import worst

        return worst(outcome.state for outcome in self.outcomes)

    def told(self) -> None:
        """The result is out. Never raises."""
        for call in self.after_told:
            with contextlib.suppress(Failure, OSError, Ended):
                call()

    def warn(self, text: str) -> None:
        """A warning for the user: cleaned, without secrets, once each."""
        text = clean(self.redactor.text(text), 400)
        if text not in self.warnings:
            self.warnings.append(text)

    @functools.cached_property
    def progress(self) -> Progress:
        """What is told while it waits."""
        from ansible_collections.groundwork.provision.plugins.module_utils._progress import Progress

        def masked(show: t.Callable[[str], None] | None) -> t.Callable[[str], None] | None:
            return show and (lambda text: show(clean(self.redactor.text(text), 400)))

        return Progress(self.clock, masked(self.say), masked(self.part))

    def rows(self, many: str, keys: t.Sequence[str]) -> list[dict[str, t.Any]]:
        """The items of either form, the options ``keys`` themselves or the list in the option ``many``, whose entries have what they do
        not set from these options. An empty list is refused."""
        listed = self.params[many]
        if listed is None:
            return [{key: self.params[key] for key in keys}]
        if not listed:
            raise bad_input("config_empty", f"{many} is an empty list.", f"Name at least one of {many} and run again.")
        return [{key: self.params.get(key) if row.get(key) is None else row[key] for key in keys} for row in listed]

    def guard(self, system: str, kind: str, group: str = "") -> Guard:
        """The lock and record for this kind of work; the lock is that of the group where it has one."""
        from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard

        params = self.params
        return Guard(
            params["state_dir"],
            system,
            kind,
            self.clock,
            settle=params["reconcile_timeout"],
            required=params["lock"] == "required",
            teller=self.task,
            group=group,
        )


def failed_result(failure: Failure, run: Run | None = None) -> dict[str, t.Any]:
    """The result of a failed run: what was reached, and the error.

    run: for a failure on the way that knows nothing of what was sent before it.
    """
    if failure.result is None and run is not None:
        failure.result = run.partial
        if run.ending is not None and failure.outcome == NONE:
            run.ending(failure)
        elif failure.outcome == NONE:
            failure.outcome = run.fate
            effects = {outcome.step.effect for outcome in run.outcomes if outcome.changed}
            failure.about(effect=effects.pop() if len(effects) == 1 else ("the request", "accepted") if effects else None)
    partial = failure.result or {}
    outcome = partial.get("outcome", failure.outcome)
    return {
        "changed": failure.outcome in (STARTED, FINISHED, UNKNOWN),
        **partial,
        "outcome": outcome,
        "error": failure.public(),
        "msg": failure.message(),
    }
