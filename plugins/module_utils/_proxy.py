# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which proxy the environment names for a server. Judged before anything is sent; its user and password are never shown."""

from __future__ import annotations

import base64
import dataclasses
import ipaddress
import os
import re
from urllib.parse import unquote, urlsplit

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._wire import requests

# What is shown of a proxy: its host, and its port if that is a number.
_PLACE = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5}(?![^/?#]))?")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
HINT = "Correct the variable, or set use_proxy to false, and run again."


@dataclasses.dataclass(frozen=True)
class Proxy:
    """url: scheme, host and port only. place: ``host:port`` for messages. authorization: the value of its header, or None."""

    url: str
    place: str
    authorization: str | None = None
    secrets: tuple[str, ...] = ()


def find(root: str) -> Proxy | None:
    """The proxy for a server (``scheme://host:port``), or None. Raises ``proxy_unsupported`` or ``config_proxy``.

    ``https_proxy`` or ``http_proxy`` by the server's scheme, else ``all_proxy``, each also in capital letters; ``no_proxy`` or
    ``NO_PROXY`` lists what is reached directly, as :mod:`requests` reads it.
    """
    if _is_direct(urlsplit(root).hostname or ""):
        return None
    text = (requests.utils.select_proxy(root, requests.utils.get_environ_proxies(root)) or "").strip()
    return _read(text, _variable(text)) if text else None


def _is_direct(host: str) -> bool:
    """An IPv6 address in ``no_proxy``, in brackets or as a network: what :mod:`requests` does not know."""
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return False
    for entry in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        try:
            if address in ipaddress.IPv6Network(entry.strip().replace("[", "").replace("]", ""), strict=False):
                return True
        except ValueError:
            continue
    return False


def _variable(text: str) -> str:
    """The variable that holds ``text``, for messages."""
    names = [name for name, value in os.environ.items() if name.lower().endswith("_proxy") and value.strip() == text]
    return f"the environment variable {min(names)}" if names else "the proxy settings of this machine"


def _read(text: str, where: str) -> Proxy:
    url = text if "://" in text else "http://" + text.lstrip("/")
    scheme = url.partition("://")[0].lower()
    named = _named(url)
    if scheme not in ("http", "https"):
        what = "a SOCKS proxy" if scheme.startswith("socks") else "a proxy of a kind that is not known"
        raise Failure(
            "proxy_unsupported",
            f"{where} names {what}{named}; HTTP proxies are supported, with http:// or https://.",
            "Name an HTTP proxy there, or set use_proxy to false, and run again.",
        )

    def refuse(why: str) -> Failure:
        return bad_input("config_proxy", f"the proxy{named} in {where} cannot be used: {why}.", HINT)

    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise refuse("its host or port is not valid") from None
    if not url.isprintable() or " " in url:
        raise refuse("it holds blanks or control characters")
    if not host:
        raise refuse("it has no host")
    if parts.query or parts.fragment or parts.path.strip("/"):
        raise refuse("something follows the port; a # ? or / in its user or password has to be percent-encoded")
    if port == 0 or not _is_host(host):
        raise refuse("its host or port is not valid")
    port = port or {"http": 80, "https": 443}[scheme]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if parts.username is None and parts.password is None:
        return Proxy(f"{scheme}://{place}", place)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    try:
        coded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    except UnicodeEncodeError:
        raise refuse("its user or password is not valid Unicode") from None
    return Proxy(f"{scheme}://{place}", place, "Basic " + coded, tuple(one for one in (password, coded) if one))


def _is_host(host: str) -> bool:
    if ":" in host and "%" not in host:
        try:
            return bool(ipaddress.IPv6Address(host))
        except ValueError:
            return False
    return bool(_HOST.fullmatch(host)) and all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))


def _named(url: str) -> str:
    """`` HOST:PORT`` as far as that can be told without showing a user or password: what stands behind the last @."""
    place = _PLACE.match(url.partition("://")[2].rpartition("@")[2])
    return f" {place.group()}" if place else ""
