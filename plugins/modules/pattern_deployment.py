#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pattern_deployment
short_description: Make server profiles of a pattern of XClarity Administrator
version_added: 1.0.0
description:
  - Deploys a server pattern to a server or bay, or to many in one task. XClarity Administrator makes a profile for each.
  - A target that has a profile of the pattern gets no request. One that is being activated is waited for. One that is not as O(restart)
    leads to, because its activation failed or waits for a restart, fails; M(groundwork.provision.profile_activation) takes it from there.
    The other targets of the task are deployed. A target that has another profile is refused.
  - Every deployment is sent at most once. One whose answer was lost is looked for, never repeated.
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
  pattern:
    description: Id or name of the pattern. Required, here or for each of O(targets).
    type: str
  node:
    description:
      - UUID or name of one server.
      - One of O(node), O(location) and O(targets) is required.
    type: str
  location:
    description: Location id of one Flex bay, V(<chassis uuid>_bay<n>), which may be empty.
    type: str
  restart:
    description:
      - When the server restarts. Required, here or for each of O(targets).
      - V(immediate) restarts the server now. V(defer) activates what does not need a restart; the rest follows with the next manual one.
      - V(pending) makes the profile and activates nothing.
    type: str
    choices: [immediate, defer, pending]
  targets:
    description: Many targets in one task, with one login, one plan, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      pattern:
        description: As O(pattern), which is the default for each.
        type: str
      node:
        description: As O(node).
        type: str
      location:
        description: As O(location).
        type: str
      restart:
        description: As O(restart), which is the default for each.
        type: str
        choices: [immediate, defer, pending]
notes:
  - A server that an open job of the appliance is about is left alone, and the task fails with C(busy) for it.
  - A server that XClarity Administrator does not reach (Offline) is refused before anything is sent, unless O(restart=pending), which asks
    nothing of it. What stands in a bay that is given by O(location) is not looked at.
  - The name of the new profile is the server's choice and not documented, so the profile is found by its pattern and its target.
  - What a deployment of a pattern that was changed does to a server that has its profile is not documented. This module does not send it.
  - The answer to the request was never seen. What it tells of failed targets and of a job is heeded where it has the form of an
    activation's; the list of profiles is the judge.
  - Server patterns need a licence.
seealso:
  - module: groundwork.provision.pattern_info
  - module: groundwork.provision.profile_activation
"""

EXAMPLES = r"""
- name: Give two servers a profile of the pattern, and restart them now
  groundwork.provision.pattern_deployment:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    pattern: web
    restart: immediate
    targets:
      - node: A1B2C3D4E5F60718293A4B5C6D7E8F90
      - node: C0FFEE00E5F60718293A4B5C6D7E8F91
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
      path: /patterns/60
      query: {}
      body: {restart: immediate, uuid: [A1B2C3D4E5F60718293A4B5C6D7E8F90]}
      resource: A1B2C3D4E5F60718293A4B5C6D7E8F90
      why: it has no profile of the pattern web; the server restarts
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
profiles:
  description: A result for each target, in the order given. What tells of the profile is empty while there is none.
  returned: always, once the targets were found
  type: list
  elements: dict
  contains:
    id: {description: Id of the profile., type: str, sample: "81"}
    name: {description: Name of the profile., type: str, sample: web profile1}
    status: {description: "One of V(inactive), V(pending), V(active), V(activating), V(failed), V(unknown).", type: str, sample: active}
    profile_status: {description: As the server reports it., type: str, sample: ACTIVE}
    uuid: {description: UUID of its server., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    location: {description: UUID or location id that it is deployed to., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    server: {description: Name of its server., type: str, sample: rack-1}
    compliance: {description: "Whether the server complies, V(valid), V(invalid) or V(none).", type: str, sample: valid}
    target: {description: UUID or location id of the target., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    pattern: {description: Id of the pattern., type: str, sample: "60"}
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, pattern_deployments, patterns
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.pattern_deployment_operations import deploy_pattern
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.pattern_deployments import Desired

ROW: Options = {
    "pattern": {"type": "str"},
    "node": {"type": "str"},
    "location": {"type": "str"},
    "restart": {"type": "str", "choices": list(pattern_deployments.RESTARTS)},
}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + VALIDATE_ONLY
    + Spec(
        {**ROW, "targets": {"type": "list", "elements": "dict", "options": ROW}},
        mutually_exclusive=(("node", "targets"), ("location", "targets"), ("node", "location")),
        required_one_of=(("node", "location", "targets"),),
    )
)


def desired(run: Run) -> list[Desired]:
    """The targets of either form."""
    found = []
    for row in run.rows("targets", tuple(ROW)):
        one = Desired(*(row[key] or "" for key in ROW))
        missing = [key for key in ("pattern", "restart") if not row[key]]
        if missing or bool(one.node) == bool(one.location):
            which = " and ".join(missing) or "either node or location"
            raise bad_input("config_missing", f"{which} must be set for each target.", "Set it and run again.")
        if one.location:
            pattern_deployments.check_location(one.location)
        found.append(one)
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/pattern_deployment_operations.py."""
    asked = desired(run)
    with api.connect(run) as client:
        if run.params["validate_only"]:
            patterns.find_each(client, [one.pattern for one in asked])
            return validated("profiles")
        return deploy_pattern(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
