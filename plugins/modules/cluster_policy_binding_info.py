#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_policy_binding_info
short_description: Read which policies are attached to clusters of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the policies that are attached to one cluster, or to all clusters of the token's project.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  cluster:
    description: Name or id of the cluster. If not set, all clusters are asked.
    type: str
  enabled:
    description: Only bindings that are enabled, or only those that are not.
    type: bool
seealso:
  - module: groundwork.provision.cluster_policy_binding
"""

EXAMPLES = r"""
- name: List what is attached to a cluster
  groundwork.provision.cluster_policy_binding_info:
    cloud: production
    cluster: web-cluster
"""

RETURN = r"""
bindings:
  description: The bindings found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the binding., type: str}
    cluster_id: {description: Id of the cluster., type: str}
    cluster_name: {description: Name of the cluster., type: str, sample: web}
    policy_id: {description: Id of the policy., type: str}
    policy_name: {description: Name of the policy., type: str, sample: oldest-first}
    policy_type: {description: Type and version of the policy., type: str, sample: senlin.policy.deletion-1.0}
    enabled: {description: Whether the policy is in force., type: bool, sample: true}
    priority: {description: The order in which policies are looked at., type: int, sample: 400}
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, policies

SPEC = OPENSTACK + Spec({"cluster": {"type": "str"}, "enabled": {"type": "bool"}})


def run(run: Run) -> dict:
    """Read and filter."""
    name, enabled = run.params["cluster"], run.params["enabled"]
    with api.connect(run, minor=api.NEWEST) as client:
        if name is None:
            clusters = listing.read_all(client, listing.CLUSTERS)
        else:
            names, ids = listing.names_and_ids([name])
            one = listing.meant(listing.CLUSTERS, name, listing.read(client, listing.CLUSTERS, names, ids))
            clusters = [one] if one is not None else []
        bound = [row for one in clusters if one.get("policies") for row in policies.bindings(client, one["id"])]
    shown = [policies.public_binding(row) for row in bound if enabled in (None, row.get("enabled"))]
    return {"changed": False, "bindings": shown}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
