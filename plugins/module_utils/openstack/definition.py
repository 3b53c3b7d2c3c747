# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring cluster profiles into the wanted state: read, plan, apply, read again and judge.

Requests for N new profiles: one token, one list, N, one list. (A list is one request a page, and one for the empty page
at its end.) Where nothing differs: the token and the list.
"""

from __future__ import annotations

import dataclasses
import typing as t
import uuid

from ansible_collections.groundwork.provision.plugins.module_utils import _run
from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils._guard import Guard
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import (
    Accepted,
    Outcome,
    Plan,
    Step,
    apply,
    read_back,
    refused_later,
    unread,
    worst,
)
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import cluster_profiles, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.api import Clustering, microversion
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profiles import Choice, Profile, Want

WHERE = "the profiles of this project (cluster_profile_info)"


@dataclasses.dataclass
class Item:
    """One profile on its way. now: as it was read last. outcomes: of the requests for it, in order."""

    choice: Choice
    now: Profile | None = None
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    failure: Failure | None = None
    kept: dict[str, list[str]] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now, self.kept = self.choice.found, dict(self.choice.kept)

    @property
    def changed(self) -> bool:
        return any(outcome.changed for outcome in self.outcomes)

    def deleted(self) -> list[str]:
        states = (STARTED, FINISHED)
        return [cluster_profiles.target(o.step) for o in self.outcomes if o.step.method == "DELETE" and o.state in states]

    def public(self) -> dict[str, t.Any]:
        shown: dict[str, t.Any] = {
            "name": self.choice.name,
            "profile": self.now.data if self.now else None,
            "changed": self.changed,
            "outcome": worst(outcome.state for outcome in self.outcomes),
            "reconciled": any(outcome.reconciled for outcome in self.outcomes),
            "deleted": self.deleted(),
            "kept": [{"id": ident, "used_by": users} for ident, users in self.kept.items()],
        }
        if self.failure is not None:
            shown["error"] = {**self.failure.public(), "message": self.failure.message()}
        return shown


def define(run: Run, client: Clustering, wants: t.Sequence[Want], state: str, policy: str, *, single: bool) -> dict[str, t.Any]:
    """The whole contract for ``wants``; returns the result, raises :class:`Failure` with the result beside it.

    state: ``present`` or ``absent``. policy: ``fail`` or ``replace`` where a spec differs. single: the result has
    ``profile`` and not ``profiles``.
    """
    with run.guard(client.system, client.transport.endpoint.place, client.project, "profiles") as guard:
        # Whatever an earlier run left unfinished, the reading now shows: a profile carries what was asked of it.
        try:
            items, before = _plan(run, client, wants, state, policy)
        except Failure as failure:
            raise failure.about(system=client.system) from None
        plan = cluster_profiles.plan_of([item.choice for item in items])
        if run.check_mode:
            _validate(run, client, items)
            result = _result(plan, items, single, changed=any(item.choice.first and item.failure is None for item in items))
        else:
            _change(run, client, items, plan, guard, before)
            result = _result(plan, items, single, changed=any(item.changed for item in items))
    if guard.note:
        run.warn(guard.note)
    failures = [item.failure for item in items if item.failure is not None]
    if failures:
        raise _run.fail_with(_run.of_many(failures, len(items), "profiles"), result)
    return result


def _names(wants: t.Iterable[Want]) -> list[str]:
    return [want.name for want in wants if want.name]


def _ids(wants: t.Iterable[Want]) -> list[str]:
    return [want.id for want in wants if want.id]


def _plan(run: Run, client: Clustering, wants: t.Sequence[Want], state: str, policy: str) -> tuple[list[Item], set[str]]:
    """An item for each want, and the ids that are there now."""
    there = cluster_profiles.read(client, _names(want for want in wants if state == "present" or not want.id), _ids(wants))
    by_key: dict[str, dict[str, Profile]] = {}
    for profile in there:
        for key in ("name:" + profile.name, "id:" + profile.id):
            by_key.setdefault(key, {})[profile.id] = profile
    choices = []
    for want in wants:
        mine = {**by_key.get(f"name:{want.name}", {}), **by_key.get(f"id:{want.id}", {})}
        if state == "absent":
            choices.append(cluster_profiles.choose_absent(want, list(mine.values())))
        else:
            marker = str(uuid.UUID(int=run.random.getrandbits(128), version=4)) if run.params["marker"] else None
            choices.append(cluster_profiles.choose(want, list(mine.values()), policy, marker))
    _refuse_doubles(choices)
    if state == "present":
        old = {one.id for choice in choices for one in (choice.found, *choice.leftovers) if one and (choice.then or choice.leftovers)}
        used = cluster_profiles.users(client, old) if old else {}
        choices = [cluster_profiles.settle(choice, used, run.params["marker"]) for choice in choices]
    return [Item(choice) for choice in choices], {profile.id for profile in there}


def _refuse_doubles(choices: t.Sequence[Choice]) -> None:
    seen: set[str] = set()
    for choice in choices:
        keys = {f"name {choice.name}"} | ({f"id {choice.found.id}"} if choice.found else set())
        if seen & keys:
            raise Failure(
                "duplicate_item",
                f"the profile {choice.name} is given more than once.",
                "Give each profile once and run again.",
                resource=choice.name,
            )
        seen |= keys


def _validate(run: Run, client: Clustering, items: t.Sequence[Item]) -> None:
    """In check mode: ask the service's own check whether it would take the specs of the profiles that would be made."""
    making = [(item, step) for item in items for step in item.choice.first if step.method == "POST"]

    def ask(pair: tuple[Item, Step]) -> Failure | None:
        item, step = pair
        body = cluster_profiles.validation(step.body["profile"]["spec"])
        what = f"validate the spec of {item.choice.name}"
        try:
            client.read(cluster_profiles.PATH + "/validate", method="POST", body=body, headers=microversion("1.2"), what=what)
        except Failure as failure:
            if failure.status == 406 or failure.details.get("server_type") == "MethodVersionNotFound":
                run.warn("This clustering service is too old to check a spec without making a profile; check mode did not check it.")
                return None
            cluster_profiles.explain_refusal(step, failure)
            return failure.about(operation="validate", resource=item.choice.name)
        return None

    stop = run.params["on_failure"] == "stop"
    found = each(making, ask, concurrency=run.params["concurrency"], failed=lambda failure: failure is not None, stop=stop)
    for (item, _step), failure in zip(making, found, strict=True):
        item.failure = failure


# -- apply ------------------------------------------------------------------------------------------------------------


def _change(run: Run, client: Clustering, items: list[Item], plan: Plan, guard: Guard, before: set[str]) -> None:
    """Send what is planned; then the deletions that wait for it; then read again, judge, and remove a double of ours.

    After a request whose fate is unknown, or a failure with ``on_failure: stop``, no later deletion is sent: the next
    run finds what is left to delete by the metadata of the new profile.
    """
    _send(run, client, [(item, step) for item in items for step in item.choice.first], guard, before)
    if _goes_on(run, items):
        _send(run, client, [(item, step) for item in items if item.failure is None for step in item.choice.then], guard, before)
    doubles = _judge(run, client, items)
    if doubles and _goes_on(run, items):
        plan.steps += [step for _item, step in doubles]
        _send(run, client, doubles, guard, before)
    if not _unknown(items):
        guard.finish()


def _goes_on(run: Run, items: t.Sequence[Item]) -> bool:
    stopped = run.params["on_failure"] == "stop" and any(item.failure is not None for item in items)
    return not stopped and not _unknown(items)


def _unknown(items: t.Iterable[Item]) -> bool:
    return any(outcome.state == UNKNOWN for item in items for outcome in item.outcomes)


def _send(run: Run, client: Clustering, work: t.Sequence[tuple[Item, Step]], guard: Guard, before: set[str]) -> None:
    if not work:
        return
    params = run.params
    outcomes = apply(
        client,
        [step for _item, step in work],
        cluster_profiles.accept,
        guard,
        concurrency=params["concurrency"],
        stop=params["on_failure"] == "stop",
        empty_ok=True,
    )
    owners = {id(outcome): item for outcome, (item, _step) in zip(outcomes, work, strict=True)}

    def find(unknown: list[Outcome]) -> dict[int, Accepted]:
        names = {name for outcome in unknown for name in owners[id(outcome)].choice.names}
        there = cluster_profiles.read(client, names)
        found = ((number, cluster_profiles.arrived(outcome.step, there, before)) for number, outcome in enumerate(unknown))
        return {number: accepted for number, accepted in found if accepted is not None}

    read_back(outcomes, find, run.clock, settle=params["reconcile_timeout"], where=WHERE)
    for outcome in outcomes:
        item = owners[id(outcome)]
        item.outcomes.append(outcome)
        _understand(item, outcome)


def _understand(item: Item, outcome: Outcome) -> None:
    failure = outcome.failure
    if failure is None:
        if isinstance(outcome.data, Profile):
            item.now = outcome.data
        return
    if outcome.step.method == "DELETE" and failure.status == 404:
        return  # somebody else deleted it
    tidying = item.choice.after is not None  # the profile itself is wanted present; this one was to go beside it
    if outcome.step.method == "DELETE" and failure.status == 409 and tidying:
        item.kept.setdefault(cluster_profiles.target(outcome.step), [])
        return
    cluster_profiles.explain_refusal(outcome.step, failure)
    refused_later(failure, item.outcomes)
    item.failure = item.failure or failure


# -- judge ------------------------------------------------------------------------------------------------------------


def _judge(run: Run, client: Clustering, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
    """Read what was changed again. Returns the deletions of profiles of ours that a race has doubled."""
    sent = [item for item in items if item.failure is None and any(outcome.state == STARTED for outcome in item.outcomes)]
    if not sent:
        return []
    try:
        there = {one.id: one for one in cluster_profiles.read(client, {name for item in sent for name in item.choice.names})}
    except Failure as failure:
        for item in sent:
            item.failure = unread(failure, item.outcomes[-1])
        return []
    by_name: dict[str, list[Profile]] = {}
    for one in there.values():
        by_name.setdefault(one.name, []).append(one)
    doubles = []
    for item in sent:
        item.failure = _missing(item, there)
        if item.failure is None:
            for outcome in item.outcomes:
                outcome.state = FINISHED if outcome.state == STARTED else outcome.state
            item.now = there.get(item.now.id) if item.now is not None else None
            step = _double(run, item, by_name.get(item.choice.name, []))
            if step is not None:
                doubles.append((item, step))
    return doubles


def _missing(item: Item, there: t.Mapping[str, Profile]) -> Failure | None:
    """The effect that a taken request should have had and that is not there."""
    for outcome in item.outcomes:
        if outcome.state != STARTED:
            continue
        if outcome.step.method == "DELETE":
            good = cluster_profiles.target(outcome.step) not in there
        else:
            profile = there.get(outcome.data.id)
            good = profile is not None and cluster_profiles.fits(outcome.step, profile)
        if not good:
            return Failure(
                "effect_missing",
                "the service took the request, but the profiles do not show it; somebody else may have changed them.",
                "Look at the profile and run again.",
                what=outcome.step.what,
                outcome=STARTED,
                operation=outcome.step.operation,
                resource=outcome.step.resource,
            )
    return None


def _double(run: Run, item: Item, named: t.Sequence[Profile]) -> Step | None:
    """The deletion of our new profile, when another run made the same one before it; it is then taken in its place."""
    made = [outcome.data for outcome in item.outcomes if outcome.step.method == "POST" and isinstance(outcome.data, Profile)]
    if not made:
        return None
    mine: Profile = made[0]
    old = {one.id for one in (item.choice.found, *item.choice.leftovers) if one is not None}
    others = [one for one in named if one.id != mine.id and one.id not in old]
    older = [one for one in sorted(others, key=lambda one: one.age) if specs.same_spec(one.spec, mine.spec) and one.age < mine.age]
    if older:
        item.now = older[0]
        return cluster_profiles.delete_own_double(mine, older[0])
    strange = [one.id for one in others if not specs.same_spec(one.spec, mine.spec)]
    if strange:
        run.warn(f"Meanwhile somebody else made another profile with the name {mine.name} and another spec ({', '.join(strange[:5])}).")
    return None


def _result(plan: Plan, items: t.Sequence[Item], single: bool, *, changed: bool) -> dict[str, t.Any]:
    outcome = worst(one.state for item in items for one in item.outcomes)
    if not single:
        return _run.result(plan, changed=changed, outcome=outcome, profiles=[item.public() for item in items])
    shown = items[0].public()
    more = {key: shown[key] for key in ("profile", "reconciled", "deleted", "kept")}
    return _run.result(plan, changed=changed, outcome=outcome, **more)
