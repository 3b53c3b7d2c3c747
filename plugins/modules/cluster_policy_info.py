#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_policy_info
short_description: Read policies of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the policies of the token's project, all pages, by name.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Only policies with this name, to the letter. There may be several.
    type: str
  id:
    description: Only the policy with this id, whole.
    type: str
  type:
    description: Only policies of this type, with the version as in V(senlin.policy.deletion-1.0), or without.
    type: str
  all_projects:
    description: List the policies of all projects. Needs an administrator.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_policy
"""

EXAMPLES = r"""
- name: List the scaling policies of the project
  groundwork.provision.cluster_policy_info:
    cloud: production
    type: senlin.policy.scaling
"""

RETURN = r"""
policies:
  description: The policies found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Its id., type: str, sample: 0cb65109-991d-4708-a92e-40716066e8f5}
    name: {description: Its name., type: str, sample: oldest-first}
    type: {description: Type and version of the policy., type: str, sample: senlin.policy.deletion-1.0}
    spec: {description: The specification as it was sent., type: dict}
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, policies, specs

SPEC = OPENSTACK + Spec(
    {
        "name": {"type": "str"},
        "id": {"type": "str"},
        "type": {"type": "str"},
        "all_projects": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    name = specs.check_name(params["name"]) if params["name"] is not None else None
    ident = specs.check_id(params["id"], "policy") if params["id"] is not None else None
    with api.connect(run, minor=api.NEWEST) as client:
        query = [("name", name)] if name is not None else []
        found = listing.read_all(client, listing.POLICIES, query, all_projects=params["all_projects"])
    kind = params["type"]
    shown = [
        policies.public(one)
        for one in sorted(found, key=lambda one: (one["name"], one["id"]))
        if name in (None, one["name"]) and ident in (None, one["id"]) and kind in (None, one.get("type"), _bare(one))
    ]
    return {"changed": False, "policies": shown}


def _bare(policy: listing.Entry) -> str:
    return str(policy.get("type")).rpartition("-")[0]


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
