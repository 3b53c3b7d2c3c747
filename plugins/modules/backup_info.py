#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: List backups of XClarity Administrator and the space for them
version_added: 1.0.0
description:
  - Lists the backups that XClarity Administrator keeps of itself, all of them or those that fit, and tells the space of its local
    repository.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  backup:
    description: Only backups with this UUID, label or file name.
    type: str
  location:
    description:
      - Only backups that are there, V(internal) for the local repository, or the mount point of a remote share. They may be elsewhere
        as well, see O(only_at).
      - A backup of which the server does not tell where it is, is left out.
    type: str
  only_at:
    description:
      - Only backups that are there and nowhere else. With V(internal), those that are lost when the server is.
      - A backup of which the server does not tell where it is, is left out.
    type: str
  repository:
    description:
      - Whether the space of the local repository is read too.
      - Where the server does not have this call, there is a warning, and what RV(repository) says is not set.
    type: bool
    default: true
  package_size:
    description: Bytes for which RV(repository.fits) tells whether they would fit into the local repository.
    type: int
seealso:
  - module: groundwork.provision.backup
  - module: groundwork.provision.backup_transfer
"""

EXAMPLES = r"""
- name: List all backups
  groundwork.provision.backup_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
  register: all

- name: Is a backup on the share, and would 700 MB fit into the local repository
  groundwork.provision.backup_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    backup: before-upgrade
    location: /mnt/backups
    package_size: 734003200

- name: List the backups that are only on the appliance
  groundwork.provision.backup_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    only_at: internal
"""

RETURN = r"""
backups:
  description: The backups that fit, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    uuid: {description: UUID of the backup., type: str, sample: 4edf27ff-08d1-49b5-b7f3-7e8edc4fd278}
    label: {description: Its label., type: str, sample: nightly}
    filename: {description: Its file name., type: str, sample: lxca_backup_nightly.tar}
    date: {description: When it was made., type: str, sample: "2026-03-01T02:00:00Z"}
    requested_by: {description: Who asked for it., type: str, sample: SYSTEM}
    checksum: {description: Its checksum., type: str, sample: 5f0c1a}
    locations:
      description: Where it is. Not set where the server does not tell.
      type: list
      elements: str
      sample: [internal, /mnt/backups]
    checksums:
      description: The checksum at each of these locations. Where the server tells one for all of them, it is that one.
      type: dict
      sample: {internal: 5f0c1a, /mnt/backups: 5f0c1a}
    details: {description: All fields of the backup as the server reports them., type: dict}
repository:
  description: The local repository.
  returned: success, unless O(repository=false)
  type: dict
  contains:
    space_used: {description: Bytes in use. Not set where the server does not tell., type: int, sample: 1435003200}
    total_space: {description: Bytes in all. Not set where the server does not tell., type: int, sample: 68719476736}
    fits: {description: Whether O(package_size) bytes would fit. Not set without it., type: bool, sample: true}
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
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backups

SPEC = XCLARITY + Spec(
    {
        "backup": {"type": "str"},
        "location": {"type": "str"},
        "only_at": {"type": "str"},
        "repository": {"type": "bool", "default": True},
        "package_size": {"type": "int"},
    },
    mutually_exclusive=(("location", "only_at"),),
)


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    size, name = params["package_size"], params["backup"]
    if size is not None and size < 0:
        raise bad_input("config_number", "package_size must be 0 or more.", "Correct package_size and run again.")
    with api.connect(run) as client:
        found = backups.read_all(client)
        space = read_space(run, client, size) if params["repository"] else None
    if name:
        found = backups.matching(found, name)
    if params["location"]:
        found = [backup for backup in found if backup.is_at(backups.normal(params["location"]))]
    if params["only_at"]:
        found = [backup for backup in found if backup.locations == [backups.normal(params["only_at"])]]
    result = {"changed": False, "backups": [public(backup) for backup in found]}
    return result if space is None else {**result, "repository": space}


def public(backup: backups.Backup) -> dict:
    return {
        **backup.public(),
        "checksums": None if backup.at is None else dict(backup.at),
        "details": dict(backup.entry),
    }


def read_space(run: Run, client: Client, size: int | None) -> dict:
    """The space, or a warning that it is not known: the list is worth having without it."""
    try:
        return backups.read_space(client, size)
    except Failure as failure:
        if failure.status != 404:
            raise
        run.warn("The server does not tell the space of its local repository (it answered 404), so it is not known.")
        return {"space_used": None, "total_space": None, "fits": None}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
