#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firmware_info
short_description: Tell the firmware of servers of XClarity Administrator and what their policies ask for
version_added: 1.0.0
description:
  - Returns the installed firmware of servers, the compliance policy that each has, how it compares with it, and what an update would bring.
  - Returns the compliance policies that there are.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  node:
    description: UUIDs or names of servers. What is not there is left out. All, if not set.
    type: list
    elements: str
notes:
  - How soon the comparison follows an update is not documented.
seealso:
  - module: groundwork.provision.firmware_policy
  - module: groundwork.provision.firmware_update
"""

EXAMPLES = r"""
- name: Look at the firmware of two servers
  groundwork.provision.firmware_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: [web-01, web-02]
  register: firmware

- name: Name those that do not comply
  ansible.builtin.debug:
    msg: "{{ firmware.nodes | selectattr('compliant', 'eq', false) | map(attribute='name') }}"
"""

RETURN = r"""
nodes:
  description: The servers, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    machine_type: {description: Machine type., type: str, sample: 7X06}
    installed:
      description: What the server tells of its firmware, with C(type), C(name), C(version), C(build), C(role) and C(status).
      type: list
      elements: dict
    policy: {description: Name of its compliance policy; empty when it has none., type: str, sample: production}
    compliant: {description: Whether it complies; null where it is not told., type: bool, sample: false}
    supported: {description: Whether the appliance compares this server., type: bool, sample: true}
    components:
      description: What the policy asks of each component.
      type: list
      elements: dict
      contains:
        name: {description: Name., type: str, sample: UEFI (Primary)}
        category: {description: Kind., type: str, sample: UEFI}
        compliant: {description: Whether it complies; null where it is left alone or not told., type: bool, sample: false}
        do_not_update: {description: Whether the policy leaves it alone., type: bool, sample: false}
        package: {description: Whether the repository holds what is needed., type: bool, sample: true}
        fix_id: {description: Id of the package., type: str, sample: lnvgy_fw_uefi_2.00}
        build: {description: Build., type: str, sample: IVE101A}
        versions: {description: Versions., type: list, elements: str, sample: ["2.00"]}
    to_update: {description: Components that an update would bring to the policy., type: list, elements: str, sample: [UEFI (Primary)]}
    without_package: {description: Components that do not comply and whose package is missing., type: list, elements: str, sample: []}
policies:
  description: The compliance policies, with C(name) and C(description).
  returned: success
  type: list
  elements: dict
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
    system: {description: The kind of server., type: str, sample: xclarity}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, firmware_list

SPEC = XCLARITY + Spec({"node": {"type": "list", "elements": "str"}})


def run(run: Run) -> dict:
    """Read and filter."""
    with api.connect(run) as client:
        return {"changed": False, **firmware_list.read(client, run.params["node"])}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
