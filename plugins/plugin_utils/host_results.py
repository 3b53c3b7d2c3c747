# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task for many hosts means for each of them. Pure: a result of profile_activation goes in, one for each host comes out.
"""

from __future__ import annotations

import typing as t
from urllib.parse import unquote

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, NOT_STARTED, STARTED, UNKNOWN, Failure

Result = dict[str, t.Any]


def share(
    result: t.Mapping[str, t.Any], hosts: t.Sequence[str], items: t.Sequence[t.Mapping[str, t.Any]], *, check_mode: bool = False
) -> dict[str, Result]:
    """A result for each host. items: what each asked for, as given to the task.

    A host fails when its own item failed, or when the task failed in a way that is not told of any item: then nothing is
    known to have been reached for it.
    """
    rows = _rows(result, items)
    told = any(row and row.get("error") for row in rows)
    everybody = bool(result.get("failed")) and not told
    return {host: _own(result, row, everybody, check_mode) for host, row in zip(hosts, rows, strict=True)}


def ended(why: str) -> Result:
    """For hosts whose task ended before it could tell anything."""
    failure = Failure(
        "interrupted",
        why,
        "Look at the profile on the server, then run the role again.",
        what="activate the profile of this host",
        outcome=UNKNOWN,
    )
    return {"failed": True, "changed": True, "outcome": UNKNOWN, "msg": failure.message(), "error": failure.public()}


def _rows(result: t.Mapping[str, t.Any], items: t.Sequence[t.Mapping[str, t.Any]]) -> list[Result | None]:
    """The row of each item: the module gives them in the order of the items, or none at all."""
    rows = result.get("profiles") or []
    return list(rows) if len(rows) == len(items) else [None] * len(items)


def _own(result: t.Mapping[str, t.Any], row: Result | None, everybody: bool, check_mode: bool) -> Result:
    plan = [step for step in result.get("plan") or [] if row and _is_for(step, row)]
    own: Result = {"changed": False, "outcome": NONE, "plan": plan}
    if row is not None:
        # In check mode nothing was started for it: what would be is its part of the plan.
        own |= {"changed": bool(plan if check_mode else row.get("changed")), "outcome": row.get("outcome", NONE), "profile": row}
        if not everybody and row.get("outcome") in (NOT_STARTED, UNKNOWN) and not row.get("error"):
            everybody = True
    elif result.get("outcome") in (STARTED, UNKNOWN):
        own |= {"changed": bool(result.get("changed")), "outcome": result["outcome"]}
    if "diff" in result:
        own["diff"] = _diff(result["diff"], row)
    error = (row or {}).get("error")
    if error:
        own |= {"failed": True, "msg": error.get("message", ""), "error": error}
    elif everybody or row is None:
        # A failure of Ansible's own (an option that is not valid) has no code.
        own |= {"failed": True, "msg": result.get("msg", ""), "error": result.get("error") or {"code": "task_failed", "resource": None}}
        if not result.get("failed"):
            own |= ended("the task told nothing of this host.")
    return own


def _is_for(step: t.Mapping[str, t.Any], row: t.Mapping[str, t.Any]) -> bool:
    """The request names the profile by its id, which is the end of its path."""
    return unquote(str(step.get("path", "")).rpartition("/")[2]) == row.get("id")


def _diff(diff: t.Any, row: t.Mapping[str, t.Any] | None) -> Result:
    """The part of a diff that is about this profile; its sides are mappings by id or name."""
    sides: Result = {}
    for side in ("before", "after"):
        told = diff.get(side) if isinstance(diff, dict) else None
        known = told if isinstance(told, dict) and row else {}
        sides[side] = {key: value for key, value in known.items() if row and _names(key, row)}
    return sides


def _names(key: str, row: t.Mapping[str, t.Any]) -> bool:
    return key in (row.get("id"), row.get("name")) or key.endswith(f"({row.get('id')})")
