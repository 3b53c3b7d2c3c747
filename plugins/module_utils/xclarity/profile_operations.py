# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Activate server profiles, or unassign them: what only this resource knows, for the driver.

Requests for N activations: one list, the servers of new targets, the open jobs, the identity, N, one poll for all jobs at a time, one list.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import NEVER_SEEN_SECONDS, State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import activations, busy, jobs, nodes, profile_plans, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Choice, Desired
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import Profile


class SetProfiles(Operation):
    """Both directions. ``desired`` of an item is its :class:`Choice`, ``current`` its :class:`Profile`.

    flags: of an unassignment; None activates.
    """

    kind, group, noun, where = "profiles", busy.GROUP, "profiles", "the server's jobs and profiles"
    joins = True
    refusals = (400, 404, 409)
    client: XClarity

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired], flags: t.Mapping[str, bool] | None) -> None:
        super().__init__(run, client)
        self.asked, self.flags, self.active = desired, flags, flags is None
        self.empty_ok = not self.active
        self.jobs = jobs.Reader(client)
        self._seen: dict[str, float] = {}  # when each profile was first looked at
        self._again: set[str] = set()  # planned again after what was joined, which is done once

    # -- read and plan -----------------------------------------------------------------------------------------------

    def read(self) -> list[Item]:
        every = profiles.read_all(self.client)
        found = profile_plans.find(every, [one.profile for one in self.asked])
        profile_plans.refuse_conflicts(every, found, self.asked)
        titles = profiles.titles(found)
        running: dict[str, str] = {}
        if self.active:
            self._check_servers(found)
            found, running = self._told(found, self.asked)
        choices, refused = [], Refusals()
        for position, (profile, desired) in enumerate(zip(found, self.asked, strict=True)):
            with refused:
                try:
                    choices.append(self._planned(profile, desired, titles[profile.id], running))
                except Failure as failure:
                    failure.details |= profile_plans.about([position])
                    raise
        refused.tell()
        items = [
            Item(
                choice.profile.id,
                titles[choice.profile.id],
                desired=choice,
                before=choice.profile,
                current=choice.profile,
                steps=[choice.step] if choice.step else [],
                join="" if choice.join else None,
            )
            for choice in choices
        ]
        self._refuse_busy(items)
        return items

    def _planned(self, profile: Profile, desired: Desired, title: str, running: t.Mapping[str, str]) -> Choice:
        if self.flags is not None:
            return profile_plans.plan_unassignment(profile, self.flags, title)
        return profile_plans.plan_activation(profile, desired, title, running.get(profile.uuid.casefold()))

    def _refuse_busy(self, items: t.Sequence[Item]) -> None:
        """Whether an activation runs tells the profile; the job of a deferred one may be open until the server restarts. To unassign
        a profile cancels its activation, in the middle of what that does to the server: only ``force`` asks for that."""

        def server(item: Item) -> str:
            return profiles.normal(item.desired.desired.uuid or item.before.uuid).upper()

        spared = self.flags is not None and not self.flags["force"]
        for item in items if spared else ():
            if item.steps and item.before.status == profiles.ACTIVATING:
                busy.fail_activation(self.client, item, item.before.name)
        busy.refuse(self.client, items, server=server, but=profiles.may_activate, profiles_too=spared)

    def _check_servers(self, found: t.Sequence[Profile]) -> None:
        """A UUID that no server has is refused before anything is sent, where the user may list servers."""
        asked = [one.uuid for profile, one in zip(found, self.asked, strict=True) if profile_plans.new_server(profile, one)]
        if not asked:
            return
        known = nodes.known_uuids(self.client, [profiles.normal(uuid) for uuid in asked])
        if known is not None:
            profile_plans.refuse_unknown_servers(found, self.asked, {profiles.normal(uuid) for uuid in known})

    def _told(self, found: list[Profile], asked: t.Sequence[Desired]) -> tuple[list[Profile], dict[str, str]]:
        """The profiles and their activation status, neither older than the other."""
        running = self._running(found, asked)
        if any(profile_plans.outdated(profile, running.get(profile.uuid.casefold())) for profile in found):
            # An activation may have ended between the two readings: the list has to be as late as what explains it.
            found = profile_plans.find(profiles.read_all(self.client), [profile.id for profile in found])
        return found, running

    def _running(self, found: t.Sequence[Profile], asked: t.Sequence[Desired]) -> dict[str, str]:
        """The activation status of those of which the list does not tell it. What cannot be known is not "no": where the server
        refuses it, or is too old to have the call, no job that could be the activation may be open."""
        unclear = [profile for profile, one in zip(found, asked, strict=True) if profile_plans.unclear(profile, one)]
        uuids = [profile.uuid for profile in unclear if profile.uuid]
        told = profiles.read_activation(self.client, uuids) if uuids else {}
        dark = activations.dark(unclear, told)
        if dark:
            told |= {profile.uuid.casefold(): profiles.NOT_TOLD for profile in dark}
            open_jobs = activations.open_jobs(self.client)
            if open_jobs:
                names = [profile.name or profile.id for profile in dark]
                raise bad_input(
                    "state_unknown",
                    f"the server does not tell whether an activation of {named(names)} is running,"
                    f" and the job {jobs.ident(open_jobs[0])} could be it.",
                    "Wait for it with the module job, or, where it was deferred, restart the server (node_power); then run again.",
                    resource=names[0],
                    resources=names,
                    job=jobs.ident(open_jobs[0]),
                    details=profile_plans.about(position for position, profile in enumerate(found) if profile in dark),
                )
        return told

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        def read() -> dict[str, Profile]:
            return {profile.id: profile for profile in profiles.read_all(self.client, attempts=attempts)}

        def joined(now: dict[str, Profile]) -> list[Profile]:
            return [now[item.key] for item in items if item.key in now and self._is_joined(item)]

        now, running = activations.follow(self.client, read(), read, joined, attempts=attempts)
        return {item.key: self._state(item, now[item.key], item.key in running) for item in items if item.key in now}

    @staticmethod
    def _is_joined(item: Item) -> bool:
        return item.join is not None and not item.outcomes

    def _waits_for_restart(self, item: Item, now: Profile) -> bool:
        """The activation that was joined is a deferred one, and the restart is desired now."""
        goals = profile_plans.goals(item.desired.desired, active=self.active)
        return self._is_joined(item) and now.status == profiles.PENDING and profiles.PENDING not in goals

    def _state(self, item: Item, now: Profile, running: bool = False) -> State:
        item.current = now
        choice: Choice = item.desired
        ended = item.watched is not None and item.watched.end == "done"
        name = now.told or now.status
        if running:
            return State(name)
        if self._waits_for_restart(item, now):
            return State(name, done=True, ok=item.key not in self._again)
        # What the list shows may still be from before the request, unless the job says that it is over.
        stale = bool(item.outcomes) and not ended and now.status == item.before.status and self._is_fresh(item)
        if profile_plans.reached(now, choice.desired, active=self.active, job_ended=ended) and not stale:
            return State(name, done=True, ok=True)
        return State(name, done=now.status == profiles.FAILED and not stale)

    def _is_fresh(self, item: Item) -> bool:
        now = self.run.clock.monotonic()
        return now - self._seen.setdefault(item.key, now) < NEVER_SEEN_SECONDS

    def anew(self, item: Item) -> str:
        choice: Choice = item.desired
        return "with redeploy each run activates every profile that it names" if self.active and choice.desired.redeploy else ""

    def has_next(self, item: Item) -> bool:
        return item.key not in self._again and self._waits_for_restart(item, item.current)

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """The restarts that deferred activations which were joined have left. What others have begun meanwhile is waited for."""
        now = {profile.id: profile for profile in profiles.read_all(self.client)}
        there = [item for item in items if item.key in now]
        asked = [item.desired.desired for item in there]
        found, running = self._told([now[item.key] for item in there], asked)
        for item in items:
            self._again.add(item.key)
            item.past, item.watched, item.verified = item.history, None, False
        work: list[tuple[Item, Step]] = []
        for item, profile, desired in zip(there, found, asked, strict=True):
            try:
                choice = profile_plans.plan_activation(profile, desired, item.title, running.get(profile.uuid.casefold()))
            except Failure as failure:
                item.fail(failure, self.client.system)
                continue
            item.desired, item.before, item.current = choice, choice.profile, choice.profile
            if choice.step is not None:
                item.steps = [choice.step]
                work.append((item, choice.step))
        self._refuse_busy([item for item, _step in work])
        return [(item, step) for item, step in work if item.failure is None]

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        now = {profile.id: profile for profile in profiles.read_all(self.client)}
        uuids = [now[item.key].uuid for item, _outcome in unknown if item.key in now and now[item.key].uuid]
        running = profiles.read_activation(self.client, uuids) if uuids else {}
        found = {}
        for item, outcome in unknown:
            profile = now.get(item.key)
            if profile is not None and profile_plans.moved(
                item.before, profile, running.get(profile.uuid.casefold()), item.desired.desired.uuid, active=self.active
            ):
                item.current = profile
                found[outcome.step.key] = Accepted()
        return found

    def watches_resource(self, item: Item) -> bool:
        """The job of a deferred activation may run until the manual restart."""
        return bool(item.desired.desired.restart == "defer")

    def proves(self, item: Item) -> bool:
        """An inactive profile proves that the earlier request did not arrive. For one that was assigned before, the state looks
        the same either way, so a person has to look, once."""
        return not self.active or item.before.status == profiles.INACTIVE

    def doubt(self, items: t.Sequence[Item]) -> tuple[str, str]:
        names, what = named([item.title for item in items]), "activations" if len(items) > 1 else "activation"
        why = f"an earlier run ended before it knew whether its {what} of {names} had arrived."
        return why, f"Look at the last job of each profile on the server; run again to send the {what}."

    # -- answers, ends and words -------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return profile_plans.accept_activation(step, data) if self.active else profile_plans.accept_unassignment(step, data)

    def _goal(self, item: Item) -> str:
        return " or ".join(profile_plans.goals(item.desired.desired, active=self.active))

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        last = watched.state.name if watched.state else "never seen"
        # Which kind of activation is joined is not told, and a deferred one may count as running until the restart.
        unless = ", unless it was begun with restart defer and waits for a restart of the server" if self._is_joined(item) else ""
        return Failure(
            "wait_timeout",
            f"the profile was not {self._goal(item)} in time (last status: {last}).",
            f"It goes on by itself{unless}: run this task again to join the wait, with a longer wait_timeout.",
        )

    def not_reached(self, item: Item) -> Failure:
        now: Profile = item.current
        gone = item.watched is not None and item.watched.state is None
        told = "is not in the list any more" if gone else f"shows {now.told or now.status}"
        return Failure(
            "job_failed" if not gone and now.status == profiles.FAILED else "effect_missing",
            f"the profile {told} where {self._goal(item)} was desired.",
            "Look at the profile and its last job on the server, then run again.",
        )

    def view(self, item: Item, after: bool) -> dict[str, str]:
        return profile_plans.view(item.desired, active=self.active, after=after)

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**item.current.public(), "job": item.job, "joined": item.join is not None, **item.facts()}


def set_profiles(run: Run, client: XClarity, desired: t.Sequence[Desired], flags: t.Mapping[str, bool] | None) -> dict[str, t.Any]:
    """Activate the profiles, or with ``flags`` unassign them; returns the result, raises :class:`Failure` with it beside."""
    return drive(SetProfiles(run, client, desired, flags))
