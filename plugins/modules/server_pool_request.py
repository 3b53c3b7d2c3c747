#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_pool_request
short_description: Get servers for a group from the server pool of Ops Manager
version_added: 1.0.0
description:
  - Ensures that a group (project) holds as many servers with the desired properties as are asked for.
  - Counted are the bound servers that match, and those that matching requests which are executing will bring. Only the
    shortfall is asked for, as one request with one document a server. A second run therefore asks for nothing.
  - It waits until the servers are bound and returns them.
  - A request is sent at most once. One whose answer was lost is looked for in the group's list, never repeated.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.ops_manager
  - groundwork.provision.wait
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.ops_manager
options:
  properties:
    description:
      - The properties of the desired servers, a value for each property that the pool offers.
      - A property whose C(multiSelect) is on may have a list of values; they are dealt out to the servers in turn.
      - The pool knows only text, so numbers are written out (V(16) becomes V("16")). Booleans, null and numbers with a fraction are
        refused; write them in quotes as the pool spells them.
      - Names and values are checked against what the pool offers before anything is sent.
    type: dict
  count:
    description:
      - How many servers with O(properties) the group shall hold.
      - Not used with O(state=absent).
    type: int
    default: 1
  servers:
    description:
      - Several kinds of servers in one request.
    type: list
    elements: dict
    suboptions:
      properties:
        description: As O(properties).
        type: dict
        required: true
      count:
        description: As O(count).
        type: int
        default: 1
  request_id:
    description:
      - One request by its id. With O(state=present) it is waited for, with O(state=absent) it is cancelled.
      - With O(state=absent), one that the group does not have is left with a warning. What cannot be the id of a request (24 hexadecimal
        digits) fails with the code C(request_not_found). One that was cancelled, or has failed, is unchanged.
    type: str
  state:
    description:
      - With V(present) the group holds the servers.
      - With V(absent) no request for such servers is executing any more. Cancelled is each executing request of which every
        document has the given O(properties); properties that are left out do not matter. Servers that are bound stay
        bound, see M(groundwork.provision.server_pool_server).
    type: str
    choices: [present, absent]
    default: present
  satisfied_by:
    description:
      - With V(servers) bound servers are counted.
      - With V(requests) completed requests are counted in their place, for keys that may not list servers. Servers that were
        given back in the meantime are then not missed.
    type: str
    choices: [servers, requests]
    default: servers
  on_shortage:
    description:
      - What to do when the pool has fewer free servers with these properties than are missing. Only a key that may list the whole pool
        (Global Read Only) can see that; with any other key the servers are ordered as with V(wait), with a warning, in check mode too.
      - V(fail) orders nothing and fails at once.
      - V(partial) orders those that there are; RV(short) tells how many are left out.
      - V(wait) orders all of them, and waits until the pool has them or the request lapses.
    type: str
    choices: [fail, partial, wait]
    default: fail
notes:
  - More servers than are asked for are reported as RV(surplus) and in a warning, never given back.
  - Ops Manager has no field that ties a server to a request. RV(servers[].new) comes from a comparison of the group's servers before
    and after, and RV(certain) tells whether it leaves no doubt.
seealso:
  - module: groundwork.provision.server_pool_info
  - module: groundwork.provision.server_pool_request_info
  - module: groundwork.provision.server_pool_server
"""

EXAMPLES = r"""
- name: Three servers, over two sites in turn
  groundwork.provision.server_pool_request:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    properties:
      Datacenter: [oslo, bergen]
      Size: m
    count: 3
  register: acquired

- name: Put them into the inventory
  ansible.builtin.add_host:
    name: "{{ item.hostname }}"
    groups: [database]
  loop: "{{ acquired.servers }}"

- name: Two kinds of servers in one request, without waiting
  groundwork.provision.server_pool_request:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    servers:
      - properties: {Datacenter: oslo, Size: l}
        count: 2
      - properties: {Datacenter: bergen, Size: m}
        count: 2
    wait: false

- name: Cancel what is still executing for one site
  groundwork.provision.server_pool_request:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    properties:
      Datacenter: bergen
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
  sample: finished
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
      path: /api/public/v1.0/groups/5a9d0a0a1d41c81a2b3c4d01/serverPool/requests
      query: {}
      body:
        properties:
          - {Datacenter: oslo, Size: m}
      resource: 1 server for group 5a9d0a0a1d41c81a2b3c4d01
      why: 3 wanted, 2 held, 0 on the way
group_id:
  description: Id of the group.
  returned: with O(state=present)
  type: str
  sample: 5a9d0a0a1d41c81a2b3c4d01
request:
  description: The request that this run sent, none when nothing was missing. With O(state=absent) the one that was cancelled.
  returned: always
  type: dict
  contains: &request
    id: {description: Id of the request., type: str, sample: 57e939ad87d9d63a1d2e4179}
    status: {description: "V(EXECUTING), V(CANCELLING), V(CANCELLED), V(FAILED) or V(COMPLETED).", type: str, sample: COMPLETED}
    ended: {description: "V(completed), V(failed), V(cancelled), V(expired), none while it goes on.", type: str, sample: completed}
    group_id: {description: Id of the group., type: str, sample: 5a9d0a0a1d41c81a2b3c4d01}
    num_servers: {description: How many servers it asks for., type: int, sample: 1}
    properties: {description: "What it asks for, one entry a server.", type: list, elements: dict, sample: [{Datacenter: oslo, Size: m}]}
    created: {description: When it was made., type: str, sample: "2026-03-05T09:10:11Z"}
    expires: {description: When it lapses if the servers cannot be had., type: str, sample: "2026-03-05T11:10:11Z"}
    complete_date: {description: When it was fulfilled., type: str, sample: "2026-03-05T09:10:19Z"}
    cancel_date: {description: When it was cancelled., type: str, sample: "2026-03-05T09:30:00Z"}
    own: {description: Whether this run sent it., type: bool, sample: true, returned: with O(state=present)}
    changed: {description: "Whether this run changed it, or may have done so.", returned: with O(state=absent), type: bool, sample: true}
    outcome:
      description: What is known of the requests for it, in the words of RV(outcome).
      returned: with O(state=absent)
      type: str
      sample: finished
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
requests:
  description: The request of this run and those of others that it waited for. With O(state=absent) those that matched.
  returned: always
  type: list
  elements: dict
  contains: *request
servers:
  description: The servers that the group holds for this task, one for each that is asked for and is bound.
  returned: with O(state=present)
  type: list
  elements: dict
  contains:
    id: {description: Id of the server in the pool., type: str, sample: 5a4af6c51d41c81a2b3c0011}
    hostname: {description: Its name., type: str, sample: node17.oslo.example}
    properties: {description: All of its properties., type: dict, sample: {Datacenter: oslo, Rack: r4, Size: m}}
    status: {description: Its status., type: str, sample: BOUND}
    group_id: {description: The group that it is bound to., type: str, sample: 5a9d0a0a1d41c81a2b3c4d01}
    created: {description: When it came into the pool., type: str, sample: "2026-01-02T03:04:05Z"}
    recycled: {description: "When it was last given back, none for never.", type: str}
    new: {description: Whether it came with the requests that were waited for., type: bool, sample: true}
certain:
  description:
    - Whether RV(servers[].new) is beyond doubt. It is when as many new servers are there as were asked for, each matches, and no other
      request of the group was fulfilled at the same time.
  returned: with O(state=present)
  type: bool
  sample: true
surplus:
  description: Names of servers that match too, beyond those that are asked for. With O(satisfied_by=requests) always empty.
  returned: with O(state=present)
  type: list
  elements: str
  sample: []
short:
  description: How many servers are missing and were not ordered because the pool has none. Only with O(on_shortage=partial) above 0.
  returned: with O(state=present)
  type: int
  sample: 0
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 42.7
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: value_unknown}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: ops_manager}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
    error_code: {description: The C(errorCode) of Ops Manager., returned: when the server told one, type: str}
    request_ids:
      description: The new requests that ask for the same servers.
      returned: when RV(error.code) is V(ambiguous_match)
      type: list
      elements: str
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import ONCE, OPS_MANAGER, WAIT, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import (
    api,
    pool_request_operations,
    pool_requests,
    server_pool,
)

SPEC = (
    OPS_MANAGER
    + WAIT
    + ONCE
    + Spec(
        {
            "properties": {"type": "dict"},
            "count": {"type": "int", "default": 1},
            "servers": {
                "type": "list",
                "elements": "dict",
                "options": {"properties": {"type": "dict", "required": True}, "count": {"type": "int", "default": 1}},
            },
            "request_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "satisfied_by": {"type": "str", "choices": ["servers", "requests"], "default": "servers"},
            "on_shortage": {"type": "str", "choices": ["fail", "partial", "wait"], "default": "fail"},
        },
        mutually_exclusive=(("properties", "servers", "request_id"),),
        required_one_of=(("properties", "servers", "request_id"),),
    )
)


def desired(params: dict) -> list[server_pool.Desired]:
    """What either form asks for; nothing with ``request_id``."""
    if params["request_id"] is not None:
        return []
    rows = params["servers"] if params["servers"] is not None else [{"properties": params["properties"], "count": params["count"]}]
    if not rows:
        raise bad_input("config_empty", "servers is an empty list.", "Name at least one kind of server and run again.")
    return [server_pool.desired(row["properties"], row["count"]) for row in rows]


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see ops_manager/pool_request_operations.py."""
    params = run.params
    asked = desired(params)
    if params["request_id"] is not None:
        pool_requests.check_id(params["request_id"])
    with api.connect(run) as client:
        group = api.group_id(client, params)
        if params["state"] == "absent":
            return pool_request_operations.cancel(run, client, group, asked, params["request_id"])
        if params["request_id"] is not None:
            return pool_request_operations.follow(run, client, group, params["request_id"])
        return pool_request_operations.order(run, client, group, asked, params["satisfied_by"], params["on_shortage"])


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
