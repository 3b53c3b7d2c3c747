# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP Digest as Ops Manager does it.

The challenge is a capture's, letter for letter; the rules for nonces are those of Jetty's DigestAuthenticator, whose
challenge has the same fields in the same order: a nonce lives 60 seconds and takes counts below 1024, each once, in any
order. Unknown or expired nonce, or a count too high: challenge with stale=true. Repeated count, wrong realm, user or
response: stale=false. There is no RFC 2069 way in: `qop`, `nc` and `cnonce` always take part in the hash.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

REALM = "MMS Public API"
_FIELD = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')


class HasNow(Protocol):
    def now(self) -> float: ...


@dataclass
class Verdict:
    """The user (None: not authenticated) and the headers to answer with."""

    user: str | None
    headers: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Nonce:
    issued: float
    seen: set[int] = field(default_factory=set)


class DigestAuthenticator:
    """One or several server nodes, each with a nonce table of its own in memory.

    `switches` is read at every request (see OpsManager.SWITCHES); `secret_of` gives a user's private key or None.
    """

    def __init__(self, clock: HasNow, switches: dict[str, Any], secret_of: Callable[[str], str | None]) -> None:
        self._clock = clock
        self._switches = switches
        self._secret_of = secret_of
        self._nodes: list[dict[str, _Nonce]] = [{}]
        self._choice = random.Random(1)
        self._turn = 0
        self.challenges = 0
        self.requests = 0
        self.basic_logins = 0
        self.refused = 0                                 # credentials answered with stale=false, as wrong ones are

    def check(self, method: str, target: str, body: bytes, authorization: str | None, connection: int = 0) -> Verdict:
        """Judge one request; `target` is the path and query as sent, `connection` a number that tells connections apart."""
        self.requests += 1
        nonces = self._node(connection)
        self._drop_expired(nonces)
        scheme, dummy, rest = (authorization or "").partition(" ")
        every = self._switches["stale_every"]
        if scheme.lower() == "digest":
            if every and self.requests % every == 0:
                return self._challenge(nonces, stale=True)
            fields = {name.lower(): quoted or bare for name, quoted, bare in _FIELD.findall(rest)}
            count = self._count(nonces, fields)
            if count is None:
                known = any(fields.get("nonce") in node for node in self._nodes)
                stale = self._switches["foreign_nonce_stale"] or not known
                self.refused += not stale
                return self._challenge(nonces, stale)
            if count and self._response_is_right(method, target, body, fields):
                return Verdict(fields["username"], self._next_nonce(nonces))
            self.refused += 1
        elif scheme.lower() == "basic" and self._switches["offer_basic"]:
            user, dummy, password = base64.b64decode(rest).decode("utf-8", "replace").partition(":")
            if self._secret_of(user) == password:
                self.basic_logins += 1
                return Verdict(user)
        return self._challenge(nonces, stale=False)

    def _node(self, connection: int) -> dict[str, _Nonce]:
        """The nonces of the node that the balancer gives this request to."""
        count = self._switches["digest_nodes"]
        while len(self._nodes) < count:
            self._nodes.append({})
        self._turn += 1
        way = self._switches["digest_balancing"]
        number = {"turns": self._turn, "random": self._choice.randrange(count), "connection": connection}[way]
        return self._nodes[number % count]

    def _drop_expired(self, nonces: dict[str, _Nonce]) -> None:
        oldest = self._clock.now() - self._switches["nonce_life"]
        for nonce in list(nonces):                       # dicts keep the order of issue: stop at the first young one
            if nonces[nonce].issued > oldest:
                break
            del nonces[nonce]

    def _new_nonce(self, nonces: dict[str, _Nonce]) -> str:
        nonce = base64.b64encode(secrets.token_bytes(24)).decode("ascii")
        nonces[nonce] = _Nonce(self._clock.now())
        return nonce

    def _count(self, nonces: dict[str, _Nonce], fields: dict[str, str]) -> int | None:
        """The nonce count if it may be used; 0 if it was used or is no number; None if the nonce is no longer good."""
        nonce = nonces.get(fields.get("nonce", ""))
        if nonce is None:
            return None
        if self._switches["digest_qop"] == "none":
            return 1
        try:
            count = int(fields.get("nc", ""), 16)
        except ValueError:
            return 0
        if count >= self._switches["nonce_max_count"]:
            return None
        if count in nonce.seen or count < 1:
            return 0
        nonce.seen.add(count)
        return count

    def _response_is_right(self, method: str, target: str, body: bytes, fields: dict[str, str]) -> bool:
        user, uri, qop = fields.get("username", ""), fields.get("uri", ""), fields.get("qop", "")
        secret = self._secret_of(user)
        if secret is None or fields.get("realm") != REALM:
            return False
        if self._switches["digest_uri_checked"] and uri != target:
            return False
        if self._switches["digest_qop"] == "auth-int" and qop != "auth-int":
            return False
        algorithm = self._switches["digest_algorithm"]

        def digest(text: str) -> str:
            name = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}[algorithm.removesuffix("-sess")]
            return hashlib.new(name, text.encode(), usedforsecurity=False).hexdigest()

        ha1 = digest(f"{user}:{REALM}:{secret}")
        if algorithm.endswith("-sess"):
            ha1 = digest(f"{ha1}:{fields['nonce']}:{fields.get('cnonce', '')}")
        entity = ":" + digest(body.decode("latin-1")) if qop == "auth-int" else ""
        ha2 = digest(f"{method}:{uri}{entity}")
        middle = f"{fields.get('nc', '')}:{fields.get('cnonce', '')}:{qop}:"
        if self._switches["digest_qop"] == "none":
            middle = ""
        expected = digest(f"{ha1}:{fields['nonce']}:{middle}{ha2}")
        return secrets.compare_digest(expected, fields.get("response", ""))

    def _challenge(self, nonces: dict[str, _Nonce], stale: bool) -> Verdict:
        self.challenges += 1
        headers = []
        if self._switches["offer_digest"]:
            qop = self._switches["digest_qop"]
            offer = "" if qop == "none" else f' {self._switches["digest_qop_spelling"]}="{qop}",'
            headers.append(("www-authenticate", (
                f'Digest realm="{REALM}", domain="", nonce="{self._new_nonce(nonces)}",'
                f' algorithm={self._switches["digest_algorithm"]},{offer} stale={str(stale).lower()}')))
        if self._switches["offer_basic"]:
            headers.append(("www-authenticate", f'Basic realm="{REALM}"'))
        return Verdict(None, headers)

    def _next_nonce(self, nonces: dict[str, _Nonce]) -> list[tuple[str, str]]:
        if not self._switches["nextnonce"]:
            return []
        return [("authentication-info", f'nextnonce="{self._new_nonce(nonces)}"')]
