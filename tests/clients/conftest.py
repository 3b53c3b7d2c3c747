# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests with independent clients (`make test-clients`); tests/clients/run installs the clients."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
CLIENTS = HERE.parent.parent / ".cache" / "clients"

# The first rack server of the demo estate.
XCLARITY_SERVER = "0A10000000000000000000000000000A"


class ClientError(Exception):
    """What a client raised: the name of its exception, its text, and the status of the reply, where it has one."""

    def __init__(self, name: str, text: str, status: int | None) -> None:
        super().__init__(f"{name}: {text}")
        self.name, self.text, self.status = name, text, status


class Client:
    """One process in the environment of a client; an attribute is a function of its file in calls/."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        command = [CLIENTS / name / "bin" / "python", HERE / "driver.py", HERE / "calls" / f"{name}_calls.py"]
        base = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"}
        self.errors = folder / f"{name}.stderr"
        with self.errors.open("w") as stream:
            self.process = subprocess.Popen(
                command, cwd=folder, env={**base, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream, text=True
            )

    def __getattr__(self, call: str) -> Callable[..., Any]:
        def function(**arguments: Any) -> Any:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps({"call": call, "arguments": arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            assert line, f"the client ended: {self.errors.read_text()[-2000:]}"
            answer = json.loads(line)
            if "error" in answer:
                raise ClientError(answer["error"], answer["text"], answer["status"])
            return answer["value"]

        return function

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_details: object) -> None:
        with self.process:
            self.process.communicate()


@pytest.fixture
def start_client(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """start_client(name, VARIABLE=value...): a running client, ended with the test."""
    with ExitStack() as stack:
        yield lambda name, **environment: stack.enter_context(Client(name, tmp_path, environment))
