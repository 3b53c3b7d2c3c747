# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, update, replace and delete cluster profiles: what only these know, for the driver.

Requests for N new profiles: one token, one list, N, one list. (A list is one request a page, and one for the empty page
at its end.) Where nothing differs: the token and the list.
"""

from __future__ import annotations

import typing as t
import uuid

from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, cluster_profiles, listing, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.api import Clustering, microversion
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profiles import Choice, Desired, Profile


class SetProfiles(Operation):
    """``desired`` of an item is its :class:`Choice`, ``current`` the :class:`Profile` that the user gets.

    present: the desired state. policy: ``fail`` or ``replace`` where a spec differs. single: the result has ``profile`` and not
    ``profiles``. Whatever an earlier run left unfinished, the reading shows: a profile carries what was asked of it.
    """

    kind, noun, where = "profiles", "profiles", "the profiles of this project (cluster_profile_info)"
    at_once, empty_ok, identity_is_known = True, True, True
    holds = True  # one that is replaced is there beside its successor for a moment
    client: Clustering

    def __init__(self, run: Run, client: Clustering, desired: t.Sequence[Desired], *, present: bool, policy: str, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.is_present, self.policy, self.single = desired, present, policy, single
        self.there: dict[str, Profile] = {}  # by id: what was there for the plan
        self.kept: dict[str, dict[str, list[str]]] = {}  # by item: id of an old profile that stays -> who uses it
        self.doubles: dict[str, Step] = {}  # by item: the deletion of our new profile, which another run made before

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    # -- read and plan -----------------------------------------------------------------------------------------------

    def read(self) -> list[Item]:
        names = [one.name for one in self.asked if one.name and (self.is_present or not one.id)]
        try:
            there = cluster_profiles.read(self.client, names, [one.id for one in self.asked if one.id])
            self.there = {profile.id: profile for profile in there}
            if not self.is_present:
                listing.refuse_names("profile", ((one.name, one.id) for one in self.asked), {one.id: one.name for one in there})
            return [self._item(choice) for choice in self._choices(there)]
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None

    def _choices(self, there: t.Sequence[Profile]) -> list[Choice]:
        by_key: dict[str, dict[str, Profile]] = {}
        for profile in there:
            for key in ("name:" + profile.name, "id:" + profile.id):
                by_key.setdefault(key, {})[profile.id] = profile
        choices = []
        for one in self.asked:
            mine = {**by_key.get(f"name:{one.name}", {}), **by_key.get(f"id:{one.id}", {})}
            if self.is_present:
                marker = str(uuid.UUID(int=self.run.random.getrandbits(128), version=4)) if self.run.params["marker"] else None
                choices.append(cluster_profiles.choose(one, list(mine.values()), self.policy, marker))
            else:
                choices.append(cluster_profiles.choose_absent(one, list(mine.values())))
        given = ((choice.desired, self._new_name(choice), cluster_profiles.touched(choice)) for choice in choices)
        listing.refuse_doubles("profile", given)
        if not self.is_present:
            going = {one for choice in choices for one in cluster_profiles.going(choice)}
            on_use = self.run.params["on_use"]
            used = cluster_profiles.users(self.client, going) if going and on_use != listing.TRY else {}
            return [cluster_profiles.settle_absent(choice, used, on_use) for choice in choices]
        old = {one.id for choice in choices for one in (choice.found, *choice.leftovers) if one and (choice.then or choice.leftovers)}
        used = cluster_profiles.users(self.client, old) if old else {}
        left = [one.id for choice in choices for one in choice.leftovers] if used is None else []
        if left:
            self.run.warn(
                f"The profiles {named(left, 120)} were replaced earlier and stay: the service does not tell which clusters use them."
                " Delete those that none uses, by id."
            )
        return [cluster_profiles.settle(choice, used, self.run.params["marker"]) for choice in choices]

    def _new_name(self, choice: Choice) -> str | None:
        return listing.new_name(choice.desired, choice.found.name if choice.found is not None and self.is_present else None)

    def _item(self, choice: Choice) -> Item:
        key = listing.item_key(choice.desired, choice.found.id if choice.found is not None else None)
        self.kept[key] = dict(choice.kept)
        return Item(key, choice.name, desired=choice, before=choice.found, current=choice.found, steps=choice.first, later=choice.then)

    def check(self, items: t.Sequence[Item]) -> None:
        """In check mode: ask the service's own check whether it would take the specs of the profiles that would be made."""

        def ask(pair: tuple[Item, Step]) -> bool:
            item, step = pair
            body = cluster_profiles.validation(step.body["profile"]["spec"])
            what = f"validate the spec of {item.title}"
            try:
                self.client.read(cluster_profiles.PATH + "/validate", method="POST", body=body, headers=microversion("1.2"), what=what)
            except Failure as failure:
                if failure.status == 406 or failure.details.get("server_type") == "MethodVersionNotFound":
                    self.run.warn("The service is too old to check a spec without making a profile; check mode did not check it.")
                    return True
                cluster_profiles.explain_refusal(step, failure)
                failure.operation = "validate"
                item.fail(failure, api.SYSTEM)
                return False
            return True

        params = self.run.params
        making = [(item, step) for item in items for step in item.steps if step.method == "POST"]
        each(making, ask, concurrency=params["concurrency"], clock=self.run.clock, stop=params["on_failure"] == "stop")

    # -- answers -----------------------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return cluster_profiles.accept(step, data)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        names = {name for item, _outcome in unknown for name in item.desired.names}
        there = cluster_profiles.read(self.client, names)
        found = ((outcome.step.key, cluster_profiles.arrived(outcome.step, there, self.there)) for _item, outcome in unknown)
        return {key: accepted for key, accepted in found if accepted is not None}

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """Somebody else deleted it. Or it is in use and stays, beside the profile that is desired present or as the user says."""
        status = outcome.failure.status if outcome.failure is not None else None
        if outcome.step.method != "DELETE" or status not in (404, 409):
            return False
        if status == 404:
            return True
        if item.desired.after is None and self.run.params.get("on_use") != listing.KEEP:
            return False
        self.kept[item.key].setdefault(cluster_profiles.target(outcome.step), [])
        return True

    def explain(self, step: Step, failure: Failure) -> None:
        cluster_profiles.explain_refusal(step, failure)

    # -- verify ------------------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        there = {one.id: one for one in cluster_profiles.read(self.client, {name for item in items for name in item.desired.names})}
        by_name: dict[str, list[Profile]] = {}
        for one in there.values():
            by_name.setdefault(one.name, []).append(one)
        states = {}
        for item in items:
            accepted = [outcome for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
            gone = {cluster_profiles.target(outcome.step) for outcome in accepted if outcome.step.method == "DELETE"}
            good = all(_shows(outcome, there, gone) for outcome in accepted)
            if good:
                self._keep(item, there, by_name.get(item.title, []))
            states[item.key] = State("read", done=good, ok=good)
        return states

    def _keep(self, item: Item, there: t.Mapping[str, Profile], named: t.Sequence[Profile]) -> None:
        """The profile that the user gets; and a double of it, when another run has made the same one meanwhile."""
        made = [outcome.data for outcome in item.outcomes if isinstance(outcome.data, Profile)]
        if made:
            item.current = there.get(made[-1].id, item.current)
        elif item.current is not None:
            item.current = there.get(item.current.id)
        new = [outcome.data for outcome in item.outcomes if outcome.step.method == "POST" and isinstance(outcome.data, Profile)]
        if not new:
            return
        mine = new[0]
        old = {one.id for one in (item.desired.found, *item.desired.leftovers) if one is not None}
        others = [one for one in named if one.id != mine.id and one.id not in old]
        older = [one for one in sorted(others, key=lambda one: one.age) if specs.same_spec(one.spec, mine.spec) and one.age < mine.age]
        if older:
            item.current = older[0]
            self.doubles[item.key] = cluster_profiles.delete_own_double(mine, older[0])
            return
        strange = [one.id for one in others if not specs.same_spec(one.spec, mine.spec)]
        if strange:
            self.run.warn(
                f"Meanwhile somebody else made another profile with the name {mine.name} and another spec ({', '.join(strange[:5])})."
            )

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the service took the request, but the profiles do not show it; somebody else may have changed them.",
            "Look at the profile and run again.",
        )

    def has_next(self, item: Item) -> bool:
        sent = {outcome.step.key for outcome in item.outcomes}
        return super().has_next(item) or (item.key in self.doubles and self.doubles[item.key].key not in sent)

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """The old profiles that were replaced, and own doubles. (What is left of them the next run finds by the metadata.)"""
        work = [(item, step) for item in items for step in item.later if not any(o.step is step for o in item.outcomes)]
        return work + [(item, self.doubles[item.key]) for item in items if item.key in self.doubles]

    # -- words -------------------------------------------------------------------------------------------------------

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        if after:
            return listing.by_title(items, lambda item: item.desired.after)
        # What goes and is not the profile that is meant: old ones, doubles.
        beside = [self.there[one] for item in items for one in cluster_profiles.going(item.desired) if one != item.key]
        shown = listing.by_title(items, lambda item: item.before.view() if item.before is not None else None)
        return shown | {f"{one.name} ({one.id})": one.view() for one in beside}

    def present(self, item: Item) -> dict[str, t.Any]:
        deleted = [
            cluster_profiles.target(outcome.step)
            for outcome in item.outcomes
            if outcome.step.method == "DELETE" and outcome.state in (STARTED, FINISHED)
        ]
        made = [outcome.data for outcome in item.outcomes if isinstance(outcome.data, Profile)]
        now = item.current if item.verified or not made else made[-1]
        shown = {
            "name": item.title,
            "profile": masked(now.data) if now else None,
            **item.facts(),
            "deleted": deleted,
            "kept": [{"id": ident, "used_by": users} for ident, users in self.kept[item.key].items()],
        }
        del shown["history"]
        return shown

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("profile", "reconciled", "deleted", "kept") if key in shown}


def set_profiles(
    run: Run, client: Clustering, desired: t.Sequence[Desired], *, present: bool, policy: str, single: bool
) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetProfiles(run, client, desired, present=present, policy=policy, single=single))


def _shows(outcome: Outcome, there: t.Mapping[str, Profile], gone: t.Container[str]) -> bool:
    """The effect of an accepted request is in the list. gone: what this run has deleted, its own double perhaps."""
    if outcome.step.method == "DELETE":
        return cluster_profiles.target(outcome.step) not in there
    if outcome.data.id in gone:
        return True
    profile = there.get(outcome.data.id)
    return profile is not None and cluster_profiles.fits(outcome.step, profile)
