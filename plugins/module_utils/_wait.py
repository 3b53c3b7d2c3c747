# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for many things with one poll: deadline on the monotonic clock, a bounded patience with faults, a history."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure

# A job that was seen and is gone is given three polls, one that never showed twenty polls or a minute.
VANISHED_POLLS = 3
NEVER_SEEN_POLLS, NEVER_SEEN_SECONDS = 20, 60.0
GRACE_READ = 30.0
# These do not pass by waiting.
FINAL = ("tls_untrusted", "tls_expired", "tls_hostname", "tls_protocol", "auth_failed", "forbidden", "redirect_refused", "reply_too_large")


@dataclasses.dataclass(frozen=True)
class State:
    """What one poll said of one thing. name: the state as the server reports it. done: it will not change any more. ok: it went well."""

    name: str
    done: bool = False
    ok: bool = False
    percent: float | None = None
    detail: str = ""
    data: t.Any = None


@dataclasses.dataclass
class Watched:
    """One thing being waited for, and how it ended: done, ``lost`` (seen, then gone), ``never_seen`` or ``timed_out``.

    silent: seconds since a poll was answered, 0 when the last one was. unread: why the last one was not, when the time was over then.
    """

    key: str
    state: State | None = None
    end: str = ""
    missing: int = 0
    silent: float = 0.0
    unread: Failure | None = None
    history: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    def see(self, state: State, second: float) -> None:
        self.missing, self.silent = 0, 0.0
        if self.state is None or state.name != self.state.name:
            self.history.append({"state": state.name, "second": round(second, 3)})
        self.state = state
        if state.done:
            self.end = "done"

    def miss(self, second: float) -> None:
        self.missing += 1
        self.silent = 0.0
        if self.state is not None and self.missing >= VANISHED_POLLS:
            self.end = "lost"
        elif self.state is None and (self.missing >= NEVER_SEEN_POLLS or second >= NEVER_SEEN_SECONDS):
            self.end = "never_seen"


def wait(
    keys: t.Iterable[str],
    poll: t.Callable[[list[str]], t.Mapping[str, State]],
    clock: Clock,
    *,
    timeout: float,
    interval: float,
    poll_failures: int = 10,
    pause: t.Callable[[], None] = lambda: None,
    seen: t.Callable[[t.Mapping[str, Watched]], None] = lambda watched: None,
) -> dict[str, Watched]:
    """Poll until each key is done, lost or out of time. One call of ``poll`` for all that are still open.

    poll: given the open keys, tells the state of those that it finds; may raise :class:`Failure`, of which
    ``poll_failures`` in a row are tolerated (an appliance that restarts, a login page), but none that waiting cannot fix.
    timeout, interval: seconds. After the deadline one more read is made, so that what ended meanwhile is not missed. pause:
    called before each sleep. seen: called after each poll, with how all of them stand.
    """
    began = clock.monotonic()
    deadline = Deadline(clock, timeout)
    watched = {key: Watched(key) for key in keys}
    if not watched:
        return watched
    failures = 0
    answered = 0.0
    unread: Failure | None = None
    grace = False
    while True:
        waiting = [key for key, one in watched.items() if not one.end]
        try:
            states = poll(waiting)
            failures, unread = 0, None
        except Failure as failure:
            failures += 1
            if failure.code in FINAL or not failure.transient or (failures > poll_failures and not _restarting(failure)):
                raise
            states, unread = None, failure
        second = clock.monotonic() - began
        if states is None:
            for key in waiting:
                watched[key].silent = second - answered
        else:
            answered = second
            for key in waiting:
                if key in states:
                    watched[key].see(states[key], second)
                else:
                    watched[key].miss(second)
        seen(watched)
        if grace or all(one.end for one in watched.values()):
            break
        grace = deadline.passed()
        if not grace:
            pause()
            clock.sleep(min(interval, max(deadline.left(), 0.0)))
            grace = deadline.passed()
    for one in watched.values():
        if not one.end:
            one.end, one.unread = "timed_out", unread
    return watched


def _restarting(failure: Failure) -> bool:
    """An appliance that restarts refuses connections for minutes; the wait's own deadline bounds that."""
    return failure.code in ("connect_refused", "connect_timeout", "connect_failed", "busy")
