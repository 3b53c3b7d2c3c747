# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make server profiles of a pattern: what only this knows, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import (
    activations,
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

Owned = tuple[Profile, str]
RESTARTS = {"immediate": "now", "defer": "none; it ends with the next manual restart", "pending": "none; nothing is activated"}
Held = dict[str, "Owned | None"]  # the profile of each target, with the id of its pattern


class DeployPattern(Operation):
    """``desired`` of an item is (:class:`Desired`, :class:`Target`, pattern), ``current`` the profile of the target, None without one.

    The lock is shared with the activation of profiles, which must not cross it.
    """

    kind, group, noun, where = "pattern_deployments", busy.GROUP, "profiles", "the server's jobs and profiles"
    empty_ok, lags, joins = True, True, True
    refusals = (400, 409)
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        # A target that has a profile of the pattern is not deployed again.
        then = "If the server has the profile by now, activate it with profile_activation; else run again."
        self.jobs = jobs.Reader(client, next_step=f"Look at the job on the server. {then}")

    def read(self) -> list[Item]:
        found = patterns.find_each(self.client, [one.pattern for one in self.asked])
        targets = self._targets()
        every = pattern_deployments.read_profiles(self.client)
        refused = Refusals()
        items = []
        for desired, target, pattern in zip(self.asked, targets, found, strict=True):
            with refused:
                held = pattern_deployments.on(every, target)
                step = pattern_deployments.plan(held, target, pattern, desired.restart)
                profile, steps = held[0] if held else None, [step] if step else []
                wanted = (desired, target, pattern)
                items.append(Item(target.key, target.title, desired=wanted, before=profile, current=profile, steps=steps))
        refused.tell()
        self._judge_held([item for item in items if not item.steps])
        busy.refuse(self.client, items, profiles_too=False)
        return items

    def _judge_held(self, items: t.Sequence[Item]) -> None:
        """Of the targets that have a profile of the pattern: what is being activated is waited for, and what is not as ``restart`` leads to
        fails, since it is not deployed again."""
        short = [item for item in items if not self._is_reached(item, item.current)]
        before: Held = {item.key: (item.current, item.desired[2].id) for item in short}
        now, running = activations.follow(
            self.client, before, lambda: self._held(short), lambda held: [pair[0] for pair in held.values() if pair is not None]
        )
        for item in short:
            held = now[item.key]
            if held is not None and held[1] == item.desired[2].id:
                item.before = item.current = held[0]
        for item in short:
            if item.current.status == profiles.ACTIVATING or item.current.id in running:
                item.join = ""
            elif not self._is_reached(item, item.current):
                step = "deploy the pattern to"
                failure = self.not_reached(item).about(what=f"{step} {item.title}", operation=step, resource=item.title)
                item.fail(failure, self.client.system)

    @staticmethod
    def _is_reached(item: Item, profile: Profile) -> bool:
        return profile.status in pattern_deployments.GOALS[item.desired[0].restart]

    def _targets(self) -> list[Target]:
        wanted = [one.node for one in self.asked if one.node]
        entries = nodes.find(nodes.read_for(self.client, wanted, pattern_deployments.NODE_ATTRIBUTES), wanted) if wanted else []
        named = iter(zip(entries, nodes.titles(entries), strict=True))
        targets: list[Target] = []
        refused = Refusals()
        for one in self.asked:
            if one.node:
                entry, title = next(named)
                with refused:
                    nodes.refuse_unmanaged(entry, title)
                    targets.append(pattern_deployments.target_of(entry, title))
            else:
                targets.append(Target(one.location, "", one.location))
        refused.tell()
        keys = [profiles.normal(target.key) for target in targets]
        twice = next((target for target, key in zip(targets, keys, strict=True) if keys.count(key) > 1), None)
        if twice is not None:
            raise bad_input(
                "duplicate_target", f"the target {twice.title} is given more than once.", "Give each target once and run again.",
                resource=twice.title,
            )  # fmt: skip
        return targets

    def _held(self, items: t.Sequence[Item], *, attempts: int = READ_ATTEMPTS) -> Held:
        every = pattern_deployments.read_profiles(self.client, attempts=attempts)
        return {item.key: pattern_deployments.on(every, item.desired[1]) for item in items}

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        def joined(held: Held) -> list[Profile]:
            return [pair[0] for item in items if item.join is not None and (pair := held[item.key]) is not None]

        def read() -> Held:
            return self._held(items, attempts=attempts)

        held, running = activations.follow(self.client, read(), read, joined, attempts=attempts)
        return {item.key: self._state(item, held[item.key], running) for item in items}

    def _state(self, item: Item, held: tuple[Profile, str] | None, running: t.Container[str]) -> State:
        if held is None or held[1] != item.desired[2].id:
            return State("no profile")
        now = item.current = held[0]
        name = now.told or now.status
        if now.id in running:
            return State(name)
        if self._is_reached(item, now):
            return State(name, done=True, ok=True)
        # What is joined may be a deferred activation, which ends so where the restart is desired now.
        return State(name, done=now.status == profiles.FAILED or (item.join is not None and now.status == profiles.PENDING))

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
        desired, _target, pattern = item.desired
        before: Profile | None = item.before
        has = before is not None or after
        shown = {"pattern": pattern.name if has else "", "profile": before.name if before else "made by the server" if after else ""}
        return {**shown, "restart": RESTARTS[desired.restart]} if after and item.steps else shown

    def present(self, item: Item) -> dict[str, t.Any]:
        _desired, target, pattern = item.desired
        shown = item.current.public() if item.current else profiles.parse({}).public()
        joined = item.join is not None
        return {**shown, "target": target.key, "pattern": pattern.id, "job": item.job, "joined": joined, **item.facts()}


def deploy_pattern(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(DeployPattern(run, client, desired))
