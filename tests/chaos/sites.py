# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Places where the collection starts something, and places where it reads or logs in.

A :class:`Start` is one module with options that make it send exactly one starting request. A :class:`Read` is a request
that such a run makes on its way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .lab import Lab

RACK = "0A10000000000000000000000000000A"
NIGHTLY = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
NEW = "192.0.2.121"
GROUP = "5a9d0a0a1d41c81a2b3c4d01"
OSLO = {"Datacenter": "oslo", "Size": "m"}
SPEC = {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": "2014-10-16"}}}


def nothing(lab: Lab) -> None:
    """The demo estate is all that is needed."""


def a_push_runs(lab: Lab) -> None:
    lab.memory.world.systems["xclarity"].switches["fail_next"] = [{"kind": "push", "seconds": 30000}]
    lab.run(START["push"], wait=False)


def a_request_waits(lab: Lab) -> None:
    """Nothing in the pool meets it, so that it stays EXECUTING."""
    lab.memory.world.systems["ops_manager"].switches["request_timeout"] = 3.0e6
    documents = [{"Datacenter": "oslo", "Size": "xxl"}]
    lab.memory.seed(ops_manager={"requests": [{"group": "payments", "properties": documents}]})


def one_is_known(lab: Lab) -> None:
    """A device from a discovery, so that one request takes it over."""
    lab.memory.world.systems["xclarity"].managing_part.known.add(NEW)


@dataclasses.dataclass(frozen=True)
class Start:
    """app, method, target: the starting request. word: in its body. prepare: what has to be there before.

    proves: after a kill, a new reading tells what became of the request; else a person is asked, once.
    repeats: a second run may start it again by right (a push, whose effect nobody can see).
    accepts_any: a 2xx is an acceptance, even without a body that says so; the state is watched all the same.
    shows: a reading tells that it was done. A restarted server looks as it did before.
    """

    name: str
    module: str
    system: str
    app: str
    method: str
    target: str
    params: dict[str, Any]
    word: bytes = b""
    prepare: Callable[[Any], None] = nothing
    proves: bool = True
    repeats: bool = False
    accepts_any: bool = False
    shows: bool = True

    def matches(self, app: str, method: str, target: str, body: bytes | str) -> bool:
        raw = body.encode() if isinstance(body, str) else body
        return app == self.app and method == self.method and bool(re.search(self.target, target)) and self.word in raw


DATA = r"^/managementServer/data$"
EXPORT = {"profile": "win2016|win2016-x86_64-install-corp_gold", "dest": "{folder}/gold.tar.gz"}
STARTS = [
    Start("activate", "profile_activation", "xclarity", "xclarity", "POST", r"^/profiles/71$",
          {"profile": "web-01", "uuid": RACK, "restart": "immediate"}),
    Start("copy", "backup_transfer", "xclarity", "xclarity", "PUT", DATA,
          {"operation": "copy", "backup": "nightly", "destination": "/mnt/backups"}, b'"copy"'),
    Start("move", "backup_transfer", "xclarity", "xclarity", "PUT", DATA,
          {"operation": "move", "backup": "nightly", "destination": "/mnt/archive"}, b'"move"'),
    Start("push", "backup_transfer", "xclarity", "xclarity", "PUT", DATA,
          {"operation": "push", "backup": "nightly", "destination": "192.0.2.11"}, b'"start"', proves=False, repeats=True),
    Start("push-cancel", "backup_transfer", "xclarity", "xclarity", "PUT", DATA,
          {"operation": "push", "action": "cancel"}, b'"cancel"', prepare=a_push_runs, accepts_any=True),
    Start("export", "osimage_export", "xclarity", "xclarity", "GET", r"^/osImages/win2016%7Cwin2016-x86_64-install-corp_gold$",
          EXPORT, proves=False),
    Start("om-create", "server_pool_request", "ops_manager", "ops_manager", "POST", r"/serverPool/requests$",
          {"properties": OSLO, "count": 1}),
    Start("om-cancel", "server_pool_request", "ops_manager", "ops_manager", "DELETE", r"/serverPool/requests/[0-9a-f]{24}$",
          {"properties": {"Datacenter": "oslo", "Size": "xxl"}, "state": "absent"}, prepare=a_request_waits, accepts_any=True),
    Start("senlin-create", "cluster_profile", "openstack", "clustering", "POST", r"^/v1/profiles$",
          {"name": "chaos", "spec": SPEC}),
    Start("power-off", "node_power", "xclarity", "xclarity", "PUT", rf"^/nodes/{RACK}\?", {"node": RACK, "state": "off"}, b"powerOff",
          accepts_any=True),
    Start("restart", "node_power", "xclarity", "xclarity", "PUT", rf"^/nodes/{RACK}\?", {"node": RACK, "state": "restarted"}, b"powerCycle",
          proves=False, repeats=True, accepts_any=True, shows=False),
    Start("manage", "managed_node", "xclarity", "xclarity", "POST", r"^/manageRequest$",
          {"address": NEW, "stored_credential": "3401", "managed_authentication": False}, prepare=one_is_known, proves=False,
          accepts_any=True),
    Start("unmanage", "managed_node", "xclarity", "xclarity", "POST", r"^/unmanageRequest$", {"node": "web-01", "state": "absent"},
          proves=False, accepts_any=True),
    Start("firmware", "firmware_update", "xclarity", "xclarity", "PUT", r"^/updatableComponents\?",
          {"node": "web-03", "activation": "immediate"}),
    Start("pattern", "pattern_deployment", "xclarity", "xclarity", "POST", r"^/patterns/60$",
          {"node": RACK, "pattern": "web", "restart": "immediate"}, proves=False, accepts_any=True),
    Start("install", "os_deployment", "xclarity", "xclarity", "PUT", r"^/hostPlatforms$",
          {"node": RACK, "image": EXPORT["profile"], "confirm": True}, proves=False, repeats=True),
]  # fmt: skip
HARDWARE = tuple(start.name for start in STARTS[9:])
START = {start.name: start for start in STARTS}


@dataclasses.dataclass(frozen=True)
class Read:
    """The ``nth`` request of a run of ``start`` that matches. when: before, after (the start), login or logout."""

    name: str
    start: str
    app: str
    method: str
    target: str
    when: str
    nth: int = 1


READS = [
    Read("XClarity login", "activate", "xclarity", "POST", r"^/sessions$", "login"),
    Read("XClarity logout", "activate", "xclarity", "DELETE", r"^/sessions$", "logout"),
    Read("profiles before", "activate", "xclarity", "GET", r"^/profiles$", "before"),
    Read("job of an activation", "activate", "xclarity", "GET", r"^/tasks", "after"),
    Read("profiles after", "activate", "xclarity", "GET", r"^/profiles$", "after", nth=2),
    Read("backups before", "copy", "xclarity", "GET", DATA, "before"),
    Read("OS images before", "export", "xclarity", "GET", r"^/osImages$", "before"),
    Read("group of Ops Manager", "om-create", "ops_manager", "GET", r"/groups", "before"),
    Read("requests of the pool", "om-create", "ops_manager", "GET", r"/serverPool/requests\?", "before"),
    Read("request after", "om-create", "ops_manager", "GET", r"/serverPool/requests/[0-9a-f]{24}", "after"),
    Read("Keystone token", "senlin-create", "keystone", "POST", r"^/v3/auth/tokens$", "login"),
    Read("cluster profiles before", "senlin-create", "clustering", "GET", r"^/v1/profiles\?", "before"),
]
