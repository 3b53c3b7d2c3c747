# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many items, a bounded pool, a result for each in the order given."""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

Item = t.TypeVar("Item")
Result = t.TypeVar("Result")


def each(
    items: t.Sequence[Item],
    work: t.Callable[[Item], Result],
    *,
    concurrency: int,
    failed: t.Callable[[Result], bool] = lambda result: False,
    stop: bool = False,
) -> list[Result | None]:
    """``work`` on every item, at most ``concurrency`` at once. None stands for an item that was not begun.

    failed: tells a failed result. stop: begin no further item after the first failed one. ``work`` must not raise
    for what concerns one item; what it does raise ends the whole, after the items under way.
    """
    results: list[Result | None] = [None] * len(items)
    halt = threading.Event()
    numbers = iter(range(len(items)))
    take = threading.Lock()

    def worker() -> None:
        while not halt.is_set():
            with take:
                number = next(numbers, None)
            if number is None:
                return
            try:
                result = work(items[number])
            except BaseException:
                halt.set()
                raise
            results[number] = result
            if stop and failed(result):
                halt.set()

    size = max(1, min(concurrency, len(items)))
    if size == 1:
        worker()
        return results
    with concurrent.futures.ThreadPoolExecutor(size) as pool:
        workers = [pool.submit(worker) for _number in range(size)]
        try:
            for one in concurrent.futures.as_completed(workers):
                one.result()
        except BaseException:
            halt.set()
            raise
    return results
