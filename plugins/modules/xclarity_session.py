#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: xclarity_session
short_description: Open a session of XClarity Administrator for several tasks, and end sessions
version_added: 1.0.0
description:
  - Every module of this collection logs in and out by itself. For a play of many small tasks one login can be enough.
    This module opens a session that other tasks take as their option O(session), and ends it.
  - A user of XClarity Administrator has three sessions by default, and one that is not ended stays until it times out.
    End it in the C(always) part of a block.
  - Such a session is a means to work, not a state of the server. It is opened and ended in check mode too, so that the tasks
    between work there, and RV(ignore:changed) is V(false).
  - It also ends sessions that were left open, by whomever. That is a change, and check mode only shows it. Those of a task that was killed
    need no such task, since the next one of this machine that logs in as the same user ends them. One that was opened with this module
    and never ended does, since it stays until it times out, which takes a day.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
attributes:
  check_mode:
    details: [The session of the play is opened and ended in check mode as well. Sessions that were left open are not ended there.]
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
      - V(absent) with one or more of O(sessions), O(user), O(older_than) and O(idle_for) ends the sessions that all of these fit. Never
        among them is the session of this task itself, nor that of a task that runs on this machine.
    type: str
    choices: [present, absent]
    default: present
  sessions:
    description:
      - With O(state=absent), these, by the digests that M(groundwork.provision.xclarity_session_info) tells. One that is not there any more
        counts as ended. One that a task of this machine is using is refused.
    type: list
    elements: str
  user:
    description: With O(state=absent), those of this user. Case does not matter.
    type: str
  older_than:
    description: With O(state=absent), those that were opened so many seconds ago, or longer.
    type: float
  idle_for:
    description: With O(state=absent), those that were not used for so many seconds, or longer.
    type: float
  session_timeout:
    description:
      - Seconds that the task waits for a session, when other tasks of this machine have all of them, or when the server says that
        its limit is reached. After that it fails with V(sessions_exhausted).
      - If not set, the environment variable E(XCLARITY_SESSION_TIMEOUT) is used.
      - The default counts as 30 with O(state=absent), where often none is left.
    type: float
    default: 3600
notes:
  - The result holds the session in clear, since other tasks have to take it. Set C(no_log=true) on the task, and do not write
    the registered variable to a file. Whoever has it can act as the user until the session ends.
  - A session is shown by the SHA-256 digest of its id. The id itself is the cookie of the session, and is masked wherever it would show.
seealso:
  - module: groundwork.provision.xclarity_session_info
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

- name: End the sessions of a user that nobody has used for an hour, also when the user has no session left
  groundwork.provision.xclarity_session:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    auth_method: basic
    state: absent
    user: automation
    idle_for: 3600
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
session:
  description: The session, for the option O(session) of other modules. It is secret.
  returned: with O(state=present)
  type: dict
  contains:
    id: {description: Id of the session., type: str}
    csrf: {description: The token that goes with it., type: str}
    server: {description: "What it knows the address by that it was opened at. Another O(endpoint) is refused.", type: str}
sessions:
  description: A result for each session that was to be ended.
  returned: with O(state=absent), unless O(session) is given
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
    task: {description: "As V(ended), it was left open by a task of this machine.", type: str, sample: ended}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool}
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
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str, sample: The user name or the password is not valid.}
    hint: {description: What to do next., type: str, sample: "Check username and password, and run again."}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, session_operations, sessions

SELECT = ("sessions", "user", "older_than", "idle_for")
SPEC = (
    XCLARITY
    + BULK
    + ONCE
    + Spec(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "sessions": {"type": "list", "elements": "str"},
            "user": {"type": "str"},
            "older_than": {"type": "float"},
            "idle_for": {"type": "float"},
        },
        required_if=(("state", "absent", ("session", *SELECT), True),),
    )
)
NOTHING = {"changed": False, "outcome": "none", "plan": []}


def run(run: Run) -> dict:
    """Open or end; see xclarity/sessions.py and session_operations.py."""
    given, asked = run.params["session"], {name: run.params[name] for name in SELECT}
    if run.params["state"] == "absent" and run.params["session_timeout"] == XCLARITY.options["session_timeout"]["default"]:
        run.params["session_timeout"] = sessions.BRIEFLY
    selects = any(value is not None for value in asked.values())
    if run.params["state"] == "present" and (selects or sessions.is_there(given)):
        named = "session" if sessions.is_there(given) else next(name for name in SELECT if asked[name] is not None)
        raise bad_input("config_options", f"{named} is given with state present.", f"Remove {named}, or set state to absent.")
    if run.params["state"] == "absent" and selects:
        sessions.check_asked(asked)
        with api.connect(run) as client:
            return session_operations.end_sessions(run, client, asked)
    if run.params["state"] == "absent":
        if sessions.is_there(given):
            sessions.end(api.connect(run))
        return dict(NOTHING)
    run.reveal["session"] = sessions.begin(api.connect(run))
    return dict(NOTHING)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
