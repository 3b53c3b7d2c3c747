# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places where a module knows better than the catalogue what an answer means: (place, faults) -> codes."""

from __future__ import annotations

import re

from .catalogue import Fault

# The lost answer was the only place where the file's name stood.
FOUND_BUT_FAILED = {"export": ("filename_lost",)}

BETTER: list[tuple[str, str, tuple[str, ...]]] = [
    # Keystone's library reads the answer; that it is no JSON it calls a bad reply.
    ("Keystone token", "A8a|C1[ab]|C3.", ("bad_reply", "not_json")),
    ("XClarity login", "C3.", ("bad_reply", "not_json")),
    # A login is sent once: a wrong answer to it may have cost a session or a try before the lock.
    ("XClarity login|Keystone token", "C21.*", ("rate_limited",)),
    ("XClarity login", "C9|C16", ("auth_failed",)),
]


def better(place: str, fault: Fault) -> tuple[str, ...]:
    """The codes for this fault at this place; empty: those of the catalogue."""
    return next((codes for places, faults, codes in BETTER if re.fullmatch(places, place) and re.fullmatch(faults, fault.id)), ())
