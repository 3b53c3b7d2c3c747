#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firmware_policy
short_description: Assign compliance policies for firmware to servers of XClarity Administrator
version_added: 1.0.0
description:
  - Gives one server, or many in one task, the compliance policy that its firmware is compared with, or takes it away.
  - No firmware is updated by this; see M(groundwork.provision.firmware_update).
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.validate_only
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  node:
    description:
      - UUID or name of one server. A name that several servers have is refused.
      - Use O(nodes) for many.
    type: str
  policy:
    description:
      - Name of the policy. Required with O(state=present), here or for each of O(nodes).
      - With O(state=absent) only a server that has this policy loses it; if it is not set, whichever it has.
    type: str
  nodes:
    description: Many servers in one task.
    type: list
    elements: dict
    suboptions:
      node:
        description: As O(node).
        type: str
        required: true
      policy:
        description: As O(policy), which is the default for each.
        type: str
  state:
    description: Whether the servers shall have the policy.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The requests are those of Lenovo's own client and of the documentation, whose pages contradict each other in the spelling of a key. They
    were never seen on an appliance.
  - Which policies fit a kind of server is not told in a documented way. The refusal of the server, or a policy that does not show
    afterwards, is a failure of that server.
seealso:
  - module: groundwork.provision.firmware_info
  - module: groundwork.provision.firmware_update
"""

EXAMPLES = r"""
- name: Give two servers their policy
  groundwork.provision.firmware_policy:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    policy: production
    nodes:
      - node: web-01
      - node: web-02

- name: Take it away from one
  groundwork.provision.firmware_policy:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: web-02
    state: absent
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
    - method: POST
      path: /compliancePolicies/compareResult
      query: {}
      body: {compliance: [{policyName: production, type: SERVER, uuid: A1B2C3D4E5F60718293A4B5C6D7E8F90}]}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: it has no policy
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
    access: {description: Whether its BMC can be reached., type: str, sample: Online}
    policy: {description: The policy as read last; empty when it has none., type: str, sample: production}
    compliant: {description: Whether it complies; null where it is not told., type: bool, sample: false}
    to_update: {description: Components that an update would bring to the policy., type: list, elements: str, sample: [UEFI (Primary)]}
    job: {description: Id of the job that compares it; null where there is none., type: str, sample: "20114"}
    joined: {description: "Whether the work was already under way when this run began, and was only waited for.", type: bool, sample: false}
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
from ansible_collections.groundwork.provision.plugins.module_utils._driver import validated
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, VALIDATE_ONLY, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, firmware, firmware_policy
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_policy import Desired
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_policy_operations import set_policies

SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + VALIDATE_ONLY
    + Spec(
        {
            "node": {"type": "str"},
            "policy": {"type": "str"},
            "nodes": {
                "type": "list",
                "elements": "dict",
                "options": {"node": {"type": "str", "required": True}, "policy": {"type": "str"}},
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        mutually_exclusive=(("node", "nodes"),),
        required_one_of=(("node", "nodes"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/firmware_policy_operations.py."""
    asked = [Desired(row["node"], row["policy"] or "") for row in run.rows("nodes", ("node", "policy"))]
    for one in asked:
        firmware_policy.check(one, absent=run.params["state"] == "absent")
    with api.connect(run) as client:
        if run.params["validate_only"]:
            if run.params["state"] == "present":
                firmware.refuse_unknown_policies(firmware.read_policies(client), [one.policy for one in asked])
            return validated("nodes")
        return set_policies(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
