# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make server profiles of a pattern: what only this knows, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, drive
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    busy,
    jobs,
    nodes,
    pattern_deployments,
    patterns,
    profiles,
)
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.pattern_deployments import Desired, Target
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import Profile


class DeployPattern(Operation):
    """``desired`` of an item is (:class:`Desired`, :class:`Target`, pattern), ``current`` the profile of the target, None without one.

    The lock is that of the profiles: an activation of what is made here must not cross it.
    """

    kind, noun, where = "profiles", "profiles", "the server's jobs and profiles"
    empty_ok, lags, joins = True, True, True
    refusals = (400, 409)
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.jobs = jobs.Reader(client)

    def read(self) -> list[Item]:
        listed = patterns.read_all(self.client)
        found = [patterns.find(listed, one.pattern) for one in self.asked]
        targets = self._targets()
        every = pattern_deployments.read_profiles(self.client)
        items = []
        for desired, target, pattern in zip(self.asked, targets, found, strict=True):
            held = pattern_deployments.on(every, target)
            step = pattern_deployments.plan(held, target, pattern, desired.restart)
            profile = held[0] if held else None
            item = Item(
                target.key, target.title, desired=(desired, target, pattern), before=profile, current=profile, steps=[step] if step else [],
            )  # fmt: skip
            if profile is not None and profile.status not in pattern_deployments.GOALS[desired.restart]:
                item.join = "" if profile.status == profiles.ACTIVATING else None
            items.append(item)
        busy.refuse(self.client, items)
        return items

    def _targets(self) -> list[Target]:
        wanted = [one.node for one in self.asked if one.node]
        entries = nodes.find(nodes.read_for(self.client, wanted, pattern_deployments.NODE_ATTRIBUTES), wanted) if wanted else []
        named = iter(zip(entries, nodes.titles(entries), strict=True))
        targets: list[Target] = []
        for one in self.asked:
            if one.node:
                entry, title = next(named)
                nodes.refuse_unmanaged(entry, title)
                targets.append(pattern_deployments.target_of(entry, title))
            else:
                targets.append(Target(one.location, "", one.location))
        keys = [profiles.normal(target.key) for target in targets]
        twice = next((target for target, key in zip(targets, keys, strict=True) if keys.count(key) > 1), None)
        if twice is not None:
            raise bad_input(
                "duplicate_target", f"the target {twice.title} is given more than once.", "Give each target once and run again.",
                resource=twice.title,
            )  # fmt: skip
        return targets

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        every = pattern_deployments.read_profiles(self.client, attempts=attempts)
        return {item.key: self._state(item, every) for item in items}

    def _state(self, item: Item, every: t.Sequence[tuple[Profile, str]]) -> State:
        desired, target, pattern = item.desired
        held = pattern_deployments.on(every, target)
        if held is None or held[1] != pattern.id:
            return State("no profile")
        now = item.current = held[0]
        if now.status in pattern_deployments.GOALS[desired.restart]:
            return State(now.told or now.status, done=True, ok=True)
        return State(now.told or now.status, done=now.status == profiles.FAILED)

    def arrived(self, item: Item, outcome: t.Any, state: State) -> bool:
        """The target has a profile that it did not have."""
        return item.current is not None

    def proves(self, item: Item) -> bool:
        """A profile that is about to be made does not show."""
        return False

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return pattern_deployments.accept(step, data)

    def not_reached(self, item: Item) -> Failure:
        now: Profile | None = item.current
        if now is None:
            return Failure("effect_missing", "the target has no profile of the pattern.", "Look at the jobs, then run again.")
        return Failure(
            "job_failed" if now.status == profiles.FAILED else "effect_missing",
            f"the profile {now.name} of the target shows {now.told or now.status}.",
            "Look at the profile and its last job; profile_activation activates it again.",
        )

    # -- words -------------------------------------------------------------------------------------------------------

    def view(self, item: Item, after: bool) -> t.Any:
        _desired, _target, pattern = item.desired
        before: Profile | None = item.before
        has = before is not None or after
        return {"pattern": pattern.name if has else "", "profile": before.name if before else "made by the server" if after else ""}

    def present(self, item: Item) -> dict[str, t.Any]:
        _desired, target, pattern = item.desired
        shown = item.current.public() if item.current else profiles.parse({}).public()
        joined = item.join is not None
        return {**shown, "target": target.key, "pattern": pattern.id, "job": item.job, "joined": joined, **item.facts()}


def deploy_pattern(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(DeployPattern(run, client, desired))
