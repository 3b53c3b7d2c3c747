# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A week of a data centre in any order: every start, lost and late answers, jobs that fail, time that passes.

After every step: a run sends at most once, ``changed`` is true exactly where something was sent, nothing is done that was
not said, and what succeeded is not done again.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from .lab import Lab, leaks
from .memory import LostAfter, LostBefore, Sent
from .sites import STARTS, Start

FATES = ("ok", "lost before", "lost after", "late")


class DataCentre(RuleBasedStateMachine):
    """Each example is a fresh estate."""

    lab: Lab
    steps = 0

    @initialize()
    def begin(self) -> None:
        self.lab.fresh()
        self.reached: dict[str, bool] = {}

    @rule(start=st.sampled_from(STARTS), fate=st.sampled_from(FATES), read=st.integers(0, 25))
    def run(self, start: Start, fate: str, read: int) -> None:
        """One run; its starting request meets ``fate``, its ``read``-th reading is lost."""
        before, applied = self.lab.transmitted(start), self.lab.applied(start)
        count = [0]

        def hook(one: Sent) -> None:
            if start.matches(one.app, one.method, one.target, one.body):
                if fate == "lost before":
                    raise LostBefore
                if fate == "lost after":
                    raise LostAfter
                if fate == "late":
                    self.lab.memory.deliver_later(5.0, one, dict(one.headers))
                    raise LostBefore
            elif not one.changing and "sessions" not in one.target and "tokens" not in one.target:
                count[0] += 1
                if count[0] == read:
                    raise LostAfter

        self.lab.hook = hook
        result = self.lab.run(start)
        self.lab.hook = None
        self.judge(start, result, self.lab.transmitted(start) - before, self.lab.applied(start) - applied)

    @rule(start=st.sampled_from(STARTS))
    def foretell(self, start: Start) -> None:
        """Check mode changes nothing."""
        before = len(self.lab.memory.changing())
        result = self.lab.run(start, check=True)
        assert len(self.lab.memory.changing()) == before
        assert result.code != "internal_error", result

    @rule(seconds=st.sampled_from([0.1, 1.0, 20.0, 3600.0, 100_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.lab.settle(seconds)

    @rule(kind=st.sampled_from(["activate", "copy", "move", "push", "export"]), state=st.sampled_from(
        ["Stopped_With_Error", "CompleteWithErrors", "Cancelled", "Interrupted"]))  # fmt: skip
    def the_next_job_fails(self, kind: str, state: str) -> None:
        self.lab.memory.world.systems["xclarity"].switches["fail_next"] = [{"kind": kind, "state": state}]

    @rule()
    def the_appliance_forgets_its_sessions(self) -> None:
        system: Any = self.lab.memory.world.systems["xclarity"]
        system.sessions_part.reset()

    def judge(self, start: Start, result: Any, sent: int, applied: int) -> None:
        type(self).steps += 1
        assert result.code != "internal_error", result
        assert not leaks(result)
        assert sent <= 1, "DOUBLED: one run sent twice"
        if sent and result["outcome"] != "not_started":
            assert result["changed"], f"SILENT: {result}"
        if applied and not sent:
            assert self.lab.memory.late is not None
        if result["changed"] and start.name != "export":
            assert sent, f"PHANTOM: {result}"


def play(lab: Lab, examples: int, length: int, seed: int) -> int:
    """Run the machine; the number of runs that were made. Raises what it finds, with the shortest way there."""
    machine = type("Machine", (DataCentre,), {"lab": lab, "steps": 0})
    machine._hypothesis_internal_use_seed = seed
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=length, deadline=None, database=None, derandomize=False,
            suppress_health_check=list(HealthCheck), print_blob=False,
        ),
    )  # fmt: skip
    return machine.steps
