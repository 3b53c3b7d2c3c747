# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait for actions of the clustering service, or cancel them."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions, api

FINISHED, CANCELLED = "finished", "cancelled"


class SetActions(Operation):
    """``current`` of an item is the action as read last."""

    kind, noun, where = "actions", "actions", "the actions of this project (cluster_action_info)"
    joins = True
    empty_ok, identity_is_known = True, True
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, ids: t.Sequence[str]) -> None:
        super().__init__(run, client)
        self.ids, self.state = ids, run.params["state"]
        self.reads_only = self.state == FINISHED
        self.holds = not self.reads_only  # an action does not show that it is to be cancelled
        self.jobs = actions.Reader(client) if self.state == FINISHED else actions.CancelReader(client)

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project, *(self.ids if len(self.ids) == 1 else ()))

    def read(self) -> list[Item]:
        items = []
        for ident in self.ids:
            action = actions.read(self.client, ident)
            if action is None:
                raise bad_input(
                    "action_not_found",
                    f"the service does not know the action {ident}.",
                    "Look at cluster_action_info for ids, and run again.",
                    resource=ident,
                    system=api.SYSTEM,
                )
            steps = [self._cancel(action)] if self.state == CANCELLED and actions.is_open(action) else []
            join = ident if self.state == FINISHED else None
            items.append(Item(ident, ident, before=action, current=action, steps=steps, join=join))
        if any(item.steps for item in items):
            self.client.require(12, "to cancel an action")
        return items

    def _cancel(self, action: actions.Action) -> Step:
        return Step(
            "cancel",
            "PATCH",
            f"{actions.PATH}/{segment(action['id'], 'action id')}",
            action["id"],
            f"it is {action['status']}",
            query=(("force", "true"),) if self.run.params["force"] else (),
            body={"action": {"status": "CANCELLED"}},
            effect=("the cancel", "accepted"),
        )

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return Accepted(job=step.resource)

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        states = {}
        for item in items:
            action = actions.read(self.client, item.key, attempts=attempts)
            item.current = action or item.current
            ended = action is not None and not actions.is_open(action)
            states[item.key] = State(action["status"] if action is not None else "unknown", done=ended, ok=ended)
        return states

    def ended(self, item: Item) -> None:
        if item.steps and item.current["status"] != actions.CANCELLED:
            self.run.warn(f"The action {item.key} ended as {item.current['status']} before the cancel took effect.")

    def not_reached(self, item: Item) -> Failure:
        return Failure("effect_missing", "the action has not ended.", "Look at the action and run again.")

    def conclude(self, items: t.Sequence[Item]) -> None:
        """With state finished and no wait: how it stands is the answer."""
        for item in items:
            if item.watched is not None and item.watched.state is not None and isinstance(item.watched.state.data, dict):
                item.current = item.watched.state.data

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        return {item.key: actions.CANCELLED if after and item.steps else item.before["status"] for item in items}

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**actions.public(item.current), **item.facts()}


def set_actions(run: Run, client: api.Clustering, ids: t.Sequence[str]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetActions(run, client, ids))
