# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything at once: tasks of several kinds for resources of one name, through several spellings and users of one server, while
requests are lost, late or refused, runs are killed, told to end or go side by side, and somebody else changes things in between.

After every run the oracle compares what was told with what happened. An example that fails is a story, one line a step.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api as openstack
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api as ops_manager
from simulator.clustering import senlin

from . import oracle
from .child import AFTERWARDS, ENDS, Child
from .ends import short_of
from .estates import FAMILIES, NODES, OTHERS, QUIRKS, seed
from .lab import Lab, drive, module_of
from .ledger import READ, Ledger, Run, key_of
from .memory import MemoryAdapter, plug
from .service import FATES, Intrusion, Line, Service, Upset
from .tasks import MODULES, TASKS, VERBS, Task, like
from .turns import Turns

PAGE = 5  # entries on a page, so that a dozen fills several
# Kinds of the jobs that a hardware family begins.
KINDS = {
    "servers": ["power", "manage", "unmanage", "discover"], "firmware": ["firmware", "compare"], "deployments": ["activate", "deploy"],
}  # fmt: skip
# At which event a run is ended: one of a name, of which there are a few, or any.
EVENTS = ("start on its way", "after start", "before start", "sleep", "after record", "before outcome")


def some(rows: Sequence[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(rows), min_size=1, max_size=most, unique=True).map(tuple)


class Crossing(RuleBasedStateMachine):
    """Each example is a fresh estate of one family, in which few kinds of things happen, so that they happen to each other."""

    lab: Lab
    family = ""  # a subclass may be about one family
    stories = runs = 0

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        type(self).stories += 1
        family = self.family or data.draw(st.sampled_from(FAMILIES))
        self.area = family
        memory = self.memory = self.lab.memory
        shutil.rmtree(self.lab.folder, ignore_errors=True)
        self.lab.folder.mkdir(parents=True)
        seed(memory, family)
        quirks = data.draw(st.lists(st.sampled_from(sorted(QUIRKS[family])), max_size=2, unique=True))
        for name in quirks:
            QUIRKS[family][name](memory)
        self.dark = data.draw(st.sampled_from(["", "", *NODES[1:3]])) if family == "profiles" else ""
        self.verbs = data.draw(some(VERBS[family], 2)) + (VERBS[family][:1] if data.draw(st.booleans()) else ())
        self.fates, self.events = data.draw(some(FATES, 3)), data.draw(some(EVENTS, 2))
        self.strangers = data.draw(some(OTHERS[family], 2)) if OTHERS[family] and data.draw(st.booleans()) else ()
        self.ledger = Ledger(memory.world)
        self.last: Task | None = None
        dark = [f"no status for the server {self.dark}"] if self.dark else []
        self.story = [f"the family {family} with {', '.join([*quirks, *dark]) or 'nothing unusual'}"]

    # -- rules ---------------------------------------------------------------------------------------------------------

    @rule(data=st.data(), order=st.integers(0, 3))
    def run(self, data: st.DataObject, order: int) -> None:
        """A task in this process, disturbed."""
        task, upsets, others = self._task(data), self._upsets(data), self._others(data)
        run = self._run_here(task, upsets, others, order)
        self._tell(run, [*upsets, *others])

    @rule(data=st.data(), dying=st.sampled_from(["now", "late", "lost"]), order=st.integers(0, 3))
    def kill(self, data: st.DataObject, dying: str, order: int) -> None:
        """A task in a process of its own that is killed at some event."""
        self._end_it(data, "kill -9", dying, order)

    @rule(data=st.data(), how=st.sampled_from([how for how in ENDS if how != "kill -9"]), order=st.integers(0, 3))
    def end(self, data: st.DataObject, how: str, order: int) -> None:
        """One that is told to end."""
        self._end_it(data, how, "now", order)

    def _end_it(self, data: st.DataObject, how: str, dying: str, order: int) -> None:
        one_of_a_kind = st.tuples(st.sampled_from(self.events), st.integers(1, 6))
        (event, nth), upsets = data.draw(one_of_a_kind | st.tuples(st.just("any"), st.integers(1, 40))), self._upsets(data)
        task = self._task(data)
        run = self._begin(task)
        service = Service(self.memory, self.ledger, run, upsets, (), self.dark, dying)
        open_before = self._sessions()
        child = Child(
            self.memory, module_of(task.module), self._params(task), service.serve, self._starts, event=event, nth=nth, how=how,
            whole=how != "kill -9", seed=order,
        )  # fmt: skip
        run.killed = how == "kill -9"

        def decided(at: str) -> None:
            run.decided, run.decided_at = self.memory.clock.monotonic(), at

        def ended() -> None:
            run.over, run.ended = True, self.memory.clock.monotonic()

        child.decided, child.ended, child.resolved = decided, ended, service.resolved
        run.result = child.finish()
        run.over, run.ended = True, run.ended or self.memory.clock.monotonic()
        run.killed, run.cut = run.killed and run.result is None, child.died and run.result is not None
        if run.decided is not None and run.ended - run.decided > 4:
            self.ledger.wrong.append(f"the end took {run.ended - run.decided:.1f} s from {run.decided_at}")
        on_its_way = f" (a request on its way is {dying})" if run.killed and "way" in event else ""
        self._check_sessions(run, open_before)
        self._tell(run, [*upsets], f"{how} at {event} {nth}{on_its_way}")

    @rule(data=st.data(), order=st.integers(1, 30))
    def side_by_side(self, data: st.DataObject, order: int) -> None:
        """Two tasks at once."""
        tasks, upsets = [self._task(data), self._task(data)], self._upsets(data)
        turns = Turns(self.memory.clock, order)
        runs = [self._begin(task) for task in tasks]
        for run in runs:
            run.beside = True
        services = [Service(self.memory, self.ledger, run, upsets if run is runs[0] else (), (), self.dark) for run in runs]
        open_before = self._sessions()
        with self._plugged(turns, services):
            thread = turns.threading.Thread(target=lambda: self._drive(runs[1]), daemon=True)
            thread.group = 1
            thread.start()
            self._drive(runs[0])
            thread.join()
            turns.drain(AFTERWARDS)
        self.ledger.told_at_once(runs)
        self._check_sessions(runs[1], open_before)
        self._write(runs[0], [*upsets], "at once with the next")
        self._write(runs[1], [], "at once with the one before")
        for run in runs:
            self._judge(run)

    @rule(data=st.data(), order=st.integers(0, 3))
    def foretell(self, data: st.DataObject, order: int) -> None:
        """Check mode says what a run that follows at once does."""
        task, came = self._task(data), self._came_late()
        checked = self._run_here(task, (), (), order, check=True)
        self._tell(checked, [], "in check mode")
        run = self._run_here(task, (), (), order)
        self._tell(run, [])
        if self._came_late() != came:
            return  # check mode does not wait for what is on its way; the run does
        told, done = checked.result or {}, run.result or {}
        codes = [one.get("error", {}).get("code") for one in (told, done)]
        refused = "plan" not in done or codes[1] == oracle.UNFINISHED
        ended = codes[0] == "deployment_running"  # while the run waited for the lock
        if (refused or told["failed"]) and codes[0] != codes[1] and not ended:
            self._fail([f"check mode says {codes[0]}, and the run {codes[1]}: {done.get('msg')}"])
        said, did = ((one["changed"], len(one.get("plan", []))) for one in (told, done))
        # What check mode would have joined may have ended since, without its effect.
        joined = any(row.get("joined") for _ident, row in oracle.rows_of(checked))
        unclear = said[0] == did[0] and told.get("not_predictable")
        if not done["failed"] and said != did and not (joined and did > said) and not unclear:
            self._fail([f"check mode says changed={said[0]} with {said[1]} requests, the run {did[0]} with {did[1]}"])

    def _came_late(self) -> int:
        """How many requests have arrived that were given up."""
        return sum(shot.late for run in self.ledger.runs for shot in run.shots)

    @rule(data=st.data())
    def between(self, data: st.DataObject) -> None:
        """Something happens between two tasks."""
        happenings = [self._time_passes, self._sessions_are_forgotten]
        happenings += [self._somebody_else] if self.strangers else []
        happenings += [self._a_job_fails] if self.area not in ("pool", "clusters") else []
        self.story.append(data.draw(st.sampled_from(happenings))(data))

    def _time_passes(self, data: st.DataObject) -> str:
        seconds = data.draw(st.sampled_from([1.0, 20.0, 200.0, 4000.0]))
        self._pass(seconds)
        return f"{seconds:g} seconds pass"

    def _somebody_else(self, data: st.DataObject) -> str:
        """Another control node acts."""
        other, number = data.draw(st.sampled_from(self.strangers)), data.draw(st.integers(0, 7))
        other.do(self.memory, number)
        return f"somebody {other.name} ({number})"

    def _a_job_fails(self, data: st.DataObject) -> str:
        kind = data.draw(st.sampled_from(KINDS.get(self.area, ["activate", "copy", "move", "push", "export", "backup"])))
        state = data.draw(st.sampled_from(["Stopped_With_Error", "CompleteWithErrors", "Cancelled", "Interrupted"]))
        self.memory.world.systems["xclarity"].switches["fail_next"] = [{"kind": kind, "state": state}]
        return f"the next {kind} will end as {state}"

    def _sessions_are_forgotten(self, _data: st.DataObject) -> str:
        """The servers restart: what was a session or a token is none any more."""
        systems = self.memory.world.systems
        systems["xclarity"].sessions_part.expire()
        systems["clustering"].actions()["revoke_tokens"]({})
        return "the servers forget their sessions"

    @rule()
    def settle(self) -> None:
        """Nothing disturbs any more: the last task comes to an end, and then changes nothing."""
        task = self.last
        if task is None or task.again:
            return
        self._pass(20_000.0)
        self.story.append("all comes to its end; nothing disturbs")
        self.memory.world.systems["xclarity"].switches["fail_next"] = []
        well = False
        for _time in range(4):
            run = self._run_here(task, (), (), 0)
            self._tell(run, [])
            self._pass(400.0)
            if well and any(shot.key and not shot.refused for shot in run.shots):
                self._fail(["the run before ended well, and this one starts something"])
            if well:
                return
            # A run that does not wait has not looked whether the server did what it accepted.
            well = not (run.result or {})["failed"] and (task.waits or not short_of(self.memory.world, run, self.lab.folder))

    # -- inside ----------------------------------------------------------------------------------------------------------

    def _task(self, data: st.DataObject) -> Task:
        """A new one; or often the last one again, or one that is like it, since most faults need two."""
        how = data.draw(st.sampled_from(["new", "new", "again", "again", "like"])) if self.last is not None else "new"
        if self.last is None or how == "new":
            self.last = data.draw(TASKS[self.area](self.verbs))
        elif how == "like":
            self.last = data.draw(like(self.last))
        return self.last

    def _upsets(self, data: st.DataObject) -> tuple[Upset, ...]:
        """What disturbs the next run."""
        where, times = st.sampled_from(["start", "start", "read", "any", "session"]), st.sampled_from([1, 1, 2, 20])
        one = st.builds(Upset, where, st.integers(1, 8), st.sampled_from(self.fates), times)
        return tuple(data.draw(st.lists(one, max_size=2)))

    def _others(self, data: st.DataObject) -> tuple[Intrusion, ...]:
        if not self.strangers or not data.draw(st.booleans()):
            return ()
        other, nth = data.draw(st.sampled_from(self.strangers)), data.draw(st.integers(1, 8))
        return (Intrusion(other, nth, data.draw(st.sampled_from([1, 2, 8, 20])), data.draw(st.integers(0, 7))),)

    def _params(self, task: Task) -> dict[str, Any]:
        own = {key: value.format(folder=self.lab.folder) if key == "dest" else value for key, value in task.params.items()}
        options = {"state_dir": str(self.lab.folder / "state"), "reconcile_timeout": 15.0, "wait_timeout": 300.0, "poll_interval": 20.0,
                   "use_proxy": False}  # fmt: skip
        known = module_of(task.module).SPEC.options
        return {**{key: value for key, value in options.items() if key in known}, **own}

    def _starts(self, method: str, url: str, body: bytes) -> bool:
        parts = url.split("/", 3)
        app = self.memory.app_of(parts[2].partition(":")[0].lower())
        return key_of(self.memory.world, app, method, "/" + parts[3], body) != READ

    def _begin(self, task: Task, check: bool = False) -> Run:
        type(self).runs += 1
        run = Run(len(self.ledger.runs) + 1, task, self.memory.clock.monotonic(), check)
        self.ledger.runs.append(run)
        return run

    def _drive(self, run: Run) -> None:
        params = {key: value for key, value in self._params(run.task).items() if value is not None}
        run.result = drive(module_of(run.task.module), params, Clock(), check=run.check)
        run.over, run.ended = True, self.memory.clock.monotonic()

    def _run_here(self, task: Task, upsets: tuple[Upset, ...], others: tuple[Intrusion, ...], order: int, *, check: bool = False) -> Run:
        run = self._begin(task, check)
        turns = Turns(self.memory.clock, order)
        open_before = self._sessions()
        with self._plugged(turns, [Service(self.memory, self.ledger, run, upsets, others, self.dark)]):
            self._drive(run)
            turns.drain(AFTERWARDS)
        self._check_sessions(run, open_before)
        return run

    @contextlib.contextmanager
    def _plugged(self, turns: Turns, services: list[Service]) -> Iterator[None]:
        """While it lasts the collection talks to these services, each group of threads to its own."""
        lines = [Line(service, turns) for service in services]
        with plug(lambda: MemoryAdapter(lines[turns.group])), turns.installed():
            yield

    def _pass(self, seconds: float) -> None:
        self.memory.clock.sleep(seconds)
        self.memory._arrive_late()

    def _sessions(self) -> set[str]:
        return {key for name in ("xclarity", "xclarity_target") for key in self.memory.world.systems[name].sessions_part.open}

    def _check_sessions(self, run: Run, before: set[str]) -> None:
        """Each session that was opened is closed, but after kill -9, and when the end came amid the log-in or the log-out."""
        left = self._sessions() - before
        if left and not run.killed and not run.decided_at.endswith(("login", "logout")):
            self.ledger.wrong.append(f"run {run.number} leaves a session open")
        for name in ("xclarity", "xclarity_target"):
            part = self.memory.world.systems[name].sessions_part
            for key in [key for key in part.open if key not in before]:
                part._end(key)

    def _tell(self, run: Run, more: list[Any], how: str = "") -> None:
        """Write the step down, and judge it."""
        self._write(run, more, how)
        self._judge(run)

    def _write(self, run: Run, more: list[Any], how: str) -> None:
        result = run.result
        told = "nobody is told anything" if result is None else (
            f"{'failed ' + result['error']['code'] if result['failed'] else 'ok'}, changed={result['changed']}, outcome={result['outcome']}"
        )  # fmt: skip
        came = {shot.key: "" if shot.applied else " (refused)" if shot.refused else " (not arrived)" for shot in run.shots if shot.key}
        sent = ", ".join(key + how_it_came for key, how_it_came in came.items())
        met = f"; met: {'; '.join(run.met)}" if run.met else ""
        plan = "; ".join(map(repr, more))
        line = f"run {run.number}: {run.task!r}" + (f", {how}" if how else "") + (f" [{plan}]" if plan else "") + met
        self.story.append(f"{line} -> {told}; sent: {sent or 'nothing'}" + (f"; {result['msg']}" if result and result["failed"] else ""))

    def _judge(self, run: Run) -> None:
        blind = run.misled and run.task.verb.endswith("job")
        if run.task.waits and not (run.check or run.beside or run.disturbed or blind):
            run.short = short_of(self.memory.world, run, self.lab.folder)
        wrong = oracle.judge(self.ledger, run, self.lab.folder)
        if wrong:
            self._fail(wrong)

    def _fail(self, wrong: list[str]) -> None:
        steps = "\n".join(f"  {number}. {line}" for number, line in enumerate(self.story))
        raise AssertionError("\n".join(wrong) + f"\n{steps}")

    def teardown(self) -> None:
        if hasattr(self, "ledger") and self.ledger.wrong:
            wrong, self.ledger.wrong = self.ledger.wrong, []
            self._fail(wrong)


def play(lab: Lab, stories: int, length: int, seed_of_all: int, *, family: str = "", shrink: bool = True) -> tuple[int, int]:
    """So many stories of at most ``length`` steps: how many were told, and the runs that were made. Raises what it finds, with
    the shortest way there."""

    class Machine(Crossing):
        pass

    Machine.lab, Machine.family = lab, family
    Machine._hypothesis_internal_use_seed = seed_of_all
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    for name in MODULES:
        module_of(name)  # what is imported later would have its own threads
    before = (ops_manager.PAGE, openstack.PAGE, senlin.uuid)
    ops_manager.PAGE, openstack.PAGE = PAGE, PAGE // 2
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=stories, stateful_step_count=length, deadline=None, database=None, derandomize=False, phases=phases,
                suppress_health_check=list(HealthCheck), print_blob=False, verbosity=Verbosity.quiet, report_multiple_bugs=False,
            ),
        )  # fmt: skip
    finally:
        ops_manager.PAGE, openstack.PAGE, senlin.uuid = before
    return Machine.stories, Machine.runs
