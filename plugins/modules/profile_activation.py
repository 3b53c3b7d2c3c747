#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: profile_activation
short_description: Activate or unassign server profiles of XClarity Administrator
version_added: 1.0.0
description:
  - Activates one server profile, or many in one task, on its server (or unassigns it), and waits until it is in the desired state.
  - An inactive profile is assigned to a server and activated. A pending one, or one that failed, is activated again on its server.
  - A profile that is already active on the desired server is left alone, one that is being activated is waited for. Where that was begun
    with V(defer) and O(restart=immediate) is desired, the activation with its restart is sent once, when the first has ended. Check mode
    does not show it.
  - Every activation is sent at most once. One whose answer was lost is looked for, never repeated.
notes:
  - A server that an open job of the appliance is about is left alone, and the task fails with C(busy) for it.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  profile:
    description:
      - Id or name of one profile. A name that several profiles have is refused.
      - Use O(profiles) for many.
    type: str
  uuid:
    description:
      - Where the profile belongs, the UUID of a rack or tower server, or the location id of a Flex bay, V(<chassis uuid>_bay<n>).
      - Required while the profile is inactive. For an assigned profile it may be left out, and must match its server if it is set.
    type: str
  restart:
    description:
      - When the server restarts. Required with O(state=active), here or for each of O(profiles).
      - V(immediate) restarts the server now and completes the activation. The running system goes down without a further question.
      - V(defer) does not restart. The activation completes with the next manual restart, so the profile is then V(pending), not active.
    type: str
    choices: [immediate, defer]
  profiles:
    description:
      - Many profiles in one task, with one login, one plan, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      profile:
        description: As O(profile).
        type: str
        required: true
      uuid:
        description: As O(uuid).
        type: str
      restart:
        description: As O(restart), which is the default for each.
        type: str
        choices: [immediate, defer]
      redeploy:
        description: As O(redeploy), which is the default for each.
        type: bool
  state:
    description:
      - V(active) assigns and activates. With O(restart=defer) a profile that is pending counts as reached.
      - V(inactive) unassigns the profile from its server.
    type: str
    choices: [active, inactive]
    default: active
  redeploy:
    description:
      - Activate again although the profile is active, or pending with O(restart=defer). Every run then sends an activation, and with
        O(restart=immediate) every run restarts the server. Where one of several profiles failed, run again for that profile only.
    type: bool
    default: false
  power_down:
    description: With O(state=inactive), power the server down.
    type: bool
    default: false
  reset_bmc:
    description: With O(state=inactive), reset the settings of the server's management controller.
    type: bool
    default: false
  reset_switch:
    description: With O(state=inactive), reset the settings of the switch ports.
    type: bool
    default: false
  force:
    description:
      - With O(state=inactive), unassign also when the server cannot be reached, and while the profile is being activated, which cancels
        the activation.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.profile_info
  - module: groundwork.provision.job
"""

EXAMPLES = r"""
- name: Activate a profile on a rack server and restart it now
  groundwork.provision.profile_activation:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: web-01
    uuid: A1B2C3D4E5F60718293A4B5C6D7E8F90
    restart: immediate

- name: Assign a profile to a Flex bay; it becomes active with the next manual restart
  groundwork.provision.profile_activation:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: "72"
    uuid: 1B54B9AEFCE04D5E820C0B6310D03590_bay3
    restart: defer

- name: Activate many profiles in one task
  groundwork.provision.profile_activation:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    restart: immediate
    concurrency: 8
    profiles:
      - profile: db-01
        uuid: C0FFEE00E5F60718293A4B5C6D7E8F91
      - profile: db-02
        uuid: C0FFEE00E5F60718293A4B5C6D7E8F92

- name: Unassign a profile
  groundwork.provision.profile_activation:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: web-01
    state: inactive
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
      path: /profiles/71
      query: {}
      body: {restart: immediate, uuid: A1B2C3D4E5F60718293A4B5C6D7E8F90}
      resource: web-01
      why: it is inactive and is desired on A1B2C3D4E5F60718293A4B5C6D7E8F90; restarts the server
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
  description: A result for each profile, in the order given.
  returned: always, once the profiles were found
  type: list
  elements: dict
  contains:
    id: {description: Id of the profile., type: str, sample: "71"}
    name: {description: Name of the profile., type: str, sample: web-01}
    status: {description: "One of V(inactive), V(pending), V(active), V(activating), V(failed), V(unknown).", type: str, sample: active}
    profile_status: {description: The status as the server reports it., type: str, sample: ACTIVE}
    uuid: {description: UUID of its server., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    location: {description: UUID or location id that it is deployed to., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    server: {description: Name of its server., type: str, sample: web-01}
    compliance: {description: "Whether the server complies, V(valid), V(invalid) or V(none).", type: str, sample: valid}
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
  sample: 312.4
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: target_mismatch}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: activate
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: web-01}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Unassign it first (state inactive), or correct uuid, and run again."}
    job: {description: Id of the job., returned: when a job did not end well or in time, type: str, sample: "17"}
    state: {description: Its last state., returned: when a job did not end well or in time, type: str, sample: Running}
    positions:
      description: Where the profiles that the refusal is about stand in O(profiles), from 0.
      returned: when the task was refused for what it asks of some of its profiles
      type: list
      elements: int
      sample: [3]
    failed_targets:
      description: The targets that the server named as failed.
      returned: when RV(error.code) is V(activation_refused)
      type: list
      elements: str
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_operations import set_profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profile_plans import Desired, about, check_target

RESTART = {"type": "str", "choices": ["immediate", "defer"]}
SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "profile": {"type": "str"},
            "uuid": {"type": "str"},
            "restart": RESTART,
            "profiles": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "profile": {"type": "str", "required": True},
                    "uuid": {"type": "str"},
                    "restart": RESTART,
                    "redeploy": {"type": "bool"},
                },
            },
            "state": {"type": "str", "choices": ["active", "inactive"], "default": "active"},
            "redeploy": {"type": "bool", "default": False},
            "power_down": {"type": "bool", "default": False},
            "reset_bmc": {"type": "bool", "default": False},
            "reset_switch": {"type": "bool", "default": False},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=(("profile", "profiles"), ("uuid", "profiles")),
        required_one_of=(("profile", "profiles"),),
    )
)


def desired(params: dict) -> list[Desired]:
    """The items of either form. Raises for an empty list, for an activation without ``restart`` and for a target that is none."""
    rows = params["profiles"] if params["profiles"] is not None else [{"profile": params["profile"], "uuid": params["uuid"]}]
    if not rows:
        raise bad_input("config_empty", "profiles is an empty list.", "Name at least one profile and run again.")
    found = []
    for position, row in enumerate(rows):
        restart = row.get("restart") or params["restart"]
        if params["state"] == "active" and not restart:
            raise bad_input(
                "config_restart",
                f"restart is not set for the profile {row['profile']}.",
                "Set restart to immediate or defer and run again.",
                resource=row["profile"],
                details=about([position]),
            )
        redeploy = params["redeploy"] if row.get("redeploy") is None else row["redeploy"]
        found.append(Desired(row["profile"], row.get("uuid") or "", restart or "", redeploy))
        check_target(found[-1], position)
    return found


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/profile_operations.py."""
    params = run.params
    asked = desired(params)
    flags = {
        "force": params["force"],
        "powerDownITE": params["power_down"],
        "resetIMM": params["reset_bmc"],
        "resetSwitch": params["reset_switch"],
    }
    with api.connect(run) as client:
        return set_profiles(run, client, asked, flags if params["state"] == "inactive" else None)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
