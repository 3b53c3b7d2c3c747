# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: xclarity_events
short_description: The event log of XClarity Administrator
version_added: 1.0.0
description:
  - Passes each new event of the log on, in the order of its numbers, also those that came while the engine was not running.
  - The number of the last one is remembered over restarts of the engine. Nothing is lost, and nothing comes twice unless the engine was
    killed between taking an event and the note of it. The event then comes again with the same C(meta.uuid).
  - When the numbers of the appliance have gone back, it was restored. Events that are newer than the last one that was passed on are then
    passed on.
  - While the server cannot be asked, the source waits, ever longer up to five minutes, and says why in the log. A refused password or a
    mistake in the options ends it, since trying again would lock the account.
author:
  - groundwork.provision contributors (@groundwork)
options:
  kind:
    description: V(all) are the events of the hardware and of the manager, V(audit) those of what users did.
    type: str
    choices: [all, audit]
    default: all
  last:
    description: How many numbers, from the newest back, are looked at at the very first start. By default only what comes from then on.
    type: int
    default: 0
  severity:
    description: Only events of these severities.
    type: list
    elements: str
    choices: [unknown, informational, warning, minor, major, critical, fatal]
  source:
    description: Only events of the devices with these UUIDs.
    type: list
    elements: str
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 5.0
  cursor:
    description:
      - A name of your choice for what this source remembers. Two sources for one server that run at the same time on one machine, as one
        user, need two names; the second one is refused otherwise.
    type: str
    default: default
  state_dir:
    description:
      - Private directory on a local file system, as the modules have it. What was passed on is kept below it, in C(events), one file for
        each server and O(cursor), for this user only. It holds no secrets. In a container put it on a volume that stays.
      - If not set, the environment variable E(GROUNDWORK_STATE_DIR) is used.
    type: path
    default: ~/.ansible/groundwork
  feedback:
    description:
      - Whether the engine acknowledges each event, which needs its persistence. It then counts as passed on two seconds later, since the
        engine may lose until then what it has acknowledged; after a kill those events come again. Without it an event counts as passed on
        once the engine has taken it, and an action that was still waiting when the engine was killed is not run later.
    type: bool
    default: false
  endpoint:
    description:
      - Address of the server, V(https://host) with an optional port.
      - If not set, the environment variable E(XCLARITY_ENDPOINT) is used.
    type: str
    required: true
  username:
    description:
      - User of XClarity Administrator.
      - If not set, the environment variable E(XCLARITY_USERNAME) is used.
    type: str
  password:
    description:
      - Password of O(username).
      - If not set, the environment variable E(XCLARITY_PASSWORD) is used.
    type: str
  auth_method:
    description:
      - V(session) keeps one session as long as the source runs, and gives it up between two looks while another task waits for one.
      - V(basic) sends user and password with each request and needs no session.
      - If not set, the environment variable E(XCLARITY_AUTH_METHOD) is used.
    type: str
    choices: [session, basic]
    default: session
  max_sessions:
    description:
      - How many sessions XClarity Administrator allows its user, 0 for any number.
      - If not set, the environment variable E(XCLARITY_MAX_SESSIONS) is used.
    type: int
    default: 3
  session_timeout:
    description:
      - Seconds that the source waits for a session.
      - If not set, the environment variable E(XCLARITY_SESSION_TIMEOUT) is used.
    type: float
    default: 3600.0
  hostnames:
    description: What the hosts of an event are named after, as in the inventory plugin P(groundwork.provision.xclarity#inventory).
    type: list
    elements: str
    choices: [name, hostname, fqdn, serial_number, uuid, bmc_address]
    default: [name, uuid]
  validate_certs:
    description:
      - Whether the server's certificate is verified. If nothing says otherwise, it is.
      - If not set, the environment variable E(XCLARITY_VALIDATE_CERTS) is used.
    type: bool
    default: true
  ca_path:
    description:
      - File of PEM certificates that sign the server's certificate. It is read again whenever a connection is made anew.
      - If not set, the environment variable E(XCLARITY_CA_PATH) is used.
    type: path
  use_proxy:
    description:
      - Whether the proxy variables of the environment (E(HTTPS_PROXY), E(NO_PROXY)) are followed.
      - If not set, the environment variable E(XCLARITY_USE_PROXY) is used.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that one request and its whole answer may take.
      - If not set, the environment variable E(XCLARITY_TIMEOUT) is used.
    type: float
    default: 30.0
requirements:
  - ansible-core >= 2.18, in the environment of ansible-rulebook
  - requests >= 2.32.4
notes:
  - An event has C(system), C(server.endpoint), C(server.id), C(kind) (C(event)), C(id) (its number), and C(event), as
    M(groundwork.provision.event_info) returns it, so that a condition reads C(event.event.severity).
  - C(meta.hosts) holds the server that the event came from, named as the inventory plugin P(groundwork.provision.xclarity#inventory) does.
    It is left out where that is no server. An action would then be for all hosts, so ask for it in the condition.
  - The texts are in the language of the appliance. Compare severities, classes and ids.
"""

EXAMPLES = r"""
- name: React to the event log of XClarity Administrator
  hosts: all
  sources:
    - name: log
      groundwork.provision.xclarity_events:
        endpoint: https://xclarity.example.com
        username: automation
        password: "{{ xclarity_password }}"
        severity: [critical, fatal]
  rules:
    - name: Take a server with a critical event of its memory out of service
      condition: event.event.class == "memory" and event.meta.hosts is defined
      action:
        run_playbook:
          name: playbooks/drain.yml
"""

import os
import sys
import typing as t

# The engine runs this file as it is, outside of any package.
_ROOT = os.path.abspath(__file__).rsplit(os.sep, 8)[0]
if _ROOT not in sys.path:
    sys.path.append(_ROOT)


async def main(queue: t.Any, args: dict[str, t.Any]) -> None:
    """Pass events on until it is cancelled. Raises SourceError, with words for the user, when it cannot go on."""
    from ansible_collections.groundwork.provision.plugins.plugin_utils import event_log_source, event_source

    await event_source.serve(queue, args, event_log_source.EventLog)
