# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparisons beside activations: one small task, challenges, downloads, inventory, cluster profiles."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import measure
from lab import PASSWORD, Lab
from measure import Taken

PROFILE = "rhels9.4|rhels9.4-x86_64-install-web_gold"
GIB = 1024**3
LINK = 1_000_000_000 // 8  # bytes a second of a link of 1 Gbit/s, what a management network has
# Memory that was free for some seconds is given back by a virtual machine; getting it again costs more than the download.
# A pause lets every download begin with memory in the same state.
SETTLE = 5.0


class SmallTasks:
    """A loop of ``count`` tasks that read one profile: log in, list, log out."""

    def __init__(self, lab: Lab, count: int) -> None:
        self.lab, self.count = lab, count
        self.loop = "{{ range(" + str(count) + ") | list }}"

    def _run(self, module: str, arguments: dict[str, Any], **env: str) -> Taken:
        return self.lab.play([{module: arguments, "loop": self.loop}], **env)

    def start(self) -> Taken:
        return self.lab.play([])

    def ping(self) -> Taken:
        return self._run("ansible.builtin.ping", {})

    def in_process(self) -> Taken:
        return self._run("groundwork.provision.profile_info", {"profile": "web-01"})

    def module(self) -> Taken:
        return self._run("groundwork.provision.profile_info", {"profile": "web-01"}, GROUNDWORK_IN_PROCESS="0")


def challenges(lab: Lab) -> int:
    """The most 401 answers that any one task of Ops Manager got, over reads and a change that follows eight requests."""
    worst = 0
    tasks: list[dict[str, Any]] = [
        {"groundwork.provision.server_pool_info": {}},
        {
            "groundwork.provision.server_pool_request": {
                "properties": {"Datacenter": "oslo", "Size": "m"}, "count": 4, "poll_interval": 0.05,
            }
        },
        {"groundwork.provision.server_pool_request_info": {}},
        {
            "groundwork.provision.server_pool_server": {
                "hostnames": ["oslo-m1.example.net", "oslo-m2.example.net"], "state": "absent", "poll_interval": 0.05,
            }
        },
    ]  # fmt: skip
    lab.fresh(0)
    for task in tasks:
        since = lab.control.last()
        lab.play([task])
        entries = lab.control.log(since=since, system="ops_manager")
        if not any(entry["status"] == 200 for entry in entries):
            raise RuntimeError(f"{next(iter(task))} was not answered")
        # A 401 for a request that carried an answer to a challenge is another matter (a role that the key lacks).
        worst = max(worst, sum(entry["status"] == 401 and "authorization" not in entry["headers"] for entry in entries))
    return worst


def roomy(size: int, otherwise: Path) -> Path:
    """A folder in memory with room for ``size`` bytes, else ``otherwise``."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() and shutil.disk_usage(shared).free > size * 3 // 2 else otherwise


class Downloads:
    """One exported file of ``size`` bytes: by osimage_export, which also proves it, and by curl, both to the same place.

    In memory where there is room: osimage_export syncs the file to the disk and curl does not, which would measure the disk.
    """

    def __init__(self, lab: Lab, size: int, rate: int = 0) -> None:
        self.lab, self.size = lab, size
        self.where = roomy(size, lab.folder) / f"groundwork-bench-{os.getpid()}"
        self.where.mkdir(exist_ok=True)
        self.dest = self.where / "export.tar.gz"
        lab.fresh(0)
        lab.control.switches("xclarity", export_size=size, job_seconds=0.0, download_rate=rate)

    def _clear(self) -> None:
        for path in self.where.iterdir():
            path.unlink()
        time.sleep(SETTLE)

    def ours(self) -> Taken:
        self._clear()
        arguments = {"profile": PROFILE, "dest": str(self.dest), "poll_interval": 0.05, "force": True}
        return self.lab.play([{"groundwork.provision.osimage_export": arguments}])

    def curl(self) -> Taken:
        """Of the file that :meth:`ours` has exported, so that comes first."""
        exports = self.lab.control.state("xclarity")["os_images"]["exports"]
        self._clear()
        url = f"{self.lab.url}/osImages/{exports[-1]['filename']}"
        command = ["curl", "-sSf", "--cacert", self.lab.ca, "-u", f"AUTOMATION:{PASSWORD}", "-o", str(self.dest), url]
        taken = measure.run(command, self.lab.environment(), self.lab.folder)
        if self.dest.stat().st_size < self.size:
            raise RuntimeError("curl did not get the whole file")
        return taken

    def close(self) -> None:
        shutil.rmtree(self.where, ignore_errors=True)

    def start(self) -> Taken:
        return self.lab.play([])


# Fetch and parse the same list, by the same request.
PLAIN = """
import sys, requests
url, ca = sys.argv[1:3]
one = requests.Session()
one.trust_env = False
one.verify = ca
one.post(f"{url}/sessions", json={"UserId": "AUTOMATION", "password": sys.argv[3]}, timeout=30).raise_for_status()
rows = one.get(url + sys.argv[5], timeout=300).json()
one.delete(f"{url}/sessions", headers={"X-Csrf-Token": one.cookies["csrf"]}, timeout=30)
assert len(rows["nodeList"] if isinstance(rows, dict) else rows) >= int(sys.argv[4])
"""


# What Ansible itself takes for so many hosts, wherever they come from.
BARE_HOSTS = """
from ansible.plugins.inventory import BaseInventoryPlugin

DOCUMENTATION = "{name: bare_hosts, short_description: Names and nothing else, options: {}}"


class InventoryModule(BaseInventoryPlugin):
    NAME = "bare_hosts"

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path)
        with open(path, encoding="utf-8") as file:
            for name in file.read().split():
                inventory.add_host(name)
"""


class Inventories:
    """Ansible with ``count`` servers of the inventory plugin and nothing to do, against plain Python that reads the same JSON."""

    def __init__(self, lab: Lab, count: int) -> None:
        self.lab, self.count = lab, count
        lab.fresh(count)
        self.source = lab.folder / "lab.xclarity.yml"
        self.source.write_text("plugin: groundwork.provision.xclarity\n", encoding="utf-8")
        self.none = lab.folder / "none.yml"
        self.none.write_text("all: {}\n", encoding="utf-8")
        self.names = lab.folder / "names.txt"
        self.names.write_text("\n".join(f"many-{number:05d}" for number in range(1, count + 1)), encoding="utf-8")
        plugins = lab.folder / "inventory_plugins"
        plugins.mkdir(exist_ok=True)
        (plugins / "bare_hosts.py").write_text(BARE_HOSTS, encoding="utf-8")

    def plugin(self) -> Taken:
        return self.lab.play([], options=["--inventory", str(self.source)])

    def start(self) -> Taken:
        return self.lab.play([], options=["--inventory", str(self.none)])

    def bare_hosts(self) -> Taken:
        where = {"ANSIBLE_INVENTORY_PLUGINS": str(self.lab.folder / "inventory_plugins"), "ANSIBLE_INVENTORY_ENABLED": "bare_hosts"}
        return self.lab.play([], options=["--inventory", str(self.names)], **where)

    def plain(self) -> Taken:
        path = next(e["path"] for e in self.lab.control.log(system="xclarity") if e["path"].startswith("/nodes"))
        command = [sys.executable, "-c", PLAIN, self.lab.url, self.lab.ca, PASSWORD, str(self.count), path]
        return measure.run(command, self.lab.environment(), self.lab.folder)

    def plain_start(self) -> Taken:
        return measure.run([sys.executable, "-c", "pass"], self.lab.environment(), self.lab.folder)


# What a module has to load before it can begin; each way is a Python of its own.
MODULES = "ansible_collections.groundwork.provision.plugins.modules"
IMPORTS = {
    "plain_start": "pass",
    "basic": "import ansible.module_utils.basic",
    "basic_requests": "import ansible.module_utils.basic, requests",
    "keystoneauth": "import keystoneauth1.session, keystoneauth1.identity",
    "openstacksdk": "import openstack",
    "profile_info": f"import {MODULES}.profile_info",
    "server_pool_info": f"import {MODULES}.server_pool_info",
    "cluster_profile": f"import {MODULES}.cluster_profile",
}


def imports(lab: Lab) -> dict[str, Callable[[], Taken]]:
    """For each of :data:`IMPORTS`, a call that measures it."""
    environment = lab.environment(PYTHONPATH=str(lab.collections))
    return {
        name: functools.partial(measure.run, [sys.executable, "-c", text], environment, lab.folder) for name, text in IMPORTS.items()
    }


class ClusterProfiles:
    """``count`` new cluster profiles: a loop of openstack.cloud.resource (from PyPI's ansible), ours, and ours in one task."""

    SPEC = {
        "type": "os.nova.server", "version": "1.0",
        "properties": {"name": "node", "flavor": "m1.small", "networks": [{"network": "private"}]},
    }  # fmt: skip

    def __init__(self, lab: Lab, count: int, peer: Path) -> None:
        self.lab, self.count, self.peer = lab, count, peer
        self.names = [f"bench-{number}" for number in range(count)]

    def _fresh(self, task: dict[str, Any], **how: Any) -> Taken:
        self.lab.fresh(0)
        taken = self.lab.play([task], **how)
        made = [e for e in self.lab.control.log(system="clustering", changing=True) if e["method"] == "POST" and e["status"] in (200, 201)]
        if len(made) != self.count:
            raise RuntimeError(f"{len(made)} of {self.count} cluster profiles were made")
        return taken

    def start(self) -> Taken:
        return self.lab.play([])

    def peer_start(self) -> Taken:
        return self.lab.play([], **self._theirs())

    def resource(self) -> Taken:
        arguments = {"service": "clustering", "type": "profile", "attributes": {"name": "{{ item }}", "spec": self.SPEC}}
        return self._fresh({"openstack.cloud.resource": arguments, "loop": self.names}, **self._theirs())

    def ours(self) -> Taken:
        return self._fresh({"groundwork.provision.cluster_profile": {"name": "{{ item }}", "spec": self.SPEC}, "loop": self.names})

    def bulk(self) -> Taken:
        rows = [{"name": name, "spec": self.SPEC} for name in self.names]
        return self._fresh({"groundwork.provision.cluster_profile": {"profiles": rows}})

    def _theirs(self) -> dict[str, Any]:
        return {"program": str(self.peer / "bin" / "ansible-playbook"), "ANSIBLE_COLLECTIONS_PATH": str(self.lab.folder / "none")}


def peer(cache: Path) -> Path:
    """A virtual environment with PyPI's ansible, which holds openstack.cloud; made once."""
    venv = cache / "bench-ansible"
    stamp = venv / ".ready.json"
    # openstack.cloud reads openstack.version, which later releases do not load by themselves.
    wanted = ["ansible>=12,<13", "openstacksdk>=4.4,<4.6"]
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", *wanted], check=True)
        stamp.write_text(json.dumps(wanted), encoding="utf-8")
    return venv
