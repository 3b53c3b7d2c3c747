# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receivers of the clustering service: an address that starts an action of a cluster for whoever knows it. Planning, pure.

Read off a running Senlin 16.0.0: the address holds the parameters that the receiver was made with, and keeps them when these are
changed. So other parameters mean another receiver. The address needs no token and is a secret, and so is the id of a webhook, which is
all of it that is not public. So a receiver is known by its cluster and its name, to people and to the record.
"""

from __future__ import annotations

import collections
import dataclasses
import re
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
_SCALE = ("CLUSTER_SCALE_OUT", "CLUSTER_SCALE_IN")


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


def secrets(receiver: Entry) -> list[str]:
    """What must not be shown of it: the address of a webhook, and the id that the address holds. (A receiver of messages has a queue of
    its own, which only takes messages with a token.)"""
    return [url(receiver)] if receiver.get("type") == "message" else [url(receiver), receiver["id"]]


def public(receiver: Entry) -> Entry:
    """A receiver for a result, without its address and its trust."""
    hidden = secrets(receiver)
    return {key: None if key == "id" and receiver["id"] in hidden else receiver.get(key) for key in KEYS}


def urls(entries: t.Sequence[Entry]) -> dict[str, str]:
    """The addresses of receivers by name. The service keeps no names unique: one that repeats has its cluster's id before it, and a number
    behind it where that repeats, too."""
    names = collections.Counter(one["name"] for one in entries)
    seen = collections.Counter[str]()
    found = {}
    for one in entries:
        key = one["name"] if names[one["name"]] == 1 else f"{one.get('cluster_id')}/{one['name']}"
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key} ({seen[key]})"] = url(one)
    return found


def meant(desired: Desired, cluster: Entry | None, entries: t.Sequence[Entry]) -> Entry | None:
    """The receiver of this name and cluster. Several are refused; their ids are secrets, so they cannot be told apart here."""
    if cluster is None:  # receivers of messages may have none, and are not meant
        return None
    mine = [one for one in entries if one["name"] == desired.name and one.get("cluster_id") == cluster["id"]]
    if len(mine) < 2:
        return next(iter(mine), None)
    raise bad_input(
        "name_ambiguous",
        f"the cluster {desired.cluster} has several receivers {desired.name}.",
        "Delete those that are not meant in the service itself (openstack cluster receiver list), and run again.",
        resource=desired.name,
    )


def plan(desired: Desired, cluster: Entry, found: Entry | None) -> tuple[Step, ...]:
    """The requests, in order: the old one is deleted before the new one is made, so that there are never two of the name."""
    if found is None:
        _refuse_count(desired)
        return (_create(desired, cluster, "the cluster has no receiver of this name"),)
    asked = {"action": desired.action, "params": desired.params}
    differ = [key for key, value in asked.items() if value is not None and _differs(found, key, value)]
    merged = dataclasses.replace(
        desired,
        action=desired.action or found.get("action"),
        params=desired.params if desired.params is not None else found.get("params") or {},
    )
    if differ or desired.params is not None:
        _refuse_count(merged)
    if not differ:
        return ()
    why = f"its {' and '.join(differ)} {'differ' if len(differ) > 1 or differ == ['params'] else 'differs'}, which its address keeps"
    return (delete(found, why), _create(merged, cluster, "it takes the place of the one with other parameters"))


def _refuse_count(desired: Desired) -> None:
    """The service takes any count for a receiver. Each action that its address starts then fails, but with null where a scaling policy
    counts; without count it works there, too."""
    if desired.action not in _SCALE or "count" not in (desired.params or {}):
        return
    text = str((desired.params or {})["count"])
    # As the service judges it: 2 and "2" are numbers, 2.0, true and "02" are none.
    if not re.fullmatch(r"[1-9][0-9]*", text):
        raise bad_input(
            "config_number",
            f"params.count is not a whole number from 1 on, and {desired.action} of the receiver {desired.name} would fail.",
            "Correct it, or leave count out for what a scaling policy says or one node, and run again.",
            resource=desired.name,
        )


def _differs(found: Entry, key: str, value: t.Any) -> bool:
    return specs.canonical(found.get(key) or type(value)()) != specs.canonical(value)


def delete(receiver: Entry, why: str) -> Step:
    path = listing.path(RECEIVERS, receiver["id"])
    return Step("delete", "DELETE", path, _known_as(receiver), why, title=receiver["name"], effect=("the deletion", "accepted"))


def _known_as(receiver: Entry) -> str:
    return f"{receiver.get('cluster_id')}/{receiver['name']}"


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
    resource = _known_as({"cluster_id": cluster["id"], "name": desired.name})
    effect = ("the receiver", "created")
    return Step("create", "POST", RECEIVERS.path, resource, why, body={"receiver": body}, title=desired.name, effect=effect)
