#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_profile
short_description: Create, update, replace or delete cluster profiles of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Keeps one cluster profile, or many in one task, as it is described.
  - Names are not unique in the clustering service, and a name in its addresses may hit another profile whose id begins with it. So
    profiles are listed by name, only those of the token's own project are looked at, and every request names a whole id.
  - A creation is sent at most once. One whose answer was lost is looked for, never repeated. To tell it from any other, the metadata of a
    new profile gets the key C(groundwork_provision_request) with a random id, see O(marker).
  - In check mode the service itself checks the specs of the profiles that would be made (microversion 1.2), so a bad spec fails there.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.bulk
  - groundwork.provision.once
  - groundwork.provision.on_use
  - groundwork.provision.attributes
  - groundwork.provision.attributes.openstack
options:
  name:
    description:
      - Name of the profile, 1 to 255 letters, digits and the characters C(_ . ~ -).
      - With O(id) it is the name that the profile is to have. With O(state=absent) it has to be the name that it has.
      - Several profiles of this name in the project are refused, unless the metadata shows that this module made all but one of them.
    type: str
  id:
    description:
      - Id of the profile, whole. Use it to rename a profile, or to tell several of one name apart.
      - A new profile gets its id from the service, so with O(id) nothing is created.
    type: str
  spec:
    description:
      - The specification, a mapping of C(type), C(version) and C(properties). Needed to create a profile.
      - It is sent to the letter, and compared to the letter with what is there, but that a version may be a number or a text.
        V(1) is not V(1.0) and V(true) is not V("true").
    type: dict
  spec_file:
    description:
      - File with the specification, JSON if it ends in C(.json), else YAML (which needs PyYAML), on the host that runs the module.
      - The same file as for C(openstack cluster profile create --spec-file), but files that it names are not read.
    type: path
  metadata:
    description:
      - The metadata that the profile is to have. It takes the place of all that is there, but for the keys that begin with
        C(groundwork_provision_).
      - If not set, the metadata is left as it is. With V({}) it is emptied.
    type: dict
  profiles:
    description:
      - Many profiles in one task, with one token and one list.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
      id:
        description: As O(id).
        type: str
      spec:
        description: As O(spec).
        type: dict
      spec_file:
        description: As O(spec_file).
        type: path
      metadata:
        description: As O(metadata).
        type: dict
  state:
    description:
      - V(present) creates the profile, or changes name and metadata of the one that exists to the desired ones.
      - V(absent) deletes it. A profile that a cluster or node uses cannot be deleted, see O(on_use).
    type: str
    choices: [present, absent]
    default: present
  on_spec_change:
    description:
      - What to do with a profile whose spec differs from the desired one. The service cannot change a spec.
      - V(fail) changes nothing and tells where they differ.
      - V(replace) creates a new profile of the same name, and then deletes the old one if no cluster or node uses it. One that is in use is
        kept and named in RV(kept). The new profile's metadata names it under C(groundwork_provision_replaces), so that later runs know
        which of the two is meant, and delete the old one when it is no longer used. Only with O(name), since the id changes.
    type: str
    choices: [fail, replace]
    default: fail
  unique_by:
    description: What tells whether a profile is there already.
    type: str
    choices: [name]
    default: name
  marker:
    description:
      - Whether a new profile's metadata gets the key C(groundwork_provision_request). It is not shown in diffs and not compared.
      - Without it, a creation whose answer was lost is looked for by name, spec and metadata, doubles made by two runs at once are
        not removed, and a profile that is in use cannot be replaced.
    type: bool
    default: true
seealso:
  - module: groundwork.provision.cluster_profile_info
  - module: groundwork.provision.cluster_profile_type_info
"""

EXAMPLES = r"""
- name: Create a profile of servers
  groundwork.provision.cluster_profile:
    cloud: production
    name: web-server
    spec:
      type: os.nova.server
      version: "1.0"
      properties:
        name: web
        flavor: m1.small
        image: debian-12
        networks:
          - network: private
    metadata:
      owner: web-team

- name: Replace a profile whose spec has changed
  groundwork.provision.cluster_profile:
    cloud: production
    name: web-server
    spec_file: /etc/profiles/web-server.yml
    on_spec_change: replace

- name: Keep many profiles in one task
  groundwork.provision.cluster_profile:
    cloud: production
    profiles:
      - name: web-server
        spec_file: /etc/profiles/web-server.yml
      - name: worker
        spec_file: /etc/profiles/worker.yml
        metadata:
          owner: batch

- name: Rename a profile, with an application credential
  groundwork.provision.cluster_profile:
    auth:
      auth_url: https://keystone.example.com/v3
      application_credential_id: 6cb5fa6a13184e6fab65ba2108adf50c
      application_credential_secret: "{{ application_credential_secret }}"
    id: 7fa885cd-fa39-4531-a42d-780af95c84a4
    name: web-server-old

- name: Delete a profile
  groundwork.provision.cluster_profile:
    cloud: production
    name: web-server
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
    - The random id of a new profile is not shown.
  returned: always
  type: list
  elements: dict
  sample:
    - method: DELETE
      path: /profiles/7fa885cd-fa39-4531-a42d-780af95c84a4
      query: {}
      body:
      resource: web-server (7fa885cd-fa39-4531-a42d-780af95c84a4)
      why: it is wanted absent
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
profile:
  description: The profile as the service has it, null when there is none.
  returned: without O(profiles)
  type: dict
  contains:
    id: {description: Its id., type: str, sample: 7fa885cd-fa39-4531-a42d-780af95c84a4}
    name: {description: Its name., type: str, sample: web-server}
    type: {description: Type and version of the profile., type: str, sample: os.nova.server-1.0}
    spec: {description: "The specification as it was sent, but what is below names that sound like a secret is masked.", type: dict}
    metadata: {description: The metadata with the keys of this collection., type: dict, sample: {owner: web-team}}
    created_at: {description: When it was created (UTC)., type: str, sample: "2026-03-01T09:15:00Z"}
    updated_at: {description: When it was updated last (UTC)., type: str}
    domain: {description: Id of its domain., type: str}
    project: {description: Id of its project., type: str, sample: 42d9e9663331431f97b75e25136307ff}
    user: {description: Id of the user who created it., type: str, sample: 5e5bf8027826429c96af157f68dc9072}
reconciled:
  description: Whether an answer was lost and the effect of the request was found by reading.
  returned: without O(profiles)
  type: bool
  sample: false
deleted:
  description: Ids of the profiles that this run deleted.
  returned: without O(profiles)
  type: list
  elements: str
  sample: []
kept:
  description:
    - Profiles that are still there because they are in use. They were replaced, in this run or an earlier one, or were to be deleted, with
      O(on_use=keep).
  returned: without O(profiles)
  type: list
  elements: dict
  contains:
    id: {description: Id of the profile., type: str}
    used_by: {description: "Clusters and nodes that use it, as far as the service tells.", type: list, elements: str, sample: [cluster web]}
profiles:
  description: A result for each profile, in the order given.
  returned: with O(profiles)
  type: list
  elements: dict
  contains:
    name: {description: Name of the profile., type: str, sample: web-server}
    profile:
      description: As RV(profile).
      type: dict
    changed: {description: "Whether this run changed it, or may have done so.", type: bool, sample: true}
    outcome: {description: "What is known of the requests for it, in the words of RV(outcome).", type: str, sample: finished}
    reconciled: {description: Whether an answer was lost and the effect of the request was found by reading., type: bool, sample: false}
    deleted: {description: As RV(deleted)., type: list, elements: str}
    kept: {description: As RV(kept)., type: list, elements: dict}
    error:
      description: Why it failed, with keys of RV(error) and with C(message), the message about this item.
      returned: when it failed
      type: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
  sample: 0.4
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str, sample: invalid_spec}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: openstack}
    operation:
      description: What was tried. V(plan) when the task was refused by what was read, or by its options.
      type: str
      sample: create
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str, sample: web-server}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str, sample: "Correct the spec as the service says, and run again."}
    request_id:
      description: Id under which the log of the service has the request.
      returned: when the clustering service answered
      type: str
      sample: req-8cc96fec-81c5-413a-9963-a10482cd922f
    server_type: {description: The kind of error as the service names it., returned: when the clustering service answered, type: str}
    differences:
      description: Where the spec differs from the desired one, as dotted paths.
      type: list
      elements: str
      returned: when RV(error.code) is V(spec_differs)
      sample: [spec.properties.flavor]
    id: {description: Id of the profile that differs., type: str, returned: when RV(error.code) is V(spec_differs)}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._options import BULK, ON_USE, ONCE, OPENSTACK, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import secrets
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profile_operations import set_profiles
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.cluster_profiles import Desired

PROFILE = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "spec": {"type": "dict"},
    "spec_file": {"type": "path"},
    "metadata": {"type": "dict"},
}
SPEC = (
    OPENSTACK
    + BULK
    + ONCE
    + ON_USE
    + Spec(
        {
            **PROFILE,
            "profiles": {
                "type": "list",
                "elements": "dict",
                "options": PROFILE,
                "required_one_of": [["name", "id"]],
                "mutually_exclusive": [["spec", "spec_file"]],
            },
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "on_spec_change": {"type": "str", "choices": ["fail", "replace"], "default": "fail"},
            "unique_by": {"type": "str", "choices": ["name"], "default": "name"},
            "marker": {"type": "bool", "default": True},
        },
        mutually_exclusive=(("spec", "spec_file"), *(("profiles", other) for other in PROFILE)),
        required_one_of=(("name", "id", "profiles"),),
    )
)


def desired(params: dict) -> list[Desired]:
    """The items of either form, checked. Raises for an empty list and for what the service would not take."""
    rows = params["profiles"] if params["profiles"] is not None else [{key: params[key] for key in PROFILE}]
    if not rows:
        raise bad_input("config_empty", "profiles is an empty list.", "Name at least one profile and run again.")
    return [_one(row, params["state"]) for row in rows]


def _one(row: dict, state: str) -> Desired:
    name = specs.check_name(row["name"]) if row["name"] is not None else None
    ident = specs.check_id(row["id"]) if row["id"] is not None else None
    if state == "absent":
        return Desired(name, ident)
    spec = specs.load(row["spec_file"]) if row["spec_file"] else specs.check_spec(row["spec"]) if row["spec"] is not None else None
    metadata = specs.check_metadata(row["metadata"]) if row["metadata"] is not None else None
    return Desired(name, ident, spec, metadata)


def run(run: Run) -> dict:
    """Read, plan, apply, verify; see openstack/cluster_profile_operations.py."""
    params = run.params
    asked = desired(params)
    for one in asked:  # those of a file are no option's, which are known already
        run.redactor.add(*secrets(one.spec))
    how = {"present": params["state"] == "present", "policy": params["on_spec_change"], "single": params["profiles"] is None}
    with api.connect(run) as client:
        return set_profiles(run, client, asked, **how)


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
