# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory plugins share: read the options, fetch or take from the cache, add the hosts, tell what was left out."""

from __future__ import annotations

import hashlib
import json
import typing as t
import weakref
from types import MappingProxyType

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.groundwork.provision.plugins.module_utils import _certificates, _floor, _wire
from ansible_collections.groundwork.provision.plugins.module_utils._client import Client
from ansible_collections.groundwork.provision.plugins.module_utils._errors import Failure
from ansible_collections.groundwork.provision.plugins.module_utils._options import Options
from ansible_collections.groundwork.provision.plugins.module_utils._run import Run
from ansible_collections.groundwork.provision.plugins.module_utils._text import Redactor, clean
from ansible_collections.groundwork.provision.plugins.module_utils._transport import Endpoint
from ansible_collections.groundwork.provision.plugins.plugin_utils import inventory_options
from ansible_collections.groundwork.provision.plugins.plugin_utils.ending import Ending
from ansible_collections.groundwork.provision.plugins.plugin_utils.host_names import beside, is_elsewhere, shown
from ansible_collections.groundwork.provision.plugins.plugin_utils.inventory_hosts import collector_paused

Row = dict[str, t.Any]

SHOWN = 5  # of what was left out, so many are named
ROUNDS = 100_000  # of the digest of a secret, so that a cache key is no way to guess it
_ADDRESSES = ("ansible_host", "ansible_ssh_host")
# Of each inventory, by the name of a group that a plugin makes for one thing: the id of that thing.
_GROUPS: weakref.WeakKeyDictionary[t.Any, dict[str, str]] = weakref.WeakKeyDictionary()
# Of each inventory, by the name of a host: which server told of it.
_ORIGINS: weakref.WeakKeyDictionary[t.Any, dict[str, str]] = weakref.WeakKeyDictionary()


class ServerInventory(BaseInventoryPlugin, Constructable, Cacheable):
    """A plugin says what its options are and does the four things below that raise NotImplementedError."""

    endings: tuple[str, ...]  # of the names of its files, without .yml
    connection: tuple[str, ...]  # the options of a run
    secrets: tuple[str, ...]  # those of them that are one
    selection: tuple[str, ...]  # the options that choose what is read
    exclusive: tuple[tuple[str, ...], ...] = ()  # options of which one is set, since they say the same thing
    nested: t.ClassVar[t.Mapping[str, Options]] = MappingProxyType({})  # the suboptions of those that are mappings

    def check(self) -> None:
        """Refuse what a plugin does not allow in its options, before anything is sent."""

    def connect(self, run: Run) -> Client:
        """A client, not yet logged in."""
        raise NotImplementedError

    def fetch(self, client: t.Any, run: Run) -> list[Row]:
        """The servers as plain data, as they are kept in the cache."""
        raise NotImplementedError

    def origin(self) -> str:
        """What tells this server from others of its kind, which may have given the same ids."""
        if "endpoint" not in self.connection:
            return ""
        try:
            return Endpoint.parse(self.get_option("endpoint")).place
        except Failure:  # the rows are of a cache, or there are none
            return str(self.get_option("endpoint"))

    def found_elsewhere(self) -> t.Any:
        """What chooses the server and is no option: settings that a library finds. Secrets may be among them."""
        return None

    def of_use(self, row: Row) -> bool:
        """Whether a row that the cache kept is what :meth:`fetch` would give now."""
        raise NotImplementedError

    def fill(self, rows: list[Row]) -> None:
        """Add the servers to the inventory."""
        raise NotImplementedError

    # -- Ansible's side -------------------------------------------------------------------------------------------

    def verify_file(self, path: str) -> bool:
        """Whether this looks like a file of ours."""
        return bool(super().verify_file(path)) and path.endswith(tuple(f"{one}.{kind}" for one in self.endings for kind in ("yml", "yaml")))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Read the file, then the servers (from the cache where that is on), then fill the inventory."""
        super().parse(inventory, loader, path, cache)
        self._options = inventory_options.read(self, inventory_options.load(self, path), exclusive=self.exclusive, nested=self.nested)
        self.check()
        self._left_out: list[str] = []
        self._renamed: list[str] = []
        self._regrouped: list[str] = []
        self._notes: list[str] = []
        self._composed = {self._sanitize_group_name(name) for name in self.get_option("groups") or ()}
        with collector_paused():
            rows = self._rows(path, cache)
            self._origins, self._origin = _ORIGINS.setdefault(inventory, {}), self.origin()
            self.fill(rows)
        for text in self._notes:
            self.display.warning(self._without_secrets(f"{self.NAME}: {text}"))
        if self._left_out:
            self.display.warning(self._without_secrets(self._told()))
        if self._renamed:
            self.display.warning(self._without_secrets(self._told_of_names()))
        if self._regrouped:
            told = "of the groups would be those of several clusters, so that the id is a part of their names"
            self.display.warning(self._without_secrets(f"{self.NAME}: {len(self._regrouped)} {told}: {_some(self._regrouped)}"))

    # -- reading --------------------------------------------------------------------------------------------------

    def _rows(self, path: str, cache: bool) -> list[Row]:
        if not self.get_option("cache"):
            return self._fetch()
        self.load_cache_plugin()
        key = self._cache_key(path)
        kept = self._cache.get(key) if cache else None
        rows, notes = (kept.get("rows"), kept.get("notes")) if isinstance(kept, dict) else (None, None)
        if (
            isinstance(rows, list) and all(isinstance(row, dict) and self.of_use(row) for row in rows)
            and isinstance(notes, list) and all(isinstance(text, str) for text in notes)
        ):  # fmt: skip
            self._notes += notes
            return rows
        rows = self._fetch()
        self._cache[key] = {"rows": rows, "notes": list(self._notes)}
        return rows

    def _cache_key(self, path: str) -> str:
        """Another one for each server, each user and password, and each choice of servers. None of them can be read from it."""
        asked = {name: self.get_option(name) for name in (*self.connection, *self.selection)}
        asked.pop("timeout", None)
        secret = json.dumps([*(asked.pop(name) for name in self.secrets), self.found_elsewhere()], sort_keys=True, default=str).encode()
        digest = hashlib.pbkdf2_hmac("sha256", secret, json.dumps(asked, sort_keys=True, default=str).encode(), ROUNDS)
        return f"{self.get_cache_key(path)}_{digest.hex()[:32]}"

    def _fetch(self) -> list[Row]:
        """One log-in, the reading, one log-out, whatever happens."""
        if _wire.requests is None:
            raise AnsibleParserError(f"The inventory plugin {self.NAME} needs the Python library requests.")
        found = _wire.requests_is_too_old()
        if found:
            raise AnsibleParserError(_floor.too_old("requests", found, _wire.REQUESTS_FLOOR))
        run = None
        try:
            run = Run({name: self.get_option(name) for name in self.connection})
            _certificates.warn_of_options(run)
            client = self.connect(run)
            with Ending() as ending, ending.session(client):
                return self.fetch(client, run)
        except Failure as failure:
            text = failure.message()
            raise AnsibleParserError(self._without_secrets(text if run is None else run.redactor.text(text))) from None
        finally:
            for text in run.warnings if run is not None else ():
                self.display.warning(text)

    def _without_secrets(self, text: str) -> str:
        redactor = Redactor()
        redactor.add(*(self.get_option(name) for name in self.secrets))
        return redactor.text(text)

    # -- filling --------------------------------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Warn of this. What :meth:`fetch` notes is kept in the cache with its rows, and told again with them."""
        self._notes.append(clean(text, 400))

    def leave_out(self, what: str, value: t.Any) -> None:
        """Note that ``value``, which the server told, is no host name and no address. what: as which it was meant."""
        self._left_out.append(f"{what} {shown(value)}")

    def free_name(self, name: str, key: str, ident: str) -> str:
        """The name for the host of a server: ``name``, or that and ``ident`` where another source of this inventory has made a host
        of that name for another server, or a group has it: what Ansible sets for a host of that name it would set for the whole group.
        What :meth:`origin` is another of counts as another server: its profiles and requests are not those of this one.
        key: the variable that holds a server's identity."""

        def is_of_another(name: str) -> bool:
            if name in self.inventory.groups or name in self._composed:
                return True
            host = self.inventory.hosts.get(name)
            if host is None or key not in host.vars:
                return False
            return not ident or _alike(host.vars[key]) != _alike(ident) or self._origins.get(name, self._origin) != self._origin

        if not is_of_another(name):
            self._origins[name] = self._origin
            return name
        free = beside(name, ident, is_of_another)
        self._origins[free] = self._origin
        self._renamed.append(f"{shown(name)} is {shown(free, 120)}")
        return free

    def free_group(self, name: str, ident: str, several: bool) -> str:
        """The group for the one thing with this id: ``name``, or that and the id where ``several`` of the source, or one of an earlier
        source of this inventory, would have it. A group that the inventory has for other reasons is joined."""
        taken = _GROUPS.setdefault(self.inventory, {})
        free = self._sanitize_group_name(name)
        if several or taken.get(free, ident) != ident:
            free = self._sanitize_group_name(f"{name}_{ident}")
            if free not in taken:
                self._regrouped.append(shown(free, 120))
        taken[free] = ident
        return str(self.inventory.add_group(free))

    def _told(self) -> str:
        start = f"{self.NAME}: {len(self._left_out)} of the names and addresses that the server told cannot be used and are left out: "
        return start + _some(self._left_out)

    def _told_of_names(self) -> str:
        return (
            f"{self.NAME}: {len(self._renamed)} of the servers have the name of another server or of a group of this inventory, or were "
            "told of by another endpoint too, so that the id is a part of the host's name: "
            f"{_some(self._renamed)}"
        )

    def constructed(self, host: t.Any) -> None:
        """Ansible's compose, groups and keyed_groups for a host. An address that compose makes of a server's texts has to be one, and
        not this machine's own."""
        strict = self.get_option("strict")
        compose, groups, keyed = (self.get_option(name) for name in ("compose", "groups", "keyed_groups"))
        if compose:
            self._set_composite_vars(compose, host.vars, host.name, strict=strict)
            for name in _ADDRESSES:
                if name in compose and name in host.vars and not is_elsewhere(host.vars[name]):
                    self.leave_out(f"{name} of {host.name}", host.vars.pop(name))
        if groups:
            self._add_host_to_composed_groups(groups, host.vars, host.name, strict=strict)
        if keyed:
            self._add_host_to_keyed_groups(keyed, host.vars, host.name, strict=strict)


def _some(told: list[str]) -> str:
    return "; ".join(told[:SHOWN]) + (f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else "")


def _alike(ident: t.Any) -> str:
    """An id as it is compared: a UUID may be written with hyphens, or in small letters."""
    return str(ident).replace("-", "").upper()
