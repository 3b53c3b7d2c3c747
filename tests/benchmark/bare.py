# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a careful person would write with ``requests`` alone: log in, list, activate N profiles, wait, list, log out.

The same requests and the same concurrency as one task of profile_activation, without a plan, a lock, deadlines, diff,
checks, or a result for each item. Usage: bare.py URL CA FILE CONCURRENCY POLL, where FILE is a JSON list of
{"profile": name, "uuid": server}.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

PASSWORD = "Passw0rd-demo"
BATCH = 200


def session(ca: str) -> requests.Session:
    one = requests.Session()
    one.trust_env = False
    one.verify = ca
    return one


def activate(url: str, ca: str, wanted: list[dict[str, str]], concurrency: int, poll: float) -> None:
    """Raises when a profile does not become active."""
    main = session(ca)
    reply = main.post(f"{url}/sessions", json={"UserId": "AUTOMATION", "password": PASSWORD}, timeout=30)
    reply.raise_for_status()
    csrf = {"X-Csrf-Token": main.cookies["csrf"]}
    cookies = main.cookies.get_dict()
    ids = {one["profileName"]: one["id"] for one in main.get(f"{url}/profiles", timeout=30).json()["items"]}
    local = threading.local()

    def one(item: dict[str, str]) -> str:
        if not hasattr(local, "session"):
            local.session = session(ca)
            local.session.headers.update(csrf)
            local.session.cookies.update(cookies)
        body = {"restart": "immediate", "uuid": item["uuid"]}
        answer = local.session.post(f"{url}/profiles/{ids[item['profile']]}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()["items"][0]["jobRecordId"]

    with ThreadPoolExecutor(concurrency) as pool:
        jobs = list(pool.map(one, wanted))
    while jobs:
        left = []
        for begin in range(0, len(jobs), BATCH):
            entries = main.get(f"{url}/tasks/{','.join(jobs[begin : begin + BATCH])}", timeout=30).json()
            left += [entry["jobUID"] for entry in entries if entry["status"] != "Complete"]
        jobs = left
        if jobs:
            time.sleep(poll)
    states = {one["profileName"]: one["profileStatus"] for one in main.get(f"{url}/profiles", timeout=30).json()["items"]}
    assert all(states[item["profile"]] == "ACTIVE" for item in wanted)
    main.delete(f"{url}/sessions", headers=csrf, timeout=30)


if __name__ == "__main__":
    with open(sys.argv[3], encoding="utf-8") as file:
        activate(sys.argv[1], sys.argv[2], json.load(file), int(sys.argv[4]), float(sys.argv[5]))
