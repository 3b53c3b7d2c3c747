#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: remote_file_server_info
short_description: List remote file servers of XClarity Administrator
version_added: 1.0.0
description:
  - Returns the remote file servers that OS images are imported from and profiles are exported to. Secrets are not among it.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  server:
    description:
      - Ids or display names. What is not there is left out. All, if not set.
    type: list
    elements: str
seealso:
  - module: groundwork.provision.remote_file_server
"""

EXAMPLES = r"""
- name: Look up one remote file server
  groundwork.provision.remote_file_server_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    server: images
"""

RETURN = r"""
servers:
  description: Remote file servers, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id., type: str, sample: "101"}
    name: {description: Display name., type: str, sample: images}
    address: {description: Address., type: str, sample: 192.0.2.80}
    port: {description: Port., type: int, sample: 22}
    protocol: {description: "V(HTTP), V(HTTPS), V(FTP) or V(SFTP).", type: str, sample: SFTP}
    server_username: {description: User that XClarity Administrator logs in as., type: str, sample: images}
    key_type: {description: Kind of its SSH key., type: str, sample: RSA-4096}
    public_key: {description: Public part of its SSH key., type: str, sample: ""}
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 0.1
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, remote_file_servers

SPEC = XCLARITY + Spec({"server": {"type": "list", "elements": "str"}})


def run(run: Run) -> dict:
    """One list call, then the filter."""
    wanted = run.params["server"]
    with api.connect(run) as client:
        servers = remote_file_servers.read_all(client)
    return {"changed": False, "servers": [s.public() for s in servers if wanted is None or s.id in wanted or s.name in wanted]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
