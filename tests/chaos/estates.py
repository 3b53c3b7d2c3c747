# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small data centres in which several things have one name, the ways in which their servers may differ, and other control nodes.

A family is a part of the estate that tasks of one kind work on: profiles, backups, images, pool, clusters, and of the hardware below the
profiles servers (power and management), firmware (policies and updates), deployments (patterns and operating systems).
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import random
import types
import uuid
from collections.abc import Callable
from typing import Any

from simulator.clustering import senlin
from simulator.clustering.identity import fixed_id
from simulator.clustering.store import Profile
from simulator.ops_manager.pool import Server

FAMILIES = ("profiles", "backups", "images", "pool", "clusters", "servers", "firmware", "deployments")
HARDWARE = FAMILIES[5:]
START = 1_780_000_000.0  # the second at which each example begins
# Hosts that lead to a server beside its own name.
ALIASES = {"manager": "xclarity", "pool": "ops_manager", "identity": "keystone"}
SECRETS = ("First-canary-1", "Second-canary-2", "0ps-canary-3", "0ps-canary-4", "stack-canary-5", "stack-canary-6", "Backup-canary-7",
           "Bmc-canary-8")  # fmt: skip

NODES = [f"0A1000000000000000000000000000{number:02X}" for number in range(8)]
# (id, name, state): several of one name, and each state that an activation may meet
PROFILES = [
    ("71", "web", "inactive"), ("72", "web", "active"), ("73", "web", "active"), ("74", "db", "active"), ("75", "db", "inactive"),
    ("76", "app", "failed"), ("77", "mail", "pending"), ("78", "cache", "active"),
]  # fmt: skip
TARGET = {ident: node for (ident, _name, _state), node in zip(PROFILES, NODES, strict=True)}
SHARES = ("/mnt/a", "/mnt/b")
BACKUPS = [
    (str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))), label, locations)
    for number, (label, locations) in enumerate(
        [("nightly", ["internal"]), ("nightly", ["internal", "/mnt/a"]), ("weekly", ["internal"]), ("old", ["/mnt/a"])]
    )
]
IMAGE = "win2016|win2016-x86_64-install-corp_gold"
GROUP = "5a9d0a0a1d41c81a2b3c4d01"
KINDS = ({"Datacenter": "oslo", "Size": "m"}, {"Datacenter": "oslo", "Size": "l"})
SPECS = tuple(
    {"type": "os.heat.stack", "version": "1.0", "properties": {"template": {"heat_template_version": f"20{year}-10-14"}}}
    for year in (14, 16)
)
PROJECT = "demo"
NODE_NAMES = [f"node-{number}" for number in range(6)] + ["twin", "twin"]
ADDRESSES = [f"192.0.2.{100 + number}" for number in range(8)]  # of the servers that are managed at the start
FOUND_AT = [f"192.0.2.{120 + number}" for number in range(3)]  # of those that are not; the last is known from a discovery
NOBODY_AT = "192.0.2.130"
CREDENTIAL = "3401"
POLICIES = ("production", "older")
PATTERNS = (("51", "web pattern"), ("52", "db pattern"))


def seed(memory: Any, family: str) -> None:
    """What the family's servers hold at the start, the same on every run."""
    memory.reset()
    memory.aliases = ALIASES
    memory.clock.simulator._base = START
    systems = memory.world.systems
    users = {"AUTOMATION": {"password": SECRETS[0]}, "OPERATOR": {"password": SECRETS[1]}}
    systems["xclarity"].appliance_uuid = "A" * 32
    if family in ("profiles", "backups", "images"):
        nodes = [{"uuid": node, "name": f"node-{number}"} for number, node in enumerate(NODES)]
        profiles = [
            {"id": ident, "name": name, "status": state, "target": None if state == "inactive" else TARGET[ident]}
            for ident, name, state in PROFILES
        ]
        backups = [{"uuid": ident, "label": label, "locations": list(at), "passphrase": SECRETS[6]} for ident, label, at in BACKUPS]
        memory.seed(
            xclarity={
                "users": users, "nodes": nodes, "profiles": profiles, "shares": list(SHARES), "backups": backups,
                "os_images": [{"id": "win2016", "profiles": [{"id": IMAGE, "export_size": 2000}]}],
                "remote_file_servers": [{"serverId": "101", "displayName": "images", "address": "192.0.2.80"}],
            },
            xclarity_target={"users": users},
        )  # fmt: skip
        systems["xclarity"].switches["max_concurrent_sessions"] = 0
    elif family in HARDWARE:
        _seed_hardware(memory, users)
    elif family == "pool":
        keys = [
            {"public_key": name, "private_key": secret, "group_roles": {"payments": ["GROUP_AUTOMATION_ADMIN"]}}
            for name, secret in (("automation", SECRETS[2]), ("operator", SECRETS[3]))
        ]
        pool = systems["ops_manager"].pool
        pool.ids._process, pool.ids._counter = "0000000000", itertools.count()
        servers = [
            {"hostname": f"{kind['Size']}{number}.example", "properties": kind}
            for kind, count in zip(KINDS, (12, 4), strict=True)
            for number in range(count)
        ]
        for server in servers[:6]:
            server["group"] = "payments"
        memory.seed(ops_manager={"groups": [{"id": GROUP, "name": "payments"}], "keys": keys, "servers": servers})
    elif family == "clusters":
        chance = random.Random(1)
        made = types.SimpleNamespace(uuid4=lambda: uuid.UUID(int=chance.getrandbits(128), version=4), UUID=uuid.UUID)
        senlin.uuid = made
        users = [
            {"name": name, "password": secret, "projects": {PROJECT: ["member"]}}
            for name, secret in (("maker", SECRETS[4]), ("keeper", SECRETS[5]))
        ]
        memory.seed(clustering={"users": users, "profiles": [{"name": "a", "spec": SPECS[0], "project": "alt_demo"}]})


def _seed_hardware(memory: Any, users: dict[str, Any]) -> None:
    def device(number: int, address: str) -> dict[str, Any]:
        return {"ip": address, "uuid": f"0B{number:030X}", "name": f"new-{number}", "password": SECRETS[7]}

    nodes = [
        {"uuid": node, "name": name, "ip": address, "power": 5 if number % 3 == 2 else 8,
         "device": {"ip": address, "uuid": node, "name": name, "password": SECRETS[7]}}
        for number, (node, name, address) in enumerate(zip(NODES, NODE_NAMES, ADDRESSES, strict=True))
    ]  # fmt: skip
    components = ["BMC (Primary)", "UEFI (Primary)"]
    memory.seed(xclarity={
        "users": users, "nodes": nodes, "discoverable": [{**device(n, at), "known": n == 2} for n, at in enumerate(FOUND_AT)],
        "stored_credentials": [{"id": CREDENTIAL, "userName": "USERID", "password": SECRETS[7]}],
        "policies": [{"name": name, "components": [
            *({"name": one, "version": f"{version}.00"} for one in components),
            {"name": "UEFI (Backup)", "version": "9.00", "do_not_update": True},
        ]} for version, name in ((3, POLICIES[0]), (2, POLICIES[1]))],
        # One of each complies, one does not, and four have no policy.
        "firmware": {
            NODES[0]: {"policy": POLICIES[0]}, NODES[1]: {"policy": POLICIES[1]},
            NODES[2]: {"policy": POLICIES[0], "versions": dict.fromkeys(components, "3.00")},
            NODES[3]: {"policy": POLICIES[0], "versions": {"BMC (Primary)": "3.00"}},
        },
        "patterns": [{"id": ident, "name": name} for ident, name in PATTERNS],
        "profiles": [
            {"id": "71", "name": "a", "status": "active", "target": NODES[0], "template": PATTERNS[0][1], "template_id": PATTERNS[0][0]},
            {"id": "72", "name": "b", "status": "pending", "target": NODES[1], "template": PATTERNS[1][1], "template_id": PATTERNS[1][0]},
        ],
        "os_images": [{"id": "win2016", "profiles": [{"id": IMAGE, "export_size": 2000}]}],
        "deploy_states": {NODES[0]: 17, NODES[1]: 20, NODES[2]: 3},
    })  # fmt: skip
    memory.world.systems["xclarity"].switches["max_concurrent_sessions"] = 0


# -- how servers may differ: family -> name -> what is done -----------------------------------------------------------------

Change = Callable[[Any], None]


def switch(system: str, **values: Any) -> Change:
    return lambda memory: memory.world.systems[system].switches.update(values)


def _bad_copy(memory: Any) -> None:
    """The copy of a backup on a share is broken, and the list tells the checksum of each copy."""
    memory.world.systems["xclarity"].switches["location_entries"] = "each"
    for backup in memory.world.systems["xclarity"].backups_part.all.values():
        backup["checksums"] = {share: hashlib.sha256(b"broken").hexdigest() for share in SHARES}


def _activating_as_pending(memory: Any) -> None:
    switches = memory.world.systems["xclarity"].switches
    switches["profile_status_words"] = {**switches["profile_status_words"], "activating": "PENDING_ACTIVATION"}


_SLOW = {"jobs that take a minute": switch("xclarity", job_seconds=60.0), "jobs that take an hour": switch("xclarity", job_seconds=3600.0)}
QUIRKS: dict[str, dict[str, Change]] = {
    "profiles": {
        **_SLOW,
        "a list that shows an activation as pending": _activating_as_pending,
        "activations without the id of a job": switch("xclarity", activation_job_id="absent"),
        "no status call": switch("xclarity", profiles_status_served=False),
    },
    "backups": {
        **_SLOW,
        "a checksum for each copy": switch("xclarity", location_entries="each"),
        "broken copies": _bad_copy,
        "transfers without the id of a job": switch("xclarity", empty_job_id=True),
        "moves that leave the source": switch("xclarity", move_deletes_source=False),
        "jobs that vanish": switch("xclarity", job_kept_seconds=0.0),
    },
    "images": _SLOW,
    "servers": {
        **_SLOW,
        "power that shows late": switch("xclarity", power_status_lag=40.0),
        "power that changes when its job ends": switch("xclarity", power_effect="at_end"),
        "power actions without a header": switch("xclarity", job_location="absent"),
        "systems that heed no graceful stop": switch("xclarity", stubborn_systems=NODES[:3]),
        "jobs of managing in a text": switch("xclarity", manage_job_told="text"),
        "jobs of managing in a header": switch("xclarity", manage_job_told="location", manage_status=202),
        "jobs of managing that are not told": switch("xclarity", manage_job_told="absent"),
        "a discovery in an array": switch("xclarity", discovery_shape="array"),
        "jobs that vanish": switch("xclarity", job_kept_seconds=0.0),
    },
    "firmware": {
        **_SLOW,
        "a comparison that follows late": switch("xclarity", compliance_lag=60.0),
        "a word of success that is not known": switch("xclarity", update_success_word="Geschafft"),
        "the older key of the comparison": switch("xclarity", compliance_key="deviceCompliant"),
        "jobs that vanish": switch("xclarity", job_kept_seconds=0.0),
    },
    "deployments": {
        **_SLOW,
        "an empty answer to a pattern": switch("xclarity", pattern_reply="empty"),
        "an answer that says nothing": switch("xclarity", pattern_reply="bare"),
        "a number of completion that goes": switch("xclarity", deployed_state_seconds=5.0),
        "jobs that vanish": switch("xclarity", job_kept_seconds=0.0),
    },
    "pool": {
        "allocations that take two minutes": switch("ops_manager", allocation_seconds=120.0),
        "the newest entry first": switch("ops_manager", list_order="newest"),
        "cancels that take a minute": switch("ops_manager", cancel_seconds=60.0),
        "servers that are gone for hours": switch("ops_manager", recycle_seconds=9999.0),
        "two nodes behind one address": switch("ops_manager", digest_nodes=2),
    },
    "clusters": {"no orchestration service": switch("clustering", heat=False), "short tokens": switch("clustering", token_seconds=1.0)},
}


# -- other control nodes -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Other:
    """Something that somebody else does to the estate. helps: it may bring a resource to where a task wants it."""

    name: str
    do: Callable[[Any, int], None]
    helps: bool = False


def _activate(memory: Any, number: int) -> None:
    part = memory.world.systems["xclarity"].profiles_part
    ident = PROFILES[number % 8][0]
    if part.all[ident]["status"] != "activating":
        part._begin(part.all[ident], part.system.inventory_part.target(TARGET[ident]), False, "OTHER")


def _unassign(memory: Any, number: int) -> None:
    part = memory.world.systems["xclarity"].profiles_part
    part._unassign(part.all[PROFILES[number % 8][0]], False)


def _delete_backup(memory: Any, number: int) -> None:
    part = memory.world.systems["xclarity"].backups_part
    backup = part.all.get(BACKUPS[number % 4][0])
    if backup is not None and len(backup["locations"]) > 1:
        backup["locations"].pop(number // 4 % 2)


def _copy_backup(memory: Any, number: int) -> None:
    backup = memory.world.systems["xclarity"].backups_part.all.get(BACKUPS[number % 4][0])
    share = SHARES[number // 4 % 2]
    if backup is not None and share not in backup["locations"]:
        backup["locations"].append(share)


def _push(memory: Any, number: int) -> None:
    system = memory.world.systems["xclarity"]
    backup = system.backups_part.all.get(BACKUPS[number % 4][0])
    if backup is not None and system.jobs_part.running("push") is None:
        system.backups_part._push(backup, "192.0.2.12", "OTHER")


def _bound(memory: Any) -> list[Server]:
    return [server for server in memory.world.systems["ops_manager"].pool.servers.values() if server.status == "BOUND"]


def _give_back(memory: Any, number: int) -> None:
    held = _bound(memory)
    if held:
        memory.world.systems["ops_manager"].pool.terminate(held[number % len(held)])


def _take(memory: Any, number: int) -> None:
    pool = memory.world.systems["ops_manager"].pool
    free = [server for server in pool.servers.values() if server.status == "AVAILABLE"]
    if free:
        server = free[number % len(free)]
        del pool._available[server.id]
        server.status, server.group = "BOUND", GROUP


def _swap(memory: Any, number: int) -> None:
    _give_back(memory, number)
    _take(memory, number + 1)


def _order(memory: Any, number: int) -> None:
    memory.world.systems["ops_manager"].pool.create_request(GROUP, [KINDS[number % 2]])


def _cancel(memory: Any, _number: int) -> None:
    pool = memory.world.systems["ops_manager"].pool
    for request in pool.requests.values():
        if request.status == "EXECUTING":
            pool.cancel(request)
            break


def _rows(memory: Any, name: str) -> list[Profile]:
    return [one for one in memory.world.systems["clustering"].store.profiles.values() if one.name == name and one.user != "OTHER"]


def _make(memory: Any, number: int) -> None:
    system, name = memory.world.systems["clustering"], "abc"[number % 3]
    system.store.add(Profile(
        str(senlin.uuid.uuid4()), name, "os.heat.stack-1.0", SPECS[number // 3 % 2], {}, "OTHER", fixed_id("project", f"default/{PROJECT}"),
        system.clock.now(),
    ))  # fmt: skip


def _delete(memory: Any, number: int) -> None:
    for one in _rows(memory, "abc"[number % 3])[:1]:
        if one.project != fixed_id("project", "default/alt_demo"):
            memory.world.systems["clustering"].store.delete(one)


def _node(memory: Any, number: int) -> Any:
    return memory.world.systems["xclarity"].inventory_part.nodes.get(NODES[number % 8])


def _press(memory: Any, number: int) -> None:
    node = _node(memory, number)
    if node is not None:
        memory.world.systems["xclarity"].inventory_part._set_power(node, 5 if node["power"] == 8 else 8)


def _restart(memory: Any, number: int) -> None:
    node = _node(memory, number)
    if node is not None:
        memory.world.systems["xclarity"].inventory_part.restart(node)


def _take_over(memory: Any, number: int) -> None:
    part = memory.world.systems["xclarity"].managing_part
    device = part.devices.get(FOUND_AT[number % 3])
    if device is not None:
        part._take(device, {"securityDescriptor": {"storedCredentials": {"id": CREDENTIAL}}})


def _give_up(memory: Any, number: int) -> None:
    node = _node(memory, number)
    if node is not None:
        memory.world.systems["xclarity"].managing_part._give_up(node)


def _assign(memory: Any, number: int) -> None:
    part, name = memory.world.systems["xclarity"].firmware_part, POLICIES[number // 4 % 2]
    part.assigned[NODES[number % 4]] = name
    part.compared[NODES[number % 4]] = (name, 0.0)


def _update(memory: Any, number: int) -> None:
    system, node = memory.world.systems["xclarity"], _node(memory, number % 4)
    part = system.firmware_part
    policy = part.policies.get(part.assigned.get(node["uuid"], "")) if node else None
    if policy and not any(one["job"].final is None for one in part.status.get(node["uuid"], {}).values()):
        part._install(node["uuid"], {one["name"]: one["version"] for one in policy["components"] if not one.get("do_not_update")})


def _free_target(memory: Any, number: int) -> None:
    part = memory.world.systems["xclarity"].profiles_part
    ident = part.by_target.get(NODES[number % 8])
    if ident is not None:
        part._unassign(part.all[ident], False)


OTHERS: dict[str, tuple[Other, ...]] = {
    "profiles": (Other("unassigns a profile", _unassign), Other("activates a profile", _activate, helps=True)),
    "backups": (
        Other("deletes a copy of a backup", _delete_backup), Other("copies a backup", _copy_backup, helps=True),
        Other("pushes a backup", _push, helps=True),
    ),
    "images": (),
    "pool": (
        Other("gives a server back", _give_back), Other("gives a server back and takes another", _swap), Other("takes a server", _take),
        Other("orders a server", _order), Other("cancels a request", _cancel),
    ),
    "servers": (
        Other("presses the button of a server", _press, helps=True), Other("takes a server over", _take_over, helps=True),
        Other("gives a server up", _give_up, helps=True),
    ),
    "firmware": (
        Other("restarts a server", _restart, helps=True), Other("assigns a policy", _assign, helps=True),
        Other("updates a server", _update, helps=True),
    ),
    "deployments": (Other("unassigns a profile", _free_target), Other("restarts a server", _restart, helps=True)),
    "clusters": (Other("makes a profile", _make, helps=True), Other("deletes a profile", _delete)),
}  # fmt: skip
