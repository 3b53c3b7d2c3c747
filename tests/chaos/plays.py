# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ansible-playbook runs at -vvvvv with canaries for secrets: nothing that is shown, logged or left has one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD, Harness

from simulator.client import SimulatorProcess

from .canaries import ENCODINGS
from .sites import OSLO, RACK, SPEC

ROOT = Path(__file__).resolve().parents[2]
SECRETS = (XCLARITY_PASSWORD, OPS_MANAGER_PRIVATE_KEY)
NAME = "groundwork.provision."

ACTIVATE: dict[str, Any] = {"profile": "web-01", "uuid": RACK, "restart": "immediate", "poll_interval": 0.05}
TASKS: list[dict[str, Any]] = [
    {NAME + "profile_activation": ACTIVATE},
    {NAME + "profile_activation": {**ACTIVATE, "profile": "no-such"}},
    {NAME + "profile_activation": {**ACTIVATE, "username": "nobody"}},
    {NAME + "profile_activation": {**ACTIVATE, "timeout": -1}},
    {NAME + "backup_transfer": {"operation": "copy", "backup": "nightly", "destination": "/mnt/backups", "poll_interval": 0.05}},
    {NAME + "backup_info": {}},
    {NAME + "osimage_info": {}},
    {NAME + "server_pool_request": {"properties": OSLO, "poll_interval": 0.05}},
    {NAME + "server_pool_info": {"public_key": "nobody"}},
    {NAME + "cluster_profile": {"name": "chaos", "spec": SPEC}},
]
# environment of each play, and what the server does to it
WAYS: list[tuple[dict[str, str], list[str], dict[str, Any]]] = [
    ({}, ["-vvvvv"], {}),
    ({"GROUNDWORK_IN_PROCESS": "0"}, ["-vvvvv", "--diff"], {}),
    ({}, ["-vvvvv", "--check", "--diff"], {}),
    ({"ANSIBLE_DISPLAY_TRACEBACK": "always"}, ["-vvvvv"], {"status": 500, "body": "{'password': '" + XCLARITY_PASSWORD + "'}"}),
    ({"GROUNDWORK_IN_PROCESS": "0"}, ["-vvvvv", "--check"], {"status": 403, "body": '{"error": "' + OPS_MANAGER_PRIVATE_KEY + '"}'}),
]


def run() -> tuple[list[str], int]:
    """Hits, and how many tasks were run."""
    hits: list[str] = []
    count = 0
    tree = ROOT / "build" / "collections"
    tree = tree if (tree / "ansible_collections").exists() else ROOT / "build" / "checkout"
    with tempfile.TemporaryDirectory() as folder, SimulatorProcess(Path(folder) / "simulator") as control:
        for number, (environment, arguments, fault) in enumerate(WAYS):
            own = Path(folder) / str(number)
            own.mkdir()
            control.reset()
            control.seed(**yaml.safe_load((ROOT / "tests" / "simulator" / "estate.yml").read_text(encoding="utf-8")))
            if fault:
                control.fault(times=-1, nth=3, **fault)
            harness = Harness(control, own, tree)
            tasks = [{"name": f"Task {n}", **task, "ignore_errors": True} for n, task in enumerate(TASKS)]
            log = own / "ansible.log"
            played = harness.play(tasks, *arguments, ANSIBLE_LOG_PATH=str(log), **environment)
            count += len(tasks)
            sinks = {"output": played.output, "log": log.read_text(encoding="utf-8") if log.exists() else ""}
            for path in (own / "state").glob("*"):
                sinks[f"record {path.name}"] = path.read_text(encoding="utf-8")
            for sink, text in sinks.items():
                for secret in SECRETS:
                    hits += [f"{encoding} of {secret[:6]}... in the {sink} of play {number}" for encoding, form in ENCODINGS.items()
                             if form(secret) in text]  # fmt: skip
    return hits, count
