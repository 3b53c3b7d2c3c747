# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some stories of crossed tasks, always the same. ``make chaos`` tells thousands."""

from __future__ import annotations

import pytest
from chaos import crossing
from chaos.lab import Lab

SEED = 20260301


@pytest.mark.parametrize("family", crossing.FAMILIES)
def test_what_was_told_is_what_happened(family):
    lab = Lab()
    try:
        stories, runs = crossing.play(lab, 12, 12, SEED, family=family)
    finally:
        lab.close()
    assert stories >= 12
    assert runs > stories
