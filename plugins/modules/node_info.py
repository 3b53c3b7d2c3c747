#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: List servers that XClarity Administrator manages
version_added: 1.0.0
description:
  - Returns servers with their identity, place, power, health and the addresses of their management controllers.
  - Names and addresses are those of the management controller (BMC), not of an operating system.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  node:
    description:
      - UUIDs or names of servers, or addresses of their management controllers. What is not there is left out. All, if not set.
      - When all are UUIDs only these are asked for.
    type: list
    elements: str
  addresses:
    description:
      - Only servers whose management controllers have one of these addresses, in any spelling; V(::ffff:192.0.2.21) is V(192.0.2.21).
        An address at which there is none is left out. A name is never taken for an address.
      - What is no IP address of one device, such as a link-local address, is refused.
    type: list
    elements: str
  status:
    description: Only managed, or only unmanaged servers.
    type: str
    choices: [managed, unmanaged]
  bmc_type:
    description: Only servers with this kind of management controller.
    type: str
    choices: [FSP, IMM2, lenovo-AMI-controller, XCC, XCC2]
  raw:
    description: Whether each server also has the server's own entry, under C(raw).
    type: bool
    default: false
seealso:
  - plugin: groundwork.provision.xclarity
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Look up one server by its name
  groundwork.provision.node_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: web-01

- name: Look up the server at an address
  groundwork.provision.node_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    addresses: [192.0.2.21]

- name: List all managed servers
  groundwork.provision.node_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    status: managed
  register: servers
"""

RETURN = r"""
nodes:
  description: Servers, in the server's order. Every key is always there, and empty where nothing is told.
  returned: success
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    hostname: {description: Host name of the BMC., type: str, sample: XCC-web-01}
    fqdn: {description: Full name of the BMC., type: str, sample: xcc-web-01.example.test}
    domain: {description: Domain of the BMC., type: str, sample: example.test}
    description: {description: What a user wrote., type: str, sample: ""}
    bmc_type: {description: Kind of BMC., type: str, sample: XCC}
    bmc_address: {description: The address to reach the BMC at., type: str, sample: 192.0.2.21}
    ipv4_addresses: {description: Addresses of the BMC without link-local ones., type: list, elements: str, sample: [192.0.2.21]}
    ipv6_addresses: {description: Addresses of the BMC without link-local ones., type: list, elements: str, sample: []}
    mac_addresses: {description: MAC addresses of the BMC., type: list, elements: str, sample: ["06:00:00:00:00:01"]}
    power: {description: "V(on), V(off), V(standby) or V(unknown).", type: str, sample: "on"}
    access: {description: Whether the BMC can be reached., type: str, sample: Online}
    health: {description: Health of the server., type: str, sample: Normal}
    bmc_health: {description: Health as the management sees it., type: str, sample: Normal}
    status: {description: Whether it is managed., type: str, sample: managed}
    type: {description: Kind of server., type: str, sample: Rack-Tower Server}
    machine_type: {description: Machine type., type: str, sample: 7X06}
    model: {description: Model., type: str, sample: CTO1WW}
    product: {description: Product name., type: str, sample: ThinkSystem SR650}
    serial_number: {description: Serial number., type: str, sample: J30000AA}
    manufacturer: {description: Manufacturer., type: str, sample: Lenovo}
    location: {description: Place., type: str, sample: DC1}
    room: {description: Room., type: str, sample: A}
    rack: {description: Rack., type: str, sample: R12}
    rack_unit: {description: Lowest unit in the rack., type: int, sample: 14}
    slots: {description: Bays in its chassis., type: list, elements: int, sample: [1]}
    chassis: {description: UUID of its chassis., type: str, sample: ""}
    raw: {description: The server's own entry., type: dict, returned: when O(raw=true)}
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import addresses, api, nodes

SPEC = XCLARITY + Spec(
    {
        "node": {"type": "list", "elements": "str"},
        "addresses": {"type": "list", "elements": "str"},
        "status": {"type": "str", "choices": list(nodes.STATUSES)},
        "bmc_type": {"type": "str", "choices": list(nodes.PROCESSORS)},
        "raw": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    wanted = None if params["addresses"] is None else {addresses.address_of(one) for one in params["addresses"]}
    with api.connect(run) as client:
        found = nodes.read(client, wanted=params["node"], status=params["status"], processor=params["bmc_type"], raw=params["raw"])
    return {"changed": False, "nodes": [node for node in found if wanted is None or wanted & _addresses(node)]}


def _addresses(node: dict) -> set[str]:
    """Its addresses in one spelling."""
    told = {"mgmtProcIPaddress": "bmc_address", "ipv4Addresses": "ipv4_addresses", "ipv6Addresses": "ipv6_addresses"}
    return addresses.addresses({field: node[key] for field, key in told.items()})


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
