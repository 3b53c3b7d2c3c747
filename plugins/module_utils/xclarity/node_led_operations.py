# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the lights of servers and chassis: what only this knows, for the driver. There is no job; the answer comes with the effect."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS
from ansible_collections.groundwork.provision.plugins.module_utils._driver import drive
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, Failure, Refusals
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item, Operation
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, devices, node_led, nodes
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.api import XClarity
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.node_led import Desired, Light


class SetLights(Operation):
    """``desired`` of an item is its :class:`Desired`, ``current`` its :class:`Light`."""

    kind, noun, where = "node_led", "nodes", "the leds of the server"
    refusals = (400, 409)
    at_once, empty_ok = True, True

    def __init__(self, run: Run, client: XClarity, desired: t.Sequence[Desired]) -> None:
        super().__init__(run, client)
        self.asked = desired

    def read(self) -> list[Item]:
        found: dict[str, list[dict[str, t.Any]]] = {}
        for thing, wanted in self._by_thing([(one.thing, one.node) for one in self.asked]).items():
            found[thing] = nodes.find(self._entries(thing, wanted), wanted, thing)
        named = {thing: iter(zip(entries, nodes.titles(entries), strict=True)) for thing, entries in found.items()}
        items = []
        refused = Refusals()
        for desired in self.asked:
            entry, title = next(named[desired.thing])
            with refused:
                nodes.refuse_unmanaged(entry, title, desired.thing)
                light = node_led.parse(entry, desired.thing)
                step = node_led.plan(light, desired, title)
                items.append(Item(light.uuid, title, desired=desired, before=light, current=light, steps=[step] if step else []))
        refused.tell()
        return items

    @staticmethod
    def _by_thing(pairs: t.Sequence[tuple[str, str]]) -> dict[str, list[str]]:
        """Servers and chassis, each where there are some."""
        return {thing: wanted for thing in node_led.PATHS if (wanted := [one for kind, one in pairs if kind == thing])}

    def _entries(self, thing: str, wanted: t.Sequence[str], attempts: int = READ_ATTEMPTS) -> list[dict[str, t.Any]]:
        if thing == node_led.SERVER:
            return nodes.read_for(self.client, wanted, node_led.ATTRIBUTES, attempts=attempts)
        return devices.read_raw(self.client, devices.CHASSIS, attributes=node_led.ATTRIBUTES, attempts=attempts)

    def look(self, items: t.Sequence[Item], *, attempts: int = READ_ATTEMPTS) -> dict[str, State]:
        found = {
            nodes.key_of(entry): node_led.parse(entry, thing)
            for thing, wanted in self._by_thing([(item.desired.thing, item.key) for item in items]).items()
            for entry in self._entries(thing, wanted, attempts)
        }
        return {item.key: self._state(item, found[item.key]) for item in items if item.key in found}

    def _state(self, item: Item, now: Light) -> State:
        item.current = now
        good = now.state == item.desired.state
        return State(now.told or "not told", done=good, ok=good)

    def accept(self, step: Step, data: t.Any) -> Accepted:
        """The shape of the older hardware calls: a status of its own beside the messages."""
        if isinstance(data, dict):
            api.check_result(data, step.what)
            code = data.get("statusCode")
            if isinstance(code, int) and code >= 400:
                raise Failure(
                    "server_refused",
                    f"the server answered 200 with the status {code} inside.",
                    "Follow the server's message and run again.",
                    outcome=NOT_STARTED,
                    server_message=api.told(data),
                )
        return Accepted(data=data)

    def not_reached(self, item: Item) -> Failure:
        now: Light = item.current
        return Failure(
            "effect_missing",
            f"the light {now.led} shows {now.told or 'no state'} where {item.desired.state} was desired.",
            f"Look at the {now.thing} and run again.",
        )

    def view(self, item: Item, after: bool) -> t.Any:
        before: Light = item.before
        return {"name": before.name, "led": before.led, "state": item.desired.state if after else before.state or before.told}

    def present(self, item: Item) -> dict[str, t.Any]:
        return {**item.current.public(), **item.facts()}


def set_lights(run: Run, client: XClarity, desired: t.Sequence[Desired]) -> dict[str, t.Any]:
    """Returns the result, raises :class:`Failure` with the result beside it."""
    return drive(SetLights(run, client, desired))
