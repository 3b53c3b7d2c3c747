# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From its n-th request on a run gets nothing good any more: whatever it had done by then, it says so.

Every request of every task that changes something is tried as the first one that fails, in several ways. The servers'
own account says what had been done; a task that had started something and says that nothing was changed is a lie.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness import XCLARITY_PASSWORD

from ansible_collections.groundwork.provision.plugins.module_utils._clock import Ended

from .lab import Lab, leaks, sentence
from .memory import LostBefore, Reply, Sent
from .sites import EXPORT, NIGHTLY, OSLO, RACK, SPEC, START, STARTS, Start

JSON = [("Content-Type", "application/json")]
# how it fails: told to end once; lost, or answered so, from then on
WAYS: dict[str, Reply | None] = {
    "ended": None,
    "lost": None,
    "denied": (403, JSON, b"{}"),
    "broken": (500, JSON, b"{}"),
    "garbled": (200, [("Content-Type", "text/html")], b"<html>"),
    "empty": (200, JSON, b"{}"),
}
WINDOWS = "0A10000000000000000000000000000B"
SERVER = {"name": "fresh", "address": "192.0.2.1", "port": 22, "protocol": "SFTP", "server_username": "u", "server_password": "Canary-1"}


@dataclasses.dataclass(frozen=True)
class Task:
    """A module with options that make it change something. before: tasks that have to be done first. switches: of the appliance."""

    name: str
    module: str
    system: str
    params: dict[str, Any]
    before: tuple[tuple[str, dict[str, Any]], ...] = ()
    start: Start | None = None
    switches: dict[str, Any] = dataclasses.field(default_factory=dict)

    def as_start(self, module: str = "", params: dict[str, Any] | None = None) -> Start:
        return self.start or Start(self.name, module or self.module, self.system, "", "", "", self.params if params is None else params)


def _task(
    name: str, module: str, params: dict[str, Any], *before: tuple[str, dict[str, Any]], system: str = "xclarity", **switches: Any
) -> Task:
    return Task(name, module, system, params, before, switches=switches)


TWO = {"profiles": [{"profile": "web-01", "uuid": RACK}, {"profile": "web-02", "uuid": WINDOWS}], "restart": "immediate", "concurrency": 1}
ENDED = ("profile_activation", TWO)
RUNNING = ("profile_activation", {**TWO, "wait": False})
OTHER = {**SPEC, "properties": {"template": {"heat_template_version": "2016-10-14"}}}
TARGET = {
    "target_endpoint": "https://xclarity-target.memory", "target_username": "AUTOMATION", "target_password": XCLARITY_PASSWORD,
}  # fmt: skip
TAKE = {"stored_credential": "3401", "managed_authentication": False, "concurrency": 1}
HOSTS = {"hostnames": ["oslo-m1.example.net", "oslo-m2.example.net"], "state": "absent", "concurrency": 1}
POLICY = {"type": "senlin.policy.deletion", "version": "1.0", "properties": {"criteria": "OLDEST_FIRST"}}
YOUNGEST = {**POLICY, "properties": {"criteria": "YOUNGEST_FIRST"}}
CLUSTER = (
    ("cluster_profile", {"name": "chaos", "spec": SPEC}),
    ("cluster", {"name": "a", "profile": "chaos", "desired_capacity": 1}),
    ("cluster_policy", {"name": "p", "spec": POLICY}),
)
BOUND = ("cluster_policy_binding", {"cluster": "a", "policy": "p"})
TASKS = [
    *(Task(start.name, start.module, start.system, start.params, start=start) for start in STARTS),
    _task("two activations", "profile_activation", TWO),
    _task("unassignment", "profile_activation", {"profile": "db-01", "state": "inactive"}),
    _task("deferred activation", "profile_activation", {"profile": "web-01", "uuid": RACK, "restart": "defer"}),
    _task("verified move", "backup_transfer",
          {"operation": "move", "move_method": "verified", "backup": NIGHTLY, "destination": "/mnt/archive"}, location_entries="each"),
    _task("end of a verified move", "backup_transfer",
          {"operation": "move", "move_method": "verified", "backup": NIGHTLY, "destination": "/mnt/archive"},
          ("backup_transfer", {"operation": "copy", "backup": NIGHTLY, "destination": "/mnt/archive"}), location_entries="each"),
    _task("push that the other server proves", "backup_transfer", {**START["push"].params, **TARGET}),
    _task("redeployment", "profile_activation", {"profile": "db-01", "redeploy": True, "restart": "immediate"}),
    _task("new backup on a share", "backup", {"label": "fresh", "passphrase": "Canary-passphrase-1", "remote_share": "/mnt/backups"}),
    _task("new backup", "backup", {"label": "fresh", "passphrase": "Canary-passphrase-1"}),
    _task("two backups deleted", "backup",
          {"state": "absent", "location": "internal", "backups": ["nightly", "before-upgrade"], "concurrency": 1}),
    _task("backup validated", "backup",
          {"state": "validated", "passphrase": "Backup-demo", "endpoint": "https://xclarity-target.memory"},
          ("backup_transfer", START["push"].params)),
    _task("export to a server", "osimage_export", {"profile": EXPORT["profile"], "remote_file_server": "images", "path": "/srv"}),
    _task("new file server", "remote_file_server", SERVER),
    _task("changed file server", "remote_file_server", {"name": "images", "port": 2222}),
    _task("file server deleted", "remote_file_server", {"name": "images", "state": "absent"}),
    _task("jobs cancelled", "job", {"jobs": ["11", "12"], "state": "cancelled", "concurrency": 1}, RUNNING),
    _task("jobs deleted", "job", {"jobs": ["11", "12"], "state": "absent", "concurrency": 1}, ENDED),
    _task("two servers powered off", "node_power", {"nodes": [{"node": RACK}, {"node": WINDOWS}], "state": "off", "concurrency": 1}),
    _task("two lights", "node_led", {"nodes": [{"node": RACK}, {"node": WINDOWS}], "state": "on", "concurrency": 1}),
    _task("two servers taken over", "managed_node", {**TAKE, "nodes": [{"address": "192.0.2.121"}, {"address": "192.0.2.122"}]}),
    _task("two policies assigned", "firmware_policy",
          {"nodes": [{"node": RACK}, {"node": WINDOWS}], "policy": "production", "concurrency": 1}),
    _task("policy taken away", "firmware_policy", {"node": "web-03", "state": "absent"}),
    _task("firmware of two servers", "firmware_update",
          {"nodes": [{"node": "web-03"}, {"node": "db-01"}], "activation": "immediate", "concurrency": 1}),
    _task("pattern deployed to two servers", "pattern_deployment",
          {"targets": [{"node": RACK}, {"node": WINDOWS}], "pattern": "web", "restart": "immediate", "concurrency": 1}),
    _task("systems on two servers", "os_deployment",
          {"nodes": [{"node": RACK}, {"node": WINDOWS}], "image": EXPORT["profile"], "confirm": True, "concurrency": 1}),
    _task("credential stored", "stored_credential",
          {"description": "fresh", "credential_username": "u", "credential_password": "Canary-1"}),
    _task("credential deleted", "stored_credential", {"credential_id": "3401", "state": "absent"}),
    _task("request of one's own", "xclarity_request",
          {"method": "PUT", "path": f"/nodes/{RACK}/bmc", "body": {"powerState": "restart"}}),
    _task("two servers", "server_pool_request", {"properties": OSLO, "count": 2, "on_shortage": "wait"}, system="ops_manager"),
    _task("servers given back", "server_pool_server", HOSTS,
          ("server_pool_request", {"properties": OSLO, "count": 2, "on_shortage": "wait"}), system="ops_manager"),
    _task("two cluster profiles", "cluster_profile",
          {"profiles": [{"name": n, "spec": SPEC} for n in "ab"], "concurrency": 1}, system="openstack"),
    _task("cluster profile replaced", "cluster_profile", {"name": "chaos", "spec": OTHER, "on_spec_change": "replace"},
          ("cluster_profile", {"name": "chaos", "spec": SPEC}), system="openstack"),
    _task("cluster profile renamed", "cluster_profile", {"name": "chaos", "spec": SPEC, "metadata": {"a": "b"}},
          ("cluster_profile", {"name": "chaos", "spec": SPEC}), system="openstack"),
    _task("cluster profile deleted", "cluster_profile", {"name": "chaos", "state": "absent"},
          ("cluster_profile", {"name": "chaos", "spec": SPEC}), system="openstack"),
    _task("two clusters", "cluster",
          {"clusters": [{"name": n, "profile": "chaos", "desired_capacity": 1} for n in "ab"], "concurrency": 1},
          ("cluster_profile", {"name": "chaos", "spec": SPEC}), system="openstack"),
    _task("cluster resized and updated", "cluster", {"name": "a", "profile": "other", "desired_capacity": 2, "metadata": {"a": "b"}},
          ("cluster_profile", {"profiles": [{"name": "chaos", "spec": SPEC}, {"name": "other", "spec": OTHER}], "concurrency": 1}),
          ("cluster", {"name": "a", "profile": "chaos", "desired_capacity": 1}), system="openstack"),
    _task("policy attached", *BOUND, *CLUSTER, system="openstack"),
    _task("policy replaced on its cluster", "cluster_policy", {"name": "p", "spec": YOUNGEST, "on_spec_change": "replace"},
          *CLUSTER, BOUND, system="openstack"),
    _task("cluster deleted", "cluster", {"name": "a", "state": "absent"}, ("cluster_profile", {"name": "chaos", "spec": SPEC}),
          ("cluster", {"name": "a", "profile": "chaos", "desired_capacity": 1}), system="openstack"),
]  # fmt: skip


def fresh(lab: Lab, task: Task) -> None:
    lab.fresh(task.start)
    lab.memory.world.systems["xclarity"].switches.update(task.switches)
    for module, params in task.before:
        result = lab.whole(task.as_start(module, params))
        assert not result.failed, result
    lab.memory.world.entries.clear()


def clean(lab: Lab, task: Task) -> list[Sent]:
    """The requests of a run that nothing disturbs."""
    fresh(lab, task)
    requests: list[Sent] = []
    lab.hook = requests.append
    result = lab.whole(task.as_start())
    lab.hook = None
    assert (result["changed"], result.failed) == (True, False), result
    return requests


def cuts(lab: Lab, task: Task) -> Iterator[tuple[int, str]]:
    """Each request that can be the first to fail, with each way to fail."""
    for number in range(len(clean(lab, task))):
        for way in WAYS:
            yield number, way


def run(lab: Lab, task: Task, number: int, way: str) -> list[str]:
    """What is wrong with what the task says when its request ``number`` (from 0) and all later ones fail."""
    fresh(lab, task)
    seen: list[Sent] = []
    failed: list[Sent] = []

    def hook(sent: Sent) -> Reply | None:
        seen.append(sent)
        if len(seen) <= number:
            return None
        failed.append(sent)
        if way == "ended":
            if len(failed) == 1:
                raise Ended
            return None
        if WAYS[way] is None:
            raise LostBefore
        return WAYS[way]

    lab.hook = hook
    result = lab.whole(task.as_start())
    lab.hook = None
    done = [e for e in lab.memory.changing() if (e["status"] or 999) < 400]
    tried = [s for s in failed if s.changing and s.target != "/sessions"]
    wrong = [f"leaked {canary}" for canary in leaks(result)]
    if result.code == "internal_error":
        wrong.append(f"a defect: {result['msg']}")
    if result.failed and sentence(result) not in SENTENCES:
        wrong.append(f"no single sentence in {result['msg']!r}")
    if done and not result["changed"]:
        wrong.append("SILENT: something was started, and said to be unchanged")
    if done and result.failed and sentence(result) not in ("K3", "K4", "K3+K4"):
        wrong.append(f"started, and it says {sentence(result)}")
    if done and result.failed and "plan" not in result and way != "ended":
        wrong.append("what was reached is not told beside the failure")
    if not done and not tried and (result["changed"] or (result.failed and sentence(result) != "K1")):
        wrong.append(f"nothing was sent, and it says changed={result['changed']}, {sentence(result)}")
    whole = [(s.app, s.method, s.target, s.body) for s in seen if s.changing and s.target != "/sessions"]
    if len(whole) > len(set(whole)):
        wrong.append("DOUBLED: sent twice")
    return wrong


def refused_although_done(lab: Lab, task: Task, status: int) -> list[str]:
    """What is wrong when the server acts on each changing request as if it came from another client, and answers with a refusal."""
    fresh(lab, task)

    def hook(sent: Sent) -> Reply | None:
        if not sent.changing or sent.target == "/sessions":
            return None
        parts = urlsplit(lab.memory.url(sent.app) + sent.target)
        lab.memory.handle(lab.memory.fronts[sent.app], sent.method, parts, sent.headers, sent.body)
        return status, JSON, b"{}"

    lab.hook = hook
    result = lab.whole(task.as_start())
    lab.hook = None
    if result.failed:
        right = result["error"]["status"] == status and result["outcome"] == "not_started" and sentence(result) == "K2"
        return [f"it says {status} was a failure" if right else f"it says {result['msg']!r}"]
    return [f"the change of another client is told as ours: {result}"] if result["changed"] else []


def accepted_and_not_done(lab: Lab, task: Task) -> tuple[str | None, list[str]]:
    """The server takes each changing request, answers as it does when it acts on it, and does nothing: (the code of the failure, what
    is wrong). Success is what the server shows, so there is none; and what was accepted is told as accepted."""
    replies: list[Reply] = []

    def act(sent: Sent) -> Reply | None:
        if not sent.changing or sent.target == "/sessions":
            return None
        parts = urlsplit(lab.memory.url(sent.app) + sent.target)
        replies.append(lab.memory.handle(lab.memory.fronts[sent.app], sent.method, parts, sent.headers, sent.body))
        return replies[-1]

    def only_answer(sent: Sent) -> Reply | None:
        if not sent.changing or sent.target == "/sessions":
            return None
        asked.append((sent.method, sent.target, sent.body))
        return replies[min(len(asked), len(replies)) - 1]

    asked: list[tuple[str, str, bytes]] = []
    for hook in (act, only_answer):
        fresh(lab, task)
        lab.hook = hook
        result = lab.whole(task.as_start())
        lab.hook = None
    wrong = [] if len(asked) == len(set(asked)) else ["DOUBLED: sent twice"]
    if not result.failed or result.code == "internal_error":
        wrong.append(f"it says failed={result.failed}, {result.get('msg')!r}")
    elif result["outcome"] not in ("started", "unknown") or sentence(result) not in ("K3", "K4", "K3+K4"):
        wrong.append(f"accepted, and it says {result['outcome']}, {result['msg']!r}")
    return result.code, wrong


def after_a_kill(lab: Lab, task: Task) -> tuple[bool, list[str]]:
    """A run was killed before its first changing request left, which the next one cannot know: (whether that one stops and asks for a
    look, what is wrong). The run after such a stop does the work."""
    fresh(lab, task)
    records: dict[Path, bytes] = {}

    def hook(sent: Sent) -> Reply | None:
        if sent.changing and sent.target != "/sessions":
            records.update({path: path.read_bytes() for path in (lab.folder / "state").glob("*.record")})
            raise Ended
        return None

    lab.hook = hook
    lab.whole(task.as_start())
    lab.hook = None
    for path, data in records.items():
        path.write_bytes(data)
    wrong = [] if records else ["no record was written before the request"]
    result = lab.whole(task.as_start())
    stops = result.code == "earlier_run_unfinished"
    if stops:
        if (result["changed"], result["outcome"], sentence(result)) != (False, "unknown", "K4") or "run again to" not in result["msg"]:
            wrong.append(f"it stops, and says {result['outcome']}, {result['msg']!r}")
        if any(entry["status"] < 400 for entry in lab.memory.changing()):
            wrong.append("it stops, and has sent something")
        result = lab.whole(task.as_start())
    if (result["changed"], result.failed) != (True, False):
        wrong.append(f"then: changed={result['changed']}, {result.get('msg')!r}")
    return stops, wrong


SENTENCES = ("K1", "K2", "K3", "K4", "K3+K4")
