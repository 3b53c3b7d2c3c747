# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take servers over and give them up: what only this knows, for the driver.

To take one over are one or two stages: a server that the appliance has not discovered yet is discovered first, and the second request
is made of what that finds. Its job is followed where the discovery's own call shows it, one reading a server; the jobs of managing are
followed like all others, in one poll.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, Refusals, bad_input, named
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State, Watched
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, busy, jobs, managed_nodes, nodes, stored_credentials
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.addresses import addresses
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.managed_nodes import Entries

Rows = t.Sequence[dict[str, t.Any]]


class ManageNodes(Operation):
    """``desired`` of an item is its row, ``current`` the managed entry, None while there is none."""

    kind, group, noun, where = "managed_nodes", busy.GROUP, "nodes", "the servers and the jobs of the appliance"
    empty_ok = True
    joins = True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, rows: Rows) -> None:
        super().__init__(run, client)
        self.rows_asked = rows
        self.jobs = jobs.Reader(client)
        self.over: set[str] = set()  # after whose discovery nothing had to be sent: somebody else was quicker
        self.credentials: dict[str, dict[str, t.Any]] = {}
        self.found: dict[str, dict[str, t.Any]] = {}  # what a discovery tells, by address
        self.discoveries: dict[str, str | None] = {}  # the job of a discovery that this run has started
        self.uuids: dict[str, str] = {}  # of the servers that are known, by address

    def read(self) -> list[Item]:
        going = busy.read(self.client)
        managed = managed_nodes.read_all(self.client)
        there = {str(row["address"]): managed_nodes.at(managed, str(row["address"])) for row in self.rows_asked}
        missing = [row for row in self.rows_asked if not nodes.key_of(there[str(row["address"])] or {})]
        wanted = {str(row["stored_credential"]) for row in missing if row["stored_credential"]}
        self.credentials = stored_credentials.read_named(self.client, sorted(wanted)) if wanted else {}
        known = managed_nodes.read_known(self.client) if missing else Entries()
        seen = {str(row["address"]): managed_nodes.at(known, str(row["address"])) for row in missing}
        running = self._running(one for one in seen.values() if one is not None)
        if missing:  # one that was taken over since the first list is gone from what is discovered, so the list is read after that
            managed = managed_nodes.read_all(self.client)
            for row in self.rows_asked:
                address = str(row["address"])
                there[address] = self._managed(managed, address, seen.get(address))
        managed_uuids = {nodes.key_of(entry) for entry in there.values() if entry is not None}
        leaving = managed_nodes.running(self.client, "unmanageRequest", going, managed_uuids)
        items = []
        refused = Refusals()
        for row in self.rows_asked:
            address = str(row["address"])
            entry = there[address]
            item = Item(address, address, desired=row, before=entry, current=entry)
            found = seen.get(address)
            with refused:
                managed_nodes.refuse_another(address, row["uuid"], entry or found)
            if entry is not None and nodes.key_of(entry) in leaving:
                busy.fail(self.client, item, leaving[nodes.key_of(entry)])
            if entry is None and found is not None and nodes.key_of(found) in running:
                self.found[address], item.join = found, running[nodes.key_of(found)]
            elif entry is None:
                item.follows = [f"manage:{address}"]
                with refused:
                    item.steps = [managed_nodes.discovery(address) if found is None else self._management(address, found, row)]
            items.append(item)
            self.uuids[address] = nodes.key_of(entry or found or {})
            with refused:
                self._refuse_twice(address)
        refused.tell()
        return items

    def _managed(self, managed: Entries, address: str, discovered: t.Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
        """The entry of a server that nothing is sent for. That the list tells another address of it is told."""
        entry = managed_nodes.managed_at(managed, address, discovered)
        if entry is not None and address not in addresses(entry):
            told = managed_nodes.other_address(address, entry)
            self.run.warn(f"{told[0].upper()}{told[1:]}. It is not managed a second time.")
        return entry

    def _refuse_twice(self, address: str) -> None:
        """Two addresses of one server are that server given twice: it would be sent two requests."""
        others = self._same(address)
        if others:
            raise twice(f"{others[0]} and {address} are addresses of one server ({self.uuids[address]})", address)

    def _same(self, address: str) -> list[str]:
        """The other addresses of the task at which this server is."""
        uuid = self.uuids[address]
        return [other for other, one in self.uuids.items() if uuid and one == uuid and other != address]

    def _running(self, entries: t.Iterable[dict[str, t.Any]]) -> dict[str, str]:
        """The jobs that take these servers over already."""
        uuids = {nodes.key_of(entry) for entry in entries}
        return managed_nodes.running(self.client, "manageRequest", busy.read(self.client), uuids) if uuids else {}

    def _management(self, address: str, entry: dict[str, t.Any], row: t.Mapping[str, t.Any]) -> Step:
        self.found[address] = entry
        refused = managed_nodes.obstacle(address, entry, row["force"])
        if refused is not None:
            raise refused
        return managed_nodes.management(address, entry, row, self.credentials.get(str(row["stored_credential"] or "")))

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        if isinstance(data, dict):
            api.check_result(data, step.what, informational=True)
        job = api.started_job(data, headers)
        if step.operation == "discover":
            self.discoveries[step.resource] = job
            return Accepted(None, data)
        return Accepted(job or managed_nodes.job_in_text(data), data)

    # -- how an item stands ------------------------------------------------------------------------------------------

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        states: dict[str, State] = {}
        taken = [item for item in items if not self._discovers(item)]
        if taken:
            managed = managed_nodes.read_all(self.client, attempts=attempts)
            for item in taken:
                item.current = managed_nodes.managed_at(managed, item.key, self.found.get(item.key))
                good = item.current is not None
                states[item.key] = State("managed" if good else "not managed", done=good, ok=good)
        discovering = [item for item in items if self._discovers(item)]
        states |= {item.key: self._discovery(item, attempts) for item in discovering}
        refused = [item for item in discovering if item.key in self.found and states[item.key].done and not states[item.key].ok]
        if refused:  # one that cannot be managed may be so already, with another address
            managed = managed_nodes.read_all(self.client, attempts=attempts)
            for item in refused:
                if managed_nodes.managed_at(managed, item.key, self.found[item.key]) is not None:
                    states[item.key] = dataclasses.replace(states[item.key], ok=True)
        return states

    def _discovery(self, item: Item, attempts: int) -> State:
        job = self.discoveries.get(item.key)
        if job is None:
            ended, entries = False, managed_nodes.read_known(self.client)
        else:
            ended, entries = managed_nodes.read_discovery(self.client, job, attempts=attempts)
        entry = managed_nodes.at(entries, item.key)
        if entry is None:
            return State("discovering" if not ended else "not found", done=ended)
        self.found[item.key] = entry
        good = managed_nodes.obstacle(item.key, entry, item.desired["force"]) is None
        return State("discovered", done=True, ok=good)

    def _discovers(self, item: Item) -> bool:
        """Its last request is the discovery, and what follows on that is open."""
        return bool(item.outcomes) and item.outcomes[-1].step.operation == "discover" and item.key not in self.over

    def has_next(self, item: Item) -> bool:
        return self._discovers(item)

    def next_steps(self, items: t.Sequence[Item]) -> list[tuple[Item, Step]]:
        """While the discovery was waited for without the lock, another run may have taken a server over, or have begun that."""
        managed = managed_nodes.read_all(self.client)
        running = self._running(self.found[item.key] for item in items)
        work = []
        self.uuids.update((item.key, nodes.key_of(self.found[item.key])) for item in items)
        for item in items:
            entry = self.found[item.key]
            others = self._same(item.key)
            if others:
                item.fail(twice(f"{item.key} is told to be an address of the same server as {others[0]}", item.key), self.client.system)
                continue
            try:
                managed_nodes.refuse_another(item.key, item.desired["uuid"], entry)
            except Failure as failure:
                item.fail(failure, self.client.system)
                continue
            item.current = self._managed(managed, item.key, entry)
            if item.current is None and nodes.key_of(entry) not in running:
                work.append((item, self._management(item.key, entry, item.desired)))
                continue
            self.over.add(item.key)
            if item.current is None:
                item.join, item.verified, item.watched = running[nodes.key_of(entry)], False, None
        return work

    def proves(self, item: Item) -> bool:
        """A server that is not in the list may be about to be."""
        return False

    def timed_out(self, item: Item, watched: Watched) -> Failure:
        if not self._discovers(item):
            return super().timed_out(item, watched)
        hint = "It goes on by itself. Run again, the task looks whether the server was found, and if not discovers once more."
        return Failure("wait_timeout", "the discovery had not ended in time.", hint)

    def not_reached(self, item: Item) -> Failure:
        if not self._discovers(item):
            return Failure("effect_missing", "the server is not in the list of managed servers.", "Look at the jobs, then run again.")
        refused = managed_nodes.obstacle(item.key, self.found[item.key], item.desired["force"]) if item.key in self.found else None
        return refused or Failure(
            "device_not_found", "the discovery has ended and found nothing there.",
            "Look whether the management controller is reached at this address, and run again.",
        )  # fmt: skip

    def conclude(self, items: t.Sequence[Item]) -> None:
        explain_jobs(self.client, items, "manageRequest")

    # -- words -------------------------------------------------------------------------------------------------------

    def view(self, item: Item, after: bool) -> t.Any:
        return {"managed": "yes" if after or item.before is not None else "no"}

    def present(self, item: Item) -> dict[str, t.Any]:
        entry = item.current or {}
        uuid = nodes.key_of(entry) or nodes.key_of(self.found.get(item.key, {}))
        return {
            "address": item.key, "uuid": uuid, "name": clean(entry.get("name") or "", 80), "managed": item.current is not None,
            "job": item.job, "joined": item.join is not None, **item.facts(),
        }  # fmt: skip

    def more(self, items: t.Sequence[Item]) -> dict[str, t.Any]:
        unclear = [item.key for item in items if item.steps and item.steps[0].operation == "discover"]
        told = [f"the request that manages {address}: it is made of what the discovery finds" for address in unclear]
        return {"not_predictable": told if self.run.check_mode else []}


class UnmanageNodes(Operation):
    """``current`` of an item is the managed entry, None when there is none."""

    kind, group, noun, where = "managed_nodes", busy.GROUP, "nodes", "the servers and the jobs of the appliance"
    refusals = (400, 404, 409)
    empty_ok = True
    joins = True
    client: XClarity

    def __init__(self, run: Run, client: XClarity, rows: Rows) -> None:
        super().__init__(run, client)
        self.rows_asked = rows
        self.jobs = jobs.Reader(client)

    def read(self) -> list[Item]:
        going = busy.read(self.client)
        managed = managed_nodes.read_all(self.client)
        items = self._items(managed)
        unknown = [item.title for item in items if item.before is None and not item.desired["address"]]
        if unknown:
            self.run.warn(f"No managed server is named {named(unknown, 120)}; nothing is given up for that.")
        running = managed_nodes.running(self.client, "unmanageRequest", going, {item.key for item in items if item.steps})
        for item in items:
            if item.key in running:
                item.steps, item.join = [], running[item.key]
        missing = [item for item in items if item.before is None]
        if missing and (going or any(item.desired["address"] for item in missing)):
            known = managed_nodes.read_known(self.client)
            self._refuse_other_addresses(missing, managed, known)
            self._refuse_coming(missing, going, known)
        busy.refuse(self.client, items, going)
        return items

    @staticmethod
    def _refuse_other_addresses(items: t.Sequence[Item], managed: Entries, known: Entries) -> None:
        """What was discovered may be old, and another server may have that address by now. So nothing is given up by it, and that a server
        stays managed is told."""
        refused = Refusals()
        for item in items:
            address = str(item.desired["address"] or "")
            entry = managed_nodes.also_at(managed, known, address) if address else None
            with refused:
                if entry is not None:
                    raise bad_input(
                        "address_differs", f"{managed_nodes.other_address(address, entry)}.",
                        "Give it up by its UUID, as node, or by an address of the list, and run again; or leave it out.", resource=address,
                    )  # fmt: skip
        refused.tell()

    def _refuse_coming(self, items: t.Sequence[Item], going: busy.Going, known: Entries) -> None:
        """One that is not managed may be about to be. Only what is discovered tells the UUID of a server at an address."""
        if not going:
            return
        uuids = {item.key: nodes.key_of(managed_nodes.at(known, item.key) or {"uuid": item.key}) for item in items}
        running = managed_nodes.running(self.client, "manageRequest", going, set(uuids.values()))
        for item in items:
            if uuids[item.key] in running:
                busy.fail(self.client, item, running[uuids[item.key]])

    def _items(self, managed: Entries) -> list[Item]:
        items: list[Item] = []
        refused = Refusals()
        for row in self.rows_asked:
            with refused:
                asked = str(row["address"] or row["node"])
                entry = managed_nodes.managed_at(managed, asked, None) if row["address"] else self._named(managed, asked)
                if entry is None:
                    managed_nodes.refuse_elsewhere(managed, asked, row["uuid"])
                    items.append(Item(asked, clean(asked, 80), desired=row))
                    continue
                managed_nodes.refuse_another(asked, row["uuid"], entry)
                title = clean(entry.get("name") or asked, 80)
                step = managed_nodes.release(entry, title, row["force"])
                items.append(Item(nodes.key_of(entry), title, desired=row, before=entry, current=entry, steps=[step]))
        refused.tell()
        keys = [item.key for item in items]
        double = next((item for item in items if keys.count(item.key) > 1), None) if len(set(keys)) < len(keys) else None
        if double is not None:
            raise twice(f"the server {double.title} is given more than once", double.title)
        return items

    def _named(self, managed: t.Sequence[dict[str, t.Any]], asked: str) -> dict[str, t.Any] | None:
        try:
            return nodes.find(managed, [asked])[0]
        except Failure as failure:
            if failure.code != "node_not_found":
                raise
            return None

    def receive(self, step: Step, data: t.Any, headers: t.Mapping[str, str]) -> Accepted:
        if isinstance(data, dict):
            api.check_result(data, step.what, informational=True)
        return Accepted(api.started_job(data, headers) or managed_nodes.job_in_text(data), data)

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        managed = managed_nodes.read_all(self.client, attempts=attempts)
        nodes.refuse_incomplete(managed, [item.key for item in items])
        there = {nodes.key_of(entry): entry for entry in managed}
        states = {}
        for item in items:
            item.current = there.get(item.key)
            gone = item.current is None
            states[item.key] = State("not managed" if gone else "managed", done=gone, ok=gone)
        return states

    def proves(self, item: Item) -> bool:
        """A server that is in the list may be about to leave it."""
        return False

    def not_reached(self, item: Item) -> Failure:
        return Failure("effect_missing", "the server is still in the list of managed servers.", "Look at the jobs, then run again.")

    def conclude(self, items: t.Sequence[Item]) -> None:
        explain_jobs(self.client, items, "unmanageRequest")

    def view(self, item: Item, after: bool) -> t.Any:
        return {"managed": "no" if after or item.before is None else "yes"}

    def present(self, item: Item) -> dict[str, t.Any]:
        entry = item.before or {}
        return {
            "address": str(item.desired["address"] or ""), "uuid": nodes.key_of(entry),
            "name": clean(entry.get("name") or item.desired["node"] or "", 80), "managed": item.current is not None, "job": item.job,
            "joined": item.join is not None, **item.facts(),
        }  # fmt: skip


def twice(why: str, resource: str) -> Failure:
    """One server is given more than once."""
    return bad_input("duplicate_item", f"{why}.", "Give each server once and run again.", resource=resource)


def explain_jobs(client: XClarity, items: t.Sequence[Item], path: str) -> None:
    """Put what a job of managing says of its end into the failure; /tasks tells less."""
    for item in items:
        failure = item.failure
        if failure is not None and failure.code in ("job_failed", "job_lost", "effect_missing") and item.job:
            failure.server_message = managed_nodes.read_reason(client, path, item.job) or failure.server_message
            if path == "manageRequest" and failure.code == "job_failed":
                # What the texts say is localised, so that what failed is not known from them.
                failure.next_step = (
                    "If it is the user or password of the management controller, correct it before you run again: each try counts as a"
                    " failed login."
                )


def manage(run: Run, client: XClarity, rows: Rows) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(ManageNodes(run, client, rows))


def unmanage(run: Run, client: XClarity, rows: Rows) -> dict[str, t.Any]:
    """As :func:`manage`."""
    return drive(UnmanageNodes(run, client, rows))
