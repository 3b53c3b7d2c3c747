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
    env: [{name: OPS_MANAGER_PUBLIC_KEY}]
  private_key:
    description: Private part of the API key, or the personal API key of the user. It may be a template or vaulted.
    type: str
    required: true
    env: [{name: OPS_MANAGER_PRIVATE_KEY}]
  group_id:
    description: Id of the group (project). Either this or O(group_name).
    type: str
    env: [{name: OPS_MANAGER_GROUP_ID}]
  group_name:
    description: Name of the group (project).
    type: str
    env: [{name: OPS_MANAGER_GROUP_NAME}]
  validate_certs:
    description: Whether the server's certificate is verified.
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
    description: Only servers with these properties; a list of values means any of them.
    type: dict
    default: {}
  property_groups:
    description:
      - Whether each property makes a group, V(server_pool_<property>_<value>). Characters that a group's name can not have become V(_).
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

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.groundwork.provision.plugins.module_utils import _wire
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe
from ansible_collections.groundwork.provision.plugins.module_utils.ops_manager import api, facts
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder, collector_paused

CONNECTION = ("endpoint", "public_key", "private_key", "group_id", "group_name", "validate_certs", "ca_path", "use_proxy", "timeout")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """See DOCUMENTATION."""

    NAME = "groundwork.provision.server_pool"

    def verify_file(self, path: str) -> bool:
        """Whether this looks like a file of ours."""
        return bool(super().verify_file(path)) and path.endswith(("server_pool.yml", "server_pool.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Read the file, then the servers (from the cache where that is on), then fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        with collector_paused():
            self._fill(self._cached(path, cache))

    def _cached(self, path: str, cache: bool) -> list[dict[str, t.Any]]:
        wanted = self.get_option("cache")
        key = self.get_cache_key(path)
        hosts = self._cache.get(key) if wanted and cache else None
        if hosts is None:
            hosts = self._hosts()
            if wanted:
                self._cache[key] = hosts
        return hosts

    def _hosts(self) -> list[dict[str, t.Any]]:
        """The hosts as plain data: ``{"name", "vars"}`` each."""
        if _wire.requests is None or _wire.requests_is_too_old():
            raise AnsibleParserError("the inventory plugin server_pool needs the Python library requests, 2.32.4 or later")
        run = None
        try:
            run = Run({name: self._value(name) for name in CONNECTION})
            with api.connect(run) as client:
                return facts.hosts(
                    client,
                    api.group_id(client, run.params),
                    self.get_option("properties"),
                    agents=self.get_option("agents"),
                    processes=self.get_option("processes"),
                )
        except Failure as failure:
            text = failure.message()
            raise AnsibleParserError(run.redactor.text(text) if run is not None else text) from None

    def _value(self, name: str) -> t.Any:
        """An option; what is written as a template is evaluated, a vaulted one becomes plain text."""
        value = self.get_option(name)
        if isinstance(value, str):
            value = str(self.templar.template(value)) if self.templar.is_template(value) else str(value)
        return value

    def _fill(self, hosts: list[dict[str, t.Any]]) -> None:
        strict = self.get_option("strict")
        compose, groups, keyed = self.get_option("compose"), self.get_option("groups"), self.get_option("keyed_groups")
        by_property = self.get_option("property_groups")
        by_pair: dict[tuple[str, str], t.Any] = {}
        adder = Adder(self.inventory)
        for host in hosts:
            # What a cache keeps is as it came; a host has copies, fit to be shown.
            entry = adder.add(safe(host["name"]), safe(host["vars"]))
            for pair in sorted(host["vars"]["server_pool_properties"].items()) if by_property else ():
                if pair not in by_pair:
                    group = self.inventory.add_group(self._sanitize_group_name("server_pool_" + "_".join(pair)))
                    by_pair[pair] = self.inventory.groups[group]
                by_pair[pair].add_host(entry)
            if compose:
                self._set_composite_vars(compose, entry.vars, entry.name, strict=strict)
            if groups:
                self._add_host_to_composed_groups(groups, entry.vars, entry.name, strict=strict)
            if keyed:
                self._add_host_to_keyed_groups(keyed, entry.vars, entry.name, strict=strict)
