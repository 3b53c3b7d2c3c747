# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test boolean takes what an option of a module takes, and nothing else."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.validation import check_type_bool

from ansible_collections.groundwork.provision.plugins.test.boolean import is_boolean

RIGHT = [True, False, "true", "Yes", "on", "1", 1, 1.0, "y", "T", 0, "no", "OFF", "f", 0.0]
WRONG = ["ture", "2", 5, -1, "yes sir", [], [True], {}, {"failed": False}, "none"]


@pytest.mark.parametrize("value", RIGHT)
def test_booleans(value):
    assert is_boolean(value)
    assert check_type_bool(value) in (True, False)


@pytest.mark.parametrize("value", [None, "", "  ", " yes "])
def test_what_is_not_set_and_blanks_around_a_word(value):
    assert is_boolean(value)


@pytest.mark.parametrize("value", WRONG, ids=str)
def test_what_is_none(value):
    assert not is_boolean(value)
    with pytest.raises(TypeError):
        check_type_bool(value)
