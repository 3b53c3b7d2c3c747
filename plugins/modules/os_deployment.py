#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: os_deployment
short_description: Install operating systems on servers of XClarity Administrator
version_added: 1.0.0
description:
  - Installs an operating system on one server, or on many in one task, and waits until that has ended.
  - This is an action and not a state. Every run with O(confirm=true) overwrites the disk and restarts the server, also when the system is
    installed already. XClarity Administrator does not tell what is installed, so guard the task by a condition of your own.
  - Every deployment is sent at most once.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.validate_only
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  confirm:
    description: Has to be V(true). The disks of the servers are overwritten without a further question.
    type: bool
    default: false
  node:
    description:
      - UUID or name of one server. A name that several servers have is refused.
      - Use O(nodes) for many.
    type: str
  image:
    description: Id of the image profile, as M(groundwork.provision.osimage_info) tells it. Required, here or for each of O(nodes).
    type: str
  target_device:
    description: Where the system is installed. For a SAN target the host settings have to be made on the server before.
    type: str
    default: localdisk
  network:
    description:
      - The network settings of the new system.
      - With static addresses, which is a global setting of the appliance, O(network.ip_address), O(network.gateway), and
        O(network.subnet_mask) of an IPv4 network or O(network.prefix_length) of an IPv6 network are needed. An empty text is not set.
      - Before anything is sent, the task fails when something in it is no address or out of its range, when what belongs to a static
        address is set in part only, and when two servers of the task have one
        address or one adapter. What the addresses of servers of other tasks are is not known.
    type: dict
    suboptions:
      ip_address:
        description: Address.
        type: str
      gateway:
        description: Gateway.
        type: str
      subnet_mask:
        description: Mask of an IPv4 network.
        type: str
      prefix_length:
        description: Length of the prefix of an IPv6 network.
        type: int
      dns1:
        description: First name server.
        type: str
      dns2:
        description: Second name server.
        type: str
      hostname:
        description: Host name.
        type: str
      mtu:
        description: MTU.
        type: int
      vlan_id:
        description: VLAN. It takes effect only while the appliance is in VLAN mode.
        type: int
      mac:
        description: MAC address of the adapter, or V(AUTO), which is what is sent if it is not set.
        type: str
  license_key:
    description: Licence key of the system.
    type: str
  configuration_file:
    description: Id of the configuration file, which is required when the image profile has one.
    type: str
  unattended_file:
    description: Id of the unattended file.
    type: str
  nodes:
    description: Many servers in one task, with one login, one list, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      node:
        description: As O(node).
        type: str
        required: true
      image:
        description: As O(image), which is the default for each.
        type: str
      target_device:
        description: As O(target_device), which is the default for each.
        type: str
      network:
        description: As O(network), which is the default for each, as a whole. So an address in O(network) is good for one server only.
        type: dict
        suboptions:
          ip_address:
            description: Address.
            type: str
          gateway:
            description: Gateway.
            type: str
          subnet_mask:
            description: Mask of an IPv4 network.
            type: str
          prefix_length:
            description: Length of the prefix of an IPv6 network.
            type: int
          dns1:
            description: First name server.
            type: str
          dns2:
            description: Second name server.
            type: str
          hostname:
            description: Host name.
            type: str
          mtu:
            description: MTU.
            type: int
          vlan_id:
            description: VLAN. It takes effect only while the appliance is in VLAN mode.
            type: int
          mac:
            description: MAC address of the adapter, or V(AUTO), which is what is sent if it is not set.
            type: str
      license_key:
        description: As O(license_key), which is the default for each.
        type: str
      configuration_file:
        description: As O(configuration_file), which is the default for each.
        type: str
      unattended_file:
        description: As O(unattended_file), which is the default for each.
        type: str
attributes:
  idempotent:
    support: none
    details: [Every run installs anew.]
notes:
  - Where one of several servers failed, run again for that server only, with C(--limit) or with the others left out. A run with all of them
    installs all of them anew.
  - A server that an open job of the appliance is about is left alone, and the task fails with C(busy) for it.
  - A server on which a deployment runs, that is not ready, that XClarity Administrator does not reach (Offline), or that the image does not
    fit is refused before anything is sent.
  - The number of a completed deployment, or else the good end of the job, is taken for success. RV(nodes[].judged_by) tells which.
    Whether the number stays is not documented, and that the system starts is told by neither. Wait for the system itself afterwards.
  - The body of the request is one that was sent with success by others. The rest was never seen on an appliance by the authors.
  - The deployment of operating systems needs a licence.
seealso:
  - module: groundwork.provision.osimage_info
  - module: groundwork.provision.osimage_export
"""

EXAMPLES = r"""
- name: Install a system on a new server
  groundwork.provision.os_deployment:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    confirm: true
    node: web-01
    image: rhels9.4|rhels9.4-x86_64-install-web_gold
    network:
      ip_address: 192.0.2.221
      gateway: 192.0.2.1
      subnet_mask: 255.255.255.0
      hostname: web-01
    wait_timeout: 7200
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
  sample:
    - method: PUT
      path: /hostPlatforms
      query: {}
      body:
        - uuid: A1B2C3D4E5F60718293A4B5C6D7E8F90
          selectedImage: rhels9.4|rhels9.4-x86_64-install-web_gold
          networkSettings: {selectedMAC: AUTO}
          storageSettings: {targetDevice: localdisk}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: confirm is true; localdisk is overwritten and the server restarts
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
nodes:
  description: A result for each server, in the order given.
  returned: always, once the servers were found
  type: list
  elements: dict
  contains:
    uuid: {description: UUID., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    image: {description: Id of the image profile., type: str, sample: rhels9.4|rhels9.4-x86_64-install-web_gold}
    status: {description: How far the deployment was when that was read last., type: str, sample: completed}
    status_id: {description: The server's own number for it; null where it is not told., type: int, sample: 17}
    judged_by: {description: "What told the good end, V(status) or V(job); empty while there is none.", type: str, sample: status}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    job: {description: Id of the job that was started., type: str, sample: "20114"}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool, sample: false}
    history:
      description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
        C(return_history) is V(full).
      type: list
      elements: dict
    error:
      description: Why it failed, with keys of RV(error) and with C(message), the message about this item.
      returned: when it failed
      type: dict
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
from ansible_collections.groundwork.provision.plugins.module_utils._driver import validated
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, VALIDATE_ONLY, WAIT, XCLARITY, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, os_deployments
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_deployment_operations import deploy_systems
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.os_deployments import NETWORK, Desired, check_networks

NUMBERS = ("prefix_length", "mtu", "vlan_id")
ROW: Options = {
    "image": {"type": "str"},
    "target_device": {"type": "str"},
    "network": {"type": "dict", "options": {key: {"type": "int" if key in NUMBERS else "str"} for key in NETWORK}},
    "license_key": {"type": "str", "no_log": True},
    "configuration_file": {"type": "str"},
    "unattended_file": {"type": "str"},
}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + VALIDATE_ONLY
    + Spec(
        {
            "confirm": {"type": "bool", "default": False},
            "node": {"type": "str"},
            **ROW,
            "target_device": {"type": "str", "default": "localdisk"},
            "nodes": {"type": "list", "elements": "dict", "options": {"node": {"type": "str", "required": True}, **ROW}},
        },
        mutually_exclusive=(("node", "nodes"),),
        required_one_of=(("node", "nodes"),),
    )
)


def desired(run: Run) -> list[Desired]:
    """The servers of either form."""
    if not run.params["confirm"]:
        raise bad_input(
            "not_confirmed",
            "confirm is not true, and a deployment overwrites the disks of the servers.",
            "Set confirm to true and run again.",
        )
    found = []
    for row in run.rows("nodes", ("node", *ROW)):
        if not row["image"]:
            raise bad_input("config_missing", f"image is not set for the server {row['node']}.", "Set image and run again.")
        run.redactor.add(row["license_key"])
        texts = (row[key] or "" for key in ("license_key", "configuration_file", "unattended_file"))
        network = {key: value for key, value in (row["network"] or {}).items() if value not in (None, "")}
        found.append(Desired(row["node"], row["image"], row["target_device"], network, *texts))
    check_networks(found)
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, wait, judge; see xclarity/os_deployment_operations.py."""
    asked = desired(run)
    with api.connect(run) as client:
        if run.params["validate_only"]:
            os_deployments.refuse_unknown_images(client, asked)
            return validated("nodes")
        return deploy_systems(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
