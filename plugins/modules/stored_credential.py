#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stored_credential
short_description: Keep the credentials that XClarity Administrator logs in to devices with
version_added: 1.0.0
description:
  - Makes, changes or removes one stored credential, or many in one task.
  - An entry is known by its description, or by its id. User names need not be unique.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  description:
    description:
      - What the entry is known by. With O(credential_id) it is the description that the entry shall have, which no other entry may have;
        with O(state=absent) it has to be the one that it has.
      - One of O(description), O(credential_id) and O(credentials) is required.
    type: str
  credential_id:
    description: Id of an entry that is there.
    type: str
  credential_username:
    description: User on the devices. Required to make an entry.
    type: str
  credential_password:
    description:
      - Password of O(credential_username). It cannot be read back; see O(update_password).
      - Required to make an entry and to change one, since the call takes user and password together.
    type: str
  update_password:
    description:
      - What to do with O(credential_password) when the entry is there already.
      - V(on_create) sends it when the entry is made, and along with any other change.
      - V(always) sends it at every run, which is then changed.
    type: str
    choices: [on_create, always]
    default: on_create
  credentials:
    description: Many entries in one task.
    type: list
    elements: dict
    suboptions:
      description:
        description: As O(description).
        type: str
      credential_id:
        description: As O(credential_id).
        type: str
      credential_username:
        description: As O(credential_username), which is the default for each.
        type: str
      credential_password:
        description: As O(credential_password), which is the default for each.
        type: str
      update_password:
        description: As O(update_password), which is the default for each.
        type: str
        choices: [on_create, always]
  state:
    description: Whether the entries shall be there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  idempotent:
    support: partial
    details: [With O(update_password=always) and a password every run is changed.]
notes:
  - XClarity Administrator does not check the password against a device. That is told by the first use of the entry.
  - It makes entries by itself when it manages a device, for example C(Credentials for web-01). This module does not touch them unless it
    is told their description or id.
seealso:
  - module: groundwork.provision.managed_node
"""

EXAMPLES = r"""
- name: Keep the credential for the management controllers of a rack
  groundwork.provision.stored_credential:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    description: controllers of rack R12
    credential_username: USERID
    credential_password: "{{ bmc_password }}"
  register: controllers

- name: Remove it
  groundwork.provision.stored_credential:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    description: controllers of rack R12
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
      path: /storedCredentials
      query: {}
      body: {userName: USERID, password: VALUE_SPECIFIED_IN_NO_LOG_PARAMETER, description: controllers of rack R12}
      resource: controllers of rack R12
      why: it is not there
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
credentials:
  description: A result for each entry, in the order given.
  returned: always, once the list was read
  type: list
  elements: dict
  contains:
    id: {description: Id; empty when it is not there., type: str, sample: "3402"}
    username: {description: User on the devices., type: str, sample: USERID}
    description: {description: Description., type: str, sample: controllers of rack R12}
    present: {description: Whether it is there., type: bool, sample: true}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
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
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, XCLARITY, Options, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.stored_credential_operations import set_credentials
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.stored_credentials import Desired

ROW: Options = {
    "description": {"type": "str"},
    "credential_id": {"type": "str"},
    "credential_username": {"type": "str"},
    "credential_password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "no_log": False},
}
SPEC = (
    XCLARITY
    + BULK
    + ONCE
    + Spec(
        {
            **ROW,
            "update_password": {**ROW["update_password"], "default": "on_create"},
            "credentials": {"type": "list", "elements": "dict", "options": ROW, "no_log": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        mutually_exclusive=(("description", "credentials"), ("credential_id", "credentials")),
        required_one_of=(("description", "credential_id", "credentials"),),
    )
)


def desired(run: Run) -> list[Desired]:
    """The entries of either form."""
    found = []
    for row in run.rows("credentials", tuple(ROW)):
        ident, description = row["credential_id"] or "", row["description"] or ""
        if not (ident or description.strip()) or not (ident + description).isprintable():
            raise bad_input(
                "config_id", "description and credential_id are empty or hold control characters.", "Correct them and run again."
            )
        run.redactor.add(row["credential_password"])
        always = row["update_password"] == "always"
        found.append(Desired(ident, description, row["credential_username"] or "", row["credential_password"] or "", always))
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see xclarity/stored_credential_operations.py."""
    asked = desired(run)
    with api.connect(run) as client:
        return set_credentials(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
