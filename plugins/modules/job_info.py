#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: job_info
short_description: List jobs of XClarity Administrator
version_added: 1.0.0
description:
  - Lists the jobs of XClarity Administrator, all of them or those that fit.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  jobs:
    description:
      - Only these jobs, by their ids. An id that the server does not know is left out of the result.
    type: list
    elements: str
  states:
    description: Only jobs in one of these states.
    type: list
    elements: str
    choices: [running, succeeded, failed, cancelled, interrupted, unknown]
  created_by:
    description: Only jobs that this user started. Case does not matter.
    type: str
  title:
    description: Only jobs whose title contains this text. Case does not matter.
    type: str
  children:
    description:
      - Whether the parts of each job are listed too. Without them the answer is much smaller, but a job that says it is complete
        while a part of it failed cannot be told from a good one.
      - Jobs that are named in O(jobs) always come with their parts.
    type: bool
    default: true
seealso:
  - module: groundwork.provision.job
"""

EXAMPLES = r"""
- name: List the jobs that are running
  groundwork.provision.job_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    states: [running]
  register: running

- name: Look at two jobs
  groundwork.provision.job_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    jobs: ["17", "18"]
"""

RETURN = r"""
jobs:
  description: The jobs that fit, in the server's order, or in the order of O(jobs).
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the job., type: str, sample: "17"}
    state:
      description: "One of V(running), V(succeeded), V(failed), V(cancelled), V(interrupted) and V(unknown)."
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
    system: {description: The kind of server., type: str, sample: xclarity}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Check that the server runs, and endpoint, and run again."}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, jobs

SPEC = XCLARITY + Spec(
    {
        "jobs": {"type": "list", "elements": "str"},
        "states": {
            "type": "list",
            "elements": "str",
            "choices": ["running", "succeeded", "failed", "cancelled", "interrupted", "unknown"],
        },
        "created_by": {"type": "str"},
        "title": {"type": "str"},
        "children": {"type": "bool", "default": True},
    }
)


def fits(job: dict, params: dict) -> bool:
    """The job, in the shape of the result, passes every filter that is set."""
    states, user, title = params["states"], params["created_by"], params["title"]
    return (
        (not states or job["state"] in states)
        and (not user or (job["created_by"] or "").casefold() == user.casefold())
        and (not title or title.casefold() in (job["title"] or "").casefold())
    )


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    with api.connect(run) as client:
        if params["jobs"] is None:
            entries = jobs.read_all(client, children=params["children"])
        else:
            ids = [ident for ident in map(api.job_id, params["jobs"]) if ident is not None]
            found = jobs.read(client, list(dict.fromkeys(ids)))
            entries = [found[ident] for ident in dict.fromkeys(ids) if ident in found]
    shown = [jobs.public(entry) for entry in entries]
    return {"changed": False, "jobs": [job for job in shown if fits(job, params)]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
