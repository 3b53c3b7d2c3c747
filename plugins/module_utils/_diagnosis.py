# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why an exchange failed, from its innermost cause and from how far it had come."""

from __future__ import annotations

import dataclasses
import re
import socket
import ssl
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils import _wire
from ansible_collections.groundwork.provision.plugins.module_utils._proxy import Proxy

_VERIFY = {
    9: "tls_expired",  # X509_V_ERR_CERT_NOT_YET_VALID
    10: "tls_expired",  # X509_V_ERR_CERT_HAS_EXPIRED
    62: "tls_hostname",  # X509_V_ERR_HOSTNAME_MISMATCH
    64: "tls_hostname",  # X509_V_ERR_IP_ADDRESS_MISMATCH
}
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})\b")
_BAD_HTTP = {"BadStatusLine", "InvalidHeader", "LineTooLong", "HeaderParsingError", "UnknownProtocol"}
_PROXY_HINT = "Check the proxy and the proxy environment variables, or set use_proxy to false, and run again."


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What a :class:`Failure` is made of."""

    code: str
    why: str
    next_step: str
    transient: bool = False


@dataclasses.dataclass(frozen=True)
class Peers:
    """place: the server's ``host:port``. option: where its address is set, in words. trust: who has to have signed its certificate,
    in words. timeout: seconds that it had."""

    place: str
    option: str
    proxy: Proxy | None
    trust: str
    timeout: float


class _Causes:
    """The exception and everything that it wraps."""

    def __init__(self, exc: BaseException) -> None:
        self.all = list(_wire.causes(exc))
        self.names = {type(one).__name__ for one in self.all}

    def find(self, kind: type[BaseException]) -> t.Any:
        return next((one for one in self.all if isinstance(one, kind)), None)


def explain(exc: BaseException, exchange: _wire.Exchange, peers: Peers, *, starts: bool) -> Diagnosis:
    """What has to be told of a failed exchange. starts: of a request that may have started something, if it was sent."""
    causes = _Causes(exc)
    out_of_time = exchange.deadline.passed() or causes.find(TimeoutError) is not None
    if exchange.sent:
        return _after_sending(causes, out_of_time, peers, starts)
    if peers.proxy is not None and exchange.stage != _wire.HANDSHAKE:
        return _of_proxy(causes, out_of_time, exchange.stage, peers, peers.proxy)
    place = peers.place if peers.proxy is None else f"{peers.place} through the proxy {peers.proxy.place}"
    refused = causes.find(ssl.SSLCertVerificationError)
    if refused is not None:
        return _of_certificate(refused, place, peers)
    if "CertificateError" in causes.names:  # of urllib3 1.26, which compares the names itself
        return Diagnosis("tls_hostname", f"the certificate of {place} was made for another name.", _name_hint(peers))
    failed = causes.find(ssl.SSLError)
    if isinstance(failed, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):  # a server, or what is in front of it, that stops or starts
        why = f"{place} closed the connection while TLS was being set up."
        return Diagnosis("connect_failed", why, "Check that the server runs and that the port speaks TLS, and run again.", True)
    if failed is not None:
        reason = f" ({failed.reason})" if failed.reason else ""  # a name from OpenSSL's own table
        why = f"no TLS connection could be made with {place}{reason}."
        return Diagnosis("tls_protocol", why, "Check that the port speaks TLS 1.2 or later.")
    unknown = causes.find(socket.gaierror)
    if unknown is not None or (out_of_time and exchange.stage == _wire.RESOLVE):
        # A resolver that cannot be reached comes back; a name that does not exist does not.
        passing = unknown is None or unknown.errno == socket.EAI_AGAIN
        within = f" within {peers.timeout:g} s" if unknown is None else ""
        why = f"the name of {place} could not be resolved{within}."
        return Diagnosis("dns_failure", why, f"Check {peers.option} and the resolver, and run again.", passing)
    if out_of_time or "ConnectTimeoutError" in causes.names:
        why = f"no connection to {place} within {peers.timeout:g} s."
        return Diagnosis("connect_timeout", why, "Check the network and run again.", True)
    if causes.find(ConnectionRefusedError) is not None:
        why = f"connection to {place} refused."
        return Diagnosis("connect_refused", why, f"Check that the server runs, and {peers.option}, and run again.", True)
    return Diagnosis("connect_failed", f"no connection to {place} could be made.", "Check the network and run again.", True)


def _name_hint(peers: Peers) -> str:
    return f"Use the name that is in the certificate in {peers.option}, and run again."


def _of_certificate(refused: ssl.SSLCertVerificationError, place: str, peers: Peers) -> Diagnosis:
    code = _VERIFY.get(refused.verify_code, "tls_untrusted")
    if code == "tls_expired":
        why = f"the certificate of {place} is expired or not yet valid; this machine's clock may be wrong."
        return Diagnosis(code, why, "Renew the certificate or correct the clock, and run again.")
    if code == "tls_hostname":
        return Diagnosis(code, f"the certificate of {place} was made for another name.", _name_hint(peers))
    why = f"the certificate of {place} is not trusted: it is not signed {peers.trust}."
    return Diagnosis(code, why, "Set ca_path to the CA that signed it and run again.")


def _of_proxy(causes: _Causes, out_of_time: bool, stage: str, peers: Peers, proxy: Proxy) -> Diagnosis:
    """The server was never reached: what went wrong lies between here and the proxy, or in the proxy."""
    told = next((found for one in causes.all if (found := _TUNNEL.search(str(one)))), None)
    status = int(told.group(1)) if told else 0
    passing = True
    if status == 407:
        why, passing = "wants a user and password that it accepts (407)", False
    elif status:
        why, passing = f"answered {status} and made no connection to {peers.place}", status >= 500
    elif causes.find(ssl.SSLCertVerificationError) is not None:
        why, passing = f"has a certificate that is not trusted, expired or made for another name; it has to be signed {peers.trust}", False
    elif causes.find(ssl.SSLError) is not None:
        why, passing = "did not speak TLS as its https:// says", False
    elif causes.find(socket.gaierror) is not None:
        why, passing = "has a name that could not be resolved", causes.find(socket.gaierror).errno == socket.EAI_AGAIN
    elif out_of_time or "ConnectTimeoutError" in causes.names:
        asked = f"made no connection to {peers.place}" if stage == _wire.TUNNEL else "did not answer"
        why = f"{asked} within {peers.timeout:g} s"
    elif causes.find(ConnectionRefusedError) is not None:
        why = "refused the connection"
    elif stage == _wire.TUNNEL:
        why = f"made no connection to {peers.place} and closed its own, or does not speak HTTP"
    else:
        why = "could not be reached"
    return Diagnosis("proxy_error", f"the proxy {proxy.place} {why}.", _PROXY_HINT, passing)


def _after_sending(causes: _Causes, out_of_time: bool, peers: Peers, starts: bool) -> Diagnosis:
    look = "Look at the server's list of jobs and at the resource before running again." if starts else "Run again."
    if out_of_time or "ReadTimeoutError" in causes.names:
        return Diagnosis("reply_timeout", f"no complete answer within {peers.timeout:g} s after the request was sent.", look, True)
    if causes.names & _BAD_HTTP:
        return Diagnosis("bad_reply", "the answer was not valid HTTP.", look, True)
    why = "the connection was closed after the request was sent, before the whole answer was there."
    return Diagnosis("reply_lost", why, look, True)
