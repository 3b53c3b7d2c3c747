#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_policy_binding
short_description: Attach policies to clusters of OpenStack Clustering (Senlin), detach, enable or disable them
version_added: 1.0.0
description:
  - Keeps one policy attached to a cluster or detached from it, or many in one task.
  - Each change is an action of the cluster, which does one thing at a time. It is waited for, see O(lock_timeout).
  - A policy of a type that the cluster has already is refused, as by the service, but for scaling policies.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.wait
  - groundwork.provision.locks
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.openstack
options:
  cluster:
    description: Name or id of the cluster.
    type: str
  policy:
    description: Name or id of the policy.
    type: str
  enabled:
    description: Whether the policy is in force. If not set, a policy is attached enabled, and one that is attached is left as it is.
    type: bool
  bindings:
    description: Many bindings in one task.
    type: list
    elements: dict
    suboptions:
      cluster:
        description: As O(cluster).
        type: str
        required: true
      policy:
        description: As O(policy).
        type: str
        required: true
      enabled:
        description: As O(enabled).
        type: bool
  state:
    description: Whether the policy is attached to the cluster.
    type: str
    choices: [attached, detached]
    default: attached
seealso:
  - module: groundwork.provision.cluster_policy
  - module: groundwork.provision.cluster_policy_binding_info
"""

EXAMPLES = r"""
- name: Attach a policy
  groundwork.provision.cluster_policy_binding:
    cloud: production
    cluster: web-cluster
    policy: small-steps

- name: Disable it for a while
  groundwork.provision.cluster_policy_binding:
    cloud: production
    cluster: web-cluster
    policy: small-steps
    enabled: false

- name: Detach it
  groundwork.provision.cluster_policy_binding:
    cloud: production
    cluster: web-cluster
    policy: small-steps
    state: detached
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
binding:
  description: The binding as the service has it, null when the policy is not attached.
  returned: without O(bindings)
  type: dict
  contains:
    id: {description: Id of the binding., type: str}
    cluster_id: {description: Id of the cluster., type: str}
    cluster_name: {description: Name of the cluster., type: str, sample: web}
    policy_id: {description: Id of the policy., type: str}
    policy_name: {description: Name of the policy., type: str, sample: oldest-first}
    policy_type: {description: Type and version of the policy., type: str, sample: senlin.policy.deletion-1.0}
    enabled: {description: Whether the policy is in force., type: bool, sample: true}
    priority: {description: The order in which policies are looked at., type: int, sample: 400}
actions:
  description: Ids of the actions that this run has started.
  returned: without O(bindings)
  type: list
  elements: str
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(bindings)
  type: bool
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: without O(bindings)
  type: list
  elements: dict
bindings:
  description: A result for each binding, in the order given.
  returned: with O(bindings)
  type: list
  elements: dict
  contains:
    cluster: {description: Name of the cluster., type: str, sample: web}
    policy: {description: Name of the policy., type: str, sample: oldest-first}
    binding: {description: As RV(binding)., type: dict}
    actions: {description: As RV(actions)., type: list, elements: str}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, LOCKS, ONCE, OPENSTACK, WAIT, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.policy_operations import set_bindings

BINDING = {"cluster": {"type": "str"}, "policy": {"type": "str"}, "enabled": {"type": "bool"}}
SPEC = (
    OPENSTACK
    + WAIT
    + BULK
    + ONCE
    + LOCKS
    + Spec(
        {
            **BINDING,
            "bindings": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "cluster": {"type": "str", "required": True},
                    "policy": {"type": "str", "required": True},
                    "enabled": {"type": "bool"},
                },
            },
            "state": {"type": "str", "choices": ["attached", "detached"], "default": "attached"},
        },
        mutually_exclusive=tuple(("bindings", other) for other in BINDING),
        required_one_of=(("cluster", "bindings"),),
        required_together=(("cluster", "policy"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/policy_operations.py."""
    params = run.params
    rows = params["bindings"] if params["bindings"] is not None else [{key: params[key] for key in BINDING}]
    if not rows:
        raise bad_input("config_empty", "bindings is an empty list.", "Name at least one binding and run again.")
    asked = [(row["cluster"], row["policy"], row["enabled"]) for row in rows]
    with api.connect(run, minor=api.NEWEST) as client:
        return set_bindings(run, client, asked, single=params["bindings"] is None)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
