# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of the three systems' replies: which schema a reply has to fit, and whether it does."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

HERE = Path(__file__).resolve().parent
SYSTEMS = ("xclarity", "ops_manager", "clustering")
ANY = "* *"
OPS_MANAGER_BASE = "/api/public/v1.0"


@dataclass(frozen=True)
class Shape:
    """One reply: to which call, with which status, and its schema."""

    system: str
    call: str
    status: tuple[int, ...]
    source: str
    validator: Draft202012Validator = field(compare=False)

    def is_for(self, method: str, path: str, status: int) -> bool:
        if status not in self.status:
            return False
        wanted, _blank, template = self.call.partition(" ")
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        return self.call == ANY or (wanted == method and re.fullmatch(pattern, path) is not None)


@functools.cache
def shapes(system: str) -> tuple[Shape, ...]:
    """All of a system, calls without a parameter first, what fits any call last."""
    data = yaml.safe_load((HERE / f"{system}.yml").read_text(encoding="utf-8"))
    found = [
        Shape(system, one["call"], tuple(one["status"]), one["source"], Draft202012Validator({**one["schema"], "$defs": data["$defs"]}))
        for one in data["shapes"]
    ]
    return tuple(sorted(found, key=lambda shape: (shape.call == ANY, shape.call.count("{"))))


def find(system: str, method: str, path: str, status: int) -> Shape | None:
    """The shape that a reply has to fit; path: as on the wire, with or without its query."""
    path = path.split("?")[0]
    if system == "ops_manager":
        path = path.removeprefix(OPS_MANAGER_BASE)
    return next((shape for shape in shapes(system) if shape.is_for(method, path, status)), None)


def differences(shape: Shape, body: Any) -> list[str]:
    """Where a parsed body (None: there is none) differs from the shape: place and reason, without the values themselves."""
    found = []
    for error in shape.validator.iter_errors(body):
        place = "/".join(str(step) for step in error.absolute_path)
        reason = f"{error.validator} {error.validator_value}" if error.validator != "required" else error.message
        found.append(f"{place or 'body'}: {reason}"[:300])
    return found
