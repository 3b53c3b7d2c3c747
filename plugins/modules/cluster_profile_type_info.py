#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_profile_type_info
short_description: Read the profile types that OpenStack Clustering (Senlin) knows
version_added: 1.0.0
description:
  - Lists the types of cluster profiles that the service knows, with their versions.
  - With O(type) it also tells which properties a spec of this type takes.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  type:
    description: Only this type, with its version as in V(os.nova.server-1.0), and its schema.
    type: str
seealso:
  - module: groundwork.provision.cluster_profile
"""

EXAMPLES = r"""
- name: List the types of profiles
  groundwork.provision.cluster_profile_type_info:
    cloud: production

- name: Show which properties a profile of servers takes
  groundwork.provision.cluster_profile_type_info:
    cloud: production
    type: os.nova.server-1.0
"""

RETURN = r"""
profile_types:
  description: The types found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    type: {description: Type and version., type: str, sample: os.nova.server-1.0}
    name: {description: The type as a spec has it., type: str, sample: os.nova.server}
    version: {description: The version as a spec has it., type: str, sample: "1.0"}
    support_status:
      description: Since when it has which status; empty where the service is too old to tell (below microversion 1.5).
      type: list
      elements: dict
      sample: [{since: "2016.04", status: SUPPORTED}]
    schema:
      description: For each property its description, type and default, and whether it is required.
      type: dict
      returned: with O(type)
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
    code: {description: Stable word for the kind of failure., type: str, sample: endpoint_missing}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: openstack}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: list
    resource:
      description: What RV(error.operation) was tried on. Of several items the first that failed.
      type: str
      sample: os.nova.server-1.0
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: Check region_name and interface.}
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
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, profile_types

SPEC = OPENSTACK + Spec({"type": {"type": "str"}})


def run(run: Run) -> dict:
    """Read."""
    with api.connect(run) as client:
        found = profile_types.read(client, run.params["type"])
    return {"changed": False, "profile_types": found}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
