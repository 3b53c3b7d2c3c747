# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assign compliance policies to servers, and take them away: what to send, and what the answers mean.

A policy is assigned by a request that compares the device with it, and taken away by a POST to the list of results. The table of the page
writes policyname, its example and Lenovo's client policyName; the second is sent.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NOT_STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import number
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, firmware
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.firmware import Compliance


@dataclasses.dataclass(frozen=True)
class Desired:
    """What the user asks of one server. policy: with absent it may be empty, for any."""

    node: str
    policy: str


def plan(now: Compliance, desired: Desired, title: str, *, absent: bool) -> Step | None:
    if absent:
        if not now.policy or (desired.policy and now.policy != desired.policy):
            return None
        return Step(
            operation="unassign",
            method="POST",
            path=firmware.RESULTS,
            resource=now.uuid,
            title=title,
            why=f"it has the policy {now.policy}",
            body={"unassign": [{"uuid": now.uuid}]},
            effect=("the change", "accepted"),
        )
    if now.policy == desired.policy:
        return None
    return Step(
        operation="assign",
        method="POST",
        path="/compliancePolicies/compareResult",
        resource=now.uuid,
        title=title,
        why=f"it has the policy {now.policy}" if now.policy else "it has no policy",
        body={"compliance": [{"policyName": desired.policy, "type": "SERVER", "uuid": now.uuid}]},
        effect=("the change", "accepted"),
    )


def may_compare(text: str) -> bool:
    """The words of a job that could be the comparison with a policy; titles are not documented."""
    return any(word in text for word in ("compar", "complian", "polic"))


def check(desired: Desired, *, absent: bool) -> None:
    if not desired.policy.strip() and not absent:
        raise bad_input("config_missing", f"policy is not set for the server {clean(desired.node, 80)}.", "Set policy and run again.")


def accept(step: Step, data: t.Any) -> Accepted:
    """``status`` with ``errorMessage`` for an assignment, counts and ``failedDevices`` for the other."""
    if not isinstance(data, dict):
        return Accepted(data=data)
    try:
        api.check_result({"result": data.get("result", data.get("status")), **_messages(data)}, step.what, informational=True)
    except Failure as failure:
        if step.operation == "assign":
            failure.next_step = "Look whether the policy is for the machine type of this server, and run again."
        raise
    failed = data.get("failedDevices")
    if (isinstance(failed, list) and failed) or (number(data.get("failedCount")) or 0) > 0:
        raise Failure(
            "server_refused",
            "the server answered 200 and named the device as failed.",
            "Look whether the policy fits this kind of server, and run again.",
            outcome=NOT_STARTED,
            server_message=_words(data),
        )
    return Accepted(_job(data), data)


def _job(data: t.Mapping[str, t.Any]) -> str | None:
    """The job of a comparison is told in the first of a list."""
    told = data.get("message")
    first = told[0] if isinstance(told, list) and told else None
    return api.job_id(first.get("jobid")) if isinstance(first, dict) else None


def _messages(data: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    words = _words(data)
    return {"messages": [words]} if words else {}


def _words(data: t.Mapping[str, t.Any]) -> str | None:
    detail = data.get("errorDetail")
    parts = [data.get("errorMessage"), *(detail if isinstance(detail, list) else [detail])]
    return "; ".join(clean(one, 200) for one in parts if isinstance(one, str) and one) or api.told(data)
