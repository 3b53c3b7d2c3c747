#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job
short_description: Wait for, cancel or delete jobs of XClarity Administrator
version_added: 1.0.0
description:
  - Waits until one job or many have ended, and fails for each that did not end well. A job that says it is complete while a part
    of it failed did not end well.
  - Cancels jobs that run, or deletes jobs that have ended from the server's list.
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
  job:
    description: Id of one job. Use O(jobs) for many.
    type: str
  jobs:
    description: Ids of many jobs, with one login and one poll for all.
    type: list
    elements: str
  state:
    description:
      - V(finished) waits, and changes nothing. With O(wait=false) it only tells how the jobs stand.
      - V(cancelled) ensures that the jobs do not run any more. One that has ended by itself is left as it is, and one that the server
        does not know is no error. RV(jobs[].state) tells how each has ended.
      - V(absent) deletes the jobs from the server's list. A job that is running is refused before anything is sent.
    type: str
    choices: [finished, cancelled, absent]
    default: finished
notes:
  - What C(check_mode) would wait for is not waited for; with O(state=finished) it tells how the jobs stand.
seealso:
  - module: groundwork.provision.job_info
"""

EXAMPLES = r"""
- name: Start a copy and go on
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: copy
    backup: nightly
    destination: /mnt/archive
    wait: false
  register: copy

- name: Wait for it
  groundwork.provision.job:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    job: "{{ copy.backups[0].job }}"

- name: Ensure that two jobs do not run any more
  groundwork.provision.job:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    jobs: ["17", "18"]
    state: cancelled

- name: Delete a job from the list
  groundwork.provision.job:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    job: "17"
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
    - method: PUT
      path: /tasks
      query: {}
      body: {action: cancel, list: ["17"]}
      resource: "17"
      why: it is Running
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
jobs:
  description: A result for each job, in the order given.
  returned: always, once the jobs were read
  type: list
  elements: dict
  contains:
    id: {description: Id of the job., type: str, sample: "17"}
    state:
      description: "One of V(running), V(succeeded), V(failed), V(cancelled), V(interrupted), V(absent) and V(unknown)."
      type: str
      sample: succeeded
    status: {description: The status as the server reports it., type: str, sample: Complete}
    percentage: {description: How far it is. A job that failed stands at 100 too., type: float, sample: 100.0}
    title: {description: Its title., type: str, sample: Copy backup nightly to /mnt/archive}
    message: {description: Its summary as plain text., type: str}
    created_by: {description: User who started it., type: str, sample: AUTOMATION}
    started: {description: When it began., type: str, sample: "2026-03-01T09:15:00Z"}
    ended: {description: When it ended., type: str, sample: "2026-03-01T09:16:00Z"}
    failing: {description: Parts of it that did not end well., type: list, elements: str, sample: []}
    children: {description: "Its parts, each of this shape.", type: list, elements: dict}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: false}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: none}
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
  sample: 12.4
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: job_failed}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: wait
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: "17"}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str, sample: The share is full.}
    hint: {description: What to do next., type: str, sample: "Look at the job on the server, then run again."}
    job: {description: Id of the job., returned: when a job did not end well or in time, type: str, sample: "17"}
    state: {description: Its last state., returned: when a job did not end well or in time, type: str, sample: Running}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, job_operations

SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "job": {"type": "str"},
            "jobs": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["finished", "cancelled", "absent"], "default": "finished"},
        },
        mutually_exclusive=(("job", "jobs"),),
        required_one_of=(("job", "jobs"),),
    )
)


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/job_operations.py."""
    params = run.params
    ids = job_operations.check_ids([params["job"]] if params["jobs"] is None else params["jobs"])
    with api.connect(run) as client:
        return job_operations.set_jobs(run, client, ids, params["state"])


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
