# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that XClarity Administrator manages, as an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: xclarity
short_description: Servers of Lenovo XClarity Administrator
version_added: 1.0.0
description:
  - Makes a host of each server that XClarity Administrator manages, with variables from its inventory.
  - Names and addresses that XClarity Administrator tells are those of the management controllers (BMC), not of operating systems.
    So C(ansible_host) is not set unless O(bmc_as_ansible_host) says so. The controller's address is the variable C(xclarity_bmc_address).
  - The file must be named C(xclarity.yml) or end in C(.xclarity.yml) (or C(.yaml)).
author:
  - groundwork.provision contributors (@groundwork)
extends_documentation_fragment:
  - constructed
  - inventory_cache
requirements:
  - requests >= 2.32.4
options:
  plugin:
    description: V(groundwork.provision.xclarity).
    type: str
    required: true
    choices: [groundwork.provision.xclarity]
  endpoint:
    description: Address of XClarity Administrator, V(https://host) with an optional port.
    type: str
    required: true
    env: [{name: XCLARITY_ENDPOINT}]
  username:
    description: User of XClarity Administrator.
    type: str
    required: true
    env: [{name: XCLARITY_USERNAME}]
  password:
    description: Password of O(username). Give it by the environment or encrypt it with Vault.
    type: str
    required: true
    env: [{name: XCLARITY_PASSWORD}]
  auth_method:
    description:
      - V(session) logs in, and logs out on every way out. V(basic) sends user and password with each request and needs no session.
    type: str
    choices: [session, basic]
    default: session
    env: [{name: XCLARITY_AUTH_METHOD}]
  validate_certs:
    description: Whether the server's certificate is verified.
    type: bool
    default: true
    env: [{name: XCLARITY_VALIDATE_CERTS}]
  ca_path:
    description: File of PEM certificates that sign the server's certificate.
    type: path
    env: [{name: XCLARITY_CA_PATH}]
  use_proxy:
    description: Whether the proxy variables of the environment are followed.
    type: bool
    default: true
    env: [{name: XCLARITY_USE_PROXY}]
  timeout:
    description: Seconds that one request and its whole answer may take.
    type: float
    default: 60.0
    env: [{name: XCLARITY_TIMEOUT}]
  status:
    description: Which servers to ask for.
    type: str
    choices: [managed, unmanaged, all]
    default: all
  bmc_type:
    description: Only servers with this kind of management controller.
    type: str
    choices: [FSP, IMM2, lenovo-AMI-controller, XCC, XCC2]
  hostnames:
    description:
      - What a host is named after, the first of these that a server has. Keys of the server as in M(groundwork.provision.node_info).
      - Characters that mean something in host patterns become underscores.
      - Where two servers would get one name, both get C(_) and their UUID appended.
    type: list
    elements: str
    choices: [name, hostname, fqdn, serial_number, uuid, bmc_address]
    default: [name, uuid]
  vars_prefix:
    description: What the names of the variables begin with.
    type: str
    default: xclarity_
  bmc_as_ansible_host:
    description: Whether C(ansible_host) is the address of the management controller, for plays that talk to the controllers themselves.
    type: bool
    default: false
"""

EXAMPLES = r"""
# xclarity.yml; user and password come from XCLARITY_USERNAME and XCLARITY_PASSWORD
plugin: groundwork.provision.xclarity
endpoint: https://xclarity.example.com
ca_path: /etc/ssl/certs/xclarity.pem
status: managed
groups:
  powered_on: xclarity_power == "on"
keyed_groups:
  - key: xclarity_rack
    prefix: rack
  - key: xclarity_product
    prefix: product
compose:
  ansible_host: xclarity_name ~ ".servers.example.com"
"""

import collections
import operator
import re
import typing as t

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.groundwork.provision.plugins.module_utils import _wire
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, nodes
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder, collector_paused

CONNECTION = ("endpoint", "username", "password", "auth_method", "validate_certs", "ca_path", "use_proxy", "timeout")
# Blanks, and what separates, negates or slices in a pattern of hosts.
_SPECIAL = re.compile(r"[^\w.@+-]")


def host_name(node: t.Mapping[str, t.Any], keys: t.Sequence[str]) -> str:
    """The first of ``keys`` that the server has, fit for a pattern of hosts."""
    value = next((node[key] for key in keys if node[key]), "")
    return _SPECIAL.sub("_", value).lstrip("-+@")


def name_all(found: t.Sequence[t.Mapping[str, t.Any]], keys: t.Sequence[str], uuid: str) -> list[str]:
    """A name for each server; those that would share one get their UUID (under the key ``uuid``) appended."""
    names = [host_name(node, keys) or node[uuid] for node in found]
    count = collections.Counter(names)
    return [name if count[name] == 1 else f"{name}_{node[uuid]}" for name, node in zip(names, found, strict=True)]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Read, name, fill in; groups and composed variables are Ansible's own."""

    NAME = "groundwork.provision.xclarity"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith(("xclarity.yml", "xclarity.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        with collector_paused():
            found = self._cached(path, cache)
            if found:
                self._fill(found)

    def _cached(self, path: str, cache: bool) -> list[dict[str, t.Any]]:
        self.load_cache_plugin()
        wanted = self.get_option("cache")
        key = self.get_cache_key(path)
        if wanted and cache:
            kept = self._cache.get(key)
            # What was kept under another vars_prefix, or by another version, is of no use.
            if isinstance(kept, list) and all(self.get_option("vars_prefix") + "uuid" in node for node in kept[:1]):
                return kept
        found = self._fetch()
        if wanted:
            self._cache[key] = found
        return found

    def _fetch(self) -> list[dict[str, t.Any]]:
        """One login, one list, one logout."""
        if _wire.requests is None:
            raise AnsibleParserError("The Python library requests is needed for the inventory groundwork.provision.xclarity.")
        too_old = _wire.requests_is_too_old()
        if too_old:
            raise AnsibleParserError(f"The Python library requests is too old for groundwork.provision.xclarity ({too_old}).")
        run = Run({name: self.get_option(name) for name in CONNECTION})
        for name in ("endpoint", "username", "password"):
            # A text of the inventory file may be a template ("{{ lookup(...) }}"); Ansible says which texts it trusts.
            run.params[name] = str(self.templar.template(run.params[name]))
        status = self.get_option("status")
        try:
            with api.connect(run) as client:
                entries = nodes.read_raw(
                    client,
                    status=None if status == "all" else status,
                    processor=self.get_option("bmc_type"),
                    attributes=nodes.ATTRIBUTES,
                )
        except Failure as failure:
            raise AnsibleParserError(run.redactor.text(failure.message())) from None
        # Control characters and broken Unicode are rare: one look at each server is cheaper than a copy of all.
        prefix = self.get_option("vars_prefix")
        texts = operator.itemgetter(*nodes.text_keys(prefix), *(prefix + key for key in ("bmc_address", "location", "room", "rack")))
        found = [nodes.parse(entry, prefix) for entry in entries]
        return [node if "".join(texts(node)).isprintable() else safe(node) for node in found]

    def _fill(self, found: list[dict[str, t.Any]]) -> None:
        prefix = self.get_option("vars_prefix")
        direct = self.get_option("bmc_as_ansible_host")
        strict = self.get_option("strict")
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        constructs = bool(compose or groups or keyed)
        adder = Adder(self.inventory)
        names = name_all(found, [prefix + key for key in self.get_option("hostnames")], prefix + "uuid")
        for name, values in zip(names, found, strict=True):
            variables = dict(values)  # the host's own: a cache keeps ``found`` as it is
            if direct and values[prefix + "bmc_address"]:
                variables["ansible_host"] = values[prefix + "bmc_address"]
            host = adder.add(name, variables)
            if constructs:
                self._set_composite_vars(compose, host.vars, name, strict=strict)
                self._add_host_to_composed_groups(groups, host.vars, name, strict=strict)
                self._add_host_to_keyed_groups(keyed, host.vars, name, strict=strict)
