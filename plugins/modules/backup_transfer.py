#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_transfer
short_description: Copy, move or push backups of XClarity Administrator
version_added: 1.0.0
description:
  - Copies or moves one backup of XClarity Administrator, or many in one task, between its local repository and its remote shares.
  - Pushes a backup to another, newly set up XClarity Administrator, and cancels the push that is running.
  - A backup that is at its destination already is left alone; a copy or push that is under way is waited for.
  - Every request is sent at most once. One whose answer was lost is looked for, never repeated.
  - The end is judged by reading the list of backups again, not by the job alone.
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
      - A push is idempotent only with O(target_username), since this server keeps no record of what it pushed.
        Without it every run pushes.
      - With O(assume_absent=true) every run sends the request while the server does not tell where its backups are.
options:
  operation:
    description:
      - V(copy) copies the backup to O(destination) and keeps the original. From the local repository to a share, or back.
      - V(move) copies it and deletes the original. Only from the local repository to a share.
      - V(push) sends it to another XClarity Administrator, from the local repository or else from the share that holds it.
    type: str
    choices: [copy, move, push]
    required: true
  action:
    description:
      - V(start) copies, moves or pushes the backup.
      - V(cancel) ensures that no push is running. It is only for O(operation=push). A copy or move can be cancelled with
        M(groundwork.provision.job).
    type: str
    choices: [start, cancel]
    default: start
  backup:
    description:
      - UUID, label or file name of one backup. A label or file name that several backups have is refused.
      - Use O(backups) for many.
    type: str
  destination:
    description:
      - With O(operation=copy), V(internal) for the local repository, or the mount point of a remote share that the server
        already has. With V(internal) the server chooses the share to copy from.
      - With O(operation=move), the mount point of a remote share.
      - With O(operation=push), the IPv4 or IPv6 address or the host name of the other XClarity Administrator.
    type: str
  backups:
    description:
      - Many backups to copy or move in one task, with one login, one plan, and one poll for all of their jobs.
    type: list
    elements: dict
    suboptions:
      backup:
        description: As O(backup).
        type: str
        required: true
      destination:
        description: As O(destination), which is the default for each.
        type: str
  move_method:
    description:
      - V(native) sends the documented move, and the server deletes the original by its own judgement. A backup that is at the
        destination and still in the local repository is moved once more.
      - V(verified) copies, reads the list, compares the checksum that the server tells of the copy itself with that of the original,
        and only then deletes the original from the local repository. Where the server tells one checksum for all locations, or
        none, the copy cannot be verified, and the task fails with the code C(copy_not_proven) before it begins.
        A backup that is at both places already is only compared and deleted. It needs O(wait=true).
    type: str
    choices: [native, verified]
    default: native
  assume_absent:
    description:
      - Some servers may not tell in their list where a backup is. It can then not be seen whether anything is left to do, and
        the module refuses to copy or move.
      - With V(true) it sends the request all the same, on every run, and believes the job. V(false) never guesses.
      - It changes nothing where the server tells the locations.
    type: bool
    default: false
  job_id:
    description:
      - With O(action=cancel), the id of the push to cancel. While another push is running nothing is sent, since a cancel ends
        whatever push is running, perhaps somebody else's.
    type: str
  target_endpoint:
    description:
      - With O(operation=push), the address of the other XClarity Administrator for the check before and after.
      - If not set, V(https://) with O(destination).
    type: str
  target_username:
    description:
      - User of the other XClarity Administrator. With it, a backup that the other server lists with the same checksum is left
        alone, and the push counts as done only when it is listed there.
    type: str
  target_password:
    description: Password of O(target_username).
    type: str
  target_validate_certs:
    description: As O(validate_certs), for the other server. If not set, as O(validate_certs).
    type: bool
  target_ca_path:
    description: As O(ca_path), for the other server. If not set, as O(ca_path).
    type: path
notes:
  - A move takes the backup away from its source. While another job that has not ended names the backup, or is a transfer that
    names no backup, a move fails with the code C(busy), in check mode too, before anything is sent; a verified one looks again
    before it deletes. Copies of one backup to several destinations may run at a time, but not beside a move of it.
  - After a push the backup has to be validated on the other server, see O(groundwork.provision.backup#module:state=validated).
  - No call of the API lists the remote shares. A mount point that the server does not know is refused by the server.
seealso:
  - module: groundwork.provision.backup
  - module: groundwork.provision.backup_info
  - module: groundwork.provision.job
"""

EXAMPLES = r"""
- name: Copy a backup to a remote share
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: copy
    backup: nightly
    destination: /mnt/backups

- name: Move a backup to a remote share; the original is deleted only when the server tells the same checksum of the copy
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: move
    move_method: verified
    backup: 4edf27ff-08d1-49b5-b7f3-7e8edc4fd278
    destination: /mnt/archive

- name: Copy many backups in one task
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: copy
    destination: /mnt/archive
    backups:
      - backup: nightly
      - backup: before-upgrade
        destination: /mnt/backups

- name: Push a backup to a new server, and see that it is there
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: push
    backup: before-upgrade
    destination: 192.0.2.11
    target_endpoint: https://xclarity-new.example.com
    target_username: automation
    target_password: "{{ xclarity_password }}"

- name: Cancel the push that is running, if one is
  groundwork.provision.backup_transfer:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    operation: push
    action: cancel
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
    - method: PUT
      path: /managementServer/data
      query: {}
      body: {action: start, destination: /mnt/backups, operation: copy, uuid: 4edf27ff-08d1-49b5-b7f3-7e8edc4fd278}
      resource: 4edf27ff-08d1-49b5-b7f3-7e8edc4fd278 to /mnt/backups
      why: it is at internal and not at /mnt/backups
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
backups:
  description: A result for each backup, in the order given. Empty with O(action=cancel).
  returned: always, once the backups were found
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
      description: Where it is now. Not set where the server does not tell.
      type: list
      elements: str
      sample: [internal, /mnt/backups]
    destination: {description: Where it was to go., type: str, sample: /mnt/backups}
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    job: {description: Id of the job that was started or joined., type: str, sample: "17"}
    joined: {description: "Whether the work was already under way when this run began, and was only waited for.", type: bool, sample: false}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool, sample: false}
    proven:
      description: Whether a list was read that shows the desired end. For a push this is the list of the other server.
      type: bool
      sample: true
    server_messages: {description: What the server said when it accepted a request with a warning., type: list, elements: str, sample: []}
    history:
      description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
        C(return_history) is V(full).
      type: list
      elements: dict
    error:
      description: Why it failed, with keys of RV(error) and with C(message), the message about this item.
      returned: when it failed
      type: dict
job:
  description: The push that was cancelled, as in RV(groundwork.provision.job_info#module:jobs). Not set when none was running.
  returned: with O(action=cancel)
  type: dict
history:
  description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
    C(return_history) is V(full).
  returned: with O(action=cancel), when a push was cancelled
  type: list
  elements: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 12.4
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: source_not_local}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: copy
    resource:
      description: What RV(error.operation) was tried on. Of several items the first that failed.
      type: str
      sample: 4edf27ff-08d1-49b5-b7f3-7e8edc4fd278
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Copy it to internal first, then run again."}
    job: {description: Id of the job., returned: when a job did not end well or in time, type: str, sample: "17"}
    state: {description: Its last state., returned: when a job did not end well or in time, type: str, sample: Running}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, backup_transfer_operations
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backup_transfers import Desired, address, place

SPEC = (
    XCLARITY
    + WAIT
    + BULK
    + ONCE
    + Spec(
        {
            "operation": {"type": "str", "choices": ["copy", "move", "push"], "required": True},
            "action": {"type": "str", "choices": ["start", "cancel"], "default": "start"},
            "backup": {"type": "str"},
            "destination": {"type": "str"},
            "backups": {
                "type": "list",
                "elements": "dict",
                "options": {"backup": {"type": "str", "required": True}, "destination": {"type": "str"}},
            },
            "move_method": {"type": "str", "choices": ["native", "verified"], "default": "native"},
            "assume_absent": {"type": "bool", "default": False},
            "job_id": {"type": "str"},
            "target_endpoint": {"type": "str"},
            "target_username": {"type": "str"},
            "target_password": {"type": "str", "no_log": True},
            "target_validate_certs": {"type": "bool"},
            "target_ca_path": {"type": "path"},
        },
        # A start needs a backup, so what excludes job_id and the backups keeps it to a cancel.
        mutually_exclusive=(("backup", "backups", "job_id"), ("destination", "job_id")),
        required_together=(("target_username", "target_password"),),
        required_if=(("action", "start", ("backup", "backups"), True),),
        required_by=(
            ("target_endpoint", ("target_username",)),
            ("target_validate_certs", ("target_username",)),
            ("target_ca_path", ("target_username",)),
        ),
    )
)


def check(params: dict) -> None:
    """Combinations of options that make no sense, which an argument spec cannot tell."""
    push, cancel = params["operation"] == "push", params["action"] == "cancel"

    def refuse(why: str, next_step: str) -> None:
        raise bad_input("config_options", why, next_step)

    if cancel and not push:
        refuse("action cancel is only for a push.", "Cancel the job of a copy or move with the module job.")
    if cancel and (params["backup"] or params["backups"] or params["destination"]):
        refuse("a cancel takes neither backup nor destination.", "Name the push by job_id, or leave all of them out.")
    if push and params["backups"] is not None:
        refuse("only one backup can be pushed at a time.", "Give backup in place of backups and run again.")
    if not push and params["target_username"]:
        refuse("the target_ options are only for a push.", "Remove them and run again.")
    if params["move_method"] == "verified" and params["operation"] == "move" and not params["wait"]:
        refuse("a verified move has to wait for its copy.", "Set wait to true, or move_method to native, and run again.")


def desired(params: dict) -> list[Desired]:
    """The backups of either form, for a copy or move. Raises for an empty list and for a destination that cannot be."""
    operation = params["operation"]
    rows = params["backups"] if params["backups"] is not None else [{"backup": params["backup"]}]
    if not rows:
        raise bad_input("config_empty", "backups is an empty list.", "Name at least one backup and run again.")
    verified = operation == "move" and params["move_method"] == "verified"
    return [
        Desired(
            operation,
            row["backup"],
            place(operation, row.get("destination") or params["destination"]),
            verified,
            params["assume_absent"],
        )
        for row in rows
    ]


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify; see xclarity/backup_transfer_operations.py."""
    params = run.params
    check(params)
    if params["action"] == "cancel":
        with api.connect(run) as client:
            return backup_transfer_operations.cancel(run, client, params["job_id"])
    if params["operation"] == "push":
        destination = address(params["destination"])
        bracketed = f"[{destination}]" if ":" in destination else destination
        params["target_endpoint"] = params["target_endpoint"] or f"https://{bracketed}"
        with api.connect(run) as client:
            if destination.casefold() == client.transport.endpoint.host.casefold():
                raise bad_input("config_destination", "destination is this server itself.", "Name the other server and run again.")
            return backup_transfer_operations.push(run, client, params["backup"], destination)
    asked = desired(params)
    with api.connect(run) as client:
        return backup_transfer_operations.transfer(run, client, asked)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
