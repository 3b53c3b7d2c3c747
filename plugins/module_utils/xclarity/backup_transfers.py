# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Transfers of backups: what to do to copy, move or push one, which job does it, and when it is there. Pure.

Source: the page "PUT /managementServer/data". A copy goes from the local repository to a remote share or back, a move
only from the local repository to a share; with the destination ``internal`` the server chooses the source. A push goes to
another XClarity Administrator.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Accepted, Step
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._wait import State
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import backups, jobs
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.backups import INTERNAL, PATH, Backup

COPY, MOVE, PUSH = "copy", "move", "push"
WAIT_FOR_IT = "Wait for it with the module job, then run again."

# How a job's title may speak of an operation. The pages do not show titles, so a match is never taken as proof alone.
_WORDS = {
    COPY: re.compile(r"\bcop(?:y|ies|ied|ying)\b"),
    MOVE: re.compile(r"\bmov(?:e|es|ed|ing)\b"),
    PUSH: re.compile(r"\bpush(?:es|ed|ing)?\b"),
    "validate": re.compile(r"\b(?:process|validat)\w*"),
}
_HOST = re.compile(r"(?=.{1,253}$)(?!.*\.\d+$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
                   r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*")  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Desired:
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
    desired: Desired
    step: Step | None = None
    join: str | None = None
    last: Step | None = None

    @property
    def resource(self) -> str:
        return f"{self.backup.uuid} to {self.desired.destination}"

    @property
    def title(self) -> str:
        return f"{self.backup.title} to {self.desired.destination}"


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


# -- planning of copies and moves -------------------------------------------------------------------------------------


def settled(backup: Backup, desired: Desired) -> bool:
    """The list alone shows that nothing has to be sent, so that the jobs need not be read."""
    return backup.is_at(desired.destination) and (desired.operation == COPY or not backup.is_at(INTERNAL))


def choose(
    backup: Backup, desired: Desired, running: t.Sequence[jobs.Told] = (), nameless: t.Sequence[jobs.Told] = ()
) -> Choice:
    """What to do to bring ``backup`` where it is desired. running: the jobs that have not ended. nameless: see :func:`unnamed`."""
    if backup.at is None:
        if desired.verified:
            raise backups.locations_unknown(
                backup, "A verified move needs them; use move_method native with assume_absent, and look at the end."
            )
        if not desired.assume_absent:
            raise backups.locations_unknown(backup, "Look at the server; set assume_absent to true to send the request all the same.")
    elif differs(backup, backup, desired.destination):
        raise backups.checksum_mismatch(backup, desired.destination, backup.at[desired.destination])
    if settled(backup, desired):
        return Choice(backup, desired)
    joined = _join(backup, desired, running)
    if not joined or desired.verified:
        # A copy takes nothing from another copy; a move takes the source from whatever else is done with it.
        others = [job for job in running if job.id != joined]
        refuse_busy(backup, others, nameless if desired.operation == MOVE else (), moves_only=desired.operation == COPY)
    if joined:
        return Choice(backup, desired, join=joined, last=_last(backup, desired))
    if backup.at is not None and desired.destination != INTERNAL and INTERNAL not in backup.at:
        raise bad_input(
            "source_not_local",
            f"the backup {backup.title} is at {', '.join(backup.at)} and not in the local repository;"
            " only from there does a backup go to a share.",
            "Copy it to internal first, then run again.",
            resource=backup.uuid,
        )
    if desired.verified and backup.is_at(desired.destination):
        if not proven(backup, backup, desired.destination):
            raise unproven(backup, desired.destination)
        return Choice(backup, desired, last=_last(backup, desired))
    return Choice(backup, desired, _start(backup, desired), last=_last(backup, desired))


def refuse_unprovable(every: t.Sequence[Backup], choices: t.Sequence[Choice]) -> None:
    """A verified move deletes the source only when the copy's own checksum was compared. Where it can be known that the list
    will not tell one, nothing is begun."""
    shared = next((backup for backup in every if backup.shared), None)
    for choice in choices:
        if choice.last is not None and (shared is not None or not choice.backup.checksum):
            raise unproven(choice.backup, choice.desired.destination)


def unproven(backup: Backup, destination: str, **facts: t.Any) -> Failure:
    """The copy cannot be compared, so the source stays."""
    return Failure(
        "copy_not_proven",
        f"the server tells no checksum of its own for a copy of {backup.title} at {destination}, so that a copy cannot be compared with"
        " its source; the source is not deleted.",
        "Use move_method native, where the server itself decides, or compare the copy on the share and delete the source with the"
        " module backup (state absent, location internal).",
        resource=backup.uuid,
        **facts,
    )


def _join(backup: Backup, desired: Desired, running: t.Sequence[jobs.Told]) -> str | None:
    """The job that does this already. One that moves what is to be copied, or the reverse, is in the way."""
    for operation in (COPY, MOVE):
        for job in running:
            if not sure(job, operation, backup, desired.destination):
                continue
            if operation in (desired.operation, COPY if desired.verified else desired.operation):
                return job.id
            raise bad_input(
                "busy",
                f"the job {job.id} has a {operation} of {backup.title} to {desired.destination} under way.",
                WAIT_FOR_IT,
                resource=backup.uuid,
                job=job.id,
            )
    return None


def _start(backup: Backup, desired: Desired) -> Step:
    operation = COPY if desired.verified else desired.operation
    if backup.at is None:
        why = "the server does not tell where it is, and assume_absent is set"
    elif desired.destination in backup.at:
        why = "it is at the destination and still in the local repository"
    else:
        why = f"it is at {', '.join(backup.at)} and not at {desired.destination}"
    return transfer_step(operation, backup, desired.destination, why)


def transfer_step(operation: str, backup: Backup, destination: str, why: str) -> Step:
    """The request that starts a copy, move or push."""
    return Step(
        operation=operation,
        method="PUT",
        path=PATH,
        resource=f"{backup.uuid} to {destination}",
        title=f"{backup.title} to {destination}",
        why=why,
        body={"action": "start", "destination": destination, "operation": operation, "uuid": backup.uuid},
    )


def _last(backup: Backup, desired: Desired) -> Step | None:
    if not desired.verified:
        return None
    return backups.delete_step(backup, INTERNAL, f"the copy at {desired.destination} is proven by its checksum")


def view(choice: Choice, after: bool) -> dict[str, t.Any]:
    """Where the backup is before and after."""
    locations = choice.backup.locations
    if after and (choice.step or choice.join or choice.last):
        kept = [one for one in locations or [] if choice.desired.operation == COPY or one != INTERNAL]
        locations = list(dict.fromkeys([*kept, choice.desired.destination]))
    return {"label": choice.backup.label, "locations": "not told" if locations is None else sorted(locations)}


# -- judging ----------------------------------------------------------------------------------------------------------


def differs(now: Backup, source: Backup, destination: str) -> bool:
    """Another checksum is told for the copy there than for the source, as it was when the plan was made."""
    told = (now.at or {}).get(destination)
    other = told or now.checksum
    return told is not None and bool(other and source.checksum) and other != source.checksum


def proven(now: Backup, source: Backup, destination: str) -> bool:
    """The checksum that is told for the copy there itself is that of the source."""
    return bool(source.checksum) and (now.at or {}).get(destination) == source.checksum


def copied(now: Backup | None, choice: Choice) -> bool:
    """The list shows the backup at its destination, with no other checksum."""
    destination = choice.desired.destination
    return now is not None and now.is_at(destination) and not differs(now, choice.backup, destination)


def reached(now: Backup | None, choice: Choice) -> bool:
    """The desired end: there, and after a move gone from the local repository."""
    return copied(now, choice) and (choice.desired.operation == COPY or not (now and now.is_at(INTERNAL)))


def arrived(now: Backup | None, choice: Choice) -> bool:
    """A request whose answer was lost has done something: the locations are not what they were."""
    return now is not None and now.at is not None and set(now.at) != set(choice.backup.at or ()) and copied(now, choice)


def state_of(now: Backup | None, choice: Choice, *, whole: bool) -> State:
    """For a wait on the list. whole: the end of the operation, else of its copying half."""
    if now is None:
        return State("not in the list")
    if differs(now, choice.backup, choice.desired.destination):
        return State("other checksum", done=True)
    done = reached(now, choice) if whole else copied(now, choice)
    return State("at " + ", ".join(now.at or ()) if now.at else "not told", done=done, ok=done)


def not_reached(choice: Choice, now: Backup | None) -> Failure:
    """The work is said to be done, but the list does not show it."""
    desired = choice.desired
    if now is not None and differs(now, choice.backup, desired.destination):
        return backups.checksum_mismatch(choice.backup, desired.destination, (now.at or {})[desired.destination] or now.checksum)
    if now is None:
        why = "the backup is not in the server's list any more"
    elif now.at is None:
        why = "the server does not tell any more where the backup is"
    elif desired.destination in now.at:
        why = f"the backup is at {desired.destination} and still in the local repository"
    else:
        why = f"the list shows the backup at {', '.join(now.at)} and not at {desired.destination}"
    help_move = (
        "Run again to send the move once more, or with move_method verified to delete the source after a comparison."
        if now is not None and desired.operation == MOVE and now.is_at(desired.destination)
        else "Look at the job and the share on the server, then run again."
    )
    return Failure("effect_missing", f"{why}.", help_move, resource=choice.backup.uuid)


# -- jobs of transfers ------------------------------------------------------------------------------------------------


def unnamed(running: t.Sequence[jobs.Told], listed: t.Sequence[Backup]) -> list[jobs.Told]:
    """The jobs that speak of a transfer and name no backup of the list: each of them may be one of any backup."""
    transfers = [job for job in running if any(speaks_of(job, operation) for operation in (COPY, MOVE, PUSH))]
    return [job for job in transfers if not any(names(job, backup) for backup in listed)]


def refuse_busy(
    backup: Backup, running: t.Sequence[jobs.Told], nameless: t.Sequence[jobs.Told] = (), *, moves_only: bool = False
) -> None:
    """Raise ``busy`` where one of these jobs works on ``backup``, or may do so: what they read must not be taken away.

    running: the jobs that have not ended. moves_only: only those that speak of a move are in the way.
    """
    for job in running:
        if moves_only and not speaks_of(job, MOVE):
            continue
        if names(job, backup):
            why = f"the job {job.id} has not ended, and it names the backup {backup.title}."
        elif job in nameless:
            why = f"the job {job.id} is a transfer that has not ended and names no backup, so that it may be one of {backup.title}."
        else:
            continue
        raise bad_input("busy", why, WAIT_FOR_IT, resource=backup.uuid, job=job.id)


def sure(job: jobs.Told, operation: str, backup: Backup, destination: str) -> bool:
    """The job speaks of this operation, this backup and this destination."""
    return names(job, backup) and speaks_of(job, operation) and jobs.holds(job.text, destination)


def likely(job: jobs.Told, operation: str, backup: Backup) -> bool:
    """The job speaks of this operation or of this backup: it could be ours."""
    return speaks_of(job, operation) or names(job, backup)


def speaks_of(job: jobs.Told, operation: str) -> bool:
    return bool(_WORDS[operation].search(job.text))


def names(job: jobs.Told, backup: Backup) -> bool:
    """The job speaks of this backup."""
    return any(jobs.holds(job.text, name) for name in {backup.uuid, backup.label, backup.filename} - {""})


class Sent(t.NamedTuple):
    """What a request asks for. backup: the UUID."""

    operation: str
    backup: str
    destination: str


def adopt(
    fresh: t.Sequence[jobs.Told], listed: t.Sequence[Backup], missing: t.Mapping[str, Sent], others: t.Collection[Sent] = ()
) -> dict[str, Accepted]:
    """Which of the jobs that were not there before belongs to which request without an answer; never a guess.

    fresh: jobs that appeared since, without those that another request is known to have started. listed: every backup. missing: by key.
    others: requests that have arrived, and whose job is not known. A job is taken for the only request that it fits, if no other job
    fits that: it names the operation, this backup alone, and the destination or no place at all.
    """
    sent: dict[str, list[tuple[str, Sent]]] = {}
    for key, one in (*missing.items(), *(("", one) for one in others)):
        sent.setdefault(one.backup.casefold(), []).append((key, one))
    places = {place for backup in listed for place in backup.at or ()} | {one.destination for few in sent.values() for _key, one in few}
    ours: dict[str, list[str | None]] = {}
    for job in fresh:
        told = {place for place in places if jobs.holds(job.text, place)}
        of_it = [(key, one) for key, one in sent.get(_backup_of(job, listed), ()) if speaks_of(job, one.operation)]
        fits = [key for key, one in of_it if not told or one.destination in told]
        for key in fits:
            ours.setdefault(key, []).append(job.id if len(fits) == 1 else None)
    return {key: Accepted(ids[0]) for key, ids in ours.items() if key and len(ids) == 1 and ids[0] is not None}


def _backup_of(job: jobs.Told, listed: t.Sequence[Backup]) -> str:
    """The UUID of the one backup that the job names, or an empty text. A UUID counts for more than names, which several may have."""
    named = [backup for backup in listed if names(job, backup)]
    meant = [backup for backup in named if jobs.holds(job.text, backup.uuid)] or named
    return meant[0].uuid.casefold() if len(meant) == 1 else ""
