# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the servers are as a task wants them, asked of the servers themselves."""

from __future__ import annotations

import tarfile
from typing import Any

from .estates import HARDWARE, TARGET
from .ledger import Run, held_and_coming, kind_of, managed_at, shown_power
from .tasks import Task


def short_of(world: Any, run: Run, folder: Any) -> str:
    """What is missing at the end of a run that waited and says that all is well; empty when nothing is."""
    task = run.task
    if task.family in ("pool", "clusters"):
        return _of_pool(world, run) if task.family == "pool" else _of_clusters(world, run)
    if task.family in HARDWARE:
        return next((f"{ident}: {why}" for _text, ident in task.things if (why := _of_hardware(world, run, ident))), "")
    if task.verb == "export":
        return _of_file(folder / task.params["dest"].partition("/")[2]) if "dest" in task.params else ""
    return next((f"{ident}: {why}" for _text, ident in task.things if (why := _of_xclarity(world, task, ident))), "")


def _of_xclarity(world: Any, task: Task, ident: str) -> str:
    system = world.systems["xclarity"]
    system.settle()
    where = str(task.params.get("destination", task.params.get("location", ""))).rstrip("/")
    if task.family == "profiles" and not task.verb.endswith("job"):
        profile = system.profiles_part.all[ident]
        good = ("inactive",) if task.verb == "unassign" else ("active",)
        if task.params.get("restart") == "defer":
            good = ("active", "pending", "activating")
        right = task.verb == "unassign" or profile["target"] == TARGET[ident]
        return "" if profile["status"] in good and right else f"it is {profile['status']} on {profile['target']}"
    if task.verb in ("cancel job", "delete job"):
        job = system.jobs_part.all.get(ident)
        return "" if job is None or (task.verb == "cancel job" and job.final is not None) else f"the job is {job.state()}"
    backup = system.backups_part.all.get(ident, {"locations": []})
    at = backup["locations"]
    if task.verb == "copy":
        return "" if where in at else f"it is at {at}"
    if task.verb in ("move", "verified move"):
        return "" if where in at and "internal" not in at else f"it is at {at}"
    if task.verb == "delete":
        return "" if not at or (where != "all" and where not in at) else f"it is at {at}"
    if task.verb == "create":
        return "" if any(one["label"] == ident for one in system.backups_part.all.values()) else "there is none"
    if task.verb == "push" and "target_username" in task.params:
        return "" if ident in world.systems["xclarity_target"].backups_part.all else "the other server has none"
    if task.verb == "cancel push":
        return "" if system.jobs_part.running("push") is None else "a push is running"
    return ""


def _of_hardware(world: Any, run: Run, ident: str) -> str:
    system, task = world.systems["xclarity"], run.task
    system.settle()
    started = any(shot.applied for shot in run.of(ident))
    if task.verb in ("on", "off", "restart"):
        power = shown_power(system, ident)
        return "" if power == ("off" if task.verb == "off" else "on") else f"its power is {power}"
    if task.verb == "manage":
        return "" if managed_at(system, ident) else "it is not managed"
    if task.verb == "unmanage":
        return "it is managed" if ident in system.inventory_part.nodes else ""
    part = system.firmware_part
    if task.verb in ("assign", "withdraw"):
        policy = part.compared.get(ident, ("", 0.0))[0]
        return "" if policy == task.params.get("policy", "") else f"it has the policy {policy}"
    if task.verb == "firmware":
        policy = part.policies.get(part.assigned.get(ident, ""), {"components": []})  # none: one that was joined needs none
        there = {**part.installed(ident), **part.waiting.get(ident, {})}
        left = [one["name"] for one in policy["components"] if not one.get("do_not_update") and there.get(one["name"]) != one["version"]]
        return f"{left} are outdated" if left else ""
    if task.verb == "install":
        busy = 4 <= system.host_platforms_part._state(ident) <= 16
        return "" if not busy and system.host_platforms_part.deployed.get(ident) == task.params["image"] else "it is not deployed"
    held = system.profiles_part.all.get(system.profiles_part.by_target.get(ident, ""))
    if held is None or task.params["pattern"] not in (held["template_id"], held["template"]):
        return "it has no profile of the pattern"
    goals = {"immediate": ("active",), "defer": ("active", "pending"), "pending": ("pending", "active")}[task.params["restart"]]
    # One that had its profile before is left alone.
    return f"its profile is {held['status']}" if started and held["status"] not in goals else ""


def _of_file(path: Any) -> str:
    try:
        with tarfile.open(path) as archive:
            archive.getmembers()
    except (tarfile.TarError, OSError, EOFError) as exc:
        return f"the file is not whole ({exc})"
    return "" if path.stat().st_mode & 0o777 == 0o600 else "the file is not private"


def _of_pool(world: Any, run: Run) -> str:
    system, task = world.systems["ops_manager"], run.task
    now = held_and_coming(world)
    if task.verb == "order":
        short = (run.result or {}).get("short", 0)
        missing = sum(max(0, count - now[kind]) for kind, count in task.counts.items())
        return f"{missing} servers are missing" if missing > short else ""
    if task.verb == "terminate":
        held = {one.hostname for one in system.pool.servers.values() if one.status == "BOUND"}
        left = [name for _text, name in task.things if name in held]
        return f"the group holds {left}" if left else ""
    kinds = {kind_of(row["properties"]) for row in task.params["servers"]}
    executing = [one for one in system.pool.requests.values() if one.status == "EXECUTING"]
    left = [one.id for one in executing if {kind_of(row) for row in one.documents} <= kinds]
    return f"{left} are executing" if left else ""


def _of_clusters(world: Any, run: Run) -> str:
    system = world.systems["clustering"]
    project = next(one.id for one in system.identity.projects.values() if one.name == "demo")
    for row in run.task.params["profiles"]:
        rows = [one for one in system.store.profiles.values() if one.name == row["name"] and one.project == project]
        if run.task.verb == "remove":
            if rows:
                return f"{row['name']}: there are {len(rows)}"
        elif not any(one.spec == row["spec"] for one in rows):
            return f"{row['name']}: there is none with this spec"
    return ""
