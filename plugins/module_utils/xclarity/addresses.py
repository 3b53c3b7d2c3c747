# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of devices as they are compared: each in one spelling, and none that leads to no device of its own."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import bad_input
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean


def address_of(text: str) -> str:
    """An address in one spelling. A name is refused: the discovery takes addresses."""
    address = _address(text)
    if not address:
        why = f"{clean(text, 80)} is no IP address of one device."
        raise bad_input("config_address", why, "Give the address of the management controller and run again.", resource=clean(text, 80))
    return address


def _address(text: str) -> str:
    """An address in one spelling; empty for what is none, and for one that leads to no device of its own: every management controller has
    the same link-local addresses inside."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    nowhere = found.is_link_local or found.is_unspecified or found.is_loopback or found.is_multicast
    return "" if nowhere else str(found)


def addresses(entry: t.Mapping[str, t.Any]) -> set[str]:
    """All addresses of an entry, of either kind of list."""
    found: set[str] = set()
    for key in ("ipAddresses", "ipv4Addresses", "ipv6Addresses", "mgmtProcIPaddress"):
        value = entry.get(key)
        for one in value if isinstance(value, list) else [value]:
            found.add(_address(one) if isinstance(one, str) else "")
    return found - {""}
