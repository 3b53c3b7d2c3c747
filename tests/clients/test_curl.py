# Copyright (c) 2026, groundwork.provision contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl --digest (libcurl's digest) and curl with cookies against the simulated servers."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from harness import OPS_MANAGER_PRIVATE_KEY, XCLARITY_PASSWORD

from simulator.client import Control

SERVER = {"Datacenter": "oslo", "Size": "m"}


@pytest.fixture
def curl(sim: Control, tmp_path: Any) -> Any:
    """curl(*arguments): (status, body) of the last answer."""
    program = shutil.which("curl")
    assert program, "curl is not installed (Debian and Ubuntu: apt-get install curl)"

    def curl(*arguments: str) -> tuple[int, str]:
        command = [program, "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--cacert", sim.ready["ca"]]
        done = subprocess.run(
            [*command, "--write-out", "\n%{http_code}", *arguments], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        body, _newline, status = done.stdout.rpartition("\n")
        return int(status), body

    return curl


def test_digest(sim: Control, curl: Any) -> None:
    sim.clock(mode="manual")
    base = sim.ready["ops_manager"] + "/api/public/v1.0"
    user = ("--digest", "--user", f"automation:{OPS_MANAGER_PRIVATE_KEY}")
    status, body = curl(*user, f"{base}/groups/byName/payments")
    assert status == 200
    requests = f"{base}/groups/{json.loads(body)['id']}/serverPool/requests"
    status, body = curl(*user, "-H", "Content-Type: application/json", "--data", json.dumps({"properties": [SERVER]}), requests)
    assert status == 200
    made = json.loads(body)["id"]
    # An ampersand and a question mark are part of what is signed.
    status, body = curl(*user, f"{requests}?pageNum=1&itemsPerPage=5")
    assert [one["id"] for one in json.loads(body)["results"]] == [made]
    assert curl(*user, "--request", "DELETE", f"{requests}/{made}") == (200, "")
    assert sim.state("ops_manager")["counts"]["requests_created"] == 1
    status, _body = curl("--digest", "--user", "automation:wrong", requests)
    assert status == 401


def test_digest_with_sha256(sim: Control, curl: Any) -> None:
    sim.switches("ops_manager", digest_algorithm="SHA-256")
    status, _body = curl(
        "--digest", "--user", f"automation:{OPS_MANAGER_PRIVATE_KEY}", sim.ready["ops_manager"] + "/api/public/v1.0/groups"
    )
    assert status == 200


def test_the_session_of_the_pages_own_curl_example(sim: Control, curl: Any) -> None:
    url = sim.ready["xclarity"]
    login = json.dumps({"UserId": "AUTOMATION", "password": XCLARITY_PASSWORD})
    status, body = curl("--cookie-jar", "jar", "-H", "Content-Type: application/json", "--data", login, f"{url}/sessions")
    assert status == 200
    session = json.loads(body)["response"]["session"]
    status, body = curl("--cookie", "jar", f"{url}/profiles")
    assert status == 200
    assert len(json.loads(body)["items"]) == 6
    assert curl("--cookie", "jar", "-H", f"X-Csrf-Token: {session['csrf']}", "--request", "DELETE", f"{url}/sessions")[0] == 200


def test_basic(sim: Control, curl: Any) -> None:
    status, body = curl("--user", f"AUTOMATION:{XCLARITY_PASSWORD}", sim.ready["xclarity"] + "/nodes")
    assert (status, len(json.loads(body)["nodeList"])) == (200, 6)
