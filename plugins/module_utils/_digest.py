# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP Digest with one nonce for a whole run (Ops Manager)."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply, Transport


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
