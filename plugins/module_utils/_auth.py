# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a request is authenticated: XClarity session or Basic; HTTP Digest stands in _digest.py.

An :class:`Auth` gives the headers of a request and is told of every 401. It never sends a request of its own but
through the :class:`Transport` that it is given.
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import os
import re
import threading
import typing as t
from http.cookies import CookieError, SimpleCookie

from ansible_collections.groundwork.provision.plugins.module_utils import _sessions
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    Failure,
    bad_input,
    bad_reply,
    for_status,
)
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Login
from ansible_collections.groundwork.provision.plugins.module_utils._slots import Slot, Slots
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import (
    Reply,
    Transport,
    check_status,
    retry_after,
    segment,
    unknown_path,
)

# Between two attempts while the server's limit of sessions is reached: seconds.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0

# What Auth.renew answers where another worker had new credentials before: the 401 says nothing of those.
MEANWHILE = 2


class Auth:
    """What the client asks of an authentication."""

    logged_in = False  # the server has accepted a login
    elsewhere: tuple[str, str] | None = None  # (why, next step) of a 401 after credentials that were accepted
    MAX_CHALLENGES = 3  # a 401 of one request is answered this often at most: the first challenge, and two more for stale nonces

    def open(self, transport: Transport) -> None:
        """Log in, where there is such a thing."""

    def headers(self, method: str, target: str) -> dict[str, str]:
        """The headers of one request; ``target`` is path and query as on the wire."""
        return {}

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> int:
        """A 401 came back for a request with the headers ``sent``: True when new credentials are ready to send it again,
        :data:`MEANWHILE` when they were so already."""
        return False

    def accepted(self) -> None:
        """A request was answered with something else than 401."""

    def lost(self, transport: Transport) -> None:
        """A request had no answer."""

    def pause(self, transport: Transport) -> None:
        """Nothing is sent for some seconds: give back what others wait for. Never raises a failure."""

    def resume(self, transport: Transport) -> None:
        """Have it again. Called before a lock is taken that others hold while they wait for the same."""

    def close(self, transport: Transport) -> None:
        """Log out, where there is such a thing. Never raises."""


def check_secret(value: str | None, option: str, variable: str = "") -> str:
    """A secret as the user gave it. Blanks at its ends and control characters are refused, not stripped, never shown.

    variable: of the environment, which it is read from where the task does not set it.
    """
    if not value:
        also = f", and the environment variable {variable} is {'blank' if variable in os.environ else 'not set either'}" if variable else ""
        raise bad_input("config_credentials", f"{option} is not set{also}.", f"Set {option} and run again.")
    if value != value.strip() or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise bad_input(
            "config_secret_whitespace",
            f"{option} begins or ends with a blank, or holds a line break or control character.",
            f"Correct {option} and run again.",
        )
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise bad_input("config_secret_encoding", f"{option} is not valid Unicode.", f"Correct {option} and run again.") from None
    return value


class Basic(Auth):
    """HTTP Basic (XClarity: all verbs, without login and CSRF header; observed). UTF-8, which ``requests`` cannot do. login: what the
    tasks of the run know of user and password."""

    def __init__(self, user: str, password: str, redactor: Redactor, login: Login | None = None) -> None:
        if ":" in user:
            raise bad_input("config_credentials", "username holds a colon, which Basic cannot carry.", "Use auth_method session.")
        coded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        redactor.add(coded)
        self._header = {"Authorization": "Basic " + coded}
        self._login = login or Login()
        self._transport: Transport | None = None
        self._proven = False  # user and password were accepted

    def open(self, transport: Transport) -> None:
        self._transport = transport
        self._login.check(transport.clock)

    def headers(self, method: str, target: str) -> dict[str, str]:
        if self._transport is not None and not self._proven:
            self._login.begin(self._transport.clock, self._transport.timeout + 1)
        return self._header

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> bool:
        if not self._proven:
            self._login.refused(transport.clock)
        return False

    def accepted(self) -> None:
        if self._transport is None or self._proven:
            return
        if 200 <= self._transport.status < 400:
            self._proven = True
            self._login.accepted()
        else:
            self._login.end(self._transport.clock)  # who answers so need not have looked at them

    def lost(self, transport: Transport) -> None:
        self._login.end(transport.clock)

    def close(self, transport: Transport) -> None:
        self._login.end(transport.clock)


class XClaritySession(Auth):
    """POST /sessions, then the cookies and ``X-Csrf-Token`` on each request, DELETE /sessions at the end.

    Source: the authentication page of the vendor and what its own client sends. A user has three sessions; one that is
    not closed is lost until it times out, so :meth:`close` is called on every way out. A session that was handed in
    (``session``: ``{"id", "csrf"}``) is neither opened nor closed here. slots: of this user on this machine; sessions of runs that
    were killed are known by them, and ended here. login: what the tasks of this run of Ansible know of user and password.

    While one worker renews the session the others wait: no request goes out without one, or with one that has ended. Between two
    requests that are far apart the session is given up when another task waits for a slot (:meth:`pause`).
    """

    def __init__(
        self,
        user: str,
        password: str,
        redactor: Redactor,
        session: t.Mapping[str, str] | None = None,
        slots: Slots | None = None,
        login: Login | None = None,
    ) -> None:
        self._user, self._password, self._redactor = user, password, redactor
        self._lock = threading.Lock()
        self._proven = False  # the server has accepted a session of ours
        self._users: set[int] = set()  # threads that have used this session
        self._renewed_unproven = False  # since the server has accepted one
        self._handed_in = session is not None
        self._transport: Transport | None = None  # while there is to be a session
        self._closed = False
        self._refusal: Failure | None = None  # user and password were refused, which is not tried again
        self._headers: dict[str, str] = {}
        self._slots = slots
        self._tried = login or Login()
        self._slot: Slot | None = None
        self.session: dict[str, str] | None = None
        if session is not None:
            try:
                self._take(session["id"], session["csrf"])
            except Failure as failure:
                raise bad_input("config_credentials", f"{failure.why}.", "Give the session that xclarity_session returned.") from None

    def open(self, transport: Transport) -> None:
        with self._lock:
            self._transport, self._closed = transport, False
            if self.session is None:
                self._login(transport)

    def headers(self, method: str, target: str) -> dict[str, str]:
        with self._lock:
            if self._closed:
                raise Failure("interrupted", "the session was ended, and nothing more is sent.", "Run the task again.")
            if self.session is None and self._transport is not None:
                self._login(self._transport)  # a renewal failed, for the time being or for good
            self._users.add(threading.get_ident())
            return self._headers

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> int:
        with self._lock:
            if self.session is not None and sent.get("Cookie") != self._headers.get("Cookie"):
                return MEANWHILE
            # A session that was good and is not any more (expired, appliance restarted) is opened again, in a long wait
            # more than once. One that is refused from the start is not: logins without end lock accounts.
            if self._handed_in:
                return False
            # That another worker's answer proved it good may not have been seen yet; that is tolerated once.
            unseen = len(self._users) > 1 and not self._renewed_unproven
            if not self._proven and not unseen:
                self.elsewhere = (
                    "the server accepted user and password, and then refused the session that it gave.",
                    "Look whether endpoint leads to more than one appliance, or somebody ends its sessions; then run again.",
                )
                return False
            self._renewed_unproven = not self._proven
            self._logout(transport)  # should the server still know it, it does not cost the user one of three sessions
            self._login(transport)
            self._proven, self._users = False, set()
            return True

    def accepted(self) -> None:
        self._proven, self._renewed_unproven, self.elsewhere = True, False, None

    def pause(self, transport: Transport) -> None:
        with self._lock:
            if self._slots is None or self._slot is None or self.session is None or not self._slots.wanted:
                return
            self._proven = False
            try:
                self._logout(transport)
            finally:
                self._give_back()

    def resume(self, transport: Transport) -> None:
        with self._lock:
            if self.session is None and self._transport is not None:
                self._login(transport)

    def close(self, transport: Transport) -> None:
        if self._handed_in:
            return
        with self._lock:
            self._closed, self._transport = True, None
            try:
                self._logout(transport)
            finally:
                self._give_back()

    def hand_over(self) -> dict[str, str] | None:
        """The session, which outlives this run: whoever gets it ends it."""
        with self._lock:
            if self._slot is not None:
                self._slot.closed(surely=True)
            self._give_back()
            return dict(self.session) if self.session else None

    def _give_back(self) -> None:
        slot, self._slot = self._slot, None
        if slot is not None:
            slot.release()

    def _logout(self, transport: Transport) -> None:
        headers, self._headers, session, self.session = self._headers, {}, self.session, None
        if session is None:
            return
        gone = False
        try:
            # Nothing can be done about a failure here: the next task on this machine ends the session, or its time does.
            with contextlib.suppress(Failure):
                reply = transport.send("DELETE", "/sessions", headers=headers, what="log out")
                gone = reply.status < 300 or reply.status in (401, 404)
        finally:
            if self._slot is not None:
                self._slot.closed(surely=gone)

    def _login(self, transport: Transport) -> None:
        """Log in, in a slot of this machine. The limit of sessions is waited out, a wrong password is not."""
        if self._refusal is not None:
            raise self._refusal.copy()
        self._tried.check(transport.clock)
        if self._slot is None and self._slots is not None:
            self._slot = self._slots.take()
        try:
            self._enter(transport, self._slot)
        except BaseException:
            self._give_back()
            raise
        finally:
            self._tried.end(transport.clock)

    def _enter(self, transport: Transport, slot: Slot | None) -> None:
        patience = self._slots.patience if self._slots else 0.0
        deadline = Deadline(transport.clock, patience)
        pauses = (min(FIRST_PAUSE * 2**number, LONGEST_PAUSE) for number in itertools.count())
        asks = True  # the list of sessions, with Basic; where that is refused, once is enough
        told = False
        with contextlib.ExitStack() as queue:
            while True:
                self._tried.begin(transport.clock, transport.timeout + 1)
                try:
                    self._knock(transport, slot)
                    self._tried.accepted()
                    break
                except Failure as failure:
                    # A wrong password is not answered like this.
                    limited = failure.code == "sessions_exhausted" or failure.status in (409, 429)
                    if slot is not None and (slot.dead or slot.lost) and asks and (limited or failure.code == "auth_failed"):
                        # They may be what fills the limit. With Basic they can be ended without a session.
                        ended = self._bury(transport, slot)
                        asks = ended is not None
                        if asks:
                            limited, self._refusal = True, None  # user and password are right
                            self._tried.accepted()
                        if ended:
                            continue
                    if not limited and failure.code == "auth_failed" and failure.status is not None:
                        self._tried.refused(transport.clock, unclear=failure.unclear)
                    self._tried.end(transport.clock)
                    if not limited or deadline.passed():
                        raise
                    if self._slots is not None and not told:
                        # Those of this machine that only wait give theirs up for a moment.
                        with contextlib.suppress(OSError):
                            queue.enter_context(self._slots.queueing())
                            told = True
                    if self._slots is not None:
                        self._slots.told(patience - deadline.left())
                    transport.clock.sleep(min(next(pauses), max(deadline.left(), 0.1)))
        if slot is not None and (slot.dead or slot.lost):
            self._bury(transport, slot)

    def _knock(self, transport: Transport, slot: Slot | None) -> None:
        """One attempt to log in. The slot knows before that a session may be open, and after it which."""
        if slot is None:
            self._log_in(transport)
            return
        slot.opening(transport.clock.wall())
        transport.forget()
        try:
            ident = self._log_in(transport)
        except BaseException as exc:
            status = exc.status if isinstance(exc, Failure) else None
            refused = isinstance(exc, Failure) and (exc.code in ("sessions_exhausted", "auth_failed") or 400 <= (status or 0) < 500)
            if refused or not transport.transmitted:
                slot.refused()
            else:
                slot.unanswered()
            raise
        slot.opened(ident)

    def _bury(self, transport: Transport, slot: Slot) -> bool | None:
        """End the sessions that killed runs of this machine have left open; whether one was ended, None when the server did not
        tell which there are. Never raises a failure."""
        ended = None
        with contextlib.suppress(Failure):
            headers = self._headers or Basic(self._user, self._password, self._redactor).headers("", "")
            reply = transport.send("GET", "/sessions", headers=headers, what="look for sessions that were left open")
            check_status(reply, starts=False, what="look for sessions that were left open", place=transport.endpoint.place)
            now = transport.clock.wall()
            listed = _sessions.parse(reply.json())
            self._redactor.add(*(one.id for one in listed))
            # Asked for after the list was read, so that a session that was opened meanwhile is not in it.
            living = self._slots.living(slot) if self._slots is not None else None
            for one in _sessions.strays(listed, self._user, slot.lost, living, now) if living is not None else []:
                slot.found(slot.lost[0], one.digest)  # whichever it was: there are no more such sessions than logins
            for login in [login for login in slot.lost if _sessions.is_over(login, now)]:
                slot.found(login)
            ended = False
            for known in set(slot.dead) - {one.digest for one in listed}:
                slot.buried(known)
            for one in listed:
                if one.digest in slot.dead:
                    path = "/sessions/" + segment(one.id, "session id")
                    status = transport.send("DELETE", path, headers=headers, what="end a session that was left open").status
                    if status < 300 or status == 404:
                        ended = True
                        slot.buried(one.digest)
        return ended

    def _log_in(self, transport: Transport) -> str:
        """One attempt; the session's id."""
        body = {"UserId": self._user, "password": self._password}
        place = transport.endpoint.place
        reply = transport.send("POST", "/sessions", body=body, what="log in")
        refusal = _refusal(reply, place)
        if refusal is not None:
            self._refusal = refusal.copy() if refusal.code == "auth_failed" else None
            raise refusal
        try:
            check_status(reply, starts=False, what="log in", place=place)
        except Failure as failure:
            if failure.status == 404:
                unknown_path(failure, transport.target("/sessions"), transport.endpoint.option)
            raise
        data = reply.json()
        response = data.get("response") if isinstance(data, dict) else None
        response = response if isinstance(response, dict) else {}
        session = response.get("session")
        session = session if isinstance(session, dict) else {}
        cookies = _cookies(reply)
        ident = cookies.get("JSESSIONID") or session.get("id")
        csrf = cookies.get("csrf") or session.get("csrf")
        if not isinstance(ident, str) or not ident or not isinstance(csrf, str):
            raise bad_reply("the answer to the login holds no session", what=f"log in at {place}", server_message=_told(reply)[0] or None)
        self._take(ident, csrf)
        self.logged_in = True
        if response.get("pwChangeRequired") is True:
            self._logout(transport)
            self._refusal = Failure(
                "auth_failed",
                "the server wants this user's password to be changed first.",
                "Change it, then run again.",
                what=f"log in at {place}",
            )
            raise self._refusal.copy()
        return ident

    def _take(self, ident: str, csrf: str) -> None:
        for value in (ident, csrf):
            if any(c in value for c in ";, \r\n\0") or not value.isascii():
                raise bad_reply("the session's id or CSRF token holds characters that a header cannot carry")
        self._redactor.add(ident, csrf)
        self.session = {"id": ident, "csrf": csrf}
        # The cookie alone is not enough, the header is required (the vendor's client says so and sends it on reads too).
        self._headers = {"Cookie": f"JSESSIONID={ident}; csrf={csrf}", "X-Csrf-Token": csrf}


def _cookies(reply: Reply) -> dict[str, str]:
    jar: dict[str, str] = {}
    for line in reply.cookies:
        try:
            jar.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        except CookieError:
            continue
    return jar


# What a server answers above its limit of sessions is documented nowhere for XClarity Administrator. Others say "The maximum number
# of user sessions is reached", "Login failed: session limit reached", with 401, 403, 429 or 503.
_LIMIT = re.compile(
    r"(?i)sessions?\b.{0,60}\b(limit|maxim|max\b|exceed|too many|reached|quota|concurrent|exhaust)"
    r"|\b(limit|maxim\w*|max|exceed\w*|too many|reached|no more|concurrent|quota|log out of|log off|close|end) .{0,60}\bsessions?\b"
)
# Where a text speaks of these as well, it may be about user and password, or about a lock.
_CREDENTIALS = re.compile(
    r"(?i)passw|credential|incorrect|wrong|attempt|lock|disabled|expired|invalid|not valid|failed log[io]n|log[io]n failure"
)
_HINT_SESSIONS = (
    "End unused sessions of this user (in XClarity Administrator, or list them with xclarity_session_info and end them with "
    "xclarity_session, state absent, both with auth_method: basic, which needs no session), or let fewer tasks run at once, and run again."
)


def _refusal(reply: Reply, place: str) -> Failure | None:
    """What an answer to a login means that is not a session: ``sessions_exhausted``, ``auth_failed``, or None for anything else.

    Only a text that speaks of a limit of sessions and of nothing else tells of one: a password that was refused may not be
    tried again, it would lock the account. Where nothing tells the two apart, both are named.
    """
    words, more = _told(reply)
    facts: dict[str, t.Any] = {"what": f"log in at {place}", "status": reply.status, "server_message": words or more or None}
    limited = any(_LIMIT.search(text) and not _CREDENTIALS.search(text) for text in (words, f"{words} {more}"))
    # An answer 200 that holds a session says what it likes in its messages.
    failed = reply.status >= 300 or _result(reply) not in ("", "success", "warning")
    if failed and limited:
        why = "the user has no session left: the server allows only so many at once (3 by default)."
        return Failure("sessions_exhausted", why, _HINT_SESSIONS, transient=True, **facts)
    if reply.status in (409, 429) and not words:
        failure = t.cast(Failure, for_status(reply.status, starts=False, retry_after=retry_after(reply.headers))).about(**facts)
        failure.why += " It may be the number of sessions that this user has open (3 by default)."
        return failure  # a wrong password is not answered like this
    if reply.status not in (400, 401, 403):
        return None
    if _CREDENTIALS.search(words) and not _LIMIT.search(words):
        why = "the server did not accept user and password, or the account is locked."
        return Failure("auth_failed", why, "Check username and password, and whether the account is locked, and run again.", **facts)
    return Failure(
        "auth_failed",
        "the server did not accept user and password, or the user has no session left (3 by default); its answer does not tell which.",
        "Check username and password, and whether endpoint is the right server. If so, end unused sessions of this user. Then run again.",
        unclear=True,
        **facts,
    )


def _told(reply: Reply) -> tuple[str, str]:
    """(texts and explanations, recovery texts) of the messages of an answer, in whatever shape; empty where there are none."""
    try:
        data = reply.json()
    except Failure:
        return "", ""
    words: list[str] = []
    more: list[str] = []
    for key in ("messages", "message"):
        value = data.get(key) if isinstance(data, dict) else None
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str):
                words.append(one)
            elif isinstance(one, dict):
                words += [one[name] for name in ("text", "explanation") if isinstance(one.get(name), str)]
                recovery = one.get("recovery")
                for hint in recovery if isinstance(recovery, list) else [recovery]:
                    hint = hint.get("text") if isinstance(hint, dict) else hint
                    more += [hint] if isinstance(hint, str) else []
    return " ".join(filter(None, words)).strip(), " ".join(filter(None, more)).strip()


def _result(reply: Reply) -> str:
    try:
        data = reply.json()
    except Failure:
        return ""
    word = data.get("result") if isinstance(data, dict) else None
    return word.strip().lower() if isinstance(word, str) else ""
