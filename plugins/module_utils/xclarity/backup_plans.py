# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do to copy or move a backup, and when it is there. Pure: no function of this file touches the network.

Source: the page "PUT /managementServer/data". A copy goes from the local repository to a remote share or back, a move
only from the local repository to a share; with the destination ``internal`` the server chooses the source.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import STARTED, Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Plan, Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, PATH, Backup

COPY, MOVE, PUSH = "copy", "move", "push"
NATIVE, VERIFIED = "native", "verified"

_HOST = re.compile(r"(?=.{1,253}$)(?!.*\.\d+$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
                   r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Want:
    """What the user asks. operation: ``copy`` or ``move``. verified: move by copy, comparison and deletion.

    assume_absent: send although the server does not tell where backups are.
    """

    operation: str
    backup: str
    destination: str
    verified: bool = False
    assume_absent: bool = False


@dataclasses.dataclass(frozen=True)
class Choice:
    """The plan for one backup. step: starts the transfer. join: a job that does so already. last: deletes the source
    once the copy is proven (a verified move)."""

    backup: Backup
    want: Want
    step: Step | None = None
    join: str | None = None
    last: Step | None = None

    @property
    def resource(self) -> str:
        return f"{self.backup.uuid} to {self.want.destination}"

    @property
    def what(self) -> str:
        return self.step.what if self.step else f"{self.want.operation} {self.resource}"


def place(operation: str, text: str) -> str:
    """A destination of a copy or move as it is sent: ``internal`` or a mount point. Raises ``config_destination``."""
    text = (text or "").strip()
    if text == INTERNAL:
        if operation == MOVE:
            raise _destination(
                "a backup is moved only from the local repository to a remote share, never to internal",
                "Copy it to internal instead, and delete the share's copy with the module backup.",
            )
        return text
    parts = text.split("/")
    if not text.startswith("/") or not text.isprintable() or len(text) > 1024 or {".", ".."} & set(parts):
        raise _destination(
            f"{clean(text, 80) or 'an empty text'} is neither internal nor a mount point such as /mnt/backups",
            "Correct destination and run again.",
        )
    if not text.strip("/"):
        raise _destination("/ is no mount point", "Correct destination and run again.")
    return backups.normal(text)


def address(text: str) -> str:
    """A destination of a push as it is sent: an IPv4 or IPv6 address, or a host name. Raises ``config_destination``."""
    text = (text or "").strip()
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        found = ipaddress.ip_address(bare)
        if not getattr(found, "scope_id", None):
            return bare
    except ValueError:
        if _HOST.fullmatch(text) and text.casefold() != INTERNAL:
            return text
    raise _destination(
        f"{clean(text, 80) or 'an empty text'} is neither an IPv4 or IPv6 address nor a host name",
        "Give the address of the other XClarity Administrator, without scheme, port or path, and run again.",
    )


def _destination(why: str, next_step: str) -> Failure:
    return bad_input("config_destination", f"{why}.", next_step)


# -- planning ---------------------------------------------------------------------------------------------------------


def settled(backup: Backup, want: Want) -> bool:
    """The list alone shows that nothing has to be sent, so that the jobs need not be read."""
    return backup.is_at(want.destination) and (want.operation == COPY or not backup.is_at(INTERNAL))


def choose(backup: Backup, want: Want, running: t.Sequence[t.Mapping[str, t.Any]] = ()) -> Choice:
    """What to do to bring ``backup`` where it is wanted. running: the jobs that have not ended."""
    if backup.at is None:
        if want.verified:
            raise backups.locations_unknown(
                backup, "A verified move needs them; use move_method native with assume_absent, and look at the end."
            )
        if not want.assume_absent:
            raise backups.locations_unknown(
                backup, "Look at the server; set assume_absent to true to send the request all the same."
            )
    elif want.destination in backup.at:
        other = backup.at.get(INTERNAL, backup.checksum)
        if other != backup.at[want.destination]:
            raise backups.checksum_mismatch(
                dataclasses.replace(backup, checksum=other), want.destination, backup.at[want.destination]
            )
    if settled(backup, want):
        return Choice(backup, want)
    joined = _join(backup, want, running)
    if joined:
        return Choice(backup, want, join=joined, last=_last(backup, want))
    if backup.at is not None and want.destination != INTERNAL and INTERNAL not in backup.at:
        raise bad_input(
            "source_not_local",
            f"the backup {backup.title} is at {', '.join(backup.at)} and not in the local repository;"
            " only from there does a backup go to a share.",
            "Copy it to internal first, then run again.",
            resource=backup.uuid,
        )
    if want.verified and backup.is_at(want.destination):
        return Choice(backup, want, last=_last(backup, want))
    return Choice(backup, want, _start(backup, want), last=_last(backup, want))


def _join(backup: Backup, want: Want, running: t.Sequence[t.Mapping[str, t.Any]]) -> str | None:
    """The job that does this already. One that moves what is to be copied, or the reverse, is in the way."""
    for operation in (COPY, MOVE):
        for job in running:
            if not backups.sure(job, operation, backup, want.destination):
                continue
            if operation in (want.operation, COPY if want.verified else want.operation):
                return jobs.ident(job)
            raise bad_input(
                "busy",
                f"the job {jobs.ident(job)} has a {operation} of {backup.title} to {want.destination} under way.",
                "Wait for it with the module job, then run again.",
                resource=backup.uuid,
                job=jobs.ident(job),
            )
    return None


def _start(backup: Backup, want: Want) -> Step:
    operation = COPY if want.verified else want.operation
    if backup.at is None:
        why = "the server does not tell where it is, and assume_absent is set"
    elif want.destination in backup.at:
        why = "it is at the destination and still in the local repository"
    else:
        why = f"it is at {', '.join(backup.at)} and not at {want.destination}"
    return Step(
        operation=operation,
        method="PUT",
        path=PATH,
        resource=f"{backup.uuid} to {want.destination}",
        why=why,
        body={"action": "start", "destination": want.destination, "operation": operation, "uuid": backup.uuid},
    )


def _last(backup: Backup, want: Want) -> Step | None:
    if not want.verified:
        return None
    return backups.delete_step(backup, INTERNAL, f"the copy at {want.destination} is proven by its checksum")


def plan_of(choices: t.Sequence[Choice]) -> Plan:
    """All starts, then all deletions of verified moves: the order in which a real run sends them."""

    def view(choice: Choice, after: bool) -> dict[str, t.Any]:
        locations = choice.backup.locations
        if after and (choice.step or choice.join or choice.last):
            kept = [one for one in locations or [] if choice.want.operation == COPY or one != INTERNAL]
            locations = list(dict.fromkeys([*kept, choice.want.destination]))
        return {"locations": "not told" if locations is None else sorted(locations)}

    first = [choice.step for choice in choices if choice.step is not None]
    last = [choice.last for choice in choices if choice.last is not None]
    return Plan(
        [*first, *last],
        {choice.backup.title: view(choice, False) for choice in choices},
        {choice.backup.title: view(choice, True) for choice in choices},
    )


# -- judging ----------------------------------------------------------------------------------------------------------


def copied(now: Backup | None, choice: Choice) -> bool:
    """The list shows the backup at its destination, whole."""
    if now is None or now.at is None or choice.want.destination not in now.at:
        return False
    return not _differs(now, choice)


def reached(now: Backup | None, choice: Choice) -> bool:
    """The wanted end: there, and after a move gone from the local repository."""
    return copied(now, choice) and (choice.want.operation == COPY or not (now and now.is_at(INTERNAL)))


def arrived(now: Backup | None, choice: Choice) -> bool:
    """A request whose answer was lost has done something: the locations are not what they were."""
    return now is not None and now.at is not None and set(now.at) != set(choice.backup.at or ()) and copied(now, choice)


def state_of(now: Backup | None, choice: Choice, *, whole: bool) -> State:
    """For a wait on the list. whole: the end of the operation, else of its copying half."""
    if now is None:
        return State("not in the list")
    if _differs(now, choice):
        return State("other checksum", done=True)
    done = reached(now, choice) if whole else copied(now, choice)
    return State("at " + ", ".join(now.at or ()) if now.at else "not told", done=done, ok=done)


def _differs(now: Backup, choice: Choice) -> bool:
    other = (now.at or {}).get(choice.want.destination)
    return other is not None and other != choice.backup.checksum


def not_reached(choice: Choice, now: Backup | None, outcome: str, job: str | None) -> Failure:
    """The work is said to be done, but the list does not show it."""
    want = choice.want
    facts: dict[str, t.Any] = {
        "what": choice.what, "outcome": outcome or STARTED, "job": job, "operation": want.operation,
    }  # fmt: skip
    if now is not None and _differs(now, choice):
        return backups.checksum_mismatch(choice.backup, want.destination, (now.at or {})[want.destination], **facts)
    if now is None:
        why = "the backup is not in the server's list any more"
    elif now.at is None:
        why = "the server does not tell any more where the backup is"
    elif want.destination in now.at:
        why = f"the backup is at {want.destination} and still in the local repository"
    else:
        why = f"the list shows the backup at {', '.join(now.at)} and not at {want.destination}"
    help_move = (
        "Run again to send the move once more, or with move_method verified to delete the source after a comparison."
        if now is not None and want.operation == MOVE and now.is_at(want.destination)
        else "Look at the job and the share on the server, then run again."
    )
    return Failure("effect_missing", f"{why}.", help_move, resource=choice.backup.uuid, **facts)
