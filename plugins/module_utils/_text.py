# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that came from outside, and secrets: both are made harmless here before anybody sees them."""

from __future__ import annotations

import base64
import html
import json
import typing as t
from urllib.parse import quote, quote_plus

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

CUT = " ..."  # where a text was shortened

# Below this length only the plain secret is masked (by Ansible itself): its encodings would match ordinary words.
MIN_DERIVED = 4


def clean(text: t.Any, limit: int = 1000) -> str:
    """Server text for one line of output: no control or direction characters, no lone surrogates, at most ``limit`` long."""
    text = text if isinstance(text, str) else str(text)
    text = text[: limit * 4].encode("utf-8", "replace").decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - len(CUT)] + CUT


def safe(value: t.Any, depth: int = 0) -> t.Any:
    """Server data for a result: same shape, but strings that any consumer can print and encode."""
    if isinstance(value, str):
        if value.isprintable():
            return value
        value = value.encode("utf-8", "replace").decode("utf-8", "replace")
        return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in value)
    if depth > 200:
        return "..."
    if isinstance(value, dict):
        return {safe(k, depth + 1): safe(v, depth + 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [safe(v, depth + 1) for v in value]
    return value


class Redactor:
    """Knows the secrets of a run and every form in which one could show; replaces them in any value."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def add(self, *secrets: t.Any) -> None:
        """Take note of a secret. Empty ones are left out."""
        for secret in secrets:
            if isinstance(secret, str) and secret:
                self._forms.add(secret)
                if len(secret) >= MIN_DERIVED:
                    self._forms.update(_forms(secret))

    def text(self, text: str, shortest: int = 1) -> str:
        """``text`` without any secret; ``shortest``: leave alone those with fewer letters."""
        for form in sorted((f for f in self._forms if f in text and len(f) >= shortest), key=len, reverse=True):
            text = text.replace(form, MASK)
        return self._cut_off(text) if CUT in text else text

    def _cut_off(self, text: str) -> str:
        """The same without a secret of which only the beginning is left, where a text was shortened."""
        first, *rest = text.split(CUT)
        shown = first
        for part in rest:
            length = max((_overlap(shown, form) for form in self._forms), default=0)
            if length:
                shown = shown[:-length] + MASK
            shown += CUT + part
        return shown

    def value(self, value: t.Any) -> t.Any:
        """Any JSON-like value without any secret, keys included. Returned as it is when there is nothing to mask.

        Keys are left alone by secrets so short that they are part of our own words.
        """
        if not self._forms:
            return value
        # One search in the whole text is far cheaper than one for each string of ten thousand items.
        whole = json.dumps(value, ensure_ascii=False, default=str)
        escaped = {json.dumps(f, ensure_ascii=False)[1:-1] for f in self._forms}
        if CUT not in whole and not any(f in whole for f in escaped):
            return value
        return self._walk(value)

    def _walk(self, value: t.Any) -> t.Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self._key(k): self._walk(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._walk(v) for v in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self._forms:
            return MASK
        return value

    def _key(self, key: t.Any) -> t.Any:
        if not isinstance(key, str) or not any(len(form) >= MIN_DERIVED and form in key for form in self._forms):
            return key
        return self.text(key)


def _overlap(text: str, form: str) -> int:
    """How many letters of the beginning of ``form`` the text ends with; 0 below :data:`MIN_DERIVED`."""
    longest = min(len(form) - 1, len(text))
    return next((n for n in range(longest, MIN_DERIVED - 1, -1) if text.endswith(form[:n])), 0)


def _forms(secret: str) -> set[str]:
    """The encodings in which a secret could turn up in a message, a URL, a header or a dump."""
    raw = secret.encode("utf-8", "surrogatepass")
    forms = {
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        raw.hex(),
        raw.hex().upper(),
        " ".join(secret.split()),  # what cleaning makes of blanks
        secret.upper(),
        secret.lower(),
        secret[::-1],
    }
    for pad in range(3):
        # The part of the base64 text that does not depend on what stands before and after the secret.
        coded = base64.b64encode(b"\0" * pad + raw).decode()
        start = (0, 2, 3)[pad]
        end = len(coded.rstrip("=")) - (1 if (len(raw) + pad) % 3 else 0)
        forms.add(coded[start:end])
    return {f for f in forms if len(f) >= MIN_DERIVED}
