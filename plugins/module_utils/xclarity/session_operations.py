# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""End sessions that were left open: what only these know, for the driver. They are known by the digest of their id."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, sessions
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.sessions import Listed

OPEN, ABSENT = "open", "absent"


class EndSessions(Operation):
    """``before`` of an item is the :class:`Listed`, ``current`` whether it is still there. A record of an earlier run needs no
    question: a session that is not in the list has ended."""

    kind, noun, where = "sessions", "sessions", "the list of sessions"
    at_once, empty_ok = True, True
    refusals = (404,)
    client: XClarity

    def __init__(self, run: Run, client: XClarity, asked: t.Mapping[str, t.Any]) -> None:
        super().__init__(run, client)
        self.asked = asked

    def _listed(self, attempts: int = 4) -> list[Listed]:
        return sessions.read_all(self.client, self.run.params["state_dir"], self.run.redactor.add, attempts=attempts)

    def read(self) -> list[Item]:
        found = [one for one in self._listed() if sessions.fits(one, self.asked)]
        used = [one.title for one in found if one.in_use]
        if used and self.asked.get("sessions") is not None:
            raise bad_input(
                "session_in_use",
                f"a task of this machine is using {named(used)}.",
                "Leave them out, or wait for the task to end, and run again.",
                resource=used[0],
                resources=used,
            )
        return [Item(one.key, one.title, before=one, current=True, steps=[end_step(one)]) for one in found if not one.in_use]

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        there = {one.key for one in self._listed(attempts)}
        states = {}
        for item in items:
            item.current = item.key in there
            states[item.key] = State(OPEN if item.current else ABSENT, done=not item.current, ok=not item.current)
        return states

    def accept(self, step: Step, data: t.Any) -> Accepted:
        if isinstance(data, dict) and "result" in data:
            api.check_result(data, step.what)
        return Accepted(data=data)

    def not_reached(self, item: Item) -> Failure:
        return Failure("effect_missing", "the server accepted it, but the session is still open.", "Look at the list of sessions.")

    def view(self, item: Item, after: bool) -> str:
        return ABSENT if after else OPEN

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**item.before.public(), **item.facts()}


def end_step(one: Listed) -> Step:
    """The request that ends a session. Its path holds the id, which is masked wherever it is shown."""
    idle = "" if one.session.idle is None else f", and was not used for {one.session.idle:.0f} s"
    return Step(
        operation="end",
        method="DELETE",
        path="/sessions/" + segment(one.session.id, "session id"),
        resource=one.key,
        title=one.title,
        why=f"it is open{idle}",
        effect=("the request", "accepted"),
    )


def end_sessions(run: Run, client: XClarity, asked: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(EndSessions(run, client, asked))
