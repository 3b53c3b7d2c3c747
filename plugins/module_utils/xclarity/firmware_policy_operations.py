# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign compliance policies and take them away: what only this knows, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import busy, firmware, firmware_policy, jobs, nodes
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_policy import Desired


class SetPolicies(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` its :class:`Compliance`."""

    kind, group, noun, where = "firmware_policy", busy.GROUP, "nodes", "the compliance of the server"
    empty_ok = True
    joins = True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.absent = run.params["state"] == "absent"
        self.jobs = jobs.Reader(client)
        self.names: dict[str, str] = {}
        self.access: dict[str, str] = {}

    def read(self) -> list[Item]:
        wanted = [one.node for one in self.asked]
        going = busy.read(self.client)  # before the comparison, so that one that ends in between shows there
        entries = nodes.find(nodes.read_for(self.client, wanted, firmware.NODE_ATTRIBUTES), wanted)
        if not self.absent:
            firmware.refuse_unknown_policies(firmware.read_policies(self.client), [one.policy for one in self.asked])
        results = firmware.read_compliance(self.client)
        items = []
        refused = Refusals()
        for entry, desired, title in zip(entries, self.asked, nodes.titles(entries), strict=True):
            with refused:
                nodes.refuse_unmanaged(entry, title)
                key = nodes.key_of(entry)
                now = firmware.of_node(results, key, title)
                step = firmware_policy.plan(now, desired, title, absent=self.absent)
                self.names[key] = str(entry.get("name") or "")
                self.access[key] = str(entry.get("accessState") or "")
                items.append(Item(key, title, desired=desired, before=now, current=now, steps=[step] if step else []))
        refused.tell()
        comparing = {device: job for job, device, text in reversed(going) if firmware_policy.may_compare(text)}
        for item in items:
            if item.key in comparing:  # the policy that was assigned shows when its comparison has ended, this one or another
                item.steps, item.join = [], comparing[item.key]
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        results = firmware.read_compliance(self.client, attempts=attempts)
        states = {}
        for item in items:
            if item.key in results:
                now = item.current = results[item.key]
                good = not now.policy if self.absent else now.policy == item.desired.policy
                states[item.key] = State(now.policy or "no policy", done=good, ok=good)
        return states

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return firmware_policy.accept(step, data)

    def not_reached(self, item: Item) -> Failure:
        now: Compliance = item.current
        shown = f"the policy {now.policy}" if now.policy else "no policy"
        if item.join is not None:
            return Failure(
                "effect_missing",
                f"the job {item.join} of another task has ended, and the server shows {shown}.",
                "Run again if the policy of this task is still wanted.",
            )
        return Failure(
            "effect_missing",
            f"the server shows {shown}.",
            "Look whether the policy fits this kind of server, and run again.",
        )

    def view(self, item: Item, after: bool) -> t.Any:
        before: Compliance = item.before
        if not after or not item.steps:
            return {"policy": before.policy}
        return {"policy": "" if self.absent else item.desired.policy}

    def present(self, item: Item) -> dict[str, t.Any]:
        now: Compliance = item.current
        return {
            "uuid": item.key, "name": self.names.get(item.key, ""), "access": self.access.get(item.key, ""), "policy": now.policy,
            "compliant": now.compliant, "to_update": [one.name for one in now.to_update], "job": item.job,
            "joined": item.join is not None, **item.facts(),
        }  # fmt: skip


def set_policies(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetPolicies(run, client, desired))
