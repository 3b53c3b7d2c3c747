# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``until`` around a task that changes something: nobody looks between the attempts, so a stop that asks for that stays."""

from __future__ import annotations

import pytest

TASK = {
    "groundwork.provision.xclarity_request": {
        "method": "PUT", "path": "/nodes/0A10000000000000000000000000000A/bmc", "body": {"powerState": "restart"}, "reconcile_timeout": 0.5,
    },
    "register": "done", "until": "done is succeeded", "retries": 3, "delay": 0,
}  # fmt: skip


@pytest.mark.parametrize("in_process", [True, False])
def test_what_is_in_doubt_is_not_sent_by_the_next_attempt(sim, harness, in_process):
    """The next run of the play sends it, since somebody has read of it by then."""

    def sent():
        return len([one for one in sim.log(changing=True) if one["method"] == "PUT"])

    variables = {"groundwork_in_process": in_process}
    sim.fault("xclarity", "PUT", "^/nodes", reset="after")
    done = harness.play([TASK], variables=variables)
    assert (done.rc != 0, sent()) == (True, 1), done.output
    assert "earlier_run_unfinished" in done.output
    again = harness.play([TASK], variables=variables)
    assert (again.rc, sent()) == (0, 2), again.output
