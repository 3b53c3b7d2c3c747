# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The light by which a person finds a device: how it stands, and what to send to change it.

Sources: recorded requests and entries. The name of the light depends on the device: Identify on rack servers, Identification on Flex
servers and ThinkServer, Location on a chassis; some devices have none. So it is taken from the device's own list.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes

STATES = ("on", "off", "blinking")
NAMES = ("identify", "identification", "location")
ATTRIBUTES = "uuid,name,status,leds"
SERVER, CHASSIS = "server", "chassis"
PATHS = {SERVER: "/nodes/", CHASSIS: "/chassis/"}


@dataclasses.dataclass(frozen=True)
class Light:
    """The light of a server or chassis (thing). led: its own name for it, empty when it has none.
    state: our word, empty when it is none that we know."""

    uuid: str
    name: str
    led: str
    state: str
    told: str
    thing: str = SERVER

    def public(self) -> dict[str, t.Any]:
        return {"uuid": self.uuid, "name": self.name, "device": self.thing, "led": self.led, "state": self.state}


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one server or chassis (thing). node: UUID or name."""

    node: str
    state: str
    thing: str = SERVER


def parse(entry: t.Mapping[str, t.Any], thing: str = SERVER) -> Light:
    leds = entry.get("leds")
    name = clean(entry.get("name") or "", 80)
    for led in leds if isinstance(leds, list) else []:
        if isinstance(led, dict) and isinstance(led.get("name"), str) and led["name"].casefold() in NAMES:
            told = clean(led.get("state") or "", 40)
            return Light(nodes.key_of(entry), name, led["name"], told.casefold() if told.casefold() in STATES else "", told, thing)
    return Light(nodes.key_of(entry), name, "", "", "", thing)


def plan(light: Light, desired: Desired, title: str) -> Step | None:
    """The request that brings the light into its state; None when it is there. One without such a light is refused."""
    if not light.led:
        raise bad_input(
            "led_missing",
            f"the {light.thing} {title} tells of no light to find it by ({', '.join(NAMES)}).",
            f"Leave it out and run again; {'node' if light.thing == SERVER else light.thing}_info with raw shows its leds.",
            resource=title,
        )
    if light.state == desired.state:
        return None
    return Step(
        operation="set the light of",
        method="PUT",
        path=PATHS[light.thing] + segment(light.uuid, light.thing),
        resource=light.uuid,
        title=title,
        why=f"its light is {light.told or 'in no state that is told'}",
        body={"leds": [{"name": light.led, "state": desired.state.capitalize()}]},
        effect=("the change", "accepted"),
    )
