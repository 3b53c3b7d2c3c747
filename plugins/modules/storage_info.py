#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storage_info
short_description: List storage devices that XClarity Administrator manages
version_added: 1.0.0
description:
  - Returns storage devices with their identity, place, health and addresses.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  storage:
    description: UUIDs or names. What is not there is left out. All, if not set.
    type: list
    elements: str
  raw:
    description: Whether each also has the server's own entry, under C(raw).
    type: bool
    default: false
notes:
  - The keys are those of recorded replies of the years 2017 and 2018.
seealso:
  - module: groundwork.provision.node_info
"""

EXAMPLES = r"""
- name: List all storage devices
  groundwork.provision.storage_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
"""

RETURN = r"""
storage:
  description: The storage devices, in the server's order. Every key is always there, and empty where nothing is told.
  returned: success
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: 1B54B9AEFCE04D5E820C0B6310D03590}
    name: {description: Name., type: str, sample: array-1}
    type: {description: Kind of device., type: str, sample: Lenovo Storage}
    machine_type: {description: Machine type., type: str, sample: "7893"}
    model: {description: Model., type: str, sample: 92X}
    product: {description: Product name., type: str, sample: ""}
    serial_number: {description: Serial number., type: str, sample: 06DGCV2}
    hostname: {description: Host name of its management controller., type: str, sample: ""}
    access: {description: Whether it is reached., type: str, sample: Online}
    health: {description: Health., type: str, sample: Normal}
    status: {description: Whether it is managed., type: str, sample: managed}
    address: {description: The address to reach it at., type: str, sample: 192.0.2.5}
    addresses: {description: "All addresses, without link-local ones.", type: list, elements: str, sample: [192.0.2.5]}
    location: {description: Place., type: str, sample: DC1}
    room: {description: Room., type: str, sample: A}
    rack: {description: Rack., type: str, sample: R12}
    rack_unit: {description: Lowest unit in the rack., type: int, sample: 14}
    power: {description: "V(on), V(off), V(standby) or V(unknown).", type: str, sample: "on"}
    flex_node: {description: "Whether it is a storage node of a chassis, which is in the list of servers too.", type: bool, sample: false}
    raw: {description: The server's own entry., type: dict, returned: when O(raw=true)}
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, devices

SPEC = XCLARITY + Spec({"storage": {"type": "list", "elements": "str"}, "raw": {"type": "bool", "default": False}})


def run(run: Run) -> dict:
    """Read and filter."""
    with api.connect(run) as client:
        found = devices.read(client, devices.STORAGE, run.params["storage"], raw=run.params["raw"])
    return {"changed": False, "storage": found}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
