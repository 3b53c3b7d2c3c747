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
  - Names and addresses that XClarity Administrator reports are those of the management controllers (BMC), not of operating systems.
    So C(ansible_host) is not set unless O(bmc_as_ansible_host) says so. The controller's address is the variable C(xclarity_bmc_address).
  - Each host has C(xclarity_endpoint), the O(endpoint) that it was read from, so that the hosts of several files go into the roles
    together, each to its own XClarity Administrator. User and password are not variables of a host.
  - The file must be named C(xclarity.yml) or end in C(.xclarity.yml) (or C(.yaml)).
  - Every server is in the group C(xclarity_servers), the hosts of the playbooks C(groundwork.provision.activate_profiles),
    C(groundwork.provision.update_firmware) and so on.
  - A host's name is a host name, as it is what Ansible connects to where nothing else is set. What has no place in one becomes C(_),
    so that C(Web Server 1) is the host C(Web_Server_1). The name as people see it is the variable C(xclarity_name).
  - The variables C(xclarity_hostname), C(xclarity_fqdn), C(xclarity_domain), C(xclarity_bmc_address), C(xclarity_ipv4_addresses) and
    C(xclarity_ipv6_addresses), and C(ansible_host), also where O(compose) makes it, hold host names and IP addresses and nothing
    else. What is none is left out, and so is a server without any usable name, with one warning that counts them and names some.
notes:
  - Where XClarity Administrator is down or does not take the password, Ansible only warns and goes on without its servers. Set
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED=true) to have it fail.
  - An option is read as strictly as a module's. An unknown option, or a value of another type, is refused before anything is sent.
  - A blank value (an empty text, or null) is not set, neither in the file nor in the environment.
  - Templates are evaluated in the text of the file only, with the variables of the command line (C(-e)). Values of the environment and
    values encrypted with Vault are taken letter for letter.
  - A cache (O(cache)) is kept for each endpoint, user, password and choice of servers. Another user or password does not find it.
  - Other variables, such as C(xclarity_name) or C(xclarity_product), are text that was typed into a server. Do not compose the
    arguments of a connection of them.
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
  max_sessions:
    description:
      - How many sessions at once XClarity Administrator allows its user, 0 for any number. The inventory takes its turn among the
        tasks of this machine.
    type: int
    default: 3
    env: [{name: XCLARITY_MAX_SESSIONS}]
  session_timeout:
    description: Seconds that the inventory waits for a session before it fails.
    type: float
    default: 3600
    env: [{name: XCLARITY_SESSION_TIMEOUT}]
  state_dir:
    description: Private directory for what the runs of this user on this machine have to know of each other. It holds no secrets.
    type: path
    default: ~/.ansible/groundwork
    env: [{name: GROUNDWORK_STATE_DIR}]
  validate_certs:
    description: Whether the server's certificate is verified. Nothing but V(false) (V(no), V(off), V(0)) turns it off, with a warning.
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
      - What a host is named after, the first of these that gives a usable name, else the UUID. Keys of the server as in
        M(groundwork.provision.node_info).
      - Names and addresses of this machine (C(localhost), 127.0.0.1, its host name, the addresses of its interfaces, and what its
        C(/etc/hosts) calls them) and of Ansible's own groups (C(all), C(ungrouped)) are not used.
      - Where two servers would get one name, both get C(_) and their UUID appended. Where an earlier source of the inventory, such as
        the file of another XClarity Administrator, has made a host of that name for another server, the later one gets it
        appended, with a warning. No variable of the first is changed. A server that two of them list (moved, and left behind in
        the list of the first) is another server here as well.
    type: list
    elements: str
    choices: [name, hostname, fqdn, serial_number, uuid, bmc_address]
    default: [name, uuid]
  vars_prefix:
    description: What the names of the variables begin with. It may be empty.
    type: str
    default: xclarity_
  profiles:
    description:
      - Whether to read the server profiles too, one request more, for the role P(groundwork.provision.activate_profiles#role).
      - Each host then has C(xclarity_target), where a profile is activated for it (its UUID, or C(<chassis uuid>_bay<n>) in a Flex
        chassis), and of the profile that is assigned to it C(xclarity_profile) (the id), C(xclarity_profile_name),
        C(xclarity_profile_status) (as in M(groundwork.provision.profile_info)) and C(xclarity_profile_compliance).
      - Where it has none they are empty, and C(xclarity_profile) is not there, so that a group of the inventory can name one. The role
        skips a host without, and says so.
    type: bool
    default: false
  profiles_by_name:
    description:
      - Whether a server without a profile gets the inactive profile that has its name, so that the role activates it there. A name
        that several servers or several inactive profiles have counts for none, and is warned of.
      - Includes O(profiles=true).
    type: bool
    default: false
  firmware:
    description:
      - Whether each host has C(xclarity_firmware), the firmware that runs on it, with C(name), C(version) and C(build) by its type
        such as C(UEFI). No request more, but a longer answer.
    type: bool
    default: false
  devices:
    description:
      - Which other devices are hosts too. Each kind is a request more. They are in the group C(xclarity_devices) and not in
        C(xclarity_servers), the hosts of the playbooks.
      - Each host then has C(xclarity_kind), V(server), V(chassis), V(switch) or V(storage), and a device has the variables of a server as
        far as it reports them. A storage node of a chassis is a server already and not a second host.
      - O(status) and O(bmc_type) are about servers only.
    type: list
    elements: str
    choices: [chassis, switches, storage]
    default: []
  compliance:
    description:
      - Whether each server has C(xclarity_firmware_policy), C(xclarity_firmware_compliant) (null where it is not reported) and
        C(xclarity_firmware_outdated), the names of its components that do not comply. One request more.
    type: bool
    default: false
  alerts:
    description:
      - Whether each host has C(xclarity_alert), the worst alert that is active for it as the server reports it, empty where it has none.
        One request more.
    type: bool
    default: false
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

# For `ansible-playbook -i servers.xclarity.yml groundwork.provision.activate_profiles -e xclarity_restart=defer`: servers with the
# profiles that they have, and new ones with the inactive profile of their name
# plugin: groundwork.provision.xclarity
# profiles_by_name: true

# Of two XClarity Administrators, one file for each: `ansible-playbook -i oslo.xclarity.yml -i rome.xclarity.yml ...`. Each host is
# worked on at the one that it was read from. Where users and passwords differ, group_vars/oslo.yml has xclarity_username and
# xclarity_password for the hosts of this file
# plugin: groundwork.provision.xclarity
# endpoint: https://xclarity.oslo.example.com
# profiles: true
# groups:
#   oslo: true
"""

import operator
import typing as t

from ansible.errors import AnsibleParserError

from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import safe
from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import api, nodes
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import (
    are_elsewhere,
    is_elsewhere,
    name_all,
    shown,
)
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import Adder
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_source import SHOWN, Row, ServerInventory

PLACES = ("hostname", "fqdn", "domain", "bmc_address")  # names and addresses by their nature
LISTS = ("ipv4_addresses", "ipv6_addresses")
GROUP = "xclarity_servers"  # whose hosts the playbooks work on
DEVICES = "xclarity_devices"
# Ansible compiles every file of a collection anew at each start. So what only an option needs is imported where it is used.


class InventoryModule(ServerInventory):
    """Read, name, fill in; groups and composed variables are Ansible's own."""

    NAME = "groundwork.provision.xclarity"
    endings = ("xclarity",)
    connection = (
        "endpoint", "username", "password", "auth_method", "validate_certs", "ca_path", "use_proxy", "timeout", "max_sessions",
        "session_timeout", "state_dir",
    )  # fmt: skip
    secrets = ("password",)
    selection = ("status", "bmc_type", "profiles", "profiles_by_name", "firmware", "devices", "compliance", "alerts")

    def check(self) -> None:
        prefix = self.get_option("vars_prefix")
        if prefix and not prefix.isidentifier():
            raise AnsibleParserError("vars_prefix has to be the beginning of a variable's name (letters, digits, _).")

    def connect(self, run: Run) -> Client:
        return api.connect(run)

    def fetch(self, client: t.Any, run: Run) -> list[Row]:
        """One list, or two; each server as :func:`nodes.parse` has it, and what the options add."""
        status, with_firmware = self.get_option("status"), self.get_option("firmware")
        entries = nodes.read_raw(
            client,
            status=None if status == "all" else status,
            processor=self.get_option("bmc_type"),
            attributes=nodes.ATTRIBUTES + (",firmware" if with_firmware else ""),
        )
        # Control characters and broken Unicode are rare: one look at each server is cheaper than a copy of all.
        prefix = self.get_option("vars_prefix")
        texts = operator.itemgetter(*nodes.text_keys(prefix), *(prefix + key for key in ("bmc_address", "location", "room", "rack")))
        found = [nodes.parse(entry, prefix) for entry in entries]
        found = [node if "".join(texts(node)).isprintable() else safe(node) for node in found]
        if with_firmware:
            for node, entry in zip(found, entries, strict=True):
                node[prefix + "firmware"] = safe(nodes.firmware(entry))
        by_name = self.get_option("profiles_by_name")
        if by_name or self.get_option("profiles"):
            from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import profiles, server_profiles

            names = [node[prefix + "name"] for node in found] if by_name else None
            told = server_profiles.ServerProfiles(profiles.read_all(client), names=names)
            if told.unclear:
                several = ", ".join(shown(name) for name in told.unclear[:SHOWN])
                self.note(f"no profile by a name that several servers or inactive profiles have: {several}")
            for node in found:
                node.update(safe(told.facts(node, prefix)))
        self._add_what_is_asked(client, found, prefix)
        return found

    def _add_what_is_asked(self, client: t.Any, found: list[Row], prefix: str) -> None:
        """Other devices, and variables that take a request of their own."""
        if self.get_option("compliance"):
            from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import firmware

            results = firmware.read_compliance(client)
            for node in found:
                now = results.get(node[prefix + "uuid"].replace("-", "").upper())
                node[prefix + "firmware_policy"] = safe(now.policy) if now else ""
                node[prefix + "firmware_compliant"] = now.compliant if now else None
                node[prefix + "firmware_outdated"] = safe([one.name for one in now.components if one.outdated]) if now else []
        kinds = self.get_option("devices")
        if kinds:
            for node in found:
                node[prefix + "kind"] = "server"
            self._add_devices(client, found, prefix, kinds)
        if self.get_option("alerts"):
            from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import events

            worst = {one["source"].replace("-", "").upper(): one["status"] for one in events.read_alerts(client) or []}
            for node in found:
                node[prefix + "alert"] = safe(worst.get(node[prefix + "uuid"].replace("-", "").upper(), ""))

    def _add_devices(self, client: t.Any, found: list[Row], prefix: str, names: t.Sequence[str]) -> None:
        from ansible_collections.groundwork.provision.plugins.module_utils.xclarity import devices

        kinds = {
            "chassis": (devices.CHASSIS, "chassis"), "switches": (devices.SWITCHES, "switch"), "storage": (devices.STORAGE, "storage"),
        }  # fmt: skip
        for name in names:
            kind, word = kinds[name]
            for entry in devices.read_raw(client, kind):
                told = devices.parse(kind, entry)
                if told.get("flex_node"):
                    continue
                row = nodes.parse(entry, prefix)
                row[prefix + "power"] = told.get("power", "unknown")
                found.append(safe({**row, prefix + "kind": word}))

    def of_use(self, row: Row) -> bool:
        return row.keys() >= nodes.parse({}, self.get_option("vars_prefix")).keys()

    def fill(self, rows: list[Row]) -> None:
        prefix = self.get_option("vars_prefix")
        direct = self.get_option("bmc_as_ansible_host")
        servers = self.inventory.groups[self.inventory.add_group(GROUP)]
        others = self.inventory.groups[self.inventory.add_group(DEVICES)] if self.get_option("devices") else servers
        adder, endpoint = Adder(self.inventory), self.get_option("endpoint").strip()
        checked = [self._checked(row, prefix) for row in rows]
        names = name_all(checked, [prefix + key for key in self.get_option("hostnames")], prefix + "uuid")
        for name, variables in zip(names, checked, strict=True):
            if not name:
                self.leave_out("the server", variables[prefix + "name"])
                continue
            variables[prefix + "endpoint"] = endpoint
            if direct and variables[prefix + "bmc_address"]:
                variables["ansible_host"] = variables[prefix + "bmc_address"]
            host = adder.add(self.free_name(name, prefix + "uuid", variables[prefix + "uuid"]), variables)
            (servers if variables.get(prefix + "kind", "server") == "server" else others).add_host(host)
            self.constructed(host)

    def _checked(self, row: Row, prefix: str) -> Row:
        """A copy for the host (a cache keeps the row as it is) without names and addresses that are none."""
        node = dict(row)
        if are_elsewhere([*(node[prefix + key] for key in PLACES), *(one for key in LISTS for one in node[prefix + key])]):
            return node
        for key in PLACES:
            value = node[prefix + key]
            if value and not is_elsewhere(value):
                self.leave_out(f"{key} of {node[prefix + 'uuid'][:36]}", value)
                node[prefix + key] = ""
        for key in LISTS:
            values = node[prefix + key]
            good = [one for one in values if is_elsewhere(one)]
            if len(good) != len(values):
                for one in values:
                    if one not in good:
                        self.leave_out(f"{key} of {node[prefix + 'uuid'][:36]}", one)
                node[prefix + key] = good
        return node
