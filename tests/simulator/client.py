# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How tests talk to the simulator: `SimulatorProcess` starts and stops it, `Control` speaks /_control."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path
from typing import Any


class ControlError(Exception):
    """The simulator refused a /_control call."""


class Control:
    """One kept connection to /_control. `ready` is the content of ready.json (or the path of the file)."""

    def __init__(self, ready: dict[str, Any] | str | Path) -> None:
        self.ready: dict[str, Any] = (
            ready if isinstance(ready, dict) else json.loads(Path(ready).read_text(encoding="utf-8"))
        )
        url = next(self.ready[name] for name in ("xclarity", "ops_manager", "clustering") if name in self.ready)
        self._host = urllib.parse.urlsplit(url).netloc
        self._context = ssl.create_default_context(cafile=self.ready["ca"])
        self._connection: http.client.HTTPSConnection | None = None
        self._lock = threading.Lock()  # a test may look on from another thread

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One /_control call: JSON in, JSON out. Raises ControlError with the simulator's words."""
        with self._lock:
            return self._call(method, path, body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(self._host, context=self._context, timeout=60)
            try:
                self._connection.request(method, f"/_control/{path}", data, {"Content-Type": "application/json"})
                reply = self._connection.getresponse()
                text = reply.read()
                break
            except (http.client.HTTPException, ConnectionError, ssl.SSLError):
                # The server may have closed an idle connection (ssl then says EOF); control calls are safe to repeat once.
                self.close()
                if attempt == 2:
                    raise
        if reply.status != 200:
            raise ControlError(f"{method} {path}: {reply.status} {text.decode('utf-8', 'replace')}")
        return json.loads(text)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def reset(self, *systems: str) -> None:
        self.call("POST", "reset", {"systems": list(systems)} if systems else {})

    def seed(self, **data: dict[str, Any]) -> None:
        """seed(xclarity={...}, ops_manager={...}, clustering={...})"""
        self.call("POST", "seed", data)

    def switches(self, system: str, **values: Any) -> dict[str, Any]:
        """Set switches of one system and return all of its switches."""
        result: dict[str, Any] = self.call("POST", "switches", {system: values})[system]
        return result

    def clock(self, mode: str | None = None, speed: float | None = None, advance: float | None = None) -> float:
        """Change the clock as asked and return its time in epoch seconds."""
        given = {"mode": mode, "speed": speed, "advance": advance}
        asked = {key: value for key, value in given.items() if value is not None}
        return float(self.call("POST", "clock", asked)["now"])

    def fault(self, system: str | None = None, method: str | None = None, path: str | None = None,
              nth: int = 1, times: int = 1, probability: float | None = None, **do: Any) -> None:
        """fault("xclarity", "POST", "^/profiles/", reset="after")"""
        self.call("POST", "faults", {"system": system, "method": method, "path": path, "nth": nth, "times": times,
                                     "probability": probability, "do": do})

    def faults(self) -> list[dict[str, Any]]:
        """The faults in force, with how often each matched and fired."""
        result: list[dict[str, Any]] = self.call("GET", "faults")["faults"]
        return result

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def log(self, since: int = 0, system: str = "", changing: bool | None = None) -> list[dict[str, Any]]:
        """Entries of the request log; with `changing` only those that change something (or only the others)."""
        entries = self.call("GET", f"log?since={since}&system={system}")["entries"]
        return [entry for entry in entries if changing is None or entry["changing"] is changing]

    def last(self) -> int:
        """The newest sequence number of the log, to be used as `since`."""
        return int(self.call("GET", f"log?since={sys.maxsize}")["last"])

    def state(self, system: str = "") -> dict[str, Any]:
        result: dict[str, Any] = self.call("GET", f"state?system={system}")
        return result

    def sessions(self, system: str = "") -> dict[str, Any]:
        result: dict[str, Any] = self.call("GET", f"sessions?system={system}")
        return result

    def action(self, system: str, action: str, **body: Any) -> Any:
        """An action of the system itself: action("xclarity", "reboot", uuid=...)."""
        return self.call("POST", f"{system}/{action}", body)


class SimulatorProcess:
    """The simulator in its own process, for the length of a `with`; gives a Control with `.ready` filled.

    `options` become command-line options: SimulatorProcess(dir, seed=path, speed=10, systems="xclarity").
    """

    def __init__(self, directory: str | Path, start_timeout: float = 30.0, **options: Any) -> None:
        self.directory = Path(directory).resolve()
        self.start_timeout = start_timeout
        self.command = [sys.executable, "-m", "simulator", "--dir", str(self.directory)]
        for name, value in options.items():
            self.command += [f"--{name.replace('_', '-')}", str(value)]
        self.process: subprocess.Popen[bytes] | None = None
        self.control: Control | None = None

    def start(self) -> Control:
        """Start it and return once every port answers. Raises RuntimeError with its stderr when it ends early."""
        self.directory.mkdir(parents=True, exist_ok=True)
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        errors = self.directory / "stderr.log"
        with errors.open("wb") as stream:
            self.process = subprocess.Popen(
                self.command, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        deadline = time.monotonic() + self.start_timeout
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"the simulator did not start: {errors.read_text(errors='replace')}")
            time.sleep(0.02)
        self.control = Control(ready)
        return self.control

    def stop(self) -> None:
        if self.control is not None:
            self.control.close()
            self.control = None
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None

    def __enter__(self) -> Control:
        return self.start()

    def __exit__(self, *_details: object) -> None:
        self.stop()
