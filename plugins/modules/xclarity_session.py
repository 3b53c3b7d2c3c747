#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xclarity_session
short_description: Open and end a session of XClarity Administrator for several tasks
version_added: 1.0.0
description:
  - Every module of this collection logs in and out by itself. For a play of many small tasks one login can be enough.
    This module opens a session that other tasks take as their option O(session), and ends it.
  - A user of XClarity Administrator has three sessions by default, and one that is not ended stays until it times out.
    End it in the C(always) part of a block.
  - A session is a means to work, not a state of the server. It is opened and ended in check mode too, so that the tasks
    between work there, and RV(ignore:changed) is always V(false).
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
attributes:
  check_mode:
    details: [It opens and ends sessions in check mode as well.]
  diff_mode:
    support: N/A
    details: [This module changes nothing.]
  idempotent:
    support: partial
    details:
      - Every run with O(state=present) opens another session. With O(state=absent) a session that has ended already is no error.
options:
  state:
    description:
      - V(present) logs in and returns RV(session). It needs O(username) and O(password), and O(auth_method=session).
      - V(absent) ends O(session). One that the server does not know any more counts as ended, and so does an empty one, as it is
        when the login has failed.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The result holds the session in clear, since other tasks have to take it. Set C(no_log=true) on the task, and do not write
    the registered variable to a file. Whoever has it can act as the user until the session ends.
seealso:
  - module: groundwork.provision.profile_activation
"""

EXAMPLES = r"""
- name: Two tasks with one login
  block:
    - name: Log in
      groundwork.provision.xclarity_session:
        endpoint: https://xclarity.example.com
        username: automation
        password: "{{ xclarity_password }}"
      register: login
      no_log: true

    - name: List the backups
      groundwork.provision.backup_info:
        endpoint: https://xclarity.example.com
        session: "{{ login.session }}"

    - name: List the jobs
      groundwork.provision.job_info:
        endpoint: https://xclarity.example.com
        session: "{{ login.session }}"
  always:
    - name: Log out
      groundwork.provision.xclarity_session:
        endpoint: https://xclarity.example.com
        session: "{{ login.session | default({}) }}"
        state: absent
"""

RETURN = r"""
session:
  description: The session, for the option O(session) of other modules. It is secret.
  returned: with O(state=present)
  type: dict
  contains:
    id: {description: Id of the session., type: str}
    csrf: {description: The token that goes with it., type: str}
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
    code: {description: Stable word for the kind of failure., type: str, sample: auth_failed}
    status: {description: HTTP status of the answer that the failure is about., type: int, sample: 403}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation: {description: What was tried., type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str, sample: The user name or the password is not valid.}
    hint: {description: What to do next., type: str, sample: "Check username and password, and run again."}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, sessions

SPEC = XCLARITY + Spec(
    {"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}},
    required_if=(("state", "absent", ("session",)),),
)


def run(run: Run) -> dict:
    """Open or end; see xclarity/sessions.py."""
    given = run.params["session"]
    if run.params["state"] == "absent":
        if sessions.is_there(given):
            sessions.end(api.connect(run))
        return {"changed": False}
    if sessions.is_there(given):
        raise bad_input("config_options", "session is given with state present.", "Remove session, or set state to absent.")
    run.reveal["session"] = sessions.begin(api.connect(run))
    return {"changed": False}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
