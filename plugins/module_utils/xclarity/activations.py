# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which activations of profiles are running, where the list of profiles does not tell it: some appliances list a profile that is being
activated as pending."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import READ_ATTEMPTS, Client
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs, profiles
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity.profiles import Profile

Listed = t.TypeVar("Listed")
MAY_BE_OLD = (profiles.PENDING, profiles.FAILED)  # what a list may still show of a profile that is being activated


def open_jobs(client: Client, *, attempts: int = READ_ATTEMPTS) -> list[dict[str, t.Any]]:
    """The jobs that have not ended and could be the activation of a profile."""
    listed = [job for job in jobs.read_all(client, attempts=attempts) if jobs.is_open(job)]
    return [job for job in listed if profiles.may_activate(jobs.text(job)) or jobs.untitled(job)]


def dark(found: t.Iterable[Profile], told: t.Mapping[str, str]) -> list[Profile]:
    """Those whose activation status is not told: the server refuses it, leaves the profile out, or has a word that says nothing. The
    profile of a bay may name no server that could be asked for."""
    return [profile for profile in found if told.get(profile.uuid.casefold()) not in profiles.SAYING]


def running(client: Client, found: t.Sequence[Profile], *, attempts: int = READ_ATTEMPTS) -> set[str]:
    """The ids of those profiles whose activation is running, or may be: where the server does not tell, an open job counts."""
    uuids = [profile.uuid for profile in found if profile.uuid]
    told = profiles.read_activation(client, uuids, attempts=attempts) if uuids else {}
    unsure = {profile.id for profile in dark(found, told)}
    if unsure and not open_jobs(client, attempts=attempts):
        unsure = set()
    return unsure | {profile.id for profile in found if told.get(profile.uuid.casefold()) == profiles.ACTIVATING}


def follow(
    client: Client,
    listed: Listed,
    read: t.Callable[[], Listed],
    chosen: t.Callable[[Listed], t.Iterable[Profile]],
    *,
    attempts: int = READ_ATTEMPTS,
) -> tuple[Listed, set[str]]:
    """A list that holds profiles, and the ids of those ``chosen`` of it whose activation is running.

    What is ``listed`` may show one as it was before an activation that has ended since. So where the status, which is read after it,
    tells of no activation, the list is read once more, to be as late as that.
    """
    old = [profile for profile in chosen(listed) if profile.status in MAY_BE_OLD]
    going = running(client, old, attempts=attempts)
    return (read() if any(profile.id not in going for profile in old) else listed), going
