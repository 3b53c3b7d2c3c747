# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and delete remote file servers: what only these know, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Plan, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import remote_file_servers as servers
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.remote_file_servers import Server


class SetServer(Operation):
    """One entry. ``desired`` of the item is its :class:`Plan`, ``current`` the :class:`Server`, None when it is not there.

    A request of an earlier run that was killed is settled by this reading; of a secret nobody can tell, and setting it again
    does no harm.
    """

    kind, noun, where = "remote_file_servers", "servers", "the list of remote file servers"
    at_once, empty_ok, about_one = True, True, True

    def __init__(self, run: Run, client: XClarity, desired: t.Mapping[str, t.Any], secrets: t.Mapping[str, str]) -> None:
        super().__init__(run, client)
        self.asked, self.secrets = desired, secrets

    def read(self) -> list[Item]:
        params, listed = self.run.params, servers.read_all(self.client)
        if params["state"] == "absent" and params["server_id"]:
            there = servers.leaving(listed, self.asked["name"], params["server_id"])
        else:
            there = servers.current(listed, self.asked["name"], params["server_id"])
        plan = servers.plan(
            there, self.asked, state=params["state"], secrets=self.secrets, update_secret=params["update_secret"] == "always"
        )
        name = there.name if there else str(self.asked["name"] or params["server_id"])
        return [Item(there.id if there else name, name, desired=plan, before=there, current=there, steps=plan.steps)]

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        (item,) = items
        found = servers.reached(servers.read_all(self.client, attempts=attempts), item.steps[0])
        item.current = found if isinstance(found, Server) else None
        return {item.key: State("as desired" if found else "not as desired", done=bool(found), ok=bool(found))}

    def find(self, unknown: Pairs) -> t.Mapping[str, Accepted]:
        item, _outcome = unknown[0]
        plan: Plan = item.desired
        only_secrets = self.run.params["state"] == "present" and item.before is not None
        if only_secrets and servers.readable(plan.before) == servers.readable(plan.after):
            return {}  # a secret alone leaves no trace in the list, so nothing found there would prove anything
        return super().find(unknown)

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return servers.accept(step, data)

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the server accepted it, but the list does not show it.",
            "Look at the list of remote file servers and run again.",
        )

    def view(self, item: Item, after: bool) -> t.Any:
        plan: Plan = item.desired
        return plan.after if after else plan.before

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        shown = item.current if item.verified or not item.outcomes else None
        return {"server": shown.public() if shown else {}, "reconciled": item.reconciled}


def set_server(run: Run, client: XClarity, desired: t.Mapping[str, t.Any], secrets: t.Mapping[str, str]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetServer(run, client, desired, secrets))
