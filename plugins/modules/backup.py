#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Make, delete and validate backups of XClarity Administrator
version_added: 1.0.0
description:
  - Makes a backup of XClarity Administrator itself, once for each label. The server is quiesced meanwhile, and at both ends of
    that it answers nothing; the module waits through it.
  - Deletes backups, everywhere or at one location.
  - Validates a backup that was pushed or imported to the server.
  - Every request is sent at most once. One whose answer was lost is looked for, never repeated.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
attributes:
  idempotent:
    support: partial
    details:
      - With O(state=validated) every run sends the request, since no list tells whether a backup was validated.
options:
  state:
    description:
      - V(present) makes a backup with O(label). When there is one with this label nothing is done, whatever is in it.
      - V(absent) deletes O(backup) or O(backups) at O(location). While a job that has not ended names one of them, or is a
        transfer that names no backup, the task fails with the code C(busy), in check mode too, and nothing is deleted.
      - V(validated) lets the server decrypt and check the backup that was pushed or imported to it. The request names no backup,
        the server takes the one that waits for it.
    type: str
    choices: [present, absent, validated]
    default: present
  label:
    description: Label of the backup. Required with O(state=present).
    type: str
  passphrase:
    description:
      - Passphrase that the backup is encrypted with. Required with O(state=present) and O(state=validated).
      - Blanks at its ends and line breaks are refused, not removed.
    type: str
  include_os:
    description: With O(state=present), whether OS images are part of the backup.
    type: bool
    default: false
  include_firmware:
    description: With O(state=present), whether firmware packages are part of the backup.
    type: bool
    default: false
  remote_share:
    description:
      - With O(state=present), mount point of the remote share that the backup is written to. If not set, the local repository.
    type: str
  backup:
    description:
      - UUID, label or file name of one backup. A label or file name that several backups have is refused.
      - With O(state=absent), the backup to delete. With O(state=validated) it may be left out; if it is set, the server must list it.
    type: str
  backups:
    description: With O(state=absent), many backups to delete.
    type: list
    elements: str
  location:
    description:
      - With O(state=absent), where to delete, V(all), V(internal) for the local repository, or the mount point of a remote share.
      - Required with O(state=absent), so that the last copy is never deleted by a default.
    type: str
notes:
  - The attributes of the request that makes a backup are not in any copy of the vendor's page that was read. They follow the
    report of C(GET /managementServer/quiesce) and were not tried on a real server.
  - With O(wait=false) and O(auth_method=session) the server may be quiesced before the session can be ended; the session then stays
    until it times out. With O(auth_method=basic) there is none.
  - A backup that is being made can be stopped only by ending the quiesce, which this collection never does.
seealso:
  - module: groundwork.provision.backup_transfer
  - module: groundwork.provision.backup_info
"""

EXAMPLES = r"""
- name: Make a backup
  groundwork.provision.backup:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    label: before-update
    passphrase: "{{ backup_passphrase }}"
    include_firmware: true

- name: Delete a backup from the local repository, and leave the copies on shares
  groundwork.provision.backup:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    state: absent
    backup: before-upgrade
    location: internal

- name: Delete old backups everywhere
  groundwork.provision.backup:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    state: absent
    backups:
      - weekly-08
      - weekly-09
    location: all

- name: Validate the backup that was pushed to a new server
  groundwork.provision.backup:
    endpoint: https://xclarity-new.example.com
    username: automation
    password: "{{ xclarity_password }}"
    state: validated
    passphrase: "{{ backup_passphrase }}"
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
    - method: DELETE
      path: /managementServer/data/7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11
      query: {location: internal}
      body:
      resource: 7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11 at internal
      why: it is at internal and is wanted absent
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
backup:
  description: The backup, when one was asked for and the server lists it or did so before it was deleted.
  returned: always, once the list was read
  type: dict
  contains: &backup
    uuid: {description: UUID of the backup., type: str, sample: 7b1d4c1e-52f4-4a5e-9a43-0d6f2e8c9a11}
    label: {description: Its label., type: str, sample: before-upgrade}
    filename: {description: Its file name., type: str, sample: lxca_backup_before-upgrade.tar}
    date: {description: When it was made., type: str, sample: "2026-02-11T09:30:00Z"}
    requested_by: {description: Who asked for it., type: str, sample: AUTOMATION}
    checksum: {description: Its checksum., type: str, sample: 5f0c1a}
    locations:
      description: Where it is now. Not set where the server does not tell.
      type: list
      elements: str
      sample: [/mnt/backups]
    changed: {description: "Whether this run changed it, or may have done so.", returned: with O(state=absent), type: bool, sample: true}
    outcome:
      description: What is known of the requests for it, in the words of RV(outcome).
      returned: with O(state=absent)
      type: str
      sample: finished
    reconciled:
      description: Whether an answer was lost and the effect of the request was found by reading.
      returned: with O(state=absent)
      type: bool
      sample: false
    error:
      description: Why it failed, with keys of RV(error) and with C(message), the message about this item.
      returned: when it failed
      type: dict
backups:
  description: The same for each backup that was asked for, in the order given.
  returned: always, once the list was read
  type: list
  elements: dict
  contains: *backup
job:
  description: Id of the job that was started or joined.
  returned: with O(state=present) and O(state=validated)
  type: str
  sample: "17"
joined:
  description: Whether the work was already under way when this run began, and was only waited for.
  returned: with O(state=present) and O(state=validated)
  type: bool
  sample: false
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: with O(state=present) and O(state=validated)
  type: bool
  sample: false
server_messages:
  description: What the server said when it accepted a request with a warning.
  returned: with O(state=present) and O(state=validated)
  type: list
  elements: str
  sample: []
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: with O(state=present) and O(state=validated)
  type: list
  elements: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 95.1
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: busy}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: create
    resource:
      description: What RV(error.operation) was tried on. Of several items the first that failed.
      type: str
      sample: before-update
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Wait until it has ended, then run again."}
    job: {description: Id of the job., returned: when a job did not end well or in time, type: str, sample: "17"}
    state: {description: Its last state., returned: when a job did not end well or in time, type: str, sample: Running}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backup_operations
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_transfers import place
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL

SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "state": {"type": "str", "choices": ["present", "absent", "validated"], "default": "present"},
            "label": {"type": "str"},
            "passphrase": {"type": "str", "no_log": True},
            "include_os": {"type": "bool", "default": False},
            "include_firmware": {"type": "bool", "default": False},
            "remote_share": {"type": "str"},
            "backup": {"type": "str"},
            "backups": {"type": "list", "elements": "str"},
            "location": {"type": "str"},
        },
        mutually_exclusive=(("backup", "backups"), ("label", "backup"), ("label", "backups")),
        required_if=(
            ("state", "present", ("label", "passphrase")),
            ("state", "absent", ("backup", "backups"), True),
            ("state", "absent", ("location",)),
            ("state", "validated", ("passphrase",)),
        ),
    )
)


def desired(params: dict) -> backup_operations.Desired:
    """What shall be made. Raises for a label that is none and for a share that can be none."""
    label = params["label"]
    share = place("copy", params["remote_share"]) if params["remote_share"] else ""
    if not label.strip() or label != label.strip() or not label.isprintable() or len(label) > 255:
        raise bad_input(
            "config_label",
            "label is empty, too long, begins or ends with a blank, or holds control characters.",
            "Correct label and run again.",
        )
    return backup_operations.Desired(
        label,
        api.check_secret(params["passphrase"], "passphrase"),
        params["include_os"],
        params["include_firmware"],
        share if share != INTERNAL else "",
    )


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/backup_operations.py."""
    params = run.params
    if params["state"] == "present":
        asked = desired(params)
        with api.connect(run) as client:
            return backup_operations.create(run, client, asked)
    if params["state"] == "validated":
        if params["backups"] is not None:
            raise bad_input("config_options", "only one backup can be validated at a time.", "Give backup in place of backups.")
        passphrase = api.check_secret(params["passphrase"], "passphrase")
        with api.connect(run) as client:
            return backup_operations.validate(run, client, params["backup"], passphrase)
    names = [params["backup"]] if params["backups"] is None else params["backups"]
    if not names:
        raise bad_input("config_empty", "backups is an empty list.", "Name at least one backup and run again.")
    location = params["location"].strip()
    location = location if location == backup_operations.ALL else place("delete", location)
    with api.connect(run) as client:
        return backup_operations.delete(run, client, names, location)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
