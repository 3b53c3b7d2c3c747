#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pattern_info
short_description: List server patterns of XClarity Administrator
version_added: 1.0.0
description:
  - Returns the patterns that server profiles are made of, and their settings if asked for.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  pattern:
    description: Ids or names of patterns. What is not there is left out. All, if not set.
    type: list
    elements: str
  settings:
    description: Whether each pattern also has its export, under C(settings). That takes a request for each, and 150 to 300 kB.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.pattern_deployment
"""

EXAMPLES = r"""
- name: List all server patterns
  groundwork.provision.pattern_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
"""

RETURN = r"""
patterns:
  description: The patterns, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id., type: str, sample: "60"}
    name: {description: Name., type: str, sample: web}
    description: {description: What a user wrote., type: str, sample: ""}
    type: {description: "V(Server), or the category of a part of one.", type: str, sample: Server}
    form_factor: {description: "As the server reports it; seen were V(r), V(f) and V(rc).", type: str, sample: r}
    server_type: {description: Kind of server., type: str, sample: IMMv2}
    user_defined: {description: Whether a user made it; null where it is not told., type: bool, sample: true}
    in_use: {description: Whether profiles were made of it; null where it is not told., type: bool, sample: false}
    settings: {description: Its export., type: dict, returned: when O(settings=true)}
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
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, patterns

SPEC = XCLARITY + Spec({"pattern": {"type": "list", "elements": "str"}, "settings": {"type": "bool", "default": False}})


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    with api.connect(run) as client:
        found = patterns.read_all(client)
        if params["pattern"] is not None:
            found = [one for one in found if {one.id, one.name} & set(params["pattern"])]
        shown = [one.public() for one in found]
        for one in shown if params["settings"] else []:
            one["settings"] = patterns.read_settings(client, one["id"])
    return {"changed": False, "patterns": shown}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
