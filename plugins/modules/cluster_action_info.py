#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_action_info
short_description: Read actions of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists actions of the token's project, oldest first. The service keeps them for ever, so narrow the list.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  id:
    description: Only the action with this id, whole.
    type: str
  cluster:
    description: Only actions of the cluster with this name or id, those of its nodes too.
    type: str
  action:
    description: Only actions of these kinds, for example V(CLUSTER_RESIZE).
    type: list
    elements: str
  status:
    description: Only actions in one of these statuses.
    type: list
    elements: str
    choices: [INIT, WAITING, READY, RUNNING, SUSPENDED, WAITING_LIFECYCLE_COMPLETION, SUCCEEDED, FAILED, CANCELLED]
seealso:
  - module: groundwork.provision.cluster_action
"""

EXAMPLES = r"""
- name: Look at what is under way on a cluster
  groundwork.provision.cluster_action_info:
    cloud: production
    cluster: web-cluster
    status: [INIT, WAITING, READY, RUNNING]

- name: Look at what failed
  groundwork.provision.cluster_action_info:
    cloud: production
    status: [FAILED]
"""

RETURN = r"""
actions:
  description: The actions found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the action., type: str}
    action: {description: What it does., type: str, sample: CLUSTER_RESIZE}
    status: {description: Its status., type: str, sample: SUCCEEDED}
    status_reason: {description: What the service says of the status., type: str}
    target: {description: Id of the cluster or node., type: str}
    cluster_id: {description: Id of the cluster (microversion 1.14)., type: str}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPENSTACK, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import actions, api, listing, specs

SPEC = OPENSTACK + Spec(
    {
        "id": {"type": "str"},
        "cluster": {"type": "str"},
        "action": {"type": "list", "elements": "str"},
        "status": {"type": "list", "elements": "str", "choices": [*actions.OPEN, actions.GOOD, actions.FAILED, actions.CANCELLED]},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    ident = specs.check_id(params["id"], "action") if params["id"] is not None else None
    query = [("action", one) for one in params["action"] or ()] + [("status", one) for one in params["status"] or ()]
    with api.connect(run, minor=api.NEWEST) as client:
        if params["cluster"] is not None:
            names, ids = listing.names_and_ids([params["cluster"]])
            one = listing.meant(listing.CLUSTERS, params["cluster"], listing.read(client, listing.CLUSTERS, names, ids))
            if one is None:
                return {"changed": False, "actions": []}
            query.append(("cluster_id", one["id"]))
        if ident is not None:
            action = actions.read(client, ident)
            found = [action] if action is not None else []
        else:
            found = actions.search(client, query)
    return {"changed": False, "actions": [actions.public(one) for one in found]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
