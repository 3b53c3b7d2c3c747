# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls to the simulated XClarity, for its tests: a requests session that ignores the environment."""

from __future__ import annotations

from typing import Any

import requests

from simulator.client import Control

CHASSIS = "1B54B9AEFCE04D5E820C0B6310D03590"
RACK = "0A10000000000000000000000000000A"
OTHER_RACK = "0A10000000000000000000000000000B"
FLEX = "0A10000000000000000000000000000F"
BAY = f"{CHASSIS}_bay3"
EMPTY_BAY = f"{CHASSIS}_bay9"
BACKUP = "4edf27ff-08d1-49b5-b7f3-7e8edc4fd278"
IMAGE = "win2016|win2016-x86_64-install-corp_gold"
PREDEFINED = "win2016|win2016-x86_64-install-Standard_core"

ESTATE: dict[str, Any] = {
    "users": {"admin": {"password": "pw-admin"}, "viewer": {"password": "pw-viewer", "role": "reader"}},
    "chassis": [{"uuid": CHASSIS, "name": "chassis-1"}],
    "nodes": [
        {"uuid": RACK, "name": "web-01"}, {"uuid": OTHER_RACK, "name": "web-02"},
        {"uuid": FLEX, "name": "app-01", "chassis": CHASSIS, "bay": 3},
    ],
    "profiles": [{"id": "71", "name": "web-01"}, {"id": "72", "name": "web-02"}, {"id": "75", "name": "app-01"}],
    "shares": ["/mnt/backups", "/mnt/archive"],
    "backups": [{"uuid": BACKUP, "label": "nightly", "passphrase": "secret", "size": 1000}],
    "os_images": [{"id": "win2016", "profiles": [{"id": IMAGE}, {"id": PREDEFINED, "customized": False}]}],
    "remote_file_servers": [{"serverId": "101", "displayName": "images", "address": "192.0.2.80"}],
}


class Calls:
    """HTTP calls with Basic by default; `log_in()` changes to a session with its CSRF token."""

    def __init__(self, control: Control, system: str = "xclarity", user: str = "admin") -> None:
        self.url = control.ready[system]
        self.http = requests.Session()
        # Without this, variables such as REQUESTS_CA_BUNDLE would replace the authority given here.
        self.http.trust_env = False
        self.http.verify = control.ready["ca"]
        self.http.auth = (user, f"pw-{user}")

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.http.request(method, self.url + path, json=body, timeout=20, **options)

    def log_in(self, user: str = "admin", password: str | None = None) -> requests.Response:
        self.http.auth = None
        reply = self("POST", "/sessions", {"UserId": user, "password": password or f"pw-{user}"})
        if reply.status_code == 200:
            self.http.headers["X-Csrf-Token"] = reply.json()["response"]["session"]["csrf"]
        return reply

    def task(self, job: str) -> dict[str, Any]:
        """The one task of this id."""
        tasks = self("GET", f"/tasks/{job}").json()
        assert len(tasks) == 1
        task: dict[str, Any] = tasks[0]
        return task
