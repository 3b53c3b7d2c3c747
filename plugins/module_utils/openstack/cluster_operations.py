# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change, heal and delete clusters: what only these know, for the driver.

Requests for N new clusters: one token, the lists of open actions, clusters and profiles, N, one list of open actions a poll, one reading of
each action that has ended, and the lists of clusters and nodes. Where nothing differs: the token, and the lists.
"""

from __future__ import annotations

import contextlib
import typing as t
import uuid

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs, Work
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import (
    actions,
    api,
    cluster_list,
    cluster_profiles,
    clusters,
    listing,
    nodes,
    policies,
)
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.clusters import Context, Create, Desired, Reading
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, NODES, Entry
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.specs import MARKER

LINGERS = 5.0  # seconds that a status may stay behind its action


class SetClusters(Operation):
    """``desired`` of an item is the user's :class:`Desired`, ``before`` and ``current`` are readings, None for no cluster.

    A cluster that has an action under way is waited for before it is planned for: what it shows meanwhile is neither its old
    state nor its new one. So what an earlier run has left under way is joined by the same wait.
    """

    kind, noun, where = "clusters", "clusters", "the clusters of this project (cluster_info)"
    joins = True
    empty_ok, identity_is_known, serial = True, True, True
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, desired: t.Sequence[Desired], *, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.single, self.state = desired, single, run.params["state"]
        self.jobs = actions.Reader(client)
        self.contexts: dict[str, Context] = {}  # by key of the item
        self.doubles: dict[str, Step] = {}

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    # -- read and plan -----------------------------------------------------------------------------------------------

    def read(self) -> list[Item]:
        try:
            found = self._settled()
            items = self._items(found)
            self._refuse_versions(items)
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None
        return items

    def _settled(self) -> list[Reading | None]:
        """The clusters that are meant, once none of them has an action under way.

        An action that failed early leaves its status behind until the actions of the nodes have ended too, so that a status without an
        action is looked at again before it counts.
        """
        lingers = Deadline(self.run.clock, LINGERS)
        while True:
            found = actions.at_rest(self.client, self.run, self.others, lambda: self._readings(self._find()), _names)
            if lingers.passed() or not any(one is not None and one.cluster.get("status") in clusters.BUSY for one in found):
                return found
            with self.others.released():
                self.run.clock.sleep(LINGERS / 10)

    def _find(self) -> list[Entry | None]:
        """The cluster that is meant by each of the items, None for one that is not there."""
        names = [one.name for one in self.asked if one.name]
        entries = listing.read(self.client, CLUSTERS, names, [one.id for one in self.asked if one.id])
        found = []
        if self.state != clusters.PRESENT:
            listing.refuse_names("cluster", ((one.name, one.id) for one in self.asked), {one["id"]: one["name"] for one in entries})
        for one in self.asked:
            entry = next((entry for entry in entries if entry["id"] == one.id), None) if one.id else None
            if not one.id:
                entry = listing.meant(CLUSTERS, t.cast(str, one.name), [entry for entry in entries if entry["name"] == one.name])
            elif entry is not None and one.name and self.state == clusters.PRESENT:
                taken = [other["id"] for other in entries if other["name"] == one.name and other["id"] != one.id]
                if taken:
                    raise bad_input(
                        "name_taken",
                        f"another cluster ({', '.join(taken)}) has the name {one.name} already.",
                        "Choose another name and run again.",
                        resource=one.label,
                    )
            found.append(entry)
        return found

    def _readings(self, entries: t.Sequence[Entry | None]) -> list[Reading | None]:
        there = [one for one in entries if one is not None]
        members = nodes.of_clusters(self.client, {one["id"] for one in there})
        readings: list[Reading | None] = []
        for one, desired in zip(entries, self.asked, strict=True):
            if one is None:
                readings.append(None)
                continue
            bound = policies.bindings(self.client, one["id"]) if desired.policies and one.get("policies") else []
            live = self._live(one, members[one["id"]]) if self.state == clusters.HEALTHY else None
            readings.append(Reading(one, tuple(members[one["id"]]), tuple(bound), live))
        return readings

    def _live(self, cluster: Entry, members: t.Sequence[Entry]) -> dict[str, t.Any] | None:
        """What the servers say of themselves, without an action; None where the service does not tell (stacks, old versions)."""
        what = f"read the servers of cluster {cluster['name']}"
        try:
            data = self.client.read(listing.path(CLUSTERS, cluster["id"], "attrs", "details.status"), what=what)
        except Failure as failure:
            if failure.status in (400, 404):
                return None
            raise
        told = {one["id"]: one.get("value") for one in api.objects(data, "cluster_attributes", what) if isinstance(one.get("id"), str)}
        servers = [node for node in members if node.get("physical_id")]
        return told if told or (servers and self._has_servers(cluster)) else None

    def _has_servers(self, cluster: Entry) -> bool:
        """Its nodes are servers, whose details have a status."""
        (profile,) = cluster_profiles.read(self.client, (), [cluster["profile_id"]]) or (None,)
        return profile is not None and str(profile.data["type"]).startswith("os.nova.server-")

    def _items(self, found: t.Sequence[Reading | None]) -> list[Item]:
        contexts = self._contexts(found)
        listing.refuse_doubles("cluster", map(self._given, self.asked, found))
        items = []
        for desired, reading, context in zip(self.asked, found, contexts, strict=True):
            key = listing.item_key(desired, reading.id if reading is not None else None)
            self.contexts[key] = context
            steps = self._plan(desired, reading, context)
            title = desired.name or (reading.name if reading is not None else desired.label)
            items.append(Item(key, title, desired=desired, before=reading, current=reading, steps=steps[:1], later=steps[1:]))
        return items

    def _given(self, desired: Desired, reading: Reading | None) -> tuple[Desired, str | None, list[str]]:
        name = reading.name if reading is not None and self.state == clusters.PRESENT else None
        return desired, listing.new_name(desired, name), [reading.id] if reading is not None else []

    def _plan(self, desired: Desired, reading: Reading | None, context: Context) -> tuple[Step, ...]:
        if self.state == clusters.ABSENT:
            return clusters.plan_absence(reading, self.run.params["force"])
        if self.state == clusters.PRESENT:
            return clusters.plan(desired, reading, context)
        if reading is None:
            raise bad_input(
                "cluster_not_found",
                f"there is no cluster {desired.label} in this project.",
                "Correct the name, or make the cluster with state present, and run again.",
                resource=desired.label,
            )
        return clusters.plan_health(reading, desired.label)

    def _contexts(self, found: t.Sequence[Reading | None]) -> list[Context]:
        if self.state != clusters.PRESENT:
            return [Context() for _one in found]
        profiles = self._profiles(found)
        names = {name for one in self.asked for name in one.policies}
        new = self._foreseen(policies.NEW_ID, names)
        bound = {**policies.find(self.client, names - new.keys()), **new}
        contexts = []
        for desired, reading in zip(self.asked, found, strict=True):
            profile = profiles[desired.profile] if desired.profile else None
            old = profiles.get(reading.cluster.get("profile_id")) if reading is not None else None
            wanted = {(bound[name]["id"], bound[name]["name"]): bound[name] for name in desired.policies}
            marker = str(uuid.UUID(int=self.run.random.getrandbits(128), version=4))
            contexts.append(
                Context(profile, old, tuple(wanted.values()), self.run.params["on_profile_change"], self.client.minor or 0, marker)
            )
        return contexts

    def _profiles(self, found: t.Sequence[Reading | None]) -> dict[t.Any, Entry]:
        """The profiles that are meant, by what the user calls them, and those that the clusters have, by id."""
        asked = {one.profile for one in self.asked if one.profile}
        if not asked:
            return {}
        new = self._foreseen(cluster_profiles.NEW_ID, asked)
        names, ids = listing.names_and_ids(asked - new.keys())
        have = {one.cluster["profile_id"] for one in found if one is not None and isinstance(one.cluster.get("profile_id"), str)}
        read = cluster_profiles.read(self.client, names, {*ids, *have})
        known: dict[t.Any, Entry] = {**new, **{one.id: one.data for one in read}}
        for name in names:
            one = next((one for one in read if one.id == name.lower()), None)
            if one is None:
                one = cluster_profiles.meant(name, [one for one in read if one.name == name])
            if one is None:
                raise bad_input(
                    "profile_not_found",
                    f"there is no profile {name} in this project.",
                    "Look at cluster_profile_info, or make it with cluster_profile, and run again.",
                    resource=name,
                )
            known[name] = one.data
        return known

    def _foreseen(self, words: str, asked: t.Iterable[str]) -> dict[str, Entry]:
        return listing.foreseen(words, asked) if self.run.check_mode else {}

    def _refuse_versions(self, items: t.Sequence[Item]) -> None:
        """What an older service would take no notice of."""
        for step in (step for item in items for step in (*item.steps, *item.later)):
            if step.query:
                self.client.require(8, "force")
            body = step.body or {}
            if "recover" in body:
                self.client.require(6, "a recovery that looks at the servers first")
            elif "cluster" in body and "profile_only" in body["cluster"]:
                self.client.require(6, "on_profile_change profile_only")
            elif "cluster" in body and "config" in body["cluster"]:
                self.client.require(7, "config")

    # -- answers -----------------------------------------------------------------------------------------------------

    def accept(self, step: Step, data: t.Any) -> Accepted:
        """202 with the cluster as it was before, with the id of the action, or with null. The action is in Location, too."""
        if isinstance(step, Create):
            try:
                cluster = listing.one_of(CLUSTERS, data)
            except Failure as failure:
                raise Unproven(failure.why + ".") from None
            if (cluster.get("metadata") or {}).get(MARKER) != step.marker:
                raise Unproven("the service answered with another cluster than the one that was sent.")
            return Accepted(data=cluster)
        if step.method == "POST":
            action = data.get("action") if isinstance(data, dict) else None
            if not isinstance(action, str) or not action:
                raise Unproven("the answer holds no action.")
            return Accepted(job=action)
        if step.method == "PATCH" and not isinstance(data, dict):
            raise Unproven("the answer holds neither cluster nor node.")
        return Accepted()

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        """An action of the same kind that is under way on the cluster is it (no second one can be); else the effect tells."""
        readings = self._look([item for item, _outcome in unknown])
        running = actions.read_open(self.client)
        found = {}
        for item, outcome in unknown:
            reading, step = readings.get(item.key), outcome.step
            if isinstance(step, Create) and (reading is None or reading.metadata.get(MARKER) != step.marker):
                continue
            target = reading.id if isinstance(step, Create) and reading is not None else listing.ident(step.path)
            wanted = (clusters.action_name(step), target)
            job = next((one["id"] for one in running if (one["action"], one.get("target")) == wanted), None)
            if isinstance(step.body, dict) and "policy_attach" in step.body:
                job = policies.action_of(step, running)
            if job or isinstance(step, Create) or clusters.shows(step, reading):
                found[step.key] = Accepted(job=job, data=reading.cluster if reading is not None else None)
        return found

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """Somebody else deleted it."""
        return outcome.step.method == "DELETE" and outcome.failure is not None and outcome.failure.status == 404

    # -- verify ------------------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        readings = self._look(items)
        states = {}
        for item in items:
            reading = readings.get(item.key)
            item.current = reading
            good = self._stands(item, reading)
            if good and reading is not None and isinstance(item.outcomes[0].step, Create):
                self._note_double(item, reading)
            name = str(reading.cluster.get("status")) if reading is not None else "absent"
            states[item.key] = State(name, done=good, ok=good)
        return states

    def _look(self, items: t.Sequence[Item]) -> dict[str, Reading]:
        """The clusters of these items as they are now: by the id that they have, a new one by its marker."""
        ids = {item.key: item.before.id for item in items if item.before is not None}
        names = []
        for item in items:
            made = next((outcome.data for outcome in item.outcomes if isinstance(outcome.data, dict) and "id" in outcome.data), None)
            if item.key not in ids and made is not None:
                ids[item.key] = made["id"]
            if item.before is None:
                names.append(item.title)
        entries = listing.read(self.client, CLUSTERS, names, ids.values())
        self.named = entries
        mine: dict[str, Entry] = {}
        for item in items:
            marker = next((outcome.step.marker for outcome in item.outcomes if isinstance(outcome.step, Create)), None)
            for entry in entries:
                tag = (entry.get("metadata") or {}).get(MARKER)
                if entry["id"] == ids.get(item.key) or (item.key not in ids and marker and tag == marker):
                    mine[item.key] = entry
        members = nodes.of_clusters(self.client, {entry["id"] for entry in mine.values()})
        readings = {}
        for item in items:
            if item.key not in mine:
                continue
            entry = mine[item.key]
            bound = policies.bindings(self.client, entry["id"]) if item.desired.policies and entry.get("policies") else []
            live = self._live(entry, members[entry["id"]]) if self.state == clusters.HEALTHY else None
            readings[item.key] = Reading(entry, tuple(members[entry["id"]]), tuple(bound), live)
        return readings

    def _stands(self, item: Item, reading: Reading | None) -> bool:
        """All that was sent shows; at the end of the last stage nothing is left to plan."""
        sent = [outcome.step for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
        if not sent or sent[-1].operation == "delete double":
            return True
        if not clusters.shows(sent[-1], reading):
            return False
        if item.unsent:
            return True
        if self.state == clusters.PRESENT:
            return not clusters.plan(item.desired, reading, self.contexts[item.key])
        return self.state == clusters.ABSENT or (reading is not None and not clusters.plan_health(reading, item.title))

    def _note_double(self, item: Item, mine: Reading) -> None:
        """Another run has made a cluster of the same name at the same time: the younger one goes."""
        others = [
            Reading(one)
            for one in self.named
            if one["name"] == mine.name and one["id"] != mine.id and MARKER in (one.get("metadata") or {})
        ]
        older = min((one for one in others if one.age < mine.age), key=lambda one: one.age, default=None)
        if older is not None:
            self.doubles.setdefault(item.key, clusters.delete_own_double(mine, older))

    def not_reached(self, item: Item) -> Failure:
        reading: Reading | None = item.current
        faults = reading.faults() if reading is not None and self.state != clusters.ABSENT else []
        told = f": {'; '.join(faults[:5])}" if faults else "; somebody else may have changed it"
        return Failure(
            "effect_missing",
            f"the action ended well, but the cluster is not as desired{told}.",
            "Look at the nodes and their servers, and run again to go on with what is left.",
        )

    def has_next(self, item: Item) -> bool:
        if item.key in self.doubles:
            return all(outcome.step is not self.doubles[item.key] for outcome in item.outcomes)
        return super().has_next(item)

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        mine = [(item, self.doubles[item.key]) for item in items if item.key in self.doubles]
        return mine + super().next_steps([item for item in items if item.key not in self.doubles])

    def known(self, item: Item, step: Step) -> Step:
        return clusters.rebased(step, item.current.id) if step.foreseen else step

    def reserves(self, item: Item) -> list[str]:
        made = [outcome.data["id"] for outcome in item.outcomes if isinstance(outcome.data, dict) and "id" in outcome.data]
        return [item.before.id] if item.before is not None else made

    def free(self, work: Work, *, wait: bool) -> bool:
        names = {item.current.id: item.title for item, _step in work if item.current is not None}
        names |= {listing.ident(step.path): step.title for _item, step in work if step.path.startswith(NODES.path)}
        return actions.free(self.client, self.run, self.others, names, wait)

    def brought(self, work: Work) -> set[str]:
        ours = [(item, step) for item, step in work if step.operation != "delete double"]
        readings = self._look([item for item, _step in ours]) if ours else {}
        for item, _step in ours:
            item.current = readings.get(item.key)
        return {step.key for item, step in ours if clusters.shows(step, item.current)}

    def conclude(self, items: t.Sequence[Item]) -> None:
        self._look_at_failed([item for item in items if item.failure is not None and item.job])
        left = [item.title for item in items if item.failure is None and not item.verified and item.outcomes and item.unsent]
        if left and not self.run.params["wait"]:
            self.run.warn(
                f"Without wait only the first request for {', '.join(left[:5])} was sent: a cluster does one thing at a time."
                " Run again for the rest."
            )

    def _look_at_failed(self, items: t.Sequence[Item]) -> None:
        """The result shows how they stand now, with the nodes that failed. (A failed look leaves what was read before.)"""
        if not items:
            return
        with contextlib.suppress(Failure):
            readings = self._look(items)
            for item in items:
                item.current = readings.get(item.key)

    # -- words -------------------------------------------------------------------------------------------------------

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        if not after:
            return listing.by_title(items, lambda item: item.before.view() if item.before is not None else None)
        return listing.by_title(items, self._after)

    def _after(self, item: Item) -> dict[str, t.Any] | None:
        reading, desired, context = item.before, item.desired, self.contexts[item.key]
        if self.state == clusters.ABSENT:
            return None
        if not item.predicted and reading is not None:
            return reading.view()
        size = desired.desired_capacity
        view = (
            reading.view()
            if reading is not None
            else {
                "name": item.title, "profile": None, "desired_capacity": desired.min_size or 0, "min_size": 0, "max_size": -1,
                "metadata": {}, "config": {}, "timeout": 3600, "active_nodes": desired.min_size or 0,
            }
        )  # fmt: skip
        for key in ("name", "desired_capacity", "min_size", "max_size", "metadata", "config", "timeout"):
            value = getattr(desired, key)
            if value is not None:
                view[key] = value
        if context.profile is not None:
            view["profile"] = context.profile["id"]
            moves = reading is not None and context.on_profile_change == clusters.UPDATE
            if moves and reading is not None and reading.cluster.get("profile_id") != context.profile["id"]:
                view["updated_nodes"] = len(reading.members)
        if size is not None:
            view["active_nodes"] = size
        elif reading is not None and self.state == clusters.HEALTHY:
            view["active_nodes"] = len(reading.members)
        if context.policies:
            view["policies"] = sorted({*view.get("policies", []), *(policy["name"] for policy in context.policies)})
        return view

    def present(self, item: Item) -> dict[str, t.Any]:
        reading: Reading | None = item.current
        made = next((outcome.data for outcome in reversed(item.outcomes) if isinstance(outcome.data, dict)), None)
        cluster = cluster_list.public(reading.cluster) if reading is not None else None
        if cluster is None and made is not None and self.state == clusters.PRESENT and not item.verified:
            cluster = cluster_list.public(made)
        return {
            "name": item.title,
            "cluster": cluster,
            "nodes": [nodes.short(node) for node in reading.members] if reading is not None else [],
            **item.facts(),
            "actions": [outcome.job for outcome in item.outcomes if outcome.job],
        }

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("cluster", "nodes", "actions", "reconciled", "history") if key in shown}


def _names(found: t.Sequence[Reading | None]) -> dict[str, str]:
    return {one.id: one.name for one in found if one is not None}


def set_clusters(run: Run, client: api.Clustering, desired: t.Sequence[Desired], *, single: bool) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetClusters(run, client, desired, single=single))
