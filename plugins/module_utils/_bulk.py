# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many items, a bounded pool. Whoever tells the run to end does not wait for a worker that waits for a server."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Clock, Deadline, Ended

Item = t.TypeVar("Item")

# Seconds, when the run ends, for answers that are on their way, and then for workers whose connections were closed.
GRACE, FAREWELL = 1.0, 0.5
LOOK = 0.2  # seconds after which the main thread looks for a signal that another thread was given


def each(
    items: t.Sequence[Item],
    work: t.Callable[[Item], bool],
    *,
    concurrency: int,
    clock: Clock,
    stop: bool = False,
    abort: t.Callable[[], None] = lambda: None,
) -> int:
    """``work`` on every item, at most ``concurrency`` at once; how many were begun, which are the first ones.

    work: does one item and keeps its result itself; False tells that it failed. Must not raise for what concerns one item; what
    it does raise ends the whole, after the items under way. stop: begin no further item after the first failed one. abort:
    closes the connections of all workers; called when the run ends and workers do not come to an end by themselves.
    """
    halt = threading.Event()
    numbers = iter(range(len(items)))
    take = threading.Lock()
    begun = 0
    errors: list[BaseException] = []

    def worker() -> None:
        nonlocal begun
        while not halt.is_set():
            with take:
                number = next(numbers, None)
                if number is None:
                    return
                begun = number + 1
            try:
                good = work(items[number])
            except BaseException as exc:
                halt.set()
                errors.append(exc)
                return
            if stop and not good:
                halt.set()

    size = max(1, min(concurrency, len(items)))
    if size == 1:
        worker()
    else:
        # Daemons: one that hangs in a name lookup does not keep the process when the run has ended. It sends nothing any more.
        workers = [threading.Thread(target=worker, name=f"groundwork-{n}", daemon=True) for n in range(size)]
        try:
            for one in workers:
                one.start()
            for one in workers:
                while one.is_alive():
                    one.join(LOOK)
        except BaseException:
            halt.set()
            clock.stop.set()
            _join(workers, GRACE)
            abort()
            _join(workers, FAREWELL)
            raise
    if errors:
        clock.stop.set()
        raise next((error for error in errors if not isinstance(error, Ended)), errors[0])
    return begun


def _join(workers: t.Iterable[threading.Thread], seconds: float) -> None:
    """In the machine's own time: it is about the threads of this process."""
    deadline = Deadline(Clock(), seconds)
    for one in workers:
        if one.ident is not None:
            one.join(max(0.0, deadline.left()))
