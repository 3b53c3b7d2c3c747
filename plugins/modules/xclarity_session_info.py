#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xclarity_session_info
short_description: List the open sessions of XClarity Administrator
version_added: 1.0.0
description:
  - Lists the sessions of XClarity Administrator that the user may see, with their age, and which of them belong to tasks of this machine.
  - A user has three sessions by default. One that is not ended stays until it times out, which takes a day.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  user:
    description: Only those of this user. Case does not matter.
    type: str
  older_than:
    description: Only those that were opened so many seconds ago, or longer.
    type: float
  idle_for:
    description: Only those that were not used for so many seconds, or longer.
    type: float
  session_timeout:
    description:
      - Seconds that the task waits for a session of its own. It is short here, since who lists the sessions often does so because there are
        none left. Use O(auth_method=basic) then, which needs none.
      - If not set, the environment variable E(XCLARITY_SESSION_TIMEOUT) is used.
    type: float
    default: 30
notes:
  - A session is shown by the SHA-256 digest of its id. The id itself is the cookie of the session, and is masked wherever it would show.
  - With O(auth_method=basic) the list can be read while the user has no session left.
seealso:
  - module: groundwork.provision.xclarity_session
"""

EXAMPLES = r"""
- name: List the sessions of a user
  groundwork.provision.xclarity_session_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    user: automation
  register: open

- name: List those that nobody has used for an hour, also when the user has no session left
  groundwork.provision.xclarity_session_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    auth_method: basic
    idle_for: 3600
"""

RETURN = r"""
sessions:
  description: The sessions that fit, in the server's order. A text is empty and a number null where the server does not tell it.
  returned: success
  type: list
  elements: dict
  contains:
    digest: {description: What the session is known by., type: str}
    user: {description: Whose it is., type: str, sample: automation}
    address: {description: From where it was opened., type: str, sample: 192.0.2.50}
    authentication_server: {description: The server that knows the user., type: str, sample: 192.0.2.10}
    created: {description: When it was opened., type: str, sample: "2026-03-01T09:15:00Z"}
    last_accessed: {description: When it was used last., type: str, sample: "2026-03-01T09:20:00Z"}
    age: {description: Seconds since it was opened., type: float, sample: 7200.0}
    idle: {description: Seconds since it was used last., type: float, sample: 6900.0}
    own: {description: Whether it is the session of this task., type: bool, sample: false}
    task:
      description:
        - V(running) when it is the session of a task that runs on this machine, as this user of the machine. V(ended) when such a task has
          ended without closing it. Null when this machine does not know it.
      type: str
      sample: ended
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, sessions

SPEC = (
    XCLARITY
    + Spec({"user": {"type": "str"}, "older_than": {"type": "float"}, "idle_for": {"type": "float"}})
    + Spec({"session_timeout": {**XCLARITY.options["session_timeout"], "default": sessions.BRIEFLY}})
)


def run(run: Run) -> dict:
    """Read and filter."""
    sessions.check_asked(run.params)
    with api.connect(run) as client:
        listed = sessions.read_all(client, run.params["state_dir"], run.redactor.add)
    asked = {name: run.params[name] for name in ("user", "older_than", "idle_for")}
    return {"changed": False, "sessions": [one.public() for one in listed if sessions.fits(one, asked)]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
