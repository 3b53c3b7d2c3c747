#!/usr/bin/python
# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_receiver_info
short_description: Read receivers (webhooks) of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Lists the receivers of the token's project, all pages, by name. Their addresses are secrets and are not returned unless
    O(return_url) asks for them. The id of a webhook is all that is secret in its address, so it is not returned either.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - groundwork.provision.openstack
  - groundwork.provision.attributes.info
  - groundwork.provision.attributes.openstack
options:
  name:
    description: Only receivers with this name, to the letter.
    type: str
  cluster:
    description: Only receivers of the cluster with this name or id.
    type: str
  return_url:
    description: Whether RV(urls) is returned. It holds secrets, so set C(no_log) to true for the task that registers it.
    type: bool
    default: false
seealso:
  - module: groundwork.provision.cluster_receiver
"""

EXAMPLES = r"""
- name: List the receivers of a cluster
  groundwork.provision.cluster_receiver_info:
    cloud: production
    cluster: web-cluster
"""

RETURN = r"""
receivers:
  description: The receivers found, an empty list when there are none.
  returned: success
  type: list
  elements: dict
  contains:
    id: {description: "Its id; null for a webhook, whose address it would tell.", type: str}
    name: {description: Its name., type: str, sample: one-more}
    type: {description: "Its type, V(webhook) or V(message).", type: str, sample: webhook}
    cluster_id: {description: Id of its cluster., type: str}
    action: {description: The action that it starts., type: str, sample: CLUSTER_SCALE_OUT}
    params: {description: Parameters of the action., type: dict, sample: {count: 1}}
urls:
  description:
    - The addresses of the receivers, by their names. They are secrets.
    - Where several have a name, the key is the id of the cluster, a slash and the name.
  returned: success, with O(return_url)
  type: dict
duration:
  description: Seconds that the run took.
  returned: always
  type: float
error:
  description:
    - Why the task failed. A key is null where nothing is known.
    - RV(error.code) is stable and meant for conditions. The page docs/error_codes.md of the collection lists all codes.
  returned: on failure
  type: dict
  contains:
    code: {description: Stable word for the kind of failure., type: str}
    status: {description: HTTP status of the answer that the failure is about., type: int}
    system: {description: The kind of server., type: str, sample: openstack}
    operation: {description: "What was tried. V(plan) when the task was refused by what was read, or by its options.", type: str}
    resource: {description: What RV(error.operation) was tried on. Of several items the first that failed., type: str}
    resources: {description: "Every item that failed or is in doubt, when the task is about several.", type: list, elements: str}
    server_message: {description: What the server said., type: str}
    hint: {description: What to do next., type: str}
    request_id:
      description: Id under which the log of the service has the request.
      returned: when the clustering service answered
      type: str
    server_type: {description: The kind of error as the service names it., returned: when the clustering service answered, type: str}
"""

from ansible_collections.groundwork.provision.plugins.module_utils import _module
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPENSTACK, Spec
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, listing, receivers, specs

SPEC = OPENSTACK + Spec({"name": {"type": "str"}, "cluster": {"type": "str"}, "return_url": {"type": "bool", "default": False}})


def run(run: Run) -> dict:
    """Read and filter."""
    params = run.params
    name = specs.check_name(params["name"]) if params["name"] is not None else None
    with api.connect(run, minor=api.NEWEST) as client:
        found = listing.read_all(client, listing.RECEIVERS, [("name", name)] if name is not None else [])
        run.redactor.add(*(secret for one in found for secret in receivers.secrets(one)))
        if params["cluster"] is not None:
            names, ids = listing.names_and_ids([params["cluster"]])
            one = listing.meant(listing.CLUSTERS, params["cluster"], listing.read(client, listing.CLUSTERS, names, ids))
            found = [receiver for receiver in found if one is not None and receiver.get("cluster_id") == one["id"]]
    found = sorted((one for one in found if name in (None, one["name"])), key=lambda one: (one["name"], one["id"]))
    if params["return_url"]:
        run.reveal["urls"] = receivers.urls(found)
    return {"changed": False, "receivers": [receivers.public(one) for one in found]}


def main() -> None:
    _module.main(SPEC, run)


if __name__ == "__main__":
    main()
