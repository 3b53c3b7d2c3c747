# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether something else is under way on a server that a request would restart, rewrite or give up."""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._operation import Item
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import jobs


def refuse(
    client: Client,
    items: t.Sequence[Item],
    server: t.Callable[[Item], str] = lambda item: item.key,
    but: t.Callable[[str], bool] = lambda text: False,
) -> None:
    """Fail those that something would be sent for while an open job of the appliance is about the same server: to cut the power of a
    server whose firmware is being written can break it. server: the UUID, in capitals and without dashes, of an item's. but: tells by
    the text of a job that the operation itself judges such jobs."""
    going = {server(item): item for item in items if item.steps and item.failure is None}
    for job, device, text in jobs.read_open_devices(client) if going else []:
        item = going.pop(device, None) if not but(text) else None
        if item is not None:
            hint = f"Wait for it with the module job (job {job}), then run again."
            item.fail(Failure("busy", f"the job {job} has not ended, and it is about this server.", hint, job=job), client.system)
            item.steps, item.later = (), ()
