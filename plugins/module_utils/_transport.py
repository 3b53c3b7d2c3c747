# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange, done safely. The only file that sends anything.

Rules kept here, each with a test that turns red without it: one transmission a call; no redirect followed; nothing
taken from the environment but, on purpose, proxies; the certificate verified on every request; a total deadline; a cap
on the decoded size; nothing told but host, method and path template.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import ipaddress
import json
import math
import re
import threading
import typing as t
import zlib
from urllib.parse import quote, unquote, urlencode, urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils import _authorities, _proxy, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline
from ansible_collections.groundwork.provision.plugins.module_utils._errors import (
    ADDRESS,
    NONE,
    UNKNOWN,
    Failure,
    bad_input,
    for_status,
)
from ansible_collections.groundwork.provision.plugins.module_utils._numbers import digits
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean

requests = _wire.requests

MAX_BODY = 8 * 1024 * 1024
MAX_LIST = 64 * 1024 * 1024
USER_AGENT = "ansible-groundwork.provision/1"

# A starting request goes out on a connection that this worker opened for starting requests and used a moment ago,
# or on a new one: a server that closes idle connections then never meets one of ours.
MAX_IDLE_BEFORE_START = 0.5


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """Where a server is: ``scheme://host:port`` and a base path, both ready for the wire."""

    scheme: str
    host: str
    port: int
    base: str = ""
    # The option that it was read from, in words for advice.
    option: str = dataclasses.field(default=ADDRESS, compare=False)

    @property
    def root(self) -> str:
        default = {"https": 443, "http": 80}[self.scheme]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == default else f":{self.port}")

    @property
    def place(self) -> str:
        """``host:port`` for messages."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @classmethod
    def parse(cls, text: str, *, option: str = ADDRESS, schemes: tuple[str, ...] = ("https",), advice: str = "") -> Endpoint:
        """Read a URL from an option. Raises ``config_host``; the text itself is never repeated when it holds a user.

        advice: how the option is named where the user is told to look at it, if it has to be set elsewhere too.
        """
        advice = advice or option

        def refuse(why: str) -> Failure:
            return bad_input("config_host", f"{option} {why}.", f"Give {advice} as https://host[:port] and run again.")

        text = (text or "").strip()
        if not text or not text.isprintable() or " " in text:
            raise refuse("is empty or holds blanks or control characters")
        if text.count(":") > 1 and "://" not in text and "[" not in text:
            raise refuse("is a bare IPv6 address")
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise refuse("is not a valid URL (host or port)") from None
        if parts.username is not None or parts.password is not None or "@" in parts.netloc:
            raise refuse("holds a user or password; use the options for them")
        if parts.scheme not in schemes:
            raise refuse(f"must begin with {' or '.join(s + '://' for s in schemes)}")
        if not host or parts.query or parts.fragment:
            raise refuse("must be a host with at most a port and a path")
        if port == 0 or "%" in host:
            raise refuse("has port 0 or a zone id, which cannot be used")
        host = _host(host, "[" in parts.netloc)
        if not host:
            raise refuse("holds a host name that is not valid")
        base = _base(parts.path)
        if base is None:
            raise refuse("has a path with // in front, a segment . or .., or a % without two hexadecimal digits, which cannot be sent")
        return cls(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], base, advice)


def _host(host: str, bracketed: bool) -> str:
    """A host as the resolver takes it (other letters than ASCII as browsers write them); empty when it is not valid."""
    if bracketed:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            return ""
    if not host.isascii():
        try:
            import idna

            host = idna.encode(host, uts46=True).decode("ascii")
        except (ImportError, UnicodeError):
            return ""
    labels = host.removesuffix(".").split(".")
    good = re.fullmatch(r"[A-Za-z0-9._-]{1,254}", host) and all(0 < len(label) < 64 for label in labels)
    return host if good else ""


def _base(path: str) -> str | None:
    """A base path in the one spelling that goes on the wire: what is not allowed there encoded, escapes in capitals.

    urllib3 would do the same behind our back, and Digest signs the spelling that the server sees. None: it cannot be sent.
    """
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", path)
    coded = "".join(piece.upper() if odd % 2 else quote(piece, safe="/:@!$&'()*+,;=~") for odd, piece in enumerate(pieces))
    # Two slashes at the beginning are one for some releases of requests, which would be another path than was signed.
    doubled = coded.rstrip("/").startswith("//")
    if doubled or any("%" in piece for piece in pieces[::2]) or any(unquote(part) in (".", "..") for part in coded.split("/")):
        return None
    return coded.rstrip("/")


def segment(value: str, what: str) -> str:
    """One id as one path segment. ``.``, ``..``, empty, control characters and over 1,024 bytes are refused."""
    text = value if isinstance(value, str) else str(value)
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        size = 0
    if not size or size > 1024 or text in (".", "..") or any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise bad_input(
            "config_id",
            f"{what} is empty, '.', '..', too long, or holds control characters or broken Unicode.",
            f"Correct {what} and run again.",
        )
    return quote(text, safe="")


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back. ``body`` is decoded and at most the cap long."""

    status: int
    headers: t.Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()
    option: str = ADDRESS  # see Endpoint

    def json(self) -> t.Any:
        """The parsed body; ``not_json`` when it is not JSON (the media type is not asked: XClarity's is its own).

        The charset is: one reply of XClarity was seen to say ISO-8859-1.
        """
        latin = any(word in self.headers.get("Content-Type", "").lower() for word in ("iso-8859-1", "latin1"))
        with contextlib.suppress(ValueError, RecursionError):  # raised in here, the failure would keep the body
            body = self.body.decode("latin-1") if latin else self.body
            return json.loads(body, parse_constant=_no_constant, parse_float=_finite)
        kind = clean(self.headers.get("Content-Type", "none").split(";")[0], 60)
        raise Failure(
            "not_json",
            f"the answer ({self.status}, {len(self.body)} bytes, type {kind}) is not JSON; a proxy or a login page may stand in between.",
            f"Check {self.option} and use_proxy, and run again.",
            status=self.status,
            transient=True,
        )


def _no_constant(name: str) -> t.Any:
    raise ValueError(name)


def _finite(text: str) -> float | str:
    """A number too large for Python stays a text: no result may hold an infinity, which JSON cannot carry."""
    value = float(text)
    return value if math.isfinite(value) else text


class _Lane(threading.local):
    """The connections of one thread: one for reads, one for requests that start something."""

    def __init__(self) -> None:
        self.adapters: dict[bool, t.Any] = {}
        self.used: dict[bool, float] = {}
        self.status = 0


class Transport:
    """Sends single requests to one endpoint. Safe to use from several threads; each has its own connections."""

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        *,
        validate_certs: bool = True,
        ca_path: str | None = None,
        use_proxy: bool = True,
        timeout: float = 30.0,
    ) -> None:
        self.endpoint = endpoint
        self.clock = clock
        self.timeout = timeout
        self.sent = 0  # requests transmitted, for the tests that hold the documented formula against it
        trusted = _authorities.store(ca_path) if validate_certs else None
        self._trusted = trusted
        self._trust = trusted.words if trusted else ""
        self._proxy = _proxy.find(endpoint.root) if use_proxy else None
        self._lane = _Lane()
        self._open: list[t.Any] = []
        self._lock = threading.Lock()
        self._live: set[_wire.Exchange] = set()
        self.farewell = False  # the run is over: what is sent now is the log-out

    # -- sending -------------------------------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        query: t.Sequence[tuple[str, str]] = (),
        headers: t.Mapping[str, str] | None = None,
        body: t.Any = None,
        starts: bool = False,
        max_body: int = MAX_BODY,
        what: str = "",
    ) -> Reply:
        """Send once and read the whole answer, whatever its status.

        path: as on the wire, beginning with ``/``, already encoded (see :func:`segment`). query: pairs, encoded here.
        body: JSON-able, bytes (sent as they are; ``headers`` then name their type), or None. starts: the request starts
        or changes something; it then goes out on a fresh connection and a lost answer has the outcome ``unknown``. Raises :class:`Failure`.
        """
        try:
            with self.stream(method, path, query=query, headers=headers, body=body, starts=starts, what=what) as answer:
                reply = Reply(answer.status, answer.headers, answer.read(max_body), answer.cookies, answer.option)
                answer.exchange.answered = True
                return reply
        except Failure as failure:
            raise failure.bare() from None

    def stream(
        self,
        method: str,
        path: str,
        *,
        query: t.Sequence[tuple[str, str]] = (),
        headers: t.Mapping[str, str] | None = None,
        body: t.Any = None,
        starts: bool = False,
        timeout: float | None = None,
        idle: float | None = None,
        what: str = "",
    ) -> Answer:
        """As :meth:`send`, but the body is left to be read, within ``timeout`` seconds in all. Close the answer.

        idle: seconds that may pass without a byte, for a long body whose ``timeout`` is long.
        """
        self._refuse_after_the_end()
        adapter = self._adapter(starts)
        request = requests.models.PreparedRequest()
        request.method = method
        request.url = self.endpoint.root + self.target(path, query)
        request.headers = requests.structures.CaseInsensitiveDict(
            {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
        )
        if body is not None:
            request.body = body if isinstance(body, bytes) else _coded(body)
            request.headers["Content-Type"] = "application/json"
            request.headers["Content-Length"] = str(len(request.body))
        elif method not in ("GET", "HEAD"):
            request.headers["Content-Length"] = "0"
        request.headers.update(headers or {})
        request.hooks = {}
        self._refuse_header_breaks(request.headers)
        seconds = timeout or self.timeout
        exchange = _wire.begin(Deadline(self.clock, seconds), idle, self._refuse_after_the_end)
        patience = seconds if idle is None else min(seconds, idle)
        proxies = {self.endpoint.scheme: self._proxy.url} if self._proxy else {}
        told = what or f"{method} {path}"
        self.sent += 1
        self._live.add(exchange)
        try:
            response = adapter.send(request, stream=True, timeout=(patience, patience), verify=self._trusted is not None, proxies=proxies)
        except BaseException as exc:
            self._live.discard(exchange)
            adapter.drop()
            if not isinstance(exc, _wire.network_errors()):
                raise
            raise self._failure(exc, exchange, starts, told) from None
        self._lane.status = response.status_code
        return Answer(self, adapter, response, exchange, starts, told)

    @property
    def status(self) -> int:
        """The status of the last answer in this thread."""
        return self._lane.status

    def target(self, path: str, query: t.Sequence[tuple[str, str]] = ()) -> str:
        """The request target as it goes on the wire (Digest signs exactly this text)."""
        return self.endpoint.base + path + ("?" + urlencode(list(query), quote_via=quote, safe="") if query else "")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see of the proxy's settings."""
        return self._proxy.secrets if self._proxy else ()

    def close(self) -> None:
        """Close every connection of every thread."""
        for adapter in list(self._open):
            adapter.drop()

    def abort(self) -> None:
        """End every exchange that is under way in another thread; it fails there as a connection that was closed does."""
        for exchange in list(self._live):
            exchange.abort()

    def forget(self) -> None:
        """Begin anew with what :attr:`unanswered` says of this thread."""
        _wire.forget()

    @property
    def transmitted(self) -> bool:
        """The last request of this thread was transmitted, or a part of it."""
        last = _wire.current()
        return last is not None and last.sent

    @property
    def unanswered(self) -> bool:
        """The last request of this thread was transmitted, and its whole answer has not come."""
        last = _wire.current()
        return last is not None and last.sent and not last.answered

    # -- inside --------------------------------------------------------------------------------------------------

    def _adapter(self, starts: bool) -> t.Any:
        lane = self._lane
        now = self.clock.monotonic()
        adapter = lane.adapters.get(starts)
        if adapter is None:
            adapter = lane.adapters[starts] = _wire.Adapter()
            if self._trusted is not None and self.endpoint.scheme == "https":
                with self._lock:  # the first makes the context that all of them use
                    adapter.context = self._trusted.context
            adapter.authorization = self._proxy.authorization if self._proxy else None
            self._open.append(adapter)
        elif starts and now - lane.used[starts] > MAX_IDLE_BEFORE_START:
            adapter.drop()
        lane.used[starts] = now
        return adapter

    def _touch(self, starts: bool) -> None:
        self._lane.used[starts] = self.clock.monotonic()

    def _refuse_after_the_end(self) -> None:
        """After the decision to end nothing is transmitted any more, in any thread, but the log-out."""
        if not self.farewell:
            self.clock.stop.check()

    def _refuse_header_breaks(self, headers: t.Mapping[str, str]) -> None:
        for name, value in headers.items():
            if not value.isascii() or "\r" in value or "\n" in value or "\0" in value:
                raise bad_input(
                    "config_header",
                    f"a value for the header {name} holds a line break or a character that a header cannot carry.",
                    "Correct user, password or token and run again.",
                )

    def _failure(self, exc: BaseException, exchange: _wire.Exchange, starts: bool, what: str) -> Failure:
        # Only a failure loads it.
        from ansible_collections.groundwork.provision.plugins.module_utils import _diagnosis

        peers = _diagnosis.Peers(self.endpoint.place, self.endpoint.option, self._proxy, self._trust, self.timeout)
        found = _diagnosis.explain(exc, exchange, peers, starts=starts)
        outcome = UNKNOWN if starts and exchange.sent else NONE
        what = f"{what} at {self.endpoint.place}"
        return Failure(found.code, found.why, found.next_step, what=what, outcome=outcome, transient=found.transient)


class Answer:
    """An open reply. ``status`` and ``headers`` are there; the body is read once, in pieces or whole."""

    def __init__(self, transport: Transport, adapter: t.Any, response: t.Any, exchange: _wire.Exchange, starts: bool, what: str) -> None:
        self.status: int = response.status_code
        self.headers: t.Mapping[str, str] = response.headers
        self.cookies: tuple[str, ...] = tuple(response.raw.headers.getlist("Set-Cookie"))
        self.option = transport.endpoint.option
        self._transport, self._adapter = transport, adapter
        self._response: t.Any = response
        self.exchange, self._starts, self._what = exchange, starts, what
        self._whole = False

    def fill(self, buffer: memoryview) -> int:
        """Read the body as it is on the wire (not decoded) into ``buffer``. Returns the bytes read: 0 at its end, else mostly all.

        Straight into memory that is used again: new memory for every piece costs more than the piece itself.
        """
        body = self._response.raw._original_response  # http.client's; urllib3's own readinto() makes copies
        try:
            # The socket is given the time that is left; a fresh look at the clock also ends a drip.
            self.exchange.budget()
            count: int = body.readinto(buffer)
            if not count:
                if body.length:
                    raise http.client.IncompleteRead(b"", body.length)
                self._whole = True
            return count
        except _wire.network_errors() as exc:
            failure = self._transport._failure(exc, self.exchange, self._starts, self._what)
            if self._starts:
                failure.why = f"the server answered {self.status}, but the body was lost ({failure.why.rstrip('.')})."
            failure.status = self.status
            raise failure from None

    def pieces(self, size: int = 65536) -> t.Iterator[bytes]:
        """The body as it is on the wire, in pieces of their own."""
        buffer = memoryview(bytearray(size))
        while count := self.fill(buffer):
            yield bytes(buffer[:count])

    def read(self, cap: int) -> bytes:
        """The whole body, decoded; ``reply_too_large`` above ``cap`` bytes."""
        try:
            decoder = _decoder(self.headers.get("Content-Encoding", ""))
        except LookupError:
            raise self._bad("bad_reply", "the answer has a content encoding that was not asked for") from None
        body = bytearray()
        for piece in self.pieces():
            try:
                while piece:
                    body += decoder.decompress(piece, cap + 1 - len(body)) if decoder else piece
                    if len(body) > cap:
                        raise self._bad("reply_too_large", f"the answer is larger than {cap} bytes")
                    piece = decoder.unconsumed_tail if decoder else b""
            except zlib.error:
                raise self._bad("bad_reply", "the compressed answer is broken") from None
        return bytes(body)

    def _bad(self, code: str, why: str) -> Failure:
        outcome = UNKNOWN if self._starts else NONE
        hint = f"Check that {self.option} is the right server."
        return Failure(code, why + ".", hint, what=self._what, status=self.status, outcome=outcome)

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        self._transport._live.discard(self.exchange)
        response, self._response = self._response, None  # whoever keeps a failure of this exchange need not keep its buffers
        if response is None:
            return
        if self._whole and self.status >= 200:
            response.raw.release_conn()
        else:
            response.raw.close()
            self._adapter.drop()
        self._transport._touch(self._starts)

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *exc: t.Any) -> None:
        self.close()


def check_status(reply: Reply | Answer, *, starts: bool, what: str = "", place: str = "") -> None:
    """Raise what the status means; nothing for 2xx."""
    host = None
    if 300 <= reply.status < 400:
        try:
            host = urlsplit(reply.headers.get("Location", "")).hostname
        except ValueError:
            host = None
    failure = for_status(reply.status, starts=starts, location_host=host, retry_after=retry_after(reply.headers), option=reply.option)
    if failure is not None:
        raise failure.about(what=f"{what} at {place}" if place else what)


def unknown_path(failure: Failure, target: str, option: str) -> None:
    """Tell a 404 to the first request to a server: it is not the id of something that is wrong, but the address."""
    failure.why = f"the server does not know the path {clean(target.partition('?')[0], 120)}."
    failure.next_step = f"Check {option}: it is the address of the server, as a rule without a path. Then run again."


def retry_after(headers: t.Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header: only the plain number is believed, at most 60; else None (own back-off)."""
    seconds = digits(headers.get("Retry-After", "").strip())
    return None if seconds is None or seconds > 999_999_999 else min(float(seconds), 60.0)


def _decoder(encoding: str) -> t.Any:
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return zlib.decompressobj(47)  # gzip or zlib header, told apart by zlib itself
    raise LookupError(encoding)


def _coded(body: t.Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError:
        raise bad_input(
            "config_text", "an option holds text or a number that JSON cannot carry (broken Unicode, NaN).", "Correct it and run again."
        ) from None
