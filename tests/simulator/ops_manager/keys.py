# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: API keys, their roles in projects and in the whole of Ops Manager, their access lists."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError, unauthorized_role

_AUTOMATION = {"GROUP_AUTOMATION_ADMIN", "GROUP_OWNER"}
_GLOBAL_AUTOMATION = {"GLOBAL_AUTOMATION_ADMIN", "GLOBAL_OWNER"}
_GLOBAL_READ = {"GLOBAL_READ_ONLY", "GLOBAL_OWNER"}


@dataclass
class Key:
    """One credential: a public and a private key, or a user name and its API key; the server treats them alike."""

    public_key: str
    private_key: str
    group_roles: dict[str, set[str]] = field(default_factory=dict)
    global_roles: set[str] = field(default_factory=set)
    access_list: list[str] = field(default_factory=list)

    def member_of(self, group: str) -> bool:
        return bool(self.group_roles.get(group)) or bool(self.global_roles)

    def require_automation_admin(self, group: str) -> None:
        if not (self.group_roles.get(group, set()) & _AUTOMATION or self.global_roles & _GLOBAL_AUTOMATION):
            raise unauthorized_role()

    def require_global_read(self) -> None:
        if not self.global_roles & _GLOBAL_READ:
            raise unauthorized_role()

    def require_global_owner(self) -> None:
        if "GLOBAL_OWNER" not in self.global_roles:
            raise unauthorized_role()

    def check_address(self, address: str, switches: dict[str, Any]) -> None:
        """403, or on old builds a plain 401, when the caller's address is not on the list.

        An empty list means anywhere, unless the organisation requires one: then nothing works.
        """
        if not self.access_list and not switches["access_list_required"]:
            return
        caller = ipaddress.ip_address(address)
        if any(caller in ipaddress.ip_network(entry, strict=False) for entry in self.access_list):
            return
        code = switches["access_list_code"]
        if code == "401":
            raise ApiError(401, "NO_CURRENT_USER", "No current user.")
        raise ApiError(403, code, f"IP address {address} is not allowed to access this resource.", [address])
