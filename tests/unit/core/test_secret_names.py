# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which names sound like a secret, and what is masked below them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.module_utils._reconcile import Step
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import masked, parsed, secrets, sounds_secret
from ansible_collections.groundwork.provision.plugins.module_utils._text import MASK

BEARING = (
    "password", "passwords", "Password", "userPassword", "passwd", "adminpass", "admin_pass", "passphrase", "passcode", "pwd", "userPwd",
    "pin", "PIN", "user_pin", "pinCode", "secret", "secret_list", "clientSecret", "token", "csrf_token", "apiKey", "APIKey", "api-key",
    "apikey", "authKey", "licenseKey", "sshKeys", "key", "private", "privateKey", "private_key", "credential", "storedCredentials",
    "snmpCommunity", "communityString", "auth", "basicAuth", "Authorization", "Proxy-Authorization", "Set-Cookie", "otp", "assertion",
)  # fmt: skip
HARMLESS = (
    "keyboard", "author", "authors", "pinned", "authMethod", "auth_type", "authEnabled", "opinion", "spinning", "monkey", "bypass",
    "compass", "passed",
    "keyType", "publicKey", "public_key", "name", "username", "path", "compartment", "storedCredentialId", "", "ident", "ä",
)  # fmt: skip


@pytest.mark.parametrize("name", BEARING)
def test_a_name_that_sounds_like_a_secret(name):
    assert sounds_secret(name) is True


@pytest.mark.parametrize("name", [*HARMLESS, 5, None])
def test_a_name_that_does_not(name):
    assert sounds_secret(name) is False


def test_everything_below_such_a_name_is_one():
    value = {
        "passwords": ["in-a-list", 7], "password": {"value": "nested", "n": 48151623}, "pin": 48151, "apiKey": 1.25, "keyboard": "us",
        "items": [{"authKey": "deep", "passwordChanged": True, "token": None, "secret": ""}, "plain"], "pwd": "p",
    }  # fmt: skip
    assert masked(value) == {
        "passwords": MASK, "password": MASK, "pin": MASK, "apiKey": MASK, "keyboard": "us",
        "items": [{"authKey": MASK, "passwordChanged": True, "token": None, "secret": ""}, "plain"], "pwd": MASK,
    }  # fmt: skip
    # A 7 stands in any text.
    assert secrets(value) == {"in-a-list", "nested", "48151623", "48151", "1.25", "deep", "p"}


@pytest.mark.parametrize("named", ["name", "key"])
def test_the_value_of_a_named_one(named):
    value = [{named: "adminPassword", "value": "hidden"}, {named: "region", "value": "shown"}]
    assert masked(value) == [{named: "adminPassword", "value": MASK}, {named: "region", "value": "shown"}]
    assert secrets(value) == {"hidden"}


def test_a_login_is_looked_into():
    value = {"auth": {"username": "demo", "password": "hidden"}, "basic": {"auth": ["hidden-too"]}}
    assert masked(value) == {"auth": {"username": "demo", "password": MASK}, "basic": {"auth": MASK}}


def test_a_private_key_is_one_under_any_name():
    text = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n"
    assert masked({"data": [text, "other"]}) == {"data": [MASK, "other"]}
    assert secrets({"data": [text, "other"]}) == {text}


def test_data_as_json_text():
    assert parsed(' {"a": [1]}') == {"a": [1]}
    assert parsed("{not json") == "{not json"
    assert parsed("plain") == "plain"


def test_the_plan_of_any_module_is_masked():
    step = Step("request", "POST", "/x", "x", "why", query=(("token", "t-1"), ("a", "b")), body=[{"apiKey": ["k-1"], "b": 1}])
    assert step.public()["query"] == {"token": MASK, "a": "b"}
    assert step.public()["body"] == [{"apiKey": MASK, "b": 1}]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "value", "key", "pin", "a"]), inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_data_of_any_shape(value):
    """Nothing is raised, and what is masked once holds no more secrets."""
    assert secrets(masked(value)) <= {MASK}


def test_data_nested_too_deep():
    value = json.loads('{"pin":' * 500 + "1" + "}" * 500)
    masked(value)
    secrets([[value]])
    deep: list = []
    for _depth in range(5000):
        deep = [deep]
    masked(deep)
    secrets({"pin": deep})
