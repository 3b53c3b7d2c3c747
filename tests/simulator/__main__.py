# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m simulator --dir DIR`: serve the systems until SIGTERM or Ctrl-C.

Writes DIR/ca.pem, and when every port answers DIR/ready.json: {"pid", "ca", "xclarity", "ops_manager", "keystone",
"clustering", "xclarity_target"} with base URLs (keystone's ends in /v3). ready.json is removed at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import yaml

from .core import Clock, System
from .server import World, certificates, serve

# Name of a system: the package it is in.
SYSTEMS = {
    "xclarity": "xclarity", "ops_manager": "ops_manager", "clustering": "clustering", "xclarity_target": "xclarity",
}


def load_system(name: str, clock: Clock) -> System:
    """The one System of this name that its package offers."""
    if name not in SYSTEMS:
        raise SystemExit(f"unknown system {name}")
    module = importlib.import_module(f"simulator.{SYSTEMS[name]}")
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, System) and value.name == name:
            return value(clock)
    raise SystemExit(f"simulator.{SYSTEMS[name]} has no System named {name}")


def write_ready(directory: Path, urls: dict[str, str]) -> None:
    """DIR/ready.json, complete from the first moment it can be seen."""
    known: dict[str, int | str] = {"pid": os.getpid(), "ca": str(directory / "ca.pem"), **urls}
    if "keystone" in urls:
        known["keystone"] = urls["keystone"] + "/v3"
    partial = directory / "ready.json.part"
    partial.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    partial.replace(directory / "ready.json")


async def run(world: World, directory: Path, port_base: int, address: str) -> None:
    authority, leaf = certificates(address)
    directory.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await serve(world, leaf, port_base, stop, lambda urls: write_ready(directory, urls), address)
    finally:
        (directory / "ready.json").unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="simulator", description="The three management servers, simulated.")
    parser.add_argument("--dir", required=True, type=Path, help="where ca.pem and ready.json are written")
    parser.add_argument("--seed", type=Path, help="YAML or JSON file: {system: data}")
    parser.add_argument("--speed", type=float, default=1.0, help="how fast the simulated time runs (1: real time)")
    parser.add_argument("--step", type=float, default=0.0, help="seconds that the simulated time moves with each request, and only then")
    parser.add_argument("--port-base", type=int, default=0, help="first port; 0: free ports")
    parser.add_argument("--address", default="127.0.0.1", help="IPv4 address to listen on, of this machine")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="comma list of the systems to serve")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(levelname)s %(message)s")
    clock = Clock(options.speed, options.step)
    world = World(clock, [load_system(name, clock) for name in options.systems.split(",")])
    if options.seed:
        data: dict[str, Any] = yaml.safe_load(options.seed.read_text(encoding="utf-8")) or {}
        for name, values in data.items():
            if name in world.systems:
                world.systems[name].seed(values)
    # uvloop when it is there: about twice as fast; the simulator must outrun its clients.
    try:
        import uvloop
        factory = uvloop.new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run(world, options.dir.resolve(), options.port_base, options.address))
    return 0


if __name__ == "__main__":
    sys.exit(main())
