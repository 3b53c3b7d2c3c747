#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_action
short_description: Wait for actions of OpenStack Clustering (Senlin), or cancel them
version_added: 1.0.0
description:
  - Waits for the end of actions that other tasks, policies, receivers or people have started, or cancels them.
  - An action that failed fails the task, with the nodes that failed and their reasons.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.openstack
options:
  id:
    description: Id of one action, whole. Use O(actions) for many.
    type: str
  actions:
    description: Ids of many actions, with one token and one poll for all.
    type: list
    elements: str
  state:
    description:
      - V(finished) waits, and changes nothing. With O(wait=false) it only tells how the actions stand.
      - V(cancelled) ensures that the actions run no longer. One that has ended by itself is left as it is. Needs microversion 1.12. What
        is under way on a node goes on to its end, and the cluster may be left in V(WARNING).
    type: str
    choices: [finished, cancelled]
    default: finished
  force:
    description: With O(state=cancelled), cancel at once without waiting for the nodes. The cluster is left in the status that it shows.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_action_info
"""

EXAMPLES = r"""
- name: Start a cluster and go on
  groundwork.provision.cluster:
    cloud: production
    name: batch
    profile: web-server-of-old
    desired_capacity: 2
    wait: false
  register: batch

- name: Wait for it
  groundwork.provision.cluster_action:
    cloud: production
    id: "{{ batch.actions[0] }}"

- name: Ensure that it runs no longer
  groundwork.provision.cluster_action:
    cloud: production
    id: "{{ batch.actions[0] }}"
    state: cancelled
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
actions:
  description: A result for each action, in the order given.
  returned: always, once the actions were read
  type: list
  elements: dict
  contains:
    id: {description: Id of the action., type: str}
    action: {description: What it does., type: str, sample: CLUSTER_RESIZE}
    name: {description: Its name., type: str, sample: cluster_resize_7fa885cd}
    status: {description: Its status., type: str, sample: SUCCEEDED}
    status_reason: {description: What the service says of the status., type: str}
    target: {description: Id of the cluster or node., type: str}
    cluster_id: {description: Id of the cluster (microversion 1.14)., type: str}
    cause: {description: Whether somebody asked for it or it came of another action., type: str, sample: RPC Request}
    inputs: {description: Its parameters., type: dict}
    created_at: {description: When it was asked for (UTC)., type: str}
    start_time: {description: When it began (seconds since 1970)., type: float}
    end_time: {description: When it ended (seconds since 1970)., type: float}
    timeout: {description: Seconds after which the service gives it up., type: int}
    project: {description: Id of its project., type: str}
    user: {description: Id of the user who asked for it., type: str}
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
    system: {description: The kind of server., type: str, sample: openstack}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
    request_id:
      description: Id under which the log of the service has the request.
      returned: when the clustering service answered
      type: str
    server_type: {description: The kind of error as the service names it., returned: when the clustering service answered, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, OPENSTACK, WAIT, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.action_operations import set_actions

SPEC = (
    OPENSTACK
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "id": {"type": "str"},
            "actions": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["finished", "cancelled"], "default": "finished"},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=(("id", "actions"),),
        required_one_of=(("id", "actions"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/action_operations.py."""
    params = run.params
    ids = [specs.check_id(one, "action") for one in (params["actions"] if params["actions"] is not None else [params["id"]])]
    if not ids:
        raise bad_input("config_empty", "actions is an empty list.", "Name at least one action and run again.")
    if len(set(ids)) != len(ids):
        raise bad_input("duplicate_item", "an action is given more than once.", "Give each action once and run again.")
    with api.connect(run, minor=api.NEWEST) as client:
        return set_actions(run, client, ids)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
