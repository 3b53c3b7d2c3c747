# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the catalogue at every place where the collection sends something: run, and held against the table.

A cell asserts the error code, the fixed sentence, ``changed``, ``outcome``, how often the starting request left the client
and how often the server acted on it.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from .catalogue import AMBIGUOUS, FAULTS, Fault
from .exceptions import FOUND_BUT_FAILED, better
from .lab import Lab, leaks, sentence
from .live import Fate, Injection, LiveMemory
from .sites import READS, START, STARTS, Read, Start


@dataclasses.dataclass(frozen=True)
class Cell:
    """One fault at one place. fate: of a starting request. always: a read meets it every time."""

    fault: Fault
    start: Start
    read: Read | None = None
    fate: Fate = "never"
    always: bool = False

    @property
    def name(self) -> str:
        place = self.read.name if self.read else self.start.name
        how = ("always" if self.always else "once") if self.read else self.fate
        return f"{self.fault.id} | {place} | {how}"


def start_cells() -> Iterator[Cell]:
    """F1, the starts: a fault whose request may have arrived comes in both ways."""
    for fault in FAULTS:
        for start in STARTS:
            if fault.only and start.name not in fault.only:
                continue
            if fault.rule.kind in ("again", "lasting", "unsound") and not fault.cut:
                yield Cell(fault, start, fate="never")
                yield Cell(fault, start, fate="now")
            else:
                yield Cell(fault, start, fate="now" if fault.rule.kind == "fine" else "never")


def read_cells() -> Iterator[Cell]:
    """F1, reads and sessions: once, and for what passes also without end."""
    for fault in FAULTS:
        if fault.only or not fault.reads:
            continue
        for read in READS:
            if fault.greet is not None:
                if read.name in ("XClarity login", "group of Ops Manager", "Keystone token"):
                    yield Cell(fault, START[read.start], read)
                continue
            yield Cell(fault, START[read.start], read)
            if fault.rule.kind == "again" and fault.timeout > 1 and read.when != "logout":
                yield Cell(fault, START[read.start], read, always=True)


def late_cells() -> Iterator[Cell]:
    """F2: the answer is lost, and the request is never applied, applied, or arrives late: inside or outside of the settle time."""
    faults = {fault.id: fault for fault in FAULTS}
    for name in AMBIGUOUS:
        for start in STARTS:
            for fate in ("never", "now", "late in", "late out"):
                yield Cell(faults[name], start, fate=fate)


# -- running a cell ---------------------------------------------------------------------------------------------------


def run(lab: Lab, cell: Cell) -> list[str]:
    """What is wrong with it; nothing, if all is as the table says."""
    memory = lab.memory
    assert isinstance(memory, LiveMemory)
    memory.injection = None
    memory.open()
    lab.fresh(cell.start)
    memory.open()  # what prepared the start has had connections of its own
    memory.injection = _injection(cell)
    result = lab.whole(cell.start, timeout=cell.fault.timeout)
    wrong = [] if not cell.read else _judge_read(cell, lab, result)
    wrong += [] if cell.read else _judge_start(cell, lab, result)
    wrong += _judge_any(cell, lab, result)
    return wrong


SECOND = 2  # reads share the first connection to a server; the starting request goes out on the second


def _injection(cell: Cell) -> Injection:
    fault, read, start = cell.fault, cell.read, cell.start
    act = fault.act
    if read is not None:
        pattern = re.compile(read.target)
        return Injection(
            read.app, read.method, lambda sent: bool(pattern.search(sent.target)), act, fate="now", nth=read.nth, always=cell.always,
            greet=fault.greet,
        )  # fmt: skip
    return Injection(
        start.app, start.method, lambda sent: start.matches(sent.app, sent.method, sent.target, sent.body), act,
        fate=cell.fate, greet=fault.greet, connection=SECOND, cut=fault.cut, word=start.word,
    )  # fmt: skip


def _codes(cell: Cell) -> tuple[str, ...]:
    place = cell.read.name if cell.read else cell.start.name
    return better(place, cell.fault) or cell.fault.rule.codes


def _expect(wrong: list[str], what: str, found: Any, wanted: Any) -> None:
    good = found in wanted if isinstance(wanted, (tuple, set)) else found == wanted
    if not good:
        wrong.append(f"{what} is {found!r}, not {wanted!r}")


def _judge_start(cell: Cell, lab: Lab, result: Any) -> list[str]:
    wrong: list[str] = []
    rule, start = cell.fault.rule, cell.start
    sent, applied = lab.transmitted(start), lab.applied(start)
    kind = "lasting" if rule.kind in ("again", "unsound") else rule.kind
    if kind == "lasting" and cell.fate in ("now", "late in"):
        kind = "found"
    if kind == "found" and start.name in FOUND_BUT_FAILED and result.failed:
        _expect(wrong, "code", result.code, FOUND_BUT_FAILED[start.name])
        _expect(wrong, "sentence", sentence(result), "K3")
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "applied", applied, 1)
    elif kind == "found" and not start.shows and result.failed:
        _expect(wrong, "code", result.code, _codes(cell))
        _expect(wrong, "sentence", sentence(result), "K4")
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "outcome", result["outcome"], "unknown")
        _expect(wrong, "applied", applied, 1)
    elif kind == "lasting" and rule.kind == "unsound" and start.accepts_any and result["outcome"] != "unknown":
        # A DELETE that is answered with any 2xx is accepted; that it was not is then found by the wait.
        _expect(wrong, "sentence", sentence(result), "K3")
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "outcome", result["outcome"], "started")
    elif kind in ("found", "fine", "resent"):
        _expect(wrong, "code", result.code, None)
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "outcome", result["outcome"], ("finished", "started"))
        _expect(wrong, "applied", applied, 1)
    elif kind == "lasting":
        _expect(wrong, "code", result.code, _codes(cell))
        _expect(wrong, "sentence", sentence(result), "K4")
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "outcome", result["outcome"], "unknown")
        _expect(wrong, "applied", applied, 0)
        if "was not repeated" not in result["msg"] or "Look at" not in result["msg"]:
            wrong.append(f"the message does not say what to do: {result['msg']}")
    elif kind == "refused":
        _expect(wrong, "code", result.code, _codes(cell))
        _expect(wrong, "sentence", sentence(result), "K2")
        _expect(wrong, "changed", result["changed"], False)
        _expect(wrong, "outcome", result["outcome"], "not_started")
        _expect(wrong, "applied", applied, 0)
    elif kind == "unsent":
        _expect(wrong, "code", result.code, _codes(cell))
        _expect(wrong, "sentence", sentence(result), "K1")
        _expect(wrong, "changed", result["changed"], False)
        _expect(wrong, "applied", applied, 0)
        _expect(wrong, "transmitted", sent, 0)
        return wrong
    least, most = rule.resends if kind == "resent" else (1, 1)
    if not least <= sent <= most:
        wrong.append(f"transmitted {sent} times, not {least} to {most}")
    return wrong


def _judge_read(cell: Cell, lab: Lab, result: Any) -> list[str]:
    wrong: list[str] = []
    rule, read = cell.fault.rule, cell.read
    assert read is not None
    sent, applied = lab.transmitted(cell.start), lab.applied(cell.start)
    early = read.when in ("before", "login")
    kind = rule.kind
    if kind in ("again", "resent") and not cell.always and read.when != "login":
        kind = "fine"
    if read.when == "logout":
        kind = "fine"
    if kind == "fine":
        _expect(wrong, "code", result.code, None)
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "sent", sent, 1)
        _expect(wrong, "applied", applied, 1)
        return wrong
    if early and result.failed:
        _expect(wrong, "code", result.code, _codes(cell))
        _expect(wrong, "sentence", sentence(result), "K1")
        _expect(wrong, "changed", result["changed"], False)
        _expect(wrong, "outcome", result["outcome"], "none")
        _expect(wrong, "transmitted", sent, 0)
    elif early:
        # A wrong shape that reads as "nothing there": the run may go on, but only truthfully.
        if kind != "unsound" and rule.kind != "resent":
            wrong.append("the run went on")
        _expect(wrong, "transmitted", sent, 1)
    elif result.failed:
        # After the start: what is known about it stays known, whatever the read says.
        _expect(wrong, "sentence", sentence(result), ("K3", "K4"))
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "outcome", result["outcome"], ("started", "finished", "unknown"))
        _expect(wrong, "transmitted", sent, 1)
    else:
        _expect(wrong, "changed", result["changed"], True)
        _expect(wrong, "transmitted", sent, 1)
    return wrong


def _judge_any(cell: Cell, lab: Lab, result: Any) -> list[str]:
    """What holds in every cell."""
    wrong = [f"leaked {canary}" for canary in leaks(result)]
    if result.code == "internal_error":
        wrong.append(f"a defect: {result['msg']}")
    if result.failed:
        if sentence(result) not in ("K1", "K2", "K3", "K4"):
            wrong.append(f"no single sentence in {result.get('msg')!r}")
        if len(result["msg"]) > 600:
            wrong.append("the message is too long")
        if "?" in result["msg"].split(". ")[0]:
            wrong.append("a query in the message")
    if not result["changed"] and lab.applied(cell.start):
        wrong.append("SILENT: applied, and said to be unchanged")
    if lab.transmitted(cell.start) > 1 and cell.fault.rule.kind != "resent":
        wrong.append("DOUBLED: sent twice")
    if lab.applied(cell.start) > 1:
        wrong.append("DOUBLED: applied twice")
    if any(one["path"].startswith(("/elsewhere", "/x")) for one in lab.memory.world.entries):
        wrong.append("LEAKED: a redirect was followed")
    return wrong
