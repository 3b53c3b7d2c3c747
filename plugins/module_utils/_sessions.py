# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of sessions of XClarity Administrator, and which of them a run of this machine has left open without knowing its id.

Source: the page "GET /sessions" (Address, authenticationServer, created, id, idleFor in seconds as text, isOwnSession,
lastAccessed, UserId). The id of a session is its cookie: whoever has it can act as the user. It goes into the path of the
request that ends the session and nowhere else; everything else knows a session by the digest of its id.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_reply
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import digits, number
from ansible_collections.groundwork.provision.plugins.module_utils._slots import Living, digest
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

# Seconds. How exact the server's times are; how long a login may be on its way; how long a session was not used by then.
EXACT, WINDOW, IDLE = 2.0, 30.0, 3.0


@dataclasses.dataclass(frozen=True)
class Session:
    """One entry. user, address (of the client), server (that knows the user), created, accessed: as told, perhaps empty. idle:
    seconds since it was used last, None where it is not told. own: of whoever asks."""

    id: str = dataclasses.field(repr=False)
    user: str
    address: str
    server: str
    created: str
    accessed: str
    idle: float | None
    own: bool

    @property
    def digest(self) -> str:
        """What it is known by."""
        return digest(self.id)

    @property
    def unused(self) -> bool:
        """It is told that it was never used since it was opened."""
        begin, last = moment(self.created), moment(self.accessed)
        return begin is not None and last is not None and abs(last - begin) < EXACT

    def age(self, now: float | None) -> float | None:
        """Seconds since it was opened. now: the server's, from :func:`server_time`."""
        begin = moment(self.created)
        return None if begin is None or now is None else max(0.0, now - begin)


def parse(data: t.Any) -> list[Session]:
    """The sessions of an answer. Entries without an id cannot be told apart, so that they make it a bad one."""
    entries = data.get("response") if isinstance(data, dict) else None
    if not isinstance(entries, list) or not all(isinstance(one, dict) and isinstance(one.get("id"), str) and one["id"] for one in entries):
        raise bad_reply("the answer holds no list of sessions", what="list sessions")

    def text(entry: dict[str, t.Any], key: str) -> str:
        value = entry.get(key)
        return clean(value, 200) if isinstance(value, str) else ""

    return [
        Session(
            one["id"],
            text(one, "UserId"),
            text(one, "Address"),
            text(one, "authenticationServer"),
            text(one, "created"),
            text(one, "lastAccessed"),
            _seconds(one.get("idleFor")),
            one.get("isOwnSession") is True,
        )
        for one in entries
    ]


def _seconds(value: t.Any) -> float | None:
    """Documented as text."""
    found = digits(value) if isinstance(value, str) else number(value)
    return None if found is None else float(found)


def moment(text: str) -> float | None:
    """Seconds since 1970 of a date as the server writes it; None for anything else."""
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def server_time(sessions: t.Iterable[Session]) -> float | None:
    """The server's own time when it told these, from the session that was used last."""
    known = [last + one.idle for one in sessions if one.idle is not None and (last := moment(one.accessed)) is not None]
    return max(known, default=None)


def strays(sessions: t.Sequence[Session], user: str, lost: t.Sequence[float], living: Living, now: float) -> list[Session]:
    """The sessions that logins of this machine have opened whose answers nobody has seen.

    lost: when these logins began. living: the tasks of this machine that run now, asked for after the list was read. now: by the
    clock of this machine. A session counts when it is the same user's, from the address that we come from, was opened when such
    a login was on its way and before any login that is under way now, and was never used since. Where the list tells less than
    that, or holds more such sessions than there were logins, none counts: it could be somebody else's.
    """
    addresses = {one.address for one in sessions if one.own}
    found = []
    for one in sessions:
        if one.own or one.idle is None or one.idle < IDLE or not one.unused or one.digest in living.digests:
            continue
        opened = now - one.idle
        ours = one.user.casefold() == user.casefold() and (not addresses or one.address in addresses)
        timely = any(login - EXACT <= opened <= login + WINDOW for login in lost)
        earlier = living.first_login is None or opened < living.first_login - EXACT
        if ours and timely and earlier:
            found.append(one)
    return found if len(found) <= len(lost) else []


def is_over(login: float, now: float) -> bool:
    """A login that began then cannot open a session any more, and one that it has opened would be in the list."""
    return not 0 <= now - login < WINDOW + IDLE + EXACT
