# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a few clients and an unreliable network can meet, for each policy that a client could have.

A world: how many objects are active, how many requests are on their way, who holds the lock, where each client is. All
interleavings are explored. An end state with two active objects is bad. The collection's policy is the last one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

LIST, POST, AGAIN, CHECK, DONE, FAILED = "list", "post", "again", "check", "done", "failed"


@dataclasses.dataclass(frozen=True)
class Policy:
    """resend: after an error. check: read back first. lock: one client at a time. settle: wait until nothing is on its way."""

    name: str
    resend: bool = False
    check: bool = False
    lock: bool = False
    settle: bool = False


NAIVE = Policy("resend after an error", resend=True)
READ_THEN_RESEND = Policy("read back, then resend", resend=True, check=True)
FAIL = Policy("fail at once")
READ_THEN_FAIL = Policy("read back, then fail", check=True)
LOCKED = Policy("read back, lock", check=True, lock=True)
OURS = Policy("read back, lock, settle", check=True, lock=True, settle=True)
POLICIES = [NAIVE, READ_THEN_RESEND, FAIL, READ_THEN_FAIL, LOCKED, OURS]


@dataclasses.dataclass(frozen=True)
class Faults:
    """What may become of a request whose answer is an error: lost, applied all the same, or late."""

    lost: bool = False
    applied: bool = False
    late: bool = False


NO_FAULTS, LOST, LATE = Faults(), Faults(lost=True, applied=True), Faults(lost=True, applied=True, late=True)


@dataclasses.dataclass(frozen=True)
class Client:
    at: str = LIST
    reruns: int = 1
    holds: bool = False


@dataclasses.dataclass(frozen=True)
class World:
    clients: tuple[Client, ...]
    active: int = 0
    coming: int = 0


def ends(policy: Policy, faults: Faults, clients: int, reruns: int = 1) -> set[World]:
    """All end states."""
    start = World((Client(reruns=reruns),) * clients)
    seen, todo, found = {start}, [start], set()
    while todo:
        world = todo.pop()
        following = list(_next(world, policy, faults))
        if not following:
            found.add(world)
        for one in following:
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return found


def bad(policy: Policy, faults: Faults, clients: int, reruns: int = 1) -> tuple[int, int]:
    """(end states with more than one active object, end states)."""
    found = ends(policy, faults, clients, reruns)
    return sum(world.active > 1 for world in found), len(found)


def _next(world: World, policy: Policy, faults: Faults) -> Iterator[World]:
    if world.coming:
        yield dataclasses.replace(world, active=world.active + 1, coming=world.coming - 1)
    for number, client in enumerate(world.clients):
        for moved, active, coming in _moves(client, world, policy, faults):
            clients = (*world.clients[:number], moved, *world.clients[number + 1 :])
            yield World(clients, world.active + active, world.coming + coming)


def _moves(client: Client, world: World, policy: Policy, faults: Faults) -> Iterator[tuple[Client, int, int]]:
    """What a client can do next: (client, objects that become active, requests that set out)."""
    go = dataclasses.replace
    quiet = not policy.settle or world.coming == 0
    if client.at == LIST:
        if policy.lock and not client.holds:
            if not any(other.holds for other in world.clients):
                yield go(client, holds=True), 0, 0
        elif quiet:
            yield (go(client, at=DONE, holds=False) if world.active else go(client, at=POST)), 0, 0
    elif client.at in (POST, AGAIN):
        yield go(client, at=DONE, holds=False), 1, 0
        if client.at == POST and policy.check:
            then = go(client, at=CHECK)
        elif client.at == POST and policy.resend:
            then = go(client, at=AGAIN)
        else:
            then = go(client, at=FAILED, holds=False)
        if faults.lost:
            yield then, 0, 0
        if faults.applied:
            yield then, 1, 0
        if faults.late:
            yield then, 0, 1
    elif client.at == CHECK and quiet:
        if world.active:
            yield go(client, at=DONE, holds=False), 0, 0
        else:
            yield (go(client, at=AGAIN) if policy.resend else go(client, at=FAILED, holds=False)), 0, 0
    elif client.at == FAILED and client.reruns:
        yield go(client, at=LIST, reruns=client.reruns - 1), 0, 0
