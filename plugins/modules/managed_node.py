#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_node
short_description: Let XClarity Administrator take servers over, or give them up
version_added: 1.0.0
description:
  - Brings one server, or many in one task, under the management of XClarity Administrator, or out of it, and waits until that is so.
  - A server is taken over by the address of its management controller. One that is not known yet is discovered first. Two addresses of
    one server are refused as that server given twice.
  - One that is managed already is left alone, also where the list of managed servers tells another address of it. Then the UUID that was
    discovered at the address counts, and the task warns and names the server.
  - One that is being taken over with O(state=present), or given up with O(state=absent), is waited for. Each request is sent at most once.
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
  address:
    description:
      - IP address of the management controller. Required with O(state=present). Link-local addresses are refused, since every controller
        has the same.
      - Use O(nodes) for many.
    type: str
  node:
    description:
      - UUID or name of a managed server, in place of O(address) with O(state=absent).
      - One that no managed server has is warned of, since it may be misspelt.
    type: str
  uuid:
    description:
      - UUID that the server at O(address) has to have. Another server there is refused with C(uuid_differs), and nothing is sent for it.
      - Two sites can use one address for two servers. This tells them apart where the connection is to the wrong one.
    type: str
  state:
    description:
      - V(present) discovers and manages. V(absent) unmanages.
    type: str
    choices: [present, absent]
    default: present
  bmc_username:
    description:
      - User of the management controller. Either this with O(bmc_password), or O(stored_credential), is needed to take a server over.
    type: str
  bmc_password:
    description: Password of O(bmc_username).
    type: str
  recovery_password:
    description: Password that the recovery account of the management controller gets. When it is needed is not documented.
    type: str
  stored_credential:
    description: Id of a stored credential that is used in place of O(bmc_username) and O(bmc_password).
    type: str
  managed_authentication:
    description:
      - Whether XClarity Administrator takes over who may log in to the management controller. Its local accounts may not work then.
      - Nothing is assumed. It is required to take a server over, and V(true) is refused with O(stored_credential).
    type: bool
  force:
    description:
      - With O(state=present), take a server over that another manager has, or had when it was lost.
      - With O(state=absent), give a server up that is not reached.
    type: bool
    default: false
  nodes:
    description: Many servers in one task, with one login, one list, and one poll for the jobs that take them over.
    type: list
    elements: dict
    suboptions:
      address:
        description: As O(address).
        type: str
      node:
        description: As O(node).
        type: str
      uuid:
        description: As O(uuid).
        type: str
      bmc_username:
        description: As O(bmc_username), which is the default for each.
        type: str
      bmc_password:
        description: As O(bmc_password), which is the default for each.
        type: str
      recovery_password:
        description: As O(recovery_password), which is the default for each.
        type: str
      stored_credential:
        description: As O(stored_credential), which is the default for each.
        type: str
      managed_authentication:
        description: As O(managed_authentication), which is the default for each.
        type: bool
      force:
        description: As O(force), which is the default for each.
        type: bool
attributes:
  check_mode:
    support: partial
    details:
      - The request that manages a server is made of what its discovery finds. For a server that was not discovered before check mode shows
        the discovery only, and says so in RV(not_predictable).
notes:
  - With O(state=absent) a server that an open job of the appliance is about is left alone, and the task fails with C(busy) for it. So does
    one that is managed while it is being given up, with O(state=present), and one that is not managed while it is being taken over, with
    O(state=absent).
  - With O(state=absent) an address counts as the list of managed servers tells it. What was discovered at an address may be old, so nothing
    is given up by that. Where it names a managed server the task is refused with C(address_differs), before anything is sent. An address
    that neither tells is taken for one where nothing is managed.
  - Chassis and switches are not taken over by this module. A server in a Flex chassis is managed with its chassis and refused.
  - The body of the request is the one of Lenovo's own client. The word by which a job of managing ends well, and the answer for a server
    that is managed already were never seen. The list of servers is the judge.
  - That a server is being taken over or given up is found in the older list of jobs, C(/jobs), which tells the device of each. An appliance
    that does not have that list any more does not tell it.
  - A discovery that is under way is not joined, since neither the jobs nor the answer of a discovery tell which addresses it was asked
    for. A further run asks for another one where the server was not found by then. A discovery only looks; it changes nothing on a server.
  - The request that takes a server over and is lost, or belongs to a run that was killed, is asked about once, since a job that still
    runs does not show in the list.
seealso:
  - module: groundwork.provision.stored_credential
  - module: groundwork.provision.node_info
"""

EXAMPLES = r"""
- name: Take two servers over with a stored credential
  groundwork.provision.managed_node:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    stored_credential: "3401"
    managed_authentication: false
    nodes:
      - address: 192.0.2.121
      - address: 192.0.2.122

- name: Take one over with its own user
  groundwork.provision.managed_node:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    address: 192.0.2.123
    bmc_username: USERID
    bmc_password: "{{ bmc_password }}"
    managed_authentication: true

- name: Give a server up
  groundwork.provision.managed_node:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    address: 192.0.2.123
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
  sample:
    - method: POST
      path: /discoverRequest
      query: {}
      body: [{ipAddresses: [192.0.2.121]}]
      resource: 192.0.2.121
      why: it is not managed, and not known from a discovery
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
  returned: always, once the list was read
  type: list
  elements: dict
  contains:
    address: {description: Address as given., type: str, sample: 192.0.2.121}
    uuid: {description: UUID; empty while it is not known., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    name: {description: Display name., type: str, sample: web-01}
    managed: {description: Whether it was in the list of managed servers when that was read last., type: bool, sample: true}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    job: {description: Id of the job that was started., type: str, sample: "20114"}
    joined: {description: "Whether the work was already under way when this run began, and was only waited for.", type: bool, sample: false}
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
not_predictable:
  description: What a real run would send beside RV(plan), in words.
  returned: with O(state=present)
  type: list
  elements: str
  sample: []
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
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Refusals, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, VALIDATE_ONLY, WAIT, XCLARITY, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import addresses, api, managed_node_operations, nodes

ROW: Options = {
    "address": {"type": "str"},
    "node": {"type": "str"},
    "uuid": {"type": "str"},
    "bmc_username": {"type": "str"},
    "bmc_password": {"type": "str", "no_log": True},
    "recovery_password": {"type": "str", "no_log": True},
    "stored_credential": {"type": "str"},
    "managed_authentication": {"type": "bool"},
    "force": {"type": "bool"},
}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + VALIDATE_ONLY
    + Spec(
        {
            **ROW,
            "force": {"type": "bool", "default": False},
            "nodes": {"type": "list", "elements": "dict", "options": ROW},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        mutually_exclusive=(("address", "nodes"), ("node", "nodes"), ("uuid", "nodes"), ("address", "node"), ("uuid", "node")),
        required_one_of=(("address", "node", "nodes"),),
    )
)


def rows(run: Run) -> list[dict]:
    """The servers of either form. Refused is all that can be known without the server."""
    present = run.params["state"] == "present"
    found = run.rows("nodes", tuple(ROW))
    seen: set[str] = set()
    refused = Refusals()
    for row in found:
        run.redactor.add(row["bmc_password"], row["recovery_password"])
        with refused:
            if bool(row["address"]) == bool(row["node"]) or (present and not row["address"]):
                which = "address" if present else "either address or node"
                raise bad_input("config_missing", f"{which} must be set for each server.", "Set it and run again.")
            if row["node"] and row["uuid"]:
                raise bad_input("config_missing", "uuid is for a server at an address, and node is set.", "Leave one out and run again.")
            if row["uuid"] and not nodes.UUID.fullmatch(row["uuid"].replace("-", "")):
                raise bad_input("config_id", f"uuid {clean(row['uuid'], 60)} is no UUID.", "Correct it and run again.")
            if row["address"]:
                row["address"] = addresses.address_of(row["address"])
            key = row["address"] or row["node"].casefold()
            if key in seen:
                raise bad_input(
                    "duplicate_item", f"the server {key} is given more than once.", "Give each server once and run again.", resource=key
                )
            seen.add(key)
            if present:
                check_credentials(row)
    refused.tell()
    return found


def check_credentials(row: dict) -> None:
    """Which way a server is logged in to has to be said, and once."""
    own = bool(row["bmc_username"] and row["bmc_password"])
    if own == bool(row["stored_credential"]) or (row["stored_credential"] and (row["bmc_username"] or row["bmc_password"])):
        raise bad_input(
            "config_missing",
            f"for {row['address']} either stored_credential or both bmc_username and bmc_password must be set, and not"
            " all of them.",
            "Set the one or the other and run again. In check mode a stored credential that is still to be made has no id.",
            resource=row["address"],
        )
    if row["managed_authentication"] is None or (row["managed_authentication"] and row["stored_credential"]):
        raise bad_input(
            "config_missing",
            f"managed_authentication must be set for {row['address']}, to false where stored_credential is used.",
            "Set it and run again.",
            resource=row["address"],
        )


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/managed_node_operations.py."""
    asked = rows(run)
    if run.params["validate_only"]:
        return validated("nodes")
    with api.connect(run) as client:
        if run.params["state"] == "present":
            return managed_node_operations.manage(run, client, asked)
        return managed_node_operations.unmanage(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
