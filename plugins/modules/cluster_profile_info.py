#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_profile_info
short_description: Read cluster profiles of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the cluster profiles of the token's project, all pages, oldest first.
  - An administrator's token would see other projects' profiles too; they are left out unless O(all_projects) asks for them.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Only profiles with this name, to the letter. There may be several.
    type: str
  id:
    description: Only the profile with this id, whole.
    type: str
  type:
    description: Only profiles of this type, with the version as in V(os.nova.server-1.0), or without.
    type: str
  all_projects:
    description: List the profiles of all projects. Needs an administrator.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_profile
"""

EXAMPLES = r"""
- name: List all profiles of the project
  groundwork.provision.cluster_profile_info:
    cloud: production
  register: result

- name: Look for a name
  groundwork.provision.cluster_profile_info:
    cloud: production
    name: web-server

- name: List what there is of one type
  groundwork.provision.cluster_profile_info:
    cloud: production
    type: os.heat.stack
"""

RETURN = r"""
profiles:
  description: The profiles found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Its id., type: str, sample: 7fa885cd-fa39-4531-a42d-780af95c84a4}
    name: {description: Its name., type: str, sample: web-server}
    type: {description: Type and version of the profile., type: str, sample: os.nova.server-1.0}
    spec: {description: The specification as it was sent., type: dict}
    metadata: {description: The metadata., type: dict, sample: {owner: web-team}}
    created_at: {description: When it was created (UTC)., type: str, sample: "2026-03-01T09:15:00Z"}
    updated_at: {description: When it was updated last (UTC)., type: str}
    domain: {description: Id of its domain., type: str}
    project: {description: Id of its project., type: str, sample: 42d9e9663331431f97b75e25136307ff}
    user: {description: Id of the user who created it., type: str, sample: 5e5bf8027826429c96af157f68dc9072}
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 0.3
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: auth_failed}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: openstack}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: list
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: web-server}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: Check auth and run again.}
    request_id:
      description: Id under which the log of the service has the request.
      returned: when the clustering service answered
      type: str
      sample: req-8cc96fec-81c5-413a-9963-a10482cd922f
    server_type: {description: The kind of error as the service names it., returned: when the clustering service answered, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPENSTACK, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, cluster_profiles, specs

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
    ident = specs.check_id(params["id"]) if params["id"] is not None else None
    with api.connect(run) as client:
        found = cluster_profiles.search(client, name=name, ident=ident, kind=params["type"], all_projects=params["all_projects"])
    return {"changed": False, "profiles": [profile.data for profile in found]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
