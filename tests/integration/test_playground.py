# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make playground`: every command that it prints works in a shell with its environment, and it ends when it is told to."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
COLLECTIONS = os.environ["ANSIBLE_COLLECTIONS_PATH"]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """(its folder, what it printed)."""
    folder = tmp_path_factory.mktemp("playground") / "here"
    environment = {**os.environ, "GROUNDWORK_COLLECTIONS": COLLECTIONS}
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "playground.py"), "--folder", str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            lines.append(line)
            if line.startswith("Ctrl-C ends"):
                break
        yield folder, "".join(lines)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert not folder.exists()


def commands(printed: str) -> list[str]:
    """The indented lines that are no comments."""
    return [line.strip() for line in printed.splitlines() if line.startswith("  ") and not line.strip().startswith("#")]


def shell(playground: tuple[Path, str], command: str) -> subprocess.CompletedProcess[str]:
    folder, _printed = playground
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "XCLARITY", "OPS_", "OS_", "GROUNDWORK"))}
    text = f"source {folder}/environment && {command}"
    return subprocess.run(["bash", "-c", text], env=own, cwd="/", capture_output=True, text=True, check=False)


# What each command has to show, in the order in which they are printed.
EXPECTED = (
    ("xclarity_profile = 74", 0), ('"label": "nightly"', 0), ('"restart": "now', 0), ("changed=1", 0), ("changed=0", 0),
    ("there is no profile with the id or name web-99", 2), ("oslo-m1.example.net", 0),
    ("no server is managed at 192.0.2.121 yet", 0), ("changed=", 0), ("failed=0", 0), ("/profiles/71", 0),
)  # fmt: skip


def test_every_command_works(playground):
    source, *rest = commands(playground[1])
    assert source == f"source {playground[0]}/environment"
    assert len(rest) == len(EXPECTED)
    for number, (command, (shown, code)) in enumerate(zip(rest, EXPECTED, strict=True)):
        if command.startswith("curl") and not shutil.which("curl"):
            continue
        done = shell(playground, command)
        output = done.stdout + done.stderr
        assert done.returncode == code, (command, output)
        assert shown in output, (command, output)
        # The key of the playground may do what an operator's may, and so cannot list what is free.
        assert "[WARNING]" not in output.replace("[WARNING]: This key may not read the pool's servers", ""), (command, output)
        if number == 4:  # the same again
            assert "changed=1" not in output, output


def test_a_second_one_in_the_folder_is_refused_and_leaves_the_first(playground):
    folder, _printed = playground
    command = [sys.executable, str(ROOT / "tools" / "playground.py"), "--folder", str(folder)]
    environment = {**os.environ, "GROUNDWORK_COLLECTIONS": COLLECTIONS}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, (folder / "environment").exists()) == (1, True), done
    assert f"A playground runs in {folder}." in done.stderr


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("mine")
    command = [sys.executable, str(ROOT / "tools" / "playground.py"), "--folder", str(tmp_path)]
    done = subprocess.run(command, env={**os.environ, "GROUNDWORK_COLLECTIONS": COLLECTIONS}, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "left alone" in done.stderr
    assert (tmp_path / "mine").read_text() == "mine"
