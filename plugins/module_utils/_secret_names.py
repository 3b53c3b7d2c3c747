# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data whose shape nobody has declared: what in it is a secret, by the names of its keys. The one place that judges a name.

Everything below a name that sounds like a secret is one: a text, a number, a list, a mapping. Of a pair of name and value
(``{"name": "password", "value": "x"}``) the value is. So is a text that holds a private key, whatever its name. ``true``,
``false``, null and what is empty tell nothing, and stay. Inside a mapping named ``auth`` each name is judged by itself.
"""

from __future__ import annotations

import functools
import json
import re
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK, MIN_DERIVED

# Anywhere in a name.
_PARTS = re.compile(r"passw|passphrase|passcode|pwd|secret|token|csrf|credential|private|community|assertion", re.IGNORECASE)
# Whole words of a name, or parts of camelCase.
_WORDS = frozenset(("pass", "pin", "pins", "otp", "totp", "psk", "jwt", "bearer", "cookie", "cookies", "authorization"))
# Last words. What stands after "auth" is mostly its kind: authMethod, auth_type, authEnabled.
_LAST = frozenset(("auth",))
_ENDS = ("key", "keys", "pass")
_HARMLESS_ENDS = frozenset(("monkey", "turkey", "hotkey", "hotkeys", "compass", "bypass", "encompass", "surpass"))
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_DEEP = 100


def sounds_secret(name: t.Any) -> bool:
    """Whether what is below this name is taken for a secret: ``apiKey``, ``snmpCommunity``, ``user-pin``; not ``keyboard``, ``author``,
    ``pinned``, ``authMethod``, ``publicKey`` and ids of credentials."""
    return _judged(str(name))


@functools.lru_cache(maxsize=4096)
def _judged(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return False
    last = words[-1]
    if last in ("id", "ids") and words[-2:-1] in (["credential"], ["credentials"]):
        return False
    if _PARTS.search(text) or not _WORDS.isdisjoint(words) or last in _LAST:
        return True
    return last.endswith(_ENDS) and last not in _HARMLESS_ENDS and "public" not in text.lower()


def masked(value: t.Any, depth: int = 0) -> t.Any:
    """The same data with a mask in place of each secret. What is nested too deep is left out."""
    if depth > _DEEP:
        return None
    if isinstance(value, t.Mapping):
        return {key: _hidden(one) if secret else masked(one, depth + 1) for key, one, secret in _entries(value)}
    if isinstance(value, (list, tuple)):
        return [masked(one, depth + 1) for one in value]
    return MASK if _is_private_key(value) else value


def secrets(value: t.Any, depth: int = 0) -> set[str]:
    """The secrets in it as texts, to be masked wherever they turn up. Numbers and what is further below such a name only from
    :data:`MIN_DERIVED` letters, since fewer stand in any text."""
    if depth > _DEEP:
        return set()
    if isinstance(value, (list, tuple)):
        return set().union(*(secrets(one, depth + 1) for one in value))
    if not isinstance(value, t.Mapping):
        return {value} if _is_private_key(value) else set()
    found: set[str] = set()
    for _key, one, secret in _entries(value):
        if not secret:
            found |= secrets(one, depth + 1)
        elif isinstance(one, str):
            found |= {one} - {""}
        else:
            found |= {text for text in _texts(one, depth + 1) if len(text) >= MIN_DERIVED}
    return found


def parsed(value: t.Any) -> t.Any:
    """Data that came as JSON text, as a template's result does in some releases of ansible-core; else ``value`` itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _entries(value: t.Mapping[t.Any, t.Any]) -> t.Iterator[tuple[t.Any, t.Any, bool]]:
    """(key, what is below it, whether that is a secret)."""
    name = value.get("name", value.get("key")) if "value" in value else None
    of_a_pair = isinstance(name, str)
    for key, one in value.items():
        if of_a_pair and key in ("name", "key", "value"):
            yield key, one, key == "value" and sounds_secret(name)
        else:
            yield key, one, sounds_secret(key) and not (isinstance(one, t.Mapping) and _holds_a_login(key))


def _holds_a_login(key: t.Any) -> bool:
    """``auth`` of a cloud, and the credential that a management controller is logged in to with, are mappings with a user name and an id
    beside the secret, each under its own name."""
    return str(key).lower() in ("auth", "storedcredentials")


def _hidden(value: t.Any) -> t.Any:
    return value if value is None or isinstance(value, bool) or value in ("", [], {}, ()) else MASK


def _texts(value: t.Any, depth: int) -> t.Iterator[str]:
    """Every text and number in it."""
    if isinstance(value, t.Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)) and depth <= _DEEP:
        for one in value:
            yield from _texts(one, depth + 1)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)


def _is_private_key(value: t.Any) -> bool:
    return isinstance(value, str) and _PRIVATE_KEY.search(value) is not None
