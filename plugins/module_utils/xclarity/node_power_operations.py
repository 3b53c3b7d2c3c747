# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power servers on and off, and restart them: what only this knows, for the driver.

Requests for N servers: the open jobs, one reading, the identity, N, one poll for all jobs at a time, one reading. Up to a hundred servers
that are given by their UUIDs are read by these, all others from the list.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals
from ansible_collections.groundwork.provision.plugins.module_utils._operation import READ_BACK_INTERVAL, Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    api,
    busy,
    firmware_update_record,
    jobs,
    node_power,
    nodes,
)
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.node_power import OFF, RESTARTED, Desired, Power


class SetPower(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` its :class:`Power`."""

    kind, group, noun, where = "node_power", busy.GROUP, "nodes", "the power and the jobs of the server"
    refusals = (400, 409)
    empty_ok, lags = True, True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.jobs = jobs.Reader(client, joins=False)
        self._updates = firmware_update_record.Records(run.params.get("state_dir"), client.identity)

    def identity(self) -> tuple[str, ...]:
        return self._updates.server()

    def read(self) -> list[Item]:
        wanted = [one.node for one in self.asked]
        while True:
            going = busy.read(self.client)
            entries = nodes.find(nodes.read_for(self.client, wanted, node_power.ATTRIBUTES), wanted)
            late = self._late(entries, going)
            if not late:
                break
            # Others may have the lock meanwhile; what is acted on is read again with it.
            with self.others.released():
                self._wait_for(late)
        items = []
        refused = Refusals()
        for entry, desired, title in zip(entries, self.asked, nodes.titles(entries), strict=True):
            with refused:
                nodes.refuse_unmanaged(entry, title)
                power = node_power.parse(entry)
                step = node_power.plan(power, desired, title)
                if power.access.casefold() == "partial":
                    self.run.warn(f"The server {title} is reached in part only, so its power may not be as it is told.")
                items.append(Item(power.uuid, title, desired=desired, before=power, current=power, steps=[step] if step else []))
        refused.tell()
        busy.refuse(self.client, items, going)
        for item in items:
            job = None if item.steps or item.failure is not None else busy.job_of(going, item.key)
            if job is not None:  # it may be on its way to another power
                busy.fail(self.client, item, job)
        return items

    def _late(self, entries: t.Sequence[dict[str, t.Any]], going: busy.Going) -> dict[str, tuple[str, float]]:
        """The servers that do not show yet what an earlier run has sent, with the power that it asked for, and the seconds for which it is
        given time to show. What shows, and what does not in its time, is settled."""
        late: dict[str, tuple[str, float]] = {}
        for entry, title in zip(entries, nodes.titles(entries), strict=True):
            power = node_power.parse(entry)
            if not power.reached or busy.job_of(going, power.uuid) is not None:  # refused, and judged by a later run
                continue
            keys = node_power.keys(power.uuid)
            sent = [(found, goal) for key, goal in keys.items() if (found := self.others.accepted(key)) is not None]
            if not sent:
                continue
            last, goal = max(sent, key=lambda one: one[0].wall)
            left = self.run.params["reconcile_timeout"] - last.elapsed(self.run.clock)
            if power.power != goal and left > 0:
                late[power.uuid] = goal, left
                continue
            if power.power != goal:
                self.run.warn(
                    f"An earlier task asked for {title} to be powered {goal}. That was accepted, and the server still shows {power.power}."
                    " This task goes by what the server shows."
                )
            self.others.settled_by_reading(keys)
        return late

    def _wait_for(self, late: t.Mapping[str, tuple[str, float]]) -> None:
        """Until each server shows the power that it was asked for, or its time is over."""
        deadlines = {uuid: Deadline(self.run.clock, left) for uuid, (_goal, left) in late.items()}
        rest = list(late)
        while rest:
            self.run.clock.sleep(min(READ_BACK_INTERVAL, max(0.01, *(deadlines[uuid].left() for uuid in rest))))
            entries = nodes.read_for(self.client, rest, node_power.ATTRIBUTES)
            shown = {power.uuid for power in map(node_power.parse, entries) if power.uuid in late and power.power == late[power.uuid][0]}
            rest = [uuid for uuid in rest if uuid not in shown and not deadlines[uuid].passed()]

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        keys = [item.key for item in items]
        found = {
            nodes.key_of(entry): node_power.parse(entry)
            for entry in nodes.read_for(self.client, keys, node_power.ATTRIBUTES, attempts=attempts)
        }
        return {item.key: self._state(item, found[item.key]) for item in items if item.key in found}

    def _state(self, item: Item, now: Power) -> State:
        item.current = now
        good = node_power.reached(now, item.desired.state)
        return State(now.power if now.reached else f"{now.power} ({now.access})", done=good, ok=good)

    def find(self, unknown: Pairs) -> t.Mapping[str, Accepted]:
        """That a server is on does not tell whether it was restarted."""
        return super().find([(item, outcome) for item, outcome in unknown if not _is_restart(item)])

    def proves(self, item: Item) -> bool:
        return not _is_restart(item)

    def repeats(self, item: Item) -> bool:
        return _is_restart(item)

    def anew(self, item: Item) -> str:
        return "each run restarts every server that it names and that is on" if item.desired.state == RESTARTED else ""

    def shows_late(self, item: Item) -> bool:
        """The appliance tells the power from a cache."""
        return not _is_restart(item)

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        """As a rule an empty answer, whose header names the job."""
        if data is not None:
            api.check_result(data, step.what)
        return Accepted(api.started_job(data, headers), data)

    def ended(self, item: Item) -> None:
        if item.desired.state != OFF:
            self._updates.restarted(item.key, self.run.clock.wall())
        if _is_restart(item) and item.job is None:
            self.run.warn(f"The server named no job for the restart of {item.title}, so it is not known whether it has ended.")

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        return self.not_reached(item) if item.job is None else jobs.timed_out(item.job, watched, joins=False)

    def not_reached(self, item: Item) -> Failure:
        now: Power = item.current
        asked = item.desired
        why = f"its power shows {now.power} (access {now.access or 'not told'}) where {node_power.goal(asked.state)} was desired."
        if asked.state == OFF and asked.mode == "graceful":
            return Failure(
                "effect_missing", f"{why} An operating system may not heed a graceful stop.", "Set mode to immediate, or stop it by hand."
            )
        return Failure("effect_missing", why, "Look at the server, then run again.")

    def view(self, item: Item, after: bool) -> t.Any:
        before: Power = item.before
        if not after or not item.steps:
            return {"name": before.name, "power": before.power}
        restarted = {"restarted": "yes"} if _is_restart(item) else {}
        return {"name": before.name, "power": node_power.goal(item.desired.state), **restarted}

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**item.current.public(), "job": item.job, **item.facts()}


def _is_restart(item: Item) -> bool:
    """It was on, and is to be restarted."""
    return bool(item.desired.state == RESTARTED and item.before.power != OFF)


def set_power(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetPower(run, client, desired))
