#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xclarity_info
short_description: Tell identity, release and licences of XClarity Administrator
version_added: 1.0.0
description:
  - Returns what an XClarity Administrator says of itself, and its licences where it tells them.
  - The licences decide whether server patterns, server profiles and the deployment of operating systems may be used.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
notes:
  - The call for the licences was read in the source of Lenovo's client. Its answer was never seen on an appliance.
seealso:
  - module: groundwork.provision.node_info
"""

EXAMPLES = r"""
- name: Ask for the release and the licences
  groundwork.provision.xclarity_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
  register: manager

- name: Stop early on an appliance without the licences that profiles need
  ansible.builtin.assert:
    that: manager.licences is none or manager.licences.compliant is not false
"""

RETURN = r"""
appliance:
  description: What the appliance says of itself. A text is empty where it is not told.
  returned: success
  type: dict
  contains:
    uuid: {description: UUID., type: str, sample: 3B1F0C9E8D7A46F5A1B2C3D4E5F60718}
    name: {description: Name., type: str, sample: xclarity}
    version: {description: Release., type: str, sample: 4.1.0}
    build: {description: Build., type: str, sample: "103"}
    hostname: {description: Host name., type: str, sample: xclarity.example.test}
licences:
  description:
    - The licences. Null where the appliance has no such call or the user may not read it. A key is null where it is not told.
  returned: success
  type: dict
  contains:
    active: {description: Number of active entitlements., type: int, sample: 10}
    managed_devices: {description: Number of managed devices that need one., type: int, sample: 6}
    compliant: {description: Whether the licences cover the devices., type: bool, sample: true}
    remaining_days: {description: Days until the first one ends., type: int, sample: 250}
    expiring_soon: {description: Whether one ends soon., type: bool, sample: false}
    functions_enabled: {description: Whether the functions that need a licence may be used., type: bool, sample: true}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, appliances

SPEC = XCLARITY


def run(run: Run) -> dict:
    """Read."""
    with api.connect(run) as client:
        return {"changed": False, **appliances.read(client)}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
