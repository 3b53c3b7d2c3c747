# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, replace and delete receivers: what only these know, for the driver. Their addresses and ids are secrets of every run."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import FINISHED, STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Outcome, Step, Unproven
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, receivers, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.clusters import NEW_ID
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import CLUSTERS, RECEIVERS, Entry
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.receivers import Desired


class SetReceivers(Operation):
    """``desired`` of an item is (the user's :class:`Desired`, its cluster), ``current`` the receiver, None when there is none."""

    kind, noun, where = "receivers", "receivers", "the receivers of this project (cluster_receiver_info)"
    at_once, empty_ok, identity_is_known, serial = True, True, True, True
    holds = True  # one that is replaced is gone for a moment
    client: api.Clustering

    def __init__(self, run: Run, client: api.Clustering, asked: t.Sequence[Desired], *, single: bool) -> None:
        super().__init__(run, client)
        self.asked, self.single, self.is_present = asked, single, run.params["state"] == "present"
        self.there: set[str] = set()

    def identity(self) -> tuple[str, ...]:
        return (api.SYSTEM, self.client.project)

    def read(self) -> list[Item]:
        try:
            return self._read()
        except Failure as failure:
            raise failure.about(system=api.SYSTEM) from None

    def _read(self) -> list[Item]:
        new = listing.foreseen(NEW_ID, (one.cluster for one in self.asked)) if self.run.check_mode else {}
        pairs = [(one, new.get(one.cluster)) for one in self.asked]
        pairs = [(dataclasses.replace(one, cluster=coming["name"]) if coming else one, coming) for one, coming in pairs]
        names, ids = listing.names_and_ids(one.cluster for one, _coming in pairs)
        clusters = listing.read(self.client, CLUSTERS, names, ids)
        entries = read_all(self.run, self.client, {one.name for one in self.asked})
        self.there = {one["id"] for one in entries}
        items: list[Item] = []
        times = collections.Counter(one.name for one in self.asked)
        for one, coming in pairs:
            cluster = listing.meant(CLUSTERS, one.cluster, clusters) or coming
            if cluster is None and self.is_present:
                raise bad_input(
                    "cluster_not_found",
                    f"there is no cluster {one.cluster} in this project.",
                    "Look at cluster_info, correct the name, and run again.",
                    resource=one.name,
                )
            found = receivers.meant(one, cluster, entries)
            key = f"{cluster['id'] if cluster is not None else one.cluster}/{one.name}"
            if any(item.key == key for item in items):
                why = f"the receiver {one.name} of the cluster {one.cluster} is given more than once."
                raise bad_input("duplicate_item", why, "Give each receiver once and run again.", resource=one.name)
            steps: tuple[Step, ...] = ()
            if self.is_present and cluster is not None:
                steps = receivers.plan(one, cluster, found)
            elif found is not None:
                steps = (receivers.delete(found, "it is desired absent"),)
            title = one.name if times[one.name] == 1 else f"{one.cluster}/{one.name}"
            items.append(Item(key, title, desired=(one, cluster), before=found, current=found, steps=steps[:1], later=steps[1:]))
        return items

    def accept(self, step: Step, data: t.Any) -> Accepted:
        if step.method == "DELETE":
            return Accepted()
        try:
            made = listing.one_of(RECEIVERS, data)
        except Failure as failure:
            raise Unproven(failure.why + ".") from None
        self.run.redactor.add(*receivers.secrets(made))
        if made["name"] != step.body["receiver"]["name"]:
            raise Unproven("the service answered with another receiver than the one that was sent.")
        return Accepted(data=made)

    def find(self, unknown: Pairs) -> dict[str, Accepted]:
        entries = read_all(self.run, self.client, {item.desired[0].name for item, _outcome in unknown})
        found = {}
        for _item, outcome in unknown:
            step = outcome.step
            if step.method == "DELETE":
                if all(listing.path(RECEIVERS, one["id"]) != step.path for one in entries):
                    found[step.key] = Accepted()
                continue
            new = [one for one in entries if one["id"] not in self.there and _fits(step, one)]
            if new:
                found[step.key] = Accepted(data=new[0])
        return found

    def tolerates(self, item: Item, outcome: Outcome) -> bool:
        """Somebody else deleted it."""
        return outcome.step.method == "DELETE" and outcome.failure is not None and outcome.failure.status == 404

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        entries = read_all(self.run, self.client, {item.desired[0].name for item in items})
        states = {}
        for item in items:
            made = next((outcome.data for outcome in item.outcomes if isinstance(outcome.data, dict)), None)
            ident = made["id"] if made is not None else item.before["id"] if item.before else None
            item.current = next((one for one in entries if one["id"] == ident), None)
            sent = [outcome.step for outcome in item.outcomes if outcome.state in (STARTED, FINISHED)]
            last = sent[-1] if sent else None
            gone = last is not None and last.method == "DELETE" and item.current is None
            good = last is None or gone or (last.method == "POST" and item.current is not None and _fits(last, item.current))
            states[item.key] = State("as desired" if good else "not as desired", done=good, ok=good)
        return states

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing",
            "the service took the request, but the receivers do not show it; somebody else may have changed them.",
            "Look at the receiver and run again.",
        )

    def conclude(self, items: t.Sequence[Item]) -> None:
        if self.run.params["return_url"]:
            urls = {item.title: receivers.url(item.current) for item in items if item.current is not None and item.failure is None}
            self.run.reveal["urls"] = urls

    def diff(self, items: t.Sequence[Item], *, after: bool) -> dict[str, t.Any]:
        def view(item: Item) -> dict[str, t.Any] | None:
            now = item.before
            if not after or (self.is_present and not item.predicted):
                return {key: now.get(key) for key in ("name", "action", "params")} if now else None
            if not self.is_present:
                return None
            made = next(step for step in (*item.steps, *item.later) if step.method == "POST").body["receiver"]
            shown = {"name": item.desired[0].name, "action": made["action"], "params": made.get("params", {})}
            return shown | {"address": "(a new one; the old one stops working)"} if now else shown

        return listing.by_title(items, view)

    def present(self, item: Item) -> dict[str, t.Any]:
        deleted = [o.step.title for o in item.outcomes if o.step.method == "DELETE" and o.state in (STARTED, FINISHED)]
        shown = {
            "name": item.desired[0].name,
            "cluster": item.desired[1]["name"] if item.desired[1] is not None else item.desired[0].cluster,
            "receiver": masked(receivers.public(item.current)) if item.current else None,
            **item.facts(),
            "deleted": deleted,
        }
        del shown["history"]
        return shown

    def rows(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        if not self.single:
            return super().rows(items)
        shown = self.present(items[0]) if items else {}
        return {key: shown[key] for key in ("receiver", "reconciled", "deleted") if key in shown}


def read_all(run: Run, client: api.Clustering, names: t.Iterable[str] = ()) -> list[Entry]:
    """The receivers of the project with these names, or all; their addresses and ids are kept out of all output."""
    entries = listing.read(client, RECEIVERS, names) if names else listing.read_all(client, RECEIVERS)
    run.redactor.add(*(secret for one in entries for secret in receivers.secrets(one)))
    return entries


def _fits(step: Step, receiver: Entry) -> bool:
    asked = step.body["receiver"]
    same = all(receiver.get(key) == asked[key] for key in ("name", "cluster_id", "action"))
    return same and specs.canonical(receiver.get("params") or {}) == specs.canonical(asked.get("params", {}))


def set_receivers(run: Run, client: api.Clustering, asked: t.Sequence[Desired], *, single: bool) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetReceivers(run, client, asked, single=single))
