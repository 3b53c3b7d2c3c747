#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remote_file_server
short_description: Keep a remote file server of XClarity Administrator
version_added: 1.0.0
description:
  - Makes, changes or removes an entry for a remote file server, where OS images come from and profiles are exported to.
  - Entries are known by their display name, or by their id.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  name:
    description:
      - Display name. With O(server_id) it is the name that the entry shall have; with O(state=absent) it has to be the one that it has.
      - One of O(name) and O(server_id) is required.
    type: str
  server_id:
    description: Id of an entry that is there.
    type: str
  state:
    description: Whether the entry shall be there.
    type: str
    choices: [present, absent]
    default: present
  address:
    description: Address of the file server. Required to make an entry.
    type: str
  port:
    description:
      - Port of the file server.
      - A new entry, or one whose protocol changes, gets the protocol's own port if it is not set (80, 443, 21 or 22).
    type: int
  protocol:
    description: Protocol of the file server. Required to make an entry.
    type: str
    choices: [HTTP, HTTPS, FTP, SFTP]
  server_username:
    description: User on the file server.
    type: str
  server_password:
    description: Password of O(server_username). It cannot be read back; see O(update_secret).
    type: str
  key_type:
    description: Kind of the SSH key that XClarity Administrator makes for SFTP.
    type: str
    choices: [RSA-2048, RSA-4096, ECDSA-521-secp521r1]
  key_comment:
    description: Comment of that key. It cannot be read back and changes nothing by itself.
    type: str
  key_passphrase:
    description: Passphrase of that key. It cannot be read back; see O(update_secret).
    type: str
  update_secret:
    description:
      - What to do with O(server_password) and O(key_passphrase) when the entry is there already.
      - V(on_create) sends them when the entry is made, and along with any other change.
      - V(always) sends them at every run, which is then changed.
    type: str
    choices: [on_create, always]
    default: on_create
attributes:
  idempotent:
    support: partial
    details: [With O(update_secret=always) and a secret every run is changed.]
notes:
  - The vendor's pages do not say whether a secret that is not sent with a change is kept. Give the secrets whenever an entry has some.
seealso:
  - module: groundwork.provision.remote_file_server_info
  - module: groundwork.provision.osimage_export
"""

EXAMPLES = r"""
- name: Make an SFTP server known
  groundwork.provision.remote_file_server:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    name: golden-images
    address: 192.0.2.81
    protocol: SFTP
    server_username: images
    server_password: "{{ images_password }}"

- name: Remove it
  groundwork.provision.remote_file_server:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    name: golden-images
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
    - method: POST
      path: /osImages/remoteFileServers
      query: {}
      body: {displayName: golden-images, address: 192.0.2.81, port: 22, protocol: SFTP}
      resource: golden-images
      why: it is not there
server:
  description: The entry as the list shows it after the run; empty when it is not there.
  returned: success
  type: dict
  contains:
    id: {description: Id., type: str, sample: "102"}
    name: {description: Display name., type: str, sample: golden-images}
    address: {description: Address., type: str, sample: 192.0.2.81}
    port: {description: Port., type: int, sample: 22}
    protocol: {description: "V(HTTP), V(HTTPS), V(FTP) or V(SFTP).", type: str, sample: SFTP}
    server_username: {description: User on the file server., type: str, sample: images}
    key_type: {description: Kind of its SSH key., type: str, sample: ""}
    public_key: {description: Public part of its SSH key., type: str, sample: ""}
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: when something was sent
  type: bool
  sample: false
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
    code: {description: Stable word for the kind of failure., type: str, sample: bad_request}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: change
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: images}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: Correct the option that the server names and run again.}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import ONCE, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, remote_file_server_operations, remote_file_servers

SPEC = (
    XCLARITY
    + ONCE
    + Spec(
        {
            "name": {"type": "str"},
            "server_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "address": {"type": "str"},
            "port": {"type": "int"},
            "protocol": {"type": "str", "choices": list(remote_file_servers.PROTOCOLS)},
            "server_username": {"type": "str"},
            "server_password": {"type": "str", "no_log": True},
            "key_type": {"type": "str", "choices": list(remote_file_servers.KEY_TYPES)},
            "key_comment": {"type": "str"},
            "key_passphrase": {"type": "str", "no_log": True},
            "update_secret": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
        },
        required_one_of=(("name", "server_id"),),
    )
)


def run(run: Run) -> dict:
    """Check what can be checked here, then see xclarity/remote_file_server_operations.py."""
    params = run.params
    for option in ("name", "server_id", "address"):
        value = params[option]
        if value is not None and (not value.strip() or not value.isprintable()):
            raise bad_input("config_id", f"{option} is empty or holds control characters.", f"Correct {option} and run again.")
    if params["port"] is not None and not 0 < params["port"] < 65536:
        raise bad_input("config_number", "port must lie between 1 and 65535.", "Correct port and run again.")
    secrets = {"password": params["server_password"], "keyPassphrase": params["key_passphrase"]}
    given = {key: value for key, value in secrets.items() if value}
    run.redactor.add(*given.values())
    with api.connect(run) as client:
        return remote_file_server_operations.set_server(run, client, params, given)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
