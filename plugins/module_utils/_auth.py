# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each system is shown who is asking: XClarity session or Basic, HTTP Digest with one shared nonce, Keystone token.

An :class:`Auth` gives the headers of a request and is told of every 401. It never sends a request of its own but
through the :class:`Transport` that it is given.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import threading
import typing as t
from http.cookies import CookieError, SimpleCookie

from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    Failure,
    bad_input,
    bad_reply,
)
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply, Transport, check_status


class Auth:
    """What the client asks of an authentication."""

    def open(self, transport: Transport) -> None:
        """Log in, where there is such a thing."""

    def headers(self, method: str, target: str) -> dict[str, str]:
        """The headers of one request; ``target`` is path and query as on the wire."""
        return {}

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> bool:
        """A 401 came back for a request with the headers ``sent``: True when new credentials are ready to send it again."""
        return False

    def accepted(self) -> None:
        """A request was answered with something else than 401."""

    def close(self, transport: Transport) -> None:
        """Log out, where there is such a thing. Never raises."""


def check_secret(value: str | None, option: str) -> str:
    """A secret as the user gave it. Blanks at its ends and control characters are refused, not stripped, never shown."""
    if not value:
        raise bad_input("config_credentials", f"{option} is not set.", f"Set {option} (or its environment variable) and run again.")
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
    """HTTP Basic (XClarity: all verbs, without login and CSRF header; observed). UTF-8, which ``requests`` can not do."""

    def __init__(self, user: str, password: str, redactor: Redactor) -> None:
        if ":" in user:
            raise bad_input("config_credentials", "username holds a colon, which Basic can not carry.", "Use auth_method session.")
        coded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        redactor.add(coded)
        self._header = {"Authorization": "Basic " + coded}

    def headers(self, method: str, target: str) -> dict[str, str]:
        return self._header


class XClaritySession(Auth):
    """POST /sessions, then the cookies and ``X-Csrf-Token`` on each request, DELETE /sessions at the end.

    Source: the authentication page of the vendor and what its own client sends. A user has three sessions; one that is
    not closed is lost until it times out, so :meth:`close` is called on every way out. A session that was handed in
    (``session``: ``{"id", "csrf"}``) is neither opened nor closed here.
    """

    def __init__(self, user: str, password: str, redactor: Redactor, session: t.Mapping[str, str] | None = None) -> None:
        self._user, self._password, self._redactor = user, password, redactor
        self._lock = threading.Lock()
        self._proven = False  # the server has accepted a session of ours
        self._handed_in = session is not None
        self._headers: dict[str, str] = {}
        self.session: dict[str, str] | None = None
        if session is not None:
            self._take(session["id"], session["csrf"])

    def open(self, transport: Transport) -> None:
        if self.session is None:
            self._login(transport)

    def headers(self, method: str, target: str) -> dict[str, str]:
        return self._headers

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> bool:
        with self._lock:
            if sent.get("Cookie") != self._headers.get("Cookie"):
                return True  # another worker has renewed it meanwhile
            # A session that was good and is not any more (expired, appliance restarted) is opened again, in a long wait
            # more than once. One that is refused from the start is not: wrong passwords lock accounts.
            if self._handed_in or not self._proven:
                return False
            self.close(transport)  # should the server still know it, it does not cost the user one of three sessions
            self._login(transport)
            self._proven = False
            return True

    def accepted(self) -> None:
        self._proven = True

    def close(self, transport: Transport) -> None:
        if self.session is None or self._handed_in:
            return
        headers, self._headers, self.session = self._headers, {}, None
        # Nothing can be done about a failure here; the server ends the session when it times out.
        with contextlib.suppress(Failure):
            transport.send("DELETE", "/sessions", headers=headers, what="log out")

    def _login(self, transport: Transport) -> None:
        body = {"UserId": self._user, "password": self._password}
        place = transport.endpoint.place
        reply = transport.send("POST", "/sessions", body=body, what="log in")
        told = _first_message(reply)
        if reply.status in (400, 401, 403):
            raise Failure(
                "auth_failed",
                "the server did not accept user and password, or the user has no session left (3 a user by default).",
                "Check username and password, end unused sessions of this user, and run again.",
                what=f"log in at {place}",
                status=reply.status,
                server_message=told,
            )
        check_status(reply, starts=False, what="log in", place=place)
        data = reply.json()
        response = data.get("response") if isinstance(data, dict) else None
        response = response if isinstance(response, dict) else {}
        session = response.get("session")
        session = session if isinstance(session, dict) else {}
        cookies = _cookies(reply)
        ident = cookies.get("JSESSIONID") or session.get("id")
        csrf = cookies.get("csrf") or session.get("csrf")
        if not isinstance(ident, str) or not ident or not isinstance(csrf, str):
            raise bad_reply("the answer to the login holds no session", what=f"log in at {place}")
        if response.get("pwChangeRequired") is True:
            self._take(ident, csrf)
            self.close(transport)
            raise Failure(
                "auth_failed",
                "the server wants this user's password to be changed first.",
                "Change it, then run again.",
                what=f"log in at {place}",
            )
        self._take(ident, csrf)

    def _take(self, ident: str, csrf: str) -> None:
        for value in (ident, csrf):
            if any(c in value for c in ";, \r\n\0") or not value.isascii():
                raise bad_reply("the session id or CSRF token holds characters that a header cannot carry")
        self._redactor.add(ident, csrf)
        self.session = {"id": ident, "csrf": csrf}
        # The cookie alone is not enough, the header is required (the vendor's client says so and sends it on reads too).
        self._headers = {"Cookie": f"JSESSIONID={ident}; csrf={csrf}", "X-Csrf-Token": csrf}


class _Nonce:
    """A challenge and how many requests have used it."""

    def __init__(self, challenge: dict[str, str]) -> None:
        self.challenge = challenge
        self.count = 0


class Digest(Auth):
    """HTTP Digest with nonces that all workers share (RFC 7616; Ops Manager's rules are those of Jetty).

    The first request of a run is challenged once; each later one carries the next ``nc`` up front. A 401 is answered
    while the server offers a nonce that we have not used for that request, at most :data:`MAX_CHALLENGES` times.

    A nonce lives in the memory of one server node. Where a balancer spreads requests over two, one that was just given
    is unknown to the other node: then the nonces of both are kept and used in turn.
    """

    MAX_CHALLENGES = 3  # the first challenge, and two more for stale or unknown nonces
    MAX_REFUSED = 2  # fresh nonces refused for another reason: the key is wrong, and trying on could lock the account
    ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}

    def __init__(self, user: str, password: str, redactor: Redactor) -> None:
        if any(c in user for c in '"\\') or not user.isprintable():
            why = "the key's user part holds a quote, backslash or control character."
            raise bad_input("config_credentials", why, "Correct public_key and run again.")
        self._user, self._password, self._redactor = user, password, redactor
        self._lock = threading.Lock()
        self._nonces: list[_Nonce] = []  # one, or one of each of two nodes; the first is the next to be used
        self._refused = 0
        self.challenges = 0  # how many 401 were answered, for the figure "one a task"

    def headers(self, method: str, target: str) -> dict[str, str]:
        with self._lock:
            if not self._nonces:
                return {}
            nonce = self._nonces.pop(0)
            self._nonces.append(nonce)
            nonce.count += 1
            return {"Authorization": self._answer(method, target, nonce.challenge, nonce.count)}

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> bool:
        with self._lock:
            answered = sent.get("Authorization", "")
            used = _directive(answered, "nonce")
            mine = next((nonce for nonce in self._nonces if nonce.challenge["nonce"] == used), None)
            if mine is None and self._nonces:
                return True  # another worker holds a newer nonce
            offered = self._choose(reply.headers.get("WWW-Authenticate", ""))
            if offered is None or offered["nonce"] == used:
                return False
            stale = offered.get("stale", "").lower() == "true"
            nc = _directive(answered, "nc")
            first = mine is not None and (int(nc, 16) if nc else mine.count) == 1
            self._refused = self._refused + 1 if first and not stale else 0
            if self._refused >= self.MAX_REFUSED:
                return False
            others = [nonce for nonce in self._nonces if nonce is not mine]
            if mine is not None and first and stale and not others:
                others = [mine]  # it was given a moment ago, so another node has answered
            self._nonces = [*others, _Nonce(offered)]
            self.challenges += 1
            return True

    def _choose(self, header: str) -> dict[str, str] | None:
        """The strongest Digest challenge that can be met; never a fall-back to Basic."""
        offers = [_directives(part) for part in re.split(r"(?i)(?:^|,\s*)digest\s+", header)[1:]]
        best: tuple[int, dict[str, str]] | None = None
        unsupported = ""
        for offer in offers:
            algorithm = offer.get("algorithm", "MD5").upper()
            base = algorithm.removesuffix("-SESS")
            # The documentation prints op= where servers send qop=. A challenge without either is RFC 2069.
            qop = offer.get("qop", offer.get("op", "auth"))
            if base not in self.ALGORITHMS or "auth" not in [q.strip().lower() for q in qop.split(",")]:
                unsupported = f"{algorithm}, qop {qop}"
                continue
            if not offer.get("nonce"):
                continue
            rank = list(self.ALGORITHMS).index(base)
            if best is None or rank < best[0]:
                best = rank, offer
        if best is None and (unsupported or (header and not offers)):
            raise Failure(
                "auth_unsupported",
                "the server offers no Digest method that this client supports"
                + (f" ({unsupported[:60]})." if unsupported else "; a key is never sent with Basic."),
                "Check that endpoint is Ops Manager itself and not a proxy.",
                status=401,
            )
        return best[1] if best else None

    def _answer(self, method: str, target: str, challenge: dict[str, str], count: int) -> str:
        algorithm = challenge.get("algorithm", "MD5").upper()
        name = self.ALGORITHMS[algorithm.removesuffix("-SESS")]

        def digest(text: str) -> str:
            return hashlib.new(name, text.encode("utf-8"), usedforsecurity=False).hexdigest()

        realm, nonce = challenge.get("realm", ""), challenge["nonce"]
        cnonce = os.urandom(8).hex()
        nc = f"{count:08x}"
        secret = digest(f"{self._user}:{realm}:{self._password}")
        self._redactor.add(secret)
        if algorithm.endswith("-SESS"):
            secret = digest(f"{secret}:{nonce}:{cnonce}")
        plain = "qop" not in challenge and "op" not in challenge
        middle = "" if plain else f"{nc}:{cnonce}:auth:"
        response = digest(f"{secret}:{nonce}:{middle}{digest(f'{method}:{target}')}")
        user = self._user if self._user.isascii() else None
        parts = [
            f'username="{user}"' if user is not None else f"username*=UTF-8''{_percent(self._user)}",
            f'realm="{realm}"',
            f'nonce="{nonce}"',
            f'uri="{target}"',
            f'response="{response}"',
        ]
        if not plain:
            parts += ["qop=auth", f"nc={nc}", f'cnonce="{cnonce}"']
        if "algorithm" in challenge:
            parts.append(f"algorithm={challenge['algorithm']}")
        if "opaque" in challenge:
            parts.append(f'opaque="{challenge["opaque"]}"')
        return "Digest " + ", ".join(parts)


def _percent(text: str) -> str:
    return "".join(chr(b) if chr(b).isalnum() and b < 128 else f"%{b:02X}" for b in text.encode("utf-8"))


_PAIR = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def _directives(text: str) -> dict[str, str]:
    """``name=value`` pairs of one challenge; values that could break out of a header are dropped."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PAIR.findall(text):
        value = quoted or plain
        if value.isprintable() and value.isascii() and '"' not in value and "\\" not in value and len(value) < 1024:
            found.setdefault(name.lower(), value)
    return found


def _directive(header: str, name: str) -> str | None:
    return _directives(header.partition(" ")[2]).get(name)


def _cookies(reply: Reply) -> dict[str, str]:
    jar: dict[str, str] = {}
    for line in reply.cookies:
        try:
            jar.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        except CookieError:
            continue
    return jar


def _first_message(reply: Reply) -> str | None:
    try:
        data = reply.json()
        return str(data["messages"][0]["text"])
    except (Failure, LookupError, TypeError):
        return None
