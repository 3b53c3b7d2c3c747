# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send one request of the user's own choice: what the driver has to know of it, which is little."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity


class SendRequest(Operation):
    """Nothing is known of the resource, so nothing can be read back: a lost answer stays unknown."""

    kind, noun, where = "requests", "requests", "the resource and the jobs of the server"
    at_once, empty_ok, about_one = True, True, True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, step: Step) -> None:
        super().__init__(run, client)
        self.step = step
        self.jobs = jobs.Reader(client, joins=False)

    def read(self) -> list[Item]:
        return [Item(self.step.resource, self.step.resource, steps=[self.step])]

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        if isinstance(data, dict):
            api.check_result(data, step.what, informational=True)
        return Accepted(api.started_job(data, headers), data)

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        return {item.key: State("accepted", done=True, ok=True) for item in items}

    def find(self, unknown: Pairs) -> t.Mapping[str, Accepted]:
        return {}

    def proves(self, item: Item) -> bool:
        return False

    def sends_anew(self, item: Item) -> bool:
        return True

    def not_reached(self, item: Item) -> Failure:
        return Failure("effect_missing", "the job of the request did not end well.", "Look at the job on the server, then run again.")

    def view(self, item: Item, after: bool) -> t.Any:
        return {"request": item.key, "body": masked(self.step.body)} if after else {}

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        (item,) = items
        return {"response": masked(item.data), "job": item.job, "history": item.history}


def send_request(run: Run, client: XClarity, step: Step) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SendRequest(run, client, step))
