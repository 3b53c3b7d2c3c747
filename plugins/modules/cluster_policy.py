#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_policy
short_description: Create, rename, replace or delete policies of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Keeps one policy, or many in one task, as it is described.
  - The service cannot change the spec of a policy, see O(on_spec_change). Of a policy only the name can be changed.
  - Policies are listed by name, only those of the token's own project are looked at, and every request names a whole id.
  - A creation is sent at most once. A policy has no metadata, so one whose answer was lost is known by its name and spec.
  - In check mode the service itself checks the specs of the policies that would be made (microversion 1.2).
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.wait
  - groundwork.provision.locks
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.on_use
  - groundwork.provision.attributes
  - groundwork.provision.attributes.openstack
options:
  name:
    description:
      - Name of the policy, 1 to 255 letters, digits and the characters C(_ . ~ -).
      - With O(id) it is the name that the policy is to have. With O(state=absent) it has to be the name that it has.
    type: str
  id:
    description: Id of the policy, whole. With it nothing is created.
    type: str
  spec:
    description:
      - The specification, a mapping of C(type), C(version) and C(properties). Needed to create a policy.
      - It is compared to the letter with what is there, but that a version may be a number or a text.
    type: dict
  spec_file:
    description: File with the specification, JSON if it ends in C(.json), else YAML, on the host that runs the module.
    type: path
  policies:
    description: Many policies in one task.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
      id:
        description: As O(id).
        type: str
      spec:
        description: As O(spec).
        type: dict
      spec_file:
        description: As O(spec_file).
        type: path
  state:
    description:
      - V(present) creates the policy, or fails where the one that is there has another spec.
      - V(absent) deletes it. A policy that is attached to a cluster cannot be deleted, see O(on_use).
    type: str
    choices: [present, absent]
    default: present
  on_spec_change:
    description:
      - What to do with a policy whose spec differs from the desired one.
      - V(fail) changes nothing and tells where they differ.
      - V(replace) creates a new policy of the same name. On each cluster that has the old one it detaches the old policy and attaches the
        new one (the service does not take both at once), and at last it deletes the old one. It takes every other policy of that name in
        the project for an old one. Only with O(name), since the id changes.
      - When a run breaks off in between, a cluster may be without the policy. The next run reads from the actions of the service from which
        clusters the old one was detached since, attaches the new one there, and only then deletes the old one. It leaves out a cluster
        that has got another policy of that type meanwhile.
    type: str
    choices: [fail, replace]
    default: fail
seealso:
  - module: groundwork.provision.cluster_policy_info
  - module: groundwork.provision.cluster_policy_binding
"""

EXAMPLES = r"""
- name: Let the oldest nodes go first
  groundwork.provision.cluster_policy:
    cloud: production
    name: oldest-first
    spec:
      type: senlin.policy.deletion
      version: "1.0"
      properties:
        criteria: OLDEST_FIRST

- name: Replace it on all clusters that it is attached to
  groundwork.provision.cluster_policy:
    cloud: production
    name: oldest-first
    on_spec_change: replace
    spec:
      type: senlin.policy.deletion
      version: "1.0"
      properties:
        criteria: YOUNGEST_FIRST

- name: Delete it
  groundwork.provision.cluster_policy:
    cloud: production
    name: oldest-first
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
policy:
  description: The policy as the service has it, null when there is none.
  returned: without O(policies)
  type: dict
  contains:
    id: {description: Its id., type: str, sample: 0cb65109-991d-4708-a92e-40716066e8f5}
    name: {description: Its name., type: str, sample: oldest-first}
    type: {description: Type and version of the policy., type: str, sample: senlin.policy.deletion-1.0}
    spec: {description: "The specification as it was sent, but what is below names that sound like a secret is masked.", type: dict}
    data: {description: What the service keeps with it., type: dict}
    created_at: {description: When it was created (UTC). Its form differs from answer to answer., type: str}
    updated_at: {description: When it was updated last (UTC)., type: str}
    domain: {description: Id of its domain., type: str}
    project: {description: Id of its project., type: str}
    user: {description: Id of the user who created it., type: str}
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(policies)
  type: bool
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: without O(policies)
  type: list
  elements: dict
deleted:
  description: Ids of the policies that this run deleted.
  returned: without O(policies)
  type: list
  elements: str
kept:
  description: Policies that were to be deleted and are still there because they are in use, with O(on_use=keep).
  returned: without O(policies)
  type: list
  elements: dict
  contains:
    id: {description: Id of the policy., type: str}
    used_by: {description: "Clusters that use it, as far as is known.", type: list, elements: str, sample: [cluster web]}
policies:
  description: A result for each policy, in the order given.
  returned: with O(policies)
  type: list
  elements: dict
  contains:
    name: {description: Name of the policy., type: str, sample: oldest-first}
    policy: {description: As RV(policy)., type: dict}
    deleted: {description: As RV(deleted)., type: list, elements: str}
    kept: {description: As RV(kept)., type: list, elements: dict}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, LOCKS, ON_USE, ONCE, OPENSTACK, WAIT, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import secrets
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, policies, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.policy_operations import set_policies

POLICY = {"name": {"type": "str"}, "id": {"type": "str"}, "spec": {"type": "dict"}, "spec_file": {"type": "path"}}
SPEC = (
    OPENSTACK
    + WAIT
    + BULK
    + ONCE
    + ON_USE
    + LOCKS
    + Spec(
        {
            **POLICY,
            "policies": {
                "type": "list",
                "elements": "dict",
                "options": POLICY,
                "required_one_of": [["name", "id"]],
                "mutually_exclusive": [["spec", "spec_file"]],
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "on_spec_change": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
        },
        mutually_exclusive=(("spec", "spec_file"), *(("policies", other) for other in POLICY)),
        required_one_of=(("name", "id", "policies"),),
    )
)


def desired(params: dict) -> list[policies.Desired]:
    """The items of either form, checked."""
    rows = params["policies"] if params["policies"] is not None else [{key: params[key] for key in POLICY}]
    if not rows:
        raise bad_input("config_empty", "policies is an empty list.", "Name at least one policy and run again.")
    found = []
    for row in rows:
        name = specs.check_name(row["name"]) if row["name"] is not None else None
        ident = specs.check_id(row["id"], "policy") if row["id"] is not None else None
        spec = None
        if params["state"] == "present" and (row["spec_file"] or row["spec"] is not None):
            spec = specs.load(row["spec_file"]) if row["spec_file"] else specs.check_spec(row["spec"])
        found.append(policies.Desired(name, ident, spec))
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/policy_operations.py."""
    asked = desired(run.params)
    for one in asked:  # those of a file are no option's, which are known already
        run.redactor.add(*secrets(one.spec))
    with api.connect(run, minor=api.NEWEST) as client:
        return set_policies(run, client, asked, single=run.params["policies"] is None)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
