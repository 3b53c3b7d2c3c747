#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_led
short_description: Set the light by which a person finds a server of XClarity Administrator
version_added: 1.0.0
description:
  - Turns the light on or off, or lets it blink, for one server or for many in one task.
  - The light has another name on each kind of server. The module takes it from the server's own list.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  node:
    description:
      - UUID or name of one server. A name that several servers have is refused.
      - Use O(nodes) for many.
    type: str
  chassis:
    description: UUID or name of one chassis, in place of O(node).
    type: str
  state:
    description: The desired state of the light. Required, here or for each of O(nodes).
    type: str
    choices: ["on", "off", blinking]
  nodes:
    description: Many servers and chassis in one task.
    type: list
    elements: dict
    suboptions:
      node:
        description: As O(node). Either this or O(nodes[].chassis) is required.
        type: str
      chassis:
        description: As O(chassis).
        type: str
      state:
        description: As O(state), which is the default for each.
        type: str
        choices: ["on", "off", blinking]
notes:
  - A server or chassis that tells of no such light is refused before anything is sent.
  - Of switches and storage no request for a light is known.
  - Requests and answers are recorded ones, of appliances of the years 2017 and 2018.
seealso:
  - module: groundwork.provision.node_power
"""

EXAMPLES = r"""
- name: Let the light of a server blink, for the person who goes there
  groundwork.provision.node_led:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: web-01
    state: blinking

- name: Turn the lights of two servers off
  groundwork.provision.node_led:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    state: "off"
    nodes:
      - node: web-01
      - node: app-01
"""

RETURN = r"""
outcome:
  description:
    - What is known of the requests of this run. V(none) when none was sent, V(not_started) when the server refused, V(started),
      V(finished), or V(unknown) when an answer was lost and reading did not tell what came of the request.
    - Of several requests the least certain one counts.
  returned: always
  type: str
plan:
  description:
    - The planned requests, those that start or change something, in the order of planning. Where several are sent side by side, the server
      may get them in another order. Check mode shows what a real run sends.
    - Each has the path as it is sent, the body with its secrets masked, the resource that it is for, and why.
  returned: always
  type: list
  elements: dict
  sample:
    - method: PUT
      path: /nodes/A1B2C3D4E5F60718293A4B5C6D7E8F90
      query: {}
      body: {leds: [{name: Identify, state: Blinking}]}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: its light is Off
shortened:
  description:
    - "What was left out of RV(plan) and of the rows of the items, so that AWX does not drop the result: C(plan.why) stands for the reason
      of each request, C(KEY.error.message) for all of the messages in the list C(KEY) but the beginning of the reason, and so on."
    - What is left out is left out for all, and only as much as is needed, in this order - why each request is planned, of the messages all
      but the reason, the body and the query of the requests, of the reasons all but their beginning, what rows hold in lists and
      dictionaries, and at last all of a row but its first two keys, C(job), C(changed), C(outcome) and C(error).
    - Nothing is left out with O(return_history=full), nor where the result would be too long even so.
  returned: when something was left out, which begins at 620,000 characters
  type: list
  elements: str
nodes:
  description: A result for each server and chassis, in the order given.
  returned: always, once the servers were found
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    device: {description: "What it is, V(server) or V(chassis).", type: str, sample: server}
    led: {description: The server's own name for the light., type: str, sample: Identify}
    state: {description: "The light as read last, V(on), V(off) or V(blinking).", type: str, sample: blinking}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool, sample: false}
    history:
      description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
        C(return_history) is V(full).
      type: list
      elements: dict
    error:
      description: Why it failed, with keys of RV(error) and with C(message), the message about this item.
      returned: when it failed
      type: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, XCLARITY, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, node_led
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.node_led_operations import set_lights

ROW: Options = {"node": {"type": "str"}, "chassis": {"type": "str"}, "state": {"type": "str", "choices": list(node_led.STATES)}}
SPEC = (
    XCLARITY
    + BULK
    + ONCE
    + Spec(
        {
            **ROW,
            "nodes": {"type": "list", "elements": "dict", "options": ROW},
        },
        mutually_exclusive=(("node", "nodes"), ("chassis", "nodes"), ("node", "chassis")),
        required_one_of=(("node", "chassis", "nodes"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see xclarity/node_led_operations.py."""
    asked = []
    for row in run.rows("nodes", tuple(ROW)):
        thing = node_led.CHASSIS if row["chassis"] else node_led.SERVER
        if bool(row["node"]) == bool(row["chassis"]):
            raise bad_input("config_missing", "either node or chassis must be set for each light.", "Set one of them and run again.")
        name = row["chassis"] or row["node"]
        if not row["state"]:
            raise bad_input("config_missing", f"state is not set for the {thing} {name}.", "Set state and run again.")
        asked.append(node_led.Desired(name, row["state"], thing))
    with api.connect(run) as client:
        return set_lights(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
