# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers that a server tells: read so that nothing can be raised, and no infinity or "not a number" comes out."""

from __future__ import annotations

import email.utils
import math
import typing as t


def number(value: t.Any) -> float | None:
    """A JSON number; None for anything else, and for one that is too large to count with."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def count(value: t.Any) -> int | None:
    """A JSON number that counts something: whole, not negative, at most 19 digits."""
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**19
    return value if good else None


def digits(text: t.Any) -> int | None:
    """A text of nothing but 1 to 19 ASCII digits, such as a header's."""
    good = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if good else None


def whole(value: t.Any) -> int | None:
    """A whole number of at most 19 digits, told as a JSON number (17 or 17.0) or as a text of ASCII digits."""
    if isinstance(value, str):
        return digits(value.strip())
    found = number(value)
    if found is None or not found.is_integer():
        return None
    exact = int(value)
    return exact if abs(exact) < 10**19 else None


def http_date(text: str) -> float | None:
    """Seconds since 1970 of the date of a header; None when it is none."""
    try:
        return number(email.utils.parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError, IndexError, OverflowError, OSError):
        return None
