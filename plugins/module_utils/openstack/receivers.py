# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers of the clustering service: an address that starts an action of a cluster for whoever knows it. Planning, pure.

Read off a running Senlin 16.0.0: the address holds the parameters that the receiver was made with, and keeps them when these are
changed. So other parameters mean another receiver. The address needs no token and is a secret.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import listing, specs
from ansible_collections.groundwork.provision.plugins.module_utils.openstack.listing import RECEIVERS, Entry

KEYS = ("action", "cluster_id", "created_at", "id", "name", "params", "project", "type", "updated_at", "user")
ACTIONS = (
    "CLUSTER_SCALE_OUT", "CLUSTER_SCALE_IN", "CLUSTER_RESIZE", "CLUSTER_CHECK", "CLUSTER_RECOVER", "CLUSTER_UPDATE", "CLUSTER_DELETE",
    "CLUSTER_ADD_NODES", "CLUSTER_DEL_NODES", "CLUSTER_REPLACE_NODES", "CLUSTER_ATTACH_POLICY", "CLUSTER_DETACH_POLICY",
    "CLUSTER_UPDATE_POLICY", "CLUSTER_OPERATION",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one receiver."""

    name: str
    cluster: str
    action: str | None = None
    params: dict[str, t.Any] | None = None


def url(receiver: Entry) -> str:
    """Its address, an empty text where the service tells none."""
    channel = receiver.get("channel")
    found = channel.get("alarm_url") if isinstance(channel, dict) else None
    return found if isinstance(found, str) else ""


def public(receiver: Entry) -> Entry:
    """A receiver for a result, without its address and its trust."""
    return {key: receiver.get(key) for key in KEYS}


def plan(desired: Desired, cluster: Entry, found: Entry | None) -> tuple[Step, ...]:
    """The requests, in order: the old one is deleted before the new one is made, so that there are never two of the name."""
    if found is None:
        return (_create(desired, cluster, "the cluster has no receiver of this name"),)
    asked = {"action": desired.action, "params": desired.params}
    differ = [key for key, value in asked.items() if value is not None and _differs(found, key, value)]
    if not differ:
        return ()
    merged = dataclasses.replace(
        desired,
        action=desired.action or found.get("action"),
        params=desired.params if desired.params is not None else found.get("params") or {},
    )
    why = f"its {' and '.join(differ)} {'differ' if len(differ) > 1 or differ == ['params'] else 'differs'}, which its address keeps"
    return (delete(found, why), _create(merged, cluster, "it takes the place of the one with other parameters"))


def _differs(found: Entry, key: str, value: t.Any) -> bool:
    return specs.canonical(found.get(key) or type(value)()) != specs.canonical(value)


def delete(receiver: Entry, why: str) -> Step:
    path = listing.path(RECEIVERS, receiver["id"])
    return Step("delete", "DELETE", path, receiver["id"], why, title=receiver["name"], effect=("the deletion", "accepted"))


def _create(desired: Desired, cluster: Entry, why: str) -> Step:
    if desired.action is None:
        raise bad_input(
            "config_action",
            f"the cluster {cluster['name']} has no receiver {desired.name} yet, and without action it cannot be made.",
            "Set action and run again.",
            resource=desired.name,
        )
    body: dict[str, t.Any] = {"name": desired.name, "type": "webhook", "cluster_id": cluster["id"], "action": desired.action}
    if desired.params:
        body["params"] = desired.params
    resource = f"{cluster['id']}/{desired.name}"
    effect = ("the receiver", "created")
    return Step("create", "POST", RECEIVERS.path, resource, why, body={"receiver": body}, title=desired.name, effect=effect)
