# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: server_pool
short_description: Servers that a group of Ops Manager holds from the server pool
version_added: 1.0.0
description:
  - Makes a host of each server that is bound to a group (project) of Ops Manager, and groups them by their properties.
  - The file must end with C(server_pool.yml) or C(server_pool.yaml).
  - What agents wrote into their properties is data, it is never evaluated as a template.
  - Agents also name their machines. A server becomes a host only when its name is a host name or an IP address, and not one of
    this machine. The others are left out, with one warning that counts them and names some.
  - Where several servers have one name, each gets C(_) and its id appended, and C(ansible_host) is the name. Where an earlier source of
    the inventory has made a host of that name for another server of a pool, the later one gets it appended, with a warning.
notes:
  - Where Ops Manager is down or does not take the key, Ansible only warns and goes on without its servers. Set
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) to have it fail.
  - An option is read as strictly as a module's. An unknown option, or a value of another type, is refused before anything is sent.
  - A blank value (an empty text, or null) is not set, neither in the file nor in the environment.
  - Of O(group_id) and O(group_name), one in the file comes before both in the environment.
  - Templates are evaluated in the text of the file only, with the variables of the command line (C(-e)). Values of the environment and
    values encrypted with Vault are taken letter for letter.
  - A cache (O(cache)) is kept for each endpoint, key, group and choice of servers. Another key does not find it.
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [groundwork.provision.server_pool]
  endpoint:
    description: Address of Ops Manager, V(https://host) with an optional port, without the path of its API.
    type: str
    required: true
    env: [{name: OPS_MANAGER_ENDPOINT}]
  public_key:
    description: Public part of the API key, or the user name where a release before 4.2 has personal API keys.
    type: str
    required: true
    aliases: [username]
    env: [{name: OPS_MANAGER_PUBLIC_KEY}]
  private_key:
    description: Private part of the API key, or the personal API key of the user. It may be a template or vaulted.
    type: str
    required: true
    aliases: [api_key]
    env: [{name: OPS_MANAGER_PRIVATE_KEY}]
  group_id:
    description: Id of the group (project). Either this or O(group_name).
    type: str
    aliases: [project_id]
    env: [{name: OPS_MANAGER_GROUP_ID}]
  group_name:
    description: Name of the group (project). Either this or O(group_id).
    type: str
    aliases: [project_name]
    env: [{name: OPS_MANAGER_GROUP_NAME}]
  validate_certs:
    description: Whether the server's certificate is verified. Nothing but V(false) (V(no), V(off), V(0)) turns it off, with a warning.
    type: bool
    default: true
    env: [{name: OPS_MANAGER_VALIDATE_CERTS}]
  ca_path:
    description: File of PEM certificates that sign the server's certificate.
    type: path
    env: [{name: OPS_MANAGER_CA_PATH}]
  use_proxy:
    description: Whether the proxy variables of the environment are followed.
    type: bool
    default: true
    env: [{name: OPS_MANAGER_USE_PROXY}]
  timeout:
    description: Seconds that one request and its whole answer may take.
    type: float
    default: 30.0
    env: [{name: OPS_MANAGER_TIMEOUT}]
  properties:
    description: Only servers with these properties; a list of values means any of them. Values may be templates. A warning names those that
      no server of the group has, with a cache too.
    type: dict
    default: {}
  property_groups:
    description:
      - Whether each property makes a group, V(server_pool_<property>_<value>). Characters that a group's name cannot have become V(_).
    type: bool
    default: true
  agents:
    description:
      - Whether to read the automation agents too, one list more. Each host then has C(server_pool_agent), with the state
        V(NO_PROCESSES) while nothing runs on it.
    type: bool
    default: false
  processes:
    description: Whether to read the MongoDB processes too, one list more. Each host then has the list C(server_pool_processes).
    type: bool
    default: false
requirements:
  - requests >= 2.32.4
seealso:
  - module: groundwork.provision.server_pool_info
"""

EXAMPLES = r"""
# estate.server_pool.yml
plugin: groundwork.provision.server_pool
endpoint: https://opsmanager.example.com:8443
public_key: automation
private_key: "{{ lookup('ansible.builtin.env', 'OPS_MANAGER_PRIVATE_KEY') }}"
group_name: payments
agents: true
keyed_groups:
  - key: server_pool_properties.Size
    prefix: size
groups:
  idle: server_pool_agent.state == 'NO_PROCESSES'
compose:
  rack: server_pool_properties.Rack | default('unknown')
"""

import typing as t

from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, facts
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import may_be_host, unique
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_source import Row, ServerInventory


class InventoryModule(ServerInventory):
    """See DOCUMENTATION."""

    NAME = "groundwork.provision.server_pool"
    endings = ("server_pool",)
    connection = ("endpoint", "public_key", "private_key", "group_id", "group_name", "validate_certs", "ca_path", "use_proxy", "timeout")
    secrets = ("private_key",)
    selection = ("properties", "agents", "processes")
    exclusive = (("group_id", "group_name"),)

    def connect(self, run: Run) -> api.OpsManager:
        return api.connect(run)

    def fetch(self, client: t.Any, run: Run) -> list[Row]:
        """Each server as ``{"name", "vars"}``."""
        return facts.hosts(
            client,
            api.group_id(client, run.params),
            self.get_option("properties"),
            agents=self.get_option("agents"),
            processes=self.get_option("processes"),
            tell=self.note,
        )

    def of_use(self, row: Row) -> bool:
        facts = row.get("vars")
        return "name" in row and isinstance(facts, dict) and facts.keys() >= {"server_pool_id", "server_pool_properties"}

    def fill(self, rows: list[Row]) -> None:
        usable = []
        for row in rows:
            if may_be_host(row["name"]):
                usable.append(row)
            else:
                self.leave_out("the server", row["name"])
        names = unique([row["name"] for row in usable], [str(row["vars"]["server_pool_id"]) for row in usable])
        by_property = self.get_option("property_groups")
        by_pair: dict[tuple[str, str], t.Any] = {}
        adder = Adder(self.inventory)
        for free, row in zip(names, usable, strict=True):
            name = self.free_name(free, "server_pool_id", str(row["vars"]["server_pool_id"]))
            # What a cache keeps is as it came; a host has copies, fit to be shown.
            variables = safe(row["vars"])
            if name != row["name"]:
                variables["ansible_host"] = row["name"]
            host = adder.add(name, variables)
            for pair in sorted(row["vars"]["server_pool_properties"].items()) if by_property else ():
                if pair not in by_pair:
                    group = self.inventory.add_group(self._sanitize_group_name("server_pool_" + "_".join(pair)))
                    by_pair[pair] = self.inventory.groups[group]
                by_pair[pair].add_host(host)
            self.constructed(host)
