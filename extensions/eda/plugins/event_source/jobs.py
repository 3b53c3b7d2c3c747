# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: jobs
short_description: How jobs, profiles, requests and actions stand, whenever that changes
version_added: 1.0.0
description:
  - Looks at a server again and again, and passes an event on whenever something stands otherwise than before. On XClarity Administrator
    these are its jobs and the states of its server profiles, on Ops Manager the requests of a group to the server pool, on OpenStack
    Clustering (Senlin) the actions of a project.
  - What was passed on is remembered over restarts of the engine. After a restart of either side nothing is lost, and nothing comes twice
    unless the engine was killed between taking an event and the note of it. The event then comes again with the same C(meta.uuid).
  - A server tells how things stand, not what has happened. A state that begins and ends between two looks is not seen.
  - While the server cannot be asked, the source waits, ever longer up to five minutes, and says why in the log. A refused password or a
    mistake in the options ends it, since trying again would lock the account.
author:
  - groundwork.provision contributors (@groundwork)
options:
  system:
    description: What kind of server it is.
    type: str
    choices: [xclarity, ops_manager, openstack]
    required: true
  watch:
    description: What is watched on XClarity Administrator. V(profiles) needs its licence for configuration patterns.
    type: list
    elements: str
    choices: [jobs, profiles]
    default: [jobs, profiles]
  backlog:
    description:
      - Whether what is there at the very first start is passed on as well. If not, what changes from then on.
    type: bool
    default: false
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
      - Address of the server, V(https://host) with an optional port. Required for V(xclarity) and V(ops_manager), not used for
        V(openstack).
      - If not set, the environment variable E(XCLARITY_ENDPOINT) or E(OPS_MANAGER_ENDPOINT) is used.
    type: str
  username:
    description:
      - User of XClarity Administrator. For V(ops_manager) another name of O(public_key).
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
  public_key:
    description:
      - Public part of the API key of Ops Manager.
      - If not set, the environment variable E(OPS_MANAGER_PUBLIC_KEY) is used.
    type: str
    aliases: [username]
  private_key:
    description:
      - Private part of the API key of Ops Manager. It is only ever used for HTTP Digest, never sent.
      - If not set, the environment variable E(OPS_MANAGER_PRIVATE_KEY) is used.
    type: str
    aliases: [api_key]
  group_id:
    description:
      - Id of the group (project) of Ops Manager.
      - If not set, the environment variable E(OPS_MANAGER_GROUP_ID) is used.
    type: str
    aliases: [project_id]
  group_name:
    description:
      - Name of the group (project) of Ops Manager. Either this or O(group_id).
      - If not set, the environment variable E(OPS_MANAGER_GROUP_NAME) is used.
    type: str
    aliases: [project_name]
  cloud:
    description:
      - Name of an entry of C(clouds.yaml), or a cloud written out as a mapping, as the option of M(groundwork.provision.cluster).
      - If neither this nor O(auth) is set, the E(OS_CLOUD) and the other C(OS_) variables of the environment decide, as for the modules.
    type: raw
  auth:
    description: How to get a token from Keystone v3, as the option of M(groundwork.provision.cluster).
    type: dict
  auth_type:
    description: Kind of that authentication. If not set, the kind that its secret belongs to.
    type: str
  region_name:
    description: Region whose clustering service is meant.
    type: str
  interface:
    description: Which of the endpoints in the catalog is used.
    type: str
    choices: [public, internal, admin]
    aliases: [endpoint_type]
  endpoint_override:
    description: Address of the clustering service, in place of the one in the catalog.
    type: str
  validate_certs:
    description:
      - Whether the server's certificate is verified. If nothing says otherwise, it is. For V(openstack) it may be called C(verify), too.
      - If not set, the environment variable E(XCLARITY_VALIDATE_CERTS), E(OPS_MANAGER_VALIDATE_CERTS) or E(OS_INSECURE) is used.
    type: bool
  ca_path:
    description:
      - File of PEM certificates that sign the server's certificate. It is read again whenever a connection is made anew. For
        V(openstack) it may be called C(ca_cert), too.
      - If not set, the environment variable E(XCLARITY_CA_PATH), E(OPS_MANAGER_CA_PATH) or E(OS_CACERT) is used.
    type: path
  use_proxy:
    description:
      - Whether the proxy variables of the environment (E(HTTPS_PROXY), E(NO_PROXY)) are followed.
      - If not set, the environment variable E(XCLARITY_USE_PROXY) or E(OPS_MANAGER_USE_PROXY) is used.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that one request and its whole answer may take. By default 30, for V(openstack) 90.
      - If not set, the environment variable E(XCLARITY_TIMEOUT) or E(OPS_MANAGER_TIMEOUT) is used.
    type: float
requirements:
  - ansible-core >= 2.18, in the environment of ansible-rulebook
  - requests >= 2.32.4
  - for V(openstack) keystoneauth1 >= 5.6 and openstacksdk >= 4.0
notes:
  - An event has C(system), C(server.endpoint), C(server.id), C(kind) (C(job), C(profile), C(request) or C(action)), C(id), C(state),
    C(previous), and under its kind what the C(_info) module of it returns.
  - C(state) of a job, request or action is C(running), C(succeeded), C(failed), C(cancelled), C(interrupted), C(expired) or C(unknown); of
    a profile it is that of M(groundwork.provision.profile_info).
  - C(meta.hosts) holds the hosts that the event is about, named as the inventory plugins of this collection do, so that an action works on
    these only. It is left out where none is known. The action would then be for all hosts, so ask for it in the condition.
  - A server profile that is deleted is no event.
"""

EXAMPLES = r"""
- name: React to the work of XClarity Administrator
  hosts: all
  sources:
    - name: xclarity
      groundwork.provision.jobs:
        system: xclarity
        endpoint: https://xclarity.example.com
        username: automation
        password: "{{ xclarity_password }}"
  rules:
    - name: Set a server up once its profile is active
      condition: event.kind == "profile" and event.state == "active" and event.meta.hosts is defined
      action:
        run_playbook:
          name: playbooks/after_activation.yml

    - name: Say which job has failed
      condition: event.kind == "job" and event.state == "failed"
      action:
        print_event:
          pretty: true

- name: React to the server pool of Ops Manager
  hosts: all
  sources:
    - name: pool
      groundwork.provision.jobs:
        system: ops_manager
        endpoint: https://opsmanager.example.com:8443
        group_name: payments
  rules:
    - name: Set up the servers that a request brought
      condition: event.state == "succeeded" and event.meta.hosts is defined
      action:
        run_playbook:
          name: playbooks/new_servers.yml
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
    from ansible_collections.groundwork.provision.plugins.plugin_utils import event_source, job_source

    await event_source.serve(queue, args, job_source.of(args))
