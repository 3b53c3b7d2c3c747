#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_pool_info
short_description: Read the server pool of Ops Manager
version_added: 1.0.0
description:
  - Tells whether the server pool is enabled, what can be asked for, and which servers a group (project) holds.
  - With O(scope=pool) it lists all servers of the pool, so that a shortage is seen before servers are asked for.
  - A filter that matches nothing gives an empty list. A pool that is not enabled gives RV(enabled=false) and empty lists.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.ops_manager
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.ops_manager
options:
  scope:
    description:
      - V(group) reads what one group sees, named by O(group_id) or O(group_name). Its servers are those bound to it.
      - V(pool) reads the whole pool, for which the key needs Global Read Only.
    type: str
    choices: [group, pool]
    default: group
  gather:
    description: What to read beside RV(enabled). Each is one list.
    type: list
    elements: str
    choices: [properties, servers]
    default: [properties, servers]
  hostnames:
    description: Only servers with these names.
    type: list
    elements: str
  properties:
    description: Only servers with these properties; a list of values means any of them.
    type: dict
  status:
    description: Only servers with one of these statuses.
    type: list
    elements: str
    choices: [AVAILABLE, RESERVED, BOUND, NEEDS_CLEAN, TRASH, DELETED]
seealso:
  - module: groundwork.provision.server_pool_request
  - module: groundwork.provision.server_pool_server
"""

EXAMPLES = r"""
- name: What can be asked for, and what the group has
  groundwork.provision.server_pool_info:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
  register: pool

- name: Which servers in Oslo the group holds
  groundwork.provision.server_pool_info:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    gather: [servers]
    properties:
      Datacenter: oslo
"""

RETURN = r"""
enabled:
  description: Whether the server pool is switched on.
  returned: success
  type: bool
  sample: true
properties:
  description: The properties by which servers can be asked for.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name of the property., type: str, sample: Datacenter}
    description: {description: What the administrator wrote about it., type: str, sample: Site}
    multi_select: {description: Whether several values may be given for one request., type: bool, sample: true}
    available: {description: Whether it may be asked for., type: bool, sample: true}
    values:
      description: Its values, each with whether it may be asked for.
      type: list
      elements: dict
      sample: [{value: oslo, available: true}]
servers:
  description: The servers, by hostname.
  returned: success
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
outcome:
  description: Always V(none), this module changes nothing.
  returned: success
  type: str
  sample: none
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 0.2
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: connect_refused}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: ops_manager}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Check that the server runs, and endpoint, and run again."}
    error_code: {description: The C(errorCode) of Ops Manager., returned: when the server told one, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPS_MANAGER, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool

SPEC = Spec(OPS_MANAGER.options, OPS_MANAGER.mutually_exclusive) + Spec(
    {
        "scope": {"type": "str", "choices": ["group", "pool"], "default": "group"},
        "gather": {"type": "list", "elements": "str", "choices": ["properties", "servers"], "default": ["properties", "servers"]},
        "hostnames": {"type": "list", "elements": "str"},
        "properties": {"type": "dict"},
        "status": {"type": "list", "elements": "str", "choices": list(server_pool.SERVER_STATUSES)},
    },
    required_if=(("scope", "group", ("group_id", "group_name"), True),),
)


def run(run: Run) -> dict:
    """The state of the pool, and the lists that are asked for."""
    params = run.params
    wanted = server_pool.desired(params["properties"]) if params["properties"] else None
    names = {name.casefold() for name in params["hostnames"]} if params["hostnames"] is not None else None
    result: dict = {"changed": False, "outcome": NONE, "properties": [], "servers": []}
    with api.connect(run) as client:
        group = api.group_id(client, params) if params["scope"] == "group" else None
        result["enabled"] = server_pool.enabled(client, group)
        if not result["enabled"]:
            return result
        if "properties" in params["gather"]:
            result["properties"] = [one.public() for one in server_pool.read_properties(client, group)]
        if "servers" in params["gather"]:
            status = params["status"] or []
            result["servers"] = [
                server.public()
                for server in server_pool.read_servers(client, group, status[0] if len(status) == 1 else "")
                if (names is None or server.hostname.casefold() in names)
                and (not status or server.status in status)
                and (wanted is None or wanted.covers(server.properties))
            ]
    return result


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
