# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which profile belongs to which server, as the inventory shows it; pure.

A profile names its server by UUID, or by the location id of a bay (``<chassis>_bay<n>``), or by both.
"""

from __future__ import annotations

import collections
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import INACTIVE, Profile

KEYS = ("target", "profile_name", "profile_status", "profile_compliance")


class ServerProfiles:
    """The profiles of one appliance. names: of its servers; a server without a profile gets the inactive one that has its name. A name
    that several have, servers or profiles, counts for none. ``None`` leaves that out."""

    def __init__(self, every: t.Sequence[Profile], *, names: t.Iterable[str] | None = None) -> None:
        self._by_target: dict[str, Profile] = {}
        # An inactive profile that still names a server does not hide the one that the server has.
        for profile in sorted(every, key=lambda one: one.status != INACTIVE):
            self._by_target.update((profiles.normal(target), profile) for target in (profile.uuid, profile.location) if target)
        servers = collections.Counter(names or ())
        free = [one for one in every if one.status == INACTIVE and not one.target and one.name and one.name in servers]
        counts = collections.Counter(one.name for one in free)
        self._by_name = {one.name: one for one in free if counts[one.name] == servers[one.name] == 1}
        self.unclear = sorted({one.name for one in free} - self._by_name.keys())  # names that belong to several

    def facts(self, node: t.Mapping[str, t.Any], prefix: str = "") -> dict[str, str]:
        """For a server as nodes.parse() has it: where a profile is activated for it, and the profile that it has.

        Without one the texts are empty, and there is no ``profile`` (the id), which would hide one of the inventory's groups.
        """
        target = target_of(node, prefix)
        named = [self._by_target.get(profiles.normal(one)) for one in (node[prefix + "uuid"], target) if one]
        profile = next((one for one in named if one is not None), None) or self._by_name.get(node[prefix + "name"])
        told = ("", "", "") if profile is None else (profile.name, profile.status, profile.compliance)
        facts = dict(zip((prefix + key for key in KEYS), (target, *told), strict=True))
        return facts if profile is None else {**facts, prefix + "profile": profile.id}


def target_of(node: t.Mapping[str, t.Any], prefix: str = "") -> str:
    """The location id of a server in a chassis, the UUID of any other."""
    chassis, slots = node[prefix + "chassis"], node[prefix + "slots"]
    return f"{chassis}_bay{slots[0]}" if chassis and slots else node[prefix + "uuid"]
