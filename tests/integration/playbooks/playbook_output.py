# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a play of the demo prints."""

from __future__ import annotations

import json
import re
from typing import Any

PASSPHRASE = "Passphrase-canary-71"


def shown(output: str) -> list[dict[str, Any]]:
    """What the roles' check-mode tasks print: ``planned_requests`` and ``not_predictable``, in the order of the roles."""
    found = []
    for match in re.finditer(r"=> (?=\{)", output):
        try:
            data, _end = json.JSONDecoder().raw_decode(output, match.end())
        except ValueError:
            continue
        if isinstance(data.get("msg"), dict) and "planned_requests" in data["msg"]:
            found.append(data["msg"])
    return found
