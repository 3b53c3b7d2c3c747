# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile text is made harmless; a secret is masked in every form it could take."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK, Redactor, clean, safe

ANY = st.text(st.characters(exclude_categories=()), max_size=200)


@pytest.mark.parametrize(
    "text, told",
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("one\r\nfake: [localhost] => ok", "one fake: [localhost] => ok"),
        ("nul\0byte", "nul byte"),
        ("right\u202eto left", "right to left"),
        ("\ud800", "?"),
        ("\u2028line", "line"),
        (b"bytes", "b'bytes'"),
        (None, "None"),
    ],
)
def test_server_text_is_one_harmless_line(text, told):
    assert clean(text) == told


@given(ANY, st.integers(8, 300))
def test_clean_text_is_printable_encodable_and_short(text, limit):
    told = clean(text, limit)
    assert told.isprintable()
    assert len(told) <= limit
    told.encode("utf-8")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_server_data_keeps_its_shape_and_can_be_encoded(value):
    shown = safe(value)
    json.dumps(shown, ensure_ascii=False).encode("utf-8")
    assert type(shown) is type(value)
    assert "\x1b" not in json.dumps(shown, ensure_ascii=False)


def test_a_very_deep_answer_does_not_exhaust_the_stack():
    deep: list = []
    for _number in range(5000):
        deep = [deep]
    assert json.dumps(safe(deep))


# -- secrets ----------------------------------------------------------------------------------------------------------

SECRETS = ["Passw0rd-demo", "pä$$ wörd&<\">'", "пароль-секрет", "a/b+c=d%e", "tok\\en", "密码密码", "12345678"]

ENCODINGS = {
    "plain": lambda s: s,
    "in a sentence": lambda s: f"login with {s} failed",
    "url, all": lambda s: quote(s, safe=""),
    "url": quote,
    "form": quote_plus,
    "base64 of user:secret, 0": lambda s: base64.b64encode(f"usr:{s}"[1:].encode()).decode(),
    "base64 of user:secret, 1": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64 of user:secret, 2": lambda s: base64.b64encode(f"me:{s}:x".encode()).decode(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "JSON": json.dumps,
    "repr": repr,
    "bytes repr": lambda s: repr(s.encode()),
    "HTML": html.escape,
    "upper": str.upper,
    "lower": str.lower,
    "reversed": lambda s: s[::-1],
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("place", ["text", "value", "key", "deep", "number"])
def test_no_form_of_a_secret_gets_out(secret, encoding, place):
    redactor = Redactor()
    redactor.add(secret)
    told = ENCODINGS[encoding](secret)
    if place == "text":
        shown = redactor.text(told)
    elif place == "number":
        shown = json.dumps(redactor.value({"n": int(secret) if secret.isdigit() else told}), ensure_ascii=False)
    else:
        value = {"value": {"msg": told}, "key": {told: 1}, "deep": {"a": [[{"b": (told,)}]]}}[place]
        shown = json.dumps(redactor.value(value), ensure_ascii=False)
    assert MASK in shown
    assert told not in shown
    assert secret not in shown


@pytest.mark.parametrize("limit", range(20, 40))
@pytest.mark.parametrize("encoding", ["plain", "base64", "hex", "reversed"])
def test_a_secret_that_was_cut_in_the_middle_is_masked_too(limit, encoding):
    secret = "Canary-5ecret-Canary"
    redactor = Redactor()
    redactor.add(secret)
    told = ENCODINGS[encoding](secret)
    shown = redactor.value({"msg": clean(f"it said {told} and more and more and more and more", limit) + " What is known."})["msg"]
    assert not any(told[:length] in shown for length in range(4, len(told) + 1)), shown


def test_one_letter_is_masked_as_it_is_but_not_in_its_encodings():
    """A password of one letter would else turn every result to noise; a minimum length is documented."""
    redactor = Redactor()
    redactor.add("1")
    assert redactor.value({"id": "71", "n": 5}) == {"id": f"7{MASK}", "n": 5}
    redactor.add("c")
    assert redactor.value({"changed": False}) == {"changed": False}, "the keys that playbooks look at stay"


@given(JSON)
def test_without_secrets_nothing_is_touched(value):
    assert Redactor().value(value) is value


def texts(value):
    """Every text of a value, keys included. A number or a null that happens to be spelt like a secret is none."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [value] if isinstance(value, str) else []


@given(st.text(min_size=4, max_size=30), JSON)
def test_a_secret_is_nowhere_in_a_redacted_value(secret, value):
    redactor = Redactor()
    redactor.add(secret)
    planted = {"a": value, secret: [secret, f"x{secret}y"]}
    shown = [text.replace(MASK, "") for text in texts(redactor.value(planted))]
    assert not [text for text in shown if secret in text]


@pytest.mark.parametrize("secret", ["a", "1", "ed", "out"])
def test_a_short_secret_leaves_our_own_keys_readable(secret):
    redactor = Redactor()
    redactor.add(secret)
    assert redactor.value({"changed": "b", "outcome": {"error": "d"}}).keys() == {"changed", "outcome"}
