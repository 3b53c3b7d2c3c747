#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_node_info
short_description: Read nodes of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the nodes of the token's project, all pages, those of each cluster by their index.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Only nodes with this name, to the letter.
    type: str
  id:
    description: Only the node with this id, whole.
    type: str
  cluster:
    description: Only nodes of the cluster with this name or id.
    type: str
  status:
    description: Only nodes in this status, for example V(ERROR).
    type: str
  details:
    description: Whether the server of each node is asked for, one request a node. See RV(nodes[].details).
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_node
"""

EXAMPLES = r"""
- name: List the nodes of a cluster with their addresses
  groundwork.provision.cluster_node_info:
    cloud: production
    cluster: web-cluster
    details: true

- name: List the nodes that failed
  groundwork.provision.cluster_node_info:
    cloud: production
    status: ERROR
"""

RETURN = r"""
nodes:
  description: The nodes found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Its id., type: str}
    name: {description: Its name., type: str, sample: node-P8UhkEdZ}
    status: {description: Its status., type: str, sample: ACTIVE}
    status_reason: {description: What the service says of the status., type: str, sample: Creation succeeded}
    cluster_id: {description: "Id of its cluster, an empty text for none.", type: str}
    physical_id: {description: Id of its server., type: str}
    details:
      description: What the server says of itself, such as C(status) and C(addresses). C(Error) when it is gone.
      returned: with O(details)
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, nodes, specs

SPEC = OPENSTACK + Spec(
    {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "cluster": {"type": "str"},
        "status": {"type": "str"},
        "details": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    name = specs.check_name(params["name"]) if params["name"] is not None else None
    ident = specs.check_id(params["id"], "node") if params["id"] is not None else None
    with api.connect(run, minor=api.NEWEST) as client:
        if params["cluster"] is not None:
            names, ids = listing.names_and_ids([params["cluster"]])
            one = listing.meant(listing.CLUSTERS, params["cluster"], listing.read(client, listing.CLUSTERS, names, ids))
            found = nodes.of_clusters(client, [one["id"]])[one["id"]] if one is not None else []
        else:
            found = listing.read_all(client, listing.NODES, [("name", name)] if name is not None else [])
            found.sort(key=lambda node: (str(node.get("cluster_id")), nodes.number(node), node["id"]))
        found = [
            node
            for node in found
            if name in (None, node["name"]) and ident in (None, node["id"]) and params["status"] in (None, node.get("status"))
        ]
        shown = [nodes.public(node) for node in found]
        if params["details"]:
            for node in shown:
                node["details"] = nodes.details(client, node["id"])
    return {"changed": False, "nodes": shown}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
