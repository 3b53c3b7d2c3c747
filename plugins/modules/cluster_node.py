#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_node
short_description: Create, change, move or delete single nodes of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Keeps one node, or many in one task, as it is described, inside a cluster or outside of any.
  - For nodes that are all alike use M(groundwork.provision.cluster) and a number.
  - The service throws the name away of a node that is made inside a cluster. So a new node is made outside, and then joins the cluster.
    Its name is what it is known by.
  - A node that joins raises the desired capacity of the cluster by one, one that leaves or is deleted lowers it. So where
    M(groundwork.provision.cluster) keeps the same cluster, its O(groundwork.provision.cluster#module:desired_capacity) has to count such
    nodes, or to be left out. Else each run shrinks the cluster, perhaps by that node, and grows it again.
  - What a cluster does not allow (min_size, max_size, nodes of another type) is refused before anything is sent, with all nodes of the
    task counted. A place that another node of the task makes free counts for a node that leaves its own cluster first, or is new.
  - A node in ERROR is recovered. The service looks at its server first, so one that is well is not made anew.
  - Requests for one node are sent one after the other, each when the action of the one before has ended and the node shows its effect.
  - A creation is sent at most once. To find one whose answer was lost, the metadata of a new node gets the key
    C(groundwork_provision_request) with a random id.
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
  name:
    description:
      - Name of the node, 1 to 255 letters, digits and the characters C(_ . ~ -).
      - With O(id) it is the name that the node is to have. With O(state=absent) it has to be the name that it has.
    type: str
  id:
    description: Id of the node, whole. With it nothing is created.
    type: str
  profile:
    description: Name or id of the profile of the node. Needed to create a node. If not set, a node that is there keeps its profile.
    type: str
  cluster:
    description: Name or id of the cluster that the node is to be a member of. If not set, a node is left where it is.
    type: str
  standalone:
    description: Whether the node is to be a member of no cluster. It leaves its cluster and lives on. Not together with O(cluster).
    type: bool
    default: false
  role:
    description: Role of the node. A node that joins a cluster loses it in the service; the module sets it again.
    type: str
  metadata:
    description:
      - The metadata that the node is to have. It takes the place of all that is there, but for the keys that begin with
        C(groundwork_provision_). If not set, it is left as it is.
    type: dict
  tainted:
    description: Whether the node is among the first to go when its cluster shrinks. Needs microversion 1.13.
    type: bool
  nodes:
    description: Many nodes in one task.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
      id:
        description: As O(id).
        type: str
      profile:
        description: As O(profile).
        type: str
      cluster:
        description: As O(cluster).
        type: str
      standalone:
        description: As O(standalone).
        type: bool
        default: false
      role:
        description: As O(role).
        type: str
      metadata:
        description: As O(metadata).
        type: dict
      tainted:
        description: As O(tainted).
        type: bool
  state:
    description:
      - V(present) creates the node, or brings the one that is there to what is desired.
      - V(absent) deletes it with its server.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: groundwork.provision.cluster
  - module: groundwork.provision.cluster_node_info
"""

EXAMPLES = r"""
- name: Keep a node with a role of its own in a cluster
  groundwork.provision.cluster_node:
    cloud: production
    name: leader
    profile: web-server-of-old
    cluster: web-cluster
    role: leader

- name: Take it out of the cluster
  groundwork.provision.cluster_node:
    cloud: production
    name: leader
    standalone: true

- name: Delete it
  groundwork.provision.cluster_node:
    cloud: production
    name: leader
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
node:
  description: The node as the service has it, null when there is none.
  returned: without O(nodes)
  type: dict
  contains:
    id: {description: Its id., type: str}
    name: {description: Its name., type: str, sample: leader}
    status: {description: Its status., type: str, sample: ACTIVE}
    status_reason: {description: What the service says of the status., type: str, sample: Creation succeeded}
    cluster_id: {description: "Id of its cluster, an empty text for none.", type: str}
    index: {description: "Its number in its cluster, -1 for none.", type: int, sample: 3}
    role: {description: Its role., type: str, sample: leader}
    metadata: {description: Its metadata with the keys of this collection., type: dict}
    tainted: {description: Whether it goes first (microversion 1.13)., type: bool}
    physical_id: {description: Id of its server., type: str}
    profile_id: {description: Id of its profile., type: str}
    profile_name: {description: Name of its profile., type: str}
    created_at: {description: When it was created (UTC)., type: str}
    updated_at: {description: When it was changed last (UTC)., type: str}
    project: {description: Id of its project., type: str}
    user: {description: Id of the user who created it., type: str}
actions:
  description: Ids of the actions that this run has started, in their order.
  returned: without O(nodes)
  type: list
  elements: str
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(nodes)
  type: bool
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: without O(nodes)
  type: list
  elements: dict
nodes:
  description: A result for each node, in the order given.
  returned: with O(nodes)
  type: list
  elements: dict
  contains:
    name: {description: Name of the node., type: str, sample: leader}
    node: {description: As RV(node)., type: dict}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, LOCKS, ONCE, OPENSTACK, WAIT, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.node_operations import Desired, set_nodes

NODE: Options = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "profile": {"type": "str"},
    "cluster": {"type": "str"},
    "standalone": {"type": "bool", "default": False},
    "role": {"type": "str"},
    "metadata": {"type": "dict"},
    "tainted": {"type": "bool"},
}
SPEC = (
    OPENSTACK
    + WAIT
    + BULK
    + ONCE
    + LOCKS
    + Spec(
        {
            **NODE,
            "nodes": {"type": "list", "elements": "dict", "options": NODE, "required_one_of": [["name", "id"]]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        mutually_exclusive=tuple(("nodes", other) for other in NODE if other != "standalone"),
        required_one_of=(("name", "id", "nodes"),),
    )
)


def desired(params: dict) -> list[Desired]:
    """The items of either form, checked."""
    rows = params["nodes"] if params["nodes"] is not None else [{key: params[key] for key in NODE}]
    if not rows:
        raise bad_input("config_empty", "nodes is an empty list.", "Name at least one node and run again.")
    found = []
    for row in rows:
        name = specs.check_name(row["name"]) if row["name"] is not None else None
        ident = specs.check_id(row["id"], "node") if row["id"] is not None else None
        if row["standalone"] and row["cluster"] is not None:
            raise bad_input("config_options", "standalone is true and cluster is set.", "Set one of the two and run again.")
        metadata = specs.check_metadata(row["metadata"]) if row["metadata"] is not None else None
        more = {key: row[key] for key in ("profile", "cluster", "standalone", "role", "tainted")}
        found.append(Desired(name, ident, metadata=metadata, **more))
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/node_operations.py."""
    asked = desired(run.params)
    with api.connect(run, minor=api.NEWEST) as client:
        return set_nodes(run, client, asked, single=run.params["nodes"] is None)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
