#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_info
short_description: Read clusters of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the clusters of the token's project with their nodes, all pages, oldest first.
  - An administrator's token would see other projects' clusters too; they are left out unless O(all_projects) asks for them.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Only clusters with this name, to the letter. There may be several.
    type: str
  id:
    description: Only the cluster with this id, whole.
    type: str
  status:
    description: Only clusters in this status, for example V(WARNING).
    type: str
  with_nodes:
    description: Whether the nodes of the clusters are read too.
    type: bool
    default: true
  all_projects:
    description: List the clusters of all projects. Needs an administrator.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster
"""

EXAMPLES = r"""
- name: List all clusters of the project
  groundwork.provision.cluster_info:
    cloud: production
  register: result

- name: List the clusters that lack a node
  groundwork.provision.cluster_info:
    cloud: production
    status: WARNING

- name: Look for a name, without its nodes
  groundwork.provision.cluster_info:
    cloud: production
    name: web
    with_nodes: false
"""

RETURN = r"""
clusters:
  description: The clusters found, an empty list when there are none. Each has the keys that M(groundwork.provision.cluster) returns.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Its id., type: str, sample: 7fa885cd-fa39-4531-a42d-780af95c84a4}
    name: {description: Its name., type: str, sample: web}
    status: {description: Its status as the service words it., type: str, sample: ACTIVE}
    desired_capacity: {description: How many nodes it is to have., type: int, sample: 3}
    profile_name: {description: Name of its profile., type: str, sample: web-server}
    nodes: {description: Ids of its nodes., type: list, elements: str}
    members:
      description: Its nodes, by their index.
      returned: with O(with_nodes)
      type: list
      elements: dict
      contains:
        id: {description: Id of the node., type: str}
        name: {description: Name of the node., type: str, sample: node-P8UhkEdZ}
        status: {description: Status of the node., type: str, sample: ACTIVE}
        status_reason: {description: What the service says of the status., type: str, sample: Creation succeeded}
        physical_id: {description: Id of its server., type: str}
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, cluster_list, specs

SPEC = OPENSTACK + Spec(
    {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "status": {"type": "str"},
        "with_nodes": {"type": "bool", "default": True},
        "all_projects": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    name = specs.check_name(params["name"]) if params["name"] is not None else None
    ident = specs.check_id(params["id"], "cluster") if params["id"] is not None else None
    with api.connect(run, minor=api.NEWEST) as client:
        found = cluster_list.search(
            client,
            name=name,
            ident=ident,
            status=params["status"],
            with_nodes=params["with_nodes"],
            all_projects=params["all_projects"],
        )
    return {"changed": False, "clusters": found}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
