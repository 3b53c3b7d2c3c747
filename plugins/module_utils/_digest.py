# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP Digest with one nonce for a whole run (Ops Manager)."""

from __future__ import annotations

import hashlib
import os
import random
import re
import threading
import typing as t
from urllib.parse import quote

from ansible_collections.groundwork.provision.plugins.module_utils._auth import Auth
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._logins import Login
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor, clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Reply, Transport


class _Nonce:
    """A challenge and how many requests have used it."""

    def __init__(self, challenge: dict[str, str]) -> None:
        self.challenge = challenge
        self.count = 0

    @property
    def value(self) -> str:
        return self.challenge["nonce"]


class _Way(threading.local):
    """How far the request has come that a thread is sending."""

    def __init__(self) -> None:
        self.again = False  # renew() has said that it is to be sent again
        self.last: _Nonce | None = None  # what it was sent with
        self.next: _Nonce | None = None
        self.offers: list[_Nonce] = []  # what it was challenged with, in order; nobody else has used these


class Digest(Auth):
    """HTTP Digest with nonces that all workers share (RFC 7616; Ops Manager's rules are those of Jetty).

    The first request of a run is challenged; each later one carries the next ``nc`` up front. A nonce lives in the memory of
    one server node. Where a balancer spreads requests over several, which of them answers next cannot be told, so:

    * A 401 is answered with the challenge of that very reply, which no other worker uses. When this is refused too, the next
      node is taken for one that was asked before: the last but one of the challenges, then the one before it, then any.
    * A challenge becomes the common one of all workers when it was accepted; one for each node is kept, used in turn.
    * ``stale=true`` is no refusal. Any other challenge to a request with a nonce is one; :data:`MAX_REFUSED` of them,
      :data:`MAX_UNCLEAR` from a server that does not use ``stale``, and the key counts as wrong: trying on could lock the
      account. While the key was not accepted, only one request with credentials is under way. Once it was, it is right, and
      only :data:`MAX_CHALLENGES` refusals in a row, of all workers, end it.
    """

    MAX_CHALLENGES = 48  # of one request: with three nodes and luck of one in three, a right key fails once in 10 ** 8 times
    MAX_REFUSED, MAX_UNCLEAR = 2, 3
    KEPT = 3
    ALGORITHMS = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}

    def __init__(
        self, user: str, password: str, redactor: Redactor, randomness: random.Random | None = None, login: Login | None = None
    ) -> None:
        if any(c in user for c in '"\\') or not user.isprintable():
            why = "the key's user part holds a quote, backslash or control character."
            raise bad_input("config_credentials", why, "Correct public_key and run again.")
        self._user, self._password, self._redactor = user, password, redactor
        self._random = randomness or random.Random()
        self._login = login or Login()
        self._changed = threading.Condition()
        self._nonces: list[_Nonce] = []  # accepted ones, the next to be used first
        self._proven = False  # the key was accepted
        self._refused = 0  # in a row
        self._limit = self.MAX_UNCLEAR
        self._trying: tuple[int, Deadline] | None = None  # the thread with an unproven key under way, and how long it can be
        self._way = _Way()
        self._transport: Transport | None = None
        self.challenges = 0  # how many were answered, for the figure "one a task"

    def open(self, transport: Transport) -> None:
        self._login.check(transport.clock)

    def headers(self, method: str, target: str) -> dict[str, str]:
        way = self._way
        with self._changed:
            if way.again:
                nonce = way.next
            else:
                way.offers = []
                nonce = self._in_turn()
            way.again, way.last, way.next = False, nonce, None
            if nonce is None:
                return {}
            nonce.count += 1
            return {"Authorization": self._answer(method, target, nonce.challenge, nonce.count)}

    def renew(self, transport: Transport, reply: Reply, sent: t.Mapping[str, str]) -> bool:
        tried = self._way.last is not None
        again = self._renew(transport, reply)
        if tried and not again and not self._proven and len(self._way.offers) < self.MAX_CHALLENGES:
            # Ops Manager says 401 without a challenge to a key that is right and may not do this (not in the group, no role).
            if "digest" in reply.headers.get("WWW-Authenticate", "").lower():
                self._login.refused(transport.clock)
            else:
                self._login.end(transport.clock)
        return again

    def lost(self, transport: Transport) -> None:
        if not self._proven:
            self._login.end(transport.clock)

    def close(self, transport: Transport) -> None:
        self._login.end(transport.clock)

    def _renew(self, transport: Transport, reply: Reply) -> bool:
        way = self._way
        used, way.last = way.last, None
        with self._changed:
            self._transport = transport
            self._done_trying()
            offered = self._choose(reply.headers.get("WWW-Authenticate", ""))
            if offered is None:
                return False
            if used is not None:
                self._refuse(used, offered.get("stale", "").lower())
                if offered["nonce"] == used.value:
                    return False  # nothing new is offered
            if len(way.offers) >= self.MAX_CHALLENGES:
                return False
            way.offers.append(_Nonce(offered))
            if not self._may_try(transport):
                return False
            # Sent without any: another worker was challenged first, and its nonce was accepted meanwhile.
            way.next = self._in_turn() if used is None and self._nonces else self._candidate(way.offers)
            self.challenges += way.next in way.offers
            way.again = True
            return True

    def accepted(self) -> None:
        way = self._way
        nonce, way.last = way.last, None
        if nonce is None:
            return
        with self._changed:
            self._done_trying()
            status = self._transport.status if self._transport is not None else 0
            self._proven = self._proven or 200 <= status < 400
            if not self._proven:
                if self._transport is not None:
                    self._login.end(self._transport.clock)
                return  # who answers so need not have looked at the credentials
            self._login.accepted()
            self._refused = 0
            if nonce not in self._nonces:
                # With several challenges the others were of other nodes, and these are next. The one before it has expired.
                others = [one for one in way.offers if one is not nonce][-self.KEPT + 1 :]
                self._nonces = [*([] if others else self._nonces[-self.KEPT + 1 :]), *others, nonce]
            self._changed.notify_all()

    def _in_turn(self) -> _Nonce | None:
        """The common nonce whose turn it is."""
        if not self._nonces:
            return None
        self._nonces.append(self._nonces.pop(0))
        return self._nonces[-1]

    def _candidate(self, offers: list[_Nonce]) -> _Nonce:
        """The challenge to be answered; each is of the node that gave it, and any node may be the next."""
        tries = len(offers)
        if tries <= self.KEPT:
            return offers[-tries]
        return offers[-1] if self._random.random() < 0.5 else self._random.choice(offers[-6:])

    def _refuse(self, used: _Nonce, stale: str) -> None:
        """A request with this nonce was not accepted."""
        if used in self._nonces:
            self._nonces.remove(used)  # expired, used up, or not of this node: whoever finds it good puts it back
        if stale == "true":
            return
        if stale == "false":
            self._limit = self.MAX_REFUSED
        self._refused += 1

    def _may_try(self, transport: Transport) -> bool:
        """Whether credentials may be sent: waits, while the key is unproven, for the request that is trying it."""
        while True:
            if self._refused >= (self.MAX_CHALLENGES if self._proven else self._limit):
                return False
            if self._proven:
                return True
            if self._trying is None or self._trying[1].passed():
                # Whoever is trying is heard of again within the time of one request, or not at all.
                self._login.begin(transport.clock, transport.timeout + 1)
                self._trying = threading.get_ident(), Deadline(transport.clock, transport.timeout + 1)
                return True
            self._changed.wait(min(1.0, max(self._trying[1].left(), 0.01)))

    def _done_trying(self) -> None:
        if self._trying is not None and self._trying[0] == threading.get_ident():
            self._trying = None
            self._changed.notify_all()

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
                + (f" ({clean(unsupported, 60)})." if unsupported else "; a key is never sent with Basic."),
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
            f'username="{user}"' if user is not None else f"username*=UTF-8''{quote(self._user, safe='')}",
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


_PAIR = re.compile(r'([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def _directives(text: str) -> dict[str, str]:
    """``name=value`` pairs of one challenge; values that could break out of a header are dropped."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PAIR.findall(text):
        value = quoted or plain
        if value.isprintable() and value.isascii() and '"' not in value and "\\" not in value and len(value) < 1024:
            found.setdefault(name.lower(), value)
    return found
