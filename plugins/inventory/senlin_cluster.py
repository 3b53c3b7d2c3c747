# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: senlin_cluster
short_description: Nodes of the clusters of OpenStack Clustering (Senlin)
version_added: 1.0.0
description:
  - Makes a host of each node of the clusters of a project, with a group for each cluster and for each role.
  - The file must end with C(senlin_cluster.yml) or C(senlin_cluster.yaml).
  - The address is that of the node's server, as the clustering service reads it from the compute service. A node whose server has none
    is a host without C(ansible_host).
  - What the service reports is data, it is never evaluated as a template. A name that is no host name gets C(_) for what cannot be in one.
    An address that is none, or one of this machine, is left out, with one warning that counts them.
  - Names of nodes are not unique. Where several have one name, each gets C(_) and its id appended, and so does a node with the name of a
    host that another source of the inventory has made for another node, with a warning.
  - Nor are those of clusters. The group of a cluster is C(senlin_cluster_) and its name. Where several clusters of the project would have
    that group, or one of an earlier source of the inventory has it, the id is appended, with a warning. The group of a role
    (C(senlin_role_)) is that of all clusters.
notes:
  - An option is read as strictly as a module's. An unknown option, or a value of another type, is refused before anything is sent.
  - A blank value (an empty text, or null) is not set.
  - If neither O(auth) nor O(cloud) is set, the C(OS_*) variables of the environment decide, as for the modules.
  - An administrator's token sees other projects' clusters; only those of the token's own project are listed.
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
    choices: [groundwork.provision.senlin_cluster]
  cloud:
    description: Name of an entry of C(clouds.yaml), or a cloud written out as a mapping, as the option C(cloud) of
      M(groundwork.provision.cluster).
    type: raw
  auth:
    description: How to get a token from Keystone v3, as the option C(auth) of M(groundwork.provision.cluster).
    type: dict
  auth_type:
    description: Kind of that authentication. If not set, the kind that its secret belongs to.
    type: str
  region_name:
    description: Region whose clustering service is meant.
    type: str
  interface:
    description: Which of the endpoints in the catalog is used.
    type: str
    choices: [public, internal, admin]
  endpoint_override:
    description: Address of the clustering service, in place of the one in the catalog.
    type: str
  validate_certs:
    description: Whether certificates are verified. If nothing says otherwise, they are.
    type: bool
  ca_path:
    description: File of PEM certificates that sign those of Keystone and of the clustering service.
    type: path
    aliases: [ca_cert]
  use_proxy:
    description: Whether the proxy variables of the environment are followed.
    type: bool
    default: true
  timeout:
    description: Seconds that one request and its whole answer may take.
    type: float
    default: 90.0
  clusters:
    description: Names of the clusters whose nodes become hosts. If not set, all. A warning names those that are not there, with a
      cache too.
    type: list
    elements: str
    default: []
  active_only:
    description: Whether only nodes in the status ACTIVE become hosts.
    type: bool
    default: true
  addresses:
    description: Whether the server of each node is asked for its addresses, one request a node.
    type: bool
    default: true
  network:
    description: Name of the network whose address is taken. If not set, the first in the order of the alphabet, IPv4 first. There is a
      warning when no node has an address in it.
    type: str
requirements:
  - requests >= 2.32.4
  - keystoneauth1 >= 5.6
  - openstacksdk >= 4.0
seealso:
  - module: groundwork.provision.cluster_node_info
"""

EXAMPLES = r"""
# web.senlin_cluster.yml
plugin: groundwork.provision.senlin_cluster
cloud: production
clusters: [web]
network: private
keyed_groups:
  - key: senlin_profile
    prefix: profile

# Of two clouds, one file for each, with a group for the nodes of this one: `hosts: oslo:&senlin_role_web`
# plugin: groundwork.provision.senlin_cluster
# cloud: oslo
# groups:
#   oslo: true
"""

import collections
import typing as t

from ansible.errors import AnsibleParserError

from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure, MissingLibrary, named
from ansible_collections.groundwork.provision.plugins.module_utils._options import OPENSTACK_AUTH
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._secret_names import secrets
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor, safe
from ansible_collections.groundwork.provision.plugins.module_utils.openstack import api, cluster_list, settings
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import as_host_name, is_elsewhere, may_be_host, shown, unique
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_source import Row, ServerInventory


class InventoryModule(ServerInventory):
    """See DOCUMENTATION."""

    NAME = "groundwork.provision.senlin_cluster"
    endings = ("senlin_cluster",)
    connection = (
        "cloud", "auth", "auth_type", "region_name", "interface", "endpoint_override", "validate_certs", "ca_path", "use_proxy", "timeout",
    )  # fmt: skip
    secrets = ("auth", "cloud")
    selection = ("clusters", "active_only", "addresses")
    nested: t.ClassVar[t.Mapping[str, t.Any]] = {"auth": OPENSTACK_AUTH}

    def connect(self, run: Run) -> api.Clustering:
        try:
            return api.connect(run, minor=api.NEWEST)
        except MissingLibrary as missing:
            raise AnsibleParserError(f"The inventory plugin {self.NAME} needs the Python library {missing.library}.") from None

    def found_elsewhere(self) -> t.Any:
        """The cloud as clouds.yaml and the environment tell it."""
        try:
            found = settings.read({name: self.get_option(name) for name in self.connection})
        except (Failure, MissingLibrary):
            return None  # told when the servers are to be read
        return {**vars(found), "plugin": None}

    def fetch(self, client: t.Any, run: Run) -> list[Row]:
        """Each node as ``{"name", "id", "cluster", "role", "addresses", "vars"}``."""
        names, found = self.get_option("clusters"), cluster_list.search(client)
        missing = cluster_list.missing(names, found)
        if missing:
            self.note(f"there is no cluster {named(missing, 200)} in this project (option clusters).")
        wanted = [one for one in found if not names or one["name"] in names]
        return cluster_list.hosts(
            client, wanted, active_only=self.get_option("active_only"), addresses=self.get_option("addresses")
        )

    def of_use(self, row: Row) -> bool:
        return row.keys() >= {"name", "id", "cluster", "role", "addresses", "vars"} and isinstance(row["vars"], dict)

    def fill(self, rows: list[Row]) -> None:
        usable = []
        for row in rows:
            name = row["name"] if may_be_host(row["name"]) else as_host_name(str(row["name"]))
            if may_be_host(name):
                usable.append((name, row))
            else:
                self.leave_out("the node", row["name"])
        names = unique([name for name, _row in usable], [str(row["id"]) for _name, row in usable])
        adder = Adder(self.inventory)
        groups = self._cluster_groups([row for _name, row in usable])
        self._look_at_network(rows)
        for free, (_name, row) in zip(names, usable, strict=True):
            name = self.free_name(free, "senlin_node_id", str(row["id"]))
            # What a cache keeps is as it came; a host has copies, fit to be shown.
            variables = safe(row["vars"])
            address = self._address(row)
            if address:
                variables["ansible_host"] = address
            host = adder.add(name, variables)
            if row["cluster"]:
                self.inventory.groups[groups[row["vars"]["senlin_cluster_id"]]].add_host(host)
            if row["role"]:
                group = self.inventory.add_group(self._sanitize_group_name(f"senlin_role_{safe(row['role'])}"))
                self.inventory.groups[group].add_host(host)
            self.constructed(host)

    def _cluster_groups(self, rows: list[Row]) -> dict[str, str]:
        """The group of each cluster, by the id of the cluster."""
        names = {row["vars"]["senlin_cluster_id"]: f"senlin_cluster_{safe(row['cluster'])}" for row in rows if row["cluster"]}
        plain = collections.Counter(map(self._sanitize_group_name, names.values()))
        return {ident: self.free_group(name, str(ident), plain[self._sanitize_group_name(name)] > 1) for ident, name in names.items()}

    def _look_at_network(self, rows: list[Row]) -> None:
        """Tell of a network that no node has. Of nodes without an address nothing is known."""
        network = self.get_option("network")
        there = sorted({name for row in rows for name in row["addresses"]})
        if network and not self.get_option("addresses"):
            self.note("no address is read, so that the option network has no effect (option addresses).")
        elif network and there and network not in there:
            names = named([shown(name) for name in there], 200)
            self.note(f"no node has an address in the network {shown(network)} (option network); there are: {names}.")

    def _address(self, row: Row) -> str:
        """The first address of the wanted network that leads to another machine."""
        network = self.get_option("network")
        for name in [network] if network else sorted(row["addresses"]):
            for address in row["addresses"].get(name, ()):
                if is_elsewhere(address):
                    return str(address)
                self.leave_out(f"the address of {row['name']}", address)
        return ""

    def _without_secrets(self, text: str) -> str:
        redactor = Redactor()
        redactor.add(*secrets([self.get_option(name) for name in self.secrets]))
        return redactor.text(text)
