#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: profile_info
short_description: List server profiles of XClarity Administrator
version_added: 1.0.0
description:
  - Returns server profiles with their state and where they are deployed.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  profile:
    description:
      - Ids or names of profiles. What is not there is left out. All, if not set.
    type: list
    elements: str
  status:
    description:
      - Only profiles in one of these states. V(unknown) is a word of the server that the collection does not know.
    type: list
    elements: str
    choices: [inactive, pending, active, activating, failed, unknown]
  activation:
    description:
      - Whether to ask for the activation status as well (XClarity Administrator 2.1 and later). It costs a request for each 150 profiles.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.profile_activation
"""

EXAMPLES = r"""
- name: List the profiles that no server has
  groundwork.provision.profile_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    status: inactive
  register: free

- name: Look up one profile
  groundwork.provision.profile_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: web-01
    activation: true
"""

RETURN = r"""
profiles:
  description: Profiles, in the server's order. Every key is always there, and empty where nothing is told.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the profile., type: str, sample: "71"}
    name: {description: Name of the profile., type: str, sample: web-01}
    status: {description: "One of V(inactive), V(pending), V(active), V(activating), V(failed), V(unknown).", type: str, sample: active}
    profile_status: {description: The status as the server reports it., type: str, sample: ACTIVE}
    uuid: {description: UUID of its server., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    location: {description: UUID or location id that it is deployed to., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    server: {description: Name of its server., type: str, sample: web-01}
    compliance: {description: "Whether the server complies, V(valid), V(invalid) or V(none).", type: str, sample: valid}
    template: {description: Name of the server pattern that it was made from., type: str, sample: web}
    template_id: {description: Id of that pattern., type: str, sample: "60"}
    chassis: {description: Name of the chassis., type: str, sample: ""}
    bay: {description: Bay in the chassis; a wide server has two., type: str, sample: "11 , 12"}
    sub_bay: {description: Part of the bay., type: str, sample: ""}
    rack: {description: Rack., type: str, sample: ""}
    unit: {description: Unit in the rack., type: int, sample: 0}
    type: {description: Kind of profile., type: str, sample: root}
    management_pattern: {description: Whether a pattern for the BMC is part of it., type: bool, sample: true}
    addresses: {description: Whether addresses are part of it., type: bool, sample: false}
    activation:
      description: The activation status in the words of RV(profiles[].status), empty where it is not told.
      type: str
      returned: when O(activation=true)
      sample: active
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 0.1
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: connect_refused}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Check that the server runs, and endpoint, and run again."}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, profile_list

SPEC = XCLARITY + Spec(
    {
        "profile": {"type": "list", "elements": "str"},
        "status": {
            "type": "list",
            "elements": "str",
            "choices": ["inactive", "pending", "active", "activating", "failed", "unknown"],
        },
        "activation": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    with api.connect(run) as client:
        found = profile_list.read(client, wanted=params["profile"], statuses=params["status"], activation=params["activation"])
    return {"changed": False, "profiles": found}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
