# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of faults: what happens on the wire, and what a read and a start must then do.

One row a fault. The third column is the wire's part; the fourth what follows, one of:

    again(code)     a read is sent again and succeeds; if it never ends, it fails with ``code``, K1.
                    A start is not sent again. Applied: found by reading, the run goes on. Not applied: ``code``, K4, unknown.
    lasting(code)   as above for a start, but a read does not get better by repeating: ``code`` at once, K1.
    refused(code)   a definite no: ``code``; K1 for a read, K2 for a start; nothing started, nothing changed.
    resent          a definite "not now": a start too is sent again (429 with its wait, 401 with new credentials), and succeeds.
    fine            odd, but a good answer: both succeed.
    unsent(code)    nothing has left the machine: ``code``, K1, nothing changed.
    unsound(codes)  a 2xx of the wrong shape: a read fails with one of ``codes`` or finds nothing; a start as lasting.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from .live import Exchange
from .wire import head

Act = Callable[[Exchange], None]


@dataclasses.dataclass(frozen=True)
class Rule:
    """What must follow. codes: one of these, where something fails. resends: transmissions of a start, at least and at most."""

    kind: str
    codes: tuple[str, ...] = ()
    resends: tuple[int, int] = (1, 1)


@dataclasses.dataclass(frozen=True)
class Fault:
    """id: row of the catalogue and its variant. only: starts it is for; none: for reads as well. timeout: of a request."""

    id: str
    title: str
    act: Act | None
    rule: Rule
    only: tuple[str, ...] = ()
    timeout: float = 10.0
    greet: Any = None
    cut: bool = False
    reads: bool = True


def again(code: str) -> Rule:
    return Rule("again", (code,))


def lasting(*codes: str) -> Rule:
    return Rule("lasting", codes)


def refused(*codes: str) -> Rule:
    return Rule("refused", codes)


def unsent(*codes: str, tries: int = 1) -> Rule:
    return Rule("unsent", codes, (0, tries))


def unsound(*codes: str) -> Rule:
    return Rule("unsound", codes)


FINE = Rule("fine")
RESENT = Rule("resent", (), (2, 4))

# -- what can be done on the wire -------------------------------------------------------------------------------------


def reset(x: Exchange) -> None:
    x.answer()
    x.wire.reset()


def close(x: Exchange) -> None:
    x.answer()
    x.wire.fin()


def silence(x: Exchange) -> None:
    x.answer()
    x.wire.stall()


def first_half(end: str) -> Act:
    """The headers and half of the body, then ``end``."""

    def act(x: Exchange) -> None:
        data = x.bytes()
        body = data.index(b"\r\n\r\n") + 4
        x.wire.send(data[: body + max(1, (len(data) - body) // 2)])
        x.wire.reset() if end == "reset" else x.wire.fin()

    return act


def half_a_json(x: Exchange) -> None:
    status, headers, body = x.answer()
    x.wire.reply(status, body[: len(body) // 2] or b"{", headers)


def cut_chunks(x: Exchange) -> None:
    _status, _headers, body = x.answer()
    half = body[: len(body) // 2] or b"{"
    x.wire.send(head(200, [("Transfer-Encoding", "chunked")]) + b"%x\r\n%s\r\n" % (len(half), half))
    x.wire.fin()


def raw(data: bytes) -> Act:
    """These bytes in place of the answer, then the end."""

    def act(x: Exchange) -> None:
        x.answer()
        x.wire.send(data)
        x.wire.fin()

    return act


def drip(data: bytes) -> Act:
    def act(x: Exchange) -> None:
        x.answer()
        x.wire.drip(data, 0.02)

    return act


def before(data: bytes) -> Act:
    """These bytes, then the true answer."""

    def act(x: Exchange) -> None:
        x.wire.send(data)
        x.wire.send(x.bytes())

    return act


def extra(*headers: tuple[str, str], drop: Iterable[str] = ()) -> Act:
    """The true answer with other headers."""
    dropped = {name.lower() for name in drop}

    def act(x: Exchange) -> None:
        status, told, body = x.answer()
        x.wire.reply(status, body, [*((n, v) for n, v in told if n.lower() not in dropped), *headers])

    return act


def says(status: int, body: bytes = b"", *headers: tuple[str, str], applied: bool = True) -> Act:
    """This answer in place of the true one. applied False: the server never acts on a request that it answers so."""

    def act(x: Exchange) -> None:
        if applied:
            x.answer()
        x.wire.reply(status, body, headers)

    return act


def no(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Act:
    return says(status, body, *headers, applied=False)


def packed(encoding: str, size: int) -> Act:
    packer = zlib.compressobj(9, wbits=31)
    data = b"".join([packer.compress(b"\0" * (1 << 20)) for _number in range(size)] + [packer.flush()])
    return says(200, data, ("Content-Encoding", encoding))


def edited(**facts: Any) -> Act:
    """The true answer with other values in its JSON object."""

    def act(x: Exchange) -> None:
        status, headers, body = x.answer()
        x.wire.reply(status, json.dumps({**json.loads(body), **facts}).encode(), headers)

    return act


def nearly_a_target(x: Exchange) -> str:
    return f"{x.live.url(x.sent.app)}{x.sent.target}"


def elsewhere(status: int, where: str) -> Act:
    """A redirect. Whoever follows it to ``self`` finds the true server."""

    def act(x: Exchange) -> None:
        places = {"same place": nearly_a_target(x), "same host, other path": "/elsewhere", "relative": "../x",
                  "other port": f"https://127.0.0.1:{x.live.servers['keystone'].port}/x", "plain http": "http://127.0.0.1/x",
                  "//evil": "//evil.example/x", "other host": "https://user:demopw-canary@evil.example/x?a=1", "none": ""}  # fmt: skip
        x.wire.reply(status, b"", [("Location", places[where])] if where != "none" else [])

    return act


def words(status: int) -> bytes:
    """An error in none of the systems' shapes, with hostile text and a stack trace that nobody shall see."""
    if status % 2:
        return b'{"x": "\\u001b[2J", "trace": "Traceback (most recent call last): demopw-canary"}'
    return b"<html><pre>at java.lang demopw-canary</pre>"


# -- before anything is sent ------------------------------------------------------------------------------------------


def stops_listening(tls: Any, server: Any, sock: Any) -> None:
    """For the connection that is greeted it is too late: it is reset, and all later ones are refused."""
    server.stop_listening()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def is_reset(tls: Any, server: Any, sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def is_closed(tls: Any, server: Any, sock: Any) -> None:
    sock.close()


def speaks_plain(tls: Any, server: Any, sock: Any) -> None:
    sock.recv(1)
    sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    sock.close()


def says_nothing(tls: Any, server: Any, sock: Any) -> None:
    sock.settimeout(5)
    while sock.recv(65536):
        continue
    sock.close()


HTML = b"<!DOCTYPE html><html><title>Log in</title><form>demopw-canary</form></html>"
JSON = ("Content-Type", "application/json")
LATER = ["0", "3", "Wed, 21 Oct 2037 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT", "-5", "1.5", "abc", "1000000000", None, "\u00b2"]
ALL_JSON = ("copy", "move", "push", "push-cancel")

FAULTS = [
    # -- B.1 before anything is sent: the connection of the start, or the first of the run
    Fault("N1a", "refused from here on", None, unsent("connect_refused", "connect_failed", tries=0), greet=stops_listening),
    Fault("N1b", "reset in the handshake", None, unsent("connect_failed"), greet=is_reset),
    Fault("N1c", "closed in the handshake", None, unsent("connect_failed"), greet=is_closed),
    Fault("N3", "silent in the handshake", None, unsent("connect_timeout"), greet=says_nothing, timeout=0.3),
    Fault("T1", "certificate of another authority", None, unsent("tls_untrusted"), greet=lambda tls, server, sock: tls.untrusted),
    Fault("T2", "certificate expired", None, unsent("tls_expired"), greet=lambda tls, server, sock: tls.expired),
    Fault("T3", "certificate for another name", None, unsent("tls_hostname"), greet=lambda tls, server, sock: tls.other_name),
    Fault("T4", "no TLS on the port", None, unsent("tls_protocol"), greet=speaks_plain),
    # -- B.2 while sending, or before a usable reply
    Fault("A1", "reset before any byte of the reply", reset, again("reply_lost")),
    Fault("A4", "closed before any byte of the reply", close, again("reply_lost")),
    Fault("A5", "reset while the body is sent", None, again("reply_lost"), cut=True, reads=False),
    Fault("A6", "silence", silence, again("reply_timeout"), timeout=0.3),
    Fault("A7a", "reset in the body of a 2xx", first_half("reset"), again("reply_lost")),
    Fault("A7b", "closed in the body of a 2xx", first_half("fin"), again("reply_lost")),
    Fault("A8a", "half a JSON text with its right length", half_a_json, again("not_json")),
    Fault("A8b", "chunks cut off", cut_chunks, again("reply_lost")),
    Fault("A10a", "100 Continue, then the reply", before(b"HTTP/1.1 100 Continue\r\n\r\n"), FINE),
    Fault("A10b", "102 and 103, then the reply", before(b"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 H\r\nLink: x\r\n\r\n"), FINE),
    Fault("A10c", "only 100 Continue", raw(b"HTTP/1.1 100 Continue\r\n\r\n"), again("reply_lost")),
    Fault("A10d", "only 103", raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"), again("reply_lost")),
    Fault("A10e", "101 Switching Protocols", raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), again("server_error")),
    Fault("A12a", "headers byte by byte", drip(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 90), again("reply_timeout"), timeout=0.3),
    Fault("A12b", "body byte by byte", drip(head(200, [("Content-Length", "900")]) + b" " * 900), again("reply_timeout"), timeout=0.3),
    Fault("A12c", "chunks without end", drip(head(200, [("Transfer-Encoding", "chunked")]) + b"1\r\n \r\n" * 300),
          again("reply_timeout"), timeout=0.3),
    Fault("A13a", "gzip bomb of 70 MiB", packed("gzip", 70), lasting("reply_too_large")),
    Fault("A13b", "length of 10^12, then the end", raw(head(200, [("Content-Length", str(10**12))]) + b"{"), again("reply_lost")),
    Fault("A13c", "9 MiB in place of a small answer", says(200, b" " * (9 << 20)), lasting("reply_too_large"), reads=False),
    Fault("A13d", "brotli", extra(("Content-Encoding", "br")), lasting("bad_reply")),
    Fault("A13e", "zstd", extra(("Content-Encoding", "zstd")), lasting("bad_reply")),
    Fault("A13f", "six encodings in a row", extra(("Content-Encoding", "gzip, gzip, gzip, gzip, gzip, gzip")), lasting("bad_reply")),
    Fault("A13g", "called gzip, and is not", extra(("Content-Encoding", "gzip")), lasting("bad_reply")),
    Fault("A14a", "150 headers", raw(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 150 + b"\r\n{}"), again("reply_lost")),
    Fault("A14b", "a header of 70,000 bytes", raw(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000 + b"\r\n\r\n{}"), again("bad_reply")),
    Fault("A14c", "no status line", raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), again("bad_reply")),
    Fault("A14d", "HTTP/0.9", raw(b"<html>hello</html>"), again("bad_reply")),
    Fault("A14e", "binary garbage", raw(bytes(range(256))), again("bad_reply")),
    Fault("A14f", "a status that is no number", raw(b"HTTP/1.1 abc OK\r\n\r\n"), again("bad_reply")),
    Fault("A14g", "status -1", raw(b"HTTP/1.1 -1 OK\r\n\r\n"), again("bad_reply")),
    # -- B.3 definite answers
    Fault("C1a", "200 with a login page", says(200, HTML, ("Content-Type", "text/html")), again("not_json")),
    Fault("C1b", "200 with a login page called JSON", says(200, HTML, JSON), again("not_json")),
    Fault("C2", "200, JSON of another content type", extra(("Content-Type", "text/plain"), drop=["content-type"]), FINE),
    Fault("C3a", "200 and nothing", says(200), unsound("bad_reply", "not_json")),
    Fault("C3b", "200 null", says(200, b"null", JSON), unsound("bad_reply")),
    Fault("C3c", "200 42", says(200, b"42", JSON), unsound("bad_reply")),
    Fault("C3d", "200 text", says(200, b'"fine"', JSON), unsound("bad_reply")),
    Fault("C3e", "200 []", says(200, b"[]", JSON), unsound("bad_reply")),
    Fault("C3f", "200 {}", says(200, b"{}", JSON), unsound("bad_reply")),
    Fault("C3g", "200 of another kind", says(200, b'{"result": [], "job": {"a": null}, "items": 5}', JSON), unsound("bad_reply")),
    Fault("C3h", "100,000 brackets", says(200, b"[" * 100_000, JSON), again("not_json")),
    Fault("C3i", "a number of 5,000 digits", says(200, b"9" * 5000, JSON), again("not_json")),
    Fault("C3j", "NaN", says(200, b'{"id": NaN}', JSON), again("not_json")),
    *[Fault(f"C4-{word}", f"200, result: {word}", no(200, json.dumps(
        {"jobId": "", "result": word, "message": [{"text": "No \u001b[2J", "recovery": {"text": "Wait."}}]}).encode(), JSON),
        refused("server_refused"), only=ALL_JSON) for word in ("failed", "failure", "error", "Failed")],
    Fault("C5", "200, result: warning", edited(result="warning"), FINE, only=ALL_JSON),
    Fault("C6a", "200, the target in uuidsFailed", no(200, json.dumps(
        {"items": [{"jobRecordId": "", "uuidsFailed": ["0A10000000000000000000000000000A"], "locationIdsFailed": []}]}).encode(), JSON),
        refused("activation_refused"), only=("activate",)),
    *[Fault(f"C8-{status} {where}", f"{status} to {where}", elsewhere(status, where), refused("redirect_refused"))
      for status, where in [(301, "same place"), (302, "other host"), (303, "//evil"), (307, "other port"), (308, "same host, other path"),
                            (302, "plain http"), (307, "relative"), (302, "none"), (307, "same place"), (300, "other host")]],
    Fault("C9", "400", no(400, words(400)), refused("bad_request")),
    Fault("C12", "401 once", no(401), RESENT, only=("activate", "copy", "move", "push", "push-cancel", "export", "senlin-create")),
    Fault("C11", "401 once, a nonce of another node", no(401, b"", ("WWW-Authenticate", 'Digest realm="r", nonce="x", qop="auth"')),
          RESENT, only=("om-create", "om-cancel")),
    Fault("C14", "401, only Basic offered", no(401, b"", ("WWW-Authenticate", 'Basic realm="r"')),
          refused("auth_unsupported", "auth_failed"), only=("om-create", "om-cancel")),
    Fault("C16", "403", no(403, words(403)), refused("forbidden")),
    Fault("C17", "404", no(404, words(404)), refused("not_found")),
    *[Fault(f"C18-{status}", str(status), no(status, words(status)), refused("unexpected_status"))
      for status in (402, 405, 406, 408, 410, 411, 413, 414, 415, 416, 417, 418, 421, 424, 425, 426, 428, 431, 451, 499)],
    Fault("C19", "409", no(409, words(409)), refused("conflict")),
    Fault("C20a", "412", no(412, words(412)), refused("precondition_failed")),
    Fault("C20b", "422", no(422, words(422)), refused("bad_request")),
    *[Fault(f"C21-429 {told!r}", f"429, Retry-After: {told}", no(429, b"", *([("Retry-After", told)] if told is not None else [])), RESENT)
      for told in LATER],
    Fault("C21-423", "423, Retry-After: 3", no(423, b"", ("Retry-After", "3")), RESENT),
    Fault("C22a", "500", says(500), again("server_error")),
    Fault("C22b", "500 with a stack trace", says(500, words(500)), again("server_error")),
    Fault("C22c", "500 with JSON of no known shape", says(500, words(501), JSON), again("server_error")),
    *[Fault(f"C23-{status}", str(status), says(status, HTML), again("server_error")) for status in (502, 504)],
    Fault("C24a", "503", says(503), again("busy")),
    Fault("C24b", "503 with Retry-After", says(503, b"", ("Retry-After", "2")), again("busy")),
    *[Fault(f"C25-{status}", str(status), says(status), again("server_error")) for status in (501, 505, 507, 508, 511, 599, 600, 999)],
]  # fmt: skip

# The fates of F2: fourteen ways to lose an answer, for every start, each with the request never applied, applied, late.
AMBIGUOUS = ["A1", "A4", "C23-504", "A6", "A7a", "A7b", "A8a", "A8b", "A10c", "A12a", "A12b", "A13b", "A14c", "A14e"]
