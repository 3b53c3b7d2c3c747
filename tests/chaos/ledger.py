# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What really happened: every request of every run, what it starts, and what the servers made of it.

Nothing here asks the collection. What a request starts has a key, such as ``activate 71`` or ``copy <uuid> to /mnt/a``; the same
start has the same key, however the server, the user or the resource was spelled.
"""

from __future__ import annotations

import collections
import dataclasses
import json
from typing import Any
from urllib.parse import parse_qs, unquote

from .tasks import Task

READ = ""  # the key of a request that starts nothing
# Of these the server's state does not show whether an earlier request has arrived.
UNSEEN = (  # by the first word of the key
    "activate", "push", "export", "restart", "manage", "unmanage", "firmware", "pattern", "install",
)  # fmt: skip
POWER = {
    "powerOn": "on", "powerOff": "off", "powerOffSoftGraceful": "off", "powerCycleSoft": "restart", "powerCycleSoftGrace": "restart",
}  # fmt: skip


@dataclasses.dataclass
class Shot:
    """One request that left a client. answer: the status that the client got; None: its answer never came."""

    run: int
    method: str
    target: str
    key: str
    sent: float
    answer: int | None = None
    clear: bool = True  # the client's answer tells what became of it
    applied: bool = False
    refused: bool = False  # it has arrived, and the server has refused it
    known: bool = False  # its run went on after the answer, so that its record tells that it was started
    pending: bool = False  # it is given up, and arrives later
    late: bool = False  # it has arrived after it was given up
    before: str = ""  # how the resource stood when it arrived


@dataclasses.dataclass
class Run:
    """One run of a task. result: what the user was told; None: nothing. decided: when it was told to end; killed: with -9."""

    number: int
    task: Task
    began: float
    check: bool = False
    ended: float = 0.0
    result: dict[str, Any] | None = None
    decided: float | None = None
    decided_at: str = ""  # the event at which it was told to end
    killed: bool = False
    cut: bool = False  # killed when its message was out, perhaps before its record had that
    over: bool = False
    beside: bool = False  # another run went on at the same time
    disturbed: bool = False  # somebody else has changed something meanwhile
    misled: bool = False  # a server has told, in an answer that cannot be checked, that a job is not there
    short: str = ""  # what was missing at its end
    shots: list[Shot] = dataclasses.field(default_factory=list)
    met: list[str] = dataclasses.field(default_factory=list)  # what it met on its way, in words
    helped: bool = False  # somebody else has brought a resource to where this task wants it
    least: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)  # servers held and coming, at the least

    def of(self, ident: str) -> list[Shot]:
        """The requests for one thing of the task."""
        return [shot for shot in self.shots if shot.key and self.task.owns(ident, shot.key)]


class Ledger:
    """All runs, and the starts that the servers have acted on, in the order of their arrival. wrong: what broke a rule."""

    def __init__(self, world: Any) -> None:
        self.world = world
        self.runs: list[Run] = []
        self.arrived: list[Shot] = []
        self.untold: dict[str, list[Shot]] = {}  # starts that nobody was told of, by key
        self.wrong: list[str] = []
        self.unless_told: list[tuple[str, str]] = []  # (key, what is wrong unless the run at the same time has told its user of it)
        self.names: dict[str, str] = {}  # of the cluster profiles, by id, also of those that are gone

    def arrive(self, shot: Shot, run: Run, status: int, answer: bytes, needless: str) -> None:
        """The server has handled ``shot``. needless: why it should not have been sent, as the server's state was."""
        late, shot.pending = shot.pending, False
        shot.late = late
        shot.applied = status < 400 and not refused_inside(answer)
        shot.refused = not shot.applied
        if shot.key == READ or not shot.applied:
            return
        twin = next((one for one in self.arrived if one.key == shot.key and one.run == shot.run), None)
        if twin is not None:
            self.wrong.append(f"DOUBLED: run {shot.run} started {shot.key} twice")
        if needless and not late and not run.helped and twin is None:
            self.wrong.append(f"DOUBLED: run {shot.run} sent {shot.key}, but {needless}")
        if late and any(one.key == shot.key and one.sent > shot.sent for one in self.arrived):
            self.wrong.append(f"DOUBLED: {shot.key} was sent again while a request of run {shot.run} could still arrive")
        killed = [run.number for run in self.runs if run.over and run.result is None]
        earlier = [one for one in self.untold.get(shot.key, []) if one.run in killed and not one.known]
        if earlier and shot.key.split(" ")[0] in UNSEEN and not (shot.key.startswith("activate") and shot.before.startswith("inactive")):
            of = f"that of run {earlier[0].run}"
            told = f"DOUBLED: run {shot.run} sent {shot.key} again, and nobody was told what became of {of}"
            if run.beside:
                self.unless_told.append((shot.key, told))
            else:
                self.wrong.append(told)
        if run.check:
            self.wrong.append(f"DOUBLED: check mode of run {run.number} sent {shot.key}")
        self.arrived.append(shot)
        self.untold.setdefault(shot.key, []).append(shot)

    def tell(self, task: Task, ident: str, *, all_of_it: bool = True) -> None:
        """The user was told of this thing. all_of_it: that what an earlier run has started is not known, or was waited for; else how it
        stands, which tells of the earlier start only where it made a difference that can be seen."""
        for key, shots in self.untold.items():
            if self.about(task, ident, key):
                self.untold[key] = [] if all_of_it else [shot for shot in shots if not shot.before.startswith("inactive")]

    def about(self, task: Task, ident: str, key: str) -> bool:
        """What a task tells of this thing is about the start with this key. Of exports to files no request tells which file."""
        if task.verb == "export" and "dest" in task.params:
            return key.startswith(f"export {ident} to {{folder}}")
        return task.owns(ident, key)

    def told_at_once(self, runs: list[Run]) -> None:
        """These have gone on at the same time, and are over."""
        asked = [run for run in runs if run.result and run.result.get("error", {}).get("code") == "earlier_run_unfinished"]
        for key, wrong in self.unless_told:
            if not any(self.about(run.task, ident, key) for run in asked for _text, ident in run.task.things):
                self.wrong.append(wrong)
        self.unless_told = []


# -- what a request starts ----------------------------------------------------------------------------------------------


def key_of(world: Any, app: str, method: str, target: str, body: bytes, names: dict[str, str] | None = None) -> str:
    """The key of what this request starts; READ for one that starts nothing. names: of the cluster profiles, by id."""
    path, _mark, query = target.partition("?")
    last = unquote(path.rpartition("/")[2])
    if app in ("xclarity", "xclarity_target"):
        return _of_xclarity(world.systems[app], method, path, last, parse_qs(query), body)
    if method == "GET" or app == "keystone" or path.endswith("/validate"):
        return READ
    if app == "ops_manager":
        if method == "POST":
            return "order " + path.partition("/groups/")[2].partition("/")[0]
        return ("cancel request " if "/requests/" in path else "terminate ") + last
    if method == "POST":
        return "make " + str(_json(body)["profile"]["name"])
    return f"{'update' if method == 'PATCH' else 'delete'} {(names or {}).get(last)} {last}"


def _of_xclarity(system: Any, method: str, path: str, last: str, query: dict[str, list[str]], body: bytes) -> str:
    if not system.changing(method, path, body):
        return READ
    if method == "GET":
        return "export " + last
    told = _json(body)
    if path.partition("?")[0].startswith(HARDWARE_PATHS):
        return _of_hardware(path, last, told)
    if path.startswith("/profiles/unassign/"):
        return "unassign " + last
    if path.startswith("/profiles/"):
        return "activate " + last
    if path == "/tasks":
        return "cancel job " + ",".join(told.get("list", []))
    if path.startswith("/tasks/"):
        return "delete job " + last
    if path.startswith("/files/"):
        return "validate"
    if method == "DELETE":
        return f"delete {last} at {query.get('location', [''])[0]}"
    if method == "POST":
        return f"create {told.get('label')}"
    if told.get("action") == "cancel":
        return "cancel push"
    return f"{told.get('operation')} {told.get('uuid')} to {told.get('destination')}"


HARDWARE_PATHS = (
    "/nodes/", "/discoverRequest", "/manageRequest", "/unmanageRequest", "/compliancePolicies/", "/updatableComponents", "/patterns/",
    "/hostPlatforms",
)  # fmt: skip


def _of_hardware(path: str, last: str, told: Any) -> str:
    if path.startswith("/nodes/"):
        return f"{POWER[told['powerState']]} {last}"
    if path in ("/discoverRequest", "/manageRequest"):
        return f"{path[1:].removesuffix('Request')} {told[0]['ipAddresses'][0]}"
    if path == "/unmanageRequest":
        return f"unmanage {told['endpoints'][0]['uuid'].upper()}"
    if path == "/compliancePolicies/compareResult":
        (row,) = told["compliance"]
        return f"assign {row['uuid']} to {row['policyName']}"
    if path == "/compliancePolicies/persistedResult":
        return f"withdraw {told['unassign'][0]['uuid']}"
    if path == "/updatableComponents":
        return f"firmware {told['DeviceList'][0]['ServerList'][0]['UUID']}"
    if path.startswith("/patterns/"):
        return f"pattern {(told.get('uuid') or told.get('endpointIds'))[0]}"
    return f"install {told[0]['uuid']}"


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {}


def refused_inside(answer: bytes) -> bool:
    """A refusal in the body of a 2xx, as XClarity has them."""
    told = _json(answer)
    if not isinstance(told, dict):
        return False
    rows = [row for row in told.get("items", []) if isinstance(row, dict)] if isinstance(told.get("items"), list) else []
    inside = told.get("failedDevices") or told.get("status") == "failed"
    inside = inside or told.get("result") in ("failed", "failure")
    return bool(inside) or any(row.get("uuidsFailed") or row.get("locationIdsFailed") for row in rows)


# -- how the servers stand ------------------------------------------------------------------------------------------------


def standing(world: Any, key: str) -> str:
    """How the resource of a start stands on the server, in a few words."""
    verb, _blank, rest = key.partition(" ")
    lxca = world.systems["xclarity"]
    lxca.settle()
    if verb in ("activate", "unassign"):
        profile = lxca.profiles_part.all.get(rest)
        return f"{profile['status']} on {profile['target']}" if profile else "unknown"
    if verb in ("copy", "move", "push"):
        backup = lxca.backups_part.all.get(rest.partition(" to ")[0])
        return "at " + ", ".join(backup["locations"]) if backup else "unknown"
    return ""


def needless(world: Any, shot: Shot, run: Run, body: bytes) -> str:
    """Why this start should not have been sent, as the servers are now; empty when nothing speaks against it."""
    verb, _blank, rest = shot.key.partition(" ")
    lxca, told = world.systems["xclarity"], _json(body)
    if verb == "activate":
        profile = lxca.profiles_part.all.get(rest, {})
        status = profile.get("status")
        job = profile.get("job")
        if status == "activating" or (job is not None and job.final is None):
            return "it is being activated"
        done = status == "active" or (status == "pending" and told.get("restart") == "defer")
        return f"it is {status} already" if done and not run.task.redeploy else ""
    if verb in ("copy", "move"):
        ident, _to, where = rest.partition(" to ")
        backup = lxca.backups_part.all.get(ident)
        open_jobs = [job for job in lxca.jobs_part.all.values() if job.final is None]
        if any(job.kind == verb and job.resource == ident and job.title.endswith(where) for job in open_jobs):
            return f"a {verb} of it is running"
        there = backup is not None and where in backup["locations"]
        return "it is there already" if there and (verb == "copy" or "internal" not in backup["locations"]) else ""
    if verb == "push":
        return "a push is running" if lxca.jobs_part.running("push") is not None else ""
    if verb == "create":
        making = lxca.backups_part.request
        exists = any(one["label"] == rest for one in lxca.backups_part.all.values())
        return "there is one" if exists else "it is being made" if making is not None and making["label"] == rest else ""
    if verb == "firmware":
        return _firmware_needless(lxca, rest, run.began)
    if verb in _NEEDLESS:
        return _NEEDLESS[verb](lxca, rest)
    if verb == "order":
        return _more_than_asked(run, told)
    if verb == "make":
        return _made_already(world, run, told.get("profile", {}))
    return ""


def shown_power(lxca: Any, uuid: str) -> str:
    """The power of a server as the appliance tells it, which may lag; empty for one that it does not manage."""
    node = lxca.inventory_part.nodes.get(uuid)
    lxca.inventory_part._catch_up()
    value = lxca.inventory_part._lagging.get(uuid, (node["power"],))[0] if node else None
    return {8: "on", 5: "off"}.get(value, "")


def managed_at(lxca: Any, address: str) -> bool:
    return any(node["ip"] == address and node["managed"] for node in lxca.inventory_part.nodes.values())


def _running(lxca: Any, kind: str, resource: str) -> bool:
    return any(job.final is None and (job.kind, job.resource) == (kind, resource) for job in lxca.jobs_part.all.values())


def _power_needless(word: str) -> Any:
    def why(lxca: Any, uuid: str) -> str:
        real = lxca.inventory_part.nodes.get(uuid, {}).get("power")
        return f"it is {word} already" if real == {"on": 8, "off": 5}[word] and shown_power(lxca, uuid) == word else ""

    return why


def _manage_needless(lxca: Any, address: str) -> str:
    device = lxca.managing_part.devices.get(address, {})
    if managed_at(lxca, address):
        return "it is managed"
    return "it is being taken over" if _running(lxca, "manage", str(device.get("uuid", "")).upper()) else ""


def _assign_needless(lxca: Any, rest: str) -> str:
    uuid, _to, policy = rest.partition(" to ")
    return "it has the policy" if lxca.firmware_part.compared.get(uuid, ("", 0.0))[0] == policy else ""


def _firmware_needless(lxca: Any, uuid: str, began: float) -> str:
    if _running(lxca, "firmware", uuid):
        return "it is being updated"
    entry = lxca.firmware_part._entry(lxca.inventory_part.nodes[uuid])
    follows_at = lxca.firmware_part.shown.get(uuid, ({}, 0.0))[1]
    late = began < follows_at  # when the run read it, the comparison did not know it yet
    return "it complies" if "yes" in (entry.get("endpointCompliant"), entry.get("deviceCompliant")) and not late else ""


def _pattern_needless(lxca: Any, target: str) -> str:
    return "it has a profile" if target in lxca.profiles_part.by_target else ""


_NEEDLESS: dict[str, Any] = {
    "on": _power_needless("on"), "off": _power_needless("off"), "manage": _manage_needless,
    "unmanage": lambda lxca, uuid: "it is being given up" if _running(lxca, "unmanage", uuid) else "",
    "assign": _assign_needless, "pattern": _pattern_needless,
    "install": lambda lxca, uuid: "a deployment is running" if 4 <= lxca.host_platforms_part._state(uuid) <= 16 else "",
}  # fmt: skip


def held_and_coming(world: Any) -> collections.Counter[str]:
    """Of each kind of server, how many the group holds or has on order."""
    system = world.systems["ops_manager"]
    system.pool.tick()
    group = next(iter(system.groups), "")
    bound = [one for one in system.pool.servers.values() if one.group == group and one.status == "BOUND"]
    found = collections.Counter(kind_of(one.properties) for one in bound)
    for request in system.pool.requests.values():
        if request.group == group and request.status in ("EXECUTING", "CANCELLING"):
            found.update(map(kind_of, request.documents))
    return found


def kind_of(document: dict[str, str]) -> str:
    return f"{document.get('Datacenter')} {document.get('Size')}"


def _more_than_asked(run: Run, told: Any) -> str:
    """Since the run began there were always so many that the order makes them too many."""
    asked = run.task.counts
    ordered = collections.Counter(map(kind_of, told.get("properties", [])))
    over = [kind for kind, count in ordered.items() if run.least[kind] + count > asked[kind]]
    return f"{over[0]}: {run.least[over[0]]} are held or on order, {asked[over[0]]} are asked for" if over else ""


def _made_already(world: Any, run: Run, wanted: dict[str, Any]) -> str:
    system = world.systems["clustering"]
    project = next(one.id for one in system.identity.projects.values() if one.name == "demo")
    rows = [one for one in system.store.profiles.values() if one.name == wanted.get("name") and one.project == project]
    old = {ident for one in rows for ident in (one.metadata or {}).get("groundwork_provision_replaces", [])}
    return "there is one like it" if any(one.spec == wanted.get("spec") and one.id not in old for one in rows) else ""
