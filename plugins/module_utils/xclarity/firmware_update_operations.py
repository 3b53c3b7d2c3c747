# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the firmware of servers to their policy: what only this knows, for the driver.

Requests for N servers: the open jobs, the servers, the state of updates, the comparison, the identity, N, one poll for all jobs at a
time, and the two readings again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, ended_badly, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    api,
    busy,
    firmware,
    firmware_update_record,
    firmware_updates,
    jobs,
    nodes,
)
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_updates import Desired, Part


class UpdateFirmware(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` its :class:`Compliance`."""

    kind, group, noun, where = "firmware_update", busy.GROUP, "nodes", "the updates and the compliance of the server"
    joins = True
    lags = True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.jobs = jobs.Reader(client)
        self.names: dict[str, str] = {}
        self.parts: dict[str, list[Part]] = {}
        self._old: dict[str, list[Part]] = {}  # as they were for the plan
        self._good_since: dict[str, float] = {}
        self._joined: dict[str, set[str]] = {}  # the jobs of the updates that are joined
        self._brought: dict[str, set[str]] = {}  # their components, also of those that are not told any more
        self._again: set[str] = set()  # planned again after what was joined, which is done once
        self._records = firmware_update_record.Records(run.params.get("state_dir"), client.identity)
        self._in_effect: dict[str, firmware_update_record.Record] = {}  # what the comparison does not show, also after its time
        self._asked: dict[str, firmware_update_record.Record] = {}  # what this run sends, also where it cannot be recorded
        self._awaited: dict[str, list[str]] = {}

    def identity(self) -> tuple[str, ...]:
        return self._records.server()

    def read(self) -> list[Item]:
        wanted = [one.node for one in self.asked]
        going = busy.read(self.client)
        entries = nodes.find(nodes.read_for(self.client, wanted, firmware.NODE_ATTRIBUTES), wanted)
        # In this order: an update that ends between the two readings shows in the comparison, and not in neither.
        self.parts = self._old = firmware_updates.read_status(self.client)
        results = firmware.read_compliance(self.client)
        self._in_effect = {}
        items = []
        told = []
        refused = Refusals()
        for entry, desired, title in zip(entries, self.asked, nodes.titles(entries), strict=True):
            with refused:
                nodes.refuse_unmanaged(entry, title)
                now = firmware.of_node(results, nodes.key_of(entry), title)
                under_way = firmware_updates.busy(self.parts.get(nodes.key_of(entry), []))
                names = [] if under_way else firmware_updates.components(now, desired, title)
                told.append((entry, desired, title, now, under_way, names))
        refused.tell()
        for entry, desired, title, now, under_way, names in told:
            key = nodes.key_of(entry)
            waits = self._remembered(key, now, desired, names)
            if waits is not None and (waits.activation == "immediate" or waits.effective is not None):
                if waits.effective is None:  # the run that has sent it did not see its end
                    wall = self.run.clock.wall()
                    waits = dataclasses.replace(waits, effective=wall) if self.run.check_mode else self._records.effective(key, waits, wall)
                self._in_effect[key] = waits
                waits = waits if waits.lags(self.run.clock.wall()) else None
            step = firmware_updates.request(now, desired, title, names) if names and not waits else None
            if step is not None and nodes.is_offline(entry):
                refused.found.append(nodes.offline(title, "its firmware cannot be updated"))
            if now.compliant and not self.run.check_mode:
                self._records.forget(key)
            self.names[key] = str(entry.get("name") or "")
            item = Item(key, title, desired=desired, before=now, current=now, steps=[step] if step else [])
            if under_way:
                item.join = ""
                self._mine(item)  # which job it is
            elif waits is not None:
                item.join = busy.job_of(going, key) if key in self._in_effect else ""
                self._joined[key] = {part.job for part in self.parts[key] if part.name in names}
                self._mine(item)
            elif step is None:
                self._wait_for_other(item, busy.job_of(going, key))
            items.append(item)
        refused.tell()
        busy.refuse(self.client, items, going)
        return items

    def _remembered(
        self, key: str, now: Compliance, desired: Desired, names: t.Sequence[str]
    ) -> firmware_update_record.Record | None:  # fmt: skip
        """An earlier run has asked for all of these components, they have ended well, and lack a restart or the comparison only."""
        record = self._records.read(key) if names else None
        if record is None or not firmware_update_record.waits(record, desired.activation, now, names, self.parts.get(key, [])):
            return None
        return record

    def check(self, items: t.Sequence[Item]) -> None:
        self._tell_what_lags(items)
        self.conclude(items)

    def conclude(self, items: t.Sequence[Item]) -> None:
        """What has ended well and does not show."""
        for item in items:
            now: Compliance = item.current
            with contextlib.suppress(Failure):  # where it cannot be told any more, nothing is
                record = None if now.compliant else self._asked.get(item.key) or self._records.read(item.key)
                names = firmware_update_record.awaited(record, now, self.parts.get(item.key, [])) if record is not None else []
                if names:
                    self._awaited[item.key] = names

    def prepare(self, items: t.Sequence[Item]) -> None:
        self._tell_what_lags(items)
        self._remember([item for item in items if item.steps])

    def _tell_what_lags(self, items: t.Sequence[Item]) -> None:
        for item in items:
            record = self._in_effect.get(item.key)
            if record is not None and item.failure is None:
                end = firmware_update_record.until(record.effective or 0.0)
                then = "and it is sent again" if item.steps else f"so nothing is sent until {end}"
                self.run.warn(f"{record.told(item.title)}, {then}.")

    def _remember(self, items: t.Sequence[Item]) -> None:
        """What these are about to be asked for."""
        for item in items:
            names, parts = firmware_updates.asked_of(item.steps[0]), self.parts.get(item.key, [])
            wall = self.run.clock.wall()
            record = firmware_update_record.make(self.identity(), item.desired.activation, item.before, names, parts, wall)
            self._asked[item.key] = record
            try:
                self._records.write(item.key, record)
            except Failure as failure:
                why = failure.why.rstrip(".")
                self.run.warn(
                    f"The update of {item.title} could not be recorded ({why}); until the comparison shows it another run sends it again."
                )

    def _wait_for_other(self, item: Item, job: str | None) -> None:
        """Nothing of the server is to be updated, and an open job is about it, its restart perhaps: the job is waited for. What the server
        then lacks is not sent by this run, which has planned nothing for it."""
        if job is not None:
            item.join = job
            self._again.add(item.key)

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        api.check_result(data, step.what, informational=True)
        return Accepted(api.started_job(data, headers), data)

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        self.parts = firmware_updates.read_status(self.client, attempts=attempts)
        results = firmware.read_compliance(self.client, attempts=attempts)
        return {item.key: self._state(item, results[item.key]) for item in items if item.key in results}

    def _mine(self, item: Item) -> list[Part]:
        """The components that this run asked for, or those of the update that is joined. What an earlier update has left there
        does not count, unless the job has ended since."""
        parts = self.parts.get(item.key, [])
        if not item.steps:
            joined = self._joined.setdefault(item.key, set())
            joined.update(part.job for part in parts if part.open)
            mine = [part for part in parts if part.job in joined]
            self._brought.setdefault(item.key, set()).update(part.name for part in mine)
            return mine
        names = firmware_updates.asked_of(item.steps[0])
        ended = item.watched is not None and item.watched.end == "done"
        old = [] if ended else self._old.get(item.key, [])
        return [part for part in parts if part.name in names and part not in old]

    def _state(self, item: Item, now: Compliance) -> State:
        item.current = now
        parts = self._mine(item)
        name = "complies" if now.compliant else ", ".join(dict.fromkeys(part.told for part in parts)) or "not told"
        if firmware_updates.busy(parts):
            return State(name)
        if any(part.good is False for part in parts) or now.policy != item.before.policy:
            return State(name, done=True)
        if now.compliant or self._reached(item, now):
            return State(name, done=True, ok=True)
        if self._left(item, now):
            return State(name, done=True, ok=item.key not in self._again)
        good = bool(parts) and all(part.good for part in parts)
        if good and item.desired.activation != "immediate":
            return State(name, done=True, ok=True)
        if good:
            # How soon the comparison follows is not documented. Components that say that they ended well are believed in the end, but of
            # an update that is joined it is not told which versions it brings, nor whether it waits for a restart.
            clock = self.run.clock.monotonic()
            if clock - self._good_since.setdefault(item.key, clock) >= self.run.params["reconcile_timeout"]:
                known = self._own(item) is not None
                if item.steps and not known:
                    then = "until then another run sends it again"
                else:
                    end = firmware_update_record.until(self.run.clock.wall())
                    then = f"until {end} another run of this user and control node sends nothing, and after that it sends it again"
                if item.steps or known:
                    self.run.warn(f"The comparison with the policy does not show the update of {item.title} yet; {then}.")
                return State(name, done=True, ok=bool(item.steps) or known)
        return State(name)

    def _reached(self, item: Item, now: Compliance) -> bool:
        """None of the components that were asked for is outdated any more."""
        if item.steps:
            return not set(firmware_updates.asked_of(item.steps[0])) & {one.name for one in now.components if one.outdated}
        return now.compliant is not None and not firmware_updates.missing(now, item.desired)

    def _left(self, item: Item, now: Compliance) -> list[str]:
        """What the update that was joined leaves of what this run is asked for."""
        if item.steps or item.join is None or now.compliant is not False or now.policy != item.before.policy:
            return []
        return firmware_updates.missing(now, item.desired, self._brought.get(item.key, set()))

    def _own(self, item: Item) -> firmware_update_record.Record | None:
        """The record of an update of this control node that has ended well and that the comparison does not show."""
        return self._remembered(item.key, item.current, item.desired, firmware_updates.missing(item.current, item.desired))

    def ended(self, item: Item) -> None:
        if item.current.compliant or (item.steps and self._reached(item, item.current)):
            self._records.forget(item.key)
        elif item.desired.activation == "immediate" and (record := self._own(item)) is not None and record.effective is None:
            self._records.effective(item.key, record, self.run.clock.wall())

    def has_next(self, item: Item) -> bool:
        return item.key not in self._again and bool(self._left(item, item.current))

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """What the updates that were joined have left. An update that others have begun meanwhile is waited for."""
        self.parts = firmware_updates.read_status(self.client)
        results = firmware.read_compliance(self.client)
        work = []
        for item in items:
            self._again.add(item.key)
            self._good_since.pop(item.key, None)
            item.past, item.watched, item.verified = item.history, None, False
            now = item.current = results.get(item.key, item.current)
            parts = self.parts.get(item.key, [])
            try:
                names = [] if firmware_updates.busy(self._mine(item)) else firmware_updates.components(now, item.desired, item.title)
            except Failure as failure:
                item.fail(failure, self.client.system)
                continue
            names = [name for name in names if name not in self._brought[item.key]]
            if names and now.policy == item.before.policy:
                step = firmware_updates.request(now, item.desired, item.title, names)
                item.steps, item.before = [step], now
                self._old = {**self._old, item.key: parts}
                work.append((item, step))
        busy.refuse(self.client, [item for item, _step in work])
        work = [(item, step) for item, step in work if item.failure is None]
        self._remember([item for item, _step in work])
        return work

    def proves(self, item: Item) -> bool:
        """Where an update has ended and the comparison does not show it, that may be the one of an earlier run: how soon the comparison
        follows is not documented. A server of whose components no update is told got none."""
        names = firmware_updates.asked_of(item.steps[0]) if item.steps else []
        return not any(part.name in names for part in self.parts.get(item.key, []))

    def arrived(self, item: Item, outcome: Outcome, state: State) -> bool:
        """There was no update under way when the request was planned."""
        return state.ok or firmware_updates.busy(self._mine(item))

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        return jobs.timed_out(item.job, watched)

    def not_reached(self, item: Item) -> Failure:
        bad = [f"{part.name}: {part.told}" for part in self._mine(item) if part.good is False]
        if bad:
            why = f"components ended badly ({named(bad)})."
            return ended_badly("update_failed", why, "Look at the update on the server, then run again.")
        was, policy = item.before.policy, item.current.policy
        if policy != was:
            return Failure(
                "effect_missing", f"its policy was {was or 'none'} when the update was planned, and is {policy or 'none'} now.",
                "Run again to bring it to the policy that it has.",
            )  # fmt: skip
        if not item.steps:
            return Failure(
                "effect_missing", f"the work that was under way has ended, and the server does not comply with its policy {policy}.",
                "Run again to update it.",
            )  # fmt: skip
        return Failure(
            "effect_missing",
            f"the server does not comply with its policy {item.current.policy}, and its components do not tell a good end.",
            "Look at the update on the server, then run again.",
        )

    # -- words -------------------------------------------------------------------------------------------------------

    def view(self, item: Item, after: bool) -> t.Any:
        before: Compliance = item.before
        names = firmware_updates.asked_of(item.steps[0]) if item.steps else []
        if not after or not names:
            return {"policy": before.policy, "outdated": [one.name for one in before.components if one.outdated]}
        rest = [one.name for one in before.components if one.outdated and one.name not in names]
        shown: dict[str, t.Any] = {"policy": before.policy, "outdated": rest}
        if item.desired.activation != "immediate":
            shown["after_restart"] = names
        else:
            shown["restart"] = "now, perhaps several times"
        return shown

    def present(self, item: Item) -> dict[str, t.Any]:
        now: Compliance = item.current
        in_effect = item.key in self._in_effect and not item.steps  # a job may be waited for, but not for the update
        return {
            "uuid": item.key, "name": self.names.get(item.key, ""), "policy": now.policy, "compliant": now.compliant,
            "components": firmware_updates.asked_of(item.steps[0]) if item.steps else [],
            "awaited": self._awaited.get(item.key, []), "without_package": [one.name for one in now.without_package], "job": item.job,
            "joined": item.join is not None and not in_effect,
            **item.facts(),
        }  # fmt: skip


def update_firmware(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(UpdateFirmware(run, client, desired))
