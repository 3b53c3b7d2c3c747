# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server tells becomes a host or an address only where it has that syntax, and never this machine."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.groundwork.provision.plugins.plugin_utils import host_names

HOSTILE = [
    "-oProxyCommand=touch pwned", "-oProxyCommand=x", "--", "a b", "a\nb", "a\tb", "a;id", "$(id)", "`id`", "{{ 7 * 7 }}", "a/b", "../x",
    "..", ".", "a..b", ".a", "a.-b", "a@b", "a,b", "a:b", "a[0:3]", "a*", "!a", "&a", "~a", "%h", "a%b", "fe80::1%eth0", "\x1b[31m",
    "a\x00b", "\ud800", "kä", "\u212aelvin", "a\u202eb", "", " ", "x" * 64, "a." * 130, "1.2.3.4/24", "[::1]", "http://a", "a=b", "'a'",
    '"a"', "a\\b",
]  # fmt: skip
GOOD = [
    "7x06",
    "web-01", "web_01", "WEB.example.com", "a", "1.example", "a.b.", "xcc-", "10.0.0.1", "2001:db8::1", "192.0.2.255", "2001:DB8::A",
]  # fmt: skip
HERE = [
    "localhost", "LOCALHOST", "localhost.", "localhost.localdomain", "localhost4", "a.localhost", "ip6-localhost", "127.0.0.1", "127.1",
    "127.0.0.53", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_no_name_and_no_address(text):
    assert not host_names.is_place(text)
    assert not host_names.may_be_host(text)
    assert not host_names.are_elsewhere([text]) or text == ""


@pytest.mark.parametrize("text", GOOD)
def test_what_is_one(text):
    assert host_names.is_place(text)
    assert host_names.may_be_host(text)


@pytest.mark.parametrize("text", HERE)
def test_this_machine_is_no_host_of_a_server(text):
    assert not host_names.is_elsewhere(text)
    assert not host_names.may_be_host(text)
    assert not host_names.are_elsewhere([text])


FIB_TRIE = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
        |-- 198.51.100.0
           /24 link UNICAST
        |-- 198.51.100.7
           /32 host LOCAL
        |-- 198.51.100.255
           /32 link BROADCAST
"""
IF_INET6 = "20010db8000000000000000000000007 02 40 00 80     eth0\nnonsense\n"
HOSTS = """127.0.0.1 localhost
127.0.1.1 Vm.example.com vm alias # not-this
198.51.100.7 by-its-address
198.51.100.8 another
nonsense here
"""


@pytest.fixture
def machine(monkeypatch):
    found = host_names.own_of("ctl.example.com", HOSTS, FIB_TRIE, IF_INET6)
    monkeypatch.setattr(host_names, "own", lambda: found)


@pytest.mark.parametrize(
    "text",
    ["ctl", "ctl.example.com", "CTL.Example.com.", "vm", "vm.", "VM", "vm.example.com", "alias", "by-its-address", "198.51.100.7",
     "2001:db8::7", "2001:DB8:0::7", "::ffff:198.51.100.7", "3325256711"],
)  # fmt: skip
def test_what_this_machine_is_called_is_no_host_of_a_server(machine, text):
    assert not host_names.is_elsewhere(text)
    assert not host_names.may_be_host(text)
    assert not host_names.are_elsewhere([text])
    assert not host_names.are_elsewhere(["web-01", text, "web-02"])


@pytest.mark.parametrize(
    "text", ["ctl2", "ctl.example.net", "not-this", "another", "here", "198.51.100.8", "198.51.100.255", "198.51.100.0", "2001:db8::8"]
)
def test_what_another_machine_is_called_may_be_one(machine, text):
    assert host_names.may_be_host(text)


def test_this_very_machine_knows_its_name():
    assert not host_names.may_be_host(socket.gethostname() or "localhost")


@pytest.mark.parametrize("value", [None, 5, ["a"], {"a": 1}, b"a"])
def test_no_text_is_no_name(value):
    assert not host_names.is_place(value)
    assert not host_names.may_be_host(value)
    assert not host_names.are_elsewhere([value])


@pytest.mark.parametrize("name", ["all", "ungrouped", "All"])
def test_groups_of_ansible_are_no_hosts(name):
    assert host_names.is_place(name)
    assert not host_names.may_be_host(name)


TEXTS = st.one_of(st.text(max_size=80), st.text("aZ09.-_:@ %{}\n/\u212alochst127x", max_size=300), st.sampled_from(HOSTILE + GOOD + HERE))


@given(TEXTS)
@example("\u212a")
def test_a_name_for_people_becomes_a_host_name_or_nothing(text):
    name = host_names.as_host_name(text)
    assert name == "" or (host_names.is_host_name(name) and re.fullmatch("[A-Za-z0-9_.-]+", name) and name[0] not in "-.")
    assert name == text or not host_names.is_host_name(text)


@given(st.lists(TEXTS, max_size=6))
def test_what_is_seen_at_a_glance_is_true(texts):
    if host_names.are_elsewhere(texts):
        assert all(text == "" or host_names.is_elsewhere(text) for text in texts)


NAMES = st.sampled_from(["a", "b", "a_1", "a_1_2", "x" * 63, ".".join(["x" * 62] * 4), ""])


@given(st.lists(st.tuples(NAMES, st.sampled_from(["1", "2", "1_2", "", "-o", "a.b", "f" * 300])), max_size=12))
def test_names_are_never_shared(pairs):
    names = host_names.unique([name for name, _ident in pairs], [ident for _name, ident in pairs])
    named = [name for name in names if name]
    assert len(set(named)) == len(named) == sum(bool(name) for name, _ident in pairs)
    assert all(host_names.is_host_name(name) for name in named)


def test_a_warning_shows_it_on_one_line_of_ascii():
    assert host_names.shown("a\nb\x1b[0m\u202e") == r"'a\nb\x1b[0m\u202e'"
    assert len(host_names.shown("x" * 1000)) < 70
