#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_power
short_description: Power servers of XClarity Administrator on and off, or restart them
version_added: 1.0.0
description:
  - Brings the power of one server, or of many in one task, into the desired state, and waits until it is there.
  - A server that is in the desired state already gets no request. A restart is sent at every run, so where
    that of one of several servers failed, run again for that server only.
  - Every request is sent at most once. One whose answer was lost is looked for by the power of the server, never repeated.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
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
  state:
    description:
      - The desired power. Required, here or for each of O(nodes).
      - V(on) and V(off) send nothing to a server that is so already.
      - V(restarted) restarts a server that is on, at every run. One that is off is powered on.
    type: str
    choices: ["on", "off", restarted]
  mode:
    description:
      - How a server is stopped for V(off) and V(restarted). V(graceful) asks its operating system to end, V(immediate) does not.
      - An operating system may not heed a graceful stop. With V(off) the task then fails when O(wait_timeout) is over, and the server is
        still on. With V(restarted) the task ends well when the job has ended well, though the server was not restarted, since nothing else
        tells that a restart took place.
      - Once the job has ended, the power is waited for during O(reconcile_timeout) at least, also where O(wait_timeout) is shorter.
    type: str
    choices: [graceful, immediate]
    default: graceful
  nodes:
    description:
      - Many servers in one task, with one login, one reading, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      node:
        description: As O(node).
        type: str
        required: true
      state:
        description: As O(state), which is the default for each.
        type: str
        choices: ["on", "off", restarted]
      mode:
        description: As O(mode), which is the default for each.
        type: str
        choices: [graceful, immediate]
attributes:
  idempotent:
    support: partial
    details: [With O(state=restarted) every run restarts the servers that are on.]
notes:
  - A server that an open job of the appliance is about is left alone, and the task fails with C(busy) for it, also where its power is as
    desired now, since it may be about to change. Of one that needs no request the activation of a profile does not count, as its job may
    be open until the server restarts.
  - XClarity Administrator tells the power of a server from a cache. It is believed only while the server's C(accessState) is C(Online), or
    C(Partial) with a warning. A server that is not reached is refused before anything is sent.
  - A power that does not show what this control node has sent before is not believed until O(reconcile_timeout) seconds have passed since
    that request; then the task goes by it, with a warning.
  - A server to which its chassis denies power (C(POWER_DENIED)) is refused before anything is sent to power it on.
  - The words of the requests and their empty answers are recorded ones. How an appliance answers a request for what is so already, how
    fast the cache follows, and what C(standby) leads to was never seen. The request is sent to a server in standby.
  - That a restart took place and has ended is told by its job only. Where the answer names none, the task warns.
seealso:
  - module: groundwork.provision.node_info
  - module: groundwork.provision.node_led
"""

EXAMPLES = r"""
- name: Power a server on
  groundwork.provision.node_power:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: web-01
    state: "on"

- name: Restart two servers; their operating systems are asked to end first
  groundwork.provision.node_power:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    state: restarted
    nodes:
      - node: web-02
      - node: web-03

- name: Power one off without asking
  groundwork.provision.node_power:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: A1B2C3D4E5F60718293A4B5C6D7E8F90
    state: "off"
    mode: immediate
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
      query: {synchronous: "false"}
      body: {powerState: powerOffSoftGraceful}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: it is on; the operating system is asked to end
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
  description: A result for each server, in the order given.
  returned: always, once the servers were found
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    power: {description: "The power as read last, V(on), V(off), V(standby) or V(unknown).", type: str, sample: "off"}
    access: {description: Whether the server is reached., type: str, sample: Online}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    job: {description: Id of the job that was started., type: str, sample: "20114"}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, node_power
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.node_power_operations import set_power

STATE = {"type": "str", "choices": list(node_power.STATES)}
MODE = {"type": "str", "choices": list(node_power.MODES)}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "node": {"type": "str"},
            "state": STATE,
            "mode": {**MODE, "default": "graceful"},
            "nodes": {
                "type": "list",
                "elements": "dict",
                "options": {"node": {"type": "str", "required": True}, "state": STATE, "mode": MODE},
            },
        },
        mutually_exclusive=(("node", "nodes"),),
        required_one_of=(("node", "nodes"),),
    )
)


def desired(run: Run) -> list[node_power.Desired]:
    """The items of either form."""
    found = []
    for row in run.rows("nodes", ("node", "state", "mode")):
        if not row["state"]:
            raise bad_input("config_missing", f"state is not set for the server {row['node']}.", "Set state and run again.")
        found.append(node_power.Desired(row["node"], row["state"], row["mode"]))
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/node_power_operations.py."""
    asked = desired(run)
    with api.connect(run) as client:
        return set_power(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
