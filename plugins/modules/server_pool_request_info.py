#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: server_pool_request_info
short_description: Read server pool requests of Ops Manager
version_added: 1.0.0
description:
  - Lists the provisioning requests of a group (project), or of the whole pool, those that have ended too.
  - A filter that matches nothing gives an empty list.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.ops_manager
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.ops_manager
options:
  scope:
    description:
      - V(group) reads the requests of one group, named by O(group_id) or O(group_name).
      - V(pool) reads those of all groups, for which the key needs Global Read Only.
    type: str
    choices: [group, pool]
    default: group
  request_id:
    description: Only the request with this id.
    type: str
  status:
    description: Only requests with one of these statuses.
    type: list
    elements: str
    choices: [EXECUTING, CANCELLING, CANCELLED, FAILED, COMPLETED]
  properties:
    description: Only requests that ask for at least one server with these properties.
    type: dict
seealso:
  - module: groundwork.provision.server_pool_request
  - module: groundwork.provision.server_pool_info
"""

EXAMPLES = r"""
- name: What is still executing
  groundwork.provision.server_pool_request_info:
    endpoint: https://opsmanager.example.com:8443
    public_key: automation
    private_key: "{{ ops_manager_private_key }}"
    group_name: payments
    status: [EXECUTING]
  register: pending
"""

RETURN = r"""
requests:
  description: The requests, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the request., type: str, sample: 57e939ad87d9d63a1d2e4179}
    status: {description: "V(EXECUTING), V(CANCELLING), V(CANCELLED), V(FAILED) or V(COMPLETED).", type: str, sample: EXECUTING}
    ended:
      description: V(completed), V(failed), V(cancelled), none while it goes on. A request that lapsed is V(expired), which the server
        itself calls cancelled.
      type: str
      sample: completed
    group_id: {description: Id of the group., type: str, sample: 56a688e0e4b06aa2a9c3aa1b}
    num_servers: {description: How many servers it asks for., type: int, sample: 3}
    properties: {description: "What it asks for, one entry a server.", type: list, elements: dict, sample: [{ram: "16", region: west}]}
    created: {description: When it was made., type: str, sample: "2016-11-06T15:07:25Z"}
    expires: {description: When it lapses if the servers cannot be had., type: str, sample: "2016-11-06T17:07:25Z"}
    complete_date: {description: When it was fulfilled., type: str, sample: "2016-11-06T15:09:00Z"}
    cancel_date: {description: When it was cancelled., type: str, sample: "2016-11-06T15:30:00Z"}
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
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, pool_requests, server_pool

SPEC = Spec(OPS_MANAGER.options, OPS_MANAGER.mutually_exclusive) + Spec(
    {
        "scope": {"type": "str", "choices": ["group", "pool"], "default": "group"},
        "request_id": {"type": "str"},
        "status": {"type": "list", "elements": "str", "choices": list(pool_requests.STATUSES)},
        "properties": {"type": "dict"},
    },
    required_if=(("scope", "group", ("group_id", "group_name"), True),),
)


def run(run: Run) -> dict:
    """One list, or one request by its id."""
    params = run.params
    wanted = server_pool.desired(params["properties"]) if params["properties"] else None
    if params["request_id"] is not None:
        pool_requests.check_id(params["request_id"])
    with api.connect(run) as client:
        group = api.group_id(client, params) if params["scope"] == "group" else None
        if params["request_id"] is not None:
            one = pool_requests.read_request(client, group, params["request_id"])
            if one is None:
                server_pool.require_enabled(client, group)
            found = [one] if one is not None else []
        else:
            status = params["status"] or []
            found = pool_requests.read_requests(client, group, status[0] if len(status) == 1 else "")
    if params["status"]:
        found = [request for request in found if request.status in params["status"]]
    if wanted is not None:
        found = [request for request in found if any(wanted.covers(document) for document in request.documents)]
    return {"changed": False, "outcome": NONE, "requests": [request.public() for request in found]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
