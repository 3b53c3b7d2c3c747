# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task for many hosts means for each of them. Pure: a result of profile_activation goes in, one for each host comes out."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import unquote

from ansible_collections.groundwork.provision.plugins.module_utils._errors import NONE, NOT_STARTED, STARTED, UNKNOWN, Failure
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import titles_of

Result = dict[str, t.Any]
_WHAT = "activate the profile of this host"
STOPPED = "skipped"  # the code of what was not begun because of another; its own profile may be all right
_LOOK = "Look at the profile on the server, then run the role again."


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
    titles = _titles(rows)
    why = _Why(result, hosts, titles) if result.get("failed") else None
    return {
        host: _own(result, title or str(item.get("profile", "")), row, everybody, why, check_mode, host=host)
        for host, item, row, title in zip(hosts, items, rows, titles, strict=True)
    }


def ended(why: str, resource: str | None = None) -> Result:
    """For hosts whose task ended before it could tell anything."""
    return _untold(Failure("interrupted", why, _LOOK, what=_WHAT, outcome=UNKNOWN, resource=resource))


def out_of_time(why: str, resource: str | None, *, begun: bool) -> Result:
    """For a host whose task has no more time. begun: something may have been sent for it."""
    hint = _LOOK if begun else "Run the role again."
    return _untold(Failure("task_timeout", why, hint, what=_WHAT, outcome=UNKNOWN if begun else NONE, resource=resource))


def _untold(failure: Failure) -> Result:
    changed = failure.outcome == UNKNOWN
    return {"failed": True, "changed": changed, "outcome": failure.outcome, "msg": failure.message(), "error": failure.public()}


class _Why:
    """Why the task failed, told to one host after the other: each reads what became of its own profile."""

    def __init__(self, result: t.Mapping[str, t.Any], hosts: t.Sequence[str], titles: t.Sequence[str | None]) -> None:
        self._msg = str(result.get("msg") or "")
        # A failure of Ansible's own (an option that is not valid) has no code.
        error: Result = result.get("error") or {"code": "task_failed", "resource": None}
        # What stands in the task that was made for them is nothing to the hosts.
        self._error = {key: value for key, value in error.items() if key != "positions"}
        named = {error.get("resource"), *(error.get("resources") or [])} - {None}
        found = [title in named for title in titles]
        for position in error.get("positions") or []:
            found[position] = True
        self._culprits = [host for host, meant in zip(hosts, found, strict=True) if meant]

    def told(self, host: str, profile: str, row: Result | None, outcome: str) -> Result:
        """``msg`` and ``error`` for one host. outcome: of its own profile."""
        if host in self._culprits:
            # Of several each reads of its own profile in the error; the message is about all of them.
            own = _about(profile) if len(self._culprits) > 1 else {}
            return {"msg": self._msg, "error": {**self._error, **own}}
        hint = str(self._error.get("hint") or "")
        if self._culprits and outcome == NONE:
            others = f" and {len(self._culprits) - 1} more" if len(self._culprits) > 1 else ""
            why = f"stopped before anything was sent because of host {self._culprits[0]}{others}: {self._reason(hint)}"
            return {"msg": self._failure(why, hint, None, outcome).message(), "error": {**self._error, "code": STOPPED}}
        if row is None or not self._msg:
            return {"msg": self._msg, "error": self._error if self._error.get("resource") else {**self._error, **_about(profile)}}
        failure = self._failure(self._reason(hint), hint, row.get("job"), outcome)
        return {"msg": failure.message(), "error": {**self._error, **_about(profile)}}

    def _failure(self, why: str, hint: str, job: t.Any, outcome: str) -> Failure:
        told = None if job is None else str(job)
        # For its message; the code is that of the task.
        return Failure("interrupted", why, hint, what=_WHAT, outcome=outcome, job=told)

    def _reason(self, hint: str) -> str:
        """The message without what it says of the server's state and of what to do, which are about the whole task."""
        head = self._msg.partition(hint)[0] if hint else self._msg
        reason = _KNOWN.sub("", head.strip()).strip() or self._msg
        return reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason


# The fixed sentence about the server's state, at the end of what is left of a message.
_KNOWN = re.compile(
    r"(Nothing was changed|The server refused the request; nothing was started|It is not known whether [^.]*"
    r"|The [a-z ]+ was [a-z]+( \([^()]*\))?)\.$"
)


def _about(profile: str) -> Result:
    return {"resource": profile, "resources": [profile]}


def _titles(rows: t.Sequence[Result | None]) -> list[str | None]:
    """What the messages and the errors of the task call the profile of each row."""
    known = titles_of({str(row.get("id")): str(row.get("name") or "") for row in rows if row})
    return [known[str(row.get("id"))] if row else None for row in rows]


def _rows(result: t.Mapping[str, t.Any], items: t.Sequence[t.Mapping[str, t.Any]]) -> list[Result | None]:
    """The row of each item: the module gives them in the order of the items, or none at all."""
    rows = result.get("profiles") or []
    return list(rows) if len(rows) == len(items) else [None] * len(items)


def _own(
    result: t.Mapping[str, t.Any], profile: str, row: Result | None, everybody: bool, why: _Why | None, check_mode: bool, *, host: str
) -> Result:
    plan = [step for step in result.get("plan") or [] if row and _is_for(step, row)]
    own: Result = {"changed": False, "outcome": NONE, "plan": plan}
    if row is not None:
        # In check mode nothing was started for it: what would be is its part of the plan, and its row says the same.
        changed = bool(plan if check_mode else row.get("changed"))
        own |= {"changed": changed, "outcome": row.get("outcome", NONE), "profile": {**row, "changed": changed}}
        if not everybody and row.get("outcome") in (NOT_STARTED, UNKNOWN) and not row.get("error"):
            everybody = True
    elif result.get("outcome") in (STARTED, UNKNOWN):
        own |= {"changed": bool(result.get("changed")), "outcome": result["outcome"]}
    if "shortened" in result:
        own["shortened"] = result["shortened"]
    if "diff" in result:
        own["diff"] = _diff(result["diff"], row)
    error = (row or {}).get("error")
    if error:
        # The row of one among many is kept short, and a rescue needs to know what it is about. Its message is that of the result.
        facts = {**_of_the_task(result, error, profile), **{key: value for key, value in error.items() if key != "message"}}
        own |= {"failed": True, "msg": error.get("message", ""), "error": {**_about(profile), **facts}}
    elif everybody or row is None:
        if why is None:
            return own | ended("the task told nothing of this host.", profile)
        own |= {"failed": True, **why.told(host, profile, row, own["outcome"])}
        if "timedout" in result:
            own["timedout"] = result["timedout"]
    return own


def _of_the_task(result: t.Mapping[str, t.Any], error: Result, profile: str) -> Result:
    """What the short error of one row leaves out, from that of the task: it is about the first that failed, so what it advises holds for
    those that failed in the same way, and what the server said only for that one."""
    whole: Result = result.get("error") or {}
    alike = whole.get("code") == error.get("code")
    first = alike and whole.get("resource") == profile
    told = {"system": True, "operation": True, "hint": alike, "server_message": first}
    return {key: whole.get(key) if holds else None for key, holds in told.items()}


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
