# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest plugin of `make test-ways`: tests that cannot run both ways are left out, each with its reason printed."""

from __future__ import annotations

import inspect
from typing import Any

# Tests of what happens between two requests; here the simulated time moves with the requests only.
TIMING = {
    "test_many_are_cancelled_with_one_poll_at_a_time": "it needs time between its requests",
    "test_an_executing_request_is_waited_for_not_repeated": "it needs time between its requests",
    "test_half_is_coming_the_other_half_is_asked_for": "it needs time between its requests",
    "test_a_push_that_ends_before_the_cancel_comes_is_told": "it needs time within a late answer",
    "test_a_job_that_ends_before_the_cancel_comes": "it needs time within a late answer",
}
# What a test replaces in its own process is not replaced in a module's.
OWN_PROCESS = (".setattr(", ".setitem(", "setrlimit", "mock.patch")


def reason(function: Any) -> str:
    """Why a test cannot run both ways; empty when it can."""
    if function.__name__ in TIMING:
        return TIMING[function.__name__]
    source = inspect.getsource(function)
    return next((f"{text} reaches this process only" for text in OWN_PROCESS if text in source), "")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    left_out = {item: why for item in items if (why := reason(item.function))}
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    if not hasattr(config, "workerinput"):
        print("\n".join(sorted({f"left out: {item.function.__name__}: {why}" for item, why in left_out.items()})))
