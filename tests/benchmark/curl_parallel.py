# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor that C sets: the requests of one task of profile_activation, sent by ``curl --parallel`` with the same concurrency.

Usage: curl_parallel.py URL CA FILE CONCURRENCY POLL; FILE is a JSON list of {"profile": name, "uuid": server}.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PASSWORD = "Passw0rd-demo"
BATCH = 200


def main(url: str, ca: str, wanted: list[dict[str, str]], concurrency: int, poll: float) -> None:
    """Raises when a profile does not become active."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        base = ["curl", "--silent", "--show-error", "--fail", "--cacert", ca]

        def curl(*arguments: str) -> bytes:
            return subprocess.run([*base, *arguments], check=True, stdout=subprocess.PIPE).stdout

        login = json.dumps({"UserId": "AUTOMATION", "password": PASSWORD})
        session = json.loads(curl(f"{url}/sessions", "--json", login))["response"]["session"]
        headers = ["--header", f"X-Csrf-Token: {session['csrf']}", "--cookie", f"JSESSIONID={session['id']}; csrf={session['csrf']}"]
        ids = {one["profileName"]: one["id"] for one in json.loads(curl(f"{url}/profiles", *headers))["items"]}
        # What stands between two "next" is of one transfer only.
        common = [f"header = {json.dumps(one)}" for one in ("Content-Type: application/json", headers[1])]
        common += [f'cookie = "{headers[3]}"', f'cacert = "{ca}"', "fail", "silent"]
        transfers = []
        for number, item in enumerate(wanted):
            body = json.dumps(json.dumps({"restart": "immediate", "uuid": item["uuid"]}))
            own = [f'url = "{url}/profiles/{ids[item["profile"]]}"', f"data = {body}", f'output = "{folder}/{number}"']
            transfers.append("\n".join([*own, *common]))
        config = folder / "config"
        config.write_text("\nnext\n".join(transfers), encoding="utf-8")
        subprocess.run(["curl", "--parallel", "--parallel-max", str(concurrency), "--config", str(config)], check=True)
        jobs = [json.loads((folder / str(number)).read_text())["items"][0]["jobRecordId"] for number in range(len(wanted))]
        while jobs:
            left = []
            for begin in range(0, len(jobs), BATCH):
                entries = json.loads(curl(f"{url}/tasks/{','.join(jobs[begin : begin + BATCH])}", *headers))
                left += [entry["jobUID"] for entry in entries if entry["status"] != "Complete"]
            jobs = left
            if jobs:
                time.sleep(poll)
        states = {one["profileName"]: one["profileStatus"] for one in json.loads(curl(f"{url}/profiles", *headers))["items"]}
        assert all(states[item["profile"]] == "ACTIVE" for item in wanted)
        curl(f"{url}/sessions", "--request", "DELETE", *headers)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text(encoding="utf-8")), int(sys.argv[4]), float(sys.argv[5]))
