# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin of pytest with two uses, chosen by the environment.

TOUCHED_RECORD=file: note for each test how long it took and which functions of plugins/module_utils it entered.
TOUCHED_CHOSEN=file: run the tests that the file names, one a line, in that order, and nothing else. A test that fails is run
once more: only what fails twice has noticed something, on a machine that has other work to do as well.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

MARK = "/plugins/module_utils/"
RECORD, CHOSEN = os.environ.get("TOUCHED_RECORD"), os.environ.get("TOUCHED_CHOSEN")


class Recorder:
    def __init__(self, path: str) -> None:
        self.path = f"{path}.{os.getpid()}"
        self.entered: set[str] = set()

    def note(self, frame: FrameType, _event: str, _arg: Any) -> None:
        code = frame.f_code
        at = code.co_filename.find(MARK)
        if at >= 0 and code.co_flags & inspect.CO_OPTIMIZED:  # a function, no body of a class or module, which runs but once
            self.entered.add(f"{code.co_filename[at + len(MARK) :]}: {code.co_qualname}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.entered.clear()
        began = time.monotonic()
        threading.settrace(self.note)
        sys.settrace(self.note)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(json.dumps([item.nodeid, round(time.monotonic() - began, 3), sorted(self.entered)]) + "\n")


class Chooser:
    def __init__(self, path: str) -> None:
        names = Path(path).read_text(encoding="utf-8").splitlines()
        self.order = {name: number for number, name in enumerate(names)}

    def place(self, item: pytest.Item) -> int | None:
        """A name without parameters stands for the test with all of them, a file for all of its tests."""
        names = (item.nodeid, item.nodeid.partition("[")[0], item.nodeid.partition("::")[0])
        return next((self.order[name] for name in names if name in self.order), None)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        placed = [(place, item) for item in items if (place := self.place(item)) is not None]
        items[:] = [item for _place, item in sorted(placed, key=lambda pair: pair[0])]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        if any(report.failed for report in reports):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            item.ihook.pytest_runtest_logreport(report=report)
        return True


def pytest_configure(config: pytest.Config) -> None:
    if RECORD:
        config.pluginmanager.register(Recorder(RECORD))
    if CHOSEN:
        config.pluginmanager.register(Chooser(CHOSEN))
