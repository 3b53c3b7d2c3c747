# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in for ansible-rulebook: it runs the file of a source as that does, takes its events, and is the source's clock."""

from __future__ import annotations

import asyncio
import random
import runpy
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from chaos.clocks import SkippingClock
from harness import Harness

from ansible_collections.groundwork.provision.plugins.plugin_utils import event_source

Event = dict[str, Any]
Step = Callable[[], object]
PATIENCE = 60.0  # real seconds, for a source that hangs


class Killed(Exception):
    """The engine is gone."""


class Timing(event_source.Timing):
    """Nobody waits: a source that would sleep lets the next step of the test happen. After the last one it is cancelled."""

    clock = SkippingClock

    def __init__(self, steps: Iterable[Step]) -> None:
        self.random = random.Random(1)
        self.steps = iter(steps)
        self.slept: list[float] = []
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        step = next(self.steps, None)
        if step is None:
            self.over.set()
            await asyncio.Event().wait()
        else:
            await asyncio.to_thread(step)


class Filtered:
    """What the engine gives a source in place of its queue, so that filters see each event first."""

    def __init__(self, queue: asyncio.Queue[Event], keep: Callable[[Event], bool]) -> None:
        self.queue, self._keep = queue, keep

    async def put(self, event: Event) -> None:
        if self._keep(event):
            await self.queue.put(event)


class Engine:
    """Runs sources with the demo estate's connection; see :meth:`run`."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.state_dir = harness.folder / "state"
        self.slept: list[float] = []

    def path(self, name: str) -> Path:
        root = self.harness.collections / "ansible_collections" / "groundwork" / "provision"
        return root / "extensions" / "eda" / "plugins" / "event_source" / f"{name}.py"

    def connection(self, system: str) -> dict[str, Any]:
        """Arguments of any source."""
        return {**self.harness.connection(system), "state_dir": str(self.state_dir), "poll_interval": 5.0}

    def jobs(self, system: str, **more: Any) -> dict[str, Any]:
        """Arguments of the source jobs."""
        return {**self.connection(system), "system": system, **more}

    def run(
        self,
        name: str,
        arguments: dict[str, Any],
        *steps: Step,
        take: Callable[[Event], object] | None = None,
        meanwhile: Step | None = None,
        keep: Callable[[Event], bool] | None = None,
    ) -> list[Event]:
        """The events of a source from its start until it would sleep after the last step. Raises what it raises.

        take: is called with each event as the engine takes it; an exception of it ends the engine there and then, as a kill does.
        meanwhile: runs beside the source, and kills the engine when it returns. keep: a filter, as a rulebook may have one for a source.
        """
        events: list[Event] = []

        async def consume(queue: asyncio.Queue[Event], feedback: asyncio.Queue[Event] | None) -> None:
            while True:
                event = await queue.get()
                events.append(event)
                if take is not None:
                    take(event)
                if feedback is not None:
                    await feedback.put(event)

        async def kill_after(step: Step) -> bool:
            await asyncio.to_thread(step)
            raise Killed

        async def play() -> None:
            timing = Timing(steps)
            self.slept = timing.slept
            patch.setattr(event_source, "TIMING", timing)
            main: Callable[..., Awaitable[None]] = runpy.run_path(str(self.path(name)))["main"]
            queue: asyncio.Queue[Event] = asyncio.Queue(1)
            given = dict(arguments)
            feedback: asyncio.Queue[Event] | None = None
            if given.get("feedback"):
                feedback = given["eda_feedback_queue"] = asyncio.Queue(1)
            source = asyncio.ensure_future(main(Filtered(queue, keep) if keep is not None else queue, given))
            others = [asyncio.create_task(consume(queue, feedback)), asyncio.create_task(timing.over.wait())]
            if meanwhile is not None:
                others.append(asyncio.create_task(kill_after(meanwhile)))
            done, _pending = await asyncio.wait([source, *others], return_when=asyncio.FIRST_COMPLETED)
            for task in (source, *others):
                task.cancel()
            await asyncio.gather(source, *others, return_exceptions=True)
            for task in done:
                task.result()

        async def bounded() -> None:
            async with asyncio.timeout(PATIENCE):
                await play()

        with pytest.MonkeyPatch.context() as patch:
            asyncio.run(bounded())
        return events

    def state(self) -> list[Path]:
        """The state files."""
        return sorted((self.state_dir / "events").glob("*.json"))


def told(events: Iterable[Event]) -> list[tuple[str, str, str]]:
    """Kind, id and state of each."""
    return [(event["kind"], event["id"], event["state"]) for event in events]
