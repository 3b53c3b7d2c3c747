# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, rename, replace and delete policies, and bind them to clusters: what only these know, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._bulk import each
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs, Work
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions, api, clusters, listing, policies, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, POLICIES, Entry
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.policies import Bound, Desired


class SetPolicies(Operation):
    """``desired`` of an item is the user's :class:`Desired`, ``before`` and ``current`` are entries, None for no policy.

    A policy has no metadata that could carry a marker: one whose answer was lost is known by its name and spec, and by not having
    been there before.
    """

    kind, noun, where = "clusters", "policies", "the policies of this project (cluster_policy_info)"
    empty_ok, identity_is_known, serial = True, True, True
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, desired: t.Sequence[Desired], *, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.single, self.is_present = desired, single, run.params["state"] == "present"
        self.jobs = actions.Reader(client)
        self.there: set[str] = set()
        self.used: dict[str, list[str]] = {}  # by the id of a policy that is to go: who uses it, so that it stays

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    def read(self) -> list[Item]:
        try:
            entries = self._entries([one.name for one in self.asked], [one.id for one in self.asked])
            while any(self.others.reserved(one["id"]) for one in entries):
                actions.wait_until_free(self.client, self.run, self.others, {one["id"]: one["name"] for one in entries})
                entries = self._entries([one.name for one in self.asked], [one.id for one in self.asked])
            self.there = {one["id"] for one in entries}
            if not self.is_present:
                listing.refuse_names("policy", ((one.name, one.id) for one in self.asked), {one["id"]: one["name"] for one in entries})
            if not self.is_present and self.run.params["on_use"] != listing.TRY:
                self.used = self._users({one["id"] for one in entries})
            replace = self.is_present and self.run.params["on_spec_change"] == "replace"
            meant = [(one, *policies.match(one, entries, replace)) for one in self.asked]
            listing.refuse_doubles("policy", (self._given(*row) for row in meant))
            return [self._item(*row, entries) for row in meant]
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None

    def _entries(self, names: t.Iterable[str | None], ids: t.Iterable[str | None]) -> list[Entry]:
        return listing.read(self.client, POLICIES, [name for name in names if name], [ident for ident in ids if ident])

    def _given(self, desired: Desired, found: Entry | None, old: t.Sequence[Entry]) -> tuple[Desired, str | None, list[str]]:
        name = found["name"] if found is not None and self.is_present else None
        return desired, listing.new_name(desired, name), [one["id"] for one in (found, *old) if one is not None]

    def _item(self, desired: Desired, found: Entry | None, old: t.Sequence[Entry], entries: t.Sequence[Entry]) -> Item:
        replace = self.run.params["on_spec_change"] == "replace"
        if not self.is_present:
            used = self.used.get(found["id"], []) if found is not None else []
            steps = policies.plan_absence(found, used, self.run.params["on_use"])
        else:
            self._refuse_taken(desired, found, entries)
            differs = found is not None and desired.spec is not None and not specs.same_spec(found.get("spec") or {}, desired.spec)
            gone = [*old, *([found] if found is not None and differs and replace and not desired.id else [])]
            bound, bare = self._bound(found, gone)
            steps = policies.plan(desired, found, old, bound, replace, bare if old else ())
        title = desired.name or (found["name"] if found else desired.label)
        key = listing.item_key(desired, found["id"] if found else None)
        return Item(key, title, desired=desired, before=found, current=found, steps=steps[:1], later=steps[1:])

    def _refuse_taken(self, desired: Desired, found: Entry | None, entries: t.Sequence[Entry]) -> None:
        others = [one["id"] for one in entries if desired.id and one["name"] == desired.name and one["id"] != desired.id]
        if found is not None and others and found["name"] != desired.name:
            raise bad_input(
                "name_taken",
                f"another policy ({', '.join(others)}) has the name {desired.name} already.",
                "Choose another name and run again.",
                resource=desired.label,
            )

    def _users(self, ids: t.Collection[str]) -> dict[str, list[str]]:
        """The clusters that these policies are attached to. The service tells that of a cluster only."""
        used: dict[str, list[str]] = {}
        for cluster in listing.read_all(self.client, CLUSTERS) if ids else ():
            for one in policies.bindings(self.client, cluster["id"]) if cluster.get("policies") else ():
                if one.get("policy_id") in ids:
                    used.setdefault(one["policy_id"], []).append(f"cluster {cluster['name']}")
        return used

    def _bound(self, found: Entry | None, gone: t.Sequence[Entry]) -> tuple[dict[str, list[Bound]], list[Bound]]:
        """Where policies that are to go are attached, and the clusters that an earlier run left without the one that stays."""
        if not gone or found is None:
            return {}, []
        return actions.at_rest(self.client, self.run, self.others, lambda: self._places(found, gone), _names)

    def _places(self, found: Entry, gone: t.Sequence[Entry]) -> tuple[dict[str, list[Bound]], list[Bound]]:
        """The service tells that of a cluster only, so each that has policies is asked. What a replacement that broke off has detached
        is told by its actions only."""
        places: dict[str, list[Bound]] = {one["id"]: [] for one in gone}
        there = listing.read_all(self.client, CLUSTERS)
        held = {one["id"]: policies.bindings(self.client, one["id"]) if one.get("policies") else [] for one in there}
        for cluster in there:
            for one in held[cluster["id"]]:
                if one.get("policy_id") in places:
                    places[one["policy_id"]].append(Bound(cluster["id"], cluster["name"], one.get("enabled") is True))
        old = [one for one in gone if one["id"] != found["id"]]
        if not old:
            return places, []
        kinds = (policies.ATTACH, policies.UPDATE, policies.DETACH)
        done = actions.search(self.client, [("action", kind) for kind in kinds])
        return places, policies.left_bare(found, old, done, held, {one["id"]: one["name"] for one in there})

    def check(self, items: t.Sequence[Item]) -> None:
        """In check mode: ask the service's own check whether it would take the specs of the policies that would be made."""

        def ask(item: Item) -> bool:
            body = {"policy": {"spec": item.steps[0].body["policy"]["spec"]}}
            try:
                self.client.read(POLICIES.path + "/validate", method="POST", body=body, what=f"validate the spec of {item.title}")
            except Failure as failure:
                if failure.details.get("server_type") == "MethodVersionNotFound":
                    self.run.warn("The service is too old to check a spec without making a policy; check mode did not check it.")
                    return True
                failure.operation = "validate"
                item.fail(failure, api.SYSTEM)
                return False
            return True

        making = [item for item in items if item.steps and item.steps[0].method == "POST" and "policy" in item.steps[0].body]
        params = self.run.params
        each(making, ask, concurrency=params["concurrency"], clock=self.run.clock, stop=params["on_failure"] == "stop")

    def accept(self, step: Step, data: t.Any) -> Accepted:
        if step.method == "DELETE":
            return Accepted()
        if "policy" not in step.body:
            return accept_action(data)
        try:
            policy = listing.one_of(POLICIES, data)
        except Failure as failure:
            raise Unproven(failure.why + ".") from None
        if policy["name"] != step.body["policy"]["name"]:
            raise Unproven("the service answered with another policy than the one that was sent.")
        return Accepted(data=policy)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        entries = self._entries([item.title for item, _outcome in unknown], [item.before["id"] for item, _o in unknown if item.before])
        running = actions.read_open(self.client)
        found = {}
        for _item, outcome in unknown:
            step = outcome.step
            if step.method == "POST" and "policy" in step.body:
                asked = step.body["policy"]
                new = [one for one in entries if one["id"] not in self.there and one["name"] == asked["name"]]
                mine = next((one for one in new if specs.same_spec(one.get("spec") or {}, asked["spec"])), None)
                if mine is not None:
                    found[step.key] = Accepted(data=mine)
            elif step.method == "POST":
                job = policies.action_of(step, running)
                if job or policies.same_bindings(step, policies.bindings(self.client, step.resource)):
                    found[step.key] = Accepted(job=job)
            elif self._shows(step, entries):
                found[step.key] = Accepted()
        return found

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """Somebody else deleted it. Or it was attached meanwhile, and is to stay then."""
        status = outcome.failure.status if outcome.step.method == "DELETE" and outcome.failure is not None else None
        if status == 409 and not self.is_present and self.run.params["on_use"] == listing.KEEP:
            self.used[outcome.step.resource] = []
            return True
        return status == 404

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        ids = [item.before["id"] for item in items if item.before]
        entries = self._entries([item.title for item in items], ids)
        states = {}
        for item in items:
            made = next((outcome.data for outcome in item.outcomes if isinstance(outcome.data, dict)), None)
            ident = made["id"] if made is not None else item.before["id"] if item.before else None
            item.current = next((one for one in entries if one["id"] == ident), None)
            sent = [outcome.step for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
            good = not sent or self._shows(sent[-1], entries)
            states[item.key] = State("as desired" if good else "not as desired", done=good, ok=good)
        return states

    def _shows(self, step: Step, entries: t.Sequence[Entry]) -> bool:
        if step.method == "DELETE":
            return all(listing.path(POLICIES, one["id"]) != step.path for one in entries)
        if "policy" not in step.body:
            return policies.same_bindings(step, policies.bindings(self.client, step.resource))
        return any(one["name"] == step.body["policy"]["name"] for one in entries)

    def reserves(self, item: Item) -> list[str]:
        made = [outcome.data["id"] for outcome in item.outcomes if isinstance(outcome.data, dict)]
        return [*made, item.before["id"]] if item.before is not None else made

    def free(self, work: Work, *, wait: bool) -> bool:
        names = {step.resource: step.title for _item, step in work if step.path.startswith(CLUSTERS.path)}
        return actions.free(self.client, self.run, self.others, names, wait)

    def brought(self, work: Work) -> set[str]:
        entries = self._entries([], [step.resource for _item, step in work if step.method == "DELETE"])
        return {step.key for _item, step in work if self._shows(step, entries)}

    def known(self, item: Item, step: Step) -> Step:
        return policies.known(step, item.current["id"]) if step.foreseen else step

    def left(self, item: Item) -> str:
        """A replacement that ends between detaching and attaching leaves a cluster without the policy."""
        names = policies.unattached((*item.steps, *item.later), item.outcomes, verified=item.verified)
        if not names:
            return ""
        noun = "cluster" if len(names) == 1 else "clusters"
        return f"Without the policy until it is attached: {noun} {named(names, 60)}. Run again to attach it."

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the service took the request, but the policies do not show it; somebody else may have changed them.",
            "Look at the policy and run again.",
        )

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        def view(item: Item) -> dict[str, t.Any] | None:
            if not after or (not self.is_present and not item.predicted):
                return {"name": item.before["name"], "spec": item.before.get("spec")} if item.before else None
            if not self.is_present:
                return None
            spec = item.desired.spec if item.desired.spec is not None else (item.before or {}).get("spec")
            return {"name": item.title, "spec": spec}

        return listing.by_title(items, view)

    def present(self, item: Item) -> dict[str, t.Any]:
        deleted = [o.step.resource for o in item.outcomes if o.step.method == "DELETE" and o.state in (STARTED, FINISHED)]
        made = next((outcome.data for outcome in item.outcomes if isinstance(outcome.data, dict)), None)
        now = item.current if item.verified or made is None else made
        kept = [{"id": now["id"], "used_by": self.used[now["id"]]}] if now and now["id"] in self.used else []
        shown = masked(policies.public(now)) if now else None
        return {"name": item.title, "policy": shown, **item.facts(), "deleted": deleted, "kept": kept}

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("policy", "reconciled", "history", "deleted", "kept") if key in shown}


class SetBindings(Operation):
    """``desired`` of an item is (cluster, policy, enabled), ``current`` its binding, None when the policy is not attached."""

    kind, noun, where = "clusters", "bindings", "the policies of the cluster (cluster_policy_binding_info)"
    empty_ok, identity_is_known = True, True
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, asked: t.Sequence[tuple[str, str, bool | None]], *, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.single, self.attached = asked, single, run.params["state"] == "attached"
        self.jobs = actions.Reader(client)

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    def read(self) -> list[Item]:
        try:
            return self._read()
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None

    def _read(self) -> list[Item]:
        there, bound = actions.at_rest(self.client, self.run, self.others, self._found, _named)
        missing = [name for name, one in there.items() if one is None]
        if missing and self.attached:
            raise bad_input(
                "cluster_not_found",
                f"there is no cluster {missing[0]} in this project.",
                "Look at cluster_info, correct the name, and run again.",
                resource=missing[0],
            )
        wanted = policies.find(self.client, {policy for _cluster, policy, _enabled in self.asked}, missing_ok=not self.attached)
        items: list[Item] = []
        coming: dict[str, list[Entry]] = {}  # by cluster: the policies that rows before attach
        for name, policy_name, enabled in self.asked:
            cluster, policy = there[name], wanted.get(policy_name)
            if cluster is None or policy is None:
                items.append(Item(f"{name}/{policy_name}", f"{policy_name} of {name}", desired=(cluster, policy, enabled)))
                continue
            key = f"{cluster['id']}/{policy['id']}"
            if any(item.key == key for item in items):
                why = f"the policy {policy_name} of the cluster {name} is given more than once."
                raise bad_input("duplicate_item", why, "Give each binding once and run again.", resource=name)
            now = next((one for one in bound[cluster["id"]] if one.get("policy_id") == policy["id"]), None)
            steps = self._steps(cluster, policy, enabled, now, bound[cluster["id"]], coming.setdefault(cluster["id"], []))
            title = f"{policy['name']} of {cluster['name']}"
            items.append(Item(key, title, desired=(cluster, policy, enabled), before=now, current=now, steps=steps))
        return items

    def _found(self) -> tuple[dict[str, Entry | None], dict[str, list[Entry]]]:
        """The clusters that are meant by what the user calls them, and the policies of each by its id."""
        names, ids = listing.names_and_ids(cluster for cluster, _policy, _enabled in self.asked)
        entries = listing.read(self.client, CLUSTERS, names, ids)
        there = {name: listing.meant(CLUSTERS, name, entries) for name in names}
        return there, {one["id"]: policies.bindings(self.client, one["id"]) for one in there.values() if one is not None}

    def _steps(
        self, cluster: Entry, policy: Entry, enabled: bool | None, now: Entry | None, bound: t.Sequence[Entry], coming: list[Entry]
    ) -> tuple[Step, ...]:
        def step(verb: str, why: str, **body: t.Any) -> tuple[Step, ...]:
            given = {f"policy_{verb}": {"policy_id": policy["id"], **body}}
            return (policies.bind(cluster["id"], cluster["name"], verb, policy["name"], given, why),)

        if not self.attached:
            return step("detach", "it is desired detached") if now is not None else ()
        if now is None:
            coming.append(policy)
            clusters.refuse_types(cluster["name"], coming, bound)
            return step("attach", "it is not attached", enabled=enabled is not False)
        if enabled is not None and now.get("enabled") is not enabled:
            return step("update", f"it is {'enabled' if now.get('enabled') else 'disabled'}", enabled=enabled)
        return ()

    def accept(self, step: Step, data: t.Any) -> Accepted:
        return accept_action(data)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        running = actions.read_open(self.client)
        found = {}
        for _item, outcome in unknown:
            step = outcome.step
            job = policies.action_of(step, running)
            if job or policies.same_bindings(step, policies.bindings(self.client, step.resource)):
                found[step.key] = Accepted(job=job)
        return found

    def free(self, work: Work, *, wait: bool) -> bool:
        return actions.free(self.client, self.run, self.others, {step.resource: step.title for _item, step in work}, wait)

    def brought(self, work: Work) -> set[str]:
        states = self.look([item for item, _step in work])
        return {step.key for item, step in work if states[item.key].ok}

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        bound = {step.resource: policies.bindings(self.client, step.resource) for item in items for step in item.steps}
        states = {}
        for item in items:
            if not item.steps:
                states[item.key] = State("as desired", done=True, ok=True)
                continue
            step, policy = item.steps[0], item.desired[1]
            item.current = next((one for one in bound[step.resource] if one.get("policy_id") == policy["id"]), None)
            good = policies.same_bindings(step, bound[step.resource])
            states[item.key] = State("as desired" if good else "not as desired", done=good, ok=good)
        return states

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the action ended well, but the policies of the cluster do not show it.",
            "Look at the policies of the cluster and run again.",
        )

    def view(self, item: Item, after: bool) -> dict[str, t.Any]:
        now = item.before
        if not after or not item.predicted:
            return {"attached": now is not None, "enabled": now.get("enabled") if now else None}
        if not self.attached:
            return {"attached": False, "enabled": None}
        enabled = item.desired[2]
        return {"attached": True, "enabled": enabled if enabled is not None else now.get("enabled") if now else True}

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        return listing.by_title(items, lambda item: self.view(item, after))

    def present(self, item: Item) -> dict[str, t.Any]:
        cluster, policy, _enabled = item.desired
        return {
            "cluster": cluster["name"] if cluster else None,
            "policy": policy["name"] if policy else None,
            "binding": policies.public_binding(item.current) if item.current else None,
            **item.facts(),
            "actions": [outcome.job for outcome in item.outcomes if outcome.job],
        }

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("binding", "actions", "reconciled", "history") if key in shown}


def _names(found: tuple[t.Mapping[str, t.Sequence[Bound]], t.Sequence[Bound]]) -> dict[str, str]:
    places, bare = found
    return {one.cluster: one.name for group in (*places.values(), bare) for one in group}


def _named(found: tuple[t.Mapping[str, Entry | None], t.Any]) -> dict[str, str]:
    return {one["id"]: one["name"] for one in found[0].values() if one is not None}


def accept_action(data: t.Any) -> Accepted:
    """202 to a request for an action: its id."""
    action = data.get("action") if isinstance(data, dict) else None
    if not isinstance(action, str) or not action:
        raise Unproven("the answer holds no action.")
    return Accepted(job=action)


def set_policies(run: Run, client: api.Clustering, desired: t.Sequence[Desired], *, single: bool) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetPolicies(run, client, desired, single=single))


def set_bindings(run: Run, client: api.Clustering, asked: t.Sequence[tuple[str, str, bool | None]], *, single: bool) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetBindings(run, client, asked, single=single))
