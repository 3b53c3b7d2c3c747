#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: event_info
short_description: Read events and alerts of XClarity Administrator
version_added: 1.0.0
description:
  - Returns the newest events, or those since an event that is known, and the alerts that are active if asked for.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  kind:
    description: V(all) are the events of the hardware and of the manager, V(audit) those of what users did.
    type: str
    choices: [all, audit]
    default: all
  after:
    description:
      - Only events with a larger number, for example RV(newest) of the run before.
      - When it is larger than the newest number there is, the appliance was restored, and the last O(last) numbers are read.
    type: int
  last:
    description:
      - How many numbers are looked at, from the newest back. Not every number is an event, so there may be fewer events.
      - Each 10000 take a request.
    type: int
    default: 1000
  severity:
    description: Only events of these severities.
    type: list
    elements: str
    choices: [unknown, informational, warning, minor, major, critical, fatal]
  source:
    description:
      - Only events of the devices with these UUIDs. Events of the manager itself have the class of rack servers, so filter by this.
    type: list
    elements: str
  alerts:
    description: Whether to read the active alerts as well.
    type: bool
    default: false
notes:
  - The texts are in the language of the appliance. Compare severities, numbers and ids, never texts.
seealso:
  - module: groundwork.provision.job_info
"""

EXAMPLES = r"""
- name: Read what is bad among the last thousand events, and the alerts
  groundwork.provision.event_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    severity: [major, critical, fatal]
    alerts: true
  register: before

- name: Read what came since
  groundwork.provision.event_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    after: "{{ before.newest }}"
"""

RETURN = r"""
events:
  description: The events, by their numbers.
  returned: success
  type: list
  elements: dict
  contains:
    number: {description: Its number; it grows., type: int, sample: 4711}
    id: {description: Id of the kind of event., type: str, sample: FQXHMSE0001I}
    common_id: {description: Id that several events of a kind share., type: str, sample: ""}
    message: {description: Text., type: str, sample: The login was successful.}
    time: {description: When it arrived., type: str, sample: "2026-03-01T09:15:00Z"}
    event_time: {description: When it happened at its source., type: str, sample: "2026-03-01T09:15:00Z"}
    severity: {description: "One of the choices of O(severity), or as the server reports it.", type: str, sample: informational}
    class: {description: "Kind of part, for example V(power), or as the server reports it.", type: str, sample: server}
    service: {description: "Who is to act, V(none), V(support) or V(user).", type: str, sample: none}
    source: {description: UUID of the device., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    source_name: {description: What it is called., type: str, sample: ""}
    component: {description: UUID of the part., type: str, sample: ""}
    system: {description: Name of the device., type: str, sample: web-01}
    serial_number: {description: Serial number., type: str, sample: J30000AA}
    user: {description: User., type: str, sample: AUTOMATION}
    action: {description: As the server reports it., type: str, sample: ""}
newest:
  description: Number of the newest event there is, whether it is returned or not.
  returned: success
  type: int
  sample: 892595
alerts:
  description: The worst state of each device that has an alert. Null on an appliance that does not tell.
  returned: when O(alerts=true)
  type: list
  elements: dict
  contains:
    source: {description: UUID of the device., type: str, sample: A1B2C3D4E5F60718293A4B5C6D7E8F90}
    component: {description: UUID of the part., type: str, sample: ""}
    class: {description: As the server reports it., type: str, sample: "800"}
    status: {description: As the server reports it., type: str, sample: CRITICAL}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, events

SPEC = XCLARITY + Spec(
    {
        "kind": {"type": "str", "choices": list(events.KINDS), "default": "all"},
        "after": {"type": "int"},
        "last": {"type": "int", "default": 1000},
        "severity": {"type": "list", "elements": "str", "choices": list(events.SEVERITIES.values())},
        "source": {"type": "list", "elements": "str"},
        "alerts": {"type": "bool", "default": False},
    }
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    if not 0 < params["last"] <= 1_000_000 or (params["after"] is not None and params["after"] < 0):
        raise bad_input(
            "config_number", "last must lie between 1 and 1000000, and after must not be negative.", "Correct them and run again."
        )
    with api.connect(run) as client:
        found, newest = events.read(client, params["kind"], params["after"], params["last"])
        alerts = {"alerts": events.read_alerts(client)} if params["alerts"] else {}
    if params["severity"] is not None:
        found = [one for one in found if one["severity"] in params["severity"]]
    if params["source"] is not None:
        keys = {one.replace("-", "").casefold() for one in params["source"]}
        found = [one for one in found if one["source"].replace("-", "").casefold() in keys]
    return {"changed": False, "events": found, "newest": newest, **alerts}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
