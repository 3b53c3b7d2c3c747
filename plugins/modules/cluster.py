#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: Create, resize, update, heal or delete clusters of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Keeps one cluster, or many in one task, as it is described.
  - Names are not unique in the clustering service, and a name in its addresses may hit another cluster whose id begins with it. So
    clusters are listed by name, only those of the token's own project are looked at, and every request names a whole id.
  - A cluster does one thing at a time. A cluster that has an action under way is waited for before anything is planned, see
    O(lock_timeout). Several requests for one cluster are sent one after the other, each when the action of the one before has ended
    and the cluster shows its effect.
  - What is waited for is the action and not the status of the cluster, which is ACTIVE before its action has begun. Then cluster and
    nodes are read. A failure names the nodes and their reasons. The next run goes on with what is left.
  - With O(desired_capacity), a cluster is as desired when it has that many nodes and all of them are ACTIVE. The capacity that a
    cluster shows stays raised after it could not grow.
  - Sizes are set with an exact number. The module never uses a request that would grow a cluster again when it is repeated.
  - A creation is sent at most once. One whose answer was lost is looked for, never repeated. To tell it from any other, the metadata of
    a new cluster gets the key C(groundwork_provision_request) with a random id. It is not compared and not shown in diffs.
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
      - Name of the cluster, 1 to 255 letters, digits and the characters C(_ . ~ -).
      - With O(id) and O(state=present) it is the name that the cluster is to have. With another state it has to be the one that it has.
      - Several clusters of this name in the project are refused.
    type: str
  id:
    description:
      - Id of the cluster, whole. Use it to rename a cluster, or to tell several of one name apart.
      - A new cluster gets its id from the service, so with O(id) nothing is created.
    type: str
  profile:
    description:
      - Name or id of the profile of the cluster's nodes. Needed to create a cluster.
      - If not set, a cluster that is there keeps its profile.
      - In check mode also C((id of the new profile)) and a name, for a profile that a task before this one would make. It is in the plan as
        it is. O(policies) takes C((id of the new policy)) and a name in the same way.
      - After the name may stand the type and version, such as C(os.nova.server-1.0), so that one that does not fit is refused.
    type: str
  desired_capacity:
    description:
      - How many nodes the cluster is to have, 0 to 1000.
      - If not set, the size of a cluster that is there is left as it is, and a new one gets O(min_size) nodes.
      - Nodes that are not ACTIVE are recovered, and when the cluster shrinks they are the first to be deleted.
      - Nodes that M(groundwork.provision.cluster_node) lets join count, too.
    type: int
  min_size:
    description: How many nodes the cluster is to have at least. A new cluster has 0 if it is not set.
    type: int
  max_size:
    description: How many nodes the cluster may have, V(-1) for no limit. A new cluster has no limit if it is not set.
    type: int
  metadata:
    description:
      - The metadata that the cluster is to have. It takes the place of all that is there, but for the keys that begin with
        C(groundwork_provision_).
      - If not set, the metadata is left as it is. With V({}) it is emptied.
    type: dict
  config:
    description:
      - The configuration of the cluster, such as C(node.name.format). It takes the place of all that is there.
      - The service does not check its keys. If not set, it is left as it is.
    type: dict
  action_timeout:
    description:
      - Seconds after which the service gives up an action of the cluster. A new cluster has 3600 if it is not set.
    type: int
  policies:
    description:
      - Names or ids of policies that are to be attached to the cluster. Others that are attached stay.
      - Two policies of one type are refused, as by the service, but for scaling policies.
      - Use M(groundwork.provision.cluster_policy_binding) to detach or disable one.
    type: list
    elements: str
  clusters:
    description:
      - Many clusters in one task, with one token and one wait for all of them.
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
      desired_capacity:
        description: As O(desired_capacity).
        type: int
      min_size:
        description: As O(min_size).
        type: int
      max_size:
        description: As O(max_size).
        type: int
      metadata:
        description: As O(metadata).
        type: dict
      config:
        description: As O(config).
        type: dict
      action_timeout:
        description: As O(action_timeout).
        type: int
      policies:
        description: As O(policies).
        type: list
        elements: str
  state:
    description:
      - V(present) creates the cluster, or brings the one that is there to what is desired.
      - V(absent) deletes it with its nodes, bindings and receivers. Profiles and policies stay.
      - V(healthy) asks the server of each node how it is, and recovers the nodes whose server is gone or not ACTIVE. A cluster that
        is well is sent nothing. It only heals - sizes, profile and policies of the cluster are not looked at, and a warning says so
        where they are given. Of nodes that are no servers (C(os.heat.stack)) only the status that the service has is known.
    type: str
    choices: [present, absent, healthy]
    default: present
  on_profile_change:
    description:
      - What to do when a cluster has another profile than the desired one.
      - V(update) updates all nodes in place, and the ones that were left behind by an earlier update.
      - V(profile_only) changes the profile of the cluster for the nodes to come, and leaves the nodes as they are. It needs
        microversion 1.6, and an older service, which would update the nodes without a word, is refused.
      - V(fail) changes nothing.
    type: str
    choices: [update, profile_only, fail]
    default: update
  force:
    description:
      - With O(state=absent), delete the cluster even if it shows a status in which the service refuses that, such as C(UPDATING)
        after the service's engine has died. Needs microversion 1.8.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_info
  - module: groundwork.provision.cluster_profile
"""

EXAMPLES = r"""
- name: Keep a cluster of three servers
  groundwork.provision.cluster:
    cloud: production
    name: web
    profile: web-server-of-old
    desired_capacity: 3
    max_size: 6
    metadata:
      owner: web-team

- name: Grow it
  groundwork.provision.cluster:
    cloud: production
    name: web
    desired_capacity: 4

- name: Recover the nodes whose servers are gone
  groundwork.provision.cluster:
    cloud: production
    name: web
    state: healthy

- name: Keep many clusters in one task
  groundwork.provision.cluster:
    cloud: production
    clusters:
      - name: batch-1
        profile: web-server-of-old
        desired_capacity: 2
      - name: batch-2
        profile: web-server-of-old
        desired_capacity: 1

- name: Delete a cluster with its servers
  groundwork.provision.cluster:
    cloud: production
    name: web
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
cluster:
  description: The cluster as the service has it, null when there is none.
  returned: without O(clusters)
  type: dict
  contains:
    id: {description: Its id., type: str, sample: 7fa885cd-fa39-4531-a42d-780af95c84a4}
    name: {description: Its name., type: str, sample: web}
    status: {description: Its status as the service words it., type: str, sample: ACTIVE}
    status_reason: {description: What the service says of the status. It may be left from an earlier action., type: str}
    desired_capacity: {description: How many nodes it is to have., type: int, sample: 3}
    min_size: {description: How many it is to have at least., type: int, sample: 0}
    max_size: {description: "How many it may have, -1 for no limit.", type: int, sample: 6}
    profile_id: {description: Id of its profile., type: str}
    profile_name: {description: Name of its profile., type: str, sample: web-server}
    metadata: {description: Its metadata with the keys of this collection., type: dict, sample: {owner: web-team}}
    config: {description: Its configuration., type: dict}
    timeout: {description: Seconds after which the service gives up its actions., type: int, sample: 3600}
    nodes: {description: Ids of its nodes., type: list, elements: str}
    policies: {description: Ids of the bindings of its policies., type: list, elements: str}
    init_at: {description: When its creation was asked for (UTC)., type: str}
    created_at: {description: When its creation had ended (UTC)., type: str}
    updated_at: {description: When it was changed last (UTC)., type: str}
    domain: {description: Id of its domain., type: str}
    project: {description: Id of its project., type: str}
    user: {description: Id of the user who created it., type: str}
nodes:
  description: The nodes of the cluster, by their index.
  returned: without O(clusters)
  type: list
  elements: dict
  contains:
    id: {description: Id of the node., type: str}
    name: {description: Name of the node., type: str, sample: node-P8UhkEdZ}
    index: {description: Number of the node in its cluster., type: int, sample: 1}
    status: {description: Status of the node., type: str, sample: ACTIVE}
    status_reason: {description: What the service says of the status., type: str, sample: Creation succeeded}
    physical_id: {description: Id of its server., type: str}
    profile_id: {description: Id of its profile., type: str}
    role: {description: Role of the node in its cluster., type: str}
actions:
  description: Ids of the actions that this run has started, in their order.
  returned: without O(clusters)
  type: list
  elements: str
  sample: [e0d68ddb-8ac5-4cb1-aa5d-65848871bdcd]
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(clusters)
  type: bool
  sample: false
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: without O(clusters)
  type: list
  elements: dict
  sample: [{state: "WAITING, 3 NODE_CREATE under way", second: 0.2}, {state: SUCCEEDED, second: 3.9}]
clusters:
  description: A result for each cluster, in the order given.
  returned: with O(clusters)
  type: list
  elements: dict
  contains:
    name: {description: Name of the cluster., type: str, sample: web}
    cluster: {description: As RV(cluster)., type: dict}
    nodes: {description: As RV(nodes)., type: list, elements: dict}
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, clusters, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_operations import set_clusters

CLUSTER = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "profile": {"type": "str"},
    "desired_capacity": {"type": "int"},
    "min_size": {"type": "int"},
    "max_size": {"type": "int"},
    "metadata": {"type": "dict"},
    "config": {"type": "dict"},
    "action_timeout": {"type": "int"},
    "policies": {"type": "list", "elements": "str"},
}
SPEC = (
    OPENSTACK
    + WAIT
    + BULK
    + ONCE
    + LOCKS
    + Spec(
        {
            **CLUSTER,
            "clusters": {"type": "list", "elements": "dict", "options": CLUSTER, "required_one_of": [["name", "id"]]},
            "state": {"type": "str", "choices": ["present", "absent", "healthy"], "default": "present"},
            "on_profile_change": {"type": "str", "choices": ["update", "profile_only", "fail"], "default": "update"},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=tuple(("clusters", other) for other in CLUSTER),
        required_one_of=(("name", "id", "clusters"),),
    )
)


def desired(params: dict) -> list[clusters.Desired]:
    """The items of either form, checked. Raises for an empty list and for what the service would not take."""
    rows = params["clusters"] if params["clusters"] is not None else [{key: params[key] for key in CLUSTER}]
    if not rows:
        raise bad_input("config_empty", "clusters is an empty list.", "Name at least one cluster and run again.")
    return [_one(row, params["state"]) for row in rows]


def _one(row: dict, state: str) -> clusters.Desired:
    name = specs.check_name(row["name"]) if row["name"] is not None else None
    ident = specs.check_id(row["id"], "cluster") if row["id"] is not None else None
    if state != "present":
        return clusters.Desired(name, ident)
    return clusters.check(
        clusters.Desired(
            name,
            ident,
            row["profile"],
            row["desired_capacity"],
            row["min_size"],
            row["max_size"],
            specs.check_metadata(row["metadata"]) if row["metadata"] is not None else None,
            specs.check_mapping(row["config"], "config") if row["config"] is not None else None,
            row["action_timeout"],
            tuple(row["policies"] or ()),
        )
    )


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/cluster_operations.py."""
    asked = desired(run.params)
    if run.params["state"] == "healthy":
        _tell_unused(run)
    with api.connect(run, minor=api.NEWEST) as client:
        return set_clusters(run, client, asked, single=run.params["clusters"] is None)


def _tell_unused(run: Run) -> None:
    rows = run.params["clusters"] or [run.params]
    unused = sorted({key for row in rows for key in CLUSTER if key not in ("name", "id") and row[key] is not None})
    if unused:
        run.warn(
            f"With state healthy nodes are only healed; not looked at: {', '.join(unused)}. Bring the cluster to these with state present."
        )


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
