# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be promised, and what cannot: all states of a small world, for each policy of a client."""

from __future__ import annotations

import pytest
from chaos.model import FAIL, LATE, LOCKED, LOST, NAIVE, NO_FAULTS, OURS, READ_THEN_FAIL, READ_THEN_RESEND, bad

# policy -> are there end states with two objects, for one client with lost answers, one with late requests,
#           two without faults, two with lost answers, two with late requests
TABLE = {
    NAIVE: (True, True, True, True, True),
    READ_THEN_RESEND: (False, True, True, True, True),
    FAIL: (False, True, True, True, True),
    READ_THEN_FAIL: (False, True, True, True, True),
    LOCKED: (False, True, False, False, True),
    OURS: (False, False, False, False, False),
}
SCOPES = [(1, LOST), (1, LATE), (2, NO_FAULTS), (2, LOST), (2, LATE)]


@pytest.mark.parametrize("policy", TABLE, ids=lambda policy: policy.name)
@pytest.mark.parametrize("scope", range(len(SCOPES)))
def test_whether_a_policy_can_double(policy, scope):
    clients, faults = SCOPES[scope]
    count, of = bad(policy, faults, clients)
    assert of > 0
    assert (count > 0) == TABLE[policy][scope], f"{count} of {of} end states"


@pytest.mark.parametrize("clients, reruns", [(2, 2), (3, 1), (3, 2)])
def test_lock_and_settle_hold_in_larger_worlds(clients, reruns):
    assert bad(OURS, LATE, clients, reruns)[0] == 0


def test_reading_back_and_resending_is_worse_than_failing_when_requests_are_late():
    assert bad(READ_THEN_RESEND, LATE, 2)[0] > bad(FAIL, LATE, 2)[0]
