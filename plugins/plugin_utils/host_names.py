# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texts of a server may become the name or the address of a host.

An inventory's names and addresses go to ssh as arguments, to the disk as names of files, and into patterns. So nothing but the
syntax of host names and IP addresses passes, and nothing that leads to the control node itself: a play would run there.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import ipaddress
import re
import socket
import typing as t

_LABEL = "[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
# Each followed by a blank: nothing, an IPv4 address, a host name that begins with a letter.
_AT_A_GLANCE = re.compile(rf"(?:(?:(?!127|0){_OCTET}(?:\.{_OCTET}){{3}}|[A-Za-z][A-Za-z0-9_-]{{0,62}}(?:\.{_LABEL})*)? )+")
_OTHER = re.compile(r"[^A-Za-z0-9._-]")
_TAKEN = {"all", "ungrouped"}  # groups that Ansible makes itself


def is_host_name(text: str) -> bool:
    """Labels of letters, digits, hyphens and underscores; none begins with a hyphen. (One at the end is no use, but resolvers take it.)"""
    return len(text) <= 253 and _HOST_NAME.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address without a zone."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_place(text: t.Any) -> bool:
    """A host name or an address."""
    return isinstance(text, str) and (is_host_name(text) or is_address(text))


def is_elsewhere(text: t.Any) -> bool:
    """A host name or an address, and not this machine's own."""
    return is_place(text) and not _is_here(text)


def may_be_host(text: t.Any) -> bool:
    """What a host of an inventory may be called."""
    return isinstance(text, str) and text.lower() not in _TAKEN and (are_elsewhere((text,)) or is_elsewhere(text)) and text != ""


def are_elsewhere(texts: t.Sequence[str]) -> bool:
    """Whether it can be seen at a glance that each is empty or :func:`is_elsewhere`. False says nothing; ten thousand servers are true."""
    try:
        text = " ".join(texts) + " "
    except TypeError:
        return False
    if len(text) > 253 or text.count(" ") != len(texts) or not _AT_A_GLANCE.fullmatch(text):
        return False
    text = text.lower()
    return "localhost" not in text and "ip6-l" not in text and own().isdisjoint(text.split(" "))


@functools.cache
def own() -> frozenset[str]:
    """The names and addresses of this machine, beyond localhost: its host name, the addresses of its interfaces, and what /etc/hosts
    calls these or the loopback. Nobody on the network is asked. Where there is no /proc the addresses are not known."""
    name = socket.gethostname().rstrip(".").lower()
    return own_of(name, _read("/etc/hosts"), _read("/proc/net/fib_trie"), _read("/proc/net/if_inet6"))


def own_of(name: str, hosts: str, fib_trie: str, if_inet6: str) -> frozenset[str]:
    """See :func:`own`. The last three are the texts of files."""
    addresses = set(re.findall(r"(\d+\.\d+\.\d+\.\d+)\n\s*/32 host LOCAL", fib_trie))
    for line in if_inet6.splitlines():
        with contextlib.suppress(ValueError):
            addresses.add(str(ipaddress.IPv6Address(int(line.split()[0], 16))))
    names = {name, name.partition(".")[0]}
    for line in hosts.splitlines():
        address, *called = line.partition("#")[0].split() or [""]
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            continue
        if found.is_loopback or str(found) in addresses:
            names.update(one.rstrip(".").lower() for one in called)
    return frozenset((names | addresses) - {""})


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _is_here(text: str) -> bool:
    plain = text.rstrip(".").lower()
    if plain in own():
        return True
    labels = plain.split(".")
    if any(label.startswith(("localhost", "ip6-localhost", "ip6-loopback")) for label in (labels[0], labels[-1])):
        return True
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        try:
            found = ipaddress.ip_address(socket.inet_aton(text.rstrip(".")))  # the resolver also takes 127.1, 0x7f000001 and 2130706433
        except OSError:
            return False
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_loopback or found.is_unspecified or str(found) in own()


def as_host_name(text: str) -> str:
    """``text``, a name for people, as a host name: what has no place in one becomes ``_``. Empty where nothing is left."""
    if is_host_name(text):
        return text
    labels = [label.lstrip("-")[:63] for label in _OTHER.sub("_", text[:1000]).split(".")]
    name = ".".join(label for label in labels if label)[:253].rstrip(".")
    return name if re.search("[A-Za-z0-9]", name) else ""


def unique(names: t.Sequence[str], idents: t.Sequence[str]) -> list[str]:
    """The names, each once: those that several have get the id of their server appended. Empty ones stay empty."""
    count = collections.Counter(names)
    used = {name for name in names if count[name] == 1}
    found = []
    for name, ident in zip(names, idents, strict=True):
        if name and count[name] > 1:
            name = beside(name, ident, used.__contains__)
            used.add(name)
        found.append(name)
    return found


def host_name(node: t.Mapping[str, t.Any], keys: t.Sequence[str]) -> str:
    """The first of ``keys`` that gives a name, as a host name; empty where none does."""
    for key in keys:
        name = node[key]
        if may_be_host(name) or may_be_host(name := as_host_name(name)):
            return name
    return ""


def name_all(found: t.Sequence[t.Mapping[str, t.Any]], keys: t.Sequence[str], uuid: str) -> list[str]:
    """A name for each server, or an empty one; those that would share one get their UUID (under the key ``uuid``) appended."""
    return unique([host_name(node, (*keys, uuid)) for node in found], [node[uuid] for node in found])


def beside(name: str, ident: str, taken: t.Callable[[str], bool]) -> str:
    """``name`` with the id of its server appended, and a number where that is taken as well."""
    ident = _OTHER.sub("_", ident).replace(".", "_")[:40]
    name = first = _with_tail(name, f"_{ident}")
    number = 2
    while taken(name):
        name, number = _with_tail(first, f"_{number}"), number + 1
    return name


def _with_tail(name: str, tail: str) -> str:
    """The host name with ``tail`` behind it, cut where it would get too long."""
    rest, dot, last = name.rpartition(".")
    last = last[: 63 - len(tail)] + tail
    return f"{rest}{dot}{last}" if len(rest) < 253 - 64 else last


def shown(text: t.Any, limit: int = 60) -> str:
    """A text of a server in a warning: in quotes, on one line, in ASCII."""
    text = str(text)
    return ascii(text if len(text) <= limit else text[:limit] + "...")
