#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_receiver
short_description: Create, replace or delete receivers (webhooks) of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Keeps one receiver of a cluster, or many in one task, as it is described. A receiver is an address (webhook) that starts an action of
    its cluster, as the user who made it, for whoever knows the address. The address needs no token and is a secret.
  - The address is not in the result unless O(return_url) asks for it, and it is masked in all other output. So is the id of a webhook,
    which is all that is secret in the address. In RV(plan) the path of a deletion has the mask in its place.
  - The address keeps the action's parameters that it was made with, even when the service is told others. So a receiver with another
    action or other parameters is deleted and made anew, with a new address.
  - A receiver is known by its name and its cluster. It goes with its cluster.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Name of the receiver, 1 to 255 letters, digits and the characters C(_ . ~ -).
    type: str
  cluster:
    description:
      - Name or id of the cluster.
      - In check mode also C((id of the new cluster)) and a name, for a cluster that a task before this one would make. If
        there is a cluster of the name, it is that one.
    type: str
  action:
    description: The action that the receiver starts. Needed to create a receiver.
    type: str
    choices: &actions
      - CLUSTER_SCALE_OUT
      - CLUSTER_SCALE_IN
      - CLUSTER_RESIZE
      - CLUSTER_CHECK
      - CLUSTER_RECOVER
      - CLUSTER_UPDATE
      - CLUSTER_DELETE
      - CLUSTER_ADD_NODES
      - CLUSTER_DEL_NODES
      - CLUSTER_REPLACE_NODES
      - CLUSTER_ATTACH_POLICY
      - CLUSTER_DETACH_POLICY
      - CLUSTER_UPDATE_POLICY
      - CLUSTER_OPERATION
  params:
    description:
      - Parameters of the action, for example C(count). If not set, those of a receiver that is there are left as they are.
      - For V(CLUSTER_SCALE_OUT) and V(CLUSTER_SCALE_IN) a C(count) is a whole number from 1 on. Without it a scaling policy of the
        cluster says how many nodes are meant, or it is one.
    type: dict
  receivers:
    description: Many receivers in one task.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      cluster:
        description: As O(cluster).
        type: str
        required: true
      action:
        description: As O(action).
        type: str
        choices: *actions
      params:
        description: As O(params).
        type: dict
  state:
    description: Whether the receiver is there.
    type: str
    choices: [present, absent]
    default: present
  return_url:
    description:
      - Whether RV(urls) is returned. It holds secrets, so set C(no_log) to true for the task that registers it.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_receiver_info
"""

EXAMPLES = r"""
- name: Make an address that adds a node to a cluster
  groundwork.provision.cluster_receiver:
    cloud: production
    name: one-more
    cluster: web-cluster
    action: CLUSTER_SCALE_OUT
    params:
      count: 1
    return_url: true
  no_log: true
  register: receiver

- name: Delete it
  groundwork.provision.cluster_receiver:
    cloud: production
    name: one-more
    cluster: web-cluster
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
receiver:
  description: The receiver as the service has it, without its address; null when there is none.
  returned: without O(receivers)
  type: dict
  contains:
    id: {description: "Its id; null for a webhook, whose address it would tell.", type: str}
    name: {description: Its name., type: str, sample: one-more}
    type: {description: Its type., type: str, sample: webhook}
    cluster_id: {description: Id of its cluster., type: str}
    action: {description: The action that it starts., type: str, sample: CLUSTER_SCALE_OUT}
    params:
      description: Parameters of the action. What is below names that sound like a secret is masked.
      type: dict
      sample: {count: 1}
    created_at: {description: When it was created (UTC)., type: str}
    updated_at: {description: When it was updated last (UTC)., type: str}
    project: {description: Id of its project., type: str}
    user: {description: Id of the user as whom the action runs., type: str}
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(receivers)
  type: bool
deleted:
  description: Names of the receivers that this run deleted.
  returned: without O(receivers)
  type: list
  elements: str
urls:
  description:
    - The addresses of the receivers, by their names. They are secrets.
    - Where O(receivers) has a name more than once, for several clusters, the key is the cluster as it is given, a slash and the name,
      C(web/out).
  returned: success, with O(return_url)
  type: dict
receivers:
  description: A result for each receiver, in the order given.
  returned: with O(receivers)
  type: list
  elements: dict
  contains:
    name: {description: Name of the receiver., type: str, sample: one-more}
    cluster: {description: "Name of its cluster; as it was given when there is none.", type: str, sample: web-cluster}
    receiver: {description: As RV(receiver)., type: dict}
    deleted: {description: As RV(deleted)., type: list, elements: str}
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
    system: {description: The kind of server., type: str, sample: openstack}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
    request_id:
      description: Id under which the log of the service has the request.
      returned: when the clustering service answered
      type: str
    server_type: {description: The kind of error as the service names it., returned: when the clustering service answered, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, OPENSTACK, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, receivers, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.receiver_operations import set_receivers

RECEIVER: Options = {
    "name": {"type": "str"},
    "cluster": {"type": "str"},
    "action": {"type": "str", "choices": list(receivers.ACTIONS)},
    "params": {"type": "dict"},
}
SPEC = (
    OPENSTACK
    + BULK
    + ONCE
    + Spec(
        {
            **RECEIVER,
            "receivers": {
                "type": "list",
                "elements": "dict",
                "options": {
                    **RECEIVER,
                    "name": {"type": "str", "required": True},
                    "cluster": {"type": "str", "required": True},
                },
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "return_url": {"type": "bool", "default": False},
        },
        mutually_exclusive=tuple(("receivers", other) for other in RECEIVER),
        required_one_of=(("name", "receivers"),),
        required_together=(("name", "cluster"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/receiver_operations.py."""
    params = run.params
    rows = params["receivers"] if params["receivers"] is not None else [{key: params[key] for key in RECEIVER}]
    if not rows:
        raise bad_input("config_empty", "receivers is an empty list.", "Name at least one receiver and run again.")
    asked = [
        receivers.Desired(
            specs.check_name(row["name"]),
            row["cluster"],
            row["action"],
            specs.check_mapping(row["params"], "params") if row["params"] is not None else None,
        )
        for row in rows
    ]
    with api.connect(run, minor=api.NEWEST) as client:
        return set_receivers(run, client, asked, single=params["receivers"] is None)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
