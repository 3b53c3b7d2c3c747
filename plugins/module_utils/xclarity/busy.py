# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something else is under way on a server that a request would restart, rewrite or give up, or that seems to be as desired.

The open jobs are read before what is judged by them: work that ends between two readings then shows in the second one.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import activations, jobs, profiles

# The kinds of work that look for each other here share a lock, so that one of them sees what another has started.
GROUP = "servers"
# (id, UUID of the server, text) of each open job
Going = t.Sequence[tuple[str, str, str]]


def read(client: Client) -> Going:
    """The open jobs that are about a device."""
    return jobs.read_open_devices(client)


def job_of(going: Going, server: str, but: t.Callable[[str], bool] = profiles.may_activate) -> str | None:
    """The open job about a server that seems to be as desired. but: leaves out by its text the activation of a profile, whose job may
    be open until the server restarts, for weeks perhaps."""
    return next((job for job, device, text in going if device == server and not but(text)), None)


def refuse(
    client: Client,
    items: t.Sequence[Item],
    going: Going | None = None,
    server: t.Callable[[Item], str] = lambda item: item.key,
    but: t.Callable[[str], bool] = lambda text: False,
    profiles_too: bool = True,
) -> None:
    """Fail those that something would be sent for while an open job of the appliance is about the same server, or a profile is being
    activated there: to cut the power of a server whose firmware is being written can break it. server: the UUID, in capitals and without
    dashes, of an item's. but: tells by the text of a job that the operation itself judges such jobs. profiles_too: false where the
    operation itself judges activations."""
    concerned = [item for item in items if item.steps and item.failure is None]
    if not concerned:
        return
    going = read(client) if going is None else going
    busy = {device: job for job, device, text in reversed(going) if not but(text)}
    for item in concerned:
        if server(item) in busy:
            fail(client, item, busy[server(item)])
    left = [item for item in concerned if item.failure is None]
    activating = _activating(client, {server(item) for item in left}) if profiles_too and left else {}
    for item in left:
        if server(item) in activating:
            fail_activation(client, item, activating[server(item)])


def _activating(client: Client, servers: t.Collection[str]) -> dict[str, str]:
    """The names of the profiles that are being activated on these servers, by UUID. An activation that waits for a restart is over, and
    one that the appliance does not tell of is not known."""
    try:
        there = [one for one in profiles.read_all(client) if one.uuid and profiles.normal(one.uuid).upper() in servers]
        unsure = [one.uuid for one in there if one.status in activations.MAY_BE_OLD]
        told = profiles.read_activation(client, unsure) if unsure else {}
    except Failure as failure:
        if failure.status not in (400, 403, 404, 405, 501) and failure.code not in ("bad_reply", "not_json"):
            raise
        return {}
    running = [one for one in there if profiles.ACTIVATING in (one.status, told.get(one.uuid.casefold()))]
    return {profiles.normal(one.uuid).upper(): one.name for one in running}


def fail_activation(client: Client, item: Item, profile: str) -> None:
    """The profile of that name is being activated on the server of this item."""
    hint = "Wait for it (profile_activation of the same profile with state active joins the wait), then run again."
    _fail(client, item, Failure("busy", f"the profile {clean(profile, 80)} is being activated on this server.", hint))


def fail(client: Client, item: Item, job: str) -> None:
    """The job has not ended, and it is about the server of this item."""
    hint = f"Wait for it with the module job (job {job}), then run again."
    _fail(client, item, Failure("busy", f"the job {job} has not ended, and it is about this server.", hint, job=job))


def _fail(client: Client, item: Item, failure: Failure) -> None:
    item.fail(failure, client.system)
    item.steps, item.later = (), ()
