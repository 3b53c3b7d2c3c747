# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role acquire_servers in a play of several hosts: what each asks for is in the inventory afterwards, under every strategy."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[3] / "roles"
USE = {"name": "Use the role", "ansible.builtin.include_role": {"name": "groundwork.provision.acquire_servers"}}
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
TOLD = {"msg": "GOT {{ inventory_hostname }} {{ acquire_servers_properties.Datacenter }}"}
SHOW = {"hosts": "acquired", "gather_facts": False, "tasks": [{"name": "Show", "ansible.builtin.debug": TOLD}]}


def kinds(datacenter):
    return [{"properties": {"Datacenter": datacenter, "Size": "m"}, "count": 2}]


def play(harness, hosts, *arguments, **keywords):
    """A play over ``hosts``, by what each asks for, and one over what came."""
    inventory, book = harness.folder / "hosts.yml", harness.folder / "book.yml"
    asked = {host: {"acquire_servers_wanted": wanted} for host, wanted in hosts.items()}
    everything = {"all": {"hosts": asked, "vars": {"acquire_servers_poll_interval": 0.1, **HERE}}}
    inventory.write_text(yaml.safe_dump(everything), encoding="utf-8")
    book.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [USE], **keywords}, SHOW]), encoding="utf-8")
    return harness.playbook("-i", str(inventory), str(book), *arguments)


def got(played):
    """The hosts of the second play, by what it shows."""
    return sorted(re.findall(r"GOT ([a-z0-9-]+)\.example\.net (?:oslo|bergen)", played.output))


@pytest.mark.parametrize("strategy", ["linear", "free", "host_pinned"])
def test_all_servers_of_all_hosts_are_hosts_of_the_next_play(sim, harness, strategy):
    played = play(harness, {"h1": kinds("oslo"), "h2": kinds("bergen"), "h3": kinds("oslo")}, strategy=strategy)
    assert played.rc == 0, played.output
    assert got(played) == ["bergen-m1", "bergen-m2", "oslo-m1", "oslo-m2"]
    orders = [entry for entry in sim.log(system="ops_manager", changing=True) if entry["path"].endswith("/serverPool/requests")]
    assert len(orders) == 2  # what the group holds counts for whoever asks for the same


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_servers_of_an_earlier_run_are_added_in_check_mode_too(sim, harness, strategy):
    hosts = {"h1": kinds("oslo"), "h2": kinds("bergen")}
    assert play(harness, hosts, strategy=strategy).rc == 0
    played = play(harness, hosts, "--check", strategy=strategy)
    assert (played.rc, played.recap["changed"]) == (0, 0), played.output
    assert got(played) == ["bergen-m1", "bergen-m2", "oslo-m1", "oslo-m2"]


def test_no_role_has_a_task_for_the_first_host_of_a_play_only():
    """With another strategy than linear these end the run, or warn; with linear the other hosts are left out. The one that is to end the
    play for all hosts of a wave is asked for with linear only."""
    files = sorted(ROLES.rglob("tasks/*.yml"))
    assert len(files) > 10
    words = re.compile(r"^ *(- )?(ansible\.builtin\.)?(add_host|pause|run_once|meta):", re.M)
    texts = {str(file): file.read_text(encoding="utf-8").replace('run_once: "{{ update_firmware_wave.ends }}"', "") for file in files}
    assert [file for file, text in texts.items() if words.search(text)] == []
