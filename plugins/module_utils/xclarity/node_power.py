# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power of servers: what it is, and what to send to change it.

Sources: the page "PUT /nodes/{uuid}" and recorded requests. The words are those of that call; PUT /updatableComponents has others for
the same. ``powerStatus`` is a cached value, which is only to be believed while ``accessState`` tells that the server is reached: of 16
recorded servers that were Offline two said that they were on.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import nodes

ON, OFF, RESTARTED = "on", "off", "restarted"
STATES = (ON, OFF, RESTARTED)
MODES = ("graceful", "immediate")
WORDS = {
    (ON, "graceful"): "powerOn",
    (ON, "immediate"): "powerOn",
    (OFF, "graceful"): "powerOffSoftGraceful",
    (OFF, "immediate"): "powerOff",
    (RESTARTED, "graceful"): "powerCycleSoftGrace",
    (RESTARTED, "immediate"): "powerCycleSoft",
}
OPERATIONS = {ON: "power on", OFF: "power off", RESTARTED: "restart"}
ATTRIBUTES = "uuid,name,status,powerStatus,accessState,bladeState_health"


@dataclasses.dataclass(frozen=True)
class Power:
    """What a server tells of its power. reached: the appliance talks to it, so that the value is of now (or of a moment ago)."""

    uuid: str
    name: str
    power: str
    access: str
    denied: bool

    @property
    def reached(self) -> bool:
        return self.access.casefold() in ("online", "partial")

    def public(self) -> dict[str, t.Any]:
        return {"uuid": self.uuid, "name": self.name, "power": self.power, "access": self.access}


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one server. node: UUID or name."""

    node: str
    state: str
    mode: str


def parse(entry: t.Mapping[str, t.Any]) -> Power:
    """One entry. Where accessState is not told, the power is not believed."""

    def text(key: str) -> str:
        value = entry.get(key)
        return clean(value, 80) if isinstance(value, str) else ""

    told = entry.get("powerStatus")
    power = nodes.POWER.get(told, "unknown") if isinstance(told, int) and not isinstance(told, bool) else "unknown"
    return Power(nodes.key_of(entry), text("name"), power, text("accessState"), text("bladeState_health").upper() == "POWER_DENIED")


def plan(power: Power, desired: Desired, title: str) -> Step | None:
    """The request that brings a server into its state; None when it is there. Refuses what the reading tells to be impossible."""
    if not power.reached:
        raise bad_input(
            "node_offline",
            f"the server {title} is {power.access or 'in no state that is told'}, so neither is its power known nor can it be changed.",
            "Look at its management controller and its network and run again, or leave it out.",
            resource=title,
        )
    if power.power == desired.state:
        return None
    if power.power == "unknown" and desired.state != RESTARTED:
        raise bad_input(
            "state_unknown",
            f"the server {title} does not tell whether it is on, so a request could be needless.",
            "Look at the server, and run again.",
            resource=title,
        )
    # To power a server cycle that is off is not documented; to power it on is.
    state = ON if desired.state == RESTARTED and power.power == OFF else desired.state
    if state == ON and power.denied:
        raise bad_input(
            "power_denied",
            f"the chassis of the server {title} denies it the power that it needs (POWER_DENIED).",
            "Look at the power supplies and the power policy of the chassis, and run again.",
            resource=title,
        )
    why = f"it is {power.power}" if state != RESTARTED else "a restart is asked for"
    return Step(
        operation=OPERATIONS[state],
        method="PUT",
        path="/nodes/" + segment(power.uuid, "node"),
        query=(("synchronous", "false"),),
        resource=power.uuid,
        title=title,
        why=f"{why}; {how(state, desired.mode)}",
        body={"powerState": WORDS[state, desired.mode]},
    )


def how(state: str, mode: str) -> str:
    if state == ON:
        return "the server starts"
    return "the operating system is asked to end" if mode == "graceful" else "the operating system is not asked"


def goal(state: str) -> str:
    """The power that counts as reached."""
    return OFF if state == OFF else ON


def keys(uuid: str) -> dict[str, str]:
    """What the record knows the requests by that bring a server into a state that it shows: each with that state."""
    return {f"{OPERATIONS[state]}:{uuid}": state for state in (ON, OFF)}


def reached(power: Power, state: str) -> bool:
    return power.reached and power.power == goal(state)
