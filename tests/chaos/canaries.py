# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are looked for in everything that leaves: every form of each, on every way out.

The servers work against us here: they repeat what they were sent, in every encoding, in their error messages.
"""

from __future__ import annotations

import base64
import html
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from ansible_collections.groundwork.provision.plugins.module_utils import _client

from .lab import ESTATE, Lab
from .sites import STARTS, Start

# What a server repeats: base64 as it is in a header, where a user's name stands before the secret.
SPOKEN: list[Callable[[str], str]] = [
    str, lambda s: quote(s, safe=""), quote, quote_plus, lambda s: s.encode().hex(), lambda s: s.encode().hex().upper(), html.escape,
    lambda s: json.dumps(s)[1:-1], lambda s: repr(s.encode()), str.upper, lambda s: s[::-1],
    *[lambda s, pad=pad: base64.b64encode(pad + s.encode()).decode() for pad in (b"", b"u", b"u:", b"ab:")],
]  # fmt: skip

# What is looked for: of base64 the part that is the secret's own.
ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url, all": lambda s: quote(s, safe=""),
    "url": quote,
    "form": quote_plus,
    "base64": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 behind one byte": lambda s: base64.b64encode(b"u" + s.encode()).decode()[2:-4],
    "base64 behind two": lambda s: base64.b64encode(b"u:" + s.encode()).decode()[3:-4],
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "JSON": lambda s: json.dumps(s)[1:-1],
    "bytes": lambda s: repr(s.encode())[2:-1],
    "HTML": html.escape,
    "upper": str.upper,
    "reversed": lambda s: s[::-1],
}

# option that holds a secret -> the secret; each names its source
SECRETS = {
    "xclarity": {"password": "Xclarity-canary-1&<é"},
    "ops_manager": {"private_key": "0psManager-canary-2/+="},
    "openstack": {"auth.password": "Keystone-canary-3 ü%"},
}


def secrets_of(lab: Lab, start: Start) -> list[str]:
    """The secrets of a run: that of the options, and what the server gave for it."""
    found = list(SECRETS[start.system].values())
    for system in ("xclarity", "xclarity_target"):
        for session in lab.memory.world.systems[system].sessions()["sessions"]:
            found += [str(session[key]) for key in ("id", "csrf") if session.get(key)]
    return found


class Echo:
    """Answers the ``nth`` request of a run with an error that repeats all secrets it has seen, in every encoding."""

    def __init__(self, lab: Lab, start: Start, nth: int, status: int) -> None:
        self.lab, self.start, self.nth, self.status = lab, start, nth, status
        self.count = 0
        self.seen: set[str] = set(SECRETS[start.system].values())

    def __enter__(self) -> Echo:
        real = type(self.lab.memory).exchange

        def exchange(method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
            answer = real(self.lab.memory, method, url, headers, body)
            for name in ("Cookie", "X-Csrf-Token", "X-Auth-Token"):
                value = headers.get(name, "")
                self.seen |= {part.split("=", 1)[-1] for part in value.split("; ") if len(part) > 8}
            self.count += 1
            if self.count != self.nth:
                return answer
            words = " ".join(form(secret) for secret in sorted(self.seen) for form in SPOKEN)
            # Short pieces, since a message is cut and each has to have its turn.
            piece = words[(self.nth * 97) % max(len(words) - 150, 1) :][:400]
            text = json.dumps({
                "messages": [{"id": "FQX", "text": piece, "recovery": {"text": piece}}], "message": [{"text": piece}], "result": "failed",
                "detail": piece, "reason": piece, "errorCode": "X", "error": {"message": piece, "code": 400, "type": "X"},
            })  # fmt: skip
            return self.status, [("Content-Type", "application/json"), ("X-Echo", "1")], text.encode()

        self.lab.memory.exchange = exchange
        return self

    def __exit__(self, *exc: object) -> None:
        del self.lab.memory.exchange


def seed(lab: Lab, start: Start) -> None:
    """The demo estate with our secrets in it."""
    lab.fresh(start)
    users = ESTATE["xclarity"]["users"]
    lab.memory.seed(xclarity={"users": {"AUTOMATION": {**users["AUTOMATION"], "password": SECRETS["xclarity"]["password"]}}})
    lab.memory.seed(ops_manager={"keys": [{**ESTATE["ops_manager"]["keys"][0], "private_key": SECRETS["ops_manager"]["private_key"]}]})


def params(lab: Lab, start: Start) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, value in SECRETS[start.system].items():
        if name == "auth.password":
            options["auth"] = {**lab.params(start)["auth"], "password": value}
        else:
            options[name] = value
    return options


# ways out: name -> how the run is brought there
def exits(chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("ok", {}),
        ("check mode", {"check": True}),
        ("told no", {"echo": (chance.randint(1, 8), 400)}),
        ("forbidden", {"echo": (chance.randint(1, 8), 403)}),
        ("conflict", {"echo": (chance.randint(2, 8), 409)}),
        ("server error", {"echo": (chance.randint(1, 8), 500)}),
        ("busy", {"echo": (chance.randint(1, 8), 503)}),
        ("a refusal inside 200", {"echo": (chance.randint(1, 8), 200)}),
        ("a defect before", {"bug": "plan"}),
        ("a defect in the wait", {"bug": "wait"}),
        ("bad option", {"more": {"timeout": -1}}),
        ("argument spec", {"more": {"no_such_option": 1}}),
    ]


def one_exit(lab: Lab, start: Start, how: dict[str, Any]) -> tuple[list[str], int]:
    """Run to one way out; the hits, and how many (secret, encoding, sink) were looked at."""
    seed(lab, start)
    more = {**params(lab, start), **how.get("more", {})}
    seen: set[str] = set(SECRETS[start.system].values())
    try:
        if how.get("bug"):
            _break(how["bug"])
        if "echo" in how:
            with Echo(lab, start, *how["echo"]) as echo:
                result = lab.whole(start, check=how.get("check", False), **more)
            seen |= echo.seen
        else:
            result = lab.whole(start, check=how.get("check", False), **more)
            seen |= set(secrets_of(lab, start))
    finally:
        _mend()
    sinks = {"result": json.dumps(result, ensure_ascii=False, default=str), "result, escaped": json.dumps(result, default=str)}
    for path in Path(lab.folder).rglob("*"):
        if path.is_file() and path.stat().st_size < 1 << 20:
            sinks[f"file {path.name}"] = path.read_bytes().decode("latin-1") + path.name
    sinks["requests"] = " ".join(one["path"] + str(one["headers"]) for one in lab.memory.world.entries)
    hits, looked = [], 0
    for secret in seen:
        for name, form in ENCODINGS.items():
            told = form(secret)
            for sink, text in sinks.items():
                looked += 1
                if len(told) >= 6 and told in text:
                    hits.append(f"{start.name}: {name} of {secret[:12]}... in {sink}")
    return hits, looked


_broken: list[tuple[Any, str, Any]] = []


def _break(where: str) -> None:
    """Let our own code raise with the secrets in its text, as a defect might."""
    name = {"plan": "read", "wait": "start"}[where]
    real = getattr(_client.Client, name)

    def raising(self: Any, *args: Any, **kwargs: Any) -> Any:
        if where == "wait":
            real(self, *args, **kwargs)
        raise ValueError(f"{vars(self.auth)} {[s for one in SECRETS.values() for s in one.values()]}")

    _broken.append((_client.Client, name, real))
    setattr(_client.Client, name, raising)


def _mend() -> None:
    while _broken:
        owner, name, real = _broken.pop()
        setattr(owner, name, real)


def all_exits(lab: Lab, chance: random.Random) -> list[tuple[str, Start, dict[str, Any]]]:
    return [(name, start, how) for start in STARTS for name, how in exits(chance)]
