#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: osimage_info
short_description: List OS images of XClarity Administrator and their profiles
version_added: 1.0.0
description:
  - Returns the OS images of the repository with their profiles, and the profiles by themselves.
  - It asks with one list call and never by the id of a profile, since that would start an export.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.xclarity
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.xclarity
options:
  image:
    description:
      - Ids or names of OS images. What is not there is left out. All, if not set.
    type: list
    elements: str
  profile:
    description:
      - Ids or names of OS-image profiles. What is not there is left out, and so are images without one of these. All, if not set.
    type: list
    elements: str
seealso:
  - module: groundwork.provision.osimage_export
"""

EXAMPLES = r"""
- name: List all OS images
  groundwork.provision.osimage_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
  register: repository

- name: Look up one profile by its name
  groundwork.provision.osimage_info:
    endpoint: https://xclarity.example.com
    username: automation
    password: "{{ xclarity_password }}"
    profile: corp_gold
"""

RETURN = r"""
images:
  description: OS images, in the server's order.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the image., type: str, sample: win2016}
    name: {description: Name of the image., type: str, sample: win2016}
    description: {description: Description., type: str, sample: ""}
    type: {description: Kind of operating system., type: str, sample: win}
    os_release: {description: Release., type: str, sample: "2016"}
    os_build_id: {description: Build., type: str, sample: ""}
    deploy_status: {description: Whether it can be deployed., type: str, sample: ""}
    profiles: {description: "Its profiles, as in RV(profiles).", type: list, elements: dict}
profiles:
  description: Profiles of these images.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: Id of the profile., type: str, sample: "win2016|win2016-x86_64-install-corp_gold"}
    name: {description: Name of the profile., type: str, sample: corp_gold}
    image: {description: Id of its OS image., type: str, sample: win2016}
    customization:
      description: Its options for customisation as the server tells them; empty when the image cannot be customised.
      type: dict
      sample: {bootOptions: {bootFileIds: [boot01]}}
    fingerprint: {description: Changes when anything in the profile's entry changes., type: str, sample: 0f1e2d3c}
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
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, os_images

SPEC = XCLARITY + Spec({"image": {"type": "list", "elements": "str"}, "profile": {"type": "list", "elements": "str"}})


def run(run: Run) -> dict:
    """One list call, then filters."""
    with api.connect(run) as client:
        images = os_images.select(os_images.read_all(client), run.params["image"], run.params["profile"])
    shown = [image.public() for image in images]
    return {"changed": False, "images": shown, "profiles": [profile for image in shown for profile in image["profiles"]]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
