# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that runs beside the test, to be told to end, or to be killed, at some point; and waiting for such a point."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from harness import Harness

PATIENCE = 60.0


def until(true: Callable[[], bool], play: RunningPlay | None = None) -> None:
    """Wait for what another process brings about; fails after a minute, or when ``play`` has ended meanwhile."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not happen"
        assert play is None or play.process.poll() is None, play.process.communicate()[0]
        time.sleep(0.05)


class RunningPlay:
    """``with RunningPlay(harness, plays) as play``: ansible-playbook, started. Nothing of it is left after the block."""

    def __init__(self, harness: Harness, plays: list[dict[str, Any]], *arguments: str) -> None:
        self._marker = f"GROUNDWORK_TEST={secrets.token_hex(8)}"
        path = Path(harness.folder, f"{self._marker[-8:]}.yml")
        path.write_text(yaml.safe_dump([{"gather_facts": False, **play} for play in plays], sort_keys=False), encoding="utf-8")
        name, value = self._marker.split("=")
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / "ansible-playbook"), str(path), *arguments],
            env={**harness.environment(), name: value}, cwd=harness.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, text=True,
        )  # fmt: skip

    def __enter__(self) -> RunningPlay:
        return self

    def __exit__(self, *exc: object) -> None:
        self.kill()

    def tell(self, number: signal.Signals) -> None:
        """As a terminal does it: to the whole group."""
        os.killpg(self.process.pid, number)

    def tell_until_heard(self, number: signal.Signals, pause: float = 3.0) -> None:
        """As somebody who sees that nothing happens, and presses again: on a busy machine Ansible can lose a signal that comes while it is
        still starting the worker, whose module is quicker. Nothing of it reaches the worker then, which has a session of its own."""
        self.tell(number)
        last = time.monotonic()
        end = last + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            if time.monotonic() - last > pause:
                self.tell(number)
                last = time.monotonic()
            time.sleep(0.05)

    def kill(self) -> None:
        """As a job that is cancelled: SIGKILL to all that came from the play."""
        for one in self.processes():
            os.kill(one, signal.SIGKILL)
        if self.process.stdout and not self.process.stdout.closed:
            self.process.communicate()

    def output(self) -> str:
        """What it printed, once it has ended and nothing of it is left. Ansible does not wait for a module that it gave up."""
        text, _none = self.process.communicate(timeout=120)
        until(lambda: not self.processes())
        return text

    def processes(self) -> list[int]:
        """Those that came from it, wherever they have gone."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self._marker.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found
