# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and delete stored credentials: what only these know, for the driver."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation, Pairs
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, stored_credentials
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.stored_credentials import Credential, Desired


class SetCredentials(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` the :class:`Credential`, None when it is not there."""

    kind, noun, where = "stored_credentials", "credentials", "the list of stored credentials"
    at_once, empty_ok = True, True

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired
        self.absent = run.params["state"] == "absent"

    def read(self) -> list[Item]:
        listed = stored_credentials.read_all(self.client)
        items = []
        for desired in self.asked:
            if self.absent and desired.id:
                there = next((one for one in listed if one.id == desired.id), None)
            else:
                there = stored_credentials.find(listed, desired)
            stored_credentials.refuse_contradictions(listed, there, desired, absent=self.absent)
            step = stored_credentials.plan(there, desired, absent=self.absent)
            title = desired.description or (there.description if there else "") or desired.id
            key = there.id if there else desired.name
            items.append(Item(key, title, desired=desired, before=there, current=there, steps=[step] if step else []))
        keys = [item.key for item in items]
        twice = next((item for item in items if keys.count(item.key) > 1), None) if len(set(keys)) < len(keys) else None
        if twice is not None:
            raise bad_input(
                "duplicate_item", f"the stored credential {twice.title} is given more than once.", "Give each once and run again.",
                resource=twice.title,
            )  # fmt: skip
        if any(item.steps and not self.absent and not _is_seen(item) for item in items):
            self.where = "a device that logs in with it, since the list shows no password"
        return items

    def look(self, items: t.Sequence[Item], *, attempts: int = 4) -> dict[str, State]:
        listed = stored_credentials.read_all(self.client, attempts=attempts)
        states = {}
        for item in items:
            good = self._reached(item, listed)
            states[item.key] = State("as desired" if good else "not as desired", done=good, ok=good)
        return states

    def _reached(self, item: Item, listed: t.Sequence[Credential]) -> bool:
        if self.absent:
            item.current = next((one for one in listed if item.before and one.id == item.before.id), None)
            return item.current is None
        wanted = stored_credentials.wanted(item.before, item.desired)
        found = [one for one in listed if (one.username, one.description) == (wanted.username, wanted.description)]
        item.current = next((one for one in found if item.before is None or one.id == item.before.id), None)
        return item.current is not None

    def find(self, unknown: Pairs) -> t.Mapping[str, Accepted]:
        """A password alone leaves no trace in the list, so nothing that is found there would prove that it was set."""
        return super().find([(item, outcome) for item, outcome in unknown if self.absent or _is_seen(item)])

    def accept(self, step: Step, data: t.Any) -> Accepted:
        if data is not None:
            api.check_result(data, step.what)
        return Accepted(data=data)

    def not_reached(self, item: Item) -> Failure:
        return Failure(
            "effect_missing", "the server accepted it, but the list does not show it.", "Look at the stored credentials and run again."
        )

    def view(self, item: Item, after: bool) -> t.Any:
        before: Credential | None = item.before
        shown = before.public() if before else {}
        if not after or not item.steps:
            return shown
        if self.absent:
            return {}
        wanted = stored_credentials.wanted(before, item.desired).public()
        return {**wanted, "password": "set anew"}

    def present(self, item: Item) -> dict[str, t.Any]:
        current: Credential | None = item.current
        shown = current or Credential("", "", "" if self.absent else item.title)
        return {**shown.public(), "present": current is not None, **item.facts()}


def _is_seen(item: Item) -> bool:
    """The list tells whether the request has had its effect."""
    before: Credential | None = item.before
    return before is None or before != stored_credentials.wanted(before, item.desired)


def set_credentials(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetCredentials(run, client, desired))
