#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_pool_server
short_description: Give servers of a group back to the server pool of Ops Manager
version_added: 1.0.0
description:
  - Terminates servers that are bound to a group (project), by their names, and waits until the group does not hold them any more.
  - This ends everything that runs on them. Whether their data is kept is decided by the termination policy of the pool.
  - A server that the group does not hold counts as given back. There is a warning, since the name may be a wrong one, with the full
    name of a server that begins with it.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.ops_manager
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.ops_manager
options:
  hostnames:
    description:
      - The servers, each by its full name. There is no other way to choose them, so that nothing is terminated by mistake.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(absent) is the only state; servers are acquired with M(groundwork.provision.server_pool_request).
    type: str
    choices: [absent]
    required: true
seealso:
  - module: groundwork.provision.server_pool_request
  - module: groundwork.provision.server_pool_info
"""

EXAMPLES = r"""
- name: Give two servers back
  groundwork.provision.server_pool_server:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    hostnames:
      - oslo-m1.example.net
      - oslo-m2.example.net
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
  sample: finished
plan:
  description:
    - The planned requests, those that start or change something, in the order of planning. Where several are sent side by side, the server
      may get them in another order. Check mode shows what a real run sends.
    - Each has the path as it is sent, the body with its secrets masked, the resource that it is for, and why.
  returned: always
  type: list
  elements: dict
  sample:
    - method: DELETE
      path: /api/public/v1.0/groups/5a9d0a0a1d41c81a2b3c4d01/serverPool/servers/5a4af6c51d41c81a2b3c0011
      query: {}
      body:
      resource: node17.oslo.example
      why: the group holds it (BOUND)
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
servers:
  description: A result for each server, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    hostname: {description: Its name., type: str, sample: node17.oslo.example}
    id: {description: "Its id in the pool, none when the group did not hold it.", type: str, sample: 5a4af6c51d41c81a2b3c0011}
    properties: {description: Its properties., type: dict, sample: {Datacenter: oslo, Size: m}}
    state: {description: "V(absent), or V(present) while the group holds it.", type: str, sample: absent}
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
  sample: 3.1
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: forbidden}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: ops_manager}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
    error_code: {description: The C(errorCode) of Ops Manager., returned: when the server told one, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, OPS_MANAGER, WAIT, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, pool_server_operations

SPEC = (
    OPS_MANAGER
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "hostnames": {"type": "list", "elements": "str", "required": True},
            "state": {"type": "str", "choices": ["absent"], "required": True},
        }
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see ops_manager/pool_server_operations.py."""
    pool_server_operations.select("", run.params["hostnames"], [])  # a mistake in the list is found before anything is sent
    with api.connect(run) as client:
        return pool_server_operations.terminate(run, client, api.group_id(client, run.params), run.params["hostnames"])


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
