# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a group: its servers from the pool, joined with the agents and processes on them.

Sources: the pages "Agents" (an agent shows up once its server is bound, with NO_PROCESSES) and "Hosts", which lists
MongoDB processes, several a machine. Both name the machine only by its hostname.
"""

from __future__ import annotations

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._errors import named
from ansible_collections.groundwork.provision.plugins.module_utils._text import clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import segment
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, server_pool
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.api import Entry, OpsManager
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager.server_pool import Document

# field of the API -> key of ours
_AGENT = {"stateName": "state", "confCount": "conf_count", "lastConf": "last_conf"}
_PROCESS = {
    "id": "id",
    "port": "port",
    "typeName": "type",
    "replicaSetName": "replica_set",
    "replicaStateName": "replica_state",
    "shardName": "shard",
    "version": "version",
}


def hosts(
    client: OpsManager, group: str, properties: t.Mapping[str, t.Any] | None, *, agents: bool, processes: bool,
    tell: t.Callable[[str], None],
) -> list[dict[str, t.Any]]:
    """Each bound server as ``{"name": hostname, "vars": {...}}``; properties: only those that have them. tell: gets what fits none."""
    wanted = server_pool.desired(properties) if properties else None
    found = [server for server in server_pool.read_servers(client, group) if server.status == server_pool.BOUND]
    if wanted is not None and found:
        _tell_what_fits_none(wanted, [server.properties for server in found], tell)
    by_agent = _by_hostname(client, group, "agents/AUTOMATION", _AGENT) if agents else {}
    by_process = _by_hostname(client, group, "hosts", _PROCESS) if processes else {}
    result = []
    for server in found:
        if wanted is not None and not wanted.covers(server.properties):
            continue
        facts = {f"server_pool_{key}": value for key, value in server.public().items() if key != "hostname"}
        name = server.hostname.lower()
        if agents:
            facts["server_pool_agent"] = by_agent.get(name, [{"state": None}])[0]
        if processes:
            facts["server_pool_processes"] = by_process.get(name, [])
        result.append({"name": server.hostname, "vars": facts})
    return result


def _tell_what_fits_none(wanted: server_pool.Desired, there: t.Sequence[Document], tell: t.Callable[[str], None]) -> None:
    nobodys = [f"{name}={one}" for name, several in wanted.values.items() for one in several if all(doc.get(name) != one for doc in there)]
    if nobodys:
        tell(f"no server of the group has {named([clean(one, 120) for one in nobodys], 200)} (option properties).")
    elif not any(map(wanted.covers, there)):
        tell("no server of the group has all of the properties (option properties).")


def _by_hostname(client: OpsManager, group: str, path: str, fields: t.Mapping[str, str]) -> dict[str, list[Entry]]:
    """The entries of a list by lower-case hostname, each with ``fields`` only."""
    entries = api.list_all(
        client,
        f"/groups/{segment(group, 'group_id')}/{path}",
        what=f"list the group's {path.partition('/')[0]}",
        key=lambda entry: f"{entry.get('id')} {entry.get('hostname')} {entry.get('port')}",
    )
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        row = {ours: entry.get(theirs) for theirs, ours in fields.items()}
        found.setdefault(str(entry.get("hostname", "")).lower(), []).append(row)
    return found
