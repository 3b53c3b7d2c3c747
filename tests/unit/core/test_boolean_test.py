# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What passes the test boolean means the same to the filter ``bool``, with which roles go on, and to an option of a module."""

from __future__ import annotations

import itertools

import pytest
from ansible.module_utils.common.validation import check_type_bool
from ansible.module_utils.parsing.convert_bool import BOOLEANS
from ansible.plugins.filter.core import to_bool

from ansible_collections.groundwork.provision.plugins.test.boolean import is_boolean

WORDS = ("true", "yes", "on", "false", "no", "off")
RIGHT = [True, False, 1, 0, "1", "0", *itertools.chain(*((word, word.title(), word.upper()) for word in WORDS))]
# Among them what an option of a module takes, and the filter takes for false.
WRONG = ["y", "t", "n", "f", 1.0, 0.0, " yes", "yes ", "  ", "ture", "2", 5, -1, "yes sir", [], [True], {}, {"failed": False}, "none"]


@pytest.mark.parametrize("value", RIGHT, ids=repr)
def test_booleans(value):
    assert is_boolean(value)
    assert to_bool(value) is check_type_bool(value)


@pytest.mark.parametrize("value", [None, ""])
def test_what_is_not_set(value):
    assert is_boolean(value)


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_what_is_none(value):
    assert not is_boolean(value)


def test_nothing_passes_that_the_two_understand_differently():
    passed = [value for value in BOOLEANS if is_boolean(value)]
    assert {value: to_bool(value) for value in passed} == {value: check_type_bool(value) for value in passed}
