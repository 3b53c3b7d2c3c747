# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the server pool share: their pool (two sites, two sizes, one group), and questions to the simulator."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import requests
from harness import OPS_MANAGER_PRIVATE_KEY, Harness, Result

from simulator.client import Control

GROUP = "5a9d0a0a1d41c81a2b3c4d01"
OTHER = "5a9d0a0a1d41c81a2b3c4d02"
OSLO = {"Datacenter": "oslo", "Size": "m"}
ROME = {"Datacenter": "rome", "Size": "m"}
LARGE = {"Datacenter": "oslo", "Size": "l"}
SEED = {
    "groups": [{"id": GROUP, "name": "payments"}, {"id": OTHER, "name": "billing"}],
    "keys": [
        {"public_key": "automation", "private_key": OPS_MANAGER_PRIVATE_KEY, "group_roles": {"payments": ["GROUP_AUTOMATION_ADMIN"]}},
        {"public_key": "reader", "private_key": "r3ader-key", "group_roles": {"payments": ["GROUP_READ_ONLY"]}},
        {"public_key": "stranger", "private_key": "str4nger-key", "group_roles": {"billing": ["GROUP_OWNER"]}},
        {"public_key": "owner", "private_key": "0wner-key", "global_roles": ["GLOBAL_OWNER"]},
    ],
    "servers": [
        {"hostname": "oslo{n}.example", "properties": {**OSLO, "Rack": "r1"}, "count": 4},
        {"hostname": "rome{n}.example", "properties": {**ROME, "Rack": "r2"}, "count": 4},
        {"hostname": "large{n}.example", "properties": {**LARGE, "Rack": "r3"}, "count": 2},
    ],
    "properties": [
        {"id": "Datacenter", "description": "Site", "multiSelect": True, "values": [{"value": "bonn", "statusName": "UNAVAILABLE"}]},
        {"id": "Size", "description": "CPU and memory"},
        {"id": "Rack", "statusName": "UNAVAILABLE"},
    ],
}


class Pool:
    """The simulator and the harness, with the questions that these tests ask of them."""

    def __init__(self, control: Control, harness: Harness) -> None:
        self.control, self.harness = control, harness
        self.since = 0

    def run(self, name: str, /, **params: Any) -> Result:
        check, diff = params.pop("check", False), params.pop("diff", True)
        return self.harness.run_module(name, params, check=check, diff=diff)

    def ask(self, **params: Any) -> Result:
        return self.run("server_pool_request", **params)

    def mark(self) -> None:
        """Look only at what comes from now on."""
        self.since = self.control.last()

    def log(self, changing: bool | None = None) -> list[dict[str, Any]]:
        return self.control.log(self.since, "ops_manager", changing)

    def arrivals(self, method: str = "POST") -> list[dict[str, Any]]:
        """Requests of this method that got past the digest layer."""
        return [entry for entry in self.log() if entry["method"] == method and entry["user"]]

    def challenges(self) -> int:
        return int(self.state()["counts"]["challenges"])

    def state(self) -> dict[str, Any]:
        return self.control.state("ops_manager")

    def requests(self) -> list[dict[str, Any]]:
        return self.state()["requests"]

    def bound(self) -> set[str]:
        return {server["hostname"] for server in self.state()["servers"] if server["statusName"] == "BOUND"}

    def switch(self, **values: Any) -> None:
        self.control.switches("ops_manager", **values)

    def request(self, *documents: dict[str, str], **facts: Any) -> None:
        """A request that somebody else made."""
        self.control.seed(ops_manager={"requests": [{"group": "payments", "properties": list(documents), **facts}]})

    def cancel(self, ident: str) -> None:
        """Somebody else cancels a request."""
        self._delete(f"requests/{ident}")

    def terminate(self, ident: str) -> None:
        """Somebody else gives a server back."""
        self._delete(f"servers/{ident}")

    def _delete(self, path: str) -> None:
        url = f"{self.control.ready['ops_manager']}/api/public/v1.0/groups/{GROUP}/serverPool/{path}"
        auth = requests.auth.HTTPDigestAuth("automation", OPS_MANAGER_PRIVATE_KEY)
        requests.delete(url, auth=auth, verify=self.control.ready["ca"], timeout=10).raise_for_status()

    @contextlib.contextmanager
    def meanwhile(self, when: Callable[[], bool], act: Callable[[], None]) -> Iterator[None]:
        """Do something as soon as a condition holds, while the module runs."""
        stop = threading.Event()
        done: list[bool] = []

        def watch() -> None:
            while not stop.is_set():
                if when():
                    act()
                    done.append(True)
                    return
                time.sleep(0.01)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        assert done, "what should happen meanwhile did not"
