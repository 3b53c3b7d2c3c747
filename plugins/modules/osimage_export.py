#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: osimage_export
short_description: Export a customised OS-image profile of XClarity Administrator
version_added: 1.0.0
description:
  - Exports a customised OS-image profile as a tar.gz, and downloads it to O(dest), or has it written to a O(remote_file_server).
  - The request that starts an export is a GET. It is sent at most once, never by check mode, and never repeated.
  - A download goes on where it broke off, and is put in place only when it is verified. Whoever reads O(dest) finds the old file or the
    new one. The file is private from its first byte, since an export holds unattend files, and those hold passwords.
  - What was exported is remembered, since the server keeps no list of exports and makes another file each time. Beside the file stands
    a small record C(.<file>.groundwork.json). While the profile's entry in the repository and the file are the same, nothing is done.
    An export that an earlier run started is joined, or only downloaded.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.wait
  - groundwork.provision.once
  - groundwork.provision.attributes
  - groundwork.provision.attributes.xclarity
options:
  profile:
    description:
      - Id of the profile, as in V(win2016|win2016-x86_64-install-corp_gold), or its name. A name that several profiles have is refused.
    type: str
    required: true
  dest:
    description:
      - Where the file goes, on the machine that the task runs on. A file, or a directory that is there. A relative path is refused.
      - In a directory the file gets the name that the server gives to the export.
    type: path
  mode:
    description:
      - Permissions of the file at O(dest), as a quoted octal number with a leading zero.
    type: str
    default: "0600"
  checksum:
    description:
      - The digest that the file must have, V(sha256:) and 64 hexadecimal digits.
      - A file at O(dest) that has it is left alone. A download that does not have it is thrown away.
      - Two exports of one profile differ, so this is of use with O(source_file), or to keep a file that is known.
    type: str
  follow:
    description:
      - Whether O(dest) may be a symbolic link. The file that it points to is then replaced.
      - Links in the directories above it are always followed.
    type: bool
    default: false
  source_file:
    description:
      - Name of an export that is on the server already, as RV(export.filename) or RV(error.filename) of an earlier run tells it.
      - Nothing is exported then, the file is only downloaded.
    type: str
  max_size:
    description: Bytes that the file may have.
    type: int
    default: 68719476736
  download_timeout:
    description:
      - Seconds that the download may take, with everything that has to be sent again. It ends as well when nothing comes for O(timeout)
        seconds and cannot be resumed.
    type: float
    default: 14400.0
  remote_file_server:
    description:
      - Id or display name of a remote file server that XClarity Administrator writes the export to. O(path) is required then.
      - XClarity Administrator cannot be asked what is on that server. So this task is unchanged when the user of this machine has
        exported the profile there before and its entry in the repository is the same; whether the file is still there nobody looks.
        The record of it is in O(state_dir). Where that is not kept between runs, as in a container, every run exports anew.
    type: str
  path:
    description: Full path on the O(remote_file_server).
    type: str
  force:
    description: Export anew, whatever is known of earlier exports. Every run is then changed.
    type: bool
    default: false
attributes:
  idempotent:
    support: partial
    details:
      - With O(force=true) every run exports.
      - With O(remote_file_server) it depends on the record in O(state_dir).
notes:
  - With O(wait=false) the task returns when the export is started. Run it again later to wait and to download; it does not export again.
  - The server's export files are not removed. The vendor's pages name no way to do it.
seealso:
  - module: groundwork.provision.osimage_info
  - module: groundwork.provision.remote_file_server
"""

EXAMPLES = r"""
- name: Export a profile and download it
  groundwork.provision.osimage_export:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: win2016|win2016-x86_64-install-corp_gold
    dest: /var/tmp/corp_gold.tar.gz

- name: Export a profile to a remote file server
  groundwork.provision.osimage_export:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: web_gold
    remote_file_server: images
    path: /exports/web_gold.tar.gz

- name: Start an export without waiting for it
  groundwork.provision.osimage_export:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: web_gold
    dest: /var/tmp/web_gold.tar.gz
    wait: false
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
    - method: GET
      path: /osImages/win2016%7Cwin2016-x86_64-install-corp_gold
      query: {}
      body:
      resource: win2016|win2016-x86_64-install-corp_gold
      why: no export of this profile is known here
export:
  description: The export.
  returned: always, once the profile was found
  type: dict
  contains:
    profile:
      description: The profile, as M(groundwork.provision.osimage_info) shows it.
      type: dict
    action:
      description: >-
        What this run had to do, V(same) nothing, V(start) export, V(join) wait for an export that an earlier run started,
        V(fetch) only download.
      type: str
      sample: start
    why: {description: Why., type: str, sample: no export of this profile is known here}
    filename: {description: Name of the export on the server., type: str, sample: 20260301091500_corp_gold.tar.gz}
    job: {description: Id of the job., type: str, sample: "12"}
    dest: {description: The file here., type: str, sample: /var/tmp/corp_gold.tar.gz, returned: when O(dest) is set}
    size: {description: Its bytes., type: int, sample: 4263000, returned: when O(dest) is set}
    sha256: {description: Its digest., type: str, sample: 9f86d081884c7d65, returned: when O(dest) is set}
    files: {description: Number of files in the archive., type: int, sample: 6, returned: when it was downloaded}
    resumes: {description: How often the download broke off and went on., type: int, sample: 0, returned: when O(dest) is set}
    remote_file_server: {description: The remote file server., type: dict, returned: when O(remote_file_server) is set}
    path: {description: The path there., type: str, sample: /exports/web_gold.tar.gz, returned: when O(remote_file_server) is set}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool, sample: false}
    server_messages: {description: What the server said when it accepted a request with a warning., type: list, elements: str, sample: []}
    history:
      description: The states seen while waiting, each with the second at which it was first seen. Of several items only the last, unless
        C(return_history) is V(full).
      type: list
      elements: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 42.1
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: no_space}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: xclarity}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: export
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: corp_gold}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Make room, and run again with source_file to fetch the same export."}
    filename: {description: Name of the export that is kept on the server., type: str, returned: when there is one to download}
    job: {description: Id of the job., returned: when a job did not end well or in time, type: str, sample: "17"}
    state: {description: Its last state., returned: when a job did not end well or in time, type: str, sample: Running}
"""

import re

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import ONCE, WAIT, XCLARITY, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, export_operations

SPEC = (
    XCLARITY
    + WAIT
    + ONCE
    + Spec(
        {
            "profile": {"type": "str", "required": True},
            "dest": {"type": "path"},
            "mode": {"type": "str", "default": "0600"},
            "checksum": {"type": "str"},
            "follow": {"type": "bool", "default": False},
            "source_file": {"type": "str"},
            "max_size": {"type": "int", "default": 68719476736},
            "download_timeout": {"type": "float", "default": 14400.0},
            "remote_file_server": {"type": "str"},
            "path": {"type": "str"},
            "force": {"type": "bool", "default": False},
        },
        mutually_exclusive=(
            ("dest", "remote_file_server"),
            ("checksum", "remote_file_server"),
            ("source_file", "remote_file_server"),
            ("source_file", "force"),
        ),
        required_one_of=(("dest", "remote_file_server"),),
        required_together=(("remote_file_server", "path"),),
    )
)


def check(params: dict) -> None:
    """Mistakes that can be seen without the server."""

    def refuse(code: str, why: str, option: str) -> Failure:
        return bad_input(code, f"{option} {why}.", f"Correct {option} and run again.")

    for option in ("profile", "dest", "remote_file_server", "path"):
        value = params[option]
        if value is not None and (not value.strip() or len(value) > 4096 or not value.isprintable()):
            raise refuse("config_id", "is empty, too long, or holds control characters", option)
    if params["dest"] is not None and not params["dest"].startswith("/"):
        why = "dest is no absolute path. A run from another directory would not know of this one."
        raise bad_input("config_destination", why, "Set dest to an absolute path and run again.")
    if not re.fullmatch(r"0[0-7]{3}", params["mode"]):
        raise refuse("config_mode", 'must be a quoted octal number such as "0600"', "mode")
    if params["checksum"] is not None and not re.fullmatch(r"sha256:[0-9A-Fa-f]{64}", params["checksum"]):
        raise refuse("config_checksum", "must be sha256: and 64 hexadecimal digits", "checksum")
    if not 0 < params["max_size"] < 2**63:
        raise refuse("config_number", "must be a positive number of bytes", "max_size")
    if not 1 <= params["download_timeout"] <= 31536000:
        raise refuse("config_number", "must lie between 1 and 31536000", "download_timeout")


def run(run: Run) -> dict:
    """Read, plan, apply, wait, verify, download; see xclarity/export_operations.py."""
    check(run.params)
    with api.connect(run) as client:
        return export_operations.export(run, client)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
