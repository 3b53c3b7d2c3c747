# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/_control: how a test seeds data, turns switches, sets the clock, injects faults and reads what happened.

Served on every port, without authentication and without entering the request log. Every call acts on the whole
simulator. A bad call is answered 400 with {"error": text}.

    POST   /_control/reset     {"systems": [names]?}      without names: everything, with faults, log and clock
    POST   /_control/seed      {system: data}
    POST   /_control/switches  {system: {switch: value}}  an unknown switch is refused
    POST   /_control/clock     {"mode"?, "speed"?, "advance"?} -> {"now", "mode", "speed"}
    POST   /_control/faults    one fault, or a list of them (see faults.py); GET lists, DELETE clears
    GET    /_control/log?since=SEQ&system=APP&changing=1  entries with a larger seq -> {"entries": [...], "last": seq}; with changing those
                                                          that change something (1), or only the others (0)
    GET    /_control/state?system=NAME                    {name: state}, or the one state
    GET    /_control/sessions?system=NAME                 {"open", "sessions", "opened", "closed"}
    POST   /_control/{system}/{action}                    an action of the system itself (its `actions`)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .core import System, json_reply

if TYPE_CHECKING:
    from .server import World


def control_app(world: World) -> Any:
    """The ASGI app of /_control for this world."""

    def system_of(name: str) -> System:
        if name not in world.systems:
            raise ValueError(f"unknown system {name!r}")
        return world.systems[name]

    async def payload(request: Request) -> Any:
        text = await request.body()
        return json.loads(text) if text else {}

    async def reset(request: Request) -> Response:
        names = (await payload(request)).get("systems")
        for name in names or []:
            system_of(name)
        world.reset(names)
        return json_reply({})

    async def seed(request: Request) -> Response:
        for name, data in (await payload(request)).items():
            system_of(name).seed(data)
        return json_reply({})

    async def switches(request: Request) -> Response:
        wanted = await payload(request)
        for name, values in wanted.items():
            unknown = set(values) - set(system_of(name).SWITCHES)
            if unknown:
                raise ValueError(f"unknown switch of {name}: {sorted(unknown)}")
        for name, values in wanted.items():
            world.systems[name].switches.update(values)
        return json_reply({name: system.switches for name, system in world.systems.items()})

    async def clock(request: Request) -> Response:
        wanted = await payload(request)
        if "mode" in wanted or "speed" in wanted:
            world.clock.set_mode(wanted.get("mode", world.clock.mode), wanted.get("speed", world.clock.speed))
        if wanted.get("advance"):
            world.clock.advance(float(wanted["advance"]))
        return json_reply({"now": world.clock.now(), "mode": world.clock.mode, "speed": world.clock.speed})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            world.faults.clear()
        elif request.method == "POST":
            rules = await payload(request)
            for rule in rules if isinstance(rules, list) else [rules]:
                world.faults.add(rule)
        return json_reply({"faults": world.faults.summary()})

    async def log(request: Request) -> Response:
        since = int(request.query_params.get("since", 0))
        app = request.query_params.get("system")
        entries = [entry for entry in world.entries if entry["seq"] > since and app in (None, "", entry["system"])]
        changing = request.query_params.get("changing")
        if changing is not None:
            entries = [entry for entry in entries if entry["changing"] is (changing == "1")]
        return json_reply({"entries": entries, "last": world.sequence})

    async def state(request: Request) -> Response:
        name = request.query_params.get("system")
        if name:
            return json_reply(system_of(name).state())
        return json_reply({name: system.state() for name, system in world.systems.items()})

    async def sessions(request: Request) -> Response:
        name = request.query_params.get("system")
        parts = [system.sessions() for system in ([system_of(name)] if name else world.systems.values())]
        total: dict[str, Any] = {key: sum(part[key] for part in parts) for key in ("open", "opened", "closed")}
        return json_reply({**total, "sessions": [session for part in parts for session in part["sessions"]]})

    async def action(request: Request) -> Response:
        system = system_of(request.path_params["system"])
        actions = system.actions()
        if request.path_params["action"] not in actions:
            raise ValueError(f"unknown action {request.path_params['action']!r} of {system.name}")
        return json_reply(actions[request.path_params["action"]](await payload(request)))

    async def refused(request: Request, error: Exception) -> Response:
        return json_reply({"error": f"{type(error).__name__}: {error}"}, 400)

    return Starlette(
        routes=[
            Route("/_control/reset", reset, methods=["POST"]),
            Route("/_control/seed", seed, methods=["POST"]),
            Route("/_control/switches", switches, methods=["GET", "POST"]),
            Route("/_control/clock", clock, methods=["GET", "POST"]),
            Route("/_control/faults", faults, methods=["GET", "POST", "DELETE"]),
            Route("/_control/log", log),
            Route("/_control/state", state),
            Route("/_control/sessions", sessions),
            Route("/_control/{system}/{action}", action, methods=["POST"]),
        ],
        exception_handlers=dict.fromkeys((ValueError, KeyError, TypeError, AttributeError), refused),
    )
