# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand hours of waiting in a moment, the same result twice, and a plan that tells the truth."""

from __future__ import annotations

import json
import os
import random
import re
import resource
from typing import Any

from ansible_collections.groundwork.provision.plugins.module_utils._client import BACKOFF_BASE, BACKOFF_CAP

from .lab import Lab
from .sites import Start

HOURS, INTERVAL = 1000, 600.0
SLOW = {
    "activate": ("xclarity", {"job_seconds": HOURS * 3600.0}), "copy": ("xclarity", {"job_seconds": HOURS * 3600.0}),
    "move": ("xclarity", {"job_seconds": HOURS * 3600.0}), "push": ("xclarity", {"job_seconds": HOURS * 3600.0}),
    "export": ("xclarity", {"job_seconds": HOURS * 3600.0}),
    "om-create": ("ops_manager", {"allocation_seconds": HOURS * 3600.0, "request_timeout": 9.9e6}),
}  # fmt: skip


def waits(lab: Lab, start: Start) -> list[str]:
    """F13, F15: wait a thousand simulated hours; requests an hour, descriptors, memory and sessions stay in bounds."""
    lab.fresh(start)
    system, switches = SLOW[start.name]
    lab.memory.world.systems[system].switches.update(switches)
    opened = lab.memory.world.systems["xclarity"].sessions()
    descriptors, memory = _descriptors(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = lab.run(start, wait_timeout=HOURS * 3600.0 + 7200, poll_interval=INTERVAL)
    wrong = []
    if result.failed or not result["changed"]:
        wrong.append(f"{result.code}: {result.get('msg')}")
    reads = len(lab.memory.world.entries)
    # A digest's nonce lives for a minute, so that each poll of Ops Manager may cost a challenge as well.
    most = (HOURS * 3600 / INTERVAL + 30) * (2 if start.system == "ops_manager" else 1)
    if reads > most:
        wrong.append(f"{reads} requests in {HOURS} hours, more than {most:.0f}")
    if _descriptors() > descriptors + 2:
        wrong.append(f"{_descriptors() - descriptors} descriptors left open")
    if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory > 64 * 1024:
        wrong.append("memory grew by more than 64 MiB")
    closed = lab.memory.world.systems["xclarity"].sessions()
    if closed["open"] != opened["open"]:
        wrong.append("a session was left open")
    return wrong


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def crowd_of_waiters(chance: random.Random, waiters: int = 50, outage: float = 600.0) -> list[str]:
    """F15: after an outage the reads of many waiters do not come all at once; full jitter spreads them."""
    times: list[float] = []
    for _number in range(waiters):
        now, attempt = chance.uniform(0, INTERVAL / 10), 0
        while now < outage + 60:
            if now >= outage:
                times.append(now - outage)
                break
            attempt = attempt % 4 + 1
            now += chance.uniform(0, min(BACKOFF_CAP, BACKOFF_BASE * 2**attempt)) if attempt < 4 else 5.0
    peak = max(sum(start <= one < start + 1 for one in times) for start in range(60))
    normal = waiters / 5.0
    return [] if peak <= 2 * normal else [f"{peak} requests in the worst second, normal are {normal:.0f}"]


def idempotent(lab: Lab, start: Start) -> list[str]:
    """F14: check mode sends nothing and foretells the plan; the second run changes nothing; the diff is the same."""
    wrong = []
    lab.fresh(start)
    foretold = lab.whole(start, check=True)
    if lab.transmitted(start) or lab.memory.changing():
        wrong.append("check mode sent something")
    real = lab.whole(start)
    if real.failed:
        return [*wrong, f"{real.code}: {real['msg']}"]
    if _plain(foretold["plan"]) != _plain(real["plan"]) or foretold["changed"] != real["changed"]:
        wrong.append(f"check mode foretold {foretold['plan']}, sent was {real['plan']}")
    if _plain(foretold.get("diff")) != _plain(real.get("diff")):
        wrong.append(f"the diff of check mode is {foretold.get('diff')}, that of the run {real.get('diff')}")
    sent = [(e["method"], e["path"].partition("?")[0]) for e in lab.memory.changing() if (e["status"] or 999) < 400]
    planned = [(step["method"], step["path"].partition("?")[0]) for step in real["plan"]]
    if [path for _method, path in sent] != [_full(start, path) for _method, path in planned]:
        wrong.append(f"planned {planned}, arrived {sent}")
    count = lab.transmitted(start)
    again = lab.whole(start)
    if not start.repeats and (again["changed"] or again["plan"] or lab.transmitted(start) != count):
        wrong.append(f"the second run: {again['changed']}, {again.get('plan')}")
    return wrong


def _full(start: Start, path: str) -> str:
    bases = {"ops_manager": "/api/public/v1.0", "clustering": "/v1"}
    base = bases.get(start.app, "")
    return path if path.startswith(base) else base + path


def _plain(value: Any) -> str:
    """Without what is random by design: the marker of a cluster profile, ids of prepared requests."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{22}", "RANDOM", json.dumps(value, sort_keys=True, default=str))
