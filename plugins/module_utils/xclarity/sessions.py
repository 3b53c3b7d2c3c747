# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of XClarity Administrator: one that outlives the task that opened it, and those that were left open.

Sources: the pages "POST /sessions", "GET /sessions", "DELETE /sessions" and "DELETE /sessions/{uuid}". A user has three sessions
by default, and one that is not ended is lost to him until it times out.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _sessions
from ansible_collections.groundwork.provision.plugins.module_utils._auth import XClaritySession
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._sessions import Session
from ansible_collections.groundwork.provision.plugins.module_utils._slots import noted
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api

RUNNING, ENDED = "running", "ended"

# Seconds that a task waits for a session of its own, which is there to look at the sessions, or to end some.
BRIEFLY = 30.0


def begin(client: Client) -> dict[str, str]:
    """Log in and leave the session open: ``{"id", "csrf", "server"}``. Whoever takes it has to end it."""
    auth = client.auth
    if not isinstance(auth, XClaritySession):
        raise bad_input("config_options", "auth_method basic has no session.", "Set auth_method to session and run again.")
    client.log_in()
    session = auth.hand_over()
    client.transport.close()
    if session is None:
        raise bad_input("config_options", "there is no session.", "Set username and password and run again.")
    return {**session, "server": api.server_key(client.transport.endpoint.place)}


def end(client: Client) -> bool:
    """Log out of the session that the client was given. False when the server does not know it any more (401), which is
    what a second end, a restart and the time-out all look like. Ending twice does no harm, so it may be sent again."""
    with client:
        try:
            data = client.read("/sessions", method="DELETE", what="log out")
        except Failure as failure:
            if failure.status == 401:
                return False
            raise
    api.check_result(data, "log out")
    return True


def is_there(session: t.Any) -> bool:
    """A mapping that holds something; an empty one is what a failed login leaves."""
    return isinstance(session, dict) and any(session.values())


# -- the list ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Listed:
    """A session of the server's list. age: seconds since it was opened, if told. task: of this machine, V(running) or V(ended)."""

    session: Session
    age: float | None
    task: str | None

    @property
    def key(self) -> str:
        return self.session.digest

    @property
    def title(self) -> str:
        """For people: enough of the digest to find it in a list."""
        return f"{self.key[:12]} of {self.session.user}" if self.session.user else self.key[:12]

    @property
    def in_use(self) -> bool:
        """It is that of this task, or of another one of this machine that runs now."""
        return self.session.own or self.task == RUNNING

    def public(self) -> dict[str, t.Any]:
        """For a result. The id is the session's cookie, so that it is not in it."""
        one = self.session
        return {
            "digest": self.key,
            "user": one.user,
            "address": one.address,
            "authentication_server": one.server,
            "created": one.created,
            "last_accessed": one.accessed,
            "age": self.age,
            "idle": one.idle,
            "own": one.own,
            "task": self.task,
        }


def read_all(client: Client, state_dir: str, secret: t.Callable[..., None], *, attempts: int = 4) -> list[Listed]:
    """All that the user may see. secret: is given their ids before anything else is done with them."""
    listed = _sessions.parse(client.read("/sessions", what="list sessions", attempts=attempts))
    secret(*(one.id for one in listed))
    running, ended = noted(state_dir) if state_dir else (set[str](), set[str]())
    now = _sessions.server_time(listed)
    found = []
    for one in listed:
        task = RUNNING if one.digest in running else ENDED if one.digest in ended else None
        found.append(Listed(one, one.age(now), task))
    return found


def fits(one: Listed, asked: t.Mapping[str, t.Any]) -> bool:
    """It is one of those that are asked for: ``sessions`` (digests), ``user``, ``older_than``, ``idle_for``. What the server does
    not tell of a session never fits."""
    user, age, idle = asked.get("user"), asked.get("older_than"), asked.get("idle_for")
    return (
        (asked.get("sessions") is None or one.key in asked["sessions"])
        and (user is None or one.session.user.casefold() == user.casefold())
        and (age is None or (one.age is not None and one.age >= age))
        and (idle is None or (one.session.idle is not None and one.session.idle >= idle))
    )


def check_asked(asked: t.Mapping[str, t.Any]) -> None:
    """Raises for what selects nothing that is meant."""
    for digest in asked.get("sessions") or ():
        if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise bad_input("config_id", f"{digest[:80]!r} is no digest of a session.", "Take it from xclarity_session_info and run again.")
    for name in ("older_than", "idle_for"):
        if asked.get(name) is not None and not 0 <= asked[name] < float("inf"):
            raise bad_input("config_number", f"{name} must be 0 or more.", f"Correct {name} and run again.")
