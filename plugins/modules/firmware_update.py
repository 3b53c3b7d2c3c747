#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firmware_update
short_description: Bring the firmware of servers of XClarity Administrator to their compliance policy
version_added: 1.0.0
description:
  - Updates what does not comply with the policy of a server, for one server or many in one task, and waits until it complies.
  - A server that complies gets no request. One whose firmware is being updated is waited for. What that update leaves of what is asked
    for is sent once, when it has ended; check mode does not show it. Components that it brings are not sent again.
  - One that complies and that an open job of the appliance is about, its restart perhaps, is waited for as well; the job of an
    activation of its profile is not.
  - Components that the policy leaves alone are left out of the request, and so are those that comply.
  - Every update is sent at most once.
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
  node:
    description:
      - UUID or name of one server. A name that several servers have is refused.
      - Use O(nodes) for many.
    type: str
  activation:
    description:
      - When the server restarts. Required, here or for each of O(nodes).
      - V(immediate) restarts it now, as a rule several times. The running system goes down without a further question.
      - V(delayed) restarts nothing. The update ends with the next manual restart.
      - V(prioritized) updates the management controller now, and the rest with the next manual restart.
    type: str
    choices: [immediate, delayed, prioritized]
  components:
    description:
      - Only these components, by their names as M(groundwork.provision.firmware_info) tells them. All that the policy asks for, if not set.
    type: list
    elements: str
  skip_missing:
    description:
      - Whether components whose package is not in the repository are left out. By default they are an error before anything is sent.
    type: bool
    default: false
  nodes:
    description: Many servers in one task, with one login, one comparison, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      node:
        description: As O(node).
        type: str
        required: true
      activation:
        description: As O(activation), which is the default for each.
        type: str
        choices: [immediate, delayed, prioritized]
      components:
        description: As O(components), which is the default for each.
        type: list
        elements: str
      skip_missing:
        description: As O(skip_missing), which is the default for each.
        type: bool
attributes:
  idempotent:
    support: partial
    details:
      - With O(activation=delayed) and O(activation=prioritized) the server does not comply until it is restarted, and the appliance does
        not tell that an update waits for that. What was sent is remembered in O(state_dir), so a run before the restart sends nothing,
        with RV(nodes[].joined) true and RV(nodes[].compliant) false. A run of another user or control node sends the update again.
      - An update that is in effect and that the comparison does not show yet is not sent again for an hour, see the notes.
notes:
  - A server that is to be updated and that an open job of the appliance is about is left alone, and the task fails with C(busy) for it.
  - The server is compared with its policy; see M(groundwork.provision.firmware_policy). There is no update to a chosen version without one.
  - With V(delayed) and V(prioritized) the components have to tell that they ended well. The words for a bad end are known, the one for a
    good end is not; C(Success), C(Complete) and their likes are taken for it.
  - How soon the comparison follows an update is not documented. Components that tell a good end are believed after
    O(reconcile_timeout), with a warning. Those of an update that was joined are believed only if it is remembered in O(state_dir), as it
    may have brought other versions or wait for a restart; otherwise the task fails with V(immediate).
  - An update is remembered, for its server on its appliance, until the comparison shows it. It waits for its restart until
    M(groundwork.provision.node_power) has powered the server on or restarted it on that appliance and was told the end of that. From then
    on, and with V(immediate) from the time on at which a run saw that it had ended well, the comparison has an hour to follow. In that hour
    a run sends nothing and warns, with RV(nodes[].joined) and RV(nodes[].compliant) false; after it the update is sent again, with a
    warning. An operating system may not heed a graceful restart, and the job of that does not tell it; RV(nodes[].awaited) tells what does
    not show.
  - A remembered update is sent again at once where the policy, its components or O(activation) have changed, where it ended badly or its
    end is not told any more, and together with components that were not asked for. Another user or control node knows nothing of it. A
    restart by hand is not known either; where it did not bring the update into effect, restart the server with
    M(groundwork.provision.node_power).
  - The request and its answers were never seen on an appliance by the authors. They are those of the documentation, of replies that others
    recorded, and of Lenovo's own client.
seealso:
  - module: groundwork.provision.firmware_policy
  - module: groundwork.provision.firmware_info
"""

EXAMPLES = r"""
- name: Bring two servers to their policy now
  groundwork.provision.firmware_update:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    activation: immediate
    nodes:
      - node: db-01
      - node: web-03

- name: Update the UEFI of one with its next restart
  groundwork.provision.firmware_update:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    node: app-01
    activation: delayed
    components: [UEFI (Primary)]
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
      path: /updatableComponents
      query: {action: apply, activationMode: immediate}
      body: {DeviceList: [{ServerList: [{UUID: A1B2C3D4E5F60718293A4B5C6D7E8F90, Components: [{Component: UEFI (Primary)}]}]}]}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: it does not comply with its policy production; the server restarts, perhaps several times
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
    name: {description: Display name., type: str, sample: db-01}
    policy: {description: Name of its compliance policy., type: str, sample: production}
    compliant: {description: Whether it complied when that was read last; null where it is not told., type: bool, sample: true}
    components: {description: The components that this run asked to be updated., type: list, elements: str, sample: [UEFI (Primary)]}
    awaited:
      description: The components that this or an earlier run of this control node asked to be updated, that have ended well, and that the
        comparison with the policy does not show. They wait for a restart, or the comparison is late.
      type: list
      elements: str
      sample: []
    without_package: {description: Components that do not comply and whose package is missing., type: list, elements: str, sample: []}
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, firmware_updates
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_update_operations import update_firmware
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware_updates import Desired

ROW: Options = {
    "activation": {"type": "str", "choices": list(firmware_updates.ACTIVATIONS)},
    "components": {"type": "list", "elements": "str"},
    "skip_missing": {"type": "bool"},
}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + VALIDATE_ONLY
    + Spec(
        {
            "node": {"type": "str"},
            **ROW,
            "skip_missing": {"type": "bool", "default": False},
            "nodes": {"type": "list", "elements": "dict", "options": {"node": {"type": "str", "required": True}, **ROW}},
        },
        mutually_exclusive=(("node", "nodes"),),
        required_one_of=(("node", "nodes"),),
    )
)


def desired(run: Run) -> list[Desired]:
    """The servers of either form."""
    found = []
    for row in run.rows("nodes", ("node", *ROW)):
        if not row["activation"]:
            raise bad_input("config_missing", f"activation is not set for the server {row['node']}.", "Set activation and run again.")
        if row["components"] is not None and not row["components"]:
            raise bad_input("config_empty", f"components is an empty list for the server {row['node']}.", "Name some, or leave it out.")
        found.append(Desired(row["node"], row["activation"], tuple(row["components"] or ()), row["skip_missing"]))
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/firmware_update_operations.py."""
    asked = desired(run)
    if run.params["validate_only"]:
        return validated("nodes")
    with api.connect(run) as client:
        return update_firmware(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
