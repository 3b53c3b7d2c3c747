# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile text is made harmless; a secret is masked in every form it could take."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import time
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._text import CUT, MASK, Redactor, clean, safe

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


def latin(text):
    return "latin-1" if max(text) < "\u0100" else "utf-8"


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
    # as programs in other languages write them
    "url, small hex": lambda s: re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), quote(s, safe="")),
    "encodeURI": lambda s: quote(s, safe=";,/?:@&=+$-_.!~*'()#"),
    "encodeURIComponent, small hex": lambda s: re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), quote(s, safe="-_.!~*'()")),
    "HTML, decimal": lambda s: html.escape(s).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"),
    "HTML, decimal apostrophe": lambda s: html.escape(s).replace("&#x27;", "&#39;"),
    "HTML, no quotes": lambda s: html.escape(s, quote=False),
    "JSON, large hex": lambda s: re.sub(r"\\u([0-9a-f]{4})", lambda m: "\\u" + m[1].upper(), json.dumps(s)),
    "JSON, slashes": lambda s: json.dumps(s).replace("/", r"\/"),
    "JSON for HTML": lambda s: re.sub("[<>&='\u2028\u2029]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(s, ensure_ascii=False)),
    "decomposed": lambda s: unicodedata.normalize("NFD", s),
    "base64, UTF-16": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "hex, UTF-16": lambda s: s.encode("utf-16-le").hex(),
    "base64 of user:secret, Latin-1": lambda s: base64.b64encode(f"me:{s}".encode(latin(s))).decode(),
    "wrapped": lambda s: s if len(s) < 6 else s[:5] + "\n" + s[5:],
    "wrapped and cleaned": lambda s: s if len(s) < 6 else clean(s[:3] + "\r\n" + s[3:]),
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


@pytest.mark.parametrize("nothing", [None, "", 5, b"bytes", ["list"]])
def test_what_is_no_text_is_no_secret(nothing):
    redactor = Redactor()
    redactor.add(nothing, "s3cret-word")
    assert redactor.text("a b 5 bytes list s3cret-word") == f"a b 5 bytes list {MASK}"


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


# -- redaction is blind to what cleaning does -------------------------------------------------------------------------

# Each holds something that cleaning changes, takes out or cuts.
ODD = [
    "pass\u200bword-one", "left\u202eright-two", "two  blanks   three", "soft\u00adhyphen-four", "\u200bzero-width-ends\u2060",
    "a\u2028line\u2029five",
    "no\u00a0break six", "join\u200d\u200d\u200dseven", "bom\ufeffeight", "\ue000private-nine", "tags<b>ten</b>", "a\u200bb\u200bc\u200bd",
]  # fmt: skip


def leaked(secret: str, shown: str) -> list[str]:
    """Pieces of four letters of a secret that are still to be read, whatever stands between its letters."""
    letters = [c for c in secret if c.isprintable() and not c.isspace()]
    bare = "".join(c for c in shown.replace(MASK, "\0") if c == "\0" or (c.isprintable() and not c.isspace() and c != "\ufffd"))
    return ["".join(letters[at : at + 4]) for at in range(len(letters) - 3) if "".join(letters[at : at + 4]) in bare]


@pytest.mark.parametrize("secret", ODD)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_secret_that_cleaning_changes_is_masked_all_the_same(secret, encoding):
    redactor = Redactor()
    redactor.add(secret)
    for harmless in (clean, safe, lambda text: clean(safe(text)), lambda text: safe(clean(text))):
        told = harmless(f"it said: {ENCODINGS[encoding](secret)}, and more")
        shown = redactor.value({"msg": told})["msg"]
        assert MASK in shown
        assert redactor.text(told) == shown
        if encoding in ("plain", "in a sentence"):
            assert not leaked(secret, shown), shown


@pytest.mark.parametrize("secret", [*ODD, "Canary-5ecret-Canary"])
def test_a_secret_that_a_length_cuts_is_masked_as_far_as_it_is_shown(secret):
    """Also where the text becomes short enough only because its blanks were taken together."""
    redactor = Redactor()
    redactor.add(secret)
    for blanks in (0, 30, 400):
        for limit in range(14, 60):
            shown = redactor.text(clean(f"it said{' ' * blanks} {secret} and more and more and more and more and more", limit))
            assert not leaked(secret, shown), shown


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=4, max_size=30), ANY, ANY, st.integers(40, 300))
def test_no_secret_survives_cleaning(secret, before, after, limit):
    secret = secret.strip()
    redactor = Redactor()
    redactor.add(secret)
    shown = redactor.text(clean(before + secret + after, limit)).replace(MASK, "\0")
    told = clean(secret, 10_000)
    assert len(told) < 4 or told not in shown


# -- the time it takes ------------------------------------------------------------------------------------------------

MIB = 1024 * 1024


def tokens(count: int) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(count)]


def filled(piece: str) -> str:
    return (piece * (MIB // len(piece) + 1))[:MIB]


# name -> (secrets, a text of 1 MiB)
LOADS = {
    "nothing to find": lambda: (tokens(3), filled("The request completed. No action is required. ")),
    "only marks": lambda: (tokens(3), filled(CUT)),
    "only marks, many secrets": lambda: (tokens(400), filled(CUT)),
    "marks behind beginnings": lambda: (tokens(400), filled("".join(one[: 4 + at % 25] + CUT for at, one in enumerate(tokens(400))))),
    "marks behind nearly whole ones": lambda: (tokens(400), filled("".join(one[:-1] + CUT for one in tokens(400)))),
    "near-matches": lambda: (tokens(400), filled("".join(one[:-1] + "x" for one in tokens(400)))),
    "near-matches of one": lambda: (["Passw0rd-demo-of-some-length"], filled("Passw0rd-demo-of-some-lengtX")),
    "short near-matches": lambda: ([f"secret-{n:04d}" for n in range(400)], filled("secret-")),
    "hexadecimal digits": lambda: (tokens(400), filled("".join(hashlib.md5(str(n).encode()).hexdigest() for n in range(2000)))),
    "one letter": lambda: (["aaaaaaaaaaaaaaaab"], filled("a")),
    "one letter, and marks": lambda: (["aaaaaaaaaaaaaaaab"], filled("aaaaaaaaaaaa" + CUT)),
    "one letter, which is the secret": lambda: (["aaaaaaaa"], filled("a")),
    "secrets everywhere": lambda: (tokens(400), filled(" ".join(tokens(400)))),
    "secrets of one beginning": lambda: (["eyJhbGciOiJIUzI1NiJ9." + one for one in tokens(400)], filled("eyJhbGciOiJIUzI1NiJ9.")),
}


def seconds(work) -> float:
    """Of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def takes_at_most(times: int, letters: str, work) -> bool:
    """In one of a few tries, as the machine may be busy with something else: ``times`` as long as to look at each letter."""
    least = min(seconds(lambda: [letter for letter in letters if letter]) for _try in range(3))
    return any(seconds(work) < times * least for _try in range(3))


@pytest.mark.parametrize("load", LOADS)
def test_redaction_takes_time_by_the_length_of_the_text(load):
    """As many steps as there are letters, whatever the text and however many the secrets: where each letter looks through the rest
    again it is many thousands of times as much, so that no busy machine can be taken for it."""
    secrets, text = LOADS[load]()
    redactor = Redactor()
    redactor.add(*secrets)
    redactor.text("once " + CUT + ", so that it is ready")
    assert takes_at_most(400, text, lambda: redactor.text(text))


@pytest.mark.parametrize("secrets", [tokens(1), tokens(60), ["aaaaaaaaaaaaaaaab"], ["secret-" + one[:4] for one in tokens(300)]])
def test_a_secret_behind_thousands_of_near_matches_is_found(secrets):
    redactor = Redactor()
    redactor.add(*secrets)
    secret = secrets[-1]
    for near in (secret[:-1] + "! ", secret[:-2]):
        text = f"{near * 5000}! it said {secret} and {secret[:-1]}{CUT} or {secret[:8]}{CUT}"
        shown = redactor.text(text)
        assert shown.endswith(f"! it said {MASK} and {MASK}{CUT} or {MASK}{CUT}")
        assert shown.startswith(near * 4000)


def test_a_large_result_and_thousands_of_secrets():
    redactor = Redactor()
    redactor.add(*tokens(1000))
    value = {"items": [{"id": str(n), "state": "finished", "text": f"profile {n} is active ...", "ok": True} for n in range(10_000)]}
    value["items"][5000]["text"] += tokens(1000)[500]
    shown = redactor.value(value)
    whole = json.dumps(value)
    assert takes_at_most(400, whole, lambda: redactor.value(value))
    assert shown["items"][5000]["text"].endswith(MASK)
    assert shown["items"][4999] == value["items"][4999]


def slowly(forms, text):
    """What has to come out, written as plainly as can be: every place that a form covers, and every beginning before a mark."""
    covered = [False] * len(text)
    for form in forms:
        at = text.find(form)
        while at >= 0:
            covered[at : at + len(form)] = [True] * len(form)
            at = text.find(form, at + 1)
    for end in range(len(text)):
        if text.startswith(CUT, end):
            for form in forms:
                length = max((n for n in range(4, len(form)) if text[:end].endswith(form[:n])), default=0)
                covered[end - length : end] = [True] * length
    return "".join("\0" if hidden else c for c, hidden in zip(text, covered, strict=True))


PIECES = st.lists(
    st.sampled_from(["abcd", "abcdefgh", "efgh", "aaaa", "aa", "b", CUT, " ", "xyzxyzxyz", "Canary-5ecret", "nary", "cret-", "\u200b"]),
    max_size=14,
)


@given(st.lists(st.one_of(PIECES.map("".join), st.text("ab.", min_size=4, max_size=12)), min_size=1, max_size=70), PIECES.map("".join))
def test_the_quick_way_hides_what_the_slow_way_hides(secrets, text):
    redactor = Redactor()
    redactor.add(*[one.strip() for one in secrets if len(one.strip()) >= 4])
    forms = redactor.forms()
    text += CUT + "".join(secrets) + CUT + text[::-1]
    hidden = slowly(forms, text)
    parts = re.split("\0+", hidden)
    assert [part for part in redactor.text(text).split(MASK) if part] == [part for part in parts if part]
