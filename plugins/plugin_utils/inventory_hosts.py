# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put many hosts into an inventory, with variables that a server told."""

from __future__ import annotations

import contextlib
import gc
import typing as t

from ansible import constants, template
from ansible.inventory.data import InventoryData
from ansible.inventory.host import Host
from ansible.utils import unsafe_proxy
from ansible.utils.path import basedir

# ansible-core 2.18 evaluates every text that is not marked as unsafe; later ones only what is marked as trusted.
MARKS_TRUST = hasattr(template, "trust_as_template")


def as_data(value: t.Any) -> t.Any:
    """A value that came from a server and is never evaluated as a template."""
    return value if MARKS_TRUST else unsafe_proxy.wrap_var(value)


@contextlib.contextmanager
def collector_paused() -> t.Iterator[None]:
    """For the making of some hundred thousand small objects that all stay: the garbage collector leaves them alone.

    Not while they are made, nor afterwards, when it would look through all of them again and again, and in each worker that
    Ansible forks, too, where a look is a copy of the memory. Those of an earlier inventory are given back to it first.
    """
    running = gc.isenabled()
    gc.unfreeze()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if running:
            gc.enable()


class Adder:
    """Adds hosts to ``inventory`` as its add_host() and set_variable() would, without what these repeat for every host.

    They look at the inventory file's path on the disk and check the name of each variable again. A host that is there
    already, localhost, which Ansible treats specially, and a host without a name, which it refuses, take the long way.
    """

    def __init__(self, inventory: InventoryData) -> None:
        self.inventory = inventory
        source = inventory.current_source
        self._origin = {"inventory_file": source, "inventory_dir": basedir(source) if source else None}

    def add(self, name: str, variables: dict[str, t.Any]) -> Host:
        """The host called ``name``, plain text. variables: a dict made for this host; it is kept."""
        inventory = self.inventory
        if not name or name in inventory.hosts or name in constants.LOCALHOST:
            host = inventory.hosts[inventory.add_host(name)]
            for key, value in as_data(variables).items():
                host.set_variable(key, value)
            return host
        host = inventory.hosts[name] = Host(name)
        host.vars = as_data(variables)
        host.vars.update(self._origin)
        return host
