#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xclarity_request
short_description: Send one request of your own to XClarity Administrator
version_added: 1.0.0
description:
  - Sends a request for which the collection has no module, with the login, the turns for sessions, the verification of certificates,
    the masking of secrets and the errors of the other modules.
  - A request that changes nothing is sent in check mode too, and again after passing faults. One that changes something is a plan of one
    request. Check mode shows it, and a real run sends it once, whatever comes of its answer.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  path:
    description:
      - Path of the call, as it goes on the wire, percent-encoded and without its query.
      - The calls of C(/sessions) are refused, since their answers are secrets.
    type: str
    required: true
  method:
    description: Method of the call.
    type: str
    choices: [GET, POST, PUT, DELETE, PATCH]
    default: GET
  query:
    description: Names and values of the query.
    type: dict
    default: {}
  body:
    description:
      - The body, a mapping or a list, sent as JSON.
      - Everything below a key whose name sounds like a secret (C(password), C(apiKey), C(snmpCommunity), C(Authorization) and their
        likes) is masked in all output, texts, numbers, lists and mappings. A secret under another name is shown, so set C(no_log) to
        V(true) for such a task.
    type: raw
  changes:
    description:
      - Whether the request starts or changes something. That decides what check mode does, and that it is never sent again.
      - If not set, a GET changes nothing and all others do.
      - Some calls of XClarity Administrator start work by a GET. Those that are documented to do so are refused without V(true).
    type: bool
  range:
    description:
      - The header C(Range), V(item=0-99). C(/events) is the only list that has pages, and is read so.
      - Only for a request that changes nothing.
    type: str
attributes:
  idempotent:
    support: none
    details: [A request that changes something is sent at every run.]
  diff_mode:
    support: partial
    details: [The module knows the request only and not what it changes.]
notes:
  - With O(wait) the job is waited for that the answer names, if it names one. An answer that was lost stays unknown, because the module
    does not know what to look for.
seealso:
  - module: groundwork.provision.job
"""

EXAMPLES = r"""
- name: Read the settings of the user accounts
  groundwork.provision.xclarity_request:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    path: /userAccountSettings
  register: settings

- name: Restart the management controller of a server, and wait for the job
  groundwork.provision.xclarity_request:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    method: PUT
    path: /nodes/A1B2C3D4E5F60718293A4B5C6D7E8F90/bmc
    body:
      powerState: restart
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
response:
  description:
    - The parsed answer; null when it is empty, or in check mode. Everything below a key that sounds like a secret is masked.
  returned: success
  type: raw
  sample: {"result": "success"}
content_range:
  description: The header C(Content-Range) of the answer; for C(/events) the last number is the newest event.
  returned: when O(range) is set
  type: str
  sample: 0-99/892595
job:
  description: Id of the job that the answer names.
  returned: when the request changes something
  type: str
  sample: "20114"
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: when the request changes something
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

import json

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked
from ansible_collections.groundwork.provision.plugins.module_utils._transport import MAX_LIST
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, raw_requests
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.raw_request_operations import send_request

SPEC = (
    XCLARITY
    + WAIT
    + ONCE
    + Spec(
        {
            "path": {"type": "str", "required": True},
            "method": {"type": "str", "choices": list(raw_requests.METHODS), "default": "GET"},
            "query": {"type": "dict", "default": {}},
            "body": {"type": "raw"},
            "changes": {"type": "bool"},
            "range": {"type": "str"},
        }
    )
)


def body_of(value: object) -> object:
    """The body as data. ansible-core 2.18 hands over a template's result as text."""
    if value is None or isinstance(value, (dict, list)):
        return value
    try:
        parsed = json.loads(value) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    if not isinstance(parsed, (dict, list)):
        raise bad_input("config_body", "body is neither a mapping nor a list.", "Correct body and run again.")
    return parsed


def run(run: Run) -> dict:
    """Read, or plan one request; see xclarity/raw_request_operations.py."""
    params = run.params
    method, path = params["method"], params["path"]
    changes = method != "GET" if params["changes"] is None else params["changes"]
    query = raw_requests.check(method, path, params["query"], changes)
    body = body_of(params["body"])
    if params["range"] and changes:
        raise bad_input("config_options", "range is set for a request that changes something.", "Remove range and run again.")
    if method == "GET" and body is not None:
        raise bad_input("config_body", "body is set, and a GET has none.", "Remove body, or correct method, and run again.")
    with api.connect(run) as client:
        if changes:
            return send_request(run, client, raw_requests.plan(method, path, query, body))
        headers = {"Range": params["range"]} if params["range"] else None
        reply = client.read_reply(path, query=query, what=f"{method} {path}", method=method, body=body, headers=headers, max_body=MAX_LIST)
    data = reply.json() if reply.body.strip() else None
    result = {"changed": False, "outcome": NONE, "plan": [], "diff": {"before": {}, "after": {}}, "response": masked(data)}
    return result | ({"content_range": reply.headers.get("Content-Range", "")} if headers else {})


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
