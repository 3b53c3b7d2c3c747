# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that came from outside, and secrets: both are made harmless here before anybody sees them."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
import typing as t
import unicodedata
from urllib.parse import quote, quote_plus

from ansible_collections.groundwork.provision.plugins.module_utils._search import Words

MASK = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"

_PERCENT = re.compile("%[0-9A-F]{2}")
_ESCAPE = re.compile(r"\\u[0-9a-f]{4}")
_HTML_IN_JSON = re.compile("[<>&='\u2028\u2029]")
CUT = " ..."  # where a text was shortened

# Below this length only the plain secret is masked (by Ansible itself): its encodings would match ordinary words.
MIN_DERIVED = 4
MIN_WRAPPED, MAX_WRAPPED = 6, 40  # shorter ones would match ordinary words; what people type is not longer


def clean(text: t.Any, limit: int = 1000) -> str:
    """Server text for one line of output: no control or direction characters, no lone surrogates, at most ``limit`` long.

    Whatever is cut off, the text then ends with :data:`CUT`: by that the redactor knows a secret that was cut.
    """
    text = text if isinstance(text, str) else str(text)
    taken = text[: limit * 4]
    line = _one_line(taken)
    return line if len(line) <= limit and len(taken) == len(text) else line[: limit - len(CUT)] + CUT


def _one_line(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8", "replace")
    text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


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
    """Knows the secrets of a run and every form in which one could show; replaces them in any value. For several threads."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._forms: set[str] = set()
        self._lock = threading.Lock()
        self._words: dict[int | str, Words] = {}  # made when they are needed, anew after each new secret

    def add(self, *secrets: t.Any) -> None:
        """Take note of a secret. Empty ones are left out."""
        for secret in secrets:
            if isinstance(secret, str) and secret and secret not in self._secrets:
                forms = _forms(secret)
                with self._lock:
                    self._secrets.add(secret)
                    self._forms |= forms
                    self._words = {}

    def forms(self) -> set[str]:
        """Everything that is masked."""
        with self._lock:
            return set(self._forms)

    def text(self, text: str, shortest: int = 1) -> str:
        """``text`` without any secret, also one of which only the beginning is left where a text was shortened.

        shortest: leave alone the secrets with fewer letters.
        """
        return _masked(text, self._find(shortest).spans(text, CUT))

    def value(self, value: t.Any) -> t.Any:
        """Any JSON-like value without any secret, keys included. Returned as it is when there is nothing to mask.

        Keys are left alone by secrets so short that they are part of the words of our messages.
        """
        if not self._forms:
            return value
        # One search in the whole text is far cheaper than one for each string of ten thousand items.
        whole = json.dumps(value, ensure_ascii=False, default=str)
        present = self._find("JSON").present(whole)
        if not present and CUT not in whole:
            return value
        return self._walk(value, Words(json.loads(f'"{form}"') for form in present))

    def _find(self, kind: int | str) -> Words:
        """The forms of ``kind`` letters and more; as they stand in JSON for ``"JSON"``."""
        with self._lock:
            words = self._words.get(kind)
            if words is None:
                if isinstance(kind, int):
                    words = Words(form for form in self._forms if len(form) >= kind)
                else:
                    words = Words({json.dumps(form, ensure_ascii=False)[1:-1] for form in self._forms})
                self._words[kind] = words
        return words

    def _walk(self, value: t.Any, present: Words) -> t.Any:
        """present: the forms that are somewhere in the value, so that each of its strings is searched for these only."""
        if isinstance(value, str):
            return self.text(value) if CUT in value else _masked(value, present.spans(value))
        if isinstance(value, dict):
            return {self._key(k, present): self._walk(v, present) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._walk(v, present) for v in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool) and str(value) in self._forms:
            return MASK
        return value

    def _key(self, key: t.Any, present: Words) -> t.Any:
        if not isinstance(key, str) or not any(end - begin >= MIN_DERIVED for begin, end in present.spans(key)):
            return key
        return self.text(key)


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    if not spans:
        return text
    parts, at = [], 0
    for begin, end in spans:
        parts += [text[at:begin], MASK]
        at = end
    return "".join([*parts, text[at:]])


def _forms(secret: str) -> set[str]:
    """Everything that a secret could look like in a text, and what cleaning makes of it."""
    plain = {secret} if len(secret) < MIN_DERIVED else {secret, *_coded(secret)}
    # clean() and safe() change these; whether a secret is masked may not depend on which of them has been at it.
    odd = [form for form in plain if not form.isprintable() or form != " ".join(form.split())]
    shown = {shape for form in odd for shape in (_one_line(form), safe(form), "".join(c for c in form if c.isprintable()))}
    return plain | {shape for shape in shown if len(shape) >= min(len(secret), MIN_DERIVED)}


def _coded(secret: str) -> set[str]:
    """The encodings in which a secret could turn up in a message, a URL, a header or a dump, of whatever program."""
    raws = [_encoded(secret, name) for name in ("utf-8", "latin-1", "utf-16-le")]
    percent = {quote(secret, safe=safe, errors="replace") for safe in ("", "/", ";,/?:@&=+$-_.!~*'()#", "-_.!~*'()")}
    percent.add(quote_plus(secret, errors="replace"))
    page = {html.escape(secret), html.escape(secret, quote=False)}
    dump = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    dump |= {_HTML_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", form) for form in dump}
    forms = {
        *percent,
        *(_PERCENT.sub(lambda found: found[0].lower(), form) for form in percent),
        *page,
        *(form.replace("&#x27;", "&#39;") for form in page),
        *(form.replace("&#x27;", "&#39;").replace("&quot;", "&#34;") for form in page),
        *dump,
        *(_ESCAPE.sub(lambda found: found[0][:2] + found[0][2:].upper(), form) for form in dump),
        *(form.replace("/", r"\/") for form in dump),
        *(unicodedata.normalize(form, secret) for form in ("NFC", "NFD")),
        repr(secret)[1:-1],
        secret.upper(),
        secret.lower(),
        secret[::-1],
    }
    for raw in filter(None, raws):
        forms |= {repr(raw)[2:-1], raw.hex(), raw.hex().upper()}
        for pad in range(3):
            # The part of the base64 text that does not depend on what stands before and after the secret.
            coded = base64.b64encode(b"\0" * pad + raw).decode()
            start = (0, 2, 3)[pad]
            end = len(coded.rstrip("=")) - (1 if (len(raw) + pad) % 3 else 0)
            forms.add(coded[start:end])
    if MIN_WRAPPED <= len(secret) <= MAX_WRAPPED:
        # Where a text was wrapped, and what cleaning makes of the end of the line.
        places = range(1, len(secret))
        forms |= {f"{secret[:at]}{gap}{secret[at:]}" for at in places for gap in ("\n", "\r\n", " ", "\u200b")}
    return {form for form in forms if len(form) >= MIN_DERIVED}


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "strict")
    except UnicodeEncodeError:
        return b""
